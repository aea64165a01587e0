/*
 * Values that many kinds of record write in the same form.
 */
#ifndef CLEW_QUERY_ANSWER_VALUES_H
#define CLEW_QUERY_ANSWER_VALUES_H

#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "query/model/trace.h"

#include <stdint.h>

void clew_write_trace_id(struct clew_json_writer *w, const struct clew_trace_id *id);
void clew_write_span_id(struct clew_json_writer *w, const struct clew_span_id *id);
/* RFC 3339; null for 0. */
void clew_write_time(struct clew_json_writer *w, uint64_t unix_ns);
/* A string, or null when it is empty. */
void clew_write_text(struct clew_json_writer *w, struct clew_slice text);
/* A key with a string; nothing at all when it is empty. */
void clew_write_member(struct clew_json_writer *w, const char *key, struct clew_slice text);
/* {"in":..,"out":.., and what else was reported}. */
void clew_write_tokens(struct clew_json_writer *w, const struct clew_tokens *tokens);
/* Of a trace whose texts a rule of retention took: "texts_left_out":{"time":..,"rule":..,
 * "more_came":..}. Of others nothing. */
void clew_write_left_out(struct clew_json_writer *w, const struct clew_trace *trace);
/* Any OTLP value; nested ones as JSON arrays and objects, bytes as {"bytes":"base64"}. */
void clew_write_value(struct clew_json_writer *w, const struct clew_value *value);

#endif
