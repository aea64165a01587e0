/*
 * The store against an in-memory model, and the refusals of its directory.
 */
#include "proto/base/mem.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"
#include "storage/store.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)64 << 20)
#define TRACES 12u
#define SPANS 40u

/* What the store must hold: the winning copy of each span. */
struct model_span {
        bool present;
        uint64_t end_ns;
        size_t value_len;
};

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_fragment_encoder *encoder;
        uint64_t now_ns;
        struct clew_clock clock;
        struct model_span model[TRACES][SPANS];
        unsigned n_summaries;
};

static uint64_t fixture_now(void *context)
{
        const struct fixture *f = context;

        return f->now_ns;
}

/* A summary that a test can predict: the number of spans and the rules version. */
static int summarize(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                     struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_slice raw;
        unsigned n = 0;

        (void)context;
        (void)logs;
        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        clew_buffer_append_byte(out, (uint8_t)n);
        clew_buffer_append_byte(out, id->bytes[15]);
        *ret_start_ns = 0;
        return 0;
}

static struct clew_deriver deriver = {.version = 1, .summarize = summarize};

static void open_store(struct fixture *f)
{
        struct clew_store_options o = {
                .mode = CLEW_STORE_COLLECT, .clock = &f->clock, .deriver = &deriver};
        struct clew_error err = {0};
        int r = clew_store_open(f->dir.path, &o, &f->store, &err);

        if (r < 0)
                fail_msg("open: %s", err.message);
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->dir);
        f->now_ns = 1700000000ull * CLEW_NS_PER_S;
        f->clock = (struct clew_clock){fixture_now, fixture_now, f};
        f->encoder = clew_fragment_encoder_new();
        open_store(f);
        *state = f;
        return f->encoder ? 0 : -1;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_store_close(f->store);
        clew_fragment_encoder_free(f->encoder);
        test_dir_remove(&f->dir);
        clew_free(f);
        return 0;
}

/* Sends @request as one export would be: all its traces in one transaction. */
static int send_request(struct fixture *f, struct clew_slice request, enum clew_otlp_signal signal)
{
        CLEW_ARENA arena = {0};
        struct clew_otlp_batch batch;
        struct clew_fragment fragments[64];
        struct clew_buffer bytes[64];
        struct clew_error err = {0};
        int r;

        clew_arena_init(&arena, BYTES_MAX);
        r = clew_otlp_walk(request, signal, &arena, &batch, &err);
        if (r < 0)
                fail_msg("walk: %s", err.message);
        assert_in_range(batch.n_traces, 0, 64);
        for (size_t i = 0; i < 64; i++)
                clew_buffer_init(&bytes[i], BYTES_MAX);
        for (size_t i = 0; i < batch.n_traces; i++) {
                assert_int_equal(clew_fragment_encode(f->encoder, &batch, &batch.traces[i],
                                                      f->now_ns, &bytes[i]),
                                 0);
                fragments[i] = (struct clew_fragment){.trace_id = batch.traces[i].id,
                                                      .bytes = clew_buffer_slice(&bytes[i])};
        }
        r = clew_store_append(f->store, fragments, batch.n_traces, &err);
        for (size_t i = 0; i < 64; i++)
                clew_buffer_deinit(&bytes[i]);
        return r;
}

static void send_spans(struct fixture *f, const char *service, const struct test_span *spans,
                       size_t n)
{
        CLEW_BUFFER request = {0};

        clew_buffer_init(&request, BYTES_MAX);
        test_put_traces(&request, service, spans, n);
        assert_int_equal(send_request(f, clew_buffer_slice(&request), CLEW_OTLP_TRACES), 0);
}

static struct test_span span_of(uint32_t trace, uint32_t span)
{
        return (struct test_span){.trace_id = test_trace_id(trace),
                                  .span_id = test_span_id(span + 1),
                                  .parent_id = span ? test_span_id(1) : (struct clew_span_id){{0}},
                                  .name = "step",
                                  .start_ns = 1000000u * (trace + 1) + span,
                                  .end_ns = 1000000u * (trace + 1) + span + 50};
}

static void seal_all(struct fixture *f)
{
        struct clew_seal_options o = {0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        if (clew_store_seal(f->store, &o, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
}

static struct clew_view *view(struct fixture *f)
{
        struct clew_view *v = NULL;
        struct clew_error err = {0};

        if (clew_view_open(f->store, &v, &err) < 0)
                fail_msg("view: %s", err.message);
        return v;
}

static unsigned count_spans(struct clew_view *v, uint32_t trace)
{
        struct clew_trace_id id = test_trace_id(trace);
        struct clew_trace_data data;
        struct clew_error err = {0};
        struct clew_otlp_reader r;
        struct clew_slice raw;
        unsigned n = 0;

        if (clew_view_load(v, &id, &data, &err) < 0)
                fail_msg("load: %s", err.message);
        r = clew_otlp_reader_make(data.traces);
        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

static void test_hot_then_sealed(void **state)
{
        struct fixture *f = *state;
        struct test_span spans[3] = {span_of(1, 0), span_of(1, 1), span_of(1, 2)};
        struct clew_store_stats s;
        struct clew_error err = {0};
        struct clew_view *v;

        send_spans(f, "a", spans, 2);
        v = view(f);
        assert_int_equal(count_spans(v, 1), 2);
        clew_view_close(v);
        seal_all(f);
        v = view(f);
        assert_int_equal(count_spans(v, 1), 2);
        clew_view_close(v);
        /* A span that arrives after sealing, and a resend of everything. */
        send_spans(f, "a", spans, 3);
        v = view(f);
        assert_int_equal(count_spans(v, 1), 3);
        clew_view_close(v);
        seal_all(f);
        send_spans(f, "a", spans, 3);
        v = view(f);
        assert_int_equal(clew_view_stats(v, &s, &err), 0);
        assert_int_equal(s.spans, 3); /* a resend changes no count, sealed or not */
        clew_view_close(v);
        seal_all(f);
        v = view(f);
        assert_int_equal(count_spans(v, 1), 3);
        assert_int_equal(clew_view_stats(v, &s, &err), 0);
        assert_int_equal(s.traces, 1);
        assert_int_equal(s.spans, 3);
        assert_int_equal(s.segments, 1);
        assert_int_equal(s.hot_fragments, 0);
        clew_view_close(v);
}

/* Who holds slices of a view learns when they died. */
static void test_epoch(void **state)
{
        struct fixture *f = *state;
        struct test_span spans[2] = {span_of(1, 0), span_of(2, 0)};
        struct clew_trace_id id = test_trace_id(1);
        struct clew_list_entry e;
        struct clew_error err = {0};
        struct clew_view *v;
        uint64_t epoch;

        send_spans(f, "a", spans, 2);
        seal_all(f);
        v = view(f);
        epoch = clew_view_epoch(v);
        assert_int_equal(clew_view_entry(v, &id, &e, &err), 0);
        assert_true(clew_view_epoch(v) == epoch);
        assert_int_equal(count_spans(v, 1), 1);
        assert_true(clew_view_epoch(v) != epoch);
        epoch = clew_view_epoch(v);
        assert_int_equal(count_spans(v, 2), 1);
        assert_true(clew_view_epoch(v) != epoch);
        epoch = clew_view_epoch(v);
        assert_int_equal(clew_view_renew(v, &err), 0);
        assert_true(clew_view_epoch(v) != epoch);
        clew_view_close(v);
}

static int load_limited(struct fixture *f, uint32_t trace, size_t limit, struct clew_error *err)
{
        struct clew_trace_id id = test_trace_id(trace);
        struct clew_view *v = view(f);
        struct clew_trace_data data;
        int r;

        clew_view_limit_loads(v, limit);
        r = clew_view_load(v, &id, &data, err);
        if (r == -EMSGSIZE) { /* the view is well, and so are the others */
                id = test_trace_id(2);
                assert_int_equal(clew_view_load(v, &id, &data, err), 0);
        }
        clew_view_close(v);
        return r;
}

static void test_a_large_trace_is_refused_before_it_is_held(void **state)
{
        struct fixture *f = *state;
        static char name[6000];
        struct test_span large[2] = {span_of(1, 0), span_of(1, 1)};
        struct test_span small = span_of(2, 0);
        struct clew_error err = {0};

        memset(name, 'x', sizeof(name) - 1);
        large[0].name = name;
        send_spans(f, "a", &small, 1);
        send_spans(f, "a", large, 1);
        assert_int_equal(load_limited(f, 1, 4096, &err), -EMSGSIZE); /* hot */
        assert_int_equal(load_limited(f, 1, 65536, &err), 0);
        seal_all(f);
        assert_int_equal(load_limited(f, 1, 4096, &err), -EMSGSIZE); /* sealed */
        assert_non_null(strstr(err.message, "larger than"));
        assert_int_equal(load_limited(f, 1, 65536, &err), 0);
        send_spans(f, "a", large + 1, 1);
        assert_int_equal(load_limited(f, 1, 4096, &err), -EMSGSIZE); /* both */
        assert_int_equal(load_limited(f, 1, 65536, &err), 0);
}

struct hooks {
        unsigned n_runs;
        unsigned runs_max;
};

static void run_hook(void *context, void (*fn)(void *argument), void *argument)
{
        struct hooks *h = context;

        h->n_runs++;
        fn(argument);
}

static bool over_hook(void *context)
{
        const struct hooks *h = context;

        return h->n_runs >= h->runs_max;
}

/* The caller's thread writes, the caller ends it between two segments, and is told what is left. */
static void test_sealing_by_hooks(void **state)
{
        struct fixture *f = *state;
        struct hooks hooks = {.runs_max = 1};
        struct clew_seal_options o = {.run = run_hook, .is_over = over_hook, .context = &hooks};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        for (uint32_t t = 0; t < 6; t++) {
                struct test_span s = span_of(t, 0);

                send_spans(f, t % 2 ? "a" : "b", &s, 1);
        }
        assert_int_equal(clew_store_seal(f->store, &o, &stats, &err), 0);
        assert_int_equal(hooks.n_runs, 1);
        assert_int_equal(stats.segments, 1);
        assert_int_equal(stats.traces, 3);
        assert_true(stats.more);
        assert_true(stats.left_bytes > 0 && stats.left_bytes == stats.raw_bytes);
        hooks.runs_max = 9;
        assert_int_equal(clew_store_seal(f->store, &o, &stats, &err), 0);
        assert_int_equal(hooks.n_runs, 2);
        assert_int_equal(stats.left_bytes, 0);
        assert_false(stats.more);
}

/* A run looks at a few traces at a time; busy ones at the front do not keep the others from it. */
static void test_seal_looks_at_few(void **state)
{
        struct fixture *f = *state;
        struct clew_seal_options o = {.max_traces = 4, .idle_ns = 5 * CLEW_NS_PER_S};
        struct clew_seal_stats stats = {.more = true};
        struct clew_error err = {0};
        uint64_t sealed = 0;
        unsigned runs = 0;

        for (uint32_t t = 0; t < 15; t++) {
                struct test_span s = span_of(t, 0);

                send_spans(f, "a", &s, 1);
        }
        f->now_ns += 10 * CLEW_NS_PER_S;
        for (uint32_t t = 0; t < 5; t++) {
                struct test_span s = span_of(t, 1);

                send_spans(f, "a", &s, 1);
        }
        assert_int_equal(clew_store_seal(f->store, &o, &stats, &err), 0);
        assert_int_equal(stats.traces, 10);
        assert_false(stats.more);
        o.idle_ns = 0;
        do {
                assert_int_equal(clew_store_seal(f->store, &o, &stats, &err), 0);
                sealed += stats.traces;
                runs++;
        } while (stats.more);
        assert_int_equal(runs, 1); /* four, then the list is filled again */
        assert_int_equal(sealed, 5);
}

static void test_list_order_and_paging(void **state)
{
        struct fixture *f = *state;
        struct clew_list_entry e;
        struct clew_list_entry last;
        struct clew_error err = {0};
        struct clew_view *v;
        unsigned n = 0;

        for (uint32_t t = 0; t < 20; t++) {
                struct test_span s = span_of(t, 0);

                s.start_ns = 5000 + t / 2; /* pairs of equal starts */
                send_spans(f, t % 3 ? "a" : "b", &s, 1);
                if (t == 12)
                        seal_all(f);
        }
        v = view(f);
        assert_int_equal(clew_view_list(v, NULL, &err), 0);
        while (clew_view_next(v, &e, &err) == 1) {
                if (n > 0) {
                        assert_true(last.start_ns >= e.start_ns);
                        if (last.start_ns == e.start_ns)
                                assert_true(memcmp(last.id.bytes, e.id.bytes, 16) < 0);
                }
                assert_int_equal(e.hot, e.summary.len == 0);
                if (!e.hot)
                        assert_int_equal(e.summary.data[1], e.id.bytes[15]);
                last = e;
                n++;
        }
        assert_int_equal(n, 20);
        /* The same in pages of one, each in a new walk. */
        memset(&last, 0, sizeof(last));
        for (n = 0;; n++) {
                assert_int_equal(clew_view_list(v, n ? &last : NULL, &err), 0);
                if (clew_view_next(v, &e, &err) != 1)
                        break;
                last = e;
        }
        assert_int_equal(n, 20);
        clew_view_close(v);
}

static void test_find_prefix(void **state)
{
        struct fixture *f = *state;
        struct clew_trace_id found[4];
        struct clew_trace_id id = test_trace_id(3);
        struct clew_error err = {0};
        struct clew_view *v;

        for (uint32_t t = 0; t < 6; t++) {
                struct test_span s = span_of(t, 0);

                send_spans(f, "a", &s, 1);
                if (t == 2)
                        seal_all(f);
        }
        v = view(f);
        assert_int_equal(clew_view_find(v, &id, 4, found, 4, &err), 4);
        for (uint32_t t = 0; t < 4; t++) {
                struct clew_trace_id expect = test_trace_id(t);

                assert_memory_equal(found[t].bytes, expect.bytes, 16);
        }
        assert_int_equal(clew_view_find(v, &id, 32, found, 4, &err), 1);
        id.bytes[0] = 0x77;
        assert_int_equal(clew_view_find(v, &id, 2, found, 4, &err), 0);
        clew_view_close(v);
}

/* Log records without a trace are kept, loaded under the zero id, and are no trace in lists or
 * counts. */
static void test_logs_without_trace(void **state)
{
        struct fixture *f = *state;
        struct clew_trace_id nobody = {{0}};
        struct test_span s = span_of(1, 0);
        struct clew_trace_data data = {0};
        struct clew_store_stats stats;
        struct clew_list_entry e;
        struct clew_error err = {0};
        CLEW_BUFFER scope = {0};
        CLEW_BUFFER logs = {0};

        clew_buffer_init(&scope, BYTES_MAX);
        clew_buffer_init(&logs, BYTES_MAX);
        test_put_field(&scope, 2, CLEW_SLICE_LITERAL("\x1a\x04warn")); /* severity_text */
        test_put_resource_spans(&logs, "svc", clew_buffer_slice(&scope));
        send_spans(f, "a", &s, 1);
        for (int sealed = 0; sealed < 2; sealed++) {
                struct clew_view *v;

                assert_int_equal(send_request(f, clew_buffer_slice(&logs), CLEW_OTLP_LOGS), 0);
                v = view(f);
                assert_int_equal(clew_view_load(v, &nobody, &data, &err), 0);
                assert_true(data.logs.len > 0);
                assert_int_equal(clew_view_list(v, NULL, &err), 0);
                assert_int_equal(clew_view_next(v, &e, &err), 1);
                assert_int_equal(clew_view_next(v, &e, &err), 0);
                assert_int_equal(clew_view_stats(v, &stats, &err), 0);
                assert_int_equal(stats.traces, 1);
                assert_int_equal(stats.logs, 1);
                clew_view_close(v);
                seal_all(f);
        }
}

static void test_notes(void **state)
{
        struct fixture *f = *state;
        struct clew_trace_id id = test_trace_id(1);
        struct clew_slice got;
        struct clew_error err = {0};
        struct clew_view *v;

        assert_int_equal(clew_store_add_note(f->store, &id, CLEW_SLICE_LITERAL("first"), &err), 0);
        assert_int_equal(clew_store_add_note(f->store, &id, CLEW_SLICE_LITERAL("second"), &err), 0);
        v = view(f);
        assert_int_equal(clew_view_note(v, &id, 1, &got, &err), 0);
        assert_true(clew_slice_eq_cstr(got, "second"));
        assert_int_equal(clew_view_note(v, &id, 2, &got, &err), -ENOENT);
        clew_view_close(v);
}

static void count_change(void *context, const struct clew_trace_id *id, struct clew_slice old,
                         struct clew_slice fresh)
{
        uint64_t *n = context;

        assert_false(clew_trace_id_is_zero(id));
        assert_false(clew_slice_eq(old, fresh));
        ++*n;
}

static void test_reindex(void **state)
{
        struct fixture *f = *state;
        struct test_span s = span_of(1, 0);
        struct clew_error err = {0};
        struct clew_reindex_stats stats = {0};
        uint64_t told = 0;
        struct clew_reindex_options options = {.on_change = count_change, .context = &told};

        send_spans(f, "a", &s, 1);
        seal_all(f);
        assert_int_equal(clew_store_reindex(f->store, &options, &stats, &err), 0);
        assert_int_equal(stats.seen, 0);
        deriver.version = 2;
        options.dry_run = true;
        assert_int_equal(clew_store_reindex(f->store, &options, &stats, &err), 0);
        assert_int_equal(stats.seen, 1);
        options.dry_run = false;
        assert_int_equal(clew_store_reindex(f->store, &options, &stats, &err), 0);
        assert_int_equal(stats.seen, 1);
        assert_int_equal(stats.changed, 0);
        assert_int_equal(stats.failed, 0);
        assert_int_equal(clew_store_reindex(f->store, &options, &stats, &err), 0);
        assert_int_equal(stats.seen, 0);
        assert_int_equal(told, 0);
        deriver.version = 1;
}

/* ---- random operations against the model -------------------------------------------------- */

static void model_add(struct model_span *m, uint64_t end_ns, size_t value_len)
{
        bool wins = !m->present || end_ns > m->end_ns ||
                    (end_ns == m->end_ns && (end_ns == 0 || value_len > m->value_len));

        if (wins)
                *m = (struct model_span){true, end_ns, value_len};
}

static void random_request(struct fixture *f, struct test_random *r)
{
        static const char text[4096] = "the same text again and again";
        struct test_span spans[16];
        size_t n = 1 + test_random_below(r, 16);

        for (size_t i = 0; i < n; i++) {
                uint32_t t = (uint32_t)test_random_below(r, TRACES);
                uint32_t s = (uint32_t)test_random_below(r, SPANS);
                size_t len = test_random_below(r, 3) ? 0 : test_random_below(r, sizeof(text));

                spans[i] = span_of(t, s);
                if (test_random_below(r, 5) == 0)
                        spans[i].end_ns = 0; /* not ended yet */
                spans[i].key = "text";
                spans[i].value = clew_slice_make(text, len);
                model_add(&f->model[t][s], spans[i].end_ns, len);
        }
        send_spans(f, test_random_below(r, 2) ? "a" : "b", spans, n);
        f->now_ns += test_random_below(r, 3 * CLEW_NS_PER_S);
}

static void check_trace_against_model(struct fixture *f, struct clew_view *v, uint32_t t)
{
        struct clew_trace_id id = test_trace_id(t);
        struct clew_trace_data data = {0};
        struct clew_error err = {0};
        struct clew_otlp_reader reader;
        struct clew_slice raw;
        unsigned expect = 0;
        unsigned n = 0;
        int r = clew_view_load(v, &id, &data, &err);

        for (unsigned s = 0; s < SPANS; s++)
                expect += f->model[t][s].present;
        if (expect == 0) {
                assert_int_equal(r, -ENOENT);
                return;
        }
        if (r < 0)
                fail_msg("load: %s", err.message);
        reader = clew_otlp_reader_make(data.traces);
        while (clew_otlp_read(&reader, &raw, NULL)) {
                struct clew_span span;
                struct clew_value value = {0};
                const struct model_span *m;

                assert_true(clew_span_parse(raw, &span));
                m = &f->model[t][span.span_id.bytes[7] - 1];
                assert_true(m->present);
                assert_int_equal(span.end_ns, m->end_ns);
                assert_true(clew_attribute_find(clew_span_attributes(&span),
                                                CLEW_SLICE_LITERAL("text"), &value));
                assert_int_equal(value.bytes.len, m->value_len);
                n++;
        }
        assert_int_equal(n, expect);
}

static void test_random_against_model(void **state)
{
        enum { STEPS = 400 };
        struct fixture *f = *state;
        struct test_random r = test_random_seeded("store");
        struct clew_error err = {0};

        for (int step = 0; step < STEPS; step++) {
                struct clew_view *v;

                random_request(f, &r);
                if (test_random_below(&r, 8) == 0) {
                        struct clew_seal_options o = {
                                .idle_ns = test_random_below(&r, 3) * CLEW_NS_PER_S,
                                .min_segment_bytes = test_random_below(&r, 2) * 20000,
                                .max_wait_ns = 10 * CLEW_NS_PER_S,
                                .budget_bytes = test_random_below(&r, 2) * 5000,
                        };
                        struct clew_seal_stats stats;

                        if (clew_store_seal(f->store, &o, &stats, &err) < 0)
                                fail_msg("seal: %s", err.message);
                }
                if (test_random_below(&r, 40) == 0) {
                        clew_store_close(f->store);
                        open_store(f);
                }
                v = view(f);
                check_trace_against_model(f, v, (uint32_t)test_random_below(&r, TRACES));
                clew_view_close(v);
        }
        seal_all(f);
        for (uint32_t t = 0; t < TRACES; t++) {
                struct clew_view *v = view(f);

                check_trace_against_model(f, v, t);
                clew_view_close(v);
        }
}

static void on_finding(void *context, const char *object, const char *what)
{
        (void)context;
        printf("# finding: %s: %s\n", object, what);
}

static void test_verify_whole_store(void **state)
{
        struct fixture *f = *state;
        struct test_random r = test_random_seeded("verify");
        struct clew_error err = {0};

        for (int i = 0; i < 60; i++) {
                random_request(f, &r);
                if (i == 20 || i == 40)
                        seal_all(f);
        }
        clew_store_close(f->store);
        f->store = NULL;
        assert_int_equal(clew_store_verify(f->dir.path, on_finding, NULL, &err), 0);
        open_store(f);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static int try_open(const char *dir, enum clew_store_mode mode, struct clew_error *err)
{
        struct clew_store_options o = {.mode = mode};
        struct clew_store *store = NULL;
        int r = clew_store_open(dir, &o, &store, err);

        clew_store_close(store);
        return r;
}

static void test_refusals(void **state)
{
        struct fixture *f = *state;
        struct test_dir other;
        struct clew_error err = {0};
        char path[512];
        int fd;

        test_dir_make(&other);
        assert_int_equal(try_open("/nonexistent/x", CLEW_STORE_READ, &err), -ENOENT);
        assert_int_equal(try_open(other.path, CLEW_STORE_READ, &err), -ENOENT);
        snprintf(path, sizeof(path), "%s/notes.txt", other.path);
        fd = open(path, O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(try_open(other.path, CLEW_STORE_WRITE, &err), -EINVAL);
        assert_non_null(strstr(err.message, "notes.txt"));
        assert_int_equal(try_open(path, CLEW_STORE_WRITE, &err), -ENOTDIR);
        unlink(path);
        snprintf(path, sizeof(path), "%s/data.mdb", other.path);
        fd = open(path, O_CREAT | O_WRONLY, 0600);
        assert_int_equal(write(fd, "this is not a database, only some text", 38), 38);
        close(fd);
        assert_int_equal(try_open(other.path, CLEW_STORE_WRITE, &err), -EINVAL);
        unlink(path);
        assert_int_equal(chmod(other.path, 0777), 0);
        assert_int_equal(try_open(other.path, CLEW_STORE_WRITE, &err), -EACCES);
        test_dir_remove(&other);
        (void)f;
}

/* What a power cut during creation may leave: the sign, and any bytes as data file. */
static void test_interrupted_creation_starts_over(void **state)
{
        static const char *const left[] = {"", "half a page of something"};
        struct test_dir other;
        struct clew_error err = {0};
        char path[512];

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(left); i++) {
                int fd;

                test_dir_make(&other);
                snprintf(path, sizeof(path), "%s/creating", other.path);
                fd = open(path, O_CREAT | O_WRONLY, 0600);
                close(fd);
                snprintf(path, sizeof(path), "%s/data.mdb", other.path);
                fd = open(path, O_CREAT | O_WRONLY, 0600);
                assert_int_equal(write(fd, left[i], strlen(left[i])), strlen(left[i]));
                close(fd);
                assert_int_equal(try_open(other.path, CLEW_STORE_READ, &err), -ENOENT);
                assert_int_equal(try_open(other.path, CLEW_STORE_WRITE, &err), 0);
                assert_int_equal(try_open(other.path, CLEW_STORE_READ, &err), 0);
                snprintf(path, sizeof(path), "%s/creating", other.path);
                assert_int_equal(access(path, F_OK), -1);
                test_dir_remove(&other);
        }
}

static void test_second_collector_refused(void **state)
{
        struct fixture *f = *state;
        struct clew_error err = {0};

        assert_int_equal(try_open(f->dir.path, CLEW_STORE_COLLECT, &err), -EBUSY);
        assert_non_null(strstr(err.message, "another collector"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                T(test_hot_then_sealed),
                T(test_epoch),
                T(test_sealing_by_hooks),
                T(test_seal_looks_at_few),
                T(test_list_order_and_paging),
                T(test_find_prefix),
                T(test_logs_without_trace),
                T(test_notes),
                T(test_a_large_trace_is_refused_before_it_is_held),
                T(test_reindex),
                T(test_random_against_model),
                T(test_verify_whole_store),
                T(test_refusals),
                T(test_interrupted_creation_starts_over),
                T(test_second_collector_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
