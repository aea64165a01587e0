/*
 * See select-int.h.
 */
#include "query/find/select-int.h"

#include "query/find/own-query-int.h"

#include "proto/otlp/log-event.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"

#include <errno.h>

/* What is read of a hot trace for its line: the largest real runs, and a list takes less than 128
 * MiB. */
#define DERIVE_ITEMS_MAX 30000u
#define DERIVE_BYTES_MAX ((uint64_t)32 << 20)

int clew_select_load_some(struct clew_select *s, const struct clew_trace_id *id,
                          struct clew_error *err)
{
        struct clew_trace_data data;
        int r = clew_view_load_some(s->view, id, DERIVE_ITEMS_MAX, DERIVE_BYTES_MAX, &data, err);

        if (r < 0)
                return r;
        s->read_bytes += data.traces.len + data.logs.len;
        s->data = data;
        s->has_data = data.left_out == 0; /* a query is put to the whole */
        return 0;
}

/* Nothing that lies elsewhere can be of this run, and it says nothing about others: no record, no
 * scope of a program that names runs, no link. */
static bool stands_alone(const struct clew_trace_data *data)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(data->traces);
        struct clew_slice seen = CLEW_SLICE_NULL;
        struct clew_otlp_scope scope;
        struct clew_slice raw;
        struct clew_span span;

        if (data->logs.len > 0)
                return false;
        while (clew_otlp_read(&r, &raw, &scope)) {
                if (scope.scope.data != seen.data &&
                    clew_log_family_of_scope(clew_scope_name(scope.scope)))
                        return false;
                seen = scope.scope;
                if (!clew_span_parse(raw, &span) || span.has_links)
                        return false;
        }
        return true;
}

static bool is_ruled_out(struct clew_select *s)
{
        for (uint32_t i = 0; i < s->filter->n_queries; i++) {
                if (clew_query_can_glance(s->filter->queries[i]) &&
                    !clew_query_glance(s->runs[i], s->data.traces))
                        return true;
        }
        return s->own_run && !clew_query_glance(s->own_run, s->data.traces);
}

int clew_select_begin_glances(struct clew_select *s)
{
        const struct clew_query *own = s->own ? s->own->query : NULL;

        s->glances = false;
        for (uint32_t i = 0; i < s->filter->n_queries; i++)
                s->glances |= clew_query_can_glance(s->filter->queries[i]);
        if (own && clew_query_can_glance(own)) {
                s->own_run = clew_query_run_new(own);
                if (!s->own_run)
                        return -ENOMEM;
                s->glances = true;
        }
        return 0;
}

bool clew_select_is_told(const struct clew_list_entry *entry)
{
        return entry->hot && entry->summary.len > 0 &&
               entry->summary_version == clew_rules_version();
}

bool clew_select_bytes_rule_out(struct clew_select *s)
{
        return s->glances && s->data.last_arrival_ns != 0 && !s->joined && stands_alone(&s->data) &&
               is_ruled_out(s);
}

bool clew_select_rules_out(struct clew_select *s, const struct clew_list_entry *entry)
{
        struct clew_error ignored = {0};

        s->has_glanced = false;
        if (!s->glances || entry->run || (!entry->hot && entry->summary.len > 0) ||
            clew_select_is_told(entry) || clew_select_load_some(s, &entry->id, &ignored) < 0 ||
            !s->has_data)
                return false;
        s->has_glanced = true;
        if (!stands_alone(&s->data) || !is_ruled_out(s))
                return false;
        s->has_glanced = false;
        s->scanned++;
        s->scanned_bytes += s->data.traces.len;
        return true;
}
