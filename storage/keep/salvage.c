#include "storage/keep/salvage-int.h"

#include "proto/base/cursor.h"
#include "proto/base/mem.h"
#include "storage/base/env-struct-int.h"
#include "storage/base/index-table-int.h"
#include "storage/base/page-int.h"
#include "storage/base/record-int.h"
#include "storage/hot/fragment-int.h"
#include "storage/hot/hot-batch-int.h"
#include "storage/keep/salvage-runs-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_BYTES_MIN 512u
#define META_MAGIC 0xBEEFC0DEu
#define META_TREES_AT (CLEW_PAGE_HEADER + 24)
#define META_TXN_AT (CLEW_PAGE_HEADER + 128)
#define VALUE_MAX ((size_t)1 << 30)
#define FREE_TREE CLEW_TABLES       /* in the place of a table */
#define MAIN_TREE (CLEW_TABLES + 1) /* the one of names of tables */

struct level {
        uint8_t *page; /* all in one piece of memory, owned by the first */
        unsigned n;    /* nodes */
        unsigned at;   /* of the next one to be gone into */
        /* Keys lie from low on, below high; no data = no bound. In pages of the levels above. */
        struct clew_slice low;
        struct clew_slice high;
};

struct walk {
        struct clew_salvage *s;
        size_t page_bytes;
        uint64_t n_pages;
        uint8_t *seen; /* a bit for each page that a tree leads to */
        uint8_t *free; /* ... that is on the list of free ones: of pages nothing leads to, those are
                          not worth a look */
        bool free_is_known;
        bool free_is_old;              /* of an earlier commit than the last */
        uint64_t roots[MAIN_TREE + 1]; /* CLEW_PAGE_NONE = empty or lost */
        unsigned index_number;         /* of the table of indexes whose root it is */
        bool is_again;                 /* what is read now is found again */
        struct level levels[CLEW_TREE_LEVELS_MAX];
        struct clew_buffer value;
        struct clew_hot_batch batch;
        struct clew_salvage_runs runs; /* large values, and how they may be found again */
        struct clew_error *err;
};

/* ---- pages ----------------------------------------------------------------------------------- */

static void finding(struct walk *w, int tree, uint64_t page, const char *what)
{
        char object[96];

        snprintf(object, sizeof(object), "%s, page %llu",
                 tree == (int)MAIN_TREE   ? "list of tables"
                 : tree == (int)FREE_TREE ? "list of free pages"
                                          : clew_table_name((enum clew_table)tree),
                 (unsigned long long)page);
        w->s->n_findings++;
        for (int t = 0; t < CLEW_TABLES; t++)
                w->s->is_hurt[t] = w->s->is_hurt[t] || t == tree || tree == (int)MAIN_TREE;
        if (w->s->finding)
                w->s->finding(w->s->finding_context, object, what);
}

/* Less than all only at the end of the file, or where the disk cannot read. */
static bool read_at(const struct walk *w, uint64_t page, uint8_t *into, size_t n)
{
        return clew_page_read(w->s->fd, page * w->page_bytes, into, n) == (ssize_t)n;
}

static bool has_bit(const uint8_t *bits, uint64_t page)
{
        return bits[page / 8] >> page % 8 & 1;
}

static void set_bit(uint8_t *bits, uint64_t page)
{
        bits[page / 8] |= (uint8_t)(1u << page % 8);
}

static const uint8_t *node_at(const struct walk *w, const uint8_t *page, unsigned i)
{
        size_t at = clew_page_node_at(page, i);

        return at >= CLEW_PAGE_HEADER && at + CLEW_NODE_HEADER <= w->page_bytes &&
                               CLEW_NODE_HEADER + clew_node_key(page + at).len <= w->page_bytes - at
                       ? page + at
                       : NULL;
}

/* A branch or a leaf, with its own number. */
static bool read_node_page(const struct walk *w, uint64_t page, uint8_t *into, unsigned *ret_n,
                           unsigned *ret_kind)
{
        uint16_t lower;

        if (page < CLEW_PAGE_FIRST || page >= w->n_pages || !read_at(w, page, into, w->page_bytes))
                return false;
        lower = clew_page_lower(into);
        *ret_kind =
                clew_page_flags(into) & ~CLEW_PAGE_DIRTY; /* dirty pages are not written as such */
        if (clew_page_number(into) != page ||
            (*ret_kind != CLEW_PAGE_BRANCH && *ret_kind != CLEW_PAGE_LEAF) ||
            lower < CLEW_PAGE_HEADER || lower > w->page_bytes || lower % 2 != 0)
                return false;
        *ret_n = (lower - CLEW_PAGE_HEADER) / 2u;
        return *ret_n > 0;
}

/* ---- records --------------------------------------------------------------------------------- */

/* Records of table meta have words for keys. */
static bool is_word(struct clew_slice key)
{
        for (size_t i = 0; i < key.len; i++) {
                if (key.data[i] < 'a' || key.data[i] > 'z')
                        return false;
        }
        return key.len > 0;
}

int clew_salvage_table_of(struct clew_slice key, struct clew_slice value)
{
        struct clew_fragment_header h;
        struct clew_slice pack;
        uint8_t first = key.len ? key.data[0] : 0;

        if (is_word(key))
                return CLEW_TABLE_META;
        if (key.len == 8)
                return CLEW_TABLE_SEGMENT;
        if (key.len == 12)
                return CLEW_TABLE_OBJECT;
        if (key.len == 16)
                return CLEW_TABLE_TRACE;
        if (key.len == 13)
                return CLEW_TABLE_INDEX;
        if (key.len == 9 && first == 0)
                return CLEW_TABLE_HOT;
        if (key.len == 9 && (first == 'G' || first == 'H'))
                return CLEW_TABLE_INDEX;
        if (key.len == 24 && value.len == 0)
                return CLEW_TABLE_TIME;
        if (key.len == 24)
                return clew_fragment_read_header(key, value, &h, &pack) ? CLEW_TABLE_HOT
                                                                        : CLEW_TABLE_NOTE;
        return key.len > 0 && first >= 'A' && first <= 'Z' ? CLEW_TABLE_SHELF : -1;
}

bool clew_salvage_may_be_key(enum clew_table table, struct clew_slice key)
{
        return clew_salvage_table_of(key, CLEW_SLICE_NULL) == (int)table ||
               (key.len == 24 && (table == CLEW_TABLE_HOT || table == CLEW_TABLE_NOTE));
}

static bool is_batch(struct walk *w, struct clew_slice key, struct clew_slice stored)
{
        uint64_t first;
        bool gone;

        return clew_key_read_batch(key, &first, &gone) && !gone &&
               clew_hot_batch_open(first, stored, &w->batch);
}

static void mark_pages(struct walk *w, uint64_t first, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                set_bit(w->seen, first + i);
}

/* The pages of a large value that was found whole: nobody else's. */
static void mark_run(struct walk *w, const uint8_t *node)
{
        size_t len = clew_node_value_len(node);

        if (clew_node_flags(node) & CLEW_NODE_BIG)
                mark_pages(w, clew_node_value_page(node), clew_page_run_of(len, w->page_bytes));
}

/* The value of a leaf's node; what lies in pages of its own is read into w->value. */
static bool read_value(struct walk *w, const uint8_t *page, const uint8_t *node,
                       struct clew_slice *ret)
{
        struct clew_slice key = clew_node_key(node);
        size_t len = clew_node_value_len(node);
        size_t left = (size_t)(page + w->page_bytes - (key.data + key.len));
        uint8_t header[CLEW_PAGE_HEADER];
        uint64_t first;
        uint64_t n;
        uint8_t *room;

        if (!(clew_node_flags(node) & CLEW_NODE_BIG)) {
                *ret = clew_slice_make(key.data + key.len, len);
                return len <= left;
        }
        if (left < sizeof(first) || len > VALUE_MAX)
                return false;
        first = clew_node_value_page(node);
        n = clew_page_run_of(len, w->page_bytes);
        if (first < CLEW_PAGE_FIRST || first >= w->n_pages || n > w->n_pages - first ||
            !read_at(w, first, header, sizeof(header)) || clew_page_number(header) != first ||
            clew_page_flags(header) != CLEW_PAGE_OVERFLOW || clew_page_run(header) != n)
                return false;
        if (!w->is_again)
                mark_pages(w, first, n);
        clew_buffer_clear(&w->value);
        room = clew_buffer_reserve(&w->value, CLEW_PAGE_HEADER + len);
        if (!room || !read_at(w, first, room, CLEW_PAGE_HEADER + len))
                return false;
        *ret = clew_slice_make(room + CLEW_PAGE_HEADER, len);
        return true;
}

static void record_finding(struct walk *w, int tree, uint64_t number, struct clew_slice key)
{
        char name[96];
        char what[120];

        if (tree < 0)
                return;
        clew_salvage_runs_lost(&w->runs, (enum clew_table)tree, key, key);
        clew_record_name((enum clew_table)tree, key, name, sizeof(name));
        snprintf(what, sizeof(what), "record %s is damaged", name);
        finding(w, tree, number, what);
}

/* One node of a leaf. @tree: -1 = not known. */
static int take_node(struct walk *w, int tree, uint64_t number, const uint8_t *page,
                     const uint8_t *node)
{
        struct clew_slice key = clew_node_key(node);
        struct clew_slice stored;
        struct clew_slice value;
        bool is_whole;
        int table = -1;

        if (clew_node_flags(node) &
            CLEW_NODE_TREE) { /* of the list of tables, in this one's place */
                record_finding(w, tree, number, key);
                return 0;
        }
        if (!read_value(w, page, node, &stored)) {
                record_finding(w, tree, number, key);
                return 0;
        }
        is_whole = clew_record_check(key, stored, &value);
        if (is_whole) {
                table = clew_salvage_table_of(key, value);
                mark_run(w, node);
                if (table == tree)
                        clew_salvage_runs_note(&w->runs, (enum clew_table)table, key, value);
        }
        if (!is_whole && (tree < 0 || tree == CLEW_TABLE_HOT) && is_batch(w, key, stored))
                table = CLEW_TABLE_HOT;
        if (tree >= 0 && (!is_whole || table != tree))
                record_finding(w, tree, number, key);
        if (table < 0 || (tree >= 0 && table != tree) || (tree < 0 && !w->s->is_hurt[table]))
                return 0;
        return w->s->fn(w->s->context, (enum clew_table)table, key, stored, w->is_again, w->err);
}

/* ---- trees ----------------------------------------------------------------------------------- */

/* The named trees, in leaves of the main one. */
static void take_name(struct walk *w, const uint8_t *page, const uint8_t *node)
{
        struct clew_slice key = clew_node_key(node);
        size_t left = (size_t)(page + w->page_bytes - (key.data + key.len));
        unsigned number = 0;

        for (int t = 0; t < CLEW_TABLES; t++) {
                if (t != CLEW_TABLE_INDEX &&
                    clew_slice_eq_cstr(key, clew_table_name((enum clew_table)t)) &&
                    (clew_node_flags(node) & CLEW_NODE_TREE) && left >= CLEW_TREE_BYTES)
                        w->roots[t] = clew_page_get64(key.data + key.len + CLEW_TREE_ROOT_AT);
        }
        /* The one of the highest number is the table; the others were damaged and left behind. */
        if (clew_index_table_read_name(key, &number) && (clew_node_flags(node) & CLEW_NODE_TREE) &&
            left >= CLEW_TREE_BYTES && number >= w->index_number) {
                w->index_number = number;
                w->roots[CLEW_TABLE_INDEX] =
                        clew_page_get64(key.data + key.len + CLEW_TREE_ROOT_AT);
        }
}

/* A record of the list of free pages: how many, and which. */
static void take_free(struct walk *w, uint64_t number, const uint8_t *page, const uint8_t *node)
{
        struct clew_slice list;
        uint64_t n;

        if (!read_value(w, page, node, &list) || list.len < sizeof(n)) {
                finding(w, (int)FREE_TREE, number, "a list cannot be read");
                w->free_is_known = false;
                return;
        }
        n = clew_page_get64(list.data);
        if (n > list.len / sizeof(n) - 1) {
                finding(w, (int)FREE_TREE, number, "a list is damaged");
                w->free_is_known = false;
                return;
        }
        for (uint64_t i = 1; i <= n; i++) {
                uint64_t free = clew_page_get64(list.data + i * sizeof(n));

                if (free < w->n_pages)
                        set_bit(w->free, free);
        }
}

static bool in_bounds(const struct level *l, struct clew_slice key)
{
        return (!l->low.data || clew_slice_cmp(key, l->low) >= 0) &&
               (!l->high.data || clew_slice_cmp(key, l->high) < 0);
}

/* Keys of a leaf rise and lie where its place in the tree says. Those of free pages are numbers. */
static bool leaf_fits(const struct walk *w, int tree, const struct level *l)
{
        struct clew_slice last = CLEW_SLICE_NULL;

        for (unsigned i = 0; i < l->n; i++) {
                const uint8_t *node = node_at(w, l->page, i);
                struct clew_slice key;

                if (!node)
                        return false;
                key = clew_node_key(node);
                if (tree != (int)FREE_TREE &&
                    (!in_bounds(l, key) || (last.data && clew_slice_cmp(last, key) >= 0)))
                        return false;
                last = key;
        }
        return true;
}

static int take_leaf(struct walk *w, int tree, uint64_t number, const struct level *l)
{
        int r = 0;

        for (unsigned i = 0; r == 0 && i < l->n; i++) {
                const uint8_t *node = node_at(w, l->page, i);

                if (!node)
                        continue;
                if (tree == (int)MAIN_TREE)
                        take_name(w, l->page, node);
                else if (tree == (int)FREE_TREE)
                        take_free(w, number, l->page, node);
                else
                        r = take_node(w, tree, number, l->page, node);
        }
        return r;
}

/* A page that is not to be used: what it led to may be found by other ways. */
static bool lost_page(struct walk *w, int tree, uint64_t number, const struct level *l,
                      const char *what)
{
        finding(w, tree, number, what);
        if (tree < CLEW_TABLES)
                clew_salvage_runs_lost(&w->runs, (enum clew_table)tree, l->low, l->high);
        return false;
}

/* Opens page @number as the level below @up (NULL = it is the root). False: it is not to be used.
 */
static bool open_level(struct walk *w, int tree, uint64_t number, const struct level *up,
                       struct level *l, unsigned *ret_kind)
{
        l->at = 0;
        l->low = l->high = CLEW_SLICE_NULL;
        if (up) {
                const uint8_t *from = node_at(w, up->page, up->at - 1);
                const uint8_t *to = up->at < up->n ? node_at(w, up->page, up->at) : NULL;

                l->low = up->at > 1 && from ? clew_node_key(from) : up->low;
                l->high = to ? clew_node_key(to) : up->high;
        }
        if (number >= 2 && number < w->n_pages && has_bit(w->seen, number))
                return lost_page(w, tree, number, l, "two ways lead to this page");
        if (!read_node_page(w, number, l->page, &l->n, ret_kind))
                return lost_page(w, tree, number, l, "is damaged");
        if (*ret_kind == CLEW_PAGE_LEAF && !leaf_fits(w, tree, l))
                return lost_page(w, tree, number, l, "holds what belongs elsewhere");
        set_bit(w->seen, number);
        return true;
}

static int walk_tree(struct walk *w, int tree)
{
        unsigned kind = 0;
        unsigned depth = 0;
        int r = 0;

        if (w->roots[tree] == CLEW_PAGE_NONE)
                return 0;
        if (!open_level(w, tree, w->roots[tree], NULL, &w->levels[0], &kind)) {
                w->free_is_known = w->free_is_known && tree != (int)FREE_TREE;
                return 0;
        }
        if (kind == CLEW_PAGE_LEAF)
                return take_leaf(w, tree, w->roots[tree], &w->levels[0]);
        for (depth = 1; r == 0 && depth > 0;) {
                struct level *up = &w->levels[depth - 1];
                const uint8_t *node;
                uint64_t child;

                if (up->at == up->n) {
                        depth--;
                        continue;
                }
                node = node_at(w, up->page, up->at++);
                child = node ? clew_node_child(node) : 0;
                if (depth == CLEW_TREE_LEVELS_MAX ||
                    !open_level(w, tree, child, up, &w->levels[depth], &kind)) {
                        w->free_is_known = w->free_is_known && tree != (int)FREE_TREE;
                        continue;
                }
                if (kind == CLEW_PAGE_LEAF)
                        r = take_leaf(w, tree, child, &w->levels[depth]);
                else
                        depth++;
        }
        return r;
}

/* ---- pages that no tree leads to ------------------------------------------------------------- */

static bool any_is_hurt(const struct clew_salvage *s)
{
        for (int t = 0; t < CLEW_TABLES; t++) {
                if (s->is_hurt[t])
                        return true;
        }
        return false;
}

static int find_again(struct walk *w)
{
        struct level *l = &w->levels[0];
        int r = 0;

        if (!any_is_hurt(w->s))
                return 0;
        if (w->free_is_old)
                memset(w->free, 0, (size_t)(w->n_pages / 8 + 1));
        if (!w->free_is_known || w->free_is_old)
                finding(w, (int)FREE_TREE, 0,
                        "is damaged or old: what was deleted may be there again beside what was "
                        "lost");
        w->is_again = true;
        for (uint64_t page = 2; r == 0 && page < w->n_pages; page++) {
                unsigned kind = 0;

                if (has_bit(w->seen, page) || has_bit(w->free, page) ||
                    !read_node_page(w, page, l->page, &l->n, &kind) || kind != CLEW_PAGE_LEAF)
                        continue;
                for (unsigned i = 0; r == 0 && i < l->n; i++) {
                        const uint8_t *node = node_at(w, l->page, i);

                        if (node)
                                r = take_node(w, -1, page, l->page, node);
                }
        }
        if (r == 0)
                r = clew_salvage_runs_find(&w->runs, w->seen, w->free, &w->batch, w->s->fn,
                                           w->s->context, w->err);
        if (w->runs.gave_up)
                finding(w, (int)CLEW_TABLE_OBJECT, 0,
                        "leads to too many places where something may have been: not all were "
                        "tried");
        return r;
}

/* ---- where to begin -------------------------------------------------------------------------- */

struct meta {
        bool is_valid;
        uint64_t txn_id;
        uint64_t free_root;
        uint64_t main_root;
        uint64_t state_txn_id; /* of the record that its tree leads to; 0 = none */
};

static void read_meta(struct walk *w, unsigned number, struct meta *ret)
{
        uint8_t page[META_TXN_AT + 8];

        *ret = (struct meta){0};
        if (!read_at(w, number, page, sizeof(page)) || clew_page_number(page) != number ||
            !(clew_page_flags(page) & CLEW_PAGE_META) ||
            clew_page_get32(page + CLEW_PAGE_HEADER) != META_MAGIC)
                return;
        ret->is_valid = true;
        ret->txn_id = clew_page_get64(page + META_TXN_AT);
        ret->free_root = clew_page_get64(page + META_TREES_AT + CLEW_TREE_ROOT_AT);
        ret->main_root =
                clew_page_get64(page + META_TREES_AT + CLEW_TREE_BYTES + CLEW_TREE_ROOT_AT);
}

static int note_state(void *context, enum clew_table table, struct clew_slice key,
                      struct clew_slice stored, bool found_again, struct clew_error *err)
{
        uint64_t *txn_id = context;
        struct clew_cursor c = clew_cursor_make(stored);

        (void)found_again;
        (void)err;
        if (table == CLEW_TABLE_META && clew_slice_eq_cstr(key, "state"))
                *txn_id = clew_cursor_varint(&c);
        return 0;
}

static void forget_walk(struct walk *w)
{
        memset(w->seen, 0, (size_t)(w->n_pages / 8 + 1));
        memset(w->free, 0, (size_t)(w->n_pages / 8 + 1));
        for (int t = 0; t <= (int)MAIN_TREE; t++)
                w->roots[t] = CLEW_PAGE_NONE;
        w->index_number = 0;
        w->free_is_known = true;
        w->is_again = false;
        clew_buffer_clear(&w->runs.ranges);
        clew_buffer_clear(&w->runs.objects);
        clew_buffer_clear(&w->runs.segments);
        clew_buffer_clear(&w->runs.firsts);
}

/* Which commit the meta page leads to, by the record that knows. */
static void look_at_state(struct walk *w, struct meta *m)
{
        struct clew_salvage quiet = {
                .fd = w->s->fd, .dir = w->s->dir, .fn = note_state, .context = &m->state_txn_id};
        struct clew_salvage *loud = w->s;

        forget_walk(w);
        w->s = &quiet;
        w->roots[MAIN_TREE] = m->main_root;
        if (walk_tree(w, (int)MAIN_TREE) == 0 && walk_tree(w, CLEW_TABLE_META) < 0)
                m->state_txn_id = 0;
        w->s = loud;
        forget_walk(w);
}

/*
 * The other first page may have led to a later commit. Its pages are found again; but they may have
 * been free ones before, so that all that are free are looked at.
 */
static void not_newest(struct walk *w, unsigned number)
{
        finding(w, (int)MAIN_TREE, number, "does not lead to the tables");
        w->free_is_old = true;
}

/* The page whose tree has the newest state; of none, the newest page. */
static bool choose_meta(struct walk *w, struct meta *ret)
{
        struct meta both[2];
        const struct meta *best = NULL;

        for (unsigned i = 0; i < 2; i++) {
                read_meta(w, i, &both[i]);
                if (!both[i].is_valid)
                        continue;
                look_at_state(w, &both[i]);
                if (!best || both[i].state_txn_id > best->state_txn_id ||
                    (both[i].state_txn_id == best->state_txn_id && both[i].txn_id > best->txn_id))
                        best = &both[i];
        }
        for (unsigned i = 0; i < 2; i++) {
                if (best && (!both[i].is_valid || both[i].txn_id > best->txn_id))
                        not_newest(w, i);
        }
        if (best)
                *ret = *best;
        return best != NULL;
}

static size_t page_bytes_of(int fd)
{
        uint8_t bytes[4];
        uint32_t n;

        if (pread(fd, bytes, sizeof(bytes), META_TREES_AT) == sizeof(bytes)) {
                n = clew_page_get32(bytes);
                if (n >= PAGE_BYTES_MIN && n <= CLEW_PAGE_BYTES_MAX && (n & (n - 1)) == 0)
                        return n;
        }
        return (size_t)sysconf(_SC_PAGESIZE);
}

static int begin(struct walk *w, struct clew_error *err)
{
        struct stat st;
        uint8_t *pages;

        if (fstat(w->s->fd, &st) < 0)
                return clew_error_set(err, -errno, 0, "store %s: %s", w->s->dir, strerror(errno));
        w->page_bytes = page_bytes_of(w->s->fd);
        w->n_pages = (uint64_t)st.st_size / w->page_bytes;
        w->runs.fd = w->s->fd;
        w->runs.page_bytes = w->page_bytes;
        w->runs.n_pages = w->n_pages;
        w->seen = clew_calloc((size_t)(w->n_pages / 8 + 1), 1);
        w->free = clew_calloc((size_t)(w->n_pages / 8 + 1), 1);
        pages = clew_calloc(CLEW_TREE_LEVELS_MAX, w->page_bytes);
        clew_buffer_init(&w->value, VALUE_MAX + CLEW_PAGE_HEADER);
        if (!w->seen || !w->free || !pages) {
                clew_free(pages);
                return clew_error_set(err, -ENOMEM, 0, "store %s: out of memory", w->s->dir);
        }
        for (unsigned i = 0; i < CLEW_TREE_LEVELS_MAX; i++)
                w->levels[i].page = pages + i * w->page_bytes;
        return 0;
}

int clew_salvage_run(struct clew_salvage *s, struct clew_error *err)
{
        struct walk w = {.s = s, .err = err};
        struct meta meta = {0};
        int r;

        clew_salvage_runs_init(&w.runs);
        r = begin(&w, err);

        if (r == 0) {
                forget_walk(&w);
                if (choose_meta(&w, &meta)) {
                        w.roots[FREE_TREE] = meta.free_root;
                        w.roots[MAIN_TREE] = meta.main_root;
                } else {
                        finding(&w, (int)MAIN_TREE, 0, "nothing leads to the tables");
                        w.free_is_known = false;
                }
                r = walk_tree(&w, (int)FREE_TREE);
        }
        if (r == 0)
                r = walk_tree(&w, (int)MAIN_TREE);
        for (int t = 0; r == 0 && t < CLEW_TABLES; t++)
                r = walk_tree(&w, t);
        if (r == 0 && clew_salvage_runs_miss(&w.runs))
                finding(&w, CLEW_TABLE_OBJECT, 0, "does not lead to all segments of the catalog");
        if (r == 0)
                r = find_again(&w);
        clew_salvage_runs_deinit(&w.runs);
        clew_free(w.seen);
        clew_free(w.free);
        clew_free(w.levels[0].page);
        clew_buffer_deinit(&w.value);
        return r;
}
