/*
 * See status.h.
 */
#include "collector/process/status.h"

#include "collector/base/watch.h"
#include "collector/process/scrape.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "query/answer/when.h"
#include "storage/order.h"

#include <unistd.h>

#define GAP_BYTES 512u

static void put(struct clew_json_writer *w, const char *name, uint64_t value)
{
        clew_json_write_key(w, name);
        clew_json_write_uint64(w, value);
}

static void put_counters(const struct clew_counters *counters, struct clew_json_writer *w)
{
        clew_json_write_key(w, "collector");
        clew_json_write_object_begin(w);
        for (size_t i = 0; i < CLEW_COUNTERS; i++)
                put(w, clew_counter_name((enum clew_counter)i),
                    clew_counter_read(counters, (enum clew_counter)i));
        clew_json_write_object_end(w);
}

/* Of the process, all its projects together. */
static void put_memory(struct clew_json_writer *w)
{
        struct clew_watch_process process;

        clew_watch_process(&process);
        clew_json_write_key(w, "memory");
        clew_json_write_object_begin(w);
        put(w, "own_bytes", clew_watch_private_bytes(getpid()));
        put(w, "resident_bytes", process.resident_bytes);
        clew_json_write_object_end(w);
}

static void put_project(const struct clew_scrape *s, const struct clew_project *p,
                        struct clew_json_writer *w)
{
        size_t requests = 0;
        size_t bytes = 0;

        if (p->pipeline)
                clew_pipeline_queue(p->pipeline, &requests, &bytes);
        clew_json_write_key(w, "accepts");
        clew_json_write_bool(w, p->pipeline && clew_pipeline_is_healthy(p->pipeline));
        clew_json_write_key(w, "queue");
        clew_json_write_object_begin(w);
        put(w, "requests", requests);
        put(w, "bytes", bytes);
        put(w, "under_way", clew_admission_inside(s->options.admission));
        clew_json_write_object_end(w);
        clew_json_write_key(w, "sealing");
        clew_json_write_object_begin(w);
        put(w, "due_bytes", p->sealer ? clew_sealer_due_bytes(p->sealer) : 0);
        clew_json_write_object_end(w);
}

static void put_time(struct clew_json_writer *w, const char *name, uint64_t ns)
{
        char time[CLEW_WHEN_TEXT];

        clew_json_write_key(w, name);
        if (ns == 0) {
                clew_json_write_null(w);
                return;
        }
        clew_when_rfc3339(ns / CLEW_NS_PER_MS * CLEW_NS_PER_MS, time);
        clew_json_write_cstr(w, time);
}

static void put_flag(struct clew_json_writer *w, const char *name, bool value)
{
        clew_json_write_key(w, name);
        clew_json_write_bool(w, value);
}

static void put_damaged_object(void *context, const char *object, const char *what)
{
        (void)what;
        clew_json_write_cstr(context, object);
}

/* What a reader knows of its bucket. */
static void put_followed(const struct clew_project *p, uint64_t now, struct clew_json_writer *w)
{
        struct clew_follow_status s;
        char gap[GAP_BYTES];
        bool has_gap = clew_follow_gap(p->tier, gap, sizeof(gap));

        clew_follow_status(p->tier, &s);
        clew_json_write_key(w, "followed");
        clew_json_write_object_begin(w);
        put(w, "version", s.version);
        put(w, "segments", s.segments);
        put_time(w, "written", s.written_ns);
        put_time(w, "checked", s.checked_ns);
        put(w, "behind_s",
            s.checked_ns > 0 && now > s.checked_ns ? (now - s.checked_ns) / CLEW_NS_PER_S : 0);
        put_time(w, "failing", s.failing_ns);
        put_flag(w, "empty", s.is_empty);
        put(w, "left_aside", s.left_aside);
        put(w, "cached_bytes", s.cached_bytes);
        put(w, "writers", s.writers);
        put(w, "nodes", s.nodes);
        put(w, "nodes_reached", s.nodes_reached);
        put_flag(w, "to_wipe", s.to_wipe);
        put_flag(w, "damaged", s.is_damaged);
        clew_json_write_key(w, "gap");
        clew_json_write_cstr(w, has_gap ? gap : NULL);
        clew_json_write_object_end(w);
}

static void put_object_reads(const struct clew_project *p, struct clew_json_writer *w)
{
        struct clew_tier_reads reads;

        clew_tier_reads(p->tier, &reads);
        clew_json_write_key(w, "object_reads");
        clew_json_write_object_begin(w);
        put(w, "reads", reads.reads);
        put(w, "asked_again", reads.asked_again);
        put(w, "answered_by_second", reads.answered_by_second);
        clew_json_write_object_end(w);
}

/* Writers of its bucket that have not done yet what was redacted. */
static void put_waiting(const struct clew_project *p, struct clew_json_writer *w)
{
        char waiting[CLEW_ORDER_NOTED_BYTES];

        if (!clew_order_noted(p->tier, waiting, sizeof(waiting)))
                return;
        clew_json_write_key(w, "redactions_waiting");
        clew_json_write_cstr(w, waiting);
}

static void put_redaction(struct clew_redactor *r, struct clew_json_writer *w)
{
        CLEW_FREE struct clew_redactor_figures *f = NULL;
        char time[CLEW_WHEN_TEXT];

        f = r ? clew_calloc(1, sizeof(*f)) : NULL;
        if (!f)
                return;
        clew_redactor_figures(r, f);
        clew_when_rfc3339(f->loaded_ns / CLEW_NS_PER_MS * CLEW_NS_PER_MS, time);
        clew_json_write_key(w, "redaction");
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "loaded");
        clew_json_write_cstr(w, time);
        put(w, "reloads_refused", f->n_refused);
        put(w, "unsure", f->n_unsure);
        clew_json_write_key(w, "rules");
        clew_json_write_object_begin(w);
        for (unsigned i = 0; i < f->n; i++)
                put(w, f->rules[i].name, f->rules[i].n);
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
}

/* Where several projects share the process, a line may name what is another one's: then it is only
 * told that there was one. */
static void put_log(bool with_text, struct clew_json_writer *w)
{
        struct clew_log_recent recent[CLEW_LOG_RECENT_MAX];
        unsigned n = clew_log_recent(recent);

        clew_json_write_key(w, "log");
        clew_json_write_object_begin(w);
        put(w, "warnings", clew_log_lines(CLEW_LOG_WARN));
        put(w, "errors", clew_log_lines(CLEW_LOG_ERROR));
        clew_json_write_key(w, "recent");
        clew_json_write_array_begin(w);
        for (unsigned i = 0; i < n; i++) {
                char time[CLEW_WHEN_TEXT];

                clew_when_rfc3339(recent[i].time_ns / CLEW_NS_PER_MS * CLEW_NS_PER_MS, time);
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "time");
                clew_json_write_cstr(w, time);
                clew_json_write_key(w, "level");
                clew_json_write_cstr(w, clew_log_level_name(recent[i].level));
                clew_json_write_key(w, "event");
                clew_json_write_cstr(w, recent[i].event);
                put(w, "n", recent[i].n);
                if (with_text) {
                        clew_json_write_key(w, "text");
                        clew_json_write_cstr(w, recent[i].text);
                }
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
        clew_json_write_object_end(w);
}

void clew_status_write(void *context, const char *project, struct clew_json_writer *w)
{
        const struct clew_scrape *s = context;
        const struct clew_project *p = project ? clew_projects_find(s->options.projects, project)
                                               : &s->options.projects->all[0];
        uint64_t now = clew_clock_unix_ns(clew_clock_system());

        put(w, "up_s", now > s->created_ns ? (now - s->created_ns) / CLEW_NS_PER_S : 0);
        clew_json_write_key(w, "role");
        clew_json_write_cstr(w, p && p->follower ? "query" : "all");
        put_counters(s->options.counters, w);
        put_memory(w);
        if (p)
                put_project(s, p, w);
        if (p && p->follower)
                put_followed(p, now, w);
        if (p && p->tier) {
                clew_json_write_key(w, "damaged_objects");
                clew_json_write_array_begin(w);
                (void)clew_tier_each_damaged(p->tier, put_damaged_object, w);
                clew_json_write_array_end(w);
                put_object_reads(p, w);
                put_waiting(p, w);
        }
        put_redaction(s->options.redactor, w);
        put_log(s->options.projects->n == 1, w);
}
