/*
 * Wiping of single pages: what the last commit freed is looked at and left alone, and what may be
 * left in it is counted, so that another pass comes; behind the next commit it is gone. Bytes are
 * written into the file where LMDB would have left them.
 */
#include "storage/base/wipe-int.h"

#include "proto/base/mem.h"
#include "storage/base/page-int.h"
#include "storage/base/record-int.h"
#include "storage/index/catalog-keys-int.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096u
#define RECORDS 400u
#define VALUE_BYTES 40u
#define STALE 0xab
/* So many stale bytes in a row are ours. */
#define STALE_MIN 16u

struct fixture {
        struct test_dir dir;
        struct clew_env *env;
        struct clew_error err;
};

/* Blocks @from to @to of run 1, in one commit. */
static void put(struct fixture *f, uint32_t from, uint32_t to)
{
        static const uint8_t value[VALUE_BYTES];
        const struct clew_slice part = clew_slice_make(value, sizeof(value));
        MDB_txn *txn;

        assert_int_equal(clew_txn_begin_write(f->env, &txn, &f->err), 0);
        for (uint32_t i = from; i < to; i++) {
                struct clew_key key = clew_index_key_block(1, i);

                assert_int_equal(clew_table_put(f->env, txn, CLEW_TABLE_INDEX, clew_key_slice(&key),
                                                &part, 1, &f->err),
                                 0);
        }
        assert_int_equal(clew_txn_commit(f->env, txn, &f->err), 0);
}

static int set_up(void **state)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};
        struct fixture *f = clew_calloc(1, sizeof(*f));
        struct clew_store *store;

        *state = f;
        test_dir_make(&f->dir);
        if (clew_store_open(f->dir.path, &o, &store, &f->err) < 0)
                return -1;
        clew_store_close(store);
        if (clew_env_open(f->dir.path, &o, &f->env, &f->err) < 0)
                return -1;
        put(f, 0, RECORDS);
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_env_close(f->env);
        test_dir_remove(&f->dir);
        clew_free(f);
        return 0;
}

/* Pages with a gap in the middle: fills it with @fill, if that is not 0. Returns how many have
 * stale bytes in their gap then. */
static unsigned gaps(struct fixture *f, uint8_t fill)
{
        static const uint8_t stale[STALE_MIN] = {STALE, STALE, STALE, STALE, STALE, STALE,
                                                 STALE, STALE, STALE, STALE, STALE, STALE,
                                                 STALE, STALE, STALE, STALE};
        char path[600];
        uint8_t page[PAGE];
        unsigned n = 0;
        int fd;

        snprintf(path, sizeof(path), "%s/data.mdb", f->dir.path);
        fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        for (uint64_t i = CLEW_PAGE_FIRST;
             pread(fd, page, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE; i++) {
                size_t lower = clew_page_lower(page);
                size_t upper = clew_page_upper(page);

                if (fill && clew_page_number(page) == i && clew_page_flags(page) & CLEW_PAGE_LEAF &&
                    lower >= CLEW_PAGE_HEADER && upper <= PAGE && lower + STALE_MIN <= upper) {
                        memset(page + lower, fill, upper - lower);
                        assert_int_equal(pwrite(fd, page, PAGE, (off_t)(i * PAGE)), (ssize_t)PAGE);
                }
                n += memmem(page, PAGE, stale, sizeof(stale)) != NULL;
        }
        close(fd);
        return n;
}

static struct clew_wipe pass(struct fixture *f)
{
        struct clew_wipe w = {0};
        int r;

        do
                r = clew_env_wipe_step(f->env, &w, &f->err);
        while (r == 1);
        if (r < 0)
                fail_msg("wiping: %s", f->err.message);
        return w;
}

static void test_a_stale_gap_in_what_the_last_commit_freed(void **state)
{
        struct fixture *f = *state;
        struct clew_wipe w;
        unsigned before;

        assert_int_equal(gaps(f, 0), 0);
        put(f, 7, 8); /* frees the leaf that it was in, and what leads there */
        before = gaps(f, STALE);
        assert_true(before > 1);
        w = pass(f);
        /* Those of trees are clean; those of the last commit are as they were, and counted. */
        assert_true(w.n_held > 0);
        assert_in_range(w.n_unclean, 1, before - 1);
        assert_int_equal(gaps(f, 0), w.n_unclean);
        /* The next commit makes them free. */
        put(f, RECORDS, RECORDS + 1);
        (void)pass(f);
        assert_int_equal(gaps(f, 0), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_stale_gap_in_what_the_last_commit_freed,
                                                set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
