"""
What the collector's whole-program tests share: a clewd of their own on free loopback ports with a
store in a temporary directory, and results in the Test Anything Protocol.
"""
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("CLEW_BUILD", "build"))
CLEWD = os.environ.get("CLEW_CLEWD", os.path.join(BUILD, "collector", "clewd"))
CLEW = os.path.join(BUILD, "query", "clew")
START_SECONDS_MAX = 20
STOP_SECONDS_MAX = 30


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


class Clewd:
    """A running collector. Use as a context manager: it is killed when the block ends."""

    def __init__(self, *flags, store=None, environment=None, wait=True, files=None):
        self.own_store = store is None
        self.store = store or tempfile.mkdtemp(prefix="clew-test-")
        self.lines = []
        self.addresses = {}
        argv = [CLEWD, "--store", self.store]
        given = " ".join(flags)
        if "--grpc" not in given:
            argv += ["--grpc", "127.0.0.1:0"]
        if "--http" not in given:
            argv += ["--http", "off"]
        self.process = subprocess.Popen(argv + list(flags), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        errors="replace", env={**os.environ, **(environment or {})},
                                        preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if wait:
            self.wait_for(" started ")

    def _read(self):
        for line in self.process.stderr:
            found = re.search(r" listening protocol=(\w+) address=(\S+)", line)
            if found:
                self.addresses.setdefault(found.group(1), found.group(2))
            self.lines.append(line.rstrip("\n"))

    @property
    def log(self):
        return "\n".join(self.lines)

    @property
    def tail(self):
        """The end of the log, for messages."""
        return "\n".join(self.lines[-15:])

    @property
    def grpc(self):
        return self.addresses["grpc"]

    @property
    def http(self):
        return self.addresses["http"]

    def wait_for(self, text, seconds=START_SECONDS_MAX):
        """Waits until the log holds @text."""
        end = time.monotonic() + seconds
        while text not in self.log:
            if self.process.poll() is not None:
                self.reader.join(5)
                if text in self.log:
                    return
                raise AssertionError(f"clewd ended with {self.process.returncode}:\n{self.tail}")
            if time.monotonic() > end:
                raise AssertionError(f"no \"{text}\" in the log after {seconds} s:\n{self.tail}")
            time.sleep(0.01)

    def wait(self, seconds=STOP_SECONDS_MAX):
        """The exit code."""
        code = self.process.wait(seconds)
        self.reader.join(5)
        return code

    def stop(self, seconds=STOP_SECONDS_MAX):
        """Asks it to stop; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def memory_kib(self, field="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        raise AssertionError(f"no {field}")

    def counters(self):
        """The last line of counters in the log (after a stop: the final ones)."""
        for line in reversed(self.lines):
            if " stats " in line:
                return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}
        return {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        if self.own_store:
            shutil.rmtree(self.store, ignore_errors=True)


def run_tests(module):
    """Runs each test_* function of @module in the order they are written; returns an exit status."""
    tests = [(name, fn) for name, fn in vars(module).items() if name.startswith("test_")]
    wanted = sys.argv[1:]
    failed = 0
    for number, (name, fn) in enumerate(tests, 1):
        title = name[len("test_"):].replace("_", " ")
        if wanted and not any(w in name for w in wanted):
            continue
        try:
            fn()
        except Skip as why:
            print(f"ok {number} - {title} # SKIP {why}")
        except Exception:  # a test may fail in any way; the next one still runs
            failed += 1
            for line in traceback.format_exc().rstrip().splitlines():
                print(f"  {line}")
            print(f"not ok {number} - {title}")
        else:
            print(f"ok {number} - {title}")
        sys.stdout.flush()
    return 1 if failed else 0


def enter_venv():
    """
    Continues this program under a Python that has the packages of requirements.txt, which are
    installed from PyPI once. Returns why that is impossible, or None when they are there.
    """
    here = os.path.dirname(os.path.abspath(__file__))
    wanted = os.path.join(here, "requirements.txt")
    venv = os.path.join(BUILD, "venv")
    stamp = os.path.join(venv, "requirements.txt")
    python = os.path.join(venv, "bin", "python3")
    if os.environ.get("CLEW_IN_VENV"):
        return None
    with open(wanted, encoding="utf-8") as f:
        text = f.read()
    try:
        with open(stamp, encoding="utf-8") as f:
            ready = f.read() == text
    except OSError:
        ready = False
    if not ready:
        print(f"# installing the test clients into {os.path.relpath(venv, ROOT)}", flush=True)
        for argv in ([sys.executable, "-m", "venv", venv],
                     [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                      "-r", wanted]):
            try:
                done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=600, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                return f"the test clients cannot be installed: {error}"
            if done.returncode != 0:
                last = (done.stdout.strip().splitlines() or ["no output"])[-1]
                return f"the test clients cannot be installed: {last[:200]}"
        shutil.copyfile(wanted, stamp)
    os.environ["CLEW_IN_VENV"] = "1"
    os.execv(python, [python, "-B", os.path.abspath(sys.argv[0]), *sys.argv[1:]])
    return None
