/*
 * See guard.h. The message is made beforehand: a signal handler may only write and leave.
 */
#include "query/cli/guard.h"

#include "proto/base/compiler.h"
#include "query/answer/safe.h"
#include "query/cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define HANDLER_STACK_BYTES 65536u /* the program's own stack may be what ran out */

static char message[512];
static size_t message_len;
static _Alignas(16) char handler_stack[HANDLER_STACK_BYTES];

static void on_fault(int signal)
{
        (void)signal;
        if (write(STDERR_FILENO, message, message_len) < 0)
                _exit(CLEW_EXIT_STORE);
        _exit(CLEW_EXIT_STORE);
}

void clew_guard_install(const char *dir)
{
        stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof(handler_stack)};
        struct sigaction action = {.sa_handler = on_fault,
                                   .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND)};
        char shown[400];
        int n;

        n = snprintf(message, sizeof(message),
                     "\nclew: store damaged: reading %s met a broken page; "
                     "clew doctor --verify names the damage, clew doctor --repair saves what is "
                     "whole\n",
                     clew_safe_cstr(clew_slice_of_cstr(dir), shown, sizeof(shown)));
        message_len = n > 0 && (size_t)n < sizeof(message) ? (size_t)n : 0;
        sigemptyset(&action.sa_mask);
        if (sigaltstack(&stack, NULL) != 0)
                return;
        if (sigaction(SIGSEGV, &action, NULL) != 0 || sigaction(SIGBUS, &action, NULL) != 0)
                return;
}
