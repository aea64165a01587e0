/*
 * Responses that are made in the background and fetched later.
 *
 * The call that creates one ends at once, with an id and without usage; what fetches the response
 * under that id (any number of times) reports what it used. A fetch is no call, so it books
 * nothing; the call that made the response is given what the fetch tells, once. A fetch of a
 * response that no call of the trace made tells what another trace has, or had.
 */
#include "query/model/build-int.h"

#include "proto/base/hash.h"
#include "proto/base/sort.h"

#include <errno.h>

static bool is_poll(const struct clew_step *step)
{
        return clew_step_is(step, CLEW_STEP_POLL) && step->response_id.len > 0;
}

static bool has_counts(const struct clew_step *step)
{
        return (step->tokens.has & (CLEW_TOKENS_IN | CLEW_TOKENS_OUT)) != 0;
}

static bool takes_part(const struct clew_step *step)
{
        return step->kind == CLEW_KIND_LLM && step->response_id.len > 0 &&
               !clew_step_is(step, CLEW_STEP_STANDIN | CLEW_STEP_FRAGMENT);
}

/* Steps of one key stand in tree order: the first call, and the last fetch with counts. */
static void settle(const struct clew_sort_entry *entries, uint32_t n, struct clew_trace *trace)
{
        struct clew_step *call = NULL;
        const struct clew_step *poll = NULL;
        bool counted = false;

        for (uint32_t i = 0; i < n; i++) {
                const struct clew_step *s = entries[i].item;

                if (!clew_slice_eq(s->response_id,
                                   ((const struct clew_step *)entries[0].item)->response_id))
                        continue; /* another id with the same hash: left as it is */
                if (is_poll(s))
                        poll = has_counts(s) ? s : poll;
                else if (!call)
                        call = trace->steps + (s - trace->steps);
                counted = counted || (!is_poll(s) && has_counts(s));
        }
        if (!call || !poll || counted)
                return;
        call->tokens = poll->tokens;
        call->tokens.has |= CLEW_TOKENS_ADJUSTED;
        if (!call->has_cost) {
                call->has_cost = poll->has_cost;
                call->cost_usd = poll->cost_usd;
        }
        if (call->finish_reason.len == 0)
                call->finish_reason = poll->finish_reason;
}

int clew_polls_settle(struct clew_trace *trace, struct clew_arena *arena)
{
        struct clew_sort_entry *entries;
        uint32_t n_polls = 0;
        uint32_t n = 0;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                n += takes_part(&trace->steps[i]);
                n_polls += is_poll(&trace->steps[i]) && has_counts(&trace->steps[i]);
        }
        if (n_polls == 0 || n < 2)
                return 0;
        entries = clew_arena_alloc(arena, 2 * (size_t)n * sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        n = 0;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                if (takes_part(s))
                        entries[n++] = (struct clew_sort_entry){.key = clew_hash(s->response_id),
                                                                .item = s};
        }
        clew_sort(entries, entries + n, n, NULL);
        for (uint32_t i = 0; i < n;) {
                uint32_t end = i + 1;

                while (end < n && entries[end].key == entries[i].key)
                        end++;
                settle(entries + i, end - i, trace);
                i = end;
        }
        return 0;
}
