/*
 * Inspect logs (JSON, or a sample of an .eval archive) as traces: one a sample, with a step for
 * each model call and tool that its events tell of, and its scores as evaluations of the run.
 * Without events the messages of the sample are one model call.
 *
 * What a log says often it keeps once: long texts as attachments ("attachment://HASH" where they
 * stood), messages in a pool ("input_refs": ranges of it). Both are put back.
 */
#include "query/cli/import-span-int.h"

#include "proto/base/hash.h"

#include <string.h>

static const char attachment[] = "attachment://";

/* One text that is kept once. */
struct kept {
        struct clew_slice name;
        struct clew_slice raw; /* JSON */
};

struct sample {
        struct clew_made *m;
        struct clew_made_step run;
        struct kept *attachments; /* an open table */
        uint32_t n_slots;         /* 0 = there are none */
        struct clew_slice *pool;  /* messages, raw */
        uint64_t n_pool;
};

/* ---- what is kept once ---------------------------------------------------------------------- */

/* Members or elements of a JSON value. */
static uint32_t count(struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);
        uint32_t n = 0;

        if (raw.len == 0)
                return 0;
        if (clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN) {
                for (; clew_json_next_member(&r); n++)
                        clew_json_skip(&r);
        } else if (r.token == CLEW_JSON_ARRAY_BEGIN) {
                for (; clew_json_next_element(&r); n++)
                        clew_json_skip(&r);
        }
        return n;
}

static struct kept *slot_of(const struct sample *s, struct clew_slice name)
{
        uint32_t i = (uint32_t)clew_hash(name) & (s->n_slots - 1);

        while (s->attachments[i].name.data && !clew_slice_eq(s->attachments[i].name, name))
                i = (i + 1) & (s->n_slots - 1);
        return &s->attachments[i];
}

static void read_attachments(struct sample *s, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);
        uint32_t n = count(raw);
        uint32_t slots = 2;

        while (slots < 2 * n)
                slots *= 2;
        s->attachments = clew_arena_calloc(s->m->arena, slots, sizeof(*s->attachments));
        if (n == 0 || !s->attachments || clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return;
        s->n_slots = slots;
        while (clew_json_next_member(&r)) {
                struct clew_slice name = clew_json_string(&r, s->m->arena);

                (void)clew_json_next(&r);
                if (name.data)
                        *slot_of(s, name) = (struct kept){name, clew_json_take(&r)};
                else
                        clew_json_skip(&r);
        }
}

static void read_pool(struct sample *s, struct clew_slice raw)
{
        struct clew_made_object data;
        struct clew_slice list;
        struct clew_json_reader r;
        uint32_t n;

        if (!clew_made_open(s->m, raw, &data))
                return;
        list = clew_made_raw(&data, "messages");
        n = count(list);
        s->pool = clew_arena_calloc(s->m->arena, n + 1u, sizeof(*s->pool));
        r = clew_json_reader_make(list, CLEW_JSON_DEPTH_MAX);
        if (n == 0 || !s->pool || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return;
        while (s->n_pool < n && clew_json_next_element(&r))
                s->pool[s->n_pool++] = clew_json_take(&r);
}

/* @raw with attachments put back, as JSON. */
static struct clew_slice whole(struct sample *s, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);
        CLEW_BUFFER out = {0};
        struct clew_slice made;
        size_t last = 0;

        if (raw.len == 0 || s->n_slots == 0 ||
            !memmem(raw.data, raw.len, attachment, sizeof(attachment) - 1))
                return raw;
        clew_buffer_init(&out, (size_t)256 << 20);
        while (clew_json_next(&r) != CLEW_JSON_END) {
                struct clew_slice text = r.text;

                if (r.token != CLEW_JSON_STRING ||
                    !clew_slice_starts_with(text, CLEW_SLICE_LITERAL("attachment://")))
                        continue;
                text = slot_of(s, clew_slice_from(text, sizeof(attachment) - 1))->raw;
                if (text.len == 0)
                        continue;
                clew_buffer_append(&out, raw.data + last, r.offset - last);
                clew_buffer_append_slice(&out, text);
                last = (size_t)(r.text.data - raw.data) + r.text.len + 1;
        }
        clew_buffer_append_slice(&out, clew_slice_from(raw, last));
        if (clew_buffer_error(&out) < 0)
                return raw;
        made = clew_arena_copy(s->m->arena, clew_buffer_slice(&out));
        return made.data ? made : raw;
}

/* The messages of a call: its own, or ranges of the pool, as a list. */
static struct clew_slice input_of(struct sample *s, struct clew_made_object *event)
{
        struct clew_slice own = clew_made_raw(event, "input");
        struct clew_slice refs = clew_made_raw(event, "input_refs");
        struct clew_json_reader r = clew_json_reader_make(refs, CLEW_JSON_DEPTH_MAX);
        CLEW_BUFFER out = {0};
        struct clew_slice made;

        if (s->n_pool == 0 || refs.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return own;
        clew_buffer_init(&out, (size_t)256 << 20);
        clew_buffer_append_byte(&out, '[');
        while (clew_json_next_element(&r)) {
                uint64_t ends[2] = {0, 0};
                unsigned n = 0;

                if (r.token != CLEW_JSON_ARRAY_BEGIN) {
                        clew_json_skip(&r);
                        continue;
                }
                for (; clew_json_next_element(&r); n++) {
                        if (n < 2 && !clew_json_uint64(&r, &ends[n]))
                                ends[n] = 0;
                        clew_json_skip(&r);
                }
                for (uint64_t i = ends[0]; i < ends[1] && i < s->n_pool; i++) {
                        clew_buffer_append_cstr(&out, out.len > 1 ? "," : "");
                        clew_buffer_append_slice(&out, s->pool[i]);
                }
        }
        clew_buffer_append_byte(&out, ']');
        if (out.len == 2 || clew_buffer_error(&out) < 0)
                return own;
        made = clew_arena_copy(s->m->arena, clew_buffer_slice(&out));
        return made.data ? made : own;
}

/* The message of an error, whether it is a text or an object. */
static struct clew_slice error_of(struct sample *s, struct clew_slice raw)
{
        struct clew_made_object error;
        struct clew_slice message;

        if (raw.len == 0 || raw.data[0] != '{' || !clew_made_open(s->m, raw, &error))
                return clew_made_text_of(s->m, raw);
        message = clew_made_text(s->m, &error, "message");
        return message.len ? message : raw;
}

static struct clew_made_step step_of(struct sample *s, struct clew_made_object *event, uint32_t n)
{
        struct clew_made_step step = {.trace = s->run.trace, .parent = s->run.id};
        struct clew_slice id = clew_made_text(s->m, event, "uuid");

        step.id = clew_arena_printf(s->m->arena, "%.*s event %u", (int)s->run.id.len,
                                    (const char *)s->run.id.data, n);
        if (id.len)
                step.id = clew_arena_printf(s->m->arena, "%.*s %.*s", (int)s->run.id.len,
                                            (const char *)s->run.id.data, (int)id.len,
                                            (const char *)id.data);
        step.start_ns = clew_made_time(s->m, event, "timestamp");
        step.end_ns = clew_made_time(s->m, event, "completed");
        if (step.end_ns < step.start_ns)
                step.end_ns = step.start_ns;
        step.error = error_of(s, clew_made_raw(event, "error"));
        return step;
}

/* What of an event is said elsewhere, or is about the log. */
static void leave_out(struct clew_made_object *event)
{
        static const char *const keys[] = {"event",        "call",      "view",
                                           "pending",      "span_id",   "working_start",
                                           "working_time", "traceback", "events"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++)
                (void)clew_made_raw(event, keys[i]);
}

static void put_model(struct sample *s, struct clew_made_object *event, uint32_t n)
{
        struct clew_made_step step = step_of(s, event, n);
        struct clew_made_object output;
        struct clew_made_object usage;
        struct clew_made_object choice;
        struct clew_json_reader r;

        step.name = CLEW_SLICE_LITERAL("chat");
        step.kind = "LLM";
        step.model = clew_made_text(s->m, event, "model");
        step.input = whole(s, input_of(s, event));
        if (clew_made_open(s->m, clew_made_raw(event, "output"), &output)) {
                if (clew_made_open(s->m, clew_made_raw(&output, "usage"), &usage)) {
                        step.usage = (struct clew_made_usage){
                                .in = clew_made_raw(&usage, "input_tokens"),
                                .out = clew_made_raw(&usage, "output_tokens"),
                                .total = clew_made_raw(&usage, "total_tokens"),
                                .cached = clew_made_raw(&usage, "input_tokens_cache_read"),
                                .written = clew_made_raw(&usage, "input_tokens_cache_write"),
                                .reasoning = clew_made_raw(&usage, "reasoning_tokens"),
                                .cost = clew_made_raw(&usage, "total_cost"),
                        };
                }
                r = clew_json_reader_make(clew_made_raw(&output, "choices"), CLEW_JSON_DEPTH_MAX);
                if (clew_json_next(&r) == CLEW_JSON_ARRAY_BEGIN && clew_json_next_element(&r) &&
                    clew_made_open(s->m, clew_json_take(&r), &choice))
                        step.output = whole(s, clew_made_raw(&choice, "message"));
                if (step.error.len == 0)
                        step.error = error_of(s, clew_made_raw(&output, "error"));
        }
        leave_out(event);
        step.rest = event;
        clew_made_span(s->m, &step);
}

static void put_tool(struct sample *s, struct clew_made_object *event, uint32_t n)
{
        struct clew_made_step step = step_of(s, event, n);

        step.name = clew_made_text(s->m, event, "function");
        step.kind = "TOOL";
        step.input = whole(s, clew_made_raw(event, "arguments"));
        step.output = clew_made_text_of(s->m, whole(s, clew_made_raw(event, "result")));
        leave_out(event);
        step.rest = event;
        clew_made_span(s->m, &step);
}

/* How many steps the events made. */
static uint32_t put_events(struct sample *s, struct clew_slice events)
{
        struct clew_json_reader r = clew_json_reader_make(events, CLEW_JSON_DEPTH_MAX);
        uint32_t n = 0;
        uint32_t made = 0;

        if (events.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return 0;
        while (clew_json_next_element(&r)) {
                struct clew_slice raw = clew_json_take(&r);
                struct clew_made_object event;
                struct clew_slice kind;

                n++;
                if (!clew_made_open(s->m, raw, &event))
                        continue;
                kind = clew_made_text(s->m, &event, "event");
                made++;
                if (clew_slice_eq_cstr(kind, "model"))
                        put_model(s, &event, n);
                else if (clew_slice_eq_cstr(kind, "tool"))
                        put_tool(s, &event, n);
                else
                        made--;
        }
        return made;
}

static bool has_model_event(struct clew_slice events)
{
        static const char word[] = "\"model\"";

        return events.len && memmem(events.data, events.len, word, sizeof(word) - 1);
}

/* The last answer: output.completion, else the last message. */
static struct clew_slice answer_of(struct sample *s, struct clew_made_object *sample)
{
        struct clew_made_object output;

        if (!clew_made_open(s->m, clew_made_raw(sample, "output"), &output))
                return CLEW_SLICE_NULL;
        return clew_made_text_of(s->m, whole(s, clew_made_raw(&output, "completion")));
}

static void put_sample(struct sample *s, struct clew_made_object *sample,
                       struct clew_made_object *eval)
{
        struct clew_slice run = clew_made_text(s->m, eval, "run_id");
        struct clew_slice id = clew_made_raw(sample, "id");
        struct clew_slice epoch = clew_made_raw(sample, "epoch");
        struct clew_slice events = clew_made_raw(sample, "events");
        struct clew_slice messages;

        read_attachments(s, clew_made_raw(sample, "attachments"));
        read_pool(s, clew_made_raw(sample, "events_data"));
        s->run.trace = clew_arena_printf(s->m->arena, "%.*s %.*s %.*s", (int)run.len,
                                         (const char *)run.data, (int)id.len, (const char *)id.data,
                                         (int)epoch.len, (const char *)epoch.data);
        s->run.id = s->run.trace;
        s->run.model = clew_made_text(s->m, eval, "model");
        s->run.start_ns = clew_made_time(s->m, sample, "started_at");
        if (s->run.start_ns == 0)
                s->run.start_ns = clew_made_time(s->m, sample, "created");
        if (s->run.start_ns == 0)
                s->run.start_ns = clew_made_time(s->m, eval, "created");
        s->run.end_ns = clew_made_time(s->m, sample, "completed_at");
        if (s->run.end_ns < s->run.start_ns)
                s->run.end_ns = s->run.start_ns;
        s->run.session = run;
        s->run.error = error_of(s, clew_made_raw(sample, "error"));
        s->run.scores = clew_made_raw(sample, "scores");
        s->run.rest = sample;
        messages = whole(s, clew_made_raw(sample, "messages"));
        if (!has_model_event(events)) {
                (void)clew_made_raw(sample, "input"); /* the messages say it */
                clew_made_conversation(s->m, &s->run, CLEW_SLICE_NULL, messages);
                return;
        }
        s->run.input = clew_made_text_of(s->m, whole(s, clew_made_raw(sample, "input")));
        s->run.output = answer_of(s, sample);
        s->run.model = CLEW_SLICE_NULL; /* the calls say it */
        clew_made_span(s->m, &s->run);
        (void)put_events(s, events);
}

bool clew_import_inspect(struct clew_made *m, struct clew_made_object *o)
{
        struct clew_json_reader r;
        struct clew_made_object eval;

        if (!clew_made_has(o, "samples") || !clew_made_open(m, clew_made_raw(o, "eval"), &eval) ||
            !clew_made_has(&eval, "task"))
                return false;
        r = clew_json_reader_make(clew_made_raw(o, "samples"), CLEW_JSON_DEPTH_MAX);
        clew_made_begin(m, "inspect");
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct clew_made_object sample;
                struct sample s = {
                        .m = m, .run = {.kind = "AGENT", .name = clew_made_text(m, &eval, "task")}};

                if (clew_made_open(m, clew_json_take(&r), &sample))
                        put_sample(&s, &sample, &eval);
        }
        clew_made_end(m);
        return true;
}
