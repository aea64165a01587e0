/*
 * The description of the API, made from the table of routes.
 */
#include "query/serve/call-int.h"

#include <stdio.h>
#include <string.h>

#define OPENAPI_VERSION "3.1.0"

static void member(struct clew_json_writer *w, const char *key, const char *value)
{
        clew_json_write_key(w, key);
        clew_json_write_cstr(w, value);
}

static void object(struct clew_json_writer *w, const char *key)
{
        clew_json_write_key(w, key);
        clew_json_write_object_begin(w);
}

static void put_parameter(struct clew_json_writer *w, const char *in, struct clew_slice name,
                          const char *about, const char *type, bool repeats)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "name");
        clew_json_write_string(w, name);
        member(w, "in", in);
        clew_json_write_key(w, "required");
        clew_json_write_bool(w, strcmp(in, "path") == 0);
        member(w, "description", about);
        object(w, "schema");
        if (repeats) {
                member(w, "type", "array");
                object(w, "items");
                member(w, "type", type);
                clew_json_write_object_end(w);
        } else {
                member(w, "type", type);
        }
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
}

static const char *about_path_value(struct clew_slice name)
{
        if (clew_slice_eq_cstr(name, "id"))
                return "a trace id, a prefix of 4 digits or more, @ (newest), @2";
        if (clew_slice_eq_cstr(name, "n"))
                return "a number: of a step, of an annotation";
        if (clew_slice_eq_cstr(name, "item"))
                return "id of an item, or how it begins";
        return "a name; of a dataset also NAME@VERSION";
}

static void put_path_parameters(struct clew_json_writer *w, const char *path)
{
        const char *from;

        while ((from = strchr(path, '{')) != NULL) {
                const char *end = strchr(from, '}');
                struct clew_slice name = clew_slice_make(from + 1, (size_t)(end - from) - 1);

                put_parameter(w, "path", name, about_path_value(name), "string", false);
                path = end;
        }
}

static const char *type_of(const struct clew_flag *f)
{
        return f->ret_flag ? "boolean" : f->ret_number ? "integer" : "string";
}

static void put_parameters(struct clew_json_writer *w, const struct clew_route *route)
{
        struct clew_inputs inputs;
        struct clew_flag_set set = {0};

        if (route->body == CLEW_BODY_NONE)
                clew_inputs_flags(route->inputs, &inputs, &set);
        clew_json_write_key(w, "parameters");
        clew_json_write_array_begin(w);
        put_path_parameters(w, route->path);
        for (const struct clew_flag *f = set.flags; f->name; f++)
                put_parameter(w, "query", clew_slice_of_cstr(f->name), f->help, type_of(f),
                              f->ret_values != NULL);
        clew_json_write_array_end(w);
}

static void put_members(struct clew_json_writer *w, const struct clew_route *route)
{
        struct clew_inputs inputs;
        struct clew_flag_set set = {0};

        clew_inputs_flags(route->inputs, &inputs, &set);
        member(w, "type", "object");
        clew_json_write_key(w, "additionalProperties");
        clew_json_write_bool(w, false);
        object(w, "properties");
        for (const struct clew_flag *f = set.flags; f->name; f++) {
                object(w, f->name);
                member(w, "description", f->help);
                member(w, "type", f->ret_values ? "array" : type_of(f));
                clew_json_write_object_end(w);
        }
        clew_json_write_object_end(w);
}

static void put_body(struct clew_json_writer *w, const struct clew_route *route)
{
        object(w, "requestBody");
        clew_json_write_key(w, "required");
        clew_json_write_bool(w, true);
        object(w, "content");
        object(w, "application/json");
        object(w, "schema");
        if (route->body == CLEW_BODY_MEMBERS)
                put_members(w, route);
        else if (route->body == CLEW_BODY_COMMAND)
                member(w, "description",
                       "{\"words\": [command, arguments ...]} and what the terminal is like; the "
                       "answer is frames (query/serve/command-line.h)");
        else
                member(w, "description",
                       "one annotation as clew annotate --list writes it, or an array of them");
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
}

/* The scope that a key must have; where there are no keys nothing is asked for. */
static void put_security(struct clew_json_writer *w, const struct clew_route *route)
{
        clew_json_write_key(w, "x-scopes");
        clew_json_write_array_begin(w);
        for (uint32_t scope = 1; scope <= CLEW_SCOPES_ALL; scope <<= 1) {
                if ((route->scope & scope) != 0)
                        clew_json_write_cstr(w, clew_access_word(scope));
        }
        clew_json_write_array_end(w);
}

/* A field, or with the first of a group the group: "cause.rule" is a member of "cause". */
static void put_field(struct clew_json_writer *w, const struct clew_record_field *f,
                      const struct clew_record_field *all)
{
        const char *dot = strchr(f->name, '.');
        size_t len = dot ? (size_t)(dot - f->name) + 1 : 0;

        if (dot && f > all && strncmp(f[-1].name, f->name, len) == 0)
                return;
        clew_json_write_key_slice(w, clew_slice_make(f->name, dot ? len - 1 : strlen(f->name)));
        clew_json_write_object_begin(w);
        if (dot) {
                member(w, "type", "object");
                object(w, "properties");
                for (const char *group = f->name; f->name && strncmp(f->name, group, len) == 0;
                     f++) {
                        object(w, f->name + len);
                        clew_json_write_object_end(w);
                }
                clew_json_write_object_end(w);
        }
        clew_json_write_object_end(w);
}

/* The record as a schema: the names of its fields; groups are objects. */
static void put_record(struct clew_json_writer *w, const struct clew_route *route)
{
        clew_json_write_object_begin(w);
        member(w, "type", "object");
        object(w, "properties");
        object(w, "v");
        clew_json_write_key(w, "const");
        clew_json_write_uint64(w, 1);
        clew_json_write_object_end(w);
        if (route->record) {
                object(w, "type");
                member(w, "const", route->record);
                clew_json_write_object_end(w);
        }
        for (const struct clew_record_field *f = route->fields; f && f->name; f++)
                put_field(w, f, route->fields);
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
}

static void put_list(struct clew_json_writer *w, const struct clew_route *route)
{
        clew_json_write_object_begin(w);
        member(w, "type", "object");
        object(w, "properties");
        object(w, "items");
        member(w, "type", "array");
        clew_json_write_key(w, "items");
        put_record(w, route);
        clew_json_write_object_end(w);
        object(w, "next");
        member(w, "description", "what after (or from) takes for the rest; null at the end");
        clew_json_write_object_end(w);
        object(w, "partial");
        member(w, "description", "why the list is not whole; null when it is");
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
}

/* Answers that are no JSON, or not that alone. */
#define MEDIA_MAX 3
static const struct {
        const char *path;
        const char *types[MEDIA_MAX];
} media[] = {
        {"/traces/{id}/raw", {"application/json", "application/x-protobuf"}},
        {"/traces/{id}/share", {"text/html"}},
        {"/export", {"application/x-ndjson", "text/csv"}},
        {"/live", {"text/event-stream"}},
};

static bool put_media(struct clew_json_writer *w, const struct clew_route *route)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(media); i++) {
                if (strcmp(media[i].path, route->path) != 0)
                        continue;
                for (size_t k = 0; k < MEDIA_MAX && media[i].types[k]; k++) {
                        object(w, media[i].types[k]);
                        clew_json_write_object_end(w);
                }
                return true;
        }
        return false;
}

static void put_json(struct clew_json_writer *w, const struct clew_route *route)
{
        object(w, "application/json");
        clew_json_write_key(w, "schema");
        if (route->is_list)
                put_list(w, route);
        else
                put_record(w, route);
        clew_json_write_object_end(w);
        if (!route->is_list)
                return;
        object(w, "application/x-ndjson");
        clew_json_write_key(w, "schema");
        put_record(w, route);
        clew_json_write_object_end(w);
}

static void put_responses(struct clew_json_writer *w, const struct clew_route *route)
{
        object(w, "responses");
        object(w, route->body == CLEW_BODY_NONE ? "200" : "2XX");
        member(w, "description", route->about);
        object(w, "content");
        if (!put_media(w, route))
                put_json(w, route);
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
        object(w, "default");
        member(w, "description", "a refusal, as RFC 9457 has it");
        object(w, "content");
        object(w, "application/problem+json");
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
}

int clew_serve_openapi(struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 2);

        clew_json_write_object_begin(&w);
        member(&w, "openapi", OPENAPI_VERSION);
        object(&w, "info");
        member(&w, "title", "Clew");
        member(&w, "version", CLEW_VERSION);
        clew_json_write_object_end(&w);
        clew_json_write_key(&w, "servers");
        clew_json_write_array_begin(&w);
        clew_json_write_object_begin(&w);
        member(&w, "url", "/api/v1");
        clew_json_write_object_end(&w);
        clew_json_write_array_end(&w);
        object(&w, "paths");
        for (const struct clew_route *route = clew_routes; route->path; route++) {
                /* Rows of one path follow each other. */
                if (route == clew_routes || strcmp(route[-1].path, route->path) != 0)
                        object(&w, route->path);
                object(&w, strcmp(route->method, "POST") == 0 ? "post" : "get");
                member(&w, "summary", route->about);
                put_security(&w, route);
                put_parameters(&w, route);
                if (route->body != CLEW_BODY_NONE)
                        put_body(&w, route);
                put_responses(&w, route);
                clew_json_write_object_end(&w);
                if (!route[1].path || strcmp(route[1].path, route->path) != 0)
                        clew_json_write_object_end(&w);
        }
        clew_json_write_object_end(&w);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(out, '\n');
        return clew_buffer_error(out);
}

int clew_route_openapi(struct clew_call *call)
{
        call->answer->status = 200;
        call->answer->content_type = "application/json";
        return clew_serve_openapi(&call->answer->body);
}
