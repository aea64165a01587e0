"""
What the tests of sealed data in a bucket share: directories of one test, runs to send, what a store answers, and waiting until all of it
is in the bucket.
"""
import glob
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import harness

SEED = int(os.environ.get("CLEW_TEST_SEED", "15") if os.environ.get("CLEW_TEST_SEED") != "random" else time.time_ns() % 100000)
SEALING = ("--seal-idle", "1s", "--seal-wait", "1s", "--seal-segment", "16KiB", "--seal-cpu", "100", "--objects-wait", "1s")
print(f"# seed {SEED}")


class Place:
    """A directory for stores, buckets and caches of one test."""

    def __init__(self, environment=None):
        self.dir = tempfile.mkdtemp(prefix="clew-objects-")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.environment = {**kept, "AWS_EC2_METADATA_DISABLED": "true", "XDG_CACHE_HOME": f"{self.dir}/cache", **(environment or {})}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def clew(self, store, *args, status=0, timeout=120):
        done = subprocess.run([harness.CLEW, "--store", store, *args], capture_output=True, text=True, env=self.environment,
                              timeout=timeout, check=False)
        assert status is None or done.returncode == status, f"clew {args}: {done.returncode}\n{done.stdout[-500:]}{done.stderr[-1500:]}"
        return done.stdout if status == 0 else done.stdout + done.stderr

    def lines(self, store, *args, timeout=600):
        """What it prints, a line at a time, however much it is."""
        with tempfile.TemporaryFile(dir=self.dir) as out:
            done = subprocess.run([harness.CLEW, "--store", store, *args], stdout=out, stderr=subprocess.PIPE, env=self.environment, timeout=timeout,
                                  check=False)
            assert done.returncode == 0, f"clew {args}: {done.returncode}\n{done.stderr.decode()[-1500:]}"
            out.seek(0)
            yield from out

    def clewd(self, store, url, *flags, **more):
        return harness.Clewd("--objects", url, *SEALING, *flags, store=store, environment=self.environment, **more)

    def send(self, store, first, n, spans=4, start=0):
        """Imports runs @first .. of @spans spans each, as an agent would have sent them."""
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", dir=self.dir) as f:
            for t in range(first, first + n):
                f.write(json.dumps(run_of(t, spans, start)) + "\n")
            f.flush()
            self.clew(store, "import", f.name)


def trace_id(t):
    return f"{random.Random(t).getrandbits(127) | 1:032x}"


def run_of(t, n, start, more=""):
    """@n spans of run @t, from @start on; @more stands in each behind its text."""
    r = random.Random(t * 1000 + start)
    words = ["harbour", "lantern", "mosaic", "quartz", "saffron", "thistle", "walnut", "zephyr"]
    spans = []
    for i in range(start, start + n):
        text = " ".join(r.choice(words) for _ in range(120)) + f" needle{t}x{i}{more}"
        begin = 1_760_000_000_000_000_000 + t * 1_000_000_000 + i * 1_000_000
        spans.append({"traceId": trace_id(t), "spanId": f"{t * 100 + i + 1:016x}", "name": f"call {i}", "kind": 1,
                      **({"parentSpanId": f"{t * 100 + 1:016x}"} if i else {}),
                      "startTimeUnixNano": str(begin), "endTimeUnixNano": str(begin + 900_000),
                      "status": {"code": 2, "message": "it broke"} if i and (t + i) % 5 == 0 else {},
                      "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "execute_tool" if i % 2 else "chat"}},
                                     {"key": "gen_ai.tool.name", "value": {"stringValue": f"tool{i % 3}"}},
                                     {"key": "gen_ai.output.messages", "value": {"stringValue": text}}]})
    return {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": f"agent{t % 2}"}}]},
                               "scopeSpans": [{"scope": {"name": "test"}, "spans": spans}]}]}


def answers(place, store, traces, extra=()):
    """What a store says to the questions that the issue names."""
    found = {"list": place.clew(store, "list", "--since", "all", "-n", "1000", "--json")}
    some = [trace_id(t) for t in traces][:6]
    for one in some:
        found["tree " + one] = place.clew(store, "tree", one)
        found["why " + one] = place.clew(store, "why", one)
    for t in list(traces)[:3]:
        found[f"text {t}"] = place.clew(store, "list", "--since", "all", "-g", f"needle{t}x1", "--json")
        assert trace_id(t) in found[f"text {t}"], found[f"text {t}"]
    found["stats"] = place.clew(store, "stats", "--since", "all")
    found["export"] = place.clew(store, "export", "--format", "otlp", "--since", "all", *extra)
    return found


def assert_equal(a, b):
    for name, text in a.items():
        if text != b[name]:
            one, other = text.splitlines(), b[name].splitlines()
            at = next((i for i, (x, y) in enumerate(zip(one, other)) if x != y), min(len(one), len(other)))
            x, y = ("".join(lines[at:at + 1]) for lines in (one, other))
            char = len(os.path.commonprefix([x, y]))
            raise AssertionError(f"{name} differs in line {at + 1} of {len(one)} and {len(other)} at {char}:\n{x[max(char - 200, 0):char + 500]}\n"
                                 f"--- and\n{y[max(char - 200, 0):char + 500]}")


def uploaded(c):
    return sum(int(line.split("segments=")[1].split()[0]) for line in c.lines if " objects.uploaded " in line)


def in_bucket(c, store):
    """How many segments the newest version has, as the collector tells."""
    project = os.path.basename(store) if "/projects/" in store else "default"
    for line in reversed(c.lines):
        found = re.search(rf" project={project} ", line) and re.search(r" objects\.uploaded .* in_all=(\d+)| objects\.attached .* segments=(\d+)", line)
        if found:
            return int(found.group(1) or found.group(2))
    return None


def wait_synced(place, c, store, url, traces, seconds=60):
    """Until the bucket has each of @traces and the newest state of the store: nothing is hot, and uploading rests."""
    end = time.monotonic() + seconds
    seen, since = None, time.monotonic()
    while True:
        doctor = json.loads(place.clew(store, "doctor", "--json"))
        state = (doctor["hot_fragments"], doctor["segments"], doctor["traces"], doctor["segment_bytes"],
                 len([line for line in c.lines if " objects." in line]))
        if state != seen:
            seen, since = state, time.monotonic()
        if doctor["hot_fragments"] == 0 and time.monotonic() - since > 2.5 and in_bucket(c, store) == doctor["segments"]:
            return
        assert time.monotonic() < end, f"not at rest after {seconds} s: {doctor}\n{c.tail}"
        time.sleep(0.3)


def names(bucket):
    return sorted(os.path.basename(p) for p in glob.glob(f"{bucket}/seg/*"))


def filled(place, url, n=40, *flags):
    """A store whose bucket has @n runs; its directory."""
    store = place.path("a")
    place.send(store, 0, n)
    with place.clewd(store, url, *flags) as c:
        wait_synced(place, c, store, url, range(n))
        assert uploaded(c) > 0, c.tail
        assert c.stop() == 0
    return store


class Reader(harness.Clewd):
    """A clewd that answers from a bucket alone."""

    def __init__(self, place, name, url, *flags, **more):
        self.place = place
        super().__init__("--role", "query", "--objects", url, "--http", "127.0.0.1:0", "--objects-every", "300ms", *flags,
                         store=place.path(name), environment=place.environment, **more)

    def clew(self, _, *args, status=0):
        """As Place.clew(), asked of this reader."""
        done = subprocess.run([harness.CLEW, "--url", f"http://{self.http}", *args], capture_output=True, text=True,
                              env=self.place.environment, timeout=120, check=False)
        assert status is None or done.returncode == status, f"{args}: {done.returncode}\n{done.stdout[-500:]}{done.stderr[-900:]}\n{self.tail}"
        return done.stdout if status == 0 else done.stdout + done.stderr

    def get(self, path):
        """Status, headers and body of an answer of the API."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def followed(self):
        status, _, body = self.get("/api/v1/status")
        assert status == 200, body
        return json.loads(body)["followed"]

    def until(self, holds, seconds=40):
        """Waits until @holds says so of what it tells about its bucket."""
        end = time.monotonic() + seconds
        while not holds(found := self.followed()):
            assert time.monotonic() < end, f"{found}\n{self.tail}"
            time.sleep(0.1)
        return found

    def caught_up(self, version):
        return self.until(lambda f: f["version"] >= version and f["failing"] is None)


def last_version(bucket):
    """Of the catalog, in a directory or in a stub's prefix p."""
    found = os.listdir(f"{bucket}/cat") if isinstance(bucket, str) else [k.split("/")[-1] for k in list(bucket.objects) if "/cat/" in k]
    return max(int(n) for n in found)


def holds(directory, piece):
    """Files below @directory that have the bytes @piece."""
    return [path for path in glob.glob(f"{directory}/**", recursive=True) if os.path.isfile(path) and piece in open(path, "rb").read()]


def same_everywhere(place, url):
    store = filled(place, url, 60)
    right = answers(place, store, range(60))
    assert_equal(right, answers(place, url, range(60)))
    fresh = place.path("b")
    with place.clewd(fresh, url) as c:
        assert "adopted=0" not in c.log and "damaged=0" in c.log, c.tail
        assert_equal(right, answers(place, fresh, range(60)))
        assert c.stop() == 0
    place.clew(fresh, "doctor", "--verify")
    # It goes on: runs that were sealed get more spans, others are new.
    place.send(fresh, 0, 10, spans=3, start=4)
    place.send(fresh, 60, 10)
    with place.clewd(fresh, url) as c:
        wait_synced(place, c, fresh, url, range(70))
        assert c.stop() == 0
    more = answers(place, fresh, range(70))
    assert more["list"] != right["list"]
    assert_equal(more, answers(place, url, range(70)))
    place.clew(fresh, "doctor", "--verify")
    third = place.path("c")
    with place.clewd(third, url) as c:
        assert_equal(more, answers(place, third, range(70)))
        assert c.stop() == 0
