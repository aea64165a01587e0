/*
 * One text of a step's record, found by its JSON pointer (RFC 6901), or a piece of it: for texts
 * that were cut elsewhere.
 */
#include "proto/base/json.h"
#include "proto/base/number.h"
#include "proto/base/utf8.h"
#include "query/answer/step-full.h"
#include "query/answer/values.h"
#include "query/serve/call-int.h"

#include <errno.h>
#include <string.h>

#define MAX_DEFAULT ((uint64_t)1 << 20)

/* Decodes the first name of @pointer ("/a~1b/0") into @ret. Returns what is behind it. */
static const char *take_name(const char *pointer, struct clew_buffer *ret)
{
        clew_buffer_clear(ret);
        for (pointer++; *pointer && *pointer != '/'; pointer++) {
                bool escape = *pointer == '~' && (pointer[1] == '0' || pointer[1] == '1');

                pointer += escape;
                clew_buffer_append_byte(ret, (uint8_t)(!escape           ? *pointer
                                                       : *pointer == '0' ? '~'
                                                                         : '/'));
        }
        return pointer;
}

/* Moves @r to the value that the member or element @name has. */
static bool enter(struct clew_json_reader *r, struct clew_slice name)
{
        CLEW_BUFFER key = {0};
        uint64_t index = 0;

        if (r->token == CLEW_JSON_ARRAY_BEGIN) {
                if (!clew_parse_uint64(name, &index))
                        return false;
                while (clew_json_next_element(r)) {
                        if (index-- == 0)
                                return true;
                        clew_json_skip(r);
                }
                return false;
        }
        if (r->token != CLEW_JSON_OBJECT_BEGIN)
                return false;
        clew_buffer_init(&key, (size_t)1 << 20);
        while (clew_json_next_member(r)) {
                clew_buffer_clear(&key);
                clew_json_append_string(r, &key);
                if (clew_slice_eq(clew_buffer_slice(&key), name))
                        return clew_json_next(r) != CLEW_JSON_END;
                clew_json_skip(r);
        }
        return false;
}

static bool find(struct clew_json_reader *r, const char *pointer)
{
        CLEW_BUFFER name = {0};

        clew_buffer_init(&name, CLEW_SERVE_TARGET_MAX);
        (void)clew_json_next(r);
        while (*pointer == '/') {
                pointer = take_name(pointer, &name);
                if (!enter(r, clew_buffer_slice(&name)))
                        return false;
        }
        return *pointer == '\0' && r->token == CLEW_JSON_STRING;
}

static int write_text(struct clew_call *call, const struct clew_trace *trace,
                      struct clew_slice text)
{
        uint64_t from = call->inputs.from == UINT64_MAX ? 0 : call->inputs.from;
        uint64_t max = call->inputs.max == UINT64_MAX ? MAX_DEFAULT : call->inputs.max;
        struct clew_record_writer out;
        struct clew_json_writer w;
        struct clew_slice piece;
        int r;

        if (max == 0)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER, "max takes 1 or more");
        if (from > text.len)
                from = text.len;
        while (from < text.len && (text.data[from] & 0xc0) == 0x80)
                from++; /* not into a character */
        piece = clew_slice_from(text, (size_t)from);
        piece = clew_utf8_cut(piece, max < SIZE_MAX ? (size_t)max : SIZE_MAX);
        if (piece.len == 0 && from < text.len)
                piece = clew_utf8_cut(clew_slice_from(text, (size_t)from), CLEW_UTF8_BYTES_MAX);
        clew_call_record_writer(call, &out, "text", NULL);
        w = clew_record_begin(&out, "text");
        clew_json_write_key(&w, "at");
        clew_json_write_cstr(&w, call->inputs.at);
        clew_json_write_key(&w, "bytes");
        clew_json_write_uint64(&w, text.len);
        clew_json_write_key(&w, "from");
        clew_json_write_uint64(&w, from);
        clew_json_write_key(&w, "text");
        clew_json_write_string(&w, piece);
        clew_json_write_key(&w, "next");
        if (from + piece.len < text.len)
                clew_json_write_uint64(&w, from + piece.len);
        else
                clew_json_write_null(&w);
        clew_write_left_out(&w, trace);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

int clew_route_text(struct clew_call *call)
{
        CLEW_BUFFER whole = {0};
        CLEW_BUFFER text = {0};
        const struct clew_trace *trace;
        struct clew_json_reader r;
        int e;

        if (!call->inputs.at)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "at is needed: the JSON pointer of a text, as \"cut\" has "
                                        "given it");
        clew_buffer_init(&whole, CLEW_SERVE_MEMORY_MAX);
        e = clew_call_step_record(call, &whole, &trace);
        if (e != 0)
                return e > 0 ? 0 : e;
        r = clew_json_reader_make(clew_buffer_slice(&whole), CLEW_JSON_DEPTH_MAX);
        if (!find(&r, call->inputs.at))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "at: the record has no text there");
        clew_buffer_init(&text, CLEW_SERVE_MEMORY_MAX);
        clew_json_append_string(&r, &text);
        return clew_buffer_error(&text) ? clew_buffer_error(&text)
                                        : write_text(call, trace, clew_buffer_slice(&text));
}
