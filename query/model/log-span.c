/*
 * Spans for what only log records tell: written in the words of the conventions, so that all else
 * treats them as any span. Ids are hashes of the keys, so a record that comes again changes none.
 */
#include "query/model/log-span-int.h"

#include "proto/base/buffer.h"
#include "proto/base/hash.h"
#include "proto/otlp/walk.h"

#include <errno.h>
#include <string.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)
#define SEED_STEP 0x6c6f672d73746570ull
#define SEED_HELPER 0x6c6f672d68656c70ull

static void put_bytes(struct clew_buffer *b, uint32_t field, struct clew_slice s)
{
        clew_buffer_append_varint(b, field << 3 | 2u);
        clew_buffer_append_varint(b, s.len);
        clew_buffer_append_slice(b, s);
}

static void put_time(struct clew_buffer *b, uint32_t field, uint64_t ns)
{
        clew_buffer_append_varint(b, field << 3 | 1u);
        clew_buffer_append_le64(b, ns);
}

/* ---- spans ------------------------------------------------------------------------------------
 */

void clew_log_put_span(struct clew_buffer *out, const struct clew_log_run *run,
                       const struct clew_log_made *m)
{
        CLEW_BUFFER span = {0};
        CLEW_BUFFER scope = {0};
        CLEW_BUFFER resource = {0};
        CLEW_BUFFER status = {0};

        clew_buffer_init(&span, CLEW_LOG_SPANS_BYTES_MAX);
        clew_buffer_init(&scope, CLEW_LOG_SPANS_BYTES_MAX);
        clew_buffer_init(&resource, CLEW_LOG_SPANS_BYTES_MAX);
        clew_buffer_init(&status, CLEW_LOG_SPANS_BYTES_MAX);
        put_bytes(&span, 1, clew_slice_make(run->id.bytes, sizeof(run->id.bytes)));
        put_bytes(&span, 2, clew_slice_make(m->id.bytes, sizeof(m->id.bytes)));
        if (!clew_span_id_is_zero(&m->parent))
                put_bytes(&span, 4, clew_slice_make(m->parent.bytes, sizeof(m->parent.bytes)));
        put_bytes(&span, 5, m->name);
        clew_buffer_append_varint(&span, 6u << 3);
        clew_buffer_append_varint(&span, 1); /* INTERNAL */
        put_time(&span, 7, m->start_ns);
        put_time(&span, 8, m->end_ns);
        clew_buffer_append_slice(&span, m->attributes);
        if (m->failed) {
                put_bytes(&status, 2, m->message);
                clew_buffer_append_varint(&status, 3u << 3);
                clew_buffer_append_varint(&status, CLEW_STATUS_ERROR);
                put_bytes(&span, 15, clew_buffer_slice(&status));
        }
        if (m->scope.len > 0)
                put_bytes(&scope, 1, m->scope);
        put_bytes(&scope, 2, clew_buffer_slice(&span));
        if (m->resource.len > 0)
                put_bytes(&resource, 1, m->resource);
        put_bytes(&resource, 2, clew_buffer_slice(&scope));
        put_bytes(out, 1, clew_buffer_slice(&resource));
        if (clew_buffer_error(&span) < 0 || clew_buffer_error(&scope) < 0 ||
            clew_buffer_error(&resource) < 0)
                out->error = -ENOMEM;
}

static uint64_t mix_time(uint64_t seed, uint64_t v)
{
        return clew_hash_seeded(clew_slice_make(&v, sizeof(v)), seed);
}

/* From the id of the call where there is one, else from the place that the sender gives its first
 * record. Never zero. */
struct clew_span_id clew_log_span_id(const struct clew_log_run *run, const struct clew_log_step *s)
{
        struct clew_slice id = clew_log_either(
                s, s->kind == CLEW_LOG_STEP_TOOL ? CLEW_LOG_ROLE_TOOL_CALL : CLEW_LOG_ROLE_CALL);
        uint64_t h = clew_hash_seeded(clew_slice_make(run->id.bytes, sizeof(run->id.bytes)),
                                      SEED_STEP + s->kind);
        struct clew_span_id ret;

        if (id.len > 0 && s->kind != CLEW_LOG_STEP_PROMPT) {
                h = clew_hash_seeded(id, h);
        } else {
                h = mix_time(h, s->first->sequence);
                h = mix_time(h, s->first->record.time_ns ? s->first->record.time_ns
                                                         : s->first->record.observed_ns);
                h = clew_hash_seeded(s->first->record.raw, h);
        }
        h += h == 0;
        memcpy(ret.bytes, &h, sizeof(ret.bytes));
        return ret;
}

struct clew_span_id clew_log_helper_id(const struct clew_log_run *run, struct clew_slice text)
{
        uint64_t h = clew_hash_seeded(clew_slice_make(run->id.bytes, sizeof(run->id.bytes)),
                                      SEED_HELPER);
        struct clew_span_id ret;

        h = clew_hash_seeded(text, h);
        h += h == 0;
        memcpy(ret.bytes, &h, sizeof(ret.bytes));
        return ret;
}

static struct clew_slice name_of(const struct clew_log_step *s, struct clew_arena *arena)
{
        struct clew_slice parts[2] = {CLEW_SLICE_NULL, CLEW_SLICE_NULL};

        switch (s->kind) {
        case CLEW_LOG_STEP_PROMPT:
                return KEY("user_prompt");
        case CLEW_LOG_STEP_CALL:
                parts[0] = KEY("chat ");
                parts[1] = clew_log_either(s, CLEW_LOG_ROLE_MODEL);
                return parts[1].len ? clew_arena_concat(arena, parts, 2) : KEY("chat");
        case CLEW_LOG_STEP_TOOL:
                parts[0] = KEY("execute_tool ");
                parts[1] = clew_log_either(s, CLEW_LOG_ROLE_TOOL);
                return parts[1].len ? clew_arena_concat(arena, parts, 2) : KEY("execute_tool");
        case CLEW_LOG_STEP_FAULT:
                break;
        }
        return s->first->event.word;
}

static int put_log_step(struct clew_buffer *out, struct clew_log_run *run, struct clew_log_step *s,
                        const struct clew_span_id *parent, struct clew_arena *arena)
{
        CLEW_BUFFER attributes = {0};
        struct clew_log_made m = {.resource = s->first->resource,
                                  .scope = s->first->scope,
                                  .name = name_of(s, arena),
                                  .parent = *parent,
                                  .start_ns = s->start_ns,
                                  .end_ns = s->end_ns,
                                  .failed = s->failed,
                                  .message = clew_log_error_text(s, arena)};

        clew_buffer_init(&attributes, CLEW_LOG_SPAN_BYTES_MAX);
        clew_log_put_identity(&attributes, s->first);
        clew_log_put_step(&attributes, s, arena);
        s->span_id = clew_log_span_id(run, s);
        m.id = s->span_id;
        m.attributes = clew_buffer_slice(&attributes);
        clew_log_put_span(out, run, &m);
        return clew_buffer_error(&attributes);
}

/* ---- the agent around them ----------------------------------------------------------------------
 */

/* The user refused a call, and no model was asked since: that ends the turn. */
static bool ends_refused(const struct clew_log_run *run)
{
        uint64_t refused_ns = 0;
        uint64_t asked_ns = 0;

        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                if (s->kind == CLEW_LOG_STEP_CALL && s->start_ns > asked_ns)
                        asked_ns = s->start_ns;
                if (s->refused && s->end_ns > refused_ns)
                        refused_ns = s->end_ns;
        }
        return refused_ns > 0 && asked_ns <= refused_ns;
}

/* The run goes on when something begun has no end and nothing begun after it has one, or when a
 * model has yet to hear what came last. */
static bool is_under_way(const struct clew_log_run *run)
{
        const struct clew_log_step *last = NULL;

        uint64_t open_since = 0;

        if (ends_refused(run))
                return false;

        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                if (clew_log_step_helper(s).len > 0)
                        continue; /* the tool that it works for is what counts */
                if (s->end_ns == 0) {
                        open_since = s->start_ns > open_since ? s->start_ns : open_since;
                        if (open_since == 0)
                                open_since = 1;
                        continue;
                }
                if (s->kind == CLEW_LOG_STEP_CALL && open_since > 0 && s->start_ns > open_since)
                        open_since = 0;
                if (!last || s->end_ns >= last->end_ns)
                        last = s;
        }
        return open_since > 0 || !last || last->kind == CLEW_LOG_STEP_TOOL ||
               last->kind == CLEW_LOG_STEP_PROMPT;
}

/* The last call, when it failed: then so did the run. */
static const struct clew_log_step *last_failure(const struct clew_log_run *run)
{
        const struct clew_log_step *last = NULL;

        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                if ((s->kind == CLEW_LOG_STEP_CALL || s->kind == CLEW_LOG_STEP_FAULT) &&
                    s->end_ns > 0 && clew_log_step_helper(s).len == 0 &&
                    (!last || s->end_ns >= last->end_ns))
                        last = s;
        }
        return last && last->failed ? last : NULL;
}

static struct clew_slice agent_name(const struct clew_log_fact *f)
{
        struct clew_value v;

        if (clew_attribute_find(clew_resource_attributes(f->resource), KEY("service.name"), &v) &&
            v.type == CLEW_VALUE_STRING && v.bytes.len > 0 &&
            !clew_slice_starts_with(v.bytes, KEY("unknown_service")))
                return v.bytes;
        return clew_slice_of_cstr(f->event.family->name);
}

static struct clew_span_id root_id(const struct clew_log_run *run)
{
        uint64_t h =
                clew_hash_seeded(clew_slice_make(run->id.bytes, sizeof(run->id.bytes)), ~SEED_STEP);
        struct clew_span_id ret;

        h += h == 0;
        memcpy(ret.bytes, &h, sizeof(ret.bytes));
        return ret;
}

/* What the agent around several traces needs to know of their spans. */
static bool read_around(struct clew_slice traces, struct clew_log_fact *ret_place,
                        struct clew_log_made *ret)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_otlp_scope scope;
        struct clew_slice raw;
        struct clew_span span;
        bool open = false;

        ret->start_ns = UINT64_MAX;
        while (clew_otlp_read(&r, &raw, &scope)) {
                if (!clew_span_parse(raw, &span))
                        continue;
                if (!ret_place->event.family) {
                        ret_place->resource = scope.resource;
                        ret_place->event.family =
                                clew_log_family_of_scope(clew_scope_name(scope.scope));
                        ret->scope = scope.scope;
                }
                open = open || (span.end_ns == 0 && clew_span_id_is_zero(&span.parent_id));
                ret->start_ns = span.start_ns < ret->start_ns ? span.start_ns : ret->start_ns;
                ret->end_ns = span.end_ns > ret->end_ns ? span.end_ns : ret->end_ns;
        }
        if (open)
                ret->end_ns = 0;
        ret->resource = ret_place->resource;
        return ret_place->event.family != NULL;
}

static int put_agent(struct clew_buffer *out, const struct clew_log_run *run,
                     struct clew_slice traces, const struct clew_span_id *id,
                     struct clew_arena *arena)
{
        const struct clew_log_step *failure = last_failure(run);
        const struct clew_log_fact *first = &run->facts[0];
        struct clew_slice parts[2] = {KEY("invoke_agent "), agent_name(first)};
        struct clew_log_made m = {.resource = first->resource,
                                  .scope = first->scope,
                                  .name = clew_arena_concat(arena, parts, 2),
                                  .id = *id,
                                  .start_ns = UINT64_MAX,
                                  .failed = failure != NULL,
                                  .message = failure ? clew_log_error_text(failure, arena)
                                                     : CLEW_SLICE_NULL};
        CLEW_BUFFER attributes = {0};
        struct clew_log_fact place = {.event.family = NULL};
        struct clew_log_made around = {.start_ns = UINT64_MAX};
        bool open = is_under_way(run);

        (void)read_around(traces, &place, &around);
        if (around.start_ns != UINT64_MAX) {
                m.start_ns = around.start_ns;
                m.end_ns = open ? 0 : around.end_ns;
        }
        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                m.start_ns = s->start_ns < m.start_ns ? s->start_ns : m.start_ns;
                m.end_ns = s->end_ns > m.end_ns && !open ? s->end_ns : m.end_ns;
        }
        clew_buffer_init(&attributes, CLEW_LOG_SPAN_BYTES_MAX);
        clew_log_put_text(&attributes, KEY("gen_ai.operation.name"), KEY("invoke_agent"));
        clew_log_put_text(&attributes, KEY("gen_ai.agent.name"), parts[1]);
        clew_log_put_identity(&attributes, first);
        clew_log_put_agent_texts(&attributes, run, CLEW_SLICE_NULL);
        m.attributes = clew_buffer_slice(&attributes);
        clew_log_put_span(out, run, &m);
        return clew_buffer_error(&attributes);
}

int clew_log_root_write(const struct clew_trace_id *id, struct clew_slice traces,
                        struct clew_arena *arena, struct clew_slice *ret,
                        struct clew_span_id *ret_id)
{
        struct clew_log_run run = {.id = *id};
        struct clew_log_fact place = {.event.family = NULL};
        struct clew_slice parts[2] = {KEY("invoke_agent "), CLEW_SLICE_NULL};
        struct clew_log_made m = {.start_ns = UINT64_MAX};
        CLEW_BUFFER attributes = {0};
        CLEW_BUFFER out = {0};

        if (!read_around(traces, &place, &m))
                return 0;
        clew_buffer_init(&attributes, CLEW_LOG_SPAN_BYTES_MAX);
        clew_buffer_init(&out, CLEW_LOG_SPANS_BYTES_MAX);
        parts[1] = agent_name(&place);
        m.name = clew_arena_concat(arena, parts, 2);
        m.id = root_id(&run);
        clew_log_put_text(&attributes, KEY("gen_ai.operation.name"), KEY("invoke_agent"));
        clew_log_put_text(&attributes, KEY("gen_ai.agent.name"), parts[1]);
        clew_log_put_text(&attributes, KEY("clew.made_from"), KEY("several traces"));
        m.attributes = clew_buffer_slice(&attributes);
        clew_log_put_span(&out, &run, &m);
        *ret = clew_arena_copy(arena, clew_buffer_slice(&out));
        *ret_id = m.id;
        return clew_buffer_error(&out) < 0 || ret->len == 0 ? -ENOMEM : 0;
}

int clew_log_spans_write(struct clew_log_run *run, struct clew_slice traces, bool many,
                         struct clew_arena *arena)
{
        CLEW_BUFFER out = {0};
        struct clew_span_id root = run->has_host ? run->root : root_id(run);
        struct clew_log_helpers helpers = {0};
        uint32_t n = 0;
        int r = 0;

        for (uint32_t i = 0; i < run->n_steps; i++)
                n += !run->steps[i].matched;
        if (run->n_steps == 0 || (n == 0 && (!many || run->has_host)))
                return 0;
        clew_buffer_init(&out, CLEW_LOG_SPANS_BYTES_MAX);
        if (!run->has_host)
                r = put_agent(&out, run, traces, &root, arena);
        if (r == 0)
                r = clew_log_helpers_find(run, &root, arena, &helpers);
        for (uint32_t i = 0; r == 0 && i < helpers.n; i++) {
                if (helpers.items[i].needed)
                        r = clew_log_helper_write(&out, run, &helpers.items[i], arena);
        }
        for (uint32_t i = 0; r == 0 && i < run->n_steps; i++) {
                const struct clew_log_helper *h =
                        clew_log_helper_of(&helpers, clew_log_step_helper(&run->steps[i]));

                if (!run->steps[i].matched)
                        r = put_log_step(&out, run, &run->steps[i], h ? &h->id : &root, arena);
        }
        if (r == 0)
                r = clew_buffer_error(&out);
        if (r < 0)
                return -ENOMEM;
        run->root = root;
        run->spans = clew_arena_copy(arena, clew_buffer_slice(&out));
        return run->spans.len > 0 ? 0 : -ENOMEM;
}
