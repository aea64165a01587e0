/*
 * The table of indexes: its tree is looked at before it is used, and what is damaged of it is left
 * behind. Pages are damaged in the file; who opens it next must say so.
 */
#include "storage/base/index-table-int.h"

#include "proto/base/mem.h"
#include "storage/base/record-int.h"
#include "storage/index/catalog-keys-int.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define RECORDS 400u

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_env *env;
        struct clew_error err;
        uint8_t *file;
        size_t n_pages;
};

static void open_env(struct fixture *f, enum clew_store_mode mode)
{
        const struct clew_store_options o = {.mode = mode};

        if (clew_env_open(f->dir.path, &o, &f->env, &f->err) < 0)
                fail_msg("open: %s", f->err.message);
}

static void close_env(struct fixture *f)
{
        clew_env_close(f->env);
        f->env = NULL;
}

/* Blocks @from to @to of run 1; records as the state counts them. */
static void put(struct fixture *f, uint32_t from, uint32_t to, size_t bytes)
{
        static uint8_t value[3 * PAGE];
        const struct clew_slice part = clew_slice_make(value, bytes);
        struct clew_state state;
        MDB_txn *txn;

        assert_int_equal(clew_txn_begin_write(f->env, &txn, &f->err), 0);
        assert_int_equal(clew_state_read(f->env, txn, &state, &f->err), 0);
        for (uint32_t i = from; i < to; i++) {
                struct clew_key key = clew_index_key_block(1, i);

                state.index_records++;
                if (clew_table_put(f->env, txn, CLEW_TABLE_INDEX, clew_key_slice(&key), &part, 1,
                                   &f->err) < 0)
                        fail_msg("put: %s", f->err.message);
        }
        assert_int_equal(clew_state_write(f->env, txn, &state, &f->err), 0);
        assert_int_equal(clew_txn_commit(f->env, txn, &f->err), 0);
}

/* What the state counts; *ret_there: what is in the table, or an error. */
static uint64_t counted(struct fixture *f, int *ret_there)
{
        struct clew_state state;
        MDB_txn *txn;
        CLEW_SCAN scan = {0};
        int n = 0;
        int r;

        assert_int_equal(clew_txn_begin_read(f->env, &txn, &f->err), 0);
        assert_int_equal(clew_state_read(f->env, txn, &state, &f->err), 0);
        r = clew_scan_open(f->env, txn, CLEW_TABLE_INDEX, &scan, &f->err);
        while (r == 0 && (r = clew_scan_next(&scan, &f->err)) == 1) {
                n++;
                r = 0;
        }
        clew_scan_close(&scan);
        clew_txn_end_read(f->env, txn);
        *ret_there = r < 0 ? r : n;
        return state.index_records;
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};

        *state = f;
        test_dir_make(&f->dir);
        if (clew_store_open(f->dir.path, &o, &f->store, &f->err) < 0)
                return -1;
        clew_store_close(f->store);
        open_env(f, CLEW_STORE_COLLECT);
        put(f, 0, RECORDS, 40);
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_env_close(f->env);
        test_dir_remove(&f->dir);
        clew_free(f->file);
        clew_free(f);
        return 0;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int open_file(struct fixture *f)
{
        char path[600];
        int fd;

        snprintf(path, sizeof(path), "%s/data.mdb", f->dir.path);
        fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        return fd;
}

static void load(struct fixture *f)
{
        int fd = open_file(f);
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        f->n_pages = (size_t)st.st_size / PAGE;
        clew_free(f->file);
        f->file = clew_calloc(f->n_pages, PAGE);
        assert_non_null(f->file);
        assert_int_equal(pread(fd, f->file, f->n_pages * PAGE, 0), (ssize_t)(f->n_pages * PAGE));
        close(fd);
}

static void save(struct fixture *f)
{
        int fd = open_file(f);

        assert_int_equal(pwrite(fd, f->file, f->n_pages * PAGE, 0), (ssize_t)(f->n_pages * PAGE));
        close(fd);
}

static uint16_t *at16(struct fixture *f, size_t page, size_t at)
{
        return (uint16_t *)(void *)(f->file + page * PAGE + at);
}

static const uint8_t *key_at(struct fixture *f, size_t page, unsigned i)
{
        return f->file + page * PAGE + *at16(f, page, 16 + 2 * (size_t)i) + 8;
}

static unsigned nodes_of(struct fixture *f, size_t page)
{
        return (*at16(f, page, 12) - 16u) / 2u;
}

/* The next leaf of indexes behind @page whose first key is that of block @first or any; 0 = none.
 */
static size_t next_leaf(struct fixture *f, size_t page, const uint8_t *first)
{
        for (page++; page < f->n_pages; page++) {
                uint64_t own;

                memcpy(&own, f->file + page * PAGE, sizeof(own));
                if (own != page || *at16(f, page, 10) != 2 || nodes_of(f, page) < 8)
                        continue;
                if (*key_at(f, page, 0) == 'B' &&
                    (!first || memcmp(first, key_at(f, page, 0), 13) == 0))
                        return page;
        }
        return 0;
}

/* Who asks for single records looks at the pages on the way to them alone: a page is told before
 * LMDB comes to it, each time, and what lies on others is found. Both before and after all was
 * walked. */
static void judge_read(struct fixture *f)
{
        static const uint32_t strides[] = {1, 7, RECORDS - 1}; /* of the order; no divisors */
        MDB_txn *txn;

        assert_int_equal(clew_txn_begin_read(f->env, &txn, &f->err), 0);
        for (size_t s = 0; s < CLEW_ARRAY_LEN(strides); s++) {
                uint32_t found = 0;
                uint32_t told = 0;

                for (uint32_t i = 0; i < RECORDS; i++) {
                        struct clew_key key =
                                clew_index_key_block(1, (uint32_t)(i * strides[s]) % RECORDS);
                        struct clew_slice value;
                        struct clew_error err = {0};
                        int r = clew_table_get(f->env, txn, CLEW_TABLE_INDEX, clew_key_slice(&key),
                                               &value, &err);

                        assert_true(r == 0 || r == -EBADMSG);
                        found += r == 0;
                        told += r < 0 && strstr(err.message, "of its indexes is damaged");
                }
                assert_int_equal(found + told, RECORDS);
                assert_in_range(told, 10, RECORDS / 2);
        }
        clew_txn_end_read(f->env, txn);
}

/* Behind a key nothing is damaged, or it is told; before it nobody has looked. */
static uint32_t walk_from(struct fixture *f, uint32_t from, int *ret)
{
        struct clew_key key = clew_index_key_block(1, from);
        CLEW_SCAN scan = {0};
        MDB_txn *txn;
        uint32_t n = 0;
        int r;

        assert_int_equal(clew_txn_begin_read(f->env, &txn, &f->err), 0);
        r = clew_scan_open(f->env, txn, CLEW_TABLE_INDEX, &scan, &f->err);
        if (r == 0)
                r = clew_scan_seek(&scan, clew_key_slice(&key), &f->err);
        while (r == 0 && (r = clew_scan_next(&scan, &f->err)) == 1) {
                n++;
                r = 0;
        }
        clew_scan_close(&scan);
        clew_txn_end_read(f->env, txn);
        *ret = r;
        return n;
}

static void judge_walks(struct fixture *f)
{
        uint32_t whole = 0;

        for (uint32_t from = 0; from < RECORDS; from++) {
                int r;
                uint32_t n = walk_from(f, from, &r);

                assert_true(r == -EBADMSG ? n == 0 && whole == 0 : n == RECORDS - from);
                whole += r == 0;
        }
        assert_in_range(whole, 1, RECORDS - 10);
}

/* The damaged tree is told to who reads, and costs who writes the table and nothing else. */
static void judge_left_behind(struct fixture *f)
{
        int there;

        save(f);
        open_env(f, CLEW_STORE_READ);
        judge_read(f);
        judge_walks(f);
        assert_int_equal(counted(f, &there), RECORDS);
        assert_int_equal(there, -EBADMSG);
        judge_read(f);
        close_env(f);
        open_env(f, CLEW_STORE_COLLECT);
        put(f, 7, 9, 40);
        assert_int_equal(counted(f, &there), 2);
        assert_int_equal(there, 2);
        assert_int_equal(clew_index_table_renewals(f->env), 1);
        close_env(f);
        open_env(f, CLEW_STORE_READ);
        assert_int_equal(counted(f, &there), 2);
        assert_int_equal(there, 2);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_page_of_another_place(void **state)
{
        struct fixture *f = *state;

        close_env(f);
        load(f);
        f->file[next_leaf(f, 1, NULL) * PAGE] ^= 1;
        judge_left_behind(f);
}

static void test_keys_out_of_order(void **state)
{
        struct fixture *f = *state;
        size_t page;
        uint16_t other;

        close_env(f);
        load(f);
        page = next_leaf(f, 1, NULL);
        other = *at16(f, page, 16 + 2 * 4);
        *at16(f, page, 16 + 2 * 4) = *at16(f, page, 16 + 2 * 5);
        *at16(f, page, 16 + 2 * 5) = other;
        judge_left_behind(f);
}

static void test_nodes_that_overlap(void **state)
{
        struct fixture *f = *state;
        size_t page;

        close_env(f);
        load(f);
        page = next_leaf(f, 1, NULL);
        *at16(f, page, *at16(f, page, 16 + 2 * 4)) =
                60000; /* a length that leads out of the page */
        judge_left_behind(f);
}

/* An older version of a leaf is whole in itself. */
static void test_lost_write(void **state)
{
        struct fixture *f = *state;
        struct clew_key key = clew_index_key_block(1, 0);
        size_t last = 0;
        size_t before = 0;

        put(f, RECORDS, RECORDS + 1, 40);
        close_env(f);
        load(f);
        for (size_t page = next_leaf(f, 1, NULL); page; page = next_leaf(f, page, NULL)) {
                if (memcmp(key_at(f, page, 0), key.bytes, 9) == 0 &&
                    (!last || memcmp(key_at(f, page, 0), key_at(f, last, 0), 13) > 0))
                        last = page;
        }
        for (size_t page = next_leaf(f, 1, key_at(f, last, 0)); page;
             page = next_leaf(f, page, key_at(f, last, 0))) {
                if (page != last)
                        before = page;
        }
        assert_true(last && before);
        if (nodes_of(f, before) > nodes_of(f, last)) {
                size_t other = last;

                last = before;
                before = other;
        }
        assert_int_equal(nodes_of(f, last), nodes_of(f, before) + 1);
        memcpy(f->file + last * PAGE + 8, f->file + before * PAGE + 8, PAGE - 8);
        save(f);
        open_env(f, CLEW_STORE_COLLECT);
        put(f, 7, 9, 40);
        assert_int_equal(clew_index_table_renewals(f->env), 1);
}

/* A large value whose first page counts more pages than it has: deleting it would free others. */
static void test_large_value_of_other_pages(void **state)
{
        struct fixture *f = *state;
        struct clew_key key = clew_index_key_block(1, RECORDS);
        MDB_txn *txn;
        unsigned found = 0;

        put(f, RECORDS, RECORDS + 1, 2 * PAGE);
        close_env(f);
        load(f);
        for (size_t page = 2; page < f->n_pages; page++) {
                uint64_t own;

                memcpy(&own, f->file + page * PAGE, sizeof(own));
                if (own == page && *at16(f, page, 10) == 4 && *at16(f, page, 12) == 3) {
                        *at16(f, page, 12) = 4;
                        found++;
                }
        }
        assert_int_equal(found, 1);
        save(f);
        open_env(f, CLEW_STORE_COLLECT);
        assert_int_equal(clew_txn_begin_write(f->env, &txn, &f->err), 0);
        assert_int_equal(
                clew_table_delete(f->env, txn, CLEW_TABLE_INDEX, clew_key_slice(&key), &f->err),
                -EBADMSG);
        clew_txn_abort(f->env, txn);
        put(f, 0, 1, 40);
        assert_int_equal(clew_index_table_renewals(f->env), 1);
}

/* What an aborted transaction has begun is not there. */
static void test_abort(void **state)
{
        struct fixture *f = *state;
        MDB_txn *txn;
        int there;

        clew_index_table_condemn(f->env);
        assert_int_equal(clew_txn_begin_write(f->env, &txn, &f->err), 0);
        clew_txn_abort(f->env, txn);
        assert_int_equal(counted(f, &there), RECORDS);
        assert_int_equal(there, RECORDS);
        assert_int_equal(clew_index_table_renewals(f->env), 0);
        put(f, 0, 3, 40);
        assert_int_equal(counted(f, &there), 3);
        assert_int_equal(there, 3);
}

/* Another process makes another table; this one goes on in it, also to write. */
static void test_follow(void **state)
{
        struct fixture *f = *state;
        int there;
        int status = -1;
        pid_t child;

        close_env(f);
        open_env(f, CLEW_STORE_WRITE);
        assert_int_equal(counted(f, &there), RECORDS);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                struct fixture own = {.dir = f->dir};
                const struct clew_store_options o = {.mode = CLEW_STORE_WRITE};

                if (clew_env_open(own.dir.path, &o, &own.env, &own.err) < 0)
                        _exit(3);
                clew_index_table_condemn(own.env);
                put(&own, 0, 5, 40);
                clew_env_close(own.env);
                _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(counted(f, &there), 5);
        assert_int_equal(there, 5);
        put(f, 5, 6, 40);
        assert_int_equal(counted(f, &there), 6);
        assert_int_equal(there, 6);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_page_of_another_place, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_keys_out_of_order, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_nodes_that_overlap, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_lost_write, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_large_value_of_other_pages, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_abort, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_follow, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
