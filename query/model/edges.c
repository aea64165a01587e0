/*
 * Logical edges: what call ids, names and links tell beyond the physical parents.
 */
#include "query/model/build-int.h"

#include <errno.h>

int clew_edges_build(struct clew_builder *b)
{
        (void)b;
        return 0;
}

const struct clew_edge *clew_trace_edges_from(const struct clew_trace *trace, uint32_t step,
                                              uint32_t *ret_n)
{
        uint32_t low = 0;
        uint32_t high = trace->n_edges;
        uint32_t n = 0;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (trace->edges[mid].from < step)
                        low = mid + 1;
                else
                        high = mid;
        }
        while (low + n < trace->n_edges && trace->edges[low + n].from == step)
                n++;
        *ret_n = n;
        return n ? &trace->edges[low] : NULL;
}

uint32_t clew_trace_caller(const struct clew_trace *trace, uint32_t step)
{
        for (uint32_t i = 0; i < trace->n_edges; i++) {
                if (trace->edges[i].type == CLEW_EDGE_CALL && trace->edges[i].to == step)
                        return trace->edges[i].from;
        }
        return CLEW_STEP_NONE;
}
