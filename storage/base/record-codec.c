/*
 * Small records and keys: encoding, checking, decoding (record-int.h).
 */
#include "storage/base/record-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "storage/base/env-struct-int.h"
#include "storage/base/index-table-int.h"
#include "storage/base/place-int.h"
#include "storage/base/sums-int.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STATE_BYTES_MAX (224u + 8u * CLEW_PLACE_BUCKETS)
#define FORMAT_MAGIC "clew store"
/* The last byte of keys of batches: what is gone stands before the batch it tells of. */
#define KIND_GONE 0u
#define KIND_BATCH 1u

static void put_be64(uint8_t *p, uint64_t v)
{
        for (unsigned i = 0; i < 8; i++)
                p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t get_be64(const uint8_t *p)
{
        uint64_t v = 0;

        for (unsigned i = 0; i < 8; i++)
                v = v << 8 | p[i];
        return v;
}

struct clew_key clew_key_trace(const struct clew_trace_id *id)
{
        struct clew_key k = {.len = CLEW_TRACE_ID_BYTES};

        memcpy(k.bytes, id->bytes, CLEW_TRACE_ID_BYTES);
        return k;
}

struct clew_key clew_key_numbered(const struct clew_trace_id *id, uint64_t number)
{
        struct clew_key k = clew_key_trace(id);

        put_be64(k.bytes + k.len, number);
        k.len += 8;
        return k;
}

struct clew_key clew_key_time(uint64_t start_ns, const struct clew_trace_id *id)
{
        struct clew_key k = {.len = 8 + CLEW_TRACE_ID_BYTES};

        put_be64(k.bytes, ~start_ns);
        memcpy(k.bytes + 8, id->bytes, CLEW_TRACE_ID_BYTES);
        return k;
}

struct clew_key clew_key_segment(uint64_t segment)
{
        struct clew_key k = {.len = 8};

        put_be64(k.bytes, segment);
        return k;
}

struct clew_key clew_key_chunk(uint64_t object, uint32_t chunk)
{
        struct clew_key k = clew_key_segment(object);

        for (unsigned i = 0; i < 4; i++)
                k.bytes[k.len++] = (uint8_t)(chunk >> (24 - 8 * i));
        return k;
}

static struct clew_key key_of_batch(uint64_t first, uint8_t kind)
{
        struct clew_key k = {.len = 9};

        put_be64(k.bytes, first);
        k.bytes[8] = kind;
        return k;
}

struct clew_key clew_key_batch(uint64_t first)
{
        return key_of_batch(first, KIND_BATCH);
}

struct clew_key clew_key_gone(uint64_t first)
{
        return key_of_batch(first, KIND_GONE);
}

bool clew_key_read_batch(struct clew_slice key, uint64_t *ret_first, bool *ret_gone)
{
        if (key.len != 9 || (key.data[8] != KIND_BATCH && key.data[8] != KIND_GONE))
                return false;
        *ret_first = get_be64(key.data);
        *ret_gone = key.data[8] == KIND_GONE;
        return true;
}

bool clew_key_read_numbered(struct clew_slice key, struct clew_trace_id *ret_id,
                            uint64_t *ret_number)
{
        if (key.len != CLEW_TRACE_ID_BYTES + 8)
                return false;
        memcpy(ret_id->bytes, key.data, CLEW_TRACE_ID_BYTES);
        *ret_number = get_be64(key.data + CLEW_TRACE_ID_BYTES);
        return true;
}

bool clew_key_read_time(struct clew_slice key, uint64_t *ret_start_ns, struct clew_trace_id *ret_id)
{
        if (key.len != CLEW_TRACE_ID_BYTES + 8)
                return false;
        *ret_start_ns = ~get_be64(key.data);
        memcpy(ret_id->bytes, key.data + 8, CLEW_TRACE_ID_BYTES);
        return true;
}

bool clew_key_read_segment(struct clew_slice key, uint64_t *ret_segment)
{
        if (key.len != 8)
                return false;
        *ret_segment = get_be64(key.data);
        return true;
}

static int damaged_meta(struct clew_env *env, const char *what, struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0, "store %s: record meta is damaged (%s)",
                              clew_env_dir(env), what);
}

/* One varint for all traces in formats 1 and 2. */
static void read_place_sums(struct clew_cursor *c, struct clew_place_sums *s)
{
        memset(s->of, 0, sizeof(s->of));
        s->by_bucket = clew_cursor_left(c) >= 8u * CLEW_PLACE_BUCKETS;
        if (!s->by_bucket)
                s->of[0] = clew_cursor_varint(c);
        for (unsigned i = 0; s->by_bucket && i < CLEW_PLACE_BUCKETS; i++)
                s->of[i] = clew_cursor_le64(c);
}

bool clew_state_decode(struct clew_slice value, struct clew_state *ret)
{
        struct clew_cursor c = clew_cursor_make(value);
        struct clew_state s;

        s.txn_id = clew_cursor_varint(&c);
        s.next_sequence = clew_cursor_varint(&c);
        s.next_segment = clew_cursor_varint(&c);
        s.sealed_traces = clew_cursor_varint(&c);
        s.sealed_spans = clew_cursor_varint(&c);
        s.sealed_logs = clew_cursor_varint(&c);
        s.sealed_raw_bytes = clew_cursor_varint(&c);
        s.segments = clew_cursor_varint(&c);
        s.segment_bytes = clew_cursor_varint(&c);
        s.hot_fragments = clew_cursor_varint(&c);
        s.hot_sum = clew_cursor_varint(&c);
        read_place_sums(&c, &s.places);
        if (c.failed)
                return false;
        /* Written since they are counted; before, nothing is known to have been written twice. */
        s.first_bytes = clew_cursor_left(&c) ? clew_cursor_varint(&c) : s.sealed_raw_bytes;
        s.again_bytes = clew_cursor_left(&c) ? clew_cursor_varint(&c) : 0;
        s.next_run = clew_cursor_left(&c) ? clew_cursor_varint(&c) : 1;
        s.index_records = clew_cursor_left(&c) ? clew_cursor_varint(&c) : 0;
        s.index_sum = clew_cursor_left(&c) ? clew_cursor_le64(&c) : 0;
        s.has_sums = clew_cursor_left(&c) > 0;
        s.note_records = s.has_sums ? clew_cursor_varint(&c) : 0;
        s.note_sum = s.has_sums ? clew_cursor_le64(&c) : 0;
        s.time_sum = s.has_sums ? clew_cursor_le64(&c) : 0;
        if (c.failed)
                return false;
        *ret = s;
        return true;
}

int clew_state_read(struct clew_env *env, MDB_txn *txn, struct clew_state *ret,
                    struct clew_error *err)
{
        struct clew_slice value;
        struct clew_state s;
        int r = clew_table_get(env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("state"), &value, err);

        if (r == -ENOENT)
                return damaged_meta(env, "state is missing", err);
        if (r < 0)
                return r;
        if (!clew_state_decode(value, &s))
                return damaged_meta(env, "state is too short", err);
        /* A read transaction has the id of the last commit, a write transaction the next one. */
        if (s.txn_id != mdb_txn_id(txn) && s.txn_id + 1 != mdb_txn_id(txn))
                return damaged_meta(env, "state of another commit", err);
        if (clew_index_table_is_uncounted(env, txn)) /* another one, with nothing in it */
                s.index_records = s.index_sum = 0;
        *ret = s;
        return 0;
}

int clew_state_write(struct clew_env *env, MDB_txn *txn, struct clew_state *s,
                     struct clew_error *err)
{
        CLEW_BUFFER b = {0};
        struct clew_slice value;

        s->txn_id = mdb_txn_id(txn);
        clew_buffer_init(&b, STATE_BYTES_MAX);
        clew_buffer_append_varint(&b, s->txn_id);
        clew_buffer_append_varint(&b, s->next_sequence);
        clew_buffer_append_varint(&b, s->next_segment);
        clew_buffer_append_varint(&b, s->sealed_traces);
        clew_buffer_append_varint(&b, s->sealed_spans);
        clew_buffer_append_varint(&b, s->sealed_logs);
        clew_buffer_append_varint(&b, s->sealed_raw_bytes);
        clew_buffer_append_varint(&b, s->segments);
        clew_buffer_append_varint(&b, s->segment_bytes);
        clew_buffer_append_varint(&b, s->hot_fragments);
        clew_buffer_append_varint(&b, s->hot_sum);
        CLEW_ASSERT(s->places.by_bucket);
        for (unsigned i = 0; i < CLEW_PLACE_BUCKETS; i++)
                clew_buffer_append_le64(&b, s->places.of[i]);
        clew_buffer_append_varint(&b, s->first_bytes);
        clew_buffer_append_varint(&b, s->again_bytes);
        clew_buffer_append_varint(&b, s->next_run);
        clew_buffer_append_varint(&b, s->index_records);
        clew_buffer_append_le64(&b, s->index_sum);
        CLEW_ASSERT(s->has_sums);
        clew_buffer_append_varint(&b, s->note_records);
        clew_buffer_append_le64(&b, s->note_sum);
        clew_buffer_append_le64(&b, s->time_sum);
        if (clew_buffer_error(&b) < 0)
                return clew_error_set(err, clew_buffer_error(&b), 0, "out of memory");
        clew_index_table_counted(env);
        value = clew_buffer_slice(&b);
        return clew_table_put(env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("state"), &value, 1,
                              err);
}

/* format = magic, version, page size, time of creation */
int clew_format_put(struct clew_env *env, MDB_txn *txn, uint64_t page_size, uint64_t created_ns,
                    struct clew_error *err)
{
        CLEW_BUFFER b = {0};
        struct clew_slice value;

        clew_buffer_init(&b, STATE_BYTES_MAX);
        clew_buffer_append(&b, FORMAT_MAGIC, sizeof(FORMAT_MAGIC));
        clew_buffer_append_varint(&b, CLEW_FORMAT_VERSION);
        clew_buffer_append_varint(&b, page_size);
        clew_buffer_append_varint(&b, created_ns);
        if (clew_buffer_error(&b) < 0)
                return clew_error_set(err, clew_buffer_error(&b), 0, "out of memory");
        value = clew_buffer_slice(&b);
        return clew_table_put(env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("format"), &value, 1,
                              err);
}

int clew_format_create(struct clew_env *env, MDB_txn *txn, uint64_t created_ns,
                       struct clew_error *err)
{
        struct clew_state state = {.next_sequence = 1,
                                   .next_segment = 1,
                                   .next_run = 1,
                                   .places.by_bucket = true,
                                   .has_sums = true};
        int r = clew_format_put(env, txn, (uint64_t)sysconf(_SC_PAGESIZE), created_ns, err);

        return r < 0 ? r : clew_state_write(env, txn, &state, err);
}

/* @ret_rest is behind the version. */
static int format_open(struct clew_env *env, MDB_txn *txn, uint64_t *ret_version,
                       struct clew_cursor *ret_rest, struct clew_error *err)
{
        struct clew_slice value;
        struct clew_slice magic;
        int r = clew_table_get(env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("format"), &value,
                               err);

        if (r < 0)
                return r;
        *ret_rest = clew_cursor_make(value);
        magic = clew_cursor_bytes(ret_rest, sizeof(FORMAT_MAGIC));
        *ret_version = clew_cursor_varint(ret_rest);
        if (ret_rest->failed || memcmp(magic.data, FORMAT_MAGIC, sizeof(FORMAT_MAGIC)) != 0)
                return clew_error_set(err, -EINVAL, 0, "store %s: was made by another program",
                                      clew_env_dir(env));
        return 0;
}

int clew_format_read(struct clew_env *env, MDB_txn *txn, uint32_t *ret_version,
                     struct clew_error *err)
{
        struct clew_cursor rest;
        uint64_t version = 0;
        int r = format_open(env, txn, &version, &rest, err);

        if (r < 0)
                return r;
        if (version < CLEW_FORMAT_VERSION_OLDEST || version > CLEW_FORMAT_VERSION)
                return clew_error_set(err, -EPROTONOSUPPORT, 0,
                                      "store %s: has format version %llu, this program reads "
                                      "versions %u to %u; use the Clew that wrote it, or export "
                                      "there and import here",
                                      clew_env_dir(env), (unsigned long long)version,
                                      CLEW_FORMAT_VERSION_OLDEST, CLEW_FORMAT_VERSION);
        *ret_version = (uint32_t)version;
        return 0;
}

int clew_format_created(struct clew_env *env, MDB_txn *txn, uint64_t *ret_ns,
                        struct clew_error *err)
{
        struct clew_cursor rest;
        uint64_t version = 0;
        int r = format_open(env, txn, &version, &rest, err);

        if (r < 0)
                return r;
        (void)clew_cursor_varint(&rest); /* page size */
        *ret_ns = clew_cursor_varint(&rest);
        return rest.failed ? clew_error_set(err, -EBADMSG, 0,
                                            "store %s: its record of the format is damaged",
                                            clew_env_dir(env))
                           : 0;
}

int clew_format_upgrade(struct clew_env *env, MDB_txn *txn, struct clew_error *err)
{
        struct clew_state state;
        struct clew_cursor rest;
        uint64_t version = 0;
        uint64_t page_size;
        uint64_t created_ns;
        int r = format_open(env, txn, &version, &rest, err);

        if (r < 0)
                return r;
        page_size = clew_cursor_varint(&rest);
        created_ns = clew_cursor_varint(&rest);
        r = clew_state_read(env, txn, &state, err);
        if (r == 0 && !state.places.by_bucket)
                r = clew_places_divide(env, txn, &state.places, err);
        if (r == 0 && !state.has_sums)
                r = clew_sums_begin(env, txn, &state, err);
        if (r == 0)
                r = clew_format_put(env, txn, page_size, created_ns, err);
        return r < 0 ? r : clew_state_write(env, txn, &state, err);
}
