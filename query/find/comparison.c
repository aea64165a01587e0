/*
 * See comparison.h.
 */
#include "query/find/comparison.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"
#include "query/find/measures-int.h"
#include "query/find/path.h"
#include "query/find/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE (1u << 19) /* over twice the features */
#define ARENA_MAX ((size_t)256 << 20)
#define SCRATCH_MAX ((size_t)256 << 20)
/* Longer values are texts. */
#define VALUE_BYTES_MAX 96u
/* Beginning of a prompt that is compared. */
#define PROMPT_BYTES 64u
#define PROMPT_WORDS 3u
/* ... and how far it is looked for in messages. */
#define PROMPT_LOOK_BYTES 4096u
/* A numeric attribute with more values is not compared value by value. */
#define NUMBERS_MAX 12u
/* Features that are looked at for one of the same runs. */
#define DOUBLES_LOOK_BACK 256u

struct entry {
        struct clew_slice attribute;
        struct clew_slice value;
        uint64_t hash;
        uint64_t n[2];
        uint64_t runs;     /* sum of hashes of the runs that have it */
        uint64_t last_run; /* counted for that run */
};

struct clew_comparison {
        struct clew_arena arena;
        struct clew_arena scratch; /* of the run at hand */
        struct entry **table;      /* NULL = free */
        struct clew_measures measures;
        uint32_t n;
        uint64_t runs[2];
        uint64_t run; /* number of the one at hand */
        unsigned side;
        bool cut;
};

struct clew_comparison *clew_comparison_new(void)
{
        struct clew_comparison *c = clew_calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        clew_arena_init(&c->arena, ARENA_MAX);
        clew_arena_init(&c->scratch, SCRATCH_MAX);
        c->measures.arena = &c->arena;
        c->table = clew_arena_calloc(&c->arena, TABLE_SIZE, sizeof(struct entry *));
        if (!c->table) {
                clew_comparison_free(c);
                return NULL;
        }
        return c;
}

void clew_comparison_free(struct clew_comparison *c)
{
        if (!c)
                return;
        clew_arena_deinit(&c->arena);
        clew_arena_deinit(&c->scratch);
        clew_free(c);
}

/* ---- features of a run ------------------------------------------------------------------------
 */

static void count(struct clew_comparison *c, struct clew_slice attribute, struct clew_slice value)
{
        uint64_t hash = clew_hash_seeded(value, clew_hash(attribute));
        uint32_t at = (uint32_t)(hash ^ hash >> 32) & (TABLE_SIZE - 1);
        struct entry *e;

        if (value.len == 0 || value.len > VALUE_BYTES_MAX)
                return;
        while (c->table[at] && c->table[at]->hash != hash)
                at = (at + 1) & (TABLE_SIZE - 1);
        e = c->table[at];
        if (!e) {
                if (c->n == CLEW_COMPARISON_FEATURES_MAX) {
                        c->cut = true;
                        return;
                }
                e = clew_arena_calloc(&c->arena, 1, sizeof(*e));
                if (!e)
                        return;
                c->table[at] = e;
                c->n++;
                e->hash = hash;
                e->attribute = clew_arena_copy(&c->arena, attribute);
                e->value = clew_arena_copy(&c->arena, value);
        }
        if (e->last_run == c->run)
                return;
        e->last_run = c->run;
        e->n[c->side]++;
        e->runs += clew_measures_run_hash(c->run);
}

static void measure(struct clew_comparison *c, struct clew_slice name, double value)
{
        clew_measures_note(&c->measures, name, CLEW_MEASURE_NUMBER, value, c->run, c->side);
}

static void measure_of(struct clew_comparison *c, const char *what, struct clew_slice of,
                       enum clew_measure_unit unit, double value)
{
        struct clew_slice parts[] = {clew_slice_of_cstr(what), of};

        clew_measures_note(&c->measures, clew_arena_concat(&c->scratch, parts, 2), unit, value,
                           c->run, c->side);
}

static void count_cstr(struct clew_comparison *c, const char *attribute, struct clew_slice value)
{
        count(c, clew_slice_of_cstr(attribute), value);
}

static void count_scalar(struct clew_comparison *c, struct clew_slice attribute,
                         const struct clew_value *v)
{
        char text[64];
        int n = -1;

        if (v->type == CLEW_VALUE_STRING) {
                count(c, attribute, v->bytes);
                return;
        }
        if (v->type == CLEW_VALUE_BOOL)
                n = snprintf(text, sizeof(text), "%s", v->boolean ? "true" : "false");
        else if (v->type == CLEW_VALUE_INT)
                n = snprintf(text, sizeof(text), "%" PRId64, v->integer);
        else if (v->type == CLEW_VALUE_DOUBLE)
                n = snprintf(text, sizeof(text), "%.6g", v->number);
        if (n > 0)
                count(c, attribute, clew_slice_make(text, (size_t)n));
}

/* Messages and lists flattened into keys ("llm.input_messages.22.message.role"): the place of an
 * element says nothing that the count of calls does not. */
static bool is_flattened(struct clew_slice key)
{
        for (size_t i = 0; i + 1 < key.len; i++) {
                size_t end = i + 1;

                if (key.data[i] != '.')
                        continue;
                while (end < key.len && key.data[end] >= '0' && key.data[end] <= '9')
                        end++;
                if (end > i + 1 && (end == key.len || key.data[end] == '.'))
                        return true;
        }
        return false;
}

/* Ids of one call, request or message: those that count ("call_14") would say how long a run was.
 */
static bool is_id_of_call(struct clew_slice key)
{
        static const char *const ends[] = {"call.id",    "call_id",    "response.id", "response_id",
                                           "request.id", "request_id", "message.id",  "message_id"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                if (clew_slice_ends_with(key, clew_slice_of_cstr(ends[i])))
                        return true;
        }
        return false;
}

static void count_attributes(struct clew_comparison *c, const char *scope,
                             struct clew_message_iter it)
{
        struct clew_attribute a;

        while (clew_attribute_next(&it, &a)) {
                struct clew_slice parts[] = {clew_slice_of_cstr(scope), a.key};
                struct clew_slice name = clew_arena_concat(&c->scratch, parts, 2);
                struct clew_message_iter elements;
                struct clew_value v;

                if (!name.data)
                        return;
                if (is_flattened(a.key) || is_id_of_call(a.key))
                        continue;
                if (a.value.type == CLEW_VALUE_INT)
                        measure(c, name, (double)a.value.integer);
                else if (a.value.type == CLEW_VALUE_DOUBLE)
                        measure(c, name, a.value.number);
                if (a.value.type != CLEW_VALUE_ARRAY) {
                        count_scalar(c, name, &a.value);
                        continue;
                }
                elements = clew_value_elements(&a.value);
                while (clew_value_next(&elements, &v))
                        count_scalar(c, name, &v);
        }
}

static void count_names(struct clew_comparison *c, const char *attribute, const char *how_often,
                        const struct clew_name_count *names, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                count_cstr(c, attribute, names[i].name);
                if (how_often)
                        measure_of(c, how_often, names[i].name, CLEW_MEASURE_NUMBER,
                                   (double)names[i].count);
        }
}

/* Two actions in a row, and an action that failed. */
static int count_path(struct clew_comparison *c, const struct clew_trace *trace)
{
        struct clew_path_step *steps;
        const struct clew_path_step *before = NULL;
        uint32_t n;
        int r = clew_path_of_trace(trace, &c->scratch, &steps, &n);

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < n; i++) {
                const struct clew_path_step *s = &steps[i];
                struct clew_slice name =
                        s->kinds & CLEW_PATH_ANSWER ? CLEW_SLICE_LITERAL("answer") : s->name;

                if ((s->kinds & CLEW_PATH_ACTIONS) == 0)
                        continue;
                if (s->is_error)
                        count_cstr(c, "failed step", name);
                if (before) {
                        struct clew_slice parts[] = {before->name, CLEW_SLICE_LITERAL(" "), name};

                        count_cstr(c, "steps", clew_arena_concat(&c->scratch, parts, 3));
                }
                before = s;
        }
        return 0;
}

/* The first text of a prompt: of messages in JSON what stands under "content" or "text" first. */
static struct clew_slice prompt_text(struct clew_slice input)
{
        static const char *const keys[] = {"\"content\"", "\"text\""};
        size_t end = input.len < PROMPT_LOOK_BYTES ? input.len : PROMPT_LOOK_BYTES;

        if (input.len == 0 || (input.data[0] != '[' && input.data[0] != '{'))
                return input;
        for (size_t at = 0; at < end; at++) {
                for (size_t k = 0; k < CLEW_ARRAY_LEN(keys); k++) {
                        struct clew_slice rest = clew_slice_from(input, at);
                        size_t skip = strlen(keys[k]);

                        if (!clew_slice_starts_with(rest, clew_slice_of_cstr(keys[k])))
                                continue;
                        while (skip < rest.len && strchr(" \t\n:", rest.data[skip]))
                                skip++;
                        if (skip + 1 < rest.len && rest.data[skip] == '"')
                                return clew_slice_from(rest, skip + 1);
                }
        }
        return input;
}

static struct clew_slice first_words(struct clew_slice text)
{
        uint32_t n = 0;
        size_t len = 0;

        while (len < text.len && len < PROMPT_BYTES) {
                n += text.data[len] == ' ' && len > 0 && text.data[len - 1] != ' ';
                if (n == PROMPT_WORDS)
                        break;
                len++;
        }
        return clew_utf8_cut(text, len);
}

static void count_events(struct clew_comparison *c, const struct clew_span *span)
{
        struct clew_message_iter it = clew_span_events(span);
        struct clew_span_event event;

        while (span->has_events && clew_span_event_next(&it, &event))
                count_cstr(c, "event", event.name);
}

static void measure_step(struct clew_comparison *c, const struct clew_step *s)
{
        struct clew_slice name =
                s->kind == CLEW_KIND_TOOL && s->tool_name.len > 0 ? s->tool_name : CLEW_SLICE_NULL;
        size_t bytes = s->left_out_bytes > 0 ? s->left_out_bytes : s->tool_result.len;
        const char *what = s->kind == CLEW_KIND_LLM ? "time of a model call" : "time of ";

        if (s->kind != CLEW_KIND_LLM && name.len == 0)
                return;
        if (s->end_ns > s->start_ns)
                measure_of(c, what, name, CLEW_MEASURE_TIME, (double)clew_step_duration_ns(s));
        if (name.len > 0 && bytes > 0)
                measure_of(c, "bytes from ", name, CLEW_MEASURE_NUMBER, (double)bytes);
}

static void count_step(struct clew_comparison *c, const struct clew_step *s,
                       const struct clew_step *before)
{
        if (!before || before->resource.data != s->resource.data)
                count_attributes(c, "resource.", clew_resource_attributes(s->resource));
        if (!before || before->scope.data != s->scope.data) {
                count_cstr(c, "instrumentation:name", clew_scope_name(s->scope));
                count_cstr(c, "instrumentation:version", clew_scope_version(s->scope));
        }
        count_attributes(c, "span.", clew_span_attributes(&s->span));
        count_cstr(c, "span name", s->span.name);
        count_events(c, &s->span);
        measure_step(c, s);
        if (s->error.is_error) {
                count_cstr(c, "error type", s->error.type);
                count_cstr(c, "error message", clew_utf8_cut(s->error.message, PROMPT_BYTES));
        }
        if (s->kind == CLEW_KIND_LLM) {
                count_cstr(c, "finish reason", s->finish_reason);
                count_cstr(c, "prompt begins", clew_utf8_cut(prompt_text(s->input), PROMPT_BYTES));
                count_cstr(c, "first words of a prompt", first_words(prompt_text(s->input)));
        }
}

int clew_comparison_add(struct clew_comparison *c, unsigned side, const struct clew_trace *trace)
{
        const struct clew_step *before = NULL;

        clew_arena_reset(&c->scratch);
        c->side = side;
        c->run++;
        c->runs[side]++;
        count_names(c, "tool", "calls of ", trace->tools, trace->n_tools);
        count_names(c, "model", NULL, trace->models, trace->n_models);
        count_names(c, "agent", NULL, trace->agents, trace->n_agents);
        measure(c, CLEW_SLICE_LITERAL("model calls"), (double)trace->n_llm);
        measure(c, CLEW_SLICE_LITERAL("tool calls"), (double)trace->n_tool);
        if (trace->tokens.total > 0)
                measure(c, CLEW_SLICE_LITERAL("tokens"), (double)trace->tokens.total);
        if (trace->end_ns > trace->start_ns)
                measure_of(c, "duration", CLEW_SLICE_NULL, CLEW_MEASURE_TIME,
                           (double)(trace->end_ns - trace->start_ns));
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                if (clew_step_is(s, CLEW_STEP_STANDIN))
                        continue;
                count_step(c, s, before);
                before = s;
        }
        if (count_path(c, trace) < 0 || clew_arena_failed(&c->arena) ||
            clew_arena_failed(&c->scratch))
                return -ENOMEM;
        return 0;
}

/* ---- results ----------------------------------------------------------------------------------
 */

static int by_attribute(const void *a, const void *b)
{
        const struct clew_feature *x = a;
        const struct clew_feature *y = b;
        int order = clew_slice_cmp(x->attribute, y->attribute);

        return order != 0 ? order : clew_slice_cmp(x->value, y->value);
}

static double distance(const struct clew_feature *f)
{
        return f->lift; /* filled with the difference of shares until the end */
}

/* What Clew made of the spans says more than one of their attributes. */
static int rank_of(const struct clew_feature *f)
{
        static const char *const ranks[] = {"tool",        "agent",      "model", "resource.",
                                            "failed step", "error type", "steps"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(ranks); i++) {
                if (clew_slice_starts_with(f->attribute, clew_slice_of_cstr(ranks[i])))
                        return (int)i;
        }
        return clew_slice_starts_with(f->attribute, CLEW_SLICE_LITERAL("span.")) ? 20 : 10;
}

static int by_probability(const void *a, const void *b)
{
        const struct clew_feature *x = a;
        const struct clew_feature *y = b;

        if (x->p != y->p)
                return x->p < y->p ? -1 : 1;
        if ((distance(x) > 0) != (distance(y) > 0))
                return distance(x) > 0 ? -1 : 1; /* what A has comes before what it lacks */
        if (fabs(distance(x)) != fabs(distance(y)))
                return fabs(distance(x)) > fabs(distance(y)) ? -1 : 1;
        if (rank_of(x) != rank_of(y))
                return rank_of(x) - rank_of(y);
        if (x->value.len != y->value.len)
                return x->value.len < y->value.len ? -1 : 1;
        return by_attribute(a, b);
}

/* Of features that exactly the same runs have the first stands for all. They have the same
 * probability, so they stand near each other. */
static uint32_t without_doubles(struct clew_feature *all, uint32_t n)
{
        uint32_t kept = 0;
        uint32_t same_p = 0; /* first of those with the probability at hand */

        for (uint32_t i = 0; i < n; i++) {
                uint32_t k;

                if (kept > 0 && all[i].p != all[kept - 1].p)
                        same_p = kept;
                for (k = kept > same_p + DOUBLES_LOOK_BACK ? kept - DOUBLES_LOOK_BACK : same_p;
                     k < kept; k++) {
                        if (all[k].runs == all[i].runs && all[k].n[0] == all[i].n[0] &&
                            all[k].n[1] == all[i].n[1])
                                break;
                }
                if (k < kept)
                        all[k].same++;
                else
                        all[kept++] = all[i];
        }
        return kept;
}

/* Numbers that are not words for something are compared by where they are cut. */
static bool is_measured(const struct clew_comparison *c, struct clew_slice attribute)
{
        for (uint32_t i = 0; i < c->measures.n; i++) {
                if (clew_slice_eq(c->measures.all[i].name, attribute))
                        return true;
        }
        return false;
}

/* Ids and texts: each run has its own. They are left out, but for being many. */
static uint32_t without_ids(const struct clew_comparison *c, struct clew_feature *all, uint32_t n)
{
        uint32_t kept = 0;

        for (uint32_t i = 0; i < n;) {
                uint32_t end = i;
                uint32_t most = CLEW_COMPARISON_VALUES_MAX;

                while (end < n && clew_slice_eq(all[end].attribute, all[i].attribute))
                        end++;
                if (end - i > NUMBERS_MAX && is_measured(c, all[i].attribute))
                        most = 0;
                for (uint32_t k = i; k < end && end - i <= most; k++)
                        all[kept++] = all[k];
                i = end;
        }
        return kept;
}

/* The least probability that a feature of so many runs can get, however they are divided: of the
 * sum alone, so that whoever leaves it out for that does not look at the result. */
static double least_p(const struct clew_comparison *c, const struct clew_feature *f)
{
        uint64_t k = f->n[0] + f->n[1];
        uint64_t all = c->runs[0] + c->runs[1];
        uint64_t least = k < all - k ? k : all - k;
        double p[2];

        if (least == 0)
                return 1;
        for (unsigned side = 0; side < 2; side++) {
                uint64_t in = least < c->runs[side] ? least : c->runs[side];
                uint64_t n[2] = {0, 0};

                n[side] = in;
                n[1 - side] = least - in;
                p[side] = clew_difference_p(n[0], c->runs[0], n[1], c->runs[1]);
        }
        return p[0] < p[1] ? p[0] : p[1];
}

static int by_number(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;

        return x < y ? -1 : x > y;
}

/*
 * Features that are too rare to pass the correction, or that nearly all runs have, get no test:
 * each of them would only make it harder for the others (Tarone 1990; Gilbert 2005 for discovery
 * rates). The least number k is sought of which at most k features can get below the rate divided
 * by k.
 */
static uint32_t without_hopeless(const struct clew_comparison *c, struct clew_feature *all,
                                 uint32_t n, double *least)
{
        uint32_t kept = 0;
        uint32_t k = 1;

        for (uint32_t i = 0; i < n; i++)
                least[i] = least_p(c, &all[i]);
        qsort(least, n, sizeof(*least), by_number);
        while (k < n && least[k] < CLEW_COMPARISON_RATE / k)
                k++;
        for (uint32_t i = 0; i < n; i++) {
                if (least_p(c, &all[i]) < CLEW_COMPARISON_RATE / k)
                        all[kept++] = all[i];
        }
        return kept;
}

/* A feature and its opposite are equally likely, whatever the last digits of a sum say. */
static double rounded(double p)
{
        return p > 0 ? exp(round(log(p) * 1e8) / 1e8) : 0;
}

static uint32_t add_measures(struct clew_comparison *c, struct clew_feature *all, uint32_t n)
{
        struct clew_measure_cut cuts[CLEW_MEASURE_CUTS_MAX];

        for (uint32_t i = 0; i < c->measures.n; i++) {
                uint32_t n_cuts = clew_measures_cut(&c->measures, i, cuts);

                for (uint32_t k = 0; k < n_cuts; k++)
                        all[n++] = (struct clew_feature){.attribute = cuts[k].name,
                                                         .value = cuts[k].value,
                                                         .number = i + 1,
                                                         .n = {cuts[k].n[0], cuts[k].n[1]},
                                                         .runs = cuts[k].runs};
        }
        return n;
}

/* Moves what tells nothing new behind the rest of what was found: of a number the surest bound says
 * that it differs, once for more and once for less. How many stay in front. */
static uint32_t tell_once(struct clew_feature *found, uint32_t n, struct clew_feature *room)
{
        bool told[CLEW_MEASURES_MAX + 1][2] = {0};
        uint32_t kept = 0;
        uint32_t moved = 0;

        for (uint32_t i = 0; i < n; i++) {
                bool *is_told = &told[found[i].number][found[i].lift > 1];

                if (found[i].number > 0 && *is_told) {
                        room[moved++] = found[i];
                        continue;
                }
                *is_told = true;
                found[kept++] = found[i];
        }
        if (moved > 0)
                memcpy(&found[kept], room, moved * sizeof(*room));
        return kept;
}

int clew_comparison_finish(struct clew_comparison *c, struct clew_comparison_result *ret)
{
        size_t room = c->n + (size_t)CLEW_MEASURE_CUTS_MAX * c->measures.n + 1;
        struct clew_feature *all = clew_arena_calloc(&c->arena, room, sizeof(*all));
        struct clew_feature *aside = clew_arena_calloc(
                &c->arena, (size_t)CLEW_MEASURE_CUTS_MAX * c->measures.n + 1, sizeof(*aside));
        double *p = clew_arena_calloc(&c->arena, room, sizeof(*p));
        double runs[2] = {(double)c->runs[0], (double)c->runs[1]};
        uint32_t n = 0;
        uint32_t kept = 0;

        if (!all || !aside || !p)
                return -ENOMEM;
        for (uint32_t i = 0; i < TABLE_SIZE; i++) {
                const struct entry *e = c->table[i];

                if (e)
                        all[n++] = (struct clew_feature){.attribute = e->attribute,
                                                         .value = e->value,
                                                         .n = {e->n[0], e->n[1]},
                                                         .runs = e->runs};
        }
        qsort(all, n, sizeof(*all), by_attribute);
        n = without_ids(c, all, n);
        n = add_measures(c, all, n);
        for (uint32_t i = 0; i < n; i++) {
                struct clew_feature f = all[i];

                if (least_p(c, &f) >= CLEW_COMPARISON_RATE)
                        continue;
                f.p = rounded(clew_difference_p(f.n[0], c->runs[0], f.n[1], c->runs[1]));
                f.lift = (double)f.n[0] / runs[0] - (double)f.n[1] / runs[1];
                all[kept++] = f;
        }
        qsort(all, kept, sizeof(*all), by_probability);
        kept = without_doubles(all, kept);
        kept = without_hopeless(c, all, kept, p);
        for (uint32_t i = 0; i < kept; i++)
                p[i] = all[i].p;
        clew_discovery_rates(p, kept);
        *ret = (struct clew_comparison_result){
                .features = all, .n = kept, .runs = {c->runs[0], c->runs[1]}, .cut = c->cut};
        for (uint32_t i = 0; i < kept; i++) {
                struct clew_feature *f = &all[i];

                f->rate = p[i];
                f->lift = f->n[1] == 0 ? INFINITY
                                       : (double)f->n[0] / runs[0] / ((double)f->n[1] / runs[1]);
                ret->n_found += f->rate < CLEW_COMPARISON_RATE;
        }
        ret->n_told = tell_once(all, ret->n_found, aside);
        return 0;
}
