#include "collector/watch.h"

#include "proto/base/log.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A limit in the millions only makes programs that close everything slow. */
#define DESCRIPTORS_WANTED ((rlim_t)1 << 20)

/* Bytes of file pages in this process; 0 when the system does not tell. */
static size_t file_memory(void)
{
        /* "size resident shared ...", in pages; shared = file pages and shared memory. */
        unsigned long size;
        unsigned long resident;
        unsigned long shared = 0;
        FILE *statm = fopen("/proc/self/statm", "re");

        if (!statm)
                return 0;
        if (fscanf(statm, "%lu %lu %lu", &size, &resident, &shared) != 3)
                shared = 0;
        fclose(statm);
        return (size_t)shared * (size_t)sysconf(_SC_PAGESIZE);
}

void clew_watch_release_file_memory(struct clew_store *store)
{
        static struct clew_log_limit limit = {.per_second = 1};
        struct clew_error err = {.code = 0};
        int r;

        if (file_memory() <= CLEW_WATCH_FILE_MEMORY_MAX)
                return;
        r = clew_store_release_pages(store, &err);
        if (r < 0)
                clew_log_limited(&limit, CLEW_LOG_DEBUG, "pages.kept", "reason=\"%s\"",
                                 strerror(-r));
}

unsigned long long clew_watch_raise_descriptors(void)
{
        struct rlimit limit;
        rlim_t want;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return 0;
        want = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
        if (limit.rlim_cur < want) {
                struct rlimit raised = {.rlim_cur = want, .rlim_max = limit.rlim_max};

                if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
                        limit = raised;
        }
        return (unsigned long long)limit.rlim_cur;
}
