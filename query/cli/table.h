/*
 * A table for people: columns as wide as their contents, one of them giving way to the screen.
 *
 * Cells hold safe text (safe.h). Rows are kept until the table is printed, so that widths fit; a
 * table is for what one can read, machine output goes line by line.
 */
#ifndef CLEW_QUERY_CLI_TABLE_H
#define CLEW_QUERY_CLI_TABLE_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/slice.h"
#include "query/cli/terminal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CLEW_TABLE_COLUMNS_MAX 16u

struct clew_column {
        const char *heading;
        size_t give_way; /* the least width to which it may shrink; 0 = it never shrinks */
        unsigned drop;   /* left out when the screen is too narrow, the lowest first; 0 = never */
        bool right;      /* aligned right */
        bool below;      /* the last: where it would be cut, each cell has a line of its own */
};

struct clew_table_cell {
        struct clew_slice text;
        size_t columns;
        enum clew_tone tone;
};

struct clew_table_row {
        struct clew_table_row *next;
        struct clew_table_cell cells[];
};

struct clew_table {
        struct clew_arena *arena; /* borrowed; holds rows and texts */
        const struct clew_look *look;
        const struct clew_column *columns;
        size_t n_columns;
        struct clew_table_row *first;
        struct clew_table_row *last;
        size_t n_rows;
        size_t at;   /* next cell of the last row */
        bool failed; /* memory ran out: printing reports it */
};

void clew_table_init(struct clew_table *t, const struct clew_look *look,
                     const struct clew_column *columns, size_t n_columns, struct clew_arena *arena);
/* Begins a row; cells that are not given stay empty. */
void clew_table_row(struct clew_table *t);
/* Adds the next cell: trace text, made safe here, or text of our own. */
void clew_table_cell(struct clew_table *t, enum clew_tone tone, struct clew_slice text);
void clew_table_cell_cstr(struct clew_table *t, enum clew_tone tone, const char *text);
/* Prints heading and rows. Returns 0 or -ENOMEM. A column whose cells are all empty is left out. */
CLEW_MUST_USE int clew_table_print(struct clew_table *t, FILE *out);

#endif
