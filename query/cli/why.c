/*
 * clew why: the most likely cause of a failure, with evidence.
 *
 * One trace for people, one JSON line per trace for machines (a contract: fields are added, never
 * changed). Passing runs of the same task are looked for first, because the first step that no good
 * run took is a sign of its own. "No rule explains this failure" is an answer.
 */
#include "query/answer/brief.h"
#include "query/answer/finding-record.h"
#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/answer/why-record.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/lineage.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/window.h"
#include "query/find/run.h"
#include "query/find/settle.h"
#include "query/rca/text.h"
#include "query/review/reviews.h"
#include "query/serve/cause.h"

#include <errno.h>
#include <string.h>

/* A word that a cut is moved in front of. */
#define WORD_BYTES_MAX 32u
#define TEXT_COLUMNS_MAX ((size_t)240)   /* of one step, in one line */
#define LINE_MAX_BYTES ((size_t)1 << 20) /* one answer for people */
/* Actions of some thousand passing runs. */
#define REFERENCES_ARENA_MAX ((size_t)256 << 20)
#define REVIEWS_ARENA_MAX ((size_t)64 << 20)

struct why_command {
        struct clew_cli *cli;
        struct clew_view *view;
        struct clew_look look;
        struct clew_filter_flags filter_flags;
        struct clew_window_flags window_flags;
        struct clew_window window;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        struct clew_output output;
        struct clew_compared compared;
        const char *value;
        bool all;
        bool many; /* ids: each is told by a line before it */
        bool span;
        bool no_references;
        bool rows;    /* a row for each finding instead of whole analyses */
        bool nothing; /* some trace had no finding, or there was none */
        bool partial; /* some trace could not be analysed */
};

/* ---- machines ------------------------------------------------------------------------------- */

/* Ids: one for each run with a finding. TSV and chosen fields: a row for each finding. */
static int put_rows(struct why_command *c, const struct clew_cause_answer *a)
{
        struct clew_finding_row row = {.why = &a->why};
        uint32_t n = c->output.ids && a->why.n_findings > 0 ? 1 : a->why.n_findings;
        int r = 0;

        for (; r == 0 && row.finding < n; row.finding++)
                r = clew_output_put(&c->output, &row);
        return r;
}

static int put_json(struct why_command *c, const struct clew_cause_answer *a)
{
        struct clew_json_writer w = clew_output_begin(&c->output, "why");

        clew_why_write(&w, &a->why);
        clew_why_write_references(&w, &a->why, a->nearest, &a->spectrum);
        return clew_output_end(&c->output, &w);
}

/* ---- people --------------------------------------------------------------------------------- */

static const char *kind_word(const struct clew_cause_answer *a, const struct clew_rca_step *s)
{
        static const char *const words[] = {"llm", "tool", "agent", "step"};

        if (a->trace->steps[s->span].kind == CLEW_KIND_GUARDRAIL && !s->is_virtual)
                return "guard";
        return words[s->kind];
}

/* The model of a model call: what differs from step to step. */
static struct clew_slice label(const struct clew_cause_answer *a, const struct clew_rca_step *s)
{
        return s->kind == CLEW_RCA_LLM && !s->is_virtual
                       ? clew_step_label(&a->trace->steps[s->span])
                       : s->name;
}

/* What was cut ends with a whole word, if one has begun not long before. */
static void end_at_word(struct clew_buffer *out, size_t from)
{
        static const char dots[] = "…";
        size_t n = sizeof(dots) - 1;
        size_t at = out->len > n ? out->len - n : 0;

        if (at <= from || memcmp(out->data + at, dots, n) != 0)
                return;
        for (size_t i = at; i > from + 1 && at - i < WORD_BYTES_MAX; i--) {
                if (out->data[i - 1] != ' ')
                        continue;
                out->len = i;
                clew_buffer_append_cstr(out, dots);
                return;
        }
}

static void put_text(struct why_command *c, struct clew_buffer *out, struct clew_slice text,
                     size_t used)
{
        size_t room = c->look.columns > used + 10 ? c->look.columns - used : 40;
        size_t from = out->len;

        /* A pipe has no columns, and a result of a step may be megabytes. */
        room = room < TEXT_COLUMNS_MAX ? room : TEXT_COLUMNS_MAX;
        clew_safe_line(out, text, room, c->look.ascii);
        end_at_word(out, from);
        clew_buffer_append_byte(out, '\n');
}

/* A sentence of ours is never cut. */
static void put_sentence(struct why_command *c, struct clew_buffer *out, struct clew_slice text,
                         size_t used)
{
        size_t columns = c->look.columns > used + 20 ? c->look.columns : used + 40;

        clew_safe_words(out, text, used, columns, c->look.ascii);
}

static void put_name(struct why_command *c, struct clew_buffer *out,
                     const struct clew_cause_answer *a, const struct clew_rca_step *s)
{
        size_t used;

        clew_buffer_printf(out, "%5u  %-6s", s->number, kind_word(a, s));
        used = clew_safe_line(out, label(a, s), 24, c->look.ascii);
        clew_buffer_printf(out, "%*s", (int)(26 - used), "");
}

static void put_head(struct why_command *c, struct clew_buffer *out,
                     const struct clew_cause_answer *a)
{
        const struct clew_finding *f = &a->why.findings[0];
        const struct clew_rca_step *s = &a->why.view->steps[f->step];
        static const char *const words[] = {
                [CLEW_PRECISION_LOW] = "may be the cause; there is little to go on",
                [CLEW_PRECISION_MEDIUM] = "may be the cause",
                [CLEW_PRECISION_HIGH] = "is the most likely cause",
        };

        clew_buffer_append_cstr(out, clew_look_begin(&c->look, CLEW_TONE_STRONG));
        clew_buffer_printf(out, "Step %u, %s ", s->number, kind_word(a, s));
        clew_safe_line(out, label(a, s), 40, c->look.ascii);
        if (s->kind == CLEW_RCA_LLM && s->agent_name.len > 0) {
                clew_buffer_append_cstr(out, " of ");
                clew_safe_line(out, s->agent_name, 40, c->look.ascii);
        }
        clew_buffer_append_cstr(out, clew_look_end(&c->look, CLEW_TONE_STRONG));
        /* How sure it is holds for the causes of failures. */
        clew_buffer_printf(out, ", %s.\nrule %s, %u sign%s%s%s\n\n",
                           a->why.view->failed ? words[f->precision] : "looks odd",
                           clew_rule_info(f->rule)->name, f->n_signs, f->n_signs == 1 ? "" : "s",
                           a->why.view->failed ? ", " : "",
                           a->why.view->failed ? clew_precision_name(f->precision) : "");
        clew_buffer_append_cstr(out, "  ");
        clew_safe_words(out, f->summary, 2, c->look.columns, c->look.ascii);
        for (uint32_t i = 0; i < f->n_evidence; i++) {
                clew_buffer_printf(out, "  #%-5u ", a->why.view->steps[f->evidence[i].step].number);
                put_text(c, out, f->evidence[i].text, 10);
        }
}

static void put_spread(struct why_command *c, struct clew_buffer *out,
                       const struct clew_cause_answer *a)
{
        const struct clew_finding *f = &a->why.findings[0];
        const struct clew_rca_view *v = a->why.view;
        uint32_t last = v->last_step;

        if (f->n_effects == 0 && (last == CLEW_RCA_NONE || last == f->step))
                return; /* nothing came of it */
        clew_buffer_append_cstr(out,
                                v->failed ? "\nHow the failure spread\n" : "\nWhat came of it\n");
        put_name(c, out, a, &v->steps[f->step]);
        clew_buffer_append_cstr(out, v->failed ? "the cause\n" : "this step\n");
        for (uint32_t i = 0; i < f->n_effects; i++) {
                const struct clew_rca_step *s = &v->steps[f->effects[i]];

                if (s->number < v->steps[f->step].number) /* what it happened in */
                        continue;
                put_name(c, out, a, s);
                put_text(c, out,
                         clew_rca_has_error(s)      ? s->error_text
                         : s->kind == CLEW_RCA_TOOL ? s->result
                                                    : s->text,
                         40);
        }
        if (last != CLEW_RCA_NONE && last != f->step &&
            (f->n_effects == 0 || f->effects[f->n_effects - 1] < last)) {
                put_name(c, out, a, &v->steps[last]);
                put_text(c, out,
                         v->steps[last].kind == CLEW_RCA_TOOL ? v->steps[last].result
                                                              : v->steps[last].text,
                         40);
        }
}

/* What the run spent behind the step to blame. */
static void put_waste(struct clew_buffer *out, const struct clew_cause_answer *a)
{
        const struct clew_rca_view *v = a->why.view;
        const struct clew_rca_step *at = &v->steps[a->why.findings[0].step];
        uint64_t tokens = 0;
        double cost = 0;
        char text[CLEW_WHEN_TEXT];

        for (uint32_t i = 0; i < a->trace->n_steps; i++) {
                const struct clew_step *s = &a->trace->steps[i];

                if (s->start_ns > at->start_ns && clew_step_is(s, CLEW_STEP_BOOKED)) {
                        tokens += s->tokens.total;
                        cost += s->cost_usd;
                }
        }
        if (a->trace->end_ns <= at->end_ns && tokens == 0)
                return;
        clew_when_length(a->trace->end_ns > at->end_ns ? a->trace->end_ns - at->end_ns : 0, text);
        clew_buffer_printf(out, "\nAfter %s   %s", v->failed ? "the cause" : "that step", text);
        if (tokens) {
                clew_count_short(tokens, "", text);
                clew_buffer_printf(out, ", %s tokens", text);
        }
        if (cost > 0) {
                clew_cost_short(cost, text);
                clew_buffer_printf(out, ", %s", text);
        }
        clew_buffer_append_byte(out, '\n');
}

/* One finding in a line; @head where it is the first of its list. */
static void put_line(struct why_command *c, struct clew_buffer *out,
                     const struct clew_cause_answer *a, uint32_t i, const char *head)
{
        const struct clew_finding *f = &a->why.findings[i];

        clew_buffer_printf(
                out, "%s%-10s#%-5u %-22s %-7s", head[0] ? "\n" : "", head,
                a->why.view->steps[f->step].number, clew_rule_info(f->rule)->name,
                f->looked_at || !a->why.view->failed ? "" : clew_precision_name(f->precision));
        put_sentence(c, out, f->summary, 47);
}

/* The findings behind the first, then those that are no more than places to look at. */
static void put_others(struct why_command *c, struct clew_buffer *out,
                       const struct clew_cause_answer *a)
{
        uint32_t n = 0;

        for (uint32_t i = 1; i < a->why.n_findings; i++) {
                if (!a->why.findings[i].looked_at)
                        put_line(c, out, a, i, n++ == 0 ? "Also" : "");
        }
        n = 0;
        for (uint32_t i = 0; i < a->why.n_findings; i++) {
                if (a->why.findings[i].looked_at)
                        put_line(c, out, a, i, n++ == 0 ? "Looked at" : "");
        }
        for (uint32_t i = 0; i < a->why.n_excluded; i++) {
                clew_buffer_printf(out, "%s#%-5u ", i == 0 ? "\nExcluded  " : "          ",
                                   a->why.view->steps[a->why.excluded[i].step].number);
                put_sentence(c, out, a->why.excluded[i].reason, 17);
        }
}

/* Which of its calls go with failing. */
static void put_spectrum(struct why_command *c, struct clew_buffer *out,
                         const struct clew_cause_answer *a)
{
        const struct clew_spectrum *s = &a->spectrum;

        if (s->n == 0)
                return;
        clew_buffer_printf(out, "\nCalls that go with failing, of %u failed and %u passed runs\n",
                           s->n_failed, s->n_passed);
        for (uint32_t i = 0; i < s->n; i++) {
                const struct clew_rca_step *step = &a->why.view->steps[s->rows[i].step];

                put_name(c, out, a, step);
                clew_buffer_printf(out, "%u failed, %u passed  ", s->rows[i].failed_with,
                                   s->rows[i].passed_with);
                put_text(c, out, step->args, 60);
        }
}

/* Told below, with the reason. */
static bool is_excluded(const struct clew_cause_answer *a, uint32_t step)
{
        for (uint32_t i = 0; i < a->why.n_excluded; i++) {
                if (a->why.excluded[i].step == step)
                        return true;
        }
        return false;
}

/* What went wrong, out of its wrapper. */
static struct clew_slice error_of(const struct clew_rca_step *s)
{
        struct clew_slice t = clew_text_trim(s->error_text);

        return t.len && strchr("<`\x1b", t.data[0]) ? clew_text_error_line(t) : t;
}

static void put_nothing(struct why_command *c, struct clew_buffer *out,
                        const struct clew_cause_answer *a)
{
        const struct clew_rca_view *v = a->why.view;

        if (v->failed)
                clew_buffer_append_cstr(out, "No rule explains this failure.\n");
        else if (a->why.n_findings == 0)
                clew_buffer_append_cstr(out, "No rule finds fault with it.\n");
        if (a->why.first_error != CLEW_RCA_NONE && !is_excluded(a, a->why.first_error)) {
                const struct clew_rca_step *first = &v->steps[a->why.first_error];
                struct clew_slice text = error_of(first);

                clew_buffer_printf(out, "First error: #%u ", first->number);
                put_text(c, out, text.len ? text : first->name, 20);
        }
}

/* What it waits for, when it says so. */
static void put_pause(struct why_command *c, struct clew_buffer *out,
                      const struct clew_trace *trace)
{
        CLEW_ARENA arena = {0};
        struct clew_slice text = CLEW_SLICE_NULL;

        clew_arena_init(&arena, LINE_MAX_BYTES);
        clew_buffer_append_cstr(out,
                                "This run did not fail: it waits for an approval or an answer.\n");
        for (uint32_t i = trace->n_steps; i-- > 0 && text.len == 0;) {
                text = clew_step_waits_for(&trace->steps[i], &arena);
                if (text.len == 0)
                        continue;
                clew_buffer_printf(out, "It waits in #%u: ", i + 1);
                put_text(c, out, text, 20);
        }
}

/* What the user did not want. */
static void put_refusal(struct why_command *c, struct clew_buffer *out,
                        const struct clew_trace *trace)
{
        for (uint32_t i = trace->n_steps; i-- > 0;) {
                if (!clew_step_is(&trace->steps[i], CLEW_STEP_REFUSED))
                        continue;
                clew_buffer_printf(out, "This run did not fail: the user refused #%u ", i + 1);
                put_text(c, out, trace->steps[i].name, 60);
                return;
        }
        clew_buffer_append_cstr(out, "This run did not fail: it was cancelled.\n");
}

/* Of a run that did not fail that comes first: nothing below is the cause of a failure. @blamed:
 * somebody said at which step it failed. */
static void put_outcome(struct why_command *c, struct clew_buffer *out,
                        const struct clew_cause_answer *a, bool lost, bool blamed)
{
        const char *text = blamed ? "Nothing in this run says that it failed; people do.\n"
                                  : "Nothing says that this run failed: no error at its top, and "
                                    "no verdict.\n";

        if (a->why.view->failed)
                return;
        if (a->why.view->passed)
                text = "This run passed.\n";
        else if (lost)
                text = "This run has not ended, and has been silent for long: it is lost.\n";
        else if (a->trace->outcome == CLEW_OUTCOME_OPEN)
                text = "This run has not ended.\n";
        else if (a->trace->outcome == CLEW_OUTCOME_CANCELLED) {
                put_refusal(c, out, a->trace);
                return;
        } else if (a->trace->outcome == CLEW_OUTCOME_PAUSED) {
                put_pause(c, out, a->trace);
                return;
        } else if (a->why.view->n_steps == 0)
                text = "This run did not fail: there is no step in it that could.\n";
        clew_buffer_append_cstr(out, text);
}

/* Where people say that it failed, and what they say of findings; true when somebody named a step.
 */
static bool put_said(struct why_command *c, struct clew_buffer *out, const struct clew_trace_id *id)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER line = {0};
        struct clew_reviews r = {0};
        struct clew_error err = {0};
        bool ret = false;

        clew_arena_init(&arena, REVIEWS_ARENA_MAX);
        clew_buffer_init(&line, LINE_MAX_BYTES);
        if (clew_reviews_of_trace(c->view, id, &arena, &r, &err) < 0) {
                clew_buffer_printf(out, "Said  %s\n", err.message);
                return false;
        }
        for (uint32_t i = 0; i < r.n_now; i++) {
                if (r.now[i].kind != CLEW_FACET_FAILING && r.now[i].kind != CLEW_FACET_FINDING)
                        continue;
                ret |= r.now[i].kind == CLEW_FACET_FAILING;
                clew_buffer_clear(&line);
                clew_facet_brief(&r.now[i], &line);
                clew_buffer_append_cstr(out, "Said  ");
                put_text(c, out, clew_buffer_slice(&line), 6);
        }
        return ret;
}

static int put_human(struct why_command *c, const struct clew_cause_answer *a, bool lost)
{
        CLEW_BUFFER out = {0};
        CLEW_BUFFER said = {0};
        char id[CLEW_SHORT_ID];
        char other[CLEW_SHORT_ID];
        bool blamed;

        clew_buffer_init(&out, LINE_MAX_BYTES);
        clew_buffer_init(&said, LINE_MAX_BYTES);
        clew_cli_short_id(c->cli, &a->trace->id, id);
        blamed = put_said(c, &said, &a->trace->id);
        put_outcome(c, &out, a, lost, blamed);
        clew_buffer_append_slice(&out, clew_buffer_slice(&said));
        if (a->why.n_findings == 0 || a->why.findings[0].looked_at) {
                put_nothing(c, &out, a);
                put_others(c, &out, a);
        } else {
                if (said.len > 0)
                        clew_buffer_append_byte(&out, '\n');
                put_head(c, &out, a);
                put_spread(c, &out, a);
                put_others(c, &out, a);
                put_waste(&out, a);
        }
        put_spectrum(c, &out, a);
        if (a->why.view->partial)
                clew_buffer_append_cstr(&out, "\nThe trace is very large; only a part of its texts "
                                              "was searched.\n");
        if (a->trace->left_out && !a->why.view->passed)
                clew_buffer_append_cstr(&out,
                                        "\nIt was not compared with passing runs of its task: "
                                        "without its texts that cannot be done.\n");
        if (a->nearest) {
                clew_cli_short_id(c->cli, &a->nearest->id, other);
                clew_buffer_printf(&out, "\nNearest run that passed: %s   %s diff %s %s\n", other,
                                   c->cli->self, other, id);
        }
        if (clew_buffer_error(&out) < 0)
                return clew_cli_fail(c->cli, clew_buffer_error(&out), NULL);
        fwrite(out.data, 1, out.len, c->cli->out);
        return 0;
}

/* ---- lineage of values ---------------------------------------------------------------------- */

static int put_lineage(struct why_command *c, const struct clew_opened *o, struct clew_arena *arena)
{
        struct clew_rca_view v;
        struct clew_lineage_page page = {
                .cli = c->cli, .look = &c->look, .output = &c->output, .view = &v};
        int r = clew_rca_view_build(o->trace, arena, &v);

        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        r = c->value ? clew_lineage_page_value(&page, clew_slice_of_cstr(c->value))
                     : clew_lineage_page_step(&page, o->step);
        c->nothing |= page.nothing;
        return r;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int put_answer(struct why_command *c, const struct clew_cause_answer *a, bool lost)
{
        if (clew_output_is_machine(&c->output) && (!c->output.json || c->rows))
                return put_rows(c, a);
        return c->output.json ? put_json(c, a) : put_human(c, a, lost);
}

static int put_one_of_many(struct why_command *c, const struct clew_cause_answer *a, bool lost)
{
        const struct clew_selected t = {.lost = lost, .summary.outcome = a->trace->outcome};
        char id[CLEW_SHORT_ID];
        int r;

        if (clew_output_is_machine(&c->output))
                return put_answer(c, a, lost);
        clew_cli_short_id(c->cli, &a->trace->id, id);
        fprintf(c->cli->out, "== %s  %s\n", id, clew_outcome_word(&t));
        r = put_human(c, a, lost);
        fputc('\n', c->cli->out);
        return r;
}

static int why_one(struct why_command *c, const char *text)
{
        CLEW_ARENA arena = {0};
        struct clew_opened o;
        struct clew_cause_answer a;
        struct clew_error err = {0};
        uint64_t epoch;
        int r;

        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        r = clew_cli_open_trace(c->cli, text, &CLEW_TRACE_FULL, &arena, &o);
        if (r != 0)
                return r;
        if (c->span && !c->value && o.step == CLEW_STEP_NONE) {
                clew_cli_error(c->cli, "--span needs a step: clew why ID#9 --span");
                return CLEW_EXIT_USAGE;
        }
        if (c->span || c->value)
                return put_lineage(c, &o, &arena);
        epoch = clew_view_epoch(c->view);
        r = c->no_references ? 0
                             : clew_compared_gather_for(&c->compared, c->view, c->cli->clock,
                                                        o.trace, CLEW_TRACE_ARENA_MAX, &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        if (clew_view_epoch(c->view) != epoch) {
                /* Looking at other traces ended the life of this one's bytes. */
                clew_arena_reset(&arena);
                r = clew_cli_open_trace(c->cli, text, &CLEW_TRACE_FULL, &arena, &o);
        }
        if (r != 0)
                return r;
        r = clew_cause_analyse(&c->compared, o.trace, &arena, &a);
        if (r < 0)
                return clew_cli_fail(c->cli, r, NULL);
        c->nothing |= a.why.n_findings == 0;
        return c->many ? put_one_of_many(c, &a, o.lost) : put_answer(c, &a, o.lost);
}

/* The line of a trace that could not be analysed: no findings, and why. */
static int put_left_out(struct why_command *c, const struct clew_selected *t, int error)
{
        struct clew_json_writer w = clew_output_begin(&c->output, "why");
        static const char *const lists[] = {"findings", "excluded"};

        clew_json_write_key(&w, "trace_id");
        clew_write_trace_id(&w, &t->id);
        clew_json_write_key(&w, "outcome");
        clew_json_write_cstr(&w, clew_outcome_name(t->summary.outcome));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(lists); i++) {
                clew_json_write_key(&w, lists[i]);
                clew_json_write_array_begin(&w);
                clew_json_write_array_end(&w);
        }
        clew_json_write_key(&w, "left_out");
        clew_json_write_cstr(&w, error == -ENOMEM ? "too large to be analysed" : "unreadable");
        return clew_output_end(&c->output, &w);
}

static int why_selected(struct why_command *c, struct clew_select *s, const struct clew_selected *t)
{
        CLEW_ARENA arena = {0};
        struct clew_run_data data;
        struct clew_trace *trace;
        struct clew_error err = {0};
        struct clew_cause_answer a;
        char id[CLEW_SHORT_ID];
        bool lost = false;
        int r;

        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        r = clew_run_build(c->view, &t->id, NULL, &arena, &data, &trace, &err);
        if (r == -ENOENT) /* logs or spans went between the walk and here */
                return 0;
        if (r == 0)
                clew_select_count_read(s, data.data.traces.len + data.data.logs.len);
        if (r == 0)
                lost = clew_settle(trace, data.data.last_arrival_ns,
                                   clew_clock_unix_ns(c->cli->clock));
        if (r == 0)
                r = clew_cause_analyse(&c->compared, trace, &arena, &a);
        if (r < 0) { /* one bad trace does not end the walk */
                clew_cli_short_id(c->cli, &t->id, id);
                clew_cli_error(c->cli, "%s: cannot be analysed: %s", id,
                               err.code ? err.message : strerror(-r));
                c->partial = true;
                return c->output.json ? put_left_out(c, t, r) : 0;
        }
        c->nothing |= a.why.n_findings == 0;
        return put_one_of_many(c, &a, lost);
}

/* Runs to compare with, for a half of the time that there is. */
static int gather_compared(struct why_command *c, struct clew_filter *filter,
                           struct clew_error *err)
{
        uint64_t begun_ns = clew_clock_monotonic_ns(c->cli->clock);
        const struct clew_filter all = {.limit_ns = filter->limit_ns / 4 + (filter->limit_ns > 0)};
        uint64_t took_ns;
        int r;

        if (c->no_references)
                return 0;
        r = clew_compared_gather(&c->compared, c->view, c->cli->clock, all, CLEW_REFERENCES_MAX,
                                 CLEW_TRACE_ARENA_MAX, err);
        took_ns = clew_clock_monotonic_ns(c->cli->clock) - begun_ns;
        if (filter->limit_ns > 0)
                filter->limit_ns = filter->limit_ns > took_ns ? filter->limit_ns - took_ns : 1;
        return r;
}

static int why_all(struct why_command *c, struct clew_filter *filter)
{
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        bool machine = clew_output_is_machine(&c->output);
        uint64_t n = 0;
        int status = 0;
        int r = gather_compared(c, filter, &err);

        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        clew_window_widen(&c->window, c->view);
        c->window.command = "why --all";
        r = clew_select_init(&s, c->view, filter, c->cli->clock, NULL, &err);
        while (r >= 0 && status == 0 && (r = clew_select_next(&s, &t, &err)) == 1) {
                if (c->output_flags.limit && n == c->output_flags.limit)
                        break;
                if (n++ == 0 && !machine)
                        clew_window_tell(&c->window, "runs");
                status = why_selected(c, &s, &t);
        }
        c->nothing |= n == 0;
        if (r < 0)
                status = clew_cli_fail(c->cli, r, &err);
        if (status == 0)
                status = clew_filter_report(c->cli, &s);
        if (status == 0 && !machine && n == 0)
                clew_window_tell_empty(&c->window, c->view, &s);
        else if (status == 0 && !machine)
                clew_window_tell_helpers(&c->window, &s);
        clew_select_deinit(&s);
        return status;
}

static int run(struct why_command *c, struct clew_arguments *args)
{
        CLEW_ARENA kept = {0};
        struct clew_filter filter;
        int r;

        clew_arena_init(&kept, REFERENCES_ARENA_MAX);
        r = clew_cli_expand(c->cli, args, &kept);
        if (r == 0)
                r = clew_look_init(&c->look, c->cli, &c->display_flags);
        if (r == 0)
                r = clew_window_make(c->cli, &c->filter_flags, &c->window_flags, CLEW_SINCE_DEFAULT,
                                     c->look.utc, &filter, &c->window);
        if (r == 0)
                r = clew_output_init(&c->output, c->cli, &c->output_flags,
                                     c->rows ? "finding" : "why", clew_finding_fields);
        if (r == 0)
                r = clew_cli_view(c->cli, &c->view);
        if (r == 0 && clew_compared_init(&c->compared, &kept) < 0)
                r = clew_cli_fail(c->cli, -ENOMEM, NULL);
        if (r == 0)
                clew_pager_start(c->cli, &c->display_flags);
        if (r == 0 && c->all)
                r = why_all(c, &filter);
        c->many = args->n > 1;
        for (size_t i = 0; r == 0 && !c->all && i < args->n; i++)
                r = why_one(c, args->values[i]);
        clew_output_deinit(&c->output);
        if (r == 0 && c->partial)
                r = CLEW_EXIT_PARTIAL;
        if (r == 0 && c->nothing && c->output_flags.exit_status)
                r = CLEW_EXIT_NOTHING;
        return r;
}

int clew_cmd_why(struct clew_cli *cli, int argc, char **argv)
{
        struct why_command c = {.cli = cli};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"all", 0, NULL, "every run of the selection (no id)", .ret_flag = &c.all},
                {"value", 0, "TEXT", "where this value came from and went", .ret_text = &c.value},
                {"span", 0, NULL, "where the values of the named step came from",
                 .ret_flag = &c.span},
                {"no-references", 0, NULL, "do not compare with passing runs of the task",
                 .ret_flag = &c.no_references},
                {0},
        };
        struct clew_arguments args;
        int r;

        clew_filter_flags_add(&shared, &c.filter_flags);
        clew_window_flags_add(&shared, &c.window_flags, true);
        clew_output_flags_add(&shared, &c.output_flags);
        clew_display_flags_add(&shared, &c.display_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r != 0)
                return r;
        if ((c.value || c.span) && (c.output_flags.tsv || c.output_flags.ids ||
                                    c.output_flags.nul || c.output_flags.fields)) {
                clew_cli_error(cli, "why --value and --span print text or whole --json lines");
                return CLEW_EXIT_USAGE;
        }
        /* Chosen fields are those of findings: a whole analysis has no columns. */
        if (c.output_flags.fields && c.output_flags.json)
                c.rows = true;
        if (c.all == (args.n > 0)) {
                clew_cli_error(cli, c.all ? "give an id or --all, not both"
                                          : "which trace? clew why ID, or clew why --all");
                return CLEW_EXIT_USAGE;
        }
        return run(&c, &args);
}
