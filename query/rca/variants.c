/*
 * Rules about the wrong one of two: ".../reports/2021" is opened, where a result shows
 * ".../reports/2023" and the user said 2023; a search has a name in it that nothing had shown,
 * while the one that the user said is looked for no more.
 */
#include "query/rca/flat.h"
#include "query/rca/language.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/sources-int.h"
#include "query/rca/text-int.h"

#define LEAVES_MAX 512u
#define VALUE_MIN 6u
#define VALUE_MAX 200u
#define DIGITS_MIN 2u
#define NAMED_MAX 24u
#define OTHER_MAX 12u /* bytes before a number */
#define SHOWN_MAX 80u
#define QUERY_MAX 80u /* bytes of words to search for; more is prose */
#define NAME_MIN 4u
#define BESIDE_WORDS 3u /* that are looked at for one which says what a name is of */
#define NAME_MAX 40u
#define NAMES_MAX 64u /* of all actions that are looked up */

struct variants {
        const struct clew_acts *acts;
        struct clew_sources seen;
        struct clew_slice named[NAMED_MAX]; /* numbers that users said */
        uint32_t n_named;
        uint32_t leaves;
        uint32_t names;
        uint32_t names_inside; /* a sentence */
        bool foreign;          /* the request is in another language than English */
};

/* "before 2023", "not 2023": the number is said to tell of another one. */
static bool is_said_of_other(struct clew_slice text, size_t at)
{
        static const char *const words[] = {"before ", "after ",    "since ",   "until ",
                                            "than ",   "not ",      "without ", "but ",
                                            "from ",   "between ",  "vor ",     "nach ",
                                            "avant ",  "antes de ", "except "};
        struct clew_slice before = tail(head(text, at), OTHER_MAX);

        for (size_t k = 0; k < CLEW_ARRAY_LEN(words); k++) {
                size_t n = strlen(words[k]);

                if (before.len >= n && clew_text_find(tail(before, n), words[k]) == 0)
                        return true;
        }
        return false;
}

static bool is_year(struct clew_slice t)
{
        return t.len == 4 && (memcmp(t.data, "19", 2) == 0 || memcmp(t.data, "20", 2) == 0);
}

/* "12 facts": a count of things. */
static bool is_count(struct clew_slice text, size_t behind)
{
        return behind + 2 < text.len && text.data[behind] == ' ' && text.data[behind + 1] >= 'a' &&
               text.data[behind + 1] <= 'z';
}

static void collect(struct variants *x)
{
        struct clew_slice heard = x->acts->heard;
        struct clew_token_iter it = clew_tokens_of(heard);
        struct clew_token t;

        while (x->n_named < NAMED_MAX && clew_token_next(&it, &t)) {
                size_t digits = 0;

                while (digits < t.text.len && is_digit(t.text.data[digits]))
                        digits++;
                if (digits == t.text.len && digits >= DIGITS_MIN && digits <= 6 &&
                    !is_said_of_other(heard, t.offset) &&
                    (is_year(t.text) || !is_count(heard, t.offset + t.text.len)))
                        x->named[x->n_named++] = t.text;
        }
}

static bool is_acted_on(const struct clew_acts *a, struct clew_slice value)
{
        for (uint32_t i = 0; i < a->n; i++) {
                if (memmem(a->items[i].args.data, a->items[i].args.len, value.data, value.len))
                        return true;
        }
        return false;
}

/* @value with the number at @from to @to replaced by one that a user said, as a result shows it. */
static uint32_t shown_instead(struct variants *x, struct clew_slice value, size_t from, size_t to,
                              uint32_t end, struct clew_slice *ret)
{
        uint8_t other[VALUE_MAX];

        for (uint32_t k = 0; k < x->n_named; k++) {
                struct clew_slice now = x->named[k];
                struct clew_slice whole;
                uint32_t u;

                if (now.len != to - from)
                        continue;
                memcpy(other, value.data, value.len);
                memcpy(other + from, now.data, now.len);
                whole = clew_slice_make(other, value.len);
                u = clew_sources_find(&x->seen, whole, 0, end);
                if (u == CLEW_RCA_NONE || is_acted_on(x->acts, whole))
                        continue;
                *ret = clew_arena_printf(x->seen.v->arena, "%.*s", CLEW_SHOWN(whole, VALUE_MAX));
                return u;
        }
        return CLEW_RCA_NONE;
}

/* A part of 2024-05-23 or 15:00: days and hours are chosen for many reasons. */
static bool is_of_date(struct clew_slice t, size_t from, size_t to)
{
        bool before =
                from >= 2 &&
                (t.data[from - 1] == '-' || t.data[from - 1] == ':' || t.data[from - 1] == 'T') &&
                is_digit(t.data[from - 2]);
        bool behind = to + 1 < t.len && (t.data[to] == '-' || t.data[to] == ':') &&
                      is_digit(t.data[to + 1]);

        return before || behind;
}

static bool look_at(struct variants *x, const struct clew_act *act,
                    const struct clew_flat_leaf *leaf, struct clew_findings *ret)
{
        const struct clew_rca_view *v = x->seen.v;
        struct clew_slice t = leaf->value;

        for (size_t i = 0; i < t.len;) {
                size_t from = i;
                struct clew_slice instead;
                struct clew_finding *f;
                uint32_t u;

                while (i < t.len && is_digit(t.data[i]))
                        i++;
                if (i == from) {
                        i++;
                        continue;
                }
                if (i - from < DIGITS_MIN || is_of_date(t, from, i) ||
                    clew_acts_said(x->acts, clew_slice_make(t.data + from, i - from)))
                        continue;
                u = shown_instead(x, t, from, i, clew_sources_end(v, act->who), &instead);
                if (u == CLEW_RCA_NONE)
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_VARIANT, act->who, 1.2);
                clew_finding_effect(f, act->step == act->who ? CLEW_RCA_NONE : act->step);
                clew_finding_evidence(f, act->step, act->args);
                clew_finding_evidence(f, v->units[u].step, instead);
                clew_finding_say(ret, f,
                                 "Step %u called %.*s with %.*s; step %u shows %.*s with the %.*s "
                                 "that the user said, and no call takes it.",
                                 v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                                 CLEW_SHOWN(t, SHOWN_MAX), v->steps[v->units[u].step].number,
                                 CLEW_SHOWN(instead, SHOWN_MAX),
                                 CLEW_SHOWN(clew_slice_make(instead.data + from, i - from), 8));
                return true;
        }
        return false;
}

/* ---- names ------------------------------------------------------------------------------------
 */

/* The next word of @t that begins with a capital letter and goes on in small ones, from @at on. */
static bool next_name(struct clew_slice t, size_t *at, struct clew_slice *ret)
{
        for (size_t i = *at; i < t.len; i++) {
                size_t from = i;

                if (t.data[i] < 'A' || t.data[i] > 'Z' ||
                    (i > 0 && (is_alpha(t.data[i - 1]) || is_digit(t.data[i - 1]))))
                        continue;
                while (i < t.len && is_alpha(t.data[i]))
                        i++;
                if (i - from < NAME_MIN || i - from > NAME_MAX ||
                    (t.data[from + 1] >= 'A' && t.data[from + 1] <= 'Z') ||
                    (i < t.len && (is_digit(t.data[i]) || t.data[i] == '_')))
                        continue;
                *at = i;
                *ret = clew_slice_make(t.data + from, i - from);
                return true;
        }
        return false;
}

/* A small letter and a blank before it: it does not begin a sentence. */
static bool is_inside(struct clew_slice text, struct clew_slice word)
{
        size_t at = (size_t)(word.data - text.data);

        return at >= 2 && text.data[at - 1] == ' ' && text.data[at - 2] >= 'a' &&
               text.data[at - 2] <= 'z';
}

/* Anything but a model said it before unit @end, in whatever case. */
static bool is_known(struct variants *x, struct clew_slice word, uint32_t end)
{
        const struct clew_rca_view *v = x->seen.v;
        char small[NAME_MAX + 1];

        for (size_t i = 0; i < word.len; i++)
                small[i] = (char)lower(word.data[i]);
        small[word.len] = 0;
        for (uint32_t u = 0; u < end && u < v->n_units && !x->seen.spent; u++) {
                const struct clew_rca_unit *unit = &v->units[u];

                if (unit->origin == CLEW_RCA_WRITTEN || unit->origin == CLEW_RCA_ARGS)
                        continue;
                x->seen.searched += unit->text.len;
                x->seen.spent = x->seen.searched > CLEW_SOURCES_SEARCHED_MAX;
                if (clew_text_find(unit->text, small) >= 0)
                        return true;
        }
        return x->seen.spent;
}

/* The small word of @t that stands next to the name: before it, but for short ones ("the capital of
 * Peru"), or behind it ("Peru exports"). Null without one. */
static struct clew_slice word_beside(struct clew_slice t, struct clew_slice name, bool behind)
{
        size_t at = (size_t)(name.data - t.data) + (behind ? name.len : 0);

        for (uint32_t n = 0; n < BESIDE_WORDS; n++) {
                size_t from = at;
                size_t to;

                if (behind) {
                        while (from < t.len && t.data[from] == ' ')
                                from++;
                        for (to = from; to < t.len && is_alpha(t.data[to]);)
                                to++;
                        at = to;
                } else {
                        while (from > 0 && t.data[from - 1] == ' ')
                                from--;
                        for (to = from; from > 0 && is_alpha(t.data[from - 1]);)
                                from--;
                        at = from;
                }
                if (to == from || (t.data[from] >= 'A' && t.data[from] <= 'Z'))
                        return CLEW_SLICE_NULL;
                if (to - from >= NAME_MIN)
                        return clew_slice_make(t.data + from, to - from);
        }
        return CLEW_SLICE_NULL;
}

/* What stands in one place with both names is told of both: they are of one kind. */
static bool is_of_one_kind(struct clew_slice a, struct clew_slice in_a, struct clew_slice b,
                           struct clew_slice in_b)
{
        for (int i = 0; i < 4; i++) {
                struct clew_slice x = word_beside(in_a, a, i & 1);
                struct clew_slice y = word_beside(in_b, b, i & 2);

                if (x.len && clew_slice_eq(x, y))
                        return true;
        }
        return false;
}

/* A name of the request, of the kind that @name in @in is, that no action from @from on has. */
static bool left_behind(const struct variants *x, uint32_t from, struct clew_slice name,
                        struct clew_slice in, struct clew_slice *ret)
{
        struct clew_slice asked = head(x->acts->heard, x->acts->asked);
        size_t at = 0;

        while (next_name(asked, &at, ret)) {
                char small[NAME_MAX + 1];
                bool taken = !is_inside(asked, *ret) || !is_of_one_kind(name, in, *ret, asked);

                for (size_t i = 0; i < ret->len; i++)
                        small[i] = (char)lower(ret->data[i]);
                small[ret->len] = 0;
                for (uint32_t i = from; i < x->acts->n && !taken; i++)
                        taken = clew_text_find(x->acts->items[i].args, small) >= 0;
                if (!taken)
                        return true;
        }
        return false;
}

/* A name of the request that may be this one in another language or without its accents: the same
 * first letter, and a second one, or letters that English has not. */
static bool is_other_form(const struct variants *x, struct clew_slice name)
{
        struct clew_slice asked = head(x->acts->heard, x->acts->asked);
        struct clew_slice said;
        size_t at = 0;

        while (next_name(asked, &at, &said)) {
                bool foreign = false;

                for (size_t i = 0; i < said.len; i++)
                        foreign |= said.data[i] >= 0x80;
                if (said.data[0] == name.data[0] &&
                    (foreign || lower(said.data[1]) == lower(name.data[1])))
                        return true;
        }
        return false;
}

/* A longer small word of the request stands in the text: it is about the same. */
static bool is_about(const struct variants *x, struct clew_slice t)
{
        for (size_t i = 0; i < t.len;) {
                size_t from = i;

                while (i < t.len && t.data[i] >= 'a' && t.data[i] <= 'z')
                        i++;
                if (i - from > NAME_MIN && (from == 0 || !is_alpha(t.data[from - 1])) &&
                    clew_acts_said(x->acts, clew_slice_make(t.data + from, i - from)))
                        return true;
                i += i == from;
        }
        return false;
}

/* Names of places have another form in each language, and German writes all nouns like names. */
static bool is_in_english(const struct clew_acts *a)
{
        enum clew_language told = clew_language_of(head(a->heard, a->asked));

        return told == CLEW_LANGUAGE_ENGLISH || told == CLEW_LANGUAGE_UNKNOWN;
}

static bool stray_name(struct variants *x, uint32_t i, struct clew_findings *ret)
{
        const struct clew_rca_view *v = x->seen.v;
        const struct clew_act *act = &x->acts->items[i];
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        struct clew_slice said;

        clew_flat_init(&f, head(act->args, CLEW_ACTS_ARGS_MAX));
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                struct clew_slice name;
                struct clew_finding *one;
                size_t at = 0;

                if (leaf.value.len < VALUE_MIN || leaf.value.len > QUERY_MAX)
                        continue;
                while (x->names < NAMES_MAX && next_name(leaf.value, &at, &name)) {
                        x->names++;
                        if (!is_inside(leaf.value, name))
                                continue;
                        x->foreign |= x->names_inside++ == 0 && !is_in_english(x->acts);
                        if (x->foreign)
                                return false;
                        if (is_known(x, name, clew_sources_end(v, act->who)) ||
                            is_other_form(x, name) || !is_about(x, leaf.value) ||
                            !left_behind(x, i, name, leaf.value, &said))
                                continue;
                        one = clew_finding_add(ret, CLEW_RULE_STRAY_NAME, act->who, 1.0);
                        clew_finding_effect(one, act->step == act->who ? CLEW_RCA_NONE : act->step);
                        clew_finding_evidence(one, act->step, act->args);
                        clew_finding_say(
                                ret, one,
                                "Step %u called %.*s for %.*s, which nothing had shown; the user "
                                "said %.*s, and no call from there on has it.",
                                v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                                CLEW_SHOWN(name, NAME_MAX), CLEW_SHOWN(said, NAME_MAX));
                        return true;
                }
        }
        return false;
}

void clew_rule_variant(const struct clew_rca_view *v, const struct clew_acts *acts,
                       struct clew_findings *ret)
{
        struct variants *x = clew_arena_calloc(v->arena, 1, sizeof(*x));

        if (!x || !acts->heard.len)
                return;
        x->acts = acts;
        x->seen.v = v;
        collect(x);
        for (uint32_t i = 0; i < acts->n && x->n_named; i++) {
                struct clew_flat f;
                struct clew_flat_leaf leaf;

                clew_flat_init(&f, head(acts->items[i].args, CLEW_ACTS_ARGS_MAX));
                while (f.is_json && x->leaves < LEAVES_MAX && !x->seen.spent &&
                       clew_flat_next(&f, &leaf)) {
                        x->leaves++;
                        if (leaf.value.len >= VALUE_MIN && leaf.value.len <= VALUE_MAX &&
                            look_at(x, &acts->items[i], &leaf, ret))
                                break;
                }
        }
        for (uint32_t i = 0; i < acts->n && !x->seen.spent && !x->foreign; i++) {
                if (acts->items[i].is_text || clew_rca_runs_programs(acts->items[i].name) ||
                    clew_deed_of_name(acts->items[i].name) == CLEW_DEED_CHANGES)
                        continue;
                if (stray_name(x, i, ret))
                        break;
        }
}
