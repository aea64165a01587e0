/*
 * The writing half of packs (storage/pack-int.h): finding copies, and compressing what is left.
 *
 * The finder follows the idea of long-range matching as in rzip and in zstd's long mode: a rolling
 * ("gear") hash h = 2h + G[byte] whose low 32 bits depend on the last 32 bytes only. Positions
 * where some bits of h are zero are *samples*; content decides them, so equal text has equal
 * samples wherever it stands. A table maps the hash of a sampled window to its newest position.
 * Bytes inside a copy are not hashed again: their samples are those of the source, moved; that
 * keeps the cost of repeated history near memcmp speed.
 */
#include "storage/pack/pack-int.h"

#include "proto/base/mem.h"
#include "storage/pack/pack-format-int.h"

#include <errno.h>
#include <zstd.h>

#define WINDOW 32u      /* bytes a sample's hash depends on */
#define SAMPLE_SHIFT 5u /* one position in 32 is a sample */
#define SAMPLE_MASK (((1u << SAMPLE_SHIFT) - 1u) << (31u - SAMPLE_SHIFT))
/* Bytes for which every position is a sample would take eight times their own size: remembered is
 * one in so many, four times as many as content gives. */
#define SAMPLES_SHIFT (SAMPLE_SHIFT - 2u)
#define SAMPLES_MIN 1024u
#define TABLE_BITS_MIN 8u
#define TABLE_BITS_MAX 18u
#define NOWHERE UINT32_MAX

struct sample {
        uint32_t position; /* where the window begins in the message */
        uint32_t hash;
};

struct clew_packer {
        uint32_t gear[256];
        uint32_t *table; /* hash -> position in the current message */
        unsigned table_bits;
        struct sample *samples; /* of the current message, by position */
        size_t n_samples;
        size_t samples_capacity;
        size_t samples_max; /* of the current message */
        struct clew_buffer residue;
        struct clew_buffer columns[PACK_COLUMNS];
        struct clew_buffer directory;
        struct clew_buffer scratch;
        uint32_t last_distance;
        size_t n_messages;
        size_t raw_bytes;
        ZSTD_CCtx *zstd;
};

/* Fixed pseudo-random words (xorshift64*). They are part of no format: only matches depend on them.
 */
static void fill_gear(uint32_t gear[256])
{
        uint64_t x = 88172645463325252ull;

        for (unsigned i = 0; i < 256; i++) {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                gear[i] = (uint32_t)((x * 0x9E3779B97F4A7C15ull) >> 16);
        }
}

struct clew_packer *clew_packer_new(void)
{
        struct clew_packer *p = clew_calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        fill_gear(p->gear);
        clew_buffer_init(&p->residue, CLEW_PACK_RESIDUE_MAX);
        for (size_t i = 0; i < PACK_COLUMNS; i++)
                clew_buffer_init(&p->columns[i], CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&p->directory, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&p->scratch, CLEW_PACK_RESIDUE_MAX);
        p->table = clew_malloc(sizeof(*p->table) << TABLE_BITS_MAX);
        p->zstd = ZSTD_createCCtx();
        if (!p->table || !p->zstd) {
                clew_packer_free(p);
                return NULL;
        }
        return p;
}

void clew_packer_free(struct clew_packer *p)
{
        if (!p)
                return;
        clew_free(p->table);
        clew_free(p->samples);
        clew_buffer_deinit(&p->residue);
        for (size_t i = 0; i < PACK_COLUMNS; i++)
                clew_buffer_deinit(&p->columns[i]);
        clew_buffer_deinit(&p->directory);
        clew_buffer_deinit(&p->scratch);
        ZSTD_freeCCtx(p->zstd);
        clew_free(p);
}

void clew_packer_reset(struct clew_packer *p)
{
        clew_buffer_clear(&p->residue);
        for (size_t i = 0; i < PACK_COLUMNS; i++)
                clew_buffer_clear(&p->columns[i]);
        clew_buffer_clear(&p->directory);
        p->n_messages = 0;
        p->raw_bytes = 0;
}

size_t clew_packer_residue_bytes(const struct clew_packer *p)
{
        return p->residue.len;
}

size_t clew_packer_raw_bytes(const struct clew_packer *p)
{
        return p->raw_bytes;
}

static uint32_t slot_of(const struct clew_packer *p, uint32_t hash)
{
        return (hash * 2654435761u) >> (32 - p->table_bits);
}

static int push_sample(struct clew_packer *p, uint32_t position, uint32_t hash)
{
        p->table[slot_of(p, hash)] = position;
        if (p->n_samples >= p->samples_max)
                return 0;
        if (p->n_samples == p->samples_capacity) {
                size_t want = p->samples_capacity ? p->samples_capacity * 2 : 1024;
                struct sample *more = clew_realloc_array(p->samples, want, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                p->samples = more;
                p->samples_capacity = want;
        }
        p->samples[p->n_samples++] = (struct sample){position, hash};
        return 0;
}

/* How many bytes agree from a and b on; b is the later one and ends at @end. */
static size_t agree_forward(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
        const uint8_t *from = b;

        while ((size_t)(end - b) >= 8) {
                uint64_t x;
                uint64_t y;

                memcpy(&x, a, 8);
                memcpy(&y, b, 8);
                if (x != y) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                        return (size_t)(b - from) + (unsigned)__builtin_ctzll(x ^ y) / 8;
#else
                        return (size_t)(b - from) + (unsigned)__builtin_clzll(x ^ y) / 8;
#endif
                }
                a += 8;
                b += 8;
        }
        while (b < end && *a == *b) {
                a++;
                b++;
        }
        return (size_t)(b - from);
}

struct copy {
        uint32_t from; /* earlier position in the message */
        uint32_t to;
        uint32_t len; /* 0 = none */
};

/* The copy through the window at @at whose earlier twin is at @twin, not reaching before @floor. */
static struct copy extend(struct clew_slice m, uint32_t twin, uint32_t at, uint32_t floor)
{
        struct copy c = {twin, at, 0};
        size_t len;

        if (memcmp(m.data + twin, m.data + at, WINDOW) != 0)
                return c;
        len = WINDOW + agree_forward(m.data + twin + WINDOW, m.data + at + WINDOW, m.data + m.len);
        while (c.to > floor && c.from > 0 && m.data[c.to - 1] == m.data[c.from - 1]) {
                c.to--;
                c.from--;
                len++;
        }
        c.len = (uint32_t)len;
        return c;
}

/* Scans from @from until a worthwhile copy is found; returns it, or len 0 at the end. */
static int find_copy(struct clew_packer *p, struct clew_slice m, uint32_t from, struct copy *ret)
{
        uint32_t h = 0;
        size_t i = from;

        ret->len = 0;
        while (i < m.len) {
                uint32_t window;
                uint32_t twin;
                int r;

                h = (h << 1) + p->gear[m.data[i++]];
                if (CLEW_LIKELY((h & SAMPLE_MASK) != 0) || i < from + (size_t)WINDOW)
                        continue;
                window = (uint32_t)(i - WINDOW);
                twin = p->table[slot_of(p, h)];
                r = push_sample(p, window, h);
                if (r < 0)
                        return r;
                if (twin == NOWHERE)
                        continue;
                *ret = extend(m, twin, window, from);
                if (ret->len >= PACK_COPY_MIN)
                        return 0;
                ret->len = 0;
        }
        return 0;
}

/* Gives the copied range the samples of its source. */
static int carry_samples(struct clew_packer *p, struct copy c)
{
        size_t lo = 0;
        size_t hi;
        int r = 0;

        while (p->n_samples && p->samples[p->n_samples - 1].position >= c.to)
                p->n_samples--;
        hi = p->n_samples;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (p->samples[mid].position < c.from)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        /* An overlapping copy repeats; n_samples grows meanwhile and that is what we want. */
        for (; r == 0 && lo < p->n_samples && p->n_samples < p->samples_max; lo++) {
                struct sample s = p->samples[lo];

                if (s.position + WINDOW > c.from + c.len)
                        break;
                r = push_sample(p, s.position - c.from + c.to, s.hash);
        }
        return r;
}

static void put_triple(struct clew_packer *p, uint32_t literals, struct copy c)
{
        uint32_t distance = c.to - c.from;
        int64_t step = (int64_t)distance - (int64_t)p->last_distance;

        clew_buffer_append_varint(&p->columns[PACK_COLUMN_LITERALS], literals);
        if (!c.len)
                return;
        clew_buffer_append_varint(&p->columns[PACK_COLUMN_LENGTHS], c.len - PACK_COPY_MIN);
        clew_buffer_append_varint(&p->columns[PACK_COLUMN_DISTANCES],
                                  ((uint64_t)step << 1) ^ (uint64_t)(step >> 63));
        p->last_distance = distance;
}

static int add_copies(struct clew_packer *p, struct clew_slice m)
{
        uint32_t at = 0;
        struct copy c;

        do {
                uint32_t stop;
                int r = find_copy(p, m, at, &c);

                if (r < 0)
                        return r;
                stop = c.len ? c.to : (uint32_t)m.len;
                put_triple(p, stop - at, c);
                if (stop > at)
                        clew_buffer_append(&p->residue, m.data + at, stop - at);
                if (c.len) {
                        r = carry_samples(p, c);
                        if (r < 0)
                                return r;
                        at = c.to + c.len;
                }
        } while (c.len);
        return clew_buffer_error(&p->residue);
}

static void begin_message(struct clew_packer *p, size_t len)
{
        unsigned bits = TABLE_BITS_MIN;

        while (bits < TABLE_BITS_MAX && ((size_t)1 << (bits + SAMPLE_SHIFT - 1)) < len)
                bits++;
        p->table_bits = bits;
        memset(p->table, 0xff, sizeof(*p->table) << bits);
        p->n_samples = 0;
        p->samples_max = SAMPLES_MIN + (len >> SAMPLES_SHIFT);
        p->last_distance = 0;
}

static int add_whole(struct clew_packer *p, struct clew_slice m)
{
        put_triple(p, (uint32_t)m.len, (struct copy){0});
        clew_buffer_append_slice(&p->residue, m);
        return clew_buffer_error(&p->residue);
}

static int add_message(struct clew_packer *p, struct clew_slice message, bool copies)
{
        size_t before[PACK_COLUMNS];
        size_t residue_before = p->residue.len;
        int r;

        if (message.len > CLEW_PACK_MESSAGE_MAX || p->n_messages >= CLEW_PACK_MESSAGES_MAX)
                return -EMSGSIZE;
        for (size_t i = 0; i < PACK_COLUMNS; i++)
                before[i] = p->columns[i].len;
        if (copies) {
                begin_message(p, message.len);
                r = add_copies(p, message);
        } else {
                r = add_whole(p, message);
        }
        if (r < 0)
                return r;
        clew_buffer_append_varint(&p->directory, message.len);
        clew_buffer_append_varint(&p->directory, p->residue.len - residue_before);
        for (size_t i = 0; i < PACK_COLUMNS; i++) {
                clew_buffer_append_varint(&p->directory, p->columns[i].len - before[i]);
                if (p->columns[i].error)
                        return p->columns[i].error;
        }
        if (p->directory.error)
                return p->directory.error;
        p->raw_bytes += message.len;
        return (int)p->n_messages++;
}

int clew_packer_add(struct clew_packer *p, struct clew_slice message)
{
        return add_message(p, message, true);
}

int clew_packer_add_plain(struct clew_packer *p, struct clew_slice message)
{
        return add_message(p, message, false);
}

/*
 * Effort by what there is to gain: the less the copies left over, the more time per residue byte
 * costs nothing per raw byte. The levels keep sealing near or above 300 MB of raw bytes a second.
 */
static int level_for(const struct clew_packer *p, enum clew_pack_effort effort)
{
        size_t tenths = p->raw_bytes ? p->residue.len * 10 / p->raw_bytes : 10;

        if (effort == CLEW_PACK_FAST)
                return -1;
        if (p->raw_bytes < PACK_TINY_BYTES)
                return 6;
        return tenths < 2 ? 9 : tenths < 4 ? 5 : 1;
}

static int put_frame(struct clew_packer *p, struct clew_slice raw, int level,
                     struct clew_buffer *out)
{
        size_t bound = ZSTD_compressBound(raw.len);
        uint8_t *room;
        size_t n;

        if (raw.len < PACK_STORED_BYTES) {
                clew_buffer_append_varint(out, (uint64_t)raw.len << 1 | PACK_FRAME_STORED);
                clew_buffer_append_slice(out, raw);
                return clew_buffer_error(out);
        }
        clew_buffer_clear(&p->scratch);
        room = clew_buffer_reserve(&p->scratch, bound);
        if (!room)
                return p->scratch.error;
        n = ZSTD_compressCCtx(p->zstd, room, bound, raw.data, raw.len, level);
        if (ZSTD_isError(n))
                return -ENOMEM;
        if (n < raw.len) {
                clew_buffer_append_varint(out, (uint64_t)n << 1 | PACK_FRAME_ZSTD);
                clew_buffer_append(out, room, n);
        } else {
                clew_buffer_append_varint(out, (uint64_t)raw.len << 1 | PACK_FRAME_STORED);
                clew_buffer_append_slice(out, raw);
        }
        return clew_buffer_error(out);
}

int clew_packer_finish(struct clew_packer *p, enum clew_pack_effort effort, struct clew_buffer *out)
{
        int level = level_for(p, effort);
        int r;

        clew_buffer_append_byte(out, PACK_MAGIC);
        clew_buffer_append_varint(out, p->n_messages);
        clew_buffer_append_slice(out, clew_buffer_slice(&p->directory));
        r = put_frame(p, clew_buffer_slice(&p->residue), level, out);
        for (size_t i = 0; r == 0 && i < PACK_COLUMNS; i++)
                r = put_frame(p, clew_buffer_slice(&p->columns[i]), level, out);
        return r;
}
