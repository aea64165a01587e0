/*
 * What a shell may offer behind the words that were typed (clew completion bash | zsh | fish).
 *
 * The program itself answers, so that completion never lags behind it: commands and flags come from
 * the tables and the help texts, values from what is known without a store (rules, formats, words),
 * and names from the newest traces and the reviews of the store that is in use. It looks for some
 * 30 ms at most, and keeps silent about what it cannot read. Behind --url (or with CLEW_URL) the
 * names are the server's: its own program is asked for them.
 */
#ifndef CLEW_QUERY_CLI_COMPLETE_H
#define CLEW_QUERY_CLI_COMPLETE_H

#include "query/cli/cli.h"

/* Prints the words that may stand in place of the last one of @words (which may be empty): one a
 * line, a tab and what it is behind those of which something is to be told; ":files" where files
 * are meant. @words are those behind the program's name. Returns an exit status. */
int clew_complete(struct clew_cli *cli, int n, char **words);

/* Prints the names of a kind ("traces", "agents" ...) that the store knows, as above. @key: of
 * which attribute, for "values"; else "". */
int clew_complete_names(struct clew_cli *cli, const char *kind, const char *key);

#endif
