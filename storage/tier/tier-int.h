/*
 * The inside of a tier, for the files of this room: opening and reading back (tier.c), bringing in
 * what a bucket has (tier-adopt.c), uploading and giving up (tier-sync.c), a catalog made of
 * objects alone (tier-rebuild.c).
 */
#ifndef CLEW_STORAGE_TIER_TIER_INT_H
#define CLEW_STORAGE_TIER_TIER_INT_H

#include "storage/order.h"
#include "storage/source/store-int.h"
#include "storage/tier.h"
#include "storage/tier/journal-int.h"
#include "storage/tier/tier-catalog-int.h"
#include "storage/tier/tier-map-int.h"
#include "storage/tier/tier-object-int.h"
#include "storage/tier/tier-uses-int.h"

#include <pthread.h>

#define CLEW_TIER_IDENTITY "clew.id"
/* Writers of one prefix that have a name. */
#define CLEW_TIER_WRITERS_MAX 64u
/* Of their names, in words. */
#define CLEW_TIER_OTHERS_BYTES 256u
/* So often the bucket is asked who writes there. */
#define CLEW_TIER_WRITERS_NS ((uint64_t)5000000000)

/* Of an object, with whose it is. */
#define CLEW_TIER_FULL_NAME_MAX (CLEW_TIER_NAME_MAX + CLEW_TIER_WRITER_BYTES + 16u)

/* Of an address at which readers ask for a tail. */
#define CLEW_TIER_ADVERTISE_MAX 512u

/* Of who uploads: what the bucket has. Zeroed = that is not known. */
struct clew_tier_beside_writer {
        bool is_loaded;
        struct clew_buffer known; /* uint64_t: digests of records, in order */
        struct clew_buffer added; /* of the parts that are uploaded and not in a version yet */
        bool adds_all;            /* those are all there are */
        uint32_t n_first;         /* parts that were all, and their bytes */
        uint64_t first_bytes;
        uint64_t later_bytes;
        uint64_t generation;      /* unix ns: when all were written; 0 = by somebody else */
        uint64_t next_generation; /* of all that are being written */
        uint64_t not_before_ns;   /* monotonic */
        bool is_refused;          /* something is damaged here: told, and not tried again */
};

/* An object that no version names since. */
struct clew_tier_leaving {
        struct clew_tier_place place;
        uint64_t due_ns; /* monotonic */
};
/* Objects that were read of lately (tier-ahead.c). */
#define CLEW_TIER_AHEAD 16u
struct clew_tier_ahead {
        uint64_t digest; /* of the object; 0 = none */
        uint64_t window; /* bytes that were taken along at the most; 0 = none */
};
struct clew_follow; /* of a reader (tier-follow.c) */

/* What this writer knows of an order that waits (tier-order.c). */
enum clew_tier_order_is {
        CLEW_TIER_ORDER_WAITS,  /* to be carried out */
        CLEW_TIER_ORDER_GIVEN,  /* is being carried out */
        CLEW_TIER_ORDER_DONE,   /* in this store; not yet in the bucket */
        CLEW_TIER_ORDER_MARKED, /* there too, and it says so */
        CLEW_TIER_ORDER_BAD,    /* it cannot be read, and was told */
};
struct clew_tier_order {
        uint64_t id;
        enum clew_tier_order_is is;
        uint64_t erased;         /* done: as the catalog says when the bucket has nothing of it */
        uint64_t not_before_ns;  /* monotonic: of another try */
        uint64_t pause_ns;       /* before that; 0 = it was not tried yet */
        struct clew_buffer what; /* its object; empty when it is done, or bad */
};
struct clew_tier_orders {
        uint32_t n;
        bool has_more; /* than are looked at, and it was told */
        struct clew_tier_order all[CLEW_ORDERS_MAX];
};

struct clew_tier {
        struct clew_follow *follow; /* NULL: the store is nobody's mirror */
        struct clew_store *store;   /* borrowed */
        struct clew_tier_map *map;
        char url[CLEW_BUCKET_URL_MAX]; /* of what is below: of the writer, if it has a name */
        /* Of who reads all writers of a prefix: each of the others is a tier of its own, of the
         * same store and map (tier-writers.c). */
        struct clew_tier *root;                           /* borrowed; NULL: this is it */
        struct clew_tier *writers[CLEW_TIER_WRITERS_MAX]; /* owned; guarded by lock, as n_writers */
        uint32_t n_writers;
        uint64_t look_ns; /* when the bucket is asked for more; of the thread that follows or syncs
                           */
        char name[CLEW_TIER_WRITER_BYTES]; /* "" = the writer without one */
        char prefix[CLEW_BUCKET_URL_MAX];  /* of a writer with a name: the address of all */
        uint64_t local_bytes;
        clew_verify_report_fn finding;
        void *finding_context;
        clew_tier_carried_fn carried;
        void *carried_context;
        uint64_t gone_epoch; /* of a reader: how often it has taken out what others deleted; of the
                                thread that follows */
        bool carry_failed;   /* it was told; of the thread that syncs */
        bool leaves_all;     /* objects that hold what was erased are still there; of that thread */
        bool sweeps_beside;  /* and parts of what is kept beside the traces; of that thread too */
        struct clew_tier_catalog catalog; /* as the bucket has it; of the thread that syncs */
        uint64_t writer;
        uint64_t created_ns; /* of the store, and of the bucket */
        bool writes;         /* it is no reader's */
        bool is_fenced;
        bool is_deferred; /* the bucket did not answer at the start: attached by a later sync */
        uint64_t cache_bytes;
        struct clew_tier_beside_writer beside; /* of the thread that syncs */
        struct clew_journal journal;
        struct clew_buffer leaving; /* struct clew_tier_leaving: objects that go when readers have
                                       had time; of the thread that syncs */
        bool is_unsure;             /* whether the last version was made; of that thread too */
        bool wipes_map;        /* something of what was read back was erased; of that thread too */
        uint64_t synced;       /* digest of the state that the bucket has */
        uint64_t synced_bytes; /* of the segments that it had then */
        uint64_t waits_since_ns; /* monotonic: since when the bucket has it no more; 0 = it has */
        uint64_t wait_ns;        /* so long that may be, when little has come */
        uint64_t evicted_at;     /* next segment of the state when nothing was left to give up */
        pthread_mutex_t lock;
        struct clew_object_bucket *bucket; /* opened when it is needed; guarded by lock */
        uint64_t failed_until_ns;          /* nothing is asked for before; guarded by lock */
        struct clew_tier_ahead ahead[CLEW_TIER_AHEAD]; /* the last first; guarded by lock */
        bool stopping;                                 /* guarded by lock */
        /* With that version the bucket had all segments below; guarded by lock. */
        uint64_t complete;
        uint64_t complete_version;
        struct clew_buffer fresh; /* tier-fresh.c; guarded by lock, as the next two */
        size_t fresh_bytes;
        uint64_t fresh_erased;          /* of the store, when they were looked through last */
        struct clew_tier_orders orders; /* guarded by lock */
        char advertise[CLEW_TIER_ADVERTISE_MAX];
};

/* Bytes of a segment against what is known of them: 0 or -EBADMSG. */
CLEW_MUST_USE int clew_tier_check_segment(uint64_t segment, const struct clew_tier_known *known,
                                          struct clew_slice bytes);
/* The bucket, opened when it was not. */
CLEW_MUST_USE int clew_tier_bucket(struct clew_tier *t, struct clew_object_bucket **ret,
                                   struct clew_error *err);
void clew_tier_tell(struct clew_tier *t, const char *object, const char *what);
/* The same of an object of its bucket, by its name below the prefix that all writers share. */
void clew_tier_tell_object(struct clew_tier *t, const char *name, const char *what);
/* That name. */
void clew_tier_full_name(const struct clew_tier *t, const char *name,
                         char ret[CLEW_TIER_FULL_NAME_MAX]);

/* Goes on where clew_tier_attach() could not. */
CLEW_MUST_USE int clew_tier_attach_deferred(struct clew_tier *t, struct clew_tier_stats *stats,
                                            struct clew_error *err);
/* Makes the store have what @t->catalog says. 0 with what could not be read left aside. */
CLEW_MUST_USE int clew_tier_adopt(struct clew_tier *t, struct clew_tier_stats *stats,
                                  struct clew_error *err);
/* Segments whose traces have all moved went with the last of them; what is kept of the bytes of
 * those that the bucket has no more goes here. */
CLEW_MUST_USE int clew_tier_forget_gone(struct clew_tier *t, struct clew_error *err);
/* The oldest segments beyond the limit lose their bytes here; @run as in clew_tier_sync(). */
CLEW_MUST_USE int
clew_tier_evict(struct clew_tier *t, struct clew_object_bucket *b,
                void (*run)(void *context, void (*fn)(void *argument), void *argument),
                void *run_context, struct clew_tier_stats *stats, struct clew_error *err);
/* Fills @t->catalog from the footers of all objects. */
CLEW_MUST_USE int clew_tier_rebuild(struct clew_tier *t, struct clew_error *err);

/* ---- indexes of what was sealed a moment ago (tier-fresh.c) ------------------------------------
 */

/* They are kept from here on; until the tier ends. */
void clew_tier_fresh_begin(struct clew_tier *t);
void clew_tier_fresh_end(struct clew_tier *t);
/* Appends that of @segment as it stands in an object. 0, -ENOENT, -ENOMEM. */
CLEW_MUST_USE int clew_tier_fresh_get(struct clew_tier *t, uint64_t segment,
                                      struct clew_buffer *out);
/* Those of segments below go; all, when the store has erased something since: @erased is how often
 * it has. */
void clew_tier_fresh_forget(struct clew_tier *t, uint64_t below, uint64_t erased);

/* ---- reading ahead (tier-ahead.c) ------------------------------------------------------------ */

struct clew_tier_reach {
        uint64_t from; /* of an object */
        uint64_t to;
        uint64_t n_before; /* numbers beside the segment that may lie there */
        uint64_t n_behind;
};
/* What is read of the object of @segment, which lies at @place: that, and perhaps its neighbours.
 */
struct clew_tier_reach clew_tier_ahead(struct clew_tier *t, uint64_t segment,
                                       const struct clew_tier_place *place);
/* Keeps the neighbours that @bytes of that have. */
void clew_tier_ahead_keep(struct clew_tier *t, uint64_t segment,
                          const struct clew_tier_place *place, const struct clew_tier_reach *range,
                          struct clew_slice bytes);

/* ---- what is damaged there (tier-bad.c) --------------------------------------------------------
 */

/* Whether it was found damaged, and is not to be read now. */
CLEW_MUST_USE bool clew_tier_is_bad(struct clew_tier *t, uint64_t segment,
                                    const struct clew_tier_place *place, bool is_found_by);
/* It was read so @times, one after the other. */
void clew_tier_keep_bad(struct clew_tier *t, uint64_t segment, const struct clew_tier_place *place,
                        bool is_found_by, unsigned times);
void clew_tier_is_good_again(struct clew_tier *t, uint64_t segment);

/* ---- the journal (tier-journal.c) ------------------------------------------------------------ */

/* Objects of all journals of a prefix (struct clew_journal_object) by name, in @ret, which is made.
 */
CLEW_MUST_USE int clew_journal_list(struct clew_object_bucket *b, struct clew_buffer *ret,
                                    struct clew_error *err);
/* Fragments of one (struct clew_fragment), which point into @bytes; both are made. -EBADMSG: it is
 * damaged, also when it is read once more, and was told. */
CLEW_MUST_USE int clew_journal_read(struct clew_tier *t, struct clew_object_bucket *b,
                                    const struct clew_journal_object *o, struct clew_buffer *bytes,
                                    struct clew_buffer *ret, struct clew_error *err);

/* At a start, after the catalog was read and before writer @writer shows itself: makes its number 0
 * (when it is on), and ends the journals of all others. Says in j->was_there whether there are any.
 */
CLEW_MUST_USE int clew_journal_end_others(struct clew_tier *t, struct clew_object_bucket *b,
                                          uint64_t writer, struct clew_error *err);
/* After it has shown itself: what was acknowledged and is not in this store comes into it, and
 * @writer acknowledges from here on. @is_own: nobody but this directory has written since it did
 * last, so what its map says of the journal holds. */
CLEW_MUST_USE int clew_journal_begin(struct clew_tier *t, struct clew_object_bucket *b,
                                     uint64_t writer, bool is_own, struct clew_error *err);
/* Makes object @number of @writer, or the first one behind it that is not there: its end. */
CLEW_MUST_USE int clew_journal_end_at(struct clew_object_bucket *b, uint64_t created_ns,
                                      uint64_t writer, uint64_t number, struct clew_error *err);
/* At the end: all that is in the journal is in this store. */
void clew_journal_rest(struct clew_tier *t);
/* The bucket has sealed whatever has a sequence below @covered: objects that have only that go. */
CLEW_MUST_USE int clew_journal_trim(struct clew_tier *t, struct clew_object_bucket *b,
                                    uint64_t covered, struct clew_error *err);

CLEW_MUST_USE int clew_journal_delete(struct clew_object_bucket *b,
                                      const struct clew_journal_object *o, struct clew_error *err);
/* Whether it has what was deleted or redacted since, or much that is sealed. */
CLEW_MUST_USE bool clew_journal_is_stale(struct clew_tier *t, uint64_t erased);
/* Writes it anew, of what is hot now (tier-journal-renew.c); @run as in clew_tier_sync(). */
CLEW_MUST_USE int
clew_journal_renew(struct clew_tier *t, struct clew_object_bucket *b, uint64_t erased,
                   void (*run)(void *context, void (*fn)(void *argument), void *argument),
                   void *run_context, struct clew_error *err);

/* ---- beside the traces (tier-beside.c) --------------------------------------------------------
 */

/*
 * Uploads what has come. 1: @ret is what the next version is to say of it; then, when that is made,
 * clew_tier_beside_settle(). 0: nothing is new, or its time has not come. Else an error.
 */
CLEW_MUST_USE int clew_tier_beside_upload(struct clew_tier *t, struct clew_object_bucket *b,
                                          struct clew_tier_beside *ret, struct clew_error *err);
/* A version says @t->catalog.beside instead of @before: parts that are in it no more go. */
CLEW_MUST_USE int clew_tier_beside_settle(struct clew_tier *t, struct clew_object_bucket *b,
                                          const struct clew_tier_beside *before,
                                          struct clew_error *err);
/* Makes the store have what @t->catalog says. Damaged parts are told and left aside. */
CLEW_MUST_USE int clew_tier_beside_adopt(struct clew_tier *t, struct clew_object_bucket *b,
                                         struct clew_tier_stats *stats, struct clew_error *err);
/* Fills @t->catalog.beside from the parts that there are, when there is no catalog. */
CLEW_MUST_USE int clew_tier_beside_rebuild(struct clew_tier *t, struct clew_object_bucket *b,
                                           struct clew_error *err);
/* Parts that no version names go. */
CLEW_MUST_USE int clew_tier_beside_sweep(struct clew_tier *t, struct clew_object_bucket *b,
                                         struct clew_error *err);
void clew_tier_beside_writer_deinit(struct clew_tier_beside_writer *w);
/* The same for those @n segments alone, in their order: what else the store has is as it was said
 * before. */
CLEW_MUST_USE int clew_tier_adopt_some(struct clew_tier *t, const uint64_t *segments, size_t n,
                                       struct clew_tier_stats *stats, struct clew_error *err);
/* Many small indexes become few, as a collector would do. It is not needed for any answer. */
void clew_tier_merge_indexes(struct clew_tier *t);

/* A tier of @store; NULL: no memory. */
struct clew_tier *clew_tier_new(struct clew_store *store, const struct clew_tier_options *o);
/* Reads the state of the store, and when it was made. */
CLEW_MUST_USE int clew_tier_read_own(struct clew_tier *t, struct clew_state *state,
                                     struct clew_error *err);
/* The sequence that the next fragment of the store will have. Any thread. */
CLEW_MUST_USE int clew_tier_next_sequence(struct clew_tier *t, uint64_t *ret,
                                          struct clew_error *err);
/* The bucket is this store's, or the store becomes the bucket's; without @may_claim -ENXIO: it is
 * nobody's. */
CLEW_MUST_USE int clew_tier_settle_identity(struct clew_tier *t, struct clew_object_bucket *b,
                                            bool may_claim, const struct clew_state *state,
                                            struct clew_error *err);
/* The catalog of the bucket, or of its objects when it is damaged or lost. */
CLEW_MUST_USE int clew_tier_read_catalog(struct clew_tier *t, struct clew_object_bucket *b,
                                         struct clew_error *err);
/* Fills @err, and says so. */
int clew_tier_is_nobodys(const struct clew_object_bucket *b, struct clew_error *err);
/* The bytes of segments that are not in the store come from the bucket from here on. */
void clew_tier_set_away(struct clew_tier *t);

void clew_follow_free(struct clew_follow *f); /* NULL is fine */
/* The object of @segment is not there any more, or not known: the bucket is looked at now. */
void clew_follow_hurry(struct clew_follow *f, uint64_t segment);
/* clew_follow_rest() says so from here on. */
void clew_follow_end(struct clew_follow *f);

/* Below which segment the bucket has all, and since which version; 0 = not known. Any thread. */
void clew_tier_complete(struct clew_tier *t, uint64_t *ret_segment, uint64_t *ret_version);
/* A writer whose prefix is looked into for what is not sealed. */
struct clew_nodes_of {
        struct clew_tier *tier;
        struct clew_object_bucket *bucket; /* NULL: it is not asked now */
        uint64_t version;                  /* of the catalog that is here; 0 = not all of it is */
};
/* Where this node is asked for its tail (tier-node.c); what others before it said goes. @url "" =
 * nowhere. 0 or an error of the bucket. */
CLEW_MUST_USE int clew_node_advertise(struct clew_object_bucket *b, const char *url,
                                      struct clew_error *err);

/* ---- several writers (tier-writers.c) ---------------------------------------------------------
 */

/* The name of a value in the map that each writer has of its own. */
struct clew_tier_key {
        char text[64];
};
struct clew_tier_key clew_tier_key(const struct clew_tier *t, const char *name);
/* Whose segment it is, among @root and its writers. NULL: nobody's that is known. */
struct clew_tier *clew_tier_of_segment(struct clew_tier *root, uint64_t segment);
/* Asks the bucket who writes there, and makes tiers of those that are new. @ret_more: so many are
 * left out. */
CLEW_MUST_USE int clew_tier_find_writers(struct clew_tier *root, struct clew_object_bucket *b,
                                         uint32_t *ret_more, struct clew_error *err);
/* Before a writer with a name uses its prefix: makes it known below @t->prefix. -EEXIST: this store
 * writes under another name, or the name cannot be had. */
CLEW_MUST_USE int clew_tier_check_name(struct clew_tier *t, struct clew_error *err);
CLEW_MUST_USE int clew_tier_register(struct clew_tier *t, struct clew_error *err);
/* Those that it was asked for before. */
CLEW_MUST_USE int clew_tier_know_writers(struct clew_tier *root, struct clew_error *err);
void clew_tier_free_writers(struct clew_tier *root);
/* That the writer of @t is retired, or (@is false) is not, or no longer (tier-retire.c). */
CLEW_MUST_USE int clew_tier_note_retired(struct clew_tier *t, bool is, struct clew_error *err);
/* Of a writer, when it is time: who else writes there is noted in its map (clew_tier_sharing()),
 * and what they have deleted is decided here (tier-carry.c). */
void clew_tier_look_at_others(struct clew_tier *t);
/* ---- orders of other writers (tier-order.c) ---------------------------------------------------
 */

struct clew_tier_others;
/* What the bucket has of them, as seen in @o: takes those that are to be carried out here, and
 * those away that all have done. */
void clew_tier_orders_look(struct clew_tier *t, const struct clew_tier_others *o);
/* After a sync: says of which the bucket has nothing of this writer's any more. */
void clew_tier_orders_mark(struct clew_tier *t);
void clew_tier_orders_deinit(struct clew_tier *t);

/* Of a reader's writer: what it follows with. NULL: no memory. */
struct clew_follow *clew_follow_of_writer(struct clew_tier *t);
/* When the store was made that the bucket is of; -ENOENT: it is nobody's. */
CLEW_MUST_USE int clew_tier_read_identity(struct clew_object_bucket *b, uint64_t *ret,
                                          struct clew_error *err);
CLEW_MUST_USE int clew_tier_claim(struct clew_object_bucket *b, uint64_t created_ns,
                                  struct clew_error *err);

/* Runs @fn in a write transaction whose state is written when it returns 0. */
typedef int (*clew_tier_write_fn)(void *context, MDB_txn *txn, struct clew_state *state,
                                  struct clew_error *err);
CLEW_MUST_USE int clew_tier_write(struct clew_tier *t, clew_tier_write_fn fn, void *context,
                                  struct clew_error *err);

#endif
