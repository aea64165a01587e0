"""
The section "retention" of tools/bench: rules put into effect on a store of real runs, and on one of
generated runs of which each is small.
"""
import os


RULES = (("drop", "drop older=1h\n"), ("skeletons", "skeleton older=1h\n"))
WIDTHS = (28, 9, 9, 9, 8, 11, 6)


def generated(bench, setup, directory, runs):
    store = os.path.join(directory, "generated")
    with bench.Server(setup, directory, *bench.SEAL_FAST) as server:
        server.load("--agents", str(runs))
        state = server.wait_sealed()
        return server.store, state


def measure(bench, setup, label, make):
    for name, rules in RULES:
        with setup.scratch() as directory:
            store, state = make(directory)
            path = os.path.join(directory, "rules")
            with open(path, "w", encoding="utf-8") as file:
                file.write(rules)
            clew = setup.program("query/clew")
            _, wall, cpu = bench.timed([clew, "--store", store, "retention", path, "--apply"])
            for _ in range(40):  # a pass takes at most 100,000 traces
                if state["traces"] <= 100000:
                    break
                state["traces"] -= 100000
                _, more_wall, more = bench.timed([clew, "--store", store, "retention", path, "--apply"])
                wall, cpu = wall + more_wall, cpu + more
            after = bench.run_json([clew, "--store", store, "doctor", "--json"])
            mb = state["raw_otlp_bytes"] / 1e6
            bench.row(f"{label}: {name}", bench.figure(mb), bench.figure(state["used_bytes"] / 1e6, 2),
                      bench.figure(after["used_bytes"] / 1e6, 2), bench.figure(cpu, 2), bench.figure(mb / max(cpu, 0.001)),
                      bench.figure(wall, 1), widths=WIDTHS)


def bench_retention(bench, setup):
    bench.head("rules of retention")
    bench.row("", "raw MB", "used MB", "after", "CPU s", "MB/CPU-s", "wall", widths=WIDTHS)
    for label, path in setup.files():
        measure(bench, setup, label, lambda directory, path=path: bench.imported(setup, directory, path)[:2])
    runs = 2000 if setup.quick else 100000
    measure(bench, setup, f"{runs} generated", lambda directory: generated(bench, setup, directory, runs))
    print("  CPU of the whole command: the rules asked, all written, and free pages wiped where texts went.")
    bench.command(setup, ["build/query/clew", "--store", "DIR", "retention", "RULES", "--apply"])
