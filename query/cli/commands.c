/*
 * The command table and its look-up.
 */
#include "query/cli/commands.h"

#include "query/answer/nearest.h"
#include "query/serve/filter.h"

#include <string.h>

#define WINDOW                                                                                     \
        "Without --since: the last " CLEW_SINCE_DEFAULT "; --since all looks at the whole "        \
        "store.\n"
/* Of what asks why: an old store is no reason to say nothing. */
#define WINDOW_OR_ALL                                                                              \
        "Without --since: the last " CLEW_SINCE_DEFAULT                                            \
        ", or all there is when nothing started then.\n"

static const struct clew_command commands[] = {
        {"find", "list", "ls", "[QUERY] [FLAGS]",
         "traces, newest first; --failed is the common case", clew_cmd_list,
         .more = WINDOW "\n"
                        "  clew list --failed --since 7d\n"
                        "  clew list --since all -t search --longer 2s\n"
                        "  clew list --since all '{ status = error }'   (clew help query)\n",
         .served = CLEW_SERVED_READS},
        {"find", "sessions", NULL, "[FLAGS]", "sessions with their runs and failures",
         clew_cmd_sessions, .more = WINDOW, .served = CLEW_SERVED_READS},
        {"find", "attrs", NULL, "[NAME] [FLAGS]", "attributes that there are, or the values of one",
         clew_cmd_attrs, .more = WINDOW, .served = CLEW_SERVED_READS},
        {"read", "tree", NULL, "ID... [FLAGS]", "call tree of one trace", clew_cmd_tree,
         .more = "Ids: clew help ids. What the marks mean: clew help marks.\n",
         .served = CLEW_SERVED_READS},
        {"read", "show", NULL, "ID#STEP... [FLAGS]", "one step in full: texts, attributes, events",
         clew_cmd_show, .more = "Steps are numbered by clew tree; clew help ids.\n",
         .served = CLEW_SERVED_READS},
        {"read", "chat", NULL, "ID... | --session S", "the conversation, each message once",
         clew_cmd_chat, .served = CLEW_SERVED_READS},
        {"read", "why", NULL, "ID... | --all [FLAGS]", "most likely root cause, with evidence",
         clew_cmd_why,
         .more = "--all without --since: the last " CLEW_SINCE_DEFAULT
                 ", or all there is when nothing started then.\n",
         .served = CLEW_SERVED_READS},
        {"compare", "compare", NULL, "--failed | A [B] [FLAGS]",
         "what some runs have and others have not, beyond chance", clew_cmd_compare,
         .more = WINDOW
         "\n"
         "  clew compare --failed --since all    failed runs and those that ended well\n"
         "  clew compare --by model --since all  the two models that were used most\n"
         "  clew compare '{ status = error }'    what a query selects, and the rest\n",
         .served = CLEW_SERVED_READS},
        {"compare", "stats", NULL, "[QUERY] [--by KEYS] [FLAGS]",
         "counts, failures, times, tokens, cost in groups; series", clew_cmd_stats,
         .more = WINDOW "\n"
                        "  clew stats --by agent\n"
                        "  clew stats --since all --by tool --sort failed\n"
                        "  clew stats --since all --over 1h\n",
         .served = CLEW_SERVED_READS},
        {"compare", "clusters", NULL, "[NAME] [FLAGS]", "failed runs grouped by cause",
         clew_cmd_clusters, .more = WINDOW_OR_ALL, .served = CLEW_SERVED_READS},
        {"compare", "diff", NULL, "A B [FLAGS]", "two traces, aligned step by step", clew_cmd_diff,
         .served = CLEW_SERVED_READS},
        {"live", "tail", NULL, "[ID] [FLAGS]", "follow new runs, or the steps of one open run",
         clew_cmd_tail, .served = CLEW_SERVED_READS},
        {"judge", "annotate", NULL, "ID[#STEP]... | --from FILE | --queue [FLAGS]",
         "label, score, note, correct; or a review queue", clew_cmd_annotate,
         .more = "Who says it: $CLEW_USER, else who runs this.\n"
                 "\n"
                 "  clew annotate 7f3a#9 --label wrong-argument --failing\n"
                 "  clew annotate 7f3a --score correct=fail --note 'booked twice'\n"
                 "  clew annotate --queue --failed --since all -n 20 --labels policy,loop\n",
         .served = CLEW_SERVED_SAYS, .parts = true},
        {"judge", "dataset", NULL, "VERB NAME [FLAGS]",
         "cases for agents, with versions: create, add, show ...", clew_cmd_dataset,
         .more = "  create NAME                   begin one\n"
                 "  add NAME [ID...|QUERY]        cases made of runs: these, or what flags select\n"
                 "  import NAME FILE              cases of a file: JSON, JSON lines, CSV\n"
                 "  list                          all datasets\n"
                 "  show NAME[@V] [ITEM]          its cases, or one in full\n"
                 "  diff A[@V] B[@V]              what two versions differ in\n"
                 "  schema NAME [FILE]            the JSON Schema of its cases, or a new one\n"
                 "  freeze NAME                   a version that never changes\n"
                 "  remove NAME ITEM...           cases taken out of what is not frozen yet\n",
         .served = CLEW_SERVED_SAYS},
        {"judge", "experiment", NULL, "run NAME | compare A B | list | show NAME",
         "a dataset through any agent; two versions compared", clew_cmd_experiment,
         .more = "  run NAME                      each case to a program, its answer checked\n"
                 "  list                          all, the newest first\n"
                 "  show NAME                     its results\n"
                 "  compare A B                   what B fixed and broke, beyond chance\n"
                 "\n"
                 "  clew experiment run new --dataset D@1 --cmd ./agent -j 4 --repeat 3\n"
                 "  clew experiment compare old new --fail-if 'broken > 0' --junit out.xml\n"
                 "\n"
                 "The same run goes on where it was stopped. --fail-if compares one of these:\n"
                 "broken fixed failing passing items only_a only_b rate_a rate_b difference\n"
                 "difference_low difference_high p tokens cost seconds score score_low\n"
                 "pass_at_k pass_all_k, with > >= < <=; one that no case has is an error.\n",
         .served = CLEW_SERVED_SAYS, .parts = true},
        {"judge", "eval", NULL, "import FILE",
         "results of Inspect, promptfoo and DeepEval as scores", clew_cmd_eval,
         .served = CLEW_SERVED_SAYS},
        {"judge", "rubric", NULL, "add NAME FILE | show | list | history | diff",
         "criteria as texts with versions", clew_cmd_rubric,
         .more = "  add NAME FILE                 a text, or its next version\n"
                 "  show NAME[@V]                 the newest, or that version\n"
                 "  list                          the newest of each\n"
                 "  history NAME                  all versions of one\n"
                 "  diff NAME@A NAME@B            line by line\n",
         .served = CLEW_SERVED_SAYS},
        {"judge", "judge", NULL, "--cmd COMMAND [ID...] [FLAGS]",
         "findings to a program of yours, its answer kept as a score", clew_cmd_judge,
         .served = CLEW_SERVED_SAYS, .parts = true},
        {"judge", "export", NULL, "[ID...] [FLAGS]",
         "traces as OTLP, datasets as evaluation tools read them", clew_cmd_export,
         .more = "All formats: clew help formats.\n", .served = CLEW_SERVED_READS},
        {"judge", "share", NULL, "ID -o FILE",
         "a run as one page that needs no server, secrets masked", clew_cmd_share,
         .served = CLEW_SERVED_READS},
        {"setup", "ui", NULL, "[--no-browser] [--read-only]",
         "the pages in a browser, of this store or of --url", clew_cmd_ui,
         .served = CLEW_SERVED_HOME},
        {"setup", "import", NULL, "FILE...",
         "OTLP and other tools' traces (.zst, .gz, - for stdin)", clew_cmd_import,
         .more = "Kinds are told apart by what is in the file; importing again changes nothing.\n",
         .served = CLEW_SERVED_NOT,
         .why_not = "a server takes traces as OTLP, at its /v1/traces (clew help send)"},
        {"setup", "mcp", NULL, "[--allow-annotate]",
         "the Model Context Protocol on standard input and output", clew_cmd_mcp,
         .served = CLEW_SERVED_HOME},
        {"setup", "doctor", NULL, "[--verify] [--repair] [--seal] [--json]",
         "what the store holds, and whether it is whole", clew_cmd_doctor,
         .served = CLEW_SERVED_READS},
        {"setup", "status", NULL, "[--json]",
         "queue, disk, readers, last errors; of a clewd with --url", clew_cmd_status,
         .served = CLEW_SERVED_HOME},
        {"setup", "backup", NULL, "DEST [--verify] [--check]",
         "a copy while clewd writes; the next has only what is new", clew_cmd_backup,
         .more = "How backups and repair go together: clew help copies.\n",
         .served = CLEW_SERVED_NOT,
         .why_not = "it copies the files of a store; run it where they lie"},
        {"setup", "restore", NULL, "SRC [--store DIR]", "a store from a backup, verified",
         clew_cmd_restore, .served = CLEW_SERVED_NOT,
         .why_not = "it makes the files of a store; run it where they shall lie"},
        {"setup", "compact", NULL, "[--json]", "give disk back to the system; no collector may run",
         clew_cmd_compact, .served = CLEW_SERVED_NOT,
         .why_not = "it rewrites the file of a store that no collector holds"},
        {"setup", "delete", NULL, "ID... | --session S | --user U | --query Q [FLAGS]",
         "traces taken out of the store for good", clew_cmd_delete, .served = CLEW_SERVED_READS},
        {"setup", "redact", NULL, "--string S | --rule R [--dry-run]",
         "a text taken out of everything that is stored", clew_cmd_redact,
         .more = "What stands in a file of rules, and what is found: clew help redaction. Others\n"
                 "that write to the store's bucket do it too: until they have, what is to go\n"
                 "stands there. Status 6: some have not; --orders tells who (--json: id, said,\n"
                 "by, kind text, names or rules, bytes, waits_here, and who waits and has done\n"
                 "it; \"\" is the writer without a name; who of them is retired; when it was "
                 "taken\n"
                 "back, and who keeps the text then).\n",
         .served = CLEW_SERVED_NOT,
         .why_not = "it rewrites all that is stored; run it on the machine with the store"},
        {"setup", "retention", NULL, "FILE [--apply]",
         "what rules of keeping would drop now, or drop it", clew_cmd_retention,
         .more = "What stands in FILE: clew help retention.\n", .served = CLEW_SERVED_READS},
        {"setup", "audit", NULL, "[--after HASH]", "whether the log of who did what is whole",
         clew_cmd_audit, .served = CLEW_SERVED_ADMIN},
        {"setup", "writers", NULL, "[--retire NAME [--force]] [--json]",
         "who writes to a bucket; one that is gone for good", clew_cmd_writers,
         .more = "The bucket is named before the command: clew --store s3://BUCKET/PREFIX writers\n"
                 "--retire is that writer once more, in a directory of its own in TMPDIR: what\n"
                 "it acknowledged and had not sealed is sealed and uploaded, what others have\n"
                 "deleted or redacted is carried out (status 6: not all of it), and readers ask\n"
                 "nobody for its tail any more. A clewd that still has the name is taken over.\n"
                 "One that seems to run (it wrote within a minute, its address answers, or what\n"
                 "it has changes) is refused without --force.\n"
                 "Started again with its name it goes on; what is redacted later waits for it,\n"
                 "and --retire once more does it: clew redact says with which command.\n"
                 "'' is the writer without a name. More: clew help objects.\n",
         .served = CLEW_SERVED_NOT, .why_not = "it asks a bucket itself; run it with --store URL"},
        {"setup", "reindex", NULL, "[--all] [--dry-run] [--json]",
         "derive stored summaries anew after the rules have changed", clew_cmd_reindex,
         .served = CLEW_SERVED_READS},
        {"setup", "completion", NULL, "bash | zsh | fish",
         "a script that completes commands and ids", clew_cmd_completion,
         .more = "For this shell alone, and for each new one:\n\n"
                 "  source <(clew completion bash)\n"
                 "  clew completion bash > DIR/clew       where DIR is\n"
                 "        ~/.local/share/bash-completion/completions\n\n"
                 "  source <(clew completion zsh)         behind compinit\n"
                 "  clew completion zsh > DIR/_clew       where DIR is one of $fpath\n\n"
                 "  clew completion fish | source\n"
                 "  clew completion fish > ~/.config/fish/completions/clew.fish\n\n"
                 "A Debian package of Clew brings all three.\n",
         .served = CLEW_SERVED_HOME},
        {"setup", "help", NULL, "[COMMAND | TOPIC]", "help for a command or a topic", clew_cmd_help,
         .served = CLEW_SERVED_HOME},
        {"setup", "version", NULL, "", "the version of this program", clew_cmd_version,
         .served = CLEW_SERVED_HOME},
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

const char *clew_command_nearest(const char *name)
{
        static const char *const others[][2] = {
                {"search", "list -g TEXT"},
                {"find", "list -g TEXT"},
                {"grep", "list -g TEXT"},
                {"query", "list"},
                {"runs", "list"},
                {"traces", "list"},
                {"trace", "tree"},
                {"view", "tree"},
                {"get", "show"},
                {"log", "tail"},
                {"logs", "tail"},
                {"follow", "tail"},
                {"label", "annotate"},
                {"score", "annotate"},
                {"feedback", "annotate"},
                {"review", "annotate"},
                {"info", "doctor"},
                {"check", "doctor"},
                {"serve", "ui"},
                {"web", "ui"},
                {"explain", "why"},
        };
        struct clew_nearest near = clew_nearest_begin(clew_slice_of_cstr(name));

        for (size_t i = 0; i < CLEW_ARRAY_LEN(others); i++) {
                if (strcmp(name, others[i][0]) == 0)
                        return others[i][1];
        }
        for (const struct clew_command *c = commands; c->name; c++)
                clew_nearest_offer(&near, clew_slice_of_cstr(c->name));
        return (const char *)near.best.data; /* a whole name of the table, or NULL */
}
