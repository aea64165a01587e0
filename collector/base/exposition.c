/*
 * See exposition.h. Grammar: OpenMetrics 1.0, "ABNF"; Prometheus, "Exposition formats".
 */
#include "collector/base/exposition.h"

#include "proto/base/clock.h"
#include "proto/base/number.h"
#include "proto/base/utf8.h"

#include <string.h>
#include <strings.h>

/* ---- text ----------------------------------------------------------------------------------- */

size_t clew_label_clean(struct clew_slice text, char ret[CLEW_LABEL_VALUE_MAX + 1])
{
        size_t n = 0;

        while (text.len > 0) {
                uint8_t bytes[CLEW_UTF8_BYTES_MAX];
                uint32_t point = clew_utf8_next(&text, NULL);
                size_t len = clew_utf8_encode(
                        clew_utf8_is_hidden(point) ? CLEW_UTF8_REPLACEMENT : point, bytes);

                if (len > CLEW_LABEL_VALUE_MAX - n)
                        break;
                memcpy(ret + n, bytes, len);
                n += len;
        }
        ret[n] = '\0';
        return n;
}

static void put_value(struct clew_buffer *out, struct clew_slice value)
{
        for (size_t i = 0; i < value.len; i++) {
                uint8_t ch = value.data[i];

                if (ch == '\\' || ch == '"')
                        clew_buffer_append_byte(out, '\\');
                if (ch == '\n')
                        clew_buffer_append_cstr(out, "\\n");
                else
                        clew_buffer_append_byte(out, ch);
        }
}

static void put_labels(struct clew_buffer *out, const struct clew_label *labels, size_t n,
                       const char *last_name, const char *last_value)
{
        if (n == 0 && !last_name)
                return;
        clew_buffer_append_byte(out, '{');
        for (size_t i = 0; i < n; i++) {
                clew_buffer_append_cstr(out, i > 0 ? "," : "");
                clew_buffer_append_cstr(out, labels[i].name);
                clew_buffer_append_cstr(out, "=\"");
                put_value(out, labels[i].value);
                clew_buffer_append_byte(out, '"');
        }
        if (last_name) {
                clew_buffer_append_cstr(out, n > 0 ? "," : "");
                clew_buffer_append_cstr(out, last_name);
                clew_buffer_append_cstr(out, "=\"");
                clew_buffer_append_cstr(out, last_value);
                clew_buffer_append_byte(out, '"');
        }
        clew_buffer_append_byte(out, '}');
}

static void put_number(struct clew_buffer *out, double value)
{
        char text[CLEW_DOUBLE_TEXT_MAX];

        clew_buffer_append(out, text, clew_format_double(value, text));
}

/* ---- samples -------------------------------------------------------------------------------- */

void clew_exposition_family(struct clew_exposition *x, const char *name, enum clew_metric_type type,
                            const char *unit, const char *help)
{
        static const char *const types[] = {"gauge", "counter", "histogram", "summary", "info"};
        bool as_gauge = type == CLEW_METRIC_INFO && !x->openmetrics;
        const char *suffix = x->openmetrics                ? ""
                             : type == CLEW_METRIC_COUNTER ? "_total"
                             : type == CLEW_METRIC_INFO    ? "_info"
                                                           : "";

        x->family = name;
        x->type = type;
        clew_buffer_printf(x->out, "# TYPE %s%s %s\n", name, suffix,
                           as_gauge ? "gauge" : types[type]);
        if (x->openmetrics && unit[0])
                clew_buffer_printf(x->out, "# UNIT %s %s\n", name, unit);
        clew_buffer_printf(x->out, "# HELP %s%s %s\n", name, suffix, help);
}

static void put_sample(struct clew_exposition *x, const char *suffix,
                       const struct clew_label *labels, size_t n, const char *last_name,
                       const char *last_value, double value)
{
        clew_buffer_append_cstr(x->out, x->family);
        clew_buffer_append_cstr(x->out, suffix);
        put_labels(x->out, labels, n, last_name, last_value);
        clew_buffer_append_byte(x->out, ' ');
        put_number(x->out, value);
        clew_buffer_append_byte(x->out, '\n');
        x->n_samples++;
}

static void put_created(struct clew_exposition *x, const struct clew_label *labels, size_t n,
                        uint64_t created_ns)
{
        uint64_t ms = created_ns / CLEW_NS_PER_MS;

        if (!x->openmetrics || created_ns == 0)
                return;
        clew_buffer_append_cstr(x->out, x->family);
        clew_buffer_append_cstr(x->out, "_created");
        put_labels(x->out, labels, n, NULL, NULL);
        clew_buffer_printf(x->out, " %llu.%03u\n", (unsigned long long)(ms / 1000),
                           (unsigned)(ms % 1000));
}

void clew_exposition_gauge(struct clew_exposition *x, const struct clew_label *labels, size_t n,
                           double value)
{
        put_sample(x, x->type == CLEW_METRIC_INFO ? "_info" : "", labels, n, NULL, NULL, value);
}

void clew_exposition_counter(struct clew_exposition *x, const struct clew_label *labels, size_t n,
                             double value, uint64_t created_ns)
{
        put_sample(x, "_total", labels, n, NULL, NULL, value);
        put_created(x, labels, n, created_ns);
}

void clew_exposition_histogram(struct clew_exposition *x, const struct clew_label *labels, size_t n,
                               const double *bounds, const double *counts, size_t n_bounds,
                               double sum, uint64_t created_ns)
{
        double so_far = 0;

        for (size_t i = 0; i < n_bounds; i++) {
                char text[CLEW_DOUBLE_TEXT_MAX + sizeof(".0")];
                size_t len = clew_format_double(bounds[i], text);

                memcpy(text + len, ".0", sizeof(".0")); /* a float, as OpenMetrics writes them */
                if (memchr(text, '.', len) || memchr(text, 'e', len))
                        text[len] = '\0';
                so_far += counts[i];
                put_sample(x, "_bucket", labels, n, "le", text, so_far);
        }
        so_far += counts[n_bounds];
        put_sample(x, "_bucket", labels, n, "le", "+Inf", so_far);
        put_sample(x, "_count", labels, n, NULL, NULL, so_far);
        put_sample(x, "_sum", labels, n, NULL, NULL, sum);
        put_created(x, labels, n, created_ns);
}

void clew_exposition_summary(struct clew_exposition *x, const struct clew_label *labels, size_t n,
                             double count, double sum, uint64_t created_ns)
{
        put_sample(x, "_count", labels, n, NULL, NULL, count);
        put_sample(x, "_sum", labels, n, NULL, NULL, sum);
        put_created(x, labels, n, created_ns);
}

void clew_exposition_end(struct clew_exposition *x)
{
        if (x->openmetrics)
                clew_buffer_append_cstr(x->out, "# EOF\n");
}

/* ---- what is asked for ---------------------------------------------------------------------- */

static struct clew_slice trim(struct clew_slice s)
{
        while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
                s = clew_slice_from(s, 1);
        while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
                s.len--;
        return s;
}

/* What is before the first @sign; @s goes on behind it. */
static struct clew_slice take(struct clew_slice *s, char sign)
{
        const uint8_t *at = s->len > 0 ? memchr(s->data, sign, s->len) : NULL;
        size_t n = at ? (size_t)(at - s->data) : s->len;
        struct clew_slice part = clew_slice_make(s->data, n);

        *s = clew_slice_from(*s, at ? n + 1 : n);
        return trim(part);
}

static bool is_word(struct clew_slice s, const char *word)
{
        return s.len == strlen(word) && strncasecmp((const char *)s.data, word, s.len) == 0;
}

/* Of a media range `type;version=1.0.0;q=0.5`: its weight; 0 also when the version is none of
 * ours. */
static double weight_of(struct clew_slice parameters, const char *version)
{
        double weight = 1;

        while (parameters.len > 0) {
                struct clew_slice value = take(&parameters, ';');
                struct clew_slice name = take(&value, '=');
                double q;

                if (is_word(name, "q") && clew_parse_double(value, &q))
                        weight = q;
                if (is_word(name, "version") && !is_word(value, version))
                        return 0;
        }
        return weight;
}

bool clew_exposition_wants_openmetrics(struct clew_slice accept)
{
        double openmetrics = 0;
        double text = 0;

        while (accept.len > 0) {
                struct clew_slice range = take(&accept, ',');
                struct clew_slice type = take(&range, ';');
                bool is_any = is_word(type, "*/*") || is_word(type, "text/*");
                double weight;

                if (is_word(type, "application/openmetrics-text")) {
                        weight = weight_of(range, "1.0.0");
                        openmetrics = weight > openmetrics ? weight : openmetrics;
                } else if (is_any || is_word(type, "text/plain")) {
                        weight = weight_of(range, "0.0.4");
                        text = weight > text ? weight : text;
                }
        }
        return openmetrics > 0 && openmetrics >= text;
}
