/*
 * See why-record.h.
 */
#include "query/answer/why-record.h"

#include "query/answer/values.h"

static void write_finding(struct clew_json_writer *w, const struct clew_why *why, uint32_t i)
{
        const struct clew_finding *f = &why->findings[i];
        const struct clew_rca_step *steps = why->view->steps;

        clew_json_write_object_begin(w);
        clew_json_write_key(w, "rank");
        clew_json_write_uint64(w, i + 1);
        clew_json_write_key(w, "rule");
        clew_json_write_cstr(w, clew_rule_info(f->rule)->name);
        clew_json_write_key(w, "class");
        clew_json_write_cstr(w, clew_precision_name(f->precision));
        if (f->looked_at) {
                clew_json_write_key(w, "looked_at");
                clew_json_write_bool(w, true);
        }
        clew_json_write_key(w, "span_id");
        clew_write_span_id(w, &steps[f->step].span_id);
        clew_json_write_key(w, "step");
        clew_json_write_uint64(w, steps[f->step].number);
        clew_json_write_key(w, "signs");
        clew_json_write_uint64(w, f->n_signs);
        clew_json_write_key(w, "effect_span_ids");
        clew_json_write_array_begin(w);
        for (uint32_t k = 0; k < f->n_effects; k++)
                clew_write_span_id(w, &steps[f->effects[k]].span_id);
        clew_json_write_array_end(w);
        clew_json_write_key(w, "evidence");
        clew_json_write_array_begin(w);
        for (uint32_t k = 0; k < f->n_evidence; k++) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "span_id");
                clew_write_span_id(w, &steps[f->evidence[k].step].span_id);
                clew_json_write_key(w, "text");
                clew_json_write_string(w, f->evidence[k].text);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
        clew_json_write_key(w, "summary");
        clew_json_write_string(w, f->summary);
        clew_json_write_object_end(w);
}

void clew_why_write(struct clew_json_writer *w, const struct clew_why *why)
{
        const struct clew_trace *trace = why->view->trace;

        clew_json_write_key(w, "trace_id");
        clew_write_trace_id(w, &trace->id);
        clew_json_write_key(w, "outcome");
        clew_json_write_cstr(w, clew_outcome_name(trace->outcome));
        clew_json_write_key(w, "findings");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < why->n_findings; i++)
                write_finding(w, why, i);
        clew_json_write_array_end(w);
        clew_json_write_key(w, "excluded");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < why->n_excluded; i++) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "span_id");
                clew_write_span_id(w, &why->view->steps[why->excluded[i].step].span_id);
                clew_json_write_key(w, "reason");
                clew_json_write_string(w, why->excluded[i].reason);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
        if (why->view->partial) {
                clew_json_write_key(w, "partial");
                clew_json_write_bool(w, true);
        }
        if (trace->left_out) { /* by a rule of retention */
                clew_json_write_key(w, "texts_left_out");
                clew_json_write_cstr(w, trace->left_out == CLEW_LEFT_OUT_ALL ? "all" : "some");
                if (!why->view->passed) { /* what passing runs tell is not in its note */
                        clew_json_write_key(w, "references_left_out");
                        clew_json_write_bool(w, true);
                }
        }
}

static void write_spectrum(struct clew_json_writer *w, const struct clew_why *why,
                           const struct clew_spectrum *s)
{
        if (s->n == 0)
                return;
        clew_json_write_key(w, "spectrum");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < s->n; i++) {
                const struct clew_rca_step *step = &why->view->steps[s->rows[i].step];
                const struct {
                        const char *name;
                        uint64_t value;
                } numbers[] = {
                        {"step", step->number},  {"failed_with", s->rows[i].failed_with},
                        {"failed", s->n_failed}, {"passed_with", s->rows[i].passed_with},
                        {"passed", s->n_passed},
                };

                clew_json_write_object_begin(w);
                clew_json_write_key(w, "span_id");
                clew_write_span_id(w, &step->span_id);
                clew_json_write_key(w, "name");
                clew_json_write_string(w, step->name);
                for (size_t k = 0; k < CLEW_ARRAY_LEN(numbers); k++) {
                        clew_json_write_key(w, numbers[k].name);
                        clew_json_write_uint64(w, numbers[k].value);
                }
                clew_json_write_key(w, "score");
                clew_json_write_double(w, s->rows[i].score);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

void clew_why_write_references(struct clew_json_writer *w, const struct clew_why *why,
                               const struct clew_reference_run *nearest,
                               const struct clew_spectrum *spectrum)
{
        if (nearest) {
                clew_json_write_key(w, "reference");
                clew_write_trace_id(w, &nearest->id);
        }
        write_spectrum(w, why, spectrum);
}
