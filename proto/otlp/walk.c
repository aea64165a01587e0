/*
 * The walk, in two rounds over the request.
 *
 * Round one looks at envelopes only: it hops from ResourceSpans to ScopeSpans to spans by their
 * lengths, keeps what the envelopes say (split from their items), and counts items that are long
 * enough to hold valid ids. So the item array is allocated once, in its final size, and millions of
 * empty spans allocate nothing.
 *
 * Round two checks each item to the bottom (check.c) and appends it to the list of its trace. A
 * small cache maps recent trace ids to their lists; a trace that has fallen out of it simply starts
 * a second list. At the end all lists are sorted by id and arrival, and lists of one trace are
 * joined. A sort instead of a hash table: nobody can choose ids that make it slow.
 */
#include "proto/otlp/walk.h"

#include "proto/base/sort.h"
#include "proto/otlp/check-int.h"
#include "proto/otlp/envelope-int.h"
#include "proto/otlp/log-event.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk-int.h"

#include <errno.h>
#include <stdio.h>

/* A span with valid ids has at least two tags, two lengths, 16 and 8 bytes. */
#define SPAN_MIN_BYTES 28u
/* An empty log record says nothing; it is dropped like an invalid span, so that it costs nothing.
 */
#define LOG_MIN_BYTES 1u

#define LIST_CACHE_SLOTS 256u /* power of two; batches interleave far fewer traces */
#define LISTS_CHUNK_MIN 16u
#define LISTS_CHUNK_MAX 4096u
#define SCOPES_MIN 16u

/* Lists of items, one per trace and stay in the cache, in chunks that never move. */
struct list_chunk {
        struct list_chunk *next;
        size_t n;
        size_t capacity;
        struct clew_otlp_trace lists[];
};

struct walk {
        struct clew_check check;
        struct clew_slice request;
        enum clew_otlp_signal signal;
        struct clew_arena *arena; /* NULL: check only */
        struct clew_otlp_batch *batch;
        struct clew_slice *scope_envelopes; /* parallel to batch->scopes */
        size_t scopes_capacity;
        size_t items_capacity;
        struct list_chunk *first_chunk;
        struct list_chunk *last_chunk;
        size_t n_lists;
        const struct clew_log_family *family; /* of the scope at hand: its items name runs */
        struct clew_error told;               /* what the caller's error said before the walk */
        struct clew_otlp_trace *cache[LIST_CACHE_SLOTS];
};

/* What the top level of a Span or LogRecord tells. */
struct facts {
        struct clew_slice trace_id; /* as sent */
        struct clew_slice span_id;
        struct clew_slice parent_id;
        struct clew_slice status;
        uint64_t start_ns; /* of a log record: its time */
        uint64_t end_ns;   /* of a log record: when it was observed */
};

static int out_of_memory(const struct walk *w)
{
        return clew_error_set(w->check.err, -ENOMEM, 0,
                              "not enough memory for a request of %zu bytes", w->request.len);
}

static int wrong_wire_type(const struct walk *w, const char *message, const struct clew_field *f)
{
        return clew_check_bad(&w->check, message, f->start, "a known field with a wrong wire type");
}

static int cut_off(const struct walk *w, const char *message, const struct clew_field *f)
{
        return clew_check_bad(&w->check, message, f->start, "a field that is cut off or no field");
}

/* ---- ids --------------------------------------------------------------------------------------
 */

enum id_form { ID_BAD, ID_BYTES, ID_TEXT };

/* Decodes an id of @n bytes, sent as bytes or as hex text. @ret is untouched when it is neither. */
static enum id_form read_id(struct clew_slice s, uint8_t *ret, size_t n)
{
        if (CLEW_LIKELY(s.len == n)) {
                memcpy(ret, s.data, n);
                return ID_BYTES;
        }
        return clew_hex_decode(s, ret, n) ? ID_TEXT : ID_BAD;
}

/* Bytes of the id that field @number holds, 0 for every other field. */
static size_t id_size(enum clew_otlp_signal signal, uint32_t number)
{
        if (signal == CLEW_OTLP_TRACES)
                return number == 1 ? CLEW_TRACE_ID_BYTES
                                   : (number == 2 || number == 4 ? CLEW_SPAN_ID_BYTES : 0);
        return number == 9 ? CLEW_TRACE_ID_BYTES : (number == 10 ? CLEW_SPAN_ID_BYTES : 0);
}

/* A copy of an item in which ids sent as text are bytes; it is shorter than the original. */
static int rewrite_ids(struct walk *w, struct clew_slice *raw)
{
        struct clew_cursor c = clew_cursor_make(*raw);
        uint8_t *copy = clew_arena_alloc(w->arena, raw->len);
        uint8_t *to = copy;
        struct clew_field f;

        if (!copy)
                return out_of_memory(w);
        while (clew_field_next(&c, &f)) {
                size_t n = id_size(w->signal, f.number);
                size_t len = (size_t)(c.at - f.start);

                if (n > 0 && clew_hex_decode(f.bytes, to + 2, n)) {
                        to[0] = (uint8_t)(f.number << 3 | CLEW_WIRE_BYTES);
                        to[1] = (uint8_t)n;
                        to += 2 + n;
                } else {
                        memcpy(to, f.start, len);
                        to += len;
                }
        }
        *raw = clew_slice_make(copy, (size_t)(to - copy));
        return 0;
}

static void reject(struct walk *w, const char *what, size_t len, size_t want)
{
        char *reason = w->batch->reject_reason;
        size_t size = sizeof(w->batch->reject_reason);

        if (w->batch->n_rejected++ > 0)
                return;
        if (len == 0)
                snprintf(reason, size, "%s is missing", what);
        else if (len != want)
                snprintf(reason, size, "%s has %zu bytes instead of %zu", what, len, want);
        else
                snprintf(reason, size, "%s is all zero", what);
}

void clew_otlp_refuse_deep(struct clew_otlp_batch *batch, uint64_t n)
{
        if (batch->n_rejected == 0 && n > 0)
                snprintf(batch->reject_reason, sizeof(batch->reject_reason),
                         "a %s holds values nested deeper than %u levels",
                         batch->signal == CLEW_OTLP_LOGS ? "log record" : "span",
                         CLEW_OTLP_DEPTH_MAX);
        batch->n_rejected += n;
}

/* Whether @r says that an item holds a value too deep to read: it is left out alone. */
static bool leave_out_deep(struct walk *w, int r)
{
        if (r != -E2BIG || !w->arena)
                return false;
        clew_otlp_refuse_deep(w->batch, 1);
        if (w->check.err)
                *w->check.err = w->told;
        return true;
}

/* ---- lists of items by trace --------------------------------------------------------------------
 */

static struct clew_otlp_trace *new_list(struct walk *w)
{
        struct list_chunk *chunk = w->last_chunk;

        if (!chunk || chunk->n == chunk->capacity) {
                size_t capacity = chunk ? chunk->capacity * 2 : LISTS_CHUNK_MIN;

                if (capacity > LISTS_CHUNK_MAX)
                        capacity = LISTS_CHUNK_MAX;
                chunk = clew_arena_alloc(w->arena,
                                         sizeof(*chunk) + capacity * sizeof(chunk->lists[0]));
                if (!chunk)
                        return NULL;
                *chunk = (struct list_chunk){.capacity = capacity};
                if (w->last_chunk)
                        w->last_chunk->next = chunk;
                else
                        w->first_chunk = chunk;
                w->last_chunk = chunk;
        }
        w->n_lists++;
        return &chunk->lists[chunk->n++];
}

static struct clew_otlp_trace *list_of(struct walk *w, const struct clew_trace_id *id,
                                       uint32_t scope)
{
        unsigned slot = (unsigned)(id->bytes[15] ^ id->bytes[7] ^ id->bytes[0]);
        struct clew_otlp_trace **cached = &w->cache[slot % LIST_CACHE_SLOTS];
        struct clew_otlp_trace *list = *cached;

        if (CLEW_LIKELY(list && clew_trace_id_eq(&list->id, id)))
                return list;
        list = new_list(w);
        if (!list)
                return NULL;
        *list = (struct clew_otlp_trace){.id = *id,
                                         .first = CLEW_NO_ITEM,
                                         .last = CLEW_NO_ITEM,
                                         .min_start_ns = UINT64_MAX,
                                         .service = w->batch->scopes[scope].service};
        *cached = list;
        return list;
}

static bool status_is_error(struct clew_slice status)
{
        struct clew_cursor c = clew_cursor_make(status);
        struct clew_field f;
        uint64_t code = 0;

        while (clew_field_next(&c, &f)) {
                if (f.number == 3)
                        code = f.value;
        }
        return (uint32_t)code == CLEW_STATUS_ERROR;
}

/* Whether the item of @list's trace names a run, and which. */
static void note_run(const struct walk *w, struct clew_slice raw, uint32_t scope,
                     struct clew_otlp_trace *list)
{
        const struct clew_otlp_scope *at = &w->batch->scopes[scope];
        struct clew_log_record record;
        struct clew_trace_id run;
        struct clew_span span;
        bool found = false;

        if (w->signal == CLEW_OTLP_LOGS)
                found = clew_log_record_parse(raw, &record) &&
                        clew_log_run(&record, at->scope, at->resource, &run);
        else
                found = clew_span_parse(raw, &span) &&
                        clew_span_run(&span, w->family, at->resource, &run);
        if (found && !clew_trace_id_eq(&run, &list->id)) {
                list->run = run;
                list->has_run = true;
        }
}

static int append_item(struct walk *w, struct clew_slice raw, uint32_t scope,
                       const struct clew_trace_id *id, const struct facts *facts)
{
        struct clew_otlp_batch *b = w->batch;
        struct clew_otlp_trace *list = list_of(w, id, scope);
        struct clew_span_id parent = {{0}};
        uint32_t index = (uint32_t)b->n_items;

        if (!list)
                return out_of_memory(w);
        CLEW_ASSERT(b->n_items < w->items_capacity);
        b->items[b->n_items++] =
                (struct clew_otlp_item){.raw = raw, .scope = scope, .next = CLEW_NO_ITEM};
        if (list->last == CLEW_NO_ITEM)
                list->first = index;
        else
                b->items[list->last].next = index;
        list->last = index;
        list->n_items++;
        list->raw_bytes += raw.len;
        if (CLEW_UNLIKELY(w->family) && !list->has_run && !clew_trace_id_is_zero(id))
                note_run(w, raw, scope, list);
        if (facts->start_ns > 0 && facts->start_ns < list->min_start_ns)
                list->min_start_ns = facts->start_ns;
        if (w->signal == CLEW_OTLP_LOGS)
                return 0;
        (void)read_id(facts->parent_id, parent.bytes, sizeof(parent.bytes));
        list->has_root |= clew_span_id_is_zero(&parent);
        list->n_errors += facts->status.len > 0 && status_is_error(facts->status);
        if (facts->end_ns > list->max_end_ns)
                list->max_end_ns = facts->end_ns;
        return 0;
}

static int order_of_lists(const void *a, const void *b)
{
        const struct clew_otlp_trace *x = a;
        const struct clew_otlp_trace *y = b;
        int order = memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));

        if (order != 0)
                return order;
        return x->first < y->first ? -1 : 1;
}

static uint64_t id_prefix(const struct clew_trace_id *id)
{
        uint64_t v = 0;

        for (unsigned i = 0; i < sizeof(v); i++)
                v = v << 8 | id->bytes[i];
        return v;
}

/* Adds the items of @more, which came later, to @trace. */
static void join_lists(struct clew_otlp_batch *b, struct clew_otlp_trace *trace,
                       const struct clew_otlp_trace *more)
{
        b->items[trace->last].next = more->first;
        trace->last = more->last;
        trace->n_items += more->n_items;
        trace->n_errors += more->n_errors;
        trace->has_root |= more->has_root;
        if (!trace->has_run && more->has_run) {
                trace->run = more->run;
                trace->has_run = true;
        }
        trace->raw_bytes += more->raw_bytes;
        if (more->min_start_ns < trace->min_start_ns)
                trace->min_start_ns = more->min_start_ns;
        if (more->max_end_ns > trace->max_end_ns)
                trace->max_end_ns = more->max_end_ns;
}

/* Turns the lists into batch->traces: sorted by id, one each. */
static int finish_traces(struct walk *w)
{
        struct clew_otlp_batch *b = w->batch;
        size_t n = w->n_lists;
        struct clew_sort_entry *entries;
        size_t at = 0;

        if (n == 0)
                return 0;
        entries = clew_arena_alloc(w->arena, 2 * n * sizeof(*entries));
        b->traces = clew_arena_alloc(w->arena, n * sizeof(*b->traces));
        if (!entries || !b->traces)
                return out_of_memory(w);
        for (struct list_chunk *chunk = w->first_chunk; chunk; chunk = chunk->next) {
                for (size_t i = 0; i < chunk->n; i++)
                        entries[at++] = (struct clew_sort_entry){
                                .key = id_prefix(&chunk->lists[i].id), .item = &chunk->lists[i]};
        }
        clew_sort(entries, entries + n, n, order_of_lists);
        for (size_t i = 0; i < n; i++) {
                const struct clew_otlp_trace *list = entries[i].item;
                struct clew_otlp_trace *trace = b->traces + b->n_traces;

                if (b->n_traces > 0 && clew_trace_id_eq(&trace[-1].id, &list->id))
                        join_lists(b, &trace[-1], list);
                else
                        b->traces[b->n_traces++] = *list;
        }
        for (size_t i = 0; i < b->n_traces; i++) {
                if (b->traces[i].min_start_ns == UINT64_MAX)
                        b->traces[i].min_start_ns = 0;
        }
        return 0;
}

/* ---- items --------------------------------------------------------------------------------------
 */

static int check_span(const struct walk *w, struct clew_slice raw, struct facts *ret)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_field f = {.start = c.at};
        enum clew_message child;
        int r;

        while (clew_field_next(&c, &f)) {
                switch (clew_field_label(&f)) {
                case CLEW_LABEL_BYTES(9):
                        if (CLEW_LIKELY(clew_check_plain_pair(f.bytes))) {
                                clew_check_skip_plain_pairs(&c, CLEW_LABEL_BYTES(9));
                                continue;
                        }
                        child = CLEW_MESSAGE_KEY_VALUE;
                        break;
                case CLEW_LABEL_BYTES(1):
                        ret->trace_id = f.bytes;
                        continue;
                case CLEW_LABEL_BYTES(2):
                        ret->span_id = f.bytes;
                        continue;
                case CLEW_LABEL_BYTES(4):
                        ret->parent_id = f.bytes;
                        continue;
                case CLEW_LABEL_FIXED64(7):
                        ret->start_ns = f.value;
                        continue;
                case CLEW_LABEL_FIXED64(8):
                        ret->end_ns = f.value;
                        continue;
                case CLEW_LABEL_BYTES(11):
                        child = CLEW_MESSAGE_EVENT;
                        break;
                case CLEW_LABEL_BYTES(13):
                        child = CLEW_MESSAGE_LINK;
                        break;
                case CLEW_LABEL_BYTES(15):
                        ret->status = f.bytes;
                        child = CLEW_MESSAGE_STATUS;
                        break;
                case CLEW_LABEL_BYTES(3):
                case CLEW_LABEL_BYTES(5):
                case CLEW_LABEL_VARINT(6):
                case CLEW_LABEL_VARINT(10):
                case CLEW_LABEL_VARINT(12):
                case CLEW_LABEL_VARINT(14):
                case CLEW_LABEL_FIXED32(16):
                        continue;
                default:
                        if (f.number <= 16)
                                return wrong_wire_type(w, "Span", &f);
                        continue;
                }
                r = clew_check_message(&w->check, child, f.bytes);
                if (r < 0)
                        return r;
        }
        return c.failed ? cut_off(w, "Span", &f) : 0;
}

static int check_log(const struct walk *w, struct clew_slice raw, struct facts *ret)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_field f = {.start = c.at};
        int r = 0;

        while (r == 0 && clew_field_next(&c, &f)) {
                switch (clew_field_label(&f)) {
                case CLEW_LABEL_BYTES(5):
                        r = clew_check_message(&w->check, CLEW_MESSAGE_ANY_VALUE, f.bytes);
                        break;
                case CLEW_LABEL_BYTES(6):
                        if (!clew_check_plain_pair(f.bytes))
                                r = clew_check_message(&w->check, CLEW_MESSAGE_KEY_VALUE, f.bytes);
                        break;
                case CLEW_LABEL_BYTES(9):
                        ret->trace_id = f.bytes;
                        break;
                case CLEW_LABEL_BYTES(10):
                        ret->span_id = f.bytes;
                        break;
                case CLEW_LABEL_FIXED64(1):
                        ret->start_ns = f.value;
                        break;
                case CLEW_LABEL_FIXED64(11):
                        ret->end_ns = f.value;
                        break;
                case CLEW_LABEL_VARINT(2):
                case CLEW_LABEL_BYTES(3):
                case CLEW_LABEL_VARINT(7):
                case CLEW_LABEL_FIXED32(8):
                case CLEW_LABEL_BYTES(12):
                        break;
                default: /* 4 was "name", long gone */
                        if (f.number <= 12 && f.number != 4)
                                return wrong_wire_type(w, "LogRecord", &f);
                }
        }
        if (r < 0)
                return r;
        return c.failed ? cut_off(w, "LogRecord", &f) : 0;
}

static int take_span(struct walk *w, struct clew_slice raw, uint32_t scope)
{
        struct facts facts = {0};
        struct clew_trace_id trace_id = {{0}};
        struct clew_span_id span_id = {{0}};
        struct clew_span_id parent = {{0}};
        enum id_form trace_form;
        enum id_form span_form;
        int r = check_span(w, raw, &facts);

        if (CLEW_UNLIKELY(leave_out_deep(w, r)))
                return 0;
        if (r < 0 || !w->arena)
                return r;
        trace_form = read_id(facts.trace_id, trace_id.bytes, sizeof(trace_id.bytes));
        span_form = read_id(facts.span_id, span_id.bytes, sizeof(span_id.bytes));
        if (CLEW_UNLIKELY(trace_form == ID_BAD || clew_trace_id_is_zero(&trace_id))) {
                reject(w, "trace id", facts.trace_id.len, CLEW_TRACE_ID_BYTES);
                return 0;
        }
        if (CLEW_UNLIKELY(span_form == ID_BAD || clew_span_id_is_zero(&span_id))) {
                reject(w, "span id", facts.span_id.len, CLEW_SPAN_ID_BYTES);
                return 0;
        }
        if (CLEW_UNLIKELY(trace_form == ID_TEXT || span_form == ID_TEXT ||
                          read_id(facts.parent_id, parent.bytes, sizeof(parent.bytes)) ==
                                  ID_TEXT)) {
                r = rewrite_ids(w, &raw);
                if (r < 0)
                        return r;
        }
        return append_item(w, raw, scope, &trace_id, &facts);
}

/* The trace of a record that names none: as clew_log_place() says, or zeros. */
static bool place_log(const struct walk *w, struct clew_slice raw, uint32_t scope,
                      struct clew_trace_id *ret)
{
        const struct clew_otlp_scope *at = &w->batch->scopes[scope];
        struct clew_log_record record;
        struct clew_trace_id run;

        if (!clew_log_record_parse(raw, &record) ||
            !clew_log_place(&record, at->scope, at->resource, &run))
                return false;
        *ret = run;
        return true;
}

/* A log record is never refused for its ids: without a valid one it is not correlated. */
static int take_log(struct walk *w, struct clew_slice raw, uint32_t scope)
{
        struct facts facts = {0};
        struct clew_trace_id trace_id = {{0}};
        struct clew_span_id span_id = {{0}};
        enum id_form trace_form;
        enum id_form span_form;
        int r = check_log(w, raw, &facts);

        if (CLEW_UNLIKELY(leave_out_deep(w, r)))
                return 0;
        if (r < 0 || !w->arena)
                return r;
        if (raw.len < LOG_MIN_BYTES) {
                reject(w, "content of a log record", 0, 0);
                return 0;
        }
        trace_form = read_id(facts.trace_id, trace_id.bytes, sizeof(trace_id.bytes));
        span_form = read_id(facts.span_id, span_id.bytes, sizeof(span_id.bytes));
        if (trace_form == ID_TEXT || span_form == ID_TEXT) {
                r = rewrite_ids(w, &raw);
                if (r < 0)
                        return r;
        }
        if ((trace_form == ID_BAD || clew_trace_id_is_zero(&trace_id)) &&
            place_log(w, raw, scope, &trace_id))
                /* A run has its place in the list by its records; else they follow their spans. */
                facts.start_ns = facts.start_ns ? facts.start_ns : facts.end_ns;
        else
                facts.start_ns = 0;
        return append_item(w, raw, scope, &trace_id, &facts);
}

/* Round two for one ScopeSpans. */
static int take_items(struct walk *w, struct clew_slice envelope, uint32_t scope)
{
        struct clew_message_iter it = clew_messages_of(envelope, CLEW_FIELD_ENVELOPE_ITEMS);
        struct clew_slice raw;

        w->family =
                w->arena && w->batch->n_scopes > 0
                        ? clew_log_family_of_scope(clew_scope_name(w->batch->scopes[scope].scope))
                        : NULL;
        while (clew_message_next(&it, &raw)) {
                int r = w->signal == CLEW_OTLP_TRACES ? take_span(w, raw, scope)
                                                      : take_log(w, raw, scope);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- envelopes ----------------------------------------------------------------------------------
 */

/* Splits an envelope and checks its Resource or InstrumentationScope (each one, if repeated). */
static int open_envelope(struct walk *w, struct clew_slice raw, enum clew_message head_type,
                         struct clew_envelope *ret)
{
        size_t min_item = 0;
        uint32_t also = CLEW_FIELD_RESOURCE_ITEMS_OLD;
        struct clew_message_iter it = clew_messages_of(raw, CLEW_FIELD_ENVELOPE_HEAD);
        const uint8_t *bad = NULL;
        struct clew_slice head;
        int r;

        if (head_type == CLEW_MESSAGE_SCOPE) {
                min_item = w->signal == CLEW_OTLP_TRACES ? SPAN_MIN_BYTES : LOG_MIN_BYTES;
                also = CLEW_FIELD_ENVELOPE_ITEMS;
        }
        r = clew_envelope_split(raw, min_item, also, w->arena, ret, &bad);
        if (r == -ENOMEM)
                return out_of_memory(w);
        if (r < 0)
                return clew_check_bad(&w->check,
                                      head_type == CLEW_MESSAGE_SCOPE ? "scope envelope"
                                                                      : "resource envelope",
                                      bad, "a field that is cut off or of a wrong wire type");
        if (ret->n_heads == 1)
                return clew_check_message(&w->check, head_type, ret->head);
        while (ret->n_heads > 1 && clew_message_next(&it, &head)) {
                r = clew_check_message(&w->check, head_type, head);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int grow_scopes(struct walk *w)
{
        struct clew_otlp_batch *b = w->batch;
        size_t capacity = w->scopes_capacity ? w->scopes_capacity * 2 : SCOPES_MIN;
        struct clew_otlp_scope *scopes = clew_arena_alloc(w->arena, capacity * sizeof(*scopes));
        struct clew_slice *envelopes = clew_arena_alloc(w->arena, capacity * sizeof(*envelopes));

        if (!scopes || !envelopes)
                return out_of_memory(w);
        if (b->n_scopes > 0) {
                memcpy(scopes, b->scopes, b->n_scopes * sizeof(*scopes));
                memcpy(envelopes, w->scope_envelopes, b->n_scopes * sizeof(*envelopes));
        }
        b->scopes = scopes;
        w->scope_envelopes = envelopes;
        w->scopes_capacity = capacity;
        return 0;
}

static int keep_scope(struct walk *w, struct clew_slice raw, const struct clew_otlp_scope *scope)
{
        struct clew_otlp_batch *b = w->batch;

        if (b->n_scopes == CLEW_OTLP_ENVELOPES_MAX)
                return clew_error_set(w->check.err, -E2BIG, 0,
                                      "more than %u scopes in one request; send smaller batches",
                                      CLEW_OTLP_ENVELOPES_MAX);
        if (b->n_scopes == w->scopes_capacity) {
                int r = grow_scopes(w);

                if (r < 0)
                        return r;
        }
        w->scope_envelopes[b->n_scopes] = raw;
        b->scopes[b->n_scopes++] = *scope;
        return 0;
}

static int take_scope(struct walk *w, struct clew_slice raw, struct clew_otlp_scope *at)
{
        struct clew_envelope scope;
        int r = open_envelope(w, raw, CLEW_MESSAGE_SCOPE, &scope);

        if (r < 0)
                return r;
        if (!w->arena || scope.n_min_items == 0) /* nothing in it can be kept: check and forget */
                return take_items(w, raw, 0);
        at->scope = scope.head;
        at->scope_rest = scope.rest;
        w->items_capacity += scope.n_min_items;
        return keep_scope(w, raw, at);
}

/* All scopes that stand in a resource under one number. */
static int take_scopes(struct walk *w, struct clew_slice raw, uint32_t number,
                       struct clew_otlp_scope *at)
{
        struct clew_message_iter it = clew_messages_of(raw, number);
        struct clew_slice scope;
        int r = 0;

        while (r == 0 && clew_message_next(&it, &scope))
                r = take_scope(w, scope, at);
        return r;
}

/* Round one for one ResourceSpans; in a check alone, both rounds. */
static int take_resource(struct walk *w, struct clew_slice raw, uint32_t resource_index)
{
        struct clew_otlp_scope at = {.resource_index = resource_index};
        struct clew_envelope resource;
        struct clew_value service;
        int r = open_envelope(w, raw, CLEW_MESSAGE_RESOURCE, &resource);

        if (r < 0)
                return r;
        at.resource = resource.head;
        at.resource_rest = resource.rest;
        if (clew_attribute_find(clew_resource_attributes(resource.head),
                                CLEW_SLICE_LITERAL("service.name"), &service) &&
            service.type == CLEW_VALUE_STRING)
                at.service = service.bytes;
        r = take_scopes(w, raw, CLEW_FIELD_ENVELOPE_ITEMS, &at);
        if (r == 0 && resource.has_other)
                r = take_scopes(w, raw, CLEW_FIELD_RESOURCE_ITEMS_OLD, &at);
        return r;
}

static int take_envelopes(struct walk *w)
{
        struct clew_cursor c = clew_cursor_make(w->request);
        struct clew_field f = {.start = c.at};
        uint32_t resource_index = 0;

        while (clew_field_next(&c, &f)) {
                int r;

                if (f.number != CLEW_FIELD_DATA_RESOURCES)
                        continue;
                if (f.wire != CLEW_WIRE_BYTES)
                        return wrong_wire_type(w, "request", &f);
                r = take_resource(w, f.bytes, resource_index++);
                if (r < 0)
                        return r;
        }
        return c.failed ? cut_off(w, "request", &f) : 0;
}

static int take_kept_scopes(struct walk *w)
{
        struct clew_otlp_batch *b = w->batch;

        if (w->items_capacity > CLEW_OTLP_ITEMS_MAX)
                return clew_error_set(w->check.err, -E2BIG, 0,
                                      "%zu items in one request, %u are allowed; send smaller "
                                      "batches",
                                      w->items_capacity, CLEW_OTLP_ITEMS_MAX);
        b->items = clew_arena_alloc(w->arena, w->items_capacity * sizeof(*b->items));
        if (!b->items)
                return out_of_memory(w);
        for (size_t i = 0; i < b->n_scopes; i++) {
                int r = take_items(w, w->scope_envelopes[i], (uint32_t)i);

                if (r < 0)
                        return r;
        }
        return finish_traces(w);
}

/* ---- entry points -------------------------------------------------------------------------------
 */

int clew_otlp_walk(struct clew_slice request, enum clew_otlp_signal signal,
                   struct clew_arena *arena, struct clew_otlp_batch *ret, struct clew_error *err)
{
        struct clew_otlp_batch batch = {.signal = signal};
        struct walk w = {.check = {.base = request.data, .err = err},
                         .request = request,
                         .signal = signal,
                         .arena = arena,
                         .batch = &batch,
                         .told = err ? *err : (struct clew_error){0}};
        int r = take_envelopes(&w);

        if (r == 0)
                r = take_kept_scopes(&w);
        if (r == 0)
                r = clew_split_measure(&batch, err);
        if (r == 0)
                *ret = batch;
        return r;
}

int clew_otlp_check(struct clew_slice request, enum clew_otlp_signal signal, struct clew_error *err)
{
        struct walk w = {
                .check = {.base = request.data, .err = err}, .request = request, .signal = signal};

        return take_envelopes(&w);
}

struct clew_otlp_reader clew_otlp_reader_make(struct clew_slice data)
{
        return (struct clew_otlp_reader){.data = data};
}

/* Takes the next sub-message number @field off the front of @from. */
static bool take_message(struct clew_slice *from, uint32_t field, struct clew_slice *ret)
{
        struct clew_message_iter it = clew_messages_of(*from, field);
        bool found = clew_message_next(&it, ret);

        *from = it.left;
        return found;
}

static struct clew_slice last_message(struct clew_slice from, uint32_t field)
{
        struct clew_message_iter it = clew_messages_of(from, field);
        struct clew_slice last = CLEW_SLICE_NULL;

        while (clew_message_next(&it, &last))
                continue;
        return last;
}

bool clew_otlp_read(struct clew_otlp_reader *r, struct clew_slice *ret_raw,
                    struct clew_otlp_scope *ret_scope)
{
        while (!take_message(&r->in_scope, CLEW_FIELD_ENVELOPE_ITEMS, ret_raw)) {
                if (take_message(&r->in_resource, CLEW_FIELD_ENVELOPE_ITEMS, &r->in_scope)) {
                        r->at.scope = last_message(r->in_scope, CLEW_FIELD_ENVELOPE_HEAD);
                        continue;
                }
                if (!take_message(&r->data, CLEW_FIELD_DATA_RESOURCES, &r->in_resource))
                        return false;
                r->at.resource = last_message(r->in_resource, CLEW_FIELD_ENVELOPE_HEAD);
                r->at.resource_index = r->n_resources++;
        }
        if (ret_scope)
                *ret_scope = r->at;
        return true;
}

uint64_t clew_otlp_count(struct clew_slice data)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(data);
        struct clew_slice raw;
        uint64_t n = 0;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}
