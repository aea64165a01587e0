/*
 * Keys of table `index`, for the files of this room.
 */
#ifndef CLEW_STORAGE_INDEX_CATALOG_KEYS_INT_H
#define CLEW_STORAGE_INDEX_CATALOG_KEYS_INT_H

#include "storage/base/record-int.h"

struct clew_index_gone; /* catalog-int.h */

/* In the order of the table: what is read at once stands together. */
enum { CLEW_INDEX_KEY_BLOCK = 'B', CLEW_INDEX_KEY_GONE = 'G', CLEW_INDEX_KEY_HEAD = 'H' };

struct clew_key clew_index_key_block(uint64_t run, uint32_t block);
struct clew_key clew_index_key_gone(uint64_t segment);
struct clew_key clew_index_key_head(uint64_t run);
/* The tag and the number behind it; 0 when @key is no such key. */
uint8_t clew_index_key_read(struct clew_slice key, uint64_t *ret_number);

/* ret->segment stays. */
CLEW_MUST_USE bool clew_index_gone_decode(struct clew_slice value, struct clew_index_gone *ret);

#endif
