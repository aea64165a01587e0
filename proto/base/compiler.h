/*
 * Attributes and assertions that every file may use.
 *
 * CLEW_ASSERT is always on: it guards invariants whose violation would corrupt data, and it is
 * cheap. CLEW_DCHECK is compiled in only with the meson option "dcheck". Neither hides a return.
 */
#ifndef CLEW_PROTO_BASE_COMPILER_H
#define CLEW_PROTO_BASE_COMPILER_H

#include <stddef.h>

#define CLEW_MUST_USE __attribute__((warn_unused_result))
#define CLEW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define CLEW_CLEANUP(fn) __attribute__((cleanup(fn)))
#define CLEW_UNUSED __attribute__((unused))
#define CLEW_NORETURN __attribute__((noreturn))

#define CLEW_LIKELY(x) __builtin_expect(!!(x), 1)
#define CLEW_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define CLEW_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Writes one line to standard error and aborts. Called by the two macros below. */
CLEW_NORETURN void clew_assert_failed(const char *expr, const char *file, int line);

#define CLEW_ASSERT(expr)                                                                          \
        do {                                                                                       \
                if (CLEW_UNLIKELY(!(expr)))                                                        \
                        clew_assert_failed(#expr, __FILE__, __LINE__);                             \
        } while (0)

#ifdef CLEW_DCHECK_ENABLED
#define CLEW_DCHECK(expr) CLEW_ASSERT(expr)
#else
#define CLEW_DCHECK(expr)                                                                          \
        do {                                                                                       \
                if (0)                                                                             \
                        (void)(expr);                                                              \
        } while (0)
#endif

#endif
