/*
 * A live stream: what the selected traces do, as server-sent events (HTML Living Standard, section
 * 9.2), one poll at a time. Who carries it owns the connections, of which many may be sent the
 * same, and calls the poll.
 *
 * A trace is told when bytes of it have arrived since it was told last; its place in the stream is
 * the time of that arrival, which is the event's id. `Last-Event-ID` goes on behind it; what was
 * sealed meanwhile may be told again.
 */
#ifndef CLEW_QUERY_SERVE_LIVE_H
#define CLEW_QUERY_SERVE_LIVE_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "query/serve/serve.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_LIVE_PATH "/api/v1/live"
#define CLEW_LIVE_POLL_NS CLEW_NS_PER_S
/* Events of one poll; the others come with the next. */
#define CLEW_LIVE_EVENTS_MAX 10u
/* Silence after which a comment shows that the stream lives. */
#define CLEW_LIVE_COMMENT_NS (15 * CLEW_NS_PER_S)

/* What a stream says first. */
#define CLEW_LIVE_HELLO_BYTES 96u

struct clew_live;

/* NULL when it was refused: @answer says why. @last_event_id as the header has it, or null. */
struct clew_live *clew_live_open(const struct clew_service *service,
                                 const struct clew_serve_request *request,
                                 struct clew_slice last_event_id, struct clew_serve_answer *answer);
void clew_live_free(struct clew_live *live); /* NULL is fine */

/* The event that a stream of it begins with. */
void clew_live_greet(const struct clew_live *live, char ret[CLEW_LIVE_HELLO_BYTES]);
/* Whether it began behind a Last-Event-ID, and has not told all since yet. */
CLEW_MUST_USE bool clew_live_is_behind(const struct clew_live *live);
/* What @other would tell is told by @live too, which is only before the first poll. */
void clew_live_begin_at_both(struct clew_live *live, const struct clew_live *other);

/*
 * Appends what has happened to @out: nothing, events, or a comment. @view is at its newest
 * snapshot; its loaded trace dies. 0 or a negative errno, after which the stream is to be ended.
 */
CLEW_MUST_USE int clew_live_poll(struct clew_live *live, struct clew_view *view,
                                 struct clew_buffer *out, struct clew_error *err);

#endif
