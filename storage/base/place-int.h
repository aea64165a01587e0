/*
 * Places: where each trace is sealed (table trace), its entry in the time order, and the proof that
 * a trace which is not found is not merely hidden.
 *
 * LMDB has no checksums, and a damaged or lost page can lead to an older one on which every record
 * verifies. So a place is believed only when its segment says that the trace has not moved on
 * (clew_loader_check_place()), and an absence only when the sum over its bucket of the index is
 * that of the state.
 */
#ifndef CLEW_STORAGE_PLACE_INT_H
#define CLEW_STORAGE_PLACE_INT_H

#include "storage/base/record-int.h"

struct clew_place {
        uint64_t segment;
        uint32_t index; /* of the trace within the segment */
        uint64_t start_ns;
};

CLEW_MUST_USE int clew_place_read(struct clew_env *env, MDB_txn *txn,
                                  const struct clew_trace_id *id, struct clew_place *ret,
                                  struct clew_error *err);
CLEW_MUST_USE bool clew_place_decode(struct clew_slice value, struct clew_place *ret);
/* Writes the place and its entry in the time order. */
CLEW_MUST_USE int clew_place_write(struct clew_env *env, MDB_txn *txn,
                                   const struct clew_trace_id *id, const struct clew_place *place,
                                   struct clew_error *err);

/* Counts a place into or out of @sums. */
void clew_place_count_in(struct clew_place_sums *sums, const struct clew_trace_id *id,
                         const struct clew_place *place);
void clew_place_count_out(struct clew_place_sums *sums, const struct clew_trace_id *id,
                          const struct clew_place *place);

/* Buckets that have proved whole in one snapshot. */
struct clew_places_proved {
        bool bucket[CLEW_PLACE_BUCKETS];
};

/*
 * The trace index holds what was written of the ids that begin with the first @n_digits hex digits
 * of @id. Each bucket is walked once per @proved; one of more than 4 million traces is not. 0,
 * -EBADMSG, other.
 */
CLEW_MUST_USE int clew_places_prove(struct clew_env *env, MDB_txn *txn,
                                    const struct clew_trace_id *id, unsigned n_digits,
                                    struct clew_places_proved *proved, struct clew_error *err);
/* Divides the one sum of an older format. -EBADMSG when the index is not whole. */
CLEW_MUST_USE int clew_places_divide(struct clew_env *env, MDB_txn *txn,
                                     struct clew_place_sums *sums, struct clew_error *err);

#endif
