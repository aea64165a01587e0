/* A run of log records alone: which records make steps, where the others go, and its id. */
#include "proto/base/buffer.h"
#include "proto/otlp/json.h"
#include "query/model/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_MAX ((size_t)64 << 20)
#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define RECORD(ms, event, more)                                                                    \
        "{\"timeUnixNano\":\"" #ms "000000\",%s\"body\":{\"stringValue\":\"" event                 \
        "\"},\"attributes\":[" TEXT("event.name", event) "," TEXT("conversation.id", "c") more     \
                "]}"
#define LOGS                                                                                                                                      \
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"scope\":{\"name\":\"codex_otel\"},\"logRecords\":"                                                 \
        "[" RECORD(10, "codex.conversation_starts", "") "," RECORD(20, "codex.sse_event", "," TEXT("event.kind", "response.created")) "," RECORD( \
                40, "codex.sse_event",                                                                                                            \
                "," TEXT("event.kind", "response.completed") "," TEXT(                                                                            \
                        "input_token_count",                                                                                                      \
                        "7") "," TEXT("output_token_count",                                                                                       \
                                      "3")) "," RECORD(60, "codex.tool_result",                                                                   \
                                                       "," TEXT("tool_name", "shell") "," TEXT(                                                   \
                                                               "call_id", "t")) "]}]}]}"

static struct clew_trace *build(const char *traced, struct clew_buffer *bytes,
                                struct clew_arena *arena)
{
        CLEW_BUFFER json = {.max_bytes = 65536};
        struct clew_trace *trace = NULL;

        clew_buffer_printf(&json, LOGS, traced, traced, traced, traced);
        assert_int_equal(clew_otlp_from_json(clew_buffer_slice(&json), CLEW_OTLP_LOGS, bytes, NULL),
                         0);
        assert_int_equal(
                clew_trace_build(CLEW_SLICE_NULL, clew_buffer_slice(bytes), NULL, arena, &trace),
                0);
        return trace;
}

/* The calls and tools are steps below an agent; what tells nothing of its own makes none. */
static void test_records_make_steps(void **state)
{
        static const struct {
                enum clew_kind kind;
                uint32_t n_logs;
        } wanted[] = {{CLEW_KIND_AGENT, 1}, {CLEW_KIND_LLM, 2}, {CLEW_KIND_TOOL, 1}};
        CLEW_BUFFER bytes = {.max_bytes = 65536};
        struct clew_trace *trace;
        CLEW_ARENA arena = {0};

        (void)state;
        clew_arena_init(&arena, ARENA_MAX);
        trace = build("", &bytes, &arena);
        assert_int_equal(trace->n_steps, 3);
        for (uint32_t i = 0; i < 3; i++) {
                assert_int_equal(trace->steps[i].kind, wanted[i].kind);
                assert_int_equal(trace->steps[i].n_logs, wanted[i].n_logs);
        }
        assert_int_equal(trace->n_from_logs, 3);
        assert_int_equal(trace->n_loose_logs, 0);
        assert_int_equal(trace->tokens.in, 7);
        assert_int_equal(trace->tokens.out, 3);
}

static void test_a_trace_that_records_name_keeps_its_id(void **state)
{
        static const uint8_t id[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
        CLEW_BUFFER bytes = {.max_bytes = 65536};
        CLEW_ARENA arena = {0};

        (void)state;
        clew_arena_init(&arena, ARENA_MAX);
        assert_memory_equal(
                build("\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",", &bytes, &arena)
                        ->id.bytes,
                id, sizeof(id));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_records_make_steps),
                cmocka_unit_test(test_a_trace_that_records_name_keeps_its_id),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
