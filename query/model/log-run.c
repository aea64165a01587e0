/*
 * Runs made of log records: from records to facts, steps, partners among the spans, spans of their
 * own. See query/model/README.md.
 */
#include "query/model/log-run-int.h"

#include "proto/otlp/walk.h"
#include "query/model/log-run.h"

#include <errno.h>
#include <string.h>

bool clew_log_run_of(struct clew_slice traces, struct clew_slice logs, struct clew_trace_id *ret)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_otlp_scope scope;
        struct clew_slice raw;
        struct clew_span span;

        while (clew_otlp_read(&r, &raw, &scope)) {
                const struct clew_log_family *family =
                        clew_log_family_of_scope(clew_scope_name(scope.scope));

                if (family && clew_span_parse(raw, &span) &&
                    clew_span_run(&span, family, scope.resource, ret))
                        return true;
        }
        r = clew_otlp_reader_make(logs);
        while (clew_otlp_read(&r, &raw, &scope)) {
                struct clew_log_record record;

                if (!clew_log_record_parse(raw, &record))
                        continue;
                /* Records of a trace count only where the program is known by its scope. */
                if (!clew_trace_id_is_zero(&record.trace_id) &&
                    !clew_log_family_of_scope(clew_scope_name(scope.scope)))
                        continue;
                if (clew_log_run(&record, scope.scope, scope.resource, ret))
                        return true;
        }
        return false;
}

/* Whether it is worth while: events of an agent among the records. Most logs of traces have none.
 */
static uint32_t count_events(struct clew_slice logs, uint32_t *ret_records, uint32_t *ret_steps)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(logs);
        struct clew_otlp_scope scope;
        struct clew_slice raw;
        uint32_t n = 0;

        *ret_records = 0;
        *ret_steps = 0;
        while (clew_otlp_read(&r, &raw, &scope)) {
                struct clew_log_record record;
                struct clew_log_event event;

                (*ret_records)++;
                if (!clew_log_record_parse(raw, &record))
                        continue;
                clew_log_event_of(&record, clew_scope_name(scope.scope), &event);
                n += event.family != NULL;
                *ret_steps += event.family && event.kind != CLEW_LOG_OTHER;
        }
        return n;
}

/* Pieces of an answer outnumber all else, and tell nothing; they are of the call before them. */
static bool tells_nothing(const struct clew_log_fact *f)
{
        return f->event.kind == CLEW_LOG_STREAM && !clew_log_fact_ends_call(f) &&
               !clew_log_fact_failed(f);
}

/* A trace that its records name keeps its id, unless it is one of several of a run. */
static void take_id(struct clew_log_run *run, const struct clew_log_fact *f, bool joined)
{
        if (run->has_id)
                return;
        if (!joined && !clew_trace_id_is_zero(&f->record.trace_id)) {
                run->id = f->record.trace_id;
                run->has_id = true;
                return;
        }
        run->has_id = clew_log_run(&f->record, f->scope, f->resource, &run->id);
}

static void set_aside(struct clew_log_run *run, const struct clew_log_fact *f, uint32_t ordinal)
{
        run->asides[run->n_asides++] = (struct clew_log_aside){
                .time_ns = f->record.time_ns ? f->record.time_ns : f->record.observed_ns,
                .ordinal = ordinal,
                .is_piece = f->event.kind == CLEW_LOG_STREAM};
}

static int read_facts(struct clew_log_run *run, struct clew_slice logs, uint32_t n, bool joined,
                      struct clew_arena *arena)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(logs);
        struct clew_otlp_scope scope;
        struct clew_slice raw;
        uint32_t max = n < CLEW_LOG_STEPS_MAX ? n : CLEW_LOG_STEPS_MAX;
        struct clew_log_fact spare;

        run->facts = clew_arena_alloc(arena, ((size_t)max + 1) * sizeof(*run->facts));
        run->asides = clew_arena_alloc(arena, ((size_t)n + 1) * sizeof(*run->asides));
        if (!run->facts || !run->asides)
                return -ENOMEM;
        for (uint32_t i = 0; clew_otlp_read(&r, &raw, &scope); i++) {
                bool full = run->n_facts == max;
                struct clew_log_fact *f = full ? &spare : &run->facts[run->n_facts];

                if (!clew_log_fact_read(raw, scope.resource, scope.scope, arena, f))
                        continue;
                f->ordinal = i;
                take_id(run, f, joined);
                if (full || f->event.kind == CLEW_LOG_OTHER || tells_nothing(f))
                        set_aside(run, f, i);
                else
                        run->n_facts++;
        }
        return 0;
}

/* Pieces of an answer go to the call that was under way, all else to the agent. */
static void place_asides(const struct clew_log_run *run, struct clew_span_id *places)
{
        for (uint32_t i = 0; i < run->n_asides; i++) {
                const struct clew_log_aside *a = &run->asides[i];
                const struct clew_log_step *call =
                        a->is_piece ? clew_log_call_at(run, a->time_ns) : NULL;

                places[a->ordinal] = call ? call->span_id : run->root;
        }
}

/* Which span each record goes to, and what it tells there. */
static int place_records(struct clew_log_run *run, bool whole, struct clew_arena *arena)
{
        struct clew_span_id *places =
                clew_arena_calloc(arena, (size_t)run->n_records + 1, sizeof(*places));
        struct clew_slice *told =
                clew_arena_calloc(arena, (size_t)run->n_records + 1, sizeof(*told));

        if (!places || !told)
                return -ENOMEM;
        for (uint32_t i = 0; i < run->n_facts; i++) {
                const struct clew_log_fact *f = &run->facts[i];
                const struct clew_log_step *s =
                        f->step == CLEW_STEP_NONE ? NULL : &run->steps[f->step];

                if (!s || (s->matched ? !s->told : !whole))
                        continue;
                places[f->ordinal] = s->span_id;
                if (s->told && f == (s->ended ? s->ended : s->first))
                        told[f->ordinal] = s->kind == CLEW_LOG_STEP_PROMPT
                                                   ? clew_log_agent_attributes(run, arena)
                                                   : clew_log_step_attributes(s, arena);
        }
        if (whole)
                place_asides(run, places);
        run->places = places;
        run->told = told;
        return 0;
}

int clew_log_run_make(struct clew_slice traces, struct clew_slice logs, bool joined,
                      struct clew_arena *arena, const struct clew_log_run **ret_run)
{
        bool whole = joined || traces.len == 0;
        struct clew_log_run *run;
        uint32_t n_records;
        uint32_t n_steps;
        uint32_t n = count_events(logs, &n_records, &n_steps);
        int r;

        *ret_run = NULL;
        if (n_steps == 0)
                return 0;
        run = clew_arena_calloc(arena, 1, sizeof(*run));
        if (!run)
                return -ENOMEM;
        run->n_records = n_records;
        r = read_facts(run, logs, n, joined, arena);
        if (r == 0)
                r = clew_log_steps_make(run, arena);
        if (r == 0)
                r = clew_log_steps_match(run, traces, joined, arena);
        if (r == 0 && whole && run->has_id)
                r = clew_log_spans_write(run, traces, joined, arena);
        if (r == 0)
                r = place_records(run, whole && (run->spans.len > 0 || run->has_host), arena);
        if (r == 0)
                *ret_run = run;
        return r;
}
