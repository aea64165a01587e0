#include "query/model/usage-keys-int.h"

#include "proto/base/compiler.h"
#include "query/model/value-int.h"

#include <string.h>

/* Longest word that is in the lists below. */
#define WORD_MAX 16u

static const char *const prefixes[] = {
        "gen_ai.usage",
        "llm.usage",
        "llm.token_count",
        "llm.token_usage",
        "gen_ai.token_usage",
        "gen_ai.tokens",
        "gen_ai.token_count",
        "llm.tokens",
        "ai.usage",
        "gen_ai.response.usage",
        "llm.response.usage",
        "token_usage",
        "usage",
};

enum meaning {
        COUNT = 1 << 0, /* "tokens", "count" */
        FILL = 1 << 1,  /* says nothing of what is counted */
        IN = 1 << 2,
        OUT = 1 << 3,
        TOTAL = 1 << 4,
        CACHE = 1 << 5,
        READ = 1 << 6,
        WRITE = 1 << 7,
        REASONING = 1 << 8,
};

static const struct {
        const char *word;
        unsigned meaning;
} words[] = {
        {"token", COUNT},
        {"tokens", COUNT},
        {"count", COUNT},
        {"details", FILL},
        {"detail", FILL},
        {"content", FILL},
        {"usage", FILL},
        {"input", IN},
        {"prompt", IN},
        {"inputs", IN},
        {"output", OUT},
        {"completion", OUT},
        {"outputs", OUT},
        {"candidates", OUT},
        {"total", TOTAL},
        {"cache", CACHE},
        {"cached", CACHE | READ},
        {"read", READ},
        {"hit", READ},
        {"hits", READ},
        {"write", WRITE},
        {"written", WRITE},
        {"creation", WRITE},
        {"create", WRITE},
        {"created", WRITE},
        {"reasoning", REASONING},
        {"thoughts", REASONING},
        {"thinking", REASONING},
        {"thought", REASONING},
};

/* The part of @key behind the prefix and its dot, "" behind the prefix alone. */
static bool split(struct clew_slice key, struct clew_slice *ret_tail)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(prefixes); i++) {
                struct clew_slice prefix = clew_slice_of_cstr(prefixes[i]);

                if (!clew_slice_starts_with(key, prefix) ||
                    (key.len > prefix.len && key.data[prefix.len] != '.'))
                        continue;
                *ret_tail = clew_slice_from(key, key.len > prefix.len ? prefix.len + 1 : key.len);
                return true;
        }
        return false;
}

/* One letter turns away nearly all other keys: it stands behind "gen_ai.", "llm." and "ai.". */
bool clew_usage_key_is(struct clew_slice key)
{
        struct clew_slice tail;
        size_t at;

        if (key.len < 8)
                return key.len >= 5 && key.data[0] == 'u' && split(key, &tail);
        at = key.data[0] == 'g' ? 7 : key.data[0] == 'l' ? 4 : key.data[0] == 'a' ? 3 : 0;
        return memchr("utr", key.data[at], 3) && split(key, &tail);
}

static bool is_upper(uint8_t c)
{
        return c >= 'A' && c <= 'Z';
}

/* The next word of @tail, in small letters: words end at dots, underlines and capitals. */
static size_t next_word(struct clew_slice *tail, char word[WORD_MAX])
{
        size_t n = 0;

        while (tail->len > 0 && (tail->data[0] == '.' || tail->data[0] == '_'))
                *tail = clew_slice_from(*tail, 1);
        while (tail->len > 0 && tail->data[0] != '.' && tail->data[0] != '_' &&
               !(n > 0 && is_upper(tail->data[0])) && n + 1 < WORD_MAX) {
                uint8_t c = tail->data[0];

                word[n++] = (char)(is_upper(c) ? c + ('a' - 'A') : c);
                *tail = clew_slice_from(*tail, 1);
        }
        word[n] = '\0';
        return n;
}

/* What the words mean together; 0 when one of them is not known. */
static unsigned meaning_of(struct clew_slice tail)
{
        unsigned all = 0;
        char word[WORD_MAX];

        while (next_word(&tail, word) > 0) {
                unsigned meaning = 0;

                for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                        if (strcmp(word, words[i].word) == 0)
                                meaning = words[i].meaning;
                }
                if (meaning == 0)
                        return 0;
                all |= meaning;
        }
        return all;
}

/* Whether the prefix says that tokens are counted: "usage.total" may be of anything. */
static bool is_named(struct clew_slice key)
{
        return key.data[0] != 'u';
}

static const struct clew_rule by_words = {
        .key = "", .encoding = CLEW_ENC_NUMBER, .dialect = CLEW_DIALECT_OTHER};

#define ROW(f)                                                                                     \
        {                                                                                          \
                .rule = &by_words, .field = CLEW_FIELD_TOKENS_##f, .rank = CLEW_USAGE_KEY_RANK,    \
                .key_dialect = CLEW_DIALECT_OTHER                                                  \
        }

const struct clew_rule_hit *clew_usage_key_find(struct clew_slice key)
{
        static const struct clew_rule_hit cache_write = ROW(CACHE_WRITE);
        static const struct clew_rule_hit cache_read = ROW(CACHE_READ);
        static const struct clew_rule_hit reasoning = ROW(REASONING);
        static const struct clew_rule_hit total = ROW(TOTAL);
        static const struct clew_rule_hit in = ROW(IN);
        static const struct clew_rule_hit out = ROW(OUT);
        struct clew_slice tail;
        unsigned m;

        if (!split(key, &tail))
                return NULL;
        m = meaning_of(tail);
        if (m & REASONING)
                return m & (IN | CACHE | READ | WRITE | TOTAL) ? NULL : &reasoning;
        if (m & CACHE) {
                if (m & (OUT | TOTAL) || (m & READ && m & WRITE && !(m & COUNT)))
                        return NULL;
                return m & WRITE ? &cache_write : m & READ ? &cache_read : NULL;
        }
        if (m & (READ | WRITE) || !(m & COUNT || is_named(key)))
                return NULL;
        switch (m & (IN | OUT | TOTAL)) {
        case IN:
                return &in;
        case OUT:
                return &out;
        case TOTAL:
                return &total;
        default: /* "total_input_tokens": of a whole run, as a rule */
                return NULL;
        }
}

/* ---- objects of counts ------------------------------------------------------------------------
 */

bool clew_usage_walk_begin(struct clew_usage_walk *w, struct clew_slice key,
                           const struct clew_value *value, struct clew_arena *arena)
{
        if ((value->type != CLEW_VALUE_KVLIST && value->type != CLEW_VALUE_STRING) ||
            key.len >= sizeof(w->name))
                return false;
        w->r = clew_json_reader_make(clew_text_unquote(clew_value_text(value, arena), arena),
                                     CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&w->r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        memcpy(w->name, key.data, key.len);
        w->len[0] = key.len;
        w->depth = 0;
        w->left = CLEW_USAGE_MEMBERS_MAX;
        return true;
}

/* Puts the member's name behind that of the object around it; false when there is no room. */
static bool enter_member(struct clew_usage_walk *w)
{
        size_t at = w->len[w->depth];

        if (w->r.escaped || w->r.text.len == 0 || w->r.text.len + 1 > sizeof(w->name) - at)
                return false;
        w->name[at] = '.';
        memcpy(w->name + at + 1, w->r.text.data, w->r.text.len);
        w->end = at + 1 + w->r.text.len;
        return true;
}

bool clew_usage_walk_next(struct clew_usage_walk *w, struct clew_slice *ret_name,
                          struct clew_slice *ret_number)
{
        enum clew_json_token token;

        while (w->left > 0) {
                if (!clew_json_next_member(&w->r)) {
                        if (w->depth == 0)
                                return false;
                        w->depth--;
                        continue;
                }
                w->left--;
                if (!enter_member(w)) {
                        clew_json_skip(&w->r);
                        continue;
                }
                token = clew_json_next(&w->r);
                if (token == CLEW_JSON_NUMBER || token == CLEW_JSON_STRING) {
                        *ret_name = clew_slice_make(w->name, w->end);
                        *ret_number = w->r.text;
                        return true;
                }
                if (token == CLEW_JSON_OBJECT_BEGIN && w->depth + 1 < CLEW_USAGE_DEPTH_MAX)
                        w->len[++w->depth] = w->end;
                else
                        clew_json_skip(&w->r);
        }
        return false;
}
