/*
 * See output.h.
 */
#include "query/cli/output.h"

#include "proto/otlp/walk.h"
#include "query/answer/when.h"

#include <errno.h>
#include <string.h>

void clew_output_flags_add(struct clew_flag_set *set, struct clew_output_flags *o)
{
        const struct clew_flag flags[] = {
                {"json", 0, NULL, "one JSON object a line", .ret_flag = &o->json},
                {"tsv", 0, NULL, "tab-separated values with a heading", .ret_flag = &o->tsv},
                {"quiet", 'q', NULL, "ids only", .ret_flag = &o->ids},
                {"null", '0', NULL, "ids only, each ended by a NUL byte", .ret_flag = &o->nul},
                {"fields", 0, "A,B", "these fields only (with --json or --tsv)",
                 .ret_text = &o->fields},
                {"limit", 'n', "N", "at most so many", .ret_number = &o->limit},
                {"exit-status", 'e', NULL, "exit 1 when nothing matched",
                 .ret_flag = &o->exit_status},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++)
                clew_flag_set_add(set, flags[i]);
}

static int unknown_field(struct clew_cli *cli, const struct clew_record_field *fields)
{
        clew_cli_error(
                cli, "%s: --fields names a field that is not there; the fields are:", cli->command);
        for (; fields->name; fields++)
                clew_cli_note(cli, "  %s", fields->name);
        return CLEW_EXIT_USAGE;
}

/* Marks the fields that a comma-separated list names; a group name ("cause") means all of it. */
static int choose(struct clew_output *out, const char *list)
{
        while (*list) {
                size_t len = strcspn(list, ",");
                uint64_t found = 0;

                for (size_t i = 0; out->fields[i].name; i++) {
                        const char *name = out->fields[i].name;

                        if (strncmp(name, list, len) == 0 &&
                            (name[len] == '\0' || name[len] == '.'))
                                found |= UINT64_C(1) << i;
                }
                if (found == 0 && len > 0)
                        return unknown_field(out->cli, out->fields);
                out->chosen |= found;
                list += len + (list[len] == ',');
        }
        return 0;
}

int clew_output_init(struct clew_output *out, struct clew_cli *cli,
                     const struct clew_output_flags *flags, const char *type,
                     const struct clew_record_field *fields)
{
        size_t n = 0;

        *out = (struct clew_output){
                .cli = cli,
                .fields = fields,
                .type = type,
                .json = flags->json,
                .tsv = flags->tsv && !flags->json,
                .ids = (flags->ids || flags->nul) && !flags->json && !flags->tsv,
                .end = flags->nul ? '\0' : '\n',
        };
        clew_buffer_init(&out->line, CLEW_LINE_BYTES_MAX);
        while (fields && fields[n].name)
                n++;
        CLEW_ASSERT(n <= CLEW_FIELDS_MAX);
        if (flags->fields && fields)
                return choose(out, flags->fields);
        for (size_t i = 0; i < n; i++) {
                if (!out->tsv || fields[i].tsv)
                        out->chosen |= UINT64_C(1) << i;
        }
        return 0;
}

void clew_output_deinit(struct clew_output *out)
{
        clew_buffer_deinit(&out->line);
}

static int flush_line(struct clew_output *out, char end)
{
        int r = clew_buffer_error(&out->line);

        if (r < 0)
                return clew_cli_fail(out->cli, r, NULL);
        fwrite(out->line.data, 1, out->line.len, out->cli->out);
        fputc(end, out->cli->out);
        return 0;
}

struct clew_json_writer clew_output_begin(struct clew_output *out, const char *type)
{
        struct clew_json_writer w;

        clew_buffer_clear(&out->line);
        w = clew_json_writer_make(&out->line, 0);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, type);
        return w;
}

int clew_output_end(struct clew_output *out, struct clew_json_writer *w)
{
        clew_json_write_object_end(w);
        return flush_line(out, '\n');
}

void clew_output_fields(struct clew_output *out, struct clew_json_writer *w, const void *record)
{
        const char *group = "";
        size_t group_len = 0;

        for (size_t i = 0; out->fields[i].name; i++) {
                const char *name = out->fields[i].name;
                const char *dot = strchr(name, '.');
                size_t len = dot ? (size_t)(dot - name) : 0;
                bool same = len == group_len && memcmp(name, group, len) == 0;

                if (!(out->chosen >> i & 1))
                        continue;
                if (group_len > 0 && !same)
                        clew_json_write_object_end(w);
                if (len > 0 && !same) {
                        clew_json_write_key_slice(w, clew_slice_make(name, len));
                        clew_json_write_object_begin(w);
                }
                group = name;
                group_len = len;
                clew_json_write_key(w, dot ? dot + 1 : name);
                out->fields[i].write(w, record);
        }
        if (group_len > 0)
                clew_json_write_object_end(w);
}

static int put_json(struct clew_output *out, const void *record)
{
        struct clew_json_writer w = clew_output_begin(out, out->type);

        clew_output_fields(out, &w, record);
        return clew_output_end(out, &w);
}

/* One field as TSV: the JSON text, without quotes round a string (so tabs and line breaks stay
 * escaped), and nothing for null. */
static void append_tsv(struct clew_output *out, const struct clew_record_field *field,
                       const void *record)
{
        size_t from = out->line.len;
        struct clew_json_writer w = clew_json_writer_make(&out->line, 0);
        size_t len;

        field->write(&w, record);
        if (clew_buffer_error(&out->line) < 0)
                return;
        len = out->line.len - from;
        if (len >= 2 && out->line.data[from] == '"') {
                memmove(out->line.data + from, out->line.data + from + 1, len - 2);
                out->line.len -= 2;
        } else if (len == 4 && memcmp(out->line.data + from, "null", 4) == 0) {
                out->line.len -= 4;
        }
}

static int put_tsv(struct clew_output *out, const void *record)
{
        bool first = true;

        for (size_t i = 0; out->fields[i].name && !out->heading_done; i++) {
                if (out->chosen >> i & 1) {
                        fprintf(out->cli->out, "%s%s", first ? "" : "\t", out->fields[i].name);
                        first = false;
                }
        }
        if (!out->heading_done)
                fputc('\n', out->cli->out);
        out->heading_done = true;
        first = true;
        clew_buffer_clear(&out->line);
        for (size_t i = 0; out->fields[i].name; i++) {
                if (!(out->chosen >> i & 1))
                        continue;
                if (!first)
                        clew_buffer_append_byte(&out->line, '\t');
                first = false;
                append_tsv(out, &out->fields[i], record);
        }
        return flush_line(out, '\n');
}

int clew_output_put(struct clew_output *out, const void *record)
{
        if (out->json)
                return put_json(out, record);
        if (out->tsv)
                return put_tsv(out, record);
        clew_buffer_clear(&out->line);
        append_tsv(out, &out->fields[0], record);
        return flush_line(out, out->end);
}

/* ---- shared parts -----------------------------------------------------------------------------
 */

void clew_write_trace_id(struct clew_json_writer *w, const struct clew_trace_id *id)
{
        clew_json_write_hex(w, clew_slice_make(id->bytes, sizeof(id->bytes)));
}

void clew_write_span_id(struct clew_json_writer *w, const struct clew_span_id *id)
{
        clew_json_write_hex(w, clew_slice_make(id->bytes, sizeof(id->bytes)));
}

void clew_write_time(struct clew_json_writer *w, uint64_t unix_ns)
{
        char text[CLEW_WHEN_TEXT];

        if (unix_ns == 0) {
                clew_json_write_null(w);
                return;
        }
        clew_when_rfc3339(unix_ns, text);
        clew_json_write_cstr(w, text);
}

void clew_write_text(struct clew_json_writer *w, struct clew_slice text)
{
        if (text.len == 0)
                clew_json_write_null(w);
        else
                clew_json_write_string(w, text);
}

void clew_write_tokens(struct clew_json_writer *w, const struct clew_tokens *tokens)
{
        const struct {
                const char *name;
                uint64_t count;
                unsigned bit;
        } counts[] = {
                {"in", tokens->in, CLEW_TOKENS_IN},
                {"out", tokens->out, CLEW_TOKENS_OUT},
                {"cache_read", tokens->cache_read, CLEW_TOKENS_CACHE_READ},
                {"cache_write", tokens->cache_write, CLEW_TOKENS_CACHE_WRITE},
                {"reasoning", tokens->reasoning, CLEW_TOKENS_REASONING},
        };
        const struct {
                const char *name;
                uint64_t count;
        } parts[] = {
                {"in_audio", tokens->in_audio},
                {"in_image", tokens->in_image},
                {"out_audio", tokens->out_audio},
                {"out_image", tokens->out_image},
        };

        clew_json_write_object_begin(w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(counts); i++) {
                if ((tokens->has & counts[i].bit) == 0)
                        continue;
                clew_json_write_key(w, counts[i].name);
                clew_json_write_uint64(w, counts[i].count);
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++) {
                if (parts[i].count == 0)
                        continue;
                clew_json_write_key(w, parts[i].name);
                clew_json_write_uint64(w, parts[i].count);
        }
        clew_json_write_key(w, "total");
        clew_json_write_uint64(w, tokens->total);
        clew_json_write_object_end(w);
}

/* An array or key-value list that is being written. */
struct level {
        struct clew_message_iter it;
        bool is_list; /* key-value list */
};

static void write_scalar(struct clew_json_writer *w, const struct clew_value *v)
{
        switch (v->type) {
        case CLEW_VALUE_STRING:
                clew_json_write_string(w, v->bytes);
                return;
        case CLEW_VALUE_BOOL:
                clew_json_write_bool(w, v->boolean);
                return;
        case CLEW_VALUE_INT:
                clew_json_write_int64(w, v->integer);
                return;
        case CLEW_VALUE_DOUBLE:
                clew_json_write_double(w, v->number);
                return;
        case CLEW_VALUE_BYTES:
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "bytes");
                clew_json_write_base64(w, v->bytes);
                clew_json_write_object_end(w);
                return;
        case CLEW_VALUE_EMPTY:
        case CLEW_VALUE_ARRAY:
        case CLEW_VALUE_KVLIST:
                break;
        }
        clew_json_write_null(w);
}

void clew_write_value(struct clew_json_writer *w, const struct clew_value *value)
{
        /* The walk admits CLEW_OTLP_DEPTH_MAX levels; deeper ones would be damage and give null. */
        struct level levels[CLEW_OTLP_DEPTH_MAX + 2];
        struct clew_value v = *value;
        unsigned depth = 0;
        bool have = true;

        do {
                struct clew_attribute pair;

                if (have && (v.type == CLEW_VALUE_ARRAY || v.type == CLEW_VALUE_KVLIST) &&
                    depth < CLEW_ARRAY_LEN(levels)) {
                        bool is_list = v.type == CLEW_VALUE_KVLIST;

                        levels[depth++] = (struct level){clew_value_elements(&v), is_list};
                        if (is_list)
                                clew_json_write_object_begin(w);
                        else
                                clew_json_write_array_begin(w);
                } else if (have) {
                        write_scalar(w, &v);
                }
                if (depth == 0)
                        return;
                if (!levels[depth - 1].is_list) {
                        have = clew_value_next(&levels[depth - 1].it, &v);
                        if (!have)
                                clew_json_write_array_end(w);
                } else {
                        have = clew_attribute_next(&levels[depth - 1].it, &pair);
                        if (have) {
                                clew_json_write_key_slice(w, pair.key);
                                v = pair.value;
                        } else {
                                clew_json_write_object_end(w);
                        }
                }
                depth -= !have;
        } while (depth > 0);
}
