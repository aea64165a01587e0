#include "collector/base/counters.h"

#include "proto/base/compiler.h"
#include "proto/base/log.h"

#include <stdio.h>

#define COUNTERS_LINE_MAX 900u /* below the limit of a log line */

static const char *const names[CLEW_COUNTERS] = {
        [CLEW_COUNT_REQUESTS] = "requests",
        [CLEW_COUNT_ACCEPTED] = "accepted",
        [CLEW_COUNT_MALFORMED] = "malformed",
        [CLEW_COUNT_TOO_LARGE] = "too_large",
        [CLEW_COUNT_OVERLOADED] = "overloaded",
        [CLEW_COUNT_NOT_STORED] = "not_stored",
        [CLEW_COUNT_UNIMPLEMENTED] = "unimplemented",
        [CLEW_COUNT_ABANDONED] = "abandoned",
        [CLEW_COUNT_WIRE_BYTES] = "wire_bytes",
        [CLEW_COUNT_OTLP_BYTES] = "otlp_bytes",
        [CLEW_COUNT_SPANS] = "spans",
        [CLEW_COUNT_SPANS_REFUSED] = "spans_refused",
        [CLEW_COUNT_LOGS] = "logs",
        [CLEW_COUNT_METRICS_REFUSED] = "metrics_refused",
        [CLEW_COUNT_POINTS_REFUSED] = "points_refused",
        [CLEW_COUNT_COMMITS] = "commits",
        [CLEW_COUNT_STORED_BYTES] = "stored_bytes",
        [CLEW_COUNT_COMMIT_NS] = "commit_ns",
        [CLEW_COUNT_COMMIT_FAILURES] = "commit_failures",
        [CLEW_COUNT_SEALED_TRACES] = "sealed_traces",
        [CLEW_COUNT_SEALED_BYTES] = "sealed_bytes",
        [CLEW_COUNT_SEAL_REFUSED] = "seal_refused",
        [CLEW_COUNT_SEAL_FAILURES] = "seal_failures",
        [CLEW_COUNT_SEAL_PRESSED] = "seal_pressed",
        [CLEW_COUNT_INDEX_FAILURES] = "index_failures",
        [CLEW_COUNT_INDEX_DROPPED] = "index_dropped",
        [CLEW_COUNT_ACCEPTS_FAILED] = "accepts_failed",
        [CLEW_COUNT_CONNECTIONS_ENDED] = "connections_ended",
        [CLEW_COUNT_CONNECTIONS_DISPLACED] = "connections_displaced",
        [CLEW_COUNT_KEYS_REFUSED] = "keys_refused",
        [CLEW_COUNT_TLS_FAILED] = "tls_failed",
};

const char *clew_counter_name(enum clew_counter which)
{
        return names[which];
}

void clew_counters_log(const struct clew_counters *c)
{
        char line[COUNTERS_LINE_MAX] = "";
        size_t n = 0;

        for (size_t i = 0; i < CLEW_COUNTERS; i++) {
                uint64_t v = clew_counter_read(c, (enum clew_counter)i);
                int r;

                if (v == 0)
                        continue;
                r = snprintf(line + n, sizeof(line) - n, "%s%s=%llu", n ? " " : "", names[i],
                             (unsigned long long)v);
                if (r < 0 || (size_t)r >= sizeof(line) - n)
                        break;
                n += (size_t)r;
        }
        clew_log(CLEW_LOG_INFO, "stats", "%s", line);
}
