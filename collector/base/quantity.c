#include "collector/base/quantity.h"

#include "proto/base/clock.h"

#include <stddef.h>
#include <string.h>

struct unit {
        const char *name;
        uint64_t factor;
};

/* Returns the text behind the digits, or NULL when there is no digit or the number overflows. */
static const char *read_digits(const char *s, uint64_t *ret)
{
        uint64_t v = 0;

        if (*s < '0' || *s > '9')
                return NULL;
        for (; *s >= '0' && *s <= '9'; s++) {
                if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
                    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
                        return NULL;
        }
        *ret = v;
        return s;
}

static bool read_with_unit(const char *s, const struct unit *units, size_t n, uint64_t *ret)
{
        uint64_t v;
        const char *suffix = read_digits(s, &v);

        if (!suffix)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (strcmp(suffix, units[i].name) == 0)
                        return !__builtin_mul_overflow(v, units[i].factor, ret);
        }
        return false;
}

bool clew_quantity_count(const char *s, uint64_t *ret)
{
        static const struct unit none[] = {{"", 1}};

        return read_with_unit(s, none, CLEW_ARRAY_LEN(none), ret);
}

bool clew_quantity_bytes(const char *s, uint64_t *ret)
{
        static const struct unit units[] = {
                {"", 1},           {"B", 1},
                {"K", 1ull << 10}, {"KiB", 1ull << 10},
                {"M", 1ull << 20}, {"MiB", 1ull << 20},
                {"G", 1ull << 30}, {"GiB", 1ull << 30},
        };

        return read_with_unit(s, units, CLEW_ARRAY_LEN(units), ret);
}

bool clew_quantity_duration_ns(const char *s, uint64_t *ret)
{
        static const struct unit units[] = {
                {"ms", CLEW_NS_PER_MS},
                {"s", CLEW_NS_PER_S},
                {"m", 60 * CLEW_NS_PER_S},
                {"h", 3600 * CLEW_NS_PER_S},
        };

        if (strcmp(s, "0") == 0) {
                *ret = 0;
                return true;
        }
        return read_with_unit(s, units, CLEW_ARRAY_LEN(units), ret);
}
