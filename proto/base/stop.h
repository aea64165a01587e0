/*
 * A word that ends work: set by another thread or by the handler of a signal, looked at now and
 * then by who works. It orders nothing else.
 */
#ifndef CLEW_PROTO_BASE_STOP_H
#define CLEW_PROTO_BASE_STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static inline void clew_stop_set(volatile sig_atomic_t *stop)
{
        __atomic_store_n(stop, 1, __ATOMIC_RELAXED);
}

/* NULL = never. */
static inline bool clew_stop_is_set(const volatile sig_atomic_t *stop)
{
        return stop && __atomic_load_n(stop, __ATOMIC_RELAXED) != 0;
}

#endif
