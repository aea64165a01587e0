/*
 * Rules about values: where a number, id or date in an answer or argument came from.
 *
 * A value is *observed* when a user, the system prompt or a result held it. A value that an LLM
 * wrote first is *novel*. Novel values are normal in prose (list marks, sums, ranges) and in code;
 * they are suspect as ids in arguments and as facts in an answer. The three cases told apart here:
 * altered (an observed value of the same shape differs in a digit or two), invented after an empty
 * result, and invented.
 */
#include "proto/base/sort.h"
#include "query/rca/flat.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#include <math.h>

#define NUMBERS_MAX 96u /* observed numbers tried as parts of a sum */
#define CHANCE_MAX 0.1  /* near values expected by chance alone, beyond which one proves nothing */
#define SHAPE_TRIES_MAX 256u  /* observed values of one shape that are compared */
#define SHIFT_TRIES_MAX 8192u /* observed values that an amount is compared with */
#define SUMS_MAX 600u         /* 50,000 additions each */
#define STALE_MAX 256u
#define PAST_MAX 60u            /* bytes around a value that may say that it is an old one */
#define STALE_RESULT_MAX 16384u /* compared value by value */
#define OUTPUT_MAX 4000u        /* a longer output is a document; its values are its own affair */
#define OUTPUT_VALUES_MAX 12u

/* ---- sums ----------------------------------------------------------------------------------- */

struct numbers {
        double v[NUMBERS_MAX];
        uint32_t n;
};

static void take_numbers(struct clew_slice text, struct numbers *ret)
{
        struct clew_token_iter it = clew_tokens_of(text);
        struct clew_token t;

        if (it.text.len > 16384)
                it.text.len = 16384;
        while (ret->n < NUMBERS_MAX && clew_token_next(&it, &t)) {
                bool there = !t.is_number || t.is_list_mark;

                for (uint32_t i = 0; i < ret->n && !there; i++)
                        there = fabs(ret->v[i] - t.number) < 1e-9;
                if (!there)
                        ret->v[ret->n++] = t.number;
        }
}

static bool near(double a, double b)
{
        return fabs(a - b) < 0.006;
}

/* True when @x, written with rounding error @half, is a ratio, a percentage or a rate of growth of
 * two observed numbers. */
static bool is_ratio(double x, double half, const struct numbers *n)
{
        for (uint32_t i = 0; i < n->n; i++) {
                for (uint32_t j = 0; j < n->n; j++) {
                        double q;

                        if (i == j || n->v[j] == 0)
                                continue;
                        q = n->v[i] / n->v[j];
                        if (fabs(q - x) <= half || fabs(100 * q - x) <= half ||
                            fabs(100 * fabs(q - 1) - x) <= half)
                                return true;
                }
        }
        return false;
}

/* True when @x is a multiple or a share of number @i, up to a dozen. */
static bool is_multiple(double x, const struct numbers *n, uint32_t i)
{
        for (int k = 2; k <= 12; k++) {
                if (near(n->v[i] * k, x) || near(n->v[i] / k, x))
                        return true;
        }
        return false;
}

/* True when @x is made of numbers @i and @j, and perhaps a third, by adding and taking away. */
static bool is_sum(double x, const struct numbers *n, uint32_t i, uint32_t j)
{
        if (near(n->v[i] + n->v[j], x) || near(n->v[i] - n->v[j], x) || near(n->v[i] * n->v[j], x))
                return true;
        for (uint32_t q = j + 1; q < n->n && n->n <= 48; q++) {
                if (near(n->v[i] + n->v[j] + n->v[q], x) || near(n->v[j] + n->v[q] - n->v[i], x))
                        return true;
        }
        return false;
}

/* True when @x is a sum, difference, small multiple or share of observed numbers. */
static bool is_computed(double x, double half, const struct numbers *n)
{
        double total = 0;

        /* Whole numbers are too near to some ratio of any two others. */
        if (half < 0.4 && is_ratio(x, half, n))
                return true;
        for (uint32_t i = 0; i < n->n; i++) {
                if (is_multiple(x, n, i))
                        return true;
                for (uint32_t j = 0; j < n->n; j++) {
                        if (i != j && is_sum(x, n, i, j))
                                return true;
                }
                total += n->v[i];
                if (near(total, x))
                        return true;
        }
        return false;
}

struct shapes {
        const struct clew_rca_seen **items;
        uint32_t n;
        uint32_t sums_left; /* sums still tried in this trace */
        size_t searched;    /* bytes in which values were looked for word by word */
};

/* Half a unit of the last decimal of a number as it was written. */
static double rounding_of(const struct clew_token *t)
{
        double half = 0.5;

        for (size_t i = t->text.len; i-- > 0;) {
                if (t->text.data[i] == '.')
                        return half + 1e-9;
                half /= 10;
        }
        return 0.5 + 1e-9;
}

static bool computed_at(const struct clew_rca_view *v, struct shapes *shapes, uint32_t unit,
                        const struct clew_token *t)
{
        double x = t->number;
        struct numbers n = {.n = 0};
        uint32_t from = unit > 6 ? unit - 6 : 0;

        if (shapes->sums_left == 0)
                return true; /* not known to be invented */
        shapes->sums_left--;
        take_numbers(v->units[unit].text, &n);
        /* The value itself is among the numbers of its own text. */
        for (uint32_t i = 0; i < n.n; i++) {
                if (near(n.v[i], x)) {
                        n.v[i] = n.v[--n.n];
                        break;
                }
        }
        for (uint32_t u = unit; u-- > from;)
                take_numbers(v->units[u].text, &n);
        return is_computed(x, rounding_of(t), &n);
}

/* ---- altered values ------------------------------------------------------------------------- */

static int by_first(const void *x, const void *y)
{
        const struct clew_rca_seen *a = x;
        const struct clew_rca_seen *b = y;

        return a->first < b->first ? -1 : a->first > b->first;
}

static struct shapes shapes_of(const struct clew_rca_view *v)
{
        struct shapes s = {clew_arena_calloc(v->arena, v->n_seen + 1, sizeof(void *)), 0, SUMS_MAX,
                           0};
        struct clew_sort_entry *sorted =
                clew_arena_alloc(v->arena, 2 * (v->n_seen + 1ul) * sizeof(*sorted));

        if (!s.items || !v->seen || !sorted)
                return (struct shapes){NULL, 0, 0, 0};
        for (uint32_t i = 0; i <= v->seen_mask; i++) {
                const struct clew_rca_seen *seen = &v->seen[i];

                if (seen->n_units && seen->observed != CLEW_RCA_NONE)
                        sorted[s.n++] = (struct clew_sort_entry){seen->shape, seen};
        }
        clew_sort(sorted, sorted + s.n, s.n, by_first);
        for (uint32_t i = 0; i < s.n; i++)
                s.items[i] = sorted[i].item;
        return s;
}

static uint32_t differing(struct clew_slice a, struct clew_slice b)
{
        uint32_t n = 0;

        if (a.len != b.len)
                return UINT32_MAX;
        for (size_t i = 0; i < a.len; i++)
                n += a.data[i] != b.data[i];
        return n;
}

/* First item of @s with a shape of at least @shape (@past: above it). */
static uint32_t bound(const struct shapes *s, uint64_t shape, bool past)
{
        uint32_t lo = 0;
        uint32_t hi = s->n;

        while (lo < hi) {
                uint32_t mid = lo + (hi - lo) / 2;

                if (s->items[mid]->shape < shape || (past && s->items[mid]->shape == shape))
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

/* How many of @n random values of @digits digits lie within @off digits of one of them. */
static double expected_near(uint32_t n, unsigned digits, uint32_t off)
{
        double d = digits;
        double ways = off <= 1 ? 9 * d : 81 * d * (d - 1) / 2;

        return n * ways * pow(10, -d);
}

/* 1.14.3, or 5321 beside 5322: versions and line numbers lie close together by nature. */
static bool counts_up(const struct clew_token *t, const struct clew_rca_seen *s)
{
        uint32_t dots = 0;

        for (size_t i = 0; i < t->text.len; i++)
                dots += t->text.data[i] == '.';
        return dots >= 2 || (t->is_number && dots == 0 && fabs(t->number - s->number) <= 12);
}

/* The observed value that @t is a slip of: same shape, one digit off (two in long ids), seen before
 * @unit; NULL when that may be chance. */
static const struct clew_rca_seen *slip_of(const struct shapes *s, const struct clew_token *t,
                                           uint32_t unit)
{
        uint32_t lo = bound(s, t->shape, false);
        uint32_t n = bound(s, t->shape, true) - lo;
        const struct clew_rca_seen *best = NULL;
        uint32_t best_d = t->digits >= 6 ? 3 : 2;

        if (n == 0 || expected_near(n, t->digits, 1) > CHANCE_MAX)
                return NULL;
        for (uint32_t k = lo; k < lo + n && k < lo + SHAPE_TRIES_MAX; k++) {
                uint32_t d;

                if (s->items[k]->observed >= unit)
                        continue;
                d = differing(s->items[k]->text, t->text);
                if (d < best_d) {
                        best_d = d;
                        best = s->items[k];
                }
        }
        if (!best || expected_near(n, t->digits, best_d) > CHANCE_MAX || counts_up(t, best))
                return NULL;
        return best;
}

static bool has_fraction(struct clew_slice t)
{
        return memchr(t.data, '.', t.len) != NULL;
}

/* The observed amount that @t has the digits of, one place further left or right: 250.0 for 25.00.
 * NULL when ten of something were spoken of, or when both are whole numbers, which may count
 * anything. (Two places are cents, three are thousandths.) */
static const struct clew_rca_seen *shifted_of(const struct shapes *s, const struct clew_token *t,
                                              uint32_t unit)
{
        const struct clew_rca_seen *ret = NULL;

        for (uint32_t k = 0; k < s->n && k < SHIFT_TRIES_MAX; k++) {
                const struct clew_rca_seen *x = s->items[k];

                if (x->observed >= unit || fabs(x->number) < 1e-9)
                        continue;
                if (near(x->number, 10))
                        return NULL;
                if ((has_fraction(x->text) || has_fraction(t->text)) &&
                    (near(x->number * 10, t->number) || near(x->number, t->number * 10)))
                        ret = x;
        }
        return ret;
}

/* 2026-11-20, 10:30, 5-7: dates, times and ranges move by a digit for good reasons. An id has
 * letters or a long run of digits. */
static bool is_date_like(const struct clew_token *t)
{
        uint32_t dots = 0;
        uint32_t marks = 0;
        uint32_t letters = 0;
        uint32_t run = 0;
        uint32_t longest = 0;

        for (size_t i = 0; i < t->text.len; i++) {
                uint8_t c = t->text.data[i];
                bool digit = c >= '0' && c <= '9';

                run = digit ? run + 1 : 0;
                longest = run > longest ? run : longest;
                marks += c == '-' || c == ':' || c == '/';
                dots += c == '.';
                letters += !digit && c != '-' && c != ':' && c != '.' && c != ',' && c != 'T' &&
                           c != 'Z';
        }
        /* 14.05.2026; a version has no part of four digits. */
        if (dots == 2 && longest == 4 && t->digits >= 6 && t->digits <= 8)
                marks++;
        return marks > 0 && letters == 0 && longest <= 4;
}

/* The whole value of one argument, not a word in a program or a sentence. */
static bool is_whole_argument(struct clew_slice args, const struct clew_token *t)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, args);
        if (!f.is_json)
                return false;
        while (clew_flat_next(&f, &leaf)) {
                struct clew_slice x = clew_text_trim(leaf.value);

                if (t->text.data >= x.data && t->text.data + t->text.len <= x.data + x.len)
                        return x.len <= t->text.len + 2;
        }
        return false;
}

/* Short prose values: a delegated task, a query. Programs hold line breaks. */
static bool is_in_short_argument(struct clew_slice args, const struct clew_token *t)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, args);
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                if (t->text.data >= leaf.value.data &&
                    t->text.data + t->text.len <= leaf.value.data + leaf.value.len)
                        return leaf.value.len <= 160 && clew_text_find(leaf.value, "\\n") < 0;
        }
        return false;
}

/* ---- the rule ------------------------------------------------------------------------------- */

static bool has_results_before(const struct clew_rca_view *v, uint32_t unit)
{
        return v->first_result != CLEW_RCA_NONE && v->first_result < unit;
}

/* An empty result (or a missing one) before LLM step @i, in its group, that no later call of the
 * same put right before it; NONE otherwise. */
static uint32_t empty_before(const struct clew_rca_view *v, uint32_t i)
{
        for (uint32_t k = i; k-- > 0 && k + 40 > i;) {
                if (v->steps[k].kind == CLEW_RCA_TOOL && v->steps[k].empty &&
                    clew_rca_recovery_of(v, k) > i)
                        return k;
        }
        return CLEW_RCA_NONE;
}

static void say_altered(const struct clew_rca_view *v, struct shapes *shapes,
                        struct clew_findings *ret, uint32_t step, const struct clew_rca_novel *n,
                        const struct clew_rca_seen *from, double strength)
{
        const struct clew_rca_unit *source = &v->units[from->observed];
        struct clew_finding *f;

        if (clew_rca_shown_before(v, &n->token, n->unit, &shapes->searched) ||
            clew_rca_spelled_otherwise(v, &n->token, n->unit) ||
            clew_rca_is_next_of(v, &n->token, from->text, source))
                return;
        f = clew_finding_add(ret, CLEW_RULE_ALTERED_VALUE, step, strength);

        clew_finding_evidence(f, source->step, from->text);
        clew_finding_evidence(f, step, n->token.text);
        clew_finding_say(ret, f, "Step %u wrote %.*s; the value seen in step %u was %.*s.",
                         v->steps[step].number, CLEW_SHOWN(n->token.text, 48),
                         v->steps[source->step].number, CLEW_SHOWN(from->text, 48));
}

/* @shapes remembers how much was searched. */
static void say_invented(const struct clew_rca_view *v, struct shapes *shapes,
                         struct clew_findings *ret, uint32_t step, const struct clew_rca_novel *n,
                         uint32_t empty, double strength)
{
        struct clew_finding *f;

        if (clew_token_is_word(&n->token) || is_date_like(&n->token) ||
            clew_rca_shown_before(v, &n->token, n->unit, &shapes->searched) ||
            clew_rca_spelled_otherwise(v, &n->token, n->unit) ||
            clew_rca_may_be_in_words(v, &n->token, n->unit) ||
            clew_rca_is_line(v, &n->token, n->unit))
                return;
        if (empty != CLEW_RCA_NONE) {
                /* The first to fill the gap; what comes later builds on it. */
                if (ret->n_of[CLEW_RULE_EMPTY_RESULT_USED] > 0)
                        strength *= 0.7;
                f = clew_finding_add(ret, CLEW_RULE_EMPTY_RESULT_USED, step, strength);
                clew_finding_evidence(f, empty, v->steps[empty].result);
                clew_finding_say(ret, f, "Step %u gives %.*s after step %u (%.*s) %s.",
                                 v->steps[step].number, CLEW_SHOWN(n->token.text, 48),
                                 v->steps[empty].number, CLEW_SHOWN(v->steps[empty].name, 60),
                                 clew_rca_has_error(&v->steps[empty]) ? "failed"
                                                                      : "returned nothing");
        } else {
                f = clew_finding_add(ret, CLEW_RULE_UNGROUNDED_VALUE, step, strength);
                clew_finding_say(ret, f,
                                 "Step %u gives %.*s, which no observation before it holds.",
                                 v->steps[step].number, CLEW_SHOWN(n->token.text, 48));
        }
        clew_finding_evidence(f, step, n->token.text);
}

/* The tool step that carried out the call whose arguments are unit @u. */
static bool call_failed(const struct clew_rca_view *v, const struct clew_rca_unit *u)
{
        const struct clew_rca_step *s = &v->steps[u->step];

        if (s->kind == CLEW_RCA_TOOL)
                return clew_rca_has_error(s) || s->empty;
        for (uint32_t k = 0; k < s->n_calls; k++) {
                const struct clew_rca_call *c = &v->calls[s->first_call + k];

                if (clew_slice_eq(c->args, u->text) && c->tool_step != CLEW_RCA_NONE)
                        return clew_rca_has_error(&v->steps[c->tool_step]) ||
                               v->steps[c->tool_step].empty;
        }
        return false;
}

static void judge_argument(const struct clew_rca_view *v, struct shapes *shapes,
                           const struct clew_rca_novel *n, struct clew_findings *ret)
{
        const struct clew_rca_unit *u = &v->units[n->unit];
        uint32_t step = clew_rca_blame(v, u->step);
        bool whole = is_whole_argument(u->text, &n->token);
        const struct clew_rca_seen *from;
        double strength = call_failed(v, u) ? 1.2 : 1.0;

        if (n->token.digits < 3 || (!whole && !is_in_short_argument(u->text, &n->token)))
                return;
        /* Another day or hour is seldom a slip: it is asked about, counted on, or told in the time
         * of another place. */
        if (is_date_like(&n->token) || clew_rca_is_free_choice(v, n->unit))
                return;
        from = whole && n->token.is_number ? shifted_of(shapes, &n->token, n->unit) : NULL;
        if (from) {
                say_altered(v, shapes, ret, step, n, from, strength);
                return;
        }
        from = n->token.digits >= 4 ? slip_of(shapes, &n->token, n->unit) : NULL;
        if (from) {
                if (n->token.is_number && computed_at(v, shapes, n->unit, &n->token))
                        strength *= 0.3;
                say_altered(v, shapes, ret, step, n, from, strength * (whole ? 1.0 : 0.95));
                return;
        }
        if (!whole || n->token.digits < 4 ||
            (n->token.is_number && computed_at(v, shapes, n->unit, &n->token)) ||
            !has_results_before(v, n->unit))
                return;
        say_invented(v, shapes, ret, step, n, empty_before(v, step), strength);
}

static bool is_year(const struct clew_token *t)
{
        return t->is_number && t->text.len == 4 && t->number >= 1900 && t->number <= 2100;
}

/* 384,000: three zeros at the end, three digits or fewer before them. */
static bool is_round(const struct clew_token *t)
{
        return t->is_number && t->digits <= 9 && t->number >= 1000 &&
               fmod(t->number, t->digits > 6 ? 1e6 : 1e3) == 0;
}

static void judge_text(const struct clew_rca_view *v, struct shapes *shapes,
                       const struct clew_rca_novel *n, struct clew_findings *ret)
{
        const struct clew_rca_unit *u = &v->units[n->unit];
        const struct clew_rca_step *s = &v->steps[u->step];
        const struct clew_rca_seen *from;
        double strength = 0.8;
        bool computed;

        if (s->kind != CLEW_RCA_LLM || s->soft_error || s->n_calls > 0 || n->token.is_list_mark ||
            n->token.digits < 2 || !has_results_before(v, n->unit) || is_date_like(&n->token) ||
            clew_text_is_no_fact(u->text, &n->token) || clew_rca_is_free_choice(v, n->unit) ||
            clew_text_by_machine(u->text, n->token.offset) || clew_text_is_patch(u->text))
                return;
        if (clew_text_find(u->text, "```") >= 0) {
                /* Before a program one thinks of files to make, of versions and of years. */
                if (n->token.digits < 4 || !n->token.is_number || is_year(&n->token) ||
                    clew_text_in_code(u->text, n->token.offset))
                        return;
                strength *= 0.8;
        }
        computed = n->token.is_number && computed_at(v, shapes, n->unit, &n->token);
        from = n->token.digits >= 4 ? slip_of(shapes, &n->token, n->unit) : NULL;
        if (from && !computed) {
                say_altered(v, shapes, ret, u->step, n, from, 1.0);
                return;
        }
        /* An estimate, or what everybody knows; the answer alone may not rest on it. */
        if (computed || (s->next_llm != CLEW_RCA_NONE && is_round(&n->token)))
                return;
        /* "24-hour", "19th", "p1": words, more than values. */
        if (n->token.digits < 3 && !n->token.is_number)
                return;
        strength *= n->token.digits >= 4 ? 1.0 : 0.7;
        /* Who writes programs makes up values to try them with. */
        strength *= v->shell.len > 0 || v->acts_in_text ? 0.6 : 1.0;
        strength *= s->next_llm == CLEW_RCA_NONE ? 1.1 : 1.0;
        say_invented(v, shapes, ret, u->step, n,
                     n->token.digits >= 4 ? empty_before(v, u->step) : CLEW_RCA_NONE, strength);
}

/* Values of the run's output: blame the step in which an unobserved one first appeared. */
static void judge_output(const struct clew_rca_view *v, struct shapes *shapes,
                         struct clew_findings *ret)
{
        struct clew_token_iter it = clew_tokens_of(v->output);
        struct clew_token t;
        uint32_t n = 0;

        if (v->output.len > OUTPUT_MAX || clew_text_is_patch(v->output))
                return;
        while (n < OUTPUT_VALUES_MAX && clew_token_next(&it, &t)) {
                const struct clew_rca_seen *s = clew_rca_seen_find(v, t.hash);
                const struct clew_rca_unit *u;
                struct clew_rca_novel novel;
                uint32_t who;

                if (t.is_list_mark || !s || clew_text_by_machine(v->output, t.offset) ||
                    is_date_like(&t) || clew_text_is_no_fact(v->output, &t) ||
                    (t.is_number && clew_text_counts_itself(v->output, t.number)) ||
                    s->observed < s->first ||
                    (s->observed != CLEW_RCA_NONE && s->observed != s->last))
                        continue;
                u = &v->units[s->first];
                if ((u->origin != CLEW_RCA_WRITTEN && u->origin != CLEW_RCA_ARGS) ||
                    !has_results_before(v, s->first) ||
                    (t.is_number && computed_at(v, shapes, s->first, &t)))
                        continue;
                who = clew_rca_blame(v, u->step);
                if (who == CLEW_RCA_NONE)
                        continue;
                novel = (struct clew_rca_novel){t, s->first};
                say_invented(v, shapes, ret, who, &novel, CLEW_RCA_NONE,
                             t.digits >= 2 ? 0.95 : 0.7);
                n++;
        }
}

void clew_rule_values(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct shapes shapes = shapes_of(v);
        uint32_t last_step = CLEW_RCA_NONE;
        uint32_t in_step = 0;

        if (!shapes.items)
                return;
        for (uint32_t i = 0; i < v->n_novel; i++) {
                const struct clew_rca_novel *n = &v->novel[i];
                const struct clew_rca_unit *u = &v->units[n->unit];

                in_step = u->step == last_step ? in_step + 1 : 0;
                last_step = u->step;
                if (in_step > 24) /* a text full of new numbers is a program or a table */
                        continue;
                if (u->origin == CLEW_RCA_ARGS)
                        judge_argument(v, &shapes, n, ret);
                else
                        judge_text(v, &shapes, n, ret);
        }
        judge_output(v, &shapes, ret);
}

/* ---- evidence that was there ---------------------------------------------------------------- */

void clew_rule_unused_evidence(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 1; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                const struct clew_rca_step *t = &v->steps[i - 1];
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_LLM || clew_rca_acted(v, i) || t->kind != CLEW_RCA_TOOL ||
                    clew_rca_has_error(t) || t->empty || t->result.len < 60 ||
                    clew_text_denies_result(t->result) || !clew_text_denies_result(s->text) ||
                    !clew_text_denies_what(s->text, t->result))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_UNUSED_EVIDENCE, i,
                                     s->next_llm == CLEW_RCA_NONE ? 1.2 : 0.6);
                clew_finding_evidence(f, i - 1, t->result);
                clew_finding_evidence(f, i, s->text);
                clew_finding_say(ret, f,
                                 "Step %u says that nothing was found; step %u (%.*s) had "
                                 "just returned %zu bytes.",
                                 s->number, t->number, CLEW_SHOWN(t->name, 60), t->result.len);
        }
}

static uint32_t unit_of_result(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];

        for (uint32_t u = s->first_unit; u < s->first_unit + s->n_units && u < v->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_RESULT && v->units[u].step == i)
                        return u;
        }
        return CLEW_RCA_NONE;
}

/* Two texts name different years, and two runs take different seconds, by nature. */
static bool never_stale(const struct clew_token *t)
{
        if (t->is_number && t->digits == 4 && t->text.len == 4)
                return t->number >= 1000 && t->number <= 2100;
        return t->text.len > 2 && t->text.data[t->text.len - 1] == 's' &&
               memchr(t->text.data, '.', t->text.len) != NULL;
}

/* Values that the first reading showed first and the second one replaced by others of the same
 * shape. */
static uint32_t replaced_values(const struct clew_rca_view *v, uint32_t old_unit, uint32_t new_unit,
                                uint64_t ret[STALE_MAX])
{
        struct clew_token_iter it = clew_tokens_of(v->units[new_unit].text);
        uint64_t fresh[STALE_MAX]; /* shapes of values that only the second reading has */
        uint64_t kept[STALE_MAX];  /* values of the second reading */
        struct clew_token t;
        uint32_t n_fresh = 0;
        uint32_t n_kept = 0;
        uint32_t n = 0;

        while (n_fresh < STALE_MAX && n_kept < STALE_MAX && clew_token_next(&it, &t)) {
                const struct clew_rca_seen *s = clew_rca_seen_find(v, t.hash);

                if (t.digits < 3 || !s || never_stale(&t))
                        continue;
                kept[n_kept++] = t.hash;
                if (s->first == new_unit)
                        fresh[n_fresh++] = t.shape;
        }
        it = clew_tokens_of(v->units[old_unit].text);
        while (n_fresh && n < STALE_MAX && clew_token_next(&it, &t)) {
                const struct clew_rca_seen *s = clew_rca_seen_find(v, t.hash);
                bool gone = s && t.digits >= 3 && !never_stale(&t) && s->observed == old_unit;
                bool replaced = false;

                for (uint32_t k = 0; k < n_kept && gone; k++)
                        gone = kept[k] != t.hash;
                for (uint32_t k = 0; k < n_fresh && gone && !replaced; k++)
                        replaced = fresh[k] == t.shape;
                if (replaced)
                        ret[n++] = t.hash;
        }
        return n;
}

static bool take_stale(uint64_t *stale, uint32_t *n, uint64_t hash, bool forget)
{
        for (uint32_t k = 0; k < *n; k++) {
                if (stale[k] != hash)
                        continue;
                if (forget)
                        stale[k] = stale[--*n];
                return true;
        }
        return false;
}

/* The sentence, or a user, speaks of what was before. */
static bool is_of_the_past(const struct clew_rca_view *v, struct clew_slice text, size_t at)
{
        static const char *const words[] = {"before",  "previous", "former", "earlier", " old ",
                                            "used to", " was ",    " from ", "original"};
        size_t from = at > PAST_MAX ? at - PAST_MAX : 0;

        if (HAS_ANY(head(clew_slice_from(text, from), 2 * PAST_MAX), words))
                return true;
        for (uint32_t u = 0; u < v->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_USER && HAS_ANY(v->units[u].text, words))
                        return true;
        }
        return false;
}

/* The text has a value that only the newer reading has: it tells both. */
static bool tells_newer(const struct clew_rca_view *v, struct clew_slice text, uint32_t new_unit)
{
        struct clew_token_iter it = clew_tokens_of(text);
        struct clew_token t;

        while (clew_token_next(&it, &t)) {
                const struct clew_rca_seen *s = clew_rca_seen_find(v, t.hash);

                if (t.digits >= 3 && s && s->first == new_unit && !never_stale(&t))
                        return true;
        }
        return false;
}

/* The first use of a replaced value after the second reading, unless something showed it anew. */
static void report_stale(const struct clew_rca_view *v, uint32_t old, uint32_t newer,
                         uint32_t new_unit, uint64_t *stale, uint32_t n, struct clew_findings *ret)
{
        for (uint32_t u = new_unit + 1; n && u < v->n_units && u < new_unit + 24; u++) {
                const struct clew_rca_unit *unit = &v->units[u];
                bool written = unit->origin == CLEW_RCA_WRITTEN || unit->origin == CLEW_RCA_ARGS;
                struct clew_token_iter it = clew_tokens_of(unit->text);
                struct clew_token t;

                while (n && clew_token_next(&it, &t)) {
                        uint32_t who = clew_rca_blame(v, unit->step);
                        struct clew_finding *f;

                        if (!take_stale(stale, &n, t.hash, !written) || !written)
                                continue;
                        if (is_of_the_past(v, unit->text, t.offset) ||
                            tells_newer(v, unit->text, new_unit))
                                return;
                        f = clew_finding_add(ret, CLEW_RULE_STALE_VALUE, who, 1.0);
                        clew_finding_evidence(f, old, t.text);
                        clew_finding_evidence(f, who, t.text);
                        clew_finding_say(ret, f,
                                         "Step %u uses %.*s from step %u, but step %u read another "
                                         "value.",
                                         v->steps[who].number, CLEW_SHOWN(t.text, 48),
                                         v->steps[old].number, v->steps[newer].number);
                        return;
                }
        }
}

void clew_rule_stale_value(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint64_t stale[STALE_MAX];
        uint32_t tries = 0;

        for (uint32_t i = 1; i < v->n_steps && tries < 64; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_TOOL || clew_rca_has_error(s) || s->result.len < 8 ||
                    s->result.len > STALE_RESULT_MAX)
                        continue;
                for (uint32_t k = i, back = 0; k-- > 0 && back < 200; back++) {
                        const struct clew_rca_step *o = &v->steps[k];
                        uint32_t a;
                        uint32_t b;
                        uint32_t n;

                        if (o->kind != CLEW_RCA_TOOL || o->key != s->key)
                                continue;
                        if (o->result_hash == s->result_hash)
                                break;
                        a = unit_of_result(v, k);
                        b = unit_of_result(v, i);
                        if (a == CLEW_RCA_NONE || b == CLEW_RCA_NONE)
                                break;
                        tries++;
                        n = replaced_values(v, a, b, stale);
                        if (n)
                                report_stale(v, k, i, b, stale, n, ret);
                        break;
                }
        }
}
