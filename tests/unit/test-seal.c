/*
 * Sealing: what is chosen, what is left alone, and how much is written.
 */
#include "proto/base/mem.h"
#include "proto/otlp/walk.h"
#include "storage/store.h"
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

#define TEXT_BYTES_MAX ((size_t)1 << 20)

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_clock clock;
        uint64_t now_ns;
        uint8_t *text;
        /* Of the deriver: */
        struct clew_trace_id poison; /* zero = none */
        int poison_error;
        unsigned n_poison; /* how often it was tried */
        unsigned n_told;
};

static uint64_t fixture_now(void *context)
{
        const struct fixture *f = context;

        return f->now_ns;
}

static int summarize(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                     struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        struct fixture *f = context;

        (void)traces;
        (void)logs;
        clew_buffer_append_byte(out, id->bytes[15]);
        *ret_start_ns = 0;
        if (!clew_trace_id_eq(id, &f->poison) || clew_trace_id_is_zero(id))
                return 0;
        f->n_poison++;
        return f->poison_error;
}

static void on_refused(void *context, const struct clew_trace_id *id, uint32_t n_fragments,
                       uint64_t raw_bytes, const char *why)
{
        struct fixture *f = context;

        assert_true(clew_trace_id_eq(id, &f->poison));
        assert_true(n_fragments > 0 && raw_bytes > 0 && strlen(why) > 0);
        f->n_told++;
}

static void open_store(struct fixture *f)
{
        static struct clew_deriver deriver;
        const struct clew_store_options o = {
                .mode = CLEW_STORE_COLLECT, .clock = &f->clock, .deriver = &deriver};
        struct clew_error err = {0};

        deriver = (struct clew_deriver){.version = 1, .summarize = summarize, .context = f};
        if (clew_store_open(f->dir.path, &o, &f->store, &err) < 0)
                fail_msg("open: %s", err.message);
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));
        struct test_random r = test_random_seeded("seal");

        test_dir_make(&f->dir);
        f->now_ns = 1700000000ull * CLEW_NS_PER_S;
        f->clock = (struct clew_clock){fixture_now, fixture_now, f};
        f->text = clew_malloc(TEXT_BYTES_MAX);
        for (size_t i = 0; i < TEXT_BYTES_MAX; i++)
                f->text[i] = (uint8_t)('a' + test_random_below(&r, 26));
        open_store(f);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_store_close(f->store);
        test_dir_remove(&f->dir);
        clew_free(f->text);
        clew_free(f);
        return 0;
}

/* One span of trace @trace with the first @bytes of the one text. */
static void send(struct fixture *f, struct clew_trace_id id, uint32_t span, size_t bytes)
{
        struct test_span s = {.trace_id = id,
                              .span_id = test_span_id(span),
                              .name = "s",
                              .key = "text",
                              .value = clew_slice_make(f->text, bytes),
                              .start_ns = f->now_ns,
                              .end_ns = f->now_ns + 5};

        assert_int_equal(test_store_append(f->store, "svc", &s, f->now_ns), 0);
}

/* A log record that names no trace. */
static void send_record(struct fixture *f, size_t bytes)
{
        CLEW_BUFFER record = {0};
        CLEW_BUFFER scope = {0};
        CLEW_BUFFER logs = {0};

        clew_buffer_init(&record, TEXT_BYTES_MAX);
        clew_buffer_init(&scope, TEXT_BYTES_MAX);
        clew_buffer_init(&logs, TEXT_BYTES_MAX);
        test_put_field(&record, 3, clew_slice_make(f->text, bytes)); /* severity_text */
        test_put_field(&scope, 2, clew_buffer_slice(&record));
        test_put_resource_spans(&logs, "svc", clew_buffer_slice(&scope));
        assert_int_equal(test_store_append_otlp(f->store, clew_buffer_slice(&logs), CLEW_OTLP_LOGS,
                                                f->now_ns),
                         0);
}

static struct clew_seal_stats seal(struct fixture *f, uint64_t idle_s, size_t budget)
{
        const struct clew_seal_options o = {.idle_ns = idle_s * CLEW_NS_PER_S,
                                            .max_wait_ns = 30 * CLEW_NS_PER_S,
                                            .budget_bytes = budget,
                                            .refused = on_refused,
                                            .context = f};
        struct clew_seal_stats stats = {0};
        struct clew_error err = {0};

        if (clew_store_seal(f->store, &o, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
        return stats;
}

static struct clew_store_stats stats_of(struct fixture *f)
{
        struct clew_store_stats s = {0};
        struct clew_view *v = NULL;
        struct clew_error err = {0};

        assert_int_equal(clew_view_open(f->store, &v, &err), 0);
        if (clew_view_stats(v, &s, &err) < 0)
                fail_msg("stats: %s", err.message);
        clew_view_close(v);
        return s;
}

static void on_finding(void *context, const char *object, const char *what)
{
        (void)context;
        print_message("# finding: %s: %s\n", object, what);
}

static void assert_whole(struct fixture *f)
{
        struct clew_view *v = NULL;
        struct clew_list_entry e;
        struct clew_trace_data data;
        struct clew_error err = {0};
        int r;

        clew_store_close(f->store);
        f->store = NULL;
        assert_int_equal(clew_store_verify(f->dir.path, on_finding, NULL, &err), 0);
        open_store(f);

        assert_int_equal(clew_view_open(f->store, &v, &err), 0);
        assert_int_equal(clew_view_list(v, NULL, &err), 0);
        while ((r = clew_view_next(v, &e, &err)) == 1)
                assert_int_equal(clew_view_load(v, &e.id, &data, &err), 0);
        assert_int_equal(r, 0);
        clew_view_close(v);
}

/* What is written over the life of a store, against its bound. */
static void assert_bounded(const struct clew_store_stats *s)
{
        assert_true(s->sealed_again_bytes <= 3 * s->sealed_first_bytes + ((uint64_t)64 << 20));
}

/* Near copies make segments that are full of raw bytes and take next to nothing: one that was full
 * is never packed again, however often sealing comes round. */
static void test_full_segments_stay(void **state)
{
        struct fixture *f = *state;
        struct clew_store_stats s;
        uint64_t segments;

        for (uint32_t t = 0; t < 330; t++)
                send(f, test_trace_id(t), 1, TEXT_BYTES_MAX - t);
        (void)seal(f, 0, 0);
        s = stats_of(f);
        segments = s.segments;
        assert_true(segments >= 5);
        assert_true(s.segment_bytes / segments < 1500000); /* they are small indeed */
        assert_int_equal(s.hot_fragments, 0);
        assert_true(s.sealed_again_bytes < s.sealed_first_bytes / 4);
        for (uint32_t t = 1000; t < 1010; t++) {
                send(f, test_trace_id(t), 1, 1000);
                (void)seal(f, 0, 0);
        }
        s = stats_of(f);
        assert_true(s.sealed_again_bytes < s.sealed_first_bytes / 4);
        assert_true(s.segments <= segments + 10);
}

/* One run after the other, each sealed alone: few segments remain, and each byte is written a
 * logarithmic number of times. */
static void test_small_segments_go_together(void **state)
{
        struct fixture *f = *state;
        struct clew_store_stats s;
        struct clew_seal_stats again;

        for (uint32_t t = 0; t < 300; t++) {
                send(f, test_trace_id(t), 1, 20000 + t * 10);
                (void)seal(f, 0, 0);
        }
        s = stats_of(f);
        assert_int_equal(s.traces, 300);
        assert_in_range(s.segments, 1, 30);
        assert_true(s.sealed_again_bytes > 0);
        assert_true(s.sealed_again_bytes <= 5 * s.sealed_first_bytes);
        assert_bounded(&s);
        again = seal(f, 0, 0);
        assert_int_equal(again.traces + again.compacted, 0); /* it does not turn in circles */
        assert_whole(f);
}

/* However small the budget of a step, what is hot comes before what is put together. */
static void test_hot_first(void **state)
{
        struct fixture *f = *state;
        struct clew_seal_stats s;

        for (uint32_t t = 0; t < 12; t++) {
                send(f, test_trace_id(t), 1, 20000);
                s = seal(f, 0, 1); /* enough for one trace, never for more */
                assert_int_equal(s.traces, 1);
                assert_int_equal(s.compacted, 0);
        }
        assert_int_equal(stats_of(f).hot_fragments, 0);
        s = seal(f, 0, 0);
        assert_int_equal(s.traces, 0);
        assert_true(s.compacted > 0);
        assert_in_range(stats_of(f).segments, 1, 3);
}

/* A trace that cannot be summarised holds nobody up, is told once, and tried again when it has
 * doubled. It stays readable. */
static void test_poison_is_stepped_over(void **state)
{
        static const int errors[] = {-E2BIG, -ENOMEM, -EMSGSIZE};
        struct fixture *f = *state;

        for (size_t e = 0; e < CLEW_ARRAY_LEN(errors); e++) {
                uint32_t base = (uint32_t)(e + 1) * 100;
                struct clew_trace_data data;
                struct clew_seal_stats s;
                struct clew_view *v = NULL;
                struct clew_error err = {0};

                f->poison = test_trace_id(base + 5);
                f->poison_error = errors[e];
                f->n_poison = f->n_told = 0;
                for (uint32_t t = base; t < base + 10; t++) {
                        send(f, test_trace_id(t), 1, 100);
                        send(f, test_trace_id(t), 2, 100);
                        f->now_ns++;
                }
                s = seal(f, 0, 0);
                assert_int_equal(s.traces, 9);
                assert_int_equal(s.refused, 1);
                assert_int_equal(stats_of(f).hot_traces, 1);
                send(f, test_trace_id(base + 11), 1, 100); /* behind it */
                assert_int_equal(seal(f, 0, 0).traces, 1);
                assert_int_equal(f->n_poison, 1);
                assert_int_equal(f->n_told, 1);
                assert_int_equal(clew_view_open(f->store, &v, &err), 0);
                assert_int_equal(clew_view_load(v, &f->poison, &data, &err), 0);
                clew_view_close(v);
                send(f, f->poison, 3, 100);
                assert_int_equal(seal(f, 0, 0).refused, 0);
                send(f, f->poison, 4, 100);
                assert_int_equal(seal(f, 0, 0).refused, 1);
                assert_int_equal(f->n_told, 2);
                f->poison_error = 0;
                for (uint32_t i = 5; i < 9; i++)
                        send(f, f->poison, i, 100);
                assert_int_equal(seal(f, 0, 0).traces, 1);
                assert_int_equal(stats_of(f).hot_traces, 0);
        }
        assert_whole(f);
}

/* What was packed together with a trace that failed is not written as it is. */
static void test_poison_in_the_middle(void **state)
{
        struct fixture *f = *state;

        f->poison = test_trace_id(2);
        f->poison_error = -E2BIG;
        for (uint32_t t = 1; t < 4; t++) {
                send(f, test_trace_id(t), 1, 100);
                f->now_ns++;
        }
        assert_int_equal(seal(f, 0, 0).traces, 2);
        assert_whole(f);
}

static uint64_t count(struct fixture *f, uint64_t max_items, uint64_t *ret_left_out)
{
        struct clew_trace_data data;
        struct clew_view *v = NULL;
        struct clew_otlp_reader r;
        struct clew_slice raw;
        struct clew_error err = {0};
        uint64_t n = 0;
        int e;

        assert_int_equal(clew_view_open(f->store, &v, &err), 0);
        e = max_items ? clew_view_load_some(v, &f->poison, max_items, SIZE_MAX, &data, &err)
                      : clew_view_load(v, &f->poison, &data, &err);
        if (e < 0)
                fail_msg("load: %s", err.message);
        r = clew_otlp_reader_make(data.traces);
        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        *ret_left_out = data.left_out;
        clew_view_close(v);
        return n;
}

/* More spans than a trace may have: it stays where it is, holds nobody up, and is read in part,
 * with a number for the rest. */
static void test_too_large_is_read_in_part(void **state)
{
        enum { PART = 50000, PARTS = 5 };
        struct fixture *f = *state;
        struct test_span *spans = clew_calloc(PART, sizeof(*spans));
        struct clew_seal_stats s;
        uint64_t left = 0;

        f->poison = test_trace_id(1);
        for (uint32_t p = 0; p < PARTS; p++) {
                CLEW_BUFFER request = {0};

                clew_buffer_init(&request, (size_t)4 << 20);
                for (uint32_t i = 0; i < PART; i++)
                        spans[i] = (struct test_span){.trace_id = f->poison,
                                                      .span_id = test_span_id(p * PART + i + 1),
                                                      .name = "s"};
                test_put_traces(&request, "svc", spans, PART);
                assert_int_equal(test_store_append_otlp(f->store, clew_buffer_slice(&request),
                                                        CLEW_OTLP_TRACES, f->now_ns),
                                 0);
        }
        clew_free(spans);
        send(f, test_trace_id(2), 1, 100);
        s = seal(f, 0, 0);
        assert_int_equal(s.traces, 1);
        assert_int_equal(s.refused, 1);
        assert_int_equal(f->n_told, 1);
        assert_int_equal(f->n_poison, 0); /* by its headers: nothing was loaded */
        assert_int_equal(seal(f, 0, 0).refused, 0);
        assert_int_equal(stats_of(f).unsealable, 1);
        assert_int_equal(count(f, 0, &left), CLEW_SEAL_ITEMS_MAX);
        assert_int_equal(left, PART * PARTS - CLEW_SEAL_ITEMS_MAX);
        assert_int_equal(count(f, 10, &left), 10);
        assert_int_equal(left, PART * PARTS - 10);
        f->poison = test_trace_id(2);
        assert_int_equal(count(f, 0, &left), 1);
        assert_int_equal(left, 0);
}

/* A trace that goes on for hours is not written again with each of its spans. */
static void test_slow_trace_is_not_written_each_time(void **state)
{
        struct fixture *f = *state;
        struct clew_store_stats s;

        for (uint32_t i = 0; i < 200; i++) {
                send(f, test_trace_id(1), i + 1, 2000);
                f->now_ns += 15 * CLEW_NS_PER_S; /* longer than it takes to be idle */
                (void)seal(f, 10, 0);
        }
        s = stats_of(f);
        assert_true(s.sealed_again_bytes <= 3 * s.sealed_first_bytes);
        f->now_ns += 1000 * CLEW_NS_PER_S;
        assert_int_equal(seal(f, 10, 0).traces, 1);
        assert_int_equal(stats_of(f).hot_fragments, 0);
        assert_whole(f);
}

/* Records without a trace come all the time, so that what they are kept under is never idle. */
static void test_records_without_a_trace(void **state)
{
        struct fixture *f = *state;
        struct clew_store_stats s;
        uint64_t most = 0;

        for (uint32_t i = 0; i < 300; i++) {
                send_record(f, 1000 + i);
                f->now_ns += CLEW_NS_PER_S;
                (void)seal(f, 10, 0);
                s = stats_of(f);
                if (s.hot_fragments > most)
                        most = s.hot_fragments;
        }
        assert_in_range(most, 1, 160);
        assert_true(s.sealed_first_bytes > 100000);
        assert_true(s.sealed_again_bytes <= 3 * s.sealed_first_bytes);
}

/* What arrives while a round is under way, and what another has sealed meanwhile. */
static void test_rounds_see_what_changes(void **state)
{
        struct fixture *f = *state;
        struct test_random r = test_random_seeded("rounds");

        for (uint32_t i = 0; i < 600; i++) {
                send(f, test_trace_id((uint32_t)test_random_below(&r, 60)), i + 1, 500);
                if (test_random_below(&r, 3) == 0)
                        (void)seal(f, test_random_below(&r, 2) * 3, 1);
                f->now_ns += test_random_below(&r, 2) * CLEW_NS_PER_S;
        }
        while (seal(f, 0, 0).more)
                ;
        assert_int_equal(stats_of(f).hot_fragments, 0);
        assert_int_equal(stats_of(f).spans, 600);
        assert_whole(f);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                T(test_full_segments_stay),
                T(test_small_segments_go_together),
                T(test_hot_first),
                T(test_poison_is_stepped_over),
                T(test_poison_in_the_middle),
                T(test_too_large_is_read_in_part),
                T(test_slow_trace_is_not_written_each_time),
                T(test_records_without_a_trace),
                T(test_rounds_see_what_changes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
