/*
 * See annotation.h.
 */
#include "query/review/annotation.h"

#include "query/review/record.h"

#include <errno.h>
#include <math.h>

const char *clew_annotated_name(enum clew_annotated target)
{
        static const char *const names[] = {"trace", "span", "session"};

        return names[target];
}

bool clew_annotation_says(const struct clew_annotation *a)
{
        return a->has_labels || a->n_scores || a->note.len || a->has_correction || a->failing ||
               a->verdict != CLEW_FINDING_NONE || a->undo;
}

static int check_names(const struct clew_annotation *a, struct clew_error *err)
{
        if (!clew_name_is_good(a->author))
                return clew_error_set(
                        err, -EINVAL, 0,
                        "the author's name has blanks or is longer than %u bytes; set "
                        "CLEW_USER",
                        CLEW_NAME_BYTES_MAX);
        for (uint32_t i = 0; i < a->n_labels; i++) {
                if (!clew_name_is_good(a->labels[i]))
                        return clew_error_set(err, -EINVAL, 0,
                                              "a label is 1 to %u bytes without blanks, '@', ',' "
                                              "and '='",
                                              CLEW_NAME_BYTES_MAX);
        }
        for (uint32_t i = 0; i < a->n_scores; i++) {
                if (!clew_name_is_good(a->scores[i].name))
                        return clew_error_set(
                                err, -EINVAL, 0,
                                "the name of a score is 1 to %u bytes without blanks, "
                                "'@', ',' and '='",
                                CLEW_NAME_BYTES_MAX);
                if (!a->scores[i].has_value && a->scores[i].label.len == 0)
                        return clew_error_set(err, -EINVAL, 0,
                                              "a score has a number or a word: NAME=0.5, "
                                              "NAME=pass");
                if (a->scores[i].label.len > CLEW_NAME_BYTES_MAX)
                        return clew_error_set(err, -EINVAL, 0,
                                              "the label of a score is longer than %u bytes",
                                              CLEW_NAME_BYTES_MAX);
        }
        return 0;
}

int clew_annotation_check(const struct clew_annotation *a, struct clew_error *err)
{
        if (a->note.len > CLEW_ANNOTATION_NOTE_MAX)
                return clew_error_set(err, -EINVAL, 0, "the note is longer than %zu bytes",
                                      CLEW_ANNOTATION_NOTE_MAX);
        if (a->correction.len > CLEW_ANNOTATION_CORRECTION_MAX)
                return clew_error_set(err, -EINVAL, 0, "the correction is longer than %zu bytes",
                                      CLEW_ANNOTATION_CORRECTION_MAX);
        if (a->session.len > CLEW_SESSION_BYTES_MAX)
                return clew_error_set(err, -EINVAL, 0, "the session's id is longer than %u bytes",
                                      CLEW_SESSION_BYTES_MAX);
        if (a->failing && a->target != CLEW_ANNOTATED_SPAN)
                return clew_error_set(err, -EINVAL, 0,
                                      "the failing step needs a step: ID#STEP, span_id or step");
        if (!clew_annotation_says(a))
                return clew_error_set(err, -EINVAL, 0,
                                      "nothing is said: a label, score, note, correction, failing "
                                      "step or finding is needed");
        return check_names(a, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reading {
        struct clew_json_reader *r;
        struct clew_arena *arena;
        struct clew_annotation *a;
        struct clew_error *err;
};

static int wrong(const struct reading *in, const char *member, const char *what)
{
        return clew_error_set(in->err, -EINVAL, in->r->offset, "\"%s\" %s", member, what);
}

static int read_labels(const struct reading *in)
{
        struct clew_annotation *a = in->a;

        a->has_labels = true;
        if (clew_json_next(in->r) != CLEW_JSON_ARRAY_BEGIN) {
                clew_json_skip(in->r);
                return wrong(in, "labels", "is to be an array of texts");
        }
        while (clew_json_next_element(in->r)) {
                struct clew_slice s;

                if (in->r->token != CLEW_JSON_STRING)
                        return wrong(in, "labels", "is to be an array of texts");
                if (a->n_labels == CLEW_ANNOTATION_LABELS_MAX)
                        return wrong(in, "labels", "has more than 32");
                s = clew_json_string(in->r, in->arena);
                a->labels[a->n_labels++] = clew_arena_copy(in->arena, s);
        }
        return 0;
}

static int read_label(const struct reading *in)
{
        struct clew_slice s;

        if (!clew_take_text(in->r, in->arena, &s))
                return wrong(in, "label", "is to be a text");
        if (in->a->n_labels == CLEW_ANNOTATION_LABELS_MAX)
                return wrong(in, "label", "is one too many");
        in->a->has_labels = true;
        in->a->labels[in->a->n_labels++] = clew_arena_copy(in->arena, s);
        return 0;
}

/* The token just read is a score's value: a number, a truth value or a text. */
static int score_value(const struct reading *in, struct clew_annotation_score *s)
{
        switch (in->r->token) {
        case CLEW_JSON_NUMBER:
                s->has_value = clew_json_double(in->r, &s->value) && isfinite(s->value);
                return s->has_value ? 0 : wrong(in, "scores", "has a number that is not finite");
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
                s->has_value = true;
                s->value = in->r->token == CLEW_JSON_TRUE;
                return 0;
        case CLEW_JSON_STRING:
                s->label = clew_arena_copy(in->arena, clew_json_string(in->r, in->arena));
                return 0;
        case CLEW_JSON_NULL:
                return 0;
        case CLEW_JSON_END:
        case CLEW_JSON_KEY:
        case CLEW_JSON_OBJECT_BEGIN:
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_BEGIN:
        case CLEW_JSON_ARRAY_END:
                break;
        }
        clew_json_skip(in->r);
        return wrong(in, "scores", "takes numbers, truth values and texts");
}

static int score_object(const struct reading *in, struct clew_annotation_score *s)
{
        while (clew_json_next_member(in->r)) {
                bool is_name = clew_json_text_is(in->r, "name");
                bool known = clew_json_text_is(in->r, "value") || clew_json_text_is(in->r, "label");

                clew_json_next(in->r);
                if (is_name && in->r->token == CLEW_JSON_STRING) {
                        s->name = clew_arena_copy(in->arena, clew_json_string(in->r, in->arena));
                } else if (known) {
                        int r = score_value(in, s);

                        if (r < 0)
                                return r;
                } else {
                        return wrong(in, "scores", "takes name, value and label");
                }
        }
        return 0;
}

static int read_scores(const struct reading *in)
{
        struct clew_annotation *a = in->a;
        bool is_array = clew_json_next(in->r) == CLEW_JSON_ARRAY_BEGIN;
        int r = 0;

        if (!is_array && in->r->token != CLEW_JSON_OBJECT_BEGIN)
                return wrong(in, "scores", "is to be an object or an array");
        while (r == 0 &&
               (is_array ? clew_json_next_element(in->r) : clew_json_next_member(in->r))) {
                struct clew_annotation_score *s = &a->scores[a->n_scores];

                if (a->n_scores == CLEW_ANNOTATION_SCORES_MAX)
                        return wrong(in, "scores", "has more than 32");
                *s = (struct clew_annotation_score){0};
                if (is_array && in->r->token != CLEW_JSON_OBJECT_BEGIN)
                        return wrong(in, "scores", "is to be an array of objects");
                if (is_array) {
                        r = score_object(in, s);
                } else {
                        s->name = clew_arena_copy(in->arena, clew_json_string(in->r, in->arena));
                        clew_json_next(in->r);
                        r = score_value(in, s);
                }
                a->n_scores++;
        }
        return r;
}

static int read_finding(const struct reading *in)
{
        struct clew_slice verdict = CLEW_SLICE_NULL;

        if (clew_json_next(in->r) != CLEW_JSON_OBJECT_BEGIN) {
                clew_json_skip(in->r);
                return wrong(in, "finding", "is to be an object with rule and verdict");
        }
        while (clew_json_next_member(in->r)) {
                bool ok = false;

                if (clew_json_text_is(in->r, "rule"))
                        ok = clew_take_text(in->r, in->arena, &in->a->finding);
                else if (clew_json_text_is(in->r, "verdict"))
                        ok = clew_take_text(in->r, in->arena, &verdict);
                if (!ok)
                        return wrong(in, "finding", "is to be an object with rule and verdict");
        }
        in->a->finding = clew_arena_copy(in->arena, in->a->finding);
        if (clew_slice_eq_cstr(verdict, "confirmed"))
                in->a->verdict = CLEW_FINDING_CONFIRMED;
        else if (clew_slice_eq_cstr(verdict, "rejected"))
                in->a->verdict = CLEW_FINDING_REJECTED;
        else
                return wrong(in, "finding", "has a verdict other than confirmed and rejected");
        if (!clew_name_is_good(in->a->finding))
                return wrong(in, "finding", "has no rule");
        return 0;
}

static int read_text(const struct reading *in, const char *member, struct clew_slice *ret)
{
        struct clew_slice s;

        if (!clew_take_text(in->r, in->arena, &s))
                return wrong(in, member, "is to be a text");
        *ret = clew_arena_copy(in->arena, s);
        return 0;
}

/* A correction is a text, or any JSON value, which is kept as its JSON. */
static int read_correction(const struct reading *in)
{
        struct clew_slice s;

        in->a->has_correction = true;
        if (clew_json_next(in->r) == CLEW_JSON_STRING)
                s = clew_json_string(in->r, in->arena);
        else
                s = clew_json_take(in->r);
        in->a->correction = clew_arena_copy(in->arena, s);
        return 0;
}

static int read_id(const struct reading *in, const char *member, uint8_t *ret, size_t n)
{
        struct clew_slice s;

        if (clew_take_text(in->r, in->arena, &s) && clew_hex_decode(s, ret, n))
                return 0;
        return wrong(in, member, n == 16 ? "is to be 32 hex digits" : "is to be 16 hex digits");
}

static int read_number(const struct reading *in, const char *member, uint64_t *ret)
{
        return clew_take_uint(in->r, ret) ? 0 : wrong(in, member, "is to be a whole number");
}

enum member {
        AUTHOR,
        CORRECTION,
        FAILING,
        FINDING,
        ID,
        LABEL,
        LABELS,
        NOTE,
        NUMBER,
        RUBRIC,
        RUBRIC_VERSION,
        SCORES,
        SESSION,
        SPAN_ID,
        STEP,
        TARGET,
        TIME,
        TRACE_ID,
        TYPE,
        UNDO,
        V,
        MEMBERS
};

static const char *const members[MEMBERS] = {
        "author", "correction", "failing",        "finding",        "id",     "label",   "labels",
        "note",   "number",     "rubric",         "rubric_version", "scores", "session", "span_id",
        "step",   "target",     "time_unix_nano", "trace_id",       "type",   "undo",    "v",
};

static int read_member(const struct reading *in, enum member m)
{
        struct clew_annotation *a = in->a;
        uint64_t ignored;

        switch (m) {
        case AUTHOR:
                return read_text(in, members[m], &a->author);
        case CORRECTION:
                return read_correction(in);
        case FAILING:
                return clew_take_bool(in->r, &a->failing)
                               ? 0
                               : wrong(in, members[m], "is true or false");
        case FINDING:
                return read_finding(in);
        case ID:
                return read_text(in, members[m], &a->id);
        case LABEL:
                return read_label(in);
        case LABELS:
                return read_labels(in);
        case NOTE:
                return read_text(in, members[m], &a->note);
        case RUBRIC:
                return read_text(in, members[m], &a->rubric);
        case RUBRIC_VERSION:
                return read_number(in, members[m], &a->rubric_version);
        case SCORES:
                return read_scores(in);
        case SESSION:
                return read_text(in, members[m], &a->session);
        case SPAN_ID:
                return read_id(in, members[m], a->span_id.bytes, sizeof(a->span_id.bytes));
        case STEP:
                return read_number(in, members[m], &a->step);
        case TIME:
                return read_number(in, members[m], &a->time_ns);
        case TRACE_ID:
                return read_id(in, members[m], a->trace_id.bytes, sizeof(a->trace_id.bytes));
        case UNDO:
                return read_number(in, members[m], &a->undo);
        case NUMBER:
        case V:
                return read_number(in, members[m], &ignored);
        case TARGET: /* the ids tell */
        case TYPE:
        case MEMBERS:
                break;
        }
        clew_json_skip(in->r);
        return 0;
}

int clew_annotation_read(struct clew_slice json, struct clew_arena *arena,
                         struct clew_annotation *ret, struct clew_error *err)
{
        struct clew_json_reader r = clew_json_reader_make(json, CLEW_JSON_DEPTH_DEFAULT);
        struct reading in = {.r = &r, .arena = arena, .a = ret, .err = err};
        uint32_t had = 0;
        int status = 0;

        *ret = (struct clew_annotation){0};
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return clew_error_set(err, -EINVAL, 0, "is not a JSON object");
        while (status == 0 && clew_json_next_member(&r)) {
                unsigned m = 0;

                while (m < MEMBERS && !clew_json_text_is(&r, members[m]))
                        m++;
                if (m == MEMBERS)
                        return clew_error_set(err, -EINVAL, r.offset,
                                              "has a member that is not known (at byte %zu)",
                                              r.offset);
                if (had >> m & 1)
                        return clew_error_set(err, -EINVAL, r.offset, "has \"%s\" twice",
                                              members[m]);
                had |= 1u << m;
                status = read_member(&in, (enum member)m);
        }
        if (status < 0 && r.status != CLEW_JSON_READING)
                (void)clew_json_reader_error(&r, err); /* what broke it, not what came of it */
        if (status == 0)
                status = clew_json_next(&r) == CLEW_JSON_END ? clew_json_reader_error(&r, err)
                                                             : -EINVAL;
        ret->target = ret->session.len                      ? CLEW_ANNOTATED_SESSION
                      : clew_span_id_is_zero(&ret->span_id) ? CLEW_ANNOTATED_TRACE
                                                            : CLEW_ANNOTATED_SPAN;
        if (clew_arena_failed(arena))
                return clew_error_set(err, -ENOMEM, 0, "is larger than the memory for it");
        return status < 0 ? -EINVAL : 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void write_member(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        if (text.len == 0)
                return;
        clew_json_write_key(w, key);
        clew_json_write_string(w, text);
}

static void write_target(struct clew_json_writer *w, const struct clew_annotation *a)
{
        char hex[CLEW_TRACE_ID_HEX];

        clew_json_write_key(w, "target");
        clew_json_write_cstr(w, clew_annotated_name(a->target));
        write_member(w, "session", a->session);
        if (a->target == CLEW_ANNOTATED_SESSION)
                return;
        clew_trace_id_to_hex(&a->trace_id, hex);
        clew_json_write_key(w, "trace_id");
        clew_json_write_cstr(w, hex);
        if (a->target != CLEW_ANNOTATED_SPAN)
                return;
        clew_span_id_to_hex(&a->span_id, hex);
        clew_json_write_key(w, "span_id");
        clew_json_write_cstr(w, hex);
        if (a->step) {
                clew_json_write_key(w, "step");
                clew_json_write_uint64(w, a->step);
        }
}

static void write_scores(struct clew_json_writer *w, const struct clew_annotation *a)
{
        if (a->n_scores == 0)
                return;
        clew_json_write_key(w, "scores");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < a->n_scores; i++) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "name");
                clew_json_write_string(w, a->scores[i].name);
                if (a->scores[i].has_value) {
                        clew_json_write_key(w, "value");
                        clew_json_write_double(w, a->scores[i].value);
                }
                write_member(w, "label", a->scores[i].label);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void write_verdicts(struct clew_json_writer *w, const struct clew_annotation *a)
{
        if (a->failing) {
                clew_json_write_key(w, "failing");
                clew_json_write_bool(w, true);
        }
        if (a->verdict != CLEW_FINDING_NONE) {
                clew_json_write_key(w, "finding");
                clew_json_write_object_begin(w);
                write_member(w, "rule", a->finding);
                clew_json_write_key(w, "verdict");
                clew_json_write_cstr(w, a->verdict == CLEW_FINDING_CONFIRMED ? "confirmed"
                                                                             : "rejected");
                clew_json_write_object_end(w);
        }
        if (a->rubric.len) {
                write_member(w, "rubric", a->rubric);
                clew_json_write_key(w, "rubric_version");
                clew_json_write_uint64(w, a->rubric_version);
        }
        if (a->undo) {
                clew_json_write_key(w, "undo");
                clew_json_write_uint64(w, a->undo);
        }
}

void clew_annotation_write(struct clew_json_writer *w, const struct clew_annotation *a)
{
        if (a->number) {
                clew_json_write_key(w, "number");
                clew_json_write_uint64(w, a->number);
        }
        write_target(w, a);
        write_member(w, "author", a->author);
        clew_json_write_key(w, "time_unix_nano");
        clew_json_write_uint64_string(w, a->time_ns);
        if (a->has_labels) {
                clew_json_write_key(w, "labels");
                clew_json_write_array_begin(w);
                for (uint32_t i = 0; i < a->n_labels; i++)
                        clew_json_write_string(w, a->labels[i]);
                clew_json_write_array_end(w);
        }
        write_scores(w, a);
        write_member(w, "note", a->note);
        if (a->has_correction) {
                clew_json_write_key(w, "correction");
                clew_json_write_string(w, a->correction);
        }
        write_verdicts(w, a);
}
