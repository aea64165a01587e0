/*
 * Token counts in one meaning.
 *
 * Dialects differ in whether input includes cached tokens and output includes reasoning; each count
 * is brought to "includes". Where the dialect does not tell, the sender's own total does: it equals
 * either in + out or the sum of all buckets.
 */
#include "query/model/build-int.h"

#include <math.h>

static bool read_count(struct clew_builder *b, enum clew_field field, uint64_t *ret,
                       const struct clew_rule **ret_rule)
{
        double v;

        if (!clew_fields_number(&b->fields, field, &v, ret_rule))
                return false;
        *ret = (uint64_t)v;
        return true;
}

/* Whether a count that is not 0 stands beside in and out, by the sender's total. */
static bool total_says_apart(const struct clew_tokens *t, uint64_t apart, uint64_t other)
{
        uint64_t sum = t->in + t->out;

        return (t->has & CLEW_TOKENS_TOTAL) && apart > 0 &&
               (t->total == sum + apart || t->total == sum + apart + other);
}

static bool total_says_inclusive(const struct clew_tokens *t)
{
        return (t->has & CLEW_TOKENS_TOTAL) && t->total == t->in + t->out;
}

static void include_cache(struct clew_tokens *t)
{
        if (t->cache_read + t->cache_write == 0)
                return;
        t->in += t->cache_read + t->cache_write;
        t->has |= CLEW_TOKENS_IN | CLEW_TOKENS_ADJUSTED;
}

static void normalise(struct clew_tokens *t, const struct clew_rule *in,
                      const struct clew_rule *out, enum clew_dialect dialect)
{
        bool no_cache = (in && (in->flags & CLEW_RULE_NO_CACHE)) || dialect == CLEW_DIALECT_STRANDS;
        bool no_reasoning = out && (out->flags & CLEW_RULE_NO_REASONING);
        uint64_t cache = t->cache_read + t->cache_write;
        bool inclusive = total_says_inclusive(t);
        bool cache_apart = total_says_apart(t, cache, t->reasoning);
        bool reasoning_apart = total_says_apart(t, t->reasoning, cache);
        bool buckets = no_cache && in && in->dialect == CLEW_DIALECT_LANGFUSE;

        /* As many cached tokens as reasoning ones: the row of the table knows its dialect. */
        if (cache_apart && reasoning_apart && t->total == t->in + t->out + cache) {
                cache_apart = !no_reasoning || no_cache;
                reasoning_apart = !cache_apart;
        }
        if (cache_apart || (no_cache && !inclusive) || t->cache_read > t->in)
                include_cache(t);
        if (t->reasoning > 0 &&
            (reasoning_apart || (no_reasoning && !inclusive) || t->reasoning > t->out)) {
                t->out += t->reasoning;
                t->has |= CLEW_TOKENS_ADJUSTED;
        }
        if (buckets && !inclusive && t->in_audio + t->in_image + t->out_audio + t->out_image > 0) {
                t->in += t->in_audio + t->in_image;
                t->out += t->out_audio + t->out_image;
                t->has |= CLEW_TOKENS_ADJUSTED;
        }
        if (!(t->has & CLEW_TOKENS_TOTAL) || t->total < t->in + t->out)
                t->total = t->in + t->out;
}

static void derive_cost(struct clew_builder *b, struct clew_step *step)
{
        double in = 0;
        double out = 0;
        bool parts = false;

        if (clew_fields_number(&b->fields, CLEW_FIELD_COST, &step->cost_usd, NULL)) {
                step->has_cost = true;
        } else {
                parts = clew_fields_number(&b->fields, CLEW_FIELD_COST_IN, &in, NULL);
                if (clew_fields_number(&b->fields, CLEW_FIELD_COST_OUT, &out, NULL))
                        parts = true;
                step->cost_usd = in + out;
                step->has_cost = parts;
        }
        if (!isfinite(step->cost_usd) || step->cost_usd < 0) {
                step->cost_usd = 0;
                step->has_cost = false;
        }
}

static void derive_modalities(struct clew_builder *b, struct clew_tokens *t)
{
        const struct {
                enum clew_field field;
                uint64_t *count;
        } parts[] = {
                {CLEW_FIELD_TOKENS_IN_AUDIO, &t->in_audio},
                {CLEW_FIELD_TOKENS_IN_IMAGE, &t->in_image},
                {CLEW_FIELD_TOKENS_OUT_AUDIO, &t->out_audio},
                {CLEW_FIELD_TOKENS_OUT_IMAGE, &t->out_image},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++)
                (void)read_count(b, parts[i].field, parts[i].count, NULL);
}

void clew_usage_derive(struct clew_builder *b, struct clew_step *step)
{
        struct clew_tokens *t = &step->tokens;
        const struct clew_rule *in = NULL;
        const struct clew_rule *out = NULL;

        if (read_count(b, CLEW_FIELD_TOKENS_IN, &t->in, &in))
                t->has |= CLEW_TOKENS_IN;
        if (read_count(b, CLEW_FIELD_TOKENS_OUT, &t->out, &out))
                t->has |= CLEW_TOKENS_OUT;
        if (read_count(b, CLEW_FIELD_TOKENS_CACHE_READ, &t->cache_read, NULL))
                t->has |= CLEW_TOKENS_CACHE_READ;
        if (read_count(b, CLEW_FIELD_TOKENS_CACHE_WRITE, &t->cache_write, NULL))
                t->has |= CLEW_TOKENS_CACHE_WRITE;
        if (read_count(b, CLEW_FIELD_TOKENS_REASONING, &t->reasoning, NULL))
                t->has |= CLEW_TOKENS_REASONING;
        if (read_count(b, CLEW_FIELD_TOKENS_TOTAL, &t->total, NULL))
                t->has |= CLEW_TOKENS_TOTAL;
        derive_cost(b, step);
        if (t->has == 0)
                return;
        derive_modalities(b, t);
        normalise(t, in, out, step->dialect);
        if ((in && (in->flags & CLEW_RULE_ROLLUP)) || (out && (out->flags & CLEW_RULE_ROLLUP)))
                step->flags |= CLEW_STEP_ROLLUP;
}
