/*
 * Which steps are a framework's or a program's own plumbing: they are stored, counted and searched
 * as any, and fold away where people read.
 */
#include "query/model/build-int.h"

#include "proto/base/compiler.h"

#include <string.h>

static struct clew_step *parent_of(struct clew_builder *b, const struct clew_step *step)
{
        return step->parent == CLEW_STEP_NONE ? NULL : &b->trace->steps[step->parent];
}

static bool is_hook(const struct clew_step *step)
{
        return clew_slice_ends_with(step->span.name, CLEW_SLICE_LITERAL(".hook"));
}

bool clew_step_is_around_tool(struct clew_builder *b, const struct clew_step *step)
{
        const struct clew_step *parent = parent_of(b, step);

        return is_hook(step) ||
               (parent && parent->kind == CLEW_KIND_TOOL &&
                (clew_slice_ends_with(step->span.name, CLEW_SLICE_LITERAL(".tool.execution")) ||
                 clew_slice_ends_with(step->span.name,
                                      CLEW_SLICE_LITERAL(".tool.blocked_on_user"))));
}

/*
 * Codex and OpenCode send the spans of their own machinery (files, locks, SQL), hundreds for a
 * prompt; other programs what they do around each tool call. What has no part in an agent's world
 * folds away. An error there that the caller was done with (a file that need not exist, a hook that
 * said nothing) is none of the run; one of the execution inside a tool call is the call's.
 */
static void mark_machinery(struct clew_builder *b, struct clew_step *step)
{
        struct clew_step *parent = parent_of(b, step);
        bool around = clew_step_is_around_tool(b, step);

        if (step->kind != CLEW_KIND_GENERIC || (step->dialect != CLEW_DIALECT_CODEX &&
                                                step->dialect != CLEW_DIALECT_OPENCODE && !around))
                return;
        if (step->error.is_error && around && !is_hook(step)) {
                if (!parent->error.is_error)
                        parent->error = step->error;
                step->error.is_error = false;
        } else if (step->error.is_error && parent && (around || !parent->error.is_error)) {
                step->error.is_error = false;
        }
        if (!step->error.is_error)
                step->flags |= CLEW_STEP_NOISE;
}

/* Qwen Code sends its log records as spans, too: those of no prompt, call or tool. */
static void mark_record(struct clew_step *step)
{
        struct clew_value v;

        if (step->kind == CLEW_KIND_GENERIC && step->parent == CLEW_STEP_NONE &&
            !step->error.is_error &&
            clew_attribute_find(clew_span_attributes(&step->span), CLEW_SLICE_LITERAL("log.bridge"),
                                &v))
                step->flags |= CLEW_STEP_NOISE;
}

/* Plumbing of LangChain that nobody wants to read. */
static void mark_framework(struct clew_step *step)
{
        static const char *const names[] = {
                "RunnableLambda",   "RunnableSequence",   "RunnablePassthrough",
                "RunnableBranch",   "ChatPromptTemplate", "PromptTemplate",
                "Prompt",           "__start__",          "__end__",
                "should_continue",  "tools_condition",    "StrOutputParser",
                "JsonOutputParser", "call_model",         "route_to_active_agent",
        };
        static const char *const heads[] = {"ChannelWrite<", "RunnableParallel<", "RunnableAssign<",
                                            "Branch<"};

        if (step->kind != CLEW_KIND_CHAIN && step->kind != CLEW_KIND_PROMPT)
                return;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (clew_slice_eq_cstr(step->span.name, names[i]))
                        step->flags |= CLEW_STEP_NOISE;
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(heads); i++) {
                if (clew_slice_starts_with(step->span.name, clew_slice_of_cstr(heads[i])))
                        step->flags |= CLEW_STEP_NOISE;
        }
}

void clew_noise_mark(struct clew_builder *b, struct clew_step *step)
{
        mark_machinery(b, step);
        mark_record(step);
        mark_framework(step);
}
