/*
 * clew reindex: stored summaries derived anew under the present rules, and what that changed.
 *
 * The spans are the truth; a summary is what one version of the rules made of them. When rules
 * change, the lists of old data change with them, so it is told how: per field the number of traces
 * and a few examples. --dry-run tells the same and writes nothing.
 */
#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/cli/output.h"
#include "query/cli/served.h"
#include "query/cli/table.h"
#include "query/cli/terminal.h"
#include "query/find/refile.h"
#include "query/model/summary.h"
#include "storage/store.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Examples kept per field: enough to look at. */
#define EXAMPLES_MAX 3u
/* Of a value in an example. */
#define VALUE_BYTES_MAX 80u
#define ARENA_MAX ((size_t)64 << 20)
/* Columns of the table before the values, with gaps; the least that a value gets. */
#define OTHER_COLUMNS ((size_t)36)
#define VALUE_COLUMNS_MIN ((size_t)12)
/* Older rules versions that are counted apart. */
#define VERSIONS_MAX 16u

enum field {
        FIELD_OUTCOME,
        FIELD_NAME,
        FIELD_SERVICE,
        FIELD_SESSION,
        FIELD_USER,
        FIELD_AGENTS,
        FIELD_MODELS,
        FIELD_TOOLS,
        FIELD_STEPS,
        FIELD_LLM_CALLS,
        FIELD_TOOL_CALLS,
        FIELD_ERRORS,
        FIELD_ERROR,
        FIELD_DURATION,
        FIELD_TOKENS_IN,
        FIELD_TOKENS_OUT,
        FIELD_TOKENS_CACHED,
        FIELD_TOKENS_REASONING,
        FIELD_TOKENS_TOTAL,
        FIELD_COST,
        FIELD_CAUSE,
        FIELD_CAUSE_STEP,
        FIELD_CAUSE_TEXT,
        FIELD_CLUSTER,
        FIELD_LOOPS,
        FIELD_STALLS,
        FIELD_RETRIES,
        FIELD_WASTE_STEPS,
        FIELD_WASTE_TOKENS,
        FIELD_WASTE_TIME,
        FIELD_WASTE_COST,
        FIELD_SCORES,
        FIELD_SESSIONS,
        N_FIELDS
};

static const char *const field_names[N_FIELDS] = {
        "outcome",      "name",          "service",
        "session",      "user",          "agents",
        "models",       "tools",         "steps",
        "llm-calls",    "tool-calls",    "errors",
        "error",        "duration",      "tokens.in",
        "tokens.out",   "tokens.cached", "tokens.reasoning",
        "tokens.total", "cost",          "cause.rule",
        "cause.step",   "cause.detail",  "cluster",
        "loops",        "stalls",        "retries",
        "waste.steps",  "waste.tokens",  "waste.time",
        "waste.cost",   "scores",        "sessions",
};

struct example {
        struct clew_trace_id id;
        char from[VALUE_BYTES_MAX];
        char to[VALUE_BYTES_MAX];
};

struct changes {
        uint64_t n;
        struct example examples[EXAMPLES_MAX];
};

struct reindex {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_reindex_options options;
        struct clew_reindex_stats stats;
        struct clew_output output;
        bool json;
        uint64_t changed;    /* summaries that say something else now */
        uint64_t unreadable; /* stored ones that could not be read: compared with nothing */
        struct changes fields[N_FIELDS];
        struct {
                uint32_t version;
                uint64_t n;
        } versions[VERSIONS_MAX];
        size_t n_versions;
        struct clew_arena scratch;
};

/* ---- comparing --------------------------------------------------------------------------------
 */

static void put_names(struct clew_buffer *out, const struct clew_name_count *names, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                clew_buffer_append_cstr(out, i ? ", " : "");
                clew_buffer_append_slice(out, names[i].name);
                clew_buffer_printf(out, " %u", names[i].count);
        }
}

static void put_scores(struct clew_buffer *out, const struct clew_summary *s)
{
        for (uint32_t i = 0; i < s->n_scores; i++) {
                clew_buffer_append_cstr(out, i ? ", " : "");
                clew_summary_score_brief(&s->scores[i], out);
        }
}

static void put_text_field(struct clew_buffer *out, const struct clew_summary *s, enum field field)
{
        const struct clew_slice texts[N_FIELDS] = {
                [FIELD_NAME] = s->name,
                [FIELD_SERVICE] = s->service,
                [FIELD_SESSION] = s->session,
                [FIELD_USER] = s->user,
                [FIELD_ERROR] = s->error,
                [FIELD_CAUSE] = s->cause.rule,
                [FIELD_CAUSE_TEXT] = s->cause.detail,
                [FIELD_CLUSTER] = s->cause.signature,
        };

        clew_buffer_append_slice(out, texts[field]);
}

static void put_number_field(struct clew_buffer *out, const struct clew_summary *s,
                             enum field field)
{
        const uint64_t numbers[N_FIELDS] = {
                [FIELD_STEPS] = s->n_steps,
                [FIELD_LLM_CALLS] = s->n_llm,
                [FIELD_TOOL_CALLS] = s->n_tool,
                [FIELD_ERRORS] = s->n_errors,
                [FIELD_DURATION] = s->duration_ns,
                [FIELD_TOKENS_IN] = s->tokens.in,
                [FIELD_TOKENS_OUT] = s->tokens.out,
                [FIELD_TOKENS_CACHED] = s->tokens.cache_read,
                [FIELD_TOKENS_REASONING] = s->tokens.reasoning,
                [FIELD_TOKENS_TOTAL] = s->tokens.total,
                [FIELD_CAUSE_STEP] = s->cause.step,
                [FIELD_LOOPS] = s->facts.loops,
                [FIELD_STALLS] = s->facts.stalls,
                [FIELD_RETRIES] = s->facts.retries,
                [FIELD_WASTE_STEPS] = s->facts.waste_steps,
                [FIELD_WASTE_TOKENS] = s->facts.waste_tokens,
                [FIELD_WASTE_TIME] = s->facts.waste_ns,
        };

        clew_buffer_printf(out, "%" PRIu64, numbers[field]);
}

/* The field as text: equal texts, equal fields. */
static void put_field(struct clew_buffer *out, const struct clew_summary *s, enum field field)
{
        clew_buffer_clear(out);
        switch (field) {
        case FIELD_OUTCOME:
                clew_buffer_append_cstr(out, clew_outcome_name(s->outcome));
                break;
        case FIELD_AGENTS:
                put_names(out, s->agents, s->n_agents);
                break;
        case FIELD_MODELS:
                put_names(out, s->models, s->n_models);
                break;
        case FIELD_TOOLS:
                put_names(out, s->tools, s->n_tools);
                break;
        case FIELD_SCORES:
                put_scores(out, s);
                break;
        case FIELD_SESSIONS:
                for (uint32_t i = 0; i < s->n_sessions; i++) {
                        clew_buffer_append_cstr(out, i ? ", " : "");
                        clew_buffer_append_slice(out, s->sessions[i]);
                }
                break;
        case FIELD_COST:
                if (s->has_cost)
                        clew_buffer_printf(out, "$%.8f", s->cost_usd);
                break;
        case FIELD_WASTE_COST:
                clew_buffer_printf(out, "$%.8f", s->facts.waste_usd);
                break;
        case FIELD_NAME:
        case FIELD_SERVICE:
        case FIELD_SESSION:
        case FIELD_USER:
        case FIELD_ERROR:
        case FIELD_CAUSE:
        case FIELD_CAUSE_TEXT:
        case FIELD_CLUSTER:
                put_text_field(out, s, field);
                break;
        case FIELD_STEPS:
        case FIELD_LLM_CALLS:
        case FIELD_TOOL_CALLS:
        case FIELD_ERRORS:
        case FIELD_DURATION:
        case FIELD_TOKENS_IN:
        case FIELD_TOKENS_OUT:
        case FIELD_TOKENS_CACHED:
        case FIELD_TOKENS_REASONING:
        case FIELD_TOKENS_TOTAL:
        case FIELD_CAUSE_STEP:
        case FIELD_LOOPS:
        case FIELD_STALLS:
        case FIELD_RETRIES:
        case FIELD_WASTE_STEPS:
        case FIELD_WASTE_TOKENS:
        case FIELD_WASTE_TIME:
                put_number_field(out, s, field);
                break;
        case N_FIELDS:
                break;
        }
}

static void keep_value(char *ret, const struct clew_buffer *value)
{
        size_t n = value->len < VALUE_BYTES_MAX - 1 ? value->len : VALUE_BYTES_MAX - 1;

        while (n > 0 && n < value->len && (value->data[n] & 0xc0) == 0x80)
                n--; /* not inside a character */
        if (n > 0)
                memcpy(ret, value->data, n);
        ret[n] = 0;
}

static void count_version(struct reindex *x, uint32_t version)
{
        size_t i = 0;

        while (i < x->n_versions && x->versions[i].version != version)
                i++;
        if (i == VERSIONS_MAX)
                return;
        x->n_versions = i == x->n_versions ? i + 1 : x->n_versions;
        x->versions[i].version = version;
        x->versions[i].n++;
}

static void compare(struct reindex *x, const struct clew_trace_id *id,
                    const struct clew_summary *old, const struct clew_summary *fresh)
{
        CLEW_BUFFER a = {0};
        CLEW_BUFFER b = {0};
        bool any = false;

        clew_buffer_init(&a, (size_t)1 << 20);
        clew_buffer_init(&b, (size_t)1 << 20);
        for (unsigned i = 0; i < N_FIELDS; i++) {
                struct changes *c = &x->fields[i];

                put_field(&a, old, (enum field)i);
                put_field(&b, fresh, (enum field)i);
                if (clew_slice_eq(clew_buffer_slice(&a), clew_buffer_slice(&b)))
                        continue;
                any = true;
                if (c->n < EXAMPLES_MAX) {
                        c->examples[c->n].id = *id;
                        keep_value(c->examples[c->n].from, &a);
                        keep_value(c->examples[c->n].to, &b);
                }
                c->n++;
        }
        x->changed += any;
}

static void on_change(void *context, const struct clew_trace_id *id, struct clew_slice old,
                      struct clew_slice fresh)
{
        struct reindex *x = context;
        struct clew_summary before = {0};
        struct clew_summary after = {0};

        clew_arena_reset(&x->scratch);
        if (clew_summary_decode(fresh, &x->scratch, &after) < 0)
                return;
        if (old.len == 0 || clew_summary_decode(old, &x->scratch, &before) < 0) {
                x->unreadable++;
                return;
        }
        count_version(x, before.rules_version & UINT16_MAX);
        compare(x, id, &before, &after);
}

/* ---- telling ----------------------------------------------------------------------------------
 */

static void json_examples(struct clew_json_writer *w, const struct changes *c)
{
        clew_json_write_array_begin(w);
        for (uint64_t i = 0; i < c->n && i < EXAMPLES_MAX; i++) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "trace_id");
                clew_write_trace_id(w, &c->examples[i].id);
                clew_json_write_key(w, "from");
                clew_write_text(w, clew_slice_of_cstr(c->examples[i].from));
                clew_json_write_key(w, "to");
                clew_write_text(w, clew_slice_of_cstr(c->examples[i].to));
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static int put_json(struct reindex *x)
{
        struct clew_json_writer w = clew_output_begin(&x->output, "reindex");

        clew_json_write_key(&w, "rules_version");
        clew_json_write_uint64(&w, clew_rules_version() & UINT16_MAX);
        clew_json_write_key(&w, "dry_run");
        clew_json_write_bool(&w, x->options.dry_run);
        clew_json_write_key(&w, "seen");
        clew_json_write_uint64(&w, x->stats.seen);
        clew_json_write_key(&w, "changed");
        clew_json_write_uint64(&w, x->changed);
        clew_json_write_key(&w, "failed");
        clew_json_write_uint64(&w, x->stats.failed);
        clew_json_write_key(&w, "indexed");
        clew_json_write_uint64(&w, x->stats.indexed);
        clew_json_write_key(&w, "dropped");
        clew_json_write_uint64(&w, x->stats.dropped);
        clew_json_write_key(&w, "from_versions");
        clew_json_write_object_begin(&w);
        for (size_t i = 0; i < x->n_versions; i++) {
                char name[16];

                snprintf(name, sizeof(name), "%u", x->versions[i].version);
                clew_json_write_key(&w, name);
                clew_json_write_uint64(&w, x->versions[i].n);
        }
        clew_json_write_object_end(&w);
        clew_json_write_key(&w, "fields");
        clew_json_write_array_begin(&w);
        for (unsigned i = 0; i < N_FIELDS; i++) {
                if (x->fields[i].n == 0)
                        continue;
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "field");
                clew_json_write_cstr(&w, field_names[i]);
                clew_json_write_key(&w, "changed");
                clew_json_write_uint64(&w, x->fields[i].n);
                clew_json_write_key(&w, "examples");
                json_examples(&w, &x->fields[i]);
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        return clew_output_end(&x->output, &w);
}

static const struct clew_column columns[] = {
        {.heading = "FIELD"},
        {.heading = "TRACES", .right = true},
        {.heading = "EXAMPLE"},
        {.heading = "BEFORE", .give_way = 12},
        {.heading = "NOW", .give_way = 12},
};

/* Both values get half of what the other columns leave. */
static void put_value(struct clew_table *t, const char *value)
{
        CLEW_BUFFER text = {0};
        size_t room = t->look->columns;

        room = room == SIZE_MAX                               ? VALUE_BYTES_MAX
               : room > OTHER_COLUMNS + 2 * VALUE_COLUMNS_MIN ? (room - OTHER_COLUMNS) / 2
                                                              : VALUE_COLUMNS_MIN;
        clew_buffer_init(&text, 4096);
        clew_safe_line(&text, clew_slice_of_cstr(value[0] ? value : "-"), room, t->look->ascii);
        clew_table_cell(t, CLEW_TONE_PLAIN, clew_buffer_slice(&text));
}

static void put_rows(struct clew_table *t, const struct changes *c, const char *name)
{
        for (uint64_t i = 0; i < c->n && i < EXAMPLES_MAX; i++) {
                const struct example *e = &c->examples[i];
                char text[CLEW_WHEN_TEXT] = "";

                clew_table_row(t);
                clew_table_cell_cstr(t, CLEW_TONE_PLAIN, i == 0 ? name : "");
                if (i == 0)
                        snprintf(text, sizeof(text), "%" PRIu64, c->n);
                clew_table_cell_cstr(t, CLEW_TONE_STRONG, text);
                clew_trace_id_short(&e->id, text);
                clew_table_cell_cstr(t, CLEW_TONE_PLAIN, text);
                put_value(t, e->from);
                put_value(t, e->to);
        }
}

static int put_text(struct reindex *x)
{
        CLEW_ARENA arena = {0};
        struct clew_table table;

        clew_arena_init(&arena, ARENA_MAX);
        clew_table_init(&table, &x->look, columns, CLEW_ARRAY_LEN(columns), &arena);
        for (unsigned i = 0; i < N_FIELDS; i++)
                put_rows(&table, &x->fields[i], field_names[i]);
        fprintf(x->cli->out, "rules version %u: %" PRIu64 " summaries looked at, %" PRIu64 " %s\n",
                clew_rules_version() & UINT16_MAX, x->stats.seen, x->changed,
                x->options.dry_run ? "would change" : "changed");
        if (x->changed > 0 && clew_table_print(&table, x->cli->out) < 0)
                return clew_cli_fail(x->cli, -ENOMEM, NULL);
        return 0;
}

static int report(struct reindex *x)
{
        int r = x->json ? put_json(x) : put_text(x);

        for (size_t i = 0; i < x->n_versions; i++) {
                if (x->versions[i].version != (clew_rules_version() & UINT16_MAX))
                        clew_cli_note(x->cli, "%" PRIu64 " of them came from rules version %u",
                                      x->versions[i].n, x->versions[i].version);
        }
        if (x->stats.dropped > 0)
                clew_cli_note(x->cli, "damaged indexes were dropped");
        if (x->stats.indexed > 0)
                clew_cli_note(x->cli, "%" PRIu64 " segments without an index have one now",
                              x->stats.indexed);
        if (x->unreadable > 0)
                clew_cli_note(x->cli, "%" PRIu64 " had no summary that could be read",
                              x->unreadable);
        if (x->stats.failed > 0) {
                clew_cli_error(x->cli,
                               "%" PRIu64 " traces could not be read or summarised, and keep the "
                               "summary they have; clew doctor --verify names damage",
                               x->stats.failed);
                r = r == 0 ? CLEW_EXIT_PARTIAL : r;
        }
        return r;
}

static int run(struct reindex *x)
{
        struct clew_store *store = NULL;
        struct clew_error err = {0};
        uint64_t n_refiled = 0;
        int r = x->options.dry_run ? clew_cli_store(x->cli, CLEW_STORE_READ, &store)
                                   : clew_cli_store_existing(x->cli, &store);

        if (r != 0)
                return r;
        if (!x->options.dry_run) {
                r = clew_refile(store, clew_clock_unix_ns(x->cli->clock), &n_refiled, &err);
                if (r < 0)
                        return clew_cli_fail(x->cli, r, &err);
        }
        if (n_refiled > 0)
                clew_cli_note(x->cli,
                              "%" PRIu64 " log records that an older version stored without a "
                              "trace lie with their runs now",
                              n_refiled);
        r = clew_store_reindex(store, &x->options, &x->stats, &err);
        return r < 0 ? clew_cli_fail(x->cli, r, &err) : report(x);
}

int clew_cmd_reindex(struct clew_cli *cli, int argc, char **argv)
{
        struct reindex *x;
        CLEW_ARENA arena = {0};
        struct clew_display_flags display = {0};
        struct clew_flag_set shared = {0};
        const struct clew_output_flags json = {.json = true};
        struct clew_arguments args;
        int r;

        clew_arena_init(&arena, ARENA_MAX);
        x = clew_arena_calloc(&arena, 1, sizeof(*x)); /* large for a stack */
        if (!x)
                return clew_cli_fail(cli, -ENOMEM, NULL);
        const struct clew_flag own[] = {
                {"all", 0, NULL, "also summaries of the present rules",
                 .ret_flag = &x->options.all},
                {"indexes", 0, NULL, "look for damaged indexes, and make them anew",
                 .ret_flag = &x->options.indexes},
                {"dry-run", 0, NULL, "tell what would change, write nothing",
                 .ret_flag = &x->options.dry_run},
                {"json", 0, NULL, "one JSON object", .ret_flag = &x->json},
                {0},
        };

        x->cli = cli;
        x->options.on_change = on_change;
        x->options.context = x;
        clew_arena_init(&x->scratch, ARENA_MAX);
        clew_display_flags_add(&shared, &display);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r == 0 && args.n > 0) {
                clew_cli_error(cli, "reindex takes flags only");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = clew_look_init(&x->look, cli, &display);
        if (r == 0)
                r = clew_output_init(&x->output, cli, &json, "reindex", NULL);
        if (r == 0 && !x->options.dry_run && !clew_served_may_write(cli))
                r = CLEW_EXIT_PERMISSION;
        if (r == 0)
                r = run(x);
        clew_output_deinit(&x->output);
        clew_arena_deinit(&x->scratch);
        return r;
}
