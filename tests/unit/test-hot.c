/*
 * The hot table: batches, rows that are gone, thinning out; below the public store.
 */
#include "proto/base/mem.h"
#include "storage/source/store-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#define BYTES_MAX ((size_t)64 << 20)
#define FRAGMENTS_MAX 700u

/* Fragments that are no OTLP: the hot table does not look into packs. */
struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_buffer bytes[FRAGMENTS_MAX];
        struct clew_fragment fragments[FRAGMENTS_MAX];
        size_t n;
        struct clew_error err;
};

static int set_up(void **state)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->dir);
        if (clew_store_open(f->dir.path, &o, &f->store, &f->err) < 0)
                fail_msg("open: %s", f->err.message);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_store_close(f->store);
        for (size_t i = 0; i < f->n; i++)
                clew_buffer_deinit(&f->bytes[i]);
        test_dir_remove(&f->dir);
        clew_free(f);
        return 0;
}

/* Header: flags, arrival, start, end, items, errors, raw bytes, service "s". */
static void make_fragment(struct fixture *f, uint32_t trace, size_t pack_len)
{
        struct clew_buffer *b = &f->bytes[f->n];
        uint64_t words[3] = {1000 + f->n, 500 + trace, 900};

        clew_buffer_init(b, BYTES_MAX);
        clew_buffer_append(b, "\x1e\x00\x00", 3);
        clew_buffer_append(b, words, sizeof(words));
        clew_buffer_append(b, "\x01\x00\x05\x01s", 5);
        for (size_t i = 0; i < pack_len; i++)
                clew_buffer_append_byte(b, (uint8_t)(f->n + i));
        assert_int_equal(clew_buffer_error(b), 0);
        f->fragments[f->n] = (struct clew_fragment){.trace_id = test_trace_id(trace),
                                                    .bytes = clew_buffer_slice(b)};
        f->n++;
}

static void append(struct fixture *f, size_t from)
{
        if (clew_store_append(f->store, &f->fragments[from], f->n - from, &f->err) < 0)
                fail_msg("append: %s", f->err.message);
}

static MDB_txn *begin(struct fixture *f)
{
        MDB_txn *txn = NULL;

        if (clew_txn_begin_read(f->store->env, &txn, &f->err) < 0)
                fail_msg("begin: %s", f->err.message);
        return txn;
}

static size_t walk(struct fixture *f, const struct clew_trace_id *only)
{
        struct clew_hot_walk w;
        struct clew_hot_found found;
        MDB_txn *txn = begin(f);
        size_t n = 0;
        int r;

        assert_int_equal(clew_hot_walk_open(&w, f->store->env, txn, only, &f->err), 0);
        while ((r = clew_hot_walk_next(&w, &found, &f->err)) == 1) {
                const struct clew_fragment *sent = &f->fragments[found.ref.sequence - 1];

                assert_memory_equal(found.id.bytes, sent->trace_id.bytes, 16);
                assert_true(found.header.arrival_ns == 1000 + found.ref.sequence - 1);
                assert_int_equal(found.pack.len, sent->bytes.len - 32);
                assert_true(!only || clew_trace_id_eq(only, &found.id));
                n++;
        }
        if (r < 0)
                fail_msg("walk: %s", f->err.message);
        clew_hot_walk_close(&w);
        clew_txn_end_read(f->store->env, txn);
        return n;
}

/* Records of the table, and the length of the first batch. */
static uint64_t count(struct fixture *f, size_t *ret_first)
{
        struct clew_key key = clew_key_batch(1);
        MDB_txn *txn = begin(f);
        struct clew_slice value = {0};
        uint64_t n = 0;

        assert_int_equal(clew_table_count(f->store->env, txn, CLEW_TABLE_HOT, &n, &f->err), 0);
        if (clew_table_peek(f->store->env, txn, CLEW_TABLE_HOT, clew_key_slice(&key), &value,
                            &f->err) == -ENOENT)
                value.len = 0;
        *ret_first = value.len;
        clew_txn_end_read(f->store->env, txn);
        return n;
}

/* Crosses off fragments @from .. @to - 1. */
static int cross_off(struct fixture *f, size_t from, size_t to, bool commit)
{
        struct clew_hot_crossing *x = clew_calloc(FRAGMENTS_MAX, sizeof(*x));
        struct clew_hot_list list = {0};
        struct clew_state state;
        MDB_txn *txn = begin(f);
        size_t n = 0;
        int r;

        assert_int_equal(clew_hot_scan(f->store->env, txn, NULL, &list, &f->err), 0);
        clew_txn_end_read(f->store->env, txn);
        for (uint32_t i = 0; i < list.n; i++) {
                for (uint32_t at = list.traces[i].first_link; at != CLEW_HOT_NONE;
                     at = list.links[at].next) {
                        uint64_t sequence = list.links[at].sequence;

                        if (sequence - 1 >= from && sequence - 1 < to)
                                x[n++] = (struct clew_hot_crossing){
                                        clew_hot_ref_of(&list.links[at]),
                                        &f->fragments[sequence - 1].trace_id};
                }
        }
        assert_int_equal(clew_txn_begin_write(f->store->env, &txn, &f->err), 0);
        assert_int_equal(clew_state_read(f->store->env, txn, &state, &f->err), 0);
        r = clew_hot_cross_off(f->store->env, txn, x, n, &state, &f->err);
        if (r == 0 && commit) {
                /* The same once more in this transaction: they are not there any more. */
                if (n)
                        assert_int_equal(clew_hot_cross_off(f->store->env, txn, x, n,
                                                            &(struct clew_state){0}, &f->err),
                                         -EAGAIN);
                assert_int_equal(clew_state_write(f->store->env, txn, &state, &f->err), 0);
                assert_int_equal(clew_txn_commit(f->store->env, txn, &f->err), 0);
        } else {
                clew_txn_abort(f->store->env, txn);
        }
        clew_hot_list_deinit(&list);
        clew_free(x);
        return r;
}

static void read_all(struct fixture *f, size_t from)
{
        struct clew_hot_reader *reader = clew_calloc(1, sizeof(*reader));
        struct clew_hot_list list = {0};
        MDB_txn *txn = begin(f);
        size_t n = 0;

        clew_hot_reader_init(reader, f->store->env, txn);
        assert_int_equal(clew_hot_scan(f->store->env, txn, NULL, &list, &f->err), 0);
        for (uint32_t i = 0; i < list.n; i++) {
                for (uint32_t at = list.traces[i].first_link; at != CLEW_HOT_NONE;
                     at = list.links[at].next) {
                        struct clew_hot_ref ref = clew_hot_ref_of(&list.links[at]);
                        struct clew_slice sent = f->fragments[ref.sequence - 1].bytes;
                        struct clew_hot_found found;

                        if (clew_hot_read(reader, &list.traces[i].id, &ref, &found, &f->err) < 0)
                                fail_msg("read: %s", f->err.message);
                        assert_true(ref.sequence > from);
                        assert_true(clew_slice_eq(found.pack, clew_slice_from(sent, 32)));
                        n++;
                }
        }
        assert_int_equal(n, f->n - from);
        clew_hot_list_deinit(&list);
        clew_txn_end_read(f->store->env, txn);
        clew_free(reader);
}

static void test_batches_close(void **state)
{
        struct fixture *f = *state;
        struct clew_trace_id id = test_trace_id(3);
        size_t first;

        for (uint32_t i = 0; i < 600; i++)
                make_fragment(f, i % 7, 10);
        append(f, 0);
        assert_int_equal(count(f, &first), 3); /* 256 rows at the most */
        for (uint32_t i = 0; i < 10; i++)
                make_fragment(f, i, 20000);
        append(f, 600);
        assert_int_equal(count(f, &first), 3 + 4); /* three of 20,000 bytes fit into 64 KiB */
        make_fragment(f, 1, 10);
        make_fragment(f, 1, 300000);
        make_fragment(f, 2, 10);
        append(f, 610);
        assert_int_equal(count(f, &first), 7 + 3);
        assert_int_equal(walk(f, NULL), 613);
        assert_int_equal(walk(f, &id), 86 + 1);
        read_all(f, 0);
}

static void test_rows_go(void **state)
{
        struct fixture *f = *state;
        size_t before;
        size_t first;

        for (uint32_t i = 0; i < 40; i++)
                make_fragment(f, i % 5, 1000);
        append(f, 0);
        assert_int_equal(count(f, &before), 1);
        assert_int_equal(cross_off(f, 0, 10, true), 0);
        assert_int_equal(count(f, &first), 2); /* and what is gone */
        assert_int_equal(first, before);
        assert_int_equal(walk(f, NULL), 30);
        read_all(f, 10);
        assert_int_equal(cross_off(f, 10, 20, false), 0);
        assert_int_equal(walk(f, NULL), 30); /* aborted */
        assert_int_equal(cross_off(f, 10, 34, true), 0);
        assert_int_equal(count(f, &first), 1); /* thinned out: nothing of it is gone */
        assert_true(first > 6000 && first < 8000);
        assert_int_equal(walk(f, NULL), 6);
        read_all(f, 34);
        assert_int_equal(cross_off(f, 34, 39, true), 0);
        assert_int_equal(count(f, &first), 2); /* too small to be written again */
        read_all(f, 39);
        assert_int_equal(cross_off(f, 39, 40, true), 0);
        assert_int_equal(count(f, &first), 0);
        assert_int_equal(walk(f, NULL), 0);
}

/* One run that stays open does not keep what arrived beside it. */
static void test_random_rows_go(void **state)
{
        struct fixture *f = *state;
        struct test_random r = test_random_seeded("hot");
        size_t gone = 0;
        size_t first;

        for (uint32_t i = 0; i < FRAGMENTS_MAX; i++)
                make_fragment(f, (uint32_t)test_random_below(&r, 50),
                              test_random_below(&r, 20) ? test_random_below(&r, 900)
                                                        : test_random_below(&r, 90000));
        for (size_t from = 0, n = f->n, to; from < n; from = to) {
                to = from + 1 + test_random_below(&r, 200);
                f->n = to < n ? to : n;
                to = f->n;
                append(f, from);
                f->n = n;
        }
        while (gone < f->n) {
                size_t to = gone + 1 + test_random_below(&r, 60);

                to = to < f->n ? to : f->n;
                assert_int_equal(cross_off(f, gone, to, true), 0);
                gone = to;
                assert_int_equal(walk(f, NULL), f->n - gone);
                read_all(f, gone);
        }
        assert_int_equal(count(f, &first), 0);
}

/* Whatever byte of a stored batch changes: it is refused, or the pack is. */
static void test_damage_shows(void **state)
{
        struct clew_hot_batch_writer *w = clew_calloc(1, sizeof(*w));
        struct clew_hot_batch *b = clew_calloc(1, sizeof(*b));
        struct clew_slice pack = CLEW_SLICE_LITERAL("some bytes");
        struct clew_trace_id id = test_trace_id(1);
        CLEW_BUFFER value = {0};
        uint8_t check[8];
        size_t n = 0;

        (void)state;
        clew_buffer_init(&value, BYTES_MAX);
        clew_hot_batch_writer_init(w);
        for (uint32_t i = 0; i < 3; i++) {
                clew_hot_pack_check(&id, 50 + 2 * i, pack, check);
                clew_hot_batch_writer_add(w, id.bytes,
                                          &(struct clew_hot_row){2 * i, clew_slice_make(check, 8),
                                                                 CLEW_SLICE_LITERAL("\x02\x00hi"),
                                                                 pack});
        }
        assert_int_equal(clew_hot_batch_writer_finish(w, 50, &n), 0);
        for (size_t i = 0; i < n; i++)
                clew_buffer_append_slice(&value, w->parts[i]);
        for (size_t i = 0; i <= value.len; i++) {
                bool right;

                if (i < value.len)
                        value.data[i] ^= 0x10;
                right = clew_hot_batch_open(50, clew_buffer_slice(&value), b) &&
                        clew_hot_batch_rows(b);
                for (uint32_t k = 0; right && k < b->n; k++)
                        right = clew_hot_row_check(&b->rows[k], &id, 50 + 2 * k);
                assert_int_equal(right, i == value.len);
                if (i < value.len)
                        value.data[i] ^= 0x10;
        }
        assert_int_equal(b->n, 3);
        assert_ptr_equal(clew_hot_batch_find(b, 52), &b->rows[1]);
        assert_null(clew_hot_batch_find(b, 51));
        assert_null(clew_hot_batch_find(b, 49));
        assert_false(clew_hot_batch_open(51, clew_buffer_slice(&value), b)); /* another key */
        clew_hot_batch_writer_deinit(w);
        clew_free(w);
        clew_free(b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                T(test_batches_close),
                T(test_rows_go),
                T(test_random_rows_go),
                cmocka_unit_test(test_damage_shows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
