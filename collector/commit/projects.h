/*
 * Projects: each is a store of its own, with a writer and a sealer of its own. Which one a request
 * goes to is decided by its key alone.
 */
#ifndef CLEW_COLLECTOR_PROJECTS_H
#define CLEW_COLLECTOR_PROJECTS_H

#include "collector/commit/figures.h"
#include "collector/commit/follower.h"
#include "collector/commit/keeper.h"
#include "collector/commit/orders.h"
#include "collector/commit/pipeline.h"
#include "collector/commit/sealer.h"
#include "collector/commit/uploader.h"
#include "collector/gate/keys.h"
#include "proto/base/account.h"
#include "proto/mask/mask.h"
#include "storage/store.h"

/* Each costs two threads, a map, and some MB while it works. */
#define CLEW_PROJECTS_MAX 32u

struct clew_project {
        char name[CLEW_KEY_PROJECT_BYTES];
        char *dir; /* where the store lies */
        struct clew_store *store;
        struct clew_pipeline *pipeline; /* NULL: nothing is collected */
        struct clew_sealer *sealer;
        struct clew_keeper *keeper;     /* NULL: no rules, everything is kept */
        struct clew_figures *figures;   /* NULL: nothing is sealed here */
        struct clew_tier *tier;         /* NULL: all of it is in the store */
        struct clew_uploader *uploader; /* NULL: nothing is uploaded */
        struct clew_orders *orders;     /* NULL: of other writers none are taken */
        struct clew_follower *follower; /* NULL: the store is no reader's */
        /* With it what redaction takes out becomes the same mark everywhere in this store. */
        uint8_t redact_key[CLEW_MASK_KEY_BYTES];
};

/* The first is the default one. Constant while listeners run. */
struct clew_projects {
        struct clew_project all[CLEW_PROJECTS_MAX];
        unsigned n;
        struct clew_mem_pool memory; /* of questions, streams, sealing: of all that reads stores */
};

/* What answers of a reader about @project (NULL: the first) lack now, in words; false: nothing. For
 * struct clew_service. */
bool clew_projects_gap(const void *projects, const char *project, char *ret, size_t size);
/* What is redacted in the store of @project is redacted by all that write to its bucket, as
 * clew_order_tell(). For struct clew_service. */
CLEW_MUST_USE int clew_projects_order(const void *projects, const char *project,
                                      enum clew_order_kind kind, struct clew_slice what,
                                      struct clew_order_told *ret, struct clew_error *err);
/* NULL when there is none of that name. */
const struct clew_project *clew_projects_find(const struct clew_projects *projects,
                                              const char *name);

#endif
