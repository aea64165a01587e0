/*
 * Which span tells of the same call as log records do.
 *
 * By the id of the call where both carry one; else a model call by its counts, a tool call by its
 * tool, and both by their time; else the span of a call that the records name as their own. A span
 * is the partner of one step at most, so that what happened twice stays twice.
 */
#include "query/model/log-run-int.h"

#include "proto/base/compiler.h"
#include "proto/base/hash.h"
#include "proto/base/sort.h"
#include "proto/otlp/walk.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <string.h>

/* Records are written when a call has ended, and stamped a little later; clocks of one program. */
#define SLACK_NS (2 * 1000000000ull)
/* Spans with the same id, the same counts, or of the same tool that are looked at for one step. */
#define LOOK_MAX 256u

enum token { TOKEN_CALL, TOKEN_TOOL_CALL, TOKEN_COUNTS, TOKEN_TOOL };

struct partner {
        struct clew_span_id id;
        struct clew_trace_id trace_id;
        uint64_t start_ns;
        uint64_t end_ns;
        bool is_call;  /* says of itself that it is a model call */
        bool is_agent; /* ... the agent that does what a user asked */
        bool is_root;
        bool used;
};

struct mark {
        enum token token;
        struct clew_slice text; /* an id, a tool's name */
        uint64_t in;
        uint64_t out;
        struct partner *partner;
};

struct index {
        struct mark *marks;
        struct clew_sort_entry *order;
        uint32_t n;
        struct partner *partners;    /* one for each span */
        struct clew_sort_entry *ids; /* of all spans, to their partners */
        uint32_t n_ids;
};

static uint64_t hash_of(const struct mark *m)
{
        uint64_t counts[2] = {m->in, m->out};

        return m->token == TOKEN_COUNTS
                       ? clew_hash_seeded(clew_slice_make(counts, sizeof(counts)), m->token)
                       : clew_hash_seeded(m->text, m->token);
}

static bool same(const struct mark *a, const struct mark *b)
{
        return a->token == b->token && a->in == b->in && a->out == b->out &&
               clew_slice_eq(a->text, b->text);
}

/* ---- what spans carry -------------------------------------------------------------------------
 */

static const struct {
        const char *key;
        enum token token;
} carried[] = {
        {"tool_use_id", TOKEN_TOOL_CALL},
        {"gen_ai.tool.call.id", TOKEN_TOOL_CALL},
        {"gen_ai.tool.call_id", TOKEN_TOOL_CALL},
        {"call_id", TOKEN_TOOL_CALL},
        {"request_id", TOKEN_CALL},
        {"gen_ai.response.id", TOKEN_CALL},
        {"gen_ai.tool.name", TOKEN_TOOL},
        {"tool_name", TOKEN_TOOL},
};

/* Counts as they stand in two spellings, which may differ: one with cached input, one without. */
static const struct {
        const char *in;
        const char *out;
} spellings[] = {{"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"},
                 {"input_tokens", "output_tokens"}};
#define N_SPELLINGS CLEW_ARRAY_LEN(spellings)

struct counted {
        uint64_t in[N_SPELLINGS];
        uint64_t out[N_SPELLINGS];
        bool has_in[N_SPELLINGS];
        bool has_out[N_SPELLINGS];
};

static void read_count(struct clew_slice key, struct clew_slice raw, struct counted *c)
{
        for (size_t i = 0; i < N_SPELLINGS; i++) {
                bool is_in = clew_slice_eq_cstr(key, spellings[i].in);
                struct clew_value v;
                double number;

                if ((!is_in && !clew_slice_eq_cstr(key, spellings[i].out)) ||
                    !clew_value_parse(raw, &v) || !clew_value_number(&v, &number) || number < 0)
                        continue;
                *(is_in ? &c->in[i] : &c->out[i]) = (uint64_t)number;
                *(is_in ? &c->has_in[i] : &c->has_out[i]) = true;
        }
}

/* What a span says that it is, in the words of the conventions and of Claude Code. */
static void read_word(struct clew_slice key, struct clew_slice raw, struct partner *partner)
{
        static const char *const calls[] = {"chat", "generate_content", "text_completion",
                                            "llm_call", "llm_request"};
        static const char *const agents[] = {"invoke_agent", "interaction"};
        struct clew_value v;

        if ((!clew_slice_eq_cstr(key, "gen_ai.operation.name") &&
             !clew_slice_eq_cstr(key, "span.type")) ||
            !clew_value_parse(raw, &v) || v.type != CLEW_VALUE_STRING)
                return;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(calls); i++)
                partner->is_call = partner->is_call || clew_slice_eq_cstr(v.bytes, calls[i]);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(agents); i++)
                partner->is_agent = partner->is_agent || clew_slice_eq_cstr(v.bytes, agents[i]);
}

static void read_span(struct index *x, const struct clew_span *span, struct partner *partner)
{
        struct clew_message_iter it = clew_span_attributes(span);
        struct counted c = {0};
        uint32_t first = x->n;
        struct clew_slice key;
        struct clew_slice raw;

        while (clew_attribute_next_raw(&it, &key, &raw)) {
                struct clew_value v;

                for (size_t i = 0; i < CLEW_ARRAY_LEN(carried); i++) {
                        if (x->n - first < CLEW_ARRAY_LEN(carried) &&
                            clew_slice_eq_cstr(key, carried[i].key) && clew_value_parse(raw, &v) &&
                            v.type == CLEW_VALUE_STRING && v.bytes.len > 0)
                                x->marks[x->n++] = (struct mark){.token = carried[i].token,
                                                                 .text = v.bytes,
                                                                 .partner = partner};
                }
                read_count(key, raw, &c);
                read_word(key, raw, partner);
        }
        for (size_t i = 0; i < N_SPELLINGS; i++) {
                if (c.has_in[i] && c.has_out[i])
                        x->marks[x->n++] = (struct mark){.token = TOKEN_COUNTS,
                                                         .in = c.in[i],
                                                         .out = c.out[i],
                                                         .partner = partner};
        }
}

static int earlier_first(const void *a, const void *b)
{
        const struct mark *x = a;
        const struct mark *y = b;

        if (x->partner->start_ns != y->partner->start_ns)
                return x->partner->start_ns < y->partner->start_ns ? -1 : 1;
        if (x->partner->end_ns != y->partner->end_ns)
                return x->partner->end_ns > y->partner->end_ns ? -1 : 1;
        return memcmp(x->partner->id.bytes, y->partner->id.bytes, CLEW_SPAN_ID_BYTES);
}

static uint64_t key_of(const struct clew_span_id *id)
{
        uint64_t key;

        memcpy(&key, id->bytes, sizeof(key));
        return key;
}

static int index_spans(struct index *x, struct clew_slice traces, struct clew_arena *arena)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_slice raw;
        struct clew_span span;
        size_t per_span = CLEW_ARRAY_LEN(carried) + N_SPELLINGS;
        size_t n = 0;
        struct partner *partners;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        x->partners = partners = clew_arena_alloc(arena, (n + 1) * sizeof(*partners));
        x->marks = clew_arena_alloc(arena, (n * per_span + 1) * sizeof(*x->marks));
        x->ids = clew_arena_alloc(arena, (2 * n + 1) * sizeof(*x->ids));
        if (!partners || !x->marks || !x->ids)
                return -ENOMEM;
        r = clew_otlp_reader_make(traces);
        for (size_t i = 0; i < n && clew_otlp_read(&r, &raw, NULL); i++) {
                if (!clew_span_parse(raw, &span))
                        continue;
                partners[i] = (struct partner){.id = span.span_id,
                                               .trace_id = span.trace_id,
                                               .start_ns = span.start_ns,
                                               .end_ns = span.end_ns,
                                               .is_root = clew_span_id_is_zero(&span.parent_id)};
                read_span(x, &span, &partners[i]);
                x->ids[x->n_ids++] = (struct clew_sort_entry){.key = key_of(&span.span_id),
                                                              .item = &partners[i]};
        }
        clew_sort(x->ids, x->ids + n, x->n_ids, NULL);
        x->order = clew_arena_alloc(arena, (2 * (size_t)x->n + 1) * sizeof(*x->order));
        if (!x->order)
                return -ENOMEM;
        for (uint32_t i = 0; i < x->n; i++)
                x->order[i] = (struct clew_sort_entry){.key = hash_of(&x->marks[i]),
                                                       .item = &x->marks[i]};
        clew_sort(x->order, x->order + x->n, x->n, earlier_first);
        return 0;
}

/* ---- partners ---------------------------------------------------------------------------------
 */

static bool meet(const struct partner *p, uint64_t start_ns, uint64_t end_ns)
{
        uint64_t end = p->end_ns ? p->end_ns : p->start_ns;

        if (end_ns == 0)
                end_ns = start_ns;
        return start_ns <= end + SLACK_NS && p->start_ns <= end_ns + SLACK_NS;
}

static uint64_t off_by(const struct partner *p, const struct clew_log_step *s)
{
        uint64_t a = s->end_ns ? s->end_ns : s->start_ns;
        uint64_t b = p->end_ns ? p->end_ns : p->start_ns;

        return a > b ? a - b : b - a;
}

/* Where the marks of @hash end that start no later than @until. */
static uint32_t end_of(const struct index *x, uint64_t hash, uint64_t until)
{
        uint32_t low = 0;
        uint32_t high = x->n;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                const struct mark *m = x->order[mid].item;

                if (x->order[mid].key < hash ||
                    (x->order[mid].key == hash && m->partner->start_ns <= until))
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

/* The first free span with that id. */
static struct partner *find_id(const struct index *x, const struct mark *want)
{
        uint64_t hash = hash_of(want);
        struct partner *found = NULL;

        for (uint32_t i = end_of(x, hash, UINT64_MAX), n = 0;
             i-- > 0 && n < LOOK_MAX && x->order[i].key == hash; n++) {
                const struct mark *m = x->order[i].item;

                if (same(m, want) && !m->partner->used)
                        found = m->partner;
        }
        return found;
}

/* The free span with that mark which meets the step in time and ended nearest to it. */
static struct partner *find_near(const struct index *x, const struct mark *want,
                                 const struct clew_log_step *s)
{
        uint64_t hash = hash_of(want);
        uint64_t until = (s->end_ns > s->start_ns ? s->end_ns : s->start_ns) + SLACK_NS;
        struct partner *found = NULL;

        for (uint32_t i = end_of(x, hash, until), n = 0;
             i-- > 0 && n < LOOK_MAX && x->order[i].key == hash; n++) {
                const struct mark *m = x->order[i].item;

                if (same(m, want) && !m->partner->used &&
                    meet(m->partner, s->start_ns, s->end_ns) &&
                    (!found || off_by(m->partner, s) < off_by(found, s)))
                        found = m->partner;
        }
        return found;
}

static struct partner *by_id(const struct index *x, const struct clew_log_step *s, enum token token,
                             enum clew_log_role role)
{
        const struct clew_log_fact *facts[] = {s->ended, s->begun, s->first};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(facts); i++) {
                struct mark want = {.token = token};

                if (!clew_log_fact_has(facts[i], role))
                        continue;
                want.text = facts[i]->text[role];
                return find_id(x, &want);
        }
        return NULL;
}

/* Programs count cached input and reasoning in or apart, records not always as their spans do. */
static struct partner *by_counts(const struct index *x, const struct clew_log_step *s)
{
        struct partner *found = NULL;
        double in;
        double out;
        double read = 0;
        double write = 0;
        double reasoning = 0;

        if (!s->ended || !clew_log_fact_number(s->ended, CLEW_LOG_ROLE_IN, &in) ||
            !clew_log_fact_number(s->ended, CLEW_LOG_ROLE_OUT, &out) || in < 0 || out < 0)
                return NULL;
        (void)clew_log_fact_number(s->ended, CLEW_LOG_ROLE_CACHE_READ, &read);
        (void)clew_log_fact_number(s->ended, CLEW_LOG_ROLE_CACHE_WRITE, &write);
        (void)clew_log_fact_number(s->ended, CLEW_LOG_ROLE_REASONING, &reasoning);
        for (unsigned i = 0; i < 4 && !found; i++) {
                double more_in = i & 2u ? read + write : 0;
                double more_out = i & 1u ? reasoning : 0;
                struct mark want = {.token = TOKEN_COUNTS};

                if (more_in < 0 || more_out < 0 || ((i & 2u) && more_in == 0) ||
                    ((i & 1u) && more_out == 0))
                        continue;
                want.in = (uint64_t)(in + more_in);
                want.out = (uint64_t)(out + more_out);
                found = find_near(x, &want, s);
        }
        return found;
}

static struct partner *by_tool(const struct index *x, const struct clew_log_step *s)
{
        struct mark want = {.token = TOKEN_TOOL};

        want.text = s->first->text[CLEW_LOG_ROLE_TOOL];
        return want.text.len > 0 ? find_near(x, &want, s) : NULL;
}

/* The span with this id, or NULL. */
static struct partner *span_with(const struct index *x, const struct clew_span_id *id)
{
        uint64_t key = key_of(id);
        uint32_t low = 0;
        uint32_t high = x->n_ids;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (x->ids[mid].key < key)
                        low = mid + 1;
                else
                        high = mid;
        }
        if (low == x->n_ids || x->ids[low].key != key || clew_span_id_is_zero(id))
                return NULL;
        return x->partners + ((const struct partner *)x->ids[low].item - x->partners);
}

/* The span of a call, or the agent, inside which a record of it was written. */
static struct partner *by_place(const struct index *x, const struct clew_log_step *s)
{
        bool agent = s->kind == CLEW_LOG_STEP_PROMPT;
        const struct clew_log_fact *facts[] = {s->ended, s->begun, s->first};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(facts); i++) {
                struct partner *p = facts[i] ? span_with(x, &facts[i]->record.span_id) : NULL;

                if (p && (agent ? p->is_agent : p->is_call) && !p->used)
                        return p;
        }
        return NULL;
}

static struct partner *partner_of(const struct index *x, const struct clew_log_step *s)
{
        struct partner *found = NULL;

        if (s->kind == CLEW_LOG_STEP_CALL) {
                found = by_id(x, s, TOKEN_CALL, CLEW_LOG_ROLE_CALL);
                found = found ? found : by_counts(x, s);
                return found ? found : by_place(x, s);
        }
        if (s->kind == CLEW_LOG_STEP_TOOL) {
                found = by_id(x, s, TOKEN_TOOL_CALL, CLEW_LOG_ROLE_TOOL_CALL);
                return found ? found : by_tool(x, s);
        }
        return s->kind == CLEW_LOG_STEP_PROMPT ? by_place(x, s) : NULL;
}

/* The only agent among the spans without a parent, or NULL: it stands around all already. */
static struct partner *host_of(const struct index *x)
{
        struct partner *found = NULL;

        for (uint32_t i = 0; i < x->n_ids; i++) {
                if (!x->partners[i].is_agent || !x->partners[i].is_root)
                        continue;
                if (found)
                        return NULL;
                found = &x->partners[i];
        }
        return found;
}

/* Of several traces the agent's own span stands around all; what the user said first is its. */
static void take_host(struct clew_log_run *run, struct partner *host)
{
        if (!host)
                return;
        run->root = host->id;
        run->has_host = true;
        for (uint32_t i = 0; i < run->n_steps && !host->used; i++) {
                struct clew_log_step *s = &run->steps[i];

                if (s->kind != CLEW_LOG_STEP_PROMPT || s->matched)
                        continue;
                s->matched = true;
                s->told = true;
                s->span_id = host->id;
                host->used = true;
        }
}

int clew_log_steps_match(struct clew_log_run *run, struct clew_slice traces, bool joined,
                         struct clew_arena *arena)
{
        struct index x = {0};

        if (traces.len == 0)
                return 0;
        if (index_spans(&x, traces, arena) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < run->n_steps; i++) {
                struct clew_log_step *s = &run->steps[i];
                struct partner *p = partner_of(&x, s);

                if (p) {
                        p->used = true;
                        s->matched = true;
                        s->told = true;
                        s->span_id = p->id;
                } else if (span_with(&x, &s->first->record.span_id)) {
                        s->matched = true;
                        s->span_id = s->first->record.span_id;
                }
        }
        if (joined)
                take_host(run, host_of(&x));
        return 0;
}
