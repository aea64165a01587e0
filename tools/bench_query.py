"""
The section `query` of tools/bench: questions to stores of agent runs, at two sizes side by side.

A store is built once, over gRPC from a real clewd, and kept outside of the source tree by the version of
its generator. Each question is a whole process; the plain scan beside it is the same question with
indexes off, where the program has that flag.
"""
import os
import re
import shutil
import signal
import subprocess
import threading
import time

ROUNDS = 15
SLOW_S = 2.0  # a question that takes longer is asked once or twice only
GIVE_UP_S = 60.0
CHUNK = 50000  # runs in the memory of loadgen at once
SEED = 1
SIZES = (100000, 1000000)
QUICK_SIZES = (10000, 100000)
START_S = 1764000000
GAP_S = 2.5
WIDTHS = (25, 6, 9, 9, 8, 6, 8, 9)
NO_SCAN = ("tree", "doctor", "why")  # commands that have no other way
# A collector that seals nothing while it is looked at.
UNSEALED = ("--seal-idle", "24h", "--seal-wait", "24h")


def cache_dir(setup):
    if setup.cache:
        return setup.cache
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "clew-bench")


def count_name(n):
    return f"{n // 1000000}M" if n % 1000000 == 0 else f"{n // 1000}k"


def why_stale(kit, setup, directory):
    """Why a store that was made once is not what this version would make; None: it is."""
    clew = setup.program("query/clew")
    try:
        told = kit.run_json([clew, "--store", os.path.join(directory, "store"), "doctor", "--json"])
    except kit.Failed as error:
        return str(error)
    for member, what in (("summaries_of_other_rules", "summaries of other rules"),
                         ("index_runs_of_other_versions", "index runs of another version"),
                         ("hot_fragments", "hot fragments")):
        if told.get(member, 0):
            return f"it has {told[member]} {what}"
    if told["indexed_segments"] != told["segments"]:
        return f"{told['segments'] - told['indexed_segments']} segments have no index"
    return None


def build_store(kit, setup, n):
    """The directory of a sealed store of @n runs; made when it is not there, or of another version of Clew."""
    version = kit.run([setup.program("tools/agentgen"), "--version"]).stdout.strip()
    directory = os.path.join(cache_dir(setup), f"agents-v{version}-{n}")
    done = os.path.join(directory, "complete")
    if os.path.exists(done):
        why = why_stale(kit, setup, directory)
        if why is None:
            return directory
        print(f"  the store of {count_name(n)} is built anew: {why}")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    start = time.monotonic()
    with kit.Server(setup, directory, "--seal-idle", "5s", "--seal-wait", "30s", "--seal-cpu", "100") as server:
        acked = 0
        for first in range(0, n, CHUNK):
            report = server.load("--agents", min(CHUNK, n - first), "--first", first)
            acked += report["acked_bytes"]
        loaded = server.spent()
    clew = setup.program("query/clew")
    state = kit.run_json([clew, "--store", os.path.join(directory, "store"), "doctor", "--seal", "--json"])
    if state["traces"] != n or state["hot_fragments"]:
        raise kit.Failed(f"the store holds {state['traces']} runs, not {n}")
    print(f"  built {count_name(n)}: {acked / 1e6:,.0f} MB, {time.monotonic() - start:,.0f} s, "
          f"{loaded:,.1f} CPU s of clewd; {state['used_bytes'] / 1e6:,.0f} MB used")
    with open(done, "w", encoding="utf-8") as file:
        file.write(version + "\n")
    return directory


def build_hot(kit, setup, n):
    """The directory of a store of @n runs of which none is sealed."""
    version = kit.run([setup.program("tools/agentgen"), "--version"]).stdout.strip()
    directory = os.path.join(cache_dir(setup), f"agents-v{version}-hot-{n}")
    done = os.path.join(directory, "complete")
    if os.path.exists(done):
        return directory
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    with kit.Server(setup, directory, *UNSEALED) as server:
        for first in range(0, n, CHUNK):
            server.load("--agents", min(CHUNK, n - first), "--first", first)
    with open(done, "w", encoding="utf-8") as file:
        file.write(version + "\n")
    return directory


def print_start(kit, setup, size, directory):
    """From the start of a clewd until it listens, and what it did until that was seen."""
    before = time.monotonic()
    with kit.Server(setup, directory, *UNSEALED) as server:
        wall = time.monotonic() - before
        proc = f"/proc/{server.process.pid}"
        cpu = 0
        for task in os.listdir(f"{proc}/task"):
            with open(f"{proc}/task/{task}/schedstat", encoding="utf-8") as spent:
                cpu += int(spent.read().split()[0]) / 1e9
        with open(f"{proc}/status", encoding="utf-8") as status:
            peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024
        kit.row("start of clewd", count_name(size), ms(wall), "-", ms(cpu), kit.figure(peak, 0), "-", "-",
                widths=WIDTHS)


def bench_hot(kit, setup, clew):
    n = setup.sizes[-1] // 2 if setup.sizes else QUICK_SIZES[-1] // 2 if setup.quick else SIZES[-1] // 2
    store = os.path.join(build_hot(kit, setup, n), "store")
    for label, words in (("nothing sealed: failed", ["list", "--failed", "--since", "all", "-n", "20"]),
                         ("nothing sealed: newest", ["list", "--since", "all", "-n", "20"]),
                         ("nothing sealed: why", ["why", "@"]),
                         ("nothing sealed: session", ["list", "--session", "conv-billing-100", "--since", "all"]),
                         ("nothing sealed: nowhere", ["list", "-g", "zyzzogeton", "--since", "all", "-n", "20"]),
                         ("nothing sealed: sessions", ["sessions", "--since", "all"])):
        if not setup.questions or any(q in label for q in setup.questions):
            print_asked(kit, label, n, ask(kit, [clew, "--store", store, *words], 5), None)


class Asked:
    """What one run of a question took."""

    def __init__(self, words):
        before = time.monotonic()
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, "CLEW_READS": "1"})
        out, err = self.finish(process)
        self.wall = time.monotonic() - before
        self.lines = out.count(b"\n")
        found = re.search(rb"^read (\d+) bytes of stored records$", err, re.M)
        self.read = f"{int(found.group(1)) / 1e6:,.2f}" if found else "-"

    def finish(self, process):
        """Output and errors, with what the process used; ended when it takes too long."""
        self.ended = False

        def end():
            self.ended = True
            process.send_signal(signal.SIGKILL)

        timer = threading.Timer(GIVE_UP_S, end)
        timer.start()
        errors = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
        reader.start()
        out = process.stdout.read()
        reader.join()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.stdout.close()
        process.stderr.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.mib = usage.ru_maxrss / 1024
        return out, errors[0]


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def ask(kit, words, rounds):
    """Runs of a question; few when it is slow. The first only warms the page cache."""
    first = Asked(words)
    if first.ended or first.wall > SLOW_S * 5:
        return [first]
    asked = [Asked(words) for _ in range(2 if first.wall > SLOW_S else rounds)]
    return asked


def ms(seconds):
    return f"{seconds * 1000:,.1f}" if seconds < 1 else f"{seconds * 1000:,.0f}"


def print_asked(kit, label, size, asked, scan):
    if asked[0].ended:
        wall, late = f"> {GIVE_UP_S:.0f} s", "-"
    else:
        wall = ms(quantile([a.wall for a in asked], 0.5))
        late = ms(quantile([a.wall for a in asked], 0.95))
    beside = "-"
    if scan:
        beside = f"> {GIVE_UP_S:.0f} s" if scan[0].ended else ms(quantile([a.wall for a in scan], 0.5))
    kit.row(label, count_name(size), wall, late, ms(quantile([a.cpu for a in asked], 0.5)),
            kit.figure(max(a.mib for a in asked), 0), asked[0].read, beside, widths=WIDTHS)


def when(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def questions(size, order, trace):
    """(label, words) of each question; times lie in the middle of the store."""
    middle = START_S + size // 2 * GAP_S
    window = ["--since", when(middle - 86400), "--until", when(middle)]
    everything = ["--since", "all"]
    newest = [*everything, "-n", "20"]
    return [
        ("list alone", ["list", *newest]),
        ("agent and time", ["list", "--agent", "billing-worker", *window, "-n", "20"]),
        ("attribute and time", ["list", '{ span.gen_ai.request.model = "large-2" && status != error }',
                                *window, "-n", "20"]),
        ("failed, newest", ["list", "--failed", *newest]),
        ("session by id", ["list", "--session", f"conv-billing-{size // 100}", *everything]),
        ("rare word", ["list", "-g", "quixotwist", "-i", *newest]),
        ("an id in a text", ["list", "-g", order, *newest]),
        ("common word", ["list", "-g", "refund", *newest]),
        ("word that is nowhere", ["list", "-g", "zyzzogeton", *newest]),
        ("structural", ["list", '{ span.clew.agent = "billing-worker" } >> { status = error && span.clew.tool != nil }',
                        *newest]),
        ("path", ["list", "--path", "send_mail/error ... send_mail", *newest]),
        ("stats --by agent", ["stats", "--by", "agent", *everything]),
        ("stats --by model", ["stats", "--by", "model", *everything]),
        ("stats --by tool", ["stats", "--by", "tool", *everything]),
        ("stats --by kind", ["stats", "--by", "kind", *everything]),
        ("compare --failed", ["compare", "--failed", *everything]),
        ("list --count", ["list", "--count", *everything]),
        ("clusters", ["clusters", *everything]),
        ("sessions, newest 50", ["sessions", *everything]),
        ("open a trace", ["tree", trace]),
        ("why", ["why", trace]),
        ("doctor", ["doctor"]),
    ]


def pick(kit, clew, store):
    """A run in the middle, and the number that its texts name."""
    out = kit.run([clew, "--store", store, "list", "--since", "all", "-n", "1000", "-q"]).stdout.split()
    trace = out[len(out) // 2]
    text = kit.run([clew, "--store", store, "chat", trace]).stdout
    return re.search(r"ORD-[0-9a-f]{8}", text).group(0), trace


def bench_query(kit, setup):
    kit.head("questions to a store of agent runs: whole process, sealed, warm")
    kit.row("", "runs", "p50 ms", "p95 ms", "CPU ms", "MiB", "read MB", "scan ms", widths=WIDTHS)
    clew = setup.program("query/clew")
    sizes = setup.sizes or (QUICK_SIZES if setup.quick else SIZES)
    stores = [(n, os.path.join(build_store(kit, setup, n), "store")) for n in sizes]
    scans = ["--no-index"] if "--no-index" in kit.run([clew, "list", "--help"]).stdout else None
    picked = {n: pick(kit, clew, store) for n, store in stores}
    labels = [label for label, _ in questions(sizes[0], "", "")]
    for i, label in enumerate(labels):
        if setup.questions and not any(q in label for q in setup.questions):
            continue
        for n, store in stores:
            words = [clew, "--store", store, *questions(n, *picked[n])[i][1]]
            rounds = 5 if setup.quick else ROUNDS
            asked = ask(kit, words, rounds)
            scan = ask(kit, [*words, *scans], 1) if scans and words[3] not in NO_SCAN else None
            print_asked(kit, label, n, asked, scan)
    if not setup.questions or any(q in "start of clewd" for q in setup.questions):
        for n, store in stores:
            print_start(kit, setup, n, os.path.dirname(store))
    bench_hot(kit, setup, clew)
    print("  MiB: resident at most, mapped pages of the store counted. read: stored records, each time that one was.")
    for label, words in questions(sizes[-1], *picked[sizes[-1]]):
        kit.command(setup, ["build/query/clew", *(f"'{w}'" if " " in w else w for w in words)])
