/*
 * See entry-int.h.
 */
#include "collector/front/entry-int.h"

/* Who has sent too many wrong keys waits so long. */
#define LIMITED_MS 60000u

bool clew_entry_admits(struct clew_access *access, const struct clew_projects *projects,
                       const struct clew_credentials *c, struct clew_pipeline **ret_pipeline,
                       struct clew_answer *answer)
{
        const struct clew_project *project = NULL;
        enum clew_access_verdict v;
        enum clew_answer_kind kind = CLEW_ANSWER_NO_KEY;
        struct clew_grant grant;
        char text[CLEW_ACCESS_TEXT_MAX];

        v = clew_access_check(access, c, CLEW_SCOPE_INGEST, &grant);
        if (v == CLEW_ACCESS_OK && grant.ambient) /* a page is no agent */
                v = CLEW_ACCESS_NO_KEY;
        if (v == CLEW_ACCESS_OK) {
                project = clew_projects_find(projects, grant.project);
                v = project ? CLEW_ACCESS_OK : CLEW_ACCESS_NO_PROJECT;
        }
        if (v == CLEW_ACCESS_OK) {
                *ret_pipeline = project->pipeline;
                return true;
        }
        if (v == CLEW_ACCESS_NO_SCOPE || v == CLEW_ACCESS_NO_PROJECT)
                kind = CLEW_ANSWER_FORBIDDEN;
        else if (v == CLEW_ACCESS_LIMITED)
                kind = CLEW_ANSWER_OVERLOADED;
        clew_access_explain(v, CLEW_SCOPE_INGEST, text);
        clew_answer_set(answer, kind, "%s", text);
        answer->retry_ms = LIMITED_MS;
        return false;
}
