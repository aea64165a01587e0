/*
 * See entry-int.h.
 */
#include "collector/front/entry-int.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* Who has sent too many wrong keys waits so long. */
#define LIMITED_MS 60000u
/* "" where the library hides who called. */
static const char *name_peer(const struct sockaddr *peer, char ret[INET6_ADDRSTRLEN])
{
        const void *at = NULL;

        if (peer && peer->sa_family == AF_INET)
                at = &((const struct sockaddr_in *)(const void *)peer)->sin_addr;
        else if (peer && peer->sa_family == AF_INET6)
                at = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
        ret[0] = '\0';
        return at && inet_ntop(peer->sa_family, at, ret, INET6_ADDRSTRLEN) ? ret : "";
}

static void note_refusal(const struct clew_entry *e, const struct clew_credentials *c,
                         const struct clew_grant *grant, const struct clew_answer *answer)
{
        char from[INET6_ADDRSTRLEN];

        clew_refusals_note(e->refusals,
                           &(struct clew_audit_entry){
                                   .who = clew_slice_of_cstr(grant->name),
                                   .key = clew_slice_of_cstr(grant->key),
                                   .from = clew_slice_of_cstr(name_peer(c->peer, from)),
                                   .what = clew_slice_of_cstr(e->what),
                                   .status = (unsigned)clew_answer_http_code(answer->kind),
                           });
}

bool clew_entry_admits(const struct clew_entry *e, const struct clew_credentials *c,
                       const struct clew_project **ret_project, struct clew_answer *answer)
{
        const struct clew_project *project = NULL;
        enum clew_access_verdict v;
        enum clew_answer_kind kind = CLEW_ANSWER_NO_KEY;
        struct clew_grant grant = {0};
        char text[CLEW_ACCESS_TEXT_MAX];

        v = clew_access_check(e->access, c, CLEW_SCOPE_INGEST, &grant);
        if (v == CLEW_ACCESS_OK && grant.ambient) /* a page is no agent */
                v = CLEW_ACCESS_NO_KEY;
        if (v == CLEW_ACCESS_OK) {
                project = clew_projects_find(e->projects, grant.project);
                v = project ? CLEW_ACCESS_OK : CLEW_ACCESS_NO_PROJECT;
        }
        if (v == CLEW_ACCESS_OK) {
                *ret_project = project;
                return true;
        }
        if (v == CLEW_ACCESS_NO_SCOPE || v == CLEW_ACCESS_NO_PROJECT)
                kind = CLEW_ANSWER_FORBIDDEN;
        else if (v == CLEW_ACCESS_LIMITED)
                kind = CLEW_ANSWER_OVERLOADED;
        clew_access_explain(v, CLEW_SCOPE_INGEST, text);
        clew_answer_set(answer, kind, "%s", text);
        answer->retry_ms = LIMITED_MS;
        note_refusal(e, c, &grant, answer);
        return false;
}
