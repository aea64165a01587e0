/*
 * clew doctor: what the store holds and whether it is whole; sealing and repair on demand.
 */
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/guard.h"
#include "query/cli/mirror.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/cli/output.h"
#include "query/cli/page.h"
#include "query/cli/served.h"
#include "query/find/index/index.h"
#include "query/model/summary.h"
#include "query/review/verify.h"
#include "storage/order.h"
#include "storage/store.h"
#include "storage/tier.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

/* Findings printed one by one; a store with more is not repaired by reading them. */
#define FINDINGS_MAX 1000u

struct doctor {
        struct clew_cli *cli;
        bool json;
        bool verify;
        bool repair;
        bool seal;
        struct clew_output output;
        struct clew_look look;
        struct clew_page page; /* what people read */
        uint64_t n_findings;
        struct clew_seal_stats sealed;
        uint64_t n_old;        /* stored summaries of other rules than the present */
        uint32_t n_stale_runs; /* index runs of another version */
        struct clew_store_figures figures;
        char kept[CLEW_ERROR_MESSAGE_MAX]; /* what is wrong with the file of hot summaries, or "" */
};

/* One line of the report, over as many lines of the screen as it needs. */
static void CLEW_PRINTF(3, 4) put_line(struct doctor *d, const char *label, const char *fmt, ...)
{
        char text[512 + CLEW_ORDER_NOTED_BYTES];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        clew_page_words(&d->page, label, clew_slice_of_cstr(text));
}

static int seal_all(struct doctor *d)
{
        struct clew_seal_stats total = {0};
        struct clew_seal_stats part = {.more = true};
        struct clew_seal_options options = {0};
        struct clew_store *store = NULL;
        struct clew_error err = {0};
        char raw[CLEW_WHEN_TEXT];
        char stored[CLEW_WHEN_TEXT];
        int r = clew_cli_store_existing(d->cli, &store);

        if (r != 0)
                return r;
        while (part.more) {
                part = (struct clew_seal_stats){0};
                r = clew_store_seal(store, &options, &part, &err);
                if (r < 0)
                        return clew_cli_fail(d->cli, r, &err);
                total.traces += part.traces;
                total.segments += part.segments;
                total.raw_bytes += part.raw_bytes;
                total.stored_bytes += part.stored_bytes;
        }
        d->sealed = total;
        if (d->json)
                return 0; /* told in the one object at the end */
        clew_count_short(total.raw_bytes, "B", raw);
        clew_count_short(total.stored_bytes, "B", stored);
        put_line(d, "sealed now",
                 "%" PRIu64 " trace%s into %" PRIu64 " segment%s, %s of OTLP in %s", total.traces,
                 clew_plural(total.traces), total.segments, clew_plural(total.segments), raw,
                 stored);
        return 0;
}

static void on_finding(void *context, const char *object, const char *what)
{
        struct doctor *d = context;
        char shown_object[200];
        char shown_what[400];

        if (d->n_findings++ >= FINDINGS_MAX)
                return;
        clew_safe_cstr(clew_slice_of_cstr(object), shown_object, sizeof(shown_object));
        clew_safe_cstr(clew_slice_of_cstr(what), shown_what, sizeof(shown_what));
        if (d->json) {
                struct clew_json_writer w = clew_output_begin(&d->output, "finding");

                clew_json_write_key(&w, "object");
                clew_json_write_cstr(&w, object);
                clew_json_write_key(&w, "what");
                clew_json_write_cstr(&w, what);
                if (clew_output_end(&d->output, &w) != 0)
                        d->n_findings = FINDINGS_MAX;
        } else {
                put_line(d, "damage", "%s: %s", shown_object, shown_what);
        }
}

/* Runs while no store is open in this process: the check works in a child of its own. */
static int verify(struct doctor *d)
{
        struct clew_error err = {0};
        struct clew_view *view;
        int r = clew_mirror_begin(d->cli, false);

        if (r != 0)
                return r;
        clew_cli_close_store(d->cli);
        fflush(d->cli->out);
        r = clew_store_verify(d->cli->store_dir, on_finding, d, &err);
        if (r < 0)
                return clew_cli_fail(d->cli, r, &err);
        if (d->n_findings == 0 && clew_cli_view(d->cli, &view) == 0)
                (void)clew_review_verify(view, on_finding, d);
        if (d->n_findings > FINDINGS_MAX)
                clew_cli_note(d->cli, "%" PRIu64 " more findings", d->n_findings - FINDINGS_MAX);
        if (d->n_findings > 0) {
                clew_cli_error(d->cli, "the store %s is damaged: %" PRIu64 " findings",
                               d->cli->store_dir, d->n_findings);
                return CLEW_EXIT_PARTIAL;
        }
        return 0;
}

static void put_json_seal(struct clew_json_writer *w, const struct clew_seal_stats *s)
{
        const struct {
                const char *name;
                uint64_t value;
        } numbers[] = {
                {"traces", s->traces},
                {"segments", s->segments},
                {"raw_otlp_bytes", s->raw_bytes},
                {"stored_bytes", s->stored_bytes},
        };

        clew_json_write_key(w, "sealed");
        clew_json_write_object_begin(w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++) {
                clew_json_write_key(w, numbers[i].name);
                clew_json_write_uint64(w, numbers[i].value);
        }
        clew_json_write_object_end(w);
}

static void put_json_damaged(void *context, const char *object, const char *what)
{
        (void)what;
        clew_json_write_cstr(context, object);
}

static void put_damaged(void *context, const char *object, const char *what)
{
        put_line(context, "bucket", "object %s %s", object, what);
}

static int put_json(struct doctor *d, const struct clew_store_stats *s)
{
        const struct {
                const char *name;
                uint64_t value;
        } numbers[] = {
                {"format_version", s->format_version},
                {"traces", s->traces},
                {"spans", s->spans},
                {"logs", s->logs},
                {"raw_otlp_bytes", s->raw_otlp_bytes},
                {"used_bytes", s->used_bytes},
                {"free_bytes", s->free_bytes},
                {"file_bytes", s->file_bytes},
                {"hot_traces", s->hot_traces},
                {"hot_fragments", s->hot_fragments},
                {"hot_bytes", s->hot_bytes},
                {"segments", s->segments},
                {"segment_bytes", s->segment_bytes},
                {"sealed_first_bytes", s->sealed_first_bytes},
                {"sealed_again_bytes", s->sealed_again_bytes},
                {"unsealable_traces", s->unsealable},
                {"index_runs", s->index_runs},
                {"index_bytes", s->index_bytes},
                {"indexed_segments", s->indexed},
                {"index_runs_of_other_versions", d->n_stale_runs},
                {"rules_version", clew_rules_version() & UINT16_MAX},
                {"summaries_of_other_rules", d->n_old},
                {"readers", d->figures.readers},
                {"oldest_reader_commits", d->figures.oldest_reader_commits},
        };
        struct clew_json_writer w = clew_output_begin(&d->output, "doctor");
        char waiting[CLEW_ORDER_NOTED_BYTES];

        clew_json_write_key(&w, "store");
        clew_json_write_cstr(&w, d->cli->store_dir);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++) {
                clew_json_write_key(&w, numbers[i].name);
                clew_json_write_uint64(&w, numbers[i].value);
        }
        if (d->seal)
                put_json_seal(&w, &d->sealed);
        clew_json_write_key(&w, "damaged_objects");
        clew_json_write_array_begin(&w);
        (void)clew_tier_each_damaged(d->cli->tier, put_json_damaged, &w);
        clew_json_write_array_end(&w);
        if (clew_order_noted(d->cli->tier, waiting, sizeof(waiting))) {
                clew_json_write_key(&w, "redactions_waiting");
                clew_json_write_cstr(&w, waiting);
        }
        if (d->kept[0]) {
                clew_json_write_key(&w, "hot_summaries");
                clew_json_write_cstr(&w, d->kept);
        }
        if (d->verify) {
                clew_json_write_key(&w, "findings");
                clew_json_write_uint64(&w, d->n_findings);
        }
        return clew_output_end(&d->output, &w);
}

static void put_bytes(struct doctor *d, const struct clew_store_stats *s)
{
        char raw[CLEW_WHEN_TEXT];
        char used[CLEW_WHEN_TEXT];
        char file[CLEW_WHEN_TEXT];
        char unused[CLEW_WHEN_TEXT];
        char ratio[48] = "";

        clew_count_short(s->raw_otlp_bytes, "B", raw);
        clew_count_short(s->used_bytes, "B", used);
        clew_count_short(s->file_bytes, "B", file);
        clew_count_short(s->free_bytes, "B", unused);
        if (s->used_bytes > 0 && s->raw_otlp_bytes > 0)
                snprintf(ratio, sizeof(ratio), " (%.1f to 1)",
                         (double)s->raw_otlp_bytes / (double)s->used_bytes);
        put_line(d, "bytes", "%s of OTLP in %s%s; file %s, of it %s free", raw, used, ratio, file,
                 unused);
}

/* How often sealing writes a byte of OTLP: once, and again when its trace goes on or its segment is
 * put together with others. */
static double written_for_each(const struct clew_store_stats *s)
{
        return s->sealed_first_bytes == 0
                       ? 1.0
                       : 1.0 + (double)s->sealed_again_bytes / (double)s->sealed_first_bytes;
}

/* Writers that have not done yet what was redacted. */
static void put_waiting(struct doctor *d)
{
        char waiting[CLEW_ORDER_NOTED_BYTES];

        if (clew_order_noted(d->cli->tier, waiting, sizeof(waiting)))
                put_line(d, "redactions", "%s; clew redact --orders says what to do", waiting);
}

static int put_text(struct doctor *d, const struct clew_store_stats *s)
{
        char text[CLEW_WHEN_TEXT];
        char shown[200];

        put_line(d, "store", "%s, format %u",
                 clew_safe_cstr(clew_slice_of_cstr(d->cli->store_dir), shown, sizeof(shown)),
                 s->format_version);
        put_line(d, "holds", "%" PRIu64 " trace%s, %" PRIu64 " span%s, %" PRIu64 " log record%s",
                 s->traces, clew_plural(s->traces), s->spans, clew_plural(s->spans), s->logs,
                 clew_plural(s->logs));
        put_bytes(d, s);
        clew_count_short(s->segment_bytes, "B", text);
        put_line(d, "sealed", "%" PRIu64 " segment%s, %s; %.2f bytes written for each", s->segments,
                 clew_plural(s->segments), text, written_for_each(s));
        clew_count_short(s->index_bytes, "B", text);
        if (s->index_damaged)
                put_line(d, "indexes", "damaged, and not used: clew reindex --indexes");
        else
                put_line(d, "indexes", "%" PRIu64 " run%s, %s, of %" PRIu64 " segment%s",
                         s->index_runs, clew_plural(s->index_runs), text, s->indexed,
                         clew_plural(s->indexed));
        if (d->n_stale_runs > 0)
                put_line(d, "",
                         "%" PRIu32 " run%s of another version of Clew: not used; a collector "
                         "makes them anew, clew reindex --indexes at once",
                         d->n_stale_runs, clew_plural(d->n_stale_runs));
        clew_count_short(s->hot_bytes, "B", text);
        put_line(d, "hot", "%" PRIu64 " trace%s in %" PRIu64 " fragment%s, %s", s->hot_traces,
                 clew_plural(s->hot_traces), s->hot_fragments, clew_plural(s->hot_fragments), text);
        if (d->figures.readers > 0)
                put_line(d, "readers",
                         "%" PRIu32 " snapshot%s held by other programs; the file grows behind the "
                         "oldest, of process %" PRId32 ": %" PRIu64 " commit%s since",
                         d->figures.readers, clew_plural(d->figures.readers),
                         d->figures.oldest_reader, d->figures.oldest_reader_commits,
                         clew_plural(d->figures.oldest_reader_commits));
        if (s->unsealable > 0)
                put_line(d, "too large",
                         "%" PRIu64
                         " hot trace%s will not be sealed; shown in part, others are not "
                         "held up",
                         s->unsealable, clew_plural(s->unsealable));
        if (d->n_old > 0)
                put_line(d, "rules",
                         "version %u; %" PRIu64 " summar%s of other rules: clew reindex",
                         clew_rules_version() & UINT16_MAX, d->n_old,
                         d->n_old == 1 ? "y is" : "ies are");
        else
                put_line(d, "rules", "version %u", clew_rules_version() & UINT16_MAX);
        (void)clew_tier_each_damaged(d->cli->tier, put_damaged, d);
        put_waiting(d);
        if (d->kept[0])
                put_line(d, "summaries", "%s", d->kept);
        if (d->verify)
                put_line(d, "verify", "%s", d->n_findings == 0 ? "whole" : "DAMAGED, see above");
        return clew_page_error(&d->page) < 0
                       ? clew_cli_fail(d->cli, clew_page_error(&d->page), NULL)
                       : 0;
}

/* Lists show what older rules made of a trace until clew reindex has run. What cannot be read is
 * the business of --verify. */
static uint64_t count_old_summaries(struct clew_view *view)
{
        uint32_t version = clew_rules_version();
        const struct clew_index_chooser chooser = clew_index_pick_other_rules(&version);
        struct clew_list_entry entry;
        struct clew_error err = {0};
        uint64_t n = 0;

        if (clew_view_list_chosen(view, NULL, &chooser, &err) < 0)
                return 0;
        while (clew_view_next(view, &entry, &err) == 1) /* of an index: it told the rules */
                n += !entry.hot && (entry.run || entry.summary_version != version);
        return n;
}

/* What a collector keeps of what is hot is no part of the store: it is told of, and no finding. */
static void check_kept(struct doctor *d)
{
        struct clew_error err = {0};

        if (d->cli->store && clew_store_check_hot_summaries(d->cli->store, d->verify, &err) < 0)
                (void)clew_safe_cstr(clew_slice_of_cstr(err.message), d->kept, sizeof(d->kept));
}

static int put_stats(struct doctor *d)
{
        struct clew_view *view = NULL;
        struct clew_store_stats stats;
        struct clew_store *store;
        struct clew_error err = {0};
        int r = d->cli->store ? 0 : clew_cli_store(d->cli, CLEW_STORE_READ, &store);

        /* Before a snapshot of our own is among them. */
        if (r == 0 && !d->cli->view && clew_store_figures(d->cli->store, &d->figures, &err) < 0)
                d->figures = (struct clew_store_figures){0};
        if (r == 0)
                r = clew_cli_view(d->cli, &view);
        if (r != 0)
                return r;
        check_kept(d);
        r = clew_view_stats(view, &stats, &err);
        if (r < 0)
                return clew_cli_fail(d->cli, r, &err);
        d->n_old = count_old_summaries(view);
        d->n_stale_runs = clew_view_index_use(view)->stale;
        return d->json ? put_json(d, &stats) : put_text(d, &stats);
}

int clew_cmd_doctor(struct clew_cli *cli, int argc, char **argv)
{
        struct doctor d = {.cli = cli};
        const struct clew_flag own[] = {
                {"seal", 0, NULL, "seal everything idle now, then report", .ret_flag = &d.seal},
                {"verify", 0, NULL, "check every record; exit 4 when something is damaged",
                 .ret_flag = &d.verify},
                {"repair", 0, NULL, "make a whole store of what can be read; tells what is lost",
                 .ret_flag = &d.repair},
                {"json", 0, NULL, "one JSON object", .ret_flag = &d.json},
                {0},
        };
        const struct clew_output_flags json = {.json = true};
        const struct clew_display_flags plain = {0};
        struct clew_arguments args;
        int status = CLEW_EXIT_OK;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r == 0 && args.n > 0) {
                clew_cli_error(cli, "doctor takes flags only");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = clew_look_init(&d.look, cli, &plain);
        if (r == 0)
                r = clew_output_init(&d.output, cli, &json, "doctor", NULL);
        if (r != 0)
                return r;
        if (d.repair && clew_served()) {
                clew_cli_error(cli, "--repair works on a store of this machine, and a server has "
                                    "this one open");
                clew_output_deinit(&d.output);
                return CLEW_EXIT_USAGE;
        }
        if (d.repair) {
                clew_output_deinit(&d.output);
                return clew_cli_repair(cli, d.json);
        }
        clew_page_init(&d.page, cli->out, &d.look, true);
        if (d.seal)
                status = seal_all(&d);
        if (d.verify && status == 0)
                status = verify(&d);
        if (status == 0 || status == CLEW_EXIT_PARTIAL) {
                r = put_stats(&d);
                if (r != 0)
                        status = r;
        }
        clew_page_deinit(&d.page);
        clew_output_deinit(&d.output);
        return status;
}
