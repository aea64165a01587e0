/*
 * Secrets taken out of a whole OTLP message, wherever it holds text: names and values of
 * attributes, also nested ones, of resources, scopes, spans, events, links and log records; names,
 * messages, bodies, states, schema URLs. What masking does to a text: proto/mask/mask.h.
 *
 * Either all that is found is replaced by marks, and lengths of what is around them follow; or each
 * byte that goes is replaced by one other (clew_mask.same_length), and nothing moves. Ids, times
 * and numbers stay, except a number whose name or digits say that it is a secret. A field that no
 * version of OTLP known here has is looked through as text: when there is something in it, and
 * nothing may move, its bytes are replaced; else the field goes, because what its lengths are is
 * not known.
 */
#ifndef CLEW_PROTO_OTLP_REDACT_H
#define CLEW_PROTO_OTLP_REDACT_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "proto/mask/mask.h"
#include "proto/otlp/walk.h"

/*
 * Finds what is to go from @message; edits are left in @w, which has begun (clew_mask_work_begin)
 * and has none yet. 0, also when there are none; -EBADMSG: not protobuf, or an attribute nested
 * deeper than clew_otlp_walk() takes it: then nothing may be kept of it; -ENOMEM, -EMSGSIZE. Work
 * is linear in the message. @err may be NULL. With @ret_deep a span or log record that is nested
 * so deep goes as a whole, as the walk would leave it out, and is counted there; NULL: it refuses
 * the message.
 */
CLEW_MUST_USE int clew_otlp_redact(struct clew_slice message, enum clew_otlp_signal signal,
                                   struct clew_mask *m, struct clew_mask_work *w,
                                   uint64_t *ret_deep, struct clew_error *err);

#endif
