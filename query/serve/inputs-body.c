/*
 * The inputs of a write: members of one JSON object, by the names of the parameters.
 */
#include "query/serve/call-int.h"

#include "proto/base/utf8.h"

#include <string.h>

/* More members than there are flags are no write of ours. */
#define MEMBERS_MAX 128u

static int refuse_body(struct clew_call *call, const char *what)
{
        (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_REQUEST, "the body %s", what);
        return 1;
}

static int refuse_member(struct clew_call *call, const struct clew_flag *f)
{
        const char *takes = f->ret_values   ? "a string, or an array of strings"
                            : f->ret_flag   ? "true or false"
                            : f->ret_number ? "a whole number"
                                            : "a string";

        (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER, "\"%s\" takes %s", f->name,
                                takes);
        return 1;
}

/* A string without NUL, as the parameters of a path have it; a number as it is written. */
static const char *take_string(struct clew_call *call, struct clew_json_reader *r)
{
        struct clew_slice text =
                r->token == CLEW_JSON_NUMBER ? r->text : clew_json_string(r, &call->arena);
        char *copy;

        if (r->cut || !clew_utf8_valid(text) || (text.len > 0 && memchr(text.data, 0, text.len)))
                return NULL;
        copy = clew_arena_alloc(&call->arena, text.len + 1);
        if (!copy)
                return NULL;
        if (text.len > 0)
                memcpy(copy, text.data, text.len);
        copy[text.len] = '\0';
        return copy;
}

static int set_string(struct clew_call *call, struct clew_json_reader *r, const struct clew_flag *f)
{
        const char *text = take_string(call, r);

        return text ? clew_input_set(call, f, text) : refuse_member(call, f);
}

static int set_array(struct clew_call *call, struct clew_json_reader *r, const struct clew_flag *f)
{
        int refused = 0;

        while (clew_json_next(r) != CLEW_JSON_ARRAY_END && r->token != CLEW_JSON_END) {
                if (r->token != CLEW_JSON_STRING)
                        return refuse_member(call, f);
                refused = set_string(call, r, f);
                if (refused != 0)
                        return refused;
        }
        return 0;
}

static int set_member(struct clew_call *call, struct clew_json_reader *r, const struct clew_flag *f)
{
        enum clew_json_token t = clew_json_next(r);
        bool is_truth = t == CLEW_JSON_TRUE || t == CLEW_JSON_FALSE;

        if (t == CLEW_JSON_NULL)
                return 0;
        if (is_truth && f->ret_flag) {
                *f->ret_flag = t == CLEW_JSON_TRUE;
                return 0;
        }
        if ((t == CLEW_JSON_STRING && !f->ret_flag) || (t == CLEW_JSON_NUMBER && f->ret_number))
                return set_string(call, r, f);
        if (t == CLEW_JSON_ARRAY_BEGIN && f->ret_values)
                return set_array(call, r, f);
        return refuse_member(call, f);
}

static int read_members(struct clew_call *call, struct clew_json_reader *r,
                        const struct clew_flag *flags)
{
        unsigned n = 0;

        while (clew_json_next_member(r)) {
                const char *name = take_string(call, r);
                const struct clew_flag *f = name ? clew_flag_find(flags, name, strlen(name)) : NULL;
                int refused;

                if (!name || ++n > MEMBERS_MAX)
                        return refuse_body(call, "has more members than there are inputs");
                if (!f)
                        return clew_input_refuse_unknown(call, name, flags);
                refused = set_member(call, r, f);
                if (refused != 0)
                        return refused;
        }
        return 0;
}

int clew_inputs_read_body(struct clew_call *call)
{
        struct clew_flag_set set = {0};
        struct clew_json_reader r;
        int refused;

        clew_inputs_flags(call->route->inputs, &call->inputs, &set);
        r = clew_json_reader_make(call->request->body, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return refuse_body(call, "is one JSON object, {} at least");
        refused = read_members(call, &r, set.flags);
        if (refused != 0)
                return refused;
        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        return r.status == CLEW_JSON_COMPLETE ? 0 : refuse_body(call, "is not whole JSON");
}
