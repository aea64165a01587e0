/*
 * The query language in one screen, for the command line and for programs that ask by themselves.
 */
#ifndef CLEW_QUERY_ANSWER_QUERY_HELP_H
#define CLEW_QUERY_ANSWER_QUERY_HELP_H

#include "proto/base/buffer.h"

#include <stdbool.h>

/* Appends what there is on the topic "query" (with the fields) or "path". False when it is neither.
 */
bool clew_query_help(const char *topic, struct clew_buffer *out);

#endif
