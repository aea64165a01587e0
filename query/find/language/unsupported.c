/*
 * Parts of TraceQL, and words of other languages, that people write and that are not supported:
 * each is named, with what to write instead.
 */
#include "query/find/language/program-int.h"

#include <errno.h>

enum place {
        ANYWHERE,
        IN_CONDITION,
        BEHIND_METRICS,
        STAGE,
};

static const struct {
        const char *word;
        enum place place;
        const char *what;
        const char *instead;
} words[] = {
        {"in", IN_CONDITION, "in, lists of values", ".a = \"x\" || .a = \"y\", or .a =~ \"x|y\""},
        {"exists", IN_CONDITION, "exists", ".a != nil"},
        {"like", IN_CONDITION, "like", ".a =~ \"pattern\""},
        {"contains", IN_CONDITION, "contains", ".a =~ \".*text.*\""},
        {"between", IN_CONDITION, "between", "duration > 1s && duration < 2s"},
        {"is", IN_CONDITION, "is", ".a = nil, .a != nil"},
        {"and", IN_CONDITION, "the word and", "&&"},
        {"or", IN_CONDITION, "the word or", "||"},
        {"not", IN_CONDITION, "the word not", "!(...)"},
        {"null", IN_CONDITION, "null", "nil"},
        {"AND", IN_CONDITION, "the word AND", "&&"},
        {"OR", IN_CONDITION, "the word OR", "||"},
        {"NOT", IN_CONDITION, "the word NOT", "!(...)"},
        {"union", ANYWHERE, "union", "{ } || { }"},
        {"offset", BEHIND_METRICS, "offset", "--since and --until"},
        {"without", BEHIND_METRICS, "without()", "by()"},
        {"by", BEHIND_METRICS, "by() behind a |", "rate() by (.a)"},
        {"limit", STAGE, "a stage limit", "-n 10"},
        {"head", STAGE, "a stage head", "-n 10"},
        {"sort", STAGE, "a stage sort", "clew stats --sort"},
        {"order", STAGE, "a stage order", "clew stats --sort"},
        {"stddev", STAGE, "stddev()", "quantile_over_time(), clew stats"},
        {"uniq", STAGE, "a stage uniq", "clew attrs NAME"},
        {"distinct", STAGE, "a stage distinct", "clew attrs NAME"},
};

static int named(struct clew_parser *p, const char *what, const char *instead)
{
        int r = clew_query_fail(p->err, p->t.offset, p->t.len ? p->t.len : 1, "not supported: %s",
                                what);

        if (instead)
                clew_query_hint(p->err, "write %s", instead);
        return r;
}

static int named_word(struct clew_parser *p, enum place place)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if ((words[i].place == place || words[i].place == ANYWHERE) &&
                    clew_slice_eq_cstr(p->t.text, words[i].word))
                        return named(p, words[i].what, words[i].instead);
        }
        return 0;
}

static bool is_number(enum clew_token_type type)
{
        return type == CLEW_TOKEN_INT || type == CLEW_TOKEN_FLOAT || type == CLEW_TOKEN_DURATION;
}

int clew_query_unsupported_metrics(struct clew_parser *p)
{
        if (p->t.type == CLEW_TOKEN_WORD)
                return named_word(p, BEHIND_METRICS);
        if (p->t.type == CLEW_TOKEN_PIPE)
                return named(p, "a stage behind topk() or bottomk()", NULL);
        if (p->t.type == CLEW_TOKEN_OPEN_BRACE)
                return named(p, "{ } behind metrics", "the condition before them");
        if (p->t.type != CLEW_TOKEN_OPERATOR)
                return 0;
        if (p->t.op >= CLEW_OP_ADD && p->t.op <= CLEW_OP_POW)
                return named(p, "arithmetic with metrics", NULL);
        return named(p, "conditions on the values of metrics", "topk(N) or bottomk(N)");
}

int clew_query_unsupported(struct clew_parser *p)
{
        return p->t.type == CLEW_TOKEN_WORD ? named_word(p, IN_CONDITION) : 0;
}

int clew_query_unsupported_stage(struct clew_parser *p)
{
        if (p->t.type == CLEW_TOKEN_WORD)
                return named_word(p, STAGE);
        if (is_number(p->t.type))
                return named(p, "a number on the left of an aggregate", "count() > 3");
        return 0;
}

int clew_query_unsupported_pipelines(struct clew_parser *p)
{
        return p->t.type == CLEW_TOKEN_CLOSE ? named(p, "comparing pipelines with each other",
                                                     "a comparison with a number (count() > 2)")
                                             : 0;
}

/* ---- hints ------------------------------------------------------------------------------------
 */

/* What programs send. They are about order and sampling: ours is always newest first, and whole. */
static const struct {
        const char *name;
        bool takes_share; /* sampling: also a number */
} hints[] = {
        {"most_recent", false}, {"exemplars", true},    {"sample", true},
        {"span_sample", true},  {"trace_sample", true},
};

int clew_query_check_hint(struct clew_parser *p, bool *ret_takes_share)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(hints); i++) {
                if (clew_slice_eq_cstr(p->t.text, hints[i].name)) {
                        *ret_takes_share = hints[i].takes_share;
                        return 0;
                }
        }
        clew_query_fail(p->err, p->t.offset, p->t.len, "not supported: the hint %.*s",
                        (int)(p->t.len < 40 ? p->t.len : 40), (const char *)p->t.text.data);
        clew_query_hint(p->err, "hints: most_recent, exemplars, sample, span_sample, trace_sample");
        return -EINVAL;
}
