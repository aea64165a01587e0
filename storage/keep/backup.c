/*
 * Making a backup; storage/keep.h.
 *
 * Objects never change, so they are copied first, under short snapshots that are renewed, until
 * little is new. Only then one snapshot is held: what is new since is copied, and everything else
 * of the store, which is small, is written to a file beside `state`. All is synced, read back and
 * verified, and that file takes the place of `state`. Objects that the new state does not name go
 * last. Whoever is killed leaves the old state with all its objects; what was copied by then is
 * found, verified and not copied again.
 *
 * While a snapshot is held, the store's file can only grow: by what is committed meanwhile.
 */
#include "storage/keep/manifest-int.h"

#include "proto/base/cursor.h"
#include "storage/base/directory-int.h"
#include "storage/base/env-struct-int.h"
#include "storage/base/own-file-int.h"
#include "storage/index/catalog-keys-int.h"
#include "storage/keep.h"
#include "storage/keep/extra-files-int.h"
#include "storage/keep/salvage-int.h"
#include "storage/sealed/segment-int.h"
#include "storage/source/store-int.h"
#include "storage/tier.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NEW_STATE "state.part"
/* A snapshot that only copies objects is given back after so many bytes, or so long. */
#define RENEW_BYTES ((uint64_t)64 << 20)
#define RENEW_NS (CLEW_NS_PER_S / 2)
/* With no more than this to copy, the last snapshot is taken. */
#define LITTLE_BYTES ((uint64_t)16 << 20)
#define PASSES_MAX 8
/* Left free, beside what is known to be needed. */
#define SPARE_BYTES ((uint64_t)4 << 20)
/* Of one table. Beyond it the walk ends: a damaged tree may lead in a circle for ever. */
#define BAD_RECORDS_MAX 1000u

struct backup {
        const char *dir;
        const struct clew_keep_options *options;
        const struct clew_clock *clock;
        struct clew_store *store;
        struct clew_backup_dir to;
        MDB_txn *txn;
        bool ahead;                  /* damage is told by the last snapshot */
        bool broken[CLEW_TABLES];    /* LMDB cannot walk it to its end */
        bool is_hurt[CLEW_TABLES];   /* a record of it is damaged, or more */
        bool is_cut_off;             /* there may be segments to which no tree leads any more */
        struct clew_kept_list old;   /* of the backup as it was */
        struct clew_kept_list now;   /* looked at by this run, in order of kind and number */
        struct clew_kept_list fresh; /* written, or found, by this run: to be synced and verified */
        struct clew_kept_list away;  /* segments that were read back, in order */
        struct clew_kept_list final; /* of the new state */
        struct clew_kept_list unnamed;  /* segments whose catalog entry is lost */
        uint64_t next[CLEW_KEPT_KINDS]; /* number from which on the store was not looked at */
        struct clew_stream_writer stream;
        struct clew_backup_end end;
        struct clew_backup_report *report;
};

static void finding(struct backup *b, const char *object, const char *what)
{
        b->report->damaged++;
        if (b->options->finding)
                b->options->finding(b->options->context, object, what);
}

static uint64_t now(const struct backup *b)
{
        return clew_clock_monotonic_ns(b->clock);
}

/* ---- objects --------------------------------------------------------------------------------- */

/* Whether the backup has the object's file, of the right size. */
static bool has_file(const struct backup *b, const struct clew_kept *k)
{
        char name[CLEW_KEPT_NAME_MAX];
        struct stat st;

        clew_kept_name(k, name);
        return fstatat(b->to.objects_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
               S_ISREG(st.st_mode) && (uint64_t)st.st_size == k->bytes;
}

/* LMDB reads nothing more in a snapshot in which it has met a damaged page. */
static bool is_stopped(const struct backup *b)
{
        MDB_cursor *cursor;
        int rc = mdb_cursor_open(b->txn, b->store->env->dbi[CLEW_TABLE_OBJECT], &cursor);

        if (rc == 0)
                mdb_cursor_close(cursor);
        return rc == MDB_BAD_TXN;
}

/* What the store says of the object is damaged. An earlier copy is as good as it ever was.
 * @is_reached: its own bytes are; else the way to it, and it may be whole. */
static int keep_earlier(struct backup *b, enum clew_kept_kind kind, uint64_t number,
                        bool is_reached, const char *why, struct clew_kept *ret)
{
        const struct clew_kept *old = clew_kept_list_find(&b->old, kind, number);
        char name[64];
        char what[CLEW_ERROR_MESSAGE_MAX];

        if (b->ahead)
                return 0;
        snprintf(name, sizeof(name), "%s %llu", kind == CLEW_KEPT_RUN ? "index run" : "segment",
                 (unsigned long long)number);
        if (old && has_file(b, old)) {
                snprintf(what, sizeof(what), "%.160s; the copy of an earlier backup is kept", why);
                finding(b, name, what);
                *ret = *old;
                return 1;
        }
        b->is_cut_off = b->is_cut_off || (kind == CLEW_KEPT_SEGMENT && !is_reached);
        snprintf(what, sizeof(what), "%.160s; it is not in the backup", why);
        finding(b, name, what);
        return 0;
}

static int add_fresh(struct backup *b, const struct clew_kept *k, bool written,
                     struct clew_error *err)
{
        if (written) {
                b->report->new_objects++;
                b->report->new_bytes += k->bytes;
        }
        return clew_kept_list_add(&b->fresh, k) < 0
                       ? clew_error_set(err, -ENOMEM, 0, "backup %s: out of memory", b->to.path)
                       : 0;
}

/* The file of an object, when an earlier run finished it or it verifies. 1, 0, or an error. */
static int has_whole(struct backup *b, const struct clew_kept *k, struct clew_error *err)
{
        struct clew_error own;
        int r;

        if (!has_file(b, k))
                return 0;
        if (clew_kept_same(clew_kept_list_find(&b->old, k->kind, k->number), k))
                return 1;
        /* Left by a run that did not come to its end: it may be of a time before a power cut. */
        if (clew_kept_read(&b->to, k, NULL, NULL, &own) < 0)
                return 0;
        r = add_fresh(b, k, false, err);
        return r < 0 ? r : 1;
}

/* A segment whose bytes are in the bucket alone: they are read back. What this run has seen to
 * before is not read again. As ensure(). */
static int ensure_away(struct backup *b, uint64_t number, struct clew_kept *ret,
                       uint64_t *ret_copied, struct clew_error *err)
{
        const struct clew_kept *seen = clew_kept_list_find(&b->away, CLEW_KEPT_SEGMENT, number);
        struct clew_error own = {0};
        CLEW_BUFFER bytes = {0};
        int r;

        if (seen && has_file(b, seen)) {
                *ret = *seen;
                return 1;
        }
        clew_buffer_init(&bytes, CLEW_PACK_MESSAGE_MAX);
        r = clew_env_read_away(b->store->env, number, &bytes, &own);
        if (r == -EBADMSG || r == -ENOENT)
                return keep_earlier(b, CLEW_KEPT_SEGMENT, number, r == -EBADMSG,
                                    own.message[0] ? own.message : "it is missing", ret);
        if (r == 0)
                r = clew_kept_look_away(number, clew_buffer_slice(&bytes), ret);
        if (r == 0)
                r = has_whole(b, ret, &own);
        if (r == 0) {
                r = clew_kept_copy_away(ret, clew_buffer_slice(&bytes), &b->to, &own);
                if (r == 0) {
                        *ret_copied += ret->bytes;
                        r = add_fresh(b, ret, true, &own);
                }
        }
        if (r >= 0 && clew_kept_list_add(&b->away, ret) < 0)
                r = clew_error_set(&own, -ENOMEM, 0, "backup %s: out of memory", b->to.path);
        if (r < 0)
                *err = own;
        return r < 0 ? r : 1;
}

/* Sees to it that the backup has the object. 1 = it has, 0 = it cannot (told), or an error. */
static int ensure(struct backup *b, enum clew_kept_kind kind, uint64_t number,
                  struct clew_kept *ret, uint64_t *ret_copied, struct clew_error *err)
{
        struct clew_error own = {0};
        int r = clew_kept_look(b->store->env, b->txn, kind, number, ret, &own);

        if (r == -ENOENT && kind == CLEW_KEPT_SEGMENT)
                return ensure_away(b, number, ret, ret_copied, err);
        if (r == -ENOENT)
                return keep_earlier(b, kind, number, false, "it is missing", ret);
        if (r == -EBADMSG)
                return keep_earlier(b, kind, number, !is_stopped(b), own.message, ret);
        if (r < 0) {
                *err = own;
                return r;
        }
        r = has_whole(b, ret, err);
        if (r != 0)
                return r;
        own = (struct clew_error){0};
        r = clew_kept_copy(b->store->env, b->txn, ret, &b->to, &own);
        if (r == -EBADMSG)
                return keep_earlier(b, kind, number, !is_stopped(b), own.message, ret);
        if (r < 0) {
                *err = own;
                return r;
        }
        *ret_copied += ret->bytes;
        r = add_fresh(b, ret, true, err);
        return r < 0 ? r : 1;
}

/* The next object of the snapshot from @from on. 1, 0 = none, or an error. */
static int next_number(struct backup *b, enum clew_kept_kind kind, uint64_t from, uint64_t *ret,
                       struct clew_error *err)
{
        enum clew_table table = kind == CLEW_KEPT_RUN ? CLEW_TABLE_INDEX : CLEW_TABLE_SEGMENT;
        struct clew_key key =
                kind == CLEW_KEPT_RUN ? clew_index_key_head(from) : clew_key_segment(from);
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(b->store->env, b->txn, table, &scan, err);

        scan.unchecked = true;
        if (r == 0)
                r = clew_scan_seek(&scan, clew_key_slice(&key), err);
        if (r == 0)
                r = clew_scan_next(&scan, err);
        if (r != 1)
                return r;
        if (kind == CLEW_KEPT_RUN)
                return clew_index_key_read(scan.key, ret) == CLEW_INDEX_KEY_HEAD;
        return clew_key_read_segment(scan.key, ret);
}

/* Objects from b->next on, as long as the snapshot may be held. 1 = there are more. */
static int copy_some(struct backup *b, enum clew_kept_kind kind, uint64_t *copied,
                     struct clew_error *err)
{
        uint64_t until = now(b) + RENEW_NS;
        uint64_t here = 0;
        uint64_t number;
        int r = 0;

        while (here < RENEW_BYTES && now(b) < until &&
               (r = next_number(b, kind, b->next[kind], &number, err)) == 1) {
                struct clew_kept k;

                r = ensure(b, kind, number, &k, &here, err);
                if (r == 1 && clew_kept_list_add(&b->now, &k) < 0)
                        r = clew_error_set(err, -ENOMEM, 0, "backup %s: out of memory", b->to.path);
                if (r < 0)
                        break;
                b->next[kind] = number + 1;
                r = 1;
        }
        *copied += here;
        return r;
}

static int renewed(struct backup *b,
                   int (*fn)(struct backup *b, enum clew_kept_kind kind, uint64_t *copied,
                             struct clew_error *err),
                   enum clew_kept_kind kind, uint64_t *copied, struct clew_error *err)
{
        uint64_t began = now(b);
        int r = clew_txn_begin_read(b->store->env, &b->txn, err);

        if (r < 0)
                return r;
        r = fn(b, kind, copied, err);
        r = clew_txn_check(b->store->env, b->txn, r, err);
        clew_txn_end_read(b->store->env, b->txn);
        b->txn = NULL;
        if (now(b) - began > b->report->held_ns)
                b->report->held_ns = now(b) - began;
        return r;
}

/* Copies objects under snapshots that are not held for long, until little is new. A damaged tree
 * is told by the last snapshot. */
static int copy_ahead(struct backup *b, struct clew_error *err)
{
        uint64_t copied = LITTLE_BYTES;
        int r = 0;

        b->ahead = true;
        for (int pass = 0; r >= 0 && pass < PASSES_MAX && copied >= LITTLE_BYTES; pass++) {
                copied = 0;
                for (int kind = 0; r >= 0 && kind < CLEW_KEPT_KINDS; kind++) {
                        do {
                                r = renewed(b, copy_some, (enum clew_kept_kind)kind, &copied, err);
                        } while (r == 1);
                        r = r == -EBADMSG ? 0 : r;
                }
        }
        b->ahead = false;
        clew_kept_list_sort(&b->now);
        return r;
}

/* Enough space, as far as can be told before? */
static int check_space(struct backup *b, enum clew_kept_kind kind, uint64_t *needed,
                       struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        struct clew_error ignored;
        struct statvfs fs;
        int r = clew_scan_open(b->store->env, b->txn, CLEW_TABLE_SEGMENT, &scan, &ignored);

        (void)kind;
        while (r >= 0 && (r = clew_scan_next(&scan, &ignored)) == 1) {
                struct clew_segment_entry e;
                uint64_t number;

                if (clew_key_read_segment(scan.key, &number) &&
                    !clew_kept_list_find(&b->old, CLEW_KEPT_SEGMENT, number) &&
                    clew_segment_entry_decode(scan.value, &e))
                        *needed += e.stored_bytes;
        }
        if (fstatvfs(b->to.fd, &fs) == 0 &&
            (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize < *needed + SPARE_BYTES)
                return clew_error_set(
                        err, -ENOSPC, 0,
                        "backup %s: no space left: it needs at least %llu MiB more, and %llu MiB "
                        "are free; free disk space, or name a directory on another disk",
                        b->to.path, (unsigned long long)((*needed + SPARE_BYTES) >> 20),
                        (unsigned long long)(((uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize) >>
                                             20));
        return 0;
}

/* ---- the last snapshot ----------------------------------------------------------------------- */

/* A record of the last snapshot that names an object: the object is to be there. */
static int put_object(struct backup *b, const struct clew_scan *scan, struct clew_error *err)
{
        bool is_run = scan->table == CLEW_TABLE_INDEX;
        enum clew_kept_kind kind = is_run ? CLEW_KEPT_RUN : CLEW_KEPT_SEGMENT;
        const struct clew_kept *seen;
        struct clew_kept k;
        uint64_t number = 0;
        uint64_t copied = 0;
        int r;

        if (is_run ? clew_index_key_read(scan->key, &number) != CLEW_INDEX_KEY_HEAD
                   : !clew_key_read_segment(scan->key, &number))
                return 0;
        seen = clew_kept_list_find(&b->now, kind, number);
        if (seen)
                k = *seen;
        else
                r = ensure(b, kind, number, &k, &copied, err);
        if (!seen && r != 1)
                return r;
        return clew_kept_list_add(&b->final, &k) < 0
                       ? clew_error_set(err, -ENOMEM, 0, "backup %s: out of memory", b->to.path)
                       : 0;
}

/* One record, whole or damaged; the value is as stored, with its checksum. */
static int put_record(struct backup *b, const struct clew_scan *scan, struct clew_error *err)
{
        struct clew_slice value;
        char name[96];
        bool is_whole = clew_record_check(scan->key, scan->value, &value);
        /* A page of another table, in its place: its records verify, but for the names of tables,
         * which have no checksum. What lay there, or under it, may be elsewhere. */
        bool is_foreign = is_whole ? clew_salvage_table_of(scan->key, value) != (int)scan->table
                                   : !clew_salvage_may_be_key(scan->table, scan->key);

        if (is_foreign || !is_whole) {
                clew_record_name(scan->table, scan->key, name, sizeof(name));
                finding(b, name,
                        is_foreign ? "is no record of this table" : "its checksum is wrong");
                b->is_hurt[scan->table] = true;
                b->broken[scan->table] = b->broken[scan->table] || is_foreign;
                if (is_foreign || scan->table != CLEW_TABLE_HOT)
                        return 0;
        }
        clew_stream_put(&b->stream, clew_stream_tag(scan->table), scan->key, scan->value);
        b->end.records++;
        if (scan->table == CLEW_TABLE_SEGMENT || scan->table == CLEW_TABLE_INDEX)
                return put_object(b, scan, err);
        return 0;
}

/* The blocks of index runs are objects; what is behind them in the order of keys is not. */
static int open_table(struct backup *b, enum clew_table table, struct clew_scan *scan,
                      struct clew_error *err)
{
        struct clew_key key = clew_index_key_gone(0);
        int r = clew_scan_open(b->store->env, b->txn, table, scan, err);

        scan->unchecked = true;
        return r == 0 && table == CLEW_TABLE_INDEX ? clew_scan_seek(scan, clew_key_slice(&key), err)
                                                   : r;
}

/* A page of another table may look like an early end, or an empty table: the store knows how many
 * records there are. Of indexes not all are walked, and what is missing is made anew. */
static int check_count(struct backup *b, enum clew_table table, uint64_t n, struct clew_error *err)
{
        uint64_t noted = n;
        char name[96];
        char what[96];
        int r = table == CLEW_TABLE_INDEX
                        ? 0
                        : clew_table_count(b->store->env, b->txn, table, &noted, err);

        if (r < 0 || noted == n || b->broken[table])
                return r;
        snprintf(name, sizeof(name), "table %s", clew_table_name(table));
        snprintf(what, sizeof(what), "%llu records were met, and %llu are noted",
                 (unsigned long long)n, (unsigned long long)noted);
        finding(b, name, what);
        b->broken[table] = b->is_hurt[table] = true;
        return 0;
}

static int put_table(struct backup *b, enum clew_table table, struct clew_error *err)
{
        struct clew_error own = {0};
        CLEW_SCAN scan = {0};
        const uint8_t *last_bad = NULL;
        unsigned n_bad = 0;
        uint64_t n = 0;
        char name[96];
        int r = open_table(b, table, &scan, &own);

        while (r >= 0 && n_bad < BAD_RECORDS_MAX && b->stream.error == 0) {
                r = clew_scan_next(&scan, &own);
                if (r == 0)
                        return check_count(b, table, n, err);
                if (r == 1) {
                        n++;
                        r = put_record(b, &scan, err);
                        if (r < 0)
                                return r;
                        continue;
                }
                /* The same record again: the cursor is broken and will not move on. */
                if (r != -EBADMSG || (n_bad && scan.key.data == last_bad))
                        break;
                clew_record_name(table, scan.key, name, sizeof(name));
                finding(b, name, "its page or the order of its keys is wrong");
                b->broken[table] = b->is_hurt[table] = true; /* what lay there may be elsewhere */
                last_bad = scan.key.data;
                n_bad++;
                r = 0;
        }
        if (b->stream.error < 0)
                return clew_backup_fail(&b->to, "writing " NEW_STATE, b->stream.error, err);
        if (r < 0 && r != -EBADMSG) {
                *err = own;
                return r;
        }
        snprintf(name, sizeof(name), "table %s", clew_table_name(table));
        finding(b, name, "cannot be walked to its end; it is read page by page");
        b->broken[table] = b->is_hurt[table] = true;
        return 0;
}

/* A record that was read from its page; it may have been walked over before. */
static int put_salvaged(void *context, enum clew_table table, struct clew_slice key,
                        struct clew_slice stored, bool found_again, struct clew_error *err)
{
        struct backup *b = context;
        struct clew_scan at = {.env = b->store->env, .table = table, .key = key, .value = stored};

        (void)found_again;
        if (!b->broken[table] || table == CLEW_TABLE_OBJECT || table == CLEW_TABLE_INDEX)
                return 0;
        return put_record(b, &at, err);
}

/* Tables that cannot be walked. The snapshot is held, so that its pages stay what they are. */
static int salvage(struct backup *b, struct clew_error *err)
{
        struct clew_salvage s = {.dir = b->dir, .fn = put_salvaged, .context = b};
        bool any = false;
        int r;

        for (int t = 0; t < CLEW_TABLES; t++)
                any = any || b->broken[t];
        if (!any || mdb_env_get_fd(b->store->env->lmdb, &s.fd) != 0)
                return 0;
        r = clew_salvage_run(&s, err);
        return r < 0 ? r
               : b->stream.error < 0
                       ? clew_backup_fail(&b->to, "writing " NEW_STATE, b->stream.error, err)
                       : 0;
}

/* Objects of segments whose catalog entry is lost come along: a restore makes the entry anew from
 * what is in them, as a repair does. */
static int find_unnamed(struct backup *b, enum clew_kept_kind kind, uint64_t *copied,
                        struct clew_error *err)
{
        struct clew_error own = {0};
        uint64_t from = 0;
        int r = 1;

        clew_kept_list_sort(&b->final);
        while (r == 1) {
                struct clew_key key = clew_key_segment(from);
                CLEW_SCAN scan = {0};
                uint64_t number = 0;
                struct clew_kept k;

                r = clew_scan_open(b->store->env, b->txn, CLEW_TABLE_OBJECT, &scan, &own);
                scan.unchecked = true;
                if (r == 0)
                        r = clew_scan_seek(&scan, clew_key_slice(&key), &own);
                if (r == 0)
                        r = clew_scan_next(&scan, &own);
                b->is_cut_off = b->is_cut_off || r == -EBADMSG;
                if (r != 1 || scan.key.len < 8 ||
                    !clew_key_read_segment(clew_slice_make(scan.key.data, 8), &number) ||
                    number < from)
                        return r == -ENOMEM ? clew_error_set(err, r, 0, "out of memory") : 0;
                from = number + 1;
                if (clew_kept_list_find(&b->final, kind, number))
                        continue;
                r = ensure(b, kind, number, &k, copied, err);
                if (r == 1 && clew_kept_list_add(&b->unnamed, &k) < 0)
                        r = clew_error_set(err, -ENOMEM, 0, "backup %s: out of memory", b->to.path);
                r = r < 0 ? r : 1;
        }
        return r;
}

/* In a snapshot of its own: LMDB reads nothing more in one that has met a damaged page. */
static int add_unnamed(struct backup *b, struct clew_error *err)
{
        uint64_t copied = 0;
        int r = b->is_hurt[CLEW_TABLE_SEGMENT]
                        ? renewed(b, find_unnamed, CLEW_KEPT_SEGMENT, &copied, err)
                        : 0;

        for (size_t i = 0; r == 0 && i < clew_kept_list_n(&b->unnamed); i++) {
                if (clew_kept_list_add(&b->final, clew_kept_list_at(&b->unnamed, i)) < 0)
                        r = clew_error_set(err, -ENOMEM, 0, "backup %s: out of memory", b->to.path);
        }
        return r;
}

/* Which store it is, and which commit. */
static int read_identity(struct backup *b, struct clew_error *err)
{
        b->end.txn_id = mdb_txn_id(b->txn);
        return clew_format_created(b->store->env, b->txn, &b->end.created_ns, err);
}

static int put_all(struct backup *b, enum clew_kept_kind kind, uint64_t *copied,
                   struct clew_error *err)
{
        static const enum clew_table order[] = {
                CLEW_TABLE_META, CLEW_TABLE_HOT,   CLEW_TABLE_TRACE, CLEW_TABLE_TIME,
                CLEW_TABLE_NOTE, CLEW_TABLE_SHELF, CLEW_TABLE_INDEX, CLEW_TABLE_SEGMENT};
        int r = read_identity(b, err);

        (void)kind;
        (void)copied;
        b->end.taken_ns = clew_clock_unix_ns(b->clock);
        for (size_t i = 0; r == 0 && i < CLEW_ARRAY_LEN(order); i++)
                r = put_table(b, order[i], err);
        return r < 0 ? r : salvage(b, err);
}

static int write_state(struct backup *b, struct clew_error *err)
{
        uint64_t salt = clew_clock_unix_ns(b->clock) ^ (uint64_t)getpid() << 40;
        uint32_t n_files = 0;
        int fd;
        int r;

        if (unlinkat(b->to.fd, NEW_STATE, 0) < 0 && errno != ENOENT)
                return clew_backup_cannot(&b->to, "removing what was left behind", err);
        r = clew_backup_file_open(&b->to, b->to.fd, NEW_STATE, O_WRONLY | O_CREAT | O_EXCL, &fd,
                                  err);
        if (r < 0)
                return r;
        r = clew_stream_begin(&b->stream, fd, salt);
        if (r < 0)
                r = clew_backup_fail(&b->to, "writing " NEW_STATE, r, err);
        if (r == 0)
                r = renewed(b, put_all, CLEW_KEPT_RUN, NULL, err);
        if (r == 0)
                r = add_unnamed(b, err);
        if (r == 0)
                r = clew_extra_files_put(b->dir, b->store->env->dir_fd, &b->stream, &n_files,
                                         b->options, err);
        for (size_t i = 0; r == 0 && i < clew_kept_list_n(&b->final); i++)
                clew_kept_put(&b->stream, clew_kept_list_at(&b->final, i));
        b->end.objects = clew_kept_list_n(&b->final);
        b->end.files = b->report->files = n_files;
        b->end.damaged = b->report->damaged;
        if (r == 0) {
                clew_backup_end_put(&b->stream, &b->end);
                r = clew_stream_end(&b->stream);
                if (r == 0 && fsync(fd) < 0)
                        r = -errno;
                if (r < 0)
                        r = clew_backup_fail(&b->to, "writing " NEW_STATE, r, err);
        }
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
        clew_stream_writer_deinit(&b->stream);
        return r;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* The first sync takes nearly all of it along; what it has forgotten is read from the disk again.
 */
static int sync_objects(struct backup *b, struct clew_error *err)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < clew_kept_list_n(&b->fresh); i++) {
                char name[CLEW_KEPT_NAME_MAX];
                int fd;

                clew_kept_name(clew_kept_list_at(&b->fresh, i), name);
                r = clew_backup_file_open(&b->to, b->to.objects_fd, name, O_RDONLY, &fd, err);
                if (r < 0)
                        return r == -ENOENT ? clew_backup_fail(&b->to, name, r, err) : r;
                if (fsync(fd) < 0)
                        r = clew_backup_cannot(&b->to, "syncing an object", err);
                (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
                close(fd);
        }
        if (r == 0 && fsync(b->to.objects_fd) < 0)
                r = clew_backup_cannot(&b->to, "syncing " CLEW_BACKUP_OBJECTS, err);
        return r;
}

static int verify_objects(struct backup *b, struct clew_error *err)
{
        const struct clew_kept_list *l = b->options->verify_all ? &b->final : &b->fresh;
        int r = 0;

        for (size_t i = 0; r == 0 && i < clew_kept_list_n(l); i++) {
                r = clew_kept_read(&b->to, clew_kept_list_at(l, i), NULL, NULL, err);
                b->report->verified_bytes += clew_kept_list_at(l, i)->bytes;
        }
        for (size_t i = 0; r == 0 && i < clew_kept_list_n(&b->final); i++) {
                const struct clew_kept *k = clew_kept_list_at(&b->final, i);

                b->report->bytes += k->bytes;
                if (!has_file(b, k))
                        r = clew_kept_read(&b->to, k, NULL, NULL, err);
        }
        return r;
}

static int verify(struct backup *b, struct clew_error *err)
{
        struct clew_backup_end end;
        uint64_t bytes = 0;
        int r = verify_objects(b, err);

        if (r == 0)
                r = clew_manifest_read(&b->to, NEW_STATE, NULL, NULL, NULL, &end, &bytes, err);
        if (r == 0 && memcmp(&end, &b->end, sizeof(end)) != 0)
                r = clew_backup_fail(&b->to, "what was written is not what is read", -EIO, err);
        b->report->bytes += bytes;
        b->report->new_bytes += bytes;
        b->report->verified_bytes += bytes;
        return r == -ENOENT ? clew_backup_fail(&b->to, NEW_STATE, r, err) : r;
}

/* Objects that the state does not name, and what was left behind. Files of other names stay. */
static void prune(struct backup *b)
{
        int fd = dup(b->to.objects_fd);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *e;

        if (!dir)
                return;
        rewinddir(dir);
        while ((e = readdir(dir)) != NULL) {
                struct clew_kept k;
                const struct clew_kept *named;

                if (!clew_kept_read_name(e->d_name, &k))
                        continue;
                named = clew_kept_list_find(&b->final, k.kind, k.number);
                if (named && named->digest == k.digest)
                        continue;
                b->report->removed += unlinkat(b->to.objects_fd, e->d_name, 0) == 0;
        }
        closedir(dir);
        (void)fsync(b->to.objects_fd);
}

static int publish(struct backup *b, struct clew_error *err)
{
        if (renameat(b->to.fd, NEW_STATE, b->to.fd, CLEW_BACKUP_STATE) < 0 || fsync(b->to.fd) < 0)
                return clew_backup_cannot(&b->to, "putting the new state in its place", err);
        prune(b);
        return 0;
}

/* What the directory holds already; of a state that is damaged, nothing. */
static int read_old(struct backup *b, struct clew_error *err)
{
        struct clew_backup_end end = {0};
        struct clew_error own = {0};
        int r = clew_manifest_read(&b->to, CLEW_BACKUP_STATE, NULL, NULL, &b->old, &end, NULL,
                                   &own);

        if (r == -EBADMSG) {
                if (b->options->finding)
                        b->options->finding(b->options->context, "the backup so far",
                                            "its state is damaged; all is copied anew");
                clew_buffer_clear(&b->old.all);
                return 0;
        }
        if (r == 0 && end.created_ns != b->end.created_ns)
                return clew_error_set(err, -EINVAL, 0,
                                      "backup %s: is of another store; name a new or an empty "
                                      "directory",
                                      b->to.path);
        if (r < 0 && r != -ENOENT)
                *err = own;
        return r == -ENOENT ? 0 : r;
}

static int identify(struct backup *b, enum clew_kept_kind kind, uint64_t *copied,
                    struct clew_error *err)
{
        (void)kind;
        (void)copied;
        return read_identity(b, err);
}

static uint64_t file_bytes(const struct backup *b)
{
        struct stat st;
        int fd;

        return mdb_env_get_fd(b->store->env->lmdb, &fd) == 0 && fstat(fd, &st) == 0
                       ? (uint64_t)st.st_size
                       : 0;
}

static int damage_ends_it(int r, struct clew_error *err)
{
        if (r == -EBADMSG && err && !strstr(err->message, "doctor --repair"))
                clew_error_prefix(err, "the store is damaged, no backup was made (clew doctor "
                                       "--repair, then back up): ");
        return r;
}

/* Reads the store: all that can end with its damage. */
static int take(struct backup *b, struct clew_error *err)
{
        uint64_t needed = 0;
        int r = renewed(b, identify, CLEW_KEPT_RUN, NULL, err);

        if (r == 0)
                r = read_old(b, err);
        if (r == 0)
                r = renewed(b, check_space, CLEW_KEPT_RUN, &needed, err);
        if (r == 0)
                r = copy_ahead(b, err);
        if (r >= 0)
                r = write_state(b, err);
        return damage_ends_it(r, err);
}

static int run(struct backup *b, struct clew_error *err)
{
        uint64_t before = file_bytes(b);
        uint64_t after;
        int r = take(b, err);

        if (r == 0 && b->is_cut_off) /* a repair reads all pages */
                r = clew_error_set(err, -EBADMSG, 0,
                                   "store %s: damage has cut off segments that may be whole; no "
                                   "backup was made, an earlier one is as it was: "
                                   "clew doctor --repair finds them again, then back up",
                                   b->dir);
        clew_kept_list_sort(&b->final);
        if (r == 0)
                r = sync_objects(b, err);
        if (r == 0)
                r = verify(b, err);
        if (r == 0)
                r = publish(b, err);
        after = file_bytes(b);
        b->report->grown_bytes = after > before ? after - before : 0;
        b->report->taken_ns = b->end.taken_ns;
        b->report->records = b->end.records;
        b->report->objects = b->end.objects;
        return r;
}

int clew_store_backup(const char *dir, const char *dest, const struct clew_keep_options *options,
                      struct clew_backup_report *ret, struct clew_error *err)
{
        const struct clew_store_options store_options = {.mode = CLEW_STORE_READ,
                                                         .clock = options->clock};
        struct clew_backup_report report = {0};
        struct clew_tier *tier = NULL;
        struct backup b = {
                .dir = dir,
                .options = options,
                .clock = options->clock ? options->clock : clew_clock_system(),
                .to = {.fd = -1, .objects_fd = -1, .mark_fd = -1},
                .report = &report,
        };
        int r = clew_store_open(dir, &store_options, &b.store, err);

        if (r < 0)
                return damage_ends_it(r, err);
        clew_kept_list_init(&b.old);
        clew_kept_list_init(&b.now);
        clew_kept_list_init(&b.fresh);
        clew_kept_list_init(&b.away);
        clew_kept_list_init(&b.final);
        clew_kept_list_init(&b.unnamed);
        r = clew_backup_dir_make(dest, dir, &b.to, err);
        if (r == 0)
                r = clew_tier_read_back(b.store, &tier, err);
        if (r == 0)
                r = run(&b, err);
        clew_tier_free(tier);
        clew_backup_dir_close(&b.to);
        clew_kept_list_deinit(&b.old);
        clew_kept_list_deinit(&b.now);
        clew_kept_list_deinit(&b.fresh);
        clew_kept_list_deinit(&b.away);
        clew_kept_list_deinit(&b.final);
        clew_kept_list_deinit(&b.unnamed);
        clew_store_close(b.store);
        *ret = report;
        return r;
}
