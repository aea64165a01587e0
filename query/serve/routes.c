/*
 * The table of routes. From it come dispatch, refusals, the description of the API and the fuzz
 * target.
 */
#include "query/answer/review-record.h"
#include "query/answer/step-record.h"
#include "query/answer/trace-record.h"
#include "query/serve/attrs.h"
#include "query/serve/call-int.h"
#include "query/serve/clusters.h"
#include "query/serve/contrast.h"
#include "query/serve/sessions.h"
#include "query/serve/stats.h"

#include <string.h>

#define LIST_INPUTS (CLEW_INPUT_LIMIT | CLEW_INPUT_FIELDS | CLEW_INPUT_FORMAT)

#define PAGED_INPUTS (LIST_INPUTS | CLEW_INPUT_AFTER)
#define READ CLEW_SCOPE_READ
#define SAY CLEW_SCOPE_ANNOTATE
#define ADMIN CLEW_SCOPE_ADMIN
#define NOTHING CLEW_BODY_NONE

/* Rows of one path stand together: the description has one member for them. */
const struct clew_route clew_routes[] = {
        {"GET", "/traces", READ, NOTHING, "the selected traces, newest first", "trace",
         clew_trace_fields, true, CLEW_INPUT_FILTER | PAGED_INPUTS, clew_route_traces},
        {"GET", "/traces/count", READ, NOTHING, "what the selection adds up to", "count", NULL,
         false, CLEW_INPUT_FILTER, clew_route_count},
        {"GET", "/traces/{id}", READ, NOTHING, "the whole tree in columns, without payloads",
         "skeleton", NULL, false, 0, clew_route_skeleton},
        {"GET", "/traces/{id}/steps", READ, NOTHING, "steps in a row, each with its brief", "step",
         clew_step_fields, true, LIST_INPUTS | CLEW_INPUT_FROM, clew_route_steps},
        {"GET", "/traces/{id}/steps/{n}", READ, NOTHING, "one step with everything that it carries",
         "step", clew_step_fields, false, CLEW_INPUT_MAX_TEXT, clew_route_step},
        {"GET", "/traces/{id}/chat", READ, NOTHING, "the conversation, each message once",
         "message", NULL, true,
         CLEW_INPUT_LIMIT | CLEW_INPUT_FORMAT | CLEW_INPUT_AFTER | CLEW_INPUT_MAX_TEXT,
         clew_route_chat},
        {"GET", "/traces/{id}/why", READ, NOTHING,
         "the most likely cause of a failure, with evidence", "why", NULL, false,
         CLEW_INPUT_REFERENCES, clew_route_why},
        {"GET", "/traces/{id}/steps/{n}/text", READ, NOTHING,
         "one text of a step's record, or a piece of it", "text", NULL, false,
         CLEW_INPUT_TEXT_AT | CLEW_INPUT_FROM, clew_route_text},
        {"GET", "/traces/{id}/raw", READ, NOTHING, "the trace as OTLP: TracesData, or LogsData",
         NULL, NULL, false, CLEW_INPUT_RAW, clew_route_raw},
        {"GET", "/traces/{id}/share", READ, NOTHING,
         "the run as a page of one file that needs no server, secrets masked", NULL, NULL, false,
         CLEW_INPUT_MAX_TEXT | CLEW_INPUT_REDACT, clew_route_share},
        {"GET", "/traces/{id}/reviews", READ, NOTHING,
         "what counts now of all that was said of it, and where people differ", "reviews", NULL,
         false, 0, clew_route_reviews},
        {"GET", "/traces/{id}/lineage", READ, NOTHING, "where values came from and went", "lineage",
         NULL, true, CLEW_INPUT_VALUE | CLEW_INPUT_FORMAT, clew_route_lineage},
        {"GET", "/traces/{id}/related", READ, NOTHING, "other traces that it belongs with",
         "related", NULL, true, CLEW_INPUT_WITHIN | CLEW_INPUT_FORMAT, clew_route_related},
        {"GET", "/diff", READ, NOTHING, "two runs, aligned step by step", "diff", NULL, false,
         CLEW_INPUT_DIFF, clew_route_diff},
        {"GET", "/sessions", READ, NOTHING, "the selected traces grouped by session", "session",
         clew_session_fields, true, CLEW_INPUT_FILTER | PAGED_INPUTS, clew_route_sessions},
        {"GET", "/clusters", READ, NOTHING, "failed runs grouped by cause", "cluster",
         clew_cluster_fields, true, CLEW_INPUT_FILTER | PAGED_INPUTS, clew_route_clusters},
        {"GET", "/clusters/{name}", READ, NOTHING, "the runs of one cluster", "trace",
         clew_trace_fields, true, CLEW_INPUT_FILTER | PAGED_INPUTS, clew_route_cluster},
        {"GET", "/stats", READ, NOTHING, "runs, or the calls in them, counted in groups", "stats",
         clew_stats_fields, true, CLEW_INPUT_FILTER | CLEW_INPUT_STATS | PAGED_INPUTS,
         clew_route_stats},
        {"GET", "/users", READ, NOTHING, "whom the selected runs were for, each with its figures",
         "stats", clew_stats_fields, true, CLEW_INPUT_FILTER | PAGED_INPUTS, clew_route_users},
        {"GET", "/compare", READ, NOTHING,
         "what runs of one selection have that those of another have not", "difference",
         clew_contrast_fields, true, CLEW_INPUT_FILTER | CLEW_INPUT_SIDES | LIST_INPUTS,
         clew_route_contrast},
        {"GET", "/attrs", READ, NOTHING, "the attributes that the selected traces carry",
         "attribute", clew_attribute_fields, true, CLEW_INPUT_FILTER | PAGED_INPUTS,
         clew_route_attrs},
        {"GET", "/attrs/values", READ, NOTHING, "the values of one attribute", "value",
         clew_value_fields, true, CLEW_INPUT_FILTER | CLEW_INPUT_KEY | PAGED_INPUTS,
         clew_route_values},
        {"GET", "/scores", READ, NOTHING,
         "scores of the selected traces, recorded by evaluators and said by people", "score", NULL,
         true,
         CLEW_INPUT_FILTER | CLEW_INPUT_SCORE | CLEW_INPUT_LIMIT | CLEW_INPUT_AFTER |
                 CLEW_INPUT_FORMAT,
         clew_route_scores},
        {"GET", "/annotations", READ, NOTHING,
         "what was said of one trace, a session, or those "
         "selected",
         "annotation", NULL, true,
         CLEW_INPUT_FILTER | CLEW_INPUT_SAID_OF | CLEW_INPUT_LIMIT | CLEW_INPUT_AFTER |
                 CLEW_INPUT_FORMAT,
         clew_route_annotations},
        {"POST", "/annotations", SAY, CLEW_BODY_ANNOTATIONS,
         "adds one annotation, or an array of them: all or none", "annotated", NULL, false, 0,
         clew_route_annotate},
        {"POST", "/annotations/{n}/undo", SAY, CLEW_BODY_MEMBERS,
         "takes an annotation of one's own back", "annotated", NULL, false, 0, clew_route_undo},
        {"GET", "/queue", READ, NOTHING, "selected traces that I have said nothing about", "trace",
         clew_trace_fields, true,
         CLEW_INPUT_FILTER | PAGED_INPUTS | CLEW_INPUT_AUTHOR | CLEW_INPUT_COUNT, clew_route_queue},
        {"GET", "/rubrics", READ, NOTHING, "criteria, each version", "rubric", clew_rubric_fields,
         true, CLEW_INPUT_NEWEST | PAGED_INPUTS, clew_route_rubrics},
        {"POST", "/rubrics", SAY, CLEW_BODY_MEMBERS, "adds a criterion, or its next version",
         "rubric", clew_rubric_fields, false, CLEW_INPUT_NEW_RUBRIC, clew_route_rubric_add},
        {"GET", "/rubrics/{name}", READ, NOTHING, "the versions of one criterion", "rubric",
         clew_rubric_fields, true, PAGED_INPUTS, clew_route_rubric},
        {"GET", "/rubrics/{name}/diff", READ, NOTHING, "two versions, line by line", "rubric-diff",
         NULL, false, CLEW_INPUT_VERSIONS, clew_route_rubric_diff},
        {"GET", "/datasets", READ, NOTHING, "datasets", "dataset", clew_dataset_fields, true,
         PAGED_INPUTS, clew_route_datasets},
        {"POST", "/datasets", SAY, CLEW_BODY_MEMBERS, "makes a dataset", "dataset",
         clew_dataset_fields, false, CLEW_INPUT_NEW_DATASET, clew_route_dataset_create},
        {"GET", "/datasets/{name}", READ, NOTHING, "one dataset, or a version of it (NAME@V)",
         "dataset", clew_dataset_fields, false, 0, clew_route_dataset},
        {"GET", "/datasets/{name}/items", READ, NOTHING, "its items, in short", "item",
         clew_item_fields, true, PAGED_INPUTS, clew_route_items},
        {"POST", "/datasets/{name}/items", SAY, CLEW_BODY_MEMBERS,
         "adds the items that come of the selected traces", "added", NULL, false,
         CLEW_INPUT_FILTER | CLEW_INPUT_LIMIT | CLEW_INPUT_ITEM_FORM | CLEW_INPUT_ADD,
         clew_route_dataset_add},
        {"GET", "/datasets/{name}/items/{item}", READ, NOTHING, "one item, whole", "item", NULL,
         false, CLEW_INPUT_MAX_TEXT, clew_route_item},
        {"POST", "/datasets/{name}/remove", SAY, CLEW_BODY_MEMBERS,
         "takes items out; frozen versions keep them", "removed", NULL, false, CLEW_INPUT_ITEMS,
         clew_route_dataset_remove},
        {"POST", "/datasets/{name}/freeze", SAY, CLEW_BODY_MEMBERS,
         "makes a version of what it is now", "dataset", clew_dataset_fields, false, 0,
         clew_route_dataset_freeze},
        {"GET", "/datasets/{name}/diff", READ, NOTHING, "items that only one of two has",
         "dataset-diff", NULL, false, CLEW_INPUT_WITH, clew_route_dataset_diff},
        {"GET", "/experiments", READ, NOTHING, "experiments", "experiment", clew_experiment_fields,
         true, PAGED_INPUTS, clew_route_experiments},
        {"GET", "/experiments/{name}", READ, NOTHING, "one experiment", "experiment",
         clew_experiment_fields, false, 0, clew_route_experiment},
        {"GET", "/experiments/{name}/results", READ, NOTHING, "its results", "result",
         clew_result_fields, true, PAGED_INPUTS, clew_route_results},
        {"GET", "/experiments/{name}/compare", READ, NOTHING,
         "what got better and what broke in another one", "comparison", NULL, false,
         CLEW_INPUT_WITH | CLEW_INPUT_SEED, clew_route_experiment_compare},
        {"GET", "/export", READ, NOTHING,
         "traces as OTLP, or items as evaluation tools read them; X-Clew-Next is the rest", NULL,
         NULL, false,
         CLEW_INPUT_FILTER | CLEW_INPUT_EXPORT | CLEW_INPUT_ITEM_FORM | CLEW_INPUT_LIMIT |
                 CLEW_INPUT_AFTER,
         clew_route_export},
        {"POST", "/delete", ADMIN, CLEW_BODY_MEMBERS,
         "deletes traces, by ids or a selection, for good", "deleted", NULL, false,
         CLEW_INPUT_FILTER | CLEW_INPUT_DELETE, clew_route_delete},
        {"POST", "/redact", ADMIN, CLEW_BODY_MEMBERS,
         "takes a text, or what rules find, out of everything stored", "redacted", NULL, false,
         CLEW_INPUT_TAKE_OUT, clew_route_redact},
        {"GET", "/me", CLEW_SCOPES_ALL, NOTHING, "who asks, and what that allows", "me", NULL,
         false, 0, clew_route_me},
        {"GET", "/status", READ, NOTHING,
         "what the store holds and costs, and what the collector has taken", "status", NULL, false,
         0, clew_route_status},
        {"GET", "/live", READ, NOTHING, "what the selected traces do, as server-sent events", NULL,
         NULL, false, CLEW_INPUT_FILTER, clew_route_live},
        {"POST", "/command", READ, CLEW_BODY_COMMAND,
         "a command line of clew, run beside the store: what --url asks for", NULL, NULL, false, 0,
         clew_route_command},
        {"GET", "/openapi.json", READ, NOTHING, "this description", NULL, NULL, false, 0,
         clew_route_openapi},
        {0},
};

const struct clew_route *clew_route_find(const char *path)
{
        const struct clew_route *route = clew_routes;

        while (route->path && (strcmp(route->path, path) != 0 || strcmp(route->method, "GET") != 0))
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
