/*
 * See dataset.h.
 */
#include "query/review/dataset.h"

#include "proto/base/hash.h"
#include "query/review/history-int.h"
#include "query/review/shape.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A schema, each byte of it escaped, and the rest. */
#define EVENT_BYTES_MAX (6 * CLEW_SHAPE_BYTES_MAX + ((size_t)64 << 10))
#define WALK_ARENA_MAX ((size_t)4 << 20)
#define ADD_BYTES_MAX ((size_t)1 << 30)
/* Bodies of one transaction: appends of spans wait for it. */
#define BODIES_BYTES_MAX ((size_t)8 << 20)

enum op { OP_CREATE, OP_ADD, OP_REMOVE, OP_FREEZE, OP_SCHEMA, OPS };
static const char *const op_names[OPS] = {"create", "add", "remove", "freeze", "schema"};

struct event {
        enum op op;
        struct clew_slice name;
        struct clew_slice description;
        struct clew_slice split;
        struct clew_slice schema;
        struct clew_slice author;
        uint64_t time_ns;
        struct clew_dataset_entry entry; /* of add and remove */
        uint64_t n_items;                /* of freeze */
        struct clew_content_id digest;
};

static struct clew_review_key key_of(struct clew_slice name)
{
        struct clew_content_id id = clew_content_id_of(name);

        return clew_review_key_make(CLEW_KIND_DATASET, id.bytes);
}

static struct clew_review_key blob_key(const struct clew_content_id *id)
{
        return clew_review_key_make(CLEW_KIND_BLOB, id->bytes);
}

/* ---- records -------------------------------------------------------------------------------- */

static void put_entry(struct clew_json_writer *w, const struct clew_dataset_entry *e)
{
        clew_keep_hex(w, "item", e->id.bytes, sizeof(e->id.bytes));
        clew_keep_hex(w, "task", e->task.bytes, sizeof(e->task.bytes));
        if (!clew_trace_id_is_zero(&e->trace_id))
                clew_keep_hex(w, "trace_id", e->trace_id.bytes, sizeof(e->trace_id.bytes));
        clew_json_write_key(w, "has_expected");
        clew_json_write_bool(w, e->has_expected);
        clew_json_write_key(w, "sketch");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < e->sketch.n; i++)
                clew_json_write_uint64_string(w, e->sketch.hashes[i]);
        clew_json_write_array_end(w);
}

static int encode(const struct event *e, struct clew_buffer *out)
{
        CLEW_BUFFER body = {0};
        struct clew_json_writer w = clew_json_writer_make(&body, 0);

        clew_buffer_init(&body, EVENT_BYTES_MAX);
        clew_json_write_object_begin(&w);
        clew_keep_text(&w, "op", clew_slice_of_cstr(op_names[e->op]));
        clew_keep_text(&w, "name", e->name);
        clew_keep_text(&w, "description", e->description);
        clew_keep_text(&w, "split", e->split);
        clew_keep_text(&w, "schema", e->schema);
        clew_keep_text(&w, "author", e->author);
        clew_json_write_key(&w, "time_unix_nano");
        clew_json_write_uint64_string(&w, e->time_ns);
        if (e->op == OP_ADD)
                put_entry(&w, &e->entry);
        if (e->op == OP_REMOVE)
                clew_keep_hex(&w, "item", e->entry.id.bytes, sizeof(e->entry.id.bytes));
        if (e->op == OP_FREEZE) {
                clew_json_write_key(&w, "items");
                clew_json_write_uint64(&w, e->n_items);
                clew_keep_hex(&w, "digest", e->digest.bytes, sizeof(e->digest.bytes));
        }
        clew_json_write_object_end(&w);
        if (clew_buffer_error(&body) < 0)
                return clew_buffer_error(&body);
        return clew_review_seal(CLEW_KIND_DATASET, clew_buffer_slice(&body), out);
}

static bool take_sketch(struct clew_json_reader *r, struct clew_sketch *ret)
{
        if (clew_json_next(r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        while (clew_json_next_element(r)) {
                if (ret->n == CLEW_SKETCH_HASHES || !clew_json_uint64(r, &ret->hashes[ret->n++]))
                        return false;
        }
        return true;
}

static bool take_op(struct clew_json_reader *r, struct clew_arena *arena, enum op *ret)
{
        struct clew_slice s;

        if (!clew_take_text(r, arena, &s))
                return false;
        for (int i = 0; i < OPS; i++) {
                if (clew_slice_eq_cstr(s, op_names[i])) {
                        *ret = (enum op)i;
                        return true;
                }
        }
        return false;
}

static bool take_member(struct clew_json_reader *r, struct clew_arena *arena, struct event *e)
{
        struct clew_dataset_entry *en = &e->entry;

        if (clew_json_text_is(r, "op"))
                return take_op(r, arena, &e->op);
        if (clew_json_text_is(r, "name"))
                return clew_take_text(r, arena, &e->name);
        if (clew_json_text_is(r, "description"))
                return clew_take_text(r, arena, &e->description);
        if (clew_json_text_is(r, "split"))
                return clew_take_text(r, arena, &e->split);
        if (clew_json_text_is(r, "schema"))
                return clew_take_text(r, arena, &e->schema);
        if (clew_json_text_is(r, "author"))
                return clew_take_text(r, arena, &e->author);
        if (clew_json_text_is(r, "time_unix_nano"))
                return clew_take_uint(r, &e->time_ns);
        if (clew_json_text_is(r, "items"))
                return clew_take_uint(r, &e->n_items);
        if (clew_json_text_is(r, "digest"))
                return clew_take_hex(r, arena, e->digest.bytes, sizeof(e->digest.bytes));
        if (clew_json_text_is(r, "item"))
                return clew_take_hex(r, arena, en->id.bytes, sizeof(en->id.bytes));
        if (clew_json_text_is(r, "task"))
                return clew_take_hex(r, arena, en->task.bytes, sizeof(en->task.bytes));
        if (clew_json_text_is(r, "trace_id"))
                return clew_take_hex(r, arena, en->trace_id.bytes, sizeof(en->trace_id.bytes));
        if (clew_json_text_is(r, "has_expected"))
                return clew_take_bool(r, &en->has_expected);
        if (clew_json_text_is(r, "sketch"))
                return take_sketch(r, &en->sketch);
        clew_json_skip(r);
        return true;
}

static bool decode(struct clew_slice key, struct clew_slice value, struct clew_arena *arena,
                   struct event *ret)
{
        struct clew_json_reader r;
        struct clew_slice body;

        *ret = (struct event){.entry.number = clew_review_key_last(key)};
        if (!clew_review_unseal(value, CLEW_KIND_DATASET, &body))
                return false;
        r = clew_json_reader_make(body, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                if (!take_member(&r, arena, ret))
                        return false;
        }
        return true;
}

/* ---- loading -------------------------------------------------------------------------------- */

struct loading {
        struct clew_arena *arena; /* of what stays */
        struct clew_arena scratch;
        struct clew_dataset *ret;
        uint64_t wanted;
        struct clew_dataset_entry *entries;
        uint32_t n; /* removed ones have number 0 */
        uint32_t room;
        uint32_t n_live;
        /* Ids that are live, for adding and removing: an open table of index + 1. */
        uint32_t *slots;
        uint32_t n_slots;
        struct clew_dataset_version *versions;
        uint32_t room_versions;
        bool found;
        bool at_version;
        struct clew_error *err;
};

static uint32_t *slot_of(struct loading *l, const struct clew_content_id *id)
{
        uint64_t h = clew_hash(clew_slice_make(id->bytes, sizeof(id->bytes)));
        uint32_t i = (uint32_t)h & (l->n_slots - 1);

        while (l->slots[i] && memcmp(&l->entries[l->slots[i] - 1].id, id, sizeof(*id)) != 0)
                i = (i + 1) & (l->n_slots - 1);
        return &l->slots[i];
}

static bool make_room(struct loading *l)
{
        uint32_t room = l->room ? 2 * l->room : 64;
        struct clew_dataset_entry *more;

        if (l->n < l->room)
                return true;
        more = clew_arena_calloc(l->arena, room, sizeof(*more));
        l->slots = clew_arena_calloc(l->arena, 2 * (size_t)room, sizeof(*l->slots));
        if (!more || !l->slots)
                return false;
        if (l->n)
                memcpy(more, l->entries, l->n * sizeof(*more));
        l->entries = more;
        l->room = room;
        l->n_slots = 2 * room;
        for (uint32_t i = 0; i < l->n; i++)
                *slot_of(l, &more[i].id) = i + 1;
        return true;
}

static int apply_add(struct loading *l, const struct event *e)
{
        uint32_t *slot;

        if (!make_room(l))
                return -ENOMEM;
        slot = slot_of(l, &e->entry.id);
        if (*slot && l->entries[*slot - 1].number)
                return 0; /* added twice at the same time */
        if (*slot) {
                l->entries[*slot - 1] = e->entry;
        } else {
                l->entries[l->n++] = e->entry;
                *slot = l->n;
        }
        l->n_live++;
        return 0;
}

static void apply_remove(struct loading *l, const struct event *e)
{
        uint32_t *slot = l->n_slots ? slot_of(l, &e->entry.id) : NULL;

        if (!slot || !*slot || l->entries[*slot - 1].number == 0)
                return;
        l->entries[*slot - 1].number = 0;
        l->n_live--;
}

static struct clew_content_id digest_of(const struct clew_dataset_entry *entries, uint32_t n,
                                        struct clew_arena *arena)
{
        uint8_t *ids = clew_arena_alloc(arena, (size_t)n * sizeof(entries->id) + 1);
        size_t len = 0;

        for (uint32_t i = 0; ids && i < n; i++) {
                if (entries[i].number == 0)
                        continue;
                memcpy(ids + len, &entries[i].id, sizeof(entries[i].id));
                len += sizeof(entries[i].id);
        }
        return clew_content_id_of(clew_slice_make(ids, len));
}

static int apply_freeze(struct loading *l, const struct event *e)
{
        struct clew_content_id digest = digest_of(l->entries, l->n, l->arena);

        if (memcmp(&digest, &e->digest, sizeof(digest)) != 0)
                return clew_error_set(l->err, -EBADMSG, 0,
                                      "version %u of the dataset is not what was frozen; see clew "
                                      "doctor --verify",
                                      l->ret->n_versions + 1);
        if (l->ret->n_versions == l->room_versions) {
                uint32_t room = l->room_versions ? 2 * l->room_versions : 8;
                struct clew_dataset_version *more =
                        clew_arena_calloc(l->arena, room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                if (l->ret->n_versions)
                        memcpy(more, l->versions, l->ret->n_versions * sizeof(*more));
                l->versions = more;
                l->room_versions = room;
        }
        l->versions[l->ret->n_versions++] =
                (struct clew_dataset_version){.time_ns = e->time_ns,
                                              .n_items = e->n_items,
                                              .author = clew_arena_copy(l->arena, e->author),
                                              .digest = e->digest};
        l->at_version = l->ret->n_versions == l->wanted;
        return l->at_version ? 1 : 0;
}

static void apply_create(struct loading *l, const struct event *e)
{
        l->found = true;
        l->ret->name = clew_arena_copy(l->arena, e->name);
        l->ret->description = clew_arena_copy(l->arena, e->description);
        l->ret->author = clew_arena_copy(l->arena, e->author);
        l->ret->schema = clew_arena_copy(l->arena, e->schema);
        l->ret->time_ns = e->time_ns;
        if (!clew_split_parse(e->split, &l->ret->split))
                l->ret->split = (struct clew_split){0}; /* not split */
}

static int apply(struct clew_slice key, struct clew_slice value, void *context)
{
        struct loading *l = context;
        struct event e;

        clew_arena_reset(&l->scratch);
        l->ret->last = clew_review_key_last(key);
        if (!decode(key, value, &l->scratch, &e))
                return clew_error_set(l->err, -EBADMSG, 0,
                                      "a record of the dataset is of another version, or damaged");
        switch (e.op) {
        case OP_CREATE:
                apply_create(l, &e);
                return 0;
        case OP_ADD:
                return apply_add(l, &e);
        case OP_REMOVE:
                apply_remove(l, &e);
                return 0;
        case OP_FREEZE:
                return apply_freeze(l, &e);
        case OP_SCHEMA:
                l->ret->schema = clew_arena_copy(l->arena, e.schema);
                return 0;
        case OPS:
                break;
        }
        return 0;
}

static int finish(struct loading *l)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < l->n; i++) {
                if (l->entries[i].number)
                        l->entries[n++] = l->entries[i];
        }
        l->ret->entries = l->entries;
        l->ret->n = n;
        l->ret->versions = l->versions;
        l->ret->digest = digest_of(l->entries, n, l->arena);
        return clew_arena_failed(l->arena) ? -ENOMEM : 0;
}

static int load(struct clew_view *view, const struct clew_history *history, uint64_t version,
                struct clew_arena *arena, struct clew_dataset *ret, struct clew_error *err)
{
        struct loading l = {.arena = arena, .ret = ret, .wanted = version, .err = err};
        int r;

        *ret = (struct clew_dataset){.version = version};
        clew_arena_init(&l.scratch, WALK_ARENA_MAX);
        r = clew_view_shelf_walk(view, clew_review_key_slice(&history->prefix), apply, &l, err);
        clew_arena_deinit(&l.scratch);
        if (r < 0)
                return r;
        if (!l.found)
                return -ENOENT;
        r = clew_history_name(view, history->writer, ret->name, arena, &ret->name, err);
        if (r < 0)
                return r;
        if (version && !l.at_version)
                return ret->n_versions
                               ? clew_error_set(err, -ESRCH, 0, "the dataset has versions 1 to %u",
                                                ret->n_versions)
                               : clew_error_set(err, -ESRCH, 0,
                                                "the dataset has no version yet; clew dataset "
                                                "freeze makes one");
        return finish(&l);
}

int clew_dataset_load(struct clew_view *view, struct clew_slice name, uint64_t version,
                      struct clew_arena *arena, struct clew_dataset *ret, struct clew_error *err)
{
        struct clew_history h;
        int r = clew_history_find(view, CLEW_KIND_DATASET, name, &h, err);

        return r < 0 ? r : load(view, &h, version, arena, ret, err);
}

/* ---- all of them ---------------------------------------------------------------------------- */

struct each {
        int (*fn)(const struct clew_dataset *dataset, uint64_t n_items, void *context);
        void *context;
        struct clew_view *view;
        struct clew_error *err;
};

static int each_one(struct clew_slice key, struct clew_slice value, void *context)
{
        struct each *e = context;
        CLEW_ARENA arena = {0};
        struct clew_dataset dataset;
        struct clew_history h;
        struct event event;
        int r;

        clew_arena_init(&arena, ADD_BYTES_MAX);
        if (!decode(key, value, &arena, &event))
                return clew_error_set(e->err, -EBADMSG, 0,
                                      "a record of a dataset is of another version, or damaged");
        if (event.op != OP_CREATE)
                return 0;
        /* By its key: a redaction of before could change the name and not the key. */
        h = clew_history_of(key);
        r = load(e->view, &h, 0, &arena, &dataset, e->err);
        return r < 0 ? r : e->fn(&dataset, dataset.n, e->context);
}

int clew_dataset_each(struct clew_view *view,
                      int (*fn)(const struct clew_dataset *dataset, uint64_t n_items,
                                void *context),
                      void *context, struct clew_error *err)
{
        struct each e = {.fn = fn, .context = context, .view = view, .err = err};

        return clew_view_shelf_walk(view, clew_slice_make((const char[]){CLEW_KIND_DATASET}, 1),
                                    each_one, &e, err);
}

struct nearest {
        struct clew_slice name;
        struct clew_slice best;
        struct clew_arena *arena;
};

static int compare_name(const struct clew_dataset *d, uint64_t n_items, void *context)
{
        struct nearest *n = context;

        (void)n_items;
        if (n->best.len == 0 && clew_name_is_near(n->name, d->name))
                n->best = clew_arena_copy(n->arena, d->name);
        return 0;
}

struct clew_slice clew_dataset_nearest(struct clew_view *view, struct clew_slice name,
                                       struct clew_arena *arena)
{
        struct nearest n = {.name = name, .arena = arena};
        struct clew_error err;

        return clew_dataset_each(view, compare_name, &n, &err) < 0 ? CLEW_SLICE_NULL : n.best;
}

/* ---- writing -------------------------------------------------------------------------------- */

struct writing {
        struct clew_slice name;
        const struct clew_dataset_news *news; /* whose traces are held; NULL = none */
        struct clew_buffer bytes;
        size_t *ends;
        uint32_t n;
        bool creates;
        const struct clew_dataset *unchanged; /* must be the working set still; NULL = any */
};

static int check_unchanged(struct clew_shelf *shelf, const struct writing *w,
                           struct clew_error *err)
{
        struct clew_review_key prefix = key_of(w->name);
        uint8_t last[CLEW_SHELF_KEY_MAX];
        size_t len = 0;
        int r = clew_shelf_last(shelf, clew_review_key_slice(&prefix), last, &len, err);

        if (r < 0)
                return r;
        if (clew_review_key_last(clew_slice_make(last, len)) != w->unchanged->last)
                return clew_error_set(err, -EAGAIN, 0,
                                      "somebody changed the dataset meanwhile; try again");
        return 0;
}

static int write_all(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        struct writing *w = context;
        struct clew_review_key first = key_of(w->name);
        CLEW_BUFFER old = {0};
        int r;

        clew_buffer_init(&old, EVENT_BYTES_MAX);
        clew_review_key_add(&first, 0);
        r = clew_shelf_get(shelf, clew_review_key_slice(&first), &old, err);
        if (w->creates)
                return r == -ENOENT ? clew_shelf_add(shelf, clew_review_key_slice(&first),
                                                     clew_buffer_slice(&w->bytes), err)
                       : r < 0      ? r
                                    : -EEXIST;
        if (r == 0 && w->unchanged)
                r = check_unchanged(shelf, w, err);
        for (uint32_t i = 0; r == 0 && i < w->n; i++) {
                struct clew_review_key key = key_of(w->name);
                size_t from = i ? w->ends[i - 1] : 0;

                clew_review_key_add(&key, clew_shelf_next(shelf));
                r = clew_shelf_add(shelf, clew_review_key_slice(&key),
                                   clew_slice_make(w->bytes.data + from, w->ends[i] - from), err);
                if (r == 0 && w->news && !clew_trace_id_is_zero(&w->news[i].entry.trace_id))
                        r = clew_shelf_hold(shelf, &w->news[i].entry.trace_id, err);
        }
        return r;
}

static int write_events(struct clew_store *store, struct writing *w, const struct event *events,
                        struct clew_arena *arena, struct clew_error *err)
{
        int r = 0;

        clew_buffer_init(&w->bytes, ADD_BYTES_MAX);
        w->ends = clew_arena_calloc(arena, w->n + 1, sizeof(*w->ends));
        if (!w->ends)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < w->n; i++) {
                r = encode(&events[i], &w->bytes);
                w->ends[i] = w->bytes.len;
        }
        if (r < 0)
                clew_error_set(err, r, 0, "what is to be written is larger than its limit");
        else
                r = clew_store_shelve(store, write_all, w, err);
        clew_buffer_deinit(&w->bytes);
        return r;
}

int clew_dataset_create(struct clew_store *store, const struct clew_dataset *d,
                        struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        char split[32] = "";
        struct event e = {.op = OP_CREATE,
                          .name = d->name,
                          .description = d->description,
                          .schema = d->schema,
                          .author = d->author,
                          .time_ns = d->time_ns};
        struct writing w = {.name = d->name, .n = 1, .creates = true};

        clew_arena_init(&arena, WALK_ARENA_MAX);
        if (d->split.train + d->split.validation + d->split.test)
                snprintf(split, sizeof(split), "%u/%u/%u", d->split.train, d->split.validation,
                         d->split.test);
        e.split = clew_slice_of_cstr(split);
        return write_events(store, &w, &e, &arena, err);
}

int clew_dataset_prepare(const struct clew_item *item, struct clew_arena *arena,
                         struct clew_dataset_news *ret)
{
        CLEW_BUFFER body = {0};
        struct clew_json_writer w = clew_json_writer_make(&body, 0);

        clew_buffer_init(&body, CLEW_ITEM_BYTES_MAX);
        clew_item_write(&w, item);
        if (clew_buffer_error(&body) < 0)
                return clew_buffer_error(&body);
        *ret = (struct clew_dataset_news){
                .body = clew_arena_copy(arena, clew_buffer_slice(&body)),
                .entry = {.id = clew_content_id_of(clew_buffer_slice(&body)),
                          .task = item->task,
                          .trace_id = item->trace_id,
                          .has_expected = item->has_expected || item->expected_calls.n > 0},
        };
        clew_item_sketch(item, &ret->entry.sketch);
        return ret->body.data ? 0 : -ENOMEM;
}

struct bodies {
        const struct clew_dataset_news *news;
        struct clew_buffer bytes;
        size_t *ends;
        uint32_t n;
};

static int keep_bodies(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        struct bodies *b = context;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < b->n; i++) {
                struct clew_review_key key = blob_key(&b->news[i].entry.id);
                size_t from = i ? b->ends[i - 1] : 0;

                r = clew_shelf_add(shelf, clew_review_key_slice(&key),
                                   clew_slice_make(b->bytes.data + from, b->ends[i] - from), err);
                r = r == -EEXIST ? 0 : r;
        }
        return r;
}

int clew_dataset_keep_bodies(struct clew_store *store, const struct clew_dataset_news *news,
                             uint32_t n, struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        struct bodies b = {.news = news};
        int r = 0;

        clew_arena_init(&arena, WALK_ARENA_MAX + (size_t)n * sizeof(size_t));
        clew_buffer_init(&b.bytes, ADD_BYTES_MAX);
        b.ends = clew_arena_calloc(&arena, n + 1, sizeof(*b.ends));
        if (!b.ends)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                if (news[i].body.len == 0)
                        continue;
                r = clew_review_seal(CLEW_KIND_BLOB, news[i].body, &b.bytes);
                b.ends[b.n++] = b.bytes.len;
                if (r == 0 && (b.bytes.len >= BODIES_BYTES_MAX || i + 1 == n)) {
                        r = clew_store_shelve(store, keep_bodies, &b, err);
                        b.news = news + i + 1;
                        b.n = 0;
                        clew_buffer_clear(&b.bytes);
                }
        }
        clew_buffer_deinit(&b.bytes);
        return r;
}

int clew_dataset_add(struct clew_store *store, struct clew_slice name,
                     const struct clew_dataset_news *news, uint32_t n, struct clew_slice author,
                     uint64_t time_ns, struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        struct writing w = {.name = name, .news = news, .n = n};
        struct event *events;

        clew_arena_init(&arena, ADD_BYTES_MAX);
        events = clew_arena_calloc(&arena, n + 1, sizeof(*events));
        if (!events)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        for (uint32_t i = 0; i < n; i++)
                events[i] = (struct event){
                        .op = OP_ADD, .author = author, .time_ns = time_ns, .entry = news[i].entry};
        return write_events(store, &w, events, &arena, err);
}

int clew_dataset_remove(struct clew_store *store, struct clew_slice name,
                        const struct clew_content_id *ids, uint32_t n, struct clew_slice author,
                        uint64_t time_ns, struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        struct writing w = {.name = name, .n = n};
        struct event *events;

        clew_arena_init(&arena, ADD_BYTES_MAX);
        events = clew_arena_calloc(&arena, n + 1, sizeof(*events));
        if (!events)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        for (uint32_t i = 0; i < n; i++)
                events[i] = (struct event){.op = OP_REMOVE,
                                           .author = author,
                                           .time_ns = time_ns,
                                           .entry = {.id = ids[i]}};
        return write_events(store, &w, events, &arena, err);
}

int clew_dataset_freeze(struct clew_store *store, const struct clew_dataset *d,
                        struct clew_slice author, uint64_t time_ns, struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        struct event e = {.op = OP_FREEZE,
                          .author = author,
                          .time_ns = time_ns,
                          .n_items = d->n,
                          .digest = d->digest};
        struct writing w = {.name = d->name, .n = 1, .unchanged = d};

        clew_arena_init(&arena, WALK_ARENA_MAX);
        return write_events(store, &w, &e, &arena, err);
}

int clew_dataset_set_schema(struct clew_store *store, const struct clew_dataset *d,
                            struct clew_slice schema, struct clew_slice author, uint64_t time_ns,
                            struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        struct event e = {.op = OP_SCHEMA, .schema = schema, .author = author, .time_ns = time_ns};
        struct writing w = {.name = d->name, .n = 1, .unchanged = d};

        clew_arena_init(&arena, WALK_ARENA_MAX);
        return write_events(store, &w, &e, &arena, err);
}

/* The first, or one from which something was taken out: what went at one writer is not shown. */
static int choose_blob(struct clew_slice key, struct clew_slice value, void *context)
{
        struct clew_buffer *chosen = context;

        (void)key;
        if (chosen->len > 0 && !clew_review_is_changed(value))
                return 0;
        clew_buffer_clear(chosen);
        clew_buffer_append_slice(chosen, value);
        return clew_review_is_changed(value) ? 1 : clew_buffer_error(chosen);
}

static int read_body(struct clew_view *view, const struct clew_content_id *id,
                     struct clew_buffer *out, bool *ret_changed, struct clew_error *err)
{
        CLEW_BUFFER value = {0};
        struct clew_review_key key = blob_key(id);
        struct clew_slice body;
        char hex[CLEW_CONTENT_ID_HEX];
        int r;

        clew_buffer_init(&value, CLEW_ITEM_BYTES_MAX + 64);
        clew_content_id_to_hex(id, hex);
        r = clew_view_shelf_walk(view, clew_review_key_slice(&key), choose_blob, &value, err);
        if (r < 0)
                return r;
        if (value.len == 0)
                return clew_error_set(err, -ENOENT, 0, "the body of item %s is not kept", hex);
        if (!clew_review_unseal(clew_buffer_slice(&value), CLEW_KIND_BLOB, &body))
                return clew_error_set(err, -EBADMSG, 0, "item %s is damaged", hex);
        *ret_changed = clew_review_is_changed(clew_buffer_slice(&value));
        clew_buffer_append_slice(out, body);
        return clew_buffer_error(out);
}

int clew_dataset_body(struct clew_view *view, const struct clew_content_id *id,
                      struct clew_buffer *out, struct clew_error *err)
{
        bool changed;

        return read_body(view, id, out, &changed, err);
}

int clew_dataset_body_check(struct clew_view *view, const struct clew_content_id *id,
                            struct clew_buffer *out, struct clew_error *err)
{
        struct clew_content_id found;
        bool changed = false;
        int r = read_body(view, id, out, &changed, err);

        if (r < 0 || changed)
                return r;
        found = clew_content_id_of(clew_buffer_slice(out));
        return memcmp(&found, id, sizeof(found)) == 0
                       ? 0
                       : clew_error_set(err, -EBADMSG, 0,
                                        "the body of an item is not what its id says");
}

uint32_t clew_dataset_find(const struct clew_dataset *d, struct clew_slice hex)
{
        uint32_t found = UINT32_MAX;

        for (uint32_t i = 0; hex.len >= 4 && i < d->n; i++) {
                char id[CLEW_CONTENT_ID_HEX];

                clew_content_id_to_hex(&d->entries[i].id, id);
                if (!clew_slice_starts_with(clew_slice_of_cstr(id), hex))
                        continue;
                if (found != UINT32_MAX)
                        return UINT32_MAX - 1;
                found = i;
        }
        return found;
}
