/*
 * Rules about where trouble began: the first bad result of a run, the call that began a search
 * which found nothing, an action of the run's own that a later one ran into.
 *
 * What is repeated at the end of a run is seldom its cause. These rules walk forward, and speak of
 * the first step.
 */
#include "query/rca/flat.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#include "proto/base/hash.h"

#define SEARCH_MIN 5u /* actions in a row that are a search, not a look */
#define IDS_MAX 16u   /* of one call */
#define CHANGES_MAX 128u
#define DIGITS_MIN 3u
#define AGAIN_WITHIN 400u /* steps in which an action counts as taken again */
#define TOLD_MAX 4u       /* repeated actions told of in one run */
#define ARGUMENTS_MIN 8u  /* bytes; "scroll down" is repeated by nature */
#define VALUES_MAX 64u    /* values of a last text that are looked up */
#define TOLD_DIGITS 3u    /* of a number that is no count */

static bool is_bad(const struct clew_rca_step *s)
{
        if (s->kind == CLEW_RCA_TOOL && s->empty && s->has_result && !clew_rca_has_error(s))
                return true;
        return clew_rca_has_error(s) && !s->failed_below && s->kind != CLEW_RCA_LLM;
}

/* Tests or a build that failed, by what was printed. */
static bool failed_check(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];

        return s->kind == CLEW_RCA_TOOL && (clew_rca_runs_programs(s->name) || v->acts_in_text) &&
               clew_text_check(s->result) == CLEW_CHECK_FAILED;
}

static const char *word_for(const struct clew_rca_step *s)
{
        return clew_rca_has_error(s) ? clew_trouble_name(s->trouble)
               : s->empty            ? "an empty result"
                                     : "a check that failed";
}

/* Who ordered what went wrong: of several agents the one that spoke last to the agent that is
 * blamed. */
static void blame_order(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t who,
                        double strength)
{
        uint32_t order = who == CLEW_RCA_NONE || v->steps[who].kind != CLEW_RCA_LLM
                                 ? CLEW_RCA_NONE
                                 : clew_rca_order_before(v, who);
        struct clew_slice to = who == CLEW_RCA_NONE ? CLEW_SLICE_NULL : v->steps[who].agent_name;
        struct clew_finding *f = NULL;

        if (!to.len)
                to = CLEW_SLICE_LITERAL("the next agent");
        if (order != CLEW_RCA_NONE && clew_rca_may_be_order(v, order))
                f = clew_finding_add(ret, CLEW_RULE_ORDER, order, strength);
        clew_finding_effect(f, who);
        clew_finding_evidence(f, order,
                              order == CLEW_RCA_NONE ? CLEW_SLICE_NULL : v->steps[order].text);
        if (f)
                clew_finding_say(ret, f,
                                 clew_rca_is_order(v, order, who)
                                         ? "Step %u told %.*s what to do; its step %u ran into "
                                           "trouble."
                                         : "Step %u spoke right before %.*s, whose step %u ran "
                                           "into trouble.",
                                 v->steps[order].number, CLEW_SHOWN(to, 40), v->steps[who].number);
}

/* ---- the first bad result ------------------------------------------------------------------- */

void clew_rule_first_trouble(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct clew_finding *f;
        double strength = 1.0;
        bool sought = false; /* an earlier one was what the run wanted to see */
        uint32_t first = 0;
        uint32_t again = 0;
        uint32_t who;

        for (; first < v->n_steps; first++) {
                if (!is_bad(&v->steps[first]) && !failed_check(v, first))
                        continue;
                if (!clew_rca_was_wanted(v, first))
                        break;
                sought = true;
        }
        if (first == v->n_steps)
                return;
        for (uint32_t k = first + 1; k < v->n_steps; k++)
                again += is_bad(&v->steps[k]);
        /* What a server or a network did is nobody's doing; a closed door is for others to go
         * round. */
        who = clew_rca_has_error(&v->steps[first]) && v->steps[first].kind == CLEW_RCA_TOOL &&
                              !v->steps[first].is_virtual &&
                              v->steps[first].trouble != CLEW_TROUBLE_AUTH &&
                              clew_trouble_is_infrastructure(v->steps[first].trouble)
                      ? first
                      : clew_rca_author_of(v, first);
        if (clew_rca_recovery_of(v, first) != CLEW_RCA_NONE)
                strength = again > 0 ? 0.7 : 0.4;
        if (!clew_rca_has_error(&v->steps[first]))
                strength *= 0.8;
        f = clew_finding_add(ret, CLEW_RULE_FIRST_TROUBLE, who, strength);
        if (!f)
                return;
        f->hearsay =
                v->steps[first].kind == CLEW_RCA_AGENT ||
                (v->steps[first].parent == CLEW_RCA_NONE && v->steps[first].kind == CLEW_RCA_OTHER);
        f->harmless = clew_rca_was_harmless(v, first);
        clew_finding_effect(f, first);
        clew_finding_evidence(f, first,
                              v->steps[first].error_text.len ? v->steps[first].error_text
                                                             : v->steps[first].result);
        clew_finding_say(ret, f, "The first bad result of the run%s is that of step %u (%.*s): %s.",
                         sought ? " that was not sought" : "", v->steps[first].number,
                         CLEW_SHOWN(v->steps[first].name, 60), word_for(&v->steps[first]));
        blame_order(v, ret, who, strength);
}

/* ---- a search that found nothing ------------------------------------------------------------ */

/* The text gives a number that some result showed: part of an answer, at least. */
static bool tells_something(const struct clew_rca_view *v, struct clew_slice text)
{
        struct clew_token_iter it = clew_tokens_of(text);
        struct clew_token t;

        for (uint32_t n = 0; n < VALUES_MAX && clew_token_next(&it, &t); n++) {
                const struct clew_rca_seen *s = clew_rca_seen_find(v, t.hash);

                if (t.is_number && t.digits >= TOLD_DIGITS && s && s->observed != CLEW_RCA_NONE &&
                    v->units[s->observed].origin == CLEW_RCA_RESULT)
                        return true;
        }
        return false;
}

/* The run ended without an answer: in an error, at a limit, or by saying that there is none. */
static bool ends_without_answer(const struct clew_rca_view *v)
{
        static const char *const missed[] = {"cannot find", "can't find", "can\xe2\x80\x99t find"};
        const struct clew_rca_step *last;

        if (v->last_llm == CLEW_RCA_NONE)
                return false;
        last = &v->steps[v->last_llm];
        if (!clew_rca_has_error(last) && !v->root_failed && tells_something(v, last->text))
                return false;
        return clew_rca_has_error(last) || v->root_failed || clew_text_refuses(last->text) ||
               HAS_ANY(head(last->text, LOWER_MAX), missed) ||
               clew_text_denies_result(last->text) || clew_text_denies_result(v->output) ||
               (v->output.len == 0 && last->text.len == 0);
}

/* A run that changed something was no search. */
static bool did_something(const struct clew_rca_view *v)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_TOOL && v->steps[i].deed == CLEW_DEED_CHANGES &&
                    !clew_rca_has_error(&v->steps[i]))
                        return true;
        }
        return false;
}

static bool is_look(struct clew_slice name)
{
        return !clew_rca_hands_over(name) && !clew_rca_proves_identity(name);
}

/* Calls of LLM step @i that may look something up, and that no step carried out: what they brought
 * was never recorded. */
static uint32_t unseen_looks(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        uint32_t n = 0;

        for (uint32_t k = 0; s->kind == CLEW_RCA_LLM && k < s->n_calls; k++) {
                const struct clew_rca_call *c = &v->calls[s->first_call + k];

                n += c->tool_step == CLEW_RCA_NONE && is_look(c->name);
        }
        return n;
}

void clew_rule_fruitless(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t first = CLEW_RCA_NONE;
        struct clew_finding *f;
        uint32_t looks = 0;
        uint32_t bad = 0;
        uint32_t who;

        if (!ends_without_answer(v) || did_something(v))
                return;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                uint32_t unseen = unseen_looks(v, i);
                bool look = v->steps[i].kind == CLEW_RCA_TOOL && is_look(v->steps[i].name);

                if (first == CLEW_RCA_NONE && (look || unseen))
                        first = i;
                looks += look + unseen;
                bad += look && is_bad(&v->steps[i]);
        }
        if (looks < SEARCH_MIN)
                return;
        who = clew_rca_blame(v, first);
        f = clew_finding_add(ret, CLEW_RULE_FRUITLESS, who, bad * 3 >= looks ? 1.2 : 1.0);
        if (first != who)
                clew_finding_effect(f, first);
        clew_finding_evidence(f, first, v->steps[first].args);
        clew_finding_say(
                ret, f,
                "The run ends without an answer after %u actions, the first of which step %u "
                "asked for.",
                looks, v->steps[who].number);
}

/* ---- the same action again, whatever came of it -----------------------------------------------
 */

/* How often the action of step @i is taken again later. */
static uint32_t times_again(const struct clew_rca_view *v, uint32_t i, bool *done)
{
        uint32_t n = 0;

        for (uint32_t k = i + 1; k < v->n_steps && k < i + AGAIN_WITHIN; k++) {
                if (v->steps[k].kind != CLEW_RCA_TOOL || v->steps[k].key != v->steps[i].key)
                        continue;
                done[k] = true;
                n++;
        }
        return n;
}

/* A command that looks is given again until its answer changes: somebody waits for a change. */
static bool is_watching(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        bool changed = false;

        if (clew_deed_of_line(s->name, s->args) != CLEW_DEED_READS)
                return false;
        for (uint32_t k = i + 1; k < v->n_steps && k < i + AGAIN_WITHIN && !changed; k++)
                changed = v->steps[k].kind == CLEW_RCA_TOOL && v->steps[k].key == s->key &&
                          v->steps[k].result_hash != s->result_hash;
        return changed;
}

/* A loop was told of that holds this action: that says it all. */
static bool told_as_loop(const struct clew_rca_view *v, const struct clew_findings *f, uint64_t key)
{
        for (uint32_t i = 0; i < f->n; i++) {
                const struct clew_finding *x = &f->items[i];

                for (uint32_t k = 0; x->rule == CLEW_RULE_TOOL_LOOP && k < x->n_effects; k++) {
                        if (v->steps[x->effects[k]].key == key)
                                return true;
                }
        }
        return false;
}

void clew_rule_repeated_action(const struct clew_rca_view *v, struct clew_findings *ret)
{
        bool *done = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*done));

        for (uint32_t i = 0;
             done && i < v->n_steps && ret->n_of[CLEW_RULE_REPEATED_ACTION] < TOLD_MAX; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;
                uint32_t again;

                if (s->kind != CLEW_RCA_TOOL || done[i] || s->args.len < ARGUMENTS_MIN)
                        continue;
                again = times_again(v, i, done);
                if (again < 2 || told_as_loop(v, ret, s->key) || is_watching(v, i))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_REPEATED_ACTION, clew_rca_blame(v, i),
                                     again >= 4 ? 1.2 : 1.0);
                clew_finding_effect(f, i);
                clew_finding_evidence(f, i, s->args);
                if (f)
                        clew_finding_say(ret, f, "%.*s was called so %u times, first by step %u.",
                                         CLEW_SHOWN(s->name, 60), again + 1,
                                         v->steps[f->step].number);
                if (ret->n_of[CLEW_RULE_REPEATED_ACTION] == 1)
                        blame_order(v, ret, clew_rca_blame(v, i), 0.8);
        }
}

/* ---- an action that a later one ran into ---------------------------------------------------- */

struct change {
        uint64_t ids[IDS_MAX];
        uint32_t n_ids;
        uint32_t step;
};

/* 2026-05, 2026-05-14: a date is shared by things that have nothing to do with each other. */
static bool is_date(struct clew_slice t)
{
        for (size_t i = 0; i < t.len; i++) {
                bool mark = i == 4 || i == 7;

                if (mark ? t.data[i] != '-' && t.data[i] != '/' && t.data[i] != '.'
                         : t.data[i] < '0' || t.data[i] > '9')
                        return false;
        }
        return t.len == 7 || t.len == 10;
}

/* Whose: a person or an account is in all that is done for them, and says nothing of two actions.
 */
static bool names_somebody(struct clew_slice key)
{
        static const char *const words[] = {"user",   "customer", "client",  "account", "patient",
                                            "member", "person",   "contact", "owner",   "tenant",
                                            "host",   "session",  "payment"};

        return HAS_ANY(key, words);
}

static void ids_of(struct clew_slice args, struct change *ret)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        ret->n_ids = 0;
        clew_flat_init(&f, args);
        while (ret->n_ids < IDS_MAX && clew_flat_next(&f, &leaf)) {
                struct clew_token_iter it = clew_tokens_of(leaf.value);
                struct clew_token t;

                if (!names_somebody(leaf.key) && clew_token_next(&it, &t) &&
                    t.digits >= DIGITS_MIN && !is_date(t.text) &&
                    t.text.len + 2 >= clew_text_trim(leaf.value).len)
                        ret->ids[ret->n_ids++] = clew_hash(t.text); /* "l77" is not "L77" */
        }
}

/* What both calls name: what the refusal speaks of, whatever it is called, else an id. */
static struct clew_slice shared_name(const struct clew_rca_step *early,
                                     const struct clew_rca_step *late)
{
        struct clew_slice ret = CLEW_SLICE_NULL;
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        struct change theirs;

        ids_of(late->args, &theirs);
        clew_flat_init(&f, early->args);
        while (clew_flat_next(&f, &leaf)) {
                struct clew_token_iter it = clew_tokens_of(leaf.value);
                struct clew_token t;

                if (!clew_token_next(&it, &t) || t.digits < DIGITS_MIN || is_date(t.text) ||
                    t.text.len + 2 < clew_text_trim(leaf.value).len)
                        continue;
                if (clew_find(late->error_text, t.text.data, t.text.len))
                        return t.text;
                for (uint32_t k = 0; k < theirs.n_ids && !ret.len; k++) {
                        if (theirs.ids[k] == clew_hash(t.text))
                                ret = t.text;
                }
        }
        return ret;
}

static bool shares_id(const struct change *a, const struct change *b)
{
        for (uint32_t i = 0; i < a->n_ids; i++) {
                for (uint32_t k = 0; k < b->n_ids; k++) {
                        if (a->ids[i] == b->ids[k])
                                return true;
                }
        }
        return false;
}

static bool may_change(const struct clew_rca_step *s)
{
        return s->kind == CLEW_RCA_TOOL && s->caller != CLEW_RCA_NONE && s->args.len > 0 &&
               s->deed != CLEW_DEED_READS && !clew_rca_hands_over(s->name) &&
               !clew_rca_proves_identity(s->name);
}

/* The status that @result tells first; null without one. */
static struct clew_slice status_in(struct clew_slice result)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, result);
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                if (leaf.key.len == 6 && (clew_text_find(leaf.key, "status") == 0))
                        return leaf.value;
        }
        return CLEW_SLICE_NULL;
}

/* What was shown of the same thing before change @k tells the status that it still had after it:
 * what was refused later was so for another reason. */
static bool left_status(const struct clew_rca_view *v, const struct change *change)
{
        struct clew_slice after = status_in(v->steps[change->step].result);
        struct clew_slice before = CLEW_SLICE_NULL;

        for (uint32_t i = 0; after.len && i < change->step; i++) {
                struct change seen;

                if (v->steps[i].kind != CLEW_RCA_TOOL || clew_rca_has_error(&v->steps[i]))
                        continue;
                ids_of(v->steps[i].args, &seen);
                if (shares_id(&seen, change) && status_in(v->steps[i].result).len)
                        before = status_in(v->steps[i].result);
        }
        return before.len && clew_slice_eq(before, after);
}

void clew_rule_own_change(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct change *done = clew_arena_alloc(v->arena, CHANGES_MAX * sizeof(*done));
        uint32_t n = 0;

        for (uint32_t i = 0; done && i < v->n_steps && n < CHANGES_MAX; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct change now = {.step = i};

                if (!may_change(s))
                        continue;
                ids_of(s->args, &now);
                if (!clew_rca_has_error(s)) {
                        if (s->deed == CLEW_DEED_CHANGES)
                                done[n++] = now;
                        continue;
                }
                if (clew_trouble_is_infrastructure(s->trouble) ||
                    s->trouble == CLEW_TROUBLE_ARGUMENTS || s->trouble == CLEW_TROUBLE_NO_TOOL)
                        continue;
                for (uint32_t k = 0; k < n; k++) {
                        const struct clew_rca_step *o = &v->steps[done[k].step];
                        struct clew_finding *f;

                        if (!shares_id(&done[k], &now) || left_status(v, &done[k]))
                                continue;
                        f = clew_finding_add(ret, CLEW_RULE_OWN_CHANGE, o->caller, 1.0);
                        clew_finding_effect(f, i);
                        clew_finding_effect(f, s->caller);
                        clew_finding_evidence(f, done[k].step, o->args);
                        clew_finding_evidence(f, i, s->error_text);
                        clew_finding_say(
                                ret, f,
                                "Step %u had called %.*s with %.*s before step %u (%.*s), which "
                                "has it, too, was refused.",
                                v->steps[o->caller].number, CLEW_SHOWN(o->name, 60),
                                CLEW_SHOWN(shared_name(o, s), 48), s->number,
                                CLEW_SHOWN(s->name, 60));
                        return;
                }
        }
}
