/*
 * See merge-part-int.h.
 */
#include "storage/index/merge-part-int.h"

#include "storage/index/catalog-keys-int.h"
#include "storage/index/posting-int.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define DEAD UINT32_MAX
/* Ids, starts, maps and room for a column: some 60 bytes a trace. */
#define ARENA_BYTES_MAX ((size_t)256 << 20)
/* Blocks of one step: the last one may be a large posting, or the directory of all blocks of a
 * kind; ids, starts and places of a run come in one, 4, 2 and some more MiB where it is full. */
#define BLOCKS_BYTES_MAX ((size_t)256 << 20)
#define READ_ROWS 1024u

static int out_of_memory(struct clew_error *err)
{
        return clew_error_set(err, -ENOMEM, 0, "out of memory while merging indexes");
}

static void end_keys(struct clew_merge_part *p)
{
        for (uint32_t i = 0; p->inputs && i < p->n_inputs; i++)
                clew_run_keys_end(&p->inputs[i].keys);
}

void clew_merge_part_deinit(struct clew_merge_part *p)
{
        end_keys(p);
        clew_run_packer_deinit(&p->packer);
        if (p->has_writer)
                clew_run_writer_deinit(&p->writer);
        clew_buffer_deinit(&p->blocks);
        clew_buffer_deinit(&p->ends);
        clew_buffer_deinit(&p->posting);
        clew_parts_deinit(&p->parts);
        if (p->adder)
                p->adder->end(p->sums);
        clew_arena_deinit(&p->arena);
        *p = (struct clew_merge_part){0};
}

/* ---- laying out -------------------------------------------------------------------------------
 */

/* The head in our own memory. */
static int copy_head(struct clew_arena *arena, struct clew_run_head *h)
{
        struct clew_slice segments = clew_arena_copy(
                arena, clew_slice_make(h->segments, h->n_segments * sizeof(*h->segments)));
        struct clew_slice sections = clew_arena_copy(
                arena, clew_slice_make(h->sections, h->n_sections * sizeof(*h->sections)));
        const uint8_t *data = segments.data;

        memcpy(&h->segments, &data, sizeof(data));
        data = sections.data;
        memcpy(&h->sections, &data, sizeof(data));
        return clew_arena_failed(arena) ? -ENOMEM : 0;
}

/* A trace of an input, while the new order is found. */
struct row {
        uint64_t start_ns;
        struct clew_trace_id id;
};

struct layout {
        struct clew_merge_part *p;
        struct clew_arena arena; /* dies with it */
        struct row *rows[CLEW_MERGE_INPUTS_MAX];
        uint32_t at[CLEW_MERGE_INPUTS_MAX];
};

static int read_input(struct layout *l, struct clew_index_catalog *c, uint32_t i,
                      struct clew_error *err)
{
        struct clew_merge_input *in = &l->p->inputs[i];
        uint32_t n = in->run.head.n_traces;
        struct clew_index_set dead = {.n = n};
        struct row *rows = clew_arena_calloc(&l->arena, n, sizeof(*rows));
        int r = 0;

        dead.words = clew_arena_calloc(&l->arena, n / 64 + 1u, sizeof(uint64_t));
        in->ordinals = clew_arena_calloc(&l->p->arena, n, sizeof(uint32_t));
        if (!rows || !dead.words || !in->ordinals)
                return out_of_memory(err);
        l->rows[i] = rows;
        if (in->run.head.is_old) { /* nothing of it can be read */
                for (uint32_t k = 0; k < n; k++)
                        in->ordinals[k] = DEAD;
                return 0;
        }
        r = clew_index_dead(c, &in->run, &dead, err);
        for (uint32_t at = 0; r == 0 && at < n; at += READ_ROWS) {
                uint64_t starts[READ_ROWS];
                struct clew_trace_id ids[READ_ROWS];
                uint32_t here = n - at < READ_ROWS ? n - at : READ_ROWS;

                r = clew_run_numbers(&in->run, CLEW_RUN_STARTS, at, here, starts, err);
                if (r == 0)
                        r = clew_run_ids(&in->run, at, here, ids, err);
                for (uint32_t k = 0; r == 0 && k < here; k++) {
                        rows[at + k] = (struct row){starts[k], ids[k]};
                        in->ordinals[at + k] = clew_index_set_has(&dead, at + k) ? DEAD : 0;
                }
        }
        return r;
}

/* < 0 when a comes first in lists. */
static int order(const struct row *a, const struct row *b)
{
        if (a->start_ns != b->start_ns)
                return a->start_ns > b->start_ns ? -1 : 1;
        return memcmp(a->id.bytes, b->id.bytes, sizeof(a->id.bytes));
}

/* The input whose next live trace is the newest; n_inputs = none is left. */
static uint32_t newest(struct layout *l)
{
        struct clew_merge_part *p = l->p;
        uint32_t best = p->n_inputs;

        for (uint32_t i = 0; i < p->n_inputs; i++) {
                const struct clew_merge_input *in = &p->inputs[i];

                while (l->at[i] < in->run.head.n_traces && in->ordinals[l->at[i]] == DEAD)
                        l->at[i]++;
                if (l->at[i] < in->run.head.n_traces &&
                    (best == p->n_inputs ||
                     order(&l->rows[i][l->at[i]], &l->rows[best][l->at[best]]) < 0))
                        best = i;
        }
        return best;
}

static void number_traces(struct layout *l)
{
        struct clew_merge_part *p = l->p;
        uint32_t n = 0;
        uint32_t i;

        while ((i = newest(l)) < p->n_inputs) {
                const struct row *row = &l->rows[i][l->at[i]];

                p->ids[n] = row->id;
                p->starts[n] = row->start_ns;
                p->inputs[i].ordinals[l->at[i]++] = n++;
        }
        p->head.n_traces = n;
        p->head.newest_ns = n > 0 ? p->starts[0] : 0;
        p->head.oldest_ns = n > 0 ? p->starts[n - 1] : 0;
}

/* Whether the run that counts for @segment is one of the inputs; *ret which. */
static bool is_ours(const struct clew_merge_part *p, const struct clew_index_catalog *c,
                    uint64_t segment, uint32_t *ret)
{
        const struct clew_index_run *run = clew_index_run_of(c, segment);

        for (uint32_t i = 0; run && i < p->n_inputs; i++) {
                if (p->inputs[i].number == run->number) {
                        *ret = i;
                        return true;
                }
        }
        return false;
}

/* Segments of all inputs, ascending, each once, that still count. */
static int list_segments(struct clew_merge_part *p, const struct clew_index_catalog *c)
{
        uint32_t at[CLEW_MERGE_INPUTS_MAX] = {0};
        uint32_t max = 0;
        uint64_t last = 0;

        for (uint32_t i = 0; i < p->n_inputs; i++)
                max += p->inputs[i].run.head.n_segments;
        p->head.segments = clew_arena_calloc(&p->arena, max + 1u, sizeof(*p->head.segments));
        if (!p->head.segments)
                return -ENOMEM;
        for (;;) {
                const struct clew_run_segment *next = NULL;
                uint32_t owner;

                for (uint32_t i = 0; i < p->n_inputs; i++) {
                        const struct clew_run_head *h = &p->inputs[i].run.head;

                        while (at[i] < h->n_segments && h->segments[at[i]].segment <= last)
                                at[i]++;
                        if (at[i] < h->n_segments &&
                            (!next || h->segments[at[i]].segment < next->segment))
                                next = &h->segments[at[i]];
                }
                if (!next)
                        return 0;
                last = next->segment;
                if (is_ours(p, c, last, &owner)) {
                        p->head.segments[p->head.n_segments++] = (struct clew_run_segment){
                                .segment = last, .first = p->head.n_places, .n = next->n};
                        p->head.n_places += next->n;
                }
        }
}

/* Whether a run that does not go in lists the segment. */
static bool is_elsewhere(const struct clew_merge_part *p, const struct clew_index_catalog *c,
                         uint64_t segment)
{
        for (uint32_t i = 0; i < c->n_runs; i++) {
                bool mine = false;

                for (uint32_t k = 0; k < p->n_inputs; k++)
                        mine |= p->inputs[k].number == c->runs[i].number;
                if (!mine && clew_run_find_segment(&c->runs[i].head, segment))
                        return true;
        }
        return false;
}

/* What is gone of segments that only the inputs list. */
static int list_gone(struct clew_merge_part *p, const struct clew_index_catalog *c,
                     struct clew_error *err)
{
        p->gone = clew_arena_calloc(&p->arena, c->n_gone + 1u, sizeof(*p->gone));
        if (!p->gone)
                return out_of_memory(err);
        for (uint32_t i = 0; c->n_stale == 0 && i < c->n_gone; i++) {
                uint64_t segment = c->gone[i].segment;
                struct clew_key key = clew_index_key_gone(segment);
                struct clew_slice value;
                int r;

                if (is_elsewhere(p, c, segment))
                        continue;
                r = clew_table_get(c->env, c->txn, CLEW_TABLE_INDEX, clew_key_slice(&key), &value,
                                   err);
                if (r < 0)
                        return r;
                p->gone[p->n_gone++] =
                        (struct clew_merge_gone){segment, clew_arena_copy(&p->arena, value)};
        }
        return 0;
}

static int keep_block(void *context, uint32_t block, struct clew_slice bytes,
                      struct clew_error *err)
{
        struct clew_merge_part *p = context;

        (void)block;
        (void)err;
        clew_buffer_append_slice(&p->blocks, bytes);
        clew_buffer_append(&p->ends, &p->blocks.len, sizeof(p->blocks.len));
        return clew_buffer_error(&p->blocks) < 0 ? -ENOMEM : clew_buffer_error(&p->ends);
}

static int lay_out(struct layout *l, struct clew_index_catalog *c, struct clew_error *err)
{
        struct clew_merge_part *p = l->p;
        uint32_t n = 0;
        uint32_t rooms;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < p->n_inputs; i++) {
                n += p->inputs[i].run.head.n_traces;
                r = read_input(l, c, i, err);
        }
        if (r == 0 && list_segments(p, c) < 0)
                r = out_of_memory(err);
        if (r < 0)
                return r;
        rooms = n > p->head.n_places ? n : p->head.n_places;
        p->ids = clew_arena_calloc(&p->arena, n + 1u, sizeof(*p->ids));
        p->starts = clew_arena_calloc(&p->arena, n + 1u, sizeof(*p->starts));
        p->numbers = clew_arena_calloc(&p->arena, rooms + 1u, sizeof(*p->numbers));
        p->set = clew_arena_calloc(&p->arena, n + 1u, sizeof(*p->set));
        p->bits.words = clew_arena_calloc(&p->arena, n / 64 + 1u, sizeof(uint64_t));
        if (clew_arena_failed(&p->arena))
                return out_of_memory(err);
        number_traces(l);
        p->bits.n = p->head.n_traces;
        return list_gone(p, c, err);
}

int clew_merge_part_begin(struct clew_merge_part *p, struct clew_index_catalog *c,
                          const uint32_t *chosen, uint32_t n, const struct clew_index_adder *adder,
                          struct clew_error *err)
{
        struct layout l = {.p = p};
        int r;

        CLEW_ASSERT(n <= CLEW_MERGE_INPUTS_MAX);
        *p = (struct clew_merge_part){.kind = 1};
        clew_arena_init(&p->arena, ARENA_BYTES_MAX);
        clew_arena_init(&l.arena, ARENA_BYTES_MAX);
        clew_buffer_init(&p->blocks, BLOCKS_BYTES_MAX);
        clew_buffer_init(&p->ends, BLOCKS_BYTES_MAX);
        clew_buffer_init(&p->posting, CLEW_RUN_BLOCK_MAX);
        clew_parts_init(&p->parts);
        clew_run_writer_init(&p->writer, keep_block, p);
        p->has_writer = true;
        p->n_inputs = n;
        p->inputs = clew_arena_calloc(&p->arena, n + 1u, sizeof(*p->inputs));
        r = p->inputs ? 0 : out_of_memory(err);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                p->inputs[i].run = c->runs[chosen[i]];
                p->inputs[i].run.packer = &p->packer;
                p->inputs[i].number = p->inputs[i].run.number;
                p->head.version = p->inputs[i].run.head.version;
                if (copy_head(&p->arena, &p->inputs[i].run.head) < 0)
                        r = out_of_memory(err);
        }
        if (r == 0)
                r = lay_out(&l, c, err);
        if (r == 0 && adder && adder->version == p->head.version) {
                p->adder = adder;
                p->sums = adder->begin(p->head.n_traces);
        }
        clew_arena_deinit(&l.arena);
        if (r < 0)
                clew_merge_part_deinit(p);
        return r;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Blocks are read in the snapshot of the step. */
static void use_snapshot(struct clew_merge_part *p, struct clew_env *env, MDB_txn *txn)
{
        p->snapshot = (struct clew_index_catalog){.env = env, .txn = txn};
        for (uint32_t i = 0; i < p->n_inputs; i++)
                p->inputs[i].run.context = &p->snapshot;
}

/* What is not of the key is zero. */
static uint64_t first_bytes(const struct clew_run_keys *k)
{
        uint64_t v;

        memcpy(&v, k->key, sizeof(v));
        v = be64toh(v);
        return k->key_len < sizeof(v) ? v & ~(UINT64_MAX >> 8 * k->key_len) : v;
}

static int next_key(struct clew_merge_input *in, struct clew_error *err)
{
        int r = clew_run_keys_next(&in->keys, err);

        in->has_key = r == 1;
        if (r == 1)
                in->first = first_bytes(&in->keys);
        return r < 0 ? r : 0;
}

static struct clew_slice key_of(const struct clew_merge_input *in)
{
        return clew_slice_make(in->keys.key, in->keys.key_len);
}

/* Positions all inputs behind the key that was written last. */
static int position(struct clew_merge_part *p, struct clew_error *err)
{
        struct clew_slice last = clew_slice_make(p->last, p->last_len);
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < p->n_inputs; i++) {
                struct clew_merge_input *in = &p->inputs[i];

                clew_run_keys_end(&in->keys);
                clew_run_keys_begin(&in->keys, &in->run, p->kind);
                if (last.len > 0)
                        r = clew_run_keys_seek(&in->keys, last, err);
                if (r == 0)
                        r = next_key(in, err);
                if (r == 0 && in->has_key && last.len > 0 && clew_slice_eq(key_of(in), last))
                        r = next_key(in, err);
        }
        return r;
}

static int by_key(const struct clew_merge_input *a, const struct clew_merge_input *b)
{
        if (a->first != b->first)
                return a->first < b->first ? -1 : 1;
        if (a->keys.key_len <= sizeof(a->first) || b->keys.key_len <= sizeof(b->first))
                return (a->keys.key_len > b->keys.key_len) - (a->keys.key_len < b->keys.key_len);
        return clew_slice_cmp(key_of(a), key_of(b));
}

/* Fills p->least: how many inputs are at the least key; 0 = none has any left. */
static uint32_t find_least(struct clew_merge_part *p)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < p->n_inputs; i++) {
                struct clew_merge_input *in = &p->inputs[i];
                int c = !in->has_key ? 1 : n == 0 ? -1 : by_key(in, p->least[0]);

                if (c < 0)
                        n = 0;
                if (c <= 0)
                        p->least[n++] = in;
        }
        return n;
}

/* Adds the ordinals that an input has under the key at hand. */
static int add_input(struct clew_merge_part *p, struct clew_merge_input *in, uint32_t *n,
                     struct clew_error *err)
{
        uint32_t *to = p->set + *n;
        uint32_t kept = 0;
        int count = 1;

        if (!clew_posting_is_one(in->keys.posting, in->run.head.n_traces, to)) /* most are */
                count = clew_posting_decode(in->keys.posting, in->run.head.n_traces, to,
                                            in->run.head.n_traces);
        if (count < 0)
                return clew_error_set(err, -EBADMSG, 0, "index run %llu is damaged",
                                      (unsigned long long)in->number);
        for (int i = 0; i < count; i++) {
                uint32_t ordinal = in->ordinals[to[i]];

                if (ordinal != DEAD)
                        to[kept++] = ordinal;
        }
        *n += kept;
        return 0;
}

/* Unites what the first @n_least of p->least have under their key, and goes behind it. */
static int merge_key(struct clew_merge_part *p, uint32_t n_least, struct clew_error *err)
{
        struct clew_slice key = key_of(p->least[0]);
        uint32_t n = 0;
        int r = 0;

        memcpy(p->last, key.data, key.len); /* the key itself moves on with its input */
        p->last_len = key.len;
        key.data = p->last;
        for (uint32_t i = 0; r == 0 && i < n_least; i++) {
                r = add_input(p, p->least[i], &n, err);
                if (r == 0)
                        r = next_key(p->least[i], err);
        }
        if (r < 0 || n == 0)
                return r;
        if (p->kind == CLEW_INDEX_WORD)
                clew_parts_add(&p->parts, key);
        if (n_least > 1)
                clew_ordinals_sort(p->set, n, &p->bits);
        if (p->kind == CLEW_INDEX_STEP && p->sums)
                p->adder->add(p->sums, key, p->set, n);
        clew_buffer_clear(&p->posting);
        clew_posting_encode(p->set, n, &p->posting);
        clew_run_writer_key(&p->writer, p->kind, key, clew_buffer_slice(&p->posting));
        return clew_buffer_error(&p->posting) < 0 ? out_of_memory(err) : 0;
}

/* The next key of what is made of those that were written; 0 = end. */
static size_t next_made(struct clew_merge_part *p, uint8_t *key)
{
        if (p->kind == CLEW_INDEX_PART)
                return p->parts.n_words < CLEW_PARTS_WORDS_MIN ? 0
                                                               : clew_parts_next(&p->parts, key);
        return p->sums ? p->adder->next(p->sums, key) : 0;
}

/* The words that were written, under their ends, and the sums of what steps took; what of these the
 * inputs had counts for nothing. */
static int write_made(struct clew_merge_part *p, struct clew_error *err)
{
        uint8_t key[CLEW_INDEX_KEY_MAX];
        const uint32_t first = 0;
        size_t len = 1;

        clew_buffer_clear(&p->posting);
        clew_posting_encode(&first, 1, &p->posting);
        while (p->blocks.len < CLEW_MERGE_STEP_BYTES && len > 0) {
                len = next_made(p, key);
                if (len > 0)
                        clew_run_writer_key(&p->writer, p->kind, clew_slice_make(key, len),
                                            clew_buffer_slice(&p->posting));
        }
        p->made_done = len == 0;
        return clew_buffer_error(&p->posting) < 0 ? out_of_memory(err) : 0;
}

int clew_merge_part_keys(struct clew_merge_part *p, struct clew_env *env, MDB_txn *txn,
                         struct clew_error *err)
{
        uint32_t n_least;
        int r;

        use_snapshot(p, env, txn);
        if (p->head.n_traces == 0)
                return 0; /* all are dead */
        r = clew_index_kind_is_bare(p->kind) ? 0 : position(p, err);
        while (r == 0 && p->blocks.len < CLEW_MERGE_STEP_BYTES) {
                if (clew_index_kind_is_bare(p->kind) && !p->made_done) {
                        r = write_made(p, err);
                        continue;
                }
                n_least = clew_index_kind_is_bare(p->kind) ? 0 : find_least(p);
                if (n_least > 0) {
                        r = merge_key(p, n_least, err);
                        continue;
                }
                if (p->kind == CLEW_INDEX_KIND_MAX)
                        return 0;
                p->kind++;
                p->last_len = 0;
                p->made_done = false;
                r = clew_index_kind_is_bare(p->kind) ? 0 : position(p, err);
        }
        return r < 0 ? r : 1;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The places of one segment, as far as the input has it. */
static int fill_places(struct clew_merge_part *p, struct clew_merge_input *in,
                       const struct clew_run_segment *to, struct clew_error *err)
{
        const struct clew_run_segment *from = clew_run_find_segment(&in->run.head, to->segment);
        uint64_t old[READ_ROWS];

        for (uint32_t at = 0; from && at < from->n; at += READ_ROWS) {
                uint32_t here = from->n - at < READ_ROWS ? from->n - at : READ_ROWS;
                int r = clew_run_numbers(&in->run, CLEW_RUN_PLACES, from->first + at, here, old,
                                         err);

                if (r < 0)
                        return r;
                for (uint32_t k = 0; k < here && at + k < to->n; k++) {
                        if (old[k] < in->run.head.n_traces && in->ordinals[old[k]] != DEAD)
                                p->numbers[to->first + at + k] = in->ordinals[old[k]];
                }
        }
        return 0;
}

static int write_places(struct clew_merge_part *p, struct clew_error *err)
{
        uint32_t n = p->head.n_places;
        int r = 0;

        for (uint32_t k = 0; k < n; k++)
                p->numbers[k] = p->head.n_traces;
        for (uint32_t i = 0; i < p->n_inputs; i++) {
                for (uint32_t s = 0; r == 0 && s < p->head.n_segments; s++)
                        r = fill_places(p, &p->inputs[i], &p->head.segments[s], err);
        }
        if (r < 0)
                return r;
        clew_run_writer_numbers(&p->writer, CLEW_RUN_PLACES, p->numbers, n);
        return 0;
}

static int write_column(struct clew_merge_part *p, unsigned tag, struct clew_error *err)
{
        uint64_t rows[CLEW_RUN_COLUMN_ROWS];
        bool any = false;

        memset(p->numbers, 0, p->head.n_traces * sizeof(*p->numbers));
        for (uint32_t i = 0; i < p->n_inputs; i++) {
                struct clew_merge_input *in = &p->inputs[i];
                uint32_t n = in->run.head.n_traces;

                if (!clew_run_section(&in->run.head, tag))
                        continue;
                any = true;
                for (uint32_t from = 0; from < n; from += CLEW_RUN_COLUMN_ROWS) {
                        uint32_t here =
                                n - from < CLEW_RUN_COLUMN_ROWS ? n - from : CLEW_RUN_COLUMN_ROWS;
                        int r = clew_run_numbers(&in->run, tag, from, here, rows, err);

                        if (r < 0)
                                return r;
                        for (uint32_t k = 0; k < here; k++) {
                                if (in->ordinals[from + k] != DEAD)
                                        p->numbers[in->ordinals[from + k]] = rows[k];
                        }
                }
        }
        if (any)
                clew_run_writer_numbers(&p->writer, tag, p->numbers, p->head.n_traces);
        return 0;
}

int clew_merge_part_rows(struct clew_merge_part *p, struct clew_env *env, MDB_txn *txn,
                         struct clew_error *err)
{
        int r = 0;

        use_snapshot(p, env, txn);
        if (p->head.n_traces == 0)
                return 0;
        if (p->section == 0) {
                clew_run_writer_ids(&p->writer, p->ids, p->head.n_traces);
                clew_run_writer_numbers(&p->writer, CLEW_RUN_STARTS, p->starts, p->head.n_traces);
                r = write_places(p, err);
        } else {
                r = write_column(p, CLEW_RUN_COLUMN + p->section - 1, err);
        }
        if (r == 0 && p->section++ < CLEW_INDEX_COLUMNS_MAX)
                return 1;
        return r < 0 ? r : clew_run_writer_finish(&p->writer, &p->head);
}
