/*
 * The counters of figures.h as families. One table says what there is; each row of it writes one
 * family for all projects, because a family stands together.
 */
#include "collector/commit/figures-int.h"

#include <stddef.h>
#include <string.h>

struct family {
        const char *name;
        enum clew_metric_type type;
        const char *unit;
        const char *help;
        size_t table; /* of struct clew_figures; NONE: written once for a project */
        size_t tally; /* of the row, or with is_run of its run */
        bool is_run;
        void (*write)(const struct family *family, const struct clew_figures *f,
                      const struct clew_figures_row *row, struct clew_label *labels, size_t n,
                      struct clew_exposition *x);
};

#define LABELS_MAX 5u

static const struct clew_figure *tally_of(const struct family *family,
                                          const struct clew_figures_row *row)
{
        const char *base = family->is_run ? (const char *)row->run : (const char *)row;

        return (const struct clew_figure *)(const void *)(base + family->tally);
}

static void write_plain(const struct family *family, const struct clew_figures *f,
                        const struct clew_figures_row *row, struct clew_label *labels, size_t n,
                        struct clew_exposition *x)
{
        (void)f;
        clew_exposition_counter(x, labels, n, tally_of(family, row)->shown, row->created_ns);
}

static void write_outcomes(const struct family *family, const struct clew_figures *f,
                           const struct clew_figures_row *row, struct clew_label *labels, size_t n,
                           struct clew_exposition *x)
{
        const struct clew_figure *all = tally_of(family, row);

        (void)f;
        for (int i = 0; i < CLEW_OUTCOME_COUNT; i++) {
                bool always = i == CLEW_OUTCOME_OK || i == CLEW_OUTCOME_ERROR;

                if (all[i].shown <= 0 && !always)
                        continue;
                labels[n] = (struct clew_label){
                        "outcome", clew_slice_of_cstr(clew_outcome_name((enum clew_outcome)i))};
                clew_exposition_counter(x, labels, n + 1, all[i].shown, row->created_ns);
        }
}

static void write_causes(const struct family *family, const struct clew_figures *f,
                         const struct clew_figures_row *row, struct clew_label *labels, size_t n,
                         struct clew_exposition *x)
{
        const struct clew_figure *all = tally_of(family, row);

        for (unsigned i = 0; i <= CLEW_FIGURES_CAUSES_MAX; i++) {
                if (all[i].shown <= 0)
                        continue;
                labels[n] = (struct clew_label){
                        "cause",
                        clew_slice_of_cstr(i < f->n_causes ? f->causes[i] : CLEW_FIGURES_OTHER)};
                clew_exposition_counter(x, labels, n + 1, all[i].shown, row->created_ns);
        }
}

static void write_durations(const struct family *family, const struct clew_figures *f,
                            const struct clew_figures_row *row, struct clew_label *labels, size_t n,
                            struct clew_exposition *x)
{
        double counts[CLEW_RUN_BOUNDS + 1];

        (void)f;
        (void)family;
        for (unsigned i = 0; i <= CLEW_RUN_BOUNDS; i++)
                counts[i] = row->run->took[i].shown;
        clew_exposition_histogram(x, labels, n, clew_run_bounds, counts, CLEW_RUN_BOUNDS,
                                  row->run->took_s.shown, row->created_ns);
}

static void write_tokens(const struct family *family, const struct clew_figures *f,
                         const struct clew_figures_row *row, struct clew_label *labels, size_t n,
                         struct clew_exposition *x)
{
        static const char *const types[CLEW_USAGE_KINDS] = {
                [CLEW_USAGE_IN] = "input",
                [CLEW_USAGE_OUT] = "output",
                [CLEW_USAGE_CACHE_READ] = "cache_read",
                [CLEW_USAGE_CACHE_WRITE] = "cache_write",
                [CLEW_USAGE_REASONING] = "reasoning",
        };

        (void)f;
        (void)family;
        for (unsigned i = 0; i < CLEW_USAGE_KINDS; i++) {
                if (row->usage.tokens[i].shown <= 0 && i > CLEW_USAGE_OUT)
                        continue;
                labels[n] = (struct clew_label){"type", clew_slice_of_cstr(types[i])};
                clew_exposition_counter(x, labels, n + 1, row->usage.tokens[i].shown,
                                        row->created_ns);
        }
}

static void write_calls(const struct family *family, const struct clew_figures *f,
                        const struct clew_figures_row *row, struct clew_label *labels, size_t n,
                        struct clew_exposition *x)
{
        (void)f;
        (void)family;
        labels[n] = (struct clew_label){"outcome", CLEW_SLICE_LITERAL("ok")};
        clew_exposition_counter(x, labels, n + 1, row->usage.ok.shown, row->created_ns);
        labels[n].value = CLEW_SLICE_LITERAL("error");
        clew_exposition_counter(x, labels, n + 1, row->usage.failed.shown, row->created_ns);
}

static void write_busy(const struct family *family, const struct clew_figures *f,
                       const struct clew_figures_row *row, struct clew_label *labels, size_t n,
                       struct clew_exposition *x)
{
        (void)f;
        (void)family;
        clew_exposition_summary(x, labels, n, row->usage.ok.shown + row->usage.failed.shown,
                                row->usage.busy_s.shown, row->created_ns);
}

#define AGENTS offsetof(struct clew_figures, agents)
#define MODELS offsetof(struct clew_figures, models)
#define TOOLS offsetof(struct clew_figures, tools)
#define RUN(member) offsetof(struct clew_run_figures, member), true
#define ROW(member) offsetof(struct clew_figures_row, member), false

static const struct family families[] = {
        {"clew_agent_runs_seen", CLEW_METRIC_COUNTER, "",
         "Runs that were sealed for the first time, also those that have not ended.", AGENTS,
         RUN(seen), write_plain},
        {"clew_agent_runs", CLEW_METRIC_COUNTER, "", "Runs that ended, by outcome.", AGENTS,
         RUN(outcomes), write_outcomes},
        {"clew_agent_failures", CLEW_METRIC_COUNTER, "",
         "Runs with the outcome error or failed, by the rule that found the cause.", AGENTS,
         RUN(causes), write_causes},
        {"clew_agent_run_duration_seconds", CLEW_METRIC_HISTOGRAM, "seconds",
         "Time from start to end of runs that ended.", AGENTS, RUN(took), write_durations},
        {"clew_agent_loops", CLEW_METRIC_COUNTER, "",
         "Loops: the same calls with the same answers, three rounds or more.", AGENTS, RUN(loops),
         write_plain},
        {"clew_agent_stalls", CLEW_METRIC_COUNTER, "",
         "Stalls: eight model calls or more that brought nothing new.", AGENTS, RUN(stalls),
         write_plain},
        {"clew_agent_retries", CLEW_METRIC_COUNTER, "", "Calls made again after they failed.",
         AGENTS, RUN(retries), write_plain},
        {"clew_agent_wasted_tokens", CLEW_METRIC_COUNTER, "",
         "Tokens of steps that changed nothing.", AGENTS, RUN(waste_tokens), write_plain},
        {"clew_agent_wasted_cost_usd", CLEW_METRIC_COUNTER, "", "Cost of those steps.", AGENTS,
         RUN(waste_usd), write_plain},
        {"clew_agent_wasted_seconds", CLEW_METRIC_COUNTER, "seconds", "Time of those steps.",
         AGENTS, RUN(waste_s), write_plain},
        {"clew_agent_tokens", CLEW_METRIC_COUNTER, "",
         "Tokens of an agent's own calls; input has those that a cache held.", AGENTS, ROW(usage),
         write_tokens},
        {"clew_agent_cost_usd", CLEW_METRIC_COUNTER, "",
         "Cost of an agent's own calls, as sent or by the price list.", AGENTS, ROW(usage.cost_usd),
         write_plain},
        {"clew_model_calls", CLEW_METRIC_COUNTER, "", "Model calls, each counted once.", MODELS,
         ROW(usage), write_calls},
        {"clew_model_call_duration_seconds", CLEW_METRIC_SUMMARY, "seconds", "Time of model calls.",
         MODELS, ROW(usage), write_busy},
        {"clew_model_tokens", CLEW_METRIC_COUNTER, "",
         "Tokens by model; input has those that a cache held.", MODELS, ROW(usage), write_tokens},
        {"clew_model_cost_usd", CLEW_METRIC_COUNTER, "", "Cost by model.", MODELS,
         ROW(usage.cost_usd), write_plain},
        {"clew_tool_calls", CLEW_METRIC_COUNTER, "", "Tool calls.", TOOLS, ROW(usage), write_calls},
        {"clew_tool_call_duration_seconds", CLEW_METRIC_SUMMARY, "seconds", "Time of tool calls.",
         TOOLS, ROW(usage), write_busy},
};

/* ---- all of it ------------------------------------------------------------------------------ */

static const struct clew_figures_table *table_of(const struct clew_figures *f, size_t offset)
{
        return (const struct clew_figures_table *)(const void *)((const char *)f + offset);
}

static void write_family(const struct family *family, const struct clew_figures_of *of,
                         struct clew_exposition *x)
{
        const struct clew_figures_table *t = table_of(of->figures, family->table);
        const char *name = family->table == AGENTS   ? "agent"
                           : family->table == MODELS ? "model"
                                                     : "tool";

        for (unsigned i = 0; i < t->n; i++) {
                const struct clew_figures_row *row = t->rows[i];
                struct clew_label labels[LABELS_MAX] = {
                        {"project", clew_slice_of_cstr(of->project)},
                        {name, clew_slice_of_cstr(row->name)},
                };
                size_t n = 2;

                if (family->table == AGENTS)
                        labels[n++] =
                                (struct clew_label){"service", clew_slice_of_cstr(row->service)};
                family->write(family, of->figures, row, labels, n, x);
        }
}

static const struct {
        const char *label;
        size_t table;
} tables[] = {{"agent", AGENTS}, {"model", MODELS}, {"tool", TOOLS}};

static void write_bounds(const struct clew_figures_of *all, unsigned n, bool folded,
                         struct clew_exposition *x)
{
        for (unsigned i = 0; i < n; i++) {
                for (size_t k = 0; all[i].figures && k < CLEW_ARRAY_LEN(tables); k++) {
                        const struct clew_figures_table *t =
                                table_of(all[i].figures, tables[k].table);
                        const struct clew_label labels[] = {
                                {"project", clew_slice_of_cstr(all[i].project)},
                                {"label", clew_slice_of_cstr(tables[k].label)},
                        };

                        if (folded)
                                clew_exposition_counter(x, labels, CLEW_ARRAY_LEN(labels),
                                                        t->folded.shown,
                                                        all[i].figures->created_ns);
                        else
                                clew_exposition_gauge(x, labels, CLEW_ARRAY_LEN(labels),
                                                      t->n - (t->other != NULL));
                }
        }
}

static void write_single(const struct clew_figures_of *all, unsigned n, size_t offset,
                         struct clew_exposition *x)
{
        for (unsigned i = 0; i < n; i++) {
                const struct clew_label label = {"project", clew_slice_of_cstr(all[i].project)};
                const struct clew_figure *figure =
                        (const struct clew_figure *)(const void *)((const char *)all[i].figures +
                                                                   offset);

                if (all[i].figures)
                        clew_exposition_counter(x, &label, 1, figure->shown,
                                                all[i].figures->created_ns);
        }
}

void clew_figures_write(const struct clew_figures_of *all, unsigned n, struct clew_exposition *x)
{
        for (unsigned i = 0; i < n; i++) {
                if (all[i].figures)
                        pthread_mutex_lock(&all[i].figures->lock);
        }
        for (size_t k = 0; k < CLEW_ARRAY_LEN(families); k++) {
                clew_exposition_family(x, families[k].name, families[k].type, families[k].unit,
                                       families[k].help);
                for (unsigned i = 0; i < n; i++) {
                        if (all[i].figures)
                                write_family(&families[k], &all[i], x);
                }
        }
        clew_exposition_family(x, "clew_figures_label_values", CLEW_METRIC_GAUGE, "",
                               "Values of a label that have counters of their own.");
        write_bounds(all, n, false, x);
        clew_exposition_family(x, "clew_figures_folded", CLEW_METRIC_COUNTER, "",
                               "Facts that were counted under \"_other\", because the label has "
                               "too many values.");
        write_bounds(all, n, true, x);
        clew_exposition_family(x, "clew_figures_unreadable", CLEW_METRIC_COUNTER, "",
                               "Summaries that could not be read, and were not counted.");
        write_single(all, n, offsetof(struct clew_figures, unreadable), x);
        clew_exposition_family(x, "clew_figures_apart", CLEW_METRIC_COUNTER, "",
                               "Traces of runs in several traces that were counted by themselves, "
                               "because too many waited: some of their calls may count twice.");
        write_single(all, n, offsetof(struct clew_figures, apart), x);
        for (unsigned i = 0; i < n; i++) {
                if (all[i].figures)
                        pthread_mutex_unlock(&all[i].figures->lock);
        }
}
