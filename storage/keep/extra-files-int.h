/*
 * Files that lie beside the data file and belong to the store: keys, the audit log, what later
 * programs put there. They are small, and copied whole.
 */
#ifndef CLEW_STORAGE_EXTRA_FILES_INT_H
#define CLEW_STORAGE_EXTRA_FILES_INT_H

#include "proto/base/buffer.h"
#include "storage/keep.h"
#include "storage/keep/stream-int.h"

#include <stdint.h>

/*
 * Puts each regular file of this user in @dir (open as @dir_fd) as records of the stream. A file of
 * lines that is being written to (*.jsonl) is cut behind its last whole line.
 */
CLEW_MUST_USE int clew_extra_files_put(const char *dir, int dir_fd, struct clew_stream_writer *w,
                                       uint32_t *ret_n, const struct clew_keep_options *options,
                                       struct clew_error *err);

/* Writes them again, one after the other. */
struct clew_extra_writer {
        const char *dir; /* borrowed */
        int dir_fd;
        int fd; /* -1 = none open */
        char name[256];
        uint32_t n;
        struct clew_buffer names; /* of all that were written, each with a NUL behind it */
};

void clew_extra_writer_init(struct clew_extra_writer *w, const char *dir, int dir_fd);
CLEW_MUST_USE int clew_extra_write(struct clew_extra_writer *w,
                                   const struct clew_stream_record *record, struct clew_error *err);
/* Removes them all. */
void clew_extra_writer_undo(struct clew_extra_writer *w);
/* Syncs what is open. */
CLEW_MUST_USE int clew_extra_writer_end(struct clew_extra_writer *w, struct clew_error *err);
void clew_extra_writer_deinit(struct clew_extra_writer *w);

#endif
