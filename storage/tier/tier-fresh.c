/*
 * Indexes of segments that were sealed a moment ago.
 *
 * An object has the index of each of its segments, and the store has it as a run of its own until
 * that is merged with others, which is soon: then it would have to be derived from the traces once
 * more, for several times what all else of an upload costs. So what sealing has made is kept in
 * memory until the bucket has it. It is a copy: what is not here any more is derived.
 */
#include "storage/tier/tier-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <string.h>

/* An index has a fifth of its segment's size or more; this is of some hundred segments. */
#define FRESH_BYTES_MAX ((size_t)24 << 20)
#define SECTION_BYTES_MAX ((size_t)8 << 20)
#define LIST_BYTES_MAX ((size_t)16 << 20)

struct fresh {
        uint64_t segment;
        uint8_t *bytes; /* owned */
        size_t len;
};

static size_t n_of(const struct clew_tier *t)
{
        return t->fresh.len / sizeof(struct fresh);
}

static struct fresh *at(const struct clew_tier *t, size_t i)
{
        return (struct fresh *)(void *)t->fresh.data + i;
}

/* The @n oldest go. With the lock. */
static void forget_first(struct clew_tier *t, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                t->fresh_bytes -= at(t, i)->len;
                clew_free(at(t, i)->bytes);
        }
        if (n > 0)
                memmove(t->fresh.data, at(t, n), (n_of(t) - n) * sizeof(struct fresh));
        t->fresh.len -= n * sizeof(struct fresh);
}

static void keep(void *context, uint64_t segment, const struct clew_index_blocks *b)
{
        struct clew_tier *t = context;
        struct fresh x = {.segment = segment};
        CLEW_BUFFER head = {0};
        CLEW_BUFFER section = {0};

        clew_buffer_init(&head, CLEW_RUN_HEAD_MAX);
        clew_buffer_init(&section, SECTION_BYTES_MAX);
        clew_run_head_encode(&b->head, &head);
        clew_tier_index_put(&section, clew_buffer_slice(&head), clew_buffer_slice(&b->bytes),
                            (const size_t *)(const void *)b->ends.data, b->head.n_blocks);
        if (clew_buffer_error(&head) < 0 || clew_buffer_error(&section) < 0)
                return;
        x.len = section.len;
        x.bytes = clew_malloc(x.len);
        if (!x.bytes)
                return;
        memcpy(x.bytes, section.data, x.len);
        pthread_mutex_lock(&t->lock);
        clew_buffer_append(&t->fresh, &x, sizeof(x));
        if (clew_buffer_error(&t->fresh) < 0)
                clew_free(x.bytes);
        else
                t->fresh_bytes += x.len;
        while (t->fresh_bytes > FRESH_BYTES_MAX)
                forget_first(t, 1);
        pthread_mutex_unlock(&t->lock);
}

static void set_hook(struct clew_tier *t, bool on)
{
        struct clew_store *store = t->store;

        pthread_mutex_lock(&store->sealing_lock);
        store->indexed = on ? keep : NULL;
        store->indexed_context = t;
        pthread_mutex_unlock(&store->sealing_lock);
}

void clew_tier_fresh_begin(struct clew_tier *t)
{
        if (t->fresh.max_bytes)
                return;
        clew_buffer_init(&t->fresh, LIST_BYTES_MAX);
        set_hook(t, true);
}

void clew_tier_fresh_end(struct clew_tier *t)
{
        if (!t->fresh.max_bytes)
                return;
        set_hook(t, false);
        forget_first(t, n_of(t));
        clew_buffer_deinit(&t->fresh);
}

int clew_tier_fresh_get(struct clew_tier *t, uint64_t segment, struct clew_buffer *out)
{
        int r = -ENOENT;

        pthread_mutex_lock(&t->lock);
        for (size_t i = n_of(t); r == -ENOENT && i > 0; i--) {
                if (at(t, i - 1)->segment != segment)
                        continue;
                clew_buffer_append(out, at(t, i - 1)->bytes, at(t, i - 1)->len);
                r = clew_buffer_error(out);
        }
        pthread_mutex_unlock(&t->lock);
        return r;
}

void clew_tier_fresh_forget(struct clew_tier *t, uint64_t below, uint64_t erased)
{
        size_t n = 0;

        pthread_mutex_lock(&t->lock);
        if (t->fresh_erased != erased) /* they may have its words */
                n = n_of(t);
        while (n < n_of(t) && at(t, n)->segment < below)
                n++;
        forget_first(t, n);
        t->fresh_erased = erased;
        pthread_mutex_unlock(&t->lock);
}
