/* See export-otlp.h. Resource and scope are repeated in each line of a trace that is cut. */
#include "query/cli/export-otlp.h"

#include "proto/base/arena.h"
#include "proto/otlp/json.h"
#include "proto/otlp/walk.h"
#include "query/model/left-out.h"

#include <errno.h>
#include <string.h>

#define NO_ITEM UINT32_MAX
/* Index of the spans of one large trace; see clew_otlp_walk(). */
#define WALK_ARENA_BYTES_MAX ((size_t)1 << 30)
/* One line: its items and the envelopes around them. */
#define PART_BYTES_MAX ((size_t)1 << 30)

static int append_line(struct clew_slice message, enum clew_otlp_signal signal,
                       struct clew_buffer *out, struct clew_error *err)
{
        int r = clew_otlp_to_json(message, signal, out);

        if (r < 0)
                return clew_error_set(err, r, 0, "cannot write the trace as JSON: %s",
                                      r == -EBADMSG ? "its stored form is damaged" : strerror(-r));
        clew_buffer_append_byte(out, '\n');
        return clew_buffer_error(out);
}

/* The first items of @trace that fit into a line; *trace is left with the others. */
static struct clew_otlp_trace take_part(const struct clew_otlp_batch *batch,
                                        struct clew_otlp_trace *trace)
{
        struct clew_otlp_trace part = *trace;
        size_t bytes = 0;
        uint32_t next = trace->first;

        part.n_items = 0;
        part.raw_bytes = 0;
        while (next != NO_ITEM) {
                struct clew_otlp_item *item = &batch->items[next];

                if (part.n_items > 0 && bytes + item->raw.len > CLEW_EXPORT_LINE_BYTES_MAX)
                        break;
                bytes += item->raw.len;
                part.last = next;
                part.n_items++;
                next = item->next;
        }
        part.raw_bytes = bytes;
        batch->items[part.last].next = NO_ITEM;
        trace->first = next;
        trace->n_items -= part.n_items;
        trace->raw_bytes -= bytes;
        return part;
}

static int append_in_parts(struct clew_slice message, enum clew_otlp_signal signal,
                           struct clew_buffer *out, struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER piece = {0};
        struct clew_otlp_batch batch;
        int r;

        clew_arena_init(&arena, WALK_ARENA_BYTES_MAX);
        clew_buffer_init(&piece, PART_BYTES_MAX);
        r = clew_otlp_walk(message, signal, &arena, &batch, err);
        for (size_t i = 0; r == 0 && i < batch.n_traces; i++) {
                struct clew_otlp_trace rest = batch.traces[i];

                while (r == 0 && rest.n_items > 0) {
                        struct clew_otlp_trace part = take_part(&batch, &rest);

                        clew_buffer_clear(&piece);
                        clew_otlp_write_trace(&batch, &part, &piece);
                        r = clew_buffer_error(&piece);
                        if (r == 0)
                                r = append_line(clew_buffer_slice(&piece), signal, out, err);
                }
        }
        return r;
}

static int append_signal(struct clew_slice message, enum clew_otlp_signal signal,
                         struct clew_buffer *out, struct clew_error *err)
{
        size_t before = out->len;
        int r;

        if (message.len == 0)
                return 0;
        if (message.len <= CLEW_EXPORT_LINE_BYTES_MAX)
                return append_line(message, signal, out, err);
        r = append_in_parts(message, signal, out, err);
        if (r == -E2BIG) { /* more than a walk takes: whole, then */
                *err = (struct clew_error){0};
                out->len = before;
                r = append_line(message, signal, out, err);
        }
        return r;
}

int clew_export_otlp(const struct clew_trace_data *data, struct clew_buffer *out,
                     struct clew_error *err)
{
        int r = append_signal(data->traces, CLEW_OTLP_TRACES, out, err);

        return r < 0 ? r : append_signal(data->logs, CLEW_OTLP_LOGS, out, err);
}

int clew_export_otlp_proto(const struct clew_trace_data *data, struct clew_buffer *out,
                           struct clew_error *err)
{
        (void)err;
        clew_buffer_append_slice(out, clew_left_out_behind(data->traces));
        return clew_buffer_error(out);
}
