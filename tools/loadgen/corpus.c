/*
 * Cuts records into spans and builds requests.
 *
 * A span is kept as the byte range it had in its record. What stands round it (all fields of its
 * ResourceSpans and ScopeSpans except the spans) is interned as an "envelope", so that spans of one
 * sender share one ResourceSpans in a request, as they do when a real SDK exports them.
 * Fixed-width fields that a pass changes (trace ids of spans and links, times of spans and events)
 * are found once and remembered as offsets into the request.
 */
#include "tools/loadgen/corpus.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "tools/loadgen/put.h"

#include <errno.h>
#include <stdlib.h>

#define REQUEST_BYTES_MAX (1024u << 20) /* one span may be this large at most */
#define PASS_STEP_NS 3600000000000ull   /* each pass lies an hour behind the one before */

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Field numbers of opentelemetry/proto/trace/v1. */
enum {
        TRACES_RESOURCE_SPANS = 1,
        RESOURCE_SPANS_SCOPE_SPANS = 2,
        SCOPE_SPANS_SPANS = 2,
        SPAN_TRACE_ID = 1,
        SPAN_SPAN_ID = 2,
        SPAN_START = 7,
        SPAN_END = 8,
        SPAN_EVENTS = 11,
        SPAN_LINKS = 13,
        EVENT_TIME = 1,
        LINK_TRACE_ID = 1,
};

enum patch_kind { PATCH_TRACE_ID, PATCH_TIME };

struct clew_request_patch {
        uint32_t offset;
        enum patch_kind kind;
};

struct envelope {
        struct clew_buffer resource; /* fields of ResourceSpans without its ScopeSpans */
        struct clew_buffer scope;    /* fields of ScopeSpans without its spans */
        uint64_t hash;
};

struct span {
        struct clew_slice raw; /* in one of the corpus' records */
        struct clew_trace_id trace_id;
        struct clew_span_id span_id;
        uint64_t end_ns;
        uint32_t envelope;
        uint32_t trace; /* number of the trace in order of first appearance */
};

struct clew_corpus {
        uint8_t **records; /* owned copies that spans point into */
        size_t n_records;
        struct envelope *envelopes;
        size_t n_envelopes;
        struct span *spans;
        size_t n_spans;
        size_t n_traces;
        struct clew_load_request *requests;
        size_t n_requests;
};

struct field {
        uint32_t number;
        uint32_t type;
        struct clew_slice body;  /* of a WIRE_BYTES field */
        struct clew_slice whole; /* with its tag */
        uint64_t fixed;          /* of a WIRE_FIXED64 field */
        const uint8_t *fixed_at;
};

/* 1 = one field read, 0 = end; c->failed tells a bad end. */
static int next_field(struct clew_cursor *c, struct field *ret)
{
        const uint8_t *begin = c->at;
        uint64_t tag;

        if (clew_cursor_left(c) == 0)
                return 0;
        tag = clew_cursor_varint(c);
        *ret = (struct field){.number = (uint32_t)(tag >> 3), .type = (uint32_t)(tag & 7)};
        switch (ret->type) {
        case WIRE_VARINT:
                (void)clew_cursor_varint(c);
                break;
        case WIRE_FIXED64:
                ret->fixed_at = c->at;
                ret->fixed = clew_cursor_le64(c);
                break;
        case WIRE_BYTES:
                ret->body = clew_cursor_bytes(c, clew_cursor_varint(c));
                break;
        case WIRE_FIXED32:
                (void)clew_cursor_le32(c);
                break;
        default:
                clew_cursor_fail(c);
        }
        if (c->failed)
                return 0;
        ret->whole = clew_slice_make(begin, (size_t)(c->at - begin));
        return 1;
}

/* Makes room for one more element; growth by doubling at powers of two. */
static void *grown(void *array, size_t n, size_t size)
{
        if (n != 0 && (n & (n - 1)) != 0)
                return array;
        return clew_realloc_array(array, n ? 2 * n : 1, size);
}

struct clew_corpus *clew_corpus_new(void)
{
        return clew_calloc(1, sizeof(struct clew_corpus));
}

void clew_corpus_free(struct clew_corpus *corpus)
{
        if (!corpus)
                return;
        for (size_t i = 0; i < corpus->n_records; i++)
                clew_free(corpus->records[i]);
        for (size_t i = 0; i < corpus->n_envelopes; i++) {
                clew_buffer_deinit(&corpus->envelopes[i].resource);
                clew_buffer_deinit(&corpus->envelopes[i].scope);
        }
        for (size_t i = 0; i < corpus->n_requests; i++) {
                clew_buffer_deinit(&corpus->requests[i].bytes);
                clew_free(corpus->requests[i].patches);
        }
        clew_free(corpus->records);
        clew_free(corpus->envelopes);
        clew_free(corpus->spans);
        clew_free(corpus->requests);
        clew_free(corpus);
}

/* ---- adding records -------------------------------------------------------------------------- */

/* Appends all fields of @message but @except to @out. False on malformed bytes. */
static bool copy_other_fields(struct clew_slice message, uint32_t except, struct clew_buffer *out)
{
        struct clew_cursor c = clew_cursor_make(message);
        struct field f;

        while (next_field(&c, &f)) {
                if (f.number != except || f.type != WIRE_BYTES)
                        clew_buffer_append_slice(out, f.whole);
        }
        return !c.failed;
}

/* Finds or adds the envelope; takes nothing from the caller. */
static int intern(struct clew_corpus *corpus, struct clew_slice resource, struct clew_slice scope,
                  uint32_t *ret)
{
        uint64_t hash = clew_hash_seeded(scope, clew_hash(resource));
        struct envelope *e;
        void *p;

        for (size_t i = corpus->n_envelopes; i-- > 0;) {
                e = &corpus->envelopes[i];
                if (e->hash == hash && clew_slice_eq(clew_buffer_slice(&e->resource), resource) &&
                    clew_slice_eq(clew_buffer_slice(&e->scope), scope)) {
                        *ret = (uint32_t)i;
                        return 0;
                }
        }
        p = grown(corpus->envelopes, corpus->n_envelopes, sizeof(*corpus->envelopes));
        if (!p)
                return -ENOMEM;
        corpus->envelopes = p;
        e = &corpus->envelopes[corpus->n_envelopes];
        e->hash = hash;
        clew_buffer_init(&e->resource, REQUEST_BYTES_MAX);
        clew_buffer_init(&e->scope, REQUEST_BYTES_MAX);
        clew_buffer_append_slice(&e->resource, resource);
        clew_buffer_append_slice(&e->scope, scope);
        *ret = (uint32_t)corpus->n_envelopes++;
        return clew_buffer_error(&e->resource) ? clew_buffer_error(&e->resource)
                                               : clew_buffer_error(&e->scope);
}

static int add_span(struct clew_corpus *corpus, struct clew_slice raw, uint32_t envelope)
{
        struct span span = {.raw = raw, .envelope = envelope};
        struct clew_cursor c = clew_cursor_make(raw);
        struct field f;
        void *p;

        while (next_field(&c, &f)) {
                /* Wrong lengths leave a zero id: the server is to judge them, not we. */
                if (f.number == SPAN_TRACE_ID && f.type == WIRE_BYTES)
                        (void)!clew_trace_id_from_bytes(f.body, &span.trace_id);
                else if (f.number == SPAN_SPAN_ID && f.type == WIRE_BYTES)
                        (void)!clew_span_id_from_bytes(f.body, &span.span_id);
                else if (f.number == SPAN_END && f.type == WIRE_FIXED64)
                        span.end_ns = f.fixed;
        }
        if (c.failed)
                return -EBADMSG;
        p = grown(corpus->spans, corpus->n_spans, sizeof(*corpus->spans));
        if (!p)
                return -ENOMEM;
        corpus->spans = p;
        corpus->spans[corpus->n_spans++] = span;
        return 0;
}

static int add_scope_spans(struct clew_corpus *corpus, struct clew_slice resource,
                           struct clew_slice scope_spans)
{
        struct clew_cursor c = clew_cursor_make(scope_spans);
        CLEW_BUFFER scope = {0};
        uint32_t envelope = 0;
        struct field f;
        int rc;

        clew_buffer_init(&scope, REQUEST_BYTES_MAX);
        if (!copy_other_fields(scope_spans, SCOPE_SPANS_SPANS, &scope))
                return -EBADMSG;
        rc = clew_buffer_error(&scope);
        if (rc == 0)
                rc = intern(corpus, resource, clew_buffer_slice(&scope), &envelope);
        while (rc == 0 && next_field(&c, &f)) {
                if (f.number == SCOPE_SPANS_SPANS && f.type == WIRE_BYTES)
                        rc = add_span(corpus, f.body, envelope);
        }
        return rc;
}

static int add_resource_spans(struct clew_corpus *corpus, struct clew_slice resource_spans)
{
        struct clew_cursor c = clew_cursor_make(resource_spans);
        CLEW_BUFFER resource = {0};
        struct field f;
        int rc;

        clew_buffer_init(&resource, REQUEST_BYTES_MAX);
        if (!copy_other_fields(resource_spans, RESOURCE_SPANS_SCOPE_SPANS, &resource))
                return -EBADMSG;
        rc = clew_buffer_error(&resource);
        while (rc == 0 && next_field(&c, &f)) {
                if (f.number == RESOURCE_SPANS_SCOPE_SPANS && f.type == WIRE_BYTES)
                        rc = add_scope_spans(corpus, clew_buffer_slice(&resource), f.body);
        }
        return rc;
}

int clew_corpus_add(struct clew_corpus *corpus, struct clew_slice record)
{
        struct clew_cursor c;
        struct field f;
        uint8_t *copy;
        void *p;
        int rc = 0;

        p = grown(corpus->records, corpus->n_records, sizeof(*corpus->records));
        if (!p)
                return -ENOMEM;
        corpus->records = p;
        copy = clew_malloc(record.len ? record.len : 1);
        if (!copy)
                return -ENOMEM;
        if (record.len)
                memcpy(copy, record.data, record.len);
        corpus->records[corpus->n_records++] = copy;
        c = clew_cursor_make(clew_slice_make(copy, record.len));
        while (rc == 0 && next_field(&c, &f)) {
                if (f.number == TRACES_RESOURCE_SPANS && f.type == WIRE_BYTES)
                        rc = add_resource_spans(corpus, f.body);
        }
        return rc == 0 && c.failed ? -EBADMSG : rc;
}

/* ---- order ----------------------------------------------------------------------------------- */

/* Numbers the traces in order of first appearance, with an open-addressed table of span numbers. */
static int number_traces(struct clew_corpus *corpus)
{
        size_t slots = 16;
        uint32_t *table;

        while (slots < 2 * corpus->n_spans)
                slots *= 2;
        table = clew_calloc(slots, sizeof(*table));
        if (!table)
                return -ENOMEM;
        for (size_t i = 0; i < corpus->n_spans; i++) {
                struct span *span = &corpus->spans[i];
                size_t at = clew_hash(clew_slice_make(span->trace_id.bytes, CLEW_TRACE_ID_BYTES)) &
                            (slots - 1);

                while (table[at] != 0 &&
                       !clew_trace_id_eq(&corpus->spans[table[at] - 1].trace_id, &span->trace_id))
                        at = (at + 1) & (slots - 1);
                if (table[at] == 0) {
                        table[at] = (uint32_t)i + 1;
                        span->trace = (uint32_t)corpus->n_traces++;
                } else {
                        span->trace = corpus->spans[table[at] - 1].trace;
                }
        }
        clew_free(table);
        return 0;
}

static int by_trace_and_end(const void *a, const void *b)
{
        const struct span *x = a, *y = b;

        if (x->trace != y->trace)
                return x->trace < y->trace ? -1 : 1;
        if (x->end_ns != y->end_ns)
                return x->end_ns < y->end_ns ? -1 : 1;
        /* The later in the file is the deeper one, and children end first. */
        return x->raw.data > y->raw.data ? -1 : x->raw.data < y->raw.data;
}

/* Fills @order (n_spans numbers) with the order of sending: @open traces in turn, one span each. */
static int interleave(const struct clew_corpus *corpus, size_t open, size_t *order)
{
        size_t *next, *end; /* per open trace: its next span, and one past its last */
        size_t n_open = 0, at = 0, out = 0;

        next = clew_calloc(2 * open, sizeof(*next));
        if (!next)
                return -ENOMEM;
        end = next + open;
        while (out < corpus->n_spans) {
                for (; n_open < open && at < corpus->n_spans; n_open++) {
                        next[n_open] = at;
                        while (at < corpus->n_spans &&
                               corpus->spans[at].trace == corpus->spans[next[n_open]].trace)
                                at++;
                        end[n_open] = at;
                }
                for (size_t i = 0; i < n_open;) {
                        order[out++] = next[i]++;
                        if (next[i] < end[i]) {
                                i++;
                                continue;
                        }
                        n_open--;
                        next[i] = next[n_open];
                        end[i] = end[n_open];
                }
        }
        clew_free(next);
        return 0;
}

/* ---- encoding -------------------------------------------------------------------------------- */

static int add_patch(struct clew_load_request *request, const uint8_t *at, enum patch_kind kind)
{
        void *p = grown(request->patches, request->n_patches, sizeof(*request->patches));

        if (!p)
                return -ENOMEM;
        request->patches = p;
        request->patches[request->n_patches++] = (struct clew_request_patch){
                .offset = (uint32_t)(at - request->bytes.data), .kind = kind};
        return 0;
}

static bool is_trace_id(const struct field *f)
{
        return f->type == WIRE_BYTES && f->body.len == CLEW_TRACE_ID_BYTES;
}

/* Looks for one patch in an event or a link. */
static int find_nested_patch(struct clew_load_request *request, struct clew_slice message,
                             bool is_link)
{
        struct clew_cursor c = clew_cursor_make(message);
        struct field f;

        while (next_field(&c, &f)) {
                if (is_link && f.number == LINK_TRACE_ID && is_trace_id(&f))
                        return add_patch(request, f.body.data, PATCH_TRACE_ID);
                if (!is_link && f.number == EVENT_TIME && f.type == WIRE_FIXED64 && f.fixed != 0)
                        return add_patch(request, f.fixed_at, PATCH_TIME);
        }
        return 0;
}

/* @raw is the span inside request->bytes, which does not move any more. */
static int find_patches(struct clew_load_request *request, struct clew_slice raw)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct field f;
        int rc = 0;

        while (rc == 0 && next_field(&c, &f)) {
                if (f.number == SPAN_TRACE_ID && is_trace_id(&f))
                        rc = add_patch(request, f.body.data, PATCH_TRACE_ID);
                else if ((f.number == SPAN_START || f.number == SPAN_END) &&
                         f.type == WIRE_FIXED64 && f.fixed != 0)
                        rc = add_patch(request, f.fixed_at, PATCH_TIME);
                else if ((f.number == SPAN_EVENTS || f.number == SPAN_LINKS) &&
                         f.type == WIRE_BYTES)
                        rc = find_nested_patch(request, f.body, f.number == SPAN_LINKS);
        }
        return rc;
}

/* @order[0..n) are spans of one envelope. */
static int encode_envelope(const struct clew_corpus *corpus, const size_t *order, size_t n,
                           struct clew_load_request *request)
{
        const struct envelope *e = &corpus->envelopes[corpus->spans[order[0]].envelope];
        size_t scope_spans = e->scope.len, resource_spans;
        int rc;

        for (size_t i = 0; i < n; i++)
                scope_spans += clew_put_nested_len(corpus->spans[order[i]].raw.len);
        resource_spans = e->resource.len + clew_put_nested_len(scope_spans);
        /* Reserved at once: patches remember addresses relative to a buffer that stays. */
        if (!clew_buffer_reserve(&request->bytes, clew_put_nested_len(resource_spans)))
                return clew_buffer_error(&request->bytes);
        clew_put_nested_begin(&request->bytes, TRACES_RESOURCE_SPANS, resource_spans);
        clew_buffer_append_slice(&request->bytes, clew_buffer_slice(&e->resource));
        clew_put_nested_begin(&request->bytes, RESOURCE_SPANS_SCOPE_SPANS, scope_spans);
        clew_buffer_append_slice(&request->bytes, clew_buffer_slice(&e->scope));
        for (size_t i = 0; i < n; i++) {
                struct clew_slice raw = corpus->spans[order[i]].raw;
                size_t at;

                clew_put_nested_begin(&request->bytes, SCOPE_SPANS_SPANS, raw.len);
                at = request->bytes.len;
                clew_buffer_append_slice(&request->bytes, raw);
                rc = clew_buffer_error(&request->bytes);
                if (rc == 0)
                        rc = find_patches(request,
                                          clew_slice_make(request->bytes.data + at, raw.len));
                if (rc < 0)
                        return rc;
        }
        return 0;
}

/* Groups @order[0..n) by envelope without changing the order inside one, and encodes. */
static int encode_request(struct clew_corpus *corpus, size_t *order, size_t n)
{
        const struct span *last = &corpus->spans[order[n - 1]];
        struct clew_load_request *request;
        size_t done = 0;
        void *p = grown(corpus->requests, corpus->n_requests, sizeof(*corpus->requests));

        if (!p)
                return -ENOMEM;
        corpus->requests = p;
        request = &corpus->requests[corpus->n_requests++];
        *request = (struct clew_load_request){
                .n_spans = n, .last_trace = last->trace_id, .last_span = last->span_id};
        clew_buffer_init(&request->bytes, REQUEST_BYTES_MAX);
        while (done < n) {
                uint32_t envelope = corpus->spans[order[done]].envelope;
                size_t to = done;
                int rc;

                for (size_t i = done; i < n; i++) {
                        size_t span = order[i];

                        if (corpus->spans[span].envelope != envelope)
                                continue;
                        memmove(&order[to + 1], &order[to], (i - to) * sizeof(*order));
                        order[to++] = span;
                }
                rc = encode_envelope(corpus, order + done, to - done, request);
                if (rc < 0)
                        return rc;
                done = to;
        }
        return 0;
}

int clew_corpus_build(struct clew_corpus *corpus, const struct clew_request_shape *shape)
{
        size_t *order, begin = 0, bytes = 0;
        int rc;

        if (corpus->n_spans == 0)
                return -EINVAL;
        rc = number_traces(corpus);
        if (rc < 0)
                return rc;
        qsort(corpus->spans, corpus->n_spans, sizeof(*corpus->spans), by_trace_and_end);
        order = clew_calloc(corpus->n_spans, sizeof(*order));
        if (!order)
                return -ENOMEM;
        rc = interleave(corpus, shape->interleave ? shape->interleave : 1, order);
        for (size_t i = 0; rc == 0 && i < corpus->n_spans; i++) {
                size_t len = clew_put_nested_len(corpus->spans[order[i]].raw.len);

                if (i > begin && (i - begin >= shape->spans || bytes + len > shape->bytes)) {
                        rc = encode_request(corpus, order + begin, i - begin);
                        begin = i;
                        bytes = 0;
                }
                bytes += len;
        }
        if (rc == 0)
                rc = encode_request(corpus, order + begin, corpus->n_spans - begin);
        clew_free(order);
        return rc;
}

size_t clew_corpus_n_requests(const struct clew_corpus *corpus)
{
        return corpus->n_requests;
}

size_t clew_corpus_n_spans(const struct clew_corpus *corpus)
{
        return corpus->n_spans;
}

size_t clew_corpus_n_traces(const struct clew_corpus *corpus)
{
        return corpus->n_traces;
}

const struct clew_load_request *clew_corpus_request(const struct clew_corpus *corpus, size_t i)
{
        return &corpus->requests[i];
}

/* ---- passes ---------------------------------------------------------------------------------- */

struct clew_pass clew_pass_make(uint64_t seed, uint64_t pass)
{
        struct clew_pass p = {.later_ns = pass * PASS_STEP_NS};
        uint64_t words[2];

        if (seed == 0 && pass == 0)
                return p;
        words[0] = clew_hash_seeded(clew_slice_make(&pass, sizeof(pass)), seed);
        words[1] = clew_hash_seeded(clew_slice_make(words, sizeof(words[0])), seed);
        memcpy(p.id_mask, words, sizeof(p.id_mask));
        return p;
}

struct clew_trace_id clew_pass_apply(const struct clew_pass *pass, struct clew_trace_id id)
{
        /* A zero id stays zero: it is sent to be refused. */
        if (clew_trace_id_is_zero(&id))
                return id;
        for (size_t i = 0; i < CLEW_TRACE_ID_BYTES; i++)
                id.bytes[i] ^= pass->id_mask[i];
        return id;
}

void clew_request_copy(const struct clew_load_request *request, const struct clew_pass *pass,
                       uint8_t *ret)
{
        memcpy(ret, request->bytes.data, request->bytes.len);
        for (size_t i = 0; i < request->n_patches; i++) {
                uint8_t *at = ret + request->patches[i].offset;

                if (request->patches[i].kind == PATCH_TRACE_ID) {
                        struct clew_trace_id id;

                        memcpy(id.bytes, at, sizeof(id.bytes));
                        id = clew_pass_apply(pass, id);
                        memcpy(at, id.bytes, sizeof(id.bytes));
                } else {
                        uint64_t ns; /* little-endian on the wire as on our machines */

                        memcpy(&ns, at, sizeof(ns));
                        ns += pass->later_ns;
                        memcpy(at, &ns, sizeof(ns));
                }
        }
}
