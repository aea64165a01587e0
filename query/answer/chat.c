/*
 * See chat.h.
 *
 * The messages of a call are compared, by hash, with the *threads* seen so far (an agent and each
 * of its sub-agents talk in threads of their own): the thread with the longest common beginning
 * continues, and what goes beyond it is told. Where a history was rewritten (compacted, edited)
 * that is said, and only messages that the thread never held are told. Who sends with each call
 * only what is new goes on with the thread of the same agent.
 */
#include "query/answer/chat.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/answer/message-record-int.h"
#include "query/answer/values.h"
#include "query/find/select.h"

#include <errno.h>
#include <stdlib.h>

/* Conversations going on beside each other; the longest idle one is forgotten. */
#define THREADS_MAX 64u
/* Messages remembered of one thread; beyond it only the beginning is compared. */
#define THREAD_MESSAGES_MAX 100000u
/* Layers of one call that are looked at. */
#define LAYERS_MAX 16u

/* Calls that an input may repeat: it does so soon. */
#define TOLD_MAX 256u

struct thread {
        uint64_t *hashes;
        uint32_t n;
        uint32_t max;
        uint64_t used;  /* turn in which it was used last */
        uint32_t agent; /* of its latest call, and that call's trace: for calls without an input */
        uint32_t trace;
        bool news; /* its calls were sent with what was new only */
};

struct clew_chat {
        struct clew_chat_listener listener;
        const struct clew_trace *trace; /* at hand */
        uint32_t step;                  /* index of the call at hand */
        const char *session;            /* only this one's part of a trace; NULL = all */
        struct clew_arena scratch;      /* messages of one call */
        struct thread threads[THREADS_MAX];
        uint32_t n_threads;
        uint64_t turns;
        uint32_t last_thread;
        uint32_t n_traces;
        uint32_t *first_result; /* by step: its first RESULT edge, then chained by edge */
        uint32_t *next_result;
        bool *heard;             /* by step: what it gave led to another one */
        uint64_t latest_ns;      /* when its last model call began */
        uint64_t told[TOLD_MAX]; /* hashes of calls told from the tools' own steps, the latest */
        uint32_t n_told;
        bool inferred;     /* with borrowed: by an edge that is */
        uint32_t borrowed; /* the step that the message at hand comes from; NONE = the call */
};

static const struct clew_step *step_of(const struct clew_chat *c)
{
        return &c->trace->steps[c->step];
}

static uint64_t call_hash(const struct clew_chat *c, struct clew_slice id)
{
        return clew_hash_seeded(id, c->n_traces);
}

static void note_told(struct clew_chat *c, struct clew_slice id)
{
        if (id.len > 0)
                c->told[c->n_told++ % TOLD_MAX] = call_hash(c, id);
}

/* Calls that a later input repeats, after the tools' own steps have told them. */
static bool is_told(const struct clew_chat *c, const struct clew_message *m)
{
        uint32_t n = c->n_told < TOLD_MAX ? c->n_told : TOLD_MAX;

        for (uint32_t k = 0; k < m->n_parts; k++) {
                const struct clew_part *p = &m->parts[k];
                uint64_t hash = call_hash(c, p->id);
                bool found = false;

                if (p->type == CLEW_PART_TEXT && p->text.len == 0)
                        continue;
                for (uint32_t i = 0; i < n && !found; i++)
                        found = c->told[i] == hash;
                if (p->type != CLEW_PART_TOOL_CALL || p->id.len == 0 || !found)
                        return false;
        }
        return m->role == CLEW_ROLE_ASSISTANT && m->n_parts > 0;
}

static int remember(struct thread *t, uint64_t hash)
{
        if (t->n == THREAD_MESSAGES_MAX)
                return 0;
        if (t->n == t->max) {
                uint32_t max = t->max ? t->max * 2 : 64;
                uint64_t *grown = clew_realloc_array(t->hashes, max, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                t->hashes = grown;
                t->max = max;
        }
        t->hashes[t->n++] = hash;
        return 0;
}

static uint32_t common_beginning(const struct thread *t, const struct clew_messages *m)
{
        uint32_t n = 0;

        while (n < t->n && n < m->n && t->hashes[n] == m->items[n].hash)
                n++;
        return n;
}

static bool holds(const struct thread *t, uint64_t hash)
{
        for (uint32_t i = t->n; i-- > 0;) {
                if (t->hashes[i] == hash)
                        return true;
        }
        return false;
}

/* A thread that shares only the system prompt with a call is another conversation. */
static uint32_t shared_for(const struct clew_messages *m, uint32_t common)
{
        return common == 1 && m->items[0].role == CLEW_ROLE_SYSTEM ? 0 : common;
}

/* What the agent of the call at hand said last in this run. */
static struct thread *latest_of_agent(struct clew_chat *c)
{
        struct thread *best = NULL;

        for (uint32_t i = 0; i < c->n_threads; i++) {
                if (c->threads[i].agent == step_of(c)->agent &&
                    c->threads[i].trace == c->n_traces &&
                    (!best || c->threads[i].used > best->used))
                        best = &c->threads[i];
        }
        return best;
}

/* What tools said; Anthropic's messages have it from the user. */
static bool is_of_tools(const struct clew_message *m)
{
        for (uint32_t k = 0; k < m->n_parts; k++) {
                if (m->parts[k].type != CLEW_PART_TOOL_RESULT)
                        return m->role == CLEW_ROLE_TOOL;
        }
        return m->role == CLEW_ROLE_TOOL || m->n_parts > 0;
}

/*
 * Some senders repeat no history: the input of a call is what came since the last one, perhaps
 * behind the system prompt. Where it begins with what a tool said, it cannot be a beginning; and
 * what log records tell is never more than what is new. *@ret: how much of it is no news.
 */
static struct thread *thread_of_news(struct clew_chat *c, const struct clew_messages *m,
                                     uint32_t *ret)
{
        struct thread *t = latest_of_agent(c);
        uint32_t first = 0;

        while (first < m->n && m->items[first].role == CLEW_ROLE_SYSTEM)
                first++;
        if (!t || first == m->n ||
            !(t->news || is_of_tools(&m->items[first]) ||
              clew_step_is(step_of(c), CLEW_STEP_FROM_LOGS)))
                return NULL;
        for (uint32_t i = 0; i < first; i++) {
                if (!holds(t, m->items[i].hash))
                        return NULL;
        }
        t->news = true;
        *ret = first;
        return t;
}

static struct thread *find_thread(struct clew_chat *c, const struct clew_messages *m, uint32_t *ret,
                                  bool *ret_news)
{
        struct thread *best = m->n == 0 ? latest_of_agent(c) : NULL;
        uint32_t best_common = 0;

        *ret_news = false;
        if (best) { /* without an input it goes on with what its agent said last */
                *ret = best->n;
                return best;
        }
        for (uint32_t i = 0; i < c->n_threads; i++) {
                uint32_t common = shared_for(m, common_beginning(&c->threads[i], m));

                if (common > best_common) {
                        best = &c->threads[i];
                        best_common = common;
                }
        }
        if (!best) {
                best = thread_of_news(c, m, ret);
                *ret_news = best != NULL;
                if (best)
                        return best;
                best = &c->threads[0];
                for (uint32_t i = 0; i < c->n_threads; i++) {
                        if (c->threads[i].used < best->used)
                                best = &c->threads[i];
                }
                if (c->n_threads < THREADS_MAX)
                        best = &c->threads[c->n_threads++];
                best->n = 0;
                best->news = false;
        }
        *ret = best_common;
        return best;
}

/* ---- telling -------------------------------------------------------------------------------- */

static int put_message(struct clew_chat *c, const struct clew_message *m, bool is_answer)
{
        const struct clew_chat_message told = {
                .trace = c->trace,
                .message = m,
                .step = c->step,
                .thread = c->last_thread + 1,
                .is_answer = is_answer,
                .from_step = c->borrowed,
                .inferred = c->inferred,
        };

        return c->listener.message(c->listener.context, &told);
}

static void note_thread(struct clew_chat *c, uint32_t thread, bool is_new, bool rewritten)
{
        if (c->turns > 1 && thread != c->last_thread && c->listener.thread)
                c->listener.thread(c->listener.context, thread + 1, is_new);
        if (rewritten && c->listener.rewritten)
                c->listener.rewritten(c->listener.context);
        c->last_thread = thread;
}

static bool has_calls(const struct clew_messages *m)
{
        for (uint32_t i = 0; i < m->n; i++) {
                for (uint32_t k = 0; k < m->items[i].n_parts; k++) {
                        if (m->items[i].parts[k].type == CLEW_PART_TOOL_CALL)
                                return true;
                }
        }
        return false;
}

static bool is_blank(const struct clew_message *m)
{
        for (uint32_t k = 0; k < m->n_parts; k++) {
                if (m->parts[k].type != CLEW_PART_TEXT || m->parts[k].text.len > 0)
                        return false;
        }
        return true;
}

/* A tool's step that recorded neither arguments nor result still was called, and may have failed.
 */
static struct clew_messages bare_message(const struct clew_step *tool, bool call,
                                         struct clew_part *part, struct clew_message *message)
{
        *part = (struct clew_part){.type = call ? CLEW_PART_TOOL_CALL : CLEW_PART_TOOL_RESULT,
                                   .name = tool->tool_name,
                                   .id = tool->tool_call_id};
        if (!call) {
                part->is_error = true;
                part->text = tool->error.message.len > 0 ? tool->error.message : tool->error.type;
        }
        *message = (struct clew_message){
                .role = call ? CLEW_ROLE_ASSISTANT : CLEW_ROLE_TOOL, .parts = part, .n_parts = 1};
        return (struct clew_messages){.items = message,
                                      .n = tool->kind == CLEW_KIND_TOOL &&
                                           (call || tool->error.is_error)};
}

/* One message of another step, as part of the call at hand. */
static int put_borrowed(struct clew_chat *c, const struct clew_edge *e)
{
        bool call = e->type == CLEW_EDGE_CALL;
        uint32_t from = call ? e->to : e->from;
        const struct clew_trace *trace = c->trace;
        struct clew_messages m = {0};
        struct clew_message message;
        struct clew_part part;
        int r = clew_step_messages(trace, &trace->steps[from],
                                   call ? CLEW_MESSAGES_IN : CLEW_MESSAGES_OUT, &c->scratch, &m);

        if (r == 0 && m.n == 0)
                m = bare_message(&trace->steps[from], call, &part, &message);
        c->borrowed = from;
        c->inferred = e->inferred;
        for (uint32_t k = 0; k < m.n && r == 0; k++)
                r = put_message(c, &m.items[k], call);
        if (call)
                note_told(c, trace->steps[from].tool_call_id);
        c->borrowed = CLEW_STEP_NONE;
        return r;
}

/* The calls of the step at hand, as the tools' own steps have them. @ret_n counts them; they are
 * printed when @print says so. */
static int put_calls(struct clew_chat *c, bool print, uint32_t *ret_n)
{
        uint32_t n = 0;
        const struct clew_edge *edges = clew_trace_edges_from(c->trace, c->step, &n);
        int r = 0;

        *ret_n = 0;
        for (uint32_t i = 0; i < n && r == 0; i++) {
                if (edges[i].type != CLEW_EDGE_CALL)
                        continue;
                ++*ret_n;
                r = print ? put_borrowed(c, &edges[i]) : 0;
        }
        return r;
}

/* The results that the step at hand followed. */
static int put_results(struct clew_chat *c)
{
        int r = 0;

        for (uint32_t i = c->first_result[c->step]; i != CLEW_STEP_NONE && r == 0;
             i = c->next_result[i])
                r = put_borrowed(c, &c->trace->edges[i]);
        return r;
}

/* What the tools gave that no model was asked after: no call is left whose input says it. */
static int put_unheard(struct clew_chat *c)
{
        uint32_t n = 0;
        const struct clew_edge *edges = clew_trace_edges_from(c->trace, c->step, &n);
        int r = 0;

        for (uint32_t i = 0; i < n && r == 0; i++) {
                const struct clew_step *tool = &c->trace->steps[edges[i].to];
                const struct clew_edge result = {.from = edges[i].to,
                                                 .to = c->step,
                                                 .type = CLEW_EDGE_RESULT,
                                                 .inferred = edges[i].inferred};

                if (edges[i].type == CLEW_EDGE_CALL && !c->heard[edges[i].to] &&
                    tool->end_ns >= c->latest_ns)
                        r = put_borrowed(c, &result);
        }
        return r;
}

/* How many messages at the front of an answer are those that went in: a state is given out whole.
 */
static uint32_t repeated(const struct clew_messages *in, const struct clew_messages *out)
{
        uint32_t from = 0;
        uint32_t n = 0;

        while (from < in->n && in->items[from].role == CLEW_ROLE_SYSTEM && out->n > 0 &&
               out->items[0].role != CLEW_ROLE_SYSTEM)
                from++;
        while (n < out->n && from + n < in->n && out->items[n].hash == in->items[from + n].hash)
                n++;
        return from + n == in->n && n < out->n ? n : 0;
}

/* Its answer; calls that it does not name come from the tools' own steps. */
static int put_answer(struct clew_chat *c, struct thread *t, const struct clew_messages *out,
                      uint32_t first)
{
        uint32_t n = 0;
        int r = has_calls(out) ? 0 : put_calls(c, false, &n);

        for (uint32_t i = first; i < out->n && r == 0; i++) {
                if (n == 0 || !is_blank(&out->items[i]))
                        r = put_message(c, &out->items[i], true);
                if (r == 0)
                        r = remember(t, out->items[i].hash);
        }
        return r == 0 && n > 0 ? put_calls(c, true, &n) : r;
}

/* Cut before the first text: what the tools' own steps tell says more. */
static bool is_unreadable(const struct clew_messages *m)
{
        for (uint32_t i = 0; i < m->n; i++) {
                for (uint32_t k = 0; k < m->items[i].n_parts; k++) {
                        const struct clew_part *p = &m->items[i].parts[k];

                        if (p->type != CLEW_PART_OTHER ||
                            (p->name.len > 0 && !clew_slice_eq_cstr(p->name, "unreadable")))
                                return false;
                }
        }
        return m->n > 0 && m->truncated;
}

/* Neither it nor the tools around it have anything to tell. */
static bool is_silent(struct clew_chat *c, const struct clew_messages *in,
                      const struct clew_messages *out)
{
        uint32_t n_calls = 0;

        return in->n == 0 && out->n == 0 && c->first_result[c->step] == CLEW_STEP_NONE &&
               put_calls(c, false, &n_calls) == 0 && n_calls == 0;
}

/* One model call: prints what is new in its input, then its answer, unless only the question is
 * wanted. */
static int put_turn(struct clew_chat *c, bool answer)
{
        struct clew_messages in = {0};
        struct clew_messages out = {0};
        struct thread *t;
        uint32_t common;
        bool rewritten;
        bool news;
        int r;

        clew_arena_reset(&c->scratch);
        r = clew_step_messages(c->trace, step_of(c), CLEW_MESSAGES_IN, &c->scratch, &in);
        if (r == 0)
                r = clew_step_messages(c->trace, step_of(c), CLEW_MESSAGES_OUT, &c->scratch, &out);
        if (r < 0 || is_silent(c, &in, &out))
                return r;
        if (is_unreadable(&in))
                in.n = 0;
        t = find_thread(c, &in, &common, &news);
        t->used = ++c->turns;
        rewritten = !news && common > 0 && common < t->n && in.n > common;
        note_thread(c, (uint32_t)(t - c->threads), t->n == 0, rewritten);
        if (in.n == 0 && t->n > 0)
                r = put_results(c);
        t->agent = step_of(c)->agent;
        t->trace = c->n_traces;
        for (uint32_t i = common; i < in.n && r == 0; i++) {
                if ((!rewritten || !holds(t, in.items[i].hash)) && !is_told(c, &in.items[i]))
                        r = put_message(c, &in.items[i], false);
        }
        if (rewritten)
                t->n = common;
        for (uint32_t i = news ? common : t->n; i < in.n && r == 0; i++)
                r = remember(t, in.items[i].hash);
        if (r == 0 && answer)
                r = put_answer(c, t, &out, repeated(&in, &out));
        return r == 0 && answer ? put_unheard(c) : r;
}

/* ---- traces --------------------------------------------------------------------------------- */

struct call {
        uint64_t start_ns;
        uint32_t step;
};

static int by_start(const void *a, const void *b)
{
        const struct call *x = a;
        const struct call *y = b;

        if (x->start_ns != y->start_ns)
                return x->start_ns < y->start_ns ? -1 : 1;
        return x->step < y->step ? -1 : x->step > y->step;
}

/* The model calls of the trace in time order. */
static int list_calls(struct clew_chat *c, struct clew_arena *arena, struct call **ret,
                      uint32_t *ret_n)
{
        const struct clew_trace *trace = c->trace;
        const struct clew_name_filter wanted = {&c->session, 1};
        struct call *calls = clew_arena_calloc(arena, trace->n_steps, sizeof(*calls));
        uint32_t n = 0;

        if (!calls)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                /* A run that belongs to another session may hold a part of this one. */
                if (c->session && s->session.len > 0 &&
                    !clew_name_filter_matches(&wanted, s->session) &&
                    !clew_name_filter_matches(&wanted, s->other_session))
                        continue;
                if (s->kind == CLEW_KIND_LLM &&
                    !clew_step_is(s, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT))
                        calls[n++] = (struct call){s->start_ns, i};
        }
        qsort(calls, n, sizeof(*calls), by_start);
        c->latest_ns = n > 0 ? calls[n - 1].start_ns : 0;
        *ret = calls;
        *ret_n = n;
        return 0;
}

/* Result edges by the step that they lead to, in the order of the tools. */
static int index_results(struct clew_chat *c, struct clew_arena *arena)
{
        const struct clew_trace *trace = c->trace;

        c->first_result = clew_arena_alloc(arena, ((size_t)trace->n_steps + 1) * sizeof(uint32_t));
        c->next_result = clew_arena_alloc(arena, ((size_t)trace->n_edges + 1) * sizeof(uint32_t));
        c->heard = clew_arena_calloc(arena, (size_t)trace->n_steps + 1, sizeof(bool));
        if (!c->first_result || !c->next_result || !c->heard)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++)
                c->first_result[i] = CLEW_STEP_NONE;
        for (uint32_t i = trace->n_edges; i-- > 0;) {
                const struct clew_edge *e = &trace->edges[i];

                if (e->type != CLEW_EDGE_RESULT || e->to >= trace->n_steps)
                        continue;
                c->heard[e->from] = true;
                c->next_result[i] = c->first_result[e->to];
                c->first_result[e->to] = i;
        }
        return 0;
}

static bool has_content(const struct clew_step *s)
{
        return s->input.len > 0 || clew_step_is(s, CLEW_STEP_REDACTED) ||
               clew_step_is(s, CLEW_STEP_ANSWERED);
}

/* Whether some call, or a layer of it, tells what went in or came out. */
static bool calls_tell(const struct clew_trace *trace, const struct call *calls, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                const struct clew_step *s = &trace->steps[calls[i].step];

                if (has_content(s))
                        return true;
                for (unsigned k = 0; k < LAYERS_MAX && s->next_layer != CLEW_STEP_NONE; k++) {
                        s = &trace->steps[s->next_layer];
                        if (has_content(s))
                                return true;
                }
        }
        return false;
}

/* Messages that events or log records tell, one by one, are no text of the step. */
static bool is_told_by_events(struct clew_chat *c, const struct clew_step *s)
{
        struct clew_messages m = {0};

        if (!s->span.has_events && s->n_logs == 0)
                return false;
        for (int d = CLEW_MESSAGES_IN; m.n == 0 && d <= CLEW_MESSAGES_OUT; d++) {
                clew_arena_reset(&c->scratch);
                if (clew_step_messages(c->trace, s, (enum clew_direction)d, &c->scratch, &m) < 0)
                        return false;
        }
        return m.n > 0;
}

static bool speaks(struct clew_chat *c, const struct clew_step *s)
{
        return has_content(s) || is_told_by_events(c, s);
}

/* Who speaks for a run whose calls do not: the root, else the next agent or chain at the top that
 * has something to say, from @from on. CLEW_STEP_NONE when nobody is left. */
static uint32_t next_speaker(struct clew_chat *c, uint32_t from)
{
        const struct clew_trace *trace = c->trace;

        if (from == 0 && trace->root != CLEW_STEP_NONE && speaks(c, &trace->steps[trace->root]))
                return trace->root;
        for (uint32_t i = from; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                if ((s->kind == CLEW_KIND_AGENT || s->kind == CLEW_KIND_CHAIN) && speaks(c, s))
                        return i;
        }
        return CLEW_STEP_NONE;
}

/* Calls without content, or none: each speaker's question, what tools were asked in between, and
 * its answer. */
static int put_speakers(struct clew_chat *c, const struct call *calls, uint32_t n)
{
        const struct clew_trace *trace = c->trace;
        uint32_t at = next_speaker(c, 0);
        uint32_t done = 0;
        int r = 0;

        for (; at != CLEW_STEP_NONE && r == 0; at = next_speaker(c, at)) {
                uint32_t last = at + trace->steps[at].n_descendants;

                c->step = at;
                r = put_turn(c, false);
                for (; done < n && calls[done].step <= last && r == 0; done++) {
                        c->step = calls[done].step;
                        r = put_turn(c, true);
                }
                c->step = at;
                if (r == 0)
                        r = put_turn(c, true);
                if (at == trace->root)
                        break;
                at = last + 1;
        }
        for (; done < n && r == 0; done++) {
                c->step = calls[done].step;
                r = put_turn(c, true);
        }
        return r;
}

/* What was asked of the agent around the first call, when the call does not tell what it was given:
 * some senders tell the user's words and the model's answers, and no requests. */
static int put_question(struct clew_chat *c, uint32_t call)
{
        const struct clew_trace *trace = c->trace;
        struct clew_messages in = {0};
        int r;

        clew_arena_reset(&c->scratch);
        r = clew_step_messages(trace, &trace->steps[call], CLEW_MESSAGES_IN, &c->scratch, &in);
        if (r < 0 || in.n > 0)
                return r;
        for (uint32_t i = trace->steps[call].parent; i != CLEW_STEP_NONE;
             i = trace->steps[i].parent) {
                const struct clew_step *s = &trace->steps[i];

                if ((s->kind != CLEW_KIND_AGENT && s->kind != CLEW_KIND_CHAIN) || !speaks(c, s))
                        continue;
                c->step = i;
                return put_turn(c, false);
        }
        return 0;
}

struct clew_chat *clew_chat_new(const struct clew_chat_listener *listener, const char *session,
                                size_t scratch_bytes)
{
        struct clew_chat *c = clew_calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->listener = *listener;
        c->session = session;
        c->borrowed = CLEW_STEP_NONE;
        clew_arena_init(&c->scratch, scratch_bytes);
        return c;
}

void clew_chat_free(struct clew_chat *c)
{
        if (!c)
                return;
        for (uint32_t i = 0; i < THREADS_MAX; i++)
                clew_free(c->threads[i].hashes);
        clew_arena_deinit(&c->scratch);
        clew_free(c);
}

int clew_chat_trace(struct clew_chat *c, const struct clew_trace *trace, struct clew_arena *arena)
{
        struct call *calls = NULL;
        uint32_t n = 0;
        int r;

        c->n_traces++;
        c->trace = trace;
        r = list_calls(c, arena, &calls, &n);
        if (r == 0)
                r = index_results(c, arena);
        if (r == 0 && !calls_tell(trace, calls, n))
                return put_speakers(c, calls, n);
        if (r == 0 && n > 0)
                r = put_question(c, calls[0].step);
        for (uint32_t i = 0; i < n && r == 0; i++) {
                c->step = calls[i].step;
                r = put_turn(c, true);
        }
        return r;
}

int clew_chat_put(struct clew_record_writer *out, const struct clew_chat_message *m)
{
        struct clew_json_writer w = clew_record_begin(out, "message");

        clew_json_write_key(&w, "trace_id");
        clew_write_trace_id(&w, &m->trace->id);
        clew_json_write_key(&w, "step");
        clew_json_write_uint64(&w, m->step + 1);
        clew_json_write_key(&w, "thread");
        clew_json_write_uint64(&w, m->thread);
        clew_json_write_key(&w, "direction");
        clew_json_write_cstr(&w, m->is_answer ? "out" : "in");
        if (m->from_step != CLEW_STEP_NONE) {
                clew_json_write_key(&w, "from_step");
                clew_json_write_uint64(&w, m->from_step + 1);
                clew_json_write_key(&w, "inferred");
                clew_json_write_bool(&w, m->inferred);
        }
        clew_json_write_key(&w, "message");
        clew_write_message(&w, m->message);
        return clew_record_end(out, &w);
}
