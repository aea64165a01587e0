/*
 * Background sealing against a real store: all that is due is sealed, at a low priority while there
 * is little of it, at that of the process when there is more than the limit, and then at the low
 * one again.
 */
#include "collector/commit/sealer.h"
#include "proto/base/arena.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "proto/otlp/walk.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#define TRACES 4u
/* Each is more than half of a step, so that most are left after the first. */
#define TRACE_BYTES ((size_t)20 << 20)
#define WAIT_STEPS_MAX 24000
#define WAIT_STEP_US 5000

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_pipeline *pipeline;
        struct clew_mem_pool memory;
        struct clew_counters counters;
};

static void append_trace(struct fixture *f, uint32_t n, struct clew_slice value)
{
        const struct test_span span = {.trace_id = test_trace_id(n),
                                       .span_id = test_span_id(n),
                                       .name = "step",
                                       .key = "k",
                                       .value = value,
                                       .start_ns = 1000,
                                       .end_ns = 2000};
        struct clew_fragment_encoder *encoder = clew_fragment_encoder_new();
        struct clew_fragment fragment;
        struct clew_otlp_batch batch;
        struct clew_error err = {0};
        CLEW_BUFFER bytes = {0};
        CLEW_BUFFER otlp = {0};
        CLEW_ARENA arena = {0};

        assert_non_null(encoder);
        clew_buffer_init(&otlp, 2 * TRACE_BYTES);
        clew_buffer_init(&bytes, 2 * TRACE_BYTES);
        clew_arena_init(&arena, (size_t)1 << 20);
        test_put_traces(&otlp, "service", &span, 1);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&otlp), CLEW_OTLP_TRACES, &arena, &batch, &err),
                0);
        assert_int_equal(clew_fragment_encode(encoder, &batch, &batch.traces[0], 1, &bytes), 0);
        fragment = (struct clew_fragment){.trace_id = batch.traces[0].id,
                                          .bytes = clew_buffer_slice(&bytes)};
        assert_int_equal(clew_store_append(f->store, &fragment, 1, &err), 0);
        clew_fragment_encoder_free(encoder);
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));
        struct clew_store_options store = {.mode = CLEW_STORE_COLLECT};
        struct clew_pipeline_options pipeline = {.gather_ns = 0};
        struct clew_error err = {0};
        char *text = clew_malloc(TRACE_BYTES);

        assert_non_null(f);
        assert_non_null(text);
        memset(text, 'a', TRACE_BYTES);
        test_dir_make(&f->dir);
        clew_mem_pool_init(&f->memory, (size_t)48 << 20, (size_t)320 << 20, CLEW_NS_PER_S);
        if (clew_store_open(f->dir.path, &store, &f->store, &err) < 0)
                fail_msg("open: %s", err.message);
        pipeline.store = f->store;
        pipeline.counters = &f->counters;
        assert_int_equal(clew_pipeline_new(&pipeline, &f->pipeline), 0);
        for (uint32_t i = 0; i < TRACES; i++)
                append_trace(f, i + 1, clew_slice_make((uint8_t *)text, TRACE_BYTES));
        clew_free(text);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_pipeline_free(f->pipeline);
        clew_store_close(f->store);
        clew_mem_pool_deinit(&f->memory);
        test_dir_remove(&f->dir);
        clew_free(f);
        return 0;
}

/* Seals all that there is with that limit. */
static void seal_all(struct fixture *f, uint64_t behind_bytes)
{
        const struct clew_sealer_options options = {
                .store = f->store,
                .memory = &f->memory,
                .pipeline = f->pipeline,
                .counters = &f->counters,
                .idle_ns = 1,
                .max_wait_ns = 1,
                .segment_bytes = 1,
                .cpu_percent = 100,
                .behind_bytes = behind_bytes,
        };
        struct clew_sealer *sealer;

        assert_int_equal(clew_sealer_new(&options, &sealer), 0);
        for (int i = 0; i < WAIT_STEPS_MAX &&
                        clew_counter_read(&f->counters, CLEW_COUNT_SEALED_TRACES) < TRACES;
             i++)
                usleep(WAIT_STEP_US);
        clew_sealer_free(sealer);
        assert_int_equal(clew_counter_read(&f->counters, CLEW_COUNT_SEALED_TRACES), TRACES);
        assert_int_equal(clew_counter_read(&f->counters, CLEW_COUNT_SEAL_FAILURES), 0);
}

static void test_little_is_sealed_at_a_low_priority(void **state)
{
        struct fixture *f = *state;

        seal_all(f, UINT64_MAX);
        assert_int_equal(clew_counter_read(&f->counters, CLEW_COUNT_SEAL_PRESSED), 0);
}

/* What is left after the first step is over the limit; at its half the other thread goes on. */
static void test_much_is_sealed_at_the_priority_of_the_process(void **state)
{
        struct fixture *f = *state;
        uint64_t pressed;

        seal_all(f, 2 * TRACE_BYTES);
        pressed = clew_counter_read(&f->counters, CLEW_COUNT_SEAL_PRESSED);
        assert_in_range(pressed, 1, TRACES - 1);
}

/* Threads that wait for their turn end, too. */
static void test_it_ends_before_its_first_step(void **state)
{
        struct fixture *f = *state;
        const struct clew_sealer_options options = {.store = f->store,
                                                    .memory = &f->memory,
                                                    .pipeline = f->pipeline,
                                                    .counters = &f->counters,
                                                    .cpu_percent = 100};
        struct clew_sealer *sealer;

        assert_int_equal(clew_sealer_new(&options, &sealer), 0);
        clew_sealer_free(sealer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_little_is_sealed_at_a_low_priority, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_much_is_sealed_at_the_priority_of_the_process,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_it_ends_before_its_first_step, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
