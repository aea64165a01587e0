/*
 * Runs made from log records: the input is a request of logs as OTLP JSON. Whatever it holds, each
 * record is in one trace, a run's id depends on the record alone, nothing is lost, a resend changes
 * nothing, and what was made is a tree under one agent.
 */
#include "tests/fuzz/fuzz.h"

#include "proto/base/compiler.h"
#include "proto/otlp/json.h"
#include "proto/otlp/log-event.h"
#include "proto/otlp/merge.h"
#include "proto/otlp/walk.h"
#include "query/model/ledger.h"
#include "query/model/log-run.h"
#include "query/model/trace.h"

#define MEMORY_MAX ((size_t)256 << 20)

static uint32_t count(struct clew_slice logs)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(logs);
        struct clew_slice raw;
        uint32_t n = 0;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

/* Each record without a trace id is where its own words put it. */
static void check_place(const struct clew_trace_id *id, struct clew_slice logs)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(logs);
        struct clew_otlp_scope scope;
        struct clew_log_record record;
        struct clew_trace_id run = {{0}};
        struct clew_slice raw;

        while (clew_otlp_read(&r, &raw, &scope)) {
                CLEW_ASSERT(clew_log_record_parse(raw, &record));
                if (!clew_trace_id_is_zero(&record.trace_id)) {
                        CLEW_ASSERT(clew_trace_id_eq(&record.trace_id, id));
                } else if (clew_log_run(&record, scope.scope, scope.resource, &run)) {
                        CLEW_ASSERT(clew_trace_id_eq(&run, id));
                } else {
                        CLEW_ASSERT(clew_trace_id_is_zero(id));
                }
        }
}

static bool build(struct clew_slice logs, bool joined, struct clew_arena *arena,
                  struct clew_trace **ret)
{
        struct clew_trace_options options = CLEW_TRACE_FULL;

        options.joined = joined;
        return clew_trace_build(CLEW_SLICE_NULL, logs, &options, arena, ret) == 0;
}

static void check_tree(const struct clew_trace *t)
{
        uint32_t from_logs = 0;

        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];

                CLEW_ASSERT(clew_step_is(s, CLEW_STEP_FROM_LOGS));
                CLEW_ASSERT(s->parent == (i == 0 ? CLEW_STEP_NONE : 0));
                CLEW_ASSERT(s->name.len > 0);
                from_logs++;
        }
        CLEW_ASSERT(from_logs == t->n_from_logs);
        CLEW_ASSERT(t->n_steps == 0 || t->steps[0].kind == CLEW_KIND_AGENT);
}

static void check_ledger(const struct clew_trace *t, struct clew_arena *arena)
{
        struct clew_ledger ledger;
        uint64_t in = 0;

        if (clew_ledger_build(t, NULL, arena, &ledger) < 0)
                return;
        for (uint32_t i = 0; i < ledger.n; i++) {
                if (ledger.lines[i].booking == CLEW_BOOKED ||
                    ledger.lines[i].booking == CLEW_BOOKED_ROLLUP)
                        in += ledger.lines[i].tokens.in;
        }
        CLEW_ASSERT(in == t->tokens.in);
}

/* As the store does with what came twice. */
static void check_resend(const struct clew_trace *t, struct clew_slice logs,
                         struct clew_arena *arena)
{
        CLEW_BUFFER merged = {.max_bytes = MEMORY_MAX};
        CLEW_ARENA room = {0};
        struct clew_slice once[1] = {logs};
        struct clew_slice twice[2] = {logs, logs};
        struct clew_trace *a;
        struct clew_trace *b;
        size_t n = 0;

        clew_arena_init(&room, MEMORY_MAX);
        if (clew_otlp_merge(once, 1, CLEW_OTLP_LOGS, &room, &merged, &n) < 0 ||
            !build(clew_arena_copy(arena, clew_buffer_slice(&merged)), false, arena, &a))
                return;
        clew_buffer_clear(&merged);
        clew_arena_reset(&room);
        if (clew_otlp_merge(twice, 2, CLEW_OTLP_LOGS, &room, &merged, &n) < 0 ||
            !build(clew_arena_copy(arena, clew_buffer_slice(&merged)), false, arena, &b))
                return;
        CLEW_ASSERT(a->n_steps == b->n_steps && a->tokens.total == b->tokens.total);
        CLEW_ASSERT(a->n_logs == b->n_logs && a->outcome == b->outcome);
        CLEW_ASSERT(a->n_logs <= t->n_logs);
        for (uint32_t i = 0; i < a->n_steps; i++)
                CLEW_ASSERT(clew_span_id_eq(&a->steps[i].span.span_id, &b->steps[i].span.span_id));
}

static void check_trace(const struct clew_otlp_batch *batch, const struct clew_otlp_trace *trace)
{
        CLEW_BUFFER message = {.max_bytes = MEMORY_MAX};
        CLEW_ARENA arena = {0};
        struct clew_trace_id run;
        struct clew_slice logs;
        struct clew_trace *t;

        clew_arena_init(&arena, MEMORY_MAX);
        clew_otlp_write_trace(batch, trace, &message);
        if (clew_buffer_error(&message) < 0)
                return;
        logs = clew_buffer_slice(&message);
        CLEW_ASSERT(count(logs) == trace->n_items);
        check_place(&trace->id, logs);
        if (clew_trace_id_is_zero(&trace->id) || !build(logs, false, &arena, &t))
                return;
        CLEW_ASSERT(t->n_logs == trace->n_items); /* none is lost */
        CLEW_ASSERT(clew_trace_id_eq(&t->id, &trace->id));
        check_tree(t);
        check_ledger(t, &arena);
        check_resend(t, logs, &arena);
        if (clew_log_run_of(CLEW_SLICE_NULL, logs, &run) && build(logs, true, &arena, &t))
                check_ledger(t, &arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEW_BUFFER request = {.max_bytes = MEMORY_MAX};
        CLEW_ARENA arena = {0};
        struct clew_otlp_batch batch;
        size_t n = 0;

        clew_arena_init(&arena, MEMORY_MAX);
        if (clew_otlp_from_json(clew_slice_make(data, size), CLEW_OTLP_LOGS, &request, NULL) < 0 ||
            clew_otlp_walk(clew_buffer_slice(&request), CLEW_OTLP_LOGS, &arena, &batch, NULL) < 0)
                return 0;
        for (size_t i = 0; i < batch.n_traces; i++) {
                n += batch.traces[i].n_items;
                check_trace(&batch, &batch.traces[i]);
        }
        CLEW_ASSERT(n == batch.n_items);
        return 0;
}
