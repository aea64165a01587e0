/*
 * Traces in groups: by session, by cause.
 */
#include "query/answer/trace-record.h"
#include "query/serve/call-int.h"
#include "query/serve/clusters.h"
#include "query/serve/sessions.h"

#include <errno.h>
#include <string.h>

#define LIMIT_DEFAULT 50u
/* Groups and their texts. */
#define GROUPS_ARENA_MAX ((size_t)128 << 20)

/* Ends the list; what groups leave out is not a page of its own. */
static int end_list(struct clew_call_list *list, struct clew_select *s)
{
        struct clew_error partial;

        if (clew_call_complaints(list->call, s) != 0)
                return 0;
        return clew_call_list_end(list, NULL, s->seen,
                                  clew_select_is_partial(s, &partial) ? partial.message : NULL);
}

static int put_sessions(struct clew_call *call, struct clew_select *s, struct clew_call_list *list)
{
        const struct clew_name_filter only = {call->inputs.filter.sessions.values,
                                              call->inputs.filter.sessions.n};
        CLEW_ARENA arena = {0};
        struct clew_sessions groups;
        int r;

        clew_arena_init(&arena, GROUPS_ARENA_MAX);
        r = clew_sessions_gather(&groups, s, only, list->limit, &arena, &call->err);
        for (const struct clew_session *x = r < 0 ? NULL : groups.first; x && r == 0; x = x->next) {
                if (clew_call_list_is_full(list))
                        break;
                r = clew_record_put(&list->writer, x);
        }
        return r < 0 ? r : end_list(list, s);
}

static int put_clusters(struct clew_call *call, struct clew_select *s, struct clew_call_list *list)
{
        CLEW_ARENA arena = {0};
        struct clew_clusters groups;
        int r;

        clew_arena_init(&arena, GROUPS_ARENA_MAX);
        r = clew_clusters_gather(&groups, s, &arena, &call->err);
        for (uint32_t i = 0; r == 0 && i < groups.n && !clew_call_list_is_full(list); i++)
                r = clew_record_put(&list->writer, &groups.items[i]);
        return r < 0 ? r : end_list(list, s);
}

/* The runs of the cluster that the path names. */
static int put_members(struct clew_call *call, struct clew_select *s, struct clew_call_list *list)
{
        struct clew_selected t;
        int r = 0;

        while (!clew_call_list_is_full(list) && (r = clew_select_next(s, &t, &call->err)) == 1) {
                r = clew_cluster_has(s, &t, call->path_values[0], &call->err);
                if (r == 0)
                        continue;
                if (r == 1)
                        r = clew_record_put(&list->writer, &t);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : end_list(list, s);
}

static int answer(struct clew_call *call, const char *type, const char *item,
                  const struct clew_record_field *fields,
                  int (*put)(struct clew_call *, struct clew_select *, struct clew_call_list *))
{
        struct clew_select s = {0};
        struct clew_call_list list;
        int r = 0;

        if (clew_call_list_begin(call, type, item, fields, LIMIT_DEFAULT, &list) == 0) {
                r = clew_select_init(&s, call->view, &call->filter, call->service->clock, NULL,
                                     &call->err);
                if (r >= 0)
                        r = put(call, &s, &list);
                clew_select_deinit(&s);
        }
        clew_call_list_deinit(&list);
        return r;
}

int clew_route_sessions(struct clew_call *call)
{
        if (clew_call_filter(call, CLEW_SINCE_DEFAULT) != 0)
                return 0;
        return answer(call, "sessions", "session", clew_session_fields, put_sessions);
}

static int failed_runs(struct clew_call *call)
{
        if (clew_call_filter(call, NULL) != 0)
                return 1;
        if (!clew_filter_flags_choose_outcomes(&call->inputs.filter))
                call->filter.outcomes = CLEW_OUTCOMES_FAILED;
        call->filter.light = CLEW_CLUSTERS_LIGHT;
        return 0;
}

int clew_route_clusters(struct clew_call *call)
{
        if (failed_runs(call) != 0)
                return 0;
        return answer(call, "clusters", "cluster", clew_cluster_fields, put_clusters);
}

int clew_route_cluster(struct clew_call *call)
{
        if (failed_runs(call) != 0)
                return 0;
        return answer(call, "traces", "trace", clew_trace_fields, put_members);
}
