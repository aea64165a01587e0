/*
 * A message as one JSON object.
 */
#ifndef CLEW_QUERY_ANSWER_MESSAGE_RECORD_H
#define CLEW_QUERY_ANSWER_MESSAGE_RECORD_H

#include "proto/base/json.h"
#include "query/model/message.h"

/* {"role":..,"name":..,"finish_reason":..,"parts":[..]}; what is empty is left out. */
void clew_write_message(struct clew_json_writer *w, const struct clew_message *m);

#endif
