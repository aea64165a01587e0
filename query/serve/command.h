/*
 * POST /command: a command line, run beside the store (command-line.h). Who carries it starts the
 * process; here is decided whether it may.
 */
#ifndef CLEW_QUERY_SERVE_COMMAND_H
#define CLEW_QUERY_SERVE_COMMAND_H

#include "proto/base/compiler.h"
#include "query/serve/serve.h"

#include <stdbool.h>

#define CLEW_COMMAND_PATH "/api/v1/command"
#define CLEW_COMMAND_TYPE "application/vnd.clew.frames"
/* Room for the command's name. */
#define CLEW_COMMAND_WORD_BYTES 32u

/* Whether who asks may, and the body is a request; its first word is in @ret_word. False: @answer
 * says why not. */
CLEW_MUST_USE bool clew_command_admit(const struct clew_service *service,
                                      const struct clew_serve_request *request,
                                      char ret_word[CLEW_COMMAND_WORD_BYTES],
                                      struct clew_serve_answer *answer);

/* What the process may do there. */
CLEW_MUST_USE uint32_t clew_command_scopes(const struct clew_service *service,
                                           const struct clew_identity *identity);

/* An answer of who carries it: the program that runs commands is not there, or will not start. */
void clew_command_failed(const char *detail, struct clew_serve_answer *ret);

#endif
