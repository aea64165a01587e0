#include "storage/keep/bulk-int.h"

#include "proto/base/cursor.h"
#include "storage/base/directory-int.h"
#include "storage/base/own-file-int.h"
#include "storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Dirty pages of one transaction are memory. */
#define COMMIT_BYTES ((uint64_t)32 << 20)
#define RECORD_BYTES_MAX ((size_t)64 << 10)

static int cannot(const struct clew_bulk *b, const char *what, struct clew_error *err)
{
        int code = errno ? -errno : -EIO;

        return clew_error_set(err, code, 0, "store %s: %s: %s%s", b->dir, what, strerror(-code),
                              code == -ENOSPC ? "; free disk space and try again" : "");
}

int clew_bulk_open(struct clew_bulk *b, const char *dir, int dir_fd, struct clew_error *err)
{
        const struct clew_store_options options = {.mode = CLEW_STORE_WRITE};
        int n;
        int r;

        *b = (struct clew_bulk){.dir = dir, .dir_fd = dir_fd};
        clew_buffer_init(&b->format, RECORD_BYTES_MAX);
        clew_buffer_init(&b->state, RECORD_BYTES_MAX);
        n = snprintf(b->path, sizeof(b->path), "%s/" CLEW_UNFINISHED_DIR, dir);
        if (n < 0 || (size_t)n >= sizeof(b->path))
                return clew_error_set(err, -ENAMETOOLONG, 0, "store %s: its name is too long", dir);
        r = clew_directory_clear_copy(dir, dir_fd, err);
        return r < 0 ? r : clew_env_open(b->path, &options, &b->env, err);
}

void clew_bulk_deinit(struct clew_bulk *b)
{
        struct clew_error ignored;

        if (b->txn)
                clew_txn_abort(b->env, b->txn);
        clew_env_close(b->env);
        clew_buffer_deinit(&b->format);
        clew_buffer_deinit(&b->state);
        if (b->dir)
                (void)!clew_directory_clear_copy(b->dir, b->dir_fd, &ignored);
        *b = (struct clew_bulk){0};
}

int clew_bulk_txn(struct clew_bulk *b, MDB_txn **ret, struct clew_error *err)
{
        int r = b->txn ? 0 : clew_txn_begin_write(b->env, &b->txn, err);

        if (r == 0)
                *ret = b->txn;
        return r;
}

int clew_bulk_commit(struct clew_bulk *b, struct clew_error *err)
{
        MDB_txn *txn = b->txn;

        b->txn = NULL;
        b->pending = 0;
        return txn ? clew_txn_commit(b->env, txn, err) : 0;
}

/* Format and state are kept for the end. */
static int take_meta(struct clew_bulk *b, struct clew_slice key, struct clew_slice stored,
                     bool *ret_taken, struct clew_error *err)
{
        struct clew_buffer *into = clew_slice_eq_cstr(key, "state")    ? &b->state
                                   : clew_slice_eq_cstr(key, "format") ? &b->format
                                                                       : NULL;
        struct clew_slice value;

        *ret_taken = into != NULL;
        if (!into)
                return 0;
        if (!clew_record_check(key, stored, &value))
                return clew_error_set(err, -EBADMSG, 0, "a record of the store is damaged (meta)");
        clew_buffer_clear(into);
        clew_buffer_append_slice(into, value);
        return clew_buffer_error(into) < 0 ? clew_error_set(err, -ENOMEM, 0, "out of memory") : 0;
}

int clew_bulk_put(struct clew_bulk *b, enum clew_table table, struct clew_slice key,
                  struct clew_slice stored, struct clew_error *err)
{
        MDB_txn *txn = NULL;
        bool taken = false;
        int r = table == CLEW_TABLE_META ? take_meta(b, key, stored, &taken, err) : 0;

        b->records++;
        if (r < 0 || taken)
                return r;
        r = clew_bulk_txn(b, &txn, err);
        if (r == 0 && !b->unordered[table]) {
                r = clew_table_put_stored(b->env, txn, table, key, stored, true, err);
                b->unordered[table] = r == -EEXIST;
        }
        if ((r == 0 || r == -EEXIST) && b->unordered[table])
                r = clew_table_put_stored(b->env, txn, table, key, stored, false, err);
        b->pending += key.len + stored.len;
        b->bytes += key.len + stored.len;
        return r == 0 && b->pending >= COMMIT_BYTES ? clew_bulk_commit(b, err) : r;
}

/* The state says which commit wrote it: this one. */
static int put_state(struct clew_bulk *b, MDB_txn *txn, struct clew_error *err)
{
        struct clew_cursor c = clew_cursor_make(clew_buffer_slice(&b->state));
        CLEW_BUFFER number = {0};
        struct clew_slice parts[2];

        (void)clew_cursor_varint(&c);
        if (c.failed)
                return clew_error_set(err, -EBADMSG, 0,
                                      "the record of the store's state is missing");
        clew_buffer_init(&number, 16);
        clew_buffer_append_varint(&number, mdb_txn_id(txn));
        if (clew_buffer_error(&number) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        parts[0] = clew_buffer_slice(&number);
        parts[1] = clew_slice_make(c.at, clew_cursor_left(&c));
        return clew_table_put(b->env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("state"), parts, 2,
                              err);
}

int clew_bulk_close(struct clew_bulk *b, struct clew_error *err)
{
        int r = clew_bulk_commit(b, err);

        if (r == 0)
                r = clew_env_created(b->env, err);
        if (r == 0) {
                clew_env_close(b->env);
                b->env = NULL;
        }
        return r;
}

int clew_bulk_finish(struct clew_bulk *b, struct clew_error *err)
{
        struct clew_slice format = clew_buffer_slice(&b->format);
        MDB_txn *txn = NULL;
        int r;

        if (format.len == 0)
                return clew_error_set(err, -EBADMSG, 0,
                                      "the record of the store's format is missing");
        r = clew_bulk_txn(b, &txn, err);
        if (r == 0)
                r = clew_table_put(b->env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("format"),
                                   &format, 1, err);
        if (r == 0)
                r = put_state(b, txn, err);
        return r < 0 ? r : clew_bulk_close(b, err);
}

struct first_finding {
        char text[CLEW_ERROR_MESSAGE_MAX / 2];
        int n;
};

static void on_finding(void *context, const char *object, const char *what)
{
        struct first_finding *f = context;

        if (f->n++ == 0)
                snprintf(f->text, sizeof(f->text), "%.60s: %.80s", object, what);
}

int clew_bulk_verify(struct clew_bulk *b, const char *what, struct clew_error *err)
{
        struct first_finding first = {0};
        int r = clew_store_verify(b->path, on_finding, &first, err);

        if (r <= 0)
                return r;
        return clew_error_set(err, -EBADMSG, 0, "%s is damaged: %d findings, the first: %s", what,
                              first.n, first.text);
}

int clew_bulk_install(struct clew_bulk *b, enum clew_rename how, struct clew_error *err)
{
        if (clew_renameat2(b->dir_fd, CLEW_UNFINISHED_DIR "/" CLEW_DATA_FILE, b->dir_fd,
                           CLEW_DATA_FILE, how) < 0)
                return cannot(b, "the new " CLEW_DATA_FILE " cannot be put in its place", err);
        return fsync(b->dir_fd) < 0 ? cannot(b, "syncing its directory", err) : 0;
}
