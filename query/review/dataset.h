/*
 * Datasets: named sets of items with versions. What is done to one (create, add, remove, freeze) is
 * a record that stays, so that each version can be read for ever; items are kept by content id,
 * each once, whatever datasets have it.
 */
#ifndef CLEW_QUERY_REVIEW_DATASET_H
#define CLEW_QUERY_REVIEW_DATASET_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "query/review/item.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_DATASET_ITEMS_MAX 100000u
#define CLEW_DATASET_TEXT_MAX 4096u

struct clew_dataset_entry {
        struct clew_content_id id;
        struct clew_content_id task;
        struct clew_trace_id trace_id; /* zero when imported */
        struct clew_sketch sketch;
        bool has_expected;
        uint64_t number; /* of the record that added it */
};

struct clew_dataset_version {
        uint64_t time_ns;
        uint64_t n_items;
        struct clew_slice author;
        struct clew_content_id digest; /* of the ids of its items, in order */
};

struct clew_dataset {
        struct clew_slice name;
        struct clew_slice description;
        struct clew_slice author;
        struct clew_slice schema; /* JSON (item-schema.h); empty = none */
        uint64_t time_ns;
        struct clew_split split;
        uint64_t version;                         /* that `entries` is; 0 = the working set */
        const struct clew_dataset_entry *entries; /* in the order they were added */
        uint32_t n;
        const struct clew_dataset_version *versions; /* the first is version 1 */
        uint32_t n_versions;
        struct clew_content_id digest; /* of `entries` */
        uint64_t last;                 /* number of the newest record read */
};

/* @dataset gives name, description, author, time, split and schema. -EEXIST (err not filled), ...
 */
CLEW_MUST_USE int clew_dataset_create(struct clew_store *store, const struct clew_dataset *dataset,
                                      struct clew_error *err);
/* Loads @version (0 = the working set); @name: history-int.h. Lives in @arena. 0; -ENOENT (err not
 * filled): no such dataset; -ESRCH: no such version, or several writers have one; -EBADMSG: a
 * frozen version is not what it was; ... */
CLEW_MUST_USE int clew_dataset_load(struct clew_view *view, struct clew_slice name,
                                    uint64_t version, struct clew_arena *arena,
                                    struct clew_dataset *ret, struct clew_error *err);
/* Calls @fn for each dataset, in no order that means something, with counts but without entries. */
CLEW_MUST_USE int clew_dataset_each(struct clew_view *view,
                                    int (*fn)(const struct clew_dataset *dataset, uint64_t n_items,
                                              void *context),
                                    void *context, struct clew_error *err);
/* The dataset's name nearest to @name, for "did you mean", in @arena; empty when none is near. */
struct clew_slice clew_dataset_nearest(struct clew_view *view, struct clew_slice name,
                                       struct clew_arena *arena);

/* What is to be added, prepared outside of any transaction. */
struct clew_dataset_news {
        struct clew_dataset_entry entry;
        struct clew_slice body; /* canonical JSON; may be empty when the item is stored already */
};
/* Fills @ret from an item; the body lives in @arena. */
CLEW_MUST_USE int clew_dataset_prepare(const struct clew_item *item, struct clew_arena *arena,
                                       struct clew_dataset_news *ret);
/* Keeps the bodies of @n items: safe to do before the dataset knows them. */
CLEW_MUST_USE int clew_dataset_keep_bodies(struct clew_store *store,
                                           const struct clew_dataset_news *news, uint32_t n,
                                           struct clew_error *err);
/* Adds @n items, whose bodies are kept, in one transaction. Their traces are held. */
CLEW_MUST_USE int clew_dataset_add(struct clew_store *store, struct clew_slice name,
                                   const struct clew_dataset_news *news, uint32_t n,
                                   struct clew_slice author, uint64_t time_ns,
                                   struct clew_error *err);
CLEW_MUST_USE int clew_dataset_remove(struct clew_store *store, struct clew_slice name,
                                      const struct clew_content_id *ids, uint32_t n,
                                      struct clew_slice author, uint64_t time_ns,
                                      struct clew_error *err);
/* Makes the working set @dataset, as loaded, a version; its number is n_versions + 1. -EAGAIN with
 * a message when it has changed since it was loaded. */
CLEW_MUST_USE int clew_dataset_freeze(struct clew_store *store, const struct clew_dataset *dataset,
                                      struct clew_slice author, uint64_t time_ns,
                                      struct clew_error *err);

/* From now on items are to meet @schema, as those of the working set @dataset, as loaded, do: the
 * caller has looked. -EAGAIN with a message when it has changed since it was loaded. */
CLEW_MUST_USE int clew_dataset_set_schema(struct clew_store *store,
                                          const struct clew_dataset *dataset,
                                          struct clew_slice schema, struct clew_slice author,
                                          uint64_t time_ns, struct clew_error *err);

/* Appends the body of an item, as kept. 0, -ENOENT with a message, ... */
CLEW_MUST_USE int clew_dataset_body(struct clew_view *view, const struct clew_content_id *id,
                                    struct clew_buffer *out, struct clew_error *err);

/* The same into an empty buffer, and -EBADMSG when it is not what gives that id, unless it was
 * changed afterwards (forget.h). */
CLEW_MUST_USE int clew_dataset_body_check(struct clew_view *view, const struct clew_content_id *id,
                                          struct clew_buffer *out, struct clew_error *err);

/* Index of the entry with that id, or whose hex begins so; UINT32_MAX when there is none,
 * UINT32_MAX - 1 when several do. */
uint32_t clew_dataset_find(const struct clew_dataset *dataset, struct clew_slice hex);

#endif
