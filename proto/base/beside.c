/*
 * See beside.h.
 */
#include "proto/base/beside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool clew_find_beside(const char *const *places, char ret[CLEW_BESIDE_BYTES])
{
        char self[CLEW_BESIDE_BYTES];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        char *slash;

        self[n > 0 ? n : 0] = '\0';
        slash = strrchr(self, '/');
        for (; slash && *places; places++) {
                int len = snprintf(ret, CLEW_BESIDE_BYTES, "%.*s%s", (int)(slash - self), self,
                                   *places);

                if (len > 0 && (size_t)len < CLEW_BESIDE_BYTES && access(ret, X_OK) == 0)
                        return true;
        }
        return false;
}
