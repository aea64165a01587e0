/*
 * The JSON shapes of messages.
 *
 * Emitters nest messages differently, but use a small vocabulary. So an object is first taken apart
 * into its members, and what it is follows from which of them it has: tables of names, no schema
 * per vendor. Nesting is followed for a fixed number of levels, in loops.
 */
#include "query/model/message-object-int.h"

#include "proto/base/compiler.h"
#include "proto/base/find.h"
#include "query/model/value-int.h"

#include <string.h>

/* {"inputs":{"messages":[[{"kwargs":...}]]}} and the like. */
#define UNWRAP_MAX 6
/* Elements that are nothing, in front of the first message of a list. */
#define STRAYS_MAX 8u

/* @raw is any JSON value that stands for the content of a message. */
static void add_content(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_DEFAULT);
        const struct clew_json_member *parts;
        struct clew_json_object o;

        switch (clew_json_next(&r)) {
        case CLEW_JSON_STRING:
                clew_sink_text(s, CLEW_PART_TEXT, role, string_of(s, raw));
                return;
        case CLEW_JSON_ARRAY_BEGIN:
                while (clew_json_next_element(&r))
                        clew_part_from_reader(s, &r, role);
                return;
        case CLEW_JSON_OBJECT_BEGIN:
                /* Gemini: {"parts":[...]} */
                parts = open_object(raw, &o) ? get(&o, "parts") : NULL;
                if (is_structure(parts)) {
                        r = clew_json_reader_make(parts->raw, CLEW_JSON_DEPTH_DEFAULT);
                        if (clew_json_next(&r) == CLEW_JSON_ARRAY_BEGIN) {
                                while (clew_json_next_element(&r))
                                        clew_part_from_reader(s, &r, role);
                                return;
                        }
                }
                clew_part_from_json(s, raw, role);
                return;
        case CLEW_JSON_NULL:
        case CLEW_JSON_END:
                return;
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_END:
        case CLEW_JSON_KEY:
        case CLEW_JSON_NUMBER:
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
                break;
        }
        clew_sink_text(s, CLEW_PART_TEXT, role, raw);
}

void clew_parts_from_json(struct clew_message_sink *s, struct clew_slice text, enum clew_role role)
{
        if (clew_text_is_json(text) || (text.len > 1 && text.data[0] == '"'))
                add_content(s, text, role);
        else
                clew_sink_text(s, CLEW_PART_TEXT, role, text);
}

/* ---- messages ---------------------------------------------------------------------------------
 */

/* LangChain names the class: ["langchain_core","messages","HumanMessage"]. */
static enum clew_role role_of_class(struct clew_slice id)
{
        static const struct {
                const char *word;
                enum clew_role role;
        } classes[] = {
                {"HumanMessage", CLEW_ROLE_USER},    {"AIMessage", CLEW_ROLE_ASSISTANT},
                {"SystemMessage", CLEW_ROLE_SYSTEM}, {"ToolMessage", CLEW_ROLE_TOOL},
                {"FunctionMessage", CLEW_ROLE_TOOL}, {"ChatMessage", CLEW_ROLE_USER},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(classes); i++) {
                if (memmem(id.data, id.len, classes[i].word, strlen(classes[i].word)))
                        return classes[i].role;
        }
        return CLEW_ROLE_OTHER;
}

/* The object that holds the members of the message: itself, or what it wraps. True: it is another
 * one now. */
static bool enter_message(struct clew_json_object *o)
{
        const struct clew_json_member *m;
        struct clew_slice raw;
        int level;

        for (level = 0; level < 2; level++) {
                m = get_any(o, NAMES("kwargs", "message", "data"));
                if (!m || m->token != CLEW_JSON_OBJECT_BEGIN)
                        break;
                raw = m->raw;
                if (!open_object(raw, o))
                        return true;
        }
        return level > 0;
}

static struct clew_slice raw_of(const struct clew_json_member *m)
{
        return m ? m->raw : CLEW_SLICE_NULL;
}

static void add_calls(struct clew_message_sink *s, struct clew_slice calls)
{
        struct clew_json_reader r = clew_json_reader_make(calls, CLEW_JSON_DEPTH_DEFAULT);

        if (calls.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return;
        while (clew_json_next_element(&r))
                clew_call_from_json(s, clew_json_take(&r));
}

/* Langfuse's LangChain handler sends the tools that a request offers as messages of the role tool,
 * whose content is the definition. */
bool clew_is_definition(const struct clew_json_object *o)
{
        const struct clew_json_member *content = get(o, "content");
        const struct clew_json_member *function;
        struct clew_json_object inner;
        struct clew_json_object f;

        if (!content || content->token != CLEW_JSON_OBJECT_BEGIN || get(o, "tool_call_id") ||
            !open_object(content->raw, &inner))
                return false;
        function = get(&inner, "function");
        if (function && function->token == CLEW_JSON_OBJECT_BEGIN)
                return open_object(function->raw, &f) && get(&f, "name") && !get(&f, "arguments");
        return get(&inner, "name") && get_any(&inner, NAMES("input_schema", "inputSchema"));
}

static enum clew_role role_of_object(struct clew_message_sink *s, const struct clew_json_object *o,
                                     enum clew_role role, struct clew_slice *ret_name)
{
        static const char prefix[] = "gen_ai.";
        const struct clew_json_member *m = get(o, "role");

        if (!m)
                m = get(o, "type"); /* LangChain: human, ai, tool */
        if (m && m->token == CLEW_JSON_STRING) {
                *ret_name = text_of(s, m);
                if (clew_role_of(*ret_name) != CLEW_ROLE_OTHER || get(o, "role"))
                        return clew_role_of(*ret_name);
        }
        m = get(o, "event.name");
        if (m) {
                struct clew_slice name = clew_slice_from(text_of(s, m), sizeof(prefix) - 1);
                const uint8_t *dot = name.len ? memchr(name.data, '.', name.len) : NULL;

                if (dot)
                        name.len = (size_t)(dot - name.data);
                return clew_slice_eq_cstr(name, "choice") ? CLEW_ROLE_ASSISTANT
                                                          : clew_role_of(name);
        }
        return role;
}

/* A tool's answer as a message of its own: role tool with content and the call's id. */
static void add_tool_message(struct clew_message_sink *s, const struct clew_json_object *o,
                             const struct clew_json_member *content)
{
        struct clew_part *part;

        part = clew_sink_part(s, CLEW_PART_TOOL_RESULT, CLEW_ROLE_TOOL);
        if (!part)
                return;
        part->id = text_of_any(s, o, NAMES("tool_call_id", "toolCallId", "id"));
        part->name = text_of(s, get(o, "name"));
        part->is_error = clew_slice_eq_cstr(text_of(s, get(o, "status")), "error");
        part->text = clew_single_text(s, text_of(s, content));
        clew_result_media(s, s->n_parts - 1);
}

/* Cohere's message of tools: a list of calls, each with what it gave. */
static bool add_tool_results(struct clew_message_sink *s, const struct clew_json_object *o)
{
        const struct clew_json_member *list = get(o, "tool_results");
        const struct clew_json_member *of;
        struct clew_json_reader r;

        if (!list || list->token != CLEW_JSON_ARRAY_BEGIN)
                return false;
        r = clew_json_reader_make(list->raw, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        while (clew_json_next_element(&r)) {
                struct clew_json_object result;
                struct clew_json_object call;
                struct clew_part *part;

                if (!open_object(clew_json_take(&r), &result))
                        continue;
                part = clew_sink_part(s, CLEW_PART_TOOL_RESULT, CLEW_ROLE_TOOL);
                if (!part)
                        return true;
                part->text = text_of_any(s, &result, NAMES("outputs", "output"));
                of = get(&result, "call");
                if (of && open_object(of->raw, &call))
                        part->name = text_of(s, get(&call, "name"));
        }
        return true;
}

static bool holds_results(struct clew_slice raw)
{
        return raw.len > 0 && raw.data[0] == '[' &&
               (clew_find(raw, "esult\"", 6) || clew_find(raw, "esponse\"", 8));
}

/* AgentCore's {"content":{"content":"[{...}]"}}, {"content":{"message":"[{...}]"}}: the text of the
 * event that the message was. */
static const struct clew_json_member *unwrap_content(const struct clew_json_member *m,
                                                     struct clew_json_object *inner)
{
        const struct clew_json_member *text;

        if (!m || m->token != CLEW_JSON_OBJECT_BEGIN || !open_object(m->raw, inner) ||
            get(inner, "type") || get(inner, "parts"))
                return m;
        text = get_any(inner, NAMES("message", "content"));
        return text && text->token == CLEW_JSON_STRING ? text : m;
}

/* The text of such an event is JSON in a string. */
static struct clew_slice decoded(struct clew_message_sink *s, const struct clew_json_member *m)
{
        struct clew_slice text;

        if (m->token != CLEW_JSON_STRING || m->raw.len < 4 ||
            (memcmp(m->raw.data, "\"[{", 3) != 0 && memcmp(m->raw.data, "\"[ {", 4) != 0))
                return m->raw;
        text = string_of(s, m->raw);
        return clew_text_is_parts(text) ? text : m->raw;
}

/* LangChain's AIMessage as a dict may have its calls only as the provider sent them. */
static struct clew_slice additional_calls(const struct clew_json_object *o)
{
        const struct clew_json_member *m = get(o, "additional_kwargs");
        struct clew_json_object inner;

        if (!m || m->token != CLEW_JSON_OBJECT_BEGIN || !open_object(m->raw, &inner))
                return CLEW_SLICE_NULL;
        m = get(&inner, "tool_calls");
        return m ? m->raw : CLEW_SLICE_NULL;
}

/* An answer that was spoken: what it says, and the sound. */
static void add_spoken(struct clew_message_sink *s, const struct clew_json_object *o,
                       enum clew_role role)
{
        const struct clew_json_member *m = get(o, "audio");
        struct clew_json_object audio;
        struct clew_slice data;
        struct clew_part *part;

        if (!m || m->token != CLEW_JSON_OBJECT_BEGIN || !open_object(m->raw, &audio))
                return;
        clew_sink_text(s, CLEW_PART_TEXT, role, text_of(s, get(&audio, "transcript")));
        data = text_of(s, get(&audio, "data"));
        part = data.len > 0 ? clew_sink_part(s, CLEW_PART_MEDIA, role) : NULL;
        if (!part)
                return;
        part->media_type = CLEW_SLICE_LITERAL("audio");
        clew_media_inline(part, data);
}

/* Ollama's images stand beside the text, as contents alone. */
static void add_images(struct clew_message_sink *s, const struct clew_json_object *o,
                       enum clew_role role)
{
        const struct clew_json_member *m = get(o, "images");
        struct clew_json_reader r;

        if (!m || m->token != CLEW_JSON_ARRAY_BEGIN)
                return;
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return;
        while (clew_json_next_element(&r)) {
                struct clew_slice raw = clew_json_take(&r);
                struct clew_part *part;

                if (raw.len == 0 || raw.data[0] != '"')
                        continue;
                part = clew_sink_part(s, CLEW_PART_MEDIA, role);
                if (!part)
                        return;
                part->media_type = CLEW_SLICE_LITERAL("image");
                raw = string_of(s, raw);
                if (memchr(raw.data, '.', raw.len) || memchr(raw.data, ':', raw.len))
                        clew_media_uri(part, raw);
                else
                        clew_media_inline(part, raw);
        }
}

/* What the members of a message say, into the latest message. @calls stood beside it. */
static void add_body(struct clew_message_sink *s, const struct clew_json_object *o,
                     enum clew_role role, struct clew_slice calls)
{
        struct clew_json_object inner;
        const struct clew_json_member *content =
                unwrap_content(get_any(o, NAMES("parts", "content", "text")), &inner);
        struct clew_slice raw;
        const struct clew_json_member *m = get(o, "message");

        if (!content && m && m->token == CLEW_JSON_STRING)
                content = m; /* Cohere's history */
        raw = content ? decoded(s, content) : CLEW_SLICE_NULL;
        if (role == CLEW_ROLE_TOOL && !content && add_tool_results(s, o))
                return;
        if (role == CLEW_ROLE_TOOL && !holds_results(raw)) {
                add_tool_message(s, o, content);
                return;
        }
        m = get_any(o, NAMES("reasoning_content", "reasoning", "thinking"));
        if (m && m->token == CLEW_JSON_STRING)
                clew_sink_text(s, CLEW_PART_REASONING, role, text_of(s, m));
        if (content)
                add_content(s, raw, role);
        add_spoken(s, o, role);
        add_images(s, o, role);
        clew_sink_text(s, CLEW_PART_REFUSAL, role, text_of(s, get(o, "refusal")));
        m = get_any(o, NAMES("tool_calls", "toolCalls"));
        add_calls(s, m && !clew_slice_eq_cstr(m->raw, "[]") ? m->raw
                     : calls.len > 0                        ? calls
                                                            : additional_calls(o));
        m = get(o, "function_call");
        if (m)
                clew_call_from_json(s, m->raw);
}

void clew_content_from_json(struct clew_message_sink *s, struct clew_slice text,
                            enum clew_role role)
{
        struct clew_slice calls = CLEW_SLICE_NULL;
        struct clew_json_object o;

        if (open_object(text, &o) && get(&o, "message")) {
                calls = raw_of(get(&o, "tool_calls"));
                (void)enter_message(&o);
        }
        if (o.n > 0 && get(&o, "role") && get_any(&o, NAMES("content", "tool_calls", "parts")))
                add_body(s, &o, role, calls);
        else
                clew_parts_from_json(s, text, role);
}

static void add_message(struct clew_message_sink *s, struct clew_json_object *o,
                        enum clew_role role)
{
        struct clew_slice finish =
                text_of_any(s, o, NAMES("finish_reason", "finishReason", "stop_reason"));
        const struct clew_json_member *class_id = get(o, "lc") ? get(o, "id") : NULL;
        /* Choices have their calls in the message, or beside it. */
        struct clew_slice calls = raw_of(get(o, "message") ? get(o, "tool_calls") : NULL);
        struct clew_slice role_name = CLEW_SLICE_NULL;
        struct clew_message *message;
        bool entered;

        if (clew_is_definition(o))
                return;
        role = role_of_object(s, o, role, &role_name);
        if (class_id)
                role = role_of_class(class_id->raw);
        entered = enter_message(o);
        if (entered && !class_id)
                role = role_of_object(s, o, role, &role_name);
        message = clew_sink_message(s, role, role_name);
        if (!message)
                return;
        message->name = text_of(s, get(o, "name"));
        if (entered && finish.len == 0)
                finish = text_of_any(s, o, NAMES("finish_reason", "finishReason", "stop_reason"));
        message->finish_reason = finish;
        add_body(s, o, role, calls);
}

/* Whether an object in a list is a message; else it is a part. */
static bool is_message(const struct clew_json_object *o)
{
        const struct clew_json_member *type = get(o, "type");
        const struct clew_json_member *content = get(o, "content");

        if (get_any(o, NAMES("role", "lc", "message", "event.name", "finishReason")))
                return true;
        if (content && content->token == CLEW_JSON_OBJECT_BEGIN && !type)
                return true; /* Gemini's candidates */
        /* The AI SDK's result: {"text":"","toolCalls":[...],"files":[]} */
        if (get(o, "text") && get_any(o, NAMES("toolCalls", "files", "sources", "warnings")))
                return true;
        if (type && get(o, "data") && !get(o, "mime_type"))
                return true; /* {"type":"human","data":{...}} */
        return type && (clew_slice_eq_cstr(type->raw, "\"human\"") ||
                        clew_slice_eq_cstr(type->raw, "\"ai\"") ||
                        clew_slice_eq_cstr(type->raw, "\"system\"") ||
                        clew_slice_eq_cstr(type->raw, "\"tool\"") ||
                        clew_slice_eq_cstr(type->raw, "\"message\""));
}

static bool wrong_direction(struct clew_message_sink *s, const struct clew_json_object *o,
                            enum clew_direction direction)
{
        const struct clew_json_member *m = get(o, "event.name");
        bool choice;

        if (!m)
                return false;
        choice = clew_slice_eq_cstr(text_of(s, m), "gen_ai.choice");
        return choice != (direction == CLEW_MESSAGES_OUT);
}

static enum clew_role role_of_part(const struct clew_part *part, enum clew_role role)
{
        switch (part->type) {
        case CLEW_PART_TOOL_RESULT:
                return CLEW_ROLE_TOOL;
        case CLEW_PART_TOOL_CALL:
        case CLEW_PART_REASONING:
        case CLEW_PART_REFUSAL:
                return CLEW_ROLE_ASSISTANT;
        case CLEW_PART_TEXT:
        case CLEW_PART_MEDIA:
        case CLEW_PART_OTHER:
                break;
        }
        return role;
}

/* The parts from @at on belong to the latest message when they are of its role; else they begin one
 * of their own. A tool's answer always does. */
static void settle_loose(struct clew_message_sink *s, uint32_t at, enum clew_role role)
{
        for (; at < s->n_parts; at++) {
                struct clew_message *m = &s->messages[s->n_messages - 1];
                uint32_t n = s->n_parts - at; /* not settled yet, all in @m */
                enum clew_role wanted = role_of_part(&s->parts[at], role);

                if (m->n_parts == n) {
                        m->role = wanted;
                } else if (m->role != wanted || wanted == CLEW_ROLE_TOOL) {
                        if (s->parts[at].type == CLEW_PART_MEDIA && m->role == CLEW_ROLE_TOOL)
                                continue; /* it came with the result */
                        m->n_parts -= n;
                        m = clew_sink_message(s, wanted, CLEW_SLICE_NULL);
                        if (!m) {
                                s->n_parts = at;
                                return;
                        }
                        m->n_parts = n;
                }
        }
}

/* Parts that stand alone gather in messages of their roles. */
static void add_loose_part(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role,
                           bool *in_loose)
{
        uint32_t at = s->n_parts;

        if (!*in_loose && !clew_sink_message(s, role, CLEW_SLICE_NULL))
                return;
        *in_loose = true;
        clew_part_from_json(s, raw, role);
        settle_loose(s, at, role);
}

/* What is no JSON from some place on is shown as it came, and marked. */
static void add_unreadable(struct clew_message_sink *s, struct clew_slice rest, enum clew_role role)
{
        struct clew_part *part;

        if (rest.len == 0 || !clew_sink_message(s, role, CLEW_SLICE_NULL))
                return;
        part = clew_sink_part(s, CLEW_PART_OTHER, role);
        if (!part)
                return;
        part->name = CLEW_SLICE_LITERAL("unreadable");
        part->text = rest;
}

/* A list of messages or parts; batches are lists of lists, and only the first counts as one. */
static void add_list(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role,
                     enum clew_direction direction)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_DEFAULT);
        unsigned lists = 0;
        bool in_loose = false;
        struct clew_json_object o;

        (void)clew_json_next(&r);
        for (;;) {
                struct clew_slice element;
                enum clew_json_token token;
                bool is_object;

                if (!clew_json_next_element(&r)) {
                        if (lists == 0)
                                break;
                        lists--; /* the end of an inner list; its outer one goes on */
                        continue;
                }
                token = r.token;
                if (token == CLEW_JSON_ARRAY_BEGIN && lists < UNWRAP_MAX) {
                        lists++;
                        continue;
                }
                is_object = token == CLEW_JSON_OBJECT_BEGIN;
                if (!is_object) {
                        element = clew_json_take(&r);
                        /* Each written as JSON by itself. */
                        if (token == CLEW_JSON_STRING && element.len > 2 && element.data[1] == '{')
                                is_object = open_object(clew_text_unquote(element, s->arena), &o);
                } else if (!clew_json_object_take(&r, &o, &element)) {
                        is_object = open_object(element, &o);
                }
                if (is_object && is_message(&o)) {
                        in_loose = false;
                        if (!wrong_direction(s, &o, direction))
                                add_message(s, &o, role);
                } else {
                        add_loose_part(s, element, role, &in_loose);
                }
        }
        if (r.status == CLEW_JSON_TRUNCATED)
                s->truncated = true;
        else if (r.status != CLEW_JSON_COMPLETE && r.status != CLEW_JSON_READING)
                add_unreadable(s, clew_slice_from(raw, r.error_offset), role);
}

/* Where requests, responses and framework states keep their messages, in order of trust. */
static const char *const containers[] = {
        "messages", "choices", "contents", "candidates", "generations", "replies",    "message",
        "inputs",   "input",   "output",   "outputs",    "prompts",     "prompt",     "update",
        "response", "result",  "kwargs",   "args",       "query",       "question",   "task",
        "content",  "text",    "items",    "completion", "completions", "generation", "output_text",
};

static const struct clew_json_member *container_of(const struct clew_json_object *o)
{
        /* LangWatch: {"type":"chat_messages","value":[...]} */
        if (o->n == 2 && get(o, "type") && is_structure(get(o, "value")))
                return get(o, "value");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(containers); i++) {
                const struct clew_json_member *m = get(o, containers[i]);

                if (!m || (!is_structure(m) && m->token != CLEW_JSON_STRING))
                        continue;
                if (clew_slice_eq_cstr(m->raw, "{}") || clew_slice_eq_cstr(m->raw, "[]"))
                        continue;
                /* Beside much else a text is a detail, not the message. */
                if (clew_slice_eq_cstr(m->key, "text") && o->n > 3)
                        continue;
                return m;
        }
        return NULL;
}

/* "system" of Anthropic requests, "system_instruction" of Gemini's, "instructions" of Responses. */
static void add_system(struct clew_message_sink *s, const struct clew_json_object *o)
{
        const struct clew_json_member *m = get_any(
                o, NAMES("system", "system_instruction", "systemInstruction", "instructions"));
        const struct clew_json_member *config = get(o, "config");
        struct clew_json_object inner;

        if (!m && config && config->token == CLEW_JSON_OBJECT_BEGIN &&
            open_object(config->raw, &inner))
                m = get_any(&inner, NAMES("system_instruction", "systemInstruction"));
        if (!m || !clew_sink_message(s, CLEW_ROLE_SYSTEM, CLEW_SLICE_NULL))
                return;
        add_content(s, m->raw, CLEW_ROLE_SYSTEM);
}

void clew_message_from_json(struct clew_message_sink *s, struct clew_slice text,
                            enum clew_role role)
{
        struct clew_json_object o;

        text = clew_text_unquote(text, s->arena);
        if (open_object(text, &o))
                add_message(s, &o, role);
        else if (clew_sink_message(s, role, CLEW_SLICE_NULL))
                clew_parts_from_json(s, text, role);
}

/* Not "[INFO] started", and not a list of numbers; a number that slipped in front of messages does
 * not cost them. */
static bool is_list(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);

        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        if (!clew_json_next_element(&r))
                return r.status == CLEW_JSON_READING || r.status == CLEW_JSON_COMPLETE ||
                       r.status == CLEW_JSON_TRUNCATED;
        if (r.token == CLEW_JSON_ARRAY_BEGIN || r.token == CLEW_JSON_STRING)
                return true;
        for (unsigned i = 0; i < STRAYS_MAX && r.token != CLEW_JSON_OBJECT_BEGIN; i++) {
                if (!clew_json_next_element(&r))
                        return false;
                if (r.token == CLEW_JSON_ARRAY_BEGIN)
                        return false;
        }
        return r.token == CLEW_JSON_OBJECT_BEGIN;
}

/* Text that begins as JSON and ends too early. */
static bool is_cut(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);

        if (!clew_text_is_json(text))
                return false;
        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        return r.status == CLEW_JSON_TRUNCATED;
}

/* Python's print of a list or an object: keys in single quotes. It is shown as it came. */
static bool is_printed(struct clew_slice text)
{
        size_t i = text.len > 0 && text.data[0] == '[' ? 1 : 0;

        return text.len > i + 1 && text.data[i] == '{' && text.data[i + 1] == '\'';
}

void clew_messages_from_json(struct clew_message_sink *s, struct clew_slice text,
                             enum clew_role role, enum clew_direction direction)
{
        struct clew_json_object o;

        text = clew_text_unquote(text, s->arena);
        for (int level = 0; level < UNWRAP_MAX && clew_text_is_json(text) && !is_printed(text);
             level++) {
                const struct clew_json_member *inside;
                bool finish;

                if (!open_object(text, &o)) {
                        if (!is_list(text))
                                break;
                        add_list(s, text, role, direction);
                        return;
                }
                if (is_message(&o) && !get(&o, "messages")) {
                        add_message(s, &o, role);
                        return;
                }
                if (clew_object_is_part(s, &o))
                        break;
                if (direction == CLEW_MESSAGES_IN)
                        add_system(s, &o);
                inside = container_of(&o);
                finish = get_any(&o, NAMES("finishReason", "finish_reason", "stop_reason")) != NULL;
                if (!inside || (finish && clew_slice_eq_cstr(inside->key, "content"))) {
                        if (!inside)
                                break;
                        add_message(s, &o, role);
                        return;
                }
                if (inside->token == CLEW_JSON_STRING) {
                        text = text_of(s, inside);
                        break;
                }
                text = inside->raw;
        }
        if (text.len > 0 && clew_sink_message(s, role, CLEW_SLICE_NULL)) {
                s->truncated = s->truncated || is_cut(text);
                if (clew_text_is_json(text) && open_object(text, &o) && clew_object_is_part(s, &o))
                        clew_part_from_json(s, text, role);
                else
                        clew_sink_text(s, CLEW_PART_TEXT, role, text);
        }
}
