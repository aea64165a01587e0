/*
 * Where an S3 bucket is: its address and the environment, made into a host and paths (README.md,
 * "Addresses").
 */
#ifndef CLEW_STORAGE_S3_PLACE_INT_H
#define CLEW_STORAGE_S3_PLACE_INT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "storage/bucket/bucket-int.h"

#include <limits.h>
#include <stdbool.h>

struct clew_s3_place {
        char bucket[64];
        char prefix[CLEW_BUCKET_URL_MAX]; /* "" or with a slash at its end */
        char scheme[8];
        char host[300]; /* with the bucket before it, in that style, and a port */
        char region[64];
        char ca[PATH_MAX]; /* "" = the system's */
        bool path_style;
        unsigned timeout_s;
        size_t part_bytes; /* 0 = nothing goes in parts */
};

/* -EINVAL: @err says what is wrong with it. */
CLEW_MUST_USE int clew_s3_place_read(const char *url, struct clew_s3_place *ret,
                                     struct clew_error *err);
/* Appends the path of @name ("" = the bucket), percent-encoded. */
void clew_s3_place_path(const struct clew_s3_place *p, const char *name, struct clew_buffer *out);

#endif
