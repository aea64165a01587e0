/*
 * See window.h.
 */
#include "query/cli/window.h"

#include "proto/base/compiler.h"
#include "query/answer/when.h"
#include "query/cli/suggest.h"
#include "query/find/index/index.h"

#include <string.h>

/* How long older traces are looked at for one that the flags would have found. */
#define OLDER_NS (300 * UINT64_C(1000000))
/* Bytes of the flags that are named. */
#define GIVEN_BYTES_MAX 200u

void clew_window_flags_add(struct clew_flag_set *set, struct clew_window_flags *w, bool helpers)
{
        const struct clew_flag flags[] = {
                {"all-time", 0, NULL, "the same as --since all", .ret_flag = &w->all_time},
                {"helpers", 0, NULL, "also traces without an agent, a model call or a tool",
                 .ret_flag = &w->helpers},
        };

        clew_flag_set_add(set, flags[0]);
        if (helpers)
                clew_flag_set_add(set, flags[1]);
}

int clew_window_make(struct clew_cli *cli, struct clew_filter_flags *flags,
                     const struct clew_window_flags *w, const char *since_default, bool utc,
                     struct clew_filter *filter, struct clew_window *ret)
{
        int r;

        *ret = (struct clew_window){.cli = cli,
                                    .flags = flags,
                                    .filter = filter,
                                    .utc = utc,
                                    .command = cli->command,
                                    .more = "--helpers",
                                    .by_default = !flags->since && !w->all_time};
        if (w->all_time && flags->since) {
                clew_cli_error(cli, "%s: --since or --all-time, not both", cli->command);
                return CLEW_EXIT_USAGE;
        }
        if (w->all_time)
                flags->since = "all";
        r = clew_filter_make(cli, flags, since_default, utc, filter);
        if (r == 0)
                filter->runs = !w->helpers;
        return r;
}

/* The newest trace of the store. 1, 0 = it has none, or an error. */
static int newest_of(struct clew_view *view, struct clew_list_entry *ret)
{
        const struct clew_index_chooser all = clew_index_pick_all();
        struct clew_error err = {0};
        int r = clew_view_list_chosen(view, NULL, &all, &err);

        return r < 0 ? r : clew_view_next(view, ret, &err);
}

void clew_window_widen(struct clew_window *w, struct clew_view *view)
{
        struct clew_list_entry newest;

        if (!w->by_default || w->filter->since_ns == 0 || newest_of(view, &newest) != 1 ||
            newest.start_ns >= w->filter->since_ns)
                return;
        w->filter->since_ns = 0;
        w->widened = true;
}

void clew_window_tell(const struct clew_window *w, const char *what)
{
        char since[CLEW_WHEN_TEXT];

        if (w->widened) {
                clew_cli_note(w->cli,
                              "%s of all time: nothing started in the last " CLEW_SINCE_DEFAULT,
                              what);
        } else if (w->filter->since_ns == 0 && w->by_default) {
                clew_cli_note(w->cli, "%s of all time (--since 24h for the last day)", what);
        } else if (w->filter->since_ns != 0) {
                clew_when_short(w->filter->since_ns, clew_clock_unix_ns(w->cli->clock), w->utc,
                                since);
                clew_cli_note(w->cli, "%s since %s%s", what, since,
                              w->by_default ? " (--since " CLEW_SINCE_DEFAULT ", the default)"
                                            : "");
        }
}

void clew_window_tell_left_out(const struct clew_window *w, uint64_t helpers)
{
        if (helpers > 0)
                clew_cli_note(w->cli,
                              "%llu trace%s without an agent, a model call or a tool %s left out: "
                              "%s %s %s",
                              (unsigned long long)helpers, helpers == 1 ? "" : "s",
                              helpers == 1 ? "is" : "are", w->cli->self, w->command, w->more);
}

void clew_window_tell_helpers(const struct clew_window *w, const struct clew_select *s)
{
        clew_window_tell_left_out(w, s->helpers);
}

/* ---- an empty selection ---------------------------------------------------------------------- */

static bool is_given(const struct clew_flag *f)
{
        static const char *const no_conditions[] = {"since",         "until",      "explain",
                                                    "allow-unknown", "limit-time", "limit-bytes",
                                                    "lost-after",    "ignore-case"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(no_conditions); i++) {
                if (strcmp(f->name, no_conditions[i]) == 0)
                        return false;
        }
        return (f->ret_flag && *f->ret_flag) || (f->ret_text && *f->ret_text) ||
               (f->ret_values && f->ret_values->n > 0) || (f->ret_number && *f->ret_number > 0);
}

/* "--failed, --agent": the conditions that were asked for. False when there are none. */
static bool conditions(const struct clew_filter_flags *given, char ret[GIVEN_BYTES_MAX])
{
        struct clew_filter_flags copy = *given;
        struct clew_flag_set set = {0};
        size_t n = 0;

        clew_filter_flags_add(&set, &copy);
        ret[0] = '\0';
        for (size_t i = 0; i < set.n; i++) {
                size_t len = strlen(set.flags[i].name) + 4;

                if (!is_given(&set.flags[i]) || n + len >= GIVEN_BYTES_MAX)
                        continue;
                n += (size_t)snprintf(ret + n, GIVEN_BYTES_MAX - n, "%s--%s", n > 0 ? ", " : "",
                                      set.flags[i].name);
        }
        return n > 0;
}

bool clew_window_is_narrowed(const struct clew_window *w)
{
        char given[GIVEN_BYTES_MAX];

        return conditions(w->flags, given);
}

/* The newest older trace that the same conditions would have found, looked for a moment only. */
static bool find_older(const struct clew_window *w, struct clew_view *view, uint64_t *ret_start_ns)
{
        struct clew_filter older = *w->filter;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        bool found = false;

        if (w->filter->since_ns == 0)
                return false;
        older.until_ns = w->filter->since_ns;
        older.since_ns = 0;
        older.limit_ns = OLDER_NS;
        if (clew_select_init(&s, view, &older, w->cli->clock, NULL, &err) >= 0)
                found = clew_select_next(&s, &t, &err) == 1;
        if (found)
                *ret_start_ns = t.start_ns;
        clew_select_deinit(&s);
        return found;
}

static void tell_outside(const struct clew_window *w, const struct clew_store_stats *stats,
                         const struct clew_list_entry *newest)
{
        const struct clew_filter *f = w->filter;
        char start[CLEW_WHEN_TEXT];

        clew_when_short(newest->start_ns, clew_clock_unix_ns(w->cli->clock), w->utc, start);
        if (f->until_ns != 0 && f->until_ns <= f->since_ns)
                clew_cli_note(w->cli,
                              "--until is no later than --since%s: nothing lies between them; "
                              "%s %s --since all",
                              w->by_default ? " (" CLEW_SINCE_DEFAULT ", the default)" : "",
                              w->cli->self, w->command);
        else if (w->by_default)
                clew_cli_note(w->cli,
                              "no trace started in the last " CLEW_SINCE_DEFAULT
                              "; %llu %s older, the newest of %s: %s %s --since all",
                              (unsigned long long)stats->traces, stats->traces == 1 ? "is" : "are",
                              start, w->cli->self, w->command);
        else
                clew_cli_note(w->cli,
                              "no trace started %s; the newest of %llu is of %s: %s %s --since all",
                              f->until_ns == 0   ? "so late"
                              : f->since_ns == 0 ? "so early"
                                                 : "between the two",
                              (unsigned long long)stats->traces, start, w->cli->self, w->command);
}

/* A pattern means the whole text: who is used to grep writes a word and finds nothing. */
static void tell_anchored(const struct clew_window *w)
{
        const char *query = w->flags->query;

        if (query && strstr(query, "=~") && !strstr(query, ".*"))
                clew_cli_note(w->cli, "=~ compares the whole text; a part of it is found by "
                                      "=~ \".*part.*\"");
}

static void tell_unmet(const struct clew_window *w, struct clew_view *view,
                       const struct clew_select *s, const struct clew_list_entry *newest)
{
        char given[GIVEN_BYTES_MAX];
        char start[CLEW_WHEN_TEXT];
        uint64_t now = clew_clock_unix_ns(w->cli->clock);
        uint64_t older_ns;
        bool any = conditions(w->flags, given);

        clew_when_short(newest->start_ns, now, w->utc, start);
        clew_cli_note(w->cli, "none of %llu trace%s matches%s%s; the newest is of %s",
                      (unsigned long long)s->seen, s->seen == 1 ? "" : "s", any ? " " : "",
                      any ? given : "", start);
        if (find_older(w, view, &older_ns)) {
                clew_when_short(older_ns, now, w->utc, start);
                clew_cli_note(w->cli, "one that does is of %s: add --since all", start);
        }
        tell_anchored(w);
        clew_suggest_names(w->cli, view, w->flags);
}

static void tell_none(const struct clew_window *w, struct clew_view *view)
{
        struct clew_error err = {0};
        bool has_logs = false;

        if (clew_view_has_logs(view, &has_logs, &err) < 0)
                return;
        clew_cli_note(w->cli,
                      has_logs ? "the store %s holds no run"
                               : "the store %s is empty; send OTLP to clewd, or clew import FILE",
                      w->cli->store_dir);
}

void clew_window_tell_empty(const struct clew_window *w, struct clew_view *view,
                            const struct clew_select *s)
{
        struct clew_store_stats stats;
        struct clew_list_entry newest;
        struct clew_error err = {0};
        int r;

        if (s->helpers > 0) { /* they met everything else: that is told in any case */
                clew_window_tell_helpers(w, s);
                return;
        }
        if (s->end != CLEW_SELECT_WHOLE &&
            s->seen == 0) /* nothing was looked at: nothing is known */
                return;
        r = newest_of(view, &newest);
        if (r == 0)
                tell_none(w, view);
        else if (r == 1 && s->seen > 0)
                tell_unmet(w, view, s, &newest);
        else if (r == 1 && clew_view_stats(view, &stats, &err) == 0)
                tell_outside(w, &stats, &newest);
}

void clew_window_explain_empty(const struct clew_window *w, struct clew_view *view)
{
        struct clew_filter brief = *w->filter;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};

        brief.limit_ns = OLDER_NS;
        if (clew_select_init(&s, view, &brief, w->cli->clock, NULL, &err) >= 0 &&
            clew_select_next(&s, &t, &err) == 0)
                clew_window_tell_empty(w, view, &s);
        clew_select_deinit(&s);
}
