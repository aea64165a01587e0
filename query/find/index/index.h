/*
 * Indexes of sealed traces, as queries use them: what is given at sealing, and which traces a query
 * need not look at.
 *
 * A choice never decides alone that a trace is selected unless it is sure: what it lets through is
 * put to the query as any other trace is.
 */
#ifndef CLEW_QUERY_FIND_INDEX_H
#define CLEW_QUERY_FIND_INDEX_H

#include "proto/base/compiler.h"
#include "query/find/counted.h"
#include "query/find/judged.h"
#include "query/find/language/language.h"
#include "query/find/language/metrics.h"
#include "storage/index.h"
#include "storage/store.h"

/* Has sealing index traces. Once, before any thread starts, with clew_facts_install(). */
void clew_index_install(void);
/* Of what is given: layout, steps and rules. */
uint64_t clew_index_version(void);
/* Those of its bits that tell the rules (CLEW_RULES_VERSION). What an index has of them is what the
 * summaries say that were stored with it, and a list takes summaries of older rules as they are:
 * so an index of older rules answers as a walk over those summaries does, and is used until the
 * collector has made both anew. */
#define CLEW_INDEX_RULES UINT64_C(0xffff)

/* The facets and columns of one trace; 0 or a negative number: memory is short. */
CLEW_MUST_USE int clew_facets_give(const struct clew_trace *trace,
                                   const struct clew_summary *summary, struct clew_arena *arena,
                                   struct clew_index_sink *sink);

/* What indexes say of the queries of one walk. */
struct clew_index_choice;

/* @queries (@n of them, borrowed) are all to be met. NULL: memory is short. */
CLEW_MUST_USE struct clew_index_choice *
clew_index_choice_new(const struct clew_query *const *queries, uint32_t n);
void clew_index_choice_free(struct clew_index_choice *choice); /* NULL is fine */
/* False: indexes cannot leave out any trace. */
bool clew_index_choice_narrows(const struct clew_index_choice *choice);
/* For clew_view_list_chosen(); traces that started before @since_ns (0 = no bound) are not wanted.
 */
const struct clew_index_chooser *clew_index_choice_chooser(struct clew_index_choice *choice,
                                                           uint64_t since_ns, bool light);
/* Who tells what people said of traces. */
struct clew_said_source {
        /* Calls @fn for each trace that somebody spoke about; a result other than 0 ends it. */
        int (*each)(void *context, int (*fn)(void *argument, const struct clew_trace_id *id),
                    void *argument, struct clew_error *err);
        clew_query_say_fn say;
        void *context;
};

/* The queries ask for labels or scores: without the following each trace is looked at for them. */
bool clew_index_choice_asks_said(const struct clew_index_choice *choice);
/* @source and @view are borrowed. @aimed: traces that others carry scores of;
 * UINT32_MAX of them: not known. Where there is too much of it, nothing changes. */
void clew_index_choice_set_said(struct clew_index_choice *choice, struct clew_view *view,
                                const struct clew_said_source *source,
                                const struct clew_trace_id *aimed, uint32_t n_aimed);
/* Of the chooser that was given; borrowed. */
void clew_index_choice_set_taker(struct clew_index_choice *choice,
                                 const struct clew_index_taker *taker);

/* Choosers without a query, for clew_view_list_chosen(). The traces that may carry scores of others
 * (and some that do not), from @since_ns on: */
struct clew_index_chooser clew_index_pick_speakers(uint64_t since_ns);
/* ... all: for who wants the newest, which the time order proves by a walk over it ... */
struct clew_index_chooser clew_index_pick_all(void);
/* ... and those whose stored summary is of other rules than @version (borrowed), given without it:
 */
struct clew_index_chooser clew_index_pick_other_rules(uint32_t *version);

/* ---- many summaries ---------------------------------------------------------------------------
 */

/* Texts that whoever adds runs up asks for; numbers are always there. */
enum {
        CLEW_LIGHT = 1u << 0,
        CLEW_LIGHT_SERVICE = 1u << 1,
        CLEW_LIGHT_CAUSE = 1u << 2,
        CLEW_LIGHT_SIGNATURE = 1u << 3,
        CLEW_LIGHT_USER = 1u << 4,
        CLEW_LIGHT_NAME = 1u << 5,
        CLEW_LIGHT_AGENT = 1u << 6, /* the first */
        CLEW_LIGHT_FACTS = 1u << 7, /* numbers: loops, stalls, retries, waste, parts of tokens */
};

struct clew_columns;
struct clew_query_run;
struct clew_summary;

CLEW_MUST_USE struct clew_columns *clew_columns_new(unsigned wanted); /* NULL: no memory */
void clew_columns_free(struct clew_columns *columns);                 /* NULL is fine */
/* Fills what is wanted of @ret, which is zero otherwise; texts live as long as @columns, the agent
 * until the next call. 1, or 0: a column does not tell all of it, and the summary is to be read. */
CLEW_MUST_USE int clew_columns_read(struct clew_columns *columns, struct clew_index_run *run,
                                    uint32_t ordinal, struct clew_summary *ret,
                                    struct clew_error *err);

/* ---- adding up all at once --------------------------------------------------------------------
 */

#define CLEW_LIGHT_TEXTS 6u /* of the CLEW_LIGHT_* above, in their order */

/* One run, as columns tell it. */
struct clew_bulk_row {
        uint64_t serial; /* of the index run: ids of texts mean something within it */
        uint32_t ordinal;
        uint64_t start_ns;
        uint64_t duration_ns;
        uint64_t tokens;
        double cost_usd;
        bool has_cost;
        unsigned outcome; /* enum clew_outcome; none that is open */
        uint32_t kinds;
        /* 0 without CLEW_LIGHT_FACTS. */
        uint32_t loops;
        uint32_t stalls;
        uint32_t retries;
        uint32_t waste_steps;
        uint64_t waste_tokens;
        uint64_t waste_ns;
        double waste_usd;
        uint32_t text_ids[CLEW_LIGHT_TEXTS]; /* 0 = no text, or not wanted */
        uint32_t n_ids[CLEW_LIGHT_TEXTS];    /* all are below it */
        struct clew_slice texts[CLEW_LIGHT_TEXTS];
};
/* The place of one CLEW_LIGHT_* bit among the texts. */
unsigned clew_bulk_text(unsigned bit);

/* Calls @fn for those of @traces that columns tell whole and whose run is over, and takes them out.
 * 0, or a negative number: of @fn, or damage. */
CLEW_MUST_USE int clew_bulk_take(struct clew_columns *columns, struct clew_index_run *run,
                                 struct clew_index_set *traces,
                                 int (*fn)(void *context, const struct clew_bulk_row *row),
                                 void *context, struct clew_error *err);

/* ---- adding up steps --------------------------------------------------------------------------
 */

/* Texts of a step that indexes tell: fields of a query. */
enum {
        CLEW_STEP_TOOL,
        CLEW_STEP_MODEL,
        CLEW_STEP_KIND,
        CLEW_STEP_AGENT,
        CLEW_STEP_ERROR_TYPE,
        CLEW_STEP_TEXTS,
};

/* Steps that differ in numbers alone. */
struct clew_step_sort {
        uint64_t hash;
        unsigned flags;                           /* CLEW_SORT_* (step-index-int.h) */
        struct clew_slice texts[CLEW_STEP_TEXTS]; /* empty = it has none */
};

/* One step. */
struct clew_bulk_step {
        uint64_t serial; /* of the index run */
        uint32_t sort;   /* number of its sort within it ... */
        uint32_t n_sorts;
        const struct clew_slice *texts;  /* ... and what that says */
        const struct clew_bulk_row *row; /* of its trace: the texts that were wanted, and outcome;
                                            NULL, as is the start, unless asked for */
        uint64_t start_ns;               /* its second; 0 = not known */
        uint64_t duration_ns;
        uint64_t tokens; /* booked on it, as is its cost */
        uint64_t cost_units;
        bool has_tokens; /* it says how many; 0 is a number */
        bool has_cost;
        struct clew_step_failed failed;
        bool is_open;
};

/* Some durations of steps of a sort, all at one place; counted.h. */
struct clew_bulk_durations {
        uint32_t sort;
        struct clew_counted_piece piece;
        uint64_t n;
};

/* Who adds steps up. */
struct clew_bulk_steps {
        /* For each trace that is taken: 1 = its steps count, 0 = not, or an error. */
        int (*on_run)(void *context, const struct clew_bulk_row *row);
        bool of_runs; /* steps tell their start and their run */
        bool as_sent; /* durations are those of spans: runs where a step's is another are left */
        /* Whether steps with these texts are wanted at all. */
        bool (*wants)(void *context, const struct clew_slice *texts,
                      struct clew_step_failed failed);
        int (*on_step)(void *context, const struct clew_bulk_step *step);
        /* In its place, without of_runs, for all @n steps of a sort of an index run that has their
         * sums: tokens and cost are those of all, and the durations of those that are not open
         * come later, to on_durations. May be NULL: then there are steps alone. */
        int (*on_sum)(void *context, const struct clew_bulk_step *sum, uint64_t n);
        int (*on_durations)(void *context, const struct clew_bulk_durations *durations);
        void *context;
};

/* Whether all that the query asks of a span are texts that indexes tell, and whether it failed:
 * then it can be put to the sorts of steps, and selects those that meet it. */
bool clew_query_asks_sorts(const struct clew_query *query);
bool clew_query_meets_sort(struct clew_query_run *run, const struct clew_slice *texts,
                           struct clew_step_failed failed);
/* The same of a query that ends in metrics, whose values and by() have to be told too. */
bool clew_metrics_asks_sorts(const struct clew_query *query);
/* The series of steps of a sort that the query selects: clew_metrics_find(). */
CLEW_MUST_USE int clew_metrics_find_sort(struct clew_metrics *m, struct clew_query_run *run,
                                         const struct clew_slice *texts,
                                         struct clew_step_failed failed);
/* The CLEW_STEP_* of a field; -1 = indexes tell it of no step. */
int clew_step_text(struct clew_slice field);
/* The cost of a step as an index keeps it, to 1e-10 dollars: whoever adds up steps adds up these,
 * so that answers are the same. UINT64_MAX: it is none that is kept. */
uint64_t clew_step_cost_units(double usd);

/* Takes those of @traces whose steps the index tells, and whose run is over, out of it. 0, 1 = by
 * sums, or a negative number: of a call, or damage. */
CLEW_MUST_USE int clew_bulk_take_steps(struct clew_columns *columns, struct clew_index_run *run,
                                       struct clew_index_set *traces,
                                       const struct clew_bulk_steps *to, struct clew_error *err);

/* ---- mistakes in a query ----------------------------------------------------------------------
 */

struct clew_index_told {
        bool unknown_name; /* some attribute of the query stands nowhere */
        bool misfit;       /* nothing under some name has a type that its comparison fits */
};

/* Tells @run which names there are and what fits, from all indexes. 0, or a negative number: they
 * cannot be used. */
CLEW_MUST_USE int clew_index_tell(struct clew_view *view, struct clew_query_run *run,
                                  struct clew_arena *arena, struct clew_index_told *ret,
                                  struct clew_error *err);
/* Traces in which an attribute stands on some span, and on some resource. */
struct clew_index_places {
        uint64_t spans;
        uint64_t resources;
};
/* 0, or a negative number: they cannot be used. */
CLEW_MUST_USE int clew_index_count_places(struct clew_view *view, struct clew_slice name,
                                          struct clew_index_places *ret, struct clew_error *err);
/* The traces in which some attribute of the queries stands, whatever else they ask. */
const struct clew_index_chooser *clew_index_choice_of_names(struct clew_index_choice *choice);

#endif
