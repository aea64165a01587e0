/*
 * Fields that spans and traces have by themselves: the intrinsics of TraceQL.
 */
#include "query/find/language/readers-int.h"

#include <string.h>

static const struct clew_step *step_of(const struct clew_run_at *at, uint32_t step)
{
        return &at->trace->steps[step];
}

bool clew_tell_text(struct clew_slice text, struct clew_values *out)
{
        clew_values_add_text(out, text);
        return text.len < CLEW_UNCUT_BYTES;
}

CLEW_READER(clew_read_name)
{
        (void)key;
        clew_values_add(out, &(struct clew_operand){.type = CLEW_TYPE_TEXT,
                                                    .text = step_of(at, step)->span.name});
}

CLEW_READER(clew_read_status)
{
        uint32_t code = step_of(at, step)->span.status_code;

        (void)key;
        clew_values_add_int(out, CLEW_TYPE_STATUS, code <= CLEW_STATUS_ERROR ? code : 0);
}

CLEW_READER(clew_read_status_message)
{
        (void)key;
        clew_values_add(out,
                        &(struct clew_operand){.type = CLEW_TYPE_TEXT,
                                               .text = step_of(at, step)->span.status_message});
}

CLEW_READER(clew_read_span_kind)
{
        (void)key;
        clew_values_add_int(out, CLEW_TYPE_SPAN_KIND, step_of(at, step)->span.kind);
}

CLEW_READER(clew_read_duration)
{
        const struct clew_span *s = &step_of(at, step)->span;

        (void)key;
        clew_values_add_int(out, CLEW_TYPE_DURATION,
                            s->end_ns > s->start_ns ? (int64_t)(s->end_ns - s->start_ns) : 0);
}

static struct clew_slice hex_of(struct clew_arena *arena, const uint8_t *bytes, size_t n)
{
        char *text = clew_arena_alloc(arena, 2 * n + 1);

        if (!text)
                return CLEW_SLICE_NULL;
        clew_hex_encode(clew_slice_make(bytes, n), text);
        return clew_slice_make(text, 2 * n);
}

CLEW_READER(clew_read_span_id)
{
        (void)key;
        clew_values_add_text(out, hex_of(out->arena, step_of(at, step)->span.span_id.bytes, 8));
}

CLEW_READER(clew_read_parent_id)
{
        const struct clew_span_id *id = &step_of(at, step)->span.parent_id;
        static const struct clew_span_id none;

        (void)key;
        if (memcmp(id, &none, sizeof(none)) != 0)
                clew_values_add_text(out, hex_of(out->arena, id->bytes, 8));
}

CLEW_READER(clew_read_children)
{
        (void)key;
        clew_values_add_int(out, CLEW_TYPE_INT, step_of(at, step)->n_children);
}

/* Nested sets, from the place in tree order: 2i - depth steps were opened and closed before. */
static int64_t left_of(const struct clew_trace *t, uint32_t i)
{
        return 2 * (int64_t)i - (int64_t)t->steps[i].depth + 1;
}

CLEW_READER(clew_read_left)
{
        (void)key;
        clew_values_add_int(out, CLEW_TYPE_INT, left_of(at->trace, step));
}

CLEW_READER(clew_read_right)
{
        (void)key;
        clew_values_add_int(out, CLEW_TYPE_INT,
                            left_of(at->trace, step) +
                                    2 * (int64_t)step_of(at, step)->n_descendants + 1);
}

CLEW_READER(clew_read_parent)
{
        uint32_t parent = step_of(at, step)->parent;

        (void)key;
        clew_values_add_int(out, CLEW_TYPE_INT,
                            parent == CLEW_STEP_NONE ? -1 : left_of(at->trace, parent));
}

CLEW_READER(clew_read_event_name)
{
        struct clew_message_iter it = clew_span_events(&step_of(at, step)->span);
        struct clew_span_event event;

        (void)key;
        while (clew_span_event_next(&it, &event))
                clew_values_add(out,
                                &(struct clew_operand){.type = CLEW_TYPE_TEXT, .text = event.name});
}

CLEW_READER(clew_read_event_time)
{
        const struct clew_span *s = &step_of(at, step)->span;
        struct clew_message_iter it = clew_span_events(s);
        struct clew_span_event event;

        (void)key;
        while (clew_span_event_next(&it, &event))
                clew_values_add_int(out, CLEW_TYPE_DURATION,
                                    (int64_t)(event.time_ns - s->start_ns));
}

CLEW_READER(clew_read_link_trace)
{
        struct clew_message_iter it = clew_span_links(&step_of(at, step)->span);
        struct clew_span_link link;

        (void)key;
        while (clew_span_link_next(&it, &link))
                clew_values_add_text(out, hex_of(out->arena, link.trace_id.bytes, 16));
}

CLEW_READER(clew_read_link_span)
{
        struct clew_message_iter it = clew_span_links(&step_of(at, step)->span);
        struct clew_span_link link;

        (void)key;
        while (clew_span_link_next(&it, &link))
                clew_values_add_text(out, hex_of(out->arena, link.span_id.bytes, 8));
}

CLEW_READER(clew_read_scope_name)
{
        (void)at;
        (void)key;
        clew_values_add_text(out, clew_scope_name(step_of(at, step)->scope));
}

CLEW_READER(clew_read_scope_version)
{
        (void)key;
        clew_values_add_text(out, clew_scope_version(step_of(at, step)->scope));
}

CLEW_TELLER(clew_tell_trace_id)
{
        (void)key;
        clew_values_add_text(out, hex_of(out->arena, facts->id.bytes, 16));
        return true;
}

CLEW_TELLER(clew_tell_trace_duration)
{
        (void)key;
        clew_values_add_int(out, CLEW_TYPE_DURATION, (int64_t)facts->summary->duration_ns);
        return true;
}

CLEW_READER(clew_read_root_name)
{
        (void)step;
        (void)key;
        if (at->speaker != CLEW_STEP_NONE)
                clew_values_add(
                        out, &(struct clew_operand){.type = CLEW_TYPE_TEXT,
                                                    .text = step_of(at, at->speaker)->span.name});
}

CLEW_READER(clew_read_root_service)
{
        (void)step;
        (void)key;
        clew_values_add_text(out, at->trace->service);
}

CLEW_TELLER(clew_tell_root_service)
{
        (void)key;
        return clew_tell_text(facts->summary->service, out);
}
