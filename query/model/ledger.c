#include "query/model/ledger.h"

#include "proto/base/compiler.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* A price list longer than this is something else. */
#define PRICES_MAX 65536u
#define PER_MILLION 1e6

/* ---- prices -----------------------------------------------------------------------------------
 */

enum column { PRICE_IN, PRICE_OUT, PRICE_CACHE_READ, PRICE_CACHE_WRITE, PRICE_COLUMNS };

struct price {
        struct clew_slice model; /* a name, or a prefix that ended in '*' */
        bool prefix;
        double usd[PRICE_COLUMNS]; /* per million tokens */
};

struct clew_prices {
        struct price *items;
        uint32_t n;
};

static bool is_space(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static struct clew_slice next_word(struct clew_slice *line)
{
        struct clew_slice word;

        while (line->len > 0 && is_space(line->data[0]))
                *line = clew_slice_from(*line, 1);
        word = clew_slice_make(line->data, 0);
        while (line->len > 0 && !is_space(line->data[0])) {
                word.len++;
                *line = clew_slice_from(*line, 1);
        }
        return word;
}

static struct clew_slice next_line(struct clew_slice *text)
{
        const uint8_t *end = memchr(text->data, '\n', text->len);
        size_t n = end ? (size_t)(end - text->data) : text->len;
        struct clew_slice line = clew_slice_make(text->data, n);

        *text = clew_slice_from(*text, n + 1);
        return line;
}

/* "model in out [cache-read [cache-write]]"; cached input costs what input costs unless given. */
static int parse_line(struct clew_slice line, unsigned number, struct price *p,
                      struct clew_error *err)
{
        unsigned n = 0;

        p->model = next_word(&line);
        if (p->model.data[p->model.len - 1] == '*') {
                p->prefix = true;
                p->model.len--;
        }
        for (struct clew_slice word = next_word(&line); word.len > 0; word = next_word(&line)) {
                if (n == PRICE_COLUMNS)
                        return clew_error_set(err, -EBADMSG, number,
                                              "price file, line %u: more than %d prices", number,
                                              PRICE_COLUMNS);
                if (!clew_text_number(word, &p->usd[n]) || p->usd[n] < 0)
                        return clew_error_set(err, -EBADMSG, number,
                                              "price file, line %u: price %u is not a number of "
                                              "dollars per million tokens",
                                              number, n + 1);
                n++;
        }
        if (n < 2)
                return clew_error_set(err, -EBADMSG, number,
                                      "price file, line %u: needs a model and at least two prices "
                                      "(input and output)",
                                      number);
        for (; n < PRICE_COLUMNS; n++)
                p->usd[n] = p->usd[PRICE_IN];
        return 0;
}

int clew_prices_parse(struct clew_slice text, struct clew_arena *arena, struct clew_prices **ret,
                      struct clew_error *err)
{
        struct clew_prices *prices = clew_arena_calloc(arena, 1, sizeof(*prices));
        uint32_t max = 1;
        unsigned number = 0;

        for (size_t i = 0; i < text.len; i++)
                max += text.data[i] == '\n';
        if (max > PRICES_MAX)
                return clew_error_set(err, -EBADMSG, 0, "price file: more than %u lines",
                                      PRICES_MAX);
        if (!prices)
                return -ENOMEM;
        prices->items = clew_arena_calloc(arena, max, sizeof(*prices->items));
        if (!prices->items)
                return -ENOMEM;
        while (text.len > 0) {
                struct clew_slice line = next_line(&text);
                struct clew_slice rest = line;
                struct clew_slice first = next_word(&rest);
                int r;

                number++;
                if (first.len == 0 || first.data[0] == '#')
                        continue;
                r = parse_line(line, number, &prices->items[prices->n], err);
                if (r < 0)
                        return r;
                prices->n++;
        }
        *ret = prices;
        return 0;
}

/* The exact name, else the longest prefix. */
static const struct price *find_price(const struct clew_prices *prices, struct clew_slice model)
{
        const struct price *best = NULL;

        for (uint32_t i = 0; prices && model.len > 0 && i < prices->n; i++) {
                const struct price *p = &prices->items[i];

                if (!p->prefix && clew_slice_eq(p->model, model))
                        return p;
                if (p->prefix && clew_slice_starts_with(model, p->model) &&
                    (!best || p->model.len > best->model.len))
                        best = p;
        }
        return best;
}

static double cost_of(const struct price *p, const struct clew_tokens *t)
{
        uint64_t cached = t->cache_read + t->cache_write;
        uint64_t fresh = t->in > cached ? t->in - cached : 0;

        return ((double)fresh * p->usd[PRICE_IN] +
                (double)t->cache_read * p->usd[PRICE_CACHE_READ] +
                (double)t->cache_write * p->usd[PRICE_CACHE_WRITE] +
                (double)t->out * p->usd[PRICE_OUT]) /
               PER_MILLION;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static void add_tokens(struct clew_tokens *sum, const struct clew_tokens *t)
{
        sum->in += t->in;
        sum->out += t->out;
        sum->cache_read += t->cache_read;
        sum->cache_write += t->cache_write;
        sum->reasoning += t->reasoning;
        sum->total += t->total;
        sum->has |= t->has;
}

static void subtract_tokens(struct clew_tokens *sum, const struct clew_tokens *t)
{
        sum->in -= t->in;
        sum->out -= t->out;
        sum->cache_read -= t->cache_read;
        sum->cache_write -= t->cache_write;
        sum->reasoning -= t->reasoning;
        sum->total -= t->total;
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
        const struct price *price = find_price(prices, step->model);
        struct clew_ledger_line line = {
                .step = index,
                .booking = booking_of(step),
                .tokens = step->tokens,
                .cost_usd = step->cost_usd,
                .has_cost = step->has_cost,
        };

        if (!price)
                price = find_price(prices, step->request_model);
        if (!line.has_cost && price && clew_step_is(step, CLEW_STEP_BOOKED)) {
                line.cost_usd = cost_of(price, &step->tokens);
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
                        add_tokens(&before[i + 1], &trace->steps[i].tokens);
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
