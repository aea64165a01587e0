/*
 * A store's figures as JSON members, the same wherever they are told: `/status` and `clew status`.
 */
#ifndef CLEW_QUERY_ANSWER_STORE_RECORD_H
#define CLEW_QUERY_ANSWER_STORE_RECORD_H

#include "proto/base/json.h"
#include "storage/store.h"

/* Members of an object that is open. */
void clew_store_record_write(const struct clew_store_figures *figures, struct clew_json_writer *w);
/* One object: who holds snapshots. */
void clew_readers_record_write(const struct clew_store_figures *figures,
                               struct clew_json_writer *w);

#endif
