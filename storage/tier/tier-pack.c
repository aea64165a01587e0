/*
 * A sealed segment of this store with all that it is found by, put into an object: from one
 * snapshot, its index copied when it is in memory still (tier-fresh.c) or a run is of it alone,
 * else derived from its traces.
 */
#include "storage/tier/tier-pack-int.h"

#include "storage/index/catalog-keys-int.h"
#include "storage/object/objects-int.h"
#include "storage/seal/rederive-int.h"

#include <errno.h>
#include <string.h>

#define SECTION_BYTES_MAX ((size_t)1 << 30)

static int pack_rows(struct clew_tier_packing *p, uint64_t segment, struct clew_error *err)
{
        int r = 0;

        clew_buffer_clear(&p->rows);
        for (uint32_t i = 0; r == 0 && i < p->entry.n_traces; i++) {
                struct clew_tier_row row = {0};
                struct clew_segment_row sealed;
                struct clew_place place;

                r = clew_loader_sealed(&p->loader, segment, i, NULL, &sealed, err);
                if (r < 0)
                        return r;
                clew_trace_id_of_message(clew_buffer_slice(&p->loader.sealed), sealed.traces_len,
                                         &row.id);
                row.n_spans = sealed.n_spans;
                row.n_logs = sealed.n_logs;
                row.raw_bytes = p->loader.sealed.len;
                r = clew_place_read(p->tier->store->env, p->txn, &row.id, &place, err);
                if (r == 0)
                        row.start_ns = place.start_ns;
                else if (r == -ENOENT)
                        r = 0;
                clew_tier_row_put(&p->rows, &row);
        }
        return r < 0 ? r : clew_buffer_error(&p->rows);
}

/* The blocks of a run that covers this segment alone. */
static int copy_run(struct clew_tier_packing *p, const struct clew_index_run *run,
                    struct clew_error *err)
{
        CLEW_BUFFER blocks = {0};
        CLEW_BUFFER ends = {0};
        CLEW_BUFFER head = {0};
        int r = 0;

        clew_buffer_init(&blocks, SECTION_BYTES_MAX);
        clew_buffer_init(&ends, SECTION_BYTES_MAX);
        clew_buffer_init(&head, CLEW_RUN_HEAD_MAX);
        for (uint32_t i = 0; r == 0 && i < run->head.n_blocks; i++) {
                struct clew_key key = clew_index_key_block(run->number, i + 1);
                struct clew_slice block;

                r = clew_table_get(p->tier->store->env, p->txn, CLEW_TABLE_INDEX,
                                   clew_key_slice(&key), &block, err);
                if (r < 0)
                        return r == -ENOENT ? -EBADMSG : r;
                clew_buffer_append_slice(&blocks, block);
                clew_buffer_append(&ends, &blocks.len, sizeof(blocks.len));
        }
        clew_run_head_encode(&run->head, &head);
        if (clew_buffer_error(&blocks) < 0 || clew_buffer_error(&ends) < 0 ||
            clew_buffer_error(&head) < 0)
                return -ENOMEM;
        clew_tier_index_put(&p->index, clew_buffer_slice(&head), clew_buffer_slice(&blocks),
                            (const size_t *)(const void *)ends.data, run->head.n_blocks);
        return clew_buffer_error(&p->index);
}

/* The index derived from the segment's traces, when no run is of it alone any more. */
static int derive_index(struct clew_tier_packing *p, uint64_t segment, struct clew_error *err)
{
        struct clew_store *store = p->tier->store;
        struct clew_rederive x;
        CLEW_BUFFER head = {0};
        int r = clew_rederive_init(&x, store, true, err);

        clew_buffer_init(&head, CLEW_RUN_HEAD_MAX);
        if (r == 0) {
                clew_loader_set_txn(&x.loader, p->txn);
                r = clew_rederive_segment(&x, segment, &p->entry, err);
                clew_loader_set_txn(&x.loader, NULL);
        }
        if (r == 0)
                r = clew_index_blocks_build(&x.index, x.sink, store->deriver->index_version);
        if (r == 0 && x.index.is_set) {
                x.index.segments[0].segment = segment;
                clew_run_head_encode(&x.index.head, &head);
                clew_tier_index_put(
                        &p->index, clew_buffer_slice(&head), clew_buffer_slice(&x.index.bytes),
                        (const size_t *)(const void *)x.index.ends.data, x.index.head.n_blocks);
                r = clew_buffer_error(&head) < 0 ? -ENOMEM : clew_buffer_error(&p->index);
        }
        clew_rederive_deinit(&x);
        return r;
}

static int pack_index(struct clew_tier_packing *p, uint64_t segment, struct clew_error *err)
{
        const struct clew_deriver *d = p->tier->store->deriver;
        struct clew_index_catalog c = {0};
        const struct clew_index_run *run = NULL;
        struct clew_error ignored = {0};
        int r = -ENOENT;

        clew_buffer_clear(&p->index);
        if (!d || !d->summarize_indexed)
                return 0;
        r = clew_tier_fresh_get(p->tier, segment, &p->index);
        if (r != -ENOENT)
                return r;
        if (clew_index_catalog_read(&c, p->tier->store->env, p->txn, d->index_version, &ignored) ==
            0) {
                run = clew_index_run_of(&c, segment);
                if (run && run->head.n_segments == 1)
                        r = copy_run(p, run, &ignored);
                clew_index_catalog_deinit(&c);
        }
        if (r == 0 || r == -ENOMEM)
                return r;
        clew_buffer_clear(&p->index);
        return derive_index(p, segment, err);
}

static int pack_snapshot(struct clew_tier_packing *p, uint64_t segment, struct clew_error *err)
{
        struct clew_env *env = p->tier->store->env;
        struct clew_key key = clew_key_segment(segment);
        struct clew_slice sections[CLEW_TIER_SECTIONS];
        int r = clew_object_is_here(env, p->txn, segment, err);

        if (r != 1)
                return r < 0 ? r : -ENOENT;
        r = clew_table_get(env, p->txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &p->entry_bytes,
                           err);
        if (r == 0 && !clew_segment_entry_decode(p->entry_bytes, &p->entry))
                r = -EBADMSG;
        if (r == 0)
                r = clew_object_get(env, p->txn, segment, &p->scratch, &p->segment_bytes, err);
        if (r == 0)
                r = pack_rows(p, segment, err);
        if (r == 0)
                r = pack_index(p, segment, err);
        if (r < 0)
                return r;
        sections[CLEW_TIER_SEGMENT] = p->segment_bytes;
        sections[CLEW_TIER_ROWS] = clew_buffer_slice(&p->rows);
        sections[CLEW_TIER_ENTRY] = p->entry_bytes;
        sections[CLEW_TIER_INDEX] = clew_buffer_slice(&p->index);
        clew_tier_making_add(&p->making, p->tier->created_ns, segment, sections);
        return 0;
}

int clew_tier_pack(struct clew_tier_packing *p, uint64_t segment, struct clew_error *err)
{
        struct clew_env *env = p->tier->store->env;
        int r = clew_txn_begin_read(env, &p->txn, err);

        if (r < 0)
                return r;
        clew_loader_set_txn(&p->loader, p->txn);
        r = pack_snapshot(p, segment, err);
        clew_loader_set_txn(&p->loader, NULL);
        r = clew_txn_check(env, p->txn, r, err);
        clew_txn_end_read(env, p->txn);
        return r;
}

int clew_tier_packing_init(struct clew_tier_packing *p, struct clew_tier *t)
{
        memset(p, 0, sizeof(*p));
        p->tier = t;
        clew_buffer_init(&p->scratch, CLEW_BUCKET_OBJECT_MAX);
        clew_buffer_init(&p->rows, (size_t)CLEW_SEGMENT_TRACES_MAX * CLEW_TIER_ROW_MAX);
        clew_buffer_init(&p->index, SECTION_BYTES_MAX);
        clew_tier_making_init(&p->making);
        return clew_loader_init(&p->loader, t->store->env);
}

void clew_tier_packing_deinit(struct clew_tier_packing *p)
{
        clew_loader_deinit(&p->loader);
        clew_buffer_deinit(&p->scratch);
        clew_buffer_deinit(&p->rows);
        clew_buffer_deinit(&p->index);
        clew_tier_making_deinit(&p->making);
}
