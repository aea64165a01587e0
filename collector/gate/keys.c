/*
 * See keys.h.
 */
#include "collector/gate/keys.h"

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/file-lock.h"
#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "proto/base/mem.h"
#include "query/serve/access.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)16 << 20)
#define LINE_BYTES_MAX 4096u
#define LINE_ARENA_MAX ((size_t)64 << 10)
#define PUBLIC_BEGINS "pk-clew-"
#define SECRET_BEGINS "sk-clew-"
#define PUBLIC_DIGITS 16u

/* ---- small parts ---------------------------------------------------------------------------- */

bool clew_equal_in_constant_time(struct clew_slice a, struct clew_slice b)
{
        volatile uint8_t differs = 0;

        if (a.len != b.len)
                return false;
        for (size_t i = 0; i < a.len; i++)
                differs = (uint8_t)(differs | (a.data[i] ^ b.data[i]));
        return differs == 0;
}

int clew_random_hex(char ret[CLEW_SHA256_HEX])
{
        uint8_t bytes[CLEW_SHA256_BYTES];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return -EIO;
        clew_hex_encode(clew_slice_make(bytes, sizeof(bytes)), ret);
        explicit_bzero(bytes, sizeof(bytes));
        return 0;
}

bool clew_project_name_is_good(struct clew_slice name)
{
        if (name.len == 0 || name.len >= CLEW_KEY_PROJECT_BYTES || name.data[0] == '.' ||
            name.data[0] == '-')
                return false;
        for (size_t i = 0; i < name.len; i++) {
                uint8_t c = name.data[i];

                if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
                    c != '-' && c != '_' && c != '.')
                        return false;
        }
        return true;
}

static bool hashes_to(struct clew_slice secret, const uint8_t hash[CLEW_SHA256_BYTES])
{
        uint8_t have[CLEW_SHA256_BYTES];

        clew_sha256_of(secret, have);
        return clew_equal_in_constant_time(clew_slice_make(have, sizeof(have)),
                                           clew_slice_make(hash, CLEW_SHA256_BYTES));
}

uint32_t clew_keys_find(const struct clew_keys *keys, struct clew_slice secret)
{
        uint8_t have[CLEW_SHA256_BYTES];
        uint32_t found = UINT32_MAX;

        clew_sha256_of(secret, have);
        for (uint32_t i = 0; i < keys->n; i++) {
                if (clew_equal_in_constant_time(clew_slice_make(have, sizeof(have)),
                                                clew_slice_make(keys->keys[i].hash, sizeof(have))))
                        found = i;
        }
        return found;
}

uint32_t clew_keys_find_link(const struct clew_keys *keys, struct clew_slice code)
{
        uint32_t n = keys->n_links < CLEW_LINKS_MAX ? keys->n_links : CLEW_LINKS_MAX;
        uint32_t found = UINT32_MAX;

        for (uint32_t i = 0; i < n; i++) {
                if (hashes_to(code, keys->links[i].hash))
                        found = i;
        }
        return found;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* One line, as it stands. */
struct line {
        struct clew_slice key;
        struct clew_slice hash;
        struct clew_slice name;
        struct clew_slice project;
        struct clew_slice scopes;
        struct clew_slice revoke;
        struct clew_slice link;
        struct clew_slice used;
        uint64_t v;
        uint64_t created;
        uint64_t expires;
        uint64_t time;
};

static bool read_line(struct clew_slice json, struct clew_arena *arena, struct line *ret)
{
        const struct {
                const char *name;
                struct clew_slice *text;
                uint64_t *number;
        } members[] = {
                {"key", &ret->key, NULL},
                {"hash", &ret->hash, NULL},
                {"name", &ret->name, NULL},
                {"project", &ret->project, NULL},
                {"scopes", &ret->scopes, NULL},
                {"revoke", &ret->revoke, NULL},
                {"link", &ret->link, NULL},
                {"used", &ret->used, NULL},
                {"v", NULL, &ret->v},
                {"created", NULL, &ret->created},
                {"expires", NULL, &ret->expires},
                {"time", NULL, &ret->time},
        };
        struct clew_json_reader r = clew_json_reader_make(json, CLEW_JSON_DEPTH_DEFAULT);

        *ret = (struct line){0};
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                size_t i = 0;

                while (i < CLEW_ARRAY_LEN(members) && !clew_slice_eq_cstr(r.text, members[i].name))
                        i++;
                if (i == CLEW_ARRAY_LEN(members)) {
                        clew_json_skip(&r);
                        continue;
                }
                (void)clew_json_next(&r);
                if (members[i].text && r.token == CLEW_JSON_STRING)
                        *members[i].text = clew_json_string(&r, arena);
                else if (!members[i].number || !clew_json_uint64(&r, members[i].number))
                        return false;
        }
        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        return r.status == CLEW_JSON_COMPLETE && ret->v == 1 && !clew_arena_failed(arena);
}

static bool copy_text(struct clew_slice text, char *ret, size_t size)
{
        if (text.len == 0 || text.len >= size || memchr(text.data, 0, text.len))
                return false;
        memcpy(ret, text.data, text.len);
        ret[text.len] = '\0';
        return true;
}

static uint32_t find_id(const struct clew_keys *keys, struct clew_slice id)
{
        for (uint32_t i = 0; i < keys->n; i++) {
                if (clew_slice_eq_cstr(id, keys->keys[i].id))
                        return i;
        }
        return UINT32_MAX;
}

static int take_key(struct clew_keys *keys, const struct line *l)
{
        struct clew_access_key *k = &keys->keys[keys->n];

        if (keys->n == CLEW_KEYS_MAX)
                return -E2BIG;
        *k = (struct clew_access_key){.created_s = l->created, .expires_s = l->expires};
        if (!copy_text(l->key, k->id, sizeof(k->id)) ||
            !copy_text(l->name, k->name, sizeof(k->name)) ||
            !copy_text(l->project, k->project, sizeof(k->project)) ||
            !clew_project_name_is_good(l->project) || !clew_access_parse(l->scopes, &k->scopes) ||
            !clew_hex_decode(l->hash, k->hash, sizeof(k->hash)) ||
            find_id(keys, l->key) != UINT32_MAX)
                return -EBADMSG;
        keys->n++;
        return 0;
}

static int take_link(struct clew_keys *keys, const struct line *l)
{
        struct clew_key_link link = {.expires_s = l->expires, .key = find_id(keys, l->key)};

        if (link.key == UINT32_MAX || !clew_hex_decode(l->link, link.hash, sizeof(link.hash)))
                return -EBADMSG;
        keys->links[keys->n_links++ % CLEW_LINKS_MAX] = link;
        return 0;
}

static int take_used(struct clew_keys *keys, const struct line *l)
{
        uint8_t hash[CLEW_SHA256_BYTES];

        if (!clew_hex_decode(l->used, hash, sizeof(hash)))
                return -EBADMSG;
        for (uint32_t i = 0; i < CLEW_LINKS_MAX; i++) {
                if (memcmp(keys->links[i].hash, hash, sizeof(hash)) == 0)
                        keys->links[i].used = true;
        }
        return 0;
}

static int take_line(struct clew_keys *keys, struct clew_slice json, struct clew_arena *arena)
{
        struct line l;
        uint32_t i;

        if (!read_line(json, arena, &l))
                return -EBADMSG;
        if (l.revoke.len > 0) {
                i = find_id(keys, l.revoke);
                if (i == UINT32_MAX || l.time == 0)
                        return -EBADMSG;
                keys->keys[i].revoked_s = l.time;
                return 0;
        }
        if (l.link.len > 0)
                return take_link(keys, &l);
        return l.used.len > 0 ? take_used(keys, &l) : take_key(keys, &l);
}

static int read_all(int fd, const char *path, struct clew_buffer *out, struct clew_error *err)
{
        for (;;) {
                uint8_t *room = clew_buffer_reserve(out, 65536);
                ssize_t n = room ? read(fd, room, 65536) : 0;

                if (!room)
                        return clew_error_set(err, -E2BIG, 0, "%s is larger than %zu MiB", path,
                                              FILE_BYTES_MAX >> 20);
                if (n < 0)
                        return clew_error_set(err, -errno, 0, "cannot read %s: %s", path,
                                              strerror(errno));
                if (n == 0)
                        return 0;
                clew_buffer_commit(out, (size_t)n);
        }
}

/* A file that others can read or write is no place for keys. */
static int check_mode(int fd, const char *path, struct clew_error *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return clew_error_set(err, -errno, 0, "cannot look at %s: %s", path,
                                      strerror(errno));
        if (!S_ISREG(st.st_mode))
                return clew_error_set(err, -EPERM, 0, "%s is not a regular file", path);
        if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
                return clew_error_set(err, -EPERM, 0,
                                      "%s can be read or written by others: chmod 600 %s", path,
                                      path);
        return 0;
}

static int parse(struct clew_keys *keys, const char *path, struct clew_slice text,
                 struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        unsigned number = 0;

        clew_arena_init(&arena, LINE_ARENA_MAX);
        while (text.len > 0) {
                const uint8_t *end = memchr(text.data, '\n', text.len);
                size_t len = end ? (size_t)(end - text.data) : text.len;
                struct clew_slice line = clew_slice_make(text.data, len);
                int r;

                number++;
                text = clew_slice_from(text, end ? len + 1 : len);
                if (line.len == 0)
                        continue;
                clew_arena_reset(&arena);
                r = end ? take_line(keys, line, &arena) : -EBADMSG;
                if (r == -E2BIG)
                        return clew_error_set(err, r, 0, "%s: more than %u keys", path,
                                              CLEW_KEYS_MAX);
                if (r < 0)
                        return clew_error_set(err, r, 0, "%s:%u: not a line of keys, or damaged",
                                              path, number);
        }
        return 0;
}

static int lock(int fd, int how, const char *path, struct clew_error *err)
{
        int r = clew_file_lock(fd, how, CLEW_FILE_LOCK_NS);

        if (r == -ETIMEDOUT)
                return clew_error_set(err, r, 0,
                                      "cannot lock %s: another process has held its lock for %us; "
                                      "end that one, or try again",
                                      path, (unsigned)(CLEW_FILE_LOCK_NS / CLEW_NS_PER_S));
        return r < 0 ? clew_error_set(err, r, 0, "cannot lock %s: %s", path, strerror(-r)) : 0;
}

int clew_keys_load(const char *path, struct clew_keys **ret, struct clew_error *err)
{
        CLEW_BUFFER text = {0};
        struct clew_keys *keys = clew_calloc(1, sizeof(*keys));
        int fd;
        int r;

        if (!keys)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        clew_buffer_init(&text, FILE_BYTES_MAX);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 && errno == ENOENT) {
                *ret = keys;
                return 0;
        }
        r = fd < 0 ? clew_error_set(err, -errno, 0, "cannot open %s: %s", path, strerror(errno))
                   : check_mode(fd, path, err);
        if (r == 0)
                r = lock(fd, LOCK_SH, path, err);
        if (r == 0)
                r = read_all(fd, path, &text, err);
        if (fd >= 0)
                close(fd);
        if (r == 0)
                r = parse(keys, path, clew_buffer_slice(&text), err);
        if (r < 0) {
                clew_keys_free(keys);
                return r;
        }
        *ret = keys;
        return 0;
}

void clew_keys_free(struct clew_keys *keys)
{
        clew_free(keys);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int sync_directory(const char *path)
{
        CLEW_BUFFER dir = {0};
        const char *slash = strrchr(path, '/');
        int fd;
        int r;

        clew_buffer_init(&dir, LINE_BYTES_MAX);
        clew_buffer_append(&dir, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
        clew_buffer_append_byte(&dir, 0);
        if (clew_buffer_error(&dir) < 0)
                return clew_buffer_error(&dir);
        fd = open((const char *)dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = fsync(fd) < 0 ? -errno : 0;
        close(fd);
        return r;
}

/* Adds one line; whole and on disk when it returns 0. */
static int append(const char *path, const struct clew_buffer *line, struct clew_error *err)
{
        int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        struct stat st;
        int r = 0;

        if (clew_buffer_error(line) < 0) {
                if (fd >= 0)
                        close(fd);
                return clew_buffer_error(line);
        }
        if (fd < 0)
                return clew_error_set(err, -errno, 0, "cannot write %s: %s", path, strerror(errno));
        r = check_mode(fd, path, err);
        if (r == 0)
                r = lock(fd, LOCK_EX, path, err);
        if (r == 0 && fstat(fd, &st) < 0)
                r = -errno;
        if (r == 0 && write(fd, line->data, line->len) != (ssize_t)line->len) {
                r = errno ? -errno : -EIO;
                (void)!ftruncate(fd, st.st_size); /* half a line is no line */
        }
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        close(fd);
        if (r == 0)
                r = sync_directory(path);
        if (r < 0 && !err->message[0])
                clew_error_set(err, r, 0, "cannot write %s: %s", path, strerror(-r));
        return r;
}

static void put_text(struct clew_json_writer *w, const char *key, const char *text)
{
        clew_json_write_key(w, key);
        clew_json_write_cstr(w, text);
}

static void put_number(struct clew_json_writer *w, const char *key, uint64_t number)
{
        clew_json_write_key(w, key);
        clew_json_write_uint64(w, number);
}

static struct clew_json_writer begin(struct clew_buffer *line)
{
        struct clew_json_writer w;

        clew_buffer_init(line, LINE_BYTES_MAX);
        w = clew_json_writer_make(line, 0);
        clew_json_write_object_begin(&w);
        put_number(&w, "v", 1);
        return w;
}

static int finish(struct clew_json_writer *w, struct clew_buffer *line, const char *path,
                  struct clew_error *err)
{
        clew_json_write_object_end(w);
        clew_buffer_append_byte(line, '\n');
        return append(path, line, err);
}

static void put_scopes(struct clew_json_writer *w, uint32_t scopes)
{
        char text[64] = "";
        size_t len = 0;

        for (uint32_t scope = 1; scope <= CLEW_SCOPES_ALL; scope <<= 1) {
                if ((scopes & scope) != 0)
                        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
                                                len > 0 ? "," : "", clew_access_word(scope));
        }
        put_text(w, "scopes", text);
}

static uint64_t now_s(void)
{
        return (uint64_t)time(NULL);
}

int clew_keys_add(const char *path, struct clew_access_key *key,
                  char ret_secret[CLEW_KEY_SECRET_BYTES], struct clew_error *err)
{
        CLEW_BUFFER line = {0};
        struct clew_json_writer w;
        char hex[CLEW_SHA256_HEX];
        char public[CLEW_SHA256_HEX];
        int r = clew_random_hex(hex);

        if (r == 0)
                r = clew_random_hex(public);
        if (r < 0)
                return clew_error_set(err, r, 0, "the system gives no random bytes");
        (void)snprintf(ret_secret, CLEW_KEY_SECRET_BYTES, SECRET_BEGINS "%s", hex);
        (void)snprintf(key->id, sizeof(key->id), PUBLIC_BEGINS "%.*s", (int)PUBLIC_DIGITS, public);
        clew_sha256_of(clew_slice_of_cstr(ret_secret), key->hash);
        clew_hex_encode(clew_slice_make(key->hash, sizeof(key->hash)), hex);
        key->created_s = now_s();
        w = begin(&line);
        put_text(&w, "key", key->id);
        put_text(&w, "hash", hex);
        put_text(&w, "name", key->name);
        put_text(&w, "project", key->project);
        put_scopes(&w, key->scopes);
        put_number(&w, "created", key->created_s);
        put_number(&w, "expires", key->expires_s);
        return finish(&w, &line, path, err);
}

int clew_keys_revoke(const char *path, const struct clew_access_key *key, struct clew_error *err)
{
        CLEW_BUFFER line = {0};
        struct clew_json_writer w = begin(&line);

        put_text(&w, "revoke", key->id);
        put_number(&w, "time", now_s());
        return finish(&w, &line, path, err);
}

int clew_keys_link(const char *path, const struct clew_access_key *key,
                   char ret_code[CLEW_KEY_SECRET_BYTES], struct clew_error *err)
{
        CLEW_BUFFER line = {0};
        struct clew_json_writer w;
        uint8_t hash[CLEW_SHA256_BYTES];
        char hex[CLEW_SHA256_HEX];
        int r = clew_random_hex(hex);

        if (r < 0)
                return clew_error_set(err, r, 0, "the system gives no random bytes");
        (void)snprintf(ret_code, CLEW_KEY_SECRET_BYTES, "%s", hex);
        clew_sha256_of(clew_slice_of_cstr(ret_code), hash);
        clew_hex_encode(clew_slice_make(hash, sizeof(hash)), hex);
        w = begin(&line);
        put_text(&w, "link", hex);
        put_text(&w, "key", key->id);
        put_number(&w, "expires", now_s() + CLEW_KEY_LINK_S);
        return finish(&w, &line, path, err);
}

int clew_keys_use_link(const char *path, const struct clew_key_link *link, struct clew_error *err)
{
        CLEW_BUFFER line = {0};
        struct clew_json_writer w = begin(&line);
        char hex[CLEW_SHA256_HEX];

        clew_hex_encode(clew_slice_make(link->hash, sizeof(link->hash)), hex);
        put_text(&w, "used", hex);
        put_number(&w, "time", now_s());
        return finish(&w, &line, path, err);
}
