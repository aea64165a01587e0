/*
 * Parts of filter.h inside this folder.
 */
#ifndef CLEW_QUERY_SERVE_FILTER_INT_H
#define CLEW_QUERY_SERVE_FILTER_INT_H

#include "proto/base/buffer.h"
#include "query/serve/filter.h"

/* Appends what the flags select as a query; nothing when they select everything. 0, -EINVAL with a
 * message, or the buffer's error. */
CLEW_MUST_USE int clew_filter_write_query(const struct clew_filter_flags *flags,
                                          struct clew_buffer *out, struct clew_error *err);

#endif
