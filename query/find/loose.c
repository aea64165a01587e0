#include "query/find/loose.h"

#include "proto/base/arena.h"
#include "proto/otlp/log-event.h"
#include "proto/otlp/walk.h"
#include "query/model/summary.h"

#include <errno.h>

#define SUMMARY_ARENA_MAX ((size_t)1 << 20)

static uint64_t count(struct clew_slice logs)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(logs);
        struct clew_otlp_scope scope;
        struct clew_log_record record;
        struct clew_trace_id run;
        struct clew_slice raw;
        uint64_t n = 0;

        /* An older version put records here that name a run (refile.h). */
        while (clew_otlp_read(&r, &raw, &scope))
                n += !clew_log_record_parse(raw, &record) ||
                     !clew_log_run(&record, scope.scope, scope.resource, &run);
        return n;
}

int clew_loose_count(struct clew_view *view, uint64_t *ret, bool *ret_about, struct clew_error *err)
{
        const struct clew_trace_id nobody = {{0}};
        struct clew_list_entry entry;
        struct clew_trace_data data;
        struct clew_summary summary;
        CLEW_ARENA arena = {0};
        bool any = false;
        int r = clew_view_has_logs(view, &any, err);

        *ret = 0;
        *ret_about = false;
        if (r < 0 || !any)
                return r;
        r = clew_view_entry(view, &nobody, &entry, err);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        clew_arena_init(&arena, SUMMARY_ARENA_MAX);
        if (!entry.hot && clew_summary_decode(entry.summary, &arena, &summary) == 0 &&
            summary.n_logs > 0 && !summary.has_run) {
                *ret = summary.n_logs;
                return 0;
        }
        if (entry.hot_logs > CLEW_LOOSE_EXACT_MAX) {
                *ret = entry.hot_logs;
                *ret_about = true;
                return 0;
        }
        r = clew_view_load(view, &nobody, &data, err);
        if (r == 0)
                *ret = count(data.logs);
        return r == -ENOENT ? 0 : r;
}
