"""
The checker of sealed data in a bucket. A ledger knows what was sent and what a collector acknowledged; after faults and kills every
acknowledged span is to be found exactly once, by each reader, and nothing that was never sent. What lies in the bucket is read beside
the programs, with a reader of the catalog of its own: each segment that the newest version names is there with its size, and nothing else is.
"""
import collections
import http.client
import json
import os
import random
import signal
import time

import buckets
from buckets import run_of, trace_id

# What a reader is told when bytes of a segment are away and cannot be had now.
TOLD = ("is not in this store but in", "could not be read a moment ago", "is not there any more", "is damaged")


class Ledger:
    def __init__(self):
        self.sent, self.acked = {}, {}

    def send(self, address, t, n, start=0, timeout=30, more=""):
        """One run to a collector, as an exporter does it. Whether it was acknowledged."""
        run = run_of(t, n, start, more)
        spans = {s["spanId"] for s in run["resourceSpans"][0]["scopeSpans"][0]["spans"]}
        self.sent.setdefault(trace_id(t), set()).update(spans)
        host, port = address.rsplit(":", 1)
        c = http.client.HTTPConnection(host, int(port), timeout=timeout)
        try:
            c.request("POST", "/v1/traces", json.dumps(run), {"Content-Type": "application/json"})
            good = c.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            good = False
        finally:
            c.close()
        if good:
            self.acked.setdefault(trace_id(t), set()).update(spans)
        return good

    @property
    def spans(self):
        return sum(len(s) for s in self.acked.values())

    def check(self, text, whose):
        """@text: an export of all that @whose reader has, or its lines."""
        found = collections.Counter()
        for line in text.splitlines() if isinstance(text, str) else text:
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    found.update((s["traceId"], s["spanId"]) for s in scope["spans"])
        acked = {(t, s) for t, spans in self.acked.items() for s in spans}
        sent = {(t, s) for t, spans in self.sent.items() for s in spans}
        lost = sorted(acked - set(found))
        assert not lost, f"{whose}: {len(lost)} of {len(acked)} acknowledged spans are lost, {lost[:3]}"
        extra = sorted(set(found) - sent)
        assert not extra, f"{whose}: {len(extra)} spans were never sent, {extra[:3]}"
        twice = [k for k, n in found.items() if n > 1]
        assert not twice, f"{whose}: {len(twice)} spans are there more than once, {twice[:3]}"
        return len(acked)


# ---- what lies there -------------------------------------------------------------------------------------------------------------


def varint(data, at):
    value, shift = 0, 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


class Reader:
    def __init__(self, data, at):
        self.data, self.at = data, at

    def varint(self):
        value, self.at = varint(self.data, self.at)
        return value

    def le64(self):
        self.at += 8
        return int.from_bytes(self.data[self.at - 8:self.at], "little")

    def parts(self):
        """Digests of what is kept beside the traces."""
        if not self.varint():
            return []
        self.varint(), self.le64(), self.varint(), self.varint(), self.le64()
        return [(self.le64(), self.varint())[0] for _ in range(self.varint())]


def catalog_of(versions):
    """{number: bytes} -> {segment: (name, size, from, to, from, to)} of the newest, and its parts."""
    items, parts, last = {}, [], max(versions)
    r = Reader(versions[last], 8)
    r.varint(), r.varint()
    full = r.varint()
    for number in range(full, last + 1):
        r = Reader(versions[number], 8)
        assert r.varint() == 3 and r.varint() == number, number
        r.varint(), r.varint(), r.le64(), r.varint(), r.varint(), r.varint()  # full, created, writer, written, next segment, erased
        parts = r.parts()
        for _ in range(r.varint()):
            segment, size = r.varint(), r.varint()
            items.pop(segment, None)
            if size == 0:
                continue
            digest, first = r.le64(), r.varint()
            at, n, meta, end = (r.varint() for _ in range(4))
            r.varint()
            live = r.varint()
            r.at += live
            items[segment] = (f"{first:016x}-{digest:016x}", size, at, at + n, meta, end)
        assert r.at == len(r.data) - 8, (number, r.at, len(r.data))
    return items, parts


def items_of(directory):
    """What the newest version of a bucket that is a directory has: as catalog_of()."""
    versions = {}
    for name in os.listdir(f"{directory}/cat"):
        with open(f"{directory}/cat/{name}", "rb") as f:
            versions[int(name)] = f.read()
    return catalog_of(versions)[0]


def segments_of(directory):
    """{segment: its bytes} of that."""
    found = {}
    for segment, (name, _, at, to, _, _) in items_of(directory).items():
        with open(f"{directory}/seg/{name}", "rb") as f:
            found[segment] = f.read()[at:to]
    return found


def waste_of(items):
    """{object: bytes of it that no segment has which the catalog names}, those without left out."""
    used = {}
    for name, size, at, to, meta, end in items.values():
        before = used.get(name, (size, 8 + 24))[1]
        used[name] = (size, before + to - at + end - meta + 16)
    return {name: size - n for name, (size, n) in used.items() if size != n}


def check_objects(client, bucket, prefix):
    """Returns how many segments there are, and in how many objects."""
    there = client.objects(bucket, f"{prefix}/")
    versions = {int(k.rsplit("/", 1)[1]): client.get(bucket, k) for k in there if k.startswith(f"{prefix}/cat/")}
    items, parts = catalog_of(versions)
    named = {f"{prefix}/seg/{item[0]}": item[1] for item in items.values()}
    check_ranges(items)
    segments = {k: n for k, n in there.items() if k.startswith(f"{prefix}/seg/")}
    absent = sorted(set(named) - set(segments))
    assert not absent, f"{len(absent)} objects that the catalog names are not there: {absent[:3]}"
    orphans = sorted(set(segments) - set(named))
    assert not orphans, f"{len(orphans)} objects are named by nobody: {orphans[:3]}"
    sizes = {k for k in named if named[k] != segments[k]}
    assert not sizes, f"objects of another size: {sorted(sizes)[:3]}"
    beside = {k.rsplit("/", 1)[1] for k in there if k.startswith(f"{prefix}/beside/")}
    assert beside == {f"{p:016x}" for p in parts}, (beside, parts)
    return len(items), len(named)


def check_ranges(items):
    """No two segments share a byte of an object."""
    ranges = collections.defaultdict(list)
    for segment, (name, size, at, to, meta, end) in items.items():
        assert 8 <= at <= to <= meta < end <= size, (segment, name)
        ranges[name] += [(at, to), (meta, end)]
    for name, found in ranges.items():
        found.sort()
        assert all(a[1] <= b[0] for a, b in zip(found, found[1:])), (name, found)


# ---- a campaign ------------------------------------------------------------------------------------------------------------------


def read_some(place, store, ledger, r):
    """A trace that was acknowledged is shown whole, or it is told why not now."""
    if not ledger.acked:
        return None
    one = r.choice(sorted(ledger.acked))
    text = place.clew(store, "export", "--format", "otlp", one, status=None)
    whole = all(span in text for span in ledger.acked[one])
    assert whole or any(words in text for words in TOLD), f"trace {one} is neither whole nor told of:\n{text[-800:]}"
    return whole


def campaign(place, url, plain, ledger, rounds, each, seed, disturb=None, spans=4):
    """
    Collectors that send, upload, give up and read back over @url, where faults are, and are killed. @plain is the same place without
    faults. Returns the store, at rest, and (traces shown, traces told to be away).
    """
    r, store, t = random.Random(seed), place.path("a"), 0
    shown, told = 0, 0
    flags = ("--http", "127.0.0.1:0", "--objects-local", "16KiB", "--objects-cache", "1MiB")
    for i in range(rounds):
        with place.clewd(store, url if i else plain, *flags) as c:
            for _ in range(each):
                ledger.send(c.http, t, spans)
                t += 1
                if r.random() < 0.2 and t > 8:  # an older run goes on
                    ledger.send(c.http, r.randrange(t - 1), 2, start=spans)
            if disturb:
                disturb(i)
            time.sleep(r.uniform(0.1, 3.5))
            for _ in range(2):
                whole = read_some(place, store, ledger, r)
                shown, told = shown + (whole is True), told + (whole is False)
            c.process.send_signal(signal.SIGKILL if r.random() < 0.7 else signal.SIGTERM)
            c.process.wait()
            assert "taken-over" not in c.log, c.tail
    with place.clewd(store, plain, *flags) as c:
        buckets.wait_synced(place, c, store, plain, (), 180 + rounds * each * spans // 100)  # sealing yields to all else here
        assert c.stop() == 0
    return store, (shown, told)


def check_all(place, store, url, ledger, client, bucket, prefix):
    """The writer's store, the bucket by itself, and a node that begins empty. Returns a sentence of figures."""
    export = ("export", "--format", "otlp", "--since", "all")
    seconds = 600 + ledger.spans // 1000
    ledger.check(place.lines(store, *export, timeout=seconds), "the writer's store")
    ledger.check(place.lines(url, *export, timeout=seconds), "the bucket")
    fresh = place.path("fresh")
    with place.clewd(fresh, url, wait=False) as c:
        c.wait_for(" started ", 240)  # it brings in all that is there first
        ledger.check(place.lines(fresh, *export, timeout=seconds), "a node that began empty")
        assert c.stop() == 0
    place.clew(fresh, "doctor", "--verify", timeout=seconds)
    place.clew(store, "doctor", "--verify", timeout=seconds)
    n, objects = check_objects(client, bucket, prefix)
    return f"{ledger.spans} acknowledged spans, {n} segments in {objects} objects, {os.path.basename(store)} and two other readers have each span once"
