#include "collector/gate/admission.h"

static bool fits(const struct clew_admission *a, size_t bytes)
{
        if (a->n_inside == 0)
                return true;
        return a->used_bytes <= a->budget_bytes && bytes <= a->budget_bytes - a->used_bytes;
}

static size_t cost(const struct clew_admission *a, size_t wanted)
{
        return wanted ? wanted : a->estimate_bytes;
}

static size_t estimate_min(const struct clew_admission *a)
{
        return a->budget_bytes / CLEW_ADMISSION_ESTIMATE_PARTS;
}

static void take(struct clew_admission *a, struct clew_ticket *t, size_t bytes)
{
        t->bytes = bytes ? bytes : 1;
        a->used_bytes += t->bytes;
        a->n_inside++;
}

/* Moves the waiting tickets that now fit from the queue to a list of their own, in order. */
static struct clew_ticket *take_waiting(struct clew_admission *a)
{
        struct clew_ticket *head = NULL;
        struct clew_ticket **tail = &head;

        while (a->first && fits(a, cost(a, a->first->wanted))) {
                struct clew_ticket *t = a->first;

                a->first = t->next;
                if (!a->first)
                        a->last = NULL;
                a->n_waiting--;
                take(a, t, cost(a, t->wanted));
                t->next = NULL;
                *tail = t;
                tail = &t->next;
        }
        return head;
}

static void let_in(struct clew_ticket *list)
{
        while (list) {
                struct clew_ticket *t = list;

                list = t->next;
                t->next = NULL;
                t->let_in(t);
        }
}

void clew_admission_init(struct clew_admission *a, size_t budget_bytes, size_t max_waiting)
{
        *a = (struct clew_admission){.budget_bytes = budget_bytes, .max_waiting = max_waiting};
        a->estimate_bytes = estimate_min(a);
        pthread_mutex_init(&a->lock, NULL);
}

void clew_admission_deinit(struct clew_admission *a)
{
        CLEW_ASSERT(a->n_inside == 0 && a->n_waiting == 0);
        pthread_mutex_destroy(&a->lock);
}

enum clew_admission_result clew_admission_enter(struct clew_admission *a,
                                                struct clew_ticket *ticket, size_t bytes,
                                                void (*let_in_fn)(struct clew_ticket *))
{
        enum clew_admission_result r = CLEW_ADMITTED;

        CLEW_ASSERT(ticket->bytes == 0);
        pthread_mutex_lock(&a->lock);
        if (!a->first && fits(a, cost(a, bytes))) {
                take(a, ticket, cost(a, bytes));
        } else if (let_in_fn && a->n_waiting < a->max_waiting) {
                ticket->let_in = let_in_fn;
                ticket->wanted = bytes;
                ticket->next = NULL;
                if (a->last)
                        a->last->next = ticket;
                else
                        a->first = ticket;
                a->last = ticket;
                a->n_waiting++;
                r = CLEW_ADMISSION_WAITS;
        } else {
                r = CLEW_ADMISSION_REFUSED;
        }
        pthread_mutex_unlock(&a->lock);
        return r;
}

void clew_admission_measured(struct clew_admission *a, struct clew_ticket *ticket, size_t bytes)
{
        pthread_mutex_lock(&a->lock);
        if (bytes >= a->estimate_bytes)
                a->estimate_bytes = bytes;
        else
                a->estimate_bytes -= (a->estimate_bytes - bytes) / CLEW_ADMISSION_ESTIMATE_DECAY;
        if (a->estimate_bytes < estimate_min(a))
                a->estimate_bytes = estimate_min(a);
        pthread_mutex_unlock(&a->lock);
        clew_admission_resize(a, ticket, bytes);
}

void clew_admission_resize(struct clew_admission *a, struct clew_ticket *ticket, size_t bytes)
{
        struct clew_ticket *ready;

        CLEW_ASSERT(ticket->bytes > 0);
        pthread_mutex_lock(&a->lock);
        a->used_bytes -= ticket->bytes;
        ticket->bytes = bytes ? bytes : 1;
        a->used_bytes += ticket->bytes;
        ready = take_waiting(a);
        pthread_mutex_unlock(&a->lock);
        let_in(ready);
}

bool clew_admission_try_grow(struct clew_admission *a, struct clew_ticket *ticket, size_t more)
{
        bool ok;

        pthread_mutex_lock(&a->lock);
        ok = a->n_inside == 1 ||
             (a->used_bytes <= a->budget_bytes && more <= a->budget_bytes - a->used_bytes);
        if (ok) {
                ticket->bytes += more;
                a->used_bytes += more;
        }
        pthread_mutex_unlock(&a->lock);
        return ok;
}

void clew_admission_leave(struct clew_admission *a, struct clew_ticket *ticket)
{
        struct clew_ticket *ready;

        if (ticket->bytes == 0)
                return;
        pthread_mutex_lock(&a->lock);
        a->used_bytes -= ticket->bytes;
        ticket->bytes = 0;
        a->n_inside--;
        ready = take_waiting(a);
        pthread_mutex_unlock(&a->lock);
        let_in(ready);
}

size_t clew_admission_inside(struct clew_admission *a)
{
        size_t n;

        pthread_mutex_lock(&a->lock);
        n = a->n_inside;
        pthread_mutex_unlock(&a->lock);
        return n;
}

size_t clew_admission_waiting(struct clew_admission *a)
{
        size_t n;

        pthread_mutex_lock(&a->lock);
        n = a->n_waiting;
        pthread_mutex_unlock(&a->lock);
        return n;
}
