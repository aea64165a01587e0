/*
 * clew tail: what is happening now.
 *
 * Without an id: one line when a run appears, and one when it ends, fails or falls silent. With an
 * id: the steps of that run as they come. The store is polled; a view is renewed at each round, so
 * a collector in another process is followed, and no snapshot is kept longer than a round.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/answer/brief.h"
#include "query/answer/safe.h"
#include "query/answer/step-record.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/outcome.h"
#include "query/cli/output.h"
#include "query/cli/served.h"
#include "query/find/index/index.h"
#include "query/find/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* Between two looks at the store. */
#define POLL_NS_DEFAULT (500 * CLEW_NS_PER_MS)
#define POLL_NS_MIN (20 * CLEW_NS_PER_MS)
/* Runs that started longer ago are not watched: their clocks, or their senders, are elsewhere. */
#define LOOK_BACK_NS (24 * 3600 * CLEW_NS_PER_S)
/* Runs remembered. When there are more, all are forgotten and learnt again in silence. */
#define KNOWN_MAX (1u << 20)
#define KNOWN_FIRST 4096u /* places at the beginning; a power of two */
/* An unchanged run is looked at again after so long: it may have become lost. */
#define LOOK_AGAIN_NS (5 * CLEW_NS_PER_S)
/* A run whose root has ended may still send what ran beside it: it is over after so much silence.
 */
#define GRACE_NS (2 * CLEW_NS_PER_S)
#define SUM_BYTES 256u

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
        (void)signal;
        interrupted = 1;
}

/* A run: what was said about it last, and when it was looked at, so that a round does not summarise
 * a whole day again. */
struct known {
        struct clew_trace_id id;
        bool used;
        bool lost;
        uint8_t outcome;     /* enum clew_outcome + 1; 0 = nothing was said */
        uint64_t cause;      /* hash of the rule that explains it; 0 = none */
        uint32_t loops;      /* in it */
        uint64_t arrival_ns; /* of its newest fragment; 0 = sealed */
        uint64_t looked_ns;  /* monotonic */
};

/* Open addressing, at most half full, so that no run is taken for another or forgotten. */
struct known_set {
        struct known *places;
        size_t n_places;
        size_t n;
};

/* What was said about a step: nothing, that it is open, that it has ended. */
struct step_state {
        struct clew_span_id id; /* zero: a free place */
        uint8_t said;
};

/* Of the run that is followed; as above. */
struct step_set {
        struct step_state *places;
        size_t n_places;
        size_t n;
};

struct tail {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_view *view;
        struct clew_filter filter;
        struct clew_filter_flags filter_flags;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        const char *for_text;
        const char *poll_text;
        bool all;        /* each trace by itself, also those that are no run */
        uint64_t end_ns; /* monotonic; 0 = never */
        uint64_t poll_ns;
        struct clew_output output;
        struct known_set known;
        struct step_set steps;
        uint64_t n_runs;
        uint64_t n_failed;
        uint64_t n_lost;
        struct clew_arena scratch;
        struct clew_buffer line;
        struct clew_buffer raw;
        bool first_round;
        bool is_cut; /* a round ended at a limit: told once */
};

static bool time_is_up(const struct tail *t)
{
        return interrupted ||
               (t->end_ns > 0 && clew_clock_monotonic_ns(t->cli->clock) >= t->end_ns);
}

/* Not beyond the end. */
static void pause_round(const struct tail *t)
{
        uint64_t now = clew_clock_monotonic_ns(t->cli->clock);
        uint64_t ns = t->poll_ns;
        struct timespec ts;

        if (t->end_ns > 0 && t->end_ns < now + ns)
                ns = t->end_ns > now ? t->end_ns - now : 0;
        ts = (struct timespec){.tv_sec = (time_t)(ns / CLEW_NS_PER_S),
                               .tv_nsec = (long)(ns % CLEW_NS_PER_S)};
        fflush(t->cli->out);
        nanosleep(&ts, NULL);
}

static int renew(struct tail *t)
{
        struct clew_error err = {0};
        int r = clew_view_renew(t->view, &err);

        return r < 0 ? clew_cli_fail(t->cli, r, &err) : 0;
}

static void put_clock(struct tail *t, uint64_t unix_ns)
{
        char text[CLEW_WHEN_TEXT];
        uint64_t now = clew_clock_unix_ns(t->cli->clock);

        clew_when_short(unix_ns, now, t->look.utc, text);
        clew_buffer_printf(&t->line, "%s  ", text);
}

static void end_line(struct tail *t)
{
        while (t->line.len > 0 && t->line.data[t->line.len - 1] == ' ')
                t->line.len--;
        clew_buffer_append_byte(&t->line, '\n');
        fwrite(t->line.data, 1, t->line.len, t->cli->out);
        fflush(t->cli->out);
        clew_buffer_clear(&t->line);
}

/* ---- runs
 * ----------------------------------------------------------------------------------------- */

static struct known *place_of(const struct known_set *set, const struct clew_trace_id *id)
{
        size_t at = clew_hash(clew_slice_make(id->bytes, sizeof(id->bytes)));

        for (;; at++) {
                struct known *k = &set->places[at & (set->n_places - 1)];

                if (!k->used || clew_trace_id_eq(&k->id, id))
                        return k;
        }
}

static int grow(struct known_set *set)
{
        struct known_set larger = {.n_places = set->n_places ? set->n_places * 2 : KNOWN_FIRST,
                                   .n = set->n};

        larger.places = clew_calloc(larger.n_places, sizeof(*larger.places));
        if (!larger.places)
                return -ENOMEM;
        for (size_t i = 0; i < set->n_places; i++) {
                if (set->places[i].used)
                        *place_of(&larger, &set->places[i].id) = set->places[i];
        }
        clew_free(set->places);
        *set = larger;
        return 0;
}

/* The run's entry, made when it is new; NULL when memory is short. */
static struct known *remember(struct tail *t, const struct clew_trace_id *id)
{
        struct known_set *set = &t->known;
        struct known *k;

        if (set->n >= KNOWN_MAX) {
                memset(set->places, 0, set->n_places * sizeof(*set->places));
                set->n = 0;
                t->first_round = true;
        }
        if (set->n * 2 >= set->n_places && grow(set) < 0)
                return NULL;
        k = place_of(set, id);
        if (!k->used) {
                *k = (struct known){.id = *id, .used = true};
                set->n++;
        }
        return k;
}

/* Whether there is something to say about the run, and remembers that it was said. */
static bool is_news(struct tail *t, const struct clew_selected *s)
{
        struct known *k = remember(t, &s->id);
        uint64_t cause = s->summary.cause.rule.len > 0 ? clew_hash(s->summary.cause.rule) : 0;
        uint8_t outcome = (uint8_t)(s->summary.outcome + 1);
        bool news;

        if (!k)
                return true; /* better twice than never */
        news = k->outcome != outcome || k->lost != s->lost || k->cause != cause ||
               k->loops < s->summary.facts.loops;
        t->n_runs += k->outcome == 0 && !t->first_round;
        k->outcome = outcome;
        k->lost = s->lost;
        k->cause = cause;
        k->loops = s->summary.facts.loops;
        return news && !t->first_round;
}

/* Where a silent run stands. */
static void put_latest(struct tail *t, const struct clew_trace *trace)
{
        uint32_t latest = clew_trace_latest(trace);
        const struct clew_step *s;

        if (latest == CLEW_STEP_NONE)
                return;
        s = &trace->steps[latest];
        clew_buffer_printf(&t->line, "last step #%u %s ", latest + 1, clew_kind_word(s->kind));
        clew_safe_line(&t->line, clew_step_label(s), 40, t->look.ascii);
        if (s->end_ns == 0)
                clew_buffer_append_cstr(&t->line, " (still open)");
}

/* The same of a run that is not built yet; nothing when it cannot be read. */
static void put_latest_of(struct tail *t, const struct clew_trace_id *id)
{
        static const struct clew_trace_options bare;
        CLEW_ARENA arena = {0};
        struct clew_run_data data;
        struct clew_error err = {0};
        struct clew_trace *trace;

        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        if (clew_run_build(t->view, id, &bare, &arena, &data, &trace, &err) == 0)
                put_latest(t, trace);
}

static void put_run(struct tail *t, const struct clew_selected *s)
{
        const struct clew_summary *sum = &s->summary;
        struct clew_slice agent = sum->n_agents > 0 ? sum->agents[0].name : sum->name;
        struct clew_slice detail = sum->cause.rule.len > 0 ? sum->cause.rule : sum->error;
        enum clew_tone tone = clew_outcome_tone(sum->outcome);
        char id[CLEW_SHORT_ID];
        char took[CLEW_WHEN_TEXT];

        clew_trace_id_short(&s->id, id);
        clew_when_length(sum->duration_ns, took);
        put_clock(t, clew_clock_unix_ns(t->cli->clock));
        clew_buffer_printf(&t->line, "%s%-6s%s  %s  ", clew_look_begin(&t->look, tone),
                           clew_outcome_word(s), clew_look_end(&t->look, tone), id);
        clew_safe_line(&t->line, agent, 24, t->look.ascii);
        clew_buffer_printf(&t->line, "  %s  %u step%s  ", took, sum->n_steps,
                           sum->n_steps == 1 ? "" : "s");
        if (s->lost) {
                put_latest_of(t, &s->id);
        } else {
                if (sum->cause.step > 0)
                        clew_buffer_printf(&t->line, "#%u ", sum->cause.step);
                clew_safe_line(&t->line, detail, 60, t->look.ascii);
        }
        if (sum->facts.loops > 0)
                clew_buffer_printf(&t->line, "  %s from #%u, %u rounds", t->look.ascii ? "~" : "↻",
                                   sum->facts.loop_step, sum->facts.loop_rounds);
        end_line(t);
}

static int report_run(struct tail *t, const struct clew_selected *s)
{
        if (CLEW_OUTCOME_BIT(s->summary.outcome) & CLEW_OUTCOMES_FAILED)
                t->n_failed++;
        t->n_lost += s->lost;
        if (!clew_output_is_machine(&t->output)) {
                put_run(t, s);
                return 0;
        }
        return clew_output_put(&t->output, s);
}

static bool is_unchanged(void *context, const struct clew_list_entry *entry)
{
        struct tail *t = context;
        struct known *k = remember(t, &entry->id);
        uint64_t arrival = entry->hot ? entry->last_arrival_ns : 0;
        uint64_t now = clew_clock_monotonic_ns(t->cli->clock);

        if (!k)
                return false;
        if (k->looked_ns > 0 && k->arrival_ns == arrival && now - k->looked_ns < LOOK_AGAIN_NS)
                return true;
        k->arrival_ns = arrival;
        k->looked_ns = now;
        return false;
}

static int round_of_runs(struct tail *t)
{
        struct clew_select s = {0};
        struct clew_selected run;
        struct clew_error err = {0};
        uint64_t now = clew_clock_unix_ns(t->cli->clock);
        int r;

        if (!t->filter_flags.since)
                t->filter.since_ns = now > LOOK_BACK_NS ? now - LOOK_BACK_NS : 0;
        r = clew_select_init(&s, t->view, &t->filter, t->cli->clock, NULL, &err);
        s.skip = is_unchanged;
        s.skip_context = t;
        s.parts_speak = true;
        while (r >= 0 && (r = clew_select_next(&s, &run, &err)) == 1) {
                if (!is_news(t, &run))
                        continue;
                r = clew_select_whole(&s, &run, &err);
                if (r == -ENOENT) { /* deleted meanwhile */
                        r = 0;
                        continue;
                }
                if (r == 0 && report_run(t, &run) != 0)
                        r = -EIO;
                if (r < 0)
                        break;
        }
        t->first_round = false;
        if (s.end == CLEW_SELECT_OUT_OF_TIME || s.end == CLEW_SELECT_OUT_OF_BYTES) {
                if (!t->is_cut)
                        (void)!clew_filter_report_cut(t->cli, &s);
                t->is_cut = true;
        }
        clew_select_deinit(&s);
        return r < 0 ? clew_cli_fail(t->cli, r, &err) : 0;
}

static void sum_up(const struct tail *t, uint64_t begun_ns, char ret[SUM_BYTES])
{
        char took[CLEW_WHEN_TEXT];

        clew_when_length(clew_clock_monotonic_ns(t->cli->clock) - begun_ns, took);
        (void)snprintf(ret, SUM_BYTES, "%llu new runs, %llu failed, %llu lost in %s\n",
                       (unsigned long long)t->n_runs, (unsigned long long)t->n_failed,
                       (unsigned long long)t->n_lost, took);
}

static int follow_runs(struct tail *t)
{
        uint64_t begun = clew_clock_monotonic_ns(t->cli->clock);
        char sum[SUM_BYTES];
        int r;

        t->first_round = true;
        while ((r = round_of_runs(t)) == 0 && !time_is_up(t)) {
                sum_up(t, begun, sum);
                clew_served_last(sum);
                pause_round(t);
                r = renew(t);
                if (r != 0)
                        break;
        }
        sum_up(t, begun, sum);
        sum[strlen(sum) - 1] = '\0';
        clew_cli_note(t->cli, "%s", sum);
        if (r == 0 && interrupted)
                return CLEW_EXIT_INTERRUPTED;
        if (r == 0 && t->is_cut)
                return CLEW_EXIT_PARTIAL;
        return r == 0 && t->n_runs == 0 && t->output_flags.exit_status ? CLEW_EXIT_NOTHING : r;
}

/* ---- steps of one run
 * ------------------------------------------------------------------------------ */

static struct step_state *step_place(const struct step_set *set, const struct clew_span_id *id)
{
        size_t at = clew_hash(clew_slice_make(id->bytes, sizeof(id->bytes)));

        for (;; at++) {
                struct step_state *p = &set->places[at & (set->n_places - 1)];

                if (clew_span_id_is_zero(&p->id) || clew_span_id_eq(&p->id, id))
                        return p;
        }
}

/* The step's entry, made when it is new; NULL when memory is short. */
static struct step_state *remember_step(struct step_set *set, const struct clew_span_id *id)
{
        struct step_state *p;

        if (set->n * 2 >= set->n_places) {
                struct step_set larger = {
                        .n_places = set->n_places ? set->n_places * 2 : KNOWN_FIRST, .n = set->n};

                larger.places = clew_calloc(larger.n_places, sizeof(*larger.places));
                if (!larger.places)
                        return NULL;
                for (size_t i = 0; i < set->n_places; i++) {
                        if (!clew_span_id_is_zero(&set->places[i].id))
                                *step_place(&larger, &set->places[i].id) = set->places[i];
                }
                clew_free(set->places);
                *set = larger;
        }
        p = step_place(set, id);
        if (clew_span_id_is_zero(&p->id)) {
                *p = (struct step_state){.id = *id};
                set->n++;
        }
        return p;
}

static int put_step(struct tail *t, const struct clew_trace *trace, uint32_t index)
{
        const struct clew_step *s = &trace->steps[index];
        char took[CLEW_WHEN_TEXT] = "open";

        clew_buffer_clear(&t->raw);
        clew_step_brief(trace, s, &t->scratch, &t->raw);
        if (clew_output_is_machine(&t->output)) {
                struct clew_step_record record = {.trace = trace, .step = index, .brief = &t->raw};

                return clew_output_put(&t->output, &record);
        }
        if (s->end_ns > 0)
                clew_when_length(clew_step_duration_ns(s), took);
        put_clock(t, s->end_ns > 0 ? s->end_ns : s->start_ns);
        clew_buffer_printf(&t->line, "#%-3u %s %-5s ", index + 1,
                           s->error.is_error ? (t->look.ascii ? "x" : "✗") : " ",
                           clew_kind_word(s->kind));
        clew_safe_line(&t->line, clew_step_label(s), 24, t->look.ascii);
        clew_buffer_printf(&t->line, "  %s  ", took);
        clew_safe_line(&t->line, clew_buffer_slice(&t->raw),
                       t->look.columns == SIZE_MAX ? CLEW_BRIEF_BYTES_MAX : 60, t->look.ascii);
        end_line(t);
        return 0;
}

/* Prints steps that are new or have ended since. @ret_ended: the run has. @say_lost: tell where it
 * stands instead. */
static int round_of_steps(struct tail *t, const struct clew_trace_id *id, bool say_lost,
                          bool *ret_ended)
{
        CLEW_ARENA arena = {0};
        struct clew_run_data data;
        struct clew_trace *trace = NULL;
        struct clew_error err = {0};
        int r;

        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        r = clew_run_build(t->view, id, NULL, &arena, &data, &trace, &err);
        if (r < 0)
                return clew_cli_fail(t->cli, r, &err);
        for (uint32_t i = 0; r == 0 && i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];
                uint8_t now = s->end_ns > 0 ? 2 : 1;
                struct step_state *state;

                if (clew_step_is(s, CLEW_STEP_STANDIN))
                        continue;
                state = remember_step(&t->steps, &s->span.span_id);
                if (!state)
                        return clew_cli_fail(t->cli, -ENOMEM, NULL);
                if (state->said >= now)
                        continue;
                state->said = now;
                r = put_step(t, trace, i);
        }
        *ret_ended = trace->outcome != CLEW_OUTCOME_OPEN;
        if (say_lost && !*ret_ended && !clew_output_is_machine(&t->output)) {
                put_clock(t, clew_clock_unix_ns(t->cli->clock));
                clew_buffer_printf(&t->line, "%slost%s  ", clew_look_begin(&t->look, CLEW_TONE_BAD),
                                   clew_look_end(&t->look, CLEW_TONE_BAD));
                put_latest(t, trace);
                end_line(t);
        }
        return r;
}

static bool is_silent(const struct tail *t, const struct clew_list_entry *entry, uint64_t for_ns)
{
        uint64_t now = clew_clock_unix_ns(t->cli->clock);

        return !entry->hot ||
               (entry->last_arrival_ns < now && now - entry->last_arrival_ns > for_ns);
}

static int follow_steps(struct tail *t, const char *text)
{
        uint64_t patience = t->filter.lost_after_ns ? t->filter.lost_after_ns : CLEW_LOST_AFTER_NS;
        struct clew_target target;
        struct clew_trace_id id;
        struct clew_error err = {0};
        uint64_t seen_ns = UINT64_MAX;
        bool lost_was_said = false;
        bool ended = false;
        bool done = false;
        int r = clew_target_parse(text, &target, &err);

        r = r < 0 ? clew_cli_fail(t->cli, r, &err) : clew_cli_resolve(t->cli, &target, &id);
        clew_served_last("");
        while (r == 0) {
                struct clew_list_entry entry;
                bool lost;

                r = clew_view_entry(t->view, &id, &entry, &err);
                if (r < 0)
                        return clew_cli_fail(t->cli, r, &err);
                if (entry.last_arrival_ns != seen_ns)
                        lost_was_said = false;
                lost = is_silent(t, &entry, patience) && !lost_was_said;
                if (entry.last_arrival_ns != seen_ns || (lost && !ended))
                        r = round_of_steps(t, &id, lost, &ended);
                lost_was_said = lost_was_said || lost;
                seen_ns = entry.last_arrival_ns;
                done = ended && is_silent(t, &entry, GRACE_NS);
                if (r != 0 || done || time_is_up(t))
                        break;
                pause_round(t);
                r = renew(t);
        }
        if (r == 0 && !interrupted)
                clew_cli_note(t->cli, ended ? "the run has ended" : "the run is still open");
        return r == 0 && interrupted ? CLEW_EXIT_INTERRUPTED : r;
}

/* ---- command
 * ----------------------------------------------------------------------------------------- */

static int parse_times(struct tail *t)
{
        uint64_t length = 0;

        if (t->for_text && !clew_when_parse_length(t->for_text, &length)) {
                clew_cli_error(t->cli, "--for takes a length of time such as 30s or 5m");
                return CLEW_EXIT_USAGE;
        }
        if (t->for_text)
                t->end_ns = clew_clock_monotonic_ns(t->cli->clock) + length;
        t->poll_ns = POLL_NS_DEFAULT;
        if (t->poll_text && !clew_when_parse_length(t->poll_text, &t->poll_ns)) {
                clew_cli_error(t->cli, "--poll takes a length of time such as 200ms");
                return CLEW_EXIT_USAGE;
        }
        if (t->poll_ns < POLL_NS_MIN)
                t->poll_ns = POLL_NS_MIN;
        return 0;
}

static int follow(struct tail *t, const struct clew_arguments *args)
{
        struct sigaction action = {.sa_handler = on_interrupt};
        int r;

        sigemptyset(&action.sa_mask);
        if (sigaction(SIGINT, &action, NULL) != 0)
                return clew_cli_fail(t->cli, -errno, NULL);
        clew_arena_init(&t->scratch, (size_t)256 << 20);
        clew_buffer_init(&t->line, (size_t)1 << 20);
        clew_buffer_init(&t->raw, (size_t)1 << 20);
        r = args->n == 1 ? follow_steps(t, args->values[0]) : follow_runs(t);
        clew_free(t->known.places);
        clew_free(t->steps.places);
        clew_arena_deinit(&t->scratch);
        clew_buffer_deinit(&t->line);
        clew_buffer_deinit(&t->raw);
        return r;
}

int clew_cmd_tail(struct clew_cli *cli, int argc, char **argv)
{
        struct tail t = {.cli = cli};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"for", 0, "LENGTH", "stop after 30s, 5m ...", .ret_text = &t.for_text},
                {"poll", 0, "LENGTH", "look so often (500ms)", .ret_text = &t.poll_text},
                {"all", 0, NULL, "also what holds no agent, model call or tool; each trace apart",
                 .ret_flag = &t.all},
                {0},
        };
        struct clew_arguments args;
        int r;

        clew_filter_flags_add(&shared, &t.filter_flags);
        clew_output_flags_add(&shared, &t.output_flags);
        clew_display_flags_add(&shared, &t.display_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r == 0 && args.n > 1) {
                clew_cli_error(cli, "tail follows all runs, or the one that is named");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = parse_times(&t);
        if (r == 0)
                r = clew_look_init(&t.look, cli, &t.display_flags);
        if (r == 0)
                r = clew_filter_make(cli, &t.filter_flags, NULL, t.look.utc, &t.filter);
        t.filter.light = CLEW_LIGHT | CLEW_LIGHT_CAUSE; /* what is_news() looks at */
        t.filter.runs = !t.all;
        t.filter.apart = t.all;
        if (r == 0)
                r = clew_output_init(&t.output, cli, &t.output_flags,
                                     args.n == 1 ? "step" : "trace",
                                     args.n == 1 ? clew_step_fields : clew_trace_fields);
        if (r == 0)
                r = clew_cli_view(cli, &t.view);
        if (r == 0)
                r = follow(&t, &args);
        clew_output_deinit(&t.output);
        return r;
}
