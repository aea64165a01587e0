/*
 * The listening sockets: one thread accepts, looks at the first bytes of each connection, and hands
 * it to the server that speaks its protocol, whichever port it came to.
 *
 * Both OTLP transports are opened by the client, and their first bytes tell them apart: a gRPC
 * client sends the HTTP/2 preface "PRI * HTTP/2.0" (RFC 9113, section 3.4), an HTTP/1.1 client a
 * method. A setting that names the wrong one of the two ports therefore works, and is told in the
 * log. A TLS hello (RFC 8446: content type 22, version 3.x) goes where TLS is ended (tls.h); where
 * it is spoken nothing else is, and where it is not, the log tells so and the connection is closed.
 */
#ifndef CLEW_COLLECTOR_DOOR_H
#define CLEW_COLLECTOR_DOOR_H

#include "collector/base/address.h"
#include "collector/base/counters.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum clew_door_protocol { CLEW_DOOR_GRPC, CLEW_DOOR_HTTP, CLEW_DOOR_PROTOCOLS };

/* What the first @n bytes of a connection are. */
enum clew_door_greeting {
        CLEW_GREETING_NONE, /* too few bytes, or nothing known: the port's own protocol deals with
                               it */
        CLEW_GREETING_HTTP1,
        CLEW_GREETING_HTTP2,
        CLEW_GREETING_TLS,
};

enum clew_door_greeting clew_door_greeting_of(const char *first, size_t n);

struct clew_door;

struct clew_door_options {
        /* Takes over the connected, non-blocking @fd; NULL = this protocol is not served. */
        void (*take[CLEW_DOOR_PROTOCOLS])(void *context, int fd, const struct clew_address *peer);
        void *context[CLEW_DOOR_PROTOCOLS];
        /* Takes over what begins with a TLS hello; not NULL: only that is let in. */
        void (*take_tls)(void *context, int fd, const struct clew_address *peer,
                         enum clew_door_protocol port);
        void *tls_context;
        struct clew_counters *counters; /* borrowed until close */
};

CLEW_MUST_USE int clew_door_new(const struct clew_door_options *options, struct clew_door **ret);

/*
 * Binds and listens; nothing is accepted before start. @address of "localhost" stands for both
 * loopback addresses, ::1 where this machine has it. Port 0 asks the system for a free one, the
 * same on both. The addresses are logged. Errors are those of bind(), with a message that names
 * address and flag.
 */
CLEW_MUST_USE int clew_door_open(struct clew_door *d, enum clew_door_protocol protocol,
                                 const struct clew_address *address, struct clew_error *err);
/* Listens on @fd, which the service manager has bound, and which is the door's from then
 * on, also after an error. 0 or a negative errno with a message. */
CLEW_MUST_USE int clew_door_adopt(struct clew_door *d, enum clew_door_protocol protocol, int fd,
                                  struct clew_error *err);
/* Where a protocol is listened on first, as the log tells it; "" = nowhere. */
const char *clew_door_first_address(const struct clew_door *d, enum clew_door_protocol protocol);

/* The address of a socket; false when it is none that can be listened on. */
CLEW_MUST_USE bool clew_door_address_of(int fd, struct clew_address *ret);
CLEW_MUST_USE int clew_door_start(struct clew_door *d);

/* Stops accepting and frees. Connections handed over stay with their servers. NULL is fine. */
void clew_door_close(struct clew_door *d);

#endif
