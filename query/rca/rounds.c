/*
 * A rule about work that goes round and round: for each of several things the same tools are called
 * in turn (look it up, check it, book it), and in just one of the rounds a tool is missing.
 *
 * A round begins with each call of one tool that has other arguments than the last. The missing
 * tool was called once in every other round, and never before the first. It changes something, and
 * nothing else changed anything in that round; or the instructions speak of it, "before" or "each
 * time". Who went on without it is to blame: the call behind which it stood in the other rounds, or
 * the one that began the next round, or that answered.
 */
#include "query/rca/request-rules-int.h"
#include "query/rca/sentences-int.h"

#define ROUNDS_MIN 3u
#define ROUNDS_MAX 256u
#define TOOLS_MAX 24u
#define PROMPT_MAX 16384u
#define SENTENCE_MAX 320u

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
               !clew_rca_hands_over(act->name);
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

/* The gap says something: see above. */
static bool tells(const struct clew_rca_view *v, const struct clew_acts *a,
                  const struct round_try *r, const struct gap *g)
{
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
