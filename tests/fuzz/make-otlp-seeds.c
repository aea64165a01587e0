/*
 * Writes random valid export requests as seeds for the fuzz targets that take OTLP.
 *
 *     make-otlp-seeds DIR N SEED
 *
 * With a first byte that names the signal, as fuzz-walk wants it; other targets may cut it off.
 */
#include "tests/unit/random-otlp.h"

#include <inttypes.h>
#include <stdio.h>

#define SEED_BYTES_MAX (16u << 20)

int main(int argc, char **argv)
{
        struct random_source r = {0};
        unsigned n;

        if (argc != 4 || sscanf(argv[2], "%u", &n) != 1 ||
            sscanf(argv[3], "%" SCNu64, &r.state) != 1) {
                fprintf(stderr, "usage: %s DIR N SEED\n", argv[0]);
                return 2;
        }
        for (unsigned i = 0; i < n; i++) {
                CLEW_BUFFER b = {0};
                char path[4096];
                FILE *file;

                clew_buffer_init(&b, SEED_BYTES_MAX);
                clew_buffer_append_byte(&b, i % 4 == 3);
                random_request(&r, i % 4 == 3 ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES, 4, &b);
                snprintf(path, sizeof(path), "%s/random-%u", argv[1], i);
                file = fopen(path, "wb");
                if (!file || fwrite(b.data, 1, b.len, file) != b.len || fclose(file) != 0) {
                        perror(path);
                        return 1;
                }
        }
        return 0;
}
