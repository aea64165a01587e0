/*
 * What a backup holds: the list of its objects and the figures at its end, read from `state`.
 */
#ifndef CLEW_STORAGE_MANIFEST_INT_H
#define CLEW_STORAGE_MANIFEST_INT_H

#include "storage/keep/object-file-int.h"
#include "storage/keep/stream-int.h"

#include <stdbool.h>
#include <stdint.h>

/* Objects, ascending by kind and number. */
struct clew_kept_list {
        struct clew_buffer all; /* struct clew_kept */
};

void clew_kept_list_init(struct clew_kept_list *l);
void clew_kept_list_deinit(struct clew_kept_list *l);
CLEW_MUST_USE int clew_kept_list_add(struct clew_kept_list *l, const struct clew_kept *k);
/* Puts them in order; add() may be called in any. */
void clew_kept_list_sort(struct clew_kept_list *l);
static inline size_t clew_kept_list_n(const struct clew_kept_list *l)
{
        return l->all.len / sizeof(struct clew_kept);
}
static inline const struct clew_kept *clew_kept_list_at(const struct clew_kept_list *l, size_t i)
{
        return (const struct clew_kept *)(const void *)l->all.data + i;
}
/* NULL when there is none of that kind and number. The list must be in order. */
const struct clew_kept *clew_kept_list_find(const struct clew_kept_list *l,
                                            enum clew_kept_kind kind, uint64_t number);
static inline bool clew_kept_same(const struct clew_kept *a, const struct clew_kept *b)
{
        return a && a->kind == b->kind && a->number == b->number && a->digest == b->digest &&
               a->bytes == b->bytes;
}

/* The record CLEW_STREAM_END. */
struct clew_backup_end {
        uint64_t taken_ns;
        uint64_t created_ns; /* of the store: which one it is */
        uint64_t txn_id;
        uint64_t records; /* of tables */
        uint64_t objects;
        uint64_t files;
        uint64_t damaged; /* things that could not be copied */
};

void clew_backup_end_put(struct clew_stream_writer *w, const struct clew_backup_end *end);
CLEW_MUST_USE bool clew_backup_end_decode(const struct clew_stream_record *record,
                                          struct clew_backup_end *ret);

/* Is told of each record but objects and the end. */
typedef int (*clew_manifest_fn)(void *context, const struct clew_stream_record *record,
                                struct clew_error *err);

/*
 * Reads all of file @name, verifying it. @list (may be NULL) gets the objects, in order. -ENOENT
 * (err not filled), -EBADMSG, other.
 */
CLEW_MUST_USE int clew_manifest_read(const struct clew_backup_dir *d, const char *name,
                                     clew_manifest_fn fn, void *context,
                                     struct clew_kept_list *list, struct clew_backup_end *ret,
                                     uint64_t *ret_bytes, struct clew_error *err);

/* The table of a record's tag; -1 = it is no record of a table. */
int clew_stream_table(uint8_t tag);
uint8_t clew_stream_tag(enum clew_table table);

#endif
