/*
 * See trace-record.h.
 */
#include "query/answer/trace-record.h"

#include "proto/base/number.h"
#include "query/answer/values.h"
#include "query/review/note.h"
#include "query/review/reviews.h"

#include <stdio.h>
#include <string.h>

void clew_trace_id_short(const struct clew_trace_id *id, char ret[CLEW_SHORT_ID])
{
        clew_hex_encode(clew_slice_make(id->bytes, 4), ret);
}

void clew_trace_id_shortest(struct clew_view *view, const struct clew_trace_id *id,
                            char ret[CLEW_SHORT_ID])
{
        struct clew_error err = {0};
        unsigned digits;

        clew_trace_id_to_hex(id, ret);
        if (clew_view_shortest(view, id, 1, CLEW_SHORT_DIGITS, &digits, &err) == 0)
                ret[digits] = '\0';
}

void clew_cursor_print(const struct clew_selected *at, char ret[CLEW_CURSOR_TEXT])
{
        char hex[CLEW_TRACE_ID_HEX];

        clew_trace_id_to_hex(&at->id, hex);
        snprintf(ret, CLEW_CURSOR_TEXT, "%llu-%s", (unsigned long long)at->start_ns, hex);
}

bool clew_cursor_parse(const char *text, struct clew_selected *ret)
{
        const char *dash = strchr(text, '-');
        struct clew_selected at = {0};

        if (!dash ||
            !clew_parse_uint64(clew_slice_make(text, (size_t)(dash - text)), &at.start_ns) ||
            !clew_hex_decode(clew_slice_of_cstr(dash + 1), at.id.bytes, sizeof(at.id.bytes)))
                return false;
        *ret = at;
        return true;
}

uint32_t clew_blamed_step(const struct clew_summary *s)
{
        static const uint32_t blameless = CLEW_OUTCOMES_OK |
                                          CLEW_OUTCOME_BIT(CLEW_OUTCOME_CANCELLED) |
                                          CLEW_OUTCOME_BIT(CLEW_OUTCOME_PAUSED);

        return CLEW_OUTCOME_BIT(s->outcome) & blameless ? 0 : s->cause.step;
}

const char *clew_outcome_word(const struct clew_selected *t)
{
        if (t->lost)
                return "lost";
        switch (t->summary.outcome) {
        case CLEW_OUTCOME_FAILED:
                return "FAILED";
        case CLEW_OUTCOME_ERROR:
                return "ERROR";
        case CLEW_OUTCOME_UNKNOWN:
        case CLEW_OUTCOME_OK:
        case CLEW_OUTCOME_PASSED:
        case CLEW_OUTCOME_OPEN:
        case CLEW_OUTCOME_PAUSED:
        case CLEW_OUTCOME_CANCELLED:
        case CLEW_OUTCOME_COUNT:
                break;
        }
        return clew_outcome_name(t->summary.outcome);
}

/* ---- fields -----------------------------------------------------------------------------------
 */

static const struct clew_selected *of(const void *record)
{
        return record;
}

static void put_id(struct clew_json_writer *w, const void *r)
{
        clew_write_trace_id(w, &of(r)->id);
}

static void put_start(struct clew_json_writer *w, const void *r)
{
        clew_write_time(w, of(r)->start_ns);
}

static void put_start_nano(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64_string(w, of(r)->start_ns);
}

static void put_duration(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64_string(w, of(r)->summary.duration_ns);
}

static void put_outcome(struct clew_json_writer *w, const void *r)
{
        clew_json_write_cstr(w, of(r)->lost ? "lost" : clew_outcome_name(of(r)->summary.outcome));
}

static void put_name(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->summary.name);
}

static void put_service(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->summary.service);
}

static void put_session(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->summary.session);
}

static void put_user(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->summary.user);
}

static void put_error(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->summary.error);
}

static void put_spans(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.n_spans);
}

static void put_steps(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.n_steps);
}

static void put_errors(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.n_errors);
}

static void put_llm_calls(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.n_llm);
}

static void put_tool_calls(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.n_tool);
}

static void put_tokens(struct clew_json_writer *w, const void *r)
{
        clew_write_tokens(w, &of(r)->summary.tokens);
}

static void put_tokens_total(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.tokens.total);
}

static void put_cost(struct clew_json_writer *w, const void *r)
{
        if (of(r)->summary.has_cost)
                clew_json_write_double(w, of(r)->summary.cost_usd);
        else
                clew_json_write_null(w);
}

static void put_names(struct clew_json_writer *w, const struct clew_name_count *names, uint32_t n)
{
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < n; i++)
                clew_json_write_string(w, names[i].name);
        clew_json_write_array_end(w);
}

static void put_agent(struct clew_json_writer *w, const void *r)
{
        const struct clew_summary *s = &of(r)->summary;

        clew_write_text(w, s->n_agents > 0 ? s->agents[0].name : CLEW_SLICE_NULL);
}

static void put_agents(struct clew_json_writer *w, const void *r)
{
        put_names(w, of(r)->summary.agents, of(r)->summary.n_agents);
}

static void put_models(struct clew_json_writer *w, const void *r)
{
        put_names(w, of(r)->summary.models, of(r)->summary.n_models);
}

static void put_tools(struct clew_json_writer *w, const void *r)
{
        put_names(w, of(r)->summary.tools, of(r)->summary.n_tools);
}

static void put_cause_rule(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->summary.cause.rule);
}

static void write_step(struct clew_json_writer *w, uint32_t number)
{
        if (number > 0)
                clew_json_write_uint64(w, number);
        else
                clew_json_write_null(w);
}

static void put_cause_step(struct clew_json_writer *w, const void *r)
{
        write_step(w, of(r)->summary.cause.step);
}

static void put_cause_detail(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->summary.cause.detail);
}

static void put_cause_signature(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->summary.cause.signature);
}

static void put_loops(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.facts.loops);
}

static void put_loop_rounds(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.facts.loop_rounds);
}

static void put_loop_step(struct clew_json_writer *w, const void *r)
{
        write_step(w, of(r)->summary.facts.loop_step);
}

static void put_stalls(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.facts.stalls);
}

static void put_stall_step(struct clew_json_writer *w, const void *r)
{
        write_step(w, of(r)->summary.facts.stall_step);
}

static void put_retries(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.facts.retries);
}

static void put_waste_steps(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.facts.waste_steps);
}

static void put_waste_tokens(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.facts.waste_tokens);
}

static void put_waste_duration(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64_string(w, of(r)->summary.facts.waste_ns);
}

static void put_waste_cost(struct clew_json_writer *w, const void *r)
{
        clew_json_write_double(w, of(r)->summary.facts.waste_usd);
}

static void put_scores(struct clew_json_writer *w, const void *r)
{
        clew_write_summary_scores(w, &of(r)->summary, UINT32_MAX);
}

static void put_sessions(struct clew_json_writer *w, const void *r)
{
        const struct clew_summary *s = &of(r)->summary;

        clew_json_write_array_begin(w);
        if (s->session.len > 0)
                clew_json_write_string(w, s->session);
        for (uint32_t i = 0; i < s->n_sessions; i++)
                clew_json_write_string(w, s->sessions[i]);
        clew_json_write_array_end(w);
}

/* The newest scores that judges gave. */
static void put_judged(struct clew_json_writer *w, const void *r)
{
        struct clew_view *view = of(r)->view;
        uint32_t n = view ? clew_note_count(view, &of(r)->id) : 0;
        uint32_t from = n > CLEW_NOTES_SHOWN_MAX ? n - CLEW_NOTES_SHOWN_MAX : 0;

        clew_json_write_array_begin(w);
        for (uint32_t i = from; i < n; i++) {
                struct clew_slice note;
                struct clew_error err = {0};

                if (clew_view_note(view, &of(r)->id, i, &note, &err) == 0)
                        (void)clew_note_write(note, w);
        }
        clew_json_write_array_end(w);
}

/* What people said of one trace in a list. */
#define REVIEWS_ARENA_MAX ((size_t)16 << 20)

/* Each label that somebody gives the run or a step of it now, once. */
static void put_labels(struct clew_json_writer *w, const void *r)
{
        CLEW_ARENA arena = {0};
        struct clew_reviews reviews = {0};
        struct clew_error err = {0};

        clew_arena_init(&arena, REVIEWS_ARENA_MAX);
        if (of(r)->view &&
            clew_reviews_of_trace(of(r)->view, &of(r)->id, &arena, &reviews, &err) < 0)
                reviews.n_now = 0;
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < reviews.n_now; i++) {
                struct clew_slice label = clew_facet_name(&reviews.now[i]);
                bool told = reviews.now[i].kind != CLEW_FACET_LABEL;

                for (uint32_t j = 0; j < i && !told; j++)
                        told = reviews.now[j].kind == CLEW_FACET_LABEL &&
                               clew_slice_eq(clew_facet_name(&reviews.now[j]), label);
                if (!told)
                        clew_json_write_string(w, label);
        }
        clew_json_write_array_end(w);
}

static void put_sealed(struct clew_json_writer *w, const void *r)
{
        clew_json_write_bool(w, !of(r)->hot);
}

static void put_from_logs(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->summary.n_from_logs);
}

/* By a rule of retention: of all that the run has, or of some of it. */
static void put_texts_left_out(struct clew_json_writer *w, const void *r)
{
        enum clew_left_out left_out = of(r)->summary.left_out;

        if (left_out == CLEW_LEFT_OUT_NOTHING)
                clew_json_write_null(w);
        else
                clew_json_write_cstr(w, left_out == CLEW_LEFT_OUT_ALL ? "all" : "some");
}

static void put_cursor(struct clew_json_writer *w, const void *r)
{
        char cursor[CLEW_CURSOR_TEXT];

        clew_cursor_print(of(r), cursor);
        clew_json_write_cstr(w, cursor);
}

void clew_write_summary_scores(struct clew_json_writer *w, const struct clew_summary *s,
                               uint32_t targets)
{
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < s->n_scores; i++) {
                const struct clew_summary_score *score = &s->scores[i];

                if ((targets >> (unsigned)score->target & 1) == 0)
                        continue;
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "name");
                clew_write_text(w, score->name);
                clew_json_write_key(w, "value");
                if (score->has_value)
                        clew_json_write_double(w, score->value);
                else
                        clew_json_write_null(w);
                clew_json_write_key(w, "label");
                clew_write_text(w, score->label);
                clew_json_write_key(w, "target");
                clew_json_write_cstr(w, clew_score_target_name(score->target));
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

void clew_summary_score_brief(const struct clew_summary_score *score, struct clew_buffer *out)
{
        clew_buffer_append_slice(out, score->name);
        if (score->has_value)
                clew_buffer_printf(out, "=%.4g", score->value);
        if (score->label.len > 0) {
                clew_buffer_append_cstr(out, score->has_value ? " " : "=");
                clew_buffer_append_slice(out, score->label);
        }
}

const struct clew_record_field clew_trace_fields[] = {
        {"trace_id", true, put_id},
        {"start", true, put_start},
        {"start_unix_nano", false, put_start_nano},
        {"duration_nano", true, put_duration},
        {"outcome", true, put_outcome},
        {"name", true, put_name},
        {"service", true, put_service},
        {"session", true, put_session},
        {"user", true, put_user},
        {"spans", true, put_spans},
        {"steps", true, put_steps},
        {"errors", true, put_errors},
        {"llm_calls", true, put_llm_calls},
        {"tool_calls", true, put_tool_calls},
        {"tokens", false, put_tokens},
        {"tokens_total", true, put_tokens_total},
        {"cost_usd", true, put_cost},
        {"agent", true, put_agent},
        {"agents", false, put_agents},
        {"models", false, put_models},
        {"tools", false, put_tools},
        {"error", true, put_error},
        {"scores", false, put_scores},
        {"sessions", false, put_sessions},
        {"cause.rule", true, put_cause_rule},
        {"cause.step", true, put_cause_step},
        {"cause.detail", false, put_cause_detail},
        {"cause.signature", false, put_cause_signature},
        {"loops", false, put_loops},
        {"loop.rounds", false, put_loop_rounds},
        {"loop.step", false, put_loop_step},
        {"stalls", false, put_stalls},
        {"stall.step", false, put_stall_step},
        {"retries", false, put_retries},
        {"waste.steps", false, put_waste_steps},
        {"waste.tokens", false, put_waste_tokens},
        {"waste.duration_nano", false, put_waste_duration},
        {"waste.cost_usd", false, put_waste_cost},
        {"judged", false, put_judged},
        {"labels", false, put_labels},
        {"sealed", false, put_sealed},
        {"from_logs", false, put_from_logs},
        {"texts_left_out", false, put_texts_left_out},
        {"cursor", false, put_cursor},
        {0},
};
