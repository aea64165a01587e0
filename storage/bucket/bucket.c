#include "storage/bucket/bucket-int.h"

#include "proto/base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define WAIT_FIRST_NS (50 * CLEW_NS_PER_MS)
#define WAIT_LONGEST_NS (2 * CLEW_NS_PER_S)
#define WAIT_SLICE_NS (50 * CLEW_NS_PER_MS)
#define ATTEMPT_LEAST_NS (10 * CLEW_NS_PER_MS)
/* Of an object that is compared, so many bytes are in memory beside it. */
#define COMPARED_BYTES ((size_t)16 << 20)
/* Of one that was put together, so many are read: its end, and that it is as long as it should be.
 */
#define LOOKED_AT_BYTES ((size_t)64 << 10)

/* ---- addresses and names --------------------------------------------------------------------- */

bool clew_bucket_is_url(const char *text)
{
        return strncmp(text, "s3://", 5) == 0 || strncmp(text, "dir://", 6) == 0;
}

static int open_any(struct clew_object_bucket *beside, const char *url, bool create,
                    struct clew_object_bucket **ret, struct clew_error *err)
{
        if (strlen(url) >= CLEW_BUCKET_URL_MAX)
                return clew_error_set(err, -EINVAL, 0, "an address has at most %u bytes",
                                      CLEW_BUCKET_URL_MAX - 1);
        if (strncmp(url, "s3://", 5) == 0)
                return clew_bucket_s3_open(beside, url, ret, err);
        if (strncmp(url, "dir://", 6) == 0)
                return clew_bucket_dir_open(url, create, ret, err);
        return clew_error_set(err, -EINVAL, 0,
                              "%s: objects lie at s3://BUCKET/PREFIX or dir:///PATH", url);
}

int clew_bucket_open(const char *url, bool create, struct clew_object_bucket **ret,
                     struct clew_error *err)
{
        int r = open_any(NULL, url, create, ret, err);

        if (r == 0)
                (*ret)->stop = &(*ret)->own_stop;
        return r;
}

int clew_bucket_open_beside(struct clew_object_bucket *beside, const char *url,
                            struct clew_object_bucket **ret, struct clew_error *err)
{
        int r = open_any(beside, url, false, ret, err);

        if (r == 0)
                (*ret)->stop = beside ? beside->stop : &(*ret)->own_stop;
        return r;
}

void clew_bucket_close(struct clew_object_bucket *b)
{
        if (b)
                b->ops->close(b);
}

void clew_bucket_stop(struct clew_object_bucket *b)
{
        atomic_store(b->stop, true);
}

void clew_bucket_hurry(struct clew_object_bucket *b, uint64_t until_ns)
{
        atomic_store(&b->until_ns, until_ns);
}

bool clew_bucket_name_is_good(const char *name)
{
        size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-");

        if (name[n] == '/') {
                size_t more = strspn(name + n + 1, "abcdefghijklmnopqrstuvwxyz0123456789.-");

                if (n == 0 || more == 0 || name[0] == '.' || name[n + 1] == '.')
                        return false;
                n += 1 + more;
        }
        return n > 0 && name[0] != '.' && name[n] == '\0' && n <= CLEW_BUCKET_NAME_MAX;
}

/* Of the time in which all must be done. */
static uint64_t left_ns(struct clew_object_bucket *b)
{
        uint64_t until = atomic_load(&b->until_ns);
        uint64_t now = until ? clew_clock_monotonic_ns(clew_clock_system()) : 0;

        return until == 0 ? UINT64_MAX : until > now ? until - now : 0;
}

static int refuse(struct clew_object_bucket *b, const char *name, struct clew_error *err)
{
        if (atomic_load(b->stop))
                return clew_error_set(err, -ECANCELED, 0, "%s: stopped", b->url);
        if (left_ns(b) == 0)
                return clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer in time", b->url);
        if (!clew_bucket_name_is_good(name))
                return clew_error_set(err, -EINVAL, 0, "%s: no object can have this name", b->url);
        return 0;
}

/* ---- patience -------------------------------------------------------------------------------- */

struct clew_bucket_patience clew_bucket_patience_begin(struct clew_object_bucket *b)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        uint64_t left = left_ns(b);
        uint64_t patience = b->attempt_ns * CLEW_BUCKET_PATIENCE;

        return (struct clew_bucket_patience){.bucket = b,
                                             .until_ns = now + (patience < left ? patience : left)};
}

uint64_t clew_bucket_attempt_ns(struct clew_object_bucket *b, uint64_t bytes)
{
        uint64_t want = b->attempt_ns + bytes / CLEW_BUCKET_SLOWEST_BYTES * CLEW_NS_PER_S;
        uint64_t left = left_ns(b);

        left = left > ATTEMPT_LEAST_NS ? left : ATTEMPT_LEAST_NS;
        return want < left ? want : left;
}

uint64_t clew_bucket_silence_ns(struct clew_object_bucket *b, uint64_t sent)
{
        return clew_bucket_attempt_ns(b, sent < CLEW_BUCKET_ON_ITS_WAY ? sent
                                                                       : CLEW_BUCKET_ON_ITS_WAY);
}

/* Between half of @ns and all of it, so that many who fail together do not come back together. */
static uint64_t drawn(uint64_t ns)
{
        uint64_t chance = 0;

        if (getrandom(&chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
                chance = ns / 2;
        return ns / 2 + chance % (ns / 2 + 1);
}

bool clew_bucket_patience_wait(struct clew_bucket_patience *p)
{
        uint64_t wait = WAIT_FIRST_NS << (p->n < 8 ? p->n : 8);
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        uint64_t end;

        wait = drawn(wait < WAIT_LONGEST_NS ? wait : WAIT_LONGEST_NS);
        end = now + wait;
        p->n++;
        if (end >= p->until_ns)
                return false;
        for (; now < end; now = clew_clock_monotonic_ns(clew_clock_system())) {
                uint64_t part = end - now < WAIT_SLICE_NS ? end - now : WAIT_SLICE_NS;
                struct timespec t = {.tv_nsec = (long)part};

                if (atomic_load(p->bucket->stop))
                        return false;
                (void)nanosleep(&t, NULL);
        }
        return !atomic_load(p->bucket->stop);
}

/* ---- creating until it is sure --------------------------------------------------------------- */

/* Whether the name has exactly these bytes, of which the first @from are not looked at: 1, 0, or an
 * error. They are read some at a time. */
static int has_bytes(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                     size_t from, struct clew_error *err)
{
        CLEW_BUFFER there = {0};
        bool same = true;

        clew_buffer_init(&there, COMPARED_BYTES);
        do {
                size_t left = bytes.len - from;
                size_t n = left < COMPARED_BYTES ? left : COMPARED_BYTES;
                uint64_t size = 0;
                int r;

                clew_buffer_clear(&there);
                r = b->ops->get(b, name, from, n > 0 ? n : 1, &there, &size, err);
                if (r < 0)
                        return r;
                same = size == bytes.len && clew_slice_eq(clew_buffer_slice(&there),
                                                          clew_slice_make(bytes.data + from, n));
                from += n;
        } while (same && from < bytes.len);
        return same;
}

/* In parts, where that is worth it. What the store has put together of them is looked at. */
static int put_own(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                   struct clew_error *err)
{
        int r = -ENOTSUP;

        if (b->ops->put_parts && b->part_bytes > 0 &&
            bytes.len > b->part_bytes * CLEW_BUCKET_PARTS_LEAST)
                r = b->ops->put_parts(b, name, bytes, err);
        if (r == -ENOTSUP)
                return b->ops->put(b, name, bytes, err);
        if (r == CLEW_BUCKET_MADE &&
            has_bytes(b, name, bytes, bytes.len - LOOKED_AT_BYTES, err) != 1)
                r = CLEW_BUCKET_EXISTS;
        return r;
}

typedef int (*put_fn)(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                      struct clew_error *err);

static int create(struct clew_object_bucket *b, put_fn put, const char *name,
                  struct clew_slice bytes, struct clew_error *err)
{
        struct clew_bucket_patience p = clew_bucket_patience_begin(b);
        int r = refuse(b, name, err);

        if (r < 0)
                return r;
        if (bytes.len > CLEW_BUCKET_OBJECT_MAX)
                return clew_error_set(err, -EMSGSIZE, 0, "%s: an object of %zu bytes; at most %zu",
                                      b->url, bytes.len, CLEW_BUCKET_OBJECT_MAX);
        for (;;) {
                r = put(b, name, bytes, err);
                if (r == CLEW_BUCKET_EXISTS) {
                        int same = has_bytes(b, name, bytes, 0, err);

                        if (same >= 0)
                                return same ? CLEW_BUCKET_MADE : CLEW_BUCKET_EXISTS;
                        /* Gone again, or not to be read now: not sure. */
                        r = same == -EACCES ? same : CLEW_BUCKET_UNSURE;
                }
                if (r != CLEW_BUCKET_UNSURE && r != -EHOSTUNREACH)
                        return r;
                if (!clew_bucket_patience_wait(&p))
                        return r;
        }
}

int clew_bucket_create(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                       struct clew_error *err)
{
        return create(b, b->ops->put, name, bytes, err);
}

int clew_bucket_create_own(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                           struct clew_error *err)
{
        return create(b, put_own, name, bytes, err);
}

void clew_bucket_forget_parts(struct clew_object_bucket *b, const char *folder)
{
        if (b->ops->forget_parts)
                b->ops->forget_parts(b, folder);
}

/* ---- the rest -------------------------------------------------------------------------------- */

int clew_bucket_get(struct clew_object_bucket *b, const char *name, uint64_t from, size_t n,
                    struct clew_buffer *out, uint64_t *ret_size, struct clew_error *err)
{
        uint64_t size;
        int r = refuse(b, name, err);

        if (r == 0 && (n == 0 || n > CLEW_BUCKET_OBJECT_MAX || from > INT64_MAX / 2))
                r = clew_error_set(err, -EINVAL, 0, "%s: %s: no such range", b->url, name);
        return r < 0 ? r : b->ops->get(b, name, from, n, out, ret_size ? ret_size : &size, err);
}

int clew_bucket_list(struct clew_object_bucket *b, const char *folder, const char *after,
                     clew_bucket_list_fn fn, void *context, struct clew_error *err)
{
        int r = refuse(b, folder, err);

        if (r == 0 && (strchr(folder, '/') || (*after && !clew_bucket_name_is_good(after))))
                r = clew_error_set(err, -EINVAL, 0, "%s: no such folder", b->url);
        return r < 0 ? r : b->ops->list(b, folder, after, fn, context, err);
}

int clew_bucket_delete(struct clew_object_bucket *b, const char *name, struct clew_error *err)
{
        int r = refuse(b, name, err);

        return r < 0 ? r : b->ops->remove(b, name, err);
}

void clew_bucket_figures(struct clew_object_bucket *b, struct clew_hedge_figures *ret)
{
        memset(ret, 0, sizeof(*ret));
        if (b->ops->figures)
                b->ops->figures(b, ret);
}
