/*
 * The rules: what each one is called, how much its word counts, and the findings that they leave.
 *
 * A rule is one function over the prepared view. It adds findings: the step it blames, the steps on
 * which the trouble shows, the texts that prove it, and one sentence. It never decides whether its
 * finding is the best one; query/rca/rank.c does that for all of them with the weights of one
 * table (query/rca/weights.c).
 */
#ifndef CLEW_QUERY_RCA_RULES_H
#define CLEW_QUERY_RCA_RULES_H

#include "query/rca/tool-names.h"
#include "query/rca/view.h"

/* Findings of all rules before ranking; one trace with more is one big loop of the same. */
#define CLEW_RCA_PER_RULE_MAX 40u /* a rule that has more to say says it about the same trouble */
#define CLEW_RCA_RAW_MAX 1200u
#define CLEW_RCA_EVIDENCE_MAX 4u
#define CLEW_RCA_EFFECTS_MAX 8u
#define CLEW_RCA_EVIDENCE_TEXT_MAX 240u /* bytes of one evidence text; the span has the rest */

enum clew_rule {
        CLEW_RULE_ERROR_ORIGIN,
        CLEW_RULE_ERROR_RESPONSE,
        CLEW_RULE_SAME_ERROR,
        CLEW_RULE_SWALLOWED_ERROR,
        CLEW_RULE_UNRECOVERED_END,
        CLEW_RULE_IGNORED_FAILURE,
        CLEW_RULE_INFRASTRUCTURE,
        CLEW_RULE_MODEL_ERROR,
        CLEW_RULE_TOOL_LOOP,
        CLEW_RULE_DUPLICATE_CALL,
        CLEW_RULE_REPEATED_QUERY,
        CLEW_RULE_NEAR_DUPLICATE,
        CLEW_RULE_PING_PONG,
        CLEW_RULE_BAD_ARGUMENTS,
        CLEW_RULE_UNKNOWN_TOOL,
        CLEW_RULE_PROMISE_WITHOUT_CALL,
        CLEW_RULE_CLAIMED_TOOL,
        CLEW_RULE_INVENTED_NAME,
        CLEW_RULE_MISSING_MARK,
        CLEW_RULE_ALTERED_VALUE,
        CLEW_RULE_OTHER_VALUE,
        CLEW_RULE_UNMET,
        CLEW_RULE_WRONG_LABEL,
        CLEW_RULE_EMPTY_RESULT_USED,
        CLEW_RULE_UNGROUNDED_VALUE,
        CLEW_RULE_UNUSED_EVIDENCE,
        CLEW_RULE_STALE_VALUE,
        CLEW_RULE_TRUNCATED,
        CLEW_RULE_EMPTY_OUTPUT,
        CLEW_RULE_CONTEXT_JUMP,
        CLEW_RULE_LOST_INSTRUCTION,
        CLEW_RULE_UNCONFIRMED,
        CLEW_RULE_UNAUTHENTICATED,
        CLEW_RULE_LANGUAGE,
        CLEW_RULE_BUDGET,
        CLEW_RULE_GAVE_UP,
        CLEW_RULE_ROLE_IMBALANCE,
        CLEW_RULE_DIVERGENCE,
        CLEW_RULE_OUTLIER,
        CLEW_RULE_FIRST_TROUBLE,
        CLEW_RULE_FRUITLESS,
        CLEW_RULE_REPEATED_ACTION,
        CLEW_RULE_ORDER,
        CLEW_RULE_OWN_CHANGE,
        CLEW_RULE_UNLOOKED,
        CLEW_RULE_WRONG_COUNT,
        CLEW_RULE_WRONG_TYPE,
        CLEW_RULE_MISSING_CALL,
        CLEW_RULE_UNDONE,
        CLEW_RULE_EARLY_ANSWER,
        CLEW_RULE_FORBIDDEN,
        CLEW_RULE_RECORD,
        CLEW_RULE_WIDE,
        CLEW_RULE_ASKED_VALUE,
        CLEW_RULE_OPTION,
        CLEW_RULE_LIMIT,
        CLEW_RULE_LEFT_OUT,
        CLEW_RULE_CUT_RESULT,
        CLEW_RULE_FORM,
        CLEW_RULE_TWISTED,
        CLEW_RULE_MISSED_ROUND,
        CLEW_RULE_CONDITION,
        CLEW_RULE_WITHDRAWN,
        CLEW_RULE_VARIANT,
        CLEW_RULE_STRAY_NAME,
        CLEW_RULE_SKIPPED_CHECK,
        CLEW_RULE_UNTESTED,
        CLEW_RULE_ASSUMED,
        CLEW_RULE_BOUND,
        CLEW_RULE_UNIT,
        CLEW_RULE_DISCARDED,
        CLEW_RULE_POINTER,
        CLEW_RULE_LOST_PART,
        CLEW_RULE_UNMET_WISH,
        /* From here on: places in the run, which say nothing of what happened there. */
        CLEW_RULE_OPENING,
        CLEW_RULE_FIRST_ORDER,
        CLEW_RULE_FIRST_ACTION,
        CLEW_RULE_FIRST_READING,
        CLEW_RULE_FIRST_CHANGE,
        CLEW_RULE_LATER_CHANGE,
        CLEW_RULE_UNCLEAR_ACTION,
        CLEW_RULE_LONGEST,
        CLEW_RULE_ANSWER_ORIGIN,
        CLEW_RULE_ANSWER,
        CLEW_RULE_LAST_ANSWER,
        CLEW_RULE_COUNT,
};

enum clew_precision { CLEW_PRECISION_LOW, CLEW_PRECISION_MEDIUM, CLEW_PRECISION_HIGH };

const char *clew_precision_name(enum clew_precision p);

struct clew_rule_info {
        const char *name; /* a contract: it appears in --json and in summaries */
        double weight;    /* fitted: what a finding of strength 1 adds, in log odds */
        const char *sees; /* one line for people */
};

const struct clew_rule_info *clew_rule_info(enum clew_rule rule);

/* True for a rule that names a place and no trouble. */
static inline bool clew_rule_is_place(enum clew_rule rule)
{
        return rule >= CLEW_RULE_OPENING;
}

struct clew_evidence {
        uint32_t step;
        struct clew_slice text; /* as in the trace: hostile, to be escaped */
};

struct clew_finding {
        enum clew_rule rule;
        uint32_t step;   /* blamed: an LLM or TOOL step */
        double strength; /* of this case within its rule, about 0.2 to 1.5 */
        double score;    /* set by ranking: how likely a person blames the step */
        enum clew_precision precision;
        bool hearsay; /* only the status of an agent around the step, or one other run, tells of it:
                         no more than class medium */
        bool harmless;    /* the trouble is real, and nothing shows that it did any harm */
        bool looked_at;   /* too little to call it a cause: shown as a place to look at */
        uint32_t n_signs; /* rules that blame the same step */
        uint32_t effects[CLEW_RCA_EFFECTS_MAX]; /* steps that show it, in time order */
        uint32_t n_effects;
        struct clew_evidence evidence[CLEW_RCA_EVIDENCE_MAX];
        uint32_t n_evidence;
        struct clew_slice summary; /* one sentence; may quote trace text */
};

struct clew_findings {
        struct clew_finding *items; /* moves when it grows: do not hold one over an addition */
        uint32_t n;
        uint32_t cap;
        uint32_t n_of[CLEW_RULE_COUNT];
        struct clew_arena *arena;
};

/* True when @rule may add no more; its loop can end. */
static inline bool clew_findings_full(const struct clew_findings *f, enum clew_rule rule)
{
        return f->n_of[rule] >= CLEW_RCA_PER_RULE_MAX || f->n >= CLEW_RCA_RAW_MAX;
}

/* Adds a finding and returns it for more evidence; NULL when @step is no step, the list is full, or
 * memory is short (the arena remembers). */
struct clew_finding *clew_finding_add(struct clew_findings *f, enum clew_rule rule, uint32_t step,
                                      double strength);
/* All accept a NULL finding. */
void clew_finding_effect(struct clew_finding *f, uint32_t step);
void clew_finding_evidence(struct clew_finding *f, uint32_t step, struct clew_slice text);
void clew_finding_say(struct clew_findings *list, struct clew_finding *f, const char *fmt, ...)
        CLEW_PRINTF(3, 4);

/* For "%.*s": length and pointer of at most @max bytes of a slice. */
#define CLEW_SHOWN(s, max)                                                                         \
        (int)((s).len < (max) ? (s).len : (max)),                                                  \
                (const char *)((s).data ? (s).data : (const uint8_t *)"")

typedef void (*clew_rule_fn)(const struct clew_rca_view *v, struct clew_findings *ret);

/* errors.c */
void clew_rule_error_origin(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_error_response(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_same_error(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_swallowed_error(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_unrecovered_end(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_ignored_failure(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_infrastructure(const struct clew_rca_view *v, struct clew_findings *ret);
/* loops.c */
void clew_rule_tool_loop(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_near_duplicate(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_ping_pong(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_role_imbalance(const struct clew_rca_view *v, struct clew_findings *ret);
/* queries.c */
void clew_rule_repeated_query(const struct clew_rca_view *v, struct clew_findings *ret);
/* calls.c */
void clew_rule_bad_arguments(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_unknown_tool(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_promise(const struct clew_rca_view *v, struct clew_findings *ret);
/* claims.c */
void clew_rule_claimed_tool(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_invented_name(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_missing_mark(const struct clew_rca_view *v, struct clew_findings *ret);
/* grounding.c */
void clew_rule_values(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_unused_evidence(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_stale_value(const struct clew_rca_view *v, struct clew_findings *ret);
/* spelled.c */
/* An observation before unit @unit holds the value of @t in another spelling (a unit, other
 * separators, per cent, thousands), or it is a number as programs write them. */
bool clew_rca_spelled_otherwise(const struct clew_rca_view *v, const struct clew_token *t,
                                uint32_t unit);
/* @t is a number, and an observation before unit @unit has numbers in words or in digits of another
 * script, which are not read. */
bool clew_rca_may_be_in_words(const struct clew_rca_view *v, const struct clew_token *t,
                              uint32_t unit);
/* @t may be the number of a line: it lies in a range that a call before unit @unit asked for. */
bool clew_rca_is_line(const struct clew_rca_view *v, const struct clew_token *t, uint32_t unit);
/* free-choice.c: the numbers in unit @unit are those that a model may choose: how far to scroll, or
 * what to try a calculator with whose answer nobody takes up. */
bool clew_rca_is_free_choice(const struct clew_rca_view *v, uint32_t unit);
/* @t is one more than the value @shown of @source, where a user, the instructions or @source speak
 * of the next or the last one: a series that goes on. */
bool clew_rca_is_next_of(const struct clew_rca_view *v, const struct clew_token *t,
                         struct clew_slice shown, const struct clew_rca_unit *source);
/* prefix.c */
void clew_rule_lost_prefix(const struct clew_rca_view *v, struct clew_findings *ret);
/* choices.c */
void clew_rule_other_value(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_wrong_label(const struct clew_rca_view *v, struct clew_findings *ret);
/* generation.c */
void clew_rule_truncated(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_empty_output(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_gave_up(const struct clew_rca_view *v, struct clew_findings *ret);
/* context.c */
void clew_rule_context(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_lost_instruction(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_budget(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_outlier(const struct clew_rca_view *v, struct clew_findings *ret);
/* instructions.c */
void clew_rule_unconfirmed(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_unauthenticated(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_language(const struct clew_rca_view *v, struct clew_findings *ret);
/* search.c */
void clew_rule_first_trouble(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_fruitless(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_repeated_action(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_own_change(const struct clew_rca_view *v, struct clew_findings *ret);
/* answers.c */
void clew_rule_unlooked(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_wrong_count(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_wrong_type(const struct clew_rca_view *v, struct clew_findings *ret);
/* undone.c */
void clew_rule_undone(const struct clew_rca_view *v, struct clew_findings *ret);
void clew_rule_early_answer(const struct clew_rca_view *v, struct clew_findings *ret);
/* forbidden.c */
void clew_rule_forbidden(const struct clew_rca_view *v, struct clew_findings *ret);
/* records.c */
void clew_rule_record(const struct clew_rca_view *v, struct clew_findings *ret);
/* wide.c */
void clew_rule_wide(const struct clew_rca_view *v, struct clew_findings *ret);
/* request-rules.c: what was asked for against what was done */
void clew_rule_request(const struct clew_rca_view *v, struct clew_findings *ret);
/* assumed.c */
void clew_rule_assumed(const struct clew_rca_view *v, struct clew_findings *ret);
/* units.c */
void clew_rule_unit(const struct clew_rca_view *v, struct clew_findings *ret);
/* places.c */
void clew_rule_places(const struct clew_rca_view *v, struct clew_findings *ret);
/* origin.c: of what step @who answered */
void clew_rule_answer_origin(const struct clew_rca_view *v, uint32_t who, struct clew_slice answer,
                             struct clew_findings *ret);
/* The call of another agent right before LLM step @i, that told its agent what to do; NONE without
 * one. */
uint32_t clew_rca_order_before(const struct clew_rca_view *v, uint32_t i);
/* What step @i wrote may be an order: it says something, and asks nothing. */
bool clew_rca_may_be_order(const struct clew_rca_view *v, uint32_t i);
/* What step @order wrote went to the agent of LLM step @who: it heard it, or is named in it. */
bool clew_rca_is_order(const struct clew_rca_view *v, uint32_t order, uint32_t who);
/* A user spoke again after the first call: a conversation, not one question. */
bool clew_rca_find_talk(const struct clew_rca_view *v);
/* The LLM call behind the run's answer: that of the last tool call when the answer was handed to
 * one (also when a word or two of farewell follow), else the last call of all. */
uint32_t clew_rca_answer_call(const struct clew_rca_view *v);
/* errors.c */
/* The model call whose work failed in step @i: who wrote the program, where another agent only ran
 * it. */
uint32_t clew_rca_author_of(const struct clew_rca_view *v, uint32_t i);
/* A later call to the same end as step @i that went well; NONE when the error was not repaired. */
uint32_t clew_rca_recovery_of(const struct clew_rca_view *v, uint32_t i);
/* Step @i is an error that somebody set out to see: the first time that what was to be reproduced,
 * or the test written first, showed it. In errors.c. */
bool clew_rca_was_wanted(const struct clew_rca_view *v, uint32_t i);
/* The error of step @i was repaired, the run went on with what that brought, and nothing shows that
 * it cost more than the attempt. */
bool clew_rca_was_harmless(const struct clew_rca_view *v, uint32_t i);
/* What is around step @i, the last step or the run ended because time or steps ran out. */
bool clew_rca_ran_out(const struct clew_rca_view *v, uint32_t i);

#endif
