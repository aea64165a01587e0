/*
 * Taking the texts out of a trace: what is left is its skeleton.
 *
 * Bytes are changed in place and keep their number: a text becomes its stand-in (left-out.h), so
 * messages keep their forms, JSON stays JSON, and what is read of a skeleton is read by the same
 * code. What is a text is decided by the key under which it stands (strip-keys.c): what feeds an
 * input, an output, arguments, a result, a prompt or an error's words is one; what feeds a name, an
 * id, a model or a count is none; of anything else short one-line values stay, as labels. Names
 * (of spans, events, attributes, tools, agents) stay, unless they are too long to be any.
 *
 * Rules that read texts cannot say of a skeleton what they said before. So what they said, the
 * summary, goes into the note, and is believed from then on (clew_summary_settle()).
 */
#ifndef CLEW_QUERY_MODEL_STRIP_H
#define CLEW_QUERY_MODEL_STRIP_H

#include "proto/base/buffer.h"
#include "proto/base/slice.h"
#include "query/model/left-out.h"

#include <stddef.h>
#include <stdint.h>

struct clew_strip_options {
        const uint8_t *key; /* CLEW_LEFT_OUT_KEY_BYTES */
        uint64_t time_ns;
        struct clew_slice rule;
        struct clew_slice why; /* for the note */
        struct clew_left_out_run run;
};

/*
 * Appends the skeleton of a trace: its note and its TracesData, *@ret_traces_len bytes, then its
 * LogsData. 0; -EALREADY when it is one and nothing came since; -EBADMSG for what is not
 * well-formed; -ENOMEM.
 */
CLEW_MUST_USE int clew_strip(const struct clew_strip_options *options, struct clew_slice traces,
                             struct clew_slice logs, struct clew_buffer *out,
                             size_t *ret_traces_len);

#endif
