/*
 * One writer of OTLP JSON for the readers of other forms (import-forms.c, import-console.c):
 * objects read member by member, spans written field by field. What a form does not say is left
 * out.
 */
#ifndef CLEW_QUERY_CLI_IMPORT_MAKER_INT_H
#define CLEW_QUERY_CLI_IMPORT_MAKER_INT_H

#include "proto/base/arena.h"
#include "proto/base/json-object.h"
#include "proto/base/json.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_maker {
        struct clew_json_writer w;
        struct clew_arena *arena;
};

bool clew_maker_open_object(struct clew_slice raw, struct clew_json_object *o);
const struct clew_json_member *clew_maker_member(const struct clew_json_object *o, const char *key);
bool clew_maker_is_list(const struct clew_json_member *m);
bool clew_maker_is_object(const struct clew_json_member *m);
bool clew_maker_open_member(const struct clew_json_object *o, const char *key,
                            struct clew_json_object *ret);
/* The decoded text of a string, the text of a number; empty for anything else. */
struct clew_slice clew_maker_text_of(const struct clew_maker *k, const struct clew_json_member *m);
struct clew_slice clew_maker_text_at(const struct clew_maker *k, const struct clew_json_object *o,
                                     const char *key);
bool clew_maker_number_at(const struct clew_json_object *o, const char *key, uint64_t *ret);
void clew_maker_put_text(struct clew_maker *k, const char *key, struct clew_slice text);
void clew_maker_put_ns(struct clew_maker *k, const char *key, uint64_t ns);
/* Hex of any length up to @digits, with or without 0x, filled up with zeros in front. */
void clew_maker_put_id(struct clew_maker *k, const char *key, struct clew_slice id, size_t digits);
void clew_maker_put_time(struct clew_maker *k, const char *key, struct clew_slice text);
void clew_maker_put_attribute(struct clew_maker *k, struct clew_slice key, struct clew_slice raw);
/* {"name":value,...} */
void clew_maker_put_dictionary(struct clew_maker *k, const struct clew_json_member *m);
/* [{"key":"k","value":v}], [{"Key":"k","Value":{"Type":"STRING","Value":v}}] */
void clew_maker_put_pairs(struct clew_maker *k, const struct clew_json_member *m);
/* Jaeger's process, Zipkin's endpoint. */
void clew_maker_put_service(struct clew_maker *k, const struct clew_json_object *o);
void clew_maker_begin_list(struct clew_maker *k, const char *key);
/* {"resourceSpans":[ */
void clew_maker_begin_request(struct clew_maker *k);
void clew_maker_end_request(struct clew_maker *k);
/* {"resource":{"attributes":[ ... the caller's attributes */
void clew_maker_begin_resource(struct clew_maker *k);
/* ]},"scopeSpans":[{"scope":{"name":...},"spans":[{ */
void clew_maker_begin_span(struct clew_maker *k, struct clew_slice scope);
void clew_maker_end_span(struct clew_maker *k);
void clew_maker_put_kind(struct clew_maker *k, struct clew_slice word);
void clew_maker_put_status(struct clew_maker *k, struct clew_slice word, struct clew_slice message);

/* The console exporters' spans: of Python (and Phoenix), Go and JavaScript. @context is the member
 * of @o that holds the ids. */
void clew_console_python(struct clew_maker *k, const struct clew_json_object *o,
                         const struct clew_json_object *context);
void clew_console_go(struct clew_maker *k, const struct clew_json_object *o,
                     const struct clew_json_object *context);
void clew_console_js(struct clew_maker *k, const struct clew_json_object *o);

#endif
