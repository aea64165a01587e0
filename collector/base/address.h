/*
 * Listening addresses: HOST:PORT, with HOST a numeric IPv4 or [IPv6] address or "localhost".
 *
 * Names other than localhost are not resolved: what a collector listens on must not depend on a
 * resolver. Only loopback addresses may be listened on until clients can be authenticated.
 */
#ifndef CLEW_COLLECTOR_ADDRESS_H
#define CLEW_COLLECTOR_ADDRESS_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define CLEW_ADDRESS_TEXT_MAX 72u /* "[" 45 characters of IPv6 "]:65535", and room */

struct clew_address {
        struct sockaddr_storage sockaddr;
        socklen_t len;
        bool is_loopback;
        bool is_localhost; /* given by that name: ::1 is meant as well */
};

/* Port 0 asks the system for a free one. Returns 0, or -EINVAL with a message. */
CLEW_MUST_USE int clew_address_parse(const char *text, struct clew_address *ret,
                                     struct clew_error *err);
/* 127.0.0.1:4317 or [::1]:4317. */
void clew_address_format(const struct clew_address *a, char ret[CLEW_ADDRESS_TEXT_MAX]);
uint16_t clew_address_port(const struct clew_address *a);
void clew_address_set_port(struct clew_address *a, uint16_t port);
/* [::1]:@port. */
void clew_address_loopback_v6(struct clew_address *ret, uint16_t port);

#endif
