/*
 * clew backup, restore, compact, and doctor --repair: copies of a store, and stores made of copies.
 */
#include "storage/keep.h"
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/guard.h"
#include "query/cli/mirror.h"
#include "query/cli/options.h"
#include "query/cli/output.h"
#include "query/model/summary.h"

#include <errno.h>
#include <inttypes.h>

/* Findings told one by one. */
#define FINDINGS_MAX 1000u

struct keeping {
        struct clew_cli *cli;
        bool json;
        struct clew_output output;
        struct clew_keep_options options;
        uint64_t n_findings;
};

struct number {
        const char *name;
        uint64_t value;
};

static void on_finding(void *context, const char *object, const char *what)
{
        struct keeping *k = context;
        char shown_object[200];
        char shown_what[400];
        struct clew_json_writer w;

        if (k->n_findings++ >= FINDINGS_MAX)
                return;
        if (!k->json) {
                clew_cli_note(
                        k->cli, "%s: %s",
                        clew_safe_cstr(clew_slice_of_cstr(object), shown_object,
                                       sizeof(shown_object)),
                        clew_safe_cstr(clew_slice_of_cstr(what), shown_what, sizeof(shown_what)));
                return;
        }
        w = clew_output_begin(&k->output, "finding");
        clew_json_write_key(&w, "object");
        clew_json_write_cstr(&w, object);
        clew_json_write_key(&w, "what");
        clew_json_write_cstr(&w, what);
        if (clew_output_end(&k->output, &w) != 0)
                k->n_findings = FINDINGS_MAX;
}

static int begin(struct keeping *k, const char *type)
{
        const struct clew_output_flags json = {.json = true};
        int r = clew_output_init(&k->output, k->cli, &json, type, NULL);

        if (r != 0)
                return r;
        k->options.clock = k->cli->clock;
        k->options.deriver = clew_model_deriver();
        k->options.finding = on_finding;
        k->options.context = k;
        clew_cli_close_store(k->cli);
        clew_guard_install(k->cli->store_dir);
        return 0;
}

/* The same for what works on the files of a store: a bucket has none. */
static int begin_here(struct keeping *k, const char *type)
{
        int r = clew_mirror_begin(k->cli, true);

        return r != 0 ? r : begin(k, type);
}

/* Each takes three strings: two names of directories and their values. */
static int put_json(struct keeping *k, const char *type, const char *const texts[4],
                    const struct number *numbers, uint64_t taken_ns)
{
        struct clew_json_writer w = clew_output_begin(&k->output, type);
        char when[CLEW_WHEN_TEXT];

        for (unsigned i = 0; i < 4 && texts[i]; i += 2) {
                clew_json_write_key(&w, texts[i]);
                clew_json_write_cstr(&w, texts[i + 1]);
        }
        if (taken_ns) {
                clew_when_rfc3339(taken_ns, when);
                clew_json_write_key(&w, "taken");
                clew_json_write_cstr(&w, when);
        }
        for (; numbers->name; numbers++) {
                clew_json_write_key(&w, numbers->name);
                clew_json_write_uint64(&w, numbers->value);
        }
        return clew_output_end(&k->output, &w);
}

static int damaged(struct keeping *k, int status, uint64_t n, const char *what)
{
        if (n == 0 || status != 0)
                return status;
        clew_cli_error(k->cli, "%s: %" PRIu64 " thing%s", what, n, clew_plural(n));
        return CLEW_EXIT_PARTIAL;
}

/* ---- backup ---------------------------------------------------------------------------------- */

static void put_backup(struct keeping *k, const char *dest, const struct clew_backup_report *b)
{
        char shown[200];
        char bytes[CLEW_WHEN_TEXT];
        char fresh[CLEW_WHEN_TEXT];
        char read[CLEW_WHEN_TEXT];
        char held[CLEW_WHEN_TEXT];
        char grown[CLEW_WHEN_TEXT];

        clew_count_short(b->bytes, "B", bytes);
        clew_count_short(b->new_bytes, "B", fresh);
        clew_count_short(b->verified_bytes, "B", read);
        clew_count_short(b->grown_bytes, "B", grown);
        clew_when_length(b->held_ns, held);
        fprintf(k->cli->out,
                "%s  %s in %" PRIu64 " object%s, %" PRIu64 " record%s, %" PRIu32 " file%s\n",
                clew_safe_cstr(clew_slice_of_cstr(dest), shown, sizeof(shown)), bytes, b->objects,
                clew_plural(b->objects), b->records, clew_plural(b->records), b->files,
                clew_plural(b->files));
        fprintf(k->cli->out, "copied    %s, %" PRIu64 " new object%s; %" PRIu64 " removed\n", fresh,
                b->new_objects, clew_plural(b->new_objects), b->removed);
        fprintf(k->cli->out, "verified  %s, synced\n", read);
        fprintf(k->cli->out,
                "meanwhile one snapshot was held for %s at the most; the store's file "
                "grew by %s\n",
                held, grown);
}

static int put_backup_json(struct keeping *k, const char *dest, const struct clew_backup_report *b)
{
        const char *const texts[4] = {"store", k->cli->store_dir, "backup", dest};
        const struct number numbers[] = {
                {"objects", b->objects},
                {"records", b->records},
                {"files", b->files},
                {"bytes", b->bytes},
                {"new_objects", b->new_objects},
                {"new_bytes", b->new_bytes},
                {"removed_objects", b->removed},
                {"verified_bytes", b->verified_bytes},
                {"held_nano", b->held_ns},
                {"store_grown_bytes", b->grown_bytes},
                {"damaged", b->damaged},
                {0},
        };

        return put_json(k, "backup", texts, numbers, b->taken_ns);
}

static int check_backup(struct keeping *k, const char *dest)
{
        const char *const texts[4] = {"backup", dest, NULL, NULL};
        struct clew_backup_report b;
        struct clew_error err = {0};
        char bytes[CLEW_WHEN_TEXT];
        char taken[CLEW_WHEN_TEXT];
        int r = clew_backup_verify(dest, &k->options, &b, &err);

        if (r < 0)
                return clew_cli_fail(k->cli, r, &err);
        if (k->json) {
                const struct number numbers[] = {{"objects", b.objects}, {"records", b.records},
                                                 {"files", b.files},     {"bytes", b.bytes},
                                                 {"damaged", b.damaged}, {0}};

                r = put_json(k, "backup", texts, numbers, b.taken_ns);
        } else {
                clew_count_short(b.bytes, "B", bytes);
                clew_when_full(b.taken_ns, false, taken);
                fprintf(k->cli->out, "taken %s; %s in %" PRIu64 " object%s, every byte read\n",
                        taken, bytes, b.objects, clew_plural(b.objects));
        }
        return damaged(k, r, b.damaged, "the backup is damaged, or was made of a damaged store");
}

static int make_backup(struct keeping *k, const char *dest)
{
        struct clew_backup_report b = {0};
        struct clew_error err = {0};
        int r = clew_store_backup(k->cli->store_dir, dest, &k->options, &b, &err);

        if (r < 0)
                return clew_cli_fail(k->cli, r, &err);
        if (k->json)
                r = put_backup_json(k, dest, &b);
        else
                put_backup(k, dest, &b);
        return damaged(k, r, b.damaged,
                       "the store is damaged; the backup holds all but what is named above");
}

int clew_cmd_backup(struct clew_cli *cli, int argc, char **argv)
{
        struct keeping k = {.cli = cli};
        bool check = false;
        const struct clew_flag own[] = {
                {"verify", 0, NULL, "read every object of the backup, also those copied before",
                 .ret_flag = &k.options.verify_all},
                {"check", 0, NULL, "make none: read every byte of the one in DEST",
                 .ret_flag = &check},
                {"json", 0, NULL, "one JSON object", .ret_flag = &k.json},
                {0},
        };
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r == 0 && (args.n != 1 || !*args.values[0])) {
                clew_cli_error(cli, "clew backup DEST: one directory, new or an earlier backup of "
                                    "this store");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = check ? begin(&k, "backup") : begin_here(&k, "backup");
        if (r != 0)
                return r;
        r = check ? check_backup(&k, args.values[0]) : make_backup(&k, args.values[0]);
        clew_output_deinit(&k.output);
        return r;
}

/* ---- restore --------------------------------------------------------------------------------- */

static int restore(struct keeping *k, const char *src)
{
        const char *const texts[4] = {"store", k->cli->store_dir, "backup", src};
        struct clew_restore_report s = {0};
        struct clew_error err = {0};
        char shown[200];
        char bytes[CLEW_WHEN_TEXT];
        char taken[CLEW_WHEN_TEXT];
        int r = clew_store_restore(src, k->cli->store_dir, &k->options, &s, &err);

        if (r < 0)
                return clew_cli_fail(k->cli, r, &err);
        if (k->json) {
                const struct number numbers[] = {{"objects", s.objects}, {"records", s.records},
                                                 {"files", s.files},     {"bytes", s.bytes},
                                                 {"lost", s.lost},       {0}};

                r = put_json(k, "restore", texts, numbers, s.taken_ns);
        } else {
                clew_count_short(s.bytes, "B", bytes);
                clew_when_full(s.taken_ns, false, taken);
                fprintf(k->cli->out,
                        "%s  restored from the backup of %s: %s, %" PRIu64
                        " objects, verified, synced\n",
                        clew_safe_cstr(clew_slice_of_cstr(k->cli->store_dir), shown, sizeof(shown)),
                        taken, bytes, s.objects);
        }
        return damaged(
                k, r, s.lost,
                "the backup was made of a damaged store; what it holds is whole again, without");
}

int clew_cmd_restore(struct clew_cli *cli, int argc, char **argv)
{
        struct keeping k = {.cli = cli};
        const char *store = NULL;
        const struct clew_flag own[] = {
                {"store", 0, "DIR", "where to: new or empty; as before the command",
                 .ret_text = &store},
                {"json", 0, NULL, "one JSON object", .ret_flag = &k.json},
                {0},
        };
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r == 0 && (args.n != 1 || !*args.values[0])) {
                clew_cli_error(cli, "clew restore SRC: one directory that clew backup has made; "
                                    "--store DIR says where to");
                r = CLEW_EXIT_USAGE;
        }
        if (store)
                cli->store_dir = store;
        if (r == 0)
                r = begin_here(&k, "restore");
        if (r != 0)
                return r;
        r = restore(&k, args.values[0]);
        clew_output_deinit(&k.output);
        return r;
}

/* ---- compact --------------------------------------------------------------------------------- */

int clew_cmd_compact(struct clew_cli *cli, int argc, char **argv)
{
        struct keeping k = {.cli = cli};
        const struct clew_flag own[] = {
                {"json", 0, NULL, "one JSON object", .ret_flag = &k.json},
                {0},
        };
        const char *const texts[4] = {"store", cli->store_dir, NULL, NULL};
        struct clew_compact_report c = {0};
        struct clew_error err = {0};
        struct clew_arguments args;
        char before[CLEW_WHEN_TEXT];
        char after[CLEW_WHEN_TEXT];
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r == 0 && args.n > 0) {
                clew_cli_error(cli, "compact takes flags only");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = begin_here(&k, "compact");
        if (r != 0)
                return r;
        r = clew_store_compact(cli->store_dir, &c, &err);
        if (r == 0 && c.index_dropped > 0)
                clew_cli_note(cli,
                              "indexes were damaged and are left out; a collector makes them anew, "
                              "and so does clew reindex");
        if (r < 0) {
                r = clew_cli_fail(cli, r, &err);
        } else if (k.json) {
                const struct number numbers[] = {{"records", c.records},
                                                 {"before_bytes", c.before_bytes},
                                                 {"after_bytes", c.after_bytes},
                                                 {0}};

                r = put_json(&k, "compact", texts, numbers, 0);
        } else {
                clew_count_short(c.before_bytes, "B", before);
                clew_count_short(c.after_bytes, "B", after);
                fprintf(cli->out, "%s before, %s now; verified, synced\n", before, after);
        }
        clew_output_deinit(&k.output);
        return r;
}

/* ---- doctor --repair ------------------------------------------------------------------------- */

static void count_finding(void *context, const char *object, const char *what)
{
        (void)context;
        (void)object;
        (void)what;
}

static int put_repair(struct keeping *k, const struct clew_repair_report *p)
{
        const char *const texts[4] = {"store", k->cli->store_dir, "damaged_file", p->aside};
        const struct number numbers[] = {{"damaged", p->damaged},
                                         {"lost_traces", p->lost_traces},
                                         {"lost_fragments", p->lost_fragments},
                                         {"found_traces", p->found_traces},
                                         {"traces", p->traces},
                                         {0}};

        if (k->json)
                return put_json(k, "repair", texts, numbers, 0);
        fprintf(k->cli->out,
                "repaired: %" PRIu64 " sealed trace%s; %" PRIu64 " lost, %" PRIu64
                " unsealed part%s lost, %" PRIu64 " found again\n",
                p->traces, clew_plural(p->traces), p->lost_traces, p->lost_fragments,
                clew_plural(p->lost_fragments), p->found_traces);
        fprintf(k->cli->out, "the damaged file is now %s; remove it when you need it no more\n",
                p->aside);
        return 0;
}

int clew_cli_repair(struct clew_cli *cli, bool json)
{
        struct keeping k = {.cli = cli, .json = json};
        struct clew_repair_report p = {0};
        struct clew_error err = {0};
        int r = begin_here(&k, "repair");

        if (r != 0)
                return r;
        fflush(cli->out);
        r = clew_store_verify(cli->store_dir, count_finding, NULL, &err);
        if (r == 0) {
                if (!json)
                        fputs("whole; there is nothing to repair\n", cli->out);
        } else if (r > 0) {
                r = clew_store_repair(cli->store_dir, &k.options, &p, &err);
                if (r == 0)
                        r = put_repair(&k, &p);
                if (r == 0 && (p.lost_traces > 0 || p.lost_fragments > 0 || k.n_findings > 0))
                        r = CLEW_EXIT_PARTIAL;
        }
        if (r < 0)
                r = clew_cli_fail(cli, r, &err);
        clew_output_deinit(&k.output);
        return r;
}
