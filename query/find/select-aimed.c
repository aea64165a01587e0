/*
 * See select-int.h.
 */
#include "query/find/select-int.h"

#include "proto/base/hash.h"

#define BUCKETS 4096u /* a power of two */
#define ARENA_MAX ((size_t)64 << 20)

struct clew_select_aimed {
        struct clew_select_aimed *next;
        struct clew_trace_id target;
        struct clew_summary_score score;
};

static uint32_t bucket_of(const struct clew_trace_id *id)
{
        return (uint32_t)clew_hash(clew_slice_make(id->bytes, sizeof(id->bytes))) & (BUCKETS - 1);
}

void clew_select_remember_init(struct clew_select *s)
{
        clew_arena_init(&s->kept, ARENA_MAX);
}

void clew_select_remember(struct clew_select *s, const struct clew_summary *summary)
{
        if (summary->n_aimed > 0 && !s->aimed)
                s->aimed = clew_arena_calloc(&s->kept, BUCKETS, sizeof(struct clew_select_aimed *));
        for (uint32_t i = 0; s->aimed && i < summary->n_aimed && s->n_aimed < CLEW_SELECT_AIMED_MAX;
             i++) {
                const struct clew_summary_aimed *a = &summary->aimed[i];
                struct clew_select_aimed *kept = clew_arena_calloc(&s->kept, 1, sizeof(*kept));
                uint32_t bucket = bucket_of(&a->trace_id);

                if (!kept)
                        return;
                *kept = (struct clew_select_aimed){s->aimed[bucket], a->trace_id, a->score};
                kept->score.name = clew_arena_copy(&s->kept, a->score.name);
                kept->score.label = clew_arena_copy(&s->kept, a->score.label);
                s->aimed[bucket] = kept;
                s->n_aimed++;
        }
}

void clew_select_recall(const struct clew_select *s, struct clew_selected *t)
{
        if (!s->aimed)
                return;
        for (const struct clew_select_aimed *a = s->aimed[bucket_of(&t->id)]; a; a = a->next) {
                struct clew_summary *sum = &t->summary;

                if (clew_trace_id_eq(&a->target, &t->id) && sum->n_scores < CLEW_SUMMARY_SCORES_MAX)
                        sum->scores[sum->n_scores++] = a->score;
        }
}
