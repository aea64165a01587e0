/*
 * Short forms that keep a row of the tables on one line. For the files of the tables alone: the
 * names are short on purpose.
 *
 * Rows of one field stand in order of priority. Keys that stand in an event's or a log record's
 * attributes and mean something only there are written "event name/key".
 */
#ifndef CLEW_QUERY_MODEL_RULES_TABLE_INT_H
#define CLEW_QUERY_MODEL_RULES_TABLE_INT_H

#include "proto/base/compiler.h"
#include "query/model/rules-int.h"

#define T(k, d)                                                                                    \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_TEXT, .dialect = CLEW_DIALECT_##d                   \
        }
#define TK(k, d, m)                                                                                \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_TEXT, .dialect = CLEW_DIALECT_##d, .kinds = m       \
        }
#define TF(k, d, f)                                                                                \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_TEXT, .dialect = CLEW_DIALECT_##d, .flags = f       \
        }
#define Q(k, d)                                                                                    \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_QUOTED, .dialect = CLEW_DIALECT_##d                 \
        }
#define QK(k, d, m)                                                                                \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_QUOTED, .dialect = CLEW_DIALECT_##d, .kinds = m     \
        }
#define N(k, d)                                                                                    \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_NUMBER, .dialect = CLEW_DIALECT_##d                 \
        }
#define NF(k, d, f)                                                                                \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_NUMBER, .dialect = CLEW_DIALECT_##d, .flags = f     \
        }
#define M(k, m, d)                                                                                 \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_MEMBER, .dialect = CLEW_DIALECT_##d    \
        }
#define MN(k, m, d)                                                                                \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_MEMBER_NUMBER,                         \
                .dialect = CLEW_DIALECT_##d                                                        \
        }
#define MNF(k, m, d, f)                                                                            \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_MEMBER_NUMBER,                         \
                .dialect = CLEW_DIALECT_##d, .flags = f                                            \
        }
#define F(k, d)                                                                                    \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_FIRST, .dialect = CLEW_DIALECT_##d                  \
        }
#define E(k, m, d)                                                                                 \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_EQUALS, .dialect = CLEW_DIALECT_##d    \
        }
#define K(k, m, d)                                                                                 \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_KIND, .dialect = CLEW_DIALECT_##d      \
        }
#define KM(k, m, d)                                                                                \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_KIND_TYPE, .dialect = CLEW_DIALECT_##d \
        }
#define P(k, m, d)                                                                                 \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_PREFIX, .dialect = CLEW_DIALECT_##d    \
        }

#define MK(k, m, d, mask)                                                                          \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_MEMBER, .dialect = CLEW_DIALECT_##d,   \
                .kinds = mask                                                                      \
        }
#define KW(k, m, d)                                                                                \
        {                                                                                          \
                .key = k, .member = m, .encoding = CLEW_ENC_KIND_WORD, .dialect = CLEW_DIALECT_##d \
        }
#define FLAG(k, d)                                                                                 \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_FLAG, .dialect = CLEW_DIALECT_##d                   \
        }
#define NOT(k, d, mask)                                                                            \
        {                                                                                          \
                .key = k, .encoding = CLEW_ENC_NOT, .dialect = CLEW_DIALECT_##d, .kinds = mask     \
        }

#define TOOLS (CLEW_KINDS(CLEW_KIND_TOOL) | CLEW_KINDS(CLEW_KIND_HANDOFF))
#define AGENTS CLEW_KINDS(CLEW_KIND_AGENT)
#define LLMS CLEW_KINDS(CLEW_KIND_LLM)
#define CHAINS CLEW_KINDS(CLEW_KIND_CHAIN)
/* Where a model name means a model call. */
#define MODELS                                                                                     \
        (LLMS | CLEW_KINDS(CLEW_KIND_EMBEDDING) | CLEW_KINDS(CLEW_KIND_RERANKER) |                 \
         CLEW_KINDS(CLEW_KIND_CHAIN) | CLEW_KINDS(CLEW_KIND_GENERIC))
#define NOT_TOOLS (~TOOLS)

#define BAG CLEW_RULE_BAG
#define NO_CACHE CLEW_RULE_NO_CACHE
#define NO_REASONING CLEW_RULE_NO_REASONING
#define ROLLUP CLEW_RULE_ROLLUP

/* clang-format off */
#define FIELD(f, t) [CLEW_FIELD_##f] = {t, CLEW_ARRAY_LEN(t)}
/* clang-format on */

#endif
