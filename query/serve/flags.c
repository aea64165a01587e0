/*
 * See flags.h.
 */
#include "query/serve/flags.h"

#include "proto/base/compiler.h"

#include <string.h>

void clew_flag_set_add(struct clew_flag_set *set, struct clew_flag flag)
{
        CLEW_ASSERT(set->n < CLEW_FLAGS_MAX);
        set->flags[set->n++] = flag;
}

const struct clew_flag *clew_flag_find(const struct clew_flag *flags, const char *name, size_t len)
{
        for (const struct clew_flag *f = flags; f && f->name; f++) {
                if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
                        return f;
        }
        return NULL;
}
