/*
 * See tools-int.h.
 */
#include "query/mcp/tools-int.h"

#include <string.h>

#define ID                                                                                         \
        {                                                                                          \
                "id", "{id}", CLEW_MCP_TEXT, true,                                                 \
                        "trace id, or the first digits of it; @ is the newest"                     \
        }
#define MAX_CHARS                                                                                  \
        {                                                                                          \
                "max_chars", NULL, CLEW_MCP_NUMBER, false,                                         \
                        "length of the answer, 500 to 100000 (8000)"                               \
        }
#define OFFSET                                                                                     \
        {                                                                                          \
                "offset", NULL, CLEW_MCP_NUMBER, false, "go on behind so many characters"          \
        }

static const struct clew_mcp_argument filter[] = {
        {"query", "query", CLEW_MCP_TEXT, false,
         "a query such as { status = error && span.clew.tool = \"search\" }; see query_help"},
        {"since", "since", CLEW_MCP_TEXT, false,
         "started at or after: 90m, 24h (default), 7d, a date, all"},
        {"until", "until", CLEW_MCP_TEXT, false, "started before"},
        {"failed", "failed", CLEW_MCP_FLAG, false, "runs that failed or ended in an error"},
        {"agent", "agent", CLEW_MCP_TEXT, false, "has this agent (NAME* = prefix)"},
        {"tool", "tool", CLEW_MCP_TEXT, false, "called this tool"},
        {"model", "model", CLEW_MCP_TEXT, false, "used this model"},
        {"service", "service", CLEW_MCP_TEXT, false, "of this service"},
        {"session", "session", CLEW_MCP_TEXT, false, "of this session"},
        {"user", "user", CLEW_MCP_TEXT, false, "of this user"},
        {"cause", "cause", CLEW_MCP_TEXT, false, "explained by this rule of why (RULE* = prefix)"},
        {"label", "label", CLEW_MCP_TEXT, false, "somebody gave it this label"},
        {"text", "grep", CLEW_MCP_TEXT, false,
         "has this text somewhere: prompts, answers, tool results"},
        {"path", "path", CLEW_MCP_TEXT, false,
         "took these steps, such as search{3,} !open* answer"},
        {0},
};

static const struct clew_mcp_argument search[] = {
        {"limit", "limit", CLEW_MCP_NUMBER, false, "at most so many runs (10)"},
        {"after", "after", CLEW_MCP_TEXT, false,
         "the rest: the value of next of the answer before"},
        MAX_CHARS,
        {0},
};
static const struct clew_mcp_argument outline[] = {
        ID,
        {"from", "from", CLEW_MCP_NUMBER, false, "first step to show (1)"},
        MAX_CHARS,
        {0},
};
static const struct clew_mcp_argument steps[] = {
        ID,
        {"steps", NULL, CLEW_MCP_NUMBERS, true,
         "numbers of steps, as trace_outline and why give them; at most 20"},
        {"all_messages", NULL, CLEW_MCP_FLAG, false,
         "all input messages of a model call (false: the last 4, which is what was new)"},
        {"raw", NULL, CLEW_MCP_FLAG, false, "with all attributes as they were sent"},
        OFFSET,
        MAX_CHARS,
        {0},
};
static const struct clew_mcp_argument why[] = {ID, OFFSET, MAX_CHARS, {0}};
static const struct clew_mcp_argument diff[] = {
        {"a", "a", CLEW_MCP_TEXT, true, "id of one run"},
        {"b", "b", CLEW_MCP_TEXT, true, "id of the other"},
        OFFSET,
        MAX_CHARS,
        {0},
};
static const struct clew_mcp_argument groups[] = {
        {"a", "a", CLEW_MCP_TEXT, false,
         "a query; without it give failed: failed runs against those that went well"},
        {"b", "b", CLEW_MCP_TEXT, false, "another; without it all other runs"},
        {"limit", "limit", CLEW_MCP_NUMBER, false, "at most so many differences (20)"},
        MAX_CHARS,
        {0},
};
static const struct clew_mcp_argument stats[] = {
        {"by", "by", CLEW_MCP_TEXT, false,
         "keys between commas: agent, tool, model, service, outcome, cause, user, any field"},
        {"over", "over", CLEW_MCP_TEXT, false, "apart for each 1h, 10m ..."},
        {"sort", "sort", CLEW_MCP_TEXT, false,
         "largest first: n, failed, result_errors, rate, p50, p95, p99, tokens, cost"},
        {"limit", "limit", CLEW_MCP_NUMBER, false, "at most so many groups (20)"},
        MAX_CHARS,
        {0},
};
static const struct clew_mcp_argument names[] = {
        {"limit", "limit", CLEW_MCP_NUMBER, false, "at most so many (100)"},
        MAX_CHARS,
        {0},
};
static const struct clew_mcp_argument values[] = {
        {"key", "key", CLEW_MCP_TEXT, true,
         "an attribute of attribute_names, or a fact such as span.clew.tool"},
        {"limit", "limit", CLEW_MCP_NUMBER, false, "at most so many (100)"},
        MAX_CHARS,
        {0},
};
static const struct clew_mcp_argument help[] = {
        {"topic", NULL, CLEW_MCP_TEXT, false, "query (default) or path"},
        OFFSET,
        MAX_CHARS,
        {0},
};
static const struct clew_mcp_argument annotate[] = {
        {"id", NULL, CLEW_MCP_TEXT, true, "trace id, or the first digits of it"},
        {"step", NULL, CLEW_MCP_NUMBER, false, "about this step; without it about the run"},
        {"labels", NULL, CLEW_MCP_TEXTS, false, "labels, without blanks"},
        {"scores", NULL, CLEW_MCP_SCORES, false, "numbers or words by name"},
        {"note", NULL, CLEW_MCP_TEXT, false, "what is to be said about it"},
        {"correction", NULL, CLEW_MCP_TEXT, false, "what the answer or the call should have been"},
        {"failing", NULL, CLEW_MCP_FLAG, false, "it went wrong at this step"},
        {0},
};

static const struct clew_mcp_tool tools[] = {
        {"search_traces", "Find runs",
         "Recorded agent runs, newest first, each with its outcome and, if it failed, the rule and "
         "step "
         "that explain it. Begin here with failed=true.",
         "/traces",
         "fields=trace_id,start,duration_nano,outcome,name,service,session,steps,errors,tokens_"
         "total,"
         "cost_usd,error,cause,labels,texts_left_out",
         CLEW_MCP_RECORDS, search, filter},
        {"why", "Root cause of a run",
         "Why the run failed: findings with the step that is blamed, evidence and confidence, "
         "found by "
         "fixed rules without a model. Step numbers go to get_steps.",
         "/traces/{id}/why", NULL, CLEW_MCP_WHOLE, why, NULL},
        {"trace_outline", "Steps of a run",
         "The call tree of a run, a line a step: number, kind, name, error, and what it said in "
         "short. "
         "> marks the step that is blamed, ! an error.",
         "/traces/{id}/steps",
         "fields=step,depth,kind,name,model,tool,agent,error,cause,brief&limit=1000",
         CLEW_MCP_OUTLINE, outline, NULL},
        {"get_steps", "Steps in full",
         "Some steps of a run in full: messages, tool arguments and results, parameters, errors.",
         "/traces/{id}/steps", "max-text=0", CLEW_MCP_STEPS, steps, NULL},
        {"diff_traces", "Compare two runs",
         "Two runs aligned step by step: model, parameters and tools first, then where they part.",
         "/diff", NULL, CLEW_MCP_WHOLE, diff, NULL},
        {"compare_groups", "Compare two groups of runs",
         "What the runs of one selection have that those of another have not, beyond chance.",
         "/compare", NULL, CLEW_MCP_RECORDS, groups, filter},
        {"stats", "Count runs or calls",
         "How many, how many failed, durations, tokens, cost and top cause, in groups.", "/stats",
         NULL, CLEW_MCP_RECORDS, stats, filter},
        {"attribute_names", "Attributes",
         "Attribute names that spans have, with counts and examples.", "/attrs", NULL,
         CLEW_MCP_RECORDS, names, filter},
        {"attribute_values", "Values of an attribute", "Values of one attribute, commonest first.",
         "/attrs/values", NULL, CLEW_MCP_RECORDS, values, filter},
        {"query_help", "Query language", "The query language and its fields, or step patterns.",
         NULL, NULL, CLEW_MCP_HELP, help, NULL},
        {"annotate", "Annotate a run",
         "Says something about a run or a step: labels, scores, a note, a correction, the failing "
         "step. It "
         "is kept beside what others said and overwrites nothing.",
         "/annotations", NULL, CLEW_MCP_WRITE, annotate, NULL},
        {0},
};

const struct clew_mcp_tool *clew_mcp_tools(void)
{
        return tools;
}

const struct clew_mcp_tool *clew_mcp_tool_find(struct clew_slice name)
{
        for (const struct clew_mcp_tool *t = tools; t->name; t++) {
                if (clew_slice_eq_cstr(name, t->name))
                        return t;
        }
        return NULL;
}

const struct clew_mcp_argument *clew_mcp_argument_find(const struct clew_mcp_tool *tool,
                                                       struct clew_slice name)
{
        const struct clew_mcp_argument *const lists[] = {tool->own, tool->filter};

        for (size_t i = 0; i < 2; i++) {
                for (const struct clew_mcp_argument *a = lists[i]; a && a->name; a++) {
                        if (clew_slice_eq_cstr(name, a->name))
                                return a;
                }
        }
        return NULL;
}
