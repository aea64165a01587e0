/*
 * What is hot: one pass over the headers of all fragments. Payloads are not touched.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/store-int.h"

#include <errno.h>
#include <string.h>

void clew_hot_list_deinit(struct clew_hot_list *list)
{
        clew_free(list->traces);
        memset(list, 0, sizeof(*list));
}

static struct clew_hot_trace *push(struct clew_hot_list *list, const struct clew_trace_id *id)
{
        struct clew_hot_trace *t;

        if (list->n == list->capacity) {
                size_t want = list->capacity ? list->capacity * 2 : 64;
                void *more = clew_realloc_array(list->traces, want, sizeof(*list->traces));

                if (!more)
                        return NULL;
                list->traces = more;
                list->capacity = want;
        }
        t = &list->traces[list->n++];
        memset(t, 0, sizeof(*t));
        t->id = *id;
        return t;
}

static void add(struct clew_hot_trace *t, const struct clew_fragment_header *h, uint64_t sequence,
                size_t stored)
{
        if (t->n_fragments++ == 0) {
                t->first_sequence = sequence;
                t->first_arrival_ns = h->arrival_ns;
        }
        t->last_sequence = sequence;
        if (h->arrival_ns > t->last_arrival_ns)
                t->last_arrival_ns = h->arrival_ns;
        if (h->min_start_ns && (!t->min_start_ns || h->min_start_ns < t->min_start_ns))
                t->min_start_ns = h->min_start_ns;
        if (h->signal == CLEW_OTLP_LOGS)
                t->n_logs += h->n_items;
        else
                t->n_spans += h->n_items;
        t->raw_bytes += h->raw_bytes;
        t->stored_bytes += stored;
        if (t->service_len == 0 && h->service.len) {
                memcpy(t->service, h->service.data, h->service.len);
                t->service_len = (uint8_t)h->service.len;
                t->service_hash = clew_hash(h->service);
        }
}

/* A time to sort by when no span gave one. */
static void settle(struct clew_hot_list *list)
{
        for (size_t i = 0; i < list->n; i++) {
                struct clew_hot_trace *t = &list->traces[i];

                if (!t->min_start_ns)
                        t->min_start_ns = t->first_arrival_ns;
        }
}

/* The fragments found against those that were written and not yet sealed. */
static int check_whole(struct clew_env *env, MDB_txn *txn, uint64_t n, uint64_t sum,
                       struct clew_error *err)
{
        struct clew_state state;
        int r = clew_state_read(env, txn, &state, err);

        if (r < 0 || (n == state.hot_fragments && sum == state.hot_sum))
                return r;
        return clew_error_set(
                err, -EBADMSG, 0,
                "store %s: the hot table is damaged (%llu of %llu fragments found%s); "
                "see clew doctor --verify",
                clew_env_dir(env), (unsigned long long)n, (unsigned long long)state.hot_fragments,
                n == state.hot_fragments ? ", not the same ones" : "");
}

int clew_hot_check(struct clew_env *env, MDB_txn *txn, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        uint64_t n = 0;
        uint64_t sum = 0;
        int r = clew_scan_open(env, txn, CLEW_TABLE_HOT, &scan, err);

        scan.unchecked = true;
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                struct clew_trace_id id;
                uint64_t sequence = 0;

                n += clew_key_read_numbered(scan.key, &id, &sequence);
                sum += sequence;
        }
        return r < 0 ? r : check_whole(env, txn, n, sum, err);
}

int clew_hot_scan(struct clew_env *env, MDB_txn *txn, struct clew_hot_list *ret,
                  struct clew_error *err)
{
        struct clew_hot_list list = {0};
        uint64_t n = 0;
        uint64_t sum = 0;
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(env, txn, CLEW_TABLE_HOT, &scan, err);

        scan.unchecked = true;
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                struct clew_hot_trace *t = list.n ? &list.traces[list.n - 1] : NULL;
                struct clew_fragment_header h;
                struct clew_trace_id id;
                struct clew_slice pack;
                uint64_t sequence;
                char name[96];

                if (!clew_key_read_numbered(scan.key, &id, &sequence) ||
                    !clew_fragment_read_header(scan.key, scan.value, &h, &pack)) {
                        clew_record_name(CLEW_TABLE_HOT, scan.key, name, sizeof(name));
                        r = clew_error_set(err, -EBADMSG, 0,
                                           "store %s: record %s is damaged (header); see clew "
                                           "doctor --verify",
                                           clew_env_dir(env), name);
                        break;
                }
                if (!t || !clew_trace_id_eq(&t->id, &id))
                        t = push(&list, &id);
                if (!t) {
                        r = clew_error_set(err, -ENOMEM, 0, "out of memory");
                        break;
                }
                add(t, &h, sequence, scan.value.len);
                n++;
                sum += sequence;
        }
        if (r == 0)
                r = check_whole(env, txn, n, sum, err);
        if (r < 0) {
                clew_hot_list_deinit(&list);
                return r;
        }
        settle(&list);
        *ret = list;
        return 0;
}
