/*
 * Readers of intrinsics, for the table in field-table.c.
 */
#ifndef CLEW_QUERY_LANGUAGE_READERS_INT_H
#define CLEW_QUERY_LANGUAGE_READERS_INT_H

#include "query/find/language/fields-int.h"

/* A text of a summary that is nearly as long as it may be has perhaps been cut. */
#define CLEW_UNCUT_BYTES (CLEW_SUMMARY_TEXT_MAX - 4)

/* As the members `read` and `tell` of struct clew_field_row. */
#define CLEW_READER(name)                                                                          \
        void name(struct clew_run_at *at, uint32_t step, struct clew_slice key,                    \
                  struct clew_values *out)
#define CLEW_TELLER(name)                                                                          \
        bool name(const struct clew_query_facts *facts, struct clew_slice key,                     \
                  struct clew_values *out)

/* Adds @text; false when it may be cut. */
bool clew_tell_text(struct clew_slice text, struct clew_values *out);

CLEW_READER(clew_read_name);
CLEW_READER(clew_read_status);
CLEW_READER(clew_read_status_message);
CLEW_READER(clew_read_span_kind);
CLEW_READER(clew_read_duration);
CLEW_READER(clew_read_span_id);
CLEW_READER(clew_read_parent_id);
CLEW_READER(clew_read_children);
CLEW_READER(clew_read_left);
CLEW_READER(clew_read_right);
CLEW_READER(clew_read_parent);
CLEW_READER(clew_read_event_name);
CLEW_READER(clew_read_event_time);
CLEW_READER(clew_read_link_trace);
CLEW_READER(clew_read_link_span);
CLEW_READER(clew_read_scope_name);
CLEW_READER(clew_read_scope_version);
CLEW_TELLER(clew_tell_trace_id);
CLEW_TELLER(clew_tell_trace_duration);
CLEW_READER(clew_read_root_name);
CLEW_READER(clew_read_root_service);
CLEW_TELLER(clew_tell_root_service);

#endif
