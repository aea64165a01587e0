/*
 * See query-help.h. The fields come from the table that queries are read with.
 */
#include "query/answer/query-help.h"

#include "query/find/language/language.h"

#include <string.h>

#define NAME_COLUMNS 25

static const char query_text[] =
        "The query language: a subset of TraceQL\n"
        "\n"
        "  { status = error }                                a span that ...\n"
        "  { span.gen_ai.tool.name = \"search\" && duration > 2s }\n"
        "  { resource.service.name = \"shop\" } && { span.clew.error }\n"
        "  { span.clew.agent = \"planner\" } >> { status = error }    somewhere below\n"
        "  { status = error } | count() > 2                  a condition on the set\n"
        "  { } | by(span.clew.tool) | max(duration) > 30s    in groups\n"
        "\n"
        "compare   = != < <= > >=   =~ !~ with a regular expression, anchored\n"
        "logic     && || ! ( )      = nil: the span lacks it (then != is false too)\n"
        "scopes    span. resource. event. link. instrumentation. parent.   . = any\n"
        "values    \"text\" `text` 12 1.5 90s 1h30m true false nil  error ok unset\n"
        "tree      A > B child, >> below, < parent, << above, ~ sibling; ! not, & both\n"
        "stages    { } count() min() max() avg() sum() by() select() coalesce()\n"
        "series    rate() count_over_time() sum_over_time() ... (clew stats)\n"
        "\n"
        "Quote it for the shell: clew list '{ ... }', or --query where arguments mean\n"
        "something else. --explain shows what flags became, and what it cost.\n"
        "Facts of the run stand on one span of it, so counting spans by them counts runs.\n";

static const char path_text[] =
        "Step patterns: clew list --path PATTERN, span.clew.path =~ \"PATTERN\"\n"
        "\n"
        "  search{3} !open* answer          three searches, no page opened, an answer\n"
        "  ^ (!open* search){3,} !open* $   three or more in all, never a page\n"
        "  any/error any/error              two failed actions in a row\n"
        "  search/error search/ok           failed, then worked\n"
        "  handoff ... handoff              handed over, later again\n"
        "  !answer $                        ends without an answer\n"
        "  \"fs.*\"@coder/error ... (search | fetch)\n"
        "\n"
        "  name  \"na*e\"     a tool, retriever or hand-off of that name (* in quotes)\n"
        "  tool llm agent retriever handoff answer error any   a kind of step\n"
        "  tool:name model:name agent:name    both\n"
        "  @agent  /error  /ok    of that agent; failed; did not\n"
        "  !step   any other step;   a b  at once;   a ... b  later;   a | b  ( )\n"
        "  * + ? {3} {3,} {3,5}   repeated;   ^ $  beginning and end of the run\n"
        "\n"
        "A pattern sees tool calls, retrievals, hand-offs and the answer (the last model\n"
        "call, with no action after it); other kinds when it names one of them.\n";

static void append_fields(struct clew_buffer *out)
{
        static const char *const places[][2] = {
                {"span", "of a span"},
                {"trace", "of its trace"},
                {"event", "of its events"},
                {"link", "of its links"},
                {"scope", "of its scope"},
                {"run", "of the run (on one span of it)"},
                {"step", "of the step that Clew makes of the span"},
        };
        struct clew_query_field_help f;

        for (size_t p = 0; p < CLEW_ARRAY_LEN(places); p++) {
                clew_buffer_printf(out, "\n%s\n", places[p][1]);
                for (size_t i = 0; clew_query_field_at(i, &f); i++) {
                        int left = NAME_COLUMNS - (int)strlen(f.name);
                        bool takes_name = f.name[strlen(f.name) - 1] == '.';

                        if (strcmp(places[p][0], f.where) == 0)
                                clew_buffer_printf(out, "  %s%-*s %s\n", f.name,
                                                   left > 0 ? left : 0, takes_name ? "NAME" : "",
                                                   f.help);
                }
        }
}

bool clew_query_help(const char *topic, struct clew_buffer *out)
{
        if (strcmp(topic, "path") == 0) {
                clew_buffer_append_cstr(out, path_text);
                return true;
        }
        if (strcmp(topic, "query") != 0)
                return false;
        clew_buffer_append_cstr(out, query_text);
        append_fields(out);
        return true;
}
