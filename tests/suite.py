"""
Runs the stages of the test suite and prints one readable summary; called by tools/test.

A stage is a named group of tests. It yields results: a name, a verdict (pass, fail, skip) and a
detail that a reader needs to act on. Whole-program stages are programs that print the Test Anything
Protocol ("ok 1 - name", "not ok 2 - name", "ok 3 - name # SKIP why", and "# ..." remarks); the unit
stage reads meson's log and counts each cmocka case. The last line is always the count, and the exit
status is 1 when anything failed. A stage that yields nothing has failed: a gate that selects no
file must not look green.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STAGE_SECONDS_MAX = 1200  # a stage that hangs longer than the whole run may take is stuck
# Run beside the others of their folder: what mostly waits, for buckets, and what computes alone for long where no test counts on a
# quick answer.
BESIDE = re.compile(r"/test-(objects|repair)")
TAP = re.compile(r"^(not ok|ok)\b\s*\d*\s*-?\s*(.*)$")
SKIP = re.compile(r"#\s*SKIP\S*\s*(.*)$", re.IGNORECASE)


class Results:
    """Collects verdicts and prints them as they come."""

    def __init__(self, verbose):
        self.verbose = verbose
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add(self, stage, name, verdict, detail=""):
        full = f"{stage}: {name}"
        if verdict == "pass":
            self.passed += 1
            if self.verbose:
                print(f"  ok    {name}")
        elif verdict == "skip":
            self.skipped.append((full, detail))
            print(f"  skip  {name}  ({detail})")
        else:
            self.failed.append((full, detail))
            print(f"  FAIL  {name}")
            for line in detail.strip().splitlines()[-25:]:
                print(f"        {line}")
        sys.stdout.flush()

    def count(self):
        return self.passed + len(self.failed) + len(self.skipped)


def run(argv, **options):
    """Runs a program to its end; returns (status, output). Never reads our standard input."""
    options.setdefault("timeout", STAGE_SECONDS_MAX)
    try:
        done = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, **options)
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + "\nran out of time"
    return done.returncode, done.stdout.decode(errors="replace")


def build(results, stage, directory, options):
    """Configures and compiles; one test. Returns whether there is something to run."""
    begin = time.monotonic()
    wanted = [f"-D{key}={value}" for key, value in options.items()]
    if os.path.exists(os.path.join(ROOT, directory, "build.ninja")):
        status, output = run(["meson", "configure", directory, *wanted])
    else:
        status, output = run(["meson", "setup", directory, *wanted])
    if status == 0:
        status, output = run(["ninja", "-C", directory])
    errors = [line for line in output.splitlines() if re.search(r"FAILED|error|ERROR", line)]
    name = f"builds without a warning into {directory}/"
    if status == 0:
        results.add(stage, name, "pass")
    else:
        results.add(stage, name, "fail", "\n".join(errors[:20]) or output[-2000:])
    print(f"  ({time.monotonic() - begin:.0f} s)")
    return status == 0


def meson_tests(results, stage, directory, only, environment=None):
    """Runs meson's tests and counts each cmocka case (or TAP line) inside them."""
    log = os.path.join(ROOT, directory, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    run(["meson", "test", "-C", directory, "--no-rebuild", "--timeout-multiplier", "4"],
        env={**os.environ, **(environment or {})})
    if not os.path.exists(log):
        results.add(stage, f"meson test -C {directory}", "fail", "no test is registered or it did not run")
        return
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            name = entry["name"].split(" / ")[-1]
            if only and not re.search(only, name):
                continue
            output = entry.get("stdout", "") + "\n" + entry.get("stderr", "")
            add_meson_entry(results, stage, name, entry, output)


def cases_in(output):
    """(name, verdict, reason) of each case: cmocka's own lines, or the Test Anything Protocol."""
    seen = {}
    for verdict, case in re.findall(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] (\S+)\s*$", output, re.MULTILINE):
        # Failed and skipped cases are named a second time in cmocka's summary.
        seen.setdefault(case, ({"OK": "pass", "SKIPPED": "skip"}.get(verdict, "fail"), skip_reason(output)))
    for ok, number, name in re.findall(r"^(ok|not ok) (\d+)(?: -)? ?(.*)$", output, re.MULTILINE):
        # cmocka 1.1.5 writes "not ok 1 # SKIP name" for a case that skips itself.
        skip = re.match(r"# ?SKIP\S* ?(.*)$", name)
        case = (skip.group(1) if skip else name).strip() or number
        verdict = "skip" if skip else "pass" if ok == "ok" else "fail"
        seen.setdefault(case, (verdict, skip_reason(output)))
    return seen


def add_meson_entry(results, stage, name, entry, output):
    seen = cases_in(output)
    before = len(results.failed)
    for case, (verdict, reason) in seen.items():
        results.add(stage, f"{name}/{case}", verdict, reason if verdict == "skip" else output[-3000:])
    code = entry.get("returncode", 1)
    if not seen:
        verdict = {0: "pass", 77: "skip"}.get(code, "fail")
        results.add(stage, name, verdict, skip_reason(output) if verdict == "skip" else output[-3000:])
    elif code not in (0, 77) and len(results.failed) == before:
        results.add(stage, f"{name} ends with {code} ({entry['result']})", "fail", output[-3000:])
    planned = re.search(r"^1\.\.(\d+)$", output, re.MULTILINE)
    if planned and len(seen) < int(planned.group(1)) and len(results.failed) == before:
        results.add(stage, f"{name} ran {len(seen)} of {planned.group(1)} cases", "fail", output[-3000:])


def skip_reason(output):
    """What the program says of why: a line that speaks of what is absent."""
    found = re.search(r"^(?!ok |not ok )(?:# ?)?(?:skip\w*:? ?)?(.*(?:not here|not there|(?:is|are) absent|is missing).*)$", output,
                      re.MULTILINE | re.IGNORECASE)
    return found.group(1).strip() if found else "the program says so"


def tap_program(results, stage, argv, only=None):
    """Runs a TAP program; remarks pass through to the reader."""
    process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace")
    tap_output(results, stage, argv, process.stdout, process.wait, only)


def tap_output(results, stage, argv, lines, wait, only=None):
    """Reads what a TAP program prints, as it comes; @wait gives its exit status at the end."""
    before = results.count()
    started = time.monotonic()
    remarks = []
    for line in lines:
        line = line.rstrip("\n")
        match = TAP.match(line)
        if not match:
            remarks.append(line)
            if line.startswith("# "):
                print(f"  {line}")
            continue
        verdict, name = match.groups()
        skip = SKIP.search(name)
        name = SKIP.sub("", name).strip()
        if only and not re.search(only, name):
            continue
        if skip:
            results.add(stage, name, "skip", skip.group(1))
        else:
            results.add(stage, name, "pass" if verdict == "ok" else "fail", "\n".join(remarks[-30:]))
        remarks = [] if verdict == "ok" else remarks
    status = wait()
    program = os.path.relpath(argv[-1] if len(argv) == 1 else next(a for a in argv if "/" in a), ROOT)
    failed_here = [name for name, _ in results.failed if name.startswith(stage + ":")]
    if status != 0 and not failed_here:
        results.add(stage, f"{program} exits {status}", "fail", "\n".join(remarks[-30:]))
    elif results.count() == before and not only:
        results.add(stage, f"{program} ran no test", "fail", "\n".join(remarks[-30:]))
    print(f"  ({time.monotonic() - started:.0f} s)")


def scripts_in(folder):
    """The executable test-* programs of a folder, in order."""
    path = os.path.join(ROOT, folder)
    names = sorted(os.listdir(path)) if os.path.isdir(path) else []
    found = [os.path.join(folder, name) for name in names if name.startswith("test-")]
    return [name for name in found if os.access(os.path.join(ROOT, name), os.X_OK)]


def stages(options):
    """(name, function) in the order of the run: what is cheap and basic first."""
    kills = 10 if options.quick and options.kills is None else options.kills
    cuts = 50 if options.quick and options.powercuts is None else options.powercuts
    os.environ.setdefault("CLEW_TEST_QUICK", "1" if options.quick else "")
    if kills is not None:
        os.environ["CLEW_TEST_KILLS"] = str(kills)
    if cuts is not None:
        os.environ["CLEW_TEST_POWERCUTS"] = str(cuts)

    def folder_stage(folder):
        def body(results, stage):
            scripts = scripts_in(folder)
            apart = [script for script in scripts if BESIDE.search(script)]
            with concurrent.futures.ThreadPoolExecutor(1) as beside:
                jobs = []
                for script in scripts:
                    if script in apart:
                        continue
                    print(f"  {script}")
                    tap_program(results, stage, [os.path.join(ROOT, script)], options.only)
                    if not jobs:  # the first one has set up what all of them need
                        jobs = [(each, beside.submit(run, [os.path.join(ROOT, each)])) for each in apart]
                for script, job in jobs:
                    status, output = job.result()
                    print(f"  {script}, beside the others")
                    tap_output(results, stage, [script], output.splitlines(), lambda status=status: status, options.only)
        return body

    sanitize = {"address": ("build-asan", "address,undefined"), "thread": ("build-tsan", "thread")}

    def sanitized(kind):
        directory, value = sanitize[kind]

        def body(results, stage):
            # Sanitizers report and exit; leaks count. The unit suite is what they run here.
            settings = {"b_sanitize": value, "b_lundef": "false", "buildtype": "debugoptimized",
                        "dcheck": "true"}
            if build(results, stage, directory, settings):
                meson_tests(results, stage, directory, options.only, {
                    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
                    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"})
        return body

    def tidy(results, stage):
        sources = [path for path in compiled_sources() if not options.only or re.search(options.only, path)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = pool.map(lambda path: (path, *run(["clang-tidy", "--quiet", "-p", "build", path])), sources)
            for path, status, output in jobs:
                found = [line for line in output.splitlines() if ": error:" in line or ": warning:" in line]
                results.add(stage, path, "fail" if status else "pass", "\n".join(found))

    if options.mutants:
        return [("mutants", lambda results, stage: tap_program(
            results, stage, [os.path.join(ROOT, "tests/mutants/run"),
                             *(["--only", options.only] if options.only else [])]))]
    if options.sanitize:
        return [(f"sanitize {kind}", sanitized(kind)) for kind in options.sanitize]
    plan = [
        ("unit", lambda results, stage: meson_tests(results, stage, "build", options.only)),
        ("gates", folder_stage("tests/gates")),
        ("golden", folder_stage("tests/golden")),
        ("integration", folder_stage("tests/integration")),
        ("crash", folder_stage("tests/crash")),
    ]
    def clients(results, stage):
        for program in ("run", "guide", "readers", "statistics", "mcp"):
            tap_program(results, stage, [os.path.join(ROOT, "tests/clients", program), *(["--all"] if options.clients else [])],
                        options.only)

    if options.clients or not options.quick:
        plan.append(("clients", clients))
    if not options.quick:
        plan.append(("pages", folder_stage("tests/ui")))
        plan.append(("sanitize address", sanitized("address")))
    if options.stage and "tidy" in options.stage:
        plan.append(("tidy", tidy))
    if options.stage and "package" in options.stage:
        plan.append(("package", folder_stage("tests/package")))
    if options.stage and "cross" in options.stage:
        plan.append(("cross", folder_stage("tests/cross")))
    if options.stage and "ceph" in options.stage:
        plan.append(("ceph", folder_stage("tests/ceph")))
    if options.stage:
        plan = [(name, body) for name, body in plan if name in options.stage]
    return plan


def compiled_sources():
    """C files of ours that the build compiles."""
    with open(os.path.join(ROOT, "build", "compile_commands.json"), encoding="utf-8") as file:
        paths = {os.path.normpath(os.path.join(e["directory"], e["file"])) for e in json.load(file)}
    names = (os.path.relpath(path, ROOT) for path in paths)
    return sorted(name for name in names if name.endswith(".c") and not name.startswith(("build", "..", "tests")))


def parse_options():
    parser = argparse.ArgumentParser(prog="tools/test", description="Builds Clew and runs every test.")
    parser.add_argument("--quick", action="store_true",
                        help="fewer kills and images, no sanitizer build: a few minutes")
    parser.add_argument("--only", metavar="PATTERN", help="only tests whose name matches")
    parser.add_argument("--stage", action="append", metavar="NAME",
                        help="only this stage (unit, gates, integration, crash, clients, 'sanitize address', tidy, package, cross, ceph)")
    parser.add_argument("--sanitize", action="append", choices=["address", "thread"],
                        help="build the suite with ASan+UBSan or TSan and run the unit tests under it")
    parser.add_argument("--kills", type=int, metavar="N", help="kill -9 rounds (default 100)")
    parser.add_argument("--powercuts", type=int, metavar="N", help="power-cut images (default 500)")
    parser.add_argument("--clients", action="store_true", help="install and run every real SDK")
    parser.add_argument("--mutants", action="store_true",
                        help="change what guards data, one thing at a time, and demand that a test notices")
    parser.add_argument("--verbose", "-v", action="store_true", help="name the tests that pass too")
    return parser.parse_args()


def main():
    options = parse_options()
    os.chdir(ROOT)
    results = Results(options.verbose)
    begin = time.monotonic()
    needs_build = not options.sanitize and not options.mutants
    ready = True
    if needs_build:
        print("== build")
        ready = build(results, "build", "build", {"werror": "true", "tests": "true", "tools": "true"})
    for name, body in stages(options) if ready else []:
        print(f"== {name}")
        sys.stdout.flush()
        before = results.count()
        body(results, name)
        if results.count() == before:
            if options.only:
                continue
            results.add(name, "has tests", "skip", "none is there yet")
    print(f"\n{time.monotonic() - begin:.0f} s in all")
    for title, entries in (("skipped", results.skipped), ("FAILED", results.failed)):
        for full, detail in entries:
            first = detail.strip().splitlines()[0] if detail.strip() else ""
            print(f"{title}: {full}" + (f"  ({first})" if title == "skipped" else ""))
    if options.only and results.count() == 0:
        results.add("suite", f"no test matches {options.only}", "fail")
    line = f"{results.passed} passed, {len(results.failed)} failed"
    if results.skipped:
        line += f", {len(results.skipped)} skipped"
    print(line)
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
