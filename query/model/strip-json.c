/*
 * Texts inside of a text: JSON is read token by token, and each string, number and name of a member
 * is judged by where it stands. What is no JSON, or none from some place on, is one text.
 */
#include "query/model/strip-int.h"

#include "proto/base/json.h"
#include "query/model/value-int.h"

#include <string.h>

/* Numbers of more digits are amounts, dates, numbers of accounts. */
#define DIGITS_MAX 3u
/* Shorter containers are taken apart: there is no room for a text in them. */
#define CONTAINER_BYTES_MIN 12u
/* How many times its length a text is read ahead. */
#define AHEAD_PART 8u

struct level {
        size_t path_len; /* of the container */
        uint32_t index;  /* arrays: of the next element */
        bool is_array;
        enum clew_strip_class class; /* for names of its members */
};

struct json_work {
        struct clew_strip_work *w;
        enum clew_strip_class class;
        struct clew_slice key;
        struct level levels[CLEW_JSON_DEPTH_DEFAULT + 1];
        unsigned depth;
        size_t n_ahead; /* bytes read ahead */
        size_t max_ahead;
        uint8_t path[CLEW_STRIP_PATH_MAX];
        size_t path_len;        /* of the value that comes next; over the maximum: not known */
        struct clew_slice name; /* its last part, a member's name */
};

void clew_strip_replace(struct clew_strip_work *w, struct clew_slice text)
{
        if (text.len == 0 || (w->is_second && clew_stand_in_is(text)))
                return;
        w->n_texts++;
        w->n_bytes += text.len;
        clew_stand_in_put(w->key, (uint8_t *)(uintptr_t)text.data, text.len);
}

void clew_strip_error(struct clew_strip_work *w, struct clew_slice text)
{
        const uint8_t *end = text.len ? memchr(text.data, '\n', text.len) : NULL;
        size_t line = end ? (size_t)(end - text.data) : text.len;

        if (!w->keeps_errors || line > CLEW_STRIP_ERROR_BYTES_MAX)
                clew_strip_replace(w, text);
        else
                clew_strip_replace(w, clew_slice_from(text, line));
}

/* The path of a container, with one more part. */
static void go_to(struct json_work *j, struct clew_slice part)
{
        size_t at = j->depth ? j->levels[j->depth - 1].path_len : 0;
        size_t dot = at > 0;

        if (at > sizeof(j->path) || part.len >= sizeof(j->path) - at) {
                j->path_len = sizeof(j->path) + 1;
                return;
        }
        if (dot)
                j->path[at] = '.';
        if (part.len > 0)
                memcpy(j->path + at + dot, part.data, part.len);
        j->path_len = at + dot + part.len;
}

static void go_to_element(struct json_work *j)
{
        struct level *l = &j->levels[j->depth - 1];
        char digits[10];
        size_t n = sizeof(digits);
        uint32_t v = l->index++;

        do {
                digits[--n] = (char)('0' + v % 10);
                v /= 10;
        } while (v > 0);
        go_to(j, clew_slice_make(digits + n, sizeof(digits) - n));
}

static enum clew_strip_class class_here(const struct json_work *j)
{
        if (j->path_len == 0)
                return j->class;
        if (j->path_len > sizeof(j->path)) /* nobody knows a thing so deep */
                return CLEW_STRIP_TEXT;
        return clew_strip_class_of_member(j->class, j->key, clew_slice_make(j->path, j->path_len),
                                          j->name);
}

static bool has_word(struct clew_slice s, const char *word)
{
        return s.len > 0 && memmem(s.data, s.len, word, strlen(word));
}

/* Digits become ones: as long, and still a number. */
static void replace_number(struct clew_strip_work *w, struct clew_slice text)
{
        uint8_t *p = (uint8_t *)(uintptr_t)text.data;

        if (text.len <= DIGITS_MAX)
                return;
        w->n_texts++;
        w->n_bytes += text.len;
        for (size_t i = 0; i < text.len; i++) {
                if (p[i] >= '0' && p[i] <= '9')
                        p[i] = '1';
        }
}

static void take_number(struct json_work *j, struct clew_slice text)
{
        enum clew_strip_class class = class_here(j);

        if (clew_strip_is_closed(j->class) && clew_strip_is_closed(class) &&
            !has_word(j->name, "oken"))
                replace_number(j->w, text);
}

/* Whether anything in the container that @r has begun has to be judged by itself. So it is taken to
 * be once much was read ahead: each level of a text can be asked, and each only so often. */
static bool has_form(struct json_work *j, struct clew_json_reader r, enum clew_strip_class class)
{
        const uint8_t *from = r.at;
        unsigned depth = r.depth;
        struct clew_slice name = CLEW_SLICE_NULL;

        for (;;) {
                enum clew_json_token token = clew_json_next(&r);

                if (token == CLEW_JSON_END || r.depth < depth) {
                        j->n_ahead += (size_t)(r.at - from);
                        return r.status != CLEW_JSON_READING && r.status != CLEW_JSON_COMPLETE;
                }
                if (token == CLEW_JSON_KEY)
                        name = r.text;
                if (j->n_ahead + (size_t)(r.at - from) > j->max_ahead)
                        return true;
                if ((token == CLEW_JSON_STRING &&
                     clew_strip_is_formed(class, j->key, name, r.text)) ||
                    ((token == CLEW_JSON_TRUE || token == CLEW_JSON_NUMBER ||
                      token == CLEW_JSON_OBJECT_BEGIN || token == CLEW_JSON_ARRAY_BEGIN) &&
                     clew_strip_is_formed(class, j->key, name, CLEW_SLICE_NULL))) {
                        j->n_ahead += (size_t)(r.at - from);
                        return true;
                }
                if (token != CLEW_JSON_KEY)
                        name = CLEW_SLICE_NULL;
        }
}

/* One text in its place: {"...":0}, ["..."]. */
static void replace_container(struct clew_strip_work *w, struct clew_slice raw)
{
        uint8_t *p = (uint8_t *)(uintptr_t)raw.data;
        bool is_array = p[0] == '[';
        size_t tail = is_array ? 2 : 4;
        size_t room = raw.len - 2 - tail;

        if (w->is_second && clew_stand_in_is(clew_slice_make(p + 2, room)))
                return;
        clew_strip_replace(w, raw);
        memmove(p + 2, p, room < CLEW_STAND_IN_HASH_BYTES ? room : CLEW_STAND_IN_HASH_BYTES);
        memcpy(p, is_array ? "[\"" : "{\"", 2);
        memcpy(p + raw.len - tail, is_array ? "\"]" : "\":0}", tail);
}

/* Texts without a form become one text, with what they are written in. */
static bool take_whole(struct json_work *j, struct clew_json_reader *r, enum clew_strip_class class)
{
        bool was_asked = j->depth > 0 && j->levels[j->depth - 1].class == class &&
                         class != CLEW_STRIP_MESSAGES;
        struct clew_json_reader ahead = *r;
        struct clew_slice raw;

        if (j->path_len > sizeof(j->path) || !clew_strip_is_closed(class) || was_asked ||
            has_form(j, *r, class))
                return false;
        raw = clew_json_take(&ahead);
        if (raw.len < CONTAINER_BYTES_MIN)
                return false;
        replace_container(j->w, raw);
        *r = ahead;
        return true;
}

static void begin(struct json_work *j, struct clew_json_reader *r)
{
        enum clew_strip_class class = class_here(j);

        if (take_whole(j, r, class) || j->depth == CLEW_JSON_DEPTH_DEFAULT + 1)
                return;
        j->levels[j->depth++] = (struct level){.path_len = j->path_len,
                                               .is_array = r->token == CLEW_JSON_ARRAY_BEGIN,
                                               .class = class};
}

static void take_token(struct json_work *j, struct clew_json_reader *r)
{
        bool in_array = j->depth > 0 && j->levels[j->depth - 1].is_array;

        if (in_array && r->token != CLEW_JSON_ARRAY_END)
                go_to_element(j);
        switch (r->token) {
        case CLEW_JSON_OBJECT_BEGIN:
        case CLEW_JSON_ARRAY_BEGIN:
                begin(j, r);
                break;
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_END:
                j->depth -= j->depth > 0;
                break;
        case CLEW_JSON_KEY:
                j->name = r->text;
                go_to(j, r->text);
                if (!clew_strip_name_stays(j->levels[j->depth - 1].class, r->text))
                        clew_strip_replace(j->w, r->text);
                break;
        case CLEW_JSON_STRING:
                if (!clew_strip_stays(class_here(j), r->text) &&
                    !clew_strip_is_told(j->name, r->text))
                        clew_strip_replace(j->w, r->text);
                break;
        case CLEW_JSON_NUMBER:
                take_number(j, r->text);
                break;
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
        case CLEW_JSON_NULL:
        case CLEW_JSON_END:
                break;
        }
}

static size_t end_of(struct clew_slice text, const struct clew_json_reader *r)
{
        if (r->text.len > 0 && (r->token == CLEW_JSON_KEY || r->token == CLEW_JSON_STRING ||
                                r->token == CLEW_JSON_NUMBER))
                return (size_t)(r->text.data - text.data) + r->text.len;
        return r->offset;
}

static bool is_whole(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);

        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        return r.status == CLEW_JSON_COMPLETE;
}

void clew_strip_text(struct clew_strip_work *w, enum clew_strip_class class, struct clew_slice key,
                     struct clew_slice text)
{
        struct json_work j = {
                .w = w, .class = class, .key = key, .max_ahead = AHEAD_PART * text.len};
        struct clew_json_reader r;
        size_t seen = 0;

        if (class == CLEW_STRIP_ERROR && w->keeps_errors) {
                clew_strip_error(w, text);
                return;
        }
        if (!clew_text_is_json(text) || (!clew_strip_is_closed(class) && !is_whole(text))) {
                if (!clew_strip_stays(class, text))
                        clew_strip_replace(w, text);
                return;
        }
        r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        while (clew_json_next(&r) != CLEW_JSON_END) {
                size_t end = end_of(text, &r);

                take_token(&j, &r);
                seen = end > seen ? end : seen;
        }
        if (r.status != CLEW_JSON_COMPLETE)
                clew_strip_replace(w, clew_slice_from(text, seen));
}
