/*
 * Large objects in an S3 store: uploaded in parts, each of which is sent again by itself.
 */
#ifndef CLEW_STORAGE_S3_PARTS_INT_H
#define CLEW_STORAGE_S3_PARTS_INT_H

#include "storage/bucket/bucket-int.h"

/* See struct clew_bucket_ops. */
CLEW_MUST_USE int clew_s3_put_parts(struct clew_object_bucket *b, const char *name,
                                    struct clew_slice bytes, struct clew_error *err);
void clew_s3_forget_parts(struct clew_object_bucket *b, const char *folder);

#endif
