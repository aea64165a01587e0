/*
 * See note.h.
 */
#include "query/review/note.h"

#include "proto/base/compiler.h"
#include "proto/base/number.h"

/* No trace is judged more often; the walk over its notes ends there. */
#define NOTES_MAX 100000u
/* Names and labels are short; explanations are cut by the screen. */
#define FIELD_BYTES_MAX 4096u

enum part { NAME, VERSION, VALUE, LABEL, EXPLANATION, TYPE, PARTS };

static void take(struct clew_json_reader *r, struct clew_buffer *out)
{
        switch (clew_json_next(r)) {
        case CLEW_JSON_STRING:
                clew_json_append_string(r, out);
                return;
        case CLEW_JSON_NUMBER:
                clew_buffer_append_slice(out, r->text);
                return;
        case CLEW_JSON_TRUE:
                clew_buffer_append_cstr(out, "true");
                return;
        case CLEW_JSON_FALSE:
                clew_buffer_append_cstr(out, "false");
                return;
        case CLEW_JSON_END:
        case CLEW_JSON_NULL:
        case CLEW_JSON_KEY:
        case CLEW_JSON_OBJECT_BEGIN:
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_BEGIN:
        case CLEW_JSON_ARRAY_END:
                break;
        }
        clew_json_skip(r);
}

static void join(const struct clew_buffer *parts, struct clew_buffer *out)
{
        clew_buffer_append_slice(out, clew_buffer_slice(&parts[NAME]));
        if (parts[VERSION].len > 0) {
                clew_buffer_append_cstr(out, " ");
                clew_buffer_append_slice(out, clew_buffer_slice(&parts[VERSION]));
        }
        if (parts[VALUE].len > 0) {
                clew_buffer_append_cstr(out, " = ");
                clew_buffer_append_slice(out, clew_buffer_slice(&parts[VALUE]));
        }
        for (int i = LABEL; i <= EXPLANATION; i++) {
                clew_buffer_append_cstr(out, parts[i].len > 0 ? "  " : "");
                clew_buffer_append_slice(out, clew_buffer_slice(&parts[i]));
        }
}

static void parts_init(struct clew_buffer *parts)
{
        for (int i = 0; i < PARTS; i++)
                clew_buffer_init(&parts[i], FIELD_BYTES_MAX);
}

static void parts_deinit(struct clew_buffer *parts)
{
        for (int i = 0; i < PARTS; i++)
                clew_buffer_deinit(&parts[i]);
}

/* Reads the parts of a note; false when it is no score. */
static bool read_parts(struct clew_slice note, struct clew_buffer *parts)
{
        static const char *const names[PARTS] = {"name",  "version",     "value",
                                                 "label", "explanation", "type"};
        struct clew_json_reader r = clew_json_reader_make(note, CLEW_JSON_DEPTH_DEFAULT);

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                struct clew_buffer *to = NULL;

                for (int i = 0; i < PARTS && !to; i++) {
                        if (clew_json_text_is(&r, names[i]))
                                to = &parts[i];
                }
                if (to && to->len == 0)
                        take(&r, to);
                else
                        clew_json_skip(&r);
        }
        return clew_slice_eq_cstr(clew_buffer_slice(&parts[TYPE]), "score");
}

bool clew_note_brief(struct clew_slice note, struct clew_buffer *out)
{
        struct clew_buffer parts[PARTS];
        bool is_score;

        parts_init(parts);
        is_score = read_parts(note, parts);
        if (is_score)
                join(parts, out);
        parts_deinit(parts);
        return is_score;
}

bool clew_note_write(struct clew_slice note, struct clew_json_writer *w)
{
        static const char *const names[] = {"name", "version", "value", "label"};
        struct clew_buffer parts[PARTS];
        bool is_score;

        parts_init(parts);
        is_score = read_parts(note, parts);
        if (is_score)
                clew_json_write_object_begin(w);
        for (size_t i = 0; is_score && i < CLEW_ARRAY_LEN(names); i++) {
                struct clew_json_reader r = clew_json_reader_make(clew_buffer_slice(&parts[i]), 1);

                if (parts[i].len == 0)
                        continue;
                clew_json_write_key(w, names[i]);
                if (i == VALUE && clew_json_next(&r) == CLEW_JSON_NUMBER)
                        clew_json_write_token(w, &r);
                else
                        clew_json_write_string(w, clew_buffer_slice(&parts[i]));
        }
        if (is_score)
                clew_json_write_object_end(w);
        parts_deinit(parts);
        return is_score;
}

static struct clew_slice put(struct clew_buffer *texts, const struct clew_buffer *part)
{
        size_t from = texts->len;

        clew_buffer_append_slice(texts, clew_buffer_slice(part));
        return clew_slice_make(texts->data + from, texts->len - from);
}

bool clew_note_score(struct clew_slice note, struct clew_buffer *texts, struct clew_note_score *ret)
{
        struct clew_buffer parts[PARTS];
        bool is_score;

        *ret = (struct clew_note_score){0};
        parts_init(parts);
        is_score = read_parts(note, parts) &&
                   clew_buffer_reserve(texts, (size_t)PARTS * FIELD_BYTES_MAX) != NULL;
        if (is_score) {
                ret->name = put(texts, &parts[NAME]);
                ret->version = put(texts, &parts[VERSION]);
                ret->label = put(texts, &parts[LABEL]);
                ret->has_value = clew_parse_double(clew_buffer_slice(&parts[VALUE]), &ret->value);
        }
        parts_deinit(parts);
        return is_score;
}

uint32_t clew_note_count(struct clew_view *view, const struct clew_trace_id *id)
{
        struct clew_slice note;
        struct clew_error err = {0};
        uint32_t n = 0;

        while (n < NOTES_MAX && clew_view_note(view, id, n, &note, &err) == 0)
                n++;
        return n;
}
