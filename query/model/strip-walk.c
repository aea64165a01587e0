/*
 * A trace's bytes with stand-ins for its texts; see strip.h.
 *
 * TracesData and LogsData have one shape down to their items. Attributes are nested values: they
 * are followed with a stack of our own, no deeper than the walk that let them in. What is not known
 * here (a field of a later OTLP) is a text.
 */
#include "query/model/strip-int.h"

#include "proto/base/compiler.h"
#include "proto/base/cursor.h"
#include "proto/otlp/depth.h"
#include "proto/otlp/span.h"
#include "proto/otlp/wire.h"

#include <errno.h>
#include <string.h>

/* Levels of a nested value: each has a value and a list, a member besides. */
#define LEVELS_MAX (3 * CLEW_OTLP_DEPTH_MAX + 8)

enum any_field { ANY_STRING = 1, ANY_BOOL, ANY_INT, ANY_DOUBLE, ANY_ARRAY, ANY_KVLIST, ANY_BYTES };

enum level_type { LEVEL_ANY, LEVEL_ARRAY, LEVEL_KVLIST, LEVEL_MEMBER };

struct value_level {
        struct clew_cursor at;
        enum level_type type;
        enum clew_strip_class class;
        struct clew_slice name; /* nearest name above */
};

static uint8_t *writable(const uint8_t *p)
{
        return (uint8_t *)(uintptr_t)p;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A number becomes another one of as many bytes. */
static void replace_int(struct clew_strip_work *w, const uint8_t *from, const uint8_t *to)
{
        if (to - from <= 3) /* tag and up to two bytes: small */
                return;
        for (const uint8_t *p = from + 1; p < to; p++)
                *writable(p) = p + 1 < to ? 0x81 : 0x01;
        w->n_texts++;
        w->n_bytes += (uint64_t)(to - from - 1);
}

static void replace_double(struct clew_strip_work *w, const uint8_t *to)
{
        const double one = 1;

        memcpy(writable(to - sizeof(one)), &one, sizeof(one));
        w->n_texts++;
        w->n_bytes += sizeof(one);
}

/* @whole: the class of the attribute. Numbers of what is no text stay. */
static void take_scalar(struct clew_strip_work *w, enum clew_strip_class whole,
                        const struct value_level *l, const struct clew_field *f,
                        struct clew_slice key)
{
        bool closed = clew_strip_is_closed(whole) && clew_strip_is_closed(l->class);

        switch ((int)f->number) {
        case ANY_STRING:
                clew_strip_text(w, l->class, key, f->bytes);
                break;
        case ANY_INT:
                if (closed)
                        replace_int(w, f->start, l->at.at);
                break;
        case ANY_DOUBLE:
                if (closed && f->wire == CLEW_WIRE_FIXED64)
                        replace_double(w, l->at.at);
                break;
        case ANY_BOOL:
                break;
        default:
                if (f->wire == CLEW_WIRE_BYTES)
                        clew_strip_replace(w, f->bytes);
                break;
        }
}

/* The level below @f, or false when it is no container. */
static bool open_level(struct clew_strip_work *w, struct value_level *l, const struct clew_field *f,
                       struct value_level *ret)
{
        enum level_type type;

        if (f->wire != CLEW_WIRE_BYTES)
                return false;
        if (l->type == LEVEL_ANY && f->number == ANY_ARRAY)
                type = LEVEL_ARRAY;
        else if (l->type == LEVEL_ANY && f->number == ANY_KVLIST)
                type = LEVEL_KVLIST;
        else if (l->type == LEVEL_ARRAY && f->number == 1)
                type = LEVEL_ANY;
        else if (l->type == LEVEL_KVLIST && f->number == 1)
                type = LEVEL_MEMBER;
        else if (l->type == LEVEL_MEMBER && f->number == 2)
                type = LEVEL_ANY;
        else
                return false;
        (void)w;
        *ret = (struct value_level){clew_cursor_make(f->bytes), type, l->class, l->name};
        return true;
}

/* The name of a member: it decides how its value is taken, and may be a text itself. */
static void take_name(struct clew_strip_work *w, struct value_level *l, struct clew_slice key,
                      struct clew_slice name)
{
        enum clew_strip_class outer = l->class;

        if (outer != CLEW_STRIP_TEXT)
                l->class = clew_strip_class_of_member(outer, key, name, name);
        if (!clew_strip_name_stays(outer, name))
                clew_strip_replace(w, name);
}

static int take_value(struct clew_strip_work *w, enum clew_strip_class class, struct clew_slice key,
                      struct clew_slice any)
{
        struct value_level levels[LEVELS_MAX];
        unsigned depth = 1;

        levels[0] = (struct value_level){clew_cursor_make(any), LEVEL_ANY, class, key};
        while (depth > 0) {
                struct value_level *l = &levels[depth - 1];
                struct clew_field f;

                if (!clew_field_next(&l->at, &f)) {
                        if (l->at.failed)
                                return -EBADMSG;
                        depth--;
                } else if (depth < LEVELS_MAX && open_level(w, l, &f, &levels[depth])) {
                        depth++;
                } else if (l->type == LEVEL_ANY) {
                        take_scalar(w, class, l, &f, key);
                } else if (l->type == LEVEL_MEMBER && f.number == 1) {
                        take_name(w, l, key, f.bytes);
                } else if (f.wire == CLEW_WIRE_BYTES) {
                        clew_strip_replace(w, f.bytes);
                }
        }
        return 0;
}

static int take_attribute(struct clew_strip_work *w, struct clew_slice event, struct clew_slice raw)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_slice key = CLEW_SLICE_NULL;
        struct clew_slice value = CLEW_SLICE_NULL;
        struct clew_field f;
        int r = 0;

        while (clew_field_next(&c, &f)) {
                if (f.number == 1)
                        key = f.bytes;
                else if (f.number == 2)
                        value = f.bytes;
                else if (f.wire == CLEW_WIRE_BYTES)
                        clew_strip_replace(w, f.bytes);
        }
        /* A field that stands there twice is read by its last; all of them are texts here. */
        c = clew_cursor_make(raw);
        while (r == 0 && clew_field_next(&c, &f)) {
                if (f.number == 2 && f.wire == CLEW_WIRE_BYTES)
                        r = take_value(w,
                                       f.bytes.data == value.data ? clew_strip_class_of(event, key)
                                                                  : CLEW_STRIP_TEXT,
                                       key, f.bytes);
        }
        return c.failed ? -EBADMSG : r;
}

/* ---- messages of known fields ---------------------------------------------------------------- */

/* How a field of a message is taken. */
enum taking {
        TAKE_TEXT,     /* also what is not known */
        TAKE_AS_IT_IS, /* ids, names of versions */
        TAKE_NAME,     /* a line of it */
        TAKE_ATTRIBUTE,
        TAKE_ERROR,
        TAKE_VALUE, /* the body of a log record */
        TAKE_EVENT,
        TAKE_LINK,
        TAKE_STATUS,
};

#define FIELDS_MAX 17u

/* By number of the field. */
static const uint8_t resource_fields[FIELDS_MAX] = {[1] = TAKE_ATTRIBUTE};
static const uint8_t scope_fields[FIELDS_MAX] = {
        [1] = TAKE_NAME, [2] = TAKE_NAME, [3] = TAKE_ATTRIBUTE};
static const uint8_t span_fields[FIELDS_MAX] = {
        [1] = TAKE_AS_IT_IS, [2] = TAKE_AS_IT_IS, [3] = TAKE_AS_IT_IS,
        [4] = TAKE_AS_IT_IS, [5] = TAKE_NAME,     [9] = TAKE_ATTRIBUTE,
        [11] = TAKE_EVENT,   [13] = TAKE_LINK,    [15] = TAKE_STATUS};
static const uint8_t event_fields[FIELDS_MAX] = {[2] = TAKE_NAME, [3] = TAKE_ATTRIBUTE};
static const uint8_t link_fields[FIELDS_MAX] = {
        [1] = TAKE_AS_IT_IS, [2] = TAKE_AS_IT_IS, [3] = TAKE_AS_IT_IS, [4] = TAKE_ATTRIBUTE};
static const uint8_t status_fields[FIELDS_MAX] = {[2] = TAKE_ERROR};
static const uint8_t log_fields[FIELDS_MAX] = {
        [3] = TAKE_NAME,     [5] = TAKE_VALUE,     [6] = TAKE_ATTRIBUTE,
        [9] = TAKE_AS_IT_IS, [10] = TAKE_AS_IT_IS, [12] = TAKE_NAME};

static struct clew_slice field_of(struct clew_slice message, uint32_t number)
{
        struct clew_cursor c = clew_cursor_make(message);
        struct clew_slice found = CLEW_SLICE_NULL;
        struct clew_field f;

        while (clew_field_next(&c, &f)) {
                if (f.number == number && f.wire == CLEW_WIRE_BYTES)
                        found = f.bytes;
        }
        return found;
}

/* A message without messages of its own. */
static int take_flat(struct clew_strip_work *w, const uint8_t fields[FIELDS_MAX],
                     struct clew_slice event, struct clew_slice message)
{
        struct clew_cursor c = clew_cursor_make(message);
        struct clew_field f;
        int r = 0;

        while (r == 0 && clew_field_next(&c, &f)) {
                enum taking how = f.number < FIELDS_MAX ? (enum taking)fields[f.number] : TAKE_TEXT;

                if (f.wire != CLEW_WIRE_BYTES || how == TAKE_AS_IT_IS)
                        continue;
                if (how == TAKE_ATTRIBUTE)
                        r = take_attribute(w, event, f.bytes);
                else if (how == TAKE_VALUE)
                        r = take_value(w, CLEW_STRIP_LABEL, CLEW_SLICE_LITERAL("log-body"),
                                       f.bytes);
                else if (how == TAKE_ERROR)
                        clew_strip_error(w, f.bytes);
                else if (how != TAKE_NAME || !clew_strip_is_line(f.bytes))
                        clew_strip_replace(w, f.bytes);
        }
        return c.failed ? -EBADMSG : r;
}

static int take_span(struct clew_strip_work *w, struct clew_slice span)
{
        struct clew_cursor c = clew_cursor_make(span);
        struct clew_field f;
        int r = 0;

        while (r == 0 && clew_field_next(&c, &f)) {
                enum taking how =
                        f.number < FIELDS_MAX ? (enum taking)span_fields[f.number] : TAKE_TEXT;

                if (f.wire != CLEW_WIRE_BYTES || how == TAKE_AS_IT_IS)
                        continue;
                if (how == TAKE_ATTRIBUTE)
                        r = take_attribute(w, CLEW_SLICE_NULL, f.bytes);
                else if (how == TAKE_EVENT)
                        r = take_flat(w, event_fields, field_of(f.bytes, 2), f.bytes);
                else if (how == TAKE_LINK)
                        r = take_flat(w, link_fields, CLEW_SLICE_NULL, f.bytes);
                else if (how == TAKE_STATUS)
                        r = take_flat(w, status_fields, CLEW_SLICE_NULL, f.bytes);
                else if (how != TAKE_NAME || !clew_strip_is_line(f.bytes))
                        clew_strip_replace(w, f.bytes);
        }
        return c.failed ? -EBADMSG : r;
}

/* The name of an agent's event: field 12, an attribute, or the body. */
static struct clew_slice event_of(struct clew_slice record)
{
        struct clew_log_record log;
        struct clew_value v;

        if (!clew_log_record_parse(record, &log))
                return CLEW_SLICE_NULL;
        if (log.event_name.len > 0)
                return log.event_name;
        if (clew_attribute_find(clew_log_attributes(&log), CLEW_SLICE_LITERAL("event.name"), &v) &&
            v.type == CLEW_VALUE_STRING)
                return v.bytes;
        return CLEW_SLICE_NULL;
}

static int take_scope(struct clew_strip_work *w, bool logs, struct clew_slice scope)
{
        struct clew_cursor c = clew_cursor_make(scope);
        struct clew_field f;
        int r = 0;

        while (r == 0 && clew_field_next(&c, &f)) {
                if (f.wire != CLEW_WIRE_BYTES || f.number == CLEW_FIELD_ENVELOPE_SCHEMA_URL)
                        continue;
                if (f.number == CLEW_FIELD_ENVELOPE_HEAD)
                        r = take_flat(w, scope_fields, CLEW_SLICE_NULL, f.bytes);
                else if (f.number != CLEW_FIELD_ENVELOPE_ITEMS)
                        clew_strip_replace(w, f.bytes);
                else if (logs)
                        r = take_flat(w, log_fields, event_of(f.bytes), f.bytes);
                else
                        r = take_span(w, f.bytes);
        }
        return c.failed ? -EBADMSG : r;
}

int clew_strip_data(struct clew_strip_work *w, bool logs, struct clew_slice data)
{
        struct clew_cursor c = clew_cursor_make(data);
        struct clew_field f;
        int r = 0;

        while (r == 0 && clew_field_next(&c, &f)) {
                struct clew_cursor in = clew_cursor_make(f.bytes);
                struct clew_field g;

                if (f.number != CLEW_FIELD_DATA_RESOURCES || f.wire != CLEW_WIRE_BYTES)
                        continue;
                while (r == 0 && clew_field_next(&in, &g)) {
                        if (g.wire != CLEW_WIRE_BYTES || g.number == CLEW_FIELD_ENVELOPE_SCHEMA_URL)
                                continue;
                        if (g.number == CLEW_FIELD_ENVELOPE_HEAD)
                                r = take_flat(w, resource_fields, CLEW_SLICE_NULL, g.bytes);
                        else if (g.number == CLEW_FIELD_ENVELOPE_ITEMS ||
                                 g.number == CLEW_FIELD_RESOURCE_ITEMS_OLD)
                                r = take_scope(w, logs, g.bytes);
                        else
                                clew_strip_replace(w, g.bytes);
                }
                if (in.failed)
                        r = -EBADMSG;
        }
        return c.failed ? -EBADMSG : r;
}
