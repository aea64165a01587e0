/*
 * Summaries of traces that are still hot, in a file beside the data file, so that questions do not
 * derive again what nothing new has come for.
 *
 * A collector writes it when it has nothing to seal (storage/seal/seal-hot.c); everybody reads it.
 * It is no part of the store: never synced, in no backup; missing, old or damaged it costs time and
 * nothing else. An entry says of which fragments and which sealed part it is, under which rules and
 * in which epoch of erasures it was made, and has a checksum. It is used where all of that is as
 * the snapshot at hand has it, and nowhere else.
 *
 * Erasing: the epoch is raised first (struct clew_erasure), then the file is wiped under its lock
 * (flock). Who writes takes the lock, looks at the epoch again, and writes what was derived in that
 * epoch alone. So nothing of what was erased is written after the wipe.
 *
 * The file is changed in place; numbers have their lowest byte first.
 *
 *   0      magic 8 | version 4 | number of slots 4 | where in the log the next entry goes 8
 *   4096   slots of 16 bytes in buckets of 8: hash of the id 8 | bytes of the entry 4 | where it is
 * 4
 *   ...    behind room for CLEW_HOT_SLOTS_MAX of them the log: entries one behind the other, from
 *          its beginning again when it is at its end
 *
 *   entry = checksum 8 | epoch 8 | trace id 16 | last sequence 8 | last arrival 8 | raw bytes 8 |
 *           segment 8 | its index 4 | spans 4 | log records 4 | fragments 4 | rules 4 | length 4 |
 *           summary
 */
#ifndef CLEW_STORAGE_HOT_SUMMARIES_INT_H
#define CLEW_STORAGE_HOT_SUMMARIES_INT_H

#include "proto/base/buffer.h"
#include "storage/base/place-int.h"
#include "storage/hot/hot-int.h"

#include <stdbool.h>
#include <stdint.h>

/* Summaries that are kept; of more hot traces some are derived each time. There are twice as many
 * slots as hot traces, powers of two, so that few pages are written where little is hot. */
#define CLEW_HOT_SLOTS_MAX (1u << 18)
#define CLEW_HOT_SLOTS_MIN (1u << 11)
#define CLEW_HOT_BUCKET 8u
/* The log is no longer; the end that a writer sets is at four times what lives in it, or here. */
#define CLEW_HOT_LOG_BYTES_MAX ((uint64_t)128 << 20)
#define CLEW_HOT_LOG_BYTES_MIN ((uint64_t)1 << 20)
/* Of one summary; larger ones are derived each time. */
#define CLEW_HOT_SUMMARY_BYTES_MAX ((size_t)64 << 10)

/* What a summary is of: a trace as its hot fragments and its sealed part stand. */
struct clew_hot_mark {
        struct clew_trace_id id;
        uint64_t last_sequence;
        uint64_t last_arrival_ns;
        uint64_t raw_bytes;
        uint64_t segment; /* 0 = all of it is hot */
        uint32_t index;
        uint32_t n_spans;
        uint32_t n_logs;
        uint32_t n_fragments;
};

/* Of @t of @list; @place is that of its sealed part, segment 0 = none. */
struct clew_hot_mark clew_hot_mark_of(const struct clew_hot_list *list,
                                      const struct clew_hot_trace *t,
                                      const struct clew_place *place);

/* ---- reading --------------------------------------------------------------------------------- */

/* Zeroed is closed. For one thread. */
struct clew_hot_summaries {
        int fd;
        bool is_open;
        bool is_asked; /* begun, and summaries may be used */
        uint64_t epoch;
        uint32_t n_asked;
        uint32_t n_slots;
        uint64_t next;  /* in the log, when it was begun */
        uint64_t at;    /* of the entry that was given last */
        uint8_t *slots; /* all of them, read when some dozen were asked for; owned */
        struct clew_buffer entry;
};

/* Begins in a snapshot of the store in @dir, in erasing epoch @epoch. Without the file, or without
 * memory, nothing is found. */
void clew_hot_summaries_begin(struct clew_hot_summaries *s, const char *dir, uint64_t epoch);
/* The next snapshot is another one. Keeps the file open. */
void clew_hot_summaries_forget(struct clew_hot_summaries *s);
void clew_hot_summaries_end(struct clew_hot_summaries *s); /* zeroed is fine */
/* The summary of exactly that, and the version of its rules. @ret lives until the next call. False:
 * there is none, or it is damaged. */
bool clew_hot_summaries_get(struct clew_hot_summaries *s, const struct clew_hot_mark *mark,
                            struct clew_slice *ret, uint32_t *ret_version);

/* The entry that was given last will soon be written over, where @n_live traces are hot and their
 * entries have about @mean_bytes. */
bool clew_hot_summaries_is_old(const struct clew_hot_summaries *s, uint32_t n_live,
                               uint64_t mean_bytes);

/* ---- writing --------------------------------------------------------------------------------- */

/* Entries that are not in the file yet. Zeroed is empty. */
struct clew_hot_summary_log {
        struct clew_buffer entries;
        struct clew_buffer marks; /* struct clew_hot_mark of each */
        uint32_t n;
        bool has_turned; /* writing has passed a quarter of the log: it is to be asked what is old,
                          * unless more lives than can be kept */
};

/* Adds one, derived in epoch @epoch. Without memory it is left out. */
void clew_hot_summary_log_add(struct clew_hot_summary_log *l, const struct clew_hot_mark *mark,
                              uint64_t epoch, uint32_t version, struct clew_slice summary);
/*
 * Writes what was added, and forgets it. @n_live traces are hot; an entry of theirs has about
 * @mean_bytes. @holds is asked under the file's
 * lock whether the epoch still is that of all entries; false: they are left out. 0, also when the
 * lock is held by somebody for long, or a negative errno. Nothing depends on success.
 */
CLEW_MUST_USE int clew_hot_summary_log_write(struct clew_hot_summary_log *l, const char *dir,
                                             uint32_t n_live, uint64_t mean_bytes,
                                             bool (*holds)(void *context), void *context,
                                             struct clew_error *err);
void clew_hot_summary_log_deinit(struct clew_hot_summary_log *l); /* zeroed is fine */

/*
 * Whether the file is one that can be used. 0 (also without a file, and of one that was wiped or
 * only just begun), or -EINVAL and the like with a sentence: it is of somebody else, no file, or
 * its beginning is damaged. With @whole every entry is read that its slot still names: -EBADMSG
 * when some of them are damaged. Nothing is changed; nothing depends on the file.
 */
CLEW_MUST_USE int clew_hot_summaries_check(const char *dir, bool whole, struct clew_error *err);

/* Writes zeros over all that is in the file, durably. Also for a process that has no collector.
 * 0, -ETIMEDOUT (somebody holds its lock), or a negative errno. */
CLEW_MUST_USE int clew_hot_summaries_wipe(const char *dir, struct clew_error *err);

#endif
