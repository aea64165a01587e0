/*
 * A conversation as a run: each message of the assistant is a model call, whose input is what came
 * since the one before (calls that send only what is new are known to the model), and each call of
 * a tool in it a tool step with what it returned. The forms of messages are the model's to know
 * (query/model/message.h); here they are only taken apart by role.
 */
#include "query/cli/import-span-int.h"

#include "proto/base/buffer.h"
#include "query/model/message.h"

/* Results that a call looks through for its own: they come soon. */
#define RESULTS_AHEAD_MAX 256u

struct result {
        const struct clew_part *part;
        bool used; /* ids are those of a turn in some files, and come again */
};

struct conversation {
        struct clew_made *m;
        const struct clew_made_step *run;
        struct result *results;
        uint32_t n_results;
        uint32_t next_result; /* all before it are used */
        uint32_t n_calls;
        uint32_t n_tools;
        struct clew_buffer news;
};

static void list_results(struct conversation *c, struct clew_slice messages)
{
        struct clew_messages all;
        uint32_t n = 0;

        if (clew_messages_read(messages, CLEW_MESSAGES_IN, c->m->arena, &all) < 0)
                return;
        for (uint32_t i = 0; i < all.n; i++)
                n += all.items[i].n_parts;
        c->results = clew_arena_alloc(c->m->arena, ((size_t)n + 1) * sizeof(*c->results));
        for (uint32_t i = 0; c->results && i < all.n; i++) {
                for (uint32_t k = 0; k < all.items[i].n_parts; k++) {
                        const struct clew_part *p = &all.items[i].parts[k];

                        if (p->type == CLEW_PART_TOOL_RESULT)
                                c->results[c->n_results++] = (struct result){.part = p};
                }
        }
}

/* What a call returned: the next result of its id; for one without an id, the next without one. */
static const struct clew_part *take_result(struct conversation *c, struct clew_slice id)
{
        const struct clew_part *found = NULL;

        for (uint32_t i = c->next_result;
             !found && i < c->n_results && i - c->next_result < RESULTS_AHEAD_MAX; i++) {
                struct result *r = &c->results[i];

                if (r->used || !clew_slice_eq(r->part->id, id))
                        continue;
                r->used = true;
                found = r->part;
        }
        while (c->next_result < c->n_results && c->results[c->next_result].used)
                c->next_result++;
        return found;
}

static struct clew_slice id_of(struct conversation *c, const char *what, uint32_t n)
{
        return clew_arena_printf(c->m->arena, "%.*s %s %u", (int)c->run->id.len,
                                 (const char *)c->run->id.data, what, n);
}

static void put_tool(struct conversation *c, const struct clew_part *call)
{
        const struct clew_part *result = take_result(c, call->id);
        struct clew_made_step s = {.trace = c->run->trace,
                                   .parent = c->run->id,
                                   .id = id_of(c, "tool", c->n_tools++),
                                   .name = call->name,
                                   .kind = "TOOL",
                                   .start_ns = c->run->start_ns,
                                   .end_ns = c->run->start_ns,
                                   .input = call->text};

        s.own[0] = (struct clew_made_own){call->id.len ? "gen_ai.tool.call.id" : NULL, call->id};
        if (result) {
                s.output = result->text;
                if (result->is_error)
                        s.error = result->text.len ? result->text : CLEW_SLICE_LITERAL("error");
        }
        clew_made_span(c->m, &s);
}

/* The message @raw of the assistant: a call, and its tools. */
static void put_call(struct conversation *c, struct clew_slice raw)
{
        struct clew_made_step call = *c->run;
        struct clew_messages said;

        call.parent = c->run->id;
        call.id = c->n_calls ? id_of(c, "call", c->n_calls)
                             : clew_arena_printf(c->m->arena, "%.*s call", (int)c->run->id.len,
                                                 (const char *)c->run->id.data);
        c->n_calls++;
        call.name = CLEW_SLICE_LITERAL("chat");
        call.kind = "LLM";
        call.rest = NULL;
        call.error = CLEW_SLICE_NULL;
        clew_buffer_append_byte(&c->news, ']');
        call.input = clew_arena_copy(c->m->arena, clew_buffer_slice(&c->news));
        clew_buffer_clear(&c->news);
        clew_buffer_append_byte(&c->news, '[');
        call.output = raw;
        clew_made_span(c->m, &call);
        if (clew_messages_read(raw, CLEW_MESSAGES_OUT, c->m->arena, &said) < 0)
                return;
        for (uint32_t i = 0; i < said.n; i++) {
                for (uint32_t k = 0; k < said.items[i].n_parts; k++) {
                        const struct clew_part *p = &said.items[i].parts[k];

                        if (p->type == CLEW_PART_TOOL_CALL)
                                put_tool(c, p);
                }
        }
}

/* Where it is the assistant that speaks. */
static bool is_answer(struct clew_made *m, struct clew_slice raw)
{
        struct clew_made_object o;

        return clew_made_open(m, raw, &o) &&
               clew_role_of(clew_made_text(m, &o, "role")) == CLEW_ROLE_ASSISTANT;
}

static void put_turns(struct conversation *c, struct clew_slice system, struct clew_slice messages)
{
        struct clew_json_reader r = clew_json_reader_make(messages, CLEW_JSON_DEPTH_MAX);

        clew_buffer_append_byte(&c->news, '[');
        if (system.len) {
                clew_buffer_append_cstr(&c->news, "{\"role\":\"system\",\"content\":");
                clew_buffer_append_slice(&c->news, system);
                clew_buffer_append_byte(&c->news, '}');
        }
        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                struct clew_slice raw = clew_json_take(&r);

                if (is_answer(c->m, raw)) {
                        put_call(c, raw);
                        continue;
                }
                clew_buffer_append_cstr(&c->news, c->news.len > 1 ? "," : "");
                clew_buffer_append_slice(&c->news, raw);
        }
}

void clew_made_conversation(struct clew_made *m, struct clew_made_step *run,
                            struct clew_slice system, struct clew_slice messages)
{
        struct conversation c = {.m = m, .run = run};
        struct clew_json_reader r = clew_json_reader_make(messages, CLEW_JSON_DEPTH_MAX);
        struct clew_slice last = CLEW_SLICE_NULL;
        size_t head = 0;

        (void)clew_json_next(&r);
        while (clew_json_next_element(&r)) {
                head = last.len ? (size_t)(last.data + last.len - messages.data) : 0;
                last = clew_json_take(&r);
        }
        if (run->input.len == 0)
                run->input = head ? clew_arena_printf(m->arena, "%.*s]", (int)head,
                                                      (const char *)messages.data)
                                  : CLEW_SLICE_LITERAL("[]");
        run->output = run->output.len ? run->output : last;
        clew_made_span(m, run);
        clew_buffer_init(&c.news, messages.len + system.len + 64);
        list_results(&c, messages);
        put_turns(&c, system, messages);
        clew_buffer_deinit(&c.news);
}
