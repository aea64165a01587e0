"""
Virtual environments of the judges beside the clients (readers, statistics, mcp): one for each, in the cache,
with pinned packages. What cannot be installed is said in the installer's own words.
"""
import os
import subprocess
import sys
import time

CACHE = os.environ.get("CLEW_CLIENTS_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "clew-clients")


def python_of(name):
    """The environment's Python, or this one when there is no such environment."""
    path = os.path.join(CACHE, name, "bin", "python")
    return path if os.access(path, os.X_OK) else sys.executable


def install(name, packages, seconds):
    """What went wrong, in one line; nothing when all is there."""
    end = time.monotonic() + seconds
    what = " and ".join(packages)
    try:
        if not os.access(os.path.join(CACHE, name, "bin", "python"), os.X_OK):
            subprocess.run([sys.executable, "-m", "venv", os.path.join(CACHE, name)], check=True, capture_output=True,
                           timeout=max(1, seconds))
        done = subprocess.run([python_of(name), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "2",
                               *packages], timeout=max(1, end - time.monotonic()), capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired:
        return "%s: no time was left to install it" % what
    except subprocess.CalledProcessError as e:
        return "no virtual environment: %s" % e.stderr.decode(errors="replace").strip()[-120:].replace("\n", " ")
    return "%s cannot be installed: %s" % (what, done.stderr.strip()[-120:].replace("\n", " ")) if done.returncode else ""
