"""
The section "s3" of tools/bench: what a bucket costs a collector, and what it takes to read from one.

The bucket is SeaweedFS when it is installed (tests/ceph and test-bucket install it), else the store in memory that the tests have. Requests are
counted by a proxy between; times are taken without it.
"""
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "tests", name) for name in ("bucket", "integration")]

WIDTHS = (30, 10, 10, 10, 10, 10)
# Where requests are not counted they come sooner than a collector makes them, so that less is waited.
SOON = ("--objects-wait", "2s")
SOON_S = 2
# What a store beyond the network takes longer than one on this machine.
SLOWER_S = 0.05
# Requests a second to a writer, and spans in each: several for each group, and none in step with them.
ACK_RATE, ACK_SPANS = 47, 4
# What stores ask for: a thousand PUTs or LISTs, a thousand GETs, a GB for a month (US dollars).
PUT_1000, GET_1000, GB_MONTH = 0.005, 0.0004, 0.023
DAYS = 30


class Bucket:
    """A running store, and a proxy that counts what goes to it."""

    def __init__(self, setup):
        import fault_proxy
        import s3_stub
        import seaweed_store
        weed = seaweed_store.installed()
        if weed:
            self.name, self.store = "SeaweedFS", seaweed_store.Seaweed(weed)
            self.store.__enter__()
            self.store.make_bucket()
            self.port = self.store.ports[0]
        else:
            self.name, self.store = "a store in memory", s3_stub.Store()
            self.port = self.store.port
        self.proxy = fault_proxy.FaultProxy(self.port, 1, rate=0)
        self.slow = fault_proxy.FaultProxy(self.port, 1, rate=1, faults=("delay",), delay=SLOWER_S)
        self.environment = {**os.environ, **self.store.environment, "AWS_EC2_METADATA_DISABLED": "true"}

    def url(self, prefix, counted=True, slow=False):
        return f"s3://traces/{prefix}?endpoint=http://127.0.0.1:{self.slow.port if slow else self.proxy.port if counted else self.port}"

    def seen(self):
        """[(method, path, bytes up, bytes down)] since the last call."""
        found, self.proxy.seen = self.proxy.seen, []
        return [s for s in found if "/probe/" not in s[1]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proxy.__exit__()
        self.slow.__exit__()
        self.store.__exit__(None, None, None)


def median(values):
    return statistics.median(values) if values else 0


def uploaded(server):
    """Waits until all is sealed, and the bucket has all segments; how the store is then."""
    end = time.monotonic() + 240
    while True:
        state = server.wait_sealed()  # again: segments are put together meanwhile
        with open(server.log, encoding="utf-8") as log:
            lines = [line for line in log if " objects.uploaded " in line]
        if lines and int(lines[-1].rsplit("in_all=", 1)[1]) == state["segments"]:
            return state
        if time.monotonic() > end:
            raise TimeoutError(f"not all of {state['segments']} segments is uploaded after 240 s: {lines[-1:]}")
        time.sleep(0.5)


def settled(server):
    """The same for a collector without a bucket: it has as long for putting segments together as one that waits before it uploads."""
    server.wait_sealed()
    time.sleep(SOON_S + 1)
    return server.wait_sealed()


# ---- writing ---------------------------------------------------------------------------------


def write_once(bench, setup, bucket, prefix, words, rate, seconds, counted):
    """(report, CPU s, state, what the bucket saw) of a collector that uploads; prefix None: one that does not."""
    flags = ["--objects", bucket.url(prefix, counted), *([] if counted else SOON)] if prefix else []
    os.environ.update({k: v for k, v in bucket.environment.items() if k.startswith("AWS_")})
    with setup.scratch() as directory, bench.Server(setup, directory, *bench.SEAL_FAST, *flags) as server:
        bucket.seen()
        before = bench.run_seconds(server)
        more = ["--rate", rate, "--repeat", "0", "--seconds", seconds] if rate else []
        report = server.load(*more, *words)
        state = uploaded(server) if prefix else settled(server)
        return report, bench.run_seconds(server) - before, state, bucket.seen()


def profiles_of(setup):
    """[(name, words of loadgen)]: each file of agent runs that is here, and small spans, which always are."""
    return [(name, [path]) for name, path in setup.files()] + [("small spans", ["--synthetic", setup.synthetic])]


def bench_write(bench, setup, bucket):
    bench.row("", "off CPU s", "on CPU s", "more %", "MB/s off", "MB/s on", widths=WIDTHS)
    rounds = 3 if setup.quick else 5
    counts, speed = None, {}
    profiles = profiles_of(setup)
    for number, (name, words) in enumerate(profiles):
        cpu = {False: [], True: []}
        for turn in range(2 * rounds):
            on = turn % 2 == 1
            report, spent, _, _ = write_once(bench, setup, bucket, f"w{number}x{turn}" if on else None, words, None, 0, False)
            cpu[on].append(spent)
            speed[name] = report["acked"] / max(report["seconds"], 0.001)
        off, on = median(cpu[False]), median(cpu[True])
        mb = report["acked_bytes"] / 1e6
        bench.row(name, bench.figure(off, 3), bench.figure(on, 3), bench.figure(100 * (on / off - 1)), bench.figure(mb / off),
                  bench.figure(mb / on), widths=WIDTHS)
    print("  CPU of clewd until durable, sealed and in the bucket, median; MB/s: payload per CPU second.")
    bench.row("ack ms at a quarter of that", "p50 off", "p99 off", "p50 on", "p99 on", "", widths=WIDTHS)
    for name, words in profiles[:1] + profiles[1:][-1:]:
        rate = max(1, int(speed[name] / 4))
        found = []
        for on in (False, True):
            report, _, _, _ = write_once(bench, setup, bucket, f"a{name[:2]}{on}".lower().replace(" ", "") if on else None, words, rate,
                                         setup.ack_s, False)
            found += [bench.figure(report["ack_ms"]["p50"], 2), bench.figure(report["ack_ms"]["p99"], 2)]
        bench.row(name, *found, widths=WIDTHS)
    for number, (name, words) in enumerate(profiles):
        report, _, state, seen = write_once(bench, setup, bucket, f"c{number}", [*words, "--repeat", "1"], None, 0, True)
        puts = [s for s in seen if s[0] == "PUT"]
        others = [s for s in seen if s[0] != "PUT"]
        up = sum(s[2] for s in puts)
        if counts is None:
            bench.row("to the store", "OTLP MB", "stored MB", "PUTs", "others", "PUT/8MiB", widths=WIDTHS)
            counts = []
        mb = report["acked_bytes"] / 1e6
        bench.row(name, bench.figure(mb), bench.figure(up / 1e6, 2), len(puts), len(others), bench.figure(len(puts) / max(1, up / 2**23), 2),
                  widths=WIDTHS)
        counts.append((name, mb, up / 1e6, len(puts), len(others)))
    return counts


# ---- acknowledged in the bucket --------------------------------------------------------------


def percentiles(took):
    took = sorted(took)
    return (statistics.median(took), took[min(len(took) - 1, len(took) * 99 // 100)]) if took else (0, 0)


class Prober:
    """Single PUTs of @size bytes to the same store, @n side by side, ten a second each; by the code that a collector makes its journal with."""

    def __init__(self, setup, bucket, prefix, n, size, seconds, slow):
        self.running = [subprocess.Popen([setup.program("tests/bench/bench-put"), bucket.url(f"{prefix}.put{i}", False, slow), "put", str(size),
                                          str(seconds), "100"], stdout=subprocess.PIPE, text=True, env=bucket.environment) for i in range(n)]

    def end(self):
        """(p50, p99) in ms of all."""
        return percentiles([float(line) for p in self.running for line in p.communicate(timeout=120)[0].split()])


class Disk(threading.Thread):
    """What each of a group's requests waits for besides its PUT: a commit to the disk of the store, as LMDB makes it. Ten a second."""

    def __init__(self, directory, size):
        super().__init__(daemon=True)
        self.path, self.body = os.path.join(directory, "commit"), os.urandom(size)
        self.took, self.over = [], threading.Event()

    def run(self):
        pages, meta = (os.open(self.path, os.O_RDWR | os.O_CREAT | more, 0o600) for more in (0, os.O_DSYNC))
        while not self.over.wait(0.1):
            start = time.monotonic()
            os.pwrite(pages, self.body, 4096 + len(self.took) % 64 * len(self.body))
            os.fdatasync(pages)
            os.pwrite(meta, self.body[:120], 0)
            self.took.append((time.monotonic() - start) * 1000)
        os.close(pages)
        os.close(meta)

    def end(self):
        self.over.set()
        self.join()
        return percentiles(self.took)


def journal_bytes(bucket, prefix, n):
    """What an object of the journals has, by and large."""
    import s3_client
    env = bucket.environment
    client = s3_client.Client(bucket.port, env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], getattr(bucket.store, "region", "us-east-1"))
    end = time.monotonic() + 20
    while True:
        sizes = [size for i in range(n) for size in client.objects("traces", f"{prefix}/writer.w{i}/journal/").values() if size > 40]
        if len(sizes) >= 3 * n or time.monotonic() > end:
            return int(median(sizes))
        time.sleep(0.1)


def ack_once(bench, setup, bucket, prefix, n, words, acks=True, counted=False, slow=False, seconds=0, flags=()):
    """
    [report], CPU s of all writers, (p50, p99) of a PUT beside them and of a commit to their disk, bytes of those, what the bucket saw; of @n
    writers. @seconds: at a rate.
    """
    os.environ.update({k: v for k, v in bucket.environment.items() if k.startswith("AWS_")})
    with contextlib.ExitStack() as stack:
        words_of = ["--objects", bucket.url(prefix, counted, slow), *(["--ack-objects", "on"] if acks else []), *([] if counted else SOON), *flags]
        servers = [stack.enter_context(bench.Server(setup, stack.enter_context(setup.scratch()), *bench.SEAL_FAST, *words_of, "--writer", f"w{i}"))
                   for i in range(n)]
        bucket.seen()
        before = [bench.run_seconds(s) for s in servers]
        more = ["--batch", ACK_SPANS, "--rate", ACK_RATE, "--repeat", "0", "--seconds", seconds] if seconds else []
        loads = [subprocess.Popen([str(w) for w in s.load_words(*more, *words)], stdout=subprocess.PIPE, text=True) for s in servers]
        size = journal_bytes(bucket, prefix, n) if seconds else 0
        beside = [Prober(setup, bucket, prefix, n, size, seconds - 1, slow), Disk(stack.enter_context(setup.scratch()), size)] if size else []
        for one in beside[1:]:
            one.start()
        reports = [json.loads(load.communicate(timeout=600)[0]) for load in loads]
        beside = [one.end() for one in beside] or [(0, 0), (0, 0)]
        for s in servers:
            uploaded(s)
        cpu = sum(bench.run_seconds(s) - b for s, b in zip(servers, before))
        return reports, cpu, beside, size, bucket.seen()


def bench_acks(bench, setup, bucket):
    words_of_one = profiles_of(setup)[0][1]
    bench.row("--ack-objects on", "p50 ms", "p99 ms", "PUT p50", "PUT p99", "MB/CPU s", widths=WIDTHS)
    for slow, n in ((False, 1), (False, 4), (True, 1), (True, 4)):
        reports, cpu, (put, disk), size, _ = ack_once(bench, setup, bucket, f"k{n}{slow}".lower(), n, words_of_one, slow=slow,
                                                      seconds=3 * setup.ack_s)
        p50, p99 = median([r["ack_ms"]["p50"] for r in reports]), max(r["ack_ms"]["p99"] for r in reports)
        label = f"{n} at a rate{', slower store' if slow else ''}"
        bench.row(label, *(bench.figure(x, 1) for x in (p50, p99, *put)), bench.figure(sum(r["acked_bytes"] for r in reports) / 1e6 / cpu), widths=WIDTHS)
        print(f"    p99 is {p99 / max(put[0], 0.001):.1f} medians and {p99 / max(put[1], 0.001):.1f} p99 of a PUT of {size} bytes, {n} side by side, "
              f"meanwhile; a commit to the disk has {disk[0]:.1f} and {disk[1]:.1f} ms")
        tell_lost(reports)
    for n in (1, 4):
        reports, cpu, _, _, _ = ack_once(bench, setup, bucket, f"kf{n}", n, words_of_one)
        bench.row(f"{n} at full speed", bench.figure(median([r["ack_ms"]["p50"] for r in reports]), 1),
                  bench.figure(max(r["ack_ms"]["p99"] for r in reports), 1), "", "",
                  bench.figure(sum(r["acked_bytes"] for r in reports) / 1e6 / cpu), widths=WIDTHS)
        tell_lost(reports)
    print(f"  A rate: {ACK_RATE} requests a second of {ACK_SPANS} spans to each writer. p50: median of the writers; p99: of the worst. PUT: single ones,\n"
          f"  ten a second for each writer. A group is on the disk before its PUT begins. The slower store takes\n"
          f"  {SLOWER_S * 1000:.0f} ms more for each request, as one beyond the network.")
    bench.row("requests, one writer", "OTLP MB", "PUTs", "journal", "DELETEs", "GET, LIST", widths=WIDTHS)
    for acks in (False, True):
        reports, _, _, _, seen = ack_once(bench, setup, bucket, f"q{acks}".lower(), 1, [*words_of_one, "--repeat", "1"], acks, True)
        of = {m: [s for s in seen if s[0] == m] for m in ("PUT", "DELETE", "GET")}
        bench.row("acknowledged there" if acks else "acknowledged here", bench.figure(reports[0]["acked_bytes"] / 1e6), len(of["PUT"]),
                  sum("/journal/" in s[1] for s in of["PUT"]), len(of["DELETE"]), len(of["GET"]), widths=WIDTHS)


def tell_lost(reports):
    lost = sum(r["sent"] - r["acked"] for r in reports)
    if lost:
        print(f"  note: {lost} requests were not acknowledged")


# ---- reading ---------------------------------------------------------------------------------


def asked(bench, setup, bucket, words, environment):
    """(requests, bytes down, wall ms) of a query."""
    bucket.seen()
    start = time.monotonic()
    done = subprocess.run([setup.program("query/clew"), *words], env=environment, capture_output=True, text=True, check=False)
    wall = (time.monotonic() - start) * 1000
    if done.returncode not in (0, 1):
        raise bench.Failed(done.stderr[-300:])
    seen = bucket.seen()
    return len(seen), sum(s[3] for s in seen), wall, done.stdout


def bench_read(bench, setup, bucket):
    runs = 2000 if setup.quick else 20000
    url = bucket.url("read")
    os.environ.update({k: v for k, v in bucket.environment.items() if k.startswith("AWS_")})
    with setup.scratch() as directory:
        with bench.Server(setup, directory, *bench.SEAL_FAST, "--objects", url) as server:
            server.load("--agents", str(runs))
            uploaded(server)
        environment = {**bucket.environment, "XDG_CACHE_HOME": os.path.join(directory, "cache")}
        bench.row(f"reading {runs} runs", "requests", "KB", "ms", "", "", widths=WIDTHS)
        clew = [setup.program("query/clew"), "--store", server.store, "list", "--since", "all", "-n", "40", "--json"]
        ids = [json.loads(line)["trace_id"] for line in bench.run(clew).stdout.splitlines() if line.startswith("{")]
        text = ["list", "--since", "all", "-g", "error", "-n", "20"]
        for label, words in (("list, no cache yet", ["list", "--since", "all"]), ("list", ["list", "--since", "all"]),
                             ("by id, cold", ["tree", ids[-1]]), ("by id, warm", ["tree", ids[-1]]),
                             ("why, cold", ["why", ids[0]]), ("why, warm", ["why", ids[0]]),
                             ("text, all runs, cold", text), ("text, all runs, warm", text),
                             ("by id, no cache yet", ["tree", ids[-1]])):
            if "no cache yet" in label:
                environment["XDG_CACHE_HOME"] = os.path.join(directory, label.split(",")[0].replace(" ", ""))
            n, down, wall, _ = asked(bench, setup, bucket, ["--store", url, *words], environment)
            bench.row(label, n, bench.figure(down / 1000), bench.figure(wall), widths=WIDTHS)
        print("  One request of each asks whether something is new. ms: of the whole command, through the proxy that counts.")
        read_at_a_reader(bench, setup, bucket, url, os.path.join(directory, "reader"), [["tree", ids[-1]], ["why", ids[0]], text], environment)


def read_at_a_reader(bench, setup, bucket, url, store, questions, environment):
    """The same, asked of a clewd --role query: what it asks the bucket for besides following it."""
    log = store + ".log"
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen([setup.program("collector/clewd"), "--role", "query", "--store", store, "--objects", url, "--http", "127.0.0.1:0"],
                                   stdout=out, stderr=out, env=environment)
    try:
        end = time.monotonic() + 60
        address = None
        while not address or '"segments":0' in urllib.request.urlopen(f"http://{address}/api/v1/status").read().decode().replace(" ", ""):
            if time.monotonic() > end:
                raise TimeoutError("a reader does not come to have what the bucket has")
            time.sleep(0.3)
            with open(log, encoding="utf-8") as lines:
                found = re.search(r"protocol=http address=(\S+)", lines.read())
            address = address or (found and found.group(1))
        bench.row("at a reader", "requests", "KB", "ms", "", "", widths=WIDTHS)
        for words in questions:
            for label in ("cold", "warm"):
                bucket.seen()
                start = time.monotonic()
                bench.run([setup.program("query/clew"), "--url", f"http://{address}", *words])
                wall = (time.monotonic() - start) * 1000
                seen = [s for s in bucket.seen() if "/seg/" in s[1]]
                bench.row(f"{words[0]}, {label}", len(seen), bench.figure(sum(s[3] for s in seen) / 1000), bench.figure(wall), widths=WIDTHS)
        print("  Requests for data; following asks two a second, whoever asks what.")
    finally:
        process.terminate()
        process.wait()


def print_costs(bench, counts):
    name, mb, up, puts, others = max(counts, key=lambda c: c[1])
    bench.row(f"at {name}'s figures", "PUT/s", "requests $", "stored TB", "stored $", "a month", widths=WIDTHS)
    for label, tb in (("10 TB a day", 10), ("864 TB a day", 864)):
        scale = tb * 1e6 / mb
        requests = (puts * scale * PUT_1000 + others * scale * GET_1000) / 1000 * DAYS
        stored = up * scale / 1e6 * DAYS
        bench.row(label, bench.figure(puts * scale / 86400), bench.figure(requests, 0), bench.figure(stored),
                  bench.figure(stored * 1000 * GB_MONTH, 0), "", widths=WIDTHS)
    print(f"  {DAYS} days kept; ${PUT_1000} for 1,000 PUTs, ${GET_1000} for 1,000 others, ${GB_MONTH} for a GB and month. One collector a prefix.")


def bench_objects(bench, setup):
    with Bucket(setup) as bucket:
        bench.head(f"a bucket: {bucket.name} on this machine")
        counts = bench_write(bench, setup, bucket)
        bench_acks(bench, setup, bucket)
        bench_read(bench, setup, bucket)
        print_costs(bench, counts)
    bench.command(setup, ["build/collector/clewd", "--store", "DIR", "--objects", "s3://BUCKET/PREFIX", *bench.SEAL_FAST])
