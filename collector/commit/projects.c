/*
 * See projects.h.
 */
#include "collector/commit/projects.h"

#include <string.h>

const struct clew_project *clew_projects_find(const struct clew_projects *projects,
                                              const char *name)
{
        for (unsigned i = 0; i < projects->n; i++) {
                if (strcmp(projects->all[i].name, name) == 0)
                        return &projects->all[i];
        }
        return NULL;
}

bool clew_projects_gap(const void *projects, const char *project, char *ret, size_t size)
{
        const struct clew_projects *all = projects;
        const struct clew_project *p = project ? clew_projects_find(all, project) : &all->all[0];

        return p && p->follower && clew_follow_gap(p->tier, ret, size);
}

int clew_projects_order(const void *projects, const char *project, enum clew_order_kind kind,
                        struct clew_slice what, struct clew_order_told *ret, struct clew_error *err)
{
        const struct clew_projects *all = projects;
        const struct clew_project *p = project ? clew_projects_find(all, project) : &all->all[0];

        return clew_order_tell(p && p->uploader ? p->tier : NULL, kind, what, ret, err);
}
