"""
What was redacted and what was deleted is nowhere, on a real engine: both are said at one of three writers that acknowledge in the bucket, while
all write over a proxy with faults and are killed with or without their disks; one is gone by then for good, until it is retired. In the end
every acknowledged span is shown once by each reader, with a mark in place of the text, and no object of the bucket has a piece of the text or
of the run that was deleted, whether a version names that place or not (tests/bucket/pieces.py). Beside it the programs are asked.
"""
import collections
import json
import os
import random
import re
import subprocess
import threading
import time

import engine_cases
import fault_proxy
import harness
import objects_check
from buckets import SEED, Place, Reader, run_of, trace_id, wait_synced
from engine_cases import client
from engine_many import EXPORT, NEVER, Writer, checked, no_orphans, prefix_of, send_all
from pieces import Judge

SPANS = int(os.environ.get("CLEW_TEST_SPANS_MANY", "10000")) // 4
MARK = re.compile(r"\[redacted:[^\]]*\]?")


# ---- what is there ---------------------------------------------------------------------------------------------------------------


def found_in(judge, prefix):
    """{folder (seg, journal, beside, writer.a ...): objects that have a piece}"""
    found = collections.defaultdict(list)
    for name in client().objects("traces", f"{prefix}/"):
        status, data = client().request("GET", f"/traces/{name}")
        assert status in (200, 404), (name, status)  # 404: it went meanwhile
        if status == 200 and judge.has(data):
            found[name[len(prefix) + 1:].split("/")[0]].append(name)
    return found


def told_of(names, secret, gone):
    """Of each object: what of the two it has, and how many segments of it its writer's catalog names."""
    for name in names:
        where = name.rsplit("/", 2)[0]
        data = client().get("traces", name)
        items, _ = objects_check.catalog_of({int(k.rsplit("/", 1)[1]): client().get("traces", k) for k in client().objects("traces", f"{where}/cat/")})
        named = sorted(segment for segment, item in items.items() if item[0] == name.rsplit("/", 1)[1])
        yield name, f"{[w for w, t in (('the text', secret), ('the run', gone)) if Judge(t).has(data)]}, the catalog names its segments {named}"


def draw(chance, n=32):
    return "".join(chance.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(n))


def shown(text):
    """{(trace, span): its text} of an export."""
    found = {}
    for line in text.splitlines():
        for resource in json.loads(line)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for s in scope["spans"]:
                    found[s["traceId"], s["spanId"]] = next(a["value"]["stringValue"] for a in s["attributes"] if a["key"] == "gen_ai.output.messages")
    return found


def marked(ledger, text, secret, whose):
    """What a reader shows is what was sent, with a mark for the text. How many marks."""
    n = 0
    for (trace, span), there in shown(text).items():
        sent = ledger.texts.get((trace, span))
        if sent is None:
            continue
        assert secret not in there, f"{whose}: {trace} {span} still has it"
        before, after = sent.split(secret)
        assert there.startswith(before) and there.endswith(after), f"{whose}: {trace} {span} has lost more than it: {there[-200:]}"
        assert MARK.fullmatch(there[len(before):len(there) - len(after)]), f"{whose}: {trace} {span} has no mark: {there[-120:]}"
        n += 1
    assert n, f"{whose}: no span that had it is shown"
    return n


# ---- the campaign ----------------------------------------------------------------------------------------------------------------


class Ledger(objects_check.Ledger):
    """Knows the texts of spans that have what is to be redacted, too."""

    def __init__(self):
        super().__init__()
        self.texts = {}

    def send_with(self, address, t, n, start, more):
        for span in run_of(t, n, start, more)["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            self.texts[trace_id(t), span["spanId"]] = span["attributes"][-1]["value"]["stringValue"]
        return self.send(address, t, n, start, timeout=40, more=more)

    def forget(self, t):
        """A run that was deleted: from now on it was never sent."""
        for of in (self.sent, self.acked):
            of.pop(trace_id(t), None)
        self.texts = {k: v for k, v in self.texts.items() if k[0] != trace_id(t)}


def command(place, store, *args, secret="", timeout=240):
    """(status, what it says), which never has what is to go."""
    done = subprocess.run([harness.CLEW, "--store", store, *args], capture_output=True, text=True, env=place.environment, timeout=timeout, check=False)
    told = done.stdout + done.stderr
    assert not secret or secret not in told, args[:1]
    return done.returncode, told


def insist(place, writer, *args, secret="", want=(0,), seconds=120):
    """As people do it: told to come again (the bucket does not answer for sure), they come again."""
    end = time.monotonic() + seconds
    while True:
        status, told = command(place, writer.dir, *args, secret=secret)
        if status in want:
            return status, told
        assert time.monotonic() < end, (status, told, writer.tail)
        time.sleep(1)


def orders_wait_for(place, store):
    _, told = command(place, store, "redact", "--orders", "--json")
    return [set(json.loads(line)["waits"] or ()) for line in told.splitlines() if line.startswith("{")]


def fill(place, ledger, writers, chance, spans, secret, gone, doomed):
    """Each writer has the text in what is sealed and in its journal; the run @doomed came to two of them."""
    for i, w in enumerate(writers):
        for t in range(5000 + 10 * i, 5000 + 10 * i + 3):
            assert ledger.send_with(w.http, t, 4, 0, f" {secret} end"), w.tail
    for start, w in ((0, writers[0]), (4, writers[1])):
        assert ledger.send_with(w.http, doomed, 4, start, f" {gone} end"), w.tail
    send_all(writers, ledger, chance, 0, max(10, SPANS // spans // 4), spans)


def test_what_is_redacted_and_deleted_while_machines_are_lost_is_nowhere():
    chance, ledger, spans = random.Random(SEED), Ledger(), 20
    secret, gone, doomed, began = draw(chance), draw(chance), 7000, time.monotonic()
    engine, names = engine_cases.engine, ["a", "b", None]
    each = max(10, SPANS // spans // 4)
    with Place(engine.environment) as p, fault_proxy.FaultProxy(engine.ports[0], SEED, rate=0.1, delay=0.2) as proxy:
        faulty, plain = engine.url("erased", port=proxy.port, timeout=4), engine.url("erased", 1)
        judge = Judge(secret, gone)

        # Sealed in every writer's objects, and acknowledged again in every journal.
        writers = [Writer(p, name, plain) for name in names]
        fill(p, ledger, writers, chance, spans, secret, gone, doomed)
        for w in writers:
            wait_synced(p, w, w.dir, plain, (), 300)
            assert w.stop() == 0, w.tail
        writers = [Writer(p, name, faulty, sealing=NEVER) for name in names]
        for i, w in enumerate(writers):
            while not ledger.send_with(w.http, 5000 + 10 * i, 2, 4, f" {secret} end"):
                time.sleep(1)
        for name in names:
            there = found_in(judge, prefix_of(name, "erased"))
            assert there["seg"] and there["journal"], (name, dict(there))
        for w in writers:
            w.kill()

        # All write. One loses its machine; then both are said at another, which is killed before all have done it.
        a, b, c = writers = [Writer(p, name, faulty) for name in names]
        sender = threading.Thread(target=send_all, args=(writers, ledger, chance, 1000, each, spans))
        sender.start()
        time.sleep(2)
        b.lose()
        insist(p, a, "delete", trace_id(doomed), "--yes")
        ledger.forget(doomed)
        _, told = insist(p, a, "redact", "--string", secret, "--yes", "--wait", "1", secret=secret, want=(6,))
        a.kill()
        engine.disturb(2)
        sender.join()

        # Machines go on being lost while the others carry it out; the control: who has not done it is named, and the judge sees what it has.
        for turn in range(3):
            {0: c.lose, 1: c.kill}.get(turn, c.stop)()
            a, c = writers = [Writer(p, name, faulty) for name in ("a", None)]
            engine.disturb(turn + 3)
            with Reader(p, "r", faulty) as reader:
                send_all(writers, ledger, chance, 2000 + turn * 1000, each, spans)
                if turn == 1:
                    a.lose()
                    a = Writer(p, "a", faulty)
                checked(ledger, reader)
                if turn < 2:
                    a.kill()
        end = time.monotonic() + 180
        while (waits := orders_wait_for(p, a.dir)) != [{"b"}]:
            assert time.monotonic() < end, (waits, a.tail, c.tail)
            time.sleep(1)
        status, told = command(p, a.dir, "redact", "--orders", secret=secret)
        assert status == 6 and "waits for: b\n" in told, told
        there = found_in(judge, "erased")
        assert set(there) == {"writer.b", "writers"} and any("/seg/" in name for name in there["writer.b"]), dict(there)
        print(f"# waited for b, of whose objects {len(there['writer.b'])} have it; {proxy.requests} requests, faults: {proxy.done}; "
              f"{time.monotonic() - began:.0f} s")

        # It is retired: now all have done it.
        status, told = command(p, plain, "writers", "--retire", "b", "--force", secret=secret, timeout=400)
        assert status == 0 and "b is retired" in told, told
        end = time.monotonic() + 120
        while orders_wait_for(p, a.dir):
            assert time.monotonic() < end, (orders_wait_for(p, a.dir), a.tail)
            time.sleep(1)
        with Reader(p, "fresh", plain) as reader:
            for w in (a, c):
                wait_synced(p, w, w.dir, plain, (), 300)
            n = checked(ledger, reader)
            marks = marked(ledger, reader.clew(None, *EXPORT), secret, "the reader")
            listed = reader.clew(None, "list", "--since", "all", "-n", "10000", "--json")
            assert trace_id(doomed) not in listed
            for text in (secret, gone):
                assert trace_id(5000) not in reader.clew(None, "list", "--since", "all", "-g", text, "--json"), text
            assert reader.stop() == 0
        for w in (a, c):
            assert w.stop() == 0, w.tail
        text = p.clew(plain, *EXPORT, timeout=600)
        ledger.check(text, "the bucket")
        assert marked(ledger, text, secret, "the bucket") == marks
        judge = Judge(secret, gone)
        there = found_in(judge, "erased")
        assert not there, "\n".join(f"{name} has {what}" for names in there.values() for name, what in told_of(names, secret, gone))
        for name in ("a", None):
            p.clew(p.path(f"store-{name}"), "doctor", "--verify", timeout=600)
            with Writer(p, name, plain, sealing=NEVER) as w:
                w.wait_for("objects.attached")
        print(f"# {n} acknowledged spans of three writers, each once at a reader and a mirror, {marks} with a mark; no piece of what went in "
              f"{judge.frames} frames, {judge.bytes >> 20} MiB; {no_orphans('erased', names)}; "
              f"{time.monotonic() - began:.0f} s")
