#include "proto/base/log.h"

#include "proto/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 1024u

static atomic_int log_level = CLEW_LOG_INFO;

void clew_log_set_level(enum clew_log_level level)
{
        atomic_store(&log_level, (int)level);
}

static void write_line(enum clew_log_level level, const char *event, unsigned dropped,
                       const char *fmt, va_list ap)
{
        static const char *const names[] = {"debug", "info", "warn", "error"};
        char line[LOG_LINE_MAX];
        uint64_t now = clew_clock_unix_ns(clew_clock_system());
        time_t seconds = (time_t)(now / CLEW_NS_PER_S);
        struct tm tm;
        size_t n;
        int r;

        gmtime_r(&seconds, &tm);
        n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
        r = snprintf(line + n, sizeof(line) - n, ".%03uZ %s %s ",
                     (unsigned)(now / CLEW_NS_PER_MS % 1000), names[level], event);
        n += r > 0 ? (size_t)r : 0;
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
