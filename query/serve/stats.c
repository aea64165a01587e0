/*
 * See stats.h.
 */
#include "query/serve/stats.h"

#include "proto/base/mem.h"
#include "query/find/index/index.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCRATCH_MAX ((size_t)64 << 20)

enum fact {
        FACT_NONE,
        FACT_AGENT,
        FACT_SERVICE,
        FACT_OUTCOME,
        FACT_CAUSE,
        FACT_SIGNATURE,
        FACT_USER,
        FACT_SESSION,
        FACT_NAME,
};

static const struct named {
        const char *name;
        enum fact fact;
        const char *field; /* of a step */
} named[] = {
        {"agent", FACT_AGENT, NULL},
        {"service", FACT_SERVICE, NULL},
        {"outcome", FACT_OUTCOME, NULL},
        {"cause", FACT_CAUSE, NULL},
        {"signature", FACT_SIGNATURE, NULL},
        {"user", FACT_USER, NULL},
        {"session", FACT_SESSION, NULL},
        {"name", FACT_NAME, NULL},
        {"tool", FACT_NONE, "span.clew.tool"},
        {"model", FACT_NONE, "span.clew.model"},
        {"kind", FACT_NONE, "span.clew.kind"},
        {"step", FACT_NONE, "span.clew.step.name"},
        {"error", FACT_NONE, "span.clew.error.type"},
};

/* ---- keys -------------------------------------------------------------------------------------
 */

/* Up to a comma that stands outside of quotes. */
static struct clew_slice next_key(struct clew_slice *left)
{
        bool quoted = false;
        size_t n = 0;
        struct clew_slice key;

        while (n < left->len && (quoted || left->data[n] != ',')) {
                if (left->data[n] == '"')
                        quoted = !quoted;
                n++;
        }
        key = clew_slice_make(left->data, n);
        *left = clew_slice_from(*left, n + 1);
        while (key.len > 0 && key.data[0] == ' ')
                key = clew_slice_from(key, 1);
        while (key.len > 0 && key.data[key.len - 1] == ' ')
                key.len--;
        return key;
}

static bool is_of_run(struct clew_slice field)
{
        struct clew_query_field_help help;
        static const char *const begins[] = {"resource.", "trace:", "parent.resource."};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(begins); i++) {
                if (clew_slice_starts_with(field, clew_slice_of_cstr(begins[i])))
                        return true;
        }
        for (size_t i = 0; clew_query_field_at(i, &help); i++) {
                if (clew_slice_eq_cstr(field, help.name))
                        return strcmp(help.where, "run") == 0 || strcmp(help.where, "trace") == 0;
        }
        return false;
}

static void add_field(struct clew_stats *s, struct clew_stats_key *key, struct clew_slice field,
                      uint32_t *n_selected, struct clew_buffer *out)
{
        clew_buffer_append_cstr(out, *n_selected > 0 ? ", " : "");
        clew_buffer_append_slice(out, field);
        key->selected = (*n_selected)++;
        key->of_step = !is_of_run(field);
        key->text = key->of_step ? clew_step_text(field) : -1;
        s->told &= key->text >= 0;
        s->of_steps |= key->of_step;
        s->by_tool |= key->text == CLEW_STEP_TOOL;
        s->needs_spans = true;
}

static int read_keys(struct clew_stats *s, const char *by, struct clew_buffer *fields,
                     struct clew_error *err)
{
        struct clew_slice left = clew_arena_copy(&s->arena, clew_slice_of_cstr(by));
        uint32_t n_selected = 0;

        while (left.len > 0) {
                struct clew_stats_key *key = &s->keys[s->n_keys];
                struct clew_slice name = next_key(&left);
                const struct named *found = NULL;

                if (s->n_keys == CLEW_GROUP_KEYS_MAX)
                        return clew_error_set(err, -EINVAL, 0, "--by takes at most %u keys",
                                              CLEW_GROUP_KEYS_MAX);
                if (name.len == 0)
                        return clew_error_set(err, -EINVAL, 0,
                                              "--by takes keys between commas: agent, tool, model, "
                                              "service, outcome, cause, user, or a field of the "
                                              "query language");
                for (size_t i = 0; i < CLEW_ARRAY_LEN(named) && !found; i++)
                        found = clew_slice_eq_cstr(name, named[i].name) ? &named[i] : NULL;
                *key = (struct clew_stats_key){.name = name,
                                               .fact = found ? (int)found->fact : FACT_NONE};
                s->n_keys++;
                if (key->fact == FACT_NONE)
                        add_field(s, key, found ? clew_slice_of_cstr(found->field) : name,
                                  &n_selected, fields);
        }
        s->by_result = n_selected;
        clew_buffer_append_cstr(fields, s->by_tool ? ", span.clew.result_error" : "");
        return 0;
}

/* The user's query alone, so that its mistakes are told in its own text. */
static int check_query(const char *query, struct clew_error *err, struct clew_filter_error *where)
{
        CLEW_ARENA arena = {0};
        struct clew_query *q = NULL;
        struct clew_query_error e;
        int r;

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        r = clew_query_parse(clew_slice_of_cstr(query),
                             &(struct clew_query_options){.strict = true}, &arena, &q, &e);
        clew_query_deinit(q);
        if (r < 0 && where) {
                where->query = e;
                clew_buffer_append_cstr(&where->text, query);
        }
        return r < 0 ? clew_error_set(err, r == -ENOMEM ? r : -EINVAL, e.offset, "%s", e.message)
                     : 0;
}

static int bad_key(struct clew_stats *s, const struct clew_query_error *e, struct clew_error *err)
{
        for (uint32_t i = 0; i < s->n_keys; i++) {
                for (size_t k = 0; s->keys[i].fact == FACT_NONE && k < CLEW_ARRAY_LEN(named); k++) {
                        if (clew_query_is_near(s->keys[i].name, named[k].name))
                                return clew_error_set(err, -EINVAL, 0, "--by: %s; did you mean %s?",
                                                      e->message, named[k].name);
                }
        }
        return clew_error_set(err, -EINVAL, 0,
                              "--by: %s; keys are agent, tool, model, service, outcome, cause, "
                              "signature, user, session, name, kind, step, error, and fields "
                              "(clew help query)",
                              e->message);
}

static int make_query(struct clew_stats *s, const char *query, struct clew_slice fields,
                      struct clew_error *err, struct clew_filter_error *where)
{
        CLEW_BUFFER text = {0};
        struct clew_query_error e;
        int r = query ? check_query(query, err, where) : 0;

        if (r < 0)
                return r;
        clew_buffer_init(&text, CLEW_QUERY_TEXT_MAX);
        clew_buffer_append_cstr(&text, query && s->of_steps ? query : "{ }");
        clew_buffer_append_cstr(&text, "\n| select(");
        clew_buffer_append_slice(&text, fields);
        clew_buffer_append_cstr(&text, ")");
        r = clew_query_parse(clew_buffer_slice(&text), &(struct clew_query_options){.strict = true},
                             &s->arena, &s->query, &e);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return bad_key(s, &e, err);
        s->run = clew_query_run_new(s->query);
        return s->run ? 0 : -ENOMEM;
}

int clew_stats_init(struct clew_stats *s, const char *by, const char *query, uint64_t over_ns,
                    struct clew_error *err, struct clew_filter_error *where)
{
        CLEW_BUFFER fields = {0};
        int r;

        *s = (struct clew_stats){.over_ns = over_ns, .told = true};
        s->told &= over_ns % CLEW_NS_PER_S == 0; /* indexes tell the second of a step */
        clew_arena_init(&s->arena, 2 * CLEW_QUERY_ARENA_MAX);
        clew_arena_init(&s->scratch, SCRATCH_MAX);
        clew_buffer_init(&fields, CLEW_QUERY_TEXT_MAX);
        r = read_keys(s, by, &fields, err);
        if (r == 0)
                r = clew_groups_init(&s->groups, s->n_keys);
        if (r == 0 && s->needs_spans)
                r = make_query(s, query, clew_buffer_slice(&fields), err, where);
        s->has_condition = query && s->of_steps;
        if (r == 0 && s->has_condition && s->told)
                s->told = clew_query_asks_sorts(s->query);
        return r;
}

/* Some key is what the rules of root cause find of every run. */
static bool asks_facts(const struct clew_stats *s)
{
        bool asks = s->query && clew_query_asks_facts(s->query);

        for (uint32_t i = 0; i < s->n_keys; i++)
                asks |= s->keys[i].fact == FACT_CAUSE || s->keys[i].fact == FACT_SIGNATURE;
        return asks;
}

static unsigned light_of(const struct clew_stats *s)
{
        unsigned light = CLEW_LIGHT | (s->needs_spans ? 0 : CLEW_LIGHT_CAUSE);

        if (s->needs_spans && !s->told)
                return 0;
        for (uint32_t i = 0; i < s->n_keys; i++) {
                switch (s->keys[i].fact) {
                case FACT_AGENT:
                        light |= CLEW_LIGHT_AGENT;
                        break;
                case FACT_SERVICE:
                        light |= CLEW_LIGHT_SERVICE;
                        break;
                case FACT_SIGNATURE:
                        light |= CLEW_LIGHT_SIGNATURE;
                        break;
                case FACT_USER:
                        light |= CLEW_LIGHT_USER;
                        break;
                case FACT_NAME:
                        light |= CLEW_LIGHT_NAME;
                        break;
                case FACT_CAUSE:
                        light |= CLEW_LIGHT_CAUSE;
                        break;
                case FACT_OUTCOME:
                        break;
                default:
                        if (s->keys[i].text < 0)
                                return 0;
                }
        }
        return light;
}

void clew_stats_deinit(struct clew_stats *s)
{
        clew_groups_deinit(&s->groups);
        clew_query_run_free(s->run);
        clew_query_deinit(s->query);
        clew_arena_deinit(&s->arena);
        clew_arena_deinit(&s->scratch);
        clew_free(s->by_id);
}

/* ---- counting ---------------------------------------------------------------------------------
 */

static struct clew_slice fact_of(const struct clew_selected *t, int fact)
{
        const struct clew_summary *sum = &t->summary;

        switch (fact) {
        case FACT_AGENT:
                return sum->n_agents > 0 ? sum->agents[0].name : CLEW_SLICE_NULL;
        case FACT_SERVICE:
                return sum->service;
        case FACT_OUTCOME:
                return clew_slice_of_cstr(t->lost ? "lost" : clew_outcome_name(sum->outcome));
        case FACT_CAUSE:
                return sum->cause.rule;
        case FACT_SIGNATURE:
                return sum->cause.signature;
        case FACT_USER:
                return sum->user;
        case FACT_SESSION:
                return sum->session;
        case FACT_NAME:
                return sum->name;
        default:
                return CLEW_SLICE_NULL;
        }
}

static uint64_t stretch(const struct clew_stats *s, uint64_t time_ns)
{
        return s->over_ns ? time_ns / s->over_ns * s->over_ns : 0;
}

static bool is_failed(const struct clew_summary *summary)
{
        return (CLEW_OUTCOME_BIT(summary->outcome) & CLEW_OUTCOMES_FAILED) != 0;
}

static int add_run(struct clew_stats *s, const struct clew_selected *t, uint32_t speaker)
{
        const struct clew_summary *sum = &t->summary;
        struct clew_slice keys[CLEW_GROUP_KEYS_MAX] = {{0}};
        bool failed = is_failed(sum);

        for (uint32_t i = 0; i < s->n_keys; i++)
                keys[i] = s->keys[i].fact != FACT_NONE
                                  ? fact_of(t, s->keys[i].fact)
                                  : clew_query_selected(s->run, speaker, s->keys[i].selected,
                                                        &s->scratch);
        return clew_groups_add(&s->groups,
                               &(struct clew_group_item){
                                       .keys = keys,
                                       .time_ns = stretch(s, t->start_ns),
                                       .failed = failed,
                                       .open = sum->outcome == CLEW_OUTCOME_OPEN,
                                       .duration_ns = sum->duration_ns,
                                       .tokens = sum->tokens.total,
                                       .has_cost = sum->has_cost,
                                       .cost_usd = sum->cost_usd,
                                       .cause = failed ? sum->cause.rule : CLEW_SLICE_NULL,
                               });
}

/* A tool call that failed, by a sign or by its answer. */
static bool is_by_result(struct clew_stats *s, uint32_t step)
{
        return s->by_tool &&
               clew_slice_eq_cstr(clew_query_selected(s->run, step, s->by_result, &s->scratch),
                                  "true");
}

static int add_step(struct clew_stats *s, const struct clew_selected *t,
                    const struct clew_trace *trace, uint32_t index)
{
        const struct clew_step *step = &trace->steps[index];
        struct clew_slice keys[CLEW_GROUP_KEYS_MAX] = {{0}};
        bool booked = clew_step_is(step, CLEW_STEP_BOOKED);
        uint64_t units = clew_step_cost_units(step->cost_usd);

        clew_arena_reset(&s->scratch);
        for (uint32_t i = 0; i < s->n_keys; i++) {
                const struct clew_stats_key *key = &s->keys[i];
                uint32_t at = key->of_step ? index : clew_query_speaker(s->run);

                keys[i] = key->fact != FACT_NONE
                                  ? fact_of(t, key->fact)
                                  : clew_query_selected(s->run, at, key->selected, &s->scratch);
                if (key->of_step && keys[i].len == 0)
                        return 0;
        }
        return clew_groups_add(&s->groups, &(struct clew_group_item){
                                                   .keys = keys,
                                                   .time_ns = stretch(s, step->start_ns),
                                                   .failed = step->error.is_error,
                                                   .by_result = is_by_result(s, index),
                                                   .open = step->end_ns == 0,
                                                   .duration_ns = clew_step_duration_ns(step),
                                                   .tokens = booked ? step->tokens.total : 0,
                                                   .has_cost = booked && step->has_cost,
                                                   .in_units = units != UINT64_MAX,
                                                   .cost_units = units,
                                                   .cost_usd = step->cost_usd,
                                                   .cause = step->error.is_error ? step->error.type
                                                                                 : CLEW_SLICE_NULL,
                                           });
}

static int add(struct clew_stats *s, struct clew_select *select, struct clew_selected *t,
               struct clew_error *err)
{
        struct clew_query_facts facts;
        struct clew_query_result found;
        struct clew_trace_data data;
        int r;

        clew_arena_reset(&s->scratch);
        /* A cause is told of runs that failed alone. */
        if (select->is_plain ? !s->of_steps && is_failed(&t->summary) : s->needs_spans) {
                r = clew_select_whole(select, t, err);
                if (r < 0)
                        return r;
        }
        if (!s->needs_spans)
                return add_run(s, t, 0);
        facts = clew_select_facts(select, t);
        if (clew_query_judge(s->run, &facts) == CLEW_NO)
                return 0;
        r = clew_select_open(select, t, &data, err);
        if (r == 0)
                r = clew_query_evaluate(s->run, &facts, data.traces, data.logs, &found);
        if (r <= 0)
                return r;
        if (!s->of_steps)
                return add_run(s, t, clew_query_speaker(s->run));
        for (uint32_t i = 0; i < found.n_sets; i++) {
                for (uint32_t k = 0; k < found.sets[i].n; k++) {
                        r = add_step(s, t, found.trace, found.sets[i].steps[k]);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* ---- many at once -----------------------------------------------------------------------------
 */

static struct clew_slice bulk_fact(const struct clew_bulk_row *row, int fact)
{
        static const unsigned bits[] = {
                [FACT_AGENT] = CLEW_LIGHT_AGENT,         [FACT_SERVICE] = CLEW_LIGHT_SERVICE,
                [FACT_CAUSE] = CLEW_LIGHT_CAUSE,         [FACT_USER] = CLEW_LIGHT_USER,
                [FACT_SIGNATURE] = CLEW_LIGHT_SIGNATURE, [FACT_NAME] = CLEW_LIGHT_NAME,
        };

        if (fact == FACT_OUTCOME)
                return clew_slice_of_cstr(clew_outcome_name((enum clew_outcome)row->outcome));
        return row->texts[clew_bulk_text(bits[fact])];
}

/* The one key is a text: its id, below *ret_n; else -1. */
static int64_t id_of(const struct clew_stats *s, const struct clew_bulk_row *row, uint32_t *ret_n)
{
        unsigned at;

        if (s->n_keys != 1 || s->over_ns != 0)
                return -1;
        switch (s->keys[0].fact) {
        case FACT_AGENT:
                at = clew_bulk_text(CLEW_LIGHT_AGENT);
                break;
        case FACT_SERVICE:
                at = clew_bulk_text(CLEW_LIGHT_SERVICE);
                break;
        default:
                return -1;
        }
        *ret_n = row->n_ids[at];
        return row->text_ids[at];
}

/* Forgets the groups of another index run. */
static int make_ids(struct clew_stats *s, uint64_t serial, uint32_t n)
{
        if (s->serial == serial)
                return 0;
        clew_free(s->by_id);
        s->by_id = clew_calloc(n, sizeof(*s->by_id));
        s->n_ids = n;
        s->serial = serial;
        return s->by_id ? 0 : -ENOMEM;
}

static int take(struct clew_stats *s, const struct clew_bulk_row *row)
{
        struct clew_slice keys[CLEW_GROUP_KEYS_MAX] = {{0}};
        bool failed = (CLEW_OUTCOME_BIT(row->outcome) & CLEW_OUTCOMES_FAILED) != 0;
        const struct clew_group_item item = {
                .keys = keys,
                .time_ns = stretch(s, row->start_ns),
                .failed = failed,
                .duration_ns = row->duration_ns,
                .tokens = row->tokens,
                .has_cost = row->has_cost,
                .cost_usd = row->cost_usd,
                .cause = failed ? row->texts[clew_bulk_text(CLEW_LIGHT_CAUSE)] : CLEW_SLICE_NULL,
        };
        uint32_t n = 0;
        int64_t id = id_of(s, row, &n);

        if (id >= 0 && make_ids(s, row->serial, n) < 0)
                return -ENOMEM;
        if (id >= 0 && s->by_id[id])
                return clew_groups_add_to(&s->groups, s->by_id[id], &item);
        for (uint32_t i = 0; i < s->n_keys; i++)
                keys[i] = bulk_fact(row, s->keys[i].fact);
        if (id >= 0)
                s->by_id[id] = clew_groups_find(&s->groups, &item);
        return clew_groups_add(&s->groups, &item);
}

static bool wants(void *context, const struct clew_slice *texts, struct clew_step_failed failed)
{
        struct clew_stats *s = context;

        for (uint32_t i = 0; i < s->n_keys; i++) {
                if (s->keys[i].of_step && texts[s->keys[i].text].len == 0)
                        return false;
        }
        return !s->has_condition || clew_query_meets_sort(s->run, texts, failed);
}

/* Steps of one sort are of one group, unless the run or the time has a say in it. */
static bool is_by_sort(const struct clew_stats *s)
{
        bool is = s->over_ns == 0;

        for (uint32_t i = 0; i < s->n_keys; i++)
                is &= s->keys[i].of_step;
        return is;
}

static struct clew_group_item item_of(const struct clew_stats *s, const struct clew_bulk_step *step,
                                      const struct clew_slice *keys)
{
        return (struct clew_group_item){
                .keys = keys,
                .time_ns = s->by_sort ? 0 : stretch(s, step->start_ns),
                .failed = step->failed.is_error,
                .by_result = s->by_tool && step->failed.by_result,
                .open = step->is_open,
                .duration_ns = step->duration_ns,
                .tokens = step->tokens,
                .has_cost = step->has_cost,
                .in_units = true,
                .cost_units = step->cost_units,
                .cause =
                        step->failed.is_error ? step->texts[CLEW_STEP_ERROR_TYPE] : CLEW_SLICE_NULL,
        };
}

/* The group of a step; NULL: there are too many, or no memory. */
static struct clew_group *find_group(struct clew_stats *s, const struct clew_bulk_step *step,
                                     const struct clew_group_item *item, struct clew_slice *keys)
{
        for (uint32_t i = 0; i < s->n_keys; i++)
                keys[i] = s->keys[i].of_step ? step->texts[s->keys[i].text]
                                             : bulk_fact(step->row, s->keys[i].fact);
        return clew_groups_find(&s->groups, item);
}

/* ... where that is one of all steps of its sort. */
static int group_of_sort(struct clew_stats *s, const struct clew_bulk_step *step,
                         const struct clew_group_item *item, struct clew_slice *keys,
                         struct clew_group **ret)
{
        if (make_ids(s, step->serial, step->n_sorts) < 0)
                return -ENOMEM;
        if (!s->by_id[step->sort])
                s->by_id[step->sort] = find_group(s, step, item, keys);
        *ret = s->by_id[step->sort];
        return *ret ? 0 : clew_arena_failed(&s->groups.arena) ? -ENOMEM : -E2BIG;
}

static int add_told_step(struct clew_stats *s, const struct clew_bulk_step *step)
{
        struct clew_slice keys[CLEW_GROUP_KEYS_MAX] = {{0}};
        const struct clew_group_item item = item_of(s, step, keys);
        struct clew_group *group = NULL;
        int r = 0;

        if (s->by_sort)
                r = group_of_sort(s, step, &item, keys, &group);
        else
                group = find_group(s, step, &item, keys);
        if (r == 0 && !group)
                r = clew_arena_failed(&s->groups.arena) ? -ENOMEM : -E2BIG;
        return r < 0 ? r : clew_groups_add_to(&s->groups, group, &item);
}

static int add_sum(struct clew_stats *s, const struct clew_bulk_step *sum, uint64_t n)
{
        struct clew_slice keys[CLEW_GROUP_KEYS_MAX] = {{0}};
        const struct clew_group_item item = item_of(s, sum, keys);
        struct clew_group *group;
        int r = group_of_sort(s, sum, &item, keys, &group);

        return r < 0 ? r : clew_groups_add_sum(&s->groups, group, &item, n);
}

/* What is too much is no damage of an index. */
static int take_step(void *context, const struct clew_bulk_step *step)
{
        struct clew_stats *s = context;

        s->refused = add_told_step(s, step);
        return s->refused;
}

static int take_sum(void *context, const struct clew_bulk_step *sum, uint64_t n)
{
        struct clew_stats *s = context;

        s->refused = add_sum(s, sum, n);
        return s->refused;
}

static int take_durations(void *context, const struct clew_bulk_durations *durations)
{
        struct clew_stats *s = context;

        s->refused = clew_groups_add_counted(&s->groups, s->by_id[durations->sort],
                                             &durations->piece, durations->n);
        return s->refused;
}

static int take_row(void *context, const struct clew_bulk_row *row)
{
        struct clew_stats *s = context;

        s->refused = take(s, row);
        return s->refused;
}

static int walk(struct clew_stats *s, struct clew_view *view, const struct clew_clock *clock,
                struct clew_select *select, struct clew_error *err)
{
        struct clew_selected t;
        int r = clew_select_init(select, view, &s->filter, clock, NULL, err);

        if (s->needs_spans) {
                s->by_sort = is_by_sort(s);
                select->steps_of_runs = !s->by_sort;
                select->wants_steps = wants;
                select->take_step = take_step;
                select->take_sum = take_sum;
                select->take_durations = take_durations;
        } else {
                select->take = take_row;
        }
        select->take_context = s;
        while (r >= 0 && (r = clew_select_next(select, &t, err)) == 1) {
                r = add(s, select, &t, err);
                if (r == -ENOENT) /* deleted meanwhile */
                        r = 0;
        }
        return r;
}

/* Walks, and finishes. -EAGAIN: an index turned out to be damaged. */
static int gather(struct clew_stats *s, struct clew_view *view, const struct clew_clock *clock,
                  struct clew_select *select, struct clew_error *err)
{
        int r = walk(s, view, clock, select, err);

        if (r == -EAGAIN && s->refused < 0) {
                *err = (struct clew_error){0};
                return s->refused;
        }
        if (r == 0)
                r = clew_groups_finish(&s->groups);
        if (r == -EBADMSG && err->code == 0) {
                clew_error_set(err, r, 0,
                               "sums of an index run are damaged; see clew reindex --indexes");
                return -EAGAIN;
        }
        return r;
}

int clew_stats_gather(struct clew_stats *s, struct clew_view *view,
                      const struct clew_filter *filter, const struct clew_clock *clock,
                      struct clew_select *select, struct clew_error *err)
{
        int r;

        s->filter = *filter;
        s->filter.light = light_of(s);
        s->filter.plain = !asks_facts(s);
        r = gather(s, view, clock, select, err);
        if (r == -EAGAIN) { /* an index is damaged: without, from the beginning */
                char damage[sizeof(select->index_damage)];

                (void)snprintf(damage, sizeof(damage), "%.199s", err->message);
                clew_select_deinit(select);
                clew_groups_clear(&s->groups);
                s->serial = 0;
                s->filter.no_index = true;
                r = gather(s, view, clock, select, err);
                memcpy(select->index_damage, damage, sizeof(damage));
        }
        if (r == -E2BIG && err->code == 0)
                clew_error_set(err, r, 0,
                               "more than %u groups or %u values: narrow the selection, or take "
                               "keys with fewer values",
                               CLEW_GROUPS_MAX, CLEW_GROUP_VALUES_MAX);
        return r;
}
