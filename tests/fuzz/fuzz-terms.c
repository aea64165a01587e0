/*
 * Terms of texts. First line: a text or pattern; the rest is what is searched. Whatever both are:
 * what holds the text, or matches the pattern, is found by its terms; so is each piece of it that
 * the first line's bytes cut out.
 */
#include "proto/base/arena.h"
#include "query/find/index/term-int.h"
#include "query/find/text.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#define TEXT_MAX ((size_t)4 << 10)
#define KEYS_MAX 65536u
#define CUTS_MAX 8u

struct keys {
        struct clew_arena arena;
        enum clew_index_kind kinds[KEYS_MAX];
        struct clew_slice keys[KEYS_MAX];
        uint32_t n;
};

static void add(void *context, enum clew_index_kind kind, struct clew_slice key)
{
        struct keys *k = context;

        CLEW_ASSERT(key.len > 0 && key.len <= CLEW_INDEX_KEY_MAX && k->n < KEYS_MAX);
        k->kinds[k->n] = kind;
        k->keys[k->n++] = clew_arena_copy(&k->arena, key);
}

static void add_words(void *context, const struct clew_index_word *words, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                uint8_t room[8];

                add(context, words[i].kind, clew_index_word_key(&words[i], room));
        }
}

static int find(void *context, enum clew_index_kind kind, struct clew_slice key,
                struct clew_index_set *into, struct clew_error *err)
{
        const struct keys *k = context;

        (void)err;
        for (uint32_t i = 0; i < k->n; i++) {
                if (k->kinds[i] == kind && clew_slice_eq(k->keys[i], key)) {
                        clew_index_set_add(into, 0);
                        return 1;
                }
        }
        return 0;
}

/* Not in order, which nobody can tell: each key that begins so is given, then one that does not. */
static int walk(void *context, enum clew_index_kind kind, struct clew_slice from,
                int (*fn)(void *context, struct clew_slice key, struct clew_slice posting),
                void *fn_context, struct clew_error *err)
{
        const struct keys *k = context;
        int r = 0;

        (void)err;
        for (uint32_t i = 0; r == 0 && i < k->n; i++) {
                if (k->kinds[i] == kind && clew_slice_starts_with(k->keys[i], from))
                        r = fn(fn_context, k->keys[i], CLEW_SLICE_NULL);
        }
        return r;
}

static int posting(struct clew_slice bytes, struct clew_index_set *into)
{
        (void)bytes;
        clew_index_set_add(into, 0);
        return 0;
}

static void check_text(const struct clew_term_asked *asked, struct clew_slice text,
                       struct clew_slice needle)
{
        uint64_t word = 0;
        struct clew_index_set set = {&word, 1};
        struct clew_error err = {0};
        int r = clew_terms_of_text(asked, needle, &set, &err);

        CLEW_ASSERT(r == 0 || r == 1);
        if (r == 1 && word == 0)
                CLEW_ASSERT(!clew_text_holds(text, needle, false) &&
                            !clew_text_holds(text, needle, true));
}

static void check_pattern(const struct clew_term_asked *asked, struct clew_slice text,
                          struct clew_slice pattern)
{
        uint64_t word = 0;
        struct clew_index_set set = {&word, 1};
        struct clew_error err = {0};
        struct clew_regex *regex;
        char message[200];
        size_t offset;
        int r;

        if (clew_regex_new(pattern, &regex, &offset, message, sizeof(message)) < 0)
                return;
        r = clew_terms_of_regex(asked, regex, &set, &err);
        CLEW_ASSERT(r == 0 || r == 1);
        if (r == 1 && word == 0)
                CLEW_ASSERT(clew_regex_match(regex, text) != 1);
        clew_regex_free(regex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct keys keys;
        const struct clew_term_taker taker = {add, add_words, &keys};
        const struct clew_term_asked asked = {find, walk, posting, &keys, false};
        const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
        struct clew_slice first = clew_slice_make(data, line ? (size_t)(line - data) : size);
        struct clew_slice text = line ? clew_slice_from(clew_slice_make(data, size), first.len + 1)
                                      : CLEW_SLICE_NULL;

        if (text.len > TEXT_MAX || first.len > TEXT_MAX)
                return 0;
        keys.n = 0;
        clew_arena_init(&keys.arena, (size_t)64 << 20);
        if (clew_term_take(text, &taker) == 0) {
                if (first.len > 0)
                        check_text(&asked, text, first);
                check_pattern(&asked, text, first);
                for (size_t i = 0; i + 1 < first.len && i < 2 * CUTS_MAX; i += 2) {
                        size_t from = text.len ? first.data[i] * 16u % text.len : 0;
                        size_t len = first.data[i + 1] % 64;

                        if (from + len <= text.len && len > 0)
                                check_text(&asked, text, clew_slice_make(text.data + from, len));
                }
        }
        clew_arena_deinit(&keys.arena);
        return 0;
}
