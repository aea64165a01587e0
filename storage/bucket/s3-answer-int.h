/*
 * What an S3 store says: its XML of lists and of errors, read as text of a stranger.
 */
#ifndef CLEW_STORAGE_S3_ANSWER_INT_H
#define CLEW_STORAGE_S3_ANSWER_INT_H

#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_S3_TEXT_MAX 128u

struct clew_s3_error {
        char code[CLEW_S3_TEXT_MAX]; /* "" = it gave none */
        char message[CLEW_S3_TEXT_MAX];
        char region[CLEW_S3_TEXT_MAX];
        char server_time[CLEW_S3_TEXT_MAX];
};

void clew_s3_error_read(struct clew_slice xml, struct clew_s3_error *ret);

struct clew_s3_item {
        struct clew_slice key; /* borrowed, as it stands in the XML */
        uint64_t bytes;
};

struct clew_s3_list {
        struct clew_slice left;
        bool truncated; /* there are more behind the last one */
};

/* False when it is no list of a bucket. */
CLEW_MUST_USE bool clew_s3_list_open(struct clew_slice xml, struct clew_s3_list *ret);
/* 1 = @ret is the next object, 0 = end, -EBADMSG. */
CLEW_MUST_USE int clew_s3_list_next(struct clew_s3_list *list, struct clew_s3_item *ret);
/* Writes text of XML as plain text, cut to fit. False when it did not fit, or is not well formed.
 */
CLEW_MUST_USE bool clew_s3_unescape(struct clew_slice text, char *ret, size_t size);

#endif
