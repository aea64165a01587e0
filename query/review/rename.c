/*
 * See rename-int.h.
 */
#include "query/review/rename-int.h"

#include "query/review/record.h"

#include <errno.h>
#include <string.h>

#define NAME_ARENA_MAX ((size_t)1 << 20)
#define PREFIX_BYTES 17u /* kind and content id; a number of 8 bytes follows */

/* The member whose text a key of this kind is made of; NULL = none. */
static const char *member_of(char kind)
{
        switch (kind) {
        case CLEW_KIND_RUBRIC:
        case CLEW_KIND_DATASET:
        case CLEW_KIND_EXPERIMENT:
                return "name";
        case CLEW_KIND_SESSION:
                return "session";
        default:
                return NULL;
        }
}

/* False when the record has no such name. */
static bool id_of(char kind, struct clew_slice value, struct clew_content_id *ret)
{
        CLEW_ARENA arena = {0};
        struct clew_json_reader r;
        struct clew_slice body;
        struct clew_slice name;

        if (!clew_review_unseal(value, kind, &body))
                return false;
        clew_arena_init(&arena, NAME_ARENA_MAX);
        r = clew_json_reader_make(body, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                if (!clew_json_text_is(&r, member_of(kind))) {
                        clew_json_skip(&r);
                        continue;
                }
                if (!clew_take_text(&r, &arena, &name))
                        return false;
                *ret = clew_content_id_of(name);
                return true;
        }
        return false;
}

struct moving {
        struct clew_shelf *shelf;
        const struct clew_rename *rename;
        struct clew_buffer value;
        struct clew_buffer encoded;
};

static int put(struct moving *m, struct clew_slice key, struct clew_slice value, bool is_there,
               struct clew_error *err)
{
        int r;

        clew_buffer_clear(&m->encoded);
        r = clew_shelf_encode(value, &m->encoded);
        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory");
        return is_there ? clew_shelf_replace(m->shelf, key, clew_buffer_slice(&m->encoded), err)
                        : clew_shelf_add(m->shelf, key, clew_buffer_slice(&m->encoded), err);
}

/* One record to the key @to, and who knows it by its number is told. */
static int move(struct moving *m, struct clew_slice from, struct clew_slice to,
                struct clew_error *err)
{
        struct clew_review_key number = clew_review_key_number(clew_review_key_last(from));
        int64_t n;
        int r;

        clew_buffer_clear(&m->value);
        r = clew_shelf_get(m->shelf, from, &m->value, err);
        if (r < 0)
                return r;
        n = m->rename->change(m->rename->context, m->value.data, m->value.len);
        if (n < 0)
                return clew_error_set(err, (int)n, 0, "a record cannot be changed: %s",
                                      strerror((int)-n));
        r = clew_shelf_remove(m->shelf, from, err);
        if (r == 0)
                r = put(m, to, clew_buffer_slice(&m->value), false, err);
        if (r == 0 && to.data[0] == CLEW_KIND_SESSION)
                r = put(m, clew_review_key_slice(&number), to, true, err);
        return r;
}

static int move_all(struct moving *m, struct clew_slice prefix, const struct clew_review_key *new,
                    struct clew_error *err)
{
        uint8_t from[CLEW_SHELF_KEY_MAX];
        size_t len = 0;
        int r;

        while ((r = clew_shelf_next_key(m->shelf, prefix, CLEW_SLICE_NULL, from, &len, err)) == 0) {
                struct clew_review_key to = *new;

                if (len != PREFIX_BYTES + 8)
                        return clew_error_set(err, -EBADMSG, 0, "a record has a key of %zu bytes",
                                              len);
                memcpy(to.bytes + to.len, from + PREFIX_BYTES, len - PREFIX_BYTES);
                to.len = len;
                r = move(m, clew_slice_make(from, len), clew_review_key_slice(&to), err);
                if (r < 0)
                        return r;
        }
        return r == -ENOENT ? 1 : r;
}

int clew_review_rename(struct clew_shelf *shelf, struct clew_slice key, struct clew_slice before,
                       struct clew_slice after, const struct clew_rename *rename,
                       struct clew_error *err)
{
        struct moving m = {.shelf = shelf, .rename = rename};
        struct clew_content_id old;
        struct clew_content_id new;
        struct clew_review_key to;
        uint8_t taken[CLEW_SHELF_KEY_MAX];
        size_t len = 0;
        int r;

        if (key.len != PREFIX_BYTES + 8 || !member_of((char)key.data[0]) ||
            !id_of((char)key.data[0], before, &old) || !id_of((char)key.data[0], after, &new) ||
            memcmp(old.bytes, key.data + 1, sizeof(old.bytes)) != 0 ||
            memcmp(old.bytes, new.bytes, sizeof(old.bytes)) == 0)
                return 0;
        to = clew_review_key_make((char)key.data[0], new.bytes);
        r = clew_shelf_last(shelf, clew_review_key_slice(&to), taken, &len, err);
        if (r != -ENOENT)
                return r;
        clew_buffer_init(&m.value, CLEW_SHELF_VALUE_MAX);
        clew_buffer_init(&m.encoded, CLEW_SHELF_VALUE_MAX + 64);
        r = move_all(&m, clew_slice_make(key.data, PREFIX_BYTES), &to, err);
        clew_buffer_deinit(&m.value);
        clew_buffer_deinit(&m.encoded);
        return r;
}
