/*
 * clew judge: findings to any program, its answer kept as a score.
 *
 * Off unless asked for: nothing here runs by itself, and what a program does with a line is its own
 * affair. It gets one JSON line a trace (findings and evidence; with --full the whole trace too)
 * and answers with one JSON object, of which "value", "label" and "explanation" are kept, together
 * with the judge's name, version and rubric, as a note on the trace. Notes are never overwritten,
 * so an answer under a new version stands beside the old one.
 */
#include "query/cli/judge-int.h"

#include "query/cli/commands.h"

#include "query/answer/trace-record.h"
#include "query/answer/why-record.h"
#include "query/cli/judge-check.h"
#include "query/cli/open.h"
#include "query/cli/remote.h"
#include "query/cli/served.h"
#include "query/cli/window.h"

#include "proto/base/json.h"
#include "proto/otlp/json.h"
#include "query/review/record.h"
#include "query/review/rubric.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define TIMEOUT_SECONDS 120u
#define WORDS_ARENA_MAX ((size_t)64 << 20)
#define TIMEOUT_SECONDS_MAX 86400u

static struct clew_slice name_part(const char *text)
{
        struct clew_slice name;
        uint64_t version;

        return clew_version_parse(clew_slice_of_cstr(text), &name, &version) ? name
                                                                             : CLEW_SLICE_NULL;
}

/* --rubric NAME[@V]: a version that is kept; the judge's own version is then that one, unless
 * given.
 */
static int kept_rubric(struct clew_judge *c)
{
        CLEW_ARENA arena = {0};
        struct clew_rubric rubric;
        struct clew_error err = {0};
        struct clew_slice name;
        struct clew_view *view;
        uint64_t version;
        int r = c->cli->url ? 0 : clew_cli_view(c->cli, &view);

        c->rubric_name = c->rubric_file;
        if (r != 0 || c->cli->url) /* a server has it, or says that it has not */
                return r;
        clew_arena_init(&arena, 32 * CLEW_JUDGE_RUBRIC_MAX);
        if (!clew_version_parse(clew_slice_of_cstr(c->rubric_file), &name, &version))
                return CLEW_EXIT_USAGE;
        r = clew_rubric_get(view, name, version, &arena, &rubric, &err);
        if (r == -ENOENT) {
                clew_cli_error(c->cli,
                               "--rubric names neither a file nor a kept rubric; clew rubric "
                               "list names those");
                return CLEW_EXIT_USAGE;
        }
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        clew_buffer_append_slice(&c->rubric, rubric.text);
        snprintf(c->rubric_version, sizeof(c->rubric_version), "%llu",
                 (unsigned long long)rubric.version);
        if (!c->version)
                c->version = c->rubric_version;
        return clew_buffer_error(&c->rubric) < 0 ? clew_cli_fail(c->cli, -ENOMEM, NULL) : 0;
}

static int read_rubric(struct clew_judge *c)
{
        bool kept = clew_served() && !clew_served_has_file(c->rubric_file);
        FILE *f;
        uint8_t *p;

        clew_buffer_init(&c->rubric, CLEW_JUDGE_RUBRIC_MAX + 1);
        if (!c->rubric_file)
                return 0;
        f = kept ? NULL : clew_cli_open_input(c->rubric_file);
        if (!f && (kept || errno == ENOENT) && clew_name_is_good(name_part(c->rubric_file)))
                return kept_rubric(c);
        p = clew_buffer_reserve(&c->rubric, CLEW_JUDGE_RUBRIC_MAX);
        if (!f || !p) {
                clew_cli_error(c->cli, "cannot read the rubric file: %s", strerror(errno));
                clew_cli_close_input(f);
                return CLEW_EXIT_USAGE;
        }
        clew_buffer_commit(&c->rubric, fread(p, 1, CLEW_JUDGE_RUBRIC_MAX, f));
        if (fgetc(f) != EOF) { /* half a criterion is another criterion */
                clew_cli_error(c->cli, "the rubric file is longer than %zu bytes",
                               CLEW_JUDGE_RUBRIC_MAX);
                clew_cli_close_input(f);
                return CLEW_EXIT_USAGE;
        }
        clew_cli_close_input(f);
        return 0;
}

/* ---- one trace ------------------------------------------------------------------------------ */

static int question(struct clew_judge *c, const struct clew_opened *o, struct clew_arena *arena,
                    struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        CLEW_BUFFER otlp = {0};
        struct clew_why why;
        int r = clew_why_of(o->trace, arena, &why);

        if (r < 0)
                return r;
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "judge");
        if (c->rubric.len) {
                clew_json_write_key(&w, "rubric");
                clew_json_write_string(&w, clew_buffer_slice(&c->rubric));
        }
        clew_why_write(&w, &why);
        if (c->full) {
                clew_buffer_init(&otlp, CLEW_JUDGE_QUESTION_MAX);
                r = clew_otlp_to_json(o->data.traces, CLEW_OTLP_TRACES, &otlp);
                if (r < 0)
                        return r;
                clew_json_write_key(&w, "trace");
                clew_json_write_raw(&w, clew_buffer_slice(&otlp));
        }
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(out, '\n');
        return clew_buffer_error(out);
}

/* What is kept of an answer; numbers are finite (the reader takes NaN and Infinity, which are no
 * numbers of JSON and no scores), what was spent is not negative. */
static const struct answer_member {
        const char *name;
        enum clew_json_token token;
        bool is_spent;
} answer_members[] = {
        {"value", CLEW_JSON_NUMBER, false},       {"label", CLEW_JSON_STRING, false},
        {"explanation", CLEW_JSON_STRING, false}, {"cost_usd", CLEW_JSON_NUMBER, true},
        {"tokens", CLEW_JSON_NUMBER, true},
};
enum { MEMBER_VALUE, MEMBER_LABEL, MEMBER_EXPLANATION, MEMBER_COST, MEMBER_TOKENS, MEMBERS };

/* What of it the program said it spent; NAN = nothing. */
struct spent {
        double cost_usd;
        double tokens;
};

static bool is_taken(const struct clew_json_reader *r, const struct answer_member *m,
                     enum clew_json_token token, double *ret_number)
{
        *ret_number = NAN;
        if (token != m->token)
                return false;
        return token != CLEW_JSON_NUMBER ||
               (clew_json_double(r, ret_number) && isfinite(*ret_number) &&
                (!m->is_spent || *ret_number >= 0));
}

/* Copies the known members; there must be a value or a label. */
static int copy_answer(struct clew_json_writer *w, struct clew_slice answer, struct spent *ret)
{
        struct clew_json_reader r = clew_json_reader_make(answer, CLEW_JSON_DEPTH_DEFAULT);
        bool had[MEMBERS] = {false};
        double numbers[MEMBERS] = {NAN, NAN, NAN, NAN, NAN};

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return -EBADMSG;
        while (clew_json_next_member(&r)) {
                size_t i = 0;
                double number;

                while (i < MEMBERS && !clew_json_text_is(&r, answer_members[i].name))
                        i++;
                if (i < MEMBERS && !had[i] &&
                    is_taken(&r, &answer_members[i], clew_json_next(&r), &number)) {
                        clew_json_write_key(w, answer_members[i].name);
                        clew_json_write_token(w, &r);
                        numbers[i] = number;
                        had[i] = true;
                } else {
                        clew_json_skip(&r);
                }
        }
        *ret = (struct spent){numbers[MEMBER_COST], numbers[MEMBER_TOKENS]};
        return clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE &&
                               (had[MEMBER_VALUE] || had[MEMBER_LABEL])
                       ? 0
                       : -EBADMSG;
}

/* The note: a score as the agent model names its parts, with what is needed to tell versions of a
 * criterion apart. */
static int note_of(struct clew_judge *c, struct clew_slice answer, struct clew_buffer *out,
                   struct spent *ret_spent)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        int r;

        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "score");
        clew_json_write_key(&w, "source");
        clew_json_write_cstr(&w, "judge");
        clew_json_write_key(&w, "name");
        clew_json_write_cstr(&w, c->name);
        clew_json_write_key(&w, "version");
        clew_json_write_cstr(&w, c->version);
        if (c->rubric_name) {
                struct clew_slice name = name_part(c->rubric_name);

                clew_json_write_key(&w, "rubric_name");
                clew_json_write_string(&w, name);
                clew_json_write_key(&w, "rubric_version");
                clew_json_write_cstr(&w, c->rubric_version);
        } else if (c->rubric.len) {
                clew_json_write_key(&w, "rubric");
                clew_json_write_string(&w, clew_buffer_slice(&c->rubric));
        }
        clew_json_write_key(&w, "time_unix_nano");
        clew_json_write_uint64_string(&w, clew_clock_unix_ns(c->cli->clock));
        r = copy_answer(&w, answer, ret_spent);
        clew_json_write_object_end(&w);
        return r < 0 ? r : clew_buffer_error(out);
}

void clew_judge_complain(struct clew_judge *c, const struct clew_trace_id *id, const char *what)
{
        char hex[CLEW_SHORT_ID];

        clew_trace_id_short(id, hex);
        clew_cli_error(c->cli, "%s: %s", hex, what);
        c->failed++;
}

static int keep(struct clew_judge *c, const struct clew_trace_id *id, struct clew_slice note)
{
        char hex[CLEW_TRACE_ID_HEX];
        struct clew_store *store;
        struct clew_error err = {0};
        int r;

        clew_trace_id_to_hex(id, hex);
        if (c->output_flags.json)
                fprintf(c->cli->out,
                        "{\"v\":1,\"type\":\"judged\",\"trace_id\":\"%s\",\"score\":%.*s}\n", hex,
                        (int)note.len, (const char *)note.data);
        else
                fprintf(c->cli->out, "%s %.*s\n", hex, (int)note.len, (const char *)note.data);
        c->judged++;
        if (c->dry_run)
                return 0;
        r = clew_cli_store(c->cli, CLEW_STORE_WRITE, &store);
        if (r != 0)
                return r;
        r = clew_store_add_note(store, id, note, &err);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

/* The same question to the same judge under a kept rubric has its answer already. */
static struct clew_review_key answer_key(const struct clew_judge *c, struct clew_slice line)
{
        struct clew_content_id id;
        CLEW_BUFFER text = {0};

        clew_buffer_init(&text, CLEW_JUDGE_QUESTION_MAX);
        clew_buffer_printf(&text, "%s\n%s\n%s\n%s\n", c->name, c->version, c->rubric_name,
                           c->command);
        clew_buffer_append_slice(&text, line);
        id = clew_content_id_of(clew_buffer_slice(&text));
        return clew_review_key_make(CLEW_KIND_VERDICT, id.bytes);
}

struct kept_answer {
        struct clew_review_key key;
        struct clew_slice encoded;
};

static int keep_answer(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        struct kept_answer *k = context;
        int r = clew_shelf_add(shelf, clew_review_key_slice(&k->key), k->encoded, err);

        return r == -EEXIST ? 0 : r;
}

bool clew_judge_has_answer(struct clew_judge *c, struct clew_judge_asked *a)
{
        CLEW_BUFFER value = {0};
        struct clew_review_key key;
        struct clew_error err;
        struct clew_slice body;
        struct clew_view *view;

        if (!c->rubric_name)
                return false;
        clew_buffer_init(&value, 4 * CLEW_JUDGE_ANSWER_MAX);
        key = answer_key(c, clew_buffer_slice(&a->line));
        if (clew_cli_view(c->cli, &view) != 0 ||
            clew_view_shelf_get(view, clew_review_key_slice(&key), &value, &err) != 0 ||
            !clew_review_unseal(clew_buffer_slice(&value), CLEW_KIND_VERDICT, &body))
                return false;
        c->cached++;
        clew_buffer_append_slice(&a->job.answer, body);
        return true;
}

/* Keeps the answer for the next time. One that cannot be sealed is asked for again. */
static int keep_for_later(struct clew_judge *c, struct clew_judge_asked *a, struct clew_error *err)
{
        CLEW_BUFFER encoded = {0};
        struct kept_answer k;
        struct clew_store *store;

        if (!c->rubric_name || c->dry_run)
                return 0;
        clew_buffer_init(&encoded, 4 * CLEW_JUDGE_ANSWER_MAX);
        k.key = answer_key(c, clew_buffer_slice(&a->line));
        if (clew_review_seal(CLEW_KIND_VERDICT, clew_buffer_slice(&a->job.answer), &encoded) < 0)
                return 0;
        k.encoded = clew_buffer_slice(&encoded);
        if (clew_cli_store(c->cli, CLEW_STORE_WRITE, &store) != 0)
                return clew_error_set(err, -EIO, 0, "its answer cannot be kept");
        return clew_store_shelve(store, keep_answer, &k, err);
}

static void count_spent(struct clew_judge *c, const struct spent *spent)
{
        if (isfinite(spent->cost_usd)) {
                c->cost_usd += spent->cost_usd;
                c->has_cost = true;
        }
        if (isfinite(spent->tokens)) {
                c->tokens += spent->tokens;
                c->has_tokens = true;
        }
}

void clew_judge_count_spent(struct clew_judge *c, struct clew_slice answer)
{
        CLEW_BUFFER note = {0};
        struct spent spent;

        clew_buffer_init(&note, 2 * CLEW_JUDGE_ANSWER_MAX);
        if (note_of(c, answer, &note, &spent) == 0)
                count_spent(c, &spent);
}

int clew_judge_take(struct clew_judge *c, struct clew_judge_asked *a, bool is_new)
{
        CLEW_BUFFER note = {0};
        struct spent spent;
        struct clew_error err = {0};
        int r = is_new ? a->job.code : 0;

        clew_buffer_init(&note, 2 * CLEW_JUDGE_ANSWER_MAX);
        if (r < 0) {
                clew_judge_complain(c, &a->id, a->job.err.message);
                return 0;
        }
        if (is_new && a->job.status != 0) {
                clew_error_set(&err, -ECHILD, 0, "the program ended with status %d", a->job.status);
                clew_judge_complain(c, &a->id, err.message);
                return 0;
        }
        if (c->cli->url)
                return clew_judge_ask_keep(c, a, is_new);
        r = note_of(c, clew_buffer_slice(&a->job.answer), &note, &spent);
        if (is_new && keep_for_later(c, a, &err) < 0) {
                clew_judge_complain(c, &a->id, err.message);
                return 0;
        }
        if (r < 0) {
                clew_judge_complain(
                        c, &a->id,
                        "the answer is not one JSON object with a \"value\" or \"label\"");
                return 0;
        }
        if (is_new)
                count_spent(c, &spent);
        return keep(c, &a->id, clew_buffer_slice(&note));
}

static int finish_one(struct clew_judge *c)
{
        clew_cli_let_go(c->cli);
        return clew_judge_take(c, (struct clew_judge_asked *)clew_pool_wait(&c->pool), true);
}

int clew_judge_prepare(struct clew_judge *c, const char *text, struct clew_judge_asked *a)
{
        CLEW_ARENA arena = {0};
        struct clew_opened o;
        int r;

        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        clew_buffer_clear(&a->line);
        clew_buffer_clear(&a->job.answer);
        c->opened = false;
        r = clew_cli_open_trace(c->cli, text, &CLEW_TRACE_FULL, &arena, &o);
        if (r != 0)
                return r < 0 ? r : -r;
        c->opened = true;
        a->id = o.id;
        r = question(c, &o, &arena, &a->line);
        if (r < 0) {
                clew_judge_complain(c, &o.id,
                                    r == -ENOMEM ? "too large to be asked about" : strerror(-r));
                return 0;
        }
        return 1;
}

/* Asks about one trace, when a program is free. 0, or an exit status. */
static int judge_one(struct clew_judge *c, const char *text)
{
        struct clew_judge_asked *a;
        bool has = false;
        int r = clew_pool_is_full(&c->pool) ? finish_one(c) : 0;

        if (r != 0)
                return r;
        a = (struct clew_judge_asked *)clew_pool_free(&c->pool);
        r = c->cli->url ? clew_judge_ask_question(c, text, a, &has)
                        : clew_judge_prepare(c, text, a);
        if (r <= 0)
                return -r;
        if (has || (!c->cli->url && clew_judge_has_answer(c, a)))
                return clew_judge_take(c, a, false);
        a->job.command = c->command;
        a->job.question = clew_buffer_slice(&a->line);
        a->job.timeout_ms = (uint32_t)c->timeout_seconds * 1000;
        r = clew_pool_start(&c->pool, &a->job);
        return r < 0 ? clew_cli_fail(c->cli, r, NULL) : 0;
}

/* ---- the command ---------------------------------------------------------------------------- */

/* Ids first, because keeping an answer ends the life of the view that the walk needs. */
int clew_judge_collect(struct clew_judge *c, struct clew_arena *arena, struct clew_judge_id **ret)
{
        struct clew_judge_id **end = ret;
        struct clew_window window;
        struct clew_filter filter;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        struct clew_view *view;
        int r = clew_window_make(c->cli, &c->filter_flags, &(struct clew_window_flags){0}, NULL,
                                 c->look.utc, &filter, &window);

        if (r == 0)
                r = clew_cli_view(c->cli, &view);
        if (r != 0)
                return r;
        r = clew_select_init(&s, view, &filter, c->cli->clock, NULL, &err);
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1) {
                struct clew_judge_id *item = clew_arena_calloc(arena, 1, sizeof(*item));

                if (!item)
                        r = -ENOMEM;
                else {
                        item->id = t.id;
                        *end = item;
                        end = &item->next;
                }
        }
        r = r < 0 ? clew_cli_fail(c->cli, r, &err) : clew_filter_report(c->cli, &s);
        if (r == 0 && !*ret)
                clew_window_tell_empty(&window, view, &s);
        else if (r == 0)
                clew_window_tell(&window, "runs");
        clew_select_deinit(&s);
        return r;
}

static int judge_selection(struct clew_judge *c)
{
        CLEW_ARENA arena = {0};
        struct clew_judge_id *list = NULL;
        uint64_t n = 0;
        int r;

        clew_arena_init(&arena, CLEW_JUDGE_IDS_MAX);
        r = c->cli->url ? clew_judge_ask_ids(c, &arena, &list)
                        : clew_judge_collect(c, &arena, &list);
        for (const struct clew_judge_id *i = list; r == 0 && i; i = i->next) {
                char hex[CLEW_TRACE_ID_HEX];

                if (c->output_flags.limit && n++ == c->output_flags.limit)
                        break;
                clew_trace_id_to_hex(&i->id, hex);
                r = judge_one(c, hex);
                if (r != 0 && !c->opened && !c->lost) { /* gone meanwhile, or damaged: told */
                        c->failed++;
                        r = 0;
                }
        }
        return r;
}

static int judge_arguments(struct clew_judge *c, const struct clew_arguments *args)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < args->n; i++)
                r = judge_one(c, args->values[i]);
        return r;
}

static int judge_all(struct clew_judge *c, const struct clew_arguments *args)
{
        CLEW_ARENA arena = {0};
        struct clew_judge_asked *asked;
        struct clew_job **jobs;
        int r;

        clew_arena_init(&arena, CLEW_JUDGE_IDS_MAX);
        asked = clew_arena_calloc(&arena, c->n_jobs, sizeof(*asked));
        jobs = clew_arena_calloc(&arena, c->n_jobs, sizeof(struct clew_job *));
        if (!asked || !jobs)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        for (size_t i = 0; i < c->n_jobs; i++) {
                clew_buffer_init(&asked[i].line, CLEW_JUDGE_QUESTION_MAX);
                clew_buffer_init(&asked[i].job.answer, CLEW_JUDGE_ANSWER_MAX);
                jobs[i] = &asked[i].job;
        }
        clew_pool_init(&c->pool, c->cli->clock, jobs, (uint32_t)c->n_jobs);
        r = args->n ? judge_arguments(c, args) : judge_selection(c);
        while (c->pool.busy > 0) { /* also after a failure: what was asked is paid for */
                int ended = finish_one(c);

                r = r ? r : ended;
        }
        clew_pool_deinit(&c->pool);
        for (size_t i = 0; i < c->n_jobs; i++) {
                clew_buffer_deinit(&asked[i].line);
                clew_buffer_deinit(&asked[i].job.answer);
        }
        return r;
}

static void report(const struct clew_judge *c)
{
        char spent[96] = "";
        int n = 0;

        if (c->has_cost)
                n = snprintf(spent, sizeof(spent), "; cost $%.4f", c->cost_usd);
        if (c->has_tokens)
                snprintf(spent + n, sizeof(spent) - (size_t)n, "%s%.0f tokens",
                         c->has_cost ? ", " : "; ", c->tokens);
        clew_cli_note(c->cli, "%llu judged, %llu without an answer%s",
                      (unsigned long long)c->judged, (unsigned long long)c->failed, spent);
        if (c->cached)
                clew_cli_note(c->cli, "%llu of the answers were kept from before",
                              (unsigned long long)c->cached);
}

static int check(struct clew_judge *c)
{
        int r;

        if (!c->command) {
                clew_cli_error(c->cli, "which program? clew judge --cmd ./judge [ID...]");
                return CLEW_EXIT_USAGE;
        }
        if (c->timeout_seconds == 0 || c->timeout_seconds > TIMEOUT_SECONDS_MAX) {
                clew_cli_error(c->cli, "--timeout takes 1 to %u seconds", TIMEOUT_SECONDS_MAX);
                return CLEW_EXIT_USAGE;
        }
        if (c->n_jobs == 0 || c->n_jobs > CLEW_POOL_JOBS_MAX) {
                clew_cli_error(c->cli, "--jobs takes 1 to %u", CLEW_POOL_JOBS_MAX);
                return CLEW_EXIT_USAGE;
        }
        r = read_rubric(c);
        if (!c->version)
                c->version = "1";
        return r;
}

/* --check, --experts and --flips ask no program: they compare what is kept. */
static bool compares(const struct clew_judge *c)
{
        return c->check_experts || c->experts || c->flips;
}

static int compare(struct clew_judge *c, struct clew_arguments *args)
{
        enum clew_agreement_form form = c->ids                 ? CLEW_AGREEMENT_IDS
                                        : c->output_flags.json ? CLEW_AGREEMENT_JSON
                                                               : CLEW_AGREEMENT_TEXT;
        const char *comma = c->flips ? strchr(c->flips, ',') : NULL;
        char first[64];

        if (c->check_experts)
                return clew_judge_check(c->cli, c->name, c->version, &c->look, &c->filter_flags,
                                        args, form);
        if (c->experts)
                return clew_judge_experts(c->cli, c->name, &c->look, &c->filter_flags, args, form);
        if (!comma || (size_t)(comma - c->flips) >= sizeof(first)) {
                clew_cli_error(c->cli, "--flips takes two versions of the judge: --flips 1,2");
                return CLEW_EXIT_USAGE;
        }
        snprintf(first, sizeof(first), "%.*s", (int)(comma - c->flips), c->flips);
        return clew_judge_flips(c->cli, c->name, first, comma + 1, &c->look, &c->filter_flags, args,
                                form);
}

int clew_cmd_judge(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_judge c = {
                .cli = cli, .name = "judge", .timeout_seconds = TIMEOUT_SECONDS, .n_jobs = 1};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"cmd", 0, "COMMAND", "program that reads one JSON line and answers one object",
                 .ret_text = &c.command},
                {"name", 0, "NAME", "name of the score (judge)", .ret_text = &c.name},
                {"version", 0, "V", "version of the criterion (1)", .ret_text = &c.version},
                {"check", 0, NULL, "compare the judge with experts' scores of its name",
                 .ret_flag = &c.check_experts},
                {"experts", 0, NULL, "compare the experts' scores of that name with one another",
                 .ret_flag = &c.experts},
                {"flips", 0, "A,B", "runs that versions A and B of the judge tell apart",
                 .ret_text = &c.flips},
                {"ids", 'q', NULL,
                 "with --check, --experts, --flips: ids of the runs that differ, alone",
                 .ret_flag = &c.ids},
                {"rubric", 0, "FILE|NAME@V",
                 "text of the criterion; of a kept one answers are asked for once",
                 .ret_text = &c.rubric_file},
                {"timeout", 0, "SECONDS", "for one trace (120)", .ret_number = &c.timeout_seconds},
                {"jobs", 0, "N", "programs at once (1)", .ret_number = &c.n_jobs},
                {"full", 0, NULL, "send the whole trace too, as OTLP JSON", .ret_flag = &c.full},
                {"dry-run", 0, NULL, "print the scores, keep nothing", .ret_flag = &c.dry_run},
                {clew_served() ? "part" : NULL, 0, "PART", "", .ret_text = &c.part},
                {0},
        };
        struct clew_arguments args;
        CLEW_ARENA arena = {0};
        int r;

        clew_filter_flags_add(&shared, &c.filter_flags);
        clew_output_flags_add_whole(&shared, &c.output_flags);
        clew_arena_init(&arena, WORDS_ARENA_MAX);
        c.n_words = argc;
        c.words = clew_remote_keep_words(cli, argc, argv, &arena);
        if (!c.words)
                return CLEW_EXIT_STORE;
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r != 0)
                return r;
        if (compares(&c) && cli->url)
                return clew_remote_run(cli, clew_command_find(c.words[0]), argc, c.words);
        if (compares(&c))
                return compare(&c, &args);
        if (clew_served() && !c.part) {
                clew_cli_error(cli, "a server starts no programs: clew --url does it at home");
                return CLEW_EXIT_USAGE;
        }
        r = check(&c);
        if (r == 0 && c.part)
                r = clew_judge_part(&c);
        else if (r == 0)
                r = judge_all(&c, &args);
        clew_buffer_deinit(&c.rubric);
        if (r == 0 && !c.part)
                report(&c);
        return r == 0 && c.failed ? CLEW_EXIT_PARTIAL : r;
}
