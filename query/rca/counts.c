/*
 * A rule about counting: a text gives a number of things that no property of the list it was given
 * has.
 *
 * Of a JSON result the size of every list (array or object) is known, and how many of its members
 * have each value of each property (how many are "available": true). A count near the size of the
 * list that is neither is a miscount.
 */
#include "proto/base/hash.h"
#include "proto/base/json.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define COUNTED_WORDS 5u /* behind a number, that may name what is counted */
#define LIST_MIN 5u      /* members; fewer are counted at a glance */
#define LISTS_MAX 128u   /* of one result */
#define TALLIES_MAX 512u /* values of properties, over all lists of one result */
#define RESULT_MAX 65536u
#define TEXT_MAX 4096u
#define NEAR 3.0 /* how far a count of the list may be off to be meant as one */

struct tally {
        uint64_t property; /* of list, name and value */
        uint32_t n;
};

struct lists {
        uint32_t size[LISTS_MAX];
        uint32_t n;
        struct tally tallies[TALLIES_MAX];
        uint32_t n_tallies;
};

struct level {
        uint32_t list; /* index, or LISTS_MAX when there are too many */
        uint64_t key;  /* of the member that is read, for objects */
};

static void count(struct lists *l, uint32_t list, uint64_t key, const struct clew_json_reader *r)
{
        uint64_t property =
                clew_hash_seeded(r->text, key ^ (((uint64_t)list << 8) | (uint64_t)r->token) << 40);

        if (list >= LISTS_MAX)
                return;
        for (uint32_t i = 0; i < l->n_tallies; i++) {
                if (l->tallies[i].property == property) {
                        l->tallies[i].n++;
                        return;
                }
        }
        if (l->n_tallies < TALLIES_MAX)
                l->tallies[l->n_tallies++] = (struct tally){property, 1};
}

/* A value of @r's token inside the object at @depth: its list is the one around that object. */
static void note_value(struct lists *l, struct level *stack, unsigned depth,
                       const struct clew_json_reader *r)
{
        if (depth >= 1 && stack[depth].list < LISTS_MAX)
                l->size[stack[depth].list]++;
        if (depth >= 2)
                count(l, stack[depth - 1].list, stack[depth].key, r);
}

static bool read_lists(struct clew_slice text, struct lists *ret)
{
        struct level stack[CLEW_JSON_DEPTH_DEFAULT + 2];
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        unsigned depth = 0;

        ret->n = ret->n_tallies = 0;
        for (;;) {
                switch (clew_json_next(&r)) {
                case CLEW_JSON_OBJECT_BEGIN:
                case CLEW_JSON_ARRAY_BEGIN:
                        if (depth >= 1 && stack[depth].list < LISTS_MAX)
                                ret->size[stack[depth].list]++;
                        depth++;
                        stack[depth] = (struct level){ret->n < LISTS_MAX ? ret->n : LISTS_MAX, 0};
                        if (ret->n < LISTS_MAX)
                                ret->size[ret->n++] = 0;
                        break;
                case CLEW_JSON_OBJECT_END:
                case CLEW_JSON_ARRAY_END:
                        depth--;
                        break;
                case CLEW_JSON_KEY:
                        stack[depth].key = clew_hash(r.text);
                        break;
                case CLEW_JSON_END:
                        return r.status == CLEW_JSON_COMPLETE && ret->n < LISTS_MAX &&
                               ret->n_tallies < TALLIES_MAX;
                case CLEW_JSON_STRING:
                case CLEW_JSON_NUMBER:
                case CLEW_JSON_TRUE:
                case CLEW_JSON_FALSE:
                case CLEW_JSON_NULL:
                        note_value(ret, stack, depth, &r);
                        break;
                }
        }
}

/* The size of the list that @n is a wrong count of, or 0. */
static uint32_t miscounted(const struct lists *l, double n)
{
        uint32_t best = 0;

        for (uint32_t i = 0; i < l->n; i++) {
                double off = (double)l->size[i] - n;

                if (l->size[i] == n)
                        return 0;
                if (l->size[i] >= LIST_MIN && l->size[i] > best && off <= NEAR && off >= -NEAR)
                        best = l->size[i];
        }
        for (uint32_t i = 0; i < l->n_tallies; i++) {
                if (l->tallies[i].n == n)
                        return 0;
        }
        return best;
}

/* @word with no other letter before it, and at most an "s" behind. */
static bool stands_alone(struct clew_slice t, const char *word, size_t n)
{
        size_t base = 0;

        while (base + n <= t.len) {
                ptrdiff_t at = clew_text_find(clew_slice_from(t, base), word);
                size_t from = base + (at < 0 ? 0 : (size_t)at);
                size_t to = from + n;

                if (at < 0)
                        return false;
                to += to < t.len && lower(t.data[to]) == 's';
                if ((from == 0 || !is_alpha(t.data[from - 1])) &&
                    (to == t.len || !is_alpha(t.data[to])))
                        return true;
                base = from + 1;
        }
        return false;
}

/* "11 available T-shirts": a bare number before a word, and not a price, a place in a list or a
 * size. */
static bool is_count(struct clew_slice text, const struct clew_token *t)
{
        static const char *const after[] = {"day",     "hour", "minute", "inch", "month", "year",
                                            "percent", "am",   "pm",     "gb",   "mb",    "mp"};
        size_t at = (size_t)t->offset + t->text.len;
        struct clew_slice rest;

        if (!t->is_number || t->is_list_mark || t->number < LIST_MIN - 1 || t->digits > 3 ||
            memchr(t->text.data, '.', t->text.len))
                return false;
        if (t->offset > 0 && !is_space(text.data[t->offset - 1]) && text.data[t->offset - 1] != '*')
                return false;
        while (at < text.len && text.data[at] == '*')
                at++;
        if (at + 2 >= text.len || text.data[at] != ' ' || !is_alpha(text.data[at + 1]))
                return false;
        rest = clew_slice_from(text, at + 1);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(after); i++) {
                if (clew_text_begins(head(rest, strlen(after[i])), after[i]))
                        return false;
        }
        return true;
}

/* One of the words behind the number stands in the result, or in the name of its tool: it is these
 * things that are counted. A final "s" is no difference. */
static bool is_of_the_list(struct clew_slice text, const struct clew_token *t,
                           const struct clew_rca_step *from)
{
        size_t at = (size_t)t->offset + t->text.len;

        for (uint32_t n = 0; n < COUNTED_WORDS && at < text.len; n++) {
                char word[32];
                size_t k = 0;

                while (at < text.len && (text.data[at] == ' ' || text.data[at] == '*'))
                        at++;
                while (at < text.len && k + 1 < sizeof(word) &&
                       (is_alpha(text.data[at]) || text.data[at] == '-'))
                        word[k++] = (char)lower(text.data[at++]);
                while (k > 3 && word[k - 1] == 's')
                        k--;
                word[k] = 0;
                if (k < 3)
                        return false;
                if (stands_alone(from->result, word, k) || stands_alone(from->name, word, k))
                        return true;
                if (at < text.len && text.data[at] != ' ')
                        return false; /* the phrase ends */
        }
        return false;
}

/* A number of things in the text of step @i that the result of step @from does not bear out. */
static void check_counts(const struct clew_rca_view *v, uint32_t i, uint32_t from,
                         const struct lists *lists, size_t *searched, struct clew_findings *ret)
{
        const struct clew_rca_step *s = &v->steps[i];
        struct clew_token_iter it = clew_tokens_of(s->text);
        struct clew_token t;

        while (clew_token_next(&it, &t)) {
                struct clew_finding *f;
                uint32_t size;

                if (!is_count(s->text, &t))
                        continue;
                size = miscounted(lists, t.number);
                if (size == 0 || !is_of_the_list(s->text, &t, &v->steps[from]) ||
                    clew_rca_shown_before(v, &t, s->first_unit + s->n_units, searched))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_WRONG_COUNT, i, 1.0);
                clew_finding_effect(f, from);
                clew_finding_evidence(f, i, clew_slice_from(s->text, t.offset));
                clew_finding_say(
                        ret, f,
                        "Step %u counts %.*s; the list in step %u (%.*s) has %u entries, and no "
                        "value of theirs occurs %.*s times.",
                        s->number, CLEW_SHOWN(t.text, 8), v->steps[from].number,
                        CLEW_SHOWN(v->steps[from].name, 60), size, CLEW_SHOWN(t.text, 8));
                return;
        }
}

void clew_rule_wrong_count(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct lists *lists = clew_arena_alloc(v->arena, sizeof(*lists));
        size_t searched = 0;

        for (uint32_t i = 1; lists && i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                const struct clew_rca_step *t = &v->steps[i - 1];

                if (s->kind != CLEW_RCA_LLM || s->n_calls > 0 || s->text.len == 0 ||
                    s->text.len > TEXT_MAX || t->kind != CLEW_RCA_TOOL ||
                    t->result.len > RESULT_MAX || t->result.len < 2 ||
                    (t->result.data[0] != '{' && t->result.data[0] != '['))
                        continue;
                if (read_lists(t->result, lists))
                        check_counts(v, i, i - 1, lists, &searched, ret);
        }
}
