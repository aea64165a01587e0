/*
 * Messages in flattened keys: prefix, index, member, sometimes a second index.
 *
 * The keys may come in any order, with gaps, and with hostile indices; they are gathered as
 * (message, group, item, member) and sorted, so the work is bounded by the number of attributes and
 * never by an index.
 */
#include "query/model/message-int.h"

#include "proto/base/compiler.h"
#include "proto/base/sort.h"
#include "query/model/value-int.h"

#include <string.h>

/* Flattened attributes of one span that are looked at: 128 is the default limit of SDKs, real
 * instrumentations raise it to some thousands. */
#define KEYS_MAX 65536u

enum group { GROUP_MESSAGE, GROUP_CONTENTS, GROUP_CALLS, GROUP_RESULTS };

enum slot {
        SLOT_ROLE,
        SLOT_NAME,
        SLOT_FINISH,
        SLOT_CALL_ID, /* the call that a tool message answers */
        SLOT_CONTENT,
        SLOT_REFUSAL,
        SLOT_FUNCTION_NAME,
        SLOT_FUNCTION_ARGUMENTS,
        SLOT_TYPE,
        SLOT_TEXT,
        SLOT_ID,
        SLOT_ARGUMENTS,
        SLOT_URL,
        SLOT_MIME,
        SLOT_DATA,
        SLOT_COUNT,
};

struct tail {
        const char *text;
        uint8_t group;
        uint8_t slot;
};

/* What may stand after the index; "message." before it is optional and already gone. */
static const struct tail message_tails[] = {
        {"role", GROUP_MESSAGE, SLOT_ROLE},
        {"name", GROUP_MESSAGE, SLOT_NAME},
        {"finish_reason", GROUP_MESSAGE, SLOT_FINISH},
        {"tool_call_id", GROUP_MESSAGE, SLOT_CALL_ID},
        {"content", GROUP_MESSAGE, SLOT_CONTENT},
        {"prompt.text", GROUP_MESSAGE, SLOT_CONTENT},
        {"completion.text", GROUP_MESSAGE, SLOT_CONTENT},
        {"refusal", GROUP_MESSAGE, SLOT_REFUSAL},
        {"function_call_name", GROUP_MESSAGE, SLOT_FUNCTION_NAME},
        {"function_call_arguments_json", GROUP_MESSAGE, SLOT_FUNCTION_ARGUMENTS},
        {"document.id", GROUP_MESSAGE, SLOT_NAME},
        {"document.content", GROUP_MESSAGE, SLOT_CONTENT},
        {"embedding.text", GROUP_MESSAGE, SLOT_CONTENT},
};

/* After "contents.<j>." or "tool_calls.<k>.". */
static const struct tail item_tails[] = {
        {"message_content.type", GROUP_CONTENTS, SLOT_TYPE},
        {"message_content.text", GROUP_CONTENTS, SLOT_TEXT},
        {"message_content.id", GROUP_CONTENTS, SLOT_ID},
        {"message_content.data", GROUP_CONTENTS, SLOT_DATA},
        {"message_content.image.image.url", GROUP_CONTENTS, SLOT_URL},
        {"message_content.audio.audio.url", GROUP_CONTENTS, SLOT_URL},
        {"message_content.audio.audio.mime_type", GROUP_CONTENTS, SLOT_MIME},
        {"message_content.audio.audio.transcript", GROUP_CONTENTS, SLOT_TEXT},
        {"tool_call.id", GROUP_CALLS, SLOT_ID},
        {"tool_call.function.name", GROUP_CALLS, SLOT_NAME},
        {"tool_call.function.arguments", GROUP_CALLS, SLOT_ARGUMENTS},
        {"id", GROUP_CALLS, SLOT_ID},
        {"name", GROUP_CALLS, SLOT_NAME},
        {"arguments", GROUP_CALLS, SLOT_ARGUMENTS},
        {"function.name", GROUP_CALLS, SLOT_NAME},
        {"function.arguments", GROUP_CALLS, SLOT_ARGUMENTS},
};

struct entry {
        struct clew_value value;
        uint32_t message;
        uint16_t item;
        uint8_t group;
        uint8_t slot;
        bool in_contents;
};

static bool take_index(struct clew_slice *key, uint32_t *ret)
{
        uint32_t v = 0;
        size_t i = 0;

        for (; i < key->len && key->data[i] >= '0' && key->data[i] <= '9'; i++) {
                v = v * 10 + (uint32_t)(key->data[i] - '0');
                if (v > CLEW_MESSAGE_INDEX_MAX)
                        return false;
        }
        if (i == 0 || i >= key->len || key->data[i] != '.')
                return false;
        *key = clew_slice_from(*key, i + 1);
        *ret = v;
        return true;
}

static bool skip(struct clew_slice *key, const char *text)
{
        struct clew_slice prefix = clew_slice_of_cstr(text);

        if (!clew_slice_starts_with(*key, prefix))
                return false;
        *key = clew_slice_from(*key, prefix.len);
        return true;
}

static bool take_number(struct clew_slice key, uint32_t *ret)
{
        uint32_t v = 0;

        if (key.len == 0)
                return false;
        for (size_t i = 0; i < key.len; i++) {
                if (key.data[i] < '0' || key.data[i] > '9')
                        return false;
                v = v * 10 + (uint32_t)(key.data[i] - '0');
                if (v > CLEW_MESSAGE_INDEX_MAX)
                        return false;
        }
        *ret = v;
        return true;
}

/* "function.<j>": autogen's results of tools, each a JSON object with content and call_id. */
static bool match_result(struct clew_slice key, struct entry *ret)
{
        uint32_t item;

        if (!skip(&key, "function.") || !take_number(key, &item))
                return false;
        ret->item = (uint16_t)item;
        ret->group = GROUP_RESULTS;
        ret->slot = SLOT_TEXT;
        return true;
}

/* "content.<j>", "content.<j>.text": the text of a part without the words of the conventions. */
static bool match_content(struct clew_slice key, struct entry *ret)
{
        static const struct tail ends[] = {
                {".text", GROUP_CONTENTS, SLOT_TEXT},
                {".type", GROUP_CONTENTS, SLOT_TYPE},
                {"", GROUP_CONTENTS, SLOT_TEXT},
        };
        uint32_t item;

        if (!skip(&key, "content."))
                return false;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                struct clew_slice end = clew_slice_of_cstr(ends[i].text);

                if (key.len <= end.len ||
                    !clew_slice_eq(clew_slice_from(key, key.len - end.len), end) ||
                    !take_number(clew_slice_make(key.data, key.len - end.len), &item))
                        continue;
                ret->item = (uint16_t)item;
                ret->group = GROUP_CONTENTS;
                ret->slot = ends[i].slot;
                ret->in_contents = true;
                return true;
        }
        return false;
}

static bool match_tail(struct clew_slice tail, const struct tail *table, size_t n, int group,
                       struct entry *ret)
{
        for (size_t i = 0; i < n; i++) {
                if ((group < 0 || table[i].group == group) &&
                    clew_slice_eq_cstr(tail, table[i].text)) {
                        ret->group = table[i].group;
                        ret->slot = table[i].slot;
                        return true;
                }
        }
        return false;
}

static bool parse_key(struct clew_slice key, struct clew_slice prefix, struct entry *ret)
{
        uint32_t item = 0;

        key = clew_slice_from(key, prefix.len);
        if (!take_index(&key, &ret->message))
                return false;
        (void)skip(&key, "message.");
        ret->item = 0;
        ret->in_contents = skip(&key, "contents.");
        if (ret->in_contents) {
                if (!take_index(&key, &item))
                        return false;
                ret->item = (uint16_t)item;
                if (match_tail(key, item_tails, CLEW_ARRAY_LEN(item_tails), GROUP_CONTENTS, ret))
                        return true;
                return match_tail(key, item_tails, CLEW_ARRAY_LEN(item_tails), GROUP_CALLS, ret);
        }
        if (skip(&key, "tool_calls.")) {
                if (!take_index(&key, &item))
                        return false;
                ret->item = (uint16_t)item;
                return match_tail(key, item_tails, CLEW_ARRAY_LEN(item_tails), GROUP_CALLS, ret);
        }
        return match_tail(key, message_tails, CLEW_ARRAY_LEN(message_tails), -1, ret) ||
               match_content(key, ret) || match_result(key, ret);
}

/* Tool calls inside the contents keep their place there; the others follow the contents. */
static uint64_t sort_key(const struct entry *e)
{
        uint64_t place = e->group == GROUP_MESSAGE ? 0 : e->in_contents ? 1 : 2;

        if (e->group == GROUP_RESULTS)
                place = 3;
        return (uint64_t)e->message << 32 | place << 28 | (uint64_t)e->item << 8 | e->slot;
}

/* How many keys begin so; moves @it to the first of them. */
static uint32_t count_keys(struct clew_message_iter *it, struct clew_slice prefix)
{
        struct clew_message_iter at = *it;
        struct clew_message_iter before = at;
        struct clew_slice key;
        struct clew_slice value;
        uint32_t n = 0;

        while (n < KEYS_MAX && clew_attribute_next_raw(&at, &key, &value)) {
                if (clew_slice_starts_with(key, prefix) && n++ == 0)
                        *it = before;
                before = at;
        }
        return n;
}

struct flat {
        struct clew_sort_entry *order;
        struct clew_sort_entry *scratch;
        struct entry *entries;
        uint32_t n;
};

static void gather(struct flat *f, struct clew_message_iter it, struct clew_slice prefix,
                   uint32_t max, struct clew_message_sink *s)
{
        struct clew_attribute attr;
        struct clew_slice value;
        uint32_t seen = 0;

        /* Values of other keys, often longer than these, are not parsed. */
        while (seen < max && clew_attribute_next_raw(&it, &attr.key, &value)) {
                struct entry *e = &f->entries[f->n];

                if (!clew_slice_starts_with(attr.key, prefix))
                        continue;
                seen++;
                if (!clew_value_parse(value, &attr.value))
                        continue;
                if (!parse_key(attr.key, prefix, e)) {
                        struct clew_slice rest = clew_slice_from(attr.key, prefix.len);
                        uint32_t index;

                        /* An index over the bound: shown as cut, not as complete. */
                        if (rest.len > 0 && rest.data[0] >= '0' && rest.data[0] <= '9' &&
                            !take_index(&rest, &index))
                                s->truncated = true;
                        continue;
                }
                e->value = attr.value;
                f->order[f->n] = (struct clew_sort_entry){.key = sort_key(e), .item = e};
                f->n++;
        }
        clew_sort(f->order, f->scratch, f->n, NULL);
}

struct slots {
        struct clew_slice text[SLOT_COUNT];
        uint32_t set;
};

static bool has(const struct slots *v, enum slot slot)
{
        return (v->set & 1u << slot) != 0;
}

/* A tool's answer whose text comes as a part: it belongs into the result that is still empty. */
static bool add_to_result(struct clew_message_sink *s, struct clew_slice text)
{
        struct clew_part *last = s->n_parts ? &s->parts[s->n_parts - 1] : NULL;

        if (!last || last->type != CLEW_PART_TOOL_RESULT || last->text.len > 0 ||
            s->messages[s->n_messages - 1].n_parts != 1)
                return false;
        last->text = text;
        return true;
}

static void emit_content(struct clew_message_sink *s, const struct slots *v, enum clew_role role)
{
        struct clew_slice type = v->text[SLOT_TYPE];
        struct clew_part *part;

        if (clew_slice_eq_cstr(type, "reasoning")) {
                /* Besides the text there may be an encrypted form, which says nothing. */
                clew_sink_text(s, CLEW_PART_REASONING, role, v->text[SLOT_TEXT]);
                return;
        }
        if (has(v, SLOT_URL) || has(v, SLOT_DATA) || has(v, SLOT_MIME)) {
                part = clew_sink_part(s, CLEW_PART_MEDIA, role);
                if (!part)
                        return;
                part->media_type = has(v, SLOT_MIME) ? v->text[SLOT_MIME] : type;
                part->text = v->text[SLOT_TEXT];
                clew_media_uri(part, v->text[SLOT_URL]);
                if (has(v, SLOT_DATA))
                        clew_media_inline(part, v->text[SLOT_DATA]);
                return;
        }
        /* Some send the text both as content and as its parts. */
        if (s->n_parts > 0 && s->n_messages > 0 && s->messages[s->n_messages - 1].n_parts > 0 &&
            s->parts[s->n_parts - 1].type == CLEW_PART_TEXT &&
            clew_slice_eq(s->parts[s->n_parts - 1].text, v->text[SLOT_TEXT]))
                return;
        if (role == CLEW_ROLE_TOOL && add_to_result(s, v->text[SLOT_TEXT]))
                return;
        clew_sink_text(s, CLEW_PART_TEXT, role, v->text[SLOT_TEXT]);
}

/* Whether the message being written holds the call already: some list it among the contents and
 * again among the calls. */
static bool has_call(const struct clew_message_sink *s, struct clew_slice id)
{
        uint32_t n = s->n_messages ? s->messages[s->n_messages - 1].n_parts : 0;

        for (uint32_t i = s->n_parts - n; i < s->n_parts; i++) {
                if (s->parts[i].type == CLEW_PART_TOOL_CALL && clew_slice_eq(s->parts[i].id, id))
                        return true;
        }
        return false;
}

static void emit_call(struct clew_message_sink *s, const struct slots *v, enum clew_role role)
{
        struct clew_part *part;

        if (v->text[SLOT_ID].len > 0 && has_call(s, v->text[SLOT_ID]))
                return;
        part = clew_sink_part(s, CLEW_PART_TOOL_CALL, role);
        if (!part)
                return;
        part->id = v->text[SLOT_ID];
        part->name = v->text[SLOT_NAME];
        part->text = v->text[SLOT_ARGUMENTS];
}

static void emit_result(struct clew_message_sink *s, struct clew_slice json, enum clew_role role)
{
        struct clew_slice text = clew_text_member(json, "content", s->arena);
        struct clew_part *part;

        if (text.len == 0)
                text = json;
        part = s->n_parts ? &s->parts[s->n_parts - 1] : NULL;
        if (!add_to_result(s, text)) {
                part = clew_sink_part(s, CLEW_PART_TOOL_RESULT, role);
                if (!part)
                        return;
                part->text = text;
        }
        part->id = clew_text_member(json, "call_id", s->arena);
        part->name = clew_text_member(json, "name", s->arena);
}

static void emit_message(struct clew_message_sink *s, const struct slots *v, enum clew_role role)
{
        struct clew_message *message;
        struct clew_part *part;

        if (has(v, SLOT_ROLE))
                role = clew_role_of(v->text[SLOT_ROLE]);
        message = clew_sink_message(s, role, v->text[SLOT_ROLE]);
        if (!message)
                return;
        message->name = v->text[SLOT_NAME];
        message->finish_reason = v->text[SLOT_FINISH];
        if (has(v, SLOT_CALL_ID) || role == CLEW_ROLE_TOOL) {
                part = clew_sink_part(s, CLEW_PART_TOOL_RESULT, role);
                if (part) {
                        part->id = v->text[SLOT_CALL_ID];
                        part->name = v->text[SLOT_NAME];
                        part->text = v->text[SLOT_CONTENT];
                }
        } else if (has(v, SLOT_CONTENT)) {
                /* Some put a JSON list of parts here. */
                if (clew_slice_starts_with(v->text[SLOT_CONTENT], CLEW_SLICE_LITERAL("[{\"")))
                        clew_parts_from_json(s, v->text[SLOT_CONTENT], role);
                else
                        clew_sink_text(s, CLEW_PART_TEXT, role, v->text[SLOT_CONTENT]);
        }
        clew_sink_text(s, CLEW_PART_REFUSAL, role, v->text[SLOT_REFUSAL]);
        if (has(v, SLOT_FUNCTION_NAME)) {
                part = clew_sink_part(s, CLEW_PART_TOOL_CALL, role);
                if (part) {
                        part->name = v->text[SLOT_FUNCTION_NAME];
                        part->text = v->text[SLOT_FUNCTION_ARGUMENTS];
                }
        }
}

/* Entries of one message, group and item lie together after the sort. */
static void emit(struct clew_message_sink *s, const struct flat *f, enum clew_role role)
{
        uint64_t message = UINT64_MAX;
        enum clew_role current = role;
        struct clew_slice content = CLEW_SLICE_NULL; /* message.content of this message */

        for (uint32_t i = 0; i < f->n;) {
                const struct entry *first = f->order[i].item;
                uint64_t run = f->order[i].key >> 8;
                bool is_call = false; /* a part of the contents may be a call */
                struct slots v = {0};

                for (; i < f->n && f->order[i].key >> 8 == run; i++) {
                        const struct entry *e = f->order[i].item;

                        is_call = is_call || e->group == GROUP_CALLS;
                        v.text[e->slot] = clew_value_text(&e->value, s->arena);
                        v.set |= 1u << e->slot;
                }
                if (message != first->message)
                        content = CLEW_SLICE_NULL;
                if (first->group == GROUP_MESSAGE) {
                        content = v.text[SLOT_CONTENT];
                        emit_message(s, &v, role);
                        current = s->n_messages ? s->messages[s->n_messages - 1].role : role;
                } else if (message != first->message) {
                        (void)clew_sink_message(s, role, CLEW_SLICE_NULL);
                        current = role;
                }
                message = first->message;
                /* Some send one text twice, as message.content and as a part. */
                if (first->group == GROUP_RESULTS)
                        emit_result(s, v.text[SLOT_TEXT], current);
                else if (is_call)
                        emit_call(s, &v, current);
                else if (first->group == GROUP_CONTENTS &&
                         !(content.len > 0 && clew_slice_eq(content, v.text[SLOT_TEXT])))
                        emit_content(s, &v, current);
        }
}

bool clew_messages_from_keys(struct clew_message_sink *s, struct clew_message_iter attributes,
                             struct clew_slice prefix, enum clew_role role)
{
        uint32_t n = count_keys(&attributes, prefix);
        uint32_t before = s->n_messages;
        struct flat f = {0};

        if (n == 0)
                return false;
        f.order = clew_arena_calloc(s->arena, n, sizeof(*f.order));
        f.scratch = clew_arena_calloc(s->arena, n, sizeof(*f.scratch));
        f.entries = clew_arena_calloc(s->arena, n, sizeof(*f.entries));
        if (!f.order || !f.scratch || !f.entries) {
                s->full = true;
                return true;
        }
        gather(&f, attributes, prefix, n, s);
        emit(s, &f, role);
        return s->n_messages > before;
}
