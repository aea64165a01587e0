/*
 * Answers as gzip, for clients that say they take it.
 */
#ifndef CLEW_COLLECTOR_API_SQUEEZE_INT_H
#define CLEW_COLLECTOR_API_SQUEEZE_INT_H

#include "query/serve/serve.h"

#include <stdbool.h>

/* Whether an Accept-Encoding header says so. */
bool clew_squeeze_is_wanted(struct clew_slice accept_encoding);
/* Compresses the body when that helps and the client takes it; its tag becomes a weak one (RFC
 * 9110, 8.8.1: the bytes are others, what they say is the same). Otherwise leaves it as it is. */
void clew_squeeze(struct clew_slice accept_encoding, struct clew_serve_answer *answer);

#endif
