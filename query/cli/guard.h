/*
 * The last line of defence against a damaged store: LMDB trusts its tree, and a flipped bit there
 * can make it read outside its map. The fault then ends the program with a sentence, not a core.
 */
#ifndef CLEW_QUERY_CLI_GUARD_H
#define CLEW_QUERY_CLI_GUARD_H

/* From now on SIGSEGV and SIGBUS print that the store in @dir is damaged and exit with
 * CLEW_EXIT_STORE. Call it when a store is opened for reading. */
void clew_guard_install(const char *dir);

#endif
