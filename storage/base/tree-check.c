/*
 * See tree-check-int.h. Layout: LMDB 0.9 data format 1 on 64-bit machines.
 */
#include "storage/base/tree-check-int.h"

#include "proto/base/mem.h"
#include "storage/base/page-int.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* What is noted of a tree, and what is counted of it. */
struct totals {
        uint64_t branches;
        uint64_t leaves;
        uint64_t overflows;
        uint64_t entries;
};

struct level {
        const uint8_t *page; /* of `pages` */
        unsigned n;          /* nodes */
        unsigned at;         /* of the next one to be gone into */
        /* Keys lie from low on, below high; no data = no bound. */
        struct clew_slice low;
        struct clew_slice high;
};

struct walk {
        struct clew_tree_check *c;
        uint8_t *seen;  /* a bit for each page that was led to */
        uint8_t *pages; /* the page at hand of each level */
        struct totals found;
        unsigned depth; /* levels that the tree is said to have */
        struct level levels[CLEW_TREE_LEVELS_MAX];
};

static int damaged(struct walk *w, uint64_t page, const char *what)
{
        w->c->ret_page = page;
        w->c->ret_what = what;
        return -EBADMSG;
}

static const uint8_t *node_at(const uint8_t *page, unsigned i)
{
        return page + clew_page_node_at(page, i);
}

/* Plain reads: through the map each of some hundred pages brings its neighbours, at ten times the
 * price. */
static bool read_page(const struct walk *w, uint64_t number, uint8_t *into)
{
        return clew_page_read(w->c->fd, number * w->c->page_bytes, into, w->c->page_bytes) ==
               (ssize_t)w->c->page_bytes;
}

/* Notes that a way leads to @page; false: another one did. */
static bool lead_to(struct walk *w, uint64_t page)
{
        uint8_t bit = (uint8_t)(1u << page % 8);

        if (w->seen[page / 8] & bit)
                return false;
        w->seen[page / 8] |= bit;
        return true;
}

/* A large value in pages of its own. */
static int check_big(struct walk *w, uint64_t number, const uint8_t *node)
{
        uint64_t len = clew_node_value_len(node);
        uint64_t first = clew_node_value_page(node);
        uint64_t n = clew_page_run_of(len, w->c->page_bytes);

        if (first < CLEW_PAGE_FIRST || first >= w->c->n_pages || n > w->c->n_pages - first)
                return damaged(w, number, "leads out of the file");
        if (!lead_to(w, first))
                return damaged(w, first, "two ways lead to it");
        w->found.overflows += n;
        return 0;
}

/* Bytes that a node takes, and in a leaf whether it is of a kind that there is; 0 = it is not, or
 * goes out of its page. */
static size_t node_bytes(const struct walk *w, const uint8_t *page, size_t at, bool is_leaf)
{
        size_t left = w->c->page_bytes - at;
        const uint8_t *node = page + at;
        uint64_t n = CLEW_NODE_HEADER;

        if (left < CLEW_NODE_HEADER)
                return 0;
        n += clew_node_key(node).len;
        if (is_leaf && clew_node_flags(node) & ~CLEW_NODE_BIG)
                return 0;
        if (is_leaf)
                n += clew_node_flags(node) & CLEW_NODE_BIG ? sizeof(uint64_t)
                                                           : clew_node_value_len(node);
        n += n & 1;
        return n <= left ? (size_t)n : 0;
}

/* Nodes fill the page from `upper` to its end, their keys rise and lie in the bounds. The first key
 * of a branch is none. */
static int check_nodes(struct walk *w, const struct level *l, uint64_t number, bool is_leaf)
{
        size_t upper = clew_page_upper(l->page);
        struct clew_slice last = CLEW_SLICE_NULL;
        size_t bytes = 0;

        for (unsigned i = 0; i < l->n; i++) {
                size_t at = clew_page_node_at(l->page, i);
                size_t n = at < upper || at >= w->c->page_bytes || at % 2
                                   ? 0
                                   : node_bytes(w, l->page, at, is_leaf);
                struct clew_slice key;

                if (n == 0)
                        return damaged(w, number, "a node goes out of it");
                bytes += n;
                if (i == 0 && !is_leaf)
                        continue;
                key = clew_node_key(l->page + at);
                if ((l->low.data && clew_slice_cmp(key, l->low) < 0) ||
                    (l->high.data && clew_slice_cmp(key, l->high) >= 0) ||
                    (last.data && clew_slice_cmp(last, key) >= 0) || key.len == 0)
                        return damaged(w, number, "keys are out of order");
                last = key;
        }
        return bytes == w->c->page_bytes - upper ? 0 : damaged(w, number, "nodes do not fill it");
}

static int check_leaf(struct walk *w, const struct level *l, uint64_t number)
{
        int r = 0;

        w->found.leaves++;
        w->found.entries += l->n;
        for (unsigned i = 0; r == 0 && i < l->n; i++) {
                const uint8_t *node = node_at(l->page, i);

                if (clew_node_flags(node) & CLEW_NODE_BIG)
                        r = check_big(w, number, node);
        }
        return r;
}

/* Page @number is on level @depth, below @up (NULL = it is the root). */
static int open_level(struct walk *w, uint64_t number, unsigned depth, const struct level *up)
{
        struct level *l = &w->levels[depth];
        uint8_t *page = w->pages + depth * w->c->page_bytes;
        bool is_leaf = depth + 1 == w->depth;
        size_t lower;
        size_t upper;
        int r;

        if (number < CLEW_PAGE_FIRST || number >= w->c->n_pages)
                return damaged(w, number, "is outside of the file");
        if (!lead_to(w, number))
                return damaged(w, number, "two ways lead to it");
        if (!read_page(w, number, page))
                return damaged(w, number, "cannot be read");
        *l = (struct level){.page = page};
        lower = clew_page_lower(l->page);
        upper = clew_page_upper(l->page);
        if (clew_page_number(l->page) != number ||
            clew_page_flags(l->page) != (is_leaf ? CLEW_PAGE_LEAF : CLEW_PAGE_BRANCH) ||
            lower <= CLEW_PAGE_HEADER || lower > upper || upper > w->c->page_bytes || lower % 2)
                return damaged(w, number, "is none of the tree");
        l->n = (unsigned)(lower - CLEW_PAGE_HEADER) / 2u;
        if (up) {
                l->low = up->at > 1 ? clew_node_key(node_at(up->page, up->at - 1)) : up->low;
                l->high = up->at < up->n ? clew_node_key(node_at(up->page, up->at)) : up->high;
        }
        r = check_nodes(w, l, number, is_leaf);
        if (r == 0 && is_leaf)
                r = check_leaf(w, l, number);
        w->found.branches += !is_leaf;
        return r;
}

static int walk_tree(struct walk *w, uint64_t root)
{
        unsigned depth = w->depth > 1 ? 1 : 0;
        int r = open_level(w, root, 0, NULL);

        while (r == 0 && depth > 0) {
                struct level *up = &w->levels[depth - 1];
                const uint8_t *node;

                if (up->at == up->n) {
                        depth--;
                        continue;
                }
                node = node_at(up->page, up->at++);
                r = open_level(w, clew_node_child(node), depth, up);
                if (depth + 1 < w->depth)
                        depth++;
        }
        return r;
}

int clew_tree_check(struct clew_tree_check *c)
{
        struct walk w = {.c = c, .depth = clew_page_get16(c->tree + 6)};
        const struct totals noted = {clew_page_get64(c->tree + 8), clew_page_get64(c->tree + 16),
                                     clew_page_get64(c->tree + 24), clew_page_get64(c->tree + 32)};
        uint64_t root = clew_page_get64(c->tree + 40);
        int r;

        if (root == CLEW_PAGE_NONE)
                return w.depth == 0 && noted.entries == 0 ? 0 : damaged(&w, 0, "is missing");
        if (w.depth == 0 || w.depth > CLEW_TREE_LEVELS_MAX)
                return damaged(&w, root, "begins a tree of another depth");
        w.seen = clew_calloc((size_t)(c->n_pages / 8 + 1), 1);
        w.pages = clew_calloc(w.depth, c->page_bytes);
        r = w.seen && w.pages ? walk_tree(&w, root) : -ENOMEM;
        clew_free(w.seen);
        clew_free(w.pages);
        if (r == -ENOMEM)
                return r;
        if (r == 0 && memcmp(&w.found, &noted, sizeof(noted)) != 0)
                return damaged(&w, root, "begins a tree of other numbers of pages and records");
        return r;
}
