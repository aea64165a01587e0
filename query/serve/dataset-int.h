/*
 * Datasets as routes find them.
 */
#ifndef CLEW_QUERY_SERVE_DATASET_INT_H
#define CLEW_QUERY_SERVE_DATASET_INT_H

#include "query/review/dataset.h"
#include "query/review/item-compile.h"
#include "query/serve/call-int.h"

/* The dataset, or version, that @text names, in @arena. 0, a negative errno, or 1 when it was
 * refused. */
CLEW_MUST_USE int clew_call_dataset(struct clew_call *call, const char *text,
                                    struct clew_arena *arena, struct clew_dataset *ret);
/* Index of the item that @text names, or how its id begins. 0 or 1 when it was refused. */
CLEW_MUST_USE int clew_call_find_item(struct clew_call *call, const struct clew_dataset *d,
                                      const char *text, uint32_t *ret);
/* Reads an item into @arena. 0 or a negative errno. */
CLEW_MUST_USE int clew_call_read_item(struct clew_call *call, const struct clew_content_id *id,
                                      struct clew_arena *arena, struct clew_item *ret);
/* The call's `as` and `step`. 0, or 1 when it was refused. */
CLEW_MUST_USE int clew_call_item_form(struct clew_call *call, struct clew_compile_options *ret);
/* Compiles a trace in call->trace, which is reset. 0 or a negative errno, with a message. */
CLEW_MUST_USE int clew_call_compile(struct clew_call *call, const struct clew_trace_id *id,
                                    const struct clew_compile_options *options,
                                    struct clew_item *ret);
/* Writes the record of @d, open for more members until clew_record_end(). */
struct clew_json_writer clew_dataset_record(struct clew_record_writer *out,
                                            const struct clew_dataset *d);

#endif
