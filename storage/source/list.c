/*
 * The walk over all traces, newest first: the time table and what is hot, merged by one order
 * (start descending, then id). A trace that has hot fragments is given once, from the hot side.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/base/sums-int.h"
#include "storage/source/store-int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* < 0 when a comes first in the list. */
static int order(uint64_t a_start, const struct clew_trace_id *a, uint64_t b_start,
                 const struct clew_trace_id *b)
{
        if (a_start != b_start)
                return a_start > b_start ? -1 : 1;
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Who walks may stop early, and is to know that nothing newer was hidden. */
static int prove_times(struct clew_view *v, struct clew_error *err)
{
        struct clew_state state;
        int r = v->times_proved ? 0 : clew_state_read(v->store->env, v->txn, &state, err);

        if (r == 0 && !v->times_proved)
                r = clew_times_prove(v->store->env, v->txn, &state, err);
        v->times_proved = r == 0;
        return r;
}

/* Over all sealed traces, behind @after. */
static int begin_scan(struct clew_view *v, const struct clew_list_entry *after,
                      struct clew_error *err)
{
        int r = prove_times(v, err);

        if (r == 0)
                r = clew_scan_open(v->store->env, v->txn, CLEW_TABLE_TIME, &v->scan, err);
        if (r == 0 && after) {
                struct clew_key key = clew_key_time(after->start_ns, &after->id);

                r = clew_scan_seek(&v->scan, clew_key_slice(&key), err);
                if (r == 0 && v->scan.positioned &&
                    clew_slice_eq(v->scan.key, clew_key_slice(&key)))
                        v->scan.positioned = false;
        }
        return r;
}

/* What is hot, from behind @after on. */
static int begin_hot(struct clew_view *v, const struct clew_list_entry *after,
                     struct clew_error *err)
{
        struct clew_hot_after behind = {0};
        struct clew_hot_list *hot;
        int r = clew_view_hot(v, NULL, &hot, err);

        if (after)
                behind = (struct clew_hot_after){after->start_ns, after->id};
        return r < 0 ? r
                     : clew_hot_order_begin(&v->hot_order, v->store->env, v->txn, hot,
                                            after ? &behind : NULL, err);
}

/* Indexes cannot be used, or not further: all that comes behind the last one given. When LMDB met a
 * page of an index that is none, it gives nothing more of this snapshot: then in another. */
static int fall_back(struct clew_view *v, struct clew_error *why, struct clew_error *err)
{
        const struct clew_list_entry *after = v->has_last ? &v->last : NULL;
        int r = 0;

        if (clew_txn_is_lost(v->store->env, v->txn))
                return -ESTALE;
        clew_chosen_end(v);
        if (clew_view_is_broken(v)) {
                r = clew_view_renew(v, err);
                if (r == 0 && v->use.taken == 0)
                        r = begin_hot(v, after, err);
                v->is_walking = r == 0;
        }
        v->use.is_damaged = why->code != -ENOENT;
        snprintf(v->use.why_not, sizeof(v->use.why_not), "%.199s", why->message);
        if (r == 0 && v->use.taken > 0)
                return clew_error_set(err, -EAGAIN, 0, "indexes cannot be used: %s", why->message);
        v->use.used = false;
        v->use.left_out = 0;
        v->whole_walk = false;
        return r < 0 ? r : begin_scan(v, after, err);
}

static int list_trusting(struct clew_view *v, const struct clew_list_entry *after,
                         const struct clew_index_chooser *chooser, struct clew_error *err)
{
        struct clew_error why = {0};
        int r;

        clew_view_end_walk(v);
        v->whole_walk = !after;
        v->n_walked = 0;
        v->walked_sum = 0;
        v->use = (struct clew_index_use){.used = chooser != NULL};
        v->has_last = after != NULL;
        if (after)
                v->last = (struct clew_list_entry){.id = after->id, .start_ns = after->start_ns};
        r = begin_hot(v, after, err);
        if (r == 0 && !chooser)
                r = begin_scan(v, after, err);
        else if (r == 0 && clew_chosen_begin(v, after, chooser, &why) < 0)
                r = fall_back(v, &why, err);
        v->is_walking = r == 0;
        if (r < 0)
                clew_view_end_walk(v);
        return r;
}

static void count_prepared(struct clew_view *v, uint64_t since_ns)
{
        v->prepared_ns += clew_clock_monotonic_ns(v->store->clock) - since_ns;
}

static int begin_list(struct clew_view *v, const struct clew_list_entry *after,
                      const struct clew_index_chooser *chooser, struct clew_error *err)
{
        uint64_t since_ns = clew_clock_monotonic_ns(v->store->clock);
        int r = list_trusting(v, after, chooser, err);

        count_prepared(v, since_ns);
        v->is_fresh_walk = true;
        v->gives_ids = false;
        return clew_txn_check(v->store->env, v->txn, r, err);
}

int clew_view_list(struct clew_view *v, const struct clew_list_entry *after, struct clew_error *err)
{
        return begin_list(v, after, NULL, err);
}

int clew_view_list_ids(struct clew_view *v, const struct clew_list_entry *after,
                       struct clew_error *err)
{
        int r = begin_list(v, after, NULL, err);

        v->gives_ids = true;
        return r;
}

int clew_view_list_chosen(struct clew_view *v, const struct clew_list_entry *after,
                          const struct clew_index_chooser *chooser, struct clew_error *err)
{
        return begin_list(v, after, chooser, err);
}

const struct clew_index_use *clew_view_index_use(const struct clew_view *v)
{
        return &v->use;
}

int clew_view_settle_index_use(struct clew_view *v, struct clew_error *err)
{
        int r = v->chosen ? clew_chosen_settle(v, err) : 0;

        return clew_txn_check(v->store->env, v->txn, r, err);
}

/* At the end of a whole walk: were there as many as were written? */
static int check_count(struct clew_view *v, struct clew_error *err)
{
        struct clew_state state;
        int r;

        if (!v->whole_walk)
                return 0;
        r = clew_state_read(v->store->env, v->txn, &state, err);
        if (r < 0 || (v->n_walked == state.sealed_traces &&
                      (!state.has_sums || v->walked_sum == state.time_sum)))
                return r;
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: the time order is damaged (%llu of %llu traces); see clew "
                              "doctor --verify",
                              clew_env_dir(v->store->env), (unsigned long long)v->n_walked,
                              (unsigned long long)state.sealed_traces);
}

/* One of the time order. */
static int next_of_all(struct clew_view *v, struct clew_list_entry *ret, struct clew_error *err)
{
        int r = clew_scan_next(&v->scan, err);

        if (r == 0)
                return check_count(v, err);
        if (r < 0)
                return r;
        v->n_walked++;
        v->walked_sum += clew_hash(v->scan.key);
        if (!clew_key_read_time(v->scan.key, &ret->start_ns, &ret->id))
                return clew_error_set(err, -EBADMSG, 0,
                                      "store %s: a record of the time order is damaged",
                                      clew_env_dir(v->store->env));
        return 1;
}

/* The next sealed trace that has nothing hot. 1, 0 = none left, or an error. */
static int next_sealed(struct clew_view *v, struct clew_list_entry *ret, struct clew_error *err)
{
        for (;;) {
                struct clew_list_entry e = {0};
                struct clew_error why = {0};
                int r = v->chosen ? clew_chosen_next(v, &e, &why) : next_of_all(v, &e, err);

                if (v->chosen && r < 0) {
                        r = fall_back(v, &why, err);
                        if (r == 0)
                                continue;
                }
                if (r <= 0)
                        return r;
                if (clew_hot_find(&v->hot, &e.id) || clew_trace_id_is_zero(&e.id))
                        continue;
                *ret = e;
                return 1;
        }
}

static int fill_sealed(struct clew_view *v, struct clew_list_entry *e, struct clew_error *err)
{
        struct clew_place place;
        int r = clew_place_read(v->store->env, v->txn, &e->id, &place, err);

        if (r == -ENOENT || (r == 0 && place.start_ns != e->start_ns))
                return clew_error_set(err, -EBADMSG, 0,
                                      "store %s: time order and trace index disagree; see clew "
                                      "doctor --verify",
                                      clew_env_dir(v->store->env));
        if (r < 0)
                return r;
        r = clew_view_summary(v, &place, &e->summary, &e->summary_version, err);
        return r < 0 ? r : 1;
}

/* Its place and summary. What only an index knows is of an older commit, or of none. */
static int give_sealed(struct clew_view *v, struct clew_list_entry *ret, struct clew_error *err)
{
        struct clew_error why = {0};
        int r;

        *ret = v->sealed_entry;
        if (ret->run || v->gives_ids)
                return 1;
        r = fill_sealed(v, ret, v->chosen ? &why : err);
        if (v->chosen && r == -EBADMSG) {
                r = fall_back(v, &why, err);
                return r < 0 ? r : 0;
        }
        return r;
}

static void remember(struct clew_view *v, const struct clew_list_entry *e)
{
        v->has_last = true;
        v->last = (struct clew_list_entry){.id = e->id, .start_ns = e->start_ns};
}

static void give_hot(struct clew_view *v, const struct clew_hot_trace *t,
                     struct clew_list_entry *ret)
{
        struct clew_place place = {0};
        struct clew_error ignored = {0};

        *ret = (struct clew_list_entry){.id = t->id,
                                        .start_ns = t->min_start_ns,
                                        .hot = true,
                                        .last_arrival_ns = t->last_arrival_ns};
        if (!v->gives_ids &&
            (!t->sealed || clew_place_read(v->store->env, v->txn, &t->id, &place, &ignored) == 0))
                clew_view_tell_hot(v, t, &place, ret);
        clew_hot_order_take(&v->hot_order);
        remember(v, ret);
}

static int next_trusting(struct clew_view *v, struct clew_list_entry *ret, struct clew_error *err)
{
        const struct clew_hot_trace *hot = NULL;
        int r = 0;

        while (v->is_walking && r == 0) {
                if (!v->sealed_pending) {
                        r = next_sealed(v, &v->sealed_entry, err);
                        if (r < 0)
                                return r;
                        v->sealed_pending = r == 1;
                }
                r = clew_hot_order_first(&v->hot_order, &hot, err);
                if (r < 0)
                        return r;
                if (r == 1 && (!v->sealed_pending ||
                               order(hot->min_start_ns, &hot->id, v->sealed_entry.start_ns,
                                     &v->sealed_entry.id) < 0)) {
                        give_hot(v, hot, ret);
                        return 1;
                }
                if (!v->sealed_pending)
                        return 0;
                v->sealed_pending = false;
                r = give_sealed(v, ret, err); /* 0 = once more, over all */
                if (r == 1)
                        remember(v, ret);
        }
        return r;
}

int clew_view_next(struct clew_view *v, struct clew_list_entry *ret, struct clew_error *err)
{
        bool is_first = v->is_fresh_walk; /* indexes are asked when the walk comes to them */
        uint64_t since_ns = is_first ? clew_clock_monotonic_ns(v->store->clock) : 0;
        int r = next_trusting(v, ret, err);

        v->is_fresh_walk = false;
        if (is_first)
                count_prepared(v, since_ns);
        return clew_txn_check(v->store->env, v->txn, r, err);
}
