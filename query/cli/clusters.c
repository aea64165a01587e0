/*
 * clew clusters: failed runs grouped by cause.
 *
 * The signature of a cause (rule, step, shape of its error) was computed when the trace was sealed;
 * runs with equal signatures form a cluster. Its name is made from the signature alone, so it stays
 * the same tomorrow and on another machine. Runs without a cause are grouped by their error text.
 */
#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/table.h"
#include "query/rca/text.h"

#include "proto/base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Distinct causes; beyond it a run is counted as left out. */
#define CLUSTERS_MAX 4096u
#define CLUSTERS_ARENA_MAX ((size_t)256 << 20) /* some millions of runs */
#define NAME_SIZE 12u

struct cluster {
        uint64_t hash;
        struct clew_slice rule;
        struct clew_slice signature;
        struct clew_slice detail; /* of the newest run */
        struct clew_trace_id example;
        uint32_t count;
        uint32_t recent; /* in the newer half of the time that the selection spans */
        uint64_t first_ns;
        uint64_t last_ns;
};

/* When each run started, for the trend: the window is known only at the end. */
struct moment {
        struct moment *next;
        uint64_t ns;
        uint32_t cluster;
};

struct clusters_command {
        struct clew_cli *cli;
        struct clew_view *view;
        struct clew_look look;
        struct clew_filter_flags filter_flags;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        struct clew_output output;
        struct clew_arena arena;
        struct cluster *items;
        uint32_t n;
        uint32_t left_out;
        struct moment *moments;
        uint64_t oldest_ns;
        uint64_t newest_ns;
        const char *name; /* show the runs of this cluster */
};

/* "c" and eight hex digits of the signature's hash. */
static void name_of(uint64_t hash, char ret[NAME_SIZE])
{
        snprintf(ret, NAME_SIZE, "c%08x", (unsigned)(hash >> 32));
}

static uint64_t hash_of(const struct clew_summary *s)
{
        if (s->cause.signature.len)
                return clew_hash(s->cause.signature);
        return clew_text_error_shape(s->error) ^ 0x9e3779b97f4a7c15u;
}

static struct cluster *cluster_of(struct clusters_command *c, const struct clew_selected *t)
{
        uint64_t hash = hash_of(&t->summary);
        struct cluster *x;

        for (uint32_t i = 0; i < c->n; i++) {
                if (c->items[i].hash == hash)
                        return &c->items[i];
        }
        if (c->n == CLUSTERS_MAX)
                return NULL;
        /* The walk is newest first: the first run seen is the example. */
        x = &c->items[c->n++];
        *x = (struct cluster){.hash = hash, .last_ns = t->start_ns, .example = t->id};
        x->rule = clew_arena_copy(&c->arena, t->summary.cause.rule);
        x->signature = clew_arena_copy(&c->arena, t->summary.cause.signature);
        x->detail = clew_arena_copy(&c->arena, t->summary.cause.rule.len ? t->summary.cause.detail
                                                                         : t->summary.error);
        return x;
}

static void take(struct clusters_command *c, const struct clew_selected *t)
{
        struct cluster *x = cluster_of(c, t);
        struct moment *m = clew_arena_alloc(&c->arena, sizeof(*m));

        if (!x || !m) {
                c->left_out++;
                return;
        }
        x->count++;
        x->first_ns = t->start_ns;
        c->oldest_ns = t->start_ns;
        c->newest_ns = c->newest_ns ? c->newest_ns : t->start_ns;
        *m = (struct moment){c->moments, t->start_ns, (uint32_t)(x - c->items)};
        c->moments = m;
}

static int by_count(const void *a, const void *b)
{
        const struct cluster *x = a;
        const struct cluster *y = b;

        if (x->count != y->count)
                return x->count > y->count ? -1 : 1;
        return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* More than half again as many in the newer half, or the other way round. */
static const char *trend_of(const struct cluster *x)
{
        uint32_t older = x->count - x->recent;

        if (x->count < 4)
                return "";
        return x->recent * 2 > older * 3   ? "rising"
               : older * 2 > x->recent * 3 ? "falling"
                                           : "steady";
}

/* ---- output --------------------------------------------------------------------------------- */

static void write_name(struct clew_json_writer *w, const void *p)
{
        char name[NAME_SIZE];

        name_of(((const struct cluster *)p)->hash, name);
        clew_json_write_cstr(w, name);
}

static void write_count(struct clew_json_writer *w, const void *p)
{
        clew_json_write_uint64(w, ((const struct cluster *)p)->count);
}

static void write_rule(struct clew_json_writer *w, const void *p)
{
        clew_write_text(w, ((const struct cluster *)p)->rule);
}

static void write_signature(struct clew_json_writer *w, const void *p)
{
        clew_write_text(w, ((const struct cluster *)p)->signature);
}

static void write_first(struct clew_json_writer *w, const void *p)
{
        clew_write_time(w, ((const struct cluster *)p)->first_ns);
}

static void write_last(struct clew_json_writer *w, const void *p)
{
        clew_write_time(w, ((const struct cluster *)p)->last_ns);
}

static void write_trend(struct clew_json_writer *w, const void *p)
{
        clew_write_text(w, clew_slice_of_cstr(trend_of(p)));
}

static void write_example(struct clew_json_writer *w, const void *p)
{
        clew_write_trace_id(w, &((const struct cluster *)p)->example);
}

static void write_detail(struct clew_json_writer *w, const void *p)
{
        clew_write_text(w, ((const struct cluster *)p)->detail);
}

static const struct clew_record_field fields[] = {
        {"name", true, write_name},        {"count", true, write_count},
        {"rule", true, write_rule},        {"signature", true, write_signature},
        {"first_seen", true, write_first}, {"last_seen", true, write_last},
        {"trend", true, write_trend},      {"example", true, write_example},
        {"detail", false, write_detail},   {0},
};

static const struct clew_column columns[] = {
        {.heading = "CLUSTER"},
        {.heading = "RUNS", .right = true},
        {.heading = "TREND"},
        {.heading = "LAST SEEN"},
        {.heading = "EXAMPLE"},
        {.heading = "RULE", .give_way = 12},
        {.heading = "WHAT", .give_way = 20},
};

static int put_table(struct clusters_command *c)
{
        struct clew_table t;
        char text[CLEW_WHEN_TEXT];

        clew_table_init(&t, &c->look, columns, CLEW_ARRAY_LEN(columns), &c->arena);
        for (uint32_t i = 0; i < c->n; i++) {
                const struct cluster *x = &c->items[i];

                if (c->output_flags.limit && i == c->output_flags.limit)
                        break;
                clew_table_row(&t);
                name_of(x->hash, text);
                clew_table_cell_cstr(&t, CLEW_TONE_STRONG, text);
                snprintf(text, sizeof(text), "%u", x->count);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, text);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, trend_of(x));
                clew_when_short(x->last_ns, clew_clock_unix_ns(c->cli->clock), c->look.utc, text);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, text);
                clew_cli_short_id(c->cli, &x->example, text);
                clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, text);
                clew_table_cell(&t, CLEW_TONE_PLAIN,
                                x->rule.len ? x->rule : CLEW_SLICE_LITERAL("none found"));
                clew_table_cell(&t, CLEW_TONE_DIM, x->detail);
        }
        return clew_table_print(&t, c->cli->out) < 0 ? CLEW_EXIT_PARTIAL : 0;
}

static int put(struct clusters_command *c)
{
        int r = 0;

        for (const struct moment *m = c->moments; m; m = m->next)
                c->items[m->cluster].recent +=
                        m->ns >= c->oldest_ns + (c->newest_ns - c->oldest_ns) / 2;
        if (c->n)
                qsort(c->items, c->n, sizeof(*c->items), by_count);
        if (!clew_output_is_machine(&c->output)) {
                r = put_table(c);
                clew_cli_note(c->cli, "%u clusters; the runs of one: %s clusters NAME", c->n,
                              c->cli->self);
        }
        for (uint32_t i = 0; r == 0 && clew_output_is_machine(&c->output) && i < c->n; i++) {
                if (c->output_flags.limit && i == c->output_flags.limit)
                        break;
                r = clew_output_put(&c->output, &c->items[i]);
        }
        if (c->left_out)
                clew_cli_note(c->cli, "%u runs left out: more than %u clusters", c->left_out,
                              CLUSTERS_MAX);
        return r;
}

/* One run of the named cluster. */
static int put_member(struct clusters_command *c, const struct clew_selected *t)
{
        char name[NAME_SIZE];
        char id[CLEW_TRACE_ID_HEX];
        char detail[160];

        name_of(hash_of(&t->summary), name);
        if (strcmp(name, c->name) != 0)
                return 0;
        c->n++;
        if (clew_output_is_machine(&c->output))
                return clew_output_put(&c->output, t);
        clew_trace_id_to_hex(&t->id, id);
        fprintf(c->cli->out, "%s  %s\n", id,
                clew_safe_cstr(t->summary.cause.detail, detail, sizeof(detail)));
        return 0;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int walk(struct clusters_command *c, const struct clew_filter *filter)
{
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        int status = 0;
        int r = clew_select_init(&s, c->view, filter, c->cli->clock, NULL, &err);

        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1) {
                if (!c->name)
                        take(c, &t);
                else if (c->output_flags.limit && c->n == c->output_flags.limit)
                        break;
                else if ((status = put_member(c, &t)) != 0)
                        break;
        }
        if (r < 0)
                status = clew_cli_fail(c->cli, r, &err);
        if (status == 0)
                status = clew_filter_report(c->cli, &s);
        clew_select_deinit(&s);
        return status;
}

static int run(struct clusters_command *c)
{
        struct clew_filter filter;
        int r = clew_filter_make(c->cli, &c->filter_flags, NULL, c->look.utc, &filter);

        if (r != 0)
                return r;
        if (!c->filter_flags.failed && !c->filter_flags.ok && !c->filter_flags.open &&
            !c->filter_flags.lost && !c->filter_flags.query)
                filter.outcomes = CLEW_OUTCOMES_FAILED;
        c->items = clew_arena_calloc(&c->arena, CLUSTERS_MAX, sizeof(*c->items));
        if (!c->items)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        r = walk(c, &filter);
        if (r != 0)
                return r;
        if (c->name && c->n == 0)
                clew_cli_note(c->cli, "no run of this selection is in that cluster");
        if (!c->name)
                r = put(c);
        return r == 0 && c->n == 0 && c->output_flags.exit_status ? CLEW_EXIT_NOTHING : r;
}

int clew_cmd_clusters(struct clew_cli *cli, int argc, char **argv)
{
        struct clusters_command c = {.cli = cli};
        struct clew_flag_set shared = {0};
        struct clew_arguments args;
        int r;

        clew_filter_flags_add(&shared, &c.filter_flags);
        clew_output_flags_add(&shared, &c.output_flags);
        clew_display_flags_add(&shared, &c.display_flags);
        r = clew_options_parse(cli, argc, argv, NULL, shared.flags, &args);
        if (r != 0)
                return r;
        if (args.n > 1) {
                clew_cli_error(cli, "clusters takes one name at most");
                return CLEW_EXIT_USAGE;
        }
        c.name = args.n ? args.values[0] : NULL; /* then its runs are listed, as list does */
        clew_arena_init(&c.arena, CLUSTERS_ARENA_MAX);
        r = clew_look_init(&c.look, cli, &c.display_flags);
        if (r == 0)
                r = clew_output_init(&c.output, cli, &c.output_flags, c.name ? "trace" : "cluster",
                                     c.name ? clew_trace_fields : fields);
        if (r == 0)
                r = clew_cli_view(cli, &c.view);
        if (r == 0) {
                clew_pager_start(cli, &c.display_flags);
                r = run(&c);
        }
        clew_output_deinit(&c.output);
        clew_arena_deinit(&c.arena);
        return r;
}
