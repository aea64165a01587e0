/*
 * The readers of an environment, as LMDB's lock file lists them.
 *
 * A snapshot keeps every page that was in use when it was taken; while one is held the file only
 * grows. Readers that died without a word are cleared by LMDB, on request. One that is stopped
 * (SIGSTOP, a debugger, a frozen terminal) is not dead, and may never go on: its snapshot is taken
 * back here when it has been stopped for longer than a tick and the store has gone on. Should it
 * wake up, its pages may have been used again. So every reader looks at its entry after it has read
 * and before it believes what it read (clew_txn_is_lost()).
 *
 * Layout: LMDB 0.9 on 64-bit machines. A header, then a cache line for each reader: transaction id
 * (all ones = none), process id. The header is 24 bytes and a mutex, and another mutex, each filled
 * up to whole cache lines: two of them on x86-64, three on arm64, where a mutex is larger.
 *
 * Hazard: closing any descriptor of the lock file drops the process's locks on it; ours is closed
 * after LMDB's.
 */
#include "storage/base/directory-int.h"
#include "storage/base/env-struct-int.h"
#include "storage/base/own-file-int.h"
#include "storage/base/wipe-int.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOT_BYTES 64u
#define LINES(bytes) (((bytes) + SLOT_BYTES - 1) / SLOT_BYTES * SLOT_BYTES)
#define HEADER_BYTES (LINES(24 + sizeof(pthread_mutex_t)) + LINES(sizeof(pthread_mutex_t)))
#define NO_TXN UINT64_MAX
/* Commits since a stopped reader's snapshot before it is taken back. */
#define BEHIND_COMMITS 16u

struct slot {
        uint64_t txn_id;
        int32_t pid; /* 0 = free */
        uint8_t rest[SLOT_BYTES - 12];
};

_Static_assert(sizeof(struct slot) == SLOT_BYTES, "a slot is a cache line");

void clew_env_map_readers(struct clew_env *env)
{
        struct clew_error err;
        struct stat st;
        void *map;
        int flags = env->mode == CLEW_STORE_READ ? O_RDONLY : O_RDWR;
        int prot = PROT_READ | (env->mode == CLEW_STORE_READ ? 0 : PROT_WRITE);

        if (clew_own_file_open(env->dir, env->dir_fd, CLEW_LOCK_FILE, flags, &env->lock_fd, &err) <
            0) {
                env->lock_fd = -1; /* a store that cannot be written: no lock file, no reuse */
                return;
        }
        if (fstat(env->lock_fd, &st) < 0 || (size_t)st.st_size < HEADER_BYTES + SLOT_BYTES)
                return;
        map = mmap(NULL, (size_t)st.st_size, prot, MAP_SHARED, env->lock_fd, 0);
        if (map == MAP_FAILED)
                return;
        env->lock_map = map;
        env->lock_bytes = (size_t)st.st_size;
}

void clew_env_unmap_readers(struct clew_env *env)
{
        if (env->lock_map)
                munmap(env->lock_map, env->lock_bytes);
        if (env->lock_fd >= 0)
                close(env->lock_fd);
        env->lock_map = NULL;
        env->lock_bytes = 0;
        env->lock_fd = -1;
}

static struct slot *slots_of(const struct clew_env *env, size_t *ret_n)
{
        *ret_n = env->lock_map ? (env->lock_bytes - HEADER_BYTES) / SLOT_BYTES : 0;
        return env->lock_map ? (struct slot *)(void *)(env->lock_map + HEADER_BYTES) : NULL;
}

uint64_t clew_env_oldest_reader(struct clew_env *env, int32_t *ret_pid)
{
        uint64_t oldest = NO_TXN;
        int32_t pid = 0;
        MDB_envinfo info;
        struct slot *slots;
        size_t n;

        pthread_mutex_lock(&env->lock); /* not while it is opened again */
        slots = slots_of(env, &n);
        if (!env->lmdb || mdb_env_info(env->lmdb, &info) != 0)
                n = oldest = 0; /* not known: nothing may be taken for unused */
        else if (info.me_numreaders < n)
                n = info.me_numreaders;
        for (size_t i = 0; i < n; i++) {
                uint64_t txn_id = __atomic_load_n(&slots[i].txn_id, __ATOMIC_SEQ_CST);

                if (__atomic_load_n(&slots[i].pid, __ATOMIC_SEQ_CST) != 0 && txn_id < oldest) {
                        oldest = txn_id;
                        pid = slots[i].pid;
                }
        }
        if (oldest == NO_TXN)
                oldest = info.me_last_txnid;
        pthread_mutex_unlock(&env->lock);
        if (ret_pid)
                *ret_pid = pid;
        return oldest;
}

bool clew_txn_is_lost(struct clew_env *env, MDB_txn *txn)
{
        uint64_t id = mdb_txn_id(txn);
        int32_t pid = env->pid;
        size_t n;
        const struct slot *slots = slots_of(env, &n);
        MDB_envinfo info;

        /* No readers at all: a file system that cannot be written, where LMDB goes without locks.
         */
        if (n == 0 || mdb_env_info(env->lmdb, &info) != 0 || info.me_numreaders == 0)
                return false;
        if (info.me_numreaders < n)
                n = info.me_numreaders;
        /* What was read must have been read before the entry is. */
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        for (size_t i = 0; i < n; i++) {
                if (__atomic_load_n(&slots[i].pid, __ATOMIC_RELAXED) == pid &&
                    __atomic_load_n(&slots[i].txn_id, __ATOMIC_RELAXED) == id)
                        return false;
        }
        return true;
}

int clew_txn_check(struct clew_env *env, MDB_txn *txn, int r, struct clew_error *err)
{
        if (!clew_txn_is_lost(env, txn))
                return r;
        return clew_error_set(
                err, -ESTALE, 0,
                "store %s: this program was stopped for long, so that its view of the "
                "store was taken back; run it again",
                env->dir);
}

/* The state letter behind the name, which stands in parentheses and may hold any character. */
static bool is_stopped(int32_t pid)
{
        char path[64];
        char text[512] = "";
        const char *end;
        ssize_t n;
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        n = read(fd, text, sizeof(text) - 1);
        close(fd);
        if (n <= 0)
                return false;
        end = strrchr(text, ')');
        return end && end[1] == ' ' && (end[2] == 'T' || end[2] == 't');
}

static bool was_seen(struct clew_env *env, const struct slot *s, uint64_t txn_id)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(env->stopped); i++) {
                if (env->stopped[i].pid == s->pid && env->stopped[i].txn_id == txn_id)
                        return true;
        }
        return false;
}

int clew_env_check_readers(struct clew_env *env)
{
        struct clew_stopped_reader seen[CLEW_ARRAY_LEN(env->stopped)] = {{0}};
        size_t n_seen = 0;
        int n_taken = 0;
        int dead = 0;
        MDB_envinfo info;
        size_t n;
        struct slot *slots;

        pthread_mutex_lock(&env->lock); /* not while it is opened again */
        slots = slots_of(env, &n);
        if (!env->lmdb || mdb_reader_check(env->lmdb, &dead) != 0 ||
            mdb_env_info(env->lmdb, &info) != 0 || env->mode == CLEW_STORE_READ)
                n = 0;
        for (size_t i = 0; i < n; i++) {
                uint64_t txn_id = __atomic_load_n(&slots[i].txn_id, __ATOMIC_RELAXED);

                if (slots[i].pid == 0 || slots[i].pid == (int32_t)getpid() || txn_id == NO_TXN ||
                    txn_id + BEHIND_COMMITS > info.me_last_txnid || !is_stopped(slots[i].pid))
                        continue;
                if (was_seen(env, &slots[i], txn_id))
                        n_taken += __atomic_compare_exchange_n(&slots[i].txn_id, &txn_id, NO_TXN,
                                                               false, __ATOMIC_SEQ_CST,
                                                               __ATOMIC_RELAXED);
                else if (n_seen < CLEW_ARRAY_LEN(seen))
                        seen[n_seen++] = (struct clew_stopped_reader){txn_id, slots[i].pid};
        }
        memcpy(env->stopped, seen, sizeof(seen));
        pthread_mutex_unlock(&env->lock);
        return dead + n_taken;
}

void clew_env_count_readers(struct clew_env *env, struct clew_store_figures *ret)
{
        uint64_t oldest = NO_TXN;
        const struct slot *slots;
        MDB_envinfo info;
        size_t n;

        pthread_mutex_lock(&env->lock); /* not while it is opened again */
        slots = slots_of(env, &n);
        if (!env->lmdb || mdb_env_info(env->lmdb, &info) != 0)
                n = 0;
        for (size_t i = 0; i < n; i++) {
                uint64_t txn_id = __atomic_load_n(&slots[i].txn_id, __ATOMIC_RELAXED);

                if (slots[i].pid == 0 || txn_id == NO_TXN)
                        continue;
                ret->readers++;
                if (txn_id >= oldest)
                        continue;
                oldest = txn_id;
                ret->oldest_reader = slots[i].pid;
                ret->oldest_reader_commits =
                        info.me_last_txnid > txn_id ? info.me_last_txnid - txn_id : 0;
        }
        pthread_mutex_unlock(&env->lock);
}
