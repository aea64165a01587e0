/*
 * A step as a model needs it. The record of the route holds everything twice or more: as it was
 * sent (attributes), as one text (input, output), as messages.
 */
#include "query/mcp/call-int.h"

#include "proto/base/json.h"

/* Messages of a long conversation that are shown; before them stand those that earlier calls had.
 */
#define MESSAGES_SHOWN 4u

/* The record's members that are not for a model, unless raw is asked for. */
static bool is_left_out(const struct clew_mcp_call *call, const struct clew_json_reader *r,
                        bool has_input, bool has_output)
{
        static const char *const names[] = {"v",          "type",       "span_id",
                                            "trace_id",   "attributes", "parent_span_id",
                                            "why_fields", "span_name",  "start_unix_nano",
                                            "resource",   "scope",      "end_unix_nano",
                                            "dialect",    "links",      "brief"};

        if (call->raw)
                return false;
        if ((has_input && clew_json_text_is(r, "input")) ||
            (has_output && clew_json_text_is(r, "output")))
                return true;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (clew_json_text_is(r, names[i]))
                        return true;
        }
        return false;
}

static uint32_t count_elements(struct clew_slice array)
{
        struct clew_json_reader r = clew_json_reader_make(array, CLEW_JSON_DEPTH_MAX);
        uint32_t n = 0;

        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return 0;
        while (clew_json_next_element(&r)) {
                clew_json_skip(&r);
                n++;
        }
        return n;
}

static void write_messages(struct clew_mcp_call *call, struct clew_json_writer *w,
                           struct clew_slice array)
{
        struct clew_json_reader r = clew_json_reader_make(array, CLEW_JSON_DEPTH_MAX);
        uint32_t n = count_elements(array);
        uint32_t left_out = call->all_messages || n <= MESSAGES_SHOWN ? 0 : n - MESSAGES_SHOWN;

        if (left_out) {
                clew_json_write_key(w, "input_messages_left_out");
                clew_json_write_uint64(w, left_out);
        }
        clew_json_write_key(w, "input_messages");
        clew_json_write_array_begin(w);
        (void)clew_json_next(&r);
        for (uint32_t i = 0; clew_json_next_element(&r); i++) {
                struct clew_slice message = clew_json_take(&r);

                if (i >= left_out)
                        clew_json_write_raw(w, message);
        }
        clew_json_write_array_end(w);
}

/* Whether one of the members @a and @b holds something: a list, or a text. */
static bool has_member(struct clew_slice record, const char *a, const char *b)
{
        struct clew_json_reader r = clew_json_reader_make(record, CLEW_JSON_DEPTH_MAX);

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                bool is_it = clew_json_text_is(&r, a) || clew_json_text_is(&r, b);
                enum clew_json_token token = clew_json_next(&r);
                struct clew_slice value = clew_json_take(&r);

                if (is_it && (token == CLEW_JSON_STRING || count_elements(value) > 0))
                        return true;
        }
        return false;
}

void clew_mcp_step(struct clew_mcp_call *call, struct clew_slice record, struct clew_buffer *out)
{
        bool has_input = has_member(record, "input_messages", "tool_arguments");
        bool has_output = has_member(record, "output_messages", "tool_result");
        struct clew_json_reader r = clew_json_reader_make(record, CLEW_JSON_DEPTH_MAX);
        struct clew_json_writer w = clew_json_writer_make(out, 0);

        clew_json_write_object_begin(&w);
        if (clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN) {
                while (clew_json_next_member(&r)) {
                        bool is_input = clew_json_text_is(&r, "input_messages");
                        struct clew_slice name = clew_json_string(&r, &call->arena);
                        bool skip = is_left_out(call, &r, has_input, has_output);
                        enum clew_json_token token = clew_json_next(&r);
                        struct clew_slice value = clew_json_take(&r);

                        if (skip || (!call->raw && token == CLEW_JSON_NULL))
                                continue;
                        if (is_input && token == CLEW_JSON_ARRAY_BEGIN) {
                                write_messages(call, &w, value);
                                continue;
                        }
                        clew_json_write_key_slice(&w, name);
                        clew_json_write_raw(&w, value);
                }
        }
        clew_json_write_object_end(&w);
}
