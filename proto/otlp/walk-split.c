/*
 * What the walk found, written apart by trace. It needs no second look at the request: envelope
 * fields and items are at hand. Lengths come before content, so each is measured first.
 */
#include "proto/otlp/envelope-int.h"
#include "proto/otlp/walk-int.h"

#include <errno.h>

/* The items of a trace from @index on that lie in one scope. */
struct scope_run {
        size_t items_bytes; /* encoded, with tags and lengths */
        uint32_t end;       /* first item of the next run, or CLEW_NO_ITEM */
};

static struct scope_run scope_run_at(const struct clew_otlp_batch *b, uint32_t index)
{
        uint32_t scope = b->items[index].scope;
        struct scope_run run = {.end = index};

        while (run.end != CLEW_NO_ITEM && b->items[run.end].scope == scope) {
                run.items_bytes += clew_envelope_field_size(b->items[run.end].raw.len);
                run.end = b->items[run.end].next;
        }
        return run;
}

static size_t scope_run_size(const struct clew_otlp_batch *b, uint32_t index,
                             const struct scope_run *run)
{
        return b->scopes[b->items[index].scope].scope_rest.len + run->items_bytes;
}

/* Payload of the ResourceSpans that begins with item @index; @ret_end as in struct scope_run. */
static size_t resource_run_size(const struct clew_otlp_batch *b, uint32_t index, uint32_t *ret_end)
{
        const struct clew_otlp_scope *first = &b->scopes[b->items[index].scope];
        size_t size = first->resource_rest.len;

        while (index != CLEW_NO_ITEM &&
               b->scopes[b->items[index].scope].resource_index == first->resource_index) {
                struct scope_run run = scope_run_at(b, index);

                size += clew_envelope_field_size(scope_run_size(b, index, &run));
                index = run.end;
        }
        *ret_end = index;
        return size;
}

int clew_split_measure(struct clew_otlp_batch *b, struct clew_error *err)
{
        for (size_t i = 0; i < b->n_traces; i++) {
                uint32_t index = b->traces[i].first;

                while (index != CLEW_NO_ITEM)
                        b->split_bytes +=
                                clew_envelope_field_size(resource_run_size(b, index, &index));
                if (b->split_bytes > CLEW_OTLP_SPLIT_BYTES_MAX)
                        return clew_error_set(
                                err, -E2BIG, 0,
                                "the request grows beyond %u bytes when each of its %zu traces "
                                "gets its own resource; send smaller batches",
                                CLEW_OTLP_SPLIT_BYTES_MAX, b->n_traces);
        }
        return 0;
}

void clew_otlp_write_trace(const struct clew_otlp_batch *batch, const struct clew_otlp_trace *trace,
                           struct clew_buffer *out)
{
        uint32_t index = trace->first;
        uint32_t resource_end = index;

        while (index != CLEW_NO_ITEM) {
                const struct clew_otlp_scope *scope = &batch->scopes[batch->items[index].scope];
                struct scope_run run = scope_run_at(batch, index);

                if (index == resource_end) {
                        clew_envelope_write_head(out, CLEW_FIELD_DATA_RESOURCES,
                                                 resource_run_size(batch, index, &resource_end));
                        clew_buffer_append_slice(out, scope->resource_rest);
                }
                clew_envelope_write_head(out, CLEW_FIELD_ENVELOPE_ITEMS,
                                         scope_run_size(batch, index, &run));
                clew_buffer_append_slice(out, scope->scope_rest);
                for (; index != run.end; index = batch->items[index].next) {
                        struct clew_slice raw = batch->items[index].raw;

                        clew_envelope_write_head(out, CLEW_FIELD_ENVELOPE_ITEMS, raw.len);
                        clew_buffer_append_slice(out, raw);
                }
        }
}
