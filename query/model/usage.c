/*
 * Token counts in one meaning.
 *
 * Dialects differ in whether input includes cached tokens and output includes reasoning; each count
 * is brought to "includes". Where the dialect does not tell, the sender's own total does: it equals
 * either in + out or the sum of all buckets.
 */
#include "query/model/build-int.h"

#include "proto/base/compiler.h"
#include "proto/base/json.h"
#include "query/model/value-int.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* A member of a list of counts above this is an error of the sender. */
#define PART_MAX 1e15

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

static void include_reasoning(struct clew_tokens *t)
{
        if (t->reasoning == 0)
                return;
        t->out += t->reasoning;
        t->has |= CLEW_TOKENS_OUT | CLEW_TOKENS_ADJUSTED;
}

/* Up to version 5 the AI SDK hands on what Anthropic and Bedrock count; from 6 on it adds up, and
 * tells the parts under names of their own. */
static bool sdk_hands_on(struct clew_builder *b, const struct clew_step *step)
{
        const struct clew_fields *f = &b->fields;

        if (step->dialect != CLEW_DIALECT_AISDK ||
            !(clew_slice_starts_with(step->provider, CLEW_SLICE_LITERAL("anthropic")) ||
              clew_slice_starts_with(step->provider, CLEW_SLICE_LITERAL("aws.bedrock"))))
                return false;
        for (const struct clew_field_hit *hit = clew_fields_first(f, CLEW_FIELD_TOKENS_CACHE_READ);
             hit; hit = clew_fields_next(f, hit)) {
                if (clew_slice_starts_with(hit->key,
                                           CLEW_SLICE_LITERAL("ai.usage.inputTokenDetails.")))
                        return false;
        }
        return true;
}

/* Instrumentations of Bedrock that hand on what it counts, in the words of the conventions; their
 * total is their own sum. */
static bool scope_hands_on(const struct clew_step *step)
{
        static const char *const scopes[] = {
                "opentelemetry.instrumentation.bedrock",
                "opentelemetry.instrumentation.genai.bedrock",
        };
        struct clew_slice name = clew_scope_name(step->scope);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(scopes); i++) {
                if (clew_slice_eq_cstr(name, scopes[i]))
                        return true;
        }
        return false;
}

struct apart {
        bool cache;     /* certain, whatever the total says */
        bool reasoning; /* likewise */
        bool cache_in;  /* certain: included */
        bool reasoning_in;
};

/* What the provider's own numbers beside the counts tell. */
static struct apart certain_parts(struct clew_builder *b, const struct clew_step *step)
{
        const struct clew_tokens *t = &step->tokens;
        uint64_t cache = t->cache_read + t->cache_write;
        struct apart a = {0};
        uint64_t bare;

        if (cache > 0 && read_count(b, CLEW_FIELD_TOKENS_BARE_IN, &bare, NULL)) {
                a.cache = t->in == bare;
                a.cache_in = !a.cache && t->in == bare + cache;
        } else if (cache > 0) {
                a.cache = sdk_hands_on(b, step) || scope_hands_on(step);
        }
        if (t->reasoning > 0 && read_count(b, CLEW_FIELD_TOKENS_BARE_OUT, &bare, NULL)) {
                a.reasoning = t->out == bare;
                a.reasoning_in = !a.reasoning && t->out == bare + t->reasoning;
        }
        return a;
}

static void normalise(struct clew_builder *b, struct clew_step *step, const struct clew_rule *in,
                      const struct clew_rule *out)
{
        struct clew_tokens *t = &step->tokens;
        bool no_cache = (in && (in->flags & CLEW_RULE_NO_CACHE)) ||
                        step->dialect == CLEW_DIALECT_STRANDS ||
                        clew_fields_flag(&b->fields, CLEW_FIELD_TOKENS_APART);
        bool no_reasoning = out && (out->flags & CLEW_RULE_NO_REASONING);
        uint64_t cache = t->cache_read + t->cache_write;
        bool inclusive = total_says_inclusive(t);
        bool cache_apart = total_says_apart(t, cache, t->reasoning);
        bool reasoning_apart = total_says_apart(t, t->reasoning, cache);
        struct apart sure = certain_parts(b, step);

        /* As many cached tokens as reasoning ones: the row of the table knows its dialect. */
        if (cache_apart && reasoning_apart && t->total == t->in + t->out + cache) {
                cache_apart = !no_reasoning || no_cache;
                reasoning_apart = !cache_apart;
        }
        if (sure.cache ||
            (!sure.cache_in && (cache_apart || (no_cache && !inclusive) || t->cache_read > t->in)))
                include_cache(t);
        if (sure.reasoning ||
            (!sure.reasoning_in &&
             (reasoning_apart || (no_reasoning && !inclusive) || t->reasoning > t->out)))
                include_reasoning(t);
}

/* ---- open lists -------------------------------------------------------------------------------
 */

/* Counts (or costs) under names that nobody fixed: "input_cache_read", "output_reasoning". */
struct bag {
        double in;  /* the members that name input, the whole of it among them */
        double out; /* likewise */
        double base_in;
        double base_out;
        double cache_read;
        double cache_write;
        double reasoning;
        double in_audio;
        double in_image;
        double out_audio;
        double out_image;
        double all;  /* every member but a total */
        bool nested; /* parts stand in objects of their own, and are included */
        bool any;
};

static bool has_word(struct clew_slice key, const char *const *words)
{
        for (; *words; words++) {
                if (memmem(key.data, key.len, *words, strlen(*words)))
                        return true;
        }
        return false;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void add_input(struct bag *bag, struct clew_slice key, double v)
{
        bag->in += v;
        if (has_word(key, WORDS("cache"))) {
                if (has_word(key, WORDS("creat", "write", "Creat", "Write")))
                        bag->cache_write += v;
                else
                        bag->cache_read += v;
        } else if (has_word(key, WORDS("audio", "Audio"))) {
                bag->in_audio += v;
        } else if (has_word(key, WORDS("image", "Image"))) {
                bag->in_image += v;
        } else {
                bag->base_in += v;
        }
}

static void add_output(struct bag *bag, struct clew_slice key, double v)
{
        bag->out += v;
        if (has_word(key, WORDS("reason", "Reason", "thought", "thinking")))
                bag->reasoning += v;
        else if (has_word(key, WORDS("audio", "Audio")))
                bag->out_audio += v;
        else if (has_word(key, WORDS("image", "Image")))
                bag->out_image += v;
        else
                bag->base_out += v;
}

static void add_member(struct bag *bag, struct clew_slice key, struct clew_slice value)
{
        double v;

        if (value.len > 0 && value.data[0] == '{') {
                bag->nested = true;
                return;
        }
        if (has_word(key, WORDS("total", "Total")) || !clew_text_number(value, &v) || v < 0 ||
            v > PART_MAX)
                return;
        bag->any = true;
        bag->all += v;
        if (has_word(key, WORDS("input", "prompt", "Input")))
                add_input(bag, key, v);
        else if (has_word(key, WORDS("output", "completion", "Output")))
                add_output(bag, key, v);
}

static bool read_bag(struct clew_builder *b, enum clew_field field, struct bag *ret)
{
        struct clew_slice text;
        struct clew_json_reader r;

        *ret = (struct bag){0};
        if (!clew_fields_text(&b->fields, field, &text))
                return false;
        r = clew_json_reader_make(clew_text_unquote(text, b->arena), CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                struct clew_slice key = r.text;

                add_member(ret, key, clew_text_unquote(clew_json_take(&r), b->arena));
        }
        return ret->any;
}

static void take_part(struct clew_tokens *t, unsigned bit, uint64_t *count, double part)
{
        if (part <= 0 || t->has & bit)
                return;
        *count = (uint64_t)part;
        t->has |= bit;
}

/* Langfuse adds up every member that names input, and so output: parts were subtracted before. Not
 * when they stand in objects, or when the sender's total is that of the whole counts alone. */
static void take_bag(struct clew_builder *b, struct clew_step *step, const struct clew_rule *in,
                     const struct clew_rule *out)
{
        struct clew_tokens *t = &step->tokens;
        struct bag bag;
        bool apart;

        if (!read_bag(b, CLEW_FIELD_USAGE_BAG, &bag)) {
                normalise(b, step, in, out);
                return;
        }
        apart = !bag.nested && !((t->has & CLEW_TOKENS_TOTAL) && bag.base_in + bag.base_out > 0 &&
                                 t->total == (uint64_t)(bag.base_in + bag.base_out));
        if (!in && bag.in > 0)
                t->has |= CLEW_TOKENS_IN;
        if (!out && bag.out > 0)
                t->has |= CLEW_TOKENS_OUT;
        t->in = t->has & CLEW_TOKENS_IN ? (uint64_t)(apart ? bag.in : bag.base_in) : 0;
        if (!out || out->flags & CLEW_RULE_BAG)
                t->out = (uint64_t)(apart ? bag.out : bag.base_out);
        if (apart && (bag.in > bag.base_in || bag.out > bag.base_out))
                t->has |= CLEW_TOKENS_ADJUSTED;
        take_part(t, CLEW_TOKENS_CACHE_READ, &t->cache_read, bag.cache_read);
        take_part(t, CLEW_TOKENS_CACHE_WRITE, &t->cache_write, bag.cache_write);
        take_part(t, CLEW_TOKENS_REASONING, &t->reasoning, bag.reasoning);
        take_part(t, 0, &t->in_audio, bag.in_audio);
        take_part(t, 0, &t->in_image, bag.in_image);
        take_part(t, 0, &t->out_audio, bag.out_audio);
        take_part(t, 0, &t->out_image, bag.out_image);
}

/* ---- cost -------------------------------------------------------------------------------------
 */

/* The total, else its parts (each as a whole or as the sum of its own), else all of an open list.
 */
static bool read_cost(struct clew_builder *b, double *ret)
{
        static const struct {
                enum clew_field whole;
                enum clew_field part;
        } parts[] = {{CLEW_FIELD_COST_IN, CLEW_FIELD_COST_IN_PART},
                     {CLEW_FIELD_COST_OUT, CLEW_FIELD_COST_OUT_PART}};
        struct bag bag;
        bool any = false;
        double v;

        if (clew_fields_number(&b->fields, CLEW_FIELD_COST, ret, NULL))
                return true;
        *ret = 0;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++) {
                if (!clew_fields_number(&b->fields, parts[i].whole, &v, NULL) &&
                    !clew_fields_sum(&b->fields, parts[i].part, &v))
                        continue;
                *ret += v;
                any = true;
        }
        if (clew_fields_sum(&b->fields, CLEW_FIELD_COST_OTHER, &v)) {
                *ret += v;
                any = true;
        }
        if (any || !read_bag(b, CLEW_FIELD_COST_BAG, &bag))
                return any;
        *ret = bag.all;
        return true;
}

static void derive_cost(struct clew_builder *b, struct clew_step *step)
{
        struct clew_slice currency;
        double cost;

        if (!read_cost(b, &cost) || !isfinite(cost) || cost < 0)
                return;
        if (clew_fields_text(&b->fields, CLEW_FIELD_COST_CURRENCY, &currency) &&
            !(currency.len == 3 && strncasecmp((const char *)currency.data, "USD", 3) == 0))
                return; /* nobody gave a rate of exchange */
        step->cost_usd = cost;
        step->has_cost = true;
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
        if (t->has == 0 && !clew_fields_first(&b->fields, CLEW_FIELD_USAGE_BAG))
                return;
        derive_modalities(b, t);
        if ((!in || in->flags & CLEW_RULE_BAG) && (!out || out->flags & CLEW_RULE_BAG))
                take_bag(b, step, in, out);
        else
                normalise(b, step, in, out);
        if (!(t->has & CLEW_TOKENS_TOTAL) || t->total < t->in + t->out)
                t->total = t->in + t->out;
        if ((in && (in->flags & CLEW_RULE_ROLLUP)) || (out && (out->flags & CLEW_RULE_ROLLUP)))
                step->flags |= CLEW_STEP_ROLLUP;
}
