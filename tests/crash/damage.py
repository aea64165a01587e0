"""Damage to a store's data file, as disks and lost writes make it."""
import os

PAGE = 4096


def damage(rng, raw, earlier):
    """
    Returns (what was done, damaged bytes). Meta pages (0 and 1) are hit too, but seldom. @earlier: the
    same file some commits before; a page of it in its old place is what a lost write leaves.
    """
    data = bytearray(raw)
    pages = len(data) // PAGE
    page = rng.randrange(2, pages) if rng.random() < 0.95 else rng.randrange(2)
    at, other = page * PAGE, rng.randrange(2, pages) * PAGE
    kind = rng.choice(("bit", "bit", "bit", "byte", "zero", "swap", "copy", "torn", "stale", "stale"))
    if kind == "bit":
        place = at + rng.randrange(PAGE)
        data[place] ^= 1 << rng.randrange(8)
    elif kind == "byte":
        data[at + rng.randrange(PAGE)] = rng.randrange(256)
    elif kind == "zero":
        data[at:at + PAGE] = bytes(PAGE)
    elif kind == "swap":
        data[at:at + PAGE], data[other:other + PAGE] = data[other:other + PAGE], data[at:at + PAGE]
    elif kind == "stale":
        data[at:at + PAGE] = earlier[at:at + PAGE] if page > 1 and at < len(earlier) else raw[at:at + PAGE]
    elif kind == "copy":
        data[at:at + PAGE] = data[other:other + PAGE]
    else:
        half = PAGE // 2
        data[at + half:at + PAGE] = data[other + half:other + PAGE]
    return f"{kind} in page {page}", bytes(data), bytes(data) != raw


def data_file(store):
    """The largest file of a store is its data."""
    paths = [os.path.join(base, name) for base, _, names in os.walk(store) for name in names]
    return max(paths, key=os.path.getsize)
