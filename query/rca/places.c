/*
 * Steps worth a look when nothing points anywhere, by their place alone: who made the plan, who
 * gave the first order, who acted first, who made the first change, who wrote most, who answered.
 *
 * Each is a fact about the run ("step 4 made the first change"), not a claim that something is
 * wrong with it. How much such a place says is measured like every other sign (weights.c), and what
 * is no better than chance is not shown.
 */
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define HANDED_IN_MIN 200u /* bytes of arguments that are a text, not an order */
#define CHANGES_MAX 6u     /* of one run that are named */
#define LONG_MIN 400u      /* bytes of a text that can be most of a result */
#define SAME_MIN 8u        /* bytes of a text that another one holds by more than chance */
#define BEGINS_MAX 80u     /* bytes that tell a text from others */
#define AGENT_WITHIN 8u    /* steps behind a call in which the agent that it calls begins */
#define ANSWER_MAX 600u    /* longer outputs are documents or patches, not answers to a question */

/* A user spoke again after the first call: a conversation, not one question. */
bool clew_rca_find_talk(const struct clew_rca_view *v)
{
        uint32_t n = 0;

        for (uint32_t u = 0; u < v->n_units; u++) {
                const struct clew_rca_step *s = &v->steps[v->units[u].step];

                /* What is said to another system prompt is an order among agents. */
                if (v->units[u].origin == CLEW_RCA_USER && s->prev_llm != CLEW_RCA_NONE &&
                    s->system_hash == v->steps[s->prev_llm].system_hash &&
                    clew_rca_turn(v, v->units[u].step) == CLEW_STEP_NONE &&
                    !clew_rca_acted(v, s->prev_llm))
                        n++;
        }
        return n > 0;
}

/* The LLM call behind the run's answer: that of the last tool call when the answer was handed to
 * one (also when a word or two of farewell follow), else the last call of all. */
uint32_t clew_rca_answer_call(const struct clew_rca_view *v)
{
        const struct clew_rca_step *last = &v->steps[v->last_step];

        if (last->kind == CLEW_RCA_TOOL && last->caller != CLEW_RCA_NONE)
                return last->caller;
        for (uint32_t i = v->last_step, back = 0; i-- > 0 && back < 4; back++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_TOOL)
                        continue;
                /* A program is run, not handed in. */
                if (s->is_executor || (s->caller != CLEW_RCA_NONE &&
                                       clew_text_program(v->steps[s->caller].text) >= 0))
                        break;
                if (s->caller != CLEW_RCA_NONE && s->args.len >= HANDED_IN_MIN &&
                    s->args.len > last->text.len && s->deed != CLEW_DEED_READS &&
                    !clew_slice_eq(s->name, v->shell))
                        return s->caller;
                break;
        }
        return v->last_llm;
}

/* The call that wrote more than any other, twice a usual text at least: a report, a plan, a table.
 */
static uint32_t longest_text(const struct clew_rca_view *v, size_t *ret_total)
{
        uint32_t best = CLEW_RCA_NONE;
        size_t total = 0;
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                n++;
                total += s->text.len;
                if (best == CLEW_RCA_NONE || s->text.len > v->steps[best].text.len)
                        best = i;
        }
        *ret_total = total;
        return n >= 3 && v->steps[best].text.len * n >= 2 * total &&
                               v->steps[best].text.len >= LONG_MIN
                       ? best
                       : CLEW_RCA_NONE;
}

static void say(const struct clew_rca_view *v, struct clew_findings *ret, enum clew_rule rule,
                uint32_t step, struct clew_slice evidence, const char *what)
{
        struct clew_finding *f = clew_finding_add(ret, rule, step, 1.0);

        clew_finding_evidence(f, step, evidence);
        if (f)
                clew_finding_say(ret, f, "Step %u %s.", v->steps[step].number, what);
}

/* Of one agent, as far as groups, or where agents have no names system prompts, tell. */
static bool same_agent(const struct clew_rca_step *a, const struct clew_rca_step *b)
{
        return a->agent == b->agent && (a->agent_name.len || a->system_hash == b->system_hash);
}

uint32_t clew_rca_order_before(const struct clew_rca_view *v, uint32_t i)
{
        for (uint32_t k = i; k-- > 0;) {
                if (v->steps[k].kind == CLEW_RCA_TOOL)
                        break;
                if (v->steps[k].kind == CLEW_RCA_LLM)
                        return same_agent(&v->steps[k], &v->steps[i]) ? CLEW_RCA_NONE : k;
        }
        return CLEW_RCA_NONE;
}

bool clew_rca_may_be_order(const struct clew_rca_view *v, uint32_t i)
{
        struct clew_slice said = clew_text_trim(v->steps[i].text);

        return said.len >= SAME_MIN && !clew_text_asks(said);
}

bool clew_rca_is_order(const struct clew_rca_view *v, uint32_t order, uint32_t who)
{
        struct clew_slice said = clew_text_trim(v->steps[order].text);
        struct clew_slice to = v->steps[who].agent_name;
        struct clew_slice begins = said;

        if (begins.len > BEGINS_MAX)
                begins.len = BEGINS_MAX;
        if (said.len < SAME_MIN)
                return false;
        /* What the other agent heard, or who is named. */
        return (v->steps[who].heard.len && memmem(v->steps[who].heard.data, v->steps[who].heard.len,
                                                  begins.data, begins.len)) ||
               (to.len && memmem(said.data, said.len, to.data, to.len) && !clew_text_asks(said));
}

/* An action: a tool step, or a call whose tool left no trace. */
struct act {
        uint32_t who; /* LLM step that asked for it */
        struct clew_slice name;
        struct clew_slice args;
        enum clew_deed deed;
        bool failed;
};

/* The @k-th action that belongs to step @i; false when there is none. */
static bool act_of(const struct clew_rca_view *v, uint32_t i, uint32_t k, struct act *ret)
{
        const struct clew_rca_step *s = &v->steps[i];

        if (s->kind == CLEW_RCA_TOOL && k == 0 && s->caller != CLEW_RCA_NONE) {
                *ret = (struct act){s->caller, s->name, s->args, s->deed, clew_rca_has_error(s)};
                return true;
        }
        for (uint32_t c = 0; s->kind == CLEW_RCA_LLM && c < s->n_calls; c++) {
                const struct clew_rca_call *call = &v->calls[s->first_call + c];

                if (call->tool_step != CLEW_RCA_NONE || k-- > 0)
                        continue;
                *ret = (struct act){i, call->name, call->args, call->deed, false};
                return true;
        }
        return false;
}

static bool first_action(const struct clew_rca_view *v, uint32_t *ret_step, struct act *ret)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                for (uint32_t k = 0; act_of(v, i, k, ret); k++) {
                        *ret_step = i;
                        if (!clew_rca_proves_identity(ret->name))
                                return true;
                }
        }
        return false;
}

static bool proved_before(const struct clew_rca_view *v, uint32_t i)
{
        struct act a;

        for (uint32_t n = 0; n < i; n++) {
                for (uint32_t k = 0; act_of(v, n, k, &a); k++) {
                        if (clew_rca_proves_identity(a.name))
                                return true;
                }
        }
        return false;
}

static void places_of_actions(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct act first;
        uint32_t at = 0;
        uint32_t order;

        if (!first_action(v, &at, &first))
                return;
        say(v, ret, CLEW_RULE_FIRST_ACTION, first.who, first.args,
            at > 0 && proved_before(v, at)
                    ? "took the first action of the run behind the proof of identity"
                    : "took the first action of the run");
        order = clew_rca_order_before(v, first.who);
        if (order != CLEW_RCA_NONE && clew_rca_may_be_order(v, order))
                say(v, ret, CLEW_RULE_FIRST_ORDER, order, v->steps[order].text,
                    clew_rca_is_order(v, order, first.who)
                            ? "gave the order for the first action of the run"
                            : "spoke right before the agent that took the first action of the run");
        for (uint32_t i = at + 1; i < v->n_steps; i++) {
                if (v->steps[i].kind != CLEW_RCA_LLM)
                        continue;
                say(v, ret, CLEW_RULE_FIRST_READING, i, v->steps[i].text,
                    "was the first to read a result");
                break;
        }
}

/* An agent of that name runs in the step, or right behind the call: what it does are steps of their
 * own. */
static bool goes_to_an_agent(const struct clew_rca_view *v, uint32_t at, struct clew_slice name)
{
        for (uint32_t k = at + 1; k < v->n_steps && k <= at + AGENT_WITHIN; k++) {
                if (v->steps[k].kind == CLEW_RCA_AGENT &&
                    clew_slice_eq(v->steps[k].agent_name, name))
                        return true;
        }
        return false;
}

/* @first: no action before it may have changed something. */
static void say_change(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t at,
                       const struct act *a, uint32_t nth, bool first)
{
        struct clew_finding *f = clew_finding_add(
                ret, nth == 0 ? CLEW_RULE_FIRST_CHANGE : CLEW_RULE_LATER_CHANGE, a->who, 1.0);

        clew_finding_effect(f, at == a->who ? CLEW_RCA_NONE : at);
        clew_finding_evidence(f, at, a->args);
        if (goes_to_an_agent(v, at, a->name)) {
                clew_finding_say(ret, f, "Step %u handed a task to the agent %.*s.",
                                 v->steps[a->who].number, CLEW_SHOWN(a->name, 60));
                return;
        }
        clew_finding_say(ret, f, "Step %u made %s (%.*s).", v->steps[a->who].number,
                         nth == 0 && first ? "the first change" : "a change",
                         CLEW_SHOWN(a->name, 60));
}

/* "Action: take_note" in the text that asked for it, where no call names the tool. */
static struct clew_slice name_of(const struct clew_rca_view *v, const struct act *a)
{
        struct clew_slice text = head(v->steps[a->who].text, LOWER_MAX);
        ptrdiff_t at =
                clew_slice_eq_cstr(a->name, "its action") ? clew_text_find(text, "action: ") : -1;
        size_t n = 0;

        if (at < 0)
                return a->name;
        text = clew_slice_from(text, (size_t)at + 8);
        while (n < text.len && (is_alpha(text.data[n]) || is_digit(text.data[n]) ||
                                text.data[n] == '_' || text.data[n] == '-'))
                n++;
        return n > 0 ? head(text, n) : a->name;
}

static void say_unclear(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t at,
                        const struct act *a)
{
        struct clew_finding *f = clew_finding_add(ret, CLEW_RULE_UNCLEAR_ACTION, a->who, 1.0);
        struct clew_slice name = name_of(v, a);

        clew_finding_effect(f, at == a->who ? CLEW_RCA_NONE : at);
        clew_finding_evidence(f, at, a->args);
        clew_finding_say(ret, f, "Step %u called %.*s; whether that changed anything is not told.",
                         v->steps[a->who].number, CLEW_SHOWN(name, 60));
}

/* The changes that a run made, the first one and some later ones, and some actions of which nobody
 * knows whether they changed anything. */
static void places_of_changes(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t changes = 0;
        uint32_t unclear = 0;
        bool prepared = false; /* packages were installed */

        for (uint32_t i = 0; i < v->n_steps; i++) {
                struct act a;

                for (uint32_t k = 0; act_of(v, i, k, &a); k++) {
                        if (a.failed || clew_rca_proves_identity(a.name) ||
                            clew_rca_hands_over(a.name) || clew_deed_hands_in(a.args) ||
                            clew_rca_takes_notes(name_of(v, &a)) ||
                            clew_rca_gives_answer(name_of(v, &a)))
                                continue;
                        if (clew_deed_only_sets_up(a.args))
                                prepared = true;
                        else if (a.deed == CLEW_DEED_CHANGES && changes < CHANGES_MAX)
                                say_change(v, ret, i, &a, changes++, unclear == 0 && !prepared);
                        else if (a.deed == CLEW_DEED_UNKNOWN &&
                                 clew_deed_of_name(name_of(v, &a)) != CLEW_DEED_READS &&
                                 unclear++ < CHANGES_MAX)
                                say_unclear(v, ret, i, &a);
                }
        }
}

static void say_longest(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t i,
                        size_t total)
{
        struct clew_finding *f = clew_finding_add(ret, CLEW_RULE_LONGEST, i, 1.0);

        clew_finding_evidence(f, i, v->steps[i].text);
        clew_finding_say(ret, f,
                         "Step %u wrote the longest text of the run: %zu of the %zu bytes that "
                         "model calls wrote.",
                         v->steps[i].number, v->steps[i].text.len, total);
}

/* The last call that wrote what the run gave out: the same text, or one inside the other. NONE when
 * nobody did. */
static uint32_t writer_of(const struct clew_rca_view *v, struct clew_slice out)
{
        for (uint32_t i = v->n_steps; i-- > 0;) {
                struct clew_slice t = clew_text_trim(v->steps[i].text);

                if (v->steps[i].kind != CLEW_RCA_LLM || !t.len)
                        continue;
                if (clew_slice_eq(t, out) ||
                    (out.len >= SAME_MIN && memmem(t.data, t.len, out.data, out.len)) ||
                    (t.len >= SAME_MIN && memmem(out.data, out.len, t.data, t.len)))
                        return i;
        }
        return CLEW_RCA_NONE;
}

/* What step @i gave: what it wrote, or handed to a tool. */
static struct clew_slice given_by(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];

        return s->n_calls && !s->text.len ? v->calls[s->first_call + s->n_calls - 1].args : s->text;
}

/* A word to the machinery that the work is over; the answer came before it. */
static bool is_closing(struct clew_slice text)
{
        return clew_find(text, "TERMINATE", 9) != NULL;
}

/* The answer is what the run gave out; where another step wrote that, or none, this was only the
 * last call. */
static void say_answer(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t who,
                       struct clew_slice out)
{
        struct clew_slice given = given_by(v, who);
        bool handed = given.len && out.len && memmem(given.data, given.len, out.data, out.len);

        say(v, ret, CLEW_RULE_ANSWER, who, given,
            handed && v->steps[who].n_calls                  ? "gave the answer of the run"
            : writer_of(v, out) == who && !is_closing(given) ? "wrote the answer of the run"
                                                             : "made the last call of the run");
}

/* Short, and nothing but politeness at the end of a talk. */
static bool is_farewell(const struct clew_rca_step *s)
{
        return s->n_calls == 0 && clew_text_is_farewell(s->text);
}

/* Of one agent, or of one that has another span in each turn: then its name, or where it has none
 * what it was told, is the same. */
static bool is_same_speaker(const struct clew_rca_step *a, const struct clew_rca_step *b)
{
        return a->agent == b->agent || (clew_slice_eq(a->agent_name, b->agent_name) &&
                                        (a->agent_name.len || a->system_hash == b->system_hash));
}

/* What call @who, or one before its farewells, said last; @who when nobody said anything else. */
static uint32_t before_farewell(const struct clew_rca_view *v, uint32_t who)
{
        uint32_t at = who;

        while (v->steps[at].kind != CLEW_RCA_LLM ||
               !is_same_speaker(&v->steps[at], &v->steps[who]) || is_farewell(&v->steps[at])) {
                if (at == 0)
                        return who;
                at--;
        }
        return at;
}

/* A run that passed has no place to look at. */
void clew_rule_places(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct clew_slice out = clew_text_trim(v->output);
        bool talk;
        bool is_answer;
        uint32_t longest;
        size_t total = 0;
        uint32_t said;
        uint32_t who;

        if (v->passed || v->last_llm == CLEW_RCA_NONE)
                return;
        talk = v->talk;
        longest = talk ? CLEW_RCA_NONE : longest_text(v, &total);
        who = clew_rca_answer_call(v);
        /* What was not recorded on the run is what its last call wrote. */
        if (!out.len)
                out = clew_text_trim(v->steps[who].text);
        say(v, ret, CLEW_RULE_OPENING, v->first_llm, v->steps[v->first_llm].text,
            "made the first model call of the run");
        places_of_actions(v, ret);
        places_of_changes(v, ret);
        if (longest != CLEW_RCA_NONE)
                say_longest(v, ret, longest, total);
        is_answer = out.len > 0 && out.len < ANSWER_MAX && clew_text_find(out, "```") < 0 &&
                    clew_text_find(out, "diff --git") < 0 && !talk && v->first_llm != v->last_llm;
        said = before_farewell(v, who);
        if (!talk)
                clew_rule_answer_origin(v, said, given_by(v, said), ret);
        if (said != who)
                say(v, ret, is_answer ? CLEW_RULE_ANSWER : CLEW_RULE_LAST_ANSWER, said,
                    given_by(v, said), "made the last call of the run before the farewell");
        else if (is_answer)
                say_answer(v, ret, who, out);
        else
                say(v, ret, CLEW_RULE_LAST_ANSWER, who, given_by(v, who),
                    is_closing(v->steps[who].text) || v->steps[who].n_calls > 0
                            ? "made the last call of the run"
                            : "wrote the last text of the run");
}
