/*
 * What an S3 store says: its XML of lists, errors and uploads in parts, read as text of a stranger.
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
/* ---- uploads in parts ------------------------------------------------------------------------ */

/* Stores give some dozen to some hundred bytes. */
#define CLEW_S3_UPLOAD_ID_MAX 1024u

/* The id in the answer to a new upload. False: there is none that can be sent back. */
CLEW_MUST_USE bool clew_s3_upload_id_read(struct clew_slice xml, char ret[CLEW_S3_UPLOAD_ID_MAX]);
/* Whether an upload was completed, as its answer says it. */
CLEW_MUST_USE bool clew_s3_is_completed(struct clew_slice xml);
/* Whether a part's tag can be sent back within XML. */
CLEW_MUST_USE bool clew_s3_tag_is_good(const char *tag);

struct clew_s3_upload {
        struct clew_slice key; /* borrowed, as it stands in the XML */
        char id[CLEW_S3_UPLOAD_ID_MAX];
};

struct clew_s3_uploads {
        struct clew_slice left;
        bool truncated; /* there are more */
};

/* False when it is no list of uploads. */
CLEW_MUST_USE bool clew_s3_uploads_open(struct clew_slice xml, struct clew_s3_uploads *ret);
/* 1 = @ret is the next upload, 0 = end, -EBADMSG. */
CLEW_MUST_USE int clew_s3_uploads_next(struct clew_s3_uploads *list, struct clew_s3_upload *ret);

/* Writes text of XML as plain text, cut to fit. False when it did not fit, or is not well formed.
 */
CLEW_MUST_USE bool clew_s3_unescape(struct clew_slice text, char *ret, size_t size);

#endif
