/*
 * Orders, for who gives one and asks how it stands: a command on the store of a writer. It reads
 * and writes the bucket by itself, whether a collector runs on the store or not.
 */
#include "storage/tier/tier-others-int.h"

#include "proto/base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* So long a command asks. */
#define ASK_NS (10 * CLEW_NS_PER_S)
/* Others may give one at the same moment. */
#define TRIES_MAX 16u
/* Before the names of who has not done it. */
#define BACK_TEXT "clew taken-back 1\n"

_Static_assert(CLEW_ORDER_URL_BYTES == CLEW_BUCKET_URL_MAX, "an address has room");

struct asking {
        struct clew_tier_others others;
        struct clew_object_bucket *bucket;
};

static void end(struct asking *a)
{
        clew_bucket_close(a->bucket);
        clew_tier_others_deinit(&a->others);
}

/* To be ended in any case. */
static int begin(struct asking *a, struct clew_tier *t, struct clew_error *err)
{
        uint64_t until = clew_clock_monotonic_ns(clew_clock_system()) + ASK_NS;
        struct clew_object_bucket *own = NULL;
        char prefix[CLEW_BUCKET_URL_MAX];
        int r;

        a->bucket = NULL;
        clew_tier_prefix_of_all(t, prefix, sizeof(prefix));
        clew_tier_others_init(&a->others, t);
        r = clew_tier_bucket(t, &own, err); /* its connections are used from look to look */
        if (r == 0)
                r = clew_tier_others_list(&a->others, prefix, until, err);
        if (r == 0)
                r = clew_bucket_open_beside(own, prefix, &a->bucket, err);
        if (r == 0)
                clew_bucket_hurry(a->bucket, until);
        return r;
}

/* True: all have done it. */
static bool state_of(struct asking *a, uint64_t id, struct clew_order_state *ret)
{
        bool all = clew_order_state_of(&a->others, id, ret);

        clew_tier_prefix_of_all(a->others.tier, ret->url, sizeof(ret->url));
        for (uint32_t i = 0; i < a->others.n_backs; i++) {
                if (a->others.backs[i].id == id)
                        ret->taken_back_ns = a->others.backs[i].at_ns;
        }
        return all;
}

static bool is_there(const struct clew_tier_others *o, uint64_t id)
{
        const struct clew_order_seen *seen = (const void *)o->seen.data;

        for (size_t i = 0; i < clew_tier_others_n_seen(o); i++) {
                if (!seen[i].name.is_mark && seen[i].name.id == id)
                        return true;
        }
        return false;
}

/* ---- those that say the same ----------------------------------------------------------------- */

/* With what it says an object has its name, its writer and a frame. */
static bool may_say(const struct clew_order_seen *seen, const struct clew_order *order)
{
        return !seen->name.is_mark && seen->name.id != order->id && seen->bytes > order->what.len &&
               seen->bytes - order->what.len <= CLEW_ORDER_OBJECT_MAX - CLEW_ORDER_WHAT_MAX;
}

/* The next after the @from-th of the list; 0 = none. What cannot be read says something else. */
static uint64_t next_same(struct asking *a, const struct clew_order *order, size_t *from)
{
        const struct clew_order_seen *seen = (const void *)a->others.seen.data;
        CLEW_BUFFER bytes = {0};
        uint64_t id = 0;

        clew_buffer_init(&bytes, CLEW_ORDER_OBJECT_MAX + 2);
        for (; id == 0 && *from < clew_tier_others_n_seen(&a->others); ++*from) {
                struct clew_order other;
                struct clew_error ignored;

                if (may_say(&seen[*from], order) &&
                    clew_order_read(a->bucket, seen[*from].name.id, &bytes, &other, &ignored) ==
                            0 &&
                    other.kind == order->kind && clew_slice_eq(other.what, order->what))
                        id = other.id;
        }
        if (bytes.len > 0)
                explicit_bzero(bytes.data, bytes.len);
        return id;
}

int clew_order_find(struct clew_tier *t, enum clew_order_kind kind, struct clew_slice what,
                    uint64_t *ret_id, struct clew_error *err)
{
        const struct clew_order order = {.kind = kind, .what = what};
        struct asking a;
        size_t from = 0;
        int r = begin(&a, t, err);

        if (r == 0)
                *ret_id = next_same(&a, &order, &from);
        end(&a);
        return r;
}

/* ---- giving one ------------------------------------------------------------------------------ */

static int put(struct asking *a, struct clew_order *order, struct clew_buffer *bytes,
               struct clew_error *err)
{
        int r = CLEW_BUCKET_EXISTS;

        for (unsigned i = 0; r == CLEW_BUCKET_EXISTS && i < TRIES_MAX; i++, order->id++) {
                const struct clew_order_name n = {.id = order->id};
                char name[CLEW_ORDER_NAME_MAX];

                clew_buffer_clear(bytes);
                if (clew_order_encode(order, bytes) < 0)
                        return clew_error_set(err, -ENOMEM, 0, "out of memory");
                clew_order_name(&n, name);
                r = clew_bucket_create(a->bucket, name, clew_buffer_slice(bytes), err);
        }
        order->id--;
        if (r == CLEW_BUCKET_UNSURE)
                return clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer for sure",
                                      a->bucket->url);
        if (r == CLEW_BUCKET_EXISTS)
                return clew_error_set(err, -EBUSY, 0,
                                      "%s: others give orders at this moment; try again",
                                      a->bucket->url);
        return r;
}

static int give(struct asking *a, struct clew_order *order, struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        int r;

        if (a->others.n_orders == CLEW_ORDERS_MAX || a->others.n_left > 0)
                return clew_error_set(err, -E2BIG, 0,
                                      "%u redactions wait for other writers already: clew redact "
                                      "--orders tells for whom",
                                      CLEW_ORDERS_MAX);
        clew_buffer_init(&bytes, CLEW_ORDER_OBJECT_MAX);
        r = put(a, order, &bytes, err);
        if (bytes.len > 0)
                explicit_bzero(bytes.data, bytes.len);
        return r;
}

/* Those of the list that @order, which is there, says too; the last of them, or 0. What stays is
 * done by all as well. */
static uint64_t replace(struct asking *a, const struct clew_order *order)
{
        uint64_t replaced = 0;
        size_t from = 0;
        uint64_t id;

        while ((id = next_same(a, order, &from)) != 0) {
                struct clew_error ignored;

                if (clew_order_remove(a->bucket, &a->others, id, &ignored) == 0)
                        replaced = id;
        }
        return replaced;
}

int clew_order_tell(struct clew_tier *t, enum clew_order_kind kind, struct clew_slice what,
                    struct clew_order_told *ret, struct clew_error *err)
{
        struct clew_order order = {.kind = kind, .what = what};
        struct clew_order_state all;
        struct asking a;
        int r;

        *ret = (struct clew_order_told){.id = 0};
        if (!t)
                return 0;
        order.id = clew_clock_unix_ns(t->store->clock);
        snprintf(order.by, sizeof(order.by), "%s", t->name);
        r = begin(&a, t, err);
        if (r == 0) {
                (void)clew_order_state_of(&a.others, order.id, &all); /* nobody has done it */
                memcpy(ret->others, all.waits, sizeof(ret->others));
        }
        if (r == 0 && ret->others[0] && what.len > 0) {
                r = give(&a, &order, err);
                ret->id = r == 0 ? order.id : 0;
                ret->instead_of = r == 0 ? replace(&a, &order) : 0;
        }
        end(&a);
        return r;
}

/* ---- asking ---------------------------------------------------------------------------------- */

int clew_order_look(struct clew_tier *t, uint64_t id, struct clew_order_state *ret, bool *ret_there,
                    struct clew_error *err)
{
        struct asking a;
        int r = begin(&a, t, err);

        *ret_there = r == 0 && is_there(&a.others, id);
        if (*ret_there && state_of(&a, id, ret)) {
                *ret_there = false;
                r = clew_order_remove(a.bucket, &a.others, id, err);
        } else if (r == 0 && !*ret_there) {
                struct clew_order_state now;

                (void)state_of(&a, id, &now); /* who has done it is known no more */
                ret->taken_back_ns = now.taken_back_ns;
        }
        end(&a);
        return r;
}

static int tell_one(struct asking *a, uint64_t id, clew_order_fn fn, void *context,
                    struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        struct clew_order_state s;
        struct clew_order order;
        int r;

        if (state_of(a, id, &s))
                return clew_order_remove(a->bucket, &a->others, id, err);
        clew_buffer_init(&bytes, CLEW_ORDER_OBJECT_MAX + 2);
        r = clew_order_read(a->bucket, id, &bytes, &order, err);
        if (r == 0) {
                s.is_known = true;
                s.kind = order.kind;
                s.bytes = order.what.len;
                snprintf(s.by, sizeof(s.by), "%s", order.by);
        }
        if (bytes.len > 0)
                explicit_bzero(bytes.data, bytes.len);
        if (r == -ENOENT) /* gone since */
                return 0;
        return r == 0 || r == -EBADMSG ? fn(context, &s) : r;
}

/* As many bytes of @text as are names of writers in words. */
static int names_in(struct clew_slice text)
{
        int n = 0;

        while ((size_t)n < text.len && n < (int)CLEW_ORDER_NAMES_BYTES &&
               strchr("abcdefghijklmnopqrstuvwxyz0123456789-, ", text.data[n]) &&
               text.data[n] != '\0')
                n++;
        return n;
}

static int tell_back(struct asking *a, const struct clew_order_back *back, clew_order_fn fn,
                     void *context, struct clew_error *err)
{
        struct clew_order_state s = {.id = back->id, .taken_back_ns = back->at_ns};
        CLEW_BUFFER text = {0};
        char name[CLEW_ORDER_NAME_MAX];
        struct clew_slice names;
        int r;

        clew_order_back_name(back, name);
        clew_buffer_init(&text, sizeof(s.waits) + sizeof(BACK_TEXT));
        r = clew_bucket_get(a->bucket, name, 0, sizeof(s.waits) + sizeof(BACK_TEXT) - 1, &text,
                            NULL, err);
        if (r == -ENOENT) /* gone since */
                return 0;
        if (r < 0)
                return r;
        names = clew_buffer_slice(&text);
        if (!clew_slice_starts_with(names, CLEW_SLICE_LITERAL(BACK_TEXT)))
                return 0; /* of a later version */
        names = clew_slice_from(names, sizeof(BACK_TEXT) - 1);
        snprintf(s.waits, sizeof(s.waits), "%.*s", names_in(names), (const char *)names.data);
        return fn(context, &s);
}

int clew_order_each(struct clew_tier *t, clew_order_fn fn, void *context, struct clew_error *err)
{
        struct asking a;
        int r = begin(&a, t, err);
        const struct clew_order_seen *seen = (const void *)a.others.seen.data;

        for (size_t i = 0; r == 0 && i < clew_tier_others_n_seen(&a.others); i++) {
                if (!seen[i].name.is_mark)
                        r = tell_one(&a, seen[i].name.id, fn, context, err);
        }
        for (uint32_t i = 0; r == 0 && i < a.others.n_backs; i++)
                r = tell_back(&a, &a.others.backs[i], fn, context, err);
        end(&a);
        return r;
}

/* Says first that it is taken back, so that nobody takes its end for that all have done it. */
static int take_back(struct asking *a, uint64_t id, struct clew_error *err)
{
        const struct clew_order_back back = {
                .id = id, .at_ns = clew_clock_unix_ns(a->others.tier->store->clock)};
        struct clew_order_state s;
        char name[CLEW_ORDER_NAME_MAX];
        char text[sizeof(s.waits) + sizeof(BACK_TEXT) + 64];
        int r;

        if (!is_there(&a->others, id))
                return clew_error_set(err, -ENOENT, 0,
                                      "no redaction %" PRIu64 " waits: clew redact --orders", id);
        (void)state_of(a, id, &s);
        snprintf(text, sizeof(text), BACK_TEXT "%s%s%s", s.waits,
                 s.waits_here && s.waits[0] ? ", " : "",
                 !s.waits_here             ? ""
                 : a->others.tier->name[0] ? a->others.tier->name
                                           : "the one without a name");
        clew_order_back_name(&back, name);
        r = clew_bucket_create(a->bucket, name, clew_slice_of_cstr(text), err);
        if (r == CLEW_BUCKET_UNSURE)
                return clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer for sure",
                                      a->bucket->url);
        return r < 0 ? r : clew_order_remove(a->bucket, &a->others, id, err);
}

int clew_order_take_back(struct clew_tier *t, uint64_t id, struct clew_error *err)
{
        struct asking a;
        int r = begin(&a, t, err);

        if (r == 0)
                r = take_back(&a, id, err);
        end(&a);
        return r;
}

bool clew_order_noted(struct clew_tier *t, char *ret, size_t size)
{
        struct clew_error ignored;

        ret[0] = '\0';
        if (!t || !t->map || clew_tier_map_get_text(t->map, "orders", ret, size, &ignored) < 0)
                ret[0] = '\0';
        return ret[0] != '\0';
}
