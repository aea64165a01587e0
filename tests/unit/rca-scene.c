/*
 * Builds traces for tests of root cause. A test that builds a broken one fails at once.
 */
#include "tests/unit/rca-scene.h"

#include "proto/otlp/json.h"
#include "query/rca/cause-int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES_MAX ((size_t)512 << 20)
#define CALL "llm.output_messages.0.message.tool_calls.0.tool_call.function."

void scene_begin(struct scene *s)
{
        memset(s, 0, sizeof(*s));
        clew_buffer_init(&s->json, BYTES_MAX);
        clew_buffer_init(&s->otlp, BYTES_MAX);
        clew_buffer_init(&s->history, BYTES_MAX);
        clew_arena_init(&s->arena, (size_t)1 << 30);
        clew_buffer_append_cstr(&s->json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
}

void scene_attribute(struct scene *s, const char *key, const char *value)
{
        clew_buffer_printf(&s->json, ",{\"key\":\"%s\",\"value\":{\"stringValue\":\"%s\"}}", key,
                           value);
}

unsigned scene_span(struct scene *s, unsigned parent, const char *kind, const char *name,
                    unsigned lasts)
{
        unsigned id = ++s->n;

        lasts = s->lasts ? s->lasts : lasts;
        s->lasts = 0;

        clew_buffer_printf(&s->json,
                           "%s{\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":"
                           "\"%016x\",\"name\":\"%s\",\"startTimeUnixNano\":\"%u000000000\","
                           "\"endTimeUnixNano\":\"%u000000000\"",
                           id > 1 ? "," : "", id, name, 1000 + id * 10, 1000 + id * 10 + lasts);
        if (parent)
                clew_buffer_printf(&s->json, ",\"parentSpanId\":\"%016x\"", parent);
        clew_buffer_printf(&s->json,
                           ",\"attributes\":[{\"key\":\"openinference.span.kind\",\"value\":{"
                           "\"stringValue\":\"%s\"}}",
                           kind);
        return id;
}

void scene_span_end(struct scene *s, const char *error, const char *verdict)
{
        clew_buffer_append_cstr(&s->json, "]");
        if (verdict)
                clew_buffer_printf(&s->json,
                                   ",\"events\":[{\"name\":\"gen_ai.evaluation.result\","
                                   "\"attributes\":[{\"key\":\"gen_ai.evaluation.name\",\"value\":{"
                                   "\"stringValue\":\"checker\"}},{\"key\":"
                                   "\"gen_ai.evaluation.score.label\",\"value\":{\"stringValue\":"
                                   "\"%s\"}}]}]",
                                   verdict);
        if (error)
                clew_buffer_printf(&s->json, ",\"status\":{\"code\":2,\"message\":\"%s\"}", error);
        clew_buffer_append_cstr(&s->json, "}");
}

unsigned scene_root(struct scene *s, const char *verdict)
{
        unsigned id = scene_span(s, 0, "AGENT", "agent", 100000);

        scene_attribute(s, "agent.name", "agent");
        scene_attribute(s, "input.value", "Do the task.");
        scene_span_end(s, NULL, verdict);
        return id;
}

void scene_say(struct scene *s, const char *role, const char *text)
{
        clew_buffer_printf(&s->history,
                           ",{\"key\":\"llm.input_messages.%u.message.role\",\"value\":{"
                           "\"stringValue\":\"%s\"}},{\"key\":\"llm.input_messages.%u.message."
                           "content\",\"value\":{\"stringValue\":\"%s\"}}",
                           s->turns, role, s->turns, text);
        s->turns++;
}

unsigned scene_llm(struct scene *s, unsigned parent, const char *text)
{
        unsigned id = scene_span(s, parent, "LLM", "model", 5);

        clew_buffer_append_slice(&s->json, clew_buffer_slice(&s->history));
        scene_attribute(s, "llm.output_messages.0.message.role", "assistant");
        scene_attribute(s, "llm.output_messages.0.message.content", text);
        scene_span_end(s, NULL, NULL);
        scene_say(s, "assistant", text);
        return id;
}

unsigned scene_tool(struct scene *s, unsigned parent, const char *name, const char *args,
                    const char *result, const char *error)
{
        unsigned id = scene_span(s, parent, "TOOL", name, 3);

        scene_attribute(s, "tool.name", name);
        scene_attribute(s, "input.value", args);
        scene_attribute(s, "output.value", result);
        scene_span_end(s, error, NULL);
        scene_say(s, "tool", result);
        return id;
}

unsigned scene_step(struct scene *s, unsigned parent, const char *name, const char *error)
{
        unsigned id = scene_span(s, parent, "CHAIN", name, 35);

        scene_span_end(s, error, NULL);
        return id;
}

/* A summary keeps the sentence, or its first words and a mark that there was more. */
static void check_detail(struct clew_slice sentence, struct clew_slice detail)
{
        const struct clew_slice mark = CLEW_SLICE_LITERAL("…");
        size_t n = detail.len - mark.len;

        if (sentence.len <= CLEW_SUMMARY_TEXT_MAX) {
                assert_true(clew_slice_eq(sentence, detail));
                return;
        }
        assert_in_range(detail.len, CLEW_SUMMARY_TEXT_MAX / 2, CLEW_SUMMARY_TEXT_MAX);
        assert_memory_equal(detail.data + n, mark.data, mark.len);
        assert_memory_equal(detail.data, sentence.data, n);
        assert_int_equal(sentence.data[n], ' ');
}

/* The short way to what a summary keeps comes to the same as the long one. */
static void check_summary(struct scene *s)
{
        struct clew_summary_cause whole;
        struct clew_summary_cause brief;
        struct clew_why why;

        assert_int_equal(clew_why_for_summary(s->trace, &s->arena, &why), 0);
        clew_cause_note(&s->why, &s->arena, &whole);
        clew_cause_note(&why, &s->arena, &brief);
        if (whole.rule.len > 0)
                check_detail(s->why.findings[0].summary, whole.detail);
        assert_true(clew_slice_eq(whole.rule, brief.rule));
        assert_int_equal(whole.step, brief.step);
        assert_true(clew_slice_eq(whole.detail, brief.detail));
        assert_true(clew_slice_eq(whole.signature, brief.signature));
}

void scene_end(struct scene *s)
{
        struct clew_error err = {0};

        clew_buffer_append_cstr(&s->json, "]}]}]}");
        assert_int_equal(clew_buffer_error(&s->json), 0);
        if (clew_otlp_from_json(clew_buffer_slice(&s->json), CLEW_OTLP_TRACES, &s->otlp, &err) < 0)
                fail_msg("%s", err.message);
        assert_int_equal(clew_trace_build(clew_buffer_slice(&s->otlp), CLEW_SLICE_NULL, NULL,
                                          &s->arena, &s->trace),
                         0);
        assert_int_equal(clew_why_analyse(s->trace, NULL, 0, &s->arena, &s->why), 0);
        assert_int_equal(clew_why_signs(s->trace, NULL, 0, &s->arena, &s->view, &s->signs), 0);
        check_summary(s);
}

void scene_free(struct scene *s)
{
        clew_buffer_deinit(&s->json);
        clew_buffer_deinit(&s->otlp);
        clew_buffer_deinit(&s->history);
        clew_arena_deinit(&s->arena);
}

static unsigned span_of(const struct clew_rca_step *step)
{
        return (unsigned)step->span_id.bytes[7] | (unsigned)step->span_id.bytes[6] << 8;
}

unsigned scene_blamed(const struct scene *s, uint32_t rank)
{
        if (rank >= s->why.n_findings)
                return 0;
        return span_of(&s->why.view->steps[s->why.findings[rank].step]);
}

const char *scene_rule(const struct scene *s, uint32_t rank)
{
        return rank < s->why.n_findings ? clew_rule_info(s->why.findings[rank].rule)->name : "";
}

bool scene_blames(const struct scene *s, unsigned span)
{
        for (uint32_t i = 0; i < s->why.n_findings; i++) {
                if (scene_blamed(s, i) == span)
                        return true;
        }
        return false;
}

unsigned scene_call(struct scene *s, unsigned parent, const char *name, const char *args,
                    const char *result)
{
        unsigned id = scene_span(s, parent, "LLM", "model", 5);

        clew_buffer_append_slice(&s->json, clew_buffer_slice(&s->history));
        scene_attribute(s, "llm.output_messages.0.message.role", "assistant");
        scene_attribute(s, "llm.output_messages.0.message.tool_calls.0.tool_call.function.name",
                        name);
        scene_attribute(
                s, "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", args);
        scene_span_end(s, NULL, NULL);
        scene_say(s, "assistant", "");
        scene_say(s, "tool", result);
        return id;
}

unsigned scene_blamed_by(const struct scene *s, const char *name)
{
        for (uint32_t i = 0; i < s->signs.n; i++) {
                for (int r = 0; r < CLEW_RULE_COUNT && s->signs.items[i].of; r++) {
                        if (s->signs.items[i].of[r] &&
                            strcmp(clew_rule_info((enum clew_rule)r)->name, name) == 0)
                                return span_of(&s->view->steps[s->signs.items[i].step]);
                }
        }
        return 0;
}

void scene_play(struct scene *s, const struct scene_turn turns[SCENE_TURNS_MAX],
                unsigned spans[SCENE_TURNS_MAX])
{
        unsigned r;

        scene_begin(s);
        r = scene_root(s, "fail");
        for (int i = 0; i < SCENE_TURNS_MAX && turns[i].what; i++) {
                const struct scene_turn *t = &turns[i];

                spans[i] = 0;
                if (strcmp(t->what, "user") == 0 || strcmp(t->what, "system") == 0) {
                        scene_say(s, t->what, t->a);
                } else if (strcmp(t->what, "say") == 0) {
                        spans[i] = scene_llm(s, r, t->a);
                } else if (strcmp(t->what, "offer") == 0) {
                        spans[i] = scene_span(s, r, "LLM", "model", 5);
                        clew_buffer_append_slice(&s->json, clew_buffer_slice(&s->history));
                        scene_attribute(s, "llm.tools.0.tool.json_schema", t->a);
                        scene_attribute(s, "llm.tools.1.tool.json_schema", t->b);
                        scene_attribute(s, "llm.output_messages.0.message.role", "assistant");
                        scene_attribute(s, CALL "name", "list_days");
                        scene_attribute(s, CALL "arguments", "{\\\"of\\\": \\\"May\\\"}");
                        scene_span_end(s, NULL, NULL);
                        scene_say(s, "assistant", "");
                        scene_say(s, "tool", "31");
                } else {
                        spans[i] = scene_llm(s, r, "I do it.");
                        (void)scene_tool(s, r, t->what, t->a, t->b, NULL);
                }
        }
        scene_end(s);
}

struct clew_slice scene_said_by(const struct scene *s, const char *rule)
{
        for (uint32_t i = 0; i < s->signs.n; i++) {
                for (int r = 0; r < CLEW_RULE_COUNT && s->signs.items[i].of; r++) {
                        if (s->signs.items[i].of[r] &&
                            strcmp(clew_rule_info((enum clew_rule)r)->name, rule) == 0)
                                return s->signs.items[i].of[r]->summary;
                }
        }
        return CLEW_SLICE_NULL;
}
