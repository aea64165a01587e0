/*
 * Values of attributes as sent, and the texts of a span. See fields-int.h.
 */
#include "query/find/language/fields-int.h"

#include "proto/otlp/span.h"
#include "query/find/judged.h"

#include <string.h>

/* Lists inside lists that are looked into for texts. */
#define NESTED_MAX 16u

const bool *clew_run_at_judged(struct clew_run_at *at)
{
        if (!at->is_judged) {
                at->failed = clew_judged_failed(at->trace, at->arena);
                at->is_judged = true;
        }
        return at->failed;
}

uint32_t clew_speaker_of(const struct clew_trace *trace)
{
        uint32_t i = trace->root;

        if (i != CLEW_STEP_NONE && !clew_step_is(&trace->steps[i], CLEW_STEP_STANDIN))
                return i;
        for (i = 0; i < trace->n_steps; i++) {
                if (!clew_step_is(&trace->steps[i], CLEW_STEP_STANDIN))
                        return i;
        }
        return trace->n_steps > 0 ? 0 : CLEW_STEP_NONE;
}

/* ---- lists of values --------------------------------------------------------------------------
 */

void clew_values_add(struct clew_values *out, const struct clew_operand *v)
{
        if (out->n == out->capacity) {
                uint32_t capacity = out->capacity ? out->capacity * 2 : 8;
                struct clew_operand *items;

                if (capacity > CLEW_VALUES_MAX)
                        return;
                items = clew_arena_alloc(out->arena, capacity * sizeof(*items));
                if (!items)
                        return; /* the arena remembers */
                if (out->n > 0)
                        memcpy(items, out->items, out->n * sizeof(*items));
                out->items = items;
                out->capacity = capacity;
        }
        out->items[out->n++] = *v;
}

void clew_values_add_text(struct clew_values *out, struct clew_slice text)
{
        if (text.len > 0)
                clew_values_add(out, &(struct clew_operand){.type = CLEW_TYPE_TEXT, .text = text});
}

void clew_values_add_int(struct clew_values *out, enum clew_type type, int64_t v)
{
        clew_values_add(out, &(struct clew_operand){.type = type, .integer = v});
}

void clew_values_add_number(struct clew_values *out, double v)
{
        clew_values_add(out, &(struct clew_operand){.type = CLEW_TYPE_FLOAT, .number = v});
}

void clew_values_add_bool(struct clew_values *out, bool v)
{
        clew_values_add(out, &(struct clew_operand){.type = CLEW_TYPE_BOOL, .boolean = v});
}

static void add_scalar(struct clew_values *out, const struct clew_value *v)
{
        struct clew_operand o = {.type = CLEW_TYPE_OTHER};

        switch (v->type) {
        case CLEW_VALUE_EMPTY:
                return;
        case CLEW_VALUE_STRING:
                o = (struct clew_operand){.type = CLEW_TYPE_TEXT, .text = v->bytes};
                break;
        case CLEW_VALUE_BOOL:
                o = (struct clew_operand){.type = CLEW_TYPE_BOOL, .boolean = v->boolean};
                break;
        case CLEW_VALUE_INT:
                o = (struct clew_operand){.type = CLEW_TYPE_INT, .integer = v->integer};
                break;
        case CLEW_VALUE_DOUBLE:
                o = (struct clew_operand){.type = CLEW_TYPE_FLOAT, .number = v->number};
                break;
        case CLEW_VALUE_ARRAY:
        case CLEW_VALUE_KVLIST:
        case CLEW_VALUE_BYTES:
                break;
        }
        clew_values_add(out, &o);
}

void clew_values_add_value(struct clew_values *out, const struct clew_value *v)
{
        struct clew_message_iter it;
        struct clew_value element;
        uint32_t before = out->n;

        if (v->type != CLEW_VALUE_ARRAY) {
                add_scalar(out, v);
                return;
        }
        it = clew_value_elements(v);
        while (out->n < CLEW_VALUES_MAX && clew_value_next(&it, &element))
                add_scalar(out, &element);
        if (out->n == before) /* an empty list is there */
                clew_values_add(out, &(struct clew_operand){.type = CLEW_TYPE_OTHER});
}

/* ---- attributes as sent -----------------------------------------------------------------------
 */

static bool add_found(struct clew_message_iter it, struct clew_slice key, struct clew_values *out)
{
        struct clew_value v;

        if (!clew_attribute_find(it, key, &v))
                return false;
        clew_values_add_value(out, &v);
        return true;
}

static void read_attribute(const struct clew_step *s, const struct clew_field_ref *ref,
                           struct clew_values *out)
{
        struct clew_message_iter it;
        struct clew_span_event event;
        struct clew_span_link link;

        switch (ref->scope) {
        case CLEW_SCOPE_NONE:
                break;
        case CLEW_SCOPE_ANY:
                if (!add_found(clew_span_attributes(&s->span), ref->name, out))
                        (void)add_found(clew_resource_attributes(s->resource), ref->name, out);
                break;
        case CLEW_SCOPE_SPAN:
                (void)add_found(clew_span_attributes(&s->span), ref->name, out);
                break;
        case CLEW_SCOPE_RESOURCE:
                (void)add_found(clew_resource_attributes(s->resource), ref->name, out);
                break;
        case CLEW_SCOPE_INSTRUMENTATION:
                (void)add_found(clew_scope_attributes(s->scope), ref->name, out);
                break;
        case CLEW_SCOPE_EVENT:
                it = clew_span_events(&s->span);
                while (clew_span_event_next(&it, &event))
                        (void)add_found(clew_event_attributes(&event), ref->name, out);
                break;
        case CLEW_SCOPE_LINK:
                it = clew_span_links(&s->span);
                while (clew_span_link_next(&it, &link))
                        (void)add_found(clew_link_attributes(&link), ref->name, out);
                break;
        }
}

void clew_field_read(struct clew_run_at *at, const struct clew_field_ref *ref, uint32_t step,
                     struct clew_values *out)
{
        if (ref->of_parent) {
                step = at->trace->steps[step].parent;
                if (step == CLEW_STEP_NONE ||
                    clew_step_is(&at->trace->steps[step], CLEW_STEP_STANDIN))
                        return;
        }
        if (!ref->row)
                read_attribute(&at->trace->steps[step], ref, out);
        else if (ref->row->read)
                ref->row->read(at, step, ref->name, out);
        else if (ref->row->tell && (ref->row->cover == CLEW_COVER_ALL || step == at->speaker))
                (void)ref->row->tell(at->facts, ref->name, out);
}

/* ---- texts of a span --------------------------------------------------------------------------
 */

struct places {
        clew_place_fn fn;
        void *context;
};

/* Texts inside a value; lists by a stack of what is left of each. */
static int value_texts(const struct places *p, struct clew_slice place, const struct clew_value *v)
{
        struct clew_message_iter stack[NESTED_MAX];
        bool is_pairs[NESTED_MAX];
        unsigned depth = 0;
        struct clew_value at = *v;
        int r = 0;

        for (;;) {
                bool has_value = true;

                if (at.type == CLEW_VALUE_STRING || at.type == CLEW_VALUE_BYTES) {
                        r = p->fn(p->context, place, at.bytes);
                } else if ((at.type == CLEW_VALUE_ARRAY || at.type == CLEW_VALUE_KVLIST) &&
                           depth == NESTED_MAX) { /* deeper ones as they were sent */
                        r = p->fn(p->context, place, at.bytes);
                } else if ((at.type == CLEW_VALUE_ARRAY || at.type == CLEW_VALUE_KVLIST) &&
                           depth < NESTED_MAX) {
                        is_pairs[depth] = at.type == CLEW_VALUE_KVLIST;
                        stack[depth++] = clew_value_elements(&at);
                }
                do {
                        struct clew_attribute pair = {0};

                        if (r != 0 || depth == 0)
                                return r;
                        if (is_pairs[depth - 1]) {
                                has_value = clew_attribute_next(&stack[depth - 1], &pair);
                                at = pair.value;
                                if (has_value)
                                        r = p->fn(p->context, place, pair.key);
                        } else {
                                has_value = clew_value_next(&stack[depth - 1], &at);
                        }
                        depth -= !has_value;
                } while (!has_value || r != 0);
        }
}

static int attribute_texts(const struct places *p, struct clew_message_iter it)
{
        struct clew_attribute a;
        int r = 0;

        while (r == 0 && clew_attribute_next(&it, &a)) {
                r = p->fn(p->context, a.key, a.key);
                if (r == 0)
                        r = value_texts(p, a.key, &a.value);
        }
        return r;
}

static int envelope_texts(const struct places *p, struct clew_slice scope,
                          struct clew_slice resource)
{
        int r = 0;

        if (scope.len > 0)
                r = p->fn(p->context, CLEW_SLICE_LITERAL("scope"), clew_scope_name(scope));
        if (r == 0 && scope.len > 0)
                r = p->fn(p->context, CLEW_SLICE_LITERAL("scope"), clew_scope_version(scope));
        if (r == 0)
                r = attribute_texts(p, clew_scope_attributes(scope));
        return r != 0 ? r : attribute_texts(p, clew_resource_attributes(resource));
}

static int log_texts(const struct places *p, const struct clew_log_record *record)
{
        int r = 0;

        if (record->event_name.len > 0)
                r = p->fn(p->context, CLEW_SLICE_LITERAL("log"), record->event_name);
        if (r == 0 && record->severity_text.len > 0)
                r = p->fn(p->context, CLEW_SLICE_LITERAL("log severity"), record->severity_text);
        if (r == 0)
                r = value_texts(p, CLEW_SLICE_LITERAL("log body"), &record->body);
        return r != 0 ? r : attribute_texts(p, clew_log_attributes(record));
}

static int span_texts(const struct places *p, const struct clew_step *s)
{
        struct clew_message_iter it;
        struct clew_span_event event;
        struct clew_span_link link;
        int r = p->fn(p->context, CLEW_SLICE_LITERAL("name"), s->span.name);

        if (r == 0 && s->span.trace_state.len > 0)
                r = p->fn(p->context, CLEW_SLICE_LITERAL("trace state"), s->span.trace_state);
        if (r == 0 && s->span.status_message.len > 0)
                r = p->fn(p->context, CLEW_SLICE_LITERAL("status message"), s->span.status_message);
        if (r == 0)
                r = attribute_texts(p, clew_span_attributes(&s->span));
        it = clew_span_events(&s->span);
        while (r == 0 && clew_span_event_next(&it, &event)) {
                r = p->fn(p->context, CLEW_SLICE_LITERAL("event"), event.name);
                if (r == 0)
                        r = attribute_texts(p, clew_event_attributes(&event));
        }
        it = clew_span_links(&s->span);
        while (r == 0 && clew_span_link_next(&it, &link)) {
                if (link.trace_state.len > 0)
                        r = p->fn(p->context, CLEW_SLICE_LITERAL("link"), link.trace_state);
                if (r == 0)
                        r = attribute_texts(p, clew_link_attributes(&link));
        }
        return r;
}

int clew_places_of_step(struct clew_run_at *at, uint32_t step, clew_place_fn fn, void *context)
{
        const struct clew_trace *t = at->trace;
        const struct clew_step *s = &t->steps[step];
        const struct places p = {fn, context};
        int r = span_texts(&p, s);

        for (uint32_t i = 0; r == 0 && i < s->n_logs; i++) {
                const struct clew_step_log *log = &t->logs[s->logs + i];

                r = log_texts(&p, &log->record);
                if (r == 0)
                        r = envelope_texts(&p, log->scope, log->resource);
        }
        for (uint32_t i = t->n_logs - t->n_loose_logs;
             r == 0 && step == at->speaker && i < t->n_logs; i++) {
                r = log_texts(&p, &t->logs[i].record);
                if (r == 0)
                        r = envelope_texts(&p, t->logs[i].scope, t->logs[i].resource);
        }
        return r != 0 ? r : envelope_texts(&p, s->scope, s->resource);
}

/* What a scope and a resource say, when they are not those told last. */
static int other_envelope(const struct places *p, struct clew_slice scope,
                          struct clew_slice resource, struct clew_slice last[2])
{
        bool same = scope.data == last[0].data && scope.len == last[0].len &&
                    resource.data == last[1].data && resource.len == last[1].len;

        last[0] = scope;
        last[1] = resource;
        return same ? 0 : envelope_texts(p, scope, resource);
}

int clew_texts_of_trace(const struct clew_trace *t, clew_place_fn fn, void *context)
{
        const struct places p = {fn, context};
        struct clew_slice last[2] = {CLEW_SLICE_NULL, CLEW_SLICE_NULL};
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < t->n_steps; i++) {
                r = span_texts(&p, &t->steps[i]);
                if (r == 0)
                        r = other_envelope(&p, t->steps[i].scope, t->steps[i].resource, last);
        }
        for (uint32_t i = 0; r == 0 && i < t->n_logs; i++) {
                r = log_texts(&p, &t->logs[i].record);
                if (r == 0)
                        r = other_envelope(&p, t->logs[i].scope, t->logs[i].resource, last);
        }
        return r;
}

struct texts {
        clew_text_fn fn;
        void *context;
};

static int without_place(void *context, struct clew_slice place, struct clew_slice text)
{
        const struct texts *t = context;

        (void)place;
        return t->fn(t->context, text);
}

int clew_texts_of_step(struct clew_run_at *at, uint32_t step, clew_text_fn fn, void *context)
{
        struct texts t = {fn, context};

        return clew_places_of_step(at, step, without_place, &t);
}

static int log_bytes(const struct clew_step_log *log, clew_text_fn fn, void *context)
{
        int r = fn(context, log->record.raw);

        if (r == 0)
                r = fn(context, log->resource);
        return r != 0 ? r : fn(context, log->scope);
}

int clew_bytes_of_step(struct clew_run_at *at, uint32_t step, clew_text_fn fn, void *context)
{
        const struct clew_trace *t = at->trace;
        const struct clew_step *s = &t->steps[step];
        int r = fn(context, s->span.raw);

        if (r == 0)
                r = fn(context, s->resource);
        if (r == 0)
                r = fn(context, s->scope);
        for (uint32_t i = 0; r == 0 && i < s->n_logs; i++)
                r = log_bytes(&t->logs[s->logs + i], fn, context);
        for (uint32_t i = t->n_logs - t->n_loose_logs;
             r == 0 && step == at->speaker && i < t->n_logs; i++)
                r = log_bytes(&t->logs[i], fn, context);
        return r;
}
