/*
 * Wrappers are known by how their text begins, so that a tool which happens to return an object
 * with such a member among others is left alone.
 */
#include "query/model/tool-text-int.h"

#include "proto/base/compiler.h"
#include "proto/base/json.h"
#include "query/model/value-int.h"

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
} results[] = {
        /* LangChain: a message in its own serialisation, alone or as a node's output; as a dict. */
        {.head = "{\"output\":{\"lc\"",
         .content = "output.kwargs.content",
         .call_id = "output.kwargs.tool_call_id"},
        {.head = "{\"lc\"", .content = "kwargs.content", .call_id = "kwargs.tool_call_id"},
        {.head = "{\"type\": \"tool\", \"data\"",
         .content = "data.content",
         .call_id = "data.tool_call_id"},
        {.head = "{\"type\":\"tool\",\"data\"",
         .content = "data.content",
         .call_id = "data.tool_call_id"},
        /* LlamaIndex: ToolOutput. */
        {.head = "{\"blocks\":[", .content = "raw_output"},
        {.head = "{\"blocks\": [", .content = "raw_output"},
        /* Gemini CLI: the finished call with its request, its definition and the response. */
        {.head = "{\"status\":\"",
         .content = "response.responseParts.0.functionResponse.response.output",
         .second = "response.responseParts.0.functionResponse.response.error",
         .needs = "request.callId"},
        /* OpenCode: what is shown, and beside it what the model gets. */
        {.head = "{\"title\":\"",
         .content = "output",
         .needs = "metadata",
         .exit = "metadata.exit"},
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

struct clew_slice clew_tool_arguments(struct clew_slice text, struct clew_arena *arena)
{
        /* Decorators record {"args":[...],"kwargs":{...}}, LangChain {"inputs":...,"tags":...}. */
        static const char *const heads[] = {"{\"args\"", "{\"kwargs\"", "{\"inputs\""};
        static const char *const members[] = {"kwargs", "args", "inputs"};
        bool wrapped = false;

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
        int i = wrapper_of(text, arena);

        if (i >= 0) {
                struct clew_slice inner = clew_text_member(text, results[i].content, arena);

                if (inner.len == 0 && results[i].second)
                        inner = clew_text_member(text, results[i].second, arena);
                return inner.len > 0 ? inner : text;
        }
        if (clew_slice_starts_with(text, KEY("[{")))
                return lone_part(text, arena);
        if (dialect == CLEW_DIALECT_OPENINFERENCE && clew_slice_starts_with(text, KEY("\"")))
                return clew_text_unquote(text, arena); /* output.value may be JSON */
        return lone_member(text, dialect, arena);
}

struct clew_slice clew_tool_result_call_id(struct clew_slice text, struct clew_arena *arena)
{
        int i = wrapper_of(text, arena);

        return i >= 0 && results[i].call_id ? clew_text_member(text, results[i].call_id, arena)
                                            : CLEW_SLICE_NULL;
}

bool clew_tool_result_failed(struct clew_slice text, struct clew_arena *arena)
{
        int i = wrapper_of(text, arena);
        struct clew_slice code;
        double number = 0;

        if (i < 0 || !results[i].exit)
                return false;
        code = clew_text_member(text, results[i].exit, arena);
        return code.len > 0 && clew_text_number(code, &number) && number != 0;
}
