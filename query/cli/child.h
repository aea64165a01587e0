/*
 * One question to a program: it gets a text on its standard input and answers on its standard
 * output. Who interrupts us ends it too (leftover.h).
 */
#ifndef CLEW_QUERY_CLI_CHILD_H
#define CLEW_QUERY_CLI_CHILD_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"

#include <stdint.h>

/*
 * Runs `/bin/sh -c @command`, writes @question to it, and appends what it prints to @answer (whose
 * maximum bounds it) until it has ended: what it leaves running goes on, and is not waited for,
 * though it may hold its output open. Its standard error is ours. After @timeout_ms it is killed.
 * 0, -ETIMEDOUT, -EMSGSIZE (it printed too much), -ECHILD (it ended with another status than 0; err
 * says which), or what the system reports.
 */
CLEW_MUST_USE int clew_child_ask(const char *command, struct clew_slice question,
                                 uint32_t timeout_ms, struct clew_buffer *answer,
                                 struct clew_error *err);

/* The same with the environment @envp (NULL = ours); *ret_status is what it ended with, which is
 * no failure here; after a failure it is negative. */
CLEW_MUST_USE int clew_child_run(const char *command, char *const *envp, struct clew_slice question,
                                 uint32_t timeout_ms, struct clew_buffer *answer, int *ret_status,
                                 struct clew_error *err);

#endif
