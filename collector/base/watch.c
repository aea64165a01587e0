#include "collector/base/watch.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"

#include <dirent.h>
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

/* Fields of /proc/self/stat behind the name, which may hold any character: number 3 is the first.
 */
#define STAT_FIRST 3u
#define STAT_START 22u
#define STAT_VIRTUAL 23u
#define STAT_RESIDENT 24u
#define FILES_MAX ((uint64_t)1 << 20)

static void read_stat(struct clew_watch_process *ret)
{
        char text[1024];
        FILE *f = fopen("/proc/self/stat", "re");
        size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
        char *at;
        char *save = NULL;
        unsigned field = STAT_FIRST;

        if (f)
                (void)fclose(f);
        text[n] = '\0';
        at = strrchr(text, ')');
        for (char *word = at ? strtok_r(at + 1, " ", &save) : NULL; word;
             word = strtok_r(NULL, " ", &save), field++) {
                uint64_t v;

                if (!clew_parse_uint64(clew_slice_of_cstr(word), &v))
                        continue;
                if (field == STAT_START)
                        ret->start_s = (double)v / (double)sysconf(_SC_CLK_TCK);
                else if (field == STAT_VIRTUAL)
                        ret->virtual_bytes = v;
                else if (field == STAT_RESIDENT)
                        ret->resident_bytes = v * (uint64_t)sysconf(_SC_PAGESIZE);
        }
}

/* "size resident shared ...", in pages. */
uint64_t clew_watch_private_bytes(pid_t pid)
{
        char path[64];
        char text[256];
        uint64_t pages[3] = {0};
        char *save = NULL;
        FILE *f;
        size_t n;
        unsigned at = 0;

        (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
        f = fopen(path, "re");
        n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
        if (f)
                (void)fclose(f);
        text[n] = '\0';
        for (char *word = strtok_r(text, " ", &save); word && at < CLEW_ARRAY_LEN(pages);
             word = strtok_r(NULL, " ", &save)) {
                if (!clew_parse_uint64(clew_slice_of_cstr(word), &pages[at++]))
                        return 0;
        }
        return pages[1] > pages[2] ? (pages[1] - pages[2]) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static uint64_t count_files(void)
{
        DIR *dir = opendir("/proc/self/fd");
        uint64_t n = 0;

        while (dir && readdir(dir) && n < FILES_MAX)
                n++;
        if (dir)
                closedir(dir);
        return n > 3 ? n - 3 : 0; /* without ".", ".." and the directory itself */
}

void clew_watch_process(struct clew_watch_process *ret)
{
        const struct clew_clock *clock = clew_clock_system();
        struct clew_watch_process p = {0};
        struct timespec up;
        struct timespec cpu;
        struct rlimit limit;

        read_stat(&p);
        if (clock_gettime(CLOCK_BOOTTIME, &up) == 0) /* the start is told since the boot */
                p.start_s += (double)clew_clock_unix_ns(clock) / (double)CLEW_NS_PER_S -
                             ((double)up.tv_sec + (double)up.tv_nsec / (double)CLEW_NS_PER_S);
        if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
                p.cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / (double)CLEW_NS_PER_S;
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
                p.max_files = (uint64_t)limit.rlim_cur;
        p.open_files = count_files();
        *ret = p;
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
