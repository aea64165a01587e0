/*
 * The shelf: records beside the traces. Added whole or not at all, never changed, kept with their
 * store, and a lost one is noticed.
 */
#include "proto/base/mem.h"
#include "proto/base/sha256.h"
#include "storage/base/env-struct-int.h"
#include "storage/shelf.h"
#include "storage/source/store-int.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

static struct clew_store *open_store(const char *dir, enum clew_store_mode mode)
{
        struct clew_store_options o = {.mode = mode};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        return store;
}

struct put {
        const char *key;
        const char *value;
        int then; /* what the function returns when all went well */
        uint64_t number;
};

static int put(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        struct put *p = context;
        CLEW_BUFFER b = {0};
        int r;

        clew_buffer_init(&b, 1u << 20);
        r = clew_shelf_encode(clew_slice_of_cstr(p->value), &b);
        if (r == 0)
                r = clew_shelf_add(shelf, clew_slice_of_cstr(p->key), clew_buffer_slice(&b), err);
        p->number = clew_shelf_next(shelf);
        return r < 0 ? r : p->then;
}

static int count(struct clew_slice key, struct clew_slice value, void *context)
{
        (void)key;
        (void)value;
        ++*(unsigned *)context;
        return 0;
}

static unsigned walk(struct clew_store *store, const char *prefix, int *ret)
{
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        unsigned n = 0;

        assert_int_equal(clew_view_open(store, &v, &err), 0);
        *ret = clew_view_shelf_walk(v, clew_slice_of_cstr(prefix), count, &n, &err);
        clew_view_close(v);
        return n;
}

static void test_all_or_nothing(void **state)
{
        struct test_dir d;
        struct clew_store *store;
        struct clew_error err = {0};
        struct put a = {"A1", "first", 0, 0};
        struct put again = {"A1", "second", 0, 0};
        struct put undone = {"A2", "third", -ECANCELED, 0};
        struct clew_view *v = NULL;
        CLEW_BUFFER got = {0};
        int r;

        (void)state;
        clew_buffer_init(&got, 1000);
        test_dir_make(&d);
        store = open_store(d.path, CLEW_STORE_WRITE);
        assert_int_equal(clew_store_shelve(store, put, &a, &err), 0);
        assert_int_equal(a.number, 1);
        assert_int_equal(clew_store_shelve(store, put, &again, &err), -EEXIST);
        assert_int_equal(clew_store_shelve(store, put, &undone, &err), -ECANCELED);
        clew_store_close(store);
        store = open_store(d.path, CLEW_STORE_READ);
        assert_int_equal(walk(store, "", &r), 1);
        assert_int_equal(r, 0);
        assert_int_equal(clew_store_shelve(store, put, &undone, &err), -EACCES);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_view_shelf_get(v, CLEW_SLICE_LITERAL("A1"), &got, &err), 0);
        assert_true(clew_slice_eq_cstr(clew_buffer_slice(&got), "first"));
        assert_int_equal(clew_view_shelf_get(v, CLEW_SLICE_LITERAL("A2"), &got, &err), -ENOENT);
        clew_view_close(v);
        clew_store_close(store);
        store = open_store(d.path, CLEW_STORE_WRITE);
        undone.then = 0;
        assert_int_equal(clew_store_shelve(store, put, &undone, &err), 0);
        assert_int_equal(undone.number, 2); /* what was not committed gave no number away */
        clew_store_close(store);
        test_dir_remove(&d);
}

static void test_long_values(void **state)
{
        struct test_dir d;
        struct clew_store *store;
        struct clew_error err = {0};
        size_t n = (size_t)300000;
        char *text = clew_calloc(1, n + 1);
        struct put p = {"B", text, 0, 0};
        struct clew_view *v = NULL;
        CLEW_BUFFER got = {0};

        (void)state;
        assert_non_null(text);
        for (size_t i = 0; i < n; i++)
                text[i] = (char)('a' + i * i / 7 % 23);
        test_dir_make(&d);
        store = open_store(d.path, CLEW_STORE_WRITE);
        assert_int_equal(clew_store_shelve(store, put, &p, &err), 0);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        clew_buffer_init(&got, 1000);
        assert_int_equal(clew_view_shelf_get(v, CLEW_SLICE_LITERAL("B"), &got, &err), -EMSGSIZE);
        clew_buffer_deinit(&got);
        clew_buffer_init(&got, 2 * n);
        assert_int_equal(clew_view_shelf_get(v, CLEW_SLICE_LITERAL("B"), &got, &err), 0);
        assert_int_equal(got.len, n);
        assert_memory_equal(got.data, text, n);
        clew_buffer_deinit(&got);
        clew_view_close(v);
        clew_store_close(store);
        test_dir_remove(&d);
        clew_free(text);
}

static int hold(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        int r = clew_shelf_hold(shelf, context, err);

        return r < 0 ? r : clew_shelf_hold(shelf, context, err); /* twice is once */
}

static void test_hold(void **state)
{
        struct clew_trace_id id = {{7}};
        struct clew_trace_id other = {{8}};
        struct test_dir d;
        struct clew_store *store;
        struct clew_error err = {0};
        struct clew_view *v = NULL;
        int r;

        (void)state;
        test_dir_make(&d);
        store = open_store(d.path, CLEW_STORE_WRITE);
        assert_int_equal(clew_store_shelve(store, hold, &id, &err), 0);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_view_is_held(v, &id, &err), 1);
        assert_int_equal(clew_view_is_held(v, &other, &err), 0);
        assert_int_equal(clew_view_holds_prove(v, &err), 0);
        clew_view_close(v);
        assert_int_equal(walk(store, "H", &r), 1);
        clew_store_close(store);
        test_dir_remove(&d);
}

static void note_finding(void *context, const char *object, const char *what)
{
        (void)what;
        if (strstr(object, "shelf"))
                ++*(unsigned *)context;
}

/* A record that is not there any more, as after a lost write: on every other page all is well. */
static void test_a_lost_record_is_noticed(void **state)
{
        struct put a = {"A1", "first", 0, 0};
        struct put b = {"A2", "second", 0, 0};
        struct test_dir d;
        struct clew_store *store;
        struct clew_state s;
        struct clew_error err = {0};
        MDB_txn *txn = NULL;
        unsigned findings = 0;
        int r;

        (void)state;
        test_dir_make(&d);
        store = open_store(d.path, CLEW_STORE_WRITE);
        assert_int_equal(clew_store_shelve(store, put, &a, &err), 0);
        assert_int_equal(clew_store_shelve(store, put, &b, &err), 0);
        clew_store_close(store);
        assert_int_equal(clew_store_verify(d.path, note_finding, &findings, &err), 0);
        store = open_store(d.path, CLEW_STORE_WRITE);
        assert_int_equal(clew_txn_begin_write(store->env, &txn, &err), 0);
        assert_int_equal(clew_table_delete(store->env, txn, CLEW_TABLE_SHELF,
                                           CLEW_SLICE_LITERAL("A1"), &err),
                         0);
        assert_int_equal(clew_state_read(store->env, txn, &s, &err), 0);
        assert_int_equal(clew_state_write(store->env, txn, &s, &err), 0);
        assert_int_equal(clew_txn_commit(store->env, txn, &err), 0);
        assert_int_equal(walk(store, "", &r), 1);
        assert_int_equal(r, -EBADMSG);
        clew_store_close(store);
        assert_true(clew_store_verify(d.path, note_finding, &findings, &err) > 0);
        assert_int_equal(findings, 2); /* count and digest */
        test_dir_remove(&d);
}

/* Of a lost hold nothing says so but the count: what deletes by it asks for the proof. */
static void test_a_lost_hold_is_no_leave(void **state)
{
        const uint8_t key[1 + CLEW_TRACE_ID_BYTES] = {'H', 7};
        struct clew_trace_id id = {{7}};
        struct test_dir d;
        struct clew_store *store;
        struct clew_state s;
        struct clew_error err = {0};
        struct clew_view *v = NULL;
        MDB_txn *txn = NULL;

        (void)state;
        test_dir_make(&d);
        store = open_store(d.path, CLEW_STORE_WRITE);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_view_holds_prove(v, &err), 0); /* of nothing */
        clew_view_close(v);
        assert_int_equal(clew_store_shelve(store, hold, &id, &err), 0);
        assert_int_equal(clew_txn_begin_write(store->env, &txn, &err), 0);
        assert_int_equal(clew_table_delete(store->env, txn, CLEW_TABLE_SHELF,
                                           clew_slice_make(key, sizeof(key)), &err),
                         0);
        assert_int_equal(clew_state_read(store->env, txn, &s, &err), 0);
        assert_int_equal(clew_state_write(store->env, txn, &s, &err), 0);
        assert_int_equal(clew_txn_commit(store->env, txn, &err), 0);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_view_is_held(v, &id, &err), 0);
        assert_int_equal(clew_view_holds_prove(v, &err), -EBADMSG);
        assert_non_null(strstr(err.message, "0 shelf records found, 1 expected"));
        clew_view_close(v);
        clew_store_close(store);
        test_dir_remove(&d);
}

static void check_sum(const char *text, size_t times, const char *expected)
{
        uint8_t sum[CLEW_SHA256_BYTES];
        char hex[CLEW_SHA256_HEX];
        struct clew_sha256 h;

        clew_sha256_init(&h);
        for (size_t i = 0; i < times; i++)
                clew_sha256_add(&h, clew_slice_of_cstr(text));
        clew_sha256_end(&h, sum);
        clew_hex_encode(clew_slice_make(sum, sizeof(sum)), hex);
        assert_string_equal(hex, expected);
}

static int append_of_run(void *context, const struct clew_fragment *f, struct clew_error *err)
{
        struct clew_fragment named = *f;

        named.has_run = true;
        named.run = test_trace_id(77);
        return clew_store_append(context, &named, 1, err);
}

static void check_run(struct clew_store *store, const struct clew_trace_id *expected, int n)
{
        const struct clew_trace_id run = test_trace_id(77);
        struct clew_trace_id found[8];
        struct clew_view *view = NULL;
        struct clew_error err = {0};

        assert_int_equal(clew_view_open(store, &view, &err), 0);
        for (int max = 1; max <= 8; max++) {
                int told = clew_view_run(view, &run, found, max, &err);

                assert_int_equal(told, n < max ? n : max);
                for (int i = 0; i < told; i++) /* of those that share a key, any may come first */
                        assert_true(max < n || clew_trace_id_eq(&found[i], &expected[i]));
        }
        clew_view_close(view);
}

/* Traces of a run whose ids differ in their last byte alone, which is not part of their key. */
static void test_traces_of_a_run_that_begin_alike(void **state)
{
        struct clew_trace_id ids[4];
        static const int order[] = {2, 0, 2, 1, 3, 0}; /* and some again */
        struct clew_store *store;
        struct clew_error err = {0};
        struct test_dir dir;

        (void)state;
        test_dir_make(&dir);
        store = open_store(dir.path, CLEW_STORE_WRITE);
        for (uint32_t i = 0; i < 4; i++) {
                ids[i] = test_trace_id(1);
                ids[i].bytes[CLEW_TRACE_ID_BYTES - 1] = (uint8_t)(10 * i + 1);
        }
        ids[3] = test_trace_id(0x01020304);
        if (memcmp(ids[3].bytes, ids[0].bytes, CLEW_TRACE_ID_BYTES) < 0)
                fail_msg("the last one is to come last");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(order); i++) {
                struct test_span span = {.trace_id = ids[order[i]],
                                         .span_id = test_span_id((uint32_t)i + 1),
                                         .name = "x",
                                         .start_ns = 1000,
                                         .end_ns = 2000};

                assert_int_equal(test_with_fragment("shop", &span, 5, append_of_run, store), 0);
        }
        check_run(store, ids, 4);
        clew_store_close(store);
        assert_int_equal(clew_store_verify(dir.path, NULL, NULL, &err), 0);
        store = open_store(dir.path, CLEW_STORE_READ);
        check_run(store, ids, 4);
        clew_store_close(store);
        test_dir_remove(&dir);
}

/* The examples of the standard's authors. */
static void test_sha256(void **state)
{
        (void)state;
        check_sum("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check_sum("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check_sum("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        check_sum("aaaaaaaaaa", 100000,
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_or_nothing),
                cmocka_unit_test(test_long_values),
                cmocka_unit_test(test_hold),
                cmocka_unit_test(test_a_lost_record_is_noticed),
                cmocka_unit_test(test_a_lost_hold_is_no_leave),
                cmocka_unit_test(test_traces_of_a_run_that_begin_alike),
                cmocka_unit_test(test_sha256),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
