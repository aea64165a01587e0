#include "query/model/strip.h"

#include "proto/otlp/walk.h"
#include "query/model/strip-int.h"
#include "query/model/summary.h"

#include <errno.h>

#define SUMMARY_BYTES_MAX ((size_t)1 << 20)
#define COMPARE_ARENA_MAX ((size_t)2 << 30)

/* ---- whether it still tells the same ----------------------------------------------------------
 */

/* What lists, statistics and patterns ask of a step. */
static bool is_same_step(const struct clew_step *a, const struct clew_step *b)
{
        const uint32_t flags = ~(uint32_t)(CLEW_STEP_TRUNCATED | CLEW_STEP_REDACTED);

        return a->kind == b->kind && a->parent == b->parent && a->agent == b->agent &&
               (a->flags & flags) == (b->flags & flags) && a->error.is_error == b->error.is_error &&
               a->tokens.total == b->tokens.total && a->has_cost == b->has_cost &&
               !(a->cost_usd < b->cost_usd) && !(a->cost_usd > b->cost_usd) &&
               clew_slice_eq(a->name, b->name) && clew_slice_eq(a->model, b->model) &&
               clew_slice_eq(a->tool_name, b->tool_name) &&
               clew_slice_eq(a->agent_name, b->agent_name) &&
               clew_slice_eq(a->error.type, b->error.type);
}

static bool is_same(const struct clew_trace *a, const struct clew_trace *b)
{
        if (a->n_steps != b->n_steps || a->outcome != b->outcome)
                return false;
        for (uint32_t i = 0; i < a->n_steps; i++) {
                if (!is_same_step(&a->steps[i], &b->steps[i]))
                        return false;
        }
        return true;
}

/* 1 = it does, 0, or -ENOMEM. */
static int tells_same(struct clew_slice traces, struct clew_slice logs, struct clew_slice changed,
                      size_t traces_len)
{
        const struct clew_trace_options plain = {.texts = false};
        struct clew_slice now = clew_slice_make(changed.data, traces_len);
        struct clew_trace *a;
        struct clew_trace *b;
        CLEW_ARENA arena = {0};
        int r;

        clew_arena_init(&arena, COMPARE_ARENA_MAX);
        r = clew_trace_build(traces, logs, &plain, &arena, &a);
        if (r == 0)
                r = clew_trace_build(now, clew_slice_from(changed, traces_len), &plain, &arena, &b);
        if (r == -ENOMEM)
                return r;
        return r < 0 || is_same(a, b);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* @out is of @bare and @logs, without their texts. */
static int change(struct clew_strip_work *w, struct clew_slice bare, struct clew_slice logs,
                  struct clew_buffer *out)
{
        int r;

        w->n_texts = 0;
        w->n_bytes = 0;
        clew_buffer_clear(out);
        clew_buffer_append_slice(out, bare);
        clew_buffer_append_slice(out, logs);
        if (clew_buffer_error(out) < 0)
                return clew_buffer_error(out);
        r = clew_strip_data(w, false, clew_slice_make(out->data, bare.len));
        return r < 0 ? r
                     : clew_strip_data(w, true, clew_slice_from(clew_buffer_slice(out), bare.len));
}

int clew_strip(const struct clew_strip_options *options, struct clew_slice traces,
               struct clew_slice logs, struct clew_buffer *out, size_t *ret_traces_len)
{
        struct clew_strip_work w = {.key = options->key};
        size_t begin = out->len;
        struct clew_left_out_note note = {.time_ns = options->time_ns,
                                          .rule = options->rule,
                                          .why = options->why,
                                          .run = options->run,
                                          .items = clew_otlp_count(traces) + clew_otlp_count(logs)};
        struct clew_left_out_note old = {0};
        struct clew_slice bare = clew_left_out_behind(traces);
        CLEW_BUFFER summary = {0};
        CLEW_BUFFER changed = {0};
        size_t at = 0;
        int r;

        w.is_second = clew_left_out_next(traces, &at, &old);
        if (w.is_second && old.items == note.items)
                return -EALREADY;
        clew_buffer_init(&summary, SUMMARY_BYTES_MAX);
        clew_buffer_init(&changed, bare.len + logs.len + 1);
        r = clew_summary_of_one(traces, logs, &summary);
        if (r == 0)
                r = change(&w, bare, logs, &changed);
        if (r == 0)
                r = tells_same(bare, logs, clew_buffer_slice(&changed), bare.len);
        if (r == 0) { /* an error that is none can be one by its words alone */
                w.keeps_errors = true;
                r = change(&w, bare, logs, &changed);
        }
        if (r < 0)
                return r;
        note.texts = old.texts + w.n_texts;
        note.bytes = old.bytes + w.n_bytes;
        note.summary = clew_buffer_slice(&summary);
        r = clew_left_out_write(&note, out);
        if (r < 0)
                return r;
        *ret_traces_len = out->len - begin + bare.len;
        clew_buffer_append_slice(out, clew_buffer_slice(&changed));
        return clew_buffer_error(out);
}
