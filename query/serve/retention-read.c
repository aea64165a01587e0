/*
 * Reading rules of retention; see retention.h.
 */
#include "query/serve/retention-order-int.h"

#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "proto/base/small-file.h"
#include "query/answer/when.h"

#include <errno.h>
#include <string.h>

struct reading {
        struct clew_retention *r;
        unsigned line;
        struct clew_error *err;
};

static int wrong(const struct reading *x, const char *what, struct clew_slice word)
{
        return clew_error_set(x->err, -EINVAL, 0, "retention, line %u: %s%s%.*s", x->line, what,
                              word.len ? ": " : "", (int)(word.len < 80 ? word.len : 80),
                              word.len ? (const char *)word.data : "");
}

static const char *keep_text(const struct reading *x, struct clew_slice s)
{
        return (const char *)clew_arena_printf(&x->r->arena, "%.*s", (int)s.len,
                                               s.len ? (const char *)s.data : "")
                .data;
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static struct clew_slice trim(struct clew_slice s)
{
        while (s.len > 0 && is_blank(s.data[0]))
                s = clew_slice_from(s, 1);
        while (s.len > 0 && is_blank(s.data[s.len - 1]))
                s.len--;
        return s;
}

/* The next word of @rest: up to a blank, or to the quote that closes it. False at the end. */
static bool next_word(struct clew_slice *rest, struct clew_slice *ret)
{
        struct clew_slice s = trim(*rest);
        bool quoted = false;
        size_t n = 0;

        while (n < s.len && (quoted || !is_blank(s.data[n]))) {
                quoted ^= s.data[n] == '"';
                n++;
        }
        *ret = clew_slice_make(s.data, n);
        *rest = clew_slice_from(s, n);
        return n > 0;
}

static bool parse_bytes(struct clew_slice s, uint64_t *ret)
{
        static const struct {
                const char *name;
                unsigned shift;
        } units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
        uint64_t n;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(units); i++) {
                if (s.len > 3 && memcmp(s.data + s.len - 3, units[i].name, 3) == 0) {
                        if (!clew_parse_uint64(clew_slice_make(s.data, s.len - 3), &n) || n == 0 ||
                            n > UINT64_MAX >> units[i].shift)
                                return false;
                        *ret = n << units[i].shift;
                        return true;
                }
        }
        return false;
}

/* ---- one rule -------------------------------------------------------------------------------- */

static int set_age(const struct reading *x, struct clew_retention_rule *rule, bool older,
                   const char *value, struct clew_slice word)
{
        uint64_t *at = older ? &rule->older_ns : &rule->younger_ns;

        if (older == (rule->action == CLEW_RETENTION_KEEP))
                return wrong(x,
                             older ? "keep takes younger=AGE, not older"
                                   : "drop and skeleton take older=AGE, not younger",
                             word);
        if (*at)
                return wrong(x, "an age given twice", word);
        if (!value || !clew_when_parse_length(value, at) || *at == 0)
                return wrong(x, "an age is a whole number with h, d or w, 30d", word);
        return 0;
}

static int set_size(const struct reading *x, struct clew_retention_rule *rule, const char *value,
                    struct clew_slice word)
{
        if (rule->action == CLEW_RETENTION_KEEP)
                return wrong(x, "keep counts whatever the store uses", word);
        if (rule->over_bytes)
                return wrong(x, "a size given twice", word);
        if (!value || !parse_bytes(clew_slice_of_cstr(value), &rule->over_bytes))
                return wrong(x, "over takes a size of the store: 20GiB", word);
        return 0;
}

/* Values of a list are alternatives: one that stands there twice is a slip of the pen. */
static int add_value(const struct reading *x, struct clew_flag_values *values, const char *value,
                     struct clew_slice word)
{
        for (size_t i = 0; i < values->n; i++) {
                if (strcmp(values->values[i], value) == 0)
                        return wrong(x, "the same condition twice", word);
        }
        if (values->n == CLEW_FLAG_VALUES_MAX)
                return wrong(x, "more than 64 values of one condition", word);
        values->values[values->n++] = value;
        return 0;
}

/* What selects nothing must not look like a condition: the rule would be met by every trace. */
static int set_condition(const struct reading *x, const struct clew_flag *f, const char *value,
                         struct clew_slice word)
{
        uint64_t n = 0;

        if ((f->ret_flag != NULL) == (value != NULL))
                return wrong(x, f->ret_flag ? "takes no value" : "needs a value", word);
        if (value && value[0] == '\0')
                return wrong(x, "an empty value", word);
        if (f->ret_values)
                return add_value(x, f->ret_values, value, word);
        if ((f->ret_flag && *f->ret_flag) || (f->ret_text && *f->ret_text) ||
            (f->ret_number && *f->ret_number))
                return wrong(x, "a condition given twice", word);
        if (f->ret_flag) {
                *f->ret_flag = true;
        } else if (f->ret_text) {
                if (f->value && strcmp(f->value, "LENGTH") == 0 &&
                    (!clew_when_parse_length(value, &n) || n == 0))
                        return wrong(x, "takes a length of time: 5s, 2m", word);
                *f->ret_text = value;
        } else if (!clew_parse_uint64(clew_slice_of_cstr(value), f->ret_number) ||
                   *f->ret_number == 0) {
                return wrong(x, "takes a whole number, of 1 at least", word);
        }
        return 0;
}

static int set_flag(const struct reading *x, struct clew_retention_rule *rule,
                    struct clew_slice name, const char *value, struct clew_slice word)
{
        static const char *const others[] = {"since",      "until",        "explain", "no-index",
                                             "limit-time", "limit-bytes",  "open",    "lost",
                                             "lost-after", "allow-unknown"};
        struct clew_flag_set set = {0};
        const struct clew_flag *f;

        if (clew_slice_eq_cstr(name, "older") || clew_slice_eq_cstr(name, "younger"))
                return set_age(x, rule, name.len == 5, value, word);
        if (clew_slice_eq_cstr(name, "over"))
                return set_size(x, rule, value, word);
        clew_filter_flags_add(&set, &rule->flags);
        f = clew_flag_find(set.flags, (const char *)name.data, name.len);
        for (size_t i = 0; f && i < CLEW_ARRAY_LEN(others); i++) {
                if (clew_slice_eq_cstr(name, others[i]))
                        f = NULL;
        }
        if (!f)
                return wrong(x, "no condition; clew help list names those of a selection", word);
        return set_condition(x, f, value, word);
}

/* name, name=value, name="a value". */
static int take_word(const struct reading *x, struct clew_retention_rule *rule,
                     struct clew_slice word)
{
        const uint8_t *equals = memchr(word.data, '=', word.len);
        size_t len = equals ? (size_t)(equals - word.data) : word.len;
        struct clew_slice value = equals ? clew_slice_from(word, len + 1) : CLEW_SLICE_NULL;
        const char *text = NULL;

        if (value.len > 0 && value.data[0] == '"') {
                if (value.len < 2 || value.data[value.len - 1] != '"')
                        return wrong(x, "a quote is not closed", word);
                value = clew_slice_make(value.data + 1, value.len - 2);
        }
        if (equals) {
                text = keep_text(x, value);
                if (!text)
                        return clew_error_set(x->err, -ENOMEM, 0, "out of memory");
        }
        return set_flag(x, rule, clew_slice_make(word.data, len), text, word);
}

static int take_conditions(const struct reading *x, struct clew_retention_rule *rule,
                           struct clew_slice rest)
{
        struct clew_slice word;
        int r = 0;

        while (r == 0 && (rest = trim(rest)).len > 0) {
                if (rest.data[0] == '{') { /* a query, to the end of the line */
                        if (rule->flags.query)
                                return wrong(x, "one query a rule", rest);
                        rule->flags.query = keep_text(x, rest);
                        return rule->flags.query
                                       ? 0
                                       : clew_error_set(x->err, -ENOMEM, 0, "out of memory");
                }
                if (!next_word(&rest, &word))
                        break;
                r = take_word(x, rule, word);
        }
        return r;
}

/* What a rule selects must be a query that can be asked. */
static int check_query(const struct reading *x, const struct clew_retention_rule *rule)
{
        struct clew_filter filter = {0};
        struct clew_error why = {0};
        int r = clew_filter_read(&rule->flags, NULL, clew_clock_system(), true, &filter, &why);

        if (r == -ENOMEM)
                return clew_error_set(x->err, r, 0, "out of memory");
        if (r < 0)
                return wrong(x, why.message, CLEW_SLICE_NULL);
        clew_filter_deinit(&filter);
        return 0;
}

static int check_rule(const struct reading *x, const struct clew_retention_rule *rule)
{
        static const struct clew_filter_flags everything;
        const char *why;
        bool earlier;
        unsigned line;
        int e = check_query(x, rule);

        if (e < 0)
                return e;
        if (rule->action != CLEW_RETENTION_KEEP && rule->older_ns < CLEW_RETENTION_YOUNGEST_NS)
                return wrong(x,
                             "drop and skeleton need older=AGE, of 1h at least: it would take "
                             "runs that still go on, or everything",
                             CLEW_SLICE_NULL);
        if (rule->flags.ignore_case && rule->flags.texts.n + rule->flags.patterns.n == 0)
                return wrong(x, "ignore-case is of grep= and regex=, and there is none",
                             CLEW_SLICE_NULL);
        if (rule->action == CLEW_RETENTION_KEEP && rule->younger_ns == 0 &&
            clew_retention_selects_less(&everything, &rule->flags))
                return wrong(x, "keep without a condition: no rule after it can be met",
                             CLEW_SLICE_NULL);
        why = clew_retention_no_effect(x->r, rule, &line, &earlier);
        if (why)
                return clew_error_set(x->err, -EINVAL, 0,
                                      "retention, line %u: has no effect: the rule of line %u %s",
                                      earlier ? line : x->line, earlier ? x->line : line, why);
        return 0;
}

/* What shows only when all rules are known. */
static int check_all(const struct reading *x)
{
        const struct clew_retention *r = x->r;
        unsigned line;
        unsigned by;

        if (clew_retention_idle_keep(r, &line, &by))
                return clew_error_set(x->err, -EINVAL, 0,
                                      "retention, line %u: has no effect: the rule of line %u "
                                      "takes all that it means, first",
                                      line, by);
        /* With a quota the store never uses what such a rule waits for. */
        for (unsigned i = 0; r->quota_bytes && i < r->n; i++) {
                if (r->rules[i].over_bytes >= r->quota_bytes)
                        return clew_error_set(
                                x->err, -EINVAL, 0,
                                "retention, line %u: has no effect: the quota of line %u keeps the "
                                "store below the size that over= waits for",
                                r->rules[i].line, r->quota_line);
        }
        return 0;
}

/* A comment behind a rule goes; in a query, which reaches to the end of the line, there is none. */
static struct clew_slice without_comment(struct clew_slice line)
{
        bool quoted = false;

        for (size_t i = 0; i < line.len; i++) {
                uint8_t c = line.data[i];

                if (c == '"')
                        quoted = !quoted;
                else if (c == '{' && !quoted)
                        break;
                else if (c == '#' && !quoted && i > 0 &&
                         (line.data[i - 1] == ' ' || line.data[i - 1] == '\t'))
                        return clew_slice_make(line.data, i);
        }
        return line;
}

static int take_line(const struct reading *x, struct clew_slice line)
{
        struct clew_retention *r = x->r;
        struct clew_retention_rule *rule = &r->rules[r->n];
        struct clew_slice rest;
        struct clew_slice word;
        int e;

        line = without_comment(line);
        rest = line;
        if (!next_word(&rest, &word) || word.data[0] == '#')
                return 0;
        if (clew_slice_eq_cstr(word, "quota")) {
                if (r->quota_bytes)
                        return wrong(x, "a second quota", CLEW_SLICE_NULL);
                if (!parse_bytes(trim(rest), &r->quota_bytes))
                        return wrong(x, "quota takes a size: 20GiB", trim(rest));
                if (r->quota_bytes < CLEW_RETENTION_QUOTA_MIN)
                        return wrong(x, "a quota has 1MiB at least: it would drop everything",
                                     trim(rest));
                r->quota_line = x->line;
                return 0;
        }
        if (r->n == CLEW_RETENTION_RULES_MAX)
                return wrong(x, "more than 64 rules", CLEW_SLICE_NULL);
        *rule = (struct clew_retention_rule){.line = x->line};
        if (clew_slice_eq_cstr(word, "drop"))
                rule->action = CLEW_RETENTION_DROP;
        else if (clew_slice_eq_cstr(word, "skeleton"))
                rule->action = CLEW_RETENTION_SKELETON;
        else if (!clew_slice_eq_cstr(word, "keep"))
                return wrong(x, "a rule begins with keep, skeleton, drop or quota", word);
        rule->text = keep_text(x, trim(line));
        if (!rule->text)
                return clew_error_set(x->err, -ENOMEM, 0, "out of memory");
        e = take_conditions(x, rule, rest);
        if (e == 0)
                e = check_rule(x, rule);
        if (e == 0)
                r->n++;
        return e;
}

int clew_retention_parse(struct clew_retention *r, struct clew_slice text, struct clew_error *err)
{
        struct reading x = {.r = r, .err = err};
        bool drops = false;
        int e = 0;

        *r = (struct clew_retention){.n = 0};
        clew_arena_init(&r->arena, 4 * CLEW_RETENTION_FILE_MAX);
        r->rules = clew_calloc(CLEW_RETENTION_RULES_MAX, sizeof(*r->rules));
        if (!r->rules)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (memchr(text.data ? text.data : (const uint8_t *)"", 0, text.len))
                e = clew_error_set(err, -EINVAL, 0, "retention: is no text");
        while (e == 0 && text.len > 0) {
                const uint8_t *end = memchr(text.data, '\n', text.len);
                size_t len = end ? (size_t)(end - text.data) : text.len;

                x.line++;
                e = take_line(&x, clew_slice_make(text.data, len));
                text = clew_slice_from(text, end ? len + 1 : len);
        }
        for (unsigned i = 0; i < r->n; i++)
                drops = drops || r->rules[i].action != CLEW_RETENTION_KEEP;
        if (e == 0)
                e = check_all(&x);
        if (e == 0 && !drops && r->quota_bytes == 0)
                e = clew_error_set(err, -EINVAL, 0,
                                   "retention: no rule drops anything or makes skeletons, and "
                                   "there is no quota");
        if (e < 0)
                clew_retention_deinit(r);
        return e;
}

int clew_retention_load(struct clew_retention *r, const char *path, struct clew_error *err)
{
        CLEW_BUFFER text = {0};
        int e;

        *r = (struct clew_retention){.n = 0};
        clew_buffer_init(&text, CLEW_RETENTION_FILE_MAX + 1);
        e = clew_small_file_read(path, &text);
        if (e == -EMSGSIZE)
                return clew_error_set(err, -EINVAL, 0, "retention file %s: has over %zu bytes",
                                      path, CLEW_RETENTION_FILE_MAX);
        if (e < 0)
                return clew_error_set(err, e, 0, "retention file %s: %s", path, strerror(-e));
        return clew_retention_parse(r, clew_buffer_slice(&text), err);
}

void clew_retention_deinit(struct clew_retention *r)
{
        clew_arena_deinit(&r->arena);
        clew_free(r->rules);
        r->rules = NULL;
        r->n = 0;
        r->quota_bytes = 0;
}
