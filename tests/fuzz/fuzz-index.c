/*
 * An index run: head and blocks, each behind its length (2 bytes, little-endian), as many as there
 * are.
 *
 * Promise: a run is refused or read within bounds; walks, look-ups, columns, ids and postings end,
 * and sets hold nothing beyond the run's traces.
 */
#include "proto/base/cursor.h"
#include "storage/index/posting-int.h"
#include "storage/index/run-int.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>

#define BLOCKS_MAX 64u
#define TRACES_MAX 4096u

struct blocks {
        struct clew_slice block[BLOCKS_MAX];
        uint32_t n;
};

struct walk {
        struct clew_index_set set;
        uint32_t n;
};

static int get(void *context, uint64_t run, uint32_t block, struct clew_slice *ret,
               struct clew_error *err)
{
        const struct blocks *b = context;

        (void)run;
        (void)err;
        if (block == 0 || block > b->n)
                return -ENOENT;
        *ret = b->block[block - 1];
        return 0;
}

static int look_at_key(void *context, struct clew_slice key, struct clew_slice posting)
{
        struct walk *w = context;
        uint32_t ordinals[TRACES_MAX];
        int n = clew_posting_decode(posting, w->set.n, ordinals, TRACES_MAX);
        int r = clew_index_posting_add(posting, &w->set);

        CLEW_ASSERT(key.len > 0 && key.len <= CLEW_INDEX_KEY_MAX);
        CLEW_ASSERT((n > 0) == (r == 0));
        for (int i = 0; i < n; i++)
                CLEW_ASSERT(clew_index_set_has(&w->set, ordinals[i]));
        return w->n++ > 10000;
}

static void look_at_run(struct clew_index_run *run)
{
        static uint64_t words[TRACES_MAX / 64 + 1];
        static uint64_t numbers[4 * TRACES_MAX];
        static struct clew_trace_id ids[TRACES_MAX];
        uint32_t n = run->head.n_traces;
        struct clew_error err;
        struct walk w = {.set = {words, n}};

        if (n > TRACES_MAX || run->head.n_places > 4 * TRACES_MAX)
                return;
        memset(words, 0, sizeof(words));
        for (unsigned kind = 1; kind <= CLEW_INDEX_KIND_MAX; kind++) {
                enum clew_index_kind k = (enum clew_index_kind)kind;

                w.n = 0;
                (void)!clew_index_walk(run, k, CLEW_SLICE_NULL, look_at_key, &w, &err);
                (void)!clew_index_walk(run, k, CLEW_SLICE_LITERAL("m"), look_at_key, &w, &err);
                (void)!clew_index_find(run, k, CLEW_SLICE_LITERAL("key2"), &w.set, &err);
        }
        for (unsigned c = 0; c < CLEW_INDEX_COLUMNS_MAX; c++)
                (void)!clew_index_numbers(run, c, 0, n, numbers, &err);
        (void)!clew_run_numbers(run, CLEW_RUN_STARTS, n / 2, n - n / 2, numbers, &err);
        (void)!clew_run_numbers(run, CLEW_RUN_PLACES, 0, run->head.n_places, numbers, &err);
        (void)!clew_run_ids(run, 0, n, ids, &err);
        CLEW_ASSERT(n % 64 == 0 || words[n / 64] >> n % 64 == 0);
        CLEW_ASSERT(clew_index_set_count(&w.set) <= n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_cursor c = clew_cursor_make(clew_slice_make(data, size));
        struct blocks blocks = {.n = 0};
        struct clew_index_run run = {.get = get, .context = &blocks};
        struct clew_slice head = CLEW_SLICE_NULL;
        CLEW_ARENA arena = {0};

        for (uint32_t i = 0; i <= BLOCKS_MAX && clew_cursor_left(&c) >= 2; i++) {
                uint32_t low = clew_cursor_byte(&c);
                size_t len = low | (uint32_t)clew_cursor_byte(&c) << 8;
                struct clew_slice bytes;

                len = len < clew_cursor_left(&c) ? len : clew_cursor_left(&c);
                bytes = clew_cursor_bytes(&c, len);
                if (i == 0)
                        head = bytes;
                else
                        blocks.block[blocks.n++] = bytes;
        }
        clew_arena_init(&arena, (size_t)16 << 20);
        if (clew_run_head_decode(head, &arena, &run.head) == 0)
                look_at_run(&run);
        return 0;
}
