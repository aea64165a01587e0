/*
 * Putting one trace together from its sealed part and its hot fragments.
 */
#include "proto/base/mem.h"
#include "proto/otlp/log-event.h"
#include "proto/otlp/merge.h"
#include "proto/otlp/span.h"
#include "storage/object/objects-int.h"
#include "storage/source/store-int.h"

#include <errno.h>
#include <string.h>

#define HOT_RESERVE_MAX ((size_t)64 << 20)
/* Times that a trace may move to another object while it is read. */
#define MOVES_MAX 4u
/* Of each buffer, for the next trace. What a large one has needed on its way is given back as soon
 * as it is not needed: it would stand beside what is made of the trace. */
#define KEPT_MAX ((size_t)16 << 20)

int clew_loader_init(struct clew_loader *l, struct clew_env *env)
{
        int r;

        memset(l, 0, sizeof(*l));
        l->env = env;
        clew_buffer_init(&l->object, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&l->sealed, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&l->hot, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&l->traces, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&l->logs, CLEW_PACK_RESIDUE_MAX);
        clew_arena_init(&l->arena, CLEW_MERGE_ARENA_MAX);
        l->unpacker = clew_unpacker_new();
        r = clew_segment_reader_init(&l->segment);
        return l->unpacker ? r : -ENOMEM;
}

void clew_loader_limit(struct clew_loader *l, size_t max_bytes)
{
        struct clew_buffer *const buffers[] = {&l->sealed, &l->hot, &l->traces, &l->logs};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(buffers); i++) {
                clew_buffer_deinit(buffers[i]);
                clew_buffer_init(buffers[i], max_bytes);
        }
}

/* It is whole and right, and larger than who asks wants to hold. */
static int too_large(const struct clew_loader *l, struct clew_error *err)
{
        return clew_error_set(
                err, -EMSGSIZE, 0,
                "the trace is larger than the %zu MiB that are held for one question; "
                "the command line reads it",
                l->sealed.max_bytes >> 20);
}

void clew_loader_deinit(struct clew_loader *l)
{
        clew_buffer_deinit(&l->object);
        clew_buffer_deinit(&l->sealed);
        clew_buffer_deinit(&l->hot);
        clew_buffer_deinit(&l->traces);
        clew_buffer_deinit(&l->logs);
        clew_arena_deinit(&l->arena);
        clew_unpacker_free(l->unpacker);
        clew_segment_reader_deinit(&l->segment);
        for (size_t i = 0; i < CLEW_LOADER_KEPT; i++) {
                clew_segment_reader_deinit(&l->kept[i].reader);
                clew_buffer_deinit(&l->kept[i].object);
        }
}

void clew_loader_set_txn(struct clew_loader *l, MDB_txn *txn)
{
        l->txn = txn;
        l->epoch++;
        l->open_segment = 0;
        l->live.segment = 0;
        l->segment.n_traces = 0;
        for (size_t i = 0; i < CLEW_LOADER_KEPT; i++) {
                l->kept[i].segment = 0; /* what it points into was the old snapshot's */
                l->kept[i].reader.n_traces = 0;
        }
        clew_hot_reader_init(&l->fragments, l->env, txn);
}

static void drop_large(struct clew_buffer *b)
{
        if (b->capacity > KEPT_MAX)
                clew_buffer_deinit(b);
}

static int segment_error(struct clew_loader *l, int r, uint64_t segment, struct clew_error *err)
{
        if (r == -ENOENT)
                r = -EBADMSG;
        return clew_error_set(err, r, 0,
                              r == -EBADMSG ? "store %s: segment %llu is damaged or missing; see "
                                              "clew doctor --verify"
                                            : "store %s: segment %llu: out of memory",
                              clew_env_dir(l->env), (unsigned long long)segment);
}

int clew_place_check_live(struct clew_env *env, const struct clew_place *place,
                          const struct clew_segment_live *live, struct clew_error *err)
{
        if (clew_segment_is_live(clew_slice_make(live->bits, live->len), live->n_traces,
                                 place->index))
                return 0;
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: the trace index is damaged (it leads to trace %u of "
                              "segment %llu, which has moved on); see clew doctor --verify",
                              clew_env_dir(env), place->index, (unsigned long long)place->segment);
}

/* Segments that are kept open beside the one at hand before one was asked for again. Each has some
 * megabytes of memory that nobody has touched, and most questions open a segment once. */
#define KEPT_AT_FIRST 2u

static bool is_gone(const struct clew_loader *l, uint64_t segment)
{
        for (size_t i = 0; i < CLEW_LOADER_KEPT; i++) {
                if (l->gone[i] == segment)
                        return true;
        }
        return false;
}

/* The place for the open segment: that of @segment, one more while segments are asked for again
 * that had to make room, or that of the one that was read least lately. */
static struct clew_kept_segment *find_place(struct clew_loader *l, uint64_t segment)
{
        struct clew_kept_segment *place = &l->kept[0];

        for (uint32_t i = 0; i < l->n_kept; i++) {
                if (l->kept[i].segment == segment)
                        return &l->kept[i];
                if (l->kept[i].used < place->used)
                        place = &l->kept[i];
        }
        if (l->n_kept < KEPT_AT_FIRST || (l->n_kept < CLEW_LOADER_KEPT && is_gone(l, segment)))
                return &l->kept[l->n_kept++];
        l->gone[l->n_gone++ % CLEW_LOADER_KEPT] = place->segment;
        return place;
}

/* Puts the open segment aside for @segment. Returns whether @segment is open then. */
static bool switch_segment(struct clew_loader *l, uint64_t segment)
{
        struct clew_kept_segment *place = find_place(l, segment);
        struct clew_kept_segment old = {.reader = l->segment,
                                        .object = l->object,
                                        .segment = l->open_segment,
                                        .used = ++l->switches};

        if (!place->reader.unpacker) {
                if (clew_segment_reader_init(&place->reader) < 0)
                        return false; /* then one is open at a time */
                clew_buffer_init(&place->object, CLEW_PACK_RESIDUE_MAX);
        }
        l->segment = place->reader;
        l->object = place->object;
        l->open_segment = place->segment;
        *place = old;
        return l->open_segment == segment;
}

/* -EREMCHG: the segment is gone, and was somewhere else than in this store. */
static int read_sealed(struct clew_loader *l, uint64_t segment, uint32_t index,
                       const struct clew_trace_id *id, struct clew_segment_row *ret_row,
                       struct clew_error *err)
{
        struct clew_slice object;
        int r = 0;

        if (l->open_segment != segment && !switch_segment(l, segment)) {
                l->open_segment = 0;
                r = clew_object_get(l->env, l->txn, segment, &l->object, &object, err);
                if (r == -ENOENT)
                        return segment_error(l, r, segment, err);
                if (r < 0)
                        return r;
                r = clew_segment_reader_open(&l->segment, object);
                if (r < 0)
                        return segment_error(l, r, segment, err);
                l->open_segment = segment;
        }
        clew_buffer_clear(&l->sealed);
        r = clew_segment_reader_read(&l->segment, index, id, &l->sealed, ret_row);
        clew_unpacker_drop_large(l->segment.unpacker);
        if (r == -EMSGSIZE)
                return too_large(l, err);
        return r < 0 ? segment_error(l, r, segment, err) : 0;
}

int clew_loader_sealed(struct clew_loader *l, uint64_t segment, uint32_t index,
                       const struct clew_trace_id *id, struct clew_segment_row *ret_row,
                       struct clew_error *err)
{
        int r = read_sealed(l, segment, index, id, ret_row, err);

        return r == -EREMCHG ? segment_error(l, -ENOENT, segment, err) : r;
}

static int read_live(struct clew_loader *l, uint64_t segment, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        struct clew_segment_entry entry;
        struct clew_slice value;
        int r = clew_table_get(l->env, l->txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value,
                               err);

        if (r < 0 && r != -ENOENT)
                return r;
        if (r == -ENOENT || !clew_segment_entry_decode(value, &entry))
                return segment_error(l, -EBADMSG, segment, err);
        clew_segment_live_keep(&l->live, segment, &entry);
        return 0;
}

int clew_loader_check_place(struct clew_loader *l, const struct clew_place *place,
                            struct clew_error *err)
{
        int r = l->live.segment == place->segment ? 0 : read_live(l, place->segment, err);

        return r < 0 ? r : clew_place_check_live(l->env, place, &l->live, err);
}

/* Parts to merge, per signal; slices are made at the end because the buffers move while they grow.
 */
struct part {
        size_t from;
        size_t len;
        enum clew_otlp_signal signal;
};

static int read_fragment(struct clew_loader *l, const struct clew_hot_found *f,
                         struct clew_loaded *ret, struct part *part, struct clew_error *err)
{
        const struct clew_fragment_header *h = &f->header;
        int r;

        part->from = l->hot.len;
        r = clew_unpacker_open(l->unpacker, f->pack);
        if (r == 0)
                r = clew_unpacker_read(l->unpacker, 0, &l->hot);
        clew_unpacker_drop_large(l->unpacker);
        if (r == -EMSGSIZE)
                return too_large(l, err);
        if (r < 0)
                return clew_error_set(err, r == -EINVAL ? -EBADMSG : r, 0,
                                      "store %s: hot fragment %llu cannot be unpacked",
                                      clew_env_dir(l->env), (unsigned long long)f->ref.sequence);
        part->len = l->hot.len - part->from;
        part->signal = h->signal;
        if (h->arrival_ns > ret->last_arrival_ns)
                ret->last_arrival_ns = h->arrival_ns;
        if (h->min_start_ns && (!ret->min_start_ns || h->min_start_ns < ret->min_start_ns))
                ret->min_start_ns = h->min_start_ns;
        ret->n_fragments++;
        return 0;
}

/* What the fragments are said to unpack to, as far as memory is set aside on their word. */
static size_t hot_bytes(const struct clew_hot_trace *t)
{
        return t->raw_bytes < HOT_RESERVE_MAX ? (size_t)t->raw_bytes : HOT_RESERVE_MAX;
}

static bool is_over(const struct clew_loader *l, uint64_t n_items)
{
        return (l->max_items && n_items >= l->max_items) ||
               (l->max_bytes && l->hot.len >= l->max_bytes);
}

static int read_hot(struct clew_loader *l, const struct clew_trace_id *id,
                    const struct clew_hot_list *hot, struct clew_loaded *ret,
                    struct clew_buffer *parts, uint64_t *ret_items, struct clew_error *err)
{
        const struct clew_hot_trace *t = clew_hot_find(hot, id);
        uint32_t at = t ? t->first_link : CLEW_HOT_NONE;
        uint64_t n_items = 0;

        if (t && !clew_buffer_reserve(&l->hot, hot_bytes(t)))
                return clew_buffer_error(&l->hot) == -EMSGSIZE ? too_large(l, err)
                                                               : clew_buffer_error(&l->hot);
        while (at != CLEW_HOT_NONE && !is_over(l, n_items)) {
                struct clew_hot_found f;
                struct part part;
                const struct clew_hot_ref ref = clew_hot_ref_of(&hot->links[at]);
                int r = clew_hot_read(&l->fragments, id, &ref, &f, err);

                if (r == 0)
                        r = read_fragment(l, &f, ret, &part, err);
                if (r < 0)
                        return r;
                clew_buffer_append(parts, &part, sizeof(part));
                r = clew_buffer_error(parts);
                if (r < 0)
                        return r;
                n_items += f.header.n_items;
                at = hot->links[at].next;
        }
        *ret_items = n_items;
        if (t)
                ret->left_out = (uint64_t)t->n_spans + t->n_logs - n_items;
        return 0;
}

static int merge_signal(struct clew_loader *l, enum clew_otlp_signal signal,
                        struct clew_slice sealed, const struct clew_buffer *parts,
                        struct clew_buffer *out, size_t *ret_items)
{
        const struct part *p = (const void *)parts->data;
        size_t n = parts->len / sizeof(*p);
        struct clew_slice *slices;
        size_t used = 0;

        clew_arena_reset(&l->arena);
        clew_buffer_clear(out);
        slices = clew_arena_calloc(&l->arena, n + 1, sizeof(*slices));
        if (!slices)
                return -ENOMEM;
        if (sealed.len)
                slices[used++] = sealed;
        for (size_t i = 0; i < n; i++) {
                if (p[i].signal == signal && p[i].len)
                        slices[used++] = clew_slice_make(l->hot.data + p[i].from, p[i].len);
        }
        *ret_items = 0;
        if (used == 0)
                return 0;
        return clew_otlp_merge_some(slices, used, signal, l->max_items ? l->max_items : SIZE_MAX,
                                    &l->arena, out, ret_items);
}

static int merge_all(struct clew_loader *l, struct clew_slice traces, struct clew_slice logs,
                     const struct clew_buffer *parts, struct clew_loaded *ret)
{
        size_t n = 0;
        int r = merge_signal(l, CLEW_OTLP_TRACES, traces, parts, &l->traces, &n);

        if (r < 0)
                return r;
        ret->n_spans = n;
        ret->traces = clew_buffer_slice(&l->traces);
        r = merge_signal(l, CLEW_OTLP_LOGS, logs, parts, &l->logs, &n);
        if (r < 0)
                return r;
        ret->n_logs = n;
        ret->logs = clew_buffer_slice(&l->logs);
        drop_large(&l->hot); /* all of it has been copied */
        drop_large(&l->sealed);
        if (l->arena.used_bytes > KEPT_MAX)
                clew_arena_deinit(&l->arena);
        return 0;
}

/*
 * The sealed part of a trace, from a newer snapshot when the object that it was in is gone: others
 * have put it into another one meanwhile, or deleted it (then -ENOENT).
 */
static int read_where_it_is(struct clew_loader *l, const struct clew_trace_id *id,
                            struct clew_place *place, struct clew_segment_row *row,
                            struct clew_error *err)
{
        MDB_txn *before = l->txn;
        MDB_txn *newer = NULL;
        int r = read_sealed(l, place->segment, place->index, id, row, err);

        for (unsigned i = 0; r == -EREMCHG && i < MOVES_MAX; i++) {
                uint64_t old = place->segment;

                clew_txn_end_read(l->env, newer);
                newer = NULL;
                clew_loader_set_txn(l, NULL);
                r = clew_txn_begin_read(l->env, &newer, err);
                if (r < 0)
                        break;
                clew_loader_set_txn(l, newer);
                r = clew_place_read(l->env, newer, id, place, err);
                if (r == 0 && place->segment == old)
                        r = -EREMCHG;
                else if (r == 0)
                        r = clew_loader_check_place(l, place, err);
                if (r == 0)
                        r = read_sealed(l, place->segment, place->index, id, row, err);
        }
        if (l->txn != before) {
                clew_loader_set_txn(l, before);
                clew_txn_end_read(l->env, newer);
        }
        return r == -EREMCHG ? segment_error(l, -ENOENT, place->segment, err) : r;
}

int clew_loader_load(struct clew_loader *l, const struct clew_trace_id *id,
                     const struct clew_hot_list *hot, struct clew_loaded *ret,
                     struct clew_error *err)
{
        struct clew_segment_row row = {0};
        CLEW_BUFFER parts = {0};
        uint64_t n_read = 0;
        int r;

        clew_buffer_init(&parts, CLEW_PACK_RESIDUE_MAX);
        memset(ret, 0, sizeof(*ret));
        l->epoch++;
        clew_buffer_clear(&l->sealed);
        clew_buffer_clear(&l->hot);
        drop_large(&l->sealed);
        drop_large(&l->traces);
        drop_large(&l->logs);
        r = clew_place_read(l->env, l->txn, id, &ret->place, err);
        if (r < 0 && r != -ENOENT)
                return r;
        ret->sealed = r == 0;
        if (ret->sealed) {
                r = clew_loader_check_place(l, &ret->place, err);
                if (r < 0)
                        return r;
                r = read_where_it_is(l, id, &ret->place, &row, err);
                if (r < 0)
                        return r;
        }
        r = read_hot(l, id, hot, ret, &parts, &n_read, err);
        if (r < 0)
                return r;
        ret->traces = clew_slice_make(l->sealed.data, (size_t)row.traces_len);
        ret->logs = clew_slice_from(clew_buffer_slice(&l->sealed), (size_t)row.traces_len);
        ret->n_spans = ret->sealed_spans = row.n_spans;
        ret->n_logs = ret->sealed_logs = row.n_logs;
        ret->sealed_raw_bytes = l->sealed.len;
        if (ret->n_fragments == 0)
                return ret->sealed ? 0 : -ENOENT;
        r = merge_all(l, ret->traces, ret->logs, &parts, ret);
        if (r == -EMSGSIZE)
                return too_large(l, err);
        if (r < 0)
                return clew_error_set(err, r, 0, "store %s: fragments of a trace cannot be merged",
                                      clew_env_dir(l->env));
        /* The last fragment that was read may itself have been cut. */
        if (l->max_items && n_read + ret->sealed_spans + ret->sealed_logs > l->max_items &&
            (ret->n_spans == l->max_items || ret->n_logs == l->max_items))
                ret->left_out += n_read + ret->sealed_spans + ret->sealed_logs -
                                 (ret->n_spans + ret->n_logs);
        return 0;
}

void clew_trace_id_of_message(struct clew_slice message, uint64_t traces_len,
                              struct clew_trace_id *ret)
{
        struct clew_otlp_reader r =
                clew_otlp_reader_make(clew_slice_make(message.data, (size_t)traces_len));
        struct clew_otlp_scope scope;
        struct clew_log_record record;
        struct clew_trace_id run;
        struct clew_span span;
        struct clew_slice raw;

        if (clew_otlp_read(&r, &raw, NULL)) {
                if (clew_span_parse(raw, &span))
                        *ret = span.trace_id;
                return;
        }
        r = clew_otlp_reader_make(clew_slice_from(message, (size_t)traces_len));
        if (!clew_otlp_read(&r, &raw, &scope) || !clew_log_record_parse(raw, &record))
                return;
        *ret = record.trace_id;
        if (clew_trace_id_is_zero(ret) &&
            clew_log_place(&record, scope.scope, scope.resource, &run))
                *ret = run;
}
