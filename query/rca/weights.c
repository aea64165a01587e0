/*
 * The one table of rules: names, weights, and what each one sees.
 *
 * A weight is the share of a rule's findings that blame a labelled span. Starting values are the
 * published measurements on annotated agent traces (two sets of 113 and 26 traces; error origin
 * .58/.53, response to an error .64/.77, same mistake again .69/1.0, near-duplicate .55, loop .33,
 * prompt jump .34/.88). Where a rule had none, and to adjust the others: the fit half of runs with
 * planted faults (tools/faultgen, seeds 1 to 3, 2026-11-23) and the dev families of annotated runs
 * (tests/rca, seeds 1, 77 and 101, 2026-11-25). See query/README.md for what was held out.
 */
#include "query/rca/rules.h"

static const struct clew_rule_info infos[CLEW_RULE_COUNT] = {
        [CLEW_RULE_ERROR_ORIGIN] = {"error-origin", 0.58, "the call behind the deepest error"},
        [CLEW_RULE_ERROR_RESPONSE] = {"error-response", 0.50, "the model's answer to an error"},
        [CLEW_RULE_SAME_ERROR] = {"same-error-again", 0.72, "an error met before, met again"},
        [CLEW_RULE_SWALLOWED_ERROR] = {"swallowed-error", 0.78,
                                       "an error answered as if all was well"},
        [CLEW_RULE_UNRECOVERED_END] = {"unrecovered-end", 0.60, "the last action failed"},
        [CLEW_RULE_IGNORED_FAILURE] = {"ignored-failure", 0.70,
                                       "the last check failed, and the run went on to its end"},
        [CLEW_RULE_INFRASTRUCTURE] = {"infrastructure", 0.80,
                                      "time-out, rate limit, network, server, access"},
        [CLEW_RULE_MODEL_ERROR] = {"model-error", 0.85, "a model call that failed"},
        [CLEW_RULE_TOOL_LOOP] = {"tool-loop", 0.80, "the same calls again, nothing new"},
        [CLEW_RULE_DUPLICATE_CALL] = {"duplicate-call", 0.40, "the same call a second time"},
        [CLEW_RULE_REPEATED_QUERY] = {"repeated-query", 0.70,
                                      "the same question to a tool, again and again"},
        [CLEW_RULE_NEAR_DUPLICATE] = {"near-duplicate", 0.60, "nearly the same text again"},
        [CLEW_RULE_PING_PONG] = {"ping-pong", 0.75, "agents hand over to each other in turn"},
        [CLEW_RULE_BAD_ARGUMENTS] = {"bad-arguments", 0.85, "a call that its tool cannot accept"},
        [CLEW_RULE_UNKNOWN_TOOL] = {"unknown-tool", 0.88, "a call to a tool that was not offered"},
        [CLEW_RULE_PROMISE_WITHOUT_CALL] = {"promise-without-call", 0.56,
                                            "an announced action that never came"},
        [CLEW_RULE_CLAIMED_TOOL] = {"claimed-tool", 0.65,
                                    "a tool that it says it used, never called"},
        [CLEW_RULE_INVENTED_NAME] = {"invented-name", 0.60,
                                     "a file that does not exist and nothing had shown"},
        [CLEW_RULE_MISSING_MARK] = {"missing-mark", 0.53,
                                    "an output without the mark that the request asked for"},
        [CLEW_RULE_ALTERED_VALUE] = {"altered-value", 0.80, "a value that differs from its source"},
        [CLEW_RULE_OTHER_VALUE] = {"other-value", 0.50,
                                   "an action on another thing than the user named"},
        [CLEW_RULE_UNMET] = {"unmet-request", 0.45,
                             "the end of a run that left out what the user named"},
        [CLEW_RULE_WRONG_LABEL] = {"wrong-label", 0.75,
                                   "a figure under another label than its source has"},
        [CLEW_RULE_EMPTY_RESULT_USED] = {"empty-result-used", 0.75,
                                         "facts after a result that held none"},
        [CLEW_RULE_UNGROUNDED_VALUE] = {"ungrounded-value", 0.68,
                                        "a value that no observation holds"},
        [CLEW_RULE_UNUSED_EVIDENCE] = {"unused-evidence", 0.60,
                                       "\"nothing found\" after a result that held something"},
        [CLEW_RULE_STALE_VALUE] = {"stale-value", 0.70, "an old value after a newer reading"},
        [CLEW_RULE_TRUNCATED] = {"truncated-output", 0.85, "a generation cut at its limit"},
        [CLEW_RULE_EMPTY_OUTPUT] = {"empty-output", 0.80, "a model call that wrote nothing"},
        [CLEW_RULE_CONTEXT_JUMP] = {"context-jump", 0.34, "a prompt that doubled at once"},
        [CLEW_RULE_LOST_INSTRUCTION] = {"lost-instruction", 0.85,
                                        "a system prompt that disappeared"},
        [CLEW_RULE_UNCONFIRMED] =
                {"unconfirmed-change", 0.38,
                 "a change without the confirmation that the instructions ask for"},
        [CLEW_RULE_UNAUTHENTICATED] = {"unauthenticated-access", 0.45,
                                       "a look-up before the proof of identity that was asked for"},
        [CLEW_RULE_LANGUAGE] = {"other-language", 0.60, "an answer in another language"},
        [CLEW_RULE_BUDGET] = {"budget-exhausted", 0.80, "the start of a stretch without progress"},
        [CLEW_RULE_GAVE_UP] = {"gave-up", 0.45, "the model declined or gave up"},
        [CLEW_RULE_ROLE_IMBALANCE] = {"role-imbalance", 0.22, "one agent did nearly everything"},
        [CLEW_RULE_DIVERGENCE] = {"first-divergence", 0.30,
                                  "the first action that no passing run of the task took"},
        [CLEW_RULE_OUTLIER] = {"sibling-outlier", 0.30, "a step far slower than its like"},
        [CLEW_RULE_ANSWER] = {"answer-call", 0.46,
                              "no stronger sign; the call that wrote the answer to a question"},
        [CLEW_RULE_LONGEST] = {"longest-text", 0.28,
                               "no stronger sign; the call that wrote most of the result"},
        [CLEW_RULE_LAST_CHANGE] = {"decisive-step", 0.15,
                                   "no rule fired; the step that settled the run"},
};

const struct clew_rule_info *clew_rule_info(enum clew_rule rule)
{
        return &infos[rule];
}

const char *clew_precision_name(enum clew_precision p)
{
        static const char *const names[] = {"low", "medium", "high"};

        return names[p];
}
