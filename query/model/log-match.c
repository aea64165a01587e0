/*
 * Which span tells of the same call as log records do.
 *
 * By the id of the call where both carry one; else a model call by its counts, a tool call by its
 * tool, and both by their time. A span is the partner of one step at most, so that what happened
 * twice stays twice.
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

static bool is_count(struct clew_slice key, const char *a, const char *b)
{
        return clew_slice_eq_cstr(key, a) || clew_slice_eq_cstr(key, b);
}

static void read_span(struct index *x, const struct clew_span *span, struct partner *partner)
{
        struct clew_message_iter it = clew_span_attributes(span);
        struct mark counts = {.token = TOKEN_COUNTS, .partner = partner};
        bool has_in = false;
        bool has_out = false;
        uint32_t first = x->n;
        struct clew_slice key;
        struct clew_slice raw;

        while (clew_attribute_next_raw(&it, &key, &raw)) {
                struct clew_value v;
                double number;

                for (size_t i = 0; i < CLEW_ARRAY_LEN(carried); i++) {
                        if (x->n - first < CLEW_ARRAY_LEN(carried) &&
                            clew_slice_eq_cstr(key, carried[i].key) && clew_value_parse(raw, &v) &&
                            v.type == CLEW_VALUE_STRING && v.bytes.len > 0)
                                x->marks[x->n++] = (struct mark){.token = carried[i].token,
                                                                 .text = v.bytes,
                                                                 .partner = partner};
                }
                if (is_count(key, "gen_ai.usage.input_tokens", "input_tokens") &&
                    clew_value_parse(raw, &v) && clew_value_number(&v, &number) && number >= 0) {
                        counts.in = (uint64_t)number;
                        has_in = true;
                } else if (is_count(key, "gen_ai.usage.output_tokens", "output_tokens") &&
                           clew_value_parse(raw, &v) && clew_value_number(&v, &number) &&
                           number >= 0) {
                        counts.out = (uint64_t)number;
                        has_out = true;
                }
        }
        if (has_in && has_out)
                x->marks[x->n++] = counts;
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

static int index_spans(struct index *x, struct clew_slice traces, struct clew_arena *arena)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_slice raw;
        struct clew_span span;
        size_t n = 0;
        struct partner *partners;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        partners = clew_arena_alloc(arena, (n + 1) * sizeof(*partners));
        x->marks = clew_arena_alloc(arena,
                                    (n * (CLEW_ARRAY_LEN(carried) + 1) + 1) * sizeof(*x->marks));
        if (!partners || !x->marks)
                return -ENOMEM;
        r = clew_otlp_reader_make(traces);
        for (size_t i = 0; i < n && clew_otlp_read(&r, &raw, NULL); i++) {
                if (!clew_span_parse(raw, &span))
                        continue;
                partners[i] = (struct partner){.id = span.span_id,
                                               .trace_id = span.trace_id,
                                               .start_ns = span.start_ns,
                                               .end_ns = span.end_ns};
                read_span(x, &span, &partners[i]);
        }
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

static struct partner *by_counts(const struct index *x, const struct clew_log_step *s)
{
        double in;
        double out;
        double apart = 0;
        struct mark want = {.token = TOKEN_COUNTS};
        struct partner *found;

        if (!s->ended || !clew_log_fact_number(s->ended, CLEW_LOG_ROLE_IN, &in) ||
            !clew_log_fact_number(s->ended, CLEW_LOG_ROLE_OUT, &out) || in < 0 || out < 0)
                return NULL;
        want.in = (uint64_t)in;
        want.out = (uint64_t)out;
        found = find_near(x, &want, s);
        if (found || !clew_log_fact_number(s->ended, CLEW_LOG_ROLE_REASONING, &apart))
                return found;
        want.out = (uint64_t)(out + apart);
        return find_near(x, &want, s);
}

static struct partner *by_tool(const struct index *x, const struct clew_log_step *s)
{
        struct mark want = {.token = TOKEN_TOOL};

        want.text = s->first->text[CLEW_LOG_ROLE_TOOL];
        return want.text.len > 0 ? find_near(x, &want, s) : NULL;
}

static struct partner *partner_of(const struct index *x, const struct clew_log_step *s)
{
        struct partner *found = NULL;

        if (s->kind == CLEW_LOG_STEP_CALL) {
                found = by_id(x, s, TOKEN_CALL, CLEW_LOG_ROLE_CALL);
                return found ? found : by_counts(x, s);
        }
        if (s->kind == CLEW_LOG_STEP_TOOL) {
                found = by_id(x, s, TOKEN_TOOL_CALL, CLEW_LOG_ROLE_TOOL_CALL);
                return found ? found : by_tool(x, s);
        }
        return NULL;
}

/* Whether a span with this id is there: what a record names by its span id, that span tells. */
static bool has_span(const struct clew_sort_entry *ids, uint32_t n, const struct clew_span_id *id)
{
        uint64_t key;
        uint32_t low = 0;
        uint32_t high = n;

        memcpy(&key, id->bytes, sizeof(key));
        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (ids[mid].key < key)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low < n && ids[low].key == key && !clew_span_id_is_zero(id);
}

static int span_ids(struct clew_slice traces, struct clew_arena *arena,
                    struct clew_sort_entry **ret, uint32_t *ret_n)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_slice raw;
        struct clew_span span;
        size_t n = 0;
        uint32_t at = 0;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        *ret = clew_arena_alloc(arena, (2 * n + 1) * sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        r = clew_otlp_reader_make(traces);
        while (at < n && clew_otlp_read(&r, &raw, NULL)) {
                uint64_t key;

                if (!clew_span_parse(raw, &span))
                        continue;
                memcpy(&key, span.span_id.bytes, sizeof(key));
                (*ret)[at++] = (struct clew_sort_entry){.key = key};
        }
        clew_sort(*ret, *ret + n, at, NULL);
        *ret_n = at;
        return 0;
}

int clew_log_steps_match(struct clew_log_run *run, struct clew_slice traces,
                         struct clew_arena *arena)
{
        struct index x = {0};
        struct clew_sort_entry *ids;
        uint32_t n_ids = 0;

        if (traces.len == 0)
                return 0;
        if (index_spans(&x, traces, arena) < 0 || span_ids(traces, arena, &ids, &n_ids) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < run->n_steps; i++) {
                struct clew_log_step *s = &run->steps[i];
                struct partner *p = partner_of(&x, s);

                if (p) {
                        p->used = true;
                        s->matched = true;
                        s->told = true;
                        s->span_id = p->id;
                } else if (has_span(ids, n_ids, &s->first->record.span_id)) {
                        s->matched = true;
                        s->span_id = s->first->record.span_id;
                }
        }
        return 0;
}
