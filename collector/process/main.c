/*
 * clewd: reads its configuration, runs the collector until it is told to stop, and turns what
 * happened into an exit code.
 *
 * Signals are blocked in all threads and taken here one by one: TERM and INT stop the collector,
 * a second one ends the process at once; HUP reads config, prices, rules of redaction, keys and
 * certificates again.
 */
#include "collector/base/notify.h"
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
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Signals are looked for so often: a sign of life, or a reload that was put off, is that exact. */
#define MOMENT_NS (250 * CLEW_NS_PER_MS)
/* A storm of SIGHUP is one reload in so long. */
#define RELOAD_NS (500 * CLEW_NS_PER_MS)

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

/* What a run works with. */
struct run {
        struct clew_config *config;
        int argc;
        char **argv;
        struct clew_collector *collector;
        uint64_t next_tick_ns;
        uint64_t next_alive_ns;
        uint64_t alive_ns; /* between two signs of life; 0 = nobody watches */
        bool reload;       /* asked for, and not done */
        uint64_t next_reload_ns;
};

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

static void tell_changed(void *context, const char *name, bool taken)
{
        (void)context;
        if (taken)
                clew_log(CLEW_LOG_INFO, "config.taken", "name=%s", name);
        else
                clew_log(CLEW_LOG_WARN, "config.needs_restart",
                         "name=%s action=\"the value of the start still counts\"", name);
}

/* A file that is wrong changes nothing. */
static void reload_config(struct run *run)
{
        CLEW_FREE struct clew_config *fresh = clew_calloc(1, sizeof(*fresh));
        struct clew_error err = {.code = 0};

        if (!fresh)
                return;
        clew_config_init(fresh);
        if (clew_config_read(fresh, run->argc, run->argv, &err) < 0) {
                clew_log(CLEW_LOG_ERROR, "config.refused",
                         "reason=\"%s\" action=\"the config read before still counts\"",
                         err.message);
                return;
        }
        clew_config_take_over(run->config, fresh, tell_changed, NULL);
        clew_log_set_level(clew_config_log_level(run->config));
}

static int install_prices(const struct clew_config *config, struct clew_error *err)
{
        return strcmp(config->prices, "default") != 0 ? clew_prices_install(config->prices, err)
                                                      : clew_prices_install_default(err);
}

static void reload_prices(const struct run *run)
{
        uint32_t before = clew_prices_mark();
        struct clew_error err = {.code = 0};

        if (install_prices(run->config, &err) < 0)
                clew_log(CLEW_LOG_ERROR, "prices.refused",
                         "reason=\"%s\" action=\"the prices read before still count\"",
                         err.message);
        else if (clew_prices_mark() != before)
                clew_log(CLEW_LOG_INFO, "prices.loaded",
                         "meaning=\"for runs that are sealed from now on; clew reindex does it for "
                         "others\"");
}

static void reload(struct run *run)
{
        char status[CLEW_COLLECTOR_STATUS_MAX];
        uint64_t errors = clew_log_lines(CLEW_LOG_ERROR);

        run->reload = false;
        run->next_reload_ns = now_ns() + RELOAD_NS;
        clew_notify_reloading();
        reload_config(run);
        reload_prices(run);
        clew_collector_reload(run->collector);
        clew_log(CLEW_LOG_INFO, "reloaded", "what=\"config, prices, rules, keys, certificates%s\"",
                 clew_log_lines(CLEW_LOG_ERROR) > errors ? ", but for what was refused" : "");
        clew_collector_describe(run->collector, status);
        clew_notify_ready(status);
}

/* What is due by the clock, however many signals come. */
static void work(struct run *run)
{
        char status[CLEW_COLLECTOR_STATUS_MAX];
        uint64_t now = now_ns();

        if (run->reload && now >= run->next_reload_ns)
                reload(run);
        if (now >= run->next_tick_ns) {
                run->next_tick_ns = now + CLEW_NS_PER_S;
                if (clew_collector_tick(run->collector))
                        malloc_trim(HEAP_KEEP_BYTES);
        }
        if (run->alive_ns && now >= run->next_alive_ns) {
                run->next_alive_ns = now + run->alive_ns;
                clew_collector_describe(run->collector, status);
                clew_notify_alive(status);
        }
}

static void wait_for_end(struct run *run, const sigset_t *signals)
{
        const struct timespec moment = {.tv_nsec = (long)MOMENT_NS};

        run->next_tick_ns = now_ns() + CLEW_NS_PER_S;
        for (;;) {
                int signal = sigtimedwait(signals, NULL, &moment);

                if (signal == SIGHUP) {
                        run->reload = true;
                } else if (signal > 0) {
                        clew_log(CLEW_LOG_INFO, "signal", "name=SIG%s", sigabbrev_np(signal));
                        return;
                }
                if (run->config->parent && (uint64_t)getppid() != run->config->parent) {
                        clew_log(CLEW_LOG_INFO, "parent_ended", "pid=%" PRIu64,
                                 run->config->parent);
                        return;
                }
                work(run);
        }
}

static int run(struct run *run, const sigset_t *signals)
{
        struct clew_notify_socket sockets[CLEW_NOTIFY_SOCKETS_MAX];
        unsigned n_sockets = clew_notify_sockets(sockets);
        struct clew_error err = {.code = 0};
        char status[CLEW_COLLECTOR_STATUS_MAX];
        int r = clew_collector_start(run->config, sockets, n_sockets, &run->collector, &err);

        if (r < 0) {
                clew_log(CLEW_LOG_ERROR, "cannot_start", "reason=\"%s\"", err.message);
                return r == -ENOMEM ? EXIT_FAILED : r == -EPERM ? EXIT_USAGE : EXIT_CANNOT_START;
        }
        run->alive_ns = clew_notify_watchdog_ns();
        clew_collector_describe(run->collector, status);
        clew_notify_ready(status);
        wait_for_end(run, signals);
        clew_notify_stopping();
        unblock_signals(signals);
        clew_watch_end_after(run->config->shutdown_ns + PATIENCE_NS, EXIT_FAILED);
        return clew_collector_stop(run->collector) == 0 ? EXIT_STOPPED : EXIT_FAILED;
}

static int check(const struct clew_config *config)
{
        struct clew_error err = {.code = 0};
        int r = install_prices(config, &err);

        if (r == 0)
                r = clew_collector_check(config, &err);
        if (r < 0) {
                fprintf(stderr, "clewd: %s\n", err.message);
                return EXIT_USAGE;
        }
        puts("the config is right");
        return EXIT_STOPPED;
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
        if (config.check)
                return check(&config);
        tune_heap();
        block_signals(&signals);
        clew_log_find_journal();
        clew_log_set_level(clew_config_log_level(&config));
        clew_watch_raise_descriptors();
        clew_facts_install();
        clew_index_install();
        if (install_prices(&config, &err) < 0) {
                fprintf(stderr, "clewd: %s\n", err.message);
                return EXIT_USAGE;
        }
        /* The processes that answer clew --url price what is not sealed as this one does. */
        if (strcmp(config.prices, "default") != 0 && setenv("CLEW_PRICES", config.prices, 1) < 0)
                return EXIT_FAILED;
        clew_grpc_library_init();
        code = run(&(struct run){.config = &config, .argc = argc, .argv = argv}, &signals);
        clew_grpc_library_deinit();
        return code;
}
