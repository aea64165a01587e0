/*
 * A rule about bounds: the request says "at least 47", and a call compares with "> 47", or a text
 * counts what is "above 47". A bound that takes its number in became one that leaves it out, or the
 * other way round.
 *
 * It is silent where any call has the request's own comparison (">= 47", or "< 47" for the rest),
 * and where the request has the number more than once.
 */
#include "query/rca/request-rules-int.h"
#include "query/rca/text-int.h"

#define ASKED_MAX 4096u
#define BOUNDS_MAX 8u
#define TEXT_MAX 8192u
#define REACH 24u /* bytes before a number in which its bound stands */

enum bound { AT_LEAST, AT_MOST, MORE, LESS, BOUND_COUNT };

struct asked_bound {
        enum bound bound;
        struct clew_slice said; /* "at least 47" */
        struct clew_slice number;
};

/* Words before a number, of each bound. */
static const char *const before_words[BOUND_COUNT][5] = {
        [AT_LEAST] = {"at least ", "no less than ", "not less than ", "no fewer than ",
                      "minimum of "},
        [AT_MOST] = {"at most ", "up to and including ", "no more than ", "not more than ",
                     "maximum of "},
        [MORE] = {"more than ", "greater than ", "above ", "over ", "exceeding "},
        [LESS] = {"less than ", "fewer than ", "below ", "under ", "smaller than "},
};
static const char *const behind_words[BOUND_COUNT][2] = {
        [AT_LEAST] = {" or more", " or above"},
        [AT_MOST] = {" or less", " or fewer"},
};
/* How a program writes it, what leaves out its number or takes it in, and what says the same of the
 * others. */
static const char *const signs[BOUND_COUNT] = {">=", "<=", ">", "<"};
static const enum bound slips[BOUND_COUNT] = {MORE, LESS, AT_LEAST, AT_MOST};
static const enum bound others[BOUND_COUNT] = {LESS, MORE, AT_MOST, AT_LEAST};

/* Ends in @word, in whatever case, with no letter before it. */
static bool ends_in(struct clew_slice t, const char *word)
{
        size_t n = strlen(word);

        return t.len >= n && clew_text_begins(tail(t, n), word) &&
               (t.len == n || !is_alpha(t.data[t.len - n - 1]));
}

/* The bound at a number of @t from @from to @to; BOUND_COUNT without one. */
static enum bound bound_at(struct clew_slice t, size_t from, size_t to, struct clew_slice *ret)
{
        struct clew_slice before = tail(head(t, from), REACH);
        struct clew_slice behind = clew_slice_from(t, to);

        for (int b = 0; b < BOUND_COUNT; b++) {
                for (size_t k = 0; k < CLEW_ARRAY_LEN(before_words[b]); k++) {
                        const char *word = before_words[b][k];
                        size_t n = strlen(word);

                        /* "no more than" holds "more than". */
                        if (ends_in(before, word)) {
                                *ret = clew_slice_make(t.data + from - n, to - from + n);
                                return (enum bound)b;
                        }
                }
                for (size_t k = 0; k < CLEW_ARRAY_LEN(behind_words[b]); k++) {
                        const char *word = behind_words[b][k];

                        if (word && clew_text_begins(behind, word)) {
                                *ret = clew_slice_make(t.data + from, to - from + strlen(word));
                                return (enum bound)b;
                        }
                }
        }
        return BOUND_COUNT;
}

static uint32_t read_bounds(struct clew_slice asked, struct asked_bound ret[BOUNDS_MAX])
{
        struct clew_token_iter it = clew_tokens_of(asked);
        struct clew_token t;
        uint32_t n = 0;

        while (n < BOUNDS_MAX && clew_token_next(&it, &t)) {
                struct asked_bound *x = &ret[n];
                ptrdiff_t first;

                if (!t.is_number || t.digits < 2)
                        continue;
                x->number = t.text;
                x->bound = bound_at(asked, t.offset, t.offset + t.text.len, &x->said);
                first = clew_acts_find(asked, t.text, 0);
                if (x->bound != BOUND_COUNT && first == (ptrdiff_t)t.offset &&
                    clew_acts_find(asked, t.text, t.offset + 1) < 0)
                        n++;
        }
        return n;
}

/* A program compares with the number by just that sign: the place of the sign, or NULL. */
static const uint8_t *compares(struct clew_slice t, const char *sign, struct clew_slice number)
{
        size_t n = strlen(sign);

        for (size_t from = 0;;) {
                ptrdiff_t at = clew_acts_find(t, number, from);
                size_t i;

                if (at < 0)
                        return NULL;
                from = (size_t)at + number.len;
                if (from < t.len && t.data[from] == '.' && from + 1 < t.len &&
                    is_digit(t.data[from + 1]))
                        continue;
                i = (size_t)at;
                while (i > 0 && t.data[i - 1] == ' ')
                        i--;
                if (i >= n + 1 && memcmp(t.data + i - n, sign, n) == 0 &&
                    (t.data[i - n - 1] == ' ' || is_alpha(t.data[i - n - 1]) ||
                     is_digit(t.data[i - n - 1]) || t.data[i - n - 1] == ')' ||
                     t.data[i - n - 1] == ']'))
                        return t.data + i - n;
        }
}

/* Some call has the bound as it was asked for, or turned round. */
static bool is_kept(const struct clew_acts *a, const struct asked_bound *x)
{
        for (uint32_t i = 0; i < a->n; i++) {
                struct clew_slice args = head(a->items[i].args, CLEW_ACTS_ARGS_MAX);

                if (compares(args, signs[x->bound], x->number) ||
                    compares(args, signs[others[x->bound]], x->number))
                        return true;
        }
        return false;
}

/* The first call that compares with the slipped bound, or the number of calls. */
static uint32_t slipped_call(const struct clew_acts *a, const struct asked_bound *x,
                             struct clew_slice *ret)
{
        for (uint32_t i = 0; i < a->n; i++) {
                struct clew_slice args = head(a->items[i].args, CLEW_ACTS_ARGS_MAX);
                const uint8_t *at = compares(args, signs[slips[x->bound]], x->number);
                size_t from = at ? (size_t)(at - args.data) : 0;

                if (!at)
                        continue;
                *ret = clew_slice_from(args, from > REACH ? from - REACH : 0);
                return i;
        }
        return a->n;
}

/* The first model call before step @end whose text has the number with the slipped bound, and
 * nowhere with its own; @end without one. */
static uint32_t slipped_text(const struct clew_rca_view *v, const struct asked_bound *x,
                             uint32_t end, struct clew_slice *ret)
{
        for (uint32_t i = 0; i < end; i++) {
                struct clew_slice t = head(v->steps[i].text, TEXT_MAX);
                struct clew_slice said = CLEW_SLICE_NULL;
                bool kept = false;

                if (v->steps[i].kind != CLEW_RCA_LLM || clew_rca_has_error(&v->steps[i]))
                        continue;
                *ret = CLEW_SLICE_NULL;
                for (ptrdiff_t at = clew_acts_find(t, x->number, 0); at >= 0;
                     at = clew_acts_find(t, x->number, (size_t)at + 1)) {
                        enum bound b = bound_at(t, (size_t)at, (size_t)at + x->number.len, &said);

                        kept |= b == x->bound || b == others[x->bound];
                        if (b == slips[x->bound] && !ret->len)
                                *ret = said;
                }
                if (ret->len && !kept)
                        return i;
        }
        return end;
}

static void say_text(const struct clew_rca_view *v, uint32_t i, struct clew_slice slipped,
                     const struct asked_bound *x, struct clew_findings *ret)
{
        struct clew_finding *f = clew_finding_add(ret, CLEW_RULE_BOUND, i, 0.9);

        clew_finding_evidence(f, i, slipped);
        clew_finding_say(ret, f,
                         "Step %u speaks of \"%.*s\"; the request says \"%.*s\", and no call has "
                         "that.",
                         v->steps[i].number, CLEW_SHOWN(slipped, 60), CLEW_SHOWN(x->said, 60));
}

static void say_call(const struct clew_rca_view *v, const struct clew_act *act,
                     struct clew_slice there, const struct asked_bound *x,
                     struct clew_findings *ret)
{
        struct clew_finding *f = clew_finding_add(ret, CLEW_RULE_BOUND, act->who, 1.0);

        clew_finding_effect(f, act->step == act->who ? CLEW_RCA_NONE : act->step);
        clew_finding_evidence(f, act->step, there);
        clew_finding_say(ret, f,
                         "Step %u compares with \"%s %.*s\"; the request says \"%.*s\", and no "
                         "call has that.",
                         v->steps[act->who].number, signs[slips[x->bound]],
                         CLEW_SHOWN(x->number, 24), CLEW_SHOWN(x->said, 60));
}

void clew_rule_bound(const struct clew_rca_view *v, const struct clew_acts *acts,
                     struct clew_findings *ret)
{
        struct asked_bound bounds[BOUNDS_MAX];
        uint32_t n = read_bounds(head(head(acts->heard, acts->asked), ASKED_MAX), bounds);

        for (uint32_t k = 0; k < n; k++) {
                struct clew_slice there = CLEW_SLICE_NULL;
                struct clew_slice said = CLEW_SLICE_NULL;
                uint32_t call;
                uint32_t end;
                uint32_t text;

                if (is_kept(acts, &bounds[k]))
                        continue;
                call = slipped_call(acts, &bounds[k], &there);
                end = call < acts->n ? acts->items[call].who : v->n_steps;
                text = slipped_text(v, &bounds[k], end, &said);
                if (text < end)
                        say_text(v, text, said, &bounds[k], ret);
                else if (call < acts->n)
                        say_call(v, &acts->items[call], there, &bounds[k], ret);
        }
}
