/*
 * Pack: the compressed form of a list of messages (one message = one trace, or one fragment).
 *
 * Agents send the whole conversation again with every call, so most bytes of a trace repeat earlier
 * bytes of the same trace, often from far away. A pack takes those repeats out first and leaves a
 * short *residue* to a general compressor:
 *
 *   encode   a gear hash samples each message at places chosen by its content; equal 32-byte
 * windows are extended both ways into copies of at least PACK_COPY_MIN bytes. A message becomes
 *            (literal length, copy length, copy distance) triples; the literals of all messages
 * form one residue. Residue and the three columns of the triples are four zstd frames. decode
 * opening message i unpacks the residue (1/10 to 1/20 of the bytes, at text speed) and replays the
 * copies of message i alone (at memcpy speed). The other messages cost only their share of the
 * residue.
 *
 * Against zstd's own long window over the whole: about a third smaller at the same time budget, and
 * a single trace opens without unpacking its neighbours. The measurements stand in
 * storage/README.md.
 *
 * Hazards: the decoder trusts nothing it reads; all lengths are checked against the directory's
 * totals, and those against PACK_*_MAX, before memory is taken.
 */
#ifndef CLEW_STORAGE_PACK_INT_H
#define CLEW_STORAGE_PACK_INT_H

#include "proto/base/buffer.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One message; positions are 32 bit inside, and a trace beyond this is sealed in several messages.
 */
#define CLEW_PACK_MESSAGE_MAX ((size_t)1 << 30)
/* Messages of one pack: bounds the directory that a reader must walk. */
#define CLEW_PACK_MESSAGES_MAX 65536u
/* Residue of one pack as a decoder accepts it. */
#define CLEW_PACK_RESIDUE_MAX ((size_t)1 << 31)

struct clew_packer;

CLEW_MUST_USE struct clew_packer *clew_packer_new(void);
void clew_packer_free(struct clew_packer *p);
/* Begins an empty pack; keeps the memory of the last one. */
void clew_packer_reset(struct clew_packer *p);
/* Adds one message. Returns its index, or -ENOMEM, -EMSGSIZE (message or pack over its maximum). */
CLEW_MUST_USE int clew_packer_add(struct clew_packer *p, struct clew_slice message);
/* The same without looking for copies inside the message: for small ones, where zstd finds them. */
CLEW_MUST_USE int clew_packer_add_plain(struct clew_packer *p, struct clew_slice message);
/* Bytes that copies did not cover so far: what a reader must unpack to open the last message. */
size_t clew_packer_residue_bytes(const struct clew_packer *p);
size_t clew_packer_raw_bytes(const struct clew_packer *p);

enum clew_pack_effort {
        CLEW_PACK_FAST,  /* on the ingest path */
        CLEW_PACK_SMALL, /* in the background; effort falls where the residue is large */
};
/* Appends the finished pack to @out. Returns 0, -ENOMEM, or @out's error. */
CLEW_MUST_USE int clew_packer_finish(struct clew_packer *p, enum clew_pack_effort effort,
                                     struct clew_buffer *out);

struct clew_unpacker;

CLEW_MUST_USE struct clew_unpacker *clew_unpacker_new(void);
void clew_unpacker_free(struct clew_unpacker *u);
/*
 * Opens @pack (borrowed until the next open or free) and reads its directory. Returns 0, -EBADMSG
 * (not a pack, or damaged) or -ENOMEM.
 */
CLEW_MUST_USE int clew_unpacker_open(struct clew_unpacker *u, struct clew_slice pack);
size_t clew_unpacker_messages(const struct clew_unpacker *u);
/* What the packer had as clew_packer_residue_bytes(). */
uint64_t clew_unpacker_residue_bytes(const struct clew_unpacker *u);
/* Gives back what large unpacked bytes take; the next read makes them again. */
void clew_unpacker_drop_large(struct clew_unpacker *u);
/* Appends message @index to @out. Returns 0, -EBADMSG, -EINVAL (no such index), or @out's error. */
CLEW_MUST_USE int clew_unpacker_read(struct clew_unpacker *u, size_t index,
                                     struct clew_buffer *out);

#endif
