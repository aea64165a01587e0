#include "query/answer/facts.h"

#include "query/find/index/index.h"

#include "query/answer/when.h"

#include <inttypes.h>
#include <stdio.h>

static const char *between(const struct clew_buffer *out, size_t from)
{
        return out->len > from ? ", " : "";
}

static void put_waste(const struct clew_summary_facts *f, struct clew_buffer *out)
{
        char text[CLEW_WHEN_TEXT];

        clew_buffer_printf(out, "wasted %u step%s", f->waste_steps, f->waste_steps == 1 ? "" : "s");
        if (f->waste_tokens > 0) {
                clew_count_short(f->waste_tokens, " tokens", text);
                clew_buffer_printf(out, ", %s", text);
        }
        if (f->waste_usd > 0) {
                clew_cost_short(f->waste_usd, text);
                clew_buffer_printf(out, ", %s", text);
        }
        if (f->waste_ns > 0) {
                clew_when_length(f->waste_ns, text);
                clew_buffer_printf(out, ", %s", text);
        }
}

void clew_facts_brief(const struct clew_summary_facts *f, struct clew_buffer *out)
{
        size_t from = out->len;

        if (f->loops > 1)
                clew_buffer_printf(out, "%u loops, the longest", f->loops);
        else if (f->loops == 1)
                clew_buffer_append_cstr(out, "loop");
        if (f->loops > 0)
                clew_buffer_printf(out, " of %u rounds from #%u", f->loop_rounds, f->loop_step);
        if (f->stalls > 0)
                clew_buffer_printf(out, "%s%u calls without news from #%u", between(out, from),
                                   f->stall_calls, f->stall_step);
        if (f->retries > 0)
                clew_buffer_printf(out, "%s%u retr%s", between(out, from), f->retries,
                                   f->retries == 1 ? "y" : "ies");
        if (f->waste_steps > 0) {
                clew_buffer_append_cstr(out, between(out, from));
                put_waste(f, out);
        }
}

/* ---- a selection ---------------------------------------------------------------------------- */

void clew_tally_add(struct clew_tally *t, const struct clew_summary *s)
{
        const struct clew_summary_facts *f = &s->facts;

        t->traces++;
        t->failed += (CLEW_OUTCOME_BIT(s->outcome) & CLEW_OUTCOMES_FAILED) != 0;
        t->open += s->outcome == CLEW_OUTCOME_OPEN;
        t->caused += s->cause.rule.len > 0;
        t->looping += f->loops > 0;
        t->stalled += f->stalls > 0;
        t->retried += f->retries > 0;
        t->wasting += f->waste_steps > 0;
        t->retries += f->retries;
        t->tokens += s->tokens.total;
        t->cost_usd += s->has_cost ? s->cost_usd : 0;
        t->waste_steps += f->waste_steps;
        t->waste_tokens += f->waste_tokens;
        t->waste_ns += f->waste_ns;
        t->waste_usd += f->waste_usd;
}

void clew_tally_add_row(struct clew_tally *t, const struct clew_bulk_row *row)
{
        t->traces++;
        t->failed += (CLEW_OUTCOME_BIT(row->outcome) & CLEW_OUTCOMES_FAILED) != 0;
        t->caused += row->texts[clew_bulk_text(CLEW_LIGHT_CAUSE)].len > 0;
        t->looping += row->loops > 0;
        t->stalled += row->stalls > 0;
        t->retried += row->retries > 0;
        t->wasting += row->waste_steps > 0;
        t->retries += row->retries;
        t->tokens += row->tokens;
        t->cost_usd += row->cost_usd;
        t->waste_steps += row->waste_steps;
        t->waste_tokens += row->waste_tokens;
        t->waste_ns += row->waste_ns;
        t->waste_usd += row->waste_usd;
}

static void put_share(struct clew_buffer *out, const char *label, uint64_t n, uint64_t of,
                      const char *more)
{
        if (n == 0)
                return;
        clew_buffer_printf(out, "%-9s %" PRIu64 " (%.1f %%)%s%s\n", label, n,
                           100.0 * (double)n / (double)(of ? of : 1), *more ? ", " : "", more);
}

void clew_tally_brief(const struct clew_tally *t, struct clew_buffer *out)
{
        char tokens[CLEW_WHEN_TEXT];
        char cost[CLEW_WHEN_TEXT] = "";
        char took[CLEW_WHEN_TEXT];
        char more[4 * CLEW_WHEN_TEXT];

        clew_buffer_printf(out, "%-9s %" PRIu64 "\n", "traces", t->traces);
        put_share(out, "failed", t->failed, t->traces, "");
        put_share(out, "open", t->open, t->traces, "");
        put_share(out, "cause", t->caused, t->traces, "");
        put_share(out, "loop", t->looping, t->traces, "");
        put_share(out, "stall", t->stalled, t->traces, "");
        snprintf(more, sizeof(more), "%" PRIu64 " retries", t->retries);
        put_share(out, "retry", t->retried, t->traces, more);
        clew_count_short(t->waste_tokens, "", tokens);
        if (t->waste_usd > 0)
                clew_cost_short(t->waste_usd, cost);
        clew_when_length(t->waste_ns, took);
        snprintf(more, sizeof(more), "%" PRIu64 " steps, %s tokens%s%s, %s", t->waste_steps, tokens,
                 *cost ? ", " : "", cost, took);
        put_share(out, "waste", t->wasting, t->traces, more);
        clew_count_short(t->tokens, "", tokens);
        clew_buffer_printf(out, "%-9s %s", "tokens", tokens);
        if (t->cost_usd > 0) {
                clew_cost_short(t->cost_usd, cost);
                clew_buffer_printf(out, ", %s", cost);
        }
        clew_buffer_append_byte(out, '\n');
}

void clew_tally_write(const struct clew_tally *t, struct clew_json_writer *w)
{
        const struct {
                const char *name;
                uint64_t value;
        } numbers[] = {
                {"traces", t->traces},
                {"failed", t->failed},
                {"open", t->open},
                {"with_cause", t->caused},
                {"with_loop", t->looping},
                {"with_stall", t->stalled},
                {"with_retry", t->retried},
                {"with_waste", t->wasting},
                {"retries", t->retries},
                {"tokens_total", t->tokens},
                {"waste_steps", t->waste_steps},
                {"waste_tokens", t->waste_tokens},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++) {
                clew_json_write_key(w, numbers[i].name);
                clew_json_write_uint64(w, numbers[i].value);
        }
        clew_json_write_key(w, "waste_duration_nano");
        clew_json_write_uint64_string(w, t->waste_ns);
        clew_json_write_key(w, "cost_usd");
        clew_json_write_double(w, t->cost_usd);
        clew_json_write_key(w, "waste_cost_usd");
        clew_json_write_double(w, t->waste_usd);
}
