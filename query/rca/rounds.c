/*
 * A rule about work that goes round and round: for each of several things the same tools are called
 * in turn (look it up, check it, book it), and in just one of the rounds a tool is missing.
 *
 * A round begins with each call of one tool that has other arguments than the last. The missing
 * tool was called once in every other round, and never before the first. It changes something, and
 * nothing else changed anything in that round; or the instructions speak of it, "before" or "each
 * time". Nothing is said where what was found in that round is another thing than in all others (an
 * error, nothing, "available": false), where a later call makes up for it or one call was made for
 * several, or where a user leaves it out. Who went on without it is to blame: the call behind which
 * it stood in the other rounds, or the one that began the next round, or that answered.
 */
#include "query/rca/flat.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/sentences-int.h"

#define ROUNDS_MIN 3u
#define ROUNDS_MAX 256u
#define TOOLS_MAX 24u
#define PROMPT_MAX 16384u
#define SENTENCE_MAX 320u
#define STATE_MAX 24u
#define VALUE_MIN 3u
#define ID_MIN 4u /* bytes; a shorter one is a count */
#define ID_MAX 64u

struct round_try {
        uint32_t starts[ROUNDS_MAX + 1]; /* indices into the actions; one more at the end */
        uint32_t n;
};

struct gap {
        uint32_t round; /* that lacks the tool */
        uint32_t tool;  /* an action with its name */
        uint32_t next;  /* an action that stands behind it in another round, or NONE */
};

/* The same call again right behind it is a second attempt. */
static bool is_again(const struct clew_acts *a, uint32_t i)
{
        return i > 0 && clew_slice_eq(a->items[i].name, a->items[i - 1].name) &&
               clew_slice_eq(a->items[i].args, a->items[i - 1].args);
}

static bool is_named(const struct clew_acts *a, uint32_t i, uint32_t as)
{
        return clew_slice_eq(a->items[i].name, a->items[as].name);
}

static bool may_repeat(const struct clew_act *act)
{
        return !act->is_text && !clew_rca_runs_programs(act->name) &&
               !clew_rca_hands_over(act->name) && clew_text_find(act->name, "calc") < 0;
}

/* The different tools of the run, by the first action of each. */
static uint32_t tools_of(const struct clew_acts *a, uint32_t ret[TOOLS_MAX])
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < a->n; i++) {
                uint32_t k = 0;

                while (k < n && !is_named(a, i, ret[k]))
                        k++;
                if (k == n && n == TOOLS_MAX)
                        return 0;
                if (k == n)
                        ret[n++] = i;
        }
        return n;
}

static void begin_rounds(const struct clew_acts *a, uint32_t tool, struct round_try *ret)
{
        ret->n = 0;
        for (uint32_t i = 0; i < a->n && ret->n < ROUNDS_MAX; i++) {
                if (is_named(a, i, tool) && !is_again(a, i))
                        ret->starts[ret->n++] = i;
        }
        ret->starts[ret->n] = a->n;
}

/* The one round that lacks @tool, where every other one has it once. */
static bool find_gap(const struct clew_acts *a, const struct round_try *r, uint32_t tool,
                     struct gap *ret)
{
        bool any = false;

        for (uint32_t i = 0; i < r->starts[0]; i++) {
                if (is_named(a, i, tool))
                        return false; /* rounds begin elsewhere */
        }
        ret->tool = tool;
        ret->next = CLEW_RCA_NONE;
        for (uint32_t k = 0; k < r->n; k++) {
                uint32_t times = 0;

                for (uint32_t i = r->starts[k] + 1; i < r->starts[k + 1]; i++) {
                        if (!is_named(a, i, tool) || is_again(a, i))
                                continue;
                        times++;
                        if (ret->next == CLEW_RCA_NONE && i + 1 < r->starts[k + 1] &&
                            !is_named(a, i + 1, tool))
                                ret->next = i + 1;
                }
                if (times > 1 || (times == 0 && any))
                        return false;
                if (times == 0) {
                        ret->round = k;
                        any = true;
                }
        }
        return any;
}

/* Who went on where the missing tool stands in other rounds. */
static uint32_t who_went_on(const struct clew_rca_view *v, const struct clew_acts *a,
                            const struct round_try *r, const struct gap *g)
{
        uint32_t last = r->starts[g->round + 1];

        for (uint32_t i = r->starts[g->round] + 1; g->next != CLEW_RCA_NONE && i < last; i++) {
                if (is_named(a, i, g->next))
                        return a->items[i].who;
        }
        if (last < a->n)
                return a->items[last].who;
        return v->last_llm != CLEW_RCA_NONE && v->last_llm > a->items[a->n - 1].who ? v->last_llm
                                                                                    : CLEW_RCA_NONE;
}

static bool changes(const struct clew_rca_view *v, const struct clew_act *act)
{
        const struct clew_rca_step *s = &v->steps[act->step];

        return (s->kind == CLEW_RCA_TOOL ? s->deed : clew_deed_of_name(act->name)) ==
               CLEW_DEED_CHANGES;
}

/* An instruction wants the tool before something, or each time. */
static bool is_wanted(const struct clew_rca_view *v, struct clew_slice tool)
{
        static const char *const words[] = {"before ", "every", "each ", "always", "must "};

        for (uint32_t u = 0; u < v->n_units; u++) {
                struct sentences all = {head(v->units[u].text, PROMPT_MAX), 0};
                struct clew_slice s;

                if (v->units[u].origin != CLEW_RCA_SYSTEM)
                        continue;
                while (next_sentence(&all, SENTENCE_MAX, &s)) {
                        if (clew_rca_names_tool(s, tool) && HAS_ANY(s, words))
                                return true;
                }
        }
        return false;
}

/* What the first call of a round brought. */
static struct clew_slice result_of(const struct clew_rca_view *v, const struct clew_act *act)
{
        const struct clew_rca_step *s = &v->steps[act->step];

        if (s->kind == CLEW_RCA_TOOL)
                return s->result;
        for (uint32_t i = act->step + 1; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_TOOL && v->steps[i].caller == act->who &&
                    clew_slice_eq(v->steps[i].name, act->name))
                        return v->steps[i].result;
        }
        return CLEW_SLICE_NULL;
}

/* true, null, "sold out": a value that is no name and no number. */
static bool is_state(const struct clew_flat_leaf *leaf)
{
        if (leaf->value.len == 0 || leaf->value.len > STATE_MAX || !leaf->key.len)
                return false;
        for (size_t i = 0; i < leaf->value.len; i++) {
                if (is_digit(leaf->value.data[i]))
                        return false;
        }
        return true;
}

/* The member at @path of what a round's first call brought; null without one. */
static struct clew_slice member_at(struct clew_slice result, uint64_t path)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, result);
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                if (clew_flat_path(&f) == path)
                        return leaf.value;
        }
        return CLEW_SLICE_NULL;
}

/* What the round found is another thing than what all others found: an error, nothing, or a member
 * that says the same in all of them and something else here. */
static bool is_other_finding(const struct clew_rca_view *v, const struct clew_acts *a,
                             const struct round_try *r, uint32_t gap)
{
        struct clew_slice own = result_of(v, &a->items[r->starts[gap]]);
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        if (clew_text_result_error(own) != CLEW_TROUBLE_NONE || clew_text_is_empty_result(own) ||
            clew_text_denies_result(own))
                return true;
        clew_flat_init(&f, own);
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                struct clew_slice other = CLEW_SLICE_NULL;
                uint64_t path = clew_flat_path(&f);
                bool same = true;

                for (uint32_t k = 0; k < r->n && same && is_state(&leaf); k++) {
                        struct clew_slice theirs;

                        if (k == gap)
                                continue;
                        theirs = member_at(result_of(v, &a->items[r->starts[k]]), path);
                        same = theirs.len && (!other.len || clew_slice_eq(other, theirs));
                        other = theirs;
                }
                if (same && other.len && !clew_slice_eq(other, leaf.value))
                        return true;
        }
        return false;
}

/* The next id or code of some length in @t: letters and digits, one digit at least. */
static bool next_id(struct clew_slice t, size_t *at, struct clew_slice *ret)
{
        while (*at < t.len) {
                size_t from = *at;
                bool digit = false;

                for (; *at < t.len &&
                       (is_alpha(t.data[*at]) || is_digit(t.data[*at]) || t.data[*at] == '_');
                     (*at)++)
                        digit |= is_digit(t.data[*at]);
                *ret = clew_slice_make(t.data + from, *at - from);
                if (digit && ret->len >= ID_MIN && ret->len <= ID_MAX)
                        return true;
                *at += *at == from;
        }
        return false;
}

static bool is_in_call(const struct clew_acts *a, uint32_t tool, struct clew_slice value)
{
        for (uint32_t i = 0; i < a->n; i++) {
                if (is_named(a, i, tool) &&
                    memmem(a->items[i].args.data, a->items[i].args.len, value.data, value.len))
                        return true;
        }
        return false;
}

/* A call of the missing tool takes an id that stands in what this round found and in no other: one
 * call for several. */
static bool is_made_for_several(const struct clew_rca_view *v, const struct clew_acts *a,
                                const struct round_try *r, const struct gap *g)
{
        struct clew_slice own = head(result_of(v, &a->items[r->starts[g->round]]), PROMPT_MAX);
        struct clew_slice id;
        size_t at = 0;

        while (next_id(own, &at, &id)) {
                bool elsewhere = false;

                if (!is_in_call(a, g->tool, id))
                        continue;
                for (uint32_t k = 0; k < r->n && !elsewhere; k++) {
                        struct clew_slice other = result_of(v, &a->items[r->starts[k]]);

                        elsewhere = k != g->round && other.len &&
                                    memmem(other.data, other.len, id.data, id.len);
                }
                if (!elsewhere)
                        return true;
        }
        return false;
}

/* A later call of the missing tool speaks of what the round is about; or a user leaves it out. */
static bool is_made_elsewhere(const struct clew_acts *a, const struct round_try *r,
                              const struct gap *g)
{
        static const char *const but[] = {"except", "all but", "skip",   "only",      "not ",
                                          "n't",    "without", "leave ", "other than"};
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, head(a->items[r->starts[g->round]].args, CLEW_ACTS_ARGS_MAX));
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                struct sentences all = {a->heard, 0};
                struct clew_slice s;

                if (leaf.value.len < VALUE_MIN)
                        continue;
                if (is_in_call(a, g->tool, leaf.value))
                        return true;
                while (next_sentence(&all, SENTENCE_MAX, &s)) {
                        if (memmem(s.data, s.len, leaf.value.data, leaf.value.len) &&
                            HAS_ANY(s, but))
                                return true;
                }
        }
        return false;
}

/* The gap says something: see above. */
static bool tells(const struct clew_rca_view *v, const struct clew_acts *a,
                  const struct round_try *r, const struct gap *g)
{
        if (is_made_elsewhere(a, r, g) || is_made_for_several(v, a, r, g) ||
            is_other_finding(v, a, r, g->round))
                return false;
        if (!changes(v, &a->items[g->tool]))
                return is_wanted(v, a->items[g->tool].name);
        for (uint32_t i = r->starts[g->round]; i < r->starts[g->round + 1]; i++) {
                if (changes(v, &a->items[i]))
                        return false;
        }
        return true;
}

void clew_rule_missed_round(const struct clew_rca_view *v, const struct clew_acts *acts,
                            struct clew_findings *ret)
{
        struct round_try *r = clew_arena_alloc(v->arena, 2 * sizeof(*r));
        struct round_try *best = r ? r + 1 : NULL;
        struct gap found = {0, CLEW_RCA_NONE, CLEW_RCA_NONE};
        uint32_t tools[TOOLS_MAX];
        uint32_t n = r ? tools_of(acts, tools) : 0;
        struct clew_finding *f;
        uint32_t who;

        for (uint32_t i = 0; i < n; i++) {
                begin_rounds(acts, tools[i], r);
                if (r->n < ROUNDS_MIN || !may_repeat(&acts->items[tools[i]]))
                        continue;
                for (uint32_t k = 0; k < n; k++) {
                        struct gap g;
                        bool better;

                        if (k == i || !may_repeat(&acts->items[tools[k]]) ||
                            !find_gap(acts, r, tools[k], &g) || !tells(v, acts, r, &g))
                                continue;
                        better = found.tool == CLEW_RCA_NONE ||
                                 changes(v, &acts->items[g.tool]) >
                                         changes(v, &acts->items[found.tool]) ||
                                 (changes(v, &acts->items[g.tool]) ==
                                          changes(v, &acts->items[found.tool]) &&
                                  r->n > best->n);
                        if (better) {
                                found = g;
                                *best = *r;
                        }
                }
        }
        if (found.tool == CLEW_RCA_NONE)
                return;
        who = who_went_on(v, acts, best, &found);
        f = who == CLEW_RCA_NONE ? NULL
                                 : clew_finding_add(ret, CLEW_RULE_MISSED_ROUND, who,
                                                    best->n > ROUNDS_MIN ? 1.2 : 0.7);
        clew_finding_evidence(f, acts->items[best->starts[found.round]].step,
                              acts->items[best->starts[found.round]].args);
        clew_finding_say(ret, f,
                         "Step %u went on without %.*s, which was called after each other call of "
                         "%.*s (%u), but not after that of step %u.",
                         f ? v->steps[who].number : 0, CLEW_SHOWN(acts->items[found.tool].name, 60),
                         CLEW_SHOWN(acts->items[best->starts[0]].name, 60), best->n - 1,
                         v->steps[acts->items[best->starts[found.round]].who].number);
}
