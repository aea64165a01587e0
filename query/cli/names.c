/*
 * See names.h.
 */
#include "query/cli/names.h"

#include "proto/base/hash.h"
#include "query/answer/nearest.h"
#include "query/answer/trace-record.h"
#include "query/find/attributes.h"
#include "query/find/select.h"
#include "query/rca/rules.h"
#include "query/review/dataset.h"
#include "query/review/experiment.h"
#include "query/review/reviews.h"
#include "query/review/rubric.h"

#include <errno.h>
#include <stdio.h>

#define SLOTS 8192u /* a power of two, over twice CLEW_NAMES_MAX */
/* A text behind a name. */
#define TEXT_BYTES_MAX 60u
/* A longer value is not typed again. */
#define VALUE_BYTES_MAX 200u

/* ---- keeping -----------------------------------------------------------------------------------
 */

static void add(struct clew_names *n, struct clew_slice name, struct clew_slice text)
{
        uint64_t at = clew_hash(name) & (SLOTS - 1);
        struct clew_name *item;

        if (name.len == 0 || n->n == CLEW_NAMES_MAX)
                return;
        for (; n->slots[at]; at = (at + 1) & (SLOTS - 1)) {
                if (clew_slice_eq(n->items[n->slots[at] - 1].name, name))
                        return;
        }
        item = &n->items[n->n];
        item->name = clew_arena_copy(n->arena, name);
        if (text.len > TEXT_BYTES_MAX)
                text.len = TEXT_BYTES_MAX;
        item->text = clew_arena_copy(n->arena, text);
        if (item->name.data)
                n->slots[at] = ++n->n;
}

/* ---- of traces ---------------------------------------------------------------------------------
 */

static void add_counted(struct clew_names *n, const struct clew_name_count *names, uint32_t count)
{
        for (uint32_t i = 0; i < count; i++)
                add(n, names[i].name, CLEW_SLICE_NULL);
}

static void add_id(struct clew_names *n, const struct clew_selected *t)
{
        const struct clew_summary *s = &t->summary;
        char id[CLEW_SHORT_ID];
        char text[256];
        struct clew_slice who = s->n_agents > 0 ? s->agents[0].name : s->name;

        clew_trace_id_short(&t->id, id);
        snprintf(text, sizeof(text), "%s %.*s", clew_outcome_word(t),
                 (int)(who.len < TEXT_BYTES_MAX ? who.len : TEXT_BYTES_MAX),
                 (const char *)who.data);
        add(n, clew_slice_of_cstr(id), clew_slice_of_cstr(text));
}

static void add_of(struct clew_names *n, enum clew_names_of of, const struct clew_selected *t)
{
        const struct clew_summary *s = &t->summary;

        switch ((int)of) {
        case CLEW_NAMES_AGENTS:
                add_counted(n, s->agents, s->n_agents);
                break;
        case CLEW_NAMES_TOOLS:
                add_counted(n, s->tools, s->n_tools);
                break;
        case CLEW_NAMES_MODELS:
                add_counted(n, s->models, s->n_models);
                break;
        case CLEW_NAMES_SERVICES:
                add(n, s->service, CLEW_SLICE_NULL);
                break;
        case CLEW_NAMES_SESSIONS:
                add(n, s->session, CLEW_SLICE_NULL);
                for (uint32_t i = 0; i < s->n_sessions; i++)
                        add(n, s->sessions[i], CLEW_SLICE_NULL);
                break;
        case CLEW_NAMES_USERS:
                add(n, s->user, CLEW_SLICE_NULL);
                break;
        case CLEW_NAMES_SIGNATURES:
                add(n, s->cause.signature, CLEW_SLICE_NULL);
                break;
        case CLEW_NAMES_TRACES:
                add_id(n, t);
                break;
        default:
                break;
        }
}

static void add_attributes(struct clew_names *n, struct clew_attributes *all)
{
        if (clew_attributes_finish(all) < 0)
                return;
        for (uint32_t i = 0; i < all->n; i++) {
                const struct clew_attribute_key *k = all->all[i];
                struct clew_slice parts[] = {clew_slice_of_cstr(k->scope), k->name};

                add(n, clew_arena_concat(n->arena, parts, CLEW_ARRAY_LEN(parts)), CLEW_SLICE_NULL);
        }
}

static void add_value(void *context, struct clew_slice text)
{
        struct clew_names *n = context;
        struct clew_slice parts[] = {n->wanted, CLEW_SLICE_LITERAL("="), text};

        if (text.len <= VALUE_BYTES_MAX)
                add(n, clew_arena_concat(n->arena, parts, CLEW_ARRAY_LEN(parts)), CLEW_SLICE_NULL);
}

static bool is_of_spans(enum clew_names_of of)
{
        return of == CLEW_NAMES_ATTRIBUTES || of == CLEW_NAMES_VALUES;
}

static int gather_traces(struct clew_names *n, struct clew_view *view, enum clew_names_of of,
                         uint32_t traces, uint64_t limit_ns, const struct clew_clock *clock)
{
        const struct clew_filter filter = {.limit_ns = limit_ns,
                                           .plain = of != CLEW_NAMES_SIGNATURES,
                                           .runs = of == CLEW_NAMES_TRACES,
                                           .apart = of != CLEW_NAMES_TRACES};
        struct clew_attributes all = {0};
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_trace_data data;
        struct clew_error err = {0};
        int r = is_of_spans(of) ? clew_attributes_init(&all) : 0;

        if (of == CLEW_NAMES_VALUES) {
                all.wanted = n->wanted;
                all.value = add_value;
                all.context = n;
        }
        if (r == 0)
                r = clew_select_init(&s, view, &filter, clock, NULL, &err);
        for (uint32_t i = 0; r >= 0 && i < traces; i++) {
                r = clew_select_next(&s, &t, &err);
                if (r != 1)
                        break;
                if (!is_of_spans(of))
                        add_of(n, of, &t);
                else if (clew_select_open(&s, &t, &data, &err) == 0)
                        r = clew_attributes_add(&all, data.traces);
        }
        if (of == CLEW_NAMES_ATTRIBUTES && r >= 0)
                add_attributes(n, &all);
        clew_select_deinit(&s);
        clew_attributes_deinit(&all);
        return r == -ENOMEM ? r : 0;
}

/* ---- of reviews --------------------------------------------------------------------------------
 */

static int add_labels(const struct clew_annotation *a, void *context)
{
        for (uint32_t i = 0; i < a->n_labels; i++)
                add(context, a->labels[i], CLEW_SLICE_NULL);
        return 0;
}

static int add_scores(const struct clew_annotation *a, void *context)
{
        for (uint32_t i = 0; i < a->n_scores; i++)
                add(context, a->scores[i].name, CLEW_SLICE_NULL);
        return 0;
}

static int add_rubric(const struct clew_rubric *rubric, void *context)
{
        add(context, rubric->name, CLEW_SLICE_NULL);
        return 0;
}

static int add_dataset(const struct clew_dataset *dataset, uint64_t n_items, void *context)
{
        (void)n_items;
        add(context, dataset->name, dataset->description);
        return 0;
}

static int add_experiment(const struct clew_experiment *e, void *context)
{
        add(context, e->name, e->dataset);
        return 0;
}

static int gather_reviews(struct clew_names *n, struct clew_view *view, enum clew_names_of of)
{
        struct clew_error err = {0};

        switch ((int)of) {
        case CLEW_NAMES_LABELS:
                return clew_reviews_each(view, add_labels, n, &err);
        case CLEW_NAMES_SCORES:
                return clew_reviews_each(view, add_scores, n, &err);
        case CLEW_NAMES_RUBRICS:
                return clew_rubric_each(view, CLEW_SLICE_NULL, add_rubric, n, &err);
        case CLEW_NAMES_DATASETS:
                return clew_dataset_each(view, add_dataset, n, &err);
        case CLEW_NAMES_EXPERIMENTS:
                return clew_experiment_each(view, add_experiment, n, &err);
        default:
                return 0;
        }
}

static void gather_rules(struct clew_names *n)
{
        for (unsigned i = 0; i < CLEW_RULE_COUNT; i++) {
                const struct clew_rule_info *info = clew_rule_info((enum clew_rule)i);

                if (info && info->name)
                        add(n, clew_slice_of_cstr(info->name), CLEW_SLICE_NULL);
        }
}

static int begin(struct clew_names *ret, struct clew_arena *arena)
{
        *ret = (struct clew_names){.arena = arena};
        ret->items = clew_arena_calloc(arena, CLEW_NAMES_MAX, sizeof(*ret->items));
        ret->slots = clew_arena_calloc(arena, SLOTS, sizeof(*ret->slots));
        return ret->items && ret->slots ? 0 : -ENOMEM;
}

int clew_names_values(struct clew_view *view, struct clew_slice key, uint32_t traces,
                      uint64_t limit_ns, const struct clew_clock *clock, struct clew_arena *arena,
                      struct clew_names *ret)
{
        int r = begin(ret, arena);

        ret->wanted = key;
        return r < 0 || !view
                       ? r
                       : gather_traces(ret, view, CLEW_NAMES_VALUES, traces, limit_ns, clock);
}

int clew_names_gather(struct clew_view *view, enum clew_names_of of, uint32_t traces,
                      uint64_t limit_ns, const struct clew_clock *clock, struct clew_arena *arena,
                      struct clew_names *ret)
{
        int r = begin(ret, arena);

        if (r < 0)
                return r;
        if (of == CLEW_NAMES_RULES)
                gather_rules(ret);
        else if (view && (of < CLEW_NAMES_LABELS || of == CLEW_NAMES_ATTRIBUTES))
                r = gather_traces(ret, view, of, traces, limit_ns, clock);
        else if (view && gather_reviews(ret, view, of) == -ENOMEM)
                r = -ENOMEM;
        return r;
}

struct clew_slice clew_names_nearest(const struct clew_names *names, struct clew_slice asked)
{
        struct clew_nearest near = clew_nearest_begin(asked);

        for (uint32_t i = 0; i < names->n; i++) {
                if (clew_slice_eq(names->items[i].name, asked))
                        return CLEW_SLICE_NULL;
                clew_nearest_offer(&near, names->items[i].name);
        }
        return near.best;
}
