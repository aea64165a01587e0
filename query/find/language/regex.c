/*
 * See regex-int.h.
 */
#include "query/find/language/regex-int.h"

#include "proto/base/buffer.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A longer pattern is a program. */
#define PATTERN_BYTES_MAX 4096u
/* Brackets inside each other; PCRE2 recurses on them when it compiles. */
#define PATTERN_DEPTH_MAX 64u
/* Steps of one match: some milliseconds. */
#define MATCH_STEPS_MAX 1000000u
/* KiB of backtracking of one match. */
#define MATCH_HEAP_KIB_MAX 16384u

struct clew_regex {
        enum clew_regex_shape shape;
        bool ignore_case;
        struct clew_buffer literal;
        struct clew_buffer core; /* the pattern without `.*` at its ends */
        pcre2_code *code;
        pcre2_code *finder; /* of the core, made when it is first asked for */
        pcre2_match_context *context;
        pcre2_match_data *data;
};

/* ---- what is not allowed ----------------------------------------------------------------------
 */

static const struct refused {
        const char *begins;
        const char *what;
} refused[] = {
        {"(?=", "look-ahead"},
        {"(?!", "look-ahead"},
        {"(?<=", "look-behind"},
        {"(?<!", "look-behind"},
        {"(?>", "an atomic group"},
        {"(?|", "a branch reset"},
        {"(?(", "a condition"},
        {"(?R", "recursion"},
        {"(?&", "recursion"},
        {"(?P>", "recursion"},
        {"(?P=", "a reference back"},
        {"(?C", "a callout"},
        {"(*", "a control verb"},
        {"\\1", "a reference back"},
        {"\\2", "a reference back"},
        {"\\3", "a reference back"},
        {"\\4", "a reference back"},
        {"\\5", "a reference back"},
        {"\\6", "a reference back"},
        {"\\7", "a reference back"},
        {"\\8", "a reference back"},
        {"\\9", "a reference back"},
        {"\\g", "a reference back"},
        {"\\k", "a reference back"},
        {"\\K", "a moved start"},
        {"\\R", "\\R"},
        {"\\X", "\\X"},
        {"(?0", "recursion"},
        {"(?1", "recursion"},
        {"(?2", "recursion"},
        {"(?3", "recursion"},
        {"(?4", "recursion"},
        {"(?5", "recursion"},
        {"(?6", "recursion"},
        {"(?7", "recursion"},
        {"(?8", "recursion"},
        {"(?9", "recursion"},
        {"(?+", "recursion"},
};

static const char *refused_at(struct clew_slice rest)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(refused); i++) {
                if (clew_slice_starts_with(rest, clew_slice_of_cstr(refused[i].begins)))
                        return refused[i].what;
        }
        return NULL;
}

/* Behind a quantifier: `a++`, `a*+` never give back, which the linear syntax does not know. */
static bool is_possessive(struct clew_slice p, size_t i)
{
        return i > 0 && p.data[i] == '+' &&
               (p.data[i - 1] == '+' || p.data[i - 1] == '*' || p.data[i - 1] == '?' ||
                p.data[i - 1] == '}');
}

static int check(struct clew_slice p, size_t *ret_offset, char *message, size_t size)
{
        unsigned depth = 0;
        bool in_class = false;

        *ret_offset = 0;
        if (p.len > PATTERN_BYTES_MAX) {
                (void)snprintf(message, size, "a pattern of more than %u bytes", PATTERN_BYTES_MAX);
                return -EINVAL;
        }
        for (size_t i = 0; i < p.len; i++) {
                const char *what = in_class ? NULL : refused_at(clew_slice_from(p, i));

                *ret_offset = i;
                if (!what && !in_class && is_possessive(p, i) && !(i > 1 && p.data[i - 2] == '\\'))
                        what = "a possessive quantifier";
                if (what) {
                        (void)snprintf(message, size, "%s is not part of the language's patterns",
                                       what);
                        return -EINVAL;
                }
                if (p.data[i] == '\\')
                        i++;
                else if (p.data[i] == '[')
                        in_class = true;
                else if (p.data[i] == ']')
                        in_class = false;
                else if (!in_class && p.data[i] == '(')
                        depth++;
                else if (!in_class && p.data[i] == ')' && depth > 0)
                        depth--;
                if (depth > PATTERN_DEPTH_MAX) {
                        (void)snprintf(message, size, "more than %u brackets inside each other",
                                       PATTERN_DEPTH_MAX);
                        return -EINVAL;
                }
        }
        return 0;
}

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

/* ---- compiling --------------------------------------------------------------------------------
 */

static pcre2_code *compile(struct clew_slice p, uint32_t more, size_t *ret_offset, char *message,
                           size_t size)
{
        int error = 0;
        PCRE2_SIZE at = 0;
        pcre2_code *code = pcre2_compile(p.data ? p.data : (const uint8_t *)"", p.len,
                                         PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOTALL |
                                                 PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP | more,
                                         &error, &at, NULL);

        if (!code) {
                PCRE2_UCHAR text[160];

                (void)pcre2_get_error_message(error, text, sizeof(text));
                (void)snprintf(message, size, "%s", (const char *)text);
                *ret_offset = at;
                return NULL;
        }
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it matching is slower */
        return code;
}

int clew_regex_new(struct clew_slice pattern, struct clew_regex **ret, size_t *ret_offset,
                   char *ret_message, size_t message_size)
{
        struct clew_regex *x;
        int r = check(pattern, ret_offset, ret_message, message_size);

        if (r < 0)
                return r;
        x = clew_calloc(1, sizeof(*x));
        if (!x)
                return -ENOMEM;
        clew_buffer_init(&x->literal, PATTERN_BYTES_MAX + 1);
        clew_buffer_init(&x->core, PATTERN_BYTES_MAX + 1);
        x->code = compile(pattern, PCRE2_ANCHORED | PCRE2_ENDANCHORED, ret_offset, ret_message,
                          message_size);
        if (!x->code) {
                clew_regex_free(x);
                return -EINVAL;
        }
        x->context = pcre2_match_context_create(NULL);
        x->data = pcre2_match_data_create(1, NULL);
        if (!x->context || !x->data) {
                clew_regex_free(x);
                return -ENOMEM;
        }
        pcre2_set_match_limit(x->context, MATCH_STEPS_MAX);
        pcre2_set_depth_limit(x->context, MATCH_STEPS_MAX);
        pcre2_set_heap_limit(x->context, MATCH_HEAP_KIB_MAX);
        find_shape(x, pattern);
        if (clew_buffer_error(&x->literal) < 0 || clew_buffer_error(&x->core) < 0) {
                clew_regex_free(x);
                return -ENOMEM;
        }
        *ret = x;
        return 0;
}

void clew_regex_free(struct clew_regex *x)
{
        if (!x)
                return;
        pcre2_code_free(x->code);
        pcre2_code_free(x->finder);
        pcre2_match_context_free(x->context);
        pcre2_match_data_free(x->data);
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

static int run(const struct clew_regex *x, const pcre2_code *code, struct clew_slice text)
{
        int r = pcre2_match(code, text.data ? text.data : (const uint8_t *)"", text.len, 0, 0,
                            x->data, x->context);

        if (r == PCRE2_ERROR_MATCHLIMIT || r == PCRE2_ERROR_DEPTHLIMIT ||
            r == PCRE2_ERROR_HEAPLIMIT || r == PCRE2_ERROR_JIT_STACKLIMIT)
                return -E2BIG;
        return r >= 0;
}

int clew_regex_match(const struct clew_regex *x, struct clew_slice text)
{
        struct clew_slice literal = clew_regex_literal(x);

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
        return run(x, x->code, text);
}

int clew_regex_find(const struct clew_regex *regex, struct clew_slice text, size_t *ret_from,
                    size_t *ret_to)
{
        /* The finder is a cache of what the pattern says: no caller can tell. */
        struct clew_regex *x = (struct clew_regex *)(uintptr_t)regex;
        char message[200];
        size_t at;
        int r;

        if (!x->finder)
                x->finder = compile(clew_buffer_slice(&x->core), 0, &at, message, sizeof(message));
        if (!x->finder)
                return 0;
        r = run(x, x->finder, text);
        if (r == 1) {
                const PCRE2_SIZE *places = pcre2_get_ovector_pointer(x->data);

                *ret_from = places[0];
                *ret_to = places[1];
        }
        return r;
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
