/*
 * clewd: reads its configuration, runs the collector until it is told to stop, and turns what
 * happened into an exit code.
 *
 * Signals are blocked in all threads and taken here one by one: TERM and INT stop the collector,
 * a second one ends the process at once; HUP reads keys and certificates again.
 */
#include "collector/base/watch.h"
#include "collector/front/grpc-listener.h"
#include "collector/process/collector.h"
#include "collector/process/config.h"
#include "collector/process/key-command.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "query/find/index/index.h"
#include "query/model/prices.h"
#include "query/rca/facts.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum exit_code { EXIT_STOPPED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CANNOT_START = 3 };

/*
 * The heap of a program with many short-lived large blocks: fixed thresholds, because glibc's
 * sliding ones would let freed requests pile up; one arena, because each keeps its own leftovers
 * (a second one is 35 MiB more at the peak, and no faster: large blocks are few).
 */
#define HEAP_ARENAS 1
#define HEAP_MMAP_THRESHOLD (16 * 1024 * 1024)
#define HEAP_TRIM_THRESHOLD (128 * 1024 * 1024)
#define HEAP_KEEP_BYTES (1024 * 1024)

/* What closing may take after shutdown-timeout: the last commit, connections, the store. */
#define PATIENCE_NS (800 * CLEW_NS_PER_MS)

static void tune_heap(void)
{
        mallopt(M_ARENA_MAX, HEAP_ARENAS);
        mallopt(M_MMAP_THRESHOLD, HEAP_MMAP_THRESHOLD);
        mallopt(M_TRIM_THRESHOLD, HEAP_TRIM_THRESHOLD);
}

static void block_signals(sigset_t *ret)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN};

        sigaction(SIGPIPE, &ignore, NULL);
        sigaction(SIGXFSZ, &ignore, NULL); /* a file size limit is a full disk */
        sigemptyset(ret);
        sigaddset(ret, SIGTERM);
        sigaddset(ret, SIGINT);
        sigaddset(ret, SIGHUP);
        pthread_sigmask(SIG_BLOCK, ret, NULL);
}

static int print_help(void)
{
        CLEW_FREE char *text = clew_config_help();

        if (!text)
                return EXIT_FAILED;
        fputs(text, stdout);
        return EXIT_STOPPED;
}

/* A second signal while stopping: the default action ends the process. */
static void unblock_signals(const sigset_t *signals)
{
        pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

static int run(const struct clew_config *config, const sigset_t *signals)
{
        const struct timespec second = {.tv_sec = 1};
        struct clew_error err = {.code = 0};
        struct clew_collector *collector;
        int r;

        r = clew_collector_start(config, &collector, &err);
        if (r < 0) {
                clew_log(CLEW_LOG_ERROR, "cannot_start", "reason=\"%s\"", err.message);
                return r == -ENOMEM ? EXIT_FAILED : r == -EPERM ? EXIT_USAGE : EXIT_CANNOT_START;
        }
        for (;;) {
                int signal = sigtimedwait(signals, NULL, &second);

                if (signal == SIGHUP) {
                        clew_collector_reload(collector);
                        continue;
                }
                if (signal > 0) {
                        clew_log(CLEW_LOG_INFO, "signal", "name=SIG%s", sigabbrev_np(signal));
                        break;
                }
                if (errno != EAGAIN)
                        continue;
                if (clew_collector_tick(collector))
                        malloc_trim(HEAP_KEEP_BYTES);
        }
        unblock_signals(signals);
        clew_watch_end_after(config->shutdown_ns + PATIENCE_NS, EXIT_FAILED);
        return clew_collector_stop(collector) == 0 ? EXIT_STOPPED : EXIT_FAILED;
}

static int install_prices(const struct clew_config *config, struct clew_error *err)
{
        return strcmp(config->prices, "default") != 0 ? clew_prices_install(config->prices, err)
                                                      : clew_prices_install_default(err);
}

int main(int argc, char **argv)
{
        static struct clew_config config; /* several pages of text: not for the stack */
        struct clew_error err = {.code = 0};
        sigset_t signals;
        int code;

        umask(077);
        if (clew_key_command_wanted(argc, argv))
                return clew_key_command(argc, argv);
        clew_config_init(&config);
        if (clew_config_read(&config, argc, argv, &err) < 0) {
                fprintf(stderr, "clewd: %s\n", err.message);
                return EXIT_USAGE;
        }
        if (config.show_help)
                return print_help();
        if (config.show_version) {
                puts("clewd " CLEW_VERSION);
                return EXIT_STOPPED;
        }
        tune_heap();
        block_signals(&signals);
        clew_log_set_level(clew_config_log_level(&config));
        clew_watch_raise_descriptors();
        clew_facts_install();
        clew_index_install();
        if (install_prices(&config, &err) < 0) {
                fprintf(stderr, "clewd: %s\n", err.message);
                return EXIT_USAGE;
        }
        clew_grpc_library_init();
        code = run(&config, &signals);
        clew_grpc_library_deinit();
        return code;
}
