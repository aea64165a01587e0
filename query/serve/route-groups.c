/*
 * Traces in groups: by session, by cause.
 */
#include "query/answer/trace-record.h"
#include "query/serve/clusters.h"
#include "query/serve/paging-int.h"
#include "query/serve/selected-page-int.h"
#include "query/serve/sessions.h"

#include <errno.h>
#include <string.h>

#define LIMIT_DEFAULT 50u
/* Groups and their texts. */
#define GROUPS_ARENA_MAX ((size_t)128 << 20)

/* The first session behind the place where another one's newest trace stood. That one may have gone
 * on meanwhile, and stand before it. */
static const struct clew_session *behind(const struct clew_sessions *groups,
                                         const struct clew_selected *at)
{
        for (const struct clew_session *x = groups->first; x; x = x->next) {
                if (clew_trace_id_eq(&x->last_trace, &at->id))
                        return x->next;
        }
        for (const struct clew_session *x = groups->first; x; x = x->next) {
                if (x->last_ns < at->start_ns)
                        return x;
        }
        return NULL;
}

static int put_sessions(struct clew_call *call, struct clew_select *s, struct clew_call_list *list)
{
        const struct clew_name_filter only = {call->inputs.filter.sessions.values,
                                              call->inputs.filter.sessions.n};
        const char *from = call->inputs.after;
        CLEW_ARENA arena = {0};
        struct clew_sessions groups;
        const struct clew_session *x;
        struct clew_selected at;
        char next[CLEW_CURSOR_TEXT] = "";
        int r;

        if (from && !clew_cursor_parse(from, &at))
                return clew_call_refuse_cursor(call);
        clew_arena_init(&arena, GROUPS_ARENA_MAX);
        r = clew_sessions_gather(&groups, s, only, from ? 0 : list->limit, &arena, &call->err);
        x = r < 0 ? NULL : from ? behind(&groups, &at) : groups.first;
        for (; x && r == 0 && !clew_call_list_is_full(list); x = x->next) {
                at = (struct clew_selected){.id = x->last_trace, .start_ns = x->last_ns};
                r = clew_record_put(&list->writer, x);
        }
        if (r == 0 && list->n > 0 && (x || groups.more))
                clew_cursor_print(&at, next);
        return r < 0 ? r : clew_call_end_selected(list, s, next);
}

static int put_clusters(struct clew_call *call, struct clew_select *s, struct clew_call_list *list)
{
        const char *from = call->inputs.after;
        CLEW_ARENA arena = {0};
        struct clew_clusters groups;
        uint64_t size = 0;
        uint64_t hash = 0;
        uint32_t i = 0;
        char next[CLEW_PAGE_SIZE_TEXT] = "";
        int r;

        if (from && !clew_page_parse_size(from, &size, &hash))
                return clew_call_refuse_cursor(call);
        clew_arena_init(&arena, GROUPS_ARENA_MAX);
        r = clew_clusters_gather(&groups, s, &arena, &call->err);
        while (r == 0 && from && i < groups.n &&
               (groups.items[i].count > size ||
                (groups.items[i].count == size && groups.items[i].hash <= hash)))
                i++;
        for (; r == 0 && i < groups.n && !clew_call_list_is_full(list); i++)
                r = clew_record_put(&list->writer, &groups.items[i]);
        if (r == 0 && i < groups.n && list->n > 0)
                clew_page_print_size(groups.items[i - 1].count, groups.items[i - 1].hash, next);
        return r < 0 ? r : clew_call_end_selected(list, s, next);
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
        call->filter.plain = true;
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

/* Whether it is of the cluster that the path names. */
static int is_member(struct clew_call *call, struct clew_select *s, struct clew_selected *t)
{
        return clew_cluster_has(s, t, call->path_values[0], &call->err);
}

static int put_member(struct clew_call_list *list, const struct clew_selected *t)
{
        return clew_record_put(&list->writer, t);
}

int clew_route_cluster(struct clew_call *call)
{
        const struct clew_selected_page page = {.type = "traces",
                                                .item = "trace",
                                                .fields = clew_trace_fields,
                                                .limit = LIMIT_DEFAULT,
                                                .is_meant = is_member,
                                                .put = put_member};

        if (failed_runs(call) != 0)
                return 0;
        return clew_call_selected_page(call, &page);
}
