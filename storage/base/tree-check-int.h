/*
 * Whether the pages of one of LMDB's trees are what their places say. LMDB does not look: it writes
 * over memory, or ends the program, where a page is not what it must be.
 *
 * Every branch and leaf is read: its number, its kind, where its nodes lie, the order and bounds of
 * its keys, that no page is led to twice, and that all together have the numbers of pages and
 * records that the tree is said to have. Large values lie in pages of their own: where they begin
 * is compared, what is in them is not read. A thousandth of the tree's bytes or less, then: about
 * 140 records of an index lie on a leaf.
 *
 * Who only reads may look at the pages on the way to some keys alone, each once: what LMDB does not
 * come to cannot harm.
 */
#ifndef CLEW_STORAGE_TREE_CHECK_INT_H
#define CLEW_STORAGE_TREE_CHECK_INT_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stddef.h>
#include <stdint.h>

/* How LMDB 0.9 notes a tree, as a record of the tree of names. */
#define CLEW_TREE_BYTES 48u

struct clew_tree_check {
        int fd;
        uint64_t n_pages; /* that may be read */
        size_t page_bytes;
        const uint8_t *tree; /* CLEW_TREE_BYTES */
        /* NULL: all of the tree is looked at. Else a bit for each page, of those that were: they
         * are read from @map, where the file is mapped. */
        uint8_t *known;
        const uint8_t *map;
        uint64_t ret_page;    /* where it is damaged */
        const char *ret_what; /* ... and how */
};

/* 0, -EBADMSG, -ENOMEM. */
CLEW_MUST_USE int clew_tree_check(struct clew_tree_check *c);
/* With c->known: the pages that LMDB comes to on its way from @from to @to, both included (@to
 * without data: to the end). Notes them. 0, -EBADMSG, -ENOMEM. */
CLEW_MUST_USE int clew_tree_check_range(struct clew_tree_check *c, struct clew_slice from,
                                        struct clew_slice to);

#endif
