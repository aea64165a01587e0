/*
 * Counts of tokens under names that stand in no table.
 *
 * Whoever counts tokens puts a prefix of a handful before words of a handful, in an order of his
 * own: "gen_ai.usage.cached_prompt_tokens", "llm.usage.cache_read_tokens",
 * "gen_ai.usage.output_reasoning_tokens". The words say what is counted. A name with one word more
 * ("limit", "ratio", "audio", "partial") counts something else, and is left alone.
 */
#ifndef CLEW_QUERY_MODEL_USAGE_KEYS_INT_H
#define CLEW_QUERY_MODEL_USAGE_KEYS_INT_H

#include "proto/base/arena.h"
#include "proto/base/json.h"
#include "query/model/rules-int.h"

/* Behind the rows of every field, before what log records tell (fields.c). */
#define CLEW_USAGE_KEY_RANK 127u

/* Whether @key is one under which such counts stand, or an object of them ("gen_ai.usage"). */
bool clew_usage_key_is(struct clew_slice key);
/* The row for a count of that name; NULL when its words do not say what it counts. Static. */
const struct clew_rule_hit *clew_usage_key_find(struct clew_slice key);

/* An object of counts is read as if each of its members stood under a key of its own:
 * {"prompt_tokens_details":{"cached_tokens":4}} under "gen_ai.usage" is
 * "gen_ai.usage.prompt_tokens_details.cached_tokens" = 4. What lies deeper, and what comes after so
 * many members, is passed over. */
#define CLEW_USAGE_DEPTH_MAX 3u
#define CLEW_USAGE_MEMBERS_MAX 64u

struct clew_usage_walk {
        struct clew_json_reader r;
        size_t len[CLEW_USAGE_DEPTH_MAX]; /* of the name of each object that is open */
        size_t end;
        unsigned depth;
        unsigned left; /* members that may still be read */
        uint8_t name[128];
};

/* False when @value, which stands under @key, is no object, as such or as a text of JSON. @arena
 * outlives the walk and what it gives. */
bool clew_usage_walk_begin(struct clew_usage_walk *w, struct clew_slice key,
                           const struct clew_value *value, struct clew_arena *arena);
/* The next member that is a number or a text; the name holds until the next call. */
bool clew_usage_walk_next(struct clew_usage_walk *w, struct clew_slice *ret_name,
                          struct clew_slice *ret_number);

#endif
