#include "proto/base/pattern.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Brackets inside each other; PCRE2 recurses on them when it compiles. */
#define PATTERN_DEPTH_MAX 64u
/* KiB of backtracking of one match. */
#define MATCH_HEAP_KIB_MAX 16384u

struct clew_pattern {
        pcre2_code *code;
};

struct clew_pattern_room {
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
        if (p.len > CLEW_PATTERN_BYTES_MAX) {
                (void)snprintf(message, size, "a pattern of more than %u bytes",
                               CLEW_PATTERN_BYTES_MAX);
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

/* ---- compiling --------------------------------------------------------------------------------
 */

int clew_pattern_new(struct clew_slice text, bool whole, struct clew_pattern **ret,
                     size_t *ret_offset, char *ret_message, size_t message_size)
{
        uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOTALL |
                           PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP;
        struct clew_pattern *p;
        int error = 0;
        PCRE2_SIZE at = 0;
        int r = check(text, ret_offset, ret_message, message_size);

        if (r < 0)
                return r;
        p = clew_calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        options |= whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0;
        p->code = pcre2_compile(text.data ? text.data : (const uint8_t *)"", text.len, options,
                                &error, &at, NULL);
        if (!p->code) {
                PCRE2_UCHAR why[160];

                (void)pcre2_get_error_message(error, why, sizeof(why));
                (void)snprintf(ret_message, message_size, "%s", (const char *)why);
                *ret_offset = at;
                clew_pattern_free(p);
                return -EINVAL;
        }
        (void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* without it matching is slower */
        *ret = p;
        return 0;
}

void clew_pattern_free(struct clew_pattern *p)
{
        if (!p)
                return;
        pcre2_code_free(p->code);
        clew_free(p);
}

struct clew_pattern_room *clew_pattern_room_new(uint32_t steps)
{
        struct clew_pattern_room *room = clew_calloc(1, sizeof(*room));

        if (!room)
                return NULL;
        room->context = pcre2_match_context_create(NULL);
        room->data = pcre2_match_data_create(1, NULL);
        if (!room->context || !room->data) {
                clew_pattern_room_free(room);
                return NULL;
        }
        pcre2_set_match_limit(room->context, steps);
        pcre2_set_depth_limit(room->context, steps);
        pcre2_set_heap_limit(room->context, MATCH_HEAP_KIB_MAX);
        return room;
}

void clew_pattern_room_free(struct clew_pattern_room *room)
{
        if (!room)
                return;
        pcre2_match_context_free(room->context);
        pcre2_match_data_free(room->data);
        clew_free(room);
}

/* ---- matching ---------------------------------------------------------------------------------
 */

int clew_pattern_find(const struct clew_pattern *p, struct clew_pattern_room *room,
                      const struct clew_pattern_place *place, size_t *ret_from, size_t *ret_to)
{
        uint32_t options =
                (place->is_begin ? 0 : PCRE2_NOTBOL) | (place->is_end ? 0 : PCRE2_NOTEOL);
        const uint8_t *text = place->text.data ? place->text.data : (const uint8_t *)"";
        int r = pcre2_match(p->code, text, place->text.len, place->from, options, room->data,
                            room->context);
        const PCRE2_SIZE *places;

        if (r == PCRE2_ERROR_MATCHLIMIT || r == PCRE2_ERROR_DEPTHLIMIT ||
            r == PCRE2_ERROR_HEAPLIMIT || r == PCRE2_ERROR_JIT_STACKLIMIT)
                return -E2BIG;
        if (r < 0)
                return 0;
        places = pcre2_get_ovector_pointer(room->data);
        *ret_from = places[0];
        *ret_to = places[1];
        return 1;
}
