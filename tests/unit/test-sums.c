/*
 * Sums over notes and the time order: what an older page would hide is not believed to be absent.
 */
#include "proto/base/mem.h"
#include "storage/base/record-int.h"
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

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_error err;
};

static void open_store(struct fixture *f)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};

        if (clew_store_open(f->dir.path, &o, &f->store, &f->err) < 0)
                fail_msg("open: %s", f->err.message);
}

/* Two sealed traces. */
static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));
        struct clew_seal_options o = {0};
        struct clew_seal_stats stats;

        test_dir_make(&f->dir);
        open_store(f);
        for (uint32_t trace = 1; trace <= 2; trace++) {
                struct test_span s = {.trace_id = test_trace_id(trace),
                                      .span_id = test_span_id(trace),
                                      .name = "a span",
                                      .start_ns = 1000 + trace,
                                      .end_ns = 2000};

                assert_int_equal(test_store_append(f->store, "a", &s, 1), 0);
        }
        assert_int_equal(clew_store_seal(f->store, &o, &stats, &f->err), 0);
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

static struct clew_view *view(struct fixture *f)
{
        struct clew_view *v = NULL;

        if (clew_view_open(f->store, &v, &f->err) < 0)
                fail_msg("view: %s", f->err.message);
        return v;
}

static void assert_says(struct fixture *f, const char *part)
{
        if (!strstr(f->err.message, part))
                fail_msg("\"%s\" is not in: %s", part, f->err.message);
}

static void change_state(struct fixture *f, void (*change)(struct clew_state *s))
{
        struct clew_state s;
        MDB_txn *txn = NULL;

        assert_int_equal(clew_txn_begin_write(f->store->env, &txn, &f->err), 0);
        assert_int_equal(clew_state_read(f->store->env, txn, &s, &f->err), 0);
        change(&s);
        assert_int_equal(clew_state_write(f->store->env, txn, &s, &f->err), 0);
        assert_int_equal(clew_txn_commit(f->store->env, txn, &f->err), 0);
}

static void on_finding(void *context, const char *object, const char *what)
{
        (void)object;
        (void)what;
        ++*(int *)context;
}

/* What the verifier says, in a store that is closed meanwhile. */
static int findings(struct fixture *f)
{
        int n = 0;
        int r;

        clew_store_close(f->store);
        f->store = NULL;
        r = clew_store_verify(f->dir.path, on_finding, &n, &f->err);
        assert_int_equal(r, n);
        open_store(f);
        return n;
}

static void another_time(struct clew_state *s)
{
        s->time_sum++;
}

/* Who stops after the first is not told less. */
static void test_sum_of_times(void **state)
{
        struct fixture *f = *state;
        struct clew_list_entry e;
        struct clew_view *v;
        int r;

        change_state(f, another_time);
        v = view(f);
        r = clew_view_list(v, NULL, &f->err);
        if (r == 0)
                r = clew_view_next(v, &e, &f->err);
        clew_view_close(v);
        assert_int_equal(r, -EBADMSG);
        assert_says(f, "time order");
        assert_true(findings(f) > 0);
}

static void one_note_more(struct clew_state *s)
{
        s->note_records++;
}

static void another_note(struct clew_state *s)
{
        s->note_sum++;
}

static int read_note(struct fixture *f, uint32_t trace, uint32_t index)
{
        struct clew_trace_id id = test_trace_id(trace);
        struct clew_slice note;
        struct clew_view *v = view(f);
        int r = clew_view_note(v, &id, index, &note, &f->err);

        clew_view_close(v);
        return r;
}

/* That there is no further note is said only of a table that is whole. */
static void test_sum_of_notes(void **state)
{
        struct fixture *f = *state;
        struct clew_trace_id id = test_trace_id(1);

        assert_int_equal(clew_store_add_note(f->store, &id, CLEW_SLICE_LITERAL("a"), &f->err), 0);
        assert_int_equal(clew_store_add_note(f->store, &id, CLEW_SLICE_LITERAL("b"), &f->err), 0);
        assert_int_equal(read_note(f, 1, 2), -ENOENT);
        assert_int_equal(findings(f), 0);
        change_state(f, another_note);
        assert_int_equal(read_note(f, 1, 1), 0); /* what is found is checked by itself */
        assert_int_equal(read_note(f, 1, 2), -EBADMSG);
        assert_says(f, "notes");
        assert_int_equal(read_note(f, 2, 0), -EBADMSG);
        assert_true(findings(f) > 0);
        change_state(f, one_note_more);
        assert_int_equal(read_note(f, 2, 0), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_sum_of_times, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_sum_of_notes, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
