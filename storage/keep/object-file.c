#include "storage/keep/object-file-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "storage/base/record-int.h"
#include "storage/index/catalog-keys-int.h"
#include "storage/object/objects-int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "CLEWOBJ1"
#define HEADER_BYTES 32u
#define PART_HEADER_BYTES 8u
/* A chunk is a MiB, a block of an index run less; with their checksums. */
#define PART_BYTES_MAX ((uint64_t)16 << 20)
#define PARTS_MAX (1u << 22)
/* The file being written; there is one at a time, under the lock of the directory. */
#define PART_FILE "part"

static const char letters[CLEW_KEPT_KINDS] = {
        [CLEW_KEPT_RUN] = 'r',
        [CLEW_KEPT_SEGMENT] = 's',
};

static enum clew_table table_of(enum clew_kept_kind kind)
{
        return kind == CLEW_KEPT_RUN ? CLEW_TABLE_INDEX : CLEW_TABLE_OBJECT;
}

static struct clew_key key_of(enum clew_kept_kind kind, uint64_t number, uint32_t part)
{
        return kind == CLEW_KEPT_RUN ? clew_index_key_block(number, part + 1)
                                     : clew_key_chunk(number, part);
}

/* ---- names and records ----------------------------------------------------------------------- */

void clew_kept_name(const struct clew_kept *k, char ret[CLEW_KEPT_NAME_MAX])
{
        snprintf(ret, CLEW_KEPT_NAME_MAX, "%c%016llx-%016llx", letters[k->kind],
                 (unsigned long long)k->number, (unsigned long long)k->digest);
}

bool clew_kept_read_name(const char *name, struct clew_kept *ret)
{
        struct clew_kept k = {0};

        if (strlen(name) != 34 || name[17] != '-' || !clew_parse_hex16(name + 1, &k.number) ||
            !clew_parse_hex16(name + 18, &k.digest))
                return false;
        if (name[0] == letters[CLEW_KEPT_SEGMENT])
                k.kind = CLEW_KEPT_SEGMENT;
        else if (name[0] != letters[CLEW_KEPT_RUN])
                return false;
        *ret = k;
        return true;
}

void clew_kept_put(struct clew_stream_writer *w, const struct clew_kept *k)
{
        char name[CLEW_KEPT_NAME_MAX];
        CLEW_BUFFER value = {0};

        clew_kept_name(k, name);
        clew_buffer_init(&value, 64);
        clew_buffer_append_varint(&value, k->n_parts);
        clew_buffer_append_varint(&value, k->bytes);
        if (clew_buffer_error(&value) < 0)
                w->error = w->error ? w->error : -ENOMEM;
        clew_stream_put(w, CLEW_STREAM_OBJECT, clew_slice_of_cstr(name), clew_buffer_slice(&value));
}

bool clew_kept_decode(const struct clew_stream_record *record, struct clew_kept *ret)
{
        struct clew_cursor c = clew_cursor_make(record->value);
        char name[CLEW_KEPT_NAME_MAX] = "";
        uint64_t n = clew_cursor_varint(&c);

        if (record->key.len >= sizeof(name))
                return false;
        memcpy(name, record->key.data, record->key.len);
        if (!clew_kept_read_name(name, ret) || n > PARTS_MAX)
                return false;
        ret->n_parts = (uint32_t)n;
        ret->bytes = clew_cursor_varint(&c);
        return !c.failed;
}

/* ---- from the store -------------------------------------------------------------------------- */

static uint64_t digest_begin(const struct clew_kept *k)
{
        uint64_t words[2] = {(uint64_t)k->kind, k->number};

        return clew_hash(clew_slice_make(words, sizeof(words)));
}

/* A part is known by its length and its checksum, which is of its key and bytes. */
static uint64_t digest_more(uint64_t digest, struct clew_slice stored)
{
        uint64_t words[2] = {stored.len, 0};

        memcpy(&words[1], stored.data + stored.len - CLEW_TABLE_CHECK_BYTES, sizeof(words[1]));
        return clew_hash_seeded(clew_slice_make(words, sizeof(words)), digest);
}

int clew_kept_look(struct clew_env *env, MDB_txn *txn, enum clew_kept_kind kind, uint64_t number,
                   struct clew_kept *ret, struct clew_error *err)
{
        struct clew_kept k = {.kind = kind, .number = number, .bytes = HEADER_BYTES};
        int r = 0;

        k.digest = digest_begin(&k);
        while (r == 0 && k.n_parts < PARTS_MAX) {
                struct clew_key key = key_of(kind, number, k.n_parts);
                struct clew_slice stored;

                r = clew_table_peek(env, txn, table_of(kind), clew_key_slice(&key), &stored, err);
                if (r == 0 && stored.len < CLEW_TABLE_CHECK_BYTES)
                        r = clew_error_set(err, -EBADMSG, 0, "a part of it is too short");
                if (r < 0)
                        break;
                k.digest = digest_more(k.digest, stored);
                k.bytes += PART_HEADER_BYTES + stored.len;
                k.n_parts++;
        }
        if (r < 0 && (r != -ENOENT || k.n_parts == 0))
                return r;
        *ret = k;
        return 0;
}

/* Part @i of a segment's object whose bytes are not in the store, as the store would have it. */
static int make_part(struct clew_slice bytes, uint64_t number, uint32_t i, struct clew_buffer *out)
{
        struct clew_key key = key_of(CLEW_KEPT_SEGMENT, number, i);
        size_t from = (size_t)i * CLEW_OBJECT_CHUNK_BYTES;
        size_t left = from < bytes.len ? bytes.len - from : 0;
        size_t n = left < CLEW_OBJECT_CHUNK_BYTES ? left : CLEW_OBJECT_CHUNK_BYTES;

        clew_buffer_clear(out);
        if (i == 0)
                clew_buffer_append_le64(out, bytes.len);
        clew_buffer_append(out, bytes.data + from, n);
        if (clew_buffer_error(out) == 0)
                clew_buffer_append_le64(
                        out, clew_checksum(clew_key_slice(&key), clew_buffer_slice(out)));
        return clew_buffer_error(out);
}

int clew_kept_look_away(uint64_t number, struct clew_slice bytes, struct clew_kept *ret)
{
        struct clew_kept k = {.kind = CLEW_KEPT_SEGMENT, .number = number, .bytes = HEADER_BYTES};
        CLEW_BUFFER part = {0};
        int r = 0;

        clew_buffer_init(&part, PART_BYTES_MAX);
        k.digest = digest_begin(&k);
        while (r == 0 &&
               (k.n_parts == 0 || (size_t)k.n_parts * CLEW_OBJECT_CHUNK_BYTES < bytes.len)) {
                r = make_part(bytes, number, k.n_parts, &part);
                if (r < 0)
                        break;
                k.digest = digest_more(k.digest, clew_buffer_slice(&part));
                k.bytes += PART_HEADER_BYTES + part.len;
                k.n_parts++;
        }
        *ret = k;
        return r;
}

static void put_le(uint8_t *at, uint64_t v, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                at[i] = (uint8_t)(v >> 8 * i);
}

static void make_header(const struct clew_kept *k, uint8_t header[HEADER_BYTES])
{
        memset(header, 0, HEADER_BYTES);
        memcpy(header, MAGIC, 8);
        header[8] = (uint8_t)letters[k->kind];
        put_le(header + 12, k->n_parts, 4);
        put_le(header + 16, k->number, 8);
        put_le(header + 24, k->digest, 8);
}

static int write_parts(struct clew_env *env, MDB_txn *txn, const struct clew_kept *k, int fd,
                       const struct clew_backup_dir *to, struct clew_error *err)
{
        uint8_t header[HEADER_BYTES];
        int r;

        make_header(k, header);
        r = clew_write_all(fd, header, sizeof(header));
        for (uint32_t i = 0; r == 0 && i < k->n_parts; i++) {
                struct clew_key key = key_of(k->kind, k->number, i);
                uint8_t length[PART_HEADER_BYTES];
                struct clew_slice value;
                int e = clew_table_get(env, txn, table_of(k->kind), clew_key_slice(&key), &value,
                                       err);

                if (e < 0)
                        return e == -ENOENT ? clew_error_set(err, -EBADMSG, 0, "a part is missing")
                                            : e;
                put_le(length, value.len + CLEW_TABLE_CHECK_BYTES, sizeof(length));
                r = clew_write_all(fd, length, sizeof(length));
                if (r == 0) /* its checksum stands behind it */
                        r = clew_write_all(fd, value.data, value.len + CLEW_TABLE_CHECK_BYTES);
        }
        return r < 0 ? clew_backup_fail(to, "writing an object", r, err) : 0;
}

/* The length in the first chunk of an object is that of all. */
static int check_length(struct clew_env *env, MDB_txn *txn, const struct clew_kept *k,
                        struct clew_error *err)
{
        struct clew_key key = key_of(k->kind, k->number, 0);
        struct clew_slice value;
        struct clew_cursor c;
        uint64_t length;
        int r = k->kind == CLEW_KEPT_SEGMENT ? clew_table_get(env, txn, CLEW_TABLE_OBJECT,
                                                              clew_key_slice(&key), &value, err)
                                             : -ENOENT;

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        c = clew_cursor_make(value);
        length = clew_cursor_le64(&c);
        if (c.failed ||
            HEADER_BYTES + length + sizeof(length) +
                            (uint64_t)k->n_parts * (PART_HEADER_BYTES + CLEW_TABLE_CHECK_BYTES) !=
                    k->bytes)
                return clew_error_set(err, -EBADMSG, 0, "a part is missing");
        return 0;
}

static int write_away(const struct clew_kept *k, struct clew_slice bytes, int fd,
                      const struct clew_backup_dir *to, struct clew_error *err)
{
        uint8_t header[HEADER_BYTES];
        CLEW_BUFFER part = {0};
        int r;

        clew_buffer_init(&part, PART_BYTES_MAX);
        make_header(k, header);
        r = clew_write_all(fd, header, sizeof(header));
        for (uint32_t i = 0; r == 0 && i < k->n_parts; i++) {
                uint8_t length[PART_HEADER_BYTES];

                r = make_part(bytes, k->number, i, &part);
                put_le(length, part.len, sizeof(length));
                if (r == 0)
                        r = clew_write_all(fd, length, sizeof(length));
                if (r == 0)
                        r = clew_write_all(fd, part.data, part.len);
        }
        return r < 0 ? clew_backup_fail(to, "writing an object", r, err) : 0;
}

/* @away: the segment's bytes, which the store has not; NULL: it has. */
static int copy(struct clew_env *env, MDB_txn *txn, const struct clew_kept *k,
                const struct clew_slice *away, const struct clew_backup_dir *to,
                struct clew_error *err)
{
        char name[CLEW_KEPT_NAME_MAX];
        int fd;
        int r;

        if (unlinkat(to->objects_fd, PART_FILE, 0) < 0 && errno != ENOENT)
                return clew_backup_cannot(to, "removing what was left behind", err);
        r = clew_backup_file_open(to, to->objects_fd, PART_FILE, O_WRONLY | O_CREAT | O_EXCL, &fd,
                                  err);
        if (r < 0)
                return r;
        r = away ? write_away(k, *away, fd, to, err) : write_parts(env, txn, k, fd, to, err);
        /* Its way to the disk begins now; the sync at the end finds it there. */
        if (r == 0)
                (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        close(fd);
        clew_kept_name(k, name);
        if (r == 0 && renameat(to->objects_fd, PART_FILE, to->objects_fd, name) < 0)
                r = clew_backup_cannot(to, "naming an object", err);
        if (r < 0)
                (void)unlinkat(to->objects_fd, PART_FILE, 0);
        return r;
}

int clew_kept_copy(struct clew_env *env, MDB_txn *txn, const struct clew_kept *k,
                   const struct clew_backup_dir *to, struct clew_error *err)
{
        int r = check_length(env, txn, k, err);

        return r < 0 ? r : copy(env, txn, k, NULL, to, err);
}

int clew_kept_copy_away(const struct clew_kept *k, struct clew_slice bytes,
                        const struct clew_backup_dir *to, struct clew_error *err)
{
        return copy(NULL, NULL, k, &bytes, to, err);
}

/* ---- from the backup ------------------------------------------------------------------------- */

static int damaged(const struct clew_backup_dir *d, const char *name, const char *what,
                   struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0, "backup %s: object %s is damaged (%s)", d->path,
                              name, what);
}

/* 0 = all @n bytes; -EBADMSG = the file is shorter. */
static int read_exactly(int fd, uint8_t *into, size_t n)
{
        while (n > 0) {
                ssize_t k = read(fd, into, n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0)
                        return k < 0 ? -errno : -EBADMSG;
                into += k;
                n -= (size_t)k;
        }
        return 0;
}

/* One part into @part. */
static int read_part(int fd, struct clew_buffer *part)
{
        uint8_t header[PART_HEADER_BYTES];
        uint64_t n = 0;
        uint8_t *room;
        int r = read_exactly(fd, header, sizeof(header));

        for (unsigned i = PART_HEADER_BYTES; r == 0 && i > 0; i--)
                n = n << 8 | header[i - 1];
        if (r == 0 && (n < CLEW_TABLE_CHECK_BYTES || n > PART_BYTES_MAX))
                r = -EBADMSG;
        if (r < 0)
                return r;
        clew_buffer_clear(part);
        room = clew_buffer_reserve(part, (size_t)n);
        if (!room)
                return -ENOMEM;
        r = read_exactly(fd, room, (size_t)n);
        if (r == 0)
                clew_buffer_commit(part, (size_t)n);
        return r;
}

static int read_parts(int fd, const struct clew_kept *k, clew_kept_part_fn fn, void *context,
                      struct clew_error *err)
{
        CLEW_BUFFER part = {0};
        uint64_t digest = digest_begin(k);
        uint8_t header[HEADER_BYTES];
        uint8_t expected[HEADER_BYTES];
        int r = read_exactly(fd, header, sizeof(header));

        clew_buffer_init(&part, PART_BYTES_MAX);
        make_header(k, expected);
        if (r == 0 && memcmp(header, expected, sizeof(header)) != 0)
                r = -EBADMSG;
        for (uint32_t i = 0; r == 0 && i < k->n_parts; i++) {
                struct clew_key key = key_of(k->kind, k->number, i);
                struct clew_slice stored;
                struct clew_slice value;

                r = read_part(fd, &part);
                if (r < 0)
                        break;
                stored = clew_buffer_slice(&part);
                if (!clew_record_check(clew_key_slice(&key), stored, &value))
                        r = -EBADMSG;
                digest = digest_more(digest, stored);
                if (r == 0 && fn)
                        r = fn(context, table_of(k->kind), clew_key_slice(&key), stored, err);
        }
        if (r == 0 && (digest != k->digest || read(fd, header, 1) != 0))
                r = -EBADMSG;
        return r;
}

int clew_kept_read(const struct clew_backup_dir *from, const struct clew_kept *k,
                   clew_kept_part_fn fn, void *context, struct clew_error *err)
{
        struct clew_error own = {0};
        char name[CLEW_KEPT_NAME_MAX];
        int fd;
        int r;

        clew_kept_name(k, name);
        r = clew_backup_file_open(from, from->objects_fd, name, O_RDONLY, &fd, err);
        if (r < 0)
                return r == -ENOENT ? damaged(from, name, "it is not there", err) : r;
        r = read_parts(fd, k, fn, context, &own);
        /* What was read once is not worth the cache. */
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
        if (r < 0 && own.message[0]) {
                *err = own;
                return r;
        }
        if (r == -EBADMSG)
                return damaged(from, name, "its bytes are not those of its digest", err);
        return r < 0 ? clew_backup_fail(from, name, r, err) : 0;
}
