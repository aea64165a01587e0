/*
 * See posting-int.h.
 */
#include "storage/index/posting-int.h"

#include "proto/base/cursor.h"

#include <errno.h>
#include <string.h>

/* ---- sets ------------------------------------------------------------------------------------ */

/* Bits behind the last ordinal stay zero. */
static void cut_tail(struct clew_index_set *s)
{
        if (s->n % 64 != 0)
                s->words[s->n / 64] &= (UINT64_C(1) << s->n % 64) - 1;
}

void clew_index_set_fill(struct clew_index_set *s)
{
        memset(s->words, 0xff, clew_index_set_words(s) * sizeof(*s->words));
        cut_tail(s);
}

void clew_index_set_invert(struct clew_index_set *s)
{
        uint32_t n = clew_index_set_words(s);

        for (uint32_t i = 0; i < n; i++)
                s->words[i] = ~s->words[i];
        cut_tail(s);
}

void clew_index_set_or(struct clew_index_set *s, const struct clew_index_set *other)
{
        uint32_t n = clew_index_set_words(s);

        for (uint32_t i = 0; i < n; i++)
                s->words[i] |= other->words[i];
}

void clew_index_set_and(struct clew_index_set *s, const struct clew_index_set *other)
{
        uint32_t n = clew_index_set_words(s);

        for (uint32_t i = 0; i < n; i++)
                s->words[i] &= other->words[i];
}

uint32_t clew_index_set_count(const struct clew_index_set *s)
{
        uint32_t n = clew_index_set_words(s);
        uint32_t count = 0;

        for (uint32_t i = 0; i < n; i++)
                count += (uint32_t)__builtin_popcountll(s->words[i]);
        return count;
}

uint32_t clew_index_set_next(const struct clew_index_set *s, uint32_t from)
{
        uint32_t n = clew_index_set_words(s);
        uint64_t word;
        uint32_t i = from / 64;

        if (from >= s->n)
                return s->n;
        word = s->words[i] & UINT64_MAX << from % 64;
        while (word == 0 && ++i < n)
                word = s->words[i];
        return word == 0 ? s->n : i * 64 + (uint32_t)__builtin_ctzll(word);
}

/* Ordinals that are sorted by inserting; more go through a set of bits. */
#define INSERTED_MAX 24u

void clew_ordinals_sort(uint32_t *ordinals, uint32_t n, struct clew_index_set *bits)
{
        uint32_t k = 0;

        if (n <= INSERTED_MAX) {
                for (uint32_t i = 1; i < n; i++) {
                        uint32_t v = ordinals[i];
                        uint32_t at = i;

                        for (; at > 0 && ordinals[at - 1] > v; at--)
                                ordinals[at] = ordinals[at - 1];
                        ordinals[at] = v;
                }
                return;
        }
        for (uint32_t i = 0; i < n; i++)
                clew_index_set_add(bits, ordinals[i]);
        for (uint32_t w = 0; k < n; w++) {
                for (uint64_t word = bits->words[w]; word != 0; word &= word - 1)
                        ordinals[k++] = w * 64 + (uint32_t)__builtin_ctzll(word);
                bits->words[w] = 0;
        }
}

/* ---- encoding -------------------------------------------------------------------------------- */

static size_t varint_bytes(uint64_t v)
{
        size_t n = 1;

        while (v >= 0x80) {
                v >>= 7;
                n++;
        }
        return n;
}

/* Bytes that the forms take, heads apart; those of stretches are told by stretch_bytes(). */
struct sizes {
        size_t list;
        size_t words;
        uint32_t n_stretches;
        unsigned low; /* bits of a distance that stand as they are, in a list */
};

/* About the least bits for distances that are as if drawn by lot, whose mean is that of these. */
static unsigned low_bits(const uint32_t *o, uint32_t n)
{
        uint64_t sum = o[n - 1] - (n - 1); /* of all distances less one */
        uint64_t rounded = (2 * sum + n) / (2 * (uint64_t)n);

        return rounded == 0 ? 0 : 63 - (unsigned)__builtin_clzll(rounded);
}

static struct sizes measure(const uint32_t *o, uint32_t n)
{
        struct sizes s = {.n_stretches = 1, .low = low_bits(o, n)};
        size_t bits = (size_t)n * (s.low + 1) + (o[0] >> s.low);

        for (uint32_t i = 1; i < n; i++) {
                uint32_t gap = o[i] - o[i - 1] - 1;

                bits += gap >> s.low;
                s.n_stretches += gap != 0;
        }
        s.list = (bits + 7) / 8;
        s.words = 8u * (o[n - 1] / 64 - o[0] / 64 + 1) + 3;
        return s;
}

/* At least two for each. */
static size_t stretch_bytes(const uint32_t *o, uint32_t n)
{
        size_t bytes = 0;
        uint32_t first = o[0]; /* of the stretch at hand */
        uint32_t end = 0;      /* of the one before */

        for (uint32_t i = 1; i < n; i++) {
                if (o[i] != o[i - 1] + 1) {
                        bytes += varint_bytes(first - end) + varint_bytes(o[i - 1] - first);
                        end = o[i - 1] + 1;
                        first = o[i];
                }
        }
        return bytes + varint_bytes(first - end) + varint_bytes(o[n - 1] - first);
}

static void put_head(struct clew_buffer *out, uint64_t value, enum clew_posting_form form)
{
        clew_buffer_append_varint(out, value << 2 | form);
}

static void put_one(uint32_t ordinal, struct clew_buffer *out)
{
        uint32_t v = ordinal << 2 | CLEW_POSTING_ONE;

        do {
                clew_buffer_append_byte(out, (uint8_t)v);
                v >>= 8;
        } while (v != 0);
}

/* Appends whole bytes; what is left of the last one are its zero bits. */
static void put_list(const uint32_t *o, uint32_t n, const struct sizes *s, struct clew_buffer *out)
{
        uint8_t *to = clew_buffer_reserve(out, s->list + 1);
        uint8_t *at = to;
        uint32_t next = 0; /* the least that may follow */
        uint64_t word = 0;
        unsigned used = 0; /* bits of it, at most 7 where a distance begins */

        if (!to)
                return;
        *at++ = (uint8_t)(s->low << 2 | CLEW_POSTING_LIST);
        for (uint32_t i = 0; i < n; i++) {
                uint32_t distance = o[i] - next;
                uint64_t bits = (distance & ((UINT64_C(1) << s->low) - 1)) << 1 | 1;

                next = o[i] + 1;
                for (used += distance >> s->low; used >= 8; used -= 8) {
                        *at++ = (uint8_t)word;
                        word = 0;
                }
                word |= bits << used;
                for (used += s->low + 1; used >= 8; used -= 8) {
                        *at++ = (uint8_t)word;
                        word >>= 8;
                }
        }
        if (used > 0)
                *at++ = (uint8_t)word;
        clew_buffer_commit(out, (size_t)(at - to));
}

static void put_words(const uint32_t *o, uint32_t n, struct clew_buffer *out)
{
        uint32_t first = o[0] / 64;
        uint32_t n_words = o[n - 1] / 64 - first + 1;
        uint32_t i = 0;

        put_head(out, first, CLEW_POSTING_WORDS);
        clew_buffer_append_varint(out, n_words);
        for (uint32_t w = first; w < first + n_words; w++) {
                uint64_t word = 0;

                for (; i < n && o[i] / 64 == w; i++)
                        word |= UINT64_C(1) << o[i] % 64;
                clew_buffer_append_le64(out, word);
        }
}

static void put_stretches(const uint32_t *o, uint32_t n, uint32_t n_stretches,
                          struct clew_buffer *out)
{
        uint32_t first = o[0];
        uint32_t end = 0;

        put_head(out, n_stretches, CLEW_POSTING_RUNS);
        for (uint32_t i = 1; i <= n; i++) {
                if (i < n && o[i] == o[i - 1] + 1)
                        continue;
                clew_buffer_append_varint(out, first - end);
                clew_buffer_append_varint(out, o[i - 1] - first);
                end = o[i - 1] + 1;
                first = i < n ? o[i] : 0;
        }
}

void clew_posting_encode(const uint32_t *o, uint32_t n, struct clew_buffer *out)
{
        struct sizes s;
        size_t stretches;
        bool lists;

        if (n == 1) {
                put_one(o[0], out);
                return;
        }
        s = measure(o, n);
        lists = s.list + s.list / 8 < s.words;
        stretches = 2 * (size_t)s.n_stretches;
        if (lists ? stretches < s.list : stretches <= s.words) /* they may be the least */
                stretches = stretch_bytes(o, n);
        if (lists && s.list <= stretches) {
                put_list(o, n, &s, out);
        } else if (s.words < stretches) { /* read many times as fast as a list of many */
                put_words(o, n, out);
        } else {
                put_stretches(o, n, s.n_stretches, out);
        }
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Bits of a list, from the lowest of each byte on. */
struct bits {
        const uint8_t *at;
        const uint8_t *end;
        uint64_t word; /* those that are at hand, and zeros */
        unsigned n;
};

/* At least 56 bits are at hand, or all that are left. */
static void fill_bits(struct bits *b)
{
        for (; b->n <= 56 && b->at < b->end; b->n += 8)
                b->word |= (uint64_t)*b->at++ << b->n;
}

/* The next distance of a list: 1, 0 = there is none, -EBADMSG. */
static int next_distance(struct bits *b, unsigned low, uint64_t *ret)
{
        uint64_t high = 0;
        unsigned zeros;

        while (b->word == 0) {
                high += b->n;
                b->n = 0;
                if (b->at == b->end)
                        return high < 8 ? 0 : -EBADMSG; /* of the last byte */
                fill_bits(b);
        }
        zeros = (unsigned)__builtin_ctzll(b->word);
        b->word = b->word >> zeros >> 1;
        b->n -= zeros + 1;
        if (b->n < low)
                fill_bits(b);
        if (b->n < low)
                return -EBADMSG;
        *ret = (high + zeros) << low | (b->word & ((UINT64_C(1) << low) - 1));
        b->word >>= low;
        b->n -= low;
        return 1;
}

/* A list with at most @max ordinals below @limit: each into @ret. How many, or -EBADMSG. */
static int decode_list(struct clew_slice posting, uint32_t limit, uint32_t *ret, uint32_t max)
{
        struct bits b = {.at = posting.data + 1, .end = posting.data + posting.len};
        unsigned low = posting.data[0] >> 2;
        uint64_t next = 0;
        uint64_t distance;
        uint32_t n = 0;
        int e = low > CLEW_POSTING_LOW_MAX ? -EBADMSG : 1;

        while (e == 1 && (e = next_distance(&b, low, &distance)) == 1) {
                if (distance >= limit - next || n == max)
                        return -EBADMSG;
                ret[n++] = (uint32_t)(next + distance);
                next += distance + 1;
        }
        return e < 0 || n == 0 ? -EBADMSG : (int)n;
}

static int add_list(struct clew_slice posting, struct clew_index_set *into)
{
        struct bits b = {.at = posting.data + 1, .end = posting.data + posting.len};
        unsigned low = posting.data[0] >> 2;
        uint64_t next = 0;
        uint64_t distance;
        int e = low > CLEW_POSTING_LOW_MAX ? -EBADMSG : 1;

        while (e == 1 && (e = next_distance(&b, low, &distance)) == 1) {
                if (distance >= into->n - next)
                        return -EBADMSG;
                next += distance;
                into->words[next / 64] |= UINT64_C(1) << next % 64;
                next++;
        }
        return e < 0 || next == 0 ? -EBADMSG : 0;
}

/* What a posting of one ordinal says; UINT64_MAX: nothing. */
static uint64_t one_of(struct clew_slice posting)
{
        uint64_t v = 0;

        if (posting.len > CLEW_POSTING_ONE_BYTES_MAX)
                return UINT64_MAX;
        for (size_t i = 0; i < posting.len; i++)
                v |= (uint64_t)posting.data[i] << 8 * i;
        return v >> 2;
}

/* Stretches of ordinals; words are looked at by their readers. */
struct reader {
        struct clew_cursor c;
        enum clew_posting_form form;
        uint64_t left; /* stretches */
        uint64_t at;   /* behind the last ordinal given */
        uint64_t limit;
        bool started;
};

static struct reader reader_make(struct clew_slice posting, uint32_t limit)
{
        struct reader r = {.c = clew_cursor_make(posting), .limit = limit};
        uint64_t head = clew_cursor_varint(&r.c);

        r.form = (enum clew_posting_form)(head & 3);
        r.left = head >> 2;
        return r;
}

/* 1 = a stretch, 0 = end, -EBADMSG. */
static int next_stretch(struct reader *r, uint32_t *ret_first, uint32_t *ret_n)
{
        uint64_t gap;
        uint64_t more;

        if (r->left == 0)
                return clew_cursor_left(&r->c) == 0 && r->started ? 0 : -EBADMSG;
        gap = clew_cursor_varint(&r->c);
        more = clew_cursor_varint(&r->c);
        if (r->c.failed || gap >= r->limit - r->at || more >= r->limit - r->at - gap)
                return -EBADMSG;
        *ret_first = (uint32_t)(r->at + gap);
        *ret_n = (uint32_t)more + 1;
        r->at += gap + more + 1;
        r->left--;
        r->started = true;
        return 1;
}

static void add_stretch(struct clew_index_set *s, uint32_t first, uint32_t n)
{
        while (n > 0) {
                uint32_t bit = first % 64;
                uint32_t here = n < 64 - bit ? n : 64 - bit;
                uint64_t mask = here == 64 ? UINT64_MAX : (UINT64_C(1) << here) - 1;

                s->words[first / 64] |= mask << bit;
                first += here;
                n -= here;
        }
}

/* The words of a posting in that form: first one and their bytes. */
static int read_words(struct reader *r, uint32_t *ret_first, struct clew_slice *ret_bytes)
{
        uint64_t first = r->left;
        uint64_t n = clew_cursor_varint(&r->c);
        uint64_t all = (r->limit + 63) / 64;

        if (r->c.failed || n == 0 || first >= all || n > all - first ||
            clew_cursor_left(&r->c) != n * 8)
                return -EBADMSG;
        *ret_first = (uint32_t)first;
        *ret_bytes = clew_cursor_bytes(&r->c, n * 8);
        return 0;
}

static uint64_t word_at(struct clew_slice bytes, size_t i)
{
        struct clew_cursor c = clew_cursor_make(clew_slice_from(bytes, i * 8));

        return clew_cursor_le64(&c);
}

/* Whether the last word has bits behind the last ordinal. */
static bool is_over(uint32_t word_index, uint64_t word, uint64_t limit)
{
        return word_index == limit / 64 && word >> limit % 64 != 0;
}

static int add_words(struct reader *r, struct clew_index_set *into)
{
        struct clew_slice bytes;
        uint32_t first = 0;
        uint64_t any = 0;
        int e = read_words(r, &first, &bytes);

        for (size_t i = 0; e == 0 && i < bytes.len / 8; i++) {
                uint64_t word = word_at(bytes, i);

                if (is_over(first + (uint32_t)i, word, into->n))
                        return -EBADMSG;
                into->words[first + i] |= word;
                any |= word;
        }
        return e == 0 && any == 0 ? -EBADMSG : e;
}

static int add_one(struct clew_slice posting, struct clew_index_set *into)
{
        uint64_t ordinal = one_of(posting);

        if (ordinal >= into->n)
                return -EBADMSG;
        into->words[ordinal / 64] |= UINT64_C(1) << ordinal % 64;
        return 0;
}

int clew_index_posting_add(struct clew_slice posting, struct clew_index_set *into)
{
        struct reader r = reader_make(posting, into->n);
        uint32_t first;
        uint32_t n;
        int e;

        if (posting.len == 0)
                return -EBADMSG;
        if ((posting.data[0] & 3) == CLEW_POSTING_ONE)
                return add_one(posting, into);
        if ((posting.data[0] & 3) == CLEW_POSTING_LIST)
                return add_list(posting, into);
        if (r.c.failed)
                return -EBADMSG;
        if (r.form == CLEW_POSTING_WORDS)
                return add_words(&r, into);
        while ((e = next_stretch(&r, &first, &n)) == 1)
                add_stretch(into, first, n);
        return e;
}

static int decode_words(struct reader *r, uint32_t *ret, uint32_t max)
{
        struct clew_slice bytes;
        uint32_t first = 0;
        uint32_t n = 0;
        int e = read_words(r, &first, &bytes);

        for (size_t i = 0; e == 0 && i < bytes.len / 8; i++) {
                uint64_t word = word_at(bytes, i);

                if (is_over(first + (uint32_t)i, word, r->limit))
                        return -EBADMSG;
                for (; word != 0; word &= word - 1) {
                        if (n == max)
                                return -EBADMSG;
                        ret[n++] = (first + (uint32_t)i) * 64 + (uint32_t)__builtin_ctzll(word);
                }
        }
        return e < 0 || n == 0 ? -EBADMSG : (int)n;
}

static int decode_one(struct clew_slice posting, uint32_t limit, uint32_t *ret, uint32_t max)
{
        uint64_t ordinal = one_of(posting);

        if (ordinal >= limit || max == 0)
                return -EBADMSG;
        *ret = (uint32_t)ordinal;
        return 1;
}

int clew_posting_decode(struct clew_slice posting, uint32_t limit, uint32_t *ret, uint32_t max)
{
        struct reader r = reader_make(posting, limit);
        uint32_t n = 0;
        uint32_t first;
        uint32_t len;
        int e;

        if (posting.len == 0)
                return -EBADMSG;
        if ((posting.data[0] & 3) == CLEW_POSTING_ONE)
                return decode_one(posting, limit, ret, max);
        if ((posting.data[0] & 3) == CLEW_POSTING_LIST)
                return decode_list(posting, limit, ret, max);
        if (r.c.failed)
                return -EBADMSG;
        if (r.form == CLEW_POSTING_WORDS)
                return decode_words(&r, ret, max);
        while ((e = next_stretch(&r, &first, &len)) == 1) {
                if (len > max - n)
                        return -EBADMSG;
                for (uint32_t i = 0; i < len; i++)
                        ret[n++] = first + i;
        }
        return e < 0 ? e : (int)n;
}

int clew_index_posting_list(struct clew_slice posting, uint32_t limit, uint32_t *ret, uint32_t max)
{
        if (max > 0 && clew_posting_is_one(posting, limit, ret)) /* most are */
                return 1;
        return clew_posting_decode(posting, limit, ret, max);
}
