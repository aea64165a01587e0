/*
 * The agent model over the dialect fixtures: each tests/fixtures/dialects/NAME.json (OTLP JSON,
 * traces on the first line, logs on a second one if there is one) is built and printed as text, and
 * the text is compared with NAME.txt beside it. The text names what matters to users: tree, kinds,
 * names, models, tokens and where they are booked, tool calls, messages, edges, scores, errors.
 *
 * CLEW_GOLDEN=write rewrites the expectations; read the difference before you keep it.
 */
#include "proto/base/buffer.h"
#include "proto/otlp/json.h"
#include "query/model/ledger.h"
#include "query/model/message.h"
#include "query/model/parameters.h"
#include "query/model/prompt.h"
#include "query/model/summary.h"
#include "query/model/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)4 << 20)
#define TEXT_SHOWN 100u
#define FIXTURES_MAX 128

static void fixture_path(char *ret, size_t size, const char *name, const char *suffix)
{
        const char *root = getenv("CLEW_SOURCE_ROOT");

        (void)snprintf(ret, size, "%s/tests/fixtures/dialects/%s%s", root ? root : ".", name,
                       suffix);
}

static bool read_file(const char *path, struct clew_buffer *out)
{
        FILE *f = fopen(path, "rb");
        char block[65536];
        size_t n;

        if (!f)
                return false;
        while ((n = fread(block, 1, sizeof(block), f)) > 0)
                clew_buffer_append(out, block, n);
        (void)fclose(f);
        return clew_buffer_error(out) == 0;
}

/* ---- the text ---------------------------------------------------------------------------------
 */

static void put_text(struct clew_buffer *out, const char *label, struct clew_slice s)
{
        size_t n = s.len < TEXT_SHOWN ? s.len : TEXT_SHOWN;

        if (!s.data)
                return;
        clew_buffer_printf(out, " %s=\"", label);
        for (size_t i = 0; i < n; i++) {
                if (s.data[i] == '\n')
                        clew_buffer_append_cstr(out, "\\n");
                else if (s.data[i] == 0)
                        clew_buffer_append_cstr(out, "\\0");
                else
                        clew_buffer_append_byte(out, s.data[i]);
        }
        clew_buffer_append_cstr(out, n < s.len ? "...\"" : "\"");
}

static void put_set(struct clew_buffer *out, const char *label, struct clew_slice s)
{
        if (s.len > 0)
                put_text(out, label, s);
}

static void put_tokens(struct clew_buffer *out, const struct clew_tokens *t)
{
        if (t->has == 0)
                return;
        clew_buffer_printf(out, " tokens=%llu+%llu", (unsigned long long)t->in,
                           (unsigned long long)t->out);
        if (t->cache_read || t->cache_write || t->reasoning)
                clew_buffer_printf(
                        out, "(cache %llu/%llu reasoning %llu)", (unsigned long long)t->cache_read,
                        (unsigned long long)t->cache_write, (unsigned long long)t->reasoning);
        if (t->in_audio || t->in_image || t->out_audio || t->out_image)
                clew_buffer_printf(
                        out, "(audio %llu/%llu image %llu/%llu)", (unsigned long long)t->in_audio,
                        (unsigned long long)t->out_audio, (unsigned long long)t->in_image,
                        (unsigned long long)t->out_image);
        if (t->has & CLEW_TOKENS_ADJUSTED)
                clew_buffer_append_cstr(out, "*");
}

static void put_flags(struct clew_buffer *out, uint32_t flags)
{
        static const struct {
                uint32_t bit;
                const char *name;
        } names[] = {
                {CLEW_STEP_STANDIN, "stand-in"},
                {CLEW_STEP_ORPHAN, "orphan"},
                {CLEW_STEP_CUT_CYCLE, "cut-cycle"},
                {CLEW_STEP_OPEN, "open"},
                {CLEW_STEP_SKEW, "skew"},
                {CLEW_STEP_INCOMPLETE, "incomplete"},
                {CLEW_STEP_TRUNCATED, "truncated"},
                {CLEW_STEP_REDACTED, "redacted"},
                {CLEW_STEP_WRAPPER, "wrapper"},
                {CLEW_STEP_NOISE, "noise"},
                {CLEW_STEP_FRAGMENT, "fragment"},
                {CLEW_STEP_SOFT_FAILURE, "soft-failure"},
                {CLEW_STEP_BOOKED, "booked"},
                {CLEW_STEP_ROLLUP, "roll-up"},
                {CLEW_STEP_INFERRED_KIND, "inferred"},
                {CLEW_STEP_POLL, "poll"},
                {CLEW_STEP_UNREADABLE, "unreadable"},
                {CLEW_STEP_SETUP, "setup"},
                {CLEW_STEP_FROM_LOGS, "from-logs"},
                {CLEW_STEP_CUMULATIVE, "cumulative"},
        };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                if (flags & names[i].bit)
                        clew_buffer_printf(out, " [%s]", names[i].name);
        }
}

static void put_messages(struct clew_buffer *out, const struct clew_trace *trace,
                         const struct clew_step *step, struct clew_arena *arena)
{
        for (int d = 0; d < 2; d++) {
                struct clew_messages m;

                assert_int_equal(clew_step_messages(trace, step, (enum clew_direction)d, arena, &m),
                                 0);
                for (uint32_t i = 0; i < m.n; i++) {
                        clew_buffer_printf(out, "      %s %s", d ? "out" : "in",
                                           clew_role_name(m.items[i].role));
                        put_set(out, "name", m.items[i].name);
                        put_set(out, "finish", m.items[i].finish_reason);
                        for (uint32_t k = 0; k < m.items[i].n_parts; k++) {
                                const struct clew_part *p = &m.items[i].parts[k];

                                clew_buffer_printf(out, " | %s", clew_part_type_name(p->type));
                                put_set(out, "id", p->id);
                                put_set(out, "name", p->name);
                                put_set(out, "media", p->media_type);
                                put_set(out, "uri", p->uri);
                                if (p->media_bytes)
                                        clew_buffer_printf(out, " bytes=%llu",
                                                           (unsigned long long)p->media_bytes);
                                if (p->is_error)
                                        clew_buffer_append_cstr(out, " is-error");
                                put_set(out, "text", p->text);
                        }
                        clew_buffer_append_cstr(out, "\n");
                }
                if (m.truncated)
                        clew_buffer_printf(out, "      %s truncated\n", d ? "out" : "in");
        }
}

/* Records that another id than the span's brought here. */
static void put_logs(struct clew_buffer *out, const struct clew_trace *trace,
                     const struct clew_step *s)
{
        for (uint32_t i = 0; i < s->n_logs; i++) {
                const struct clew_step_log *log = &trace->logs[s->logs + i];

                if (log->joined_by)
                        clew_buffer_printf(
                                out, "      log %.*s by %s\n", (int)log->record.body.bytes.len,
                                (const char *)log->record.body.bytes.data, log->joined_by);
        }
}

static void put_on_demand(struct clew_buffer *out, const struct clew_trace *trace,
                          const struct clew_step *step, struct clew_arena *arena)
{
        struct clew_slice tags;
        struct clew_slice type;
        struct clew_prompt prompt;
        const struct clew_parameter *p;
        size_t before = out->len;
        size_t from;
        uint32_t n;

        if (!clew_step_field(trace, step, CLEW_FIELD_TAGS, arena, &tags))
                tags = CLEW_SLICE_NULL;
        if (!clew_step_field(trace, step, CLEW_FIELD_TOOL_TYPE, arena, &type))
                type = CLEW_SLICE_NULL;
        assert_int_equal(clew_step_prompt(trace, step, arena, &prompt), 0);
        clew_buffer_append_cstr(out, "     ");
        from = out->len;
        put_set(out, "tags", tags);
        put_set(out, "tool-type", type);
        put_set(out, "prompt", prompt.name);
        put_set(out, "version", prompt.version);
        put_set(out, "template", prompt.template);
        put_set(out, "variables", prompt.variables);
        if (out->len > from)
                clew_buffer_append_cstr(out, "\n");
        else
                out->len = before;
        assert_int_equal(clew_step_parameters(step, arena, &p, &n), 0);
        if (n == 0)
                return;
        clew_buffer_append_cstr(out, "      parameters");
        for (uint32_t i = 0; i < n; i++)
                clew_buffer_printf(out, " %.*s=%.*s", (int)p[i].name.len, p[i].name.data,
                                   (int)p[i].value.len, p[i].value.data);
        clew_buffer_append_cstr(out, "\n");
}

static void put_step(struct clew_buffer *out, const struct clew_trace *trace, uint32_t index,
                     struct clew_arena *arena)
{
        const struct clew_step *s = &trace->steps[index];

        clew_buffer_printf(out, "%u", index + 1);
        for (uint32_t i = 0; i <= s->depth; i++)
                clew_buffer_append_cstr(out, "  ");
        clew_buffer_printf(out, "%s", clew_kind_name(s->kind));
        put_text(out, "name", s->name);
        clew_buffer_printf(out, " (%s)", clew_dialect_name(s->dialect));
        put_set(out, "model", s->model);
        put_set(out, "provider", s->provider);
        put_set(out, "agent", s->agent_name);
        put_set(out, "tool", s->tool_name);
        put_set(out, "call", s->tool_call_id);
        put_set(out, "args", s->tool_arguments);
        put_text(out, "result", s->tool_result);
        put_tokens(out, &s->tokens);
        if (s->has_cost)
                clew_buffer_printf(out, " cost=%.6f", s->cost_usd);
        put_set(out, "finish", s->finish_reason);
        if (s->first_token_ns)
                clew_buffer_printf(out, " first=%.0fms", (double)s->first_token_ns / 1e6);
        put_set(out, "session", s->session);
        put_set(out, "other-session", s->other_session);
        put_set(out, "user", s->user);
        if (s->error.is_error) {
                clew_buffer_printf(out, " ERROR(%s)", clew_error_source_name(s->error.source));
                put_set(out, "type", s->error.type);
                put_set(out, "message", s->error.message);
        }
        put_flags(out, s->flags);
        clew_buffer_append_cstr(out, "\n");
        put_logs(out, trace, s);
        put_on_demand(out, trace, s, arena);
        put_messages(out, trace, s, arena);
}

static void put_names(struct clew_buffer *out, const char *label,
                      const struct clew_name_count *names, uint32_t n)
{
        if (n == 0)
                return;
        clew_buffer_append_cstr(out, label);
        for (uint32_t i = 0; i < n; i++)
                clew_buffer_printf(out, " %.*s x%u", (int)names[i].name.len, names[i].name.data,
                                   names[i].count);
        clew_buffer_append_cstr(out, "\n");
}

static void put_tail(struct clew_buffer *out, const struct clew_trace *trace)
{
        for (uint32_t i = 0; i < trace->n_edges; i++) {
                const struct clew_edge *e = &trace->edges[i];

                clew_buffer_printf(out, "edge %s %u -> %u%s", clew_edge_type_name(e->type),
                                   e->from + 1, e->to + 1, e->inferred ? " inferred" : "");
                put_set(out, "id", e->id);
                clew_buffer_append_cstr(out, "\n");
        }
        for (uint32_t i = 0; i < trace->n_scores; i++) {
                const struct clew_score *s = &trace->scores[i];

                clew_buffer_printf(out, "score target=%d carrier=%d step=%u", (int)s->target,
                                   (int)s->carrier, s->step + 1);
                put_text(out, "name", s->name);
                if (s->has_value)
                        clew_buffer_printf(out, " value=%g", s->value);
                put_set(out, "label", s->label);
                put_set(out, "explanation", s->explanation);
                put_set(out, "source", s->source);
                if (s->place == CLEW_SCORE_AIMED)
                        clew_buffer_append_cstr(out, " aimed elsewhere");
                clew_buffer_append_cstr(out, "\n");
        }
}

static void put_ledger(struct clew_buffer *out, const struct clew_trace *trace,
                       struct clew_arena *arena)
{
        struct clew_ledger ledger;

        assert_int_equal(clew_ledger_build(trace, NULL, arena, &ledger), 0);
        for (uint32_t i = 0; i < ledger.n; i++) {
                const struct clew_ledger_line *l = &ledger.lines[i];

                clew_buffer_printf(out, "ledger %u %s%s\n", l->step + 1,
                                   clew_booking_name(l->booking), l->mismatch ? " mismatch" : "");
        }
}

static void put_trace(struct clew_buffer *out, const struct clew_trace *t, struct clew_arena *arena)
{
        clew_buffer_printf(out, "trace %s", clew_outcome_name(t->outcome));
        put_text(out, "name", t->name);
        put_set(out, "service", t->service);
        put_set(out, "session", t->session);
        put_set(out, "user", t->user);
        clew_buffer_printf(out, " roots=%u llm=%u tool=%u errors=%u", t->n_roots, t->n_llm,
                           t->n_tool, t->n_errors);
        put_tokens(out, &t->tokens);
        if (t->has_cost)
                clew_buffer_printf(out, " cost=%.6f", t->cost_usd);
        clew_buffer_append_cstr(out, "\n");
        put_names(out, "agents", t->agents, t->n_agents);
        put_names(out, "models", t->models, t->n_models);
        for (uint32_t i = 0; i < t->n_steps; i++)
                put_step(out, t, i, arena);
        put_tail(out, t);
        put_ledger(out, t, arena);
        if (t->n_loose_logs > 0)
                clew_buffer_printf(out, "loose logs %u\n", t->n_loose_logs);
}

/* ---- the comparison ---------------------------------------------------------------------------
 */

/* The summary is derived without texts and edges; it must not say anything else. */
static void check_summary(struct clew_slice traces, struct clew_slice logs,
                          const struct clew_trace *t, struct clew_arena *arena)
{
        CLEW_BUFFER record = {.max_bytes = FILE_MAX};
        struct clew_summary s;
        uint64_t start;

        assert_int_equal(
                clew_model_deriver()->summarize(NULL, &t->id, traces, logs, &record, &start), 0);
        assert_int_equal(clew_summary_decode(clew_buffer_slice(&record), arena, &s), 0);
        assert_int_equal(s.outcome, t->outcome);
        assert_int_equal(s.n_steps, t->n_steps);
        assert_int_equal(s.n_spans, t->n_spans);
        assert_int_equal(s.n_errors, t->n_errors);
        assert_int_equal(s.n_llm, t->n_llm);
        assert_int_equal(s.n_tool, t->n_tool);
        assert_int_equal(s.tokens.in, t->tokens.in);
        assert_int_equal(s.tokens.out, t->tokens.out);
        assert_int_equal(s.tokens.total, t->tokens.total);
        assert_int_equal(s.n_tools, t->n_tools);
        assert_int_equal(start, t->start_ns);
        assert_true(clew_slice_eq(s.session, t->session));
        for (uint32_t i = 0, k = 0; i < t->n_scores && k < s.n_scores; i++) {
                const struct clew_score *score = &t->scores[i];

                if (score->place == CLEW_SCORE_AIMED ||
                    (score->target == CLEW_SCORE_STEP && score->step != t->root))
                        continue;
                assert_int_equal(s.scores[k].target, score->target);
                assert_true(clew_slice_eq(s.scores[k].name, score->name));
                assert_true(clew_slice_eq(s.scores[k].label, score->label));
                assert_int_equal(s.scores[k].has_value, score->has_value);
                assert_memory_equal(&s.scores[k].value, &score->value, sizeof(score->value));
                k++;
        }
        for (uint32_t i = 0; i < s.n_sessions; i++)
                assert_false(clew_slice_eq(s.sessions[i], t->session));
        for (uint32_t i = 0; i < s.n_tools; i++) {
                assert_true(clew_slice_eq(s.tools[i].name, t->tools[i].name));
                assert_int_equal(s.tools[i].count, t->tools[i].count);
        }
}

static void split_lines(struct clew_slice file, struct clew_slice *ret_traces,
                        struct clew_slice *ret_logs)
{
        const uint8_t *end = memchr(file.data, '\n', file.len);
        size_t n = end ? (size_t)(end - file.data) : file.len;

        *ret_traces = clew_slice_make(file.data, n);
        *ret_logs = clew_slice_from(file, n + 1);
}

static void print_fixture(const char *name, struct clew_buffer *out)
{
        CLEW_BUFFER file = {.max_bytes = FILE_MAX};
        CLEW_BUFFER traces = {.max_bytes = FILE_MAX};
        CLEW_BUFFER logs = {.max_bytes = FILE_MAX};
        struct clew_slice json_traces;
        struct clew_slice json_logs;
        struct clew_trace_options options = CLEW_TRACE_FULL;
        struct clew_error err = {0};
        struct clew_trace *trace;
        CLEW_ARENA arena = {0};
        char path[4096];

        options.results = true;

        clew_arena_init(&arena, (size_t)256 << 20);
        fixture_path(path, sizeof(path), name, ".json");
        assert_true(read_file(path, &file));
        split_lines(clew_buffer_slice(&file), &json_traces, &json_logs);
        if (clew_otlp_from_json(json_traces, CLEW_OTLP_TRACES, &traces, &err) < 0)
                fail_msg("%s: %s", name, err.message);
        if (json_logs.len > 1 && clew_otlp_from_json(json_logs, CLEW_OTLP_LOGS, &logs, &err) < 0)
                fail_msg("%s: logs: %s", name, err.message);
        assert_int_equal(clew_trace_build(clew_buffer_slice(&traces), clew_buffer_slice(&logs),
                                          &options, &arena, &trace),
                         0);
        put_trace(out, trace, &arena);
        check_summary(clew_buffer_slice(&traces), clew_buffer_slice(&logs), trace, &arena);
        assert_int_equal(clew_buffer_error(out), 0);
}

static void write_golden(const char *path, struct clew_slice text)
{
        FILE *f = fopen(path, "wb");

        assert_non_null(f);
        assert_int_equal(fwrite(text.data, 1, text.len, f), text.len);
        assert_int_equal(fclose(f), 0);
}

static void test_fixture(void **state)
{
        const char *name = *state;
        const char *mode = getenv("CLEW_GOLDEN");
        CLEW_BUFFER out = {.max_bytes = FILE_MAX};
        CLEW_BUFFER expected = {.max_bytes = FILE_MAX};
        char path[4096];

        print_fixture(name, &out);
        fixture_path(path, sizeof(path), name, ".txt");
        if (mode && strcmp(mode, "write") == 0) {
                write_golden(path, clew_buffer_slice(&out));
                return;
        }
        assert_true(read_file(path, &expected));
        if (!clew_slice_eq(clew_buffer_slice(&out), clew_buffer_slice(&expected)))
                fail_msg("%s differs from what is expected:\n%.*s", name, (int)out.len, out.data);
}

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(void)
{
        static struct CMUnitTest tests[FIXTURES_MAX];
        static char names[FIXTURES_MAX][128];
        struct dirent *entry;
        size_t n = 0;
        char path[4096];
        DIR *dir;

        fixture_path(path, sizeof(path), "", "");
        dir = opendir(path);
        if (!dir) {
                fprintf(stderr, "no fixtures in %s\n", path);
                return 1;
        }
        while ((entry = readdir(dir)) && n < FIXTURES_MAX) {
                char *dot = strrchr(entry->d_name, '.');

                if (!dot || strcmp(dot, ".json") != 0 || strlen(entry->d_name) >= 128)
                        continue;
                (void)snprintf(names[n], sizeof(names[n]), "%.*s", (int)(dot - entry->d_name),
                               entry->d_name);
                tests[n] = (struct CMUnitTest){
                        .name = names[n], .test_func = test_fixture, .initial_state = names[n]};
                n++;
        }
        (void)closedir(dir);
        qsort(tests, n, sizeof(tests[0]), by_name);
        return n ? _cmocka_run_group_tests("dialects", tests, n, NULL, NULL) : 1;
}
