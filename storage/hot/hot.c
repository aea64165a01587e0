/*
 * What is hot, trace by trace: one pass over the headers of all fragments. Packs are not touched.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/hot/hot-int.h"

#include <errno.h>
#include <string.h>

#define TRACES_FIRST 64u
#define SERVICES_BYTES_MAX ((size_t)1 << 30)
#define ENTRIES_MAX (UINT32_MAX / 4)
/* For so many fragments room is made at once: growing copies, and touches memory twice. */
#define EXPECTED_MAX (1u << 24)

void clew_hot_list_deinit(struct clew_hot_list *list)
{
        clew_free(list->traces);
        clew_free(list->plans);
        clew_free(list->links);
        clew_free(list->slots);
        clew_free(list->services);
        clew_arena_deinit(&list->names);
        memset(list, 0, sizeof(*list));
}

__extension__ typedef unsigned __int128 wide;

/* Where the search for @id begins. Ids come from outside: the seed, an address, keeps them from
 * being chosen to meet in one slot. Both halves of the product depend on both halves of the id. */
static uint64_t place_of(const struct clew_hot_list *list, const uint8_t id[CLEW_TRACE_ID_BYTES])
{
        uint64_t seed = (uintptr_t)list->slots * 0x9e3779b97f4a7c15u;
        uint64_t halves[2];
        wide product;

        memcpy(halves, id, sizeof(halves));
        product = (wide)(halves[0] ^ seed) * (halves[1] ^ ~seed);
        return (uint64_t)product ^ (uint64_t)(product >> 64) ^ halves[0] ^ halves[1];
}

/* The slot of @id, or the free one where it belongs. */
static uint32_t *slot_of(const struct clew_hot_list *list, const struct clew_trace_id *id)
{
        uint64_t at = place_of(list, id->bytes);

        for (;; at++) {
                uint32_t *slot = &list->slots[at & (list->n_slots - 1)];

                if (*slot == CLEW_HOT_NONE || clew_trace_id_eq(&list->traces[*slot].id, id))
                        return slot;
        }
}

/* Of half a million traces nearly each slot is a line of memory that is not in the cache: those of
 * a batch are asked for at once. */
static void fetch_slots(const struct clew_hot_list *list, const struct clew_hot_batch *batch)
{
        for (uint32_t i = 0; list->n_slots > 0 && i < batch->n; i++) {
                uint64_t at = place_of(list, clew_hot_batch_id(batch, i));

                __builtin_prefetch(&list->slots[at & (list->n_slots - 1)], 1);
        }
}

struct clew_hot_trace *clew_hot_find(const struct clew_hot_list *list,
                                     const struct clew_trace_id *id)
{
        uint32_t *slot = list->n_slots ? slot_of(list, id) : NULL;

        return slot && *slot != CLEW_HOT_NONE ? &list->traces[*slot] : NULL;
}

static int make_room(struct clew_hot_list *list, uint32_t want)
{
        void *more = clew_realloc_array(list->traces, want, sizeof(*list->traces));
        uint32_t n_slots = TRACES_FIRST;

        if (!more)
                return -ENOMEM;
        list->traces = more;
        if (list->for_sealing) {
                more = clew_realloc_array(list->plans, want, sizeof(*list->plans));
                if (!more)
                        return -ENOMEM;
                list->plans = more;
        }
        while (n_slots < want + want / 2)
                n_slots *= 2;
        more = clew_realloc_array(list->slots, n_slots, sizeof(*list->slots));
        if (!more)
                return -ENOMEM;
        list->slots = more;
        list->capacity = want;
        list->n_slots = n_slots;
        memset(list->slots, 0xff, list->n_slots * sizeof(*list->slots));
        for (uint32_t i = 0; i < list->n; i++)
                *slot_of(list, &list->traces[i].id) = i;
        return 0;
}

static int make_links(struct clew_hot_list *list, uint32_t want)
{
        void *more = clew_realloc_array(list->links, want, sizeof(*list->links));

        if (!more)
                return -ENOMEM;
        list->links = more;
        list->links_capacity = want;
        return 0;
}

/* The trace of @id, new when it is not there; NULL without memory. */
static struct clew_hot_trace *reach(struct clew_hot_list *list, const struct clew_trace_id *id)
{
        uint32_t *slot = list->n_slots ? slot_of(list, id) : NULL;
        struct clew_hot_trace *t;

        if (slot && *slot != CLEW_HOT_NONE)
                return &list->traces[*slot];
        if (list->n == list->capacity) {
                if (list->capacity >= ENTRIES_MAX ||
                    make_room(list, list->capacity ? list->capacity * 2 : TRACES_FIRST) < 0)
                        return NULL;
                slot = slot_of(list, id);
        }
        *slot = list->n;
        t = &list->traces[list->n++];
        *t = (struct clew_hot_trace){
                .id = *id, .first_link = CLEW_HOT_NONE, .last_link = CLEW_HOT_NONE};
        if (list->plans)
                list->plans[list->n - 1] = (struct clew_hot_plan){0};
        return t;
}

/* Fragments of format 1 are older than all batches and may be met behind them. */
static int add_link(struct clew_hot_list *list, struct clew_hot_trace *t, struct clew_hot_ref ref)
{
        uint32_t *before = &t->first_link;
        uint32_t at = list->n_links;

        if (t->n_fragments >= CLEW_HOT_LINKS_MAX)
                return 0;
        if (at == list->links_capacity &&
            (at >= ENTRIES_MAX || make_links(list, at ? at * 2 : TRACES_FIRST) < 0))
                return -ENOMEM;
        if (t->last_link != CLEW_HOT_NONE && list->links[t->last_link].sequence < ref.sequence)
                before = &list->links[t->last_link].next;
        while (*before != CLEW_HOT_NONE && list->links[*before].sequence < ref.sequence)
                before = &list->links[*before].next;
        list->links[at] = (struct clew_hot_link){
                .sequence = ref.sequence,
                .offset = ref.first ? (uint32_t)(ref.sequence - ref.first) : CLEW_HOT_NONE,
                .next = *before};
        if (*before == CLEW_HOT_NONE)
                t->last_link = at;
        *before = at;
        list->n_links++;
        return 0;
}

static int add_service(struct clew_hot_list *list, const struct clew_hot_service *service)
{
        if (list->n_services == list->services_capacity) {
                uint32_t want =
                        list->services_capacity ? list->services_capacity * 2 : TRACES_FIRST;
                void *more = clew_realloc_array(list->services, want, sizeof(*list->services));

                if (!more)
                        return -ENOMEM;
                list->services = more;
                list->services_capacity = want;
        }
        list->services[list->n_services] = *service;
        list->services[list->n_services++].name = clew_arena_copy(&list->names, service->name);
        return clew_arena_failed(&list->names) ? -ENOMEM : 0;
}

static int set_service(struct clew_hot_list *list, struct clew_hot_plan *plan,
                       struct clew_slice name)
{
        struct clew_hot_service service = {name, clew_hash(name)};
        uint32_t *recent = &list->recent[service.hash % CLEW_HOT_SERVICES_RECENT];

        if (*recent == 0 || !clew_slice_eq(list->services[*recent - 1].name, name)) {
                int r = add_service(list, &service);

                if (r < 0)
                        return r;
                *recent = list->n_services;
        }
        plan->service = *recent;
        return 0;
}

/* A trace that was taken out has something hot again. */
static void revive(struct clew_hot_list *list, struct clew_hot_trace *t)
{
        *t = (struct clew_hot_trace){
                .id = t->id, .first_link = CLEW_HOT_NONE, .last_link = CLEW_HOT_NONE};
        if (list->plans)
                *clew_hot_plan_of(list, t) = (struct clew_hot_plan){0};
        list->n_out--;
}

void clew_hot_take_out(struct clew_hot_list *list, const struct clew_trace_id *id)
{
        struct clew_hot_trace *t = clew_hot_find(list, id);

        if (!t || t->n_fragments == 0)
                return;
        t->n_fragments = 0;
        t->is_out = true;
        t->first_link = t->last_link = CLEW_HOT_NONE;
        list->n_out++;
}

static void add_up(uint32_t *sum, uint64_t n)
{
        *sum = n < UINT32_MAX - *sum ? *sum + (uint32_t)n : UINT32_MAX;
}

/* A time to sort by also when no span gives one. */
static void take_times(struct clew_hot_trace *t, const struct clew_fragment_header *h,
                       bool is_first)
{
        if (h->arrival_ns > t->last_arrival_ns)
                t->last_arrival_ns = h->arrival_ns;
        if (h->min_start_ns && (!t->has_start || h->min_start_ns < t->min_start_ns)) {
                t->min_start_ns = h->min_start_ns;
                t->has_start = true;
        } else if (!t->has_start && is_first) {
                t->min_start_ns = h->arrival_ns;
        }
}

static int add(struct clew_hot_list *list, const struct clew_hot_found *f)
{
        const struct clew_fragment_header *h = &f->header;
        struct clew_hot_trace *t;
        struct clew_hot_plan *plan;
        bool is_first;
        int r;

        if (list->max && list->n == list->max && !clew_hot_find(list, &f->id)) {
                list->cut = true;
                return 0;
        }
        t = reach(list, &f->id);
        if (!t)
                return -ENOMEM;
        if (t->is_out)
                revive(list, t);
        r = add_link(list, t, f->ref);
        if (r < 0)
                return r;
        t->n_fragments++;
        is_first = t->first_link != CLEW_HOT_NONE &&
                   list->links[t->first_link].sequence == f->ref.sequence;
        take_times(t, h, is_first);
        add_up(h->signal == CLEW_OTLP_LOGS ? &t->n_logs : &t->n_spans, h->n_items);
        t->raw_bytes += h->raw_bytes;
        list->stored_bytes += f->stored_bytes;
        list->logs += h->signal == CLEW_OTLP_LOGS ? h->n_items : 0;
        if (!list->plans)
                return 0;
        plan = clew_hot_plan_of(list, t);
        if (is_first)
                plan->first_arrival_ns = h->arrival_ns;
        return plan->service == 0 && h->service.len ? set_service(list, plan, h->service) : 0;
}

static int take_all(struct clew_hot_walk *w, struct clew_hot_list *list, struct clew_error *err)
{
        struct clew_hot_found f;
        uint64_t fetched = 0;
        int r;

        while ((r = clew_hot_walk_next(w, &f, err)) == 1) {
                if (f.ref.first != fetched && f.ref.first != 0)
                        fetch_slots(list, &w->batch);
                fetched = f.ref.first;
                r = add(list, &f);
                if (r < 0)
                        return clew_error_set(err, r, 0, "out of memory");
        }
        return r;
}

/* Room for as many traces and fragments as the state counts; without, the list grows on its way. */
static void expect(struct clew_env *env, MDB_txn *txn, struct clew_hot_list *list)
{
        struct clew_state state;
        struct clew_error ignored = {0};

        if (clew_state_read(env, txn, &state, &ignored) < 0 || state.hot_fragments == 0 ||
            state.hot_fragments > EXPECTED_MAX)
                return;
        if (make_links(list, (uint32_t)state.hot_fragments) == 0)
                (void)!make_room(list, (uint32_t)state.hot_fragments);
}

static int scan(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *only,
                const struct clew_hot_list *how, struct clew_hot_list *ret, struct clew_error *err)
{
        CLEW_HOT_LIST list = {.max = how->max, .for_sealing = how->for_sealing};
        struct clew_hot_walk w;
        int r;

        clew_arena_init(&list.names, SERVICES_BYTES_MAX);
        if (!only && !how->for_sealing)
                expect(env, txn, &list);
        r = clew_hot_walk_open(&w, env, txn, only, err);
        if (r == 0)
                r = take_all(&w, &list, err);
        clew_hot_walk_close(&w);
        if (r < 0)
                return r;
        *ret = list;
        list = (struct clew_hot_list){0};
        return 0;
}

int clew_hot_scan(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *only,
                  struct clew_hot_list *ret, struct clew_error *err)
{
        return scan(env, txn, only, &(struct clew_hot_list){0}, ret, err);
}

int clew_hot_scan_first(struct clew_env *env, MDB_txn *txn, uint32_t max, struct clew_hot_list *ret,
                        struct clew_error *err)
{
        return scan(env, txn, NULL, &(struct clew_hot_list){.max = max, .for_sealing = true}, ret,
                    err);
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
        return r;
}

#define WORD_(x) #x
#define WORD(x) WORD_(x)

const char *clew_hot_over_limit(const struct clew_hot_trace *t)
{
        if (t->n_fragments > CLEW_HOT_LINKS_MAX)
                return "it came in more than " WORD(CLEW_HOT_LINKS_MAX) " pieces";
        if ((uint64_t)t->n_spans + t->n_logs > CLEW_SEAL_ITEMS_MAX)
                return "it has more than " WORD(CLEW_SEAL_ITEMS_MAX) " spans and log records";
        if (t->raw_bytes > CLEW_SEAL_RAW_MAX)
                return "it has more than 1 GiB";
        return NULL;
}
