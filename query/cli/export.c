/*
 * clew export: traces out of the store, in a named format.
 *
 * Traces come newest first, or in the order in which ids were given. They are converted in batches
 * of a few MiB, and no view is open while a batch is written: a slow reader of our output pins no
 * page of the store. A batch continues behind the last trace of the one before, so traces that
 * arrive meanwhile are neither lost nor doubled.
 *
 * `-o FILE` appears whole or not at all (outfile.h); readable by this user alone unless --mode says
 * otherwise.
 */
#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "query/answer/nearest.h"
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/export-items.h"
#include "query/cli/export-otlp.h"
#include "query/cli/export-views.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/cli/outfile.h"
#include "query/cli/window.h"
#include "query/find/run.h"
#include "query/find/select.h"
#include "query/model/left-out.h"
#include "query/model/log-run.h"
#include "query/review/item-mask.h"
#include "storage/store.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* A batch ends when it has so many bytes or so many traces. */
#define BATCH_BYTES_MAX ((size_t)8 << 20)
#define BATCH_TRACES_MAX 256u
/* The output of one trace: a stored trace has at most 1 GiB, JSON may escape much of it. */
#define TRACE_BYTES_MAX ((size_t)8 << 30)
/* Ids given as arguments or on standard input, with their text. */
#define IDS_ARENA_MAX ((size_t)256 << 20)
/* Damaged traces told one by one; further ones are counted. */
#define REPORTS_MAX 20u

struct format {
        const char *name;
        int (*append)(const struct clew_trace_data *data, struct clew_buffer *out,
                      struct clew_error *err);
        bool has_logs; /* holds log records too */
};

static const struct format formats[] = {
        {"otlp", clew_export_otlp, true},
        {"otlp-proto", clew_export_otlp_proto, false},
};

struct export
{
        struct clew_cli *cli;
        const struct format *format;
        struct clew_outfile file;
        const char *path; /* NULL = the command's output */
        bool force;       /* an existing file may be replaced */
        mode_t mode;      /* of the file; 0 = as it is made, 0600 */
        struct clew_filter filter;
        struct clew_window window;
        bool is_filtered; /* by more than time: summaries are needed */
        uint64_t limit;   /* traces; 0 = all */
        struct clew_trace_id *ids;
        size_t n_ids; /* 0 = all that the filter selects */
        struct clew_buffer out;
        uint64_t n; /* traces written */
        uint64_t n_damaged;
        uint64_t read_bytes;
        bool is_cut;          /* by a limit, or an interrupt */
        uint64_t n_bare;      /* traces whose texts a rule has left out */
        char bare[160];       /* when and which, of the last of them */
        uint64_t n_logs_left; /* traces whose log records the format does not hold */
        /* the walk */
        size_t next_id;
        struct clew_list_entry last; /* only its place */
        bool started;
        bool ended;
};

/* ---- traces --------------------------------------------------------------------------------- */

static void report_damage(struct export *ex, const struct clew_trace_id *id,
                          const struct clew_error *err)
{
        char hex[CLEW_TRACE_ID_HEX];

        clew_trace_id_to_hex(id, hex);
        if (++ex->n_damaged <= REPORTS_MAX)
                clew_cli_error(ex->cli, "trace %s: left out: %s", hex, err->message);
}

static void note_left_out(struct export *ex, struct clew_slice traces)
{
        struct clew_left_out_note note;
        char when[CLEW_WHEN_TEXT];
        char rule[CLEW_LEFT_OUT_RULE_MAX];
        size_t at = 0;

        if (!clew_left_out_next(traces, &at, &note))
                return;
        ex->n_bare++;
        clew_when_full(note.time_ns, true, when);
        snprintf(ex->bare, sizeof(ex->bare), "%s: %s", when,
                 clew_safe_cstr(note.rule, rule, sizeof(rule)));
}

/* Adds one trace to the batch. A damaged one is told and left out. */
static int add_trace(struct export *ex, struct clew_view *view, const struct clew_trace_id *id)
{
        struct clew_trace_data data;
        struct clew_error err = {0};
        size_t before = ex->out.len;
        int r = clew_view_load(view, id, &data, &err);

        if (r == 0)
                r = ex->format->append(&data, &ex->out, &err);
        if (r == -EBADMSG || r == -E2BIG) {
                ex->out.len = before;
                report_damage(ex, id, &err);
                return 0;
        }
        if (r == -ENOENT) /* dropped by retention since the list was read */
                return 0;
        if (r < 0)
                return clew_cli_fail(ex->cli, r, &err);
        if (data.left_out > 0) {
                clew_error_set(&err, -E2BIG, 0,
                               "it is too large: %" PRIu64
                               " spans and log records behind its first "
                               "part",
                               data.left_out);
                report_damage(ex, id, &err);
        }
        ex->read_bytes += data.traces.len + data.logs.len;
        note_left_out(ex, data.traces);
        ex->n_logs_left += !ex->format->has_logs && data.logs.len > 0;
        ex->n++;
        return 0;
}

static bool is_named(const struct export *ex, const struct clew_trace_id *id)
{
        for (size_t i = 0; i < ex->n_ids; i++) {
                if (clew_trace_id_eq(&ex->ids[i], id))
                        return true;
        }
        return false;
}

/* The other traces of a run go with the one that was named or selected. */
static int add_rest_of_run(struct export *ex, struct clew_view *view,
                           const struct clew_trace_id *id)
{
        struct clew_error err = {0};
        struct clew_trace_data data;
        struct clew_trace_id named;
        struct clew_run *run;
        uint64_t n = ex->n;
        int status = 0;

        if (clew_view_load(view, id, &data, &err) < 0 ||
            !clew_log_run_of(data.traces, data.logs, &named))
                return 0;
        run = clew_malloc(sizeof(*run));
        if (!run)
                return clew_cli_fail(ex->cli, -ENOMEM, NULL);
        if (clew_run_find(view, &named, run, &err) < 0)
                run->n = 0;
        for (uint32_t i = 0; i < run->n && status == 0; i++) {
                if (!clew_trace_id_eq(&run->traces[i], id) && !is_named(ex, &run->traces[i]))
                        status = add_trace(ex, view, &run->traces[i]);
        }
        clew_free(run);
        ex->n = n;
        return status;
}

static bool batch_is_full(const struct export *ex, size_t n)
{
        return ex->out.len >= BATCH_BYTES_MAX || n >= BATCH_TRACES_MAX ||
               (ex->limit > 0 && ex->n >= ex->limit);
}

static int batch_of_ids(struct export *ex, struct clew_view *view)
{
        int status = 0;

        for (size_t n = 0; status == 0 && !ex->ended && !batch_is_full(ex, n); n++) {
                const struct clew_trace_id *id = &ex->ids[ex->next_id++];

                status = add_trace(ex, view, id);
                if (status == 0)
                        status = add_rest_of_run(ex, view, id);
                ex->ended = ex->next_id == ex->n_ids;
        }
        return status;
}

/*
 * After the last trace of everything: log records without a trace, and one walk from the first to
 * the last entry, because only a whole walk proves that the list hides nothing.
 */
static int end_of_everything(struct export *ex, struct clew_view *view)
{
        const struct clew_trace_id nobody = {{0}};
        struct clew_list_entry entry;
        struct clew_error err = {0};
        uint64_t n = ex->n;
        int status = add_trace(ex, view, &nobody);
        int r;

        ex->n = n;
        if (status != 0)
                return status;
        r = clew_view_list(view, NULL, &err);
        while (r >= 0 && (r = clew_view_next(view, &entry, &err)) == 1)
                ;
        if (r < 0) {
                ex->n_damaged++;
                clew_cli_error(ex->cli, "%s", err.message);
        }
        return 0;
}

static int batch_of_list(struct export *ex, struct clew_view *view)
{
        struct clew_error err = {0};
        struct clew_list_entry entry;
        int status = 0;
        int r = clew_view_list(view, ex->started ? &ex->last : NULL, &err);

        for (size_t n = 0; r >= 0 && status == 0 && !batch_is_full(ex, n); n++) {
                r = clew_view_next(view, &entry, &err);
                if (r <= 0)
                        break;
                ex->last = (struct clew_list_entry){.id = entry.id, .start_ns = entry.start_ns};
                ex->started = true;
                if (ex->filter.until_ns && entry.start_ns >= ex->filter.until_ns)
                        continue;
                if (entry.start_ns < ex->filter.since_ns) {
                        r = 0;
                        break;
                }
                status = add_trace(ex, view, &ex->last.id);
        }
        if (r < 0)
                return clew_cli_fail(ex->cli, r, &err);
        ex->ended = r == 0;
        if (ex->ended && status == 0 && !ex->filter.since_ns && !ex->filter.until_ns)
                status = end_of_everything(ex, view);
        return status;
}

static int batch_of_selection(struct export *ex, struct clew_view *view)
{
        struct clew_selected after = {.id = ex->last.id, .start_ns = ex->last.start_ns};
        struct clew_selected t;
        struct clew_select s = {0};
        struct clew_error err = {0};
        int status = 0;
        int r = clew_select_init(&s, view, &ex->filter, ex->cli->clock, ex->started ? &after : NULL,
                                 &err);

        for (size_t n = 0; r >= 0 && status == 0 && !batch_is_full(ex, n); n++) {
                r = clew_select_next(&s, &t, &err);
                if (r <= 0)
                        break;
                ex->last = (struct clew_list_entry){.id = t.id, .start_ns = t.start_ns};
                ex->started = true;
                ex->read_bytes = 0;
                status = add_trace(ex, view, &ex->last.id);
                clew_select_count_read(&s, ex->read_bytes);
                if (status == 0)
                        status = add_rest_of_run(ex, view, &ex->last.id);
        }
        if (s.damaged > 0 && ex->n_damaged == 0)
                clew_cli_error(ex->cli, "left out: %s", s.damage.message);
        ex->n_damaged += s.damaged;
        ex->is_cut = s.end != CLEW_SELECT_WHOLE;
        if (status == 0)
                status = clew_filter_report_cut(ex->cli, &s);
        clew_filter_spend(&ex->filter, &s);
        clew_select_deinit(&s);
        if (r < 0)
                return clew_cli_fail(ex->cli, r, &err);
        ex->ended = r == 0;
        return status;
}

static int make_batch(struct export *ex)
{
        struct clew_error err = {0};
        struct clew_store *store;
        struct clew_view *view;
        int status = clew_cli_store(ex->cli, CLEW_STORE_READ, &store);
        int r;

        if (status != 0)
                return status;
        r = clew_view_open(store, &view, &err);
        if (r < 0)
                return clew_cli_fail(ex->cli, r, &err);
        clew_buffer_clear(&ex->out);
        if (ex->n_ids > 0)
                status = batch_of_ids(ex, view);
        else if (ex->is_filtered)
                status = batch_of_selection(ex, view);
        else
                status = batch_of_list(ex, view);
        clew_view_close(view);
        if (ex->limit > 0 && ex->n >= ex->limit)
                ex->ended = true;
        return status;
}

static int write_batches(struct export *ex)
{
        int status = 0;

        while (status == 0 && !ex->ended) {
                status = make_batch(ex);
                if ((status == 0 || ex->is_cut) && ex->out.len > 0) {
                        int written =
                                clew_outfile_write(&ex->file, ex->cli, clew_buffer_slice(&ex->out));

                        status = status != 0 ? status : written;
                }
        }
        return status;
}

/* ---- the command ---------------------------------------------------------------------------- */

static const struct format *find_format(struct clew_cli *cli, const char *name)
{
        struct clew_nearest nearest;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(formats); i++) {
                if (strcmp(formats[i].name, name) == 0)
                        return &formats[i];
        }
        nearest = clew_nearest_begin(clew_slice_of_cstr(name));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(formats); i++)
                clew_nearest_offer(&nearest, clew_slice_of_cstr(formats[i].name));
        for (const struct clew_export_format *f = clew_export_formats(); f->name; f++)
                clew_nearest_offer(&nearest, clew_slice_of_cstr(f->name));
        if (clew_nearest_found(&nearest))
                clew_cli_error(cli, "export: there is no such format; did you mean %.*s?",
                               (int)nearest.best.len, (const char *)nearest.best.data);
        else
                clew_cli_error(cli,
                               "export: there is no such format; clew help formats lists them");
        return NULL;
}

/* Resolves all names first: a mistake in the last one costs no half-written file. */
static int resolve_ids(struct export *ex, struct clew_arguments *args, struct clew_arena *arena)
{
        int status = clew_cli_expand(ex->cli, args, arena);

        if (status != 0 || args->n == 0)
                return status;
        ex->ids = clew_arena_calloc(arena, args->n, sizeof(*ex->ids));
        if (!ex->ids)
                return clew_cli_fail(ex->cli, -ENOMEM, NULL);
        for (size_t i = 0; status == 0 && i < args->n; i++) {
                struct clew_target target;
                struct clew_error err = {0};
                int r = clew_target_parse(args->values[i], &target, &err);

                if (r < 0)
                        return clew_cli_fail(ex->cli, r, &err);
                if (target.step > 0 || target.n_span_digits > 0)
                        clew_cli_note(ex->cli, "export takes whole traces: the step is not "
                                               "looked at");
                status = clew_cli_resolve(ex->cli, &target, &ex->ids[i]);
        }
        ex->n_ids = args->n;
        clew_cli_close_store(ex->cli); /* its view would pin pages while we write */
        return status;
}

static bool needs_summaries(const struct clew_filter *f)
{
        return f->n_queries > 0 || f->limit_ns || f->limit_bytes;
}

static int run(struct export *ex, struct clew_arguments *args)
{
        CLEW_ARENA arena = {0};
        bool had_arguments = args->n > 0;
        struct clew_view *view;
        int status;
        int closed;

        clew_arena_init(&arena, IDS_ARENA_MAX);
        clew_buffer_init(&ex->out, TRACE_BYTES_MAX);
        ex->is_filtered = needs_summaries(&ex->filter);
        status = resolve_ids(ex, args, &arena);
        ex->ended = had_arguments && ex->n_ids == 0; /* `-`, and no id came */
        if (status == 0)
                status = clew_outfile_open(&ex->file, ex->cli, ex->path, ex->force);
        ex->file.summed = false;
        if (status == 0 && ex->mode)
                status = clew_outfile_mode(&ex->file, ex->cli, ex->mode);
        if (status == 0)
                status = write_batches(ex);
        closed = clew_outfile_close(&ex->file, ex->cli, status == 0);
        clew_buffer_deinit(&ex->out);
        if (status == 0)
                status = closed;
        if (ex->is_cut && ex->path)
                clew_cli_note(ex->cli, "the file was not written: it is whole, or not there");
        else if (ex->is_cut)
                clew_cli_note(ex->cli, "exported %" PRIu64 " trace%s", ex->n,
                              ex->n == 1 ? "" : "s");
        if (status != 0)
                return status;
        if (ex->n_bare)
                clew_cli_note(ex->cli,
                              "a rule of retention left the texts of %" PRIu64
                              " of them out, lately on %s",
                              ex->n_bare, ex->bare);
        if (ex->n_logs_left)
                clew_cli_note(ex->cli,
                              "%" PRIu64 " traces have log records, which are not in it: --format "
                              "otlp writes them",
                              ex->n_logs_left);
        clew_cli_note(ex->cli, "exported %" PRIu64 " trace%s%s%s", ex->n, ex->n == 1 ? "" : "s",
                      !had_arguments && ex->filter.since_ns == 0 && ex->filter.until_ns == 0
                              ? " of all time"
                              : "",
                      ex->n_damaged ? "; not all of it, see above (clew doctor --verify)" : "");
        if (ex->n == 0 && !had_arguments && clew_cli_view(ex->cli, &view) == 0)
                clew_window_explain_empty(&ex->window, view);
        return ex->n_damaged ? CLEW_EXIT_PARTIAL : CLEW_EXIT_OK;
}

static bool parse_mode(const char *text, mode_t *ret)
{
        mode_t mode = 0;

        if (*text == '0')
                text++;
        if (strlen(text) != 3 || strspn(text, "01234567") != 3)
                return false;
        for (; *text; text++)
                mode = mode << 3 | (mode_t)(*text - '0');
        *ret = mode;
        return mode != 0;
}

/* Cases for evaluation tools. */
static int items(struct export *ex, struct clew_export_request *rq,
                 struct clew_filter_flags *filter_flags, struct clew_arguments *args, int argc,
                 char *const *argv)
{
        if (ex->mode) {
                clew_cli_error(ex->cli, "export: --mode goes with --format otlp and otlp-proto");
                return CLEW_EXIT_USAGE;
        }
        rq->output = ex->path;
        rq->force = ex->force;
        rq->limit = ex->limit;
        return clew_export_run(ex->cli, rq, filter_flags, args, argc, argv);
}

int clew_cmd_export(struct clew_cli *cli, int argc, char **argv)
{
        struct export ex = {.cli = cli};
        struct clew_filter_flags filter_flags = {0};
        struct clew_window_flags window_flags = {0};
        struct clew_flag_set shared = {0};
        struct clew_arguments args = {0};
        const char *format = "otlp";
        const char *mode = NULL;
        bool keep_duplicates = false;
        struct clew_export_request rq = {0};
        CLEW_FREE char **words = clew_calloc((size_t)argc + 1, sizeof(*words));
        const struct clew_flag own[] = {
                {"format", 0, "NAME",
                 "otlp: what clew import reads (default); inspect, promptfoo, deepeval, langfuse, "
                 "langsmith, openai, trl, csv ...: clew help formats",
                 .ret_text = &format},
                {"output", 'o', "FILE|DIR", "appears whole or not at all (default: the output)",
                 .ret_text = &ex.path},
                {"force", 0, NULL, "replace what is there", .ret_flag = &ex.force},
                {"dataset", 0, "NAME[@V]", "its cases, instead of traces", .ret_text = &rq.dataset},
                {"split", 0, "80/20", "train and test by task; needs -o DIR",
                 .ret_text = &rq.split},
                {"allow-missing", 0, NULL, "keep cases without an expected output",
                 .ret_flag = &rq.allow_missing},
                {"redact", 0, "RULES", CLEW_REDACT_HELP, .ret_text = &rq.redact},
                {"skip-near", 0, NULL, "from traces: leave near-duplicates out",
                 .ret_flag = &rq.skip_near},
                {"keep-duplicates", 0, NULL, "keep near-duplicates (the default)",
                 .ret_flag = &keep_duplicates},
                {"dry-run", 0, NULL, "tell what would be written", .ret_flag = &rq.dry_run},
                {"mode", 0, "MODE", "who may read FILE, as for chmod, such as 640 (default: 600)",
                 .ret_text = &mode},
                {"limit", 'n', "N", "the N newest of them", .ret_number = &ex.limit,
                 .from_one = true},
                {0},
        };
        int status;

        if (!words)
                return clew_cli_fail(cli, -ENOMEM, NULL);
        memcpy(words, argv, (size_t)argc * sizeof(*words)); /* parsing reorders them */
        clew_item_flags_add(&shared, &rq.item_flags);
        clew_filter_flags_add(&shared, &filter_flags);
        clew_window_flags_add(&shared, &window_flags, false);
        status = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (status == 0 && args.n == 1 && args.values[0][0] == '{') {
                status = clew_filter_take_query(cli, &filter_flags, &args);
                args.n = 0;
        }
        if (status != 0)
                return status;
        if (clew_export_is_view(format))
                return clew_export_view(cli, format, ex.path, ex.force, ex.limit, &filter_flags,
                                        &args);
        if (keep_duplicates && rq.skip_near) {
                clew_cli_error(cli, "export: --skip-near or --keep-duplicates, not both");
                return CLEW_EXIT_USAGE;
        }
        rq.format = clew_export_format_find(format);
        if (rq.format)
                return items(&ex, &rq, &filter_flags, &args, argc, words);
        ex.format = find_format(cli, format);
        if (!ex.format)
                return CLEW_EXIT_USAGE;
        if (rq.dataset || rq.split || rq.dry_run || rq.redact || rq.item_flags.as ||
            rq.item_flags.step) {
                clew_cli_error(cli, "export: --dataset, --split, --dry-run, --redact, --as and "
                                    "--step need a --format of cases");
                return CLEW_EXIT_USAGE;
        }
        if (mode && !parse_mode(mode, &ex.mode)) {
                clew_cli_error(cli, "export: --mode takes three digits as chmod does, such as 640");
                return CLEW_EXIT_USAGE;
        }
        status = clew_window_make(cli, &filter_flags, &window_flags, NULL, false, &ex.filter,
                                  &ex.window);
        ex.filter.runs = false; /* all of it */
        return status != 0 ? status : run(&ex, &args);
}
