/*
 * Index runs: postings and runs against plain sets, and a store whose indexes are compared with a
 * list of what was given, through sealing, sealing again, merging, damage and reindexing.
 */
#include "proto/base/mem.h"
#include "storage/base/env-int.h"
#include "storage/index/catalog-keys-int.h"
#include "storage/index/merge-int.h"
#include "storage/index/posting-int.h"
#include "storage/index/run-int.h"
#include "storage/source/store-int.h"
#include "storage/store.h"
#include "tests/lib/random.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- postings -------------------------------------------------------------------------------- */

#define N_MAX 5000u

static uint32_t random_set(struct test_random *r, uint32_t limit, uint32_t *set)
{
        uint32_t n = 0;
        unsigned shape = (unsigned)test_random_below(r, 4);

        for (uint32_t i = 0; i < limit; i++) {
                bool in = shape == 0   ? test_random_below(r, 200) == 0
                          : shape == 1 ? test_random_below(r, 3) != 0
                          : shape == 2 ? (i / 97) % 3 == 0
                                       : i == limit / 2;

                if (in)
                        set[n++] = i;
        }
        if (n == 0)
                set[n++] = limit - 1;
        return n;
}

static void test_postings(void **state)
{
        struct test_random r = test_random_seeded("postings");
        static uint32_t set[N_MAX];
        static uint32_t got[N_MAX];
        CLEW_BUFFER b = {0};
        unsigned forms = 0;

        (void)state;
        clew_buffer_init(&b, 1 << 20);
        for (unsigned i = 0; i < 400; i++) {
                uint32_t limit = 1 + (uint32_t)test_random_below(&r, N_MAX);
                uint32_t n = random_set(&r, limit, set);
                uint64_t words[N_MAX / 64 + 1] = {0};
                struct clew_index_set bits = {words, limit};

                clew_buffer_clear(&b);
                clew_posting_encode(set, n, &b);
                forms |= 1u << (b.data[0] & 3);
                assert_int_equal(clew_posting_decode(clew_buffer_slice(&b), limit, got, N_MAX), n);
                assert_memory_equal(got, set, n * sizeof(set[0]));
                assert_int_equal(clew_index_posting_add(clew_buffer_slice(&b), &bits), 0);
                assert_int_equal(clew_index_set_count(&bits), n);
                for (uint32_t k = 0, at = 0; k < n; k++, at++) {
                        at = clew_index_set_next(&bits, at);
                        assert_int_equal(at, set[k]);
                }
                /* Not below the last one: it is refused. */
                assert_true(clew_posting_decode(clew_buffer_slice(&b), set[n - 1], got, N_MAX) < 0);
                bits.n = set[n - 1];
                assert_int_equal(clew_index_posting_add(clew_buffer_slice(&b), &bits), -EBADMSG);
        }
        assert_int_equal(forms, 15);
}

/* ---- runs ------------------------------------------------------------------------------------ */

struct blocks {
        struct clew_slice block[4096];
        uint32_t n;
};

static int put(void *context, uint32_t block, struct clew_slice bytes, struct clew_error *err)
{
        struct blocks *b = context;
        uint8_t *copy = malloc(bytes.len + 1);

        (void)err;
        assert_non_null(copy);
        memcpy(copy, bytes.data, bytes.len);
        assert_int_equal(block, b->n + 1);
        assert_true(b->n < 4096);
        b->block[b->n++] = clew_slice_make(copy, bytes.len);
        return 0;
}

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

static void free_blocks(struct blocks *b)
{
        for (uint32_t i = 0; i < b->n; i++)
                free((void *)(uintptr_t)b->block[i].data);
        b->n = 0;
}

#define KEYS 20000u

/* The i-th key, ascending, and its set of one or two ordinals. */
static struct clew_slice key_of(uint32_t i, char room[64])
{
        int n = snprintf(room, 64, "key.%08u.%.*s", i * 3, (int)(i % 17), "abcdefghijklmnopq");

        return clew_slice_make(room, (size_t)n);
}

static int count_key(void *context, struct clew_slice key, struct clew_slice posting)
{
        (void)key;
        (void)posting;
        (*(uint32_t *)context)++;
        return 0;
}

#define RUN_TRACES 9000u

/* The ordinals of the i-th key of a run: one, or so many that the posting is a long one. */
static uint32_t set_of(uint32_t i, bool alike, uint32_t ret[16])
{
        uint32_t n = i % 3 == 0 ? 16 : 1;
        uint32_t first = n > 1 && alike ? i % 9 : i % RUN_TRACES / 2;

        for (uint32_t k = 0; k < n; k++)
                ret[k] = first + k * 97;
        return n;
}

/* Long postings are @alike, and packed, or not. */
static void check_run(bool alike)
{
        enum { TRACES = RUN_TRACES };
        static struct blocks blocks;
        static uint64_t values[TRACES];
        static uint64_t read[TRACES];
        static struct clew_trace_id ids[TRACES];
        static struct clew_trace_id read_ids[TRACES];
        struct clew_run_writer w;
        struct clew_run_head head = {.n_traces = TRACES, .version = 7};
        struct clew_index_run run = {.get = get, .context = &blocks};
        struct clew_error err = {0};
        uint64_t words[TRACES / 64 + 1];
        CLEW_BUFFER b = {0};
        CLEW_BUFFER encoded = {0};
        CLEW_ARENA arena = {0};
        uint32_t n = 0;
        char room[64];

        clew_buffer_init(&b, 1 << 20);
        clew_buffer_init(&encoded, 1 << 20);
        clew_arena_init(&arena, 1 << 20);
        clew_run_writer_init(&w, put, &blocks);
        for (uint32_t i = 0; i < KEYS; i++) {
                uint32_t set[16];

                clew_buffer_clear(&b);
                clew_posting_encode(set, set_of(i, alike, set), &b);
                clew_run_writer_key(&w, 1 + i / (KEYS - 5), key_of(i, room), clew_buffer_slice(&b));
        }
        for (uint32_t i = 0; i < TRACES; i++) {
                ids[i] = test_trace_id(i + 1);
                values[i] = i % 5000 == 0 ? UINT64_MAX - i : (uint64_t)i * i;
        }
        clew_run_writer_ids(&w, ids, TRACES);
        clew_run_writer_numbers(&w, CLEW_RUN_COLUMN + 3, values, TRACES);
        assert_int_equal(clew_run_writer_finish(&w, &head), 0);
        clew_run_head_encode(&head, &encoded);
        assert_int_equal(clew_run_head_decode(clew_buffer_slice(&encoded), &arena, &run.head), 0);
        clew_run_writer_deinit(&w);
        for (uint32_t i = 0; i < KEYS; i++) {
                struct clew_index_set set = {words, TRACES};
                enum clew_index_kind kind = (enum clew_index_kind)(1 + i / (KEYS - 5));
                uint32_t wanted[16];
                uint32_t n_wanted = set_of(i, alike, wanted);

                memset(words, 0, sizeof(words));
                assert_int_equal(clew_index_find(&run, kind, key_of(i, room), &set, &err), 1);
                assert_int_equal(clew_index_set_count(&set), n_wanted);
                for (uint32_t k = 0; k < n_wanted; k++)
                        assert_true(clew_index_set_has(&set, wanted[k]));
                snprintf(room, sizeof(room), "key.%08u", i * 3 + 1);
                assert_int_equal(clew_index_find(&run, kind, clew_slice_of_cstr(room), &set, &err),
                                 0);
        }
        assert_int_equal(
                clew_index_walk(&run, CLEW_INDEX_FACET, CLEW_SLICE_NULL, count_key, &n, &err), 0);
        assert_int_equal(n, KEYS - 5);
        n = 0;
        assert_int_equal(clew_index_walk(&run, CLEW_INDEX_FACET, key_of(KEYS - 105, room),
                                         count_key, &n, &err),
                         0);
        assert_int_equal(n, 100);
        for (uint32_t from = 0; from < TRACES; from += 777) {
                uint32_t rows = TRACES - from < 1500 ? TRACES - from : 1500;

                assert_int_equal(clew_index_numbers(&run, 3, from, rows, read, &err), 0);
                assert_memory_equal(read, values + from, rows * sizeof(read[0]));
                assert_int_equal(clew_run_ids(&run, from, rows, read_ids, &err), 0);
                assert_memory_equal(read_ids, ids + from, rows * sizeof(ids[0]));
        }
        assert_int_equal(clew_index_numbers(&run, 4, 0, 10, read, &err), 0);
        assert_true(read[9] == 0);
        free_blocks(&blocks);
}

/* A run of the layout before this one is known by its head, and nothing of it is read. */
static void test_old_head(void **state)
{
        struct clew_run_segment segment = {.segment = 5, .n = 3};
        struct clew_run_section section = {
                .tag = CLEW_INDEX_WORD, .first_block = 1, .n_blocks = 1, .n_items = 9};
        struct clew_run_head head = {.version = 7,
                                     .n_traces = 3,
                                     .n_blocks = 1,
                                     .bytes = 100,
                                     .segments = &segment,
                                     .n_segments = 1,
                                     .sections = &section,
                                     .n_sections = 1};
        struct clew_run_head got;
        CLEW_BUFFER b = {0};
        CLEW_ARENA arena = {0};

        (void)state;
        clew_buffer_init(&b, 1 << 10);
        clew_arena_init(&arena, 1 << 20);
        clew_run_head_encode(&head, &b);
        assert_int_equal(clew_run_head_decode(clew_buffer_slice(&b), &arena, &got), 0);
        assert_false(got.is_old);
        assert_non_null(clew_run_section(&got, CLEW_INDEX_WORD));
        b.data[0]--;
        assert_int_equal(clew_run_head_decode(clew_buffer_slice(&b), &arena, &got), 0);
        assert_true(got.is_old);
        assert_int_equal(got.version, 7);
        assert_non_null(clew_run_find_segment(&got, 5));
        assert_null(clew_run_section(&got, CLEW_INDEX_WORD));
        b.data[0] += 2;
        assert_int_equal(clew_run_head_decode(clew_buffer_slice(&b), &arena, &got), -EBADMSG);
}

static void test_run(void **state)
{
        (void)state;
        check_run(false);
        check_run(true);
}

/* ---- a store --------------------------------------------------------------------------------- */

/* What a trace has is a matter of its id and of how many spans it has. */
static unsigned keys_of(const struct clew_trace_id *id, unsigned spans, char ret[8][24])
{
        unsigned number = (unsigned)id->bytes[14] << 8 | id->bytes[15];
        unsigned n = 0;

        snprintf(ret[n++], 24, "all");
        snprintf(ret[n++], 24, "mod7=%u", number % 7);
        snprintf(ret[n++], 24, "id=%u", number);
        snprintf(ret[n++], 24, "spans=%u", spans);
        return n;
}

static unsigned count_spans(struct clew_slice traces)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_slice raw;
        unsigned n = 0;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

static int derive(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                  struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns,
                  struct clew_index_sink *sink)
{
        char keys[8][24];
        unsigned n = keys_of(id, count_spans(traces), keys);

        (void)context;
        (void)logs;
        (void)ret_start_ns;
        clew_buffer_append_byte(out, 1);
        for (unsigned i = 0; sink && i < n; i++)
                clew_index_add(sink, CLEW_INDEX_FACET, clew_slice_of_cstr(keys[i]));
        if (sink)
                clew_index_set_number(sink, 5, id->bytes[15]);
        return 0;
}

static int derive_plain(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                        struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        return derive(context, id, traces, logs, out, ret_start_ns, NULL);
}

static const struct clew_deriver deriver = {
        .version = 1, .summarize = derive_plain, .summarize_indexed = derive, .index_version = 1};

static struct clew_store *open_store(const char *dir, const struct clew_deriver *d)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT, .deriver = d};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        return store;
}

static void append(struct clew_store *store, uint32_t trace, uint32_t span)
{
        struct test_span s = {.trace_id = test_trace_id(trace),
                              .span_id = test_span_id(trace * 100 + span),
                              .name = "s",
                              .start_ns = 1000000u + (trace * 7919u) % 5000,
                              .end_ns = 2000000};
        char service[8];

        snprintf(service, sizeof(service), "s%u", trace % 3);
        assert_int_equal(test_store_append(store, service, &s, 5), 0);
}

/* Until nothing is to be done, or once; how many segments were indexed behind. */
static uint64_t seal_with(struct clew_store *store, bool index, bool once)
{
        struct clew_seal_options o = {.index = index};
        struct clew_seal_stats stats;
        struct clew_error err = {0};
        uint64_t n = 0;

        do {
                if (clew_store_seal(store, &o, &stats, &err) < 0)
                        fail_msg("seal: %s", err.message);
                assert_int_equal(stats.unindexable, 0);
                n += stats.indexed;
        } while (stats.more && !once);
        return n;
}

static void seal(struct clew_store *store)
{
        (void)seal_with(store, false, false);
}

static const char *wanted;

static int choose(void *context, struct clew_index_run *run, struct clew_index_set *ret,
                  struct clew_index_set *sure, struct clew_error *err)
{
        int r = clew_index_find(run, CLEW_INDEX_FACET, clew_slice_of_cstr(wanted), ret, err);

        (void)context;
        (void)sure;
        return r < 0 ? r : 0;
}

static const struct clew_index_chooser chooser = {.version = 1, .choose = choose};

/* The traces that the index gives for @key, from one of them on, as a text. */
static void listed(struct clew_view *v, const char *key, const struct clew_list_entry *after,
                   bool *used, struct clew_buffer *out)
{
        struct clew_list_entry e;
        struct clew_error err = {0};
        int r;

        wanted = key;
        clew_buffer_clear(out);
        assert_int_equal(clew_view_list_chosen(v, after, &chooser, &err), 0);
        while ((r = clew_view_next(v, &e, &err)) == 1)
                clew_buffer_printf(out, "%u ", (unsigned)e.id.bytes[14] << 8 | e.id.bytes[15]);
        if (r < 0)
                fail_msg("walk: %s", err.message);
        *used = clew_view_index_use(v)->used;
        clew_buffer_append_byte(out, 0);
}

/* Whether it is sealed where no index is. */
static bool is_uncovered(struct clew_view *v, const struct clew_trace_id *id)
{
        struct clew_error err = {0};
        struct clew_place place;

        assert_int_equal(clew_place_read(v->store->env, v->txn, id, &place, &err), 0);
        return !clew_index_covers(&v->index, place.segment);
}

/* The same by walking over all; a trace that has something hot, or is sealed where no index is, is
 * given in any case. */
static void expected(struct clew_view *v, const uint8_t *spans, const char *key,
                     const struct clew_list_entry *after, bool all, struct clew_buffer *out)
{
        struct clew_list_entry e;
        struct clew_error err = {0};

        clew_buffer_clear(out);
        assert_int_equal(clew_view_list(v, after, &err), 0);
        while (clew_view_next(v, &e, &err) == 1) {
                unsigned number = (unsigned)e.id.bytes[14] << 8 | e.id.bytes[15];
                char keys[8][24];
                unsigned n = keys_of(&e.id, spans[number], keys);
                bool has = e.hot || all || is_uncovered(v, &e.id);

                for (unsigned i = 0; i < n; i++)
                        has |= strcmp(keys[i], key) == 0;
                if (has)
                        clew_buffer_printf(out, "%u ", number);
        }
        clew_buffer_append_byte(out, 0);
}

static unsigned compare(struct clew_store *store, const uint8_t *spans, uint32_t n_traces)
{
        static const char *const fixed[] = {"all", "mod7=3", "spans=1", "spans=2", "spans=3", "x"};
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        CLEW_BUFFER got = {0};
        CLEW_BUFFER want = {0};
        unsigned n_used = 0;

        clew_buffer_init(&got, 1 << 20);
        clew_buffer_init(&want, 1 << 20);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        for (unsigned i = 0; i < 12; i++) {
                char key[24];
                struct clew_list_entry after = {.start_ns = 1002500, .id = test_trace_id(i)};
                bool used;

                snprintf(key, sizeof(key), "id=%u", 1 + i * n_traces / 12);
                if (i < CLEW_ARRAY_LEN(fixed))
                        snprintf(key, sizeof(key), "%s", fixed[i]);
                listed(v, key, i % 2 ? &after : NULL, &used, &got);
                expected(v, spans, key, i % 2 ? &after : NULL, !used, &want);
                assert_string_equal((const char *)got.data, (const char *)want.data);
                n_used += used;
        }
        clew_view_close(v);
        return n_used;
}

static void on_finding(void *context, const char *object, const char *what)
{
        (void)context;
        printf("# finding: %s: %s\n", object, what);
}

static uint32_t count_runs(struct clew_store *store)
{
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        uint32_t n;

        assert_int_equal(clew_view_open(store, &v, &err), 0);
        if (clew_view_read_index(v, 1, &err) < 0)
                fail_msg("catalog: %s", err.message);
        n = v->index.n_runs;
        clew_view_close(v);
        return n;
}

static uint32_t count_stale(struct clew_store *store)
{
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        uint32_t n;

        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_view_read_index(v, 1, &err), 0);
        n = v->index.n_stale;
        clew_view_close(v);
        return n;
}

static void verify(const char *dir)
{
        struct clew_error err = {0};

        assert_int_equal(clew_store_verify(dir, on_finding, NULL, &err), 0);
}

/* Random life of a store; the index and a walk over all must agree at every moment. */
static void test_life(void **state)
{
        enum { TRACES = 600, ROUNDS = 120 };
        struct test_random r = test_random_seeded("life of an index");
        static uint8_t spans[65536];
        struct test_dir dir;
        struct clew_store *store;
        uint32_t n_traces = 0;
        unsigned used = 0;

        (void)state;
        memset(spans, 0, sizeof(spans));
        test_dir_make(&dir);
        store = open_store(dir.path, &deriver);
        for (unsigned round = 0; round < ROUNDS; round++) {
                uint32_t fresh = (uint32_t)test_random_below(&r, 6);

                for (uint32_t i = 0; i < fresh && n_traces < TRACES; i++) {
                        n_traces++;
                        append(store, n_traces, ++spans[n_traces]);
                }
                for (unsigned i = 0; n_traces > 0 && i < test_random_below(&r, 4); i++) {
                        uint32_t trace = 1 + (uint32_t)test_random_below(&r, n_traces);

                        append(store, trace, ++spans[trace]);
                }
                if (test_random_below(&r, 3) != 0)
                        seal(store);
                if (test_random_below(&r, 20) == 0) {
                        clew_store_close(store);
                        verify(dir.path);
                        store = open_store(dir.path, &deriver);
                }
                used += compare(store, spans, n_traces);
        }
        seal(store);
        assert_int_equal(used, ROUNDS * 12);
        /* Without merging there would be a run for each segment that was ever written. */
        assert_true(count_runs(store) < 40);
        clew_store_close(store);
        verify(dir.path);
        test_dir_remove(&dir);
}

/* Changes one record of table index by @change; its checksum then is wrong. */
static void damage(const char *dir, uint8_t tag)
{
        struct clew_store *store = open_store(dir, &deriver);
        struct clew_error err = {0};
        MDB_txn *txn = NULL;
        CLEW_SCAN scan = {0};
        uint64_t number;
        uint8_t *value = NULL;
        struct clew_key key = {0};
        struct clew_state s;
        int r = clew_txn_begin_write(store->env, &txn, &err);

        assert_int_equal(r, 0);
        assert_int_equal(clew_scan_open(store->env, txn, CLEW_TABLE_INDEX, &scan, &err), 0);
        while ((r = clew_scan_next(&scan, &err)) == 1) {
                if (clew_index_key_read(scan.key, &number) == tag)
                        break;
        }
        assert_int_equal(r, 1);
        memcpy(key.bytes, scan.key.data, scan.key.len);
        key.len = scan.key.len;
        number = scan.value.len;
        value = malloc(number + 1);
        assert_non_null(value);
        memcpy(value, scan.value.data, number);
        clew_scan_close(&scan);
        value[number / 2] ^= 1; /* and a checksum that fits: as an older page would have */
        {
                struct clew_slice bytes = clew_slice_make(value, number);

                assert_int_equal(clew_table_put(store->env, txn, CLEW_TABLE_INDEX,
                                                clew_key_slice(&key), &bytes, 1, &err),
                                 0);
        }
        assert_int_equal(clew_state_read(store->env, txn, &s, &err), 0);
        assert_int_equal(clew_state_write(store->env, txn, &s, &err), 0);
        assert_int_equal(clew_txn_commit(store->env, txn, &err), 0);
        free(value);
        clew_store_close(store);
}

static int ignore(void *context)
{
        (void)context;
        return 0;
}

static void count_finding(void *context, const char *object, const char *what)
{
        (void)object;
        (void)what;
        (*(int *)context)++;
}

/* Heads and records of what is gone: damage is noticed, nothing changes, and reindexing mends. */
static void test_damage(void **state)
{
        static const uint8_t tags[] = {CLEW_INDEX_KEY_HEAD, CLEW_INDEX_KEY_GONE};
        struct clew_reindex_options o = {.indexes = true};

        (void)state;
        (void)ignore;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(tags); i++) {
                static uint8_t spans[65536];
                struct clew_reindex_stats stats = {0};
                struct clew_error err = {0};
                struct clew_store *store;
                struct test_dir dir;
                int n = 0;

                memset(spans, 0, sizeof(spans));
                test_dir_make(&dir);
                store = open_store(dir.path, &deriver);
                for (uint32_t t = 1; t <= 40; t++)
                        append(store, t, ++spans[t]);
                seal(store);
                append(store, 7, ++spans[7]); /* it moves: something is gone */
                seal(store);
                assert_int_equal(compare(store, spans, 40), 12);
                clew_store_close(store);
                damage(dir.path, tags[i]);
                assert_true(clew_store_verify(dir.path, count_finding, &n, &err) > 0);
                store = open_store(dir.path, &deriver);
                assert_int_equal(compare(store, spans, 40), 0);
                append(store, 9, ++spans[9]);
                seal(store); /* goes on */
                (void)compare(store, spans, 40);
                assert_int_equal(clew_store_reindex(store, &o, &stats, &err), 0);
                assert_true(stats.dropped > 0);
                assert_int_equal(compare(store, spans, 40), 12);
                clew_store_close(store);
                verify(dir.path);
                test_dir_remove(&dir);
        }
}

/* What a walk is told of runs of another version: that they are there, and not used. */
static void check_stale(struct clew_store *store, uint32_t stale)
{
        const struct clew_index_use *use;
        struct clew_list_entry entry;
        struct clew_view *view = NULL;
        struct clew_error err = {0};

        wanted = "any key";
        assert_int_equal(clew_view_open(store, &view, &err), 0);
        assert_int_equal(clew_view_list_chosen(view, NULL, &chooser, &err), 0);
        assert_true(clew_view_next(view, &entry, &err) >= 0);
        use = clew_view_index_use(view);
        assert_int_equal(use->stale, stale);
        assert_int_equal(use->used, stale == 0);
        assert_int_equal(strstr(use->why_not, "of this version") != NULL, stale > 0);
        clew_view_close(view);
}

/* Segments made before there were indexes, or by an indexer of another version. */
static void test_missing(void **state)
{
        struct clew_deriver none = {.version = 1, .summarize = derive_plain};
        struct clew_deriver other = deriver;
        const struct clew_deriver *const makers[] = {&none, &other};
        struct clew_reindex_options o = {0};

        (void)state;
        other.index_version = 2;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(makers); i++) {
                static uint8_t spans[65536];
                struct clew_reindex_stats stats = {0};
                struct clew_error err = {0};
                struct clew_store *store;
                struct test_dir dir;

                memset(spans, 0, sizeof(spans));
                test_dir_make(&dir);
                store = open_store(dir.path, makers[i]);
                for (uint32_t t = 1; t <= 40; t++)
                        append(store, t, ++spans[t]);
                seal(store);
                assert_int_equal(compare(store, spans, 40), 0);
                clew_store_close(store);
                store = open_store(dir.path, &deriver);
                if (makers[i] == &other)
                        check_stale(store, 1); /* merged */
                assert_int_equal(clew_store_reindex(store, &o, &stats, &err), 0);
                assert_int_equal(stats.indexed, 3);
                check_stale(store, 0);
                assert_int_equal(compare(store, spans, 40), 12);
                assert_int_equal(count_runs(store), 1); /* at rest */
                assert_int_equal(count_stale(store), 0);
                append(store, 9, ++spans[9]);
                seal(store);
                assert_int_equal(compare(store, spans, 40), 12);
                clew_store_close(store);
                verify(dir.path);
                test_dir_remove(&dir);
        }
}

/* Of a store that no indexer of now has made, a collector indexes one segment after the other, and
 * a walk uses what there is. */
static void test_behind(void **state)
{
        struct clew_deriver none = {.version = 1, .summarize = derive_plain};
        struct clew_deriver other = deriver;
        const struct clew_deriver *const makers[] = {&none, &other};

        (void)state;
        other.index_version = 2;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(makers); i++) {
                static uint8_t spans[65536];
                struct clew_store *store;
                struct test_dir dir;

                memset(spans, 0, sizeof(spans));
                test_dir_make(&dir);
                store = open_store(dir.path, makers[i]);
                for (uint32_t t = 1; t <= 40; t++)
                        append(store, t, ++spans[t]);
                seal(store);
                assert_int_equal(compare(store, spans, 40), 0);
                for (unsigned step = 0; step < 3; step++) {
                        clew_store_close(store);
                        store = open_store(dir.path, &deriver);
                        assert_int_equal(seal_with(store, true, true), 1);
                        assert_int_equal(compare(store, spans, 40), 12);
                        clew_store_close(store);
                        verify(dir.path);
                        store = open_store(dir.path, &deriver);
                }
                assert_int_equal(count_stale(store), i == 0 ? 0 : 1);
                assert_int_equal(seal_with(store, true, false), 0);
                assert_int_equal(count_stale(store), 0);
                assert_int_equal(count_runs(store), 1);
                clew_store_close(store);
                verify(dir.path);
                test_dir_remove(&dir);
        }
}

/* Random life under changing indexers. */
static void test_behind_life(void **state)
{
        enum { TRACES = 400, ROUNDS = 150 };
        struct test_random r = test_random_seeded("life behind an index");
        static uint8_t spans[65536];
        struct clew_deriver none = {.version = 1, .summarize = derive_plain};
        struct clew_deriver other = deriver;
        const struct clew_deriver *const makers[] = {&deriver, &none, &other, &deriver};
        struct test_dir dir;
        struct clew_store *store;
        uint32_t n_traces = 0;
        unsigned used = 0;

        (void)state;
        other.index_version = 2;
        memset(spans, 0, sizeof(spans));
        test_dir_make(&dir);
        store = open_store(dir.path, &none);
        for (unsigned round = 0; round < ROUNDS; round++) {
                uint32_t fresh = (uint32_t)test_random_below(&r, 6);

                for (uint32_t i = 0; i < fresh && n_traces < TRACES; i++) {
                        n_traces++;
                        append(store, n_traces, ++spans[n_traces]);
                }
                for (unsigned i = 0; n_traces > 0 && i < test_random_below(&r, 4); i++) {
                        uint32_t trace = 1 + (uint32_t)test_random_below(&r, n_traces);

                        append(store, trace, ++spans[trace]);
                }
                if (test_random_below(&r, 3) != 0)
                        (void)seal_with(store, test_random_below(&r, 2) == 0, true);
                if (test_random_below(&r, 8) == 0) {
                        clew_store_close(store);
                        verify(dir.path);
                        store = open_store(dir.path, makers[test_random_below(&r, 4)]);
                }
                used += compare(store, spans, n_traces);
        }
        clew_store_close(store);
        store = open_store(dir.path, &deriver);
        (void)seal_with(store, true, false);
        assert_true(used > ROUNDS);
        assert_int_equal(compare(store, spans, n_traces), 12);
        assert_int_equal(count_stale(store), 0);
        clew_store_close(store);
        verify(dir.path);
        test_dir_remove(&dir);
}

/* A list of runs that is damaged is made anew by who seals. */
static void test_mended_behind(void **state)
{
        static const uint8_t tags[] = {CLEW_INDEX_KEY_HEAD, CLEW_INDEX_KEY_GONE};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(tags); i++) {
                static uint8_t spans[65536];
                struct clew_seal_stats stats;
                struct clew_error err;
                struct clew_store *store;
                struct test_dir dir;

                memset(spans, 0, sizeof(spans));
                test_dir_make(&dir);
                store = open_store(dir.path, &deriver);
                for (uint32_t t = 1; t <= 40; t++)
                        append(store, t, ++spans[t]);
                seal(store);
                append(store, 7, ++spans[7]); /* it moves: something is gone */
                seal(store);
                clew_store_close(store);
                damage(dir.path, tags[i]);
                store = open_store(dir.path, &deriver);
                assert_int_equal(compare(store, spans, 40), 0);
                /* What cannot be merged is told, and ends nothing. */
                assert_int_equal(
                        clew_store_seal(store, &(struct clew_seal_options){0}, &stats, &err), 0);
                assert_int_equal(stats.merge_error.code, -EBADMSG);
                assert_true(strlen(stats.merge_error.message) > 0);
                assert_true(seal_with(store, true, false) >= 3);
                assert_int_equal(compare(store, spans, 40), 12);
                clew_store_close(store);
                verify(dir.path);
                test_dir_remove(&dir);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_postings),      cmocka_unit_test(test_run),
                cmocka_unit_test(test_old_head),      cmocka_unit_test(test_life),
                cmocka_unit_test(test_damage),        cmocka_unit_test(test_missing),
                cmocka_unit_test(test_behind),        cmocka_unit_test(test_behind_life),
                cmocka_unit_test(test_mended_behind),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
