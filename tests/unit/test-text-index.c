/*
 * Texts found by an index are those that a plain scan finds: while texts come in, are sealed, are
 * merged and indexed behind, and after a block of words or of grams is damaged, which is noticed,
 * dropped and made anew.
 */
#include "proto/base/mem.h"
#include "query/find/index/index.h"
#include "query/find/select.h"
#include "query/rca/facts.h"
#include "storage/index/catalog-keys-int.h"
#include "storage/source/store-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRACES_MAX 400u
#define TEXT_MAX 1100u
/* Texts so long make blocks that lie in pages of their own. */
#define TEXT_LONG 900u
#define FILE_MAX ((size_t)64 << 20)

static struct test_random rng;
static char texts[TRACES_MAX][TEXT_MAX];
static size_t text_min;

static uint32_t below(uint32_t n)
{
        return (uint32_t)test_random_below(&rng, n);
}

/* ---- texts -----------------------------------------------------------------------------------
 */

/* Common words, words that are met once, ids, numbers, and scripts without spaces. */
static void put_word(char *to, size_t room)
{
        static const char *const words[] = {"refund",   "order",  "please",       "Weather",
                                            "customer", "Zürich", "退款因为货物", "ต้องการเงิน",
                                            "يريد",     "sql"};
        uint64_t bits = test_random_next(&rng);

        switch (below(5)) {
        case 0:
                snprintf(to, room, "%c%c%c%c%c%c", 'a' + (int)(bits & 15),
                         'a' + (int)(bits >> 4 & 15), 'a' + (int)(bits >> 8 & 15),
                         'a' + (int)(bits >> 12 & 15), 'a' + (int)(bits >> 16 & 15),
                         'a' + (int)(bits >> 20 & 15));
                break;
        case 1:
                snprintf(to, room, "%08llx%u", (unsigned long long)(bits & 0xffffffff), below(100));
                break;
        case 2:
                snprintf(to, room, "%llu", (unsigned long long)(bits % 100000000));
                break;
        default:
                snprintf(to, room, "%s", words[bits % CLEW_ARRAY_LEN(words)]);
        }
}

/* What stands between two words: mostly what separates, in JSON within JSON too. */
static size_t put_between(char *to, size_t room)
{
        static const char *const between[] = {
                " ",      " ",         " ",        "-",   ".",       "/",     "\",\"",
                "\": \"", "\\\":\\\"", "\\\\\\\"", "\\n", "\\u00e9", "\"}, ", "\\\", \\\"x\\\":"};

        return (size_t)snprintf(to, room, "%s", between[below(CLEW_ARRAY_LEN(between))]);
}

/* A piece of what an earlier trace said, which may begin and end anywhere. */
static size_t put_again(uint32_t trace, char *to, size_t room)
{
        const char *text = texts[below(trace)];
        size_t len = strlen(text);
        size_t from = below((uint32_t)len);
        size_t n = 1 + below((uint32_t)room - 1);

        n = n < len - from ? n : len - from;
        while (n > 0 && ((uint8_t)text[from] & 0xc0) == 0x80) {
                from++;
                n--;
        }
        while (n > 0 && ((uint8_t)text[from + n] & 0xc0) == 0x80)
                n--;
        memcpy(to, text + from, n);
        to[n] = 0;
        return n;
}

static void append(struct clew_store *store, uint32_t trace)
{
        struct test_span span = {.trace_id = test_trace_id(trace + 1),
                                 .span_id = test_span_id(trace + 1),
                                 .name = "s",
                                 .key = "input.value",
                                 .start_ns = 1000000 + trace * 7919 % 5000,
                                 .end_ns = 2000000};
        char *text = texts[trace];
        size_t len = 0;

        for (uint32_t n = 4 + below(6); n > 0 || len<text_min; n -= n> 0) {
                if (trace > 0 && below(6) == 0)
                        len += put_again(trace, text + len, 60);
                put_word(text + len, 40);
                len += strlen(text + len);
                len += put_between(text + len, TEXT_MAX - len);
        }
        span.value = clew_slice_of_cstr(text);
        assert_int_equal(test_store_append(store, trace % 2 ? "a" : "b", &span, 5), 0);
}

/* A piece of some text, or of none. */
static void put_needle(uint32_t n_traces, char *to, size_t room)
{
        const char *text = texts[below(n_traces)];
        size_t len = strlen(text);
        size_t from = below((uint32_t)len);
        size_t n = 3 + below(9);

        if (below(8) == 0) {
                put_word(to, room);
                return;
        }
        while (from > 0 && ((uint8_t)text[from] & 0xc0) == 0x80)
                from--;
        n = n < len - from ? n : len - from;
        while (n < len - from && ((uint8_t)text[from + n] & 0xc0) == 0x80)
                n++;
        snprintf(to, room, "%.*s", (int)n, text + from);
}

/* ---- asking ----------------------------------------------------------------------------------
 */

static void ask(struct clew_view *v, const struct clew_query *query, bool no_index,
                struct clew_buffer *out, bool *ret_used)
{
        struct clew_filter f = {.queries = {query}, .n_queries = 1, .no_index = no_index};
        struct clew_select s;
        struct clew_selected t;
        struct clew_error err = {0};
        int r = clew_select_init(&s, v, &f, clew_clock_system(), NULL, &err);

        clew_buffer_clear(out);
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                clew_buffer_printf(out, "%u ", (unsigned)t.id.bytes[14] << 8 | t.id.bytes[15]);
        if (r < 0)
                fail_msg("select: %s", err.message);
        clew_buffer_append_byte(out, 0);
        *ret_used = clew_view_index_use(v)->used;
        clew_select_deinit(&s);
}

/* How many questions an index answered to their end. */
static unsigned compare(struct clew_store *store, uint32_t n_traces, unsigned n_questions)
{
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        CLEW_BUFFER with = {0};
        CLEW_BUFFER without = {0};
        unsigned n_used = 0;

        clew_buffer_init(&with, 1 << 20);
        clew_buffer_init(&without, 1 << 20);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        for (unsigned i = 0; i < n_questions; i++) {
                const struct clew_query_options options = {.strict = true};
                struct clew_query_error e;
                struct clew_query *q = NULL;
                CLEW_ARENA arena = {0};
                char needle[64];
                char text[128];
                bool used;

                put_needle(n_traces, needle, sizeof(needle));
                for (char *c = needle; *c; c++) { /* of a pattern they are something else */
                        *c = *c == '.' ? '-' : *c;
                        *c = strchr("\"\\{}", *c) ? '.' : *c;
                }
                snprintf(text, sizeof(text), "{ span.clew.text =~ \"%s.*%s.*\" }",
                         below(2) ? "(?i)" : "", needle);
                clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
                if (clew_query_parse(clew_slice_of_cstr(text), &options, &arena, &q, &e) < 0)
                        fail_msg("%s: %s", text, e.message);
                ask(v, q, true, &without, &used);
                assert_false(used);
                ask(v, q, false, &with, &used);
                n_used += used;
                if (strcmp((const char *)with.data, (const char *)without.data) != 0)
                        fail_msg("%s\n  index: %s\n  scan:  %s", text, (const char *)with.data,
                                 (const char *)without.data);
                clew_query_deinit(q);
        }
        clew_view_close(v);
        return n_used;
}

static struct clew_store *open_store(const char *dir)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT, .deriver = clew_model_deriver()};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        return store;
}

static void seal(struct clew_store *store, bool index)
{
        struct clew_seal_options o = {.index = index};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        do {
                if (clew_store_seal(store, &o, &stats, &err) < 0)
                        fail_msg("seal: %s", err.message);
        } while (stats.more);
}

static void on_finding(void *context, const char *object, const char *what)
{
        (*(int *)context)++;
        (void)object;
        (void)what;
}

static int verify(const char *dir)
{
        struct clew_error err = {0};
        int n = 0;

        (void)!clew_store_verify(dir, on_finding, &n, &err);
        return n;
}

static void test_life(void **state)
{
        enum { ROUNDS = 24, QUESTIONS = 40 };
        struct test_dir dir;
        struct clew_store *store;
        uint32_t n_traces = 0;
        unsigned used = 0;

        (void)state;
        rng = test_random_seeded("texts with and without indexes");
        test_dir_make(&dir);
        store = open_store(dir.path);
        for (unsigned round = 0; round < ROUNDS; round++) {
                for (uint32_t i = 1 + below(10); i > 0 && n_traces < TRACES_MAX; i--)
                        append(store, n_traces++);
                if (below(4) != 0)
                        seal(store, below(2) == 0);
                used += compare(store, n_traces, QUESTIONS);
        }
        assert_true(used > ROUNDS * QUESTIONS / 2);
        clew_store_close(store);
        assert_int_equal(verify(dir.path), 0);
        test_dir_remove(&dir);
}

/* ---- damage ----------------------------------------------------------------------------------
 */

/* Changes a byte in the middle of a block of @kind, wherever a copy of it lies in the file. */
static void damage(const char *dir, enum clew_index_kind kind)
{
        struct clew_store *store = open_store(dir);
        const struct clew_run_section *s = NULL;
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        struct clew_slice block;
        static uint8_t wanted[64];
        char path[1200];
        uint8_t *file;
        size_t n;
        unsigned n_changed = 0;
        FILE *f;

        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_view_read_index(v, clew_index_version(), &err), 0);
        for (uint32_t i = 0; i < v->index.n_runs && !s; i++) {
                struct clew_index_run *run = &v->index.runs[i];

                s = clew_run_section(&run->head, kind);
                if (s)
                        assert_int_equal(
                                run->get(run->context, run->number, s->first_block, &block, &err),
                                0);
        }
        assert_non_null(s);
        assert_true(block.len > 2 * sizeof(wanted));
        memcpy(wanted, block.data + block.len / 2, sizeof(wanted));
        clew_view_close(v);
        clew_store_close(store);
        snprintf(path, sizeof(path), "%s/data.mdb", dir);
        file = malloc(FILE_MAX);
        assert_non_null(file);
        f = fopen(path, "r+b");
        assert_non_null(f);
        n = fread(file, 1, FILE_MAX, f);
        for (size_t at = 0; at + sizeof(wanted) <= n; at++) {
                if (memcmp(file + at, wanted, sizeof(wanted)) != 0)
                        continue;
                assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
                assert_int_equal(fputc(file[at] ^ 0x10, f), file[at] ^ 0x10);
                n_changed++;
        }
        assert_int_equal(fclose(f), 0);
        free(file);
        assert_true(n_changed > 0);
}

static void test_damaged_blocks(void **state)
{
        enum { TRACES = 60 };
        static const struct {
                enum clew_index_kind kind;
                size_t text_min;
        } cases[] = {{CLEW_INDEX_WORD, 0},
                     {CLEW_INDEX_GRAM, 0},
                     {CLEW_INDEX_WORD, TEXT_LONG},
                     {CLEW_INDEX_GRAM, TEXT_LONG}};
        const struct clew_reindex_options o = {.indexes = true};

        (void)state;
        rng = test_random_seeded("damaged blocks of texts");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct clew_reindex_stats stats = {0};
                struct clew_error err = {0};
                struct clew_store *store;
                struct test_dir dir;

                text_min = cases[i].text_min;
                test_dir_make(&dir);
                store = open_store(dir.path);
                for (uint32_t t = 0; t < TRACES; t++)
                        append(store, t);
                seal(store, false);
                assert_int_equal(compare(store, TRACES, 40), 40);
                clew_store_close(store);
                damage(dir.path, cases[i].kind);
                assert_true(verify(dir.path) > 0);
                store = open_store(dir.path);
                assert_true(compare(store, TRACES, 60) < 60); /* some have met it, none is wrong */
                assert_int_equal(clew_store_reindex(store, &o, &stats, &err), 0);
                assert_int_equal(stats.dropped, 1);
                assert_int_equal(compare(store, TRACES, 40), 40);
                clew_store_close(store);
                assert_int_equal(verify(dir.path), 0);
                test_dir_remove(&dir);
        }
        text_min = 0;
}

/* Who seals meets the damage when the run is to be merged, and makes it anew. */
static void mended_behind(size_t min)
{
        const struct clew_reindex_options o = {.indexes = true};
        struct clew_reindex_stats stats = {0};
        struct clew_error err = {0};
        struct clew_store *store;
        struct test_dir dir;
        uint32_t n = 60;

        text_min = min;
        rng = test_random_seeded("damaged blocks, mended behind");
        test_dir_make(&dir);
        store = open_store(dir.path);
        for (uint32_t t = 0; t < n; t++)
                append(store, t);
        seal(store, false);
        clew_store_close(store);
        damage(dir.path, CLEW_INDEX_WORD);
        store = open_store(dir.path);
        for (unsigned round = 0; round < 5; round++) {
                for (uint32_t i = 0; i < 60; i++)
                        append(store, n++);
                seal(store, true);
        }
        assert_int_equal(compare(store, n, 40), 40);
        /* In pages of its own the block stays where nobody reads it, until who asks for that makes
         * all of the indexes anew. */
        assert_int_equal(verify(dir.path), min > 0);
        assert_int_equal(clew_store_reindex(store, &o, &stats, &err), 0);
        assert_int_equal(compare(store, n, 40), 40);
        clew_store_close(store);
        assert_int_equal(verify(dir.path), 0);
        test_dir_remove(&dir);
        text_min = 0;
}

static void test_damage_is_mended_behind(void **state)
{
        (void)state;
        mended_behind(0);
        mended_behind(TEXT_LONG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_life),
                cmocka_unit_test(test_damaged_blocks),
                cmocka_unit_test(test_damage_is_mended_behind),
        };

        clew_facts_install();
        clew_index_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
