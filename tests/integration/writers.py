"""
Several writers of one bucket, for tests: a writer, waiting until all that they have is there, and until a reader has it.
"""
import os
import socket
import time

import harness
from buckets import SEALING, last_version, wait_synced
from objects_check import Ledger


class Writer(harness.Clewd):
    def __init__(self, place, name, url, *flags, sealing=SEALING, store=None, port=0, **more):
        self.name, self.dir = name, store or place.path(name or "unnamed")
        where = ("--advertise", f"http://127.0.0.1:{port}") if port else ()
        super().__init__("--objects", url, *(("--writer", name) if name else ()), *sealing, "--http", f"127.0.0.1:{port}", *where, *flags,
                         store=self.dir, environment=place.environment, **more)

    def send(self, first, n, spans=4, start=0, ledger=None):
        ledger = ledger or Ledger()
        for t in range(first, first + n):
            assert ledger.send(self.http, t, spans, start), self.tail


def until(holds_now, seconds=90, tell=lambda: ""):
    end = time.monotonic() + seconds
    while not holds_now():
        assert time.monotonic() < end, tell()
        time.sleep(0.2)


def quiet(place, url, *writers):
    """Until all that the writers have is in the bucket."""
    for w in writers:
        wait_synced(place, w, w.dir, url, ())


def versions(bucket, *writers):
    """As a reader counts them."""
    return sum(last_version(f"{bucket}/writer.{w.name}" if w.name else bucket) for w in writers)


def caught_up(reader, bucket, *writers):
    reader.until(lambda f: f["version"] >= versions(bucket, *writers) and f["failing"] is None and f["gap"] is None)


def audit(writer):
    path = f"{writer.dir}/audit.jsonl"
    return open(path, encoding="utf-8").read() if os.path.exists(path) else ""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
