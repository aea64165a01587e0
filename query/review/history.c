/*
 * See history-int.h. A reader's shelf has a record for each writer with a name that keeps something
 * beside its traces: what stands above that one's numbers, and the name (storage/shelf.h).
 */
#include "query/review/history-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KIND_AND_ID_BYTES 17u
/* Of the number behind them what stands above the writer's own. */
#define WRITER_BYTES (8u - CLEW_SHELF_NUMBER_BITS / 8)
/* Names that a message lists. */
#define CANDIDATES_BYTES 256u

struct clew_review_key clew_history_key(const struct clew_history *h, uint64_t number)
{
        struct clew_review_key key = h->prefix;

        key.len = KIND_AND_ID_BYTES;
        clew_review_key_add(&key, h->writer | number);
        return key;
}

struct clew_history clew_history_of(struct clew_slice key)
{
        struct clew_history h = {.writer = clew_shelf_writer_of(clew_review_key_last(key))};

        h.prefix.len = key.len - CLEW_SHELF_NUMBER_BITS / 8;
        memcpy(h.prefix.bytes, key.data, h.prefix.len);
        return h;
}

/* ---- finding -------------------------------------------------------------------------------- */

struct finding {
        struct clew_view *view;
        struct clew_history *ret; /* the last one found */
        struct clew_slice writer; /* empty = any */
        struct clew_slice name;
        bool is_reader; /* there is a record of a writer */
        unsigned n;     /* histories found */
        char names[CANDIDATES_BYTES];
        size_t names_len;
        struct clew_error *err;
};

static int stop(struct clew_slice key, struct clew_slice value, void *context)
{
        (void)key;
        (void)value;
        (void)context;
        return 1;
}

/* 1 = @writer has one, 0 = it has none. */
static int look(struct finding *f, uint64_t writer)
{
        struct clew_history h = {.prefix = f->ret->prefix, .writer = writer};
        int r;

        h.prefix = clew_history_key(&h, 0);
        h.prefix.len = KIND_AND_ID_BYTES + WRITER_BYTES;
        r = clew_view_shelf_walk(f->view, clew_review_key_slice(&h.prefix), stop, NULL, f->err);
        if (r == 1) {
                *f->ret = h;
                f->n++;
        }
        return r;
}

static int look_at_writer(struct clew_slice key, struct clew_slice value, void *context)
{
        struct finding *f = context;
        int r;

        f->is_reader = true;
        if (f->writer.len > 0 && !clew_slice_eq(f->writer, value))
                return 0;
        r = look(f, clew_review_key_last(key));
        if (r != 1 || f->writer.len > 0)
                return r;
        r = snprintf(f->names + f->names_len, sizeof(f->names) - f->names_len, "%s@%.*s:%.*s",
                     f->n > 1 ? ", " : "", (int)value.len, (const char *)value.data,
                     (int)f->name.len, (const char *)f->name.data);
        if (r > 0 && (size_t)r < sizeof(f->names) - f->names_len)
                f->names_len += (size_t)r;
        else
                f->names[f->names_len] = '\0'; /* the count tells that there are more */
        return 0;
}

int clew_history_find(struct clew_view *view, char kind, struct clew_slice name,
                      struct clew_history *ret, struct clew_error *err)
{
        struct finding f = {.view = view, .ret = ret, .err = err};
        struct clew_content_id id;
        int r;

        if (!clew_name_split(name, &f.writer, &f.name))
                return -ENOENT;
        id = clew_content_id_of(f.name);
        *ret = (struct clew_history){.prefix = clew_review_key_make(kind, id.bytes)};
        r = clew_view_shelf_walk(view, clew_slice_make((const char[]){CLEW_KIND_WRITER}, 1),
                                 look_at_writer, &f, err);
        if (r < 0)
                return r;
        if (f.writer.len > 0)
                return f.n > 0 ? 0 : -ENOENT;
        if (!f.is_reader)
                return 0;
        r = look(&f, 0);
        if (r != 0)
                return r < 0 ? r : 0;
        if (f.n > 1)
                return clew_error_set(err, -ESRCH, 0,
                                      "%u writers have one of that name: %s%s; say which", f.n,
                                      f.names, f.names_len ? "" : "(long)");
        return f.n == 1 ? 0 : -ENOENT;
}

/* ---- showing -------------------------------------------------------------------------------- */

int clew_history_name(struct clew_view *view, uint64_t writer, struct clew_slice name,
                      struct clew_arena *arena, struct clew_slice *ret, struct clew_error *err)
{
        struct clew_review_key key = {.bytes = {CLEW_KIND_WRITER}, .len = 1};
        CLEW_BUFFER shown = {0};
        int r;

        *ret = name;
        if (writer == 0)
                return 0;
        clew_review_key_add(&key, writer);
        clew_buffer_init(&shown, CLEW_SHELF_VALUE_MAX);
        clew_buffer_append_byte(&shown, '@');
        r = clew_view_shelf_get(view, clew_review_key_slice(&key), &shown, err);
        if (r < 0)
                return r == -ENOENT ? clew_error_set(err, -EBADMSG, 0,
                                                     "a record is of a writer that is not known")
                                    : r;
        clew_buffer_append_byte(&shown, ':');
        clew_buffer_append_slice(&shown, name);
        *ret = clew_arena_copy(arena, clew_buffer_slice(&shown));
        return clew_buffer_error(&shown) < 0 || clew_arena_failed(arena) ? -ENOMEM : 0;
}
