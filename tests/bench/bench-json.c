/*
 * Microbenchmark of OTLP JSON: CPU time of reading tokens, converting to protobuf, the rest of the
 * way into a stored fragment, and writing JSON again.
 *
 *     bench-json                1,000 regular spans of 500 bytes
 *     bench-json FILE...        OTLP JSON lines, also .zst and .gz
 *
 * Prints figures; it is no test and has no pass mark. MB are of JSON text.
 */
#include "proto/base/json.h"
#include "proto/otlp/json.h"
#include "proto/otlp/walk.h"
#include "query/cli/input.h"
#include "storage/store.h"
#include "tests/unit/random-otlp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define BYTES_MAX ((size_t)1 << 30)
#define SMALL_ROUNDS 200

enum stage { TOKENS, CONVERT, WALK, ENCODE, WRITE, STAGES };

struct bench {
        struct clew_fragment_encoder *encoder;
        struct clew_arena arena;
        struct clew_buffer request;
        struct clew_buffer encoded;
        struct clew_buffer json;
        double cpu_s[STAGES];
        double mark;
        uint64_t json_bytes;
        uint64_t items;
};

/* Books the CPU time since the last call on @stage. */
static void book(struct bench *b, enum stage stage)
{
        struct timespec t;
        double now;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        now = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
        if (stage != STAGES)
                b->cpu_s[stage] += now - b->mark;
        b->mark = now;
}

static int encode_all(struct bench *b, const struct clew_otlp_batch *batch)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < batch->n_traces; i++) {
                clew_buffer_clear(&b->encoded);
                r = clew_fragment_encode(b->encoder, batch, &batch->traces[i], 1, &b->encoded);
        }
        return r;
}

static int run_line(struct bench *b, struct clew_slice json)
{
        struct clew_json_reader reader = clew_json_reader_make(json, CLEW_JSON_DEPTH_MAX);
        struct clew_otlp_batch batch;
        int r;

        clew_arena_reset(&b->arena);
        clew_buffer_clear(&b->request);
        clew_buffer_clear(&b->json);
        book(b, STAGES);
        while (clew_json_next(&reader) != CLEW_JSON_END)
                ;
        book(b, TOKENS);
        r = clew_otlp_from_json(json, CLEW_OTLP_TRACES, &b->request, NULL);
        book(b, CONVERT);
        if (r == 0)
                r = clew_otlp_walk(clew_buffer_slice(&b->request), CLEW_OTLP_TRACES, &b->arena,
                                   &batch, NULL);
        book(b, WALK);
        if (r == 0)
                r = encode_all(b, &batch);
        book(b, ENCODE);
        if (r == 0)
                r = clew_otlp_to_json(clew_buffer_slice(&b->request), CLEW_OTLP_TRACES, &b->json);
        book(b, WRITE);
        if (r == 0) {
                b->json_bytes += json.len;
                b->items += batch.n_items;
        }
        return r;
}

static void print(const struct bench *b, const char *name)
{
        double mb = (double)b->json_bytes / 1e6;
        double in = b->cpu_s[CONVERT] + b->cpu_s[WALK] + b->cpu_s[ENCODE];

        printf("%s: %.0f MB, %llu spans; MB/s of CPU: tokens %.0f, to protobuf %.0f, in (protobuf, "
               "walk, fragment) %.0f, to JSON %.0f; %.2f M spans/s in\n",
               name, mb, (unsigned long long)b->items, mb / b->cpu_s[TOKENS],
               mb / b->cpu_s[CONVERT], mb / in, mb / b->cpu_s[WRITE], (double)b->items / in / 1e6);
}

static int run_file(struct bench *b, const char *path)
{
        struct clew_input *in;
        struct clew_error err = {0};
        struct clew_slice line;
        uint64_t number;
        int r = clew_input_open(path, &in, &err);

        if (r < 0)
                return r;
        while ((r = clew_input_line(in, &line, &number, &err)) == 1) {
                r = line.len ? run_line(b, line) : 0;
                if (r < 0)
                        break;
        }
        clew_input_close(in);
        return r;
}

static int run_small(struct bench *b)
{
        CLEW_BUFFER pb = {0};
        CLEW_BUFFER json = {0};
        int r;

        clew_buffer_init(&pb, BYTES_MAX);
        clew_buffer_init(&json, BYTES_MAX);
        regular_request(1000, 10, &pb);
        r = clew_otlp_to_json(clew_buffer_slice(&pb), CLEW_OTLP_TRACES, &json);
        for (int i = 0; r == 0 && i < SMALL_ROUNDS; i++)
                r = run_line(b, clew_buffer_slice(&json));
        return r;
}

static int measure(const char *path)
{
        struct bench b = {.encoder = clew_fragment_encoder_new()};
        int r;

        clew_arena_init(&b.arena, BYTES_MAX);
        clew_buffer_init(&b.request, BYTES_MAX);
        clew_buffer_init(&b.encoded, BYTES_MAX);
        clew_buffer_init(&b.json, BYTES_MAX);
        r = !b.encoder ? -1 : path ? run_file(&b, path) : run_small(&b);
        if (r == 0)
                print(&b, path ? path : "1,000 regular spans");
        else
                fprintf(stderr, "%s: failed (%d)\n", path ? path : "regular spans", r);
        clew_buffer_deinit(&b.request);
        clew_buffer_deinit(&b.encoded);
        clew_buffer_deinit(&b.json);
        clew_arena_deinit(&b.arena);
        clew_fragment_encoder_free(b.encoder);
        return r;
}

int main(int argc, char **argv)
{
        int failed = argc == 1 && measure(NULL) != 0;

        for (int i = 1; i < argc; i++)
                failed |= measure(argv[i]) != 0;
        return failed;
}
