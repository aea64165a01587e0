"""Prints the Test Anything Protocol, and what the crash harnesses share: paths, figures, ports."""
import os
import random
import socket
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("CLEW_TEST_BUILD", os.path.join(ROOT, "build"))
SHIM = os.path.join(BUILD, "tests", "crash", "libclew-shim.so")
TOY = os.path.join(BUILD, "tests", "crash", "toy")
DRIVER = os.path.join(BUILD, "tests", "crash", "store-driver")
CLEWD = os.path.join(BUILD, "collector", "clewd")
CLEW = os.path.join(BUILD, "query", "clew")
QUICK = bool(os.environ.get("CLEW_TEST_QUICK"))


def figure(name, default, quick):
    """A size of the run: from the environment, or the default, or what --quick takes."""
    return int(os.environ.get(name) or (quick if QUICK else default))


def seed():
    """
    The same in each run unless CLEW_TEST_SEED gives another or says "random", and always printed: what
    has to pass before a change lands is not left to chance, and a failing seed becomes a permanent test.
    """
    given = os.environ.get("CLEW_TEST_SEED") or "20261125"
    value = random.SystemRandom().randrange(1, 1 << 31) if given == "random" else int(given)
    print(f"# seed {value} (CLEW_TEST_SEED repeats it)", flush=True)
    return value


class Tap:
    def __init__(self):
        self.number = 0
        self.failed = 0

    def say(self, passed, name, details=()):
        for line in list(details)[:20]:
            print("    " + str(line))
        self.number += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.number} - {name}", flush=True)
        return passed

    def skip(self, name, why):
        self.number += 1
        print(f"ok {self.number} - {name} # SKIP {why}", flush=True)

    def needs(self, *programs):
        """Skips the whole harness when a program is not built. Returns whether all are there."""
        missing = [os.path.relpath(p, ROOT) for p in programs if not os.path.exists(p)]
        if missing:
            self.skip(os.path.basename(sys.argv[0]), f"not built: {', '.join(missing)}")
        return not missing

    def end(self):
        print(f"1..{self.number}", flush=True)
        return 1 if self.failed else 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def scratch(name):
    """A temporary directory; in memory where possible, for images are many and short-lived."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix=f"clew-{name}-", dir=base)
