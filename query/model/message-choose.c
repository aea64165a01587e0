/*
 * Messages of a step: which of the forms that it carries is read (message.h).
 */
#include "query/model/message.h"

#include "proto/base/compiler.h"
#include "proto/base/hash.h"
#include "proto/base/json.h"
#include "proto/otlp/log-event.h"
#include "query/model/fields-int.h"
#include "query/model/message-object-int.h"
#include "query/model/tool-text-int.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)
/* Parts that a further one is compared with, to find what was sent twice. */
#define REPEATS_MAX 64u

/* ---- the sink ---------------------------------------------------------------------------------
 */

static void *grow(struct clew_message_sink *s, const void *old, uint32_t n, uint32_t *max,
                  size_t size)
{
        uint32_t wanted = *max ? *max * 2 : 2;
        void *p;

        if (wanted > 2 * CLEW_MESSAGE_PARTS_MAX) {
                s->full = true;
                return NULL;
        }
        p = clew_arena_calloc(s->arena, wanted, size);
        if (!p) {
                s->full = true;
                return NULL;
        }
        if (n > 0)
                memcpy(p, old, n * size);
        *max = wanted;
        return p;
}

struct clew_message *clew_sink_message(struct clew_message_sink *s, enum clew_role role,
                                       struct clew_slice role_name)
{
        if (s->full || s->n_messages >= CLEW_MESSAGE_PARTS_MAX) {
                s->full = true;
                return NULL;
        }
        if (s->n_messages == s->max_messages) {
                struct clew_message *p =
                        grow(s, s->messages, s->n_messages, &s->max_messages, sizeof(*s->messages));

                if (!p)
                        return NULL;
                s->messages = p;
        }
        s->messages[s->n_messages] = (struct clew_message){.role = role, .role_name = role_name};
        return &s->messages[s->n_messages++];
}

struct clew_part *clew_sink_part(struct clew_message_sink *s, enum clew_part_type type,
                                 enum clew_role role)
{
        if (s->n_messages == 0 && !clew_sink_message(s, role, CLEW_SLICE_NULL))
                return NULL;
        if (s->full || s->n_parts >= CLEW_MESSAGE_PARTS_MAX) {
                s->full = true;
                return NULL;
        }
        if (s->n_parts == s->max_parts) {
                struct clew_part *p =
                        grow(s, s->parts, s->n_parts, &s->max_parts, sizeof(*s->parts));

                if (!p)
                        return NULL;
                s->parts = p;
        }
        s->messages[s->n_messages - 1].n_parts++;
        s->parts[s->n_parts] = (struct clew_part){.type = type};
        return &s->parts[s->n_parts++];
}

void clew_sink_text(struct clew_message_sink *s, enum clew_part_type type, enum clew_role role,
                    struct clew_slice text)
{
        struct clew_part *part;

        if (text.len == 0)
                return;
        /* The mark is no content: nobody said it. */
        part = clew_sink_part(s, clew_text_is_redaction(text) ? CLEW_PART_OTHER : type, role);
        if (!part)
                return;
        part->text = text;
        if (part->type == CLEW_PART_OTHER && type != CLEW_PART_OTHER)
                part->name = KEY("redacted");
}

enum clew_role clew_role_of(struct clew_slice word)
{
        static const struct {
                const char *word;
                enum clew_role role;
        } words[] = {
                {"user", CLEW_ROLE_USER},          {"assistant", CLEW_ROLE_ASSISTANT},
                {"tool", CLEW_ROLE_TOOL},          {"system", CLEW_ROLE_SYSTEM},
                {"developer", CLEW_ROLE_SYSTEM},   {"human", CLEW_ROLE_USER},
                {"ai", CLEW_ROLE_ASSISTANT},       {"model", CLEW_ROLE_ASSISTANT},
                {"function", CLEW_ROLE_TOOL},      {"AIMessageChunk", CLEW_ROLE_ASSISTANT},
                {"tool-response", CLEW_ROLE_TOOL}, {"tool-call", CLEW_ROLE_ASSISTANT},
                {"chatbot", CLEW_ROLE_ASSISTANT}, /* Cohere */
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (word.len == strlen(words[i].word) &&
                    strncasecmp((const char *)word.data, words[i].word, word.len) == 0)
                        return words[i].role;
        }
        return CLEW_ROLE_OTHER;
}

void clew_media_inline(struct clew_part *part, struct clew_slice content)
{
        struct clew_slice data = content;

        if (clew_slice_starts_with(content, KEY("data:"))) {
                const uint8_t *comma = memchr(content.data, ',', content.len);
                size_t head = comma ? (size_t)(comma - content.data) : content.len;
                const uint8_t *end = memchr(content.data, ';', head);
                size_t type = (end ? (size_t)(end - content.data) : head) - 5;

                if (type > 0)
                        part->media_type = clew_slice_make(content.data + 5, type);
                data = comma ? clew_slice_from(content, head + 1) : CLEW_SLICE_NULL;
        }
        part->media_bytes = data.len / 4 * 3;
        for (size_t i = data.len; i > 0 && data.data[i - 1] == '=' && part->media_bytes > 0; i--)
                part->media_bytes--;
        part->media_hash = clew_hash(data);
}

/* Formatting of JSON arguments differs between a call and its later repetition in the history. */
static uint64_t hash_compact(struct clew_slice text, uint64_t seed)
{
        uint8_t block[512];
        size_t n = 0;

        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];

                if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
                        continue;
                block[n++] = c;
                if (n == sizeof(block)) {
                        seed = clew_hash_seeded(clew_slice_make(block, n), seed);
                        n = 0;
                }
        }
        return clew_hash_seeded(clew_slice_make(block, n), seed);
}

uint64_t clew_message_hash(const struct clew_message *m)
{
        uint64_t h = m->role;

        if (m->hash)
                return m->hash;
        for (uint32_t i = 0; i < m->n_parts; i++) {
                const struct clew_part *p = &m->parts[i];

                h = clew_hash_seeded(p->name, h * 31 + p->type);
                h = p->type == CLEW_PART_TOOL_CALL ? hash_compact(p->text, h)
                                                   : clew_hash_seeded(p->text, h);
                h ^= p->media_hash;
                h = clew_hash_seeded(p->uri, h);
        }
        return h;
}

static struct clew_slice last_key(const struct clew_fields *f, enum clew_field field)
{
        for (unsigned i = 0; i < f->n_provenance; i++) {
                if (f->provenance[i].field == field)
                        return f->provenance[i].key;
        }
        return CLEW_SLICE_NULL;
}

/* System instructions that came apart, before a history that has them, too: the same again, or a
 * parameter of the request, which gives way. */
static bool repeats_system(const struct clew_message_sink *s, const struct clew_fields *f)
{
        struct clew_slice key = last_key(f, CLEW_FIELD_SYSTEM);

        return key.len > 0 && s->n_messages > 1 && s->messages[0].role == CLEW_ROLE_SYSTEM &&
               s->messages[1].role == CLEW_ROLE_SYSTEM &&
               (!clew_slice_eq(key, KEY("gen_ai.system_instructions")) ||
                clew_message_hash(&s->messages[0]) == clew_message_hash(&s->messages[1]));
}

/* The part of the same call or result, with the same id, among those from @from to @to. */
static struct clew_part *told_before(struct clew_message_sink *s, uint32_t from, uint32_t to,
                                     const struct clew_part *part)
{
        if (part->id.len == 0 ||
            (part->type != CLEW_PART_TOOL_CALL && part->type != CLEW_PART_TOOL_RESULT))
                return NULL;
        for (uint32_t i = from; i < to; i++) {
                if (s->parts[i].type == part->type && clew_slice_eq(s->parts[i].id, part->id) &&
                    clew_slice_eq(s->parts[i].text, part->text))
                        return &s->parts[i];
        }
        return NULL;
}

/* Bedrock's instrumentation sends calls as content and again as calls, and results as messages of
 * the tool and again as the user's: each counts once. A message of which nothing is left goes.
 * Repeats follow at once, so only the parts of the latest messages are compared. */
static void drop_repeats(struct clew_message_sink *s)
{
        uint32_t messages = 0;
        uint32_t parts = 0;
        uint32_t from = 0; /* parts of the answer and of the results after it */
        uint32_t at = 0;

        for (uint32_t i = 0; i < s->n_messages; i++) {
                struct clew_message m = s->messages[i];
                uint32_t kept = 0;

                if (m.role == CLEW_ROLE_ASSISTANT || parts - from > REPEATS_MAX)
                        from = parts;
                for (uint32_t k = 0; k < m.n_parts; k++, at++) {
                        struct clew_part *before = told_before(s, from, parts, &s->parts[at]);

                        if (before) {
                                before->is_error = before->is_error || s->parts[at].is_error;
                                continue;
                        }
                        s->parts[parts++] = s->parts[at];
                        kept++;
                }
                if (kept == 0 && m.n_parts > 0)
                        continue;
                m.n_parts = kept;
                s->messages[messages++] = m;
        }
        s->n_messages = messages;
        s->n_parts = parts;
}

static int finish(struct clew_message_sink *s, const struct clew_fields *f, struct clew_slice key,
                  struct clew_messages *ret)
{
        uint32_t at = 0;

        drop_repeats(s);
        clew_sink_split_media(s);
        for (uint32_t i = 0; i < s->n_parts; i++) {
                struct clew_part *p = &s->parts[i];

                if (clew_slice_eq(p->id, KEY("unknown")))
                        p->id = CLEW_SLICE_NULL;
                if (p->type == CLEW_PART_TOOL_CALL || p->type == CLEW_PART_TOOL_RESULT ||
                    p->type == CLEW_PART_OTHER)
                        p->text = clew_text_readable(p->text, s->arena);
        }
        for (uint32_t i = 0; i < s->n_messages; i++) {
                s->messages[i].parts = s->parts ? &s->parts[at] : NULL;
                at += s->messages[i].n_parts;
        }
        if (f && repeats_system(s, f)) {
                s->messages++;
                s->n_messages--;
        }
        *ret = (struct clew_messages){
                .items = s->messages,
                .n = s->n_messages,
                .truncated = s->truncated || s->full,
                .key = s->n_messages ? key : CLEW_SLICE_NULL,
        };
        return clew_arena_failed(s->arena) ? -ENOMEM : 0;
}

/* ---- where messages are -----------------------------------------------------------------------
 */

struct family {
        const char *prefix;
        enum clew_direction direction;
        enum clew_role role;
};

static const struct family families[] = {
        {"llm.input_messages.", CLEW_MESSAGES_IN, CLEW_ROLE_USER},
        {"gen_ai.prompt.", CLEW_MESSAGES_IN, CLEW_ROLE_USER},
        {"gen_ai.input.messages.", CLEW_MESSAGES_IN, CLEW_ROLE_USER},
        {"llm.prompts.", CLEW_MESSAGES_IN, CLEW_ROLE_USER},
        {"embedding.embeddings.", CLEW_MESSAGES_IN, CLEW_ROLE_USER},
        {"reranker.input_documents.", CLEW_MESSAGES_IN, CLEW_ROLE_OTHER},
        {"llm.output_messages.", CLEW_MESSAGES_OUT, CLEW_ROLE_ASSISTANT},
        {"gen_ai.completion.", CLEW_MESSAGES_OUT, CLEW_ROLE_ASSISTANT},
        {"gen_ai.output.messages.", CLEW_MESSAGES_OUT, CLEW_ROLE_ASSISTANT},
        {"llm.choices.", CLEW_MESSAGES_OUT, CLEW_ROLE_ASSISTANT},
        {"retrieval.documents.", CLEW_MESSAGES_OUT, CLEW_ROLE_OTHER},
        {"reranker.output_documents.", CLEW_MESSAGES_OUT, CLEW_ROLE_OTHER},
};

static bool from_families(struct clew_message_sink *s, const struct clew_step *step,
                          enum clew_direction direction, struct clew_slice *ret_key)
{
        struct clew_message_iter attributes = direction == CLEW_MESSAGES_IN
                                                      ? clew_span_attributes(&step->span)
                                                      : clew_span_attributes_brief(&step->span);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(families); i++) {
                struct clew_slice prefix = clew_slice_of_cstr(families[i].prefix);

                if (families[i].direction != direction)
                        continue;
                if (clew_messages_from_keys(s, attributes, prefix, families[i].role)) {
                        *ret_key = prefix;
                        return true;
                }
        }
        return false;
}

struct message_event {
        const char *name;
        enum clew_direction direction;
        enum clew_role role;
};

static const struct message_event message_events[] = {
        {"gen_ai.system.message", CLEW_MESSAGES_IN, CLEW_ROLE_SYSTEM},
        {"gen_ai.user.message", CLEW_MESSAGES_IN, CLEW_ROLE_USER},
        {"gen_ai.assistant.message", CLEW_MESSAGES_IN, CLEW_ROLE_ASSISTANT},
        {"gen_ai.tool.message", CLEW_MESSAGES_IN, CLEW_ROLE_TOOL},
        {"gen_ai.choice", CLEW_MESSAGES_OUT, CLEW_ROLE_ASSISTANT},
        {"db.query.result", CLEW_MESSAGES_OUT, CLEW_ROLE_OTHER},
        {"db.search.result", CLEW_MESSAGES_OUT, CLEW_ROLE_OTHER},
};

static const struct message_event *message_event(struct clew_slice name,
                                                 enum clew_direction direction)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(message_events); i++) {
                if (message_events[i].direction == direction &&
                    clew_slice_eq_cstr(name, message_events[i].name))
                        return &message_events[i];
        }
        return NULL;
}

static struct clew_slice attribute_text(struct clew_message_sink *s, struct clew_message_iter it,
                                        const char *key)
{
        struct clew_value value;

        if (!clew_attribute_find(it, clew_slice_of_cstr(key), &value))
                return CLEW_SLICE_NULL;
        return clew_value_text(&value, s->arena);
}

/* An object with the members of a message, not of a part of one: Azure's AI clients. */
static bool is_whole_message(struct clew_slice content)
{
        static const char *const members[] = {"role", "content", "tool_calls", "message"};
        struct clew_json_reader r = clew_json_reader_make(content, CLEW_JSON_DEPTH_DEFAULT);
        bool found = false;

        if (!clew_text_is_json(content) || clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                if (clew_slice_eq_cstr(r.text, "type"))
                        return false;
                for (size_t i = 0; i < CLEW_ARRAY_LEN(members); i++)
                        found = found || clew_slice_eq_cstr(r.text, members[i]);
                (void)clew_json_next(&r);
                clew_json_skip(&r);
        }
        return found;
}

/* A message whose members are attributes: Strands, older semconv on spans, Semantic Kernel. */
static void from_event_attributes(struct clew_message_sink *s, struct clew_message_iter it,
                                  const struct message_event *event)
{
        static const char *const contents[] = {"content", "message", "gen_ai.event.content",
                                               "db.query.result.document", "tool.result"};
        struct clew_slice content = CLEW_SLICE_NULL;
        struct clew_slice role_name = attribute_text(s, it, "role");
        enum clew_role role = role_name.len ? clew_role_of(role_name) : event->role;
        struct clew_message *message;
        uint32_t before = s->n_parts;
        uint32_t whole;

        for (size_t i = 0; content.len == 0 && i < CLEW_ARRAY_LEN(contents); i++)
                content = attribute_text(s, it, contents[i]);
        if (role == CLEW_ROLE_OTHER)
                role = event->role;
        if (is_whole_message(content)) {
                whole = s->n_messages;
                clew_message_from_json(s, content, role);
                if (s->n_messages > whole && s->messages[whole].finish_reason.len == 0)
                        s->messages[whole].finish_reason = attribute_text(s, it, "finish_reason");
                return;
        }
        message = clew_sink_message(s, role, role_name);
        if (!message)
                return;
        message->finish_reason = attribute_text(s, it, "finish_reason");
        if (event->role == CLEW_ROLE_OTHER) /* a document */
                message->name = attribute_text(s, it, "db.query.result.id");
        clew_content_from_json(s, content, role);
        if (role == CLEW_ROLE_TOOL && s->n_parts == before + 1 &&
            s->parts[before].type == CLEW_PART_TEXT) {
                s->parts[before].type = CLEW_PART_TOOL_RESULT;
                s->parts[before].id = attribute_text(s, it, "id");
        }
        content = attribute_text(s, it, "tool_calls");
        if (content.len > 0)
                clew_parts_from_json(s, content, role);
}

/* Where the answer begins among the messages that are told one by one. Azure's agents have no
 * choice: what the assistant said after all else is the answer. */
struct answer {
        uint32_t n;    /* messages so far */
        uint32_t from; /* of them, the first behind the last one that is not the assistant's */
        bool has_choice;
};

static void count_message(struct answer *a, struct clew_slice name)
{
        if (message_event(name, CLEW_MESSAGES_OUT))
                a->has_choice = true;
        else if (!message_event(name, CLEW_MESSAGES_IN))
                return;
        a->n++;
        if (!clew_slice_eq_cstr(name, "gen_ai.assistant.message"))
                a->from = a->n;
}

/* What the event, number @at of the messages, is in @direction. */
static const struct message_event *message_in(const struct answer *a, struct clew_slice name,
                                              enum clew_direction direction, uint32_t *at)
{
        const struct message_event *in = message_event(name, CLEW_MESSAGES_IN);
        const struct message_event *out = message_event(name, CLEW_MESSAGES_OUT);
        bool is_answer;

        if (!in && !out)
                return NULL;
        is_answer = out || (!a->has_choice && *at >= a->from);
        ++*at;
        return is_answer == (direction == CLEW_MESSAGES_OUT) ? (in ? in : out) : NULL;
}

static bool from_events(struct clew_message_sink *s, const struct clew_step *step,
                        enum clew_direction direction)
{
        struct clew_message_iter it = clew_span_events(&step->span);
        struct clew_span_event event;
        struct answer answer = {0};
        uint32_t before = s->n_messages;
        uint32_t at = 0;

        while (clew_span_event_next(&it, &event))
                count_message(&answer, event.name);
        it = clew_span_events(&step->span);
        while (answer.n > 0 && clew_span_event_next(&it, &event)) {
                const struct message_event *kind = message_in(&answer, event.name, direction, &at);

                if (kind)
                        from_event_attributes(s, clew_event_attributes(&event), kind);
        }
        return s->n_messages > before;
}

static bool from_logs(struct clew_message_sink *s, const struct clew_trace *trace,
                      const struct clew_step *step, enum clew_direction direction)
{
        struct answer answer = {0};
        uint32_t before = s->n_messages;
        uint32_t at = 0;

        for (uint32_t i = 0; i < step->n_logs; i++)
                count_message(&answer, clew_log_name(&trace->logs[step->logs + i].record));
        for (uint32_t i = 0; answer.n > 0 && i < step->n_logs; i++) {
                const struct clew_log_record *record = &trace->logs[step->logs + i].record;
                const struct message_event *kind =
                        message_in(&answer, clew_log_name(record), direction, &at);
                struct clew_slice body;

                if (!kind)
                        continue;
                body = clew_value_text(&record->body, s->arena);
                if (body.len > 0)
                        clew_message_from_json(s, body, kind->role);
                else
                        from_event_attributes(s, clew_log_attributes(record), kind);
        }
        return s->n_messages > before;
}

/* The AI SDK and LiveKit spread one answer over several attributes. */
static bool from_sdk_response(struct clew_message_sink *s, const struct clew_step *step)
{
        static const struct {
                const char *key;
                enum clew_part_type type;
        } keys[] = {
                {"ai.response.reasoning", CLEW_PART_REASONING},
                {"ai.response.text", CLEW_PART_TEXT},
                {"ai.response.object", CLEW_PART_TEXT},
                {"ai.result.text", CLEW_PART_TEXT},
                {"ai.result.object", CLEW_PART_TEXT},
                {"lk.response.text", CLEW_PART_TEXT},
        };
        static const char *const call_keys[] = {"ai.response.toolCalls", "ai.result.toolCalls",
                                                "lk.response.function_calls"};
        struct clew_message_iter it = clew_span_attributes_brief(&step->span);
        struct clew_slice calls = CLEW_SLICE_NULL;
        bool any = false;

        for (size_t i = 0; calls.len == 0 && i < CLEW_ARRAY_LEN(call_keys); i++)
                calls = attribute_text(s, it, call_keys[i]);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                struct clew_slice text = attribute_text(s, it, keys[i].key);

                if (text.len == 0)
                        continue;
                if (!any && !clew_sink_message(s, CLEW_ROLE_ASSISTANT, CLEW_SLICE_NULL))
                        return false;
                any = true;
                clew_sink_text(s, keys[i].type, CLEW_ROLE_ASSISTANT, text);
        }
        if (clew_text_is_json(calls)) {
                struct clew_json_reader r = clew_json_reader_make(calls, CLEW_JSON_DEPTH_DEFAULT);

                if (!any && !clew_sink_message(s, CLEW_ROLE_ASSISTANT, CLEW_SLICE_NULL))
                        return false;
                any = true;
                if (clew_json_next(&r) == CLEW_JSON_ARRAY_BEGIN)
                        while (clew_json_next_element(&r))
                                clew_call_from_json(s, clew_json_take(&r));
        }
        if (any)
                s->messages[s->n_messages - 1].finish_reason = step->finish_reason;
        return any;
}

/* ---- choosing ---------------------------------------------------------------------------------
 */

/* Texts that say less than flattened messages or message events beside them: raw requests that were
 * not meant as messages, and single attributes of such an event. */
static bool is_weak_source(struct clew_slice key)
{
        static const char *const prefixes[] = {
                "input.value", "output.value", "traceloop.entity.",
                "mlflow.",     "message",      "reranker.",
        };

        if (clew_slice_eq_cstr(key, "input") || clew_slice_eq_cstr(key, "output") ||
            clew_slice_eq_cstr(key, "inputs"))
                return true;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(prefixes); i++) {
                if (clew_slice_starts_with(key, clew_slice_of_cstr(prefixes[i])))
                        return true;
        }
        return false;
}

/* "gen_ai.input.messages_ref": the content was put elsewhere, and this is its address. */
static bool is_reference(struct clew_slice key)
{
        static const char end[] = "_ref";
        size_t n = sizeof(end) - 1;

        return key.len > n && memcmp(key.data + key.len - n, end, n) == 0;
}

static void add_reference(struct clew_message_sink *s, enum clew_role role, struct clew_slice uri)
{
        struct clew_part *part;

        if (!clew_sink_message(s, role, CLEW_SLICE_NULL))
                return;
        part = clew_sink_part(s, CLEW_PART_OTHER, role);
        if (!part)
                return;
        part->name = KEY("offloaded");
        part->text = uri;
}

static void add_system(struct clew_message_sink *s, struct clew_fields *f)
{
        struct clew_slice text;

        if (!clew_fields_text(f, CLEW_FIELD_SYSTEM, &text) || text.len == 0)
                return;
        if (is_reference(last_key(f, CLEW_FIELD_SYSTEM))) {
                add_reference(s, CLEW_ROLE_SYSTEM, text);
                return;
        }
        if (!clew_sink_message(s, CLEW_ROLE_SYSTEM, CLEW_SLICE_NULL))
                return;
        clew_parts_from_json(s, clew_text_unquote(text, s->arena), CLEW_ROLE_SYSTEM);
}

/* Tool steps have their texts already, unwrapped, when the trace was built with texts. */
static bool find_text(struct clew_fields *f, const struct clew_step *step,
                      enum clew_direction direction, struct clew_slice *ret_text,
                      struct clew_slice *ret_key)
{
        bool tool = step->kind == CLEW_KIND_TOOL || step->kind == CLEW_KIND_HANDOFF;
        enum clew_field field = direction == CLEW_MESSAGES_IN
                                        ? (tool ? CLEW_FIELD_TOOL_ARGUMENTS : CLEW_FIELD_INPUT)
                                        : (tool ? CLEW_FIELD_TOOL_RESULT : CLEW_FIELD_OUTPUT);

        struct clew_slice ready =
                direction == CLEW_MESSAGES_IN ? step->tool_arguments : step->tool_result;
        bool found = clew_fields_text(f, field, ret_text);

        *ret_key = last_key(f, field);
        if (!tool || !ready.data || (found && clew_text_holds_media(*ret_text)))
                return found;
        *ret_text = ready;
        return true;
}

static bool from_structured(struct clew_message_sink *s, const struct clew_trace *trace,
                            const struct clew_step *step, enum clew_direction direction,
                            struct clew_slice *ret_key)
{
        if (from_families(s, step, direction, ret_key)) {
                /* A limit on attributes cuts flattened messages, and says so only by a count. */
                s->truncated = s->truncated || step->span.dropped_attributes > 0;
                return true;
        }
        *ret_key = KEY("gen_ai.*.message");
        return from_events(s, step, direction) || from_logs(s, trace, step, direction);
}

/* A tool step as the call that it answers, and as its answer. */
static void add_tool_part(struct clew_message_sink *s, const struct clew_step *step,
                          enum clew_direction direction, struct clew_slice text)
{
        bool in = direction == CLEW_MESSAGES_IN;
        enum clew_role role = in ? CLEW_ROLE_ASSISTANT : CLEW_ROLE_TOOL;
        struct clew_part *part;

        if (!clew_sink_message(s, role, CLEW_SLICE_NULL))
                return;
        part = clew_sink_part(s, in ? CLEW_PART_TOOL_CALL : CLEW_PART_TOOL_RESULT, role);
        if (!part)
                return;
        part->id = step->tool_call_id;
        part->name = step->tool_name;
        part->text = text;
        part->is_error = !in && step->error.is_error;
        if (!in)
                clew_result_media(s, s->n_parts - 1);
}

/* Steps that a step around a model call may hold besides the call. */
#define LAYER_STEPS_MAX 64u
/* Layers of one call that are asked for its content. */
#define LAYERS_MAX 16u

/* Mastra gives what went into a call to the step around it, which holds this call alone. */
static const struct clew_step *layer_around(const struct clew_trace *trace,
                                            const struct clew_step *step)
{
        const struct clew_step *layer;
        uint32_t n = 0;

        if (step->kind != CLEW_KIND_LLM || step->parent == CLEW_STEP_NONE)
                return NULL;
        layer = &trace->steps[step->parent];
        if (layer->kind != CLEW_KIND_CHAIN || layer->n_descendants > LAYER_STEPS_MAX ||
            layer->dialect != CLEW_DIALECT_MASTRA)
                return NULL;
        for (uint32_t i = 1; i <= layer->n_descendants; i++)
                n += layer[i].kind == CLEW_KIND_LLM;
        return n == 1 ? layer : NULL;
}

/* The whole history with the answer at its end is what went in, but for the answer. */
static void drop_answer(struct clew_message_sink *s)
{
        while (s->n_messages > 1 && s->messages[s->n_messages - 1].role == CLEW_ROLE_ASSISTANT) {
                s->n_messages--;
                s->n_parts -= s->messages[s->n_messages].n_parts;
        }
}

/* The answer as it was read for the edges. Not of a copy of a step, whose span may be another. */
static bool kept_answer(const struct clew_trace *trace, const struct clew_step *step,
                        struct clew_messages *ret)
{
        uintptr_t at = (uintptr_t)step - (uintptr_t)trace->steps;
        size_t i = at / sizeof(*step);

        if (!trace->answers || (uintptr_t)step < (uintptr_t)trace->steps || i >= trace->n_steps ||
            !trace->answers[i])
                return false;
        *ret = *trace->answers[i];
        return true;
}

/* Of a step's fields those that messages are made of. */
static const bool content_fields[CLEW_FIELD_COUNT] = {
        [CLEW_FIELD_SYSTEM] = true,      [CLEW_FIELD_INPUT] = true,
        [CLEW_FIELD_OUTPUT] = true,      [CLEW_FIELD_TOOL_ARGUMENTS] = true,
        [CLEW_FIELD_TOOL_RESULT] = true,
};

static int read_messages(const struct clew_trace *trace, const struct clew_step *step,
                         enum clew_direction direction, struct clew_arena *arena,
                         struct clew_messages *ret)
{
        struct clew_message_sink sink = {.arena = arena};
        struct clew_fields fields;
        struct clew_fields *f = &fields;
        enum clew_role role = direction == CLEW_MESSAGES_IN ? CLEW_ROLE_USER : CLEW_ROLE_ASSISTANT;
        struct clew_slice text = CLEW_SLICE_NULL;
        struct clew_slice key = CLEW_SLICE_NULL;
        bool found;

        *ret = (struct clew_messages){0};
        if (clew_step_is(step, CLEW_STEP_STANDIN))
                return 0;
        if (direction == CLEW_MESSAGES_OUT && kept_answer(trace, step, ret))
                return 0;
        clew_fields_collect_some(f, trace, step, content_fields, arena);
        found = find_text(f, step, direction, &text, &key);
        if (direction == CLEW_MESSAGES_IN && step->kind != CLEW_KIND_TOOL)
                add_system(&sink, f);
        if (step->kind != CLEW_KIND_TOOL && (!found || is_weak_source(key)) &&
            from_structured(&sink, trace, step, direction, &key)) {
                if (sink.n_parts > 0 || !found)
                        return finish(&sink, f, key, ret);
                /* Roles without any content, beside a text that has it. */
                sink = (struct clew_message_sink){.arena = arena};
                key = last_key(f, direction == CLEW_MESSAGES_IN ? CLEW_FIELD_INPUT
                                                                : CLEW_FIELD_OUTPUT);
        }
        if (direction == CLEW_MESSAGES_OUT &&
            (clew_slice_starts_with(key, KEY("ai.")) ||
             clew_slice_starts_with(key, KEY("lk.response."))) &&
            from_sdk_response(&sink, step))
                return finish(&sink, f, key, ret);
        if (!found)
                return finish(&sink, f, KEY("gen_ai.system_instructions"), ret);
        if (is_reference(key)) {
                add_reference(&sink, role, text);
        } else if (step->kind == CLEW_KIND_TOOL) {
                add_tool_part(&sink, step, direction, text);
        } else {
                clew_messages_from_json(&sink, text, role, direction);
        }
        if (direction == CLEW_MESSAGES_IN && (clew_slice_eq(key, KEY("pydantic_ai.all_messages")) ||
                                              clew_slice_eq(key, KEY("all_messages_events"))))
                drop_answer(&sink);
        return finish(&sink, f, key, ret);
}

/* The messages are the arena's own. */
static void fill_hashes(struct clew_messages *messages)
{
        struct clew_message *items = (struct clew_message *)(uintptr_t)messages->items;

        for (uint32_t i = 0; i < messages->n; i++)
                items[i].hash = clew_message_hash(&items[i]);
}

int clew_messages_read(struct clew_slice json, enum clew_direction direction,
                       struct clew_arena *arena, struct clew_messages *ret)
{
        struct clew_message_sink sink = {.arena = arena};
        enum clew_role role = direction == CLEW_MESSAGES_IN ? CLEW_ROLE_USER : CLEW_ROLE_ASSISTANT;
        int r;

        *ret = (struct clew_messages){0};
        clew_messages_from_json(&sink, json, role, direction);
        r = finish(&sink, NULL, CLEW_SLICE_NULL, ret);
        if (r == 0)
                fill_hashes(ret);
        return r;
}

static bool has_parts(const struct clew_messages *m)
{
        for (uint32_t i = 0; i < m->n; i++) {
                if (m->items[i].n_parts > 0)
                        return true;
        }
        return false;
}

/* An agent that was asked something by a user whose words its program leaves out. */
static int say_left_out(const struct clew_step *step, struct clew_arena *arena,
                        struct clew_messages *ret)
{
        const struct clew_log_family *family =
                clew_log_family_of_scope(clew_scope_name(step->scope));
        struct clew_message_sink sink = {.arena = arena};
        struct clew_part *part;

        if (step->kind != CLEW_KIND_AGENT || !clew_step_is(step, CLEW_STEP_REDACTED) || !family)
                return 0;
        part = clew_sink_part(&sink, CLEW_PART_OTHER, CLEW_ROLE_USER);
        if (!part)
                return 0;
        part->name = KEY("redacted");
        part->text = clew_log_words_left_out(family);
        return finish(&sink, NULL, CLEW_SLICE_NULL, ret);
}

static int choose_messages(const struct clew_trace *trace, const struct clew_step *step,
                           enum clew_direction direction, struct clew_arena *arena,
                           struct clew_messages *ret)
{
        const struct clew_step *layer;
        struct clew_messages around;
        uint32_t next = step->next_layer;
        int r = read_messages(trace, step, direction, arena, ret);

        /* Of the layers of one call any may be the one that has the content. */
        for (unsigned n = 0; r == 0 && !has_parts(ret) && next != CLEW_STEP_NONE; n++) {
                layer = &trace->steps[next];
                r = read_messages(trace, layer, direction, arena, &around);
                if (r == 0 && has_parts(&around))
                        *ret = around;
                next = n < LAYERS_MAX ? layer->next_layer : CLEW_STEP_NONE;
        }
        if (r < 0 || has_parts(ret))
                return r;
        layer = layer_around(trace, step);
        if (layer)
                r = read_messages(trace, layer, direction, arena, &around);
        if (r == 0 && layer && has_parts(&around))
                *ret = around;
        if (r == 0 && direction == CLEW_MESSAGES_IN && !has_parts(ret))
                r = say_left_out(step, arena, ret);
        return r;
}

/* The parts are the arena's own. */
static void show_left_out(struct clew_messages *messages, struct clew_arena *arena)
{
        for (uint32_t i = 0; i < messages->n; i++) {
                struct clew_part *parts = (struct clew_part *)(uintptr_t)messages->items[i].parts;

                for (uint32_t k = 0; k < messages->items[i].n_parts; k++)
                        parts[k].text = clew_stand_in_show(parts[k].text, arena);
        }
}

int clew_step_messages_unhashed(const struct clew_trace *trace, const struct clew_step *step,
                                enum clew_direction direction, struct clew_arena *arena,
                                struct clew_messages *ret)
{
        int r = choose_messages(trace, step, direction, arena, ret);

        if (r == 0 && trace->left_out) {
                fill_hashes(ret); /* of what stands in the place of texts, not of what is shown */
                show_left_out(ret, arena);
        }
        return r;
}

int clew_step_messages(const struct clew_trace *trace, const struct clew_step *step,
                       enum clew_direction direction, struct clew_arena *arena,
                       struct clew_messages *ret)
{
        int r = clew_step_messages_unhashed(trace, step, direction, arena, ret);

        if (r == 0)
                fill_hashes(ret);
        return r;
}
