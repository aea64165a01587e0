#include "collector/base/watch.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* A limit in the millions only makes programs that close everything slow. */
#define DESCRIPTORS_WANTED ((rlim_t)1 << 20)

void clew_watch_release_file_memory(struct clew_store *store)
{
        static struct clew_log_limit limit = {.per_second = 1};
        struct clew_error err = {.code = 0};
        int r;

        if (clew_mem_file_bytes() <= CLEW_WATCH_FILE_MEMORY_MAX)
                return;
        r = clew_store_release_pages(store, &err);
        if (r < 0)
                clew_log_limited(&limit, CLEW_LOG_DEBUG, "pages.kept", "reason=\"%s\"",
                                 strerror(-r));
}

void clew_watch_readers(struct clew_store *store)
{
        static struct clew_log_limit limit = {.per_second = 1};
        int n = clew_store_check_readers(store);

        if (n > 0)
                clew_log_limited(&limit, CLEW_LOG_INFO, "readers.cleared",
                                 "n=%d reason=\"dead, or stopped while the store went on\"", n);
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

struct patience {
        uint64_t ns;
        int code;
};

static void *lose_patience(void *argument)
{
        const struct patience *p = argument;
        struct timespec left = {.tv_sec = (time_t)(p->ns / CLEW_NS_PER_S),
                                .tv_nsec = (long)(p->ns % CLEW_NS_PER_S)};

        while (nanosleep(&left, &left) < 0)
                continue;
        clew_log(CLEW_LOG_ERROR, "stopping.late", "action=\"end at once\"");
        _exit(p->code);
}

void clew_watch_end_after(uint64_t ns, int code)
{
        static struct patience patience; /* once per process */
        pthread_t thread;

        patience = (struct patience){.ns = ns, .code = code};
        if (pthread_create(&thread, NULL, lose_patience, &patience) == 0)
                pthread_detach(thread);
}
