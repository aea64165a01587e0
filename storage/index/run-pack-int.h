/*
 * The front of a block of keys in fewer bytes.
 *
 * Keys share their beginnings already; what is left are pieces of words and short lists of
 * ordinals, which an entropy coder makes a third smaller. Packed: a zero byte, where the number of
 * entries stands else and is none, the length of the frame, and one zstd frame with its content
 * size. Behind it stands what no coder makes smaller, and would only spoil its statistics: long
 * postings. A front that packing makes no smaller stands as it is.
 */
#ifndef CLEW_STORAGE_INDEX_RUN_PACK_INT_H
#define CLEW_STORAGE_INDEX_RUN_PACK_INT_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"

/* Working memory of zstd, made at its first use. Zeroed is empty. */
struct clew_run_packer {
        struct ZSTD_CCtx_s *packing;
        struct ZSTD_DCtx_s *unpacking;
};

void clew_run_packer_deinit(struct clew_run_packer *p); /* zeroed is fine */

/* Replaces @front by its packed form if that is smaller. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_run_pack(struct clew_run_packer *p, struct clew_buffer *front,
                                struct clew_buffer *room);

static inline bool clew_run_is_packed(struct clew_slice block)
{
        return block.len > 0 && block.data[0] == 0;
}

/* What the front of @block, which is packed, holds, into @ret, at most its maximum; and what stands
 * behind it. @p may be NULL. 0, -EBADMSG or -ENOMEM. */
CLEW_MUST_USE int clew_run_unpack(struct clew_run_packer *p, struct clew_slice block,
                                  struct clew_buffer *ret, struct clew_slice *ret_behind);

#endif
