/*
 * Background retention: one thread that looks every now and then what the rules say, and drops what
 * may go (query/serve/retention.h).
 *
 * As the sealer it runs at a low priority, lets the pipeline's writer do what needs the write lock,
 * and rests so long that its CPU time stays below a share of one processor.
 */
#ifndef CLEW_COLLECTOR_KEEPER_H
#define CLEW_COLLECTOR_KEEPER_H

#include "collector/commit/pipeline.h"
#include "proto/base/account.h"
#include "proto/base/compiler.h"
#include "query/serve/retention.h"
#include "storage/store.h"

#include <stdint.h>

struct clew_keeper;

struct clew_keeper_options {
        struct clew_store *store;       /* borrowed until free */
        struct clew_mem_pool *memory;   /* borrowed until free */
        struct clew_pipeline *pipeline; /* borrowed until free */
        const char *rules;              /* the file; borrowed until the call returns */
        uint64_t every_ns;
        unsigned cpu_percent; /* 1 to 100, of one processor */
};

/* 0; an error of clew_retention_load(), or of the system. */
CLEW_MUST_USE int clew_keeper_new(const struct clew_keeper_options *options,
                                  struct clew_keeper **ret, struct clew_error *err);
/* Reads rules from @path; they count from the next pass on, which begins at once. 0; an error as
 * above: then those of before still count. Any thread. */
CLEW_MUST_USE int clew_keeper_reload(struct clew_keeper *k, const char *path,
                                     struct clew_error *err);
/* Ends the thread after the transaction that it is in. NULL is fine. */
void clew_keeper_free(struct clew_keeper *k);

#endif
