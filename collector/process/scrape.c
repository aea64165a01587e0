/*
 * See scrape.h.
 */
#include "collector/process/scrape.h"

#include "collector/base/watch.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <stddef.h>
#include <string.h>

/* The list of free pages is the only part of a store's figures that grows with it. */
#define LOOK_NS (2 * CLEW_NS_PER_S)

void clew_scrape_init(struct clew_scrape *s, const struct clew_scrape_options *options)
{
        struct clew_watch_process p;

        *s = (struct clew_scrape){.options = *options};
        s->created_ns = clew_clock_unix_ns(clew_clock_system());
        clew_watch_process(&p);
        s->start_s = p.start_s; /* told since the boot: it is to be the same each time */
        pthread_mutex_init(&s->lock, NULL);
}

void clew_scrape_deinit(struct clew_scrape *s)
{
        if (s->created_ns)
                pthread_mutex_destroy(&s->lock);
        s->created_ns = 0;
}

void clew_scrape_tick(struct clew_scrape *s)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());

        if (now < s->next_ns) /* written by this thread alone */
                return;
        s->next_ns = now + LOOK_NS;
        for (unsigned i = 0; i < s->options.projects->n; i++) {
                struct clew_store_figures figures = {0};
                struct clew_error ignored = {0};
                int r = clew_store_figures(s->options.projects->all[i].store, &figures, &ignored);

                pthread_mutex_lock(&s->lock);
                s->is_known[i] = r == 0;
                s->stores[i] = figures;
                pthread_mutex_unlock(&s->lock);
        }
}

bool clew_scrape_store(struct clew_scrape *s, unsigned project, struct clew_store_figures *ret)
{
        bool known;

        pthread_mutex_lock(&s->lock);
        known = s->is_known[project];
        *ret = s->stores[project];
        pthread_mutex_unlock(&s->lock);
        return known;
}

/* ---- counters ------------------------------------------------------------------------------- */

/* A row with a name begins a family; those below it without one are its further samples. */
static const struct {
        const char *name;
        const char *unit;
        const char *help;
        enum clew_counter counter;
        const char *label;
        const char *value;
} counters[] = {
        {"clew_requests", "", "Export requests of both transports.", CLEW_COUNT_REQUESTS, NULL,
         NULL},
        {"clew_requests_accepted", "", "Answered OK: after a commit, or nothing was to store.",
         CLEW_COUNT_ACCEPTED, NULL, NULL},
        {"clew_requests_refused", "",
         "Refused, by reason; overloaded, not_stored are to be sent again.", CLEW_COUNT_MALFORMED,
         "reason", "malformed"},
        {NULL, "", "", CLEW_COUNT_TOO_LARGE, "reason", "too_large"},
        {NULL, "", "", CLEW_COUNT_OVERLOADED, "reason", "overloaded"},
        {NULL, "", "", CLEW_COUNT_NOT_STORED, "reason", "not_stored"},
        {NULL, "", "", CLEW_COUNT_UNIMPLEMENTED, "reason", "unimplemented"},
        {NULL, "", "", CLEW_COUNT_KEYS_REFUSED, "reason", "no_key"},
        {"clew_requests_abandoned", "", "The client went away before its answer.",
         CLEW_COUNT_ABANDONED, NULL, NULL},
        {"clew_received_bytes", "bytes", "Requests as received.", CLEW_COUNT_WIRE_BYTES, NULL,
         NULL},
        {"clew_otlp_bytes", "bytes", "Requests after decompression.", CLEW_COUNT_OTLP_BYTES, NULL,
         NULL},
        {"clew_spans", "", "Spans stored.", CLEW_COUNT_SPANS, NULL, NULL},
        {"clew_log_records", "", "Log records stored.", CLEW_COUNT_LOGS, NULL, NULL},
        {"clew_items_refused", "", "Spans and log records refused alone, the others stored.",
         CLEW_COUNT_SPANS_REFUSED, NULL, NULL},
        {"clew_metric_requests_refused", "",
         "Requests with OTLP metrics, which are not kept: partial success.",
         CLEW_COUNT_METRICS_REFUSED, NULL, NULL},
        {"clew_metric_points_refused", "", "Data points of those.", CLEW_COUNT_POINTS_REFUSED, NULL,
         NULL},
        {"clew_commits", "", "Transactions that stored requests.", CLEW_COUNT_COMMITS, NULL, NULL},
        {"clew_commit_failures", "", "Transactions that failed.", CLEW_COUNT_COMMIT_FAILURES, NULL,
         NULL},
        {"clew_stored_bytes", "bytes", "Fragments as stored.", CLEW_COUNT_STORED_BYTES, NULL, NULL},
        {"clew_sealed_traces", "", "Traces moved into segments.", CLEW_COUNT_SEALED_TRACES, NULL,
         NULL},
        {"clew_sealed_bytes", "bytes", "OTLP bytes of those.", CLEW_COUNT_SEALED_BYTES, NULL, NULL},
        {"clew_seal_refused", "", "Traces met that cannot be sealed.", CLEW_COUNT_SEAL_REFUSED,
         NULL, NULL},
        {"clew_seal_failures", "", "Steps of sealing that failed.", CLEW_COUNT_SEAL_FAILURES, NULL,
         NULL},
        {"clew_seal_pressed", "",
         "Steps of sealing at the priority of the process, because too much was due.",
         CLEW_COUNT_SEAL_PRESSED, NULL, NULL},
        {"clew_index_failures", "", "Steps of merging indexes that failed.",
         CLEW_COUNT_INDEX_FAILURES, NULL, NULL},
        {"clew_index_dropped", "", "Index runs that were damaged, dropped and made anew.",
         CLEW_COUNT_INDEX_DROPPED, NULL, NULL},
        {"clew_connections_ended", "", "Connections that broke a limit or the protocol.",
         CLEW_COUNT_CONNECTIONS_ENDED, NULL, NULL},
        {"clew_connections_displaced", "", "Connections that had to make room for others.",
         CLEW_COUNT_CONNECTIONS_DISPLACED, NULL, NULL},
        {"clew_accepts_failed", "", "Connections that waited for descriptors or memory.",
         CLEW_COUNT_ACCEPTS_FAILED, NULL, NULL},
        {"clew_tls_failed", "", "TLS hellos that came to nothing.", CLEW_COUNT_TLS_FAILED, NULL,
         NULL},
};

static void write_counters(const struct clew_scrape *s, struct clew_exposition *x)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(counters); i++) {
                struct clew_label label = {counters[i].label,
                                           counters[i].value ? clew_slice_of_cstr(counters[i].value)
                                                             : CLEW_SLICE_NULL};

                if (counters[i].name)
                        clew_exposition_family(x, counters[i].name, CLEW_METRIC_COUNTER,
                                               counters[i].unit, counters[i].help);
                clew_exposition_counter(
                        x, &label, counters[i].label ? 1 : 0,
                        (double)clew_counter_read(s->options.counters, counters[i].counter),
                        s->created_ns);
        }
}

static void write_redaction(const struct clew_scrape *s, struct clew_exposition *x)
{
        CLEW_FREE struct clew_redactor_figures *f = NULL;

        if (!s->options.redactor)
                return;
        f = clew_calloc(1, sizeof(*f));
        if (!f)
                return;
        clew_redactor_figures(s->options.redactor, f);
        clew_exposition_family(x, "clew_redacted", CLEW_METRIC_COUNTER, "",
                               "Texts taken out of what arrived, by rule.");
        for (unsigned i = 0; i < f->n; i++) {
                const struct clew_label rule = {"rule", clew_slice_of_cstr(f->rules[i].name)};

                clew_exposition_counter(x, &rule, 1, (double)f->rules[i].n, s->created_ns);
        }
        clew_exposition_family(x, "clew_redaction_unsure", CLEW_METRIC_COUNTER, "",
                               "Of those, texts that went because a pattern's limit ended the "
                               "search.");
        clew_exposition_counter(x, NULL, 0, (double)f->n_unsure, s->created_ns);
        clew_exposition_family(x, "clew_redaction_reloads_refused", CLEW_METRIC_COUNTER, "",
                               "Files of rules that were wrong when they were read again.");
        clew_exposition_counter(x, NULL, 0, (double)f->n_refused, s->created_ns);
}

static void write_times(const struct clew_scrape *s, const char *name, const char *help,
                        const struct clew_histogram *h, struct clew_exposition *x)
{
        double counts[CLEW_HISTOGRAM_BOUNDS + 1];
        double sum = (double)atomic_load(&h->sum_ns) / (double)CLEW_NS_PER_S;

        for (size_t i = 0; i <= CLEW_HISTOGRAM_BOUNDS; i++)
                counts[i] = (double)atomic_load(&h->n[i]);
        clew_exposition_family(x, name, CLEW_METRIC_HISTOGRAM, "seconds", help);
        clew_exposition_histogram(x, NULL, 0, clew_histogram_bounds, counts, CLEW_HISTOGRAM_BOUNDS,
                                  sum, s->created_ns);
}

/* ---- stores --------------------------------------------------------------------------------- */

struct look {
        const struct clew_project *project;
        struct clew_store_figures store;
        size_t queued;
        size_t queued_bytes;
        bool is_known;
};

/* What of a look a family tells. */
enum what {
        HEALTHY,
        QUEUED,
        QUEUED_BYTES,
        SEAL_DUE,
        FIRST_OF_STORE,
        HOT_FRAGMENTS = FIRST_OF_STORE,
        HOT_BYTES,
        TRACES,
        SEGMENTS,
        SEGMENT_BYTES,
        FILE_BYTES,
        USED_BYTES,
        FREE_BYTES,
        DISK_FREE_BYTES,
        READERS,
        READER_COMMITS,
};

static const struct {
        enum what what;
        const char *name;
        const char *unit;
        const char *help;
} gauges[] = {
        {HEALTHY, "clew_store_accepts", "",
         "1: new data is stored; 0: the last commit failed for want of space or by an I/O error."},
        {QUEUED, "clew_queue_requests", "", "Requests that wait for the writer."},
        {QUEUED_BYTES, "clew_queue_bytes", "bytes", "Fragments of those."},
        {SEAL_DUE, "clew_seal_due_bytes", "bytes",
         "OTLP bytes that were due to be sealed after the last step, and were not."},
        {HOT_FRAGMENTS, "clew_store_hot_fragments", "", "Fragments that are not sealed."},
        {HOT_BYTES, "clew_store_hot_bytes", "bytes", "Pages of those."},
        {TRACES, "clew_store_sealed_traces", "", "Traces in segments."},
        {SEGMENTS, "clew_store_segments", "", "Segments."},
        {SEGMENT_BYTES, "clew_store_segment_bytes", "bytes", "Segments as stored."},
        {FILE_BYTES, "clew_store_file_bytes", "bytes", "The data file."},
        {USED_BYTES, "clew_store_used_bytes", "bytes", "Pages of it that are in use."},
        {FREE_BYTES, "clew_store_free_bytes", "bytes", "Pages of it that wait for reuse."},
        {DISK_FREE_BYTES, "clew_store_disk_free_bytes", "bytes",
         "What the file system has left for it."},
        {READERS, "clew_store_readers", "", "Snapshots that are held, in any process."},
        {READER_COMMITS, "clew_store_oldest_reader_commits", "",
         "Commits since the oldest of them was taken: the file grows behind it."},
};

static double value_of(const struct look *l, enum what what)
{
        switch (what) {
        case HEALTHY:
                return clew_pipeline_is_healthy(l->project->pipeline);
        case QUEUED:
                return (double)l->queued;
        case QUEUED_BYTES:
                return (double)l->queued_bytes;
        case SEAL_DUE:
                return (double)clew_sealer_due_bytes(l->project->sealer);
        case HOT_FRAGMENTS:
                return (double)l->store.hot_fragments;
        case HOT_BYTES:
                return (double)l->store.hot_bytes;
        case TRACES:
                return (double)l->store.sealed_traces;
        case SEGMENTS:
                return (double)l->store.segments;
        case SEGMENT_BYTES:
                return (double)l->store.segment_bytes;
        case FILE_BYTES:
                return (double)l->store.file_bytes;
        case USED_BYTES:
                return (double)l->store.used_bytes;
        case FREE_BYTES:
                return (double)l->store.free_bytes;
        case DISK_FREE_BYTES:
                return (double)l->store.disk_free_bytes;
        case READERS:
                return l->store.readers;
        case READER_COMMITS:
                return (double)l->store.oldest_reader_commits;
        }
        return 0;
}

static bool has(const struct look *l, enum what what)
{
        if (what >= FIRST_OF_STORE)
                return l->is_known;
        return what == SEAL_DUE ? l->project->sealer != NULL : l->project->pipeline != NULL;
}

static void write_stores(const struct look *looks, unsigned n, struct clew_exposition *x)
{
        for (size_t k = 0; k < CLEW_ARRAY_LEN(gauges); k++) {
                clew_exposition_family(x, gauges[k].name, CLEW_METRIC_GAUGE, gauges[k].unit,
                                       gauges[k].help);
                for (unsigned i = 0; i < n; i++) {
                        const struct clew_label label = {
                                "project", clew_slice_of_cstr(looks[i].project->name)};

                        if (has(&looks[i], gauges[k].what))
                                clew_exposition_gauge(x, &label, 1,
                                                      value_of(&looks[i], gauges[k].what));
                }
        }
}

/* Of those projects that have a bucket. */
static void write_object_reads(const struct look *looks, unsigned n, const struct clew_scrape *s,
                               struct clew_exposition *x)
{
        static const struct {
                const char *name;
                const char *help;
                size_t at;
        } rows[] = {
                {"clew_object_reads", "Reads of objects in the bucket.",
                 offsetof(struct clew_tier_reads, reads)},
                {"clew_object_reads_asked_again",
                 "Of those, asked a second time while the first connection was silent.",
                 offsetof(struct clew_tier_reads, asked_again)},
                {"clew_object_reads_answered_by_second",
                 "Of those, answered by the second connection first.",
                 offsetof(struct clew_tier_reads, answered_by_second)},
        };
        bool any = false;

        for (unsigned i = 0; i < n; i++)
                any = any || looks[i].project->tier;
        for (size_t k = 0; any && k < CLEW_ARRAY_LEN(rows); k++) {
                clew_exposition_family(x, rows[k].name, CLEW_METRIC_COUNTER, "", rows[k].help);
                for (unsigned i = 0; i < n; i++) {
                        const struct clew_label label = {
                                "project", clew_slice_of_cstr(looks[i].project->name)};
                        struct clew_tier_reads reads;
                        uint64_t value;

                        if (!looks[i].project->tier)
                                continue;
                        clew_tier_reads(looks[i].project->tier, &reads);
                        memcpy(&value, (const char *)&reads + rows[k].at, sizeof(value));
                        clew_exposition_counter(x, &label, 1, (double)value, s->created_ns);
                }
        }
}

/* ---- the process ---------------------------------------------------------------------------- */

static void write_gauge(struct clew_exposition *x, const char *name, const char *unit,
                        const char *help, double value)
{
        clew_exposition_family(x, name, CLEW_METRIC_GAUGE, unit, help);
        clew_exposition_gauge(x, NULL, 0, value);
}

/* Names and meanings: Prometheus, "Standard and runtime collectors". */
static void write_process(const struct clew_scrape *s, struct clew_exposition *x)
{
        struct clew_watch_process p;

        clew_watch_process(&p);
        clew_exposition_family(x, "process_cpu_seconds", CLEW_METRIC_COUNTER, "seconds",
                               "Total user and system CPU time spent in seconds.");
        clew_exposition_counter(x, NULL, 0, p.cpu_s, s->created_ns);
        write_gauge(x, "process_start_time_seconds", "seconds",
                    "Start time of the process since unix epoch in seconds.", s->start_s);
        write_gauge(x, "process_resident_memory_bytes", "bytes",
                    "Resident memory size in bytes; pages of the store's file count.",
                    (double)p.resident_bytes);
        write_gauge(x, "process_virtual_memory_bytes", "bytes",
                    "Virtual memory size in bytes; the store's map is sparse.",
                    (double)p.virtual_bytes);
        write_gauge(x, "process_open_fds", "", "Number of open file descriptors.",
                    (double)p.open_files);
        write_gauge(x, "process_max_fds", "", "Maximum number of open file descriptors.",
                    (double)p.max_files);
}

static void write_log(const struct clew_scrape *s, struct clew_exposition *x)
{
        clew_exposition_family(x, "clew_log_lines", CLEW_METRIC_COUNTER, "",
                               "Lines logged, by level.");
        for (unsigned i = CLEW_LOG_INFO; i < CLEW_LOG_LEVELS; i++) {
                enum clew_log_level level = (enum clew_log_level)i;
                const struct clew_label label = {"level",
                                                 clew_slice_of_cstr(clew_log_level_name(level))};

                clew_exposition_counter(x, &label, 1, (double)clew_log_lines(level), s->created_ns);
        }
}

static void write_memory(const struct clew_scrape *s, struct clew_exposition *x)
{
        static const char *const shares[CLEW_SHARES] = {"grpc", "http"};

        write_gauge(x, "clew_memory_budget_bytes", "bytes",
                    "Budget for large requests under way (memory-budget).",
                    (double)s->options.budget_bytes);
        clew_exposition_family(x, "clew_memory_used_bytes", CLEW_METRIC_GAUGE, "bytes",
                               "What of it is taken.");
        for (int i = 0; i < CLEW_SHARES; i++) {
                const struct clew_label label = {"protocol", clew_slice_of_cstr(shares[i])};

                clew_exposition_gauge(x, &label, 1,
                                      (double)clew_admission_used(s->options.admission,
                                                                  (enum clew_admission_share)i));
        }
        write_gauge(x, "clew_requests_inside", "", "Export requests under way.",
                    (double)clew_admission_inside(s->options.admission));
}

/* ---- all of it ------------------------------------------------------------------------------ */

void clew_scrape_write(void *context, int only, struct clew_exposition *x)
{
        struct clew_scrape *s = context;
        const struct clew_projects *projects = s->options.projects;
        const struct clew_label version = {"version", CLEW_SLICE_LITERAL(CLEW_VERSION)};
        struct clew_figures_of figures[CLEW_PROJECTS_MAX];
        struct look looks[CLEW_PROJECTS_MAX];
        unsigned n = 0;

        for (unsigned i = 0; i < projects->n; i++) {
                struct look *l = &looks[n];

                if (only >= 0 && i != (unsigned)only)
                        continue;
                *l = (struct look){.project = &projects->all[i]};
                l->is_known = clew_scrape_store(s, i, &l->store);
                if (l->project->pipeline)
                        clew_pipeline_queue(l->project->pipeline, &l->queued, &l->queued_bytes);
                figures[n++] = (struct clew_figures_of){l->project->name, l->project->figures};
        }
        clew_exposition_family(x, "clew_build", CLEW_METRIC_INFO, "", "The program.");
        clew_exposition_gauge(x, &version, 1, 1);
        if (!s->options.read_only) {
                write_counters(s, x);
                write_redaction(s, x);
                write_times(s, "clew_commit_duration_seconds",
                            "Time of a transaction, its sync with it.",
                            &s->options.counters->commits, x);
                write_times(s, "clew_ack_duration_seconds",
                            "Time from a whole request to its answer, when it was to be stored.",
                            &s->options.counters->acks, x);
                write_memory(s, x);
        }
        write_stores(looks, n, x);
        write_object_reads(looks, n, s, x);
        write_process(s, x);
        write_log(s, x);
        if (!s->options.read_only)
                clew_figures_write(figures, n, x);
}
