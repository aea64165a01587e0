/*
 * See finding-record.h.
 */
#include "query/answer/finding-record.h"

#include "query/answer/values.h"

static const struct clew_finding *finding_of(const void *record)
{
        const struct clew_finding_row *row = record;

        return &row->why->findings[row->finding];
}

static const struct clew_rca_step *step_of(const void *record)
{
        const struct clew_finding_row *row = record;

        return &row->why->view->steps[finding_of(record)->step];
}

static void put_trace_id(struct clew_json_writer *w, const void *record)
{
        const struct clew_finding_row *row = record;

        clew_write_trace_id(w, &row->why->view->trace->id);
}

static void put_outcome(struct clew_json_writer *w, const void *record)
{
        const struct clew_finding_row *row = record;

        clew_json_write_cstr(w, clew_outcome_name(row->why->view->trace->outcome));
}

static void put_rank(struct clew_json_writer *w, const void *record)
{
        clew_json_write_uint64(w, ((const struct clew_finding_row *)record)->finding + 1u);
}

static void put_rule(struct clew_json_writer *w, const void *record)
{
        clew_json_write_cstr(w, clew_rule_info(finding_of(record)->rule)->name);
}

static void put_class(struct clew_json_writer *w, const void *record)
{
        clew_json_write_cstr(w, clew_precision_name(finding_of(record)->precision));
}

static void put_step(struct clew_json_writer *w, const void *record)
{
        clew_json_write_uint64(w, step_of(record)->number);
}

static void put_span_id(struct clew_json_writer *w, const void *record)
{
        clew_write_span_id(w, &step_of(record)->span_id);
}

static void put_summary(struct clew_json_writer *w, const void *record)
{
        clew_json_write_string(w, finding_of(record)->summary);
}

const struct clew_record_field clew_finding_fields[] = {
        {"trace_id", true, put_trace_id}, {"outcome", true, put_outcome}, {"rank", true, put_rank},
        {"rule", true, put_rule},         {"class", true, put_class},     {"step", true, put_step},
        {"span_id", true, put_span_id},   {"summary", true, put_summary}, {0},
};
