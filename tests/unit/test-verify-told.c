/*
 * What verification tells, sentence by sentence: records that are each well-formed, with their
 * checksums, and do not fit together. test-integrity.c has the checks of who reads.
 */
#include "proto/base/mem.h"
#include "storage/base/place-int.h"
#include "storage/base/record-int.h"
#include "storage/object/objects-int.h"
#include "storage/source/store-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TOLD_MAX 4096u

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_error err;
        MDB_txn *txn;
        char told[TOLD_MAX]; /* a finding a line */
};

static void open_store(struct fixture *f)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};

        if (clew_store_open(f->dir.path, &o, &f->store, &f->err) < 0)
                fail_msg("open: %s", f->err.message);
}

static void append(struct fixture *f, uint32_t trace)
{
        struct test_span s = {.trace_id = test_trace_id(trace),
                              .span_id = test_span_id(1),
                              .name = "a span",
                              .start_ns = 1000 + trace,
                              .end_ns = 2000};

        assert_int_equal(test_store_append(f->store, "a", &s, 1), 0);
}

/* Traces 1 and 2 are sealed in segment 1, 3 and 4 are hot in one batch each. */
static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));
        const struct clew_seal_options o = {0};
        struct clew_seal_stats stats;

        test_dir_make(&f->dir);
        open_store(f);
        append(f, 1);
        append(f, 2);
        assert_true(clew_store_seal(f->store, &o, &stats, &f->err) >= 0);
        append(f, 3);
        append(f, 4);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_store_close(f->store);
        test_dir_remove(&f->dir);
        clew_free(f);
        return 0;
}

static struct clew_env *begin(struct fixture *f)
{
        if (clew_txn_begin_write(f->store->env, &f->txn, &f->err) < 0)
                fail_msg("%s", f->err.message);
        return f->store->env;
}

static void on_finding(void *context, const char *object, const char *what)
{
        struct fixture *f = context;
        size_t n = strlen(f->told);

        snprintf(f->told + n, sizeof(f->told) - n, "%s: %s\n", object, what);
}

static void verify(struct fixture *f)
{
        clew_store_close(f->store);
        f->store = NULL;
        f->told[0] = '\0';
        assert_true(clew_store_verify(f->dir.path, on_finding, f, &f->err) >= 0);
}

/* The transaction ends, and verification says @sentence. */
static void assert_told(struct fixture *f, const char *sentence)
{
        if (clew_txn_commit(f->store->env, f->txn, &f->err) < 0)
                fail_msg("%s", f->err.message);
        verify(f);
        open_store(f);
        if (!strstr(f->told, sentence))
                fail_msg("\"%s\" is not in:\n%s", sentence, f->told);
}

static void test_whole(void **state)
{
        struct fixture *f = *state;

        verify(f);
        open_store(f);
        assert_string_equal(f->told, "");
}

static void test_object_without_segment(void **state)
{
        struct fixture *f = *state;
        struct clew_env *env = begin(f);
        struct clew_key key = clew_key_segment(1);

        assert_int_equal(
                clew_table_delete(env, f->txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &f->err),
                0);
        assert_told(f, "belongs to no segment");
}

static void test_segment_without_object(void **state)
{
        struct fixture *f = *state;
        struct clew_env *env = begin(f);

        assert_int_equal(clew_object_delete(env, f->txn, 1, &f->err), 0);
        assert_told(f, "its object is damaged or missing");
}

static void test_trace_without_time(void **state)
{
        struct fixture *f = *state;
        struct clew_env *env = begin(f);
        struct clew_trace_id id = test_trace_id(2);
        struct clew_key key = clew_key_time(1002, &id);

        assert_int_equal(
                clew_table_delete(env, f->txn, CLEW_TABLE_TIME, clew_key_slice(&key), &f->err), 0);
        assert_told(f, "is missing in the time order");
}

static void test_time_without_trace(void **state)
{
        struct fixture *f = *state;
        struct clew_env *env = begin(f);
        struct clew_trace_id id = test_trace_id(7);
        struct clew_key key = clew_key_time(1007, &id);
        struct clew_slice none = CLEW_SLICE_NULL;

        assert_int_equal(clew_table_put(env, f->txn, CLEW_TABLE_TIME, clew_key_slice(&key), &none,
                                        1, &f->err),
                         0);
        assert_told(f, "does not lead to a trace");
}

/* At another time than the trace has. */
static void test_time_of_another(void **state)
{
        struct fixture *f = *state;
        struct clew_env *env = begin(f);
        struct clew_trace_id id = test_trace_id(2);
        struct clew_key key = clew_key_time(1003, &id);
        struct clew_slice none = CLEW_SLICE_NULL;

        assert_int_equal(clew_table_put(env, f->txn, CLEW_TABLE_TIME, clew_key_slice(&key), &none,
                                        1, &f->err),
                         0);
        assert_told(f, "does not lead to a trace");
}

/* A batch whose own checksum holds, and the one of its row's pack does not. */
static void test_pack_of_a_row(void **state)
{
        struct fixture *f = *state;
        struct clew_env *env = begin(f);
        struct clew_key key = clew_key_batch(3);
        struct clew_slice stored;
        struct clew_slice copy;
        CLEW_BUFFER b = {0};

        clew_buffer_init(&b, 1 << 20);
        assert_int_equal(
                clew_table_get(env, f->txn, CLEW_TABLE_HOT, clew_key_slice(&key), &stored, &f->err),
                0);
        clew_buffer_append_slice(&b, stored);
        b.data[b.len - 1] ^= 0x40; /* the last byte of the last pack */
        copy = clew_buffer_slice(&b);
        assert_int_equal(clew_table_put(env, f->txn, CLEW_TABLE_HOT, clew_key_slice(&key), &copy, 1,
                                        &f->err),
                         0);
        assert_told(f, "a pack is not the one of its row");
}

/* Each number of the state that a walk over all can know, off by one. */
static void test_numbers_of_the_state(void **state)
{
        static const struct {
                size_t offset;
                const char *told;
        } numbers[] = {
                {offsetof(struct clew_state, sealed_traces), "trace records: 2 found, 3 expected"},
                {offsetof(struct clew_state, sealed_spans), "spans: 2 found, 3 expected"},
                {offsetof(struct clew_state, sealed_logs), "log records: 0 found, 1 expected"},
                {offsetof(struct clew_state, sealed_raw_bytes), "raw bytes: "},
                {offsetof(struct clew_state, segments), "segments: 1 found, 2 expected"},
                {offsetof(struct clew_state, segment_bytes), "bytes of segments: "},
                {offsetof(struct clew_state, hot_fragments), "hot fragments: 2 found, 3 expected"},
                {offsetof(struct clew_state, hot_sum), "sum of hot sequences: "},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++) {
                for (int off = 1; off >= -1; off -= 2) {
                        struct clew_env *env = begin(f);
                        struct clew_state s;
                        uint64_t *number = (void *)((char *)&s + numbers[i].offset);

                        assert_int_equal(clew_state_read(env, f->txn, &s, &f->err), 0);
                        *number += (uint64_t)off;
                        assert_int_equal(clew_state_write(env, f->txn, &s, &f->err), 0);
                        if (off > 0) {
                                assert_told(f, numbers[i].told);
                                continue;
                        }
                        assert_int_equal(clew_txn_commit(env, f->txn, &f->err), 0);
                        verify(f);
                        open_store(f);
                        assert_string_equal(f->told, "");
                }
        }
}

/* A file that is shorter than its trees say: who reads behind its end is ended by the system. */
static void test_reader_is_ended(void **state)
{
        struct fixture *f = *state;
        char path[1200];

        snprintf(path, sizeof(path), "%s/data.mdb", f->dir.path);
        clew_store_close(f->store);
        f->store = NULL;
        assert_int_equal(truncate(path, 3 * 4096), 0);
        f->told[0] = '\0';
        assert_true(clew_store_verify(f->dir.path, on_finding, f, &f->err) > 0);
        if (!strstr(f->told, "reading it ends the reader"))
                fail_msg("told:\n%s", f->told);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_whole, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_object_without_segment, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_segment_without_object, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_trace_without_time, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_time_without_trace, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_time_of_another, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_pack_of_a_row, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_numbers_of_the_state, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_reader_is_ended, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
