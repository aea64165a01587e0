"""
Whether pieces of a text are anywhere in bytes. Knows nothing of our formats but that what is packed is zstd frames: it looks into all bytes, and
into each frame that begins anywhere in them, whether anything leads there or not.
"""
import ctypes
import ctypes.util
import os
import re

PIECE = 10  # bytes of a text that are a find: what shares its beginning or end with another is stored once
FRAME = b"\x28\xb5\x2f\xfd"
PLAIN_MAX = 64 << 20
zstd = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
zstd.ZSTD_decompress.restype = zstd.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t


def frames(data):
    """What the frames say."""
    at = data.find(FRAME)
    while at >= 0:
        rest = data[at:at + PLAIN_MAX]
        n = zstd.ZSTD_findFrameCompressedSize(rest, ctypes.c_size_t(len(rest)))
        plain = zstd.ZSTD_getFrameContentSize(rest, ctypes.c_size_t(len(rest)))
        if n <= len(rest) and plain <= PLAIN_MAX:
            room = ctypes.create_string_buffer(plain or 1)
            if zstd.ZSTD_decompress(room, ctypes.c_size_t(plain), rest, ctypes.c_size_t(n)) == plain:
                yield room.raw[:plain]
        at = data.find(FRAME, at + 1)


class Judge:
    def __init__(self, *texts):
        pieces = {t[i:i + PIECE].encode() for t in texts for i in range(max(1, len(t) - PIECE + 1))}
        self.pieces = re.compile(b"|".join(sorted(map(re.escape, pieces))))
        self.frames = self.bytes = 0

    def has(self, data):
        self.bytes += len(data)
        if self.pieces.search(data):
            return True
        for plain in frames(data):
            self.frames += 1
            self.bytes += len(plain)
            if self.pieces.search(plain):
                return True
        return False

    def found_below(self, directory):
        """Files there that have one."""
        found = []
        for base, _, names in os.walk(directory):
            for path in (os.path.join(base, n) for n in names):
                with open(path, "rb") as f:
                    if self.has(f.read()):
                        found.append(path)
        return found
