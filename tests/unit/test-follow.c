/*
 * A reader beside the node whose bucket it follows, in one process: whatever the node does, once
 * the reader has asked for the bucket and the tail it has the same traces, byte for byte; what was
 * sealed in between is never missing, and what was deleted is not there. Whole programs are
 * tests/integration/test-objects-readers and test-objects-tails.
 */
#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "query/find/select.h"
#include "query/model/summary.h"
#include "storage/erase.h"
#include "storage/follow.h"
#include "storage/tier/tail-take-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TRACES 24u
#define STEPS 160u
#define ARRIVAL_NS (1700000000ull * CLEW_NS_PER_S)

struct fixture {
        struct test_dir node_dir;
        struct test_dir reader_dir;
        struct test_dir bucket_dir;
        char url[600];
        struct clew_store *node;
        struct clew_tier *tier;
        struct clew_store *reader;
        struct clew_tier *follow;
        struct clew_taken taken;
        struct test_random random;
        uint64_t n_spans;
};

static void require(int r, const struct clew_error *err)
{
        if (r < 0)
                fail_msg("%s (%d)", err->message, r);
}

static void open_node(struct fixture *f)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT,
                                             .deriver = clew_model_deriver()};
        const struct clew_tier_options tier = {.url = f->url};
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        require(clew_store_open(f->node_dir.path, &o, &f->node, &err), &err);
        require(clew_tier_attach(f->node, &tier, &f->tier, &stats, &err), &err);
}

static void open_reader(struct fixture *f)
{
        const struct clew_follow_options o = {.url = f->url, .deriver = clew_model_deriver()};
        struct clew_error err = {0};
        bool anew = true;

        require(clew_follow_open(f->reader_dir.path, &o, &f->reader, &f->follow, &anew, &err),
                &err);
        assert_false(anew);
}

static void close_reader(struct fixture *f)
{
        clew_taken_deinit(&f->taken);
        clew_tier_free(f->follow);
        clew_store_close(f->reader);
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->node_dir);
        test_dir_make(&f->reader_dir);
        test_dir_make(&f->bucket_dir);
        snprintf(f->url, sizeof(f->url), "dir://%s/b", f->bucket_dir.path);
        f->random = test_random_seeded("follow");
        open_node(f);
        open_reader(f);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        close_reader(f);
        clew_tier_free(f->tier);
        clew_store_close(f->node);
        test_dir_remove(&f->node_dir);
        test_dir_remove(&f->reader_dir);
        test_dir_remove(&f->bucket_dir);
        clew_free(f);
        return 0;
}

/* ---- what the node does -----------------------------------------------------------------------
 */

static struct clew_trace_id id_of(uint64_t trace)
{
        struct clew_trace_id id = {{0xab, 0x31}};

        id.bytes[15] = (uint8_t)(trace + 1);
        return id;
}

static void send(struct fixture *f)
{
        uint64_t n = ++f->n_spans;
        struct test_span span = {.trace_id = id_of(test_random_below(&f->random, TRACES)),
                                 .span_id = {{1, (uint8_t)(n >> 8), (uint8_t)n}},
                                 .name = "step",
                                 .start_ns = ARRIVAL_NS + n,
                                 .end_ns = ARRIVAL_NS + n + 5};

        assert_int_equal(test_store_append(f->node, n % 3 ? "a" : "b", &span, ARRIVAL_NS + n), 0);
}

static void seal(struct fixture *f)
{
        const struct clew_seal_options o = {.max_traces = 0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        require(clew_store_seal(f->node, &o, &stats, &err), &err);
}

static void sync_node(struct fixture *f)
{
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        do
                require(clew_tier_sync(f->tier, NULL, NULL, &stats, &err), &err);
        while (stats.more);
}

static void delete_one(struct fixture *f)
{
        const struct clew_rewrite_options o = {0};
        struct clew_trace_id id = id_of(test_random_below(&f->random, TRACES));
        struct clew_rewrite_stats stats;
        struct clew_error err = {0};

        require(clew_store_delete(f->node, &id, 1, &o, &stats, &err), &err);
}

/* ---- and the reader ---------------------------------------------------------------------------
 */

static void follow(struct fixture *f)
{
        struct clew_tier_stats stats;
        struct clew_error err = {0};
        int r = clew_follow_step(f->follow, &stats, &err);

        if (r != -ENXIO)
                require(r, &err);
}

static void ask_tail(struct fixture *f)
{
        struct clew_follow_status status;
        CLEW_BUFFER bytes = {.max_bytes = (size_t)64 << 20};
        struct clew_error err = {0};
        bool erased = false;
        bool more = true;

        clew_follow_status(f->follow, &status);
        while (more) {
                clew_buffer_clear(&bytes);
                require(clew_tail_give(f->node, f->tier, &f->taken.have, &bytes, &err), &err);
                require(clew_taken_apply(f->follow, &f->taken, clew_buffer_slice(&bytes),
                                         status.version, &more, &erased, &err),
                        &err);
        }
}

static void assert_same(struct fixture *f, const char *when)
{
        struct clew_view *a = NULL;
        struct clew_view *b = NULL;
        struct clew_error err = {0};

        require(clew_view_open(f->node, &a, &err), &err);
        require(clew_view_open(f->reader, &b, &err), &err);
        for (uint64_t t = 0; t < TRACES; t++) {
                struct clew_trace_id id = id_of(t);
                struct clew_trace_data x = {0};
                struct clew_trace_data y = {0};
                int p = clew_view_load(a, &id, &x, &err);
                int q = clew_view_load(b, &id, &y, &err);

                if (p != q || (p == 0 && !clew_slice_eq(x.traces, y.traces)))
                        fail_msg("%s: trace %u: %d and %d, %zu and %zu bytes: %s", when,
                                 (unsigned)t, p, q, x.traces.len, y.traces.len, err.message);
        }
        clew_view_close(a);
        clew_view_close(b);
}

static uint64_t hot_fragments(struct clew_store *store)
{
        struct clew_store_figures figures;
        struct clew_error err = {0};

        require(clew_store_figures(store, &figures, &err), &err);
        return figures.hot_fragments;
}

static void a_reader_has_what_its_node_has(void **state)
{
        struct fixture *f = *state;

        follow(f); /* whose bucket it is, before anything is in it */
        for (unsigned i = 0; i < STEPS; i++) {
                char when[64];
                uint64_t what = test_random_below(&f->random, 20);

                if (what < 11)
                        send(f);
                else if (what < 14)
                        seal(f);
                else if (what < 17)
                        sync_node(f);
                else if (what < 18)
                        delete_one(f);
                else
                        follow(f);
                snprintf(when, sizeof(when), "step %u (%u)", i, (unsigned)what);
                /* Deleted in the bucket it is when that has been followed. */
                if (what == 17) {
                        sync_node(f);
                        follow(f);
                }
                ask_tail(f);
                assert_same(f, when);
        }
        seal(f);
        sync_node(f);
        follow(f);
        ask_tail(f);
        assert_same(f, "end");
        assert_int_equal(hot_fragments(f->node), 0);
        assert_int_equal(hot_fragments(f->reader), 0);
        assert_int_equal(f->taken.n, 0);
}

static void what_came_with_the_tail_goes_only_when_the_bucket_has_it(void **state)
{
        struct fixture *f = *state;

        follow(f);
        send(f);
        send(f);
        ask_tail(f);
        assert_same(f, "hot");
        seal(f);
        ask_tail(f); /* sealed there, and in no bucket yet */
        assert_true(hot_fragments(f->reader) > 0);
        assert_same(f, "sealed");
        sync_node(f);
        ask_tail(f); /* in the bucket, and not followed */
        assert_true(hot_fragments(f->reader) > 0);
        assert_same(f, "uploaded");
        follow(f);
        assert_same(f, "twice");
        ask_tail(f);
        assert_int_equal(hot_fragments(f->reader), 0);
        assert_same(f, "followed");
}

static void a_tail_of_another_life_begins_anew(void **state)
{
        struct fixture *f = *state;

        follow(f);
        for (unsigned i = 0; i < 10; i++)
                send(f);
        ask_tail(f);
        f->taken.have.life ^= 1; /* as if another process had told it */
        ask_tail(f);
        assert_same(f, "again");
        seal(f);
        sync_node(f);
        follow(f);
        ask_tail(f);
        assert_same(f, "sealed");
        assert_int_equal(hot_fragments(f->reader), 0);
        /* The reader begins anew: nothing of its life before is kept, or taken twice. */
        send(f);
        ask_tail(f);
        close_reader(f);
        open_reader(f);
        follow(f);
        assert_int_equal(hot_fragments(f->reader), 0);
        ask_tail(f);
        assert_same(f, "new reader");
}

/* What goes and what comes in one answer: there is more than there was room for. */
static void much_comes_while_something_goes(void **state)
{
        struct fixture *f = *state;

        follow(f);
        for (unsigned i = 0; i < 200; i++)
                send(f);
        ask_tail(f);
        seal(f);
        sync_node(f);
        follow(f);
        for (unsigned i = 0; i < 900; i++)
                send(f);
        ask_tail(f);
        assert_int_equal(hot_fragments(f->reader), 900);
        assert_int_equal(f->taken.n, 900);
        assert_same(f, "much");
}

static void an_answer_that_is_not_whole_changes_nothing(void **state)
{
        struct fixture *f = *state;
        CLEW_BUFFER bytes = {.max_bytes = (size_t)64 << 20};
        struct clew_error err = {0};
        bool erased;
        bool more;

        follow(f);
        send(f);
        ask_tail(f);
        send(f);
        assert_int_equal(clew_tail_give(f->node, f->tier, &f->taken.have, &bytes, &err), 0);
        for (size_t i = 0; i < bytes.len; i++) {
                bytes.data[i] ^= 4;
                assert_int_equal(clew_taken_apply(f->follow, &f->taken, clew_buffer_slice(&bytes),
                                                  0, &more, &erased, &err),
                                 -EBADMSG);
                bytes.data[i] ^= 4;
        }
        assert_int_equal(hot_fragments(f->reader), 1);
        ask_tail(f);
        assert_same(f, "after");
}

/* A question that began before a deletion: what was deleted is not there, and no damage. */
static void what_is_deleted_during_a_walk_is_not_there(void **state)
{
        struct fixture *f = *state;
        const struct clew_rewrite_options o = {0};
        struct clew_filter filter = {.n_queries = 1};
        const struct clew_query_options options = {0};
        struct clew_query_error mistake;
        struct clew_trace_id ids[TRACES];
        struct clew_rewrite_stats stats;
        struct clew_query *query = NULL;
        struct clew_view *view = NULL;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_arena arena;
        struct clew_error err = {0};
        unsigned n = 0;
        int r;

        for (uint64_t i = 0; i < TRACES; i++)
                ids[i] = id_of(i);
        for (unsigned i = 0; i < 20 * TRACES; i++)
                send(f);
        seal(f);
        sync_node(f);
        follow(f);
        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        assert_int_equal(clew_query_parse(CLEW_SLICE_LITERAL("{ name =~ \"st.p\" }"), &options,
                                          &arena, &query, &mistake),
                         0);
        filter.queries[0] = query;
        require(clew_view_open(f->reader, &view, &err), &err);
        require(clew_select_init(&s, view, &filter, clew_clock_system(), NULL, &err), &err);
        require(clew_store_delete(f->node, ids, TRACES, &o, &stats, &err), &err);
        sync_node(f);
        follow(f);
        while ((r = clew_select_next(&s, &t, &err)) == 1)
                n++;
        require(r, &err);
        if (s.damaged)
                fail_msg("damage: %s", s.damage.message);
        assert_int_equal(n, 0);
        clew_select_deinit(&s);
        clew_view_close(view);
        clew_query_deinit(query);
        clew_arena_deinit(&arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_reader_has_what_its_node_has, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        what_came_with_the_tail_goes_only_when_the_bucket_has_it, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(a_tail_of_another_life_begins_anew, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(much_comes_while_something_goes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(an_answer_that_is_not_whole_changes_nothing, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(what_is_deleted_during_a_walk_is_not_there, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
