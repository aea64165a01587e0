/*
 * clew eval import: results of other evaluation tools, kept as scores of the runs that their cases
 * came from.
 *
 * Cases that clew exported carry the trace's id in their metadata; a result that names none, or a
 * trace that is not here, is counted and left out. Each result becomes one annotation of author
 * `inspect`, `promptfoo`, `deepeval` or `eval` (plain lines), all of a file in one transaction, so
 * what clew annotate, judge --check and the exports do with scores they do with these.
 */
#include "query/cli/commands.h"
#include "query/cli/import-binary.h"
#include "query/cli/lines.h"
#include "query/cli/open.h"
#include "query/cli/served.h"
#include "query/cli/zip.h"
#include "query/review/record.h"
#include "query/review/reviews.h"

#include "query/answer/safe.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define ARENA_MAX ((size_t)1 << 30)

struct eval {
        struct clew_cli *cli;
        struct clew_view *view;
        struct clew_arena arena;
        const char *source;
        struct clew_annotation *items;
        uint32_t n;
        uint32_t room;
        uint64_t n_nameless; /* results without a trace id */
        uint64_t n_gone;     /* traces that are not here */
};

/* The raw value of a member; empty when it is missing or null. */
static struct clew_slice member(struct clew_slice object, const char *key)
{
        struct clew_json_reader r = clew_json_reader_make(object, CLEW_JSON_DEPTH_MAX);

        if (object.len == 0 || clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return CLEW_SLICE_NULL;
        while (clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, key)) {
                        struct clew_slice raw = clew_json_take(&r);

                        return clew_slice_eq_cstr(raw, "null") ? CLEW_SLICE_NULL : raw;
                }
                clew_json_skip(&r);
        }
        return CLEW_SLICE_NULL;
}

static struct clew_slice text_of(struct eval *e, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);

        return raw.len && clew_json_next(&r) == CLEW_JSON_STRING ? clew_json_string(&r, &e->arena)
                                                                 : CLEW_SLICE_NULL;
}

/* The annotation for the trace that @metadata names; NULL when there is none, which is counted. */
static struct clew_annotation *next_item(struct eval *e, struct clew_slice metadata, int *ret)
{
        struct clew_list_entry entry;
        struct clew_trace_id id;
        struct clew_error err;

        *ret = 0;
        if (!clew_hex_decode(text_of(e, member(metadata, "trace_id")), id.bytes,
                             sizeof(id.bytes))) {
                e->n_nameless++;
                return NULL;
        }
        if (clew_view_entry(e->view, &id, &entry, &err) < 0) {
                e->n_gone++;
                return NULL;
        }
        if (e->n == CLEW_REVIEWS_BATCH_MAX) {
                *ret = -E2BIG;
                return NULL;
        }
        if (e->n == e->room) {
                uint32_t room = e->room ? 2 * e->room : 64;
                struct clew_annotation *more = clew_arena_calloc(&e->arena, room, sizeof(*more));

                if (!more) {
                        *ret = -ENOMEM;
                        return NULL;
                }
                if (e->n)
                        memcpy(more, e->items, e->n * sizeof(*more));
                e->items = more;
                e->room = room;
        }
        e->items[e->n] = (struct clew_annotation){
                .author = clew_slice_of_cstr(e->source),
                .time_ns = clew_clock_unix_ns(e->cli->clock),
                .trace_id = id,
        };
        return &e->items[e->n++];
}

/* A score of a name that has blanks gets dashes: names are typed. */
static void add_score(struct eval *e, struct clew_annotation *a, struct clew_slice name,
                      struct clew_slice raw)
{
        struct clew_annotation_score *s = &a->scores[a->n_scores];
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);
        uint8_t *fit = clew_arena_alloc(&e->arena, name.len + 1);

        if (a->n_scores == CLEW_ANNOTATION_SCORES_MAX || !fit || raw.len == 0)
                return;
        for (size_t i = 0; i < name.len; i++)
                fit[i] = strchr(" @,=\"\t\r\n", name.data[i]) ? '-' : name.data[i];
        *s = (struct clew_annotation_score){.name = clew_slice_make(fit, name.len)};
        if (!clew_name_is_good(s->name))
                return;
        switch (clew_json_next(&r)) {
        case CLEW_JSON_NUMBER:
                s->has_value = clew_json_double(&r, &s->value) && isfinite(s->value);
                break;
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
                s->has_value = true;
                s->value = r.token == CLEW_JSON_TRUE;
                break;
        case CLEW_JSON_STRING:
                s->label = clew_json_string(&r, &e->arena);
                if (clew_slice_eq_cstr(s->label, "C") || clew_slice_eq_cstr(s->label, "I")) {
                        s->has_value = true; /* Inspect's letters */
                        s->value = s->label.data[0] == 'C';
                }
                break;
        case CLEW_JSON_END:
        case CLEW_JSON_KEY:
        case CLEW_JSON_NULL:
        case CLEW_JSON_OBJECT_BEGIN:
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_BEGIN:
        case CLEW_JSON_ARRAY_END:
                return;
        }
        if (s->has_value || (s->label.len && s->label.len <= CLEW_NAME_BYTES_MAX))
                a->n_scores++;
}

/* The raw value of the first of several members that is there. */
static struct clew_slice first_of(struct clew_slice object, const char *const *keys)
{
        struct clew_slice raw = CLEW_SLICE_NULL;

        for (; raw.len == 0 && *keys; keys++)
                raw = member(object, *keys);
        return raw;
}

static struct clew_slice value_in(struct clew_slice object)
{
        return first_of(object, (const char *const[]){"value", "score", "label", "passed",
                                                      "success", NULL});
}

/* ---- the tools ------------------------------------------------------------------------------- */

static int take_inspect(struct eval *e, struct clew_slice sample)
{
        struct clew_slice scores = member(sample, "scores");
        struct clew_json_reader r = clew_json_reader_make(scores, CLEW_JSON_DEPTH_MAX);
        int code;
        struct clew_annotation *a = next_item(e, member(sample, "metadata"), &code);

        if (!a)
                return code;
        if (scores.len && clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN) {
                while (clew_json_next_member(&r)) {
                        struct clew_slice name = clew_json_string(&r, &e->arena);

                        add_score(e, a, name, member(clew_json_take(&r), "value"));
                }
        }
        return 0;
}

static int take_promptfoo(struct eval *e, struct clew_slice result)
{
        struct clew_slice named = member(result, "namedScores");
        struct clew_json_reader r = clew_json_reader_make(named, CLEW_JSON_DEPTH_MAX);
        int code;
        struct clew_annotation *a =
                next_item(e, member(member(result, "testCase"), "metadata"), &code);

        if (!a)
                return code;
        add_score(e, a, CLEW_SLICE_LITERAL("promptfoo"), member(result, "score"));
        add_score(e, a, CLEW_SLICE_LITERAL("promptfoo.passed"), member(result, "success"));
        if (named.len && clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN) {
                while (clew_json_next_member(&r)) {
                        struct clew_slice name = clew_json_string(&r, &e->arena);

                        add_score(e, a, name, clew_json_take(&r));
                }
        }
        return 0;
}

static int take_deepeval(struct eval *e, struct clew_slice test)
{
        struct clew_slice metadata = member(test, "additionalMetadata");
        struct clew_slice metrics = member(test, "metricsData");
        struct clew_json_reader r = clew_json_reader_make(metrics, CLEW_JSON_DEPTH_MAX);
        struct clew_annotation *a;
        int code;

        if (metadata.len == 0)
                metadata = member(test, "additional_metadata");
        a = next_item(e, metadata, &code);
        if (!a)
                return code;
        add_score(e, a, CLEW_SLICE_LITERAL("deepeval.passed"), member(test, "success"));
        if (metrics.len && clew_json_next(&r) == CLEW_JSON_ARRAY_BEGIN) {
                while (clew_json_next_element(&r)) {
                        struct clew_slice metric = clew_json_take(&r);

                        add_score(e, a, text_of(e, member(metric, "name")),
                                  member(metric, "score"));
                }
        }
        return 0;
}

/* {"name":"tone","score":0.5} or {"scores":{"tone":0.5,"right":{"value":true}}}, with "trace_id"
 * there or in "metadata"; "source" names the author, "explanation" or "comment" is a note. */
static int take_plain(struct eval *e, struct clew_slice line)
{
        struct clew_slice scores = member(line, "scores");
        struct clew_json_reader r = clew_json_reader_make(scores, CLEW_JSON_DEPTH_MAX);
        struct clew_slice name =
                first_of(line, (const char *const[]){"name", "metric", "key", NULL});
        struct clew_slice note =
                first_of(line, (const char *const[]){"explanation", "comment", "reason", NULL});
        struct clew_slice source = text_of(e, member(line, "source"));
        struct clew_annotation *a;
        int code;

        if (scores.len ? scores.data[0] != '{' : name.len == 0)
                return -EBADMSG;
        a = next_item(e, member(line, "trace_id").len ? line : member(line, "metadata"), &code);
        if (!a)
                return code;
        if (clew_name_is_good(source))
                a->author = source;
        a->note = text_of(e, note);
        if (scores.len == 0) {
                add_score(e, a, text_of(e, name), value_in(line));
                return 0;
        }
        (void)clew_json_next(&r);
        while (clew_json_next_member(&r)) {
                struct clew_slice key = clew_json_string(&r, &e->arena);
                struct clew_slice raw = clew_json_take(&r);

                add_score(e, a, key, raw.len && raw.data[0] == '{' ? value_in(raw) : raw);
        }
        return 0;
}

static const struct {
        const char *source;
        const char *path[3]; /* to the list of results */
        int (*take)(struct eval *e, struct clew_slice result);
} tools[] = {
        {"inspect", {"samples", NULL}, take_inspect},
        {"promptfoo", {"results", "results", NULL}, take_promptfoo},
        {"deepeval", {"testCases", NULL}, take_deepeval},
        {"deepeval", {"test_cases", NULL}, take_deepeval},
};

/* 0, -EBADMSG = none of them, or another negative errno. */
static int take_document(struct eval *e, struct clew_slice text)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(tools); i++) {
                struct clew_slice list = text;
                struct clew_json_reader r;
                int code = 0;

                for (size_t k = 0; tools[i].path[k] && list.len; k++)
                        list = member(list, tools[i].path[k]);
                r = clew_json_reader_make(list, CLEW_JSON_DEPTH_MAX);
                if (list.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                        continue;
                e->source = tools[i].source;
                while (code == 0 && clew_json_next_element(&r))
                        code = tools[i].take(e, clew_json_take(&r));
                return code;
        }
        return -EBADMSG;
}

/* ---- lines and archives ---------------------------------------------------------------------- */

static bool is_whole(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);

        (void)clew_json_next(&r);
        clew_json_skip(&r);
        return clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE;
}

/* Whether the first line is an object by itself: a printed document opens with a part of one. */
static bool has_whole_line(struct clew_slice text)
{
        struct clew_lines lines = {.rest = text};
        struct clew_slice line;

        return clew_lines_next(&lines, &line) && is_whole(line);
}

/* JSON lines of scores. 0, -EBADMSG (*ret_line is the bad one), or another negative errno. */
static int take_lines(struct eval *e, struct clew_slice text, uint64_t *ret_line)
{
        struct clew_lines lines = {.rest = text};
        struct clew_slice line;
        int r = 0;

        e->source = "eval";
        while (r == 0 && clew_lines_next(&lines, &line)) {
                *ret_line = lines.number;
                r = is_whole(line) && line.data[0] == '{' ? take_plain(e, line) : -EBADMSG;
        }
        return r;
}

/* Of an archive's sample only what is needed stays. */
static int take_archived(struct eval *e, struct clew_slice json)
{
        CLEW_BUFFER part = {0};
        static const char *const keys[] = {"metadata", "scores"};
        struct clew_json_writer w = clew_json_writer_make(&part, 0);
        struct clew_slice kept;

        clew_buffer_init(&part, CLEW_LINES_BYTES_MAX);
        clew_json_write_object_begin(&w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                struct clew_slice raw = member(json, keys[i]);

                if (raw.len == 0)
                        continue;
                clew_json_write_key(&w, keys[i]);
                clew_json_write_raw(&w, raw);
        }
        clew_json_write_object_end(&w);
        kept = clew_arena_copy(&e->arena, clew_buffer_slice(&part));
        return kept.data ? take_inspect(e, kept) : -ENOMEM;
}

struct archived {
        struct eval *e;
        struct clew_error err; /* of a sample that cannot be read */
};

static int take_sample(void *context, struct clew_slice json, struct clew_slice name,
                       struct clew_error *err)
{
        struct archived *a = context;
        struct clew_json_reader r =
                clew_json_reader_make(member(json, "samples"), CLEW_JSON_DEPTH_MAX);

        if (!is_whole(json))
                return clew_error_set(err, -EBADMSG, 0, "%.*s is no JSON",
                                      (int)(name.len < 80 ? name.len : 80),
                                      (const char *)name.data);
        (void)clew_json_next(&r);
        return clew_json_next_element(&r) ? take_archived(a->e, clew_json_take(&r)) : 0;
}

static void keep_first(void *context, struct clew_slice name, uint64_t number,
                       const struct clew_error *err)
{
        struct archived *a = context;

        (void)number;
        if (a->err.code == 0)
                clew_error_set(&a->err, -EBADMSG, 0, "%.*s: %s",
                               (int)(name.len < 80 ? name.len : 80), (const char *)name.data,
                               err->message);
}

/* An .eval archive of Inspect: all of it, or nothing. */
static int take_archive(struct eval *e, const char *path, struct clew_error *err)
{
        struct archived a = {.e = e};
        const struct clew_import_sink sink = {
                .context = &a, .document = take_sample, .bad = keep_first};
        int r;

        e->source = "inspect";
        r = clew_import_eval(path, &sink, err);
        if (r == 0 && a.err.code < 0) {
                *err = a.err;
                r = -EBADMSG;
        }
        return r;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static int check_whole(struct eval *e, const char *path, struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);
        struct clew_error err = {0};
        char name[200];

        (void)clew_json_next(&r);
        clew_json_skip(&r);
        (void)clew_json_next(&r);
        if (clew_json_reader_error(&r, &err) == 0)
                return 0;
        clew_cli_error(e->cli, "%s: %s; nothing was added",
                       clew_safe_cstr(clew_slice_of_cstr(path), name, sizeof(name)), err.message);
        return CLEW_EXIT_USAGE;
}

/* Annotations without a score say nothing. */
static uint32_t drop_empty(struct eval *e)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < e->n; i++) {
                if (clew_annotation_says(&e->items[i]))
                        e->items[n++] = e->items[i];
        }
        return n;
}

static int keep(struct eval *e, uint32_t n)
{
        struct clew_error err = {0};
        struct clew_store *store;
        int r;

        for (uint32_t i = 0; i < n; i++) {
                if (!clew_served_may_speak_as(e->items[i].author)) {
                        clew_cli_error(e->cli,
                                       "scores in the name of \"%s\" need a key with the "
                                       "scope \"admin\"; nothing was added",
                                       e->source);
                        return CLEW_EXIT_PERMISSION;
                }
                if (clew_annotation_check(&e->items[i], &err) < 0) {
                        clew_cli_error(e->cli, "%s; nothing was added", err.message);
                        return CLEW_EXIT_USAGE;
                }
        }
        r = n ? clew_cli_store_existing(e->cli, &store) : 0;
        if (r != 0 || n == 0)
                return r;
        r = clew_reviews_add(store, e->items, n, &err);
        return r < 0 ? clew_cli_fail(e->cli, r, &err) : 0;
}

/* Reads the file into annotations. 0 or an exit status after a message. */
static int take_file(struct eval *e, const char *path, struct clew_buffer *text)
{
        struct clew_slice all;
        struct clew_error err = {0};
        uint64_t line = 0;
        char name[200];
        bool lines;
        int r = clew_cli_read_file(e->cli, path, CLEW_LINES_BYTES_MAX, text);

        if (r != 0)
                return r;
        all = clew_buffer_slice(text);
        clew_safe_cstr(clew_slice_of_cstr(path), name, sizeof(name));
        lines = all.len > 0 && all.data[0] == '{' && has_whole_line(all);
        if (clew_zip_is(all)) {
                r = take_archive(e, path, &err);
                if (r == -EBADMSG || r == -EMSGSIZE) {
                        clew_cli_error(e->cli, "%s: %s; nothing was added", name, err.message);
                        return CLEW_EXIT_USAGE;
                }
        } else if (!lines || is_whole(all)) {
                r = check_whole(e, path, all);
                if (r != 0)
                        return r;
                r = take_document(e, all);
                if (r == -EBADMSG && lines && take_lines(e, all, &line) == 0)
                        r = 0;
        } else {
                r = take_lines(e, all, &line);
                if (r == -EBADMSG) {
                        clew_cli_error(e->cli,
                                       "%s:%" PRIu64
                                       ": is no object with scores, or name and score; "
                                       "nothing was added",
                                       name, line);
                        return CLEW_EXIT_USAGE;
                }
        }
        if (r == -EBADMSG) {
                clew_cli_error(
                        e->cli,
                        "%s is no result file of Inspect (.eval, JSON), promptfoo or DeepEval, "
                        "and has no lines of scores: {\"trace_id\":..,\"scores\":{..}}",
                        name);
                return CLEW_EXIT_USAGE;
        }
        if (r < 0 || clew_arena_failed(&e->arena)) {
                clew_cli_error(e->cli, "%s: more than %u results, or too large; nothing was added",
                               name, CLEW_REVIEWS_BATCH_MAX);
                return CLEW_EXIT_USAGE;
        }
        return 0;
}

static int import(struct eval *e, const char *path)
{
        CLEW_BUFFER text = {0};
        uint32_t n;
        int r;

        clew_buffer_init(&text, 2 * CLEW_LINES_BYTES_MAX);
        r = clew_cli_view(e->cli, &e->view);
        if (r == 0)
                r = take_file(e, path, &text);
        if (r != 0)
                return r;
        n = drop_empty(e);
        r = keep(e, n);
        if (r != 0)
                return r;
        fprintf(e->cli->out, "%u runs got scores of %s\n", n, e->source);
        if (e->n_nameless)
                clew_cli_note(e->cli, "%" PRIu64 " results name no trace (metadata.trace_id)",
                              e->n_nameless);
        if (e->n_gone)
                clew_cli_note(e->cli, "%" PRIu64 " are of traces that are not here", e->n_gone);
        return 0;
}

int clew_cmd_eval(struct clew_cli *cli, int argc, char **argv)
{
        struct eval e = {.cli = cli};
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, NULL, NULL, &args);

        if (r != 0)
                return r;
        if (args.n != 2 || strcmp(args.values[0], "import") != 0) {
                clew_cli_error(cli, "clew eval import FILE");
                return CLEW_EXIT_USAGE;
        }
        clew_arena_init(&e.arena, ARENA_MAX);
        r = import(&e, args.values[1]);
        clew_arena_deinit(&e.arena);
        return r;
}
