/*
 * See import-flat.h. One walk over the tokens, with the name so far in a buffer and, for each
 * level, where its part begins.
 */
#include "query/cli/import-flat.h"

#include "proto/base/json.h"

#define LEVELS_MAX 32u
#define NAME_MAX 4096u

struct level {
        size_t name; /* length of the name that leads to it */
        uint64_t n;  /* elements so far */
        bool is_list;
};

struct flat {
        struct clew_json_writer w;
        struct clew_buffer name;
        struct level levels[LEVELS_MAX];
        unsigned depth;
};

/* Lists that hold an object or a list are names; others are values. */
static bool is_deep(struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);

        if (clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN)
                return true;
        return clew_json_next_element(&r) &&
               (r.token == CLEW_JSON_OBJECT_BEGIN || r.token == CLEW_JSON_ARRAY_BEGIN);
}

/* Free form, which readers expect whole. */
static bool stays_whole(struct clew_slice name)
{
        static const char *const ends[] = {"metadata", "parameters", "json_schema"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                struct clew_slice end = clew_slice_of_cstr(ends[i]);

                if (name.len >= end.len &&
                    clew_slice_eq(clew_slice_from(name, name.len - end.len), end))
                        return true;
        }
        return false;
}

static void put_value(struct flat *f, struct clew_slice raw, bool as_text)
{
        clew_json_write_key_slice(&f->w, clew_buffer_slice(&f->name));
        if (as_text)
                clew_json_write_string(&f->w, raw);
        else
                clew_json_write_raw(&f->w, raw);
}

static bool push(struct flat *f, bool is_list)
{
        if (f->depth == LEVELS_MAX)
                return false;
        f->levels[f->depth++] = (struct level){.name = f->name.len, .is_list = is_list};
        return true;
}

/* The name of the next member or element of the level on top; false when it has ended. */
static bool next_name(struct flat *f, struct clew_json_reader *r, struct clew_arena *arena)
{
        struct level *l = &f->levels[f->depth - 1];

        f->name.len = l->name;
        if (f->name.len > 0)
                clew_buffer_append_byte(&f->name, '.');
        if (l->is_list) {
                if (!clew_json_next_element(r))
                        return false;
                clew_buffer_printf(&f->name, "%llu", (unsigned long long)l->n++);
                return true;
        }
        if (!clew_json_next_member(r))
                return false;
        clew_buffer_append_slice(&f->name, clew_json_string(r, arena));
        (void)clew_json_next(r);
        return true;
}

static void walk(struct flat *f, struct clew_json_reader *r, struct clew_arena *arena)
{
        while (f->depth > 0) {
                bool container;
                struct clew_json_reader ahead;
                struct clew_slice raw;

                if (!next_name(f, r, arena)) {
                        f->depth--;
                        continue;
                }
                container = r->token == CLEW_JSON_OBJECT_BEGIN || r->token == CLEW_JSON_ARRAY_BEGIN;
                ahead = *r;
                raw = clew_json_take(&ahead);
                if (container && is_deep(raw) && !stays_whole(clew_buffer_slice(&f->name)) &&
                    push(f, r->token == CLEW_JSON_ARRAY_BEGIN))
                        continue;
                put_value(f, raw, container && is_deep(raw));
                *r = ahead;
        }
}

struct clew_slice clew_import_flat(struct clew_slice json, struct clew_arena *arena)
{
        struct clew_json_reader r = clew_json_reader_make(json, CLEW_JSON_DEPTH_MAX);
        CLEW_BUFFER out = {0};
        struct flat f = {.w = clew_json_writer_make(&out, 0)};
        struct clew_slice made;

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return json;
        clew_buffer_init(&out, (size_t)256 << 20);
        clew_buffer_init(&f.name, NAME_MAX);
        clew_json_write_object_begin(&f.w);
        (void)push(&f, false);
        walk(&f, &r, arena);
        clew_json_write_object_end(&f.w);
        made = clew_buffer_error(&out) < 0 || clew_buffer_error(&f.name) < 0
                       ? json
                       : clew_arena_copy(arena, clew_buffer_slice(&out));
        clew_buffer_deinit(&f.name);
        return made;
}
