/*
 * The kept rubric that a command line names.
 */
#include "query/cli/rubric-named.h"

#include "query/answer/safe.h"
#include "query/cli/open.h"
#include "query/cli/suggest.h"
#include "query/review/record.h"

#include <errno.h>

int clew_cli_rubric(struct clew_cli *cli, const char *text, struct clew_arena *arena,
                    struct clew_rubric *ret)
{
        struct clew_error err = {0};
        struct clew_view *view;
        struct clew_slice name;
        char meant[CLEW_MEANT_BYTES];
        char shown[160];
        uint64_t version;
        int r;

        clew_safe_cstr(clew_slice_of_cstr(text), shown, sizeof(shown));
        if (!clew_version_parse(clew_slice_of_cstr(text), &name, &version)) {
                clew_cli_error(cli, "a rubric is named NAME or NAME@VERSION, not %s", shown);
                return CLEW_EXIT_USAGE;
        }
        r = clew_cli_view(cli, &view);
        if (r != 0)
                return r;
        r = clew_rubric_get(view, name, version, arena, ret, &err);
        if (r == -ENOENT) {
                clew_suggest_meant(cli, view, CLEW_NAMES_RUBRICS, name, meant);
                clew_cli_error(cli, "there is no rubric %s%s", shown,
                               meant[0] ? meant : "; clew rubric list names them");
                return CLEW_EXIT_USAGE;
        }
        if (r == -ESRCH) {
                clew_cli_error(cli, "%s", err.message);
                return CLEW_EXIT_USAGE;
        }
        return r < 0 ? clew_cli_fail(cli, r, &err) : 0;
}
