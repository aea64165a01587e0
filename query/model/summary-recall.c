/*
 * The summary of a skeleton; see left-out.h.
 */
#include "query/model/summary-int.h"

#include <errno.h>

static void add_facts(struct clew_summary_facts *sum, const struct clew_summary_facts *f)
{
        sum->loops += f->loops;
        if (f->loop_rounds > sum->loop_rounds) {
                sum->loop_rounds = f->loop_rounds;
                sum->loop_step = f->loop_step;
        }
        sum->stalls += f->stalls;
        if (f->stall_calls > sum->stall_calls) {
                sum->stall_calls = f->stall_calls;
                sum->stall_step = f->stall_step;
        }
        sum->retries += f->retries;
        sum->waste_steps += f->waste_steps;
        sum->waste_tokens += f->waste_tokens;
        sum->waste_ns += f->waste_ns;
        sum->waste_usd += f->waste_usd;
}

/*
 * What a skeleton's texts told: as it was then. All of it, while nothing else has come; else the
 * cause, the words of its error and the counts of what was in vain, while spans tell the rest. They
 * are what is left: nobody can find them out again.
 */
void clew_summary_settle(const struct clew_trace *trace, struct clew_arena *arena,
                         struct clew_summary *ret)
{
        struct clew_summary_facts facts = {0};
        struct clew_left_out_note note;
        uint32_t rules = ret->rules_version;
        bool has_cause = false;
        unsigned n = 0;
        size_t at = 0;

        while (clew_left_out_next(trace->notes, &at, &note)) {
                bool is_part = trace->left_out == CLEW_LEFT_OUT_ALL && n == 0 &&
                               clew_left_out_is_joined(trace->notes);
                struct clew_summary old;

                if (is_part && note.run.summary.len > 0) {
                        n++;
                        if (clew_summary_decode(note.run.summary, arena, ret) == 0) {
                                facts = ret->facts;
                                break;
                        }
                }
                if (clew_summary_decode(note.summary, arena, &old) < 0)
                        continue;
                if (n++ == 0 && trace->left_out == CLEW_LEFT_OUT_ALL && !is_part)
                        *ret = old;
                /* Also where there was none: rules that have looked at stand-ins tell what is not
                 * so ("no observation before it holds the value"). */
                if (!has_cause)
                        ret->cause = old.cause;
                has_cause = has_cause || old.cause.rule.len > 0;
                if (ret->error.len == 0 || clew_stand_in_is(ret->error))
                        ret->error = old.error;
                add_facts(&facts, &old.facts);
        }
        if (n > 0)
                ret->facts = facts;
        ret->rules_version = rules;
        ret->left_out = trace->left_out;
}

int clew_summary_recall(const struct clew_trace *trace, struct clew_arena *arena,
                        struct clew_summary *ret)
{
        clew_summary_of_trace(trace, ret);
        if (trace->left_out)
                clew_summary_settle(trace, arena, ret);
        return clew_arena_failed(arena) ? -ENOMEM : 0;
}
