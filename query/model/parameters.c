/*
 * Parameters of a model request: one attribute each, or all of them in one JSON object.
 */
#include "query/model/parameters.h"

#include "proto/base/compiler.h"
#include "proto/base/json.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <string.h>

/* Keys that hold one parameter; the name is what follows the prefix. Longer prefixes first. */
static const char *const prefixes[] = {
        "gen_ai.request.",      "gen_ai.openai.request.", "openai.request.",
        "ai.settings.context.", "ai.settings.",
};

struct named_key {
        const char *key;
        const char *name;
};

static const struct named_key named[] = {
        {"llm.top_k", "top_k"},
        {"llm.frequency_penalty", "frequency_penalty"},
        {"llm.presence_penalty", "presence_penalty"},
        {"llm.chat.stop_sequences", "stop_sequences"},
        {"llm.is_streaming", "stream"},
        {"gen_ai.is_streaming", "stream"},
        {"gen_ai.output.type", "output.type"},
        {"codex.request.reasoning_effort", "reasoning_effort"},
        {"codex.turn.reasoning_effort", "reasoning_effort"},
};

/* JSON objects of parameters. */
static const char *const bags[] = {
        "llm.invocation_parameters",
        "embedding.invocation_parameters",
        "langfuse.observation.model.parameters",
        "langsmith.metadata.ls_invocation_params",
};

/* What stands among the parameters and is shown elsewhere. */
static const char *const no_parameters[] = {
        "model", "model_name", "messages", "input", "instructions", "tools", "functions", "prompt",
};

struct list {
        struct clew_arena *arena;
        struct clew_parameter *items;
        uint32_t n;
};

static void add(struct list *list, struct clew_slice name, struct clew_slice value, bool is_json)
{
        if (name.len == 0 || value.len == 0 || list->n == CLEW_PARAMETERS_MAX)
                return;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(no_parameters); i++) {
                if (clew_slice_eq_cstr(name, no_parameters[i]))
                        return;
        }
        for (uint32_t i = 0; i < list->n; i++) {
                if (clew_slice_eq(list->items[i].name, name))
                        return;
        }
        list->items[list->n++] = (struct clew_parameter){name, value, is_json};
}

static void add_bag(struct list *list, const struct clew_value *value)
{
        struct clew_slice text =
                clew_text_unquote(clew_value_text(value, list->arena), list->arena);
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return;
        while (clew_json_next_member(&r)) {
                struct clew_slice name = r.text;

                (void)clew_json_next(&r);
                if (r.token == CLEW_JSON_NULL)
                        continue;
                if (r.token == CLEW_JSON_STRING)
                        add(list, name, clew_json_string(&r, list->arena), false);
                else
                        add(list, name, clew_json_take(&r), true);
        }
}

static struct clew_slice name_of(struct clew_slice key)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(prefixes); i++) {
                struct clew_slice prefix = clew_slice_of_cstr(prefixes[i]);

                if (clew_slice_starts_with(key, prefix))
                        return clew_slice_from(key, prefix.len);
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(named); i++) {
                if (clew_slice_eq_cstr(key, named[i].key))
                        return clew_slice_of_cstr(named[i].name);
        }
        return CLEW_SLICE_NULL;
}

static bool is_bag(struct clew_slice key)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bags); i++) {
                if (clew_slice_eq_cstr(key, bags[i]))
                        return true;
        }
        return false;
}

int clew_step_parameters(const struct clew_step *step, struct clew_arena *arena,
                         const struct clew_parameter **ret, uint32_t *ret_n)
{
        struct clew_message_iter it = clew_span_attributes(&step->span);
        struct list list = {
                .arena = arena,
                .items = clew_arena_calloc(arena, CLEW_PARAMETERS_MAX, sizeof(*list.items)),
        };
        struct clew_attribute a;

        if (!list.items)
                return -ENOMEM;
        while (clew_attribute_next(&it, &a)) {
                struct clew_slice name = name_of(a.key);

                if (name.len > 0)
                        add(&list, name, clew_value_text(&a.value, arena),
                            a.value.type != CLEW_VALUE_STRING);
                else if (is_bag(a.key))
                        add_bag(&list, &a.value);
        }
        *ret = list.items;
        *ret_n = list.n;
        return clew_arena_failed(arena) ? -ENOMEM : 0;
}
