/*
 * Writes synthetic traces: a root, and nine calls below it that look like HTTP and database work of
 * a shop. Values vary with the span, so that compression is not flattered more than real spans
 * would; keys and most of the words repeat, as they do in life.
 */
#include "tools/loadgen/synth.h"

#include "proto/base/hash.h"

#include <stdio.h>

#define SPAN_BYTES_MAX 4096u
#define RECORD_BYTES_MAX (64u << 10) /* ten spans of half a kilobyte need a tenth of it */
#define SPAN_GAP_NS 1000000ull       /* spans of a trace start a millisecond apart */
#define TRACE_GAP_NS 20000000ull     /* traces start 20 ms apart */

static uint64_t noise(uint64_t seed, uint64_t trace, uint64_t i)
{
        uint64_t words[2] = {trace, i};

        return clew_hash_seeded(clew_slice_make(words, sizeof(words)), seed);
}

static void put_nested(struct clew_buffer *out, uint32_t field, struct clew_slice body)
{
        clew_buffer_append_byte(out, (uint8_t)(field << 3 | 2u));
        clew_buffer_append_varint(out, body.len);
        clew_buffer_append_slice(out, body);
}

static void put_fixed64(struct clew_buffer *out, uint32_t field, uint64_t value)
{
        clew_buffer_append_byte(out, (uint8_t)(field << 3 | 1u));
        clew_buffer_append_le64(out, value);
}

/* KeyValue { key = 1, value = 2 { string_value = 1 | int_value = 3 } } as field @field. */
static void put_string(struct clew_buffer *out, uint32_t field, const char *key, const char *value)
{
        CLEW_BUFFER any = {0}, pair = {0};

        clew_buffer_init(&any, SPAN_BYTES_MAX);
        clew_buffer_init(&pair, SPAN_BYTES_MAX);
        put_nested(&any, 1, clew_slice_of_cstr(value));
        put_nested(&pair, 1, clew_slice_of_cstr(key));
        put_nested(&pair, 2, clew_buffer_slice(&any));
        put_nested(out, field, clew_buffer_slice(&pair));
}

static void put_int(struct clew_buffer *out, const char *key, uint64_t value)
{
        CLEW_BUFFER any = {0}, pair = {0};

        clew_buffer_init(&any, SPAN_BYTES_MAX);
        clew_buffer_init(&pair, SPAN_BYTES_MAX);
        clew_buffer_append_byte(&any, 3u << 3);
        clew_buffer_append_varint(&any, value);
        put_nested(&pair, 1, clew_slice_of_cstr(key));
        put_nested(&pair, 2, clew_buffer_slice(&any));
        put_nested(out, 9, clew_buffer_slice(&pair));
}

static void put_attributes(struct clew_buffer *out, uint64_t random)
{
        static const char *const routes[] = {"/api/cart", "/api/checkout", "/api/products/{id}",
                                             "/api/recommendations"};
        char text[96];

        put_string(out, 9, "http.request.method", (random & 7) ? "GET" : "POST");
        put_string(out, 9, "http.route", routes[random >> 3 & 3]);
        snprintf(text, sizeof(text), "%s?session=%08x", routes[random >> 3 & 3],
                 (unsigned)(random >> 32));
        put_string(out, 9, "url.path", text);
        put_int(out, "http.response.status_code", (random >> 5 & 63) ? 200 : 503);
        put_int(out, "http.response.body.size", random >> 12 & 0xffff);
        snprintf(text, sizeof(text), "10.2.%u.%u", (unsigned)(random >> 20 & 15),
                 (unsigned)(random >> 24 & 255));
        put_string(out, 9, "client.address", text);
        put_string(out, 9, "server.address", "frontend-proxy.shop.svc.cluster.local");
        put_int(out, "server.port", 8080);
        put_string(out, 9, "network.protocol.version", "1.1");
        put_string(out, 9, "user_agent.original",
                   "shop-client/2.4 (load; linux x86_64; synthetic)");
        snprintf(text, sizeof(text), "user-%05u", (unsigned)(random >> 40 & 0xfff));
        put_string(out, 9, "enduser.id", text);
}

static void put_span(struct clew_buffer *out, uint64_t seed, uint64_t trace, unsigned i,
                     uint64_t start_ns)
{
        uint64_t trace_id[2] = {noise(seed, trace, 1000), noise(seed, trace, 1001)};
        uint64_t span_id = noise(seed, trace, i), parent = noise(seed, trace, i / 3);
        uint64_t random = noise(seed, trace, 2000 + i);
        CLEW_BUFFER span = {0};

        clew_buffer_init(&span, SPAN_BYTES_MAX);
        put_nested(&span, 1, clew_slice_make(trace_id, sizeof(trace_id)));
        put_nested(&span, 2, clew_slice_make(&span_id, sizeof(span_id)));
        if (i > 0)
                put_nested(&span, 4, clew_slice_make(&parent, sizeof(parent)));
        put_nested(&span, 5, clew_slice_of_cstr((random & 7) ? "GET /api" : "POST /api"));
        clew_buffer_append_byte(&span, 6u << 3);
        clew_buffer_append_varint(&span, i ? 3 : 2); /* client below a server root */
        put_fixed64(&span, 7, start_ns + i * SPAN_GAP_NS);
        put_fixed64(&span, 8, start_ns + (2 * CLEW_SYNTH_TRACE_SPANS - i) * SPAN_GAP_NS);
        put_attributes(&span, random);
        put_nested(out, 2, clew_buffer_slice(&span));
}

int clew_synth_add(struct clew_corpus *corpus, size_t n_spans, uint64_t seed, uint64_t start_ns)
{
        CLEW_BUFFER spans = {0}, resource = {0}, resource_spans = {0}, record = {0};
        size_t n_traces = (n_spans + CLEW_SYNTH_TRACE_SPANS - 1) / CLEW_SYNTH_TRACE_SPANS;
        int rc = 0;

        clew_buffer_init(&resource, SPAN_BYTES_MAX);
        put_string(&resource, 1, "service.name", "frontend");
        put_string(&resource, 1, "service.version", "1.12.0");
        put_string(&resource, 1, "host.name", "node-7");
        clew_buffer_init(&spans, RECORD_BYTES_MAX);
        clew_buffer_init(&resource_spans, RECORD_BYTES_MAX);
        clew_buffer_init(&record, RECORD_BYTES_MAX);
        for (size_t t = 0; rc == 0 && t < n_traces; t++) {
                clew_buffer_clear(&spans);
                clew_buffer_clear(&resource_spans);
                clew_buffer_clear(&record);
                for (unsigned i = 0; i < CLEW_SYNTH_TRACE_SPANS; i++)
                        put_span(&spans, seed, t, i, start_ns + t * TRACE_GAP_NS);
                put_nested(&resource_spans, 1, clew_buffer_slice(&resource));
                put_nested(&resource_spans, 2, clew_buffer_slice(&spans));
                put_nested(&record, 1, clew_buffer_slice(&resource_spans));
                rc = clew_buffer_error(&record);
                if (rc == 0)
                        rc = clew_corpus_add(corpus, clew_buffer_slice(&record));
        }
        return rc;
}
