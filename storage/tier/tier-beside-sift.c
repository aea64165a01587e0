/*
 * Whose records beside the traces a store shows (tier-gone-int.h).
 *
 * A store gives numbers of its own, from 1: two writers give the same. A reader has them with 21
 * bits of the writer's hash above (storage/shelf.h). The record that leads from a number to its
 * annotation is made here, since its value is a key. Holds of others are not needed: they keep
 * runs from retention, which is the writers' (tier-carry.c). Datasets, rubrics and experiments are
 * histories under a name, which two writers may have begun each: a reader has those of the writer
 * without a name.
 */
#include "storage/tier/tier-gone-int.h"

#include "storage/tier/tier-part-int.h"

#include <errno.h>
#include <string.h>

#define NUMBER_BYTES 8u
#define NUMBERED_BYTES (1u + 16u + NUMBER_BYTES)
#define WRITER_BITS_MASK UINT64_C(0x1fffff)
/* One byte of form, and the key. */
#define KEY_VALUE_BYTES_MAX 256u
#define SIFTED_BYTES_MAX ((size_t)1 << 30)

static uint64_t numbers_of(const struct clew_tier *t)
{
        uint64_t hash = t->catalog.base >> CLEW_TIER_SEGMENT_BITS & WRITER_BITS_MASK;

        return t->catalog.base == 0 ? 0 : (hash ? hash : 1) << CLEW_SHELF_NUMBER_BITS;
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
        return key.len == 1 + NUMBER_BYTES && key.data[0] == CLEW_SHELF_NUMBER;
}

bool clew_tier_beside_is_of(const struct clew_tier *t, struct clew_slice key)
{
        if (key.len > 0 && key.data[0] == CLEW_SHELF_DELETED)
                return false;
        if (is_said(key) || is_number(key))
                return clew_shelf_writer_of(read_number(key)) == numbers_of(t);
        return !t->root;
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
        else if (is_shelf && is_said(r->key))
                return put_said(t, r, ret);
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
        while (r == 0 && clew_tier_record_take(&c, &record))
                r = sift_one(t, &record, ret, gone);
        if (r == 0 && c.failed)
                r = -EBADMSG;
        return r < 0 ? r : clew_buffer_error(ret) < 0 || clew_buffer_error(gone) < 0 ? -ENOMEM : 0;
}
