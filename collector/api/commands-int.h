/*
 * Commands that run beside a store for somebody elsewhere (query/serve/command-line.h): each is a
 * process of `clew`, the program of this version that lies beside this one, and what it writes is
 * the answer, as it comes.
 *
 * A process cannot harm the collector: it has a limit of memory and of time, is the first that the
 * kernel ends when memory runs out, reaches nothing but the store, and ends with who asked.
 */
#ifndef CLEW_COLLECTOR_API_COMMANDS_INT_H
#define CLEW_COLLECTOR_API_COMMANDS_INT_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <microhttpd.h>
#include <stdint.h>

struct clew_commands;

struct clew_command_start {
        struct MHD_Connection *connection;
        const char *store_dir;
        const char *word;       /* the command: some go on until who asked leaves */
        const char *author;     /* who signed in; "" = nobody */
        const char *from;       /* address of who asks */
        uint32_t scopes;        /* what the process may do */
        struct clew_slice body; /* the request; is copied */
};

/* All processes together may have @memory_bytes for themselves: beyond it the one that has the most
 * is ended, and says so. 0 or a negative errno. */
CLEW_MUST_USE int clew_commands_new(uint64_t memory_bytes, struct clew_commands **ret);
/* Ends all processes and waits for their threads. */
void clew_commands_end(struct clew_commands *commands);
/* After end, and when no connection is left. NULL is fine. */
void clew_commands_free(struct clew_commands *commands);

/* Starts one: 0 and a response that goes on until the process ends, -EBUSY when there is no place,
 * or another negative errno with a message. Everything in @start is borrowed for the call. */
CLEW_MUST_USE int clew_commands_add(struct clew_commands *commands,
                                    const struct clew_command_start *start,
                                    struct MHD_Response **ret, struct clew_error *err);

#endif
