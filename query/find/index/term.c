/*
 * See term-int.h: classes and runs of a text.
 */
#include "query/find/index/term-int.h"

#include "proto/base/utf8.h"
#include "query/find/text.h"

#include <errno.h>
#include <string.h>

/* ---- signs ------------------------------------------------------------------------------------
 */

/* Bytes of a folded piece: four for each sign, the longest one once more, and what may be read
 * behind the last one. */
#define RUN_BYTES_MAX (CLEW_UTF8_BYTES_MAX * (CLEW_TERM_RUN_SIGNS + 1) + 8)

struct range {
        uint32_t from;
        uint32_t to;
        enum clew_term_class is;
};

/* Ascending. What is not here separates. Kept apart from what the system's library thinks: terms
 * that are stored must not change with it. */
static const struct range ranges[] = {
        {0xaa, 0xaa, CLEW_TERM_LETTER},       {0xb5, 0xb5, CLEW_TERM_LETTER},
        {0xba, 0xba, CLEW_TERM_LETTER},       {0xc0, 0xd6, CLEW_TERM_LETTER},
        {0xd8, 0xf6, CLEW_TERM_LETTER},       {0xf8, 0x2c1, CLEW_TERM_LETTER},
        {0x300, 0x373, CLEW_TERM_LETTER},     {0x376, 0x37d, CLEW_TERM_LETTER},
        {0x37f, 0x383, CLEW_TERM_LETTER},     {0x386, 0x386, CLEW_TERM_LETTER},
        {0x388, 0x559, CLEW_TERM_LETTER},     {0x560, 0x588, CLEW_TERM_LETTER},
        {0x591, 0x5bd, CLEW_TERM_LETTER},     {0x5bf, 0x5bf, CLEW_TERM_LETTER},
        {0x5c1, 0x5c2, CLEW_TERM_LETTER},     {0x5c4, 0x5f2, CLEW_TERM_LETTER},
        {0x610, 0x61a, CLEW_TERM_LETTER},     {0x620, 0x669, CLEW_TERM_LETTER},
        {0x66e, 0x6d3, CLEW_TERM_LETTER},     {0x6d5, 0x6ff, CLEW_TERM_LETTER},
        {0x710, 0x963, CLEW_TERM_LETTER},     {0x966, 0xdff, CLEW_TERM_LETTER},
        {0xe00, 0x109f, CLEW_TERM_TRIPLES},   {0x10a0, 0x10fa, CLEW_TERM_LETTER},
        {0x10fc, 0x135f, CLEW_TERM_LETTER},   {0x1369, 0x166c, CLEW_TERM_LETTER},
        {0x166f, 0x177f, CLEW_TERM_LETTER},   {0x1780, 0x17ff, CLEW_TERM_TRIPLES},
        {0x1810, 0x1fff, CLEW_TERM_LETTER},   {0x2071, 0x2071, CLEW_TERM_LETTER},
        {0x207f, 0x207f, CLEW_TERM_LETTER},   {0x2090, 0x209c, CLEW_TERM_LETTER},
        {0x2c00, 0x2dff, CLEW_TERM_LETTER},   {0x2e80, 0x2fdf, CLEW_TERM_PAIRS},
        {0x3005, 0x3007, CLEW_TERM_PAIRS},    {0x3021, 0x3029, CLEW_TERM_PAIRS},
        {0x3031, 0x3035, CLEW_TERM_PAIRS},    {0x3041, 0x309f, CLEW_TERM_PAIRS},
        {0x30a1, 0x30fa, CLEW_TERM_PAIRS},    {0x30fc, 0x318f, CLEW_TERM_PAIRS},
        {0x31a0, 0x31bf, CLEW_TERM_PAIRS},    {0x31f0, 0x31ff, CLEW_TERM_PAIRS},
        {0x3400, 0x4dbf, CLEW_TERM_PAIRS},    {0x4e00, 0x9fff, CLEW_TERM_PAIRS},
        {0xa000, 0xa48c, CLEW_TERM_PAIRS},    {0xa4d0, 0xd7ff, CLEW_TERM_LETTER},
        {0xf900, 0xfaff, CLEW_TERM_PAIRS},    {0xfb00, 0xfd3d, CLEW_TERM_LETTER},
        {0xfd50, 0xfdfb, CLEW_TERM_LETTER},   {0xfe70, 0xfefc, CLEW_TERM_LETTER},
        {0xff21, 0xff3a, CLEW_TERM_LETTER},   {0xff41, 0xff5a, CLEW_TERM_LETTER},
        {0xff66, 0xff9f, CLEW_TERM_PAIRS},    {0xffa0, 0xffdc, CLEW_TERM_LETTER},
        {0x10000, 0x1afff, CLEW_TERM_LETTER}, {0x1b000, 0x1b2ff, CLEW_TERM_PAIRS},
        {0x1d400, 0x1d7cb, CLEW_TERM_LETTER}, {0x1e000, 0x1efff, CLEW_TERM_LETTER},
        {0x20000, 0x3ffff, CLEW_TERM_PAIRS},
};

/* Of a byte below 0x80. */
static enum clew_term_class class_of_ascii(uint8_t c)
{
        if ((uint8_t)((c | 0x20) - 'a') < 26)
                return CLEW_TERM_LETTER;
        return (uint8_t)(c - '0') < 10 ? CLEW_TERM_DIGIT : CLEW_TERM_SEPARATES;
}

static enum clew_term_class class_of(uint32_t c)
{
        size_t low = 0;
        size_t high = CLEW_ARRAY_LEN(ranges);

        if (c < 0x80)
                return class_of_ascii((uint8_t)c);
        while (low < high) {
                size_t middle = (low + high) / 2;

                if (c > ranges[middle].to)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < CLEW_ARRAY_LEN(ranges) && c >= ranges[low].from ? ranges[low].is
                                                                     : CLEW_TERM_SEPARATES;
}

/* Signs that a pattern without case takes for each other and that have no common small letter:
 * they become one. Ascending. */
static const struct same {
        uint32_t sign;
        uint32_t as;
} sames[] = {
        {0xb5, 0x3bc},   {0x345, 0x3b9},  {0x3d0, 0x3b2},  {0x3d1, 0x3b8},   {0x3d5, 0x3c6},
        {0x3d6, 0x3c0},  {0x3f0, 0x3ba},  {0x3f1, 0x3c1},  {0x3f4, 0x3b8},   {0x3f5, 0x3b5},
        {0x1c80, 0x432}, {0x1c81, 0x434}, {0x1c82, 0x43e}, {0x1c83, 0x441},  {0x1c84, 0x442},
        {0x1c85, 0x442}, {0x1c86, 0x44a}, {0x1c87, 0x463}, {0x1c88, 0xa64b}, {0x1e9b, 0x1e61},
        {0x1e9e, 0xdf},  {0x1fbe, 0x3b9}, {0x2126, 0x3c9}, {0x212a, 'k'},    {0x212b, 0xe5},
};

#define SAME_MAX 0x212bu

static uint32_t fold(uint32_t c)
{
        if (c < 0x80)
                return c >= 'A' && c <= 'Z' ? c + 32 : c;
        for (size_t i = 0; c <= SAME_MAX && i < CLEW_ARRAY_LEN(sames) && sames[i].sign <= c; i++) {
                if (sames[i].sign == c)
                        return sames[i].as;
        }
        return clew_text_fold_sign(c);
}

/* What a sign above 0x7f becomes. The signs of a text are few and come again, and to find out takes
 * longer than all else that is done with one. */
struct met_sign {
        uint32_t sign; /* 0 = none yet */
        uint8_t is;    /* enum clew_term_class, of what it is folded to */
        uint8_t len;
        uint8_t utf8[CLEW_UTF8_BYTES_MAX]; /* what it is folded to */
};

/* By the lowest bits of a sign: some scripts at a time. A power of two. */
#define MET_SIGNS 1024u

static _Thread_local struct met_sign met_signs[MET_SIGNS];

static const struct met_sign *meet(uint32_t sign)
{
        struct met_sign *m = &met_signs[sign & (MET_SIGNS - 1)];

        if (m->sign != sign) {
                uint32_t folded = fold(sign);

                m->sign = sign;
                m->is = (uint8_t)class_of(folded);
                m->len = (uint8_t)clew_utf8_encode(folded, m->utf8);
        }
        return m;
}

/* ---- runs -------------------------------------------------------------------------------------
 */

struct cutter {
        int (*fn)(void *context, const struct clew_term_run *run);
        void *context;
        struct clew_term_run run;
        unsigned seen; /* classes of its signs, a bit for each */
        uint8_t bytes[RUN_BYTES_MAX];
};

static bool is_dense(enum clew_term_class is)
{
        return is == CLEW_TERM_PAIRS || is == CLEW_TERM_TRIPLES;
}

/* The run is what there is of it. */
static int tell(struct cutter *c)
{
        struct clew_term_run *r = &c->run;

        if (r->n == 0)
                return 0;
        r->letters = c->seen == 1u << CLEW_TERM_LETTER;
        r->digits = c->seen == 1u << CLEW_TERM_DIGIT;
        r->dense = is_dense((enum clew_term_class)r->is[0]);
        r->bytes = c->bytes;
        return c->fn(c->context, r);
}

static void begin_run(struct cutter *c, bool open)
{
        c->seen = 0;
        c->run.n = 0;
        c->run.at[0] = 0;
        c->run.piece = false;
        c->run.open_left = open;
        c->run.open_right = false;
}

/* The end of one run; what comes next may be the rest of something when @open. */
static int end_run(struct cutter *c, bool open)
{
        int r;

        c->run.open_right = open;
        r = tell(c);
        begin_run(c, open);
        return r;
}

/* The piece is full: its last signs begin the next one. */
static int next_piece(struct cutter *c)
{
        struct clew_term_run *run = &c->run;
        uint32_t keep = run->n - CLEW_TERM_OVERLAP;
        uint16_t from = run->at[keep];
        int r;

        run->piece = true;
        run->open_right = true;
        r = tell(c);
        memmove(c->bytes, c->bytes + from, (size_t)(run->at[run->n] - from));
        c->seen = 0;
        for (uint32_t i = 0; i <= CLEW_TERM_OVERLAP; i++) {
                run->at[i] = (uint16_t)(run->at[keep + i] - from);
                if (i == CLEW_TERM_OVERLAP)
                        break;
                run->is[i] = run->is[keep + i];
                c->seen |= 1u << run->is[i];
        }
        run->n = CLEW_TERM_OVERLAP;
        run->open_left = true;
        run->open_right = false;
        return r;
}

static int add_sign(struct cutter *c, const struct met_sign *sign)
{
        struct clew_term_run *run = &c->run;
        enum clew_term_class is = (enum clew_term_class)sign->is;
        int r = 0;

        if (run->n > 0 && is_dense((enum clew_term_class)run->is[0]) != is_dense(is))
                r = end_run(c, false);
        if (r == 0 && run->n == CLEW_TERM_RUN_SIGNS)
                r = next_piece(c);
        /* There is room for the longest one, and what is too much is written over. */
        memcpy(c->bytes + run->at[run->n], sign->utf8, sizeof(sign->utf8));
        run->is[run->n] = sign->is;
        c->seen |= 1u << is;
        run->n++;
        run->at[run->n] = (uint16_t)(run->at[run->n - 1] + sign->len);
        return r;
}

/* Letters and digits below 0x80, of which most texts are, as far as they go. */
static int add_ascii(struct cutter *c, struct clew_slice *text)
{
        struct clew_term_run *run = &c->run;
        int r = 0;

        if (run->n > 0 && is_dense((enum clew_term_class)run->is[0]))
                r = end_run(c, false);
        while (r == 0 && text->len > 0) {
                const uint8_t *at = text->data;
                const uint8_t *end = at + text->len;
                enum clew_term_class is = CLEW_TERM_SEPARATES;
                uint32_t n = run->n;
                uint16_t bytes = run->at[n];

                for (; at < end && n < CLEW_TERM_RUN_SIGNS; at++) {
                        is = *at < 0x80 ? class_of_ascii(*at) : CLEW_TERM_SEPARATES;
                        if (is == CLEW_TERM_SEPARATES)
                                break;
                        /* Digits have that bit already. */
                        c->bytes[bytes++] = *at | 0x20;
                        run->is[n++] = (uint8_t)is;
                        run->at[n] = bytes;
                        c->seen |= 1u << is;
                }
                run->n = n;
                *text = clew_slice_from(*text, (size_t)(at - text->data));
                if (n < CLEW_TERM_RUN_SIGNS || text->len == 0 || text->data[0] >= 0x80 ||
                    class_of_ascii(text->data[0]) == CLEW_TERM_SEPARATES)
                        return 0;
                r = next_piece(c);
        }
        return r;
}

static struct clew_slice pass_separators(struct clew_slice text)
{
        size_t n = 0;

        while (n < text.len && text.data[n] < 0x80 &&
               class_of_ascii(text.data[n]) == CLEW_TERM_SEPARATES)
                n++;
        return clew_slice_from(text, n);
}

/* As clew_utf8_next(); most signs above 0x7f that come in long rows have three bytes. */
static inline uint32_t next_sign(struct clew_slice *text, bool *ret_valid)
{
        const uint8_t *p = text->data;

        if (text->len < 3 || p[0] <= 0xe0 || p[0] >= 0xf0 || p[0] == 0xed ||
            (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
                return clew_utf8_next(text, ret_valid);
        *text = clew_slice_make(p + 3, text->len - 3);
        *ret_valid = true;
        return (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
}

int clew_term_runs(struct clew_slice text,
                   int (*fn)(void *context, const struct clew_term_run *run), void *context)
{
        struct cutter c;
        int r = 0;

        c.fn = fn;
        c.context = context;
        begin_run(&c, true);
        while (r == 0 && text.len > 0) {
                bool valid = true;
                uint32_t sign = text.data[0];
                const struct met_sign *met;

                if (sign < 0x80 && class_of_ascii((uint8_t)sign) != CLEW_TERM_SEPARATES) {
                        r = add_ascii(&c, &text);
                        continue;
                }
                if (sign < 0x80) {
                        if (c.run.n > 0 || c.run.open_left)
                                r = end_run(&c, false);
                        text = pass_separators(text);
                        continue;
                }
                met = meet(next_sign(&text, &valid));
                /* Bytes that are no sign may be a part of one. */
                r = !valid || met->is == CLEW_TERM_SEPARATES ? end_run(&c, !valid)
                                                             : add_sign(&c, met);
        }
        return r == 0 ? end_run(&c, true) : r;
}

unsigned clew_term_gram_signs(const struct clew_term_run *run, uint32_t i)
{
        if (run->dense)
                return run->is[i] == CLEW_TERM_PAIRS ? 2 : 3;
        return run->digits && !run->piece ? 4 : 3;
}
