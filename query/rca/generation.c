/*
 * Rules about what a model call produced: cut off, nothing, or a refusal.
 */
#include "query/rca/rules.h"

#define QUOTED_MAX 160u /* bytes of a refusal that are told */

static bool is_length_finish(struct clew_slice f)
{
        return clew_text_begins(f, "length") || clew_text_begins(f, "max_token") ||
               clew_text_begins(f, "max_output") || clew_text_begins(f, "incomplete") ||
               clew_text_begins(f, "model_length");
}

void clew_rule_truncated(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                bool by_finish;
                bool by_budget;
                bool last = s->next_llm == CLEW_RCA_NONE;
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                by_finish = is_length_finish(s->finish);
                by_budget = s->tokens_max > 0 && s->tokens_out >= s->tokens_max;
                if (!by_finish && !by_budget &&
                    !(s->n_calls == 0 && clew_text_is_unclosed(s->text)))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_TRUNCATED, i,
                                     by_finish || by_budget ? (last ? 1.1 : 0.8)
                                                            : (last ? 0.7 : 0.35));
                clew_finding_evidence(
                        f, i,
                        s->text.len > CLEW_RCA_EVIDENCE_TEXT_MAX
                                ? clew_slice_from(s->text, s->text.len - CLEW_RCA_EVIDENCE_TEXT_MAX)
                                : s->text);
                clew_finding_say(ret, f, "The output of step %u ends in the middle%s.", s->number,
                                 by_finish || by_budget ? " (length limit)" : "");
        }
}

void clew_rule_empty_output(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t n = 0;
        uint32_t with = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM) {
                        n++;
                        with += v->steps[i].text.len > 0 || v->steps[i].n_calls > 0;
                }
        }
        if (with * 2 < n || with == 0) /* outputs are not recorded */
                return;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_LLM || s->failed || s->n_calls > 0 ||
                    clew_text_trim(s->text).len > 0)
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_EMPTY_OUTPUT, i,
                                     s->next_llm == CLEW_RCA_NONE ? 1.0 : 0.6);
                clew_finding_say(ret, f, "Step %u wrote neither text nor a call.", s->number);
        }
}

enum giving_up { GOES_ON, FILTERED, HANDS_OVER, WAS_ASKED_TO, DECLINES };

static enum giving_up gives_up(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];

        if (s->kind != CLEW_RCA_LLM || s->failed)
                return GOES_ON;
        if (clew_text_begins(s->finish, "content_filter") ||
            clew_text_begins(s->finish, "refusal") || clew_text_begins(s->finish, "safety"))
                return FILTERED;
        for (uint32_t k = 0; k < s->n_calls; k++) {
                if (clew_rca_hands_over(v->calls[s->first_call + k].name))
                        return clew_text_wants_human(s->heard) ? WAS_ASKED_TO : HANDS_OVER;
        }
        return clew_rca_acted(v, i) || !clew_text_refuses(s->text) ? GOES_ON : DECLINES;
}

void clew_rule_gave_up(const struct clew_rca_view *v, struct clew_findings *ret)
{
        static const char *const what[] = {"", "was stopped by a content filter or refused",
                                           "handed the task over instead of finishing it",
                                           "handed the task over, as it was asked to",
                                           "says that it cannot"};

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                enum giving_up how = gives_up(v, i);
                struct clew_slice said;
                struct clew_finding *f;
                double strength = s->next_llm == CLEW_RCA_NONE ? 1.0 : 0.4;

                if (how == GOES_ON)
                        continue;
                if (how != DECLINES)
                        strength = how == FILTERED ? 1.7 : how == HANDS_OVER ? 0.9 : 0.8;
                f = clew_finding_add(ret, CLEW_RULE_GAVE_UP, i, strength);
                clew_finding_evidence(f, i,
                                      s->text.len  ? s->text
                                      : s->n_calls ? v->calls[s->first_call].args
                                                   : s->finish);
                said = clew_text_refusal(s->text);
                if (how == DECLINES)
                        clew_finding_say(
                                ret, f, "Step %u %s: \"%.*s%s\".", s->number, what[how],
                                CLEW_SHOWN(clew_text_whole_words(said, QUOTED_MAX), QUOTED_MAX),
                                said.len > QUOTED_MAX ? " ..." : "");
                else
                        clew_finding_say(ret, f, "Step %u %s.", s->number, what[how]);
        }
}
