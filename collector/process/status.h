/*
 * What the collector adds to `/api/v1/status`: counters, queue, backlog, and what was logged last.
 */
#ifndef CLEW_COLLECTOR_STATUS_H
#define CLEW_COLLECTOR_STATUS_H

#include "proto/base/json.h"

/* Members of an object that is open; @context is a struct clew_scrape. @project is the one that is
 * asked about, NULL when there is only one. */
void clew_status_write(void *context, const char *project, struct clew_json_writer *w);

#endif
