/*
 * The harness's own control: a program over raw LMDB whose behaviour under faults is known.
 *
 * With default flags LMDB keeps every committed transaction; with MDB_NOSYNC or MDB_NOMETASYNC it
 * does not. A power-cut harness that finds nothing wrong with the latter two is blind.
 *
 *   toy work DIR COUNT SEED [nosync|nometasync]   COUNT commits of a few records, each marked
 *   toy judge SEED    reads lines "DIR ACKED", answers each with "ok" or "bad: why"
 */
#include "tests/crash/shim.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAP_BYTES (64u << 20)
#define RECORDS_PER_COMMIT 5u
#define VALUE_BYTES_MAX 6000u

static uint64_t mix(uint64_t x)
{
        x += 0x9e3779b97f4a7c15ull;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
        return x ^ (x >> 31);
}

/* The value of record @key of the run @seed: every reader can compute it anew. */
static size_t make_value(uint64_t seed, uint64_t key, uint8_t *out)
{
        size_t length = 16 + mix(seed ^ key) % (VALUE_BYTES_MAX - 16);

        for (size_t i = 0; i < length; i++)
                out[i] = (uint8_t)(mix(seed + key * 7919 + i / 8) >> (i % 8 * 8));
        return length;
}

static void must(int r, const char *what)
{
        if (r != 0) {
                fprintf(stderr, "toy: %s: %s\n", what, mdb_strerror(r));
                exit(3);
        }
}

static void mark(char kind, uint64_t value)
{
        if (clew_shim_mark)
                clew_shim_mark(kind, value);
}

static MDB_env *open_env(const char *dir, unsigned flags)
{
        MDB_env *env;

        must(mdb_env_create(&env), "create");
        must(mdb_env_set_mapsize(env, MAP_BYTES), "mapsize");
        must(mdb_env_open(env, dir, flags, 0600), "open");
        return env;
}

static void commit_one(MDB_env *env, uint64_t seed, uint64_t commit)
{
        uint8_t bytes[VALUE_BYTES_MAX];
        MDB_txn *txn;
        MDB_dbi dbi;

        must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
        must(mdb_dbi_open(txn, NULL, 0, &dbi), "dbi");
        for (uint64_t i = 0; i < RECORDS_PER_COMMIT; i++) {
                uint64_t number = commit * RECORDS_PER_COMMIT + i;
                uint64_t name = mix(number);
                MDB_val key = {sizeof(name), &name};
                MDB_val value = {make_value(seed, number, bytes), bytes};

                must(mdb_put(txn, dbi, &key, &value, 0), "put");
        }
        must(mdb_txn_commit(txn), "commit");
}

/* LMDB leaves to its user that the name of its file is durable. */
static void sync_names(const char *dir)
{
        int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        must(fd < 0 || fsync(fd) < 0, "syncing the directory");
        (void)close(fd);
}

static int work(const char *dir, uint64_t count, uint64_t seed, const char *weakness)
{
        unsigned flags = 0;
        MDB_env *env;

        if (weakness && !strcmp(weakness, "nosync"))
                flags = MDB_NOSYNC;
        if (weakness && !strcmp(weakness, "nometasync"))
                flags = MDB_NOMETASYNC;
        env = open_env(dir, flags);
        sync_names(dir);
        mark('o', 0);
        for (uint64_t i = 0; i < count; i++) {
                mark('b', i);
                commit_one(env, seed, i);
                mark('a', i);
        }
        mdb_env_close(env);
        return 0;
}

/* In a child, because a broken image may crash its reader. Exit status 0 = all there. */
static int judge_one(const char *dir, uint64_t acked, uint64_t seed)
{
        uint8_t bytes[VALUE_BYTES_MAX];
        MDB_env *env;
        MDB_txn *txn;
        MDB_dbi dbi;

        if (acked == 0)
                return 0; /* before the first commit LMDB owes nobody even its meta pages */
        env = open_env(dir, MDB_RDONLY);
        must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "begin");
        must(mdb_dbi_open(txn, NULL, 0, &dbi), "dbi");
        for (uint64_t number = 0; number < acked * RECORDS_PER_COMMIT; number++) {
                uint64_t name = mix(number);
                MDB_val key = {sizeof(name), &name}, value;
                size_t length = make_value(seed, number, bytes);

                must(mdb_get(txn, dbi, &key, &value), "get");
                if (value.mv_size != length || memcmp(value.mv_data, bytes, length) != 0)
                        return 4;
        }
        mdb_txn_abort(txn);
        mdb_env_close(env);
        return 0;
}

static int judge(uint64_t seed)
{
        char dir[4096];
        unsigned long long acked;

        while (scanf("%4095s %llu", dir, &acked) == 2) {
                int status = 0;
                pid_t child = fork();

                if (child == 0) {
                        if (!freopen("/dev/null", "w", stderr))
                                _exit(9);
                        alarm(20);
                        _exit(judge_one(dir, acked, seed));
                }
                if (child < 0 || waitpid(child, &status, 0) != child)
                        return 3;
                if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                        puts("ok");
                else
                        printf("bad: %s %d\n", WIFSIGNALED(status) ? "signal" : "status",
                               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
                fflush(stdout);
        }
        return 0;
}

int main(int argc, char **argv)
{
        if (argc >= 5 && !strcmp(argv[1], "work"))
                return work(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10),
                            argc > 5 ? argv[5] : NULL);
        if (argc == 3 && !strcmp(argv[1], "judge"))
                return judge(strtoull(argv[2], NULL, 10));
        fprintf(stderr, "usage: toy work DIR COUNT SEED [WEAKNESS] | toy judge SEED\n");
        return 2;
}
