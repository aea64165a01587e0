/*
 * What the indexes of a store take, by what stands in them.
 *
 *     bench-index STORE
 *
 * Prints one JSON object: bytes of blocks for each kind of key, for each sort of number and for
 * ids, keys of each kind, and beside it the compressed bytes of the segments. Blocks that no run
 * leads to are not counted.
 */
#include "storage/index/run-int.h"
#include "storage/source/store-int.h"

#include <inttypes.h>
#include <stdio.h>

struct taken {
        const char *name;
        unsigned from; /* tags of sections */
        unsigned to;
        uint64_t bytes;
        uint64_t items;
};

static struct taken taken[] = {
        {.name = "facets", .from = CLEW_INDEX_FACET, .to = CLEW_INDEX_FACET},
        {.name = "words", .from = CLEW_INDEX_WORD, .to = CLEW_INDEX_WORD},
        {.name = "grams", .from = CLEW_INDEX_GRAM, .to = CLEW_INDEX_GRAM},
        {.name = "parts", .from = CLEW_INDEX_PART, .to = CLEW_INDEX_PART},
        {.name = "paths", .from = CLEW_INDEX_PATH, .to = CLEW_INDEX_PATH},
        {.name = "steps", .from = CLEW_INDEX_STEP, .to = CLEW_INDEX_STEP},
        {.name = "sums", .from = CLEW_INDEX_SUM, .to = CLEW_INDEX_SUM},
        {.name = "ids", .from = CLEW_RUN_IDS, .to = CLEW_RUN_IDS},
        {.name = "starts", .from = CLEW_RUN_STARTS, .to = CLEW_RUN_STARTS},
        {.name = "places", .from = CLEW_RUN_PLACES, .to = CLEW_RUN_PLACES},
        {.name = "columns", .from = CLEW_RUN_COLUMN, .to = UINT8_MAX},
};

static int add_section(struct clew_index_run *run, const struct clew_run_section *s,
                       struct clew_error *err)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(taken); i++) {
                struct taken *t = &taken[i];
                int r = 0;

                if (s->tag < t->from || s->tag > t->to)
                        continue;
                t->items += s->n_items;
                for (uint32_t b = 0; r == 0 && b < s->n_blocks + (s->directory != 0); b++) {
                        struct clew_slice block;

                        r = run->get(run->context, run->number,
                                     b < s->n_blocks ? s->first_block + b : s->directory, &block,
                                     err);
                        if (r == 0)
                                t->bytes += block.len;
                }
                return r;
        }
        return 0;
}

static int measure(struct clew_view *v, struct clew_error *err)
{
        struct clew_store_stats stats;
        int r = clew_view_stats(v, &stats, err);

        if (r == 0)
                r = clew_view_read_index(v, CLEW_INDEX_ANY_VERSION, err);
        for (uint32_t i = 0; r == 0 && i < v->index.n_runs; i++) {
                struct clew_index_run *run = &v->index.runs[i];

                for (uint32_t k = 0; r == 0 && k < run->head.n_sections; k++)
                        r = add_section(run, &run->head.sections[k], err);
        }
        if (r < 0)
                return r;
        printf("{\"traces\":%" PRIu64 ",\"segment_bytes\":%" PRIu64 ",\"index_bytes\":%" PRIu64
               ",\"runs\":%" PRIu64,
               stats.traces, stats.segment_bytes, stats.index_bytes, stats.index_runs);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(taken); i++)
                printf(",\"%s\":{\"bytes\":%" PRIu64 ",\"items\":%" PRIu64 "}", taken[i].name,
                       taken[i].bytes, taken[i].items);
        printf("}\n");
        return 0;
}

int main(int argc, char **argv)
{
        struct clew_store_options options = {.mode = CLEW_STORE_READ};
        struct clew_store *store = NULL;
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        int r;

        if (argc != 2) {
                fprintf(stderr, "usage: bench-index STORE\n");
                return 2;
        }
        r = clew_store_open(argv[1], &options, &store, &err);
        if (r == 0)
                r = clew_view_open(store, &view, &err);
        if (r == 0)
                r = measure(view, &err);
        if (r < 0)
                fprintf(stderr, "bench-index: %s\n", err.message);
        clew_view_close(view);
        clew_store_close(store);
        return r < 0;
}
