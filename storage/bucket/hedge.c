#include "storage/bucket/hedge-int.h"

#include <string.h>

void clew_hedge_init(struct clew_hedge *h)
{
        memset(h, 0, sizeof(*h));
        pthread_mutex_init(&h->lock, NULL);
        h->credit = CLEW_HEDGE_FIRST * CLEW_HEDGE_SHARE;
}

void clew_hedge_deinit(struct clew_hedge *h)
{
        pthread_mutex_destroy(&h->lock);
}

/* What 19 of 20 are below: the last of the slowest few. */
static uint64_t slow_ns(const struct clew_hedge *h)
{
        uint64_t slowest[CLEW_HEDGE_SLOWEST] = {0}; /* the slowest first */
        unsigned n_slowest = h->n / 20 + 1;

        for (unsigned i = 0; i < h->n; i++) {
                uint64_t one = h->took_ns[i];

                for (unsigned k = 0; k < n_slowest; k++) {
                        uint64_t other = slowest[k];

                        if (one > other) {
                                slowest[k] = one;
                                one = other;
                        }
                }
        }
        return slowest[n_slowest - 1];
}

uint64_t clew_hedge_begin(struct clew_hedge *h)
{
        uint64_t delay = CLEW_HEDGE_UNKNOWN_NS;

        pthread_mutex_lock(&h->lock);
        h->figures.reads++;
        if (h->credit < CLEW_HEDGE_SAVED * CLEW_HEDGE_SHARE)
                h->credit++;
        if (h->n >= CLEW_HEDGE_SAMPLES_LEAST) {
                delay = slow_ns(h);
                delay = delay < CLEW_HEDGE_MOST_NS / 2 ? delay * 2 : CLEW_HEDGE_MOST_NS;
        }
        pthread_mutex_unlock(&h->lock);
        return delay > CLEW_HEDGE_LEAST_NS ? delay : CLEW_HEDGE_LEAST_NS;
}

bool clew_hedge_spend(struct clew_hedge *h)
{
        bool may;

        pthread_mutex_lock(&h->lock);
        may = h->credit >= CLEW_HEDGE_SHARE;
        if (may) {
                h->credit -= CLEW_HEDGE_SHARE;
                h->figures.hedged++;
        }
        pthread_mutex_unlock(&h->lock);
        return may;
}

void clew_hedge_answered(struct clew_hedge *h, uint64_t ns, bool by_second)
{
        pthread_mutex_lock(&h->lock);
        h->took_ns[h->at] = ns;
        h->at = (h->at + 1) % CLEW_HEDGE_SAMPLES;
        if (h->n < CLEW_HEDGE_SAMPLES)
                h->n++;
        h->figures.won += by_second;
        pthread_mutex_unlock(&h->lock);
}

void clew_hedge_read(struct clew_hedge *h, struct clew_hedge_figures *ret)
{
        pthread_mutex_lock(&h->lock);
        *ret = h->figures;
        pthread_mutex_unlock(&h->lock);
}
