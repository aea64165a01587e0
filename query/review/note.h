/*
 * Notes on a trace (scores that a judge gave), as one line for people.
 */
#ifndef CLEW_QUERY_REVIEW_NOTE_H
#define CLEW_QUERY_REVIEW_NOTE_H

#include "proto/base/buffer.h"
#include "proto/base/json.h"
#include "proto/base/slice.h"
#include "storage/store.h"

#include <stdbool.h>

/* Notes shown of one trace; the newest ones are what counts. */
#define CLEW_NOTES_SHOWN_MAX 20u

/* Appends "NAME version = VALUE LABEL EXPLANATION" of a note of type "score", raw. False, with
 * nothing appended, when it is something else. */
CLEW_MUST_USE bool clew_note_brief(struct clew_slice note, struct clew_buffer *out);

/* Writes {"name":..,"version":..,"value":..,"label":..} of a score; nothing, and false, when it is
 * something else. */
bool clew_note_write(struct clew_slice note, struct clew_json_writer *w);

/* The parts of a score. Slices point into the buffer that was given. */
struct clew_note_score {
        struct clew_slice name;
        struct clew_slice version;
        struct clew_slice label;
        double value;
        bool has_value;
};

/* Reads a note of type "score"; its texts are put into @texts, which is empty and does not move.
 * False when it is something else. */
CLEW_MUST_USE bool clew_note_score(struct clew_slice note, struct clew_buffer *texts,
                                   struct clew_note_score *ret);

/* Number of notes of the trace. */
uint32_t clew_note_count(struct clew_view *view, const struct clew_trace_id *id);

#endif
