/*
 * The record of one trace, as list, tail and clusters print it, and the cursor that names its
 * place.
 */
#ifndef CLEW_QUERY_ANSWER_TRACE_RECORD_H
#define CLEW_QUERY_ANSWER_TRACE_RECORD_H

#include "proto/base/compiler.h"
#include "query/answer/record.h"
#include "query/find/select.h"

#include <stdbool.h>

/* "<start ns>-<trace id>" with the final NUL. */
#define CLEW_CURSOR_TEXT 56u

/* Fields of a struct clew_selected. */
extern const struct clew_record_field clew_trace_fields[];

void clew_cursor_print(const struct clew_selected *at, char ret[CLEW_CURSOR_TEXT]);
CLEW_MUST_USE bool clew_cursor_parse(const char *text, struct clew_selected *ret);

/* "ok", "passed", "FAILED", "ERROR", "open", "lost": bad ones stand out without colour. */
const char *clew_outcome_word(const struct clew_selected *t);

/* Number of the step that the rules blame; 0 = none, or the run went well in the end. */
uint32_t clew_blamed_step(const struct clew_summary *summary);

/* First 8 digits. */
#define CLEW_SHORT_ID CLEW_TRACE_ID_HEX
void clew_trace_id_short(const struct clew_trace_id *id, char ret[CLEW_SHORT_ID]);
/* Digits of an id that are shown where no other id begins so. */
#define CLEW_SHORT_DIGITS 8u
/* As many digits, CLEW_SHORT_DIGITS or more, as name it alone in the store; the whole id when the
 * store cannot be asked. */
void clew_trace_id_shortest(struct clew_view *view, const struct clew_trace_id *id,
                            char ret[CLEW_SHORT_ID]);

/* Scores as an array of objects; @targets has a bit per enum clew_score_target. */
void clew_write_summary_scores(struct clew_json_writer *w, const struct clew_summary *s,
                               uint32_t targets);
/* "correct=1 pass", appended raw. */
void clew_summary_score_brief(const struct clew_summary_score *score, struct clew_buffer *out);

#endif
