/*
 * A look at LMDB's two meta pages.
 *
 * LMDB opens at the meta page with the higher transaction id. These pages have no checksum: one
 * wrong bit in an id makes it open at the commit before the last one, which looks whole and lacks
 * acknowledged data. Commits alternate between the pages, so in a sound file their ids differ by
 * exactly one; anything else is damage. Layout: LMDB 0.9 data format 1 on 64-bit machines (page
 * header 16 bytes, then MDB_meta with the transaction id as its last member).
 */
#include "storage/base/meta-pages-int.h"

#include "storage/base/env-struct-int.h"
#include "storage/base/page-int.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define META_TXNID_OFFSET 144u
#define META_END 152u
#define META_MAGIC_OFFSET 16u
#define META_VERSION_OFFSET 20u
#define META_PAGE_SIZE_OFFSET 40u
#define LMDB_MAGIC 0xBEEFC0DEu
#define LMDB_VERSION 1u
/* A commit may write one page between our two reads; then we look again. */
#define TRIES 20

_Static_assert(sizeof(size_t) == 8, "the meta page layout below is that of 64-bit machines");

static bool is_meta_page(const uint8_t *p, uint64_t number)
{
        uint32_t magic;
        uint32_t version;

        memcpy(&magic, p + META_MAGIC_OFFSET, sizeof(magic));
        memcpy(&version, p + META_VERSION_OFFSET, sizeof(version));
        return clew_page_number(p) == number && (clew_page_flags(p) & CLEW_PAGE_META) &&
               magic == LMDB_MAGIC && version == LMDB_VERSION;
}

/* @ret_size: what the first page says of the size of pages. */
static void look_at(int fd, off_t at, uint64_t number, struct clew_meta_look *ret,
                    uint32_t *ret_size)
{
        uint8_t page[META_END];
        uint64_t txn_id;

        if (pread(fd, page, sizeof(page), at) != sizeof(page) || !is_meta_page(page, number))
                return;
        memcpy(&txn_id, page + META_TXNID_OFFSET, sizeof(txn_id));
        memcpy(ret_size, page + META_PAGE_SIZE_OFFSET, sizeof(*ret_size));
        ret->n_valid++;
        ret->first_valid = ret->first_valid || number == 0;
        ret->has_commit = ret->has_commit || txn_id > 0;
}

void clew_meta_look(int fd, struct clew_meta_look *ret)
{
        uint32_t page_size = (uint32_t)sysconf(_SC_PAGESIZE);
        uint32_t ignored;

        *ret = (struct clew_meta_look){0};
        look_at(fd, 0, 0, ret, &page_size);
        look_at(fd, (off_t)page_size, 1, ret, &ignored);
}

bool clew_meta_txn_ids(int fd, uint64_t ret[2])
{
        uint32_t size = (uint32_t)sysconf(_SC_PAGESIZE);
        struct clew_meta_look look = {0};

        for (unsigned i = 0; i < 2; i++) {
                unsigned before = look.n_valid;
                off_t at = (off_t)(i * (uint64_t)size);

                ret[i] = 0;
                look_at(fd, at, i, &look, &size);
                if (look.n_valid > before && pread(fd, &ret[i], sizeof(ret[i]),
                                                   at + (off_t)META_TXNID_OFFSET) != sizeof(ret[i]))
                        return false;
        }
        return look.n_valid > 0;
}

static int read_txnid(int fd, size_t page_size, unsigned page, uint64_t *ret)
{
        uint64_t id;

        if (pread(fd, &id, sizeof(id), (off_t)(page * page_size + META_TXNID_OFFSET)) != sizeof(id))
                return -EIO;
        *ret = id;
        return 0;
}

int clew_env_check_meta_pages(struct clew_env *env, struct clew_error *err)
{
        uint64_t a = 0;
        uint64_t b = 0;
        MDB_stat st;
        int fd;

        if (mdb_env_stat(env->lmdb, &st) != 0 || mdb_env_get_fd(env->lmdb, &fd) != 0)
                return 0;
        for (int i = 0; i < TRIES; i++) {
                if (read_txnid(fd, st.ms_psize, 0, &a) < 0 ||
                    read_txnid(fd, st.ms_psize, 1, &b) < 0)
                        return clew_error_set(err, -EIO, 0, "store %s: cannot read its first pages",
                                              env->dir);
                /* A new file has 0 and 0, then 0 and 1. */
                if ((a > b ? a - b : b - a) == 1 || (a == 0 && b == 0))
                        return 0;
                usleep(1000);
        }
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: its first pages are damaged (commits %llu and %llu do not "
                              "follow each other); restore a backup, or export what can be read",
                              env->dir, (unsigned long long)a, (unsigned long long)b);
}
