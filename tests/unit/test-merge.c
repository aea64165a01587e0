/*
 * Splitting and merging: parts of a batch hold the batch's spans under their own envelopes; merged
 * back they give one copy of each span, chosen by the rule, in order of arrival; a second merge
 * changes nothing. Compared with a plain quadratic model over random requests.
 */
#include "proto/otlp/merge.h"

#include "proto/base/mem.h"
#include "proto/otlp/span.h"
#include "proto/otlp/wire.h"
#include "tests/unit/random-otlp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MIB ((size_t)1024 * 1024)
#define ROUNDS 1500u
#define ITEMS_MAX 256u
#define PARTS_MAX 4u

/* What a reader sees of one item. */
struct seen {
        struct clew_slice raw;
        struct clew_slice resource;
        struct clew_slice scope;
};

static size_t read_all(struct clew_slice data, struct seen *ret)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(data);
        struct clew_otlp_scope at;
        size_t n = 0;

        while (n < ITEMS_MAX && clew_otlp_read(&r, &ret[n].raw, &at)) {
                ret[n].resource = at.resource;
                ret[n].scope = at.scope;
                n++;
        }
        assert_true(n < ITEMS_MAX);
        return n;
}

static bool same_span(struct clew_slice a, struct clew_slice b)
{
        struct clew_span x;
        struct clew_span y;

        assert_true(clew_span_parse(a, &x));
        assert_true(clew_span_parse(b, &y));
        return clew_trace_id_eq(&x.trace_id, &y.trace_id) &&
               clew_span_id_eq(&x.span_id, &y.span_id);
}

static bool later_is_better(struct clew_slice a, struct clew_slice b)
{
        struct clew_span x;
        struct clew_span y;

        assert_true(clew_span_parse(a, &x));
        assert_true(clew_span_parse(b, &y));
        if (x.end_ns != y.end_ns)
                return y.end_ns > x.end_ns;
        return y.end_ns == 0 || b.len > a.len;
}

/* The value of @key, of the last attribute that has it; null when there is none. */
static struct clew_slice value_of(struct clew_slice span, struct clew_slice key)
{
        struct clew_message_iter it = clew_messages_of(span, 9);
        struct clew_slice found = CLEW_SLICE_NULL;
        struct clew_slice k;
        struct clew_slice value;

        while (clew_attribute_next_raw(&it, &k, &value)) {
                if (clew_slice_eq(k, key))
                        found = value.data ? value : CLEW_SLICE_LITERAL("");
        }
        return found;
}

static size_t count_message(struct clew_slice span, uint32_t field, struct clew_slice wanted)
{
        struct clew_message_iter it = clew_messages_of(span, field);
        struct clew_slice raw;
        size_t n = 0;

        while (clew_message_next(&it, &raw))
                n += clew_slice_eq(raw, wanted);
        return n;
}

static bool has_message(struct clew_slice span, uint32_t field, struct clew_slice wanted)
{
        return count_message(span, field, wanted) > 0;
}

/* What one copy tells is told by @merged, unless one of @better tells it otherwise. */
static void assert_told(struct clew_slice copy, struct clew_slice merged,
                        const struct clew_slice *better, size_t n)
{
        struct clew_message_iter attributes = clew_messages_of(copy, 9);
        struct clew_slice key;
        struct clew_slice raw;

        while (clew_attribute_next_raw(&attributes, &key, &raw)) {
                struct clew_slice wanted = value_of(copy, key);

                for (size_t i = n; i-- > 0;) {
                        if (value_of(better[i], key).data)
                                wanted = value_of(better[i], key);
                }
                assert_true(clew_slice_eq(value_of(merged, key), wanted));
        }
        for (uint32_t field = 11; field <= 13; field += 2) {
                struct clew_message_iter messages = clew_messages_of(copy, field);

                while (clew_message_next(&messages, &raw))
                        assert_true(has_message(merged, field, raw));
        }
}

/* Copies of one span, best first; then each of them must be told, and the best one stand last. */
static void assert_union(const struct seen *all, size_t n, const struct seen *merged)
{
        struct clew_slice copies[PARTS_MAX * ITEMS_MAX];
        size_t n_copies = 0;
        struct clew_slice raw;
        struct clew_message_iter it;

        for (size_t i = 0; i < n; i++) {
                size_t at = n_copies;

                if (!same_span(all[i].raw, merged->raw))
                        continue;
                for (; at > 0 && later_is_better(copies[at - 1], all[i].raw); at--)
                        copies[at] = copies[at - 1];
                copies[at] = all[i].raw;
                n_copies++;
        }
        assert_true(n_copies > 0);
        assert_true(clew_slice_ends_with(merged->raw, copies[0]));
        assert_true(n_copies > 1 || merged->raw.len == copies[0].len);
        for (size_t i = 0; i < n_copies; i++)
                assert_told(copies[i], merged->raw, copies, i);
        for (it = clew_messages_of(merged->raw, 11); clew_message_next(&it, &raw);) {
                size_t told_by = 0;

                while (told_by < n_copies && !has_message(copies[told_by], 11, raw))
                        told_by++;
                assert_true(told_by < n_copies);
                assert_int_equal(count_message(merged->raw, 11, raw),
                                 count_message(copies[told_by], 11, raw));
        }
}

static void assert_holds(const struct seen *all, size_t n, const struct seen *wanted)
{
        for (size_t i = 0; i < n; i++) {
                if (clew_slice_eq(all[i].raw, wanted->raw) &&
                    clew_slice_eq(all[i].resource, wanted->resource) &&
                    clew_slice_eq(all[i].scope, wanted->scope))
                        return;
        }
        fail_msg("a span is missing, or stands under another envelope");
}

static void assert_same_items(const struct seen *a, size_t n_a, const struct seen *b, size_t n_b)
{
        assert_int_equal(n_a, n_b);
        for (size_t i = 0; i < n_a; i++) {
                assert_holds(b, n_b, &a[i]);
                assert_holds(a, n_a, &b[i]);
        }
}

/* The same spans under the same envelopes; what they tell is looked at by assert_union(). */
static void assert_same_spans(const struct seen *all, size_t n, struct seen *merged,
                              size_t n_merged)
{
        static struct seen counted[ITEMS_MAX];

        assert_int_equal(n, n_merged);
        memcpy(counted, merged, n * sizeof(*counted));
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < n; k++) {
                        if (same_span(all[k].raw, merged[i].raw) &&
                            clew_slice_ends_with(merged[i].raw, all[k].raw))
                                counted[i].raw = all[k].raw;
                }
        }
        assert_same_items(all, n, counted, n);
}

/* The rule, said once more, slowly. Removes superseded copies from @all. */
static size_t model_merge(struct seen *all, size_t n)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++) {
                size_t k = 0;

                while (k < kept && !same_span(all[k].raw, all[i].raw))
                        k++;
                if (k == kept)
                        all[kept++] = all[i];
                else if (later_is_better(all[k].raw, all[i].raw))
                        all[k] = all[i];
        }
        return kept;
}

/* Merging @merged again must give the same bytes. */
static void assert_fixed_point(struct clew_slice merged, enum clew_otlp_signal signal)
{
        CLEW_ARENA scratch = {0};
        CLEW_BUFFER again = {0};

        clew_arena_init(&scratch, 64 * MIB);
        clew_buffer_init(&again, 64 * MIB);
        assert_int_equal(clew_otlp_merge(&merged, 1, signal, &scratch, &again, NULL), 0);
        assert_int_equal(again.len, merged.len);
        if (merged.len)
                assert_memory_equal(again.data, merged.data, merged.len);
        assert_int_equal(clew_otlp_check(merged, signal, NULL), 0);
}

/* What was merged, and then one of its parts once more: sealed, and sent again. */
static void assert_resends_change_nothing(const struct clew_slice *parts, uint32_t n,
                                          struct clew_slice merged)
{
        CLEW_ARENA scratch = {0};
        CLEW_BUFFER again = {0};
        struct clew_slice both[2] = {merged};

        clew_arena_init(&scratch, 64 * MIB);
        clew_buffer_init(&again, 64 * MIB);
        if (n == 0)
                return;
        both[1] = parts[n - 1];
        assert_int_equal(clew_otlp_merge(both, 2, CLEW_OTLP_TRACES, &scratch, &again, NULL), 0);
        assert_true(clew_slice_eq(clew_buffer_slice(&again), merged));
}

static void check_merge_of_requests(struct random_source *r, uint32_t n_parts)
{
        static struct seen sent[PARTS_MAX * ITEMS_MAX];
        static struct seen all[PARTS_MAX * ITEMS_MAX];
        static struct seen merged[ITEMS_MAX];
        struct clew_buffer buffers[PARTS_MAX] = {0};
        struct clew_slice parts[PARTS_MAX];
        CLEW_ARENA scratch = {0};
        CLEW_BUFFER out = {0};
        size_t n = 0;
        size_t n_sent;
        size_t kept;

        for (uint32_t i = 0; i < n_parts; i++) {
                clew_buffer_init(&buffers[i], 16 * MIB);
                random_request(r, CLEW_OTLP_TRACES, 20, &buffers[i]);
                parts[i] = clew_buffer_slice(&buffers[i]);
                n += read_all(parts[i], all + n);
        }
        clew_arena_init(&scratch, 64 * MIB);
        clew_buffer_init(&out, 64 * MIB);
        assert_int_equal(clew_otlp_merge(parts, n_parts, CLEW_OTLP_TRACES, &scratch, &out, &kept),
                         0);
        memcpy(sent, all, n * sizeof(*all));
        n_sent = n;
        n = model_merge(all, n);
        assert_int_equal(kept, n);
        assert_same_spans(all, n, merged, read_all(clew_buffer_slice(&out), merged));
        for (size_t i = 0; i < n; i++)
                assert_union(sent, n_sent, &merged[i]);
        assert_resends_change_nothing(parts, n_parts, clew_buffer_slice(&out));
        assert_fixed_point(clew_buffer_slice(&out), CLEW_OTLP_TRACES);
        for (uint32_t i = 0; i < n_parts; i++)
                clew_buffer_deinit(&buffers[i]);
}

static void test_merge_matches_the_model(void **state)
{
        struct random_source r = random_from_environment("merge");

        (void)state;
        for (uint32_t i = 0; i < ROUNDS; i++)
                check_merge_of_requests(&r, random_below(&r, PARTS_MAX + 1));
}

/* Each trace's part holds that trace only, in arrival order, and together they hold everything. */
static void check_split(struct clew_slice request, enum clew_otlp_signal signal)
{
        static struct seen all[ITEMS_MAX];
        static struct seen split[ITEMS_MAX];
        CLEW_ARENA arena = {0};
        CLEW_BUFFER out = {0};
        struct clew_otlp_batch b;
        size_t n_all = read_all(request, all);
        size_t n = 0;

        clew_arena_init(&arena, 16 * MIB);
        clew_buffer_init(&out, 64 * MIB);
        assert_int_equal(clew_otlp_walk(request, signal, &arena, &b, NULL), 0);
        for (size_t i = 0; i < b.n_traces; i++) {
                const struct clew_otlp_trace *t = &b.traces[i];
                size_t from = out.len;
                struct clew_otlp_reader r;
                struct clew_slice raw;
                struct clew_span span = {0};
                uint32_t item = t->first;

                clew_otlp_write_trace(&b, t, &out);
                r = clew_otlp_reader_make(clew_slice_make(out.data + from, out.len - from));
                for (; clew_otlp_read(&r, &raw, NULL); item = b.items[item].next) {
                        assert_true(clew_slice_eq(raw, b.items[item].raw));
                        if (signal == CLEW_OTLP_TRACES) {
                                assert_true(clew_span_parse(raw, &span));
                                assert_true(clew_trace_id_eq(&span.trace_id, &t->id));
                        }
                        n++;
                }
                assert_int_equal(item, UINT32_MAX);
        }
        assert_int_equal(n, n_all);
        assert_int_equal(out.len, b.split_bytes);
        assert_int_equal(clew_otlp_check(clew_buffer_slice(&out), signal, NULL), 0);
        assert_same_items(all, n_all, split, read_all(clew_buffer_slice(&out), split));
}

static void test_parts_hold_the_batch(void **state)
{
        struct random_source r = random_from_environment("split");

        (void)state;
        for (uint32_t i = 0; i < ROUNDS; i++) {
                enum clew_otlp_signal signal = i % 4 == 3 ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES;
                CLEW_BUFFER request = {0};

                clew_buffer_init(&request, 16 * MIB);
                random_request(&r, signal, 30, &request);
                check_split(clew_buffer_slice(&request), signal);
        }
}

/* More traces than the walk's cache has slots, in turn: lists of one trace must be joined. */
static void test_interleaved_traces_are_joined(void **state)
{
        CLEW_BUFFER request = {0};
        CLEW_ARENA arena = {0};
        struct clew_otlp_batch b;
        size_t n = 0;

        (void)state;
        clew_buffer_init(&request, 16 * MIB);
        clew_arena_init(&arena, 16 * MIB);
        regular_request(3000, 1000, &request);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&request), CLEW_OTLP_TRACES, &arena, &b, NULL), 0);
        assert_int_equal(b.n_traces, 1000);
        for (size_t i = 0; i < b.n_traces; i++) {
                uint32_t previous = 0;

                assert_int_equal(b.traces[i].n_items, 3);
                assert_true(clew_slice_eq_cstr(b.traces[i].service, "bench"));
                assert_true(b.traces[i].max_end_ns - b.traces[i].min_start_ns == 1000002000);
                for (uint32_t k = b.traces[i].first; k != UINT32_MAX; k = b.items[k].next) {
                        assert_true(n == 0 || k == b.traces[i].first || k > previous);
                        previous = k;
                        n++;
                }
        }
        assert_int_equal(n, 3000);
}

static void test_log_resends_are_kept_once(void **state)
{
        struct random_source r = random_from_environment("logs");

        (void)state;
        for (uint32_t i = 0; i < ROUNDS / 4; i++) {
                CLEW_BUFFER request = {0};
                CLEW_BUFFER once = {0};
                CLEW_BUFFER twice = {0};
                CLEW_ARENA scratch = {0};
                struct clew_slice parts[2];
                size_t n_once;
                size_t n_twice;

                clew_buffer_init(&request, 16 * MIB);
                clew_buffer_init(&once, 16 * MIB);
                clew_buffer_init(&twice, 16 * MIB);
                clew_arena_init(&scratch, 64 * MIB);
                random_request(&r, CLEW_OTLP_LOGS, 30, &request);
                parts[0] = parts[1] = clew_buffer_slice(&request);
                assert_int_equal(
                        clew_otlp_merge(parts, 1, CLEW_OTLP_LOGS, &scratch, &once, &n_once), 0);
                assert_int_equal(
                        clew_otlp_merge(parts, 2, CLEW_OTLP_LOGS, &scratch, &twice, &n_twice), 0);
                assert_int_equal(n_once, n_twice);
                assert_true(clew_slice_eq(clew_buffer_slice(&once), clew_buffer_slice(&twice)));
                assert_fixed_point(clew_buffer_slice(&once), CLEW_OTLP_LOGS);
        }
}

/* Many small exports under one resource: one envelope in the end. */
static void test_equal_envelopes_become_one(void **state)
{
        CLEW_BUFFER parts_bytes = {0};
        CLEW_BUFFER out = {0};
        CLEW_BUFFER whole = {0};
        CLEW_ARENA arena = {0};
        CLEW_ARENA scratch = {0};
        struct clew_slice parts[100];
        struct clew_otlp_batch b;
        size_t starts[101];
        size_t n;

        (void)state;
        clew_buffer_init(&whole, 16 * MIB);
        clew_buffer_init(&parts_bytes, 16 * MIB);
        clew_buffer_init(&out, 16 * MIB);
        clew_arena_init(&arena, 16 * MIB);
        clew_arena_init(&scratch, 16 * MIB);
        regular_request(100, 100, &whole);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&whole), CLEW_OTLP_TRACES, &arena, &b, NULL), 0);
        assert_int_equal(b.n_traces, 100);
        for (size_t i = 0; i < 100; i++) {
                starts[i] = parts_bytes.len;
                clew_otlp_write_trace(&b, &b.traces[i], &parts_bytes);
        }
        starts[100] = parts_bytes.len;
        for (size_t i = 0; i < 100; i++)
                parts[i] = clew_slice_make(parts_bytes.data + starts[i], starts[i + 1] - starts[i]);
        assert_int_equal(clew_otlp_merge(parts, 100, CLEW_OTLP_TRACES, &scratch, &out, &n), 0);
        assert_int_equal(n, 100);
        assert_int_equal(out.len, whole.len);
}

/* A span with one event: begun, or ended, with its texts or with what stands in their place. */
static struct clew_slice one_span(struct clew_buffer *b, uint64_t end_ns, const char *event)
{
        struct clew_buffer span = {0};
        size_t from = b->len;

        clew_buffer_init(&span, MIB);
        clew_buffer_append_cstr(&span, "\x0a\x10"
                                       "0123456789abcdef"
                                       "\x12\x08"
                                       "01234567");
        clew_buffer_append_byte(&span, 8 << 3 | 1);
        clew_buffer_append_le64(&span, end_ns);
        clew_buffer_append_byte(&span, 11 << 3 | 2);
        clew_buffer_append_byte(&span, (uint8_t)(strlen(event) + 2));
        clew_buffer_append_byte(&span, 2 << 3 | 2);
        clew_buffer_append_byte(&span, (uint8_t)strlen(event));
        clew_buffer_append_cstr(&span, event);
        for (unsigned around = 4; around > 0; around -= 2) {
                clew_buffer_append_byte(b, around == 4 ? 1 << 3 | 2 : 2 << 3 | 2);
                clew_buffer_append_byte(b, (uint8_t)(span.len + around));
        }
        clew_buffer_append_byte(b, 2 << 3 | 2);
        clew_buffer_append_byte(b, (uint8_t)span.len);
        clew_buffer_append_slice(b, clew_buffer_slice(&span));
        clew_buffer_deinit(&span);
        return clew_slice_make(b->data + from, b->len - from);
}

/* A skeleton (CLEW_FIELD_DATA_LEFT_OUT) stays one, whatever is sent again; another trace grows. */
static void test_a_resend_brings_no_text_back(void **state)
{
        static const uint64_t ends[] = {0, 5, 9};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                for (int noted = 0; noted < 2; noted++) {
                        CLEW_BUFFER bytes = {0};
                        CLEW_BUFFER out = {0};
                        CLEW_ARENA scratch = {0};
                        struct clew_slice parts[2];

                        clew_buffer_init(&bytes, MIB);
                        clew_buffer_init(&out, MIB);
                        clew_arena_init(&scratch, 16 * MIB);
                        (void)!clew_buffer_reserve(&bytes, 1024);
                        if (noted) {
                                clew_buffer_append_varint(&bytes,
                                                          CLEW_FIELD_DATA_LEFT_OUT << 3 | 2);
                                clew_buffer_append_byte(&bytes, 0);
                        }
                        parts[0] = one_span(&bytes, 9, "~~~~~~");
                        parts[0] = clew_slice_make(bytes.data, bytes.len);
                        parts[1] = one_span(&bytes, ends[i], "secret");
                        assert_int_equal(
                                clew_otlp_merge(parts, 2, CLEW_OTLP_TRACES, &scratch, &out, NULL),
                                0);
                        assert_non_null(memmem(out.data, out.len, "~~~~~~", 6));
                        assert_int_equal(memmem(out.data, out.len, "secret", 6) != NULL,
                                         !noted && ends[i] != 9);
                }
        }
}

static void test_damaged_parts_are_refused(void **state)
{
        static const char *const bad[] = {"\x0a\x05", "\x0a\x02\x12\x05", "\x08\x01",
                                          "\x0a\x04\x12\x02\x12\x00"};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++) {
                CLEW_ARENA scratch = {0};
                CLEW_BUFFER out = {0};
                struct clew_slice part = clew_slice_make(bad[i], i == 3 ? 6 : strlen(bad[i]));

                clew_arena_init(&scratch, MIB);
                clew_buffer_init(&out, MIB);
                assert_int_equal(clew_otlp_merge(&part, 1, CLEW_OTLP_TRACES, &scratch, &out, NULL),
                                 -EBADMSG);
                assert_int_equal(out.len, 0);
        }
}

static void test_every_allocation_may_fail(void **state)
{
        CLEW_BUFFER request = {0};
        struct clew_slice part;
        int r = -ENOMEM;
        unsigned failures = 0;

        (void)state;
        clew_buffer_init(&request, 16 * MIB);
        regular_request(500, 7, &request);
        part = clew_buffer_slice(&request);
        for (uint64_t k = 1; r == -ENOMEM; k++) {
                CLEW_ARENA scratch = {0};
                CLEW_BUFFER out = {0};

                clew_arena_init(&scratch, 16 * MIB);
                clew_buffer_init(&out, 16 * MIB);
                clew_mem_fail_at(k, 0);
                r = clew_otlp_merge(&part, 1, CLEW_OTLP_TRACES, &scratch, &out, NULL);
                clew_mem_fail_at(0, 0);
                failures += r == -ENOMEM;
        }
        assert_int_equal(r, 0);
        assert_true(failures >= 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_merge_matches_the_model),
                cmocka_unit_test(test_parts_hold_the_batch),
                cmocka_unit_test(test_interleaved_traces_are_joined),
                cmocka_unit_test(test_log_resends_are_kept_once),
                cmocka_unit_test(test_equal_envelopes_become_one),
                cmocka_unit_test(test_a_resend_brings_no_text_back),
                cmocka_unit_test(test_damaged_parts_are_refused),
                cmocka_unit_test(test_every_allocation_may_fail),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
