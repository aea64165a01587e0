/*
 * A rule about values that were taken back: a user says "no, better 105", a page that calls itself
 * a correction has another figure, and the run goes on with the old one.
 */
#include "query/rca/flat.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/sources-int.h"
#include "query/rca/text-int.h"

#define NOTICE_MAX 1500u /* bytes of a text that says of itself that it corrects another one */
#define NOTICES_MAX 16u
#define VALUE_MIN 4u
#define VALUE_MAX 60u
#define WORDS_MAX 4000u /* bytes of what a model wrote that are read */
#define NUMBERS_MAX 24u
#define SHOWN_MAX 48u
#define NEAR_BYTES 64u   /* words that tell what a number is of */
#define NOTICE_NEAR 200u /* a notice says what it is about first */
#define MONTH_MAX 10u    /* "September " */
#define MONTH_BEHIND 4u  /* " Sep" */
#define ADDRESS_MAX 200u
#define NOTICE_TITLE 120u /* bytes at the beginning: what stands there is said of the whole */
#define NEAR_WORD_MIN 5u
#define NEAR_WORD_MAX 24u
#define ROUNDED 0.002 /* a figure that is told in three digits or more */
#define NEAR 2.0      /* how far a corrected figure is from the old one at most, as a factor */

static bool is_year(const struct clew_token *t)
{
        return t->digits == 4 && t->text.len == 4 && t->number >= 1900 && t->number < 2100;
}

/* ---- a user who thinks again ------------------------------------------------------------------
 */

static bool thinks_again(struct clew_slice t)
{
        static const char *const words[] = {"wait",   "actually", "instead",    "rather",
                                            "better", "i meant",  "i mean",     "correction",
                                            "sorry",  "scratch ", "change that"};

        return t.len <= LOWER_MAX && HAS_ANY(t, words);
}

/* What users said last, as the actions go on. */
struct hearing {
        uint32_t at;   /* units before it were looked at */
        uint32_t last; /* of them the last one of a user */
        uint32_t n;
        bool again; /* it thinks again, with a number that no later call takes: */
        struct clew_token now;
};

/* A number of @text that action @from and all later ones leave out; false when one takes it. */
static bool untaken(const struct clew_acts *a, uint32_t from, struct clew_slice text,
                    struct clew_token *ret)
{
        struct clew_token_iter it = clew_tokens_of(text);
        struct clew_token t;
        bool any = false;

        while (clew_token_next(&it, &t)) {
                for (uint32_t i = from; i < a->n; i++) {
                        if (clew_sources_holds(a->items[i].args, t.text))
                                return false;
                }
                if (!any)
                        *ret = t;
                any = true;
        }
        return any;
}

/* Goes on to what action @i had seen; true when the user's last words, which are not the first,
 * think again, and nothing takes what they say. */
static bool hear(const struct clew_rca_view *v, const struct clew_acts *a, uint32_t i,
                 struct hearing *h)
{
        uint32_t end = clew_sources_end(v, a->items[i].who);

        for (; h->at < end && h->at < v->n_units; h->at++) {
                if (v->units[h->at].origin != CLEW_RCA_USER)
                        continue;
                h->last = h->at;
                h->again = h->n++ > 0 && thinks_again(v->units[h->at].text) &&
                           untaken(a, i, v->units[h->at].text, &h->now);
        }
        return h->again;
}

/* What a number is of, by what stands beside it. */
enum sort { SORT_PLAIN, SORT_TIME, SORT_MONEY, SORT_SHARE };

static enum sort sort_of(struct clew_slice text, const struct clew_token *t)
{
        struct clew_slice behind = clew_slice_from(text, t->offset + t->text.len);
        uint8_t before = t->offset > 0 ? text.data[t->offset - 1] : ' ';
        size_t i = behind.len > 0 && behind.data[0] == ' ';

        behind = head(clew_slice_from(behind, i), 8);
        if (clew_find(t->text, ":", 1) || before == ':' || clew_text_find(behind, "am") == 0 ||
            clew_text_find(behind, "pm") == 0 || clew_text_find(behind, "a.m") == 0 ||
            clew_text_find(behind, "p.m") == 0 || clew_text_find(behind, "o'clock") == 0 ||
            clew_text_find(behind, "uhr") == 0)
                return SORT_TIME;
        if (before == '$' || before >= 0x80 || clew_text_find(behind, "eur") == 0 ||
            clew_text_find(behind, "dollar") == 0 || clew_text_find(behind, "usd") == 0)
                return SORT_MONEY;
        return behind.len && behind.data[0] == '%' ? SORT_SHARE : SORT_PLAIN;
}

/* The small word right before the number, that says what it numbers: "flat 7", "bus 40"; null when
 * it is one that says nothing. */
static struct clew_slice word_before(struct clew_slice text, const struct clew_token *t)
{
        static const char *const plain[] = {
                "better", "rather", "instead", "make", "sorry", "wait", "actually", "mean",
                "meant",  "take",   "with",    "that", "the",   "for",  "and",      "not",
                "say",    "number", "please",  "use",  "its",   "it's", "was",      "but"};
        size_t to = t->offset;
        size_t from;

        while (to > 0 && text.data[to - 1] == ' ')
                to--;
        from = to;
        while (from > 0 && is_alpha(text.data[from - 1]))
                from--;
        if (to - from < 3 || text.data[from] < 'a' || text.data[from] > 'z')
                return CLEW_SLICE_NULL;
        for (size_t k = 0; k < CLEW_ARRAY_LEN(plain); k++) {
                if (strlen(plain[k]) == to - from &&
                    memcmp(plain[k], text.data + from, to - from) == 0)
                        return CLEW_SLICE_NULL;
        }
        return clew_slice_make(text.data + from, to - from);
}

/* The value ends in a number of the same form as @t, which stands in @said: two streets with a
 * number, two sizes. What @said calls the number by is told of the value, too. */
static bool is_alike(const struct clew_flat_leaf *leaf, struct clew_slice said,
                     const struct clew_token *t)
{
        struct clew_token_iter it = clew_tokens_of(leaf->value);
        struct clew_slice of = word_before(said, t);
        struct clew_token own;
        bool ret = false;

        if (of.len && !memmem(leaf->key.data, leaf->key.len, of.data, of.len) &&
            !memmem(leaf->value.data, leaf->value.len, of.data, of.len))
                return false;
        while (clew_token_next(&it, &own))
                ret = sort_of(leaf->value, &own) == sort_of(said, t) &&
                      (own.shape == t->shape ||
                       (own.is_number && t->is_number && own.digits <= 4 && t->digits <= 4));
        return ret;
}

static bool user_withdrew(struct clew_sources *seen, const struct clew_act *act,
                          const struct hearing *h, struct clew_findings *ret)
{
        const struct clew_rca_view *v = seen->v;
        uint32_t last = h->last;
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        struct clew_finding *x;

        clew_flat_init(&f, head(act->args, CLEW_ACTS_ARGS_MAX));
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                uint32_t u;

                if (leaf.value.len < VALUE_MIN || leaf.value.len > VALUE_MAX ||
                    !is_alike(&leaf, v->units[last].text, &h->now) ||
                    clew_sources_holds(v->units[last].text, leaf.value))
                        continue;
                u = clew_sources_find(seen, leaf.value, 0, last);
                if (u == CLEW_RCA_NONE || v->units[u].origin != CLEW_RCA_USER)
                        continue;
                x = clew_finding_add(ret, CLEW_RULE_WITHDRAWN, act->who, 1.2);
                clew_finding_effect(x, act->step == act->who ? CLEW_RCA_NONE : act->step);
                clew_finding_evidence(x, act->who, v->units[last].text);
                clew_finding_say(ret, x,
                                 "Step %u called %.*s with %.*s %.*s, of an earlier message of the "
                                 "user; the last one before it says %.*s, and no call from there "
                                 "on has that.",
                                 v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                                 CLEW_SHOWN(leaf.key, 40), CLEW_SHOWN(leaf.value, VALUE_MAX),
                                 CLEW_SHOWN(h->now.text, SHOWN_MAX));
                return true;
        }
        return false;
}

/* ---- a page that corrects ----------------------------------------------------------------------
 */

static bool speaks_of_correction(struct clew_slice t)
{
        static const char *const words[] = {"correction",   "erratum",     "corrected",
                                            "supersed",     "withdrawn",   "retracted",
                                            "revised",      "replaced by", "should read",
                                            "was too high", "was too low"};

        return HAS_ANY(head(t, LOWER_MAX), words);
}

static bool is_notice(struct clew_slice t)
{
        return t.len <= NOTICE_MAX && speaks_of_correction(t);
}

/* An empty line at @at, as it is or inside a string of JSON. */
static bool is_break(struct clew_slice t, size_t at)
{
        return (at + 1 < t.len && t.data[at] == '\n' && t.data[at + 1] == '\n') ||
               (at + 3 < t.len && memcmp(t.data + at, "\\n\\n", 4) == 0);
}

/* A notice speaks of the number at @at: its title does so of all, any other sentence of those in
 * its paragraph. The entries of a list of pages have nothing to do with each other. */
static bool is_corrected(struct clew_slice notice, size_t at)
{
        size_t from = at;
        size_t to = at;

        while (from > 0 && !is_break(notice, from - 1))
                from--;
        while (to < notice.len && !is_break(notice, to))
                to++;
        return speaks_of_correction(head(notice, NOTICE_TITLE)) ||
               speaks_of_correction(clew_slice_make(notice.data + from, to - from));
}

/* Month names end so before the day: "Apr 27", "9 June 2019" is one of a date. */
static bool is_of_date(struct clew_slice text, const struct clew_token *t)
{
        static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                             "jul", "aug", "sep", "oct", "nov", "dec"};
        struct clew_slice before = tail(head(text, t->offset), MONTH_MAX);
        struct clew_slice behind =
                head(clew_slice_from(text, t->offset + t->text.len), MONTH_BEHIND);

        return t->digits <= 2 && (HAS_ANY(before, months) || HAS_ANY(behind, months));
}

/* A part of an address of the web: a number of a page, and no figure. */
static bool is_of_address(struct clew_slice text, const struct clew_token *t)
{
        size_t from = t->offset;

        while (from > 0 && !is_space(text.data[from - 1]) && text.data[from - 1] != '"' &&
               t->offset - from < ADDRESS_MAX)
                from--;
        return clew_text_find(clew_slice_make(text.data + from, t->offset - from), "://") >= 0;
}

static bool is_near(double a, double b)
{
        return a > 0 && b > 0 && a != b && a <= b * NEAR && b <= a * NEAR;
}

static uint32_t numbers_of(struct clew_slice text, struct clew_token ret[NUMBERS_MAX])
{
        struct clew_token_iter it = clew_tokens_of(text);
        struct clew_token t;
        uint32_t n = 0;

        while (n < NUMBERS_MAX && clew_token_next(&it, &t)) {
                if (t.is_number && t.digits >= 2 && !t.is_list_mark && !is_year(&t) &&
                    !is_of_date(text, &t) && !is_of_address(text, &t))
                        ret[n++] = t;
        }
        return n;
}

/* Those of them that a notice speaks of. */
static uint32_t corrected_in(struct clew_slice notice, struct clew_token ret[NUMBERS_MAX])
{
        uint32_t all = numbers_of(notice, ret);
        uint32_t n = 0;

        for (uint32_t i = 0; i < all; i++) {
                if (is_corrected(notice, ret[i].offset))
                        ret[n++] = ret[i];
        }
        return n;
}

struct notice {
        uint32_t unit;
        struct clew_token numbers[NUMBERS_MAX];
        uint32_t n;
};

/* A longer word stands near a number of notice @a and near one of @b: they are of the same thing.
 */
static bool is_of_same(struct clew_slice a, size_t at, struct clew_slice b, size_t from)
{
        static const char *const empty[] = {"correct", "revis",  "figure", "number", "total",
                                            "value",   "should", "about",  "which",  "there",
                                            "their",   "with",   "that",   "this",   "from",
                                            "were",    "have",   "been"};
        size_t begin = at > NOTICE_NEAR ? at - NOTICE_NEAR : 0;
        struct clew_slice near_a = head(clew_slice_from(a, begin), NOTICE_NEAR + NEAR_BYTES);
        size_t other = from > NEAR_BYTES ? from - NEAR_BYTES : 0;
        struct clew_slice near_b = head(clew_slice_from(b, other), 2 * NEAR_BYTES);
        bool names = false;

        for (size_t i = 0; i < near_a.len;) {
                char word[NEAR_WORD_MAX + 1] = {0};
                size_t n = 0;
                bool told = true;

                while (i < near_a.len && is_alpha(near_a.data[i])) {
                        if (n < NEAR_WORD_MAX)
                                word[n++] = (char)lower(near_a.data[i]);
                        i++;
                }
                i += n == 0;
                for (size_t k = 0; k < CLEW_ARRAY_LEN(empty); k++)
                        told &= strncmp(word, empty[k], strlen(empty[k])) != 0;
                if (n < NEAR_WORD_MIN || !told)
                        continue;
                if (clew_text_find(near_b, word) >= 0)
                        return true;
                names = true;
        }
        return !names;
}

/* The first place of the number in @text, or 0. */
static size_t place_of(struct clew_slice text, double number)
{
        struct clew_token_iter it = clew_tokens_of(text);
        struct clew_token t;

        while (clew_token_next(&it, &t)) {
                if (t.is_number && t.number == number)
                        return t.offset;
        }
        return 0;
}

/* @text, which step @i wrote, has a number that was shown before the notice, and not the notice's.
 */
static bool uses_old(const struct clew_rca_view *v, uint32_t i, struct clew_slice text,
                     const struct notice *notice, struct clew_findings *ret)
{
        struct clew_token own[NUMBERS_MAX];
        uint32_t n = numbers_of(head(text, WORDS_MAX), own);
        const struct clew_token *old = NULL;
        const struct clew_token *now = NULL;
        uint32_t source = CLEW_RCA_NONE;
        struct clew_finding *x;

        for (uint32_t k = 0; k < n; k++) {
                const struct clew_rca_seen *s = clew_rca_seen_find(v, own[k].hash);
                bool shown = s && s->observed < notice->unit;

                for (uint32_t m = 0; m < notice->n; m++) {
                        if (notice->numbers[m].number == own[k].number)
                                shown = false;
                        if (shown && !old && is_near(own[k].number, notice->numbers[m].number) &&
                            is_of_same(v->units[notice->unit].text, notice->numbers[m].offset,
                                       v->units[s->observed].text,
                                       place_of(v->units[s->observed].text, own[k].number))) {
                                old = &own[k];
                                now = &notice->numbers[m];
                                source = s->observed;
                        }
                }
                if (!shown && old == &own[k])
                        old = NULL;
        }
        for (uint32_t k = 0; old && k < n; k++) {
                if (own[k].number == now->number)
                        return false;
        }
        if (!old || v->units[source].origin != CLEW_RCA_RESULT)
                return false;
        x = clew_finding_add(ret, CLEW_RULE_WITHDRAWN, i, 1.0);
        clew_finding_evidence(x, i, text);
        clew_finding_evidence(x, v->units[notice->unit].step, v->units[notice->unit].text);
        clew_finding_say(ret, x,
                         "Step %u says %.*s, as step %u does; step %u, which speaks of a "
                         "correction, says %.*s.",
                         v->steps[i].number, CLEW_SHOWN(old->text, SHOWN_MAX),
                         v->steps[v->units[source].step].number,
                         v->steps[v->units[notice->unit].step].number,
                         CLEW_SHOWN(now->text, SHOWN_MAX));
        return true;
}

/* The same of all that step @i wrote: its text, and what it called. */
static bool goes_on_with_old(const struct clew_rca_view *v, uint32_t i, const struct notice *notice,
                             struct clew_findings *ret)
{
        const struct clew_rca_step *s = &v->steps[i];

        if (s->kind != CLEW_RCA_LLM)
                return false;
        for (uint32_t k = 0; k < s->n_calls; k++) {
                if (uses_old(v, i, v->calls[s->first_call + k].args, notice, ret))
                        return true;
        }
        return uses_old(v, i, s->text, notice, ret);
}

/* @text has a number that is the new one, or that rounded. */
static bool has_rounded(struct clew_slice text, double number)
{
        struct clew_token_iter it = clew_tokens_of(head(text, WORDS_MAX));
        struct clew_token t;

        while (clew_token_next(&it, &t)) {
                if (t.is_number && t.number > number * (1 - ROUNDED) &&
                    t.number < number * (1 + ROUNDED))
                        return true;
        }
        return false;
}

/* Somebody wrote the new figure later on. */
static bool is_taken(const struct clew_rca_view *v, const struct notice *notice)
{
        for (uint32_t u = notice->unit + 1; u < v->n_units; u++) {
                const struct clew_rca_unit *unit = &v->units[u];

                if (unit->origin != CLEW_RCA_WRITTEN && unit->origin != CLEW_RCA_ARGS)
                        continue;
                for (uint32_t k = 0; k < notice->n; k++) {
                        if (clew_sources_holds(unit->text, notice->numbers[k].text) ||
                            has_rounded(unit->text, notice->numbers[k].number))
                                return true;
                }
        }
        return false;
}

static void page_withdrew(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct notice *notice = clew_arena_alloc(v->arena, sizeof(*notice));
        uint32_t notices = 0;

        for (uint32_t u = 0; notice && u < v->n_units && notices < NOTICES_MAX; u++) {
                if (v->units[u].origin != CLEW_RCA_RESULT || !is_notice(v->units[u].text))
                        continue;
                notices++;
                notice->unit = u;
                notice->n = corrected_in(v->units[u].text, notice->numbers);
                if (notice->n == 0 || is_taken(v, notice))
                        continue;
                for (uint32_t i = v->units[u].step; i < v->n_steps; i++) {
                        if (goes_on_with_old(v, i, notice, ret))
                                break;
                }
        }
}

void clew_rule_withdrawn(const struct clew_rca_view *v, const struct clew_acts *acts,
                         struct clew_findings *ret)
{
        struct clew_sources seen = {.v = v};
        struct hearing h = {.last = CLEW_RCA_NONE};

        for (uint32_t i = 0; v->talk && i < acts->n && !seen.spent; i++) {
                if (hear(v, acts, i, &h) && !acts->items[i].is_text)
                        (void)user_withdrew(&seen, &acts->items[i], &h, ret);
        }
        page_withdrew(v, ret);
}
