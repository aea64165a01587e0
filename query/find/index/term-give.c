/*
 * The terms of a trace, for its index.
 *
 * Agents send the whole history with every call, so most of what a trace holds stood in it before.
 * Three things keep that from being cut again: a text that begins as the one before it under the
 * same key did is taken up at its first difference; texts fall into stretches that end at a space,
 * chosen by what stands before it, so that the same passage falls into the same stretches wherever
 * it stands; and a stretch that was met is passed over: in this trace, or in one before it that is
 * sealed into the same segment, whose terms of it this one then has. No term and no escape holds a
 * space, so nothing is lost at the ends.
 */
#include "query/find/index/term-int.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/find/index/masks-int.h"
#include "query/find/language/fields-int.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Keys whose last text is remembered: a power of two. */
#define LASTS 256u
/* Shorter texts are not compared with the one before, and not cut. */
#define STRETCH_BYTES_MIN 64u
/* A quoted text that is a stretch of its own. */
#define QUOTED_BYTES_MIN 24u
/* One space in so many ends a stretch. */
#define STRETCH_SPACES 8u

struct last {
        struct clew_slice key;
        struct clew_slice text;
};

struct giver {
        struct clew_index_sink *sink;
        struct clew_term_taker taker;
        bool failed;
        uint64_t known[LASTS / 64]; /* which of the next there are */
        struct last lasts[LASTS];   /* not cleared: most traces have few */
};

static void take_stretch(struct giver *g, struct clew_slice stretch)
{
        int r;

        if (clew_index_again(g->sink, stretch, CLEW_INDEX_WORD) >= 0)
                return;
        r = clew_term_take(stretch, &g->taker);
        clew_index_again_end(g->sink, r == 0);
        g->failed |= r < 0;
}

/* Whether the space at @at ends a stretch: what stands before it says so. */
static bool ends_stretch(const uint8_t *begin, const uint8_t *at)
{
        uint32_t before;

        if (at - begin < (ptrdiff_t)sizeof(before))
                return false;
        memcpy(&before, at - sizeof(before), sizeof(before));
        return ((before * 2654435761u) >> 16) % STRETCH_SPACES == 0;
}

/* Where the stretch from @begin on ends by the quote at @at: a value begins behind it, or the text
 * before it is over, and with it the backslashes that belong to the quote. NULL: it does not. */
static const uint8_t *end_at_quote(const uint8_t *begin, const uint8_t *at)
{
        const uint8_t *before = at;
        const uint8_t *name;

        while (before > begin && before[-1] == '\\')
                before--;
        for (name = before; name > begin && name[-1] == ' ';)
                name--;
        if (name > begin && name[-1] == ':')
                return at + 1;
        return before - begin >= (ptrdiff_t)QUOTED_BYTES_MIN ? before : NULL;
}

/* Where the stretch from @begin on ends by the space or quote at @at; NULL: it does not. */
static const uint8_t *end_at(const uint8_t *begin, const uint8_t *at)
{
        if (*at == '"')
                return end_at_quote(begin, at);
        return ends_stretch(begin, at) ? at + 1 : NULL;
}

static void take_text(struct giver *g, struct clew_slice text)
{
        const uint8_t *begin = text.data;
        const uint8_t *end = text.data + text.len;

        for (const uint8_t *at = begin; at < end; at += CLEW_MASK_BYTES) {
                size_t left = (size_t)(end - at);
                struct clew_masks m =
                        clew_masks_of(at, left < CLEW_MASK_BYTES ? left : CLEW_MASK_BYTES);

                for (uint64_t marks = m.spaces | m.quotes; marks != 0; marks &= marks - 1) {
                        const uint8_t *to = end_at(begin, at + __builtin_ctzll(marks));

                        if (!to)
                                continue;
                        take_stretch(g, clew_slice_make(begin, (size_t)(to - begin)));
                        begin = to;
                }
        }
        if (begin < end)
                take_stretch(g, clew_slice_make(begin, (size_t)(end - begin)));
}

/* How much of @b is as in @a, up to behind a space. */
static size_t same_bytes(struct clew_slice a, struct clew_slice b)
{
        size_t most = a.len < b.len ? a.len : b.len;
        size_t n = 0;

        while (n + 64 <= most && memcmp(a.data + n, b.data + n, 64) == 0)
                n += 64;
        while (n < most && a.data[n] == b.data[n])
                n++;
        while (n > 0 && b.data[n - 1] != ' ')
                n--;
        return n;
}

/* A short text is one stretch: most of them are names and values that come again as they are. */
static int on_text(void *context, struct clew_slice place, struct clew_slice text)
{
        struct giver *g = context;
        uint32_t at;
        struct last *last;
        uint64_t *known;

        if (text.len < STRETCH_BYTES_MIN) {
                if (text.len > 0)
                        take_stretch(g, text);
                return 0;
        }
        at = (uint32_t)clew_hash(place) & (LASTS - 1);
        last = &g->lasts[at];
        known = &g->known[at / 64];
        if ((*known >> at % 64 & 1) != 0 && clew_slice_eq(last->key, place))
                take_text(g, clew_slice_from(text, same_bytes(last->text, text)));
        else
                take_text(g, text);
        *last = (struct last){place, text};
        *known |= UINT64_C(1) << at % 64;
        return 0;
}

static void add_term(void *context, enum clew_index_kind kind, struct clew_slice key)
{
        clew_index_add(context, kind, key);
}

static void add_words(void *context, const struct clew_index_word *words, uint32_t n)
{
        clew_index_add_words(context, words, n);
}

void clew_terms_give(const struct clew_trace *trace, struct clew_index_sink *sink)
{
        struct giver *g = clew_malloc(sizeof(*g));

        if (!g) {
                clew_index_add(sink, CLEW_INDEX_GRAM, CLEW_TERM_ANY);
                return;
        }
        g->sink = sink;
        g->failed = false;
        memset(g->known, 0, sizeof(g->known));
        g->taker = (struct clew_term_taker){add_term, add_words, sink};
        (void)clew_texts_of_trace(trace, on_text, g);
        if (g->failed)
                clew_index_add(sink, CLEW_INDEX_GRAM, CLEW_TERM_ANY);
        clew_free(g);
}
