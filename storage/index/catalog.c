/*
 * Reading the catalog of runs; catalog-int.h.
 */
#include "storage/index/catalog-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "proto/base/sort.h"
#include "storage/index/catalog-keys-int.h"

#include <errno.h>
#include <string.h>

/* Heads of some fifty runs, segments of a million traces. */
#define CATALOG_BYTES_MAX ((size_t)256 << 20)
/* More runs than merging ever leaves; and segments that have lost traces. */
#define RUNS_MAX 65536u
#define GONE_MAX (1u << 20)

static int get_block(void *context, uint64_t run, uint32_t block, struct clew_slice *ret,
                     struct clew_error *err)
{
        struct clew_index_catalog *c = context;
        struct clew_key key = clew_index_key_block(run, block);
        uint64_t at = (run * 0x9e3779b97f4a7c15u >> 32) + block;
        struct clew_index_kept_block *kept = &c->kept[at % CLEW_INDEX_KEPT_BLOCKS];
        int r;

        if (kept->bytes.len > 0 && kept->run == run && kept->block == block) {
                *ret = kept->bytes;
                return 0;
        }
        r = clew_table_get(c->env, c->txn, CLEW_TABLE_INDEX, clew_key_slice(&key), ret, err);
        if (r == 0)
                *kept = (struct clew_index_kept_block){run, block, *ret};
        return r;
}

bool clew_index_gone_decode(struct clew_slice value, struct clew_index_gone *ret)
{
        struct clew_cursor c = clew_cursor_make(value);
        struct clew_index_gone g = {.segment = ret->segment};

        g.all = clew_cursor_varint(&c) != 0;
        g.stale_below = clew_cursor_varint(&c);
        g.n_traces = clew_cursor_varint(&c);
        g.live = clew_cursor_bytes(&c, clew_cursor_left(&c));
        if (c.failed || g.n_traces > CLEW_SEGMENT_TRACES_MAX ||
            (g.live.len > 0 && g.live.len != clew_segment_live_bytes(g.n_traces)))
                return false;
        *ret = g;
        return true;
}

struct reading {
        struct clew_index_catalog *c;
        uint64_t version;
        uint64_t unlike;
        uint64_t records;
        uint64_t sum;
        struct clew_buffer runs; /* of both lists, while they grow */
        struct clew_buffer gone;
};

static int damaged(const struct clew_index_catalog *c, const char *what, struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: its list of indexes is damaged (%s); see clew reindex "
                              "--indexes",
                              clew_env_dir(c->env), what);
}

static int read_head(struct reading *r, uint64_t number, struct clew_slice value,
                     struct clew_error *err)
{
        struct clew_index_run run = {
                .get = get_block, .context = r->c, .number = number, .packer = &r->c->packer};
        int e = clew_run_head_decode(value, &r->c->arena, &run.head);

        if (e < 0)
                return e == -ENOMEM ? clew_error_set(err, e, 0, "out of memory")
                                    : damaged(r->c, "a head", err);
        if (r->version != CLEW_INDEX_ANY_VERSION &&
            ((run.head.version ^ r->version) & ~r->unlike) != 0)
                r->c->n_stale++;
        else
                clew_buffer_append(&r->runs, &run, sizeof(run));
        return 0;
}

static int read_gone(struct reading *r, uint64_t segment, struct clew_slice value,
                     struct clew_error *err)
{
        struct clew_index_gone g = {.segment = segment};

        if (!clew_index_gone_decode(value, &g))
                return damaged(r->c, "what is gone", err);
        clew_buffer_append(&r->gone, &g, sizeof(g));
        return 0;
}

static int read_records(struct reading *r, struct clew_error *err)
{
        struct clew_index_catalog *c = r->c;
        struct clew_key from = clew_index_key_gone(0);
        CLEW_SCAN scan = {0};
        int e = clew_scan_open(c->env, c->txn, CLEW_TABLE_INDEX, &scan, err);

        if (e == 0)
                e = clew_scan_seek(&scan, clew_key_slice(&from), err);
        while (e == 0 && (e = clew_scan_next(&scan, err)) == 1) {
                uint64_t number;
                uint8_t tag = clew_index_key_read(scan.key, &number);

                r->records++;
                r->sum += clew_checksum(scan.key, scan.value);
                if (tag == CLEW_INDEX_KEY_HEAD)
                        e = read_head(r, number, scan.value, err);
                else if (tag == CLEW_INDEX_KEY_GONE)
                        e = read_gone(r, number, scan.value, err);
                else
                        e = damaged(c, "a key", err);
        }
        if (e == 0 && (clew_buffer_error(&r->runs) < 0 || clew_buffer_error(&r->gone) < 0))
                e = clew_error_set(err, -ENOMEM, 0, "out of memory");
        return e;
}

static int take_list(struct clew_arena *arena, const struct clew_buffer *from, void *ret_items)
{
        struct clew_slice copy = clew_arena_copy(arena, clew_buffer_slice(from));
        const uint8_t *data = copy.data;

        memcpy(ret_items, &data, sizeof(data));
        return from->len > 0 && !data ? -ENOMEM : 0;
}

static bool is_out(const struct clew_index_gone *g, uint64_t run)
{
        return g && (g->all || run < g->stale_below);
}

/* Segments that some run covers, each once. */
static int count_covered(struct clew_index_catalog *c)
{
        CLEW_BUFFER all = {0};
        uint64_t *numbers;
        size_t n;

        clew_buffer_init(&all, CATALOG_BYTES_MAX);
        for (uint32_t i = 0; i < c->n_runs; i++) {
                for (uint32_t k = 0; k < c->runs[i].head.n_segments; k++) {
                        uint64_t segment = c->runs[i].head.segments[k].segment;

                        if (!is_out(clew_index_gone_of(c, segment), c->runs[i].number))
                                clew_buffer_append(&all, &segment, sizeof(segment));
                }
        }
        if (clew_buffer_error(&all) < 0)
                return -ENOMEM;
        numbers = (uint64_t *)(void *)all.data;
        n = all.len / sizeof(*numbers);
        clew_sort_numbers(numbers, n);
        for (size_t i = 0; i < n; i++) {
                if (i == 0 || numbers[i] != numbers[i - 1])
                        numbers[c->n_covered++] = numbers[i];
        }
        all.len = c->n_covered * sizeof(*numbers);
        return take_list(&c->arena, &all, &c->covered);
}

int clew_index_catalog_read(struct clew_index_catalog *c, struct clew_env *env, MDB_txn *txn,
                            uint64_t version, struct clew_error *err)
{
        return clew_index_catalog_read_like(c, env, txn, version, 0, err);
}

int clew_index_catalog_read_like(struct clew_index_catalog *c, struct clew_env *env, MDB_txn *txn,
                                 uint64_t version, uint64_t unlike, struct clew_error *err)
{
        struct reading r = {.c = c, .version = version, .unlike = unlike};
        struct clew_state state;
        int e;

        *c = (struct clew_index_catalog){.env = env, .txn = txn};
        clew_arena_init(&c->arena, CATALOG_BYTES_MAX);
        clew_buffer_init(&r.runs, RUNS_MAX * sizeof(struct clew_index_run));
        clew_buffer_init(&r.gone, GONE_MAX * sizeof(struct clew_index_gone));
        e = clew_state_read(env, txn, &state, err);
        if (e == 0)
                e = read_records(&r, err);
        if (e == 0 && (r.records != state.index_records || r.sum != state.index_sum))
                e = damaged(c, "not that of the state", err);
        if (e == 0 && (take_list(&c->arena, &r.runs, &c->runs) < 0 ||
                       take_list(&c->arena, &r.gone, &c->gone) < 0))
                e = clew_error_set(err, -ENOMEM, 0, "out of memory");
        c->n_runs = (uint32_t)(r.runs.len / sizeof(struct clew_index_run));
        c->n_gone = (uint32_t)(r.gone.len / sizeof(struct clew_index_gone));
        c->n_segments = state.segments;
        if (e == 0 && count_covered(c) < 0)
                e = clew_error_set(err, -ENOMEM, 0, "out of memory");
        clew_buffer_deinit(&r.runs);
        clew_buffer_deinit(&r.gone);
        if (e < 0)
                clew_index_catalog_deinit(c);
        return e;
}

void clew_index_catalog_deinit(struct clew_index_catalog *c)
{
        clew_arena_deinit(&c->arena);
        clew_run_packer_deinit(&c->packer);
        *c = (struct clew_index_catalog){0};
}

bool clew_index_covers(const struct clew_index_catalog *c, uint64_t segment)
{
        return clew_has_number(c->covered, c->n_covered, segment);
}

const struct clew_index_gone *clew_index_gone_of(const struct clew_index_catalog *c,
                                                 uint64_t segment)
{
        uint32_t from = 0;
        uint32_t to = c->n_gone;

        while (from < to) {
                uint32_t middle = from + (to - from) / 2;

                if (c->gone[middle].segment == segment)
                        return &c->gone[middle];
                if (c->gone[middle].segment < segment)
                        from = middle + 1;
                else
                        to = middle;
        }
        return NULL;
}

struct clew_index_run *clew_index_run_of(const struct clew_index_catalog *c, uint64_t segment)
{
        const struct clew_index_gone *g = clew_index_gone_of(c, segment);

        for (uint32_t i = c->n_runs; i > 0; i--) {
                struct clew_index_run *run = &c->runs[i - 1];

                if (clew_run_find_segment(&run->head, segment))
                        return is_out(g, run->number) ? NULL : run;
        }
        return NULL;
}

/* Whether a newer run covers the segment too: then that one counts. */
static bool is_superseded(const struct clew_index_catalog *c, const struct clew_index_run *run,
                          uint64_t segment)
{
        for (uint32_t i = c->n_runs; i > 0 && c->runs[i - 1].number > run->number; i--) {
                if (clew_run_find_segment(&c->runs[i - 1].head, segment))
                        return true;
        }
        return false;
}

int clew_index_dead(const struct clew_index_catalog *c, struct clew_index_run *run,
                    struct clew_index_set *into, struct clew_error *err)
{
        uint64_t places[256];

        for (uint32_t i = 0; i < run->head.n_segments; i++) {
                const struct clew_run_segment *s = &run->head.segments[i];
                const struct clew_index_gone *g = clew_index_gone_of(c, s->segment);
                bool whole = is_out(g, run->number) || is_superseded(c, run, s->segment);

                if (!whole && (!g || g->live.len == 0))
                        continue;
                for (uint32_t at = 0; at < s->n;) {
                        uint32_t n = s->n - at < 256 ? s->n - at : 256;
                        int r = clew_run_numbers(run, CLEW_RUN_PLACES, s->first + at, n, places,
                                                 err);

                        if (r < 0)
                                return r == -ENOENT ? damaged(c, "a run has no places", err) : r;
                        for (uint32_t k = 0; k < n; k++) {
                                /* Of 0 traces: none of it has moved. */
                                if (whole || (g->n_traces > 0 &&
                                              !clew_segment_is_live(g->live, g->n_traces, at + k)))
                                        clew_index_set_add(into, (uint32_t)places[k]);
                        }
                        at += n;
                }
        }
        return 0;
}
