/*
 * See filter.h.
 */
#include "query/cli/filter.h"

#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/review/reviews.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* What people said of one trace. */
#define REVIEWS_ARENA_MAX ((size_t)64 << 20)

void clew_filter_flags_add(struct clew_flag_set *set, struct clew_filter_flags *f)
{
        const struct clew_flag flags[] = {
                {"since", 's', "TIME", "started at or after: 90m, 24h, 7d, a date, all",
                 .ret_text = &f->since},
                {"until", 'u', "TIME", "started before", .ret_text = &f->until},
                {"failed", 'f', NULL, "failed, or ended in an error", .ret_flag = &f->failed},
                {"ok", 0, NULL, "ended well", .ret_flag = &f->ok},
                {"open", 0, NULL, "not ended yet", .ret_flag = &f->open},
                {"lost", 0, NULL, "not ended, and silent for too long", .ret_flag = &f->lost},
                {"lost-after", 0, "LENGTH", "silence that makes an open run lost (10m)",
                 .ret_text = &f->lost_after},
                {"agent", 'a', "NAME", "has this agent (NAME* = prefix; repeat for or)",
                 .ret_values = &f->agents},
                {"tool", 't', "NAME", "called this tool", .ret_values = &f->tools},
                {"model", 'm', "NAME", "used this model", .ret_values = &f->models},
                {"service", 0, "NAME", "of this service", .ret_values = &f->services},
                {"session", 0, "ID", "of this session", .ret_values = &f->sessions},
                {"user", 0, "ID", "of this user", .ret_values = &f->users},
                {"longer", 0, "LENGTH", "took longer than 5s, 2m ...", .ret_text = &f->longer},
                {"tokens-over", 0, "N", "used more tokens", .ret_number = &f->tokens_over},
                {"loop", 0, NULL, "went round: the same calls and answers three times",
                 .ret_flag = &f->loop},
                {"stall", 0, NULL, "eight model calls in a row learnt nothing",
                 .ret_flag = &f->stall},
                {"retries", 0, "N", "made N failed calls or more again", .ret_number = &f->retries},
                {"waste-tokens", 0, "N", "wasted N tokens or more", .ret_number = &f->waste_tokens},
                {"waste-time", 0, "LENGTH", "wasted 5s, 2m ... or more",
                 .ret_text = &f->waste_time},
                {"cause", 0, "RULE", "explained by this rule of clew why (RULE* = prefix)",
                 .ret_values = &f->causes},
                {"signature", 0, "TEXT", "failed so: the signature of clew clusters",
                 .ret_values = &f->signatures},
                {"attr", 0, "KEY[=VALUE]", "a span, event, resource or log has this attribute",
                 .ret_values = &f->attributes},
                {"grep", 'g', "TEXT", "has this text somewhere in its spans",
                 .ret_values = &f->texts},
                {"label", 'l', "LABEL", "somebody gave it this label (LABEL* = prefix)",
                 .ret_values = &f->labels},
                {"unlabeled", 0, NULL, "nobody gave it a label", .ret_flag = &f->unlabeled},
                {"limit-time", 0, "LENGTH", "end the search after 5s, 2m ... (exit 4)",
                 .ret_text = &f->limit_time},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++)
                clew_flag_set_add(set, flags[i]);
}

static int parse_time(struct clew_cli *cli, const char *flag, const char *text, bool utc,
                      uint64_t *ret_ns)
{
        if (!text || strcmp(text, "all") == 0)
                return 0;
        if (clew_when_parse(text, clew_clock_unix_ns(cli->clock), utc, ret_ns))
                return 0;
        clew_cli_error(cli,
                       "%s: --%s takes an age (90m, 24h, 7d), a date (2026-11-20), "
                       "a date and time, or all; see clew help dates",
                       cli->command, flag);
        return CLEW_EXIT_USAGE;
}

static struct clew_name_filter names_of(const struct clew_flag_values *v)
{
        return (struct clew_name_filter){v->values, v->n};
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
        (void)number;
        interrupted = 1;
}

int clew_filter_catch_interrupt(struct clew_filter *f)
{
        struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

        sigemptyset(&action.sa_mask);
        f->stop = &interrupted;
        return sigaction(SIGINT, &action, NULL) == 0 ? 0 : -errno;
}

static int add_scan(struct clew_cli *cli, const struct clew_filter_flags *flags,
                    struct clew_filter *f)
{
        int r;

        for (size_t i = 0; i < flags->attributes.n; i++) {
                if (clew_scan_add_attribute(&f->scan, flags->attributes.values[i]))
                        continue;
                clew_cli_error(cli, "%s: --attr takes KEY or KEY=VALUE, at most %u times",
                               cli->command, CLEW_SCAN_CONDITIONS_MAX);
                return CLEW_EXIT_USAGE;
        }
        for (size_t i = 0; i < flags->texts.n; i++) {
                if (clew_scan_add_text(&f->scan, flags->texts.values[i]))
                        continue;
                clew_cli_error(cli, "%s: --grep takes a text that is not empty", cli->command);
                return CLEW_EXIT_USAGE;
        }
        if (flags->limit_time && !clew_when_parse_length(flags->limit_time, &f->limit_ns)) {
                clew_cli_error(cli, "%s: --limit-time takes a length of time such as 5s or 2m",
                               cli->command);
                return CLEW_EXIT_USAGE;
        }
        if (clew_scan_is_empty(&f->scan))
                return 0;
        r = clew_filter_catch_interrupt(f);
        return r < 0 ? clew_cli_fail(cli, r, NULL) : 0;
}

/* The filter borrows its flags, so these are the context. */
static int accept_labels(void *context, struct clew_view *view, const struct clew_trace_id *id)
{
        const struct clew_filter_flags *flags = context;
        CLEW_ARENA arena = {0};
        struct clew_reviews reviews;
        struct clew_error err;
        int r;

        clew_arena_init(&arena, REVIEWS_ARENA_MAX);
        r = clew_reviews_of_trace(view, id, &arena, &reviews, &err);
        if (r < 0)
                return r;
        if (flags->unlabeled)
                return !clew_reviews_have_any_label(&reviews);
        for (size_t i = 0; i < flags->labels.n; i++) {
                if (clew_reviews_have_label(&reviews, clew_slice_of_cstr(flags->labels.values[i])))
                        return 1;
        }
        return 0;
}

static int add_labels(struct clew_cli *cli, struct clew_filter_flags *flags, struct clew_filter *f)
{
        if (flags->labels.n == 0 && !flags->unlabeled)
                return 0;
        if (flags->labels.n && flags->unlabeled) {
                clew_cli_error(cli, "%s: --label and --unlabeled exclude each other", cli->command);
                return CLEW_EXIT_USAGE;
        }
        f->accept = accept_labels;
        f->accept_context = flags;
        return 0;
}

int clew_filter_make(struct clew_cli *cli, struct clew_filter_flags *flags,
                     const char *since_default, bool utc, struct clew_filter *ret)
{
        struct clew_filter f = {.tokens_over = flags->tokens_over};

        if (parse_time(cli, "since", flags->since ? flags->since : since_default, utc,
                       &f.since_ns) != 0 ||
            parse_time(cli, "until", flags->until, utc, &f.until_ns) != 0)
                return CLEW_EXIT_USAGE;
        if (flags->longer && !clew_when_parse_length(flags->longer, &f.longer_ns)) {
                clew_cli_error(cli, "%s: --longer takes a length of time such as 5s or 2m",
                               cli->command);
                return CLEW_EXIT_USAGE;
        }
        if (flags->lost_after && (!clew_when_parse_length(flags->lost_after, &f.lost_after_ns) ||
                                  f.lost_after_ns == 0)) {
                clew_cli_error(cli, "%s: --lost-after takes a length of time such as 5m or 2h",
                               cli->command);
                return CLEW_EXIT_USAGE;
        }
        f.lost = flags->lost;
        if (flags->lost && (flags->failed || flags->ok)) {
                clew_cli_error(cli,
                               "%s: a lost run has not ended: --lost goes without --failed "
                               "and --ok",
                               cli->command);
                return CLEW_EXIT_USAGE;
        }
        if (flags->waste_time && !clew_when_parse_length(flags->waste_time, &f.waste_ns)) {
                clew_cli_error(cli, "%s: --waste-time takes a length of time such as 5s or 2m",
                               cli->command);
                return CLEW_EXIT_USAGE;
        }
        if (flags->failed)
                f.outcomes |= CLEW_OUTCOMES_FAILED;
        if (flags->ok)
                f.outcomes |= CLEW_OUTCOMES_OK;
        if (flags->open)
                f.outcomes |= CLEW_OUTCOME_BIT(CLEW_OUTCOME_OPEN);
        f.agents = names_of(&flags->agents);
        f.tools = names_of(&flags->tools);
        f.models = names_of(&flags->models);
        f.services = names_of(&flags->services);
        f.sessions = names_of(&flags->sessions);
        f.users = names_of(&flags->users);
        f.causes = names_of(&flags->causes);
        f.signatures = names_of(&flags->signatures);
        f.loops = flags->loop;
        f.stalls = flags->stall;
        f.retries = flags->retries;
        f.waste_tokens = flags->waste_tokens;
        *ret = f;
        return add_labels(cli, flags, ret) != 0 ? CLEW_EXIT_USAGE : add_scan(cli, flags, ret);
}

/* Of a key in a message. */
#define KEY_COLUMNS_MAX 120u

static void report_scan(struct clew_cli *cli, const struct clew_select *s)
{
        CLEW_BUFFER text = {0};
        char bytes[CLEW_WHEN_TEXT];

        if (s->scanned == 0)
                return;
        clew_buffer_init(&text, 4096);
        clew_count_short(s->scanned_bytes, "B", bytes);
        clew_cli_note(cli, "searched the spans of %llu trace%s, %s", (unsigned long long)s->scanned,
                      s->scanned == 1 ? "" : "s", bytes);
        for (size_t i = 0; i < s->filter->scan.n_attributes; i++) {
                struct clew_slice key = s->filter->scan.attributes[i].key;

                if ((s->met.keys >> i & 1) != 0)
                        continue;
                clew_buffer_clear(&text);
                clew_safe_line(&text, key, KEY_COLUMNS_MAX, true);
                clew_cli_note(cli, "none of them has an attribute \"%.*s\"", (int)text.len,
                              (const char *)text.data);
                clew_buffer_clear(&text);
                clew_safe_line(&text, clew_slice_of_cstr(s->met.near[i]), KEY_COLUMNS_MAX, true);
                if (text.len > 0)
                        clew_cli_note(cli, "did you mean \"%.*s\"?", (int)text.len,
                                      (const char *)text.data);
                else
                        clew_cli_note(cli, "clew show ID#STEP lists those of a step");
        }
}

int clew_filter_report(struct clew_cli *cli, const struct clew_select *s)
{
        int status = CLEW_EXIT_OK;

        report_scan(cli, s);
        if (s->end != CLEW_SELECT_WHOLE) {
                clew_cli_error(cli, "%s after %llu traces; older ones were not looked at",
                               s->end == CLEW_SELECT_STOPPED ? "interrupted" : "out of time",
                               (unsigned long long)s->seen);
                status = CLEW_EXIT_PARTIAL;
        }
        if (s->damaged > 0) {
                clew_cli_error(cli,
                               "%llu trace%s could not be read; first: %s; clew doctor --verify "
                               "names all damage",
                               (unsigned long long)s->damaged, s->damaged == 1 ? "" : "s",
                               s->damage.message);
                status = CLEW_EXIT_PARTIAL;
        }
        return s->end == CLEW_SELECT_STOPPED ? CLEW_EXIT_INTERRUPTED : status;
}
