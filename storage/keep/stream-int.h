/*
 * The file `state` of a backup: records in blocks with checksums, written and read from one end to
 * the other. Bytes: FORMAT.md, "Backup".
 */
#ifndef CLEW_STORAGE_STREAM_INT_H
#define CLEW_STORAGE_STREAM_INT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_STREAM_BLOCK_BYTES ((size_t)1 << 20)
#define CLEW_STREAM_KEY_MAX 255u

/* What a record is. Tables have letters, because their numbers may change. */
enum {
        CLEW_STREAM_META = 'm',
        CLEW_STREAM_HOT = 'h',
        CLEW_STREAM_TRACE = 't',
        CLEW_STREAM_TIME = 'd',
        CLEW_STREAM_SEGMENT = 's',
        CLEW_STREAM_NOTE = 'n',
        CLEW_STREAM_SHELF = 'l',
        CLEW_STREAM_INDEX = 'x',
        CLEW_STREAM_OBJECT = 'O', /* an object of the backup (object-file-int.h) */
        CLEW_STREAM_FILE = 'F',   /* a piece of a file that lay beside the store */
        CLEW_STREAM_END = 'E',    /* the last one */
};

struct clew_stream_writer {
        int fd; /* borrowed */
        uint64_t salt;
        uint64_t n_blocks;
        uint64_t n_records;
        uint64_t bytes;
        uint8_t *block; /* owned */
        size_t used;
        int error; /* negative errno, sticky */
};

/* @salt: another one for each file. 0 or -ENOMEM or what writing says. */
CLEW_MUST_USE int clew_stream_begin(struct clew_stream_writer *w, int fd, uint64_t salt);
void clew_stream_put(struct clew_stream_writer *w, uint8_t tag, struct clew_slice key,
                     struct clew_slice value);
/* Writes the last block. 0 or the first error. */
CLEW_MUST_USE int clew_stream_end(struct clew_stream_writer *w);
void clew_stream_writer_deinit(struct clew_stream_writer *w);

struct clew_stream_record {
        uint8_t tag;
        struct clew_slice key; /* both live until the next one is read */
        struct clew_slice value;
};

struct clew_stream_reader {
        int fd; /* borrowed */
        uint64_t salt;
        uint64_t n_blocks;
        uint64_t n_records;
        uint64_t bytes;
        uint8_t *block; /* owned */
        size_t at;
        size_t len;
        bool ended;
        uint8_t key[CLEW_STREAM_KEY_MAX];
        struct clew_buffer value; /* of records that lie in several blocks */
};

/* 0, -EBADMSG (no such file, or of a later version), -ENOMEM, other. */
CLEW_MUST_USE int clew_stream_open(struct clew_stream_reader *r, int fd);
/* 1 = @ret filled; 0 = the end, which was told by a record of the kind; -EBADMSG, other. */
CLEW_MUST_USE int clew_stream_next(struct clew_stream_reader *r, struct clew_stream_record *ret);
void clew_stream_reader_deinit(struct clew_stream_reader *r); /* zeroed is fine */

/* Writes all of @n bytes; 0 or a negative errno. */
CLEW_MUST_USE int clew_write_all(int fd, const void *data, size_t n);

#endif
