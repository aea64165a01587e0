/*
 * A rule about an id that lost a part on its way: "4471" for what every observation calls "C-4471".
 * It speaks only when the call came back with nothing, because many tools take both.
 */
#include "query/rca/flat.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define DIGITS_MIN 3u
#define TOLD_MAX 16u /* distinct values told of in one trace */

static bool has_letter(struct clew_slice t)
{
        for (size_t i = 0; i < t.len; i++) {
                if (is_alpha(t.data[i]))
                        return true;
        }
        return false;
}

/* The argument of tool step @i that is a bare part of an id seen before it, and that id. */
static const struct clew_rca_seen *bare_part(const struct clew_rca_view *v, uint32_t i,
                                             struct clew_token *ret)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, v->steps[i].args);
        while (clew_flat_next(&f, &leaf)) {
                struct clew_token_iter it = clew_tokens_of(leaf.value);
                const struct clew_rca_seen *s;

                if (!clew_token_next(&it, ret) || ret->digits < DIGITS_MIN ||
                    ret->text.len + 2 < clew_text_trim(leaf.value).len)
                        continue;
                s = clew_rca_seen_find(v, ret->hash);
                if (s && s->observed != CLEW_RCA_NONE && has_letter(s->whole) &&
                    v->units[s->observed].step < i)
                        return s;
        }
        return NULL;
}

void clew_rule_lost_prefix(const struct clew_rca_view *v, struct clew_findings *ret)
{
        const struct clew_rca_seen *told[TOLD_MAX];
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps && n < TOLD_MAX; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                const struct clew_rca_seen *seen;
                struct clew_finding *f;
                struct clew_token t;
                bool known = false;
                uint32_t who;

                if (s->kind != CLEW_RCA_TOOL || (!s->empty && !clew_rca_has_error(s)))
                        continue;
                seen = bare_part(v, i, &t);
                who = clew_rca_blame(v, i);
                for (uint32_t k = 0; k < n; k++)
                        known |= told[k] == seen;
                if (!seen || known || who == CLEW_RCA_NONE)
                        continue;
                told[n++] = seen;
                f = clew_finding_add(ret, CLEW_RULE_ALTERED_VALUE, who, 1.2);
                clew_finding_effect(f, i);
                /* The same call again is the same mistake. */
                for (uint32_t k = i + 1; k < v->n_steps; k++) {
                        if (v->steps[k].kind != CLEW_RCA_TOOL || v->steps[k].key != s->key)
                                continue;
                        clew_finding_effect(f, k);
                        clew_finding_effect(f, v->steps[k].caller);
                }
                clew_finding_evidence(f, v->units[seen->observed].step, seen->whole);
                clew_finding_evidence(f, i, s->args);
                clew_finding_say(
                        ret, f,
                        "Step %u passed %.*s, which step %u had shown as %.*s; nothing came "
                        "back.",
                        v->steps[who].number, CLEW_SHOWN(t.text, 48),
                        v->steps[v->units[seen->observed].step].number,
                        CLEW_SHOWN(seen->whole, 48));
        }
}
