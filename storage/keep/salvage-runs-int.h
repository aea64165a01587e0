/*
 * Large values whose leaf is lost.
 *
 * LMDB puts a large value into a run of pages of its own, and a leaf has nothing but its key, its
 * length and where the run begins: a lost leaf of 4 KiB may be all that leads to a hundred
 * segments. The runs are still there, and say that they are runs. What each of them is, is found by
 * trying: the bounds of the lost leaf say which keys it can have had, and the checksums that stand
 * in the value are of key and value, so that no wrong key fits.
 *
 * Objects and batches of hot fragments are found so, which are what cannot be made anew of
 * something else; what was small lay in the leaf, and is lost with it.
 */
#ifndef CLEW_STORAGE_SALVAGE_RUNS_INT_H
#define CLEW_STORAGE_SALVAGE_RUNS_INT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "storage/base/env-int.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_hot_batch;

/* As clew_salvage_fn. */
typedef int (*clew_salvage_runs_fn)(void *context, enum clew_table table, struct clew_slice key,
                                    struct clew_slice stored, bool found_again,
                                    struct clew_error *err);

struct clew_salvage_runs {
        int fd; /* of the data file; borrowed */
        size_t page_bytes;
        uint64_t n_pages;
        struct clew_buffer ranges;   /* of keys that are lost */
        struct clew_buffer objects;  /* that have more than one part: which, and how long */
        struct clew_buffer segments; /* numbers that the catalog has */
        struct clew_buffer firsts;   /* numbers of objects whose first part was read */
        struct clew_buffer value;
        uint64_t next_segment;  /* as the state says; 0 = not known */
        uint64_t next_sequence; /* of hot fragments, the same */
        uint64_t bytes_tried;
        bool gave_up; /* there was more to try than is worth it */
};

void clew_salvage_runs_init(struct clew_salvage_runs *runs);
void clew_salvage_runs_deinit(struct clew_salvage_runs *runs);

/* A page of @tree is lost whose keys lay from @low on, below @high (no data: no bound). */
void clew_salvage_runs_lost(struct clew_salvage_runs *runs, enum clew_table tree,
                            struct clew_slice low, struct clew_slice high);
/* A record that was read. */
void clew_salvage_runs_note(struct clew_salvage_runs *runs, enum clew_table table,
                            struct clew_slice key, struct clew_slice value);
/* When all trees were walked: whether the catalog has segments without an object, which an old leaf
 * in the place of a newer one may have cost. They are looked for too. */
bool clew_salvage_runs_miss(struct clew_salvage_runs *runs);
/* Tries all runs but those of which a page is in @seen or @free (a bit for each page), and gives
 * @fn what they are. 0, or what @fn said. */
CLEW_MUST_USE int clew_salvage_runs_find(struct clew_salvage_runs *runs, const uint8_t *seen,
                                         const uint8_t *free, struct clew_hot_batch *batch,
                                         clew_salvage_runs_fn fn, void *context,
                                         struct clew_error *err);

#endif
