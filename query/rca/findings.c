/*
 * The list that rules add their findings to.
 */
#include "query/rca/rules.h"

#include <stdarg.h>
#include <stdio.h>

#define FIRST 32u

static bool make_room(struct clew_findings *f)
{
        uint32_t cap = f->cap ? 2 * f->cap : FIRST;
        struct clew_finding *items;

        if (f->n < f->cap)
                return true;
        items = clew_arena_alloc(f->arena, cap * sizeof(*items));
        if (!items)
                return false;
        if (f->n)
                memcpy(items, f->items, f->n * sizeof(*items));
        f->items = items;
        f->cap = cap;
        return true;
}

struct clew_finding *clew_finding_add(struct clew_findings *f, enum clew_rule rule, uint32_t step,
                                      double strength)
{
        struct clew_finding *x;

        if (step == CLEW_RCA_NONE || clew_findings_full(f, rule) || !make_room(f))
                return NULL;
        f->n_of[rule]++;
        x = &f->items[f->n++];
        *x = (struct clew_finding){.rule = rule, .step = step, .strength = strength, .n_signs = 1};
        return x;
}

void clew_finding_effect(struct clew_finding *f, uint32_t step)
{
        if (f && step != CLEW_RCA_NONE && f->n_effects < CLEW_RCA_EFFECTS_MAX)
                f->effects[f->n_effects++] = step;
}

void clew_finding_evidence(struct clew_finding *f, uint32_t step, struct clew_slice text)
{
        if (!f || step == CLEW_RCA_NONE || text.len == 0 || f->n_evidence == CLEW_RCA_EVIDENCE_MAX)
                return;
        if (text.len > CLEW_RCA_EVIDENCE_TEXT_MAX) {
                text.len = CLEW_RCA_EVIDENCE_TEXT_MAX;
                /* Not in the middle of a character. */
                while (text.len > 0 && (text.data[text.len] & 0xc0) == 0x80)
                        text.len--;
        }
        for (uint32_t i = 0; i < f->n_evidence; i++) {
                if (f->evidence[i].step == step && f->evidence[i].text.data == text.data)
                        return;
        }
        f->evidence[f->n_evidence++] = (struct clew_evidence){step, text};
}

void clew_finding_say(struct clew_findings *list, struct clew_finding *f, const char *fmt, ...)
{
        char text[512];
        va_list ap;
        int n;

        if (!f)
                return;
        va_start(ap, fmt);
        n = vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (n < 0)
                return;
        if ((size_t)n >= sizeof(text))
                n = (int)sizeof(text) - 1;
        f->summary = clew_arena_copy(list->arena, clew_slice_make(text, (size_t)n));
}
