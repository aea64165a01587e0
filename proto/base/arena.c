#include "proto/base/arena.h"

#include "proto/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#define ARENA_ALIGN 16u
#define ARENA_BLOCK_MIN ((size_t)16 << 10) /* first block: a small request costs one allocation */
#define ARENA_BLOCK_MAX ((size_t)1 << 20)  /* blocks double up to this size */
/* Arenas with such a limit hold whole traces: their blocks go on doubling, and large ones ask for
 * huge pages, since with small ones a quarter of the time of a large trace goes into page faults.
 * What is not touched costs nothing but up to one huge page a block. */
#define ARENA_LARGE_LIMIT ((size_t)1 << 30)
#define ARENA_BLOCK_LARGE ((size_t)8 << 20)
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

struct clew_arena_block {
        struct clew_arena_block *prev;
        size_t size; /* of the whole block with this header */
};

void clew_arena_init(struct clew_arena *a, size_t max_bytes)
{
        *a = (struct clew_arena){.max_bytes = max_bytes};
}

static void free_blocks(struct clew_arena_block *b)
{
        while (b) {
                struct clew_arena_block *prev = b->prev;

                clew_free(b);
                b = prev;
        }
}

void clew_arena_deinit(struct clew_arena *a)
{
        if (!a)
                return;
        free_blocks(a->head);
        clew_arena_init(a, a->max_bytes);
}

void clew_arena_reset(struct clew_arena *a)
{
        struct clew_arena_block *keep = a->head;

        if (!keep)
                return;
        free_blocks(keep->prev);
        keep->prev = NULL;
        a->next = (uint8_t *)keep + ARENA_ALIGN;
        a->end = (uint8_t *)keep + keep->size;
        a->used_bytes = keep->size;
        a->failed = false;
        a->over_limit = false;
}

static void ask_for_huge_pages(struct clew_arena_block *b)
{
        uintptr_t from = ((uintptr_t)b + HUGE_PAGE_BYTES - 1) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1);
        uintptr_t to = ((uintptr_t)b + b->size) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1);

        if (to > from) /* a hint: nothing depends on it */
                (void)madvise((uint8_t *)b + (from - (uintptr_t)b), to - from, MADV_HUGEPAGE);
}

static int grow(struct clew_arena *a, size_t size)
{
        size_t block_max = a->max_bytes >= ARENA_LARGE_LIMIT ? ARENA_BLOCK_LARGE : ARENA_BLOCK_MAX;
        size_t want = a->head ? a->head->size * 2 : ARENA_BLOCK_MIN;
        size_t room = a->max_bytes - a->used_bytes;
        struct clew_arena_block *b;

        if (want > block_max)
                want = block_max;
        if (size > SIZE_MAX - ARENA_ALIGN)
                return -1;
        if (want < size + ARENA_ALIGN)
                want = size + ARENA_ALIGN;
        if (want > room)
                want = size + ARENA_ALIGN;
        if (want > room) {
                a->over_limit = true;
                return -1;
        }
        b = clew_malloc(want);
        if (!b)
                return -1;
        b->prev = a->head;
        b->size = want;
        if (block_max == ARENA_BLOCK_LARGE && want >= 2 * HUGE_PAGE_BYTES)
                ask_for_huge_pages(b);
        a->head = b;
        a->next = (uint8_t *)b + ARENA_ALIGN;
        a->end = (uint8_t *)b + want;
        a->used_bytes += want;
        return 0;
}

void *clew_arena_alloc(struct clew_arena *a, size_t size)
{
        void *p;

        if (size > SIZE_MAX - ARENA_ALIGN) {
                a->failed = true;
                return NULL;
        }
        size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
        if (size == 0)
                size = ARENA_ALIGN;
        if (CLEW_UNLIKELY(!a->next || (size_t)(a->end - a->next) < size)) {
                if (grow(a, size) < 0) {
                        a->failed = true;
                        return NULL;
                }
        }
        p = a->next;
        a->next += size;
        return p;
}

void *clew_arena_calloc(struct clew_arena *a, size_t n, size_t size)
{
        size_t total;
        void *p;

        if (__builtin_mul_overflow(n, size, &total)) {
                a->failed = true;
                return NULL;
        }
        p = clew_arena_alloc(a, total);
        if (p)
                memset(p, 0, total);
        return p;
}

struct clew_slice clew_arena_copy(struct clew_arena *a, struct clew_slice s)
{
        return clew_arena_concat(a, &s, 1);
}

struct clew_slice clew_arena_concat(struct clew_arena *a, const struct clew_slice *parts, size_t n)
{
        size_t total = 0;
        uint8_t *p;
        uint8_t *at;

        for (size_t i = 0; i < n; i++) {
                if (__builtin_add_overflow(total, parts[i].len, &total)) {
                        a->failed = true;
                        return CLEW_SLICE_NULL;
                }
        }
        p = clew_arena_alloc(a, total);
        if (!p)
                return CLEW_SLICE_NULL;
        at = p;
        for (size_t i = 0; i < n; i++) {
                if (parts[i].len)
                        memcpy(at, parts[i].data, parts[i].len);
                at += parts[i].len;
        }
        return clew_slice_make(p, total);
}

struct clew_slice clew_arena_printf(struct clew_arena *a, const char *fmt, ...)
{
        va_list ap;
        int n;
        char *p;

        va_start(ap, fmt);
        n = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        if (n < 0)
                return CLEW_SLICE_NULL;
        p = clew_arena_alloc(a, (size_t)n + 1);
        if (!p)
                return CLEW_SLICE_NULL;
        va_start(ap, fmt);
        vsnprintf(p, (size_t)n + 1, fmt, ap);
        va_end(ap);
        return clew_slice_make(p, (size_t)n);
}
