/*
 * See dataset-schema.h.
 */
#include "query/cli/dataset-schema.h"

#include "query/answer/safe.h"
#include "query/cli/items.h"
#include "query/cli/lines.h"
#include "query/cli/open.h"
#include "query/review/item-schema.h"

#include <errno.h>
#include <inttypes.h>

/* Items told one by one. */
#define REPORTS_MAX 20u

int clew_cli_schema_read(struct clew_cli *cli, const char *path, struct clew_arena *arena,
                         struct clew_slice *ret)
{
        CLEW_BUFFER text = {0};
        const struct clew_shape *shape;
        struct clew_error err = {0};
        char name[200];
        int r;

        clew_buffer_init(&text, 2 * CLEW_SHAPE_BYTES_MAX);
        r = clew_cli_read_file(cli, path, CLEW_SHAPE_BYTES_MAX, &text);
        if (r != 0)
                return r;
        *ret = clew_arena_copy(arena, clew_buffer_slice(&text));
        r = ret->data ? clew_shape_read(*ret, arena, &shape, &err) : -ENOMEM;
        if (r == -EINVAL) {
                clew_cli_error(cli, "%s: %s",
                               clew_safe_cstr(clew_slice_of_cstr(path), name, sizeof(name)),
                               err.message);
                return CLEW_EXIT_USAGE;
        }
        return r < 0 ? clew_cli_fail(cli, r, &err) : 0;
}

int clew_cli_schema_of(struct clew_cli *cli, const struct clew_dataset *dataset,
                       struct clew_arena *arena, const struct clew_shape **ret)
{
        struct clew_error err = {0};
        int r;

        *ret = NULL;
        if (dataset->schema.len == 0)
                return 0;
        r = clew_shape_read(dataset->schema, arena, ret, &err);
        return r < 0 ? clew_cli_fail(cli, r, &err) : 0;
}

/* Counts and tells the items that do not meet @shape. */
static int count_misfits(struct clew_cli *cli, const struct clew_dataset *dataset,
                         const struct clew_shape *shape, uint64_t *ret_n)
{
        CLEW_ARENA arena = {0};
        int r = 0;

        *ret_n = 0;
        clew_arena_init(&arena, CLEW_ITEM_ARENA_MAX);
        for (uint32_t i = 0; r == 0 && i < dataset->n; i++) {
                char hex[CLEW_CONTENT_ID_HEX];
                struct clew_error err = {0};
                struct clew_item item;
                int misfit;

                clew_arena_reset(&arena);
                r = clew_cli_dataset_item(cli, &dataset->entries[i].id, &arena, &item);
                if (r != 0)
                        break;
                misfit = clew_item_schema_check(shape, &item, &arena, &err);
                if (misfit == -ENOMEM)
                        return clew_cli_fail(cli, misfit, NULL);
                if (misfit == 0)
                        continue;
                clew_content_id_to_hex(&dataset->entries[i].id, hex);
                if ((*ret_n)++ < REPORTS_MAX)
                        clew_cli_error(cli, "item %.12s: %s", hex, err.message);
        }
        return r;
}

int clew_cli_dataset_schema(struct clew_cli *cli, const struct clew_dataset *dataset,
                            const char *path, struct clew_slice author, struct clew_arena *arena)
{
        const struct clew_shape *shape;
        struct clew_error err = {0};
        struct clew_store *store;
        struct clew_slice text;
        uint64_t n = 0;
        int r;

        if (!path) {
                if (dataset->schema.len == 0)
                        clew_cli_note(cli, "it has no schema; clew dataset schema NAME FILE gives "
                                           "it one");
                else
                        fprintf(cli->out, "%.*s\n", (int)dataset->schema.len,
                                (const char *)dataset->schema.data);
                return 0;
        }
        if (dataset->version) {
                clew_cli_error(cli, "a version cannot be changed: name it without @");
                return CLEW_EXIT_USAGE;
        }
        r = clew_cli_schema_read(cli, path, arena, &text);
        if (r == 0 && clew_shape_read(text, arena, &shape, &err) < 0)
                r = clew_cli_fail(cli, -ENOMEM, &err);
        if (r == 0)
                r = count_misfits(cli, dataset, shape, &n);
        if (r == 0 && n > 0) {
                clew_cli_error(cli,
                               "%" PRIu64 " of %u items do not meet it, so it was not set; clew "
                               "dataset remove takes items out",
                               n, dataset->n);
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = clew_cli_store_existing(cli, &store);
        if (r != 0)
                return r;
        r = clew_dataset_set_schema(store, dataset, text, author, clew_clock_unix_ns(cli->clock),
                                    &err);
        if (r < 0)
                return clew_cli_fail(cli, r, &err);
        fprintf(cli->out, "%u item%s meet it; it is set\n", dataset->n, dataset->n == 1 ? "" : "s");
        return 0;
}
