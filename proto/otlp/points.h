/*
 * How many data points an export of metrics holds: who does not keep them says how many he refuses.
 * Nothing else of them is read.
 */
#ifndef CLEW_PROTO_OTLP_POINTS_H
#define CLEW_PROTO_OTLP_POINTS_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* @request is an ExportMetricsServiceRequest, or MetricsData. Linear. 0, or -EBADMSG with a
 * message. */
CLEW_MUST_USE int clew_otlp_count_points(struct clew_slice request, bool is_json, uint64_t *ret,
                                         struct clew_error *err);

#endif
