/*
 * Merge. Round one counts envelopes and items, so that everything is allocated once. Round two
 * lists them. Then three sorts find what is equal: resource envelopes by content, scope envelopes
 * by resource and content, items by identity. Writing goes through the groups in order of first
 * appearance, and through the items of each group in order of arrival.
 *
 * The result is a fixed point: its groups are distinct, its items are distinct, and both already
 * stand in the order in which a second merge would find them.
 */
#include "proto/otlp/merge.h"

#include "proto/base/hash.h"
#include "proto/base/sort.h"
#include "proto/otlp/envelope-int.h"
#include "proto/otlp/span.h"
#include "proto/otlp/union.h"

#include <errno.h>

#define NONE UINT32_MAX

/* One envelope, of a resource or of a scope, as it came. */
struct group {
        struct clew_slice rest;
        uint32_t index;    /* in arrival order */
        uint32_t resource; /* scopes only: the leading resource group */
        uint32_t leader;   /* first group with equal content; itself if it is that one */
        uint32_t first;    /* leaders: chain of scopes (in a resource) or items (in a scope) */
        uint32_t last;
        uint32_t next;  /* next scope of the same resource */
        size_t content; /* bytes of what the chain will write */
};

struct item {
        struct clew_slice raw;
        struct clew_slice more; /* what only other copies told, in front of it */
        struct clew_slice key;  /* spans: trace id and span id; logs: the whole record */
        uint64_t end_ns;
        uint32_t scope; /* group index; NONE = superseded by another copy */
        uint32_t next;  /* next item of the same scope */
        uint32_t index;
        bool is_update; /* a span that has not ended */
};

struct merge {
        enum clew_otlp_signal signal;
        struct clew_arena *arena;
        struct group *resources;
        struct group *scopes;
        struct item *items;
        struct clew_sort_entry *entries; /* working space for the largest sort */
        size_t n_resources;
        size_t n_scopes;
        size_t n_items;
        size_t max_items;
        bool is_stripped; /* texts were left out: no other copy brings them back */
};

/* ---- listing ------------------------------------------------------------------------------------
 */

/* Counts a part's envelopes and items, top levels only. */
static void count_part(struct merge *m, struct clew_slice part)
{
        struct clew_message_iter resources = clew_messages_of(part, CLEW_FIELD_DATA_RESOURCES);
        struct clew_message_iter notes = clew_messages_of(part, CLEW_FIELD_DATA_LEFT_OUT);
        struct clew_slice resource;
        struct clew_slice scope;
        struct clew_slice item;

        m->is_stripped = clew_message_next(&notes, &item) || m->is_stripped;
        while (clew_message_next(&resources, &resource)) {
                struct clew_message_iter scopes =
                        clew_messages_of(resource, CLEW_FIELD_ENVELOPE_ITEMS);

                m->n_resources++;
                while (clew_message_next(&scopes, &scope)) {
                        struct clew_message_iter items =
                                clew_messages_of(scope, CLEW_FIELD_ENVELOPE_ITEMS);

                        m->n_scopes++;
                        while (clew_message_next(&items, &item))
                                m->n_items++;
                }
        }
}

static int allocate(struct merge *m)
{
        size_t most;

        if (m->n_items > m->max_items)
                m->n_items = m->max_items;
        most = m->n_items > m->n_scopes ? m->n_items : m->n_scopes;
        if (most < m->n_resources)
                most = m->n_resources;
        if (most >= NONE)
                return -ENOMEM;
        m->resources = clew_arena_alloc(m->arena, m->n_resources * sizeof(*m->resources));
        m->scopes = clew_arena_alloc(m->arena, m->n_scopes * sizeof(*m->scopes));
        m->items = clew_arena_alloc(m->arena, m->n_items * sizeof(*m->items));
        m->entries = clew_arena_alloc(m->arena, 2 * most * sizeof(*m->entries));
        if (!m->resources || !m->scopes || !m->items || !m->entries)
                return -ENOMEM;
        m->n_resources = 0;
        m->n_scopes = 0;
        m->n_items = 0;
        return 0;
}

static int list_item(struct merge *m, struct clew_slice raw, uint32_t scope)
{
        struct item *item = &m->items[m->n_items];
        struct clew_span span;
        uint8_t *key;

        *item = (struct item){.raw = raw,
                              .key = raw,
                              .scope = scope,
                              .next = NONE,
                              .index = (uint32_t)m->n_items};
        m->n_items++;
        if (m->signal == CLEW_OTLP_LOGS)
                return 0;
        if (!clew_span_parse(raw, &span) || !span.has_valid_ids)
                return -EBADMSG;
        key = clew_arena_alloc(m->arena, CLEW_TRACE_ID_BYTES + CLEW_SPAN_ID_BYTES);
        if (!key)
                return -ENOMEM;
        memcpy(key, span.trace_id.bytes, CLEW_TRACE_ID_BYTES);
        memcpy(key + CLEW_TRACE_ID_BYTES, span.span_id.bytes, CLEW_SPAN_ID_BYTES);
        item->key = clew_slice_make(key, CLEW_TRACE_ID_BYTES + CLEW_SPAN_ID_BYTES);
        item->end_ns = span.end_ns;
        item->is_update = span.end_ns == 0 && !m->is_stripped;
        return 0;
}

static int list_envelope(struct merge *m, struct clew_slice raw, struct group *groups, size_t *n)
{
        struct clew_envelope e;
        const uint8_t *bad;
        int r = clew_envelope_split(raw, 0, CLEW_FIELD_ENVELOPE_ITEMS, m->arena, &e, &bad);

        if (r < 0)
                return r;
        groups[*n] = (struct group){.rest = e.rest,
                                    .index = (uint32_t)*n,
                                    .leader = (uint32_t)*n,
                                    .first = NONE,
                                    .last = NONE,
                                    .next = NONE};
        (*n)++;
        return 0;
}

static int list_scope(struct merge *m, struct clew_slice raw, uint32_t resource)
{
        struct clew_message_iter it = clew_messages_of(raw, CLEW_FIELD_ENVELOPE_ITEMS);
        uint32_t scope = (uint32_t)m->n_scopes;
        struct clew_slice item;
        int r = list_envelope(m, raw, m->scopes, &m->n_scopes);

        if (r < 0)
                return r;
        m->scopes[scope].resource = resource;
        while (m->n_items < m->max_items && clew_message_next(&it, &item)) {
                r = list_item(m, item, scope);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int list_part(struct merge *m, struct clew_slice part)
{
        struct clew_cursor c = clew_cursor_make(part);
        struct clew_field f;

        while (clew_field_next(&c, &f)) {
                struct clew_message_iter it;
                uint32_t resource = (uint32_t)m->n_resources;
                struct clew_slice scope;
                int r;

                if (f.number != CLEW_FIELD_DATA_RESOURCES)
                        continue;
                if (f.wire != CLEW_WIRE_BYTES)
                        return -EBADMSG;
                r = list_envelope(m, f.bytes, m->resources, &m->n_resources);
                it = clew_messages_of(f.bytes, CLEW_FIELD_ENVELOPE_ITEMS);
                while (r == 0 && clew_message_next(&it, &scope))
                        r = list_scope(m, scope, resource);
                if (r < 0)
                        return r;
        }
        return c.failed ? -EBADMSG : 0;
}

/* ---- finding what is equal ----------------------------------------------------------------------
 */

static int order_of_groups(const void *a, const void *b)
{
        const struct group *x = a;
        const struct group *y = b;

        if (x->resource != y->resource)
                return x->resource < y->resource ? -1 : 1;
        return clew_slice_cmp(x->rest, y->rest);
}

/* Sets the leader of each group to the first one of equal content. */
static void join_groups(struct merge *m, struct group *groups, size_t n)
{
        const struct group *leader = NULL;

        for (size_t i = 0; i < n; i++)
                m->entries[i] = (struct clew_sort_entry){.key = clew_hash(groups[i].rest),
                                                         .item = &groups[i]};
        clew_sort(m->entries, m->entries + n, n, order_of_groups);
        for (size_t i = 0; i < n; i++) {
                const struct group *g = m->entries[i].item;

                if (!leader || order_of_groups(leader, g) != 0)
                        leader = g;
                groups[g->index].leader = leader->index;
        }
}

static int order_of_items(const void *a, const void *b)
{
        const struct item *x = a;
        const struct item *y = b;

        return clew_slice_cmp(x->key, y->key);
}

static int order_of_logs(const void *a, const void *b)
{
        const struct item *x = a;
        const struct item *y = b;

        if (x->scope != y->scope)
                return x->scope < y->scope ? -1 : 1;
        return clew_slice_cmp(x->key, y->key);
}

/* Copies of one span that end at the same time: the one that counts in front. Of those that have
 * not ended the last one tells how far it is; else the longer one tells more. */
static int order_of_copies(const void *a, const void *b)
{
        const struct item *x = a;
        const struct item *y = b;

        if (x->is_update && y->is_update)
                return x->index > y->index ? -1 : 1;
        if (x->raw.len != y->raw.len)
                return x->raw.len > y->raw.len ? -1 : 1;
        return 0;
}

/* A resend: the same bytes, or bytes that may have been masked since, in place. */
static bool is_resend(const struct item *better, const struct item *item)
{
        return clew_slice_eq(better->raw, item->raw) ||
               (!item->is_update && better->end_ns == item->end_ns &&
                better->raw.len == item->raw.len);
}

/* Of @n copies of one span, in order of arrival, the first one's place takes what all tell. */
static int join_copies(struct merge *m, struct clew_span_union *u,
                       const struct clew_sort_entry *copies, uint32_t n)
{
        struct clew_sort_entry *sorted = clew_arena_alloc(m->arena, 2 * n * sizeof(*sorted));
        struct clew_slice *raw = clew_arena_alloc(m->arena, n * sizeof(*raw));
        struct item *first = &m->items[((const struct item *)copies[0].item)->index];
        const struct item *best;
        uint32_t n_raw = 1;

        if (!sorted || !raw)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                const struct item *item = copies[i].item;

                sorted[i] = (struct clew_sort_entry){.key = ~item->end_ns, .item = item};
        }
        clew_sort(sorted, sorted + n, n, order_of_copies);
        best = sorted[0].item;
        raw[0] = best->raw;
        for (uint32_t i = 1; i < n; i++) {
                const struct item *item = sorted[i].item;

                if (!is_resend(sorted[i - 1].item, item))
                        raw[n_raw++] = item->raw;
        }
        first->scope = best->scope;
        first->raw = raw[0];
        for (uint32_t i = 1; i < n; i++)
                m->items[((const struct item *)copies[i].item)->index].scope = NONE;
        return n_raw == 1 || m->is_stripped ? 0
                                            : clew_span_union(u, raw, n_raw, true, &first->more);
}

/* Leaves one of each set of equal items, in the place of the first one. */
static int join_items(struct merge *m)
{
        bool spans = m->signal == CLEW_OTLP_TRACES;
        clew_sort_tie_fn order = spans ? order_of_items : order_of_logs;
        struct clew_span_union u = {.arena = m->arena};
        size_t from = 0;
        int r = 0;

        for (size_t i = 0; i < m->n_items; i++)
                m->entries[i] = (struct clew_sort_entry){.key = clew_hash(m->items[i].key),
                                                         .item = &m->items[i]};
        clew_sort(m->entries, m->entries + m->n_items, m->n_items, order);
        for (size_t i = 1; r == 0 && i <= m->n_items; i++) {
                if (i < m->n_items && order(m->entries[from].item, m->entries[i].item) == 0) {
                        if (!spans)
                                m->items[((const struct item *)m->entries[i].item)->index].scope =
                                        NONE;
                        continue;
                }
                if (spans && i - from > 1)
                        r = join_copies(m, &u, m->entries + from, (uint32_t)(i - from));
                from = i;
        }
        return r;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

/* Chains items into their scopes, then scopes that have items into their resources. */
static size_t chain(struct merge *m)
{
        size_t kept = 0;

        for (size_t i = 0; i < m->n_items; i++) {
                struct item *item = &m->items[i];
                struct group *scope;

                if (item->scope == NONE)
                        continue;
                scope = &m->scopes[item->scope];
                if (scope->last == NONE)
                        scope->first = (uint32_t)i;
                else
                        m->items[scope->last].next = (uint32_t)i;
                scope->last = (uint32_t)i;
                scope->content += clew_envelope_field_size(item->more.len + item->raw.len);
                kept++;
        }
        for (size_t i = 0; i < m->n_scopes; i++) {
                struct group *scope = &m->scopes[i];
                struct group *resource = &m->resources[scope->resource];

                if (scope->first == NONE)
                        continue;
                if (resource->last == NONE)
                        resource->first = (uint32_t)i;
                else
                        m->scopes[resource->last].next = (uint32_t)i;
                resource->last = (uint32_t)i;
                resource->content += clew_envelope_field_size(scope->rest.len + scope->content);
        }
        return kept;
}

static void write_scope(const struct merge *m, const struct group *scope, struct clew_buffer *out)
{
        clew_envelope_write_head(out, CLEW_FIELD_ENVELOPE_ITEMS, scope->rest.len + scope->content);
        clew_buffer_append_slice(out, scope->rest);
        for (uint32_t i = scope->first; i != NONE; i = m->items[i].next) {
                const struct item *item = &m->items[i];

                clew_envelope_write_head(out, CLEW_FIELD_ENVELOPE_ITEMS,
                                         item->more.len + item->raw.len);
                clew_buffer_append_slice(out, item->more);
                clew_buffer_append_slice(out, item->raw);
        }
}

/* What the store says of a trace itself stands in front (wire.h). */
static void write_notes(const struct clew_slice *parts, size_t n, struct clew_buffer *out)
{
        for (size_t i = 0; i < n; i++) {
                struct clew_cursor c = clew_cursor_make(parts[i]);
                struct clew_field f;

                while (clew_field_next(&c, &f)) {
                        if (f.number == CLEW_FIELD_DATA_LEFT_OUT)
                                clew_buffer_append(out, f.start, (size_t)(c.at - f.start));
                }
        }
}

static void write_all(const struct merge *m, struct clew_buffer *out)
{
        size_t total = 0;

        for (size_t r = 0; r < m->n_resources; r++) {
                if (m->resources[r].first != NONE)
                        total += clew_envelope_field_size(m->resources[r].rest.len +
                                                          m->resources[r].content);
        }
        if (!clew_buffer_reserve(out, total)) /* once: a large buffer is not moved as it grows */
                return;
        for (size_t r = 0; r < m->n_resources; r++) {
                const struct group *resource = &m->resources[r];

                if (resource->first == NONE)
                        continue;
                clew_envelope_write_head(out, CLEW_FIELD_DATA_RESOURCES,
                                         resource->rest.len + resource->content);
                clew_buffer_append_slice(out, resource->rest);
                for (uint32_t s = resource->first; s != NONE; s = m->scopes[s].next)
                        write_scope(m, &m->scopes[s], out);
        }
}

int clew_otlp_merge(const struct clew_slice *parts, size_t n, enum clew_otlp_signal signal,
                    struct clew_arena *scratch, struct clew_buffer *out, size_t *ret_items)
{
        return clew_otlp_merge_some(parts, n, signal, SIZE_MAX, scratch, out, ret_items);
}

int clew_otlp_merge_some(const struct clew_slice *parts, size_t n, enum clew_otlp_signal signal,
                         size_t max_items, struct clew_arena *scratch, struct clew_buffer *out,
                         size_t *ret_items)
{
        struct merge m = {.signal = signal, .arena = scratch, .max_items = max_items};
        size_t kept;
        int r;

        for (size_t i = 0; i < n; i++)
                count_part(&m, parts[i]);
        r = allocate(&m);
        for (size_t i = 0; r == 0 && i < n; i++)
                r = list_part(&m, parts[i]);
        if (r < 0)
                return r;
        join_groups(&m, m.resources, m.n_resources);
        for (size_t i = 0; i < m.n_scopes; i++)
                m.scopes[i].resource = m.resources[m.scopes[i].resource].leader;
        join_groups(&m, m.scopes, m.n_scopes);
        for (size_t i = 0; i < m.n_items; i++)
                m.items[i].scope = m.scopes[m.items[i].scope].leader;
        r = join_items(&m);
        if (r < 0)
                return r;
        kept = chain(&m);
        write_notes(parts, n, out);
        write_all(&m, out);
        if (ret_items)
                *ret_items = kept;
        return clew_buffer_error(out);
}
