#include "tests/crash/workload.h"

#include "proto/base/mem.h"
#include "proto/otlp/span.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_BYTES_MAX (4u << 20)
#define START_NS 1700000000000000000ull
#define FAR_TRACES 1000000u /* numbers of the traces that are shared by distant requests */

static uint64_t mix(uint64_t x)
{
        x += 0x9e3779b97f4a7c15ull;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
        return x ^ (x >> 31);
}

int clew_work_init(struct clew_work *work, uint64_t seed)
{
        memset(work, 0, sizeof(*work));
        work->seed = seed;
        clew_arena_init(&work->arena, 64u << 20);
        clew_buffer_init(&work->request, REQUEST_BYTES_MAX);
        clew_buffer_init(&work->fragment_bytes, REQUEST_BYTES_MAX);
        work->encoder = clew_fragment_encoder_new();
        return work->encoder ? 0 : -ENOMEM;
}

void clew_work_deinit(struct clew_work *work)
{
        clew_fragment_encoder_free(work->encoder);
        clew_buffer_deinit(&work->fragment_bytes);
        clew_buffer_deinit(&work->request);
        clew_arena_deinit(&work->arena);
}

/* ---- making requests ------------------------------------------------------------------------- */

static void put_bytes(struct clew_buffer *out, uint32_t field, const void *data, size_t length)
{
        clew_buffer_append_varint(out, (uint64_t)field << 3 | 2);
        clew_buffer_append_varint(out, length);
        clew_buffer_append(out, data, length);
}

static void put_message(struct clew_buffer *out, uint32_t field, struct clew_buffer *inner)
{
        put_bytes(out, field, inner->data, inner->len);
        clew_buffer_clear(inner);
}

static void put_fixed64(struct clew_buffer *out, uint32_t field, uint64_t value)
{
        clew_buffer_append_varint(out, (uint64_t)field << 3 | 1);
        clew_buffer_append_le64(out, value);
}

/* KeyValue { key, AnyValue { string } } as field @field of @out. */
static void put_attribute(struct clew_buffer *out, uint32_t field, const char *key,
                          struct clew_slice text)
{
        CLEW_BUFFER value = {0};
        CLEW_BUFFER pair = {0};

        clew_buffer_init(&value, REQUEST_BYTES_MAX);
        clew_buffer_init(&pair, REQUEST_BYTES_MAX);
        put_bytes(&value, 1, text.data, text.len);
        put_bytes(&pair, 1, key, strlen(key));
        put_message(&pair, 2, &value);
        put_message(out, field, &pair);
        out->error = out->error ? out->error : pair.error ? pair.error : value.error;
}

/* Sixteen letters. */
static void put_noise(struct clew_buffer *out, uint64_t bits)
{
        uint8_t letters[16];

        for (unsigned i = 0; i < sizeof(letters); i++)
                letters[i] = (uint8_t)('a' + (bits >> (4 * i) & 15));
        clew_buffer_append(out, letters, sizeof(letters));
}

/* Half repetitive, half noise, of very different lengths: inline, overflow and many pages. */
static void put_payload(struct clew_buffer *out, uint64_t key)
{
        CLEW_BUFFER text = {0};
        size_t length = 100 + mix(key) % 3000;

        if (mix(key + 1) % 16 == 0)
                length = 40000 + mix(key + 2) % 200000;
        clew_buffer_init(&text, REQUEST_BYTES_MAX);
        while (text.len < length && !text.error) {
                clew_buffer_append_cstr(&text, "You are an agent that follows the policy. ");
                for (unsigned i = 0; i < 6; i++)
                        put_noise(&text, mix(key * 31 + text.len));
        }
        put_attribute(out, 9, "input.value", clew_buffer_slice(&text));
        out->error = out->error ? out->error : text.error;
}

static void span_trace_id(const struct clew_work *work, uint64_t i, unsigned k, uint8_t ret[16])
{
        uint64_t number = k & 1 ? FAR_TRACES + i / 16 : i / 4;
        uint64_t high = mix(work->seed ^ (number * 2)), low = mix(work->seed + number * 2 + 1) | 1;

        memcpy(ret, &high, 8);
        memcpy(ret + 8, &low, 8);
}

static void put_span(struct clew_work *work, struct clew_buffer *out, uint64_t i, unsigned k)
{
        uint64_t span_id = i << 8 | (k + 1);
        CLEW_BUFFER span = {0};
        uint8_t trace_id[16];

        clew_buffer_init(&span, REQUEST_BYTES_MAX);
        span_trace_id(work, i, k, trace_id);
        put_bytes(&span, 1, trace_id, sizeof(trace_id));
        put_bytes(&span, 2, &span_id, sizeof(span_id));
        put_bytes(&span, 5, "step", 4);
        put_fixed64(&span, 7, START_NS + i * 1000000);
        put_fixed64(&span, 8, START_NS + i * 1000000 + 500000);
        put_payload(&span, work->seed ^ (i * 64 + k));
        put_bytes(&span, 999, &i, sizeof(i)); /* a field that nobody knows must survive too */
        put_message(out, 2, &span);
        out->error = out->error ? out->error : span.error;
}

int clew_work_make(struct clew_work *work, uint64_t i)
{
        static const char *const services[] = {"airline-agent", "retail-agent", "coder"};
        unsigned n = 1 + (unsigned)(mix(work->seed + i) % CLEW_WORK_SPANS_MAX);
        CLEW_BUFFER resource = {0};
        CLEW_BUFFER scope_spans = {0};
        CLEW_BUFFER resource_spans = {0};
        int r = 0;

        clew_buffer_init(&resource, REQUEST_BYTES_MAX);
        clew_buffer_init(&scope_spans, REQUEST_BYTES_MAX);
        clew_buffer_init(&resource_spans, REQUEST_BYTES_MAX);
        work->made = false;
        clew_buffer_clear(&work->request);
        for (unsigned odd = 0; odd < 2 && odd < n; odd++) {
                const char *service = services[(i / 16 + odd) % 3];

                put_attribute(&resource, 1, "service.name", clew_slice_of_cstr(service));
                put_message(&resource_spans, 1, &resource);
                for (unsigned k = odd; k < n; k += 2)
                        put_span(work, &scope_spans, i, k);
                r = r ? r : clew_buffer_error(&scope_spans);
                put_message(&resource_spans, 2, &scope_spans);
                r = r ? r : clew_buffer_error(&resource_spans);
                put_message(&work->request, 1, &resource_spans);
        }
        r = r ? r : clew_buffer_error(&work->request);
        if (r)
                return r;
        clew_arena_reset(&work->arena);
        r = clew_otlp_walk(clew_buffer_slice(&work->request), CLEW_OTLP_TRACES, &work->arena,
                           &work->batch, NULL);
        work->made = r == 0;
        work->made_number = i;
        return r;
}

/* A work that holds request @i already needs no memory for it: faults then hit the store alone. */
static int make_once(struct clew_work *work, uint64_t i)
{
        return work->made && work->made_number == i ? 0 : clew_work_make(work, i);
}

int clew_work_append(struct clew_work *work, struct clew_store *store, uint64_t i,
                     struct clew_error *err)
{
        struct clew_fragment fragments[CLEW_WORK_SPANS_MAX];
        size_t ends[CLEW_WORK_SPANS_MAX];
        int r = make_once(work, i);

        clew_buffer_clear(&work->fragment_bytes);
        for (size_t t = 0; r == 0 && t < work->batch.n_traces; t++) {
                r = clew_fragment_encode(work->encoder, &work->batch, &work->batch.traces[t],
                                         START_NS + i, &work->fragment_bytes);
                ends[t] = work->fragment_bytes.len;
        }
        if (r)
                return clew_error_set(err, r, 0, "workload: request %llu cannot be made",
                                      (unsigned long long)i);
        for (size_t t = 0; t < work->batch.n_traces; t++) {
                size_t begin = t ? ends[t - 1] : 0;

                fragments[t] = (struct clew_fragment){
                        .trace_id = work->batch.traces[t].id,
                        .bytes = clew_slice_make(work->fragment_bytes.data + begin,
                                                 ends[t] - begin)};
        }
        return clew_store_append(store, fragments, work->batch.n_traces, err);
}

static int seal(struct clew_store *store, size_t budget_bytes, struct clew_error *err)
{
        const struct clew_seal_options options = {.idle_ns = 0, .budget_bytes = budget_bytes};
        struct clew_seal_stats stats;

        return clew_store_seal(store, &options, &stats, err);
}

int clew_work_seal(struct clew_store *store, struct clew_error *err)
{
        return seal(store, 0, err);
}

int clew_work_seal_some(struct clew_store *store, struct clew_error *err)
{
        return seal(store, 1, err);
}

/* ---- judging ----------------------------------------------------------------------------------
 */

/* 1 = there and equal, 0 = absent, -1 = there with other bytes or twice. */
static int find_span(struct clew_slice data, struct clew_slice raw)
{
        struct clew_otlp_reader reader = clew_otlp_reader_make(data);
        struct clew_span wanted, span;
        struct clew_slice at;
        int found = 0;

        if (!clew_span_parse(raw, &wanted))
                return -1;
        while (clew_otlp_read(&reader, &at, NULL)) {
                if (!clew_span_parse(at, &span) || !clew_span_id_eq(&span.span_id, &wanted.span_id))
                        continue;
                if (found || !clew_slice_eq(at, raw))
                        return -1;
                found = 1;
        }
        return found;
}

int clew_work_find(struct clew_work *work, struct clew_view *view, uint64_t i,
                   enum clew_work_found *ret, struct clew_error *err)
{
        size_t n_found = 0;
        int r = make_once(work, i);

        for (size_t t = 0; r == 0 && t < work->batch.n_traces; t++) {
                const struct clew_otlp_trace *trace = &work->batch.traces[t];
                struct clew_trace_data data;

                r = clew_view_load(view, &trace->id, &data, err);
                if (r == -ENOENT) {
                        r = 0;
                        continue;
                }
                for (uint32_t at = trace->first; r == 0 && at != UINT32_MAX;
                     at = work->batch.items[at].next) {
                        int found = find_span(data.traces, work->batch.items[at].raw);

                        if (found < 0) {
                                *ret = CLEW_WORK_WRONG;
                                return 0;
                        }
                        n_found += (size_t)found;
                }
        }
        if (r)
                return r;
        *ret = n_found == 0                     ? CLEW_WORK_NONE
               : n_found == work->batch.n_items ? CLEW_WORK_ALL
                                                : CLEW_WORK_SOME;
        return 0;
}

/* Every span of @data must be one that a request below @n_sent has. */
static bool all_known(struct clew_work *work, struct clew_slice data, uint64_t n_sent)
{
        struct clew_otlp_reader reader = clew_otlp_reader_make(data);
        const struct clew_otlp_batch *batch = &work->batch;
        struct clew_slice raw;

        while (clew_otlp_read(&reader, &raw, NULL)) {
                struct clew_span span;
                uint64_t number;
                bool known = false;

                if (!clew_span_parse(raw, &span))
                        return false;
                memcpy(&number, span.span_id.bytes, sizeof(number));
                if (number >> 8 >= n_sent)
                        return false;
                if (work->made_before)
                        batch = &work->made_before[number >> 8].batch;
                else if (clew_work_make(work, number >> 8) != 0)
                        return false;
                for (size_t k = 0; k < batch->n_items; k++)
                        known = known || clew_slice_eq(batch->items[k].raw, raw);
                if (!known)
                        return false;
        }
        return true;
}

static int check_entry(struct clew_work *work, struct clew_view *view,
                       const struct clew_trace_id *id, uint64_t n_sent, struct clew_error *err)
{
        char hex[CLEW_TRACE_ID_HEX];
        struct clew_trace_data data;
        struct clew_trace_id found[2];
        int r;

        clew_trace_id_to_hex(id, hex);
        r = clew_view_find(view, id, 2 * CLEW_TRACE_ID_BYTES, found, 2, err);
        if (r < 0)
                return r;
        if (r != 1 || !clew_trace_id_eq(&found[0], id))
                return clew_error_set(err, 1, 0, "%s is listed but not found by its id", hex);
        r = clew_view_load(view, id, &data, err);
        if (r == -ENOENT)
                return clew_error_set(err, 1, 0, "%s is listed but not there", hex);
        if (r < 0)
                return r;
        if (data.traces.len == 0 || !all_known(work, data.traces, n_sent))
                return clew_error_set(err, 1, 0, "%s holds a span that was not sent", hex);
        return 0;
}

int clew_work_check_all(struct clew_work *work, struct clew_view *view, uint64_t n_sent,
                        struct clew_error *err)
{
        struct clew_list_entry entry, last;
        struct clew_store_stats stats;
        uint64_t n = 0;
        int r = clew_view_list(view, NULL, err);

        while (r == 0) {
                r = clew_view_next(view, &entry, err);
                if (r <= 0)
                        break;
                if (n &&
                    (entry.start_ns > last.start_ns ||
                     (entry.start_ns == last.start_ns && clew_trace_id_eq(&entry.id, &last.id))))
                        return clew_error_set(err, 1, 0, "the list is out of order at entry %llu",
                                              (unsigned long long)n);
                last = entry;
                n++;
                r = check_entry(work, view, &entry.id, n_sent, err);
        }
        if (r)
                return r;
        r = clew_view_stats(view, &stats, err);
        if (r == 0 && stats.traces != n)
                r = clew_error_set(err, 1, 0, "the list has %llu traces, the counter says %llu",
                                   (unsigned long long)n, (unsigned long long)stats.traces);
        return r;
}

static int summarize(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                     struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        struct clew_otlp_reader reader = clew_otlp_reader_make(traces);
        uint64_t least = UINT64_MAX, n = 0;
        struct clew_slice raw;

        (void)context;
        (void)id;
        (void)logs;
        while (clew_otlp_read(&reader, &raw, NULL)) {
                struct clew_span span;

                if (!clew_span_parse(raw, &span))
                        return -EBADMSG;
                least = span.start_ns < least ? span.start_ns : least;
                n++;
        }
        clew_buffer_append_le64(out, n);
        *ret_start_ns = least;
        return clew_buffer_error(out);
}

const struct clew_deriver clew_work_deriver = {.version = 1, .summarize = summarize};
