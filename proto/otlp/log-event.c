#include "proto/otlp/log-event.h"

#include "proto/base/compiler.h"
#include "proto/base/hash.h"

#include <stdio.h>
#include <string.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)

/* Seeds of the two halves of a run's id. Part of the format: other seeds are other runs. */
#define RUN_SEED_HIGH 0x636c65772d72756eull
#define RUN_SEED_LOW 0x6c6f672d6576656eull

/* ---- tables -----------------------------------------------------------------------------------
 */

#define LEFT_OUT "the client left out the user's words"
#define LOG_PROMPTS LEFT_OUT "; telemetry.logPrompts in its settings sends them"

/* Who prefixes its events how. A name whose prefix is in no row is one of an agent all the same
 * when its last part is one of the words below and it names session and prompt: forks keep the
 * words and change the prefix. */
static const struct clew_log_family families[] = {
        {"claude_code.", "com.anthropic.claude_code", "claude-code",
         CLEW_LOG_CACHE_APART | CLEW_LOG_BY_PROMPT,
         LEFT_OUT "; OTEL_LOG_USER_PROMPTS=1 in its environment sends them"},
        {"codex.", "codex_", "codex", 0,
         LEFT_OUT "; log_user_prompt = true under [otel] in its config.toml sends them"},
        {"gemini_cli.", "gemini-cli", "gemini-cli", CLEW_LOG_BY_PROMPT | CLEW_LOG_REPEATS_GENAI,
         LOG_PROMPTS},
        {"qwen-code.", "qwen-code", "qwen-code", CLEW_LOG_BY_PROMPT | CLEW_LOG_REPEATS_GENAI,
         LOG_PROMPTS},
        {"qwen_code.", NULL, "qwen-code", CLEW_LOG_BY_PROMPT | CLEW_LOG_REPEATS_GENAI, LOG_PROMPTS},
        {"copilot_chat.", NULL, "copilot", CLEW_LOG_BY_PROMPT, NULL},
        {"gen_ai.", NULL, "gen_ai", CLEW_LOG_BY_PROMPT, NULL},
        {"task.", NULL, "cline", CLEW_LOG_CACHE_APART | CLEW_LOG_BY_ULID, NULL},
};

static const struct clew_log_family unnamed = {"", NULL, "agent", CLEW_LOG_BY_PROMPT, NULL};

/* What happened, by the last part of the name. */
static const struct {
        const char *word;
        enum clew_log_kind kind;
} words[] = {
        {"user_prompt", CLEW_LOG_PROMPT},
        {"api_request", CLEW_LOG_CALL},
        {"api_response", CLEW_LOG_CALL},
        {"client.inference.operation.details", CLEW_LOG_CALL},
        {"websocket_request", CLEW_LOG_CALL},
        {"conversation_turn", CLEW_LOG_CALL}, /* of the user, and of the assistant with counts */
        {"sse_event", CLEW_LOG_STREAM},
        {"websocket_event", CLEW_LOG_STREAM},
        {"api_error", CLEW_LOG_FAILED},
        {"provider_api_error", CLEW_LOG_FAILED},
        {"assistant_response", CLEW_LOG_ANSWER},
        {"agent_response", CLEW_LOG_ANSWER},
        {"api_request_body", CLEW_LOG_REQUEST},
        {"api_response_body", CLEW_LOG_REPLY},
        {"tool_decision", CLEW_LOG_DECIDED},
        {"tool_result", CLEW_LOG_TOOL},
        {"tool_call", CLEW_LOG_TOOL},
        {"tool.call", CLEW_LOG_TOOL},
        {"tool_used", CLEW_LOG_TOOL},
        {"error", CLEW_LOG_FAULT},
        {"turn_error", CLEW_LOG_FAULT},
};

/* First one that is there counts. */
static const char *const session_keys[] = {
        "session.id", "conversation.id", "gen_ai.conversation.id", "session_id", "conversation_id"};
static const char *const prompt_keys[] = {"prompt.id", "prompt_id", "gen_ai.prompt.name"};
#define N_SESSION_KEYS CLEW_ARRAY_LEN(session_keys)
#define N_PROMPT_KEYS CLEW_ARRAY_LEN(prompt_keys)

/* ---- names ------------------------------------------------------------------------------------
 */

static enum clew_log_kind kind_of_word(struct clew_slice word)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_slice_eq_cstr(word, words[i].word))
                        return words[i].kind;
        }
        return CLEW_LOG_OTHER;
}

static const struct clew_log_family *family_of_name(struct clew_slice name)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(families); i++) {
                if (clew_slice_starts_with(name, clew_slice_of_cstr(families[i].prefix)))
                        return &families[i];
        }
        return NULL;
}

const struct clew_log_family *clew_log_family_of_scope(struct clew_slice scope_name)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(families); i++) {
                if (families[i].scope &&
                    clew_slice_starts_with(scope_name, clew_slice_of_cstr(families[i].scope)))
                        return &families[i];
        }
        return NULL;
}

struct clew_slice clew_log_words_left_out(const struct clew_log_family *family)
{
        return clew_slice_of_cstr(family->left_out ? family->left_out : LEFT_OUT);
}

static struct clew_slice last_part(struct clew_slice name)
{
        for (size_t i = name.len; i-- > 0;) {
                if (name.data[i] == '.')
                        return clew_slice_from(name, i + 1);
        }
        return CLEW_SLICE_NULL;
}

static bool accept(struct clew_slice name, const struct clew_log_family *family,
                   struct clew_log_event *ret)
{
        struct clew_slice prefix = clew_slice_of_cstr(family->prefix);

        ret->family = family;
        ret->word = clew_slice_starts_with(name, prefix) ? clew_slice_from(name, prefix.len) : name;
        ret->kind = kind_of_word(ret->word);
        return true;
}

/* @name under each of the ways in which a family is known. */
static bool take_name(struct clew_slice name, const struct clew_log_family *around,
                      struct clew_log_event *ret)
{
        const struct clew_log_family *family;

        if (name.len == 0 || name.len > CLEW_LOG_KEY_BYTES_MAX)
                return false;
        family = family_of_name(name);
        if (family) {
                (void)accept(name, family, ret);
                if (around && around != family && (around->habits & CLEW_LOG_REPEATS_GENAI)) {
                        ret->family = around;
                        ret->kind = CLEW_LOG_OTHER;
                }
                return true;
        }
        if (around && kind_of_word(name) != CLEW_LOG_OTHER)
                return accept(name, around, ret);
        if (kind_of_word(last_part(name)) == CLEW_LOG_OTHER)
                return false;
        *ret = (struct clew_log_event){&unnamed, last_part(name), kind_of_word(last_part(name))};
        return true;
}

static struct clew_slice text_of(const struct clew_value *v)
{
        return v->type == CLEW_VALUE_STRING ? v->bytes : CLEW_SLICE_NULL;
}

/* Cline's name of a task. */
static struct clew_slice ulid_of(const struct clew_log_record *record)
{
        struct clew_value v;

        if (!clew_attribute_find(clew_log_attributes(record), KEY("ulid"), &v) ||
            text_of(&v).len > CLEW_LOG_KEY_BYTES_MAX)
                return CLEW_SLICE_NULL;
        return text_of(&v);
}

void clew_log_event_of(const struct clew_log_record *record, struct clew_slice scope_name,
                       struct clew_log_event *ret)
{
        const struct clew_log_family *around = clew_log_family_of_scope(scope_name);
        struct clew_value named = {.type = CLEW_VALUE_EMPTY};

        *ret = (struct clew_log_event){0};
        if (!clew_attribute_find(clew_log_attributes(record), KEY("event.name"), &named))
                named.type = CLEW_VALUE_EMPTY;
        if (take_name(text_of(&named), around, ret) || take_name(record->event_name, around, ret) ||
            take_name(text_of(&record->body), around, ret)) {
                if ((ret->family->habits & CLEW_LOG_BY_ULID) && ulid_of(record).len == 0)
                        *ret = (struct clew_log_event){0};
                return;
        }
        if (around)
                *ret = (struct clew_log_event){around, text_of(&named), CLEW_LOG_OTHER};
}

/* ---- runs -------------------------------------------------------------------------------------
 */

struct run_keys {
        struct clew_slice session[N_SESSION_KEYS];
        struct clew_slice prompt[N_PROMPT_KEYS];
        char numbers[N_SESSION_KEYS + N_PROMPT_KEYS][24];
};

static struct clew_slice key_text(const struct clew_value *v, char number[24])
{
        if (v->type == CLEW_VALUE_INT) {
                snprintf(number, 24, "%lld", (long long)v->integer);
                return clew_slice_of_cstr(number);
        }
        if (v->type != CLEW_VALUE_STRING || v->bytes.len > CLEW_LOG_KEY_BYTES_MAX)
                return CLEW_SLICE_NULL;
        return v->bytes;
}

static void read_keys(struct clew_message_iter it, struct run_keys *k)
{
        struct clew_slice key;
        struct clew_slice raw;

        while (clew_attribute_next_raw(&it, &key, &raw)) {
                struct clew_value v;

                for (size_t i = 0; i < N_SESSION_KEYS + N_PROMPT_KEYS; i++) {
                        bool is_session = i < N_SESSION_KEYS;
                        const char *name =
                                is_session ? session_keys[i] : prompt_keys[i - N_SESSION_KEYS];
                        struct clew_slice *to =
                                is_session ? &k->session[i] : &k->prompt[i - N_SESSION_KEYS];

                        if (clew_slice_eq_cstr(key, name) && clew_value_parse(raw, &v))
                                *to = key_text(&v, k->numbers[i]);
                }
        }
}

static struct clew_slice first_of(const struct clew_slice *values, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (values[i].len > 0)
                        return values[i];
        }
        return CLEW_SLICE_NULL;
}

static struct clew_slice service_of(struct clew_slice resource)
{
        struct clew_value v;

        return clew_attribute_find(clew_resource_attributes(resource), KEY("service.name"), &v)
                       ? text_of(&v)
                       : CLEW_SLICE_NULL;
}

static void mix(uint64_t *high, uint64_t *low, struct clew_slice s)
{
        *high = clew_hash_seeded(s, *high + s.len);
        *low = clew_hash_seeded(s, *low ^ s.len);
}

/* A prompt that is called as its session is the session's only one. */
static bool make_id(struct clew_slice service, struct clew_slice session, struct clew_slice prompt,
                    struct clew_trace_id *ret)
{
        uint64_t high = RUN_SEED_HIGH;
        uint64_t low = RUN_SEED_LOW;

        if (session.len == 0 && prompt.len == 0)
                return false;
        if (clew_slice_eq(session, prompt))
                prompt = CLEW_SLICE_NULL;
        mix(&high, &low, service);
        mix(&high, &low, session);
        mix(&high, &low, prompt);
        for (unsigned i = 0; i < 8; i++) {
                ret->bytes[i] = (uint8_t)(high >> (8 * i));
                ret->bytes[8 + i] = (uint8_t)(low >> (8 * i));
        }
        return !clew_trace_id_is_zero(ret);
}

bool clew_log_run(const struct clew_log_record *record, struct clew_slice scope,
                  struct clew_slice resource, struct clew_trace_id *ret)
{
        struct clew_log_event event;
        struct run_keys keys = {0};
        struct clew_slice session;
        struct clew_slice prompt;

        clew_log_event_of(record, clew_scope_name(scope), &event);
        if (!event.family)
                return false;
        read_keys(clew_log_attributes(record), &keys);
        session = event.family->habits & CLEW_LOG_BY_ULID ? ulid_of(record)
                                                          : first_of(keys.session, N_SESSION_KEYS);
        prompt = first_of(keys.prompt, N_PROMPT_KEYS);
        if (session.len == 0) {
                read_keys(clew_resource_attributes(resource), &keys);
                session = first_of(keys.session, N_SESSION_KEYS);
        }
        if (event.family == &unnamed && (session.len == 0 || prompt.len == 0))
                return false;
        /* What a program says of itself, apart from any prompt, is no run. */
        if ((event.family->habits & CLEW_LOG_BY_PROMPT) && prompt.len == 0 &&
            event.kind == CLEW_LOG_OTHER)
                return false;
        return make_id(service_of(resource), session, prompt, ret);
}

bool clew_log_response_place(struct clew_slice response_id, struct clew_trace_id *ret)
{
        return response_id.len <= CLEW_LOG_KEY_BYTES_MAX &&
               make_id(KEY("gen_ai.evaluation.result"), response_id, CLEW_SLICE_NULL, ret);
}

static bool evaluation_place(const struct clew_log_record *record, struct clew_trace_id *ret)
{
        const struct clew_slice evaluation = KEY("gen_ai.evaluation.result");
        struct clew_value v;

        if (!clew_slice_eq(record->event_name, evaluation) &&
            !(clew_attribute_find(clew_log_attributes(record), KEY("event.name"), &v) &&
              clew_slice_eq(text_of(&v), evaluation)))
                return false;
        return clew_attribute_find(clew_log_attributes(record), KEY("gen_ai.response.id"), &v) &&
               clew_log_response_place(text_of(&v), ret);
}

bool clew_log_place(const struct clew_log_record *record, struct clew_slice scope,
                    struct clew_slice resource, struct clew_trace_id *ret)
{
        return clew_log_run(record, scope, resource, ret) || evaluation_place(record, ret);
}

/* ---- spans ------------------------------------------------------------------------------------
 */

/* The last `"prompt_id":"..."` of a JSON text: spans of tools name their prompt only inside what
 * they were given, after the arguments. */
static struct clew_slice prompt_inside(struct clew_slice json)
{
        static const char name[] = "\"prompt_id\"";
        struct clew_slice found = CLEW_SLICE_NULL;
        const uint8_t *end;
        const uint8_t *at = json.data;

        if (json.len == 0)
                return found;
        end = json.data + json.len;
        while ((at = memmem(at, (size_t)(end - at), name, sizeof(name) - 1))) {
                const uint8_t *from = at += sizeof(name) - 1;
                const uint8_t *quote;

                while (from < end && (*from == ' ' || *from == ':'))
                        from++;
                if (from == at || from == end || *from != '"')
                        continue;
                from++;
                quote = from < end ? memchr(from, '"', (size_t)(end - from)) : NULL;
                if (quote && quote > from && (size_t)(quote - from) <= CLEW_LOG_KEY_BYTES_MAX)
                        found = clew_slice_make(from, (size_t)(quote - from));
        }
        return found;
}

bool clew_span_run(const struct clew_span *span, const struct clew_log_family *family,
                   struct clew_slice resource, struct clew_trace_id *ret)
{
        struct run_keys keys = {0};
        struct clew_slice session;
        struct clew_slice prompt = CLEW_SLICE_NULL;
        struct clew_value v;

        read_keys(clew_span_attributes(span), &keys);
        session = first_of(keys.session, N_SESSION_KEYS);
        if (family->habits & CLEW_LOG_BY_PROMPT) {
                prompt = first_of(keys.prompt, N_PROMPT_KEYS);
                if (prompt.len == 0 && clew_attribute_find(clew_span_attributes(span),
                                                           KEY("gen_ai.input.messages"), &v))
                        prompt = prompt_inside(text_of(&v));
                if (prompt.len == 0)
                        return false;
        }
        return session.len > 0 && make_id(service_of(resource), session, prompt, ret);
}
