/*
 * Which steps are a framework's or a program's own plumbing: they are stored, counted and searched
 * as any, and fold away where people read.
 */
#include "query/model/build-int.h"

#include "proto/base/compiler.h"

#define HOOK ".hook"

static bool is_hook(struct clew_slice name)
{
        size_t n = sizeof(HOOK) - 1;

        return name.len > n && clew_slice_eq_cstr(clew_slice_from(name, name.len - n), HOOK);
}

/*
 * Codex and OpenCode send the spans of their own machinery (files, locks, SQL), hundreds for a
 * prompt: what has no part in an agent's world folds away. An error there that the caller was done
 * with (a file that need not exist, a hook that said nothing) is none of the run.
 */
static void mark_machinery(struct clew_builder *b, struct clew_step *step)
{
        const struct clew_step *parent =
                step->parent == CLEW_STEP_NONE ? NULL : &b->trace->steps[step->parent];
        bool hook = is_hook(step->span.name);

        if (step->kind != CLEW_KIND_GENERIC || (step->dialect != CLEW_DIALECT_CODEX &&
                                                step->dialect != CLEW_DIALECT_OPENCODE && !hook))
                return;
        if (step->error.is_error && parent && (hook || !parent->error.is_error))
                step->error.is_error = false;
        if (!step->error.is_error)
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
        mark_framework(step);
}
