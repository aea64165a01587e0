/*
 * Wrappers are known by how their text begins, so that a tool which happens to return an object
 * with such a member among others is left alone.
 */
#include "query/model/tool-text-int.h"

#include "proto/base/compiler.h"
#include "proto/base/json.h"
#include "query/model/value-int.h"

#include <string.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)

/* Serialised messages and outputs: what they begin with, where the content is, where the call's id.
 */
static const struct {
        const char *head;
        const char *content;
        const char *call_id;
        const char *second; /* content, where there is none at the first place */
        const char *needs;  /* a member that proves the wrapper, where the head is a common one */
        const char *exit;   /* of the command that the tool ran: not 0 is a failure */
        const char
                *status; /* "error" is a failure: the tool raised, and the model is to hear of it */
} results[] = {
        /* LangChain: a message in its own serialisation, alone or as a node's output; as a dict. */
        {.head = "{\"output\":{\"lc\"",
         .content = "output.kwargs.content",
         .call_id = "output.kwargs.tool_call_id",
         .status = "output.kwargs.status"},
        {.head = "{\"output\": {\"lc\"",
         .content = "output.kwargs.content",
         .call_id = "output.kwargs.tool_call_id",
         .status = "output.kwargs.status"},
        {.head = "{\"output\":{\"content\"",
         .content = "output.content",
         .call_id = "output.tool_call_id",
         .needs = "output.tool_call_id",
         .status = "output.status"},
        {.head = "{\"output\": {\"content\"",
         .content = "output.content",
         .call_id = "output.tool_call_id",
         .needs = "output.tool_call_id",
         .status = "output.status"},
        {.head = "{\"content\"",
         .content = "content",
         .call_id = "tool_call_id",
         .needs = "tool_call_id",
         .status = "status"},
        {.head = "{\"lc\"",
         .content = "kwargs.content",
         .call_id = "kwargs.tool_call_id",
         .status = "kwargs.status"},
        {.head = "{\"type\": \"tool\", \"data\"",
         .content = "data.content",
         .call_id = "data.tool_call_id",
         .status = "data.status"},
        {.head = "{\"type\":\"tool\",\"data\"",
         .content = "data.content",
         .call_id = "data.tool_call_id",
         .status = "data.status"},
        /* LlamaIndex: ToolOutput. */
        {.head = "{\"blocks\":[", .content = "raw_output"},
        {.head = "{\"blocks\": [", .content = "raw_output"},
        /* Gemini CLI: the finished call with its request, its definition and the response. */
        {.head = "{\"status\"",
         .content = "response.responseParts.0.functionResponse.response.output",
         .second = "response.responseParts.0.functionResponse.response.error",
         .needs = "request.callId"},
        /* OpenCode: what is shown, and beside it what the model gets. */
        {.head = "{\"title\"", .content = "output", .needs = "metadata", .exit = "metadata.exit"},
};

/* The wrapper of @text, or -1. */
static int wrapper_of(struct clew_slice text, struct clew_arena *arena)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(results); i++) {
                if (clew_slice_starts_with(text, clew_slice_of_cstr(results[i].head)) &&
                    (!results[i].needs || clew_text_member(text, results[i].needs, arena).len > 0))
                        return (int)i;
        }
        return -1;
}

/* LangGraph's Command: a tool that changes the state has its message last in that of the update. */
static struct clew_slice command_message(struct clew_slice text, struct clew_arena *arena)
{
        static const struct {
                const char *head;
                const char *messages;
        } forms[] = {
                {"{\"graph\"", "update.messages"},
                {"{\"output\":{\"graph\"", "output.update.messages"},
                {"{\"output\": {\"graph\"", "output.update.messages"},
        };
        struct clew_slice messages = CLEW_SLICE_NULL;
        struct clew_slice last = CLEW_SLICE_NULL;
        struct clew_json_reader r;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(forms) && messages.len == 0; i++) {
                if (clew_slice_starts_with(text, clew_slice_of_cstr(forms[i].head)))
                        messages = clew_text_member(text, forms[i].messages, arena);
        }
        if (messages.len == 0)
                return CLEW_SLICE_NULL;
        r = clew_json_reader_make(messages, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return CLEW_SLICE_NULL;
        while (clew_json_next_element(&r))
                last = clew_json_take(&r);
        return last;
}

/* agno's record of a call as Python writes it: status='failure' result=None error='no room'. The
 * value of @name, without its quotes; a null slice for None. */
static struct clew_slice repr_member(struct clew_slice text, const char *name)
{
        size_t len = strlen(name);
        const uint8_t *at = memmem(text.data, text.len, name, len);
        const uint8_t *end = text.data + text.len;
        const uint8_t *begin;

        if (!at || (size_t)(end - at) <= len || (at[len] != '\'' && at[len] != '"'))
                return CLEW_SLICE_NULL;
        begin = at + len + 1;
        for (at = begin; at < end && *at != begin[-1]; at++) {
                if (*at == '\\' && at + 1 < end)
                        at++;
        }
        return clew_slice_make(begin, (size_t)(at - begin));
}

static bool is_repr(struct clew_slice text)
{
        return clew_slice_starts_with(text, KEY("status='success' result=")) ||
               clew_slice_starts_with(text, KEY("status='failure' result="));
}

static bool is_only_member(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN || !clew_json_next_member(&r))
                return false;
        clew_json_skip(&r);
        return !clew_json_next_member(&r);
}

struct clew_slice clew_tool_arguments(struct clew_slice text, struct clew_arena *arena)
{
        /* Decorators record {"args":[...],"kwargs":{...}}, LangChain {"inputs":...,"tags":...}. */
        static const char *const heads[] = {"{\"args\"", "{\"kwargs\"", "{\"inputs\""};
        static const char *const members[] = {"kwargs", "args", "inputs"};
        bool wrapped = false;

        if (clew_slice_starts_with(text, KEY("{\"input_str\""))) {
                struct clew_slice inner = clew_text_member(text, "inputs", arena);

                if (inner.len == 0)
                        inner = clew_text_member(text, "input_str", arena);
                return inner.len > 0 ? inner : text;
        }

        if (clew_slice_starts_with(text, KEY("{\"input\""))) {
                struct clew_slice inner = clew_text_member(text, "input", arena);

                /* LangSmith's tools: the arguments as JSON in the only member. */
                if (is_only_member(text) && inner.len > 1 && inner.data[0] == '{')
                        return inner;
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(heads); i++)
                wrapped = wrapped || clew_slice_starts_with(text, clew_slice_of_cstr(heads[i]));
        for (size_t i = 0; wrapped && i < CLEW_ARRAY_LEN(members); i++) {
                struct clew_slice inner = clew_text_member(text, members[i], arena);

                if (inner.len > 0 && !clew_slice_eq(inner, KEY("{}")))
                        return inner;
        }
        return text;
}

static bool is_lone_name(enum clew_dialect dialect, const struct clew_json_reader *r)
{
        if (dialect == CLEW_DIALECT_LANGSMITH) /* "output" in Python, "outputs" in JavaScript */
                return clew_json_text_is(r, "output") || clew_json_text_is(r, "outputs");
        if (dialect == CLEW_DIALECT_GENKIT) /* tools that may give more than one part */
                return clew_json_text_is(r, "output");
        return dialect == CLEW_DIALECT_ADK && clew_json_text_is(r, "result");
}

/* Some put a result that is no object into one, as its only member. */
static struct clew_slice lone_member(struct clew_slice text, enum clew_dialect dialect,
                                     struct clew_arena *arena)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_slice value;

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN || !clew_json_next_member(&r) ||
            !is_lone_name(dialect, &r))
                return text;
        value = clew_json_take(&r);
        if (clew_json_next_member(&r) ||
            (r.status != CLEW_JSON_READING && r.status != CLEW_JSON_COMPLETE))
                return text;
        return clew_slice_eq(value, KEY("null")) ? CLEW_SLICE_NULL
                                                 : clew_text_unquote(value, arena);
}

/* [{"text":"..."}] or [{"type":"text","text":"..."}]: a list of content parts with one text. */
static struct clew_slice lone_part(struct clew_slice text, struct clew_arena *arena)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_slice value = CLEW_SLICE_NULL;

        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN || !clew_json_next_element(&r) ||
            r.token != CLEW_JSON_OBJECT_BEGIN)
                return text;
        while (clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, "text"))
                        value = clew_json_take(&r);
                else if (clew_json_text_is(&r, "type"))
                        clew_json_skip(&r);
                else
                        return text;
        }
        if (!value.data || value.data[0] != '"' || clew_json_next_element(&r) ||
            (r.status != CLEW_JSON_READING && r.status != CLEW_JSON_COMPLETE))
                return text;
        return clew_text_unquote(value, arena);
}

struct clew_slice clew_tool_result(struct clew_slice text, enum clew_dialect dialect,
                                   struct clew_arena *arena)
{
        struct clew_slice message = command_message(text, arena);
        int i = wrapper_of(message.len > 0 ? message : text, arena);

        if (i >= 0) {
                struct clew_slice body = message.len > 0 ? message : text;
                struct clew_slice inner = clew_text_member(body, results[i].content, arena);

                if (inner.len == 0 && results[i].second)
                        inner = clew_text_member(body, results[i].second, arena);
                return inner.len > 0 ? inner : text;
        }
        if (is_repr(text)) {
                struct clew_slice result = repr_member(text, " result=");
                struct clew_slice error = repr_member(text, " error=");

                if (result.len == 0)
                        result = error;
                return result.len > 0 ? result : text;
        }
        if (clew_slice_starts_with(text, KEY("[{")))
                return lone_part(text, arena);
        if (dialect == CLEW_DIALECT_OPENINFERENCE && clew_slice_starts_with(text, KEY("\"")))
                return clew_text_unquote(text, arena); /* output.value may be JSON */
        return lone_member(text, dialect, arena);
}

struct clew_slice clew_tool_result_call_id(struct clew_slice text, struct clew_arena *arena)
{
        struct clew_slice message = command_message(text, arena);
        int i;

        if (message.len > 0)
                text = message;
        i = wrapper_of(text, arena);
        return i >= 0 && results[i].call_id ? clew_text_member(text, results[i].call_id, arena)
                                            : CLEW_SLICE_NULL;
}

bool clew_tool_result_failed(struct clew_slice text, struct clew_arena *arena)
{
        struct clew_slice message = command_message(text, arena);
        struct clew_slice code;
        double number = 0;
        int i;

        if (clew_slice_starts_with(text, KEY("status='failure' result=")))
                return true;
        if (message.len > 0)
                text = message;
        i = wrapper_of(text, arena);
        if (i < 0)
                return false;
        if (results[i].status)
                return clew_slice_eq_cstr(clew_text_member(text, results[i].status, arena),
                                          "error");
        if (!results[i].exit)
                return false;
        code = clew_text_member(text, results[i].exit, arena);
        return code.len > 0 && clew_text_number(code, &number) && number != 0;
}

/* The lines come first, and are few. */
#define SHELL_HEAD_BYTES_MAX 512u

static struct clew_slice digits_behind(struct clew_slice head, const char *words)
{
        size_t n = strlen(words);
        const uint8_t *at = memmem(head.data, head.len, words, n);
        size_t from;
        size_t to;

        if (!at || (at != head.data && at[-1] != '\n'))
                return CLEW_SLICE_NULL;
        from = (size_t)(at - head.data) + n;
        for (to = from; to < head.len && ((head.data[to] >= '0' && head.data[to] <= '9') ||
                                          (to == from && head.data[to] == '-'));)
                to++;
        return clew_slice_make(head.data + from, to - from);
}

struct clew_slice clew_shell_output(struct clew_slice text, struct clew_slice *ret_code)
{
        static const char *const firsts[] = {"Chunk ID: ", "Exit code: ", "Wall time: "};
        static const char *const codes[] = {"Process exited with code ", "Exit code: "};
        static const char output[] = "\nOutput:\n";
        static const char untrusted[] = "<untrusted_context>\nOutput: ";
        struct clew_slice head = clew_slice_make(
                text.data, text.len < SHELL_HEAD_BYTES_MAX ? text.len : SHELL_HEAD_BYTES_MAX);
        const uint8_t *at;
        bool known = false;

        if (ret_code)
                *ret_code = CLEW_SLICE_NULL;
        if (clew_slice_starts_with(text, clew_slice_of_cstr(untrusted)))
                return clew_slice_from(text, sizeof(untrusted) - 1);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(firsts); i++)
                known = known || clew_slice_starts_with(text, clew_slice_of_cstr(firsts[i]));
        at = known ? memmem(head.data, head.len, output, sizeof(output) - 1) : NULL;
        if (!at)
                return text;
        head.len = (size_t)(at - head.data);
        for (size_t i = 0; ret_code && i < CLEW_ARRAY_LEN(codes) && ret_code->len == 0; i++)
                *ret_code = digits_behind(head, codes[i]);
        return clew_slice_from(text, head.len + sizeof(output) - 1);
}
