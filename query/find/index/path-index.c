/*
 * See path-index-int.h.
 */
#include "query/find/index/path-index-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"

#include <errno.h>
#include <string.h>

#define SYMBOL_BYTES 3u
/* Symbols of a row; more do not fit into a key. */
#define SYMBOLS_MAX ((CLEW_INDEX_KEY_MAX - 1) / SYMBOL_BYTES)
/* Steps before a repetition that it repeats. */
#define PERIOD_MAX 8u
#define COUNT_MAX 0xffffu
/* Steps of a run that are looked at; a longer one repeats itself or has no row. */
#define STEPS_MAX 65536u
/* Kinds of step of one index run. */
#define KNOWN_MAX 8192u
#define KNOWN_SLOTS (4 * KNOWN_MAX)
#define HASH_MASK 0x7fffffu

/* ---- giving ---------------------------------------------------------------------------------- */

static void put_be24(uint8_t *to, uint32_t v)
{
        to[0] = (uint8_t)(v >> 16);
        to[1] = (uint8_t)(v >> 8);
        to[2] = (uint8_t)v;
}

static uint32_t read_be24(const uint8_t *from)
{
        return (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
}

static bool has_zero(struct clew_slice s)
{
        return s.len > 0 && memchr(s.data, 0, s.len);
}

/* The key of a step into @ret (room for CLEW_INDEX_KEY_MAX); its length, 0 = there is none. */
static size_t step_key(const struct clew_path_step *s, uint8_t *ret)
{
        size_t len = 1 + SYMBOL_BYTES;
        uint32_t kinds = s->kinds;

        if (s->name.len + s->agent.len > CLEW_INDEX_KEY_MAX - 16 || has_zero(s->name) ||
            has_zero(s->agent))
                return 0;
        ret[0] = 'S';
        for (; kinds >= 0x80; kinds >>= 7)
                ret[len++] = (uint8_t)(kinds | 0x80);
        ret[len++] = (uint8_t)kinds;
        ret[len++] = s->is_error;
        if (s->name.len > 0)
                memcpy(ret + len, s->name.data, s->name.len);
        len += s->name.len;
        ret[len++] = 0;
        if (s->agent.len > 0)
                memcpy(ret + len, s->agent.data, s->agent.len);
        len += s->agent.len;
        put_be24(ret + 1, (uint32_t)clew_hash(
                                  clew_slice_make(ret + 1 + SYMBOL_BYTES, len - 1 - SYMBOL_BYTES)) &
                                  HASH_MASK);
        return len;
}

/* How often the @period symbols before @at come again from there on. */
static uint32_t repeats(const uint32_t *symbols, uint32_t n, uint32_t at, uint32_t period)
{
        uint32_t i = at;

        while (i < n && symbols[i] == symbols[i - period])
                i++;
        i = (i - at) / period;
        return i < COUNT_MAX ? i : COUNT_MAX;
}

/* The row as a key; its length, 0 = it is too long. */
static size_t row_key(const uint32_t *symbols, uint32_t n, uint8_t *ret)
{
        size_t len = 1;

        ret[0] = 'P';
        for (uint32_t i = 0; i < n;) {
                uint32_t best = 0;
                uint32_t period = 0;

                for (uint32_t p = 1; p <= PERIOD_MAX && p <= i; p++) {
                        uint32_t covers = p * repeats(symbols, n, i, p);

                        if (covers > best) {
                                best = covers;
                                period = p;
                        }
                }
                if (len + SYMBOL_BYTES > CLEW_INDEX_KEY_MAX)
                        return 0;
                if (best > 1)
                        put_be24(ret + len, (0x80u | period) << 16 | best / period);
                else
                        put_be24(ret + len, symbols[i]);
                len += SYMBOL_BYTES;
                i += best > 1 ? best : 1;
        }
        return len;
}

void clew_path_index_give(const struct clew_trace *trace, struct clew_arena *arena,
                          struct clew_index_sink *sink)
{
        struct clew_path_step *steps;
        uint8_t key[CLEW_INDEX_KEY_MAX];
        uint32_t *symbols;
        size_t len;
        uint32_t n;

        if (clew_path_of_trace(trace, arena, &steps, &n) < 0 || n > STEPS_MAX)
                return;
        symbols = clew_arena_calloc(arena, n + 1u, sizeof(*symbols));
        if (!symbols)
                return;
        for (uint32_t i = 0; i < n; i++) {
                len = step_key(&steps[i], key);
                if (len == 0)
                        return;
                clew_index_add(sink, CLEW_INDEX_PATH, clew_slice_make(key, len));
                symbols[i] = read_be24(key + 1);
        }
        len = row_key(symbols, n, key);
        if (len > 0)
                clew_index_add(sink, CLEW_INDEX_PATH, clew_slice_make(key, len));
}

/* ---- choosing -------------------------------------------------------------------------------- */

struct choosing {
        const struct clew_path *path;
        struct clew_arena *arena;
        struct clew_index_set *match;
        struct clew_index_set *miss;
        uint32_t *slots; /* number of a known step plus one, by hash; open addressing */
        uint32_t *hashes;
        struct clew_path_step *known;
        uint32_t n_known;
        bool shared; /* two steps have one hash */
        struct clew_path_step *row;
};

/* Where the step with @hash is, or would be. */
static uint32_t *slot_of(struct choosing *c, uint32_t hash)
{
        uint32_t at = hash & (KNOWN_SLOTS - 1);

        while (c->slots[at] != 0 && c->hashes[c->slots[at] - 1] != hash)
                at = (at + 1) & (KNOWN_SLOTS - 1);
        return &c->slots[at];
}

static bool read_step(struct clew_slice key, struct clew_path_step *ret)
{
        struct clew_cursor c = clew_cursor_make(clew_slice_from(key, 1 + SYMBOL_BYTES));
        const uint8_t *zero;

        ret->kinds = (uint32_t)clew_cursor_varint(&c);
        ret->is_error = clew_cursor_byte(&c) != 0;
        zero = c.failed ? NULL : memchr(c.at, 0, clew_cursor_left(&c));
        if (!zero)
                return false;
        ret->name = clew_cursor_bytes(&c, (size_t)(zero - c.at));
        (void)clew_cursor_byte(&c);
        ret->agent = clew_cursor_bytes(&c, clew_cursor_left(&c));
        return true;
}

static int on_step(void *context, struct clew_slice key, struct clew_slice posting)
{
        struct choosing *c = context;
        struct clew_path_step step = {0};
        uint32_t *slot;

        (void)posting;
        if (key.data[0] != 'S')
                return 1;
        if (key.len < 1 + SYMBOL_BYTES)
                return -EBADMSG;
        key = clew_arena_copy(c->arena, key);
        if (!key.data)
                return -ENOMEM;
        if (!read_step(key, &step))
                return -EBADMSG;
        slot = slot_of(c, read_be24(key.data + 1));
        c->shared |= *slot != 0 || c->n_known == KNOWN_MAX;
        if (c->shared)
                return 1;
        c->hashes[c->n_known] = read_be24(key.data + 1);
        c->known[c->n_known++] = step;
        *slot = c->n_known;
        return 0;
}

/* The steps of a row into c->row; how many, or -EBADMSG. */
static int read_row(struct choosing *c, struct clew_slice symbols)
{
        uint32_t n = 0;

        if (symbols.len % SYMBOL_BYTES != 0)
                return -EBADMSG;
        for (size_t i = 0; i < symbols.len; i += SYMBOL_BYTES) {
                uint32_t symbol = read_be24(symbols.data + i);
                uint32_t period = symbol >> 16 & 0x7f;
                uint32_t more = period * (symbol & COUNT_MAX);

                if (symbol <= HASH_MASK) {
                        uint32_t number = *slot_of(c, symbol);

                        if (number == 0 || n == STEPS_MAX)
                                return -EBADMSG;
                        c->row[n++] = c->known[number - 1];
                        continue;
                }
                if (period == 0 || period > n || more > STEPS_MAX - n)
                        return -EBADMSG;
                for (uint32_t k = 0; k < more; k++, n++)
                        c->row[n] = c->row[n - period];
        }
        return (int)n;
}

static int on_row(void *context, struct clew_slice key, struct clew_slice posting)
{
        struct choosing *c = context;
        int n;

        if (key.data[0] != 'P')
                return 1;
        n = read_row(c, clew_slice_from(key, 1));
        if (n < 0)
                return n;
        return clew_index_posting_add(
                posting, clew_path_match(c->path, c->row, (uint32_t)n) ? c->match : c->miss);
}

int clew_path_index_choose(struct clew_index_run *run, const struct clew_path *path,
                           struct clew_arena *arena, struct clew_index_set *match,
                           struct clew_index_set *miss, struct clew_error *err)
{
        struct choosing c = {.path = path, .arena = arena, .match = match, .miss = miss};
        int r;

        if (!clew_index_has(run, CLEW_INDEX_PATH))
                return 0;
        c.slots = clew_arena_calloc(arena, KNOWN_SLOTS, sizeof(*c.slots));
        c.hashes = clew_arena_alloc(arena, KNOWN_MAX * sizeof(*c.hashes));
        c.known = clew_arena_alloc(arena, KNOWN_MAX * sizeof(*c.known));
        c.row = clew_arena_alloc(arena, STEPS_MAX * sizeof(*c.row)); /* mostly never touched */
        if (!c.slots || !c.hashes || !c.known || !c.row)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = clew_index_walk(run, CLEW_INDEX_PATH, CLEW_SLICE_LITERAL("S"), on_step, &c, err);
        if (r >= 0 && !c.shared)
                r = clew_index_walk(run, CLEW_INDEX_PATH, CLEW_SLICE_LITERAL("P"), on_row, &c, err);
        return r < 0 ? r : !c.shared;
}
