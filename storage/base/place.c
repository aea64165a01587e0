#include "storage/base/place-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"

#include <errno.h>
#include <string.h>

/* First bytes of the ids of one bucket. */
#define BUCKET_WIDTH (256 / CLEW_PLACE_BUCKETS)
#define PLACE_BYTES_MAX 32u
/* Records of a bucket that are walked to prove it. */
#define PROVE_MAX 4000000u

static uint64_t digest(const struct clew_trace_id *id, const struct clew_place *place)
{
        uint64_t words[3] = {place->segment, place->index, place->start_ns};

        return clew_checksum(clew_slice_make(id->bytes, sizeof(id->bytes)),
                             clew_slice_make(words, sizeof(words)));
}

bool clew_place_decode(struct clew_slice value, struct clew_place *ret)
{
        struct clew_cursor c = clew_cursor_make(value);
        struct clew_place p;
        uint64_t index;

        p.segment = clew_cursor_varint(&c);
        index = clew_cursor_varint(&c);
        p.start_ns = clew_cursor_le64(&c);
        if (c.failed || index > UINT32_MAX)
                return false;
        p.index = (uint32_t)index;
        *ret = p;
        return true;
}

int clew_place_read(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *id,
                    struct clew_place *ret, struct clew_error *err)
{
        struct clew_key key = clew_key_trace(id);
        struct clew_slice value;
        int r = clew_table_get(env, txn, CLEW_TABLE_TRACE, clew_key_slice(&key), &value, err);

        if (r < 0)
                return r;
        if (!clew_place_decode(value, ret))
                return clew_error_set(err, -EBADMSG, 0, "store %s: a trace record is damaged",
                                      clew_env_dir(env));
        return 0;
}

int clew_place_write(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *id,
                     const struct clew_place *place, struct clew_error *err)
{
        struct clew_key key = clew_key_trace(id);
        struct clew_key time = clew_key_time(place->start_ns, id);
        CLEW_BUFFER b = {0};
        struct clew_slice value;
        int r;

        clew_buffer_init(&b, PLACE_BYTES_MAX);
        clew_buffer_append_varint(&b, place->segment);
        clew_buffer_append_varint(&b, place->index);
        clew_buffer_append_le64(&b, place->start_ns);
        if (clew_buffer_error(&b) < 0)
                return clew_error_set(err, clew_buffer_error(&b), 0, "out of memory");
        value = clew_buffer_slice(&b);
        r = clew_table_put(env, txn, CLEW_TABLE_TRACE, clew_key_slice(&key), &value, 1, err);
        if (r < 0)
                return r;
        return clew_table_put(env, txn, CLEW_TABLE_TIME, clew_key_slice(&time), NULL, 0, err);
}

static unsigned bucket_of(const struct clew_place_sums *sums, const struct clew_trace_id *id)
{
        return sums->by_bucket ? id->bytes[0] / BUCKET_WIDTH : 0;
}

void clew_place_count_in(struct clew_place_sums *sums, const struct clew_trace_id *id,
                         const struct clew_place *place)
{
        sums->of[bucket_of(sums, id)] += digest(id, place);
}

void clew_place_count_out(struct clew_place_sums *sums, const struct clew_trace_id *id,
                          const struct clew_place *place)
{
        sums->of[bucket_of(sums, id)] -= digest(id, place);
}

/* Sums up the places from bucket @from up to, not with, @to. 1 = done, 0 = more than @max. */
static int sum_up(struct clew_env *env, MDB_txn *txn, unsigned from, unsigned to, uint64_t max,
                  struct clew_place_sums *sums, struct clew_error *err)
{
        struct clew_trace_id first = {{(uint8_t)(from * BUCKET_WIDTH)}};
        struct clew_key key = clew_key_trace(&first);
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(env, txn, CLEW_TABLE_TRACE, &scan, err);

        if (r == 0)
                r = clew_scan_seek(&scan, clew_key_slice(&key), err);
        for (uint64_t n = 0; r >= 0 && (r = clew_scan_next(&scan, err)) == 1; n++) {
                struct clew_trace_id id;
                struct clew_place place;

                if (n == max)
                        return 0;
                if (!clew_trace_id_from_bytes(scan.key, &id) ||
                    !clew_place_decode(scan.value, &place))
                        continue;
                if (id.bytes[0] / BUCKET_WIDTH >= to)
                        break;
                clew_place_count_in(sums, &id, &place);
        }
        return r < 0 ? r : 1;
}

static int not_whole(struct clew_env *env, unsigned from, unsigned to, struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: the trace index is damaged (ids that begin with %02x to "
                              "%02x); see clew doctor --verify",
                              clew_env_dir(env), from * BUCKET_WIDTH, to * BUCKET_WIDTH - 1);
}

static int prove(struct clew_env *env, MDB_txn *txn, const struct clew_place_sums *expected,
                 unsigned from, unsigned to, struct clew_places_proved *proved,
                 struct clew_error *err)
{
        struct clew_place_sums found = {.by_bucket = expected->by_bucket};
        unsigned at = expected->by_bucket ? from : 0;
        int r = sum_up(env, txn, from, to, PROVE_MAX, &found, err);

        if (r == 1 && found.of[at] != expected->of[at])
                return not_whole(env, from, to, err);
        if (r == 1)
                memset(proved->bucket + from, true, to - from);
        return r < 0 ? r : 0;
}

int clew_places_prove(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *id,
                      unsigned n_digits, struct clew_places_proved *proved, struct clew_error *err)
{
        unsigned from = 0;
        unsigned to = CLEW_PLACE_BUCKETS;
        unsigned step;
        struct clew_state state;
        int r = clew_state_read(env, txn, &state, err);

        if (r < 0)
                return r;
        step = state.places.by_bucket ? 1 : CLEW_PLACE_BUCKETS;
        if (n_digits >= 2 && state.places.by_bucket) {
                from = id->bytes[0] / BUCKET_WIDTH;
                to = from + 1;
        }
        for (; r == 0 && from < to; from += step) {
                if (!proved->bucket[from])
                        r = prove(env, txn, &state.places, from, from + step, proved, err);
        }
        return r;
}

int clew_places_divide(struct clew_env *env, MDB_txn *txn, struct clew_place_sums *sums,
                       struct clew_error *err)
{
        struct clew_place_sums divided = {.by_bucket = true};
        uint64_t all = 0;
        int r = sum_up(env, txn, 0, CLEW_PLACE_BUCKETS, UINT64_MAX, &divided, err);

        for (unsigned i = 0; i < CLEW_PLACE_BUCKETS; i++)
                all += divided.of[i];
        if (r < 0 || all != sums->of[0])
                return r < 0 ? r : not_whole(env, 0, CLEW_PLACE_BUCKETS, err);
        *sums = divided;
        return 0;
}
