/*
 * What a scrape is answered with: families of samples as text, in the two forms that scrapers ask
 * for: OpenMetrics 1.0 and Prometheus text 0.0.4.
 *
 *     clew_exposition_family(&x, "clew_commits", CLEW_METRIC_COUNTER, "", "Transactions.");
 *     clew_exposition_counter(&x, NULL, 0, 12, created_ns);
 *
 * A family is begun once and has all its samples in a row: OpenMetrics demands it. Names are ours
 * and follow Prometheus: base units, `_total` on samples of counters (the family's name is without
 * it). Values of labels may come from outside: they are escaped here, after clew_label_clean() has
 * made them text that every parser takes.
 */
#ifndef CLEW_COLLECTOR_EXPOSITION_H
#define CLEW_COLLECTOR_EXPOSITION_H

#include "proto/base/buffer.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_CONTENT_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define CLEW_CONTENT_TEXT "text/plain; version=0.0.4; charset=utf-8"

/* Of one value of a label: longer ones are cut. A scrape repeats it with every sample. */
#define CLEW_LABEL_VALUE_MAX 120u

enum clew_metric_type {
        CLEW_METRIC_GAUGE,
        CLEW_METRIC_COUNTER,
        CLEW_METRIC_HISTOGRAM,
        CLEW_METRIC_SUMMARY, /* a sum and a number, without quantiles */
        CLEW_METRIC_INFO,
};

struct clew_label {
        const char *name; /* ours */
        struct clew_slice value;
};

struct clew_exposition {
        struct clew_buffer *out; /* borrowed; its error is tested once, at the end */
        bool openmetrics;
        const char *family;
        enum clew_metric_type type;
        uint64_t n_samples;
};

/* @unit is "seconds", "bytes" or "", and then the end of @name. */
void clew_exposition_family(struct clew_exposition *x, const char *name, enum clew_metric_type type,
                            const char *unit, const char *help);
/* One sample of a gauge or an info. */
void clew_exposition_gauge(struct clew_exposition *x, const struct clew_label *labels, size_t n,
                           double value);
/* @created_ns: unix time at which it was 0; told in OpenMetrics, as with the two below. */
void clew_exposition_counter(struct clew_exposition *x, const struct clew_label *labels, size_t n,
                             double value, uint64_t created_ns);
/* @counts has each bucket alone, and one more for what is above the last bound. */
void clew_exposition_histogram(struct clew_exposition *x, const struct clew_label *labels, size_t n,
                               const double *bounds, const double *counts, size_t n_bounds,
                               double sum, uint64_t created_ns);
void clew_exposition_summary(struct clew_exposition *x, const struct clew_label *labels, size_t n,
                             double count, double sum, uint64_t created_ns);
void clew_exposition_end(struct clew_exposition *x);

/* Text of any kind as a value of a label: valid UTF-8 without anything that is hidden or acts on a
 * screen (both become U+FFFD), cut to CLEW_LABEL_VALUE_MAX bytes. Always ends with a NUL; returns
 * the length. */
size_t clew_label_clean(struct clew_slice text, char ret[CLEW_LABEL_VALUE_MAX + 1]);

/* Which form an Accept header (a null slice when there is none) asks for. */
bool clew_exposition_wants_openmetrics(struct clew_slice accept);

#endif
