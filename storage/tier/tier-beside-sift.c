/*
 * Whose records beside the traces a store shows (tier-gone-int.h).
 *
 * A store gives numbers of its own, from 1: two writers give the same. A reader has them with 21
 * bits of the writer's hash above (storage/shelf.h). The record that leads from a number to its
 * annotation is made here, since its value is a key. Holds of others are not needed: they keep
 * runs from retention, which is the writers' (tier-carry.c). Datasets, rubrics and experiments are
 * histories under a name, which two writers may have begun each: they stay apart, since the number
 * is in their keys too, and a record tells whose that number is (query/review/history-int.h). Notes
 * have such numbers too, and come behind those of the writer without a name. Items
 * are kept for each writer that has them, so that what one gives up is another's still.
 */
#include "storage/tier/tier-gone-int.h"

#include "proto/base/hash.h"
#include "storage/tier/tier-part-int.h"

#include <errno.h>
#include <string.h>

#define NUMBER_BYTES 8u
#define NUMBERED_BYTES (1u + 16u + NUMBER_BYTES)
#define WRITER_BITS_MASK UINT64_C(0x1fffff)
/* One byte of form, and the key. */
#define KEY_VALUE_BYTES_MAX 256u
#define BLOB_BYTES (1u + 16u)
#define SIFTED_BYTES_MAX ((size_t)1 << 30)

static uint64_t numbers_of(const struct clew_tier *t)
{
        uint64_t hash = t->catalog.base >> CLEW_TIER_SEGMENT_BITS & WRITER_BITS_MASK;

        return t->catalog.base == 0 ? 0 : (hash ? hash : 1) << CLEW_SHELF_NUMBER_BITS;
}

uint64_t clew_tier_numbers_of(struct clew_slice writer)
{
        uint64_t hash = clew_hash(writer) & WRITER_BITS_MASK;

        return writer.len == 0 ? 0 : (hash ? hash : 1) << CLEW_SHELF_NUMBER_BITS;
}

static uint64_t read_number(struct clew_slice key)
{
        uint64_t v = 0;

        for (size_t i = key.len - NUMBER_BYTES; i < key.len; i++)
                v = v << 8 | key.data[i];
        return v;
}

static void write_number(uint8_t *ret, uint64_t v)
{
        for (unsigned i = 0; i < NUMBER_BYTES; i++)
                ret[i] = (uint8_t)(v >> (56 - 8 * i));
}

static bool is_said(struct clew_slice key)
{
        return key.len == NUMBERED_BYTES &&
               (key.data[0] == CLEW_SHELF_ANNOTATION || key.data[0] == CLEW_SHELF_OF_SESSION);
}

static bool is_number(struct clew_slice key)
{
        return key.len == 1 + NUMBER_BYTES &&
               (key.data[0] == CLEW_SHELF_NUMBER || key.data[0] == CLEW_SHELF_WRITER);
}

static bool is_in_history(struct clew_slice key)
{
        return key.len == NUMBERED_BYTES &&
               (key.data[0] == CLEW_SHELF_RUBRIC || key.data[0] == CLEW_SHELF_DATASET ||
                key.data[0] == CLEW_SHELF_EXPERIMENT);
}

static bool is_blob(struct clew_slice key, size_t bytes)
{
        return key.len == bytes && key.data[0] == CLEW_SHELF_BLOB;
}

bool clew_tier_beside_is_of(const struct clew_tier *t, struct clew_slice key)
{
        if (key.len > 0 && key.data[0] == CLEW_SHELF_DELETED)
                return false;
        if (is_said(key) || is_number(key) || is_in_history(key) || is_blob(key, NUMBERED_BYTES))
                return clew_shelf_writer_of(read_number(key)) == numbers_of(t);
        return !t->root;
}

bool clew_tier_beside_is_note_of(const struct clew_tier *t, struct clew_slice key)
{
        struct clew_trace_id id;
        uint64_t number;

        return clew_key_read_numbered(key, &id, &number) &&
               clew_shelf_writer_of(number) == numbers_of(t);
}

/* What was said at another writer, and the number that leads there. */
static int put_said(const struct clew_tier *t, const struct clew_tier_record *r,
                    struct clew_buffer *ret)
{
        uint8_t key[NUMBERED_BYTES];
        uint8_t number[1 + NUMBER_BYTES] = {CLEW_SHELF_NUMBER};
        uint64_t theirs = read_number(r->key);
        CLEW_BUFFER value = {0};
        struct clew_tier_record said = *r;
        struct clew_tier_record leads = {.tag = CLEW_TIER_PART_SHELF};
        int e;

        if (clew_shelf_writer_of(theirs) != 0)
                return -EBADMSG; /* no store gives so many */
        memcpy(key, r->key.data, sizeof(key));
        write_number(key + sizeof(key) - NUMBER_BYTES, theirs | numbers_of(t));
        memcpy(number + 1, key + sizeof(key) - NUMBER_BYTES, NUMBER_BYTES);
        said.key = clew_slice_make(key, sizeof(key));
        clew_buffer_init(&value, KEY_VALUE_BYTES_MAX);
        e = clew_shelf_encode(said.key, &value);
        leads.key = clew_slice_make(number, sizeof(number));
        leads.value = clew_buffer_slice(&value);
        if (e == 0) {
                clew_tier_record_put(ret, &said);
                clew_tier_record_put(ret, &leads);
        }
        return e;
}

/* A record of a history, or an item of one. */
static int put_named(const struct clew_tier *t, const struct clew_tier_record *r,
                     struct clew_buffer *ret)
{
        uint8_t key[NUMBERED_BYTES];
        uint64_t theirs = r->key.len == BLOB_BYTES ? 0 : read_number(r->key);
        struct clew_tier_record named = *r;

        if (clew_shelf_writer_of(theirs) != 0)
                return -EBADMSG; /* no store gives so many */
        memcpy(key, r->key.data, BLOB_BYTES);
        write_number(key + BLOB_BYTES, theirs | numbers_of(t));
        named.key = clew_slice_make(key, sizeof(key));
        clew_tier_record_put(ret, &named);
        return 0;
}

/* A note, which came in at another writer. */
static int put_noted(const struct clew_tier *t, const struct clew_tier_record *r,
                     struct clew_buffer *ret)
{
        struct clew_tier_record noted = *r;
        struct clew_trace_id id;
        struct clew_key key;
        uint64_t theirs;

        if (!clew_key_read_numbered(r->key, &id, &theirs) || clew_shelf_writer_of(theirs) != 0)
                return -EBADMSG;
        key = clew_key_numbered(&id, theirs | numbers_of(t));
        noted.key = clew_key_slice(&key);
        clew_tier_record_put(ret, &noted);
        return 0;
}

/* Whose the numbers of @t are. */
static int put_writer(const struct clew_tier *t, struct clew_buffer *ret)
{
        uint8_t key[1 + NUMBER_BYTES] = {CLEW_SHELF_WRITER};
        struct clew_tier_record r = {.tag = CLEW_TIER_PART_SHELF};
        CLEW_BUFFER name = {0};
        int e;

        write_number(key + 1, numbers_of(t));
        clew_buffer_init(&name, KEY_VALUE_BYTES_MAX);
        e = clew_shelf_encode(clew_slice_of_cstr(t->name), &name);
        r.key = clew_slice_make(key, sizeof(key));
        r.value = clew_buffer_slice(&name);
        if (e == 0)
                clew_tier_record_put(ret, &r);
        return e;
}

static int sift_one(const struct clew_tier *t, const struct clew_tier_record *r,
                    struct clew_buffer *ret, struct clew_buffer *gone)
{
        bool is_shelf = r->tag == CLEW_TIER_PART_SHELF;
        struct clew_deleted d;
        bool pending;

        if (!t->writes && is_shelf && r->key.len > 0 && r->key.data[0] == CLEW_SHELF_DELETED) {
                if (!clew_deleted_read(r->key, r->value, &d, &pending))
                        return -EBADMSG;
                clew_buffer_append(gone, &d, sizeof(d));
                return 0;
        }
        if (!t->root)
                clew_tier_record_put(ret, r);
        else if (!is_shelf)
                return r->tag == CLEW_TIER_PART_NOTE ? put_noted(t, r, ret) : -EBADMSG;
        else if (is_said(r->key))
                return put_said(t, r, ret);
        else if (is_in_history(r->key) || is_blob(r->key, BLOB_BYTES))
                return put_named(t, r, ret);
        return 0;
}

int clew_tier_beside_sift(const struct clew_tier *t, struct clew_slice records,
                          struct clew_buffer *ret, struct clew_buffer *gone)
{
        struct clew_cursor c = clew_cursor_make(records);
        struct clew_tier_record record;
        int r = 0;

        clew_buffer_deinit(ret);
        clew_buffer_init(ret, SIFTED_BYTES_MAX);
        if (t->root)
                r = put_writer(t, ret);
        while (r == 0 && clew_tier_record_take(&c, &record))
                r = sift_one(t, &record, ret, gone);
        if (r == 0 && c.failed)
                r = -EBADMSG;
        return r < 0 ? r : clew_buffer_error(ret) < 0 || clew_buffer_error(gone) < 0 ? -ENOMEM : 0;
}
