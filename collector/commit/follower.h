/*
 * Following a bucket: one thread that brings the store of a reader (storage/follow.h) to what the
 * bucket has, about once a second. Nobody waits for it but a question whose object is gone.
 */
#ifndef CLEW_COLLECTOR_FOLLOWER_H
#define CLEW_COLLECTOR_FOLLOWER_H

#include "proto/base/compiler.h"
#include "storage/follow.h"

struct clew_follower;

struct clew_follower_options {
        struct clew_tier *tier; /* borrowed until free */
        uint64_t every_ns;      /* between looks, when all is well */
        const char *project;    /* for the log; borrowed */
};

CLEW_MUST_USE int clew_follower_new(const struct clew_follower_options *options,
                                    struct clew_follower **ret);
/* Ends the thread, and requests of its tier that are under way. NULL is fine. */
void clew_follower_free(struct clew_follower *f);

#endif
