/*
 * See judge-check.h.
 *
 * A verdict is its label, or, without one, "pass" from a value of 0.5 on and "fail" below. Experts
 * say it by a score of the judge's name; where several did, each counts.
 */
#include "query/cli/judge-check.h"

#include "proto/base/number.h"
#include "query/answer/safe.h"
#include "query/cli/items.h"
#include "query/cli/open.h"
#include "query/review/note.h"
#include "query/review/reviews.h"
#include "query/review/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define ARENA_MAX ((size_t)1 << 30)
/* Different verdicts; more are no categories. */
#define VERDICTS_MAX 16u
#define WORD_MAX 64u
#define SHOWN_MAX 50u
#define NOTES_MAX 10000u

struct words {
        char names[VERDICTS_MAX][WORD_MAX];
        uint32_t n;
};

struct pair {
        struct clew_trace_id id;
        uint32_t a; /* indices of words */
        uint32_t b;
};

struct checking {
        struct clew_cli *cli;
        const struct clew_look *look;
        struct clew_arena arena;
        struct words words;
        struct pair *pairs;
        size_t n;
        size_t room;
        uint64_t table[VERDICTS_MAX * VERDICTS_MAX];
};

/* Index of the verdict, or UINT32_MAX when there are too many. */
static uint32_t word_of(struct words *w, struct clew_slice label, bool has_value, double value)
{
        char text[WORD_MAX];

        if (label.len == 0 && !has_value)
                return UINT32_MAX;
        if (label.len == 0)
                label = clew_slice_of_cstr(value >= 0.5 ? "pass" : "fail");
        clew_safe_cstr(label, text, sizeof(text));
        for (uint32_t i = 0; i < w->n; i++) {
                if (strcmp(w->names[i], text) == 0)
                        return i;
        }
        if (w->n == VERDICTS_MAX)
                return UINT32_MAX;
        memcpy(w->names[w->n], text, sizeof(text));
        return w->n++;
}

/* The newest verdict of the judge, of @version when it is not NULL. UINT32_MAX = none. */
static uint32_t verdict_of(struct checking *k, struct clew_view *view,
                           const struct clew_trace_id *id, const char *name, const char *version)
{
        uint32_t n = clew_note_count(view, id);
        uint32_t found = UINT32_MAX;

        for (uint32_t i = n > NOTES_MAX ? n - NOTES_MAX : 0; i < n; i++) {
                CLEW_BUFFER texts = {0};
                struct clew_note_score s;
                struct clew_slice note;
                struct clew_error err;

                clew_buffer_init(&texts, 65536);
                if (clew_view_note(view, id, i, &note, &err) != 0 ||
                    !clew_note_score(note, &texts, &s) || !clew_slice_eq_cstr(s.name, name) ||
                    (version && !clew_slice_eq_cstr(s.version, version)))
                        continue;
                found = word_of(&k->words, s.label, s.has_value, s.value);
        }
        return found;
}

static int keep(struct checking *k, const struct clew_trace_id *id, uint32_t a, uint32_t b)
{
        if (a == UINT32_MAX || b == UINT32_MAX)
                return 0;
        if (k->n == k->room) {
                size_t room = k->room ? 2 * k->room : 64;
                struct pair *more = clew_arena_calloc(&k->arena, room, sizeof(*more));

                if (!more)
                        return clew_cli_fail(k->cli, -ENOMEM, NULL);
                if (k->n)
                        memcpy(more, k->pairs, k->n * sizeof(*more));
                k->pairs = more;
                k->room = room;
        }
        k->pairs[k->n++] = (struct pair){.id = *id, .a = a, .b = b};
        k->table[a * VERDICTS_MAX + b]++;
        return 0;
}

/* ---- against experts ------------------------------------------------------------------------- */

static int compare_trace(struct checking *k, struct clew_view *view, const struct clew_trace_id *id,
                         const char *name, const char *version)
{
        CLEW_ARENA arena = {0};
        struct clew_reviews reviews;
        struct clew_error err = {0};
        uint32_t judge = verdict_of(k, view, id, name, version);
        int r;

        if (judge == UINT32_MAX)
                return 0;
        clew_arena_init(&arena, (size_t)64 << 20);
        r = clew_reviews_of_trace(view, id, &arena, &reviews, &err);
        if (r < 0)
                return clew_cli_fail(k->cli, r, &err);
        for (uint32_t i = 0; r == 0 && i < reviews.n_now; i++) {
                const struct clew_facet *f = &reviews.now[i];
                const struct clew_annotation_score *s = &f->by->scores[f->index];

                if (f->kind == CLEW_FACET_SCORE && f->by->target == CLEW_ANNOTATED_TRACE &&
                    clew_slice_eq_cstr(s->name, name))
                        r = keep(k, id, judge,
                                 word_of(&k->words, s->label, s->has_value, s->value));
        }
        return r;
}

static void print_table(struct checking *k, const char *rows, const char *columns)
{
        fprintf(k->cli->out, "%-16s", rows);
        for (uint32_t j = 0; j < k->words.n; j++)
                fprintf(k->cli->out, "  %12.12s", k->words.names[j]);
        fprintf(k->cli->out, "   (%s)\n", columns);
        for (uint32_t i = 0; i < k->words.n; i++) {
                fprintf(k->cli->out, "%-16.16s", k->words.names[i]);
                for (uint32_t j = 0; j < k->words.n; j++)
                        fprintf(k->cli->out, "  %12" PRIu64, k->table[i * VERDICTS_MAX + j]);
                fputc('\n', k->cli->out);
        }
}

static void print_pairs(struct checking *k, const char *a, const char *b)
{
        size_t n = 0;

        for (size_t i = 0; i < k->n; i++) {
                char hex[CLEW_TRACE_ID_HEX];

                if (k->pairs[i].a == k->pairs[i].b)
                        continue;
                clew_trace_id_to_hex(&k->pairs[i].id, hex);
                if (n++ < SHOWN_MAX)
                        fprintf(k->cli->out, "%s  %s %s, %s %s\n", hex, a,
                                k->words.names[k->pairs[i].a], b, k->words.names[k->pairs[i].b]);
        }
        if (n > SHOWN_MAX)
                fprintf(k->cli->out, "... and %zu more\n", n - SHOWN_MAX);
}

static bool they_differ(const struct checking *k)
{
        for (size_t i = 0; i < k->n; i++) {
                if (k->pairs[i].a != k->pairs[i].b)
                        return true;
        }
        return false;
}

/* Each once: pairs of one run, with several experts, stand together. */
static void print_ids(struct checking *k)
{
        const struct clew_trace_id *last = NULL;

        for (size_t i = 0; i < k->n; i++) {
                char hex[CLEW_TRACE_ID_HEX];

                if (k->pairs[i].a == k->pairs[i].b ||
                    (last && memcmp(last, &k->pairs[i].id, sizeof(*last)) == 0))
                        continue;
                last = &k->pairs[i].id;
                clew_trace_id_to_hex(&k->pairs[i].id, hex);
                fprintf(k->cli->out, "%s\n", hex);
        }
}

static void print_json(struct checking *k, double kappa, double agreement, struct clew_interval in)
{
        CLEW_BUFFER line = {0};
        struct clew_json_writer w = clew_json_writer_make(&line, 0);

        clew_buffer_init(&line, (size_t)64 << 20);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "agreement");
        clew_json_write_key(&w, "n");
        clew_json_write_uint64(&w, k->n);
        clew_json_write_key(&w, "agreement");
        clew_json_write_double(&w, agreement);
        clew_json_write_key(&w, "kappa");
        clew_json_write_double(&w, kappa);
        clew_json_write_key(&w, "interval");
        clew_json_write_array_begin(&w);
        clew_json_write_double(&w, in.low);
        clew_json_write_double(&w, in.high);
        clew_json_write_array_end(&w);
        clew_json_write_key(&w, "differ");
        clew_json_write_array_begin(&w);
        for (size_t i = 0; i < k->n; i++) {
                char hex[CLEW_TRACE_ID_HEX];

                if (k->pairs[i].a == k->pairs[i].b)
                        continue;
                clew_trace_id_to_hex(&k->pairs[i].id, hex);
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "trace_id");
                clew_json_write_cstr(&w, hex);
                clew_json_write_key(&w, "a");
                clew_json_write_cstr(&w, k->words.names[k->pairs[i].a]);
                clew_json_write_key(&w, "b");
                clew_json_write_cstr(&w, k->words.names[k->pairs[i].b]);
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        clew_json_write_object_end(&w);
        fprintf(k->cli->out, "%.*s\n", (int)line.len, (const char *)line.data);
}

/* The table without the words that were not used. */
static double agreement(const struct checking *k, double *ret_share, struct clew_interval *ret)
{
        uint64_t table[VERDICTS_MAX * VERDICTS_MAX];

        for (uint32_t i = 0; i < k->words.n; i++) {
                for (uint32_t j = 0; j < k->words.n; j++)
                        table[i * k->words.n + j] = k->table[i * VERDICTS_MAX + j];
        }
        return clew_kappa(table, k->words.n, ret_share, ret);
}

static int over_all(struct checking *k, const struct clew_filter_flags *filter_flags,
                    struct clew_arguments *args, const char *name, const char *a, const char *b)
{
        struct clew_trace_id *ids = NULL;
        struct clew_view *view;
        size_t n = 0;
        int r = clew_cli_select_ids(k->cli, args, filter_flags, 0, &k->arena, &ids, &n);

        if (r == 0)
                r = clew_cli_view(k->cli, &view);
        for (size_t i = 0; r == 0 && i < n; i++) {
                if (b)
                        r = keep(k, &ids[i], verdict_of(k, view, &ids[i], name, a),
                                 verdict_of(k, view, &ids[i], name, b));
                else
                        r = compare_trace(k, view, &ids[i], name, a);
        }
        return r;
}

int clew_judge_check(struct clew_cli *cli, const char *name, const char *version,
                     const struct clew_look *look, const struct clew_filter_flags *filter_flags,
                     struct clew_arguments *args, enum clew_agreement_form form)
{
        struct checking k = {.cli = cli, .look = look};
        struct clew_interval in;
        double share;
        double kappa;
        int r;

        clew_arena_init(&k.arena, ARENA_MAX);
        r = over_all(&k, filter_flags, args, name, version, NULL);
        if (r == 0 && k.n == 0) {
                clew_cli_error(cli,
                               "no run has both a verdict of that judge and an expert's score of "
                               "that name (clew annotate ID --score NAME=...)");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0) {
                kappa = agreement(&k, &share, &in);
                if (form == CLEW_AGREEMENT_JSON) {
                        print_json(&k, kappa, share, in);
                } else if (form == CLEW_AGREEMENT_IDS) {
                        print_ids(&k);
                } else {
                        fprintf(cli->out,
                                "%zu verdicts beside an expert's: %.1f %% agree, Cohen's "
                                "kappa %.3f (95 %% interval %.3f to %.3f)\n",
                                k.n, 100 * share, kappa, in.low, in.high);
                        print_table(&k, "judge", "expert");
                        print_pairs(&k, "judge", "expert");
                        if (they_differ(&k))
                                clew_cli_note(cli,
                                              "next: %s annotate --queue $(%s judge --check "
                                              "--name %s -q)",
                                              cli->self, cli->self, name);
                }
        }
        clew_arena_deinit(&k.arena);
        return r;
}

int clew_judge_flips(struct clew_cli *cli, const char *name, const char *a, const char *b,
                     const struct clew_look *look, const struct clew_filter_flags *filter_flags,
                     struct clew_arguments *args, enum clew_agreement_form form)
{
        struct checking k = {.cli = cli, .look = look};
        struct clew_interval in;
        double share;
        double kappa;
        int r;

        clew_arena_init(&k.arena, ARENA_MAX);
        r = over_all(&k, filter_flags, args, name, a, b);
        if (r == 0) {
                kappa = agreement(&k, &share, &in);
                if (form == CLEW_AGREEMENT_JSON) {
                        print_json(&k, kappa, share, in);
                } else if (form == CLEW_AGREEMENT_IDS) {
                        print_ids(&k);
                } else {
                        size_t n = 0;

                        for (size_t i = 0; i < k.n; i++)
                                n += k.pairs[i].a != k.pairs[i].b;
                        fprintf(cli->out, "%zu of %zu runs are judged differently\n", n, k.n);
                        print_pairs(&k, a, b);
                }
        }
        clew_arena_deinit(&k.arena);
        return r;
}
