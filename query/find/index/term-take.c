/*
 * See term-int.h: the terms of a text.
 *
 * Most texts are letters and digits below 0x80 between separators: such runs are found by masks of
 * 64 bytes, and are keys of at most eight bytes, which are gathered and given many at a time. All
 * else is cut by clew_term_runs().
 */
#include "query/find/index/term-int.h"

#include "proto/base/utf8.h"
#include "query/find/index/masks-int.h"
#include "query/find/text.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* ---- keys that are given ----------------------------------------------------------------------
 */

#define WORDS 64u

struct giver {
        const struct clew_term_taker *taker;
        uint32_t n;
        struct clew_index_word words[WORDS];
};

static void give_words(struct giver *g)
{
        if (g->n > 0)
                g->taker->add_words(g->taker->context, g->words, g->n);
        g->n = 0;
}

/* The first @len bytes of @bytes, which may hold more. */
static inline void give_word(struct giver *g, enum clew_index_kind kind, uint64_t bytes, size_t len)
{
        if (g->n == WORDS)
                give_words(g);
        g->words[g->n++] = (struct clew_index_word){
                .bytes = bytes & UINT64_MAX >> 8 * (8 - len),
                .len = (uint32_t)len,
                .kind = kind,
        };
}

static uint64_t load_8(const uint8_t *at)
{
        uint64_t word;

        memcpy(&word, at, sizeof(word));
        return le64toh(word);
}

/* ---- runs of any signs ------------------------------------------------------------------------
 */

/* @run->bytes can be read for eight bytes from each sign on. */
static void give_gram(struct giver *g, const struct clew_term_run *run, char what, uint32_t from,
                      unsigned signs)
{
        uint8_t key[1 + CLEW_UTF8_BYTES_MAX * 4];
        size_t len = (size_t)(run->at[from + signs] - run->at[from]);

        if (len < 8) {
                give_word(g, CLEW_INDEX_GRAM,
                          load_8(run->bytes + run->at[from]) << 8 | (uint8_t)what, len + 1);
                return;
        }
        key[0] = (uint8_t)what;
        memcpy(key + 1, run->bytes + run->at[from], len);
        g->taker->add(g->taker->context, CLEW_INDEX_GRAM, clew_slice_make(key, len + 1));
}

/* From each second sign on, and the last three: half of them find as well (term-choose.c). */
static void give_mixed(struct giver *g, const struct clew_term_run *run)
{
        for (uint32_t i = 0; i + 3 <= run->n; i += 2)
                give_gram(g, run, CLEW_TERM_MIXED, i, 3);
        if (run->n > 3 && run->n % 2 == 0)
                give_gram(g, run, CLEW_TERM_MIXED, run->n - 3, 3);
}

static void give_grams(struct giver *g, const struct clew_term_run *run)
{
        char what = run->dense ? CLEW_TERM_DENSE : run->digits ? CLEW_TERM_DIGITS : CLEW_TERM_MIXED;

        if (run->piece && !run->dense)
                what = CLEW_TERM_MIXED;
        if (what == CLEW_TERM_MIXED) {
                give_mixed(g, run);
        } else {
                for (uint32_t i = 0; i < run->n; i++) {
                        unsigned signs = clew_term_gram_signs(run, i);

                        if (i + signs <= run->n)
                                give_gram(g, run, what, i, signs);
                }
        }
        /* Of a long run nobody knows whether it is of digits alone. */
        for (uint32_t i = 0; run->piece && run->digits && i + 4 <= run->n; i++)
                give_gram(g, run, CLEW_TERM_DIGITS, i, 4);
}

static int give_run(void *context, const struct clew_term_run *run)
{
        struct giver *g = context;
        struct clew_slice word;

        if (!run->letters || run->piece || run->n > CLEW_TERM_WORD_SIGNS) {
                give_grams(g, run);
                return 0;
        }
        word = clew_slice_make(run->bytes, run->at[run->n]);
        if (word.len <= 8)
                give_word(g, CLEW_INDEX_WORD, load_8(word.data), word.len);
        else
                g->taker->add(g->taker->context, CLEW_INDEX_WORD, word);
        return 0;
}

/* ---- runs of letters and digits below 0x80 ----------------------------------------------------
 */

/* @n bytes in small letters; digits have that bit already. @to has room for eight more. The text
 * goes to @end. */
static void fold_plain(uint8_t *to, const uint8_t *from, size_t n, const uint8_t *end)
{
        for (size_t i = 0; i < n; i += 8) {
                uint64_t word = 0;

                if (end - (from + i) >= 8)
                        memcpy(&word, from + i, sizeof(word));
                else
                        memcpy(&word, from + i, (size_t)(end - (from + i)));
                word |= UINT64_C(0x2020202020202020);
                memcpy(to + i, &word, sizeof(word));
        }
}

static void give_plain_grams(struct giver *g, const uint8_t *folded, size_t n, bool digits)
{
        if (digits) {
                for (size_t i = 0; i + 4 <= n; i++)
                        give_word(g, CLEW_INDEX_GRAM, load_8(folded + i) << 8 | CLEW_TERM_DIGITS,
                                  5);
                return;
        }
        for (size_t i = 0; i + 3 <= n; i += 2)
                give_word(g, CLEW_INDEX_GRAM, load_8(folded + i) << 8 | CLEW_TERM_MIXED, 4);
        if (n > 3 && n % 2 == 0)
                give_word(g, CLEW_INDEX_GRAM, load_8(folded + n - 3) << 8 | CLEW_TERM_MIXED, 4);
}

/* A run of at most CLEW_TERM_RUN_SIGNS, as give_run() gives it. */
static void give_plain(struct giver *g, const uint8_t *from, size_t n, bool letters, bool digits,
                       const uint8_t *end)
{
        uint8_t folded[CLEW_TERM_RUN_SIGNS + 16];

        if (letters && n <= 8 && end - from >= 8) { /* most: what is behind them is cut off */
                give_word(g, CLEW_INDEX_WORD, load_8(from) | UINT64_C(0x2020202020202020), n);
                return;
        }
        memset(folded + (n & ~(size_t)7), 0, 16); /* what grams at the end look at */
        fold_plain(folded, from, n, end);
        if (!letters || n > CLEW_TERM_WORD_SIGNS)
                give_plain_grams(g, folded, n, digits);
        else if (n <= 8)
                give_word(g, CLEW_INDEX_WORD, load_8(folded), n);
        else
                g->taker->add(g->taker->context, CLEW_INDEX_WORD, clew_slice_make(folded, n));
}

/* A run that is longer than a mask, from @at on; where it ends. */
static const uint8_t *give_long(struct giver *g, const uint8_t *at, const uint8_t *end)
{
        const uint8_t *from = at;
        struct clew_masks seen = {0};
        struct clew_masks one;

        do {
                one = (struct clew_masks){0};
                clew_masks_add_byte(&one, *at, 0);
                seen.letters |= one.letters;
                seen.digits |= one.digits;
                seen.high |= one.high;
        } while ((one.letters | one.digits | one.high) != 0 && ++at < end);
        if (seen.high == 0 && at - from <= (ptrdiff_t)CLEW_TERM_RUN_SIGNS)
                give_plain(g, from, (size_t)(at - from), seen.digits == 0, seen.letters == 0, end);
        else
                (void)clew_term_runs(clew_slice_make(from, (size_t)(at - from)), give_run, g);
        return at;
}

/* The runs of the @n bytes from @at on, at most a mask; how far, which is less when the last one
 * goes on. */
static const uint8_t *give_block(struct giver *g, const uint8_t *at, size_t n, const uint8_t *end)
{
        struct clew_masks m = clew_masks_of(at, n);
        uint64_t in = m.letters | m.digits | m.high;

        while (in != 0) {
                unsigned from = (unsigned)__builtin_ctzll(in);
                uint64_t out = ~(in >> from);
                unsigned len = out ? (unsigned)__builtin_ctzll(out) : CLEW_MASK_BYTES;
                uint64_t run = UINT64_MAX >> (64 - len) << from;

                if (from + len == n && at + n < end)
                        return from > 0 ? at + from : give_long(g, at, end);
                if ((m.high & run) != 0)
                        (void)clew_term_runs(clew_slice_make(at + from, len), give_run, g);
                else
                        give_plain(g, at + from, len, (m.digits & run) == 0, (m.letters & run) == 0,
                                   end);
                in &= ~run;
        }
        return at + n;
}

static void give_runs(struct clew_slice text, struct giver *g)
{
        const uint8_t *at = text.data;
        const uint8_t *end;

        if (text.len == 0)
                return; /* perhaps there are no bytes at all */
        end = at + text.len;
        while (at < end) {
                size_t n = (size_t)(end - at);

                at = give_block(g, at, n < CLEW_MASK_BYTES ? n : CLEW_MASK_BYTES, end);
        }
}

/* ---- layers -----------------------------------------------------------------------------------
 */

/* What of @text stands between spaces with an escape in it. The rest reads the same in the next
 * layer: no escape holds a space, and no term either. */
static void take_escaped(struct clew_slice text, struct clew_buffer *out)
{
        const uint8_t *at = text.data;
        const uint8_t *end = text.data + text.len;

        clew_buffer_clear(out);
        while (at < end) {
                const uint8_t *escape = memchr(at, '\\', (size_t)(end - at));
                const uint8_t *from;
                const uint8_t *to;

                if (!escape)
                        return;
                from = memrchr(at, ' ', (size_t)(escape - at));
                from = from ? from : at;
                to = memchr(escape, ' ', (size_t)(end - escape));
                to = to ? to : end;
                clew_buffer_append(out, from, (size_t)(to - from));
                at = to;
        }
}

/* What @text says behind its escapes, layer by layer. */
static int take_layers(struct clew_slice text, struct giver *by)
{
        CLEW_BUFFER escaped = {0};
        CLEW_BUFFER plain = {0};

        clew_buffer_init(&escaped, text.len + 16);
        clew_buffer_init(&plain, text.len + 16);
        for (unsigned i = 0; i < CLEW_TEXT_LAYERS_MAX; i++) {
                take_escaped(text, &escaped);
                clew_buffer_clear(&plain);
                if (escaped.len == 0 || !clew_text_unescape(&plain, clew_buffer_slice(&escaped)))
                        break;
                if (clew_buffer_error(&plain) < 0 || clew_buffer_error(&escaped) < 0)
                        return -ENOMEM;
                text = clew_buffer_slice(&plain);
                give_runs(text, by);
        }
        return 0;
}

int clew_term_take(struct clew_slice text, const struct clew_term_taker *taker)
{
        struct giver g;
        int r = 0;

        g.taker = taker;
        g.n = 0;
        give_runs(text, &g);
        if (text.len > 0 && memchr(text.data, '\\', text.len))
                r = take_layers(text, &g);
        give_words(&g);
        return r;
}
