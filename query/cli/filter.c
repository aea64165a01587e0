/*
 * See filter.h.
 */
#include "query/cli/filter.h"

#include "query/answer/safe.h"
#include "query/answer/when.h"

#include <errno.h>
#include <signal.h>

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

int clew_filter_make(struct clew_cli *cli, const struct clew_filter_flags *flags,
                     const char *since_default, bool utc, struct clew_filter *ret)
{
        struct clew_error err = {0};
        int r = clew_filter_read(flags, since_default, cli->clock, utc, ret, &err);

        if (r < 0) {
                clew_cli_error(cli, "%s: %s", cli->command, err.message);
                return CLEW_EXIT_USAGE;
        }
        if (clew_scan_is_empty(&ret->scan))
                return 0;
        r = clew_filter_catch_interrupt(ret);
        return r < 0 ? clew_cli_fail(cli, r, NULL) : 0;
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
