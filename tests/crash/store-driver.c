/*
 * Drives the storage library for the power-cut, fault, allocation and corruption harnesses.
 *
 *   store-driver work DIR COUNT SEED
 *       COUNT appends with seals in between; tells the shim what is begun and acknowledged. At the
 *       end a part of what is hot is sealed.
 *   store-driver judge SEED            lines "DIR ACKED" -> "ok" or "bad: why"
 *       Opens the image (it must open), finds every acknowledged request whole and equal, nothing
 *       that was never sent, every index in agreement, and then appends and seals something new.
 *       With judge-new the store may be one whose creation was cut short.
 *   store-driver fault DIR COUNT SEED ERROR MODE    MODE: once, sticky, torn
 *       For k = 1, 2, ... until none fires: the k-th write or sync fails. Prints one line per k.
 *   store-driver malloc DIR COUNT SEED MODE
 *       The same with the k-th allocation.
 *   store-driver audit DIR JOURNAL SEED
 *       Compares a store that lost its clewd with the client's journal.
 *   store-driver read COUNT SEED       lines "DIR" -> "right", "error: what", "silent: what",
 *       "died: signal"; and the number of findings of the verifier behind " | "
 *
 * Each trial runs in a child process: a broken image may kill its reader.
 */
#include "proto/base/mem.h"
#include "tests/crash/shim.h"
#include "tests/crash/workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEAL_EVERY 12u          /* requests between two seals */
#define TRIAL_SECONDS 20u       /* a trial that takes longer hangs */
#define RECOVER_NS 5000000000ll /* I6: accepts new data this soon after a fault */
#define TRIALS_MAX 100000u
#define MESSAGE_MAX 500
#define JOURNAL_NUMBERS_MAX 2000000u /* requests of one store; a long night has fewer */

struct trial {
        uint64_t seed;
        uint64_t count;
        char dir[4096];
        char why[MESSAGE_MAX]; /* of a failure */
};

typedef int (*trial_fn)(struct trial *trial);

static int64_t now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int open_store(const char *dir, enum clew_store_mode mode, struct clew_store **ret,
                      struct clew_error *err)
{
        struct clew_store_options options = {
                .mode = mode, .deriver = &clew_work_deriver, .map_bytes = 1u << 30};

        return clew_store_open(dir, &options, ret, err);
}

static int fail(struct trial *trial, const char *what, int r, const struct clew_error *err)
{
        (void)snprintf(trial->why, sizeof(trial->why), "%s: %d %s", what, r, err->message);
        return 1;
}

static int work(struct trial *trial)
{
        struct clew_error err = {0};
        struct clew_store *store;
        struct clew_work load;
        int r = open_store(trial->dir, CLEW_STORE_COLLECT, &store, &err);

        if (r || clew_work_init(&load, trial->seed))
                return fail(trial, "open", r, &err);
        if (clew_shim_mark)
                clew_shim_mark('o', 0);
        for (uint64_t i = 0; i < trial->count; i++) {
                if (clew_shim_mark)
                        clew_shim_mark('b', i);
                r = clew_work_append(&load, store, i, &err);
                if (r)
                        return fail(trial, "append", r, &err);
                if (clew_shim_mark)
                        clew_shim_mark('a', i);
                if (i % SEAL_EVERY == SEAL_EVERY - 1 && clew_work_seal(store, &err))
                        return fail(trial, "seal", 0, &err);
        }
        if (clew_work_seal_some(store, &err))
                return fail(trial, "seal", 0, &err);
        clew_work_deinit(&load);
        clew_store_close(store);
        return 0;
}

/* The requests below @n, made once; NULL when memory is short. */
static struct clew_work *make_works(uint64_t seed, uint64_t n)
{
        struct clew_work *works = calloc(n + 1, sizeof(*works));

        for (uint64_t i = 0; works && i < n; i++)
                if (clew_work_init(&works[i], seed) || clew_work_make(&works[i], i))
                        return NULL;
        if (!works || clew_work_init(&works[n], seed))
                return NULL;
        works[n].made_before = works;
        return works;
}

static int check_view(struct trial *trial, struct clew_view *view, struct clew_work *works,
                      const bool *is_acked, uint64_t n_sent)
{
        enum clew_work_found found = CLEW_WORK_NONE;
        struct clew_error err = {0};
        int r;

        for (uint64_t i = 0; i < n_sent; i++) {
                r = clew_work_find(&works[i], view, i, &found, &err);
                if (r)
                        return fail(trial, "load", r, &err);
                if (found == CLEW_WORK_ALL || (!is_acked[i] && found == CLEW_WORK_NONE))
                        continue;
                (void)snprintf(trial->why, sizeof(trial->why), "request %llu (%s) is %s",
                               (unsigned long long)i, is_acked[i] ? "acked" : "not acked",
                               found == CLEW_WORK_NONE   ? "lost"
                               : found == CLEW_WORK_SOME ? "there in part"
                                                         : "wrong");
                return 1;
        }
        r = clew_work_check_all(&works[n_sent], view, n_sent, &err);
        return r ? fail(trial, "list", r, &err) : 0;
}

/* All of @is_acked must be there, the others whole or not at all, and nothing beyond @n_sent. */
static int check_store(struct trial *trial, struct clew_store *store, const bool *is_acked,
                       uint64_t n_sent)
{
        struct clew_work *works = make_works(trial->seed, n_sent);
        struct clew_error err = {0};
        struct clew_view *view;
        int r = works ? clew_view_open(store, &view, &err) : -ENOMEM;

        if (r)
                return fail(trial, "view", r, &err);
        r = check_view(trial, view, works, is_acked, n_sent);
        clew_view_close(view);
        for (uint64_t i = 0; i <= n_sent; i++)
                clew_work_deinit(&works[i]);
        free(works);
        return r;
}

static void count_finding(void *context, const char *object, const char *what)
{
        struct trial *trial = context;

        (void)snprintf(trial->why, sizeof(trial->why), "verify: %s: %s", object, what);
}

static bool judging_new;

static int judge(struct trial *trial)
{
        uint64_t acked = trial->count, n_sent = acked + 1;
        struct clew_error err = {0};
        struct clew_store *store;
        struct clew_work load;
        bool *is_acked = calloc(n_sent + 1, sizeof(bool));
        /* There is nothing to verify in a store that was not made to its end. */
        int r = judging_new ? 0 : clew_store_verify(trial->dir, count_finding, trial, &err);

        if (!is_acked)
                return 1;
        if (r)
                return r < 0 ? fail(trial, "verify", r, &err) : 1;
        for (uint64_t i = 0; i < acked; i++)
                is_acked[i] = true;
        r = open_store(trial->dir, CLEW_STORE_COLLECT, &store, &err);
        if (r || clew_work_init(&load, trial->seed))
                return fail(trial, "open", r, &err);
        if (check_store(trial, store, is_acked, n_sent))
                return 1;
        /* The request that was in flight comes again, as a client would send it. */
        r = clew_work_append(&load, store, acked, &err);
        is_acked[acked] = true;
        if (r || (r = clew_work_seal(store, &err)))
                return fail(trial, "after the crash", r, &err);
        r = check_store(trial, store, is_acked, n_sent);
        clew_work_deinit(&load);
        clew_store_close(store);
        free(is_acked);
        return r;
}

/* The dead store in @dir against the journal of tests/crash/journal-client.c. */
static int audit(struct trial *trial, const char *journal)
{
        bool *is_acked = calloc(JOURNAL_NUMBERS_MAX, sizeof(bool));
        FILE *file = fopen(journal, "rb");
        struct clew_error err = {0};
        struct clew_store *store;
        uint64_t number, n_sent = 0;
        uint8_t entry[9];
        int r;

        if (!is_acked || !file)
                return fail(trial, "journal", 0, &err);
        while (fread(entry, sizeof(entry), 1, file) == 1) {
                memcpy(&number, entry + 1, 8);
                if (number >= JOURNAL_NUMBERS_MAX)
                        return fail(trial, "journal is too long", 0, &err);
                n_sent = number + 1 > n_sent ? number + 1 : n_sent;
                is_acked[number] = is_acked[number] || entry[0] == 'a';
        }
        fclose(file);
        r = clew_store_verify(trial->dir, count_finding, trial, &err);
        if (r)
                return r < 0 ? fail(trial, "verify", r, &err) : 1;
        r = open_store(trial->dir, CLEW_STORE_READ, &store, &err);
        if (r)
                return fail(trial, "open", r, &err);
        r = check_store(trial, store, is_acked, n_sent);
        clew_store_close(store);
        free(is_acked);
        return r;
}

/* ---- one call fails ---------------------------------------------------------------------------
 */

static int injected_errno;
static bool injected_sticky, injected_torn;
static bool inject_malloc;
static uint64_t injected_k;
static uint64_t first_k = 1; /* CLEW_DRIVER_FIRST: begin here, to look at one failing point */
static bool
        acks_lie; /* planted weakness (CLEW_DRIVER_LIES): failed appends count as acknowledged */

static void arm(bool on)
{
        if (inject_malloc)
                clew_mem_fail_at(on ? injected_k : 0, injected_sticky);
        else
                clew_shim_arm(on ? injected_k : 0, injected_errno, injected_sticky, injected_torn);
}

static bool has_fired(void)
{
        return inject_malloc ? clew_mem_count() >= injected_k : clew_shim_fired() != 0;
}

/* Reads under the fault: an error is allowed, saying "not there" or other bytes is not. */
static bool read_under_fault(struct trial *trial, struct clew_work *loads, struct clew_store *store,
                             const bool *is_acked)
{
        enum clew_work_found found = CLEW_WORK_NONE;
        struct clew_error err = {0};
        struct clew_view *view;
        bool right = true;

        if (clew_view_open(store, &view, &err))
                return true;
        for (uint64_t i = 0; right && i < trial->count; i++) {
                if (clew_work_find(&loads[i], view, i, &found, &err) == 0 && is_acked[i])
                        right = found == CLEW_WORK_ALL;
                if (!right)
                        (void)snprintf(
                                trial->why, sizeof(trial->why),
                                "under the fault request %llu was said to be absent or other",
                                (unsigned long long)i);
        }
        if (right && clew_work_check_all(&loads[trial->count], view, trial->count, &err) > 0) {
                (void)fail(trial, "list under the fault", 1, &err);
                right = false;
        }
        clew_view_close(view);
        return right;
}

/* The workload under the fault: errors are allowed, wrong answers are not. */
static bool run_under_fault(struct trial *trial, struct clew_work *loads, struct clew_store *store,
                            bool *is_acked)
{
        struct clew_error err = {0};

        for (uint64_t i = 0; i < trial->count; i++) {
                is_acked[i] = clew_work_append(&loads[i], store, i, &err) == 0 || acks_lie;
                if (i % SEAL_EVERY == trial->count / 4)
                        (void)!clew_work_seal_some(store, &err);
                if (i % SEAL_EVERY == trial->count / 2)
                        (void)!clew_work_seal(store, &err);
        }
        return read_under_fault(trial, loads, store, is_acked);
}

/* Exit status 0 = right, 2 = right and nothing fired (the last k). */
static int fault(struct trial *trial)
{
        struct clew_store *store = NULL;
        struct clew_error err = {0};
        struct clew_work *loads = make_works(trial->seed, trial->count);
        bool *is_acked = calloc(trial->count + 2, sizeof(bool));
        bool fired;
        int64_t since;
        int r;

        if (!is_acked || !loads)
                return 1;
        if (clew_work_make(&loads[trial->count], trial->count))
                return 1;
        arm(true);
        r = open_store(trial->dir, CLEW_STORE_COLLECT, &store, &err);
        if (r == 0 && !run_under_fault(trial, loads, store, is_acked))
                return 1;
        fired = has_fired();
        arm(false);
        since = now_ns();
        if (r && (r = open_store(trial->dir, CLEW_STORE_COLLECT, &store, &err)))
                return fail(trial, "open after the fault", r, &err);
        do {
                r = clew_work_append(&loads[trial->count], store, trial->count, &err);
        } while (r && now_ns() - since < RECOVER_NS);
        if (r)
                return fail(trial, "append after the fault, without reopening", r, &err);
        is_acked[trial->count] = true;
        if (check_store(trial, store, is_acked, trial->count + 1))
                return 1;
        clew_store_close(store);
        r = clew_store_verify(trial->dir, count_finding, trial, &err);
        if (r)
                return r < 0 ? fail(trial, "verify", r, &err) : 1;
        r = open_store(trial->dir, CLEW_STORE_COLLECT, &store, &err);
        if (r)
                return fail(trial, "reopen", r, &err);
        if (check_store(trial, store, is_acked, trial->count + 1))
                return 1;
        clew_store_close(store);
        return fired ? 0 : 2;
}

/* ---- damaged stores ---------------------------------------------------------------------------
 */

/* 0 = all right, 2 = an error that says so, 1 = a silent wrong answer. */
static int read_all(struct trial *trial)
{
        enum clew_work_found found = CLEW_WORK_NONE;
        struct clew_error err = {0};
        struct clew_store *store;
        struct clew_view *view;
        struct clew_work load;
        bool told = false;
        int r = open_store(trial->dir, CLEW_STORE_READ, &store, &err);

        if (r || clew_work_init(&load, trial->seed) || (r = clew_view_open(store, &view, &err))) {
                (void)fail(trial, "open", r, &err);
                return 2;
        }
        for (uint64_t i = 0; i < trial->count; i++) {
                r = clew_work_find(&load, view, i, &found, &err);
                if (r) {
                        (void)fail(trial, "load", r, &err);
                        told = true;
                } else if (found != CLEW_WORK_ALL) {
                        (void)snprintf(trial->why, sizeof(trial->why), "request %llu is %s",
                                       (unsigned long long)i,
                                       found == CLEW_WORK_NONE ? "lost" : "wrong");
                        return 1;
                }
        }
        r = clew_work_check_all(&load, view, trial->count, &err);
        if (r) {
                (void)fail(trial, "list", r, &err);
                told = told || r < 0;
        }
        return r > 0 ? 1 : told ? 2 : 0;
}

static int verify(struct trial *trial)
{
        struct clew_error err = {0};
        int r = clew_store_verify(trial->dir, count_finding, trial, &err);

        if (r < 0)
                (void)fail(trial, "verify", r, &err);
        return r == 0 ? 0 : 2;
}

/* ---- children ---------------------------------------------------------------------------------
 */

/* Runs @fn in a child; returns its exit status, or minus the signal. trial->why comes back. */
static int in_child(trial_fn fn, struct trial *trial)
{
        int ends[2], status = 0;
        ssize_t n;
        pid_t child;

        trial->why[0] = '\0';
        fflush(stdout); /* or the child repeats what is in the buffer */
        if (pipe(ends) < 0 || (child = fork()) < 0)
                return 1;
        if (child == 0) {
                int r;

                close(ends[0]);
                alarm(TRIAL_SECONDS);
                r = fn(trial);
                if (write(ends[1], trial->why, strlen(trial->why)) < 0)
                        _exit(99);
                _exit(r);
        }
        close(ends[1]);
        n = read(ends[0], trial->why, sizeof(trial->why) - 1);
        trial->why[n > 0 ? n : 0] = '\0';
        close(ends[0]);
        if (waitpid(child, &status, 0) != child)
                return 1;
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int judge_lines(uint64_t seed)
{
        struct trial trial = {.seed = seed};
        unsigned long long acked;

        while (scanf("%4095s %llu", trial.dir, &acked) == 2) {
                int r;

                trial.count = acked;
                r = in_child(judge, &trial);
                if (r == 0)
                        puts("ok");
                else
                        printf("bad: %s%s\n", r < 0 ? strsignal(-r) : "", trial.why);
                fflush(stdout);
        }
        return 0;
}

static int read_lines(uint64_t count, uint64_t seed)
{
        struct trial trial = {.seed = seed, .count = count};

        while (scanf("%4095s", trial.dir) == 1) {
                int r = in_child(read_all, &trial);

                if (r < 0)
                        printf("died: %s", strsignal(-r));
                else
                        printf("%s %s",
                               r == 0   ? "right:"
                               : r == 2 ? "error:"
                                        : "silent:",
                               trial.why);
                r = in_child(verify, &trial);
                printf(" | %s %s\n",
                       r < 0    ? "died"
                       : r == 0 ? "whole"
                                : "damaged",
                       r < 0 ? strsignal(-r) : trial.why);
                fflush(stdout);
        }
        return 0;
}

static int inject_all(struct trial *trial)
{
        size_t base = strlen(trial->dir);
        int64_t begin, longest = 0;
        int bad = 0;

        for (injected_k = first_k; injected_k <= TRIALS_MAX; injected_k++) {
                int r;

                (void)snprintf(trial->dir + base, sizeof(trial->dir) - base, "/%llu",
                               (unsigned long long)injected_k);
                if (mkdir(trial->dir, 0700) < 0)
                        return 3;
                begin = now_ns();
                r = in_child(fault, trial);
                longest = now_ns() - begin > longest ? now_ns() - begin : longest;
                if (r != 0 && r != 2) {
                        printf("bad: k=%llu: %s%s\n", (unsigned long long)injected_k,
                               r < 0 ? strsignal(-r) : "", trial->why);
                        bad++;
                        fflush(stdout);
                }
                if (r == 2)
                        break;
        }
        printf("points %llu bad %d longest_ms %lld\n", (unsigned long long)injected_k - 1, bad,
               (long long)(longest / 1000000));
        return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
        struct trial trial = {0};

        if (getenv("CLEW_DRIVER_FIRST"))
                first_k = strtoull(getenv("CLEW_DRIVER_FIRST"), NULL, 10);
        acks_lie = getenv("CLEW_DRIVER_LIES") != NULL;
        judging_new = argc == 3 && !strcmp(argv[1], "judge-new");
        if (argc == 3 && (judging_new || !strcmp(argv[1], "judge")))
                return judge_lines(strtoull(argv[2], NULL, 10));
        if (argc == 4 && !strcmp(argv[1], "read"))
                return read_lines(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
        if (argc >= 5) {
                (void)snprintf(trial.dir, sizeof(trial.dir), "%s", argv[2]);
                trial.count = strtoull(argv[3], NULL, 10);
                trial.seed = strtoull(argv[4], NULL, 10);
        }
        if (argc == 5 && !strcmp(argv[1], "work")) {
                int r = work(&trial);

                if (r)
                        fprintf(stderr, "%s\n", trial.why);
                return r;
        }
        if (argc == 5 && !strcmp(argv[1], "audit")) {
                trial.seed = strtoull(argv[4], NULL, 10);
                if (audit(&trial, argv[3]) == 0)
                        return 0;
                printf("%s\n", trial.why);
                return 1;
        }
        if (argc == 7 && !strcmp(argv[1], "fault") && clew_shim_arm) {
                injected_errno = !strcmp(argv[5], "ENOSPC") ? ENOSPC : EIO;
                injected_sticky = !strcmp(argv[6], "sticky");
                injected_torn = !strcmp(argv[6], "torn");
                return inject_all(&trial);
        }
        if (argc == 6 && !strcmp(argv[1], "malloc")) {
                inject_malloc = true;
                injected_sticky = !strcmp(argv[5], "sticky");
                return inject_all(&trial);
        }
        fprintf(stderr, "usage: see the head of store-driver.c (fault needs the shim)\n");
        return 2;
}
