/*
 * clew audit: whether the audit log is what was written, line by line.
 */
#include "query/serve/audit.h"
#include "query/cli/commands.h"
#include "query/cli/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define PATH_BYTES 4608u

static int report(struct clew_cli *cli, const struct clew_audit_result *result, const char *after)
{
        if (after && !result->found) {
                clew_cli_error(cli,
                               "%" PRIu64 " lines hold, but none has the hash of --after: the log "
                               "was cut off before it, or is another one",
                               result->n);
                return CLEW_EXIT_PARTIAL;
        }
        fprintf(cli->out, "%" PRIu64 " lines, whole\nnewest %s\n", result->n, result->last);
        if (!after)
                clew_cli_note(cli,
                              "keep the newest hash elsewhere: %s audit --after HASH tells "
                              "when lines were cut off behind it",
                              cli->self);
        return 0;
}

int clew_cmd_audit(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_audit_result result;
        struct clew_error err = {0};
        const char *after = NULL;
        const struct clew_flag own[] = {
                {"after", 0, "HASH", "a hash seen before that must be among the lines",
                 .ret_text = &after},
                {0},
        };
        struct clew_arguments args;
        char path[PATH_BYTES];
        int n;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r != 0)
                return r;
        n = snprintf(path, sizeof(path), "%s/" CLEW_AUDIT_FILE, cli->store_dir);
        if (args.n > 0 || n < 0 || (size_t)n >= sizeof(path)) {
                clew_cli_error(cli, "clew audit [--after HASH]; the log lies beside the store");
                return CLEW_EXIT_USAGE;
        }
        r = clew_audit_verify(path, after, &result, &err);
        if (r == -ENOENT) {
                clew_cli_error(cli, "there is no audit log: nothing was noted yet");
                return CLEW_EXIT_USAGE;
        }
        if (r == -EBADMSG) {
                clew_cli_error(cli, "%s", err.message);
                return CLEW_EXIT_PARTIAL;
        }
        return r < 0 ? clew_cli_fail(cli, r, &err) : report(cli, &result, after);
}
