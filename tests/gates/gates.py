"""
The gates: rules of the source tree that a machine can judge.

A gate is a function of a root directory that returns (seen, violations): how many things it looked
at and, for each breach, a line "path:line: what". It reads nothing outside that root, so that
test-gates can plant a violation in a copy and see it caught. A gate that saw nothing has failed.
"""
import concurrent.futures
import os
import re
import subprocess
import tomllib

FOLDERS = ("proto", "storage", "query", "collector", "tools", "tests")
FILE_LINES_MAX = 900  # beyond this a file is two concepts
FUNCTION_LINES_MAX = 80

# ---- what is in the tree ---------------------------------------------------------------------


def files(root, *endings):
    """Source files below the six folders, sorted; build output and downloads are not sources."""
    found = []
    for folder in FOLDERS:
        for base, folders, names in os.walk(os.path.join(root, folder)):
            folders[:] = [f for f in folders if f not in ("__pycache__", "node_modules", ".venv")]
            found += [os.path.relpath(os.path.join(base, n), root) for n in names if n.endswith(endings)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


TOKENS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_only(text):
    """C text with comments and literals blanked; lines stay where they were."""
    return TOKENS.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


# ---- gates on C ------------------------------------------------------------------------------

RANK = {"proto": 0, "storage": 1, "query": 2, "collector": 3, "tools": 4, "tests": 5}
OWN_HEADERS = {  # system headers that only some folders may see
    "lmdb.h": ("storage",),
    "microhttpd.h": ("collector",),
    "pcre2.h": ("proto",),
    "grpc/": ("collector", "tools", "tests"),
}
# A raw-LMDB toy is the crash harness's own control.
HEADER_EXCEPTIONS = {("tests/crash/toy.c", "lmdb.h")}
# The remote client of `clew` may use gRPC in one file.
GRPC_IN_QUERY_MAX = 1


def gate_directions(root):
    """proto < storage < query < collector; lmdb.h in storage only, gRPC and HTTP in collector."""
    bad, seen, grpc_in_query = [], 0, set()
    for path in files(root, ".c", ".h"):
        folder = path.split("/")[0]
        seen += 1
        for number, line in enumerate(read(root, path).splitlines(), 1):
            quoted = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            system = re.match(r"\s*#\s*include\s*<([^>]+)>", line)
            if quoted:
                target = quoted.group(1).split("/")[0]
                if target in RANK and target != folder and RANK[target] >= RANK[folder]:
                    bad.append(f"{path}:{number}: {folder} may not use {quoted.group(1)}")
                if target not in RANK:
                    bad.append(f"{path}:{number}: include is not root-relative: {quoted.group(1)}")
                if quoted.group(1).endswith("-int.h") and folder not in (target, "tests"):
                    bad.append(f"{path}:{number}: {quoted.group(1)} is internal to {target}")
            for start, owners in OWN_HEADERS.items():
                if not system or not system.group(1).startswith(start):
                    continue
                if folder == "query" and start == "grpc/":
                    grpc_in_query.add(path)
                elif folder not in owners and (path, start) not in HEADER_EXCEPTIONS:
                    bad.append(f"{path}:{number}: <{system.group(1)}> belongs to {owners[0]} alone")
    if len(grpc_in_query) > GRPC_IN_QUERY_MAX:
        bad.append(f"query uses gRPC in {len(grpc_in_query)} files: {sorted(grpc_in_query)}")
    return seen, bad


# Rooms of a folder in order of rank: a room uses those before it, never those behind it.
ROOMS = {
    "storage": ("base", "bucket", "pack", "object", "hot", "sealed", "index", "source", "seal", "erase", "tier",
                "check", "keep"),
    "query": ("model", "find", "rca", "review", "answer", "ui", "serve", "mcp", "cli"),
    "collector": ("base", "gate", "commit", "front", "api", "process"),
}


def gate_rooms(root):
    """Each room has a rank and uses only rooms below it."""
    bad, seen = [], 0
    for path in files(root, ".c", ".h"):
        parts = path.split("/")
        if parts[0] not in ROOMS:
            continue
        seen += 1
        rooms = ROOMS[parts[0]]
        if len(parts) > 2 and parts[1] not in rooms:
            bad.append(f"{path}:1: room {parts[0]}/{parts[1]} has no rank in gates.py")
            continue
        for number, line in enumerate(read(root, path).splitlines(), 1):
            target = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            used = target.group(1).split("/") if target else []
            if len(parts) < 3 or len(used) < 3 or used[0] != parts[0] or used[1] not in rooms:
                continue
            if rooms.index(used[1]) > rooms.index(parts[1]):
                bad.append(f"{path}:{number}: room {parts[1]} is below {used[1]} and may not use it")
    return seen, bad


INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def circles(graph):
    """Groups of nodes that reach each other (Tarjan's strongly connected components, without recursion)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []
    for start in sorted(graph):
        if start in index:
            continue
        work = [(start, iter(sorted(graph[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, edges = work[-1]
            for other in edges:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(graph[other]))))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    if len(group) > 1:
                        found.append(sorted(group))
    return found


def module_of(path):
    """x.c, x.h and x-int.h are one concept."""
    return re.sub(r"(-int)?\.[ch]$", "", path)


def gate_circles(root):
    """No header reaches itself through others, and no module (x.c, x.h, x-int.h together) does."""
    paths = files(root, ".c", ".h")
    used = {path: set(INCLUDE.findall(read(root, path))) & set(paths) for path in paths}
    modules = {}
    for path in paths:
        node = modules.setdefault(module_of(path), set())
        node |= {module_of(other) for other in used[path]} - {module_of(path)}
    bad = [f"{group[0]}:1: includes in a circle: {' <-> '.join(group)}" for group in circles(used)]
    if not bad:
        bad = [f"{group[0]}.c:1: modules in a circle: {' <-> '.join(group)}" for group in circles(modules)]
    return len(paths), bad


# Nothing may include these rooms, so every header of theirs is their own without saying so.
TOP_ROOMS = ("query/cli/", "collector/process/", "tools/", "tests/")


def gate_internal(root):
    """A header that only its own folder uses, and no header for others passes on, is x-int.h."""
    paths = files(root, ".c", ".h")
    users = {}
    for path in paths:
        for used in INCLUDE.findall(read(root, path)):
            users.setdefault(used, set()).add(path)
    bad, seen = [], 0
    for path in files(root, ".h"):
        if path.endswith("-int.h") or path.startswith(TOP_ROOMS):
            continue
        seen += 1
        folder = os.path.dirname(path)
        elsewhere = [user for user in users.get(path, ()) if os.path.dirname(user) != folder
                     or (user.endswith(".h") and not user.endswith("-int.h"))]
        if not elsewhere:
            bad.append(f"{path}:1: only {folder}/ uses it: {path[:-2]}-int.h")
    return seen, bad


STRUCT = re.compile(r"^(?:struct|union) (clew_\w+)\s*\{", re.MULTILINE)


def gate_structs(root):
    """A name with our prefix is that of one struct."""
    bad, first, seen = [], {}, 0
    for path in files(root, ".c", ".h"):
        text = code_only(read(root, path))
        for match in STRUCT.finditer(text):
            seen += 1
            if match.group(1) in first:
                bad.append(f"{path}:{line_of(text, match.start())}: struct {match.group(1)} is also in {first[match.group(1)]}")
            first.setdefault(match.group(1), path)
    return seen, bad


BANNED = [
    (r"\b(?:strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|gets)\s*\(", "unbounded text call", ()),
    (r"\bato(?:i|l|ll|f)\s*\(", "number parsing without an error", ()),
    (r"\bstrto(?:l|ll|ul|ull|d|f|ld|imax|umax)\s*\(", "number parsing belongs in proto/base",
     ("proto/base/", "tests/")),
    (r"\balloca\s*\(", "unbounded stack", ()),
    (r"\b(?:malloc|calloc|realloc|reallocarray|strdup|strndup|free)\s*\(",
     "raw heap outside proto/base (use clew_malloc and friends)", ("proto/base/", "tests/")),
    (r"\b(?:MDB_NOSYNC|MDB_NOMETASYNC|MDB_WRITEMAP|MDB_MAPASYNC)\b", "durability flag", ("tests/crash/",)),
    (r"\bprotobuf_c_message_unpack\s*\(", "unpacking by hand: only bytes of our own, in storage and query",
     ("storage/", "query/", "tests/", "proto/")),
]


def gate_banned(root):
    """No banned call."""
    bad, seen = [], 0
    for path in files(root, ".c", ".h"):
        seen += 1
        text = code_only(read(root, path))
        for pattern, why, allowed in BANNED:
            if allowed and path.startswith(allowed):
                continue
            for match in re.finditer(pattern, text):
                bad.append(f"{path}:{line_of(text, match.start())}: {match.group(0).strip('( ')}: {why}")
    return seen, bad


def functions(text):
    """(name, first line, lines) of each function body: Linux braces stand in column 0."""
    lines = text.split("\n")
    begin = None
    for number, line in enumerate(lines):
        if line.startswith("{"):
            begin = number
        elif line.startswith("}") and begin is not None:
            head = begin - 1
            while head > 0 and lines[head].startswith((" ", "\t")):
                head -= 1
            found = re.search(r"(\w+)\s*\(", lines[head])
            if found:
                yield found.group(1), head + 1, number - begin + 1
            begin = None


def gate_lengths(root):
    """Files of at most 900 lines, functions of at most 80."""
    bad, seen = [], 0
    for path in files(root, ".c", ".h"):
        text = read(root, path)
        count = text.count("\n")
        if count > FILE_LINES_MAX:
            bad.append(f"{path}:1: {count} lines; over {FILE_LINES_MAX} a file is two concepts")
        for name, line, length in functions(code_only(text)):
            seen += 1
            if length > FUNCTION_LINES_MAX:
                bad.append(f"{path}:{line}: {name} has {length} lines, the limit is {FUNCTION_LINES_MAX}")
    return seen, bad


def gate_format(root):
    """clang-format changes nothing (-Werror: without it a dry run always says yes)."""
    paths = files(root, ".c", ".h")
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", "--style=file", *paths], cwd=root,
                          capture_output=True, text=True, check=False) if paths else None
    bad = [line for line in done.stderr.splitlines() if "error:" in line] if done else []
    if done and done.returncode and not bad:
        bad = [done.stderr[-300:]]
    return len(paths), bad


def gate_headers(root, only=""):
    """Each header compiles alone, under its own include guard, and its .c includes it first."""
    flags = subprocess.run(["pkg-config", "--cflags", "grpc", "libprotobuf-c", "lmdb", "libzstd"],
                           capture_output=True, text=True, check=False).stdout.split()
    base = ["gcc", "-std=gnu17", "-fsyntax-only", "-x", "c", "-Wall", "-D_GNU_SOURCE",
            '-DCLEW_VERSION="0"', "-I", root, "-I", os.path.join(root, "build"), *flags, "-"]
    bad, headers = [], files(root, ".h")
    chosen = [path for path in headers if only in path]

    def compile_twice(path):
        source = f'#include "{path}"\n#include "{path}"\ntypedef int clew_not_empty;\n'
        done = subprocess.run(base, input=source, capture_output=True, text=True, check=False, cwd=root)
        first = next((l for l in done.stderr.splitlines() if "error" in l), done.stderr[-200:])
        return f"{path}:1: does not compile alone: {first}" if done.returncode else None

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        bad += [line for line in pool.map(compile_twice, chosen) if line]
    for path in files(root, ".c"):
        own = [name for name in (path[:-2] + ".h", path[:-2] + "-int.h") if name in headers]
        first = re.search(r'^#\s*include\s*[<"]([^>"]+)', read(root, path), re.MULTILINE)
        if path[:-2] + ".h" in own and (not first or first.group(1) not in own):
            bad.append(f"{path}:1: its own header {own[0]} is not its first include")
    return len(headers), bad


# A variable whose cleanup is armed before it is set frees garbage on an early return.
UNARMED = re.compile(r"^[ \t]+(?:static )?(?:CLEW_(?:BUFFER|ARENA|FREE)\b|CLEW_CLEANUP\(\w+\))[^=;{}]*;", re.MULTILINE)


def gate_cleanup(root):
    """A variable with a cleanup attribute has an initialiser."""
    bad, seen = [], 0
    for path in files(root, ".c"):
        text = code_only(read(root, path))
        seen += len(re.findall(r"\bCLEW_(?:BUFFER|ARENA|FREE|CLEANUP)\b", text))
        for match in UNARMED.finditer(text):
            line = line_of(text, match.start())
            bad.append(f"{path}:{line}: {' '.join(match.group(0).split())}: is not initialised")
    return seen, bad


def gate_purpose(root):
    """A C file begins with a comment that says its purpose, or the header that it implements does."""
    bad, seen = [], 0
    headers = set(files(root, ".h"))
    for path in files(root, ".c", ".h"):
        seen += 1
        told = [path] + [path[:-2] + end for end in (".h", "-int.h") if path[:-2] + end in headers]
        if not any(read(root, name).startswith("/*") for name in told):
            bad.append(f"{path}:1: does not begin with its purpose")
    return seen, bad


# ---- gates on all text -----------------------------------------------------------------------

# Written in pieces, so that this file does not trip over itself.
LEFTOVERS = "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"])
UNFIT = [
    (re.compile(rf"\b(?:{LEFTOVERS})\b"), "left for later: finish it or explain why it can wait"),
    (re.compile("/" + r"work/(?:main|shared)|/tmp/" + r"(?:wt|d)/|/ro" + "ot/|/ho" + "me/"), "path of one machine"),
    (re.compile(r"py" + r"pi\.[a-z]+|registry\.[a-z]+js|[a-z]*js\.org/|proxy\.go" + r"lang|python"
                + r"hosted|crates\.i" + r"o|artifact" + r"ory\.", re.IGNORECASE), "registry host"),
    (re.compile(r"/tmp/" + r"land|\bfarm" + r"-[a-z]"), "internal tool"),
]
TEXT = (".c", ".h", ".py", ".sh", ".js", ".mjs", ".ts", ".md", ".proto", ".build", ".txt", ".json", ".toml", ".lock")


def gate_fit(root):
    """Nothing of this machine, no registry host, nothing left for later."""
    bad, seen = [], 0
    paths = files(root, *TEXT) + [p for p in scripts(root)] + [
        p for p in ("README.md", "meson.build", "meson_options.txt", ".ci/run")
        if os.path.exists(os.path.join(root, p))]
    for path in sorted(set(paths)):
        if "/fixtures/" in path or "/corpus/" in path or "/golden/" in path:
            continue  # recorded bytes, not our words
        seen += 1
        for number, line in enumerate(read(root, path).splitlines(), 1):
            for pattern, why in UNFIT:
                found = pattern.search(line)
                if found:
                    bad.append(f"{path}:{number}: {found.group(0)!r}: {why}")
    return seen, bad


def scripts(root):
    """Executable text files with an interpreter line."""
    found = []
    for folder in FOLDERS + (".ci",):
        for base, folders, names in os.walk(os.path.join(root, folder)):
            folders[:] = [f for f in folders if f not in ("__pycache__", "node_modules", ".venv")]
            for name in names:
                path = os.path.join(base, name)
                if os.path.isfile(path) and os.access(path, os.X_OK) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        if file.read(2) == b"#!":
                            found.append(os.path.relpath(path, root))
    return sorted(found)


def gate_scripts(root):
    """Shell and Python parse."""
    bad, seen = [], 0
    for path in sorted(set(scripts(root) + files(root, ".py", ".sh"))):
        text = read(root, path)
        first = text.split("\n", 1)[0]
        seen += 1
        if path.endswith(".py") or "python" in first:
            try:
                compile(text, path, "exec")
            except SyntaxError as error:
                bad.append(f"{path}:{error.lineno}: {error.msg}")
        elif path.endswith(".sh") or "sh" in first:
            done = subprocess.run(["bash", "-n", path], cwd=root, capture_output=True, text=True, check=False)
            bad += done.stderr.splitlines()[:1] if done.returncode else []
        else:
            seen -= 1
    return seen, bad


TOP_LEVEL = re.compile(r"proto|storage|query|collector|tests|tools|meson\.build|meson_options\.txt"
                       r"|README\.md|LICENSE|\..*|build.*|data$")


def gate_layout(root):
    """The top level holds the six folders and the agreed files; each folder has a README.md."""
    names = sorted(os.listdir(root))
    bad = [f"{name}:1: not part of the agreed top level" for name in names if not TOP_LEVEL.fullmatch(name)]
    for folder in FOLDERS:
        if not os.path.exists(os.path.join(root, folder, "README.md")):
            bad.append(f"{folder}/README.md:1: is missing")
    return len(names), bad


MARKS = re.compile(r"^(?:<{7} \S|>{7} \S)", re.MULTILINE)


def gate_merged(root):
    """Nothing that a merge left undecided."""
    bad, seen = [], 0
    texts = (".c", ".h", ".md", ".py", ".toml", ".build", ".js", ".mjs", ".css", ".sh", ".scd", ".proto")
    for path in ["README.md", "meson.build"] + files(root, *texts):
        if not os.path.exists(os.path.join(root, path)):
            continue
        seen += 1
        text = read(root, path)
        bad += [f"{path}:{line_of(text, m.start())}: a merge is undecided here" for m in MARKS.finditer(text)]
    return seen, bad


BUILT = re.compile(r"^build(?:-\w+)?/")
PATHS = re.compile(r"(?<![\w/.$-])((?:\.\.?/)?(?:proto|storage|query|collector|tools|tests|build|\.ci)/[\w./*-]*[\w*])")


def gate_readme(root):
    """Paths and commands that a README names exist."""
    bad, seen = [], 0
    known = clew_commands(root)
    for path in ["README.md"] + files(root, "README.md"):
        if not os.path.exists(os.path.join(root, path)):
            continue
        for number, line in enumerate(read(root, path).splitlines(), 1):
            for match in PATHS.finditer(line):
                name = match.group(1)
                if BUILT.match(name) or "*" in name or re.search(r"NAME|MODULE", name):
                    continue
                seen += 1
                here = os.path.normpath(os.path.join(os.path.dirname(path), name))
                if not any(os.path.exists(os.path.join(root, p)) for p in (name, here, name + ".c", here + ".c")):
                    bad.append(f"{path}:{number}: names {name}, which does not exist")
            for match in re.finditer(r"(?:`|^\s*\$?\s*|/)clew(?: --store \S+)? ([a-z]+)\b", line):
                seen += 1
                if known and match.group(1) not in known:
                    bad.append(f"{path}:{number}: names `clew {match.group(1)}`, which clew does not know")
    return seen, bad


def clew_commands(root):
    """The commands in clew's own table: rows {"group", "name", ...} of query/cli/commands.c."""
    path = os.path.join("query", "cli", "commands.c")
    if not os.path.exists(os.path.join(root, path)):
        return set()
    return set(re.findall(r'\{\s*"[a-z]+",\s*"([a-z]+)"', read(root, path))) | {"help"}


def gate_mutants(root):
    """Each mutant's text stands in its file exactly once, and its tests are there."""
    bad, seen = [], 0
    folder = os.path.join(root, "tests", "mutants")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if not name.endswith(".toml"):
            continue
        path = f"tests/mutants/{name}"
        with open(os.path.join(folder, name), "rb") as file:
            mutants = tomllib.load(file)["mutant"]
        for mutant in mutants:
            seen += 1
            where = f"{path}: {mutant['file']}: {mutant['what']}"
            source = os.path.join(root, mutant["file"])
            text = read(root, mutant["file"]) if os.path.exists(source) else ""
            if text.count(mutant["before"]) != 1 or mutant["before"] == mutant["after"]:
                bad.append(f"{where}: its text does not stand there exactly once")
            for test in mutant.get("tests", ()):
                if not os.path.exists(os.path.join(root, "tests", "unit", f"test-{test}.c")):
                    bad.append(f"{where}: there is no test-{test}")
            if not mutant.get("tests") and not mutant.get("survives", "").strip():
                bad.append(f"{where}: has neither a test nor a reason")
    return seen, bad


GATES = [gate_directions, gate_rooms, gate_circles, gate_internal, gate_structs, gate_banned, gate_lengths,
         gate_format, gate_headers, gate_cleanup, gate_purpose, gate_fit, gate_mutants, gate_scripts, gate_layout,
         gate_merged, gate_readme]
