/*
 * A rule about limits in numbers: "at most 2,500", "no more than 3 hotels", "needs approval above
 * 30 EUR", and an action, or an offer in the answer, that goes beyond.
 *
 * A limit counts for an argument when the sentence speaks of it: the last word of its name stands
 * there, or both are money. For a text it counts when the same currency stands at the number, and
 * the text does not speak of the limit itself.
 */
#include "query/rca/flat.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/sentences-int.h"

#define LIMITS_MAX 32u
#define SENTENCE_MAX 320u
#define PROMPT_MAX 65536u /* bytes of one text that are read for limits */
#define WORD_MIN 4u
#define UNIT_MAX 12u /* bytes of the word behind a number */
#define SHOWN_MAX 48u

enum currency { NO_MONEY, EUROS, DOLLARS, POUNDS, OTHER_MONEY };

struct limit {
        struct clew_slice sentence;
        struct clew_slice text; /* the number */
        double number;
        enum currency money;
        bool by_user;
        bool is_first; /* of the request, before a model wrote */
};

/* ---- sentences ------------------------------------------------------------------------------- */

/* The currency at a number that begins at @from and ends at @to. */
static enum currency money_at(struct clew_slice t, size_t from, size_t to)
{
        static const struct {
                const char *word;
                enum currency money;
        } words[] = {{"eur", EUROS},       {"\xe2\x82\xac", EUROS}, {"usd", DOLLARS},
                     {"dollar", DOLLARS},  {"gbp", POUNDS},         {"chf", OTHER_MONEY},
                     {"sek", OTHER_MONEY}, {"pound", POUNDS},       {"franc", OTHER_MONEY}};
        struct clew_slice behind = head(clew_slice_from(t, to), 9);
        struct clew_slice before = tail(clew_slice_make(t.data, from), 5);

        if (before.len && before.data[before.len - 1] == '$')
                return DOLLARS;
        if (before.len >= 3 && memcmp(before.data + before.len - 3, "\xe2\x82\xac", 3) == 0)
                return EUROS;
        if (behind.len && behind.data[0] == ' ')
                behind = clew_slice_from(behind, 1);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_text_begins(behind, words[i].word) ||
                    clew_text_find(clew_text_trim(before), words[i].word) >= 0)
                        return words[i].money;
        }
        return NO_MONEY;
}

/* The offset behind the words of a limit, or -1. A sentence is of SENTENCE_MAX bytes at most. */
static ptrdiff_t limit_words(struct clew_slice s)
{
        static const char *const upper[] = {
                "at most ",   "no more than ", "not more than ", "up to ",        "maximum of ",
                "limit of ",  "limit is ",     "not exceed ",    "cheaper than ", "less than ",
                "under ",     "below ",        "maximum is ",    "budget of ",    "budget is ",
                "capped at ", "budget: ",      "maximum: "};
        static const char *const over[] = {"above ", "over ", "more than ", "exceeds ",
                                           "exceeding "};
        static const char *const needs[] = {
                "approv",  "never",      "must not", "may not", "not allowed", "need", "require",
                "escalat", "supervisor", "manager",  "refuse",  "decline",     "hand "};

        struct lowered l;

        make_lowered(s, &l);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(upper); i++) {
                ptrdiff_t at = word_at(&l, upper[i]);

                if (at >= 0)
                        return at + (ptrdiff_t)strlen(upper[i]);
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(over); i++) {
                ptrdiff_t at = word_at(&l, over[i]);

                if (at >= 0 && HAS_ANY(s, needs))
                        return at + (ptrdiff_t)strlen(over[i]);
        }
        return -1;
}

static bool read_sentence(struct clew_slice s, bool by_user, struct limit *ret)
{
        ptrdiff_t at = clew_text_has_digit(s) ? limit_words(s) : -1;
        struct clew_slice rest;
        struct clew_token_iter it;
        struct clew_token t;

        if (at < 0)
                return false;
        rest = head(clew_slice_from(s, (size_t)at), 24);
        it = clew_tokens_of(rest);
        if (!clew_token_next(&it, &t) || !t.is_number || t.offset > 8 || t.number <= 0)
                return false;
        ret->sentence = clew_text_trim(s);
        ret->text = t.text;
        ret->number = t.number;
        ret->by_user = by_user;
        ret->money = money_at(s, (size_t)(t.text.data - s.data),
                              (size_t)(t.text.data - s.data) + t.text.len);
        return true;
}

static uint32_t read_limits(const struct clew_rca_view *v, struct limit *ret)
{
        uint32_t n = 0;
        bool written = false;

        for (uint32_t u = 0; u < v->n_units; u++) {
                struct clew_slice t = head(v->units[u].text, PROMPT_MAX);
                bool user = v->units[u].origin == CLEW_RCA_USER;
                struct sentences all = {t, 0};
                struct clew_slice one;

                written |= v->units[u].origin == CLEW_RCA_WRITTEN;
                if ((!user && v->units[u].origin != CLEW_RCA_SYSTEM) || !clew_text_has_digit(t))
                        continue;
                while (n < LIMITS_MAX && next_sentence(&all, SENTENCE_MAX, &one))
                        if (read_sentence(one, user, &ret[n]))
                                ret[n++].is_first = !written;
        }
        return n;
}

/* ---- actions --------------------------------------------------------------------------------- */

static bool is_money_key(struct clew_slice key)
{
        static const char *const words[] = {"amount", "price",  "total",  "sum",
                                            "cost",   "fee",    "credit", "value",
                                            "limit",  "refund", "budget", "payout"};

        return HAS_ANY(key, words);
}

/* A word of @name, four letters or more, stands in the sentence. */
static bool speaks_of(struct clew_slice sentence, struct clew_slice name)
{
        size_t at = 0;

        while (at < name.len) {
                size_t from = at;
                uint8_t word[32];
                size_t n;

                while (at < name.len && is_alpha(name.data[at]))
                        at++;
                n = at - from;
                if (n >= WORD_MIN && n < sizeof(word) - 1) {
                        for (size_t i = 0; i < n; i++)
                                word[i] = lower(name.data[from + i]);
                        word[n - (word[n - 1] == 's')] = '\0';
                        if (clew_text_find(sentence, (const char *)word) >= 0)
                                return true;
                }
                at += at == from;
        }
        return false;
}

/* What the limit counts in: "2 hours", "1.5k", "20 euros". An argument may count in another unit of
 * the same, unless it is named as the limit's is. */
static bool may_be_in_other_unit(const struct limit *l, struct clew_slice key)
{
        static const char *const units[] = {
                "hour", "minute", "second", "day", "week", "month", "kg", "gram",    "km",
                "mete", "metre",  "gb",     "mb",  "mile", "ton",   "k",  "million", "thousand"};
        static const char *const small[] = {"cent", "minor", "pence", "milli", "_ms"};
        size_t at = (size_t)(l->text.data - l->sentence.data) + l->text.len;
        struct clew_slice behind;

        if (at > l->sentence.len)
                return false;
        behind = head(clew_slice_from(l->sentence, at), UNIT_MAX);
        if (behind.len && behind.data[0] == ' ')
                behind = clew_slice_from(behind, 1);
        if (HAS_ANY(key, small))
                return !HAS_ANY(behind, small);
        for (size_t k = 0; k < CLEW_ARRAY_LEN(units); k++) {
                size_t n = strlen(units[k]);

                if (clew_text_find(head(behind, n), units[k]) == 0 &&
                    (n > 2 || behind.len == n || !is_alpha(behind.data[n])))
                        return clew_text_find(key, units[k]) < 0;
        }
        return false;
}

static bool breaks(const struct limit *l, const struct clew_act *act,
                   const struct clew_flat_leaf *leaf, const struct clew_token *t)
{
        bool money = l->money != NO_MONEY;

        if (!t->is_number || t->number <= l->number || may_be_in_other_unit(l, leaf->key))
                return false;
        if (speaks_of(l->sentence, leaf->key))
                return true;
        return money && is_money_key(leaf->key) && speaks_of(l->sentence, act->name);
}

static bool said_exactly(const struct clew_acts *acts, const struct clew_token *t)
{
        return clew_acts_said(acts, t->text);
}

static bool in_action(const struct clew_rca_view *v, const struct clew_acts *acts,
                      const struct clew_act *act, const struct limit *l, struct clew_findings *ret)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, head(act->args, CLEW_ACTS_ARGS_MAX));
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                struct clew_token_iter it = clew_tokens_of(leaf.value);
                struct clew_token t;
                struct clew_finding *x;

                if (!clew_token_next(&it, &t) || t.text.len + 2 < clew_text_trim(leaf.value).len ||
                    !breaks(l, act, &leaf, &t) || (l->by_user && said_exactly(acts, &t)))
                        continue;
                x = clew_finding_add(ret, CLEW_RULE_LIMIT, act->who, 1.0);
                clew_finding_effect(x, act->step == act->who ? CLEW_RCA_NONE : act->step);
                clew_finding_evidence(x, act->step, act->args);
                clew_finding_evidence(x, act->who, l->sentence);
                clew_finding_say(ret, x, "Step %u called %.*s with %.*s %.*s; %s says: %.*s.",
                                 v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                                 CLEW_SHOWN(leaf.key, 40), CLEW_SHOWN(t.text, SHOWN_MAX),
                                 l->by_user ? "the request" : "an instruction",
                                 CLEW_SHOWN(l->sentence, 160));
                return true;
        }
        return false;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool admits(struct clew_slice text)
{
        static const char *const words[] = {"above",  "over ",         "exceed",        "limit",
                                            "budget", "more than",     "unfortunately", "however",
                                            "beyond", "too expensive", "not within",    "cheaper",
                                            "but "};

        return HAS_ANY(head(text, LOWER_MAX), words);
}

/* The first amount of money in a text, of those above the limit: all must be, or one within it was
 * offered. */
static bool all_above(struct clew_slice text, const struct limit *l, struct clew_token *ret)
{
        struct clew_token_iter it = clew_tokens_of(text);
        struct clew_token t;
        bool any = false;

        while (clew_token_next(&it, &t)) {
                enum currency money = money_at(text, t.offset, t.offset + t.text.len);

                if (!t.is_number || money != l->money)
                        continue;
                if (t.number <= l->number)
                        return false;
                if (!any)
                        *ret = t;
                any = true;
        }
        return any;
}

static bool in_text(const struct clew_rca_view *v, uint32_t i, const struct limit *l,
                    struct clew_findings *ret)
{
        const struct clew_rca_step *s = &v->steps[i];
        struct clew_slice text = head(s->text, LOWER_MAX);
        struct clew_token t;
        struct clew_finding *x;

        if (l->money == NO_MONEY || !text.len || s->text.len > LOWER_MAX || admits(text) ||
            (!l->is_first &&
             !memmem(s->heard.data, s->heard.len, l->sentence.data, l->sentence.len)) ||
            !all_above(text, l, &t))
                return false;
        x = clew_finding_add(ret, CLEW_RULE_LIMIT, i, 0.8);
        clew_finding_evidence(x, i, text);
        clew_finding_evidence(x, i, l->sentence);
        clew_finding_say(ret, x,
                         "Step %u speaks of %.*s and of no lower amount; the request says: %.*s.",
                         s->number, CLEW_SHOWN(t.text, SHOWN_MAX), CLEW_SHOWN(l->sentence, 160));
        return true;
}

void clew_rule_limit(const struct clew_rca_view *v, const struct clew_acts *acts,
                     struct clew_findings *ret)
{
        struct limit *limits = clew_arena_alloc(v->arena, LIMITS_MAX * sizeof(*limits));
        uint32_t n = limits ? read_limits(v, limits) : 0;

        for (uint32_t k = 0; k < n; k++) {
                bool found = false;

                for (uint32_t i = 0; i < acts->n && !found && acts->heard.len; i++)
                        found = !acts->items[i].is_text &&
                                in_action(v, acts, &acts->items[i], &limits[k], ret);
                if (limits[k].by_user && !found && v->last_llm != CLEW_RCA_NONE)
                        (void)in_text(v, v->last_llm, &limits[k], ret);
        }
}
