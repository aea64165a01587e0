/*
 * What is hot, trace by trace: one pass over the headers of all fragments. Packs are not touched.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/hot/hot-int.h"

#include <errno.h>
#include <string.h>

#define TRACES_FIRST 64u
/* Names of services, each kept once while neighbours in the table share it. */
#define SERVICES_BYTES_MAX ((size_t)1 << 30)
#define ENTRIES_MAX (UINT32_MAX / 4)

void clew_hot_list_deinit(struct clew_hot_list *list)
{
        clew_free(list->traces);
        clew_free(list->links);
        clew_free(list->slots);
        clew_arena_deinit(&list->services);
        memset(list, 0, sizeof(*list));
}

/* The slot of @id, or the free one where it belongs. Ids come from outside: the seed, an address,
 * keeps them from being chosen to meet in one slot. */
static uint32_t *slot_of(const struct clew_hot_list *list, const struct clew_trace_id *id)
{
        uint64_t seed = (uintptr_t)list->slots;
        uint64_t at = clew_hash_seeded(clew_slice_make(id->bytes, sizeof(id->bytes)), seed);

        for (;; at++) {
                uint32_t *slot = &list->slots[at & (list->n_slots - 1)];

                if (*slot == CLEW_HOT_NONE || clew_trace_id_eq(&list->traces[*slot].id, id))
                        return slot;
        }
}

struct clew_hot_trace *clew_hot_find(const struct clew_hot_list *list,
                                     const struct clew_trace_id *id)
{
        uint32_t *slot = list->n_slots ? slot_of(list, id) : NULL;

        return slot && *slot != CLEW_HOT_NONE ? &list->traces[*slot] : NULL;
}

static int grow_traces(struct clew_hot_list *list)
{
        uint32_t want = list->capacity ? list->capacity * 2 : TRACES_FIRST;
        void *more;

        if (list->capacity >= ENTRIES_MAX)
                return -ENOMEM;
        more = clew_realloc_array(list->traces, want, sizeof(*list->traces));
        if (!more)
                return -ENOMEM;
        list->traces = more;
        more = clew_realloc_array(list->slots, (size_t)want * 2, sizeof(*list->slots));
        if (!more)
                return -ENOMEM;
        list->slots = more;
        list->capacity = want;
        list->n_slots = want * 2;
        memset(list->slots, 0xff, list->n_slots * sizeof(*list->slots));
        for (uint32_t i = 0; i < list->n; i++)
                *slot_of(list, &list->traces[i].id) = i;
        return 0;
}

static struct clew_hot_trace *add_trace(struct clew_hot_list *list, const struct clew_trace_id *id)
{
        struct clew_hot_trace *t;

        if (list->n == list->capacity && grow_traces(list) < 0)
                return NULL;
        *slot_of(list, id) = list->n;
        t = &list->traces[list->n++];
        *t = (struct clew_hot_trace){
                .id = *id, .first_link = CLEW_HOT_NONE, .last_link = CLEW_HOT_NONE};
        return t;
}

static uint64_t sequence_of(const struct clew_hot_list *list, uint32_t link)
{
        return list->links[link].ref.sequence;
}

/* Fragments of format 1 are older than all batches and may be met behind them. */
static int add_link(struct clew_hot_list *list, struct clew_hot_trace *t, struct clew_hot_ref ref)
{
        uint32_t *before = &t->first_link;
        uint32_t at = list->n_links;

        if (t->n_links == CLEW_HOT_LINKS_MAX)
                return 0;
        if (at == list->links_capacity) {
                uint32_t want = at ? at * 2 : TRACES_FIRST;
                void *more = at < ENTRIES_MAX
                                     ? clew_realloc_array(list->links, want, sizeof(*list->links))
                                     : NULL;

                if (!more)
                        return -ENOMEM;
                list->links = more;
                list->links_capacity = want;
        }
        if (t->last_link != CLEW_HOT_NONE && sequence_of(list, t->last_link) < ref.sequence)
                before = &list->links[t->last_link].next;
        while (*before != CLEW_HOT_NONE && sequence_of(list, *before) < ref.sequence)
                before = &list->links[*before].next;
        list->links[at] = (struct clew_hot_link){ref, *before};
        if (*before == CLEW_HOT_NONE)
                t->last_link = at;
        *before = at;
        list->n_links++;
        t->n_links++;
        return 0;
}

/* Most traces of a moment are of few services: the names of the traces before are looked at. */
static int set_service(struct clew_hot_list *list, struct clew_hot_trace *t, struct clew_slice name)
{
        enum { LOOK_BACK = 4 };
        size_t at = (size_t)(t - list->traces);

        t->service_hash = clew_hash(name);
        for (size_t i = at; i > 0 && i > at - (at < LOOK_BACK ? at : LOOK_BACK); i--) {
                if (clew_slice_eq(list->traces[i - 1].service, name)) {
                        t->service = list->traces[i - 1].service;
                        return 0;
                }
        }
        t->service = clew_arena_copy(&list->services, name);
        return clew_arena_failed(&list->services) ? -ENOMEM : 0;
}

/* A trace that was taken out has something hot again. */
static void revive(struct clew_hot_list *list, struct clew_hot_trace *t)
{
        *t = (struct clew_hot_trace){
                .id = t->id, .first_link = CLEW_HOT_NONE, .last_link = CLEW_HOT_NONE};
        list->n_out--;
}

void clew_hot_take_out(struct clew_hot_list *list, const struct clew_trace_id *id)
{
        struct clew_hot_trace *t = clew_hot_find(list, id);

        if (!t || t->n_fragments == 0)
                return;
        t->n_fragments = 0;
        t->first_link = t->last_link = CLEW_HOT_NONE;
        list->n_out++;
}

static int add(struct clew_hot_list *list, const struct clew_hot_found *f)
{
        const struct clew_fragment_header *h = &f->header;
        struct clew_hot_trace *t = clew_hot_find(list, &f->id);
        int r;

        if (!t && list->max && list->n == list->max) {
                list->cut = true;
                return 0;
        }
        if (!t)
                t = add_trace(list, &f->id);
        if (!t)
                return -ENOMEM;
        if (t->n_fragments == 0 && t->n_links)
                revive(list, t);
        r = add_link(list, t, f->ref);
        if (r < 0)
                return r;
        t->n_fragments++;
        if (t->first_link != CLEW_HOT_NONE && sequence_of(list, t->first_link) == f->ref.sequence)
                t->first_arrival_ns = h->arrival_ns;
        if (h->arrival_ns > t->last_arrival_ns)
                t->last_arrival_ns = h->arrival_ns;
        if (h->min_start_ns && (!t->min_start_ns || h->min_start_ns < t->min_start_ns))
                t->min_start_ns = h->min_start_ns;
        if (h->signal == CLEW_OTLP_LOGS)
                t->n_logs += h->n_items;
        else
                t->n_spans += h->n_items;
        t->raw_bytes += h->raw_bytes;
        t->stored_bytes += f->stored_bytes;
        return t->service.len == 0 && h->service.len ? set_service(list, t, h->service) : 0;
}

/* A time to sort by when no span gave one. */
static void settle(struct clew_hot_list *list)
{
        for (uint32_t i = 0; i < list->n; i++) {
                struct clew_hot_trace *t = &list->traces[i];

                if (!t->min_start_ns)
                        t->min_start_ns = t->first_arrival_ns;
        }
}

static int take_all(struct clew_hot_walk *w, struct clew_hot_list *list, struct clew_error *err)
{
        struct clew_hot_found f;
        int r;

        while ((r = clew_hot_walk_next(w, &f, err)) == 1) {
                r = add(list, &f);
                if (r < 0)
                        return clew_error_set(err, r, 0, "out of memory");
        }
        return r;
}

static int scan(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *only, uint32_t max,
                struct clew_hot_list *ret, struct clew_error *err)
{
        CLEW_HOT_LIST list = {.max = max};
        struct clew_hot_walk w;
        int r;

        clew_arena_init(&list.services, SERVICES_BYTES_MAX);
        r = clew_hot_walk_open(&w, env, txn, only, err);
        if (r == 0)
                r = take_all(&w, &list, err);
        clew_hot_walk_close(&w);
        if (r < 0)
                return r;
        settle(&list);
        *ret = list;
        list = (struct clew_hot_list){0};
        return 0;
}

int clew_hot_scan(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *only,
                  struct clew_hot_list *ret, struct clew_error *err)
{
        return scan(env, txn, only, 0, ret, err);
}

int clew_hot_scan_first(struct clew_env *env, MDB_txn *txn, uint32_t max, struct clew_hot_list *ret,
                        struct clew_error *err)
{
        return scan(env, txn, NULL, max, ret, err);
}

int clew_hot_scan_more(struct clew_env *env, MDB_txn *txn, uint64_t from,
                       struct clew_hot_list *list, struct clew_error *err)
{
        struct clew_hot_walk w;
        int r = clew_hot_walk_open(&w, env, txn, NULL, err);

        if (r == 0)
                r = clew_hot_walk_seek(&w, from, err);
        if (r == 0)
                r = take_all(&w, list, err);
        clew_hot_walk_close(&w);
        settle(list);
        return r;
}

#define WORD_(x) #x
#define WORD(x) WORD_(x)

const char *clew_hot_over_limit(const struct clew_hot_trace *t)
{
        if (t->n_fragments > CLEW_HOT_LINKS_MAX)
                return "it came in more than " WORD(CLEW_HOT_LINKS_MAX) " pieces";
        if (t->n_spans + t->n_logs > CLEW_SEAL_ITEMS_MAX)
                return "it has more than " WORD(CLEW_SEAL_ITEMS_MAX) " spans and log records";
        if (t->raw_bytes > CLEW_SEAL_RAW_MAX)
                return "it has more than 1 GiB";
        return NULL;
}
