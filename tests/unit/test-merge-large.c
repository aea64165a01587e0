/*
 * Index runs as large as they get: more ids than one step writes, and a directory that is longer
 * than any block of keys.
 */
#include "storage/index/merge-int.h"
#include "storage/index/posting-int.h"
#include "storage/index/sink-int.h"
#include "storage/source/store-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/temp-dir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS = 40, EACH = CLEW_SEGMENT_TRACES_MAX, ALL = RUNS * EACH };

/* ---- merging --------------------------------------------------------------------------------- */

static struct clew_trace_id id_of(uint32_t trace)
{
        return test_trace_id(trace + 1);
}

/* Runs are interleaved in time. */
static uint64_t start_of(uint32_t trace)
{
        return 1000000 + trace % EACH * RUNS + trace / EACH;
}

static void put_run(struct clew_store *store, uint32_t number)
{
        struct clew_index_sink *sink = clew_index_sink_new();
        struct clew_index_blocks blocks;
        struct clew_state state;
        struct clew_error err = {0};
        MDB_txn *txn = NULL;

        assert_non_null(sink);
        for (uint32_t i = 0; i < EACH; i++) {
                uint32_t trace = number * EACH + i;
                struct clew_trace_id id = id_of(trace);

                clew_index_sink_begin(sink, &id);
                clew_index_sink_start(sink, start_of(trace));
                clew_index_add(sink, CLEW_INDEX_FACET,
                               trace % 7 == 0 ? CLEW_SLICE_LITERAL("seventh")
                                              : CLEW_SLICE_LITERAL("other"));
                clew_index_set_number(sink, 3, trace);
        }
        clew_index_blocks_init(&blocks);
        assert_int_equal(clew_index_blocks_build(&blocks, sink, 1), 0);
        assert_true(blocks.is_set);
        assert_int_equal(clew_txn_begin_write(store->env, &txn, &err), 0);
        assert_int_equal(clew_state_read(store->env, txn, &state, &err), 0);
        assert_int_equal(clew_index_put(store->env, txn, &state, &blocks, number + 1, &err), 0);
        assert_int_equal(clew_state_write(store->env, txn, &state, &err), 0);
        assert_int_equal(clew_txn_commit(store->env, txn, &err), 0);
        clew_index_blocks_deinit(&blocks);
        clew_index_sink_free(sink);
}

static void merge(struct clew_store *store)
{
        const struct clew_index_merge_options options = {.version = 1};
        struct clew_index_merge *m = clew_index_merge_new(store->env);
        struct clew_error err = {0};
        uint64_t bytes;
        int r;

        assert_non_null(m);
        do {
                r = clew_index_merge_step(m, &options, &bytes, &err);
        } while (r == 1);
        if (r < 0)
                fail_msg("merge: %d %s", r, err.message);
        clew_index_merge_free(m);
}

/* Newest first, each with its own number, and its keys. */
static void check(struct clew_index_run *run)
{
        struct clew_trace_id *ids = calloc(ALL, sizeof(*ids));
        uint64_t *starts = calloc(ALL, sizeof(*starts));
        uint64_t *numbers = calloc(ALL, sizeof(*numbers));
        struct clew_index_set set = {calloc(ALL / 64 + 1, sizeof(uint64_t)), ALL};
        struct clew_error err = {0};

        assert_true(ids && starts && numbers && set.words);
        assert_int_equal(clew_index_run_traces(run), ALL);
        assert_int_equal(clew_run_ids(run, 0, ALL, ids, &err), 0);
        assert_int_equal(clew_index_starts(run, 0, ALL, starts, &err), 0);
        assert_int_equal(clew_index_numbers(run, 3, 0, ALL, numbers, &err), 0);
        assert_int_equal(
                clew_index_find(run, CLEW_INDEX_FACET, CLEW_SLICE_LITERAL("seventh"), &set, &err),
                1);
        for (uint32_t i = 0; i < ALL; i++) {
                uint32_t trace = (uint32_t)numbers[i];
                struct clew_trace_id id = id_of(trace);

                assert_true(numbers[i] < ALL);
                assert_memory_equal(ids[i].bytes, id.bytes, sizeof(id.bytes));
                assert_true(starts[i] == start_of(trace));
                assert_true(i == 0 || starts[i - 1] > starts[i]);
                assert_int_equal(clew_index_set_has(&set, i), trace % 7 == 0);
        }
        free(set.words);
        free(numbers);
        free(starts);
        free(ids);
}

static void test_merge(void **state)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};
        struct clew_store *store = NULL;
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        struct test_dir dir;

        (void)state;
        test_dir_make(&dir);
        if (clew_store_open(dir.path, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        for (uint32_t i = 0; i < RUNS; i++)
                put_run(store, i);
        merge(store);
        assert_int_equal(clew_view_open(store, &view, &err), 0);
        assert_int_equal(clew_view_read_index(view, 1, &err), 0);
        assert_int_equal(view->index.n_runs, 1);
        check(&view->index.runs[0]);
        clew_view_close(view);
        clew_store_close(store);
        test_dir_remove(&dir);
}

/* ---- a directory ----------------------------------------------------------------------------- */

enum { KEYS = 700, BLOCKS = 2 * KEYS };

struct blocks {
        struct clew_slice block[BLOCKS];
        uint32_t n;
};

static int put(void *context, uint32_t block, struct clew_slice bytes, struct clew_error *err)
{
        struct blocks *b = context;
        uint8_t *copy = malloc(bytes.len + 1);

        (void)err;
        assert_non_null(copy);
        assert_true(b->n < BLOCKS && block == b->n + 1);
        memcpy(copy, bytes.data, bytes.len);
        b->block[b->n++] = clew_slice_make(copy, bytes.len);
        return 0;
}

static int get(void *context, uint64_t run, uint32_t block, struct clew_slice *ret,
               struct clew_error *err)
{
        const struct blocks *b = context;

        (void)run;
        (void)err;
        if (block == 0 || block > b->n)
                return -ENOENT;
        *ret = b->block[block - 1];
        return 0;
}

/* Keys that differ in their last signs alone. */
static struct clew_slice key_of(uint32_t i, char room[CLEW_INDEX_KEY_MAX + 1])
{
        memset(room, 'k', 240);
        snprintf(room + 240, 16, "%06u", i);
        return clew_slice_make(room, 246);
}

/* A set that no form but words holds in fewer bytes: one key a block. */
static uint32_t make_posting(struct clew_buffer *ret)
{
        struct test_random random = {7};
        uint32_t *set = calloc(CLEW_INDEX_TRACES_MAX, sizeof(*set));
        uint32_t n = 0;

        assert_non_null(set);
        for (uint32_t i = 0; i < CLEW_INDEX_TRACES_MAX; i++) {
                if (test_random_below(&random, 2))
                        set[n++] = i;
        }
        clew_posting_encode(set, n, ret);
        free(set);
        return n;
}

static void test_directory(void **state)
{
        static struct blocks blocks;
        struct clew_run_writer w;
        struct clew_run_head head = {.n_traces = CLEW_INDEX_TRACES_MAX, .version = 7};
        struct clew_index_run run = {.get = get, .context = &blocks};
        struct clew_error err = {0};
        struct clew_index_set set = {calloc(CLEW_INDEX_TRACES_MAX / 64 + 1, sizeof(uint64_t)),
                                     CLEW_INDEX_TRACES_MAX};
        CLEW_BUFFER posting = {0};
        char room[CLEW_INDEX_KEY_MAX + 1];
        uint32_t n;

        (void)state;
        assert_non_null(set.words);
        clew_buffer_init(&posting, 1 << 20);
        n = make_posting(&posting);
        clew_run_writer_init(&w, put, &blocks);
        for (uint32_t i = 0; i < KEYS; i++)
                clew_run_writer_key(&w, CLEW_INDEX_FACET, key_of(2 * i, room),
                                    clew_buffer_slice(&posting));
        assert_int_equal(clew_run_writer_finish(&w, &head), 0);
        assert_true(blocks.block[blocks.n - 1].len > KEYS * 240);
        run.head = head;
        for (uint32_t i = 0; i < KEYS; i += 31) {
                memset(set.words, 0, CLEW_INDEX_TRACES_MAX / 8);
                assert_int_equal(
                        clew_index_find(&run, CLEW_INDEX_FACET, key_of(2 * i, room), &set, &err),
                        1);
                assert_int_equal(clew_index_set_count(&set), n);
                assert_int_equal(clew_index_find(&run, CLEW_INDEX_FACET, key_of(2 * i + 1, room),
                                                 &set, &err),
                                 0);
        }
        clew_run_writer_deinit(&w);
        for (uint32_t i = 0; i < blocks.n; i++)
                free((void *)(uintptr_t)blocks.block[i].data);
        free(set.words);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_merge),
                cmocka_unit_test(test_directory),
        };

        return cmocka_run_group_tests_name("merge-large", tests, NULL, NULL);
}
