/*
 * The tail of this node, on the HTTP listener.
 */
#ifndef CLEW_COLLECTOR_API_TAIL_INT_H
#define CLEW_COLLECTOR_API_TAIL_INT_H

#include "collector/api/options.h"
#include "collector/api/request-int.h"

/* Whether method and path ask for it. */
CLEW_MUST_USE bool clew_api_is_tail(const char *method, const char *path);
/* Answers, on a thread of the questions. */
void clew_api_tail(struct clew_api_request *q, const struct clew_api_options *options);

#endif
