/*
 * Tokens of a query. Each knows its place, so that every message can point at it.
 */
#ifndef CLEW_QUERY_LANGUAGE_TOKEN_INT_H
#define CLEW_QUERY_LANGUAGE_TOKEN_INT_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"
#include "query/find/language/language.h"

#include <stdint.h>

enum clew_token_type {
        CLEW_TOKEN_END,
        CLEW_TOKEN_WORD,     /* name, status, count, trace:duration */
        CLEW_TOKEN_FIELD,    /* .a, span.a, parent.resource.a: scope and name */
        CLEW_TOKEN_STRING,   /* text is decoded */
        CLEW_TOKEN_INT,      /* integer */
        CLEW_TOKEN_FLOAT,    /* number */
        CLEW_TOKEN_DURATION, /* integer, in ns */
        CLEW_TOKEN_OPERATOR, /* op */
        CLEW_TOKEN_OPEN_BRACE,
        CLEW_TOKEN_CLOSE_BRACE,
        CLEW_TOKEN_OPEN,
        CLEW_TOKEN_CLOSE,
        CLEW_TOKEN_COMMA,
        CLEW_TOKEN_PIPE,
};

enum clew_op {
        CLEW_OP_NONE,
        CLEW_OP_AND,
        CLEW_OP_OR,
        CLEW_OP_NOT,
        CLEW_OP_EQ,
        CLEW_OP_NE,
        CLEW_OP_LT,
        CLEW_OP_LE,
        CLEW_OP_GT,
        CLEW_OP_GE,
        CLEW_OP_MATCH,     /* =~ */
        CLEW_OP_NOT_MATCH, /* !~ */
        CLEW_OP_ADD,
        CLEW_OP_SUB,
        CLEW_OP_MUL,
        CLEW_OP_DIV,
        CLEW_OP_MOD,
        CLEW_OP_POW,
        CLEW_OP_NEG, /* made by the parser */
        /* Between spansets only. CLEW_OP_GT, LT and MATCH's twin SIBLING stand there too. */
        CLEW_OP_DESCENDANT,     /* >> */
        CLEW_OP_ANCESTOR,       /* << */
        CLEW_OP_SIBLING,        /* ~ */
        CLEW_OP_NOT_CHILD,      /* !> */
        CLEW_OP_NOT_DESCENDANT, /* !>> */
        CLEW_OP_NOT_PARENT,     /* !< */
        CLEW_OP_NOT_ANCESTOR,   /* !<< */
        CLEW_OP_AND_CHILD,      /* &> */
        CLEW_OP_AND_DESCENDANT, /* &>> */
        CLEW_OP_AND_PARENT,     /* &< */
        CLEW_OP_AND_ANCESTOR,   /* &<< */
        CLEW_OP_AND_SIBLING,    /* &~ */
        CLEW_OP_COUNT,
};

/* As it is written. `!~` is one sign for two operators: not matching, and not a sibling. */
const char *clew_op_text(enum clew_op op);

enum clew_scope {
        CLEW_SCOPE_NONE, /* not an attribute */
        CLEW_SCOPE_ANY,  /* ".name": the span, then the resource */
        CLEW_SCOPE_SPAN,
        CLEW_SCOPE_RESOURCE,
        CLEW_SCOPE_EVENT,
        CLEW_SCOPE_LINK,
        CLEW_SCOPE_INSTRUMENTATION,
};

struct clew_query_token {
        enum clew_token_type type;
        size_t offset;
        size_t len;
        enum clew_op op;
        enum clew_scope scope;
        bool of_parent; /* parent.x */
        bool has_space; /* stands behind white space */
        struct clew_slice text;
        /* Not negative, but for 9223372036854775808, which is INT64_MIN: in range behind a minus
         * alone. */
        int64_t integer;
        double number;
};

struct clew_lexer {
        struct clew_slice text;
        size_t at;
        struct clew_arena *arena;
        struct clew_query_error *err;
};

struct clew_lexer clew_lexer_make(struct clew_slice text, struct clew_arena *arena,
                                  struct clew_query_error *err);
/* 0, -EINVAL with a message, -ENOMEM. At the end CLEW_TOKEN_END, again and again. */
CLEW_MUST_USE int clew_lexer_next(struct clew_lexer *l, struct clew_query_token *ret);

/* Fills @err; returns -EINVAL. */
int clew_query_fail(struct clew_query_error *err, size_t offset, size_t len, const char *fmt, ...)
        CLEW_PRINTF(4, 5);
void clew_query_hint(struct clew_query_error *err, const char *fmt, ...) CLEW_PRINTF(2, 3);

#endif
