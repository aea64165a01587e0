/*
 * How many digits of an id name it: against every other id of the store, hot and sealed.
 *
 * Hot ids are in no order, so they are looked at once, each against its neighbours among the ids
 * that were asked for; sealed ids are in order, so a look at those that begin alike is enough.
 */
#include "storage/source/store-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ID_DIGITS (2 * CLEW_TRACE_ID_BYTES)
#define ALIKE_MAX 64
/* Beginnings of ids that are told apart without looking further: those of two bytes. */
#define BEGIN_DIGITS 4u
#define BEGINNINGS 65536u

struct asked {
        struct clew_trace_id id;
        uint32_t index; /* of the caller's */
        unsigned digits;
};

/* Hex digits that @a and @b have in common at their beginning. */
static unsigned common(const struct clew_trace_id *a, const struct clew_trace_id *b)
{
        unsigned i = 0;

        while (i < CLEW_TRACE_ID_BYTES && a->bytes[i] == b->bytes[i])
                i++;
        if (i == CLEW_TRACE_ID_BYTES)
                return ID_DIGITS;
        return 2 * i + ((a->bytes[i] & 0xf0) == (b->bytes[i] & 0xf0) ? 1 : 0);
}

static void tell_apart(struct asked *a, const struct clew_trace_id *other)
{
        unsigned same = common(&a->id, other);

        if (same < ID_DIGITS && same + 1 > a->digits)
                a->digits = same + 1;
}

static int by_id(const void *a, const void *b)
{
        return memcmp(((const struct asked *)a)->id.bytes, ((const struct asked *)b)->id.bytes,
                      CLEW_TRACE_ID_BYTES);
}

/* Only the neighbours in order can have the longest beginning in common. */
static void against(struct asked *asked, uint32_t n, const struct clew_trace_id *id)
{
        uint32_t low = 0;
        uint32_t high = n;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (memcmp(asked[mid].id.bytes, id->bytes, CLEW_TRACE_ID_BYTES) < 0)
                        low = mid + 1;
                else
                        high = mid;
        }
        /* Those equal to it stand at low; the one behind them has the same beginning or less. */
        for (uint32_t i = low; i < n && i < low + 2; i++)
                tell_apart(&asked[i], id);
        if (low > 0)
                tell_apart(&asked[low - 1], id);
}

static uint32_t beginning(const struct clew_trace_id *id)
{
        return (uint32_t)id->bytes[0] << 8 | id->bytes[1];
}

/* Of half a million hot ids nearly none begins as one of the twenty that were asked for. */
static void against_hot(struct asked *asked, uint32_t n, unsigned min_digits,
                        const struct clew_hot_list *hot)
{
        uint64_t begins[BEGINNINGS / 64] = {0};

        for (uint32_t i = 0; i < n; i++)
                begins[beginning(&asked[i].id) / 64] |= 1ull << beginning(&asked[i].id) % 64;
        for (uint32_t i = 0; i < hot->n; i++) {
                uint32_t at = beginning(&hot->traces[i].id);

                if (min_digits < BEGIN_DIGITS || (begins[at / 64] >> at % 64 & 1))
                        against(asked, n, &hot->traces[i].id);
        }
}

/* Those that begin alike are few, or more digits are looked at. */
static int against_sealed(struct clew_view *v, struct asked *a, struct clew_error *err)
{
        struct clew_trace_id alike[ALIKE_MAX];
        int n = 0;
        int r;

        for (;;) {
                n = 0;
                r = clew_view_find_sealed(v, &a->id, a->digits, alike, ALIKE_MAX, &n, err);
                if (r < 0 || n < ALIKE_MAX || a->digits == ID_DIGITS)
                        break;
                a->digits = a->digits * 2 > ID_DIGITS ? ID_DIGITS : a->digits * 2;
        }
        for (int i = 0; r == 0 && i < n; i++)
                tell_apart(a, &alike[i]);
        return r;
}

/* One id that was asked for many times: what was told of any of them holds for the first. Returns
 * where the next id stands. */
static uint32_t settle_equal(struct asked *asked, uint32_t n, uint32_t from)
{
        uint32_t to = from + 1;

        for (; to < n && by_id(&asked[from], &asked[to]) == 0; to++) {
                if (asked[to].digits > asked[from].digits)
                        asked[from].digits = asked[to].digits;
        }
        return to;
}

int clew_view_shortest(struct clew_view *v, const struct clew_trace_id *ids, uint32_t n,
                       unsigned min_digits, unsigned *ret_digits, struct clew_error *err)
{
        CLEW_FREE struct asked *asked = clew_calloc(n ? n : 1, sizeof(*asked));
        struct clew_hot_list *hot;
        int r;

        if (!asked)
                return clew_error_set(err, -ENOMEM, 0, "no memory for %u ids", n);
        for (uint32_t i = 0; i < n; i++)
                asked[i] = (struct asked){.id = ids[i], .index = i, .digits = min_digits};
        qsort(asked, n, sizeof(*asked), by_id);
        for (uint32_t i = 1; i < n; i++) {
                tell_apart(&asked[i], &asked[i - 1].id);
                tell_apart(&asked[i - 1], &asked[i].id);
        }
        r = clew_view_hot(v, NULL, &hot, err);
        if (r == 0)
                against_hot(asked, n, min_digits, hot);
        for (uint32_t from = 0, to = 0; r == 0 && from < n; from = to) {
                to = settle_equal(asked, n, from);
                r = against_sealed(v, &asked[from], err);
                for (uint32_t i = from; i < to; i++)
                        ret_digits[asked[i].index] = asked[from].digits;
        }
        return r;
}
