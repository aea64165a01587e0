/*
 * Background uploading: one thread that brings what is sealed into a bucket (storage/tier.h).
 *
 * As the sealer it runs at a low priority and lets the pipeline's writer do what needs the write
 * lock. Nothing of ingest waits for it: a bucket that does not answer delays uploads alone.
 */
#ifndef CLEW_COLLECTOR_UPLOADER_H
#define CLEW_COLLECTOR_UPLOADER_H

#include "collector/commit/pipeline.h"
#include "proto/base/account.h"
#include "proto/base/compiler.h"
#include "storage/tier.h"

struct clew_uploader;

struct clew_uploader_options {
        struct clew_tier *tier;         /* borrowed until free */
        struct clew_pipeline *pipeline; /* borrowed until free */
        struct clew_mem_pool *memory;   /* borrowed until free */
        const char *project;            /* for the log; borrowed */
};

CLEW_MUST_USE int clew_uploader_new(const struct clew_uploader_options *options,
                                    struct clew_uploader **ret);
/* Ends the thread, and requests of its tier that are under way. NULL is fine. */
void clew_uploader_free(struct clew_uploader *u);

#endif
