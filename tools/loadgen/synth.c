/*
 * Writes synthetic traces: a root, and nine calls below it that look like HTTP and database work of
 * a shop. Values vary with the span, so that compression is not flattered more than real spans
 * would; keys and most of the words repeat, as they do in life.
 */
#include "tools/loadgen/synth.h"

#include "proto/base/hash.h"
#include "tools/loadgen/put.h"

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

static void put_attributes(struct clew_buffer *out, uint64_t random)
{
        static const char *const routes[] = {"/api/cart", "/api/checkout", "/api/products/{id}",
                                             "/api/recommendations"};
        char text[96];

        clew_put_text(out, 9, "http.request.method",
                      clew_slice_of_cstr((random & 7) ? "GET" : "POST"));
        clew_put_text(out, 9, "http.route", clew_slice_of_cstr(routes[random >> 3 & 3]));
        snprintf(text, sizeof(text), "%s?session=%08x", routes[random >> 3 & 3],
                 (unsigned)(random >> 32));
        clew_put_text(out, 9, "url.path", clew_slice_of_cstr(text));
        clew_put_int(out, 9, "http.response.status_code", (random >> 5 & 63) ? 200 : 503);
        clew_put_int(out, 9, "http.response.body.size", random >> 12 & 0xffff);
        snprintf(text, sizeof(text), "10.2.%u.%u", (unsigned)(random >> 20 & 15),
                 (unsigned)(random >> 24 & 255));
        clew_put_text(out, 9, "client.address", clew_slice_of_cstr(text));
        clew_put_text(out, 9, "server.address",
                      clew_slice_of_cstr("frontend-proxy.shop.svc.cluster.local"));
        clew_put_int(out, 9, "server.port", 8080);
        clew_put_text(out, 9, "network.protocol.version", clew_slice_of_cstr("1.1"));
        clew_put_text(out, 9, "user_agent.original",
                      clew_slice_of_cstr("shop-client/2.4 (load; linux x86_64; synthetic)"));
        snprintf(text, sizeof(text), "user-%05u", (unsigned)(random >> 40 & 0xfff));
        clew_put_text(out, 9, "enduser.id", clew_slice_of_cstr(text));
}

static void put_span(struct clew_buffer *out, uint64_t seed, uint64_t trace, unsigned i,
                     uint64_t start_ns)
{
        uint64_t trace_id[2] = {noise(seed, trace, 1000), noise(seed, trace, 1001)};
        uint64_t span_id = noise(seed, trace, i), parent = noise(seed, trace, i / 3);
        uint64_t random = noise(seed, trace, 2000 + i);
        CLEW_BUFFER span = {0};

        clew_buffer_init(&span, SPAN_BYTES_MAX);
        clew_put_nested(&span, 1, clew_slice_make(trace_id, sizeof(trace_id)));
        clew_put_nested(&span, 2, clew_slice_make(&span_id, sizeof(span_id)));
        if (i > 0)
                clew_put_nested(&span, 4, clew_slice_make(&parent, sizeof(parent)));
        clew_put_nested(&span, 5, clew_slice_of_cstr((random & 7) ? "GET /api" : "POST /api"));
        clew_buffer_append_byte(&span, 6u << 3);
        clew_buffer_append_varint(&span, i ? 3 : 2); /* client below a server root */
        clew_put_fixed64(&span, 7, start_ns + i * SPAN_GAP_NS);
        clew_put_fixed64(&span, 8, start_ns + (2 * CLEW_SYNTH_TRACE_SPANS - i) * SPAN_GAP_NS);
        put_attributes(&span, random);
        clew_put_nested(out, 2, clew_buffer_slice(&span));
}

int clew_synth_add(struct clew_corpus *corpus, size_t n_spans, uint64_t seed, uint64_t start_ns)
{
        CLEW_BUFFER spans = {0}, resource = {0}, resource_spans = {0}, record = {0};
        size_t n_traces = (n_spans + CLEW_SYNTH_TRACE_SPANS - 1) / CLEW_SYNTH_TRACE_SPANS;
        int rc = 0;

        clew_buffer_init(&resource, SPAN_BYTES_MAX);
        clew_put_text(&resource, 1, "service.name", clew_slice_of_cstr("frontend"));
        clew_put_text(&resource, 1, "service.version", clew_slice_of_cstr("1.12.0"));
        clew_put_text(&resource, 1, "host.name", clew_slice_of_cstr("node-7"));
        clew_buffer_init(&spans, RECORD_BYTES_MAX);
        clew_buffer_init(&resource_spans, RECORD_BYTES_MAX);
        clew_buffer_init(&record, RECORD_BYTES_MAX);
        for (size_t t = 0; rc == 0 && t < n_traces; t++) {
                clew_buffer_clear(&spans);
                clew_buffer_clear(&resource_spans);
                clew_buffer_clear(&record);
                for (unsigned i = 0; i < CLEW_SYNTH_TRACE_SPANS; i++)
                        put_span(&spans, seed, t, i, start_ns + t * TRACE_GAP_NS);
                clew_put_nested(&resource_spans, 1, clew_buffer_slice(&resource));
                clew_put_nested(&resource_spans, 2, clew_buffer_slice(&spans));
                clew_put_nested(&record, 1, clew_buffer_slice(&resource_spans));
                rc = clew_buffer_error(&record);
                if (rc == 0)
                        rc = clew_corpus_add(corpus, clew_buffer_slice(&record));
        }
        return rc;
}
