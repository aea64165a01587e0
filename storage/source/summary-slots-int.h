/*
 * Summaries of segments that were unpacked lately.
 *
 * A walk by time goes to and fro between the segments of all services that ran at the same time;
 * unpacking one for each trace costs ten times what reading the trace's summary does. So some are
 * kept, as many as fit into CLEW_SUMMARY_SLOTS_BYTES; the one that was longest unused goes first.
 */
#ifndef CLEW_STORAGE_SUMMARY_SLOTS_INT_H
#define CLEW_STORAGE_SUMMARY_SLOTS_INT_H

#include "proto/base/buffer.h"
#include "storage/base/env-int.h"
#include "storage/base/place-int.h"
#include "storage/sealed/segment-int.h"

/* Services that run at the same time; one more only costs time. */
#define CLEW_SUMMARY_SLOTS 64u
/* Plain bytes of all of them; a segment has some hundred kilobytes. */
#define CLEW_SUMMARY_SLOTS_BYTES ((size_t)16 << 20)

struct clew_summary_slot;

struct clew_summary_slots {
        uint64_t segments[CLEW_SUMMARY_SLOTS]; /* 0 = free */
        uint64_t used[CLEW_SUMMARY_SLOTS];     /* larger = later */
        struct clew_summary_slot *slots[CLEW_SUMMARY_SLOTS];
        uint64_t clock;
        size_t bytes;
        struct ZSTD_DCtx_s *zstd; /* made at its first use */
};

/* Zeroed slots are empty. Forgets all: for another snapshot, and at the end. */
void clew_summary_slots_clear(struct clew_summary_slots *s);

/*
 * The summary of the trace at @place, the version of its rules, and which traces of its segment
 * still are in it. @ret and @ret_live live until the next call. 0, -EBADMSG, -ENOMEM.
 */
CLEW_MUST_USE int clew_summary_slots_get(struct clew_summary_slots *s, struct clew_env *env,
                                         MDB_txn *txn, const struct clew_place *place,
                                         struct clew_slice *ret, uint32_t *ret_version,
                                         const struct clew_segment_live **ret_live,
                                         struct clew_error *err);

#endif
