/*
 * What a service manager is told (systemd's sd_notify(3) protocol, spoken here: a line on a
 * datagram socket), and the sockets that it hands over (sd_listen_fds(3)). Without one all of it is
 * nothing.
 */
#ifndef CLEW_COLLECTOR_NOTIFY_H
#define CLEW_COLLECTOR_NOTIFY_H

#include "proto/base/compiler.h"

#include <stdint.h>

void clew_notify_ready(const char *status);
/* Before a reload; clew_notify_ready() after it. */
void clew_notify_reloading(void);
void clew_notify_stopping(void);
/* To be called at least as often as clew_notify_watchdog_ns() says. */
void clew_notify_alive(const char *status);
/* Half of what the manager waits; 0 = it does not watch. */
uint64_t clew_notify_watchdog_ns(void);

#define CLEW_NOTIFY_SOCKETS_MAX 16u

struct clew_notify_socket {
        int fd;        /* close-on-exec */
        char name[32]; /* FileDescriptorName= of its unit; "" = none */
};

/* The sockets that were handed over; the variables that name them are taken out of the
 * environment. Called once, before any thread starts. Returns how many. */
unsigned clew_notify_sockets(struct clew_notify_socket ret[CLEW_NOTIFY_SOCKETS_MAX]);

#endif
