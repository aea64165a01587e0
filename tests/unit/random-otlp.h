/*
 * Random OTLP requests from a seed, valid by construction: for property tests, fuzz corpora and
 * benchmarks. Ids come from a small set, so that traces interleave and spans repeat; unknown
 * fields, empty messages, deep values and shuffled field order are part of it.
 */
#ifndef CLEW_TESTS_UNIT_RANDOM_OTLP_H
#define CLEW_TESTS_UNIT_RANDOM_OTLP_H

#include "proto/base/buffer.h"
#include "proto/otlp/walk.h"

#include <stdbool.h>
#include <stdint.h>

struct random_source {
        uint64_t state;
};

/* From CLEW_TEST_SEED if set, else from the clock; prints it, so that a failure can be repeated. */
struct random_source random_from_environment(const char *test);

uint64_t random_next(struct random_source *r);
/* 0 .. n-1; 0 when n is 0. */
uint32_t random_below(struct random_source *r, uint32_t n);

/* Appends a valid request of at most @max_items items; every span has valid ids. */
void random_request(struct random_source *r, enum clew_otlp_signal signal, uint32_t max_items,
                    struct clew_buffer *out);

/* Changes a few bytes: flips, overwrites, cuts, repeats a piece. */
void random_mutate(struct random_source *r, struct clew_buffer *bytes);

/* Appends a request of @n spans of about 500 bytes with 11 attributes, as SDKs send them, spread
 * over @n_traces traces in turn. */
void regular_request(uint32_t n, uint32_t n_traces, struct clew_buffer *out);

#endif
