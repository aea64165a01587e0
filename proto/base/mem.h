/*
 * The only door to the heap. Everything outside proto/base allocates through these functions, so
 * that a test can make the k-th allocation fail and show that nothing acknowledged is lost.
 */
#ifndef CLEW_PROTO_BASE_MEM_H
#define CLEW_PROTO_BASE_MEM_H

#include "proto/base/compiler.h"

#include <stddef.h>
#include <stdint.h>

/* Return NULL when memory is short or n * size overflows. The caller owns the result and frees it
 * with clew_free(). A size of 0 gives a unique pointer that may be freed. */
CLEW_MUST_USE void *clew_malloc(size_t size);
CLEW_MUST_USE void *clew_calloc(size_t n, size_t size);
CLEW_MUST_USE void *clew_realloc_array(void *p, size_t n, size_t size);
CLEW_MUST_USE char *clew_strdup(const char *s);
void clew_free(void *p); /* NULL is fine */

/*
 * Fault injection for tests: the k-th allocation from now (1 = the next) fails, and if @sticky is
 * non-zero every later one too. 0 switches it off. Also read once from the environment variable
 * CLEW_MALLOC_FAIL ("k" or "k+" for sticky), so that whole programs can be run under it.
 */
void clew_mem_fail_at(uint64_t k, int sticky);
/* Allocations seen since the last clew_mem_fail_at(). */
uint64_t clew_mem_count(void);

/*
 * For a program that lives for one answer: the heap keeps what is freed, and its first @bytes come
 * in huge pages where the system has them. Address space only; nothing depends on it. To be called
 * before there are threads.
 */
void clew_mem_expect(size_t bytes);

/* Bytes of file pages that count as this process's memory; 0 when the system does not tell. */
size_t clew_mem_file_bytes(void);

/* Cleanup attribute: `CLEW_FREE char *p = NULL;` frees p when it leaves scope. */
static inline void clew_free_ptr(void *p)
{
        clew_free(*(void **)p);
}
#define CLEW_FREE CLEW_CLEANUP(clew_free_ptr)

/* Disarms a cleanup variable: returns its value and leaves NULL behind. */
#define CLEW_STEAL(p)                                                                              \
        __extension__({                                                                            \
                __typeof__(p) clew_stolen_ = (p);                                                  \
                (p) = NULL;                                                                        \
                clew_stolen_;                                                                      \
        })

#endif
