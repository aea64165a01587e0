/*
 * Building the view: choose the steps, order them, then walk them once in time order and let each
 * step add what it newly said or saw.
 *
 * The history that every LLM call repeats is recognised by the hash of each part's text: a part
 * whose text was seen is skipped. Texts are copied into the view's arena only when they are new, so
 * the messages of one call can be read into a scratch arena and forgotten.
 */
#include "query/rca/view.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/model/message.h"
#include "query/rca/flat.h"
#include "query/rca/input.h"

#include <errno.h>
#include <stdlib.h>

/* Messages of one call: a history of 20 MB spans is legal, more than this is not read. */
#define SCRATCH_MAX ((size_t)512 << 20)
/* Jaccard is taken of texts of at least this many words; shorter ones are alike by nature. */
#define WORDS_MIN 20u
/* First sizes of arrays and tables: a short run is to touch little memory, and sealing sees many.
 */
#define GROW_FIRST 32u
#define TEXTS_FIRST 256u
#define SEEN_FIRST 1024u

struct text_slot {
        uint64_t hash;
        uint32_t step; /* LLM or TOOL step that first gave this text, or NONE */
        bool used;
};

struct builder {
        struct clew_rca_view *v;
        struct clew_arena *arena;
        struct clew_arena scratch;
        const struct clew_trace *trace;
        uint32_t *error_below; /* prefix sums of failed steps, by model index */
        uint32_t *step_of;     /* view step by model index, or NONE */
        struct text_slot *texts;
        uint32_t texts_mask;
        uint32_t n_texts;
        uint32_t units_cap;
        uint32_t calls_cap;
        uint32_t words_cap;
        uint32_t steps_cap;
        size_t text_bytes;
        bool failed;
};

/* ---- growing arrays in the arena ------------------------------------------------------------ */

static void *grow(struct builder *b, void *old, uint32_t n, uint32_t *cap, size_t size)
{
        uint32_t want = *cap ? *cap * 2 : GROW_FIRST;
        void *p;

        if (n < *cap)
                return old;
        p = clew_arena_calloc(b->arena, want, size);
        if (!p) {
                b->failed = true;
                return NULL;
        }
        if (n)
                memcpy(p, old, (size_t)n * size);
        *cap = want;
        return p;
}

/* ---- texts seen ----------------------------------------------------------------------------- */

static struct text_slot *text_slot(struct builder *b, uint64_t hash)
{
        uint32_t i = (uint32_t)(hash ^ (hash >> 32)) & b->texts_mask;

        while (b->texts[i].used && b->texts[i].hash != hash)
                i = (i + 1) & b->texts_mask;
        return &b->texts[i];
}

static bool texts_grow(struct builder *b)
{
        uint32_t n = b->texts_mask ? (b->texts_mask + 1) * 2 : TEXTS_FIRST;
        struct text_slot *old = b->texts;
        uint32_t old_n = b->texts_mask ? b->texts_mask + 1 : 0;

        b->texts = clew_arena_calloc(b->arena, n, sizeof(*b->texts));
        if (!b->texts) {
                b->failed = true;
                return false;
        }
        b->texts_mask = n - 1;
        for (uint32_t i = 0; i < old_n; i++) {
                if (old[i].used)
                        *text_slot(b, old[i].hash) = old[i];
        }
        return true;
}

/* Registers a text; false when it was there before. */
static bool text_is_new(struct builder *b, struct clew_slice text, uint32_t step,
                        struct text_slot **ret)
{
        uint64_t hash = clew_hash(text);
        struct text_slot *slot;

        if (!b->texts_mask || b->n_texts * 2 > b->texts_mask) {
                if (!texts_grow(b))
                        return false;
        }
        slot = text_slot(b, hash);
        if (ret)
                *ret = slot;
        if (slot->used)
                return false;
        *slot = (struct text_slot){hash, step, true};
        b->n_texts++;
        return true;
}

/* ---- value tokens --------------------------------------------------------------------------- */

const struct clew_rca_seen *clew_rca_seen_find(const struct clew_rca_view *v, uint64_t hash)
{
        uint32_t i = (uint32_t)(hash ^ (hash >> 32)) & v->seen_mask;

        if (!v->seen)
                return NULL;
        while (v->seen[i].n_units) {
                if (v->seen[i].hash == hash)
                        return &v->seen[i];
                i = (i + 1) & v->seen_mask;
        }
        return NULL;
}

static bool seen_grow(struct builder *b)
{
        struct clew_rca_view *v = b->v;
        uint32_t n = v->seen_mask ? (v->seen_mask + 1) * 2 : SEEN_FIRST;
        struct clew_rca_seen *old = v->seen;
        uint32_t old_n = v->seen_mask ? v->seen_mask + 1 : 0;

        v->seen = clew_arena_calloc(b->arena, n, sizeof(*v->seen));
        if (!v->seen) {
                b->failed = true;
                return false;
        }
        v->seen_mask = n - 1;
        for (uint32_t i = 0; i < old_n; i++) {
                uint32_t k;

                if (!old[i].n_units)
                        continue;
                k = (uint32_t)(old[i].hash ^ (old[i].hash >> 32)) & v->seen_mask;
                while (v->seen[k].n_units)
                        k = (k + 1) & v->seen_mask;
                v->seen[k] = old[i];
        }
        return true;
}

/* A compound of values that were all seen ("2026-11" after "2026-11-20") is nothing new. */
static bool parts_seen(const struct clew_rca_view *v, const struct clew_token *t)
{
        struct clew_token part;
        size_t at = 0;
        uint32_t n = 0;

        while (clew_token_part(t, &at, &part)) {
                n++;
                if (!clew_rca_seen_find(v, part.hash))
                        return false;
        }
        return n > 0;
}

static void note_token(struct builder *b, const struct clew_token *t, uint32_t unit,
                       uint32_t *novel_cap)
{
        struct clew_rca_view *v = b->v;
        bool written =
                v->units[unit].origin == CLEW_RCA_WRITTEN || v->units[unit].origin == CLEW_RCA_ARGS;
        struct clew_rca_seen *s;
        uint32_t i;

        if (!v->seen_mask || v->n_seen * 2 > v->seen_mask) {
                if (v->n_seen >= CLEW_RCA_TOKENS_MAX) {
                        v->partial = true;
                        return;
                }
                if (!seen_grow(b))
                        return;
        }
        i = (uint32_t)(t->hash ^ (t->hash >> 32)) & v->seen_mask;
        while (v->seen[i].n_units && v->seen[i].hash != t->hash)
                i = (i + 1) & v->seen_mask;
        s = &v->seen[i];
        if (!s->n_units) {
                *s = (struct clew_rca_seen){.text = t->text,
                                            .hash = t->hash,
                                            .shape = t->shape,
                                            .number = t->is_number ? t->number : 0,
                                            .first = unit,
                                            .observed = CLEW_RCA_NONE,
                                            .last = CLEW_RCA_NONE};
                v->n_seen++;
                if (written && !parts_seen(v, t) && v->n_novel < CLEW_RCA_NOVEL_MAX) {
                        v->novel = grow(b, v->novel, v->n_novel, novel_cap, sizeof(*v->novel));
                        if (v->novel)
                                v->novel[v->n_novel++] = (struct clew_rca_novel){*t, unit};
                }
        }
        if (!written) {
                if (s->observed == CLEW_RCA_NONE)
                        s->observed = unit;
                s->last = unit;
        }
        s->n_units++;
}

static void note_tokens(struct builder *b, uint32_t unit, uint32_t *novel_cap)
{
        struct clew_slice text = b->v->units[unit].text;
        struct clew_slice parts[2] = {text, CLEW_SLICE_NULL};
        bool observed = b->v->units[unit].origin != CLEW_RCA_WRITTEN &&
                        b->v->units[unit].origin != CLEW_RCA_ARGS;

        if (b->text_bytes > CLEW_RCA_TEXT_MAX) {
                b->v->partial = true;
                return;
        }
        if (text.len > CLEW_RCA_UNIT_MAX) {
                parts[0].len = CLEW_RCA_UNIT_MAX / 2;
                parts[1] = clew_slice_from(text, text.len - CLEW_RCA_UNIT_MAX / 2);
                b->v->partial = true;
        }
        for (int i = 0; i < 2; i++) {
                struct clew_token_iter it = clew_tokens_of(parts[i]);
                struct clew_token t;

                b->text_bytes += parts[i].len;
                while (!b->failed && clew_token_next(&it, &t)) {
                        struct clew_token part;
                        size_t at = 0;

                        note_token(b, &t, unit, novel_cap);
                        while (observed && clew_token_part(&t, &at, &part))
                                note_token(b, &part, unit, novel_cap);
                }
        }
}

/* Adds a unit whose text was found to be new; copies the text. */
static void add_unit(struct builder *b, struct clew_slice text, uint32_t step,
                     enum clew_rca_origin origin)
{
        struct clew_rca_view *v = b->v;

        v->units = grow(b, v->units, v->n_units, &b->units_cap, sizeof(*v->units));
        if (!v->units)
                return;
        v->units[v->n_units++] = (struct clew_rca_unit){text, step, origin};
        v->steps[step].n_units++;
        if (origin == CLEW_RCA_RESULT && v->first_result == CLEW_RCA_NONE)
                v->first_result = v->n_units - 1;
}

static struct clew_slice keep(struct builder *b, struct clew_slice text)
{
        struct clew_slice s = clew_arena_copy(b->arena, text);

        b->failed |= text.len > 0 && !s.data;
        return s;
}

/* ---- choosing steps ------------------------------------------------------------------------- */

static bool chosen_kind(const struct clew_step *s, enum clew_rca_kind *ret)
{
        if (clew_step_is(s, CLEW_STEP_STANDIN | CLEW_STEP_FRAGMENT))
                return false;
        switch ((int)s->kind) {
        case CLEW_KIND_LLM:
                *ret = CLEW_RCA_LLM;
                break;
        case CLEW_KIND_TOOL:
        case CLEW_KIND_RETRIEVER:
        case CLEW_KIND_MCP:
        case CLEW_KIND_MEMORY:
                *ret = CLEW_RCA_TOOL;
                break;
        case CLEW_KIND_AGENT:
        case CLEW_KIND_HANDOFF:
                *ret = CLEW_RCA_AGENT;
                return true;
        default:
                *ret = CLEW_RCA_OTHER;
                return s->error.is_error;
        }
        if (clew_step_is(s, CLEW_STEP_WRAPPER)) {
                *ret = CLEW_RCA_OTHER;
                return s->error.is_error;
        }
        return true;
}

/* A trace without model and tool calls (plain services): its leaves stand for tools. */
static bool has_model_or_tool(const struct clew_trace *t)
{
        enum clew_rca_kind kind;

        for (uint32_t i = 0; i < t->n_steps; i++) {
                if (chosen_kind(&t->steps[i], &kind) &&
                    (kind == CLEW_RCA_LLM || kind == CLEW_RCA_TOOL))
                        return true;
        }
        return false;
}

static int by_time(const void *x, const void *y)
{
        const struct clew_rca_step *a = x;
        const struct clew_rca_step *b = y;

        if (a->start_ns != b->start_ns)
                return a->start_ns < b->start_ns ? -1 : 1;
        return a->span < b->span ? -1 : a->span > b->span;
}

static void fill_step(const struct builder *b, uint32_t i, enum clew_rca_kind kind,
                      struct clew_rca_step *ret)
{
        const struct clew_step *s = &b->trace->steps[i];

        *ret = (struct clew_rca_step){
                .kind = kind,
                .span = i,
                .span_id = s->span.span_id,
                .number = i + 1,
                .parent = CLEW_RCA_NONE,
                .agent = s->agent,
                .start_ns = s->start_ns,
                .end_ns = s->end_ns,
                .name = s->tool_name.len ? s->tool_name : s->name,
                .failed = s->error.is_error,
                .error_text = s->error.message.len ? s->error.message : s->error.type,
                .finish = s->finish_reason,
                .tokens_in = s->tokens.in,
                .tokens_out = s->tokens.out,
                .words = CLEW_RCA_NONE,
                .caller = CLEW_RCA_NONE,
                .prev_llm = CLEW_RCA_NONE,
                .next_llm = CLEW_RCA_NONE,
        };
        ret->failed_below = b->error_below[i + 1 + s->n_descendants] > b->error_below[i + 1];
        if (kind == CLEW_RCA_TOOL) {
                ret->args = s->tool_arguments.len ? s->tool_arguments : s->input;
                ret->result = s->tool_result.len ? s->tool_result : s->output;
                ret->call_id = s->tool_call_id;
                ret->has_result = ret->result.len > 0;
        }
        if (s->agent != CLEW_STEP_NONE)
                ret->agent_name = b->trace->steps[s->agent].agent_name.len
                                          ? b->trace->steps[s->agent].agent_name
                                          : b->trace->steps[s->agent].name;
}

static int choose_steps(struct builder *b)
{
        const struct clew_trace *t = b->trace;
        struct clew_rca_view *v = b->v;
        bool plain = !has_model_or_tool(t);

        b->error_below = clew_arena_calloc(b->arena, (size_t)t->n_steps + 1, sizeof(uint32_t));
        b->step_of = clew_arena_calloc(b->arena, (size_t)t->n_steps + 1, sizeof(uint32_t));
        if (!b->error_below || !b->step_of)
                return -ENOMEM;
        for (uint32_t i = 0; i < t->n_steps; i++)
                b->error_below[i + 1] = b->error_below[i] + t->steps[i].error.is_error;
        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];
                enum clew_rca_kind kind;

                b->step_of[i] = CLEW_RCA_NONE;
                if (!chosen_kind(s, &kind) && !(plain && s->n_descendants == 0))
                        continue;
                if (plain && s->n_descendants == 0)
                        kind = CLEW_RCA_TOOL;
                if (v->n_steps >= CLEW_RCA_STEPS_MAX) {
                        v->partial = true;
                        break;
                }
                v->steps = grow(b, v->steps, v->n_steps, &b->steps_cap, sizeof(*v->steps));
                if (!v->steps)
                        return -ENOMEM;
                fill_step(b, i, kind, &v->steps[v->n_steps++]);
        }
        if (v->n_steps)
                qsort(v->steps, v->n_steps, sizeof(*v->steps), by_time);
        for (uint32_t i = 0; i < v->n_steps; i++)
                b->step_of[v->steps[i].span] = i;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                uint32_t p = t->steps[v->steps[i].span].parent;

                while (p != CLEW_STEP_NONE && b->step_of[p] == CLEW_RCA_NONE)
                        p = t->steps[p].parent;
                v->steps[i].parent = p == CLEW_STEP_NONE ? CLEW_RCA_NONE : b->step_of[p];
        }
        return 0;
}

/* ---- who called whom ------------------------------------------------------------------------ */

static void link_llms(struct builder *b)
{
        struct clew_rca_view *v = b->v;
        uint32_t n = b->trace->n_steps;
        /* Last LLM step of each group; the group "no agent" is the last entry. */
        uint32_t *last = clew_arena_calloc(b->arena, (size_t)n + 1, sizeof(uint32_t));
        uint32_t any = CLEW_RCA_NONE;

        if (!last) {
                b->failed = true;
                return;
        }
        memset(last, 0xff, ((size_t)n + 1) * sizeof(uint32_t));
        v->first_llm = v->last_llm = v->last_step = CLEW_RCA_NONE;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                struct clew_rca_step *s = &v->steps[i];
                uint32_t group = s->agent == CLEW_STEP_NONE ? n : s->agent;

                s->prev_llm = last[group] != CLEW_RCA_NONE ? last[group] : any;
                if (s->kind == CLEW_RCA_LLM) {
                        s->prev_llm = last[group];
                        if (last[group] != CLEW_RCA_NONE)
                                v->steps[last[group]].next_llm = i;
                        last[group] = any = i;
                        v->last_llm = i;
                        if (v->first_llm == CLEW_RCA_NONE)
                                v->first_llm = i;
                }
                if (s->kind == CLEW_RCA_LLM || s->kind == CLEW_RCA_TOOL)
                        v->last_step = i;
        }
        /* The next LLM call after a step that is not one: of its group, else of any. */
        memset(last, 0xff, ((size_t)n + 1) * sizeof(uint32_t));
        any = CLEW_RCA_NONE;
        for (uint32_t i = v->n_steps; i-- > 0;) {
                struct clew_rca_step *s = &v->steps[i];
                uint32_t group = s->agent == CLEW_STEP_NONE ? n : s->agent;

                if (s->kind == CLEW_RCA_LLM)
                        last[group] = any = i;
                else
                        s->next_llm = last[group] != CLEW_RCA_NONE ? last[group] : any;
        }
}

static void link_callers(struct builder *b)
{
        struct clew_rca_view *v = b->v;
        uint32_t *by_call =
                clew_arena_calloc(b->arena, (size_t)b->trace->n_steps + 1, sizeof(uint32_t));

        if (!by_call) {
                b->failed = true;
                return;
        }
        for (uint32_t k = 0; k < b->trace->n_edges; k++) {
                const struct clew_edge *e = &b->trace->edges[k];

                if (e->type == CLEW_EDGE_CALL && e->to < b->trace->n_steps && !by_call[e->to])
                        by_call[e->to] = e->from + 1;
        }
        for (uint32_t i = 0; i < v->n_steps; i++) {
                struct clew_rca_step *s = &v->steps[i];
                uint32_t from = by_call[s->span];

                if (s->kind != CLEW_RCA_TOOL)
                        continue;
                if (from && b->step_of[from - 1] != CLEW_RCA_NONE)
                        s->caller = b->step_of[from - 1];
                else if (s->parent != CLEW_RCA_NONE && v->steps[s->parent].kind == CLEW_RCA_LLM)
                        s->caller = s->parent;
                else
                        s->caller = s->prev_llm;
        }
}

/* ---- messages ------------------------------------------------------------------------------- */

static void set_soft_error(struct clew_rca_step *s, struct clew_slice text)
{
        enum clew_trouble t = clew_text_result_error(text);

        if (s->failed) {
                struct clew_slice from = s->error_text.len ? s->error_text : text;

                s->trouble = clew_text_trouble(from);
                if (s->trouble == CLEW_TROUBLE_OTHER && t != CLEW_TROUBLE_NONE)
                        s->trouble = t;
                /* "exit code 1" alone makes all failures alike; what was printed tells them apart.
                 */
                s->error_shape = clew_text_error_shape(from) + 31 * clew_text_error_shape(text);
                if (!s->error_text.len)
                        s->error_text = text;
        } else if (t != CLEW_TROUBLE_NONE) {
                s->soft_error = true;
                s->trouble = t;
                s->error_text = text;
                s->error_shape = clew_text_error_shape(text);
        }
}

static void finish_tool(struct builder *b, uint32_t i)
{
        struct clew_rca_step *s = &b->v->steps[i];

        s->key = clew_hash_seeded(s->name, clew_flat_hash(s->args));
        s->result_hash = clew_hash(clew_text_trim(s->result));
        s->empty = s->has_result && clew_text_is_empty_result(s->result);
        set_soft_error(s, s->result);
}

static void add_tool(struct builder *b, uint32_t i)
{
        struct clew_rca_step *s = &b->v->steps[i];

        s->first_unit = b->v->n_units;
        if (s->args.len && text_is_new(b, s->args, i, NULL))
                add_unit(b, s->args, i, CLEW_RCA_ARGS);
        if (s->result.len && text_is_new(b, s->result, i, NULL))
                add_unit(b, s->result, i, CLEW_RCA_RESULT);
        finish_tool(b, i);
}

/* A new part in the input of an LLM call. */
static void add_input_part(struct builder *b, uint32_t i, const struct clew_message *m,
                           const struct clew_part *p)
{
        enum clew_rca_origin origin = CLEW_RCA_USER;
        struct clew_rca_step *s = &b->v->steps[i];
        uint32_t before = s->prev_llm;

        if (p->type == CLEW_PART_TOOL_CALL || p->type == CLEW_PART_MEDIA || !p->text.len)
                return;
        if (!text_is_new(b, p->text, i, NULL))
                return;
        if (m->role == CLEW_ROLE_SYSTEM)
                origin = CLEW_RCA_SYSTEM;
        else if (m->role == CLEW_ROLE_TOOL || p->type == CLEW_PART_TOOL_RESULT)
                origin = CLEW_RCA_RESULT;
        add_unit(b, keep(b, p->text), i, origin);
        /* An error that only the history shows belongs to what the call before it did. */
        if (before != CLEW_RCA_NONE && m->role != CLEW_ROLE_SYSTEM &&
            m->role != CLEW_ROLE_ASSISTANT && b->v->n_units) {
                struct clew_rca_step *w = &b->v->steps[before];
                enum clew_trouble t = clew_text_result_error(p->text);

                if (p->is_error && t == CLEW_TROUBLE_NONE)
                        t = clew_text_trouble(p->text);
                if (t != CLEW_TROUBLE_NONE && !w->failed && !w->soft_error) {
                        w->soft_error = true;
                        w->trouble = t;
                        w->error_text = b->v->units[b->v->n_units - 1].text;
                        w->error_shape = clew_text_error_shape(p->text);
                }
        }
}

static void add_call(struct builder *b, uint32_t i, const struct clew_part *p)
{
        struct clew_rca_view *v = b->v;
        struct clew_rca_call *c;

        v->calls = grow(b, v->calls, v->n_calls, &b->calls_cap, sizeof(*v->calls));
        if (!v->calls)
                return;
        c = &v->calls[v->n_calls++];
        *c = (struct clew_rca_call){.name = keep(b, p->name),
                                    .args = keep(b, p->text),
                                    .id = keep(b, p->id),
                                    .tool_step = CLEW_RCA_NONE};
        c->key = clew_hash_seeded(c->name, clew_flat_hash(c->args));
        v->steps[i].n_calls++;
        if (c->args.len && text_is_new(b, c->args, i, NULL))
                add_unit(b, c->args, i, CLEW_RCA_ARGS);
}

static void add_words(struct builder *b, uint32_t i)
{
        struct clew_rca_view *v = b->v;
        uint64_t room[CLEW_WORDS_MAX];
        struct clew_words w;
        uint64_t *hash;

        clew_words_of(v->steps[i].text, room, &w);
        if (w.total < WORDS_MIN)
                return;
        v->words = grow(b, v->words, v->n_words, &b->words_cap, sizeof(*v->words));
        hash = clew_arena_alloc(b->arena, w.n * sizeof(*hash));
        if (!v->words || !hash) {
                b->failed = true;
                return;
        }
        memcpy(hash, room, w.n * sizeof(*hash));
        w.hash = hash;
        v->words[v->n_words] = w;
        v->steps[i].words = v->n_words++;
}

static int read_messages(struct builder *b, uint32_t i, enum clew_direction dir,
                         struct clew_messages *ret)
{
        clew_arena_reset(&b->scratch);
        return clew_step_messages(b->trace, &b->trace->steps[b->v->steps[i].span], dir, &b->scratch,
                                  ret);
}

static int add_llm_input(struct builder *b, uint32_t i)
{
        struct clew_rca_step *s = &b->v->steps[i];
        const struct clew_rca_step *p =
                s->prev_llm == CLEW_RCA_NONE ? NULL : &b->v->steps[s->prev_llm];
        struct clew_messages in;
        bool cut;
        int r;

        clew_arena_reset(&b->scratch);
        r = clew_rca_new_input(b->trace, &b->trace->steps[s->span],
                               p ? &b->trace->steps[p->span] : NULL, &b->scratch, &in, &cut);
        if (r < 0)
                return r;
        s->n_messages = cut && p ? p->n_messages : 0;
        for (uint32_t k = 0; k < in.n && !b->failed; k++) {
                const struct clew_message *m = &in.items[k];

                s->n_messages += m->role != CLEW_ROLE_SYSTEM;
                if (m->role == CLEW_ROLE_SYSTEM && s->system_hash == 0)
                        s->system_hash = m->hash | 1;
                for (uint32_t q = 0; q < m->n_parts; q++)
                        add_input_part(b, i, m, &m->parts[q]);
        }
        /* The first message of a history that goes on is the one that it began with. */
        if (cut && p && s->system_hash == 0)
                s->system_hash = p->system_hash;
        return 0;
}

static int add_llm_output(struct builder *b, uint32_t i)
{
        struct clew_rca_step *s = &b->v->steps[i];
        struct clew_messages out;
        int r = read_messages(b, i, CLEW_MESSAGES_OUT, &out);

        if (r < 0)
                return r;
        s->first_call = b->v->n_calls;
        for (uint32_t k = 0; k < out.n && !b->failed; k++) {
                const struct clew_message *m = &out.items[k];

                if (!s->finish.len && m->finish_reason.len)
                        s->finish = keep(b, m->finish_reason);
                for (uint32_t q = 0; q < m->n_parts; q++) {
                        const struct clew_part *p = &m->parts[q];

                        if (p->type == CLEW_PART_TOOL_CALL) {
                                add_call(b, i, p);
                        } else if ((p->type == CLEW_PART_TEXT || p->type == CLEW_PART_REFUSAL) &&
                                   p->text.len) {
                                struct clew_slice t = keep(b, p->text);

                                if (t.len > s->text.len)
                                        s->text = t;
                                if (text_is_new(b, t, i, NULL))
                                        add_unit(b, t, i, CLEW_RCA_WRITTEN);
                        }
                }
        }
        if (s->text.len)
                add_words(b, i);
        if (s->failed)
                set_soft_error(s, s->error_text);
        return 0;
}

static int add_llm(struct builder *b, uint32_t i)
{
        int r;

        b->v->steps[i].first_unit = b->v->n_units;
        r = add_llm_input(b, i);
        return r < 0 ? r : add_llm_output(b, i);
}

/* Ties the calls of LLM steps to the tool steps that carried them out. */
static void match_calls(struct clew_rca_view *v)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *t = &v->steps[i];
                const struct clew_rca_step *llm;

                if (t->kind != CLEW_RCA_TOOL || t->caller == CLEW_RCA_NONE)
                        continue;
                llm = &v->steps[t->caller];
                for (uint32_t k = 0; k < llm->n_calls; k++) {
                        struct clew_rca_call *c = &v->calls[llm->first_call + k];

                        if (c->tool_step == CLEW_RCA_NONE &&
                            ((c->id.len && clew_slice_eq(c->id, t->call_id)) ||
                             (!t->call_id.len && clew_slice_eq(c->name, t->name)))) {
                                c->tool_step = i;
                                break;
                        }
                }
        }
}

/* ---- the run as a whole --------------------------------------------------------------------- */

static int add_run(struct builder *b)
{
        const struct clew_trace *t = b->trace;
        struct clew_rca_view *v = b->v;
        const struct clew_step *root;
        struct clew_messages m;

        v->failed = t->outcome == CLEW_OUTCOME_FAILED || t->outcome == CLEW_OUTCOME_ERROR;
        v->passed = t->outcome == CLEW_OUTCOME_PASSED;
        if (t->root == CLEW_STEP_NONE)
                return 0;
        root = &t->steps[t->root];
        v->root_failed = root->error.is_error;
        v->root_error = root->error.message.len ? root->error.message : root->error.type;
        v->output = root->output;
        v->input = root->input;
        clew_arena_reset(&b->scratch);
        if (root->kind != CLEW_KIND_LLM) {
                int r = clew_step_messages(t, root, CLEW_MESSAGES_OUT, &b->scratch, &m);

                if (r < 0)
                        return r;
                if (m.n && m.items[m.n - 1].n_parts) {
                        const struct clew_message *last = &m.items[m.n - 1];

                        v->output = keep(b, last->parts[last->n_parts - 1].text);
                }
        }
        return 0;
}

static void cap_units(struct builder *b)
{
        uint32_t novel_cap = 0;

        for (uint32_t u = 0; u < b->v->n_units && !b->failed; u++)
                note_tokens(b, u, &novel_cap);
}

int clew_rca_view_build(const struct clew_trace *trace, struct clew_arena *arena,
                        struct clew_rca_view *ret)
{
        struct clew_rca_view v = {.arena = arena, .trace = trace, .first_result = CLEW_RCA_NONE};
        struct builder b = {.v = &v, .arena = arena, .trace = trace};
        int r;

        clew_arena_init(&b.scratch, SCRATCH_MAX);
        r = choose_steps(&b);
        if (r == 0) {
                link_llms(&b);
                link_callers(&b);
        }
        for (uint32_t i = 0; r == 0 && i < v.n_steps && !b.failed; i++) {
                if (v.steps[i].kind == CLEW_RCA_LLM)
                        r = add_llm(&b, i);
                else if (v.steps[i].kind == CLEW_RCA_TOOL)
                        add_tool(&b, i);
                else if (v.steps[i].failed)
                        set_soft_error(&v.steps[i], v.steps[i].error_text);
        }
        if (r == 0)
                r = add_run(&b);
        if (r == 0 && !b.failed) {
                match_calls(&v);
                cap_units(&b);
        }
        clew_arena_deinit(&b.scratch);
        if (r == 0 && (b.failed || clew_arena_failed(arena)))
                r = -ENOMEM;
        if (r == 0)
                *ret = v;
        return r;
}

uint32_t clew_rca_blame(const struct clew_rca_view *v, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        uint32_t inside = CLEW_RCA_NONE;

        if (s->kind == CLEW_RCA_LLM)
                return i;
        if (s->kind == CLEW_RCA_TOOL)
                return s->caller != CLEW_RCA_NONE ? s->caller : i;
        /* A wrapper: the last LLM call inside it, else the one before it. */
        for (uint32_t k = i + 1; k < v->n_steps && v->steps[k].start_ns <= s->end_ns; k++) {
                if (v->steps[k].kind == CLEW_RCA_LLM && v->steps[k].span > s->span &&
                    v->steps[k].span <= s->span + v->trace->steps[s->span].n_descendants)
                        inside = k;
        }
        return inside != CLEW_RCA_NONE ? inside : s->prev_llm;
}

bool clew_rca_acted(const struct clew_rca_view *v, uint32_t i)
{
        if (v->steps[i].n_calls > 0)
                return true;
        for (uint32_t k = i + 1; k < v->n_steps; k++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL || v->steps[k].kind == CLEW_RCA_AGENT)
                        return true;
                if (v->steps[k].kind == CLEW_RCA_LLM)
                        break;
        }
        return false;
}

uint32_t clew_rca_turn(const struct clew_rca_view *v, uint32_t i)
{
        uint32_t p = v->trace->steps[v->steps[i].span].parent;

        if (p == CLEW_STEP_NONE || v->trace->steps[p].kind == CLEW_KIND_AGENT ||
            v->trace->steps[p].kind == CLEW_KIND_LLM || v->trace->steps[p].parent == CLEW_STEP_NONE)
                return CLEW_STEP_NONE;
        return p;
}
