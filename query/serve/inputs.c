/*
 * Parameters: their descriptions, and reading them from a target.
 */
#include "query/serve/call-int.h"

#include "proto/base/ids.h"
#include "proto/base/number.h"

#include <string.h>

/* More pairs than this are no question of ours. */
#define PAIRS_MAX 64u

#define NOT_GIVEN UINT64_MAX

const char *clew_percent_decode(struct clew_slice text, bool is_form, struct clew_arena *arena)
{
        char *out = clew_arena_alloc(arena, text.len + 1);
        size_t n = 0;

        for (size_t i = 0; out && i < text.len; i++) {
                uint8_t c = text.data[i];

                if (c == '%') {
                        bool whole = text.len - i > 2;
                        int high = whole ? clew_hex_digit(text.data[i + 1]) : -1;
                        int low = whole ? clew_hex_digit(text.data[i + 2]) : -1;

                        if (high < 0 || low < 0)
                                return NULL;
                        c = (uint8_t)(high << 4 | low);
                        i += 2;
                } else if (c == '+' && is_form) {
                        c = ' ';
                }
                if (c == '\0')
                        return NULL;
                out[n++] = (char)c;
        }
        if (out)
                out[n] = '\0';
        return out;
}

/* A parameter without a value, "1" and "true" set a flag; "0" and "false" do not. */
static bool read_flag(const char *value, bool *ret)
{
        *ret = *value == '\0' || strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
        return *ret || strcmp(value, "0") == 0 || strcmp(value, "false") == 0;
}

static int refuse_value(struct clew_call *call, const struct clew_flag *f, const char *takes)
{
        struct clew_json_writer w;
        struct clew_error detail;

        clew_error_set(&detail, 0, 0, "%s takes %s", f->name, takes);
        w = clew_problem_begin(call->answer, CLEW_PROBLEM_BAD_PARAMETER, detail.message);
        clew_json_write_key(&w, "parameter");
        clew_json_write_cstr(&w, f->name);
        clew_problem_end(call->answer, &w);
        return 1;
}

int clew_input_set(struct clew_call *call, const struct clew_flag *f, const char *value)
{
        if (f->ret_flag)
                return read_flag(value, f->ret_flag)
                               ? 0
                               : refuse_value(call, f, "1 (or nothing), or 0");
        if (f->ret_number)
                return clew_parse_uint64(clew_slice_of_cstr(value), f->ret_number) &&
                                       *f->ret_number != NOT_GIVEN
                               ? 0
                               : refuse_value(call, f, "a whole number");
        if (f->ret_values) {
                if (f->ret_values->n == CLEW_FLAG_VALUES_MAX)
                        return refuse_value(call, f, "at most 64 values");
                f->ret_values->values[f->ret_values->n++] = value;
                return 0;
        }
        *f->ret_text = value;
        return 0;
}

int clew_input_refuse_unknown(struct clew_call *call, const char *name,
                              const struct clew_flag *known)
{
        struct clew_json_writer w = clew_problem_begin(
                call->answer, CLEW_PROBLEM_UNKNOWN_PARAMETER,
                "this path has no such parameter; those that it takes are in \"known\"");

        clew_json_write_key(&w, "parameter");
        clew_json_write_cstr(&w, name);
        clew_json_write_key(&w, "known");
        clew_json_write_array_begin(&w);
        for (; known->name; known++)
                clew_json_write_cstr(&w, known->name);
        clew_json_write_array_end(&w);
        clew_problem_end(call->answer, &w);
        return 1;
}

static int read_pair(struct clew_call *call, struct clew_slice pair, const struct clew_flag *flags)
{
        const uint8_t *equals = memchr(pair.data, '=', pair.len);
        size_t n = equals ? (size_t)(equals - pair.data) : pair.len;
        const char *name = clew_percent_decode(clew_slice_make(pair.data, n), true, &call->arena);
        const char *value = clew_percent_decode(
                equals ? clew_slice_from(pair, n + 1) : CLEW_SLICE_LITERAL(""), true, &call->arena);
        const struct clew_flag *f;

        if (!name || !value) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_REQUEST,
                                        "the parameters are not percent-encoded text");
                return 1;
        }
        if (strcmp(name, "q") == 0) /* as other tracing backends call it */
                name = "query";
        f = clew_flag_find(flags, name, strlen(name));
        return f ? clew_input_set(call, f, value) : clew_input_refuse_unknown(call, name, flags);
}

int clew_inputs_read(struct clew_call *call, struct clew_slice query)
{
        struct clew_flag_set set = {0};
        struct clew_inputs *in = &call->inputs;
        unsigned n = 0;
        int r = 0;

        in->limit = in->from = in->max_text = in->max = in->step_number = NOT_GIVEN;
        in->seed = 1;
        if (call->route->body == CLEW_BODY_NONE) /* else it has them */
                clew_inputs_flags(call->route->inputs, in, &set);
        while (query.len > 0 && r == 0) {
                const uint8_t *end = memchr(query.data, '&', query.len);
                size_t len = end ? (size_t)(end - query.data) : query.len;

                if (len > 0 && ++n > PAIRS_MAX) {
                        (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_REQUEST,
                                                "more than %u parameters", PAIRS_MAX);
                        return 1;
                }
                if (len > 0)
                        r = read_pair(call, clew_slice_make(query.data, len), set.flags);
                query = end ? clew_slice_from(query, len + 1) : CLEW_SLICE_NULL;
        }
        return r;
}
