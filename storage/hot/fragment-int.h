/*
 * Hot fragments: what one export request held of one trace.
 *
 *   encoded fragment = header length 2 | header | pack of one message
 *
 * In the hot table headers and packs are kept apart (storage/hot-batch-int.h). Stores of format 1
 * have each fragment as a record of its own,
 *
 *   stored value = header check 4 | encoded fragment
 *
 * where the check covers the header alone and is bound to the key.
 */
#ifndef CLEW_STORAGE_FRAGMENT_INT_H
#define CLEW_STORAGE_FRAGMENT_INT_H

#include "proto/base/slice.h"
#include "storage/base/env-int.h"
#include "storage/pack/pack-int.h"

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

/* Splits what clew_fragment_encode() made into the header, with its length before it, and the pack.
 * False when it is something else. */
CLEW_MUST_USE bool clew_fragment_split(struct clew_slice bytes, struct clew_slice *ret_header,
                                       struct clew_slice *ret_pack);
/* Reads such a header. False = damaged. */
CLEW_MUST_USE bool clew_fragment_parse_header(struct clew_slice header,
                                              struct clew_fragment_header *ret);
/* Reads a stored value of format 1 (with or without the record's checksum at its end). False =
 * damaged. */
CLEW_MUST_USE bool clew_fragment_read_header(struct clew_slice key, struct clew_slice value,
                                             struct clew_fragment_header *ret,
                                             struct clew_slice *ret_pack);

#endif
