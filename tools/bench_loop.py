"""
The section `loop` of tools/bench: what review, datasets and exports cost. Figures of exports are raw OTLP
bytes of the exported runs over CPU seconds of the whole command; peak memory is that of the process, for
half of the runs and for all of them, since it should not grow with them.
"""
import os
import pty
import select
import subprocess
import time

WIDTHS = (26, 12, 12, 12, 14)
FORMATS = ("otlp", "otlp-proto", "items", "openai", "inspect", "atif")


def used(words, **more):
    """(wall s, CPU s, peak RSS in MB) of a command whose output is thrown away."""
    begun = time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=nowhere, stderr=nowhere, **more)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 4):
        raise subprocess.SubprocessError("%s: exit %d" % (" ".join(words), process.returncode))
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3


def first_screen(words):
    """Seconds until a queue shows its first run in a terminal; the queue is left then."""
    begun = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(words[0], words)
    seen = b""
    while b"1 of " not in seen and time.monotonic() - begun < 30:
        if not select.select([fd], [], [], 1)[0]:
            continue
        try:
            seen += os.read(fd, 65536)
        except OSError:
            break
    took = time.monotonic() - begun
    try:
        os.write(fd, b"q")
        os.waitpid(pid, 0)
    finally:
        os.close(fd)
    return took if b"1 of " in seen else float("nan")


def exports(bench, setup, clew, store, ids, raw_bytes):
    half = str(len(ids) // 2)
    for name in FORMATS:
        words = [clew, "--store", store, "export", "--format", name, "--since", "all"]
        more = [] if name.startswith("otlp") else ["--allow-missing", "--keep-duplicates"]
        _, _, small = used([*words, *more, "-n", half])
        _, cpu, large = used([*words, *more])
        bench.row("export " + name, bench.figure(raw_bytes / 1e6 / max(cpu, 0.01)), "", bench.figure(small), bench.figure(large),
                  widths=WIDTHS)
    _, cpu, _ = used([clew, "--store", store, "export", "--format", "items", "--since", "all", "--allow-missing", "--keep-duplicates",
                      "--redact", "none"])
    bench.row("items, nothing masked", bench.figure(raw_bytes / 1e6 / max(cpu, 0.01)), "", "", "", widths=WIDTHS)


def measure(bench, setup, directory, path):
    clew = setup.program("query/clew")
    store, state, _, _ = bench.imported(setup, directory, path)
    ids = subprocess.run([clew, "--store", store, "list", "--since", "all", "-q"], capture_output=True, text=True,
                         check=True).stdout.split()
    exports(bench, setup, clew, store, ids, state["raw_otlp_bytes"])
    user = {**os.environ, "CLEW_USER": "bench"}
    times = [used([clew, "--store", store, "annotate", x, "--label", "seen"], env=user) for x in ids[:40]]
    bench.row("annotate one run", "", bench.figure(1e3 * sum(t[1] for t in times) / len(times)),
              bench.figure(1e3 * sorted(t[0] for t in times)[len(times) // 2]), "", widths=WIDTHS)
    used([clew, "--store", store, "dataset", "create", "d"], env=user)
    wall, cpu, peak = used([clew, "--store", store, "dataset", "add", "d"], env=user)
    bench.row("dataset add, each run", "", bench.figure(1e3 * cpu / len(ids)), bench.figure(1e3 * wall / len(ids)), bench.figure(peak),
              widths=WIDTHS)
    shown = [first_screen([clew, "--store", store, "annotate", "--queue", x]) for x in ids[40:60]]
    bench.row("first run of a queue", "", "", bench.figure(1e3 * sorted(shown)[len(shown) // 2]), "", widths=WIDTHS)


def bench_loop(bench, setup):
    bench.head("review, datasets, exports")
    for name, path in setup.files():
        print("  " + name)
        bench.row("", "MB/CPU-s", "CPU ms", "wall ms, or", "peak MB", widths=WIDTHS)
        bench.row("", "", "", "peak MB half", "(all)", widths=WIDTHS)
        with setup.scratch() as directory:
            measure(bench, setup, directory, path)
    bench.command(setup, ["build/query/clew", "--store", "DIR", "export", "--format", "NAME", "--since", "all"])
    bench.command(setup, ["build/query/clew", "--store", "DIR", "annotate", "ID", "--label", "seen"])
    bench.command(setup, ["build/query/clew", "--store", "DIR", "annotate", "--queue", "ID"])
