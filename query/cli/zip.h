/*
 * Zip archives, read from memory: the list at the end, and one member at a time.
 *
 * Stored, deflated and zstd members (methods 0, 8, 93), sizes of 64 bits. Bytes are a stranger's:
 * every offset is checked against what is there, a member has a bound and its sum is compared, and
 * all members together may not grow to more than what deflate can do to the file.
 */
#ifndef CLEW_QUERY_CLI_ZIP_H
#define CLEW_QUERY_CLI_ZIP_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_zip {
        struct clew_slice file;
        struct clew_slice list; /* what is left of the central directory */
        uint64_t n_left;        /* members in it */
        uint64_t bytes_out;     /* of all members that were read */
};

struct clew_zip_member {
        struct clew_slice name;
        struct clew_slice data; /* compressed */
        uint64_t size;          /* of the content, as announced */
        uint32_t crc32;
        uint16_t method;
};

/* Whether @bytes begins as an archive does. */
bool clew_zip_is(struct clew_slice bytes);
/* 0, or -EBADMSG with a message. @file is borrowed. */
CLEW_MUST_USE int clew_zip_open(struct clew_zip *z, struct clew_slice file, struct clew_error *err);
/* 1 = @ret filled (slices of the file), 0 = end, -EBADMSG with a message. */
CLEW_MUST_USE int clew_zip_next(struct clew_zip *z, struct clew_zip_member *ret,
                                struct clew_error *err);
/* Appends the content of @m. 0; -EBADMSG, -EMSGSIZE (more than @out takes, or than all members may
 * have) with a message; -ENOMEM. */
CLEW_MUST_USE int clew_zip_read(struct clew_zip *z, const struct clew_zip_member *m,
                                struct clew_buffer *out, struct clew_error *err);

#endif
