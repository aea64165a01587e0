/*
 * The one table of rules: names, weights, and what each one sees.
 *
 * Fitted 2026-11-30 on labelled runs: web (23), retail (20), airline (0), mini-swe (0), dev (91),
 * test (112), more (308), open (128), held (140), unseen3 (144), planted (188), unseen4 (88).
 * Alone, all others held, 2026-11-30: cut-result, lost-part; answer-origin,
 * unmet-wish (with unseen5, 96).
 *
 * A weight is what a finding of strength 1 adds to the logarithm of how often people blame the step
 * rather than another one of the run; those of features do so for where the step stands, and those
 * of "none" for that no step is the cause. All are written by tools/rca-fit, none by hand: to
 * change one, change the rule or the runs and fit again. A rule that never fired in them weighs
 * nothing. Classes begin at the scores from which on first findings of runs that were left out of
 * the fit were right as often as the class says: 70, 45 and 25 in a hundred.
 */
#include "query/rca/candidates.h"

static const struct clew_rule_info infos[CLEW_RULE_COUNT] = {
        [CLEW_RULE_ERROR_ORIGIN] = {"error-origin", 0.89, "the call behind the deepest error"},
        [CLEW_RULE_ERROR_RESPONSE] = {"error-response", -0.05, "the model's answer to an error"},
        [CLEW_RULE_SAME_ERROR] = {"same-error-again", -1.06, "an error met before, met again"},
        [CLEW_RULE_SWALLOWED_ERROR] = {"swallowed-error", 1.14,
                                       "an error answered as if all was well"},
        [CLEW_RULE_UNRECOVERED_END] = {"unrecovered-end", 0.41, "the last action failed"},
        [CLEW_RULE_IGNORED_FAILURE] = {"ignored-failure", -0.03,
                                       "the last check failed, and the run went on to its end"},
        [CLEW_RULE_INFRASTRUCTURE] = {"infrastructure", 2.47,
                                      "time-out, rate limit, network, server, access"},
        [CLEW_RULE_MODEL_ERROR] = {"model-error", 1.01, "a model call that failed"},
        [CLEW_RULE_TOOL_LOOP] = {"tool-loop", 0.87, "the same calls again, nothing new"},
        [CLEW_RULE_DUPLICATE_CALL] = {"duplicate-call", -0.23, "the same call a second time"},
        [CLEW_RULE_REPEATED_QUERY] = {"repeated-query", 0.15,
                                      "the same question to a tool, again and again"},
        [CLEW_RULE_NEAR_DUPLICATE] = {"near-duplicate", 0.08, "nearly the same text again"},
        [CLEW_RULE_PING_PONG] = {"ping-pong", -0.00, "agents hand over to each other in turn"},
        [CLEW_RULE_BAD_ARGUMENTS] = {"bad-arguments", 1.64, "a call that its tool cannot accept"},
        [CLEW_RULE_UNKNOWN_TOOL] = {"unknown-tool", 0.41, "a call to a tool that was not offered"},
        [CLEW_RULE_PROMISE_WITHOUT_CALL] = {"promise-without-call", 1.01,
                                            "an announced action that never came"},
        [CLEW_RULE_CLAIMED_TOOL] = {"claimed-tool", 0.00,
                                    "a tool that it says it used, never called"},
        [CLEW_RULE_INVENTED_NAME] = {"invented-name", -0.50,
                                     "a file that does not exist and nothing had shown"},
        [CLEW_RULE_MISSING_MARK] = {"missing-mark", 0.45,
                                    "an output without the mark that the request asked for"},
        [CLEW_RULE_ALTERED_VALUE] = {"altered-value", 1.61, "a value that differs from its source"},
        [CLEW_RULE_OTHER_VALUE] = {"other-value", 0.91,
                                   "an action on another thing than the user named"},
        [CLEW_RULE_UNMET] = {"unmet-request", 0.00,
                             "the end of a run that left out what the user named"},
        [CLEW_RULE_WRONG_LABEL] = {"wrong-label", 0.00,
                                   "a figure under another label than its source has"},
        [CLEW_RULE_EMPTY_RESULT_USED] = {"empty-result-used", 0.19,
                                         "facts after a result that held none"},
        [CLEW_RULE_UNGROUNDED_VALUE] = {"ungrounded-value", 0.55,
                                        "a value that no observation holds"},
        [CLEW_RULE_UNUSED_EVIDENCE] = {"unused-evidence", 0.47,
                                       "\"nothing found\" after a result that held something"},
        [CLEW_RULE_STALE_VALUE] = {"stale-value", 0.00, "an old value after a newer reading"},
        [CLEW_RULE_TRUNCATED] = {"truncated-output", 0.78, "a generation cut at its limit"},
        [CLEW_RULE_EMPTY_OUTPUT] = {"empty-output", 1.29, "a model call that wrote nothing"},
        [CLEW_RULE_CONTEXT_JUMP] = {"context-jump", -0.51, "a prompt that doubled at once"},
        [CLEW_RULE_LOST_INSTRUCTION] = {"lost-instruction", 0.41,
                                        "a system prompt that disappeared"},
        [CLEW_RULE_UNCONFIRMED] =
                {"unconfirmed-change", 0.13,
                 "a change without the confirmation that the instructions ask for"},
        [CLEW_RULE_UNAUTHENTICATED] = {"unauthenticated-access", 1.29,
                                       "a look-up before the proof of identity that was asked for"},
        [CLEW_RULE_LANGUAGE] = {"other-language", -0.01, "an answer in another language"},
        [CLEW_RULE_BUDGET] = {"budget-exhausted", 1.28, "the start of a stretch without progress"},
        [CLEW_RULE_GAVE_UP] = {"gave-up", -0.61, "the model declined or gave up"},
        [CLEW_RULE_ROLE_IMBALANCE] = {"role-imbalance", -0.39, "one agent did nearly everything"},
        [CLEW_RULE_DIVERGENCE] = {"first-divergence", 0.11,
                                  "the first action that no passing run of the task took"},
        [CLEW_RULE_OUTLIER] = {"sibling-outlier", 1.58, "a step far slower than its like"},
        [CLEW_RULE_FIRST_TROUBLE] = {"first-trouble", -0.93, "the first bad result of the run"},
        [CLEW_RULE_FRUITLESS] = {"fruitless-search", -0.65,
                                 "where a search began that found nothing"},
        [CLEW_RULE_REPEATED_ACTION] = {"repeated-action", -0.86, "the first of many equal actions"},
        [CLEW_RULE_ORDER] = {"order", -0.14, "who told the agent in trouble what to do"},
        [CLEW_RULE_OWN_CHANGE] = {"own-change", 1.05, "an action that a later one ran into"},
        [CLEW_RULE_UNLOOKED] = {"unlooked-answer", -0.10, "an answer without any look-up"},
        [CLEW_RULE_WRONG_COUNT] = {"wrong-count", 0.96, "a number of things that the list has not"},
        [CLEW_RULE_WRONG_TYPE] = {"wrong-type", 0.38, "no number for a question that asks for one"},
        [CLEW_RULE_MISSING_CALL] = {"missing-call", -0.63,
                                    "a call that all passing runs of the task made"},
        [CLEW_RULE_UNDONE] = {"undone-claim", 0.27, "said to be done, and nothing did it"},
        [CLEW_RULE_EARLY_ANSWER] = {"early-answer", 0.06,
                                    "an answer after few of the planned steps"},
        [CLEW_RULE_FORBIDDEN] = {"forbidden-action", 0.35,
                                 "an action that the instructions forbid"},
        [CLEW_RULE_RECORD] = {"other-record", 0.96,
                              "an action on a record that contradicts the request"},
        [CLEW_RULE_WIDE] = {"wide-action", 0.26, "an action on more than the user named"},
        [CLEW_RULE_ASKED_VALUE] = {"asked-value", 1.21,
                                   "an action on another value than the user named"},
        [CLEW_RULE_OPTION] = {"other-option", 0.65, "another choice than the user's"},
        [CLEW_RULE_LIMIT] = {"over-limit", 0.34, "more than a stated limit allows"},
        [CLEW_RULE_LEFT_OUT] = {"left-out", -0.05,
                                "a part of the request that nothing was done for"},
        [CLEW_RULE_CUT_RESULT] = {"cut-result", 0.51, "a part of a result, taken for all of it"},
        [CLEW_RULE_FORM] = {"wrong-form", 0.21, "an answer in another form than was asked for"},
        [CLEW_RULE_TWISTED] = {"twisted-value", 1.27,
                               "a date, amount, currency or hour that was turned into another"},
        [CLEW_RULE_MISSED_ROUND] = {"missed-round", 0.47,
                                    "one of many rounds of the same work, a call short"},
        [CLEW_RULE_CONDITION] = {"broken-condition", 0.67,
                                 "an action whose record breaks a condition of the instructions"},
        [CLEW_RULE_WITHDRAWN] = {"withdrawn-value", 0.43,
                                 "a value that the user or a correction had taken back"},
        [CLEW_RULE_VARIANT] = {"other-variant", 1.03,
                               "another number in a name than the user's, which was shown"},
        [CLEW_RULE_STRAY_NAME] = {"stray-name", 0.43,
                                  "a search for another name than the user said"},
        [CLEW_RULE_SKIPPED_CHECK] = {"skipped-check", 0.09,
                                     "an action without the call that has to come before it"},
        [CLEW_RULE_UNTESTED] = {"untested-claim", 0.18,
                                "\"tests pass\", where none ran since the last change"},
        [CLEW_RULE_ASSUMED] = {"assumed-data", 0.59, "figures that a model made up and said so"},
        [CLEW_RULE_BOUND] = {"other-bound", 0.92, "a bound that lost or took in its number"},
        [CLEW_RULE_UNIT] = {"other-unit", 1.21, "a number in another unit than it was shown in"},
        [CLEW_RULE_DISCARDED] = {"discarded-work", 0.68,
                                 "edits that were put back before anything committed them"},
        [CLEW_RULE_POINTER] = {"unread-pointer", 0.96,
                               "an old page that names a newer one, which nobody read"},
        [CLEW_RULE_LOST_PART] = {"lost-part", 0.59, "a part of the request that nobody passed on"},
        [CLEW_RULE_UNMET_WISH] = {"unmet-wish", 0.95, "one of several wishes, never taken up"},
        [CLEW_RULE_OPENING] = {"opening-call", 0.71, "the first model call"},
        [CLEW_RULE_FIRST_ORDER] = {"first-order", 0.27, "who ordered the first action"},
        [CLEW_RULE_FIRST_ACTION] = {"first-action", -0.19, "who took the first action"},
        [CLEW_RULE_FIRST_READING] = {"first-reading", 0.11, "who read a result first"},
        [CLEW_RULE_LATER_CHANGE] = {"later-change", 1.90, "who made a later change"},
        [CLEW_RULE_UNCLEAR_ACTION] = {"unclear-action", 1.05, "an action with an unknown effect"},
        [CLEW_RULE_FIRST_CHANGE] = {"first-change", 2.00, "who made the first change"},
        [CLEW_RULE_LONGEST] = {"longest-text", 0.57, "who wrote most of the result"},
        [CLEW_RULE_ANSWER_ORIGIN] = {"answer-origin", 1.09,
                                     "who first wrote what the answer gives"},
        [CLEW_RULE_ANSWER] = {"answer-call", 1.03, "who wrote the answer to a question"},
        [CLEW_RULE_LAST_ANSWER] = {"last-answer", 1.14, "who wrote the last text"},
};

static const double feature_weights[CLEW_FEATURE_COUNT] = {
        [CLEW_FEATURE_FIRST] = 1.63,
        [CLEW_FEATURE_BEFORE] = 0.98,
        [CLEW_FEATURE_SHOWS] = 0.25,
        [CLEW_FEATURE_EXPLAINS] = 0.10,
        [CLEW_FEATURE_SIGNS] = 0.53,
        [CLEW_FEATURE_HARMLESS] = -0.62,
        [CLEW_FEATURE_TOOL] = -0.59,
        [CLEW_FEATURE_BAD_TOOL] = 0.33,
        [CLEW_FEATURE_LATE] = 0.13,
        [CLEW_FEATURE_ORDER] = 0.79,
        [CLEW_FEATURE_FIRST_CALL] = -0.42,
        [CLEW_FEATURE_SECOND_CALL] = 0.09,
        [CLEW_FEATURE_THIRD_CALL] = 0.22,
        [CLEW_FEATURE_LAST_CALL] = -0.23,
        [CLEW_FEATURE_LAST_BUT_ONE] = -0.38,
        [CLEW_FEATURE_ACTS] = 0.16,
        [CLEW_FEATURE_CHANGES] = -0.31,
        [CLEW_FEATURE_LOOKS] = -0.16,
        [CLEW_FEATURE_BAD_ACTION] = -0.25,
        [CLEW_FEATURE_MENDED] = -0.31,
        [CLEW_FEATURE_READS_BAD] = 0.03,
        [CLEW_FEATURE_ANSWERS] = -0.51,
        [CLEW_FEATURE_ASKS] = 0.39,
        [CLEW_FEATURE_BEHIND_USER] = -0.27,
        [CLEW_FEATURE_LONG_TEXT] = 0.22,
        [CLEW_FEATURE_NOVEL] = 0.12,
        [CLEW_FEATURE_LEAD] = 0.30,
        [CLEW_FEATURE_WORKER] = 0.31,
        [CLEW_FEATURE_JOINS] = 0.02,
        [CLEW_FEATURE_TALKER] = -0.10,
        [CLEW_FEATURE_TEAM_LATE] = 0.20,
        [CLEW_FEATURE_TEAM_FIRST] = -0.14,
        [CLEW_FEATURE_TEAM_LAST] = 0.18,
        [CLEW_FEATURE_TALK_LATE] = -0.24,
        [CLEW_FEATURE_TALK_CHANGES] = 0.25,
        [CLEW_FEATURE_PROGRAMS_LATE] = 0.40,
        [CLEW_FEATURE_PROGRAMS_LAST] = 0.29,
        [CLEW_FEATURE_TAKES] = 0.12,
        [CLEW_FEATURE_HANDS] = 0.05,
        [CLEW_FEATURE_LEAD_HANDS] = 0.36,
        [CLEW_FEATURE_LEAD_TAKES] = 0.08,
        [CLEW_FEATURE_FIRST_TAKES] = -0.14,
        [CLEW_FEATURE_FIRST_WORKER] = -0.14,
        [CLEW_FEATURE_LAST_WORKER] = 0.03,
        [CLEW_FEATURE_ORDERS_FIRST] = -0.12,
        [CLEW_FEATURE_ORDERS_LAST] = 0.18,
        [CLEW_FEATURE_SUPPOSES] = 0.17,
        [CLEW_FEATURE_CONCLUDES] = -0.78,
        [CLEW_FEATURE_EXCUSES] = -1.05,
        [CLEW_FEATURE_CHECKS] = -0.77,
        [CLEW_FEATURE_QUESTIONS] = -0.82,
        [CLEW_FEATURE_PROGRAM] = -0.30,
        [CLEW_FEATURE_NUMBERS] = 0.08,
        [CLEW_FEATURE_SAID] = -0.45,
        [CLEW_FEATURE_NEW_WORDS] = 0.27,
        [CLEW_FEATURE_NEW_NAMES] = -0.14,
        [CLEW_FEATURE_NEW_SHARE] = 0.73,
        [CLEW_FEATURE_READS] = -0.04,
        [CLEW_FEATURE_READS_ANY] = -0.27,
        [CLEW_FEATURE_ALIKE] = -0.72,
        [CLEW_FEATURE_ASKED] = 0.52,
        [CLEW_FEATURE_ACTS_ASKED] = 0.62,
        [CLEW_FEATURE_FOUND] = -0.26,
        [CLEW_FEATURE_ORDERED] = -0.02,
        [CLEW_FEATURE_KEPT] = -0.74,
        [CLEW_FEATURE_WROTE] = 0.10,
        [CLEW_FEATURE_BROUGHT] = -0.01,
        [CLEW_FEATURE_ORDER_SQUARE] = -0.17,
        [CLEW_FEATURE_LATE_SQUARE] = -0.01,
        [CLEW_FEATURE_ORDER_LONG] = -0.25,
        [CLEW_FEATURE_LATE_LONG] = -0.21,
        [CLEW_FEATURE_TEAM_ORDER] = 0.18,
        [CLEW_FEATURE_TEAM_ORDER_SQUARE] = -0.45,
        [CLEW_FEATURE_TEAM_LATE_LONG] = -0.04,
        [CLEW_FEATURE_TALK_ORDER] = -0.10,
        [CLEW_FEATURE_TALK_ORDER_SQUARE] = 0.08,
        [CLEW_FEATURE_TALK_LATE_LONG] = -0.04,
        [CLEW_FEATURE_PROGRAMS_ORDER] = -0.14,
        [CLEW_FEATURE_PROGRAMS_ORDER_SQUARE] = -0.06,
        [CLEW_FEATURE_PROGRAMS_LATE_LONG] = -0.10,
        [CLEW_FEATURE_SOLO_LATE] = -0.29,
        [CLEW_FEATURE_SOLO_ORDER] = 0.29,
        [CLEW_FEATURE_SOLO_ORDER_SQUARE] = -0.25,
        [CLEW_FEATURE_SOLO_LATE_LONG] = -0.03,
};

static const double none_weights[CLEW_NONE_COUNT] = {
        [CLEW_NONE_BIAS] = 1.44,
        [CLEW_NONE_STEPS] = 1.03,
        [CLEW_NONE_FAILED] = -7.52,
        [CLEW_NONE_PASSED] = 5.40,
};

/* The least score of a first finding of each class; that of low is where causes begin. */
static const double class_least[] = {
        [CLEW_PRECISION_LOW] = 0.25,
        [CLEW_PRECISION_MEDIUM] = 0.51,
        [CLEW_PRECISION_HIGH] = 0.76,
};

double clew_class_least(enum clew_precision class)
{
        return class_least[class];
}

double clew_weight_of(enum clew_feature feature)
{
        return feature_weights[feature];
}

double clew_weight_none(enum clew_none term)
{
        return none_weights[term];
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
