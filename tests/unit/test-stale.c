/*
 * Records of an older commit where newer ones should be, as a lost write or a damaged tree brings
 * them back: every checksum is right, and yet the answer would be wrong.
 *
 * Traces 1 and 2 are sealed into one segment; trace 1 then gets a second span and moves on.
 */
#include "storage/source/store-int.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

struct scene {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_place old; /* of trace 1, before it moved */
};

static void open_store(struct scene *s, enum clew_store_mode mode)
{
        struct clew_store_options o = {.mode = mode};
        struct clew_error err = {0};

        if (clew_store_open(s->dir.path, &o, &s->store, &err) < 0)
                fail_msg("open: %s", err.message);
}

/* Trace 2 is large, so that its segment is not taken along when trace 1 moves. */
static void append(struct scene *s, uint32_t trace, uint32_t number)
{
        static char large[60000];
        struct test_span span = {.trace_id = test_trace_id(trace),
                                 .span_id = test_span_id(number),
                                 .name = "step",
                                 .key = "input.value",
                                 .value = clew_slice_make(large, trace == 2 ? sizeof(large) : 9),
                                 .start_ns = 1000 + number,
                                 .end_ns = 2000 + number};

        memset(large, 'a', sizeof(large));
        assert_int_equal(test_store_append(s->store, "b", &span, 5), 0);
}

static void seal_all(struct scene *s)
{
        struct clew_seal_options o = {0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        if (clew_store_seal(s->store, &o, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
}

static struct clew_place place_of(struct scene *s, uint32_t trace)
{
        struct clew_trace_id id = test_trace_id(trace);
        struct clew_place place = {0};
        struct clew_error err = {0};
        MDB_txn *txn = NULL;

        assert_int_equal(clew_txn_begin_read(s->store->env, &txn, &err), 0);
        assert_int_equal(clew_place_read(s->store->env, txn, &id, &place, &err), 0);
        clew_txn_end_read(s->store->env, txn);
        return place;
}

static void set_up(struct scene *s)
{
        test_dir_make(&s->dir);
        open_store(s, CLEW_STORE_COLLECT);
        append(s, 1, 1);
        append(s, 2, 2);
        seal_all(s);
        s->old = place_of(s, 1);
        append(s, 1, 3);
        seal_all(s);
        assert_true(place_of(s, 1).segment != s->old.segment);
        assert_true(place_of(s, 2).segment == s->old.segment);
}

static void tear_down(struct scene *s)
{
        clew_store_close(s->store);
        test_dir_remove(&s->dir);
}

/* The place of trace 1 is the @old one, or none, and the rest of the store as it was. */
static void put_back(struct scene *s, const struct clew_place *old)
{
        struct clew_trace_id id = test_trace_id(1);
        struct clew_place now = place_of(s, 1);
        struct clew_key key = clew_key_trace(&id);
        struct clew_key time = clew_key_time(now.start_ns, &id);
        struct clew_env *env = s->store->env;
        struct clew_state state;
        struct clew_error err = {0};
        MDB_txn *txn = NULL;

        assert_int_equal(clew_txn_begin_write(env, &txn, &err), 0);
        assert_int_equal(clew_state_read(env, txn, &state, &err), 0);
        if (old) {
                assert_int_equal(clew_place_write(env, txn, &id, old, &err), 0);
        } else {
                assert_int_equal(
                        clew_table_delete(env, txn, CLEW_TABLE_TRACE, clew_key_slice(&key), &err),
                        0);
                assert_int_equal(
                        clew_table_delete(env, txn, CLEW_TABLE_TIME, clew_key_slice(&time), &err),
                        0);
        }
        assert_int_equal(clew_state_write(env, txn, &state, &err), 0);
        assert_int_equal(clew_txn_commit(env, txn, &err), 0);
}

static void on_finding(void *context, const char *object, const char *what)
{
        (void)context;
        (void)object;
        (void)what;
}

/* Everything that trace 1 has a part in names the damage; trace 2 is read as ever. */
static void check(struct scene *s, bool listed)
{
        struct clew_trace_id one = test_trace_id(1);
        struct clew_trace_id two = test_trace_id(2);
        struct clew_trace_data data;
        struct clew_list_entry e;
        struct clew_error err = {0};
        struct clew_view *v = NULL;
        int r;

        assert_int_equal(clew_view_open(s->store, &v, &err), 0);
        assert_int_equal(clew_view_load(v, &two, &data, &err), 0);
        assert_int_equal(clew_view_load(v, &one, &data, &err), -EBADMSG);
        assert_non_null(strstr(err.message, "trace index is damaged"));
        assert_int_equal(clew_view_entry(v, &two, &e, &err), 0);
        assert_int_equal(clew_view_entry(v, &one, &e, &err), -EBADMSG);
        assert_non_null(strstr(err.message, "trace index is damaged"));
        if (listed) {
                assert_int_equal(clew_view_list(v, NULL, &err), 0);
                while ((r = clew_view_next(v, &e, &err)) == 1)
                        ;
                assert_int_equal(r, -EBADMSG);
        }
        clew_view_close(v);
        assert_true(clew_store_verify(s->dir.path, on_finding, NULL, &err) > 0);
}

static void test_place_of_an_older_commit(void **state)
{
        struct scene s = {0};

        (void)state;
        set_up(&s);
        assert_int_equal(clew_store_verify(s.dir.path, on_finding, NULL, &(struct clew_error){0}),
                         0);
        put_back(&s, &s.old);
        check(&s, true);
        tear_down(&s);
}

/* What is hot of a trace is not all of it when its place is hidden. */
static void test_place_hidden_behind_hot_spans(void **state)
{
        struct scene s = {0};

        (void)state;
        set_up(&s);
        append(&s, 1, 4);
        put_back(&s, NULL);
        check(&s, false);
        tear_down(&s);
}

/* A prefix that fits one trace may fit another that is hidden. */
static void test_prefix_of_a_hidden_trace(void **state)
{
        struct clew_trace_id id = test_trace_id(1);
        struct clew_trace_id found[2];
        struct clew_error err = {0};
        struct clew_view *v = NULL;
        struct scene s = {0};

        (void)state;
        set_up(&s);
        assert_int_equal(clew_view_open(s.store, &v, &err), 0);
        assert_int_equal(clew_view_find(v, &id, 8, found, 2, &err), 2);
        clew_view_close(v);
        put_back(&s, NULL);
        assert_int_equal(clew_view_open(s.store, &v, &err), 0);
        assert_int_equal(clew_view_find(v, &id, 8, found, 2, &err), -EBADMSG);
        clew_view_close(v);
        tear_down(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_place_of_an_older_commit),
                cmocka_unit_test(test_place_hidden_behind_hot_spans),
                cmocka_unit_test(test_prefix_of_a_hidden_trace),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
