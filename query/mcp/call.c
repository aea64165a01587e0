/*
 * See call-int.h: what a model gave as arguments becomes a request to a route.
 */
#include "query/mcp/call-int.h"

#include "proto/base/json.h"
#include "proto/base/number.h"
#include "query/answer/query-help.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HELP_MAX 65536u

/* ---- arguments ------------------------------------------------------------------------------ */

static void append_encoded(struct clew_buffer *out, struct clew_slice text)
{
        static const char plain[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];

                if (c && strchr(plain, c))
                        clew_buffer_append_byte(out, c);
                else
                        clew_buffer_printf(out, "%%%02X", c);
        }
}

static void append_parameter(struct clew_mcp_call *call, const char *name, struct clew_slice value)
{
        if (call->parameters.len)
                clew_buffer_append_byte(&call->parameters, '&');
        clew_buffer_append_cstr(&call->parameters, name);
        clew_buffer_append_byte(&call->parameters, '=');
        append_encoded(&call->parameters, value);
}

static int refuse(struct clew_mcp_call *call, const struct clew_mcp_argument *a, const char *what)
{
        call->is_error = true;
        clew_buffer_printf(&call->text, "%s: %s takes %s", call->tool->name, a->name, what);
        return clew_buffer_error(&call->text);
}

/* What has no parameter of a route. */
static void set_own(struct clew_mcp_call *call, const struct clew_mcp_argument *a, uint64_t number,
                    struct clew_slice text)
{
        if (strcmp(a->name, "max_chars") == 0)
                call->max_chars = number < CLEW_MCP_CHARS_MIN   ? CLEW_MCP_CHARS_MIN
                                  : number > CLEW_MCP_CHARS_MAX ? CLEW_MCP_CHARS_MAX
                                                                : number;
        else if (strcmp(a->name, "offset") == 0)
                call->offset = number;
        else if (strcmp(a->name, "topic") == 0)
                call->topic = text;
        else if (strcmp(a->name, "all_messages") == 0)
                call->all_messages = number;
        else if (strcmp(a->name, "raw") == 0)
                call->raw = number;
}

static bool read_number(const struct clew_json_reader *r, struct clew_arena *arena, uint64_t *ret)
{
        if (r->token == CLEW_JSON_STRING)
                return clew_parse_uint64(clew_json_string(r, arena), ret);
        return r->token == CLEW_JSON_NUMBER && clew_parse_uint64(r->text, ret);
}

static int take_numbers(struct clew_mcp_call *call, const struct clew_mcp_argument *a,
                        struct clew_json_reader *r)
{
        bool good = r->token == CLEW_JSON_ARRAY_BEGIN;

        while (good && clew_json_next_element(r)) {
                good = call->n_steps < CLEW_MCP_STEPS_MAX &&
                       read_number(r, &call->arena, &call->steps[call->n_steps]);
                call->n_steps++;
        }
        if (!good || call->n_steps == 0)
                return refuse(call, a, "an array of 1 to 20 step numbers");
        return 0;
}

static int take_number(struct clew_mcp_call *call, const struct clew_mcp_argument *a,
                       struct clew_json_reader *r)
{
        char text[24];
        uint64_t number;

        if (!read_number(r, &call->arena, &number)) {
                clew_json_skip(r);
                return refuse(call, a, "a whole number");
        }
        if (strcmp(a->name, "limit") == 0)
                call->limit = number;
        snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
        if (a->parameter)
                append_parameter(call, a->parameter, clew_slice_of_cstr(text));
        else
                set_own(call, a, number, CLEW_SLICE_NULL);
        return 0;
}

static int take_text(struct clew_mcp_call *call, const struct clew_mcp_argument *a,
                     struct clew_json_reader *r)
{
        struct clew_slice text;

        if (r->token != CLEW_JSON_STRING && r->token != CLEW_JSON_NUMBER) {
                clew_json_skip(r);
                return refuse(call, a, "a text");
        }
        text = r->token == CLEW_JSON_STRING ? clew_json_string(r, &call->arena) : r->text;
        if (!a->parameter)
                set_own(call, a, 0, text);
        else if (strcmp(a->parameter, "{id}") == 0)
                call->id = text;
        else
                append_parameter(call, a->parameter, text);
        return 0;
}

static int take_argument(struct clew_mcp_call *call, const struct clew_mcp_argument *a,
                         struct clew_json_reader *r)
{
        enum clew_json_token token = clew_json_next(r);

        if (token == CLEW_JSON_NULL)
                return 0;                         /* as if it were not given */
        if (call->tool->form == CLEW_MCP_WRITE) { /* the route checks them */
                clew_json_skip(r);
                return 0;
        }
        switch (a->type) {
        case CLEW_MCP_TEXT:
                return take_text(call, a, r);
        case CLEW_MCP_NUMBER:
                return take_number(call, a, r);
        case CLEW_MCP_NUMBERS:
                return take_numbers(call, a, r);
        case CLEW_MCP_FLAG:
                if (token != CLEW_JSON_TRUE && token != CLEW_JSON_FALSE) {
                        clew_json_skip(r);
                        return refuse(call, a, "true or false");
                }
                if (a->parameter)
                        append_parameter(call, a->parameter,
                                         clew_slice_of_cstr(token == CLEW_JSON_TRUE ? "1" : "0"));
                else
                        set_own(call, a, token == CLEW_JSON_TRUE, CLEW_SLICE_NULL);
                return 0;
        case CLEW_MCP_TEXTS:
        case CLEW_MCP_SCORES:
                break; /* of a write alone */
        }
        clew_json_skip(r);
        return 0;
}

static int refuse_unknown(struct clew_mcp_call *call, struct clew_slice name)
{
        const struct clew_mcp_argument *const lists[] = {call->tool->own, call->tool->filter};
        const char *between = "";

        call->is_error = true;
        clew_buffer_printf(&call->text, "%s has no argument \"", call->tool->name);
        clew_json_escape(name, &call->text);
        clew_buffer_append_cstr(&call->text, "\"; it takes ");
        for (size_t i = 0; i < 2; i++) {
                for (const struct clew_mcp_argument *a = lists[i]; a && a->name; a++) {
                        clew_buffer_printf(&call->text, "%s%s", between, a->name);
                        between = ", ";
                }
        }
        return clew_buffer_error(&call->text);
}

/* Of what is needed, what was not given. */
static int check_given(struct clew_mcp_call *call, uint32_t given)
{
        uint32_t i = 0;

        for (const struct clew_mcp_argument *a = call->tool->own; a->name; a++, i++) {
                if (a->required && !(given >> i & 1) && !call->is_error) {
                        call->is_error = true;
                        clew_buffer_printf(&call->text, "%s needs %s: %s", call->tool->name,
                                           a->name, a->help);
                }
        }
        return clew_buffer_error(&call->text);
}

static int read_arguments(struct clew_mcp_call *call, struct clew_slice arguments)
{
        struct clew_json_reader r = clew_json_reader_make(arguments, CLEW_JSON_DEPTH_DEFAULT);
        uint32_t given = 0;
        int result = 0;

        if (arguments.len == 0)
                return check_given(call, 0);
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN) {
                call->is_error = true;
                clew_buffer_append_cstr(&call->text, "arguments is to be an object");
                return clew_buffer_error(&call->text);
        }
        while (!call->is_error && result == 0 && clew_json_next_member(&r)) {
                struct clew_slice name = clew_json_string(&r, &call->arena);
                const struct clew_mcp_argument *a = clew_mcp_argument_find(call->tool, name);

                if (!a)
                        return refuse_unknown(call, name);
                if (a >= call->tool->own && a < call->tool->own + 32)
                        given |= 1u << (a - call->tool->own);
                result = take_argument(call, a, &r);
        }
        return result ? result : check_given(call, given);
}

/* ---- asking ---------------------------------------------------------------------------------- */

int clew_mcp_path(const struct clew_mcp_call *call, struct clew_buffer *out)
{
        struct clew_slice path = clew_slice_of_cstr(call->tool->path);
        const char *place = strstr(call->tool->path, "{id}");

        clew_buffer_append_cstr(out, "/api/v1");
        if (!place) {
                clew_buffer_append_slice(out, path);
                return clew_buffer_error(out);
        }
        path.len = (size_t)(place - call->tool->path);
        clew_buffer_append_slice(out, path);
        append_encoded(out, call->id);
        clew_buffer_append_cstr(out, place + 4);
        return clew_buffer_error(out);
}

int clew_mcp_ask(struct clew_mcp_call *call, const char *method, struct clew_slice path,
                 struct clew_slice parameters, struct clew_serve_answer *ret)
{
        CLEW_BUFFER target = {0};
        struct clew_serve_request request = {.method = clew_slice_of_cstr(method),
                                             .identity = call->mcp->identity};

        clew_buffer_init(&target, 4 * CLEW_MCP_MESSAGE_MAX);
        clew_buffer_append_slice(&target, path);
        clew_buffer_append_cstr(&target, parameters.len ? "?" : "");
        clew_buffer_append_slice(&target, parameters);
        if (clew_buffer_error(&target) < 0)
                return clew_buffer_error(&target);
        request.target = clew_buffer_slice(&target);
        if (call->body.len) {
                request.content_type = CLEW_SLICE_LITERAL("application/json");
                request.body = clew_buffer_slice(&call->body);
        }
        clew_serve_answer_init(ret);
        clew_serve(call->mcp->service, &request, ret);
        return 0;
}

/* What the route refused, as a model is to read it: the problem, with what it suggests. */
static void take_problem(struct clew_mcp_call *call, const struct clew_serve_answer *a)
{
        call->is_error = true;
        clew_buffer_append_slice(&call->text, clew_buffer_slice(&a->body));
}

static int ask_steps(struct clew_mcp_call *call)
{
        CLEW_BUFFER whole = {0};
        CLEW_BUFFER path = {0};
        int r = 0;

        clew_buffer_init(&whole, CLEW_MCP_STEPS_MAX * CLEW_SERVE_BODY_MAX);
        clew_buffer_init(&path, 4 * CLEW_MCP_MESSAGE_MAX);
        for (uint32_t i = 0; r == 0 && !call->is_error && i < call->n_steps; i++) {
                struct clew_serve_answer a;

                clew_buffer_clear(&path);
                r = clew_mcp_path(call, &path);
                clew_buffer_printf(&path, "/%llu", (unsigned long long)call->steps[i]);
                if (r == 0)
                        r = clew_mcp_ask(call, "GET", clew_buffer_slice(&path),
                                         clew_slice_of_cstr(call->tool->fixed), &a);
                if (r < 0)
                        return r;
                if (a.status >= 400)
                        take_problem(call, &a);
                else
                        clew_mcp_step(call, clew_buffer_slice(&a.body), &whole);
                clew_buffer_append_byte(&whole, '\n');
                clew_serve_answer_deinit(&a);
        }
        if (r == 0 && !call->is_error)
                clew_mcp_window(call, clew_buffer_slice(&whole));
        return r == 0 ? clew_buffer_error(&whole) : r;
}

static int ask_help(struct clew_mcp_call *call)
{
        CLEW_BUFFER text = {0};
        bool is_path = clew_slice_eq_cstr(call->topic, "path");

        clew_buffer_init(&text, HELP_MAX);
        if (call->topic.len && !is_path && !clew_slice_eq_cstr(call->topic, "query")) {
                call->is_error = true;
                clew_buffer_append_cstr(&call->text, "query_help: topic is query or path");
                return 0;
        }
        (void)clew_query_help(is_path ? "path" : "query", &text);
        clew_mcp_window(call, clew_buffer_slice(&text));
        return clew_buffer_error(&text);
}

static int ask_route(struct clew_mcp_call *call)
{
        CLEW_BUFFER path = {0};
        struct clew_serve_answer a;
        int r;

        clew_buffer_init(&path, 4 * CLEW_MCP_MESSAGE_MAX);
        if (call->tool->fixed) {
                if (call->parameters.len)
                        clew_buffer_append_byte(&call->parameters, '&');
                clew_buffer_append_cstr(&call->parameters, call->tool->fixed);
        }
        if (!call->limit && clew_mcp_argument_find(call->tool, CLEW_SLICE_LITERAL("limit")))
                append_parameter(call, "limit",
                                 clew_slice_of_cstr(
                                         strcmp(call->tool->name, "search_traces") == 0   ? "10"
                                         : strncmp(call->tool->name, "attribute", 9) == 0 ? "100"
                                                                                          : "20"));
        r = clew_mcp_path(call, &path);
        if (r == 0)
                r = clew_mcp_ask(call, call->tool->form == CLEW_MCP_WRITE ? "POST" : "GET",
                                 clew_buffer_slice(&path), clew_buffer_slice(&call->parameters),
                                 &a);
        if (r < 0)
                return r;
        if (a.status >= 400)
                take_problem(call, &a);
        else
                r = clew_mcp_render(call, &a);
        clew_serve_answer_deinit(&a);
        return r;
}

/* The arguments of a write are the members of a line of `clew annotate --from`; there a step is
 * part of the id that people type. */
static int make_body(struct clew_mcp_call *call, struct clew_slice arguments)
{
        struct clew_json_reader r = clew_json_reader_make(arguments, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_json_writer w = clew_json_writer_make(&call->body, 0);
        struct clew_slice id = CLEW_SLICE_NULL;
        uint64_t step = 0;

        (void)clew_json_next(&r); /* an object: it was read before */
        clew_json_write_object_begin(&w);
        while (clew_json_next_member(&r)) {
                struct clew_slice name = clew_json_string(&r, &call->arena);
                enum clew_json_token token = clew_json_next(&r);
                bool is_step = clew_slice_eq_cstr(name, "step");
                struct clew_slice value;

                if (token == CLEW_JSON_STRING && clew_slice_eq_cstr(name, "id"))
                        id = clew_json_string(&r, &call->arena);
                if (is_step && !read_number(&r, &call->arena, &step)) {
                        clew_json_skip(&r);
                        return refuse(
                                call,
                                clew_mcp_argument_find(call->tool, CLEW_SLICE_LITERAL("step")),
                                "the number of a step");
                }
                value = clew_json_take(&r);
                if (is_step || clew_slice_eq_cstr(name, "id") || token == CLEW_JSON_NULL)
                        continue;
                clew_json_write_key_slice(&w, name);
                clew_json_write_raw(&w, value);
        }
        clew_json_write_key(&w, "id");
        if (step)
                clew_json_write_string(&w, clew_arena_printf(&call->arena, "%.*s#%llu", (int)id.len,
                                                             (const char *)id.data,
                                                             (unsigned long long)step));
        else
                clew_json_write_string(&w, id);
        clew_json_write_object_end(&w);
        return clew_buffer_error(&call->body);
}

int clew_mcp_call(struct clew_mcp_call *call, struct clew_slice arguments)
{
        int r = read_arguments(call, arguments);

        if (r < 0 || call->is_error)
                return r;
        switch (call->tool->form) {
        case CLEW_MCP_STEPS:
                return ask_steps(call);
        case CLEW_MCP_HELP:
                return ask_help(call);
        case CLEW_MCP_WRITE:
                clew_buffer_clear(&call->parameters);
                r = make_body(call, arguments);
                return r < 0 || call->is_error ? r : ask_route(call);
        case CLEW_MCP_RECORDS:
        case CLEW_MCP_OUTLINE:
        case CLEW_MCP_WHOLE:
                break;
        }
        return ask_route(call);
}
