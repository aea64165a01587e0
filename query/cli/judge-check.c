/*
 * See judge-check.h.
 *
 * A verdict is its label, or, without one, "pass" from a value of 0.5 on and "fail" below. Experts
 * say it by a score of the judge's name; where several did, each counts beside the judge, and how
 * far they agree with one another is what can be asked of a judge at most.
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

/* Two verdicts on one run, and whose they are: indices of words. */
struct pair {
        struct clew_trace_id id;
        uint32_t a;
        uint32_t b;
        uint32_t by_a;
        uint32_t by_b;
};

#define JUDGE UINT32_MAX

struct checking {
        struct clew_cli *cli;
        const struct clew_look *look;
        struct clew_arena arena;
        struct words words;
        struct words experts;
        struct pair *pairs;
        size_t n;
        size_t room;
};

/* The pairs of two people, of which one may be the judge; NULL = all pairs. */
struct between {
        uint32_t a;
        uint32_t b;
};

static bool is_between(const struct pair *p, const struct between *who)
{
        return !who || (p->by_a == who->a && p->by_b == who->b);
}

/* Its index, or UINT32_MAX when there are too many. */
static uint32_t index_of(struct words *w, struct clew_slice word)
{
        char text[WORD_MAX];

        clew_safe_cstr(word, text, sizeof(text));
        for (uint32_t i = 0; i < w->n; i++) {
                if (strcmp(w->names[i], text) == 0)
                        return i;
        }
        if (w->n == VERDICTS_MAX)
                return UINT32_MAX;
        memcpy(w->names[w->n], text, sizeof(text));
        return w->n++;
}

/* Index of the verdict; UINT32_MAX = none. */
static uint32_t word_of(struct words *w, struct clew_slice label, bool has_value, double value)
{
        if (label.len == 0 && !has_value)
                return UINT32_MAX;
        return index_of(w, label.len ? label : clew_slice_of_cstr(value >= 0.5 ? "pass" : "fail"));
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

static int keep(struct checking *k, const struct pair *pair)
{
        if (pair->a == UINT32_MAX || pair->b == UINT32_MAX)
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
        k->pairs[k->n++] = *pair;
        return 0;
}

/* ---- against experts ------------------------------------------------------------------------- */

/* The score of that name of the facet, when it speaks of the run as a whole. */
static const struct clew_annotation_score *score_of(const struct clew_facet *f, const char *name)
{
        const struct clew_annotation_score *s = &f->by->scores[f->index];

        return f->kind == CLEW_FACET_SCORE && f->by->target == CLEW_ANNOTATED_TRACE &&
                               clew_slice_eq_cstr(s->name, name)
                       ? s
                       : NULL;
}

/* What experts said of the run, each beside the judge's verdict, or (@judge JUDGE) each beside what
 * those said whose name comes behind his. */
static int compare_words(struct checking *k, const struct clew_reviews *reviews,
                         const struct clew_trace_id *id, const char *name, uint32_t judge)
{
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < reviews->n_now; i++) {
                const struct clew_annotation *by = reviews->now[i].by;
                const struct clew_annotation_score *s = score_of(&reviews->now[i], name);
                struct pair pair = {.id = *id, .a = judge, .by_a = JUDGE};

                if (!s)
                        continue;
                pair.by_b = index_of(&k->experts, by->author);
                pair.b = word_of(&k->words, s->label, s->has_value, s->value);
                if (judge != JUDGE) {
                        r = keep(k, &pair);
                        continue;
                }
                for (uint32_t j = 0; r == 0 && j < reviews->n_now; j++) {
                        const struct clew_annotation_score *other =
                                score_of(&reviews->now[j], name);

                        if (!other || clew_slice_cmp(reviews->now[j].by->author, by->author) >= 0)
                                continue;
                        pair.by_a = index_of(&k->experts, reviews->now[j].by->author);
                        pair.a = word_of(&k->words, other->label, other->has_value, other->value);
                        if (pair.by_a != UINT32_MAX && pair.by_b != UINT32_MAX)
                                r = keep(k, &pair);
                }
        }
        return r;
}

static int compare_trace(struct checking *k, struct clew_view *view, const struct clew_trace_id *id,
                         const char *name, const char *version, bool experts)
{
        CLEW_ARENA arena = {0};
        struct clew_reviews reviews;
        struct clew_error err = {0};
        uint32_t judge = experts ? JUDGE : verdict_of(k, view, id, name, version);
        int r;

        if (!experts && judge == UINT32_MAX)
                return 0;
        clew_arena_init(&arena, (size_t)64 << 20);
        r = clew_reviews_of_trace(view, id, &arena, &reviews, &err);
        return r < 0 ? clew_cli_fail(k->cli, r, &err) : compare_words(k, &reviews, id, name, judge);
}

/* Rows: the first one's verdicts. Returns how many pairs there are. */
static size_t count(const struct checking *k, const struct between *who,
                    uint64_t table[VERDICTS_MAX * VERDICTS_MAX])
{
        size_t n = 0;

        memset(table, 0, VERDICTS_MAX * VERDICTS_MAX * sizeof(*table));
        for (size_t i = 0; i < k->n; i++) {
                if (!is_between(&k->pairs[i], who))
                        continue;
                table[k->pairs[i].a * k->words.n + k->pairs[i].b]++;
                n++;
        }
        return n;
}

static void print_table(struct checking *k, const struct between *who, const char *rows,
                        const char *columns)
{
        uint64_t table[VERDICTS_MAX * VERDICTS_MAX];

        (void)count(k, who, table);
        fprintf(k->cli->out, "%-16s", rows);
        for (uint32_t j = 0; j < k->words.n; j++)
                fprintf(k->cli->out, "  %12.12s", k->words.names[j]);
        fprintf(k->cli->out, "   (%s)\n", columns);
        for (uint32_t i = 0; i < k->words.n; i++) {
                fprintf(k->cli->out, "%-16.16s", k->words.names[i]);
                for (uint32_t j = 0; j < k->words.n; j++)
                        fprintf(k->cli->out, "  %12" PRIu64, table[i * k->words.n + j]);
                fputc('\n', k->cli->out);
        }
}

static void print_pairs(struct checking *k, const struct between *who, const char *a, const char *b)
{
        size_t n = 0;

        for (size_t i = 0; i < k->n; i++) {
                const struct pair *p = &k->pairs[i];
                char hex[CLEW_TRACE_ID_HEX];

                if (p->a == p->b || !is_between(p, who) || n++ >= SHOWN_MAX)
                        continue;
                clew_trace_id_to_hex(&p->id, hex);
                fprintf(k->cli->out, "%s  %s %s, %s %s", hex, a, k->words.names[p->a], b,
                        k->words.names[p->b]);
                if (!who && p->by_b != JUDGE) /* which expert */
                        fprintf(k->cli->out, " (%s)", k->experts.names[p->by_b]);
                fputc('\n', k->cli->out);
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

struct agreement {
        size_t n;
        double share;
        double kappa; /* Cohen's */
        struct clew_interval interval;
};

static struct agreement agreement_of(const struct checking *k, const struct between *who)
{
        uint64_t table[VERDICTS_MAX * VERDICTS_MAX];
        struct agreement a;

        a.n = count(k, who, table);
        a.kappa = clew_kappa(table, k->words.n, &a.share, &a.interval);
        return a;
}

static void put_name(struct clew_json_writer *w, const char *key, const struct checking *k,
                     uint32_t by)
{
        if (by == JUDGE)
                return;
        clew_json_write_key(w, key);
        clew_json_write_cstr(w, k->experts.names[by]);
}

/* null for what cannot be said. */
static void put_finite(struct clew_json_writer *w, double v)
{
        if (isfinite(v))
                clew_json_write_double(w, v);
        else
                clew_json_write_null(w);
}

static void print_json(struct checking *k, const struct between *who)
{
        const struct agreement it = agreement_of(k, who);
        CLEW_BUFFER line = {0};
        struct clew_json_writer w = clew_json_writer_make(&line, 0);

        clew_buffer_init(&line, (size_t)64 << 20);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "agreement");
        if (who) {
                put_name(&w, "a", k, who->a);
                put_name(&w, "b", k, who->b);
        }
        clew_json_write_key(&w, "n");
        clew_json_write_uint64(&w, it.n);
        clew_json_write_key(&w, "agreement");
        put_finite(&w, it.share);
        clew_json_write_key(&w, "kappa");
        put_finite(&w, it.kappa);
        clew_json_write_key(&w, "interval");
        clew_json_write_array_begin(&w);
        put_finite(&w, it.interval.low);
        put_finite(&w, it.interval.high);
        clew_json_write_array_end(&w);
        clew_json_write_key(&w, "differ");
        clew_json_write_array_begin(&w);
        for (size_t i = 0; i < k->n; i++) {
                char hex[CLEW_TRACE_ID_HEX];

                if (k->pairs[i].a == k->pairs[i].b || !is_between(&k->pairs[i], who))
                        continue;
                clew_trace_id_to_hex(&k->pairs[i].id, hex);
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "trace_id");
                clew_json_write_cstr(&w, hex);
                clew_json_write_key(&w, "a");
                clew_json_write_cstr(&w, k->words.names[k->pairs[i].a]);
                clew_json_write_key(&w, "b");
                clew_json_write_cstr(&w, k->words.names[k->pairs[i].b]);
                if (!who)
                        put_name(&w, "expert", k, k->pairs[i].by_b);
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        clew_json_write_object_end(&w);
        fprintf(k->cli->out, "%.*s\n", (int)line.len, (const char *)line.data);
}

static int over_all(struct checking *k, const struct clew_filter_flags *filter_flags,
                    struct clew_arguments *args, const char *name, const char *a, const char *b,
                    bool experts)
{
        struct clew_trace_id *ids = NULL;
        struct clew_view *view;
        size_t n = 0;
        int r = clew_cli_select_ids(k->cli, args, filter_flags, 0, &k->arena, &ids, &n);

        if (r == 0)
                r = clew_cli_view(k->cli, &view);
        for (size_t i = 0; r == 0 && i < n; i++) {
                const struct pair flip = {
                        .id = ids[i],
                        .a = b ? verdict_of(k, view, &ids[i], name, a) : UINT32_MAX,
                        .b = b ? verdict_of(k, view, &ids[i], name, b) : UINT32_MAX,
                        .by_a = JUDGE,
                        .by_b = JUDGE,
                };

                r = b ? keep(k, &flip) : compare_trace(k, view, &ids[i], name, a, experts);
        }
        return r;
}

/* ": 85.0 % agree, Cohen's kappa ..." */
static void print_agreement(struct checking *k, const struct agreement *it)
{
        fprintf(k->cli->out, ": %.1f %% agree, ", 100 * it->share);
        if (isfinite(it->kappa))
                fprintf(k->cli->out, "Cohen's kappa %.3f (95 %% interval %.3f to %.3f)\n",
                        it->kappa, it->interval.low, it->interval.high);
        else
                fprintf(k->cli->out, "no kappa, because all say the same\n");
}

static void print_check(struct checking *k, const char *name)
{
        const struct agreement it = agreement_of(k, NULL);

        fprintf(k->cli->out, "%zu verdict%s beside an expert's", it.n, it.n == 1 ? "" : "s");
        print_agreement(k, &it);
        print_table(k, NULL, "judge", "expert");
        print_pairs(k, NULL, "judge", "expert");
        if (k->experts.n > 1)
                clew_cli_note(k->cli, "how far the experts agree: %s judge --experts --name %s",
                              k->cli->self, name);
        if (they_differ(k))
                clew_cli_note(k->cli, "next: %s annotate --queue $(%s judge --check --name %s -q)",
                              k->cli->self, k->cli->self, name);
}

int clew_judge_check(struct clew_cli *cli, const char *name, const char *version,
                     const struct clew_look *look, const struct clew_filter_flags *filter_flags,
                     struct clew_arguments *args, enum clew_agreement_form form)
{
        struct checking k = {.cli = cli, .look = look};
        int r;

        clew_arena_init(&k.arena, ARENA_MAX);
        r = over_all(&k, filter_flags, args, name, version, NULL, false);
        if (r == 0 && k.n == 0) {
                clew_cli_error(cli,
                               "no run has both a verdict of that judge and an expert's score of "
                               "that name (clew annotate ID --score NAME=...)");
                r = CLEW_EXIT_USAGE;
        } else if (r == 0 && form == CLEW_AGREEMENT_JSON) {
                print_json(&k, NULL);
        } else if (r == 0 && form == CLEW_AGREEMENT_IDS) {
                print_ids(&k);
        } else if (r == 0) {
                print_check(&k, name);
        }
        clew_arena_deinit(&k.arena);
        return r;
}

/* Two experts, when some run has a score of both. */
static void print_two(struct checking *k, const struct between *who, bool json)
{
        const struct agreement it = agreement_of(k, who);
        const char *a = k->experts.names[who->a];
        const char *b = k->experts.names[who->b];

        if (it.n == 0)
                return;
        if (json) {
                print_json(k, who);
                return;
        }
        fprintf(k->cli->out, "%s and %s, %zu run%s", a, b, it.n, it.n == 1 ? "" : "s");
        print_agreement(k, &it);
        print_table(k, who, a, b);
        print_pairs(k, who, a, b);
}

int clew_judge_experts(struct clew_cli *cli, const char *name, const struct clew_look *look,
                       const struct clew_filter_flags *filter_flags, struct clew_arguments *args,
                       enum clew_agreement_form form)
{
        struct checking k = {.cli = cli, .look = look};
        int r;

        clew_arena_init(&k.arena, ARENA_MAX);
        r = over_all(&k, filter_flags, args, name, NULL, NULL, true);
        if (r == 0 && k.n == 0) {
                clew_cli_error(cli,
                               "no run has scores of that name from two people (clew annotate ID "
                               "--score NAME=...)");
                r = CLEW_EXIT_USAGE;
        } else if (r == 0 && form == CLEW_AGREEMENT_IDS) {
                print_ids(&k);
        }
        for (uint32_t a = 0; r == 0 && form != CLEW_AGREEMENT_IDS && a < k.experts.n; a++) {
                for (uint32_t b = 0; b < k.experts.n; b++)
                        print_two(&k, &(struct between){a, b}, form == CLEW_AGREEMENT_JSON);
        }
        if (r == 0 && form == CLEW_AGREEMENT_TEXT && they_differ(&k))
                clew_cli_note(cli, "next: %s annotate --queue $(%s judge --experts --name %s -q)",
                              cli->self, cli->self, name);
        clew_arena_deinit(&k.arena);
        return r;
}

int clew_judge_flips(struct clew_cli *cli, const char *name, const char *a, const char *b,
                     const struct clew_look *look, const struct clew_filter_flags *filter_flags,
                     struct clew_arguments *args, enum clew_agreement_form form)
{
        struct checking k = {.cli = cli, .look = look};
        size_t n = 0;
        int r;

        clew_arena_init(&k.arena, ARENA_MAX);
        r = over_all(&k, filter_flags, args, name, a, b, false);
        if (r == 0 && k.n == 0) {
                clew_cli_error(cli, "no run has verdicts of both versions of that judge");
                r = CLEW_EXIT_USAGE;
        } else if (r == 0 && form == CLEW_AGREEMENT_JSON) {
                print_json(&k, NULL);
        } else if (r == 0 && form == CLEW_AGREEMENT_IDS) {
                print_ids(&k);
        } else if (r == 0) {
                for (size_t i = 0; i < k.n; i++)
                        n += k.pairs[i].a != k.pairs[i].b;
                fprintf(cli->out, "%zu of %zu runs are judged differently\n", n, k.n);
                print_pairs(&k, NULL, a, b);
        }
        clew_arena_deinit(&k.arena);
        return r;
}
