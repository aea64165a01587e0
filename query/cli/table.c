/*
 * See table.h.
 */
#include "query/cli/table.h"

#include "query/answer/safe.h"

#include <errno.h>

#define GAP 2u                /* columns between two cells */
#define INDENT 4u             /* of a cell below its row */
#define CELL_COLUMNS_MAX 400u /* of one cell in --wide */

void clew_table_init(struct clew_table *t, const struct clew_look *look,
                     const struct clew_column *columns, size_t n_columns, struct clew_arena *arena)
{
        CLEW_ASSERT(n_columns <= CLEW_TABLE_COLUMNS_MAX);
        *t = (struct clew_table){
                .arena = arena, .look = look, .columns = columns, .n_columns = n_columns};
}

void clew_table_row(struct clew_table *t)
{
        struct clew_table_row *row =
                clew_arena_calloc(t->arena, 1, sizeof(*row) + t->n_columns * sizeof(row->cells[0]));

        t->at = 0;
        if (!row)
                return; /* the arena remembers; clew_table_print() reports */
        if (t->last)
                t->last->next = row;
        else
                t->first = row;
        t->last = row;
        t->n_rows++;
}

void clew_table_cell(struct clew_table *t, enum clew_tone tone, struct clew_slice text)
{
        CLEW_BUFFER safe = {0};
        size_t columns;

        if (clew_arena_failed(t->arena) || !t->last || t->at >= t->n_columns)
                return;
        clew_buffer_init(&safe, CELL_COLUMNS_MAX * 64);
        columns = clew_safe_line(&safe, text, CELL_COLUMNS_MAX, t->look->ascii);
        t->failed = t->failed || clew_buffer_error(&safe) < 0;
        t->last->cells[t->at++] = (struct clew_table_cell){
                .text = clew_arena_copy(t->arena, clew_buffer_slice(&safe)),
                .columns = columns,
                .tone = tone,
        };
}

void clew_table_cell_cstr(struct clew_table *t, enum clew_tone tone, const char *text)
{
        clew_table_cell(t, tone, clew_slice_of_cstr(text));
}

/* Widths by content, then the columns that give way shrink, the last first. */
static size_t total_width(const struct clew_table *t, const size_t *widths)
{
        size_t total = 0;

        for (size_t i = 0; i < t->n_columns; i++)
                total += widths[i] > 0 ? widths[i] + (total > 0 ? GAP : 0) : 0;
        return total;
}

/* Width to which every column that gives way at all can go when nothing else is left. */
#define NARROWEST 6u

/* Columns give way from the right, as far as they may; @further: as far as they can. */
static void shrink(const struct clew_table *t, bool further, size_t widths[CLEW_TABLE_COLUMNS_MAX])
{
        size_t total = total_width(t, widths);

        for (size_t i = t->n_columns; i-- > 0 && total > t->look->columns;) {
                size_t over = total - t->look->columns;
                size_t least = t->columns[i].give_way;

                if (least > NARROWEST && further)
                        least = NARROWEST;
                if (least == 0 || widths[i] <= least)
                        continue;
                if (over > widths[i] - least)
                        over = widths[i] - least;
                widths[i] -= over;
                total -= over;
        }
}

/* The column that goes next, or CLEW_TABLE_COLUMNS_MAX. */
static size_t next_to_drop(const struct clew_table *t, const size_t *widths)
{
        size_t next = CLEW_TABLE_COLUMNS_MAX;

        for (size_t i = 0; i < t->n_columns; i++) {
                if (widths[i] > 0 && t->columns[i].drop > 0 &&
                    (next == CLEW_TABLE_COLUMNS_MAX || t->columns[i].drop < t->columns[next].drop))
                        next = i;
        }
        return next;
}

/* Of the first @n columns. False when the last of them has less than it wants. */
static bool fit(const struct clew_table *t, size_t n, size_t widths[CLEW_TABLE_COLUMNS_MAX])
{
        size_t wanted[CLEW_TABLE_COLUMNS_MAX] = {0};

        for (size_t i = 0; i < n; i++) {
                for (const struct clew_table_row *r = t->first; r; r = r->next) {
                        if (r->cells[i].columns > wanted[i])
                                wanted[i] = r->cells[i].columns;
                }
                if (wanted[i] > 0 && strlen(t->columns[i].heading) > wanted[i])
                        wanted[i] = strlen(t->columns[i].heading);
        }
        for (;;) {
                size_t next;

                memcpy(widths, wanted, sizeof(wanted));
                shrink(t, false, widths);
                next = next_to_drop(t, widths);
                if (total_width(t, widths) > t->look->columns && next == CLEW_TABLE_COLUMNS_MAX)
                        shrink(t, true, widths);
                if (total_width(t, widths) <= t->look->columns || next == CLEW_TABLE_COLUMNS_MAX)
                        return widths[n - 1] >= wanted[n - 1];
                wanted[next] = 0; /* its room goes to the others */
        }
}

struct line {
        struct clew_table *table;
        FILE *out;
        size_t pending; /* spaces to write before the next text: none at the end of a line */
};

static void put_cell(struct line *l, const struct clew_table_cell *cell, size_t width, bool right)
{
        const struct clew_look *look = l->table->look;
        struct clew_slice text = cell->text;
        size_t columns = cell->columns;
        CLEW_BUFFER cut = {0};

        clew_buffer_init(&cut, CELL_COLUMNS_MAX * 64);
        if (columns > width) {
                columns = clew_safe_line(&cut, text, width, look->ascii);
                text = clew_buffer_slice(&cut);
                l->table->failed = l->table->failed || clew_buffer_error(&cut) < 0;
        }
        if (right)
                l->pending += width - columns;
        if (columns > 0) {
                fprintf(l->out, "%*s%s%.*s%s", (int)l->pending, "",
                        clew_look_begin(look, cell->tone), (int)text.len, (const char *)text.data,
                        clew_look_end(look, cell->tone));
                l->pending = 0;
        }
        l->pending += (right ? 0 : width - columns) + GAP;
}

static void put_heading(struct clew_table *t, const size_t *widths, FILE *out)
{
        struct line l = {.table = t, .out = out};

        for (size_t i = 0; i < t->n_columns; i++) {
                struct clew_slice h = clew_slice_of_cstr(t->columns[i].heading);
                struct clew_table_cell cell = {h, h.len, CLEW_TONE_STRONG};

                if (widths[i] > 0)
                        put_cell(&l, &cell, widths[i], t->columns[i].right);
        }
        fputs("\n", out);
}

/* The row's last cell, under it. */
static void put_below(struct clew_table *t, const struct clew_table_cell *cell, FILE *out)
{
        struct line l = {.table = t, .out = out, .pending = INDENT};

        if (cell->columns == 0)
                return;
        put_cell(&l, cell, t->look->columns > INDENT ? t->look->columns - INDENT : 1, false);
        fputs("\n", out);
}

int clew_table_print(struct clew_table *t, FILE *out)
{
        size_t widths[CLEW_TABLE_COLUMNS_MAX];
        const struct clew_column *last;
        bool below;

        if (clew_arena_failed(t->arena) || t->failed)
                return -ENOMEM;
        last = &t->columns[t->n_columns - 1];
        below = !fit(t, t->n_columns, widths) && last->below;
        if (below)
                (void)fit(t, t->n_columns - 1, widths);
        put_heading(t, widths, out);
        for (const struct clew_table_row *r = t->first; r; r = r->next) {
                struct line l = {.table = t, .out = out};

                for (size_t i = 0; i < t->n_columns; i++) {
                        if (widths[i] > 0)
                                put_cell(&l, &r->cells[i], widths[i], t->columns[i].right);
                }
                fputs("\n", out);
                if (below)
                        put_below(t, &r->cells[t->n_columns - 1], out);
        }
        return t->failed ? -ENOMEM : 0;
}
