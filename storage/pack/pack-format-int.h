/*
 * The byte layout shared by both halves of the pack codec; storage/FORMAT.md, section "Pack".
 *
 *   magic 1 | n messages varint | n directory rows | residue frame | 3 column frames
 *   row   = raw length, residue length, bytes in each column (5 varints)
 *   frame = varint(length << 1 | kind) and that many bytes
 */
#ifndef CLEW_STORAGE_PACK_FORMAT_INT_H
#define CLEW_STORAGE_PACK_FORMAT_INT_H

#define PACK_MAGIC 0xC1u

/* A copy shorter than this costs more as a triple than as residue (measured: 96 beats 32..64). */
#define PACK_COPY_MIN 96u
/* Below this a pack is one small trace, where compression setup dominates. */
#define PACK_TINY_BYTES (64u * 1024)

/* Frames of fewer bytes are stored: a zstd frame would save less than its header. */
#define PACK_STORED_BYTES 64u

enum pack_column {
        PACK_COLUMN_LITERALS,  /* literal run before each copy, and one last run; varint */
        PACK_COLUMN_LENGTHS,   /* copy length - PACK_COPY_MIN; varint */
        PACK_COLUMN_DISTANCES, /* zigzag varint of the change against the copy before */
        PACK_COLUMNS,
};

enum pack_frame_kind { PACK_FRAME_STORED = 0, PACK_FRAME_ZSTD = 1 };

#endif
