/*
 * See regex-int.h.
 */
#include "query/find/language/regex-int.h"

#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "proto/base/pattern.h"

#include <errno.h>
#include <string.h>

/* Steps of one match: some milliseconds. */
#define MATCH_STEPS_MAX 1000000u

struct clew_regex {
        enum clew_regex_shape shape;
        bool ignore_case;
        struct clew_buffer literal;
        struct clew_buffer core; /* the pattern without `.*` at its ends */
        struct clew_pattern *whole;
        struct clew_pattern *finder; /* of the core, made when it is first asked for */
        struct clew_pattern_room *room;
};

/* ---- shapes -----------------------------------------------------------------------------------
 */

static bool ends_with_any(struct clew_slice p)
{
        return p.len >= 2 && p.data[p.len - 2] == '.' && p.data[p.len - 1] == '*' &&
               (p.len == 2 || p.data[p.len - 3] != '\\');
}

/* Appends what @p stands for; false when it is more than a literal. */
static bool unescape(struct clew_slice p, struct clew_buffer *out)
{
        for (size_t i = 0; i < p.len; i++) {
                int c = p.data[i];

                if (c == '\\') {
                        if (++i == p.len || !strchr("\\.+*?()|[]{}^$-/\"'=~<>&#:!, ", p.data[i]))
                                return false;
                        c = p.data[i];
                } else if (c == 0 || strchr(".+*?()|[]{}^$", c)) {
                        return false;
                }
                clew_buffer_append_byte(out, (uint8_t)c);
        }
        return true;
}

static void find_shape(struct clew_regex *x, struct clew_slice p)
{
        const struct clew_slice any = CLEW_SLICE_LITERAL(".*");
        const struct clew_slice fold = CLEW_SLICE_LITERAL("(?i)");
        bool before;
        bool behind;

        x->ignore_case = clew_slice_starts_with(p, fold);
        if (x->ignore_case) {
                p = clew_slice_from(p, fold.len);
                clew_buffer_append_slice(&x->core, fold);
        }
        before = clew_slice_starts_with(p, any);
        if (before)
                p = clew_slice_from(p, 2);
        behind = ends_with_any(p);
        if (behind)
                p.len -= 2;
        clew_buffer_append_slice(&x->core, p);
        if (!unescape(p, &x->literal))
                x->shape = CLEW_REGEX_PATTERN;
        else if (x->literal.len == 0 && (before || behind))
                x->shape = CLEW_REGEX_ANY;
        else if (before && behind)
                x->shape = CLEW_REGEX_CONTAINS;
        else if (behind)
                x->shape = CLEW_REGEX_PREFIX;
        else
                x->shape = before ? CLEW_REGEX_PATTERN : CLEW_REGEX_EXACT;
        /* Text search folds case by itself; elsewhere the pattern does. */
        if (x->ignore_case && x->shape != CLEW_REGEX_CONTAINS && x->shape != CLEW_REGEX_ANY)
                x->shape = CLEW_REGEX_PATTERN;
}

/* ---- making one -------------------------------------------------------------------------------
 */

int clew_regex_new(struct clew_slice pattern, struct clew_regex **ret, size_t *ret_offset,
                   char *ret_message, size_t message_size)
{
        struct clew_regex *x = clew_calloc(1, sizeof(*x));
        int r;

        if (!x)
                return -ENOMEM;
        clew_buffer_init(&x->literal, CLEW_PATTERN_BYTES_MAX + 1);
        clew_buffer_init(&x->core, CLEW_PATTERN_BYTES_MAX + 1);
        r = clew_pattern_new(pattern, true, &x->whole, ret_offset, ret_message, message_size);
        if (r == 0) {
                x->room = clew_pattern_room_new(MATCH_STEPS_MAX);
                r = x->room ? 0 : -ENOMEM;
        }
        if (r == 0) {
                find_shape(x, pattern);
                if (clew_buffer_error(&x->literal) < 0 || clew_buffer_error(&x->core) < 0)
                        r = -ENOMEM;
        }
        if (r < 0) {
                clew_regex_free(x);
                return r;
        }
        *ret = x;
        return 0;
}

void clew_regex_free(struct clew_regex *x)
{
        if (!x)
                return;
        clew_pattern_free(x->whole);
        clew_pattern_free(x->finder);
        clew_pattern_room_free(x->room);
        clew_buffer_deinit(&x->literal);
        clew_buffer_deinit(&x->core);
        clew_free(x);
}

enum clew_regex_shape clew_regex_shape(const struct clew_regex *x)
{
        return x->shape;
}

struct clew_slice clew_regex_literal(const struct clew_regex *x)
{
        return clew_buffer_slice(&x->literal);
}

struct clew_slice clew_regex_core(const struct clew_regex *x)
{
        return clew_buffer_slice(&x->core);
}

bool clew_regex_ignores_case(const struct clew_regex *x)
{
        return x->ignore_case;
}

/* ---- matching ---------------------------------------------------------------------------------
 */

static int run(const struct clew_regex *x, const struct clew_pattern *p, struct clew_slice text,
               size_t *ret_from, size_t *ret_to)
{
        const struct clew_pattern_place place = {.text = text, .is_begin = true, .is_end = true};

        return clew_pattern_find(p, x->room, &place, ret_from, ret_to);
}

int clew_regex_match(const struct clew_regex *x, struct clew_slice text)
{
        struct clew_slice literal = clew_regex_literal(x);
        size_t from;
        size_t to;

        switch (x->shape) {
        case CLEW_REGEX_EXACT:
                return clew_slice_eq(text, literal);
        case CLEW_REGEX_PREFIX:
                return clew_slice_starts_with(text, literal);
        case CLEW_REGEX_CONTAINS:
                if (x->ignore_case)
                        break;
                return text.len >= literal.len &&
                       memmem(text.data, text.len, literal.data, literal.len) != NULL;
        case CLEW_REGEX_ANY:
                return 1;
        case CLEW_REGEX_PATTERN:
                break;
        }
        return run(x, x->whole, text, &from, &to);
}

int clew_regex_find(const struct clew_regex *regex, struct clew_slice text, size_t *ret_from,
                    size_t *ret_to)
{
        /* The finder is a cache of what the pattern says: no caller can tell. */
        struct clew_regex *x = (struct clew_regex *)(uintptr_t)regex;
        char message[200];
        size_t at;

        if (!x->finder && clew_pattern_new(clew_buffer_slice(&x->core), false, &x->finder, &at,
                                           message, sizeof(message)) < 0)
                return 0;
        return run(x, x->finder, text, ret_from, ret_to);
}

int clew_regex_search(struct clew_slice pattern, struct clew_slice text)
{
        struct clew_regex *regex = NULL;
        char message[160];
        size_t at;
        size_t to;
        int r = clew_regex_new(pattern, &regex, &at, message, sizeof(message));

        if (r == 0)
                r = clew_regex_find(regex, text, &at, &to);
        clew_regex_free(regex);
        return r;
}
