/*
 * clew experiment run: a dataset through any program, one process a case and try.
 *
 * One thread a job waits for its process; this thread alone talks to the store. Each result is
 * durable before the next is asked for, so a killed experiment loses at most what was under way,
 * and the same command goes on where it was. The program gets the case as one JSON object on its
 * standard input, and in its environment a TRACEPARENT of its own: what it records with
 * OpenTelemetry is then the trace that the result names.
 */
#include "query/cli/experiment-int.h"

#include "query/answer/safe.h"
#include "query/cli/open.h"
#include "query/cli/pool.h"
#include "query/find/statistics.h"
#include "query/review/export/export.h"
#include "query/review/rubric.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUESTION_MAX (2 * CLEW_ITEM_BYTES_MAX)
#define TIMEOUT_SECONDS_MAX 86400u
/* Variables of ours beside those of the environment. */
#define OWN_VARIABLES 8u
/* What sh ends with when a command is not to be run, or not to be found (POSIX, Shell Command
 * Language, 2.8.2). */
#define SHELL_CANNOT 126
#define SHELL_FINDS_NONE 127
/* A result line shows why. */
#define WHY_MAX 300u
/* Ids of a dataset's items, and of the results that are there. */
#define BEGUN_BYTES_MAX ((size_t)256 << 20)

struct run;

struct slot {
        struct clew_job job; /* first: the pool gives it back */
        struct run *run;
        struct clew_arena arena;
        struct clew_item item;
        struct clew_result result;
        struct clew_experiment_answer answer; /* in the arena */
        struct clew_buffer question;
        bool is_judged; /* the program that runs now is the judge */
};

struct run {
        struct clew_experiment_command *c;
        struct clew_experiment e;
        struct clew_dataset dataset;
        struct clew_experiment_check checks[CLEW_EXPERIMENT_CHECKS_MAX];
        uint32_t n_checks;
        bool default_checks;
        struct clew_pool pool;
        uint64_t next; /* job = item * repeat + try */
        uint64_t n_jobs;
        uint8_t *had; /* one bit a job */
        uint64_t n_had;
        uint64_t n_run;
        uint64_t n_passed;
        uint64_t n_unjudged;
        bool is_made;      /* the experiment has its record */
        bool cannot;       /* the shell cannot run the command; told */
        const char *judge; /* NULL = none */
        struct clew_slice rubric;
};

/* ---- one process ---------------------------------------------------------------------------- */

/* The trace that the program's spans join: made of what is asked, so that another run of the same
 * experiment names the same. */
static void make_trace(struct slot *s, char *traceparent, size_t size)
{
        struct clew_content_id id;
        struct clew_slice text;
        char item[CLEW_CONTENT_ID_HEX];
        char hex[CLEW_CONTENT_ID_HEX];

        clew_content_id_to_hex(&s->result.item, item);
        text = clew_arena_printf(&s->arena, "%.*s\n%" PRIu64 "\n%s\n%" PRIu64,
                                 (int)s->run->e.name.len, (const char *)s->run->e.name.data,
                                 s->run->e.time_ns, item, s->result.repeat);
        id = clew_content_id_of(text);
        memcpy(s->result.trace_id.bytes, id.bytes, sizeof(id.bytes));
        clew_content_id_to_hex(&id, hex);
        snprintf(traceparent, size, "TRACEPARENT=00-%s-%.16s-01", hex, item);
}

static char *variable(struct slot *s, const char *name, const char *value)
{
        struct clew_slice v = clew_arena_printf(&s->arena, "%s=%s", name, value);
        char *text;

        memcpy(&text, &v.data, sizeof(text)); /* the arena's own memory */
        return text;
}

static int make_environment(struct slot *s)
{
        struct run *run = s->run;
        char traceparent[80];
        char item[CLEW_CONTENT_ID_HEX];
        char number[24];
        struct clew_slice name = run->e.name;
        size_t n = 0;

        while (environ[n])
                n++;
        s->job.envp = clew_arena_calloc(&s->arena, n + OWN_VARIABLES + 1, sizeof(*s->job.envp));
        if (!s->job.envp)
                return -ENOMEM;
        make_trace(s, traceparent, sizeof(traceparent));
        clew_content_id_to_hex(&s->result.item, item);
        snprintf(number, sizeof(number), "%" PRIu64, s->result.repeat);
        n = 0;
        s->job.envp[n++] = variable(s, "CLEW_ITEM", item);
        s->job.envp[n++] = variable(s, "CLEW_TRY", number);
        s->job.envp[n++] =
                variable(s, "CLEW_EXPERIMENT",
                         (const char *)clew_arena_printf(&s->arena, "%.*s", (int)name.len,
                                                         (const char *)name.data)
                                 .data);
        s->job.envp[n++] = variable(s, "TRACEPARENT", traceparent + sizeof("TRACEPARENT=") - 1);
        if (run->c->endpoint)
                s->job.envp[n++] = variable(s, "OTEL_EXPORTER_OTLP_ENDPOINT", run->c->endpoint);
        for (size_t i = 0; environ[i]; i++) {
                if (strncmp(environ[i], "TRACEPARENT=", 12) == 0 ||
                    (run->c->endpoint &&
                     strncmp(environ[i], "OTEL_EXPORTER_OTLP_ENDPOINT=", 28) == 0))
                        continue;
                s->job.envp[n++] = environ[i];
        }
        return clew_arena_failed(&s->arena) ? -ENOMEM : 0;
}

/* What the program reads: no expected output, or it could cheat by accident. */
static int make_question(struct slot *s)
{
        struct clew_json_writer w = clew_json_writer_make(&s->question, 0);
        char item[CLEW_CONTENT_ID_HEX];

        clew_content_id_to_hex(&s->result.item, item);
        clew_buffer_clear(&s->question);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "case");
        clew_json_write_key(&w, "item");
        clew_json_write_cstr(&w, item);
        clew_json_write_key(&w, "try");
        clew_json_write_uint64(&w, s->result.repeat);
        clew_json_write_key(&w, "question");
        clew_json_write_string(&w, clew_item_question(&s->item));
        clew_export_case(&w, &s->item);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(&s->question, '\n');
        return clew_buffer_error(&s->question);
}

/* ---- starting and ending -------------------------------------------------------------------- */

static int start_job(struct run *run, struct slot *s, uint64_t job)
{
        const struct clew_dataset_entry *entry = &run->dataset.entries[job / run->e.repeat];
        int r;

        clew_arena_reset(&s->arena);
        clew_buffer_clear(&s->job.answer);
        s->result = (struct clew_result){.item = entry->id,
                                         .task = entry->task,
                                         .repeat = job % run->e.repeat,
                                         .tokens = NAN,
                                         .cost_usd = NAN,
                                         .score = NAN};
        s->is_judged = false;
        r = run->c->cli->url ? clew_experiment_ask_item(run->c, &entry->id, &s->arena, &s->item)
                             : clew_cli_dataset_item(run->c->cli, &entry->id, &s->arena, &s->item);
        if (r != 0)
                return r;
        r = make_question(s);
        if (r == 0)
                r = make_environment(s);
        if (r < 0)
                return clew_cli_fail(run->c->cli, r, NULL);
        s->job.command = run->c->command;
        s->job.question = clew_buffer_slice(&s->question);
        s->job.timeout_ms = (uint32_t)run->c->timeout_seconds * 1000;
        r = clew_pool_start(&run->pool, &s->job);
        return r < 0 ? clew_cli_fail(run->c->cli, r, NULL) : 0;
}

/* By the checks that need no other program. */
static void check(struct run *run, struct slot *s)
{
        struct clew_experiment_answer *answer = &s->answer;
        uint32_t n = run->judge != NULL;
        bool passed = true;

        if (s->job.code < 0) {
                s->result.status = -1;
                s->result.why = clew_arena_copy(&s->arena, clew_slice_of_cstr(s->job.err.message));
                return;
        }
        *answer = (struct clew_experiment_answer){.status = s->job.status};
        clew_answer_read(clew_arena_copy(&s->arena, clew_buffer_slice(&s->job.answer)), &s->arena,
                         answer);
        s->result.status = s->job.status;
        s->result.output = answer->output;
        s->result.tokens = answer->tokens;
        s->result.cost_usd = answer->cost_usd;
        for (uint32_t i = 0; passed && i < run->n_checks; i++) {
                const char *why = "";
                int r;

                if (run->checks[i].kind == CLEW_CHECK_JUDGE)
                        continue;
                r = clew_check_run(&run->checks[i], &s->item, answer, &s->arena, &why);
                if (r == -ENODATA && run->default_checks)
                        continue;
                n++;
                passed = r == 1;
                if (!passed)
                        s->result.why = clew_arena_printf(
                                &s->arena, "%.*s: %s", (int)run->checks[i].text.len,
                                (const char *)run->checks[i].text.data,
                                r == -ENODATA ? "the case has nothing to check against"
                                : why         ? why
                                              : "memory for the reason ran out");
        }
        if (passed && n == 0) {
                passed = false;
                s->result.why = CLEW_SLICE_LITERAL("the case has nothing to check against");
        }
        s->result.passed = passed;
}

/* Asks the judge about the answer, in the same place. 0 or an exit status. */
static int start_judge(struct run *run, struct slot *s)
{
        int r;

        clew_buffer_clear(&s->question);
        clew_buffer_clear(&s->job.answer);
        clew_experiment_ask_judge(&s->item, &s->result.item, &s->answer, run->rubric, &s->question);
        r = clew_buffer_error(&s->question);
        s->is_judged = true;
        s->job.command = run->judge;
        s->job.envp = NULL; /* what it records is no part of the answer's trace */
        s->job.question = clew_buffer_slice(&s->question);
        if (r == 0)
                r = clew_pool_start(&run->pool, &s->job);
        return r < 0 ? clew_cli_fail(run->c->cli, r, NULL) : 0;
}

/* What the judge said; false when it said nothing, which is not the agent's fault: the try has no
 * result then, and is made again by the same command. */
static bool take_verdict(struct run *run, struct slot *s)
{
        struct clew_experiment_verdict verdict;
        char item[CLEW_CONTENT_ID_HEX];

        if (s->job.code == 0 && s->job.status == 0 &&
            clew_experiment_verdict(clew_buffer_slice(&s->job.answer), &s->arena, &verdict)) {
                s->result.score = verdict.value;
                if (s->result.passed && !verdict.passed)
                        s->result.why = clew_arena_printf(&s->arena, "judge: %.*s",
                                                          (int)verdict.explanation.len,
                                                          (const char *)verdict.explanation.data);
                s->result.passed = s->result.passed && verdict.passed;
                return true;
        }
        clew_content_id_to_hex(&s->result.item, item);
        if (s->job.code == 0 && s->job.status != 0)
                clew_cli_error(run->c->cli, "%.12s: the judge ended with status %d", item,
                               s->job.status);
        else
                clew_cli_error(run->c->cli, "%.12s: the judge: %s", item,
                               s->job.code < 0 ? s->job.err.message
                                               : "its answer is no object with a value or a label");
        run->n_unjudged++;
        return false;
}

static void print_result(struct run *run, const struct clew_result *r)
{
        CLEW_BUFFER why = {0};
        char item[CLEW_CONTENT_ID_HEX];

        clew_buffer_init(&why, 4 * WHY_MAX);
        clew_content_id_to_hex(&r->item, item);
        clew_safe_line(&why, r->why, WHY_MAX, run->c->look.ascii);
        fprintf(run->c->cli->out, "%.12s  try %" PRIu64 "  %s  %.1fs  %.*s\n", item, r->repeat + 1,
                r->passed ? "pass" : "FAIL", (double)r->duration_ns / 1e9, (int)why.len,
                (const char *)why.data);
        fflush(run->c->cli->out);
}

/* The record of an experiment is made with its first result: a command that never ran takes no
 * name. */
static int make(struct run *run)
{
        struct clew_error err = {0};
        struct clew_store *store;
        int r = run->is_made ? 0 : clew_cli_store_existing(run->c->cli, &store);

        if (r != 0 || run->is_made)
                return r;
        r = clew_experiment_create(store, &run->e, &err);
        if (r == -EEXIST) {
                clew_cli_error(run->c->cli,
                               "an experiment of that name has begun meanwhile: the same command "
                               "goes on with it");
                return CLEW_EXIT_USAGE;
        }
        run->is_made = r == 0;
        return r < 0 ? clew_cli_fail(run->c->cli, r, &err) : 0;
}

static int keep_result(struct run *run, struct clew_result *result)
{
        struct clew_error err = {0};
        struct clew_store *store;
        int r;

        if (result->output.len > CLEW_EXPERIMENT_OUTPUT_MAX)
                result->output.len = CLEW_EXPERIMENT_OUTPUT_MAX;
        if (run->c->cli->url)
                return clew_experiment_ask_keep(run->c, result, run->e.time_ns);
        r = make(run);
        if (r == 0)
                r = clew_cli_store_existing(run->c->cli, &store);
        if (r != 0)
                return r;
        r = clew_experiment_add(store, run->e.name, result, &err);
        return r < 0 ? clew_cli_fail(run->c->cli, r, &err) : 0;
}

/* Whether the command itself is none: the shell says so of the very first try. */
static bool is_no_command(struct run *run, const struct clew_job *job)
{
        bool is = job->code == 0 && run->n_had + run->n_run == 0 &&
                  (job->status == SHELL_CANNOT || job->status == SHELL_FINDS_NONE);

        if (is && !run->cannot)
                clew_cli_error(run->c->cli,
                               "the shell cannot run the command (status %d); nothing was kept",
                               job->status);
        run->cannot = run->cannot || is;
        return is;
}

static int end_job(struct run *run, struct slot *s)
{
        int r;

        if (s->is_judged) {
                if (!take_verdict(run, s))
                        return 0;
        } else {
                if (is_no_command(run, &s->job))
                        return CLEW_EXIT_USAGE;
                s->result.duration_ns = s->job.duration_ns;
                check(run, s);
                if (run->judge && s->job.code == 0)
                        return start_judge(run, s);
        }
        r = keep_result(run, &s->result);
        if (r != 0)
                return r;
        run->n_run++;
        run->n_passed += s->result.passed;
        print_result(run, &s->result);
        return 0;
}

static int run_all(struct run *run)
{
        int r = 0;

        for (;;) {
                while (run->next < run->n_jobs && (run->had[run->next / 8] >> run->next % 8 & 1))
                        run->next++;
                if (r == 0 && run->next < run->n_jobs && !clew_pool_is_full(&run->pool)) {
                        r = start_job(run, (struct slot *)clew_pool_free(&run->pool), run->next++);
                } else if (run->pool.busy > 0) {
                        int ended;

                        clew_cli_let_go(run->c->cli);
                        ended = end_job(run, (struct slot *)clew_pool_wait(&run->pool));
                        r = r ? r : ended;
                } else {
                        return r;
                }
        }
}

/* ---- what is to be run ------------------------------------------------------------------------
 */

static int read_checks(struct run *run)
{
        static const char *const by_default[] = {"exit", "contains", "calls"};
        struct clew_experiment_command *c = run->c;
        size_t n = c->checks.n ? c->checks.n : CLEW_ARRAY_LEN(by_default);
        CLEW_BUFFER text = {0};

        clew_buffer_init(&text, 65536);
        run->default_checks = c->checks.n == 0;
        if (n > CLEW_EXPERIMENT_CHECKS_MAX) {
                clew_cli_error(c->cli, "at most %u checks", CLEW_EXPERIMENT_CHECKS_MAX);
                return CLEW_EXIT_USAGE;
        }
        for (size_t i = 0; i < n; i++) {
                const char *one = c->checks.n ? c->checks.values[i] : by_default[i];
                struct clew_error err = {0};

                if (clew_check_parse(clew_slice_of_cstr(one), &run->checks[i], &err) < 0) {
                        clew_cli_error(c->cli, "%s", err.message);
                        return CLEW_EXIT_USAGE;
                }
                clew_buffer_append_cstr(&text, i ? ", " : "");
                clew_buffer_append_cstr(&text, one);
                if (run->checks[i].kind == CLEW_CHECK_JUDGE && run->judge) {
                        clew_cli_error(c->cli, "an experiment has one judge");
                        return CLEW_EXIT_USAGE;
                }
                if (run->checks[i].kind == CLEW_CHECK_JUDGE)
                        run->judge = (const char *)run->checks[i].value.data;
                run->n_checks++;
        }
        if (c->rubric && !run->judge) {
                clew_cli_error(c->cli, "--rubric is for a judge: --check judge:COMMAND");
                return CLEW_EXIT_USAGE;
        }
        if (c->rubric)
                clew_buffer_printf(&text, " by %s", c->rubric);
        run->e.checks = clew_arena_copy(&c->arena, clew_buffer_slice(&text));
        return clew_buffer_error(&text) < 0 ? clew_cli_fail(c->cli, -ENOMEM, NULL) : 0;
}

/* Goes on with what is there, when it is the same experiment. */
static int resume(struct run *run, const struct clew_experiment *old)
{
        struct clew_experiment_command *c = run->c;
        uint32_t at = 0;

        if (memcmp(&old->digest, &run->e.digest, sizeof(old->digest)) != 0 ||
            !clew_slice_eq(old->command, run->e.command) ||
            !clew_slice_eq(old->checks, run->e.checks) || old->repeat != run->e.repeat) {
                clew_cli_error(c->cli, "there is an experiment of that name with another dataset, "
                                       "command, check or repeat: choose another name");
                return CLEW_EXIT_USAGE;
        }
        run->e.time_ns = old->time_ns;
        for (uint32_t i = 0; i < old->n; i++) {
                for (uint32_t tried = 0; tried < run->dataset.n; tried++) {
                        /* Results come in the order of the items: begin at the last one found. */
                        uint32_t k = (at + tried) % run->dataset.n;
                        uint64_t job = k * run->e.repeat + old->results[i].repeat;

                        if (memcmp(&run->dataset.entries[k].id, &old->results[i].item,
                                   sizeof(run->dataset.entries[k].id)) != 0)
                                continue;
                        at = k;
                        if (old->results[i].repeat < run->e.repeat &&
                            !(run->had[job / 8] >> job % 8 & 1)) {
                                run->had[job / 8] |= (uint8_t)(1u << job % 8);
                                run->n_had++;
                                run->n_passed += old->results[i].passed;
                        }
                        break;
                }
        }
        if (run->n_had)
                clew_cli_note(c->cli, "going on: %" PRIu64 " of %" PRIu64 " results are there",
                              run->n_had, run->n_jobs);
        return 0;
}

static int prepare(struct run *run)
{
        struct clew_experiment_command *c = run->c;
        struct clew_experiment old;
        struct clew_error err = {0};
        struct clew_store *store;
        struct clew_view *view;
        int r = clew_cli_dataset(c->cli, c->dataset, &c->arena, &run->dataset);

        if (r != 0)
                return r;
        run->e.name = clew_slice_of_cstr(c->args.values[1]);
        run->e.dataset = clew_slice_of_cstr(c->dataset);
        run->e.digest = run->dataset.digest;
        run->e.command = clew_slice_of_cstr(c->command);
        run->e.author = clew_slice_of_cstr(c->author);
        run->e.repeat = c->repeat;
        run->e.n_items = run->dataset.n;
        run->e.time_ns = clew_clock_unix_ns(c->cli->clock);
        run->n_jobs = run->dataset.n * c->repeat;
        run->had = clew_arena_calloc(&c->arena, run->n_jobs / 8 + 1, 1);
        if (!run->had)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        r = clew_cli_view(c->cli, &view);
        if (r != 0)
                return r;
        r = clew_experiment_load(view, run->e.name, &c->arena, &old, &err);
        if (r == 0) {
                run->is_made = true;
                return resume(run, &old);
        }
        if (r != -ENOENT)
                return clew_cli_fail(c->cli, r, &err);
        /* That nothing can be written is told before a program is asked. */
        return clew_cli_store_existing(c->cli, &store);
}

static int check_flags(struct clew_experiment_command *c)
{
        if (c->args.n != 2 || !c->dataset || !c->command) {
                clew_cli_error(c->cli, "clew experiment run NAME --dataset D@V --cmd './agent'");
                return CLEW_EXIT_USAGE;
        }
        if (!clew_name_is_good(clew_slice_of_cstr(c->args.values[1]))) {
                clew_cli_error(c->cli,
                               "an experiment's name has 1 to %u bytes without blanks, '@', "
                               "',' and '='",
                               CLEW_NAME_BYTES_MAX);
                return CLEW_EXIT_USAGE;
        }
        if (c->jobs == 0 || c->jobs > CLEW_POOL_JOBS_MAX || c->repeat == 0 ||
            c->repeat > CLEW_EXPERIMENT_REPEATS_MAX || c->timeout_seconds == 0 ||
            c->timeout_seconds > TIMEOUT_SECONDS_MAX) {
                clew_cli_error(c->cli,
                               "--jobs takes 1 to %u, --repeat 1 to %u, --timeout 1 to %u "
                               "seconds",
                               CLEW_POOL_JOBS_MAX, CLEW_EXPERIMENT_REPEATS_MAX,
                               TIMEOUT_SECONDS_MAX);
                return CLEW_EXIT_USAGE;
        }
        return 0;
}

static void report(struct run *run)
{
        clew_experiment_tell_passed(run->c, run->n_passed, run->n_had + run->n_run);
        clew_cli_note(run->c->cli, "next: %s experiment compare OTHER %s", run->c->cli->self,
                      run->c->args.values[1]);
}

static int make_slots(struct run *run, uint32_t n)
{
        struct clew_experiment_command *c = run->c;
        struct slot *slots = clew_arena_calloc(&c->arena, n, sizeof(*slots));
        struct clew_job **jobs = clew_arena_calloc(&c->arena, n, sizeof(struct clew_job *));

        if (!slots || !jobs)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        for (uint32_t i = 0; i < n; i++) {
                jobs[i] = &slots[i].job;
                slots[i].run = run;
                clew_arena_init(&slots[i].arena, CLEW_ITEM_ARENA_MAX);
                clew_buffer_init(&slots[i].question, QUESTION_MAX);
                clew_buffer_init(&slots[i].job.answer, 4 * CLEW_EXPERIMENT_OUTPUT_MAX);
        }
        clew_pool_init(&run->pool, c->cli->clock, jobs, n);
        return 0;
}

static void free_slots(struct run *run)
{
        for (uint32_t i = 0; i < run->pool.n; i++) {
                struct slot *s = (struct slot *)run->pool.jobs[i];

                clew_arena_deinit(&s->arena);
                clew_buffer_deinit(&s->question);
                clew_buffer_deinit(&s->job.answer);
        }
        clew_pool_deinit(&run->pool);
}

/* ---- of a server's store ----------------------------------------------------------------------
 */

/*
 * What the other side needs of a run that begins, as one JSON object:
 *
 *      {"time_unix_nano":"..","rubric":"..","passed":3,"items":[["ID","TASK"],..],"had":[0,1,2]}
 *
 * "had" are the tries whose results are there (item * repeat + try), "passed" how many of them did.
 */
static int put_begun(struct run *run)
{
        CLEW_BUFFER out = {0};
        struct clew_json_writer w = clew_json_writer_make(&out, 0);
        char hex[CLEW_CONTENT_ID_HEX];

        clew_buffer_init(&out, BEGUN_BYTES_MAX);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "time_unix_nano");
        clew_json_write_uint64_string(&w, run->e.time_ns);
        clew_json_write_key(&w, "rubric");
        clew_json_write_string(&w, run->rubric);
        clew_json_write_key(&w, "passed");
        clew_json_write_uint64(&w, run->n_passed);
        clew_json_write_key(&w, "items");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < run->dataset.n; i++) {
                clew_json_write_array_begin(&w);
                clew_content_id_to_hex(&run->dataset.entries[i].id, hex);
                clew_json_write_cstr(&w, hex);
                clew_content_id_to_hex(&run->dataset.entries[i].task, hex);
                clew_json_write_cstr(&w, hex);
                clew_json_write_array_end(&w);
        }
        clew_json_write_array_end(&w);
        clew_json_write_key(&w, "had");
        clew_json_write_array_begin(&w);
        for (uint64_t i = 0; i < run->n_jobs; i++) {
                if (run->had[i / 8] >> i % 8 & 1)
                        clew_json_write_uint64(&w, i);
        }
        clew_json_write_array_end(&w);
        clew_json_write_object_end(&w);
        if (clew_buffer_error(&out) < 0)
                return clew_cli_fail(run->c->cli, clew_buffer_error(&out), NULL);
        fwrite(out.data, 1, out.len, run->c->cli->out);
        return 0;
}

static bool take_id(struct clew_json_reader *r, struct clew_content_id *ret)
{
        return clew_json_next_element(r) && r->token == CLEW_JSON_STRING &&
               clew_hex_decode(r->text, ret->bytes, sizeof(ret->bytes));
}

static bool take_items(struct run *run, struct clew_json_reader *r)
{
        size_t room = 0;
        struct clew_dataset_entry *entries = NULL;

        if (clew_json_next(r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        while (clew_json_next_element(r)) {
                struct clew_dataset_entry *more = entries;

                if (run->dataset.n == room) {
                        room = room ? 2 * room : 256;
                        more = clew_arena_calloc(&run->c->arena, room, sizeof(*more));
                        if (!more)
                                return false;
                        if (run->dataset.n)
                                memcpy(more, entries, run->dataset.n * sizeof(*more));
                        entries = more;
                }
                if (r->token != CLEW_JSON_ARRAY_BEGIN || !take_id(r, &entries[run->dataset.n].id) ||
                    !take_id(r, &entries[run->dataset.n].task) || clew_json_next_element(r))
                        return false;
                run->dataset.n++;
        }
        run->dataset.entries = entries;
        run->n_jobs = run->dataset.n * run->c->repeat;
        run->had = clew_arena_calloc(&run->c->arena, run->n_jobs / 8 + 1, 1);
        return run->had != NULL;
}

/* Behind the items. */
static bool take_had(struct run *run, struct clew_json_reader *r)
{
        uint64_t job;

        if (clew_json_next(r) != CLEW_JSON_ARRAY_BEGIN || !run->had)
                return false;
        while (clew_json_next_element(r)) {
                if (!clew_json_uint64(r, &job) || job >= run->n_jobs)
                        return false;
                run->n_had += !(run->had[job / 8] >> job % 8 & 1);
                run->had[job / 8] |= (uint8_t)(1u << job % 8);
        }
        return true;
}

static bool take_begun(struct run *run, struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        bool ok = clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN;

        while (ok && clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, "items")) {
                        ok = take_items(run, &r);
                } else if (clew_json_text_is(&r, "had")) {
                        ok = take_had(run, &r);
                } else if (clew_json_text_is(&r, "passed")) {
                        clew_json_next(&r);
                        ok = clew_json_uint64(&r, &run->n_passed);
                } else if (clew_json_text_is(&r, "time_unix_nano")) {
                        clew_json_next(&r);
                        ok = clew_json_uint64(&r, &run->e.time_ns);
                } else if (clew_json_text_is(&r, "rubric")) {
                        clew_json_next(&r);
                        run->rubric = clew_json_string(&r, &run->c->arena);
                } else {
                        clew_json_skip(&r);
                }
        }
        return ok && run->had && clew_json_next(&r) == CLEW_JSON_END &&
               r.status == CLEW_JSON_COMPLETE;
}

static int ask_begin(struct run *run)
{
        CLEW_BUFFER out = {0};
        struct clew_slice text;
        int r;

        clew_buffer_init(&out, BEGUN_BYTES_MAX);
        run->e.name = clew_slice_of_cstr(run->c->args.values[1]);
        run->e.repeat = run->c->repeat;
        r = clew_experiment_ask(run->c, "begin", NULL, &out);
        if (r != 0)
                return r;
        text = clew_arena_copy(&run->c->arena, clew_buffer_slice(&out));
        return take_begun(run, text) ? 0 : clew_experiment_odd(run->c);
}

static void tell_unfrozen(struct run *run)
{
        if (!run->c->cli->url && run->dataset.version == 0)
                clew_cli_note(run->c->cli, "the dataset is not frozen: %s@V would stay what it is",
                              run->c->dataset);
}

static int begin(struct run *run)
{
        struct clew_experiment_command *c = run->c;
        int r = check_flags(c);

        if (r == 0)
                r = read_checks(run);
        if (r == 0 && c->cli->url)
                return ask_begin(run);
        if (r == 0)
                r = clew_experiment_rubric(c, &run->rubric);
        return r == 0 ? prepare(run) : r;
}

int clew_experiment_begin(struct clew_experiment_command *c)
{
        struct run run = {.c = c};
        int r = begin(&run);

        if (r != 0)
                return r;
        tell_unfrozen(&run);
        return put_begun(&run);
}

int clew_experiment_make(struct clew_experiment_command *c, uint64_t time_ns,
                         struct clew_experiment *ret)
{
        struct run run = {.c = c};
        int r = begin(&run);

        if (r == 0 && !run.is_made)
                run.e.time_ns = time_ns;
        if (r == 0)
                r = make(&run);
        if (r == 0)
                *ret = run.e;
        return r;
}

/* ---- the command ----------------------------------------------------------------------------- */

int clew_experiment_run(struct clew_experiment_command *c)
{
        struct run run = {.c = c};
        int r = begin(&run);

        if (r == 0)
                tell_unfrozen(&run);
        if (r == 0)
                r = make_slots(&run, (uint32_t)c->jobs);
        if (r != 0)
                return r;
        r = run_all(&run);
        free_slots(&run);
        if (r == 0)
                report(&run);
        if (r == 0 && run.n_unjudged > 0) {
                clew_cli_error(c->cli,
                               "%" PRIu64
                               " answers have no verdict and no result: the same command "
                               "asks for them again",
                               run.n_unjudged);
                r = CLEW_EXIT_PARTIAL;
        }
        return r;
}
