/*
 * OTLP protobuf to JSON, driven by the tables of json-schema.c; iterative, linear.
 *
 * Members come in the order in which their fields first appear. A repeated field is gathered into
 * one array at its first appearance; each message is therefore read once to index it and once more
 * for each of its (at most three) repeated fields.
 *
 * Nothing is lost. What JSON cannot say exactly (invalid UTF-8, a NaN with a payload, an id of odd
 * length, a field that is set twice where protobuf would merge, fields unknown to the tables) is
 * also, or only, given in "unknownFields" at the end of its object.
 */
#include "proto/otlp/json.h"

#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "proto/base/utf8.h"
#include "proto/otlp/json-int.h"

#include <errno.h>
#include <math.h>

struct frame {
        const struct clew_otlp_message *message;
        struct clew_slice bytes;
        size_t at;                                     /* next field in order of appearance */
        const struct clew_otlp_field *list;            /* the array that is open */
        size_t list_at;                                /* next field to look at for it */
        struct clew_slice last[CLEW_OTLP_NUMBERS_MAX]; /* last occurrence, tag included */
        uint32_t done;                                 /* field numbers that have been written */
        uint32_t raw;     /* field numbers that go to unknownFields as well */
        bool has_unknown; /* something goes to unknownFields */
};

struct job {
        struct clew_json_writer w;
        struct clew_buffer unknown;
        struct frame frames[CLEW_OTLP_FRAMES_MAX];
        size_t n_frames;
};

static uint32_t bit(uint32_t number)
{
        return UINT32_C(1) << number;
}

/* The table entry for @w, NULL when unknown or of another wire type. */
static const struct clew_otlp_field *field_of(const struct clew_otlp_message *m,
                                              const struct clew_otlp_wire *w)
{
        const struct clew_otlp_field *f;

        if (w->number >= m->n_fields)
                return NULL;
        f = &m->fields[w->number];
        return f->name && clew_otlp_wire_type(f->type) == w->type ? f : NULL;
}

/* Notes the last occurrence of each field, and what needs unknownFields. */
static int index_message(struct frame *f)
{
        const struct clew_otlp_message *m = f->message;
        struct clew_otlp_wire w;
        uint32_t seen = 0;
        uint32_t last_number = 0;
        size_t at = 0;

        while (at < f->bytes.len) {
                const struct clew_otlp_field *field;

                if (!clew_otlp_wire_next(f->bytes, &at, &w))
                        return -EBADMSG;
                field = field_of(m, &w);
                if (!field) {
                        f->has_unknown = true;
                        continue;
                }
                /* Protobuf merges a repeated singular message; all but the first are kept raw. An
                 * AnyValue with several members shows the last and keeps all raw. */
                if (m->is_any_value && seen) {
                        f->raw |= seen | bit(w.number);
                        f->done |= seen;
                        f->has_unknown = true;
                } else if (field->type == CLEW_OTLP_MESSAGE && !field->repeated &&
                           (seen & bit(w.number))) {
                        f->has_unknown = true;
                        continue;
                }
                seen |= bit(w.number);
                last_number = w.number;
                f->last[w.number] = w.raw;
        }
        if (m->is_any_value)
                f->done &= ~bit(last_number);
        return 0;
}

static int open_message(struct job *job, const struct clew_otlp_message *message,
                        struct clew_slice bytes)
{
        struct frame *f;

        if (job->n_frames == CLEW_OTLP_FRAMES_MAX)
                return -E2BIG;
        f = &job->frames[job->n_frames++];
        f->message = message;
        f->bytes = bytes;
        f->at = 0;
        f->list = NULL;
        f->list_at = 0;
        f->done = 0;
        f->raw = 0;
        f->has_unknown = false;
        clew_json_write_object_begin(&job->w);
        return index_message(f);
}

/* Whether @w goes to unknownFields of @f. */
static bool is_raw(const struct frame *f, const struct clew_otlp_wire *w)
{
        const struct clew_otlp_field *field = field_of(f->message, w);
        bool is_last;

        if (!field)
                return true;
        is_last = w->raw.data == f->last[w->number].data;
        if (f->raw & bit(w->number))
                return is_last || f->message->is_any_value;
        return field->type == CLEW_OTLP_MESSAGE && !field->repeated && !is_last;
}

static int close_message(struct job *job)
{
        struct frame *f = &job->frames[job->n_frames - 1];
        struct clew_otlp_wire w;
        size_t at = 0;

        if (f->has_unknown) {
                clew_buffer_clear(&job->unknown);
                while (at < f->bytes.len && clew_otlp_wire_next(f->bytes, &at, &w)) {
                        if (is_raw(f, &w))
                                clew_buffer_append_slice(&job->unknown, w.raw);
                }
                if (clew_buffer_error(&job->unknown))
                        return clew_buffer_error(&job->unknown);
                clew_json_write_key(&job->w, CLEW_OTLP_JSON_UNKNOWN);
                clew_json_write_base64(&job->w, clew_buffer_slice(&job->unknown));
        }
        clew_json_write_object_end(&job->w);
        job->n_frames--;
        return 0;
}

/* Also gives the field @number of the top message raw. */
static void keep_raw(struct frame *f, uint32_t number)
{
        f->raw |= bit(number);
        f->has_unknown = true;
}

static void write_double(struct job *job, struct frame *f, const struct clew_otlp_wire *w)
{
        const double plain_nan = (double)NAN;
        double v;

        memcpy(&v, &w->value, sizeof(v));
        if (isnan(v) && memcmp(&v, &plain_nan, sizeof(v)) != 0)
                keep_raw(f, w->number);
        clew_json_write_double(&job->w, v);
}

static void write_scalar(struct job *job, struct frame *f, const struct clew_otlp_field *field,
                         const struct clew_otlp_wire *w)
{
        switch ((enum clew_otlp_type)field->type) {
        case CLEW_OTLP_STRING:
                if (!clew_utf8_valid(w->bytes) && !field->repeated)
                        keep_raw(f, w->number);
                clew_json_write_string(&job->w, w->bytes);
                break;
        case CLEW_OTLP_BYTES:
                clew_json_write_base64(&job->w, w->bytes);
                break;
        case CLEW_OTLP_TRACE_ID:
        case CLEW_OTLP_SPAN_ID:
                clew_json_write_hex(&job->w, w->bytes);
                break;
        case CLEW_OTLP_BOOL:
                clew_json_write_bool(&job->w, w->value != 0);
                break;
        case CLEW_OTLP_INT64:
                clew_json_write_int64_string(&job->w, (int64_t)w->value);
                break;
        case CLEW_OTLP_UINT32:
        case CLEW_OTLP_FIXED32:
                clew_json_write_uint64(&job->w, (uint32_t)w->value);
                break;
        case CLEW_OTLP_ENUM:
                clew_json_write_int64(&job->w, (int32_t)(uint32_t)w->value);
                break;
        case CLEW_OTLP_DOUBLE:
                write_double(job, f, w);
                break;
        case CLEW_OTLP_FIXED64:
                clew_json_write_uint64_string(&job->w, w->value);
                break;
        case CLEW_OTLP_MESSAGE:
                break;
        }
}

/* An id whose hex form would not be read back as an id. */
static bool is_odd_id(const struct clew_otlp_field *field, const struct clew_otlp_wire *w)
{
        if (field->type == CLEW_OTLP_TRACE_ID)
                return w->bytes.len != CLEW_TRACE_ID_BYTES;
        return field->type == CLEW_OTLP_SPAN_ID && w->bytes.len != CLEW_SPAN_ID_BYTES;
}

/* The first appearance of a field: its key and value, or the begin of its array. */
static int write_member(struct job *job, const struct clew_otlp_field *field,
                        struct clew_otlp_wire *w)
{
        struct frame *f = &job->frames[job->n_frames - 1];
        size_t at = 0;

        f->done |= bit(w->number);
        if (field->repeated) {
                f->list = field;
                f->list_at = (size_t)(w->raw.data - f->bytes.data);
                clew_json_write_key_slice(&job->w, clew_slice_make(field->name, field->name_len));
                clew_json_write_array_begin(&job->w);
                return 0;
        }
        if (field->type != CLEW_OTLP_MESSAGE) { /* the last one counts */
                if (!clew_otlp_wire_next(f->last[w->number], &at, w))
                        return -EBADMSG;
                if (is_odd_id(field, w)) {
                        if (w->bytes.len)
                                keep_raw(f, w->number);
                        return 0;
                }
        } else if (f->message->is_any_value) {
                if (!clew_otlp_wire_next(f->last[w->number], &at, w))
                        return -EBADMSG;
        }
        clew_json_write_key_slice(&job->w, clew_slice_make(field->name, field->name_len));
        if (field->type == CLEW_OTLP_MESSAGE)
                return open_message(job, field->message, w->bytes);
        write_scalar(job, f, field, w);
        return 0;
}

/* The next element of the open array, or its end. */
static int write_element(struct job *job)
{
        struct frame *f = &job->frames[job->n_frames - 1];
        const struct clew_otlp_field *field = f->list;
        struct clew_otlp_wire w;

        while (f->list_at < f->bytes.len) {
                if (!clew_otlp_wire_next(f->bytes, &f->list_at, &w))
                        return -EBADMSG;
                if (field_of(f->message, &w) != field)
                        continue;
                if (field->type == CLEW_OTLP_MESSAGE)
                        return open_message(job, field->message, w.bytes);
                write_scalar(job, f, field, &w);
                return 0;
        }
        f->list = NULL;
        clew_json_write_array_end(&job->w);
        return 0;
}

static int step(struct job *job)
{
        struct frame *f = &job->frames[job->n_frames - 1];
        const struct clew_otlp_field *field;
        struct clew_otlp_wire w;

        if (f->list)
                return write_element(job);
        while (f->at < f->bytes.len) {
                if (!clew_otlp_wire_next(f->bytes, &f->at, &w))
                        return -EBADMSG;
                field = field_of(f->message, &w);
                if (field && !(f->done & bit(w.number)))
                        return write_member(job, field, &w);
        }
        return close_message(job);
}

int clew_otlp_to_json(struct clew_slice data, enum clew_otlp_signal signal, struct clew_buffer *out)
{
        size_t base = out->len;
        struct job job;
        int ret;

        job.w = clew_json_writer_make(out, 0);
        job.n_frames = 0;
        clew_buffer_init(&job.unknown, data.len);
        ret = open_message(&job, clew_otlp_json_root(signal), data);
        while (ret == 0 && job.n_frames > 0) {
                ret = step(&job);
                if (ret == 0)
                        ret = clew_buffer_error(out);
        }
        clew_buffer_deinit(&job.unknown);
        if (ret < 0)
                out->len = base;
        return ret;
}
