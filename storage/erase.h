/*
 * Taking out of the store what was in it: whole traces (deletion, retention), or texts inside of
 * them (redaction, skeletons).
 *
 * Deletion is decided in one transaction: each trace is remembered as deleted, nothing more of it
 * is stored from then on (for CLEW_DELETED_FOR_NS), and whoever opens the store for writing next
 * can finish what was begun. Each trace goes in one transaction: hot fragments, sealed part,
 * places, notes, what rooms above keep of it. Then its bytes go from where they are still: segments
 * that hold an older version of it, batches, index runs, free pages. storage/README.md, "Erasing".
 *
 * Threads: as the store. With a collector on the store another process may do all of this; the last
 * part (clew_store_finish_erasure()) is then the collector's, because its memory holds pages too.
 */
#ifndef CLEW_STORAGE_ERASE_H
#define CLEW_STORAGE_ERASE_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "storage/shelf.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So long what still comes of a deleted trace is acknowledged and not stored. Longer than any
 * sender keeps its queue. */
#define CLEW_DELETED_FOR_NS (30 * 24 * 3600 * CLEW_NS_PER_S)
/* The same of a store whose bucket has other writers: who has not been started for so long has to
 * learn of it yet. After that it is gone for good. */
#define CLEW_DELETED_SHARED_FOR_NS (400 * 24 * 3600 * CLEW_NS_PER_S)
/* Traces that one call deletes. */
#define CLEW_ERASE_MAX 1000000u

/* What a rewrite does with a trace. */
enum clew_rewrite_verdict {
        CLEW_REWRITE_KEEP,
        CLEW_REWRITE_CHANGE,
        CLEW_REWRITE_DROP,
};

/* A message of a trace, or of a part of one. */
struct clew_rewrite_message {
        struct clew_trace_id id;
        struct clew_slice traces; /* TracesData, may be empty */
        struct clew_slice logs;   /* LogsData, may be empty */
};

struct clew_rewrite_options {
        /* What rooms above keep of a trace goes with it, in the same transaction. May be NULL. */
        int (*dropped)(void *context, struct clew_shelf *shelf, const struct clew_trace_id *id,
                       struct clew_error *err);
        /* As in struct clew_seal_options; both may be NULL. */
        void (*run)(void *context, void (*fn)(void *argument), void *argument);
        bool (*is_over)(void *context);
        void *context;
};

struct clew_rewrite_stats {
        uint64_t traces;     /* dropped, or changed */
        uint64_t stripped;   /* of them: that were changed */
        uint64_t unstripped; /* that could not be changed, and are as they were */
        uint64_t fragments;  /* hot ones that were dropped or changed */
        uint64_t segments;   /* that went, or were written anew */
        uint64_t read_bytes; /* raw bytes looked at */
        uint64_t raw_bytes;  /* of what was dropped or changed */
        uint64_t written;    /* bytes of new segments and batches */
        bool more;           /* is_over() ended it */
};

/* ---- deletion -------------------------------------------------------------------------------- */

/*
 * Deletes @n traces (sorted or not; ids that are not there are remembered all the same). 0 = all
 * are gone from everything that can be asked; their bytes go with clew_store_finish_erasure(). On
 * an error, and after a kill, what was decided stays decided: clew_store_resume_erasure() goes on.
 */
CLEW_MUST_USE int clew_store_delete(struct clew_store *store, const struct clew_trace_id *ids,
                                    size_t n, const struct clew_rewrite_options *options,
                                    struct clew_rewrite_stats *ret, struct clew_error *err);
/* Finishes deletions that were decided. Cheap when there are none. */
CLEW_MUST_USE int clew_store_resume_erasure(struct clew_store *store,
                                            const struct clew_rewrite_options *options,
                                            struct clew_rewrite_stats *ret, struct clew_error *err);

/* ---- retention --------------------------------------------------------------------------------
 */

/* What rules say of traces. A trace is in one list at most. */
struct clew_retain {
        const struct clew_trace_id *drop;
        size_t n_drop;
        const struct clew_trace_id *strip_ids; /* they lose their texts */
        size_t n_strip;
        /* What is left of a trace: appends its TracesData, *@ret_traces_len bytes, and its
         * LogsData; it has the same spans and log records. 0; -EALREADY: it has no texts; -EBADMSG:
         * it cannot be done, the trace stays as it is; others. Any thread. */
        int (*strip)(void *context, const struct clew_rewrite_message *m, struct clew_buffer *out,
                     size_t *ret_traces_len, struct clew_error *err);
        void *context;
        bool urgent;  /* the disk is full */
        bool is_part; /* more that is to go is in a call that follows this one */
};

/*
 * Puts it into effect. Nothing of dropped traces is remembered, and their bytes are free pages that
 * are used again; of texts that were left out nothing is left either once
 * clew_store_finish_erasure() has run. A trace that still has something hot stays as it is, unless
 * it is to be dropped and can never be sealed; so does one that somebody holds by now. A segment
 * goes whole when nothing else lives in it; it is written anew when a quarter of its traces go or
 * change, so at most four bytes are written for one that is dropped or stripped; with fewer they
 * stay, for a later call (urgent: a sixteenth is enough). Of a part, what only goes with others may
 * wait for the next call too, when half of the part goes without it: its segments may be whole
 * then. 0 or an error; what was done stays so.
 */
CLEW_MUST_USE int clew_store_retain(struct clew_store *store, const struct clew_retain *what,
                                    const struct clew_rewrite_options *options,
                                    struct clew_rewrite_stats *ret, struct clew_error *err);

/* ---- redaction ------------------------------------------------------------------------------- */

/* What a text is that may hold what is to go. */
enum clew_redaction_of {
        CLEW_REDACTION_TRACES, /* TracesData */
        CLEW_REDACTION_LOGS,   /* LogsData */
        CLEW_REDACTION_NOTE,
        CLEW_REDACTION_RECORD, /* of the shelf, with its head */
        CLEW_REDACTION_NAME,   /* of a service */
};

/* What a dry run has learned for the run that follows it. Segments never change, and their numbers
 * are not used again: what was read and had nothing need not be read twice. */
struct clew_redaction_seen {
        struct clew_buffer having; /* uint64_t, ascending: segments that have something */
        uint64_t below;            /* of all whose number is lower */
};

/* What is to be nowhere, in whatever forms it is known. What stands in its place has the same
 * length: no length, offset or order of a record changes, and all other bytes stay. */
struct clew_redaction {
        /* How often it is in @text; a negative errno. */
        int64_t (*count)(void *context, enum clew_redaction_of of, struct clew_slice text);
        /* Puts something else in its place; how often; a negative errno, then nothing of it counts.
         */
        int64_t (*replace)(void *context, enum clew_redaction_of of, uint8_t *text, size_t n);
        /* A record of the shelf was changed: its own mark of that, in place. May be NULL. */
        void (*mark)(void *context, struct clew_slice key, uint8_t *value, size_t n);
        /* A record was @before and is to be @after: 1 = its key is made of what has changed, and it
         * was put under another one; 0 = it stays under @key; a negative errno. May be NULL. */
        int (*move)(void *context, struct clew_shelf *shelf, struct clew_slice key,
                    struct clew_slice before, struct clew_slice after, struct clew_error *err);
        void *context;
        struct clew_redaction_seen *seen; /* filled by a dry run, believed by others. May be NULL */
};

struct clew_redaction_stats {
        uint64_t places;   /* in messages, notes and records, also of older versions */
        uint64_t traces;   /* sealed ones that had it */
        uint64_t segments; /* written anew */
        uint64_t batches;
        uint64_t notes;
        uint64_t records;    /* of the shelf */
        uint64_t read_bytes; /* of messages */
};

/*
 * Puts it into effect for all that is stored: sealed and hot traces, older versions of them, notes,
 * the shelf. With @dry_run it is only counted. What is read is linear in the store; what is
 * written, segments and batches that have it. A kill leaves each of those as it was or done: the
 * same call goes on. Indexes and free pages: clew_store_finish_erasure(). 0; -ENOTSUP with a
 * message that names the trace that cannot be changed (its id comes from the text); others.
 */
CLEW_MUST_USE int clew_store_redact(struct clew_store *store,
                                    const struct clew_redaction *redaction, bool dry_run,
                                    const struct clew_rewrite_options *options,
                                    struct clew_redaction_stats *ret, struct clew_error *err);

struct clew_erasure_status {
        uint64_t deleted; /* traces remembered as deleted */
        uint64_t pending; /* of them, not finished */
        bool is_wiped;    /* nothing waits to be wiped */
        uint64_t n_wiped; /* pages written over by this call */
        uint64_t n_held;  /* free pages that a reader needs */
        int32_t held_by;  /* its process; 0 = none */
};

/*
 * Takes what was erased out of indexes and free pages. 0, also when something must wait (a reader
 * that holds an older snapshot): is_wiped tells. Cheap when nothing waits. Only while no view of
 * this thread is open.
 */
CLEW_MUST_USE int clew_store_finish_erasure(struct clew_store *store,
                                            const struct clew_rewrite_options *options,
                                            struct clew_erasure_status *ret,
                                            struct clew_error *err);
/* Whether indexes that were damaged lie in the file, left behind for others: their pages cannot be
 * told, so that they are not wiped, and hold words until the store is compacted. */
bool clew_store_has_left_behind(const struct clew_store *store);
CLEW_MUST_USE int clew_view_erasure(struct clew_view *view, struct clew_erasure_status *ret,
                                    struct clew_error *err);

#endif
