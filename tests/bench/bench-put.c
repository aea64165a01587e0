/*
 * How long a store takes to make one object: the PUT that an acknowledgement waits for, by the same
 * code.
 *
 *     bench-put URL FOLDER BYTES SECONDS EVERY_MS
 *
 * Makes objects of BYTES in FOLDER, one after the other, each EVERY_MS or as fast as they are made,
 * and prints what each took, in ms, one a line. It is no test and has no pass mark.
 */
#include "storage/bucket/bucket-int.h"

#include "proto/base/clock.h"
#include "proto/base/number.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define BYTES_MAX ((uint64_t)64 << 20)
#define SECONDS_MAX 3600u
#define PIECE 256u /* of getrandom() */

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

static int fill(struct clew_buffer *b, uint64_t n)
{
        uint8_t piece[PIECE];

        clew_buffer_init(b, BYTES_MAX + PIECE);
        while (b->len < n) {
                if (getrandom(piece, PIECE, 0) != (ssize_t)PIECE)
                        return -EIO;
                clew_buffer_append(b, piece, PIECE);
        }
        b->len = n;
        return clew_buffer_error(b);
}

static int make_all(struct clew_object_bucket *b, const char *folder, struct clew_slice bytes,
                    uint64_t seconds, uint64_t every_ns, struct clew_error *err)
{
        uint64_t began = now_ns();
        uint64_t next = began;
        int r = 0;

        for (unsigned i = 0; r >= 0 && now_ns() - began < seconds * CLEW_NS_PER_S; i++) {
                struct timespec until = {(time_t)(next / CLEW_NS_PER_S),
                                         (long)(next % CLEW_NS_PER_S)};
                char name[CLEW_BUCKET_NAME_MAX];
                uint64_t before;

                (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
                snprintf(name, sizeof(name), "%s/%08u", folder, i);
                before = now_ns();
                r = clew_bucket_create(b, name, bytes, err);
                if (r == CLEW_BUCKET_MADE)
                        printf("%.3f\n", (double)(now_ns() - before) / 1e6);
                next += every_ns;
                next = next < now_ns() ? now_ns() : next;
        }
        return r;
}

int main(int argc, char **argv)
{
        struct clew_object_bucket *b = NULL;
        struct clew_error err = {.code = 0};
        CLEW_BUFFER bytes = {0};
        uint64_t n;
        uint64_t seconds;
        uint64_t every_ms;
        int r;

        if (argc != 6 || !clew_parse_uint64(clew_slice_of_cstr(argv[3]), &n) || n > BYTES_MAX ||
            !clew_parse_uint64(clew_slice_of_cstr(argv[4]), &seconds) || seconds > SECONDS_MAX ||
            !clew_parse_uint64(clew_slice_of_cstr(argv[5]), &every_ms) ||
            every_ms > SECONDS_MAX * 1000) {
                fputs("bench-put URL FOLDER BYTES SECONDS EVERY_MS\n", stderr);
                return 2;
        }
        r = fill(&bytes, n);
        if (r == 0)
                r = clew_bucket_open(argv[1], true, &b, &err);
        if (r == 0)
                r = make_all(b, argv[2], clew_buffer_slice(&bytes), seconds, every_ms * 1000000,
                             &err);
        clew_bucket_close(b);
        if (r < 0)
                fprintf(stderr, "bench-put: %s\n", err.message[0] ? err.message : strerror(-r));
        return r < 0;
}
