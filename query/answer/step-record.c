/*
 * See step-record.h.
 */
#include "query/answer/step-record.h"

#include "query/answer/brief.h"
#include "query/answer/values.h"

static const struct clew_step_record *of(const void *record)
{
        return record;
}

static const struct clew_step *step_of(const void *record)
{
        return &of(record)->trace->steps[of(record)->step];
}

static void put_span_id(struct clew_json_writer *w, const void *r)
{
        clew_write_span_id(w, &step_of(r)->span.span_id);
}

static void put_trace_id(struct clew_json_writer *w, const void *r)
{
        clew_write_trace_id(w, &of(r)->trace->id);
}

static void put_step(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->step + 1);
}

static void put_parent_step(struct clew_json_writer *w, const void *r)
{
        if (step_of(r)->parent == CLEW_STEP_NONE)
                clew_json_write_null(w);
        else
                clew_json_write_uint64(w, step_of(r)->parent + 1);
}

static void put_parent_id(struct clew_json_writer *w, const void *r)
{
        if (clew_span_id_is_zero(&step_of(r)->span.parent_id))
                clew_json_write_null(w);
        else
                clew_write_span_id(w, &step_of(r)->span.parent_id);
}

static void put_depth(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, step_of(r)->depth);
}

static void put_kind(struct clew_json_writer *w, const void *r)
{
        clew_json_write_cstr(w, clew_kind_name(step_of(r)->kind));
}

static void put_name(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, step_of(r)->name);
}

static void put_model(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, step_of(r)->model);
}

static void put_tool(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, step_of(r)->tool_name);
}

static void put_agent(struct clew_json_writer *w, const void *r)
{
        uint32_t agent = step_of(r)->agent;
        const struct clew_step *s = agent == CLEW_STEP_NONE ? NULL : &of(r)->trace->steps[agent];

        clew_write_text(w, s ? clew_step_label(s) : CLEW_SLICE_NULL);
}

static void put_start(struct clew_json_writer *w, const void *r)
{
        clew_write_time(w, step_of(r)->start_ns);
}

static void put_start_nano(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64_string(w, step_of(r)->start_ns);
}

static void put_end_nano(struct clew_json_writer *w, const void *r)
{
        if (step_of(r)->end_ns > 0)
                clew_json_write_uint64_string(w, step_of(r)->end_ns);
        else
                clew_json_write_null(w);
}

/* Null for a step that lies inside its parent and ends after it starts. */
static void put_skew(struct clew_json_writer *w, const void *r)
{
        struct clew_skew k = clew_step_skew(of(r)->trace, of(r)->step);

        if (k.before_ns == 0 && k.after_ns == 0 && k.negative_ns == 0) {
                clew_json_write_null(w);
                return;
        }
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "before_parent_nano");
        clew_json_write_uint64_string(w, k.before_ns);
        clew_json_write_key(w, "after_parent_nano");
        clew_json_write_uint64_string(w, k.after_ns);
        clew_json_write_key(w, "negative_nano");
        clew_json_write_uint64_string(w, k.negative_ns);
        clew_json_write_object_end(w);
}

static void put_duration(struct clew_json_writer *w, const void *r)
{
        if (step_of(r)->end_ns == 0)
                clew_json_write_null(w);
        else
                clew_json_write_uint64_string(w, clew_step_duration_ns(step_of(r)));
}

static void put_tokens(struct clew_json_writer *w, const void *r)
{
        clew_write_tokens(w, &step_of(r)->tokens);
}

static void put_booked(struct clew_json_writer *w, const void *r)
{
        clew_json_write_bool(w, clew_step_is(step_of(r), CLEW_STEP_BOOKED));
}

static void put_cost(struct clew_json_writer *w, const void *r)
{
        if (step_of(r)->has_cost)
                clew_json_write_double(w, step_of(r)->cost_usd);
        else
                clew_json_write_null(w);
}

static void put_is_error(struct clew_json_writer *w, const void *r)
{
        clew_json_write_bool(w, step_of(r)->error.is_error);
}

static void put_error_type(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, step_of(r)->error.type);
}

static void put_error_message(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, step_of(r)->error.message);
}

static void put_error_source(struct clew_json_writer *w, const void *r)
{
        if (step_of(r)->error.is_error)
                clew_json_write_cstr(w, clew_error_source_name(step_of(r)->error.source));
        else
                clew_json_write_null(w);
}

static void put_brief(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, clew_buffer_slice(of(r)->brief));
}

static void put_is_cause(struct clew_json_writer *w, const void *r)
{
        clew_json_write_bool(w, of(r)->cause == of(r)->step + 1);
}

static void put_flags(struct clew_json_writer *w, const void *r)
{
        clew_write_step_flags(w, step_of(r)->flags);
}

static void put_edges(struct clew_json_writer *w, const void *r)
{
        uint32_t n = 0;
        const struct clew_edge *edges = clew_trace_edges_from(of(r)->trace, of(r)->step, &n);

        clew_json_write_array_begin(w);
        for (uint32_t i = 0; edges && i < n; i++) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "type");
                clew_json_write_cstr(w, clew_edge_type_name(edges[i].type));
                if (edges[i].to != CLEW_STEP_NONE) {
                        clew_json_write_key(w, "step");
                        clew_json_write_uint64(w, edges[i].to + 1);
                } else {
                        clew_json_write_key(w, "trace_id");
                        clew_write_trace_id(w, &edges[i].trace_id);
                        clew_json_write_key(w, "span_id");
                        clew_write_span_id(w, &edges[i].span_id);
                }
                clew_json_write_key(w, "inferred");
                clew_json_write_bool(w, edges[i].inferred);
                if (edges[i].id.len > 0) {
                        clew_json_write_key(w, "id");
                        clew_write_text(w, edges[i].id);
                }
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_score(struct clew_json_writer *w, const struct clew_trace *trace,
                      const struct clew_score *s)
{
        const struct {
                const char *key;
                struct clew_slice text;
        } texts[] = {
                {"label", s->label},
                {"explanation", s->explanation},
                {"source", s->source},
                {"error_type", s->error_type},
        };

        clew_json_write_object_begin(w);
        clew_json_write_key(w, "name");
        clew_write_text(w, s->name);
        clew_json_write_key(w, "value");
        if (s->has_value)
                clew_json_write_double(w, s->value);
        else
                clew_json_write_null(w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(texts); i++) {
                clew_json_write_key(w, texts[i].key);
                clew_write_text(w, texts[i].text);
        }
        clew_json_write_key(w, "target");
        clew_json_write_cstr(w, clew_score_target_name(s->target));
        if (s->target == CLEW_SCORE_STEP && s->step < trace->n_steps) {
                clew_json_write_key(w, "step");
                clew_json_write_uint64(w, s->step + 1);
        }
        if (s->place != CLEW_SCORE_HERE) {
                clew_json_write_key(w,
                                    s->place == CLEW_SCORE_AIMED ? "of_trace_id" : "in_trace_id");
                clew_write_trace_id(w, &s->other_trace);
        }
        if (s->place == CLEW_SCORE_AIMED) {
                clew_json_write_key(w, "of_span_id");
                clew_write_span_id(w, &s->target_span);
        }
        clew_json_write_key(w, "time");
        clew_write_time(w, s->time_ns);
        clew_json_write_object_end(w);
}

static void put_scores(struct clew_json_writer *w, const void *r)
{
        const struct clew_trace *trace = of(r)->trace;

        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < trace->n_scores; i++) {
                const struct clew_score *s = &trace->scores[i];

                if (clew_score_is_of(trace, s, of(r)->step) || s->emitter == of(r)->step)
                        put_score(w, trace, s);
        }
        clew_json_write_array_end(w);
}

static const struct {
        uint32_t flag;
        const char *word;
} flag_words[] = {
        {CLEW_STEP_STANDIN, "stand-in"},    {CLEW_STEP_ORPHAN, "orphan"},
        {CLEW_STEP_CUT_CYCLE, "cut-cycle"}, {CLEW_STEP_OPEN, "open"},
        {CLEW_STEP_SKEW, "clock-skew"},     {CLEW_STEP_INCOMPLETE, "incomplete"},
        {CLEW_STEP_TRUNCATED, "truncated"}, {CLEW_STEP_REDACTED, "redacted"},
        {CLEW_STEP_WRAPPER, "wrapper"},     {CLEW_STEP_NOISE, "noise"},
        {CLEW_STEP_FRAGMENT, "fragment"},   {CLEW_STEP_SOFT_FAILURE, "soft-failure"},
        {CLEW_STEP_ROLLUP, "rollup"},       {CLEW_STEP_INFERRED_KIND, "inferred-kind"},
        {CLEW_STEP_POLL, "poll"},           {CLEW_STEP_UNREADABLE, "unreadable"},
        {CLEW_STEP_SETUP, "setup"},         {CLEW_STEP_CUMULATIVE, "cumulative"},
        {CLEW_STEP_PAUSED, "paused"},       {CLEW_STEP_CONTROL, "control-flow"},
        {CLEW_STEP_FROM_LOGS, "from-logs"}, {CLEW_STEP_REFUSED, "refused"},
        {CLEW_STEP_CANCELLED, "cancelled"},
};

void clew_write_step_flags(struct clew_json_writer *w, uint32_t flags)
{
        clew_json_write_array_begin(w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(flag_words); i++) {
                if (flags & flag_words[i].flag)
                        clew_json_write_cstr(w, flag_words[i].word);
        }
        clew_json_write_array_end(w);
}

uint32_t clew_step_flag_bits(uint32_t flags)
{
        uint32_t bits = 0;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flag_words); i++)
                bits |= flags & flag_words[i].flag ? UINT32_C(1) << i : 0;
        return bits;
}

const struct clew_record_field clew_step_fields[] = {
        {"span_id", true, put_span_id},
        {"trace_id", true, put_trace_id},
        {"step", true, put_step},
        {"parent_step", true, put_parent_step},
        {"parent_span_id", false, put_parent_id},
        {"depth", true, put_depth},
        {"kind", true, put_kind},
        {"name", true, put_name},
        {"model", true, put_model},
        {"tool", true, put_tool},
        {"agent", true, put_agent},
        {"start", true, put_start},
        {"start_unix_nano", false, put_start_nano},
        {"end_unix_nano", false, put_end_nano},
        {"duration_nano", true, put_duration},
        {"tokens", false, put_tokens},
        {"booked", false, put_booked},
        {"cost_usd", true, put_cost},
        {"error.is_error", true, put_is_error},
        {"error.type", true, put_error_type},
        {"error.message", false, put_error_message},
        {"error.source", false, put_error_source},
        {"cause", false, put_is_cause},
        {"brief", true, put_brief},
        {"clock_skew", false, put_skew},
        {"flags", false, put_flags},
        {"edges", false, put_edges},
        {"scores", false, put_scores},
        {0},
};

int clew_step_put(struct clew_record_writer *out, const struct clew_trace *trace, uint32_t step,
                  uint32_t cause, const struct clew_step_texts *texts)
{
        const struct clew_step_record record = {
                .trace = trace, .step = step, .brief = texts->brief, .cause = cause};
        int r;

        clew_buffer_clear(texts->brief);
        clew_step_brief(trace, &trace->steps[step], texts->scratch, texts->brief);
        r = clew_buffer_error(texts->brief);
        return r < 0 ? r : clew_record_put(out, &record);
}
