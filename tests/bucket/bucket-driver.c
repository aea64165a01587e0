/*
 * Asks a bucket at an address what the tests want to know.
 *
 *   bucket-driver contract URL        each promise of storage/bucket/README.md, as TAP
 *   bucket-driver probe URL           0 = the store keeps its promises; else why not
 *   bucket-driver number URL WHO N    creates N of the objects log/1, log/2, ... against others who
 *                                     do the same, and prints the numbers that it was told it made
 *   bucket-driver show URL NAME       the bytes of an object
 *   bucket-driver put URL NAME TEXT   made, exists or unsure
 *   bucket-driver large URL NAME [MIB]   the same of an object of 9 MiB, or so many
 *   bucket-driver own URL NAME MIB N  the same of one that may go in parts, with bytes drawn from N
 *   bucket-driver forget URL FOLDER   gives up uploads that were not completed
 *   bucket-driver reads URL NAME N    reads an object N times; how often it asked twice for it
 */
#include "storage/bucket/bucket-int.h"

#include "proto/base/number.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define LARGE_BYTES ((size_t)9 << 20)
/* A create has gone on for three time-outs before it is unsure. */
#define TRIES_MAX 5u
#define MANY 1203u /* a page of a list has 1,000 */
#define MANY_AT_ONCE 8u

static struct clew_object_bucket *bucket;
static struct clew_error err;
static char folder[40];
static unsigned n_done;
static unsigned n_failed;

static void tell(bool good, const char *what)
{
        printf("%s %u - %s\n", good ? "ok" : "not ok", ++n_done, what);
        if (!good)
                printf("# %s\n", err.message);
        n_failed += !good;
        fflush(stdout);
}

static const char *name_of(const char *leaf)
{
        static char name[4][CLEW_BUCKET_NAME_MAX];
        static unsigned at;

        at = (at + 1) % 4;
        snprintf(name[at], sizeof(name[at]), "%s/%s", folder, leaf);
        return name[at];
}

static bool has(const char *name, uint64_t from, size_t n, struct clew_slice want, uint64_t size)
{
        CLEW_BUFFER got = {0};
        uint64_t told = 0;

        clew_buffer_init(&got, LARGE_BYTES * 2);
        return clew_bucket_get(bucket, name, from, n, &got, &told, &err) == 0 && told == size &&
               clew_slice_eq(clew_buffer_slice(&got), want);
}

static void check_create(void)
{
        const char *a = name_of("a");
        int r = clew_bucket_create(bucket, a, CLEW_SLICE_LITERAL("first"), &err);

        tell(r == CLEW_BUCKET_MADE, "a free name is made");
        r = clew_bucket_create(bucket, a, CLEW_SLICE_LITERAL("second"), &err);
        tell(r == CLEW_BUCKET_EXISTS, "a name that has other bytes exists");
        r = clew_bucket_create(bucket, a, CLEW_SLICE_LITERAL("first"), &err);
        tell(r == CLEW_BUCKET_MADE, "a name that has the same bytes is made");
        tell(has(a, 0, 100, CLEW_SLICE_LITERAL("first"), 5), "what was made first is there");
}

static void fill(struct clew_buffer *large, size_t n)
{
        uint8_t byte = 1;

        clew_buffer_init(large, n);
        for (size_t i = 0; i < n; i++) {
                byte = (uint8_t)(byte * 5 + (uint8_t)(i >> 8) + 1);
                clew_buffer_append_byte(large, byte);
        }
}

static void check_ranges(void)
{
        const char *b = name_of("b");
        CLEW_BUFFER large = {0};
        struct clew_slice all;
        int r;

        fill(&large, LARGE_BYTES);
        all = clew_buffer_slice(&large);
        r = clew_bucket_create(bucket, b, all, &err);
        tell(r == CLEW_BUCKET_MADE, "an object of 9 MiB is made");
        tell(has(b, 0, all.len, all, all.len), "all of it is read");
        tell(has(b, 5000000, 70000, clew_slice_make(all.data + 5000000, 70000), all.len),
             "a range of it is read");
        tell(has(b, all.len - 10, 1000, clew_slice_make(all.data + all.len - 10, 10), all.len),
             "a range over its end stops there");
        tell(has(b, all.len, 10, CLEW_SLICE_NULL, all.len), "behind its end is nothing");
}

static void check_missing(void)
{
        CLEW_BUFFER got = {0};

        clew_buffer_init(&got, 100);
        tell(clew_bucket_get(bucket, name_of("c"), 0, 10, &got, NULL, &err) == -ENOENT,
             "an object that is not there is told so");
        tell(clew_bucket_delete(bucket, name_of("c"), &err) == 0, "and can be deleted");
        tell(clew_bucket_delete(bucket, name_of("a"), &err) == 0 &&
                     clew_bucket_get(bucket, name_of("a"), 0, 10, &got, NULL, &err) == -ENOENT,
             "a deleted object is not there");
        tell(clew_bucket_create(bucket, name_of("a"), CLEW_SLICE_LITERAL("third"), &err) ==
                     CLEW_BUCKET_MADE,
             "its name is free again");
        tell(clew_bucket_create(bucket, "../x", CLEW_SLICE_LITERAL("x"), &err) == -EINVAL &&
                     clew_bucket_create(bucket, "a/b/c", CLEW_SLICE_LITERAL("x"), &err) ==
                             -EINVAL &&
                     clew_bucket_create(bucket, "A", CLEW_SLICE_LITERAL("x"), &err) == -EINVAL,
             "a name that is none is refused");
}

struct listed {
        unsigned n;
        unsigned out_of_order;
        char last[CLEW_BUCKET_NAME_MAX + 1];
        unsigned stop_at;
};

static int count(void *context, const char *name, uint64_t bytes, struct clew_error *e)
{
        struct listed *l = context;

        (void)e;
        l->out_of_order += strcmp(name, l->last) <= 0 || bytes != 1;
        snprintf(l->last, sizeof(l->last), "%s", name);
        l->n++;
        return l->n == l->stop_at ? 7 : 0;
}

/* Every MANY_AT_ONCE-th of the many is made, or deleted: a store that copies takes its time. */
struct share {
        pthread_t thread;
        const char *many;
        unsigned from;
        bool deletes;
        unsigned n; /* that were */
};

static void *do_share(void *argument)
{
        struct share *s = argument;
        struct clew_error own;

        for (unsigned i = s->from; i < MANY; i += MANY_AT_ONCE) {
                char name[2 * CLEW_BUCKET_NAME_MAX];

                snprintf(name, sizeof(name), "%s/%05u", s->many, i);
                if (s->deletes)
                        s->n += clew_bucket_delete(bucket, name, &own) == 0;
                else
                        s->n += clew_bucket_create(bucket, name, CLEW_SLICE_LITERAL("."), &own) ==
                                CLEW_BUCKET_MADE;
        }
        return NULL;
}

static unsigned do_many(const char *many, bool deletes)
{
        struct share shares[MANY_AT_ONCE];
        unsigned n = 0;

        for (unsigned i = 0; i < MANY_AT_ONCE; i++) {
                shares[i] = (struct share){.many = many, .from = i, .deletes = deletes};
                if (pthread_create(&shares[i].thread, NULL, do_share, &shares[i]) != 0)
                        return 0;
        }
        for (unsigned i = 0; i < MANY_AT_ONCE; i++) {
                pthread_join(shares[i].thread, NULL);
                n += shares[i].n;
        }
        return n;
}

static void check_list(void)
{
        struct listed all = {0};
        struct listed behind = {0};
        struct listed some = {.stop_at = 3};
        struct listed none = {0};
        char many[CLEW_BUCKET_NAME_MAX];

        snprintf(many, sizeof(many), "%s.many", folder);
        tell(do_many(many, false) == MANY, "1,203 objects are made");
        tell(clew_bucket_list(bucket, many, "", count, &all, &err) == 0 && all.n == MANY &&
                     all.out_of_order == 0,
             "the list has all of them, in order");
        tell(clew_bucket_list(bucket, many, "01199", count, &behind, &err) == 0 && behind.n == 3 &&
                     behind.out_of_order == 0,
             "a list begins behind a name");
        tell(clew_bucket_list(bucket, many, "", count, &some, &err) == 7 && some.n == 3,
             "a list ends when it is told to");
        tell(clew_bucket_list(bucket, "nothing.here", "", count, &none, &err) == 0 && none.n == 0,
             "a folder that is not there is empty");
        tell(do_many(many, true) == MANY &&
                     clew_bucket_list(bucket, many, "", count, &none, &err) == 0 && none.n == 0,
             "when all are deleted the list is empty");
}

static int contract(void)
{
        check_create();
        check_ranges();
        check_missing();
        check_list();
        tell(clew_bucket_probe(bucket, &err) == 0, "the probe is content");
        tell(clew_bucket_delete(bucket, name_of("a"), &err) == 0 &&
                     clew_bucket_delete(bucket, name_of("b"), &err) == 0,
             "all of it is deleted");
        clew_bucket_stop(bucket);
        tell(clew_bucket_create(bucket, name_of("a"), CLEW_SLICE_LITERAL("x"), &err) == -ECANCELED,
             "a bucket that is stopped does nothing more");
        return n_failed ? 1 : 0;
}

/* Each number is made by one of all who try. */
static int number(const char *who, uint64_t n)
{
        uint64_t made = 0;

        for (uint64_t i = 1; made < n; i++) {
                char name[CLEW_BUCKET_NAME_MAX];
                char text[CLEW_BUCKET_NAME_MAX];
                int r = 0;

                snprintf(name, sizeof(name), "log/%020llu", (unsigned long long)i);
                snprintf(text, sizeof(text), "%s %llu", who, (unsigned long long)i);
                for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
                        r = clew_bucket_create(bucket, name, clew_slice_of_cstr(text), &err);
                        if (r != CLEW_BUCKET_UNSURE && r != -EHOSTUNREACH)
                                break;
                }
                if (r < 0 || r == CLEW_BUCKET_UNSURE) {
                        fprintf(stderr, "%s\n", err.message);
                        return 1;
                }
                if (r == CLEW_BUCKET_MADE) {
                        made++;
                        printf("%llu\n", (unsigned long long)i);
                }
        }
        return 0;
}

static int show(const char *name)
{
        CLEW_BUFFER got = {0};
        int r;

        clew_buffer_init(&got, LARGE_BYTES);
        r = clew_bucket_get(bucket, name, 0, LARGE_BYTES, &got, NULL, &err);
        if (r == 0)
                return fwrite(got.data, 1, got.len, stdout) == got.len ? 0 : 1;
        fprintf(stderr, "%s\n", r == -ENOENT ? "not there" : err.message);
        return 1;
}

static int told_of(int r)
{
        static const char *const words[] = {"made", "exists", "unsure"};

        puts(r < 0 ? err.message : words[r]);
        return r < 0;
}

static int put(const char *name, struct clew_slice bytes)
{
        return told_of(clew_bucket_create(bucket, name, bytes, &err));
}

static int put_own(const char *name, size_t n, uint64_t seed)
{
        CLEW_BUFFER large = {0};

        clew_buffer_init(&large, n);
        for (size_t i = 0; i < n / sizeof(seed); i++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                clew_buffer_append(&large, &seed, sizeof(seed));
        }
        return told_of(clew_bucket_create_own(bucket, name, clew_buffer_slice(&large), &err));
}

static int put_large(const char *name, size_t n)
{
        CLEW_BUFFER large = {0};

        fill(&large, n);
        return put(name, clew_buffer_slice(&large));
}

static int reads(const char *name, uint64_t n)
{
        struct clew_hedge_figures f;

        for (uint64_t i = 0; i < n; i++) {
                CLEW_BUFFER got = {0};

                clew_buffer_init(&got, LARGE_BYTES);
                if (clew_bucket_get(bucket, name, 0, LARGE_BYTES, &got, NULL, &err) < 0) {
                        fprintf(stderr, "%s\n", err.message);
                        return 1;
                }
        }
        clew_bucket_figures(bucket, &f);
        printf("reads=%llu hedged=%llu won=%llu\n", (unsigned long long)f.reads,
               (unsigned long long)f.hedged, (unsigned long long)f.won);
        return 0;
}

static int run_own(char **argv)
{
        uint64_t n = 0;
        uint64_t seed = 0;

        if (!clew_parse_uint64(clew_slice_of_cstr(argv[4]), &n) ||
            n > CLEW_BUCKET_OBJECT_MAX >> 20 ||
            !clew_parse_uint64(clew_slice_of_cstr(argv[5]), &seed))
                return 2;
        return put_own(argv[3], (size_t)n << 20, seed);
}

static int run(int argc, char **argv)
{
        uint64_t n = 0;

        if (strcmp(argv[1], "contract") == 0)
                return contract();
        if (strcmp(argv[1], "probe") == 0) {
                int r = clew_bucket_probe(bucket, &err);

                puts(r < 0 ? err.message : "it keeps its promises");
                return r < 0;
        }
        if (strcmp(argv[1], "number") == 0 && argc == 5 &&
            clew_parse_uint64(clew_slice_of_cstr(argv[4]), &n))
                return number(argv[3], n);
        if (strcmp(argv[1], "show") == 0 && argc == 4)
                return show(argv[3]);
        if (strcmp(argv[1], "put") == 0 && argc == 5)
                return put(argv[3], clew_slice_of_cstr(argv[4]));
        if (strcmp(argv[1], "large") == 0 && argc == 4)
                return put_large(argv[3], LARGE_BYTES);
        if (strcmp(argv[1], "large") == 0 && argc == 5 &&
            clew_parse_uint64(clew_slice_of_cstr(argv[4]), &n) && n <= CLEW_BUCKET_OBJECT_MAX >> 20)
                return put_large(argv[3], (size_t)n << 20);
        if (strcmp(argv[1], "own") == 0 && argc == 6)
                return run_own(argv);
        if (strcmp(argv[1], "forget") == 0 && argc == 4) {
                clew_bucket_forget_parts(bucket, argv[3]);
                return 0;
        }
        if (strcmp(argv[1], "reads") == 0 && argc == 5 &&
            clew_parse_uint64(clew_slice_of_cstr(argv[4]), &n))
                return reads(argv[3], n);
        return 2;
}

int main(int argc, char **argv)
{
        uint64_t chance = 0;
        int status;

        if (argc < 3 || getrandom(&chance, sizeof(chance), 0) < 0) {
                fprintf(stderr, "bucket-driver "
                                "contract|probe|number|show|put|large|own|forget|reads URL ...\n");
                return 2;
        }
        snprintf(folder, sizeof(folder), "t%016llx", (unsigned long long)chance);
        if (clew_bucket_open(argv[2], true, &bucket, &err) < 0) {
                puts(err.message);
                return 1;
        }
        status = run(argc, argv);
        clew_bucket_close(bucket);
        return status;
}
