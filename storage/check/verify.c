/*
 * Verification in a child process: a damaged LMDB tree can crash or hang whoever walks it.
 *
 * The child writes one line `object TAB what` per finding to a pipe and ends with status 0; the
 * parent reads, reports, and takes any other end of the child for a finding of its own.
 */
#include "storage/check/verify-int.h"

#include "storage/tier.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A walk of a damaged tree may not end by itself. */
#define VERIFY_SECONDS_MAX 3600u
#define LINE_MAX_BYTES 512

static void write_finding(void *context, const char *object, const char *what)
{
        FILE *f = context;

        fprintf(f, "%.200s\t%.200s\n", object, what);
        fflush(f);
}

CLEW_NORETURN static void child(const char *dir, int fd, pid_t parent)
{
        struct clew_store_options options = {.mode = CLEW_STORE_READ};
        struct clew_store *store = NULL;
        struct clew_tier *tier = NULL;
        struct clew_error err = {0};
        FILE *f = fdopen(fd, "w");
        int r;

        /* It goes with its parent, and keeps none of its locks. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)syscall(SYS_close_range, 3u, (unsigned)fd - 1, 0u); /* not every C library names it */
        (void)syscall(SYS_close_range, (unsigned)fd + 1, ~0u, 0u);
        alarm(VERIFY_SECONDS_MAX);
        if (!f || getppid() != parent)
                _exit(1);
        r = clew_store_open(dir, &options, &store, &err);
        if (r == 0) /* what is away is read too */
                r = clew_tier_read_back(store, &tier, &err);
        if (r == 0)
                r = clew_verify_records(store, write_finding, f, &err);
        if (r < 0)
                write_finding(f, "store", err.message);
        fflush(f);
        _exit(0);
}

static int read_findings(int fd, clew_verify_report_fn report, void *context)
{
        FILE *f = fdopen(fd, "r");
        char line[LINE_MAX_BYTES];
        int n = 0;

        if (!f) {
                close(fd);
                return 0;
        }
        while (fgets(line, sizeof(line), f)) {
                char *tab = strchr(line, '\t');

                line[strcspn(line, "\n")] = '\0';
                if (!tab)
                        continue;
                *tab = '\0';
                report(context, line, tab + 1);
                n++;
        }
        fclose(f);
        return n;
}

int clew_store_verify(const char *dir, clew_verify_report_fn report, void *context,
                      struct clew_error *err)
{
        int pipe_fds[2];
        int status = 0;
        int n;
        pid_t parent = getpid();
        pid_t pid;

        if (access(dir, R_OK) < 0)
                return clew_error_set(err, -errno, 0, "store %s: %s", dir, strerror(errno));
        if (pipe(pipe_fds) < 0)
                return clew_error_set(err, -errno, 0, "store %s: pipe: %s", dir, strerror(errno));
        fflush(NULL);
        pid = fork();
        if (pid < 0) {
                close(pipe_fds[0]);
                close(pipe_fds[1]);
                return clew_error_set(err, -errno, 0, "store %s: fork: %s", dir, strerror(errno));
        }
        if (pid == 0) {
                close(pipe_fds[0]);
                signal(SIGSEGV, SIG_DFL);
                signal(SIGBUS, SIG_DFL);
                child(dir, pipe_fds[1], parent);
        }
        close(pipe_fds[1]);
        n = read_findings(pipe_fds[0], report, context);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (WIFSIGNALED(status)) {
                report(context, "database tree",
                       "is damaged so far that reading it ends the reader");
                n++;
        } else if (WEXITSTATUS(status) != 0) {
                report(context, "verification", "could not run to its end");
                n++;
        }
        return n;
}
