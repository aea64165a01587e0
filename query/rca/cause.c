/*
 * The cause in a summary. The signature is "rule/kind:tool/error": kind of the step where the
 * trouble shows, its tool, and the class of its error without what differs from run to run. A run
 * that nothing explains has the tool of its last change.
 */
#include "query/rca/cause-int.h"

#include "proto/base/utf8.h"

#define EXCEPTION_MAX 80u /* bytes of the name of an exception */

static bool has_cause(const struct clew_why *why)
{
        const struct clew_finding *f = &why->findings[0];

        return why->n_findings > 0 && !f->looked_at &&
               (f->precision != CLEW_PRECISION_LOW || !clew_rule_is_place(f->rule));
}

/* Where the trouble shows: a failed step that the cause explains, else a tool; without a cause the
 * first failed step, else the last one. NULL for a run without steps. */
static const struct clew_rca_step *where_it_shows(const struct clew_why *why)
{
        const struct clew_finding *f = &why->findings[0];
        const struct clew_rca_view *v = why->view;
        uint32_t step = why->first_error != CLEW_RCA_NONE ? why->first_error : v->last_step;

        if (!has_cause(why))
                return step == CLEW_RCA_NONE ? NULL : &v->steps[step];
        for (uint32_t i = 0; i < f->n_effects; i++) {
                if (clew_rca_has_error(&v->steps[f->effects[i]]))
                        return &v->steps[f->effects[i]];
        }
        for (uint32_t i = 0; i < f->n_effects; i++) {
                if (v->steps[f->effects[i]].kind == CLEW_RCA_TOOL)
                        return &v->steps[f->effects[i]];
        }
        return &v->steps[f->n_effects ? f->effects[0] : f->step];
}

/* The name of an exception at the start of an error, which is the same in all runs that have it;
 * what follows tells of this run. Null without one. */
static struct clew_slice exception_of(struct clew_slice error)
{
        struct clew_slice t = clew_text_trim(error);
        size_t n = 0;

        while (n < t.len && n < EXCEPTION_MAX &&
               ((t.data[n] >= 'a' && t.data[n] <= 'z') || (t.data[n] >= 'A' && t.data[n] <= 'Z') ||
                t.data[n] == '.' || t.data[n] == '_'))
                n++;
        return n > 4 && n < t.len && (t.data[n] == ':' || t.data[n] == '(')
                       ? clew_slice_make(t.data, n)
                       : CLEW_SLICE_NULL;
}

/* The tool that changed something last: what a run that nothing explains came to. */
static struct clew_slice last_change(const struct clew_rca_view *v)
{
        for (uint32_t i = v->n_steps; i-- > 0;) {
                if (v->steps[i].kind == CLEW_RCA_TOOL && v->steps[i].deed == CLEW_DEED_CHANGES)
                        return v->steps[i].name;
        }
        return CLEW_SLICE_NULL;
}

/* Rule, kind of step, and what of it is the same from run to run: the tool, the class of its error
 * and the name of the exception. Not the agent: roles are named anew in each run. */
static struct clew_slice signature_of(const struct clew_why *why, const char *rule,
                                      struct clew_arena *arena)
{
        static const char *const kinds[] = {"llm", "tool", "agent", "step"};
        const struct clew_rca_step *s = where_it_shows(why);
        struct clew_slice name;
        struct clew_slice exception;
        bool failed;

        if (!s)
                return clew_arena_printf(arena, "%s/", rule);
        failed = clew_rca_has_error(s);
        name = s->kind == CLEW_RCA_TOOL     ? s->name
               : !failed && !has_cause(why) ? last_change(why->view)
                                            : CLEW_SLICE_NULL;
        exception = failed ? exception_of(s->error_text) : CLEW_SLICE_NULL;
        return clew_arena_printf(arena, "%s/%s:%.*s/%s%s%.*s", rule, kinds[s->kind],
                                 CLEW_SHOWN(name, 48), failed ? clew_trouble_name(s->trouble) : "",
                                 exception.len ? " " : "", CLEW_SHOWN(exception, 40));
}

/* As much as a summary keeps, ending with a word and a mark that there was more. */
static struct clew_slice kept_of(struct clew_slice sentence, struct clew_arena *arena)
{
        const size_t mark = sizeof("…") - 1;
        size_t n;

        if (sentence.len <= CLEW_SUMMARY_TEXT_MAX)
                return sentence;
        n = clew_utf8_cut(sentence, CLEW_SUMMARY_TEXT_MAX - mark).len;
        for (size_t i = n; i > n - CLEW_SUMMARY_TEXT_MAX / 4; i--) {
                if (sentence.data[i] == ' ') {
                        n = i;
                        break;
                }
        }
        return clew_arena_printf(arena, "%.*s…", (int)n, (const char *)sentence.data);
}

void clew_cause_of(const struct clew_why *why, struct clew_arena *arena,
                   struct clew_summary_cause *ret)
{
        const struct clew_finding *f = &why->findings[0];
        const char *rule;

        *ret = (struct clew_summary_cause){.step = 0};
        if (!has_cause(why)) {
                if (why->view->failed)
                        ret->signature = signature_of(why, "unexplained", arena);
                return;
        }
        rule = clew_rule_info(f->rule)->name;
        ret->rule = clew_slice_of_cstr(rule);
        ret->step = why->view->steps[f->step].number;
        ret->detail = kept_of(f->summary, arena);
        ret->signature = signature_of(why, rule, arena);
}

void clew_cause_note(const struct clew_why *why, struct clew_arena *arena,
                     struct clew_summary_cause *ret)
{
        *ret = (struct clew_summary_cause){.step = 0};
        if (why->view->passed ||
            (!why->view->failed &&
             (why->n_findings == 0 || why->findings[0].precision == CLEW_PRECISION_LOW)))
                return;
        clew_cause_of(why, arena, ret);
        ret->detail = clew_arena_copy(arena, ret->detail);
}
