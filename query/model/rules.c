/*
 * The hash index over the keys of the tables, built once.
 */
#include "query/model/rules-int.h"

#include "proto/base/compiler.h"

#include <pthread.h>
#include <string.h>

static const struct clew_rule_list *const tables[] = {clew_rules_call, clew_rules_text,
                                                      clew_rules_usage};

/* Four times the number of distinct keys, a power of two; checked when the index is built. */
#define SLOTS 4096u
#define HITS_MAX 2048u /* rows of all tables; some 970 of them */

struct slot {
        struct clew_slice key;
        uint16_t first; /* into hits */
        uint16_t n;
        bool is_event; /* some key begins with this name and a slash */
};

static struct slot slots[SLOTS];
static struct clew_rule_hit hits[HITS_MAX];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Length and both ends tell these keys apart well enough, and cost a few cycles. */
static uint32_t key_hash(struct clew_slice key)
{
        uint64_t head = 0;
        uint64_t tail = 0;

        if (key.len == 0)
                return 0;
        if (CLEW_LIKELY(key.len >= sizeof(head))) {
                memcpy(&head, key.data, sizeof(head));
                memcpy(&tail, key.data + key.len - sizeof(tail), sizeof(tail));
        } else {
                memcpy(&head, key.data, key.len);
                tail = head;
        }
        head = (head ^ (tail << 23 | tail >> 41) ^ key.len) * 0x9e3779b97f4a7c15ull;
        head ^= tail * 0xc2b2ae3d27d4eb4full;
        return (uint32_t)((head ^ head >> 29) * 0x9e3779b97f4a7c15ull >> 32);
}

static struct slot *slot_of(struct clew_slice key)
{
        uint32_t i = key_hash(key);

        for (;; i++) {
                struct slot *s = &slots[i % SLOTS];

                if (s->key.len == 0 || clew_slice_eq(s->key, key))
                        return s;
        }
}

static void count_row(const struct clew_rule *rule)
{
        struct clew_slice key = clew_slice_of_cstr(rule->key);
        const uint8_t *slash = memchr(key.data, '/', key.len);
        struct slot *s = slot_of(key);

        s->key = key;
        s->n++;
        if (slash) {
                key.len = (size_t)(slash - key.data);
                s = slot_of(key);
                s->key = key;
                s->is_event = true;
        }
}

static void place_row(const struct clew_rule *rule, unsigned field, size_t rank)
{
        struct slot *s = slot_of(clew_slice_of_cstr(rule->key));

        hits[s->first + s->n++] = (struct clew_rule_hit){
                .rule = rule,
                .field = (uint8_t)field,
                .rank = (uint8_t)rank,
                .key_dialect = (uint8_t)clew_dialect_of_key(s->key),
        };
}

/* Two passes: count the rows of each key, then place them so that the rows of a key lie together.
 */
static void build_index(void)
{
        uint32_t next = 0;
        uint32_t used = 0;

        for (size_t t = 0; t < CLEW_ARRAY_LEN(tables); t++) {
                for (unsigned f = 0; f < CLEW_FIELD_COUNT; f++) {
                        CLEW_ASSERT(tables[t][f].n < UINT8_MAX);
                        for (size_t r = 0; r < tables[t][f].n; r++)
                                count_row(&tables[t][f].rules[r]);
                }
        }
        for (size_t i = 0; i < SLOTS; i++) {
                slots[i].first = (uint16_t)next;
                next += slots[i].n;
                used += slots[i].key.len > 0;
                slots[i].n = 0;
        }
        CLEW_ASSERT(next <= HITS_MAX && used <= SLOTS / 4);
        for (size_t t = 0; t < CLEW_ARRAY_LEN(tables); t++) {
                for (unsigned f = 0; f < CLEW_FIELD_COUNT; f++) {
                        for (size_t r = 0; r < tables[t][f].n; r++)
                                place_row(&tables[t][f].rules[r], f, r);
                }
        }
}

const struct clew_rule_hit *clew_rules_find(struct clew_slice key, unsigned *ret_n)
{
        const struct slot *s;

        pthread_once(&once, build_index);
        *ret_n = 0;
        if (key.len == 0)
                return NULL;
        s = slot_of(key);
        if (s->n == 0)
                return NULL;
        *ret_n = s->n;
        return &hits[s->first];
}

bool clew_rules_has_event(struct clew_slice name)
{
        pthread_once(&once, build_index);
        return name.len > 0 && slot_of(name)->is_event;
}

/* Flattened answers. Of hundreds of keys of this kind most are the history: one letter tells. */
static unsigned answer_family(struct clew_slice key)
{
        static const struct {
                const char *prefix;
                uint8_t at; /* where it differs from the history's */
        } answers[] = {
                {"llm.output_messages.", 4},
                {"llm.choices.", 4},
                {"gen_ai.completion.", 7},
                {"gen_ai.output.messages.", 7},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(answers); i++) {
                if (key.data[answers[i].at] == (uint8_t)answers[i].prefix[answers[i].at] &&
                    clew_slice_starts_with(key, clew_slice_of_cstr(answers[i].prefix)))
                        return CLEW_FAMILY_ANSWER;
        }
        return clew_slice_starts_with(key, CLEW_SLICE_LITERAL("gen_ai.evaluation."))
                       ? CLEW_FAMILY_EVALUATION
                       : 0;
}

/* Flattened families: the keys differ in their index, so they stand in no table. Seldom sent: the
 * first letter alone turns away nearly all other keys. */
unsigned clew_rules_family(struct clew_slice key)
{
        static const struct {
                const char *prefix;
                unsigned family;
        } families[] = {
                {"annotations.", CLEW_FAMILY_SCORES},
                {"evaluations.", CLEW_FAMILY_SCORES},
                {"trace.annotations.", CLEW_FAMILY_SCORES},
                {"trace.evaluations.", CLEW_FAMILY_SCORES},
                {"session.annotations.", CLEW_FAMILY_SCORES},
                {"session.evaluations.", CLEW_FAMILY_SCORES},
                {"embedding.", CLEW_FAMILY_EMBEDDING},
                {"reranker.", CLEW_FAMILY_RERANKER},
                {"retrieval.documents.", CLEW_FAMILY_RETRIEVER},
                {"db.vector.query.", CLEW_FAMILY_RETRIEVER},
        };

        if (key.len < 10)
                return 0;
        if (key.data[0] == 'l' || key.data[0] == 'g')
                return answer_family(key);
        if (!memchr("aestrd", key.data[0], 6))
                return 0;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(families); i++) {
                if (key.data[0] == (uint8_t)families[i].prefix[0] &&
                    clew_slice_starts_with(key, clew_slice_of_cstr(families[i].prefix)))
                        return families[i].family;
        }
        return 0;
}
