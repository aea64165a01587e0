/*
 * What the walk (walk.c) and the writing of its parts (walk-split.c) share.
 */
#ifndef CLEW_PROTO_OTLP_WALK_INT_H
#define CLEW_PROTO_OTLP_WALK_INT_H

#include "proto/otlp/walk.h"

/* Ends a list of items. */
#define CLEW_NO_ITEM UINT32_MAX

/* Adds up @batch->split_bytes, which is 0. -E2BIG: over CLEW_OTLP_SPLIT_BYTES_MAX. */
CLEW_MUST_USE int clew_split_measure(struct clew_otlp_batch *batch, struct clew_error *err);

#endif
