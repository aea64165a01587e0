/*
 * Datasets made, filled, emptied and frozen.
 *
 * Adding goes trace by trace; bodies wait in memory up to a bound and are kept before the dataset
 * knows them, so a request that breaks off leaves nothing half.
 */
#include "query/answer/review-record.h"
#include "query/answer/values.h"
#include "query/review/item-schema.h"
#include "query/review/known.h"
#include "query/serve/dataset-int.h"

#include <errno.h>
#include <string.h>

/* Items that one request adds; more are for the command line. */
#define ADD_MAX 1000u
/* Bodies wait in memory for so long. */
#define PENDING_BYTES_MAX ((size_t)32 << 20)
#define BODIES_ARENA_MAX ((size_t)256 << 20)
#define REPORTS_MAX 100u

/* ---- create --------------------------------------------------------------------------------- */

/* The record as it is now; @status of the answer. */
static int put_now(struct clew_call *call, const char *name, unsigned status)
{
        struct clew_record_writer out;
        struct clew_json_writer w;
        struct clew_dataset d;
        int r = clew_call_view(call);

        clew_arena_reset(&call->said);
        if (r == 0)
                r = clew_call_dataset(call, name, &call->said, &d);
        if (r != 0)
                return r > 0 ? 0 : r;
        clew_call_record_writer(call, &out, "dataset", clew_dataset_fields);
        call->answer->status = status;
        w = clew_dataset_record(&out, &d);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

int clew_route_dataset_create(struct clew_call *call)
{
        const struct clew_inputs *in = &call->inputs;
        struct clew_dataset d = {
                .name = clew_slice_of_cstr(in->name),
                .description = clew_slice_of_cstr(in->description),
                .time_ns = clew_clock_unix_ns(call->service->clock),
        };
        struct clew_store *store;
        int r;

        if (!clew_name_is_good(d.name) || d.description.len > CLEW_DATASET_TEXT_MAX)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "a dataset's name has 1 to %u bytes without blanks, '@', "
                                        "',' and '='; its description at most %u",
                                        CLEW_NAME_BYTES_MAX, CLEW_DATASET_TEXT_MAX);
        if (in->split && !clew_split_parse(clew_slice_of_cstr(in->split), &d.split))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "split takes shares that make 100: 80/20 (train, test) or "
                                        "80/10/10 (train, validation, test)");
        if (clew_call_author(call, CLEW_SLICE_NULL, &d.author) != 0 ||
            clew_call_writer(call, &store) != 0)
                return 0;
        r = clew_dataset_create(store, &d, &call->err);
        if (r == -EEXIST)
                return clew_call_refuse(call, CLEW_PROBLEM_CONFLICT,
                                        "there is a dataset of that name already");
        return r < 0 ? r : put_now(call, in->name, 201);
}

/* ---- freeze --------------------------------------------------------------------------------- */

static const char *version_name(struct clew_call *call, const struct clew_dataset *d,
                                uint32_t version)
{
        struct clew_slice text = clew_arena_printf(&call->arena, "%.*s@%u", (int)d->name.len,
                                                   (const char *)d->name.data, version);

        return text.data ? (const char *)text.data : "";
}

int clew_route_dataset_freeze(struct clew_call *call)
{
        struct clew_store *store;
        struct clew_slice author;
        struct clew_dataset d;
        const char *name;
        int r = clew_call_dataset(call, call->path_values[0], &call->said, &d);

        if (r != 0)
                return r > 0 ? 0 : r;
        if (d.version || d.n == 0)
                return clew_call_refuse(call, CLEW_PROBLEM_CONFLICT,
                                        d.version ? "that is a version already"
                                                  : "the dataset has no items");
        for (uint32_t v = 0; v < d.n_versions; v++) {
                if (memcmp(&d.versions[v].digest, &d.digest, sizeof(d.digest)) == 0)
                        return put_now(call, version_name(call, &d, v + 1), 200);
        }
        name = version_name(call, &d, d.n_versions + 1);
        if (clew_call_author(call, CLEW_SLICE_NULL, &author) != 0 ||
            clew_call_writer(call, &store) != 0)
                return 0;
        r = clew_dataset_freeze(store, &d, author, clew_clock_unix_ns(call->service->clock),
                                &call->err);
        if (r == -EAGAIN)
                return clew_call_refuse(call, CLEW_PROBLEM_CONFLICT, "%s", call->err.message);
        return r < 0 ? r : put_now(call, name, 201);
}

/* ---- remove --------------------------------------------------------------------------------- */

int clew_route_dataset_remove(struct clew_call *call)
{
        const struct clew_flag_values *items = &call->inputs.items;
        struct clew_content_id ids[CLEW_FLAG_VALUES_MAX];
        struct clew_record_writer out;
        struct clew_json_writer w;
        struct clew_store *store;
        struct clew_slice author;
        struct clew_dataset d;
        int r = clew_call_dataset(call, call->path_values[0], &call->said, &d);

        if (r != 0)
                return r > 0 ? 0 : r;
        if (items->n == 0 || d.version)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        d.version ? "a version cannot be changed: name it without @"
                                                  : "\"item\" is needed: ids of items, at most 64");
        for (size_t i = 0; i < items->n; i++) {
                uint32_t at;

                if (clew_call_find_item(call, &d, items->values[i], &at) != 0)
                        return 0;
                ids[i] = d.entries[at].id;
        }
        if (clew_call_author(call, CLEW_SLICE_NULL, &author) != 0 ||
            clew_call_writer(call, &store) != 0)
                return 0;
        r = clew_dataset_remove(store, d.name, ids, (uint32_t)items->n, author,
                                clew_clock_unix_ns(call->service->clock), &call->err);
        if (r < 0)
                return r;
        clew_call_record_writer(call, &out, "removed", NULL);
        w = clew_record_begin(&out, "removed");
        clew_json_write_key(&w, "name");
        clew_json_write_string(&w, d.name);
        clew_json_write_key(&w, "removed");
        clew_json_write_uint64(&w, items->n);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

/* ---- add ------------------------------------------------------------------------------------ */

struct left_out {
        struct clew_trace_id id;
        struct clew_slice why;
};

struct adding {
        struct clew_call *call;
        struct clew_compile_options options;
        struct clew_slice author;
        struct clew_dataset dataset;
        const struct clew_shape *shape; /* of its schema; NULL = none */
        struct clew_known known;
        struct clew_arena bodies; /* of what is not kept yet */
        struct clew_trace_id ids[ADD_MAX];
        uint32_t n_ids;
        struct clew_dataset_news news[ADD_MAX];
        uint32_t n;
        uint32_t n_kept; /* bodies of the first so many news are kept */
        struct left_out left_out[REPORTS_MAX];
        uint64_t n_left_out;
        uint64_t n_same;
        uint64_t n_near;
        uint64_t n_without;
        struct clew_error partial;
        bool is_partial;
};

static int open_dataset(struct adding *a)
{
        struct clew_call *call = a->call;
        int r = clew_call_dataset(call, call->path_values[0], &call->said, &a->dataset);

        if (r == 0 && a->dataset.version) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_CONFLICT,
                                        "a version cannot be changed: add to the name without @");
                return 1;
        }
        if (r == 0 && a->dataset.schema.len)
                r = clew_shape_read(a->dataset.schema, &call->said, &a->shape, &call->err);
        if (r == 0)
                r = clew_known_init(&a->known, &call->said);
        for (uint32_t i = 0; r == 0 && i < a->dataset.n; i++)
                r = clew_known_add(&a->known, &a->dataset.entries[i]);
        return r;
}

/* The traces that are named, or selected; newest first. */
static int choose(struct adding *a)
{
        struct clew_call *call = a->call;
        uint64_t limit = call->inputs.limit;
        struct clew_select s = {0};
        struct clew_selected t;
        int r = 0;

        if (limit == 0 || (limit > ADD_MAX && limit != UINT64_MAX)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER, "limit takes 1 to %u",
                                        ADD_MAX);
                return 1;
        }
        for (size_t i = 0; i < call->inputs.ids.n; i++) {
                r = clew_call_resolve(call, call->inputs.ids.values[i], &a->ids[a->n_ids++]);
                if (r != 0)
                        return r;
        }
        if (call->inputs.ids.n > 0)
                return 0;
        if (clew_call_filter(call, NULL) != 0)
                return 1;
        limit = limit > ADD_MAX ? ADD_MAX : limit;
        r = clew_select_init(&s, call->view, &call->filter, call->service->clock, NULL, &call->err);
        while (r >= 0 && a->n_ids < limit && (r = clew_select_next(&s, &t, &call->err)) == 1)
                a->ids[a->n_ids++] = t.id;
        if (r >= 0)
                r = clew_call_complaints(call, &s);
        a->is_partial = clew_select_is_partial(&s, &a->partial);
        if (r == 0 && a->n_ids == ADD_MAX && !a->is_partial) {
                a->is_partial = true;
                clew_error_set(&a->partial, 0, 0,
                               "%u traces at a time: those were the newest; narrow the selection, "
                               "or use clew dataset add",
                               ADD_MAX);
        }
        clew_select_deinit(&s);
        return r;
}

/* 0, a negative errno, or 1 when it was refused. */
static int keep_pending(struct adding *a)
{
        struct clew_store *store;
        int r;

        if (a->n_kept == a->n || a->call->inputs.dry_run)
                return 0;
        r = clew_call_writer(a->call, &store);
        if (r == 0)
                r = clew_dataset_keep_bodies(store, a->news + a->n_kept, a->n - a->n_kept,
                                             &a->call->err);
        if (r != 0)
                return r;
        for (; a->n_kept < a->n; a->n_kept++)
                a->news[a->n_kept].body = CLEW_SLICE_NULL;
        clew_arena_reset(&a->bodies);
        return clew_call_view(a->call);
}

static int take_item(struct adding *a, const struct clew_item *item)
{
        struct clew_dataset_news one;
        double likeness;
        int r = clew_dataset_prepare(item, &a->bodies, &one);

        if (r < 0)
                return r;
        if (clew_known_has(&a->known, &one.entry.id)) {
                a->n_same++;
                return 0;
        }
        if (clew_known_near(&a->known, &one.entry, &likeness)) {
                a->n_near++;
                if (a->call->inputs.skip_near)
                        return 0;
        }
        r = clew_known_add(&a->known, &one.entry);
        if (r < 0)
                return r;
        a->n_without += !one.entry.has_expected;
        a->news[a->n++] = one;
        return a->bodies.used_bytes > PENDING_BYTES_MAX ? keep_pending(a) : 0;
}

static int leave_out(struct adding *a, const struct clew_trace_id *id, int error)
{
        const char *why = a->call->err.message[0] ? a->call->err.message : strerror(-error);

        if (a->n_left_out < REPORTS_MAX)
                a->left_out[a->n_left_out] = (struct left_out){
                        *id, clew_arena_copy(&a->call->arena, clew_slice_of_cstr(why))};
        a->n_left_out++;
        a->call->err = (struct clew_error){0};
        return 0;
}

static int add_trace(struct adding *a, const struct clew_trace_id *id)
{
        struct clew_item item;
        int r = clew_call_compile(a->call, id, &a->options, &item);

        if (r == 0 && a->shape)
                r = clew_item_schema_check(a->shape, &item, &a->call->trace, &a->call->err);

        return r == 0 ? take_item(a, &item) : leave_out(a, id, r);
}

static int put_added(struct adding *a)
{
        struct clew_call *call = a->call;
        struct clew_record_writer out;
        struct clew_json_writer w;
        int r;

        clew_call_record_writer(call, &out, "added", NULL);
        call->answer->status = a->n > 0 && !call->inputs.dry_run ? 201 : 200;
        w = clew_record_begin(&out, "added");
        clew_json_write_key(&w, "name");
        clew_json_write_string(&w, a->dataset.name);
        const struct {
                const char *key;
                uint64_t value;
        } numbers[] = {{"added", a->n},
                       {"same", a->n_same},
                       {"near", a->n_near},
                       {"without_expected", a->n_without},
                       {"n_left_out", a->n_left_out}};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++) {
                clew_json_write_key(&w, numbers[i].key);
                clew_json_write_uint64(&w, numbers[i].value);
        }
        clew_json_write_key(&w, "dry_run");
        clew_json_write_bool(&w, call->inputs.dry_run);
        clew_json_write_key(&w, "left_out");
        clew_json_write_array_begin(&w);
        for (uint64_t i = 0; i < a->n_left_out && i < REPORTS_MAX; i++) {
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "trace_id");
                clew_write_trace_id(&w, &a->left_out[i].id);
                clew_json_write_key(&w, "why");
                clew_json_write_string(&w, a->left_out[i].why);
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        clew_json_write_key(&w, "items");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < a->n; i++)
                clew_json_write_hex(&w, clew_slice_make(a->news[i].entry.id.bytes,
                                                        sizeof(a->news[i].entry.id.bytes)));
        clew_json_write_array_end(&w);
        clew_json_write_key(&w, "partial");
        clew_json_write_cstr(&w, a->is_partial ? a->partial.message : NULL);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

/* 0, a negative errno, or 1 when it was refused. */
static int add_all(struct adding *a)
{
        struct clew_call *call = a->call;
        struct clew_store *store;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < a->n_ids; i++)
                r = add_trace(a, &a->ids[i]);
        if (r == 0)
                r = keep_pending(a);
        if (r != 0 || a->n == 0 || call->inputs.dry_run)
                return r;
        r = clew_call_writer(call, &store);
        return r != 0 ? r
                      : clew_dataset_add(store, a->dataset.name, a->news, a->n, a->author,
                                         clew_clock_unix_ns(call->service->clock), &call->err);
}

int clew_route_dataset_add(struct clew_call *call)
{
        struct adding *a = clew_arena_calloc(&call->arena, 1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->call = call;
        clew_arena_init(&a->bodies, BODIES_ARENA_MAX);
        r = clew_call_author(call, CLEW_SLICE_NULL, &a->author);
        if (r == 0)
                r = clew_call_item_form(call, &a->options);
        if (r == 0)
                r = open_dataset(a);
        if (r == 0)
                r = choose(a);
        if (r == 0)
                r = add_all(a);
        if (r == 0)
                r = put_added(a);
        clew_arena_deinit(&a->bodies);
        return r > 0 ? 0 : r;
}
