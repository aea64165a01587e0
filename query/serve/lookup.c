/*
 * See lookup.h.
 */
#include "query/serve/lookup.h"

#include "query/find/evaluated.h"
#include "query/find/run.h"
#include "query/find/select.h"
#include "query/find/settle.h"

#include <errno.h>

/* As `clew list` shows them: the runs. In a store without any run, the traces. */
static int by_row(struct clew_view *view, uint32_t back, struct clew_trace_id *ret,
                  struct clew_error *err)
{
        const struct clew_filter filter = {.runs = true};
        struct clew_selected t;
        struct clew_select s;
        uint32_t n = 0;
        int r = clew_select_init(&s, view, &filter, clew_clock_system(), NULL, err);

        while (r >= 0 && n < back && (r = clew_select_next(&s, &t, err)) == 1) {
                *ret = t.id;
                n++;
        }
        if (r >= 0 && n < back && n > 0) {
                clew_error_set(err, -ENOENT, 0, "the store holds only %u run%s", n,
                               n == 1 ? "" : "s");
                r = CLEW_LOOKUP_TOO_FAR;
        } else if (r >= 0) {
                r = n == back ? CLEW_LOOKUP_FOUND : CLEW_LOOKUP_NONE;
        }
        clew_select_deinit(&s);
        return r;
}

static int by_position(struct clew_view *view, uint32_t back, struct clew_trace_id *ret,
                       struct clew_error *err)
{
        struct clew_list_entry entry;
        int r = clew_view_list(view, NULL, err);

        for (uint32_t i = 0; r >= 0 && i < back; i++) {
                r = clew_view_next(view, &entry, err);
                if (r == 0) {
                        clew_error_set(err, -ENOENT, 0, "the store holds only %u traces", i);
                        return CLEW_LOOKUP_TOO_FAR;
                }
        }
        if (r < 0)
                return r;
        *ret = entry.id;
        return CLEW_LOOKUP_FOUND;
}

int clew_lookup_trace(struct clew_view *view, const struct clew_target *target,
                      struct clew_trace_id *ret, struct clew_lookup_found *candidates,
                      struct clew_error *err)
{
        int n;

        candidates->n = 0;
        if (target->back > 0) {
                int r = by_row(view, target->back, ret, err);

                return r == CLEW_LOOKUP_NONE ? by_position(view, target->back, ret, err) : r;
        }
        n = clew_view_find(view, &target->prefix, target->n_digits, candidates->ids,
                           CLEW_CANDIDATES_MAX + 1, err);
        if (n < 0)
                return n;
        if (n == 0)
                return CLEW_LOOKUP_NONE;
        candidates->n = n;
        *ret = candidates->ids[0];
        return n == 1 ? CLEW_LOOKUP_FOUND : CLEW_LOOKUP_AMBIGUOUS;
}

int clew_lookup_step(const struct clew_target *target, const struct clew_trace *trace,
                     uint32_t *ret, struct clew_error *err)
{
        uint32_t found = CLEW_STEP_NONE;

        *ret = CLEW_STEP_NONE;
        if (target->step > trace->n_steps) {
                clew_error_set(err, -EINVAL, 0, "the trace has steps 1 to %u", trace->n_steps);
                return CLEW_LOOKUP_NO_STEP;
        }
        if (target->step > 0) {
                *ret = target->step - 1;
                return 0;
        }
        for (uint32_t i = 0; target->n_span_digits > 0 && i < trace->n_steps; i++) {
                if (!clew_hex_prefix_matches(trace->steps[i].span.span_id.bytes, target->span.bytes,
                                             target->n_span_digits))
                        continue;
                if (found != CLEW_STEP_NONE) {
                        clew_error_set(err, -EINVAL, 0,
                                       "several spans begin so: steps %u and %u, at least",
                                       found + 1, i + 1);
                        return CLEW_LOOKUP_NO_STEP;
                }
                found = i;
        }
        if (target->n_span_digits > 0 && found == CLEW_STEP_NONE) {
                clew_error_set(err, -EINVAL, 0, "the trace has no span that begins so");
                return CLEW_LOOKUP_NO_STEP;
        }
        *ret = found;
        return 0;
}

/* The scores that came from elsewhere are looked up first, since the view holds one trace at a
 * time. Damage among the others does not hide this one. */
int clew_lookup_load(struct clew_view *view, const struct clew_trace_options *options, bool scored,
                     struct clew_arena *arena, struct clew_opened *ret, struct clew_error *err)
{
        struct clew_evaluated evaluated = {0};
        struct clew_run_data run;
        int r;

        ret->aimed = (struct clew_aimed_list){0};
        if (scored && clew_aimed_find(view, &ret->id, arena, &ret->aimed, err) < 0)
                *err = (struct clew_error){0};
        r = clew_run_build(view, &ret->id, options, arena, &run, &ret->trace, err);
        if (r == 0 && scored)
                r = clew_evaluated_find(view, ret->trace, arena, &evaluated, err);
        if (r == 0 && evaluated.scores) /* the view has loaded others since */
                r = clew_run_build(view, &ret->id, options, arena, &run, &ret->trace, err);
        if (r < 0 && r != -ENOMEM)
                return r;
        if (r == 0)
                r = clew_evaluated_add(ret->trace, &evaluated, arena);
        if (r == 0) {
                ret->data = run.data;
                ret->id = run.head;
                ret->joined = run.joined;
                ret->lost = clew_settle(ret->trace, run.data.last_arrival_ns, ret->now_ns);
                r = clew_aimed_add(ret->trace, &ret->aimed, arena);
        }
        if (r == -ENOMEM)
                clew_error_set(err, r, 0, "the trace needs more than %zu MiB of memory",
                               arena->max_bytes >> 20);
        return r;
}
