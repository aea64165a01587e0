/*
 * Rules about errors: where they came from, what was made of them.
 *
 * An error is a span with error status or exception, or a result that reads as one although its
 * status is fine (which is how most tools report failure to a model). A span that failed because
 * something inside it failed is a messenger: only the deepest one counts. Status alone says where
 * an error surfaced; the step to blame is the model call that asked for the failing action.
 */
#include "query/rca/language.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define ASKED_MAX 400u      /* bytes in which somebody says what a program is run for */
#define CHECKS_MAX 60u      /* results at the end that are searched for the verdict of a check */
#define ORDER_MAX 200u      /* bytes of arguments that say what to run, and are not the program */
#define AUTHOR_BACK_MAX 40u /* steps between a program and the one that runs it */
#define SERIES_GAP_MAX 64u  /* steps between two errors of one series */
#define FILLER_MIN_BYTES 20000u /* some 5,000 tokens: nothing shorter fills a prompt alone */

/* " (timeout)"; an error of no narrower class is only that. For "%s%s%s". */
#define TROUBLE_SHOWN(t)                                                                           \
        (t) == CLEW_TROUBLE_OTHER ? "" : " (",                                                     \
                (t) == CLEW_TROUBLE_OTHER ? "" : clew_trouble_name(t),                             \
                (t) == CLEW_TROUBLE_OTHER ? "" : ")"

static bool is_deepest(const struct clew_rca_step *s)
{
        return clew_rca_has_error(s) && !s->failed_below;
}

/* An action that went through the tool for everything. */
static bool is_shell(const struct clew_rca_view *v, const struct clew_rca_step *s)
{
        return s->kind == CLEW_RCA_TOOL && ((v->shell.len && clew_slice_eq(s->name, v->shell)) ||
                                            (v->acts_in_text && s->is_virtual));
}

/* A shell is one tool for everything: there a call is like another when it begins alike. */
static bool same_purpose(const struct clew_rca_view *v, const struct clew_rca_step *a,
                         const struct clew_rca_step *b)
{
        return clew_slice_eq(a->name, b->name) && (!is_shell(v, a) || a->gist == b->gist);
}

/* A later call to the same end that went well: the error was repaired. */
uint32_t clew_rca_recovery_of(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];

        if (s->kind != CLEW_RCA_TOOL)
                return CLEW_RCA_NONE;
        for (uint32_t k = i + 1; k < v->n_steps && k < i + 400; k++) {
                const struct clew_rca_step *t = &v->steps[k];

                if (t->kind != CLEW_RCA_TOOL || clew_rca_has_error(t) || t->stopped ||
                    !same_purpose(v, s, t))
                        continue;
                /* What held nothing is not mended by what holds nothing either. */
                if (clew_rca_has_error(s) || !t->has_result || !t->empty)
                        return k;
        }
        return CLEW_RCA_NONE;
}

static bool is_out_of_time(const struct clew_rca_step *s)
{
        return clew_rca_has_error(s) &&
               (s->trouble == CLEW_TROUBLE_BUDGET || s->trouble == CLEW_TROUBLE_TIMEOUT);
}

bool clew_rca_ran_out(const struct clew_rca_view *v, uint32_t i)
{
        for (uint32_t k = v->steps[i].parent; k != CLEW_RCA_NONE; k = v->steps[k].parent) {
                if (is_out_of_time(&v->steps[k]))
                        return true;
        }
        if (v->last_step != CLEW_RCA_NONE && is_out_of_time(&v->steps[v->last_step]))
                return true;
        return v->root_failed && (clew_text_trouble(v->root_error) == CLEW_TROUBLE_BUDGET ||
                                  clew_text_trouble(v->root_error) == CLEW_TROUBLE_TIMEOUT);
}

bool clew_rca_was_harmless(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        uint32_t again = clew_rca_recovery_of(v, i);

        if (again == CLEW_RCA_NONE || v->steps[again].next_llm == CLEW_RCA_NONE)
                return false;
        /* What no answer came back from may have been done all the same, and now twice. */
        if (s->deed == CLEW_DEED_CHANGES && clew_trouble_is_infrastructure(s->trouble) &&
            s->trouble != CLEW_TROUBLE_RATE && s->trouble != CLEW_TROUBLE_AUTH)
                return false;
        return !clew_rca_ran_out(v, again);
}

/* Where the error stands in the run: 1 near the end, less when much good work followed. */
static double lateness(const struct clew_rca_view *v, uint32_t i)
{
        uint32_t good = 0;

        for (uint32_t k = i + 1; k < v->n_steps && k < i + 400 && good < 12; k++)
                good += v->steps[k].kind == CLEW_RCA_TOOL && !v->steps[k].stopped &&
                        !clew_rca_has_error(&v->steps[k]);
        return 1.0 - good / 24.0;
}

static bool is_inside(const struct clew_rca_view *v, uint32_t i, uint32_t wrapper)
{
        uint32_t top = v->steps[wrapper].span;

        return v->steps[i].span > top &&
               v->steps[i].span <= top + v->trace->steps[top].n_descendants;
}

/* The model call whose work failed in step @i. An agent that only runs what another one wrote is
 * not its author: that is the last call before it which wrote a program. */
uint32_t clew_rca_author_of(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        uint32_t who = clew_rca_blame(v, i);

        if (s->kind != CLEW_RCA_TOOL || who == CLEW_RCA_NONE || !clew_rca_runs_programs(s->name) ||
            s->trouble == CLEW_TROUBLE_ARGUMENTS || s->trouble == CLEW_TROUBLE_NO_TOOL ||
            s->args.len > ORDER_MAX || (s->args.len && memchr(s->args.data, '\n', s->args.len)) ||
            clew_text_program(v->steps[who].text) >= 0)
                return who;
        for (uint32_t k = who, back = 0; k-- > 0 && back < AUTHOR_BACK_MAX; back++) {
                const struct clew_rca_step *t = &v->steps[k];

                if (t->kind != CLEW_RCA_LLM || clew_text_program(t->text) < 0)
                        continue;
                return t->agent == v->steps[who].agent ? who : k;
        }
        return who;
}

static bool is_model_fault(enum clew_trouble t)
{
        return !clew_trouble_is_infrastructure(t) && t != CLEW_TROUBLE_BUDGET;
}

static bool is_guardrail(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];

        return !s->is_virtual && v->trace->steps[s->span].kind == CLEW_KIND_GUARDRAIL;
}

/* A guardrail that was tripped did its work. What it stopped is what the last call before it wrote;
 * without one what came in: then there is nothing else to name. A model that judges inside it is
 * not to blame. */
static void tripped(const struct clew_rca_view *v, uint32_t i, struct clew_findings *ret)
{
        const struct clew_rca_step *s = &v->steps[i];
        uint32_t who = s->prev_llm;
        struct clew_finding *f;

        if (who != CLEW_RCA_NONE && v->steps[who].end_ns > s->end_ns)
                who = CLEW_RCA_NONE; /* it had not answered yet */
        f = clew_finding_add(ret, CLEW_RULE_ERROR_ORIGIN, who == CLEW_RCA_NONE ? i : who, 1.0);
        if (who != CLEW_RCA_NONE) {
                clew_finding_effect(f, i);
                clew_finding_evidence(f, who, v->steps[who].text);
        }
        clew_finding_evidence(f, i, s->error_text);
        if (who == CLEW_RCA_NONE)
                clew_finding_say(ret, f, "The guardrail %.*s was tripped in step %u.",
                                 CLEW_SHOWN(s->name, 60), s->number);
        else
                clew_finding_say(
                        ret, f,
                        "The guardrail %.*s was tripped in step %u, after the answer of step %u.",
                        CLEW_SHOWN(s->name, 60), s->number, v->steps[who].number);
}

bool clew_rca_was_wanted(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        static const char *const words[] = {"reproduc",
                                            "repro_",
                                            "repro.",
                                            "confirm the bug",
                                            "confirm the issue",
                                            "confirm the error",
                                            "expected to fail",
                                            "should fail",
                                            "failing test",
                                            "test first",
                                            "red first"};
        bool runs = s->kind == CLEW_RCA_TOOL && (clew_rca_runs_programs(s->name) || is_shell(v, s));
        uint32_t who = runs ? s->caller : CLEW_RCA_NONE;

        if (who == CLEW_RCA_NONE || s->trouble == CLEW_TROUBLE_NO_TOOL ||
            (!HAS_ANY(tail(v->steps[who].text, ASKED_MAX), words) &&
             !HAS_ANY(head(s->args, ASKED_MAX), words)))
                return false;
        for (uint32_t k = 0; k < i; k++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL &&
                    (clew_rca_has_error(&v->steps[k]) ||
                     clew_text_check(v->steps[k].result) == CLEW_CHECK_FAILED) &&
                    HAS_ANY(head(v->steps[k].args, ASKED_MAX), words))
                        return false;
        }
        return true;
}

void clew_rule_error_origin(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps && !clew_findings_full(ret, CLEW_RULE_ERROR_ORIGIN);
             i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;
                double strength = 1.0;
                uint32_t who;

                if (is_guardrail(v, i) && s->failed && is_model_fault(s->trouble)) {
                        tripped(v, i, ret);
                        continue;
                }
                if (!is_deepest(s) || s->kind == CLEW_RCA_LLM || !is_model_fault(s->trouble))
                        continue;
                who = clew_rca_author_of(v, i);
                if (who == CLEW_RCA_NONE || clew_rca_was_wanted(v, i))
                        continue;
                if (clew_rca_recovery_of(v, i) != CLEW_RCA_NONE)
                        strength *= 0.35;
                if (s->kind == CLEW_RCA_TOOL)
                        strength *= lateness(v, i);
                /* A failing program is a normal observation to one who writes programs. */
                if (s->kind == CLEW_RCA_TOOL && s->trouble == CLEW_TROUBLE_OTHER && !s->failed)
                        strength *= is_shell(v, s) && lateness(v, i) < 1 ? 0.65 : 0.9;
                f = clew_finding_add(ret, CLEW_RULE_ERROR_ORIGIN, who, strength);
                if (f) {
                        f->hearsay = s->kind == CLEW_RCA_AGENT ||
                                     (s->parent == CLEW_RCA_NONE && s->kind == CLEW_RCA_OTHER);
                        f->harmless = clew_rca_was_harmless(v, i);
                }
                clew_finding_effect(f, i);
                clew_finding_evidence(f, who, v->steps[who].text);
                clew_finding_evidence(f, i, s->error_text);
                clew_finding_say(ret, f,
                                 s->kind == CLEW_RCA_TOOL
                                         ? "Step %u asked for %.*s, which ended in an error%s%s%s."
                                         : "Step %u acted in %.*s, which ended in an error%s%s%s.",
                                 v->steps[who].number, CLEW_SHOWN(s->name, 60),
                                 TROUBLE_SHOWN(s->trouble));
        }
}

void clew_rule_error_response(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps && !clew_findings_full(ret, CLEW_RULE_ERROR_RESPONSE);
             i++) {
                const struct clew_rca_step *s = &v->steps[i];
                bool wrapper = s->kind == CLEW_RCA_OTHER || s->kind == CLEW_RCA_AGENT;
                struct clew_finding *f;
                double strength;
                uint32_t who = s->next_llm;

                if (!is_deepest(s) || s->kind == CLEW_RCA_LLM || is_guardrail(v, i))
                        continue;
                while (wrapper && who != CLEW_RCA_NONE && is_inside(v, who, i))
                        who = v->steps[who].next_llm; /* still inside the failed step */
                if (who == CLEW_RCA_NONE)
                        continue;
                /* A step of the agent itself failed: its next call has to deal with that, and
                 * usually does so badly. A failed tool is first of all its caller's affair. */
                strength = wrapper ? 1.3 : 0.7;
                if (v->steps[who].n_calls == 0 && clew_text_admits_trouble(v->steps[who].text) &&
                    v->steps[who].next_llm == CLEW_RCA_NONE)
                        strength *= 0.5; /* says that it failed, as it should */
                if (clew_rca_recovery_of(v, i) != CLEW_RCA_NONE)
                        strength *= 0.6;
                f = clew_finding_add(ret, CLEW_RULE_ERROR_RESPONSE, who,
                                     wrapper ? strength : strength * lateness(v, i));
                if (f)
                        f->harmless = clew_rca_was_harmless(v, i);
                clew_finding_evidence(f, i, s->error_text);
                clew_finding_evidence(f, who, v->steps[who].text);
                clew_finding_say(ret, f,
                                 clew_rca_recovery_of(v, i) != CLEW_RCA_NONE
                                         ? "Step %u had to deal with the error of step %u%s%s%s; a "
                                           "later call to the same end went well."
                                         : "Step %u had to deal with the error of step %u%s%s%s.",
                                 v->steps[who].number, s->number, TROUBLE_SHOWN(s->trouble));
        }
}

/* Errors of one series: the same text (but for digits and quotes) in the same agent, on the same
 * kind of step, each within SERIES_GAP_MAX steps of the one before. */
struct series {
        uint32_t members[CLEW_RCA_EFFECTS_MAX]; /* the first ones behind the first of all */
        uint32_t count;
        uint32_t last;
};

static bool is_next_of(const struct clew_rca_step *s, const struct clew_rca_step *t)
{
        return is_deepest(t) && t->error_shape == s->error_shape && t->agent == s->agent &&
               t->kind == s->kind;
}

static struct series series_from(const struct clew_rca_view *v, uint32_t i, bool *done)
{
        struct series ret = {.count = 1, .last = i};

        for (uint32_t k = i + 1; k < v->n_steps && k - ret.last <= SERIES_GAP_MAX; k++) {
                if (!is_next_of(&v->steps[i], &v->steps[k]))
                        continue;
                if (ret.count <= CLEW_RCA_EFFECTS_MAX)
                        ret.members[ret.count - 1] = k;
                ret.count++;
                ret.last = k;
                done[k] = true;
        }
        return ret;
}

/* How much a repeated error says about the caller of the last of them: by then it was known. Trying
 * again what the network or a server refused is no mistake, three times over is one. */
static double repetition(const struct clew_rca_view *v, const struct series *s)
{
        double strength = s->count > 2 ? 1.1 : 1.0;

        if (clew_trouble_is_infrastructure(v->steps[s->last].trouble) && s->count < 4)
                strength *= 0.5;
        /* Programs fail many times before they run; much good work afterwards says that it was so.
         */
        if (is_shell(v, &v->steps[s->last]))
                return strength * lateness(v, s->last);
        return strength * (clew_rca_recovery_of(v, s->last) == CLEW_RCA_NONE ? 1.0 : 0.75);
}

/* Reported where the series ends; the calls between the first and the last are its effects. */
void clew_rule_same_error(const struct clew_rca_view *v, struct clew_findings *ret)
{
        bool *done = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*done));

        for (uint32_t i = 0;
             done && i < v->n_steps && !clew_findings_full(ret, CLEW_RULE_SAME_ERROR); i++) {
                struct clew_finding *f;
                struct series s;

                if (done[i] || !is_deepest(&v->steps[i]) || v->steps[i].kind == CLEW_RCA_LLM)
                        continue;
                s = series_from(v, i, done);
                if (s.count < 2)
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_SAME_ERROR, clew_rca_author_of(v, s.last),
                                     repetition(v, &s));
                if (f)
                        f->harmless = clew_rca_was_harmless(v, s.last);
                for (uint32_t k = 1; k + 2 < s.count && k < CLEW_RCA_EFFECTS_MAX - 1; k++)
                        clew_finding_effect(f, clew_rca_author_of(v, s.members[k]));
                clew_finding_effect(f, s.last);
                clew_finding_evidence(f, i, v->steps[i].error_text);
                clew_finding_evidence(f, s.last, v->steps[s.last].error_text);
                clew_finding_say(ret, f,
                                 clew_slice_eq(clew_text_trim(v->steps[i].error_text),
                                               clew_text_trim(v->steps[s.last].error_text))
                                         ? "The error of step %u came again in step %u (%u times "
                                           "in all)."
                                         : "An error like that of step %u came again in step %u "
                                           "(%u times in all).",
                                 v->steps[i].number, v->steps[s.last].number, s.count);
        }
}

/* An action failed, nothing was tried again, and the answer does not mention it. */
/* The words that would admit it are not known. */
static bool is_in_unread_language(struct clew_slice text)
{
        enum clew_language told = clew_language_of(text);

        return told != CLEW_LANGUAGE_ENGLISH && told != CLEW_LANGUAGE_UNKNOWN;
}

void clew_rule_swallowed_error(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps && !clew_findings_full(ret, CLEW_RULE_SWALLOWED_ERROR);
             i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;
                double strength;
                uint32_t who = s->next_llm;

                if (!is_deepest(s) || s->kind != CLEW_RCA_TOOL || who == CLEW_RCA_NONE)
                        continue;
                if (v->steps[who].agent != s->agent || v->steps[who].n_calls > 0 ||
                    !v->steps[who].text.len || v->steps[who].failed ||
                    clew_rca_acted(v, who) || /* the work went on */
                    clew_text_admits_trouble(v->steps[who].text) ||
                    clew_text_refuses(v->steps[who].text) ||
                    clew_text_denies_result(v->steps[who].text) ||
                    clew_text_mentions(v->steps[who].text, s->error_text) ||
                    is_in_unread_language(v->steps[who].text))
                        continue;
                /* A program is an action, whoever runs it, and a plan is no answer. */
                if (clew_text_program(v->steps[who].text) >= 0 ||
                    clew_text_plans(v->steps[who].text))
                        continue;
                strength = clew_text_asks(v->steps[who].text) &&
                                           v->steps[who].next_llm != CLEW_RCA_NONE
                                   ? 0.5
                                   : 1.0;
                /* What a server refused is first of all the server's. */
                if (s->failed && clew_trouble_is_infrastructure(s->trouble))
                        strength *= 0.6;
                f = clew_finding_add(ret, CLEW_RULE_SWALLOWED_ERROR, who, strength);
                /* What a tool refuses for reasons of its own is no mistake of who asked. */
                if (s->trouble != CLEW_TROUBLE_ARGUMENTS && s->trouble != CLEW_TROUBLE_NO_TOOL)
                        clew_finding_effect(f, s->caller);
                clew_finding_evidence(f, i, s->error_text);
                clew_finding_evidence(f, who, v->steps[who].text);
                clew_finding_say(
                        ret, f,
                        "Step %u answers as if step %u (%.*s) had worked, but it failed%s%s%s.",
                        v->steps[who].number, s->number, CLEW_SHOWN(s->name, 60),
                        TROUBLE_SHOWN(s->trouble));
        }
}

void clew_rule_unrecovered_end(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t last = CLEW_RCA_NONE;
        struct clew_finding *f;
        uint32_t who;

        for (uint32_t i = v->n_steps; i-- > 0 && last == CLEW_RCA_NONE;) {
                if (v->steps[i].kind == CLEW_RCA_TOOL ||
                    (v->steps[i].kind == CLEW_RCA_OTHER && v->steps[i].failed))
                        last = i;
        }
        if (last == CLEW_RCA_NONE || !is_deepest(&v->steps[last]) ||
            !is_model_fault(v->steps[last].trouble) || is_guardrail(v, last))
                return; /* a guardrail that was tripped is told of by itself */
        /* A later action whose result nobody recorded may have gone well. */
        for (uint32_t i = last + 1; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM && clew_rca_acted(v, i))
                        return;
        }
        who = clew_rca_blame(v, last);
        f = clew_finding_add(ret, CLEW_RULE_UNRECOVERED_END, who, 1.0);
        clew_finding_effect(f, last);
        clew_finding_evidence(f, last, v->steps[last].error_text);
        clew_finding_say(ret, f, "The last action of the run, step %u (%.*s), failed%s%s%s.",
                         v->steps[last].number, CLEW_SHOWN(v->steps[last].name, 60),
                         TROUBLE_SHOWN(v->steps[last].trouble));
}

static bool puts_back(const struct clew_rca_step *s)
{
        static const char *const words[] = {"git stash",    "git checkout", "git restore",
                                            "git apply -r", "patch -r",     "git reset"};
        static const char *const none[] = {"stash pop",  "stash apply", "stash list",
                                           "stash show", "stash drop",  "checkout -b"};
        struct clew_slice t = head(s->args, ASKED_MAX);

        return HAS_ANY(t, words) && !HAS_ANY(t, none);
}

/* "3 failed, 85 passed in 2.83s" without how long it took. */
static struct clew_slice verdict_of(const struct clew_rca_step *s)
{
        struct clew_slice line = clew_text_check_line(s->result);
        ptrdiff_t at = clew_text_find(line, " in ");

        return at > 0 ? head(line, (size_t)at) : line;
}

/* The same was run later, and no longer said that it failed. */
static bool ran_again(const struct clew_rca_view *v, uint32_t last)
{
        for (uint32_t i = last + 1; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_TOOL && v->steps[i].key == v->steps[last].key)
                        return true;
        }
        return false;
}

/* The check of step @last fails without the run's doing: what was changed had been put away, by the
 * same command or before, or it had failed just so before the first change. */
static bool fails_anyway(const struct clew_rca_view *v, uint32_t last)
{
        struct clew_slice verdict = verdict_of(&v->steps[last]);
        bool changed = false;
        bool away = false;
        bool so_before = false;

        if (puts_back(&v->steps[last]))
                return true;

        for (uint32_t i = 0; i < last; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_TOOL)
                        continue;
                if (puts_back(s)) {
                        away = true;
                } else if (s->deed != CLEW_DEED_READS &&
                           clew_text_check(s->result) == CLEW_CHECK_NONE) {
                        changed = true;
                        away = false;
                }
                so_before |= (!changed || away) && verdict.len &&
                             clew_text_check(s->result) == CLEW_CHECK_FAILED &&
                             clew_slice_eq(verdict_of(s), verdict);
        }
        return away || so_before;
}

/* A check (tests, a build) that failed, was never run again with success, and was left so: the call
 * that went on in spite of it. */
void clew_rule_ignored_failure(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t last = CLEW_RCA_NONE;
        enum clew_check check = CLEW_CHECK_NONE;
        struct clew_finding *f;
        uint32_t who;

        for (uint32_t i = v->n_steps, n = 0; i-- > 0 && last == CLEW_RCA_NONE && n < CHECKS_MAX;) {
                if (v->steps[i].kind != CLEW_RCA_TOOL)
                        continue;
                n++;
                check = clew_text_check(v->steps[i].result);
                if (check != CLEW_CHECK_NONE)
                        last = i;
        }
        if (check != CLEW_CHECK_FAILED)
                return;
        who = v->steps[last].next_llm;
        if (who == CLEW_RCA_NONE || clew_rca_was_wanted(v, last) || ran_again(v, last) ||
            fails_anyway(v, last))
                return;
        /* Many suites fail before anybody touched them: who says so does not ignore it. */
        f = clew_finding_add(ret, CLEW_RULE_IGNORED_FAILURE, who,
                             clew_text_admits_trouble(v->steps[who].text)   ? 0.4
                             : clew_text_claims_success(v->steps[who].text) ? 1.1
                                                                            : 0.8);
        clew_finding_effect(f, v->last_llm);
        clew_finding_evidence(f, last, clew_text_check_line(v->steps[last].result));
        clew_finding_evidence(f, who, v->steps[who].text);
        clew_finding_say(ret, f, "The last check (step %u) failed; step %u went on to the end.",
                         v->steps[last].number, v->steps[who].number);
}

/* One result that filled the prompt: the step that asked for it, or NONE. */
static uint32_t prompt_filler(const struct clew_rca_view *v, uint32_t i)
{
        uint32_t biggest = CLEW_RCA_NONE;
        size_t total = 0;

        for (uint32_t k = 0; k < i; k++) {
                const struct clew_rca_step *s = &v->steps[k];

                if (s->kind != CLEW_RCA_TOOL || s->agent != v->steps[i].agent)
                        continue;
                total += s->result.len;
                if (biggest == CLEW_RCA_NONE || s->result.len > v->steps[biggest].result.len)
                        biggest = k;
        }
        if (biggest == CLEW_RCA_NONE || v->steps[biggest].result.len < FILLER_MIN_BYTES ||
            v->steps[biggest].result.len * 2 < total)
                return CLEW_RCA_NONE;
        return biggest;
}

/* A prompt that no longer fits is the work of who filled it. */
static bool blame_filler(const struct clew_rca_view *v, uint32_t i, struct clew_findings *ret)
{
        uint32_t filler = prompt_filler(v, i);
        struct clew_finding *f;
        uint32_t who;

        if (filler == CLEW_RCA_NONE)
                return false;
        who = clew_rca_blame(v, filler);
        f = clew_finding_add(ret, CLEW_RULE_MODEL_ERROR, who, 1.0);
        clew_finding_effect(f, i);
        clew_finding_evidence(f, filler, v->steps[filler].args);
        clew_finding_evidence(f, i, v->steps[i].error_text);
        clew_finding_say(ret, f,
                         "Step %u fetched %zu bytes with %.*s; the prompt of step %u was too long.",
                         v->steps[who].number, v->steps[filler].result.len,
                         CLEW_SHOWN(v->steps[filler].name, 60), v->steps[i].number);
        return f != NULL;
}

static bool is_last_action(const struct clew_rca_view *v, uint32_t i)
{
        for (uint32_t k = i + 1; k < v->n_steps; k++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL)
                        return false;
        }
        return true;
}

/* The later call that went well is the same one. */
static bool is_made_again(const struct clew_rca_view *v, uint32_t i)
{
        for (uint32_t k = i + 1; k < v->n_steps && k < i + 400; k++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL && v->steps[k].key == v->steps[i].key)
                        return true;
        }
        return false;
}

void clew_rule_infrastructure(const struct clew_rca_view *v, struct clew_findings *ret)
{
        bool seen[CLEW_TROUBLE_MEMORY + 1] = {false};

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;
                double strength = 1.0;
                uint32_t who = i;
                bool model = s->kind == CLEW_RCA_LLM;

                if (!is_deepest(s) ||
                    (model ? !clew_rca_has_error(s) : !clew_trouble_is_infrastructure(s->trouble)))
                        continue;
                if (seen[s->trouble])
                        continue; /* the first of a class; later ones follow from it or repeat it */
                seen[s->trouble] = true;
                if (model && s->trouble == CLEW_TROUBLE_CONTEXT && blame_filler(v, i, ret))
                        continue;
                if (s->kind == CLEW_RCA_OTHER || s->kind == CLEW_RCA_AGENT)
                        who = clew_rca_blame(v, i);
                if (clew_rca_recovery_of(v, i) != CLEW_RCA_NONE ||
                    (model && s->next_llm != CLEW_RCA_NONE))
                        strength = 0.4;
                else if (!model && is_last_action(v, i))
                        strength = 1.4; /* what the run was for did not happen */
                f = clew_finding_add(ret, model ? CLEW_RULE_MODEL_ERROR : CLEW_RULE_INFRASTRUCTURE,
                                     who, strength);
                if (f)
                        f->harmless = clew_rca_was_harmless(v, i);
                clew_finding_evidence(f, i, s->error_text);
                clew_finding_say(ret, f, "Step %u (%.*s) failed: %s%s.", s->number,
                                 CLEW_SHOWN(s->name, 60), clew_trouble_name(s->trouble),
                                 strength >= 1         ? ""
                                 : model               ? ", and another model call followed"
                                 : is_made_again(v, i) ? ", and was tried again"
                                                       : ", and a later call of it went well");
        }
}
