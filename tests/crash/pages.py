"""
What lies on which page of a store's data file: a naive reader of LMDB's layout, for judging what damage
to a page may cost. It reads whole files that are sound.
"""
import struct

PAGE = 4096
TABLES = ("meta", "hot", "object", "trace", "time", "segment", "note", "shelf", "index")


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


class Pages:
    def __init__(self, raw):
        self.raw = raw
        self.tables = {}  # page -> name of the table whose leaf, branch or value it is
        self.records = {}  # page -> list of (table, key): records that are gone with it
        self.branches = set()
        self.segment_of = {}  # trace id -> segment
        newest = max((0, 1), key=lambda n: self.u64(n * PAGE + 144))
        main = self.u64(newest * PAGE + 16 + 24 + 48 + 40)
        for key, value, _ in self.leaves(main, "main"):
            if key.decode() in TABLES:
                self.walk(key.decode(), struct.unpack_from("<Q", value, 40)[0])

    def u64(self, at):
        return struct.unpack_from("<Q", self.raw, at)[0]

    def leaves(self, root, table):
        """Yields (key, value, pages of it) below @root."""
        waiting = [root]
        while waiting:
            page = waiting.pop()
            if page == 0xffffffffffffffff:
                continue
            at = page * PAGE
            flags, lower = struct.unpack_from("<HH", self.raw, at + 10)
            self.tables[page] = table
            for i in range((lower - 16) // 2):
                node = at + struct.unpack_from("<H", self.raw, at + 16 + 2 * i)[0]
                lo, hi, kind, size = struct.unpack_from("<HHHH", self.raw, node)
                key = self.raw[node + 8:node + 8 + size]
                if flags & 1:
                    self.branches.add(page)
                    waiting.append(lo | hi << 16 | kind << 32)
                elif kind & 1:
                    first = self.u64(node + 8 + size)
                    length = lo | hi << 16
                    own = [page] + list(range(first, first + (16 + length + PAGE - 1) // PAGE))
                    for one in own[1:]:
                        self.tables[one] = table
                    yield key, self.raw[first * PAGE + 16:first * PAGE + 16 + length], own
                else:
                    yield key, self.raw[node + 8 + size:node + 8 + size + (lo | hi << 16)], [page]

    def walk(self, table, root):
        for key, value, pages in self.leaves(root, table):
            # A leaf has nothing of a segment but where it begins, and the catalog knows which there are.
            for page in pages[1:] if table == "object" and len(pages) > 1 else pages:
                self.records.setdefault(page, []).append((table, key, value))
            if table == "trace":
                self.segment_of[key.hex()] = varint(value, 0)[0]

    def touched(self, pages):
        """What damage to @pages may cost: (trace ids, whether notes and shelf records too)."""
        ids, shelf = set(), False
        for page in pages:
            for table, key, value in self.records.get(page, ()):
                if table == "object":
                    number = struct.unpack(">Q", key[:8])[0]
                    ids |= {t for t, segment in self.segment_of.items() if segment == number}
                elif table == "hot" and len(key) == 9 and key[8] == 1:
                    n = struct.unpack_from("<H", value, 12)[0]
                    ids |= {value[14 + 16 * i:30 + 16 * i].hex() for i in range(n)}
                shelf = shelf or table in ("shelf", "note", "meta")
        return ids, shelf
