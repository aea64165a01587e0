/*
 * From one span to one step: kind, dialect, names, identity, texts.
 */
#include "query/model/build-int.h"

#include "proto/base/find.h"
#include "proto/base/utf8.h"
#include "query/model/tool-text-int.h"
#include "query/model/value-int.h"

#include <string.h>
#include <strings.h>

/* Display names: emitters have been seen that put megabytes of content into a span's name. */
#define NAME_MAX_BYTES 200u

/* A day: what is beyond is no waiting time but a unit that was mistaken. */
#define FIRST_TOKEN_NS_MAX 86400e9

/* Chains between an agent and what belongs to it. */

/* Inputs and outputs up to here are shown with their escapes decoded. */
#define READABLE_BYTES_MAX ((size_t)64 << 10)

#define KEY(s) CLEW_SLICE_LITERAL(s)

/* ---- events and logs --------------------------------------------------------------------------
 */

static void take_exception(struct clew_exception *e, struct clew_message_iter it)
{
        struct clew_attribute attr;
        bool escaped;

        if (e->found)
                return;
        e->found = true;
        while (clew_attribute_next(&it, &attr)) {
                struct clew_slice text =
                        attr.value.type == CLEW_VALUE_STRING ? attr.value.bytes : CLEW_SLICE_NULL;

                if (clew_slice_eq(attr.key, KEY("exception.type")))
                        e->type = text;
                else if (clew_slice_eq(attr.key, KEY("exception.message")))
                        e->message = text;
                else if (clew_slice_eq(attr.key, KEY("exception.stacktrace")))
                        e->stack = text;
                else if (clew_slice_eq(attr.key, KEY("exception.escaped")))
                        e->handled = clew_value_flag(&attr.value, &escaped) && !escaped;
        }
}

static void read_events(struct clew_builder *b, const struct clew_step *step, uint32_t index)
{
        struct clew_message_iter it = clew_span_events(&step->span);
        struct clew_span_event event;

        while (clew_span_event_next(&it, &event)) {
                struct clew_message_iter attributes = clew_event_attributes(&event);

                if (clew_slice_eq(event.name, KEY("exception")))
                        take_exception(&b->exception, attributes);
                else if (clew_slice_eq(event.name, KEY("gen_ai.choice")))
                        b->has_choice = true;
                if (clew_slice_eq(event.name, KEY("exception")))
                        continue;
                if (clew_slice_eq(event.name, KEY("gen_ai.evaluation.result")))
                        clew_score_from_event(b, attributes, CLEW_SCORE_FROM_EVENT, index,
                                              event.time_ns);
                else
                        clew_fields_add_event(&b->fields, &event);
        }
}

static void read_log(struct clew_builder *b, const struct clew_step_log *log, uint32_t index)
{
        const struct clew_log_record *record = &log->record;
        struct clew_message_iter attributes = clew_log_attributes(record);
        struct clew_slice name = clew_log_name(record);

        if (log->told.len > 0 && index != CLEW_STEP_NONE)
                clew_fields_add_told(&b->fields, log->told);
        if (clew_slice_eq(name, KEY("gen_ai.evaluation.result"))) {
                clew_score_from_event(b, attributes, CLEW_SCORE_FROM_LOG, index,
                                      record->time_ns ? record->time_ns : record->observed_ns);
        } else if (index == CLEW_STEP_NONE) {
                return;
        } else if (clew_slice_ends_with(name, KEY(".exception"))) {
                take_exception(&b->exception, attributes);
        } else {
                b->has_choice = b->has_choice || clew_slice_eq(name, KEY("gen_ai.choice"));
                clew_fields_add_log(&b->fields, record);
                if (record->severity_number < 17 || b->log_error.found)
                        return;
                take_exception(&b->log_error, attributes);
                if (b->log_error.message.len == 0 && record->body.type == CLEW_VALUE_STRING)
                        b->log_error.message = record->body.bytes;
        }
}

static void read_logs(struct clew_builder *b, const struct clew_step *step, uint32_t index)
{
        for (uint32_t i = 0; i < step->n_logs; i++)
                read_log(b, &b->trace->logs[step->logs + i], index);
}

/* ---- kind and dialect -------------------------------------------------------------------------
 */

static bool has_key(const struct clew_builder *b, struct clew_slice key)
{
        for (unsigned i = 0; i < b->fields.n; i++) {
                if (clew_slice_eq(b->fields.hits[i].key, key))
                        return true;
        }
        return false;
}

/* The generic words of Claude Code's spans, and of VoltAgent's, count only on their own spans. */
static bool out_of_place(const struct clew_builder *b, const struct clew_field_hit *hit,
                         const struct clew_step *step)
{
        const struct clew_slice own = KEY("claude_code.");

        if (hit->rule->flags & CLEW_RULE_OWN &&
            b->scope_dialect != (enum clew_dialect)hit->rule->dialect)
                return true;
        if (strcmp(hit->rule->member, "voltagent") == 0)
                return !has_key(b, KEY("entity.type"));
        return hit->rule->dialect == CLEW_DIALECT_CLAUDE_CODE &&
               !clew_slice_starts_with(step->span.name, own) &&
               !(hit->value.type == CLEW_VALUE_STRING &&
                 clew_slice_starts_with(hit->value.bytes, own));
}

static void accept_kind(struct clew_builder *b, struct clew_step *step,
                        const struct clew_field_hit *hit, enum clew_kind kind)
{
        step->kind = kind;
        if (hit->rule->dialect != CLEW_DIALECT_OTEL && hit->rule->dialect != CLEW_DIALECT_OTHER)
                step->dialect = (enum clew_dialect)hit->rule->dialect;
        clew_fields_note(&b->fields, CLEW_FIELD_KIND, (enum clew_origin)hit->origin,
                         (enum clew_dialect)hit->rule->dialect, hit->key);
        if (kind == CLEW_KIND_EVENT && hit->rule->dialect != CLEW_DIALECT_LANGFUSE)
                step->flags |= CLEW_STEP_FRAGMENT;
}

static void mark_operation(struct clew_builder *b, struct clew_step *step, struct clew_slice value)
{
        if (clew_slice_eq(value, KEY("fetch_response")))
                step->flags |= CLEW_STEP_POLL;
        if (clew_slice_eq(value, KEY("create_agent")))
                step->flags |= CLEW_STEP_SETUP;
        b->is_workflow = b->is_workflow || clew_slice_eq(value, KEY("invoke_workflow"));
}

static struct clew_slice kind_word(struct clew_builder *b, const struct clew_field_hit *hit)
{
        struct clew_slice word =
                hit->rule->encoding == CLEW_ENC_KIND_TYPE
                        ? clew_value_member(&hit->value, "type", b->arena)
                        : clew_text_unquote(clew_value_text(&hit->value, b->arena), b->arena);
        const uint8_t *space = NULL;

        if (hit->rule->encoding == CLEW_ENC_KIND_WORD && word.len > 0)
                space = memchr(word.data, ' ', word.len);
        return space ? clew_slice_make(word.data, (size_t)(space - word.data)) : word;
}

/* Flattened keys, which stand in no table, are evidence as well. */
static bool kind_from_families(struct clew_builder *b, struct clew_step *step)
{
        static const struct {
                unsigned family;
                enum clew_kind kind;
                const char *key;
        } kinds[] = {
                {CLEW_FAMILY_RETRIEVER, CLEW_KIND_RETRIEVER, "retrieval.documents"},
                {CLEW_FAMILY_RERANKER, CLEW_KIND_RERANKER, "reranker"},
                {CLEW_FAMILY_EMBEDDING, CLEW_KIND_EMBEDDING, "embedding"},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(kinds); i++) {
                if (!(b->fields.families & kinds[i].family))
                        continue;
                step->kind = kinds[i].kind;
                step->flags |= CLEW_STEP_INFERRED_KIND;
                clew_fields_note(&b->fields, CLEW_FIELD_KIND, CLEW_ORIGIN_SPAN,
                                 CLEW_DIALECT_OPENINFERENCE, clew_slice_of_cstr(kinds[i].key));
                return true;
        }
        return false;
}

/* A name that was set to nothing is no evidence. */
static bool is_empty_text(const struct clew_value *value)
{
        return value->type == CLEW_VALUE_EMPTY ||
               (value->type == CLEW_VALUE_STRING && value->bytes.len == 0);
}

/* The first strong word, else the first weak one that names a kind, else evidence. */
static bool kind_from_keys(struct clew_builder *b, struct clew_step *step)
{
        const struct clew_field_hit *weak = NULL;
        const struct clew_field_hit *evidence = NULL;
        enum clew_kind weak_kind = CLEW_KIND_GENERIC;
        enum clew_kind evidence_kind = CLEW_KIND_GENERIC;

        for (const struct clew_field_hit *hit = clew_fields_first(&b->fields, CLEW_FIELD_KIND); hit;
             hit = clew_fields_next(&b->fields, hit)) {
                struct clew_kind_value v;
                struct clew_slice word;

                if (out_of_place(b, hit, step))
                        continue;
                if (hit->rule->encoding == CLEW_ENC_PREFIX) {
                        if (!evidence && !is_empty_text(&hit->value) &&
                            clew_kind_parse(clew_slice_of_cstr(hit->rule->member), &evidence_kind))
                                evidence = hit;
                        continue;
                }
                word = kind_word(b, hit);
                v = clew_kind_map_find(hit->rule->member, word);
                mark_operation(b, step, word);
                if (v.found && !v.weak) {
                        accept_kind(b, step, hit, v.kind);
                        return true;
                }
                if (v.found && !weak && v.kind != CLEW_KIND_GENERIC) {
                        weak = hit;
                        weak_kind = v.kind;
                }
        }
        if (weak)
                accept_kind(b, step, weak, weak_kind);
        else if (evidence)
                accept_kind(b, step, evidence, evidence_kind);
        if (!weak && evidence)
                step->flags |= CLEW_STEP_INFERRED_KIND;
        return weak || evidence || kind_from_families(b, step);
}

static bool has_field(const struct clew_builder *b, enum clew_field field)
{
        return b->fields.head[field] != 0;
}

/* A count was sent. What is one in a model call alone does not tell that the step is one. */
static bool has_count(const struct clew_builder *b, enum clew_field field)
{
        for (const struct clew_field_hit *hit = clew_fields_first(&b->fields, field); hit;
             hit = clew_fields_next(&b->fields, hit)) {
                if (hit->rule->kinds == 0)
                        return true;
        }
        return false;
}

/* ".mcp" ends the names of one instrumentation's spans; others use it for anything. */
static bool speaks_mcp(const struct clew_builder *b)
{
        if (b->scope_dialect == CLEW_DIALECT_OPENLLMETRY)
                return true;
        for (unsigned i = 0; i < b->fields.n; i++) {
                if (b->fields.hits[i].key_dialect == CLEW_DIALECT_OPENLLMETRY ||
                    clew_slice_starts_with(b->fields.hits[i].key, KEY("mcp.")))
                        return true;
        }
        return false;
}

/* OpenInference's span of a whole run of OpenAI's Agents is called an agent, and is named after the
 * workflow; the agents below it have names of their own. */
static bool is_workflow_root(const struct clew_builder *b, const struct clew_step *step)
{
        struct clew_slice scope = clew_scope_name(step->scope);

        return step->kind == CLEW_KIND_AGENT && step->dialect == CLEW_DIALECT_OPENINFERENCE &&
               step->parent == CLEW_STEP_NONE && step->n_descendants > 0 &&
               !has_field(b, CLEW_FIELD_AGENT_NAME) &&
               (clew_find(scope, "openai_agents", 13) || clew_find(scope, "openai-agents", 13));
}

/* ADK puts the answers of calls made at once together in a span that looks like one more call. */
static bool is_merged(const struct clew_step *step)
{
        return clew_slice_eq(step->span.name, KEY("execute_tool (merged tools)"));
}

/* What makes an agent, or a workflow of them, and runs nothing. */
static bool is_setup_name(struct clew_slice name)
{
        return clew_slice_eq(name, KEY("workflow.build")) ||
               clew_slice_eq(name, KEY("create_agent")) ||
               clew_slice_starts_with(name, KEY("create_agent "));
}

static void derive_kind(struct clew_builder *b, struct clew_step *step)
{
        struct clew_kind_value v;

        if (kind_from_keys(b, step)) {
                if (step->kind == CLEW_KIND_TOOL && clew_step_is_around_tool(b, step))
                        step->kind = CLEW_KIND_GENERIC;
                if (step->kind == CLEW_KIND_TOOL && is_merged(step)) {
                        step->kind = CLEW_KIND_GENERIC;
                        step->flags |= CLEW_STEP_NOISE;
                }
                clew_graph_agent_settle(b, step);
                if (is_workflow_root(b, step))
                        step->kind = CLEW_KIND_CHAIN;
                if (step->kind == CLEW_KIND_LLM && !has_count(b, CLEW_FIELD_TOKENS_IN) &&
                    clew_name_is_no_call(step->span.name)) {
                        step->kind = CLEW_KIND_CHAIN;
                        step->flags |= CLEW_STEP_NOISE;
                }
                return;
        }
        v = clew_kind_of_name(step->span.name, b->scope_dialect);
        if (v.found && v.kind == CLEW_KIND_MCP && !speaks_mcp(b))
                return;
        if (v.found && v.kind == CLEW_KIND_LLM && !has_count(b, CLEW_FIELD_TOKENS_IN) &&
            clew_name_is_no_call(step->span.name)) {
                step->kind = CLEW_KIND_CHAIN;
                step->flags |= CLEW_STEP_NOISE | CLEW_STEP_INFERRED_KIND;
                return;
        }
        if (v.found) {
                step->kind = v.kind;
                if (is_setup_name(step->span.name))
                        step->flags |= CLEW_STEP_SETUP;
                clew_fields_note(&b->fields, CLEW_FIELD_KIND, CLEW_ORIGIN_CORE, CLEW_DIALECT_NONE,
                                 KEY("name"));
        } else if (has_field(b, CLEW_FIELD_REQUEST_MODEL) &&
                   (has_count(b, CLEW_FIELD_TOKENS_IN) || has_count(b, CLEW_FIELD_TOKENS_OUT) ||
                    has_count(b, CLEW_FIELD_TOKENS_TOTAL))) {
                step->kind = CLEW_KIND_LLM;
        } else {
                return;
        }
        step->flags |= CLEW_STEP_INFERRED_KIND;
}

/* The kind's word tells most dialects; then the scope, then the prefix of any key of the tables. */
static void derive_dialect(struct clew_builder *b, struct clew_step *step)
{
        bool otel = false;

        if (step->dialect != CLEW_DIALECT_NONE)
                return;
        step->dialect = b->scope_dialect;
        if (step->dialect != CLEW_DIALECT_NONE)
                return;
        for (unsigned i = 0; i < b->fields.n; i++) {
                enum clew_dialect d = (enum clew_dialect)b->fields.hits[i].key_dialect;

                if (d == CLEW_DIALECT_OTEL)
                        otel = true;
                else if (d != CLEW_DIALECT_NONE)
                        step->dialect = d;
                if (step->dialect != CLEW_DIALECT_NONE)
                        return;
        }
        if (otel)
                step->dialect = CLEW_DIALECT_OTEL;
        else if (b->fields.n > 0 && step->kind != CLEW_KIND_GENERIC)
                step->dialect = CLEW_DIALECT_OTHER;
}

/* ---- names and identity -----------------------------------------------------------------------
 */

/* OpenAI Agents' instrumentation calls a hand-off a tool named "handoff to X". */
static void recognise_handoff(struct clew_step *step)
{
        if (step->kind == CLEW_KIND_TOOL && step->dialect == CLEW_DIALECT_OPENINFERENCE &&
            clew_slice_starts_with(step->span.name, KEY("handoff to ")))
                step->kind = CLEW_KIND_HANDOFF;
}

/* LangChain's tool spans have no call id, but the message that they return names it. */
static void find_call_id_in_result(struct clew_builder *b, struct clew_step *step)
{
        const struct clew_field_hit *hit = clew_fields_first(&b->fields, CLEW_FIELD_TOOL_RESULT);

        if (step->tool_call_id.len == 0 && hit && hit->value.type == CLEW_VALUE_STRING)
                step->tool_call_id = clew_tool_result_call_id(hit->value.bytes, b->arena);
}

/* Logfire's spans are named by a template; the message has its fields filled in. */
static struct clew_slice name_as_said(struct clew_builder *b, const struct clew_step *step)
{
        struct clew_slice text = step->span.name;

        if (step->dialect == CLEW_DIALECT_PYDANTIC && text.len > 0 &&
            memchr(text.data, '{', text.len))
                (void)clew_fields_text(&b->fields, CLEW_FIELD_NAME, &text);
        return text;
}

static void derive_own_names(struct clew_builder *b, struct clew_step *step)
{
        struct clew_fields *f = &b->fields;

        if (step->kind == CLEW_KIND_TOOL || step->kind == CLEW_KIND_HANDOFF) {
                if (!clew_fields_text(f, CLEW_FIELD_TOOL_NAME, &step->tool_name) &&
                    step->kind == CLEW_KIND_TOOL) {
                        step->tool_name = clew_tool_name_of_span(name_as_said(b, step));
                        clew_fields_note(f, CLEW_FIELD_TOOL_NAME, CLEW_ORIGIN_CORE,
                                         CLEW_DIALECT_NONE, KEY("name"));
                }
                (void)clew_fields_text(f, CLEW_FIELD_TOOL_CALL_ID, &step->tool_call_id);
                find_call_id_in_result(b, step);
        }
        if (step->kind == CLEW_KIND_AGENT) {
                if (!clew_fields_text(f, CLEW_FIELD_AGENT_NAME, &step->agent_name)) {
                        bool by_service;

                        step->agent_name =
                                clew_agent_name_of_span(step, name_as_said(b, step), &by_service);
                        clew_fields_note(f, CLEW_FIELD_AGENT_NAME, CLEW_ORIGIN_CORE,
                                         CLEW_DIALECT_NONE,
                                         by_service ? KEY("service.name") : KEY("name"));
                }
                (void)clew_fields_text(f, CLEW_FIELD_AGENT_ID, &step->agent_id);
                (void)clew_fields_text(f, CLEW_FIELD_TOOL_CALL_ID, &step->tool_call_id);
        }
        step->tool_name = clew_utf8_cut(step->tool_name, NAME_MAX_BYTES);
        step->agent_name = clew_utf8_cut(step->agent_name, NAME_MAX_BYTES);
        (void)clew_fields_text(f, CLEW_FIELD_WORKFLOW, &step->workflow);
}

static void derive_display_name(struct clew_builder *b, struct clew_step *step)
{
        if (step->tool_name.len > 0)
                step->name = step->tool_name;
        else if (step->agent_name.len > 0)
                step->name = step->agent_name;
        else if (!clew_fields_text(&b->fields, CLEW_FIELD_NAME, &step->name))
                step->name = step->span.name;
        if (step->name.len == 0)
                step->name = clew_slice_of_cstr(clew_kind_name(step->kind));
        step->name = clew_utf8_cut(step->name, NAME_MAX_BYTES);
}

static void derive_model(struct clew_builder *b, struct clew_step *step)
{
        bool is_call = step->kind == CLEW_KIND_LLM || step->kind == CLEW_KIND_EMBEDDING ||
                       step->kind == CLEW_KIND_RERANKER;
        struct clew_fields *f = &b->fields;
        struct clew_slice response = CLEW_SLICE_NULL;
        struct clew_slice provider;

        /* Some stamp the model on every span of the run. */
        if (step->kind == CLEW_KIND_TOOL || step->kind == CLEW_KIND_HANDOFF ||
            step->kind == CLEW_KIND_MCP || step->kind == CLEW_KIND_EVENT)
                return;
        (void)clew_fields_text(f, CLEW_FIELD_REQUEST_MODEL, &step->request_model);
        (void)clew_fields_text(f, CLEW_FIELD_RESPONSE_MODEL, &response);
        step->request_model = clew_utf8_cut(step->request_model, NAME_MAX_BYTES);
        step->model =
                response.len > 0 ? clew_utf8_cut(response, NAME_MAX_BYTES) : step->request_model;
        if (clew_fields_text(f, CLEW_FIELD_PROVIDER, &provider))
                step->provider = clew_provider_canonical(provider);
        else if (is_call)
                step->provider = clew_provider_of_model(step->request_model);
}

/* Spans of one scope lie together: what scope and resource say is read once for all of them. */
static void enter_scope(struct clew_builder *b, const struct clew_step *step)
{
        struct clew_fields *f = &b->fields;

        if (step->scope.data == b->scope.data && step->resource.data == b->resource.data)
                return;
        b->scope = step->scope;
        b->resource = step->resource;
        b->scope_dialect = clew_dialect_of_scope(clew_scope_name(step->scope));
        b->around_session = CLEW_SLICE_NULL;
        b->around_user = CLEW_SLICE_NULL;
        clew_fields_reset(f);
        f->arena = b->arena;
        f->keep_provenance = false;
        clew_fields_add(f, clew_scope_attributes(step->scope), CLEW_ORIGIN_SCOPE);
        clew_fields_add(f, clew_resource_attributes(step->resource), CLEW_ORIGIN_RESOURCE);
        (void)clew_fields_text(f, CLEW_FIELD_SESSION, &b->around_session);
        (void)clew_fields_text(f, CLEW_FIELD_USER, &b->around_user);
}

/* The span's own, else what its scope or resource says, else the parent's. */
static struct clew_slice identity(struct clew_builder *b, enum clew_field field,
                                  struct clew_slice around, struct clew_slice parent)
{
        struct clew_slice own = CLEW_SLICE_NULL;

        if (clew_fields_text(&b->fields, field, &own))
                return own;
        if (around.len > 0)
                clew_fields_note(&b->fields, field, CLEW_ORIGIN_RESOURCE, CLEW_DIALECT_NONE,
                                 KEY("resource"));
        else if (parent.len > 0)
                clew_fields_note(&b->fields, field, CLEW_ORIGIN_INHERITED, CLEW_DIALECT_NONE,
                                 KEY("parent"));
        return around.len > 0 ? around : parent;
}

/* One id often comes alone on steps around those that carry two: they are of the same pair. */
static void derive_session(struct clew_builder *b, struct clew_step *step,
                           const struct clew_step *parent)
{
        step->session = identity(b, CLEW_FIELD_SESSION, b->around_session, parent->session);
        if (clew_fields_other_text(&b->fields, CLEW_FIELD_SESSION, step->session,
                                   &step->other_session) ||
            step->session.len == 0)
                return;
        if (clew_slice_eq(step->session, parent->session)) {
                step->other_session = parent->other_session;
        } else if (clew_slice_eq(step->session, parent->other_session)) {
                step->session = parent->session;
                step->other_session = parent->other_session;
        }
}

static void derive_identity(struct clew_builder *b, struct clew_step *step, uint32_t index)
{
        static const struct clew_step none;
        const struct clew_step *parent =
                step->parent == CLEW_STEP_NONE ? &none : &b->trace->steps[step->parent];

        derive_session(b, step, parent);
        step->user = identity(b, CLEW_FIELD_USER, b->around_user, parent->user);
        if (b->trace_name.len == 0)
                (void)clew_fields_text(&b->fields, CLEW_FIELD_TRACE_NAME, &b->trace_name);
        if (b->hinted_root == CLEW_STEP_NONE && clew_fields_flag(&b->fields, CLEW_FIELD_ROOT))
                b->hinted_root = index;
}

/* ---- texts ------------------------------------------------------------------------------------
 */

/* Text that begins as JSON, and not as prose in brackets, but does not end as it. */
static bool ends_early(struct clew_slice text)
{
        bool list = text.data[0] == '[' && strchr("[{\"", text.data[1]);
        bool object = text.data[0] == '{' && text.data[1] == '"';

        if ((!list && !object) || text.data[1] == 0)
                return false;
        while (text.len > 2 && text.data[text.len - 1] <= ' ')
                text.len--;
        return text.data[text.len - 1] != (list ? ']' : '}');
}

/* Marks that senders leave where they cut, and JSON that a limit cut without one. */
static bool looks_truncated(struct clew_slice text)
{
        struct clew_slice tail = text.len > 64 ? clew_slice_from(text, text.len - 64) : text;

        if (tail.len < 12 || !tail.data)
                return false;
        if (ends_early(text))
                return true;
        return clew_find(tail, "[TRUNCATED", 10) || clew_find(tail, "[truncated]", 11);
}

static void derive_texts(struct clew_builder *b, struct clew_step *step)
{
        struct clew_fields *f = &b->fields;
        bool tool = step->kind == CLEW_KIND_TOOL || step->kind == CLEW_KIND_HANDOFF;

        if (!b->options->texts)
                return;
        if (tool) {
                (void)clew_fields_text(f, CLEW_FIELD_TOOL_ARGUMENTS, &step->tool_arguments);
                (void)clew_fields_text(f, CLEW_FIELD_TOOL_RESULT, &step->tool_result);
                step->tool_arguments = clew_tool_arguments(step->tool_arguments, b->arena);
                step->tool_result = clew_tool_result_text(
                        clew_tool_result(step->tool_result, step->dialect, b->arena), b->arena);
                step->tool_arguments = clew_text_readable(step->tool_arguments, b->arena);
                step->tool_result = clew_text_readable(step->tool_result, b->arena);
                step->input = step->tool_arguments;
                step->output = step->tool_result;
        }
        if (!step->input.data)
                (void)clew_fields_text(f, CLEW_FIELD_INPUT, &step->input);
        if (!step->output.data)
                (void)clew_fields_text(f, CLEW_FIELD_OUTPUT, &step->output);
        /* Of model calls, and of what is longer, the messages are read, not the text. */
        if (!tool && step->kind != CLEW_KIND_LLM && step->input.len <= READABLE_BYTES_MAX)
                step->input = clew_text_readable(step->input, b->arena);
        if (!tool && step->kind != CLEW_KIND_LLM && step->output.len <= READABLE_BYTES_MAX)
                step->output = clew_text_readable(step->output, b->arena);
        if (looks_truncated(step->input) || looks_truncated(step->output))
                step->flags |= CLEW_STEP_TRUNCATED;
}

static bool says_something(const struct clew_value *value)
{
        static const char *const nothings[] = {"null", "{}", "[]", "\"\""};

        if (value->type == CLEW_VALUE_ARRAY || value->type == CLEW_VALUE_KVLIST)
                return value->bytes.len > 0;
        if (value->type != CLEW_VALUE_STRING)
                return value->type != CLEW_VALUE_EMPTY;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(nothings); i++) {
                if (clew_slice_eq_cstr(value->bytes, nothings[i]))
                        return false;
        }
        return value->bytes.len > 0;
}

/* What waits for somebody says so in its state (LangGraph), or in its result. */
static bool waits(const struct clew_value *value, enum clew_dialect dialect,
                  struct clew_arena *arena)
{
        static const char mark[] = "\"__interrupt__\"";
        static const char approvals[] = "\"approvals\"";

        if (value->type != CLEW_VALUE_STRING || value->bytes.len == 0 ||
            value->bytes.data[0] != '{')
                return false;
        if (clew_find(value->bytes, mark, sizeof(mark) - 1))
                return true;
        if (dialect == CLEW_DIALECT_MASTRA)
                return clew_slice_eq_cstr(clew_value_member(value, "status", arena), "suspended");
        /* pydantic-ai's DeferredToolRequests: calls that are made elsewhere, or to be approved. */
        return clew_find(value->bytes, approvals, sizeof(approvals) - 1) &&
               clew_find(value->bytes, "\"calls\"", 7) &&
               clew_find(value->bytes, "\"tool_name\"", 11);
}

/* Whether it gave an answer, and whether it waits for one. Texts need not be decoded for that. */
static void mark_answer(struct clew_builder *b, struct clew_step *step)
{
        bool top = step->parent == CLEW_STEP_NONE || b->trace->steps[step->parent].depth == 0;

        if (step->kind == CLEW_KIND_TOOL || step->kind == CLEW_KIND_EVENT)
                return;
        if (b->has_choice || b->fields.families & CLEW_FAMILY_ANSWER)
                step->flags |= CLEW_STEP_ANSWERED;
        for (const struct clew_field_hit *hit = clew_fields_first(&b->fields, CLEW_FIELD_OUTPUT);
             hit; hit = clew_fields_next(&b->fields, hit)) {
                if (!clew_fields_applies(&b->fields, hit) || !says_something(&hit->value))
                        continue;
                step->flags |= CLEW_STEP_ANSWERED;
                if (top && step->kind != CLEW_KIND_LLM &&
                    waits(&hit->value, step->dialect, b->arena))
                        step->flags |= CLEW_STEP_PAUSED;
        }
}

struct reason_alias {
        const char *seen;
        const char *canonical;
};

static void derive_finish(struct clew_builder *b, struct clew_step *step)
{
        static const struct reason_alias aliases[] = {
                {"stop", "stop"},
                {"end_turn", "stop"},
                {"stop_sequence", "stop"},
                {"length", "length"},
                {"max_tokens", "length"},
                {"model_context_window_exceeded", "length"},
                {"tool_call", "tool_call"},
                {"tool_calls", "tool_call"},
                {"tool-calls", "tool_call"},
                {"toolcalls", "tool_call"},
                {"tool_use", "tool_call"},
                {"function_call", "tool_call"},
                {"content_filter", "content_filter"},
                {"content-filter", "content_filter"},
                {"contentfilter", "content_filter"},
                {"safety", "content_filter"},
                {"refusal", "content_filter"},
                {"error", "error"},
        };
        static const char *const soft[] = {"length", "content_filter", "error"};
        static const char *const bad_status[] = {"failed", "incomplete", "cancelled"};
        struct clew_slice status = CLEW_SLICE_NULL;
        struct clew_slice seen = CLEW_SLICE_NULL;

        (void)clew_fields_text(&b->fields, CLEW_FIELD_RESPONSE_STATUS, &status);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad_status); i++) {
                if (clew_slice_eq_cstr(status, bad_status[i]))
                        step->flags |= CLEW_STEP_SOFT_FAILURE;
        }
        if (!clew_fields_text(&b->fields, CLEW_FIELD_FINISH_REASON, &seen))
                return;
        /* Python's name of an enumerator: "FinishReason.TOOL_CALLS". */
        if (clew_slice_starts_with(seen, KEY("FinishReason.")))
                seen = clew_slice_from(seen, sizeof("FinishReason.") - 1);
        step->finish_reason = seen;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(aliases); i++) {
                if (seen.len == strlen(aliases[i].seen) &&
                    strncasecmp((const char *)seen.data, aliases[i].seen, seen.len) == 0)
                        step->finish_reason = clew_slice_of_cstr(aliases[i].canonical);
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(soft); i++) {
                if (clew_slice_eq_cstr(step->finish_reason, soft[i]))
                        step->flags |= CLEW_STEP_SOFT_FAILURE;
        }
}

/* Sent as a duration in seconds or milliseconds, or as a moment. */
static void derive_first_token(struct clew_builder *b, struct clew_step *step)
{
        const struct clew_rule *rule;
        double v;

        if (!clew_fields_number(&b->fields, CLEW_FIELD_FIRST_TOKEN, &v, &rule))
                return;
        if (rule->flags & CLEW_RULE_TIME)
                v -= (double)step->start_ns;
        else
                v *= rule->flags & CLEW_RULE_MILLI ? 1e6 : 1e9;
        if (v > 0 && v < FIRST_TOKEN_NS_MAX)
                step->first_token_ns = (uint64_t)v;
}

static void derive_times(struct clew_builder *b, struct clew_step *step)
{
        const struct clew_step *parent =
                step->parent == CLEW_STEP_NONE ? NULL : &b->trace->steps[step->parent];

        /* Codex reports a call when its stream ends: it lasted as long as the stream around it. */
        if (step->kind == CLEW_KIND_LLM && step->dialect == CLEW_DIALECT_CODEX && parent &&
            clew_slice_eq(step->span.name, KEY("handle_responses")) &&
            clew_slice_eq(parent->span.name, KEY("receiving_stream")))
                step->start_ns = parent->start_ns;
        if (step->end_ns == 0)
                step->flags |= CLEW_STEP_OPEN;
        else if (step->end_ns < step->start_ns)
                step->flags |= CLEW_STEP_SKEW;
        if (parent && !clew_step_is(parent, CLEW_STEP_STANDIN) && step->start_ns < parent->start_ns)
                step->flags |= CLEW_STEP_SKEW;
        if (step->span.dropped_attributes || step->span.dropped_events || step->span.dropped_links)
                step->flags |= CLEW_STEP_INCOMPLETE;
}

static void keep_provenance(struct clew_builder *b, struct clew_step *step)
{
        struct clew_provenance *copy;

        if (!b->options->provenance || b->fields.n_provenance == 0)
                return;
        copy = clew_arena_calloc(b->arena, b->fields.n_provenance, sizeof(*copy));
        if (!copy)
                return;
        memcpy(copy, b->fields.provenance, b->fields.n_provenance * sizeof(*copy));
        step->provenance = copy;
        step->n_provenance = b->fields.n_provenance;
}

void clew_step_derive(struct clew_builder *b, uint32_t index)
{
        struct clew_step *step = &b->trace->steps[index];
        struct clew_fields *f = &b->fields;

        if (clew_step_is(step, CLEW_STEP_STANDIN)) {
                step->name = KEY("(not received)");
                return;
        }
        enter_scope(b, step);
        clew_fields_reset(f);
        f->arena = b->arena;
        f->scope = b->scope_dialect;
        f->keep_provenance = b->options->provenance;
        b->is_workflow = false;
        b->has_choice = false;
        b->exception = (struct clew_exception){0};
        b->log_error = (struct clew_exception){0};
        clew_fields_add_span(f, &step->span);
        read_events(b, step, index);
        read_logs(b, step, index);
        derive_kind(b, step);
        f->kinds = CLEW_KINDS(step->kind) | (b->is_workflow ? CLEW_KINDS_WORKFLOW : 0);
        derive_dialect(b, step);
        recognise_handoff(step);
        derive_own_names(b, step);
        derive_display_name(b, step);
        derive_identity(b, step, index);
        derive_times(b, step);
        if (f->n > 0) { /* a span that no table knows has nothing to ask for */
                derive_model(b, step);
                derive_texts(b, step);
                if (clew_fields_first(f, CLEW_FIELD_DEFERRED))
                        step->flags |= CLEW_STEP_PAUSED;
                derive_finish(b, step);
                derive_first_token(b, step);
                (void)clew_fields_text(f, CLEW_FIELD_RESPONSE_ID, &step->response_id);
                clew_usage_derive(b, step);
        }
        mark_answer(b, step);
        clew_fault_derive(b, step);
        clew_score_derive(b, index);
        clew_noise_mark(b, step);
        if (f->redacted)
                step->flags |= CLEW_STEP_REDACTED;
        if (f->unreadable)
                step->flags |= CLEW_STEP_UNREADABLE;
        keep_provenance(b, step);
}
