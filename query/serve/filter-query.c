/*
 * Flags to a query: each selection flag says what it selects in the query language.
 *
 * Facts of the run go into one `{ }`, as they stand on one span; what may stand on different spans
 * (a tool, a model, an attribute) gets a `{ }` of its own.
 */
#include "query/serve/filter-int.h"

#include "query/answer/when.h"

#include "proto/base/number.h"

#include <errno.h>
#include <string.h>

struct writer {
        struct clew_buffer *out;
        bool in_set;   /* a `{` is open */
        bool has_sets; /* one was closed */
};

/* ` && ` between conditions, `{ ` before the first. */
static void begin_condition(struct writer *w)
{
        if (w->in_set)
                clew_buffer_append_cstr(w->out, " && ");
        else
                clew_buffer_append_cstr(w->out, w->has_sets ? " && { " : "{ ");
        w->in_set = true;
}

static void end_set(struct writer *w)
{
        if (!w->in_set)
                return;
        clew_buffer_append_cstr(w->out, " }");
        w->in_set = false;
        w->has_sets = true;
}

/* `field = "value"`, or a pattern for a value that ends in '*'. */
static void put_equal(struct writer *w, const char *field, struct clew_slice value)
{
        clew_buffer_append_cstr(w->out, field);
        if (value.len > 0 && value.data[value.len - 1] == '*') {
                CLEW_BUFFER pattern = {0};

                clew_buffer_init(&pattern, 4 * value.len + 16);
                clew_query_regex_escape(clew_slice_make(value.data, value.len - 1), &pattern);
                clew_buffer_append_cstr(&pattern, ".*");
                clew_buffer_append_cstr(w->out, " =~ ");
                clew_query_quote(clew_buffer_slice(&pattern), w->out);
                return;
        }
        clew_buffer_append_cstr(w->out, " = ");
        clew_query_quote(value, w->out);
}

static void put_any(struct writer *w, const char *field, const struct clew_flag_values *values)
{
        if (values->n == 0)
                return;
        begin_condition(w);
        clew_buffer_append_cstr(w->out, values->n > 1 ? "(" : "");
        for (size_t i = 0; i < values->n; i++) {
                clew_buffer_append_cstr(w->out, i > 0 ? " || " : "");
                put_equal(w, field, clew_slice_of_cstr(values->values[i]));
        }
        clew_buffer_append_cstr(w->out, values->n > 1 ? ")" : "");
}

static void put_own_set(struct writer *w, const char *field, const struct clew_flag_values *values)
{
        end_set(w);
        put_any(w, field, values);
        end_set(w);
}

/* More dollars than any run costs. */
#define COST_MAX 1e12

static void put_number(struct writer *w, const char *field, const char *op, uint64_t v,
                       const char *unit)
{
        if (v == 0)
                return;
        begin_condition(w);
        clew_buffer_printf(w->out, "%s %s %llu%s", field, op, (unsigned long long)v, unit);
}

/* In the largest unit that says it exactly. */
static void put_length(struct writer *w, const char *field, const char *op, uint64_t ns)
{
        static const struct {
                const char *name;
                uint64_t ns;
        } units[] = {{"h", 3600 * CLEW_NS_PER_S},
                     {"m", 60 * CLEW_NS_PER_S},
                     {"s", CLEW_NS_PER_S},
                     {"ms", 1000000},
                     {"us", 1000},
                     {"ns", 1}};
        size_t i = 0;

        while (ns % units[i].ns != 0)
                i++;
        put_number(w, field, op, ns / units[i].ns, units[i].name);
}

static void put_outcomes(struct writer *w, const struct clew_filter_flags *f)
{
        static const char *const words[] = {"failed", "ok", "open", "paused", "cancelled"};
        const bool is[] = {f->failed, f->ok, f->open, f->paused, f->cancelled};
        unsigned n = (unsigned)f->failed + f->ok + f->open + f->paused + f->cancelled;
        unsigned told = 0;

        if (n > 0)
                begin_condition(w);
        clew_buffer_append_cstr(w->out, n > 1 ? "(" : "");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(is); i++) {
                if (is[i])
                        clew_buffer_printf(w->out, "%sspan.clew.outcome = \"%s\"",
                                           told++ > 0 ? " || " : "", words[i]);
        }
        clew_buffer_append_cstr(w->out, n > 1 ? ")" : "");
        if (f->lost) {
                begin_condition(w);
                clew_buffer_append_cstr(w->out, "span.clew.outcome = \"lost\"");
        }
}

static void put_run(struct writer *w, const struct clew_filter_flags *f, uint64_t longer_ns,
                    uint64_t waste_ns)
{
        put_outcomes(w, f);
        put_any(w, "trace:rootService", &f->services);
        put_any(w, "span.clew.user", &f->users);
        put_length(w, "trace:duration", ">", longer_ns);
        put_number(w, "span.clew.run.tokens", ">", f->tokens_over, "");
        if (f->cost_over) {
                begin_condition(w);
                clew_buffer_printf(w->out, "span.clew.run.cost > %s", f->cost_over);
        }
        put_number(w, "span.clew.loops", ">=", f->loop, "");
        put_number(w, "span.clew.stalls", ">=", f->stall, "");
        put_number(w, "span.clew.retries", ">=", f->retries, "");
        put_number(w, "span.clew.waste.tokens", ">=", f->waste_tokens, "");
        put_length(w, "span.clew.waste.time", ">=", waste_ns);
        put_any(w, "span.clew.cause.rule", &f->causes);
        put_any(w, "span.clew.signature", &f->signatures);
        put_any(w, "span.clew.label", &f->labels);
        if (f->unlabeled) { /* of the span that speaks for the run: others never have one */
                begin_condition(w);
                clew_buffer_append_cstr(w->out,
                                        "span.clew.outcome != nil && span.clew.label = nil");
        }
}

/* ---- attributes and texts ---------------------------------------------------------------------
 */

static struct clew_slice key_of(const char *text)
{
        const char *equals = strchr(text, '=');

        return clew_slice_make(text, equals ? (size_t)(equals - text) : strlen(text));
}

static void put_attribute(struct writer *w, const char *text)
{
        struct clew_slice key = key_of(text);
        CLEW_BUFFER field = {0};

        clew_buffer_init(&field, 4 * key.len + 64);
        clew_buffer_append_cstr(&field, "span.clew.attr.");
        clew_query_quote(key, &field);
        clew_buffer_append_byte(&field, 0);
        if (clew_buffer_error(&field) < 0)
                return;
        if (text[key.len] == '=') {
                put_equal(w, (const char *)field.data, clew_slice_of_cstr(text + key.len + 1));
        } else {
                clew_buffer_append_cstr(w->out, (const char *)field.data);
                clew_buffer_append_cstr(w->out, " != nil");
        }
}

/* Different keys: all of them, on any span. One key again: any of its values. */
static int put_attributes(struct writer *w, const struct clew_flag_values *all,
                          struct clew_error *err)
{
        for (size_t i = 0; i < all->n; i++) {
                struct clew_slice key = key_of(all->values[i]);
                bool told = false;

                if (key.len == 0)
                        return clew_error_set(err, -EINVAL, 0, "--attr takes KEY or KEY=VALUE");
                for (size_t k = 0; k < i && !told; k++)
                        told = clew_slice_eq(key_of(all->values[k]), key);
                if (told)
                        continue;
                end_set(w);
                begin_condition(w);
                put_attribute(w, all->values[i]);
                for (size_t k = i + 1; k < all->n; k++) {
                        if (!clew_slice_eq(key_of(all->values[k]), key))
                                continue;
                        clew_buffer_append_cstr(w->out, " || ");
                        put_attribute(w, all->values[k]);
                }
                end_set(w);
        }
        return 0;
}

/* Bytes of a text: a pattern holds at most 4096, escapes included. */
#define GREP_BYTES_MAX 2000u

static int put_texts(struct writer *w, const struct clew_filter_flags *f, struct clew_error *err)
{
        for (size_t i = 0; i < f->texts.n + f->patterns.n; i++) {
                bool is_text = i < f->texts.n;
                struct clew_slice text = clew_slice_of_cstr(
                        is_text ? f->texts.values[i] : f->patterns.values[i - f->texts.n]);
                CLEW_BUFFER pattern = {0};

                if (text.len == 0 || text.len > GREP_BYTES_MAX)
                        return clew_error_set(err, -EINVAL, 0, "--%s takes %s of 1 to %u bytes",
                                              is_text ? "grep" : "regex",
                                              is_text ? "a text" : "a pattern", GREP_BYTES_MAX);
                clew_buffer_init(&pattern, 4 * text.len + 64);
                clew_buffer_append_cstr(&pattern, f->ignore_case ? "(?i).*" : ".*");
                if (is_text) {
                        clew_query_regex_escape(text, &pattern);
                } else {
                        clew_buffer_append_cstr(&pattern, "(?:");
                        clew_buffer_append_slice(&pattern, text);
                        clew_buffer_append_cstr(&pattern, ")");
                }
                clew_buffer_append_cstr(&pattern, ".*");
                end_set(w);
                begin_condition(w);
                clew_buffer_append_cstr(w->out, "span.clew.text =~ ");
                clew_query_quote(clew_buffer_slice(&pattern), w->out);
                end_set(w);
        }
        return 0;
}

static void put_paths(struct writer *w, const struct clew_flag_values *paths)
{
        for (size_t i = 0; i < paths->n; i++) {
                end_set(w);
                begin_condition(w);
                clew_buffer_append_cstr(w->out, "span.clew.path =~ ");
                clew_query_quote(clew_slice_of_cstr(paths->values[i]), w->out);
                end_set(w);
        }
}

int clew_filter_write_query(const struct clew_filter_flags *f, struct clew_buffer *out,
                            struct clew_error *err)
{
        struct writer w = {.out = out};
        uint64_t longer_ns = 0;
        uint64_t waste_ns = 0;
        double cost;
        int r;

        if (f->longer && !clew_when_parse_length(f->longer, &longer_ns))
                return clew_error_set(err, -EINVAL, 0,
                                      "--longer takes a length of time such as 5s or 2m");
        if (f->waste_time && !clew_when_parse_length(f->waste_time, &waste_ns))
                return clew_error_set(err, -EINVAL, 0,
                                      "--waste-time takes a length of time such as 5s or 2m");
        if (f->cost_over && (!clew_parse_double(clew_slice_of_cstr(f->cost_over), &cost) ||
                             !(cost >= 0) || cost > COST_MAX))
                return clew_error_set(err, -EINVAL, 0, "--cost-over takes dollars such as 0.25");
        if (f->lost && (f->failed || f->ok || f->paused || f->cancelled))
                return clew_error_set(err, -EINVAL, 0,
                                      "a lost run has not ended: --lost goes without --failed, "
                                      "--ok, --paused and --cancelled");
        if (f->labels.n && f->unlabeled)
                return clew_error_set(err, -EINVAL, 0,
                                      "--label and --unlabeled exclude each other");
        put_run(&w, f, longer_ns, waste_ns);
        put_own_set(&w, "span.clew.agent", &f->agents);
        put_own_set(&w, "span.clew.tool", &f->tools);
        put_own_set(&w, "span.clew.model", &f->models);
        put_own_set(&w, "span.clew.session", &f->sessions);
        r = put_attributes(&w, &f->attributes, err);
        if (r == 0)
                r = put_texts(&w, f, err);
        put_paths(&w, &f->paths);
        end_set(&w);
        return r < 0 ? r : clew_buffer_error(out);
}
