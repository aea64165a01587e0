/*
 * Terms of texts: whatever is cut out of a text is found by its terms, in each of its layers; and
 * what stands nowhere is mostly not. The index is a plain list here. Then texts that are read off
 * patterns: a text that a pattern matches holds them.
 */
#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "query/find/index/masks-int.h"
#include "query/find/index/term-int.h"
#include "query/find/text.h"
#include "storage/index/parts-int.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXTS 64u
#define CUTS 800u
#define ROUNDS 4u

/* ---- a plain index ----------------------------------------------------------------------------
 */

struct entry {
        enum clew_index_kind kind;
        struct clew_slice key;
        uint64_t texts; /* a bit for each */
};

struct plain {
        struct clew_arena arena;
        struct entry *entries;
        uint32_t n, max;
        uint32_t text; /* what is given is of this one */
        bool sorted;
        bool has_parts;
};

static int by_key(const void *x, const void *y)
{
        const struct entry *a = x, *b = y;
        size_t least = a->key.len < b->key.len ? a->key.len : b->key.len;
        int r;

        if (a->kind != b->kind)
                return a->kind < b->kind ? -1 : 1;
        r = least > 0 ? memcmp(a->key.data, b->key.data, least) : 0;
        return r != 0 ? r : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

static void plain_add(void *context, enum clew_index_kind kind, struct clew_slice key)
{
        struct plain *p = context;

        assert_in_range(key.len, 1, CLEW_INDEX_KEY_MAX);
        if (p->n == p->max) {
                p->max = p->max ? 2 * p->max : 1024;
                p->entries = realloc(p->entries, p->max * sizeof(*p->entries));
                assert_non_null(p->entries);
        }
        p->entries[p->n++] =
                (struct entry){kind, clew_arena_copy(&p->arena, key), UINT64_C(1) << p->text};
        p->sorted = false;
}

static void plain_add_words(void *context, const struct clew_index_word *words, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                uint8_t room[8];

                assert_in_range(words[i].len, 1, 8);
                plain_add(context, words[i].kind, clew_index_word_key(&words[i], room));
        }
}

static void plain_sort(struct plain *p)
{
        uint32_t n = 0;

        qsort(p->entries, p->n, sizeof(*p->entries), by_key);
        for (uint32_t i = 0; i < p->n; i++) {
                if (n > 0 && by_key(&p->entries[n - 1], &p->entries[i]) == 0)
                        p->entries[n - 1].texts |= p->entries[i].texts;
                else
                        p->entries[n++] = p->entries[i];
        }
        p->n = n;
        p->sorted = true;
}

static int plain_find(void *context, enum clew_index_kind kind, struct clew_slice key,
                      struct clew_index_set *into, struct clew_error *err)
{
        struct plain *p = context;
        struct entry want = {.kind = kind, .key = key};
        const struct entry *e = bsearch(&want, p->entries, p->n, sizeof(want), by_key);

        (void)err;
        assert_true(p->sorted);
        if (e)
                into->words[0] |= e->texts;
        return e != NULL;
}

static int plain_walk(void *context, enum clew_index_kind kind, struct clew_slice from,
                      int (*fn)(void *context, struct clew_slice key, struct clew_slice posting),
                      void *fn_context, struct clew_error *err)
{
        struct plain *p = context;
        struct entry want = {.kind = kind, .key = from};
        int r = 0;

        (void)err;
        for (uint32_t i = 0; r == 0 && i < p->n; i++) {
                const struct entry *e = &p->entries[i];

                if (e->kind == kind && by_key(e, &want) >= 0)
                        r = fn(fn_context, e->key, clew_slice_make(&e->texts, sizeof(e->texts)));
        }
        return r;
}

static int plain_posting(struct clew_slice posting, struct clew_index_set *into)
{
        uint64_t texts;

        memcpy(&texts, posting.data, sizeof(texts));
        into->words[0] |= texts;
        return 0;
}

static void plain_deinit(struct plain *p)
{
        clew_arena_deinit(&p->arena);
        free(p->entries);
}

static struct clew_term_taker taker_of(struct plain *p)
{
        return (struct clew_term_taker){plain_add, plain_add_words, p};
}

static struct clew_term_asked asked_of(struct plain *p)
{
        return (struct clew_term_asked){plain_find, plain_walk, plain_posting, p, p->has_parts};
}

/* ---- random texts -----------------------------------------------------------------------------
 */

static uint64_t state = 1;

static uint32_t below(uint32_t n)
{
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        return (uint32_t)((state >> 33) % n);
}

static const char *const pieces[] = {
        "refund",
        "Order",
        "the ",
        "a",
        "I",
        "not ",
        "tool",
        "error",
        "Ünïcödé",
        "straße",
        "STRASSE",
        "ΣΊΣΥΦΟΣ",
        "мир",
        "Мир",
        "العربية",
        "ไทยไม่มีช่องว่าง",
        "中文没有空格",
        "日本語テキスト",
        "한국어 ",
        "नमस्ते",
        "9e51ad6d",
        "ORD-",
        "1757000037",
        "42",
        "2024-11-28",
        "0x7cf2eb4293a0",
        "\\n",
        "\\t",
        "\\\"",
        "\\\\n",
        "\\u00e9t\\u00e9",
        "\\u4e2d\\u6587",
        "\\ud83d\\ude00",
        "\\\\u0041bc",
        "\\",
        "\n",
        " ",
        " ",
        " ",
        ", ",
        ". ",
        "_",
        "-",
        "{\"k\": \"v\"}",
        "[1,2,33333]",
        "aGVsbG8gd29ybGQ",
        "\xff",
        "\xc3",
        "ſ",
        "K",
        "İ",
        "ß",
        "x",
        "b",
        "f",
        "r",
        "u",
        "U+",
        "deadbeef",
        "cafe",
        "é",
};

static void random_text(struct clew_buffer *out)
{
        unsigned n = 1 + below(60);

        for (unsigned i = 0; i < n; i++) {
                unsigned what = below(20);

                if (what < 15) {
                        clew_buffer_append_cstr(out, pieces[below(CLEW_ARRAY_LEN(pieces))]);
                } else if (what < 17) {
                        for (unsigned k = below(12); k > 0; k--)
                                clew_buffer_append_byte(out, (uint8_t)('a' + below(26)));
                } else if (what < 18) {
                        for (unsigned k = below(20); k > 0; k--)
                                clew_buffer_append_byte(out,
                                                        (uint8_t) "0123456789abcdef"[below(16)]);
                } else if (what < 19 && below(20) == 0) {
                        static const char *const signs[] = {"0123456789", "qwertzuiop",
                                                            "qwertz0123", "ABCDEFGHIJ"};
                        const char *of = signs[below(4)];

                        for (unsigned k = 200 + below(400); k > 0; k--)
                                clew_buffer_append_byte(out, (uint8_t)of[below(10)]);
                } else {
                        for (unsigned k = below(6); k > 0; k--)
                                clew_buffer_append_byte(out, (uint8_t)(32 + below(95)));
                }
        }
}

/* A piece of @text at whole code points (as far as it has them). */
static struct clew_slice cut(struct clew_slice text)
{
        size_t from = below((uint32_t)text.len);
        size_t len = 1 + below(below(4) == 0 ? 200 : 14);
        size_t to = from + len < text.len ? from + len : text.len;

        while (from > 0 && (text.data[from] & 0xc0) == 0x80)
                from--;
        while (to < text.len && (text.data[to] & 0xc0) == 0x80)
                to++;
        return clew_slice_make(text.data + from, to - from);
}

struct texts {
        struct clew_buffer one[TEXTS];
};

/* As merging lists them. */
static void list_parts(struct plain *p)
{
        uint8_t key[CLEW_INDEX_KEY_MAX];
        struct clew_parts parts;
        uint32_t n = p->n;
        size_t len;

        clew_parts_init(&parts);
        for (uint32_t i = 0; i < n; i++) {
                if (p->entries[i].kind == CLEW_INDEX_WORD)
                        clew_parts_add(&parts, p->entries[i].key);
        }
        while ((len = clew_parts_next(&parts, key)) > 0)
                plain_add(p, CLEW_INDEX_PART, clew_slice_make(key, len));
        clew_parts_deinit(&parts);
        plain_sort(p);
}

static void fill(struct texts *t, struct plain *p)
{
        const struct clew_term_taker taker = taker_of(p);

        for (uint32_t i = 0; i < TEXTS; i++) {
                clew_buffer_init(&t->one[i], 1u << 20);
                random_text(&t->one[i]);
                p->text = i;
                assert_int_equal(clew_term_take(clew_buffer_slice(&t->one[i]), &taker), 0);
        }
        plain_sort(p);
        if (p->has_parts)
                list_parts(p);
}

static void check_one(struct texts *t, struct plain *p, struct clew_slice needle, bool ignore_case,
                      unsigned *candidates, unsigned *hits)
{
        const struct clew_term_asked asked = asked_of(p);
        uint64_t word = 0;
        struct clew_index_set set = {&word, TEXTS};
        struct clew_error err = {0};
        int r = clew_terms_of_text(&asked, needle, &set, &err);

        assert_in_range(r, 0, 1);
        if (r == 0)
                word = ~UINT64_C(0);
        for (uint32_t i = 0; i < TEXTS; i++) {
                bool holds = clew_text_holds(clew_buffer_slice(&t->one[i]), needle, ignore_case);

                *hits += holds;
                *candidates += word >> i & 1;
                if (holds && !(word >> i & 1)) {
                        print_error("\"%.*s\" stands in text %u and is not found: \"%.*s\"\n",
                                    (int)needle.len, (const char *)needle.data, i,
                                    (int)t->one[i].len, (const char *)t->one[i].data);
                        fail();
                }
        }
}

/* Cuts of texts, of their layers, and of both in another case. */
static void test_cut_texts_are_found(void **unused)
{
        unsigned candidates = 0;
        unsigned hits = 0;

        (void)unused;
        for (unsigned round = 0; round < ROUNDS; round++) {
                struct texts t = {0};
                struct plain p = {.has_parts = round % 2 != 0};

                state = 20261128 + round;
                clew_arena_init(&p.arena, 1u << 30);
                fill(&t, &p);
                for (unsigned i = 0; i < CUTS; i++) {
                        struct clew_slice text = clew_buffer_slice(&t.one[below(TEXTS)]);
                        struct clew_buffer layer[2] = {{0}, {0}};
                        CLEW_BUFFER folded = {0};
                        struct clew_slice needle;

                        clew_buffer_init(&layer[0], 1u << 20);
                        clew_buffer_init(&layer[1], 1u << 20);
                        for (unsigned k = below(4); k > 0 && text.len > 0; k--) {
                                clew_buffer_clear(&layer[k & 1]);
                                (void)clew_text_unescape(&layer[k & 1], text);
                                text = clew_buffer_slice(&layer[k & 1]);
                        }
                        if (text.len > 0) {
                                needle = cut(text);
                                check_one(&t, &p, needle, false, &candidates, &hits);
                                check_one(&t, &p, needle, true, &candidates, &hits);
                                clew_buffer_init(&folded, 1u << 20);
                                clew_text_fold(&folded, needle);
                                check_one(&t, &p, clew_buffer_slice(&folded), true, &candidates,
                                          &hits);
                        }
                        clew_buffer_deinit(&layer[0]);
                        clew_buffer_deinit(&layer[1]);
                }
                for (uint32_t i = 0; i < TEXTS; i++)
                        clew_buffer_deinit(&t.one[i]);
                plain_deinit(&p);
        }
        print_message("%u found, %u looked at\n", hits, candidates);
        assert_true(candidates < 4 * hits);
}

/* Names one text alone: nothing else is looked at. Of ids each second sign begins a gram, so one
 * that differs in its last sign alone is looked at too. */
static void test_what_is_narrowed(void **unused)
{
        static const char *const given[] = {
                "please refund order ORD-9e51ad6d for Müller",
                "the weather in Zürich; order 1757000037",
                "客户要求退款因为货物损坏",
                "ลูกค้าต้องการเงินคืน",
                "العميل يريد استرداد المبلغ",
                "{\"text\": \"line one\\nThe second caf\\u00e9\"}",
        };
        static const struct {
                const char *needle;
                uint64_t texts;
        } rows[] = {
                {"refund", 1}, {"FUND", 1},       {"efun", 1},         {"fund order", 1},
                {"9e51ad", 1}, {"51AD6D", 1},     {"ORD-9e51ad6d", 1}, {"müller", 1},
                {"MÜLL", 1},   {"order", 3},      {"175700", 2},       {"5700003", 2},
                {"Zürich", 2}, {"weather in", 2}, {"要求退款", 4},     {"退款因", 4},
                {"เงินคืน", 8},  {"استرداد", 16},   {"يريد", 16},        {"The second", 32},
                {"nThe", 32},  {"café", 32},      {"u00e9", 32},       {"zyzzogeton", 0},
                {"orders", 0}, {"9e51ad7d", 0},   {"9e51ad6e", 1},     {"ad6", 1},
                {"1ad", 1},    {"51be", 0},       {"1757000038", 0},   {"退款损", 0},
        };
        struct plain p = {0};
        const struct clew_term_taker taker = taker_of(&p);
        const struct clew_term_asked asked = asked_of(&p);

        (void)unused;
        clew_arena_init(&p.arena, 1u << 30);
        for (uint32_t i = 0; i < CLEW_ARRAY_LEN(given); i++) {
                p.text = i;
                assert_int_equal(clew_term_take(clew_slice_of_cstr(given[i]), &taker), 0);
        }
        plain_sort(&p);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(rows); i++) {
                uint64_t word = 0;
                struct clew_index_set set = {&word, 64};
                struct clew_error err = {0};

                assert_int_equal(
                        clew_terms_of_text(&asked, clew_slice_of_cstr(rows[i].needle), &set, &err),
                        1);
                if (word != rows[i].texts)
                        print_error("%s: %llx\n", rows[i].needle, (unsigned long long)word);
                assert_true(word == rows[i].texts);
        }
        plain_deinit(&p);
}

/* ---- patterns ---------------------------------------------------------------------------------
 */

/* The texts of a pattern as one line: those of a choice by |, the others by a blank. */
static void spell(const struct clew_regex_literals *l, struct clew_buffer *out)
{
        for (uint32_t i = 0; i < l->n; i++) {
                if (i > 0)
                        clew_buffer_append_byte(out, l->items[i].choice != 0 &&
                                                                     l->items[i].choice ==
                                                                             l->items[i - 1].choice
                                                             ? '|'
                                                             : ' ');
                clew_buffer_append_slice(out, l->items[i].text);
        }
}

static void test_texts_of_patterns(void **unused)
{
        static const struct {
                const char *pattern;
                const char *texts;
        } rows[] = {
                {"refund", "refund"},
                {"(?i)refund", "refund"},
                {"(?:foo|bar)", "foo|bar"},
                {"foo|bar.baz", "foo|bar"},
                {"foo|.*", ""},
                {"foo(bar)?baz", "foo baz"},
                {"foo(?:bar)+baz", "foo bar baz"},
                {"ab*c", "a c"},
                {"ab+c", "ab c"},
                {"ab?c", "a c"},
                {"ab{0,3}c", "a c"},
                {"ab{2}c", "ab c"},
                {"ab{2}{0}c", "a c"},
                {"ab{x}", "ab{x}"},
                {"order \\d{4}-\\w+ gone", "order  -  gone"},
                {"a\\.b\\\\c", "a.b\\c"},
                {"[a-z]+foo[^\\]x]bar", "foo bar"},
                {"[]x]foo[[:alpha:]]bar", "foo bar"},
                {"x\\x41y", ""},
                {"\\Qa.b\\E", ""},
                {"\\pL", ""},
                {"(?x) a b", ""},
                {"(?<name>abc)def", "abc def"},
                {"(?P<name>abc|de)f", "abc|de f"},
                {"((a|b)c|def)", "c|def"},
                {"(a(b|c)d)?e", "e"},
                {"größer?", "größe"},
                {"é+", "é"},
                {".*", ""},
                {"", ""},
        };

        (void)unused;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(rows); i++) {
                static struct clew_regex_literals l;
                CLEW_BUFFER line = {0};

                clew_buffer_init(&line, 4096);
                if (clew_regex_literals(clew_slice_of_cstr(rows[i].pattern), &l))
                        spell(&l, &line);
                if (!clew_slice_eq_cstr(clew_buffer_slice(&line), rows[i].texts))
                        print_error("%s: \"%.*s\"\n", rows[i].pattern, (int)line.len,
                                    (const char *)line.data);
                assert_true(clew_slice_eq_cstr(clew_buffer_slice(&line), rows[i].texts));
        }
}

/* Random patterns over few signs: what matches one is among the texts that its terms give. */
static void test_patterns_find_what_they_match(void **unused)
{
        static const char *const atoms[] = {"a", "b",    "abc",         "fund",  "9e5", "\\d",
                                            ".", "[ab]", "(?:ab|fund)", "(a|b)", "é",   "文",
                                            " ", "c{2}", "(?:abc)?",    "\\.",   "x"};
        static const char *const behind[] = {"", "", "", "*", "+", "?", "{2}", "{0,2}", "|"};
        unsigned matched = 0;

        (void)unused;
        state = 77;
        for (unsigned round = 0; round < 3000; round++) {
                CLEW_BUFFER pattern = {0};
                struct clew_regex *regex;
                struct plain p = {0};
                const struct clew_term_taker taker = taker_of(&p);
                const struct clew_term_asked asked = asked_of(&p);
                struct clew_buffer texts[8];
                uint64_t word = 0;
                struct clew_index_set set = {&word, 8};
                struct clew_error err = {0};
                size_t offset;
                char message[200];

                clew_buffer_init(&pattern, 4096);
                clew_buffer_append_cstr(&pattern, below(3) == 0 ? "(?i).*(?:" : ".*(?:");
                for (unsigned i = 1 + below(5); i > 0; i--) {
                        clew_buffer_append_cstr(&pattern, atoms[below(CLEW_ARRAY_LEN(atoms))]);
                        clew_buffer_append_cstr(&pattern, behind[below(CLEW_ARRAY_LEN(behind))]);
                }
                clew_buffer_append_cstr(&pattern, ").*");
                if (clew_regex_new(clew_buffer_slice(&pattern), &regex, &offset, message,
                                   sizeof(message)) < 0)
                        continue;
                clew_arena_init(&p.arena, 1u << 28);
                for (uint32_t i = 0; i < 8; i++) {
                        clew_buffer_init(&texts[i], 4096);
                        for (unsigned k = below(12); k > 0; k--) {
                                static const char *const parts[] = {
                                        "a",  "b", "ABC", "abc", "fund", "9e5", "é",
                                        "文", " ", "cc",  "x",   ".",    "É"};

                                clew_buffer_append_cstr(&texts[i],
                                                        parts[below(CLEW_ARRAY_LEN(parts))]);
                        }
                        p.text = i;
                        assert_int_equal(clew_term_take(clew_buffer_slice(&texts[i]), &taker), 0);
                }
                plain_sort(&p);
                if (clew_terms_of_regex(&asked, regex, &set, &err) == 0)
                        word = 0xff;
                for (uint32_t i = 0; i < 8; i++) {
                        bool match = clew_regex_match(regex, clew_buffer_slice(&texts[i])) == 1;

                        matched += match;
                        if (match && !(word >> i & 1)) {
                                print_error("%.*s matches \"%.*s\" and is not found\n",
                                            (int)pattern.len, (const char *)pattern.data,
                                            (int)texts[i].len, (const char *)texts[i].data);
                                fail();
                        }
                        clew_buffer_deinit(&texts[i]);
                }
                clew_regex_free(regex);
                plain_deinit(&p);
        }
        assert_true(matched > 2000);
}

/* ---- masks ------------------------------------------------------------------------------------
 */

static void check_masks(const uint8_t *bytes, size_t n)
{
        struct clew_masks got = clew_masks_of(bytes, n);
        struct clew_masks want = clew_masks_one_by_one(bytes, n);

        assert_int_equal(got.letters, want.letters);
        assert_int_equal(got.digits, want.digits);
        assert_int_equal(got.high, want.high);
        assert_int_equal(got.spaces, want.spaces);
        assert_int_equal(got.quotes, want.quotes);
}

/* Each byte at each place of each length is what it is alone. */
static void test_masks(void **unused)
{
        uint8_t bytes[CLEW_MASK_BYTES];

        (void)unused;
        for (unsigned first = 0; first < 256; first++) {
                for (unsigned i = 0; i < CLEW_MASK_BYTES; i++)
                        bytes[i] = (uint8_t)(first + i * 7);
                for (size_t n = 0; n <= CLEW_MASK_BYTES; n++)
                        check_masks(bytes + CLEW_MASK_BYTES - n, n);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cut_texts_are_found),
                cmocka_unit_test(test_what_is_narrowed),
                cmocka_unit_test(test_texts_of_patterns),
                cmocka_unit_test(test_patterns_find_what_they_match),
                cmocka_unit_test(test_masks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
