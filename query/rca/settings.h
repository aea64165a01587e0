/*
 * What two runs were set to: models, parameters of their calls, tools that were offered, versions
 * and other attributes of the program that ran. A run of another model is another run, whatever its
 * steps say, so a comparison tells this first.
 */
#ifndef CLEW_QUERY_RCA_SETTINGS_H
#define CLEW_QUERY_RCA_SETTINGS_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "query/model/trace.h"

/* Different values of one setting that a run may have (several models ...); more are cut. */
#define CLEW_SETTING_VALUES_MAX 8u
/* Settings of one run. */
#define CLEW_SETTINGS_MAX 512u

struct clew_setting {
        const char *group;      /* "model", "parameter", "tool", "resource" */
        struct clew_slice name; /* "model", "provider", a parameter, a tool, an attribute */
        struct clew_slice a;    /* its values joined by ", "; null: run A has none */
        struct clew_slice b;
};

/*
 * Those settings that differ, in the order of the groups. Attributes that differ between any two
 * runs (process, host, pod, instance) are not settings. Lives in @arena. 0 or -ENOMEM.
 */
CLEW_MUST_USE int clew_settings_compare(const struct clew_trace *a, const struct clew_trace *b,
                                        struct clew_arena *arena, const struct clew_setting **ret,
                                        uint32_t *ret_n);

#endif
