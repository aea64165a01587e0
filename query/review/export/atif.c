/*
 * ATIF trajectories (version 1.7): one whole run, as one JSON object a line.
 *
 * Each of the model's messages is a step of source "agent" with its calls and, as its observation,
 * what the tools returned; system and user messages are steps of their own.
 */
#include "query/review/export/export-int.h"

#include <math.h>

static void put_calls(struct clew_json_writer *w, const struct clew_item_message *m)
{
        if (m->n_calls == 0)
                return;
        clew_json_write_key(w, "tool_calls");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < m->n_calls; i++) {
                clew_json_write_object_begin(w);
                clew_put_text(w, "tool_call_id",
                              m->calls[i].id.len ? m->calls[i].id : CLEW_SLICE_LITERAL("call"));
                clew_put_text(w, "function_name", m->calls[i].name);
                clew_json_write_key(w, "arguments");
                clew_put_object(w, "arguments", m->calls[i].arguments);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

/* The tool messages from @from on; returns how many. */
static uint32_t put_observation(struct clew_json_writer *w, const struct clew_item_messages *m,
                                uint32_t from)
{
        uint32_t n = 0;

        while (from + n < m->n && m->items[from + n].role == CLEW_ROLE_TOOL)
                n++;
        if (n == 0)
                return 0;
        clew_json_write_key(w, "observation");
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "results");
        clew_json_write_array_begin(w);
        for (uint32_t i = from; i < from + n; i++) {
                clew_json_write_object_begin(w);
                if (m->items[i].call_id.len)
                        clew_put_text(w, "source_call_id", m->items[i].call_id);
                clew_put_text(w, "content", m->items[i].content);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
        clew_json_write_object_end(w);
        return n;
}

static void put_steps(struct clew_json_writer *w, const struct clew_item *item,
                      const struct clew_item_messages *m, uint64_t *number)
{
        for (uint32_t i = 0; i < m->n; i++) {
                const struct clew_item_message *one = &m->items[i];
                const char *source = one->role == CLEW_ROLE_SYSTEM ? "system"
                                     : one->role == CLEW_ROLE_USER ? "user"
                                                                   : "agent";

                clew_json_write_object_begin(w);
                clew_json_write_key(w, "step_id");
                clew_json_write_uint64(w, ++*number);
                clew_json_write_key(w, "source");
                clew_json_write_cstr(w, source);
                clew_put_text(w, "message",
                              one->role == CLEW_ROLE_TOOL ? CLEW_SLICE_NULL : one->content);
                if (one->reasoning.len && one->role == CLEW_ROLE_ASSISTANT)
                        clew_put_text(w, "reasoning_content", one->reasoning);
                if (one->role == CLEW_ROLE_ASSISTANT && item->model.len)
                        clew_put_text(w, "model_name", item->model);
                if (one->role == CLEW_ROLE_ASSISTANT) {
                        put_calls(w, one);
                        i += put_observation(w, m, i + 1);
                } else if (one->role == CLEW_ROLE_TOOL) { /* no call before it was recorded */
                        i += put_observation(w, m, i) - 1;
                }
                clew_json_write_object_end(w);
        }
}

static void put_agent(struct clew_json_writer *w, const struct clew_item *item)
{
        clew_json_write_key(w, "agent");
        clew_json_write_object_begin(w);
        clew_put_text(w, "name",
                      item->agent.len  ? item->agent
                      : item->name.len ? item->name
                                       : CLEW_SLICE_LITERAL("agent"));
        clew_json_write_key(w, "version");
        clew_json_write_cstr(w, "unknown");
        if (item->model.len)
                clew_put_text(w, "model_name", item->model);
        if (item->n_tools) {
                clew_json_write_key(w, "tool_definitions");
                clew_put_tools(w, item);
        }
        clew_json_write_object_end(w);
}

static void put_metrics(struct clew_json_writer *w, const struct clew_item *item)
{
        clew_json_write_key(w, "final_metrics");
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "total_prompt_tokens");
        clew_json_write_uint64(w, item->tokens_in);
        clew_json_write_key(w, "total_completion_tokens");
        clew_json_write_uint64(w, item->tokens_out);
        if (item->has_cost && isfinite(item->cost_usd)) {
                clew_json_write_key(w, "total_cost_usd");
                clew_json_write_double(w, item->cost_usd);
        }
        clew_json_write_object_end(w);
}

int clew_export_atif(struct clew_json_writer *w, const struct clew_export_item *e)
{
        const struct clew_item *item = e->item;
        const struct clew_item_message imported = {.role = CLEW_ROLE_USER,
                                                   .content = item->input_json};
        const struct clew_item_messages value = {&imported, 1};
        char hex[CLEW_TRACE_ID_HEX];
        uint64_t number = 0;

        clew_json_write_object_begin(w);
        clew_json_write_key(w, "schema_version");
        clew_json_write_cstr(w, "ATIF-v1.7");
        clew_trace_id_to_hex(&item->trace_id, hex);
        clew_put_text(w, "session_id", item->session.len ? item->session : clew_slice_of_cstr(hex));
        clew_put_id(w, "trajectory_id", &e->id);
        put_agent(w, item);
        clew_json_write_key(w, "steps");
        clew_json_write_array_begin(w);
        put_steps(w, item, item->input.n ? &item->input : &value, &number);
        put_steps(w, item, &item->trajectory, &number);
        clew_json_write_array_end(w);
        put_metrics(w, item);
        clew_json_write_key(w, "extra");
        clew_put_metadata(w, e);
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
