/*
 * A query as it is run: two levels of postfix programs, flat arrays without pointers between them.
 *
 * The inner level is the condition on one span: operands and operators in postfix order. Behind the
 * left side of `&&` and `||` stands a jump over the right side, so a text is not read when a number
 * has decided. The outer level combines sets of spans. Both are run by loops over a stack whose
 * height the parser has bounded.
 */
#ifndef CLEW_QUERY_LANGUAGE_PROGRAM_INT_H
#define CLEW_QUERY_LANGUAGE_PROGRAM_INT_H

#include "query/find/language/language.h"
#include "query/find/language/token-int.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- values -----------------------------------------------------------------------------------
 */

enum clew_type {
        CLEW_TYPE_NIL,
        CLEW_TYPE_BOOL,
        CLEW_TYPE_INT,
        CLEW_TYPE_FLOAT,
        CLEW_TYPE_DURATION, /* ns */
        CLEW_TYPE_TEXT,
        CLEW_TYPE_STATUS,
        CLEW_TYPE_SPAN_KIND,
        CLEW_TYPE_OTHER, /* a list of pairs, bytes: it is there, and compares with nothing */
        CLEW_TYPE_ANY,   /* in checks only: an attribute may be anything */
        CLEW_TYPE_COUNT,
};

/* "text", "a number", as messages name it. */
const char *clew_type_name(enum clew_type type);

struct clew_operand {
        enum clew_type type;
        union {
                bool boolean;
                int64_t integer; /* INT, DURATION, STATUS, SPAN_KIND */
                double number;
                struct clew_slice text;
        };
};

static inline bool clew_type_is_number(enum clew_type type)
{
        return type == CLEW_TYPE_INT || type == CLEW_TYPE_FLOAT || type == CLEW_TYPE_DURATION;
}

static inline double clew_operand_number(const struct clew_operand *v)
{
        return v->type == CLEW_TYPE_FLOAT ? v->number : (double)v->integer;
}

/* ---- fields -----------------------------------------------------------------------------------
 */

/* What a summary tells of a field over all spans of its trace. */
enum clew_cover {
        CLEW_COVER_NONE,
        CLEW_COVER_ALL,  /* every span has exactly these values */
        CLEW_COVER_RUN,  /* the span that speaks for the run has exactly these, others none */
        CLEW_COVER_SOME, /* the span that speaks for the run has these, others unknown ones */
        CLEW_COVER_ANY,  /* together the spans have exactly these, at most one each */
        CLEW_COVER_MANY, /* together the spans have exactly these */
};

/* What must be made of a trace before the field can be read. */
enum {
        CLEW_NEED_TEXTS = 1u << 0,
        CLEW_NEED_EDGES = 1u << 1,
        CLEW_NEED_FACTS = 1u << 2, /* what rules of root cause find of the run */
};

struct clew_run_at; /* fields-int.h */
struct clew_values;

struct clew_field_row {
        const char *name; /* a final '.' takes the rest of the name (span.clew.score.NAME) */
        const char *alias;
        enum clew_type type;
        enum clew_cover cover;
        unsigned needs;
        /* Values of one span; @key is what a final '.' took. NULL: those that `tell` gives, on the
         * span that speaks for the run (on every span when `cover` says so). */
        void (*read)(struct clew_run_at *at, uint32_t step, struct clew_slice key,
                     struct clew_values *out);
        /* Values that a summary knows, as `cover` says; false = a text may be cut, a list may lack
         * some. NULL with COVER_NONE. */
        bool (*tell)(const struct clew_query_facts *facts, struct clew_slice key,
                     struct clew_values *out);
        const char *const *words; /* the only values there are; NULL = any */
        const char *where;        /* for help */
        const char *record;       /* name of the same in --fields, or NULL */
        const char *help;
};

/* A field as one query names it. */
/* What the place of an attribute takes, where that is one type whatever it is compared with. */
enum clew_takes { CLEW_TAKES_ANY, CLEW_TAKES_BOOL, CLEW_TAKES_NUMBER };

struct clew_field_ref {
        const struct clew_field_row *row; /* NULL: an attribute as sent */
        enum clew_takes takes;
        enum clew_scope scope;
        bool of_parent;
        struct clew_slice name; /* of an attribute, or what a final '.' took */
        size_t offset;
        size_t len;
};

/* ---- conditions -------------------------------------------------------------------------------
 */

enum clew_code {
        CLEW_CODE_LITERAL, /* arg: literal */
        CLEW_CODE_FIELD,   /* arg: field */
        CLEW_CODE_BINARY,  /* op; pops two; arg: one of them is the word nil */
        CLEW_CODE_UNARY,   /* op; pops one */
        CLEW_CODE_REGEX, /* op; arg: regex, in the place of a literal and its operator; pops one */
        CLEW_CODE_SKIP,  /* op AND or OR: jumps to arg when the top has decided */
};

struct clew_code_op {
        enum clew_code code;
        enum clew_op op;
        uint32_t arg;
        uint32_t offset;
        uint32_t len;
        uint32_t mismatch; /* comparisons: place of its counters */
};

/* Of a comparison: a literal with an attribute on its right. */
static inline bool clew_literal_is_left(const struct clew_code_op *op)
{
        return op->code == CLEW_CODE_BINARY && op[-1].code == CLEW_CODE_FIELD &&
               op[-2].code == CLEW_CODE_LITERAL;
}

struct clew_expr {
        uint32_t first;
        uint32_t n; /* 0: always true */
        enum clew_type type;
        uint32_t offset;
        uint32_t len;
};

struct clew_regex;
struct clew_path;

/* ---- sets of spans ----------------------------------------------------------------------------
 */

enum clew_stage {
        CLEW_STAGE_ENTER,     /* a pipeline begins, on the input around it */
        CLEW_STAGE_LEAVE,     /* it ends */
        CLEW_STAGE_FILTER,    /* arg: expr; pushes */
        CLEW_STAGE_COMBINE,   /* op; pops two, pushes one */
        CLEW_STAGE_PIPE,      /* the top becomes the input of what follows */
        CLEW_STAGE_AGGREGATE, /* aggregate, arg: expr, op, literal; pushes */
        CLEW_STAGE_BY,        /* arg: expr; pushes */
        CLEW_STAGE_COALESCE,
        CLEW_STAGE_SELECT, /* arg: first of n fields; passes its input on */
};

enum clew_aggregate {
        CLEW_AGGREGATE_NONE,
        CLEW_AGGREGATE_COUNT,
        CLEW_AGGREGATE_MIN,
        CLEW_AGGREGATE_MAX,
        CLEW_AGGREGATE_AVG,
        CLEW_AGGREGATE_SUM,
};

struct clew_stage_op {
        enum clew_stage stage;
        enum clew_op op;
        enum clew_aggregate aggregate;
        uint32_t arg;
        uint32_t n;
        uint32_t literal;
        uint32_t offset;
        uint32_t len;
};

enum clew_metric {
        CLEW_METRIC_NONE,
        CLEW_METRIC_RATE,
        CLEW_METRIC_COUNT,
        CLEW_METRIC_SUM,
        CLEW_METRIC_AVG,
        CLEW_METRIC_MIN,
        CLEW_METRIC_MAX,
        CLEW_METRIC_QUANTILE,
        CLEW_METRIC_HISTOGRAM,
        CLEW_METRIC_COMPARE,
};

#define CLEW_QUANTILES_MAX 16u
#define CLEW_BY_MAX 5u

struct clew_metric_stage {
        enum clew_metric metric;
        uint32_t expr; /* of what; not for rate, count and compare */
        double quantiles[CLEW_QUANTILES_MAX];
        uint32_t n_quantiles;
        uint32_t by[CLEW_BY_MAX]; /* exprs */
        uint32_t n_by;
        uint32_t compare;     /* expr of the selection */
        uint32_t compare_top; /* values of an attribute that are given */
        bool bottom;
        uint32_t top; /* 0 = all series */
        uint32_t offset;
};

struct clew_query {
        struct clew_slice text;
        struct clew_arena *arena;
        struct clew_code_op *codes;
        struct clew_stage_op *stages;
        struct clew_expr *exprs;
        struct clew_operand *literals;
        struct clew_field_ref *fields;
        struct clew_regex **regexes;
        struct clew_path **paths;
        uint32_t n_codes;
        uint32_t n_stages;
        uint32_t n_exprs;
        uint32_t n_literals;
        uint32_t n_fields;
        uint32_t n_regexes;
        uint32_t n_paths;
        uint32_t n_comparisons;
        uint32_t code_stack;  /* highest stack of any condition */
        uint32_t stage_stack; /* and of the stages */
        unsigned needs;       /* CLEW_NEED_* */
        size_t mixed_offset;  /* of an operator that mixes && and || */
        bool is_mixed;
        struct clew_metric_stage metric;
};

/* ---- parts ------------------------------------------------------------------------------------
 */

struct clew_parser {
        struct clew_lexer lexer;
        struct clew_query_token t; /* the one at hand */
        struct clew_query *q;
        struct clew_query_error *err;
        bool strict;
        uint32_t capacity; /* of each array */
        void *operators;   /* working space of clew_parse_expr() */
};

CLEW_MUST_USE int clew_parser_advance(struct clew_parser *p);
/* "expected X, found Y" at the token at hand. */
int clew_parser_expected(struct clew_parser *p, const char *what);
/* Reads a condition or value up to what cannot go on. @ret: its index. */
CLEW_MUST_USE int clew_parse_expr(struct clew_parser *p, uint32_t *ret);
/* The empty condition: true for every span. */
CLEW_MUST_USE int clew_parse_nothing(struct clew_parser *p, uint32_t *ret);
/* A number, a length of time, with an optional minus. */
CLEW_MUST_USE int clew_parse_number(struct clew_parser *p, struct clew_operand *ret);
CLEW_MUST_USE int clew_add_literal(struct clew_parser *p, const struct clew_operand *v,
                                   uint32_t *ret);
CLEW_MUST_USE int clew_too_large(struct clew_parser *p);
/* && beside || without brackets. */
CLEW_MUST_USE int clew_mixed(struct clew_parser *p, const struct clew_query_token *at);

/* Types of every condition; turns patterns into regexes. */
CLEW_MUST_USE int clew_query_check(struct clew_query *q, struct clew_query_error *err);
/* The row of a field that is not an attribute as sent; @ret_rest what a final '.' took. */
const struct clew_field_row *clew_field_find(struct clew_slice name, struct clew_slice *ret_rest);
const struct clew_field_row *clew_field_rows(size_t *ret_n);
/* The name nearest to @name among those rows; NULL when none is near. */
const char *clew_field_nearest(struct clew_slice name);
/* Edits between two short texts, at most @max + 1. */
size_t clew_edit_distance(struct clew_slice a, struct clew_slice b, size_t max);

/* The field stands for a key that senders choose: it may be mistyped. */
bool clew_field_is_key(const struct clew_field_ref *ref);
/* The field is text of the span, which only =~ and !~ ask for. */
bool clew_field_is_text(const struct clew_field_row *row);
bool clew_field_is_session(const struct clew_field_row *row);
/* The field is the path of steps, compared by =~ and !~ with a step pattern. */
bool clew_field_is_path(const struct clew_field_row *row);

/* ---- unsupported.c ----------------------------------------------------------------------------
 */

/* -EINVAL with a message when the token at hand, which does not fit where it stands, is a known
 * part that is not supported; else 0. In a condition: */
int clew_query_unsupported(struct clew_parser *p);
int clew_query_unsupported_stage(struct clew_parser *p);     /* where a stage is to begin */
int clew_query_unsupported_pipelines(struct clew_parser *p); /* behind an aggregate */
/* Where a query with metrics is to end, or topk() is to stand. */
int clew_query_unsupported_metrics(struct clew_parser *p);
/* The word at hand names a hint: 0, or -EINVAL with a message. */
int clew_query_check_hint(struct clew_parser *p, bool *ret_takes_share);

#endif
