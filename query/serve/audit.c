/*
 * See audit.h.
 */
#include "query/serve/audit.h"

#include "proto/base/buffer.h"
#include "proto/base/file-lock.h"
#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4608u
#define LINE_BYTES_MAX 8192u
#define HASH_MEMBER ",\"hash\":\""
#define ENDING_BYTES (sizeof(HASH_MEMBER) - 1 + CLEW_SHA256_HEX - 1 + 2) /* and "} */

struct clew_audit {
        char path[PATH_BYTES];
        pthread_mutex_t lock;
};

static void hash_of(struct clew_slice text, char ret[CLEW_SHA256_HEX])
{
        uint8_t hash[CLEW_SHA256_BYTES];

        clew_sha256_of(text, hash);
        clew_hex_encode(clew_slice_make(hash, sizeof(hash)), ret);
}

static void no_hash(char ret[CLEW_SHA256_HEX])
{
        memset(ret, '0', CLEW_SHA256_HEX - 1);
        ret[CLEW_SHA256_HEX - 1] = '\0';
}

/* What stands behind @name in a line of ours; exactly @len bytes follow it. */
static bool member_of(struct clew_slice line, const char *name, size_t len, struct clew_slice *ret)
{
        const uint8_t *at = memmem(line.data, line.len, name, strlen(name));
        size_t from = at ? (size_t)(at - line.data) + strlen(name) : 0;

        if (!at || line.len - from < len)
                return false;
        *ret = clew_slice_make(line.data + from, len);
        return true;
}

/* Whether the line holds by itself; its number and its own hash. */
static bool check_line(struct clew_slice line, const char *prev, uint64_t n,
                       char ret_hash[CLEW_SHA256_HEX])
{
        static const char prev_name[] = ",\"prev\":\"";
        struct clew_slice before;
        struct clew_slice tail;
        char head[48];

        if (line.len < ENDING_BYTES)
                return false;
        tail = clew_slice_from(line, line.len - ENDING_BYTES);
        if (memcmp(tail.data, HASH_MEMBER, sizeof(HASH_MEMBER) - 1) != 0 ||
            memcmp(tail.data + tail.len - 2, "\"}", 2) != 0)
                return false;
        hash_of(clew_slice_make(line.data, line.len - ENDING_BYTES), ret_hash);
        if (memcmp(tail.data + sizeof(HASH_MEMBER) - 1, ret_hash, CLEW_SHA256_HEX - 1) != 0)
                return false;
        /* The last member before the hash, so that no text of a line can stand for it. */
        before = clew_slice_make(line.data, line.len - ENDING_BYTES);
        if (before.len < sizeof(prev_name) - 1 + CLEW_SHA256_HEX)
                return false;
        before = clew_slice_from(before, before.len - (sizeof(prev_name) - 1 + CLEW_SHA256_HEX));
        if (!member_of(before, prev_name, CLEW_SHA256_HEX - 1, &tail) ||
            memcmp(tail.data, prev, CLEW_SHA256_HEX - 1) != 0)
                return false;
        (void)snprintf(head, sizeof(head), "{\"v\":1,\"n\":%" PRIu64 ",", n);
        return line.len > strlen(head) && memcmp(line.data, head, strlen(head)) == 0;
}

/* The number and hash of the last line of the file; 0 and zeros when it is empty. */
static int last_of(int fd, uint64_t *ret_n, char ret_hash[CLEW_SHA256_HEX])
{
        char text[LINE_BYTES_MAX + 1];
        struct stat st;
        size_t n;
        ssize_t got;
        const char *at;
        unsigned long long number = 0;

        no_hash(ret_hash);
        *ret_n = 0;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size == 0)
                return 0;
        n = st.st_size < (off_t)LINE_BYTES_MAX ? (size_t)st.st_size : LINE_BYTES_MAX;
        got = pread(fd, text, n, st.st_size - (off_t)n);
        if (got != (ssize_t)n)
                return got < 0 ? -errno : -EIO;
        text[n] = '\0';
        if (n < ENDING_BYTES + 2 || text[n - 1] != '\n')
                return -EBADMSG;
        at = memrchr(text, '\n', n - 1);
        at = at ? at + 1 : text;
        if (sscanf(at, "{\"v\":1,\"n\":%llu,", &number) != 1)
                return -EBADMSG;
        *ret_n = number;
        memcpy(ret_hash, text + n - 3 - (CLEW_SHA256_HEX - 1), CLEW_SHA256_HEX - 1);
        return 0;
}

int clew_audit_new(const char *path, struct clew_audit **ret)
{
        struct clew_audit *a = clew_calloc(1, sizeof(*a));

        if (!a)
                return -ENOMEM;
        pthread_mutex_init(&a->lock, NULL);
        (void)snprintf(a->path, sizeof(a->path), "%s", path);
        *ret = a;
        return 0;
}

void clew_audit_free(struct clew_audit *a)
{
        if (!a)
                return;
        pthread_mutex_destroy(&a->lock);
        clew_free(a);
}

static void put(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        clew_json_write_key(w, key);
        clew_json_write_string(w, text.len > CLEW_AUDIT_TEXT_MAX
                                          ? clew_slice_make(text.data, CLEW_AUDIT_TEXT_MAX)
                                          : text);
}

static void write_line(struct clew_buffer *line, const struct clew_audit_entry *e, uint64_t n,
                       const char *prev)
{
        struct clew_json_writer w = clew_json_writer_make(line, 0);
        char hash[CLEW_SHA256_HEX];

        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "n");
        clew_json_write_uint64(&w, n);
        clew_json_write_key(&w, "time_unix_nano");
        clew_json_write_uint64_string(&w, e->time_ns);
        put(&w, "who", e->who);
        put(&w, "key", e->key);
        put(&w, "from", e->from);
        put(&w, "what", e->what);
        clew_json_write_key(&w, "status");
        clew_json_write_uint64(&w, e->status);
        if (e->more > 0) {
                clew_json_write_key(&w, "more");
                clew_json_write_uint64(&w, e->more);
                clew_json_write_key(&w, "since_unix_nano");
                clew_json_write_uint64_string(&w, e->since_ns);
        }
        put(&w, "prev", clew_slice_of_cstr(prev));
        hash_of(clew_buffer_slice(line), hash);
        put(&w, "hash", clew_slice_of_cstr(hash));
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(line, '\n');
}

static int add(int fd, const struct clew_audit_entry *e)
{
        CLEW_BUFFER line = {0};
        char prev[CLEW_SHA256_HEX];
        uint64_t n;
        int r = last_of(fd, &n, prev);

        if (r < 0)
                return r;
        clew_buffer_init(&line, LINE_BYTES_MAX);
        write_line(&line, e, n + 1, prev);
        if (clew_buffer_error(&line) < 0)
                return clew_buffer_error(&line);
        if (write(fd, line.data, line.len) != (ssize_t)line.len)
                return errno ? -errno : -EIO;
        return fdatasync(fd) < 0 ? -errno : 0;
}

int clew_audit_add(struct clew_audit *a, const struct clew_audit_entry *entry,
                   struct clew_error *err)
{
        int fd;
        int r;

        pthread_mutex_lock(&a->lock);
        fd = open(a->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = fd < 0 ? -errno : clew_file_lock(fd, LOCK_EX, CLEW_FILE_LOCK_NS);
        if (r == 0)
                r = add(fd, entry);
        if (fd >= 0)
                close(fd);
        pthread_mutex_unlock(&a->lock);
        return r < 0 ? clew_error_set(err, r, 0, "cannot write the audit log %s: %s", a->path,
                                      r == -EBADMSG     ? "its last line is damaged"
                                      : r == -ETIMEDOUT ? "another process holds its lock"
                                                        : strerror(-r))
                     : 0;
}

int clew_audit_verify(const char *path, const char *wanted, struct clew_audit_result *ret,
                      struct clew_error *err)
{
        char line[LINE_BYTES_MAX];
        FILE *f = fopen(path, "re");
        int r = 0;

        *ret = (struct clew_audit_result){0};
        no_hash(ret->last);
        if (!f)
                return errno == ENOENT ? -ENOENT
                                       : clew_error_set(err, -errno, 0, "cannot read %s: %s", path,
                                                        strerror(errno));
        while (r == 0 && fgets(line, sizeof(line), f)) {
                size_t len = strlen(line);
                char hash[CLEW_SHA256_HEX];
                bool whole = len > 0 && line[len - 1] == '\n';

                if (!whole ||
                    !check_line(clew_slice_make(line, len - 1), ret->last, ret->n + 1, hash)) {
                        r = clew_error_set(
                                err, -EBADMSG, 0,
                                "%s: line %" PRIu64 " does not go on from the one "
                                "before: it, or one near it, was changed, taken out, put "
                                "in or cut short",
                                path, ret->n + 1);
                        break;
                }
                ret->n++;
                memcpy(ret->last, hash, sizeof(hash));
                ret->found |= wanted && strcmp(wanted, hash) == 0;
        }
        if (r == 0 && ferror(f))
                r = clew_error_set(err, -EIO, 0, "cannot read %s", path);
        (void)fclose(f);
        return r;
}
