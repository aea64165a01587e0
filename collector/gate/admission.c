#include "collector/gate/admission.h"

void clew_admission_init(struct clew_admission *a, size_t budget_bytes)
{
        *a = (struct clew_admission){.budget_bytes = budget_bytes};
        pthread_mutex_init(&a->lock, NULL);
}

void clew_admission_deinit(struct clew_admission *a)
{
        CLEW_ASSERT(a->n_inside == 0);
        for (unsigned i = 0; i < CLEW_SHARES; i++)
                CLEW_ASSERT(a->used_bytes[i] == 0);
        pthread_mutex_destroy(&a->lock);
}

static bool fits(const struct clew_admission *a, enum clew_admission_share share, size_t bytes)
{
        size_t own = a->used_bytes[share];
        size_t half = a->budget_bytes / CLEW_SHARES;
        size_t all = 0;

        if (own <= half && bytes <= half - own)
                return true;
        for (unsigned i = 0; i < CLEW_SHARES; i++)
                all += a->used_bytes[i];
        return all <= a->budget_bytes && bytes <= a->budget_bytes - all;
}

bool clew_admission_take(struct clew_admission *a, enum clew_admission_share share, size_t bytes)
{
        bool ok;

        pthread_mutex_lock(&a->lock);
        ok = fits(a, share, bytes);
        if (ok)
                a->used_bytes[share] += bytes;
        pthread_mutex_unlock(&a->lock);
        return ok;
}

void clew_admission_take_beyond(struct clew_admission *a, enum clew_admission_share share,
                                size_t bytes)
{
        pthread_mutex_lock(&a->lock);
        a->used_bytes[share] += bytes;
        pthread_mutex_unlock(&a->lock);
}

void clew_admission_give_back(struct clew_admission *a, enum clew_admission_share share,
                              size_t bytes)
{
        pthread_mutex_lock(&a->lock);
        CLEW_ASSERT(a->used_bytes[share] >= bytes);
        a->used_bytes[share] -= bytes;
        pthread_mutex_unlock(&a->lock);
}

size_t clew_admission_used(struct clew_admission *a, enum clew_admission_share share)
{
        size_t n;

        pthread_mutex_lock(&a->lock);
        n = a->used_bytes[share];
        pthread_mutex_unlock(&a->lock);
        return n;
}

void clew_admission_enter(struct clew_admission *a)
{
        pthread_mutex_lock(&a->lock);
        a->n_inside++;
        pthread_mutex_unlock(&a->lock);
}

void clew_admission_leave(struct clew_admission *a)
{
        pthread_mutex_lock(&a->lock);
        CLEW_ASSERT(a->n_inside > 0);
        a->n_inside--;
        pthread_mutex_unlock(&a->lock);
}

size_t clew_admission_inside(struct clew_admission *a)
{
        size_t n;

        pthread_mutex_lock(&a->lock);
        n = a->n_inside;
        pthread_mutex_unlock(&a->lock);
        return n;
}
