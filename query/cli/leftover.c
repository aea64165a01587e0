/*
 * See leftover.h. The handler calls only what is safe in one: kill(), unlink(), rmdir(), fork() and
 * exec for a directory with finished files in it, raise().
 */
#include "query/cli/leftover.h"

#include "proto/base/compiler.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *volatile names[CLEW_LEFTOVERS_MAX];
static _Atomic pid_t groups[CLEW_LEFTOVERS_MAX]; /* 0 = free */
static const int ends[] = {SIGINT, SIGTERM, SIGHUP};

static void remove_directory(const char *name)
{
        pid_t child = fork();

        if (child == 0) {
                (void)execl("/bin/rm", "rm", "-rf", "--", name, (char *)NULL);
                _exit(127);
        }
        if (child > 0)
                (void)waitpid(child, NULL, 0);
}

static void remove_any(const char *name)
{
        if (unlink(name) < 0 && rmdir(name) < 0)
                remove_directory(name);
}

static void on_end(int number)
{
        for (size_t i = 0; i < CLEW_LEFTOVERS_MAX; i++) {
                pid_t group = atomic_load(&groups[i]);

                if (group > 0)
                        (void)kill(-group, SIGTERM);
        }
        for (size_t i = CLEW_LEFTOVERS_MAX; i-- > 0;) {
                const char *name = names[i];

                if (name)
                        remove_any(name);
        }
        (void)raise(number); /* SA_RESETHAND: as if nobody had caught it */
}

static void catch_ends(void)
{
        static atomic_flag done = ATOMIC_FLAG_INIT;
        struct sigaction action = {.sa_handler = on_end, .sa_flags = (int)SA_RESETHAND};

        if (atomic_flag_test_and_set(&done))
                return;
        sigemptyset(&action.sa_mask);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                struct sigaction old;

                /* What the caller's shell made us ignore stays ignored. */
                if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
                        (void)sigaction(ends[i], &action, NULL);
        }
}

void clew_leftover_add(const char *path)
{
        for (size_t i = 0; path && i < CLEW_LEFTOVERS_MAX; i++) {
                if (names[i])
                        continue;
                names[i] = path;
                catch_ends();
                return;
        }
}

void clew_leftover_forget(const char *path)
{
        for (size_t i = 0; path && i < CLEW_LEFTOVERS_MAX; i++) {
                if (names[i] == path)
                        names[i] = NULL;
        }
}

void clew_leftover_remove(const char *path)
{
        remove_any(path);
        clew_leftover_forget(path);
}

void clew_leftover_add_group(pid_t group)
{
        for (size_t i = 0; group > 0 && i < CLEW_LEFTOVERS_MAX; i++) {
                pid_t none = 0;

                if (!atomic_compare_exchange_strong(&groups[i], &none, group))
                        continue;
                catch_ends();
                return;
        }
}

void clew_leftover_forget_group(pid_t group)
{
        for (size_t i = 0; group > 0 && i < CLEW_LEFTOVERS_MAX; i++) {
                pid_t it = group;

                (void)atomic_compare_exchange_strong(&groups[i], &it, 0);
        }
}
