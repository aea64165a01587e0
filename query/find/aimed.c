/*
 * See aimed.h. A trace's id is looked for in the bytes of a summary before the summary is read: of
 * nearly all that is the end.
 */
#include "query/find/aimed.h"

#include "proto/base/clock.h"
#include "proto/base/compiler.h"
#include "query/find/index/index.h"

#include <errno.h>
#include <string.h>

/* Feedback comes soon after its target or much later. In a large store not all that is younger can
 * be looked through in the time that a page may take: of each stretch of time after the target as
 * many traces as take 12 ms. */
static const uint64_t stretches_ns[] = {60 * CLEW_NS_PER_S, 3600 * CLEW_NS_PER_S,
                                        86400 * CLEW_NS_PER_S, UINT64_MAX};
#define TRACES_MAX 4000u
/* Traces without a stored summary have to be loaded: as many, and as many bytes, as do not keep
 * anybody waiting. */
#define LOADED_MAX 64u
#define LOADED_BYTES_MAX ((size_t)32 << 20)
/* One summary. */
#define SUMMARY_BYTES_MAX ((size_t)1 << 20)

struct search {
        struct clew_view *view;
        const struct clew_trace_id *id;
        struct clew_arena *arena;
        struct clew_aimed_list *found;
        struct clew_buffer derived;
        uint32_t n_loaded;
        size_t loaded_bytes;
};

static bool names_id(struct clew_slice bytes, const struct clew_trace_id *id)
{
        return bytes.len >= sizeof(id->bytes) &&
               memmem(bytes.data, bytes.len, id->bytes, sizeof(id->bytes));
}

static void keep(struct search *s, const struct clew_list_entry *entry,
                 const struct clew_summary *summary)
{
        for (uint32_t i = 0; i < summary->n_aimed; i++) {
                const struct clew_summary_aimed *a = &summary->aimed[i];
                struct clew_aimed *item = &s->found->items[s->found->n];

                if (!clew_trace_id_eq(&a->trace_id, s->id))
                        continue;
                if (s->found->n == CLEW_AIMED_MAX) {
                        s->found->more = true;
                        return;
                }
                *item = (struct clew_aimed){
                        .said = *a, .carrier = entry->id, .start_ns = entry->start_ns};
                item->said.score.name = clew_arena_copy(s->arena, a->score.name);
                item->said.score.label = clew_arena_copy(s->arena, a->score.label);
                s->found->n++;
        }
}

/* The summary of a trace that has none which is up to date, when it may speak of ours (of any, when
 * none is named). */
static struct clew_slice derive(struct search *s, const struct clew_list_entry *entry)
{
        const struct clew_deriver *deriver = clew_model_deriver_plain();
        struct clew_trace_data data;
        struct clew_error err = {0};
        uint64_t start_ns;

        if (s->n_loaded == LOADED_MAX || s->loaded_bytes > LOADED_BYTES_MAX) {
                s->found->more = true;
                return CLEW_SLICE_NULL;
        }
        s->n_loaded++;
        if (clew_view_load(s->view, &entry->id, &data, &err) < 0)
                return CLEW_SLICE_NULL;
        s->loaded_bytes += data.traces.len;
        clew_buffer_clear(&s->derived);
        if ((s->id && !names_id(data.traces, s->id)) ||
            deriver->summarize(deriver->context, &entry->id, data.traces, data.logs, &s->derived,
                               &start_ns) < 0)
                return CLEW_SLICE_NULL;
        return clew_buffer_slice(&s->derived);
}

/* Of what is hot only a summary of the present rules is taken, as lists do. */
static bool is_known(const struct clew_list_entry *entry)
{
        return entry->summary.len > 0 &&
               (!entry->hot || entry->summary_version == clew_rules_version());
}

static void look_at(struct search *s, const struct clew_list_entry *entry)
{
        CLEW_ARENA arena = {0};
        struct clew_summary summary;
        struct clew_slice record = entry->summary;

        if (clew_trace_id_eq(&entry->id, s->id))
                return;
        if (!is_known(entry))
                record = derive(s, entry);
        if (!names_id(record, s->id))
                return;
        clew_arena_init(&arena, SUMMARY_BYTES_MAX);
        if (clew_summary_decode(record, &arena, &summary) == 0)
                keep(s, entry, &summary);
}

/* Traces that started from @since_ns to before @until_ns; where there are indexes, only those that
 * speak of others. */
static int look_through(struct search *s, uint64_t since_ns, uint64_t until_ns,
                        struct clew_error *err)
{
        const struct clew_index_chooser chooser = clew_index_pick_speakers(since_ns);
        struct clew_list_entry entry = {.start_ns = until_ns};
        uint32_t n = 0;
        int r;

        memset(&entry.id, 0xff, sizeof(entry.id)); /* behind all of that instant */
        r = clew_view_list_chosen(s->view, until_ns == UINT64_MAX ? NULL : &entry, &chooser, err);
        while (r >= 0 && (r = clew_view_next(s->view, &entry, err)) == 1) {
                if (entry.start_ns < since_ns)
                        break;
                if (n++ == TRACES_MAX) {
                        s->found->more = true;
                        break;
                }
                look_at(s, &entry);
        }
        return r < 0 ? r : 0;
}

int clew_aimed_find(struct clew_view *view, const struct clew_trace_id *id,
                    struct clew_arena *arena, struct clew_aimed_list *ret, struct clew_error *err)
{
        struct search s = {.view = view, .id = id, .arena = arena, .found = ret};
        struct clew_list_entry entry;
        uint64_t since_ns;
        int r = clew_view_entry(view, id, &entry, err);

        *ret = (struct clew_aimed_list){
                .items = clew_arena_calloc(arena, CLEW_AIMED_MAX + 1, sizeof(*ret->items))};
        if (!ret->items)
                return -ENOMEM;
        if (r < 0)
                return r;
        since_ns = entry.start_ns;
        clew_buffer_init(&s.derived, SUMMARY_BYTES_MAX);
        for (size_t i = 0; r == 0 && i < CLEW_ARRAY_LEN(stretches_ns); i++) {
                uint64_t until_ns = stretches_ns[i] < UINT64_MAX - entry.start_ns
                                            ? entry.start_ns + stretches_ns[i]
                                            : UINT64_MAX;

                r = look_through(&s, since_ns, until_ns, err);
                since_ns = until_ns;
        }
        clew_buffer_deinit(&s.derived);
        return r;
}

static void append_targets(struct clew_slice record, struct clew_buffer *out)
{
        CLEW_ARENA arena = {0};
        struct clew_summary summary;

        clew_arena_init(&arena, SUMMARY_BYTES_MAX);
        if (clew_summary_decode(record, &arena, &summary) < 0)
                return;
        for (uint32_t i = 0; i < summary.n_aimed; i++)
                clew_buffer_append(out, &summary.aimed[i].trace_id,
                                   sizeof(summary.aimed[i].trace_id));
}

int clew_aimed_targets(struct clew_view *view, const struct clew_list_entry *from,
                       uint64_t since_ns, struct clew_buffer *ret, struct clew_error *err)
{
        const struct clew_index_chooser chooser = clew_index_pick_speakers(since_ns);
        struct clew_aimed_list found = {0};
        struct search s = {.view = view, .found = &found};
        struct clew_list_entry entry;
        int r = clew_view_list_chosen(view, from, &chooser, err);

        if (r == 0 && !clew_view_index_use(view)->used)
                return -ENOENT; /* then the walk is not over indexes either */
        clew_buffer_init(&s.derived, SUMMARY_BYTES_MAX);
        while (r >= 0 && !found.more && (r = clew_view_next(view, &entry, err)) == 1) {
                if (entry.start_ns < since_ns)
                        break;
                append_targets(is_known(&entry) ? entry.summary : derive(&s, &entry), ret);
        }
        clew_buffer_deinit(&s.derived);
        if (r >= 0 && found.more)
                return -E2BIG;
        return r < 0 ? r : clew_buffer_error(ret);
}

int clew_aimed_add(struct clew_trace *trace, const struct clew_aimed_list *list,
                   struct clew_arena *arena)
{
        struct clew_score *scores;

        if (list->n == 0)
                return 0;
        scores = clew_trace_more_scores(trace, list->n, arena);
        if (!scores)
                return -ENOMEM;
        for (uint32_t i = 0; i < list->n; i++) {
                const struct clew_aimed *a = &list->items[i];
                const struct clew_summary_score *said = &a->said.score;

                scores[i] = (struct clew_score){
                        .target = said->target,
                        .carrier = CLEW_SCORE_FROM_ATTRIBUTE,
                        .place = CLEW_SCORE_CAME,
                        .other_trace = a->carrier,
                        .verdict = clew_verdict_of_label(said->label),
                        .has_value = said->has_value,
                        .value = said->value,
                        .step = said->target == CLEW_SCORE_STEP
                                        ? clew_trace_find(trace, &a->said.span_id)
                                        : CLEW_STEP_NONE,
                        .emitter = CLEW_STEP_NONE,
                        .time_ns = a->start_ns,
                        .name = said->name,
                        .label = said->label,
                };
        }
        return 0;
}
