/*
 * The table of routes. From it come dispatch, refusals, the description of the API and the fuzz
 * target.
 */
#include "query/answer/step-record.h"
#include "query/answer/trace-record.h"
#include "query/serve/call-int.h"
#include "query/serve/clusters.h"
#include "query/serve/sessions.h"

#include <string.h>

#define LIST_INPUTS (CLEW_INPUT_LIMIT | CLEW_INPUT_FIELDS | CLEW_INPUT_FORMAT)

const struct clew_route clew_routes[] = {
        {"/traces", "the selected traces, newest first", "trace", clew_trace_fields, true,
         CLEW_INPUT_FILTER | LIST_INPUTS | CLEW_INPUT_AFTER, clew_route_traces},
        {"/traces/count", "what the selection adds up to", "count", NULL, false, CLEW_INPUT_FILTER,
         clew_route_count},
        {"/traces/{id}", "the whole tree in columns, without payloads", "skeleton", NULL, false, 0,
         clew_route_skeleton},
        {"/traces/{id}/steps", "steps in a row, each with its brief", "step", clew_step_fields,
         true, LIST_INPUTS | CLEW_INPUT_FROM, clew_route_steps},
        {"/traces/{id}/steps/{n}", "one step with everything that it carries", "step",
         clew_step_fields, false, CLEW_INPUT_MAX_TEXT, clew_route_step},
        {"/traces/{id}/chat", "the conversation, each message once", "message", NULL, true,
         CLEW_INPUT_LIMIT | CLEW_INPUT_FORMAT | CLEW_INPUT_AFTER | CLEW_INPUT_MAX_TEXT,
         clew_route_chat},
        {"/traces/{id}/why", "the most likely cause of a failure, with evidence", "why", NULL,
         false, CLEW_INPUT_REFERENCES, clew_route_why},
        {"/traces/{id}/steps/{n}/text", "one text of a step's record, or a piece of it", "text",
         NULL, false, CLEW_INPUT_TEXT_AT | CLEW_INPUT_FROM, clew_route_text},
        {"/traces/{id}/raw", "the trace as OTLP: TracesData, or LogsData", NULL, NULL, false,
         CLEW_INPUT_RAW, clew_route_raw},
        {"/diff", "two runs, aligned step by step", "diff", NULL, false, CLEW_INPUT_DIFF,
         clew_route_diff},
        {"/sessions", "the selected traces grouped by session", "session", clew_session_fields,
         true, CLEW_INPUT_FILTER | LIST_INPUTS, clew_route_sessions},
        {"/clusters", "failed runs grouped by cause", "cluster", clew_cluster_fields, true,
         CLEW_INPUT_FILTER | LIST_INPUTS, clew_route_clusters},
        {"/clusters/{name}", "the runs of one cluster", "trace", clew_trace_fields, true,
         CLEW_INPUT_FILTER | LIST_INPUTS, clew_route_cluster},
        {"/status", "what the store holds and costs, and what the collector has taken", "status",
         NULL, false, 0, clew_route_status},
        {"/live", "what the selected traces do, as server-sent events", NULL, NULL, false,
         CLEW_INPUT_FILTER, clew_route_live},
        {"/openapi.json", "this description", NULL, NULL, false, 0, clew_route_openapi},
        {0},
};

const struct clew_route *clew_route_find(const char *path)
{
        const struct clew_route *route = clew_routes;

        while (route->path && strcmp(route->path, path) != 0)
                route++;
        CLEW_ASSERT(route->path);
        return route;
}

/* Who carries the service takes this path before it comes here (live.h). */
int clew_route_live(struct clew_call *call)
{
        return clew_call_refuse(call, CLEW_PROBLEM_NOT_ACCEPTABLE,
                                "this path is a stream of events, which this carrier has not");
}
