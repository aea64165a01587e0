"""
The section `browsers` of tools/bench: whether questions make acknowledgements late. The same load is sent
alone, beside ten browsers, beside a query that never ends, and beside both, in turns, so that what the
machine does besides falls on all of them alike. A browser is a client of the API that does what a page does:
the list, counts and a search, a run with its steps and cause, and a live stream.
"""
import http.client
import json
import random
import subprocess
import sys
import threading
import time

BROWSERS = 10
RATE = 100
RUNS = 20000
SEARCHES = ("{ status = error }", '{ span.gen_ai.tool.name =~ ".*a" }', "{ duration > 1ms }")
# What a person does takes time, also a hasty one.
PAUSE_S = 0.5


class Browser(threading.Thread):
    def __init__(self, address, seed, ends):
        super().__init__(daemon=True)
        self.address, self.random, self.ends = address, random.Random(seed), ends
        self.times, self.refused, self.late = [], 0, 0

    def get(self, path):
        begun = time.monotonic()
        connection = http.client.HTTPConnection(self.address, timeout=60)
        body = b""
        try:
            connection.request("GET", "/api/v1/" + path)
            answer = connection.getresponse()
            body = answer.read() if answer.status == 200 else b""
            self.refused += answer.status == 503
        except OSError:
            self.late += 1
        connection.close()
        self.times.append(time.monotonic() - begun)
        return body

    def newest(self):
        body = self.get("traces?since=all&limit=20&fields=trace_id")
        items = json.loads(body)["items"] if body else []
        return self.random.choice(items)["trace_id"] if items else None

    def run(self):
        stream = http.client.HTTPConnection(self.address, timeout=60)
        stream.request("GET", "/api/v1/live")  # its events wait in the socket, as for a tab behind others
        while not self.ends.is_set():
            self.get("traces?since=all&limit=50")
            self.get("traces/count?since=1h")
            self.get("traces?since=all&limit=50&query=" + self.random.choice(SEARCHES).replace(" ", "+").replace("~", "%7E").replace('"', "%22"))
            trace = self.newest()
            for part in ("", "/steps?limit=50", "/why", "/chat") if trace else ():
                self.get(f"traces/{trace}{part}")
            self.ends.wait(PAUSE_S)
        stream.close()


class Endless(Browser):
    def run(self):
        while not self.ends.is_set():
            self.get("traces?since=all&limit=1000&limit-time=10s&grep=qzqzqz")
            self.get("stats?since=all&by=tool,model")


def look(address, n_browsers, n_endless):
    """Runs them until a line comes; then tells what they got. In a process of its own."""
    ends = threading.Event()
    all_of_them = [Browser(address, n, ends) for n in range(n_browsers)] + [Endless(address, n, ends) for n in range(n_endless)]
    for one in all_of_them:
        one.start()
    sys.stdin.readline()
    ends.set()
    for one in all_of_them:
        one.join(100)
    times = sorted(t for one in all_of_them for t in one.times)
    print(json.dumps({"n": len(times), "p50": times[len(times) // 2] if times else None, "p99": times[len(times) * 99 // 100] if times else None,
                      "refused": sum(one.refused + one.late for one in all_of_them)}))


def bench_browsers(bench, setup):
    bench.head("ack latency beside questions")
    widths = (30, 12, 12, 12, 14)
    kinds = [("alone", 0, 0), ("ten browsers", BROWSERS, 0), ("an endless query", 0, 1), ("both", BROWSERS, 1)]
    rounds = 1 if setup.quick else 3
    seconds = max(setup.ack_s, 3)
    got = {name: [] for name, _, _ in kinds}
    asked = {name: [] for name, _, _ in kinds}
    with setup.scratch() as directory, bench.Server(setup, directory, "--http", "127.0.0.1:0", "--seal-idle", "1s", "--seal-wait", "2s") as server:
        server.load("--agents", RUNS // (4 if setup.quick else 1))
        server.wait_sealed()
        for _ in range(rounds):
            for name, n_browsers, n_endless in kinds:
                with subprocess.Popen([sys.executable, "-B", __file__, server.http, str(n_browsers), str(n_endless)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True) as lookers:
                    time.sleep(0.5)
                    report = server.load("--repeat", "0", "--seconds", seconds, "--rate", RATE, "--synthetic", "200000")
                    out, _ = lookers.communicate("end\n", timeout=240)
                got[name].append(report["ack_ms"])
                asked[name].append(json.loads(out))
        memory = server.memory()
    bench.row("", "p50 ms", "p99 ms", "max ms", "questions/s", widths=widths)
    for name, _, _ in kinds:
        middle = sorted(got[name], key=lambda ack: ack["p99"])[rounds // 2]
        n = sum(a["n"] for a in asked[name]) / rounds / seconds
        bench.row(name, bench.figure(middle["p50"], 2), bench.figure(middle["p99"], 2), bench.figure(middle["max"], 2), bench.figure(n), widths=widths)
    both = asked["both"]
    print(f"  The middle one of {rounds} by p99; {RATE} requests/s. Beside both a question takes {both[0]['p50'] * 1000:.0f} ms (p99 "
          f"{both[0]['p99'] * 1000:.0f}), {sum(a['refused'] for a in both)} were told to come back or had no answer in a minute. Peak of clewd: {memory['VmHWM']:.0f} MiB.")
    bench.command(setup, ["build/tools/loadgen", "--to", "ADDRESS", "--repeat", "0", "--seconds", seconds, "--rate", RATE, "--synthetic", "200000"])


if __name__ == "__main__":
    look(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
