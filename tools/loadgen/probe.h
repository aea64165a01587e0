/*
 * Measures how long after its ack a span can be read: by id, and in the list.
 *
 * A probe opens the collector's store for reading from outside, as `clew` does, and asks until the
 * span is there.
 */
#ifndef CLEW_TOOLS_LOADGEN_PROBE_H
#define CLEW_TOOLS_LOADGEN_PROBE_H

#include "proto/base/error.h"
#include "proto/base/ids.h"

#include <stdint.h>

struct clew_probe;

/* Opens the store in @dir. Errors as clew_store_open(). */
CLEW_MUST_USE int clew_probe_new(const char *dir, struct clew_probe **ret, struct clew_error *err);
void clew_probe_free(struct clew_probe *probe); /* NULL is fine */

/*
 * Waits until the trace can be loaded with the span in it and has an entry for the list. Returns
 * the time that took in ns, or UINT64_MAX when it did not happen within five seconds. The
 * signature is that of clew_sender_options.probe.
 */
uint64_t clew_probe_wait(void *probe, const struct clew_trace_id *trace,
                         const struct clew_span_id *span);

#endif
