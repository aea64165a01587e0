/*
 * Rules about going round: identical calls, calls repeated in turn, texts that hardly change,
 * agents that hand the work to each other.
 */
#include "query/rca/actions-int.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define RING 12u /* texts compared with the last ones */
#define ALIKE 0.8
#define ALIKE_PROGRAMS 0.97 /* a program is written anew with one line changed: that is work */
#define DEED_REACH 400u     /* bytes at the start of a message in which a deed is told */
#define AGENTS_MAX 32u      /* distinct agents counted */

/* More than two model calls to each action: agents discuss and change things in between, and look
 * again with the same command. */
static bool talked_over(const struct clew_rca_view *v, uint32_t from, uint32_t to, uint32_t actions)
{
        uint32_t n = 0;

        for (uint32_t i = from + 1; i < to; i++)
                n += v->steps[i].kind == CLEW_RCA_LLM;
        return n > 2 * actions;
}

/* The call that an action is; one that no step carried out is known by its name only. */
static void call_of(const struct clew_rca_view *v, const struct clew_rca_action *a,
                    struct clew_slice *ret_name, struct clew_slice *ret_args)
{
        const struct clew_rca_step *s = &v->steps[a->step];

        *ret_name = s->name;
        *ret_args = s->args;
        for (uint32_t k = 0; s->kind == CLEW_RCA_LLM && k < s->n_calls; k++) {
                const struct clew_rca_call *c = &v->calls[s->first_call + k];

                if (c->key == a->key) {
                        *ret_name = c->name;
                        *ret_args = c->args;
                }
        }
}

static void report_loop(const struct clew_rca_view *v, struct clew_findings *ret,
                        const struct clew_rca_action *a, uint32_t from, uint32_t period,
                        uint32_t extra)
{
        const struct clew_rca_action *last = &a[from + period + extra - 1];
        struct clew_slice name;
        struct clew_slice args;
        uint32_t rounds = extra / period + 1;
        struct clew_finding *f;

        call_of(v, &a[from], &name, &args);
        f = clew_finding_add(
                ret, CLEW_RULE_TOOL_LOOP, last->llm,
                talked_over(v, a[from].step, last->step, period + extra) ||
                                clew_trouble_is_infrastructure(v->steps[last->step].trouble)
                        ? 0.6
                : rounds >= 4 ? 1.1
                              : 1.0);
        /* The calls between the first round and the last, then what they brought. */
        for (uint32_t k = 0; k + 1 < extra && k < CLEW_RCA_EFFECTS_MAX / 2; k++)
                clew_finding_effect(f, a[from + period + k].llm);
        for (uint32_t k = 0; k < extra && k < CLEW_RCA_EFFECTS_MAX; k++)
                clew_finding_effect(f, a[from + period + k].step);
        clew_finding_evidence(f, a[from].step, args);
        clew_finding_evidence(f, last->step, v->steps[last->step].args);
        clew_finding_say(ret, f, "%.*s%s called with the same arguments %u times (steps %u to %u).",
                         CLEW_SHOWN(name, 60), period > 1 ? " and what follows it were" : " was",
                         rounds, v->steps[a[from].step].number, v->steps[last->step].number);
}

/* The same call gives another answer later: something that changes was polled. */
static bool changes_later(const struct clew_rca_actions *a, uint32_t from)
{
        for (uint32_t k = from + 1; k < a->n && a->items[k].agent == a->items[from].agent; k++) {
                if (a->items[k].key == a->items[from].key &&
                    a->items[k].result != a->items[from].result)
                        return true;
        }
        return false;
}

/* Who thought it over between two like actions, or tries again what a server or the network
 * refused, means it. */
static bool deliberate(const struct clew_rca_view *v, uint32_t from, uint32_t to)
{
        uint32_t n = 0;

        for (uint32_t i = from + 1; i < to && n < 2; i++)
                n += v->steps[i].kind == CLEW_RCA_LLM;
        return n > 1 || clew_trouble_is_infrastructure(v->steps[from].trouble);
}

void clew_rule_tool_loop(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct clew_rca_actions all = clew_rca_actions_of(v);
        const struct clew_rca_action *a = all.items;
        uint32_t n = all.n;

        for (uint32_t i = 0; i < n;) {
                uint32_t period = 1;
                uint32_t extra = clew_rca_loop_at(&all, i, &period);

                if (extra) {
                        report_loop(v, ret, a, i, period, extra);
                        i += extra + period;
                        continue;
                }
                /* Twice in a row: weak for a reading, strong for what has effects. */
                if (i + 1 < n && clew_rca_action_same(&a[i], &a[i + 1]) &&
                    (i + 2 >= n || !clew_rca_action_same(&a[i], &a[i + 2])) &&
                    !changes_later(&all, i)) {
                        struct clew_slice name;
                        struct clew_slice args;
                        struct clew_finding *f = clew_finding_add(
                                ret, CLEW_RULE_DUPLICATE_CALL, a[i + 1].llm,
                                deliberate(v, a[i].step, a[i + 1].step) ? 0.8 : 1.0);

                        call_of(v, &a[i], &name, &args);
                        clew_finding_effect(f, a[i + 1].step);
                        clew_finding_evidence(f, a[i].step, args);
                        clew_finding_say(ret, f, "Step %u repeats the call of step %u (%.*s).",
                                         v->steps[a[i + 1].step].number, v->steps[a[i].step].number,
                                         CLEW_SHOWN(name, 60));
                }
                i++;
        }
}

/* The text of one of the last calls of the same agent (by name and system prompt: one that is
 * started again and again is one agent) that step @i nearly repeats, or NONE. What one agent passes
 * on of another's text is no repetition, nor is the same answer to another message or the same
 * sentence about another order.
 */
static uint32_t repeated_text(const struct clew_rca_view *v, const uint32_t *ring, uint32_t n,
                              uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        const struct clew_words *a = &v->words[s->words];
        bool program = clew_text_program(s->text) >= 0;

        if (s->text.data[0] == '{')
                return CLEW_RCA_NONE; /* a form, filled in again and again */
        for (uint32_t k = 0; k < n && k < RING; k++) {
                uint32_t other = ring[(n - 1 - k) % RING];
                const struct clew_words *b = &v->words[v->steps[other].words];

                if (clew_slice_eq(v->steps[other].agent_name, s->agent_name) &&
                    v->steps[other].system_hash == s->system_hash &&
                    (v->acts_in_text || clew_slice_eq(v->steps[other].heard, s->heard)) &&
                    a->values == b->values &&
                    clew_words_jaccard(a, b) > (program ? ALIKE_PROGRAMS : ALIKE))
                        return other;
        }
        return CLEW_RCA_NONE;
}

/* Each series of like texts is reported where it ends; the members in between are its effects. */
void clew_rule_near_duplicate(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t *like = clew_arena_alloc(v->arena, (v->n_steps + 1u) * sizeof(*like));
        bool *goes_on = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*goes_on));
        uint32_t ring[RING];
        uint32_t n = 0;

        if (!like || !goes_on)
                return;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                like[i] = CLEW_RCA_NONE;
                if (v->steps[i].kind != CLEW_RCA_LLM || v->steps[i].words == CLEW_RCA_NONE)
                        continue;
                like[i] = repeated_text(v, ring, n, i);
                ring[n++ % RING] = i;
                if (like[i] != CLEW_RCA_NONE)
                        goes_on[like[i]] = true;
        }
        for (uint32_t i = 0; i < v->n_steps; i++) {
                uint32_t first = like[i];
                uint32_t count = 1;
                struct clew_finding *f;

                if (first == CLEW_RCA_NONE || goes_on[i])
                        continue;
                for (uint32_t k = first; like[k] != CLEW_RCA_NONE; k = like[k]) {
                        count++;
                        first = like[k];
                }
                f = clew_finding_add(ret, CLEW_RULE_NEAR_DUPLICATE, i, count > 1 ? 1.15 : 0.9);
                for (uint32_t k = like[i]; like[k] != CLEW_RCA_NONE; k = like[k])
                        clew_finding_effect(f, k);
                clew_finding_evidence(f, first, v->steps[first].text);
                clew_finding_evidence(f, i, v->steps[i].text);
                clew_finding_say(ret, f, "Step %u writes nearly the same as step %u%s.",
                                 v->steps[i].number, v->steps[first].number,
                                 count > 1 ? ", and not for the first time" : "");
        }
}

/* True when LLM step @i saw something that is neither old nor what the call before it (@before)
 * said: a new document, a new question. */
static bool sees_news(const struct clew_rca_view *v, uint32_t i, uint32_t before)
{
        const struct clew_rca_step *s = &v->steps[i];
        struct clew_slice said = clew_text_trim(v->steps[before].text);

        if (said.len > 48)
                said.len = 48;
        for (uint32_t u = s->first_unit; u < s->first_unit + s->n_units && u < v->n_units; u++) {
                const struct clew_rca_unit *unit = &v->units[u];

                if (unit->origin != CLEW_RCA_USER && unit->origin != CLEW_RCA_RESULT)
                        continue;
                if (said.len == 0 || !memmem(unit->text.data, unit->text.len, said.data, said.len))
                        return true;
        }
        return false;
}

/* A program is an action, and what one printed is an observation, whoever tells it. */
static bool acts_or_prints(struct clew_slice text)
{
        struct clew_slice t = clew_text_trim(text);

        return clew_text_program(t) >= 0 ||
               clew_text_exit_status(clew_slice_make(t.data, t.len < 40 ? t.len : 40)) >= 0;
}

/* Marks the steps that wrote a value which nothing had shown: it was seen somewhere, or made up,
 * but who wrote it did not merely hand over. */
static bool *steps_with_news(const struct clew_rca_view *v)
{
        bool *ret = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*ret));

        for (uint32_t k = 0; ret && k < v->n_novel; k++) {
                const struct clew_rca_unit *u = &v->units[v->novel[k].unit];

                if (!v->novel[k].token.is_list_mark)
                        ret[u->step] = true;
        }
        return ret;
}

/* Tells what the speaker itself did and saw: "I clicked", "The page is open". */
static bool tells_of_deed(struct clew_slice text)
{
        static const char *const words[] = {
                "i typed",    "i clicked", "i opened", "i searched",    "i scrolled", "i visited",
                "i went to",  "i looked",  "i read ",  "i checked",     "i found",    "i asked",
                "i called",   "i sent",    "i ran",    "i entered",     "i selected", "the page ",
                "screenshot", "viewport",  "results:", "search result", "it reads"};
        struct clew_slice t = clew_text_trim(text);

        return HAS_ANY(head(t, DEED_REACH), words);
}

/* LLM calls of two agents in turn, none of them with a new observation. */
void clew_rule_ping_pong(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct clew_slice who[2] = {CLEW_SLICE_NULL, CLEW_SLICE_NULL};
        uint32_t run = 0;
        uint32_t first = CLEW_RCA_NONE;
        uint32_t last = CLEW_RCA_NONE;
        const bool *news = steps_with_news(v);

        for (uint32_t i = 0; news && i <= v->n_steps; i++) {
                const struct clew_rca_step *s = i < v->n_steps ? &v->steps[i] : NULL;
                bool turn = s && s->kind == CLEW_RCA_LLM && s->agent_name.len > 0 &&
                            s->n_calls == 0 && !acts_or_prints(s->text) && !news[i] &&
                            !tells_of_deed(s->text);

                if (s && (s->kind == CLEW_RCA_AGENT || s->kind == CLEW_RCA_OTHER))
                        continue;
                if (turn && run >= 1 && !clew_slice_eq(s->agent_name, who[(run - 1) % 2]) &&
                    (run < 2 || !sees_news(v, i, last)) &&
                    (run < 2 || clew_slice_eq(s->agent_name, who[run % 2]))) {
                        who[run++ % 2] = s->agent_name;
                        last = i;
                        continue;
                }
                if (run >= 4) {
                        struct clew_finding *f =
                                clew_finding_add(ret, CLEW_RULE_PING_PONG, last, 1.0);

                        clew_finding_evidence(f, first, v->steps[first].text);
                        clew_finding_evidence(f, last, v->steps[last].text);
                        clew_finding_say(ret, f,
                                         "%.*s and %.*s handed over to each other %u times without "
                                         "a new observation.",
                                         CLEW_SHOWN(who[0], 40), CLEW_SHOWN(who[1], 40), run - 1);
                }
                run = 0;
                if (turn) {
                        who[run++] = s->agent_name;
                        first = last = i;
                }
        }
}

/* One of several agents makes most of the model calls: look there first. */
void clew_rule_role_imbalance(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct {
                struct clew_slice name;
                uint32_t calls;
                uint32_t first;
        } agents[AGENTS_MAX];
        struct clew_finding *f;
        uint32_t n = 0;
        uint32_t total = 0;
        uint32_t best = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                uint32_t k = 0;

                if (s->kind != CLEW_RCA_LLM || s->agent_name.len == 0)
                        continue;
                while (k < n && !clew_slice_eq(agents[k].name, s->agent_name))
                        k++;
                if (k == AGENTS_MAX)
                        continue;
                if (k == n) {
                        agents[n].name = s->agent_name;
                        agents[n].calls = 0;
                        agents[n++].first = i;
                }
                total++;
                if (++agents[k].calls > agents[best].calls)
                        best = k;
        }
        if (n < 3 || agents[best].calls * 2 <= total || total < 8)
                return;
        f = clew_finding_add(ret, CLEW_RULE_ROLE_IMBALANCE, agents[best].first, 1.0);
        clew_finding_say(ret, f, "%.*s made %u of %u model calls of %u agents.",
                         CLEW_SHOWN(agents[best].name, 40), agents[best].calls, total, n);
}
