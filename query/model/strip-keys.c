/*
 * What is a text, by the key under which it stands. See strip.h.
 *
 * The tables of rules say it of all keys that they know. Of others the last word of the name does
 * (`my.app.prompt`), and of those that count (`gen_ai.prompt.3.content`) everything but a few words
 * is a text, as they are messages more often than not.
 */
#include "query/model/strip-int.h"

#include "proto/base/compiler.h"
#include "query/model/rules-int.h"

#include <string.h>

#define QUALIFIED_MAX 256u
/* Names of members in texts: longer ones are words themselves. */
#define MEMBER_NAME_MAX 40u

static bool is_one_of(struct clew_slice s, const char *const *words, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (clew_slice_eq_cstr(s, words[i]))
                        return true;
        }
        return false;
}

/* ---- values ---------------------------------------------------------------------------------- */

bool clew_strip_is_line(struct clew_slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] < ' ')
                        return false;
        }
        return text.len <= CLEW_STRIP_NAME_BYTES_MAX;
}

bool clew_strip_is_label(struct clew_slice text)
{
        unsigned blanks = 0;

        if (text.len > CLEW_STRIP_LABEL_BYTES_MAX || !clew_strip_is_line(text))
                return false;
        for (size_t i = 0; i < text.len; i++)
                blanks += text.data[i] == ' ';
        return blanks <= CLEW_STRIP_LABEL_BLANKS_MAX;
}

bool clew_strip_stays(enum clew_strip_class class, struct clew_slice text)
{
        if (text.len == 0 || clew_slice_eq_cstr(text, "true") || clew_slice_eq_cstr(text, "false"))
                return true;
        switch (class) {
        case CLEW_STRIP_LABEL:
                return clew_strip_is_label(text);
        case CLEW_STRIP_NAME:
                return clew_strip_is_line(text);
        case CLEW_STRIP_ERROR:
        case CLEW_STRIP_MESSAGES:
        case CLEW_STRIP_TEXT:
                break;
        }
        return false;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Last words of names under which texts stand, whoever sends them. */
static const char *const text_words[] = {
        "content",       "text",           "message",       "messages",
        "prompt",        "prompts",        "completion",    "completions",
        "response",      "request",        "body",          "input",
        "output",        "inputs",         "outputs",       "arguments",
        "args",          "kwargs",         "parameters",    "params",
        "result",        "results",        "query",         "question",
        "answer",        "instructions",   "instruction",   "statement",
        "sql",           "stacktrace",     "stack",         "traceback",
        "stack_trace",   "stderr",         "stdout",        "explanation",
        "comment",       "reasoning",      "thinking",      "thought",
        "transcript",    "documents",      "document",      "context",
        "description",   "error_message",  "agent_answer",  "tool_input",
        "tool_output",   "tool_result",    "function_args", "request_text",
        "response_text", "agent_response", "command",       "command_line",
        "command_args",  "summary",        "template",      "variables",
        "data",          "value",          "payload",       "observation",
        "feedback",      "history",        "state",         "snippet",
        "diff",          "patch",          "rationale",     "justification",
        "details",       "detail",         "reason",
};

/* Words of messages that say what they are, not what they tell. */
static const char *const form_words[] = {
        "role",      "type",          "id",           "tool_call_id", "toolCallId", "tool_use_id",
        "call_id",   "finish_reason", "finishReason", "stop_reason",  "model",      "model_name",
        "mime_type", "toolName",      "tool_name",    "index",        "object",     "event.name",
        "status",
};

/* The same, wherever they stand. */
static const char *const root_words[] = {"role", "score", "label"};

/* What messages stand in. */
static const char *const containers[] = {
        "messages",     "message",       "choices",           "generations",
        "candidates",   "parts",         "contents",          "tool_calls",
        "toolCalls",    "tool_call",     "function",          "functions",
        "tools",        "kwargs",        "additional_kwargs", "response_metadata",
        "new_messages", "function_call", "functionCall",      "content",
};

/* Where a name is that of a tool. */
static const char *const callers[] = {"tool_calls", "toolCalls",     "tool_call",
                                      "function",   "function_call", "functionCall",
                                      "tools",      "functions",     "parts"};

/* What a model or a tool made up: nothing in it has a form that we know. */
static const char *const closed[] = {"arguments", "args",       "parameters",  "params",
                                     "result",    "tool_input", "input_schema"};

/* Members of texts that are asked for: whether a tool failed, how a response stands. */
static const char *const told[] = {"isError",   "is_error",      "error",     "status",
                                   "success",   "type",          "code",      "exitCode",
                                   "exit_code", "error_message", "prompt_id", "session_id"};
/* Of those, what names the run (proto/otlp/log-event.c). */
static const char *const run_ids[] = {"prompt_id", "session_id"};
static const char *const told_values[] = {"error", "failed",  "failure", "fail",      "success",
                                          "ok",    "timeout", "denied",  "exception", "cancelled"};

bool clew_strip_is_told(struct clew_slice name, struct clew_slice text)
{
        return is_one_of(name, told, CLEW_ARRAY_LEN(told)) &&
               is_one_of(text, told_values, CLEW_ARRAY_LEN(told_values));
}

static struct clew_slice last_word(struct clew_slice name)
{
        const uint8_t *dot = name.len ? memrchr(name.data, '.', name.len) : NULL;
        const uint8_t *slash = name.len ? memrchr(name.data, '/', name.len) : NULL;
        const uint8_t *at = slash && (!dot || slash > dot) ? slash : dot;

        return at ? clew_slice_from(name, (size_t)(at - name.data) + 1) : name;
}

/* Whether a part of the path, but for the last, is one of the words, or @word. */
static bool has_part(struct clew_slice path, const char *const *words, size_t n,
                     struct clew_slice word)
{
        for (;;) {
                const uint8_t *dot = path.len ? memchr(path.data, '.', path.len) : NULL;
                size_t len = dot ? (size_t)(dot - path.data) : 0;

                if (!dot)
                        return false;
                if (is_one_of(clew_slice_make(path.data, len), words, n) ||
                    (word.len > 0 && clew_slice_eq(clew_slice_make(path.data, len), word)))
                        return true;
                path = clew_slice_from(path, len + 1);
        }
}

static bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

/* Some part of the name is a number. */
static bool counts(struct clew_slice name)
{
        bool number = false;

        for (size_t i = 0; i < name.len; i++) {
                if (name.data[i] == '.') {
                        if (number)
                                return true;
                        number = i + 1 < name.len && is_digit(name.data[i + 1]);
                } else {
                        number &= is_digit(name.data[i]);
                }
        }
        return number;
}

/* ---- what the tables say --------------------------------------------------------------------- */

static bool is_member(const struct clew_rule *rule)
{
        return rule->encoding == CLEW_ENC_MEMBER || rule->encoding == CLEW_ENC_MEMBER_NUMBER;
}

/* LABEL: the field is no text. */
static enum clew_strip_class class_of_field(uint8_t field)
{
        switch ((int)field) {
        case CLEW_FIELD_INPUT:
        case CLEW_FIELD_OUTPUT:
        case CLEW_FIELD_SYSTEM:
        case CLEW_FIELD_TOOL_DEFINITIONS:
                return CLEW_STRIP_MESSAGES;
        case CLEW_FIELD_TOOL_ARGUMENTS:
        case CLEW_FIELD_TOOL_RESULT:
        case CLEW_FIELD_TOOL_DESCRIPTION:
        case CLEW_FIELD_PROMPT_TEMPLATE:
        case CLEW_FIELD_PROMPT_VARIABLES:
        case CLEW_FIELD_ERROR_STACK:
                return CLEW_STRIP_TEXT;
        case CLEW_FIELD_ERROR_MESSAGE:
                return CLEW_STRIP_ERROR;
        default:
                return CLEW_STRIP_LABEL;
        }
}

/* What the rows of @key add to @class: a form wins over a text, that over what an error says, and
 * that over a name, but for the name of a step. */
static enum clew_strip_class add_rows(struct clew_slice key, enum clew_strip_class class)
{
        static const uint8_t ranks[] = {[CLEW_STRIP_LABEL] = 0,
                                        [CLEW_STRIP_NAME] = 1,
                                        [CLEW_STRIP_ERROR] = 2,
                                        [CLEW_STRIP_TEXT] = 3,
                                        [CLEW_STRIP_MESSAGES] = 4};
        bool names_step = false;
        unsigned n;
        const struct clew_rule_hit *hits = clew_rules_find(key, &n);

        for (unsigned i = 0; i < n; i++) {
                enum clew_strip_class of = class_of_field(hits[i].field);

                if (hits[i].rule->encoding == CLEW_ENC_PREFIX)
                        continue;
                if (of == CLEW_STRIP_LABEL || is_member(hits[i].rule))
                        of = CLEW_STRIP_NAME;
                names_step |= hits[i].field == CLEW_FIELD_NAME && !is_member(hits[i].rule);
                if (ranks[of] > ranks[class])
                        class = of;
        }
        return names_step && class == CLEW_STRIP_ERROR ? CLEW_STRIP_NAME : class;
}

enum clew_strip_class clew_strip_class_of(struct clew_slice event, struct clew_slice key)
{
        enum clew_strip_class class = add_rows(key, CLEW_STRIP_LABEL);
        struct clew_slice last = last_word(key);
        uint8_t qualified[QUALIFIED_MAX];

        if (event.len > 0 && key.len > 0 && event.len + 1 + key.len <= sizeof(qualified)) {
                memcpy(qualified, event.data, event.len);
                qualified[event.len] = '/';
                memcpy(qualified + event.len + 1, key.data, key.len);
                class = add_rows(clew_slice_make(qualified, event.len + 1 + key.len), class);
        }
        if (class != CLEW_STRIP_LABEL)
                return class;
        /* What a score's value is, it stays: a number, or a word. */
        if (clew_rules_family(key) & (CLEW_FAMILY_SCORES | CLEW_FAMILY_EVALUATION))
                return !clew_slice_eq_cstr(last, "value") &&
                                       is_one_of(last, text_words, CLEW_ARRAY_LEN(text_words))
                               ? CLEW_STRIP_TEXT
                               : CLEW_STRIP_LABEL;
        if (counts(key)) {
                bool names_tool = clew_slice_eq_cstr(last, "name");

                return names_tool || is_one_of(last, form_words, CLEW_ARRAY_LEN(form_words))
                               ? CLEW_STRIP_NAME
                               : CLEW_STRIP_TEXT;
        }
        return is_one_of(last, text_words, CLEW_ARRAY_LEN(text_words)) ? CLEW_STRIP_MESSAGES
                                                                       : CLEW_STRIP_LABEL;
}

/* ---- members of JSON ------------------------------------------------------------------------- */

/* A row for this very member, or for what it is a part of. */
static bool class_of_row(struct clew_slice key, struct clew_slice path, enum clew_strip_class *ret)
{
        unsigned n;
        const struct clew_rule_hit *hits = clew_rules_find(key, &n);

        for (unsigned i = 0; i < n; i++) {
                enum clew_strip_class of = class_of_field(hits[i].field);
                struct clew_slice member;

                if (!is_member(hits[i].rule))
                        continue;
                member = clew_slice_of_cstr(hits[i].rule->member);
                if (clew_slice_eq(member, path) && of == CLEW_STRIP_LABEL) {
                        *ret = CLEW_STRIP_NAME;
                        return true;
                }
                if (of != CLEW_STRIP_LABEL && clew_slice_starts_with(path, member) &&
                    (path.len == member.len || path.data[member.len] == '.')) {
                        *ret = CLEW_STRIP_TEXT;
                        return true;
                }
        }
        return false;
}

/* Whether some part of a row's path has that name. */
static bool is_in_row(struct clew_slice key, struct clew_slice name)
{
        unsigned n;
        const struct clew_rule_hit *hits = clew_rules_find(key, &n);

        for (unsigned i = 0; i < n; i++) {
                struct clew_slice path;

                if (!is_member(hits[i].rule))
                        continue;
                path = clew_slice_of_cstr(hits[i].rule->member);
                if (clew_slice_eq(last_word(path), name) || has_part(path, NULL, 0, name))
                        return true;
        }
        return false;
}

bool clew_strip_is_formed(enum clew_strip_class class, struct clew_slice key,
                          struct clew_slice name, struct clew_slice text)
{
        if (is_in_row(key, name))
                return true;
        if (is_one_of(name, told, CLEW_ARRAY_LEN(told)) &&
            (text.len == 0 || clew_strip_is_told(name, text) ||
             is_one_of(name, run_ids, CLEW_ARRAY_LEN(run_ids))))
                return true;
        return class == CLEW_STRIP_MESSAGES &&
               (is_one_of(name, root_words, CLEW_ARRAY_LEN(root_words)) ||
                is_one_of(name, containers, CLEW_ARRAY_LEN(containers)) ||
                clew_slice_eq_cstr(name, "arguments") || clew_slice_eq_cstr(name, "args") ||
                (name.len >= 4 && memmem(name.data, name.len, "oken", 4)));
}

enum clew_strip_class clew_strip_class_of_member(enum clew_strip_class outer, struct clew_slice key,
                                                 struct clew_slice path, struct clew_slice name)
{
        enum clew_strip_class class;

        if (is_one_of(name, run_ids, CLEW_ARRAY_LEN(run_ids)))
                return CLEW_STRIP_LABEL;
        if (class_of_row(key, path, &class))
                return class;
        if (outer == CLEW_STRIP_TEXT ||
            has_part(path, closed, CLEW_ARRAY_LEN(closed), CLEW_SLICE_NULL))
                return CLEW_STRIP_TEXT;
        if (outer == CLEW_STRIP_ERROR)
                return CLEW_STRIP_TEXT;
        if (outer != CLEW_STRIP_MESSAGES)
                return is_one_of(name, text_words, CLEW_ARRAY_LEN(text_words)) ? CLEW_STRIP_TEXT
                                                                               : CLEW_STRIP_LABEL;
        if (is_one_of(name, root_words, CLEW_ARRAY_LEN(root_words)))
                return CLEW_STRIP_LABEL;
        if (clew_slice_eq_cstr(name, "name") &&
            has_part(path, callers, CLEW_ARRAY_LEN(callers), CLEW_SLICE_NULL))
                return CLEW_STRIP_LABEL;
        if (!(path.len > 0 && is_digit(path.data[0])) &&
            !has_part(path, containers, CLEW_ARRAY_LEN(containers), CLEW_SLICE_NULL))
                return CLEW_STRIP_MESSAGES;
        return is_one_of(name, form_words, CLEW_ARRAY_LEN(form_words)) ? CLEW_STRIP_LABEL
                                                                       : CLEW_STRIP_MESSAGES;
}

/* Of something that we know the form of, what looks like a name does. */
bool clew_strip_name_stays(enum clew_strip_class class, struct clew_slice name)
{
        if (class == CLEW_STRIP_TEXT || class == CLEW_STRIP_ERROR)
                return is_one_of(name, told, CLEW_ARRAY_LEN(told));
        if (name.len > MEMBER_NAME_MAX)
                return false;
        for (size_t i = 0; i < name.len; i++) {
                uint8_t c = name.data[i];

                if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && c != '_' &&
                    c != '-' && c != '.')
                        return false;
        }
        return true;
}
