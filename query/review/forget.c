#include "query/review/forget.h"

#include "query/review/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COPIES_MAX 1000000u
#define DATASET_ARENA_MAX ((size_t)1 << 30)
#define EMPTY_BYTES_MAX 4096u
/* Records that go in one transaction. */
#define EMPTY_STEP 1024u

/* ---- annotations ----------------------------------------------------------------------------- */

static int remove_if_there(struct clew_shelf *shelf, const struct clew_review_key *key,
                           struct clew_error *err)
{
        int r = clew_shelf_remove(shelf, clew_review_key_slice(key), err);

        return r == -ENOENT ? 0 : r;
}

/* All annotations under a key, and their numbers. */
static int forget_under(struct clew_shelf *shelf, const struct clew_review_key *prefix,
                        struct clew_error *err)
{
        for (;;) {
                uint8_t key[CLEW_SHELF_KEY_MAX];
                struct clew_review_key number;
                size_t len = 0;
                int r = clew_shelf_next_key(shelf, clew_review_key_slice(prefix), CLEW_SLICE_NULL,
                                            key, &len, err);

                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                number = clew_review_key_number(clew_review_key_last(clew_slice_make(key, len)));
                r = clew_shelf_remove(shelf, clew_slice_make(key, len), err);
                if (r == 0)
                        r = remove_if_there(shelf, &number, err);
                if (r < 0)
                        return r;
        }
}

int clew_review_forget(void *context, struct clew_shelf *shelf, const struct clew_trace_id *id,
                       struct clew_error *err)
{
        struct clew_review_key said = clew_review_key_make(CLEW_KIND_ANNOTATION, id->bytes);
        struct clew_review_key held = clew_review_key_make(CLEW_SHELF_HOLD, id->bytes);
        struct clew_review_key parts = clew_review_key_make(CLEW_SHELF_RUN, id->bytes);
        int r = forget_under(shelf, &said, err);

        (void)context;
        if (r == 0)
                r = remove_if_there(shelf, &held, err);
        while (r == 0) { /* as the id of a run: which traces it had */
                uint8_t key[CLEW_SHELF_KEY_MAX];
                size_t len = 0;

                r = clew_shelf_next_key(shelf, clew_review_key_slice(&parts), CLEW_SLICE_NULL, key,
                                        &len, err);
                if (r == 0)
                        r = clew_shelf_remove(shelf, clew_slice_make(key, len), err);
        }
        return r == -ENOENT ? 0 : r;
}

static int forget_session(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        return forget_under(shelf, context, err);
}

int clew_review_forget_session(struct clew_store *store, struct clew_slice session,
                               struct clew_error *err)
{
        struct clew_content_id id = clew_content_id_of(session);
        struct clew_review_key key = clew_review_key_make(CLEW_KIND_SESSION, id.bytes);

        return clew_store_shelve(store, forget_session, &key, err);
}

/* ---- copies ---------------------------------------------------------------------------------- */

struct finding {
        struct clew_view *view;
        const struct clew_trace_id *ids;
        size_t n;
        struct clew_buffer found; /* struct clew_content_id */
        struct clew_copies *copies;
        struct clew_buffer list; /* names of all datasets: length 1, bytes */
        struct clew_error *err;
};

static int compare_traces(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct clew_trace_id));
}

static int compare_contents(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct clew_content_id));
}

static int take_name(const struct clew_dataset *d, uint64_t n_items, void *context)
{
        struct finding *f = context;

        (void)n_items;
        clew_buffer_append_byte(&f->list, (uint8_t)d->name.len);
        clew_buffer_append_slice(&f->list, d->name);
        return clew_buffer_error(&f->list);
}

static uint32_t take_entries(struct finding *f, const struct clew_dataset *d)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < d->n; i++) {
                if (!bsearch(&d->entries[i].trace_id, f->ids, f->n, sizeof(*f->ids),
                             compare_traces))
                        continue;
                clew_buffer_append(&f->found, &d->entries[i].id, sizeof(d->entries[i].id));
                n++;
        }
        return n;
}

/* The working set and all versions of one dataset. */
static int find_in(struct finding *f, struct clew_slice name)
{
        CLEW_ARENA arena = {0};
        uint32_t n_versions = 0;
        uint32_t n = 0;
        int r = 0;

        for (uint32_t v = 0; r == 0 && v <= n_versions; v++) {
                struct clew_dataset d;

                clew_arena_init(&arena, DATASET_ARENA_MAX);
                r = clew_dataset_load(f->view, name, v, &arena, &d, f->err);
                if (r == 0) {
                        n_versions = d.n_versions;
                        n += take_entries(f, &d);
                }
                clew_arena_deinit(&arena);
        }
        if (r == 0 && n > 0) {
                memcpy(f->copies->dataset, name.data, name.len);
                f->copies->dataset[name.len] = '\0';
                f->copies->n_datasets++;
        }
        return r < 0 ? r : clew_buffer_error(&f->found);
}

/* Each once, in the arena. */
static int keep(struct finding *f, struct clew_arena *arena)
{
        size_t n = f->found.len / sizeof(struct clew_content_id);
        struct clew_content_id *ids = clew_arena_calloc(arena, n + 1, sizeof(*ids));

        if (!ids)
                return clew_error_set(f->err, -ENOMEM, 0, "out of memory");
        if (n > 0) {
                memcpy(ids, f->found.data, n * sizeof(*ids));
                qsort(ids, n, sizeof(*ids), compare_contents);
        }
        f->copies->ids = ids;
        for (size_t i = 0; i < n; i++) {
                if (i == 0 || compare_contents(&ids[f->copies->n - 1], &ids[i]) != 0)
                        ids[f->copies->n++] = ids[i];
        }
        return 0;
}

int clew_copies_find(struct clew_view *view, const struct clew_trace_id *ids, size_t n,
                     struct clew_arena *arena, struct clew_copies *ret, struct clew_error *err)
{
        struct finding f = {.view = view, .ids = ids, .n = n, .copies = ret, .err = err};
        int r;

        *ret = (struct clew_copies){.n = 0};
        clew_buffer_init(&f.found, COPIES_MAX * sizeof(struct clew_content_id));
        clew_buffer_init(&f.list, COPIES_MAX);
        r = n > 0 ? clew_dataset_each(view, take_name, &f, err) : 0;
        for (size_t at = 0; r == 0 && at < f.list.len; at += 1u + f.list.data[at])
                r = find_in(&f, clew_slice_make(f.list.data + at + 1, f.list.data[at]));
        if (r == 0)
                r = keep(&f, arena);
        clew_buffer_deinit(&f.found);
        clew_buffer_deinit(&f.list);
        return r;
}

struct emptying {
        const struct clew_copies *copies;
        uint32_t from;
        uint32_t to;
        struct clew_slice encoded;
};

static int empty_some(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        const struct emptying *e = context;
        int r = 0;

        for (uint32_t i = e->from; r == 0 && i < e->to; i++) {
                struct clew_review_key key =
                        clew_review_key_make(CLEW_KIND_BLOB, e->copies->ids[i].bytes);

                r = clew_shelf_replace(shelf, clew_review_key_slice(&key), e->encoded, err);
        }
        return r;
}

int clew_copies_empty(struct clew_store *store, const struct clew_copies *copies,
                      struct clew_error *err)
{
        static const struct clew_item nothing = {.form = CLEW_ITEM_RUN};
        struct emptying e = {.copies = copies};
        struct clew_json_writer w;
        CLEW_BUFFER body = {0};
        CLEW_BUFFER encoded = {0};
        int r;

        clew_buffer_init(&body, EMPTY_BYTES_MAX);
        clew_buffer_init(&encoded, EMPTY_BYTES_MAX);
        w = clew_json_writer_make(&body, 0);
        clew_item_write(&w, &nothing);
        r = clew_buffer_error(&body);
        if (r == 0)
                r = clew_review_seal_changed(CLEW_KIND_BLOB, clew_buffer_slice(&body), &encoded);
        e.encoded = clew_buffer_slice(&encoded);
        for (; r == 0 && e.from < copies->n; e.from = e.to) {
                e.to = copies->n - e.from < EMPTY_STEP ? copies->n : e.from + EMPTY_STEP;
                r = clew_store_shelve(store, empty_some, &e, err);
        }
        return r;
}
