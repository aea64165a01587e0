/*
 * The command table and its look-up.
 */
#include "query/cli/commands.h"

#include <string.h>

static const struct clew_command commands[] = {
        {"find", "list", "ls", "[QUERY] [FLAGS]",
         "traces, newest first; --failed is the common case", clew_cmd_list},
        {"find", "sessions", NULL, "[FLAGS]", "sessions with their runs and failures",
         clew_cmd_sessions},
        {"read", "tree", NULL, "ID... [FLAGS]", "call tree of one trace", clew_cmd_tree},
        {"read", "show", NULL, "ID#STEP... [FLAGS]", "one step in full: texts, attributes, events",
         clew_cmd_show},
        {"read", "chat", NULL, "ID... | --session S", "the conversation, each message once",
         clew_cmd_chat},
        {"read", "why", NULL, "ID... | --all [FLAGS]", "most likely root cause, with evidence",
         clew_cmd_why},
        {"compare", "clusters", NULL, "[NAME] [FLAGS]", "failed runs grouped by cause",
         clew_cmd_clusters},
        {"compare", "diff", NULL, "A B [FLAGS]", "two traces, aligned step by step", clew_cmd_diff},
        {"live", "tail", NULL, "[ID] [FLAGS]", "follow new runs, or the steps of one open run",
         clew_cmd_tail},
        {"judge", "annotate", NULL, "ID[#STEP]... | --from FILE | --queue [FLAGS]",
         "label, score, note, correct; or a review queue", clew_cmd_annotate},
        {"judge", "judge", NULL, "--cmd COMMAND [ID...] [FLAGS]",
         "findings to a program of yours, its answer kept as a score", clew_cmd_judge},
        {"judge", "export", NULL, "[ID...] [FLAGS]",
         "traces as files: OTLP JSON lines (--format otlp)", clew_cmd_export},
        {"setup", "import", NULL, "FILE...",
         "OTLP JSON lines (.zst, .gz, - for stdin) into the store", clew_cmd_import},
        {"setup", "doctor", NULL, "[--verify] [--seal] [--json]",
         "what the store holds, and whether it is whole", clew_cmd_doctor},
        {"setup", "reindex", NULL, "[--all] [--dry-run] [--json]",
         "derive stored summaries anew after the rules have changed", clew_cmd_reindex},
        {"setup", "completion", NULL, "bash | zsh | fish",
         "a script that completes commands and ids", clew_cmd_completion},
        {"setup", "help", NULL, "[COMMAND | TOPIC]", "help for a command or a topic",
         clew_cmd_help},
        {"setup", "version", NULL, "", "the version of this program", clew_cmd_version},
        {0},
};

const struct clew_command *clew_commands(void)
{
        return commands;
}

const struct clew_command *clew_command_find(const char *name)
{
        for (const struct clew_command *c = commands; c->name; c++) {
                if (strcmp(c->name, name) == 0 || (c->alias && strcmp(c->alias, name) == 0))
                        return c;
        }
        return NULL;
}

#define NAME_MAX_LEN 24u /* longer than any command; longer words are near to none */

/* Edit distance of two short words (insert, delete, replace). */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
        size_t row[NAME_MAX_LEN + 1];

        for (size_t j = 0; j <= n_b; j++)
                row[j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= n_b; j++) {
                        size_t replace = diagonal + (a[i - 1] != b[j - 1]);
                        size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

                        diagonal = row[j];
                        row[j] = replace < step ? replace : step;
                }
        }
        return row[n_b];
}

const char *clew_command_nearest(const char *name)
{
        const char *best = NULL;
        size_t best_distance = 3; /* more than two edits is another word */
        size_t len = strlen(name);

        if (len > NAME_MAX_LEN)
                return NULL;
        for (const struct clew_command *c = commands; c->name; c++) {
                size_t d = distance(name, len, c->name, strlen(c->name));

                if (d < best_distance && d < strlen(c->name)) {
                        best_distance = d;
                        best = c->name;
                }
        }
        return best;
}
