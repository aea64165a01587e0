#!/usr/bin/env python3
"""Writes the pages into the program: embed.py OUT.S OUT.c FILE...

Each file is compressed once, here, and stands in the program as it goes over the wire. The bytes come
in through .incbin (a C array of them would take the compiler a hundred times as long); the C file is
the table: path, media type, entity tag, where the bytes begin and how many there are.
"""
import gzip
import hashlib
import os
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8"}


def main(assembly, table, paths):
    lines, rows, names = [], [], []
    for number, path in enumerate(paths):
        with open(path, "rb") as file:
            data = file.read()
        packed = f"{assembly}.{number}.gz"
        with open(packed, "wb") as file:
            file.write(gzip.compress(data, 9, mtime=0))
        name = f"clew_ui_bytes_{number}"
        lines += [f"        .global {name}, {name}_end", f"        .hidden {name}, {name}_end", f"{name}:",
                  f'        .incbin "{os.path.abspath(packed)}"', f"{name}_end:"]
        names.append(f"extern const unsigned char {name}[], {name}_end[];")
        tag = hashlib.sha256(data).hexdigest()[:16]
        rows.append(f'        {{ "/{os.path.basename(path)}", "{TYPES[os.path.splitext(path)[1]]}", "\\"{tag}\\"", '
                    f"{name}, {name}_end, {len(data)} }},")
    with open(assembly, "w", encoding="ascii") as file:
        file.write("        .section .rodata\n" + "\n".join(lines)
                   + '\n        .section .note.GNU-stack,"",%progbits\n')
    with open(table, "w", encoding="ascii") as file:
        file.write('#include "query/ui/assets-int.h"\n\n' + "\n".join(names)
                   + "\n\nconst struct clew_ui_file clew_ui_files[] = {\n" + "\n".join(rows)
                   + "\n};\nconst size_t clew_ui_file_count = sizeof clew_ui_files / sizeof *clew_ui_files;\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
