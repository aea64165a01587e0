/*
 * The deriver that the store calls: from the spans of a trace to its summary; summary.h.
 */
#include "query/model/prices.h"
#include "query/model/summary-int.h"

#include "proto/base/compiler.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

/* Memory for deriving one summary; a trace that needs more has no summary, and says so. */
#define DERIVE_ARENA_MAX ((size_t)2 << 30)

static _Atomic(clew_summary_facts_fn) facts_fn;

void clew_model_set_facts(clew_summary_facts_fn fn)
{
        atomic_store(&facts_fn, fn);
}

/* Whether its texts have anything to say that is not known. */
static bool has_texts(const struct clew_trace *trace)
{
        return trace->left_out != CLEW_LEFT_OUT_ALL;
}

int clew_summary_of_full_trace(const struct clew_trace *trace, struct clew_arena *arena,
                               struct clew_summary *ret)
{
        clew_summary_facts_fn fn = atomic_load(&facts_fn);
        struct clew_trace copy = *trace;

        clew_summary_of_trace(trace, ret);
        if (fn && has_texts(trace))
                fn(&copy, arena, ret);
        if (trace->left_out)
                clew_summary_settle(trace, arena, ret);
        return clew_arena_failed(arena) ? -ENOMEM : 0;
}

static clew_summary_index_fn index_fn;
static uint64_t index_version;
static const struct clew_index_adder *index_adder;

void clew_model_set_index(clew_summary_index_fn fn, uint64_t version,
                          const struct clew_index_adder *adder)
{
        index_adder = adder;
        index_fn = fn;
        index_version = version;
}

/* What the rules found when they were asked about the same trace. False: that cannot be read. */
static bool take_known(struct clew_slice known, struct clew_arena *arena, struct clew_summary *ret)
{
        struct clew_summary old;

        if (known.len == 0 || clew_summary_decode(known, arena, &old) < 0 ||
            old.rules_version != clew_rules_version())
                return false;
        ret->asked = old.asked;
        ret->cause = old.cause;
        ret->facts = old.facts;
        return true;
}

/* @known may be empty, @sink NULL. */
static int derive(clew_summary_facts_fn fn, struct clew_slice traces, struct clew_slice logs,
                  struct clew_slice known, bool joined, struct clew_buffer *out,
                  uint64_t *ret_start_ns, struct clew_index_sink *sink)
{
        /* Edges only when the analysis asks for them: they read the answers of model calls. */
        const struct clew_trace_options options = {.texts = fn || sink, .joined = joined};
        struct clew_trace *trace;
        struct clew_summary summary;
        CLEW_ARENA arena = {0};
        int r;

        clew_arena_init(&arena, DERIVE_ARENA_MAX);
        r = clew_trace_build(traces, logs, &options, &arena, &trace);
        if (r < 0)
                return r;
        clew_summary_of_trace(trace, &summary);
        r = clew_shares_of_trace(trace, summary.n_agents, summary.n_models, summary.n_tools, &arena,
                                 &summary.shares);
        if (r < 0)
                return r;
        if (fn && has_texts(trace) && !take_known(known, &arena, &summary))
                fn(trace, &arena, &summary);
        if (trace->left_out)
                clew_summary_settle(trace, &arena, &summary);
        if (sink)
                index_fn(trace, &summary, &arena, sink);
        clew_summary_encode(&summary, out);
        r = clew_buffer_error(out);
        if (r < 0)
                return r;
        *ret_start_ns = trace->start_ns;
        return 0;
}

static int summarize(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                     struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        (void)context;
        (void)id;
        return derive(atomic_load(&facts_fn), traces, logs, CLEW_SLICE_NULL, false, out,
                      ret_start_ns, NULL);
}

static int summarize_indexed(void *context, const struct clew_trace_id *id,
                             struct clew_slice traces, struct clew_slice logs,
                             struct clew_buffer *out, uint64_t *ret_start_ns,
                             struct clew_index_sink *sink)
{
        (void)context;
        (void)id;
        return derive(atomic_load(&facts_fn), traces, logs, CLEW_SLICE_NULL, false, out,
                      ret_start_ns, sink);
}

static int summarize_known(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                           struct clew_slice logs, struct clew_slice known, struct clew_buffer *out,
                           uint64_t *ret_start_ns, struct clew_index_sink *sink)
{
        (void)context;
        (void)id;
        return derive(atomic_load(&facts_fn), traces, logs, known, false, out, ret_start_ns, sink);
}

int clew_summary_of_run(struct clew_slice traces, struct clew_slice logs, struct clew_buffer *out)
{
        uint64_t start_ns;

        return derive(atomic_load(&facts_fn), traces, logs, CLEW_SLICE_NULL, true, out, &start_ns,
                      NULL);
}

int clew_summary_of_one(struct clew_slice traces, struct clew_slice logs, struct clew_buffer *out)
{
        uint64_t start_ns;

        return derive(atomic_load(&facts_fn), traces, logs, CLEW_SLICE_NULL, false, out, &start_ns,
                      NULL);
}

static int summarize_plain(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                           struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        (void)context;
        (void)id;
        return derive(NULL, traces, logs, CLEW_SLICE_NULL, false, out, ret_start_ns, NULL);
}

static int summarize_plain_indexed(void *context, const struct clew_trace_id *id,
                                   struct clew_slice traces, struct clew_slice logs,
                                   struct clew_buffer *out, uint64_t *ret_start_ns,
                                   struct clew_index_sink *sink)
{
        (void)context;
        (void)id;
        return derive(NULL, traces, logs, CLEW_SLICE_NULL, false, out, ret_start_ns, sink);
}

uint32_t clew_rules_version(void)
{
        return CLEW_RULES_VERSION | clew_prices_mark() << 16;
}

/* Set once, after the price list was installed. */
static struct clew_deriver model_deriver;
static struct clew_deriver plain_deriver;
static pthread_once_t deriver_once = PTHREAD_ONCE_INIT;

static void set_deriver(void)
{
        model_deriver = (struct clew_deriver){
                .version = clew_rules_version(),
                .summarize = summarize,
                .summarize_indexed = index_fn ? summarize_indexed : NULL,
                .summarize_known = index_fn ? summarize_known : NULL,
                .index_version = index_version,
                .adder = index_adder,
        };
        plain_deriver = (struct clew_deriver){
                .version = 0,
                .summarize = summarize_plain,
                .summarize_indexed = index_fn ? summarize_plain_indexed : NULL,
                .index_version = index_version,
                .adder = index_adder,
        };
}

const struct clew_deriver *clew_model_deriver(void)
{
        (void)pthread_once(&deriver_once, set_deriver);
        return &model_deriver;
}

const struct clew_deriver *clew_model_deriver_plain(void)
{
        (void)pthread_once(&deriver_once, set_deriver);
        return &plain_deriver;
}
