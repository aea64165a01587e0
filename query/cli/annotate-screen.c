/*
 * One run of the review queue on the screen: the root cause with the steps around it, how it ended,
 * and, where it is reviewed because verdicts differ, what was said of it so far.
 */
#include "query/cli/annotate-int.h"

#include "query/answer/brief.h"
#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/rca/rca.h"
#include "query/review/note.h"

#include <errno.h>

/* Steps on the screen beside the one that is blamed. */
#define STEPS_SHOWN 6u

static void print_safe(struct clew_annotate *c, const char *before, struct clew_slice text)
{
        CLEW_BUFFER safe = {0};
        size_t columns = c->look.columns > 4096 ? 4096 : c->look.columns;

        clew_buffer_init(&safe, 65536);
        clew_safe_line(&safe, text, columns > 20 ? columns - 6 : 20, c->look.ascii);
        fprintf(c->cli->out, "%s%.*s\n", before, (int)safe.len, (const char *)safe.data);
}

static void show_step(struct clew_annotate *c, const struct clew_trace *t, uint32_t step, char mark)
{
        CLEW_ARENA scratch = {0};
        CLEW_BUFFER text = {0};

        clew_arena_init(&scratch, CLEW_TRACE_ARENA_MAX);
        clew_buffer_init(&text, 65536);
        clew_buffer_printf(&text, "%s ", clew_kind_word(t->steps[step].kind));
        clew_buffer_append_slice(&text, clew_step_label(&t->steps[step]));
        clew_buffer_append_cstr(&text, "  ");
        clew_step_brief(t, &t->steps[step], &scratch, &text);
        fprintf(c->cli->out, "%c %4u  ", mark, step + 1);
        print_safe(c, "", clew_buffer_slice(&text));
}

static void show_cause(struct clew_annotate *c, const struct clew_why *why,
                       struct clew_annotate_shown *ret)
{
        const struct clew_trace *t = why->view->trace;
        const struct clew_finding *f = &why->findings[0];
        uint32_t from;
        uint32_t to;

        ret->cause_step = 0;
        if (why->n_findings == 0) {
                fprintf(c->cli->out, "  no rule explains this run\n");
                return;
        }
        ret->cause_step = f->step + 1;
        ret->cause_span = t->steps[f->step].span.span_id;
        snprintf(ret->rule, sizeof(ret->rule), "%s", clew_rule_info(f->rule)->name);
        print_safe(c, "  ", f->summary);
        from = f->step > STEPS_SHOWN / 2 ? f->step - STEPS_SHOWN / 2 : 0;
        to = from + STEPS_SHOWN < t->n_steps ? from + STEPS_SHOWN : t->n_steps;
        for (uint32_t i = from; i < to; i++)
                show_step(c, t, i, i == f->step ? '>' : ' ');
}

static void show_end(struct clew_annotate *c, const struct clew_trace *t)
{
        if (t->root == CLEW_STEP_NONE || t->root >= t->n_steps)
                return;
        if (t->steps[t->root].error.is_error)
                print_safe(c, "  error   ", t->steps[t->root].error.message);
        if (t->steps[t->root].input.len)
                print_safe(c, "  input   ", t->steps[t->root].input);
        if (t->steps[t->root].output.len)
                print_safe(c, "  output  ", t->steps[t->root].output);
}

static void show_verdicts(struct clew_annotate *c, struct clew_view *view,
                          const struct clew_trace_id *id)
{
        uint32_t n = clew_note_count(view, id);

        for (uint32_t i = n > CLEW_NOTES_SHOWN_MAX ? n - CLEW_NOTES_SHOWN_MAX : 0; i < n; i++) {
                CLEW_BUFFER text = {0};
                struct clew_slice note;
                struct clew_error err;

                clew_buffer_init(&text, (size_t)4 << 20);
                if (clew_view_note(view, id, i, &note, &err) == 0 && clew_note_brief(note, &text))
                        print_safe(c, "  judge   ", clew_buffer_slice(&text));
        }
}

/* What judges and people said; a reviewer who is to say it unbiased does not see it. */
static int show_said(struct clew_annotate *c, const struct clew_trace_id *id)
{
        CLEW_ARENA arena = {0};
        struct clew_reviews reviews;
        struct clew_error err = {0};
        struct clew_view *view;
        int r = clew_cli_view(c->cli, &view);

        if (r != 0)
                return r;
        clew_arena_init(&arena, CLEW_REVIEW_ARENA_MAX);
        show_verdicts(c, view, id);
        r = clew_reviews_of_trace(view, id, &arena, &reviews, &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        for (uint32_t i = 0; i < reviews.n_now; i++) {
                CLEW_BUFFER text = {0};

                clew_buffer_init(&text, 2 * CLEW_ANNOTATION_CORRECTION_MAX);
                clew_facet_brief(&reviews.now[i], &text);
                print_safe(c, "  said    ", clew_buffer_slice(&text));
        }
        return 0;
}

int clew_annotate_show(struct clew_annotate *c, const char *id, bool with_said,
                       struct clew_annotate_shown *ret)
{
        CLEW_ARENA arena = {0};
        struct clew_opened o;
        struct clew_why why;
        int r;

        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        *ret = (struct clew_annotate_shown){0};
        r = clew_cli_open_trace(c->cli, id, &CLEW_TRACE_FULL, &arena, &o);
        if (r != 0)
                return r;
        fprintf(c->cli->out, "%.8s  %s  ", id, clew_outcome_name(o.trace->outcome));
        print_safe(c, "", o.trace->name);
        if (clew_why_of(o.trace, &arena, &why) < 0)
                fprintf(c->cli->out, "  too large to be analysed\n");
        else
                show_cause(c, &why, ret);
        show_end(c, o.trace);
        return with_said ? show_said(c, &o.id) : 0;
}
