/*
 * See import-maker-int.h. Values deeper than a list of scalars travel as their JSON.
 */
#include "query/cli/import-maker-int.h"

#include "query/answer/when.h"

#include <string.h>
#include <strings.h>

bool clew_maker_open_object(struct clew_slice raw, struct clew_json_object *o)
{
        return clew_json_object_open(raw, CLEW_JSON_DEPTH_MAX, o);
}

const struct clew_json_member *clew_maker_member(const struct clew_json_object *o, const char *key)
{
        return clew_json_object_get(o, key);
}

bool clew_maker_is_list(const struct clew_json_member *m)
{
        return m && m->token == CLEW_JSON_ARRAY_BEGIN;
}

bool clew_maker_is_object(const struct clew_json_member *m)
{
        return m && m->token == CLEW_JSON_OBJECT_BEGIN;
}

bool clew_maker_open_member(const struct clew_json_object *o, const char *key,
                            struct clew_json_object *ret)
{
        const struct clew_json_member *m = clew_maker_member(o, key);

        return m && m->token == CLEW_JSON_OBJECT_BEGIN && clew_maker_open_object(m->raw, ret);
}

/* ---- making spans -----------------------------------------------------------------------------
 */

struct clew_slice clew_maker_text_of(const struct clew_maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;

        if (!m)
                return CLEW_SLICE_NULL;
        r = clew_json_reader_make(m->raw, 1);
        switch ((int)clew_json_next(&r)) {
        case CLEW_JSON_STRING:
                return clew_json_string(&r, k->arena);
        case CLEW_JSON_NUMBER:
                return r.text;
        default:
                return CLEW_SLICE_NULL;
        }
}

struct clew_slice clew_maker_text_at(const struct clew_maker *k, const struct clew_json_object *o,
                                     const char *key)
{
        return clew_maker_text_of(k, clew_maker_member(o, key));
}

bool clew_maker_number_at(const struct clew_json_object *o, const char *key, uint64_t *ret)
{
        const struct clew_json_member *m = clew_maker_member(o, key);
        struct clew_json_reader r;

        if (!m)
                return false;
        r = clew_json_reader_make(m->raw, 1);
        (void)clew_json_next(&r);
        return clew_json_uint64(&r, ret);
}

void clew_maker_put_text(struct clew_maker *k, const char *key, struct clew_slice text)
{
        if (text.len == 0)
                return;
        clew_json_write_key(&k->w, key);
        clew_json_write_string(&k->w, text);
}

void clew_maker_put_ns(struct clew_maker *k, const char *key, uint64_t ns)
{
        if (ns == 0)
                return;
        clew_json_write_key(&k->w, key);
        clew_json_write_uint64_string(&k->w, ns);
}

void clew_maker_put_id(struct clew_maker *k, const char *key, struct clew_slice id, size_t digits)
{
        char text[33];

        if (clew_slice_starts_with(id, CLEW_SLICE_LITERAL("0x")))
                id = clew_slice_from(id, 2);
        if (id.len == 0 || digits > 32)
                return;
        if (id.len > digits) { /* refused later, by its length */
                clew_maker_put_text(k, key, id);
                return;
        }
        memset(text, '0', digits - id.len);
        memcpy(text + digits - id.len, id.data, id.len);
        clew_maker_put_text(k, key, clew_slice_make(text, digits));
}

void clew_maker_put_time(struct clew_maker *k, const char *key, struct clew_slice text)
{
        char buffer[64];
        uint64_t ns;

        if (text.len == 0 || text.len >= sizeof(buffer))
                return;
        memcpy(buffer, text.data, text.len);
        buffer[text.len] = '\0';
        if (clew_when_parse(buffer, 0, true, &ns))
                clew_maker_put_ns(k, key, ns);
}

static void put_scalar(struct clew_maker *k, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);
        enum clew_json_token token = clew_json_next(&r);
        int64_t whole;

        clew_json_write_object_begin(&k->w);
        if (token == CLEW_JSON_STRING) {
                clew_json_write_key(&k->w, "stringValue");
                clew_json_write_token(&k->w, &r);
        } else if (token == CLEW_JSON_TRUE || token == CLEW_JSON_FALSE) {
                clew_json_write_key(&k->w, "boolValue");
                clew_json_write_bool(&k->w, token == CLEW_JSON_TRUE);
        } else if (token == CLEW_JSON_NUMBER && !memchr(r.text.data, '.', r.text.len) &&
                   clew_json_int64(&r, &whole)) {
                clew_json_write_key(&k->w, "intValue");
                clew_json_write_int64_string(&k->w, whole);
        } else if (token == CLEW_JSON_NUMBER) {
                clew_json_write_key(&k->w, "doubleValue");
                clew_json_write_token(&k->w, &r);
        } else if (token != CLEW_JSON_NULL && token != CLEW_JSON_END) {
                clew_json_write_key(&k->w, "stringValue");
                clew_json_write_string(&k->w, raw);
        }
        clew_json_write_object_end(&k->w);
}

/* A list of scalars stays one; anything deeper is its JSON. */
static void put_value(struct clew_maker *k, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);

        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN) {
                put_scalar(k, raw);
                return;
        }
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "arrayValue");
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "values");
        clew_json_write_array_begin(&k->w);
        while (clew_json_next_element(&r))
                put_scalar(k, clew_json_take(&r));
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
        clew_json_write_object_end(&k->w);
}

void clew_maker_put_attribute(struct clew_maker *k, struct clew_slice key, struct clew_slice raw)
{
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "key");
        clew_json_write_string(&k->w, key);
        clew_json_write_key(&k->w, "value");
        put_value(k, raw);
        clew_json_write_object_end(&k->w);
}

void clew_maker_put_dictionary(struct clew_maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;

        if (!clew_maker_is_object(m))
                return;
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_member(&r)) {
                struct clew_slice key = clew_json_string(&r, k->arena);

                clew_maker_put_attribute(k, key, clew_json_take(&r));
        }
}

void clew_maker_put_pairs(struct clew_maker *k, const struct clew_json_member *m)
{
        struct clew_json_reader r;
        struct clew_json_object pair;
        struct clew_json_object value;

        if (!clew_maker_is_list(m))
                return;
        r = clew_json_reader_make(m->raw, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                const struct clew_json_member *v;
                struct clew_slice key;

                if (!clew_maker_open_object(clew_json_take(&r), &pair))
                        continue;
                key = clew_maker_text_at(k, &pair, clew_maker_member(&pair, "key") ? "key" : "Key");
                v = clew_maker_member(&pair, clew_maker_member(&pair, "value") ? "value" : "Value");
                if (clew_maker_is_object(v) && clew_maker_open_object(v->raw, &value) &&
                    clew_maker_member(&value, "Value"))
                        v = clew_maker_member(&value, "Value");
                if (key.len > 0 && v)
                        clew_maker_put_attribute(k, key, v->raw);
        }
}

void clew_maker_put_service(struct clew_maker *k, const struct clew_json_object *o)
{
        const struct clew_json_member *m = clew_maker_member(o, "serviceName");

        if (m)
                clew_maker_put_attribute(k, CLEW_SLICE_LITERAL("service.name"), m->raw);
}

void clew_maker_begin_list(struct clew_maker *k, const char *key)
{
        clew_json_write_key(&k->w, key);
        clew_json_write_array_begin(&k->w);
}

void clew_maker_begin_request(struct clew_maker *k)
{
        clew_json_write_object_begin(&k->w);
        clew_maker_begin_list(k, "resourceSpans");
}

void clew_maker_end_request(struct clew_maker *k)
{
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
}

void clew_maker_begin_resource(struct clew_maker *k)
{
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "resource");
        clew_json_write_object_begin(&k->w);
        clew_maker_begin_list(k, "attributes");
}

void clew_maker_begin_span(struct clew_maker *k, struct clew_slice scope)
{
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
        clew_maker_begin_list(k, "scopeSpans");
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "scope");
        clew_json_write_object_begin(&k->w);
        clew_maker_put_text(k, "name", scope);
        clew_json_write_object_end(&k->w);
        clew_maker_begin_list(k, "spans");
        clew_json_write_object_begin(&k->w);
}

void clew_maker_end_span(struct clew_maker *k)
{
        clew_json_write_object_end(&k->w);
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
        clew_json_write_array_end(&k->w);
        clew_json_write_object_end(&k->w);
}

void clew_maker_put_kind(struct clew_maker *k, struct clew_slice word)
{
        static const char *const kinds[] = {"",       "INTERNAL", "SERVER",
                                            "CLIENT", "PRODUCER", "CONSUMER"};

        if (clew_slice_starts_with(word, CLEW_SLICE_LITERAL("SpanKind.")))
                word = clew_slice_from(word, sizeof("SpanKind.") - 1);
        for (uint64_t i = 1; i < CLEW_ARRAY_LEN(kinds); i++) {
                if (word.len == strlen(kinds[i]) &&
                    strncasecmp((const char *)word.data, kinds[i], word.len) == 0) {
                        clew_json_write_key(&k->w, "kind");
                        clew_json_write_uint64(&k->w, i);
                }
        }
}

void clew_maker_put_status(struct clew_maker *k, struct clew_slice word, struct clew_slice message)
{
        bool failed = word.len == 5 && strncasecmp((const char *)word.data, "ERROR", 5) == 0;
        bool good = word.len == 2 && strncasecmp((const char *)word.data, "OK", 2) == 0;

        if (!failed && !good)
                return;
        clew_json_write_key(&k->w, "status");
        clew_json_write_object_begin(&k->w);
        clew_json_write_key(&k->w, "code");
        clew_json_write_uint64(&k->w, failed ? 2 : 1);
        clew_maker_put_text(k, "message", message);
        clew_json_write_object_end(&k->w);
}
