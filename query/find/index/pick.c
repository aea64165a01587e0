/*
 * Choosers without a query: which traces a column or one facet tells; index.h.
 */
#include "query/find/index/index.h"

#include "query/find/index/facet-int.h"

/* Rows of a column that are read at once. */
#define ROWS 1024u

static int choose_special(void *context, struct clew_index_run *run, struct clew_index_set *ret,
                          struct clew_index_set *sure, struct clew_error *err)
{
        int r = clew_index_find(run, CLEW_INDEX_FACET, CLEW_FACET_SPECIAL, ret, err);

        (void)context;
        (void)sure;
        return r < 0 ? r : 0;
}

struct clew_index_chooser clew_index_pick_speakers(uint64_t since_ns)
{
        return (struct clew_index_chooser){.version = clew_index_version(),
                                           .unlike = CLEW_INDEX_RULES,
                                           .since_ns = since_ns,
                                           .choose = choose_special};
}

static int choose_all(void *context, struct clew_index_run *run, struct clew_index_set *ret,
                      struct clew_index_set *sure, struct clew_error *err)
{
        (void)context;
        (void)run;
        (void)sure;
        (void)err;
        clew_index_set_fill(ret);
        return 0;
}

struct clew_index_chooser clew_index_pick_all(void)
{
        return (struct clew_index_chooser){
                .version = clew_index_version(), .unlike = CLEW_INDEX_RULES, .choose = choose_all};
}

static int choose_other_rules(void *context, struct clew_index_run *run, struct clew_index_set *ret,
                              struct clew_index_set *sure, struct clew_error *err)
{
        const uint32_t *version = context;
        uint32_t n = clew_index_run_traces(run);
        uint64_t rows[ROWS];

        for (uint32_t from = 0; from < n; from += ROWS) {
                uint32_t here = n - from < ROWS ? n - from : ROWS;
                int r = clew_index_numbers(run, CLEW_COLUMN_RULES, from, here, rows, err);

                if (r < 0)
                        return r;
                for (uint32_t i = 0; i < here; i++) {
                        if (rows[i] != *version) {
                                clew_index_set_add(ret, from + i);
                                clew_index_set_add(sure, from + i);
                        }
                }
        }
        return 0;
}

struct clew_index_chooser clew_index_pick_other_rules(uint32_t *version)
{
        return (struct clew_index_chooser){.version = clew_index_version(),
                                           .unlike = CLEW_INDEX_RULES,
                                           .choose = choose_other_rules,
                                           .light = true,
                                           .context = version};
}
