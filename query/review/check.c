/*
 * Checks of an agent's answer; query/review/experiment.h.
 *
 * The answer is a stranger's text: comparisons are linear in it, nesting is bounded by the JSON
 * reader, patterns have a limit of their own.
 */
#include "query/review/experiment.h"

#include "proto/base/number.h"
#include "query/find/language/regex-int.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A shell's status of a program that a signal ended is this and its number. */
#define ENDED_BY_SIGNAL 128

static const struct {
        const char *name;
        enum clew_check_kind kind;
} kinds[] = {
        {"exit", CLEW_CHECK_EXIT},         {"equals", CLEW_CHECK_EQUALS},
        {"contains", CLEW_CHECK_CONTAINS}, {"regex", CLEW_CHECK_REGEX},
        {"json", CLEW_CHECK_JSON},         {"calls", CLEW_CHECK_CALLS},
        {"number", CLEW_CHECK_NUMBER},     {"judge", CLEW_CHECK_JUDGE},
};

int clew_check_parse(struct clew_slice text, struct clew_experiment_check *ret,
                     struct clew_error *err)
{
        const uint8_t *colon = text.len ? memchr(text.data, ':', text.len) : NULL;
        struct clew_slice name = text;
        size_t i = 0;

        *ret = (struct clew_experiment_check){.text = text};
        if (colon) {
                name.len = (size_t)(colon - text.data);
                ret->value = clew_slice_from(text, name.len + 1);
        }
        while (i < CLEW_ARRAY_LEN(kinds) && !clew_slice_eq_cstr(name, kinds[i].name))
                i++;
        if (i == CLEW_ARRAY_LEN(kinds))
                return clew_error_set(err, -EINVAL, 0,
                                      "a check is exit, equals, contains[:TEXT], regex:PATTERN, "
                                      "json, calls, number[:TOLERANCE] or judge:COMMAND");
        ret->kind = kinds[i].kind;
        if (ret->kind == CLEW_CHECK_REGEX && ret->value.len == 0)
                return clew_error_set(err, -EINVAL, 0, "regex needs a pattern: regex:PATTERN");
        if (ret->kind == CLEW_CHECK_JUDGE && ret->value.len == 0)
                return clew_error_set(err, -EINVAL, 0, "judge needs a program: judge:COMMAND");
        if (ret->kind == CLEW_CHECK_NUMBER && ret->value.len &&
            (!clew_parse_double(ret->value, &ret->tolerance) || !isfinite(ret->tolerance) ||
             ret->tolerance < 0))
                return clew_error_set(err, -EINVAL, 0, "number:TOLERANCE takes a number from 0 on");
        return 0;
}

/* ---- texts ---------------------------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct clew_slice trimmed(struct clew_slice s)
{
        while (s.len && is_blank(s.data[0]))
                s = clew_slice_from(s, 1);
        while (s.len && is_blank(s.data[s.len - 1]))
                s.len--;
        return s;
}

static uint8_t lower(uint8_t c)
{
        return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* The failure function of Knuth, Morris and Pratt keeps it linear. */
static int contains(struct clew_slice text, struct clew_slice what, struct clew_arena *arena)
{
        uint32_t *next;
        size_t k = 0;

        if (what.len == 0 || what.len > text.len)
                return what.len == 0;
        next = clew_arena_calloc(arena, what.len + 1, sizeof(*next));
        if (!next)
                return -ENOMEM;
        for (size_t i = 1; i < what.len; i++) {
                while (k && lower(what.data[i]) != lower(what.data[k]))
                        k = next[k];
                k += lower(what.data[i]) == lower(what.data[k]);
                next[i + 1] = (uint32_t)k;
        }
        k = 0;
        for (size_t i = 0; i < text.len; i++) {
                while (k && lower(text.data[i]) != lower(what.data[k]))
                        k = next[k];
                k += lower(text.data[i]) == lower(what.data[k]);
                if (k == what.len)
                        return 1;
        }
        return 0;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

/* A path of a value and the value: "members of the expected are members of the answer" becomes a
 * question about lists of leaves. An array index is part of the path. */
struct leaf {
        struct clew_content_id path;
        struct clew_slice value; /* raw text of a scalar, canonical */
};

/* Compared each with each at worst. */
#define LEAVES_MAX 8192u

struct leaves {
        struct leaf *items;
        uint32_t n;
        bool bad;
};

/* Paths as running hashes, one a level. */
static void read_leaves(struct clew_slice json, struct clew_arena *arena, struct leaves *ret)
{
        struct clew_json_reader r = clew_json_reader_make(json, CLEW_JSON_DEPTH_DEFAULT);
        CLEW_BUFFER path = {0};
        size_t ends[CLEW_JSON_DEPTH_DEFAULT + 2] = {0};
        uint64_t index[CLEW_JSON_DEPTH_DEFAULT + 2] = {0};
        bool in_array[CLEW_JSON_DEPTH_DEFAULT + 2] = {false};

        clew_buffer_init(&path, CLEW_ITEM_BYTES_MAX);
        ret->items = clew_arena_calloc(arena, LEAVES_MAX, sizeof(*ret->items));
        ret->bad = !ret->items;
        while (!ret->bad && clew_json_next(&r) != CLEW_JSON_END) {
                unsigned d = r.depth;
                bool opens = r.token == CLEW_JSON_OBJECT_BEGIN || r.token == CLEW_JSON_ARRAY_BEGIN;
                bool closes = r.token == CLEW_JSON_OBJECT_END || r.token == CLEW_JSON_ARRAY_END;
                unsigned parent = opens ? d - 1 : d;

                if (closes)
                        continue;
                if (r.token == CLEW_JSON_KEY) {
                        path.len = ends[d];
                        clew_buffer_append_byte(&path, '.');
                        clew_json_append_string(&r, &path);
                        continue;
                }
                if (in_array[parent]) {
                        path.len = ends[parent];
                        clew_buffer_printf(&path, "[%llu", (unsigned long long)index[parent]++);
                }
                if (opens) {
                        clew_buffer_append_byte(&path,
                                                r.token == CLEW_JSON_ARRAY_BEGIN ? 'a' : 'o');
                        ends[d] = path.len;
                        in_array[d] = r.token == CLEW_JSON_ARRAY_BEGIN;
                        index[d] = 0;
                        continue;
                }
                if (ret->n == LEAVES_MAX || clew_buffer_error(&path) < 0) {
                        ret->bad = true;
                        break;
                }
                ret->items[ret->n++] = (struct leaf){
                        .path = clew_content_id_of(clew_buffer_slice(&path)),
                        .value = r.token == CLEW_JSON_STRING ? clew_json_string(&r, arena)
                                                             : clew_arena_copy(arena, r.text),
                };
                if (r.token != CLEW_JSON_STRING && r.token != CLEW_JSON_NUMBER)
                        ret->items[ret->n - 1].value =
                                clew_slice_of_cstr(r.token == CLEW_JSON_TRUE    ? "true"
                                                   : r.token == CLEW_JSON_FALSE ? "false"
                                                                                : "null");
        }
        ret->bad = ret->bad || r.status != CLEW_JSON_COMPLETE;
}

static bool same_scalar(struct clew_slice a, struct clew_slice b)
{
        double x;
        double y;

        if (clew_slice_eq(a, b))
                return true;
        return clew_parse_double(a, &x) && clew_parse_double(b, &y) && !(x < y) && !(x > y) &&
               isfinite(x);
}

/* Leaves of both in the order of their paths' ids. */
static int json_subset(struct clew_slice expected, struct clew_slice output,
                       struct clew_arena *arena, const char **ret_why)
{
        struct leaves want = {0};
        struct leaves have = {0};

        read_leaves(expected, arena, &want);
        read_leaves(output, arena, &have);
        if (want.bad)
                return -ENODATA;
        *ret_why = "the output is not JSON";
        if (have.bad)
                return 0;
        *ret_why = "a member is missing or another";
        for (uint32_t i = 0, at = 0; i < want.n; i++) {
                uint32_t tried = 0;

                /* Answers mostly keep the order: begin behind the last one that was found. */
                while (tried < have.n && memcmp(&have.items[(at + tried) % have.n].path,
                                                &want.items[i].path, sizeof(want.items[i].path)))
                        tried++;
                if (tried == have.n ||
                    !same_scalar(want.items[i].value, have.items[(at + tried) % have.n].value))
                        return 0;
                at = (at + tried + 1) % have.n;
        }
        return 1;
}

/* ---- calls and numbers ---------------------------------------------------------------------- */

static int calls_in_order(const struct clew_item_calls *want, const struct clew_item_calls *have,
                          struct clew_arena *arena, const char **ret_why)
{
        uint32_t at = 0;

        *ret_why = "an expected tool was not called, in this order";
        for (uint32_t i = 0; i < want->n; i++) {
                const struct clew_item_call *w = &want->items[i];
                bool found = false;

                for (; at < have->n && !found; at++) {
                        const struct clew_item_call *h = &have->items[at];
                        const char *ignored;

                        found = clew_slice_eq(w->name, h->name) &&
                                (w->arguments.len == 0 ||
                                 clew_slice_eq(trimmed(w->arguments), trimmed(h->arguments)) ||
                                 json_subset(w->arguments, h->arguments, arena, &ignored) == 1);
                }
                if (!found)
                        return 0;
        }
        return 1;
}

/* The last number in a text. */
static bool last_number(struct clew_slice text, double *ret)
{
        for (size_t end = text.len; end > 0; end--) {
                size_t from = end;

                if (text.data[end - 1] < '0' || text.data[end - 1] > '9')
                        continue;
                while (from > 0 && ((text.data[from - 1] >= '0' && text.data[from - 1] <= '9') ||
                                    text.data[from - 1] == '.'))
                        from--;
                while (from < end && text.data[from] == '.')
                        from++;
                if (from > 0 && text.data[from - 1] == '-')
                        from--;
                return clew_parse_double(clew_slice_make(text.data + from, end - from), ret);
        }
        return false;
}

static int number_within(const struct clew_experiment_check *check, const struct clew_item *item,
                         const struct clew_experiment_answer *answer, const char **ret_why)
{
        double want;
        double have;

        if (!item->has_expected || !last_number(item->expected, &want))
                return -ENODATA;
        *ret_why = "the output has no number";
        if (!last_number(answer->output, &have))
                return 0;
        *ret_why = "the number is another";
        return fabs(want - have) <= check->tolerance;
}

static int pattern_in(struct clew_slice pattern, struct clew_slice text, const char **ret_why)
{
        int r = clew_regex_search(pattern, text);

        *ret_why = r < 0 ? "the pattern is none, or needs too long" : "the pattern does not match";
        return r == 1;
}

/* "it ended with status 137 (signal 9)", as a shell counts. */
static const char *how_it_ended(int status, struct clew_arena *arena)
{
        char signal[24] = "";

        if (status > ENDED_BY_SIGNAL)
                snprintf(signal, sizeof(signal), " (signal %d)", status - ENDED_BY_SIGNAL);
        return (const char *)clew_arena_printf(arena, "it ended with status %d%s", status, signal)
                .data;
}

/* ---- one check ------------------------------------------------------------------------------ */

int clew_check_run(const struct clew_experiment_check *check, const struct clew_item *item,
                   const struct clew_experiment_answer *answer, struct clew_arena *arena,
                   const char **ret_why)
{
        bool has_text = check->value.len > 0;

        switch (check->kind) {
        case CLEW_CHECK_EXIT:
                *ret_why = answer->status == 0 ? "" : how_it_ended(answer->status, arena);
                return answer->status == 0;
        case CLEW_CHECK_EQUALS:
                *ret_why = "the output is another";
                if (!has_text && !item->has_expected)
                        return -ENODATA;
                return clew_slice_eq(trimmed(answer->output),
                                     trimmed(has_text ? check->value : item->expected));
        case CLEW_CHECK_CONTAINS:
                *ret_why = "the output does not contain it";
                if (!has_text && !item->has_expected)
                        return -ENODATA;
                return contains(answer->output, trimmed(has_text ? check->value : item->expected),
                                arena);
        case CLEW_CHECK_REGEX:
                return pattern_in(check->value, answer->output, ret_why);
        case CLEW_CHECK_JSON:
                if (!item->has_expected)
                        return -ENODATA;
                return json_subset(item->expected, answer->output, arena, ret_why);
        case CLEW_CHECK_CALLS:
                if (item->expected_calls.n == 0)
                        return -ENODATA;
                return calls_in_order(&item->expected_calls, &answer->calls, arena, ret_why);
        case CLEW_CHECK_NUMBER:
                return number_within(check, item, answer, ret_why);
        case CLEW_CHECK_JUDGE:
                break;
        }
        return -EINVAL;
}

/* ---- what a program printed ------------------------------------------------------------------ */

static bool read_call(struct clew_json_reader *r, struct clew_arena *arena,
                      struct clew_item_call *c)
{
        if (r->token != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(r)) {
                bool is_name = clew_json_text_is(r, "name");
                bool is_arguments = clew_json_text_is(r, "arguments");

                clew_json_next(r);
                if (is_name && r->token == CLEW_JSON_STRING)
                        c->name = clew_json_string(r, arena);
                else if (is_arguments && r->token == CLEW_JSON_STRING)
                        c->arguments = clew_json_string(r, arena);
                else if (is_arguments)
                        c->arguments = clew_json_take(r);
                else
                        clew_json_skip(r);
        }
        return c->name.len > 0;
}

static bool read_calls(struct clew_json_reader *r, struct clew_arena *arena,
                       struct clew_experiment_answer *a)
{
        const uint32_t max = 4096;
        struct clew_item_call *calls = clew_arena_calloc(arena, max, sizeof(*calls));

        if (!calls || clew_json_next(r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        while (clew_json_next_element(r)) {
                if (a->calls.n == max || !read_call(r, arena, &calls[a->calls.n]))
                        return false;
                a->calls.n++;
        }
        a->calls.items = calls;
        return true;
}

static bool read_answer(struct clew_slice printed, struct clew_arena *arena,
                        struct clew_experiment_answer *a)
{
        struct clew_json_reader r = clew_json_reader_make(printed, CLEW_JSON_DEPTH_DEFAULT);
        bool had_output = false;

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                bool ok = true;

                if (clew_json_text_is(&r, "output")) {
                        had_output = true;
                        if (clew_json_next(&r) == CLEW_JSON_STRING)
                                a->output = clew_json_string(&r, arena);
                        else
                                a->output = clew_json_take(&r);
                } else if (clew_json_text_is(&r, "calls")) {
                        ok = read_calls(&r, arena, a);
                } else if (clew_json_text_is(&r, "tokens")) {
                        ok = clew_json_next(&r) == CLEW_JSON_NUMBER &&
                             clew_json_double(&r, &a->tokens);
                } else if (clew_json_text_is(&r, "cost_usd")) {
                        ok = clew_json_next(&r) == CLEW_JSON_NUMBER &&
                             clew_json_double(&r, &a->cost_usd);
                } else {
                        clew_json_skip(&r);
                }
                if (!ok)
                        return false;
        }
        return had_output && clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE;
}

void clew_answer_read(struct clew_slice printed, struct clew_arena *arena,
                      struct clew_experiment_answer *ret)
{
        int status = ret->status;

        *ret = (struct clew_experiment_answer){.status = status, .tokens = NAN, .cost_usd = NAN};
        if (read_answer(printed, arena, ret))
                return;
        *ret = (struct clew_experiment_answer){
                .status = status, .output = printed, .tokens = NAN, .cost_usd = NAN};
}
