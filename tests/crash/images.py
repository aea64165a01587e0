"""
Turns a shim log into disk images of power cuts.

Data: everything that was synced is on disk; of what was written since, a random half of the chunks
(4 KiB, or 512 B: a torn page) has arrived. Names: what was made, moved, swapped or taken away happens in its
order, as in a file system's journal; all of it up to the last change in a directory is on disk when that
directory was synced, and any number of those that came after. Syncing a file says nothing about its name.
Truncations are taken as durable at once. A cut falls after any record of the log. Images are reproducible
from the seed.
"""
import os
import random
import struct

HEAD = struct.Struct("<IBBHQQ")
MAGIC = 0x43534831
DIRECTORY = "directory"


class Event:
    __slots__ = ("op", "mark", "name", "offset", "length", "data")

    def __init__(self, op, mark, name, offset, length, data):
        self.op, self.mark, self.name = op, mark, name
        self.offset, self.length, self.data = offset, length, data


def read_log(path):
    """All events; a record that is cut short at the end (the process was killed) is left out."""
    with open(path, "rb") as file:
        raw = file.read()
    events, at = [], 0
    while at + HEAD.size <= len(raw):
        magic, op, mark, name_length, offset, length = HEAD.unpack_from(raw, at)
        if magic != MAGIC:
            raise ValueError(f"{path}: not a shim log at byte {at}")
        at += HEAD.size
        name = raw[at:at + name_length].decode()
        at += name_length
        data = b""
        if chr(op) in "wdrx":
            data = raw[at:at + length]
            if len(data) < length:
                break
            at += length
        events.append(Event(chr(op), chr(mark) if mark else "", name, offset, length, data))
    return events


class File:
    """Bytes as they are on disk, and the writes that no sync has covered yet."""

    def __init__(self, image=b""):
        self.image = bytearray(image)
        self.pending = []

    def write(self, offset, data):
        write(self.image, offset, data)

    def sync(self):
        for offset, data in self.pending:
            self.write(offset, data)
        self.pending.clear()

    def truncate(self, size):
        if size < len(self.image):
            del self.image[size:]
        else:
            self.image.extend(bytes(size - len(self.image)))
        self.pending = [(o, d[:max(0, size - o)]) for o, d in self.pending if o < size]


def write(image, offset, data):
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset:offset + len(data)] = data


def rename(names, old, new):
    """As rename(2), of a file or of a directory with what is in it."""
    moved = [n for n in names if n == old or n.startswith(old + "/")]
    names.update({new + n[len(old):]: names.pop(n) for n in moved})


def change(names, what):
    op, name, other = what
    if op == "c":
        names[name] = other
    elif op == "u":
        names.pop(name, None)
    elif op == "r":
        rename(names, name, other)
    else:
        names[name], names[other] = names[other], names[name]


class Disk:
    """Which names lead to which files: as programs see it, and as it is on disk with what may follow."""

    def __init__(self, base=None):
        self.names, self.durable, self.changes = {}, {}, []
        for folder, folders, files in os.walk(base) if base else ():
            below = os.path.relpath(folder, base)
            for name in folders + [f for f in files if "lock" not in f]:
                path = os.path.normpath(os.path.join(below, name))
                with open(os.path.join(base, path), "rb") if name in files else open(os.devnull, "rb") as file:
                    self.names[path] = File(file.read()) if name in files else DIRECTORY
        self.durable.update(self.names)

    def change(self, op, name, other=None):
        self.changes.append((op, name, other))
        change(self.names, self.changes[-1])

    def sync_directory(self, directory):
        """What happened in it is on disk, and so is all that happened before that."""
        touched = [i for i, (op, name, other) in enumerate(self.changes)
                   if directory in [os.path.dirname(n) for n in ([name, other] if op in "rx" else [name])]]
        for what in self.changes[:touched[-1] + 1] if touched else ():
            change(self.durable, what)
        del self.changes[:touched[-1] + 1 if touched else 0]

    def apply(self, event):
        if event.name.endswith(" (deleted)"):
            return
        if event.op == "D":
            self.sync_directory(event.name)
        elif event.op in "ku":
            self.change("c" if event.op == "k" else "u", event.name, DIRECTORY if event.op == "k" else None)
        elif event.op in "rx":
            self.change(event.op, event.name, event.data.decode())
        elif event.op == "s" and event.name == "*":
            for file in self.names.values():
                if file is not DIRECTORY:
                    file.sync()
        else:
            if event.name not in self.names or event.op == "c":
                self.change("c", event.name, File())
            file = self.names[event.name]
            if event.op == "w":
                file.pending.append((event.offset, event.data))
            elif event.op == "d":
                file.write(event.offset, event.data)
            elif event.op == "s":
                file.sync()
            elif event.op == "t":
                file.truncate(event.offset)

    def cut(self, rng, chunk, directory):
        """Writes one image: the synced state and a random half of the rest."""
        names = dict(self.durable)
        for what in self.changes[:rng.randint(0, len(self.changes))]:
            change(names, what)
        for name, file in names.items():
            path = os.path.join(directory, name)
            os.makedirs(path if file is DIRECTORY else os.path.dirname(path), exist_ok=True)
            if file is DIRECTORY:
                continue
            image = bytearray(file.image)
            for offset, data in file.pending:
                # Chunks lie on the file's own grid, as sectors and pages do.
                first = chunk - offset % chunk
                edges = [0] + list(range(first, len(data), chunk)) + [len(data)]
                for begin, end in zip(edges, edges[1:]):
                    if rng.random() < 0.5:
                        write(image, offset + begin, data[begin:end])
            with open(path, "wb", opener=lambda p, f: os.open(p, f, 0o600)) as out:
                out.write(image)


def cuts(events, count, seed, creating=False, base=None):
    """
    Yields (disk, rng, chunk, state) at @count random points, in order. The state maps each kind of
    mark to the number of such marks before the cut. Cuts lie after the first 'o' mark (the store is
    open), or, with @creating, before it; without such a mark anywhere. @base: the directory as it was before.
    """
    rng = random.Random(seed)
    opened = next((i for i, e in enumerate(events) if e.op == "m" and e.mark == "o"), -1)
    first, last = (0, opened + 1) if creating else (opened + 1, len(events) + 1)
    points = sorted(rng.randrange(first, last) for _ in range(count))
    disk, state, done = Disk(base), {}, 0
    for point in points:
        while done < point:
            event = events[done]
            if event.op == "m":
                state[event.mark] = state.get(event.mark, 0) + 1
            else:
                disk.apply(event)
            done += 1
        yield disk, rng, rng.choice((512, 4096)), dict(state)
