/*
 * The rule about asking again: one question put to a tool in the same words, whatever it answers.
 *
 * A loop (loops.c) is the same call with the same answer. A search engine gives other hits each
 * time, an agent that was sent out twice writes another report, and a query turns its words round
 * or puts them in quotes; to ask once more is a waste all the same. What is asked in words is a
 * question; ids, flags and page numbers are not, so polling and paging stay out of it.
 */
#include "proto/base/hash.h"
#include "query/rca/flat.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define SERIES_MAX 64u     /* questions remembered; the one longest unused is forgotten */
#define WORDS_MAX 48u      /* of one question */
#define WORDS_MIN 3u       /* "Ada Lovelace" is a name, more is a question */
#define QUESTION_MAX 1200u /* bytes; longer arguments are texts and programs */
#define ALIKE 0.75         /* of the words */
#define ROUNDS_MIN 3u

struct series {
        struct clew_slice tool;
        uint32_t agent;
        uint64_t hash[WORDS_MAX];
        struct clew_words words;
        uint32_t first; /* tool steps */
        uint32_t last;
        uint32_t between[CLEW_RCA_EFFECTS_MAX];
        uint32_t count;
        bool varied; /* the words differ a little */
};

/* A letter of any alphabet. */
static bool is_letter(uint8_t c)
{
        return c >= 0x80 || is_alpha(c);
}

/* Words and ordinary marks; expressions, addresses and markup are read again for good reasons. */
static bool is_prose(struct clew_slice text)
{
        static const char marks[] = "{}()[]<>=;|$/_`";

        for (size_t i = 0; i < text.len; i++) {
                if (memchr(marks, text.data[i], sizeof(marks) - 1))
                        return false;
        }
        return true;
}

/* WORDS_MIN words that begin with a letter: a date is none, whatever its parts are called. */
static bool has_words(struct clew_slice text)
{
        uint32_t n = 0;

        for (size_t i = 0; i < text.len && n < WORDS_MIN; i++)
                n += is_letter(text.data[i]) && (i == 0 || !is_letter(text.data[i - 1]));
        return n >= WORDS_MIN;
}

/* The words of the question in @args, and in `values` whatever else was asked: numbers of the
 * question, and all other arguments. False when there is no question. */
static bool question_of(struct clew_slice args, uint64_t hash[WORDS_MAX], struct clew_words *ret)
{
        uint64_t room[CLEW_WORDS_MAX];
        struct clew_flat f;
        struct clew_flat_leaf leaf = {.value = args, .is_string = true};
        struct clew_words all = {.n = 0};

        if (args.len == 0 || args.len > QUESTION_MAX)
                return false;
        clew_flat_init(&f, args);
        while (!f.is_json || clew_flat_next(&f, &leaf)) {
                struct clew_words w;

                clew_words_of(leaf.value, room, &w);
                if (leaf.is_string && w.total >= WORDS_MIN && has_words(leaf.value)) {
                        all.values += w.values;
                        if (all.n > 0 || w.n > WORDS_MAX || !is_prose(leaf.value))
                                return false; /* a text, or several */
                        memcpy(hash, w.hash, w.n * sizeof(*hash));
                        all.n = w.n;
                        all.total = w.total;
                } else {
                        all.values +=
                                clew_hash_seeded(leaf.value, f.is_json ? clew_flat_path(&f) : 0);
                }
                if (!f.is_json)
                        break;
        }
        all.hash = hash;
        *ret = all;
        return all.n >= WORDS_MIN;
}

static void report(const struct clew_rca_view *v, const struct series *s, struct clew_findings *ret)
{
        const struct clew_rca_step *first = &v->steps[s->first];
        struct clew_finding *f;

        if (s->count < ROUNDS_MIN)
                return;
        f = clew_finding_add(ret, CLEW_RULE_REPEATED_QUERY, clew_rca_blame(v, s->last),
                             s->count > ROUNDS_MIN ? 1.1 : 1.0);
        for (uint32_t k = 0; k + 2 < s->count && k < CLEW_RCA_EFFECTS_MAX - 1; k++)
                clew_finding_effect(f, clew_rca_blame(v, s->between[k]));
        clew_finding_effect(f, s->last);
        clew_finding_evidence(f, s->first, first->args);
        clew_finding_evidence(f, s->last, v->steps[s->last].args);
        clew_finding_say(ret, f, "%.*s was asked the same in %s words %u times (steps %u to %u).",
                         CLEW_SHOWN(first->name, 60), s->varied ? "nearly the same" : "the same",
                         s->count, first->number, v->steps[s->last].number);
}

/* What moves on in a page asks nothing: its words name a link or a button. */
static bool moves_on(struct clew_slice name)
{
        static const char *const moves[] = {"click",  "scroll", "page_down", "page_up", "pagedown",
                                            "pageup", "press",  "hover",     "tap"};

        return HAS_ANY(name, moves);
}

/* What answers with less than it was told only takes note. */
static bool takes_note(const struct clew_rca_step *s)
{
        return s->has_result && s->result.len < s->args.len;
}

/* The agent used another tool between two questions: they may be about another page, another time.
 */
static bool did_otherwise(const struct clew_rca_view *v, uint32_t from, uint32_t to)
{
        for (uint32_t i = from + 1; i < to; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_TOOL && s->agent == v->steps[from].agent &&
                    !clew_slice_eq(s->name, v->steps[from].name) && !takes_note(s))
                        return true;
        }
        return false;
}

static struct series *series_of(struct series *all, uint32_t n, const struct clew_rca_step *s,
                                const struct clew_words *words)
{
        for (uint32_t k = 0; k < n; k++) {
                if (clew_slice_eq(all[k].tool, s->name) && all[k].agent == s->agent &&
                    all[k].words.values == words->values &&
                    clew_words_jaccard(&all[k].words, words) >= ALIKE)
                        return &all[k];
        }
        return NULL;
}

/* A place for a new series: a free one, else that of the one longest unused, which is reported. */
static struct series *place_for(const struct clew_rca_view *v, struct series *all, uint32_t *n,
                                struct clew_findings *ret)
{
        struct series *oldest = &all[0];

        if (*n < SERIES_MAX)
                return &all[(*n)++];
        for (uint32_t k = 1; k < SERIES_MAX; k++) {
                if (all[k].last < oldest->last)
                        oldest = &all[k];
        }
        report(v, oldest, ret);
        return oldest;
}

void clew_rule_repeated_query(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct series *all = clew_arena_alloc(v->arena, SERIES_MAX * sizeof(*all));
        uint32_t n = 0;

        for (uint32_t i = 0; all && i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                uint64_t hash[WORDS_MAX];
                struct clew_words words;
                struct series *at;

                if (s->kind != CLEW_RCA_TOOL || clew_rca_has_error(s) || takes_note(s) ||
                    moves_on(s->name) || (v->shell.len && clew_slice_eq(s->name, v->shell)) ||
                    clew_deed_of_line(s->name, s->args) != CLEW_DEED_UNKNOWN ||
                    !question_of(s->args, hash, &words))
                        continue;
                at = series_of(all, n, s, &words);
                if (at && did_otherwise(v, at->last, i)) {
                        report(v, at, ret);
                } else if (at) {
                        at->between[(at->count - 1) % CLEW_RCA_EFFECTS_MAX] = i;
                        at->varied |= clew_words_jaccard(&at->words, &words) < 1;
                        at->count++;
                        at->last = i;
                        continue;
                }
                if (!at)
                        at = place_for(v, all, &n, ret);
                *at = (struct series){
                        .tool = s->name, .agent = s->agent, .first = i, .last = i, .count = 1};
                memcpy(at->hash, hash, words.n * sizeof(*hash));
                words.hash = at->hash;
                at->words = words;
        }
        for (uint32_t k = 0; k < n; k++)
                report(v, &all[k], ret);
}
