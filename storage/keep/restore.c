/*
 * Making a store of a backup, and looking through one; storage/keep.h.
 *
 * The new data file is made in a directory of its own inside the store's, verified there as clew
 * doctor --verify does it, and then moved to where a store has it: until that one step there is no
 * store.
 */
#include "storage/keep/bulk-int.h"
#include "storage/keep/extra-files-int.h"
#include "storage/keep/manifest-int.h"
#include "storage/keep/rebuild-int.h"

#include "storage/base/directory-int.h"
#include "storage/base/own-file-int.h"
#include "storage/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Heads of index runs and what is gone: put behind the blocks, as the order of keys wants. */
#define LATER_BYTES_MAX ((size_t)512 << 20)

struct restore {
        const struct clew_keep_options *options;
        struct clew_backup_dir from;
        const char *dir;
        int dir_fd;
        int lock_fd;
        struct clew_bulk bulk;
        bool is_damaged; /* the store was, when the backup was made: what is there is made whole */
        struct clew_rebuild rebuild;
        struct clew_extra_writer extra;
        struct clew_kept_list objects;
        struct clew_buffer later; /* lengths, keys and values of table index */
        struct clew_backup_end end;
        struct clew_restore_report *report;
};

/* ---- where to -------------------------------------------------------------------------------- */

static int refuse(const struct restore *r, int code, const char *why, struct clew_error *err)
{
        return clew_error_set(err, code, 0, "store %s: %s", r->dir, why);
}

/* Nothing but what an interrupted restore may have left. */
static int check_empty(const struct restore *r, struct clew_error *err)
{
        char other[80] = "";
        bool unfinished = false;
        const struct dirent *e;
        int fd = openat(r->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (!d)
                return refuse(r, errno ? -errno : -EIO, strerror(errno), err);
        while ((e = readdir(d)) != NULL) {
                const char *n = e->d_name;

                unfinished = unfinished || strcmp(n, CLEW_UNFINISHED_DIR) == 0;
                if (strcmp(n, ".") != 0 && strcmp(n, "..") != 0 && strcmp(n, "lost+found") != 0 &&
                    strcmp(n, CLEW_COLLECTOR_FILE) != 0 && strcmp(n, CLEW_UNFINISHED_DIR) != 0 &&
                    strcmp(other, CLEW_DATA_FILE) != 0)
                        snprintf(other, sizeof(other), "%.60s", n);
        }
        closedir(d);
        if (strcmp(other, CLEW_DATA_FILE) == 0)
                return refuse(r, -EINVAL,
                              "holds a store already; restore into a new directory, and name that "
                              "one in its place when it is what you want",
                              err);
        if (other[0] && !unfinished)
                return clew_error_set(err, -EINVAL, 0,
                                      "store %s: holds other files (%s); restore into a new or an "
                                      "empty directory",
                                      r->dir, other);
        return 0;
}

static int open_target(struct restore *r, struct clew_error *err)
{
        int e;

        if (clew_paths_overlap(r->dir, r->from.path))
                return refuse(r, -EINVAL,
                              "is the backup, lies in it or holds it; name another "
                              "directory",
                              err);
        if (mkdir(r->dir, 0700) < 0 && errno != EEXIST)
                return refuse(r, -errno, strerror(errno), err);
        clew_directory_sync_name(r->dir);
        e = clew_own_directory_open(r->dir, &r->dir_fd, err);
        if (e < 0)
                return e == -ENOENT ? refuse(r, e, strerror(-e), err) : e;
        e = check_empty(r, err);
        if (e == 0)
                e = clew_directory_lock(r->dir, r->dir_fd, &r->lock_fd, err);
        return e < 0 ? e : check_empty(r, err); /* somebody may have made a store meanwhile */
}

/* ---- records --------------------------------------------------------------------------------- */

static int put_later(struct restore *r, const struct clew_stream_record *record,
                     struct clew_error *err)
{
        size_t lengths[2] = {record->key.len, record->value.len};

        clew_buffer_append(&r->later, lengths, sizeof(lengths));
        clew_buffer_append_slice(&r->later, record->key);
        clew_buffer_append_slice(&r->later, record->value);
        return clew_buffer_error(&r->later) < 0
                       ? clew_error_set(err, -ENOMEM, 0, "store %s: out of memory", r->dir)
                       : 0;
}

static int put_kept_back(struct restore *r, struct clew_error *err)
{
        struct clew_slice left = clew_buffer_slice(&r->later);
        int e = 0;

        while (e == 0 && left.len > 0) {
                size_t lengths[2];
                struct clew_slice key;

                memcpy(lengths, left.data, sizeof(lengths));
                key = clew_slice_make(left.data + sizeof(lengths), lengths[0]);
                e = clew_bulk_put(&r->bulk, CLEW_TABLE_INDEX, key,
                                  clew_slice_make(key.data + key.len, lengths[1]), err);
                left = clew_slice_from(left, sizeof(lengths) + lengths[0] + lengths[1]);
        }
        return e;
}

static int take_record(void *context, const struct clew_stream_record *record,
                       struct clew_error *err)
{
        struct restore *r = context;
        int table = clew_stream_table(record->tag);

        if (record->tag == CLEW_STREAM_FILE)
                return clew_extra_write(&r->extra, record, err);
        if (table < 0)
                return clew_error_set(err, -EPROTONOSUPPORT, 0,
                                      "backup %s: holds records that this program does not know; "
                                      "use the Clew that wrote it, or a later one",
                                      r->from.path);
        if (r->is_damaged) /* some records may be there twice */
                return clew_rebuild_take(&r->rebuild, (enum clew_table)table, record->key,
                                         record->value, true, err);
        if (table == CLEW_TABLE_INDEX)
                return put_later(r, record, err);
        return clew_bulk_put(&r->bulk, (enum clew_table)table, record->key, record->value, err);
}

static int take_part(void *context, enum clew_table table, struct clew_slice key,
                     struct clew_slice stored, struct clew_error *err)
{
        struct restore *r = context;

        return r->is_damaged ? clew_rebuild_take(&r->rebuild, table, key, stored, true, err)
                             : clew_bulk_put(&r->bulk, table, key, stored, err);
}

static int read_backup(struct restore *r, struct clew_error *err)
{
        uint64_t bytes = 0;
        int e = clew_manifest_read(&r->from, CLEW_BACKUP_STATE, take_record, r, &r->objects,
                                   &r->end, &bytes, err);

        if (e == -ENOENT)
                return clew_error_set(err, -EINVAL, 0,
                                      "backup %s: was never finished; run clew backup again",
                                      r->from.path);
        for (size_t i = 0; e == 0 && i < clew_kept_list_n(&r->objects); i++) {
                const struct clew_kept *k = clew_kept_list_at(&r->objects, i);

                e = clew_kept_read(&r->from, k, take_part, r, err);
                bytes += k->bytes;
        }
        if (e == 0)
                e = put_kept_back(r, err);
        if (e == 0)
                e = clew_extra_writer_end(&r->extra, err);
        r->report->bytes = bytes;
        r->report->objects = r->end.objects;
        r->report->records = r->end.records;
        r->report->taken_ns = r->end.taken_ns;
        r->report->files = r->extra.n;
        return e;
}

static int build(struct restore *r, struct clew_error *err)
{
        int e = clew_bulk_open(&r->bulk, r->dir, r->dir_fd, err);

        if (e == 0 && r->is_damaged)
                e = clew_rebuild_init(&r->rebuild, &r->bulk, r->options, err);
        if (e == 0)
                e = read_backup(r, err);
        if (e == 0)
                e = r->is_damaged ? clew_rebuild_finish(&r->rebuild, err)
                                  : clew_bulk_finish(&r->bulk, err);
        if (r->is_damaged)
                r->report->lost = r->end.damaged + r->rebuild.n_findings;
        clew_rebuild_deinit(&r->rebuild);
        if (e == 0)
                e = clew_bulk_verify(&r->bulk, "the store that the backup makes", err);
        return e < 0 ? e : clew_bulk_install(&r->bulk, CLEW_RENAME_NO_REPLACE, err);
}

/* Enough space? What a store takes of its backup's bytes is a little more. */
static int check_space(struct restore *r, struct clew_error *err)
{
        struct clew_backup_end end;
        struct statvfs fs;
        uint64_t bytes = 0;
        uint64_t available;
        int e = clew_manifest_read(&r->from, CLEW_BACKUP_STATE, NULL, NULL, &r->objects, &end,
                                   &bytes, err);

        if (e == -ENOENT)
                return clew_error_set(err, -EINVAL, 0,
                                      "backup %s: was never finished; run clew backup again",
                                      r->from.path);
        if (e < 0)
                return e;
        for (size_t i = 0; i < clew_kept_list_n(&r->objects); i++)
                bytes += clew_kept_list_at(&r->objects, i)->bytes;
        clew_buffer_clear(&r->objects.all);
        r->is_damaged = end.damaged > 0;
        if (fstatvfs(r->dir_fd, &fs) < 0)
                return 0;
        available = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
        if (available >= bytes)
                return 0;
        return clew_error_set(err, -ENOSPC, 0,
                              "store %s: no space left: the backup needs %llu MiB, and %llu MiB "
                              "are free; free disk space, or name a directory on another disk",
                              r->dir, (unsigned long long)(bytes >> 20) + 1,
                              (unsigned long long)(available >> 20));
}

int clew_store_restore(const char *src, const char *dir, const struct clew_keep_options *options,
                       struct clew_restore_report *ret, struct clew_error *err)
{
        struct clew_restore_report report = {0};
        struct restore r = {
                .options = options, .dir = dir, .dir_fd = -1, .lock_fd = -1, .report = &report};
        int e = clew_backup_dir_open(src, &r.from, err);

        if (e < 0)
                return e;
        clew_kept_list_init(&r.objects);
        clew_buffer_init(&r.later, LATER_BYTES_MAX);
        e = open_target(&r, err);
        if (e == 0)
                e = check_space(&r, err);
        clew_extra_writer_init(&r.extra, dir, r.dir_fd);
        if (e == 0)
                e = build(&r, err);
        if (e < 0)
                clew_extra_writer_undo(&r.extra);
        clew_bulk_deinit(&r.bulk);
        clew_extra_writer_deinit(&r.extra);
        clew_kept_list_deinit(&r.objects);
        clew_buffer_deinit(&r.later);
        if (r.lock_fd >= 0)
                close(r.lock_fd);
        if (r.dir_fd >= 0)
                close(r.dir_fd);
        clew_backup_dir_close(&r.from);
        *ret = report;
        return e;
}

/* ---- looking through a backup ---------------------------------------------------------------- */

int clew_backup_verify(const char *src, const struct clew_keep_options *options,
                       struct clew_backup_report *ret, struct clew_error *err)
{
        struct clew_backup_report report = {0};
        struct clew_backup_end end = {0};
        struct clew_kept_list objects;
        struct clew_backup_dir from;
        int r = clew_backup_dir_open(src, &from, err);

        if (r < 0)
                return r;
        clew_kept_list_init(&objects);
        r = clew_manifest_read(&from, CLEW_BACKUP_STATE, NULL, NULL, &objects, &end, &report.bytes,
                               err);
        if (r == -ENOENT)
                r = clew_error_set(err, -EINVAL, 0,
                                   "backup %s: was never finished; run clew backup again", src);
        for (size_t i = 0; r == 0 && i < clew_kept_list_n(&objects); i++) {
                const struct clew_kept *k = clew_kept_list_at(&objects, i);
                struct clew_error own = {0};
                char name[CLEW_KEPT_NAME_MAX];

                report.bytes += k->bytes;
                r = clew_kept_read(&from, k, NULL, NULL, &own);
                if (r == -EBADMSG && options->finding) {
                        clew_kept_name(k, name);
                        options->finding(options->context, name, own.message);
                        report.damaged++;
                        r = 0;
                } else if (r < 0) {
                        *err = own;
                }
        }
        report.verified_bytes = report.bytes;
        report.taken_ns = end.taken_ns;
        report.records = end.records;
        report.objects = end.objects;
        report.files = (uint32_t)end.files;
        report.damaged += end.damaged;
        clew_kept_list_deinit(&objects);
        clew_backup_dir_close(&from);
        *ret = report;
        return r;
}
