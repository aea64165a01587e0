/*
 * clew experiment compare A B: what got better, what broke, and whether chance explains it.
 */
#include "query/cli/experiment-int.h"

#include "proto/base/number.h"
#include "query/answer/review-record.h"
#include "query/answer/safe.h"
#include "query/cli/open.h"
#include "query/cli/outfile.h"
#include "query/serve/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define REPORT_BYTES_MAX ((size_t)256 << 20)
/* Cases of one kind shown to people. */
#define SHOWN_MAX 20u
#define TEXT_MAX 120u
/* Columns of what a case asks. */
#define QUESTION_MAX 60u

struct gate;

struct comparing {
        struct clew_experiment_command *c;
        struct gate *gates; /* one a --fail-if */
        struct clew_experiment a;
        struct clew_experiment b;
        struct clew_experiment_comparison r;
};

/* ---- gates: the numbers that --fail-if may name -----------------------------------------------
 */

enum operator{ OVER, FROM, UNDER, TO, N_OPERATORS };

static const char *const operators[N_OPERATORS] = {
        [OVER] = ">", [FROM] = ">=", [UNDER] = "<", [TO] = "<="};

struct gate {
        struct clew_slice name;
        enum operator op;
        double limit;
};

static double number_of(const struct clew_experiment_comparison *r, struct clew_slice name,
                        bool *ret_known)
{
        const struct {
                const char *name;
                double value;
        } numbers[] = {
                {"broken", r->broken},
                {"fixed", r->fixed},
                {"failing", r->failing},
                {"passing", r->passing},
                {"items", r->n},
                {"only_a", r->only_a},
                {"only_b", r->only_b},
                {"rate_a", r->rate_a},
                {"rate_b", r->rate_b},
                {"difference", r->rate.difference},
                {"difference_low", r->rate.interval.low},
                {"difference_high", r->rate.interval.high},
                {"p", r->p},
                {"tokens", r->tokens.n ? r->tokens.difference : NAN},
                {"cost", r->cost.n ? r->cost.difference : NAN},
                {"seconds", r->seconds.n ? r->seconds.difference : NAN},
                {"score", r->score.n ? r->score.difference : NAN},
                {"score_low", r->score.n ? r->score.interval.low : NAN},
                {"pass_at_k", r->pass_at_b},
                {"pass_all_k", r->pass_all_b},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++) {
                if (clew_slice_eq_cstr(name, numbers[i].name)) {
                        *ret_known = true;
                        return numbers[i].value;
                }
        }
        *ret_known = false;
        return NAN;
}

static struct clew_slice word(struct clew_slice *s)
{
        size_t n = 0;
        struct clew_slice w;

        while (s->len && s->data[0] == ' ')
                *s = clew_slice_from(*s, 1);
        while (n < s->len && s->data[n] != ' ')
                n++;
        w = clew_slice_make(s->data, n);
        *s = clew_slice_from(*s, n);
        return w;
}

/* "broken > 0"; told before anything is compared. */
static int read_gate(struct clew_experiment_command *c, const char *text, struct gate *ret)
{
        const struct clew_experiment_comparison none = {0};
        struct clew_slice rest = clew_slice_of_cstr(text);
        struct clew_slice op;
        char shown[160];
        bool known;

        ret->name = word(&rest);
        op = word(&rest);
        (void)number_of(&none, ret->name, &known);
        for (ret->op = 0; ret->op < N_OPERATORS; ret->op++) {
                if (clew_slice_eq_cstr(op, operators[ret->op]))
                        break;
        }
        if (known && ret->op < N_OPERATORS && clew_parse_double(word(&rest), &ret->limit) &&
            isfinite(ret->limit) && word(&rest).len == 0)
                return 0;
        clew_safe_cstr(clew_slice_of_cstr(text), shown, sizeof(shown));
        clew_cli_error(c->cli,
                       known ? "--fail-if takes NAME OP NUMBER with > >= < <=, such as "
                               "'broken > 0'; this is none: %s"
                             : "--fail-if takes NAME OP NUMBER, and a comparison has no number of "
                               "that name: %s; clew experiment --help lists them",
                       shown);
        return CLEW_EXIT_USAGE;
}

static int read_gates(struct comparing *k)
{
        struct clew_experiment_command *c = k->c;
        int r = 0;

        k->gates = clew_arena_calloc(&c->arena, c->fail_if.n + 1, sizeof(*k->gates));
        if (!k->gates)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        for (size_t i = 0; r == 0 && i < c->fail_if.n; i++)
                r = read_gate(c, c->fail_if.values[i], &k->gates[i]);
        return r;
}

static bool holds(const struct gate *g, double x)
{
        switch (g->op) {
        case OVER:
                return x > g->limit;
        case FROM:
                return x >= g->limit;
        case UNDER:
                return x < g->limit;
        case TO:
                return x <= g->limit;
        case N_OPERATORS:
                break;
        }
        return false;
}

/* A gate about what nobody told is no open gate. */
static int judge_gates(struct comparing *k)
{
        int status = 0;

        for (size_t i = 0; i < k->c->fail_if.n; i++) {
                bool known;
                double x = number_of(&k->r, k->gates[i].name, &known);

                if (!isfinite(x)) {
                        clew_cli_error(k->c->cli,
                                       "--fail-if '%s' cannot be answered: no case has that number "
                                       "on both sides",
                                       k->c->fail_if.values[i]);
                        return CLEW_EXIT_USAGE;
                }
                if (holds(&k->gates[i], x)) {
                        clew_cli_note(k->c->cli, "failed: %s (it is %.4g)", k->c->fail_if.values[i],
                                      x);
                        status = CLEW_EXIT_NOTHING;
                }
        }
        return status;
}

/* ---- for people ------------------------------------------------------------------------------ */

static void put_rate(struct clew_buffer *out, const char *name, double rate, struct clew_interval i)
{
        clew_buffer_printf(out, "%s  %.1f %% pass (95 %% interval %.1f to %.1f)\n", name,
                           100 * rate, 100 * i.low, 100 * i.high);
}

static void put_difference(struct clew_buffer *out, const char *name,
                           const struct clew_difference *d, double scale, const char *unit)
{
        if (d->n == 0)
                return;
        clew_buffer_printf(out,
                           "%-10s %+.4g%s  (%.4g to %.4g; 95 %% interval %+.4g to %+.4g; %u "
                           "cases)\n",
                           name, scale * d->difference, unit, scale * d->a, scale * d->b,
                           scale * d->interval.low, scale * d->interval.high, d->n);
}

static void put_summary(struct comparing *k, struct clew_buffer *out)
{
        const struct clew_experiment_comparison *r = &k->r;

        clew_buffer_append_cstr(out, "A ");
        clew_safe_line(out, k->a.name, 60, true);
        clew_buffer_append_cstr(out, "   B ");
        clew_safe_line(out, k->b.name, 60, true);
        clew_buffer_printf(out, "   %u cases in both%s\n", r->n,
                           r->only_a + r->only_b ? " (others are left out)" : "");
        put_rate(out, "A", r->rate_a, r->interval_a);
        put_rate(out, "B", r->rate_b, r->interval_b);
        clew_buffer_printf(out, "%u fixed, %u broken, %u still failing, %u still passing\n",
                           r->fixed, r->broken, r->failing, r->passing);
        put_difference(out, "passes", &r->rate, 100, " points");
        put_difference(out, "score", &r->score, 1, "");
        put_difference(out, "tokens", &r->tokens, 1, "");
        put_difference(out, "cost", &r->cost, 1, " USD");
        put_difference(out, "seconds", &r->seconds, 1, "");
        if (r->k > 1)
                clew_buffer_printf(out, "pass@%u %.3f -> %.3f   pass^%u %.3f -> %.3f\n", r->k,
                                   r->pass_at_a, r->pass_at_b, r->k, r->pass_all_a, r->pass_all_b);
        clew_buffer_printf(
                out, "Verdict: %s%s (exact sign test on the cases that differ: p = %.4g)\n",
                strcmp(r->verdict, "no difference shown") == 0 ? "" : "B is ", r->verdict, r->p);
}

/* Appends where the traces of a broken case part: "first differs at A#8 B#8 tool lookup". Nothing
 * when the programs sent no traces, or not here. */
static void put_parting(struct comparing *k, const struct clew_experiment_pair *p,
                        struct clew_buffer *out)
{
        struct clew_compare c = {0};
        struct clew_error err = {0};
        struct clew_view *view;

        if (clew_cli_view(k->c->cli, &view) == 0 &&
            clew_compare_load(&c.a, view, &p->a->trace_id, CLEW_TRACE_ARENA_MAX, &err) == 0 &&
            clew_compare_load(&c.b, view, &p->b->trace_id, CLEW_TRACE_ARENA_MAX, &err) == 0 &&
            clew_compare_run(&c) == 0 && c.diff.first < c.diff.n) {
                const struct clew_diff_row *row = &c.diff.rows[c.diff.first];
                const struct clew_rca_step *steps[2] = {NULL, NULL};
                const struct clew_rca_step *shown;

                if (row->a != CLEW_ALIGN_NONE)
                        steps[0] = &c.a.view.steps[row->a];
                if (row->b != CLEW_ALIGN_NONE)
                        steps[1] = &c.b.view.steps[row->b];
                shown = steps[1] ? steps[1] : steps[0];
                clew_buffer_append_cstr(out, "first differs at");
                for (int i = 0; i < 2; i++) {
                        if (steps[i])
                                clew_buffer_printf(out, " %c#%u", 'A' + i, steps[i]->number);
                }
                if (shown) {
                        clew_buffer_printf(out, " %s ", clew_compare_kind(shown));
                        clew_safe_line(out, shown->name, 40, true);
                }
        }
        clew_compare_deinit(&c);
}

/* Signs that would be more than text there. */
static void plain_markdown(struct clew_buffer *text)
{
        for (size_t i = 0; i < text->len; i++) {
                if (strchr("|`<>[]*_", text->data[i]))
                        text->data[i] = ' ';
        }
}

static void put_case(struct comparing *k, const struct clew_experiment_pair *p,
                     struct clew_buffer *out, bool markdown)
{
        char item[CLEW_CONTENT_ID_HEX];
        char trace_a[CLEW_TRACE_ID_HEX];
        char trace_b[CLEW_TRACE_ID_HEX];
        struct clew_slice why = p->b->passed ? p->a->why : p->b->why;
        CLEW_ARENA arena = {0};
        CLEW_BUFFER safe = {0};
        CLEW_BUFFER question = {0};

        clew_arena_init(&arena, CLEW_ITEM_ARENA_MAX);
        clew_buffer_init(&safe, 4096);
        clew_buffer_init(&question, 4096);
        clew_safe_line(&question, clew_experiment_question(k->c, &p->item, &arena), QUESTION_MAX,
                       true);
        clew_content_id_to_hex(&p->item, item);
        clew_trace_id_to_hex(&p->a->trace_id, trace_a);
        clew_trace_id_to_hex(&p->b->trace_id, trace_b);
        clew_safe_line(&safe, why, TEXT_MAX, true);
        if (p->change == CLEW_CHANGE_BROKEN) {
                size_t before = safe.len;

                clew_buffer_append_cstr(&safe, safe.len ? "; " : "");
                put_parting(k, p, &safe);
                if (safe.len <= before + 2)
                        safe.len = before;
        }
        if (markdown) {
                plain_markdown(&safe);
                plain_markdown(&question);
                clew_buffer_printf(out,
                                   "| %s | `%.12s` %.*s | %u/%u | %u/%u | %.*s | `clew diff %.8s "
                                   "%.8s` |\n",
                                   clew_change_name(p->change), item, (int)question.len,
                                   (const char *)question.data, p->passed_a, p->n_a, p->passed_b,
                                   p->n_b, (int)safe.len, (const char *)safe.data, trace_a,
                                   trace_b);
        } else {
                clew_buffer_printf(out,
                                   "  %.12s  %.*s\n      %u/%u -> %u/%u  %.*s  (clew diff %.8s "
                                   "%.8s)\n",
                                   item, (int)question.len, (const char *)question.data,
                                   p->passed_a, p->n_a, p->passed_b, p->n_b, (int)safe.len,
                                   (const char *)safe.data, trace_a, trace_b);
        }
}

static void put_cases(struct comparing *k, enum clew_change change, struct clew_buffer *out,
                      bool markdown)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < k->r.n; i++) {
                if (k->r.pairs[i].change != change)
                        continue;
                if (n++ == 0 && !markdown)
                        clew_buffer_printf(out, "%s\n", clew_change_name(change));
                if (n <= SHOWN_MAX)
                        put_case(k, &k->r.pairs[i], out, markdown);
        }
        if (n > SHOWN_MAX && !markdown)
                clew_buffer_printf(out, "  ... and %u more (--json has all)\n", n - SHOWN_MAX);
}

static void put_text(struct comparing *k, struct clew_buffer *out)
{
        bool markdown = k->c->markdown;
        static const enum clew_change order[] = {CLEW_CHANGE_BROKEN, CLEW_CHANGE_FIXED,
                                                 CLEW_CHANGE_FAILING};

        if (markdown)
                clew_buffer_append_cstr(out, "```\n");
        put_summary(k, out);
        if (markdown)
                clew_buffer_append_cstr(out,
                                        "```\n\n| change | case | A | B | why | steps |\n|---|---"
                                        "|---|---|---|---|\n");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(order); i++)
                put_cases(k, order[i], out, markdown);
}

/* ---- for machines -----------------------------------------------------------------------------
 */

static void put_json(struct comparing *k, struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);

        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "comparison");
        clew_comparison_write(&w, k->a.name, k->b.name, &k->r);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(out, '\n');
}

/* JUnit: a case of B fails when it did not pass every try; one that A passed is named so. */
static void put_xml(struct clew_buffer *out, struct clew_slice text)
{
        CLEW_BUFFER safe = {0};

        clew_buffer_init(&safe, 65536);
        clew_safe_line(&safe, text, 1000, true);
        for (size_t i = 0; i < safe.len; i++) {
                switch (safe.data[i]) {
                case '<':
                        clew_buffer_append_cstr(out, "&lt;");
                        break;
                case '>':
                        clew_buffer_append_cstr(out, "&gt;");
                        break;
                case '&':
                        clew_buffer_append_cstr(out, "&amp;");
                        break;
                case '"':
                        clew_buffer_append_cstr(out, "&quot;");
                        break;
                default:
                        clew_buffer_append_byte(out, safe.data[i]);
                        break;
                }
        }
}

static void put_junit(struct comparing *k, struct clew_buffer *out)
{
        uint32_t failures = k->r.n;

        for (uint32_t i = 0; i < k->r.n; i++)
                failures -= k->r.pairs[i].passed_b == k->r.pairs[i].n_b;
        clew_buffer_append_cstr(out,
                                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"");
        put_xml(out, k->b.name);
        clew_buffer_printf(out, "\" tests=\"%u\" failures=\"%u\">\n", k->r.n, failures);
        for (uint32_t i = 0; i < k->r.n; i++) {
                const struct clew_experiment_pair *p = &k->r.pairs[i];
                char item[CLEW_CONTENT_ID_HEX];

                clew_content_id_to_hex(&p->item, item);
                clew_buffer_printf(out, "  <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\"",
                                   clew_change_name(p->change), item,
                                   (double)p->b->duration_ns / 1e9);
                if (p->passed_b == p->n_b) {
                        clew_buffer_append_cstr(out, "/>\n");
                        continue;
                }
                clew_buffer_printf(out,
                                   ">\n    <failure message=\"%s: ", clew_change_name(p->change));
                put_xml(out, p->b->why);
                clew_buffer_append_cstr(out, "\"/>\n  </testcase>\n");
        }
        clew_buffer_append_cstr(out, "</testsuite>\n");
}

/* ---- the command ------------------------------------------------------------------------------
 */

static int write_file(struct comparing *k, struct clew_slice text)
{
        struct clew_outfile f = {0};
        int r = clew_outfile_open(&f, k->c->cli, k->c->junit, true);
        int closed;

        if (r == 0)
                r = clew_outfile_write(&f, k->c->cli, text);
        closed = clew_outfile_close(&f, k->c->cli, r == 0);
        return r ? r : closed;
}

static int print(struct comparing *k)
{
        CLEW_BUFFER out = {0};
        int r = 0;

        clew_buffer_init(&out, REPORT_BYTES_MAX);
        if (k->c->junit) {
                put_junit(k, &out);
                r = clew_buffer_error(&out) < 0 ? clew_cli_fail(k->c->cli, -ENOMEM, NULL)
                                                : write_file(k, clew_buffer_slice(&out));
                clew_buffer_clear(&out);
        }
        if (k->c->json)
                put_json(k, &out);
        else
                put_text(k, &out);
        if (r == 0 && clew_buffer_error(&out) < 0)
                r = clew_cli_fail(k->c->cli, clew_buffer_error(&out), NULL);
        fwrite(out.data, 1, out.len, k->c->cli->out);
        return r;
}

int clew_experiment_compare_command(struct clew_experiment_command *c)
{
        struct comparing k = {.c = c};
        struct clew_error err = {0};
        int r;

        if (c->args.n != 3) {
                clew_cli_error(c->cli, "clew experiment compare A B");
                return CLEW_EXIT_USAGE;
        }
        r = read_gates(&k);
        if (r == 0)
                r = clew_experiment_open(c, c->args.values[1], &k.a);
        if (r == 0)
                r = clew_experiment_open(c, c->args.values[2], &k.b);
        if (r != 0)
                return r;
        if (clew_experiment_compare(&k.a, &k.b, c->seed, &c->arena, &k.r, &err) < 0) {
                clew_cli_error(c->cli, "%s", err.message);
                return CLEW_EXIT_USAGE;
        }
        if (memcmp(&k.a.digest, &k.b.digest, sizeof(k.a.digest)) != 0)
                clew_cli_note(c->cli,
                              "the experiments ran different datasets: only cases that both "
                              "have are compared");
        r = print(&k);
        return r ? r : judge_gates(&k);
}
