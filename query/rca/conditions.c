/*
 * A rule about conditions that the instructions put on an action, where the record that the action
 * names says otherwise: "cancel an order only while its status is 'processing'" and an order that
 * was shown as delivered; "returns within 30 days after delivery" and one that came 43 days ago.
 */
#include "query/rca/flat.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/sentences-int.h"
#include "query/rca/sources-int.h"

#define CONDITIONS_MAX 48u
#define SENTENCE_MAX 320u
#define PROMPT_MAX 65536u
#define QUOTED_MAX 6u
#define STATE_MIN 3u
#define STEM_MIN 4u
#define STEM_MAX 5u
#define ID_MIN 4u
#define ID_MAX 48u
#define DOCUMENT_MAX 65536u
#define DOCUMENTS_MAX 6u
#define DAYS_MAX 3650u

struct condition {
        struct clew_slice sentence;
        struct clew_slice quoted[QUOTED_MAX]; /* states that it names */
        uint32_t n_quoted;
        uint32_t days;           /* of "within 30 days", 0 = no such limit */
        struct clew_slice since; /* the word behind it: delivery */
};

struct conditions {
        const struct clew_rca_view *v;
        struct clew_findings *ret;
        struct clew_sources seen;
        struct condition items[CONDITIONS_MAX];
        uint32_t n;
        int64_t today; /* days, 0 = not told */
        struct clew_slice today_text;
};

static bool only_reads(const struct clew_rca_view *v, const struct clew_act *act)
{
        const struct clew_rca_step *s = &v->steps[act->step];

        return (s->kind == CLEW_RCA_TOOL ? s->deed : clew_deed_of_name(act->name)) ==
               CLEW_DEED_READS;
}

/* ---- what the instructions say ----------------------------------------------------------------
 */

static bool is_quote(uint8_t c)
{
        return c == '"' || c == '\'' || c == '`';
}

/* Words in quotes; JSON's escape before one is no part of it. */
static void take_quoted(struct clew_slice s, struct condition *ret)
{
        for (size_t i = 0; i < s.len && ret->n_quoted < QUOTED_MAX; i++) {
                size_t from = i + 1;
                size_t to = from;

                if (!is_quote(s.data[i]) || (i > 0 && is_alpha(s.data[i - 1])))
                        continue;
                while (to < s.len && (is_alpha(s.data[to]) || s.data[to] == '_' ||
                                      s.data[to] == '-' || s.data[to] == ' '))
                        to++;
                if (to < s.len && to > from + 2 && to - from < 24 &&
                    (is_quote(s.data[to]) || s.data[to] == '\\'))
                        ret->quoted[ret->n_quoted++] = clew_slice_make(s.data + from, to - from);
                i = to;
        }
}

/* "within 30 days after delivery" */
static void take_days(struct clew_slice s, struct condition *ret)
{
        static const char *const joints[] = {"after ", "of ", "from ", "since "};
        ptrdiff_t at = clew_text_find(s, "within ");
        struct clew_slice rest;
        uint32_t days = 0;
        size_t i = 0;

        if (at < 0)
                return;
        rest = clew_slice_from(s, (size_t)at + 7);
        while (i < rest.len && i < 4 && is_digit(rest.data[i]))
                days = days * 10 + (uint32_t)(rest.data[i++] - '0');
        if (days == 0 || days > DAYS_MAX ||
            !clew_text_begins(head(clew_slice_from(rest, i), 6), " days "))
                return;
        rest = clew_slice_from(rest, i + 6);
        for (size_t k = 0; k < CLEW_ARRAY_LEN(joints); k++) {
                size_t n = strlen(joints[k]);
                size_t to = n;

                if (!clew_text_begins(head(rest, n), joints[k]))
                        continue;
                if (clew_text_begins(head(clew_slice_from(rest, n), 4), "the "))
                        to = n += 4;
                while (to < rest.len && is_alpha(rest.data[to]))
                        to++;
                if (to - n < STEM_MIN)
                        return;
                ret->days = days;
                ret->since = clew_slice_make(rest.data + n, to - n);
                return;
        }
}

static int two(const uint8_t *at)
{
        return is_digit(at[0]) && is_digit(at[1]) ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

/* Days of the civil date that @t begins with, counted from a fixed one; 0 without one. */
static int64_t read_day(struct clew_slice t)
{
        int64_t y;
        int64_t m;
        int64_t d;

        if (t.len < 10 || t.data[4] != '-' || t.data[7] != '-' || two(t.data) < 19 ||
            two(t.data + 2) < 0)
                return 0;
        y = two(t.data) * 100 + two(t.data + 2);
        m = two(t.data + 5);
        d = two(t.data + 8);
        if (m < 1 || m > 12 || d < 1 || d > 31)
                return 0;
        y -= m <= 2;
        m += m <= 2 ? 9 : -3;
        return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d;
}

/* "Today is 2026-05-01", "The current time is 2024-05-15 15:00:00". */
static void take_today(struct conditions *x, struct clew_slice s)
{
        static const char *const words[] = {"today", "current date", "current time"};

        for (size_t k = 0; k < CLEW_ARRAY_LEN(words) && !x->today; k++) {
                ptrdiff_t at = clew_text_find(s, words[k]);

                for (size_t i = at < 0 ? s.len : (size_t)at; i < s.len && i < (size_t)at + 40;
                     i++) {
                        x->today = read_day(clew_slice_from(s, i));
                        if (x->today) {
                                x->today_text = clew_slice_make(s.data + i, 10);
                                break;
                        }
                }
        }
}

/* It has exceptions, or speaks of what is said. */
static bool is_qualified(struct clew_slice s)
{
        static const char *const words[] = {"except",  "unless",  "other than", "tell ",
                                            "inform",  "such as", "as in ",     "e.g.",
                                            "example", "longer",  "extended",   "apart from"};

        return HAS_ANY(s, words);
}

/* Two numbers of days: one of them may be for this case. */
static bool has_days_twice(struct clew_slice s)
{
        uint32_t n = 0;

        for (size_t i = 0; i + 4 < s.len; i++)
                n += is_digit(s.data[i]) &&
                     clew_text_find(head(clew_slice_from(s, i + 1), 4), " day") == 0;
        return n > 1;
}

/* "only while its status is 'processing'": states may stand in it, in quotes. */
static bool names_states(struct clew_slice s)
{
        return clew_text_find(s, "only") >= 0 && clew_text_find(s, " not ") < 0 &&
               (clew_text_find(s, "status") >= 0 || clew_text_find(s, "state") >= 0);
}

static void take_condition(struct clew_slice s, bool days, bool states, struct condition *ret)
{
        *ret = (struct condition){.sentence = clew_text_trim(s)};
        if (days && !has_days_twice(s))
                take_days(s, ret);
        if (states)
                take_quoted(s, ret);
}

static void read_conditions(struct conditions *x)
{
        for (uint32_t u = 0; u < x->v->n_units; u++) {
                struct sentences all = {head(x->v->units[u].text, PROMPT_MAX), 0};
                struct clew_slice s;

                if (x->v->units[u].origin != CLEW_RCA_SYSTEM)
                        continue;
                while (x->n < CONDITIONS_MAX && next_sentence(&all, SENTENCE_MAX, &s)) {
                        bool digit = clew_text_has_digit(s);
                        bool days = digit && clew_text_find(s, "within ") >= 0;
                        bool states = names_states(s);

                        if (digit)
                                take_today(x, s);
                        if ((!days && !states) || is_qualified(s))
                                continue;
                        take_condition(s, days, states, &x->items[x->n]);
                        x->n += x->items[x->n].days || x->items[x->n].n_quoted;
                }
        }
}

/* ---- what the records say ---------------------------------------------------------------------
 */

/* @word begins with the first letters of @like, five or all that it has. */
static bool is_akin(struct clew_slice word, struct clew_slice like)
{
        size_t n = like.len < STEM_MAX ? like.len : STEM_MAX;
        char stem[STEM_MAX + 1] = {0};

        for (size_t i = 0; i < n; i++)
                stem[i] = (char)lower(like.data[i]);
        return n >= STEM_MIN && clew_text_find(word, stem) >= 0;
}

/* The sentence speaks of what a name begins with: of cancel_order, of an order_id. */
static bool is_about(struct clew_slice sentence, struct clew_slice name)
{
        size_t n = 0;

        while (n < name.len && is_alpha(name.data[n]) && (n == 0 || name.data[n] >= 'a'))
                n++;
        return is_akin(sentence, head(name, n));
}

static bool is_same_text(struct clew_slice a, struct clew_slice b)
{
        size_t i = 0;

        while (i < a.len && i < b.len && lower(a.data[i]) == lower(b.data[i]))
                i++;
        return a.len == b.len && i == a.len;
}

/* How well a member named @name, in the object that the id stands in or not, is what a condition
 * means by @key: its payment_status is not its status; an order_status is, where the condition
 * speaks of orders. 0 for not at all. */
static uint32_t fits(const struct condition *c, struct clew_slice name, struct clew_slice key,
                     bool beside)
{
        if (!is_akin(name, key))
                return 0;
        if (is_same_text(name, key))
                return beside ? 4 : 2;
        return !c->n_quoted || is_about(c->sentence, name) ? (beside ? 3 : 1) : 0;
}

/* In JSON @doc the value of the member that fits @key best, beside the value @id: behind it and
 * before the next one of its kind, or the only one of the document. */
static struct clew_slice member_beside(const struct condition *c, struct clew_slice doc,
                                       struct clew_slice id, struct clew_slice key)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        struct clew_slice found = CLEW_SLICE_NULL;
        struct clew_slice only = CLEW_SLICE_NULL;
        uint32_t times = 0;
        uint32_t best = 0;
        uint32_t depth = 0;
        uint64_t path = 0;
        bool early = false;
        bool inside = false;

        clew_flat_init(&f, doc);
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                uint32_t how;

                if (path == 0 && clew_slice_eq(leaf.value, id)) {
                        path = clew_flat_path(&f);
                        depth = f.depth;
                        inside = true;
                        continue;
                }
                if (path != 0 && clew_flat_path(&f) == path)
                        inside = false;
                how = fits(c, leaf.key, key, f.depth == depth);
                if (how == 0)
                        continue;
                times++;
                only = leaf.value;
                early |= path == 0;
                if (inside && how > best) {
                        found = leaf.value;
                        best = how;
                }
        }
        if (path == 0)
                return CLEW_SLICE_NULL;
        return times == 1 ? only : early ? CLEW_SLICE_NULL : found;
}

struct said {
        struct clew_slice id;
        struct clew_slice value;
        uint32_t unit;
};

/* The newest observation of a record that the action names, of the kind that the condition speaks
 * of, and its member akin to @key. */
static bool record_of(struct conditions *x, const struct clew_act *act, const struct condition *c,
                      struct clew_slice key, struct said *ret)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        uint32_t end = clew_sources_end(x->v, act->who);

        ret->value = CLEW_SLICE_NULL;
        clew_flat_init(&f, head(act->args, CLEW_ACTS_ARGS_MAX));
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                uint32_t u = 0;

                if (!leaf.is_string || leaf.value.len < ID_MIN || leaf.value.len > ID_MAX ||
                    memchr(leaf.value.data, ' ', leaf.value.len) ||
                    (c->n_quoted && !is_about(c->sentence, leaf.key)))
                        continue;
                for (uint32_t k = 0; k < DOCUMENTS_MAX; k++, u++) {
                        struct clew_slice value;

                        u = clew_sources_find(&x->seen, leaf.value, u, end);
                        if (u == CLEW_RCA_NONE)
                                break;
                        if (x->v->units[u].text.len > DOCUMENT_MAX)
                                continue;
                        value = member_beside(c, x->v->units[u].text, leaf.value, key);
                        if (value.len)
                                *ret = (struct said){leaf.value, value, u};
                }
                if (ret->value.len)
                        return true;
        }
        return false;
}

static void say(struct conditions *x, const struct clew_act *act, const struct condition *c,
                const struct said *said, struct clew_slice rest)
{
        struct clew_finding *f = clew_finding_add(x->ret, CLEW_RULE_CONDITION, act->who, 1.2);

        clew_finding_effect(f, act->step == act->who ? CLEW_RCA_NONE : act->step);
        clew_finding_evidence(f, act->step, act->args);
        clew_finding_evidence(f, act->who, c->sentence);
        clew_finding_say(
                x->ret, f,
                "Step %u called %.*s for %.*s, which step %u shows with %.*s%.*s; an "
                "instruction says: %.*s.",
                x->v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                CLEW_SHOWN(said->id, ID_MAX), x->v->steps[x->v->units[said->unit].step].number,
                CLEW_SHOWN(said->value, 40), CLEW_SHOWN(rest, 60), CLEW_SHOWN(c->sentence, 200));
}

/* One begins as the other does, whatever stands between its words: "in progress" and "IN_PROGRESS
 * (items modified)". */
static bool is_same_state(struct clew_slice a, struct clew_slice b)
{
        size_t i = 0;
        size_t k = 0;

        while (i < a.len && k < b.len) {
                if (!is_alpha(a.data[i]) && !is_digit(a.data[i])) {
                        i++;
                } else if (!is_alpha(b.data[k]) && !is_digit(b.data[k])) {
                        k++;
                } else if (lower(a.data[i++]) != lower(b.data[k++])) {
                        return false;
                }
        }
        return i > 0 && k > 0;
}

/* A word: a number, or a sign of two letters, stands for a state that is not told. */
static bool is_state_in_words(struct clew_slice t)
{
        size_t letters = 0;

        for (size_t i = 0; i < t.len; i++)
                letters += is_alpha(t.data[i]) && t.data[i] < 0x80;
        return letters >= STATE_MIN && letters * 2 > t.len;
}

/* An action between the record and @act may have changed it. */
static bool is_changed_since(const struct conditions *x, const struct clew_acts *acts,
                             const struct clew_act *act, const struct said *said)
{
        for (uint32_t i = 0; i < acts->n && &acts->items[i] != act; i++) {
                const struct clew_act *a = &acts->items[i];

                if (clew_sources_end(x->v, a->who) > said->unit && !only_reads(x->v, a) &&
                    clew_sources_holds(a->args, said->id))
                        return true;
        }
        return false;
}

static bool other_state(struct conditions *x, const struct clew_acts *acts,
                        const struct clew_act *act, const struct condition *c)
{
        struct said said;

        if (!c->n_quoted || (!record_of(x, act, c, CLEW_SLICE_LITERAL("status"), &said) &&
                             !record_of(x, act, c, CLEW_SLICE_LITERAL("state"), &said)))
                return false;
        if (!is_state_in_words(said.value) || is_changed_since(x, acts, act, &said))
                return false;
        for (uint32_t k = 0; k < c->n_quoted; k++) {
                if (is_same_state(said.value, c->quoted[k]))
                        return false;
        }
        say(x, act, c, &said, CLEW_SLICE_NULL);
        return true;
}

static bool too_late(struct conditions *x, const struct clew_act *act, const struct condition *c)
{
        struct said said;
        int64_t day;

        if (!c->days || !x->today || !record_of(x, act, c, c->since, &said))
                return false;
        day = read_day(said.value);
        if (!day || day > x->today || x->today - day <= (int64_t)c->days)
                return false;
        say(x, act, c, &said,
            clew_arena_printf(x->v->arena, ", %lld days before %.*s", (long long)(x->today - day),
                              CLEW_SHOWN(x->today_text, 10)));
        return true;
}

void clew_rule_condition(const struct clew_rca_view *v, const struct clew_acts *acts,
                         struct clew_findings *ret)
{
        struct conditions *x = clew_arena_alloc(v->arena, sizeof(*x));

        if (!x)
                return;
        x->v = v; /* one by one: most of it is room for items */
        x->ret = ret;
        x->seen = (struct clew_sources){.v = v};
        x->n = 0;
        x->today = 0;
        x->today_text = CLEW_SLICE_NULL;
        read_conditions(x);
        for (uint32_t i = 0; i < acts->n && x->n; i++) {
                const struct clew_act *act = &acts->items[i];

                if (act->is_text || clew_rca_runs_programs(act->name) || only_reads(v, act))
                        continue;
                for (uint32_t k = 0; k < x->n && !x->seen.spent; k++) {
                        if (is_about(x->items[k].sentence, act->name) &&
                            (other_state(x, acts, act, &x->items[k]) ||
                             too_late(x, act, &x->items[k])))
                                break;
                }
        }
}
