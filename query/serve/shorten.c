/*
 * A record whose long texts are cut: copied token by token, with a pointer (RFC 6901) to each that
 * was cut, so that it can be asked for by itself.
 */
#include "proto/base/json.h"
#include "proto/base/utf8.h"
#include "query/serve/call-int.h"

#include <errno.h>
#include <stdio.h>

#define MAX_TEXT_DEFAULT 65536u
/* Texts that are listed as cut; more are cut all the same. */
#define CUTS_MAX 256u
#define POINTER_BYTES_MAX 4096u
#define POINTERS_BYTES_MAX ((size_t)1 << 20)

struct level {
        size_t pointer_len; /* of the pointer to the container */
        uint64_t index;     /* of the next element, in arrays */
        bool is_array;
};

struct shortening {
        struct clew_json_reader r;
        struct clew_json_writer w;
        struct clew_buffer pointer; /* to the value at hand */
        struct clew_buffer cuts;    /* the members of "cut", as JSON */
        struct clew_json_writer cut_writer;
        struct clew_buffer text;
        struct level levels[CLEW_JSON_DEPTH_MAX + 1];
        unsigned depth;
        size_t max;
        unsigned n_cuts;
};

static void append_key(struct shortening *s, struct clew_slice key)
{
        for (size_t i = 0; i < key.len; i++) {
                if (key.data[i] == '~')
                        clew_buffer_append_cstr(&s->pointer, "~0");
                else if (key.data[i] == '/')
                        clew_buffer_append_cstr(&s->pointer, "~1");
                else
                        clew_buffer_append_byte(&s->pointer, key.data[i]);
        }
}

/* The pointer of the element that begins now, inside an array. */
static void enter_element(struct shortening *s)
{
        struct level *top = s->depth > 0 ? &s->levels[s->depth - 1] : NULL;

        if (!top || !top->is_array)
                return;
        s->pointer.len = top->pointer_len;
        clew_buffer_printf(&s->pointer, "/%llu", (unsigned long long)top->index++);
}

static void list_cut(struct shortening *s, size_t bytes)
{
        if (s->n_cuts++ >= CUTS_MAX)
                return;
        clew_json_write_object_begin(&s->cut_writer);
        clew_json_write_key(&s->cut_writer, "at");
        clew_json_write_string(&s->cut_writer, clew_buffer_slice(&s->pointer));
        clew_json_write_key(&s->cut_writer, "bytes");
        clew_json_write_uint64(&s->cut_writer, bytes);
        clew_json_write_object_end(&s->cut_writer);
}

static void copy_string(struct shortening *s)
{
        if (s->r.text.len <= s->max) { /* no text has more bytes than its escaped form */
                clew_json_write_token(&s->w, &s->r);
                return;
        }
        clew_buffer_clear(&s->text);
        clew_json_append_string(&s->r, &s->text);
        clew_json_write_string(&s->w, clew_utf8_cut(clew_buffer_slice(&s->text), s->max));
        if (s->text.len > s->max)
                list_cut(s, s->text.len);
}

static void copy_key(struct shortening *s)
{
        clew_buffer_clear(&s->text);
        clew_json_append_string(&s->r, &s->text);
        clew_json_write_key_slice(&s->w, clew_buffer_slice(&s->text));
        s->pointer.len = s->levels[s->depth - 1].pointer_len;
        clew_buffer_append_byte(&s->pointer, '/');
        append_key(s, clew_buffer_slice(&s->text));
}

static void open_level(struct shortening *s, bool is_array)
{
        enter_element(s);
        s->levels[s->depth++] = (struct level){.pointer_len = s->pointer.len, .is_array = is_array};
        if (is_array)
                clew_json_write_array_begin(&s->w);
        else
                clew_json_write_object_begin(&s->w);
}

/* Behind the members of the record itself. */
static void write_cuts(struct shortening *s)
{
        if (s->n_cuts == 0)
                return;
        clew_json_write_array_end(&s->cut_writer);
        clew_json_write_key(&s->w, "cut");
        clew_json_write_raw(&s->w, clew_buffer_slice(&s->cuts));
}

static void close_level(struct shortening *s, bool is_array)
{
        if (s->depth == 1)
                write_cuts(s);
        s->depth--;
        if (is_array)
                clew_json_write_array_end(&s->w);
        else
                clew_json_write_object_end(&s->w);
}

static void copy(struct shortening *s)
{
        for (;;) {
                switch (clew_json_next(&s->r)) {
                case CLEW_JSON_END:
                        return;
                case CLEW_JSON_OBJECT_BEGIN:
                case CLEW_JSON_ARRAY_BEGIN:
                        open_level(s, s->r.token == CLEW_JSON_ARRAY_BEGIN);
                        break;
                case CLEW_JSON_OBJECT_END:
                case CLEW_JSON_ARRAY_END:
                        close_level(s, s->r.token == CLEW_JSON_ARRAY_END);
                        break;
                case CLEW_JSON_KEY:
                        copy_key(s);
                        break;
                case CLEW_JSON_STRING:
                        enter_element(s);
                        copy_string(s);
                        break;
                case CLEW_JSON_NUMBER:
                case CLEW_JSON_TRUE:
                case CLEW_JSON_FALSE:
                case CLEW_JSON_NULL:
                        enter_element(s);
                        clew_json_write_token(&s->w, &s->r);
                        break;
                }
        }
}

int clew_shorten(struct clew_slice record, size_t max_text, struct clew_buffer *out)
{
        struct shortening s = {.max = max_text};
        int r;

        clew_buffer_init(&s.pointer, POINTER_BYTES_MAX);
        clew_buffer_init(&s.cuts, POINTERS_BYTES_MAX);
        clew_buffer_init(&s.text, record.len + 1);
        s.r = clew_json_reader_make(record, CLEW_JSON_DEPTH_MAX);
        s.w = clew_json_writer_make(out, 0);
        s.cut_writer = clew_json_writer_make(&s.cuts, 0);
        clew_json_write_array_begin(&s.cut_writer);
        copy(&s);
        clew_buffer_append_byte(out, '\n');
        r = s.r.status == CLEW_JSON_COMPLETE ? clew_buffer_error(out) : -E2BIG;
        clew_buffer_deinit(&s.pointer);
        clew_buffer_deinit(&s.cuts);
        clew_buffer_deinit(&s.text);
        return r;
}

size_t clew_call_max_text(const struct clew_call *call)
{
        uint64_t max = call->inputs.max_text;

        return max == UINT64_MAX ? MAX_TEXT_DEFAULT : max == 0 ? SIZE_MAX : (size_t)max;
}

int clew_call_shorten(struct clew_call *call, const struct clew_buffer *whole)
{
        return clew_shorten(clew_buffer_slice(whole), clew_call_max_text(call),
                            &call->answer->body);
}
