#include "query/find/judged.h"

static clew_judge_fn installed;

void clew_judge_install(clew_judge_fn judge)
{
        installed = judge;
}

const bool *clew_judged_failed(const struct clew_trace *trace, struct clew_arena *arena)
{
        bool *failed;

        if (!installed)
                return NULL;
        failed = clew_arena_calloc(arena, (size_t)trace->n_steps + 1, sizeof(*failed));
        return failed && installed(trace, failed) == 0 ? failed : NULL;
}
