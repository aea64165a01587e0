/*
 * What is known of a run whose texts a rule of retention has left out (query/model/left-out.h):
 * what was found while they were there. No rule is asked again: most of them read texts.
 *
 *     findings varint, and for each: length of the rule's name, name | number of the step varint |
 *     precision 1 | looked at 1 | signs varint | effects varint, their steps' numbers varint
 *
 * Sentences and evidence quote texts, so they are not kept; the sentence of the cause is in the
 * summary. What is said of another finding is what its rule looks for.
 */
#include "query/rca/rca.h"

#include "proto/base/cursor.h"
#include "query/model/summary.h"

#include <errno.h>

#define RECORD_ARENA_MAX ((size_t)2 << 30)

/* ---- keeping --------------------------------------------------------------------------------- */

static void write_finding(const struct clew_why *why, const struct clew_finding *f,
                          struct clew_buffer *out)
{
        struct clew_slice rule = clew_slice_of_cstr(clew_rule_info(f->rule)->name);

        clew_buffer_append_varint(out, rule.len);
        clew_buffer_append_slice(out, rule);
        clew_buffer_append_varint(out, why->view->steps[f->step].number);
        clew_buffer_append_byte(out, (uint8_t)f->precision);
        clew_buffer_append_byte(out, f->looked_at);
        clew_buffer_append_varint(out, f->n_signs);
        clew_buffer_append_varint(out, f->n_effects);
        for (uint32_t i = 0; i < f->n_effects; i++)
                clew_buffer_append_varint(out, why->view->steps[f->effects[i]].number);
}

int clew_why_record(struct clew_slice traces, struct clew_slice logs, bool joined,
                    struct clew_buffer *out)
{
        struct clew_trace_options options = CLEW_TRACE_FULL;
        struct clew_trace *trace;
        struct clew_why why;
        CLEW_ARENA arena = {0};
        int r;

        clew_arena_init(&arena, RECORD_ARENA_MAX);
        options.joined = joined;
        r = clew_trace_build(traces, logs, &options, &arena, &trace);
        if (r == 0)
                r = clew_why_of(trace, &arena, &why);
        if (r < 0)
                return r;
        clew_buffer_append_varint(out, why.n_findings);
        for (uint32_t i = 0; i < why.n_findings; i++)
                write_finding(&why, &why.findings[i], out);
        return clew_buffer_error(out);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum clew_rule rule_of(struct clew_slice name)
{
        int r = 0;

        while (r < CLEW_RULE_COUNT &&
               !clew_slice_eq_cstr(name, clew_rule_info((enum clew_rule)r)->name))
                r++;
        return (enum clew_rule)r;
}

static uint32_t step_of(const struct clew_rca_view *v, uint64_t number)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].number == number)
                        return i;
        }
        return CLEW_RCA_NONE;
}

/* False when it is of a rule or a step that there is none of any more. */
static bool read_finding(const struct clew_rca_view *v, struct clew_cursor *c,
                         struct clew_arena *arena, struct clew_finding *ret)
{
        struct clew_finding f = {.rule = rule_of(clew_cursor_bytes(c, clew_cursor_varint(c)))};
        uint64_t n;
        uint8_t precision;

        f.step = step_of(v, clew_cursor_varint(c));
        precision = clew_cursor_byte(c);
        f.precision = precision <= CLEW_PRECISION_HIGH ? (enum clew_precision)precision
                                                       : CLEW_PRECISION_LOW;
        f.looked_at = clew_cursor_byte(c) != 0;
        f.n_signs = (uint32_t)clew_cursor_varint(c);
        n = clew_cursor_varint(c);
        for (uint64_t i = 0; i < n && !c->failed; i++) {
                uint32_t step = step_of(v, clew_cursor_varint(c));

                if (step != CLEW_RCA_NONE && f.n_effects < CLEW_RCA_EFFECTS_MAX)
                        f.effects[f.n_effects++] = step;
        }
        if (c->failed || f.rule == CLEW_RULE_COUNT || f.step == CLEW_RCA_NONE)
                return false;
        f.summary = clew_arena_printf(arena, "Step %u: %s (its sentence went with the texts).",
                                      v->steps[f.step].number, clew_rule_info(f.rule)->sees);
        *ret = f;
        return true;
}

static void read_findings(struct clew_slice record, const struct clew_summary *s,
                          struct clew_arena *arena, struct clew_why *why)
{
        struct clew_cursor c = clew_cursor_make(record);
        uint64_t n = record.len > 0 ? clew_cursor_varint(&c) : 0;

        for (uint64_t i = 0; i < n && !c.failed && why->n_findings < CLEW_WHY_FINDINGS_MAX; i++) {
                struct clew_finding *f = &why->findings[why->n_findings];

                if (!read_finding(why->view, &c, arena, f))
                        continue;
                if (why->view->steps[f->step].number == s->cause.step &&
                    clew_slice_eq_cstr(s->cause.rule, clew_rule_info(f->rule)->name))
                        f->summary = s->cause.detail;
                why->n_findings++;
        }
}

int clew_why_recall(const struct clew_trace *trace, struct clew_arena *arena, struct clew_why *ret)
{
        struct clew_rca_view *v = clew_arena_calloc(arena, 1, sizeof(*v));
        struct clew_left_out_note note;
        struct clew_summary s;
        size_t at = 0;
        int r = v ? clew_rca_view_build(trace, arena, v) : -ENOMEM;

        if (r < 0)
                return r;
        *ret = (struct clew_why){.view = v, .first_error = CLEW_RCA_NONE};
        for (uint32_t i = 0; i < v->n_steps && ret->first_error == CLEW_RCA_NONE; i++) {
                if (clew_rca_has_error(&v->steps[i]))
                        ret->first_error = i;
        }
        r = clew_summary_recall(trace, arena, &s);
        if (r < 0)
                return r;
        if (clew_left_out_next(trace->notes, &at, &note))
                read_findings(clew_left_out_is_joined(trace->notes) ? note.run.why : note.why, &s,
                              arena, ret);
        return 0;
}

int clew_why_of(const struct clew_trace *trace, struct clew_arena *arena, struct clew_why *ret)
{
        return trace->left_out ? clew_why_recall(trace, arena, ret)
                               : clew_why_analyse(trace, NULL, 0, arena, ret);
}
