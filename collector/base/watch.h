/*
 * Looking at the process from outside: its memory, its limit of descriptors.
 */
#ifndef CLEW_COLLECTOR_WATCH_H
#define CLEW_COLLECTOR_WATCH_H

#include "proto/base/compiler.h"
#include "storage/store.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Enough for the parts of the tables that are in steady use. */
#define CLEW_WATCH_FILE_MEMORY_MAX ((size_t)48 * 1024 * 1024)

/* Gives back the pages of the store's file that count as this process's memory, when they are more
 * than CLEW_WATCH_FILE_MEMORY_MAX; see clew_store_release_pages(). */
void clew_watch_release_file_memory(struct clew_store *store);

/* Dead and stopped readers of the store; see clew_store_check_readers(). */
void clew_watch_readers(struct clew_store *store);

/* Raises the limit of open files to what the system allows. Returns the limit now in force. */
unsigned long long clew_watch_raise_descriptors(void);

/* What the system says of this process; 0 where it says nothing. */
struct clew_watch_process {
        double cpu_s;
        double start_s; /* unix time */
        uint64_t resident_bytes;
        uint64_t virtual_bytes;
        uint64_t open_files;
        uint64_t max_files;
};

/* Bytes that a process has for itself, without pages of files; 0 when it cannot be told. */
uint64_t clew_watch_private_bytes(pid_t pid);
void clew_watch_process(struct clew_watch_process *ret);

/*
 * The end of patience: ends the process with @code when it still runs after @ns. What has been
 * acknowledged is on disk at any moment, so nothing is lost by it.
 */
void clew_watch_end_after(uint64_t ns, int code);

#endif
