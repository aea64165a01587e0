/*
 * Hot fragments: what one export request held of one trace, as it lies in the hot table.
 *
 *   stored value = header check 4 | header length 2 | header | pack of one message
 *
 * clew_fragment_encode() makes everything behind the header check. The check covers the header
 * alone and is bound to the key, so that lists can trust headers without touching payloads; the
 * record's own checksum covers all.
 */
#ifndef CLEW_STORAGE_FRAGMENT_INT_H
#define CLEW_STORAGE_FRAGMENT_INT_H

#include "proto/base/slice.h"
#include "storage/env-int.h"
#include "storage/pack-int.h"

#include <stdbool.h>
#include <stdint.h>

/* service.name is kept for grouping up to this length. */
#define CLEW_FRAGMENT_SERVICE_MAX 255u

struct clew_fragment_header {
        enum clew_otlp_signal signal;
        bool has_root;
        uint64_t arrival_ns;
        uint64_t min_start_ns; /* 0 = unknown */
        uint64_t max_end_ns;
        uint64_t n_items;
        uint64_t n_errors;
        uint64_t raw_bytes; /* of the message in the pack */
        struct clew_slice service;
};

/* The header check that goes before the bytes of clew_fragment_encode() under @key. */
CLEW_MUST_USE bool clew_fragment_check(struct clew_slice key, struct clew_slice bytes,
                                       uint8_t ret[4]);
/* Reads a stored value (with or without the record's checksum at its end). False = damaged. */
CLEW_MUST_USE bool clew_fragment_read_header(struct clew_slice key, struct clew_slice value,
                                             struct clew_fragment_header *ret,
                                             struct clew_slice *ret_pack);

#endif
