#include "query/find/evaluated.h"

#include "proto/otlp/log-event.h"

#include <errno.h>
#include <string.h>

/* One evaluation's records. */
#define CARRIER_BYTES_MAX ((size_t)64 << 20)

struct place {
        struct clew_trace_id id;
        uint32_t step;
};

static int find_places(struct clew_view *view, const struct clew_trace *trace, struct place *places,
                       uint32_t *ret_n, struct clew_error *err)
{
        uint32_t looked = 0;

        *ret_n = 0;
        for (uint32_t i = 0; i < trace->n_steps && looked < CLEW_EVALUATED_CALLS_MAX; i++) {
                const struct clew_step *s = &trace->steps[i];
                struct clew_trace_id id;
                struct clew_trace_id found;
                int r;

                if (s->kind != CLEW_KIND_LLM || !clew_log_response_place(s->response_id, &id))
                        continue;
                looked++;
                r = clew_view_find(view, &id, 2 * CLEW_TRACE_ID_BYTES, &found, 1, err);
                if (r < 0)
                        return r;
                if (r > 0 && *ret_n < CLEW_EVALUATED_MAX)
                        places[(*ret_n)++] = (struct place){id, i};
        }
        return 0;
}

static void take_score(struct clew_evaluated *to, const struct clew_score *score,
                       const struct place *at, struct clew_arena *arena)
{
        struct clew_score *s = &to->scores[to->n++];

        *s = *score;
        s->target = CLEW_SCORE_STEP;
        s->place = CLEW_SCORE_CAME;
        s->other_trace = at->id;
        s->step = at->step;
        s->emitter = CLEW_STEP_NONE;
        s->name = clew_arena_copy(arena, score->name);
        s->label = clew_arena_copy(arena, score->label);
        s->explanation = clew_arena_copy(arena, score->explanation);
        s->source = clew_arena_copy(arena, score->source);
        s->identifier = clew_arena_copy(arena, score->identifier);
        s->error_type = clew_arena_copy(arena, score->error_type);
        s->response_id = clew_arena_copy(arena, score->response_id);
}

/* What cannot be read is told where it is listed. */
static void read_place(struct clew_view *view, const struct place *at, struct clew_slice response,
                       struct clew_arena *arena, struct clew_evaluated *to)
{
        CLEW_ARENA scratch = {0};
        struct clew_trace_data data;
        struct clew_trace *carrier;
        struct clew_error err = {0};

        clew_arena_init(&scratch, CARRIER_BYTES_MAX);
        if (clew_view_load(view, &at->id, &data, &err) < 0 ||
            clew_trace_build(data.traces, data.logs, &CLEW_TRACE_FULL, &scratch, &carrier) < 0)
                return;
        for (uint32_t i = 0; i < carrier->n_scores && to->n < CLEW_EVALUATED_MAX; i++) {
                /* Two responses may lie at one place. */
                if (clew_slice_eq(carrier->scores[i].response_id, response))
                        take_score(to, &carrier->scores[i], at, arena);
        }
}

int clew_evaluated_find(struct clew_view *view, const struct clew_trace *trace,
                        struct clew_arena *arena, struct clew_evaluated *ret,
                        struct clew_error *err)
{
        struct place places[CLEW_EVALUATED_MAX];
        struct clew_slice responses[CLEW_EVALUATED_MAX];
        uint32_t n = 0;
        int r = find_places(view, trace, places, &n, err);

        *ret = (struct clew_evaluated){0};
        if (r < 0 || n == 0)
                return r;
        ret->scores = clew_arena_calloc(arena, CLEW_EVALUATED_MAX, sizeof(*ret->scores));
        if (!ret->scores)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                responses[i] = clew_arena_copy(arena, trace->steps[places[i].step].response_id);
        for (uint32_t i = 0; i < n; i++)
                read_place(view, &places[i], responses[i], arena, ret);
        return 0;
}

int clew_evaluated_traces(struct clew_view *view, const struct clew_trace *trace,
                          struct clew_trace_id *ret, uint32_t max, struct clew_error *err)
{
        struct place places[CLEW_EVALUATED_MAX];
        uint32_t n = 0;
        uint32_t i;
        int r = find_places(view, trace, places, &n, err);

        if (r < 0)
                return r;
        for (i = 0; i < n && i < max; i++)
                ret[i] = places[i].id;
        return (int)i;
}

int clew_evaluated_add(struct clew_trace *trace, const struct clew_evaluated *found,
                       struct clew_arena *arena)
{
        struct clew_score *scores;

        if (found->n == 0)
                return 0;
        scores = clew_trace_more_scores(trace, found->n, arena);
        if (!scores)
                return -ENOMEM;
        memcpy(scores, found->scores, found->n * sizeof(*scores));
        return 0;
}
