/*
 * Prompt templates: fields of the tables, and variables that have an attribute each.
 */
#include "query/model/prompt.h"

#include "proto/base/buffer.h"
#include "proto/base/json.h"
#include "query/model/value-int.h"

#include <errno.h>

/* All variables of one prompt, as JSON: as much as an attribute may well be. */
#define VARIABLES_MAX ((size_t)64 << 20)

/* Null without variables; a failed arena is remembered by the arena. */
static struct clew_slice gather_variables(const struct clew_step *step, struct clew_arena *arena)
{
        const struct clew_slice prefix = CLEW_SLICE_LITERAL("gen_ai.prompt.variable.");
        struct clew_message_iter it = clew_span_attributes(&step->span);
        struct clew_attribute a;
        struct clew_json_writer w;
        CLEW_BUFFER text = {0};
        unsigned n = 0;

        clew_buffer_init(&text, VARIABLES_MAX);
        w = (struct clew_json_writer){.out = &text, .verbatim = true};
        clew_json_write_object_begin(&w);
        while (clew_attribute_next(&it, &a)) {
                if (a.key.len == prefix.len || !clew_slice_starts_with(a.key, prefix))
                        continue;
                clew_json_write_key_slice(&w, clew_slice_from(a.key, prefix.len));
                clew_json_write_string(&w, clew_value_text(&a.value, arena));
                n++;
        }
        clew_json_write_object_end(&w);
        return n > 0 && clew_buffer_error(&text) == 0
                       ? clew_arena_copy(arena, clew_buffer_slice(&text))
                       : CLEW_SLICE_NULL;
}

static struct clew_slice field_of(const struct clew_trace *trace, const struct clew_step *step,
                                  enum clew_field field, struct clew_arena *arena)
{
        struct clew_slice text;

        return clew_step_field(trace, step, field, arena, &text) ? text : CLEW_SLICE_NULL;
}

int clew_step_prompt(const struct clew_trace *trace, const struct clew_step *step,
                     struct clew_arena *arena, struct clew_prompt *ret)
{
        struct clew_prompt p = {
                .name = field_of(trace, step, CLEW_FIELD_PROMPT_NAME, arena),
                .version = field_of(trace, step, CLEW_FIELD_PROMPT_VERSION, arena),
                .template = field_of(trace, step, CLEW_FIELD_PROMPT_TEMPLATE, arena),
                .variables = field_of(trace, step, CLEW_FIELD_PROMPT_VARIABLES, arena),
        };

        if (p.variables.len == 0 && !clew_step_is(step, CLEW_STEP_STANDIN))
                p.variables = gather_variables(step, arena);
        *ret = p;
        return clew_arena_failed(arena) ? -ENOMEM : 0;
}
