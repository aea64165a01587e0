/*
 * The parts of messages, in JSON: which words and members say what a part is, and where its text,
 * call or content stands.
 */
#include "query/model/message-object-int.h"

#include "proto/base/compiler.h"
#include "proto/base/find.h"
#include "query/model/tool-text-int.h"
#include "query/model/value-int.h"

#include <string.h>

#define BASE64_BYTES_MIN 128u
/* A line in the place of media. */
#define MEDIA_LINE_MAX 256u

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
        {"tool_call", CLEW_PART_TOOL_CALL},
        {"tool_call_result", CLEW_PART_TOOL_RESULT},
        {"executableCode", CLEW_PART_TOOL_CALL},
        {"executable_code", CLEW_PART_TOOL_CALL},
        {"codeExecutionResult", CLEW_PART_TOOL_RESULT},
        {"code_execution_result", CLEW_PART_TOOL_RESULT},
        {"inlineData", CLEW_PART_MEDIA},
        {"inline_data", CLEW_PART_MEDIA},
        {"fileData", CLEW_PART_MEDIA},
        {"file_data", CLEW_PART_MEDIA},
        {"media", CLEW_PART_MEDIA},
        {"image", CLEW_PART_MEDIA},
        {"document", CLEW_PART_MEDIA},
        {"video", CLEW_PART_MEDIA},
        {"audio", CLEW_PART_MEDIA},
        {"reasoningContent", CLEW_PART_REASONING},
        {"reasoning", CLEW_PART_REASONING},
        {"thinking", CLEW_PART_REASONING},
        {"text", CLEW_PART_TEXT},
};

/* "web_search_call", "mcp_call_output", "mcp_tool_use", "code_execution_tool_result": what a word
 * ends with says what it is; the longest end stands first. */
static const struct part_word type_ends[] = {
        {"_call_output", CLEW_PART_TOOL_RESULT},
        {"_tool_result", CLEW_PART_TOOL_RESULT},
        {"_tool_use", CLEW_PART_TOOL_CALL},
        {"_call", CLEW_PART_TOOL_CALL},
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

static const struct part_word *find_type(struct clew_slice type)
{
        const struct part_word *word = find_word(part_types, CLEW_ARRAY_LEN(part_types), type);

        for (size_t i = 0; !word && i < CLEW_ARRAY_LEN(type_ends); i++) {
                struct clew_slice end = clew_slice_of_cstr(type_ends[i].word);

                if (type.len > end.len &&
                    clew_slice_eq(clew_slice_from(type, type.len - end.len), end))
                        word = &type_ends[i];
        }
        return word;
}

/* Tools that run at the provider have no name but the type: "web_search_call" is "web_search". */
static struct clew_slice name_of_type(struct clew_message_sink *s, const struct clew_json_object *o)
{
        struct clew_slice type = text_of(s, get(o, "type"));

        for (size_t i = 0; i < CLEW_ARRAY_LEN(type_ends); i++) {
                struct clew_slice end = clew_slice_of_cstr(type_ends[i].word);

                if (type.len > end.len && !clew_slice_eq_cstr(type, "function_call") &&
                    !clew_slice_eq_cstr(type, "tool_call") &&
                    clew_slice_eq(clew_slice_from(type, type.len - end.len), end))
                        return clew_slice_make(type.data, type.len - end.len);
        }
        return CLEW_SLICE_NULL;
}

/* ids, names and arguments may stand one level down, in "function". */
static void take_call(struct clew_message_sink *s, const struct clew_json_object *o,
                      struct clew_part *part)
{
        const struct clew_json_member *function = get(o, "function");
        struct clew_json_object inner;

        part->id = text_of_any(
                s, o, NAMES("call_id", "toolCallId", "tool_call_id", "toolUseId", "id", "ref"));
        if (function && function->token == CLEW_JSON_OBJECT_BEGIN &&
            open_object(function->raw, &inner)) {
                part->name = text_of(s, get(&inner, "name"));
                part->text = text_of(s, get(&inner, "arguments"));
                return;
        }
        part->name = text_of_any(s, o, NAMES("name", "toolName", "tool_name"));
        if (part->name.len == 0 && function && function->token == CLEW_JSON_STRING)
                part->name = text_of(s, function); /* Inspect */
        part->text =
                text_of_any(s, o,
                            NAMES("arguments", "args", "input", "parameters", "server_tool_call",
                                  "action", "operation", "code", "queries", "query"));
        if (part->name.len == 0)
                part->name = name_of_type(s, o);
}

/* AI SDK 5 wraps the result as {"type":"text","value":...}. */
static struct clew_slice unwrap_result(struct clew_message_sink *s,
                                       const struct clew_json_member *m, bool *ret_error)
{
        struct clew_json_object inner;
        const struct clew_json_member *type;
        const struct clew_json_member *value;

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
struct clew_slice clew_single_text(struct clew_message_sink *s, struct clew_slice text)
{
        struct clew_json_reader r;
        struct clew_slice only;
        struct clew_json_object o;

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

static void take_result(struct clew_message_sink *s, const struct clew_json_object *o,
                        struct clew_part *part)
{
        const struct clew_json_member *error = get_any(o, NAMES("is_error", "isError", "error"));
        const struct clew_json_member *origin;
        struct clew_json_object inner;
        const struct clew_json_member *status = get(o, "status");

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
        part->text = clew_single_text(s, part->text);
        origin = get(o, "origin");
        if (origin && origin->token == CLEW_JSON_OBJECT_BEGIN && open_object(origin->raw, &inner)) {
                part->name = text_of_any(s, &inner, NAMES("tool_name", "name"));
                part->id = text_of(s, get(&inner, "id"));
        }
}

/* Content where a URI may stand ("image" of the AI SDK): longer than names of files are, and
 * without the dot or colon that every URI has. */
static bool is_base64(struct clew_slice text)
{
        if (text.len < BASE64_BYTES_MIN)
                return false;
        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];

                if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
                    !memchr("+/=-_\r\n", c, 8))
                        return false;
        }
        return true;
}

/* Langfuse puts media elsewhere and leaves "@@@langfuseMedia:type=image/jpeg|id=...@@@". */
static bool take_reference(struct clew_part *part, struct clew_slice uri)
{
        const struct clew_slice head = CLEW_SLICE_LITERAL("@@@langfuseMedia:type=");
        size_t n = 0;

        if (!clew_slice_starts_with(uri, head))
                return false;
        while (head.len + n < uri.len && uri.data[head.len + n] != '|' &&
               uri.data[head.len + n] != '@')
                n++;
        part->media_type = clew_slice_make(uri.data + head.len, n);
        part->uri = uri;
        return true;
}

void clew_media_uri(struct clew_part *part, struct clew_slice uri)
{
        if (take_reference(part, uri))
                return;
        if (clew_slice_starts_with(uri, CLEW_SLICE_LITERAL("data:")) || is_base64(uri))
                clew_media_inline(part, uri);
        else if (part->uri.len == 0)
                part->uri = uri;
}

/* Where the content may be, in the part or one level down. */
static void take_media_members(struct clew_message_sink *s, const struct clew_json_object *o,
                               struct clew_part *part)
{
        struct clew_slice type =
                text_of_any(s, o,
                            NAMES("mime_type", "media_type", "mimeType", "mediaType", "contentType",
                                  "modality", "format"));
        struct clew_slice content = text_of_any(
                s, o, NAMES("data", "content", "base64", "bytes", "file_data", "fileData", "blob"));

        if (type.len > 0 && part->media_type.len == 0)
                part->media_type = type;
        clew_media_uri(part,
                       text_of_any(s, o, NAMES("uri", "url", "file_uri", "fileUri", "file_id")));
        if (content.len > 0)
                clew_media_inline(part, content);
}

/* "wav" of an input_audio is audio/wav; modalities and whole types stay what they are. */
static void name_format(struct clew_message_sink *s, struct clew_part *part, struct clew_slice type)
{
        static const char *const kinds[] = {"audio", "image", "video"};
        struct clew_slice format = part->media_type;

        if (format.len == 0 || memchr(format.data, '/', format.len) ||
            clew_slice_eq(format, type) || format.len > 8)
                return;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(kinds); i++) {
                if (clew_slice_eq_cstr(format, kinds[i]))
                        return; /* a modality */
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(kinds); i++) {
                if (type.len > 0 && memmem(type.data, type.len, kinds[i], 5))
                        part->media_type =
                                clew_arena_printf(s->arena, "%s/%.*s", kinds[i], (int)format.len,
                                                  (const char *)format.data);
        }
}

static void take_media(struct clew_message_sink *s, const struct clew_json_object *o,
                       struct clew_part *part)
{
        static const char *const inner_keys[] = {"source", "image_url", "input_audio", "image",
                                                 "audio",  "file",      "media"};
        struct clew_json_object inner;

        take_media_members(s, o, part);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(inner_keys); i++) {
                const struct clew_json_member *m = get(o, inner_keys[i]);

                if (m && m->token == CLEW_JSON_STRING)
                        clew_media_uri(part, text_of(s, m));
                else if (m && m->token == CLEW_JSON_OBJECT_BEGIN && open_object(m->raw, &inner))
                        take_media_members(s, &inner, part);
        }
        if (part->media_type.len == 0)
                part->media_type = text_of(s, get(o, "type"));
        name_format(s, part, text_of(s, get(o, "type")));
}

static struct clew_slice reasoning_of(struct clew_message_sink *s, const struct clew_json_object *o)
{
        const struct clew_json_member *m = get_any(
                o, NAMES("content", "text", "thinking", "reasoning", "reasoningText", "summary"));
        struct clew_json_object inner;

        if (m && m->token == CLEW_JSON_OBJECT_BEGIN && open_object(m->raw, &inner))
                return text_of(s, get(&inner, "text"));
        return m && m->token == CLEW_JSON_ARRAY_BEGIN ? clew_single_text(s, m->raw) : text_of(s, m);
}

/* OpenAI's Assistants have an object there:
 * {"type":"text","text":{"value":"...","annotations":[]}}. */
static struct clew_slice plain_text_of(struct clew_message_sink *s,
                                       const struct clew_json_object *o)
{
        const struct clew_json_member *m = get_any(o, NAMES("text", "content", "value"));
        struct clew_json_object inner;

        if (m && m->token == CLEW_JSON_OBJECT_BEGIN && open_object(m->raw, &inner) &&
            get(&inner, "value"))
                return text_of(s, get(&inner, "value"));
        return text_of(s, m);
}

static void fill_part(struct clew_message_sink *s, const struct clew_json_object *o,
                      struct clew_part *part)
{
        switch (part->type) {
        case CLEW_PART_TEXT:
                part->text = plain_text_of(s, o);
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

static bool gemini_thought(const struct clew_json_object *o)
{
        const struct clew_json_member *m = get(o, "thought");

        return m && m->token == CLEW_JSON_TRUE;
}

/* What ran at the provider has its result in the call: "mcp_call", "code_interpreter_call". */
static void add_own_result(struct clew_message_sink *s, const struct clew_json_object *o,
                           struct clew_slice id, struct clew_slice name)
{
        struct clew_slice text = text_of_any(s, o, NAMES("output", "results"));
        const struct clew_json_member *error = get(o, "error");
        struct clew_part *part;

        if (text.len == 0 || clew_slice_eq_cstr(text, "[]"))
                return;
        part = clew_sink_part(s, CLEW_PART_TOOL_RESULT, CLEW_ROLE_TOOL);
        if (!part)
                return;
        part->id = id;
        part->name = name;
        part->text = text;
        part->is_error = error && error->token != CLEW_JSON_FALSE;
}

/* A part that is object @o, whose JSON is @raw. */
static void from_object(struct clew_message_sink *s, const struct clew_json_object *o,
                        struct clew_slice raw, enum clew_role role)
{
        struct clew_slice key = CLEW_SLICE_NULL;
        const struct part_word *word = NULL;
        const struct clew_json_member *type = get(o, "type");
        struct clew_part *part;
        struct clew_json_object inner;
        const struct clew_json_object *from = o;

        if (type && type->token == CLEW_JSON_STRING)
                word = find_type(text_of(s, type));
        for (uint32_t i = 0; !type && !word && i < o->n; i++) {
                word = find_word(part_keys, CLEW_ARRAY_LEN(part_keys), o->members[i].key);
                key = word ? o->members[i].key : CLEW_SLICE_NULL;
                if (word && o->members[i].token == CLEW_JSON_OBJECT_BEGIN &&
                    open_object(o->members[i].raw, &inner))
                        from = &inner;
        }
        part = clew_sink_part(s, word ? (enum clew_part_type)word->type : CLEW_PART_OTHER, role);
        if (!part)
                return;
        if (part->type == CLEW_PART_OTHER) {
                part->name = text_of(s, type);
                if (clew_slice_eq_cstr(part->name, "redacted_thinking")) { /* encrypted */
                        part->name = CLEW_SLICE_LITERAL("redacted");
                        return;
                }
                part->text = (clew_slice_eq_cstr(part->name, "compaction") ||
                              clew_slice_eq_cstr(part->name, "redacted")) &&
                                             get(o, "content")
                                     ? text_of(s, get(o, "content"))
                                     : raw;
                return;
        }
        if (part->type == CLEW_PART_TEXT && gemini_thought(o))
                part->type = CLEW_PART_REASONING;
        fill_part(s, from, part);
        if (part->type == CLEW_PART_MEDIA)
                name_format(s, part, key); /* {"image":{"format":"png"}} */
        if (part->type == CLEW_PART_TOOL_CALL && part->name.len == 0 && get(from, "code"))
                part->name = CLEW_SLICE_LITERAL("code_execution");
        if (part->type == CLEW_PART_TOOL_CALL && (get(o, "output") || get(o, "results")))
                add_own_result(s, o, part->id, part->name);
        if (part->type == CLEW_PART_TOOL_RESULT)
                clew_result_media(s, s->n_parts - 1);
        if (part->type == CLEW_PART_TEXT && part->text.len == 0 &&
            get_any(from, NAMES("text", "content", "value"))) { /* beside a tool call */
                s->n_parts--;
                s->messages[s->n_messages - 1].n_parts--;
        }
}

/* One part in whatever form. @raw is an object or a string. */
void clew_part_from_json(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role)
{
        struct clew_json_object o;

        if (raw.len == 0)
                return;
        if (open_object(raw, &o))
                from_object(s, &o, raw, role);
        else
                clew_sink_text(s, raw.data[0] == '"' ? CLEW_PART_TEXT : CLEW_PART_OTHER, role,
                               raw.data[0] == '"' ? string_of(s, raw) : raw);
}

void clew_part_from_reader(struct clew_message_sink *s, struct clew_json_reader *r,
                           enum clew_role role)
{
        struct clew_json_object o;
        struct clew_slice raw;

        if (r->token != CLEW_JSON_OBJECT_BEGIN)
                clew_part_from_json(s, clew_json_take(r), role);
        else if (clew_json_object_take(r, &o, &raw))
                from_object(s, &o, raw, role);
        else
                clew_part_from_json(s, raw, role);
}

void clew_call_from_json(struct clew_message_sink *s, struct clew_slice raw)
{
        struct clew_part *part;
        struct clew_json_object o;

        if (!open_object(raw, &o))
                return;
        part = clew_sink_part(s, CLEW_PART_TOOL_CALL, CLEW_ROLE_ASSISTANT);
        if (part)
                take_call(s, &o, part);
}

bool clew_object_is_part(struct clew_message_sink *s, const struct clew_json_object *o)
{
        const struct clew_json_member *type = get(o, "type");

        return type && type->token == CLEW_JSON_STRING && find_type(text_of(s, type));
}

/* ---- media in results -------------------------------------------------------------------------
 */

/* Media come with a type ("mimeType", "mediaType"), or say how they are encoded ("base64",
 * "bytes").
 */
bool clew_text_holds_media(struct clew_slice text)
{
        if (text.len < 32 || (text.data[0] != '{' && text.data[0] != '['))
                return false;
        return clew_find(text, "mime", 4) || clew_find(text, "base64", 6) ||
               clew_find(text, "\"media", 6) || clew_find(text, "\"bytes\"", 7);
}

/* The list of contents that a result is, or holds: MCP's {"content":[...],"isError":false}, the AI
 * SDK's {"type":"content","value":[...]}. */
static struct clew_slice contents_of(struct clew_slice text)
{
        struct clew_json_object o;
        const struct clew_json_member *m;

        if (text.data[0] == '[')
                return text;
        if (!open_object(text, &o))
                return CLEW_SLICE_NULL;
        m = get_any(&o, NAMES("content", "contents", "value"));
        return m && m->token == CLEW_JSON_ARRAY_BEGIN ? m->raw : CLEW_SLICE_NULL;
}

/* The part at @index is a result: media in its contents become parts behind it, and what is text is
 * its text. Other results stay as they are. */
void clew_result_media(struct clew_message_sink *s, uint32_t index)
{
        struct clew_message_sink inner = {.arena = s->arena};
        struct clew_slice list;
        struct clew_slice text = CLEW_SLICE_NULL;
        struct clew_json_reader r;
        bool media = false;

        if (!clew_text_holds_media(s->parts[index].text))
                return;
        list = contents_of(s->parts[index].text);
        if (list.len == 0)
                return;
        r = clew_json_reader_make(list, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return;
        while (clew_json_next_element(&r))
                clew_part_from_reader(&inner, &r, CLEW_ROLE_TOOL);
        for (uint32_t i = 0; i < inner.n_parts; i++)
                media = media || inner.parts[i].type == CLEW_PART_MEDIA;
        if (!media)
                return;
        for (uint32_t i = 0; i < inner.n_parts; i++) {
                const struct clew_part *p = &inner.parts[i];
                struct clew_part *copy;

                if (p->type != CLEW_PART_MEDIA) {
                        text = text.len == 0
                                       ? p->text
                                       : clew_arena_printf(s->arena, "%.*s\n%.*s", (int)text.len,
                                                           (const char *)text.data,
                                                           (int)p->text.len,
                                                           (const char *)p->text.data);
                        continue;
                }
                copy = clew_sink_part(s, CLEW_PART_MEDIA, CLEW_ROLE_TOOL);
                if (copy)
                        *copy = *p;
        }
        s->parts[index].text = text.len > 0 ? text : CLEW_SLICE_LITERAL("");
}

struct clew_slice clew_tool_result_text(struct clew_slice text, struct clew_arena *arena)
{
        struct clew_message_sink s = {.arena = arena};
        struct clew_part *result;
        CLEW_BUFFER out = {0};

        if (!clew_text_holds_media(text))
                return text;
        result = clew_sink_part(&s, CLEW_PART_TOOL_RESULT, CLEW_ROLE_TOOL);
        if (!result)
                return text;
        result->text = text;
        clew_result_media(&s, 0);
        if (s.n_parts < 2)
                return text;
        clew_buffer_init(&out, text.len + s.n_parts * MEDIA_LINE_MAX);
        clew_buffer_append_slice(&out, s.parts[0].text);
        for (uint32_t i = 1; i < s.n_parts; i++) {
                const struct clew_part *p = &s.parts[i];

                clew_buffer_printf(&out, "%s[%.*s, %llu bytes, hash %016llx]", out.len ? "\n" : "",
                                   (int)(p->media_type.len < 100 ? p->media_type.len : 100),
                                   (const char *)p->media_type.data,
                                   (unsigned long long)p->media_bytes,
                                   (unsigned long long)p->media_hash);
        }
        return out.error ? text : clew_arena_copy(arena, clew_buffer_slice(&out));
}
