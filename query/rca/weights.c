/*
 * The one table of rules: names, weights, and what each one sees.
 *
 * Fitted 2026-11-28 on labelled runs: web (23), retail (20), airline (0), mini-swe (0), scenarios
 * (182), planted (188). (182), planted (188). (182), planted (188).
 *
 * A weight is what a finding of strength 1 adds to the log odds that a person blames the step;
 * those of features do so for where the step stands. All are written by tools/rca-fit, none by
 * hand: to change one, change the rule or the runs and fit again. A rule that never fired in them
 * weighs nothing.
 */
#include "query/rca/candidates.h"

static const struct clew_rule_info infos[CLEW_RULE_COUNT] = {
        [CLEW_RULE_ERROR_ORIGIN] = {"error-origin", 1.51, "the call behind the deepest error"},
        [CLEW_RULE_ERROR_RESPONSE] = {"error-response", 0.10, "the model's answer to an error"},
        [CLEW_RULE_SAME_ERROR] = {"same-error-again", -1.33, "an error met before, met again"},
        [CLEW_RULE_SWALLOWED_ERROR] = {"swallowed-error", 1.67,
                                       "an error answered as if all was well"},
        [CLEW_RULE_UNRECOVERED_END] = {"unrecovered-end", 0.04, "the last action failed"},
        [CLEW_RULE_IGNORED_FAILURE] = {"ignored-failure", 0.18,
                                       "the last check failed, and the run went on to its end"},
        [CLEW_RULE_INFRASTRUCTURE] = {"infrastructure", 2.34,
                                      "time-out, rate limit, network, server, access"},
        [CLEW_RULE_MODEL_ERROR] = {"model-error", 0.82, "a model call that failed"},
        [CLEW_RULE_TOOL_LOOP] = {"tool-loop", 1.66, "the same calls again, nothing new"},
        [CLEW_RULE_DUPLICATE_CALL] = {"duplicate-call", -0.41, "the same call a second time"},
        [CLEW_RULE_REPEATED_QUERY] = {"repeated-query", 1.12,
                                      "the same question to a tool, again and again"},
        [CLEW_RULE_NEAR_DUPLICATE] = {"near-duplicate", 0.45, "nearly the same text again"},
        [CLEW_RULE_PING_PONG] = {"ping-pong", 0.93, "agents hand over to each other in turn"},
        [CLEW_RULE_BAD_ARGUMENTS] = {"bad-arguments", 1.47, "a call that its tool cannot accept"},
        [CLEW_RULE_UNKNOWN_TOOL] = {"unknown-tool", 0.62, "a call to a tool that was not offered"},
        [CLEW_RULE_PROMISE_WITHOUT_CALL] = {"promise-without-call", 1.17,
                                            "an announced action that never came"},
        [CLEW_RULE_CLAIMED_TOOL] = {"claimed-tool", 0.00,
                                    "a tool that it says it used, never called"},
        [CLEW_RULE_INVENTED_NAME] = {"invented-name", 0.81,
                                     "a file that does not exist and nothing had shown"},
        [CLEW_RULE_MISSING_MARK] = {"missing-mark", 0.00,
                                    "an output without the mark that the request asked for"},
        [CLEW_RULE_ALTERED_VALUE] = {"altered-value", 2.30, "a value that differs from its source"},
        [CLEW_RULE_OTHER_VALUE] = {"other-value", 0.51,
                                   "an action on another thing than the user named"},
        [CLEW_RULE_UNMET] = {"unmet-request", -0.29,
                             "the end of a run that left out what the user named"},
        [CLEW_RULE_WRONG_LABEL] = {"wrong-label", 0.00,
                                   "a figure under another label than its source has"},
        [CLEW_RULE_EMPTY_RESULT_USED] = {"empty-result-used", 1.59,
                                         "facts after a result that held none"},
        [CLEW_RULE_UNGROUNDED_VALUE] = {"ungrounded-value", 1.51,
                                        "a value that no observation holds"},
        [CLEW_RULE_UNUSED_EVIDENCE] = {"unused-evidence", 1.37,
                                       "\"nothing found\" after a result that held something"},
        [CLEW_RULE_STALE_VALUE] = {"stale-value", 0.72, "an old value after a newer reading"},
        [CLEW_RULE_TRUNCATED] = {"truncated-output", 1.43, "a generation cut at its limit"},
        [CLEW_RULE_EMPTY_OUTPUT] = {"empty-output", 1.32, "a model call that wrote nothing"},
        [CLEW_RULE_CONTEXT_JUMP] = {"context-jump", -0.38, "a prompt that doubled at once"},
        [CLEW_RULE_LOST_INSTRUCTION] = {"lost-instruction", 0.76,
                                        "a system prompt that disappeared"},
        [CLEW_RULE_UNCONFIRMED] =
                {"unconfirmed-change", 0.32,
                 "a change without the confirmation that the instructions ask for"},
        [CLEW_RULE_UNAUTHENTICATED] = {"unauthenticated-access", 1.53,
                                       "a look-up before the proof of identity that was asked for"},
        [CLEW_RULE_LANGUAGE] = {"other-language", 0.00, "an answer in another language"},
        [CLEW_RULE_BUDGET] = {"budget-exhausted", 1.47, "the start of a stretch without progress"},
        [CLEW_RULE_GAVE_UP] = {"gave-up", -0.52, "the model declined or gave up"},
        [CLEW_RULE_ROLE_IMBALANCE] = {"role-imbalance", -1.36, "one agent did nearly everything"},
        [CLEW_RULE_DIVERGENCE] = {"first-divergence", -0.27,
                                  "the first action that no passing run of the task took"},
        [CLEW_RULE_OUTLIER] = {"sibling-outlier", -0.02, "a step far slower than its like"},
        [CLEW_RULE_FIRST_TROUBLE] = {"first-trouble", -2.09, "the first bad result of the run"},
        [CLEW_RULE_FRUITLESS] = {"fruitless-search", -0.48,
                                 "where a search began that found nothing"},
        [CLEW_RULE_REPEATED_ACTION] = {"repeated-action", -0.54, "the first of many equal actions"},
        [CLEW_RULE_ORDER] = {"order", 0.01, "who told the agent in trouble what to do"},
        [CLEW_RULE_OWN_CHANGE] = {"own-change", 1.37, "an action that a later one ran into"},
        [CLEW_RULE_UNLOOKED] = {"unlooked-answer", 0.00, "an answer without any look-up"},
        [CLEW_RULE_WRONG_COUNT] = {"wrong-count", 2.59, "a number of things that the list has not"},
        [CLEW_RULE_WRONG_TYPE] = {"wrong-type", 0.12, "no number for a question that asks for one"},
        [CLEW_RULE_MISSING_CALL] = {"missing-call", 0.01,
                                    "a call that all passing runs of the task made"},
        [CLEW_RULE_OPENING] = {"opening-call", 0.37, "the first model call"},
        [CLEW_RULE_FIRST_ORDER] = {"first-order", 0.54, "who ordered the first action"},
        [CLEW_RULE_FIRST_ACTION] = {"first-action", -0.44, "who took the first action"},
        [CLEW_RULE_FIRST_READING] = {"first-reading", 0.01, "who read a result first"},
        [CLEW_RULE_LATER_CHANGE] = {"later-change", 0.40, "who made a later change"},
        [CLEW_RULE_FIRST_CHANGE] = {"first-change", 0.68, "who made the first change"},
        [CLEW_RULE_LONGEST] = {"longest-text", 0.62, "who wrote most of the result"},
        [CLEW_RULE_ANSWER] = {"answer-call", 0.94, "who wrote the answer to a question"},
        [CLEW_RULE_LAST_ANSWER] = {"last-answer", 0.77, "who wrote the last answer"},
};

static const double feature_weights[CLEW_FEATURE_COUNT] = {
        [CLEW_FEATURE_LATE] = 1.68,       [CLEW_FEATURE_FIRST] = 1.28,
        [CLEW_FEATURE_BEFORE] = -0.34,    [CLEW_FEATURE_SHOWS] = 0.43,
        [CLEW_FEATURE_EXPLAINS] = 0.67,   [CLEW_FEATURE_SIGNS] = 0.65,
        [CLEW_FEATURE_TOOL] = 1.89,       [CLEW_FEATURE_ACTS] = 0.84,
        [CLEW_FEATURE_FIRST_CALL] = 0.17, [CLEW_FEATURE_LAST_CALL] = 0.18,
        [CLEW_FEATURE_LEAD] = -0.47,      [CLEW_FEATURE_WORKER] = 0.56,
        [CLEW_FEATURE_STEPS] = -0.21,     [CLEW_FEATURE_CANDIDATES] = 0.49,
        [CLEW_FEATURE_TALK] = -0.37,      [CLEW_FEATURE_PROGRAMS] = -0.86,
        [CLEW_FEATURE_HIDDEN] = 0.39,     [CLEW_FEATURE_FAILED] = 0.18,
        [CLEW_FEATURE_PASSED] = -5.17,
};

static const double bias = -4.30;

double clew_weight_bias(void)
{
        return bias;
}

double clew_weight_of(enum clew_feature feature)
{
        return feature_weights[feature];
}

const struct clew_rule_info *clew_rule_info(enum clew_rule rule)
{
        return &infos[rule];
}

const char *clew_precision_name(enum clew_precision p)
{
        static const char *const names[] = {"low", "medium", "high"};

        return names[p];
}
