/*
 * See record.h.
 */
#include "query/answer/record.h"

#include "query/find/language/language.h"

#include <errno.h>
#include <string.h>

/* The fields of that name, or whose names begin with it and a dot. */
static uint64_t choose_one(const struct clew_record_writer *w, struct clew_slice name)
{
        uint64_t found = 0;

        for (size_t i = 0; w->fields[i].name; i++) {
                const char *known = w->fields[i].name;

                if (strncmp(known, (const char *)name.data, name.len) == 0 &&
                    (known[name.len] == '\0' || known[name.len] == '.'))
                        found |= UINT64_C(1) << i;
        }
        return found;
}

/* By its name in queries: `span.clew.outcome` is the field `outcome`. */
static uint64_t choose_as_in_query(const struct clew_record_writer *w, struct clew_slice name)
{
        struct clew_query_field_help help;

        for (size_t i = 0; clew_query_field_at(i, &help); i++) {
                if (help.record && clew_slice_eq_cstr(name, help.name))
                        return choose_one(w, clew_slice_of_cstr(help.record));
        }
        return 0;
}

int clew_record_choose(struct clew_record_writer *w, const char *list)
{
        w->chosen = 0;
        while (*list) {
                struct clew_slice name = clew_slice_make(list, strcspn(list, ","));
                uint64_t found = name.len > 0 ? choose_one(w, name) : 0;

                if (found == 0 && name.len > 0)
                        found = choose_as_in_query(w, name);
                if (found == 0 && name.len > 0)
                        return -EINVAL;
                w->chosen |= found;
                list += name.len + (list[name.len] == ',');
        }
        return 0;
}

void clew_record_writer_init(struct clew_record_writer *w, enum clew_record_form form,
                             const char *type, const struct clew_record_field *fields,
                             struct clew_sink sink)
{
        *w = (struct clew_record_writer){
                .fields = fields, .type = type, .form = form, .end = '\n', .sink = sink};
        clew_buffer_init(&w->line, CLEW_LINE_BYTES_MAX);
        for (size_t i = 0; fields && fields[i].name; i++) {
                CLEW_ASSERT(i < CLEW_FIELDS_MAX);
                if (form != CLEW_RECORD_TSV || fields[i].tsv)
                        w->chosen |= UINT64_C(1) << i;
        }
}

void clew_record_writer_deinit(struct clew_record_writer *w)
{
        clew_buffer_deinit(&w->line);
}

static int flush_line(struct clew_record_writer *w, char end)
{
        int r;

        clew_buffer_append_byte(&w->line, (uint8_t)end);
        r = clew_buffer_error(&w->line);
        return r < 0 ? r : w->sink.put(w->sink.context, clew_buffer_slice(&w->line));
}

struct clew_json_writer clew_record_begin(struct clew_record_writer *w, const char *type)
{
        struct clew_json_writer json;

        clew_buffer_clear(&w->line);
        json = clew_json_writer_make(&w->line, 0);
        clew_json_write_object_begin(&json);
        clew_json_write_key(&json, "v");
        clew_json_write_uint64(&json, 1);
        clew_json_write_key(&json, "type");
        clew_json_write_cstr(&json, type);
        return json;
}

int clew_record_end(struct clew_record_writer *w, struct clew_json_writer *json)
{
        clew_json_write_object_end(json);
        return flush_line(w, '\n');
}

static void write_fields(struct clew_json_writer *json, const struct clew_record_field *fields,
                         uint64_t chosen, const void *record)
{
        const char *group = "";
        size_t group_len = 0;

        for (size_t i = 0; fields[i].name; i++) {
                const char *name = fields[i].name;
                const char *dot = strchr(name, '.');
                size_t len = dot ? (size_t)(dot - name) : 0;
                bool same = len == group_len && memcmp(name, group, len) == 0;

                if (!(chosen >> i & 1))
                        continue;
                if (group_len > 0 && !same)
                        clew_json_write_object_end(json);
                if (len > 0 && !same) {
                        clew_json_write_key_slice(json, clew_slice_make(name, len));
                        clew_json_write_object_begin(json);
                }
                group = name;
                group_len = len;
                clew_json_write_key(json, dot ? dot + 1 : name);
                fields[i].write(json, record);
        }
        if (group_len > 0)
                clew_json_write_object_end(json);
}

void clew_record_fields(struct clew_record_writer *w, struct clew_json_writer *json,
                        const void *record)
{
        write_fields(json, w->fields, w->chosen, record);
}

void clew_record_write_all(struct clew_json_writer *json, const struct clew_record_field *fields,
                           const void *record)
{
        write_fields(json, fields, UINT64_MAX, record);
}

static int put_json(struct clew_record_writer *w, const void *record)
{
        struct clew_json_writer json = clew_record_begin(w, w->type);

        clew_record_fields(w, &json, record);
        return clew_record_end(w, &json);
}

/* One field as TSV: the JSON text, without quotes round a string (so tabs and line breaks stay
 * escaped), and nothing for null. */
static void append_tsv(struct clew_record_writer *w, const struct clew_record_field *field,
                       const void *record)
{
        struct clew_buffer *line = &w->line;
        size_t from = line->len;
        struct clew_json_writer json = clew_json_writer_make(line, 0);
        size_t len;

        field->write(&json, record);
        if (clew_buffer_error(line) < 0)
                return;
        len = line->len - from;
        if (len >= 2 && line->data[from] == '"') {
                memmove(line->data + from, line->data + from + 1, len - 2);
                line->len -= 2;
        } else if (len == 4 && memcmp(line->data + from, "null", 4) == 0) {
                line->len -= 4;
        }
}

/* The chosen fields of @record, or their names when it is NULL, between tabs. */
static int put_row(struct clew_record_writer *w, const void *record)
{
        bool first = true;

        clew_buffer_clear(&w->line);
        for (size_t i = 0; w->fields[i].name; i++) {
                if (!(w->chosen >> i & 1))
                        continue;
                if (!first)
                        clew_buffer_append_byte(&w->line, '\t');
                first = false;
                if (record)
                        append_tsv(w, &w->fields[i], record);
                else
                        clew_buffer_append_cstr(&w->line, w->fields[i].name);
        }
        return flush_line(w, '\n');
}

static int put_tsv(struct clew_record_writer *w, const void *record)
{
        int r = w->heading_done ? 0 : put_row(w, NULL);

        w->heading_done = true;
        return r < 0 ? r : put_row(w, record);
}

int clew_record_put(struct clew_record_writer *w, const void *record)
{
        switch (w->form) {
        case CLEW_RECORD_JSON:
                return put_json(w, record);
        case CLEW_RECORD_TSV:
                return put_tsv(w, record);
        case CLEW_RECORD_IDS:
                break;
        }
        clew_buffer_clear(&w->line);
        append_tsv(w, &w->fields[0], record);
        return flush_line(w, w->end);
}

static int append_to_buffer(void *context, struct clew_slice record)
{
        struct clew_buffer *out = context;

        clew_buffer_append_slice(out, record);
        return clew_buffer_error(out);
}

struct clew_sink clew_sink_to_buffer(struct clew_buffer *out)
{
        return (struct clew_sink){append_to_buffer, out};
}
