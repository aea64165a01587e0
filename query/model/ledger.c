#include "query/model/ledger.h"

#include "proto/base/compiler.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* ---- lines ------------------------------------------------------------------------------------
 */

static void subtract_tokens(struct clew_tokens *sum, const struct clew_tokens *t)
{
        sum->in -= t->in;
        sum->out -= t->out;
        sum->cache_read -= t->cache_read;
        sum->cache_write -= t->cache_write;
        sum->reasoning -= t->reasoning;
        sum->total -= t->total;
        sum->in_audio -= t->in_audio;
        sum->in_image -= t->in_image;
        sum->out_audio -= t->out_audio;
        sum->out_image -= t->out_image;
}

static enum clew_booking booking_of(const struct clew_step *step)
{
        if (clew_step_is(step, CLEW_STEP_POLL | CLEW_STEP_FRAGMENT))
                return CLEW_NOT_BOOKED_POLL;
        if (clew_step_is(step, CLEW_STEP_BOOKED))
                return clew_step_is(step, CLEW_STEP_ROLLUP) ? CLEW_BOOKED_ROLLUP : CLEW_BOOKED;
        if (step->tokens.has == 0)
                return CLEW_NOT_BOOKED_NO_USAGE;
        return clew_step_is(step, CLEW_STEP_ROLLUP) ? CLEW_NOT_BOOKED_ROLLUP
                                                    : CLEW_NOT_BOOKED_LAYER;
}

/* A wrapper without usage is no gap: the call inside has it, or has the gap itself. */
static bool worth_a_line(const struct clew_step *step)
{
        if (step->tokens.has != 0 || step->has_cost)
                return true;
        return step->kind == CLEW_KIND_LLM &&
               !clew_step_is(step, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT | CLEW_STEP_POLL);
}

static struct clew_ledger_line line_of(const struct clew_trace *trace, uint32_t index,
                                       const struct clew_tokens *before,
                                       const struct clew_prices *prices)
{
        const struct clew_step *step = &trace->steps[index];
        double usd;
        struct clew_ledger_line line = {
                .step = index,
                .booking = booking_of(step),
                .tokens = step->tokens,
                .cost_usd = step->cost_usd,
                .has_cost = step->has_cost,
                .priced = clew_step_is(step, CLEW_STEP_PRICED),
        };

        if ((!line.has_cost || line.priced) && clew_step_is(step, CLEW_STEP_BOOKED) &&
            clew_price(prices, step, &usd)) {
                line.cost_usd = usd;
                line.has_cost = true;
                line.priced = true;
        }
        if (step->call != CLEW_STEP_NONE) {
                line.below = trace->steps[step->call].tokens;
                line.mismatch =
                        line.below.in != step->tokens.in || line.below.out != step->tokens.out;
        } else if (line.booking == CLEW_NOT_BOOKED_ROLLUP ||
                   line.booking == CLEW_NOT_BOOKED_LAYER) {
                line.below = before[index + 1 + step->n_descendants];
                subtract_tokens(&line.below, &before[index + 1]);
                line.mismatch =
                        line.below.in != step->tokens.in || line.below.out != step->tokens.out;
        }
        return line;
}

int clew_ledger_build(const struct clew_trace *trace, const struct clew_prices *prices,
                      struct clew_arena *arena, struct clew_ledger *ret)
{
        /* before[i] = what is booked on the steps before i; descendants are a range. */
        struct clew_tokens *before =
                clew_arena_calloc(arena, (size_t)trace->n_steps + 2, sizeof(*before));
        struct clew_ledger_line *lines =
                clew_arena_calloc(arena, (size_t)trace->n_steps + 1, sizeof(*lines));
        double priced = 0;
        bool any_priced = false;

        if (!before || !lines)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                before[i + 1] = before[i];
                if (clew_step_is(&trace->steps[i], CLEW_STEP_BOOKED))
                        clew_tokens_add(&before[i + 1], &trace->steps[i].tokens);
        }
        *ret = (struct clew_ledger){.lines = lines, .total = trace->tokens};
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                struct clew_ledger_line *line = &lines[ret->n];

                if (!worth_a_line(&trace->steps[i]))
                        continue;
                *line = line_of(trace, i, before, prices);
                ret->n++;
                ret->n_mismatches += line->mismatch;
                ret->n_without_usage += line->booking == CLEW_NOT_BOOKED_NO_USAGE &&
                                        trace->steps[i].kind == CLEW_KIND_LLM;
                if (line->priced) {
                        priced += line->cost_usd;
                        any_priced = true;
                }
        }
        ret->cost_usd = trace->cost_usd + priced;
        ret->has_cost = trace->has_cost || any_priced;
        return 0;
}
