/*
 * Puts single spans into a store, as the pipeline would after a request of one span.
 */
#ifndef CLEW_TESTS_LIB_STORE_APPEND_H
#define CLEW_TESTS_LIB_STORE_APPEND_H

#include "proto/otlp/walk.h"
#include "storage/store.h"
#include "tests/lib/otlp-build.h"

/* Encodes and appends @span of @service, arrived at @arrival_ns. 0 or negative errno. */
CLEW_MUST_USE int test_store_append(struct clew_store *store, const char *service,
                                    const struct test_span *span, uint64_t arrival_ns);

/* Calls @fn with the fragment that this would append. */
CLEW_MUST_USE int
test_with_fragment(const char *service, const struct test_span *span, uint64_t arrival_ns,
                   int (*fn)(void *context, const struct clew_fragment *f, struct clew_error *err),
                   void *context);

/* The same with any request that is of one trace. */
CLEW_MUST_USE int test_store_append_otlp(struct clew_store *store, struct clew_slice request,
                                         enum clew_otlp_signal signal, uint64_t arrival_ns);

#endif
