/*
 * A bucket: immutable objects under names, outside of this store. See README.md.
 *
 * Two backends, a directory and S3, behind one table of functions. A bucket may be used by several
 * threads. No call waits longer than the bucket's time, and a stop ends all of them.
 */
#ifndef CLEW_STORAGE_BUCKET_INT_H
#define CLEW_STORAGE_BUCKET_INT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "storage/bucket/hedge-int.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A segment has at most a trace of 1 GiB, packed; one PUT takes 5 GiB at AWS, 5 GB elsewhere. */
#define CLEW_BUCKET_OBJECT_MAX ((size_t)1 << 30)
/* What has more goes in parts of so many bytes, when its name is of one writer (part=MIB in an
 * address). */
#define CLEW_BUCKET_PART_BYTES ((size_t)16 << 20)
#define CLEW_BUCKET_PART_LEAST_BYTES ((size_t)5 << 20) /* no store takes less */
#define CLEW_BUCKET_PARTS_LEAST 4u /* as many at least: less is not worth three requests more */
#define CLEW_BUCKET_NAME_MAX 128u
#define CLEW_BUCKET_URL_MAX 1024u
/* So long a store may be silent, unless the address says otherwise. */
#define CLEW_BUCKET_TIMEOUT_S 20u
/* An attempt may take that, and the time that its bytes need on the slowest line (half a Mbit/s).
 */
#define CLEW_BUCKET_SLOWEST_BYTES ((uint64_t)64 << 10)
/* Of what is sent, so much may be on its way when the last of it was written: that is silence. */
#define CLEW_BUCKET_ON_ITS_WAY ((uint64_t)4 << 20)
/* Attempts go on for so many times that. */
#define CLEW_BUCKET_PATIENCE 3u

struct clew_object_bucket;

/* What a create came to; errors are negative. */
enum clew_bucket_made {
        CLEW_BUCKET_MADE,   /* the name has these bytes */
        CLEW_BUCKET_EXISTS, /* it has others */
        CLEW_BUCKET_UNSURE, /* it may have these, or come to have them */
};

/* A folder that is not there is one without objects. */
typedef int (*clew_bucket_list_fn)(void *context, const char *name, uint64_t bytes,
                                   struct clew_error *err);

struct clew_bucket_ops {
        /* One attempt. */
        int (*put)(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                   struct clew_error *err);
        /*
         * NULL: it has no parts. The same of a large object whose name nobody else gives: *exists*
         * when it is not known who made it, -ENOTSUP when the store takes no parts.
         */
        int (*put_parts)(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                         struct clew_error *err);
        /* NULL, as well. Gives up uploads of this folder that were begun and not completed. */
        void (*forget_parts)(struct clew_object_bucket *b, const char *folder);
        int (*get)(struct clew_object_bucket *b, const char *name, uint64_t from, size_t n,
                   struct clew_buffer *out, uint64_t *ret_size, struct clew_error *err);
        int (*list)(struct clew_object_bucket *b, const char *folder, const char *after,
                    clew_bucket_list_fn fn, void *context, struct clew_error *err);
        int (*remove)(struct clew_object_bucket *b, const char *name, struct clew_error *err);
        void (*close)(struct clew_object_bucket *b);
        /* NULL: it does not count them. */
        void (*figures)(struct clew_object_bucket *b, struct clew_hedge_figures *ret);
};

/* The first member of each backend's own. */
struct clew_object_bucket {
        const struct clew_bucket_ops *ops;
        char url[CLEW_BUCKET_URL_MAX];
        uint64_t attempt_ns;
        size_t part_bytes;         /* 0: nothing goes in parts */
        _Atomic uint64_t until_ns; /* monotonic; 0 = none */
        atomic_bool *stop;         /* its own, or of the bucket that it was opened beside */
        atomic_bool own_stop;
};

/*
 * Opens the bucket at @url; nothing is asked of it yet. -EINVAL with a message when the address is
 * not one, -ENOTSUP (no libcurl), -EACCES (a directory that is not ours), -ENOMEM. With @create a
 * directory is made that is not there.
 */
CLEW_MUST_USE int clew_bucket_open(const char *url, bool create, struct clew_object_bucket **ret,
                                   struct clew_error *err);
/*
 * The same for another prefix of the store that @beside (NULL: none) is in, by its connections and
 * its key: who looks often does not begin anew each time. It is stopped with @beside, which
 * outlives it.
 */
CLEW_MUST_USE int clew_bucket_open_beside(struct clew_object_bucket *beside, const char *url,
                                          struct clew_object_bucket **ret, struct clew_error *err);
void clew_bucket_close(struct clew_object_bucket *b); /* NULL is fine */
/* Whether @text is an address of a bucket, right or wrong, and no path. */
CLEW_MUST_USE bool clew_bucket_is_url(const char *text);
/* All calls under way end soon with -ECANCELED (a create: unsure), and later ones at once. */
void clew_bucket_stop(struct clew_object_bucket *b);

/* Until monotonic time @until_ns all must be done; what is not is -ETIMEDOUT, or unsure. 0: no
 * longer so. */
void clew_bucket_hurry(struct clew_object_bucket *b, uint64_t until_ns);

/* See README.md; repeats until it is sure or its time is over. enum clew_bucket_made or an error.
 */
CLEW_MUST_USE int clew_bucket_create(struct clew_object_bucket *b, const char *name,
                                     struct clew_slice bytes, struct clew_error *err);
/*
 * The same for a name that is of this writer alone and of these bytes, so that no two ever create
 * it at once with others: a large object may go in parts, each of which is tried again by itself.
 * That other bytes lie under the name is found out as above.
 */
CLEW_MUST_USE int clew_bucket_create_own(struct clew_object_bucket *b, const char *name,
                                         struct clew_slice bytes, struct clew_error *err);
/* Gives up what killed writers have begun and not completed in @folder, as far as the store
 * answers. Nobody else may write there. */
void clew_bucket_forget_parts(struct clew_object_bucket *b, const char *folder);
/*
 * Appends bytes from @from on, at most @n, to @out; @ret_size (may be NULL) is the object's size. 0
 * (also with fewer bytes, when the object ends there), -ENOENT (not filled in @err), -EACCES, -EIO,
 * -ETIMEDOUT, -EHOSTUNREACH, ...
 */
CLEW_MUST_USE int clew_bucket_get(struct clew_object_bucket *b, const char *name, uint64_t from,
                                  size_t n, struct clew_buffer *out, uint64_t *ret_size,
                                  struct clew_error *err);
/*
 * Calls @fn for each object of @folder (without a slash) whose name, without the folder, is behind
 * @after (may be ""), in order. 0, what @fn returned that was not 0, or an error.
 */
CLEW_MUST_USE int clew_bucket_list(struct clew_object_bucket *b, const char *folder,
                                   const char *after, clew_bucket_list_fn fn, void *context,
                                   struct clew_error *err);
CLEW_MUST_USE int clew_bucket_delete(struct clew_object_bucket *b, const char *name,
                                     struct clew_error *err);

/* Its reads since it was opened, and those that were asked twice. */
void clew_bucket_figures(struct clew_object_bucket *b, struct clew_hedge_figures *ret);

/* Whether the store keeps its promises (README.md, "The probe"). 0, -ENOTSUP: it does not. */
CLEW_MUST_USE int clew_bucket_probe(struct clew_object_bucket *b, struct clew_error *err);

/* ---- for backends ---------------------------------------------------------------------------- */

CLEW_MUST_USE int clew_bucket_dir_open(const char *url, bool create,
                                       struct clew_object_bucket **ret, struct clew_error *err);
/* @beside: NULL, or a bucket of any kind. */
CLEW_MUST_USE int clew_bucket_s3_open(struct clew_object_bucket *beside, const char *url,
                                      struct clew_object_bucket **ret, struct clew_error *err);
CLEW_MUST_USE bool clew_bucket_name_is_good(const char *name);

/* Time for one attempt that moves @bytes, and how long nothing may move in it when it sends @sent.
 */
uint64_t clew_bucket_attempt_ns(struct clew_object_bucket *b, uint64_t bytes);
uint64_t clew_bucket_silence_ns(struct clew_object_bucket *b, uint64_t sent);

/* Waits between attempts: longer each time, drawn by chance. */
struct clew_bucket_patience {
        struct clew_object_bucket *bucket;
        uint64_t until_ns; /* monotonic */
        unsigned n;
};

struct clew_bucket_patience clew_bucket_patience_begin(struct clew_object_bucket *b);
/* Sleeps; false when there is no time for another attempt, or after a stop. */
CLEW_MUST_USE bool clew_bucket_patience_wait(struct clew_bucket_patience *p);

#endif
