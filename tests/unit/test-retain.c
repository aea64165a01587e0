/*
 * Dropping by rules in the store: segments in which everything goes, those that are written anew,
 * those that wait; what somebody holds, or has changed, since it was chosen. Each time what stays
 * is as it was, and the store is whole.
 */
#include "proto/base/mem.h"
#include "proto/otlp/walk.h"
#include "query/model/summary.h"
#include "storage/erase.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Services, each a segment of its own, are numbered from 0, their traces from 1. */
#define SERVICES 80u
#define TRACES_MAX 40u
#define IDS_MAX (SERVICES * TRACES_MAX)

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_clock clock;
        uint64_t now_ns;
        struct test_random random;
        struct clew_trace_id ids[IDS_MAX];
        size_t n;
        unsigned n_runs;                      /* what was asked of the writer */
        bool is_part;                         /* what is chosen is followed by more */
        void (*meanwhile)(struct fixture *f); /* once, before the first transaction */
};

static uint64_t fixture_now(void *context)
{
        const struct fixture *f = context;

        return f->now_ns;
}

static void open_store(struct fixture *f)
{
        const struct clew_store_options o = {
                .mode = CLEW_STORE_COLLECT, .clock = &f->clock, .deriver = clew_model_deriver()};
        struct clew_error err = {0};

        if (clew_store_open(f->dir.path, &o, &f->store, &err) < 0)
                fail_msg("open: %s", err.message);
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->dir);
        f->random = test_random_seeded("retain");
        f->now_ns = 1700000000ull * CLEW_NS_PER_S;
        f->clock = (struct clew_clock){fixture_now, fixture_now, f};
        open_store(f);
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

static struct clew_trace_id id_of(uint32_t service, uint32_t trace)
{
        return test_trace_id(service * TRACES_MAX + trace);
}

/* Traces @from to @to in one commit, a span of each. */
static void send_some(struct fixture *f, uint32_t service, uint32_t from, uint32_t to,
                      uint32_t span)
{
        struct clew_fragment_encoder *encoder = clew_fragment_encoder_new();
        struct clew_fragment fragments[TRACES_MAX];
        struct clew_buffer bytes[TRACES_MAX];
        struct clew_error err = {0};
        uint32_t n = 0;

        for (uint32_t trace = from; trace <= to; trace++, n++) {
                char name[16];
                char text[200];
                struct test_span s = {.trace_id = id_of(service, trace),
                                      .span_id = test_span_id(span + 1),
                                      .name = "call",
                                      .key = "input.value",
                                      .start_ns = f->now_ns + trace,
                                      .end_ns = f->now_ns + trace + 5};
                struct clew_otlp_batch batch;
                CLEW_ARENA arena = {0};
                CLEW_BUFFER request = {0};
                int len = snprintf(text, sizeof(text), "%u says %u of %u", service, span * 7919u,
                                   trace);

                snprintf(name, sizeof(name), "svc%u", service);
                s.value = clew_slice_make(text, (size_t)len);
                clew_arena_init(&arena, (size_t)1 << 20);
                clew_buffer_init(&request, (size_t)1 << 20);
                clew_buffer_init(&bytes[n], (size_t)1 << 20);
                test_put_traces(&request, name, &s, 1);
                assert_int_equal(clew_otlp_walk(clew_buffer_slice(&request), CLEW_OTLP_TRACES,
                                                &arena, &batch, &err),
                                 0);
                assert_int_equal(clew_fragment_encode(encoder, &batch, &batch.traces[0], f->now_ns,
                                                      &bytes[n]),
                                 0);
                fragments[n] = (struct clew_fragment){.trace_id = s.trace_id,
                                                      .bytes = clew_buffer_slice(&bytes[n])};
        }
        assert_int_equal(clew_store_append(f->store, fragments, n, &err), 0);
        for (uint32_t i = 0; i < n; i++)
                clew_buffer_deinit(&bytes[i]);
        clew_fragment_encoder_free(encoder);
}

static void send(struct fixture *f, uint32_t service, uint32_t trace, uint32_t span)
{
        send_some(f, service, trace, trace, span);
}

static void seal(struct fixture *f)
{
        const struct clew_seal_options o = {.idle_ns = 0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        do {
                if (clew_store_seal(f->store, &o, &stats, &err) < 0)
                        fail_msg("seal: %s", err.message);
        } while (stats.traces > 0);
}

/* @services of @traces each. */
static void fill(struct fixture *f, uint32_t services, uint32_t traces)
{
        for (uint32_t s = 0; s < services; s++)
                send_some(f, s, 1, traces, 0);
        seal(f);
}

/* The whole trace as one number; 0 = it is not there. */
static uint64_t digest(struct fixture *f, uint32_t service, uint32_t trace)
{
        struct clew_trace_id id = id_of(service, trace);
        struct clew_view *v = NULL;
        struct clew_trace_data data;
        struct clew_error err = {0};
        uint64_t sum = 0;
        int r;

        assert_int_equal(clew_view_open(f->store, &v, &err), 0);
        r = clew_view_load(v, &id, &data, &err);
        assert_true(r == 0 || r == -ENOENT);
        for (size_t i = 0; r == 0 && i < data.traces.len; i++)
                sum = sum * 1099511628211ull + data.traces.data[i] + 1;
        clew_view_close(v);
        return sum;
}

static uint64_t segments(struct fixture *f)
{
        struct clew_view *v = NULL;
        struct clew_store_stats stats;
        struct clew_error err = {0};

        assert_int_equal(clew_view_open(f->store, &v, &err), 0);
        assert_int_equal(clew_view_stats(v, &stats, &err), 0);
        clew_view_close(v);
        return stats.segments;
}

static void report(void *context, const char *object, const char *what)
{
        (void)context;
        print_message("%s: %s\n", object, what);
}

static void verify(struct fixture *f)
{
        struct clew_error err = {0};
        int n;

        clew_store_close(f->store);
        n = clew_store_verify(f->dir.path, report, NULL, &err);
        open_store(f);
        assert_int_equal(n, 0);
}

static void choose(struct fixture *f, uint32_t service, uint32_t trace)
{
        assert_true(f->n < IDS_MAX);
        f->ids[f->n++] = id_of(service, trace);
}

static void run(void *context, void (*fn)(void *argument), void *argument)
{
        struct fixture *f = context;
        void (*meanwhile)(struct fixture * x) = f->meanwhile;

        f->meanwhile = NULL;
        f->n_runs++;
        if (meanwhile)
                meanwhile(f);
        fn(argument);
}

/* Drops what was chosen. */
static struct clew_rewrite_stats retain(struct fixture *f)
{
        const struct clew_rewrite_options o = {.run = run, .context = f};
        const struct clew_retain what = {.drop = f->ids, .n_drop = f->n, .is_part = f->is_part};
        struct clew_rewrite_stats stats;
        struct clew_error err = {0};

        if (clew_store_retain(f->store, &what, &o, &stats, &err) < 0)
                fail_msg("retain: %s", err.message);
        f->n = 0;
        return stats;
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* More than one transaction takes, by segments and by traces. */
static void test_whole_segments(void **state)
{
        struct fixture *f = *state;
        struct clew_rewrite_stats stats;
        uint64_t stays;

        fill(f, SERVICES, 40);
        assert_int_equal(segments(f), SERVICES);
        stays = digest(f, SERVICES - 1, 7);
        for (uint32_t s = 0; s < SERVICES - 1; s++) {
                for (uint32_t t = 1; t <= 40; t++)
                        choose(f, s, t);
        }
        f->n_runs = 0;
        stats = retain(f);
        assert_true(f->n_runs < SERVICES / 4); /* many segments in one transaction */
        assert_int_equal(stats.traces, (SERVICES - 1) * 40);
        assert_int_equal(stats.segments, SERVICES - 1);
        assert_int_equal(stats.read_bytes, 0); /* nothing is unpacked, nothing written */
        assert_int_equal(stats.written, 0);
        assert_true(stats.raw_bytes > stats.traces * 50);
        assert_int_equal(segments(f), 1);
        assert_int_equal(digest(f, 0, 1), 0);
        assert_true(digest(f, SERVICES - 1, 7) == stays);
        verify(f);
        assert_int_equal(retain(f).traces, 0);
}

/* A quarter is worth it, and less waits for more. */
static void test_in_parts(void **state)
{
        struct fixture *f = *state;
        struct clew_rewrite_stats stats;
        uint64_t stays;

        fill(f, 2, 40);
        stays = digest(f, 0, 40);
        for (uint32_t t = 1; t <= 10; t++)
                choose(f, 0, t);
        for (uint32_t t = 1; t <= 9; t++)
                choose(f, 1, t);
        stats = retain(f);
        assert_int_equal(stats.traces, 10);
        assert_int_equal(stats.segments, 1);
        assert_true(stats.written > 0);
        assert_int_equal(digest(f, 0, 10), 0);
        assert_true(digest(f, 1, 9) != 0);
        assert_true(digest(f, 0, 40) == stays);
        verify(f);
}

static void choose_some(struct fixture *f, uint32_t service, uint32_t n)
{
        for (uint32_t t = 1; t <= n; t++)
                choose(f, service, t);
}

/* A part ends in the middle of a segment, which waits for the next part and goes whole with it;
 * but not when that would be most of what was chosen, or it would wait for ever. */
static void test_the_end_of_a_part_waits(void **state)
{
        struct fixture *f = *state;
        struct clew_rewrite_stats stats;

        fill(f, 6, 40);
        f->is_part = true;
        choose_some(f, 0, 40);
        choose_some(f, 1, 20);
        stats = retain(f);
        assert_int_equal(stats.traces, 40);
        assert_int_equal(stats.written, 0);
        assert_true(digest(f, 1, 20) != 0);
        choose_some(f, 1, 40);
        choose_some(f, 2, 20);
        stats = retain(f);
        assert_int_equal(stats.traces, 40);
        assert_int_equal(stats.written, 0);
        assert_int_equal(digest(f, 1, 1), 0);
        choose_some(f, 2, 40);
        choose_some(f, 3, 20);
        choose_some(f, 4, 21);
        stats = retain(f); /* 40 of 81 whole */
        assert_int_equal(stats.traces, 81);
        assert_int_equal(stats.segments, 3);
        f->is_part = false;
        choose_some(f, 5, 40);
        choose_some(f, 4, 40); /* of which 19 are left */
        choose_some(f, 3, 30); /* and 10 of 20 */
        stats = retain(f);
        assert_int_equal(stats.traces, 40 + 19 + 10);
        assert_true(digest(f, 3, 31) != 0);
        verify(f);
}

/* A segment that has an older version of some trace beside all that it has to give. */
static void test_older_version(void **state)
{
        struct fixture *f = *state;
        uint64_t stays;

        fill(f, 1, 10);
        for (uint32_t span = 1; span < 40; span++)
                send(f, 0, 4, span);
        seal(f);
        assert_int_equal(segments(f), 2);
        stays = digest(f, 0, 4);
        for (uint32_t t = 1; t <= 10; t++) {
                if (t != 4)
                        choose(f, 0, t);
        }
        assert_int_equal(retain(f).traces, 9);
        assert_true(digest(f, 0, 4) == stays);
        assert_int_equal(digest(f, 0, 5), 0);
        assert_int_equal(segments(f), 1);
        verify(f);
}

static int hold(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        return clew_shelf_hold(shelf, context, err);
}

static void hold_one(struct fixture *f)
{
        struct clew_trace_id id = id_of(1, 3);
        struct clew_error err = {0};

        assert_int_equal(clew_store_shelve(f->store, hold, &id, &err), 0);
}

static void grow_one(struct fixture *f)
{
        for (uint32_t span = 1; span < 40; span++)
                send(f, 1, 3, span);
        seal(f);
}

/* What is said, or comes, of a trace between choice and transaction spares it, and its segment for
 * now; the other segments of that transaction go. */
static void spare(struct fixture *f, void (*meanwhile)(struct fixture *x))
{
        struct clew_rewrite_stats stats;
        uint64_t others = 0;

        fill(f, 4, 20);
        for (uint32_t s = 0; s < 4; s++) {
                for (uint32_t t = 1; t <= 20; t++)
                        choose(f, s, t);
        }
        f->meanwhile = meanwhile;
        stats = retain(f);
        assert_null(f->meanwhile);
        assert_int_equal(stats.traces, 60);
        assert_int_equal(stats.segments, 3);
        for (uint32_t t = 1; t <= 20; t++) {
                assert_int_equal(digest(f, 0, t), 0);
                assert_int_equal(digest(f, 3, t), 0);
                others += digest(f, 1, t) != 0;
        }
        assert_int_equal(others, 20);
        verify(f);
}

static void test_held_meanwhile(void **state)
{
        spare(*state, hold_one);
}

static void test_grown_meanwhile(void **state)
{
        spare(*state, grow_one);
}

/* One alone in its transaction, too. */
static void test_held_alone(void **state)
{
        struct fixture *f = *state;

        fill(f, 2, 5);
        for (uint32_t t = 1; t <= 5; t++)
                choose(f, 1, t);
        f->meanwhile = hold_one;
        assert_int_equal(retain(f).traces, 0);
        assert_true(digest(f, 1, 1) != 0 && digest(f, 1, 3) != 0);
        verify(f);
}

/* Many rounds of everything at random, against what should be there. */
static void test_random(void **state)
{
        enum { N_SERVICES = 6, N_TRACES = 30, ROUNDS = 60 };
        struct fixture *f = *state;
        static uint64_t was[N_SERVICES][N_TRACES + 1];
        static bool chosen[N_SERVICES][N_TRACES + 1];

        for (unsigned round = 0; round < ROUNDS; round++) {
                uint32_t part = 1 + (uint32_t)test_random_below(&f->random, 6);

                for (uint32_t i = 0; i < 40; i++)
                        send(f, (uint32_t)test_random_below(&f->random, N_SERVICES),
                             1 + (uint32_t)test_random_below(&f->random, N_TRACES), round);
                if (test_random_below(&f->random, 4) != 0)
                        seal(f);
                for (uint32_t s = 0; s < N_SERVICES; s++) {
                        bool all = test_random_below(&f->random, 3) == 0;

                        for (uint32_t t = 1; t <= N_TRACES; t++) {
                                was[s][t] = digest(f, s, t);
                                chosen[s][t] = all || test_random_below(&f->random, part) == 0;
                                if (chosen[s][t])
                                        choose(f, s, t);
                        }
                }
                f->is_part = test_random_below(&f->random, 2) == 0;
                (void)retain(f);
                for (uint32_t s = 0; s < N_SERVICES; s++) {
                        for (uint32_t t = 1; t <= N_TRACES; t++) {
                                uint64_t is = digest(f, s, t);

                                assert_true(is == was[s][t] || (is == 0 && chosen[s][t]));
                        }
                }
                if (round % 10 == 9)
                        verify(f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_whole_segments, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_in_parts, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_the_end_of_a_part_waits, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_older_version, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_held_meanwhile, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_grown_meanwhile, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_held_alone, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
