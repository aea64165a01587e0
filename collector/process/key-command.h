/*
 * clewd key: keys made, listed, revoked, and links for one sign-in. Works on the file beside the
 * store, whether a clewd runs or not; one that runs reads the file again within a second.
 */
#ifndef CLEW_COLLECTOR_KEY_COMMAND_H
#define CLEW_COLLECTOR_KEY_COMMAND_H

#include <stdbool.h>

/* Whether argv[1] asks for it. */
bool clew_key_command_wanted(int argc, char *const *argv);
/* An exit code: 0, 1 failed, 2 wrong usage. */
int clew_key_command(int argc, char *const *argv);

#endif
