/*
 * See item-compile.h.
 *
 * The conversation of a run is put together from its outermost model calls in order. A call whose
 * input goes on from the input before (the same messages at its beginning) replaces it; where the
 * history was rewritten, what it had is kept and only what is new is added. So each message stands
 * once, as it was sent last.
 */
#include "query/review/item-compile.h"

#include "proto/base/sort.h"
#include "query/rca/rca.h"
#include "query/review/item-messages-int.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct compile {
        const struct clew_trace *trace;
        const struct clew_reviews *reviews;
        struct clew_arena *arena;
        struct clew_item *item;
        struct clew_error *err;
        struct clew_conversation talk;
        uint32_t blamed; /* index of the failing step, or CLEW_STEP_NONE */
};

static int no(struct compile *c, const char *why)
{
        return clew_error_set(c->err, -ENODATA, 0, "%s", why);
}

/* ---- the conversation ----------------------------------------------------------------------- */

/* A model call that counts, of the run's outermost agent. */
static bool is_main_call(const struct clew_trace *t, uint32_t i, uint32_t agent)
{
        return t->steps[i].kind == CLEW_KIND_LLM &&
               !clew_step_is(&t->steps[i], CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT) &&
               t->steps[i].agent == agent;
}

/* The agent whose calls are the conversation: that of the first call that is least deep. */
static uint32_t main_agent(const struct clew_trace *t)
{
        uint32_t best = CLEW_STEP_NONE;
        uint32_t depth = UINT32_MAX;

        for (uint32_t i = 0; i < t->n_steps; i++) {
                uint32_t agent = t->steps[i].agent;
                uint32_t d = agent == CLEW_STEP_NONE ? 0 : t->steps[agent].depth + 1;

                if (is_main_call(t, i, agent) && d < depth) {
                        depth = d;
                        best = agent;
                }
        }
        return best;
}

static uint32_t common_beginning(const struct clew_messages *a, const struct clew_messages *b)
{
        uint32_t n = 0;

        while (n < a->n && n < b->n && a->items[n].hash == b->items[n].hash)
                n++;
        return n;
}

/* Model calls in the order of their start: tree order is that among siblings only. */
static struct clew_sort_entry *main_calls(struct compile *c, uint32_t *ret_n)
{
        const struct clew_trace *t = c->trace;
        uint32_t agent = main_agent(t);
        size_t room = 2 * ((size_t)t->n_steps + 1);
        struct clew_sort_entry *calls = clew_arena_calloc(c->arena, room, sizeof(*calls));
        uint32_t n = 0;

        for (uint32_t i = 0; calls && i < t->n_steps; i++) {
                if (is_main_call(t, i, agent))
                        calls[n++] = (struct clew_sort_entry){.key = t->steps[i].start_ns,
                                                              .item = &t->steps[i]};
        }
        if (calls)
                clew_sort(calls, calls + n, n, NULL);
        *ret_n = n;
        return calls;
}

static int read_conversation(struct compile *c, uint32_t *ret_last)
{
        struct clew_messages before = {0};
        struct clew_messages before_out = {0};
        uint32_t n_calls;
        const struct clew_sort_entry *calls = main_calls(c, &n_calls);
        uint32_t told = 0; /* messages of `before` that have been added already */
        int r = calls ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < n_calls; i++) {
                const struct clew_step *step = calls[i].item;
                struct clew_messages in;
                struct clew_messages out = {0};
                uint32_t same;

                r = clew_step_messages(c->trace, step, CLEW_MESSAGES_IN, c->arena, &in);
                if (r == 0)
                        r = clew_step_messages(c->trace, step, CLEW_MESSAGES_OUT, c->arena, &out);
                if (r < 0 || in.n + out.n == 0)
                        continue;
                same = common_beginning(&before, &in);
                if (same < before.n) { /* rewritten: what was there is kept, what is new added */
                        if (!clew_conversation_add(&c->talk, &before, told) ||
                            !clew_conversation_add(&c->talk, &before_out, 0))
                                return -ENOMEM;
                        told = same;
                }
                before = in;
                before_out = out;
                *ret_last = (uint32_t)(step - c->trace->steps);
        }
        if (r == 0 && (!clew_conversation_add(&c->talk, &before, told) ||
                       !clew_conversation_add(&c->talk, &before_out, 0)))
                r = -ENOMEM;
        return r;
}

/* A run without model calls: what its root was given and gave. */
static int read_root(struct compile *c)
{
        const struct clew_trace *t = c->trace;
        const struct clew_step *root;
        struct clew_messages in = {0};
        struct clew_messages out = {0};
        int r;

        if (t->root == CLEW_STEP_NONE || t->root >= t->n_steps)
                return 0;
        root = &t->steps[t->root];
        r = clew_step_messages(t, root, CLEW_MESSAGES_IN, c->arena, &in);
        if (r == 0)
                r = clew_step_messages(t, root, CLEW_MESSAGES_OUT, c->arena, &out);
        return r < 0 || !clew_conversation_add(&c->talk, &in, 0) ||
                               !clew_conversation_add(&c->talk, &out, 0)
                       ? -ENOMEM
                       : 0;
}

/* Divides the conversation: the input ends with the user's first words (a run) or last (a turn). */
static void divide(struct compile *c)
{
        bool first = c->item->form == CLEW_ITEM_RUN;
        uint32_t end = 0;

        for (uint32_t i = 0; i < c->talk.n; i++) {
                bool is_user = c->talk.items[i].role == CLEW_ROLE_USER;

                if (first && end && !is_user)
                        break;
                if (is_user)
                        end = i + 1;
        }
        if (end == 0) { /* nobody spoke: what stands before the first answer */
                while (end < c->talk.n && c->talk.items[end].role != CLEW_ROLE_ASSISTANT)
                        end++;
        }
        c->item->input = (struct clew_item_messages){c->talk.items, end};
        c->item->trajectory = (struct clew_item_messages){c->talk.items + end, c->talk.n - end};
}

/* ---- calls and output ----------------------------------------------------------------------- */

static const struct clew_item_message *result_of(const struct clew_item_messages *m, uint32_t from,
                                                 const struct clew_item_call *call)
{
        const struct clew_item_message *by_order = NULL;

        for (uint32_t i = from; i < m->n && m->items[i].role != CLEW_ROLE_ASSISTANT; i++) {
                if (m->items[i].role != CLEW_ROLE_TOOL)
                        continue;
                if (call->id.len && clew_slice_eq(m->items[i].call_id, call->id))
                        return &m->items[i];
                if (!by_order && m->items[i].call_id.len == 0)
                        by_order = &m->items[i];
        }
        return by_order;
}

static int collect_calls(struct compile *c)
{
        const struct clew_item_messages *m = &c->item->trajectory;
        struct clew_item_call *calls;
        uint32_t n = 0;

        for (uint32_t i = 0; i < m->n; i++)
                n += m->items[i].n_calls;
        calls = clew_arena_calloc(c->arena, n + 1, sizeof(*calls));
        if (!calls)
                return -ENOMEM;
        n = 0;
        for (uint32_t i = 0; i < m->n; i++) {
                for (uint32_t k = 0; k < m->items[i].n_calls && n < CLEW_ITEM_CALLS_MAX; k++) {
                        const struct clew_item_message *result;

                        calls[n] = m->items[i].calls[k];
                        result = result_of(m, i + 1, &calls[n]);
                        calls[n].has_result = result != NULL;
                        if (result)
                                calls[n].result = result->content;
                        n++;
                }
        }
        c->item->calls = (struct clew_item_calls){calls, n};
        return 0;
}

/* Frameworks that send no messages with calls still have tool steps. */
static int calls_of_tools(struct compile *c)
{
        const struct clew_trace *t = c->trace;
        struct clew_item_call *calls = clew_arena_calloc(c->arena, t->n_tool + 1u, sizeof(*calls));
        uint32_t n = 0;

        if (!calls)
                return -ENOMEM;
        for (uint32_t i = 0; i < t->n_steps && n < t->n_tool && n < CLEW_ITEM_CALLS_MAX; i++) {
                const struct clew_step *s = &t->steps[i];

                if (s->kind != CLEW_KIND_TOOL || clew_step_is(s, CLEW_STEP_WRAPPER))
                        continue;
                calls[n++] = (struct clew_item_call){
                        .id = s->tool_call_id,
                        .name = s->tool_name.len ? s->tool_name : s->name,
                        .arguments = s->tool_arguments,
                        .result = s->error.is_error && s->tool_result.len == 0 ? s->error.message
                                                                               : s->tool_result,
                        .has_result = s->tool_result.len || s->error.is_error,
                        .is_error = s->error.is_error,
                };
        }
        c->item->calls = (struct clew_item_calls){calls, n};
        return 0;
}

/* What a model wrote, as one text: its words, or its calls as JSON. */
static int text_of(struct compile *c, const struct clew_item_message *m, struct clew_slice *ret)
{
        CLEW_BUFFER b = {0};
        struct clew_json_writer w = clew_json_writer_make(&b, 0);

        *ret = m->content;
        if (m->n_calls == 0 || m->content.len)
                return 0;
        clew_buffer_init(&b, CLEW_ITEM_BYTES_MAX);
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < m->n_calls; i++) {
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "name");
                clew_json_write_string(&w, m->calls[i].name);
                clew_json_write_key(&w, "arguments");
                clew_json_write_string(&w, m->calls[i].arguments);
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        *ret = clew_arena_copy(c->arena, clew_buffer_slice(&b));
        return clew_buffer_error(&b) < 0 || !ret->data ? -ENOMEM : 0;
}

static int set_output(struct compile *c)
{
        const struct clew_item_messages *m = &c->item->trajectory;
        const struct clew_trace *t = c->trace;

        for (uint32_t i = m->n; i > 0; i--) {
                if (m->items[i - 1].role != CLEW_ROLE_ASSISTANT)
                        continue;
                c->item->has_output = true;
                return text_of(c, &m->items[i - 1], &c->item->output);
        }
        if (t->root != CLEW_STEP_NONE && t->root < t->n_steps && t->steps[t->root].output.len) {
                c->item->has_output = true;
                c->item->output = t->steps[t->root].output;
        }
        return 0;
}

/* ---- what people said ----------------------------------------------------------------------- */

static uint32_t step_of(const struct compile *c, const struct clew_annotation *a)
{
        return a->target == CLEW_ANNOTATED_SPAN ? clew_trace_find(c->trace, &a->span_id)
                                                : CLEW_STEP_NONE;
}

/* The newest word on the failing step; else what the rules blame in a run that did not pass. */
static int find_blamed(struct compile *c)
{
        const struct clew_trace *t = c->trace;
        struct clew_why why;
        int r;

        c->blamed = CLEW_STEP_NONE;
        if (t->outcome != CLEW_OUTCOME_PASSED && t->outcome != CLEW_OUTCOME_OK) {
                r = clew_why_analyse(t, NULL, 0, c->arena, &why);
                if (r < 0)
                        return r;
                if (why.n_findings) {
                        const struct clew_finding *f = &why.findings[0];

                        c->blamed = f->step;
                        c->item->cause_rule = clew_slice_of_cstr(clew_rule_info(f->rule)->name);
                        c->item->cause_text = f->summary;
                }
        }
        for (uint32_t i = 0; c->reviews && i < c->reviews->n_now; i++) {
                if (c->reviews->now[i].kind == CLEW_FACET_FAILING) {
                        uint32_t step = step_of(c, c->reviews->now[i].by);

                        if (step != CLEW_STEP_NONE)
                                c->blamed = step;
                }
        }
        if (c->blamed != CLEW_STEP_NONE) {
                c->item->failing_step = c->blamed + 1u;
                c->item->failing_span = t->steps[c->blamed].span.span_id;
        }
        return 0;
}

static void add_score(struct clew_item_score *to, const struct clew_facet *f)
{
        const struct clew_annotation_score *s = &f->by->scores[f->index];

        *to = (struct clew_item_score){.name = s->name,
                                       .label = s->label,
                                       .source = f->by->author,
                                       .value = s->value,
                                       .has_value = s->has_value};
}

static int add_said(struct compile *c)
{
        const struct clew_reviews *r = c->reviews;
        uint32_t n_now = r ? r->n_now : 0;
        struct clew_slice *labels = clew_arena_calloc(c->arena, n_now + 1, sizeof(*labels));
        struct clew_slice *notes = clew_arena_calloc(c->arena, n_now + 1, sizeof(*notes));
        struct clew_item_score *scores =
                clew_arena_calloc(c->arena, n_now + c->trace->n_scores + 1, sizeof(*scores));
        struct clew_item *item = c->item;

        if (!labels || !notes || !scores)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_now; i++) {
                const struct clew_facet *f = &r->now[i];
                struct clew_slice name = clew_facet_name(f);
                bool told = false;

                for (uint32_t k = 0; f->kind == CLEW_FACET_LABEL && k < item->n_labels; k++)
                        told = told || clew_slice_eq(labels[k], name);
                if (f->kind == CLEW_FACET_LABEL && !told)
                        labels[item->n_labels++] = name;
                else if (f->kind == CLEW_FACET_SCORE)
                        add_score(&scores[item->n_scores++], f);
                else if (f->kind == CLEW_FACET_NOTE)
                        notes[item->n_notes++] = clew_arena_concat(
                                c->arena,
                                (const struct clew_slice[]){f->by->author, CLEW_SLICE_LITERAL(": "),
                                                            f->by->note},
                                3);
        }
        for (uint32_t i = 0; i < c->trace->n_scores; i++) {
                const struct clew_score *s = &c->trace->scores[i];

                if (s->target == CLEW_SCORE_STEP && s->step != c->trace->root)
                        continue;
                scores[item->n_scores++] = (struct clew_item_score){.name = s->name,
                                                                    .label = s->label,
                                                                    .source = s->source,
                                                                    .value = s->value,
                                                                    .has_value = s->has_value};
        }
        item->labels = labels;
        item->notes = notes;
        item->scores = scores;
        return 0;
}

/* The newest correction of the run (its trace or root), or of one of its steps. */
static const struct clew_annotation *correction(const struct compile *c, bool of_step)
{
        const struct clew_annotation *best = NULL;

        for (uint32_t i = 0; c->reviews && i < c->reviews->n_now; i++) {
                const struct clew_annotation *a = c->reviews->now[i].by;
                uint32_t step = step_of(c, a);
                bool is_step = step != CLEW_STEP_NONE && step != c->trace->root;

                if (c->reviews->now[i].kind == CLEW_FACET_CORRECTION && is_step == of_step)
                        best = a;
        }
        return best;
}

/* The call that a corrected step made: its own (a tool), or the first that the model asked for. */
static int corrected_call(struct compile *c, const struct clew_annotation *a)
{
        uint32_t i = step_of(c, a);
        const struct clew_step *s = i == CLEW_STEP_NONE ? NULL : &c->trace->steps[i];
        struct clew_item_call *call = clew_arena_calloc(c->arena, 1, sizeof(*call));
        struct clew_messages out = {0};

        if (!call)
                return -ENOMEM;
        if (s && s->kind == CLEW_KIND_TOOL)
                call->name = s->tool_name.len ? s->tool_name : s->name;
        else if (s && clew_step_messages(c->trace, s, CLEW_MESSAGES_OUT, c->arena, &out) < 0)
                return -ENOMEM;
        for (uint32_t m = 0; m < out.n && call->name.len == 0; m++) {
                for (uint32_t p = 0; p < out.items[m].n_parts && call->name.len == 0; p++) {
                        if (out.items[m].parts[p].type == CLEW_PART_TOOL_CALL)
                                call->name = out.items[m].parts[p].name;
                }
        }
        if (call->name.len == 0)
                return 0;
        call->arguments = a->correction;
        c->item->expected_calls = (struct clew_item_calls){call, 1};
        return 0;
}

static int set_expected(struct compile *c)
{
        bool is_step = c->item->form == CLEW_ITEM_STEP;
        const struct clew_annotation *of_step = correction(c, true);
        const struct clew_annotation *a = is_step ? of_step : correction(c, false);
        bool passed = c->trace->outcome == CLEW_OUTCOME_PASSED;
        int r = of_step ? corrected_call(c, of_step) : 0;

        if (r < 0)
                return r;
        if (a) {
                c->item->expected = a->correction;
                c->item->has_expected = true;
                c->item->expected_from = CLEW_SLICE_LITERAL("correction");
        } else if (passed && c->item->has_output) {
                c->item->expected = c->item->output;
                c->item->has_expected = true;
                c->item->expected_from = CLEW_SLICE_LITERAL("recorded");
                if (c->item->expected_calls.n == 0)
                        c->item->expected_calls = c->item->calls;
        } else if (c->item->expected_calls.n) {
                c->item->expected_from = CLEW_SLICE_LITERAL("correction");
        }
        return 0;
}

/* ---- the forms ------------------------------------------------------------------------------ */

static void set_source(struct compile *c, uint32_t step)
{
        const struct clew_trace *t = c->trace;
        struct clew_item *item = c->item;

        item->trace_id = t->id;
        item->name = t->name;
        item->service = t->service;
        item->session = t->session;
        item->agent = t->n_agents ? t->agents[0].name : CLEW_SLICE_NULL;
        item->model = t->n_models ? t->models[0].name : CLEW_SLICE_NULL;
        item->outcome = clew_slice_of_cstr(clew_outcome_name(t->outcome));
        item->start_ns = t->start_ns;
        item->duration_ns = t->end_ns > t->start_ns ? t->end_ns - t->start_ns : 0;
        item->tokens_in = t->tokens.in;
        item->tokens_out = t->tokens.out;
        item->cost_usd = t->cost_usd;
        item->has_cost = t->has_cost;
        if (step != CLEW_STEP_NONE && step < t->n_steps) {
                item->span_id = t->steps[step].span.span_id;
                item->step = step + 1u;
        }
}

static int set_tools(struct compile *c, uint32_t llm)
{
        if (llm == CLEW_STEP_NONE)
                return 0;
        return clew_step_tool_definitions(c->trace, &c->trace->steps[llm], c->arena,
                                          &c->item->tools, &c->item->n_tools);
}

/* The model call that is to be asked again: the blamed one, or the one behind a blamed tool. */
static uint32_t asked(const struct compile *c, uint32_t step)
{
        const struct clew_trace *t = c->trace;

        if (step >= t->n_steps || t->steps[step].kind == CLEW_KIND_LLM)
                return step;
        if (clew_trace_caller(t, step) != CLEW_STEP_NONE)
                return clew_trace_caller(t, step);
        for (uint32_t i = step; i > 0; i--) { /* the last call before it by the same agent */
                if (t->steps[i - 1].kind == CLEW_KIND_LLM &&
                    t->steps[i - 1].agent == t->steps[step].agent)
                        return i - 1;
        }
        return CLEW_STEP_NONE;
}

static bool same_words(const struct clew_item_message *a, const struct clew_item_message *b)
{
        if (!clew_slice_eq(a->content, b->content) || a->n_calls != b->n_calls)
                return false;
        for (uint32_t i = 0; i < a->n_calls; i++) {
                if (!clew_slice_eq(a->calls[i].name, b->calls[i].name) ||
                    !clew_slice_eq(a->calls[i].arguments, b->calls[i].arguments))
                        return false;
        }
        return true;
}

/* Which of the model's messages the blamed step (or the call behind it) wrote. */
static int find_failing_message(struct compile *c)
{
        const struct clew_item_messages *m = &c->item->trajectory;
        struct clew_conversation talk = {.arena = c->arena};
        struct clew_messages out;
        uint32_t step = c->blamed == CLEW_STEP_NONE ? c->blamed : asked(c, c->blamed);
        uint64_t n = 0;

        if (step == CLEW_STEP_NONE)
                return 0;
        if (clew_step_messages(c->trace, &c->trace->steps[step], CLEW_MESSAGES_OUT, c->arena,
                               &out) < 0 ||
            !clew_conversation_add(&talk, &out, 0))
                return -ENOMEM;
        for (uint32_t i = 0; talk.n && i < m->n && c->item->failing_message == 0; i++) {
                if (m->items[i].role != CLEW_ROLE_ASSISTANT)
                        continue;
                n++;
                if (same_words(&m->items[i], &talk.items[0]))
                        c->item->failing_message = n;
        }
        return 0;
}

static int compile_run(struct compile *c)
{
        uint32_t last = CLEW_STEP_NONE;
        int r = read_conversation(c, &last);

        if (r == 0 && c->talk.n == 0)
                r = read_root(c);
        if (r < 0)
                return r;
        if (c->talk.n == 0)
                return no(c, "neither a model call nor the root has messages");
        divide(c);
        set_source(c, c->trace->root);
        r = find_failing_message(c);
        if (r == 0)
                r = collect_calls(c);
        if (r == 0 && c->item->calls.n == 0 && c->item->form == CLEW_ITEM_RUN)
                r = calls_of_tools(c);
        if (r == 0)
                r = set_output(c);
        return r < 0 ? r : set_tools(c, last);
}

static int compile_step(struct compile *c, uint64_t number)
{
        struct clew_content_id task;
        struct clew_messages in;
        struct clew_messages out;
        uint32_t step = number ? (uint32_t)(number - 1) : c->blamed;
        uint32_t n_in;
        int r;

        if (number > c->trace->n_steps)
                return no(c, "the trace has no step of that number");
        if (step == CLEW_STEP_NONE)
                return no(c, "no step is said to be failing, and no rule blames one");
        step = asked(c, step);
        if (step == CLEW_STEP_NONE)
                return no(c, "no model call stands behind the step");
        /* The task is the run's, so that cases of one task never lie in two splits. */
        r = compile_run(c);
        if (r == 0)
                r = clew_item_set_task(c->item, c->arena);
        if (r < 0)
                return r;
        task = c->item->task;
        c->talk.items = NULL;
        c->talk.n = c->talk.room = 0;
        r = clew_step_messages(c->trace, &c->trace->steps[step], CLEW_MESSAGES_IN, c->arena, &in);
        if (r == 0)
                r = clew_step_messages(c->trace, &c->trace->steps[step], CLEW_MESSAGES_OUT,
                                       c->arena, &out);
        if (r < 0)
                return r;
        if (in.n == 0)
                return no(c, "the input of the model call was not recorded");
        if (!clew_conversation_add(&c->talk, &in, 0))
                return -ENOMEM;
        n_in = c->talk.n;
        if (!clew_conversation_add(&c->talk, &out, 0))
                return -ENOMEM;
        c->item->input = (struct clew_item_messages){c->talk.items, n_in};
        c->item->trajectory = (struct clew_item_messages){c->talk.items + n_in, c->talk.n - n_in};
        c->item->has_output = false;
        c->item->output = CLEW_SLICE_NULL;
        c->item->failing_message = out.n ? 1 : 0;
        set_source(c, step);
        c->item->task = task;
        r = collect_calls(c);
        if (r == 0)
                r = set_output(c);
        return r < 0 ? r : set_tools(c, step);
}

int clew_item_compile(const struct clew_trace *trace, const struct clew_reviews *reviews,
                      const struct clew_compile_options *options, struct clew_arena *arena,
                      struct clew_item *ret, struct clew_error *err)
{
        struct compile c = {
                .trace = trace, .reviews = reviews, .arena = arena, .item = ret, .err = err};
        int r;

        *ret = (struct clew_item){.form = options->form};
        c.talk.arena = arena;
        r = trace->left_out ? no(&c, "a rule of retention left its texts out") : find_blamed(&c);
        if (r == 0)
                r = options->form == CLEW_ITEM_STEP ? compile_step(&c, options->step)
                                                    : compile_run(&c);
        if (r == 0)
                r = add_said(&c);
        if (r == 0)
                r = set_expected(&c);
        if (r == 0 && options->form != CLEW_ITEM_STEP)
                r = clew_item_set_task(ret, arena);
        if (r == -ENOMEM || clew_arena_failed(arena))
                return clew_error_set(err, -ENOMEM, 0, "the trace is too large to be compiled");
        return r;
}
