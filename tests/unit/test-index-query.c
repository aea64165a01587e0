/*
 * Answers with indexes are those of a walk over all traces: random stores, random queries.
 */
#include "proto/base/hash.h"
#include "proto/otlp/json.h"
#include "query/find/index/index.h"
#include "query/find/select.h"
#include "query/rca/facts.h"
#include "query/serve/count.h"
#include "query/serve/series.h"
#include "query/serve/stats.h"
#include "storage/store.h"
#include "tests/lib/odd-numbers.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"
#include "tests/unit/index-query-words.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONG_TEXT "a text that is longer than what is kept of a value word by word, by some words"

/* When it all happens: series that begin at 0 are not asked of indexes. */
#define BASE_US 100000000u

static struct test_random rng;

static uint32_t below(uint32_t n)
{
        return (uint32_t)test_random_below(&rng, n);
}

#define PICK(list) ((list)[below(CLEW_ARRAY_LEN(list))])

/* What was seen is counted for one snapshot: on a slow machine a walk would take another. */
static uint64_t no_time(void *context)
{
        (void)context;
        return 1;
}

static const struct clew_clock still = {no_time, no_time, NULL};

/* ---- traces -----------------------------------------------------------------------------------
 */

static const char *const attributes[] = {
        "{\"key\":\"k.text\",\"value\":{\"stringValue\":\"a\"}}",
        "{\"key\":\"k.text\",\"value\":{\"stringValue\":\"alpha-2024-08-06\"}}",
        "{\"key\":\"k.text\",\"value\":{\"stringValue\":\"call_8f3a91bc77d0\"}}",
        "{\"key\":\"k.text\",\"value\":{\"stringValue\":\"" LONG_TEXT "\"}}",
        "{\"key\":\"k.text\",\"value\":{\"stringValue\":\"\"}}",
        "{\"key\":\"k.num\",\"value\":{\"intValue\":\"5\"}}",
        "{\"key\":\"k.num\",\"value\":{\"intValue\":\"-7\"}}",
        "{\"key\":\"k.num\",\"value\":{\"intValue\":\"70000\"}}",
        "{\"key\":\"k.num\",\"value\":{\"doubleValue\":5.0}}",
        "{\"key\":\"k.num\",\"value\":{\"doubleValue\":0.5}}",
        "{\"key\":\"k.num\",\"value\":{\"stringValue\":\"5\"}}",
        "{\"key\":\"k.flag\",\"value\":{\"boolValue\":true}}",
        "{\"key\":\"k.flag\",\"value\":{\"boolValue\":false}}",
        "{\"key\":\"k.list\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"},"
        "{\"intValue\":\"5\"}]}}}",
        "{\"key\":\"k.list\",\"value\":{\"arrayValue\":{}}}",
        "{\"key\":\"k.none\",\"value\":{}}",
        "{\"key\":\"k.bytes\",\"value\":{\"bytesValue\":\"YQ==\"}}",
        "{\"key\":\"k.3.part\",\"value\":{\"stringValue\":\"a\"}}",
        "{\"key\":\"k.3.part\",\"value\":{\"intValue\":\"5\"}}",
};

/* A key with a number, or several, or a text that looks like one. */
static void put_number_attribute(struct clew_buffer *b)
{
        static const char *const keys[] = {"k.num", "k.more", "k.3.more", "k.list"};
        uint32_t shape = below(8);

        clew_buffer_printf(b, "{\"key\":\"%s\",\"value\":", PICK(keys));
        if (shape == 0) {
                clew_buffer_printf(b, "{\"stringValue\":\"%s\"}", PICK(test_odd_wholes));
        } else if (shape == 1) {
                clew_buffer_append_cstr(b, "{\"arrayValue\":{\"values\":[");
                test_odd_put(&rng, b);
                clew_buffer_append_cstr(b, ",");
                test_odd_put(&rng, b);
                clew_buffer_append_cstr(b, "]}}");
        } else {
                test_odd_put(&rng, b);
        }
        clew_buffer_append_cstr(b, "}");
}

static const char *const roles[] = {
        "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},"
        "{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"m-%u\"}},"
        "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"%u\"}}",
        "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},"
        "{\"key\":\"gen_ai.usage.cost\",\"value\":{\"doubleValue\":0.00%u7}},"
        "{\"key\":\"gen_ai.response.model\",\"value\":{\"stringValue\":\"m-%u\"}}",
        "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"execute_tool\"}},"
        "{\"key\":\"error.type\",\"value\":{\"stringValue\":\"E%u\"}},"
        "{\"key\":\"gen_ai.tool.name\",\"value\":{\"stringValue\":\"tool\\u0000%u\"}}",
        "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"execute_tool\"}},"
        "{\"key\":\"gen_ai.tool.name\",\"value\":{\"stringValue\":\"tool-%u\"}},"
        "{\"key\":\"n\",\"value\":{\"intValue\":\"%u\"}}",
        "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"execute_tool\"}},"
        "{\"key\":\"gen_ai.tool.call.result\",\"value\":{\"stringValue\":\"Error: not found\"}},"
        "{\"key\":\"gen_ai.tool.name\",\"value\":{\"stringValue\":\"tool-%u\"}}",
        "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"invoke_agent\"}},"
        "{\"key\":\"gen_ai.agent.name\",\"value\":{\"stringValue\":\"agent-%u\"}},"
        "{\"key\":\"gen_ai.conversation.id\",\"value\":{\"stringValue\":\"conv-%u\"}}",
        "{\"key\":\"user.id\",\"value\":{\"stringValue\":\"user-%u\"}},"
        "{\"key\":\"m\",\"value\":{\"intValue\":\"%u\"}}",
};

static void put_attributes(struct clew_buffer *b, uint32_t max)
{
        uint32_t n = below(max + 1);

        for (uint32_t i = 0; i < n; i++) {
                clew_buffer_append_cstr(b, i > 0 ? "," : "");
                if (below(2) == 0)
                        put_number_attribute(b);
                else
                        clew_buffer_append_cstr(b, PICK(attributes));
        }
}

/* Some of them again and again, so that bounds are met. */
static uint32_t amount(void)
{
        static const uint32_t usual[] = {0, 0, 500, 999, 1000, 1024};

        return below(2) ? PICK(usual) : below(2000);
}

static void put_span(struct clew_buffer *b, uint32_t trace, uint32_t span, uint32_t parent)
{
        uint32_t start = BASE_US + 1000 + trace * 37 % 900 + span;

        if (span > 1 && below(4) == 0)
                start += 1000000 * below(5);
        clew_buffer_printf(b, "{\"traceId\":\"%032x\",\"spanId\":\"%016x\",\"parentSpanId\":\"",
                           trace, trace * 100 + span);
        if (parent)
                clew_buffer_printf(b, "%016x", trace * 100 + parent);
        clew_buffer_printf(b, "\",\"name\":\"op-%u\",\"kind\":%u,\"startTimeUnixNano\":\"%u%03u\",",
                           below(3), below(6), below(40) ? start : 0, below(3) ? 0 : below(1000));
        if (below(6) != 0)
                clew_buffer_printf(b, "\"endTimeUnixNano\":\"%u000\",", start + 1 + below(100));
        clew_buffer_printf(b, "\"status\":{\"code\":%u},\"attributes\":[", below(3));
        if (below(3) != 0) {
                uint32_t role = below(CLEW_ARRAY_LEN(roles));

                clew_buffer_append_cstr(b, "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                clew_buffer_printf(b, roles[role], below(3), amount());
#pragma GCC diagnostic pop
        } else {
                put_attributes(b, 4);
        }
        clew_buffer_append_cstr(b, "],\"events\":[{\"name\":\"e\",\"attributes\":[");
        put_attributes(b, 1);
        clew_buffer_append_cstr(b, "]}]}");
}

/* Spans @from .. @to - 1 of a trace, in one request. */
static void append(struct clew_store *store, uint32_t trace, uint32_t from, uint32_t to)
{
        struct clew_error err = {0};
        CLEW_BUFFER text = {0};
        CLEW_BUFFER otlp = {0};

        clew_buffer_init(&text, 1 << 20);
        clew_buffer_init(&otlp, 1 << 20);
        clew_buffer_printf(&text,
                           "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":"
                           "\"service.name\",\"value\":{\"stringValue\":\"svc-%u\"}}",
                           trace % 3);
        if (trace % 2)
                clew_buffer_printf(&text, ",%s", PICK(attributes));
        clew_buffer_append_cstr(&text,
                                "]},\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[");
        for (uint32_t i = from; i < to; i++) {
                clew_buffer_append_cstr(&text, i > from ? "," : "");
                put_span(&text, trace, i, i > 1 ? 1 + below(i - 1) : 0);
        }
        clew_buffer_append_cstr(&text, "]}]}]}");
        assert_int_equal(clew_buffer_error(&text), 0);
        if (clew_otlp_from_json(clew_buffer_slice(&text), CLEW_OTLP_TRACES, &otlp, &err) < 0)
                fail_msg("json: %s", err.message);
        assert_int_equal(
                test_store_append_otlp(store, clew_buffer_slice(&otlp), CLEW_OTLP_TRACES, 5), 0);
}

/* ---- queries -----------------------------------------------------------------------------------
 */

static const char *const fields[] = {
        ".k.text",
        "span.k.text",
        "resource.k.text",
        "event.k.text",
        ".k.num",
        "span.k.num",
        ".k.flag",
        "span.k.list",
        ".k.none",
        ".k.bytes",
        "span.clew.attr.k.text",
        "span.clew.attr.k.num",
        "span.clew.attr.k.flag",
        "span.clew.attr.k.list",
        "span.clew.attr.k.bytes",
        "span.clew.attr.k.none",
        ".nowhere",
        "parent.k.text",
        "span.k.3.part",
        "span.clew.attr.k.3.part",
};

static const char *const values[] = {
        "\"a\"",
        "\"alpha-2024-08-06\"",
        "\"call_8f3a91bc77d0\"",
        "\"" LONG_TEXT "\"",
        "\"\"",
        "5",
        "-7",
        "70000",
        "0.5",
        "5.0",
        "true",
        "false",
        "nil",
        "\"5\"",
        "\"true\"",
};

static void put_condition(struct clew_buffer *b, unsigned depth)
{
        static const char *const operators[] = {"=", "=", "=", "!=", "<", ">=", "=~", "!~"};
        uint32_t shape = below(depth > 0 ? 8 : 4);

        if (shape < 1) {
                test_odd_condition(&rng, b);
        } else if (shape < 2) {
                clew_buffer_append_cstr(b, PICK(conditions));
        } else if (shape < 4) {
                const char *op = PICK(operators);
                const char *value = PICK(values);

                if (strchr(op, '~')) {
                        static const char *const patterns[] = {"\"a\"",  "\"al.*\"",  "\".*bc.*\"",
                                                               "\".*\"", "\"(?i)A\"", "\"a|b\""};

                        value = PICK(patterns);
                }
                clew_buffer_printf(b, "%s %s %s", PICK(fields), op, value);
        } else if (shape < 5) {
                clew_buffer_append_cstr(b, "!(");
                put_condition(b, depth - 1);
                clew_buffer_append_cstr(b, ")");
        } else {
                clew_buffer_append_cstr(b, "(");
                put_condition(b, depth - 1);
                clew_buffer_append_cstr(b, shape == 5 ? ") || (" : ") && (");
                put_condition(b, depth - 1);
                clew_buffer_append_cstr(b, ")");
        }
}

/* What indexes tell of steps, and nothing else: put to these. */
static void put_steps_condition(struct clew_buffer *b, unsigned depth)
{
        static const char *const told_of_steps[] = {
                "span.clew.kind = \"tool\"",
                "span.clew.kind = \"llm\"",
                "span.clew.model =~ \"m-.*\"",
                "span.clew.agent != nil",
                "span.clew.error",
                "span.clew.result_error",
                "span.clew.result_error = nil",
                "span.clew.tokens > 500",
                "span.clew.tokens <= 1023.5",
                "999 >= span.clew.tokens",
                "span.clew.tokens != 0",
                "span.clew.tokens = nil",
                "span.clew.tokens > -1",
                "duration > 20us",
                "duration <= 64us",
                "50us > duration",
                "duration = 0",
                "duration > -5ns",
                "span.clew.cost > 0.001",
                "span.clew.cost >= 0.0017",
                "span.clew.cost < 0.0027",
                "span.clew.cost != 0.0007",
                "span.clew.cost > -1",
                "span.clew.cost != nil",
        };

        if (depth == 0 && below(3) == 0) {
                static const char *const operators[] = {">", ">=", "<", "<=", "=", "!="};

                if (below(2))
                        clew_buffer_printf(b, "span.clew.tokens %s %u", PICK(operators), amount());
                else
                        clew_buffer_printf(b, "duration %s %uus", PICK(operators), below(100));
                return;
        }
        if (depth == 0 || below(3) == 0) {
                clew_buffer_append_cstr(b, PICK(told_of_steps));
                return;
        }
        clew_buffer_append_cstr(b, below(4) == 0 ? "!(" : "(");
        put_steps_condition(b, depth - 1);
        clew_buffer_append_cstr(b, below(3) == 0 ? ") || (" : ") && (");
        put_steps_condition(b, depth - 1);
        clew_buffer_append_cstr(b, ")");
}

static void put_query(struct clew_buffer *b)
{
        static const char *const between[] = {" && ",  " || ", " >> ",  " > ", " ~ ",
                                              " !>> ", " << ", " &>> ", " !~ "};
        static const char *const stages[] = {
                " | count() > 1",  " | { status = error }", " | by(name) | count() > 1",
                " | select(name)", " | coalesce()",         " | avg(duration) > 10us"};

        clew_buffer_append_cstr(b, "{ ");
        if (below(4) == 0)
                put_steps_condition(b, 2);
        else
                put_condition(b, 2);
        clew_buffer_append_cstr(b, " }");
        if (below(3) == 0) {
                clew_buffer_append_cstr(b, PICK(between));
                clew_buffer_append_cstr(b, "{ ");
                put_condition(b, 1);
                clew_buffer_append_cstr(b, " }");
        }
        if (below(4) == 0)
                clew_buffer_append_cstr(b, PICK(stages));
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

static uint64_t since;
static uint64_t until;

static int run(struct clew_view *v, const struct clew_query *query, bool no_index,
               struct clew_buffer *out, bool *ret_used)
{
        struct clew_filter f = {.queries = {query}, .n_queries = 1, .no_index = no_index};

        f.since_ns = since;
        f.until_ns = until;
        struct clew_select s;
        struct clew_selected t;
        struct clew_error err = {0};
        int r = clew_select_init(&s, v, &f, clew_clock_system(), NULL, &err);

        clew_buffer_clear(out);
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                clew_buffer_printf(out, "%u ", (unsigned)t.id.bytes[14] << 8 | t.id.bytes[15]);
        if (r < 0)
                fail_msg("select: %s", err.message);
        clew_buffer_printf(out, "(%llu damaged, %llu seen)", (unsigned long long)s.damaged,
                           (unsigned long long)s.seen);
        clew_buffer_append_byte(out, 0);
        *ret_used = clew_view_index_use(v)->used;
        assert_int_equal(clew_view_index_use(v)->stale, 0);
        clew_select_deinit(&s);
        return 0;
}

struct sums {
        uint64_t n[CLEW_OUTCOME_COUNT + 1]; /* the last: lost */
        uint64_t duration_ns;
        uint64_t tokens;
        uint64_t starts;
        uint64_t services; /* sum of hashes */
        uint64_t taken;
};

static void add(struct sums *s, unsigned outcome, uint64_t duration_ns, uint64_t tokens,
                uint64_t start_ns, struct clew_slice service)
{
        s->n[outcome]++;
        s->duration_ns += duration_ns;
        s->tokens += tokens;
        s->starts += start_ns;
        s->services += clew_hash(service);
}

static int take(void *context, const struct clew_bulk_row *row)
{
        struct sums *s = context;

        s->taken++;
        add(s, row->outcome, row->duration_ns, row->tokens, row->start_ns,
            row->texts[clew_bulk_text(CLEW_LIGHT_SERVICE)]);
        return 0;
}

/* Adds up what the query selects; with indexes many at once. */
static struct sums add_up(struct clew_view *v, const struct clew_query *query, bool no_index)
{
        struct clew_filter f = {.queries = {query}, .n_queries = 1, .no_index = no_index};
        struct sums sums = {0};
        struct clew_select s;
        struct clew_selected t;
        struct clew_error err = {0};
        int r;

        f.since_ns = since;
        f.until_ns = until;
        f.light = CLEW_LIGHT | CLEW_LIGHT_SERVICE;
        r = clew_select_init(&s, v, &f, clew_clock_system(), NULL, &err);
        s.take = take;
        s.take_context = &sums;
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                add(&sums, t.lost ? CLEW_OUTCOME_COUNT : (unsigned)t.summary.outcome,
                    t.summary.duration_ns, t.summary.tokens.total, t.start_ns, t.summary.service);
        if (r < 0)
                fail_msg("select: %s", err.message);
        clew_select_deinit(&s);
        return sums;
}

static uint64_t compare_sums(struct clew_view *v, const struct clew_query *query)
{
        struct sums scan = add_up(v, query, true);
        struct sums index = add_up(v, query, false);
        uint64_t taken = index.taken;

        index.taken = scan.taken;
        if (memcmp(&scan, &index, sizeof(scan)) != 0)
                fail_msg("sums with indexes are others than without: %.*s",
                         (int)clew_query_text(query).len, clew_query_text(query).data);
        return taken;
}

static struct clew_tally tally_of(struct clew_view *v, const struct clew_query *query,
                                  bool no_index)
{
        struct clew_filter f = {.queries = {query}, .n_queries = 1, .no_index = no_index};
        struct clew_tally tally;
        struct clew_select s;
        struct clew_error err = {0};

        f.since_ns = since;
        f.until_ns = until;
        f.runs = true;
        if (clew_count_gather(&tally, v, &f, clew_clock_system(), NULL, &s, &err) < 0)
                fail_msg("count: %s", err.message);
        clew_select_deinit(&s);
        return tally;
}

static void compare_counts(struct clew_view *v, const struct clew_query *query)
{
        struct clew_tally scan = tally_of(v, query, true);
        struct clew_tally index = tally_of(v, query, false);

        assert_true(fabs(scan.cost_usd - index.cost_usd) < 1e-9);
        assert_true(fabs(scan.waste_usd - index.waste_usd) < 1e-9);
        scan.cost_usd = index.cost_usd;
        scan.waste_usd = index.waste_usd;
        if (memcmp(&scan, &index, sizeof(scan)) != 0)
                fail_msg("counts with indexes are others than without: %.*s",
                         (int)clew_query_text(query).len, clew_query_text(query).data);
}

/* ---- steps ------------------------------------------------------------------------------------
 */

/* Traces whose steps came from indexes alone, and index runs whose sums did. */
static uint64_t told;
static uint64_t summed;

static struct clew_stats *count_steps(struct clew_view *v, const struct clew_query *query,
                                      const char *by, const char *steps, uint64_t over_ns,
                                      bool no_index)
{
        struct clew_filter f = {.queries = {query},
                                .n_queries = query ? 1 : 0,
                                .no_index = no_index,
                                .runs = !query};
        struct clew_stats *stats = calloc(1, sizeof(*stats));
        struct clew_select s;
        struct clew_error err = {0};

        f.since_ns = since;
        f.until_ns = until;
        assert_non_null(stats);
        if (clew_stats_init(stats, by, steps, over_ns, &err, NULL) < 0 ||
            clew_stats_gather(stats, v, &f, &still, &s, &err) < 0)
                fail_msg("stats --by %s: %s", by, err.message);
        told += clew_view_index_use(v)->taken;
        summed += s.summed;
        clew_select_deinit(&s);
        return stats;
}

static bool is_same_group(const struct clew_group *a, const struct clew_group *b)
{
        const struct clew_group_cause *x = clew_group_top_cause(a);
        const struct clew_group_cause *y = clew_group_top_cause(b);

        for (unsigned i = 0; i < CLEW_GROUP_KEYS_MAX; i++) {
                if (!clew_slice_eq(a->keys[i], b->keys[i]))
                        return false;
        }
        for (unsigned i = 0; i < CLEW_GROUP_QUANTILES; i++) {
                if (isnan(a->quantiles[i]) != isnan(b->quantiles[i]) ||
                    (!isnan(a->quantiles[i]) &&
                     memcmp(&a->quantiles[i], &b->quantiles[i], sizeof(a->quantiles[i])) != 0))
                        return false;
        }
        return a->time_ns == b->time_ns && a->n == b->n && a->failed == b->failed &&
               a->by_result == b->by_result && a->open == b->open && a->tokens == b->tokens &&
               a->has_cost == b->has_cost &&
               memcmp(&a->cost_usd, &b->cost_usd, sizeof(a->cost_usd)) == 0 && !x == !y &&
               (!x || (x->n == y->n && clew_slice_eq(x->rule, y->rule)));
}

static void compare_steps(struct clew_view *v, const struct clew_query *query)
{
        const char *by = PICK(step_keys);
        uint64_t over_ns =
                below(3) == 0 ? CLEW_NS_PER_S / (1 + 999 * below(2)) * (1 + below(3)) : 0;
        const char *steps = below(2) ? PICK(step_queries) : NULL;
        struct clew_stats *scan = count_steps(v, query, by, steps, over_ns, true);
        struct clew_stats *index = count_steps(v, query, by, steps, over_ns, false);
        struct clew_slice text = query ? clew_query_text(query) : CLEW_SLICE_NULL;

        if (scan->groups.n != index->groups.n)
                fail_msg("%s --by %s: %u groups with indexes, %u without: %.*s", steps ? steps : "",
                         by, index->groups.n, scan->groups.n, (int)text.len, text.data);
        for (uint32_t i = 0; i < scan->groups.n; i++) {
                if (!is_same_group(scan->groups.all[i], index->groups.all[i]))
                        fail_msg("%s --by %s: group %u is another one with indexes: %.*s",
                                 steps ? steps : "", by, i, (int)text.len, text.data);
        }
        assert_true(is_same_group(&scan->groups.total, &index->groups.total));
        clew_stats_deinit(scan);
        clew_stats_deinit(index);
        free(scan);
        free(index);
}

/* ---- series -----------------------------------------------------------------------------------
 */

/* What is counted: all but the last ones of what indexes tell of steps. */
static const char *const functions[] = {
        "rate()",
        "count_over_time()",
        "sum_over_time(duration)",
        "avg_over_time(duration)",
        "min_over_time(duration)",
        "max_over_time(duration)",
        "quantile_over_time(duration, .5, .95)",
        "sum_over_time(span.clew.tokens)",
        "avg_over_time(span.clew.tokens)",
        "min_over_time(span.clew.tokens)",
        "quantile_over_time(span.clew.tokens, .5, .9)",
        "histogram_over_time(span.clew.tokens)",
        "max_over_time(span.clew.cost)",
        "histogram_over_time(duration)",
        "avg_over_time(duration * 2)",
};

static const char *const series_by[] = {
        "",
        "",
        " by (span.clew.model)",
        " by (span.clew.tool, span.clew.error)",
        " by (span.clew.kind, span.clew.agent)",
        " by (span.clew.error.type)",
        " by (name)",
        " by (parent.span.clew.kind)",
};

static const char *const of_series[] = {"", "", "", " | topk(2)", " | bottomk(1)"};

/* Traces whose steps indexes told, for series. */
static uint64_t told_series;

static struct clew_series *gather_series(struct clew_view *v, const struct clew_query *query,
                                         const char *text, uint64_t over_ns, bool no_index,
                                         int *ret_r)
{
        struct clew_filter f = {
                .queries = {query}, .n_queries = query ? 1 : 0, .no_index = no_index};
        struct clew_series *series = calloc(1, sizeof(*series));
        struct clew_query_error e;
        struct clew_select s = {0};
        struct clew_error err = {0};

        f.since_ns = since;
        f.until_ns = until;
        assert_non_null(series);
        if (clew_series_init(series, text, &e) < 0)
                fail_msg("%s: %s", text, e.message);
        *ret_r = clew_series_gather(series, v, &f, &still, over_ns, &s, &err);
        if (*ret_r < 0 && *ret_r != -EINVAL)
                fail_msg("%s: %s", text, err.message);
        if (series->told && *ret_r == 0)
                told_series += clew_view_index_use(v)->taken;
        clew_select_deinit(&s);
        return series;
}

static void compare_results(struct clew_series *scan, struct clew_series *index, const char *text)
{
        struct clew_metrics_result a;
        struct clew_metrics_result b;

        assert_int_equal(clew_metrics_finish(scan->metrics, &a), 0);
        assert_int_equal(clew_metrics_finish(index->metrics, &b), 0);
        if (a.n_series != b.n_series || a.n_steps != b.n_steps || a.start_ns != b.start_ns)
                fail_msg("%s: %u series with indexes, %u without", text, b.n_series, a.n_series);
        for (uint32_t i = 0; i < a.n_series; i++) {
                const struct clew_metrics_series *x = &a.series[i];
                const struct clew_metrics_series *y = &b.series[i];

                assert_int_equal(x->n_labels, y->n_labels);
                for (uint32_t k = 0; k < x->n_labels; k++) {
                        assert_true(clew_slice_eq(x->labels[k].name, y->labels[k].name));
                        if (!clew_slice_eq(x->labels[k].value, y->labels[k].value))
                                fail_msg("%s: series %u is another one with indexes", text, i);
                }
                for (uint32_t k = 0; k < a.n_steps; k++) {
                        if (isnan(x->values[k]) != isnan(y->values[k]) ||
                            (!isnan(x->values[k]) &&
                             memcmp(&x->values[k], &y->values[k], sizeof(double)) != 0))
                                fail_msg("%s: series %u, step %u: %.17g with indexes, %.17g "
                                         "without",
                                         text, i, k, y->values[k], x->values[k]);
                }
        }
}

static void compare_series(struct clew_view *v, const struct clew_query *query)
{
        static const uint64_t overs[] = {0, CLEW_NS_PER_S, 3 * CLEW_NS_PER_S, CLEW_NS_PER_S / 2};
        uint64_t over_ns = PICK(overs);
        struct clew_series *scan;
        struct clew_series *index;
        int r_scan;
        int r_index;
        CLEW_BUFFER text = {0};

        clew_buffer_init(&text, 4096);
        clew_buffer_printf(&text, "%s | %s%s%s", PICK(step_queries), PICK(functions),
                           PICK(series_by), PICK(of_series));
        scan = gather_series(v, query, (const char *)text.data, over_ns, true, &r_scan);
        index = gather_series(v, query, (const char *)text.data, over_ns, false, &r_index);
        assert_int_equal(r_scan, r_index);
        if (r_scan == 0)
                compare_results(scan, index, (const char *)text.data);
        clew_series_deinit(scan);
        clew_series_deinit(index);
        free(scan);
        free(index);
}

static unsigned compare(struct clew_store *store, unsigned n_queries, uint64_t *ret_taken)
{
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        CLEW_BUFFER text = {0};
        CLEW_BUFFER with = {0};
        CLEW_BUFFER without = {0};
        unsigned n = 0;

        clew_buffer_init(&text, 1 << 16);
        clew_buffer_init(&with, 1 << 20);
        clew_buffer_init(&without, 1 << 20);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        since = until = 0;
        for (unsigned i = 0; i < 4; i++) /* of all there is: where sums stand for steps */
                compare_steps(v, NULL);
        for (unsigned i = 0; i < n_queries; i++) {
                const struct clew_query_options options = {.strict = true};
                struct clew_query_error e;
                struct clew_query *q = NULL;
                bool used;
                CLEW_ARENA arena = {0};

                clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
                clew_buffer_clear(&text);
                put_query(&text);
                if (clew_query_parse(clew_buffer_slice(&text), &options, &arena, &q, &e) < 0)
                        continue; /* types that do not fit */
                since = below(3) == 0 ? BASE_US * UINT64_C(1000) + 1000000 + below(900000) : 0;
                until = below(3) == 0 ? BASE_US * UINT64_C(1000) + 1000000 + below(900000) : 0;
                (void)run(v, q, true, &without, &used);
                assert_false(used);
                (void)run(v, q, false, &with, &used);
                n += used;
                if (strcmp((const char *)with.data, (const char *)without.data) != 0)
                        fail_msg("%.*s\n  index: %s\n  scan:  %s", (int)text.len, text.data,
                                 (const char *)with.data, (const char *)without.data);
                *ret_taken += compare_sums(v, q);
                compare_steps(v, below(2) == 0 ? NULL : q);
                for (unsigned k = 0; k < 3; k++)
                        compare_series(v, below(2) == 0 ? NULL : q);
                compare_counts(v, q);
                clew_query_deinit(q);
        }
        clew_view_close(v);
        return n;
}

static struct clew_deriver older; /* of rules that found no causes: some stores have both */
static bool is_mixed;

static struct clew_store *open_store(const char *dir)
{
        struct clew_store_options o = {
                .mode = CLEW_STORE_COLLECT, .deriver = clew_model_deriver(), .clock = &still};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        older = *clew_model_deriver_plain();
        older.version = CLEW_RULES_VERSION - 1;
        older.index_version--;
        o.deriver = is_mixed && below(2) == 0 ? &older : clew_model_deriver();
        assert_int_equal(clew_store_open(dir, &o, &store, &err), 0);
        return store;
}

static void seal(struct clew_store *store)
{
        struct clew_seal_options o = {.index = is_mixed && below(4) == 0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        if (clew_store_seal(store, &o, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
}

static void test_random_queries(void **state)
{
        enum { STORES = 4, ROUNDS = 8, QUERIES = 60 };
        unsigned used = 0;
        uint64_t taken = 0;

        (void)state;
        rng = test_random_seeded("queries with and without indexes");
        for (unsigned s = 0; s < STORES; s++) {
                struct clew_store *store;
                struct test_dir dir;
                uint32_t n_traces = 0;
                uint32_t spans[400] = {0};

                test_dir_make(&dir);
                is_mixed = s % 2 == 1;
                store = open_store(dir.path);
                for (unsigned round = 0; round < ROUNDS; round++) {
                        for (uint32_t i = below(12); i > 0; i--) {
                                uint32_t n = 1 + below(5);

                                append(store, ++n_traces, 1, 1 + n);
                                spans[n_traces] = n;
                        }
                        for (uint32_t i = below(4); n_traces > 0 && i > 0; i--) {
                                uint32_t t = 1 + below(n_traces);

                                append(store, t, spans[t] + 1, spans[t] + 2);
                                spans[t]++;
                        }
                        if (below(4) != 0)
                                seal(store);
                        used += compare(store, QUERIES, &taken);
                        if (is_mixed) {
                                clew_store_close(store);
                                store = open_store(dir.path);
                        }
                }
                clew_store_close(store);
                test_dir_remove(&dir);
        }
        assert_true(used > STORES * ROUNDS * QUERIES / 4);
        assert_true(taken > 100);
        assert_true(told > 100);
        assert_true(told_series > 400);
        assert_true(summed > 20);
        print_message("# the steps of %llu traces came from indexes, the sums of %llu index runs; "
                      "for series of %llu\n",
                      (unsigned long long)told, (unsigned long long)summed,
                      (unsigned long long)told_series);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_queries)};

        clew_facts_install();
        clew_index_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
