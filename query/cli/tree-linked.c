/*
 * clew tree --linked: which other traces this one belongs with, and by what.
 */
#include "query/cli/outcome.h"
#include "query/cli/tree-int.h"

#include "query/answer/brief.h"
#include "query/answer/related-record.h"
#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/filter.h"
#include "query/cli/table.h"

#include <errno.h>

/* Around the run, from its start and from its end, unless --within says otherwise. */
#define WITHIN_NS_DEFAULT (3600 * CLEW_NS_PER_S)
#define ARENA_MAX ((size_t)4 << 30)

static const struct clew_column columns[] = {
        {.heading = "EDGE"},
        {.heading = "HERE", .give_way = 8},
        {.heading = "THERE"},
        {.heading = "AT", .right = true, .drop = 4},
        {.heading = "RESULT", .drop = 1},
        {.heading = "WHAT", .give_way = 8, .drop = 3},
        {.heading = "ID", .give_way = 6, .drop = 2},
};

static void put_there(struct clew_table *table, const struct clew_related *e)
{
        char trace[CLEW_SHORT_ID];
        char span[CLEW_SPAN_ID_HEX];
        char text[CLEW_SHORT_ID + 16];

        clew_trace_id_short(&e->trace_id, trace);
        clew_span_id_to_hex(&e->span_id, span);
        if (clew_span_id_is_zero(&e->span_id))
                snprintf(text, sizeof(text), "%s", trace);
        else
                snprintf(text, sizeof(text), "%s:%.8s", trace, span);
        clew_table_cell_cstr(table, CLEW_TONE_STRONG, text);
}

/* Towards the other trace, or from it; of one conversation the earlier run comes first. */
static const char *arrow_of(const struct clew_linked *l, const struct clew_related *e)
{
        if (l->look->ascii)
                return e->incoming ? "<-" : "->";
        return e->incoming ? "←" : "→";
}

/* When the other trace started, seen from this one. */
static void put_offset(struct clew_table *table, uint64_t there_ns, uint64_t here_ns)
{
        char text[CLEW_WHEN_TEXT + 1];

        text[0] = there_ns < here_ns ? '-' : '+';
        clew_when_length(there_ns < here_ns ? here_ns - there_ns : there_ns - here_ns, text + 1);
        clew_table_cell_cstr(table, CLEW_TONE_PLAIN, text);
}

static void put_row(struct clew_linked *l, struct clew_table *table, const struct clew_related *e,
                    const struct clew_trace *trace)
{
        struct clew_selected other = {.summary = {.outcome = e->outcome}};
        CLEW_BUFFER here = {0};
        char text[CLEW_WHEN_TEXT];

        clew_buffer_init(&here, 4096);
        clew_table_row(table);
        snprintf(text, sizeof(text), "%s %s%s", arrow_of(l, e), clew_related_type_name(e->type),
                 e->inferred ? "?" : "");
        clew_table_cell_cstr(table, CLEW_TONE_PLAIN, text);
        if (e->step != CLEW_STEP_NONE) {
                clew_buffer_printf(&here, "#%u ", e->step + 1);
                clew_buffer_append_slice(&here, clew_step_label(&trace->steps[e->step]));
        }
        clew_table_cell(table, CLEW_TONE_PLAIN, clew_buffer_slice(&here));
        put_there(table, e);
        put_offset(table, e->start_ns, trace->start_ns);
        clew_table_cell_cstr(table, clew_outcome_tone(e->outcome), clew_outcome_word(&other));
        clew_table_cell(table, CLEW_TONE_PLAIN, e->span_name);
        clew_table_cell(table, CLEW_TONE_PLAIN, e->id);
}

static int put_table(struct clew_linked *l, const struct clew_trace *trace,
                     const struct clew_related_result *found, struct clew_arena *arena)
{
        struct clew_table table;

        if (found->n == 0)
                return 0;
        clew_table_init(&table, l->look, columns, CLEW_ARRAY_LEN(columns), arena);
        for (uint32_t i = 0; i < found->n; i++)
                put_row(l, &table, &found->items[i], trace);
        fputc('\n', l->cli->out);
        return clew_table_print(&table, l->cli->out) < 0 ? clew_cli_fail(l->cli, -ENOMEM, NULL) : 0;
}

static int put_json(struct clew_linked *l, const struct clew_trace *trace,
                    const struct clew_related_result *found)
{
        const struct clew_output_flags flags = {.json = true};
        struct clew_output out;
        int r = clew_output_init(&out, l->cli, &flags, "related", NULL);

        for (uint32_t i = 0; r == 0 && i < found->n; i++) {
                struct clew_json_writer w = clew_output_begin(&out, "related");

                clew_related_write(&w, &trace->id, &found->items[i]);
                r = clew_output_end(&out, &w);
        }
        clew_output_deinit(&out);
        return r;
}

static int report(struct clew_linked *l, const struct clew_related_result *found,
                  struct clew_select *s, uint64_t within)
{
        char length[CLEW_WHEN_TEXT];

        clew_when_length(within, length);
        clew_cli_note(l->cli, "%u edge%s to other traces that started within %s of this run%s",
                      found->n, found->n == 1 ? "" : "s", length,
                      found->more ? "; there are more" : "");
        if (found->n_ambiguous > 0)
                clew_cli_note(l->cli, "%u id%s left out: more than %u other traces carry %s",
                              found->n_ambiguous, found->n_ambiguous == 1 ? " was" : "s were",
                              CLEW_RELATED_SAME_MAX, found->n_ambiguous == 1 ? "it" : "them");
        return clew_filter_report(l->cli, s);
}

int clew_tree_linked(struct clew_linked *l, const struct clew_trace_data *data)
{
        CLEW_ARENA arena = {0};
        struct clew_filter filter = {0};
        struct clew_select s = {0};
        struct clew_related_result found = {0};
        struct clew_trace *trace = NULL;
        struct clew_error err = {0};
        uint64_t within = WITHIN_NS_DEFAULT;
        int r;

        if (l->within && !clew_when_parse_length(l->within, &within)) {
                clew_cli_error(l->cli, "--within takes a length of time such as 10m or 1d");
                return CLEW_EXIT_USAGE;
        }
        clew_arena_init(&arena, ARENA_MAX);
        /* The trace's bytes die when the view loads others. */
        r = clew_trace_build(clew_arena_copy(&arena, data->traces),
                             clew_arena_copy(&arena, data->logs), &CLEW_TRACE_FULL, &arena, &trace);
        if (r < 0)
                return clew_cli_fail(l->cli, r, NULL);
        filter.since_ns = trace->start_ns > within ? trace->start_ns - within : 1;
        filter.until_ns = trace->end_ns + within + 1;
        r = clew_filter_catch_interrupt(&filter);
        if (r == 0)
                r = clew_select_init(&s, l->view, &filter, l->cli->clock, NULL, &err);
        if (r == 0)
                r = clew_related_find(trace, &s, &arena, &found, &err);
        if (r < 0) {
                r = clew_cli_fail(l->cli, r, &err);
        } else {
                r = l->json ? put_json(l, trace, &found) : put_table(l, trace, &found, &arena);
                if (r == 0)
                        r = report(l, &found, &s, within);
        }
        clew_select_deinit(&s);
        return r;
}
