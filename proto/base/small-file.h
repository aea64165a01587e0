/*
 * Files that people name in a config: read whole, in a time that has an end.
 *
 * Opening a pipe waits for its writer, and reading one for what he writes; a program that reads its
 * files again while it serves others waits for nobody. So what is named is opened without waiting,
 * and what is no file of bytes gives all of them within CLEW_SMALL_FILE_NS or is refused.
 */
#ifndef CLEW_PROTO_BASE_SMALL_FILE_H
#define CLEW_PROTO_BASE_SMALL_FILE_H

#include "proto/base/buffer.h"
#include "proto/base/clock.h"
#include "proto/base/compiler.h"

/* As long as a shell needs to begin what it puts before a pipe. */
#define CLEW_SMALL_FILE_NS (2 * CLEW_NS_PER_S)

/*
 * Appends what is in the file to @out. 0; -EMSGSIZE: more than @out may hold; -ETIMEDOUT: a pipe
 * whose writer does not end; -ENODATA: one without a writer; -ENOMEM, or what the system said.
 */
CLEW_MUST_USE int clew_small_file_read(const char *path, struct clew_buffer *out);

#endif
