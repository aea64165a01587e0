"""
bucket-driver, asked from tests: its surroundings, what it says, and servers that it asks.
"""
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

import harness

DRIVER = os.path.join(harness.BUILD, "tests", "bucket", "bucket-driver")
SEED = int(os.environ.get("CLEW_TEST_SEED", "15") if os.environ.get("CLEW_TEST_SEED") != "random" else time.time_ns() % 100000)
print(f"# seed {SEED}")


def clean(environment):
    """This process's surroundings without what would name another store or key."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent", **environment}


def driver(environment, *args, timeout=120):
    done = subprocess.run([DRIVER, *args], env=clean(environment), capture_output=True, text=True, timeout=timeout, check=False)
    return done.returncode, done.stdout + done.stderr


def good(environment, *args, **more):
    code, text = driver(environment, *args, **more)
    assert code == 0, text
    return text


def refused(environment, *args, **more):
    code, text = driver(environment, *args, **more)
    assert code != 0, text
    return text


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server does not answer")
