/*
 * Where a page goes on, of lists that are no walks over traces.
 */
#ifndef CLEW_QUERY_SERVE_PAGING_INT_H
#define CLEW_QUERY_SERVE_PAGING_INT_H

#include "query/review/record.h"
#include "query/serve/call-int.h"
#include "storage/tier.h"

#include <stdbool.h>
#include <stdint.h>

/* NAME, or NAME@VERSION, with the final NUL. */
#define CLEW_PAGE_NAME_TEXT (CLEW_NAME_BYTES_MAX + CLEW_TIER_WRITER_BYTES + 26u)

/* Whether what has that name (and version, where it has some; else 0) stands behind @after, as
 * clew_page_print_name() has it; NULL: everything does. */
bool clew_page_is_behind_name(const char *after, struct clew_slice name, uint64_t version);
/* False when the call's `after` is no such name: it was refused. */
CLEW_MUST_USE bool clew_page_takes_name(struct clew_call *call);
void clew_page_print_name(struct clew_slice name, uint64_t version, char ret[CLEW_PAGE_NAME_TEXT]);

/* "<size>-<16 hex digits>": a place in a list of groups, the largest first, equal ones by hash. */
#define CLEW_PAGE_SIZE_TEXT 40u
CLEW_MUST_USE bool clew_page_parse_size(const char *text, uint64_t *ret_size, uint64_t *ret_hash);
void clew_page_print_size(uint64_t size, uint64_t hash, char ret[CLEW_PAGE_SIZE_TEXT]);

/*
 * A place in a list that is ranked as a whole: 16 hex digits, made of the texts that name the item
 * which stood there. Its rank may have changed since; when it is gone the list has to be begun
 * anew.
 */
#define CLEW_PAGE_ITEM_TEXT 17u
uint64_t clew_page_item(const struct clew_slice *names, uint32_t n, uint64_t number);
void clew_page_print_item(uint64_t item, char ret[CLEW_PAGE_ITEM_TEXT]);
/* Where a page of @n items begins, behind the call's `after`; @item_at gives the place of one. 0,
 * or 1 when there is no such place: it was refused. */
CLEW_MUST_USE int clew_page_begin(struct clew_call *call, const void *items, uint32_t n,
                                  uint64_t (*item_at)(const void *items, uint32_t i),
                                  uint32_t *ret);

#endif
