/*
 * Everything that a span carries, interpreted or not: attributes with their types, events, links,
 * log records, scope and resource.
 */
#include "query/answer/when.h"
#include "query/cli/output.h"
#include "query/cli/show-int.h"

/* Keys of one flattened list that are shown one by one. */
#define LIST_KEYS_MAX 6u
/* Of a text that was left out. */
#define SHOWN_BYTES_MAX 4096u
#define INDENT 2u /* of a line below a heading */

static const char *type_word(enum clew_value_type type)
{
        static const char *const words[] = {
                [CLEW_VALUE_EMPTY] = "empty",   [CLEW_VALUE_STRING] = "string",
                [CLEW_VALUE_BOOL] = "bool",     [CLEW_VALUE_INT] = "int",
                [CLEW_VALUE_DOUBLE] = "double", [CLEW_VALUE_ARRAY] = "array",
                [CLEW_VALUE_KVLIST] = "map",    [CLEW_VALUE_BYTES] = "bytes",
        };

        return (size_t)type < CLEW_ARRAY_LEN(words) ? words[type] : "?";
}

/* Length of the part of @key before its first ".<number>", 0 when it has none. */
static size_t list_prefix(struct clew_slice key)
{
        for (size_t i = 0; i + 1 < key.len; i++) {
                if (key.data[i] == '.' && key.data[i + 1] >= '0' && key.data[i + 1] <= '9')
                        return i;
        }
        return 0;
}

/* How many attributes from @it on belong to the list that @first begins. */
static unsigned list_length(struct clew_message_iter it, const struct clew_attribute *first)
{
        size_t len = list_prefix(first->key);
        struct clew_slice prefix = clew_slice_make(first->key.data, len + 1);
        struct clew_attribute a;
        unsigned n = 1;

        if (len == 0)
                return 1;
        while (clew_attribute_next(&it, &a) && clew_slice_starts_with(a.key, prefix))
                n++;
        return n;
}

static void put_text(struct clew_show *v, struct clew_slice text)
{
        CLEW_ARENA arena = {0};

        clew_arena_init(&arena, SHOWN_BYTES_MAX);
        if (v->opened.trace && v->opened.trace->left_out)
                text = clew_stand_in_show(text, &arena);
        clew_buffer_append_slice(&v->raw, text);
}

/* A key that takes most of the line has its value on the next one. */
static void put_attribute(struct clew_show *v, const struct clew_attribute *a)
{
        size_t columns = v->look.columns;
        size_t from;

        clew_buffer_clear(&v->raw);
        clew_buffer_append_slice(&v->raw, a->key.len > 0 ? a->key : CLEW_SLICE_LITERAL("(no key)"));
        clew_buffer_append_cstr(&v->raw, " = ");
        from = v->raw.len;
        if (a->value.type == CLEW_VALUE_STRING) {
                put_text(v, a->value.bytes);
        } else {
                CLEW_BUFFER json = {0};
                struct clew_json_writer w = clew_json_writer_make(&json, 0);

                clew_buffer_init(&json, SHOWN_BYTES_MAX);
                clew_write_value(&w, &a->value);
                put_text(v, clew_buffer_slice(&json));
                clew_buffer_printf(&v->raw, " (%s)", type_word(a->value.type));
        }
        if (from > columns / 2 && v->raw.len > columns - INDENT && v->raw.len > from) {
                clew_page_line(&v->page, clew_slice_make(v->raw.data, from));
                clew_page_field(&v->page, "", clew_slice_from(clew_buffer_slice(&v->raw), from));
                return;
        }
        clew_page_line(&v->page, clew_buffer_slice(&v->raw));
}

/* Lists that were flattened into many keys take one line: their messages stand above. */
static void put_attributes(struct clew_show *v, struct clew_message_iter it)
{
        struct clew_attribute a;

        while (clew_attribute_next(&it, &a)) {
                unsigned n = v->all ? 1 : list_length(it, &a);

                if (n < LIST_KEYS_MAX) {
                        put_attribute(v, &a);
                        continue;
                }
                clew_buffer_clear(&v->raw);
                clew_buffer_append(&v->raw, a.key.data, list_prefix(a.key));
                clew_buffer_printf(&v->raw, ".*: %u keys (--all)", n);
                clew_page_line(&v->page, clew_buffer_slice(&v->raw));
                while (--n > 0 && clew_attribute_next(&it, &a))
                        ;
        }
}

/* "mlflow.chunk.item.17" without its number. */
static struct clew_slice event_kind(struct clew_slice name)
{
        while (name.len > 0 && name.data[name.len - 1] >= '0' && name.data[name.len - 1] <= '9')
                name.len--;
        return name;
}

/* How many events from @it on are of the kind of @first: pieces of a stream come by the hundred. */
static unsigned run_length(struct clew_message_iter it, const struct clew_span_event *first)
{
        struct clew_span_event e;
        unsigned n = 1;

        while (clew_span_event_next(&it, &e) &&
               clew_slice_eq(event_kind(e.name), event_kind(first->name)))
                n++;
        return n;
}

static void put_events(struct clew_show *v)
{
        struct clew_message_iter it = clew_span_events(&v->step->span);
        struct clew_span_event e;

        while (clew_span_event_next(&it, &e)) {
                char text[CLEW_WHEN_TEXT];
                char heading[CLEW_WHEN_TEXT + 16];
                unsigned n = v->all ? 1 : run_length(it, &e);

                if (n >= LIST_KEYS_MAX) {
                        clew_page_heading_text(&v->page, "EVENTS", e.name);
                        clew_page_fieldf(&v->page, "", CLEW_SLICE_NULL, "%u of this kind (--all)",
                                         n);
                        while (--n > 0 && clew_span_event_next(&it, &e))
                                ;
                        continue;
                }
                clew_when_offset(e.time_ns > v->step->start_ns ? e.time_ns - v->step->start_ns : 0,
                                 text);
                snprintf(heading, sizeof(heading), "EVENT +%s", text);
                clew_page_heading_text(&v->page, heading, e.name);
                put_attributes(v, clew_event_attributes(&e));
        }
}

static void put_links(struct clew_show *v)
{
        struct clew_message_iter it = clew_span_links(&v->step->span);
        struct clew_span_link link;

        while (clew_span_link_next(&it, &link)) {
                char trace[CLEW_TRACE_ID_HEX];
                char span[CLEW_SPAN_ID_HEX];

                clew_trace_id_to_hex(&link.trace_id, trace);
                clew_span_id_to_hex(&link.span_id, span);
                clew_page_heading(&v->page, "LINK");
                clew_page_fieldf(&v->page, "to", CLEW_SLICE_NULL, "%s:%s", trace, span);
                put_attributes(v, clew_link_attributes(&link));
        }
}

static void put_log(struct clew_show *v, const struct clew_step_log *log)
{
        const struct clew_log_record *r = &log->record;

        clew_page_field(&v->page, "severity", r->severity_text);
        if (log->joined_by)
                clew_page_field(&v->page, "joined by", clew_slice_of_cstr(log->joined_by));
        if (r->body.type != CLEW_VALUE_EMPTY) {
                struct clew_json_writer w;

                clew_buffer_clear(&v->raw);
                w = clew_json_writer_make(&v->raw, 0);
                if (r->body.type == CLEW_VALUE_STRING)
                        clew_buffer_append_slice(&v->raw, r->body.bytes);
                else
                        clew_write_value(&w, &r->body);
                clew_page_field(&v->page, "body", clew_buffer_slice(&v->raw));
        }
        put_attributes(v, clew_log_attributes(r));
}

static void put_logs(struct clew_show *v)
{
        const struct clew_trace *trace = v->opened.trace;

        for (uint32_t i = 0; i < v->step->n_logs; i++) {
                const struct clew_step_log *log = &trace->logs[v->step->logs + i];

                clew_page_heading_text(&v->page, "LOG", log->record.event_name);
                put_log(v, log);
        }
}

/* Records are grouped by step, in the order of steps. */
void clew_show_logs(struct clew_show *v)
{
        const struct clew_trace *trace = v->opened.trace;
        uint32_t step = 0;

        for (uint32_t i = 0; i < trace->n_logs; i++) {
                const struct clew_step_log *log = &trace->logs[i];
                uint64_t time = log->record.time_ns ? log->record.time_ns : log->record.observed_ns;
                char text[CLEW_WHEN_TEXT];
                char heading[CLEW_WHEN_TEXT + 32];

                while (step < trace->n_steps &&
                       i >= trace->steps[step].logs + trace->steps[step].n_logs)
                        step++;
                clew_when_full(time, v->look.utc, text);
                if (step == trace->n_steps)
                        snprintf(heading, sizeof(heading), "LOG of no step");
                else
                        snprintf(heading, sizeof(heading), "LOG of #%u", step + 1);
                clew_page_heading_text(&v->page, heading, log->record.event_name);
                clew_page_field(&v->page, "time", clew_slice_of_cstr(text));
                put_log(v, log);
        }
}

static void put_status(struct clew_show *v, const struct clew_span *span)
{
        struct clew_slice message = span->status_message;
        CLEW_ARENA arena = {0};

        clew_arena_init(&arena, SHOWN_BYTES_MAX);
        if (v->opened.trace && v->opened.trace->left_out)
                message = clew_stand_in_show(message, &arena);
        clew_page_fieldf(&v->page, "status", message, "%s ",
                         span->status_code == CLEW_STATUS_OK      ? "ok"
                         : span->status_code == CLEW_STATUS_ERROR ? "error"
                                                                  : "unset");
}

void clew_show_span(struct clew_show *v)
{
        static const char *const kinds[] = {"unspecified", "internal", "server",
                                            "client",      "producer", "consumer"};
        const struct clew_span *span = &v->step->span;

        if (clew_step_is(v->step, CLEW_STEP_STANDIN))
                return;
        clew_page_heading_text(&v->page, "SPAN", span->name);
        clew_page_fieldf(&v->page, "kind", CLEW_SLICE_NULL, "%s",
                         span->kind < CLEW_ARRAY_LEN(kinds) ? kinds[span->kind] : "unknown");
        put_status(v, span);
        clew_page_field(&v->page, "state", span->trace_state);
        if (span->dropped_attributes + span->dropped_events + span->dropped_links > 0)
                clew_page_fieldf(&v->page, "dropped", CLEW_SLICE_NULL,
                                 "by the sender: %u attributes, %u events, %u links",
                                 span->dropped_attributes, span->dropped_events,
                                 span->dropped_links);
        clew_page_heading(&v->page, "ATTRIBUTES");
        put_attributes(v, clew_span_attributes(span));
        put_events(v);
        put_links(v);
        put_logs(v);
        clew_page_heading_text(&v->page, "SCOPE", clew_scope_name(v->step->scope));
        clew_page_field(&v->page, "version", clew_scope_version(v->step->scope));
        put_attributes(v, clew_scope_attributes(v->step->scope));
        clew_page_heading(&v->page, "RESOURCE");
        put_attributes(v, clew_resource_attributes(v->step->resource));
}
