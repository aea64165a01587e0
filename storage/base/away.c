/*
 * Objects that are not in this store: who reads them is set by storage/tier; env-int.h.
 */
#include "storage/base/env-struct-int.h"

#include <errno.h>

void clew_env_set_away(struct clew_env *env, clew_away_fn fn, void *context)
{
        env->away = fn;
        env->away_context = context;
}

int clew_env_read_away(struct clew_env *env, uint64_t object, struct clew_buffer *out,
                       struct clew_error *err)
{
        return env->away ? env->away(env->away_context, object, out, err) : -ENOENT;
}
