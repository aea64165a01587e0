/*
 * How long a program holds a snapshot of its store, measured from inside (LD_PRELOAD): the longest
 * time between the beginning and the end of a read transaction, written to $CLEW_HELD_FILE at exit.
 *
 * The program's monotonic clock stands still but for what it does: each look at the clock takes
 * five milliseconds, each record that it asks LMDB for twenty microseconds. A walk looks at the
 * clock at each trace, so a query of some milliseconds is one of many seconds to itself, the same
 * ones each time.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))
#define NS_PER_S 1000000000ull
/* LMDB's, without its header: what goes through here is not looked into. */
#define MDB_RDONLY 0x20000u
typedef struct MDB_env MDB_env;
typedef struct MDB_txn MDB_txn;
typedef struct MDB_cursor MDB_cursor;
typedef struct MDB_val MDB_val;
PUBLIC int mdb_get(MDB_txn *txn, unsigned int dbi, MDB_val *key, MDB_val *value);
PUBLIC int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *value, int op);
PUBLIC int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned int flags, MDB_txn **ret);
PUBLIC int mdb_txn_commit(MDB_txn *txn);
PUBLIC void mdb_txn_abort(MDB_txn *txn);

#define LOOK_NS 5000000u
#define READ_NS 20000u

static _Atomic uint64_t passed_ns;
static uint64_t longest_ns;
static uint64_t begun_ns; /* 0 = no snapshot is held */
static uint64_t n_snapshots;
static MDB_txn *held;

static uint64_t now_ns(void)
{
        return NS_PER_S + atomic_load(&passed_ns);
}

PUBLIC int clock_gettime(clockid_t id, struct timespec *ret)
{
        uint64_t ns;

        if (id != CLOCK_MONOTONIC)
                return (int)syscall(SYS_clock_gettime, id, ret);
        atomic_fetch_add(&passed_ns, LOOK_NS);
        ns = now_ns();
        ret->tv_sec = (time_t)(ns / NS_PER_S);
        ret->tv_nsec = (long)(ns % NS_PER_S);
        return 0;
}

static void end(MDB_txn *txn)
{
        if (txn != held || begun_ns == 0)
                return;
        if (now_ns() - begun_ns > longest_ns)
                longest_ns = now_ns() - begun_ns;
        begun_ns = 0;
        held = NULL;
}

PUBLIC int mdb_get(MDB_txn *txn, unsigned int dbi, MDB_val *key, MDB_val *value)
{
        static int (*real)(MDB_txn *, unsigned int, MDB_val *, MDB_val *);

        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "mdb_get");
        atomic_fetch_add(&passed_ns, READ_NS);
        return real(txn, dbi, key, value);
}

PUBLIC int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *value, int op)
{
        static int (*real)(MDB_cursor *, MDB_val *, MDB_val *, int);

        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "mdb_cursor_get");
        atomic_fetch_add(&passed_ns, READ_NS);
        return real(cursor, key, value, op);
}

PUBLIC int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned int flags, MDB_txn **ret)
{
        static int (*real)(MDB_env *, MDB_txn *, unsigned int, MDB_txn **);
        int r;

        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "mdb_txn_begin");
        r = real(env, parent, flags, ret);
        if (r == 0 && (flags & MDB_RDONLY) != 0) {
                n_snapshots++;
                held = *ret;
                begun_ns = now_ns();
        }
        return r;
}

PUBLIC int mdb_txn_commit(MDB_txn *txn)
{
        static int (*real)(MDB_txn *);

        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "mdb_txn_commit");
        end(txn);
        return real(txn);
}

PUBLIC void mdb_txn_abort(MDB_txn *txn)
{
        static void (*real)(MDB_txn *);

        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "mdb_txn_abort");
        end(txn);
        real(txn);
}

__attribute__((destructor)) static void tell(void)
{
        const char *path = getenv("CLEW_HELD_FILE");
        FILE *f;

        if (held)
                end(held);
        f = path ? fopen(path, "w") : NULL;
        if (!f)
                return;
        fprintf(f, "%llu %llu %llu\n", (unsigned long long)longest_ns,
                (unsigned long long)n_snapshots, (unsigned long long)now_ns());
        fclose(f);
}
