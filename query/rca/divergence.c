/*
 * First divergence from passing runs of the same task.
 *
 * Runs of one task are compared by the actions that they took (tool name and canonical arguments).
 * Only actions that change something count for much: two good runs read in different orders. With
 * several passing runs an action is the more suspect the fewer of them took it.
 */
#include "query/rca/rca.h"

#define KEYS_MAX 4096u
#define ONE_STRENGTH 0.8 /* of an action that the only passing run did not take */

struct clew_reference clew_reference_of(const struct clew_rca_view *v)
{
        uint32_t max = v->n_steps < KEYS_MAX ? v->n_steps : KEYS_MAX;
        uint64_t *keys = clew_arena_alloc(v->arena, max * sizeof(*keys));
        struct clew_slice *names = clew_arena_alloc(v->arena, max * sizeof(*names));
        uint32_t n = 0;

        for (uint32_t i = 0; keys && names && i < v->n_steps && n < max; i++) {
                if (v->steps[i].kind != CLEW_RCA_TOOL)
                        continue;
                names[n] = v->steps[i].name;
                keys[n++] = v->steps[i].key;
        }
        return (struct clew_reference){keys, names, n};
}

bool clew_reference_took(const struct clew_reference *r, uint64_t key)
{
        for (uint32_t i = 0; i < r->n_keys; i++) {
                if (r->keys[i] == key)
                        return true;
        }
        return false;
}

/* Two runs that share no action had the same words to begin with and another task: another
 * customer, another order. */
static bool is_comparable(const struct clew_rca_view *v, const struct clew_reference *r)
{
        uint32_t shared = 0;
        uint32_t tools = 0;

        for (uint32_t i = 0; i < v->n_steps && shared < 3; i++) {
                if (v->steps[i].kind != CLEW_RCA_TOOL)
                        continue;
                tools++;
                shared += clew_reference_took(r, v->steps[i].key);
        }
        return shared >= 3 || (shared >= 1 && shared * 5 >= tools);
}

static bool took(const struct clew_rca_view *v, uint64_t key)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_TOOL && v->steps[i].key == key)
                        return true;
        }
        return false;
}

static bool called(const struct clew_rca_view *v, struct clew_slice name)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_TOOL && clew_slice_eq(v->steps[i].name, name))
                        return true;
        }
        return false;
}

/* A change that every comparable passing run made, and this run never did. */
static void missing_call(const struct clew_rca_view *v, const struct clew_reference *refs,
                         uint32_t n, struct clew_findings *ret)
{
        for (uint32_t i = 0; n >= 2 && i < refs[0].n_keys; i++) {
                struct clew_finding *f;
                bool all = clew_deed_of_name(refs[0].names[i]) != CLEW_DEED_READS &&
                           !clew_rca_hands_over(refs[0].names[i]) &&
                           !clew_rca_proves_identity(refs[0].names[i]);
                uint32_t who = clew_rca_answer_call(v);

                for (uint32_t k = 1; k < n && all; k++)
                        all = clew_reference_took(&refs[k], refs[0].keys[i]);
                if (!all || took(v, refs[0].keys[i]) || who == CLEW_RCA_NONE)
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_MISSING_CALL, who, 1.0);
                clew_finding_evidence(f, who, v->steps[who].text);
                clew_finding_say(
                        ret, f,
                        called(v, refs[0].names[i])
                                ? "Step %u ends the run; %.*s was never called as the %u passing "
                                  "runs of this task called it."
                                : "Step %u ends the run without a call of %.*s, which the %u "
                                  "passing runs of this task made.",
                        v->steps[who].number, CLEW_SHOWN(refs[0].names[i], 60), n);
                return;
        }
}

/* "called search", and what a text asked for, which has no name. */
static const char *verb_for(struct clew_slice name)
{
        return clew_slice_eq_cstr(name, "its action") ? "took" : "called";
}

void clew_rule_divergence(const struct clew_rca_view *v, const struct clew_reference *references,
                          uint32_t n_references, struct clew_findings *ret)
{
        struct clew_reference comparable[CLEW_WHY_REFERENCES_MAX];
        uint32_t n = 0;

        for (uint32_t k = 0; k < n_references && n < CLEW_WHY_REFERENCES_MAX; k++) {
                if (is_comparable(v, &references[k]))
                        comparable[n++] = references[k];
        }
        missing_call(v, comparable, n, ret);
        for (uint32_t i = 0; n > 0 && i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;
                uint32_t with = 0;
                uint32_t who;

                if (s->kind != CLEW_RCA_TOOL || s->deed == CLEW_DEED_READS ||
                    clew_rca_proves_identity(s->name) || clew_rca_takes_notes(s->name))
                        continue;
                for (uint32_t k = 0; k < n; k++)
                        with += clew_reference_took(&comparable[k], s->key);
                if (with * 2 > n)
                        continue;
                who = clew_rca_blame(v, i);
                /* One run may have taken another way that is as good. */
                f = clew_finding_add(ret, CLEW_RULE_DIVERGENCE, who,
                                     with     ? 0.6
                                     : n == 1 ? ONE_STRENGTH
                                              : 1.0);
                if (f)
                        f->hearsay = n == 1;
                clew_finding_effect(f, i);
                clew_finding_evidence(f, i, s->args);
                if (with)
                        clew_finding_say(ret, f,
                                         "%u of %u passing runs of this task %s %.*s as step %u "
                                         "did.",
                                         with, n, verb_for(s->name), CLEW_SHOWN(s->name, 60),
                                         v->steps[who].number);
                else if (n == 1)
                        clew_finding_say(ret, f,
                                         "Step %u %s %.*s so; the one passing run of this task "
                                         "that is known went another way.",
                                         v->steps[who].number, verb_for(s->name),
                                         CLEW_SHOWN(s->name, 60));
                else
                        clew_finding_say(ret, f,
                                         "Step %u %s %.*s so; no passing run of this task did "
                                         "(%u known).",
                                         v->steps[who].number, verb_for(s->name),
                                         CLEW_SHOWN(s->name, 60), n);
                if (with == 0)
                        return;
        }
}
