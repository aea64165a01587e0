/*
 * Sealed data in a bucket (storage/bucket/README.md): a store that uploads what it seals, gives up
 * the bytes of segments that it has no room for, and reads them back; and stores that are made of a
 * bucket alone.
 *
 * What a bucket holds below a prefix is of one store, which one process writes, and of others that
 * have a name and a prefix of their own. Whoever finds that another has written where it writes
 * stops. Design and failure modes: storage/tier/README.md.
 */
#ifndef CLEW_STORAGE_TIER_H
#define CLEW_STORAGE_TIER_H

#include "proto/base/error.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_tier;

/* Bytes of segments that are kept after they were read back, unless somebody says otherwise. */
#define CLEW_TIER_CACHE_BYTES ((uint64_t)256 << 20)

/* A writer's name, with the NUL. */
#define CLEW_TIER_WRITER_BYTES 33u

/*
 * Told of @n traces that writer @writer ("" = the one without a name) has deleted, before that is
 * decided here too; with an error it is not, and is tried again. In the thread of clew_tier_sync().
 */
typedef int (*clew_tier_carried_fn)(void *context, const char *writer,
                                    const struct clew_trace_id *ids, size_t n,
                                    struct clew_error *err);

struct clew_tier_options {
        const char *url;       /* of the bucket */
        const char *writer;    /* NULL or "" = the one that has no name */
        uint64_t cache_bytes;  /* 0 = the default */
        const char *advertise; /* where readers ask for what is not sealed; NULL = nowhere */
        bool acknowledges;     /* clew_tier_acknowledge() is used */
        bool retires;          /* it is once more one that is gone: clew_tier_retire() alone */
        uint64_t local_bytes;  /* of segments that stay here; the oldest go. 0 = all stay */
        uint64_t wait_ns;      /* so long sealed segments wait for others to share an object with */
        /* Told of objects that are damaged, and of what was done about it. May be NULL. */
        clew_verify_report_fn finding;
        clew_tier_carried_fn carried; /* may be NULL */
        void *context;
};

struct clew_tier_stats {
        uint64_t uploaded; /* segments, their objects, and bytes of those */
        uint64_t objects;
        uint64_t uploaded_bytes;
        uint64_t adopted; /* segments that came from the bucket */
        uint64_t removed; /* segments that are gone from the bucket, or from the store */
        uint64_t evicted; /* segments whose bytes are not here any more */
        uint64_t evicted_bytes;
        uint64_t damaged;  /* objects left aside, and read once more the next time */
        uint64_t bad;      /* objects left aside that were damaged before, and not read */
        uint64_t version;  /* of the catalog, now; 0 = none */
        uint64_t segments; /* in it */
        uint64_t missing;  /* objects that a newer version does without, it seems */
        bool more;         /* there is more to do */
        bool attached;     /* this call has tied the store to the bucket */
};

/* Whether @text is the address of a bucket, and no directory of a store. */
bool clew_tier_is_url(const char *text);
/* Whether @name may be a writer's: a to z, 0 to 9 and '-', up to 32 of them. */
bool clew_tier_is_writer_name(const char *name);
/* What stands above the numbers of the records of writer @writer (empty = the one without a name)
 * that a reader has; clew_shelf_writer_of(). */
uint64_t clew_tier_numbers_of(struct clew_slice writer);
/* The address of what writer @writer has below @url. False when it is too long. */
CLEW_MUST_USE bool clew_tier_writer_url(const char *url, const char *writer, char *ret,
                                        size_t size);
/* The address of project @project below @url. False when it is too long. */
CLEW_MUST_USE bool clew_tier_project_url(const char *url, const char *project, char *ret,
                                         size_t size);

/*
 * Ties @store, which a collector has open, to the bucket: proves that it can be used, makes it this
 * store's own, and when the store is new and the bucket is not, brings in what the bucket has.
 * -ENOTSUP (the bucket fails the probe), -EEXIST (it is another store's), -ESTALE (another process
 * has written there since), -EPROTONOSUPPORT (a later format), -EACCES, -ENXIO, ...: each with a
 * message that says what to do. Nothing is changed then. When the bucket does not answer, and the
 * store was tied to it before, that is no error (@stats->more): it is waited for some seconds, and
 * a later sync goes on.
 */
CLEW_MUST_USE int clew_tier_attach(struct clew_store *store,
                                   const struct clew_tier_options *options, struct clew_tier **ret,
                                   struct clew_tier_stats *stats, struct clew_error *err);
/*
 * Uploads what is sealed and not in the bucket, makes it known there, and takes away what the store
 * has no more; then gives up the oldest segments beyond the limit. @run as in struct
 * clew_seal_options. 0, -ESTALE: another process has taken the bucket over, for good; other errors
 * may pass. In one thread.
 */
CLEW_MUST_USE int
clew_tier_sync(struct clew_tier *tier,
               void (*run)(void *context, void (*fn)(void *argument), void *argument),
               void *run_context, struct clew_tier_stats *stats, struct clew_error *err);
/*
 * Puts fragments that were appended to the store into the bucket: when it returns 0 they outlive
 * this machine. -ESTALE: another process has taken the bucket over, for good; others may pass
 * (-EBUSY: more is waiting to be sealed and uploaded than is allowed), and the fragments may be
 * there all the same. From any thread.
 */
CLEW_MUST_USE int clew_tier_acknowledge(struct clew_tier *tier,
                                        const struct clew_fragment *fragments, size_t n,
                                        struct clew_error *err);
/*
 * For a store that is open in any other way: what it has given up is read back. 0 with @ret NULL
 * when all of it is here.
 */
CLEW_MUST_USE int clew_tier_read_back(struct clew_store *store, struct clew_tier **ret,
                                      struct clew_error *err);
/*
 * Makes the store in @dir (made when it is not there) one that has what the bucket has, as of now,
 * without the bytes of the segments. For a reader; no collector may have it.
 */
CLEW_MUST_USE int clew_tier_mirror(const char *dir, const struct clew_deriver *deriver,
                                   const struct clew_tier_options *options,
                                   struct clew_tier_stats *stats, struct clew_error *err);
/*
 * Calls @fn (may be NULL) for each object of which something was found damaged, as far as this
 * directory has read it; NULL has none. Their number.
 */
uint64_t clew_tier_each_damaged(struct clew_tier *tier, clew_verify_report_fn fn, void *context);
/*
 * As which writer the store of @tier writes its bucket (@ret_name, "" = the one without a name),
 * and the others there, in words, as far as its collector has seen them (@ret_others, "" = none).
 * What is deleted or redacted here the others carry out; what is put into datasets is of this one
 * alone. False: nobody else's, and no name. In any process.
 */
bool clew_tier_sharing(struct clew_tier *tier, char ret_name[CLEW_TIER_WRITER_BYTES],
                       char *ret_others, size_t size);
#define CLEW_TIER_ALL_OTHERS_BYTES 4096u /* for all whom a reader follows */
/* What was read of the bucket since it was opened here (storage/bucket/README.md, "Asking twice").
 */
struct clew_tier_reads {
        uint64_t reads;
        uint64_t asked_again;
        uint64_t answered_by_second;
};
void clew_tier_reads(struct clew_tier *tier, struct clew_tier_reads *ret);
/* Whether the store in @dir has, or had, its sealed data in a bucket too. */
CLEW_MUST_USE bool clew_tier_is_tied(const char *dir);
/* The directory that is the bucket of the store in @dir; false: it has none, or is elsewhere. */
CLEW_MUST_USE bool clew_tier_directory(const char *dir, char *ret, size_t size);
/* Ends what is under way, from any thread. */
void clew_tier_stop(struct clew_tier *tier);
/* Before its store is closed, when nobody reads any more. NULL is fine. */
void clew_tier_free(struct clew_tier *tier);

/* ---- writers of a prefix (tier/tier-retire.c) ------------------------------------------------ */

struct clew_tier_writer {
        char name[CLEW_TIER_WRITER_BYTES]; /* "" = the one without a name */
        uint64_t version;                  /* of its catalog; 0 = none yet */
        uint64_t written_ns;               /* that version, unix; by its clock */
        uint64_t segments;
        uint64_t journal_objects; /* of what was acknowledged, and is not sealed and uploaded */
        uint64_t journal_bytes;
        bool is_retired; /* and was not started since */
};

typedef int (*clew_tier_writer_fn)(void *context, const struct clew_tier_writer *writer);

/* Calls @fn for each writer of the prefix @url; what it returns that is not 0 ends it. */
CLEW_MUST_USE int clew_tier_each_writer(const char *url, clew_tier_writer_fn fn, void *context,
                                        struct clew_error *err);

struct clew_tier_retired {
        uint64_t fragments; /* of its journal, that were not sealed */
        uint64_t uploaded;  /* segments */
        uint64_t segments;  /* of its catalog, now */
        uint64_t version;
        uint64_t redactions; /* of others, that it has done */
        uint64_t left;       /* that wait for it still: why was told as a finding */
};

struct clew_order;

/* What it needs of rooms above. */
struct clew_tier_retiring {
        bool is_forced; /* also one that seems to run */
        const struct clew_deriver *deriver;
        /* Redacts in @store what another writer has redacted; 0 = it is done. */
        int (*redact)(struct clew_store *store, const struct clew_order *order,
                      struct clew_error *err);
};

/*
 * Writer @options->writer is gone for good: what it acknowledged is sealed and uploaded by this
 * process, which is that writer for the time, in directory @dir (new or empty, the caller's, who
 * removes it), and what others have deleted and redacted is carried out. A clewd that still has the
 * name is taken over. It is noted there that it is retired, until a clewd is started with its name.
 * 0; -ENOENT: there is no such writer; -EBUSY: it seems to run (tier/tier-alive.c); what
 * clew_tier_attach() and clew_tier_sync() give. After an error it may be done again, in an empty
 * directory.
 */
CLEW_MUST_USE int clew_tier_retire(const char *dir, const struct clew_tier_retiring *retiring,
                                   const struct clew_tier_options *options,
                                   struct clew_tier_retired *ret, struct clew_error *err);

#endif
