/*
 * The trace store: hot fragments, sealed segments, summaries in time order; one LMDB environment.
 *
 * Life of a span: it arrives inside a *fragment* (what one export request holds of one trace),
 * which clew_store_append() makes durable in the hot table. When a trace has been idle,
 * clew_store_seal() moves its fragments, together with other idle traces of the same service, into
 * a *segment* and writes the trace's *summary* into the time-ordered list; the hot fragments go in
 * the same transaction. Spans that come later stay hot and are sealed as a further part of the
 * trace.
 *
 * Readers open a *view*: one consistent snapshot over hot and sealed data. A view pins old pages,
 * so it is to be short; slices that come from a view die with it or with its next load.
 *
 * Nothing here shows LMDB, a path inside the store, an inode or a modification time.
 * Threads: a store may be used by several threads; appends and seals of one store exclude each
 * other inside, also between processes. A view belongs to one thread at a time.
 * Bytes on disk: storage/FORMAT.md.
 */
#ifndef CLEW_STORAGE_STORE_H
#define CLEW_STORAGE_STORE_H

#include "proto/base/buffer.h"
#include "proto/base/clock.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "proto/otlp/walk.h"
#include "storage/index.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_store;
struct clew_view;

/*
 * What turns raw spans into a summary. Given by `query`, because the agent model lives there;
 * to the store a summary is opaque bytes under a version.
 */
struct clew_deriver {
        uint32_t version; /* of the rules; stored with each summary */
        /*
         * @traces and @logs are merged OTLP messages of one trace. Appends the summary to @out and
         * sets @ret_start_ns to the trace's start (unix ns), its place in the list. Must be pure:
         * same input, same bytes. Returns 0 or a negative errno.
         */
        int (*summarize)(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                         struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns);
        /* The same, and gives @sink what is to be indexed; NULL: there are no indexes. */
        int (*summarize_indexed)(void *context, const struct clew_trace_id *id,
                                 struct clew_slice traces, struct clew_slice logs,
                                 struct clew_buffer *out, uint64_t *ret_start_ns,
                                 struct clew_index_sink *sink);
        /* The same, where @known is a summary that one of these has made of exactly this, under
         * these rules: the same bytes for less work. May be NULL. */
        int (*summarize_known)(void *context, const struct clew_trace_id *id,
                               struct clew_slice traces, struct clew_slice logs,
                               struct clew_slice known, struct clew_buffer *out,
                               uint64_t *ret_start_ns, struct clew_index_sink *sink);
        uint64_t index_version;               /* of what is given to the sink */
        const struct clew_index_adder *adder; /* of that; NULL = there are no sums */
        void *context;
};

enum clew_store_mode {
        CLEW_STORE_READ,    /* must exist; nothing is written */
        CLEW_STORE_WRITE,   /* created if missing; may run beside a collector */
        CLEW_STORE_COLLECT, /* as WRITE, and refused when another collector holds the store */
};

struct clew_store_options {
        enum clew_store_mode mode;
        const struct clew_clock *clock;     /* NULL = system */
        const struct clew_deriver *deriver; /* needed by seal and reindex only; borrowed */
        size_t map_bytes;                   /* 0 = default (1 TiB, sparse, or what fits) */
        bool sealed_only; /* views leave hot data out: for a store whose hot table is damaged */
};

/*
 * Opens the store in directory @dir. Errors, each with a message in @err that names the directory
 * and the way out: -ENOENT (READ only), -EBUSY (second collector), -EPROTONOSUPPORT (a store of
 * another format version), -ENOTDIR, -EINVAL (files that are not ours), -EACCES, -EREMOTE (network
 * file system), -EBADMSG (damaged), other negative errno. Only one open store per directory and
 * process.
 */
CLEW_MUST_USE int clew_store_open(const char *dir, const struct clew_store_options *options,
                                  struct clew_store **ret, struct clew_error *err);
void clew_store_close(struct clew_store *store); /* NULL is fine; no view may be open */

/* As it was given to clew_store_open(). */
const char *clew_store_directory(const struct clew_store *store);
/* Whether @path names, or is, a file of some store: then nothing else may be written there. */
bool clew_store_holds_file(const char *path);

/* ---- writing -------------------------------------------------------------------------------- */

/* Working memory of fragment encoding; one per thread, reused for many fragments. */
struct clew_fragment_encoder;

CLEW_MUST_USE struct clew_fragment_encoder *clew_fragment_encoder_new(void); /* NULL: no memory */
void clew_fragment_encoder_free(struct clew_fragment_encoder *encoder);

/*
 * Encodes the part of @batch that belongs to @trace as a hot fragment (compressed) and appends it
 * to
 * @out. No store needed. @arrival_ns is the unix time of arrival. Returns 0, -ENOMEM or -EMSGSIZE.
 */
CLEW_MUST_USE int clew_fragment_encode(struct clew_fragment_encoder *encoder,
                                       const struct clew_otlp_batch *batch,
                                       const struct clew_otlp_trace *trace, uint64_t arrival_ns,
                                       struct clew_buffer *out);

struct clew_fragment {
        struct clew_trace_id trace_id;
        struct clew_slice bytes;  /* from clew_fragment_encode() */
        struct clew_trace_id run; /* with has_run: the run that the trace is of, under another id */
        bool has_run;
};

/*
 * Appends all @n fragments in one transaction. When it returns 0 they are on disk and visible to
 * new views. Otherwise none is: -ENOSPC (disk or map full; also when the system reports EIO on a
 * full disk), -EIO, -ENOMEM, ... The store stays usable; after a failed meta write it reopens
 * itself.
 */
CLEW_MUST_USE int clew_store_append(struct clew_store *store, const struct clew_fragment *fragments,
                                    size_t n, struct clew_error *err);

struct clew_seal_options {
        uint64_t idle_ns;         /* only traces whose last fragment is older; 0 = all */
        size_t min_segment_bytes; /* leave a service hot until it has this many idle raw bytes ...
                                   */
        uint64_t max_wait_ns;     /* ... or its oldest idle fragment is older than this */
        size_t budget_bytes;      /* stop after about this many raw bytes; 0 = no bound */
        uint32_t max_traces;      /* keep this many in mind, the oldest, unless none of them is
                                     due; bounds memory; 0 = a default */
        bool index; /* when nothing is due, index one segment that has no index of the present
                       indexer, and say `more` */
        /* When nothing is due, keep summaries of what stays hot and has got nothing new for so long
         * (storage/hot/hot-summaries-int.h), and say `more` while there is more; 0 = keep none. */
        uint64_t tell_ns;
        /*
         * Runs @fn(@argument), which holds the store's write lock for some milliseconds, and
         * returns after it. NULL = in the calling thread. Appends wait for that lock: a caller of
         * low priority gives it to a thread that is not kept from the processor.
         */
        void (*run)(void *context, void (*fn)(void *argument), void *argument);
        bool (*is_over)(void *context); /* asked between segments: true ends it; NULL = never */
        /* A trace cannot be sealed: too large, or damaged. It stays hot and readable, and is not
         * tried again in this process before it has twice the fragments. NULL = not told. */
        void (*refused)(void *context, const struct clew_trace_id *id, uint32_t n_fragments,
                        uint64_t raw_bytes, const char *why);
        /*
         * What had come of a trace is sealed, and durable: its summary, and the one that it had
         * before (empty: it was not sealed, or cannot be read). Once for each time; one that only
         * moves to another segment is not told. The slices die with the call. NULL = not told.
         */
        void (*sealed)(void *context, const struct clew_trace_id *id, struct clew_slice before,
                       struct clew_slice now);
        void *context;
};

struct clew_seal_stats {
        uint64_t traces;
        uint64_t segments;
        uint64_t raw_bytes;
        uint64_t stored_bytes;
        uint64_t compacted; /* segments made of small ones, not counted above */
        uint64_t refused; /* traces left hot because they could not be sealed; told by refused() */
        uint64_t damaged; /* of them, those that could not be read; verify names them */
        uint64_t indexed; /* segments that had no index, and have one now */
        uint64_t unindexable;   /* that cannot have one: a trace in them cannot be read */
        uint64_t index_dropped; /* index runs that were damaged; all of them count as one */
        /* Merging indexes failed: they stay as they are, and sealing goes on. code 0 = it did not.
         */
        struct clew_error merge_error;
        uint64_t told;       /* summaries kept of what stays hot */
        uint64_t left_bytes; /* raw bytes that were due and are still hot */
        bool more;           /* the budget, is_over() or max_traces ended it */
};

/* Spans and log records of a trace that is sealed; one with more stays hot, and is read as far as
 * this. Eight times the largest real runs; a summary takes 1.3 kB of memory for each. */
#define CLEW_SEAL_ITEMS_MAX 200000
/* Raw bytes of one: positions in a pack have 32 bits. */
#define CLEW_SEAL_RAW_MAX ((size_t)1 << 30)

/* Whether a collector, this process or another, has the store open: it seals what is idle. */
bool clew_store_has_collector(const struct clew_store *store);

/* A collector notes beside its store where its pages are; whoever finds the store held is sent
 * there. It counts as long as the collector lives. */
#define CLEW_PLACE_BYTES 128u
void clew_store_tell_place(struct clew_store *store, const char *url);
bool clew_store_collector_place(const struct clew_store *store, char ret[CLEW_PLACE_BYTES]);

/* Seals idle traces, then puts small segments together. Goes on where the call before has stopped,
 * and looks only at what has arrived since. Compresses outside the write transaction, so appends
 * wait only for the short commit. Returns 0 (also when nothing was idle), or a negative errno; what
 * was sealed stays sealed. */
CLEW_MUST_USE int clew_store_seal(struct clew_store *store, const struct clew_seal_options *options,
                                  struct clew_seal_stats *ret_stats, struct clew_error *err);

struct clew_reindex_options {
        bool all;     /* also summaries of the present rules version */
        bool indexes; /* look for damaged indexes first, and drop them */
        bool dry_run; /* derive and compare, write nothing; a store open for reading will do */
        /* Called for each summary whose bytes differ; @old is empty when there was none. May be
         * NULL. */
        void (*on_change)(void *context, const struct clew_trace_id *id, struct clew_slice old,
                          struct clew_slice fresh);
        void *context;
};

struct clew_reindex_stats {
        uint64_t seen;
        uint64_t changed; /* in bytes */
        uint64_t failed;  /* could not be derived: the stored summary stays */
        uint64_t indexed; /* segments that had no index, and have one now */
        uint32_t dropped; /* index runs that were damaged; all of them count as one */
};

/* Re-derives the summaries of sealed traces whose rules version differs (or of all), a segment at a
 * time, and indexes segments that no index covers. What was done before an error stays done. */
CLEW_MUST_USE int clew_store_reindex(struct clew_store *store,
                                     const struct clew_reindex_options *options,
                                     struct clew_reindex_stats *ret, struct clew_error *err);

/* ---- reading -------------------------------------------------------------------------------- */

CLEW_MUST_USE int clew_view_open(struct clew_store *store, struct clew_view **ret,
                                 struct clew_error *err);
void clew_view_close(struct clew_view *view); /* NULL is fine */
/* From now on a trace of more OTLP bytes than that is not loaded: -EMSGSIZE, before its memory is
 * taken. For who answers many at a time. Before the first load. */
void clew_view_limit_loads(struct clew_view *view, size_t max_bytes);
/* Moves the view to the newest snapshot; all slices from it die. */
CLEW_MUST_USE int clew_view_renew(struct clew_view *view, struct clew_error *err);
/* Another number after each load and renewal: as long as it stays, slices from the view live. */
uint64_t clew_view_epoch(const struct clew_view *view);
/* A snapshot that is held makes the file grow by all that is written meanwhile: who walks the store
 * moves on when it was held for so long. A second at the most, with what one step may take. */
#define CLEW_VIEW_HELD_NS (800 * CLEW_NS_PER_MS)
/* True when the view's snapshot is older than that, by the clock of its store, and was used for
 * longer than it took to begin its walks. */
bool clew_view_is_old(const struct clew_view *view);
/* True when LMDB gives nothing more of the snapshot, because it met a page that is none: all
 * further reading fails, whole records too, until the view is renewed. After an error. */
bool clew_view_is_broken(const struct clew_view *view);

struct clew_trace_data {
        struct clew_slice traces; /* one merged TracesData, may be empty */
        struct clew_slice logs;   /* one merged LogsData, may be empty */
        uint64_t last_arrival_ns; /* unix time of the newest fragment still hot, 0 if all is sealed
                                   */
        /* Spans and log records that came and are not in it, because the trace is too large to be
         * read whole; copies count as often as they came. */
        uint64_t left_out;
};

/*
 * Loads a whole trace, hot and sealed parts merged. The slices belong to the view and die at its
 * next load, renew or close. Returns 0, -ENOENT, -EBADMSG (damage; err names the object), -ENOMEM.
 * A miss is answered -ENOENT only after the index has been checked to be whole.
 */
CLEW_MUST_USE int clew_view_load(struct clew_view *view, const struct clew_trace_id *id,
                                 struct clew_trace_data *ret, struct clew_error *err);

/* The same with bounds of the caller's, for what shows many: at most about so many spans and log
 * records, and bytes, of a trace that is still hot. clew_view_load() takes what sealing would. */
CLEW_MUST_USE int clew_view_load_some(struct clew_view *view, const struct clew_trace_id *id,
                                      uint64_t max_items, uint64_t max_bytes,
                                      struct clew_trace_data *ret, struct clew_error *err);

/* One trace in the list. */
struct clew_list_entry {
        struct clew_trace_id id;
        uint64_t start_ns; /* place in the list */
        /* Empty when none is stored; derive it then. Of a trace that is `hot` of all that is in the
         * snapshot, or empty; it lives until the next entry. */
        struct clew_slice summary;
        uint32_t summary_version;
        bool hot;                   /* has fragments that are not sealed */
        bool sure;                  /* an index says that the trace is wanted */
        struct clew_index_run *run; /* with chooser.light and sure: where its columns are; no
                                       summary then */
        uint32_t ordinal;
        uint64_t last_arrival_ns; /* hot only */
        uint64_t hot_logs;        /* log records that are not sealed, resends counted; from
                                     clew_view_entry() only */
};

/*
 * Walks all traces, newest start first, equal starts by id. Log records without a trace are not
 * among them, unless they name a run; they are loaded under the trace id of zeros. With @after (may
 * be NULL) it begins behind that entry; only its start_ns and id are read. One walk per view at a
 * time.
 */
CLEW_MUST_USE int clew_view_list(struct clew_view *view, const struct clew_list_entry *after,
                                 struct clew_error *err);
/* The same walk of ids and starts alone: an entry has no summary. */
CLEW_MUST_USE int clew_view_list_ids(struct clew_view *view, const struct clew_list_entry *after,
                                     struct clew_error *err);
/*
 * The same walk with at least those sealed traces that @chooser (borrowed until the walk ends)
 * wants, found by indexes, and all that have something hot. Where indexes are missing or damaged it
 * gives all traces; clew_view_index_use() tells.
 */
CLEW_MUST_USE int clew_view_list_chosen(struct clew_view *view, const struct clew_list_entry *after,
                                        const struct clew_index_chooser *chooser,
                                        struct clew_error *err);
/* Calls @fn for each index run of the snapshot until it returns not 0; that is returned. -ENOENT:
 * not all segments have an index of @version, or of one that
 * differs from it in bits of @unlike alone; -EBADMSG: damage. */
CLEW_MUST_USE int clew_view_index_runs(struct clew_view *view, uint64_t version, uint64_t unlike,
                                       int (*fn)(void *context, struct clew_index_run *run,
                                                 struct clew_error *err),
                                       void *context, struct clew_error *err);
/* Where traces that are known by their ids stand in index runs, for choosers. */
struct clew_index_marks;

/* Those of @n @ids that are sealed. @ret lives as long as the snapshot; clew_index_marks_free(). 0
 * or an error. */
CLEW_MUST_USE int clew_view_mark(struct clew_view *view, const struct clew_trace_id *ids,
                                 uint32_t n, struct clew_index_marks **ret, struct clew_error *err);
void clew_index_marks_free(struct clew_index_marks *marks); /* NULL is fine */
/* Adds those that @run covers and @wanted (by the number of the id) wants. 0 or damage. */
CLEW_MUST_USE int clew_index_marked(const struct clew_index_marks *marks,
                                    struct clew_index_run *run,
                                    bool (*wanted)(void *context, uint32_t number), void *context,
                                    struct clew_index_set *into, struct clew_error *err);
/* Of the walk so far; its counts may hold sealed parts of what is hot too ... */
const struct clew_index_use *clew_view_index_use(const struct clew_view *view);
/* ... until a walk that has come to its end is settled. Once; 0 or an error. */
CLEW_MUST_USE int clew_view_settle_index_use(struct clew_view *view, struct clew_error *err);
/* 1 = @ret filled (its summary lives until the next call), 0 = end, negative errno = damage etc. */
CLEW_MUST_USE int clew_view_next(struct clew_view *view, struct clew_list_entry *ret,
                                 struct clew_error *err);

/* The entry of one trace. 0, -ENOENT, or an error. Does not disturb a walk. */
CLEW_MUST_USE int clew_view_entry(struct clew_view *view, const struct clew_trace_id *id,
                                  struct clew_list_entry *ret, struct clew_error *err);

/*
 * Finds ids that begin with the first @n_digits hex digits of @prefix, in order; fills at most @max
 * and returns how many, or a negative errno.
 */
CLEW_MUST_USE int clew_view_find(struct clew_view *view, const struct clew_trace_id *prefix,
                                 unsigned n_digits, struct clew_trace_id *ret, int max,
                                 struct clew_error *err);

/*
 * The traces of one run, as fragments named it: at most @max, in order of their ids. Returns how
 * many, or a negative errno. Whether they are (still) stored is not looked at.
 */
CLEW_MUST_USE int clew_view_run(struct clew_view *view, const struct clew_trace_id *run,
                                struct clew_trace_id *ret, int max, struct clew_error *err);

/*
 * For each of @n @ids how many hex digits, @min_digits or more, name it alone in this store. Time
 * is linear in what is hot, and logarithmic in what is sealed for each id.
 */
CLEW_MUST_USE int clew_view_shortest(struct clew_view *view, const struct clew_trace_id *ids,
                                     uint32_t n, unsigned min_digits, unsigned *ret_digits,
                                     struct clew_error *err);

/* ---- notes: small records that people or judges attach to a trace ---------------------------- */

/* Appends one opaque record; durable on return. Notes are never overwritten. */
CLEW_MUST_USE int clew_store_add_note(struct clew_store *store, const struct clew_trace_id *id,
                                      struct clew_slice note, struct clew_error *err);
/* The @index-th note of a trace: 0, -ENOENT past the last one. @ret lives as long as the view's
 * snapshot. */
CLEW_MUST_USE int clew_view_note(struct clew_view *view, const struct clew_trace_id *id,
                                 uint32_t index, struct clew_slice *ret, struct clew_error *err);

/* ---- state ---------------------------------------------------------------------------------- */

struct clew_store_stats {
        uint64_t traces; /* sealed and hot, each once */
        uint64_t spans;  /* distinct */
        uint64_t logs;
        uint64_t raw_otlp_bytes; /* OTLP protobuf bytes of all traces */
        uint64_t hot_traces;
        uint64_t hot_fragments;
        uint64_t hot_bytes; /* as stored */
        uint64_t segments;
        uint64_t segment_bytes; /* as stored */
        /* Raw bytes that sealing has written over the life of the store, for the first time and
         * again; compaction keeps the second within three times the first and 64 MiB. */
        uint64_t sealed_first_bytes;
        uint64_t sealed_again_bytes;
        uint64_t unsealable; /* hot traces that are too large to be sealed */
        uint64_t index_runs;
        uint64_t index_bytes; /* of their blocks */
        uint64_t indexed;     /* segments that some run covers, of whatever indexer */
        bool index_damaged;   /* the list of runs cannot be read: the three above are 0 */
        uint64_t used_bytes;  /* of the data file: all pages that are not free */
        uint64_t free_bytes;  /* pages inside the file that wait for reuse */
        uint64_t file_bytes;
        uint32_t format_version;
};

/* Which store it is, the same in its backups and in what is restored from them: 16 bytes. */
#define CLEW_STORE_ID_BYTES 16u
CLEW_MUST_USE int clew_view_store_id(struct clew_view *view, uint8_t ret[CLEW_STORE_ID_BYTES],
                                     struct clew_error *err);

CLEW_MUST_USE int clew_view_stats(struct clew_view *view, struct clew_store_stats *ret,
                                  struct clew_error *err);

/* Whether there is any log record. 0 or an error. */
CLEW_MUST_USE int clew_view_has_logs(struct clew_view *view, bool *ret, struct clew_error *err);

/* The part of it that costs a few records, however much is stored or hot: for who asks every
 * second. Bytes of what is hot are those of its pages. */
struct clew_store_figures {
        uint64_t sealed_traces;
        uint64_t sealed_spans;
        uint64_t sealed_raw_bytes;
        uint64_t hot_fragments;
        uint64_t hot_bytes;
        uint64_t segments;
        uint64_t segment_bytes;
        uint64_t used_bytes;
        uint64_t free_bytes;
        uint64_t file_bytes;
        uint64_t disk_free_bytes;       /* of the file system, for this user; 0 = not known */
        uint32_t readers;               /* snapshots that are held now, in any process */
        int32_t oldest_reader;          /* process id of the one that holds the oldest; 0 = none */
        uint64_t oldest_reader_commits; /* made since its snapshot: the file grows behind it */
};

CLEW_MUST_USE int clew_store_figures(struct clew_store *store, struct clew_store_figures *ret,
                                     struct clew_error *err);

/* Whether the file of summaries of what is hot can be used (storage/hot/hot-summaries-int.h); with
 * @whole, whether none of them is damaged. 0, or a negative errno with a sentence. Nothing depends
 * on that file: it is made again. */
CLEW_MUST_USE int clew_store_check_hot_summaries(struct clew_store *store, bool whole,
                                                 struct clew_error *err);

/* Bytes of stored records that were read since it was opened, each time that one was; pages on the
 * way to them are not counted. */
uint64_t clew_store_read_bytes(const struct clew_store *store);

/* Gives back the memory of file pages that this process has touched; they stay in the system's
 * cache. For long-running programs. 0 or a negative errno; nothing depends on success. */
CLEW_MUST_USE int clew_store_release_pages(struct clew_store *store, struct clew_error *err);

/* Clears what dead readers have left in the store's list of them, and takes the snapshots of
 * programs that are stopped (they are told so when they go on): the file grows behind each of them.
 * For a collector's tick. Returns how many. */
int clew_store_check_readers(struct clew_store *store);

/* One finding of a verification: names the object and what is wrong with it. */
typedef void (*clew_verify_report_fn)(void *context, const char *object, const char *what);

/*
 * Checks every record of the store in @dir: checksums, decoding, counts, and that every index entry
 * resolves both ways. Runs in a child process, because a damaged LMDB tree can crash its reader.
 * Returns the number of findings (0 = whole), or a negative errno when it could not be opened at
 * all. Call it only while no store is open in this process.
 */
CLEW_MUST_USE int clew_store_verify(const char *dir, clew_verify_report_fn report, void *context,
                                    struct clew_error *err);

#endif
