/*
 * TLS, ended before the guard: a connection that says hello is decrypted here, and the guard gets
 * one end of a socket pair in place of the client's socket. What the guard does to a connection
 * that breaks a limit, waits or is silent, it does to that end; here only what is TLS's own is
 * bounded: hellos that do not go on, and bytes on their way.
 *
 *   client == TLS ==> [ decrypt ] == pair ==> guard
 *          <======== [ encrypt ] <== pair ==
 *
 * Half a hello costs a descriptor and some KiB, for ten seconds at most; when places run out, the
 * one that has waited longest goes, then who has been silent longest.
 */
#ifndef CLEW_COLLECTOR_TLS_H
#define CLEW_COLLECTOR_TLS_H

#include "collector/base/address.h"
#include "collector/base/counters.h"
#include "collector/front/door.h"
#include "collector/front/tls-files.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct clew_tls;

/* Whether the files can be used. 0 or a negative errno with a message. */
CLEW_MUST_USE int clew_tls_check(const struct clew_tls_files *files, struct clew_error *err);

struct clew_tls_options {
        struct clew_tls_files files;
        /* Takes over the decrypted side; NULL = this protocol is not served. */
        void (*take[CLEW_DOOR_PROTOCOLS])(void *context, int fd, const struct clew_address *peer);
        void *context[CLEW_DOOR_PROTOCOLS];
        size_t n_connections_max;
        struct clew_counters *counters; /* borrowed until free */
};

/* Reads the files and starts the thread. 0 or a negative errno with a message. */
CLEW_MUST_USE int clew_tls_new(const struct clew_tls_options *options, struct clew_tls **ret,
                               struct clew_error *err);
/* Takes over a connection whose first bytes are a hello. @tls is a struct clew_tls; @spoken is the
 * protocol of the port, for clients that do not say what they speak. */
void clew_tls_take(void *tls, int fd, const struct clew_address *peer,
                   enum clew_door_protocol port);
/* Reads the files again: connections from then on have the new ones, none is ended. What cannot be
 * read leaves what there is, and is logged. */
void clew_tls_reload(struct clew_tls *t);
/* When the guards have ended: what is on its way is sent, a moment at most, and the thread ends. */
void clew_tls_stop(struct clew_tls *t);
/* After stop. NULL is fine. */
void clew_tls_free(struct clew_tls *t);

#endif
