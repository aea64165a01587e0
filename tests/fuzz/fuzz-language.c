/*
 * Query texts. Whatever the text: it is read, or refused with a message and a place inside it; what
 * was read runs on a small trace within its limits, and what the summary says of it is what the
 * spans say. Said twice, it is the same.
 */
#include "proto/base/error.h"
#include "proto/otlp/json.h"
#include "query/find/language/language.h"
#include "query/find/language/metrics.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#define MEMORY_MAX ((size_t)64 << 20)
#define NS_PER_HOUR 3600000000000u

/* An agent, a tool below it, a failed model call below that. */
static const char json[] =
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service"
        ".name\",\"value\":{\"stringValue\":\"shop\"}}]},\"scopeSpans\":[{\"sco"
        "pe\":{\"name\":\"lib\"},\"spans\":[{\"traceId\":\"0102030405060708090a"
        "0b0c0d0e0f10\",\"spanId\":\"0000000000000001\",\"name\":\"run\",\"star"
        "tTimeUnixNano\":\"1000\",\"endTimeUnixNano\":\"9000\",\"attributes\":"
        "[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"invo"
        "ke_agent\"}},{\"key\":\"gen_ai.agent.name\",\"value\":{\"stringValue"
        "\":\"boss\"}}]},{\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\""
        "spanId\":\"0000000000000002\",\"parentSpanId\":\"0000000000000001\""
        ",\"name\":\"search\",\"startTimeUnixNano\":\"2000\",\"endTimeUnixNano"
        "\":\"3000\",\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value"
        "\":{\"stringValue\":\"execute_tool\"}},{\"key\":\"gen_ai.tool.name\","
        "\"value\":{\"stringValue\":\"search\"}},{\"key\":\"n\",\"value\":{\"intVa"
        "lue\":\"7\"}},{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"str"
        "ingValue\":\"x\"},{\"doubleValue\":0.5}]}}}]},{\"traceId\":\"0102030"
        "405060708090a0b0c0d0e0f10\",\"spanId\":\"0000000000000003\",\"pare"
        "ntSpanId\":\"0000000000000002\",\"name\":\"chat\",\"startTimeUnixNan"
        "o\":\"4000\",\"status\":{\"code\":2,\"message\":\"gone\"},\"attributes\":"
        "[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat"
        "\"}},{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"m\""
        "}}],\"events\":[{\"name\":\"exception\",\"timeUnixNano\":\"5000\",\"att"
        "ributes\":[{\"key\":\"exception.type\",\"value\":{\"stringValue\":\"E\""
        "}}]}]}]}]}]}";

static struct clew_buffer traces;
static struct clew_arena kept;
static struct clew_summary summary;
static struct clew_query_facts facts = {.summary = &summary};

static void prepare(void)
{
        struct clew_trace *trace;

        if (traces.len > 0)
                return;
        clew_buffer_init(&traces, MEMORY_MAX);
        clew_arena_init(&kept, MEMORY_MAX);
        CLEW_ASSERT(clew_otlp_from_json(clew_slice_of_cstr(json), CLEW_OTLP_TRACES, &traces,
                                        NULL) == 0);
        CLEW_ASSERT(clew_trace_build(clew_buffer_slice(&traces), CLEW_SLICE_NULL, NULL, &kept,
                                     &trace) == 0);
        clew_summary_of_trace(trace, &summary);
        facts.id = trace->id;
        facts.start_ns = trace->start_ns;
}

static void run_metrics(struct clew_query_run *run, const struct clew_query_result *found)
{
        struct clew_metrics *m = clew_metrics_new(run, 0, 2 * (uint64_t)NS_PER_HOUR, NS_PER_HOUR);
        struct clew_metrics_result result;

        CLEW_ASSERT(m != NULL);
        if (clew_metrics_add(m, found) == 0)
                CLEW_ASSERT(clew_metrics_finish(m, &result) == 0);
        clew_metrics_free(m);
}

static void run_query(const struct clew_query *q)
{
        struct clew_query_run *run = clew_query_run_new(q);
        CLEW_BUFFER plan = {.max_bytes = MEMORY_MAX};
        struct clew_query_result found;
        struct clew_query_error err;
        enum clew_verdict3 said;
        bool fatal;
        int r;

        CLEW_ASSERT(run != NULL);
        clew_query_explain(q, &plan);
        said = clew_query_judge(run, &facts);
        r = clew_query_evaluate(run, &facts, clew_buffer_slice(&traces), CLEW_SLICE_NULL, &found);
        if (r >= 0)
                CLEW_ASSERT(said == CLEW_MAYBE || (said == CLEW_YES) == (r == 1));
        for (uint32_t i = 0; r == 1 && i < found.n_sets; i++) {
                CLEW_ASSERT(found.sets[i].n > 0);
                for (uint32_t k = 0; k < found.sets[i].n; k++)
                        CLEW_ASSERT(
                                found.sets[i].steps[k] < found.trace->n_steps &&
                                (k == 0 || found.sets[i].steps[k - 1] < found.sets[i].steps[k]));
        }
        if (r == 1 && clew_query_is_metrics(q))
                run_metrics(run, &found);
        for (uint32_t n = 0; clew_query_complaint(run, n, &err, &fatal); n++)
                CLEW_ASSERT(err.message[0] && n < 2 * CLEW_QUERY_OPS_MAX);
        clew_query_run_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct clew_query_options strict = {.strict = true};
        struct clew_slice text = clew_slice_make(data, size);
        CLEW_ARENA arena = {.max_bytes = CLEW_QUERY_ARENA_MAX};
        CLEW_ARENA other = {.max_bytes = CLEW_QUERY_ARENA_MAX};
        struct clew_query *q = NULL;
        struct clew_query *again = NULL;
        struct clew_query_error err;
        struct clew_query_error first;
        int r = clew_query_parse(text, NULL, &arena, &q, &first);

        prepare();
        CLEW_ASSERT(clew_query_parse(text, &strict, &other, &again, &err) <= r);
        clew_query_deinit(again);
        if (r < 0) {
                CLEW_ASSERT(r == -ENOMEM ||
                            (first.message[0] && first.len > 0 && first.offset <= size));
                return 0;
        }
        run_query(q);
        clew_query_deinit(q);
        return 0;
}
