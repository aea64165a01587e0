/*
 * What is kept of the columns of each index run while a walk goes over it; columns.c, bulk.c.
 */
#ifndef CLEW_QUERY_FIND_COLUMNS_INT_H
#define CLEW_QUERY_FIND_COLUMNS_INT_H

#include "proto/base/arena.h"
#include "query/find/index/facet-int.h"
#include "query/find/index/index.h"
#include "query/model/summary.h"

/* Of the rows of a block (4096) a part: a block is verified each time it is read. */
#define CLEW_COLUMNS_ROWS 1024u
/* Of a text: it is not told, only hinted at. */
#define CLEW_COLUMNS_HIDDEN UINT32_MAX

struct clew_text_column {
        uint32_t *ids;             /* by ordinal: place in values plus one, 0 = none, HIDDEN */
        struct clew_slice *values; /* grows in the arena */
        uint32_t n;
        uint32_t capacity;
};

struct clew_columns_of_run {
        struct clew_columns_of_run *next;
        struct clew_index_run *run;
        uint64_t serial;
        uint32_t from; /* of the rows */
        uint32_t n_rows;
        uint64_t rows[CLEW_COLUMNS][CLEW_COLUMNS_ROWS];
        struct clew_text_column texts[CLEW_LIGHT_TEXTS];
        struct clew_name_count agent;
};

struct clew_columns {
        struct clew_arena arena;
        unsigned wanted;
        uint64_t n_runs;
        struct clew_columns_of_run *runs;
};

/* Of one index run, with its texts; NULL: damage, or memory is short. */
struct clew_columns_of_run *clew_columns_of(struct clew_columns *c, struct clew_index_run *run,
                                            struct clew_error *err);

#endif
