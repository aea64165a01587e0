/*
 * What a format cannot do without: who lacks it is left out, with the reason.
 */
#include "query/review/export/export-int.h"

#include <errno.h>

static int lacks(struct clew_error *err, const char *what)
{
        return clew_error_set(err, -ENODATA, 0, "%s", what);
}

static bool has_expected_calls(const struct clew_item *item)
{
        return item->form == CLEW_ITEM_STEP && item->expected_calls.n > 0;
}

int clew_need_expected(const struct clew_export_item *e, struct clew_error *err)
{
        if (e->allow_missing || e->item->has_expected || e->item->expected_calls.n)
                return 0;
        return lacks(err, "no expected output");
}

int clew_need_answer(const struct clew_export_item *e, struct clew_error *err)
{
        if (e->item->input.n == 0)
                return lacks(err, "its input is not a conversation");
        if (!e->item->has_expected && !has_expected_calls(e->item))
                return lacks(err, "no expected output, which this format cannot do without");
        return 0;
}

int clew_need_pair(const struct clew_export_item *e, struct clew_error *err)
{
        int r = clew_need_answer(e, err);

        if (r < 0 || has_expected_calls(e->item))
                return r;
        if (!e->item->has_output || clew_slice_eq(e->item->output, e->item->expected))
                return lacks(err, "nothing to prefer: expected and recorded are the same");
        return 0;
}

int clew_need_run(const struct clew_export_item *e, struct clew_error *err)
{
        return e->item->form == CLEW_ITEM_STEP
                       ? lacks(err, "one call is no trajectory: use --as run")
                       : 0;
}

int clew_need_verdict(const struct clew_export_item *e, struct clew_error *err)
{
        const struct clew_item_messages *m = &e->item->trajectory;
        bool called = false;

        for (uint32_t i = 0; i < m->n && !called; i++)
                called = m->items[i].role == CLEW_ROLE_ASSISTANT;
        if (!called)
                return lacks(err, "no model call was recorded");
        if (!clew_slice_eq_cstr(e->item->outcome, "passed") && e->item->failing_message == 0)
                return lacks(err, "it did not pass, and where it went wrong is not known");
        return 0;
}
