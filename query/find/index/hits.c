/*
 * Where the spans of a run's traces have a value, by facets. See choose-int.h.
 */
#include "query/find/index/choose-int.h"

#include "proto/base/number.h"
#include "query/find/index/term-int.h"

#include <errno.h>
#include <string.h>

struct clew_index_set clew_choice_set(struct clew_index_choice *c)
{
        struct clew_index_set s = {.n = clew_index_run_traces(c->run)};

        s.words = clew_arena_calloc(&c->arena, clew_index_set_words(&s) + 1u, sizeof(*s.words));
        if (!s.words) {
                c->error = -ENOMEM;
                s.n = 0;
        }
        return s;
}

void clew_choice_copy(struct clew_index_set *to, const struct clew_index_set *from)
{
        if (to->n > 0 && from->n == to->n)
                memcpy(to->words, from->words, clew_index_set_words(to) * sizeof(*to->words));
}

/* ---- looking up -------------------------------------------------------------------------------
 */

/* Adds the traces with that facet; damage is remembered. */
void clew_choice_find(struct clew_index_choice *c, const struct clew_index_facet *f,
                      struct clew_index_set *into)
{
        int r;

        if (c->error)
                return;
        r = clew_index_find(c->run, CLEW_INDEX_FACET, clew_facet_key(f), into, c->err);
        if (r < 0)
                c->error = r;
}

static void find_tag(struct clew_index_choice *c, struct clew_index_facet *f, char tag,
                     struct clew_index_set *into)
{
        clew_facet_tag(f, tag);
        clew_choice_find(c, f, into);
}

struct prefix_walk {
        struct clew_slice prefix;
        struct clew_index_set *into;
};

static int add_prefixed(void *context, struct clew_slice key, struct clew_slice posting)
{
        const struct prefix_walk *w = context;

        if (!clew_slice_starts_with(key, w->prefix))
                return 1;
        return clew_index_posting_add(posting, w->into);
}

/* The traces with a value under @tag that begins so. */
static void find_prefix(struct clew_index_choice *c, struct clew_index_facet *f, char tag,
                        struct clew_slice text, struct clew_index_set *into)
{
        struct prefix_walk w = {.into = into};
        int r;

        if (c->error || text.len > CLEW_FACET_TEXT_MAX)
                return;
        clew_facet_tag(f, tag);
        if (text.len > 0)
                memcpy(f->bytes + f->len, text.data, text.len);
        f->len += text.len;
        w.prefix = clew_facet_key(f);
        r = clew_index_walk(c->run, CLEW_INDEX_FACET, w.prefix, add_prefixed, &w, c->err);
        if (r < 0)
                c->error = r;
}

/* What a text is when a number or truth value is meant by it. */
static void find_as_text(struct clew_index_choice *c, struct clew_index_facet *f,
                         struct clew_slice text, struct clew_bounds *b)
{
        struct clew_operand v = {.type = CLEW_TYPE_INT};
        uint64_t number = 0;
        bool minus = text.len > 1 && text.data[0] == '-';
        struct clew_slice digits = minus ? clew_slice_from(text, 1) : text;
        bool exact;

        find_prefix(c, f, 'F', CLEW_SLICE_NULL, &b->may);
        find_prefix(c, f, 'I', CLEW_SLICE_NULL, &b->may);
        find_tag(c, f, 'X', &b->may);
        if (digits.len > 0 && (digits.data[0] != '0' || digits.len == 1) &&
            clew_parse_uint64(digits, &number) && number <= CLEW_FACET_INT_MAX &&
            !(minus && number == 0)) {
                v.integer = minus ? -(int64_t)number : (int64_t)number;
                (void)clew_facet_value(f, &v, &exact);
                clew_choice_find(c, f, &b->does);
        }
        if (clew_slice_eq_cstr(text, "true") || clew_slice_eq_cstr(text, "false")) {
                v = (struct clew_operand){.type = CLEW_TYPE_BOOL, .boolean = text.data[0] == 't'};
                (void)clew_facet_value(f, &v, &exact);
                clew_choice_find(c, f, &b->does);
        }
}

/* Where an attribute may be this text, of which the facet does not tell which it is: the trace has
 * what the text is cut into. Nothing goes on at either of its ends. */
static void find_by_terms(struct clew_index_choice *c, const struct clew_index_facet *f,
                          struct clew_slice text, struct clew_index_set *into)
{
        const struct clew_slice parts[] = {CLEW_SLICE_LITERAL(" "), text, CLEW_SLICE_LITERAL(" ")};
        struct clew_index_set named = clew_choice_set(c);
        struct clew_index_set said = clew_choice_set(c);
        struct clew_slice whole = clew_arena_concat(&c->arena, parts, CLEW_ARRAY_LEN(parts));
        int r;

        clew_choice_find(c, f, &named);
        if (c->error || !whole.data || clew_index_set_next(&named, 0) == named.n)
                return;
        r = clew_terms_choose_text(c->run, whole, &said, c->err);
        if (r < 0)
                c->error = r;
        if (r == 1)
                clew_index_set_and(&named, &said);
        clew_index_set_or(into, &named);
}

static void find_equal(struct clew_index_choice *c, struct clew_index_facet *f,
                       const struct clew_want *want, struct clew_bounds *b)
{
        const struct clew_operand *v = want->value;
        bool exact = false;

        if (clew_type_is_number(v->type)) {
                clew_choice_find_numbers(c, f, CLEW_OP_EQ, v, b);
        } else if (clew_facet_value(f, v, &exact)) {
                if (exact || f->bytes[0] == CLEW_FACET_DERIVED || v->type != CLEW_TYPE_TEXT)
                        clew_choice_find(c, f, exact ? &b->does : &b->may);
                else
                        find_by_terms(c, f, v->text, &b->may);
        }
        if (want->as_text && v->type == CLEW_TYPE_TEXT)
                find_as_text(c, f, v->text, b);
}

/* Under one name. */
static void find_under(struct clew_index_choice *c, enum clew_facet_place place,
                       struct clew_slice name, const struct clew_want *want, struct clew_hits *h)
{
        struct clew_index_facet f;

        if (!clew_facet_begin(&f, place, name)) {
                h->known = false;
                return;
        }
        switch (want->what) {
        case CLEW_WANT_SOME:
                clew_choice_find(c, &f, &h->b.does);
                if (want->as_text)
                        find_tag(c, &f, 'E', &h->b.does);
                break;
        case CLEW_WANT_EQUAL:
                find_equal(c, &f, want, &h->b);
                break;
        case CLEW_WANT_NUMBER:
                clew_choice_find_numbers(c, &f, want->op, want->value, &h->b);
                break;
        case CLEW_WANT_PREFIX: /* of some texts only a hint is kept */
                find_prefix(c, &f, 't', want->prefix, &h->b.does);
                find_prefix(c, &f, 'h', CLEW_SLICE_NULL, &h->b.may);
                h->known &= want->prefix.len <= CLEW_FACET_TEXT_MAX;
                break;
        }
        if (want->what != CLEW_WANT_SOME && clew_facet_counts(name))
                find_tag(c, &f, '*', &h->b.may);
        if (place == CLEW_FACET_DERIVED || place == CLEW_FACET_NUMBER)
                find_tag(c, &f, '?', &h->b.may);
}

/* `.name`: of the span, else of its resource. */
static void find_of_any(struct clew_index_choice *c, struct clew_slice name,
                        const struct clew_want *want, struct clew_hits *h)
{
        struct clew_hits resource = {{clew_choice_set(c), clew_choice_set(c)}, true};
        struct clew_index_set covered = clew_choice_set(c);
        struct clew_index_facet f;

        find_under(c, CLEW_FACET_SPAN, name, want, h);
        find_under(c, CLEW_FACET_RESOURCE, name, want, &resource);
        h->known &= resource.known;
        if (!h->known || c->error)
                return;
        (void)clew_facet_begin(&f, CLEW_FACET_SPAN, name);
        clew_choice_find(c, &f, &covered);
        find_tag(c, &f, 'E', &covered);
        clew_index_set_or(&h->b.may, &resource.b.may);
        clew_index_set_or(&h->b.may, &resource.b.does);
        clew_index_set_invert(&covered); /* no span has the name: the resource's counts */
        clew_index_set_and(&resource.b.does, &covered);
        clew_index_set_or(&h->b.does, &resource.b.does);
}

struct clew_hits clew_choice_hits(struct clew_index_choice *c, const struct clew_field_ref *ref,
                                  const struct clew_want *want)
{
        static const enum clew_facet_place places[] = {
                [CLEW_SCOPE_NONE] = 0,
                [CLEW_SCOPE_ANY] = 0,
                [CLEW_SCOPE_SPAN] = CLEW_FACET_SPAN,
                [CLEW_SCOPE_RESOURCE] = CLEW_FACET_RESOURCE,
                [CLEW_SCOPE_EVENT] = CLEW_FACET_EVENT,
                [CLEW_SCOPE_LINK] = CLEW_FACET_LINK,
                [CLEW_SCOPE_INSTRUMENTATION] = CLEW_FACET_SCOPE,
        };
        static const enum clew_facet_place all[] = {CLEW_FACET_SPAN,  CLEW_FACET_RESOURCE,
                                                    CLEW_FACET_EVENT, CLEW_FACET_LINK,
                                                    CLEW_FACET_SCOPE, CLEW_FACET_LOG};
        struct clew_hits h = {{clew_choice_set(c), clew_choice_set(c)}, true};
        struct clew_want as_text = *want;

        if (c->error)
                return h;
        if (ref->of_parent) {
                h.known = false;
        } else if (!ref->row && ref->scope == CLEW_SCOPE_ANY) {
                find_of_any(c, ref->name, want, &h);
        } else if (!ref->row && places[ref->scope] != 0) {
                find_under(c, places[ref->scope], ref->name, want, &h);
        } else if (ref->row && clew_field_is_key(ref)) {
                as_text.as_text = true;
                h.known = want->what != CLEW_WANT_PREFIX;
                for (size_t i = 0; h.known && i < CLEW_ARRAY_LEN(all); i++)
                        find_under(c, all[i], ref->name, &as_text, &h);
        } else if (ref->row && clew_facet_is_score(ref->row)) {
                struct clew_slice parts[] = {clew_slice_of_cstr(ref->row->name), ref->name};

                find_under(c, CLEW_FACET_DERIVED, clew_arena_concat(&c->arena, parts, 2), want, &h);
        } else if (ref->row && clew_facet_number_of(ref->row)) {
                find_under(c, CLEW_FACET_NUMBER, clew_slice_of_cstr(clew_facet_number_of(ref->row)),
                           want, &h);
                if (strcmp(ref->row->name, "span.clew.cost") == 0)
                        clew_choice_forget_prices(c, &h.b);
        } else if (ref->row && clew_facet_has_field(ref->row)) {
                find_under(c, CLEW_FACET_DERIVED, clew_slice_of_cstr(ref->row->name), want, &h);
        } else {
                h.known = false;
        }
        clew_index_set_or(&h.b.may, &h.b.does);
        return h;
}
