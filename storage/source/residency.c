/*
 * Giving back the pages of the data file that this process has mapped.
 *
 * LMDB reads through one shared mapping of the whole file, and each page touched counts as memory
 * of the process until the kernel is short of it, although it is page cache. A collector that runs
 * for long would so seem to grow to the size of its store. Dropping the page table entries loses
 * nothing: a later touch finds the page in the cache again, at the cost of a minor fault.
 *
 * It is done while a collector, or a program that only reads, walks and loads, each time it has
 * gone over some megabytes, and by its tick.
 *
 * Hazard: the same call on private memory would erase it. So the mapping is found by an address
 * that LMDB has handed out, and must be a shared mapping of a file; a read transaction is held
 * meanwhile, because the environment is reopened (and mapped elsewhere) only when none is.
 */
#include "proto/base/mem.h"
#include "storage/base/env-struct-int.h"
#include "storage/source/store-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* File pages, the program's own among them, that stay mapped while it walks and loads.
 */
#define MAPPED_BYTES_MAX ((size_t)30 << 20)
/* A collector while it seals goes back and forth in the trace index: each page that was given back
 * is mapped again for the next trace. Its tick gives back what is more than 48 MiB at rest. */
#define MAPPED_BYTES_MAX_SEALING ((size_t)128 << 20)
/* A collector else: when it starts, and for many who ask. */
#define MAPPED_BYTES_MAX_COLLECT ((size_t)40 << 20)
/* How much it may read of values before it looks how much is mapped. The kernel maps the neighbours
 * of a touched page too, so that walking over the directories of the hot table maps all of it. */
#define TOUCHED_BYTES_MAX ((size_t)4 << 20)
/* What a small value under a random key counts as, for the same reason. */
#define TOUCHED_BYTES_MIN ((size_t)32 << 10)
/* Where the cache keeps a file in pieces of two megabytes, a touched page maps all of its piece
 * (Linux 6.18), and the page of the tree that leads to it all of another one. */
#define PIECE_BITS 21u
#define PIECE_BYTES ((size_t)2 << PIECE_BITS)
/* Who has given back so often reads the whole store: each time costs as many faults as there are
 * places that it comes back to, so it is done seldom, though more is mapped meanwhile. */
#define DROPS_MANY 256u

#define MAPS_LINE_MAX 512 /* addresses and permissions are in the first 60 characters */

/* Hex digits up to @end; false when there is anything else. */
static bool read_hex(const char *s, const char *end, uintptr_t *ret)
{
        uintptr_t v = 0;

        if (s == end || (size_t)(end - s) > 2 * sizeof(v))
                return false;
        for (; s < end; s++) {
                if (*s >= '0' && *s <= '9')
                        v = v << 4 | (uintptr_t)(*s - '0');
                else if (*s >= 'a' && *s <= 'f')
                        v = v << 4 | (uintptr_t)(*s - 'a' + 10);
                else
                        return false;
        }
        *ret = v;
        return true;
}

/* One line of maps: "from-to perms offset device inode path". */
static bool is_shared_mapping_of(const char *line, uintptr_t address, uintptr_t *ret_from,
                                 uintptr_t *ret_to)
{
        const char *dash = strchr(line, '-');
        const char *space = dash ? strchr(dash, ' ') : NULL;

        if (!space || strlen(space) < 5 || space[4] != 's')
                return false;
        return read_hex(line, dash, ret_from) && read_hex(dash + 1, space, ret_to) &&
               *ret_from <= address && address < *ret_to;
}

static int find_mapping(uintptr_t address, uintptr_t *ret_from, uintptr_t *ret_to)
{
        char line[MAPS_LINE_MAX];
        FILE *maps = fopen("/proc/self/maps", "re");
        bool found = false;

        if (!maps)
                return -errno;
        while (!found && fgets(line, sizeof(line), maps))
                found = is_shared_mapping_of(line, address, ret_from, ret_to);
        fclose(maps);
        return found ? 0 : -ENOENT;
}

int clew_env_find_mapping(struct clew_env *env, const void *inside)
{
        uintptr_t from = 0;
        uintptr_t to = 0;
        int r;

        if (atomic_load(&env->map_from))
                return 0;
        r = find_mapping((uintptr_t)inside, &from, &to);
        if (r < 0)
                return r;
        /* Or one touched page may map two megabytes. Kernels without such pages refuse. */
        if (env->mode == CLEW_STORE_COLLECT)
                (void)madvise((void *)from, to - from, MADV_NOHUGEPAGE); /* NOLINT(performance-*) */
        atomic_store(&env->map_to, to);
        atomic_store(&env->map_from, from);
        return 0;
}

static int drop_mapping(struct clew_env *env, const void *inside)
{
        uintptr_t from;
        uintptr_t to;
        int r = clew_env_find_mapping(env, inside);

        if (r < 0)
                return r;
        from = atomic_load(&env->map_from);
        to = atomic_load(&env->map_to);
        /* The kernel gave these numbers as addresses. */
        if (madvise((void *)from, to - from, MADV_DONTNEED) < 0) /* NOLINT(performance-*) */
                return -errno;
        return 0;
}

static size_t limit_of(const struct clew_env *env)
{
        if (env->mode != CLEW_STORE_COLLECT)
                return MAPPED_BYTES_MAX;
        return atomic_load_explicit(&env->seals, memory_order_relaxed) ? MAPPED_BYTES_MAX_SEALING
                                                                       : MAPPED_BYTES_MAX_COLLECT;
}

static void look(struct clew_env *env, const void *inside)
{
        size_t limit = limit_of(env);
        size_t mapped = clew_mem_file_bytes();
        size_t left = limit > mapped ? limit - mapped : limit / 2;

        if (mapped > limit && drop_mapping(env, inside) == 0) { /* nothing depends on it */
                atomic_fetch_add_explicit(&env->n_drops, 1, memory_order_relaxed);
                for (unsigned i = 0; i < CLEW_ENV_PIECES; i++)
                        atomic_store_explicit(&env->pieces[i], 0, memory_order_relaxed);
        }
        atomic_store_explicit(&env->fresh_max, (unsigned)(left / PIECE_BYTES) + 1,
                              memory_order_relaxed);
}

/* Whether what is mapped may have come to be too much since it was looked. */
static bool is_time(struct clew_env *env, const void *at, size_t bytes)
{
        uintptr_t piece = (uintptr_t)at >> PIECE_BITS;
        atomic_uint_fast32_t *slot = &env->pieces[piece % CLEW_ENV_PIECES];
        unsigned fresh = 0;

        if (at && atomic_load_explicit(slot, memory_order_relaxed) != (uint32_t)piece) {
                atomic_store_explicit(slot, (uint32_t)piece, memory_order_relaxed);
                fresh = 1 + atomic_fetch_add_explicit(&env->fresh_pieces, 1, memory_order_relaxed);
        }
        if (bytes + atomic_fetch_add_explicit(&env->touched_bytes, bytes, memory_order_relaxed) >=
            TOUCHED_BYTES_MAX)
                return true;
        return fresh > atomic_load_explicit(&env->fresh_max, memory_order_relaxed) &&
               atomic_load_explicit(&env->n_drops, memory_order_relaxed) < DROPS_MANY;
}

void clew_env_touched(struct clew_env *env, struct clew_slice value, bool random)
{
        size_t n = random && value.len < TOUCHED_BYTES_MIN ? TOUCHED_BYTES_MIN : value.len;

        atomic_fetch_add_explicit(&env->read_bytes, value.len, memory_order_relaxed);
        if (env->mode == CLEW_STORE_WRITE || !is_time(env, value.data, n))
                return;
        atomic_store_explicit(&env->touched_bytes, 0, memory_order_relaxed);
        atomic_store_explicit(&env->fresh_pieces, 0, memory_order_relaxed);
        look(env, value.data);
}

uint64_t clew_store_read_bytes(const struct clew_store *store)
{
        return atomic_load_explicit(&store->env->read_bytes, memory_order_relaxed);
}

void clew_store_seals(struct clew_store *store, bool now)
{
        atomic_store_explicit(&store->env->seals, now, memory_order_relaxed);
}

int clew_store_release_pages(struct clew_store *store, struct clew_error *err)
{
        struct clew_slice inside;
        MDB_txn *txn;
        int r;

        r = clew_txn_begin_read(store->env, &txn, err);
        if (r < 0)
                return r;
        r = clew_table_get(store->env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("format"), &inside,
                           err);
        if (r == 0)
                r = drop_mapping(store->env, inside.data);
        clew_txn_end_read(store->env, txn);
        return r;
}
