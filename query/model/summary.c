#include "query/model/summary.h"

#include "query/model/prices.h"
#include "query/model/summary-int.h"

#include "proto/base/compiler.h"
#include "proto/base/cursor.h"
#include "proto/base/utf8.h"

#include <errno.h>
#include <string.h>

#define RECORD_VERSION 1u
/* Three lists of names, a head and eight numbers each. */
#define SHARES_BYTES_MAX ((size_t)3 * CLEW_SUMMARY_NAMES_MAX * 81)

/* In ascending order in the record. Never renumber; a new field takes the next number. */
enum tag {
        TAG_RULES = 1,
        TAG_OUTCOME,
        TAG_NAME,
        TAG_SERVICE,
        TAG_SESSION,
        TAG_USER,
        TAG_ERROR,
        TAG_SPANS,
        TAG_STANDINS,
        TAG_ERRORS,
        TAG_LLM,
        TAG_TOOL,
        TAG_DURATION,
        TAG_TOKENS_IN,
        TAG_TOKENS_OUT,
        TAG_TOKENS_CACHE_READ,
        TAG_TOKENS_CACHE_WRITE,
        TAG_TOKENS_REASONING,
        TAG_TOKENS_TOTAL, /* less in and out */
        TAG_TOKENS_HAS,
        TAG_COST,
        TAG_AGENTS,
        TAG_MODELS,
        TAG_TOOLS,
        TAG_MORE,
        TAG_CAUSE_RULE,
        TAG_CAUSE_STEP,
        TAG_CAUSE_DETAIL,
        TAG_CAUSE_SIGNATURE,
        TAG_LOOPS,
        TAG_LOOP_ROUNDS,
        TAG_LOOP_STEP,
        TAG_STALLS,
        TAG_STALL_CALLS,
        TAG_STALL_STEP,
        TAG_RETRIES,
        TAG_WASTE_STEPS,
        TAG_WASTE_TOKENS,
        TAG_WASTE_TIME,
        TAG_WASTE_COST,
        TAG_SCORES,
        TAG_SESSIONS,
        TAG_AIMED,
        TAG_LOGS,
        TAG_FROM_LOGS,
        TAG_SETTLED, /* plus one; only when it differs from the outcome */
        TAG_KINDS,
        TAG_RUN,
        TAG_SHARES, /* after the names */
        TAG_LEFT_OUT,
        TAG_ASKED,
};

/* ---- from a trace -----------------------------------------------------------------------------
 */

static struct clew_slice first_line(struct clew_slice s)
{
        const uint8_t *end = s.len ? memchr(s.data, '\n', s.len) : NULL;

        return end ? clew_slice_make(s.data, (size_t)(end - s.data)) : s;
}

/* The root's error; else the first one that nothing below explains. */
static const struct clew_step *error_step(const struct clew_trace *trace)
{
        const struct clew_step *machinery = NULL;

        if (trace->root != CLEW_STEP_NONE && trace->steps[trace->root].error.is_error)
                return &trace->steps[trace->root];
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                if (!s->error.is_error)
                        continue;
                if (s->kind != CLEW_KIND_GENERIC)
                        return s;
                if (!machinery)
                        machinery = s; /* tells only where nothing that the agent did failed */
        }
        return machinery;
}

static uint32_t at_most(uint32_t n, bool *more)
{
        if (n <= CLEW_SUMMARY_NAMES_MAX)
                return n;
        *more = true;
        return CLEW_SUMMARY_NAMES_MAX;
}

static struct clew_summary_score short_score(const struct clew_score *score)
{
        return (struct clew_summary_score){
                .target = score->target,
                .has_value = score->has_value,
                .value = score->value,
                .name = clew_utf8_cut(score->name, CLEW_SUMMARY_TEXT_MAX),
                .label = clew_utf8_cut(score->label, CLEW_SUMMARY_TEXT_MAX),
        };
}

static void take_aimed(const struct clew_score *score, struct clew_summary *s)
{
        if (s->n_aimed == CLEW_SUMMARY_SCORES_MAX) {
                s->more = true;
                return;
        }
        s->aimed[s->n_aimed++] = (struct clew_summary_aimed){
                .score = short_score(score),
                .trace_id = score->other_trace,
                .span_id = score->target_span,
        };
}

static void take_scores(const struct clew_trace *trace, struct clew_summary *s)
{
        for (uint32_t i = 0; i < trace->n_scores; i++) {
                const struct clew_score *score = &trace->scores[i];

                if (score->place == CLEW_SCORE_AIMED)
                        take_aimed(score, s);
                if (score->place != CLEW_SCORE_HERE ||
                    (score->target == CLEW_SCORE_STEP && score->step != trace->root))
                        continue;
                if (s->n_scores == CLEW_SUMMARY_SCORES_MAX)
                        s->more = true;
                else
                        s->scores[s->n_scores++] = short_score(score);
        }
}

static void take_session(struct clew_summary *s, struct clew_slice whole, struct clew_slice id)
{
        bool known = id.len == 0 || clew_slice_eq(id, whole);

        id = clew_utf8_cut(id, CLEW_SUMMARY_TEXT_MAX);
        for (uint32_t k = 0; k < s->n_sessions && !known; k++)
                known = clew_slice_eq(id, s->sessions[k]);
        if (known)
                return;
        if (s->n_sessions == CLEW_SUMMARY_SESSIONS_MAX)
                s->more = true;
        else
                s->sessions[s->n_sessions++] = id;
}

static void take_sessions(const struct clew_trace *trace, struct clew_summary *s)
{
        struct clew_slice last = trace->session;
        struct clew_slice last_other = CLEW_SLICE_NULL;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *step = &trace->steps[i];

                if (!clew_slice_eq(step->session, last))
                        take_session(s, trace->session, step->session);
                if (!clew_slice_eq(step->other_session, last_other))
                        take_session(s, trace->session, step->other_session);
                last = step->session;
                last_other = step->other_session;
        }
}

/* What only folds away, or only makes an agent, is nothing that a run is known by. */
static uint32_t kinds_of(const struct clew_trace *trace)
{
        uint32_t kinds = 0;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                if (!clew_step_is(s, CLEW_STEP_STANDIN | CLEW_STEP_NOISE | CLEW_STEP_FRAGMENT |
                                             CLEW_STEP_SETUP))
                        kinds |= 1u << s->kind;
        }
        return kinds ? kinds : 1u << CLEW_KIND_GENERIC;
}

void clew_summary_of_trace(const struct clew_trace *trace, struct clew_summary *ret)
{
        const struct clew_step *failed = error_step(trace);

        *ret = (struct clew_summary){
                .rules_version = clew_rules_version(),
                .outcome = trace->outcome,
                .settled = trace->settled,
                .name = trace->name,
                .service = trace->service,
                .session = trace->session,
                .user = trace->user,
                .n_spans = trace->n_spans,
                .n_steps = trace->n_steps,
                .n_errors = trace->n_errors,
                .n_llm = trace->n_llm,
                .n_tool = trace->n_tool,
                .n_logs = trace->n_logs,
                .n_from_logs = trace->n_from_logs,
                .kinds = kinds_of(trace),
                .has_run = trace->has_run,
                .run = trace->run,
                .duration_ns =
                        trace->end_ns > trace->start_ns ? trace->end_ns - trace->start_ns : 0,
                .tokens = trace->tokens,
                .cost_usd = trace->cost_usd,
                .has_cost = trace->has_cost,
                .agents = trace->agents,
                .models = trace->models,
                .tools = trace->tools,
        };
        ret->n_agents = at_most(trace->n_agents, &ret->more);
        ret->n_models = at_most(trace->n_models, &ret->more);
        ret->n_tools = at_most(trace->n_tools, &ret->more);
        take_scores(trace, ret);
        take_sessions(trace, ret);
        if (failed)
                ret->error = first_line(failed->error.message.len > 0 ? failed->error.message
                                                                      : failed->error.type);
}

/* ---- encoding ---------------------------------------------------------------------------------
 */

static void put_number(struct clew_buffer *out, enum tag tag, uint64_t v)
{
        if (v == 0)
                return;
        clew_buffer_append_varint(out, (uint64_t)tag << 1);
        clew_buffer_append_varint(out, v);
}

static void put_text(struct clew_buffer *out, enum tag tag, struct clew_slice s)
{
        s = clew_utf8_cut(s, CLEW_SUMMARY_TEXT_MAX);
        if (s.len == 0)
                return;
        clew_buffer_append_varint(out, (uint64_t)tag << 1 | 1);
        clew_buffer_append_varint(out, s.len);
        clew_buffer_append_slice(out, s);
}

/* Each name as length, bytes, count; the list's own length goes first. */
static void put_names(struct clew_buffer *out, enum tag tag, const struct clew_name_count *names,
                      uint32_t n)
{
        size_t size = 0;

        if (n == 0)
                return;
        for (uint32_t i = 0; i < n; i++) {
                struct clew_slice s = clew_utf8_cut(names[i].name, CLEW_SUMMARY_TEXT_MAX);

                size += clew_varint_size(s.len) + s.len + clew_varint_size(names[i].count);
        }
        clew_buffer_append_varint(out, (uint64_t)tag << 1 | 1);
        clew_buffer_append_varint(out, size);
        for (uint32_t i = 0; i < n; i++) {
                struct clew_slice s = clew_utf8_cut(names[i].name, CLEW_SUMMARY_TEXT_MAX);

                clew_buffer_append_varint(out, s.len);
                clew_buffer_append_slice(out, s);
                clew_buffer_append_varint(out, names[i].count);
        }
}

/* A score as target and has_value, the value's bits, name and label with their lengths. */
static size_t score_size(const struct clew_summary_score *score)
{
        return 1 + sizeof(uint64_t) + clew_varint_size(score->name.len) + score->name.len +
               clew_varint_size(score->label.len) + score->label.len;
}

static void put_score(struct clew_buffer *out, const struct clew_summary_score *score)
{
        uint64_t bits;

        memcpy(&bits, &score->value, sizeof(bits));
        clew_buffer_append_byte(out, (uint8_t)((unsigned)score->target << 1 | score->has_value));
        clew_buffer_append_le64(out, bits);
        clew_buffer_append_varint(out, score->name.len);
        clew_buffer_append_slice(out, score->name);
        clew_buffer_append_varint(out, score->label.len);
        clew_buffer_append_slice(out, score->label);
}

static void put_scores(struct clew_buffer *out, const struct clew_summary *s)
{
        size_t size = 0;

        if (s->n_scores == 0)
                return;
        for (uint32_t i = 0; i < s->n_scores; i++)
                size += score_size(&s->scores[i]);
        clew_buffer_append_varint(out, (uint64_t)TAG_SCORES << 1 | 1);
        clew_buffer_append_varint(out, size);
        for (uint32_t i = 0; i < s->n_scores; i++)
                put_score(out, &s->scores[i]);
}

/* One field each: trace id, span id, score. */
static void put_aimed(struct clew_buffer *out, const struct clew_summary *s)
{
        for (uint32_t i = 0; i < s->n_aimed; i++) {
                const struct clew_summary_aimed *a = &s->aimed[i];

                clew_buffer_append_varint(out, (uint64_t)TAG_AIMED << 1 | 1);
                clew_buffer_append_varint(out, sizeof(a->trace_id.bytes) +
                                                       sizeof(a->span_id.bytes) +
                                                       score_size(&a->score));
                clew_buffer_append(out, a->trace_id.bytes, sizeof(a->trace_id.bytes));
                clew_buffer_append(out, a->span_id.bytes, sizeof(a->span_id.bytes));
                put_score(out, &a->score);
        }
}

static uint64_t cost_units(double usd)
{
        double units = usd * CLEW_COST_UNITS + 0.5;

        return units > 0 && units < 9e18 ? (uint64_t)units : 0;
}

static void put_shares(struct clew_buffer *out, const struct clew_summary *s)
{
        CLEW_BUFFER bytes = {0};

        if ((s->n_agents && !s->shares.agents) || (s->n_models && !s->shares.models) ||
            (s->n_tools && !s->shares.tools) || s->n_agents + s->n_models + s->n_tools == 0)
                return;
        clew_buffer_init(&bytes, SHARES_BYTES_MAX);
        clew_shares_encode(&s->shares, s->n_agents, s->n_models, s->n_tools, &bytes);
        if (clew_buffer_error(&bytes)) /* memory: as a record that does not know them */
                return;
        clew_buffer_append_varint(out, (uint64_t)TAG_SHARES << 1 | 1);
        clew_buffer_append_varint(out, bytes.len);
        clew_buffer_append_slice(out, clew_buffer_slice(&bytes));
}

void clew_summary_encode(const struct clew_summary *s, struct clew_buffer *out)
{
        const struct clew_tokens *t = &s->tokens;
        const struct clew_summary_facts *f = &s->facts;

        clew_buffer_append_byte(out, RECORD_VERSION);
        put_number(out, TAG_RULES, s->rules_version);
        put_number(out, TAG_OUTCOME, s->outcome);
        put_text(out, TAG_NAME, s->name);
        put_text(out, TAG_SERVICE, s->service);
        put_text(out, TAG_SESSION, s->session);
        put_text(out, TAG_USER, s->user);
        put_text(out, TAG_ERROR, s->error);
        put_number(out, TAG_SPANS, s->n_spans);
        put_number(out, TAG_STANDINS, s->n_steps - s->n_spans);
        put_number(out, TAG_ERRORS, s->n_errors);
        put_number(out, TAG_LLM, s->n_llm);
        put_number(out, TAG_TOOL, s->n_tool);
        put_number(out, TAG_DURATION, s->duration_ns);
        put_number(out, TAG_TOKENS_IN, t->in);
        put_number(out, TAG_TOKENS_OUT, t->out);
        put_number(out, TAG_TOKENS_CACHE_READ, t->cache_read);
        put_number(out, TAG_TOKENS_CACHE_WRITE, t->cache_write);
        put_number(out, TAG_TOKENS_REASONING, t->reasoning);
        put_number(out, TAG_TOKENS_TOTAL,
                   t->total > t->in + t->out ? t->total - t->in - t->out : 0);
        put_number(out, TAG_TOKENS_HAS, t->has);
        /* One more than the units, so that a cost of zero differs from no cost. */
        put_number(out, TAG_COST, s->has_cost ? cost_units(s->cost_usd) + 1 : 0);
        put_names(out, TAG_AGENTS, s->agents, s->n_agents);
        put_names(out, TAG_MODELS, s->models, s->n_models);
        put_names(out, TAG_TOOLS, s->tools, s->n_tools);
        put_number(out, TAG_MORE, s->more);
        put_text(out, TAG_CAUSE_RULE, s->cause.rule);
        put_number(out, TAG_CAUSE_STEP, s->cause.step);
        put_text(out, TAG_CAUSE_DETAIL, s->cause.detail);
        put_text(out, TAG_CAUSE_SIGNATURE, s->cause.signature);
        put_number(out, TAG_LOOPS, f->loops);
        put_number(out, TAG_LOOP_ROUNDS, f->loop_rounds);
        put_number(out, TAG_LOOP_STEP, f->loop_step);
        put_number(out, TAG_STALLS, f->stalls);
        put_number(out, TAG_STALL_CALLS, f->stall_calls);
        put_number(out, TAG_STALL_STEP, f->stall_step);
        put_number(out, TAG_RETRIES, f->retries);
        put_number(out, TAG_WASTE_STEPS, f->waste_steps);
        put_number(out, TAG_WASTE_TOKENS, f->waste_tokens);
        put_number(out, TAG_WASTE_TIME, f->waste_ns);
        put_number(out, TAG_WASTE_COST, cost_units(f->waste_usd));
        put_scores(out, s);
        for (uint32_t i = 0; i < s->n_sessions; i++) /* one field each */
                put_text(out, TAG_SESSIONS, s->sessions[i]);
        put_aimed(out, s);
        put_number(out, TAG_LOGS, s->n_logs);
        put_number(out, TAG_FROM_LOGS, s->n_from_logs);
        put_number(out, TAG_SETTLED, s->settled != s->outcome ? (uint64_t)s->settled + 1 : 0);
        put_number(out, TAG_KINDS, s->kinds);
        if (s->has_run) {
                clew_buffer_append_varint(out, (uint64_t)TAG_RUN << 1 | 1);
                clew_buffer_append_varint(out, sizeof(s->run.bytes));
                clew_buffer_append(out, s->run.bytes, sizeof(s->run.bytes));
        }
        put_shares(out, s);
        put_number(out, TAG_LEFT_OUT, s->left_out);
        put_number(out, TAG_ASKED, s->asked);
}

/* ---- decoding ---------------------------------------------------------------------------------
 */

/* A list holds at most this many bytes' worth of names, so the array is bounded by the record. */
static int get_names(struct clew_slice list, struct clew_arena *arena,
                     const struct clew_name_count **ret, uint32_t *ret_n)
{
        struct clew_cursor c = clew_cursor_make(list);
        struct clew_name_count *names =
                clew_arena_calloc(arena, CLEW_SUMMARY_NAMES_MAX, sizeof(*names));
        uint32_t n = 0;

        if (!names)
                return -ENOMEM;
        while (clew_cursor_left(&c) > 0 && n < CLEW_SUMMARY_NAMES_MAX) {
                names[n].name = clew_cursor_bytes(&c, clew_cursor_varint(&c));
                names[n].count = (uint32_t)clew_cursor_varint(&c);
                if (c.failed)
                        return -EBADMSG;
                n++;
        }
        *ret = names;
        *ret_n = n;
        return 0;
}

static int get_score(struct clew_cursor *c, struct clew_summary_score *ret)
{
        uint8_t head = clew_cursor_byte(c);
        uint64_t bits = clew_cursor_le64(c);

        ret->name = clew_cursor_bytes(c, clew_cursor_varint(c));
        ret->label = clew_cursor_bytes(c, clew_cursor_varint(c));
        if (c->failed || head >> 1 > CLEW_SCORE_SESSION)
                return -EBADMSG;
        ret->target = (enum clew_score_target)(head >> 1);
        ret->has_value = (head & 1) != 0;
        memcpy(&ret->value, &bits, sizeof(bits));
        return 0;
}

static int get_scores(struct clew_slice list, struct clew_summary *s)
{
        struct clew_cursor c = clew_cursor_make(list);

        while (clew_cursor_left(&c) > 0 && s->n_scores < CLEW_SUMMARY_SCORES_MAX) {
                if (get_score(&c, &s->scores[s->n_scores]) < 0)
                        return -EBADMSG;
                s->n_scores++;
        }
        return 0;
}

static int get_aimed(struct clew_slice field, struct clew_summary *s)
{
        struct clew_cursor c = clew_cursor_make(field);
        struct clew_summary_aimed *a = &s->aimed[s->n_aimed];
        struct clew_slice trace;
        struct clew_slice span;

        if (s->n_aimed == CLEW_SUMMARY_SCORES_MAX)
                return 0;
        trace = clew_cursor_bytes(&c, sizeof(a->trace_id.bytes));
        span = clew_cursor_bytes(&c, sizeof(a->span_id.bytes));
        if (c.failed || get_score(&c, &a->score) < 0)
                return -EBADMSG;
        memcpy(a->trace_id.bytes, trace.data, sizeof(a->trace_id.bytes));
        memcpy(a->span_id.bytes, span.data, sizeof(a->span_id.bytes));
        s->n_aimed++;
        return 0;
}

/* False when @tag is none of the facts. */
static bool take_fact(struct clew_summary_facts *f, uint64_t tag, uint64_t v)
{
        uint32_t *small = NULL;

        switch ((int)tag) {
        case TAG_LOOPS:
                small = &f->loops;
                break;
        case TAG_LOOP_ROUNDS:
                small = &f->loop_rounds;
                break;
        case TAG_LOOP_STEP:
                small = &f->loop_step;
                break;
        case TAG_STALLS:
                small = &f->stalls;
                break;
        case TAG_STALL_CALLS:
                small = &f->stall_calls;
                break;
        case TAG_STALL_STEP:
                small = &f->stall_step;
                break;
        case TAG_RETRIES:
                small = &f->retries;
                break;
        case TAG_WASTE_STEPS:
                small = &f->waste_steps;
                break;
        case TAG_WASTE_TOKENS:
                f->waste_tokens = v;
                return true;
        case TAG_WASTE_TIME:
                f->waste_ns = v;
                return true;
        case TAG_WASTE_COST:
                f->waste_usd = (double)v / CLEW_COST_UNITS;
                return true;
        default:
                return false;
        }
        *small = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
        return true;
}

static void take_number(struct clew_summary *s, uint64_t tag, uint64_t v)
{
        struct clew_tokens *t = &s->tokens;
        uint32_t small = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;

        if (take_fact(&s->facts, tag, v))
                return;
        switch ((int)tag) {
        case TAG_RULES:
                s->rules_version = small;
                break;
        case TAG_OUTCOME:
                s->outcome = v < CLEW_OUTCOME_COUNT ? (enum clew_outcome)v : CLEW_OUTCOME_UNKNOWN;
                s->settled = s->outcome;
                break;
        case TAG_SETTLED: /* after the outcome */
                if (v > 0 && v <= CLEW_OUTCOME_COUNT)
                        s->settled = (enum clew_outcome)(v - 1);
                break;
        case TAG_SPANS:
                s->n_spans = small;
                break;
        case TAG_STANDINS:
                s->n_steps = small;
                break;
        case TAG_ERRORS:
                s->n_errors = small;
                break;
        case TAG_LLM:
                s->n_llm = small;
                break;
        case TAG_TOOL:
                s->n_tool = small;
                break;
        case TAG_LOGS:
                s->n_logs = small;
                break;
        case TAG_FROM_LOGS:
                s->n_from_logs = small;
                break;
        case TAG_KINDS:
                s->kinds = small;
                break;
        case TAG_DURATION:
                s->duration_ns = v;
                break;
        case TAG_TOKENS_IN:
                t->in = v;
                break;
        case TAG_TOKENS_OUT:
                t->out = v;
                break;
        case TAG_TOKENS_CACHE_READ:
                t->cache_read = v;
                break;
        case TAG_TOKENS_CACHE_WRITE:
                t->cache_write = v;
                break;
        case TAG_TOKENS_REASONING:
                t->reasoning = v;
                break;
        case TAG_TOKENS_TOTAL:
                t->total = v;
                break;
        case TAG_TOKENS_HAS:
                t->has = small;
                break;
        case TAG_COST:
                s->has_cost = true;
                s->cost_usd = (double)(v - 1) / CLEW_COST_UNITS;
                break;
        case TAG_MORE:
                s->more = v != 0;
                break;
        case TAG_CAUSE_STEP:
                s->cause.step = small;
                break;
        default:
                break;
        }
}

static int take_bytes(struct clew_summary *s, uint64_t tag, struct clew_slice v,
                      struct clew_arena *arena)
{
        switch ((int)tag) {
        case TAG_NAME:
                s->name = v;
                break;
        case TAG_SERVICE:
                s->service = v;
                break;
        case TAG_SESSION:
                s->session = v;
                break;
        case TAG_USER:
                s->user = v;
                break;
        case TAG_ERROR:
                s->error = v;
                break;
        case TAG_CAUSE_RULE:
                s->cause.rule = v;
                break;
        case TAG_CAUSE_DETAIL:
                s->cause.detail = v;
                break;
        case TAG_CAUSE_SIGNATURE:
                s->cause.signature = v;
                break;
        case TAG_SESSIONS:
                if (s->n_sessions < CLEW_SUMMARY_SESSIONS_MAX)
                        s->sessions[s->n_sessions++] = v;
                break;
        case TAG_SCORES:
                return get_scores(v, s);
        case TAG_AIMED:
                return get_aimed(v, s);
        case TAG_RUN:
                s->has_run = clew_trace_id_from_bytes(v, &s->run);
                break;
        case TAG_AGENTS:
                return get_names(v, arena, &s->agents, &s->n_agents);
        case TAG_MODELS:
                return get_names(v, arena, &s->models, &s->n_models);
        case TAG_TOOLS:
                return get_names(v, arena, &s->tools, &s->n_tools);
        default:
                break;
        }
        return 0;
}

int clew_summary_decode(struct clew_slice record, struct clew_arena *arena,
                        struct clew_summary *ret)
{
        struct clew_cursor c = clew_cursor_make(record);
        struct clew_slice shares = CLEW_SLICE_NULL;
        struct clew_summary s = {0};

        if (record.len == 0)
                return -EBADMSG;
        if (clew_cursor_byte(&c) != RECORD_VERSION)
                return -EPROTONOSUPPORT;
        while (clew_cursor_left(&c) > 0) {
                uint64_t head = clew_cursor_varint(&c);
                uint64_t v = clew_cursor_varint(&c);
                int r = 0;

                if (head & 1) {
                        struct clew_slice bytes = clew_cursor_bytes(&c, v);

                        if (!c.failed && head >> 1 == TAG_SHARES)
                                shares = bytes; /* as long as the names, whatever their order */
                        else if (!c.failed)
                                r = take_bytes(&s, head >> 1, bytes, arena);
                } else if (!c.failed && head >> 1 == TAG_LEFT_OUT) {
                        s.left_out = v <= CLEW_LEFT_OUT_SOME ? (enum clew_left_out)v
                                                             : CLEW_LEFT_OUT_NOTHING;
                } else if (!c.failed && head >> 1 == TAG_ASKED) {
                        s.asked = (uint32_t)v;
                } else if (!c.failed) {
                        take_number(&s, head >> 1, v);
                }
                if (c.failed)
                        return -EBADMSG;
                if (r < 0)
                        return r;
        }
        s.n_steps += s.n_spans;
        s.tokens.total += s.tokens.in + s.tokens.out;
        if (shares.len > 0) {
                int r = clew_shares_decode(shares, s.n_agents, s.n_models, s.n_tools, arena,
                                           &s.shares);

                if (r < 0)
                        return r;
        }
        *ret = s;
        return 0;
}
