#include "proto/base/mem.h"

#include "proto/base/account.h"

#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE_BYTES ((size_t)2 << 20)
/* The most that glibc takes; larger blocks stay mappings of their own. */
#define MMAP_THRESHOLD_BYTES (32 << 20)

static atomic_uint_fast64_t seen;
static atomic_uint_fast64_t fail_at; /* 0 = off */
static atomic_int fail_sticky;

__attribute__((constructor)) static void mem_read_environment(void)
{
        const char *s = getenv("CLEW_MALLOC_FAIL");
        uint64_t k = 0;

        if (!s)
                return;
        for (; *s >= '0' && *s <= '9' && k < UINT64_MAX / 16; s++)
                k = k * 10 + (uint64_t)(*s - '0');
        clew_mem_fail_at(k, *s == '+');
}

void clew_mem_fail_at(uint64_t k, int sticky)
{
        atomic_store(&seen, 0);
        atomic_store(&fail_sticky, sticky);
        atomic_store(&fail_at, k);
}

uint64_t clew_mem_count(void)
{
        return atomic_load(&seen);
}

static int must_fail(void)
{
        uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);
        uint64_t now;

        if (CLEW_LIKELY(at == 0))
                return 0;
        now = atomic_fetch_add(&seen, 1) + 1;
        return now == at || (now > at && atomic_load(&fail_sticky));
}

/* Whether this thread may take so much, and that it did. */
static bool may_take(struct clew_mem_account *account, size_t size)
{
        return CLEW_LIKELY(!account) || clew_mem_account_may(account, size);
}

static void *taken(struct clew_mem_account *account, void *p)
{
        if (CLEW_UNLIKELY(account) && p)
                clew_mem_account_took(account, malloc_usable_size(p));
        return p;
}

void *clew_malloc(size_t size)
{
        struct clew_mem_account *account = clew_mem_account_current();

        if (must_fail() || !may_take(account, size))
                return NULL;
        return taken(account, malloc(size ? size : 1));
}

void *clew_calloc(size_t n, size_t size)
{
        struct clew_mem_account *account = clew_mem_account_current();
        size_t all;

        if (must_fail() || __builtin_mul_overflow(n, size, &all) || !may_take(account, all))
                return NULL;
        return taken(account, calloc(n ? n : 1, size ? size : 1));
}

void *clew_realloc_array(void *p, size_t n, size_t size)
{
        struct clew_mem_account *account = clew_mem_account_current();
        size_t before = CLEW_UNLIKELY(account) ? malloc_usable_size(p) : 0;
        size_t all;
        void *grown;

        if (must_fail() || __builtin_mul_overflow(n, size, &all) ||
            (all > before && !may_take(account, all - before)))
                return NULL;
        grown = reallocarray(p, n ? n : 1, size ? size : 1);
        if (CLEW_UNLIKELY(account) && grown) {
                size_t after = malloc_usable_size(grown);

                if (after >= before)
                        clew_mem_account_took(account, after - before);
                else
                        clew_mem_account_gave(account, before - after);
        }
        return grown;
}

char *clew_strdup(const char *s)
{
        size_t n = strlen(s) + 1;
        char *copy = clew_malloc(n);

        if (copy)
                memcpy(copy, s, n);
        return copy;
}

void clew_free(void *p)
{
        struct clew_mem_account *account = clew_mem_account_current();

        if (CLEW_UNLIKELY(account) && p)
                clew_mem_account_gave(account, malloc_usable_size(p));
        free(p);
}

void clew_mem_expect(size_t bytes)
{
#ifdef __GLIBC__
        uintptr_t from;
        uintptr_t end;
        uint8_t *brk;
        void *probe;

        if (bytes > INT_MAX)
                bytes = INT_MAX;
        mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
        mallopt(M_TRIM_THRESHOLD, INT_MAX);
        mallopt(M_TOP_PAD, (int)bytes);
        probe = malloc(HUGE_PAGE_BYTES); /* makes the heap grow once, by all of it */
        from = ((uintptr_t)probe + HUGE_PAGE_BYTES) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1);
        free(probe);
        mallopt(M_TOP_PAD, (int)HUGE_PAGE_BYTES);
        brk = sbrk(0);
        end = (uintptr_t)brk & ~(uintptr_t)(HUGE_PAGE_BYTES - 1);
        /* Anything else is another allocator, or there was no room: fine, too. */
        if (from > HUGE_PAGE_BYTES && from < end && end - from <= bytes + HUGE_PAGE_BYTES)
                (void)madvise(brk - ((uintptr_t)brk - from), end - from, MADV_HUGEPAGE);
#else
        (void)bytes; /* the other C libraries cannot be told */
#endif
}

size_t clew_mem_file_bytes(void)
{
        /* "size resident shared ...", in pages; shared = file pages and shared memory. Asked often:
         * without a stream. */
        char text[128];
        size_t shared = 0;
        unsigned fields = 0;
        int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

        if (fd >= 0)
                close(fd);
        for (ssize_t i = 0; i < n && fields < 3; i++) {
                if (text[i] == ' ')
                        fields++;
                else if (fields == 2 && text[i] >= '0' && text[i] <= '9')
                        shared = shared * 10 + (size_t)(text[i] - '0');
        }
        return shared * (size_t)sysconf(_SC_PAGESIZE);
}
