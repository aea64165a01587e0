/*
 * Repairing a store; storage/keep.h.
 *
 * Nothing is written to the damaged file: what can be read of it makes a new one beside it, which
 * is verified and changes places with it. The old one is kept under a name of its own.
 */
#include "storage/keep/rebuild-int.h"
#include "storage/keep/salvage-int.h"

#include "storage/base/directory-int.h"
#include "storage/base/own-file-int.h"
#include "storage/hot/hot-summaries-int.h"
#include "storage/tier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Damaged files that were set aside before. */
#define ASIDE_MAX 1000

struct repair {
        const char *dir;
        const struct clew_keep_options *options;
        int dir_fd;
        int collector_fd; /* held: no collector begins */
        int seized_fd;    /* held: nobody has it open */
        struct clew_bulk bulk;
        struct clew_rebuild rebuild;
        struct clew_repair_report *report;
};

static int hold(struct repair *r, struct clew_error *err)
{
        int e = clew_own_directory_open(r->dir, &r->dir_fd, err);

        if (e == -ENOENT)
                return clew_error_set(err, e, 0, "store %s: does not exist", r->dir);
        if (e == 0)
                e = clew_directory_lock(r->dir, r->dir_fd, &r->collector_fd, err);
        return e < 0 ? e : clew_directory_seize(r->dir, r->dir_fd, &r->seized_fd, err);
}

static int salvage(struct repair *r, struct clew_error *err)
{
        struct clew_salvage s = {
                .dir = r->dir,
                .fn = clew_rebuild_take,
                .context = &r->rebuild,
                .finding = r->options->finding,
                .finding_context = r->options->context,
        };
        int e = clew_own_file_open(r->dir, r->dir_fd, CLEW_DATA_FILE, O_RDONLY, &s.fd, err);

        if (e == -ENOENT)
                return clew_error_set(err, e, 0, "store %s: holds no data", r->dir);
        if (e < 0)
                return e;
        e = clew_salvage_run(&s, err);
        close(s.fd);
        r->report->damaged = s.n_findings;
        /* A store has some from its first commit on. */
        if (e == 0 && r->rebuild.n_taken == 0)
                e = clew_error_set(err, -EINVAL, 0,
                                   "store %s: nothing in its " CLEW_DATA_FILE " is Clew's: another "
                                   "program made it, or all of it is lost; nothing was changed, "
                                   "name another directory, or restore a backup",
                                   r->dir);
        return e;
}

static int not_swapped(const struct repair *r, const char *what, struct clew_error *err)
{
        int code = errno ? -errno : -EIO;

        return clew_error_set(err, code, 0, "store %s: %s: %s", r->dir, what, strerror(-code));
}

/*
 * The new file gets the name under which the old one is to be kept, and then the two change names:
 * whatever ends it in between, both files are there, and no sweep of what is unfinished takes one.
 */
static int swap(struct repair *r, struct clew_error *err)
{
        char *name = r->report->aside;
        int e = -1;

        errno = EEXIST;
        for (int i = 1; e < 0 && errno == EEXIST && i <= ASIDE_MAX; i++) {
                snprintf(name, sizeof(r->report->aside), CLEW_DAMAGED_PREFIX "%d.mdb", i);
                e = clew_renameat2(r->dir_fd, CLEW_UNFINISHED_DIR "/" CLEW_DATA_FILE, r->dir_fd,
                                   name, CLEW_RENAME_NO_REPLACE);
        }
        if (e < 0)
                return not_swapped(r, "the repaired file cannot be put beside the damaged one",
                                   err);
        if (clew_renameat2(r->dir_fd, name, r->dir_fd, CLEW_DATA_FILE, CLEW_RENAME_EXCHANGE) < 0) {
                e = not_swapped(r, "the repaired file cannot be put in its place", err);
                (void)!clew_renameat2(r->dir_fd, name, r->dir_fd,
                                      CLEW_UNFINISHED_DIR "/" CLEW_DATA_FILE,
                                      CLEW_RENAME_NO_REPLACE);
                name[0] = '\0';
                return e;
        }
        return fsync(r->dir_fd) < 0 ? not_swapped(r, "syncing its directory", err) : 0;
}

/* The new file does not know whether summaries of what is hot were still to be wiped, or in which
 * epoch they were made. What is not ours to touch is none of ours. */
static int wipe_summaries(struct repair *r, struct clew_error *err)
{
        int e = clew_hot_summaries_wipe(r->dir, err);

        return e == -EINVAL || e == -EACCES ? 0 : e;
}

static int run(struct repair *r, struct clew_error *err)
{
        int e = clew_bulk_open(&r->bulk, r->dir, r->dir_fd, err);

        if (e == 0)
                e = clew_rebuild_init(&r->rebuild, &r->bulk, r->options, err);
        if (e == 0)
                e = salvage(r, err);
        if (e == 0)
                e = clew_rebuild_finish(&r->rebuild, err);
        if (e == 0)
                e = clew_bulk_verify(&r->bulk, "what the repair has made", err);
        if (e == 0)
                e = wipe_summaries(r, err);
        if (e == 0)
                e = swap(r, err);
        r->report->lost_traces = r->rebuild.lost_traces;
        r->report->lost_fragments = r->rebuild.lost_fragments;
        r->report->found_traces = r->rebuild.found_traces;
        r->report->traces = r->rebuild.state.sealed_traces;
        clew_rebuild_deinit(&r->rebuild);
        clew_bulk_deinit(&r->bulk);
        return e;
}

int clew_store_repair(const char *dir, const struct clew_keep_options *options,
                      struct clew_repair_report *ret, struct clew_error *err)
{
        struct clew_repair_report report = {0};
        struct repair r = {.dir = dir,
                           .options = options,
                           .dir_fd = -1,
                           .collector_fd = -1,
                           .seized_fd = -1,
                           .report = &report};
        int e = clew_tier_is_tied(dir)
                        ? clew_error_set(
                                  err, -EREMOTE, 0,
                                  "store %s: its sealed data is in a bucket too, and a repair "
                                  "could not tell what is there from what is lost: begin an "
                                  "empty directory with the same --objects; this one's hot "
                                  "data comes along by clew export and clew import",
                                  dir)
                        : hold(&r, err);

        if (e == 0)
                e = run(&r, err);
        if (r.seized_fd >= 0)
                close(r.seized_fd);
        if (r.collector_fd >= 0)
                close(r.collector_fd);
        if (r.dir_fd >= 0)
                close(r.dir_fd);
        *ret = report;
        return e;
}

unsigned clew_store_set_aside(const char *dir, char *ret, size_t n)
{
        struct clew_error ignored;
        unsigned found = 0;
        size_t at = 0;
        int fd = -1;

        ret[0] = '\0';
        if (clew_own_directory_open(dir, &fd, &ignored) < 0)
                return 0;
        for (int i = 1; i <= ASIDE_MAX; i++) {
                char name[64];
                struct stat st;
                int len = snprintf(name, sizeof(name), CLEW_DAMAGED_PREFIX "%d.mdb", i);

                if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (len > 0 && at + (size_t)len + 3 < n)
                        at += (size_t)snprintf(ret + at, n - at, "%s%s", found ? ", " : "", name);
                found++;
        }
        close(fd);
        return found;
}
