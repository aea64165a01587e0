/*
 * clew writers: who writes to a bucket, and one that is gone for good.
 */
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/leftover.h"
#include "query/cli/options.h"
#include "query/cli/output.h"
#include "query/model/summary.h"
#include "query/serve/redact-order.h"
#include "storage/tier.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 512u
#define NAMELESS "(without a name)"

struct writers {
        struct clew_cli *cli;
        struct clew_output output;
        bool json;
        uint64_t n;
};

static void on_finding(void *context, const char *object, const char *what)
{
        const struct writers *x = context;

        clew_cli_note(x->cli, "%s: %s", object, what);
}

static int put_json(struct writers *x, const struct clew_tier_writer *w)
{
        struct clew_json_writer j = clew_output_begin(&x->output, "writer");
        char when[CLEW_WHEN_TEXT];

        clew_json_write_key(&j, "name");
        clew_json_write_cstr(&j, w->name);
        clew_json_write_key(&j, "version");
        clew_json_write_uint64(&j, w->version);
        clew_json_write_key(&j, "written");
        clew_when_rfc3339(w->written_ns, when);
        clew_json_write_cstr(&j, w->version ? when : NULL);
        clew_json_write_key(&j, "segments");
        clew_json_write_uint64(&j, w->segments);
        clew_json_write_key(&j, "journal_objects");
        clew_json_write_uint64(&j, w->journal_objects);
        clew_json_write_key(&j, "journal_bytes");
        clew_json_write_uint64(&j, w->journal_bytes);
        clew_json_write_key(&j, "retired");
        clew_json_write_bool(&j, w->is_retired);
        return clew_output_end(&x->output, &j);
}

static int put(void *context, const struct clew_tier_writer *w)
{
        struct writers *x = context;
        char when[CLEW_WHEN_TEXT] = "nothing yet";
        char bytes[CLEW_WHEN_TEXT];

        x->n++;
        if (x->json)
                return put_json(x, w);
        if (w->version)
                clew_when_full(w->written_ns, false, when);
        clew_count_short(w->journal_bytes, "B", bytes);
        fprintf(x->cli->out, "%-32s  version %" PRIu64 " of %s, %" PRIu64 " segment%s",
                w->name[0] ? w->name : NAMELESS, w->version, when, w->segments,
                clew_plural(w->segments));
        if (w->journal_objects > 0)
                fprintf(x->cli->out, ", %s acknowledged and not sealed", bytes);
        fprintf(x->cli->out, "%s\n", w->is_retired ? ", retired" : "");
        return 0;
}

static int list(struct writers *x)
{
        struct clew_error err = {0};
        int r = clew_tier_each_writer(x->cli->store_dir, put, x, &err);

        if (r < 0)
                return clew_cli_fail(x->cli, r, &err);
        if (r == 0 && x->n == 0)
                clew_cli_note(x->cli, "nobody has written there yet");
        return r;
}

/* ---- one that is gone ------------------------------------------------------------------------ */

static int tell_retired(struct writers *x, const char *name, const struct clew_tier_retired *d)
{
        struct clew_json_writer j;

        if (!x->json) {
                fprintf(x->cli->out,
                        "%s is retired: %" PRIu64 " fragment%s of its journal sealed, %" PRIu64
                        " segment%s uploaded, %" PRIu64 " in all (version %" PRIu64 ")",
                        name[0] ? name : NAMELESS, d->fragments, clew_plural(d->fragments),
                        d->uploaded, clew_plural(d->uploaded), d->segments, d->version);
                if (d->redactions > 0)
                        fprintf(x->cli->out, ", %" PRIu64 " redaction%s of others done",
                                d->redactions, clew_plural(d->redactions));
                fputc('\n', x->cli->out);
                return 0;
        }
        j = clew_output_begin(&x->output, "writer");
        clew_json_write_key(&j, "name");
        clew_json_write_cstr(&j, name);
        clew_json_write_key(&j, "fragments");
        clew_json_write_uint64(&j, d->fragments);
        clew_json_write_key(&j, "uploaded");
        clew_json_write_uint64(&j, d->uploaded);
        clew_json_write_key(&j, "segments");
        clew_json_write_uint64(&j, d->segments);
        clew_json_write_key(&j, "version");
        clew_json_write_uint64(&j, d->version);
        clew_json_write_key(&j, "redactions");
        clew_json_write_uint64(&j, d->redactions);
        return clew_output_end(&x->output, &j);
}

/* What others have redacted waits for it no more, or it is said that it does. */
static int tell_left(struct writers *x, const char *name, const struct clew_tier_retired *d)
{
        if (d->left == 0)
                return 0;
        clew_cli_error(x->cli,
                       "%" PRIu64 " redaction%s of others %s for %s still: readers show what came "
                       "to it. clew redact --orders, on the store of a writer, tells of which; "
                       "--take-back there ends one",
                       d->left, clew_plural(d->left), d->left == 1 ? "waits" : "wait",
                       name[0] ? name : NAMELESS);
        return CLEW_EXIT_ELSEWHERE;
}

static int redact(struct clew_store *store, const struct clew_order *order, struct clew_error *err)
{
        const struct clew_rewrite_options how = {0};
        uint64_t places;

        return clew_redact_order(store, order, &how, &places, err);
}

static int retire(struct writers *x, const char *name, bool is_forced)
{
        const struct clew_tier_options options = {
                .url = x->cli->store_dir, .writer = name, .finding = on_finding, .context = x};
        const struct clew_tier_retiring retiring = {
                .is_forced = is_forced, .deriver = clew_model_deriver(), .redact = redact};
        const char *base = getenv("TMPDIR");
        struct clew_tier_retired done;
        struct clew_error err = {0};
        char dir[PATH_BYTES];
        int r = snprintf(dir, sizeof(dir), "%s/clew-retire-XXXXXX", base && *base ? base : "/tmp");

        if (r >= (int)sizeof(dir) || !mkdtemp(dir)) {
                clew_cli_error(x->cli, "%s: cannot make a directory there; TMPDIR names another",
                               base && *base ? base : "/tmp");
                return CLEW_EXIT_STORE;
        }
        clew_leftover_add(dir);
        r = clew_tier_retire(dir, &retiring, &options, &done, &err);
        clew_leftover_remove(dir);
        if (r == -EBUSY && !is_forced) {
                clew_cli_error(x->cli,
                               "%s. To retire it is to take it over: it uploads nothing more, and "
                               "what it has not uploaded stays with it. Stop it first; --force "
                               "retires it all the same",
                               err.message);
                return CLEW_EXIT_USAGE;
        }
        if (r < 0)
                return clew_cli_fail(x->cli, r, &err);
        r = tell_retired(x, name, &done);
        return r == 0 ? tell_left(x, name, &done) : r;
}

int clew_cmd_writers(struct clew_cli *cli, int argc, char **argv)
{
        struct writers x = {.cli = cli};
        const struct clew_output_flags flags = {.json = true};
        const char *name = NULL;
        bool is_forced = false;
        const struct clew_flag own[] = {
                {"retire", 0, "NAME", "that one is gone for good: seal and upload what it left",
                 .ret_text = &name},
                {"force", 0, NULL, "retire also one that seems to run", .ret_flag = &is_forced},
                {"json", 0, NULL, "one JSON object a line", .ret_flag = &x.json},
                {0},
        };
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r == 0 && (args.n > 0 || (is_forced && !name) || !clew_tier_is_url(cli->store_dir) ||
                       (name && *name && !clew_tier_is_writer_name(name)))) {
                clew_cli_error(
                        cli, "clew --store URL writers [--retire NAME [--force]]: the address of a "
                             "bucket (clew help objects), and a name that it lists");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = clew_output_init(&x.output, cli, &flags, "writer", NULL);
        if (r != 0)
                return r;
        r = name ? retire(&x, name, is_forced) : list(&x);
        clew_output_deinit(&x.output);
        return r;
}
