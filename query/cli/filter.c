/*
 * See filter.h.
 */
#include "query/cli/filter.h"

#include "proto/base/utf8.h"
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/find/index/index.h"

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

/* ---- mistakes ---------------------------------------------------------------------------------
 */

/* Columns of a query that are shown round the place of a mistake. */
#define SHOWN_BEFORE 50u
#define SHOWN_BEHIND 26u

/* The line of @text that holds @offset. */
static struct clew_slice line_at(struct clew_slice text, size_t offset, size_t *ret_offset)
{
        size_t from = offset < text.len ? offset : text.len;
        size_t to = from;

        while (from > 0 && text.data[from - 1] != '\n')
                from--;
        while (to < text.len && text.data[to] != '\n')
                to++;
        *ret_offset = (offset < text.len ? offset : text.len) - from;
        return clew_slice_make(text.data + from, to - from);
}

/* @offset moved to the beginning of a character. */
static size_t whole(struct clew_slice s, size_t offset)
{
        while (offset > 0 && offset < s.len && (s.data[offset] & 0xc0) == 0x80)
                offset--;
        return offset;
}

/* Character by character, so that blanks stay where they are; returns the columns. */
static size_t put_shown(struct clew_buffer *out, struct clew_slice text)
{
        size_t columns = 0;

        while (text.len > 0) {
                struct clew_slice rest = text;

                (void)clew_utf8_next(&rest, NULL);
                if (text.data[0] == ' ' || text.data[0] == '\t') {
                        clew_buffer_append_byte(out, ' ');
                        columns++;
                } else {
                        columns += clew_safe_line(
                                out, clew_slice_make(text.data, text.len - rest.len), 16, false);
                }
                text = rest;
        }
        return columns;
}

void clew_cli_query_error(struct clew_cli *cli, const char *word, struct clew_slice text,
                          const struct clew_query_error *err)
{
        CLEW_BUFFER shown = {0};
        CLEW_BUFFER caret = {0};
        size_t at;
        struct clew_slice line = line_at(text, err->offset, &at);
        size_t from = whole(line, at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0);
        size_t len = err->len < line.len - at ? err->len : line.len - at;
        size_t columns;
        size_t end;

        clew_buffer_init(&shown, 65536);
        clew_buffer_init(&caret, 65536);
        len = whole(line, at + (len > 60 ? 60 : len)) - at;
        end = whole(line, line.len - at - len > SHOWN_BEHIND ? at + len + SHOWN_BEHIND : line.len);
        columns = put_shown(&shown, clew_slice_make(line.data + from, at - from));
        for (size_t i = 0; i < columns; i++)
                clew_buffer_append_byte(&caret, ' ');
        columns = put_shown(&shown, clew_slice_make(line.data + at, len));
        for (size_t i = 0; i < (columns > 0 ? columns : 1); i++)
                clew_buffer_append_byte(&caret, '^');
        (void)put_shown(&shown, clew_slice_make(line.data + at + len, end - at - len));
        clew_cli_error(cli, "%s at column %zu: %s", word, clew_query_column(text, err->offset),
                       err->message);
        fprintf(cli->err, "  %.*s\n  %.*s\n", (int)shown.len, (const char *)shown.data,
                (int)caret.len, (const char *)caret.data);
        if (err->hint[0])
                clew_cli_note(cli, "%s", err->hint);
}

/* ---- explain ----------------------------------------------------------------------------------
 */

static void print_counts(struct clew_cli *cli, const struct clew_select *s)
{
        const struct clew_index_use *use = clew_view_index_use(s->view);
        char bytes[CLEW_WHEN_TEXT];

        if (use->used)
                fprintf(cli->out,
                        "index  %u sorted run%s asked: %llu of %llu sealed traces can match\n",
                        use->runs, use->runs == 1 ? "" : "s", (unsigned long long)use->chosen,
                        (unsigned long long)use->traces);
        else if (use->why_not[0])
                fprintf(cli->out, "index  not used: %s\n", use->why_not);
        if (use->used && use->uncovered > 0)
                fprintf(cli->out,
                        "       %llu segment%s without an index yet: %llu traces are read as they "
                        "are\n",
                        (unsigned long long)use->uncovered, use->uncovered == 1 ? "" : "s",
                        (unsigned long long)use->scanned);
        if (use->stale > 0)
                fprintf(cli->out,
                        "       %u index run%s of another version of Clew: not used; a collector "
                        "makes them anew, clew reindex --indexes at once\n",
                        use->stale, use->stale == 1 ? "" : "s");
        fprintf(cli->out, "read   %llu trace%s in the time window", (unsigned long long)s->seen,
                s->seen == 1 ? "" : "s");
        for (uint32_t i = 0; i < s->filter->n_queries; i++) {
                const struct clew_query_met *met = clew_query_run_met(s->runs[i]);

                fprintf(cli->out,
                        "\n       summaries: %llu no, %llu yes, %llu maybe; bytes: %llu no; "
                        "spans: %llu opened, %llu match",
                        (unsigned long long)met->judged_no, (unsigned long long)met->judged_yes,
                        (unsigned long long)(met->judged - met->judged_no - met->judged_yes),
                        (unsigned long long)met->no_text,
                        (unsigned long long)(met->opened - met->no_text),
                        (unsigned long long)met->matched);
        }
        clew_count_short(s->scanned_bytes, "B", bytes);
        fprintf(cli->out, "\n       %llu selected, %llu opened, %s of spans read\n",
                (unsigned long long)s->selected, (unsigned long long)s->scanned, bytes);
}

/* Which scope an attribute without one stands in: in the first traces that were opened, and in all
 * that indexes cover. */
static void print_scopes(struct clew_cli *cli, struct clew_select *s, const struct clew_query *q,
                         const struct clew_query_run *run)
{
        char room[256];
        struct clew_slice name;

        for (uint32_t i = 0; clew_query_unscoped(q, i, &name); i++) {
                struct clew_index_places places = {0};
                struct clew_error err = {0};
                uint64_t spans = 0;
                uint64_t resources = 0;
                const char *shown = clew_safe_cstr(name, room, sizeof(room));

                clew_query_met_name(run, name, &spans, &resources);
                fprintf(cli->out, "scope  .%s met on %llu spans and %llu resources", shown,
                        (unsigned long long)spans, (unsigned long long)resources);
                if (clew_index_count_places(s->view, name, &places, &err) == 0)
                        fprintf(cli->out, "; indexes: on spans of %llu traces, resources of %llu",
                                (unsigned long long)places.spans,
                                (unsigned long long)places.resources);
                fprintf(cli->out, "\n");
        }
}

static int explain(struct clew_cli *cli, const struct clew_filter *f)
{
        CLEW_BUFFER text = {0};
        CLEW_BUFFER safe = {0};
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        struct clew_view *view = NULL;
        int status;
        int r;

        clew_buffer_init(&text, (size_t)4 << 20);
        clew_filter_print_query(f, &text);
        clew_buffer_init(&safe, (size_t)16 << 20);
        clew_safe_block(&safe, clew_buffer_slice(&text), "query  ", false);
        clew_buffer_clear(&text);
        clew_buffer_append_cstr(&safe, "plan\n");
        clew_buffer_append_cstr(&text,
                                "  time order: traces inside --since and --until, newest first\n");
        for (uint32_t i = 0; i < f->n_queries; i++)
                clew_query_explain(f->queries[i], &text);
        clew_safe_block(&safe, clew_buffer_slice(&text), "", false);
        (void)fwrite(safe.data, 1, safe.len, cli->out);
        status = clew_cli_view(cli, &view);
        if (status != 0)
                return status;
        r = clew_select_init(&s, view, f, cli->clock, NULL, &err);
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                ;
        if (r < 0) {
                status = clew_cli_fail(cli, r, &err);
        } else {
                print_counts(cli, &s);
                for (uint32_t i = 0; i < f->n_queries; i++)
                        print_scopes(cli, &s, f->queries[i], s.runs[i]);
                status = clew_filter_report(cli, &s);
        }
        clew_select_deinit(&s);
        return status != 0 ? status : CLEW_OPTIONS_HELP;
}

/* ---- making and reporting ---------------------------------------------------------------------
 */

int clew_filter_take_query(struct clew_cli *cli, struct clew_filter_flags *flags,
                           const struct clew_arguments *args)
{
        if (args->n == 0)
                return 0;
        if (args->n == 1 && !flags->query) {
                flags->query = args->values[0];
                return 0;
        }
        if (args->n > 1)
                clew_cli_error(cli,
                               "%s takes one query; quote it for the shell: clew %s '{ status = "
                               "error }'",
                               cli->command, cli->command);
        else
                clew_cli_error(cli, "%s: a query as argument and one after --query", cli->command);
        return CLEW_EXIT_USAGE;
}

int clew_filter_make(struct clew_cli *cli, const struct clew_filter_flags *flags,
                     const char *since_default, bool utc, struct clew_filter *ret)
{
        struct clew_error err = {0};
        struct clew_filter_error where = {0};
        int r;

        clew_buffer_init(&where.text, CLEW_QUERY_TEXT_MAX + 1);
        r = clew_filter_read_all(flags, since_default, cli->clock, utc, ret, &err, &where);
        if (r < 0 && where.query.message[0])
                clew_cli_query_error(cli, "query error", clew_buffer_slice(&where.text),
                                     &where.query);
        else if (r < 0)
                clew_cli_error(cli, "%s: %s", cli->command, err.message);
        clew_buffer_deinit(&where.text);
        if (r < 0)
                return CLEW_EXIT_USAGE;
        CLEW_ASSERT(cli->n_query_sets < CLEW_CLI_FILTERS_MAX);
        cli->query_sets[cli->n_query_sets++] = ret->set;
        for (uint32_t i = 0; i < ret->n_queries; i++) {
                if (clew_query_is_metrics(ret->queries[i])) {
                        clew_cli_error(cli,
                                       "%s: a query that ends in metrics gives series, not "
                                       "traces: clew stats takes it",
                                       cli->command);
                        return CLEW_EXIT_USAGE;
                }
        }
        if (ret->n_queries > 0) {
                r = clew_filter_catch_interrupt(ret);
                if (r < 0)
                        return clew_cli_fail(cli, r, NULL);
        }
        return flags->explain ? explain(cli, ret) : 0;
}

/* Complaints that are told one by one. */
#define COMPLAINTS_MAX 4u

/* What the query asked for in vain. True when it explains that nothing was selected. */
static bool complain(struct clew_cli *cli, struct clew_select *s)
{
        struct clew_query_error err;
        struct clew_slice text;
        bool fatal;
        bool any = false;

        for (uint32_t n = 0; n < COMPLAINTS_MAX && clew_select_complaint(s, n, &text, &err, &fatal);
             n++) {
                bool is_error = fatal && s->selected == 0 && s->end == CLEW_SELECT_WHOLE;

                if (fatal && s->filter->allow_unknown)
                        continue;
                any |= is_error;
                clew_cli_query_error(cli, is_error ? "query error" : "note: query", text, &err);
        }
        return any;
}

static const char *how_it_ended(enum clew_select_end end)
{
        switch (end) {
        case CLEW_SELECT_WHOLE:
                break;
        case CLEW_SELECT_OUT_OF_TIME:
                return "out of time (--limit-time)";
        case CLEW_SELECT_OUT_OF_BYTES:
                return "as many bytes read as --limit-bytes allows";
        case CLEW_SELECT_STOPPED:
                return "interrupted";
        }
        return "ended";
}

/* Programs that read JSON are told in their own way, behind the last record (output.h). */
static void note_cut(struct clew_cli *cli, const struct clew_select *s)
{
        cli->cut.is_cut = true;
        cli->cut.reason = s->end == CLEW_SELECT_OUT_OF_TIME    ? "time"
                          : s->end == CLEW_SELECT_OUT_OF_BYTES ? "bytes"
                                                               : "interrupt";
        cli->cut.seen += s->seen;
}

int clew_filter_report_cut(struct clew_cli *cli, const struct clew_select *s)
{
        if (s->end == CLEW_SELECT_WHOLE)
                return CLEW_EXIT_OK;
        note_cut(cli, s);
        clew_cli_error(cli, "partial: %s after %llu traces; older ones were not looked at",
                       how_it_ended(s->end), (unsigned long long)s->seen);
        return s->end == CLEW_SELECT_STOPPED ? CLEW_EXIT_INTERRUPTED : CLEW_EXIT_PARTIAL;
}

/* After an upgrade, until a collector has made them anew. */
static void note_stale_indexes(struct clew_cli *cli, const struct clew_select *s)
{
        const struct clew_index_use *use = clew_view_index_use(s->view);

        if (use->stale == 0 || (use->used && use->uncovered == 0))
                return;
        clew_cli_note(
                cli,
                "%u index run%s of another version of Clew %s not used, so traces were looked "
                "at one by one; a collector makes them anew in the background, %s reindex "
                "--indexes at once",
                use->stale, use->stale == 1 ? "" : "s", use->stale == 1 ? "is" : "are", cli->self);
}

int clew_filter_report(struct clew_cli *cli, struct clew_select *s)
{
        int status = CLEW_EXIT_OK;
        char bytes[CLEW_WHEN_TEXT];

        if (s->scanned > 0) {
                clew_count_short(s->scanned_bytes, "B", bytes);
                clew_cli_note(cli, "searched the spans of %llu trace%s, %s",
                              (unsigned long long)s->scanned, s->scanned == 1 ? "" : "s", bytes);
        }
        if (clew_select_index_damage(s))
                clew_cli_note(cli,
                              "an index is damaged, so all traces were looked at: %s; a collector "
                              "makes it anew, %s reindex --indexes at once",
                              clew_select_index_damage(s), cli->self);
        note_stale_indexes(cli, s);
        if (s->filter && s->done && complain(cli, s))
                status = CLEW_EXIT_USAGE;
        if (s->end != CLEW_SELECT_WHOLE)
                status = clew_filter_report_cut(cli, s);
        if (s->cut > 0)
                clew_cli_note(
                        cli,
                        "%llu trace%s not sealed yet %s too large to be read whole: the numbers "
                        "are of the first part",
                        (unsigned long long)s->cut, s->cut == 1 ? "" : "s",
                        s->cut == 1 ? "is" : "are");
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
