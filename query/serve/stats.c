/*
 * See stats.h.
 */
#include "query/serve/stats.h"

#include "query/find/index/index.h"

#include <errno.h>
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
        s->of_steps |= key->of_step;
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

        *s = (struct clew_stats){.over_ns = over_ns};
        clew_arena_init(&s->arena, 2 * CLEW_QUERY_ARENA_MAX);
        clew_arena_init(&s->scratch, SCRATCH_MAX);
        clew_buffer_init(&fields, CLEW_QUERY_TEXT_MAX);
        r = read_keys(s, by, &fields, err);
        if (r == 0)
                r = clew_groups_init(&s->groups, s->n_keys);
        if (r == 0 && s->needs_spans)
                r = make_query(s, query, clew_buffer_slice(&fields), err, where);
        return r;
}

unsigned clew_stats_light(const struct clew_stats *s)
{
        unsigned light = CLEW_LIGHT | CLEW_LIGHT_CAUSE;

        if (s->needs_spans)
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
                case FACT_OUTCOME:
                case FACT_CAUSE:
                        break;
                default:
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

static int put(struct clew_stats *s, const struct clew_group_item *item, struct clew_error *err)
{
        int r = clew_groups_add(&s->groups, item);

        if (r == -E2BIG)
                return clew_error_set(err, r, 0,
                                      "more than %u groups or %u values: narrow the selection, or "
                                      "take keys with fewer values",
                                      CLEW_GROUPS_MAX, CLEW_GROUP_VALUES_MAX);
        return r;
}

static int add_run(struct clew_stats *s, const struct clew_selected *t, uint32_t speaker,
                   struct clew_error *err)
{
        const struct clew_summary *sum = &t->summary;
        struct clew_slice keys[CLEW_GROUP_KEYS_MAX] = {{0}};
        bool failed = (CLEW_OUTCOME_BIT(sum->outcome) & CLEW_OUTCOMES_FAILED) != 0;

        for (uint32_t i = 0; i < s->n_keys; i++)
                keys[i] = s->keys[i].fact != FACT_NONE
                                  ? fact_of(t, s->keys[i].fact)
                                  : clew_query_selected(s->run, speaker, s->keys[i].selected,
                                                        &s->scratch);
        return put(s,
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
                   },
                   err);
}

static int add_step(struct clew_stats *s, const struct clew_selected *t,
                    const struct clew_trace *trace, uint32_t index, struct clew_error *err)
{
        const struct clew_step *step = &trace->steps[index];
        struct clew_slice keys[CLEW_GROUP_KEYS_MAX] = {{0}};
        bool booked = clew_step_is(step, CLEW_STEP_BOOKED);

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
        return put(s,
                   &(struct clew_group_item){
                           .keys = keys,
                           .time_ns = stretch(s, step->start_ns),
                           .failed = step->error.is_error,
                           .open = step->end_ns == 0,
                           .duration_ns = clew_step_duration_ns(step),
                           .tokens = booked ? step->tokens.total : 0,
                           .has_cost = booked && step->has_cost,
                           .cost_usd = step->cost_usd,
                           .cause = step->error.is_error ? step->error.type : CLEW_SLICE_NULL,
                   },
                   err);
}

int clew_stats_add(struct clew_stats *s, struct clew_select *select, const struct clew_selected *t,
                   struct clew_error *err)
{
        struct clew_query_facts facts = clew_select_facts(select, t);
        struct clew_query_result found;
        struct clew_trace_data data;
        int r;

        clew_arena_reset(&s->scratch);
        if (!s->needs_spans)
                return add_run(s, t, 0, err);
        if (clew_query_judge(s->run, &facts) == CLEW_NO)
                return 0;
        r = clew_select_open(select, t, &data, err);
        if (r == 0)
                r = clew_query_evaluate(s->run, &facts, data.traces, data.logs, &found);
        if (r <= 0)
                return r;
        if (!s->of_steps)
                return add_run(s, t, clew_query_speaker(s->run), err);
        for (uint32_t i = 0; i < found.n_sets; i++) {
                for (uint32_t k = 0; k < found.sets[i].n; k++) {
                        r = add_step(s, t, found.trace, found.sets[i].steps[k], err);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int clew_stats_finish(struct clew_stats *s)
{
        return clew_groups_finish(&s->groups);
}
