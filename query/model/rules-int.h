/*
 * The normaliser's tables: which attribute keys feed which field, in which order, for whom.
 *
 * One row is one (field, key, encoding, dialect); the rows of a field stand in order of priority.
 * A key may feed several fields (a JSON bag of counts), and is looked up once per attribute through
 * a hash table over the keys that is built once. Nothing else in the module names a dialect's keys,
 * except where a field has a structure of its own (messages, scores).
 */
#ifndef CLEW_QUERY_MODEL_RULES_INT_H
#define CLEW_QUERY_MODEL_RULES_INT_H

#include "proto/base/slice.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_encoding {
        CLEW_ENC_TEXT,   /* text as it is; other values rendered */
        CLEW_ENC_QUOTED, /* text that is itself a JSON string, if it looks like one (MLflow) */
        CLEW_ENC_NUMBER, /* int, double, decimal text */
        CLEW_ENC_FLAG,   /* bool, "true", 1: present only when true */
        CLEW_ENC_NOT,    /* bool that is false: present only then (success = false) */
        CLEW_ENC_FIRST,  /* first of an array, of a JSON array, of a comma-joined list */
        CLEW_ENC_MEMBER, /* scalar inside a JSON object, named by `member` ("usage.inputTokens") */
        CLEW_ENC_MEMBER_NUMBER,
        CLEW_ENC_EQUALS,    /* present only when the text equals `member` */
        CLEW_ENC_AT_LEAST,  /* number >= `member` (Logfire levels) */
        CLEW_ENC_KIND,      /* value looked up in the kind map that `member` names */
        CLEW_ENC_KIND_WORD, /* the same for the value's first word */
        CLEW_ENC_KIND_TYPE, /* the same for the member "type" of a JSON object */
        CLEW_ENC_PREFIX,    /* `member` is not read; only tells that the key exists */
};

enum {
        CLEW_RULE_NO_CACHE = 1 << 0,     /* tokens in: sent without cached input */
        CLEW_RULE_NO_REASONING = 1 << 1, /* tokens out: sent without reasoning */
        CLEW_RULE_ROLLUP = 1 << 2,       /* usage that repeats what lies below, whatever the kind */
        CLEW_RULE_NOT_BRACES = 1 << 3,   /* "{}" stands for absent */
        CLEW_RULE_OWN = 1 << 4,    /* a common word: holds only in a scope of the row's dialect */
        CLEW_RULE_STRING = 1 << 5, /* other types mean something else (thread.id) */
        CLEW_RULE_NOT_SCHEMA = 1 << 6, /* an object with "properties" is a schema, not a value */
        CLEW_RULE_MILLI = 1 << 7,      /* milliseconds, not seconds */
        CLEW_RULE_TIME = 1 << 8,       /* ISO 8601, to be counted from the step's start */
        CLEW_RULE_BAG = 1 << 10,       /* one of an open list of counts, which is read whole */
        CLEW_RULE_BOTH = 1 << 9, /* shown beside the value of another such row, when they differ */
};

#define CLEW_KINDS(k) (1u << (k))
/* No kind, but counts as one here: the operation says that the step invokes a workflow. */
#define CLEW_KINDS_WORKFLOW (1u << CLEW_KIND_COUNT)

struct clew_rule {
        const char *key;
        const char *member; /* see the encodings */
        uint8_t encoding;
        uint8_t dialect;
        uint16_t flags;
        uint32_t kinds; /* bit set of kinds the row is for, 0 = all */
};

struct clew_rule_list {
        const struct clew_rule *rules;
        size_t n;
};

/* The tables, by field; each field is in one of them. */
extern const struct clew_rule_list clew_rules_call[CLEW_FIELD_COUNT];
extern const struct clew_rule_list clew_rules_text[CLEW_FIELD_COUNT];
extern const struct clew_rule_list clew_rules_usage[CLEW_FIELD_COUNT];

/* A row found for a key, with its field and its rank among the rows of the field (0 = first). */
struct clew_rule_hit {
        const struct clew_rule *rule;
        uint8_t field;
        uint8_t rank;
        uint8_t key_dialect; /* clew_dialect_of_key() of the key */
};

/* All rows for @key; @ret_n = 0 and NULL when no table names it. Static storage. */
const struct clew_rule_hit *clew_rules_find(struct clew_slice key, unsigned *ret_n);
/* Whether some key is qualified by this name of an event or a log record ("NAME/key"). */
bool clew_rules_has_event(struct clew_slice name);

/* Flattened keys whose presence tells something. */
enum {
        CLEW_FAMILY_SCORES = 1 << 0,
        CLEW_FAMILY_EMBEDDING = 1 << 1,
        CLEW_FAMILY_RERANKER = 1 << 2,
        CLEW_FAMILY_RETRIEVER = 1 << 3,
        CLEW_FAMILY_ANSWER = 1 << 4,
        CLEW_FAMILY_EVALUATION = 1 << 5,
};

/* The family of a key that is in no table, or 0. */
unsigned clew_rules_family(struct clew_slice key);

/* ---- kinds ------------------------------------------------------------------------------------
 */

struct clew_kind_value {
        bool found;
        bool weak; /* holds only when nothing stronger does; GENERIC = no statement */
        enum clew_kind kind;
};

/* Looks @value up, without regard to case, in the map called @map. */
struct clew_kind_value clew_kind_map_find(const char *map, struct clew_slice value);
/* From the span's name; found = false when no pattern fits. @scope is what the scope's name tells.
 */
struct clew_kind_value clew_kind_of_name(struct clew_slice name, enum clew_dialect scope);
/* The name of something around a model call that its sender takes for one. */
bool clew_name_is_no_call(struct clew_slice name);
/* The dialect that a scope's name tells, or NONE. */
enum clew_dialect clew_dialect_of_scope(struct clew_slice scope_name);
/* The dialect that a key's prefix tells, or NONE. */
enum clew_dialect clew_dialect_of_key(struct clew_slice key);

/* ---- providers --------------------------------------------------------------------------------
 */

/* The name that the conventions use; @seen itself when it is unknown; a null slice for what is no
 * provider (a framework). @seen outlives the result. */
struct clew_slice clew_provider_canonical(struct clew_slice seen);
/* From a model's name, "openai/gpt-x": a null slice when it has no known provider in front. */
struct clew_slice clew_provider_of_model(struct clew_slice model);

#endif
