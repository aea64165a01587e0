/*
 * The JSON shapes of messages.
 *
 * Emitters nest messages differently, but use a small vocabulary. So an object is first taken apart
 * into its members, and what it is follows from which of them it has: tables of names, no schema
 * per vendor. Nesting is followed for a fixed number of levels, in loops.
 */
#include "query/model/message-int.h"

#include "proto/base/compiler.h"
#include "proto/base/json.h"
#include "query/model/value-int.h"

#include <string.h>

/* Members of one object that are looked at; messages and parts have fewer than 20. */
#define MEMBERS_MAX 48u
/* {"inputs":{"messages":[[{"kwargs":...}]]}} and the like. */
#define UNWRAP_MAX 6

struct member {
        struct clew_slice key;
        struct clew_slice raw; /* the value's JSON */
        enum clew_json_token token;
};

struct object {
        struct member members[MEMBERS_MAX];
        uint32_t n;
};

static bool open_object(struct clew_slice raw, struct object *o)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_DEFAULT);

        o->n = 0;
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                struct member *m;

                if (o->n == MEMBERS_MAX) {
                        clew_json_skip(&r);
                        continue;
                }
                m = &o->members[o->n++];
                m->key = r.text;
                m->token = clew_json_next(&r);
                m->raw = clew_json_take(&r);
        }
        return true;
}

static const struct member *get(const struct object *o, const char *key)
{
        for (uint32_t i = 0; i < o->n; i++) {
                if (clew_slice_eq_cstr(o->members[i].key, key) &&
                    o->members[i].token != CLEW_JSON_NULL)
                        return &o->members[i];
        }
        return NULL;
}

/* The first of the names, which stand in a list that ends with NULL. */
static const struct member *get_any(const struct object *o, const char *const *keys)
{
        for (; *keys; keys++) {
                const struct member *m = get(o, *keys);

                if (m)
                        return m;
        }
        return NULL;
}

static struct clew_slice string_of(struct clew_message_sink *s, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, 1);

        if (clew_json_next(&r) != CLEW_JSON_STRING)
                return CLEW_SLICE_NULL;
        if (r.cut)
                s->truncated = true;
        return clew_json_string(&r, s->arena);
}

/* Strings decoded, everything else as its JSON; null slice when the member is missing. */
static struct clew_slice text_of(struct clew_message_sink *s, const struct member *m)
{
        if (!m)
                return CLEW_SLICE_NULL;
        return m->token == CLEW_JSON_STRING ? string_of(s, m->raw) : m->raw;
}

static struct clew_slice text_of_any(struct clew_message_sink *s, const struct object *o,
                                     const char *const *keys)
{
        return text_of(s, get_any(o, keys));
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool is_structure(const struct member *m)
{
        return m && (m->token == CLEW_JSON_OBJECT_BEGIN || m->token == CLEW_JSON_ARRAY_BEGIN);
}

/* ---- parts ------------------------------------------------------------------------------------
 */

struct part_word {
        const char *word;
        uint8_t type;
};

/* Values of "type". */
static const struct part_word part_types[] = {
        {"text", CLEW_PART_TEXT},
        {"input_text", CLEW_PART_TEXT},
        {"output_text", CLEW_PART_TEXT},
        {"summary_text", CLEW_PART_REASONING},
        {"reasoning", CLEW_PART_REASONING},
        {"thinking", CLEW_PART_REASONING},
        {"tool_call", CLEW_PART_TOOL_CALL},
        {"tool-call", CLEW_PART_TOOL_CALL},
        {"tool_use", CLEW_PART_TOOL_CALL},
        {"function_call", CLEW_PART_TOOL_CALL},
        {"function", CLEW_PART_TOOL_CALL},
        {"server_tool_call", CLEW_PART_TOOL_CALL},
        {"server_tool_use", CLEW_PART_TOOL_CALL},
        {"custom_tool_call", CLEW_PART_TOOL_CALL},
        {"tool_call_response", CLEW_PART_TOOL_RESULT},
        {"server_tool_call_response", CLEW_PART_TOOL_RESULT},
        {"tool-result", CLEW_PART_TOOL_RESULT},
        {"tool_result", CLEW_PART_TOOL_RESULT},
        {"function_call_output", CLEW_PART_TOOL_RESULT},
        {"custom_tool_call_output", CLEW_PART_TOOL_RESULT},
        {"blob", CLEW_PART_MEDIA},
        {"uri", CLEW_PART_MEDIA},
        {"file", CLEW_PART_MEDIA},
        {"file_data", CLEW_PART_MEDIA},
        {"image", CLEW_PART_MEDIA},
        {"image_url", CLEW_PART_MEDIA},
        {"input_image", CLEW_PART_MEDIA},
        {"input_audio", CLEW_PART_MEDIA},
        {"input_file", CLEW_PART_MEDIA},
        {"audio", CLEW_PART_MEDIA},
        {"video", CLEW_PART_MEDIA},
        {"document", CLEW_PART_MEDIA},
        {"image-url", CLEW_PART_MEDIA},
        {"audio-url", CLEW_PART_MEDIA},
        {"video-url", CLEW_PART_MEDIA},
        {"document-url", CLEW_PART_MEDIA},
        {"binary", CLEW_PART_MEDIA},
        {"media", CLEW_PART_MEDIA},
        {"refusal", CLEW_PART_REFUSAL},
};

/* Parts without a type: the member that is there says what they are, and may hold the rest. */
static const struct part_word part_keys[] = {
        {"functionCall", CLEW_PART_TOOL_CALL},
        {"function_call", CLEW_PART_TOOL_CALL},
        {"toolUse", CLEW_PART_TOOL_CALL},
        {"toolRequest", CLEW_PART_TOOL_CALL},
        {"functionResponse", CLEW_PART_TOOL_RESULT},
        {"function_response", CLEW_PART_TOOL_RESULT},
        {"toolResult", CLEW_PART_TOOL_RESULT},
        {"toolResponse", CLEW_PART_TOOL_RESULT},
        {"inlineData", CLEW_PART_MEDIA},
        {"inline_data", CLEW_PART_MEDIA},
        {"fileData", CLEW_PART_MEDIA},
        {"file_data", CLEW_PART_MEDIA},
        {"media", CLEW_PART_MEDIA},
        {"image", CLEW_PART_MEDIA},
        {"reasoningContent", CLEW_PART_REASONING},
        {"reasoning", CLEW_PART_REASONING},
        {"thinking", CLEW_PART_REASONING},
        {"text", CLEW_PART_TEXT},
};

static const struct part_word *find_word(const struct part_word *table, size_t n,
                                         struct clew_slice word)
{
        for (size_t i = 0; i < n; i++) {
                if (clew_slice_eq_cstr(word, table[i].word))
                        return &table[i];
        }
        return NULL;
}

/* ids, names and arguments may stand one level down, in "function". */
static void take_call(struct clew_message_sink *s, const struct object *o, struct clew_part *part)
{
        const struct member *function = get(o, "function");
        struct object inner;

        part->id = text_of_any(
                s, o, NAMES("id", "toolCallId", "tool_call_id", "toolUseId", "call_id", "ref"));
        if (function && function->token == CLEW_JSON_OBJECT_BEGIN &&
            open_object(function->raw, &inner)) {
                part->name = text_of(s, get(&inner, "name"));
                part->text = text_of(s, get(&inner, "arguments"));
                return;
        }
        part->name = text_of_any(s, o, NAMES("name", "toolName", "tool_name"));
        part->text = text_of_any(
                s, o, NAMES("arguments", "args", "input", "parameters", "server_tool_call"));
}

/* AI SDK 5 wraps the result as {"type":"text","value":...}. */
static struct clew_slice unwrap_result(struct clew_message_sink *s, const struct member *m,
                                       bool *ret_error)
{
        struct object inner;
        const struct member *type;
        const struct member *value;

        if (!m || m->token != CLEW_JSON_OBJECT_BEGIN || !open_object(m->raw, &inner))
                return text_of(s, m);
        type = get(&inner, "type");
        value = get(&inner, "value");
        if (!type || !value || inner.n > 3)
                return m->raw;
        if (clew_slice_starts_with(text_of(s, type), CLEW_SLICE_LITERAL("error")))
                *ret_error = true;
        return text_of(s, value);
}

/* [{"type":"text","text":"..."}] as a result is that text; LiteLLM calls it "content". */
static struct clew_slice single_text(struct clew_message_sink *s, struct clew_slice text)
{
        struct clew_json_reader r;
        struct clew_slice only;
        struct object o;

        if (text.len == 0 || text.data[0] != '[')
                return text;
        r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN || !clew_json_next_element(&r) ||
            r.token != CLEW_JSON_OBJECT_BEGIN)
                return text;
        only = clew_json_take(&r);
        if (clew_json_next_element(&r) || !open_object(only, &o))
                return text;
        if (!get(&o, "text") && !clew_slice_eq_cstr(text_of(s, get(&o, "type")), "text"))
                return text;
        return text_of_any(s, &o, NAMES("text", "content"));
}

static void take_result(struct clew_message_sink *s, const struct object *o, struct clew_part *part)
{
        const struct member *error = get_any(o, NAMES("is_error", "isError"));
        const struct member *status = get(o, "status");

        part->id = text_of_any(s, o,
                               NAMES("id", "toolCallId", "tool_call_id", "tool_use_id", "toolUseId",
                                     "call_id", "ref"));
        part->name = text_of_any(s, o, NAMES("name", "toolName", "tool_name"));
        part->is_error = (error && error->token == CLEW_JSON_TRUE) ||
                         clew_slice_eq_cstr(text_of(s, status), "error");
        part->text = unwrap_result(s,
                                   get_any(o, NAMES("result", "response", "output", "content",
                                                    "server_tool_call_response")),
                                   &part->is_error);
        part->text = single_text(s, part->text);
}

void clew_media_uri(struct clew_part *part, struct clew_slice uri)
{
        if (clew_slice_starts_with(uri, CLEW_SLICE_LITERAL("data:")))
                clew_media_inline(part, uri);
        else if (part->uri.len == 0)
                part->uri = uri;
}

/* Where the content may be, in the part or one level down. */
static void take_media_members(struct clew_message_sink *s, const struct object *o,
                               struct clew_part *part)
{
        struct clew_slice type =
                text_of_any(s, o,
                            NAMES("mime_type", "media_type", "mimeType", "mediaType", "contentType",
                                  "modality", "format"));
        struct clew_slice content = text_of_any(s, o, NAMES("data", "content", "base64", "bytes"));

        if (type.len > 0 && part->media_type.len == 0)
                part->media_type = type;
        clew_media_uri(part,
                       text_of_any(s, o, NAMES("uri", "url", "file_uri", "fileUri", "file_id")));
        if (content.len > 0)
                clew_media_inline(part, content);
}

static void take_media(struct clew_message_sink *s, const struct object *o, struct clew_part *part)
{
        static const char *const inner_keys[] = {"source", "image_url", "input_audio", "image",
                                                 "audio",  "file",      "media"};
        struct object inner;

        take_media_members(s, o, part);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(inner_keys); i++) {
                const struct member *m = get(o, inner_keys[i]);

                if (m && m->token == CLEW_JSON_STRING)
                        clew_media_uri(part, text_of(s, m));
                else if (m && m->token == CLEW_JSON_OBJECT_BEGIN && open_object(m->raw, &inner))
                        take_media_members(s, &inner, part);
        }
        if (part->media_type.len == 0)
                part->media_type = text_of(s, get(o, "type"));
}

static struct clew_slice reasoning_of(struct clew_message_sink *s, const struct object *o)
{
        const struct member *m = get_any(
                o, NAMES("content", "text", "thinking", "reasoning", "reasoningText", "summary"));
        struct object inner;

        if (m && m->token == CLEW_JSON_OBJECT_BEGIN && open_object(m->raw, &inner))
                return text_of(s, get(&inner, "text"));
        return m && m->token == CLEW_JSON_ARRAY_BEGIN ? single_text(s, m->raw) : text_of(s, m);
}

static void fill_part(struct clew_message_sink *s, const struct object *o, struct clew_part *part)
{
        switch (part->type) {
        case CLEW_PART_TEXT:
                part->text = text_of_any(s, o, NAMES("text", "content", "value"));
                return;
        case CLEW_PART_REFUSAL:
                part->text = text_of_any(s, o, NAMES("refusal", "text", "content"));
                return;
        case CLEW_PART_REASONING:
                part->text = reasoning_of(s, o);
                return;
        case CLEW_PART_TOOL_CALL:
                take_call(s, o, part);
                return;
        case CLEW_PART_TOOL_RESULT:
                take_result(s, o, part);
                return;
        case CLEW_PART_MEDIA:
                take_media(s, o, part);
                return;
        case CLEW_PART_OTHER:
                return;
        }
}

static bool gemini_thought(const struct object *o)
{
        const struct member *m = get(o, "thought");

        return m && m->token == CLEW_JSON_TRUE;
}

/* One part in whatever form. @raw is an object or a string. */
static void add_part(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role)
{
        const struct part_word *word = NULL;
        const struct member *type;
        struct clew_part *part;
        struct object o;
        struct object inner;
        const struct object *from = &o;

        if (!open_object(raw, &o)) {
                clew_sink_text(s, CLEW_PART_TEXT, role, string_of(s, raw));
                return;
        }
        type = get(&o, "type");
        if (type && type->token == CLEW_JSON_STRING)
                word = find_word(part_types, CLEW_ARRAY_LEN(part_types), text_of(s, type));
        for (uint32_t i = 0; !type && !word && i < o.n; i++) {
                word = find_word(part_keys, CLEW_ARRAY_LEN(part_keys), o.members[i].key);
                if (word && o.members[i].token == CLEW_JSON_OBJECT_BEGIN &&
                    open_object(o.members[i].raw, &inner))
                        from = &inner;
        }
        part = clew_sink_part(s, word ? (enum clew_part_type)word->type : CLEW_PART_OTHER, role);
        if (!part)
                return;
        if (part->type == CLEW_PART_OTHER) {
                part->text = raw;
                part->name = text_of(s, type);
                return;
        }
        if (part->type == CLEW_PART_TEXT && gemini_thought(&o))
                part->type = CLEW_PART_REASONING;
        fill_part(s, from, part);
        if (part->type == CLEW_PART_TEXT && part->text.len == 0 &&
            get_any(from, NAMES("text", "content", "value"))) { /* beside a tool call */
                s->n_parts--;
                s->messages[s->n_messages - 1].n_parts--;
        }
}

/* @raw is any JSON value that stands for the content of a message. */
static void add_content(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_DEFAULT);
        struct object o;

        switch (clew_json_next(&r)) {
        case CLEW_JSON_STRING:
                clew_sink_text(s, CLEW_PART_TEXT, role, string_of(s, raw));
                return;
        case CLEW_JSON_ARRAY_BEGIN:
                while (clew_json_next_element(&r))
                        add_part(s, clew_json_take(&r), role);
                return;
        case CLEW_JSON_OBJECT_BEGIN:
                /* Gemini: {"parts":[...]} */
                if (open_object(raw, &o) && is_structure(get(&o, "parts"))) {
                        r = clew_json_reader_make(get(&o, "parts")->raw, CLEW_JSON_DEPTH_DEFAULT);
                        if (clew_json_next(&r) == CLEW_JSON_ARRAY_BEGIN) {
                                while (clew_json_next_element(&r))
                                        add_part(s, clew_json_take(&r), role);
                                return;
                        }
                }
                add_part(s, raw, role);
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

/* The object that holds the members of the message: itself, or what it wraps. */
static void enter_message(struct object *o)
{
        const struct member *m;
        struct clew_slice raw;

        for (int level = 0; level < 2; level++) {
                m = get_any(o, NAMES("kwargs", "message", "data"));
                if (!m || m->token != CLEW_JSON_OBJECT_BEGIN)
                        return;
                raw = m->raw;
                if (!open_object(raw, o))
                        return;
        }
}

void clew_call_from_json(struct clew_message_sink *s, struct clew_slice raw)
{
        struct clew_part *part;
        struct object o;

        if (!open_object(raw, &o))
                return;
        part = clew_sink_part(s, CLEW_PART_TOOL_CALL, CLEW_ROLE_ASSISTANT);
        if (part)
                take_call(s, &o, part);
}

static struct clew_slice raw_of(const struct member *m)
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

static enum clew_role role_of_object(struct clew_message_sink *s, const struct object *o,
                                     enum clew_role role, struct clew_slice *ret_name)
{
        static const char prefix[] = "gen_ai.";
        const struct member *m = get(o, "role");

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
static void add_tool_message(struct clew_message_sink *s, const struct object *o)
{
        const struct member *content = get_any(o, NAMES("content", "parts"));
        struct clew_part *part;

        part = clew_sink_part(s, CLEW_PART_TOOL_RESULT, CLEW_ROLE_TOOL);
        if (!part)
                return;
        part->id = text_of_any(s, o, NAMES("tool_call_id", "toolCallId", "id"));
        part->name = text_of(s, get(o, "name"));
        part->is_error = clew_slice_eq_cstr(text_of(s, get(o, "status")), "error");
        part->text = single_text(s, text_of(s, content));
}

static bool content_has_results(const struct object *o)
{
        const struct member *m = get_any(o, NAMES("parts", "content"));

        return m && m->token == CLEW_JSON_ARRAY_BEGIN &&
               (memmem(m->raw.data, m->raw.len, "esult\"", 6) ||
                memmem(m->raw.data, m->raw.len, "esponse\"", 8));
}

static void add_message(struct clew_message_sink *s, struct object *o, enum clew_role role)
{
        struct clew_slice finish =
                text_of_any(s, o, NAMES("finish_reason", "finishReason", "stop_reason"));
        const struct member *class_id = get(o, "lc") ? get(o, "id") : NULL;
        /* Choices have their calls in the message, or beside it. */
        struct clew_slice calls = raw_of(get(o, "message") ? get(o, "tool_calls") : NULL);
        struct clew_slice role_name = CLEW_SLICE_NULL;
        struct clew_message *message;
        const struct member *m;
        struct object inner;

        role = role_of_object(s, o, role, &role_name);
        if (class_id)
                role = role_of_class(class_id->raw);
        enter_message(o);
        if (!class_id)
                role = role_of_object(s, o, role, &role_name);
        message = clew_sink_message(s, role, role_name);
        if (!message)
                return;
        message->name = text_of(s, get(o, "name"));
        if (finish.len == 0)
                finish = text_of_any(s, o, NAMES("finish_reason", "finishReason", "stop_reason"));
        message->finish_reason = finish;
        if (role == CLEW_ROLE_TOOL && !content_has_results(o)) {
                add_tool_message(s, o);
                return;
        }
        clew_sink_text(s, CLEW_PART_REASONING, role,
                       text_of_any(s, o, NAMES("reasoning_content", "reasoning", "thinking")));
        m = get_any(o, NAMES("parts", "content", "text"));
        if (m)
                add_content(s, m->raw, role);
        clew_sink_text(s, CLEW_PART_REFUSAL, role, text_of(s, get(o, "refusal")));
        m = get_any(o, NAMES("tool_calls", "toolCalls"));
        add_calls(s, m ? m->raw : calls);
        m = get(o, "function_call");
        if (m && m->token == CLEW_JSON_OBJECT_BEGIN && open_object(m->raw, &inner)) {
                struct clew_part *part = clew_sink_part(s, CLEW_PART_TOOL_CALL, role);

                if (part)
                        take_call(s, &inner, part);
        }
}

/* Whether an object in a list is a message; else it is a part. */
static bool is_message(const struct object *o)
{
        const struct member *type = get(o, "type");
        const struct member *content = get(o, "content");

        if (get_any(o, NAMES("role", "lc", "message", "event.name", "finishReason")))
                return true;
        if (content && content->token == CLEW_JSON_OBJECT_BEGIN && !type)
                return true; /* Gemini's candidates */
        if (type && get(o, "data") && !get(o, "mime_type"))
                return true; /* {"type":"human","data":{...}} */
        return type && (clew_slice_eq_cstr(type->raw, "\"human\"") ||
                        clew_slice_eq_cstr(type->raw, "\"ai\"") ||
                        clew_slice_eq_cstr(type->raw, "\"system\"") ||
                        clew_slice_eq_cstr(type->raw, "\"tool\"") ||
                        clew_slice_eq_cstr(type->raw, "\"message\""));
}

static bool wrong_direction(struct clew_message_sink *s, const struct object *o,
                            enum clew_direction direction)
{
        const struct member *m = get(o, "event.name");
        bool choice;

        if (!m)
                return false;
        choice = clew_slice_eq_cstr(text_of(s, m), "gen_ai.choice");
        return choice != (direction == CLEW_MESSAGES_OUT);
}

/* Parts that stand alone gather in one message, but a tool's answer is a message of its own. */
static void add_loose_part(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role,
                           bool *in_loose)
{
        if (!*in_loose)
                (void)clew_sink_message(s, role, CLEW_SLICE_NULL);
        *in_loose = true;
        add_part(s, raw, role);
        if (s->n_parts > 0 && s->parts[s->n_parts - 1].type == CLEW_PART_TOOL_RESULT &&
            s->n_messages > 0 && s->messages[s->n_messages - 1].n_parts == 1) {
                s->messages[s->n_messages - 1].role = CLEW_ROLE_TOOL;
                *in_loose = false;
        }
}

/* A list of messages or parts; batches are lists of lists, and only the first counts as one. */
static void add_list(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role,
                     enum clew_direction direction)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_DEFAULT);
        unsigned lists = 0;
        bool in_loose = false;
        struct object o;

        (void)clew_json_next(&r);
        for (;;) {
                struct clew_slice element;
                enum clew_json_token token;

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
                element = clew_json_take(&r);
                if (token == CLEW_JSON_OBJECT_BEGIN && open_object(element, &o) && is_message(&o)) {
                        in_loose = false;
                        if (!wrong_direction(s, &o, direction))
                                add_message(s, &o, role);
                } else {
                        add_loose_part(s, element, role, &in_loose);
                }
        }
        if (r.status == CLEW_JSON_TRUNCATED)
                s->truncated = true;
}

/* Where requests, responses and framework states keep their messages, in order of trust. */
static const char *const containers[] = {
        "messages", "choices",  "contents", "candidates", "generations", "message",
        "inputs",   "input",    "output",   "outputs",    "prompts",     "prompt",
        "update",   "response", "result",   "kwargs",     "args",        "query",
        "question", "task",     "content",  "text",
};

static const struct member *container_of(const struct object *o)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(containers); i++) {
                const struct member *m = get(o, containers[i]);

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
static void add_system(struct clew_message_sink *s, const struct object *o)
{
        const struct member *m = get_any(
                o, NAMES("system", "system_instruction", "systemInstruction", "instructions"));
        const struct member *config = get(o, "config");
        struct object inner;

        if (!m && config && config->token == CLEW_JSON_OBJECT_BEGIN &&
            open_object(config->raw, &inner))
                m = get_any(&inner, NAMES("system_instruction", "systemInstruction"));
        if (!m || !clew_sink_message(s, CLEW_ROLE_SYSTEM, CLEW_SLICE_NULL))
                return;
        add_content(s, m->raw, CLEW_ROLE_SYSTEM);
}

static bool is_plain_part(struct clew_message_sink *s, const struct object *o)
{
        const struct member *type = get(o, "type");

        return type && type->token == CLEW_JSON_STRING &&
               find_word(part_types, CLEW_ARRAY_LEN(part_types), text_of(s, type));
}

void clew_message_from_json(struct clew_message_sink *s, struct clew_slice text,
                            enum clew_role role)
{
        struct object o;

        text = clew_text_unquote(text, s->arena);
        if (open_object(text, &o))
                add_message(s, &o, role);
        else if (clew_sink_message(s, role, CLEW_SLICE_NULL))
                clew_parts_from_json(s, text, role);
}

void clew_messages_from_json(struct clew_message_sink *s, struct clew_slice text,
                             enum clew_role role, enum clew_direction direction)
{
        struct object o;

        text = clew_text_unquote(text, s->arena);
        for (int level = 0; level < UNWRAP_MAX && clew_text_is_json(text); level++) {
                const struct member *inside;
                bool finish;

                if (!open_object(text, &o)) {
                        add_list(s, text, role, direction);
                        return;
                }
                if (is_message(&o) && !get(&o, "messages")) {
                        add_message(s, &o, role);
                        return;
                }
                if (is_plain_part(s, &o))
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
                if (clew_text_is_json(text) && open_object(text, &o) && is_plain_part(s, &o))
                        add_part(s, text, role);
                else
                        clew_sink_text(s, CLEW_PART_TEXT, role, text);
        }
}
