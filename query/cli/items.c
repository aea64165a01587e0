/*
 * See items.h.
 */
#include "query/cli/items.h"
#include "query/find/run.h"

#include "proto/base/number.h"
#include "query/answer/safe.h"
#include "query/cli/open.h"
#include "query/cli/window.h"
#include "query/review/rubric.h"

#include <errno.h>
#include <string.h>

void clew_item_flags_add(struct clew_flag_set *set, struct clew_item_flags *f)
{
        const struct clew_flag flags[] = {
                {"as", 0, "FORM",
                 "run (default), turn: the last user turn, step: the call that failed",
                 .ret_text = &f->as},
                {"step", 0, "N|cause",
                 "with --as step: this one; cause = said or found to be failing",
                 .ret_text = &f->step},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++)
                clew_flag_set_add(set, flags[i]);
}

int clew_item_flags_read(struct clew_cli *cli, const struct clew_item_flags *f,
                         struct clew_compile_options *ret)
{
        *ret = (struct clew_compile_options){.form = f->step ? CLEW_ITEM_STEP : CLEW_ITEM_RUN};
        if (f->as && !clew_item_form_parse(clew_slice_of_cstr(f->as), &ret->form)) {
                clew_cli_error(cli, "--as takes run, turn or step");
                return CLEW_EXIT_USAGE;
        }
        if (f->step && strcmp(f->step, "cause") != 0 &&
            (!clew_parse_uint64(clew_slice_of_cstr(f->step), &ret->step) || ret->step == 0)) {
                clew_cli_error(cli, "--step takes the number of a step, or cause");
                return CLEW_EXIT_USAGE;
        }
        return 0;
}

int clew_cli_compile(struct clew_view *view, const struct clew_trace_id *id,
                     const struct clew_compile_options *options, struct clew_arena *arena,
                     struct clew_item *ret, struct clew_error *err)
{
        struct clew_run_data data;
        struct clew_reviews reviews;
        struct clew_trace *trace;
        int r = clew_run_build(view, id, NULL, arena, &data, &trace, err);

        if (r == 0)
                r = clew_reviews_of_trace(view, id, arena, &reviews, err);
        if (r == 0)
                r = clew_item_compile(trace, &reviews, options, arena, ret, err);
        if (r == -ENOMEM)
                clew_error_set(err, r, 0, "the trace needs more than %zu MiB of memory",
                               arena->max_bytes >> 20);
        return r;
}

/* ---- which traces --------------------------------------------------------------------------- */

struct ids {
        struct clew_trace_id *items;
        size_t n;
        size_t room;
};

static int keep(struct ids *ids, struct clew_arena *arena, const struct clew_trace_id *id)
{
        if (ids->n == ids->room) {
                size_t room = ids->room ? 2 * ids->room : 256;
                struct clew_trace_id *more = clew_arena_calloc(arena, room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                if (ids->n)
                        memcpy(more, ids->items, ids->n * sizeof(*more));
                ids->items = more;
                ids->room = room;
        }
        ids->items[ids->n++] = *id;
        return 0;
}

static int select_all(struct clew_cli *cli, const struct clew_filter_flags *flags, uint64_t limit,
                      struct clew_arena *arena, struct ids *ids)
{
        const struct clew_window_flags all = {0};
        struct clew_filter_flags copy = *flags;
        struct clew_window window;
        struct clew_filter filter;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        struct clew_view *view;
        int r = clew_window_make(cli, &copy, &all, NULL, false, &filter, &window);

        if (r == 0)
                r = clew_cli_view(cli, &view);
        if (r != 0)
                return r;
        r = clew_select_init(&s, view, &filter, cli->clock, NULL, &err);
        while (r >= 0 && (limit == 0 || ids->n < limit) &&
               (r = clew_select_next(&s, &t, &err)) == 1)
                r = keep(ids, arena, &t.id);
        r = r < 0 ? clew_cli_fail(cli, r, &err) : clew_filter_report(cli, &s);
        if (r == 0 && ids->n == 0)
                clew_window_tell_empty(&window, view, &s);
        else if (r == 0 && limit == 0)
                clew_window_tell(&window, "runs");
        clew_select_deinit(&s);
        return r;
}

int clew_cli_select_ids(struct clew_cli *cli, struct clew_arguments *args,
                        const struct clew_filter_flags *flags, uint64_t limit,
                        struct clew_arena *arena, struct clew_trace_id **ret, size_t *ret_n)
{
        struct ids ids = {0};
        struct clew_filter_flags all = *flags;
        bool is_query = args->n == 1 && args->values[0][0] == '{';
        bool is_selection = args->n == 0 || is_query;
        int r = is_query ? clew_filter_take_query(cli, &all, args)
                         : clew_cli_expand(cli, args, arena);

        if (r == 0 && is_selection)
                r = select_all(cli, &all, limit, arena, &ids);
        for (size_t i = 0; r == 0 && !is_selection && i < args->n; i++) {
                struct clew_target target;
                struct clew_trace_id id;
                struct clew_error err = {0};

                if (clew_target_parse(args->values[i], &target, &err) < 0)
                        return clew_cli_fail(cli, err.code, &err);
                r = clew_cli_resolve(cli, &target, &id);
                if (r == 0 && keep(&ids, arena, &id) < 0)
                        r = clew_cli_fail(cli, -ENOMEM, NULL);
        }
        *ret = ids.items;
        *ret_n = ids.n;
        return r;
}

/* ---- datasets ------------------------------------------------------------------------------- */

static int unknown(struct clew_cli *cli, struct clew_view *view, struct clew_slice name,
                   struct clew_arena *arena)
{
        struct clew_slice nearest = clew_dataset_nearest(view, name, arena);
        char shown[160];
        char near[160];

        clew_safe_cstr(name, shown, sizeof(shown));
        clew_safe_cstr(nearest, near, sizeof(near));
        if (nearest.len)
                clew_cli_error(cli, "there is no dataset %s; did you mean %s?", shown, near);
        else
                clew_cli_error(cli, "there is no dataset %s; clew dataset list names them", shown);
        return CLEW_EXIT_USAGE;
}

int clew_cli_dataset(struct clew_cli *cli, const char *text, struct clew_arena *arena,
                     struct clew_dataset *ret)
{
        struct clew_error err = {0};
        struct clew_view *view;
        struct clew_slice name;
        uint64_t version;
        int r;

        if (!clew_version_parse(clew_slice_of_cstr(text), &name, &version)) {
                clew_cli_error(cli, "a dataset is named NAME or NAME@VERSION, without blanks");
                return CLEW_EXIT_USAGE;
        }
        r = clew_cli_view(cli, &view);
        if (r != 0)
                return r;
        r = clew_dataset_load(view, name, version, arena, ret, &err);
        if (r == -ENOENT)
                return unknown(cli, view, name, arena);
        if (r == -ESRCH) {
                clew_cli_error(cli, "%s", err.message);
                return CLEW_EXIT_USAGE;
        }
        return r < 0 ? clew_cli_fail(cli, r, &err) : 0;
}

int clew_cli_dataset_item(struct clew_cli *cli, const struct clew_content_id *id,
                          struct clew_arena *arena, struct clew_item *ret)
{
        CLEW_BUFFER body = {0};
        struct clew_error err = {0};
        struct clew_view *view;
        int r = clew_cli_view(cli, &view);

        if (r != 0)
                return r;
        clew_buffer_init(&body, CLEW_ITEM_BYTES_MAX);
        r = clew_dataset_body(view, id, &body, &err);
        if (r == 0)
                r = clew_item_read(clew_arena_copy(arena, clew_buffer_slice(&body)), arena, ret);
        if (r == -EBADMSG && !err.code)
                clew_error_set(&err, r, 0, "an item of the dataset is damaged");
        return r < 0 ? clew_cli_fail(cli, r, &err) : 0;
}
