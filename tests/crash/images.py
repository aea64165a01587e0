"""
Turns a shim log into disk images of power cuts.

Everything that was synced is on disk; of what was written since, a random half of the chunks
(4 KiB, or 512 B: a torn page) has arrived. An unlink is durable with the next sync of the directory; until
then the file may be there or not. Truncations and new names are taken as durable at once. A cut falls after any record of the log. Images are reproducible from the seed.
"""
import os
import random
import struct

HEAD = struct.Struct("<IBBHQQ")
MAGIC = 0x43534831


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
        if chr(op) in "wd":
            data = raw[at:at + length]
            if len(data) < length:
                break
            at += length
        events.append(Event(chr(op), chr(mark) if mark else "", name, offset, length, data))
    return events


class Disk:
    """Files as they are on disk, and per file the writes that no sync has covered yet."""

    def __init__(self):
        self.files = {}
        self.pending = {}
        self.unlinked = set()  # names that go for good with the next sync of the directory

    def write(self, image, offset, data):
        end = offset + len(data)
        if len(image) < end:
            image.extend(bytes(end - len(image)))
        image[offset:end] = data

    def forget(self, name):
        self.files.pop(name, None)
        self.pending.pop(name, None)
        self.unlinked.discard(name)

    def apply(self, event):
        if event.name in self.unlinked:
            self.forget(event.name)  # a new file under the old name
        if event.op == "D":
            for name in list(self.unlinked):
                self.forget(name)
        elif event.op == "w":
            self.files.setdefault(event.name, bytearray())
            self.pending.setdefault(event.name, []).append((event.offset, event.data))
        elif event.op == "d":
            self.write(self.files.setdefault(event.name, bytearray()), event.offset, event.data)
        elif event.op == "s":
            for name in list(self.pending) if event.name == "*" else [event.name]:
                image = self.files.setdefault(name, bytearray())
                for offset, data in self.pending.pop(name, []):
                    self.write(image, offset, data)
        elif event.op == "t":
            image = self.files.setdefault(event.name, bytearray())
            if event.offset < len(image):
                del image[event.offset:]
            else:
                image.extend(bytes(event.offset - len(image)))
        elif event.op == "u":
            self.unlinked.add(event.name)

    def cut(self, rng, chunk, directory):
        """Writes one image: the synced state and a random half of the rest."""
        for name in self.files:
            if name in self.unlinked and rng.random() < 0.5:
                continue
            image = bytearray(self.files[name])
            for offset, data in self.pending.get(name, []):
                # Chunks lie on the file's own grid, as sectors and pages do.
                first = chunk - offset % chunk
                edges = [0] + list(range(first, len(data), chunk)) + [len(data)]
                for begin, end in zip(edges, edges[1:]):
                    if rng.random() < 0.5:
                        self.write(image, offset + begin, data[begin:end])
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(image)


def cuts(events, count, seed, creating=False):
    """
    Yields (disk, rng, chunk, state) at @count random points, in order. The state maps each kind of
    mark to the number of such marks before the cut. Cuts lie after the first 'o' mark (the store is
    open), or, with @creating, before it.
    """
    rng = random.Random(seed)
    opened = next((i for i, e in enumerate(events) if e.op == "m" and e.mark == "o"), 0)
    first, last = (0, opened + 1) if creating else (opened + 1, len(events) + 1)
    points = sorted(rng.randrange(first, last) for _ in range(count))
    disk, state, done = Disk(), {}, 0
    for point in points:
        while done < point:
            event = events[done]
            if event.op == "m":
                state[event.mark] = state.get(event.mark, 0) + 1
            else:
                disk.apply(event)
            done += 1
        yield disk, rng, rng.choice((512, 4096)), dict(state)
