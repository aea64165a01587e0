/*
 * What indexes tell of the names in a query: which of them stand anywhere, and whether anything
 * under them has a type that a comparison can fit. A walk over indexes opens only what can match,
 * and so has seen little; mistakes in a query are told by what there is.
 */
#include "query/find/index/index.h"

#include "proto/base/mem.h"
#include "query/find/index/facet-int.h"
#include "query/find/language/run-int.h"

#include <errno.h>
#include <string.h>

struct evidence {
        const struct clew_query *q;
        struct clew_query_run *run;
        bool *present;          /* by field */
        bool *fits;             /* by code */
        bool *truths;           /* by field: some value is true or false */
        enum clew_type *others; /* by code: a type there that never fits; NIL = none is known */
};

static int is_prefix(void *context, struct clew_slice key, struct clew_slice posting)
{
        const struct clew_slice *prefix = context;

        (void)posting;
        return clew_slice_starts_with(key, *prefix) ? 1 : 2;
}

/* 1 = some key of the run begins so, 0 = none, or an error. */
static int has_prefix(struct clew_index_run *run, struct clew_slice prefix, struct clew_error *err)
{
        int r = clew_index_walk(run, CLEW_INDEX_FACET, prefix, is_prefix, &prefix, err);

        return r == 2 ? 0 : r;
}

/* Places that an attribute is looked for in. */
static const char *places_of(const struct clew_field_ref *ref)
{
        if (ref->row)
                return "srelig";
        switch (ref->scope) {
        case CLEW_SCOPE_ANY:
                return "sr";
        case CLEW_SCOPE_SPAN:
                return "s";
        case CLEW_SCOPE_RESOURCE:
                return "r";
        case CLEW_SCOPE_EVENT:
                return "e";
        case CLEW_SCOPE_LINK:
                return "l";
        case CLEW_SCOPE_INSTRUMENTATION:
                return "i";
        case CLEW_SCOPE_NONE:
                break;
        }
        return "";
}

/* Whether something under the name has one of @tags ("" = anything). */
static int find_tags(struct clew_index_run *run, const struct clew_field_ref *ref, const char *tags,
                     struct clew_error *err)
{
        for (const char *place = places_of(ref); *place; place++) {
                struct clew_index_facet f;
                int r;

                if (!clew_facet_begin(&f, (enum clew_facet_place) * place, ref->name))
                        return 1; /* nobody knows */
                if (!*tags) {
                        r = has_prefix(run, clew_facet_key(&f), err);
                        if (r != 0)
                                return r;
                }
                if (*tags && clew_facet_counts(ref->name)) {
                        clew_facet_tag(&f, '*');
                        r = has_prefix(run, clew_facet_key(&f), err);
                        if (r != 0)
                                return r;
                }
                for (const char *tag = tags; *tag; tag++) {
                        clew_facet_tag(&f, *tag);
                        r = has_prefix(run, clew_facet_key(&f), err);
                        if (r != 0)
                                return r;
                }
        }
        return 0;
}

static const char *tags_of(const struct clew_operand *v)
{
        if (clew_type_is_number(v->type))
                return "iIF";
        if (v->type == CLEW_TYPE_TEXT)
                return "th";
        return v->type == CLEW_TYPE_BOOL ? "b" : "";
}

/* The name and the literal of a comparison, if it is one between them. */
static bool operands_of(const struct clew_query *q, uint32_t at, const struct clew_field_ref **ref,
                        const char **tags)
{
        const struct clew_code_op *op = &q->codes[at];
        const struct clew_code_op *a = at > 0 ? op - 1 : NULL;
        const struct clew_code_op *b = at > 1 ? op - 2 : NULL;

        if (op->code == CLEW_CODE_REGEX) { /* what was its literal stands between them */
                if (!b || b->code != CLEW_CODE_FIELD)
                        return false;
                a = b;
                *ref = &q->fields[a->arg];
                *tags = "th";
                return clew_field_is_key(*ref);
        }
        if (op->code != CLEW_CODE_BINARY || !a || !b)
                return false;
        if (a->code == CLEW_CODE_FIELD) {
                const struct clew_code_op *t = a;

                a = b;
                b = t;
        }
        if (a->code != CLEW_CODE_LITERAL || b->code != CLEW_CODE_FIELD)
                return false;
        *ref = &q->fields[b->arg];
        *tags = tags_of(&q->literals[a->arg]);
        return clew_field_is_key(*ref);
}

/* A type of values under the name that is none of @tags. */
static int find_other(struct clew_index_run *run, const struct clew_field_ref *ref,
                      const char *tags, enum clew_type *ret, struct clew_error *err)
{
        static const struct {
                const char *tags;
                enum clew_type type;
        } kinds[] = {{"iIF", CLEW_TYPE_INT}, {"th", CLEW_TYPE_TEXT}, {"b", CLEW_TYPE_BOOL}};

        if (!*tags || ref->row || clew_facet_counts(ref->name))
                return 0;
        for (size_t k = 0; k < CLEW_ARRAY_LEN(kinds); k++) {
                int r = strcmp(kinds[k].tags, tags) == 0 ? 0
                                                         : find_tags(run, ref, kinds[k].tags, err);

                if (r < 0)
                        return r;
                if (r == 1)
                        *ret = kinds[k].type;
        }
        return 0;
}

/* An attribute that stands where a condition does. */
static bool is_truth(const struct clew_field_ref *ref)
{
        return clew_field_is_key(ref) && ref->takes == CLEW_TAKES_BOOL;
}

static int look_at_run(void *context, struct clew_index_run *run, struct clew_error *err)
{
        struct evidence *e = context;
        const struct clew_query *q = e->q;
        int r = 0;

        for (uint32_t i = 0; r >= 0 && i < q->n_fields; i++) {
                if (!e->present[i] && clew_field_is_key(&q->fields[i])) {
                        r = find_tags(run, &q->fields[i], "", err);
                        e->present[i] = r == 1;
                }
                if (r >= 0 && !e->truths[i] && is_truth(&q->fields[i])) {
                        r = find_tags(run, &q->fields[i], "b", err);
                        e->truths[i] = r == 1;
                }
        }
        for (uint32_t i = 0; r >= 0 && i < q->n_codes; i++) {
                const struct clew_field_ref *ref;
                const char *tags;

                if (!e->fits[i] && operands_of(q, i, &ref, &tags)) {
                        r = find_tags(run, ref, tags, err);
                        e->fits[i] = r == 1;
                }
                if (r >= 0 && e->others[i] == CLEW_TYPE_NIL && operands_of(q, i, &ref, &tags))
                        r = find_other(run, ref, tags, &e->others[i], err);
        }
        return r < 0 ? r : 0;
}

int clew_index_tell(struct clew_view *view, struct clew_query_run *run, struct clew_arena *arena,
                    struct clew_index_told *ret, struct clew_error *err)
{
        const struct clew_query *q = run->q;
        struct evidence e = {.q = q, .run = run};
        int r;

        *ret = (struct clew_index_told){0};
        e.present = clew_arena_calloc(arena, q->n_fields + 1u, sizeof(bool));
        e.fits = clew_arena_calloc(arena, q->n_codes + 1u, sizeof(bool));
        e.truths = clew_arena_calloc(arena, q->n_fields + 1u, sizeof(bool));
        e.others = clew_arena_calloc(arena, q->n_codes + 1u, sizeof(*e.others));
        if (!e.present || !e.fits || !e.truths || !e.others)
                return -1;
        r = clew_view_index_runs(view, clew_index_version(), CLEW_INDEX_RULES, look_at_run, &e,
                                 err);
        for (uint32_t i = 0; r == 0 && i < q->n_fields; i++) {
                if (!clew_field_is_key(&q->fields[i]))
                        continue;
                ret->unknown_name |= !e.present[i];
                if (e.present[i])
                        clew_query_note_name(run, i);
                if (!is_truth(&q->fields[i]))
                        continue;
                ret->misfit |= !e.truths[i];
                if (e.truths[i])
                        clew_query_note_wanted(run, i);
        }
        for (uint32_t i = 0; r == 0 && i < q->n_codes; i++) {
                const struct clew_field_ref *ref;
                const char *tags;

                if (!operands_of(q, i, &ref, &tags))
                        continue;
                ret->misfit |= !e.fits[i];
                if (e.fits[i])
                        clew_query_note_fit(run, i);
                if (e.fits[i] && e.others[i] != CLEW_TYPE_NIL)
                        clew_query_note_misfit(run, i, e.others[i]);
        }
        return r;
}

/* ---- where a name stands -----------------------------------------------------------------------
 */

struct counting {
        struct clew_slice name;
        struct clew_index_places *places;
};

static int count_place(struct clew_index_run *run, enum clew_facet_place place,
                       struct clew_slice name, uint64_t *ret, struct clew_error *err)
{
        struct clew_index_set set = {.n = clew_index_run_traces(run)};
        struct clew_index_facet f;
        int r = 0;

        if (!clew_facet_begin(&f, place, name))
                return 0;
        set.words = clew_calloc(clew_index_set_words(&set) + 1u, sizeof(*set.words));
        if (!set.words)
                return -ENOMEM;
        r = clew_index_find(run, CLEW_INDEX_FACET, clew_facet_key(&f), &set, err);
        *ret += clew_index_set_count(&set);
        clew_free(set.words);
        return r < 0 ? r : 0;
}

static int count_places(void *context, struct clew_index_run *run, struct clew_error *err)
{
        struct counting *c = context;
        int r = count_place(run, CLEW_FACET_SPAN, c->name, &c->places->spans, err);

        return r < 0 ? r
                     : count_place(run, CLEW_FACET_RESOURCE, c->name, &c->places->resources, err);
}

int clew_index_count_places(struct clew_view *view, struct clew_slice name,
                            struct clew_index_places *ret, struct clew_error *err)
{
        struct counting c = {.name = name, .places = ret};

        *ret = (struct clew_index_places){0};
        return clew_view_index_runs(view, clew_index_version(), CLEW_INDEX_RULES, count_places, &c,
                                    err);
}
