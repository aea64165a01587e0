/*
 * The collector as a whole: builds its parts in order, watches them, and takes them down again in
 * the order that loses nothing.
 */
#ifndef CLEW_COLLECTOR_COLLECTOR_H
#define CLEW_COLLECTOR_COLLECTOR_H

#include "collector/process/config.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"

#include <stdbool.h>

struct clew_collector;
struct clew_notify_socket;

/* Reads keys and certificates again; no connection ends. */
void clew_collector_reload(struct clew_collector *c);

/*
 * Says whether a start with @config would be refused for what can be known without it: keys,
 * certificates, addresses, the directories. Opens no store, listens on nothing, writes nothing. 0,
 * or a negative errno with a message.
 */
CLEW_MUST_USE int clew_collector_check(const struct clew_config *config, struct clew_error *err);

/* Opens the store, starts threads and listeners. @config is borrowed until stop. Returns 0 or a
 * negative errno with a message that names the store or the address. @sockets stand in place of the
 * addresses of the config; they are the collector's when it returns 0. */
CLEW_MUST_USE int clew_collector_start(const struct clew_config *config,
                                       const struct clew_notify_socket *sockets, unsigned n_sockets,
                                       struct clew_collector **ret, struct clew_error *err);
/* One line for the service manager. */
#define CLEW_COLLECTOR_STATUS_MAX 200u
void clew_collector_describe(struct clew_collector *c, char ret[CLEW_COLLECTOR_STATUS_MAX]);
/* To be called about once a second: logs counters. Returns true once when work has come to
 * rest, so that freed memory can be given back to the system. */
bool clew_collector_tick(struct clew_collector *c);
/*
 * Stops accepting, answers what was accepted, makes it durable, closes the store. Returns 0, or
 * -ETIMEDOUT when requests had to be cancelled.
 */
CLEW_MUST_USE int clew_collector_stop(struct clew_collector *c);

#endif
