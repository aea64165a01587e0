/*
 * See export-items.h.
 *
 * One item at a time is in memory; the view of the store is given back now and then, so that a slow
 * reader of our output pins no pages for long. The same items give the same bytes: nothing depends
 * on the time, the machine or the order of a hash. `-o` appears whole or not at all; the manifest
 * is written last and names the sum of each file, so a reader knows that the set is whole.
 */
#include "query/cli/export-items.h"

#include "query/answer/safe.h"
#include "query/cli/open.h"
#include "query/cli/outfile.h"
#include "query/review/item-mask.h"
#include "query/review/known.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define IDS_ARENA_MAX ((size_t)2 << 30)
/* The view is given back after so many items. */
#define ITEMS_OF_A_VIEW 256u
/* Ids told on the screen; the manifest has them all. */
#define REPORTS_MAX 10u
#define MANIFEST_MAX ((size_t)1 << 30)

enum part { PART_ALL, PART_TRAIN, PART_VALIDATION, PART_TEST, PARTS };
static const char *const part_names[PARTS] = {"data", "train", "validation", "test"};

struct part_file {
        struct clew_outfile out;
        char name[40];
        uint64_t items;
        bool open;
};

struct exporting {
        struct clew_cli *cli;
        const struct clew_export_request *rq;
        struct clew_compile_options options;
        struct clew_dataset dataset;
        bool from_dataset;
        struct clew_split split;
        uint8_t store_id[CLEW_STORE_ID_BYTES];
        struct clew_arena ids_arena;
        struct clew_arena arena; /* of one item */
        struct clew_arena again; /* of its canonical form */
        struct clew_known known;
        struct clew_mask mask;
        struct clew_outdir dir;
        bool to_dir;
        struct part_file parts[PARTS];
        struct clew_buffer record;
        struct clew_buffer skipped; /* JSON objects, with commas */
        uint64_t n_seen;
        uint64_t n_written;
        uint64_t n_skipped;
        uint64_t n_near;
};

/* ---- what is left out ----------------------------------------------------------------------- */

static void put_skipped(struct exporting *x, const char *key, const char *hex, const char *why)
{
        struct clew_json_writer w = clew_json_writer_make(&x->skipped, 0);

        if (x->skipped.len)
                clew_buffer_append_byte(&x->skipped, ',');
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, key);
        clew_json_write_cstr(&w, hex);
        clew_json_write_key(&w, "why");
        clew_json_write_cstr(&w, why);
        clew_json_write_object_end(&w);
        if (++x->n_skipped <= REPORTS_MAX)
                clew_cli_note(x->cli, "left out %.12s: %s", hex, why);
        else if (x->n_skipped == REPORTS_MAX + 1)
                clew_cli_note(x->cli, "... and more");
}

/* ---- files ---------------------------------------------------------------------------------- */

static bool looks_like_file(const char *path)
{
        static const char *const endings[] = {".jsonl", ".json", ".csv", ".ndjson"};
        size_t n = strlen(path);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(endings); i++) {
                size_t m = strlen(endings[i]);

                if (n > m && strcmp(path + n - m, endings[i]) == 0)
                        return true;
        }
        return false;
}

static int open_part(struct exporting *x, enum part p)
{
        struct part_file *f = &x->parts[p];
        int r;

        if (f->open)
                return 0;
        snprintf(f->name, sizeof(f->name), "%s.%s", part_names[p], x->rq->format->ending);
        r = x->to_dir ? clew_outdir_file(&x->dir, x->cli, f->name, &f->out)
                      : clew_outfile_open(&f->out, x->cli, x->rq->output, x->rq->force);
        f->open = r == 0;
        if (r == 0 && x->rq->format->head) {
                CLEW_BUFFER head = {0};

                clew_buffer_init(&head, 4096);
                x->rq->format->head(&head);
                r = clew_outfile_write(&f->out, x->cli, clew_buffer_slice(&head));
        }
        return r;
}

static enum part part_of(const char *split)
{
        for (int i = PART_TRAIN; split && i < PARTS; i++) {
                if (strcmp(split, part_names[i]) == 0)
                        return (enum part)i;
        }
        return PART_ALL;
}

/* ---- one item ------------------------------------------------------------------------------- */

/* @item lives in @arena, which is that of this item alone. */
static int write_item(struct exporting *x, struct clew_item *item, const struct clew_content_id *id,
                      struct clew_arena *arena)
{
        const char *split = clew_split_of(&x->split, &item->task);
        struct clew_export_item e = {
                .item = item,
                .id = *id,
                .split = split,
                .dataset = x->from_dataset ? x->dataset.name : CLEW_SLICE_NULL,
                .allow_missing = x->rq->allow_missing,
        };
        enum part p = x->to_dir ? part_of(split) : PART_ALL;
        struct clew_mask mask = x->mask; /* what is left out is not counted */
        struct clew_error err = {0};
        char hex[CLEW_CONTENT_ID_HEX];
        int r;

        clew_buffer_clear(&x->record);
        r = clew_item_mask(item, &mask, arena);
        if (r == 0)
                r = clew_export_record(x->rq->format, &e, &x->record, &err);
        if (r == -ENODATA || r == -EMSGSIZE) {
                clew_content_id_to_hex(id, hex);
                put_skipped(x, "item", hex, r == -ENODATA ? err.message : "it is too large");
                return 0;
        }
        if (r < 0)
                return clew_cli_fail(x->cli, r, NULL);
        x->mask = mask;
        x->n_written++;
        if (x->rq->dry_run)
                return 0;
        r = open_part(x, p);
        if (r == 0)
                r = clew_outfile_write(&x->parts[p].out, x->cli, clew_buffer_slice(&x->record));
        x->parts[p].items++;
        return r;
}

static void progress(struct exporting *x)
{
        if (x->n_seen % ITEMS_OF_A_VIEW == 0) {
                clew_cli_close_store(x->cli);
                if (isatty(STDERR_FILENO))
                        fprintf(x->cli->err, "\r%" PRIu64 " ...\r", x->n_seen);
        }
}

static int export_entry(struct exporting *x, const struct clew_dataset_entry *e)
{
        struct clew_item item;
        int r;

        clew_arena_reset(&x->arena);
        r = clew_cli_dataset_item(x->cli, &e->id, &x->arena, &item);
        if (r != 0)
                return r;
        x->n_seen++;
        r = write_item(x, &item, &e->id, &x->arena);
        progress(x);
        return r;
}

/* By way of the canonical form, so that a dataset of the same runs gives the same bytes. */
static int export_trace(struct exporting *x, const struct clew_trace_id *id)
{
        struct clew_dataset_news news;
        struct clew_error err = {0};
        struct clew_view *view;
        struct clew_item item;
        char hex[CLEW_TRACE_ID_HEX];
        double likeness;
        int r = clew_cli_view(x->cli, &view);

        if (r != 0)
                return r;
        clew_arena_reset(&x->arena);
        clew_arena_reset(&x->again);
        clew_trace_id_to_hex(id, hex);
        x->n_seen++;
        r = clew_cli_compile(view, id, &x->options, &x->arena, &item, &err);
        if (r == 0)
                r = clew_dataset_prepare(&item, &x->again, &news);
        if (r == 0)
                r = clew_item_read(news.body, &x->again, &item);
        if (r < 0) {
                put_skipped(x, "trace_id", hex, err.message[0] ? err.message : strerror(-r));
                return 0;
        }
        if (clew_known_near(&x->known, &news.entry, &likeness)) {
                x->n_near++;
                if (x->rq->skip_near) {
                        put_skipped(x, "trace_id", hex, "a near-duplicate");
                        return 0;
                }
        }
        if (clew_known_add(&x->known, &news.entry) < 0)
                return clew_cli_fail(x->cli, -ENOMEM, NULL);
        r = write_item(x, &item, &news.entry.id, &x->again);
        progress(x);
        return r;
}

/* ---- the manifest --------------------------------------------------------------------------- */

static void put_files(struct exporting *x, struct clew_json_writer *w)
{
        clew_json_write_key(w, "files");
        clew_json_write_array_begin(w);
        for (int p = 0; p < PARTS; p++) {
                struct part_file *f = &x->parts[p];
                uint8_t sum[CLEW_SHA256_BYTES];
                char hex[CLEW_SHA256_HEX];
                const char *slash = x->rq->output ? strrchr(x->rq->output, '/') : NULL;

                if (!f->open)
                        continue;
                clew_sha256_end(&f->out.sum, sum);
                clew_hex_encode(clew_slice_make(sum, sizeof(sum)), hex);
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "name");
                clew_json_write_cstr(w, x->to_dir ? f->name : slash ? slash + 1 : x->rq->output);
                clew_json_write_key(w, "items");
                clew_json_write_uint64(w, f->items);
                clew_json_write_key(w, "bytes");
                clew_json_write_uint64(w, f->out.bytes);
                clew_json_write_key(w, "sha256");
                clew_json_write_cstr(w, hex);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_redacted(struct exporting *x, struct clew_json_writer *w)
{
        clew_json_write_key(w, "redacted");
        clew_json_write_object_begin(w);
        for (unsigned i = 0; i < CLEW_MASK_RULES; i++) {
                if ((x->mask.rules >> i & 1) == 0)
                        continue;
                clew_json_write_key(w, clew_mask_rule_name((enum clew_mask_rule)i));
                clew_json_write_uint64(w, x->mask.n[i]);
        }
        clew_json_write_object_end(w);
}

/* What was asked for, without where it goes: the same export to another place is the same. */
static void put_selection(struct clew_json_writer *w, int argc, char *const *argv)
{
        clew_json_write_key(w, "selection");
        clew_json_write_array_begin(w);
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0)
                        i++;
                else if (strncmp(argv[i], "--output=", 9) != 0 && strcmp(argv[i], "--force") != 0)
                        clew_json_write_cstr(w, argv[i]);
        }
        clew_json_write_array_end(w);
}

static void put_manifest(struct exporting *x, struct clew_buffer *out, int argc, char *const *argv)
{
        struct clew_json_writer w = clew_json_writer_make(out, 1);
        char hex[CLEW_CONTENT_ID_HEX];

        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "manifest");
        clew_json_write_key(&w, "clew");
        clew_json_write_cstr(&w, CLEW_VERSION);
        clew_json_write_key(&w, "store");
        clew_json_write_hex(&w, clew_slice_make(x->store_id, sizeof(x->store_id)));
        clew_json_write_key(&w, "rules");
        clew_json_write_uint64(&w, CLEW_RULES_VERSION);
        clew_json_write_key(&w, "format");
        clew_json_write_cstr(&w, x->rq->format->name);
        put_selection(&w, argc, argv);
        if (x->from_dataset) {
                clew_json_write_key(&w, "dataset");
                clew_json_write_string(&w, x->dataset.name);
                clew_json_write_key(&w, "version");
                clew_json_write_uint64(&w, x->dataset.version);
                clew_content_id_to_hex(&x->dataset.digest, hex);
                clew_json_write_key(&w, "digest");
                clew_json_write_cstr(&w, hex);
        }
        clew_json_write_key(&w, "items");
        clew_json_write_uint64(&w, x->n_written);
        put_redacted(x, &w);
        put_files(x, &w);
        clew_json_write_key(&w, "skipped");
        clew_json_write_array_begin(&w);
        if (x->skipped.len)
                clew_json_write_raw(&w, clew_buffer_slice(&x->skipped));
        clew_json_write_array_end(&w);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(out, '\n');
}

static int write_text(struct exporting *x, const char *name, struct clew_slice text)
{
        struct clew_outfile f = {0};
        char path[4096];
        int r;
        int closed;

        if (x->to_dir) {
                r = clew_outdir_file(&x->dir, x->cli, name, &f);
        } else {
                snprintf(path, sizeof(path), "%s.%s", x->rq->output, name);
                r = clew_outfile_open(&f, x->cli, path, true); /* belongs to the file beside it */
        }
        if (r == 0)
                r = clew_outfile_write(&f, x->cli, text);
        closed = clew_outfile_close(&f, x->cli, r == 0);
        return r != 0 ? r : closed;
}

static int write_card(struct exporting *x)
{
        CLEW_BUFFER card = {0};
        const char *files[PARTS];
        const char *splits[PARTS];
        size_t n = 0;

        clew_buffer_init(&card, (size_t)1 << 20);
        for (int p = 0; p < PARTS; p++) {
                if (!x->parts[p].open)
                        continue;
                files[n] = x->parts[p].name;
                splits[n++] = p == PART_ALL ? "train" : part_names[p];
        }
        clew_export_card(x->rq->format, x->from_dataset ? x->dataset.name : CLEW_SLICE_NULL, files,
                         splits, n, &card);
        if (clew_buffer_error(&card) < 0)
                return clew_cli_fail(x->cli, clew_buffer_error(&card), NULL);
        return write_text(x, "README.md", clew_buffer_slice(&card));
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int export_all(struct exporting *x, struct clew_filter_flags *flags,
                      struct clew_arguments *args)
{
        struct clew_trace_id *ids = NULL;
        size_t n = 0;
        int r;

        if (x->from_dataset) {
                r = args->n ? CLEW_EXIT_USAGE : 0;
                if (r)
                        clew_cli_error(x->cli, "--dataset goes without ids");
                for (uint32_t i = 0; r == 0 && i < x->dataset.n; i++) {
                        if (x->rq->limit == 0 || i < x->rq->limit)
                                r = export_entry(x, &x->dataset.entries[i]);
                }
                return r;
        }
        if (clew_known_init(&x->known, &x->ids_arena) < 0)
                return clew_cli_fail(x->cli, -ENOMEM, NULL);
        r = clew_cli_select_ids(x->cli, args, flags, x->rq->limit, &x->ids_arena, &ids, &n);
        for (size_t i = 0; r == 0 && i < n; i++)
                r = export_trace(x, &ids[i]);
        return r;
}

static int read_store_id(struct exporting *x)
{
        struct clew_error err = {0};
        struct clew_view *view;
        int r = clew_cli_view(x->cli, &view);

        if (r != 0)
                return r;
        r = clew_view_store_id(view, x->store_id, &err);
        return r < 0 ? clew_cli_fail(x->cli, r, &err) : 0;
}

static int prepare(struct exporting *x)
{
        const char *output = x->rq->output;
        int r = clew_item_flags_read(x->cli, &x->rq->item_flags, &x->options);

        if (r == 0)
                r = read_store_id(x);

        if (r == 0 && x->from_dataset) {
                r = clew_cli_dataset(x->cli, x->rq->dataset, &x->ids_arena, &x->dataset);
                x->split = x->dataset.split;
        }
        if (r == 0 && x->rq->split &&
            !clew_split_parse(clew_slice_of_cstr(x->rq->split), &x->split)) {
                clew_cli_error(x->cli, "--split takes shares that make 100: 80/20 or 80/10/10");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0 && x->rq->redact &&
            !clew_mask_rules_parse(clew_slice_of_cstr(x->rq->redact), &x->mask.rules)) {
                clew_cli_error(x->cli, "--redact takes all, none, or some of private-key, api-key, "
                                       "token, secret, email, card, iban, phone");
                r = CLEW_EXIT_USAGE;
        }
        if (r != 0 || x->rq->dry_run || !output || strcmp(output, "-") == 0)
                return r;
        x->to_dir = !looks_like_file(output);
        return x->to_dir ? clew_outdir_open(&x->dir, x->cli, output, x->rq->force)
                         : open_part(x, PART_ALL);
}

static int finish(struct exporting *x, int status, int argc, char *const *argv)
{
        CLEW_BUFFER manifest = {0};
        bool to_file = x->rq->output && strcmp(x->rq->output, "-") != 0 && !x->rq->dry_run;
        bool first_empty = status == 0 && !x->rq->dry_run && x->n_written == 0;

        clew_buffer_init(&manifest, MANIFEST_MAX);
        if (first_empty)
                status = open_part(x, PART_ALL); /* a set of nothing is a set */
        put_manifest(x, &manifest, argc, argv);
        if (status == 0 && clew_buffer_error(&manifest) < 0)
                status = clew_cli_fail(x->cli, clew_buffer_error(&manifest), NULL);
        if (status == 0 && x->to_dir && strncmp(x->rq->format->name, "trl", 3) == 0)
                status = write_card(x);
        for (int p = 0; p < PARTS; p++) {
                int closed = clew_outfile_close(&x->parts[p].out, x->cli, status == 0);

                status = status ? status : closed;
        }
        if (status == 0 && to_file)
                status = write_text(x, "manifest.json", clew_buffer_slice(&manifest));
        if (x->to_dir) {
                int closed = clew_outdir_close(&x->dir, x->cli, status == 0);

                status = status ? status : closed;
        }
        return status;
}

static void report(struct exporting *x)
{
        uint64_t masked = clew_mask_count(&x->mask);

        clew_cli_note(x->cli, "%s%" PRIu64 " of %" PRIu64 " items, %" PRIu64 " left out%s",
                      x->rq->dry_run ? "would write " : "", x->n_written, x->n_seen, x->n_skipped,
                      x->n_skipped && !x->rq->allow_missing
                              ? " (--allow-missing keeps those without an expected output)"
                              : "");
        if (x->n_near)
                clew_cli_note(x->cli, "%" PRIu64 " near-duplicates%s", x->n_near,
                              x->rq->skip_near ? " left out" : " (--skip-near leaves them out)");
        if (masked)
                clew_cli_note(x->cli,
                              "%" PRIu64 " secret%s masked as [redacted:...] (--redact none "
                              "leaves texts as they are)",
                              masked, masked == 1 ? "" : "s");
}

int clew_export_run(struct clew_cli *cli, const struct clew_export_request *request,
                    struct clew_filter_flags *filter_flags, struct clew_arguments *args, int argc,
                    char *const *argv)
{
        struct exporting x = {.cli = cli, .rq = request, .from_dataset = request->dataset != NULL};
        int r;

        clew_mask_init(&x.mask);
        clew_arena_init(&x.ids_arena, IDS_ARENA_MAX);
        clew_arena_init(&x.arena, CLEW_ITEM_ARENA_MAX);
        clew_arena_init(&x.again, CLEW_ITEM_ARENA_MAX);
        clew_buffer_init(&x.record, CLEW_EXPORT_RECORD_MAX);
        clew_buffer_init(&x.skipped, MANIFEST_MAX);
        r = prepare(&x);
        if (r == 0)
                r = export_all(&x, filter_flags, args);
        r = finish(&x, r, argc, argv);
        if (r == 0)
                report(&x);
        clew_buffer_deinit(&x.skipped);
        clew_buffer_deinit(&x.record);
        clew_arena_deinit(&x.again);
        clew_arena_deinit(&x.arena);
        clew_arena_deinit(&x.ids_arena);
        return r;
}
