#include "query/find/run.h"

#include "proto/otlp/walk.h"
#include "query/model/log-run.h"

#include <errno.h>
#include <string.h>

struct head {
        uint64_t start_ns;
        bool found;
};

/* Adds a trace that is stored. 0, also when it is not; or a negative errno. */
static int add(struct clew_view *view, const struct clew_trace_id *id, struct clew_run *run,
               struct head *head, struct clew_error *err)
{
        struct clew_list_entry entry;
        bool own = clew_trace_id_eq(id, &run->id);
        int r = clew_view_entry(view, id, &entry, err);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (run->n == CLEW_RUN_TRACES_MAX) {
                run->more = true;
                return 0;
        }
        run->traces[run->n++] = *id;
        run->hot = run->hot || entry.hot;
        if (entry.last_arrival_ns > run->last_arrival_ns)
                run->last_arrival_ns = entry.last_arrival_ns;
        if (own || !head->found ||
            (head->start_ns > 0 && entry.start_ns < head->start_ns)) { /* 0: the run's own */
                run->head = *id;
                head->start_ns = own ? 0 : entry.start_ns;
                head->found = true;
        }
        return 0;
}

int clew_run_find(struct clew_view *view, const struct clew_trace_id *id, struct clew_run *ret,
                  struct clew_error *err)
{
        struct clew_trace_id named[CLEW_RUN_TRACES_MAX];
        struct head head = {0};
        int n = clew_view_run(view, id, named, CLEW_RUN_TRACES_MAX, err);
        int r = 0;

        *ret = (struct clew_run){.id = *id, .head = *id};
        if (n < 0)
                return n;
        ret->more = n == CLEW_RUN_TRACES_MAX;
        r = add(view, id, ret, &head, err);
        for (int i = 0; i < n && r == 0; i++) {
                if (!clew_trace_id_eq(&named[i], id))
                        r = add(view, &named[i], ret, &head, err);
        }
        return r;
}

struct gathered {
        struct clew_slice traces[CLEW_RUN_TRACES_MAX];
        struct clew_slice logs[CLEW_RUN_TRACES_MAX];
        size_t bytes;
        uint32_t n;
};

static int gather(struct clew_view *view, const struct clew_run *run,
                  const struct clew_trace_id *first, struct clew_arena *arena, struct gathered *g,
                  bool *ret_more)
{
        for (uint32_t i = 0; i < run->n; i++) {
                struct clew_error ignored = {0};
                struct clew_trace_data data;
                struct clew_trace_id of;
                int r = clew_view_load(view, &run->traces[i], &data, &ignored);

                if (r < 0 || g->bytes + data.traces.len + data.logs.len > CLEW_RUN_BYTES_MAX) {
                        *ret_more = *ret_more || r != -ENOENT;
                        if (r < 0 && clew_trace_id_eq(first, &run->traces[i]))
                                return r;
                        continue;
                }
                /* One that named several runs is of the first. */
                if (!clew_log_run_of(data.traces, data.logs, &of) ||
                    !clew_trace_id_eq(&of, &run->id))
                        continue;
                g->bytes += data.traces.len + data.logs.len;
                g->traces[g->n] = clew_arena_copy(arena, data.traces);
                g->logs[g->n++] = clew_arena_copy(arena, data.logs);
        }
        return 0;
}

int clew_run_load(struct clew_view *view, const struct clew_trace_id *id, struct clew_arena *arena,
                  struct clew_run_data *ret, struct clew_error *err)
{
        struct clew_trace_id named;
        struct clew_run *run;
        struct gathered *g;
        int r = clew_view_load(view, id, &ret->data, err);

        ret->joined = false;
        ret->more = false;
        ret->head = *id;
        if (r < 0 || !clew_log_run_of(ret->data.traces, ret->data.logs, &named))
                return r;
        run = clew_arena_alloc(arena, sizeof(*run));
        g = clew_arena_calloc(arena, 1, sizeof(*g));
        if (!run || !g)
                return -ENOMEM;
        r = clew_run_find(view, &named, run, err);
        if (r < 0 || run->n < 2)
                return r;
        ret->more = run->more;
        ret->head = run->head;
        r = gather(view, run, id, arena, g, &ret->more);
        if (r == 0 && g->n > 1) {
                ret->joined = true;
                ret->data = (struct clew_trace_data){
                        .traces = clew_arena_concat(arena, g->traces, g->n),
                        .logs = clew_arena_concat(arena, g->logs, g->n),
                        .last_arrival_ns = run->last_arrival_ns,
                };
                return clew_arena_failed(arena) ? -ENOMEM : 0;
        }
        ret->head = *id; /* the others only seemed to be of it */
        return r < 0 ? r : clew_view_load(view, id, &ret->data, err);
}

int clew_run_build(struct clew_view *view, const struct clew_trace_id *id,
                   const struct clew_trace_options *options, struct clew_arena *arena,
                   struct clew_run_data *ret_data, struct clew_trace **ret, struct clew_error *err)
{
        struct clew_trace_options o = options ? *options : CLEW_TRACE_FULL;
        int r = clew_run_load(view, id, arena, ret_data, err);

        if (r < 0)
                return r;
        o.joined = ret_data->joined;
        r = clew_trace_build(ret_data->data.traces, ret_data->data.logs, &o, arena, ret);
        if (r == 0 && o.joined)
                (*ret)->id = ret_data->head;
        return r;
}
