/*
 * clew delete: traces taken out of the store for good.
 *
 * It writes to the store itself, also while a collector runs (writers take turns). The last part,
 * wiping free pages, is then the collector's, whose memory holds pages too: the command waits for
 * it for a while, and says which of the two did it.
 */
#include "query/serve/erase.h"

#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/author.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/finish.h"
#include "query/cli/open.h"
#include "query/cli/served.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define ARENA_MAX ((size_t)1 << 30)
/* Ids that a dry run prints. */
#define SHOWN_MAX 20u

struct delete_command {
        struct clew_cli *cli;
        struct clew_filter_flags filter_flags;
        struct clew_arguments args;
        struct clew_erasing erasing;
        struct clew_arena arena;
        bool dry_run;
        bool yes;
        const char *datasets;
        enum clew_copies_mode copies;
        char author[CLEW_NAME_BYTES_MAX + 1];
};

/* ---- what is meant --------------------------------------------------------------------------- */

static int add(struct delete_command *c, struct clew_view *view, const struct clew_trace_id *id)
{
        struct clew_error err = {0};
        int r = clew_erasing_add(&c->erasing, view, id, &err);

        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

static int add_ids(struct delete_command *c, struct clew_view *view)
{
        int r = clew_cli_expand(c->cli, &c->args, &c->arena);

        for (size_t i = 0; r == 0 && i < c->args.n; i++) {
                struct clew_target target;
                struct clew_trace_id id;
                struct clew_error err = {0};

                if (clew_target_parse(c->args.values[i], &target, &err) < 0)
                        return clew_cli_fail(c->cli, -EINVAL, &err);
                if (target.step || target.n_span_digits) {
                        clew_cli_error(c->cli,
                                       "a step cannot be deleted by itself: name the trace");
                        return CLEW_EXIT_USAGE;
                }
                r = clew_cli_resolve(c->cli, &target, &id);
                if (r == 0)
                        r = add(c, view, &id);
        }
        return r;
}

/* What could not be looked at might be meant: then nothing is deleted. */
static int add_selected(struct delete_command *c, struct clew_view *view)
{
        struct clew_filter filter;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        int status = clew_filter_make(c->cli, &c->filter_flags, NULL, false, &filter);
        int r;

        if (status != 0)
                return status;
        filter.apart = true;
        r = clew_select_init(&s, view, &filter, c->cli->clock, NULL, &err);
        while (r >= 0 && status == 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                status = add(c, view, &t.id);
        if (r < 0)
                status = clew_cli_fail(c->cli, r, &err);
        if (status == 0)
                status = clew_filter_report(c->cli, &s);
        clew_select_deinit(&s);
        if (status == CLEW_EXIT_PARTIAL || status == CLEW_EXIT_INTERRUPTED)
                clew_cli_error(c->cli, "nothing was deleted: the selection is not whole");
        return status;
}

static bool is_selecting(const struct clew_filter_flags *f)
{
        return f->query || f->sessions.n || f->users.n || f->agents.n || f->tools.n ||
               f->models.n || f->services.n || f->attributes.n || f->texts.n || f->patterns.n ||
               f->paths.n || f->labels.n || f->causes.n || f->signatures.n || f->since ||
               f->until || f->failed || f->ok || f->open || f->lost || f->longer;
}

static int find(struct delete_command *c)
{
        struct clew_view *view;
        struct clew_error err = {0};
        bool selects = is_selecting(&c->filter_flags);
        int r;

        if ((c->args.n > 0) == selects) {
                clew_cli_error(c->cli, selects ? "ids, or a selection, not both"
                                               : "which traces? clew delete ID..., --session S, "
                                                 "--user U, --query Q");
                return CLEW_EXIT_USAGE;
        }
        r = clew_cli_view(c->cli, &view);
        if (r == 0)
                clew_cli_tell_sharing(c->cli);
        if (r == 0)
                r = selects ? add_selected(c, view) : add_ids(c, view);
        if (r != 0)
                return r;
        r = clew_erasing_settle(&c->erasing, view, &c->arena, &err);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

/* ---- saying so, and asking ------------------------------------------------------------------- */

static void tell(struct delete_command *c)
{
        const struct clew_erasing *e = &c->erasing;
        const struct clew_trace_id *ids = (const void *)e->ids.data;

        for (size_t i = 0; i < e->n && i < SHOWN_MAX; i++) {
                char hex[CLEW_TRACE_ID_HEX];

                clew_trace_id_to_hex(&ids[i], hex);
                fprintf(c->cli->out, "%s\n", hex);
        }
        if (e->n > SHOWN_MAX)
                fprintf(c->cli->out, "... and %zu more\n", e->n - SHOWN_MAX);
        if (e->n_held > 0)
                clew_cli_note(c->cli, "%" PRIu64 " of them %s annotated or in a dataset", e->n_held,
                              e->n_held == 1 ? "is" : "are");
        if (e->copies.n > 0)
                clew_cli_note(c->cli,
                              "%u item%s of dataset %s%s %s made of them: --datasets remove "
                              "empties %s, --datasets keep leaves the copies",
                              e->copies.n, e->copies.n == 1 ? "" : "s", e->copies.dataset,
                              e->copies.n_datasets > 1 ? " and others" : "",
                              e->copies.n == 1 ? "was" : "were", e->copies.n == 1 ? "it" : "them");
}

/* 0 = go on. */
static int ask(struct delete_command *c)
{
        char line[16] = "";

        if (c->yes)
                return 0;
        if (!isatty(STDIN_FILENO)) {
                clew_cli_error(c->cli, "nothing was deleted: say --yes (or --dry-run to look)");
                return CLEW_EXIT_USAGE;
        }
        tell(c);
        fflush(c->cli->out);
        clew_cli_let_go(c->cli);
        fprintf(c->cli->err, "Delete %zu trace%s for good? [y/N] ", c->erasing.n,
                c->erasing.n == 1 ? "" : "s");
        fflush(c->cli->err);
        if (!fgets(line, sizeof(line), stdin) || (line[0] != 'y' && line[0] != 'Y')) {
                clew_cli_note(c->cli, "nothing was deleted");
                return CLEW_EXIT_USAGE;
        }
        return 0;
}

/* ---- doing it -------------------------------------------------------------------------------- */

static int delete_all(struct delete_command *c)
{
        struct clew_erasing_options options = {
                .who = clew_slice_of_cstr(c->author),
                .copies = c->copies,
                .sessions = c->filter_flags.sessions.values,
                .n_sessions = c->filter_flags.sessions.n,
                .clock = c->cli->clock,
        };
        struct clew_rewrite_stats stats;
        struct clew_store *store;
        struct clew_error err = {0};
        char bytes[CLEW_WHEN_TEXT];
        int r = clew_cli_store_existing(c->cli, &store);

        if (r != 0)
                return r;
        r = clew_erasing_run(&c->erasing, store, &options, &stats, &err);
        if (r == -EBUSY) {
                clew_cli_error(c->cli, "nothing was deleted: %s", err.message);
                return CLEW_EXIT_USAGE;
        }
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        clew_count_short(stats.raw_bytes, "B", bytes);
        fprintf(c->cli->out,
                "deleted %" PRIu64 " trace%s, %s; %" PRIu64 " segment%s written anew\n",
                stats.traces, stats.traces == 1 ? "" : "s", bytes, stats.segments,
                stats.segments == 1 ? "" : "s");
        clew_cli_tell_copies(c->cli);
        return clew_cli_finish_erasure(c->cli);
}

static int run(struct delete_command *c)
{
        int r;

        if (c->datasets && !clew_copies_mode_parse(c->datasets, &c->copies)) {
                clew_cli_error(c->cli, "--datasets takes keep or remove");
                return CLEW_EXIT_USAGE;
        }
        if (!c->dry_run && !clew_served_may_write(c->cli))
                return CLEW_EXIT_PERMISSION;
        r = clew_cli_author(c->cli, c->author, sizeof(c->author));
        if (r == 0)
                r = find(c);
        if (r != 0)
                return r;
        if (c->erasing.n == 0) {
                clew_cli_note(c->cli, "no trace is selected: nothing was deleted");
                return 0;
        }
        if (c->dry_run) {
                tell(c);
                clew_cli_note(c->cli, "%zu trace%s would be deleted", c->erasing.n,
                              c->erasing.n == 1 ? "" : "s");
                return 0;
        }
        r = ask(c);
        return r != 0 ? r : delete_all(c);
}

int clew_cmd_delete(struct clew_cli *cli, int argc, char **argv)
{
        struct delete_command c = {.cli = cli};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"dry-run", 0, NULL, "tell which, delete nothing", .ret_flag = &c.dry_run},
                {"yes", 'y', NULL, "do not ask", .ret_flag = &c.yes},
                {"datasets", 0, "keep|remove", "copies that datasets have of the traces",
                 .ret_text = &c.datasets},
                {0},
        };
        int r;

        clew_filter_flags_add(&shared, &c.filter_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &c.args);
        if (r != 0)
                return r;
        clew_arena_init(&c.arena, ARENA_MAX);
        clew_erasing_init(&c.erasing);
        r = run(&c);
        clew_erasing_deinit(&c.erasing);
        clew_arena_deinit(&c.arena);
        return r;
}
