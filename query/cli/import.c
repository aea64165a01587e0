/*
 * clew import: OTLP JSON files into the store.
 *
 * One JSON object a line (TracesData, ExportTraceServiceRequest, or their twins for logs), as the
 * OpenTelemetry Collector's file exporter and `clew export --format otlp` write them; a document
 * printed over several lines is put together again: what follows an unfinished line belongs to it
 * until a line begins with '{'. A line that cannot be read is reported and costs only itself.
 *
 * The way in is that of the collector: convert, walk, split by trace, encode, append. Fragments are
 * gathered and made durable together, a few MiB at a time; what has been appended stays when a
 * later part fails. Importing a file twice changes nothing.
 */
#include "proto/base/json.h"
#include "proto/base/mem.h"
#include "proto/otlp/json.h"
#include "proto/otlp/walk.h"
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/import-agents.h"
#include "query/cli/import-binary.h"
#include "query/cli/import-forms.h"
#include "query/cli/import-printed.h"
#include "query/cli/input.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "storage/store.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Fragments (compressed) that are appended together: enough to make the fsync rare. */
#define BATCH_BYTES_MAX ((size_t)4 << 20)
#define BATCH_FRAGMENTS_MAX 4096u
/* Index of the spans of one request; see clew_otlp_walk(). */
#define WALK_ARENA_BYTES_MAX ((size_t)256 << 20)
/* Protobuf is smaller than its JSON, by far; the rest is slack. */
#define REQUEST_BYTES_MAX (2 * CLEW_INPUT_LINE_MAX)
/* Texts of a document in another form. */
#define FORM_ARENA_BYTES_MAX ((size_t)256 << 20)
/* Fragments of one batch can overshoot by those of one request. */
#define ENCODED_BYTES_MAX (BATCH_BYTES_MAX + 2 * REQUEST_BYTES_MAX)
/* Bad lines told one by one; further ones are counted. */
#define REPORTS_MAX 20u
#define NAME_TEXT_MAX 256u

/* A fragment in the making: its bytes are an offset, because the buffer may move. */
struct pending {
        struct clew_trace_id trace_id;
        struct clew_trace_id run;
        bool has_run;
        size_t at;
        size_t len;
};

struct import {
        struct clew_cli *cli;
        bool leave_hot;
        struct clew_store *store;
        struct clew_fragment_encoder *encoder;
        struct clew_arena arena;
        struct clew_arena form_arena;
        struct clew_arena print_arena; /* of what JavaScript printed, as JSON */
        struct clew_buffer made;       /* a request made from another form of spans */
        struct clew_buffer request;    /* one request as protobuf */
        struct clew_buffer encoded;    /* fragments of the batch */
        struct clew_buffer pending;    /* their struct pending */
        struct clew_buffer fragments;  /* scratch: their struct clew_fragment */
        char name[NAME_TEXT_MAX];      /* of the file, safe to print */
        uint64_t arrival_ns;
        enum clew_otlp_signal signal; /* of protobuf: what the last request held */
        /* counts, of what is durable (after the last flush) */
        uint64_t n_requests;
        uint64_t n_spans;
        uint64_t n_logs;
        uint64_t n_rejected;
        uint64_t n_bad; /* lines or files that could not be read */
        uint64_t n_metrics;
        uint64_t bytes;
        uint64_t n_told; /* of refusals, one by one */
};

/* ---- batches -------------------------------------------------------------------------------- */

static int flush(struct import *im, struct clew_error *err)
{
        size_t n = im->pending.len / sizeof(struct pending);
        int r;

        if (n == 0)
                return 0;
        clew_buffer_clear(&im->fragments);
        for (size_t i = 0; i < n; i++) {
                struct pending p;
                struct clew_fragment f;

                memcpy(&p, im->pending.data + i * sizeof(p), sizeof(p));
                f = (struct clew_fragment){
                        .trace_id = p.trace_id,
                        .bytes = clew_slice_make(im->encoded.data + p.at, p.len),
                        .run = p.run,
                        .has_run = p.has_run,
                };
                clew_buffer_append(&im->fragments, &f, sizeof(f));
        }
        r = clew_buffer_error(&im->fragments);
        if (r == 0)
                r = clew_store_append(im->store, (const void *)im->fragments.data, n, err);
        clew_buffer_clear(&im->pending);
        clew_buffer_clear(&im->encoded);
        return r;
}

static int add_trace(struct import *im, const struct clew_otlp_batch *batch,
                     const struct clew_otlp_trace *trace)
{
        struct pending p = {.trace_id = trace->id,
                            .run = trace->run,
                            .has_run = trace->has_run,
                            .at = im->encoded.len};
        int r = clew_fragment_encode(im->encoder, batch, trace, im->arrival_ns, &im->encoded);

        if (r < 0)
                return r;
        p.len = im->encoded.len - p.at;
        clew_buffer_append(&im->pending, &p, sizeof(p));
        return clew_buffer_error(&im->pending);
}

/* ---- one JSON object ------------------------------------------------------------------------ */

/* What the object holds, by its first known key. */
enum content { CONTENT_NONE, CONTENT_TRACES, CONTENT_LOGS, CONTENT_METRICS };

static enum content find_content(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return CONTENT_NONE;
        while (clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, "resourceSpans") ||
                    clew_json_text_is(&r, "resource_spans"))
                        return CONTENT_TRACES;
                if (clew_json_text_is(&r, "resourceLogs") || clew_json_text_is(&r, "resource_logs"))
                        return CONTENT_LOGS;
                if (clew_json_text_is(&r, "resourceMetrics") ||
                    clew_json_text_is(&r, "resource_metrics"))
                        return CONTENT_METRICS;
                clew_json_skip(&r);
        }
        return CONTENT_NONE;
}

/* Walks and encodes a request; -EBADMSG and -E2BIG are its own fault. */
static int import_request(struct import *im, struct clew_slice request,
                          enum clew_otlp_signal signal, const char *reason, struct clew_error *err)
{
        struct clew_otlp_batch batch;
        int r;

        clew_arena_reset(&im->arena);
        r = clew_otlp_walk(request, signal, &im->arena, &batch, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < batch.n_traces; i++) {
                r = add_trace(im, &batch, &batch.traces[i]);
                if (r < 0)
                        return clew_error_set(err, r, 0, "cannot encode a trace: %s", strerror(-r));
        }
        *(signal == CLEW_OTLP_TRACES ? &im->n_spans : &im->n_logs) += batch.n_items;
        im->n_rejected += batch.n_rejected;
        if (batch.n_rejected > 0 && ++im->n_told <= REPORTS_MAX)
                clew_cli_note(im->cli, "%s: %" PRIu64 " spans refused: %s", im->name,
                              batch.n_rejected, reason[0] ? reason : batch.reject_reason);
        return 0;
}

/* The same of JSON. */
static int import_signal(struct import *im, struct clew_slice text, enum clew_otlp_signal signal,
                         struct clew_error *err)
{
        struct clew_error reason;
        int r;

        clew_buffer_clear(&im->request);
        *err = (struct clew_error){0};
        r = clew_otlp_from_json(text, signal, &im->request, err);
        if (r < 0)
                return r;
        clew_error_set(&reason, 0, 0, "%s", err->message); /* why items are empty */
        return import_request(im, clew_buffer_slice(&im->request), signal, reason.message, err);
}

/* Spans or log records: what cannot be the one is the other. */
static int import_protobuf(struct import *im, struct clew_slice request, struct clew_error *err)
{
        enum clew_otlp_signal other =
                im->signal == CLEW_OTLP_TRACES ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES;
        struct clew_error first = {0};
        int r = import_request(im, request, im->signal, "", &first);

        if (r == -EBADMSG && import_request(im, request, other, "", err) == 0) {
                im->signal = other;
                r = 0;
        }
        if (r < 0)
                *err = first;
        im->n_requests += r == 0;
        return r;
}

static int import_known(struct import *im, struct clew_slice text, enum content content,
                        struct clew_error *err)
{
        static const char both[] = "\"resourceLogs\"";
        int r = 0;

        switch (content) {
        case CONTENT_METRICS:
                im->n_metrics++;
                return 0;
        case CONTENT_LOGS:
                r = import_signal(im, text, CLEW_OTLP_LOGS, err);
                break;
        case CONTENT_TRACES:
                r = import_signal(im, text, CLEW_OTLP_TRACES, err);
                /* One object may carry both; the name inside of a prompt does no harm here. */
                if (r == 0 && memmem(text.data, text.len, both, sizeof(both) - 1))
                        r = import_signal(im, text, CLEW_OTLP_LOGS, err);
                break;
        case CONTENT_NONE:
                break;
        }
        im->n_requests += r == 0;
        return r;
}

/* Tells what is wrong with the JSON, if something is; else that the form is not known. */
static int refuse(struct import *im, struct clew_slice text, struct clew_error *err)
{
        int r = import_signal(im, text, CLEW_OTLP_TRACES, err);

        if (r < 0 && text.len > 1 && (text.data[0] == 0xff || text.data[0] == 0xfe))
                return clew_error_set(
                        err, -EBADMSG, 0,
                        "UTF-16, it seems; clew reads UTF-8: iconv -f UTF-16 -t UTF-8");
        if (r < 0)
                return r;
        return clew_error_set(
                err, -EBADMSG, 0,
                "not OTLP: the object has neither resourceSpans nor resourceLogs, and "
                "is none of the other forms (Tempo, Jaeger, Zipkin, console "
                "exporters) either");
}

static int import_one(struct import *im, struct clew_slice text, struct clew_error *err)
{
        enum content content = find_content(text);
        struct clew_slice found;
        int error;

        if (content != CONTENT_NONE)
                return import_known(im, text, content, err);
        clew_arena_reset(&im->form_arena);
        *err = (struct clew_error){0};
        if (clew_import_agents(text, &im->form_arena, &im->made)) {
                if (clew_buffer_error(&im->made) < 0 || clew_arena_failed(&im->form_arena))
                        return clew_error_set(err, -EMSGSIZE, 0,
                                              "one object is larger than the memory for it");
                return import_known(im, clew_buffer_slice(&im->made), CONTENT_TRACES, err);
        }
        switch (clew_import_form(text, &im->form_arena, &im->made, &found, err, &error)) {
        case CLEW_FORM_OTLP:
                return import_known(im, found, find_content(found), err);
        case CLEW_FORM_MADE:
                return error < 0 ? error : import_known(im, found, CONTENT_TRACES, err);
        case CLEW_FORM_NAMED:
                return -EBADMSG;
        case CLEW_FORM_LIST:
        case CLEW_FORM_NONE:
                break;
        }
        return refuse(im, text, err);
}

/* An array: each element by itself. One that cannot be read costs the array. */
static int import_list(struct import *im, struct clew_slice text, struct clew_error *err)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);
        uint64_t before = im->n_requests;
        uint64_t n = 0;
        int status = 0;

        (void)clew_json_next(&r);
        while (status == 0 && clew_json_next_element(&r)) {
                struct clew_slice element = clew_json_take(&r);

                n++;
                if (element.len == 0 || element.data[0] != '{')
                        status = clew_error_set(err, -EBADMSG, 0,
                                                "a list of something else than objects");
                else
                        status = import_one(im, element, err);
        }
        if (status == 0)
                status = clew_json_reader_error(&r, err);
        if (status == 0 && n == 0)
                status = clew_error_set(err, -EBADMSG, 0, "an empty list");
        if (status < 0)
                im->n_requests = before;
        return status;
}

static int import_object(struct import *im, struct clew_slice text, struct clew_error *err)
{
        struct clew_json_reader r = clew_json_reader_make(text, 1);

        struct clew_slice page;
        struct clew_slice printed;

        im->arrival_ns = clew_clock_unix_ns(im->cli->clock);
        clew_arena_reset(&im->print_arena);
        printed = clew_import_printed(text, &im->print_arena);
        if (printed.len > 0)
                return import_one(im, printed, err);
        if (clew_json_next(&r) == CLEW_JSON_ARRAY_BEGIN)
                return import_list(im, text, err);
        page = find_content(text) == CONTENT_NONE ? clew_import_page(text) : CLEW_SLICE_NULL;
        return page.len ? import_list(im, page, err) : import_one(im, text, err);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Counts and tells a line that could not be read. */
static void report(struct import *im, uint64_t line, const struct clew_error *err)
{
        im->n_bad++;
        if (im->n_bad <= REPORTS_MAX)
                clew_cli_error(im->cli, "%s:%" PRIu64 ": %s", im->name, line, err->message);
        if (im->n_bad == REPORTS_MAX)
                clew_cli_note(im->cli, "further bad lines are only counted");
}

/* True for what only this object, not the store or the machine, is guilty of. */
static bool is_own_fault(int r)
{
        return r == -EBADMSG || r == -E2BIG || r == -EMSGSIZE;
}

typedef int import_fn(struct import *im, struct clew_slice text, struct clew_error *err);

/* Imports @text, which began in line @line (or is the request of that number) with @how. Returns 0,
 * also when it was bad and has been told, or the error that ends the import. */
static int take(struct import *im, struct clew_slice text, uint64_t line, import_fn *how,
                struct clew_error *err)
{
        struct import before = *im;
        int r = how(im, text, err);

        if (r < 0 && is_own_fault(r)) {
                size_t until = err->offset < text.len ? err->offset : text.len;

                /* Half an object (its logs are bad, say) is not stored and not counted. */
                im->pending.len = before.pending.len;
                im->n_spans = before.n_spans;
                im->n_logs = before.n_logs;
                im->n_rejected = before.n_rejected;
                for (size_t i = 0; how == import_object && i < until; i++)
                        line += text.data[i] == '\n';
                report(im, line, err);
                return 0;
        }
        if (r < 0)
                return r;
        if (im->encoded.len >= BATCH_BYTES_MAX ||
            im->pending.len >= BATCH_FRAGMENTS_MAX * sizeof(struct pending))
                r = flush(im, err);
        return r;
}

static int take_object(struct import *im, struct clew_slice text, uint64_t line,
                       struct clew_error *err)
{
        return take(im, text, line, import_object, err);
}

static bool is_blank(struct clew_slice line)
{
        for (size_t i = 0; i < line.len; i++) {
                if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
                        return false;
        }
        return true;
}

/*
 * An object that @line leaves open: adds the lines that follow until one begins with '{'. On return
 * @line holds that next line; the result is that of clew_input_line() for it.
 */
static int gather(struct clew_input *in, struct clew_buffer *object, struct clew_slice *line,
                  uint64_t *number, struct clew_error *err)
{
        int have;

        bool list = line->len > 0 && line->data[0] == '[';

        clew_buffer_clear(object);
        clew_buffer_append_slice(object, *line);
        while ((have = clew_input_line(in, line, number, err)) == 1) {
                /* In a list an object at the margin belongs to it; another list does not. */
                if (line->len > 0 && line->data[0] == (list ? '[' : '{') &&
                    !(list && line->len == 1))
                        break;
                clew_buffer_append_byte(object, '\n');
                clew_buffer_append_slice(object, *line);
        }
        return have;
}

/* @line could not be read alone because it ends inside its object. */
static int take_document(struct import *im, struct clew_input *in, struct clew_slice *line,
                         uint64_t *number, int *ret_have, struct clew_error *err)
{
        CLEW_BUFFER object = {0};
        uint64_t first = *number;
        struct clew_error line_err = {0};
        int r;

        clew_buffer_init(&object, CLEW_INPUT_LINE_MAX);
        *ret_have = gather(in, &object, line, number, &line_err);
        r = clew_buffer_error(&object);
        if (r == -EMSGSIZE) {
                clew_error_set(err, r, 0, "an object longer than %zu MiB, the limit",
                               CLEW_INPUT_LINE_MAX >> 20);
                report(im, first, err);
                r = 0;
        } else if (r == 0) {
                r = take_object(im, clew_buffer_slice(&object), first, err);
        }
        if (r == 0 && *ret_have < 0)
                *err = line_err;
        return r;
}

/* Whether @line begins an object and ends inside it. */
static bool is_left_open(struct clew_slice line)
{
        struct clew_json_reader r = clew_json_reader_make(line, CLEW_JSON_DEPTH_MAX);

        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        return r.status == CLEW_JSON_TRUNCATED && (line.data[0] == '{' || line.data[0] == '[');
}

static int import_lines(struct import *im, struct clew_input *in, struct clew_error *err)
{
        struct clew_slice line = CLEW_SLICE_NULL;
        uint64_t number = 0;
        int have = clew_input_line(in, &line, &number, err);
        int r = 0;

        while (r == 0 && have != 0) {
                if (have == -EMSGSIZE) {
                        report(im, number, err);
                } else if (have == -ENOMEM) {
                        return have;
                } else if (have < 0) {
                        report(im, number, err);
                        return 0;
                } else if (number == 1 &&
                           clew_slice_starts_with(line, CLEW_SLICE_LITERAL("\xef\xbb\xbf"))) {
                        line = clew_slice_from(line, 3); /* a byte order mark */
                        continue;
                } else if (!is_blank(line)) {
                        /* Short lines are asked first: a printed document opens with one. */
                        if (line.len < 4096 && is_left_open(line)) {
                                r = take_document(im, in, &line, &number, &have, err);
                                continue;
                        }
                        r = take_object(im, line, number, err);
                }
                if (r == 0)
                        have = clew_input_line(in, &line, &number, err);
        }
        return r;
}

/* ---- files that are not text ----------------------------------------------------------------- */

static int take_request(void *context, struct clew_slice request, uint64_t number,
                        struct clew_error *err)
{
        struct import *im = context;

        im->arrival_ns = clew_clock_unix_ns(im->cli->clock);
        return take(im, request, number, import_protobuf, err);
}

/* Names the part of a file in what is told of it. */
static void name_part(struct import *im, struct clew_slice part, const char *file)
{
        char text[NAME_TEXT_MAX / 2];

        clew_safe_cstr(part, text, sizeof(text));
        snprintf(im->name, sizeof(im->name), "%.*s: %s", (int)sizeof(im->name) / 2 - 8, file, text);
}

static int take_sample(void *context, struct clew_slice json, struct clew_slice name,
                       struct clew_error *err)
{
        struct import *im = context;
        char file[NAME_TEXT_MAX];
        int r;

        memcpy(file, im->name, sizeof(file));
        name_part(im, name, file);
        r = take_object(im, json, 1, err);
        memcpy(im->name, file, sizeof(file));
        return r;
}

static void tell_bad(void *context, struct clew_slice name, uint64_t number,
                     const struct clew_error *err)
{
        struct import *im = context;
        char file[NAME_TEXT_MAX];

        memcpy(file, im->name, sizeof(file));
        name_part(im, name, file);
        report(im, number ? number : 1, err);
        memcpy(im->name, file, sizeof(file));
}

static int import_content(struct import *im, const char *path, struct clew_input *in,
                          struct clew_error *err)
{
        const struct clew_import_sink sink = {
                .context = im, .request = take_request, .document = take_sample, .bad = tell_bad};
        enum clew_import_kind kind;
        int r = clew_import_kind(in, &kind, err);

        if (r < 0 || kind == CLEW_IMPORT_TEXT)
                return import_lines(im, in, err); /* it tells what is wrong, and where */
        if (kind != CLEW_IMPORT_ZIP)
                r = clew_import_protobuf(in, kind, &sink, err);
        else if (strcmp(path, "-") == 0)
                r = clew_error_set(err, -EBADMSG, 0,
                                   "a zip archive (.eval) is read by its name, not from a pipe");
        else
                r = clew_import_eval(path, &sink, err);
        if (r < 0 && (is_own_fault(r) || r == -EACCES || r == -ENOENT)) {
                im->n_bad++;
                clew_cli_error(im->cli, "%s: %s", im->name, err->message);
                r = 0;
        }
        return r;
}

/* Returns 0, an exit status for this file, or a negative errno that ends the import. */
static int import_file(struct import *im, const char *path, struct clew_error *err)
{
        struct clew_input *in = NULL;
        int r;

        if (strcmp(path, "-") == 0)
                snprintf(im->name, sizeof(im->name), "standard input");
        else
                clew_safe_cstr(clew_slice_of_cstr(path), im->name, sizeof(im->name));
        *err = (struct clew_error){0};
        r = clew_input_open(path, &in, err);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                im->n_bad++;
                clew_cli_error(im->cli, "%s: %s", im->name,
                               err->message[0] ? err->message : strerror(-r));
                return r == -EACCES || r == -EPERM ? CLEW_EXIT_PERMISSION : CLEW_EXIT_USAGE;
        }
        r = import_content(im, path, in, err);
        im->bytes += clew_input_bytes(in);
        clew_input_close(in);
        return r;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int start(struct import *im, struct clew_cli *cli)
{
        *im = (struct import){.cli = cli, .signal = CLEW_OTLP_TRACES};
        clew_arena_init(&im->arena, WALK_ARENA_BYTES_MAX);
        clew_arena_init(&im->form_arena, FORM_ARENA_BYTES_MAX);
        clew_arena_init(&im->print_arena, FORM_ARENA_BYTES_MAX);
        clew_buffer_init(&im->made, REQUEST_BYTES_MAX);
        clew_buffer_init(&im->request, REQUEST_BYTES_MAX);
        clew_buffer_init(&im->encoded, ENCODED_BYTES_MAX);
        /* A request has at most CLEW_OTLP_ITEMS_MAX traces. */
        clew_buffer_init(&im->pending,
                         (BATCH_FRAGMENTS_MAX + CLEW_OTLP_ITEMS_MAX) * sizeof(struct pending));
        clew_buffer_init(&im->fragments, (BATCH_FRAGMENTS_MAX + CLEW_OTLP_ITEMS_MAX) *
                                                 sizeof(struct clew_fragment));
        im->encoder = clew_fragment_encoder_new();
        return im->encoder ? 0 : -ENOMEM;
}

static void finish(struct import *im)
{
        clew_fragment_encoder_free(im->encoder);
        clew_arena_deinit(&im->arena);
        clew_arena_deinit(&im->form_arena);
        clew_arena_deinit(&im->print_arena);
        clew_buffer_deinit(&im->made);
        clew_buffer_deinit(&im->request);
        clew_buffer_deinit(&im->encoded);
        clew_buffer_deinit(&im->pending);
        clew_buffer_deinit(&im->fragments);
}

static void summarize(struct import *im)
{
        clew_cli_note(im->cli,
                      "imported %" PRIu64 " request%s: %" PRIu64 " span%s, %" PRIu64
                      " log record%s; %" PRIu64 " refused, %" PRIu64 " line%s unreadable",
                      im->n_requests, clew_plural(im->n_requests), im->n_spans,
                      clew_plural(im->n_spans), im->n_logs, clew_plural(im->n_logs), im->n_rejected,
                      im->n_bad, clew_plural(im->n_bad));
        if (im->n_metrics > 0)
                clew_cli_note(im->cli, "%" PRIu64 " line%s of metrics left out: clew keeps traces",
                              im->n_metrics, clew_plural(im->n_metrics));
}

/* What is imported is small and in order at once; where a collector runs, it does that. A trace
 * that cannot be sealed is as readable as before. */
static void seal(struct import *im)
{
        const struct clew_seal_options options = {.idle_ns = 0};
        struct clew_seal_stats stats = {.more = true};
        struct clew_error err = {0};
        uint64_t refused = 0;
        int r = 0;

        if (clew_store_has_collector(im->store))
                return;
        while (r == 0 && stats.more) {
                r = clew_store_seal(im->store, &options, &stats, &err);
                refused += stats.refused;
        }
        if (r < 0)
                clew_cli_note(im->cli, "it is stored, but not sealed yet: %s", err.message);
        if (refused > 0)
                clew_cli_note(im->cli,
                              "%" PRIu64 " traces cannot be sealed; they are stored, and "
                              "shown as far as memory allows",
                              refused);
}

static int import_all(struct import *im, const struct clew_arguments *args)
{
        struct clew_error err = {0};
        int status = clew_cli_store(im->cli, CLEW_STORE_WRITE, &im->store);
        int r = 0;

        if (status != 0)
                return status;
        for (size_t i = 0; r >= 0 && i < args->n; i++) {
                r = import_file(im, args->values[i], &err);
                if (r > 0)
                        status = r;
        }
        if (r >= 0)
                r = flush(im, &err);
        if (r < 0) {
                status = clew_cli_fail(im->cli, r == -EINVAL ? -EBADF : r, &err);
                clew_cli_note(im->cli, "the import has stopped; what was appended before is "
                                       "stored, and importing again does not store it twice");
                return status;
        }
        summarize(im);
        if (im->n_requests > 0 && !im->leave_hot)
                seal(im);
        if (im->n_requests > 0 && (im->n_bad > 0 || im->n_rejected > 0))
                return CLEW_EXIT_PARTIAL;
        return im->n_bad > 0 && status == CLEW_EXIT_OK ? CLEW_EXIT_PARTIAL : status;
}

int clew_cmd_import(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_arguments args = {0};
        struct import im;
        bool leave_hot = false;
        const struct clew_flag own[] = {
                {"no-seal", 0, NULL,
                 "leave what is imported as it arrives, for a later import or "
                 "clew doctor --seal",
                 .ret_flag = &leave_hot},
                {0},
        };
        int status = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (status != 0)
                return status;
        if (args.n == 0) {
                clew_cli_error(cli, "import needs a file (- is standard input); see clew help "
                                    "import");
                return CLEW_EXIT_USAGE;
        }
        if (start(&im, cli) < 0) {
                status = clew_cli_fail(cli, -ENOMEM, NULL);
        } else {
                im.leave_hot = leave_hot;
                status = import_all(&im, &args);
        }
        finish(&im);
        return status;
}
