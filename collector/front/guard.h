/*
 * The guard: every connection between the door and the server that speaks its protocol.
 *
 * The guard owns the client's socket. The server behind (the gRPC core, the HTTP library) gets one
 * end of a socket pair, and only when the client has shown what it wants: the HTTP/2 preface, or a
 * whole request head. One thread for each protocol reads, lets a watcher look (guard-h2.h,
 * guard-h1.h), and passes on; what the other side does not take yet waits in a bounded buffer, and
 * then nothing more is read. A client that is gone is closed at once, and its server sees that.
 *
 *   client == socket ==> [ read ▸ watch ▸ pieces ] == pair ==> server
 *          <== socket == [ answers, our own frames ] <== pair ==
 *
 * When places or descriptors run out, the connection that has waited longest without ever having
 * had an answer goes first, then the one that has been idle longest; so whoever comes gets in.
 *
 * With TLS the client's socket is the decrypted side of it (tls.h).
 */
#ifndef CLEW_COLLECTOR_GUARD_H
#define CLEW_COLLECTOR_GUARD_H

#include "collector/base/address.h"
#include "collector/base/counters.h"
#include "collector/gate/admission.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_guard;

enum clew_guard_protocol { CLEW_GUARD_HTTP2, CLEW_GUARD_HTTP1 };

struct clew_guard_options {
        enum clew_guard_protocol protocol;
        /* Hands the server its end of a pair; @fd is the server's from then on. */
        void (*connect)(void *context, int fd, const struct clew_address *peer);
        void *context;
        size_t n_backs_max;               /* connections that the server has at a time */
        size_t n_descriptors;             /* that this guard may use */
        size_t max_waiting;               /* messages that wait for budget; the next is refused */
        struct clew_admission *admission; /* borrowed until free, like the counters */
        struct clew_counters *counters;
};

/* Starts the thread. Returns 0 or a negative errno. */
CLEW_MUST_USE int clew_guard_new(const struct clew_guard_options *options, struct clew_guard **ret);

/* Takes over a connection (see door.h); @guard is a struct clew_guard. */
void clew_guard_take(void *guard, int fd, const struct clew_address *peer);

/* When nothing is handed over any more: closes those that are idle, and each other one when its
 * answer is out. */
void clew_guard_quiesce(struct clew_guard *g);
/* Ends all that are left, and the thread. Nothing reaches the server after it. */
void clew_guard_stop(struct clew_guard *g);
/* After stop. NULL is fine. */
void clew_guard_free(struct clew_guard *g);

#endif
