"""A clewd under load and its judge, for the tests of backups: what test-kill does, in parts."""
import os
import re
import struct
import subprocess
import time

from tap import BUILD, CLEWD, DRIVER

CLIENT = os.path.join(BUILD, "tests", "crash", "journal-client")
START_SECONDS_MAX = 10


def start_clewd(store, log):
    """Starts clewd on a free port; returns (process, address, seconds it took)."""
    with open(log, "ab") as sink:
        offset = sink.tell()
        process = subprocess.Popen([CLEWD, "--store", store, "--grpc", "127.0.0.1:0", "--http", "off",
                                    "--seal-idle", "50ms", "--seal-wait", "100ms", "--seal-cpu", "100"],
                                   stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
    begin = time.monotonic()
    while time.monotonic() - begin < START_SECONDS_MAX:
        with open(log, encoding="utf-8", errors="replace") as lines:
            lines.seek(offset)
            found = re.search(r"listening protocol=grpc address=(\S+)", lines.read())
        if found:
            return process, found.group(1), time.monotonic() - begin
        if process.poll() is not None:
            break
        time.sleep(0.005)
    with open(log, encoding="utf-8", errors="replace") as lines:
        raise RuntimeError(f"clewd did not start ({process.poll()}): {lines.read()[-600:]}")


def read_journal(path):
    """(numbers sent, numbers acknowledged) so far."""
    with open(path, "rb") as file:
        raw = file.read()
    records = [struct.unpack_from("<cQ", raw, at) for at in range(0, len(raw) - 8, 9)]
    return {n for kind, n in records if kind == b"s"}, {n for kind, n in records if kind == b"a"}


def audit(store, sent, acked, run_seed, folder):
    """What is wrong with a store that must hold @acked, and nothing beyond @sent; "" = nothing."""
    journal = os.path.join(folder, "journal-of-one")
    with open(journal, "wb") as file:
        file.write(b"".join(struct.pack("<cQ", b"s", n) for n in sorted(sent)))
        file.write(b"".join(struct.pack("<cQ", b"a", n) for n in sorted(acked)))
    done = subprocess.run([DRIVER, "audit", store, journal, str(run_seed)], capture_output=True, text=True,
                          check=False, timeout=300)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-400:] or str(done.returncode)
