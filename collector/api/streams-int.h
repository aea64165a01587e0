/*
 * Live streams: connections that stay open and are written to as traces change. One thread polls
 * the store, once for each question.
 */
#ifndef CLEW_COLLECTOR_API_STREAMS_INT_H
#define CLEW_COLLECTOR_API_STREAMS_INT_H

#include "proto/base/account.h"
#include "proto/base/compiler.h"
#include "query/serve/live.h"
#include "query/serve/serve.h"

#include <microhttpd.h>

struct clew_streams;

/* 0 or a negative errno. @memory is borrowed until free. */
CLEW_MUST_USE int clew_streams_new(struct clew_mem_pool *memory, struct clew_streams **ret);
/* Ends all streams and the thread; connections close when the library has seen the end. */
void clew_streams_end(struct clew_streams *streams);
/* After end, and when no connection is left. NULL is fine. */
void clew_streams_free(struct clew_streams *streams);

/* A response that goes on until the client leaves, of what @store holds. Those with the same
 * @question (path and parameters) share what is told. It owns @live, which is freed also when there
 * is no place for another stream (NULL then). */
struct MHD_Response *clew_streams_add(struct clew_streams *streams,
                                      struct MHD_Connection *connection, struct clew_store *store,
                                      struct clew_slice question, struct clew_live *live);

#endif
