/*
 * Looking at the collector from outside: does a listener still answer, are there descriptors left?
 */
#ifndef CLEW_COLLECTOR_WATCH_H
#define CLEW_COLLECTOR_WATCH_H

#include "collector/address.h"
#include "proto/base/compiler.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stddef.h>

/* Enough for the parts of the tables that are in steady use. */
#define CLEW_WATCH_FILE_MEMORY_MAX ((size_t)48 * 1024 * 1024)

/* True when descriptors are free, so that a restarted listener could accept. */
CLEW_MUST_USE bool clew_watch_has_descriptors(void);

/* Connects, begins HTTP/2 and waits shortly for the server's first frame (RFC 9113, section 3.4).
 * False only when the connection is made and nothing comes, or it cannot be made. */
CLEW_MUST_USE bool clew_watch_answers_http2(const struct clew_address *address);

/* Gives back the pages of the store's file that count as this process's memory, when they are more
 * than CLEW_WATCH_FILE_MEMORY_MAX; see clew_store_release_pages(). */
void clew_watch_release_file_memory(struct clew_store *store);

/* Raises the limit of open files to what the system allows. Returns the limit now in force. */
unsigned long long clew_watch_raise_descriptors(void);

#endif
