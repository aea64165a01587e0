/*
 * One log record of an agent: which attribute plays which part.
 */
#include "query/model/log-run-int.h"

#include "proto/base/compiler.h"
#include "query/model/usage-keys-int.h"
#include "query/model/value-int.h"

#include <string.h>

/* What takes longer was no call, but a number that is none. */
#define DURATION_MS_MAX (7.0 * 86400e3)
#define RESULT_HEAD_BYTES 400u

#define R(role, key)                                                                               \
        {                                                                                          \
                CLEW_LOG_ROLE_##role, key, sizeof(key) - 1                                         \
        }

/* Several keys of one role stand in order of priority. */
static const struct {
        enum clew_log_role role;
        const char *key;
        size_t len;
} keys[] = {
        R(SESSION, "session.id"),
        R(SESSION, "conversation.id"),
        R(SESSION, "gen_ai.conversation.id"),
        R(SESSION, "session_id"),
        R(SESSION, "conversation_id"),
        R(SESSION, "ulid"),
        R(USER, "user.id"),
        R(USER, "user.account_uuid"),
        R(USER, "user.email"),
        R(SEQUENCE, "event.sequence"),
        R(TIMESTAMP, "event.timestamp"),
        R(DURATION_MS, "duration_ms"),
        R(MODEL, "gen_ai.response.model"),
        R(MODEL, "gen_ai.request.model"),
        R(MODEL, "model"),
        R(MODEL, "model_name"),
        R(IN, "gen_ai.usage.input_tokens"),
        R(IN, "input_tokens"),
        R(IN, "input_token_count"),
        R(IN, "prompt_tokens"),
        R(IN, "tokensIn"),
        R(OUT, "gen_ai.usage.output_tokens"),
        R(OUT, "output_tokens"),
        R(OUT, "output_token_count"),
        R(OUT, "completion_tokens"),
        R(OUT, "tokensOut"),
        R(CACHE_READ, "gen_ai.usage.cache_read.input_tokens"),
        R(CACHE_READ, "cache_read_tokens"),
        R(CACHE_READ, "cached_content_token_count"),
        R(CACHE_READ, "cached_token_count"),
        R(CACHE_READ, "cached_input_tokens"),
        R(CACHE_READ, "cacheReadTokens"),
        R(CACHE_WRITE, "gen_ai.usage.cache_write.input_tokens"),
        R(CACHE_WRITE, "gen_ai.usage.cache_creation.input_tokens"),
        R(CACHE_WRITE, "cache_creation_tokens"),
        R(CACHE_WRITE, "cache_write_token_count"),
        R(CACHE_WRITE, "cacheWriteTokens"),
        R(REASONING, "gen_ai.usage.reasoning.output_tokens"),
        R(REASONING, "thoughts_token_count"),
        R(REASONING, "reasoning_token_count"),
        R(REASONING, "reasoning_tokens"),
        R(TOTAL, "gen_ai.usage.total_tokens"),
        R(TOTAL, "total_token_count"),
        R(TOTAL, "total_tokens"),
        R(COST, "cost_usd"),
        R(COST, "gen_ai.usage.cost"),
        R(COST, "totalCost"),
        R(FIRST_MS, "ttft_ms"),
        R(FINISH, "stop_reason"),
        R(FINISH, "finish_reasons"),
        R(FINISH, "finish_reason"),
        R(FINISH, "gen_ai.response.finish_reasons"),
        R(ATTEMPT, "attempt"),
        R(CALL, "request_id"),
        R(CALL, "gen_ai.response.id"),
        R(CALL, "response_id"),
        R(TOOL, "gen_ai.tool.name"),
        R(TOOL, "tool_name"),
        R(TOOL, "function_name"),
        R(TOOL, "tool.name"),
        R(TOOL, "tool"),
        R(TOOL_CALL, "gen_ai.tool.call.id"),
        R(TOOL_CALL, "tool_use_id"),
        R(TOOL_CALL, "call_id"),
        R(TOOL_CALL, "tool_call_id"),
        R(HELPER, "agent_id"),
        R(HELPER, "subagent_id"),
        R(HELPER_NAME, "agent.name"),
        R(HELPER_NAME, "subagent_name"),
        R(HELPER_NAME, "agent_type"),
        R(ARGUMENTS, "gen_ai.tool.call.arguments"),
        R(ARGUMENTS, "tool_input"),
        R(ARGUMENTS, "arguments"),
        R(ARGUMENTS, "function_args"),
        R(ARGUMENTS, "tool_parameters"),
        R(RESULT, "gen_ai.tool.call.result"),
        R(RESULT, "tool_result"),
        R(RESULT, "tool_output"),
        R(RESULT, "output"),
        R(RESULT, "result"),
        R(SUCCESS, "success"),
        R(DETAIL, "metadata"),
        R(ERROR, "error.message"),
        R(ERROR, "error_message"),
        R(ERROR, "error"),
        R(ERROR, "errorMessage"),
        R(ERROR_TYPE, "error.type"),
        R(ERROR_TYPE, "error_type"),
        R(STATUS, "http.response.status_code"),
        R(STATUS, "status_code"),
        R(STATUS, "http.status_code"),
        R(STATUS, "errorStatus"),
        R(STREAM, "event.kind"),
        R(DECISION, "decision"),
        R(DECISION, "decision_type"),
        R(DECIDED_BY, "source"),
        R(DECIDED_BY, "decision_source"),
        R(PROMPT, "prompt"),
        R(ANSWER, "response"),
        R(ANSWER, "agent_response"),
        R(ANSWER, "message"),
        R(BODY, "body"),
        R(INPUT, "gen_ai.input.messages"),
        R(INPUT, "request_text"),
        R(OUTPUT, "gen_ai.output.messages"),
        R(OUTPUT, "response_text"),
};

/* A count under a name that stands in no table. */
static bool role_of_count(struct clew_slice key, enum clew_log_role *ret)
{
        const struct clew_rule_hit *row = clew_usage_key_is(key) ? clew_usage_key_find(key) : NULL;

        switch (row ? (int)row->field : -1) {
        case CLEW_FIELD_TOKENS_IN:
                *ret = CLEW_LOG_ROLE_IN;
                return true;
        case CLEW_FIELD_TOKENS_OUT:
                *ret = CLEW_LOG_ROLE_OUT;
                return true;
        case CLEW_FIELD_TOKENS_TOTAL:
                *ret = CLEW_LOG_ROLE_TOTAL;
                return true;
        case CLEW_FIELD_TOKENS_CACHE_READ:
                *ret = CLEW_LOG_ROLE_CACHE_READ;
                return true;
        case CLEW_FIELD_TOKENS_CACHE_WRITE:
                *ret = CLEW_LOG_ROLE_CACHE_WRITE;
                return true;
        case CLEW_FIELD_TOKENS_REASONING:
                *ret = CLEW_LOG_ROLE_REASONING;
                return true;
        default:
                return false;
        }
}

static void take_count(struct clew_log_fact *fact, uint8_t rank[CLEW_LOG_ROLE_COUNT],
                       struct clew_slice key, struct clew_slice raw, struct clew_arena *arena)
{
        enum clew_log_role role;
        struct clew_value v;
        double number;

        if (!role_of_count(key, &role) || (rank[role] != 0 && rank[role] < UINT8_MAX) ||
            !clew_value_parse(raw, &v) || !clew_value_number(&v, &number))
                return;
        fact->text[role] = clew_value_text(&v, arena);
        rank[role] = UINT8_MAX;
}

static void take(struct clew_log_fact *fact, uint8_t rank[CLEW_LOG_ROLE_COUNT],
                 struct clew_slice key, struct clew_slice raw, struct clew_arena *arena)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                enum clew_log_role role = keys[i].role;
                struct clew_slice text;
                struct clew_value v;

                if (key.len != keys[i].len || memcmp(key.data, keys[i].key, key.len) != 0)
                        continue;
                if (rank[role] != 0 && rank[role] < i + 1)
                        return; /* a better key has spoken */
                if (!clew_value_parse(raw, &v) || v.type == CLEW_VALUE_EMPTY)
                        return;
                text = clew_value_text(&v, arena);
                if (text.len == 0)
                        return;
                fact->text[role] = text;
                rank[role] = (uint8_t)(i + 1);
                return;
        }
        take_count(fact, rank, key, raw, arena);
}

static void take_all(struct clew_log_fact *fact, struct clew_message_iter it,
                     uint8_t rank[CLEW_LOG_ROLE_COUNT], struct clew_arena *arena)
{
        struct clew_slice key;
        struct clew_slice raw;

        while (clew_attribute_next_raw(&it, &key, &raw))
                take(fact, rank, key, raw, arena);
}

bool clew_log_fact_has(const struct clew_log_fact *fact, enum clew_log_role role)
{
        return fact && fact->text[role].len > 0;
}

bool clew_log_fact_number(const struct clew_log_fact *fact, enum clew_log_role role, double *ret)
{
        return clew_log_fact_has(fact, role) && clew_text_number(fact->text[role], ret);
}

bool clew_log_fact_ends_call(const struct clew_log_fact *fact)
{
        return clew_log_fact_has(fact, CLEW_LOG_ROLE_IN) ||
               clew_log_fact_has(fact, CLEW_LOG_ROLE_OUT) ||
               clew_log_fact_has(fact, CLEW_LOG_ROLE_COST) ||
               clew_log_fact_has(fact, CLEW_LOG_ROLE_OUTPUT) ||
               clew_slice_eq_cstr(fact->event.word, "api_response");
}

static bool says_false(struct clew_slice text)
{
        return clew_slice_eq_cstr(text, "false") || clew_slice_eq_cstr(text, "0");
}

static bool stream_failed(struct clew_slice kind)
{
        return kind.len > 0 && (memmem(kind.data, kind.len, "failed", 6) ||
                                memmem(kind.data, kind.len, "error", 5));
}

static bool detail_failed(struct clew_slice json)
{
        struct clew_arena none = {0}; /* flags and numbers are borrowed */
        struct clew_slice flag;
        double code = 0;

        if (json.len == 0)
                return false;
        flag = clew_text_member(json, "isError", &none);
        if (clew_slice_eq_cstr(flag, "true"))
                return true;
        flag = clew_text_member(json, "exitCode", &none);
        return flag.len > 0 && clew_text_number(flag, &code) && code > 0;
}

/* A shell's wrapper puts the exit code into the first lines of what it returns. */
static bool result_failed(struct clew_slice text)
{
        static const char *const heads[] = {"Process exited with code ", "Exit code: "};
        struct clew_slice head = clew_slice_make(
                text.data, text.len < RESULT_HEAD_BYTES ? text.len : RESULT_HEAD_BYTES);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(heads); i++) {
                size_t n = strlen(heads[i]);
                const uint8_t *at = head.len ? memmem(head.data, head.len, heads[i], n) : NULL;

                if (!at || (at != head.data && at[-1] != '\n'))
                        continue;
                at += n;
                return at < head.data + head.len && *at >= '1' && *at <= '9';
        }
        return false;
}

bool clew_log_fact_failed(const struct clew_log_fact *fact)
{
        double status = 0;

        if (says_false(fact->text[CLEW_LOG_ROLE_SUCCESS]))
                return true;
        if (fact->event.kind == CLEW_LOG_TOOL && (detail_failed(fact->text[CLEW_LOG_ROLE_DETAIL]) ||
                                                  result_failed(fact->text[CLEW_LOG_ROLE_RESULT])))
                return true;
        if (clew_log_fact_number(fact, CLEW_LOG_ROLE_STATUS, &status) && status >= 400)
                return true;
        if (fact->event.kind == CLEW_LOG_FAILED || fact->event.kind == CLEW_LOG_FAULT)
                return true;
        if (fact->event.kind == CLEW_LOG_STREAM && stream_failed(fact->text[CLEW_LOG_ROLE_STREAM]))
                return true;
        return (fact->event.kind == CLEW_LOG_TOOL || fact->event.kind == CLEW_LOG_CALL) &&
               clew_log_fact_has(fact, CLEW_LOG_ROLE_ERROR) &&
               !clew_slice_eq_cstr(fact->text[CLEW_LOG_ROLE_SUCCESS], "true");
}

bool clew_log_fact_read(struct clew_slice raw, struct clew_slice resource, struct clew_slice scope,
                        struct clew_arena *arena, struct clew_log_fact *ret)
{
        uint8_t rank[CLEW_LOG_ROLE_COUNT] = {0};
        double number = 0;

        *ret = (struct clew_log_fact){.resource = resource,
                                      .scope = scope,
                                      .sequence = UINT64_MAX,
                                      .step = CLEW_STEP_NONE};
        if (!clew_log_record_parse(raw, &ret->record))
                return false;
        clew_log_event_of(&ret->record, clew_scope_name(scope), &ret->event);
        if (!ret->event.family)
                return false;
        if (ret->event.kind == CLEW_LOG_OTHER)
                return true;
        take_all(ret, clew_log_attributes(&ret->record), rank, arena);
        if (ret->record.body.type == CLEW_VALUE_KVLIST)
                take_all(ret, clew_value_elements(&ret->record.body), rank, arena);
        ret->time_ns = ret->record.time_ns ? ret->record.time_ns : ret->record.observed_ns;
        if (ret->time_ns == 0 && !clew_text_time(ret->text[CLEW_LOG_ROLE_TIMESTAMP], &ret->time_ns))
                ret->time_ns = 0;
        if (clew_log_fact_number(ret, CLEW_LOG_ROLE_SEQUENCE, &number) && number >= 0 &&
            number < 9e15)
                ret->sequence = (uint64_t)number;
        if (clew_log_fact_number(ret, CLEW_LOG_ROLE_DURATION_MS, &number) && number > 0 &&
            number < DURATION_MS_MAX)
                ret->duration_ns = (uint64_t)(number * 1e6);
        return true;
}
