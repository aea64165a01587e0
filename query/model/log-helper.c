/*
 * Sub-agents of a run that records tell of: which there are, whose call set them to work, and the
 * spans for them.
 */
#include "query/model/log-span-int.h"

#include "proto/base/buffer.h"

#include <errno.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)
/* Sub-agents of one run; what further ones do stands below the agent itself. */
#define HELPERS_MAX 64u

struct clew_log_helper *clew_log_helper_of(const struct clew_log_helpers *h, struct clew_slice key)
{
        for (uint32_t i = 0; key.len > 0 && i < h->n; i++) {
                if (clew_slice_eq(h->items[i].key, key))
                        return &h->items[i];
        }
        return NULL;
}

static void extend_helper(struct clew_log_helper *h, const struct clew_log_step *s)
{
        struct clew_slice name = clew_log_either(s, CLEW_LOG_ROLE_HELPER_NAME);

        if (name.len > 0)
                h->name = name;
        h->start_ns = s->start_ns < h->start_ns ? s->start_ns : h->start_ns;
        h->end_ns = s->end_ns > h->end_ns ? s->end_ns : h->end_ns;
        h->open = h->open || s->end_ns == 0;
        h->needed = h->needed || !s->matched;
}

static bool sets_to_work(const struct clew_log_step *s)
{
        static const char *const tools[] = {"Agent",       "Task",        "agent",
                                            "task",        "spawn_agent", "delegate_to_agent",
                                            "invoke_agent"};
        struct clew_slice name = clew_log_either(s, CLEW_LOG_ROLE_TOOL);

        for (size_t i = 0; s->kind == CLEW_LOG_STEP_TOOL && i < CLEW_ARRAY_LEN(tools); i++) {
                if (clew_slice_eq_cstr(name, tools[i]))
                        return true;
        }
        return false;
}

/* Sub-agents in the order of their first records, each below the first free call that may have set
 * it to work. */
int clew_log_helpers_find(const struct clew_log_run *run, const struct clew_span_id *root,
                          struct clew_arena *arena, struct clew_log_helpers *ret)
{
        uint32_t call = 0;

        ret->items = clew_arena_calloc(arena, HELPERS_MAX, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];
                struct clew_slice key = clew_log_step_helper(s);
                struct clew_log_helper *h = clew_log_helper_of(ret, key);

                if (key.len == 0 || (!h && ret->n == HELPERS_MAX))
                        continue;
                if (!h) {
                        h = &ret->items[ret->n++];
                        *h = (struct clew_log_helper){
                                .key = key, .first = s, .parent = *root, .start_ns = UINT64_MAX};
                        while (call < i && !sets_to_work(&run->steps[call]))
                                call++;
                        if (call < i) {
                                const struct clew_log_step *t = &run->steps[call++];

                                h->parent = t->matched ? t->span_id : clew_log_span_id(run, t);
                        }
                        h->id = clew_log_helper_id(run, key);
                }
                extend_helper(h, s);
        }
        return 0;
}

int clew_log_helper_write(struct clew_buffer *out, const struct clew_log_run *run,
                          const struct clew_log_helper *h, struct clew_arena *arena)
{
        struct clew_slice name = h->name.len > 0 ? h->name : KEY("sub-agent");
        struct clew_slice parts[2] = {KEY("invoke_agent "), name};
        struct clew_log_made m = {.resource = h->first->first->resource,
                                  .scope = h->first->first->scope,
                                  .name = clew_arena_concat(arena, parts, 2),
                                  .id = h->id,
                                  .parent = h->parent,
                                  .start_ns = h->start_ns,
                                  .end_ns = h->open ? 0 : h->end_ns};
        CLEW_BUFFER attributes = {0};

        clew_buffer_init(&attributes, CLEW_LOG_SPAN_BYTES_MAX);
        clew_log_put_text(&attributes, KEY("gen_ai.operation.name"), KEY("invoke_agent"));
        clew_log_put_text(&attributes, KEY("gen_ai.agent.name"), name);
        clew_log_put_identity(&attributes, h->first->first);
        clew_log_put_agent_texts(&attributes, run, h->key);
        m.attributes = clew_buffer_slice(&attributes);
        clew_log_put_span(out, run, &m);
        return clew_buffer_error(&attributes);
}
