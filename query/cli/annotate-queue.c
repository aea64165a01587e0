/*
 * clew annotate --queue: review in the terminal, one run after the other, by single keys.
 *
 * The queue is a selection without what I have said something about already, so it can be left at
 * any time and taken up again. Each key is one annotation, durable before the next run is shown;
 * `u` takes the last one back. A confirmed finding becomes the failing step.
 */
#include "query/cli/annotate-int.h"

#include "query/cli/commands.h"
#include "query/cli/items.h"
#include "query/cli/open.h"
#include "query/review/record.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define IDS_ARENA_MAX ((size_t)256 << 20)
#define KEYS_MAX 9u
#define LINE_MAX_BYTES 4096u

struct queue {
        struct clew_annotate *c;
        struct clew_trace_id *ids;
        size_t n;
        size_t at;
        size_t done; /* annotated in this sitting */
        bool named;  /* the runs were named: what was said of them is shown */
        struct clew_slice labels[KEYS_MAX];
        uint32_t n_labels;
        uint64_t last; /* number of the last annotation; 0 = nothing to undo */
        size_t last_at;
        struct termios before;
        sigset_t mask;                    /* without the block on SIGINT */
        struct clew_annotate_shown shown; /* of the run on the screen */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
        (void)number;
        interrupted = 1;
}

/* ---- the terminal ---------------------------------------------------------------------------- */

/* Keys come one by one and unseen; signals stay. */
static int single_keys(struct queue *q)
{
        struct termios t;

        if (tcgetattr(STDIN_FILENO, &q->before) < 0)
                return -errno;
        t = q->before;
        t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        t.c_cc[VMIN] = 1;
        t.c_cc[VTIME] = 0;
        return tcsetattr(STDIN_FILENO, TCSADRAIN, &t) < 0 ? -errno : 0;
}

static void lines_again(struct queue *q)
{
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &q->before);
}

/* One byte; false at the end of input and at interrupt, which is let through here alone. */
static bool read_byte(struct queue *q, char *ret)
{
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        int n;

        fflush(q->c->cli->out);
        clew_cli_let_go(q->c->cli);
        do {
                n = ppoll(&in, 1, NULL, &q->mask);
        } while (n < 0 && errno == EINTR && !interrupted);
        return !interrupted && n == 1 && read(STDIN_FILENO, ret, 1) == 1;
}

/* A key, or 'q' at the end of input and at interrupt. */
static char read_key(struct queue *q)
{
        char c = 0;

        return read_byte(q, &c) && c != 4 ? c : 'q';
}

/* A line with the terminal's own editing; empty = nothing. */
static struct clew_slice read_line(struct queue *q, const char *prompt, char *ret)
{
        size_t len = 0;
        char c;

        fprintf(q->c->cli->out, "%s", prompt);
        lines_again(q);
        while (read_byte(q, &c) && c != '\n') {
                if (len + 1 < LINE_MAX_BYTES)
                        ret[len++] = c;
        }
        (void)single_keys(q);
        return clew_slice_make(ret, len);
}

/* ---- what is in the queue ---------------------------------------------------------------------
 */

struct gathering {
        struct clew_annotate *c;
        struct clew_arena *arena;
        struct clew_trace_id *ids;
        size_t n;
        size_t room;
};

static int keep_id(struct gathering *g, const struct clew_trace_id *id)
{
        if (g->n == g->room) {
                size_t room = g->room ? 2 * g->room : 256;
                struct clew_trace_id *more = clew_arena_calloc(g->arena, room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                if (g->n)
                        memcpy(more, g->ids, g->n * sizeof(*more));
                g->ids = more;
                g->room = room;
        }
        g->ids[g->n++] = *id;
        return 0;
}

/* 1 = I have said something about it. */
static int is_mine(struct gathering *g, struct clew_view *view, const struct clew_trace_id *id,
                   struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        struct clew_reviews reviews;
        int r;

        clew_arena_init(&arena, CLEW_REVIEW_ARENA_MAX);
        r = clew_reviews_of_trace(view, id, &arena, &reviews, err);
        return r < 0 ? r : clew_reviews_by(&reviews, clew_slice_of_cstr(g->c->author));
}

static int select_all(struct gathering *g)
{
        struct clew_annotate *c = g->c;
        struct clew_filter filter;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        struct clew_view *view;
        int r = clew_filter_make(c->cli, &c->filter_flags, NULL, c->look.utc, &filter);

        if (r == 0)
                r = clew_cli_view(c->cli, &view);
        if (r != 0)
                return r;
        r = clew_select_init(&s, view, &filter, c->cli->clock, NULL, &err);
        while (r >= 0 && (c->limit == 0 || g->n < c->limit) &&
               (r = clew_select_next(&s, &t, &err)) == 1) {
                int mine = is_mine(g, view, &t.id, &err);

                r = mine < 0 ? mine : mine ? 0 : keep_id(g, &t.id);
        }
        r = r < 0 ? clew_cli_fail(c->cli, r, &err) : clew_filter_report(c->cli, &s);
        clew_select_deinit(&s);
        return r;
}

/* A name that is not there is told before the first run is shown. */
static int check_dataset(struct clew_annotate *c)
{
        CLEW_ARENA arena = {0};
        struct clew_dataset d;

        clew_arena_init(&arena, IDS_ARENA_MAX);
        return clew_cli_dataset(c->cli, c->dataset, &arena, &d);
}

int clew_annotate_collect(struct clew_annotate *c, struct clew_arguments *args,
                          struct clew_arena *arena, struct clew_trace_id **ret, size_t *ret_n)
{
        struct gathering g = {.c = c, .arena = arena};
        int r = c->dataset ? check_dataset(c) : 0;

        if (r == 0 && args->n > 0)
                return clew_cli_select_ids(c->cli, args, &c->filter_flags, 0, arena, ret, ret_n);
        if (r == 0)
                r = select_all(&g);
        *ret = g.ids;
        *ret_n = g.n;
        return r;
}

static int read_labels(struct queue *q)
{
        struct clew_slice rest = clew_slice_of_cstr(q->c->label_list);

        while (rest.len > 0) {
                const uint8_t *comma = memchr(rest.data, ',', rest.len);
                size_t len = comma ? (size_t)(comma - rest.data) : rest.len;
                struct clew_slice label = clew_slice_make(rest.data, len);

                rest = clew_slice_from(rest, len + 1);
                if (q->n_labels == KEYS_MAX || !clew_name_is_good(label)) {
                        clew_cli_error(q->c->cli,
                                       "--labels takes 1 to %u labels with commas "
                                       "between, without blanks",
                                       KEYS_MAX);
                        return CLEW_EXIT_USAGE;
                }
                q->labels[q->n_labels++] = label;
        }
        return 0;
}

/* ---- one run -------------------------------------------------------------------------------- */

static void show_keys(struct queue *q)
{
        for (uint32_t i = 0; i < q->n_labels; i++)
                fprintf(q->c->cli->out, "[%u] %.*s  ", i + 1, (int)q->labels[i].len,
                        (const char *)q->labels[i].data);
        fprintf(q->c->cli->out,
                "%sy finding is right  x it is wrong  f failing step\n"
                "n note  c correct  t tree  %ss skip  u undo  q quit\n",
                q->n_labels ? "\n" : "", q->c->dataset ? "d to the dataset  " : "");
}

static int show_run(struct queue *q)
{
        char hex[CLEW_TRACE_ID_HEX];
        int r;

        clew_trace_id_to_hex(&q->ids[q->at], hex);
        fprintf(q->c->cli->out, "\n%zu of %zu   ", q->at + 1, q->n);
        r = q->c->cli->url ? clew_annotate_ask_show(q->c, hex, q->named, &q->shown)
                           : clew_annotate_show(q->c, hex, q->named, &q->shown);
        if (r == 0)
                show_keys(q);
        return r;
}

/* ---- keys --------------------------------------------------------------------------------------
 */

static struct clew_annotation about_run(struct queue *q)
{
        return (struct clew_annotation){
                .author = clew_slice_of_cstr(q->c->author),
                .time_ns = clew_clock_unix_ns(q->c->cli->clock),
                .target = CLEW_ANNOTATED_TRACE,
                .trace_id = q->ids[q->at],
        };
}

static void about_step(struct queue *q, struct clew_annotation *a, uint32_t step,
                       const struct clew_span_id *span)
{
        (void)q;
        a->target = CLEW_ANNOTATED_SPAN;
        a->step = step;
        a->span_id = *span;
}

static int add(struct queue *q, struct clew_annotation *a, const char *said)
{
        struct clew_error err = {0};
        int r;

        if (clew_annotation_check(a, &err) < 0) {
                fprintf(q->c->cli->out, "%s\n", err.message);
                return 0;
        }
        if (q->c->cli->url) {
                r = clew_annotate_ask_add(q->c, a);
        } else if (q->c->rubric) {
                CLEW_ARENA arena = {0};

                clew_arena_init(&arena, CLEW_REVIEW_ARENA_MAX);
                r = clew_annotate_rubric(q->c, q->c->rubric, &arena, a);
                r = r == 0 ? clew_annotate_add(q->c, a, 1) : r;
        } else {
                r = clew_annotate_add(q->c, a, 1);
        }
        if (r != 0)
                return r;
        q->last = a->number;
        q->last_at = q->at;
        q->done++;
        fprintf(q->c->cli->out, "%s\n", said);
        return 0;
}

static int give_label(struct queue *q, uint32_t i)
{
        struct clew_annotation a = about_run(q);
        char said[CLEW_NAME_BYTES_MAX + 16];
        int r;

        a.has_labels = true;
        a.labels[a.n_labels++] = q->labels[i];
        snprintf(said, sizeof(said), "label %.*s", (int)q->labels[i].len,
                 (const char *)q->labels[i].data);
        r = add(q, &a, said);
        q->at++;
        return r;
}

static int judge_finding(struct queue *q, bool right)
{
        struct clew_annotation a = about_run(q);

        if (q->shown.cause_step == 0) {
                fprintf(q->c->cli->out, "there is no finding\n");
                return 0;
        }
        about_step(q, &a, q->shown.cause_step, &q->shown.cause_span);
        a.finding = clew_slice_of_cstr(q->shown.rule);
        a.verdict = right ? CLEW_FINDING_CONFIRMED : CLEW_FINDING_REJECTED;
        a.failing = right;
        return add(q, &a, right ? "finding confirmed: the failing step" : "finding rejected");
}

static int name_failing(struct queue *q)
{
        struct clew_annotation a = about_run(q);
        char line[LINE_MAX_BYTES];
        char id[CLEW_TRACE_ID_HEX + LINE_MAX_BYTES];
        char hex[CLEW_TRACE_ID_HEX];
        struct clew_slice text = read_line(q, "step number: ", line);

        if (text.len == 0)
                return 0;
        clew_trace_id_to_hex(&q->ids[q->at], hex);
        snprintf(id, sizeof(id), "%s#%.*s", hex, (int)text.len, (const char *)text.data);
        if ((q->c->cli->url ? clew_annotate_ask_target(q->c, id, &a)
                            : clew_annotate_target(q->c, id, &a)) != 0 ||
            a.target != CLEW_ANNOTATED_SPAN)
                return q->c->lost ? CLEW_EXIT_STORE : 0; /* told */
        a.failing = true;
        return add(q, &a, "failing step");
}

static int write_text(struct queue *q, bool is_note)
{
        struct clew_annotation a = about_run(q);
        char line[LINE_MAX_BYTES];
        struct clew_slice text = read_line(q, is_note ? "note: " : "should have been: ", line);

        if (text.len == 0)
                return 0;
        if (is_note) {
                a.note = text;
        } else {
                a.correction = text;
                a.has_correction = true;
                if (q->shown.cause_step)
                        about_step(q, &a, q->shown.cause_step, &q->shown.cause_span);
        }
        return add(q, &a, is_note ? "note kept" : "correction kept");
}

static int take_back(struct queue *q)
{
        struct clew_annotation a;
        uint64_t number = q->last;
        int r;

        if (number == 0) {
                fprintf(q->c->cli->out, "nothing to undo\n");
                return 0;
        }
        q->at = q->last_at;
        a = about_run(q);
        a.undo = number;
        r = add(q, &a, "taken back");
        q->last = 0;
        q->done -= q->done > 1 ? 2 : q->done;
        return r;
}

static int show_tree(struct queue *q)
{
        char name[] = "tree";
        char pager[] = "--no-pager";
        char hex[CLEW_TRACE_ID_HEX];
        char *argv[] = {name, hex, pager, NULL};

        clew_trace_id_to_hex(&q->ids[q->at], hex);
        return q->c->cli->url ? clew_annotate_ask(q->c, argv, 3)
                              : clew_cmd_tree(q->c->cli, 3, argv);
}

static int add_to_dataset(struct queue *q)
{
        char name[] = "dataset";
        char verb[] = "add";
        char dataset[CLEW_NAME_BYTES_MAX + 1];
        char hex[CLEW_TRACE_ID_HEX];
        char *argv[] = {name, verb, dataset, hex, NULL};

        if (!q->c->dataset) {
                fprintf(q->c->cli->out, "to which dataset? --dataset NAME names it\n");
                return 0;
        }
        snprintf(dataset, sizeof(dataset), "%s", q->c->dataset);
        clew_trace_id_to_hex(&q->ids[q->at], hex);
        if (q->c->cli->url)
                (void)!clew_annotate_ask(q->c, argv, 4);
        else
                (void)clew_cmd_dataset(q->c->cli, 4, argv);
        return q->c->lost ? CLEW_EXIT_STORE : 0; /* told; the queue goes on */
}

/* 0 = go on, 1 = quit, else an exit status. */
static int press(struct queue *q, char key, bool *ret_quit)
{
        if (key >= '1' && key <= '9' && (uint32_t)(key - '0') <= q->n_labels)
                return give_label(q, (uint32_t)(key - '1'));
        switch (key) {
        case 'y':
        case 'x':
                return judge_finding(q, key == 'y');
        case 'f':
                return name_failing(q);
        case 'n':
        case 'c':
                return write_text(q, key == 'n');
        case 't':
                return show_tree(q);
        case 'd':
                return add_to_dataset(q);
        case 's':
                q->at++;
                return 0;
        case 'u':
                return take_back(q);
        case 'q':
                *ret_quit = true;
                return 0;
        default:
                return 0;
        }
}

static int work(struct queue *q)
{
        bool quit = false;
        int r = 0;

        while (r == 0 && !quit && q->at < q->n) {
                size_t at = q->at;

                r = show_run(q);
                if (r != 0 && !q->c->lost) { /* damaged, or gone: the next one */
                        q->at++;
                        r = 0;
                        continue;
                }
                while (r == 0 && !quit && q->at == at)
                        r = press(q, read_key(q), &quit);
        }
        return r;
}

int clew_annotate_queue(struct clew_annotate *c, struct clew_arguments *args)
{
        struct sigaction action = {.sa_handler = on_interrupt};
        struct sigaction old;
        sigset_t block;
        CLEW_ARENA arena = {0};
        struct queue q = {.c = c};
        int r;

        if (!isatty(STDIN_FILENO)) {
                clew_cli_error(c->cli, "--queue needs a terminal; --from FILE takes many at once");
                return CLEW_EXIT_USAGE;
        }
        clew_arena_init(&arena, IDS_ARENA_MAX);
        r = read_labels(&q);
        q.named = args->n > 0;
        if (r == 0)
                r = c->cli->url ? clew_annotate_ask_ids(c, &arena, &q.ids, &q.n)
                                : clew_annotate_collect(c, args, &arena, &q.ids, &q.n);
        if (r != 0)
                return r;
        if (single_keys(&q) < 0)
                return clew_cli_fail(c->cli, -errno, NULL);
        sigemptyset(&block);
        sigaddset(&block, SIGINT);
        sigprocmask(SIG_BLOCK, &block, &q.mask);
        sigaction(SIGINT, &action, &old);
        r = work(&q);
        sigaction(SIGINT, &old, NULL);
        sigprocmask(SIG_SETMASK, &q.mask, NULL);
        lines_again(&q);
        clew_cli_note(c->cli, "%zu left, %zu annotations in this sitting%s", q.n - q.at, q.done,
                      q.at < q.n ? "; the same command goes on here" : "");
        return r;
}
