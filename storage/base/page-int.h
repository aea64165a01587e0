/*
 * How LMDB lays out a page: what is looked at, wiped or saved without it. Data format 1 of
 * LMDB 0.9 on 64-bit machines, in the byte order of the machine (its mdb.c: MDB_page, MDB_node,
 * MDB_db).
 *
 * A page begins with its number (8 bytes), flags at 10, and at 12 either the ends of the room
 * between its list of nodes and the nodes (two of 2 bytes), or how many pages a large value takes
 * (4 bytes). A node is 8 bytes (of the length of its value, or of the number of the page below it:
 * two of 2 bytes; flags, or more of that number; the length of its key), its key, and its value or
 * the number of the page in which that begins.
 *
 * Nothing here checks a bound: who calls has looked at it.
 */
#ifndef CLEW_STORAGE_BASE_PAGE_INT_H
#define CLEW_STORAGE_BASE_PAGE_INT_H

#include "proto/base/slice.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define CLEW_PAGE_HEADER 16u
#define CLEW_PAGE_BYTES_MAX 65536u
/* The two before are meta pages. */
#define CLEW_PAGE_FIRST 2u
#define CLEW_PAGE_NONE UINT64_MAX

/* Flags of a page. */
#define CLEW_PAGE_BRANCH 0x01u
#define CLEW_PAGE_LEAF 0x02u
#define CLEW_PAGE_OVERFLOW 0x04u
#define CLEW_PAGE_META 0x08u
#define CLEW_PAGE_DIRTY 0x10u

#define CLEW_NODE_HEADER 8u
/* Flags of a leaf's node: its value begins pages of its own; is the root of a table. */
#define CLEW_NODE_BIG 0x01u
#define CLEW_NODE_TREE 0x02u

/* What stands in the place of a value that is the root of a table. */
#define CLEW_TREE_BYTES 48u
#define CLEW_TREE_ROOT_AT 40u

/* A tree of all pages that there can be is not deeper. */
#define CLEW_TREE_LEVELS_MAX 32u

static inline uint16_t clew_page_get16(const uint8_t *at)
{
        uint16_t v;

        memcpy(&v, at, sizeof(v));
        return v;
}

static inline uint32_t clew_page_get32(const uint8_t *at)
{
        uint32_t v;

        memcpy(&v, at, sizeof(v));
        return v;
}

static inline uint64_t clew_page_get64(const uint8_t *at)
{
        uint64_t v;

        memcpy(&v, at, sizeof(v));
        return v;
}

static inline uint64_t clew_page_number(const uint8_t *page)
{
        return clew_page_get64(page);
}

static inline uint16_t clew_page_flags(const uint8_t *page)
{
        return clew_page_get16(page + 10);
}

/* Where the list of nodes ends. */
static inline uint16_t clew_page_lower(const uint8_t *page)
{
        return clew_page_get16(page + 12);
}

/* Where the nodes begin. */
static inline uint16_t clew_page_upper(const uint8_t *page)
{
        return clew_page_get16(page + 14);
}

/* Of a page of CLEW_PAGE_OVERFLOW: how many the value takes. */
static inline uint32_t clew_page_run(const uint8_t *page)
{
        return clew_page_get32(page + 12);
}

/* How many pages a value of @bytes takes that does not lie in the page of its node. */
static inline uint64_t clew_page_run_of(uint64_t bytes, size_t page_bytes)
{
        return (CLEW_PAGE_HEADER - 1 + bytes) / page_bytes + 1;
}

/* Where node @i begins. */
static inline size_t clew_page_node_at(const uint8_t *page, unsigned i)
{
        return clew_page_get16(page + CLEW_PAGE_HEADER + 2 * (size_t)i);
}

static inline uint16_t clew_node_flags(const uint8_t *node)
{
        return clew_page_get16(node + 4);
}

static inline struct clew_slice clew_node_key(const uint8_t *node)
{
        return clew_slice_make(node + CLEW_NODE_HEADER, clew_page_get16(node + 6));
}

/* Of a leaf: of the value, wherever it lies. */
static inline uint64_t clew_node_value_len(const uint8_t *node)
{
        return clew_page_get16(node) | (uint64_t)clew_page_get16(node + 2) << 16;
}

/* Of a leaf, with CLEW_NODE_BIG: the page in which the value begins. */
static inline uint64_t clew_node_value_page(const uint8_t *node)
{
        return clew_page_get64(node + CLEW_NODE_HEADER + clew_page_get16(node + 6));
}

/* Of a branch: the page below. */
static inline uint64_t clew_node_child(const uint8_t *node)
{
        return clew_node_value_len(node) | (uint64_t)clew_page_get16(node + 4) << 32;
}

/* Reads @n bytes at @offset. Returns how many there are: less only at the end of the file; -1 with
 * errno set where the disk cannot read. */
static inline ssize_t clew_page_read(int fd, uint64_t offset, uint8_t *into, size_t n)
{
        size_t got = 0;

        while (got < n) {
                ssize_t k = pread(fd, into + got, n - got, (off_t)(offset + got));

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -1;
                if (k == 0)
                        break;
                got += (size_t)k;
        }
        return (ssize_t)got;
}

#endif
