/*
 * Answers of the API packed for a page that asks no server: texts that stand in them again and
 * again (every call of a model repeats the conversation) are kept once, and secrets are masked.
 *
 * Packed JSON is JSON: a text of the table is the string "\u0001N" in the place where it stood, N
 * its index in the table of texts. No "<" is in it, so it can stand in a page. An element of the
 * table is a text, or [M,n,"rest"]: the first n characters (UTF-16) of text M, and the rest; a
 * conversation that is sent as one text grows at its end.
 */
#ifndef CLEW_QUERY_SERVE_SHARE_PACK_INT_H
#define CLEW_QUERY_SERVE_SHARE_PACK_INT_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "proto/mask/mask.h"

#include <stdint.h>

struct clew_share_text {
        uint64_t hash;
        size_t at; /* in `raw`; texts are compared by their bytes */
        uint32_t len;
        uint32_t index;
};

/* The text that stood last behind a key, as it stands in the table. */
#define CLEW_SHARE_LAST 32u
struct clew_share_last {
        uint64_t key;
        uint32_t index;
        struct clew_buffer made;
};

struct clew_share_pack {
        struct clew_mask mask;
        struct clew_buffer texts; /* elements of the table, as JSON, with commas */
        struct clew_buffer raw;   /* of each text, what it was before masking */
        struct clew_share_text *table;
        uint32_t room; /* of the table; a power of two */
        uint32_t n;
        struct clew_share_last last[CLEW_SHARE_LAST];
        /* scratch: */
        struct clew_buffer made;
        struct clew_buffer decoded;
        struct clew_buffer masked;
};

/* @max_bytes bounds each of the buffers. */
void clew_share_pack_init(struct clew_share_pack *p, unsigned rules, size_t max_bytes);
void clew_share_pack_deinit(struct clew_share_pack *p); /* zeroed is fine */

/* Appends @json, a whole value of our own writer, packed. 0, -ENOMEM or -EMSGSIZE. */
CLEW_MUST_USE int clew_share_pack_add(struct clew_share_pack *p, struct clew_slice json,
                                      struct clew_buffer *out);

#endif
