/*
 * See rubric.h.
 */
#include "query/review/rubric.h"

#include "proto/base/number.h"
#include "query/review/history-int.h"
#include "query/review/record.h"

#include <errno.h>
#include <string.h>

#define BODY_BYTES_MAX (8 * CLEW_RUBRIC_BYTES_MAX)
#define ARENA_BYTES_MAX (16 * CLEW_RUBRIC_BYTES_MAX)

bool clew_version_parse(struct clew_slice text, struct clew_slice *ret_name, uint64_t *ret_version)
{
        /* The first may be the writer's. */
        const uint8_t *at = text.len > 1 ? memchr(text.data + 1, '@', text.len - 1) : NULL;
        struct clew_slice writer;
        struct clew_slice name;

        *ret_version = 0;
        *ret_name = text;
        if (at) {
                struct clew_slice v = clew_slice_from(text, (size_t)(at - text.data) + 1);

                ret_name->len = (size_t)(at - text.data);
                if (!clew_parse_uint64(v, ret_version) || *ret_version == 0)
                        return false;
        }
        return clew_name_split(*ret_name, &writer, &name);
}

static struct clew_review_key key_of(struct clew_slice name, uint64_t version)
{
        struct clew_content_id id = clew_content_id_of(name);
        struct clew_review_key key = clew_review_key_make(CLEW_KIND_RUBRIC, id.bytes);

        if (version)
                clew_review_key_add(&key, version);
        return key;
}

static int encode(const struct clew_rubric *r, struct clew_buffer *out)
{
        CLEW_BUFFER body = {0};
        struct clew_json_writer w = clew_json_writer_make(&body, 0);

        clew_buffer_init(&body, BODY_BYTES_MAX);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "name");
        clew_json_write_string(&w, r->name);
        clew_json_write_key(&w, "author");
        clew_json_write_string(&w, r->author);
        clew_json_write_key(&w, "time_unix_nano");
        clew_json_write_uint64_string(&w, r->time_ns);
        clew_json_write_key(&w, "text");
        clew_json_write_string(&w, r->text);
        clew_json_write_object_end(&w);
        if (clew_buffer_error(&body) < 0)
                return clew_buffer_error(&body);
        return clew_review_seal(CLEW_KIND_RUBRIC, clew_buffer_slice(&body), out);
}

static int decode(struct clew_slice key, struct clew_slice value, struct clew_arena *arena,
                  struct clew_rubric *ret)
{
        struct clew_json_reader r;
        struct clew_slice body;

        *ret = (struct clew_rubric){.version = clew_shelf_number_of(clew_review_key_last(key))};
        if (!clew_review_unseal(value, CLEW_KIND_RUBRIC, &body))
                return -EBADMSG;
        body = clew_arena_copy(arena, body);
        r = clew_json_reader_make(body, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return -EBADMSG;
        while (clew_json_next_member(&r)) {
                bool ok = true;

                if (clew_json_text_is(&r, "name"))
                        ok = clew_take_text(&r, arena, &ret->name);
                else if (clew_json_text_is(&r, "author"))
                        ok = clew_take_text(&r, arena, &ret->author);
                else if (clew_json_text_is(&r, "text"))
                        ok = clew_take_text(&r, arena, &ret->text);
                else if (clew_json_text_is(&r, "time_unix_nano"))
                        ok = clew_take_uint(&r, &ret->time_ns);
                else
                        clew_json_skip(&r);
                if (!ok)
                        return clew_arena_failed(arena) ? -ENOMEM : -EBADMSG;
        }
        return ret->name.len ? 0 : -EBADMSG;
}

struct adding {
        struct clew_rubric *rubric;
        struct clew_slice encoded;
};

/* The newest version in the transaction: versions count up from 1 without gaps. */
static int newest(struct clew_shelf *shelf, struct clew_slice name, struct clew_buffer *value,
                  uint64_t *ret, struct clew_error *err)
{
        struct clew_review_key prefix = key_of(name, 0);
        uint8_t last[CLEW_SHELF_KEY_MAX];
        size_t len = 0;
        int r = clew_shelf_last(shelf, clew_review_key_slice(&prefix), last, &len, err);

        *ret = 0;
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        *ret = clew_review_key_last(clew_slice_make(last, len));
        return clew_shelf_get(shelf, clew_slice_make(last, len), value, err);
}

static int add(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        struct adding *ad = context;
        CLEW_ARENA arena = {0};
        CLEW_BUFFER value = {0};
        struct clew_rubric old;
        struct clew_review_key key;
        uint64_t version;
        int r;

        clew_arena_init(&arena, ARENA_BYTES_MAX);
        clew_buffer_init(&value, BODY_BYTES_MAX);
        r = newest(shelf, ad->rubric->name, &value, &version, err);
        if (r < 0)
                return r;
        key = key_of(ad->rubric->name, version ? version : 1);
        if (version &&
            decode(clew_review_key_slice(&key), clew_buffer_slice(&value), &arena, &old) == 0 &&
            clew_slice_eq(old.text, ad->rubric->text)) {
                ad->rubric->version = version;
                return 0;
        }
        if (version >= CLEW_RUBRIC_VERSIONS_MAX)
                return clew_error_set(err, -E2BIG, 0, "the rubric has %u versions already",
                                      CLEW_RUBRIC_VERSIONS_MAX);
        ad->rubric->version = version + 1;
        key = key_of(ad->rubric->name, version + 1);
        return clew_shelf_add(shelf, clew_review_key_slice(&key), ad->encoded, err);
}

int clew_rubric_add(struct clew_store *store, struct clew_rubric *rubric, struct clew_error *err)
{
        CLEW_BUFFER encoded = {0};
        struct adding ad = {.rubric = rubric};
        int r;

        clew_buffer_init(&encoded, 2 * BODY_BYTES_MAX);
        r = encode(rubric, &encoded);
        if (r < 0)
                return clew_error_set(err, r, 0, "the rubric is too large");
        ad.encoded = clew_buffer_slice(&encoded);
        return clew_store_shelve(store, add, &ad, err);
}

struct each {
        int (*fn)(const struct clew_rubric *rubric, void *context);
        void *context;
        struct clew_view *view;
        struct clew_arena arena;
        struct clew_error *err;
};

static int each_one(struct clew_slice key, struct clew_slice value, void *context)
{
        struct each *e = context;
        struct clew_rubric rubric;
        int r;

        clew_arena_reset(&e->arena);
        r = decode(key, value, &e->arena, &rubric);
        if (r < 0)
                return clew_error_set(e->err, r, 0, "a rubric is of another version, or damaged");
        r = clew_history_name(e->view, clew_shelf_writer_of(clew_review_key_last(key)), rubric.name,
                              &e->arena, &rubric.name, e->err);
        return r < 0 ? r : e->fn(&rubric, e->context);
}

int clew_rubric_each(struct clew_view *view, struct clew_slice name,
                     int (*fn)(const struct clew_rubric *rubric, void *context), void *context,
                     struct clew_error *err)
{
        struct each e = {.fn = fn, .context = context, .view = view, .err = err};
        struct clew_history h = {.prefix = {.bytes = {CLEW_KIND_RUBRIC}, .len = 1}};
        int r = name.len ? clew_history_find(view, CLEW_KIND_RUBRIC, name, &h, err) : 0;

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        clew_arena_init(&e.arena, ARENA_BYTES_MAX);
        r = clew_view_shelf_walk(view, clew_review_key_slice(&h.prefix), each_one, &e, err);
        clew_arena_deinit(&e.arena);
        return r;
}

struct finding {
        uint64_t version;
        struct clew_arena *arena;
        struct clew_rubric *ret;
        bool found;
};

static int find_one(const struct clew_rubric *rubric, void *context)
{
        struct finding *f = context;

        if (f->version && rubric->version != f->version)
                return 0;
        *f->ret = (struct clew_rubric){
                .name = clew_arena_copy(f->arena, rubric->name),
                .version = rubric->version,
                .text = clew_arena_copy(f->arena, rubric->text),
                .author = clew_arena_copy(f->arena, rubric->author),
                .time_ns = rubric->time_ns,
        };
        f->found = true;
        return clew_arena_failed(f->arena) ? -ENOMEM : 0;
}

int clew_rubric_get(struct clew_view *view, struct clew_slice name, uint64_t version,
                    struct clew_arena *arena, struct clew_rubric *ret, struct clew_error *err)
{
        struct finding f = {.version = version, .arena = arena, .ret = ret};
        int r = clew_rubric_each(view, name, find_one, &f, err);

        return r < 0 ? r : f.found ? 0 : -ENOENT;
}
