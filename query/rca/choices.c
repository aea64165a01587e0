/*
 * Rules about values that were there and were the wrong ones: another than the user named, a figure
 * put beside another label than its source has.
 */
#include "query/rca/flat.h"
#include "query/rca/rules.h"
#include "query/rca/sources-int.h"
#include "query/rca/text-int.h"

#include <stdlib.h>

#define NAMED_MAX 128u    /* values in the user's messages that are remembered */
#define SEARCHES_MAX 512u /* of an observation for a value that the user named */
#define PAIRS_MAX 32768u  /* label and value, side by side, in observations */
#define RECORD_REACH 160u /* bytes between two members of one record */
#define GAP_MAX 6u        /* bytes between a label and its value */
#define DIGITS_MIN 3u
#define OUTPUT_MAX 16384u /* of a text that a model wrote, to be held against its sources */

/* ---- another value than the one asked for --------------------------------------------------- */

struct named {
        struct clew_token token;
        uint32_t unit;
        bool used; /* by an action that changes something */
};

static uint32_t collect_named(const struct clew_rca_view *v, struct named *ret)
{
        uint32_t n = 0;

        for (uint32_t u = 0; u < v->n_units && n < NAMED_MAX; u++) {
                struct clew_token_iter it = clew_tokens_of(v->units[u].text);
                struct clew_token t;

                if (v->units[u].origin != CLEW_RCA_USER || it.text.len > 4096)
                        continue;
                while (n < NAMED_MAX && clew_token_next(&it, &t)) {
                        if (t.digits >= DIGITS_MIN)
                                ret[n++] = (struct named){t, u, false};
                }
        }
        return n;
}

/* The only token of a leaf, when it is all of it. */
static bool whole_token(struct clew_slice leaf, struct clew_token *ret)
{
        struct clew_token_iter it = clew_tokens_of(leaf);

        return clew_token_next(&it, ret) && ret->digits >= DIGITS_MIN &&
               ret->text.len + 2 >= clew_text_trim(leaf).len;
}

static bool changes(const struct clew_rca_step *s)
{
        return s->kind == CLEW_RCA_TOOL && s->caller != CLEW_RCA_NONE && s->args.len > 0 &&
               s->deed != CLEW_DEED_READS;
}

static void mark_used(const struct clew_rca_view *v, struct named *named, uint32_t n)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                struct clew_flat f;
                struct clew_flat_leaf leaf;
                struct clew_token t;

                if (!changes(&v->steps[i]))
                        continue;
                clew_flat_init(&f, v->steps[i].args);
                while (clew_flat_next(&f, &leaf)) {
                        bool whole = whole_token(leaf.value, &t);

                        for (uint32_t k = 0; k < n && whole; k++)
                                named[k].used |= named[k].token.hash == t.hash;
                }
        }
}

/* Both stand in one record, under keys of their own: they name one thing ("product_id": 16,
 * "item_id": 13), and the user's word led to the other. */
static bool are_one(struct clew_slice source, struct clew_slice a, struct clew_slice b)
{
        for (struct clew_slice rest = source; rest.len;) {
                const uint8_t *at = clew_find(rest, a.data, a.len);
                size_t from;
                struct clew_slice near;
                const uint8_t *other;
                bool key = false;
                bool ends = false;

                if (!at)
                        return false;
                from = (size_t)(at - source.data);
                rest = clew_slice_from(source, from + a.len);
                from = from > RECORD_REACH ? from - RECORD_REACH : 0;
                near = head(clew_slice_from(source, from), a.len + 2 * RECORD_REACH);
                other = clew_find(near, b.data, b.len);
                if (!other)
                        continue;
                for (const uint8_t *p = at < other ? at : other; p < (at < other ? other : at);
                     p++) {
                        key |= *p == ':';
                        ends |= *p == '{' || *p == '}' || *p == '[' || *p == ']' || *p == '\n';
                }
                if (key && !ends)
                        return true;
        }
        return false;
}

static bool is_linked(const struct clew_rca_view *v, const struct clew_slice *a,
                      const struct clew_slice *b)
{
        for (uint32_t u = 0; u < v->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_RESULT && are_one(v->units[u].text, *a, *b))
                        return true;
        }
        return false;
}

/* The value that the user named instead of @t: of the same shape, shown in the same observation,
 * and used by no action. NULL when there is none, or when the user named @t too. */
static const struct named *instead_of(const struct clew_rca_view *v, const struct named *named,
                                      uint32_t n, const struct clew_token *t, uint32_t *searches)
{
        const struct clew_rca_seen *s = clew_rca_seen_find(v, t->hash);
        const struct named *best = NULL;
        struct clew_slice source;

        if (!s || s->observed == CLEW_RCA_NONE || v->units[s->observed].origin != CLEW_RCA_RESULT)
                return NULL;
        source = v->units[s->observed].text;
        for (uint32_t k = 0; k < n; k++) {
                const struct clew_token *u = &named[k].token;

                if (u->hash == t->hash)
                        return NULL;
                if (!best && !named[k].used && u->shape == t->shape &&
                    (*searches)++ < SEARCHES_MAX &&
                    memmem(source.data, source.len, u->text.data, u->text.len) &&
                    !is_linked(v, &t->text, &u->text))
                        best = &named[k];
        }
        return best;
}

/* Some action has it among its arguments, if only to look. */
static bool was_acted_on(const struct clew_rca_view *v, struct clew_slice value)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                struct clew_slice args = v->steps[i].args;

                if (v->steps[i].kind == CLEW_RCA_TOOL && args.len &&
                    memmem(args.data, args.len, value.data, value.len))
                        return true;
        }
        for (uint32_t k = 0; k < v->n_calls; k++) {
                struct clew_slice args = v->calls[k].args;

                if (args.len && memmem(args.data, args.len, value.data, value.len))
                        return true;
        }
        return false;
}

/* Nothing was done about what the user named: the run's last word should have noticed. */
static void say_unmet(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t i,
                      const struct named *u)
{
        struct clew_finding *f;

        if (v->last_llm == CLEW_RCA_NONE || v->last_llm == v->steps[i].caller ||
            ret->n_of[CLEW_RULE_UNMET] > 0 || was_acted_on(v, u->token.text))
                return;
        f = clew_finding_add(ret, CLEW_RULE_UNMET, v->last_llm, 1.0);
        clew_finding_evidence(f, v->units[u->unit].step, u->token.text);
        clew_finding_evidence(f, v->last_llm, v->steps[v->last_llm].text);
        clew_finding_say(ret, f,
                         "Step %u ends the run; no action was taken on %.*s, which the user named.",
                         v->steps[v->last_llm].number, CLEW_SHOWN(u->token.text, 48));
}

void clew_rule_other_value(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct named *named = clew_arena_alloc(v->arena, NAMED_MAX * sizeof(*named));
        uint32_t n = named ? collect_named(v, named) : 0;
        uint32_t searches = 0;

        if (n == 0)
                return;
        mark_used(v, named, n);
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_flat f;
                struct clew_flat_leaf leaf;
                struct clew_token t;

                if (!changes(s))
                        continue;
                clew_flat_init(&f, s->args);
                while (clew_flat_next(&f, &leaf)) {
                        const struct named *u;
                        struct clew_finding *x;

                        /* Amounts and counts differ for good reasons; ids and card numbers do not.
                         */
                        if (!whole_token(leaf.value, &t) ||
                            (t.is_number && (!leaf.is_string || t.digits < 4)))
                                continue;
                        u = instead_of(v, named, n, &t, &searches);
                        if (!u || clew_sources_agreed(v, t.text, clew_sources_end(v, s->caller)))
                                continue;
                        x = clew_finding_add(ret, CLEW_RULE_OTHER_VALUE, s->caller, 1.0);
                        clew_finding_effect(x, i);
                        clew_finding_evidence(x, v->units[u->unit].step, u->token.text);
                        clew_finding_evidence(x, i, s->args);
                        clew_finding_say(ret, x,
                                         "Step %u called %.*s for %.*s; the user named %.*s.",
                                         v->steps[s->caller].number, CLEW_SHOWN(s->name, 60),
                                         CLEW_SHOWN(t.text, 48), CLEW_SHOWN(u->token.text, 48));
                        say_unmet(v, ret, i, u);
                        break;
                }
        }
}

/* ---- a figure beside another label ---------------------------------------------------------- */

struct pair {
        uint64_t label;
        uint64_t value;
        uint64_t label_shape;
        uint64_t value_shape;
        uint32_t unit;
};

/* "2011: 117,258", "2011 | 117,258", "\"2011\": 117258". */
static bool is_label_gap(const uint8_t *from, const uint8_t *to)
{
        bool mark = false;

        if (to <= from || to - from > (ptrdiff_t)GAP_MAX)
                return false;
        for (; from < to; from++) {
                mark |= *from == ':' || *from == '=' || *from == '|';
                if (*from == '\n' || *from == ',' || *from == ';' || *from == '.')
                        return false;
        }
        return mark;
}

struct pair_iter {
        struct clew_token_iter tokens;
        struct clew_token last;
        bool has_last;
};

static bool next_pair(struct pair_iter *it, struct clew_token *ret_label,
                      struct clew_token *ret_value)
{
        struct clew_token t;

        while (clew_token_next(&it->tokens, &t)) {
                struct clew_token before = it->last;
                bool had = it->has_last;

                it->last = t;
                it->has_last = true;
                if (!had || t.digits < DIGITS_MIN || !t.is_number || !before.is_number ||
                    before.is_list_mark || before.shape == t.shape ||
                    !is_label_gap(before.text.data + before.text.len, t.text.data))
                        continue;
                *ret_label = before;
                *ret_value = t;
                return true;
        }
        return false;
}

/* Pairs by value, then by place. */
static int by_value(const void *x, const void *y)
{
        const struct pair *a = *(const struct pair *const *)x;
        const struct pair *b = *(const struct pair *const *)y;

        if (a->value != b->value)
                return a->value < b->value ? -1 : 1;
        return a < b ? -1 : a > b;
}

struct pairs {
        struct pair *items; /* by place */
        const struct pair **by_value;
        uint32_t n;
};

static bool collect_pairs(const struct clew_rca_view *v, struct pairs *ret)
{
        uint32_t n = 0;

        ret->items = clew_arena_alloc(v->arena, PAIRS_MAX * sizeof(*ret->items));
        if (!ret->items)
                return false;

        for (uint32_t u = 0; u < v->n_units && n < PAIRS_MAX; u++) {
                struct pair_iter it = {.tokens = clew_tokens_of(v->units[u].text)};
                struct clew_token label;
                struct clew_token value;

                if (v->units[u].origin != CLEW_RCA_RESULT || it.tokens.text.len > CLEW_RCA_UNIT_MAX)
                        continue;
                while (n < PAIRS_MAX && next_pair(&it, &label, &value))
                        ret->items[n++] =
                                (struct pair){label.hash, value.hash, label.shape, value.shape, u};
        }
        ret->n = n;
        ret->by_value = clew_arena_alloc(v->arena, (n + 1u) * sizeof(const struct pair *));
        if (!ret->by_value)
                return false;
        for (uint32_t i = 0; i < n; i++)
                ret->by_value[i] = &ret->items[i];
        if (n)
                qsort(ret->by_value, n, sizeof(const struct pair *), by_value);
        return n >= 2;
}

/* How the observations have it: the pair itself, or its two halves in other pairs of one source. */
static const struct pair *swapped(const struct pairs *p, const struct clew_token *label,
                                  const struct clew_token *value, uint32_t before)
{
        const struct pair *of_value = NULL;
        uint32_t lo = 0;
        uint32_t hi = p->n;

        while (lo < hi) {
                uint32_t mid = lo + (hi - lo) / 2;

                if (p->by_value[mid]->value < value->hash)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        for (; lo < p->n && p->by_value[lo]->value == value->hash; lo++) {
                const struct pair *x = p->by_value[lo];

                if (x->unit >= before)
                        continue;
                if (x->label == label->hash)
                        return NULL;
                if (!of_value && x->label_shape == label->shape)
                        of_value = x;
        }
        if (!of_value)
                return NULL;
        /* The label, too, has a value of that kind in the same source: its pairs stand together. */
        for (const struct pair *x = of_value; x >= p->items && x->unit == of_value->unit; x--) {
                if (x->label == label->hash && x->value_shape == value->shape)
                        return of_value;
        }
        for (const struct pair *x = of_value; x < p->items + p->n && x->unit == of_value->unit;
             x++) {
                if (x->label == label->hash && x->value_shape == value->shape)
                        return of_value;
        }
        return NULL;
}

void clew_rule_wrong_label(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct pairs pairs;

        if (!collect_pairs(v, &pairs))
                return;
        for (uint32_t u = 0; u < v->n_units && !clew_findings_full(ret, CLEW_RULE_WRONG_LABEL);
             u++) {
                const struct clew_rca_unit *unit = &v->units[u];
                struct pair_iter it = {.tokens = clew_tokens_of(unit->text)};
                struct clew_token label;
                struct clew_token value;

                if ((unit->origin != CLEW_RCA_WRITTEN && unit->origin != CLEW_RCA_ARGS) ||
                    it.tokens.text.len > OUTPUT_MAX)
                        continue;
                while (next_pair(&it, &label, &value)) {
                        const struct pair *p = swapped(&pairs, &label, &value, u);
                        uint32_t who = clew_rca_blame(v, unit->step);
                        struct clew_finding *f;

                        if (!p)
                                continue;
                        f = clew_finding_add(ret, CLEW_RULE_WRONG_LABEL, who, 1.0);
                        clew_finding_evidence(f, v->units[p->unit].step, value.text);
                        clew_finding_evidence(f, who, label.text);
                        clew_finding_say(ret, f,
                                         "Step %u puts %.*s to %.*s; step %u has it under another "
                                         "label.",
                                         v->steps[who].number, CLEW_SHOWN(value.text, 48),
                                         CLEW_SHOWN(label.text, 48),
                                         v->steps[v->units[p->unit].step].number);
                        break;
                }
        }
}
