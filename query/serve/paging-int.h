/*
 * Where a page goes on, of lists that are no walks over traces.
 */
#ifndef CLEW_QUERY_SERVE_PAGING_INT_H
#define CLEW_QUERY_SERVE_PAGING_INT_H

#include "query/review/record.h"
#include "query/serve/call-int.h"

#include <stdbool.h>
#include <stdint.h>

/* NAME, or NAME@VERSION, with the final NUL. */
#define CLEW_PAGE_NAME_TEXT (CLEW_NAME_BYTES_MAX + 24u)

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

#endif
