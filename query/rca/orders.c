/*
 * Two more places, in runs of several agents: who said what comes next once there was a result to
 * go by. What a team makes of a result, the names it takes from a page, the part that it hands on,
 * is decided there, and not by who acts on it. An order that takes up a name which the results just
 * before it brought says more than one that only goes on.
 *
 * As in places.c each is a fact about the run and says nothing of what is wrong.
 */
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define ORDERS_MAX 6u        /* of one run that are named */
#define NAME_MIN 4u          /* bytes of a name */
#define NAMES_MAX 6u         /* of one order that are looked for */
#define RESULTS_MAX 2u       /* before an order that they are looked for in */
#define RESULT_MAX 8192u     /* bytes of one */
#define ORDER_TEXT_MAX 1000u /* bytes of an order that are read */
#define GOES_ON 0.5          /* strength of one that takes up nothing */
#define SHOWN_MAX 40u

static bool leads(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *lead = &v->steps[v->first_llm];

        return lead->agent_name.len || v->steps[i].agent_name.len
                       ? clew_slice_eq(lead->agent_name, v->steps[i].agent_name)
                       : lead->system_hash == v->steps[i].system_hash;
}

/* A word with a capital that begins no sentence, at @at or later; its end. */
static bool next_name(struct clew_slice t, size_t *at, struct clew_slice *ret)
{
        size_t i = *at;

        while (i < t.len) {
                size_t from;
                size_t before;

                for (; i < t.len && !clew_word_class[t.data[i]]; i++)
                        ;
                from = before = i;
                for (; i < t.len && clew_word_class[t.data[i]]; i++)
                        ;
                while (before > 0 && is_space(t.data[before - 1]))
                        before--;
                if (i - from < NAME_MIN || t.data[from] < 'A' || t.data[from] > 'Z' ||
                    before == 0 || memchr(".!?:*#", t.data[before - 1], 6))
                        continue;
                *ret = clew_slice_make(t.data + from, i - from);
                *at = i;
                return true;
        }
        return false;
}

static bool was_heard(const struct clew_rca_view *v, struct clew_slice name)
{
        for (uint32_t u = 0; u < v->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_USER &&
                    clew_find(v->units[u].text, name.data, name.len))
                        return true;
        }
        return false;
}

/* The result right before step @order, or one before it, that shows @name; NONE without one. */
static uint32_t shown_by(const struct clew_rca_view *v, uint32_t order, struct clew_slice name)
{
        uint32_t n = 0;

        for (uint32_t i = order; i-- > 0 && n < RESULTS_MAX;) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_TOOL || !s->result.len)
                        continue;
                n++;
                if (clew_find(head(s->result, RESULT_MAX), name.data, name.len))
                        return i;
        }
        return CLEW_RCA_NONE;
}

/* A name in the order that no user said and a result brought; NONE without one. */
static uint32_t takes_up(const struct clew_rca_view *v, uint32_t order, struct clew_slice *ret)
{
        struct clew_slice t = head(v->steps[order].text, ORDER_TEXT_MAX);
        size_t at = 0;

        for (uint32_t n = 0; n < NAMES_MAX && next_name(t, &at, ret); n++) {
                uint32_t result = shown_by(v, order, *ret);

                if (result != CLEW_RCA_NONE && !was_heard(v, *ret))
                        return result;
        }
        return CLEW_RCA_NONE;
}

static void say_order(const struct clew_rca_view *v, uint32_t order, uint32_t to, bool next,
                      struct clew_findings *ret)
{
        struct clew_slice name = CLEW_SLICE_NULL;
        uint32_t result = takes_up(v, order, &name);
        struct clew_finding *f =
                clew_finding_add(ret, next ? CLEW_RULE_NEXT_ORDER : CLEW_RULE_LATER_ORDER, order,
                                 result == CLEW_RCA_NONE ? GOES_ON : 1.0);
        const char *what = clew_rca_is_order(v, order, to) ? "told another agent what to do"
                                                           : "spoke right before another agent";

        clew_finding_evidence(f, order, v->steps[order].text);
        if (result == CLEW_RCA_NONE)
                clew_finding_say(ret, f, "Step %u %s, with a result at hand.",
                                 v->steps[order].number, what);
        else
                clew_finding_say(ret, f,
                                 "Step %u %s, and took up \"%.*s\" from the result of step %u.",
                                 v->steps[order].number, what, CLEW_SHOWN(name, SHOWN_MAX),
                                 v->steps[result].number);
}

/* A run that passed has no place to look at. */
void clew_rule_later_orders(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t first = CLEW_RCA_NONE; /* result */
        bool next = false;              /* who began gave one */
        uint32_t n = 0;

        if (v->passed || v->first_llm == CLEW_RCA_NONE)
                return;
        for (uint32_t i = 0; i < v->n_steps && n < ORDERS_MAX; i++) {
                uint32_t order;
                bool is_next;

                if (v->steps[i].kind == CLEW_RCA_TOOL && first == CLEW_RCA_NONE)
                        first = i;
                if (v->steps[i].kind != CLEW_RCA_LLM || first == CLEW_RCA_NONE)
                        continue;
                order = clew_rca_order_before(v, i);
                if (order == CLEW_RCA_NONE || order < first || !clew_rca_may_be_order(v, order))
                        continue;
                is_next = !next && leads(v, order);
                next |= is_next;
                say_order(v, order, i, is_next, ret);
                n++;
        }
}
