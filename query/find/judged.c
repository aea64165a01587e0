#include "query/find/judged.h"

static clew_judge_fn installed;

void clew_judge_install(clew_judge_fn judge)
{
        installed = judge;
}

bool clew_judge_is_installed(void)
{
        return installed != NULL;
}

const bool *clew_judged_failed(const struct clew_trace *trace, struct clew_arena *arena)
{
        struct clew_trace linked = *trace;
        bool *failed;

        if (trace->judged || !installed)
                return trace->judged;
        failed = clew_arena_calloc(arena, (size_t)trace->n_steps + 1, sizeof(*failed));
        if (!failed || (!trace->answers && clew_trace_link(&linked, arena) < 0))
                return NULL;
        return installed(&linked, failed) == 0 ? failed : NULL;
}
