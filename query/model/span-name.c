/*
 * Who acted, from a span's name, where no attribute says it.
 */
#include "query/model/build-int.h"

#include "proto/base/compiler.h"

#define KEY(s) CLEW_SLICE_LITERAL(s)

struct name_affix {
        const char *prefix;
        const char *suffix;
};

/* "execute_tool search" -> "search"; the name itself when no form fits. */
static struct clew_slice strip_name(struct clew_slice name, const struct name_affix *forms,
                                    size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct clew_slice prefix = clew_slice_of_cstr(forms[i].prefix);
                struct clew_slice suffix = clew_slice_of_cstr(forms[i].suffix);

                if (name.len <= prefix.len + suffix.len || !clew_slice_starts_with(name, prefix) ||
                    !clew_slice_ends_with(name, suffix))
                        continue;
                return clew_slice_make(name.data + prefix.len, name.len - prefix.len - suffix.len);
        }
        return name;
}

struct clew_slice clew_tool_name_of_span(struct clew_slice name)
{
        static const struct name_affix forms[] = {
                {"execute_tool ", ""},       {"running tool: ", ""}, {"MCP send tools/call ", ""},
                {"tools/call ", ""},         {"Function: ", ""},     {"Handoff: ", ""},
                {"anthropic.tool_use ", ""}, {"", ".tool"},          {"", ".__call__"},
        };

        return strip_name(name, forms, CLEW_ARRAY_LEN(forms));
}

/* Names of spans that say what is done, not who does it. */
static bool is_operation(struct clew_slice name)
{
        static const char *const words[] = {"invoke_agent", "create_agent", "agent_run",
                                            "agent run",    "agent_turn",   "user_prompt"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_slice_eq_cstr(name, words[i]))
                        return true;
        }
        return clew_slice_ends_with(name, KEY(".interaction"));
}

/* The program that sent the span, where it has a name of its own. */
static struct clew_slice service_of(const struct clew_step *step)
{
        struct clew_value v;

        if (!clew_attribute_find(clew_resource_attributes(step->resource), KEY("service.name"),
                                 &v) ||
            v.type != CLEW_VALUE_STRING || clew_slice_starts_with(v.bytes, KEY("unknown_service")))
                return CLEW_SLICE_NULL;
        return v.bytes;
}

struct clew_slice clew_agent_name_of_span(const struct clew_step *step, struct clew_slice name,
                                          bool *ret_by_service)
{
        static const struct name_affix forms[] = {
                {"invoke_agent ", ""}, {"create_agent ", ""}, {"agent_run [", "]"},
                {"Agent run: '", "'"}, {"Agent run: ", ""},   {"", ".agent"},
                {"", ".run"},          {"", ".kickoff"},
        };

        struct clew_slice service =
                is_operation(step->span.name) ? service_of(step) : CLEW_SLICE_NULL;

        *ret_by_service = service.len > 0;
        return service.len > 0 ? service : strip_name(name, forms, CLEW_ARRAY_LEN(forms));
}
