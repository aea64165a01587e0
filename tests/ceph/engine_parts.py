"""
What is asked of every real engine about large objects in parts (storage/bucket/README.md): they are what was sent, also when answers are
lost and a gateway is killed in the middle, nothing of a killed writer stays, and a large trace comes back. What a condition means on an
upload in parts is printed, not judged: nothing rests on it.
"""
import os
import re
import signal
import subprocess
import threading
import time

import engine_cases
import fault_proxy
import large_trace
from buckets import SEED, Place, wait_synced

SIZE = "26"  # MiB; five parts of five, which is as small as stores take them, and a last one


def own(url, name, seed, size=SIZE, **more):
    return engine_cases.driver("own", url, name, size, str(seed), **more)


def url(prefix, gateway=0, part=5, **more):
    return engine_cases.engine.url(prefix, gateway, **more) + f"&part={part}"


def uploads(prefix):
    return engine_cases.client().uploads("traces", prefix)


def test_a_large_object_goes_in_parts():
    assert own(url("parts"), "seg/x", 1) == "made\n"
    assert own(url("parts", 1), "seg/x", 1) == "made\n", "it is the same through another gateway"
    assert own(url("parts", 1, part=0), "seg/x", 1) == "made\n", "and for a PUT"
    assert own(url("parts"), "seg/x", 2) == "exists\n"
    assert not uploads("parts/")


def test_large_objects_survive_lost_answers():
    with fault_proxy.FaultProxy(engine_cases.engine.ports[0], SEED) as p:
        for i in range(4):
            assert own(url("lost", port=p.port, timeout=10), f"seg/{i}", i, timeout=300) == "made\n"
            assert own(url("lost", 1, part=0), f"seg/{i}", i) == "made\n"
        print(f"# {p.requests} requests, faults: {p.done}; {len(uploads('lost/'))} uploads are left")
    engine_cases.driver("forget", url("lost"), "seg")
    assert not uploads("lost/")


def test_a_gateway_is_killed_in_the_middle_of_parts():
    killer = threading.Thread(target=engine_cases.restart_a_gateway)
    killer.start()
    told = own(url("mid", timeout=10), "seg/x", 1, "300", timeout=400)
    killer.join()
    assert told == "made\n", told
    assert own(url("mid", 1, part=0), "seg/x", 1, "300") == "made\n"


def test_a_killed_writer_s_parts_go():
    with fault_proxy.FaultProxy(engine_cases.engine.ports[0], SEED, rate=0) as p:
        process = subprocess.Popen([engine_cases.DRIVER, "own", url("left", port=p.port), "seg/x", "200", "1"],
                                   env=engine_cases.surroundings(), stdout=subprocess.PIPE, text=True)
        end = time.monotonic() + 120
        while sum("partNumber=" in path for _, path, *_ in p.seen) < 3:
            assert time.monotonic() < end and process.poll() is None, "no parts came"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert uploads("left/") == ["left/seg/x"]
    engine_cases.driver("forget", url("left"), "seg")
    assert not uploads("left/")
    assert own(url("left"), "seg/x", 1, "200") == "made\n"


class Upload:
    """One in parts that is ready to be completed, by a client of the test's own."""

    def __init__(self, key, byte):
        self.client, self.path, self.byte = engine_cases.client(), f"/traces/{key}", byte
        status, body = self.client.request("POST", self.path, {"uploads": ""})
        assert status == 200, (status, body)
        self.id = re.search("<UploadId>(.*?)</UploadId>", body.decode()).group(1)
        status, body, headers = self.client.exchange("PUT", self.path, {"partNumber": "1", "uploadId": self.id}, byte * 1000)
        assert status == 200, (status, body)
        self.tag = headers["etag"]

    def complete(self):
        body = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{self.tag}</ETag></Part></CompleteMultipartUpload>"
        return self.client.request("POST", self.path, {"uploadId": self.id}, body.encode(), {"if-none-match": "*"})


def raced(one, other):
    """Both at once; how many were told that they had made it."""
    told, start = [], threading.Barrier(2)

    def run(fn):
        start.wait()
        told.append(fn())

    threads = [threading.Thread(target=run, args=(fn,)) for fn in (one, other)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return sum(status == 200 and b"<Error>" not in body for status, body in told), sorted(status for status, _ in told)


def test_what_a_condition_means_on_parts_is_told():
    client, rounds = engine_cases.client(), int(os.environ.get("CLEW_TEST_RACES", "20"))
    assert Upload("cond/x", b"a").complete()[0] == 200
    status, body = Upload("cond/x", b"b").complete()
    there = client.get("traces", "cond/x")[:1]
    print(f"# completed under a condition where a name is: {status} {re.findall(b'<Code>(.*?)</Code>', body)}, and it has {there} (a was first)")
    for against in ("another that completes", "a PUT"):
        found = []
        for i in range(rounds):
            key = f"cond/{len(against)}.{i}"
            other = Upload(key, b"b").complete if against != "a PUT" else \
                lambda key=key: client.request("PUT", f"/traces/{key}", body=b"c" * 1000, headers={"if-none-match": "*"})
            found.append(raced(Upload(key, b"a").complete, other))
        print(f"# against {against}: both were told that they made it in {sum(n == 2 for n, _ in found)} of {rounds} rounds, none in "
              f"{sum(n == 0 for n, _ in found)}; statuses {sorted({tuple(s) for _, s in found})}")


def test_a_large_trace_comes_back():
    """Some 70 MiB that do not pack, in parts of 16 MiB as they are by default, through a gateway with faults."""
    with Place(engine_cases.engine.environment) as p, fault_proxy.FaultProxy(engine_cases.engine.ports[0], SEED, rate=0.1) as proxy:
        store = p.path("a")
        large_trace.send(p, store, 1, 70)
        with p.clewd(store, engine_cases.engine.url("big", port=proxy.port, timeout=10)) as c:
            wait_synced(p, c, store, "", (1,), 240)
            assert (code := c.stop()) == 0, f"{code}: {c.tail}"
        large_trace.is_there(p, engine_cases.engine.url("big", 1), store, 1)
        n = sum("partNumber=" in path for _, path, *_ in proxy.seen)
        assert n > 4, n
        print(f"# {proxy.requests} requests, faults: {proxy.done}; {n} parts came")
