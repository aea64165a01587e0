/*
 * Small spans as an APM agent sends them: about 500 bytes, 11 attributes, 10 spans to a trace.
 */
#ifndef CLEW_TOOLS_LOADGEN_SYNTH_H
#define CLEW_TOOLS_LOADGEN_SYNTH_H

#include "tools/loadgen/corpus.h"

#define CLEW_SYNTH_TRACE_SPANS 10u

/* Adds @n_spans spans (rounded up to whole traces) that begin at @start_ns. The same @seed and
 * start give the same bytes. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_synth_add(struct clew_corpus *corpus, size_t n_spans, uint64_t seed,
                                 uint64_t start_ns);

#endif
