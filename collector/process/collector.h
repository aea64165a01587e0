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

/* Reads keys and certificates again; no connection ends. */
void clew_collector_reload(struct clew_collector *c);

/* Opens the store, starts threads and listeners. @config is borrowed until stop. Returns 0 or a
 * negative errno with a message that names the store or the address. */
CLEW_MUST_USE int clew_collector_start(const struct clew_config *config,
                                       struct clew_collector **ret, struct clew_error *err);
/* To be called about once a second: logs counters. Returns true once when work has come to
 * rest, so that freed memory can be given back to the system. */
bool clew_collector_tick(struct clew_collector *c);
/*
 * Stops accepting, answers what was accepted, makes it durable, closes the store. Returns 0, or
 * -ETIMEDOUT when requests had to be cancelled.
 */
CLEW_MUST_USE int clew_collector_stop(struct clew_collector *c);

#endif
