/*
 * Which step each log record of a trace belongs to.
 *
 * By its span id, as OTLP means it. Claude Code's records carry ids of their own instead
 * (tool_use_id, request_id, prompt.id), and earlier versions of it wrote span ids that are wrong:
 * there the finer ids come first. Evaluations that know no span name the response. What names no
 * step stays loose, and is shown as such.
 */
#include "query/model/build-int.h"

#include "proto/base/compiler.h"
#include "proto/base/hash.h"
#include "proto/base/sort.h"
#include "proto/otlp/walk.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <string.h>

#define NONE CLEW_STEP_NONE

/* Log records of one trace; what is beyond is not attached. */
#define LOGS_MAX 1000000u

/* Finest first; the last one names a whole turn and gives way to a span id. */
static const char *const join_keys[] = {"tool_use_id", "request_id", "gen_ai.response.id",
                                        "prompt.id"};
#define N_KEYS CLEW_ARRAY_LEN(join_keys)
#define N_FINE_KEYS (N_KEYS - 1)

struct join {
        struct clew_slice value;
        uint32_t step;
        uint32_t key;
};

struct joins {
        struct join *items;
        struct clew_sort_entry *order; /* by hash of key and value; topmost step first */
        uint32_t n;
};

static uint32_t count_logs(struct clew_slice logs)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(logs);
        struct clew_slice raw;
        uint32_t n = 0;

        while (n < LOGS_MAX && clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

/* The step that a record is about although it does not name its span, or names another. */
static uint32_t place_of(const struct clew_builder *b, uint32_t ordinal, struct clew_step_log *log)
{
        const struct clew_log_run *run = b->log_run;

        if (!run || ordinal >= run->n_records)
                return NONE;
        log->told = run->told[ordinal];
        return clew_span_id_is_zero(&run->places[ordinal])
                       ? NONE
                       : clew_trace_find(b->trace, &run->places[ordinal]);
}

/* @ret_places: the step that the record's own words name, if any, else NONE. */
static uint32_t read_logs(struct clew_builder *b, struct clew_slice logs, uint32_t max,
                          struct clew_step_log *ret, uint32_t *ret_steps, uint32_t *ret_places)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(logs);
        struct clew_trace *trace = b->trace;
        struct clew_otlp_scope scope;
        struct clew_slice raw;
        uint32_t n = 0;

        for (uint32_t ordinal = 0; n < max && clew_otlp_read(&r, &raw, &scope); ordinal++) {
                struct clew_step_log *log = &ret[n];

                if (!clew_log_record_parse(raw, &log->record))
                        continue;
                log->resource = scope.resource;
                log->scope = scope.scope;
                if (trace->n_steps == 0)
                        trace->id = trace->has_run && clew_trace_id_is_zero(&log->record.trace_id)
                                            ? trace->run
                                            : log->record.trace_id;
                ret_steps[n] = clew_trace_find(trace, &log->record.span_id);
                ret_places[n] = place_of(b, ordinal, log);
                n++;
        }
        return n;
}

/* After the ids of the sender: what its words and their order tell. */
static void use_places(struct clew_step_log *logs, uint32_t *steps, const uint32_t *places,
                       uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                if (places[i] == NONE || places[i] == steps[i] || logs[i].joined_by)
                        continue;
                steps[i] = places[i];
                logs[i].joined_by = "the order of events";
        }
}

/* ---- joining by ids of the sender's own -------------------------------------------------------
 */

static uint32_t key_of(struct clew_slice key)
{
        for (uint32_t i = 0; i < N_KEYS; i++) {
                if (clew_slice_eq_cstr(key, join_keys[i]))
                        return i;
        }
        return NONE;
}

/* The join ids among @it; how many. */
static unsigned ids_among(struct clew_message_iter it, struct clew_slice ret[N_KEYS])
{
        struct clew_slice key;
        struct clew_slice raw;
        unsigned n = 0;

        memset(ret, 0, N_KEYS * sizeof(*ret));
        while (clew_attribute_next_raw(&it, &key, &raw)) {
                uint32_t k = key_of(key);
                struct clew_value value;

                if (k == NONE || !clew_value_parse(raw, &value) ||
                    value.type != CLEW_VALUE_STRING || value.bytes.len == 0)
                        continue;
                n += ret[k].len == 0;
                ret[k] = value.bytes;
        }
        return n;
}

static bool is_claude_code(const struct clew_step_log *log)
{
        static const struct clew_slice prefix = {.data = (const uint8_t *)"claude_code.",
                                                 .len = 12};

        return clew_slice_starts_with(log->record.event_name, prefix) ||
               (log->record.body.type == CLEW_VALUE_STRING &&
                clew_slice_starts_with(log->record.body.bytes, prefix)) ||
               clew_slice_starts_with(clew_scope_name(log->scope),
                                      CLEW_SLICE_LITERAL("com.anthropic.claude_code"));
}

static int index_steps(struct clew_builder *b, struct joins *j)
{
        const struct clew_trace *trace = b->trace;
        size_t max = (size_t)trace->n_steps * N_KEYS + 1;
        struct clew_sort_entry *scratch = clew_arena_calloc(b->arena, max, sizeof(*scratch));

        j->items = clew_arena_calloc(b->arena, max, sizeof(*j->items));
        j->order = clew_arena_calloc(b->arena, max, sizeof(*j->order));
        if (!scratch || !j->items || !j->order)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                struct clew_slice ids[N_KEYS];

                if (clew_step_is(&trace->steps[i], CLEW_STEP_STANDIN) ||
                    ids_among(clew_span_attributes(&trace->steps[i].span), ids) == 0)
                        continue;
                for (uint32_t k = 0; k < N_KEYS; k++) {
                        if (ids[k].len > 0)
                                j->items[j->n++] = (struct join){ids[k], i, k};
                }
        }
        for (uint32_t i = 0; i < j->n; i++)
                j->order[i] = (struct clew_sort_entry){
                        .key = clew_hash_seeded(j->items[i].value, j->items[i].key),
                        .item = &j->items[i]};
        clew_sort(j->order, scratch, j->n, NULL);
        return 0;
}

/* The topmost step with that id, or NONE. */
static uint32_t find_join(const struct joins *j, uint32_t key, struct clew_slice value)
{
        uint64_t hash = clew_hash_seeded(value, key);
        uint32_t low = 0;
        uint32_t high = j->n;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (j->order[mid].key < hash)
                        low = mid + 1;
                else
                        high = mid;
        }
        for (; low < j->n && j->order[low].key == hash; low++) {
                const struct join *join = j->order[low].item;

                if (join->key == key && clew_slice_eq(join->value, value))
                        return join->step;
        }
        return NONE;
}

static int join_logs(struct clew_builder *b, struct clew_step_log *logs, uint32_t *steps,
                     uint32_t n)
{
        struct joins joins = {0};

        for (uint32_t i = 0; i < n; i++) {
                bool claude = is_claude_code(&logs[i]);
                struct clew_slice ids[N_KEYS];

                if ((steps[i] != NONE && !claude) ||
                    ids_among(clew_log_attributes(&logs[i].record), ids) == 0)
                        continue;
                if (!joins.items && index_steps(b, &joins) < 0)
                        return -ENOMEM;
                for (uint32_t k = 0; k < (steps[i] == NONE ? N_KEYS : N_FINE_KEYS); k++) {
                        uint32_t step = ids[k].len > 0 ? find_join(&joins, k, ids[k]) : NONE;

                        if (step == NONE)
                                continue;
                        if (step != steps[i])
                                logs[i].joined_by = join_keys[k];
                        steps[i] = step;
                        break;
                }
        }
        return 0;
}

/* Records of no trace, given along with those of this one, stay only where an id joined them.
 * Returns how many are left. */
static uint32_t drop_strangers(const struct clew_trace *trace, bool own, struct clew_step_log *logs,
                               uint32_t *steps, uint32_t n)
{
        uint32_t kept = 0;

        for (uint32_t i = 0; i < n; i++) {
                if (steps[i] == NONE && !own &&
                    !clew_trace_id_eq(&logs[i].record.trace_id, &trace->id) && trace->n_steps > 0)
                        continue;
                logs[kept] = logs[i];
                steps[kept++] = steps[i];
        }
        return kept;
}

/* ---- attaching --------------------------------------------------------------------------------
 */

/* Counting sort by step; records that match no step come last. */
static void sort_by_step(struct clew_trace *trace, const struct clew_step_log *unsorted,
                         const uint32_t *steps, uint32_t n, struct clew_step_log *sorted)
{
        uint32_t at = 0;

        for (uint32_t i = 0; i < n; i++) {
                if (steps[i] != NONE)
                        trace->steps[steps[i]].n_logs++;
        }
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                trace->steps[i].logs = at;
                at += trace->steps[i].n_logs;
                trace->steps[i].n_logs = 0;
        }
        for (uint32_t i = 0; i < n; i++) {
                struct clew_step *step = steps[i] == NONE ? NULL : &trace->steps[steps[i]];

                if (step)
                        sorted[step->logs + step->n_logs++] = unsorted[i];
                else
                        sorted[at + trace->n_loose_logs++] = unsorted[i];
        }
}

static uint64_t time_of(const struct clew_step_log *log)
{
        return log->record.time_ns ? log->record.time_ns : log->record.observed_ns;
}

/* Records of one step by their time: batches of several exporters arrive in any order, and what was
 * said follows from it. Records of the same time stay as they came. */
static int sort_by_time(struct clew_builder *b, struct clew_step_log *logs, uint32_t n)
{
        struct clew_sort_entry *order;
        struct clew_step_log *copy;
        uint32_t i = 1;

        while (i < n && time_of(&logs[i - 1]) <= time_of(&logs[i]))
                i++;
        if (i >= n)
                return 0;
        order = clew_arena_calloc(b->arena, 2 * (size_t)n, sizeof(*order));
        copy = clew_arena_alloc(b->arena, n * sizeof(*copy));
        if (!order || !copy)
                return -ENOMEM;
        memcpy(copy, logs, n * sizeof(*copy));
        for (i = 0; i < n; i++)
                order[i] = (struct clew_sort_entry){.key = time_of(&copy[i]), .item = &copy[i]};
        clew_sort(order, order + n, n, NULL);
        for (i = 0; i < n; i++)
                logs[i] = *(const struct clew_step_log *)order[i].item;
        return 0;
}

int clew_logs_attach(struct clew_builder *b, struct clew_slice logs)
{
        struct clew_trace *trace = b->trace;
        uint32_t max = count_logs(logs);
        struct clew_step_log *unsorted;
        struct clew_step_log *sorted;
        uint32_t *places;
        uint32_t *steps;
        uint32_t n;

        if (max == 0)
                return 0;
        unsorted = clew_arena_calloc(b->arena, max, sizeof(*unsorted));
        sorted = clew_arena_calloc(b->arena, max, sizeof(*sorted));
        steps = clew_arena_calloc(b->arena, max, sizeof(*steps));
        places = clew_arena_calloc(b->arena, max, sizeof(*places));
        if (!unsorted || !sorted || !steps || !places)
                return -ENOMEM;
        n = read_logs(b, logs, max, unsorted, steps, places);
        if (join_logs(b, unsorted, steps, n) < 0)
                return -ENOMEM;
        use_places(unsorted, steps, places, n);
        n = drop_strangers(trace, b->made.len > 0 || b->options->joined, unsorted, steps, n);
        sort_by_step(trace, unsorted, steps, n, sorted);
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *step = &trace->steps[i];

                if (step->n_logs > 1 && sort_by_time(b, sorted + step->logs, step->n_logs) < 0)
                        return -ENOMEM;
        }
        trace->logs = sorted;
        trace->n_logs = n;
        return 0;
}
