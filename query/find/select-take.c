/*
 * Traces that are taken all at once, from indexes alone; select.h.
 */
#include "query/find/index/index.h"
#include "query/find/select-int.h"

/* 1 = it is selected. */
static int count_row(void *context, const struct clew_bulk_row *row)
{
        struct clew_select *s = context;

        s->seen++;
        if (s->filter->outcomes != 0 && (s->filter->outcomes & CLEW_OUTCOME_BIT(row->outcome)) == 0)
                return 0;
        if (!clew_select_is_run(s->filter, row->kinds)) {
                s->helpers++;
                return 0;
        }
        s->selected++;
        return 1;
}

static int take_row(void *context, const struct clew_bulk_row *row)
{
        struct clew_select *s = context;

        return count_row(s, row) == 1 ? s->take(s->take_context, row) : 0;
}

static bool wants_steps(void *context, const struct clew_slice *texts,
                        struct clew_step_failed failed)
{
        struct clew_select *s = context;

        return s->wants_steps(s->take_context, texts, failed);
}

static int take_step(void *context, const struct clew_bulk_step *step)
{
        struct clew_select *s = context;

        return s->take_step(s->take_context, step);
}

static int take_sum(void *context, const struct clew_bulk_step *sum, uint64_t n)
{
        struct clew_select *s = context;

        return s->take_sum(s->take_context, sum, n);
}

static int take_durations(void *context, const struct clew_bulk_durations *durations)
{
        struct clew_select *s = context;

        return s->take_durations(s->take_context, durations);
}

static int take_steps(struct clew_select *s, struct clew_index_run *run,
                      struct clew_index_set *traces, struct clew_error *err)
{
        const struct clew_bulk_steps to = {
                .on_run = count_row,
                .of_runs = s->steps_of_runs,
                .as_sent = s->steps_as_sent,
                .wants = wants_steps,
                .on_step = take_step,
                .on_sum = s->take_sum ? take_sum : NULL,
                .on_durations = take_durations,
                .context = s,
        };
        int r = clew_bulk_take_steps(s->columns, run, traces, &to, err);

        s->summed += r == 1;
        return r < 0 ? r : 0;
}

int clew_select_take(void *context, struct clew_index_run *run, struct clew_index_set *traces,
                     struct clew_error *err)
{
        struct clew_select *s = context;

        if (s->take_step)
                return take_steps(s, run, traces, err);
        return s->take ? clew_bulk_take(s->columns, run, traces, take_row, s, err) : 0;
}
