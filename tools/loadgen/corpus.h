/*
 * What a run sends: spans cut from TracesData records, put together again as export requests of a
 * given size.
 *
 * Records are added first; clew_corpus_build() then mixes the traces as concurrent agents would
 * (K traces open at once, one span of each in turn, spans of a trace in the order of their end,
 * which is the order in which SDKs export) and encodes the requests. One pass over the requests
 * sends each span once. For a further pass, clew_request_copy() gives the bytes with other trace
 * ids and later times, so that the server sees new traces of the same content.
 */
#ifndef CLEW_TOOLS_LOADGEN_CORPUS_H
#define CLEW_TOOLS_LOADGEN_CORPUS_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"

#include <stddef.h>
#include <stdint.h>

struct clew_corpus;

struct clew_request_shape {
        size_t spans;      /* at most that many in a request */
        size_t bytes;      /* a request is ended before it passes this, unless one span does */
        size_t interleave; /* traces open at once, 1 = one after the other */
};

/* One encoded ExportTraceServiceRequest; owned by the corpus. */
struct clew_load_request {
        struct clew_buffer bytes;
        size_t n_spans;
        struct clew_trace_id last_trace; /* of the last span in it, for probing; before a pass is
                                            applied */
        struct clew_span_id last_span;
        struct clew_request_patch *patches; /* owned */
        size_t n_patches;
};

struct clew_corpus *clew_corpus_new(void); /* NULL: no memory */
void clew_corpus_free(struct clew_corpus *corpus);

/* Copies the spans of one TracesData. A span without a valid trace id is taken as its own trace.
 * Returns 0, -EBADMSG (not protobuf), -ENOMEM. */
CLEW_MUST_USE int clew_corpus_add(struct clew_corpus *corpus, struct clew_slice record);

/* Encodes the requests; called once, after the last add. 0, -EINVAL (no span), -ENOMEM. */
CLEW_MUST_USE int clew_corpus_build(struct clew_corpus *corpus,
                                    const struct clew_request_shape *shape);

size_t clew_corpus_n_requests(const struct clew_corpus *corpus);
size_t clew_corpus_n_spans(const struct clew_corpus *corpus);
size_t clew_corpus_n_traces(const struct clew_corpus *corpus);
const struct clew_load_request *clew_corpus_request(const struct clew_corpus *corpus, size_t i);

/* What a pass does to trace ids and times. Pass 0 of seed 0 changes nothing. */
struct clew_pass {
        uint8_t id_mask[CLEW_TRACE_ID_BYTES];
        uint64_t later_ns;
};

struct clew_pass clew_pass_make(uint64_t seed, uint64_t pass);
struct clew_trace_id clew_pass_apply(const struct clew_pass *pass, struct clew_trace_id id);

/* Writes request->bytes.len bytes to @ret. */
void clew_request_copy(const struct clew_load_request *request, const struct clew_pass *pass,
                       uint8_t *ret);

#endif
