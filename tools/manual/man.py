#!/usr/bin/env python3
"""
Manual pages, as scdoc takes them: clew(1), clewd(8), clew-query(7), clewd.conf(5).

    man.py PAGE --clew CLEW --clewd CLEWD < PAGE.scd.in > PAGE.scd

What a page lists (commands, flags, names of the config, topics, the query language) is asked of the programs: it comes
from the tables that --help comes from. A line "@@ WORDS" in the page is replaced by what WORDS stand for.
"""
import re
import subprocess
import sys
import textwrap

# Of 80 columns a page leaves so many to text that is shown as it stands: man and scdoc indent it by 11.
LITERAL_COLUMNS = 69


def ask(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "COLUMNS": "80"})
    return done.stdout


def escape(text):
    """Plain text to scdoc's: what it would take for markup is escaped."""
    return re.sub(r"^-|[\\*_#\[\]|~<>@`]", lambda m: "\\" + m.group(0), text)


def column_of(lines, i):
    """Where the second column of line @i begins: behind two blanks, or where it does in the line before; 0 without one."""
    gap = re.match(r"^ *\S+(?: \S+)*? {2,}(?=\S)", lines[i])
    before = re.match(r"^ +\S+(?: \S+)*? {2,}(?=\S)|^ {8,}(?=\S)", lines[i - 1]) if i else None
    if gap or not before or not lines[i].startswith(" "):
        return gap.end() if gap else 0
    return before.end() if lines[i][before.end() - 1:before.end() + 1].startswith(" ") else 0


def goes_on(line, further, column):
    """@further has more words of @line: it begins at @column, and its first word had no room in @line."""
    return re.match(rf"^ {{{column}}}(?!- )\S", further) and len(line) + 1 + len(further.split()[0]) > 74


def narrow(text):
    """@text in LITERAL_COLUMNS: words move, columns stay."""
    lines, out, i = text.rstrip("\n").split("\n"), [], 0
    while i < len(lines):
        end, line, column = i + 1, lines[i], column_of(lines, i)
        margin = column or (2 if line.startswith(("- ", "  ")) else 0)
        while end < len(lines) and goes_on(lines[end - 1], lines[end], margin):
            end += 1
        if all(len(part) <= LITERAL_COLUMNS for part in lines[i:end]):
            out += lines[i:end]
        else:
            head = line[:column] or re.match("^ *", line).group()
            rest = " ".join(part.strip() for part in [line[len(head):], *lines[i + 1:end]])
            out += textwrap.wrap(rest, LITERAL_COLUMNS, initial_indent=head, subsequent_indent=" " * margin, break_long_words=False, break_on_hyphens=False)
        i = end
    return "\n".join(out)


def literal(text):
    return "```\n" + narrow(text).replace("\\", "\\\\") + "\n```\n"


def paragraphs(rows):
    """(term, text) as scdoc's indented paragraphs."""
    return "\n".join(f"*{escape(term)}*\n\t{escape(text)}\n" for term, text in rows)


def flags_of(text):
    """Rows of a --help: a flag with its value, and its text, which may go on in further lines."""
    rows = []
    for line in text.splitlines():
        found = re.match(r"^  (?:(-.), |    )(--\S+(?: \S+)*?)(?: {2,}(\S.*))?$", line)
        more = re.match(r"^ {28}(\S.*)$", line)
        if found:
            rows.append([(found.group(1) + ", " if found.group(1) else "") + found.group(2), found.group(3) or ""])
        elif more and rows:
            rows[-1][1] = (rows[-1][1] + " " + more.group(1)).strip()
    return rows


def more_of(text):
    """What a --help says between the command's own lines and its flags."""
    lines = text.split("\n\n", 1)[1].splitlines()
    flags = [i for i, line in enumerate(lines) if re.match(r"^  (?:-., |    )--", line)]
    return "\n".join(lines[:flags[0] if flags else len(lines)]).strip("\n")


def commands(clew):
    """(group, name, help) of the overview."""
    rows, group = [], ""
    for line in ask(clew, "help").splitlines():
        found = re.match(r"^(\w*)\s+([a-z]+)\s{2,}(\S.*)$", line)
        if found and len(line) - len(line[10:].lstrip()) >= 10 and line[:10].strip() == found.group(1):
            group = found.group(1) or group
            rows.append((group, found.group(2), found.group(3)))
    return rows


def command_sections(clew):
    out = []
    for _, name, text in commands(clew):
        if name in ("help", "version"):
            continue
        said = ask(clew, name, "--help")
        usage = said.splitlines()[0]
        out.append(f"## {name}\n\n*{escape(usage)}*\n\n{escape(text)}{'' if text.endswith('.') else '.'}\n")
        rows, more = flags_of(said), more_of(said)
        if more:
            out.append(literal(more))
        if rows:
            out.append(paragraphs(rows))
    return "\n".join(out)


def config_rows(clewd):
    rows = []
    joined = re.sub(r"\n {29}(?=\S)", " ", ask(clewd, "--help"))
    for line in joined.splitlines():
        found = re.match(r"^  --([a-z-]+) (\S+) +(\S.*) \(([^()]*)\)$", line)
        if found:
            rows.append(found.groups())
    assert len(rows) > 20, rows
    return rows


def expand(words, clew, clewd):
    if words == "commands":
        return paragraphs([(name, text) for _, name, text in commands(clew)])
    if words == "command-flags":
        return command_sections(clew)
    if words == "config":
        return "\n".join(f"*{escape(name)}* = {escape(argument)}\n\t{escape(text)}. Default: {escape(default)}.\n"
                         for name, argument, text, default in config_rows(clewd))
    if words == "clewd-flags":
        return "\n".join(f"*--{escape(name)}* {escape(argument)}\n\t{escape(text)}. Default: {escape(default)}.\n"
                         for name, argument, text, default in config_rows(clewd))
    if words == "key-help":
        return literal(ask(clewd, "key", "--help"))
    if words.startswith("topic "):
        return literal(ask(clew, "help", words.split()[1]))
    raise SystemExit(f"man.py: nothing is known as \"{words}\"")


def main():
    page, clew, clewd = sys.argv[1], sys.argv[3], sys.argv[5]
    with open(page, encoding="utf-8") as f:
        for line in f:
            if line.startswith("@@ "):
                sys.stdout.write(expand(line[3:].strip(), clew, clewd))
            else:
                sys.stdout.write(line)


if __name__ == "__main__":
    main()
