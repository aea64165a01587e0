/*
 * Writing the catalog of runs; catalog-int.h.
 */
#include "storage/index/catalog-int.h"

#include "proto/base/hash.h"
#include "storage/index/catalog-keys-int.h"
#include "storage/index/sink-int.h"

#include <errno.h>
#include <string.h>

/* A segment has some hundred kilobytes of them. */
/* No sum of checksums is likely to differ by this. */
#define SPOILT UINT64_C(0x5bd1e9955bd1e995)
#define BLOCKS_BYTES_MAX ((size_t)256 << 20)

/* ---- keys ------------------------------------------------------------------------------------ */

static void put_be(uint8_t *at, uint64_t v, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                at[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static struct clew_key key_of(uint8_t tag, uint64_t number)
{
        struct clew_key k = {.len = 9};

        k.bytes[0] = tag;
        put_be(k.bytes + 1, number, 8);
        return k;
}

struct clew_key clew_index_key_block(uint64_t run, uint32_t block)
{
        struct clew_key k = key_of(CLEW_INDEX_KEY_BLOCK, run);

        put_be(k.bytes + 9, block, 4);
        k.len = 13;
        return k;
}

struct clew_key clew_index_key_gone(uint64_t segment)
{
        return key_of(CLEW_INDEX_KEY_GONE, segment);
}

struct clew_key clew_index_key_head(uint64_t run)
{
        return key_of(CLEW_INDEX_KEY_HEAD, run);
}

uint8_t clew_index_key_read(struct clew_slice key, uint64_t *ret_number)
{
        if (key.len < 9 || key.len != (key.data[0] == CLEW_INDEX_KEY_BLOCK ? 13u : 9u))
                return 0;
        *ret_number = 0;
        for (unsigned i = 1; i < 9; i++)
                *ret_number = *ret_number << 8 | key.data[i];
        return key.data[0];
}

/* ---- heads and what is gone -------------------------------------------------------------------
 */

/* Takes a record out of the count, if it is there. With one that is damaged the count is spoilt:
 * indexes are not believed any more, and sealing goes on. */
static int count_out(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                     const struct clew_key *key, struct clew_error *err)
{
        struct clew_slice old;
        int r = clew_table_get(env, txn, CLEW_TABLE_INDEX, clew_key_slice(key), &old, err);

        if (r == -EBADMSG) {
                state->index_sum += SPOILT;
                return 0;
        }
        if (r < 0)
                return r;
        state->index_records--;
        state->index_sum -= clew_checksum(clew_key_slice(key), old);
        return 0;
}

static int put_counted(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                       const struct clew_key *key, struct clew_slice value, struct clew_error *err)
{
        int r = count_out(env, txn, state, key, err);

        if (r < 0 && r != -ENOENT)
                return r;
        state->index_records++;
        state->index_sum += clew_checksum(clew_key_slice(key), value);
        return clew_table_put(env, txn, CLEW_TABLE_INDEX, clew_key_slice(key), &value, 1, err);
}

static int drop_counted(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                        const struct clew_key *key, struct clew_error *err)
{
        int r = count_out(env, txn, state, key, err);

        if (r < 0)
                return r;
        return clew_table_delete(env, txn, CLEW_TABLE_INDEX, clew_key_slice(key), err);
}

int clew_index_put_head(struct clew_env *env, MDB_txn *txn, struct clew_state *state, uint64_t run,
                        const struct clew_run_head *head, struct clew_error *err)
{
        struct clew_key key = clew_index_key_head(run);
        CLEW_BUFFER bytes = {0};

        clew_buffer_init(&bytes, CLEW_RUN_HEAD_MAX);
        clew_run_head_encode(head, &bytes);
        if (clew_buffer_error(&bytes) < 0)
                return clew_error_set(err, clew_buffer_error(&bytes), 0, "out of memory");
        return put_counted(env, txn, state, &key, clew_buffer_slice(&bytes), err);
}

int clew_index_drop_head(struct clew_env *env, MDB_txn *txn, struct clew_state *state, uint64_t run,
                         struct clew_error *err)
{
        struct clew_key key = clew_index_key_head(run);

        return drop_counted(env, txn, state, &key, err);
}

static int put_gone(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                    const struct clew_index_gone *g, struct clew_error *err)
{
        struct clew_key key = clew_index_key_gone(g->segment);
        CLEW_BUFFER bytes = {0};

        clew_buffer_init(&bytes, CLEW_SEGMENT_LIVE_MAX + 64);
        clew_buffer_append_varint(&bytes, g->all);
        clew_buffer_append_varint(&bytes, g->stale_below);
        clew_buffer_append_varint(&bytes, g->n_traces);
        clew_buffer_append_slice(&bytes, g->live);
        if (clew_buffer_error(&bytes) < 0)
                return clew_error_set(err, clew_buffer_error(&bytes), 0, "out of memory");
        return put_counted(env, txn, state, &key, clew_buffer_slice(&bytes), err);
}

/* What is known of @segment; all zero when nothing is. */
static int read_gone(struct clew_env *env, MDB_txn *txn, uint64_t segment,
                     struct clew_index_gone *ret, struct clew_error *err)
{
        struct clew_key key = clew_index_key_gone(segment);
        struct clew_slice value;
        int r = clew_table_get(env, txn, CLEW_TABLE_INDEX, clew_key_slice(&key), &value, err);

        *ret = (struct clew_index_gone){.segment = segment};
        if (r == 0 && !clew_index_gone_decode(value, ret))
                *ret = (struct clew_index_gone){.segment = segment};
        return r == -ENOENT || r == -EBADMSG ? 0 : r; /* writing it tells of the damage */
}

int clew_index_release(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                       uint64_t segment, const struct clew_segment_entry *entry,
                       struct clew_error *err)
{
        struct clew_index_gone g;
        int r = read_gone(env, txn, segment, &g, err);
        bool unknown = entry->live.len == 0;

        if (r < 0)
                return r;
        g.all = entry->n_live == 0;
        if (unknown) /* of an old format, in which it is not said which have moved */
                g.stale_below = state->next_run;
        g.n_traces = unknown || g.all ? 0 : entry->n_traces;
        g.live = unknown || g.all ? CLEW_SLICE_NULL : entry->live;
        return put_gone(env, txn, state, &g, err);
}

int clew_index_forget(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                      uint64_t segment, struct clew_error *err)
{
        struct clew_index_gone g;
        int r = read_gone(env, txn, segment, &g, err);

        if (r < 0)
                return r;
        g.stale_below = state->next_run;
        return put_gone(env, txn, state, &g, err);
}

int clew_index_drop_gone(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                         uint64_t segment, struct clew_error *err)
{
        struct clew_key key = clew_index_key_gone(segment);

        return drop_counted(env, txn, state, &key, err);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

int clew_index_put_block(struct clew_env *env, MDB_txn *txn, uint64_t run, uint32_t block,
                         struct clew_slice bytes, struct clew_error *err)
{
        struct clew_key key = clew_index_key_block(run, block);

        return clew_table_put(env, txn, CLEW_TABLE_INDEX, clew_key_slice(&key), &bytes, 1, err);
}

static int keep_block(void *context, uint32_t block, struct clew_slice bytes,
                      struct clew_error *err)
{
        struct clew_index_blocks *b = context;

        (void)block;
        (void)err;
        clew_buffer_append_slice(&b->bytes, bytes);
        clew_buffer_append(&b->ends, &b->bytes.len, sizeof(b->bytes.len));
        return clew_buffer_error(&b->bytes) < 0 ? -ENOMEM : clew_buffer_error(&b->ends);
}

void clew_index_blocks_init(struct clew_index_blocks *b)
{
        memset(b, 0, sizeof(*b));
        clew_buffer_init(&b->bytes, BLOCKS_BYTES_MAX);
        clew_buffer_init(&b->ends, BLOCKS_BYTES_MAX);
        clew_buffer_init(&b->sections, CLEW_RUN_SECTIONS_MAX * sizeof(struct clew_run_section));
}

void clew_index_blocks_deinit(struct clew_index_blocks *b)
{
        clew_buffer_deinit(&b->bytes);
        clew_buffer_deinit(&b->ends);
        clew_buffer_deinit(&b->sections);
}

int clew_index_blocks_build(struct clew_index_blocks *b, struct clew_index_sink *sink,
                            uint64_t version)
{
        struct clew_run_writer w;
        int r;

        clew_buffer_clear(&b->bytes);
        clew_buffer_clear(&b->ends);
        clew_buffer_clear(&b->sections);
        clew_run_writer_init(&w, keep_block, b);
        r = clew_index_sink_build(sink, &w, &b->head, b->segments);
        if (r == 0) {
                b->head.version = version;
                clew_buffer_append(&b->sections, b->head.sections,
                                   b->head.n_sections * sizeof(*b->head.sections));
                b->head.sections = (struct clew_run_section *)(void *)b->sections.data;
                r = clew_buffer_error(&b->sections);
        }
        clew_run_writer_deinit(&w);
        b->is_set = r == 0;
        return r == -ENOMEM ? r : 0; /* others: the segment goes without */
}

static int put_run(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                   const struct clew_index_blocks *b, struct clew_error *err)
{
        const size_t *ends = (const size_t *)(const void *)b->ends.data;
        uint64_t run = state->next_run++;
        size_t from = 0;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < b->head.n_blocks; i++) {
                r = clew_index_put_block(env, txn, run, i + 1,
                                         clew_slice_make(b->bytes.data + from, ends[i] - from),
                                         err);
                from = ends[i];
        }
        return r < 0 ? r : clew_index_put_head(env, txn, state, run, &b->head, err);
}

int clew_index_put(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                   struct clew_index_blocks *b, uint64_t segment, struct clew_error *err)
{
        CLEW_ASSERT(b->head.n_segments == 1);
        b->segments[0].segment = segment;
        return put_run(env, txn, state, b, err);
}

/* 1 = all that the segment was stored with is in it still, and no other run was made of it; 0 =
 * not. */
static int is_whole(struct clew_env *env, MDB_txn *txn, const struct clew_run_segment *segment,
                    struct clew_error *err)
{
        struct clew_key gone = clew_index_key_gone(segment->segment);
        struct clew_key key = clew_key_segment(segment->segment);
        struct clew_segment_entry e;
        struct clew_slice value;
        int r = clew_table_get(env, txn, CLEW_TABLE_INDEX, clew_key_slice(&gone), &value, err);

        if (r != -ENOENT)
                return r == -EBADMSG ? 0 : r;
        r = clew_table_get(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, err);
        if (r < 0)
                return r == -ENOENT || r == -EBADMSG ? 0 : r;
        return clew_segment_entry_decode(value, &e) && e.n_traces == segment->n &&
               e.n_live == segment->n;
}

int clew_index_put_whole(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                         const struct clew_index_blocks *b, struct clew_error *err)
{
        int r = 1;

        for (uint32_t i = 0; r == 1 && i < b->head.n_segments; i++)
                r = is_whole(env, txn, &b->segments[i], err);
        if (r == 1) {
                r = put_run(env, txn, state, b, err);
                return r < 0 ? r : 1;
        }
        return r;
}

/* Whether the run has a head. */
static int has_head(struct clew_env *env, MDB_txn *txn, uint64_t run, struct clew_error *err)
{
        struct clew_key key = clew_index_key_head(run);
        struct clew_slice value;
        int r = clew_table_peek(env, txn, CLEW_TABLE_INDEX, clew_key_slice(&key), &value, err);

        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

#define STUCK 2

/* Moves @scan to the first block at or behind @at, and @at to it. 1; 0 = none, or it is not one of
 * ours; STUCK = it is damaged; -EBADMSG = the walk goes back, as it may where keys are out of
 * order.
 */
static int next_block(struct clew_scan *scan, struct clew_key *at, uint64_t *ret_run,
                      struct clew_error *err)
{
        struct clew_slice asked = clew_key_slice(at);
        int r = clew_scan_seek(scan, asked, err);

        if (r < 0)
                return r;
        r = clew_scan_next(scan, err);
        if (r == 0 || (r < 0 && r != -EBADMSG) ||
            clew_index_key_read(scan->key, ret_run) != CLEW_INDEX_KEY_BLOCK)
                return r < 0 ? r : 0;
        if (clew_slice_cmp(scan->key, asked) < 0)
                return clew_error_set(err, -EBADMSG, 0, "keys of the indexes are out of order");
        memcpy(at->bytes, scan->key.data, scan->key.len);
        at->bytes[scan->key.len] = 0; /* what comes behind it */
        at->len = (uint8_t)(scan->key.len + 1);
        return r < 0 || clew_scan_is_loose(scan) ? STUCK : 1;
}

/* A damaged block in pages of its own stays: deleting it would free pages by a number that stands
 * there. */
int clew_index_sweep(struct clew_env *env, MDB_txn *txn, uint64_t from_run, uint32_t max,
                     bool *ret_stuck, struct clew_error *err)
{
        struct clew_key at = clew_index_key_block(from_run, 0);
        CLEW_SCAN scan = {0};
        uint64_t run = 0;
        uint32_t n = 0;
        int r = clew_scan_open(env, txn, CLEW_TABLE_INDEX, &scan, err);

        scan.unchecked = true;
        while (r >= 0 && n < max && (r = next_block(&scan, &at, &run, err)) > 0) {
                bool stuck = r == STUCK;

                r = has_head(env, txn, run, err);
                if (r == 0 && stuck) {
                        *ret_stuck = true;
                } else if (r == 0) {
                        r = clew_scan_delete(&scan, err);
                        n++;
                } else if (r == 1) {
                        at = clew_index_key_block(run + 1, 0);
                }
        }
        return r < 0 ? r : (int)n;
}
