/*
 * Rules about how a tool was called: arguments that cannot be accepted, names that do not exist,
 * actions that were announced and never came.
 */
#include "query/rca/flat.h"
#include "query/rca/request.h"
#include "query/rca/rules.h"

#define MEMBERS_MAX 64u   /* argument names compared between two calls of one tool */
#define LACKS_WITHIN 160u /* bytes of an error that says that a tool is missing */
#define AGENT_WITHIN 64u  /* steps between a call and the agent that it runs, others beside it */

struct members {
        struct clew_slice name[MEMBERS_MAX];
        bool nested[MEMBERS_MAX];
        bool text[MEMBERS_MAX];
        uint32_t n;
        bool broken;
        bool is_json;
};

/* Top-level member names. */
static void members_of(struct clew_slice args, struct members *ret)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        memset(ret, 0, sizeof(*ret));
        clew_flat_init(&f, args);
        ret->is_json = f.is_json;
        while (clew_flat_next(&f, &leaf)) {
                if (f.depth == 1 && ret->n < MEMBERS_MAX) {
                        ret->text[ret->n] = leaf.is_string;
                        ret->name[ret->n++] = leaf.key;
                }
        }
        ret->broken = f.broken;
}

static bool has_member(const struct members *m, struct clew_slice name)
{
        for (uint32_t i = 0; i < m->n; i++) {
                if (clew_slice_eq(m->name[i], name))
                        return true;
        }
        return false;
}

/* A member that a call of the same tool that went well has and @m lacks, or the other way round. */
static struct clew_slice member_gap(const struct clew_rca_view *v, uint32_t i,
                                    const struct members *m)
{
        for (uint32_t k = 0; k < v->n_steps; k++) {
                const struct clew_rca_step *t = &v->steps[k];
                struct members other;

                if (k == i || t->kind != CLEW_RCA_TOOL || clew_rca_has_error(t) ||
                    !clew_slice_eq(t->name, v->steps[i].name))
                        continue;
                members_of(t->args, &other);
                for (uint32_t q = 0; q < other.n; q++) {
                        if (!has_member(m, other.name[q]))
                                return other.name[q];
                }
                for (uint32_t q = 0; q < m->n; q++) {
                        if (!has_member(&other, m->name[q]))
                                return m->name[q];
                }
                return CLEW_SLICE_NULL;
        }
        return CLEW_SLICE_NULL;
}

/* A later call of the tool of step @i went well. */
static bool is_put_right(const struct clew_rca_view *v, uint32_t i)
{
        for (uint32_t k = i + 1; k < v->n_steps && k < i + 400; k++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL &&
                    clew_slice_eq(v->steps[k].name, v->steps[i].name) &&
                    !clew_rca_has_error(&v->steps[k]))
                        return true;
        }
        return false;
}

static void refused_arguments(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps && !clew_findings_full(ret, CLEW_RULE_BAD_ARGUMENTS);
             i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice gap = CLEW_SLICE_NULL;
                struct clew_finding *f;
                struct members m;
                double strength = 0;
                const char *what = "its arguments were refused";
                uint32_t who;

                if (s->kind != CLEW_RCA_TOOL || s->args.len == 0)
                        continue;
                members_of(s->args, &m);
                if (m.is_json && m.broken) {
                        strength = 1.0;
                        what = "its arguments are not whole JSON";
                } else if (clew_rca_has_error(s) && s->trouble == CLEW_TROUBLE_ARGUMENTS) {
                        strength = 1.0;
                        gap = m.is_json ? member_gap(v, i, &m) : CLEW_SLICE_NULL;
                        if (gap.len)
                                what = "its arguments differ from those of a call that worked";
                }
                if (strength <= 0)
                        continue;
                if (is_put_right(v, i))
                        strength *= 0.5;
                who = clew_rca_blame(v, i);
                f = clew_finding_add(ret, CLEW_RULE_BAD_ARGUMENTS, who, strength);
                clew_finding_effect(f, i);
                clew_finding_evidence(f, i, s->args);
                clew_finding_evidence(f, i, s->error_text);
                clew_finding_say(ret, f, "Step %u called %.*s, but %s%s%.*s.", v->steps[who].number,
                                 CLEW_SHOWN(s->name, 60), what, gap.len ? ": " : "",
                                 CLEW_SHOWN(gap, 40));
        }
}

/* ---- what was offered ------------------------------------------------------------------------ */

static const struct clew_tool_definition *offered(const struct clew_rca_view *v, uint32_t llm,
                                                  struct clew_slice name)
{
        const struct clew_rca_offer *o;

        if (v->steps[llm].offer == CLEW_RCA_NONE)
                return NULL;
        o = &v->offers[v->steps[llm].offer];
        for (uint32_t i = 0; i < o->n_tools; i++) {
                if (clew_slice_eq(o->tools[i].name, name))
                        return &o->tools[i];
        }
        return NULL;
}

/* How a call went: its tool step when there is one and it failed, or nothing answered it. */
static bool went_well(const struct clew_rca_view *v, const struct clew_rca_call *c)
{
        return c->tool_step != CLEW_RCA_NONE && !clew_rca_has_error(&v->steps[c->tool_step]);
}

static void say_schema(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t llm,
                       const struct clew_rca_call *c, enum clew_schema_fault fault,
                       struct clew_slice member)
{
        static const char *const what[] = {
                [CLEW_SCHEMA_FITS] = "",
                [CLEW_SCHEMA_MISSING] = "without the required argument",
                [CLEW_SCHEMA_UNKNOWN] = "with an argument that it does not have:",
                [CLEW_SCHEMA_TYPE] = "with the wrong type of",
                [CLEW_SCHEMA_VALUE] = "with a value that it does not allow for",
        };
        static const double strength[] = {0, 1.05, 0.9, 0.9, 1.05};
        struct clew_finding *f;

        f = clew_finding_add(ret, CLEW_RULE_BAD_ARGUMENTS, llm, strength[fault]);
        clew_finding_effect(f, c->tool_step);
        clew_finding_evidence(f, llm, c->args);
        if (c->tool_step != CLEW_RCA_NONE)
                clew_finding_evidence(f, c->tool_step, v->steps[c->tool_step].error_text);
        clew_finding_say(ret, f, "Step %u called %.*s %s %.*s (by the schema in its request).",
                         v->steps[llm].number, CLEW_SHOWN(c->name, 60), what[fault],
                         CLEW_SHOWN(member, 40));
}

static void schema_faults(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                for (uint32_t k = 0; s->kind == CLEW_RCA_LLM && k < s->n_calls; k++) {
                        const struct clew_rca_call *c = &v->calls[s->first_call + k];
                        const struct clew_tool_definition *d = offered(v, i, c->name);
                        struct clew_slice member = CLEW_SLICE_NULL;
                        enum clew_schema_fault fault;
                        bool strict;

                        /* A tool that took the call has more patience than its schema. */
                        if (!d || !d->schema.len || went_well(v, c))
                                continue;
                        fault = clew_schema_check(d->schema, c->args, v->arena, &member, &strict);
                        /* Schemas allow unknown members unless they say that they do not. */
                        if (fault != CLEW_SCHEMA_FITS && (fault != CLEW_SCHEMA_UNKNOWN || strict))
                                say_schema(v, ret, i, c, fault, member);
                }
        }
}

void clew_rule_bad_arguments(const struct clew_rca_view *v, struct clew_findings *ret)
{
        refused_arguments(v, ret);
        schema_faults(v, ret);
}

/* An agent of that name runs soon after step @i: it was called, whatever the request says. */
static bool ran_agent(const struct clew_rca_view *v, uint32_t i, struct clew_slice name)
{
        for (uint32_t k = i + 1; k < v->n_steps && k - i <= AGENT_WITHIN; k++) {
                if (v->steps[k].kind == CLEW_RCA_AGENT &&
                    (clew_slice_eq(v->steps[k].name, name) ||
                     clew_slice_eq(v->steps[k].agent_name, name)))
                        return true;
        }
        return false;
}

/* A name that is missing in the tools of the request. Not where the sender dropped attributes, and
 * not when the call was answered: a provider's own tools are in no list. */
static void not_offered(const struct clew_rca_view *v, uint32_t i, struct clew_findings *ret)
{
        const struct clew_rca_step *s = &v->steps[i];

        if (s->offer == CLEW_RCA_NONE || v->offers[s->offer].n_tools == 0 ||
            clew_step_is(&v->trace->steps[s->span], CLEW_STEP_INCOMPLETE | CLEW_STEP_TRUNCATED))
                return;
        for (uint32_t k = 0; k < s->n_calls; k++) {
                const struct clew_rca_call *c = &v->calls[s->first_call + k];
                struct clew_finding *f;

                if (!c->name.len || offered(v, i, c->name) || went_well(v, c) ||
                    ran_agent(v, i, c->name))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_UNKNOWN_TOOL, i, 0.9);
                clew_finding_effect(f, c->tool_step);
                clew_finding_evidence(f, i, c->name);
                clew_finding_say(ret, f, "Step %u called %.*s, which its request did not offer.",
                                 s->number, CLEW_SHOWN(c->name, 60));
                return;
        }
}

/* The error says that there is no tool of that name: by a wording of its own, or by naming the
 * called tool as what was not found. */
static bool lacks_tool(const struct clew_rca_step *s)
{
        struct clew_slice said = s->error_text;
        ptrdiff_t at;

        if (s->trouble == CLEW_TROUBLE_NO_TOOL)
                return true;
        at = clew_text_find(said, "tool");
        if (s->trouble != CLEW_TROUBLE_NOT_FOUND || at < 0 || (size_t)at > LACKS_WITHIN ||
            s->name.len == 0)
                return false;
        if (said.len > LACKS_WITHIN)
                said.len = LACKS_WITHIN;
        return memmem(said.data, said.len, s->name.data, s->name.len) != NULL;
}

void clew_rule_unknown_tool(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;
                uint32_t who;

                if (s->kind == CLEW_RCA_LLM) {
                        not_offered(v, i, ret);
                        continue;
                }
                if (s->kind != CLEW_RCA_TOOL || !clew_rca_has_error(s) || !lacks_tool(s))
                        continue;
                who = clew_rca_blame(v, i);
                f = clew_finding_add(ret, CLEW_RULE_UNKNOWN_TOOL, who, 1.0);
                clew_finding_effect(f, i);
                clew_finding_evidence(f, i, s->error_text);
                clew_finding_say(ret, f, "Step %u called %.*s, which does not exist.",
                                 v->steps[who].number, CLEW_SHOWN(s->name, 60));
        }
}

/* True when the run's agents act through calls that we can see at all. */
static bool sees_actions(const struct clew_rca_view *v)
{
        uint32_t acting = 0;
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps && n < 200; i++) {
                if (v->steps[i].kind != CLEW_RCA_LLM)
                        continue;
                n++;
                acting += clew_rca_acted(v, i);
        }
        return acting * 4 >= n && acting > 0;
}

static bool turn_acts(const struct clew_rca_view *v, uint32_t turn)
{
        const struct clew_step *t = &v->trace->steps[turn];

        for (uint32_t k = turn + 1; k <= turn + t->n_descendants; k++) {
                enum clew_kind kind = v->trace->steps[k].kind;

                if (kind == CLEW_KIND_TOOL || kind == CLEW_KIND_AGENT ||
                    kind == CLEW_KIND_RETRIEVER)
                        return true;
        }
        return false;
}

/* The turn was a word to the user, who answered it, or the last one. What programs print comes as a
 * user's message too, and so do complaints about an answer that could not be read. */
static bool is_spoken_turn(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        const struct clew_rca_step *next;

        if (v->acts_in_text)
                return false;
        if (s->next_llm == CLEW_RCA_NONE)
                return true;
        next = &v->steps[s->next_llm];
        return next->heard.len > 0 && !clew_slice_eq(next->heard, s->heard) &&
               clew_text_result_error(next->heard) == CLEW_TROUBLE_NONE;
}

/* Where turns are spans of their own: one without any action, among turns that act. */
static void idle_turns(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t turns = 0;
        uint32_t acting = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM && clew_rca_turn(v, i) != CLEW_STEP_NONE) {
                        turns++;
                        acting += turn_acts(v, clew_rca_turn(v, i));
                }
        }
        if (acting * 2 < turns || acting < 2)
                return;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                uint32_t turn = s->kind == CLEW_RCA_LLM ? clew_rca_turn(v, i) : CLEW_STEP_NONE;
                struct clew_finding *f;

                if (turn == CLEW_STEP_NONE || turn_acts(v, turn) || s->failed || s->n_calls > 0 ||
                    is_spoken_turn(v, i) || clew_text_program(s->text) >= 0 ||
                    clew_text_hands_in(s->text))
                        continue; /* a program is an action, whoever runs it */
                f = clew_finding_add(ret, CLEW_RULE_PROMISE_WITHOUT_CALL, i,
                                     clew_rca_acted(v, i) ? 0.6 : 0.8);
                clew_finding_evidence(f, i, s->text);
                clew_finding_say(ret, f, "The turn of step %u ends without any action.", s->number);
        }
}

/* The call before handed the task to somebody else: "please hold on" is then all there is to say.
 */
static bool handed_over(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *p;

        if (v->steps[i].prev_llm == CLEW_RCA_NONE)
                return false;
        p = &v->steps[v->steps[i].prev_llm];
        for (uint32_t k = 0; k < p->n_calls; k++) {
                if (clew_rca_hands_over(v->calls[p->first_call + k].name))
                        return true;
        }
        return false;
}

/* What was announced is done by the next turn, or by others: of several agents who talk one speaks
 * and another one acts. */
static bool is_followed_up(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        uint32_t next = i + 1;

        if (s->next_llm != CLEW_RCA_NONE && clew_rca_acted(v, s->next_llm))
                return true;
        while (next < v->n_steps && v->steps[next].kind != CLEW_RCA_LLM &&
               v->steps[next].kind != CLEW_RCA_TOOL)
                next++;
        if (next == v->n_steps)
                return false;
        return v->steps[next].kind == CLEW_RCA_TOOL || v->steps[next].agent != s->agent ||
               !clew_slice_eq(v->steps[next].agent_name, s->agent_name) ||
               v->steps[next].system_hash != s->system_hash;
}

void clew_rule_promise(const struct clew_rca_view *v, struct clew_findings *ret)
{
        idle_turns(v, ret);
        if (!sees_actions(v))
                return;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                bool last = s->next_llm == CLEW_RCA_NONE;
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_LLM || s->text.len == 0 || s->failed ||
                    clew_rca_acted(v, i) || !clew_text_promises(s->text) ||
                    clew_text_asks(s->text) || clew_text_refuses(s->text) || handed_over(v, i) ||
                    clew_text_plans(s->text) || is_followed_up(v, i))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_PROMISE_WITHOUT_CALL, i, last ? 1.2 : 0.6);
                clew_finding_evidence(f, i, s->text);
                clew_finding_say(ret, f, "Step %u announces an action, but no call follows.",
                                 s->number);
        }
}
