/*
 * clew retention: what the rules of a file would do to a store now, and doing it once.
 */
#include "query/serve/retention.h"

#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/author.h"
#include "query/cli/commands.h"
#include "query/cli/finish.h"
#include "query/cli/lines.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/cli/served.h"
#include "query/serve/erase.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NOTE_BYTES 256u
#define RULES_BYTES_MAX ((size_t)1 << 20)

struct retention_command {
        struct clew_cli *cli;
        struct clew_retention rules;
        struct clew_retention_plan plan;
        uint64_t n_gone; /* of the last pass */
        bool apply;
};

static size_t n_drops(const struct clew_retention_plan *p)
{
        return p->ids.len / sizeof(struct clew_trace_id);
}

static size_t n_strips(const struct clew_retention_plan *p)
{
        return p->strips.len / sizeof(struct clew_retention_strip);
}

static bool has_skeletons(const struct clew_retention *r)
{
        bool any = false;

        for (unsigned i = 0; i < r->n; i++)
                any |= r->rules[i].action == CLEW_RETENTION_SKELETON;
        return any;
}

static void tell(struct retention_command *c)
{
        const struct clew_retention *r = &c->rules;
        const struct clew_retention_plan *p = &c->plan;
        char used[CLEW_WHEN_TEXT];
        char quota[CLEW_WHEN_TEXT];

        for (unsigned i = 0; i < r->n; i++) {
                char text[160];

                fprintf(c->cli->out, "line %-4u %10" PRIu64 "  %s\n", r->rules[i].line,
                        p->by_rule[i],
                        clew_safe_cstr(clew_slice_of_cstr(r->rules[i].text), text, sizeof(text)));
        }
        clew_count_short(p->used_bytes, "B", used);
        clew_count_short(r->quota_bytes, "B", quota);
        if (r->quota_bytes > 0)
                fprintf(c->cli->out, "line %-4u %10" PRIu64 "  quota %s, %s used\n", r->quota_line,
                        p->for_quota, quota, used);
        fprintf(c->cli->out, "%zu trace%s %s", n_drops(p), n_drops(p) == 1 ? "" : "s",
                c->apply ? "to be dropped" : "would be dropped");
        if (has_skeletons(r))
                fprintf(c->cli->out, ", %zu %s their texts, %" PRIu64 " %s none", n_strips(p),
                        c->apply ? "to lose" : "would lose", p->bare,
                        p->bare == 1 ? "has" : "have");
        fputs("\n", c->cli->out);
        if (p->held > 0)
                clew_cli_note(c->cli, "%" PRIu64 " kept: annotated, or in a dataset", p->held);
        if (p->waits > 0)
                clew_cli_note(c->cli, "%" PRIu64 " kept for now: not sealed yet", p->waits);
        if (p->more)
                clew_cli_note(c->cli, "and more, which %s",
                              c->apply ? "further passes take" : "a further pass takes");
}

/* What the pass found is done; it is counted in @all. */
static int apply_pass(struct retention_command *c, struct clew_rewrite_stats *all)
{
        const struct clew_rewrite_options options = clew_erasing_rewrite();
        struct clew_rewrite_stats stats;
        struct clew_store *store;
        struct clew_error err = {0};
        int r = clew_cli_store_existing(c->cli, &store);

        if (r != 0)
                return r;
        clew_cli_let_go(c->cli);
        r = clew_retention_carry_out(&c->rules, &c->plan, store, c->cli->clock, &options, &stats,
                                     &err);
        all->traces += stats.traces;
        all->stripped += stats.stripped;
        all->unstripped += stats.unstripped;
        all->segments += stats.segments;
        all->raw_bytes += stats.raw_bytes;
        c->n_gone = stats.traces;
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

static int look_again(struct retention_command *c)
{
        uint64_t skip = clew_retention_next_skip(&c->plan, c->n_gone);
        struct clew_view *view;
        struct clew_error err = {0};
        int r = clew_cli_view(c->cli, &view);

        if (r != 0)
                return r;
        clew_retention_plan_deinit(&c->plan);
        clew_retention_plan_init(&c->plan);
        c->plan.until_full = true;
        c->plan.skip = skip;
        r = clew_retention_look(&c->rules, view, c->cli->clock, NULL, &c->plan, &err);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

static int apply(struct retention_command *c)
{
        struct clew_rewrite_stats stats = {0};
        uint64_t wanted = 0;
        char bytes[CLEW_WHEN_TEXT];
        bool more = true;

        while (more) {
                int r = apply_pass(c, &stats);

                wanted = c->plan.skip + n_drops(&c->plan) + n_strips(&c->plan) - c->n_gone;
                more = c->plan.more;
                if (r == 0 && more)
                        r = look_again(c);
                if (r != 0)
                        return r;
        }
        clew_count_short(stats.raw_bytes, "B", bytes);
        fprintf(c->cli->out,
                "dropped %" PRIu64 " trace%s, %" PRIu64 " lost their texts, %s; %" PRIu64
                " segments\n",
                stats.traces - stats.stripped, stats.traces - stats.stripped == 1 ? "" : "s",
                stats.stripped, bytes, stats.segments);
        if (wanted > 0)
                clew_cli_note(c->cli, "the others wait until more of their segments may go");
        if (stats.unstripped > 0)
                clew_cli_note(c->cli, "%" PRIu64 " cannot be read, and are as they were",
                              stats.unstripped);
        return 0;
}

static int read_rules(struct retention_command *c, const char *path)
{
        CLEW_BUFFER text = {0};
        struct clew_error err = {0};
        int r;

        clew_buffer_init(&text, 2 * RULES_BYTES_MAX);
        r = clew_cli_read_file(c->cli, path, RULES_BYTES_MAX, &text);
        if (r != 0)
                return r;
        r = clew_retention_parse(&c->rules, clew_buffer_slice(&text), &err);
        if (r < 0)
                clew_cli_error(c->cli, "%s", err.message);
        return r < 0 ? CLEW_EXIT_USAGE : 0;
}

/* Texts that were left out, now or by a run that was killed, are in free pages still. */
static int finish(struct retention_command *c)
{
        struct clew_erasure_status s = {0};
        struct clew_store *store;
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        int r = clew_cli_store_existing(c->cli, &store);

        if (r != 0)
                return r;
        r = clew_view_open(store, &view, &err);
        if (r == 0)
                r = clew_view_erasure(view, &s, &err);
        clew_view_close(view);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        if (s.is_wiped)
                return 0;
        clew_cli_tell_copies(c->cli);
        return clew_cli_finish_erasure(c->cli);
}

static int run(struct retention_command *c, const char *path)
{
        struct clew_view *view;
        struct clew_error err = {0};
        int r = c->apply && !clew_served_may_write(c->cli) ? CLEW_EXIT_PERMISSION
                                                           : read_rules(c, path);

        if (r == 0)
                r = clew_cli_view(c->cli, &view);
        if (r != 0)
                return r;
        r = clew_retention_look(&c->rules, view, c->cli->clock, NULL, &c->plan, &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        tell(c);
        if (!c->apply)
                return 0;
        r = c->plan.ids.len + c->plan.strips.len > 0 ? apply(c) : 0;
        return r == 0 ? finish(c) : r;
}

int clew_cmd_retention(struct clew_cli *cli, int argc, char **argv)
{
        struct retention_command c = {.cli = cli};
        const struct clew_flag own[] = {
                {"apply", 0, NULL, "drop now; without it nothing is changed", .ret_flag = &c.apply},
                {0},
        };
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r != 0)
                return r;
        if (args.n != 1) {
                clew_cli_error(cli, "clew retention FILE [--apply]: a file of rules");
                return CLEW_EXIT_USAGE;
        }
        clew_retention_plan_init(&c.plan);
        r = run(&c, args.values[0]);
        clew_retention_plan_deinit(&c.plan);
        clew_retention_deinit(&c.rules);
        return r;
}
