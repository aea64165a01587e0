/*
 * A rule about what was asked for and what an action asks: another number beside the same word
 * ("size 42" and size=43), a value that nobody had shown where the user named one of its kind, a
 * thing taken while the one that the user named was never touched.
 */
#include "query/rca/flat.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/said-date-int.h"
#include "query/rca/sources-int.h"
#include "query/rca/text-int.h"

#include <stdio.h>

#define NAMED_MAX 64u
#define DIGITS_MIN 4u
#define KEY_MIN 3u
#define LEAVES_MAX 512u /* of all actions that are looked at */
#define SHOWN_MAX 48u
#define PROGRAM_MAX 2000u
#define CHOICE_MAX 60u  /* bytes of an argument that is a choice, and no prose */
#define BETWEEN_MAX 12u /* bytes between a word and its number */

struct asked {
        const struct clew_rca_view *v;
        const struct clew_acts *acts;
        struct clew_findings *ret;
        struct clew_token named[NAMED_MAX]; /* ids and dates of the request */
        bool used[NAMED_MAX];               /* by some action */
        uint32_t n_named;
        size_t searched;
        uint32_t leaves;
        bool untouched_said;
};

/* ---- a number beside a word ------------------------------------------------------------------ */

/* Words of argument names that say nothing of what the number is. */
static bool is_plain_key(struct clew_slice word)
{
        static const char *const words[] = {
                "value", "number", "limit",   "count",   "offset", "page",    "index",
                "line",  "max",    "min",     "top",     "text",   "query",   "start",
                "end",   "input",  "timeout", "name",    "type",   "code",    "data",
                "from",  "until",  "num",     "answer",  "result", "total",   "about",
                "time",  "date",   "step",    "level",   "the",    "and",     "for",
                "with",  "than",   "begin",   "first",   "last",   "day",     "month",
                "year",  "hour",   "minute",  "seconds", "body",   "content", "lines"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (word.len == strlen(words[i]) && clew_text_begins(word, words[i]))
                        return true;
        }
        return false;
}

/* The last word of an argument's name: "pool_size" and "poolSize" are a size. */
static struct clew_slice last_word(struct clew_slice key)
{
        size_t from = key.len;

        while (from > 0 && is_alpha(key.data[from - 1])) {
                from--;
                if (from > 0 && key.data[from] >= 'A' && key.data[from] <= 'Z' &&
                    key.data[from - 1] >= 'a')
                        break;
        }
        return clew_slice_from(key, from);
}

/* A piece of a longer number: "+49 171 5550147", "10-11-12". */
static bool is_piece(struct clew_slice text, const struct clew_token *t)
{
        size_t to = t->offset + t->text.len;

        return (t->offset > 0 && text.data[t->offset - 1] == '+') ||
               (to + 1 < text.len && memchr(" -/.", text.data[to], 4) &&
                is_digit(text.data[to + 1]));
}

/* "size 42", "size: 42", "pool to 47", "zone is 1": the number behind offset @at. */
static bool number_behind(struct clew_slice text, size_t at, struct clew_token *ret)
{
        static const char *const fillers[] = {"to", "of", "is", "no", "at", "as", "was"};
        struct clew_slice rest = head(clew_slice_from(text, at), 64);
        struct clew_token_iter it = clew_tokens_of(rest);
        size_t gap;

        if (!clew_token_next(&it, ret) || !ret->is_number || is_piece(rest, ret))
                return false;
        gap = ret->offset;
        if (gap > BETWEEN_MAX || gap == 0)
                return false;
        for (size_t i = 0; i < gap;) {
                bool known = false;

                if (!is_alpha(rest.data[i])) {
                        if (rest.data[i] == '\n' || rest.data[i] == '.' || rest.data[i] == ',' ||
                            rest.data[i] == ';')
                                return false;
                        i++;
                        continue;
                }
                for (size_t k = 0; k < CLEW_ARRAY_LEN(fillers) && !known; k++) {
                        size_t n = strlen(fillers[k]);

                        known = i + n < gap && !is_alpha(rest.data[i + n]) &&
                                clew_text_begins(clew_slice_make(rest.data + i, n), fillers[k]);
                        i += known ? n : 0;
                }
                if (!known)
                        return false;
        }
        return true;
}

/* "3 nights", "2-person": the number right before offset @at. */
static bool number_before(struct clew_slice text, size_t at, struct clew_token *ret)
{
        size_t end = at;
        size_t from;
        struct clew_token_iter it;

        if (end == 0 || (text.data[end - 1] != ' ' && text.data[end - 1] != '-'))
                return false;
        from = --end;
        while (from > 0 && !is_space(text.data[from - 1]) && end - from < 16)
                from--;
        it = clew_tokens_of(clew_slice_make(text.data + from, end - from));
        return clew_token_next(&it, ret) && ret->is_number &&
               ret->text.data + ret->text.len == text.data + end;
}

/* Adds @t to what was said of a word; false when it was said in two ways. */
static bool one_way(struct clew_token *said, bool *any, const struct clew_token *t)
{
        if (*any && said->number != t->number)
                return false;
        *said = *t;
        *any = true;
        return true;
}

/* The one number that the users put to @word (a plural s is no other word). */
static bool said_of(const struct clew_acts *a, struct clew_slice word, struct clew_token *ret)
{
        uint8_t forms[2][40];
        size_t n = word.len;
        bool any = false;

        if (n < KEY_MIN || n > 38)
                return false;
        for (size_t i = 0; i < n; i++)
                forms[0][i] = forms[1][i] = lower(word.data[i]);
        forms[1][n] = 's';
        for (int f = 0; f < 2; f++) {
                size_t len = f == 0 ? n : forms[0][n - 1] == 's' ? n - 1 : n + 1;
                struct clew_slice form = clew_slice_make(forms[f], len);
                size_t from = 0;
                ptrdiff_t at;

                while ((at = clew_acts_heard_at(a, form, from)) >= 0) {
                        struct clew_token t;

                        from = (size_t)at + len;
                        if (number_behind(a->heard, from, &t) && !one_way(ret, &any, &t))
                                return false;
                        if (number_before(a->heard, (size_t)at, &t) && !one_way(ret, &any, &t))
                                return false;
                }
        }
        return any;
}

/* 47 and 4700 may be one thing in two units. */
static bool other_unit(double a, double b)
{
        double big = a > b ? a : b;
        double small = a > b ? b : a;

        return small > 0 && (big == small * 100 || big == small * 1000 || big == small * 60 ||
                             big == small * 24 || big == small * 7 || big == small * 1e6);
}

/* A user thought better of it in a later message: what was said before may not stand any more. */
static bool is_taken_back(const struct clew_acts *a, struct clew_slice said)
{
        static const char *const words[] = {"second thought", "changed my mind", "prefer not",
                                            "not exchange",   "never mind",      "nevermind",
                                            "forget ",        "instead",         "rather not",
                                            "hold off",       "don't want",      "no longer"};
        size_t behind = said.data >= a->heard.data && said.data < a->heard.data + a->heard.len
                                ? (size_t)(said.data - a->heard.data)
                                : a->heard.len;

        return HAS_ANY(tail(clew_slice_from(a->heard, behind), LOWER_MAX), words);
}

/* Some call has what the user said, under whatever name. */
static bool is_taken(const struct clew_acts *a, struct clew_slice said)
{
        for (uint32_t i = 0; i < a->n; i++) {
                if (said.len > 2 && clew_sources_holds(a->items[i].args, said))
                        return true;
        }
        return false;
}

/* @word and its number @t, as an action has them, against what the users said. */
static bool other_number(struct asked *x, const struct clew_act *act, struct clew_slice word,
                         const struct clew_token *t)
{
        struct clew_token said = {.number = 0};
        struct clew_finding *f;

        if (!t->is_number || word.len < KEY_MIN || is_plain_key(word) ||
            !said_of(x->acts, word, &said) || said.number == t->number ||
            other_unit(said.number, t->number) || clew_acts_said(x->acts, t->text) ||
            is_taken(x->acts, said.text) || is_taken_back(x->acts, said.text) ||
            clew_sources_agreed(x->v, t->text, clew_sources_end(x->v, act->who)))
                return false;
        f = clew_finding_add(x->ret, CLEW_RULE_ASKED_VALUE, act->who, 1.0);
        clew_finding_effect(f, act->step == act->who ? CLEW_RCA_NONE : act->step);
        clew_finding_evidence(f, act->step, act->args);
        clew_finding_say(x->ret, f, "Step %u called %.*s with %.*s %.*s; the user said %.*s %.*s.",
                         x->v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                         CLEW_SHOWN(word, 40), CLEW_SHOWN(t->text, SHOWN_MAX), CLEW_SHOWN(word, 40),
                         CLEW_SHOWN(said.text, SHOWN_MAX));
        return true;
}

/* The 2 of "2>&1" and of "2>/dev/null": a number of a stream, and no value. */
static bool is_redirection(struct clew_slice text, const struct clew_token *t)
{
        size_t to = t->offset + t->text.len;

        return t->text.len == 1 &&
               ((to < text.len && (text.data[to] == '>' || text.data[to] == '<')) ||
                (t->offset > 0 && text.data[t->offset - 1] == '&'));
}

/* "zone 3", "pool=470": numbers in a text with the word right before them. */
static bool numbers_inside(struct asked *x, const struct clew_act *act, struct clew_slice text)
{
        struct clew_token_iter it = clew_tokens_of(head(text, PROGRAM_MAX));
        struct clew_token t;

        while (x->leaves < LEAVES_MAX && clew_token_next(&it, &t)) {
                size_t end = t.offset;

                x->leaves++;
                if (!t.is_number || end < KEY_MIN + 1 || is_redirection(text, &t))
                        continue;
                end--;
                if (text.data[end] != ' ' && text.data[end] != '=' && text.data[end] != ':')
                        continue;
                end += end > 0 && is_alpha(text.data[end - 1]) ? 0 : (size_t)-1;
                if (other_number(x, act, last_word(clew_slice_make(text.data, end)), &t))
                        return true;
        }
        return false;
}

/* ---- another one of its kind ----------------------------------------------------------------- */

/* Ids and dates; amounts differ for good reasons. */
static bool names_one(const struct clew_token *t)
{
        bool mark = false;

        if (t->digits < DIGITS_MIN || t->text.len > SHOWN_MAX || clew_token_is_word(t))
                return false;
        for (size_t i = 0; i < t->text.len; i++)
                mark |= is_alpha(t->text.data[i]) || t->text.data[i] == '-' ||
                        t->text.data[i] == '/' || t->text.data[i] == '#';
        return mark || (t->is_number && t->digits >= 6);
}

/* The same value, or one that goes on: a date with a time. */
static bool holds(const struct clew_token *t, const struct clew_token *named)
{
        return t->hash == named->hash ||
               (t->text.len > named->text.len &&
                memcmp(t->text.data, named->text.data, named->text.len) == 0);
}

/* A date in forms that it may have in arguments: 27.03.2026, 27/3/2026, "27 March". */
struct date_forms {
        struct clew_date date;
        char year[16];
        char forms[4][32];
};

static bool read_date(struct clew_slice named, struct date_forms *ret)
{
        struct clew_date d;

        if (!clew_date_read(named, &d))
                return false;
        ret->date = d;
        (void)snprintf(ret->year, sizeof(ret->year), "%d", d.year);
        (void)snprintf(ret->forms[0], 32, "%d.%d.%d", d.day, d.month, d.year);
        (void)snprintf(ret->forms[1], 32, "%02d.%02d.%d", d.day, d.month, d.year);
        (void)snprintf(ret->forms[2], 32, "%02d/%02d/%d", d.day, d.month, d.year);
        (void)snprintf(ret->forms[3], 32, "%d/%d/%d", d.month, d.day, d.year);
        return true;
}

static bool has_text(struct clew_slice args, const char *text)
{
        return memmem(args.data, args.len, text, strlen(text)) != NULL;
}

static bool has_date(struct clew_slice args, const struct date_forms *date)
{
        bool has_year = has_text(args, date->year);

        for (size_t k = 0; has_year && k < CLEW_ARRAY_LEN(date->forms); k++) {
                if (has_text(args, date->forms[k]))
                        return true;
        }
        return clew_date_is_said(head(args, CLEW_ACTS_ARGS_MAX), &date->date);
}

/* Named @k is a date that some call has in another form. */
static void look_for_date(struct asked *x, uint32_t k)
{
        struct date_forms date;

        if (x->used[k] || !read_date(x->named[k].text, &date))
                return;
        for (uint32_t i = 0; i < x->acts->n && !x->used[k]; i++)
                x->used[k] = has_date(x->acts->items[i].args, &date);
}

static void collect(struct asked *x)
{
        struct clew_token_iter it = clew_tokens_of(x->acts->heard);
        struct clew_token t;

        while (x->n_named < NAMED_MAX && clew_token_next(&it, &t)) {
                if (!names_one(&t) || t.offset >= x->acts->asked)
                        continue;
                x->used[x->n_named] = false;
                x->named[x->n_named++] = t;
        }
        for (uint32_t i = 0; i < x->acts->n; i++) {
                struct clew_token_iter args =
                        clew_tokens_of(head(x->acts->items[i].args, CLEW_ACTS_ARGS_MAX));

                while (x->n_named && clew_token_next(&args, &t)) {
                        for (uint32_t k = 0; k < x->n_named; k++)
                                x->used[k] |= holds(&t, &x->named[k]);
                }
        }
        for (uint32_t k = 0; k < x->n_named; k++)
                look_for_date(x, k);
}

/* The same form with other letters, too: #KD3310 and #PX0471. */
static bool is_alike(const struct clew_token *a, const struct clew_token *b)
{
        if (a->shape == b->shape)
                return true;
        if (a->text.len != b->text.len || a->digits == a->text.len || a->text.len > SHOWN_MAX)
                return false;
        for (size_t i = 0; i < a->text.len; i++) {
                uint8_t x = a->text.data[i];
                uint8_t y = b->text.data[i];
                bool letters = x >= 'A' && x <= 'Z' && y >= 'A' && y <= 'Z';

                if (x != y && !letters && !(is_digit(x) && is_digit(y)))
                        return false;
        }
        return true;
}

/* What the user named of the same kind and no action took; NULL when there is no such thing. */
static const struct clew_token *left_of(const struct asked *x, const struct clew_token *t)
{
        for (uint32_t k = 0; k < x->n_named; k++) {
                if (!x->used[k] && is_alike(&x->named[k], t))
                        return &x->named[k];
        }
        return NULL;
}

static bool other_one(struct asked *x, const struct clew_act *act, const struct clew_token *t,
                      uint32_t unit)
{
        const struct clew_token *u;
        struct clew_finding *f;
        bool shown;

        if (!names_one(t) || clew_acts_said(x->acts, t->text) ||
            clew_sources_agreed(x->v, t->text, clew_sources_end(x->v, act->who)))
                return false;
        u = left_of(x, t);
        if (!u || is_taken_back(x->acts, u->text))
                return false;
        shown = clew_rca_shown_before(x->v, t, unit, &x->searched);
        if (shown && x->untouched_said)
                return false;
        x->untouched_said |= shown;
        f = clew_finding_add(x->ret, CLEW_RULE_ASKED_VALUE, act->who, shown ? 0.7 : 1.2);
        clew_finding_effect(f, act->step == act->who ? CLEW_RCA_NONE : act->step);
        clew_finding_evidence(f, act->step, act->args);
        clew_finding_say(
                x->ret, f,
                "Step %u called %.*s for %.*s%s; no call was made for %.*s, which the user "
                "named.",
                x->v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                CLEW_SHOWN(t->text, SHOWN_MAX), shown ? "" : ", which nothing had shown",
                CLEW_SHOWN(u->text, SHOWN_MAX));
        return true;
}

/* ---- all actions ----------------------------------------------------------------------------- */

/* The first text that holds what @act asks. */
static uint32_t unit_of(const struct clew_rca_view *v, const struct clew_act *act)
{
        const struct clew_rca_step *s = &v->steps[act->who];

        return s->n_units ? s->first_unit + s->n_units - 1 : s->first_unit;
}

static bool look_at(struct asked *x, const struct clew_act *act)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        uint32_t unit = unit_of(x->v, act);

        clew_flat_init(&f, head(act->args, CLEW_ACTS_ARGS_MAX));
        if (!f.is_json)
                return numbers_inside(x, act, act->args);
        while (x->leaves < LEAVES_MAX && clew_flat_next(&f, &leaf)) {
                struct clew_token_iter it = clew_tokens_of(leaf.value);
                struct clew_token t;

                x->leaves++;
                if (!clew_token_next(&it, &t))
                        continue;
                if (t.text.len + 2 < clew_text_trim(leaf.value).len) {
                        if ((leaf.value.len <= CHOICE_MAX || clew_rca_runs_programs(act->name)) &&
                            numbers_inside(x, act, leaf.value))
                                return true;
                        continue;
                }
                if ((leaf.key.len && other_number(x, act, last_word(leaf.key), &t)) ||
                    other_one(x, act, &t, unit))
                        return true;
        }
        return false;
}

void clew_rule_asked_value(const struct clew_rca_view *v, const struct clew_acts *acts,
                           struct clew_findings *ret)
{
        struct asked *x = acts->heard.len ? clew_arena_alloc(v->arena, sizeof(*x)) : NULL;

        if (!x)
                return;
        x->v = v;
        x->acts = acts;
        x->ret = ret;
        x->n_named = 0;
        x->searched = 0;
        x->leaves = 0;
        x->untouched_said = false;
        collect(x);
        for (uint32_t i = 0; i < acts->n && !clew_findings_full(ret, CLEW_RULE_ASKED_VALUE); i++) {
                if (!clew_rca_hands_over(acts->items[i].name))
                        (void)look_at(x, &acts->items[i]);
        }
}
