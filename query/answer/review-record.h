/*
 * Records of what people and judges made: rubrics, datasets, items, experiments.
 */
#ifndef CLEW_QUERY_ANSWER_REVIEW_RECORD_H
#define CLEW_QUERY_ANSWER_REVIEW_RECORD_H

#include "query/answer/record.h"
#include "query/review/dataset.h"
#include "query/review/experiment.h"
#include "query/review/rubric.h"

#include <stdint.h>

/* Of a struct clew_rubric. */
extern const struct clew_record_field clew_rubric_fields[];
/* Of a struct clew_dataset as loaded. */
extern const struct clew_record_field clew_dataset_fields[];

/* One item of a dataset, in short. */
struct clew_item_row {
        const struct clew_dataset *dataset;
        const struct clew_dataset_entry *entry;
        const struct clew_item *item;
};
/* Of a struct clew_item_row. */
extern const struct clew_record_field clew_item_fields[];

/* Of a struct clew_experiment as loaded. */
extern const struct clew_record_field clew_experiment_fields[];
/* Of a struct clew_result. */
extern const struct clew_record_field clew_result_fields[];

/* "fixed", "broken", "failing", "passing". */
const char *clew_change_name(enum clew_change change);
/* The members of the record of two experiments compared, into an open object. */
void clew_comparison_write(struct clew_json_writer *w, struct clew_slice a, struct clew_slice b,
                           const struct clew_experiment_comparison *r);

#endif
