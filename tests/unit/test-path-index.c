/*
 * Rows of steps in an index: what is chosen is what the pattern says of the trace, for rows of any
 * length and repetition; what no row is kept of, and an index in which two steps share a hash, may
 * be anything.
 */
#include "proto/base/mem.h"
#include "query/find/index/path-index-int.h"
#include "storage/index/sink-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TRACES 60u
#define STEPS_MAX 700u
#define BLOCKS_MAX 64u

static struct test_random rng;

static uint32_t below(uint32_t n)
{
        return (uint32_t)test_random_below(&rng, n);
}

/* ---- a run in memory ------------------------------------------------------------------------- */

struct blocks {
        struct clew_buffer of[BLOCKS_MAX];
        uint32_t n;
};

static int put(void *context, uint32_t block, struct clew_slice bytes, struct clew_error *err)
{
        struct blocks *b = context;

        (void)err;
        assert_int_equal(block, b->n + 1);
        assert_true(b->n < BLOCKS_MAX);
        clew_buffer_init(&b->of[b->n], 1u << 20);
        clew_buffer_append_slice(&b->of[b->n++], bytes);
        return 0;
}

static int get(void *context, uint64_t run, uint32_t block, struct clew_slice *ret,
               struct clew_error *err)
{
        const struct blocks *b = context;

        (void)run;
        (void)err;
        assert_true(block > 0 && block <= b->n);
        *ret = clew_buffer_slice(&b->of[block - 1]);
        return 0;
}

struct made {
        struct blocks blocks;
        struct clew_run_writer writer;
        struct clew_run_segment segment;
        struct clew_index_run run;
};

static void make(struct made *m, struct clew_index_sink *sink)
{
        *m = (struct made){0};
        clew_run_writer_init(&m->writer, put, &m->blocks);
        assert_int_equal(clew_index_sink_build(sink, &m->writer, &m->run.head, &m->segment), 0);
        m->run.get = get;
        m->run.context = &m->blocks;
}

static void unmake(struct made *m)
{
        for (uint32_t i = 0; i < m->blocks.n; i++)
                clew_buffer_deinit(&m->blocks.of[i]);
        clew_run_writer_deinit(&m->writer);
}

/* ---- traces ---------------------------------------------------------------------------------- */

static struct clew_step steps[TRACES][STEPS_MAX];
static struct clew_trace traces[TRACES];

/* Rounds of a few steps, again and again, with something else in between. */
static void make_trace(uint32_t t, uint32_t n)
{
        static const char *const tools[] = {"search", "open", "fs.read", "bash"};
        uint32_t period = 1 + below(10);

        memset(steps[t], 0, sizeof(steps[t]));
        traces[t] = (struct clew_trace){.steps = steps[t], .n_steps = n};
        for (uint32_t i = 0; i < n; i++) {
                struct clew_step *s = &steps[t][i];

                s->start_ns = 1000 + i;
                s->parent = s->agent = CLEW_STEP_NONE;
                if (i >= period && below(12) != 0) {
                        const struct clew_step *before = s - period;

                        s->kind = before->kind;
                        s->tool_name = before->tool_name;
                        s->model = before->model;
                        s->error.is_error = before->error.is_error;
                        continue;
                }
                s->kind = below(2) ? CLEW_KIND_TOOL : CLEW_KIND_LLM;
                if (s->kind == CLEW_KIND_TOOL)
                        s->tool_name = clew_slice_of_cstr(tools[below(4)]);
                else
                        s->model = clew_slice_of_cstr(below(2) ? "m-1" : "m-2");
                s->error.is_error = below(5) == 0;
        }
}

static const char *const patterns[] = {
        "search",
        "search{3,} open",
        "^ search",
        "bash/error bash",
        "!search* answer",
        "(llm tool){4,}",
        "any{70,}",
        "any{64} ... \"fs.*\"",
        "model:\"m-2\" $",
        "nothing",
        "open ... open/error ... open",
        "^ any{20} $",
};

/* Asks the index and the traces; how many the index was sure of. */
static unsigned compare(struct clew_index_run *run, const uint32_t *place)
{
        unsigned sure = 0;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(patterns); i++) {
                uint64_t a = 0;
                uint64_t b = 0;
                struct clew_index_set match = {&a, TRACES};
                struct clew_index_set miss = {&b, TRACES};
                struct clew_error err = {0};
                struct clew_path *path = NULL;
                CLEW_ARENA arena = {0};

                clew_arena_init(&arena, (size_t)64 << 20);
                if (clew_path_parse(clew_slice_of_cstr(patterns[i]), &arena, &path, &err) < 0)
                        fail_msg("%s: %s", patterns[i], err.message);
                assert_int_equal(clew_path_index_choose(run, path, &arena, &match, &miss, &err), 1);
                for (uint32_t t = 0; t < TRACES; t++) {
                        struct clew_path_step *row;
                        uint32_t n;
                        bool is;

                        assert_int_equal(clew_path_of_trace(&traces[t], &arena, &row, &n), 0);
                        is = clew_path_match(path, row, n);
                        if (clew_index_set_has(is ? &miss : &match, place[t]))
                                fail_msg("%s: trace %u", patterns[i], t);
                        sure += clew_index_set_has(is ? &match : &miss, place[t]);
                }
        }
        return sure;
}

static void give(struct clew_index_sink *sink, uint32_t t)
{
        const struct clew_trace_id id = test_trace_id(t + 1);
        CLEW_ARENA arena = {0};

        clew_arena_init(&arena, (size_t)64 << 20);
        clew_index_sink_begin(sink, &id);
        clew_index_sink_start(sink, 1000000 - t); /* the first is the newest: ordinal t */
        clew_path_index_give(&traces[t], &arena, sink);
}

static void test_rows(void **state)
{
        struct clew_index_sink *sink = clew_index_sink_new();
        uint32_t place[TRACES];
        struct made m;

        (void)state;
        rng = test_random_seeded("rows of steps");
        assert_non_null(sink);
        for (uint32_t t = 0; t < TRACES; t++) {
                make_trace(t, 1 + below(t % 4 == 0 ? 20 : STEPS_MAX));
                give(sink, t);
                place[t] = t;
        }
        make(&m, sink);
        assert_true(compare(&m.run, place) > TRACES * CLEW_ARRAY_LEN(patterns) / 2);
        unmake(&m);
        clew_index_sink_free(sink);
}

/* Rows without a repetition that are too long for a key, and names that cannot be kept. */
static void test_without_row(void **state)
{
        struct clew_index_sink *sink = clew_index_sink_new();
        uint32_t place[TRACES];
        static char names[STEPS_MAX][8];
        static uint8_t zero[] = {'a', 0, 'b'};
        struct made m;

        (void)state;
        rng = test_random_seeded("runs without a row");
        assert_non_null(sink);
        for (uint32_t t = 0; t < TRACES; t++) {
                make_trace(t, 3);
                for (uint32_t i = 0; t == 1 && i < 200; i++) {
                        snprintf(names[i], sizeof(names[i]), "t%u", i);
                        steps[t][i] = steps[t][0];
                        steps[t][i].start_ns = i;
                        steps[t][i].kind = CLEW_KIND_TOOL;
                        steps[t][i].tool_name = clew_slice_of_cstr(names[i]);
                }
                traces[t].n_steps = t == 1 ? 200 : 3;
                if (t == 2) {
                        steps[t][1].kind = CLEW_KIND_TOOL;
                        steps[t][1].tool_name = clew_slice_make(zero, sizeof(zero));
                }
                give(sink, t);
                place[t] = t;
        }
        make(&m, sink);
        assert_int_equal(compare(&m.run, place), (TRACES - 2) * CLEW_ARRAY_LEN(patterns));
        unmake(&m);
        clew_index_sink_free(sink);
}

static void test_shared_hash(void **state)
{
        static const uint8_t one[] = {'S', 1, 2, 3, 4, 0, 'a', 0};
        static const uint8_t other[] = {'S', 1, 2, 3, 4, 0, 'b', 0};
        static const uint8_t row[] = {'P', 1, 2, 3};
        struct clew_index_sink *sink = clew_index_sink_new();
        const struct clew_trace_id id = test_trace_id(1);
        uint64_t words[2] = {0};
        struct clew_index_set match = {&words[0], 1};
        struct clew_index_set miss = {&words[1], 1};
        struct clew_error err = {0};
        struct clew_path *path = NULL;
        CLEW_ARENA arena = {0};
        struct made m;

        (void)state;
        assert_non_null(sink);
        clew_arena_init(&arena, (size_t)64 << 20);
        assert_int_equal(clew_path_parse(CLEW_SLICE_LITERAL("a"), &arena, &path, &err), 0);
        clew_index_sink_begin(sink, &id);
        clew_index_add(sink, CLEW_INDEX_PATH, clew_slice_make(one, sizeof(one)));
        clew_index_add(sink, CLEW_INDEX_PATH, clew_slice_make(other, sizeof(other)));
        clew_index_add(sink, CLEW_INDEX_PATH, clew_slice_make(row, sizeof(row)));
        make(&m, sink);
        assert_int_equal(clew_path_index_choose(&m.run, path, &arena, &match, &miss, &err), 0);
        unmake(&m);
        clew_index_sink_free(sink);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_without_row),
                cmocka_unit_test(test_shared_hash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
