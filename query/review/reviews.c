/*
 * See reviews.h.
 */
#include "query/review/reviews.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "proto/base/sort.h"
#include "query/review/record.h"

#include <errno.h>
#include <string.h>

#define BODY_BYTES_MAX ((size_t)16 << 20)
#define ALL_BYTES_MAX ((size_t)1 << 30)

struct clew_slice clew_facet_name(const struct clew_facet *f)
{
        switch (f->kind) {
        case CLEW_FACET_LABEL:
                return f->by->labels[f->index];
        case CLEW_FACET_SCORE:
                return f->by->scores[f->index].name;
        case CLEW_FACET_FINDING:
                return f->by->finding;
        case CLEW_FACET_NOTE:
        case CLEW_FACET_CORRECTION:
        case CLEW_FACET_FAILING:
                break;
        }
        return CLEW_SLICE_NULL;
}

/* ---- what counts now ------------------------------------------------------------------------ */

/* What has been said by somebody newer: hashes in an open table, as annotations are walked from the
 * newest to the oldest. */
struct seen {
        uint64_t *slots; /* 0 = free */
        size_t n;        /* a power of two */
};

static bool see(struct seen *s, const struct clew_annotation *a, enum clew_facet_kind kind,
                struct clew_slice name)
{
        uint8_t head[2 + CLEW_SPAN_ID_BYTES] = {(uint8_t)kind, (uint8_t)a->target};
        uint64_t h;

        if (kind != CLEW_FACET_FAILING) /* one failing step a trace: another replaces it */
                memcpy(head + 2, a->span_id.bytes, CLEW_SPAN_ID_BYTES);
        h = clew_hash_seeded(a->author, clew_hash(clew_slice_make(head, sizeof(head))));
        h = clew_hash_seeded(name, h) | 1;
        for (size_t i = h & (s->n - 1);; i = (i + 1) & (s->n - 1)) {
                if (s->slots[i] == h)
                        return true;
                if (s->slots[i] == 0) {
                        s->slots[i] = h;
                        return false;
                }
        }
}

struct reduction {
        struct seen seen;
        struct clew_facet *out; /* filled from the end */
        uint32_t at;
        const uint64_t *undone;
        uint32_t n_undone;
};

static void say(struct reduction *d, const struct clew_annotation *a, enum clew_facet_kind kind,
                uint32_t index)
{
        d->out[--d->at] = (struct clew_facet){.kind = kind, .index = index, .by = a};
}

static void reduce_one(struct reduction *d, const struct clew_annotation *a)
{
        for (uint32_t i = 0; i < d->n_undone; i++) {
                if (d->undone[i] == a->number)
                        return;
        }
        if (a->verdict != CLEW_FINDING_NONE && !see(&d->seen, a, CLEW_FACET_FINDING, a->finding))
                say(d, a, CLEW_FACET_FINDING, 0);
        if (a->failing && !see(&d->seen, a, CLEW_FACET_FAILING, CLEW_SLICE_NULL))
                say(d, a, CLEW_FACET_FAILING, 0);
        if (a->has_correction && !see(&d->seen, a, CLEW_FACET_CORRECTION, CLEW_SLICE_NULL))
                say(d, a, CLEW_FACET_CORRECTION, 0);
        if (a->note.len && !see(&d->seen, a, CLEW_FACET_NOTE, CLEW_SLICE_NULL))
                say(d, a, CLEW_FACET_NOTE, 0);
        for (uint32_t i = a->n_scores; i > 0; i--) {
                if (!see(&d->seen, a, CLEW_FACET_SCORE, a->scores[i - 1].name))
                        say(d, a, CLEW_FACET_SCORE, i - 1);
        }
        if (a->has_labels && !see(&d->seen, a, CLEW_FACET_LABEL, CLEW_SLICE_NULL)) {
                for (uint32_t i = a->n_labels; i > 0; i--)
                        say(d, a, CLEW_FACET_LABEL, i - 1);
        }
}

static uint32_t facets_of(const struct clew_annotation *a)
{
        return a->n_labels + a->n_scores + 4;
}

static int reduce(struct clew_reviews *r, struct clew_arena *arena)
{
        struct reduction d = {.seen = {.n = 16}};
        uint64_t *undone = clew_arena_calloc(arena, r->n_all + 1, sizeof(*undone));
        uint32_t n = 0;

        for (uint32_t i = 0; i < r->n_all; i++) {
                n += facets_of(&r->all[i]);
                if (undone && r->all[i].undo)
                        undone[d.n_undone++] = r->all[i].undo;
        }
        while (d.seen.n < 2u * n)
                d.seen.n *= 2;
        d.seen.slots = clew_arena_calloc(arena, d.seen.n, sizeof(*d.seen.slots));
        d.out = clew_arena_calloc(arena, n + 1, sizeof(*d.out));
        if (!undone || !d.seen.slots || !d.out)
                return -ENOMEM;
        d.undone = undone;
        d.at = n;
        for (uint32_t i = r->n_all; i > 0; i--)
                reduce_one(&d, &r->all[i - 1]);
        r->now = d.out + d.at;
        r->n_now = n - d.at;
        return 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct gathering {
        struct clew_arena *arena;
        char kind;
        struct clew_annotation *items;
        uint32_t n;
        uint32_t room;
        bool cut;
        struct clew_error *err;
};

static int decode(struct clew_slice key, struct clew_slice value, char kind,
                  struct clew_arena *arena, struct clew_annotation *ret, struct clew_error *err)
{
        struct clew_slice body;
        int r;

        if (!clew_review_unseal(value, kind, &body))
                return clew_error_set(err, -EBADMSG, 0,
                                      "an annotation is of another version, or damaged");
        r = clew_annotation_read(body, arena, ret, err);
        if (r == -EINVAL) {
                clew_error_prefix(err, "an annotation is damaged: ");
                return -EBADMSG;
        }
        ret->number = clew_review_key_last(key);
        if (ret->undo) /* one of the same writer's (storage/shelf.h) */
                ret->undo |= clew_shelf_writer_of(ret->number);
        return r;
}

static int gather(struct clew_slice key, struct clew_slice value, void *context)
{
        struct gathering *g = context;

        if (g->n == CLEW_REVIEWS_MAX) {
                g->cut = true;
                return 1;
        }
        if (g->n == g->room) {
                uint32_t room = g->room ? 2 * g->room : 8;
                struct clew_annotation *more = clew_arena_calloc(g->arena, room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                if (g->n)
                        memcpy(more, g->items, g->n * sizeof(*more));
                g->items = more;
                g->room = room;
        }
        return decode(key, value, g->kind, g->arena, &g->items[g->n++], g->err);
}

/* Numbers say which is newer, but of one store: what several writers of a bucket were told goes by
 * time. */
static int sort_by_time(struct gathering *g)
{
        struct clew_annotation *sorted;
        struct clew_sort_entry *entries;
        bool is_of_one = true;

        for (uint32_t i = 1; i < g->n; i++)
                is_of_one = is_of_one && clew_shelf_writer_of(g->items[i].number) ==
                                                 clew_shelf_writer_of(g->items[0].number);
        if (is_of_one)
                return 0;
        sorted = clew_arena_calloc(g->arena, g->n, sizeof(*sorted));
        entries = clew_arena_calloc(g->arena, 2 * (size_t)g->n, sizeof(*entries));
        if (!sorted || !entries)
                return -ENOMEM;
        for (uint32_t i = 0; i < g->n; i++)
                entries[i] = (struct clew_sort_entry){g->items[i].time_ns, &g->items[i]};
        clew_sort(entries, entries + g->n, g->n, NULL);
        for (uint32_t i = 0; i < g->n; i++)
                sorted[i] = *(const struct clew_annotation *)entries[i].item;
        g->items = sorted;
        return 0;
}

static int load(struct clew_view *view, char kind, const uint8_t id[16], struct clew_arena *arena,
                struct clew_reviews *ret, struct clew_error *err)
{
        struct gathering g = {.arena = arena, .kind = kind, .err = err};
        struct clew_review_key prefix = clew_review_key_make(kind, id);
        int r = clew_view_shelf_walk(view, clew_review_key_slice(&prefix), gather, &g, err);

        if (r >= 0 && sort_by_time(&g) < 0)
                r = -ENOMEM;
        if (r < 0)
                return r;
        *ret = (struct clew_reviews){.all = g.items, .n_all = g.n, .cut = g.cut};
        return g.n ? reduce(ret, arena) : 0;
}

int clew_reviews_of_trace(struct clew_view *view, const struct clew_trace_id *id,
                          struct clew_arena *arena, struct clew_reviews *ret,
                          struct clew_error *err)
{
        return load(view, CLEW_KIND_ANNOTATION, id->bytes, arena, ret, err);
}

int clew_reviews_of_session(struct clew_view *view, struct clew_slice session,
                            struct clew_arena *arena, struct clew_reviews *ret,
                            struct clew_error *err)
{
        struct clew_content_id id = clew_content_id_of(session);

        return load(view, CLEW_KIND_SESSION, id.bytes, arena, ret, err);
}

int clew_reviews_find(struct clew_view *view, uint64_t number, struct clew_arena *arena,
                      struct clew_annotation *ret, struct clew_error *err)
{
        CLEW_BUFFER key = {0};
        CLEW_BUFFER value = {0};
        struct clew_review_key at = clew_review_key_number(number);
        int r;

        clew_buffer_init(&key, CLEW_SHELF_KEY_MAX);
        clew_buffer_init(&value, BODY_BYTES_MAX);
        r = clew_view_shelf_get(view, clew_review_key_slice(&at), &key, err);
        if (r == 0)
                r = clew_view_shelf_get(view, clew_buffer_slice(&key), &value, err);
        if (r < 0)
                return r;
        return decode(clew_buffer_slice(&key), clew_buffer_slice(&value), (char)key.data[0], arena,
                      ret, err);
}

struct each {
        int (*fn)(const struct clew_annotation *a, void *context);
        void *context;
        struct clew_arena arena;
        struct clew_error *err;
};

static int each_one(struct clew_slice key, struct clew_slice value, void *context)
{
        struct each *e = context;
        struct clew_annotation a;
        int r;

        clew_arena_reset(&e->arena);
        r = decode(key, value, (char)key.data[0], &e->arena, &a, e->err);
        return r < 0 ? r : e->fn(&a, e->context);
}

int clew_reviews_each(struct clew_view *view,
                      int (*fn)(const struct clew_annotation *a, void *context), void *context,
                      struct clew_error *err)
{
        const char kinds[] = {CLEW_KIND_ANNOTATION, CLEW_KIND_SESSION};
        struct each e = {.fn = fn, .context = context, .err = err};
        int r = 0;

        clew_arena_init(&e.arena, 4 * BODY_BYTES_MAX);
        for (size_t i = 0; r == 0 && i < CLEW_ARRAY_LEN(kinds); i++)
                r = clew_view_shelf_walk(view, clew_slice_make(&kinds[i], 1), each_one, &e, err);
        clew_arena_deinit(&e.arena);
        return r;
}

struct of_traces {
        int (*fn)(void *argument, const struct clew_trace_id *id);
        void *argument;
        struct clew_trace_id last;
        bool has_last;
};

static int each_trace(struct clew_slice key, struct clew_slice value, void *context)
{
        struct of_traces *o = context;
        struct clew_trace_id id;

        (void)value;
        if (key.len < 1 + sizeof(id.bytes))
                return -EBADMSG;
        memcpy(id.bytes, key.data + 1, sizeof(id.bytes));
        if (o->has_last && clew_trace_id_eq(&id, &o->last))
                return 0;
        o->last = id;
        o->has_last = true;
        return o->fn(o->argument, &id);
}

int clew_reviews_traces(struct clew_view *view,
                        int (*fn)(void *argument, const struct clew_trace_id *id), void *argument,
                        struct clew_error *err)
{
        const char kind = CLEW_KIND_ANNOTATION;
        struct of_traces o = {.fn = fn, .argument = argument};

        return clew_view_shelf_walk(view, clew_slice_make(&kind, 1), each_trace, &o, err);
}

/* ---- adding --------------------------------------------------------------------------------- */

struct adding {
        struct clew_annotation *items;
        uint32_t n;
        struct clew_buffer bytes; /* all encoded, one after the other */
        const size_t *ends;
        struct clew_buffer scratch;
};

static int add_all(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        struct adding *ad = context;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < ad->n; i++) {
                struct clew_annotation *a = &ad->items[i];
                bool of_session = a->target == CLEW_ANNOTATED_SESSION;
                struct clew_content_id session = clew_content_id_of(a->session);
                struct clew_review_key key =
                        clew_review_key_make(of_session ? CLEW_KIND_SESSION : CLEW_KIND_ANNOTATION,
                                             of_session ? session.bytes : a->trace_id.bytes);
                struct clew_review_key number;
                size_t from = i ? ad->ends[i - 1] : 0;

                a->number = clew_shelf_next(shelf);
                clew_review_key_add(&key, a->number);
                number = clew_review_key_number(a->number);
                clew_buffer_clear(&ad->scratch);
                r = clew_shelf_encode(clew_review_key_slice(&key), &ad->scratch);
                if (r == 0)
                        r = clew_shelf_add(
                                shelf, clew_review_key_slice(&key),
                                clew_slice_make(ad->bytes.data + from, ad->ends[i] - from), err);
                if (r == 0)
                        r = clew_shelf_add(shelf, clew_review_key_slice(&number),
                                           clew_buffer_slice(&ad->scratch), err);
                if (r == 0 && !of_session)
                        r = clew_shelf_hold(shelf, &a->trace_id, err);
        }
        return r;
}

static int encode(const struct clew_annotation *a, struct clew_buffer *scratch,
                  struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(scratch, 0);
        struct clew_annotation unnumbered = *a;

        unnumbered.number = 0; /* the key has it */
        clew_buffer_clear(scratch);
        clew_json_write_object_begin(&w);
        clew_annotation_write(&w, &unnumbered);
        clew_json_write_object_end(&w);
        if (clew_buffer_error(scratch) < 0)
                return clew_buffer_error(scratch);
        return clew_review_seal(a->target == CLEW_ANNOTATED_SESSION ? CLEW_KIND_SESSION
                                                                    : CLEW_KIND_ANNOTATION,
                                clew_buffer_slice(scratch), out);
}

int clew_reviews_add(struct clew_store *store, struct clew_annotation *annotations, uint32_t n,
                     struct clew_error *err)
{
        CLEW_FREE size_t *ends = clew_calloc(n + 1, sizeof(*ends));
        struct adding ad = {.items = annotations, .n = n, .ends = ends};
        int r = ends ? 0 : -ENOMEM;

        clew_buffer_init(&ad.scratch, 8 * CLEW_ANNOTATION_CORRECTION_MAX);
        clew_buffer_init(&ad.bytes, ALL_BYTES_MAX);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                r = encode(&annotations[i], &ad.scratch, &ad.bytes);
                ends[i] = ad.bytes.len;
        }
        if (r < 0)
                clew_error_set(err, r, 0, "the annotations are larger than the memory for them");
        else
                r = clew_store_shelve(store, add_all, &ad, err);
        clew_buffer_deinit(&ad.bytes);
        clew_buffer_deinit(&ad.scratch);
        return r;
}

/* ---- questions ------------------------------------------------------------------------------ */

bool clew_reviews_by(const struct clew_reviews *r, struct clew_slice author)
{
        for (uint32_t i = 0; i < r->n_now; i++) {
                if (clew_slice_eq(r->now[i].by->author, author))
                        return true;
        }
        return false;
}

bool clew_reviews_have_label(const struct clew_reviews *r, struct clew_slice label)
{
        bool prefix = label.len > 0 && label.data[label.len - 1] == '*';

        if (prefix)
                label.len--;
        for (uint32_t i = 0; i < r->n_now; i++) {
                struct clew_slice name = clew_facet_name(&r->now[i]);

                if (r->now[i].kind == CLEW_FACET_LABEL &&
                    (prefix ? clew_slice_starts_with(name, label) : clew_slice_eq(name, label)))
                        return true;
        }
        return false;
}

bool clew_reviews_have_any_label(const struct clew_reviews *r)
{
        for (uint32_t i = 0; i < r->n_now; i++) {
                if (r->now[i].kind == CLEW_FACET_LABEL)
                        return true;
        }
        return false;
}

static bool same_target(const struct clew_annotation *a, const struct clew_annotation *b)
{
        return a->target == b->target && clew_span_id_eq(&a->span_id, &b->span_id);
}

static bool labels_differ(const struct clew_annotation *a, const struct clew_annotation *b)
{
        for (uint32_t i = 0; i < a->n_labels; i++) {
                bool found = false;

                for (uint32_t j = 0; j < b->n_labels; j++)
                        found = found || clew_slice_eq(a->labels[i], b->labels[j]);
                if (!found)
                        return true;
        }
        return a->n_labels != b->n_labels;
}

static bool facets_differ(const struct clew_facet *a, const struct clew_facet *b)
{
        const struct clew_annotation_score *x = &a->by->scores[a->index];
        const struct clew_annotation_score *y = &b->by->scores[b->index];

        if (a->kind != b->kind || clew_slice_eq(a->by->author, b->by->author))
                return false;
        if (a->kind == CLEW_FACET_FAILING)
                return !clew_span_id_eq(&a->by->span_id, &b->by->span_id);
        if (!same_target(a->by, b->by))
                return false;
        switch (a->kind) {
        case CLEW_FACET_LABEL: /* once for both sets */
                return a->index == 0 && b->index == 0 && labels_differ(a->by, b->by);
        case CLEW_FACET_SCORE:
                return clew_slice_eq(x->name, y->name) &&
                       (x->value < y->value || x->value > y->value ||
                        !clew_slice_eq(x->label, y->label));
        case CLEW_FACET_CORRECTION:
                return !clew_slice_eq(a->by->correction, b->by->correction);
        case CLEW_FACET_FINDING:
                return clew_slice_eq(a->by->finding, b->by->finding) &&
                       a->by->verdict != b->by->verdict;
        case CLEW_FACET_NOTE:
        case CLEW_FACET_FAILING:
                break;
        }
        return false;
}

void clew_facet_brief(const struct clew_facet *f, struct clew_buffer *out)
{
        const struct clew_annotation *a = f->by;
        char number[CLEW_DOUBLE_TEXT_MAX];

        clew_buffer_append_slice(out, a->author);
        clew_buffer_append_cstr(out, ": ");
        switch (f->kind) {
        case CLEW_FACET_LABEL:
                for (uint32_t i = 0; i < a->n_labels; i++) {
                        clew_buffer_append_cstr(out, i ? ", " : "label ");
                        clew_buffer_append_slice(out, a->labels[i]);
                }
                break;
        case CLEW_FACET_SCORE:
                clew_buffer_append_slice(out, a->scores[f->index].name);
                clew_buffer_append_byte(out, '=');
                if (a->scores[f->index].has_value)
                        clew_buffer_append(out, number,
                                           clew_format_double(a->scores[f->index].value, number));
                clew_buffer_append_slice(out, a->scores[f->index].label);
                break;
        case CLEW_FACET_FAILING:
                clew_buffer_printf(out, "failing step #%llu", (unsigned long long)a->step);
                break;
        case CLEW_FACET_FINDING:
                clew_buffer_append_slice(out, a->finding);
                clew_buffer_append_cstr(out, a->verdict == CLEW_FINDING_CONFIRMED ? " confirmed"
                                                                                  : " rejected");
                break;
        case CLEW_FACET_CORRECTION:
                clew_buffer_append_cstr(out, "should have been ");
                clew_buffer_append_slice(out, a->correction);
                break;
        case CLEW_FACET_NOTE:
                clew_buffer_append_slice(out, a->note);
                break;
        }
}

/* Differences of so many pairs are enough to be told; the work stays small. */
#define DIFFERENCES_MAX 64u
#define COMPARED_MAX 512u

uint32_t clew_reviews_differences(const struct clew_reviews *r, struct clew_buffer *out)
{
        uint32_t from = r->n_now > COMPARED_MAX ? r->n_now - COMPARED_MAX : 0;
        uint32_t n = 0;

        for (uint32_t i = from; i < r->n_now; i++) {
                for (uint32_t j = i + 1; j < r->n_now && n < DIFFERENCES_MAX; j++) {
                        if (!facets_differ(&r->now[i], &r->now[j]))
                                continue;
                        clew_facet_brief(&r->now[i], out);
                        clew_buffer_append_cstr(out, "; ");
                        clew_facet_brief(&r->now[j], out);
                        clew_buffer_append_byte(out, '\n');
                        n++;
                }
        }
        return n;
}
