"""
Several writers and readers on a real engine: machines are lost with their disks, readers are killed, answers are lost and the engine's own
parts die, and whatever was acknowledged is there once, at every reader. With `--ack-objects on`, so that a lost machine loses nothing.
"""
import os
import random
import shutil
import signal
import subprocess
import threading
import time

import engine_cases
import fault_proxy
import harness
import objects_check
from ceph_cluster import free_port
from buckets import SEALING, SEED, Place, Reader, trace_id, wait_synced
from certificates import Certificates
from engine_cases import client, restart_a_gateway

EXPORT = ("export", "--format", "otlp", "--since", "all")
NEVER = ("--seal-idle", "1h", "--seal-wait", "1h", "--seal-cpu", "100")
SPANS = int(os.environ.get("CLEW_TEST_SPANS_MANY", "10000"))
ROUNDS = 6


class Writer(harness.Clewd):
    def __init__(self, place, name, url, *flags, directory=None, sealing=SEALING, ack=("--ack-objects", "on"), **more):
        self.name, self.dir = name, place.path(directory or f"store-{name}")
        super().__init__("--objects", url, *(("--writer", name) if name else ()), *ack, *sealing, "--http", "127.0.0.1:0", *flags,
                         store=self.dir, environment=place.environment, **more)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def lose(self):
        """The machine is gone, with its disk."""
        self.kill()
        shutil.rmtree(self.dir)


def prefix_of(name, prefix):
    return f"{prefix}/writer.{name}" if name else prefix


def no_orphans(prefix, names):
    """At rest, after a start of each: every object is named by a version, and no journal has fragments. A sentence of figures."""
    figures = []
    for name in names:
        where = prefix_of(name, prefix)
        there = client().objects("traces", f"{where}/")
        left = [k for k, n in there.items() if k.startswith(f"{where}/journal/") and n > 40]
        assert not left, left
        figures.append("{} in {}".format(*objects_check.check_objects(client(), "traces", where)))
    return "segments in objects: " + ", ".join(figures)


def send_all(writers, ledger, chance, first, n, spans):
    """Runs @first .. are sent side by side, each to one writer, some in part to another: as a balancer does it."""
    lock = threading.Lock()
    plan = []
    for t in range(first, first + n):
        one, other = chance.sample(range(len(writers)), 2)
        plan.append((one, t, spans, 0))
        if chance.random() < 0.2:
            plan.append((other, t, 3, spans))
        if chance.random() < 0.1 and t > 10:
            plan.append((other, chance.randrange(t - 1), 1, spans + 5))

    def work(i):
        own = objects_check.Ledger()
        for who, t, k, start in plan:
            if who == i:
                own.send(writers[i].http, t, k, start, timeout=40)
        with lock:
            for mine, all_of in ((own.sent, ledger.sent), (own.acked, ledger.acked)):
                for trace, found in mine.items():
                    all_of.setdefault(trace, set()).update(found)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(writers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def checked(ledger, reader, seconds=120):
    """A reader comes to have all that was acknowledged; never a span twice, and none that was not sent."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ledger.check(reader.clew(None, *EXPORT), "the reader")
        except AssertionError as told:
            assert "are lost" in str(told) and time.monotonic() < end, f"{told}\n{reader.followed()}"
            time.sleep(1)


def test_machines_are_lost_and_nothing_acknowledged_is():
    chance, ledger, spans = random.Random(SEED), objects_check.Ledger(), 20
    engine, names, began = engine_cases.engine, ["a", "b", None], time.monotonic()
    each = max(10, SPANS // spans // ROUNDS)
    with Place(engine.environment) as p, fault_proxy.FaultProxy(engine.ports[0], SEED, rate=0.1, delay=0.2) as proxy:
        faulty, plain = engine.url("many", port=proxy.port, timeout=4), engine.url("many", 1)
        for turn in range(ROUNDS):
            writers = [Writer(p, name, faulty if turn else plain) for name in names]
            with Reader(p, "r", faulty) as reader:
                sender = threading.Thread(target=send_all, args=(writers, ledger, chance, turn * each, each, spans))
                sender.start()
                if turn % 3 == 1:
                    restart_a_gateway()
                engine.disturb(turn)
                sender.join()
                if turn % 2:
                    reader.process.kill()
                else:
                    checked(ledger, reader)
                for w in writers:
                    {0: w.lose, 1: w.kill}.get(chance.randrange(3), w.stop)()
        print(f"# {proxy.requests} requests, faults: {proxy.done}; {time.monotonic() - began:.0f} s")
        writers = [Writer(p, name, plain) for name in names]
        for w in writers:
            wait_synced(p, w, w.dir, plain, (), 300)
        with Reader(p, "fresh", plain) as reader:
            n = checked(ledger, reader)
            assert reader.stop() == 0
        for w in writers:
            assert w.stop() == 0, w.tail
        ledger.check(p.clew(plain, *EXPORT, timeout=600), "the bucket")
        for name in names:
            p.clew(p.path(f"store-{name}"), "doctor", "--verify", timeout=600)
            with Writer(p, name, plain, sealing=NEVER) as w:  # what waits for readers, some minutes, goes at a start
                w.wait_for("objects.attached")
        print(f"# {n} acknowledged spans of three writers, each once at a reader and a mirror; {no_orphans('many', names)}")


def test_a_sleeper_acknowledges_nothing_after_a_take_over():
    ledger = objects_check.Ledger()
    engine = engine_cases.engine
    with Place(engine.environment) as p:
        url = engine.url("zombie", timeout=5)
        with Writer(p, "a", url, sealing=NEVER) as old, Reader(p, "r", engine.url("zombie", 1)) as reader:
            for t in range(8):
                assert ledger.send(old.http, t, 4)
            old.process.send_signal(signal.SIGSTOP)
            late = []
            sender = threading.Thread(target=lambda: late.append(ledger.send(old.http, 20, 4, timeout=90)))
            sender.start()
            with Writer(p, "a", url, directory="again") as new:
                for t in range(4, 12):
                    assert ledger.send(new.http, t, 2, 4)
                old.process.send_signal(signal.SIGCONT)
                sender.join()
                assert late == [False] and not ledger.send(old.http, 21, 4, timeout=90), old.tail
                checked(ledger, reader)
                wait_synced(p, new, new.dir, url, ())
                checked(ledger, reader)
                assert new.stop() == 0
            old.wait_for("another clewd has taken it over")
            listed = reader.clew(None, "list", "--since", "all", "-n", "1000", "--json")
            assert trace_id(20) not in listed and trace_id(21) not in listed


def test_what_is_not_sealed_is_asked_for_over_tls_with_a_key():
    engine, ledger = engine_cases.engine, objects_check.Ledger()
    with Place(engine.environment) as p:
        url = engine.url("tls")
        certificates = Certificates(p.dir)
        chain, key = certificates.make("server")
        port = free_port()
        store = p.path("store-a")
        os.mkdir(store)
        made = subprocess.run([harness.CLEWD, "key", "add", "--store", store, "--name", "reader", "--scope", "read"], capture_output=True, text=True,
                              timeout=30, check=True)
        with open(p.path("tail.key"), "w", encoding="ascii") as f:
            f.write(next(word for word in (made.stdout + made.stderr).split() if word.startswith("sk-clew-")) + "\n")
        flags = ("--tail-key", p.path("tail.key"), "--tail-ca", certificates.ca)
        with harness.Clewd("--objects", url, *NEVER, "--writer", "a", "--http", f"127.0.0.1:{port}", "--advertise", f"https://127.0.0.1:{port}",
                           "--tls-cert", chain, "--tls-key", key, store=store, environment=p.environment) as a:
            p.send(store, 0, 10)
            for t in range(10):
                ledger.sent[trace_id(t)] = ledger.acked[trace_id(t)] = {f"{t * 100 + i + 1:016x}" for i in range(4)}
            with Reader(p, "r", url, *flags) as reader, Reader(p, "s", url, *flags[:2]) as other:
                reader.until(lambda f: f["nodes_reached"] == 1)
                checked(ledger, reader)
                gap = other.until(lambda f: f["gap"])["gap"]
                assert "is not reached" in gap and "ertificate" in gap, gap
                assert reader.stop() == 0 and other.stop() == 0
            assert a.stop() == 0
