/*
 * clew annotate: what a person says about a run, a step or a session; add, undo, list.
 *
 * Annotations are added while a collector runs (writers take turns) and are durable when the
 * command ends. Nothing is overwritten: the newest word of one author counts, `--undo` takes one
 * back by adding that it does not count.
 */
#include "query/cli/annotate-int.h"

#include "proto/base/number.h"
#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/cli/author.h"
#include "query/cli/commands.h"
#include "query/cli/remote.h"
#include "query/cli/rubric-named.h"
#include "query/cli/served.h"
#include "query/cli/suggest.h"
#include "query/rca/rules.h"
#include "query/review/record.h"
#include "query/review/rubric.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LINE_BYTES_MAX ((size_t)64 << 20)
#define WORDS_ARENA_MAX ((size_t)64 << 20)

int clew_annotate_target(struct clew_annotate *c, const char *text, struct clew_annotation *ret)
{
        static const struct clew_trace_options bare = {0};
        CLEW_ARENA arena = {0};
        struct clew_target target;
        struct clew_opened o;
        struct clew_error err = {0};
        int r = clew_target_parse(text, &target, &err);

        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        ret->target = CLEW_ANNOTATED_TRACE;
        if (target.step == 0 && target.n_span_digits == 0)
                return clew_cli_resolve(c->cli, &target, &ret->trace_id);
        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        r = clew_cli_open_trace(c->cli, text, &bare, &arena, &o);
        if (r != 0)
                return r;
        ret->target = CLEW_ANNOTATED_SPAN;
        ret->trace_id = o.id;
        ret->span_id = o.trace->steps[o.step].span.span_id;
        ret->step = o.step + 1;
        return 0;
}

int clew_annotate_add(struct clew_annotate *c, struct clew_annotation *items, uint32_t n)
{
        struct clew_store *store;
        struct clew_error err = {0};
        int r = clew_cli_store_existing(c->cli, &store);

        if (r != 0)
                return r;
        r = clew_reviews_add(store, items, n, &err);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

int clew_annotate_rubric(struct clew_annotate *c, const char *text, struct clew_arena *arena,
                         struct clew_annotation *ret)
{
        struct clew_rubric rubric;
        int r = clew_cli_rubric(c->cli, text, arena, &rubric);

        if (r != 0)
                return r;
        ret->rubric = rubric.name;
        ret->rubric_version = rubric.version;
        return 0;
}

/* ---- one annotation from flags -------------------------------------------------------------- */

/* A word that nobody has used so far, and that is much like one that somebody has: it is taken, and
 * the likeness is told. */
static void tell_like(struct clew_annotate *c, const char *what, enum clew_names_of of,
                      struct clew_slice word)
{
        struct clew_view *view;
        char meant[CLEW_MEANT_BYTES];
        char shown[160];

        if (clew_cli_view(c->cli, &view) == 0 && *clew_suggest_meant(c->cli, view, of, word, meant))
                clew_cli_note(c->cli, "%s %s is new%s (--undo takes it back)", what,
                              clew_safe_cstr(word, shown, sizeof(shown)), meant);
}

static int add_scores(struct clew_annotate *c, struct clew_annotation *a)
{
        for (size_t i = 0; i < c->scores.n; i++) {
                struct clew_annotation_score *s = &a->scores[a->n_scores];
                struct clew_slice text = clew_slice_of_cstr(c->scores.values[i]);
                const uint8_t *equals = memchr(text.data, '=', text.len);

                if (!equals || a->n_scores == CLEW_ANNOTATION_SCORES_MAX) {
                        clew_cli_error(c->cli, "--score takes NAME=NUMBER or NAME=WORD, %u at most",
                                       CLEW_ANNOTATION_SCORES_MAX);
                        return CLEW_EXIT_USAGE;
                }
                *s = (struct clew_annotation_score){
                        .name = clew_slice_make(text.data, (size_t)(equals - text.data)),
                        .label = clew_slice_from(text, (size_t)(equals - text.data) + 1),
                };
                if (clew_parse_double(s->label, &s->value)) {
                        s->has_value = true;
                        s->label = CLEW_SLICE_NULL;
                        if (!isfinite(s->value)) {
                                clew_cli_error(c->cli, "--score takes a finite number");
                                return CLEW_EXIT_USAGE;
                        }
                }
                tell_like(c, "score", CLEW_NAMES_SCORES, s->name);
                a->n_scores++;
        }
        return 0;
}

/* A verdict on a rule that there is not would be lost for good. */
static int check_rule(struct clew_annotate *c, struct clew_slice name)
{
        char meant[CLEW_MEANT_BYTES];
        char shown[160];

        for (unsigned r = 0; r < CLEW_RULE_COUNT; r++) {
                if (clew_slice_eq_cstr(name, clew_rule_info((enum clew_rule)r)->name))
                        return 0;
        }
        clew_suggest_meant(c->cli, NULL, CLEW_NAMES_RULES, name, meant);
        clew_cli_error(c->cli, "clew why has no rule %s%s",
                       clew_safe_cstr(name, shown, sizeof(shown)),
                       meant[0] ? meant : "; its findings name theirs");
        return CLEW_EXIT_USAGE;
}

static int from_flags(struct clew_annotate *c, struct clew_arena *arena, struct clew_annotation *a)
{
        *a = (struct clew_annotation){
                .author = clew_slice_of_cstr(c->author),
                .time_ns = clew_clock_unix_ns(c->cli->clock),
                .note = clew_slice_of_cstr(c->note),
                .correction = clew_slice_of_cstr(c->correction),
                .has_correction = c->correction,
                .failing = c->failing,
                .has_labels = c->labels.n > 0 || c->no_labels,
        };
        if (c->confirm && c->reject) {
                clew_cli_error(c->cli, "--confirm and --reject: one finding at a time");
                return CLEW_EXIT_USAGE;
        }
        if (c->confirm || c->reject) {
                a->finding = clew_slice_of_cstr(c->confirm ? c->confirm : c->reject);
                a->verdict = c->confirm ? CLEW_FINDING_CONFIRMED : CLEW_FINDING_REJECTED;
                if (check_rule(c, a->finding) != 0)
                        return CLEW_EXIT_USAGE;
        }
        if (c->labels.n > CLEW_ANNOTATION_LABELS_MAX) {
                clew_cli_error(c->cli, "at most %u labels", CLEW_ANNOTATION_LABELS_MAX);
                return CLEW_EXIT_USAGE;
        }
        for (size_t i = 0; i < c->labels.n; i++)
                a->labels[a->n_labels++] = clew_slice_of_cstr(c->labels.values[i]);
        for (uint32_t i = 0; i < a->n_labels; i++)
                tell_like(c, "label", CLEW_NAMES_LABELS, a->labels[i]);
        if (c->rubric && clew_annotate_rubric(c, c->rubric, arena, a) != 0)
                return CLEW_EXIT_USAGE;
        return add_scores(c, a);
}

/* "label wrong-argument, score correctness, note" */
static void what(const struct clew_annotation *a, struct clew_buffer *out)
{
        const char *comma = "";

        for (uint32_t i = 0; i < a->n_labels; i++, comma = ", ") {
                clew_buffer_printf(out, "%slabel ", comma);
                clew_buffer_append_slice(out, a->labels[i]);
        }
        if (a->has_labels && a->n_labels == 0)
                clew_buffer_append_cstr(out, "no label");
        comma = a->has_labels ? ", " : "";
        for (uint32_t i = 0; i < a->n_scores; i++, comma = ", ") {
                clew_buffer_printf(out, "%sscore ", comma);
                clew_buffer_append_slice(out, a->scores[i].name);
        }
        if (a->note.len) {
                clew_buffer_printf(out, "%snote", comma);
                comma = ", ";
        }
        if (a->has_correction) {
                clew_buffer_printf(out, "%scorrection", comma);
                comma = ", ";
        }
        if (a->failing) {
                clew_buffer_printf(out, "%sfailing step", comma);
                comma = ", ";
        }
        if (a->verdict != CLEW_FINDING_NONE) {
                clew_buffer_append_cstr(out, comma);
                clew_buffer_append_slice(out, a->finding);
                clew_buffer_append_cstr(out, a->verdict == CLEW_FINDING_CONFIRMED ? " confirmed"
                                                                                  : " rejected");
        }
        if (a->undo)
                clew_buffer_printf(out, "%" PRIu64 " does not count any more", a->undo);
}

static void print_done(struct clew_annotate *c, const struct clew_annotation *a)
{
        CLEW_BUFFER text = {0};
        CLEW_BUFFER safe = {0};
        char hex[CLEW_TRACE_ID_HEX];

        clew_buffer_init(&text, 2 * CLEW_ANNOTATION_NOTE_MAX);
        clew_buffer_init(&safe, CLEW_ANNOTATION_NOTE_MAX);
        what(a, &text);
        clew_safe_line(&safe, clew_buffer_slice(&text), 200, c->look.ascii);
        clew_cli_short_id(c->cli, &a->trace_id, hex);
        if (a->target == CLEW_ANNOTATED_SESSION)
                fprintf(c->cli->out, "annotated the session: %.*s\n", (int)safe.len,
                        (const char *)safe.data);
        else if (a->target == CLEW_ANNOTATED_SPAN && a->step)
                fprintf(c->cli->out, "annotated %s#%" PRIu64 ": %.*s\n", hex, a->step,
                        (int)safe.len, (const char *)safe.data);
        else
                fprintf(c->cli->out, "annotated %s: %.*s\n", hex, (int)safe.len,
                        (const char *)safe.data);
        if (!a->undo)
                clew_cli_note(c->cli, "undo: %s annotate --undo %" PRIu64, c->cli->self, a->number);
}

static int finish(struct clew_annotate *c, struct clew_annotation *items, uint32_t n)
{
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                struct clew_error err = {0};

                if (clew_annotation_check(&items[i], &err) < 0) {
                        clew_cli_error(c->cli, "%s", err.message);
                        return CLEW_EXIT_USAGE;
                }
        }
        r = clew_annotate_add(c, items, n);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                print_done(c, &items[i]);
        return r;
}

static int annotate(struct clew_annotate *c, struct clew_arguments *args)
{
        CLEW_ARENA arena = {0};
        struct clew_annotation *items;
        const char *session =
                c->filter_flags.sessions.n ? c->filter_flags.sessions.values[0] : NULL;
        uint32_t n = 0;
        int r;

        clew_arena_init(&arena, (size_t)1 << 30);
        r = clew_cli_expand(c->cli, args, &arena);
        items = clew_arena_calloc(&arena, args->n + 1, sizeof(*items));
        if (r == 0 && !items)
                r = clew_cli_fail(c->cli, -ENOMEM, NULL);
        if (r == 0 && args->n == 0 && !session) {
                clew_cli_error(c->cli, "which trace or step? clew annotate ID#STEP --label L");
                return CLEW_EXIT_USAGE;
        }
        for (size_t i = 0; r == 0 && i < args->n; i++) {
                r = from_flags(c, &arena, &items[n]);
                if (r == 0)
                        r = clew_annotate_target(c, args->values[i], &items[n++]);
        }
        if (r == 0 && args->n == 0) {
                r = from_flags(c, &arena, &items[0]);
                items[0].target = CLEW_ANNOTATED_SESSION;
                items[0].session = clew_slice_of_cstr(session);
                n = 1;
        }
        return r != 0 ? r : finish(c, items, n);
}

static int undo(struct clew_annotate *c)
{
        CLEW_ARENA arena = {0};
        struct clew_annotation old;
        struct clew_annotation a = {.author = clew_slice_of_cstr(c->author),
                                    .time_ns = clew_clock_unix_ns(c->cli->clock),
                                    .undo = c->undo};
        struct clew_error err = {0};
        struct clew_view *view;
        int r = clew_cli_view(c->cli, &view);

        if (r != 0)
                return r;
        clew_arena_init(&arena, CLEW_REVIEW_ARENA_MAX);
        r = clew_reviews_find(view, c->undo, &arena, &old, &err);
        if (r == -ENOENT) {
                clew_cli_error(c->cli, "there is no annotation %" PRIu64, c->undo);
                return CLEW_EXIT_USAGE;
        }
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        if (!clew_slice_eq(old.author, a.author) || old.undo) {
                clew_cli_error(c->cli,
                               old.undo ? "annotation %" PRIu64 " is itself an undo: say it anew"
                                        : "annotation %" PRIu64 " is somebody else's",
                               c->undo);
                return CLEW_EXIT_USAGE;
        }
        a.target = old.target;
        a.trace_id = old.trace_id;
        a.span_id = old.span_id;
        a.step = old.step;
        a.session = old.session;
        return finish(c, &a, 1);
}

/* ---- lists ---------------------------------------------------------------------------------- */

static int print_json(struct clew_annotate *c, const struct clew_annotation *a)
{
        CLEW_BUFFER line = {0};
        struct clew_json_writer w = clew_json_writer_make(&line, 0);

        clew_buffer_init(&line, LINE_BYTES_MAX);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "annotation");
        clew_annotation_write(&w, a);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(&line, '\n');
        if (clew_buffer_error(&line) < 0)
                return clew_cli_fail(c->cli, clew_buffer_error(&line), NULL);
        fwrite(line.data, 1, line.len, c->cli->out);
        return 0;
}

static void print_facet(struct clew_annotate *c, const struct clew_facet *f)
{
        CLEW_BUFFER text = {0};
        CLEW_BUFFER safe = {0};

        clew_buffer_init(&text, 2 * CLEW_ANNOTATION_CORRECTION_MAX);
        clew_buffer_init(&safe, CLEW_ANNOTATION_CORRECTION_MAX);
        if (f->by->target == CLEW_ANNOTATED_SPAN && f->kind != CLEW_FACET_FAILING && f->by->step)
                clew_buffer_printf(&text, "#%" PRIu64 " ", f->by->step);
        clew_facet_brief(f, &text);
        clew_safe_line(&safe, clew_buffer_slice(&text),
                       c->look.columns > 12 ? c->look.columns - 10 : 40, c->look.ascii);
        fprintf(c->cli->out, "  %6" PRIu64 "  %.*s\n", f->by->number, (int)safe.len,
                (const char *)safe.data);
}

static int list_one(struct clew_annotate *c, struct clew_view *view, const char *text)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER differences = {0};
        CLEW_BUFFER safe = {0};
        struct clew_annotation at = {0};
        struct clew_reviews r;
        struct clew_error err = {0};
        char hex[CLEW_TRACE_ID_HEX];
        int status = clew_annotate_target(c, text, &at);
        int code;

        if (status != 0)
                return status;
        clew_arena_init(&arena, CLEW_REVIEW_ARENA_MAX);
        clew_buffer_init(&differences, CLEW_ANNOTATION_CORRECTION_MAX);
        clew_buffer_init(&safe, CLEW_ANNOTATION_CORRECTION_MAX);
        code = clew_reviews_of_trace(view, &at.trace_id, &arena, &r, &err);
        if (code < 0)
                return clew_cli_fail(c->cli, code, &err);
        for (uint32_t i = 0; c->json && status == 0 && i < r.n_all; i++)
                status = print_json(c, &r.all[i]);
        if (c->json)
                return status;
        clew_trace_id_to_hex(&at.trace_id, hex);
        fprintf(c->cli->out, "%s  %u said, %u annotation%s in all\n", hex, r.n_now, r.n_all,
                r.n_all == 1 ? "" : "s");
        for (uint32_t i = 0; i < r.n_now; i++)
                print_facet(c, &r.now[i]);
        if (clew_reviews_differences(&r, &differences) > 0) {
                clew_safe_block(&safe, clew_buffer_slice(&differences), "  ", c->look.ascii);
                fprintf(c->cli->out, "They differ\n%.*s", (int)safe.len, (const char *)safe.data);
        }
        return 0;
}

/* Numbers of what was taken back; a store with more of them lists all. */
#define UNDONE_MAX 1000000u

struct listing {
        struct clew_annotate *c;
        struct clew_buffer undone; /* as 8-byte numbers */
};

static int note_undone(const struct clew_annotation *a, void *context)
{
        struct listing *l = context;

        if (a->undo)
                clew_buffer_append_le64(&l->undone, a->undo);
        return 0;
}

static int list_each(const struct clew_annotation *a, void *context)
{
        struct listing *l = context;

        for (size_t i = 0; i + 8 <= l->undone.len; i += 8) {
                uint64_t number = 0;

                for (unsigned k = 8; k > 0; k--)
                        number = number << 8 | l->undone.data[i + k - 1];
                if (number == a->number)
                        return 0;
        }
        return a->undo ? 0 : print_json(l->c, a);
}

static int list_all(struct clew_annotate *c, struct clew_view *view)
{
        struct listing l = {.c = c};
        struct clew_error err = {0};
        int r;

        clew_buffer_init(&l.undone, (size_t)UNDONE_MAX * 8);
        r = clew_reviews_each(view, note_undone, &l, &err);
        if (r == 0)
                r = clew_reviews_each(view, list_each, &l, &err);
        clew_buffer_deinit(&l.undone);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : r;
}

static int list(struct clew_annotate *c, struct clew_arguments *args)
{
        struct clew_view *view;
        int r = clew_cli_view(c->cli, &view);

        if (r == 0 && args->n == 0)
                return list_all(c, view);
        for (size_t i = 0; r == 0 && i < args->n; i++)
                r = list_one(c, view, args->values[i]);
        return r;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int dispatch(struct clew_annotate *c, struct clew_arguments *args)
{
        int r = clew_look_init(&c->look, c->cli, &c->display_flags);

        if (r == 0 && !c->list)
                r = clew_cli_author(c->cli, c->author, sizeof(c->author));
        if (r != 0)
                return r;
        if (c->list)
                return list(c, args);
        if (c->undo)
                return undo(c);
        if (c->from && !c->part)
                return clew_annotate_file(c);
        if (c->queue && args->n == 1 && args->values[0][0] == '{') {
                r = c->cli->url ? 0 : clew_filter_take_query(c->cli, &c->filter_flags, args);
                args->n = 0;
                if (r != 0)
                        return r;
        }
        if (c->part)
                return clew_annotate_part(c, args);
        if (c->queue)
                return clew_annotate_queue(c, args);
        return annotate(c, args);
}

int clew_cmd_annotate(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_annotate c = {.cli = cli};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"label", 'l', "LABEL", "give it this label (repeat for more)",
                 .ret_values = &c.labels},
                {"no-labels", 0, NULL, "take my labels away", .ret_flag = &c.no_labels},
                {"score", 0, "NAME=VALUE", "a number or a word (repeat for more)",
                 .ret_values = &c.scores},
                {"note", 0, "TEXT", "what is to be said about it", .ret_text = &c.note},
                {"correct", 0, "TEXT", "what the answer or the call should have been",
                 .ret_text = &c.correction},
                {"failing", 0, NULL, "it went wrong at this step", .ret_flag = &c.failing},
                {"confirm", 0, "RULE", "this finding of clew why is right", .ret_text = &c.confirm},
                {"reject", 0, "RULE", "this finding of clew why is wrong", .ret_text = &c.reject},
                {"rubric", 0, "NAME[@V]", "the criteria that were applied", .ret_text = &c.rubric},
                {"undo", 0, "N", "annotation N of mine does not count", .ret_number = &c.undo},
                {"from", 0, "FILE", "many from JSON lines: all of them or none",
                 .ret_text = &c.from},
                {"dry-run", 0, NULL, "with --from: check, add nothing", .ret_flag = &c.dry_run},
                {"queue", 0, NULL, "one after the other in the terminal; ids or a query may follow",
                 .ret_flag = &c.queue},
                {"labels", 0, "A,B,...", "with --queue: labels of keys 1 to 9",
                 .ret_text = &c.label_list},
                {"dataset", 0, "NAME", "with --queue: key d adds the run to it",
                 .ret_text = &c.dataset},
                {"limit", 'n', "N", "with --queue: the N newest", .ret_number = &c.limit,
                 .from_one = true},
                {"list", 0, NULL, "show what was said; without ids all, as JSON lines for --from",
                 .ret_flag = &c.list},
                {"json", 0, NULL, "with --list: JSON lines, undone ones too", .ret_flag = &c.json},
                {clew_served() ? "part" : NULL, 0, "PART", "", .ret_text = &c.part},
                {0},
        };
        struct clew_arguments args;
        CLEW_ARENA arena = {0};
        int r;

        clew_filter_flags_add(&shared, &c.filter_flags);
        clew_display_flags_add(&shared, &c.display_flags);
        clew_arena_init(&arena, WORDS_ARENA_MAX);
        c.n_words = argc;
        c.words = clew_remote_keep_words(cli, argc, argv, &arena);
        if (!c.words)
                return CLEW_EXIT_STORE;
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r == 0 && cli->url && (!c.queue || c.list || c.undo || c.from))
                return clew_remote_run(cli, clew_command_find(c.words[0]), argc, c.words);
        return r != 0 ? r : dispatch(&c, &args);
}
