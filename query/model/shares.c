/*
 * See shares.h.
 */
#include "query/model/shares.h"

#include "proto/base/cursor.h"

#include <errno.h>

#define NONE UINT32_MAX
#define US_NS 1000u
#define NUMBERS 8u

static uint64_t *number_of(struct clew_share *s, unsigned i)
{
        uint64_t *const all[NUMBERS] = {&s->in,          &s->out,       &s->cache_read,
                                        &s->cache_write, &s->reasoning, &s->cost_units,
                                        &s->failed,      &s->busy_us};

        return all[i];
}

/* ---- from a trace --------------------------------------------------------------------------- */

/* Names of steps in a row are mostly the same one. */
struct finder {
        const struct clew_name_count *names;
        uint32_t n;
        uint32_t last;
};

static uint32_t find(struct finder *f, struct clew_slice name)
{
        if (name.len == 0)
                return NONE;
        if (f->last < f->n && clew_slice_eq(f->names[f->last].name, name))
                return f->last;
        for (uint32_t i = 0; i < f->n; i++) {
                if (clew_slice_eq(f->names[i].name, name)) {
                        f->last = i;
                        return i;
                }
        }
        return NONE;
}

static bool counts(const struct clew_step *step)
{
        return !clew_step_is(step, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT | CLEW_STEP_POLL |
                                           CLEW_STEP_STANDIN | CLEW_STEP_SETUP);
}

static void book(struct clew_share *s, const struct clew_step *step)
{
        double units = step->cost_usd * CLEW_COST_UNITS + 0.5;

        s->in += step->tokens.in;
        s->out += step->tokens.out;
        s->cache_read += step->tokens.cache_read;
        s->cache_write += step->tokens.cache_write;
        s->reasoning += step->tokens.reasoning;
        if (step->has_cost && units > 0 && units < 9e18)
                s->cost_units += (uint64_t)units;
}

static void call(struct clew_share *s, const struct clew_step *step)
{
        s->failed += step->error.is_error;
        s->busy_us += clew_step_duration_ns(step) / US_NS;
}

struct work {
        struct finder agents;
        struct finder models;
        struct finder tools;
        struct clew_share *of_agents;
        struct clew_share *of_models;
        struct clew_share *of_tools;
};

static void add_step(const struct clew_trace *trace, const struct clew_step *step, struct work *w)
{
        const struct clew_step *agent =
                step->agent != CLEW_STEP_NONE ? &trace->steps[step->agent] : NULL;
        uint32_t who = agent ? find(&w->agents, agent->agent_name) : NONE;
        uint32_t model = step->kind == CLEW_KIND_LLM ? find(&w->models, step->model) : NONE;
        uint32_t tool = step->kind == CLEW_KIND_TOOL ? find(&w->tools, step->tool_name) : NONE;

        if (clew_step_is(step, CLEW_STEP_BOOKED) && who != NONE)
                book(&w->of_agents[who], step);
        if (clew_step_is(step, CLEW_STEP_BOOKED) && model != NONE)
                book(&w->of_models[model], step);
        if (!counts(step))
                return;
        if (step->kind == CLEW_KIND_AGENT && who != NONE)
                call(&w->of_agents[who], step);
        if (model != NONE)
                call(&w->of_models[model], step);
        if (tool != NONE)
                call(&w->of_tools[tool], step);
}

static int make(struct clew_arena *arena, uint32_t n, struct clew_share **ret)
{
        *ret = n > 0 ? clew_arena_calloc(arena, n, sizeof(**ret)) : NULL;
        return n > 0 && !*ret ? -ENOMEM : 0;
}

int clew_shares_of_trace(const struct clew_trace *trace, uint32_t n_agents, uint32_t n_models,
                         uint32_t n_tools, struct clew_arena *arena, struct clew_shares *ret)
{
        struct work w = {
                .agents = {trace->agents, n_agents, 0},
                .models = {trace->models, n_models, 0},
                .tools = {trace->tools, n_tools, 0},
        };

        if (make(arena, n_agents, &w.of_agents) < 0 || make(arena, n_models, &w.of_models) < 0 ||
            make(arena, n_tools, &w.of_tools) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++)
                add_step(trace, &trace->steps[i], &w);
        *ret = (struct clew_shares){w.of_agents, w.of_models, w.of_tools};
        return 0;
}

/* ---- as bytes ------------------------------------------------------------------------------- */

static void put(const struct clew_share *shares, uint32_t n, struct clew_buffer *out)
{
        for (uint32_t i = 0; i < n; i++) {
                struct clew_share s = shares[i];
                uint8_t bits = 0;

                for (unsigned k = 0; k < NUMBERS; k++)
                        bits |= (uint8_t)((*number_of(&s, k) != 0) << k);
                clew_buffer_append_byte(out, bits);
                for (unsigned k = 0; k < NUMBERS; k++) {
                        if (*number_of(&s, k) != 0)
                                clew_buffer_append_varint(out, *number_of(&s, k));
                }
        }
}

void clew_shares_encode(const struct clew_shares *shares, uint32_t n_agents, uint32_t n_models,
                        uint32_t n_tools, struct clew_buffer *out)
{
        put(shares->agents, n_agents, out);
        put(shares->models, n_models, out);
        put(shares->tools, n_tools, out);
}

static int get(struct clew_cursor *c, uint32_t n, struct clew_arena *arena,
               const struct clew_share **ret)
{
        struct clew_share *all;

        if (n > clew_cursor_left(c)) /* a byte each, at least */
                return -EBADMSG;
        if (make(arena, n, &all) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                uint8_t bits = clew_cursor_byte(c);

                for (unsigned k = 0; k < NUMBERS; k++) {
                        if ((bits >> k & 1) != 0)
                                *number_of(&all[i], k) = clew_cursor_varint(c);
                }
        }
        *ret = all;
        return c->failed ? -EBADMSG : 0;
}

int clew_shares_decode(struct clew_slice bytes, uint32_t n_agents, uint32_t n_models,
                       uint32_t n_tools, struct clew_arena *arena, struct clew_shares *ret)
{
        struct clew_cursor c = clew_cursor_make(bytes);
        struct clew_shares s = {0};
        int r = get(&c, n_agents, arena, &s.agents);

        if (r == 0)
                r = get(&c, n_models, arena, &s.models);
        if (r == 0)
                r = get(&c, n_tools, arena, &s.tools);
        if (r == 0 && clew_cursor_left(&c) > 0)
                r = -EBADMSG;
        if (r == 0)
                *ret = s;
        return r;
}
