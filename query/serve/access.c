/*
 * See access.h.
 */
#include "query/serve/access.h"

#include <string.h>

static const struct {
        const char *name;
        uint32_t scope;
} scopes[] = {
        {"ingest", CLEW_SCOPE_INGEST},     {"read", CLEW_SCOPE_READ},
        {"annotate", CLEW_SCOPE_ANNOTATE}, {"admin", CLEW_SCOPE_ADMIN},
        {"metrics", CLEW_SCOPE_METRICS},
};

const char *clew_access_word(uint32_t scope)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(scopes); i++) {
                if (scopes[i].scope == scope)
                        return scopes[i].name;
        }
        return "none";
}

bool clew_access_parse(struct clew_slice text, uint32_t *ret)
{
        uint32_t found = 0;

        while (text.len > 0) {
                const uint8_t *comma = memchr(text.data, ',', text.len);
                size_t len = comma ? (size_t)(comma - text.data) : text.len;
                struct clew_slice word = clew_slice_make(text.data, len);
                uint32_t scope = 0;

                for (size_t i = 0; i < CLEW_ARRAY_LEN(scopes); i++) {
                        if (clew_slice_eq_cstr(word, scopes[i].name))
                                scope = scopes[i].scope;
                }
                if (scope == 0)
                        return false;
                found |= scope;
                text = clew_slice_from(text, comma ? len + 1 : len);
        }
        if (found != 0)
                *ret = found;
        return found != 0;
}
