/*
 * OTLP JSON to protobuf in one pass over the text, driven by the tables of json-schema.c.
 *
 * Fields are written in the order in which the JSON has them, so that what clew_otlp_to_json() made
 * comes back byte for byte. Fields with the default value are left out, as protobuf encoders do
 * (members of AnyValue are always written: there, presence is the meaning).
 *
 * Lengths. Protobuf wants the length of a message before its content, JSON tells it afterwards.
 * Each message gets one byte of room. If it turns out to need more (128 bytes and over), a *splice*
 * remembers where and how long; at the end one backward pass moves every byte at most once and puts
 * the lengths in. Splices lie in the order of their positions, because each message takes its slot
 * when it opens and gives it back when it proves small: everything inside a small message is small.
 * A message's final length is its bytes so far plus what the splices inside it will add (`extra`).
 *
 * Leniency. A string field (or AnyValue member) whose JSON is of another type is kept as the text
 * that was sent; an id that is neither hex nor base64 is kept as the bytes sent, so that the walk
 * refuses that span alone. Attributes that are no objects, or no list, are kept as one attribute
 * without a key whose value is the text that was sent. Whatever else does not fit inside a span or
 * log record makes that item unreadable: it is left empty, which the walk refuses and counts, and
 * its neighbours stay. Outside of items it is -EBADMSG with its place.
 */
#include "proto/otlp/json.h"

#include "proto/base/base64.h"
#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "proto/base/number.h"
#include "proto/otlp/json-int.h"

#include <errno.h>
#include <math.h>

#define VARINT_BYTES_MAX 10u
#define TAG_BYTES_MAX 2u
#define NAME_BYTES_MAX 64u /* longer keys are none of ours */
/* Message content of one call: positions in splices are 32 bits wide. */
#define CONTENT_BYTES_MAX UINT32_MAX

/* A value does not fit; job->fault says which and where. */
#define UNREADABLE (-EILSEQ)

struct splice {
        uint32_t at; /* offset of the one length byte, from the start of the output */
        uint32_t length;
};

struct frame {
        const struct clew_otlp_message *message;
        const struct clew_otlp_field *list; /* the repeated field whose array is open */
        size_t start;                       /* of the content in the buffer */
        size_t slot;                        /* index of its splice */
        size_t extra;                       /* sum of extra bytes when it opened */
        unsigned depth;                     /* of the reader inside it */
        unsigned values;                    /* AnyValues from the top to here */
        bool has_member;                    /* AnyValue: what a later member replaces */
        uint8_t hint;                       /* field number after the one last seen */
        size_t member_start;
        size_t member_slot;
        size_t member_extra;
};

struct job {
        struct clew_json_reader r;
        struct clew_buffer *out;
        size_t base; /* length of @out at the beginning */
        struct clew_buffer splices;
        size_t extra;
        struct frame frames[CLEW_OTLP_FRAMES_MAX];
        size_t n_frames;
        struct clew_error *err;
        struct clew_error fault; /* of the value that could not be read */
        struct clew_error first; /* the first that made an item unreadable */
};

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
        while (v >= 0x80) {
                *p++ = (uint8_t)(v | 0x80);
                v >>= 7;
        }
        *p++ = (uint8_t)v;
        return p;
}

/* As clew_buffer_reserve(), without the call where there is room. */
static inline uint8_t *reserve(struct job *job, size_t n)
{
        struct clew_buffer *b = job->out;

        if (CLEW_LIKELY(n <= b->capacity - b->len && !b->error && b->data))
                return b->data + b->len;
        return clew_buffer_reserve(b, n);
}

/* What lies between @start, from reserve(), and @end has been written. */
static inline void commit(struct job *job, const uint8_t *start, const uint8_t *end)
{
        job->out->len += (size_t)(end - start);
}

static struct frame *top(struct job *job)
{
        return &job->frames[job->n_frames - 1];
}

static size_t n_splices(const struct job *job)
{
        return job->splices.len / sizeof(struct splice);
}

/* The field number of a field of the top message. */
static uint32_t number_of(struct job *job, const struct clew_otlp_field *f)
{
        return (uint32_t)(f - top(job)->message->fields);
}

static uint8_t *put_tag(struct job *job, const struct clew_otlp_field *f, uint8_t *p)
{
        return put_varint(p, number_of(job, f) << 3 | clew_otlp_wire_type(f->type));
}

static int wrong_type(struct job *job, const struct clew_otlp_field *f)
{
        clew_error_set(&job->fault, -EBADMSG, job->r.offset,
                       "byte %zu: the value of %s.%s has the wrong type", job->r.offset,
                       top(job)->message->name, f->name);
        return UNREADABLE;
}

/* ---- messages ------------------------------------------------------------------------------- */

static int open_message(struct job *job, const struct clew_otlp_message *message)
{
        struct splice empty = {0};
        unsigned values =
                (job->n_frames > 0 ? top(job)->values : 0) + (message->is_any_value ? 1u : 0u);

        if (values > CLEW_OTLP_DEPTH_MAX || job->n_frames == CLEW_OTLP_FRAMES_MAX) {
                clew_error_set(&job->fault, -E2BIG, job->r.offset,
                               "byte %zu: values nested deeper than %u levels", job->r.offset,
                               CLEW_OTLP_DEPTH_MAX);
                return UNREADABLE;
        }
        job->frames[job->n_frames++] = (struct frame){
                .message = message,
                .start = job->out->len,
                .slot = n_splices(job),
                .extra = job->extra,
                .depth = job->r.depth,
                .values = values,
                .hint = 1,
        };
        if (CLEW_LIKELY(job->splices.capacity - job->splices.len >= sizeof(empty)))
                job->splices.len += sizeof(empty); /* written when the message closes */
        else
                clew_buffer_append(&job->splices, &empty, sizeof(empty));
        return 0;
}

/* Writes the tag of a sub-message of the top message, room for its length, and opens it. */
static int open_field(struct job *job, const struct clew_otlp_field *f)
{
        uint8_t *p = reserve(job, TAG_BYTES_MAX + 1);
        uint8_t *end;

        if (!p)
                return clew_buffer_error(job->out);
        end = put_tag(job, f, p);
        *end++ = 0;
        commit(job, p, end);
        return open_message(job, f->message);
}

static void close_message(struct job *job)
{
        struct frame *f = top(job);
        size_t length = job->out->len - f->start + (job->extra - f->extra);

        if (clew_buffer_error(job->out) || clew_buffer_error(&job->splices))
                return;
        if (length < 0x80) {
                job->out->data[f->start - 1] = (uint8_t)length;
                job->splices.len = f->slot * sizeof(struct splice);
        } else {
                struct splice s = {(uint32_t)(f->start - 1 - job->base), (uint32_t)length};

                memcpy(job->splices.data + f->slot * sizeof(s), &s, sizeof(s));
                job->extra += clew_varint_size(length) - 1;
        }
        job->n_frames--;
}

/* A second member of an AnyValue replaces the first, as in protobuf. */
static void begin_member(struct job *job)
{
        struct frame *f = top(job);

        if (f->has_member) {
                job->out->len = f->member_start;
                job->splices.len = f->member_slot * sizeof(struct splice);
                job->extra = f->member_extra;
        }
        f->has_member = true;
        f->member_start = job->out->len;
        f->member_slot = n_splices(job);
        f->member_extra = job->extra;
}

/* Puts the long lengths in: from the end, so that nothing is overwritten before it has moved. */
static int insert_lengths(struct job *job)
{
        size_t end = job->out->len;
        uint8_t *data;
        size_t to;

        if (job->extra == 0)
                return 0;
        if (!clew_buffer_reserve(job->out, job->extra))
                return clew_buffer_error(job->out);
        data = job->out->data;
        to = end + job->extra;
        for (size_t i = n_splices(job); i > 0; i--) {
                struct splice s;
                size_t at;
                size_t n;

                memcpy(&s, job->splices.data + (i - 1) * sizeof(s), sizeof(s));
                if (s.length == 0)
                        continue; /* the root */
                at = job->base + s.at;
                n = end - (at + 1);
                to -= n;
                memmove(data + to, data + at + 1, n);
                to -= clew_varint_size(s.length);
                put_varint(data + to, s.length);
                end = at;
        }
        CLEW_ASSERT(to == end);
        clew_buffer_commit(job->out, job->extra);
        return 0;
}

/* ---- scalars -------------------------------------------------------------------------------- */

/* Writes a field of wire type 2; the text is decoded in place when it has escapes. */
static int put_bytes(struct job *job, const struct clew_otlp_field *f, struct clew_slice text,
                     bool escaped)
{
        uint8_t *p = reserve(job, TAG_BYTES_MAX + VARINT_BYTES_MAX + text.len + 8);
        uint8_t *at;
        unsigned room = clew_varint_size(text.len);
        size_t n = text.len;

        if (!p)
                return clew_buffer_error(job->out);
        at = put_tag(job, f, p);
        if (escaped)
                n = clew_json_decode(text, at + room);
        else if (n)
                memcpy(at + room, text.data, n);
        if (clew_varint_size(n) != room)
                memmove(at + clew_varint_size(n), at + room, n);
        at = put_varint(at, n) + n;
        commit(job, p, at);
        return 0;
}

static int put_varint_field(struct job *job, const struct clew_otlp_field *f, uint64_t v)
{
        uint8_t *p = reserve(job, TAG_BYTES_MAX + VARINT_BYTES_MAX);

        if (!p)
                return clew_buffer_error(job->out);
        commit(job, p, put_varint(put_tag(job, f, p), v));
        return 0;
}

static int put_fixed_field(struct job *job, const struct clew_otlp_field *f, uint64_t v)
{
        uint8_t *p = reserve(job, TAG_BYTES_MAX + sizeof(v));
        uint8_t *at;

        if (!p)
                return clew_buffer_error(job->out);
        at = put_tag(job, f, p);
        for (size_t n = clew_otlp_wire_type(f->type) == 5 ? 4 : 8; n > 0; n--, v >>= 8)
                *at++ = (uint8_t)v;
        commit(job, p, at);
        return 0;
}

/* Whole part of any number that is sent for an unsigned field, brought into 0 .. @max. */
static bool read_unsigned(const struct clew_json_reader *r, uint64_t max, uint64_t *ret)
{
        double v;

        if (!clew_json_uint64(r, ret)) {
                if (!clew_json_double(r, &v) || isnan(v))
                        return false;
                *ret = v <= 0 ? 0 : v >= 0x1p64 ? UINT64_MAX : (uint64_t)v;
        }
        if (*ret > max)
                *ret = max;
        return true;
}

static bool read_enum(const struct clew_json_reader *r, const struct clew_otlp_enum *names,
                      uint64_t *ret)
{
        size_t prefix = strlen(names->prefix);
        int64_t v;

        if (clew_json_int64(r, &v) && v >= INT32_MIN && v <= INT32_MAX) {
                *ret = (uint64_t)v; /* sign extended, as protobuf has it */
                return true;
        }
        for (size_t i = 0; i < names->n; i++) {
                if (clew_json_text_is(r, names->names[i].name) ||
                    clew_json_text_is(r, names->names[i].name + prefix)) {
                        *ret = names->names[i].value;
                        return true;
                }
        }
        return false;
}

static bool read_bool(const struct clew_json_reader *r, uint64_t *ret)
{
        bool is_true = r->token == CLEW_JSON_TRUE || clew_json_text_is(r, "true");

        *ret = is_true;
        return is_true || r->token == CLEW_JSON_FALSE || clew_json_text_is(r, "false");
}

static bool read_double(const struct clew_json_reader *r, uint64_t *ret)
{
        double v;

        if (r->token == CLEW_JSON_NULL)
                v = (double)NAN; /* what JSON.stringify() makes of NaN and the infinities */
        else if (!clew_json_double(r, &v))
                return false;
        memcpy(ret, &v, sizeof(v));
        return true;
}

/* An id as [1, 2, ...]. */
static int put_id_array(struct job *job, const struct clew_otlp_field *f)
{
        uint8_t id[CLEW_TRACE_ID_BYTES];
        size_t n = 0;

        while (clew_json_next_element(&job->r)) {
                uint64_t v;

                if (n == sizeof(id) || !clew_json_uint64(&job->r, &v) || v > 255)
                        return wrong_type(job, f);
                id[n++] = (uint8_t)v;
        }
        return n ? put_bytes(job, f, clew_slice_make(id, n), false) : 0;
}

static int put_id(struct job *job, const struct clew_otlp_field *f)
{
        struct clew_slice text = job->r.text;
        size_t n = f->type == CLEW_OTLP_TRACE_ID ? CLEW_TRACE_ID_BYTES : CLEW_SPAN_ID_BYTES;
        uint8_t id[CLEW_TRACE_ID_BYTES];
        CLEW_BUFFER decoded = {0};

        if (text.len == 0)
                return 0;
        if (clew_hex_decode(text, id, n))
                return put_bytes(job, f, clew_slice_make(id, n), false);
        if (clew_base64_decoded_length(text) == n) {
                clew_buffer_init(&decoded, CLEW_TRACE_ID_BYTES);
                if (clew_base64_decode(text, &decoded) && decoded.len == n)
                        return put_bytes(job, f, clew_buffer_slice(&decoded), false);
        }
        return put_bytes(job, f, text, job->r.escaped);
}

static int put_base64(struct job *job, const struct clew_otlp_field *f)
{
        uint8_t *p = reserve(job, TAG_BYTES_MAX + VARINT_BYTES_MAX);
        size_t before = job->out->len;
        uint8_t *at;

        if (!p)
                return clew_buffer_error(job->out);
        at = put_varint(put_tag(job, f, p), clew_base64_decoded_length(job->r.text));
        commit(job, p, at);
        if (clew_base64_decode(job->r.text, job->out))
                return clew_buffer_error(job->out);
        job->out->len = before;
        return -EINVAL;
}

/* The value as the text that was sent. */
static int put_as_text(struct job *job, const struct clew_otlp_field *f)
{
        bool is_string = job->r.token == CLEW_JSON_STRING;
        bool escaped = is_string && job->r.escaped;
        struct clew_slice text = is_string ? job->r.text : clew_json_take(&job->r);

        return put_bytes(job, f, text, escaped);
}

/* One scalar of the top message. -EINVAL when the token does not fit the field. */
static int put_scalar(struct job *job, const struct clew_otlp_field *f)
{
        bool keep_default = f->repeated || top(job)->message->is_any_value;
        const struct clew_json_reader *r = &job->r;
        uint64_t v = 0;
        bool ok = false;

        switch ((enum clew_otlp_type)f->type) {
        case CLEW_OTLP_STRING:
                if (r->token != CLEW_JSON_STRING)
                        return put_as_text(job, f);
                return r->text.len || keep_default ? put_bytes(job, f, r->text, r->escaped) : 0;
        case CLEW_OTLP_BYTES:
                return r->token == CLEW_JSON_STRING && !r->escaped ? put_base64(job, f) : -EINVAL;
        case CLEW_OTLP_TRACE_ID:
        case CLEW_OTLP_SPAN_ID:
                return r->token == CLEW_JSON_STRING ? put_id(job, f) : -EINVAL;
        case CLEW_OTLP_BOOL:
                ok = read_bool(r, &v);
                break;
        case CLEW_OTLP_INT64:
                ok = clew_json_int64(r, (int64_t *)&v);
                break;
        case CLEW_OTLP_ENUM:
                ok = read_enum(r, f->names, &v);
                break;
        case CLEW_OTLP_UINT32:
        case CLEW_OTLP_FIXED32:
                ok = read_unsigned(r, UINT32_MAX, &v);
                break;
        case CLEW_OTLP_FIXED64:
                ok = read_unsigned(r, UINT64_MAX, &v);
                break;
        case CLEW_OTLP_DOUBLE:
                ok = read_double(r, &v);
                break;
        case CLEW_OTLP_MESSAGE:
                break;
        }
        if (!ok)
                return -EINVAL;
        if (v == 0 && !keep_default)
                return 0;
        if (clew_otlp_wire_type(f->type) == 0)
                return put_varint_field(job, f, v);
        return put_fixed_field(job, f, v);
}

/* A bare JSON scalar where an AnyValue object belongs: "value": 5. */
static int put_bare_value(struct job *job, const struct clew_otlp_field *f)
{
        const struct clew_otlp_field *members = f->message->fields;
        int64_t integer;
        int ret = open_field(job, f);

        if (ret < 0)
                return ret;
        switch (job->r.token) {
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
                ret = put_scalar(job, &members[2]);
                break;
        case CLEW_JSON_NUMBER:
                ret = put_scalar(job,
                                 clew_json_int64(&job->r, &integer) ? &members[3] : &members[4]);
                break;
        case CLEW_JSON_NULL:
                close_message(job); /* an empty value */
                return 0;
        case CLEW_JSON_STRING:
        case CLEW_JSON_ARRAY_BEGIN:
        case CLEW_JSON_OBJECT_BEGIN:
        case CLEW_JSON_KEY:
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_END:
        case CLEW_JSON_END:
                ret = -EINVAL;
                break;
        }
        if (ret == -EINVAL)
                ret = put_as_text(job, &members[1]);
        close_message(job);
        return ret;
}

/* Something else in the place of an attribute, or of all of them: its text, without a key. */
static int put_raw_attribute(struct job *job, const struct clew_otlp_field *f)
{
        const struct clew_otlp_field *value = &f->message->fields[2];
        int ret = open_field(job, f);

        if (ret < 0)
                return ret;
        ret = open_field(job, value);
        if (ret < 0)
                return ret;
        ret = put_as_text(job, &value->message->fields[1]);
        close_message(job);
        close_message(job);
        return ret;
}

/* Something else in the place of a span or log record: an empty one, which the walk refuses. */
static int put_empty_item(struct job *job, const struct clew_otlp_field *f)
{
        int ret;

        (void)wrong_type(job, f);
        if (job->first.code == 0)
                job->first = job->fault;
        (void)clew_json_take(&job->r);
        ret = open_field(job, f);
        if (ret == 0)
                close_message(job);
        return ret;
}

/* ---- structure ------------------------------------------------------------------------------ */

static const struct clew_otlp_field *find_exact(struct frame *f, struct clew_slice name)
{
        const struct clew_otlp_message *m = f->message;
        uint8_t number = f->hint;

        /* Senders keep to one order: the next field is most often the one behind the last. */
        for (uint8_t i = 0; i < m->n_fields; i++, number++) {
                const struct clew_otlp_field *field;

                if (number >= m->n_fields)
                        number = 0;
                field = &m->fields[number];
                if (field->name_len == name.len && memcmp(field->name, name.data, name.len) == 0) {
                        f->hint = (uint8_t)(number + 1);
                        return field;
                }
        }
        return NULL;
}

/* The field of a name that OTLP had before version 0.15, in 2022, and that some still send. */
static const struct clew_otlp_field *find_present(struct job *job, struct clew_slice key)
{
        static const struct {
                const char *before;
                const char *now;
        } names[] = {
                {"instrumentationLibrarySpans", "scopeSpans"},
                {"instrumentationLibraryLogs", "scopeLogs"},
                {"instrumentationLibrary", "scope"},
        };

        if (!clew_slice_starts_with(key, CLEW_SLICE_LITERAL("instrumentationLibrary")))
                return NULL;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                if (clew_slice_eq_cstr(key, names[i].before))
                        return find_exact(top(job), clew_slice_of_cstr(names[i].now));
        }
        return NULL;
}

/* The field with the key just read; lowerCamelCase or snake_case. NULL = not in the tables. */
static const struct clew_otlp_field *find_field(struct job *job)
{
        struct clew_slice key = job->r.text;
        uint8_t decoded[NAME_BYTES_MAX + 8];
        const struct clew_otlp_field *f;
        size_t n = 0;

        if (key.len == 0 || key.len > NAME_BYTES_MAX)
                return NULL;
        if (job->r.escaped)
                key = clew_slice_make(decoded, clew_json_decode(key, decoded));
        f = find_exact(top(job), key);
        if (!f)
                f = find_present(job, key);
        if (f || !memchr(key.data, '_', key.len))
                return f;
        for (size_t i = 0; i < key.len; i++) {
                uint8_t c = key.data[i];

                if (c == '_' && i + 1 < key.len && key.data[i + 1] >= 'a' && key.data[i + 1] <= 'z')
                        c = (uint8_t)(key.data[++i] - 'a' + 'A');
                decoded[n++] = c;
        }
        key = clew_slice_make(decoded, n);
        f = find_exact(top(job), key);
        return f ? f : find_present(job, key);
}

static int bad_unknown(struct job *job, size_t offset)
{
        clew_error_set(&job->fault, -EBADMSG, offset,
                       "byte %zu: " CLEW_OTLP_JSON_UNKNOWN " is not base64 of protobuf fields",
                       offset);
        return UNREADABLE;
}

/* "unknownFields": raw protobuf fields of the top message. */
static int put_unknown(struct job *job)
{
        struct frame *f = top(job);
        const struct clew_otlp_message *m = f->message;
        size_t start;
        size_t at = 0;
        struct clew_otlp_wire w;
        CLEW_BUFFER raw = {0};

        clew_json_next(&job->r);
        start = job->r.offset;
        clew_buffer_init(&raw, job->out->max_bytes);
        if (job->r.token != CLEW_JSON_STRING || job->r.escaped ||
            !clew_base64_decode(job->r.text, &raw))
                return bad_unknown(job, start);
        if (clew_buffer_error(&raw))
                return clew_buffer_error(&raw);
        while (at < raw.len) {
                bool first = at == 0;

                if (!clew_otlp_wire_next(clew_buffer_slice(&raw), &at, &w))
                        return bad_unknown(job, start);
                /* The exact form of a member that JSON cannot show exactly. */
                if (first && m->is_any_value && w.number < m->n_fields && m->fields[w.number].name)
                        begin_member(job);
        }
        f->has_member = false;
        clew_buffer_append_slice(job->out, clew_buffer_slice(&raw));
        return clew_buffer_error(job->out);
}

static bool is_id(const struct clew_otlp_field *f)
{
        return f->type == CLEW_OTLP_TRACE_ID || f->type == CLEW_OTLP_SPAN_ID;
}

/* The value (or list element) that begins with the current token. */
static int put_value(struct job *job, const struct clew_otlp_field *f)
{
        struct frame *in = top(job);
        bool in_list = in->list != NULL;
        bool is_any = f->message && f->message->is_any_value;
        int ret;

        if (job->r.token == CLEW_JSON_NULL && !(in_list && is_any) &&
            (f->type != CLEW_OTLP_DOUBLE || in->has_member))
                return 0;
        if (in->message->is_any_value)
                begin_member(job);
        if (f->repeated && !in_list) {
                if (job->r.token != CLEW_JSON_ARRAY_BEGIN)
                        return f->message && f->message->is_attribute ? put_raw_attribute(job, f)
                                                                      : wrong_type(job, f);
                in->list = f;
                return 0;
        }
        if (job->r.token == CLEW_JSON_ARRAY_BEGIN && is_id(f))
                return put_id_array(job, f);
        if (f->type == CLEW_OTLP_MESSAGE) {
                if (job->r.token == CLEW_JSON_OBJECT_BEGIN)
                        return open_field(job, f);
                if (is_any)
                        return put_bare_value(job, f);
                if (f->message && f->message->is_attribute)
                        return put_raw_attribute(job, f);
                if (f->message && f->message->is_item)
                        return put_empty_item(job, f);
                ret = -EINVAL;
        } else {
                ret = put_scalar(job, f);
        }
        if (ret != -EINVAL)
                return ret;
        return in->message->is_any_value ? put_as_text(job, &in->message->fields[1])
                                         : wrong_type(job, f);
}

static int put_member(struct job *job)
{
        const struct clew_otlp_field *f;

        f = find_field(job);
        if (!f && clew_json_text_is(&job->r, CLEW_OTLP_JSON_UNKNOWN))
                return put_unknown(job);
        if (!f) {
                clew_json_skip(&job->r);
                return 0;
        }
        clew_json_next(&job->r);
        return put_value(job, f);
}

/* Leaves the item around the place of job->fault empty, and goes on behind it. */
static int drop_item(struct job *job)
{
        struct frame *f;

        while (job->n_frames > 0 && !top(job)->message->is_item)
                job->n_frames--;
        if (job->n_frames == 0) {
                if (job->err)
                        *job->err = job->fault;
                return job->fault.code;
        }
        f = top(job);
        while (job->r.depth >= f->depth && job->r.token != CLEW_JSON_END)
                clew_json_next(&job->r);
        job->out->len = f->start;
        job->splices.len = (f->slot + 1) * sizeof(struct splice);
        job->extra = f->extra;
        close_message(job);
        if (job->first.code == 0)
                job->first = job->fault;
        return 0;
}

static int read_messages(struct job *job)
{
        int ret = 0;

        while (ret == 0 && job->n_frames > 0) {
                switch (clew_json_next(&job->r)) {
                case CLEW_JSON_KEY:
                        ret = put_member(job);
                        break;
                case CLEW_JSON_OBJECT_END:
                        if (job->n_frames == 1)
                                job->n_frames = 0;
                        else
                                close_message(job);
                        break;
                case CLEW_JSON_ARRAY_END:
                        top(job)->list = NULL;
                        break;
                case CLEW_JSON_OBJECT_BEGIN:
                case CLEW_JSON_ARRAY_BEGIN:
                case CLEW_JSON_STRING:
                case CLEW_JSON_NUMBER:
                case CLEW_JSON_TRUE:
                case CLEW_JSON_FALSE:
                case CLEW_JSON_NULL:
                        ret = put_value(job, top(job)->list);
                        break;
                case CLEW_JSON_END:
                        ret = -EBADMSG; /* cannot be: the reader closes what is open */
                        break;
                }
                if (ret == UNREADABLE)
                        ret = drop_item(job);
                if (ret == 0)
                        ret = clew_buffer_error(job->out);
                if (ret == 0)
                        ret = clew_buffer_error(&job->splices);
                if (ret == 0 && job->r.status > CLEW_JSON_COMPLETE)
                        ret = clew_json_reader_error(&job->r, job->err);
        }
        return ret;
}

static int convert(struct job *job, enum clew_otlp_signal signal)
{
        int ret;

        if (clew_json_next(&job->r) != CLEW_JSON_OBJECT_BEGIN) {
                if (job->r.status > CLEW_JSON_COMPLETE)
                        return clew_json_reader_error(&job->r, job->err);
                return clew_error_set(job->err, -EBADMSG, job->r.offset,
                                      "byte %zu: expected a JSON object", job->r.offset);
        }
        ret = open_message(job, clew_otlp_json_root(signal));
        if (ret == 0)
                ret = read_messages(job);
        if (ret < 0)
                return ret;
        clew_json_next(&job->r);
        ret = clew_json_reader_error(&job->r, job->err);
        return ret < 0 ? ret : insert_lengths(job);
}

int clew_otlp_from_json(struct clew_slice json, enum clew_otlp_signal signal,
                        struct clew_buffer *out, struct clew_error *err)
{
        struct job job;
        int ret;

        if (clew_buffer_error(out))
                return clew_buffer_error(out);
        if (json.len > CONTENT_BYTES_MAX / 2)
                return clew_error_set(err, -E2BIG, 0, "JSON of %zu bytes; the limit is %u",
                                      json.len, CONTENT_BYTES_MAX / 2);
        job.r = clew_json_reader_make(json, CLEW_JSON_DEPTH_MAX);
        clew_json_skip_mark(&job.r);
        job.out = out;
        job.base = out->len;
        job.extra = 0;
        job.n_frames = 0;
        job.err = err;
        job.first.code = 0;
        /* Only messages of 128 bytes and over keep a splice; nested ones cost 10 bytes of text. */
        clew_buffer_init(&job.splices, json.len + CLEW_OTLP_FRAMES_MAX * sizeof(struct splice) * 4);
        ret = convert(&job, signal);
        clew_buffer_deinit(&job.splices);
        if (ret < 0)
                out->len = job.base;
        else if (err && job.first.code != 0)
                clew_error_set(err, 0, job.first.offset, "%s", job.first.message);
        return ret;
}
