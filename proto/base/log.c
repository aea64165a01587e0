#include "proto/base/log.h"

#include "proto/base/clock.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 1024u

static atomic_int log_level = CLEW_LOG_INFO;

void clew_log_set_level(enum clew_log_level level)
{
        atomic_store(&log_level, (int)level);
}

/* Of syslog(3), as the journal takes them (sd-daemon(3)). */
static const char *const journal_levels[CLEW_LOG_LEVELS] = {"<7>", "<6>", "<4>", "<3>"};
static const char *const names[CLEW_LOG_LEVELS] = {"debug", "info", "warn", "error"};

static bool is_journal; /* set before any thread starts */
static atomic_uint_fast64_t lines[CLEW_LOG_LEVELS];

const char *clew_log_level_name(enum clew_log_level level)
{
        return names[level];
}

void clew_log_find_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM"); /* device:inode */
        char own[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return;
        (void)snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
                       (unsigned long long)st.st_ino);
        is_journal = strcmp(stream, own) == 0;
}

/* ---- what was logged --------------------------------------------------------------------------
 */

static pthread_mutex_t recent_lock = PTHREAD_MUTEX_INITIALIZER;
static struct clew_log_recent recent[CLEW_LOG_RECENT_MAX]; /* under the lock */

uint64_t clew_log_lines(enum clew_log_level level)
{
        return atomic_load(&lines[level]);
}

/* Warnings and errors are few: those that a peer can cause have a limit. */
static void keep(enum clew_log_level level, const char *event, const char *text, uint64_t now)
{
        struct clew_log_recent *r = &recent[0];

        pthread_mutex_lock(&recent_lock);
        for (unsigned i = 0; i < CLEW_LOG_RECENT_MAX; i++) {
                if (recent[i].time_ns && strcmp(recent[i].event, event) == 0) {
                        r = &recent[i];
                        break;
                }
                if (recent[i].time_ns < r->time_ns)
                        r = &recent[i]; /* the oldest gives way */
        }
        if (strcmp(r->event, event) != 0)
                *r = (struct clew_log_recent){.n = 0};
        r->time_ns = now;
        r->level = level;
        r->n++;
        (void)snprintf(r->event, sizeof(r->event), "%s", event);
        (void)snprintf(r->text, sizeof(r->text), "%s", text);
        pthread_mutex_unlock(&recent_lock);
}

unsigned clew_log_recent(struct clew_log_recent ret[CLEW_LOG_RECENT_MAX])
{
        unsigned n = 0;

        pthread_mutex_lock(&recent_lock);
        for (unsigned i = 0; i < CLEW_LOG_RECENT_MAX; i++) {
                unsigned at = n;

                if (recent[i].time_ns == 0)
                        continue;
                for (; at > 0 && ret[at - 1].time_ns < recent[i].time_ns; at--)
                        ret[at] = ret[at - 1];
                ret[at] = recent[i];
                n++;
        }
        pthread_mutex_unlock(&recent_lock);
        return n;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

/* What stands before the event. */
static size_t put_head(char *line, size_t size, enum clew_log_level level, uint64_t now)
{
        time_t seconds = (time_t)(now / CLEW_NS_PER_S);
        struct tm tm;
        size_t n;
        int r;

        if (is_journal) {
                r = snprintf(line, size, "%s", journal_levels[level]);
                return r > 0 ? (size_t)r : 0;
        }
        gmtime_r(&seconds, &tm);
        n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
        r = snprintf(line + n, size - n, ".%03uZ %s ", (unsigned)(now / CLEW_NS_PER_MS % 1000),
                     names[level]);
        return n + (r > 0 ? (size_t)r : 0);
}

static void write_line(enum clew_log_level level, const char *event, unsigned dropped,
                       const char *fmt, va_list ap)
{
        char line[LOG_LINE_MAX];
        uint64_t now = clew_clock_unix_ns(clew_clock_system());
        size_t n = put_head(line, sizeof(line), level, now);
        size_t text;
        int r;

        r = snprintf(line + n, sizeof(line) - n, "%s ", event);
        n += r > 0 ? (size_t)r : 0;
        text = n;
        r = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
        n += r > 0 ? (size_t)r : 0;
        if (n > sizeof(line) - 1)
                n = sizeof(line) - 1;
        if (dropped && n < sizeof(line) - 32) {
                r = snprintf(line + n, sizeof(line) - n, " dropped_lines=%u", dropped);
                n += r > 0 ? (size_t)r : 0;
        }
        for (size_t i = 0; i < n; i++) {
                if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
                        line[i] = '?';
        }
        line[n] = '\0';
        atomic_fetch_add(&lines[level], 1);
        if (level >= CLEW_LOG_WARN)
                keep(level, event, line + text, now);
        line[n++] = '\n';
        while (write(STDERR_FILENO, line, n) < 0) {
                /* One try is enough: a log that blocks or fails must not stop the collector. */
                break;
        }
}

void clew_log(enum clew_log_level level, const char *event, const char *fmt, ...)
{
        va_list ap;

        if ((int)level < atomic_load(&log_level))
                return;
        va_start(ap, fmt);
        write_line(level, event, 0, fmt, ap);
        va_end(ap);
}

void clew_log_limited(struct clew_log_limit *limit, enum clew_log_level level, const char *event,
                      const char *fmt, ...)
{
        uint64_t second = clew_clock_monotonic_ns(clew_clock_system()) / CLEW_NS_PER_S;
        unsigned dropped;
        va_list ap;

        if ((int)level < atomic_load(&log_level))
                return;
        if (atomic_exchange(&limit->window, second) != second)
                atomic_store(&limit->used, 0);
        if (atomic_fetch_add(&limit->used, 1) >= limit->per_second) {
                atomic_fetch_add(&limit->dropped, 1);
                return;
        }
        dropped = atomic_exchange(&limit->dropped, 0);
        va_start(ap, fmt);
        write_line(level, event, dropped, fmt, ap);
        va_end(ap);
}
