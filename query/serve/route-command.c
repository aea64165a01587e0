/*
 * See command.h.
 */
#include "query/serve/command.h"

#include "query/serve/call-int.h"
#include "query/serve/command-line.h"

#include <stdio.h>

/* The words twice: as an array of pointers, and their decoded texts. */
#define ARENA_MAX (3 * CLEW_SERVE_UPLOAD_MAX)

bool clew_command_admit(const struct clew_service *service,
                        const struct clew_serve_request *request,
                        char ret_word[CLEW_COMMAND_WORD_BYTES], struct clew_serve_answer *answer)
{
        struct clew_call call = {.service = service, .request = request, .answer = answer};
        struct clew_command_line words;
        bool ok = false;

        call.route = clew_routes;
        while (call.route->run != clew_route_command)
                call.route++;
        clew_arena_init(&call.arena, ARENA_MAX);
        if (clew_call_check_access(&call) == 0) {
                int r = clew_command_line_read(request->body, &call.arena, &words, &call.err);

                ok = r == 0;
                if (r < 0)
                        (void)!clew_call_refuse(&call, CLEW_PROBLEM_BAD_REQUEST, "%s",
                                                call.err.message);
        }
        if (ok)
                (void)snprintf(ret_word, CLEW_COMMAND_WORD_BYTES, "%s", words.values[0]);
        clew_arena_deinit(&call.arena);
        return ok;
}

uint32_t clew_command_scopes(const struct clew_service *service,
                             const struct clew_identity *identity)
{
        uint32_t scopes = identity->scopes | CLEW_SCOPE_READ;

        return service->read_only ? scopes & ~(uint32_t)CLEW_SCOPE_ANNOTATE : scopes;
}

void clew_command_failed(const char *detail, struct clew_serve_answer *ret)
{
        struct clew_json_writer w = clew_problem_begin(ret, CLEW_PROBLEM_FAILED, detail);

        clew_problem_end(ret, &w);
}

/* Who carries the service takes this path before it comes here. */
int clew_route_command(struct clew_call *call)
{
        return clew_call_refuse(call, CLEW_PROBLEM_NOT_ACCEPTABLE,
                                "this path runs a command, which this carrier does not");
}
