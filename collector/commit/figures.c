/*
 * See figures.h.
 */
#include "collector/commit/figures-int.h"

#include "proto/base/arena.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "query/model/summary.h"

#include <string.h>
#include <xxhash.h>

/* Both summaries of a trace: lists of 64 names, and shares of each. */
#define ARENA_MAX ((size_t)1 << 20)
#define US_PER_S 1e6

const double clew_run_bounds[CLEW_RUN_BOUNDS] = {0.5, 1,   2,   5,   10,   20,   30,
                                                 60,  120, 300, 600, 1800, 3600, 10800};

struct clew_figures *clew_figures_new(void)
{
        struct clew_figures *f = clew_calloc(1, sizeof(*f));

        if (!f)
                return NULL;
        pthread_mutex_init(&f->lock, NULL);
        f->created_ns = clew_clock_unix_ns(clew_clock_system());
        f->agents.max = CLEW_FIGURES_AGENTS_MAX;
        f->agents.has_runs = true;
        f->models.max = CLEW_FIGURES_MODELS_MAX;
        f->tools.max = CLEW_FIGURES_TOOLS_MAX;
        return f;
}

static void free_table(struct clew_figures_table *t)
{
        for (unsigned i = 0; i < t->n; i++) {
                clew_free(t->rows[i]->run);
                clew_free(t->rows[i]);
        }
}

void clew_figures_free(struct clew_figures *f)
{
        if (!f)
                return;
        free_table(&f->agents);
        free_table(&f->models);
        free_table(&f->tools);
        pthread_mutex_destroy(&f->lock);
        clew_free(f);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void add(struct clew_figure *t, double d)
{
        t->now += d;
        if (t->now > t->shown)
                t->shown = t->now;
}

/* NULL: no memory. */
static struct clew_figures_row *new_row(struct clew_figures_table *t, uint64_t hash,
                                        const char *service, const char *name, uint64_t now_ns)
{
        struct clew_figures_row *row = clew_calloc(1, sizeof(*row));

        if (row && t->has_runs)
                row->run = clew_calloc(1, sizeof(*row->run));
        if (!row || (t->has_runs && !row->run)) {
                clew_free(row);
                return NULL;
        }
        row->hash = hash;
        row->created_ns = now_ns;
        memcpy(row->service, service, strlen(service) + 1);
        memcpy(row->name, name, strlen(name) + 1);
        t->rows[t->n++] = row;
        return row;
}

/* The row of a name, made when there is room; else the one of all others. NULL: no memory. Linear
 * in the rows, whose number is bounded; a hash is compared. */
static struct clew_figures_row *find_row(struct clew_figures_table *t, struct clew_slice service,
                                         struct clew_slice name, uint64_t now_ns)
{
        char clean_service[CLEW_LABEL_VALUE_MAX + 1];
        char clean_name[CLEW_LABEL_VALUE_MAX + 1];
        size_t n = clew_label_clean(name, clean_name);
        size_t m = clew_label_clean(service, clean_service);
        uint64_t hash = XXH3_64bits_withSeed(clean_name, n, XXH3_64bits(clean_service, m));
        bool is_other = strcmp(clean_name, CLEW_FIGURES_OTHER) == 0;

        for (unsigned i = 0; i < t->n && !is_other; i++) {
                if (t->rows[i]->hash == hash && strcmp(t->rows[i]->name, clean_name) == 0 &&
                    strcmp(t->rows[i]->service, clean_service) == 0)
                        return t->rows[i];
        }
        if (!is_other && t->n - (t->other != NULL) < t->max)
                return new_row(t, hash, clean_service, clean_name, now_ns);
        add(&t->folded, 1);
        if (!t->other)
                t->other = new_row(t, 0, "", CLEW_FIGURES_OTHER, now_ns);
        return t->other;
}

static struct clew_figure *cause_of(struct clew_figures *f, struct clew_run_figures *run,
                                    struct clew_slice rule)
{
        char clean[CLEW_LABEL_VALUE_MAX + 1];
        unsigned i = 0;

        (void)clew_label_clean(rule.len > 0 ? rule : CLEW_SLICE_LITERAL("unexplained"), clean);
        while (i < f->n_causes && strcmp(f->causes[i], clean) != 0)
                i++;
        if (i == f->n_causes && i < CLEW_FIGURES_CAUSES_MAX)
                memcpy(f->causes[f->n_causes++], clean, strlen(clean) + 1);
        return &run->causes[i];
}

/* ---- counting ------------------------------------------------------------------------------- */

static bool is_run(const struct clew_summary *s)
{
        return (s->kinds & (1u << CLEW_KIND_AGENT | 1u << CLEW_KIND_LLM | 1u << CLEW_KIND_TOOL)) !=
               0;
}

/* An open run whose parent never came has ended as far as anybody knows. */
static enum clew_outcome outcome_of(const struct clew_summary *s)
{
        return s->outcome == CLEW_OUTCOME_OPEN ? s->settled : s->outcome;
}

static void add_run(struct clew_figures *f, struct clew_run_figures *run,
                    const struct clew_summary *s, double sign)
{
        enum clew_outcome outcome = outcome_of(s);
        double seconds = (double)s->duration_ns / (double)CLEW_NS_PER_S;
        unsigned bucket = 0;

        add(&run->seen, sign);
        add(&run->loops, sign * s->facts.loops);
        add(&run->stalls, sign * s->facts.stalls);
        add(&run->retries, sign * s->facts.retries);
        add(&run->waste_tokens, sign * (double)s->facts.waste_tokens);
        add(&run->waste_usd, sign * s->facts.waste_usd);
        add(&run->waste_s, sign * (double)s->facts.waste_ns / (double)CLEW_NS_PER_S);
        if (outcome == CLEW_OUTCOME_OPEN || outcome == CLEW_OUTCOME_UNKNOWN)
                return; /* has not ended */
        add(&run->outcomes[outcome], sign);
        if (outcome == CLEW_OUTCOME_ERROR || outcome == CLEW_OUTCOME_FAILED)
                add(cause_of(f, run, s->cause.rule), sign);
        while (bucket < CLEW_RUN_BOUNDS && seconds > clew_run_bounds[bucket])
                bucket++;
        add(&run->took[bucket], sign);
        add(&run->took_s, sign * seconds);
}

static void add_usage(struct clew_usage *u, const struct clew_share *s, double calls, double sign)
{
        const uint64_t tokens[CLEW_USAGE_KINDS] = {s->in, s->out, s->cache_read, s->cache_write,
                                                   s->reasoning};
        double failed = (double)s->failed < calls ? (double)s->failed : calls;

        for (unsigned i = 0; i < CLEW_USAGE_KINDS; i++)
                add(&u->tokens[i], sign * (double)tokens[i]);
        add(&u->cost_usd, sign * (double)s->cost_units / CLEW_COST_UNITS);
        add(&u->ok, sign * (calls - failed));
        add(&u->failed, sign * failed);
        add(&u->busy_s, sign * (double)s->busy_us / US_PER_S);
}

static uint64_t less(uint64_t a, uint64_t b)
{
        return a > b ? a - b : 0;
}

/* Takes what @part has off @rest. */
static void take_off(struct clew_share *rest, const struct clew_share *part)
{
        rest->in = less(rest->in, part->in);
        rest->out = less(rest->out, part->out);
        rest->cache_read = less(rest->cache_read, part->cache_read);
        rest->cache_write = less(rest->cache_write, part->cache_write);
        rest->reasoning = less(rest->reasoning, part->reasoning);
        rest->cost_units = less(rest->cost_units, part->cost_units);
}

struct list {
        struct clew_figures_table *table;
        struct clew_slice service;
        const struct clew_name_count *names;
        const struct clew_share *shares; /* NULL: not known */
        uint32_t n;
};

/* Each name's share; what no name of the list has goes to the name "", so that the sum over a label
 * is the total of the runs. */
static void add_list(const struct list *list, const struct clew_summary *s, bool with_rest,
                     double sign, uint64_t now_ns)
{
        static const struct clew_share unknown;
        struct clew_share rest = {
                .in = s->tokens.in,
                .out = s->tokens.out,
                .cache_read = s->tokens.cache_read,
                .cache_write = s->tokens.cache_write,
                .reasoning = s->tokens.reasoning,
                .cost_units = s->has_cost && s->cost_usd > 0
                                      ? (uint64_t)(s->cost_usd * CLEW_COST_UNITS + 0.5)
                                      : 0,
        };
        struct clew_figures_row *row;

        for (uint32_t i = 0; i < list->n; i++) {
                const struct clew_share *share = list->shares ? &list->shares[i] : &unknown;

                take_off(&rest, share);
                row = find_row(list->table, list->service, list->names[i].name, now_ns);
                if (row)
                        add_usage(&row->usage, share, list->names[i].count, sign);
        }
        if (!with_rest || (rest.in | rest.out | rest.cache_read | rest.cache_write |
                           rest.reasoning | rest.cost_units) == 0)
                return;
        row = find_row(list->table, list->service, CLEW_SLICE_LITERAL(""), now_ns);
        if (row)
                add_usage(&row->usage, &rest, 0, sign);
}

/* @sign 1 counts it, -1 takes it back. */
static void count(struct clew_figures *f, const struct clew_summary *s, double sign,
                  uint64_t now_ns)
{
        const struct list lists[] = {
                {&f->agents, s->service, s->agents, s->shares.agents, s->n_agents},
                {&f->models, CLEW_SLICE_NULL, s->models, s->shares.models, s->n_models},
                {&f->tools, CLEW_SLICE_NULL, s->tools, s->shares.tools, s->n_tools},
        };
        struct clew_figures_row *row;

        if (!is_run(s))
                return;
        row = find_row(&f->agents, s->service,
                       s->n_agents > 0 ? s->agents[0].name : CLEW_SLICE_LITERAL(""), now_ns);
        if (row)
                add_run(f, row->run, s, sign);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(lists); i++)
                add_list(&lists[i], s, lists[i].table != &f->tools, sign, now_ns);
}

void clew_figures_count_apart(struct clew_figures *f)
{
        pthread_mutex_lock(&f->lock);
        add(&f->apart, 1);
        pthread_mutex_unlock(&f->lock);
}

void clew_figures_add(struct clew_figures *f, struct clew_slice before, struct clew_slice now,
                      uint64_t now_ns)
{
        CLEW_ARENA arena = {0};
        struct clew_summary old;
        struct clew_summary fresh;
        bool has_old;
        int r;

        clew_arena_init(&arena, ARENA_MAX);
        r = clew_summary_decode(now, &arena, &fresh);
        has_old = before.len > 0 && clew_summary_decode(before, &arena, &old) == 0;
        pthread_mutex_lock(&f->lock);
        if (r < 0)
                add(&f->unreadable, 1);
        if (r == 0 && has_old)
                count(f, &old, -1, now_ns); /* first, so that nothing is shown that is taken back */
        if (r == 0)
                count(f, &fresh, 1, now_ns);
        pthread_mutex_unlock(&f->lock);
}
