/*
 * The load generator's parts that its figures rest on: every span is sent once a pass, passes have
 * trace ids of their own, requests are whole OTLP, quantiles are within their bound; a made-up
 * agent run is a function of its seed and number, and says what it is told to.
 */
#include "proto/otlp/span.h"
#include "tools/loadgen/agents.h"
#include "tools/loadgen/corpus.h"
#include "tools/loadgen/latency.h"
#include "tools/loadgen/synth.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SPANS 200u
#define START_NS 1764000000000000000ull

/* Calls @fn for each span of an encoded request; returns how many there were. */
static size_t each_span(struct clew_slice request, struct clew_span *spans, size_t max)
{
        struct clew_message_iter resources = clew_messages_of(request, 1);
        struct clew_slice resource, scope, raw;
        size_t n = 0;

        while (clew_message_next(&resources, &resource)) {
                struct clew_message_iter scopes = clew_messages_of(resource, 2);

                while (clew_message_next(&scopes, &scope)) {
                        struct clew_message_iter raws = clew_messages_of(scope, 2);

                        while (clew_message_next(&raws, &raw)) {
                                assert_true(n < max);
                                assert_true(clew_span_parse(raw, &spans[n]));
                                n++;
                        }
                }
        }
        return n;
}

static struct clew_corpus *make_corpus(const struct clew_request_shape *shape)
{
        struct clew_corpus *corpus = clew_corpus_new();

        assert_non_null(corpus);
        assert_int_equal(clew_synth_add(corpus, SPANS, 1, START_NS), 0);
        assert_int_equal(clew_corpus_build(corpus, shape), 0);
        assert_int_equal(clew_corpus_n_spans(corpus), SPANS);
        assert_int_equal(clew_corpus_n_traces(corpus), SPANS / CLEW_SYNTH_TRACE_SPANS);
        return corpus;
}

static void test_each_span_once(void **state)
{
        static const struct clew_request_shape shapes[] = {{7, 1u << 20, 3}, {50, 4096, 1}};

        (void)state;
        for (size_t k = 0; k < 2; k++) {
                struct clew_corpus *corpus = make_corpus(&shapes[k]);
                static struct clew_span spans[SPANS];
                size_t n = 0;

                for (size_t i = 0; i < clew_corpus_n_requests(corpus); i++) {
                        const struct clew_load_request *r = clew_corpus_request(corpus, i);
                        size_t found =
                                each_span(clew_buffer_slice(&r->bytes), spans + n, SPANS - n);

                        assert_int_equal(found, r->n_spans);
                        assert_true(found <= shapes[k].spans);
                        assert_true(clew_span_id_eq(&spans[n + found - 1].span_id, &r->last_span));
                        n += found;
                }
                assert_int_equal(n, SPANS);
                for (size_t i = 0; i < n; i++)
                        for (size_t j = 0; j < i; j++)
                                assert_false(clew_span_id_eq(&spans[i].span_id, &spans[j].span_id));
                clew_corpus_free(corpus);
        }
}

static void test_interleaving(void **state)
{
        static const struct clew_request_shape shape = {SPANS, 1u << 30, 4};
        struct clew_corpus *corpus = make_corpus(&shape);
        static struct clew_span spans[SPANS];
        const struct clew_load_request *r = clew_corpus_request(corpus, 0);

        (void)state;
        assert_int_equal(each_span(clew_buffer_slice(&r->bytes), spans, SPANS), SPANS);
        /* Four traces in turn; within one, ends never go back, and its root comes last. */
        for (size_t i = 4; i < 4 * (CLEW_SYNTH_TRACE_SPANS - 1); i++) {
                assert_true(clew_trace_id_eq(&spans[i].trace_id, &spans[i - 4].trace_id));
                assert_true(spans[i].end_ns >= spans[i - 4].end_ns);
                assert_false(clew_trace_id_eq(&spans[i].trace_id, &spans[i - 1].trace_id));
        }
        for (size_t i = 0; i < 4 * CLEW_SYNTH_TRACE_SPANS; i++)
                assert_true(clew_span_id_is_zero(&spans[i].parent_id) ==
                            (i >= 4 * (CLEW_SYNTH_TRACE_SPANS - 1)));
        clew_corpus_free(corpus);
}

static void test_passes(void **state)
{
        static const struct clew_request_shape shape = {SPANS, 1u << 30, 2};
        struct clew_corpus *corpus = make_corpus(&shape);
        const struct clew_load_request *r = clew_corpus_request(corpus, 0);
        struct clew_pass passes[] = {clew_pass_make(0, 0), clew_pass_make(0, 1),
                                     clew_pass_make(9, 0)};
        static struct clew_span spans[3][SPANS];
        struct clew_buffer copies[3] = {0};

        (void)state;
        for (size_t p = 0; p < 3; p++) {
                clew_buffer_init(&copies[p], r->bytes.len);
                uint8_t *at = clew_buffer_reserve(&copies[p], r->bytes.len);

                assert_non_null(at);
                clew_request_copy(r, &passes[p], at);
                clew_buffer_commit(&copies[p], r->bytes.len);
                assert_int_equal(each_span(clew_buffer_slice(&copies[p]), spans[p], SPANS), SPANS);
        }
        assert_true(clew_slice_eq(clew_buffer_slice(&copies[0]), clew_buffer_slice(&r->bytes)));
        for (size_t i = 0; i < SPANS; i++) {
                struct clew_trace_id moved = clew_pass_apply(&passes[1], spans[0][i].trace_id);

                assert_true(clew_trace_id_eq(&moved, &spans[1][i].trace_id));
                assert_false(clew_trace_id_eq(&spans[0][i].trace_id, &spans[1][i].trace_id));
                assert_false(clew_trace_id_eq(&spans[0][i].trace_id, &spans[2][i].trace_id));
                assert_true(spans[1][i].start_ns > spans[0][i].start_ns);
                assert_int_equal(spans[1][i].end_ns - spans[1][i].start_ns,
                                 spans[0][i].end_ns - spans[0][i].start_ns);
        }
        for (size_t p = 0; p < 3; p++)
                clew_buffer_deinit(&copies[p]);
        clew_corpus_free(corpus);
}

static void test_bad_records(void **state)
{
        static const struct clew_request_shape shape = {10, 4096, 1};
        struct clew_corpus *corpus = clew_corpus_new();

        (void)state;
        assert_non_null(corpus);
        assert_int_equal(clew_corpus_add(corpus, CLEW_SLICE_LITERAL("\x0a\x7fshort")), -EBADMSG);
        assert_int_equal(clew_corpus_add(corpus, CLEW_SLICE_NULL), 0);
        assert_int_equal(clew_corpus_build(corpus, &shape), -EINVAL);
        clew_corpus_free(corpus);
}

static void test_quantiles(void **state)
{
        static struct clew_latency l;

        (void)state;
        assert_int_equal(clew_latency_quantile_ns(&l, 500), 0);
        for (uint64_t i = 1; i <= 100000; i++)
                clew_latency_add(&l, i * 1000);
        for (unsigned per_mille = 1; per_mille <= 1000; per_mille++) {
                uint64_t exact = (uint64_t)per_mille * 100000;
                uint64_t seen = clew_latency_quantile_ns(&l, per_mille);

                assert_true(seen >= exact);
                assert_true(seen <= exact + exact / 60); /* 1.6 % */
        }
        assert_int_equal(clew_latency_quantile_ns(&l, 1000), 100000000);
        clew_latency_add(&l, UINT64_MAX);
        assert_true(clew_latency_quantile_ns(&l, 1000) == UINT64_MAX);
}

static bool holds(struct clew_slice bytes, const char *text)
{
        return memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
}

static void test_agents(void **state)
{
        struct clew_agents *a = clew_agents_new(7);
        struct clew_agents *b = clew_agents_new(7);
        struct clew_agents *c = clew_agents_new(8);
        struct clew_trace_id last = {0};
        unsigned common = 0;
        unsigned failed = 0;

        (void)state;
        assert_true(a && b && c);
        for (uint64_t i = 400; i-- > 0;) {
                CLEW_BUFFER one = {0}, same = {0}, other = {0};
                struct clew_span spans[16];
                size_t n;

                clew_buffer_init(&one, CLEW_AGENTS_TRACE_BYTES_MAX);
                clew_buffer_init(&same, CLEW_AGENTS_TRACE_BYTES_MAX);
                clew_buffer_init(&other, CLEW_AGENTS_TRACE_BYTES_MAX);
                assert_int_equal(clew_agents_put(a, i, &one), 0);
                assert_int_equal(clew_agents_put(b, i, &same), 0);
                assert_int_equal(clew_agents_put(c, i, &other), 0);
                assert_true(clew_slice_eq(clew_buffer_slice(&one), clew_buffer_slice(&same)));
                assert_false(clew_slice_eq(clew_buffer_slice(&one), clew_buffer_slice(&other)));
                n = each_span(clew_buffer_slice(&one), spans, CLEW_ARRAY_LEN(spans));
                assert_true(n >= 3);
                assert_false(clew_trace_id_eq(&spans[0].trace_id, &last));
                last = spans[0].trace_id;
                for (size_t k = 0; k < n; k++) {
                        assert_true(clew_trace_id_eq(&spans[k].trace_id, &last));
                        assert_true(spans[k].start_ns < spans[k].end_ns);
                        assert_true(spans[k].start_ns >= spans[n - 1].start_ns);
                        assert_true(spans[k].end_ns <= spans[n - 1].end_ns); /* the root is last */
                        failed += k == n - 1 && spans[k].status_code == CLEW_STATUS_ERROR;
                }
                assert_true(holds(clew_buffer_slice(&one), "ORD-"));
                common += holds(clew_buffer_slice(&one), CLEW_AGENTS_COMMON_WORD);
        }
        assert_in_range(common, 60, 250);
        assert_in_range(failed, 4, 80);
        clew_agents_free(a);
        clew_agents_free(b);
        clew_agents_free(c);
}

static void test_the_rare_word(void **state)
{
        struct clew_agents *a = clew_agents_new(1);

        (void)state;
        assert_non_null(a);
        for (unsigned i = 0; i < 3; i++) {
                uint64_t number = CLEW_AGENTS_RARE_FIRST + i / 2 * CLEW_AGENTS_RARE_EVERY + i % 2;
                CLEW_BUFFER one = {0};

                clew_buffer_init(&one, CLEW_AGENTS_TRACE_BYTES_MAX);
                assert_int_equal(clew_agents_put(a, number, &one), 0);
                assert_int_equal(holds(clew_buffer_slice(&one), CLEW_AGENTS_RARE_WORD), i != 1);
        }
        clew_agents_free(a);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_span_once), cmocka_unit_test(test_interleaving),
                cmocka_unit_test(test_passes),         cmocka_unit_test(test_bad_records),
                cmocka_unit_test(test_quantiles),      cmocka_unit_test(test_agents),
                cmocka_unit_test(test_the_rare_word),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
