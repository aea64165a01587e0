/*
 * clew dataset: sets of cases with versions, made of runs or of files.
 *
 * A case keeps its own copy of what it needs, so it stays when its trace is gone; while the trace
 * lives, it is kept from retention. What is done to a dataset is added, never changed.
 */
#include "query/cli/items.h"

#include "proto/base/number.h"
#include "query/answer/review-record.h"
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/cli/author.h"
#include "query/cli/commands.h"
#include "query/cli/dataset-schema.h"
#include "query/cli/lines.h"
#include "query/cli/open.h"
#include "query/cli/passing.h"
#include "query/cli/terminal.h"
#include "query/cli/window.h"
#include "query/review/item-import.h"
#include "query/review/item-schema.h"
#include "query/review/known.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NEWS_ARENA_MAX ((size_t)2 << 30)
/* Bodies wait in memory for so long. */
#define PENDING_BYTES_MAX ((size_t)32 << 20)
#define REPORTS_MAX 20u

struct dataset_command {
        struct clew_cli *cli;
        struct clew_arguments args;
        struct clew_look look;
        struct clew_display_flags display_flags;
        struct clew_filter_flags filter_flags;
        struct clew_item_flags item_flags;
        struct clew_window_flags window_flags; /* all time is what is added from anyway */
        const char *split;
        const char *description;
        const char *map;
        const char *schema;
        uint64_t limit;
        bool json;
        bool skip_near;
        bool from_passing;
        bool replace;
        bool dry_run;
        char author[CLEW_SESSION_BYTES_MAX];
        /* adding */
        struct clew_arena arena;
        struct clew_arena bodies; /* of what is not kept yet */
        struct clew_dataset dataset;
        const struct clew_shape *shape; /* of its schema; NULL = none */
        struct clew_known known;
        struct clew_passing passing;
        struct clew_dataset_news *news;
        uint32_t n_news;
        uint32_t room;
        uint32_t n_kept; /* bodies of the first so many news are kept */
        uint64_t n_same;
        /* Items that the dataset has of the same case, as it was added before. */
        struct clew_content_id *older;
        uint32_t n_older;
        uint32_t older_room;
        uint64_t n_near;
        uint64_t n_left_out;
        uint64_t n_without;
};

/* ---- create, freeze, remove ----------------------------------------------------------------- */

static int need(struct dataset_command *c, size_t least, size_t most, const char *usage)
{
        if (c->args.n - 1 >= least && c->args.n - 1 <= most)
                return 0;
        clew_cli_error(c->cli, "clew dataset %s", usage);
        return CLEW_EXIT_USAGE;
}

static int create(struct dataset_command *c)
{
        struct clew_dataset d = {.author = clew_slice_of_cstr(c->author),
                                 .description = clew_slice_of_cstr(c->description),
                                 .time_ns = clew_clock_unix_ns(c->cli->clock)};
        struct clew_error err = {0};
        struct clew_store *store;
        int r = need(c, 1, 1, "create NAME [--split 80/20] [--description TEXT] [--schema FILE]");

        if (r != 0)
                return r;
        d.name = clew_slice_of_cstr(c->args.values[1]);
        if (!clew_name_is_good(d.name) || d.description.len > CLEW_DATASET_TEXT_MAX) {
                clew_cli_error(c->cli,
                               "a dataset's name has 1 to %u bytes without blanks, '@', ',' "
                               "and '='; its description at most %u",
                               CLEW_NAME_BYTES_MAX, CLEW_DATASET_TEXT_MAX);
                return CLEW_EXIT_USAGE;
        }
        if (c->split && !clew_split_parse(clew_slice_of_cstr(c->split), &d.split)) {
                clew_cli_error(c->cli, "--split takes shares that make 100: 80/20 (train, test) or "
                                       "80/10/10 (train, validation, test)");
                return CLEW_EXIT_USAGE;
        }
        if (c->schema)
                r = clew_cli_schema_read(c->cli, c->schema, &c->arena, &d.schema);
        if (r == 0)
                r = clew_cli_store_existing(c->cli, &store);
        if (r != 0)
                return r;
        r = clew_dataset_create(store, &d, &err);
        if (r == -EEXIST) {
                clew_cli_error(c->cli, "there is a dataset of that name already");
                return CLEW_EXIT_USAGE;
        }
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        fprintf(c->cli->out, "created %s\n", c->args.values[1]);
        clew_cli_note(c->cli, "next: %s dataset add %s --failed", c->cli->self, c->args.values[1]);
        return 0;
}

static int freeze(struct dataset_command *c)
{
        struct clew_error err = {0};
        struct clew_store *store;
        char hex[CLEW_CONTENT_ID_HEX];
        int r = need(c, 1, 1, "freeze NAME");

        if (r == 0)
                r = clew_cli_dataset(c->cli, c->args.values[1], &c->arena, &c->dataset);
        if (r != 0)
                return r;
        if (c->dataset.version || c->dataset.n == 0) {
                clew_cli_error(c->cli, c->dataset.version ? "that is a version already"
                                                          : "the dataset has no items");
                return CLEW_EXIT_USAGE;
        }
        clew_content_id_to_hex(&c->dataset.digest, hex);
        for (uint32_t v = 0; v < c->dataset.n_versions; v++) {
                if (memcmp(&c->dataset.versions[v].digest, &c->dataset.digest,
                           sizeof(c->dataset.digest)) != 0)
                        continue;
                fprintf(c->cli->out, "%s@%u  %u items  %s\n", c->args.values[1], v + 1,
                        c->dataset.n, hex);
                clew_cli_note(c->cli, "the items are those of version %u: nothing was added",
                              v + 1);
                return 0;
        }
        r = clew_cli_store_existing(c->cli, &store);
        if (r != 0)
                return r;
        r = clew_dataset_freeze(store, &c->dataset, clew_slice_of_cstr(c->author),
                                clew_clock_unix_ns(c->cli->clock), &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        fprintf(c->cli->out, "%s@%u  %u items  %s\n", c->args.values[1], c->dataset.n_versions + 1,
                c->dataset.n, hex);
        return 0;
}

static int find_item(struct dataset_command *c, const char *text, struct clew_content_id *ret)
{
        uint32_t i = clew_dataset_find(&c->dataset, clew_slice_of_cstr(text));
        char shown[80];

        if (i < UINT32_MAX - 1) {
                *ret = c->dataset.entries[i].id;
                return 0;
        }
        clew_safe_cstr(clew_slice_of_cstr(text), shown, sizeof(shown));
        clew_cli_error(c->cli,
                       i == UINT32_MAX ? "the dataset has no item %s"
                                       : "several items begin "
                                         "with %s",
                       shown);
        return CLEW_EXIT_USAGE;
}

static int remove_items(struct dataset_command *c)
{
        struct clew_content_id *ids;
        struct clew_error err = {0};
        struct clew_store *store;
        uint32_t n = 0;
        int r = need(c, 2, CLEW_ARGUMENTS_MAX, "remove NAME ITEM...");

        if (r == 0)
                r = clew_cli_dataset(c->cli, c->args.values[1], &c->arena, &c->dataset);
        if (r != 0)
                return r;
        ids = clew_arena_calloc(&c->arena, c->args.n, sizeof(*ids));
        if (!ids)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        for (size_t i = 2; r == 0 && i < c->args.n; i++)
                r = find_item(c, c->args.values[i], &ids[n++]);
        if (r == 0)
                r = clew_cli_store_existing(c->cli, &store);
        if (r != 0)
                return r;
        r = clew_dataset_remove(store, c->dataset.name, ids, n, clew_slice_of_cstr(c->author),
                                clew_clock_unix_ns(c->cli->clock), &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        fprintf(c->cli->out, "removed %u item%s; frozen versions keep them\n", n,
                n == 1 ? "" : "s");
        return 0;
}

/* ---- adding --------------------------------------------------------------------------------- */

static int keep_pending(struct dataset_command *c)
{
        struct clew_error err = {0};
        struct clew_store *store;
        int r;

        if (c->n_kept == c->n_news || c->dry_run)
                return 0;
        r = clew_cli_store_existing(c->cli, &store);
        if (r != 0)
                return r;
        r = clew_dataset_keep_bodies(store, c->news + c->n_kept, c->n_news - c->n_kept, &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        for (; c->n_kept < c->n_news; c->n_kept++)
                c->news[c->n_kept].body = CLEW_SLICE_NULL;
        clew_arena_reset(&c->bodies);
        return 0;
}

/* True when @e is nearly one that is there; told. */
static bool is_near(struct dataset_command *c, const struct clew_dataset_entry *e)
{
        double likeness;
        const struct clew_dataset_entry *other = clew_known_near(&c->known, e, &likeness);
        char hex[CLEW_CONTENT_ID_HEX];
        char hex2[CLEW_CONTENT_ID_HEX];

        if (!other)
                return false;
        clew_content_id_to_hex(&e->id, hex);
        clew_content_id_to_hex(&other->id, hex2);
        if (++c->n_near <= REPORTS_MAX)
                clew_cli_note(c->cli, "%.8s is nearly %.8s (%.0f %% alike)%s", hex, hex2,
                              100 * likeness, c->skip_near ? ": left out" : "");
        return true;
}

/* Before anything is added: the dataset, and what it has. */
static int open_dataset(struct dataset_command *c)
{
        int r = clew_cli_dataset(c->cli, c->args.values[1], &c->arena, &c->dataset);

        if (r == 0 && c->dataset.version) {
                clew_cli_error(c->cli, "a version cannot be changed: add to the name without @");
                return CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = clew_cli_schema_of(c->cli, &c->dataset, &c->arena, &c->shape);
        if (r == 0 && clew_known_init(&c->known, &c->arena) < 0)
                r = clew_cli_fail(c->cli, -ENOMEM, NULL);
        for (uint32_t i = 0; r == 0 && i < c->dataset.n; i++) {
                if (clew_known_add(&c->known, &c->dataset.entries[i]) < 0)
                        r = clew_cli_fail(c->cli, -ENOMEM, NULL);
        }
        return r;
}

static int note_older(struct dataset_command *c, const struct clew_content_id *id)
{
        if (c->n_older == c->older_room) {
                uint32_t room = c->older_room ? 2 * c->older_room : 64;
                struct clew_content_id *more = clew_arena_calloc(&c->arena, room, sizeof(*more));

                if (!more)
                        return clew_cli_fail(c->cli, -ENOMEM, NULL);
                if (c->n_older)
                        memcpy(more, c->older, c->n_older * sizeof(*more));
                c->older = more;
                c->older_room = room;
        }
        c->older[c->n_older++] = *id;
        return 0;
}

/* What has been said of a run since it was added makes another item of the same case: both would
 * count. */
static int find_older(struct dataset_command *c, const struct clew_item *item)
{
        CLEW_ARENA arena = {0};
        const struct clew_known_link *at = NULL;
        const struct clew_dataset_entry *e;
        int r = 0;

        clew_arena_init(&arena, CLEW_ITEM_ARENA_MAX);
        while (r == 0 && (e = clew_known_of_trace(&c->known, &item->trace_id, &at))) {
                struct clew_item other;

                if (e->number == 0)
                        continue; /* is being added now */
                clew_arena_reset(&arena);
                r = clew_cli_dataset_item(c->cli, &e->id, &arena, &other);
                if (r == 0 && other.form == item->form && other.step == item->step)
                        r = note_older(c, &e->id);
        }
        return r;
}

static int take_item(struct dataset_command *c, const struct clew_item *item)
{
        struct clew_dataset_news one;

        if (c->n_news + c->dataset.n >= CLEW_DATASET_ITEMS_MAX) {
                clew_cli_error(c->cli, "a dataset has at most %u items", CLEW_DATASET_ITEMS_MAX);
                return CLEW_EXIT_USAGE;
        }
        if (c->n_news == c->room) {
                uint32_t room = c->room ? 2 * c->room : 64;
                struct clew_dataset_news *more = clew_arena_calloc(&c->arena, room, sizeof(*more));

                if (!more)
                        return clew_cli_fail(c->cli, -ENOMEM, NULL);
                if (c->n_news)
                        memcpy(more, c->news, c->n_news * sizeof(*more));
                c->news = more;
                c->room = room;
        }
        if (clew_dataset_prepare(item, &c->bodies, &one) < 0)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        if (clew_known_has(&c->known, &one.entry.id)) {
                c->n_same++;
                return 0;
        }
        if (!clew_trace_id_is_zero(&item->trace_id) && find_older(c, item) != 0)
                return CLEW_EXIT_STORE;
        if (is_near(c, &one.entry) && c->skip_near)
                return 0;
        if (clew_known_add(&c->known, &one.entry) < 0)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        c->n_without += !one.entry.has_expected;
        c->news[c->n_news++] = one;
        return c->bodies.used_bytes > PENDING_BYTES_MAX ? keep_pending(c) : 0;
}

static int remove_older(struct dataset_command *c)
{
        struct clew_error err = {0};
        struct clew_store *store;
        int r;

        if (c->n_older == 0)
                return 0;
        if (!c->replace) {
                clew_cli_note(c->cli,
                              "%u older item%s of the same cases %s in it: --replace takes them "
                              "out",
                              c->n_older, c->n_older == 1 ? "" : "s",
                              c->n_older == 1 ? "is" : "are");
                return 0;
        }
        if (!c->dry_run) {
                r = clew_cli_store_existing(c->cli, &store);
                if (r != 0)
                        return r;
                r = clew_dataset_remove(store, c->dataset.name, c->older, c->n_older,
                                        clew_slice_of_cstr(c->author),
                                        clew_clock_unix_ns(c->cli->clock), &err);
                if (r < 0)
                        return clew_cli_fail(c->cli, r, &err);
        }
        clew_cli_note(c->cli, "%u older item%s of the same cases taken out", c->n_older,
                      c->n_older == 1 ? "" : "s");
        return 0;
}

static int add_all(struct dataset_command *c)
{
        struct clew_error err = {0};
        struct clew_store *store;
        int r = keep_pending(c);

        if (r == 0 && c->n_news && !c->dry_run)
                r = clew_cli_store_existing(c->cli, &store);
        if (r != 0)
                return r;
        if (c->n_news && !c->dry_run) {
                r = clew_dataset_add(store, c->dataset.name, c->news, c->n_news,
                                     clew_slice_of_cstr(c->author),
                                     clew_clock_unix_ns(c->cli->clock), &err);
                if (r < 0)
                        return clew_cli_fail(c->cli, r, &err);
        }
        fprintf(c->cli->out, "%s%u item%s, %" PRIu64 " of them without an expected output\n",
                c->dry_run ? "would add " : "added ", c->n_news, c->n_news == 1 ? "" : "s",
                c->n_without);
        if (c->passing.used)
                clew_cli_note(c->cli,
                              "%" PRIu64 " expect what a passing run of their task answered",
                              c->passing.used);
        else if (c->from_passing || (c->n_without && strcmp(c->args.values[0], "add") == 0))
                clew_cli_note(c->cli,
                              c->from_passing
                                      ? "no passing run has the task of one of them"
                                      : "what should have come: clew annotate --correct, or "
                                        "--from-passing for what a run of the same task "
                                        "that passed answered");
        if (c->n_same)
                clew_cli_note(c->cli, "%" PRIu64 " are in it already", c->n_same);
        if (c->n_near)
                clew_cli_note(c->cli, "%" PRIu64 " near-duplicates%s", c->n_near,
                              c->skip_near ? " left out" : " (--skip-near leaves them out)");
        if (c->n_left_out)
                clew_cli_note(c->cli, "%" PRIu64 " trace%s gave no item", c->n_left_out,
                              c->n_left_out == 1 ? "" : "s");
        r = remove_older(c);
        return r == 0 && c->n_left_out ? CLEW_EXIT_PARTIAL : r;
}

static int add_trace(struct dataset_command *c, const struct clew_trace_id *id,
                     const struct clew_compile_options *options, struct clew_arena *arena)
{
        struct clew_error err = {0};
        struct clew_view *view;
        struct clew_item item;
        char hex[CLEW_TRACE_ID_HEX];
        int r = clew_cli_view(c->cli, &view);

        if (r != 0)
                return r;
        clew_arena_reset(arena);
        r = clew_cli_compile(view, id, options, arena, &item, &err);
        if (r == 0 && c->from_passing) {
                r = clew_passing_complete(&c->passing, &item, arena);
                if (r != 0)
                        return r;
        }
        if (r == 0 && c->shape)
                r = clew_item_schema_check(c->shape, &item, arena, &err);
        if (r == 0)
                return take_item(c, &item);
        clew_trace_id_to_hex(id, hex);
        if (c->n_left_out++ < REPORTS_MAX)
                clew_cli_error(c->cli, "%s gives no item: %s", hex,
                               err.message[0] ? err.message : strerror(-r));
        return 0;
}

static int add(struct dataset_command *c)
{
        CLEW_ARENA arena = {0};
        struct clew_compile_options options;
        struct clew_arguments rest = {.values = c->args.values + 2, .n = c->args.n - 2};
        struct clew_trace_id *ids = NULL;
        size_t n = 0;
        int r = need(c, 1, CLEW_ARGUMENTS_MAX, "add NAME [ID...|QUERY] [FLAGS]");

        if (r == 0)
                r = clew_item_flags_read(c->cli, &c->item_flags, &options);
        if (r == 0 && c->from_passing && options.form == CLEW_ITEM_STEP) {
                clew_cli_error(c->cli,
                               "--from-passing goes with --as run and turn: of a step only a "
                               "correction says what should have come");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = open_dataset(c);
        if (r == 0 && c->from_passing)
                r = clew_passing_init(&c->passing, c->cli, &options);
        if (r == 0)
                r = clew_cli_select_ids(c->cli, &rest, &c->filter_flags, c->limit, &c->arena, &ids,
                                        &n);
        clew_arena_init(&arena, CLEW_ITEM_ARENA_MAX);
        for (size_t i = 0; r == 0 && i < n; i++)
                r = add_trace(c, &ids[i], &options, &arena);
        clew_passing_deinit(&c->passing);
        return r != 0 ? r : add_all(c);
}

/* ---- import --------------------------------------------------------------------------------- */

static int wrong_line(struct dataset_command *c, uint64_t line, const char *what)
{
        char name[200];

        clew_cli_error(c->cli, "%s:%" PRIu64 ": %s; nothing was added",
                       clew_safe_cstr(clew_slice_of_cstr(c->args.values[2]), name, sizeof(name)),
                       line, what);
        return CLEW_EXIT_USAGE;
}

static int import_line(struct dataset_command *c, struct clew_slice json, uint64_t line,
                       const struct clew_item_mapping *mapping, struct clew_arena *arena)
{
        struct clew_item item;
        struct clew_error err = {0};

        clew_arena_reset(arena);
        if (clew_item_import(json, mapping, arena, &item, &err) < 0)
                return wrong_line(c, line, err.message[0] ? err.message : "is too large");
        if (c->shape && clew_item_schema_check(c->shape, &item, arena, &err) < 0)
                return wrong_line(c, line, err.message[0] ? err.message : "is too large");
        return take_item(c, &item);
}

static int import_csv(struct dataset_command *c, struct clew_slice text,
                      const struct clew_item_mapping *mapping, struct clew_arena *arena)
{
        CLEW_ARENA cells = {0};
        CLEW_BUFFER json = {0};
        struct clew_csv csv;
        struct clew_error err = {0};
        int r;

        clew_arena_init(&cells, NEWS_ARENA_MAX);
        clew_buffer_init(&json, CLEW_ITEM_BYTES_MAX);
        r = clew_csv_open(&csv, text, &cells, &err);
        if (r < 0)
                return wrong_line(c, 1, err.message[0] ? err.message : "is too large");
        for (;;) {
                uint64_t line = csv.line;

                clew_buffer_clear(&json);
                r = clew_csv_next(&csv, &json, &err);
                if (r < 0)
                        return wrong_line(c, line, err.message[0] ? err.message : "is too large");
                if (r == 0)
                        return 0;
                r = import_line(c, clew_buffer_slice(&json), line, mapping, arena);
                if (r != 0)
                        return r;
        }
}

static bool ends_with(const char *text, const char *end)
{
        size_t n = strlen(text);
        size_t m = strlen(end);

        return n >= m && strcmp(text + n - m, end) == 0;
}

static int import(struct dataset_command *c)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER text = {0};
        struct clew_item_mapping mapping = {0};
        struct clew_lines lines = {0};
        struct clew_slice line;
        int r = need(c, 2, 2, "import NAME FILE [--map input=A,expected=B,name=C]");

        if (r == 0 && !clew_item_mapping_parse(clew_slice_of_cstr(c->map), &mapping)) {
                clew_cli_error(c->cli, "--map takes input=A,expected=B,name=C, any of them");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = open_dataset(c);
        clew_buffer_init(&text, 2 * CLEW_LINES_BYTES_MAX);
        clew_arena_init(&arena, CLEW_ITEM_ARENA_MAX);
        if (r == 0)
                r = clew_cli_read_file(c->cli, c->args.values[2], CLEW_LINES_BYTES_MAX, &text);
        if (r == 0 && ends_with(c->args.values[2], ".csv"))
                r = import_csv(c, clew_buffer_slice(&text), &mapping, &arena);
        else
                lines.rest = clew_buffer_slice(&text);
        while (r == 0 && clew_lines_next(&lines, &line))
                r = import_line(c, line, lines.number, &mapping, &arena);
        return r != 0 ? r : add_all(c);
}

/* ---- schema --------------------------------------------------------------------------------- */

static int schema(struct dataset_command *c)
{
        int r = need(c, 1, 2, "schema NAME [FILE]");

        if (r == 0)
                r = clew_cli_dataset(c->cli, c->args.values[1], &c->arena, &c->dataset);
        if (r == 0 && c->args.n == 3)
                r = clew_cli_author(c->cli, c->author, sizeof(c->author));
        return r != 0 ? r
                      : clew_cli_dataset_schema(c->cli, &c->dataset,
                                                c->args.n == 3 ? c->args.values[2] : NULL,
                                                clew_slice_of_cstr(c->author), &c->arena);
}

/* ---- looking -------------------------------------------------------------------------------- */

static int list_one(const struct clew_dataset *d, uint64_t n_items, void *context)
{
        struct dataset_command *c = context;
        CLEW_BUFFER line = {0};
        struct clew_json_writer w = clew_json_writer_make(&line, 0);
        char when[CLEW_WHEN_TEXT];

        clew_buffer_init(&line, (size_t)1 << 20);
        if (c->json) {
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "v");
                clew_json_write_uint64(&w, 1);
                clew_json_write_key(&w, "type");
                clew_json_write_cstr(&w, "dataset");
                clew_record_write_all(&w, clew_dataset_fields, d);
                clew_json_write_object_end(&w);
        } else {
                clew_when_short(d->time_ns, clew_clock_unix_ns(c->cli->clock), c->look.utc, when);
                clew_safe_line(&line, d->name, 40, c->look.ascii);
                clew_buffer_printf(&line, "  %" PRIu64 " item%s, %u version%s, made %s  ", n_items,
                                   n_items == 1 ? "" : "s", d->n_versions,
                                   d->n_versions == 1 ? "" : "s", when);
                clew_safe_line(&line, d->description, 60, c->look.ascii);
        }
        fprintf(c->cli->out, "%.*s\n", (int)line.len, (const char *)line.data);
        return clew_buffer_error(&line);
}

static int list(struct dataset_command *c)
{
        struct clew_error err = {0};
        struct clew_view *view;
        int r = need(c, 0, 0, "list");

        if (r == 0)
                r = clew_cli_view(c->cli, &view);
        if (r != 0)
                return r;
        r = clew_dataset_each(view, list_one, c, &err);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

static int show_item(struct dataset_command *c, const struct clew_dataset_entry *e,
                     struct clew_arena *arena)
{
        CLEW_BUFFER line = {0};
        struct clew_json_writer w = clew_json_writer_make(&line, 0);
        struct clew_item item;
        const char *split = clew_split_of(&c->dataset.split, &e->task);
        char hex[CLEW_CONTENT_ID_HEX];
        int r;

        clew_arena_reset(arena);
        clew_buffer_init(&line, 2 * CLEW_ITEM_BYTES_MAX);
        clew_content_id_to_hex(&e->id, hex);
        r = clew_cli_dataset_item(c->cli, &e->id, arena, &item);
        if (r != 0)
                return r;
        if (c->json) {
                clew_item_write(&w, &item);
        } else {
                clew_buffer_printf(&line, "%.12s  %-5s %s", hex, split ? split : "",
                                   item.has_expected || item.expected_calls.n ? "  " : "? ");
                clew_safe_line(&line, item.cause_rule, 24, c->look.ascii);
                clew_buffer_append_cstr(&line, item.cause_rule.len ? "  " : "");
                for (uint32_t i = 0; i < item.n_labels; i++) {
                        clew_buffer_append_byte(&line, '[');
                        clew_safe_line(&line, item.labels[i], 40, c->look.ascii);
                        clew_buffer_append_cstr(&line, "] ");
                }
                clew_safe_line(&line, clew_item_question(&item), 60, c->look.ascii);
        }
        fprintf(c->cli->out, "%.*s\n", (int)line.len, (const char *)line.data);
        return 0;
}

static int show(struct dataset_command *c)
{
        CLEW_ARENA arena = {0};
        char hex[CLEW_CONTENT_ID_HEX];
        int r = need(c, 1, 2, "show NAME[@V] [ITEM]");

        if (r == 0)
                r = clew_cli_dataset(c->cli, c->args.values[1], &c->arena, &c->dataset);
        if (r != 0)
                return r;
        clew_arena_init(&arena, CLEW_ITEM_ARENA_MAX);
        if (c->args.n == 3) {
                struct clew_dataset_entry e = {0};

                r = find_item(c, c->args.values[2], &e.id);
                c->json = true;
                return r != 0 ? r : show_item(c, &e, &arena);
        }
        clew_content_id_to_hex(&c->dataset.digest, hex);
        if (!c->json)
                clew_cli_note(c->cli, "%u item%s, %u version%s%s, digest %s", c->dataset.n,
                              c->dataset.n == 1 ? "" : "s", c->dataset.n_versions,
                              c->dataset.n_versions == 1 ? "" : "s",
                              c->dataset.schema.len ? ", with a schema" : "", hex);
        for (uint32_t i = 0; r == 0 && i < c->dataset.n; i++)
                r = show_item(c, &c->dataset.entries[i], &arena);
        return r;
}

static int know_all(struct dataset_command *c, const struct clew_dataset *d, struct clew_known *ret)
{
        int r = clew_known_init(ret, &c->arena);

        for (uint32_t i = 0; r == 0 && i < d->n; i++)
                r = clew_known_add(ret, &d->entries[i]);
        return r < 0 ? clew_cli_fail(c->cli, r, NULL) : 0;
}

static int diff(struct dataset_command *c)
{
        struct clew_dataset b;
        struct clew_known in_a;
        struct clew_known in_b;
        char hex[CLEW_CONTENT_ID_HEX];
        uint32_t same = 0;
        int r = need(c, 2, 2, "diff A[@V] B[@V]");

        if (r == 0)
                r = clew_cli_dataset(c->cli, c->args.values[1], &c->arena, &c->dataset);
        if (r == 0)
                r = clew_cli_dataset(c->cli, c->args.values[2], &c->arena, &b);
        if (r == 0)
                r = know_all(c, &c->dataset, &in_a);
        if (r == 0)
                r = know_all(c, &b, &in_b);
        if (r != 0)
                return r;
        for (uint32_t i = 0; i < c->dataset.n; i++) {
                clew_content_id_to_hex(&c->dataset.entries[i].id, hex);
                if (clew_known_has(&in_b, &c->dataset.entries[i].id))
                        same++;
                else
                        fprintf(c->cli->out, "- %s\n", hex);
        }
        for (uint32_t i = 0; i < b.n; i++) {
                clew_content_id_to_hex(&b.entries[i].id, hex);
                if (!clew_known_has(&in_a, &b.entries[i].id))
                        fprintf(c->cli->out, "+ %s\n", hex);
        }
        clew_cli_note(c->cli, "%u in both, %u only in the first, %u only in the second", same,
                      c->dataset.n - same, b.n - same);
        return 0;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int dispatch(struct dataset_command *c)
{
        static const struct {
                const char *name;
                int (*run)(struct dataset_command *c);
                bool writes;
        } verbs[] = {
                {"create", create, true},       {"add", add, true},       {"list", list, false},
                {"show", show, false},          {"diff", diff, false},    {"freeze", freeze, true},
                {"remove", remove_items, true}, {"import", import, true}, {"schema", schema, false},
        };

        for (size_t i = 0; c->args.n > 0 && i < CLEW_ARRAY_LEN(verbs); i++) {
                int r = 0;

                if (strcmp(c->args.values[0], verbs[i].name) != 0)
                        continue;
                if (verbs[i].writes)
                        r = clew_cli_author(c->cli, c->author, sizeof(c->author));
                return r != 0 ? r : verbs[i].run(c);
        }
        clew_cli_error(c->cli, "clew dataset create | add | import | list | show | diff | schema | "
                               "freeze | remove NAME ...");
        return CLEW_EXIT_USAGE;
}

int clew_cmd_dataset(struct clew_cli *cli, int argc, char **argv)
{
        struct dataset_command c = {.cli = cli};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"split", 0, "80/20", "create: shares of train, (validation,) test, by task",
                 .ret_text = &c.split},
                {"description", 0, "TEXT", "create: what it is for", .ret_text = &c.description},
                {"schema", 0, "FILE", "create: JSON Schema that its items have to meet",
                 .ret_text = &c.schema},
                {"map", 0, "input=A,...", "import: members or columns of input, expected, name",
                 .ret_text = &c.map},
                {"from-passing", 0, NULL,
                 "add: failed runs without a correction expect what a later run of their task that "
                 "passed answered",
                 .ret_flag = &c.from_passing},
                {"skip-near", 0, NULL, "add, import: leave near-duplicates out",
                 .ret_flag = &c.skip_near},
                {"replace", 0, NULL,
                 "add, import: take older items of the same cases out (frozen versions keep them)",
                 .ret_flag = &c.replace},
                {"dry-run", 0, NULL, "add, import: tell, add nothing", .ret_flag = &c.dry_run},
                {"limit", 'n', "N", "add: the N newest", .ret_number = &c.limit, .from_one = true},
                {"json", 0, NULL, "list, show: JSON lines", .ret_flag = &c.json},
                {0},
        };
        int r;

        clew_item_flags_add(&shared, &c.item_flags);
        clew_filter_flags_add(&shared, &c.filter_flags);
        clew_window_flags_add(&shared, &c.window_flags, false);
        clew_display_flags_add(&shared, &c.display_flags);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &c.args);
        if (r == 0)
                r = clew_look_init(&c.look, cli, &c.display_flags);
        clew_arena_init(&c.arena, NEWS_ARENA_MAX);
        clew_arena_init(&c.bodies, NEWS_ARENA_MAX);
        if (r == 0)
                r = dispatch(&c);
        clew_arena_deinit(&c.bodies);
        clew_arena_deinit(&c.arena);
        return r;
}
