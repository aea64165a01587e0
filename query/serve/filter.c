/*
 * See filter.h.
 */
#include "query/serve/filter.h"

#include "query/answer/when.h"
#include "query/review/reviews.h"

#include <errno.h>
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
                {"grep", 'g', "TEXT", "has this text somewhere in its spans, JSON decoded",
                 .ret_values = &f->texts},
                {"ignore-case", 'i', NULL, "--grep takes no notice of case",
                 .ret_flag = &f->ignore_case},
                {"label", 'l', "LABEL", "somebody gave it this label (LABEL* = prefix)",
                 .ret_values = &f->labels},
                {"unlabeled", 0, NULL, "nobody gave it a label", .ret_flag = &f->unlabeled},
                {"limit-time", 0, "LENGTH", "end the search after 5s, 2m ... (exit 4)",
                 .ret_text = &f->limit_time},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++)
                clew_flag_set_add(set, flags[i]);
}

static bool parse_time(const char *text, uint64_t now_ns, bool utc, uint64_t *ret_ns)
{
        return !text || strcmp(text, "all") == 0 || clew_when_parse(text, now_ns, utc, ret_ns);
}

static int bad_time(struct clew_error *err, const char *flag)
{
        return clew_error_set(err, -EINVAL, 0,
                              "--%s takes an age (90m, 24h, 7d), a date (2026-11-20), a date and "
                              "time, or all; see clew help dates",
                              flag);
}

static struct clew_name_filter names_of(const struct clew_flag_values *v)
{
        return (struct clew_name_filter){v->values, v->n};
}

static int add_scan(const struct clew_filter_flags *flags, struct clew_filter *f,
                    struct clew_error *err)
{
        for (size_t i = 0; i < flags->attributes.n; i++) {
                if (!clew_scan_add_attribute(&f->scan, flags->attributes.values[i]))
                        return clew_error_set(err, -EINVAL, 0,
                                              "--attr takes KEY or KEY=VALUE, at most %u times",
                                              CLEW_SCAN_CONDITIONS_MAX);
        }
        f->scan.ignore_case = flags->ignore_case;
        for (size_t i = 0; i < flags->texts.n; i++) {
                if (!clew_scan_add_text(&f->scan, flags->texts.values[i]))
                        return clew_error_set(
                                err, -EINVAL, 0,
                                "--grep takes a text of 1 to 65,536 bytes, at most 64 times");
        }
        if (flags->limit_time && !clew_when_parse_length(flags->limit_time, &f->limit_ns))
                return clew_error_set(err, -EINVAL, 0,
                                      "--limit-time takes a length of time such as 5s or 2m");
        return 0;
}

static int accept_labels(const struct clew_filter *f, struct clew_view *view,
                         const struct clew_trace_id *id)
{
        CLEW_ARENA arena = {0};
        struct clew_reviews reviews;
        struct clew_error err;
        int r;

        clew_arena_init(&arena, REVIEWS_ARENA_MAX);
        r = clew_reviews_of_trace(view, id, &arena, &reviews, &err);
        if (r < 0)
                return r;
        if (f->unlabeled)
                return !clew_reviews_have_any_label(&reviews);
        for (size_t i = 0; i < f->labels.n; i++) {
                if (clew_reviews_have_label(&reviews, clew_slice_of_cstr(f->labels.values[i])))
                        return 1;
        }
        return 0;
}

static int add_labels(const struct clew_filter_flags *flags, struct clew_filter *f,
                      struct clew_error *err)
{
        if (flags->labels.n && flags->unlabeled)
                return clew_error_set(err, -EINVAL, 0,
                                      "--label and --unlabeled exclude each other");
        f->labels = names_of(&flags->labels);
        f->unlabeled = flags->unlabeled;
        f->accept = flags->labels.n || flags->unlabeled ? accept_labels : NULL;
        return 0;
}

int clew_filter_read(const struct clew_filter_flags *flags, const char *since_default,
                     const struct clew_clock *clock, bool utc, struct clew_filter *ret,
                     struct clew_error *err)
{
        struct clew_filter f = {.tokens_over = flags->tokens_over};
        uint64_t now_ns = clew_clock_unix_ns(clock);

        if (!parse_time(flags->since ? flags->since : since_default, now_ns, utc, &f.since_ns))
                return bad_time(err, "since");
        if (!parse_time(flags->until, now_ns, utc, &f.until_ns))
                return bad_time(err, "until");
        if (flags->longer && !clew_when_parse_length(flags->longer, &f.longer_ns)) {
                return clew_error_set(err, -EINVAL, 0,
                                      "--longer takes a length of time such as 5s or 2m");
        }
        if (flags->lost_after && (!clew_when_parse_length(flags->lost_after, &f.lost_after_ns) ||
                                  f.lost_after_ns == 0)) {
                return clew_error_set(err, -EINVAL, 0,
                                      "--lost-after takes a length of time such as 5m or 2h");
        }
        f.lost = flags->lost;
        if (flags->lost && (flags->failed || flags->ok)) {
                return clew_error_set(err, -EINVAL, 0,
                                      "a lost run has not ended: --lost goes without --failed "
                                      "and --ok");
        }
        if (flags->waste_time && !clew_when_parse_length(flags->waste_time, &f.waste_ns)) {
                return clew_error_set(err, -EINVAL, 0,
                                      "--waste-time takes a length of time such as 5s or 2m");
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
        return add_labels(flags, ret, err) < 0 ? -EINVAL : add_scan(flags, ret, err);
}
