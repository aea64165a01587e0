/*
 * The API and the pages on the collector's HTTP listener (query/serve answers, this carries).
 *
 * Questions run on threads of their own, few and of low priority, so that none slows ingest; those
 * that find no thread wait in a queue of bounded length, and beyond it are told to come back. While
 * a question runs its connection is suspended.
 */
#ifndef CLEW_COLLECTOR_API_API_H
#define CLEW_COLLECTOR_API_API_H

#include "collector/api/options.h"
#include "collector/front/http-guest.h"
#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_api;

/* Starts the threads. 0 or a negative errno. */
CLEW_MUST_USE int clew_api_new(const struct clew_api_options *options, struct clew_api **ret);

/* What the listener is given: the functions, with the api as their context. */
extern const struct clew_http_guest clew_api_guest;

/* New questions are refused and walks end; then waits for those under way, at most until
 * @deadline_ns from now. 0, or -ETIMEDOUT: threads still run, and the api and its store must not be
 * freed. */
CLEW_MUST_USE int clew_api_drain(struct clew_api *api, uint64_t deadline_ns);
/* After a drain that returned 0, or before any question. NULL is fine. */
void clew_api_free(struct clew_api *api);

#endif
