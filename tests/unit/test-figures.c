/* Counters of what agents did: once for each run, however often it is sealed; never falling; a
 * bounded number of names. */
#include "collector/commit/figures.h"
#include "query/model/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW UINT64_C(1700000000000000000)
#define TEXT_MAX ((size_t)16 << 20)

static struct clew_summary run_of(const char *agent, const char *model, const char *tool,
                                  enum clew_outcome outcome, uint64_t tokens)
{
        static struct clew_name_count names[3];
        static struct clew_share agents;
        static struct clew_share models;
        static struct clew_share tools;

        names[0] = (struct clew_name_count){clew_slice_of_cstr(agent), 1};
        names[1] = (struct clew_name_count){clew_slice_of_cstr(model), 2};
        names[2] = (struct clew_name_count){clew_slice_of_cstr(tool), 3};
        agents = (struct clew_share){.in = tokens, .out = 1, .cost_units = 200000000};
        models = (struct clew_share){.in = tokens, .cost_units = 200000000, .busy_us = 1500000};
        tools = (struct clew_share){.failed = 1};
        return (struct clew_summary){
                .outcome = outcome,
                .settled = outcome,
                .service = CLEW_SLICE_LITERAL("desk"),
                .kinds = 1u << CLEW_KIND_AGENT,
                .duration_ns = UINT64_C(3000000000),
                .tokens = {.in = tokens, .out = 1, .total = tokens + 1},
                .has_cost = true,
                .cost_usd = 2.0,
                .agents = &names[0],
                .models = &names[1],
                .tools = &names[2],
                .n_agents = 1,
                .n_models = 1,
                .n_tools = 1,
                .shares = {&agents, &models, &tools},
        };
}

static struct clew_buffer encoded(const struct clew_summary *s)
{
        struct clew_buffer b;

        clew_buffer_init(&b, 65536);
        clew_summary_encode(s, &b);
        assert_int_equal(clew_buffer_error(&b), 0);
        return b;
}

static void add(struct clew_figures *f, const struct clew_summary *before,
                const struct clew_summary *now)
{
        struct clew_buffer a = {0};
        struct clew_buffer b = encoded(now);

        if (before)
                a = encoded(before);
        clew_figures_add(f, clew_buffer_slice(&a), clew_buffer_slice(&b), NOW);
        clew_buffer_deinit(&a);
        clew_buffer_deinit(&b);
}

/* All of it as text; for free(). */
static char *written(struct clew_figures *f)
{
        struct clew_figures_of of = {"default", f};
        struct clew_buffer b;
        struct clew_exposition x = {.out = &b};
        char *text;

        clew_buffer_init(&b, TEXT_MAX);
        clew_figures_write(&of, 1, &x);
        assert_int_equal(clew_buffer_error(&b), 0);
        text = test_malloc(b.len + 1);
        memcpy(text, b.data, b.len);
        text[b.len] = '\0';
        clew_buffer_deinit(&b);
        return text;
}

/* The value of the sample that is written so; -1 when there is none. */
static double value_of(struct clew_figures *f, const char *sample)
{
        char *text = written(f);
        const char *at = strstr(text, sample);
        double v = -1;

        if (at && sscanf(at + strlen(sample), " %lf", &v) != 1)
                v = -1;
        test_free(text);
        return v;
}

#define DESK "{project=\"default\",agent=\"triage\",service=\"desk\""

static void test_counts_once(void **state)
{
        struct clew_figures *f = clew_figures_new();
        struct clew_summary open = run_of("triage", "m1", "search", CLEW_OUTCOME_OPEN, 100);
        struct clew_summary ended;

        (void)state;
        assert_non_null(f);
        add(f, NULL, &open);
        assert_true(value_of(f, "clew_agent_runs_seen_total" DESK "}") == 1);
        assert_true(value_of(f, "clew_agent_runs_total" DESK ",outcome=\"ok\"}") == 0);
        assert_true(value_of(f, "clew_agent_run_duration_seconds_count" DESK "}") == 0);
        assert_true(value_of(f, "clew_agent_tokens_total" DESK ",type=\"input\"}") == 100);
        open = run_of("triage", "m1", "search", CLEW_OUTCOME_OPEN, 100);
        {
                struct clew_buffer before = encoded(&open);
                struct clew_buffer now;

                ended = run_of("triage", "m1", "search", CLEW_OUTCOME_ERROR, 250);
                ended.cause.rule = CLEW_SLICE_LITERAL("tool-error");
                now = encoded(&ended);
                clew_figures_add(f, clew_buffer_slice(&before), clew_buffer_slice(&now), NOW);
                clew_buffer_deinit(&before);
                clew_buffer_deinit(&now);
        }
        assert_true(value_of(f, "clew_agent_runs_seen_total" DESK "}") == 1);
        assert_true(value_of(f, "clew_agent_runs_total" DESK ",outcome=\"error\"}") == 1);
        assert_true(value_of(f, "clew_agent_failures_total" DESK ",cause=\"tool-error\"}") == 1);
        assert_true(value_of(f, "clew_agent_run_duration_seconds_sum" DESK "}") == 3);
        assert_true(value_of(f, "clew_agent_run_duration_seconds_bucket" DESK ",le=\"2.0\"}") == 0);
        assert_true(value_of(f, "clew_agent_run_duration_seconds_bucket" DESK ",le=\"5.0\"}") == 1);
        assert_true(value_of(f, "clew_agent_tokens_total" DESK ",type=\"input\"}") == 250);
        assert_true(value_of(f, "clew_model_tokens_total{project=\"default\",model=\"m1\",type="
                                "\"input\"}") == 250);
        /* What no model's calls have: the total less the shares. */
        assert_true(value_of(f, "clew_model_tokens_total{project=\"default\",model=\"\",type="
                                "\"output\"}") == 1);
        assert_true(value_of(f, "clew_model_cost_usd_total{project=\"default\",model=\"m1\"}") ==
                    2);
        assert_true(
                value_of(
                        f,
                        "clew_model_call_duration_seconds_sum{project=\"default\",model=\"m1\"}") ==
                1.5);
        assert_true(value_of(f, "clew_tool_calls_total{project=\"default\",tool=\"search\",outcome="
                                "\"ok\"}") == 2);
        assert_true(value_of(f, "clew_tool_calls_total{project=\"default\",tool=\"search\",outcome="
                                "\"error\"}") == 1);
        clew_figures_free(f);
}

static void test_never_falls(void **state)
{
        struct clew_figures *f = clew_figures_new();
        struct clew_summary s = run_of("triage", "m1", "search", CLEW_OUTCOME_OK, 100);
        struct clew_buffer ok = encoded(&s);
        struct clew_buffer failed;

        (void)state;
        clew_figures_add(f, CLEW_SLICE_NULL, clew_buffer_slice(&ok), NOW);
        s = run_of("triage", "m1", "search", CLEW_OUTCOME_ERROR, 40);
        failed = encoded(&s);
        clew_figures_add(f, clew_buffer_slice(&ok), clew_buffer_slice(&failed), NOW);
        /* It was no success after all, and had fewer tokens: both stand still ... */
        assert_true(value_of(f, "clew_agent_runs_total" DESK ",outcome=\"ok\"}") == 1);
        assert_true(value_of(f, "clew_agent_runs_total" DESK ",outcome=\"error\"}") == 1);
        assert_true(value_of(f, "clew_agent_failures_total" DESK ",cause=\"unexplained\"}") == 1);
        assert_true(value_of(f, "clew_agent_tokens_total" DESK ",type=\"input\"}") == 100);
        /* ... until they are right again. */
        clew_figures_add(f, CLEW_SLICE_NULL, clew_buffer_slice(&ok), NOW);
        assert_true(value_of(f, "clew_agent_runs_total" DESK ",outcome=\"ok\"}") == 1);
        assert_true(value_of(f, "clew_agent_tokens_total" DESK ",type=\"input\"}") == 140);
        clew_figures_add(f, CLEW_SLICE_NULL, clew_buffer_slice(&ok), NOW);
        assert_true(value_of(f, "clew_agent_runs_total" DESK ",outcome=\"ok\"}") == 2);
        clew_buffer_deinit(&ok);
        clew_buffer_deinit(&failed);
        clew_figures_free(f);
}

static void test_names_are_bounded(void **state)
{
        struct clew_figures *f = clew_figures_new();
        struct clew_summary s;
        char *text;
        char name[300];
        double sum = 0;

        (void)state;
        for (unsigned i = 0; i < 100000; i++) {
                snprintf(name, sizeof(name), "n\"\\\n\xff%u", i);
                s = run_of(name, name, name, CLEW_OUTCOME_OK, 10);
                add(f, NULL, &s);
        }
        s = run_of("_other", "_other", "_other", CLEW_OUTCOME_OK, 10); /* no second one of it */
        add(f, NULL, &s);
        text = written(f);
        assert_true(strlen(text) < (size_t)4 << 20);
        for (const char *at = text; (at = strstr(at, "clew_agent_runs_total{")) != NULL; at++) {
                const char *end = strchr(at, '\n');
                double v = 0;

                while (end[-1] != ' ')
                        end--;
                (void)sscanf(end, "%lf", &v);
                sum += v;
        }
        assert_true(sum == 100001);
        test_free(text);
        assert_true(value_of(f,
                             "clew_agent_runs_total{project=\"default\",agent=\"_other\","
                             "service=\"\",outcome=\"ok\"}") == 100001 - CLEW_FIGURES_AGENTS_MAX);
        assert_true(value_of(f, "clew_figures_label_values{project=\"default\",label=\"tool\"}") ==
                    CLEW_FIGURES_TOOLS_MAX);
        assert_true(value_of(f, "clew_figures_folded_total{project=\"default\",label=\"tool\"}") ==
                    100001 - CLEW_FIGURES_TOOLS_MAX);
        clew_figures_free(f);
}

static void test_what_cannot_be_read(void **state)
{
        struct clew_figures *f = clew_figures_new();
        struct clew_summary s = run_of("triage", "m1", "search", CLEW_OUTCOME_OK, 100);
        struct clew_buffer whole = encoded(&s);

        (void)state;
        for (size_t n = 0; n < whole.len; n++)
                clew_figures_add(f, CLEW_SLICE_NULL, clew_slice_make(whole.data, n), NOW);
        assert_true(value_of(f, "clew_figures_unreadable_total{project=\"default\"}") > 0);
        s.kinds = 1u << CLEW_KIND_GENERIC; /* no run of an agent */
        s.service = CLEW_SLICE_LITERAL("other");
        add(f, NULL, &s);
        assert_true(value_of(f, "service=\"other\"") == -1);
        clew_buffer_deinit(&whole);
        clew_figures_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_counts_once),
                cmocka_unit_test(test_never_falls),
                cmocka_unit_test(test_names_are_bounded),
                cmocka_unit_test(test_what_cannot_be_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
