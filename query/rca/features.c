/*
 * Where a step stands in its run, as numbers (candidates.h).
 *
 * Nothing here says that a step is wrong: it is what a person knows of it before reading a word of
 * what it wrote. Each is a share, a yes or no, or a logarithm, so that short and long runs compare.
 */
#include "query/rca/features.h"

#include "proto/base/hash.h"
#include "query/rca/wording-int.h"

#include <math.h>

#define SPEAKERS_MAX 64u
#define TEAM_MIN 2u
#define PROMPTS_MAX 8u
#define LOG_LENGTH 10.0 /* logarithm of a long text: lengths are shares of it */
#define LOG_CALLS 2.5   /* logarithm of the calls of a usual run */

static const char *const names[CLEW_FEATURE_COUNT] = {"first-sign",
                                                      "signs-before",
                                                      "shows",
                                                      "explains",
                                                      "more-signs",
                                                      "harmless",
                                                      "tool",
                                                      "bad-tool",
                                                      "late",
                                                      "calls-before",
                                                      "first-call",
                                                      "second-call",
                                                      "third-call",
                                                      "last-call",
                                                      "last-but-one",
                                                      "acts",
                                                      "changes",
                                                      "looks",
                                                      "bad-action",
                                                      "mended",
                                                      "reads-bad",
                                                      "answers",
                                                      "asks",
                                                      "behind-user",
                                                      "long-text",
                                                      "novel",
                                                      "lead",
                                                      "worker",
                                                      "joins",
                                                      "talker",
                                                      "team-late",
                                                      "team-first",
                                                      "team-last",
                                                      "talk-late",
                                                      "talk-changes",
                                                      "programs-late",
                                                      "programs-last",
                                                      "takes",
                                                      "hands",
                                                      "lead-hands",
                                                      "lead-takes",
                                                      "first-takes",
                                                      "first-worker",
                                                      "last-worker",
                                                      "orders-first",
                                                      "orders-last",
                                                      "supposes",
                                                      "concludes",
                                                      "excuses",
                                                      "checks",
                                                      "questions",
                                                      "program",
                                                      "numbers",
                                                      "said",
                                                      "new-words",
                                                      "new-names",
                                                      "new-share",
                                                      "reads",
                                                      "reads-any",
                                                      "alike",
                                                      "asked",
                                                      "acts-asked",
                                                      "found",
                                                      "ordered",
                                                      "kept",
                                                      "wrote",
                                                      "brought",
                                                      "order-square",
                                                      "late-square",
                                                      "order-long",
                                                      "late-long",
                                                      "team-order",
                                                      "team-order-square",
                                                      "team-late-long",
                                                      "talk-order",
                                                      "talk-order-square",
                                                      "talk-late-long",
                                                      "programs-order",
                                                      "programs-order-square",
                                                      "programs-late-long",
                                                      "solo-late",
                                                      "solo-order",
                                                      "solo-order-square",
                                                      "solo-late-long"};

const char *clew_feature_name(enum clew_feature feature)
{
        return names[feature];
}

/* ---- what is known of the run as a whole ---------------------------------------------------- */

struct speaker {
        uint64_t name;
        uint32_t calls;
        uint32_t last; /* call of it so far */
};

/* What is needed of each model call, by step. */
struct call {
        uint32_t order;  /* among the model calls, from 0 */
        bool joins;      /* the first one of an agent that did not begin */
        bool gives;      /* an agent that did not begin speaks next */
        bool acts;       /* something was carried out before the next call */
        bool changes;    /* that may have changed something */
        bool looks;      /* that brought something in */
        bool bad;        /* and failed or was empty */
        bool mended;     /* and went well at a later try */
        bool reads_bad;  /* what it read last was bad */
        uint32_t novel;  /* values that nobody had shown before */
        uint32_t talks;  /* calls of its agent */
        uint32_t before; /* the call of its agent before it, or NONE */
        bool takes;      /* another agent made the call before it */
        bool hands;      /* and the call after it */
};

struct clew_features_run {
        const struct clew_rca_view *v;
        struct call *calls;
        struct clew_wording *wording;
        uint32_t n_calls;
        uint32_t first_worker; /* the first and the last call of an agent that did not begin */
        uint32_t last_worker;
        uint32_t first_taken;  /* the first call by another agent than the one before it */
        uint32_t orders_first; /* calls right before those of the workers, of whomever */
        uint32_t orders_last;
        uint32_t answer;
        uint32_t most; /* calls of the agent, other than the first one, that spoke most */
        double mean;   /* of the logarithm of a text's length */
        bool team;
        bool programs;
        bool by_prompt; /* agents are told apart by their system prompts */
};

static bool is_bad(const struct clew_rca_step *s)
{
        return clew_rca_has_error(s) || (s->has_result && s->empty);
}

/* Logarithm of how much a model call wrote; an error that it gave back is nothing. */
static double length_of(const struct clew_rca_step *s)
{
        return clew_rca_has_error(s) ? 0 : log1p((double)s->text.len);
}

static uint64_t name_of(const struct clew_features_run *run, const struct clew_rca_step *s)
{
        if (s->agent_name.len)
                return clew_hash(s->agent_name);
        return run->by_prompt ? s->system_hash : s->agent;
}

bool clew_rca_prompts_are_agents(const struct clew_rca_view *v)
{
        uint64_t prompts[PROMPTS_MAX];
        uint32_t n = 0;
        uint32_t calls = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                uint32_t k = 0;

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                if (s->agent_name.len)
                        return false;
                while (k < n && prompts[k] != s->system_hash)
                        k++;
                if (k == PROMPTS_MAX)
                        return false;
                if (k == n)
                        prompts[n++] = s->system_hash;
                calls++;
        }
        return n >= TEAM_MIN && n * 2 <= calls;
}

/* Counts who spoke how often; the first calls of those who joined later are marked. */
static void meet_speakers(struct clew_features_run *run)
{
        const struct clew_rca_view *v = run->v;
        struct speaker all[SPEAKERS_MAX];
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                uint64_t name;
                uint32_t k = 0;

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                name = name_of(run, s);
                while (k < n && all[k].name != name)
                        k++;
                if (k == SPEAKERS_MAX)
                        continue;
                if (k == n) {
                        all[n++] = (struct speaker){name, 0, CLEW_RCA_NONE};
                        run->calls[i].joins = k > 0;
                }
                run->calls[i].before = all[k].last;
                all[k].last = i;
                all[k].calls++;
        }
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind != CLEW_RCA_LLM)
                        continue;
                for (uint32_t k = 0; k < n; k++) {
                        if (all[k].name == name_of(run, &v->steps[i]))
                                run->calls[i].talks = all[k].calls;
                }
        }
        for (uint32_t k = 1; k < n; k++)
                run->most = all[k].calls > run->most ? all[k].calls : run->most;
        run->team = n >= TEAM_MIN;
}

/* Who spoke before whom. */
static void meet_turns(struct clew_features_run *run)
{
        const struct clew_rca_view *v = run->v;
        uint64_t lead = v->first_llm == CLEW_RCA_NONE ? 0 : name_of(run, &v->steps[v->first_llm]);
        uint32_t before = CLEW_RCA_NONE;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                uint64_t name;

                if (v->steps[i].kind != CLEW_RCA_LLM)
                        continue;
                name = name_of(run, &v->steps[i]);
                if (before != CLEW_RCA_NONE && name_of(run, &v->steps[before]) != name) {
                        run->calls[i].takes = run->calls[before].hands = true;
                        run->calls[before].gives = name != lead;
                        if (run->first_taken == CLEW_RCA_NONE)
                                run->first_taken = i;
                }
                if (name != lead) {
                        if (run->first_worker == CLEW_RCA_NONE) {
                                run->first_worker = i;
                                run->orders_first = before;
                        }
                        run->last_worker = i;
                        run->orders_last = before;
                }
                before = i;
        }
}

/* A program in the text, or a tool right behind it: what holds whether or not agents have spans. */
static bool acts_at_once(const struct clew_rca_view *v, uint32_t i)
{
        for (uint32_t k = i + 1; k < v->n_steps && v->steps[k].kind != CLEW_RCA_LLM; k++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL)
                        return true;
        }
        return v->acts_in_text && clew_text_program(v->steps[i].text) >= 0;
}

static void meet_tool(struct call *c, struct clew_slice name, enum clew_deed deed)
{
        c->acts = true;
        if (deed == CLEW_DEED_READS)
                c->looks = true;
        else if (!clew_rca_proves_identity(name) && !clew_rca_hands_over(name) &&
                 !clew_rca_gives_answer(name))
                c->changes = true;
}

static void meet_tools(struct clew_features_run *run)
{
        const struct clew_rca_view *v = run->v;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct call *c;

                for (uint32_t k = 0; s->kind == CLEW_RCA_LLM && k < s->n_calls; k++) {
                        const struct clew_rca_call *call = &v->calls[s->first_call + k];

                        meet_tool(&run->calls[i], call->name,
                                  call->tool_step == CLEW_RCA_NONE
                                          ? call->deed
                                          : v->steps[call->tool_step].deed);
                }
                if (s->kind != CLEW_RCA_TOOL || s->caller == CLEW_RCA_NONE)
                        continue;
                c = &run->calls[s->caller];
                meet_tool(c, s->name, s->deed);
                if (!is_bad(s))
                        continue;
                c->bad = true;
                c->mended |= clew_rca_recovery_of(v, i) != CLEW_RCA_NONE;
                if (s->next_llm != CLEW_RCA_NONE)
                        run->calls[s->next_llm].reads_bad = true;
        }
}

static void meet_values(struct clew_features_run *run)
{
        const struct clew_rca_view *v = run->v;

        for (uint32_t k = 0; k < v->n_novel; k++) {
                uint32_t step = v->units[v->novel[k].unit].step;

                if (v->steps[step].kind == CLEW_RCA_TOOL && v->steps[step].caller != CLEW_RCA_NONE)
                        step = v->steps[step].caller;
                run->calls[step].novel++;
        }
}

struct clew_features_run *clew_features_begin(const struct clew_rca_view *v)
{
        struct clew_features_run *run = clew_arena_calloc(v->arena, 1, sizeof(*run));
        double sum = 0;

        if (!run)
                return NULL;
        run->v = v;
        run->first_worker = run->last_worker = run->first_taken = CLEW_RCA_NONE;
        run->orders_first = run->orders_last = CLEW_RCA_NONE;
        run->wording = clew_wording_of(v);
        run->calls = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*run->calls));
        if (!run->calls || !run->wording)
                return NULL;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind != CLEW_RCA_LLM)
                        continue;
                run->calls[i].order = run->n_calls++;
                sum += length_of(&v->steps[i]);
        }
        run->mean = run->n_calls ? sum / run->n_calls : 0;
        run->answer = v->last_llm == CLEW_RCA_NONE ? CLEW_RCA_NONE : clew_rca_answer_call(v);
        run->programs = v->acts_in_text || v->shell.len > 0;
        run->by_prompt = clew_rca_prompts_are_agents(v);
        meet_speakers(run);
        meet_turns(run);
        meet_tools(run);
        meet_values(run);
        return run;
}

/* ---- a step --------------------------------------------------------------------------------- */

static bool asks(struct clew_slice text)
{
        text = clew_text_trim(text);
        return text.len > 0 && text.data[text.len - 1] == '?';
}

/* A user, not a tool, spoke right before LLM step @i. */
static bool behind_user(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];

        for (uint32_t u = s->first_unit; u < s->first_unit + s->n_units && u < v->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_USER)
                        return true;
        }
        return false;
}

/* Who speaks before and after LLM step @i of a team. */
static void of_turn(const struct clew_features_run *run, uint32_t i, bool lead, double *x)
{
        const struct call *c = &run->calls[i];

        x[CLEW_FEATURE_TAKES] = c->takes;
        x[CLEW_FEATURE_HANDS] = c->hands;
        x[CLEW_FEATURE_LEAD_HANDS] = lead && c->hands;
        x[CLEW_FEATURE_LEAD_TAKES] = lead && c->takes;
        x[CLEW_FEATURE_FIRST_TAKES] = i == run->first_taken;
        x[CLEW_FEATURE_FIRST_WORKER] = i == run->first_worker;
        x[CLEW_FEATURE_LAST_WORKER] = i == run->last_worker;
        x[CLEW_FEATURE_ORDERS_FIRST] = lead && i == run->orders_first;
        x[CLEW_FEATURE_ORDERS_LAST] = lead && i == run->orders_last;
}

/* How LLM step @i is worded; what failed has no words. */
static void of_wording(const struct clew_features_run *run, uint32_t i, double *x)
{
        const struct clew_rca_view *v = run->v;
        const struct clew_rca_step *s = &v->steps[i];
        const struct clew_wording *w = &run->wording[i];
        uint32_t before = run->calls[i].before;

        x[CLEW_FEATURE_READS] = log1p(w->reads) / LOG_LENGTH;
        x[CLEW_FEATURE_READS_ANY] = w->reads > 0;
        x[CLEW_FEATURE_FOUND] = w->found;
        x[CLEW_FEATURE_BROUGHT] = w->brought;
        if (clew_rca_has_error(s))
                return;
        x[CLEW_FEATURE_ASKED] = w->asked;
        x[CLEW_FEATURE_ACTS_ASKED] = run->calls[i].acts || clew_rca_acted(v, i) ? w->asked : 0;
        x[CLEW_FEATURE_ORDERED] = w->ordered;
        x[CLEW_FEATURE_KEPT] = w->kept;
        x[CLEW_FEATURE_WROTE] = w->wrote;
        x[CLEW_FEATURE_SUPPOSES] = w->supposes;
        x[CLEW_FEATURE_CONCLUDES] = w->concludes;
        x[CLEW_FEATURE_EXCUSES] = w->excuses;
        x[CLEW_FEATURE_CHECKS] = w->checks;
        x[CLEW_FEATURE_QUESTIONS] = w->questions;
        x[CLEW_FEATURE_PROGRAM] = w->program;
        x[CLEW_FEATURE_NUMBERS] = log1p(w->numbers);
        x[CLEW_FEATURE_SAID] = length_of(s) / LOG_LENGTH;
        x[CLEW_FEATURE_NEW_WORDS] = log1p(w->new_words);
        x[CLEW_FEATURE_NEW_NAMES] = log1p(w->new_names);
        x[CLEW_FEATURE_NEW_SHARE] = w->words ? (double)w->new_words / w->words : 0;
        if (s->words != CLEW_RCA_NONE && before != CLEW_RCA_NONE &&
            v->steps[before].words != CLEW_RCA_NONE)
                x[CLEW_FEATURE_ALIKE] =
                        clew_words_jaccard(&v->words[s->words], &v->words[v->steps[before].words]);
}

/* The shape of the place of LLM step @i, which is @late (0 to 1), and that by kind of run. */
static void of_shape(const struct clew_features_run *run, uint32_t i, double late, double *x)
{
        double order = log1p(run->calls[i].order);
        double longer = log1p(run->n_calls) - LOG_CALLS;
        double square = order * order / 4;
        double late_long = late * longer;
        bool talk = run->v->talk;

        x[CLEW_FEATURE_ORDER_SQUARE] = square;
        x[CLEW_FEATURE_LATE_SQUARE] = late * late;
        x[CLEW_FEATURE_ORDER_LONG] = order * longer / 2;
        x[CLEW_FEATURE_LATE_LONG] = late_long;
        if (run->team) {
                x[CLEW_FEATURE_TEAM_ORDER] = order;
                x[CLEW_FEATURE_TEAM_ORDER_SQUARE] = square;
                x[CLEW_FEATURE_TEAM_LATE_LONG] = late_long;
        }
        if (talk) {
                x[CLEW_FEATURE_TALK_ORDER] = order;
                x[CLEW_FEATURE_TALK_ORDER_SQUARE] = square;
                x[CLEW_FEATURE_TALK_LATE_LONG] = late_long;
        }
        if (run->programs) {
                x[CLEW_FEATURE_PROGRAMS_ORDER] = order;
                x[CLEW_FEATURE_PROGRAMS_ORDER_SQUARE] = square;
                x[CLEW_FEATURE_PROGRAMS_LATE_LONG] = late_long;
        }
        if (!run->team && !talk && !run->programs) {
                x[CLEW_FEATURE_SOLO_LATE] = late;
                x[CLEW_FEATURE_SOLO_ORDER] = order;
                x[CLEW_FEATURE_SOLO_ORDER_SQUARE] = square;
                x[CLEW_FEATURE_SOLO_LATE_LONG] = late_long;
        }
}

static void of_call(const struct clew_features_run *run, uint32_t i, double *x)
{
        const struct clew_rca_view *v = run->v;
        const struct clew_rca_step *s = &v->steps[i];
        const struct call *c = &run->calls[i];
        bool lead = name_of(run, s) == name_of(run, &v->steps[v->first_llm]);
        double late = run->n_calls > 1 ? c->order / (run->n_calls - 1.0) : 0;
        bool last = c->order + 1 == run->n_calls;

        x[CLEW_FEATURE_LATE] = late;
        x[CLEW_FEATURE_ORDER] = log1p(c->order);
        x[CLEW_FEATURE_FIRST_CALL] = c->order == 0;
        x[CLEW_FEATURE_SECOND_CALL] = c->order == 1;
        x[CLEW_FEATURE_THIRD_CALL] = c->order == 2;
        x[CLEW_FEATURE_LAST_CALL] = last;
        x[CLEW_FEATURE_LAST_BUT_ONE] = c->order + 2 == run->n_calls;
        x[CLEW_FEATURE_ACTS] = c->acts || c->gives || acts_at_once(v, i);
        x[CLEW_FEATURE_CHANGES] = c->changes;
        x[CLEW_FEATURE_LOOKS] = c->looks;
        x[CLEW_FEATURE_BAD_ACTION] = c->bad && !c->mended;
        x[CLEW_FEATURE_MENDED] = c->bad && c->mended;
        x[CLEW_FEATURE_READS_BAD] = c->reads_bad;
        x[CLEW_FEATURE_ANSWERS] = i == run->answer;
        x[CLEW_FEATURE_ASKS] = asks(s->text);
        x[CLEW_FEATURE_BEHIND_USER] = c->order > 0 && behind_user(v, i);
        x[CLEW_FEATURE_LONG_TEXT] = length_of(s) - run->mean;
        x[CLEW_FEATURE_NOVEL] = clew_rca_has_error(s) ? 0 : log1p(c->novel);
        x[CLEW_FEATURE_LEAD] = run->team && lead;
        x[CLEW_FEATURE_WORKER] = run->team && !lead;
        x[CLEW_FEATURE_JOINS] = c->joins;
        x[CLEW_FEATURE_TALKER] = run->team && !lead && c->talks == run->most;
        x[CLEW_FEATURE_TEAM_LATE] = run->team ? late : 0;
        x[CLEW_FEATURE_TEAM_FIRST] = run->team && c->order == 0;
        x[CLEW_FEATURE_TEAM_LAST] = run->team && last;
        x[CLEW_FEATURE_TALK_LATE] = v->talk ? late : 0;
        x[CLEW_FEATURE_TALK_CHANGES] = v->talk && c->changes;
        x[CLEW_FEATURE_PROGRAMS_LATE] = run->programs ? late : 0;
        x[CLEW_FEATURE_PROGRAMS_LAST] = run->programs && last;
        of_shape(run, i, late, x);
        of_wording(run, i, x);
        if (run->team)
                of_turn(run, i, lead, x);
}

void clew_features_of(const struct clew_features_run *run, uint32_t i, double *x)
{
        const struct clew_rca_view *v = run->v;
        const struct clew_rca_step *s = &v->steps[i];

        if (s->kind == CLEW_RCA_LLM) {
                of_call(run, i, x);
                return;
        }
        x[CLEW_FEATURE_LATE] = v->n_steps > 1 ? i / (v->n_steps - 1.0) : 0;
        x[CLEW_FEATURE_TOOL] = 1;
        x[CLEW_FEATURE_BAD_TOOL] = is_bad(s);
        x[CLEW_FEATURE_TEAM_LATE] = run->team ? x[CLEW_FEATURE_LATE] : 0;
        x[CLEW_FEATURE_TALK_LATE] = v->talk ? x[CLEW_FEATURE_LATE] : 0;
        x[CLEW_FEATURE_PROGRAMS_LATE] = run->programs ? x[CLEW_FEATURE_LATE] : 0;
}
