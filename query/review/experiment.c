/*
 * See experiment.h: what is kept of experiments. Checks: check.c; comparison: compare.c.
 */
#include "query/review/experiment.h"

#include "query/review/history-int.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define EVENT_BYTES_MAX (8 * CLEW_EXPERIMENT_OUTPUT_MAX)

static struct clew_review_key key_of(struct clew_slice name)
{
        struct clew_content_id id = clew_content_id_of(name);

        return clew_review_key_make(CLEW_KIND_EXPERIMENT, id.bytes);
}

/* ---- records -------------------------------------------------------------------------------- */

static void put_double(struct clew_json_writer *w, const char *key, double v)
{
        if (!isfinite(v))
                return;
        clew_json_write_key(w, key);
        clew_json_write_double(w, v);
}

static void put_experiment(struct clew_json_writer *w, const struct clew_experiment *e)
{
        clew_keep_text(w, "name", e->name);
        clew_keep_text(w, "dataset", e->dataset);
        clew_keep_hex(w, "digest", e->digest.bytes, sizeof(e->digest.bytes));
        clew_keep_text(w, "command", e->command);
        clew_keep_text(w, "checks", e->checks);
        clew_keep_text(w, "author", e->author);
        clew_json_write_key(w, "repeat");
        clew_json_write_uint64(w, e->repeat);
        clew_json_write_key(w, "items");
        clew_json_write_uint64(w, e->n_items);
        clew_json_write_key(w, "time_unix_nano");
        clew_json_write_uint64_string(w, e->time_ns);
}

static void put_result(struct clew_json_writer *w, const struct clew_result *r)
{
        clew_keep_hex(w, "item", r->item.bytes, sizeof(r->item.bytes));
        clew_keep_hex(w, "task", r->task.bytes, sizeof(r->task.bytes));
        clew_keep_hex(w, "trace_id", r->trace_id.bytes, sizeof(r->trace_id.bytes));
        clew_json_write_key(w, "try");
        clew_json_write_uint64(w, r->repeat);
        clew_json_write_key(w, "passed");
        clew_json_write_bool(w, r->passed);
        put_double(w, "status", (double)r->status);
        clew_keep_text(w, "why", r->why);
        clew_keep_text(w, "output", r->output);
        clew_json_write_key(w, "duration_ns");
        clew_json_write_uint64(w, r->duration_ns);
        put_double(w, "tokens", r->tokens);
        put_double(w, "cost_usd", r->cost_usd);
        put_double(w, "score", r->score);
}

static int encode(const struct clew_experiment *e, const struct clew_result *r,
                  struct clew_buffer *out)
{
        CLEW_BUFFER body = {0};
        struct clew_json_writer w = clew_json_writer_make(&body, 0);

        clew_buffer_init(&body, EVENT_BYTES_MAX);
        clew_json_write_object_begin(&w);
        if (e)
                put_experiment(&w, e);
        else
                put_result(&w, r);
        clew_json_write_object_end(&w);
        if (clew_buffer_error(&body) < 0)
                return clew_buffer_error(&body);
        return clew_review_seal(CLEW_KIND_EXPERIMENT, clew_buffer_slice(&body), out);
}

static bool take_double(struct clew_json_reader *r, double *ret)
{
        return clew_json_next(r) == CLEW_JSON_NUMBER && clew_json_double(r, ret);
}

static bool take_experiment(struct clew_json_reader *r, struct clew_arena *arena,
                            struct clew_experiment *e)
{
        if (clew_json_text_is(r, "name"))
                return clew_take_text(r, arena, &e->name);
        if (clew_json_text_is(r, "dataset"))
                return clew_take_text(r, arena, &e->dataset);
        if (clew_json_text_is(r, "digest"))
                return clew_take_hex(r, arena, e->digest.bytes, sizeof(e->digest.bytes));
        if (clew_json_text_is(r, "command"))
                return clew_take_text(r, arena, &e->command);
        if (clew_json_text_is(r, "checks"))
                return clew_take_text(r, arena, &e->checks);
        if (clew_json_text_is(r, "author"))
                return clew_take_text(r, arena, &e->author);
        if (clew_json_text_is(r, "repeat"))
                return clew_take_uint(r, &e->repeat);
        if (clew_json_text_is(r, "items"))
                return clew_take_uint(r, &e->n_items);
        if (clew_json_text_is(r, "time_unix_nano"))
                return clew_take_uint(r, &e->time_ns);
        clew_json_skip(r);
        return true;
}

static bool take_result(struct clew_json_reader *r, struct clew_arena *arena, struct clew_result *t)
{
        double status;

        if (clew_json_text_is(r, "item"))
                return clew_take_hex(r, arena, t->item.bytes, sizeof(t->item.bytes));
        if (clew_json_text_is(r, "task"))
                return clew_take_hex(r, arena, t->task.bytes, sizeof(t->task.bytes));
        if (clew_json_text_is(r, "trace_id"))
                return clew_take_hex(r, arena, t->trace_id.bytes, sizeof(t->trace_id.bytes));
        if (clew_json_text_is(r, "try"))
                return clew_take_uint(r, &t->repeat);
        if (clew_json_text_is(r, "passed"))
                return clew_take_bool(r, &t->passed);
        if (clew_json_text_is(r, "status")) {
                if (!take_double(r, &status) || fabs(status) > 1e9)
                        return false;
                t->status = (int64_t)status;
                return true;
        }
        if (clew_json_text_is(r, "why"))
                return clew_take_text(r, arena, &t->why);
        if (clew_json_text_is(r, "output"))
                return clew_take_text(r, arena, &t->output);
        if (clew_json_text_is(r, "duration_ns"))
                return clew_take_uint(r, &t->duration_ns);
        if (clew_json_text_is(r, "tokens"))
                return take_double(r, &t->tokens);
        if (clew_json_text_is(r, "cost_usd"))
                return take_double(r, &t->cost_usd);
        if (clew_json_text_is(r, "score"))
                return take_double(r, &t->score);
        clew_json_skip(r);
        return true;
}

/* One of @e and @t is read. */
static bool read_body(struct clew_slice body, struct clew_arena *arena, struct clew_experiment *e,
                      struct clew_result *t)
{
        struct clew_json_reader r = clew_json_reader_make(body, CLEW_JSON_DEPTH_DEFAULT);

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                if (e ? !take_experiment(&r, arena, e) : !take_result(&r, arena, t))
                        return false;
        }
        return !clew_arena_failed(arena);
}

static bool decode(struct clew_slice value, struct clew_arena *arena, struct clew_experiment *e,
                   struct clew_result *t)
{
        struct clew_slice body;

        return clew_review_unseal(value, CLEW_KIND_EXPERIMENT, &body) &&
               read_body(clew_arena_copy(arena, body), arena, e, t);
}

void clew_result_write(const struct clew_result *result, struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);

        clew_json_write_object_begin(&w);
        put_result(&w, result);
        clew_json_write_object_end(&w);
}

bool clew_result_read(struct clew_slice json, struct clew_arena *arena, struct clew_result *ret)
{
        *ret = (struct clew_result){.tokens = NAN, .cost_usd = NAN, .score = NAN};
        return read_body(json, arena, NULL, ret);
}

/* ---- writing -------------------------------------------------------------------------------- */

struct adding {
        struct clew_slice name;
        struct clew_slice encoded;
        bool creates;
};

static int add(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        struct adding *ad = context;
        struct clew_review_key key = key_of(ad->name);

        clew_review_key_add(&key, ad->creates ? 0 : clew_shelf_next(shelf));
        return clew_shelf_add(shelf, clew_review_key_slice(&key), ad->encoded, err);
}

static int put(struct clew_store *store, struct clew_slice name, const struct clew_experiment *e,
               const struct clew_result *r, struct clew_error *err)
{
        CLEW_BUFFER encoded = {0};
        struct adding ad = {.name = name, .creates = e != NULL};
        int code;

        clew_buffer_init(&encoded, 2 * EVENT_BYTES_MAX);
        code = encode(e, r, &encoded);
        if (code < 0)
                return clew_error_set(err, code, 0, "what is to be kept is larger than its limit");
        ad.encoded = clew_buffer_slice(&encoded);
        return clew_store_shelve(store, add, &ad, err);
}

int clew_experiment_create(struct clew_store *store, const struct clew_experiment *e,
                           struct clew_error *err)
{
        return put(store, e->name, e, NULL, err);
}

int clew_experiment_add(struct clew_store *store, struct clew_slice name,
                        const struct clew_result *result, struct clew_error *err)
{
        return put(store, name, NULL, result, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* As a reader shows them: the dataset is one of the same writer. */
static int name_of_writer(struct clew_view *view, uint64_t writer, struct clew_arena *arena,
                          struct clew_experiment *e, struct clew_error *err)
{
        int r = clew_history_name(view, writer, e->name, arena, &e->name, err);

        return r < 0 || e->dataset.len == 0
                       ? r
                       : clew_history_name(view, writer, e->dataset, arena, &e->dataset, err);
}

struct loading {
        struct clew_arena *arena;
        struct clew_experiment *ret;
        struct clew_result *results;
        uint32_t room;
        bool found;
        struct clew_error *err;
};

static int load_one(struct clew_slice key, struct clew_slice value, void *context)
{
        struct loading *l = context;
        bool ok;

        if (clew_shelf_number_of(clew_review_key_last(key)) == 0) {
                ok = l->found = decode(value, l->arena, l->ret, NULL);
        } else {
                if (l->ret->n == CLEW_EXPERIMENT_RESULTS_MAX)
                        return clew_error_set(l->err, -E2BIG, 0, "more than %u results",
                                              CLEW_EXPERIMENT_RESULTS_MAX);
                if (l->ret->n == l->room) {
                        uint32_t room = l->room ? 2 * l->room : 64;
                        struct clew_result *more = clew_arena_calloc(l->arena, room, sizeof(*more));

                        if (!more)
                                return -ENOMEM;
                        if (l->ret->n)
                                memcpy(more, l->results, l->ret->n * sizeof(*more));
                        l->results = more;
                        l->room = room;
                }
                l->results[l->ret->n] =
                        (struct clew_result){.tokens = NAN, .cost_usd = NAN, .score = NAN};
                ok = decode(value, l->arena, NULL, &l->results[l->ret->n++]);
        }
        return ok ? 0
                  : clew_error_set(l->err, -EBADMSG, 0,
                                   "a record of the experiment is of another version, or damaged");
}

int clew_experiment_load(struct clew_view *view, struct clew_slice name, struct clew_arena *arena,
                         struct clew_experiment *ret, struct clew_error *err)
{
        struct loading l = {.arena = arena, .ret = ret, .err = err};
        struct clew_history h;
        int r = clew_history_find(view, CLEW_KIND_EXPERIMENT, name, &h, err);

        *ret = (struct clew_experiment){0};
        if (r == 0)
                r = clew_view_shelf_walk(view, clew_review_key_slice(&h.prefix), load_one, &l, err);
        ret->results = l.results;
        if (r == 0 && !l.found)
                r = -ENOENT;
        return r < 0 ? r : name_of_writer(view, h.writer, arena, ret, err);
}

int clew_experiment_head(struct clew_view *view, struct clew_slice name, struct clew_arena *arena,
                         struct clew_experiment *ret, struct clew_error *err)
{
        CLEW_BUFFER value = {0};
        struct clew_review_key key;
        struct clew_history h;
        int r = clew_history_find(view, CLEW_KIND_EXPERIMENT, name, &h, err);

        *ret = (struct clew_experiment){0};
        if (r < 0)
                return r;
        clew_buffer_init(&value, 2 * EVENT_BYTES_MAX);
        key = clew_history_key(&h, 0);
        r = clew_view_shelf_get(view, clew_review_key_slice(&key), &value, err);
        if (r == 0 && !decode(clew_buffer_slice(&value), arena, ret, NULL))
                r = clew_error_set(err, -EBADMSG, 0,
                                   "a record of the experiment is of another version, or damaged");
        return r < 0 ? r : name_of_writer(view, h.writer, arena, ret, err);
}

struct each {
        int (*fn)(const struct clew_experiment *e, void *context);
        void *context;
        struct clew_view *view;
        struct clew_error *err;
};

static int each_one(struct clew_slice key, struct clew_slice value, void *context)
{
        struct each *e = context;
        CLEW_ARENA arena = {0};
        struct clew_experiment found = {0};

        int r;

        if (clew_shelf_number_of(clew_review_key_last(key)) != 0)
                return 0;
        clew_arena_init(&arena, EVENT_BYTES_MAX);
        if (!decode(value, &arena, &found, NULL))
                return clew_error_set(
                        e->err, -EBADMSG, 0,
                        "a record of an experiment is of another version, or damaged");
        r = name_of_writer(e->view, clew_shelf_writer_of(clew_review_key_last(key)), &arena, &found,
                           e->err);
        return r < 0 ? r : e->fn(&found, e->context);
}

int clew_experiment_each(struct clew_view *view,
                         int (*fn)(const struct clew_experiment *e, void *context), void *context,
                         struct clew_error *err)
{
        struct each e = {.fn = fn, .context = context, .view = view, .err = err};

        return clew_view_shelf_walk(view, clew_slice_make((const char[]){CLEW_KIND_EXPERIMENT}, 1),
                                    each_one, &e, err);
}
