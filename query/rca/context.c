/*
 * Rules about the frame of the run: prompt size, instructions, budget, time.
 */
#include "query/rca/rules.h"

#include <stdlib.h>

#define JUMP_MIN_TOKENS 4000u /* doubling a small prompt is nothing */
#define STALL_MIN 4u          /* repeated actions in a row, before a limit, that count as a stall */
#define MOVED_MAX 48u         /* bytes of a system prompt that tell it from others */
#define ATTRIBUTE_LIMIT 128u  /* of a span, in most SDKs when nobody sets another */
#define OUTLIER_FACTOR 8u
/* A model that thinks for long, or is served slowly, is seldom why a run went wrong. */
#define OUTLIER_MODEL 0.2
#define OUTLIER_MIN_NS 20000000000u /* 20 s: what a person would call hanging */
#define DURATIONS_MAX 1024u

void clew_rule_context(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                const struct clew_rca_step *p;
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_LLM || s->prev_llm == CLEW_RCA_NONE)
                        continue;
                p = &v->steps[s->prev_llm];
                if (p->tokens_in == 0 || s->tokens_in < JUMP_MIN_TOKENS ||
                    s->tokens_in / 2 < p->tokens_in)
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_CONTEXT_JUMP, i, 1.0);
                clew_finding_effect(f, s->prev_llm);
                clew_finding_say(ret, f, "The prompt grew from %llu to %llu tokens at step %u.",
                                 (unsigned long long)p->tokens_in, (unsigned long long)s->tokens_in,
                                 s->number);
        }
}

/* Its words stand in what users said: the instructions moved, or another message holds them. */
static bool moved_to_user(const struct clew_rca_view *v, uint32_t i, struct clew_slice prompt)
{
        struct clew_slice part = clew_text_trim(prompt);

        if (part.len > MOVED_MAX)
                part.len = MOVED_MAX;
        for (uint32_t u = 0; u < v->n_units && v->units[u].step <= i; u++) {
                struct clew_slice t = v->units[u].text;

                if (v->units[u].origin == CLEW_RCA_USER &&
                    memmem(t.data, t.len, part.data, part.len))
                        return true;
        }
        return false;
}

/* The calls of steps @i and @p are surely one agent's: it has one model, and never had another
 * system prompt. Members of a chat look like one agent, too; so the prompt may not come back, as it
 * does when the next member speaks, and one call with a prompt and others without may be any. */
static bool is_one_agent(const struct clew_rca_view *v, uint32_t i, const struct clew_rca_step *p)
{
        const struct clew_rca_step *s = &v->steps[i];
        uint32_t with = 0;

        if (!clew_slice_eq(v->trace->steps[s->span].model, v->trace->steps[p->span].model) ||
            !clew_slice_eq(s->agent_name, p->agent_name))
                return false;
        for (uint32_t k = 0; k < v->n_steps; k++) {
                const struct clew_rca_step *o = &v->steps[k];

                if (o->kind != CLEW_RCA_LLM || o->agent != s->agent)
                        continue;
                if (o->system_hash != 0 && o->system_hash != p->system_hash)
                        return false;
                if (o->system_hash == 0 && k < i)
                        return false;
                if (o->system_hash != 0 && k > i)
                        return false;
                with += o->system_hash != 0;
        }
        return with >= 2;
}

static struct clew_slice prompt_of(const struct clew_rca_view *v, uint32_t *ret_step)
{
        for (uint32_t u = 0; u < v->n_units; u++) {
                *ret_step = v->units[u].step;
                if (v->units[u].origin == CLEW_RCA_SYSTEM)
                        return v->units[u].text;
        }
        return CLEW_SLICE_NULL;
}

void clew_rule_lost_instruction(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t at = CLEW_RCA_NONE;
        struct clew_slice prompt = prompt_of(v, &at);

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                const struct clew_rca_step *p;
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_LLM || s->prev_llm == CLEW_RCA_NONE || s->n_messages == 0)
                        continue;
                p = &v->steps[s->prev_llm];
                /* The same conversation: it goes on, only without its system prompt. */
                if (p->system_hash == 0 || s->system_hash != 0 || s->n_messages < p->n_messages ||
                    !is_one_agent(v, i, p) || moved_to_user(v, i, prompt))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_LOST_INSTRUCTION, i, 1.0);
                clew_finding_effect(f, s->prev_llm);
                if (prompt.len)
                        clew_finding_evidence(f, at, prompt);
                clew_finding_say(ret, f,
                                 "The system prompt that step %u had is missing from step %u on.",
                                 p->number, s->number);
                return;
        }
}

/* True when an action with this key and result was taken before step @i. */
static bool taken_before(const struct clew_rca_view *v, uint32_t i)
{
        for (uint32_t k = i, back = 0; k-- > 0 && back < 400; back++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL && v->steps[k].key == v->steps[i].key &&
                    v->steps[k].result_hash == v->steps[i].result_hash)
                        return true;
        }
        return false;
}

/* A loop at step @i or later is told already; one trouble is told once. */
static bool loops_from(const struct clew_findings *f, uint32_t i)
{
        for (uint32_t k = 0; k < f->n; k++) {
                if (f->items[k].rule == CLEW_RULE_TOOL_LOOP && f->items[k].step >= i)
                        return true;
        }
        return false;
}

void clew_rule_budget(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t start = CLEW_RCA_NONE;
        uint32_t length = 0;
        uint32_t carrier = CLEW_RCA_NONE;
        bool limit = v->root_failed && v->root_error.len &&
                     clew_text_trouble(v->root_error) == CLEW_TROUBLE_BUDGET;
        struct clew_finding *f;
        uint32_t who;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].failed && v->steps[i].trouble == CLEW_TROUBLE_BUDGET) {
                        limit = true;
                        carrier = i;
                }
        }
        for (uint32_t i = v->n_steps; i-- > 0;) {
                if (v->steps[i].kind != CLEW_RCA_TOOL)
                        continue;
                if (!taken_before(v, i))
                        break;
                start = i;
                length++;
        }
        if (length < STALL_MIN && !limit)
                return;
        who = length >= 2 ? clew_rca_blame(v, start) : v->last_llm;
        if (who == CLEW_RCA_NONE || (!limit && loops_from(ret, who)))
                return;
        f = clew_finding_add(ret, CLEW_RULE_BUDGET, who, limit ? (length >= 2 ? 1.3 : 0.4) : 0.7);
        if (length >= 2)
                clew_finding_effect(f, v->last_step);
        if (carrier != CLEW_RCA_NONE)
                clew_finding_evidence(f, carrier, v->steps[carrier].error_text);
        else if (limit)
                clew_finding_evidence(f, who, v->root_error);
        clew_finding_say(ret, f, "%s; from step %u on, %u actions repeat earlier ones.",
                         limit ? "The run hit its limit" : "The run ends without progress",
                         v->steps[who].number, length);
}

static int cmp_u64(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a;
        uint64_t y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static uint32_t count_kind(const struct clew_rca_view *v, int kind)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps; i++)
                n += (int)v->steps[i].kind == kind;
        return n;
}

/* Durations of the steps that are like those of @kind, and the longest of that kind itself. */
static uint32_t durations_of(const struct clew_rca_view *v, int kind, uint64_t *all,
                             uint32_t *ret_worst, uint64_t *ret_longest)
{
        bool few = count_kind(v, kind) < 5; /* then all steps are its like */
        uint32_t n = 0;

        *ret_worst = CLEW_RCA_NONE;
        *ret_longest = 0;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                uint64_t d = s->end_ns > s->start_ns ? s->end_ns - s->start_ns : 0;

                if ((s->kind != CLEW_RCA_LLM && s->kind != CLEW_RCA_TOOL) || s->is_virtual ||
                    ((int)s->kind != kind && !few))
                        continue;
                if (n < DURATIONS_MAX)
                        all[n++] = d;
                if ((int)s->kind == kind && d > *ret_longest) {
                        *ret_longest = d;
                        *ret_worst = i;
                }
        }
        return n;
}

void clew_rule_outlier(const struct clew_rca_view *v, struct clew_findings *ret)
{
        size_t room = v->n_steps < DURATIONS_MAX ? v->n_steps : DURATIONS_MAX;
        uint64_t *all = clew_arena_alloc(v->arena, room * sizeof(*all));

        if (!all)
                return;
        for (int kind = CLEW_RCA_LLM; kind <= CLEW_RCA_TOOL; kind++) {
                uint32_t worst;
                uint64_t longest;
                uint32_t n = durations_of(v, kind, all, &worst, &longest);
                uint64_t median;
                struct clew_finding *f;

                if (n < 4 || worst == CLEW_RCA_NONE)
                        continue;
                qsort(all, n, sizeof(*all), cmp_u64);
                median = all[n / 2];
                if (longest < OUTLIER_MIN_NS || longest / OUTLIER_FACTOR < median)
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_OUTLIER, worst,
                                     kind == CLEW_RCA_LLM ? OUTLIER_MODEL
                                     : longest / 30 > median && longest >= 3 * OUTLIER_MIN_NS
                                             ? 1.3
                                             : 0.8);
                if (f) /* slow is not wrong, unless the time was missing in the end */
                        f->harmless = !clew_rca_has_error(&v->steps[worst]) &&
                                      !clew_rca_ran_out(v, worst);
                clew_finding_say(ret, f, "Step %u (%.*s) took %.1f s; its like take %.2f s.",
                                 v->steps[worst].number, CLEW_SHOWN(v->steps[worst].name, 60),
                                 (double)longest / 1e9, (double)median / 1e9);
        }
}
