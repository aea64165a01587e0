/*
 * Booking: each model call is counted once, whoever reports it.
 *
 * One call may be seen by a framework, an SDK, an instrumentor of that SDK, a gateway and what the
 * gateway calls. Such *layers* lie inside each other, or beside each other when two instrumentors
 * watch the same function. What makes two spans layers of one call:
 *   - the same response id, told at the same time, by different scopes, or by one that has no usage
 *     (a stub that gives all its answers one id makes no layers);
 *   - or one lies inside the other: no agent, tool or other call between, within its time, with the
 *     same counts or fewer, and with no other response id;
 *   - or two scopes report the same counts of the same model at the same time.
 * The innermost layer speaks for the call: it is booked, with what only the others know filled in
 * (cached input, cost). The others become chains marked as wrappers, and name the step that speaks.
 * A layer with several calls inside is their sum, or one of them; they are booked, and what it
 * knows beyond them belongs to the one without usage.
 *
 * OpenClaw's account of a run steps back for the calls of that time.
 *
 * Usage on agents and chains is a roll-up. It is booked when no model call of its own has usage:
 * calls behind a tool are another agent's, embeddings are none of it, unless the sums agree. A
 * roll-up of an agent that can hold what lies behind its tools holds it (leave_own_part()).
 *
 * Everything is a loop over the steps in tree order, forward or backward, and sorts; pairs are only
 * compared with the nearest candidates, so ids chosen by a sender cost nothing extra.
 */
#include "query/model/build-int.h"
#include "query/model/prices.h"

#include "proto/base/hash.h"
#include "proto/base/sort.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define NONE CLEW_STEP_NONE
/* Steps with one response id (or the same counts) that a further one is compared with. */
#define NEAREST_MAX 8u
/* Clocks and callbacks: a layer inside may end so late, as a part of the layer around it. */
#define LATE_PART 16u
#define LATE_NS UINT64_C(2000000)

struct call {
        uint32_t speaker; /* step that speaks for it: itself when innermost, NONE when several do */
        uint32_t first;   /* of those that speak for what is inside */
        uint32_t gap;     /* one of them that reports no usage, or NONE */
        uint32_t n_inner; /* layers right inside */
        struct clew_tokens inner; /* sum of what they report */
        bool inner_cost;          /* one of them has a cost */
};

struct booking {
        struct clew_trace *trace;
        struct clew_arena *arena;
        uint32_t *outer;    /* by step: the call around it, nothing but chains between, or NONE */
        uint32_t *list;     /* the steps that are model calls, in tree order */
        struct call *calls; /* by step; written for model calls alone */
        struct clew_sort_entry *entries;
        struct clew_sort_entry *scratch;
        uint32_t n_calls;
};

static bool is_silent(const struct clew_step *step)
{
        return clew_step_is(step, CLEW_STEP_FRAGMENT | CLEW_STEP_POLL | CLEW_STEP_STANDIN);
}

static bool is_call(const struct clew_step *step)
{
        return (step->kind == CLEW_KIND_LLM || step->kind == CLEW_KIND_EMBEDDING ||
                step->kind == CLEW_KIND_RERANKER) &&
               !is_silent(step);
}

/* ---- running totals ---------------------------------------------------------------------------
 */

/* Spring AI's loop over tool calls reports, with each answer, the sum of the answers so far. Told
 * from the last call to the first, so that the earlier one still has what was sent. */
static void take_apart(struct clew_step *step, const struct clew_step *before)
{
        struct clew_tokens *t = &step->tokens;
        const struct clew_tokens *p = &before->tokens;

        if (step->dialect != CLEW_DIALECT_SPRING_AI || step->kind != CLEW_KIND_LLM ||
            before->kind != CLEW_KIND_LLM || before->dialect != CLEW_DIALECT_SPRING_AI ||
            !clew_slice_eq_cstr(before->finish_reason, "tool_call") || p->in == 0 ||
            t->in <= p->in || t->out < p->out || t->total < p->total ||
            t->cache_read < p->cache_read || t->cache_write < p->cache_write ||
            t->reasoning < p->reasoning)
                return;
        t->in -= p->in;
        t->out -= p->out;
        t->total -= p->total;
        t->cache_read -= p->cache_read;
        t->cache_write -= p->cache_write;
        t->reasoning -= p->reasoning;
        t->has |= CLEW_TOKENS_ADJUSTED;
        step->flags |= CLEW_STEP_CUMULATIVE;
}

static void take_totals_apart(struct booking *k)
{
        struct clew_trace *trace = k->trace;

        for (uint32_t n = k->n_calls; n-- > 1;) {
                struct clew_step *step = &trace->steps[k->list[n]];
                uint32_t before = n;

                if (step->dialect != CLEW_DIALECT_SPRING_AI || step->parent == NONE)
                        continue;
                /* The call before it in the same loop. */
                for (unsigned m = 0; m < NEAREST_MAX && before-- > 0; m++) {
                        const struct clew_step *b = &trace->steps[k->list[before]];

                        if (b->parent != step->parent)
                                continue;
                        take_apart(step, b);
                        break;
                }
        }
}

/* ---- layers -----------------------------------------------------------------------------------
 */

static bool has_counts(const struct clew_step *step)
{
        return (step->tokens.has & (CLEW_TOKENS_IN | CLEW_TOKENS_OUT)) != 0;
}

static bool same_counts(const struct clew_tokens *a, const struct clew_tokens *b)
{
        return a->in == b->in && a->out == b->out;
}

/* Counts that the inner layer may report of a call for which @outer reports these. What one counts
 * as a part of its input (output), the other may have beside it. */
static bool counts_fit(const struct clew_tokens *outer, const struct clew_tokens *inner)
{
        uint64_t cache = inner->cache_read + inner->cache_write;
        bool in = !(outer->has & inner->has & CLEW_TOKENS_IN) || inner->in <= outer->in ||
                  outer->in + cache == inner->in || outer->in + inner->cache_read == inner->in;
        bool out = !(outer->has & inner->has & CLEW_TOKENS_OUT) || inner->out <= outer->out ||
                   outer->out + inner->reasoning == inner->out;

        return in && out;
}

static struct clew_slice short_model(struct clew_slice model)
{
        for (size_t i = model.len; i-- > 0;) {
                if (model.data[i] == '/')
                        return clew_slice_from(model, i + 1);
        }
        return model;
}

/* "gpt-x" and "gpt-x-2026-01" are one, "gpt-x" and "gpt-x-mini" are not: what follows is a date or
 * a version. */
static bool is_versioned(struct clew_slice name, struct clew_slice longer)
{
        struct clew_slice rest = clew_slice_from(longer, name.len);

        if (!clew_slice_starts_with(longer, name) || name.len == 0)
                return false;
        return rest.len == 0 || clew_slice_eq_cstr(rest, "-latest") ||
               (rest.len > 1 && strchr("-@:", rest.data[0]) && rest.data[1] >= '0' &&
                rest.data[1] <= '9');
}

static bool models_fit(struct clew_slice a, struct clew_slice b)
{
        a = short_model(a);
        b = short_model(b);
        return a.len <= b.len ? is_versioned(a, b) : is_versioned(b, a);
}

/* "gpt-x", "azure/gpt-x", "gpt-x-2026-01": asked for or answered, one of the names fits. */
static bool same_model(const struct clew_step *a, const struct clew_step *b)
{
        if (a->model.len == 0 || b->model.len == 0)
                return true;
        return models_fit(a->model, b->model) || models_fit(a->request_model, b->request_model) ||
               models_fit(a->request_model, b->model) || models_fit(a->model, b->request_model);
}

static bool same_process(const struct clew_step *a, const struct clew_step *b)
{
        return a->resource.data == b->resource.data || clew_slice_eq(a->resource, b->resource);
}

/* @streamed: what is around a stream may end before it. */
static bool is_inside(const struct clew_step *outer, const struct clew_step *inner, bool streamed)
{
        uint64_t late = clew_step_duration_ns(outer) / LATE_PART + LATE_NS;

        if (inner->start_ns < outer->start_ns)
                return false;
        if (outer->end_ns == 0)
                return true;
        return inner->start_ns <= outer->end_ns &&
               (streamed || inner->end_ns <= outer->end_ns + late);
}

/* Clocks of two processes may differ; lengths do not. */
static bool may_be_inside(const struct clew_step *outer, const struct clew_step *inner)
{
        return !same_process(outer, inner) &&
               (outer->end_ns == 0 || clew_step_duration_ns(inner) <= clew_step_duration_ns(outer));
}

static bool overlap(const struct clew_step *a, const struct clew_step *b)
{
        return (a->end_ns == 0 || b->start_ns <= a->end_ns) &&
               (b->end_ns == 0 || a->start_ns <= b->end_ns);
}

static bool same_id(const struct clew_step *a, const struct clew_step *b)
{
        return a->response_id.len > 0 && clew_slice_eq(a->response_id, b->response_id);
}

static bool other_id(const struct clew_step *a, const struct clew_step *b)
{
        return a->response_id.len > 0 && b->response_id.len > 0 &&
               !clew_slice_eq(a->response_id, b->response_id);
}

static bool same_scope(const struct clew_step *a, const struct clew_step *b)
{
        return a->scope.data == b->scope.data || clew_slice_eq(a->scope, b->scope);
}

/* Whether @inner, below @outer with nothing but chains between, tells of the same call. */
static bool is_layer(const struct clew_step *outer, const struct clew_step *inner)
{
        bool counted = has_counts(outer) && has_counts(inner);
        bool equal = counted && same_counts(&outer->tokens, &inner->tokens);

        if (outer->kind != inner->kind)
                return false;
        /* A gateway gives its answers ids of its own. */
        if (other_id(outer, inner) && (!equal || same_process(outer, inner)))
                return false;
        if (!is_inside(outer, inner, equal && !same_scope(outer, inner)))
                return may_be_inside(outer, inner) &&
                       (equal || same_id(outer, inner) || (!counted && overlap(outer, inner)));
        return equal || !counted || same_id(outer, inner) ||
               (counts_fit(&outer->tokens, &inner->tokens) && same_model(outer, inner));
}

/* What only @from knows of the call that @to speaks for. */
static void fill_in(struct clew_step *to, const struct clew_step *from)
{
        struct clew_tokens *t = &to->tokens;
        const struct clew_tokens *f = &from->tokens;
        const struct {
                unsigned bit;
                uint64_t *to;
                uint64_t from;
        } counts[] = {
                {CLEW_TOKENS_IN, &t->in, f->in},
                {CLEW_TOKENS_OUT, &t->out, f->out},
                {CLEW_TOKENS_CACHE_READ, &t->cache_read, f->cache_read},
                {CLEW_TOKENS_CACHE_WRITE, &t->cache_write, f->cache_write},
                {CLEW_TOKENS_REASONING, &t->reasoning, f->reasoning},
        };
        bool had = t->total > 0;

        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                if (t->has & counts[i].bit || !(f->has & counts[i].bit))
                        continue;
                *counts[i].to = counts[i].from;
                t->has |= counts[i].bit;
        }
        /* Parts that the whole cannot hold: it was sent without them. */
        if (t->cache_read + t->cache_write > t->in && f->in > t->in)
                t->in = f->in;
        if (t->reasoning > t->out && f->out > t->out)
                t->out = f->out;
        if (!had && f->total > t->total)
                t->total = f->total;
        if (t->in + t->out > t->total)
                t->total = t->in + t->out;
        if (t->in_audio + t->in_image + t->out_audio + t->out_image == 0) {
                t->in_audio = f->in_audio;
                t->in_image = f->in_image;
                t->out_audio = f->out_audio;
                t->out_image = f->out_image;
        }
        if (!to->has_cost && from->has_cost) {
                to->has_cost = true;
                to->cost_usd = from->cost_usd;
        }
        if (to->response_id.len == 0)
                to->response_id = from->response_id;
        if (to->finish_reason.len == 0)
                to->finish_reason = from->finish_reason;
        if (to->first_token_ns == 0)
                to->first_token_ns = from->first_token_ns;
}

/* The nearest call around each call, with nothing but chains and plain spans between. */
static void find_outer(struct booking *k)
{
        const struct clew_trace *trace = k->trace;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *step = &trace->steps[i];
                const struct clew_step *parent;

                k->outer[i] = NONE;
                if (is_call(step)) {
                        k->calls[i] = (struct call){.speaker = NONE, .first = NONE, .gap = NONE};
                        k->list[k->n_calls++] = i;
                }
                if (step->parent == NONE)
                        continue;
                parent = &trace->steps[step->parent];
                if (is_call(parent))
                        k->outer[i] = step->parent;
                else if (parent->kind == CLEW_KIND_CHAIN || parent->kind == CLEW_KIND_GENERIC)
                        k->outer[i] = k->outer[step->parent];
        }
}

static void link_layer(struct clew_trace *trace, uint32_t speaker, uint32_t layer)
{
        struct clew_step *s = &trace->steps[speaker];
        struct clew_step *l = &trace->steps[layer];

        if (layer == speaker || l->call != NONE)
                return;
        l->call = speaker;
        l->next_layer = s->next_layer;
        s->next_layer = layer;
}

/* A layer with one call inside, or none. */
static void settle_one(struct booking *k, uint32_t index)
{
        struct call *c = &k->calls[index];
        struct clew_step *step = &k->trace->steps[index];

        if (c->n_inner == 0) {
                c->speaker = index;
                return;
        }
        step->flags |= CLEW_STEP_WRAPPER;
        c->speaker = c->first;
        if (c->speaker == NONE)
                return;
        fill_in(&k->trace->steps[c->speaker], step);
        link_layer(k->trace, c->speaker, index);
}

/* A layer with several calls inside. */
static void settle_several(struct booking *k, uint32_t index)
{
        struct call *c = &k->calls[index];
        struct clew_step *step = &k->trace->steps[index];
        const struct clew_tokens *t = &step->tokens;
        struct clew_tokens *left;

        step->flags |= CLEW_STEP_WRAPPER;
        if (step->has_cost && !c->inner_cost && c->first != NONE) {
                k->trace->steps[c->first].cost_usd = step->cost_usd;
                k->trace->steps[c->first].has_cost = true;
        }
        if (c->gap == NONE || t->in < c->inner.in || t->out < c->inner.out ||
            t->in + t->out == c->inner.in + c->inner.out)
                return;
        left = &k->trace->steps[c->gap].tokens;
        left->in = t->in - c->inner.in;
        left->out = t->out - c->inner.out;
        left->total = left->in + left->out;
        left->has = (t->has & (CLEW_TOKENS_IN | CLEW_TOKENS_OUT)) | CLEW_TOKENS_ADJUSTED;
        clew_tokens_add(&c->inner, left);
}

/* From the last step to the first: all that lies inside a call is settled before it. */
static void settle_nested(struct booking *k)
{
        struct clew_trace *trace = k->trace;

        for (uint32_t n = k->n_calls; n-- > 0;) {
                uint32_t i = k->list[n];
                const struct clew_step *step = &trace->steps[i];
                struct call *c = &k->calls[i];
                const struct clew_step *speaker;
                struct call *o;

                if (c->n_inner > 1)
                        settle_several(k, i);
                else
                        settle_one(k, i);
                if (k->outer[i] == NONE || !is_layer(&trace->steps[k->outer[i]], step))
                        continue;
                o = &k->calls[k->outer[i]];
                o->n_inner++;
                o->first = c->speaker;
                speaker = c->speaker == NONE ? step : &trace->steps[c->speaker];
                clew_tokens_add(&o->inner, c->speaker == NONE ? &c->inner : &speaker->tokens);
                o->inner_cost = o->inner_cost || c->inner_cost || speaker->has_cost;
                if (c->speaker != NONE && !has_counts(speaker))
                        o->gap = c->speaker;
        }
}

static bool is_below(const struct clew_trace *trace, uint32_t above, uint32_t step)
{
        return step > above && step <= above + trace->steps[above].n_descendants;
}

/* Which of two steps that tell of one call is nearer to it. */
static bool is_inner(const struct clew_trace *trace, uint32_t a, uint32_t b)
{
        const struct clew_step *x = &trace->steps[a];
        const struct clew_step *y = &trace->steps[b];

        if (is_below(trace, b, a) || is_below(trace, a, b))
                return is_below(trace, b, a);
        if (x->start_ns >= y->start_ns && x->end_ns <= y->end_ns)
                return x->start_ns != y->start_ns || x->end_ns != y->end_ns ||
                       (has_counts(x) && !has_counts(y));
        return false;
}

/* Two steps that speak for calls tell of the same one: one of them steps back. */
static void unite(struct booking *k, uint32_t a, uint32_t b)
{
        struct clew_trace *trace = k->trace;
        uint32_t inner = is_inner(trace, b, a) ? b : a;
        uint32_t outer = inner == a ? b : a;

        if (a == b)
                return;
        fill_in(&trace->steps[inner], &trace->steps[outer]);
        trace->steps[outer].flags |= CLEW_STEP_WRAPPER;
        k->calls[outer].speaker = inner;
        link_layer(trace, inner, outer);
}

/* The step that speaks for the call now; links are followed at most NEAREST_MAX times. */
static uint32_t speaker_of(const struct booking *k, uint32_t step)
{
        for (unsigned n = 0; n < NEAREST_MAX && step != NONE && k->calls[step].speaker != step; n++)
                step = k->calls[step].speaker;
        return step != NONE && k->calls[step].speaker == step ? step : NONE;
}

typedef bool (*same_fn)(const struct clew_trace *trace, uint32_t a, uint32_t b);

static bool told_again(const struct clew_trace *trace, uint32_t a, uint32_t b)
{
        const struct clew_step *x = &trace->steps[a];
        const struct clew_step *y = &trace->steps[b];

        return x->kind == y->kind && same_id(x, y) &&
               (overlap(x, y) || !same_scope(x, y) || !has_counts(x) || !has_counts(y));
}

/* Seen by two scopes without an id: one within the other, and not for a small part of it. */
static bool seen_twice(const struct clew_trace *trace, uint32_t a, uint32_t b)
{
        const struct clew_step *x = &trace->steps[a];
        const struct clew_step *y = &trace->steps[b];
        const struct clew_step *outer = is_inner(trace, a, b) ? y : x;
        const struct clew_step *inner = outer == x ? y : x;

        return x->kind == y->kind && same_counts(&x->tokens, &y->tokens) && !same_scope(x, y) &&
               !other_id(x, y) && same_model(x, y) && is_inside(outer, inner, false) &&
               overlap(outer, inner) && !is_below(trace, a, b) && !is_below(trace, b, a) &&
               (x->parent == y->parent ||
                clew_step_duration_ns(inner) >= clew_step_duration_ns(outer) / 2);
}

static int by_start(const void *a, const void *b)
{
        const struct clew_step *x = a;
        const struct clew_step *y = b;

        return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

/* Among the @n entries, which are sorted, those with one key are compared with their nearest. */
static void unite_runs(struct booking *k, uint32_t n, same_fn same)
{
        const struct clew_step *steps = k->trace->steps;

        clew_sort(k->entries, k->scratch, n, by_start);
        for (uint32_t i = 1; i < n; i++) {
                uint32_t a = (uint32_t)((const struct clew_step *)k->entries[i].item - steps);

                for (uint32_t m = 1; m <= NEAREST_MAX && m <= i; m++) {
                        uint32_t b;

                        if (k->entries[i - m].key != k->entries[i].key)
                                break;
                        b = (uint32_t)((const struct clew_step *)k->entries[i - m].item - steps);
                        if (!same(k->trace, a, b))
                                continue;
                        if (speaker_of(k, a) != NONE && speaker_of(k, b) != NONE)
                                unite(k, speaker_of(k, a), speaker_of(k, b));
                        break;
                }
        }
}

/* Calls told beside each other, or with an agent or a tool between. */
static int settle_others(struct booking *k)
{
        const struct clew_trace *trace = k->trace;
        uint32_t n = 0;

        k->entries = clew_arena_alloc(k->arena, ((size_t)k->n_calls + 1) * sizeof(*k->entries));
        k->scratch = clew_arena_alloc(k->arena, ((size_t)k->n_calls + 1) * sizeof(*k->scratch));
        if (!k->entries || !k->scratch)
                return -ENOMEM;
        for (uint32_t i = 0; i < k->n_calls; i++) {
                const struct clew_step *s = &trace->steps[k->list[i]];

                if (s->response_id.len > 0)
                        k->entries[n++] = (struct clew_sort_entry){.key = clew_hash(s->response_id),
                                                                   .item = s};
        }
        unite_runs(k, n, told_again);
        n = 0;
        for (uint32_t i = 0; i < k->n_calls; i++) {
                const struct clew_step *s = &trace->steps[k->list[i]];

                if (k->calls[k->list[i]].speaker == k->list[i] && s->tokens.in > 0 &&
                    s->tokens.out > 0)
                        k->entries[n++] = (struct clew_sort_entry){
                                .key = s->tokens.in * UINT64_C(0x9e3779b97f4a7c15) + s->tokens.out,
                                .item = s};
        }
        unite_runs(k, n, seen_twice);
        return 0;
}

/* An SDK's own span without usage beside an instrumentor's of the same moment. */
static void settle_silent(struct booking *k)
{
        const struct clew_trace *trace = k->trace;

        for (uint32_t n = 0; n < k->n_calls; n++) {
                uint32_t i = k->list[n];
                const struct clew_step *s = &trace->steps[i];
                uint32_t next = s->next_sibling;
                const struct clew_step *t = next == NONE ? NULL : &trace->steps[next];
                uint64_t slack;

                if (!t || s->kind != t->kind || is_silent(t) || same_scope(s, t) ||
                    other_id(s, t) || !same_model(s, t) || has_counts(s) == has_counts(t) ||
                    s->end_ns == 0 || t->end_ns == 0 || s->call != NONE || t->call != NONE)
                        continue;
                slack = clew_step_duration_ns(s) / 8 + LATE_NS;
                if (t->start_ns - s->start_ns <= slack && t->end_ns <= s->end_ns + slack &&
                    s->end_ns <= t->end_ns + slack && speaker_of(k, i) != NONE &&
                    speaker_of(k, next) != NONE)
                        unite(k, speaker_of(k, i), speaker_of(k, next));
        }
}

/* ---- accounts ---------------------------------------------------------------------------------
 */

/* OpenClaw accounts for a run in a span of its own beside the calls: the run's time, their sum. */
static bool is_account(const struct clew_step *step)
{
        return step->dialect == CLEW_DIALECT_OPENCLAW &&
               clew_slice_eq_cstr(step->name, "openclaw.model.usage");
}

/* An account opens before the calls of its time: it is told in whole milliseconds. */
static uint32_t sort_accounts(struct booking *k)
{
        uint32_t n = 0;
        bool any = false;

        for (uint32_t i = 0; i < k->n_calls; i++) {
                const struct clew_step *s = &k->trace->steps[k->list[i]];
                uint64_t key = s->start_ns;

                if (s->dialect != CLEW_DIALECT_OPENCLAW || s->kind != CLEW_KIND_LLM)
                        continue;
                if (is_account(s)) {
                        key -= key < LATE_NS ? key : LATE_NS;
                        any = true;
                }
                k->entries[n++] = (struct clew_sort_entry){.key = key, .item = s};
        }
        if (!any)
                return 0;
        clew_sort(k->entries, k->scratch, n, NULL);
        return n;
}

/* An account steps back for the calls that begin in its time, if they have counts. */
static void settle_accounts(struct booking *k)
{
        struct clew_trace *trace = k->trace;
        uint32_t n = sort_accounts(k);
        uint32_t account = NONE;

        for (uint32_t i = 0; i < n; i++) {
                const struct clew_step *s = k->entries[i].item;
                uint32_t index = (uint32_t)(s - trace->steps);
                struct call *c;

                if (is_account(s)) {
                        account = k->calls[index].speaker == index ? index : NONE;
                        continue;
                }
                if (account == NONE || k->calls[index].speaker != index ||
                    s->start_ns > trace->steps[account].end_ns)
                        continue;
                c = &k->calls[account];
                c->n_inner++;
                c->first = index;
                clew_tokens_add(&c->inner, &s->tokens);
                c->inner_cost = c->inner_cost || s->has_cost;
                if (!has_counts(s))
                        c->gap = index;
        }
        for (uint32_t i = 0; i < n; i++) {
                const struct clew_step *s = k->entries[i].item;
                uint32_t index = (uint32_t)(s - trace->steps);

                if (!is_account(s) || k->calls[index].speaker != index)
                        continue;
                if (k->calls[index].n_inner == 1)
                        settle_one(k, index);
                else if (k->calls[index].inner.has & (CLEW_TOKENS_IN | CLEW_TOKENS_OUT))
                        settle_several(k, index);
                if (clew_step_is(s, CLEW_STEP_WRAPPER) && k->calls[index].speaker == index)
                        k->calls[index].speaker = NONE;
        }
}

/* ---- totals -----------------------------------------------------------------------------------
 */

/* What a step knows of the steps below it. */
struct below {
        uint64_t in; /* booked on model calls of any kind, and on roll-ups */
        uint64_t out;
        double cost;
        uint64_t asked_in; /* of it by models that answer, not embeddings */
        uint64_t asked_out;
        double asked_cost;
        bool tokens;     /* something is booked */
        bool own_tokens; /* by model calls that no tool stands between */
        bool has_cost;
        bool own_cost;
        bool llm;     /* a model call lies below, no tool between */
        bool rollups; /* some of it was told by roll-ups alone */
};

static void count(struct clew_trace *trace, struct clew_step *step, struct below *b, bool call)
{
        step->flags |= CLEW_STEP_BOOKED;
        clew_tokens_add(&trace->tokens, &step->tokens);
        b->in += step->tokens.in;
        b->out += step->tokens.out;
        b->tokens = true;
        if (!call || step->kind == CLEW_KIND_LLM) {
                b->asked_in += step->tokens.in;
                b->asked_out += step->tokens.out;
                b->rollups = b->rollups || !call;
                b->own_tokens = true;
        }
}

static void count_cost(struct clew_trace *trace, const struct clew_step *step, struct below *b,
                       bool call)
{
        trace->cost_usd += step->cost_usd;
        trace->has_cost = true;
        b->cost += step->cost_usd;
        b->has_cost = true;
        if (!call || step->kind == CLEW_KIND_LLM) {
                b->asked_cost += step->cost_usd;
                b->own_cost = true;
        }
}

/* A chain without a model call of its own repeats whatever lies below it. */
static bool stands_for_more(const struct clew_step *step, const struct below *b)
{
        return step->kind == CLEW_KIND_AGENT || b->llm;
}

/* A roll-up that can hold what model calls behind the agent's tools told of themselves holds it:
 * what it has beyond them is its own part. Where those below were told by roll-ups too, each is of
 * its own agent's calls, as Agno has it. */
static bool leave_own_part(struct clew_step *step, const struct below *b)
{
        struct clew_tokens *t = &step->tokens;
        bool left = false;

        if (b->rollups || step->kind != CLEW_KIND_AGENT)
                return false;
        if (!b->own_tokens && b->asked_in + b->asked_out > 0 && t->in >= b->asked_in &&
            t->out >= b->asked_out && t->in + t->out > b->asked_in + b->asked_out) {
                t->in -= b->asked_in;
                t->out -= b->asked_out;
                t->total = t->in + t->out;
                t->cache_read = t->cache_read < t->in ? t->cache_read : t->in;
                t->cache_write = t->cache_write < t->in ? t->cache_write : t->in;
                t->reasoning = t->reasoning < t->out ? t->reasoning : t->out;
                t->has |= CLEW_TOKENS_ADJUSTED;
                step->flags |= CLEW_STEP_CUMULATIVE;
                left = true;
        }
        if (step->has_cost && !b->own_cost && b->asked_cost > 0 && step->cost_usd > b->asked_cost)
                step->cost_usd -= b->asked_cost;
        return left;
}

/* Steps inside a model call that has counts tell parts of it (Mastra: one for each round). */
static bool is_part_of_call(const struct booking *k, uint32_t i)
{
        const struct clew_trace *trace = k->trace;
        uint32_t outer = k->outer[i];

        return outer != NONE && trace->steps[i].kind != CLEW_KIND_AGENT &&
               (has_counts(&trace->steps[outer]) || trace->steps[outer].has_cost);
}

static void book_rollup(struct clew_trace *trace, struct clew_step *step, struct below *b)
{
        const struct clew_tokens *t = &step->tokens;
        bool own_part = leave_own_part(step, b);

        if (t->has != 0) {
                step->flags |= CLEW_STEP_ROLLUP;
                if (own_part || !b->tokens ||
                    (!b->own_tokens && stands_for_more(step, b) &&
                     (t->in != b->in || t->out != b->out)))
                        count(trace, step, b, false);
        }
        if (step->has_cost &&
            (!b->has_cost || (!b->own_cost && stands_for_more(step, b) &&
                              fabs(b->cost - step->cost_usd) > step->cost_usd * 1e-9)))
                count_cost(trace, step, b, false);
}

static void pass_up(const struct clew_step *step, const struct below *b, struct below *up)
{
        bool own = step->kind != CLEW_KIND_TOOL && step->kind != CLEW_KIND_HANDOFF;

        up->in += b->in;
        up->out += b->out;
        up->cost += b->cost;
        up->asked_in += b->asked_in;
        up->asked_out += b->asked_out;
        up->asked_cost += b->asked_cost;
        up->rollups = up->rollups || b->rollups;
        up->tokens = up->tokens || b->tokens;
        up->has_cost = up->has_cost || b->has_cost;
        up->own_tokens = up->own_tokens || (own && b->own_tokens);
        up->own_cost = up->own_cost || (own && b->own_cost);
        up->llm = up->llm || (own && b->llm) || step->kind == CLEW_KIND_LLM;
}

static int sum_up(struct booking *k)
{
        struct clew_trace *trace = k->trace;
        const struct clew_prices *prices = clew_prices_installed();
        struct below *below = clew_arena_calloc(k->arena, trace->n_steps + 1, sizeof(*below));

        if (!below)
                return -ENOMEM;
        for (uint32_t i = trace->n_steps; i-- > 0;) {
                struct clew_step *step = &trace->steps[i];
                struct below *b = &below[i];

                if (is_call(step)) {
                        if (step->tokens.has != 0 && !clew_step_is(step, CLEW_STEP_WRAPPER))
                                count(trace, step, b, true);
                        if (!step->has_cost && clew_step_is(step, CLEW_STEP_BOOKED) &&
                            clew_price(prices, step, &step->cost_usd)) {
                                step->has_cost = true;
                                step->flags |= CLEW_STEP_PRICED;
                        }
                        if (step->has_cost && !clew_step_is(step, CLEW_STEP_WRAPPER))
                                count_cost(trace, step, b, true);
                } else if (is_part_of_call(k, i)) {
                        step->flags |= step->tokens.has != 0 ? CLEW_STEP_ROLLUP : 0u;
                } else if (!is_silent(step)) {
                        book_rollup(trace, step, b);
                }
                if (step->parent != NONE)
                        pass_up(step, b, &below[step->parent]);
        }
        return 0;
}

int clew_usage_book(struct clew_builder *b)
{
        struct booking k = {.trace = b->trace, .arena = b->arena};
        size_t n = (size_t)b->trace->n_steps + 1;
        int r = clew_polls_settle(b->trace, b->arena);

        if (r < 0)
                return r;
        k.calls = clew_arena_alloc(b->arena, n * sizeof(*k.calls));
        k.outer = clew_arena_alloc(b->arena, n * sizeof(*k.outer));
        k.list = clew_arena_alloc(b->arena, n * sizeof(*k.list));
        if (!k.calls || !k.outer || !k.list)
                return -ENOMEM;
        find_outer(&k);
        if (k.n_calls > 1) {
                take_totals_apart(&k);
                settle_nested(&k);
                r = settle_others(&k);
                settle_silent(&k);
                if (r == 0)
                        settle_accounts(&k);
        }
        if (r == 0)
                r = sum_up(&k);
        /* The call is the step that speaks for it; what is around it only carries it. */
        for (uint32_t i = 0; i < k.n_calls && r == 0; i++) {
                struct clew_step *step = &b->trace->steps[k.list[i]];

                if (clew_step_is(step, CLEW_STEP_WRAPPER))
                        step->kind = CLEW_KIND_CHAIN;
        }
        return r;
}
