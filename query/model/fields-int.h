/*
 * One pass over the attributes of a span: what the tables name is gathered, ordered by field and
 * priority; the field that is asked for is then decoded from the first row that gives a value.
 */
#ifndef CLEW_QUERY_MODEL_FIELDS_INT_H
#define CLEW_QUERY_MODEL_FIELDS_INT_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"
#include "proto/otlp/span.h"
#include "query/model/rules-int.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* Rows that match on one span. Real spans have some 30; a span that repeats keys to get over this
 * loses only its further repetitions. */
#define CLEW_FIELD_HITS_MAX 192u

struct clew_field_hit {
        const struct clew_rule *rule;
        struct clew_slice key;
        struct clew_value value;
        uint8_t field;
        uint8_t rank;
        uint8_t origin;
        uint8_t key_dialect;
        uint8_t next; /* index + 1 of the next hit of this field, by priority */
};

struct clew_fields {
        struct clew_arena *arena; /* for decoded text */
        uint32_t kinds;           /* bit of the step's kind once known, else all */
        bool redacted;            /* a placeholder for removed content was met */
        bool unreadable;          /* a number was met that is none */
        bool keep_provenance;
        bool late;               /* what is added speaks only where nothing else does */
        const bool *wanted;      /* by field: others are passed over; NULL = all are kept */
        unsigned families;       /* CLEW_FAMILY_* of keys that were met */
        enum clew_dialect scope; /* what the scope's name tells, for rows of CLEW_RULE_OWN */
        uint8_t n;
        uint8_t n_provenance;
        uint8_t head[CLEW_FIELD_COUNT]; /* index + 1 */
        struct clew_field_hit hits[CLEW_FIELD_HITS_MAX];
        struct clew_provenance provenance[CLEW_FIELD_COUNT];
};

void clew_fields_reset(struct clew_fields *f);
/* Adds the attributes of @it. An attribute of an earlier origin beats the same row of a later one;
 * within one origin the last duplicate of a key wins. */
void clew_fields_add(struct clew_fields *f, struct clew_message_iter it, enum clew_origin origin);
/* Those of a span; notes in it which of them are a flattened history, for who reads it again. */
void clew_fields_add_span(struct clew_fields *f, struct clew_span *span);
/* The fields that an event or a correlated log record carries; others add nothing. Keys are
 * qualified by the name ("gen_ai.choice/message"), except for those of the one event whose
 * attributes are the span's. */
void clew_fields_add_event(struct clew_fields *f, const struct clew_span_event *event);
void clew_fields_add_log(struct clew_fields *f, const struct clew_log_record *record);
/* Attributes that log records of an agent give its call (clew_step_log.told): they speak for what
 * the span itself and its dialect's own rows do not tell. */
void clew_fields_add_told(struct clew_fields *f, struct clew_slice told);
/* All of @step that feeds fields, for its kind; provenance is kept. */
void clew_fields_collect(struct clew_fields *f, const struct clew_trace *trace,
                         const struct clew_step *step, struct clew_arena *arena);
/* The same of some fields alone (CLEW_FIELD_COUNT flags, static storage), by the tables: of counts
 * under other names and of families nothing is noted. */
void clew_fields_collect_some(struct clew_fields *f, const struct clew_trace *trace,
                              const struct clew_step *step, const bool *wanted,
                              struct clew_arena *arena);
/* Name of a log record: the field, or the older attribute. */
struct clew_slice clew_log_name(const struct clew_log_record *record);

/* Whether the row holds here: the kind and the scope are those it is for, the type fits. */
bool clew_fields_applies(const struct clew_fields *f, const struct clew_field_hit *hit);

/* First hit of a field, then the next: for fields with rules of their own (kind). */
const struct clew_field_hit *clew_fields_first(const struct clew_fields *f, enum clew_field field);
const struct clew_field_hit *clew_fields_next(const struct clew_fields *f,
                                              const struct clew_field_hit *hit);

/* Text of the first row with a value, for the kind in f->kinds. An empty text is found only for
 * inputs, outputs, arguments and results, where "sent, but empty" means something. */
bool clew_fields_text(struct clew_fields *f, enum clew_field field, struct clew_slice *ret);
/* Text of the first row flagged BOTH whose value differs from @first. */
bool clew_fields_other_text(struct clew_fields *f, enum clew_field field, struct clew_slice first,
                            struct clew_slice *ret);
/* @ret_rule (may be NULL) tells which row it was. */
bool clew_fields_number(struct clew_fields *f, enum clew_field field, double *ret,
                        const struct clew_rule **ret_rule);
/* For fields made of EQUALS, FLAG, NOT and AT_LEAST rows. */
/* The sum of all that have a number: rows of one field that stand beside each other. */
bool clew_fields_sum(struct clew_fields *f, enum clew_field field, double *ret);
bool clew_fields_flag(struct clew_fields *f, enum clew_field field);

/* Records where a field came from when that is not a row of the tables. */
void clew_fields_note(struct clew_fields *f, enum clew_field field, enum clew_origin origin,
                      enum clew_dialect dialect, struct clew_slice key);

#endif
