/*
 * See review-record.h.
 */
#include "query/answer/review-record.h"

#include "proto/base/utf8.h"
#include "query/answer/values.h"

#include <math.h>
#include <stdio.h>

/* Of a question, in a list. */
#define QUESTION_BYTES_MAX 400u

static void put_id(struct clew_json_writer *w, const struct clew_content_id *id)
{
        char hex[CLEW_CONTENT_ID_HEX];

        clew_content_id_to_hex(id, hex);
        clew_json_write_cstr(w, hex);
}

/* ---- rubrics -------------------------------------------------------------------------------- */

static void put_rubric_name(struct clew_json_writer *w, const void *record)
{
        const struct clew_rubric *r = record;

        clew_json_write_string(w, r->name);
}

static void put_rubric_version(struct clew_json_writer *w, const void *record)
{
        const struct clew_rubric *r = record;

        clew_json_write_uint64(w, r->version);
}

static void put_rubric_author(struct clew_json_writer *w, const void *record)
{
        const struct clew_rubric *r = record;

        clew_json_write_string(w, r->author);
}

static void put_rubric_time(struct clew_json_writer *w, const void *record)
{
        const struct clew_rubric *r = record;

        clew_json_write_uint64_string(w, r->time_ns);
}

static void put_rubric_text(struct clew_json_writer *w, const void *record)
{
        const struct clew_rubric *r = record;

        clew_json_write_string(w, r->text);
}

const struct clew_record_field clew_rubric_fields[] = {
        {"name", true, put_rubric_name},     {"version", true, put_rubric_version},
        {"author", true, put_rubric_author}, {"time_unix_nano", true, put_rubric_time},
        {"text", true, put_rubric_text},     {0},
};

/* ---- datasets ------------------------------------------------------------------------------- */

static void put_dataset_name(struct clew_json_writer *w, const void *record)
{
        const struct clew_dataset *d = record;

        clew_json_write_string(w, d->name);
}

static void put_dataset_version(struct clew_json_writer *w, const void *record)
{
        const struct clew_dataset *d = record;

        clew_json_write_uint64(w, d->version);
}

static void put_dataset_items(struct clew_json_writer *w, const void *record)
{
        const struct clew_dataset *d = record;

        clew_json_write_uint64(w, d->n);
}

static void put_dataset_versions(struct clew_json_writer *w, const void *record)
{
        const struct clew_dataset *d = record;

        clew_json_write_uint64(w, d->n_versions);
}

static void put_dataset_digest(struct clew_json_writer *w, const void *record)
{
        const struct clew_dataset *d = record;

        put_id(w, &d->digest);
}

static void put_dataset_description(struct clew_json_writer *w, const void *record)
{
        const struct clew_dataset *d = record;

        clew_json_write_string(w, d->description);
}

static void put_dataset_author(struct clew_json_writer *w, const void *record)
{
        const struct clew_dataset *d = record;

        clew_json_write_string(w, d->author);
}

static void put_dataset_time(struct clew_json_writer *w, const void *record)
{
        const struct clew_dataset *d = record;

        clew_json_write_uint64_string(w, d->time_ns);
}

static void put_dataset_split(struct clew_json_writer *w, const void *record)
{
        const struct clew_split *s = &((const struct clew_dataset *)record)->split;
        char text[64];

        if (s->validation > 0)
                snprintf(text, sizeof(text), "%u/%u/%u", s->train, s->validation, s->test);
        else
                snprintf(text, sizeof(text), "%u/%u", s->train, s->test);
        clew_json_write_cstr(w, s->train + s->validation + s->test > 0 ? text : NULL);
}

const struct clew_record_field clew_dataset_fields[] = {
        {"name", true, put_dataset_name},     {"version", true, put_dataset_version},
        {"items", true, put_dataset_items},   {"versions", true, put_dataset_versions},
        {"digest", true, put_dataset_digest}, {"description", true, put_dataset_description},
        {"author", true, put_dataset_author}, {"time_unix_nano", true, put_dataset_time},
        {"split", true, put_dataset_split},   {0},
};

/* ---- items ---------------------------------------------------------------------------------- */

static void put_item_id(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        put_id(w, &i->entry->id);
}

static void put_item_form(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        clew_json_write_cstr(w, clew_item_form_name(i->item->form));
}

static void put_item_task(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        put_id(w, &i->entry->task);
}

static void put_item_split(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        clew_json_write_cstr(w, clew_split_of(&i->dataset->split, &i->entry->task));
}

static void put_item_step(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        if (i->item->step > 0)
                clew_json_write_uint64(w, i->item->step);
        else
                clew_json_write_null(w);
}

static void put_item_trace(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        if (clew_trace_id_is_zero(&i->entry->trace_id))
                clew_json_write_null(w);
        else
                clew_write_trace_id(w, &i->entry->trace_id);
}

static void put_item_has_expected(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        clew_json_write_bool(w, i->entry->has_expected);
}

static void put_item_cause(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        clew_write_text(w, i->item->cause_rule);
}

static void put_item_labels(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        clew_json_write_array_begin(w);
        for (uint32_t k = 0; k < i->item->n_labels; k++)
                clew_json_write_string(w, i->item->labels[k]);
        clew_json_write_array_end(w);
}

static void put_item_question(struct clew_json_writer *w, const void *record)
{
        const struct clew_item_row *i = record;

        clew_write_text(w, clew_utf8_cut(clew_item_question(i->item), QUESTION_BYTES_MAX));
}

const struct clew_record_field clew_item_fields[] = {
        {"id", true, put_item_id},
        {"form", true, put_item_form},
        {"task", true, put_item_task},
        {"split", true, put_item_split},
        {"trace_id", true, put_item_trace},
        {"step", true, put_item_step},
        {"has_expected", true, put_item_has_expected},
        {"cause_rule", true, put_item_cause},
        {"labels", true, put_item_labels},
        {"question", true, put_item_question},
        {0},
};

/* ---- experiments ---------------------------------------------------------------------------- */

static void put_experiment_name(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        clew_json_write_string(w, e->name);
}

static void put_experiment_dataset(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        clew_json_write_string(w, e->dataset);
}

static void put_experiment_digest(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        put_id(w, &e->digest);
}

static void put_experiment_command(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        clew_json_write_string(w, e->command);
}

static void put_experiment_checks(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        clew_json_write_string(w, e->checks);
}

static void put_experiment_author(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        clew_json_write_string(w, e->author);
}

static void put_experiment_repeat(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        clew_json_write_uint64(w, e->repeat);
}

static void put_experiment_items(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        clew_json_write_uint64(w, e->n_items);
}

static void put_experiment_time(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        clew_json_write_uint64_string(w, e->time_ns);
}

static void put_experiment_results(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;

        clew_json_write_uint64(w, e->n);
}

static void put_experiment_passed(struct clew_json_writer *w, const void *record)
{
        const struct clew_experiment *e = record;
        uint64_t passed = 0;

        for (uint32_t i = 0; i < e->n; i++)
                passed += e->results[i].passed;
        clew_json_write_uint64(w, passed);
}

const struct clew_record_field clew_experiment_fields[] = {
        {"name", true, put_experiment_name},           {"dataset", true, put_experiment_dataset},
        {"digest", true, put_experiment_digest},       {"command", true, put_experiment_command},
        {"checks", true, put_experiment_checks},       {"author", true, put_experiment_author},
        {"repeat", true, put_experiment_repeat},       {"items", true, put_experiment_items},
        {"time_unix_nano", true, put_experiment_time}, {"results", true, put_experiment_results},
        {"passed", true, put_experiment_passed},       {0},
};

/* What was told; null when it was not. */
static void put_finite(struct clew_json_writer *w, double v)
{
        if (isfinite(v))
                clew_json_write_double(w, v);
        else
                clew_json_write_null(w);
}

static void put_result_item(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        put_id(w, &r->item);
}

static void put_result_try(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        clew_json_write_uint64(w, r->repeat);
}

static void put_result_passed(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        clew_json_write_bool(w, r->passed);
}

static void put_result_status(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        clew_json_write_int64(w, r->status);
}

static void put_result_why(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        clew_json_write_string(w, r->why);
}

static void put_result_output(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        clew_json_write_string(w, r->output);
}

static void put_result_duration(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        clew_json_write_uint64_string(w, r->duration_ns);
}

static void put_result_trace(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        clew_write_trace_id(w, &r->trace_id);
}

static void put_result_tokens(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        put_finite(w, r->tokens);
}

static void put_result_cost(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        put_finite(w, r->cost_usd);
}

static void put_result_score(struct clew_json_writer *w, const void *record)
{
        const struct clew_result *r = record;

        put_finite(w, r->score);
}

const struct clew_record_field clew_result_fields[] = {
        {"item", true, put_result_item},
        {"try", true, put_result_try},
        {"passed", true, put_result_passed},
        {"status", true, put_result_status},
        {"why", true, put_result_why},
        {"output", true, put_result_output},
        {"duration_nano", true, put_result_duration},
        {"tokens", true, put_result_tokens},
        {"cost_usd", true, put_result_cost},
        {"score", true, put_result_score},
        {"trace_id", true, put_result_trace},
        {0},
};

/* ---- two experiments ------------------------------------------------------------------------ */

const char *clew_change_name(enum clew_change change)
{
        static const char *const names[] = {"fixed", "broken", "failing", "passing"};

        return names[change];
}

static void put_number(struct clew_json_writer *w, const char *key, double v)
{
        clew_json_write_key(w, key);
        put_finite(w, v);
}

static void put_interval(struct clew_json_writer *w, const char *key, struct clew_interval i)
{
        clew_json_write_key(w, key);
        clew_json_write_array_begin(w);
        if (isfinite(i.low) && isfinite(i.high)) {
                clew_json_write_double(w, i.low);
                clew_json_write_double(w, i.high);
        }
        clew_json_write_array_end(w);
}

static void put_json_difference(struct clew_json_writer *w, const char *key,
                                const struct clew_difference *d)
{
        clew_json_write_key(w, key);
        clew_json_write_object_begin(w);
        put_number(w, "a", d->a);
        put_number(w, "b", d->b);
        put_number(w, "difference", d->difference);
        put_interval(w, "interval", d->interval);
        clew_json_write_key(w, "items");
        clew_json_write_uint64(w, d->n);
        clew_json_write_object_end(w);
}

static void put_json_case(struct clew_json_writer *w, const struct clew_experiment_pair *p)
{
        char hex[CLEW_CONTENT_ID_HEX];

        clew_json_write_object_begin(w);
        clew_content_id_to_hex(&p->item, hex);
        clew_json_write_key(w, "item");
        clew_json_write_cstr(w, hex);
        clew_json_write_key(w, "change");
        clew_json_write_cstr(w, clew_change_name(p->change));
        put_number(w, "passed_a", p->passed_a);
        put_number(w, "tries_a", p->n_a);
        put_number(w, "passed_b", p->passed_b);
        put_number(w, "tries_b", p->n_b);
        clew_json_write_key(w, "why");
        clew_json_write_string(w, p->b->passed ? p->a->why : p->b->why);
        clew_trace_id_to_hex(&p->a->trace_id, hex);
        clew_json_write_key(w, "trace_a");
        clew_json_write_cstr(w, hex);
        clew_trace_id_to_hex(&p->b->trace_id, hex);
        clew_json_write_key(w, "trace_b");
        clew_json_write_cstr(w, hex);
        clew_json_write_object_end(w);
}

void clew_comparison_write(struct clew_json_writer *w, struct clew_slice a, struct clew_slice b,
                           const struct clew_experiment_comparison *r)
{
        clew_json_write_key(w, "a");
        clew_json_write_string(w, a);
        clew_json_write_key(w, "b");
        clew_json_write_string(w, b);
        clew_json_write_key(w, "verdict");
        clew_json_write_cstr(w, r->verdict);
        put_number(w, "p", r->p);
        put_number(w, "items", r->n);
        put_number(w, "only_a", r->only_a);
        put_number(w, "only_b", r->only_b);
        put_number(w, "fixed", r->fixed);
        put_number(w, "broken", r->broken);
        put_number(w, "failing", r->failing);
        put_number(w, "passing", r->passing);
        put_number(w, "rate_a", r->rate_a);
        put_interval(w, "interval_a", r->interval_a);
        put_number(w, "rate_b", r->rate_b);
        put_interval(w, "interval_b", r->interval_b);
        put_json_difference(w, "passes", &r->rate);
        put_json_difference(w, "score", &r->score);
        put_json_difference(w, "tokens", &r->tokens);
        put_json_difference(w, "cost_usd", &r->cost);
        put_json_difference(w, "seconds", &r->seconds);
        put_number(w, "k", r->k);
        put_number(w, "pass_at_k_a", r->pass_at_a);
        put_number(w, "pass_at_k_b", r->pass_at_b);
        put_number(w, "pass_all_k_a", r->pass_all_a);
        put_number(w, "pass_all_k_b", r->pass_all_b);
        clew_json_write_key(w, "cases");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < r->n; i++)
                put_json_case(w, &r->pairs[i]);
        clew_json_write_array_end(w);
}
