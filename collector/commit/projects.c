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
