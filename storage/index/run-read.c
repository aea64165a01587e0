/*
 * Asking a run; run-int.h, and the asking part of storage/index.h. Layout: run-write.c.
 */
#include "storage/index/run-int.h"

#include "proto/base/cursor.h"

#include <errno.h>
#include <string.h>

bool clew_index_has(const struct clew_index_run *run, enum clew_index_kind kind)
{
        return clew_run_section(&run->head, kind) != NULL;
}

uint32_t clew_index_run_traces(const struct clew_index_run *run)
{
        return run->head.n_traces;
}

static int damaged(const struct clew_index_run *run, struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0,
                              "index run %llu is damaged; see clew reindex --indexes",
                              (unsigned long long)run->number);
}

static int get(struct clew_index_run *run, uint32_t block, struct clew_slice *ret,
               struct clew_error *err)
{
        int r = run->get(run->context, run->number, block, ret, err);

        return r == -ENOENT ? damaged(run, err) : r;
}

/* ---- keys ------------------------------------------------------------------------------------ */

void clew_run_keys_begin(struct clew_run_keys *k, struct clew_index_run *run, unsigned kind)
{
        *k = (struct clew_run_keys){.run = run, .section = clew_run_section(&run->head, kind)};
        clew_buffer_init(&k->plain, 2 * CLEW_RUN_BLOCK_MAX);
}

void clew_run_keys_end(struct clew_run_keys *k)
{
        clew_buffer_deinit(&k->plain);
}

/* The last block whose separator is not above @key; 0 when there is none. */
static int find_block(struct clew_run_keys *k, struct clew_slice key, uint32_t *ret,
                      struct clew_error *err)
{
        struct clew_slice bytes;
        struct clew_cursor c;
        uint64_t n;
        struct clew_slice ends;
        struct clew_slice text;
        uint32_t from = 0;
        uint32_t to;
        int r = get(k->run, k->section->directory, &bytes, err);

        if (r < 0)
                return r;
        c = clew_cursor_make(bytes);
        n = clew_cursor_varint(&c);
        if (c.failed || n != k->section->n_blocks || n > clew_cursor_left(&c) / 4)
                return damaged(k->run, err);
        ends = clew_cursor_bytes(&c, n * 4);
        text = clew_cursor_bytes(&c, clew_cursor_left(&c));
        to = (uint32_t)n;
        while (to - from > 1) { /* the answer is in [from, to) */
                uint32_t middle = from + (to - from) / 2;
                struct clew_cursor e = clew_cursor_make(clew_slice_from(ends, 4 * (middle - 1)));
                uint32_t begin = clew_cursor_le32(&e);
                uint32_t end = clew_cursor_le32(&e);

                if (begin > end || end > text.len)
                        return damaged(k->run, err);
                if (clew_slice_cmp(clew_slice_make(text.data + begin, end - begin), key) <= 0)
                        from = middle;
                else
                        to = middle;
        }
        *ret = from;
        return 0;
}

static int open_block(struct clew_run_keys *k, struct clew_error *err)
{
        struct clew_slice bytes;
        struct clew_slice behind = CLEW_SLICE_NULL;
        struct clew_cursor c;
        uint64_t n;
        uint64_t keys;
        uint64_t postings;
        int r = get(k->run, k->section->first_block + k->block, &bytes, err);

        if (r < 0)
                return r;
        if (clew_run_is_packed(bytes)) {
                r = clew_run_unpack(k->run->packer, bytes, &k->plain, &behind);
                if (r < 0)
                        return r == -ENOMEM ? clew_error_set(err, r, 0, "out of memory")
                                            : damaged(k->run, err);
                bytes = clew_buffer_slice(&k->plain);
        }
        c = clew_cursor_make(bytes);
        n = clew_cursor_varint(&c);
        keys = clew_cursor_varint(&c);
        postings = clew_cursor_varint(&c);
        k->keys = clew_cursor_bytes(&c, keys);
        k->postings = clew_cursor_bytes(&c, postings);
        if (c.failed || n == 0 || n > keys)
                return damaged(k->run, err);
        k->far = behind.len > 0 ? behind : clew_cursor_bytes(&c, clew_cursor_left(&c));
        k->left = (uint32_t)n;
        k->key_len = 0;
        k->is_open = true;
        return 0;
}

/* Reads the entry at hand. */
static int read_entry(struct clew_run_keys *k, struct clew_error *err)
{
        struct clew_cursor c = clew_cursor_make(k->keys);
        struct clew_slice *from = &k->postings;
        struct clew_cursor p;
        unsigned lengths = clew_cursor_byte(&c);
        uint64_t shared = lengths >> 5;
        uint64_t more = lengths >> 2 & CLEW_RUN_FURTHER_MAX;
        uint64_t posting = lengths & CLEW_RUN_POSTING_MAX;
        struct clew_slice rest;

        if (shared == CLEW_RUN_SHARED_MORE)
                shared = clew_cursor_varint(&c);
        if (more == 0)
                more = clew_cursor_varint(&c);
        if (posting == 0) {
                posting = clew_cursor_varint(&c);
                from = &k->far;
        }
        rest = clew_cursor_bytes(&c, more);
        if (c.failed || shared > k->key_len || more > CLEW_INDEX_KEY_MAX - shared ||
            shared + more == 0)
                return damaged(k->run, err);
        if (rest.len > 0)
                memcpy(k->key + shared, rest.data, rest.len);
        k->key_len = (size_t)(shared + more);
        p = clew_cursor_make(*from);
        k->posting = clew_cursor_bytes(&p, posting);
        if (p.failed)
                return damaged(k->run, err);
        k->keys = clew_slice_make(c.at, clew_cursor_left(&c));
        *from = clew_slice_make(p.at, clew_cursor_left(&p));
        k->left--;
        return 1;
}

int clew_run_keys_next(struct clew_run_keys *k, struct clew_error *err)
{
        if (!k->section)
                return 0;
        while (k->left == 0) {
                int r;

                if (k->is_open)
                        k->block++;
                if (k->block >= k->section->n_blocks) {
                        k->section = NULL;
                        return 0;
                }
                r = open_block(k, err);
                if (r < 0)
                        return r;
        }
        return read_entry(k, err);
}

int clew_run_keys_seek(struct clew_run_keys *k, struct clew_slice from, struct clew_error *err)
{
        int r;

        if (!k->section)
                return 0;
        r = find_block(k, from, &k->block, err);
        if (r == 0)
                r = open_block(k, err);
        while (r == 0) {
                struct clew_run_keys before = *k;

                r = clew_run_keys_next(k, err);
                if (r != 1)
                        return r;
                if (clew_slice_cmp(clew_slice_make(k->key, k->key_len), from) >= 0) {
                        before.block = k->block;
                        if (before.left == 0) { /* the first entry of the next block */
                                before = *k;
                                before.left = 0;
                                before.is_open = false;
                        }
                        *k = before;
                        return 0;
                }
                r = 0;
        }
        return r;
}

static int find(struct clew_run_keys *k, struct clew_slice key, struct clew_index_set *into,
                struct clew_error *err)
{
        int r = clew_run_keys_seek(k, key, err);

        if (r == 0)
                r = clew_run_keys_next(k, err);
        if (r <= 0 || !clew_slice_eq(clew_slice_make(k->key, k->key_len), key))
                return r < 0 ? r : 0;
        return clew_index_posting_add(k->posting, into) < 0 ? damaged(k->run, err) : 1;
}

int clew_index_find(struct clew_index_run *run, enum clew_index_kind kind, struct clew_slice key,
                    struct clew_index_set *into, struct clew_error *err)
{
        struct clew_run_keys k;
        int r;

        if (key.len == 0 || key.len > CLEW_INDEX_KEY_MAX)
                return 0;
        clew_run_keys_begin(&k, run, kind);
        r = find(&k, key, into, err);
        clew_run_keys_end(&k);
        return r;
}

int clew_index_walk(struct clew_index_run *run, enum clew_index_kind kind, struct clew_slice from,
                    int (*fn)(void *context, struct clew_slice key, struct clew_slice posting),
                    void *context, struct clew_error *err)
{
        struct clew_run_keys k;
        int r = 0;

        clew_run_keys_begin(&k, run, kind);
        if (from.len > 0)
                r = clew_run_keys_seek(&k, from, err);
        while (r == 0) {
                r = clew_run_keys_next(&k, err);
                if (r <= 0)
                        break;
                r = fn(context, clew_slice_make(k.key, k.key_len), k.posting);
                if (r == -EBADMSG)
                        r = damaged(run, err);
        }
        clew_run_keys_end(&k);
        return r;
}

/* ---- numbers and ids ------------------------------------------------------------------------- */

static uint64_t load_word(const uint8_t *p)
{
        uint64_t v;

        memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        v = __builtin_bswap64(v);
#endif
        return v;
}

/* Rows @from .. @from + @n - 1 of a block that has @rows. */
static int unpack(struct clew_slice bytes, uint32_t rows, uint32_t from, uint32_t n, uint64_t *ret)
{
        struct clew_cursor c = clew_cursor_make(bytes);
        uint64_t least = clew_cursor_varint(&c);
        unsigned width = clew_cursor_byte(&c);
        uint64_t mask;

        if (c.failed || (width > 56 && width != 64) ||
            clew_cursor_left(&c) < ((uint64_t)rows * width + 7) / 8 + 8)
                return -EBADMSG;
        mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
        for (uint32_t i = 0; i < n; i++) {
                uint64_t bit = (uint64_t)(from + i) * width;

                ret[i] = least + (load_word(c.at + bit / 8) >> bit % 8 & mask);
        }
        return 0;
}

int clew_run_numbers(struct clew_index_run *run, unsigned tag, uint32_t from, uint32_t n,
                     uint64_t *ret, struct clew_error *err)
{
        const struct clew_run_section *s = clew_run_section(&run->head, tag);
        uint32_t total = tag == CLEW_RUN_PLACES ? run->head.n_places : run->head.n_traces;

        if (!s)
                return -ENOENT;
        if (s->n_items != total || from > total || n > total - from ||
            s->n_blocks != (total + CLEW_RUN_COLUMN_ROWS - 1) / CLEW_RUN_COLUMN_ROWS)
                return damaged(run, err);
        while (n > 0) {
                uint32_t block = from / CLEW_RUN_COLUMN_ROWS;
                uint32_t at = from % CLEW_RUN_COLUMN_ROWS;
                uint32_t rows = total - block * CLEW_RUN_COLUMN_ROWS;
                uint32_t here;
                struct clew_slice bytes;
                int r = get(run, s->first_block + block, &bytes, err);

                if (r < 0)
                        return r;
                rows = rows < CLEW_RUN_COLUMN_ROWS ? rows : CLEW_RUN_COLUMN_ROWS;
                here = n < rows - at ? n : rows - at;
                if (unpack(bytes, rows, at, here, ret) < 0)
                        return damaged(run, err);
                from += here;
                ret += here;
                n -= here;
        }
        return 0;
}

int clew_index_starts(struct clew_index_run *run, uint32_t from, uint32_t n, uint64_t *ret,
                      struct clew_error *err)
{
        int r = clew_run_numbers(run, CLEW_RUN_STARTS, from, n, ret, err);

        return r == -ENOENT ? damaged(run, err) : r;
}

int clew_index_numbers(struct clew_index_run *run, unsigned column, uint32_t from, uint32_t n,
                       uint64_t *ret, struct clew_error *err)
{
        int r = clew_run_numbers(run, CLEW_RUN_COLUMN + column, from, n, ret, err);

        if (r == -ENOENT) { /* nobody had anything else */
                memset(ret, 0, n * sizeof(*ret));
                return 0;
        }
        return r;
}

int clew_run_ids(struct clew_index_run *run, uint32_t from, uint32_t n, struct clew_trace_id *ret,
                 struct clew_error *err)
{
        const struct clew_run_section *s = clew_run_section(&run->head, CLEW_RUN_IDS);
        uint32_t total = run->head.n_traces;

        if (!s || s->n_items != total || from > total || n > total - from ||
            s->n_blocks != (total + CLEW_RUN_IDS_ROWS - 1) / CLEW_RUN_IDS_ROWS)
                return damaged(run, err);
        while (n > 0) {
                uint32_t block = from / CLEW_RUN_IDS_ROWS;
                uint32_t at = from % CLEW_RUN_IDS_ROWS;
                uint32_t here = CLEW_RUN_IDS_ROWS - at;
                struct clew_slice bytes;
                int r = get(run, s->first_block + block, &bytes, err);

                if (r < 0)
                        return r;
                here = n < here ? n : here;
                if (bytes.len < ((size_t)at + here) * CLEW_TRACE_ID_BYTES)
                        return damaged(run, err);
                memcpy(ret, bytes.data + (size_t)at * CLEW_TRACE_ID_BYTES,
                       (size_t)here * CLEW_TRACE_ID_BYTES);
                from += here;
                ret += here;
                n -= here;
        }
        return 0;
}
