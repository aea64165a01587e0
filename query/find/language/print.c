/*
 * A query told to people: the plan, and texts made part of a query.
 */
#include "query/find/language/program-int.h"

#include "query/find/language/regex-int.h"

#include <string.h>

void clew_query_quote(struct clew_slice text, struct clew_buffer *out)
{
        clew_buffer_append_byte(out, '"');
        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];

                if (c == '"' || c == '\\')
                        clew_buffer_append_byte(out, '\\');
                if (c == '\n')
                        clew_buffer_append_cstr(out, "\\n");
                else if (c < 0x20 || c == 0x7f)
                        clew_buffer_printf(out, "\\x%02x", c);
                else
                        clew_buffer_append_byte(out, c);
        }
        clew_buffer_append_byte(out, '"');
}

void clew_query_regex_escape(struct clew_slice text, struct clew_buffer *out)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] != 0 && strchr("\\.+*?()|[]{}^$", text.data[i]))
                        clew_buffer_append_byte(out, '\\');
                clew_buffer_append_byte(out, text.data[i]);
        }
}

/* ---- plan -------------------------------------------------------------------------------------
 */

static const char *told_by(const struct clew_query *q, const struct clew_field_ref *ref)
{
        if (!ref->row || ref->row->cover == CLEW_COVER_NONE || ref->of_parent)
                return ref->row && (clew_field_is_text(ref->row) || clew_field_is_path(ref->row))
                               ? "the texts of spans"
                               : "spans";
        (void)q;
        return ref->row->cover == CLEW_COVER_SOME ? "the summary, then spans" : "the summary";
}

static void explain_fields(const struct clew_query *q, struct clew_buffer *out)
{
        for (uint32_t i = 0; i < q->n_fields; i++) {
                const struct clew_field_ref *ref = &q->fields[i];
                bool told = false;

                for (uint32_t k = 0; k < i && !told; k++)
                        told = q->fields[k].row == ref->row && q->fields[k].scope == ref->scope &&
                               clew_slice_eq(q->fields[k].name, ref->name);
                if (told)
                        continue;
                clew_buffer_append_cstr(out, "     ");
                clew_buffer_append(out, q->text.data + ref->offset, ref->len);
                clew_buffer_printf(out, ": %s\n", told_by(q, ref));
        }
}

bool clew_query_unscoped(const struct clew_query *q, uint32_t i, struct clew_slice *ret)
{
        for (uint32_t k = 0; k < q->n_fields; k++) {
                const struct clew_field_ref *ref = &q->fields[k];
                bool told = ref->row || ref->scope != CLEW_SCOPE_ANY;

                for (uint32_t before = 0; before < k && !told; before++)
                        told = !q->fields[before].row && q->fields[before].scope == ref->scope &&
                               clew_slice_eq(q->fields[before].name, ref->name);
                if (!told && i-- == 0) {
                        *ret = ref->name;
                        return true;
                }
        }
        return false;
}

static bool needs_spans(const struct clew_query *q)
{
        for (uint32_t i = 0; i < q->n_fields; i++) {
                if (strcmp(told_by(q, &q->fields[i]), "the summary") != 0)
                        return true;
        }
        for (uint32_t i = 0; i < q->n_stages; i++) {
                if (q->stages[i].stage == CLEW_STAGE_AGGREGATE ||
                    (q->stages[i].stage == CLEW_STAGE_COMBINE && q->stages[i].op != CLEW_OP_AND &&
                     q->stages[i].op != CLEW_OP_OR))
                        return true;
        }
        return clew_query_is_metrics(q);
}

static bool has_literals(const struct clew_query *q)
{
        for (uint32_t i = 0; i < q->n_regexes; i++) {
                if (clew_regex_shape(q->regexes[i]) == CLEW_REGEX_CONTAINS)
                        return true;
        }
        for (uint32_t i = 0; i < q->n_fields; i++) {
                if (clew_field_is_key(&q->fields[i]))
                        return true;
        }
        return false;
}

void clew_query_explain(const struct clew_query *q, struct clew_buffer *out)
{
        if (clew_query_is_condition(q) || clew_query_is_metrics(q)) {
                clew_buffer_append_cstr(out,
                                        "  summaries: each trace is judged no, yes or maybe\n");
                explain_fields(q, out);
        }
        if (needs_spans(q) && has_literals(q))
                clew_buffer_append_cstr(
                        out, "  bytes of what is left: keys and texts that must stand there\n");
        if (needs_spans(q))
                clew_buffer_append_cstr(out, "  spans of what is left: the whole query\n");
}
