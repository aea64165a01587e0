/*
 * Items as they leave the house: each text of one with its secrets masked (proto/mask).
 */
#ifndef CLEW_QUERY_REVIEW_ITEM_MASK_H
#define CLEW_QUERY_REVIEW_ITEM_MASK_H

#include "proto/base/compiler.h"
#include "proto/mask/mask.h"
#include "query/review/item.h"

/* "redact" of exports; rules, or "all", "none". */
#define CLEW_REDACT_HELP "what is masked in texts: all (default), none, or email,phone,card ..."

/*
 * Makes @item a copy of itself whose texts are masked; what is not changed is borrowed from where
 * it was, the rest lives in @arena. Its ids stay those of what is kept. Counts in @m. 0, -ENOMEM,
 * -EMSGSIZE.
 */
CLEW_MUST_USE int clew_item_mask(struct clew_item *item, struct clew_mask *m,
                                 struct clew_arena *arena);

#endif
