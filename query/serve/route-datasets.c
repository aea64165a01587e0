/*
 * Datasets and their items, read.
 */
#include "query/answer/review-record.h"
#include "query/review/rubric.h"
#include "query/serve/dataset-int.h"
#include "query/serve/paging-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 50u

int clew_call_dataset(struct clew_call *call, const char *text, struct clew_arena *arena,
                      struct clew_dataset *ret)
{
        struct clew_slice nearest;
        struct clew_slice name;
        uint64_t version;
        int r;

        if (!clew_version_parse(clew_slice_of_cstr(text), &name, &version)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_REQUEST,
                                        "a dataset is named NAME or NAME@VERSION, without blanks");
                return 1;
        }
        r = clew_dataset_load(call->view, name, version, arena, ret, &call->err);
        if (r == -ESRCH) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_NAME, "%s", call->err.message);
                return 1;
        }
        if (r != -ENOENT)
                return r;
        nearest = clew_dataset_nearest(call->view, name, &call->scratch);
        if (nearest.len > 0)
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_NAME,
                                        "there is no dataset of that name; did you mean %.*s?",
                                        (int)nearest.len, (const char *)nearest.data);
        else
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_NAME,
                                        "there is no dataset of that name; clew dataset list names "
                                        "them");
        return 1;
}

int clew_call_find_item(struct clew_call *call, const struct clew_dataset *d, const char *text,
                        uint32_t *ret)
{
        uint32_t i = clew_dataset_find(d, clew_slice_of_cstr(text));

        if (i < UINT32_MAX - 1) {
                *ret = i;
                return 0;
        }
        (void)!clew_call_refuse(
                call, i == UINT32_MAX ? CLEW_PROBLEM_UNKNOWN_NAME : CLEW_PROBLEM_AMBIGUOUS_ID,
                i == UINT32_MAX ? "the dataset has no such item" : "several items begin so");
        return 1;
}

int clew_call_read_item(struct clew_call *call, const struct clew_content_id *id,
                        struct clew_arena *arena, struct clew_item *ret)
{
        CLEW_BUFFER body = {0};
        int r;

        clew_buffer_init(&body, CLEW_ITEM_BYTES_MAX);
        r = clew_dataset_body(call->view, id, &body, &call->err);
        if (r == 0)
                r = clew_item_read(clew_arena_copy(arena, clew_buffer_slice(&body)), arena, ret);
        if (r == 0 && clew_arena_failed(arena))
                r = -ENOMEM;
        if (r == -EBADMSG && !call->err.message[0])
                clew_error_set(&call->err, r, 0, "an item of the dataset is damaged");
        return r;
}

/* ---- datasets ------------------------------------------------------------------------------- */

struct listing {
        struct clew_call_list list;
        const char *after;
        uint64_t seen;
        bool more;
        char last[CLEW_PAGE_NAME_TEXT];
};

static int put_dataset(const struct clew_dataset *d, uint64_t n_items, void *context)
{
        struct listing *l = context;

        (void)n_items;
        l->seen++;
        if (!clew_page_is_behind_name(l->after, d->name, 0))
                return 0;
        l->more = clew_call_list_is_full(&l->list);
        if (l->more)
                return 0;
        clew_page_print_name(d->name, 0, l->last);
        return clew_record_put(&l->list.writer, d);
}

int clew_route_datasets(struct clew_call *call)
{
        struct listing l = {.after = call->inputs.after};
        int r = 0;

        if (!clew_page_takes_name(call))
                return 0;
        if (clew_call_list_begin(call, "datasets", "dataset", clew_dataset_fields, LIMIT_DEFAULT,
                                 &l.list) == 0) {
                r = clew_dataset_each(call->view, put_dataset, &l, &call->err);
                if (r == 0)
                        r = clew_call_list_end(&l.list, l.more ? l.last : NULL, l.seen, NULL);
        }
        clew_call_list_deinit(&l.list);
        return r;
}

struct clew_json_writer clew_dataset_record(struct clew_record_writer *out,
                                            const struct clew_dataset *d)
{
        struct clew_json_writer w = clew_record_begin(out, "dataset");

        clew_record_write_all(&w, clew_dataset_fields, d);
        return w;
}

static void put_version(struct clew_json_writer *w, const struct clew_dataset_version *v,
                        uint32_t number)
{
        char hex[CLEW_CONTENT_ID_HEX];

        clew_json_write_object_begin(w);
        clew_json_write_key(w, "version");
        clew_json_write_uint64(w, number);
        clew_json_write_key(w, "items");
        clew_json_write_uint64(w, v->n_items);
        clew_json_write_key(w, "author");
        clew_json_write_string(w, v->author);
        clew_json_write_key(w, "time_unix_nano");
        clew_json_write_uint64_string(w, v->time_ns);
        clew_json_write_key(w, "digest");
        clew_content_id_to_hex(&v->digest, hex);
        clew_json_write_cstr(w, hex);
        clew_json_write_object_end(w);
}

int clew_route_dataset(struct clew_call *call)
{
        struct clew_record_writer out;
        struct clew_json_writer w;
        struct clew_dataset d;
        int r = clew_call_dataset(call, call->path_values[0], &call->said, &d);

        if (r != 0)
                return r > 0 ? 0 : r;
        clew_call_record_writer(call, &out, "dataset", clew_dataset_fields);
        w = clew_dataset_record(&out, &d);
        clew_json_write_key(&w, "history");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < d.n_versions; i++)
                put_version(&w, &d.versions[i], i + 1);
        clew_json_write_array_end(&w);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

/* ---- items ---------------------------------------------------------------------------------- */

/* Where the list begins: behind the item whose id `after` is. 0, or 1 when it was refused. */
static int place(struct clew_call *call, const struct clew_dataset *d, uint32_t *ret)
{
        uint32_t i;

        *ret = 0;
        if (!call->inputs.after)
                return 0;
        i = clew_dataset_find(d, clew_slice_of_cstr(call->inputs.after));
        if (i < UINT32_MAX - 1) {
                *ret = i + 1;
                return 0;
        }
        (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                "after takes the id of an item as \"next\" has given it");
        return 1;
}

static int put_items(struct clew_call *call, const struct clew_dataset *d, uint32_t at,
                     struct clew_call_list *list)
{
        char next[CLEW_CONTENT_ID_HEX] = "";
        int r = 0;

        for (; r == 0 && at < d->n && !clew_call_list_is_full(list); at++) {
                struct clew_item item;

                clew_arena_reset(&call->trace);
                r = clew_call_read_item(call, &d->entries[at].id, &call->trace, &item);
                if (r == 0)
                        r = clew_record_put(&list->writer,
                                            &(struct clew_item_row){d, &d->entries[at], &item});
        }
        if (r == 0 && at < d->n && at > 0)
                clew_content_id_to_hex(&d->entries[at - 1].id, next);
        return r < 0 ? r : clew_call_list_end(list, next[0] ? next : NULL, d->n, NULL);
}

int clew_route_items(struct clew_call *call)
{
        struct clew_call_list list;
        struct clew_dataset d;
        uint32_t at;
        int r = clew_call_dataset(call, call->path_values[0], &call->said, &d);

        if (r == 0)
                r = place(call, &d, &at);
        if (r != 0)
                return r > 0 ? 0 : r;
        if (clew_call_list_begin(call, "items", "item", clew_item_fields, LIMIT_DEFAULT, &list) ==
            0)
                r = put_items(call, &d, at, &list);
        clew_call_list_deinit(&list);
        return r;
}

static int put_item(struct clew_call *call, const struct clew_dataset *d,
                    const struct clew_dataset_entry *e)
{
        CLEW_BUFFER whole = {0};
        struct clew_json_writer w = clew_json_writer_make(&whole, 0);
        struct clew_item item;
        char hex[CLEW_CONTENT_ID_HEX];
        int r = clew_call_read_item(call, &e->id, &call->trace, &item);

        if (r < 0)
                return r;
        clew_buffer_init(&whole, 2 * CLEW_ITEM_BYTES_MAX);
        clew_content_id_to_hex(&e->id, hex);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "item");
        clew_json_write_key(&w, "id");
        clew_json_write_cstr(&w, hex);
        clew_json_write_key(&w, "split");
        clew_json_write_cstr(&w, clew_split_of(&d->split, &e->task));
        clew_json_write_key(&w, "item");
        clew_item_write(&w, &item);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(&whole, '\n');
        r = clew_buffer_error(&whole);
        if (r < 0)
                return r;
        call->answer->status = 200;
        call->answer->content_type = "application/json";
        return clew_call_shorten(call, &whole);
}

int clew_route_item(struct clew_call *call)
{
        struct clew_dataset d;
        uint32_t i;
        int r = clew_call_dataset(call, call->path_values[0], &call->said, &d);

        if (r == 0)
                r = clew_call_find_item(call, &d, call->path_values[1], &i);
        return r < 0 ? r : r > 0 ? 0 : put_item(call, &d, &d.entries[i]);
}

/* ---- two of them ---------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct clew_content_id));
}

/* The ids of @d in order. NULL: no memory. */
static struct clew_content_id *sorted(const struct clew_dataset *d, struct clew_arena *arena)
{
        struct clew_content_id *ids = clew_arena_calloc(arena, d->n + 1u, sizeof(*ids));

        for (uint32_t i = 0; ids && i < d->n; i++)
                ids[i] = d->entries[i].id;
        if (ids)
                qsort(ids, d->n, sizeof(*ids), by_id);
        return ids;
}

/* Those of @d that @others have not; returns how many they have in common. */
static uint64_t put_only(struct clew_json_writer *w, const char *key, const struct clew_dataset *d,
                         const struct clew_content_id *others, uint32_t n_others)
{
        uint64_t both = 0;

        clew_json_write_key(w, key);
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < d->n; i++) {
                char hex[CLEW_CONTENT_ID_HEX];

                if (bsearch(&d->entries[i].id, others, n_others, sizeof(*others), by_id)) {
                        both++;
                        continue;
                }
                clew_content_id_to_hex(&d->entries[i].id, hex);
                clew_json_write_cstr(w, hex);
        }
        clew_json_write_array_end(w);
        return both;
}

int clew_route_dataset_diff(struct clew_call *call)
{
        struct clew_record_writer out;
        struct clew_json_writer w;
        struct clew_content_id *ids_a;
        struct clew_content_id *ids_b;
        struct clew_dataset a;
        struct clew_dataset b;
        uint64_t both;
        int r;

        if (!call->inputs.with)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "with is needed: NAME or NAME@V, the other of two");
        r = clew_call_dataset(call, call->path_values[0], &call->said, &a);
        if (r == 0)
                r = clew_call_dataset(call, call->inputs.with, &call->said, &b);
        if (r != 0)
                return r > 0 ? 0 : r;
        ids_a = sorted(&a, &call->said);
        ids_b = sorted(&b, &call->said);
        if (!ids_a || !ids_b)
                return -ENOMEM;
        clew_call_record_writer(call, &out, "dataset-diff", NULL);
        w = clew_record_begin(&out, "dataset-diff");
        clew_json_write_key(&w, "a");
        clew_json_write_cstr(&w, call->path_values[0]);
        clew_json_write_key(&w, "b");
        clew_json_write_cstr(&w, call->inputs.with);
        both = put_only(&w, "only_a", &a, ids_b, b.n);
        (void)put_only(&w, "only_b", &b, ids_a, a.n);
        clew_json_write_key(&w, "both");
        clew_json_write_uint64(&w, both);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}
