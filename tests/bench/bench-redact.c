/*
 * Microbenchmark of redaction: CPU time of finding and taking out what rules say, of the walk that
 * follows it in any case, and of the fragments, per byte of OTLP.
 *
 *     bench-redact RULES                1,000 regular spans of 500 bytes
 *     bench-redact RULES FILE...        OTLP JSON lines, also .zst and .gz
 *
 * Prints figures; it is no test and has no pass mark. MB are of OTLP protobuf.
 */
#include "proto/mask/rules.h"
#include "proto/otlp/json.h"
#include "proto/otlp/redact.h"
#include "proto/otlp/walk.h"
#include "query/cli/input.h"
#include "storage/store.h"
#include "tests/unit/random-otlp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define BYTES_MAX ((size_t)1 << 30)
#define SMALL_ROUNDS 200

enum stage { REDACT, WALK, ENCODE, STAGES };

struct bench {
        struct clew_fragment_encoder *encoder;
        struct clew_arena arena;
        struct clew_buffer request;
        struct clew_buffer redacted;
        struct clew_buffer encoded;
        struct clew_mask mask;
        struct clew_mask_work work;
        double cpu_s[STAGES];
        double mark;
        uint64_t bytes;
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

static int run_request(struct bench *b)
{
        struct clew_slice body = clew_buffer_slice(&b->request);
        struct clew_otlp_batch batch;
        int r;

        b->bytes += body.len;
        clew_arena_reset(&b->arena);
        clew_buffer_clear(&b->redacted);
        book(b, STAGES);
        clew_mask_work_begin(&b->work, body.len);
        r = clew_otlp_redact(body, CLEW_OTLP_TRACES, &b->mask, &b->work, NULL, NULL);
        if (r == 0 && clew_mask_work_edits(&b->work) > 0) {
                clew_mask_apply(&b->work, body, &b->redacted);
                body = clew_buffer_slice(&b->redacted);
        }
        book(b, REDACT);
        if (r == 0)
                r = clew_otlp_walk(body, CLEW_OTLP_TRACES, &b->arena, &batch, NULL);
        book(b, WALK);
        for (size_t i = 0; r == 0 && i < batch.n_traces; i++) {
                clew_buffer_clear(&b->encoded);
                r = clew_fragment_encode(b->encoder, &batch, &batch.traces[i], 1, &b->encoded);
        }
        book(b, ENCODE);
        if (r == 0)
                b->items += batch.n_items;
        return r;
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
                clew_buffer_clear(&b->request);
                if (line.len == 0)
                        continue;
                r = clew_otlp_from_json(line, CLEW_OTLP_TRACES, &b->request, NULL);
                if (r == 0)
                        r = run_request(b);
                if (r < 0)
                        break;
        }
        clew_input_close(in);
        return r;
}

static int run_small(struct bench *b)
{
        int r = 0;

        regular_request(1000, 10, &b->request);
        for (int i = 0; r == 0 && i < SMALL_ROUNDS; i++)
                r = run_request(b);
        return r;
}

static void print(const struct bench *b, const char *name)
{
        double mb = (double)b->bytes / 1e6;

        printf("%s: %.0f MB, %llu spans, %llu taken out; MB/s of CPU: redaction %.0f, walk %.0f, "
               "fragment %.0f, all three %.0f, without redaction %.0f\n",
               name, mb, (unsigned long long)b->items,
               (unsigned long long)clew_mask_count(&b->mask), mb / b->cpu_s[REDACT],
               mb / b->cpu_s[WALK], mb / b->cpu_s[ENCODE],
               mb / (b->cpu_s[REDACT] + b->cpu_s[WALK] + b->cpu_s[ENCODE]),
               mb / (b->cpu_s[WALK] + b->cpu_s[ENCODE]));
}

static int measure(const struct clew_rules *rules, const char *path)
{
        struct bench b = {.encoder = clew_fragment_encoder_new()};
        int r;

        b.mask = (struct clew_mask){.rules = rules->used,
                                    .own = rules->own.n_rules ? &rules->own : NULL,
                                    .has_key = true};
        clew_mask_work_init(&b.work, BYTES_MAX);
        b.work.seed = 4711;
        clew_arena_init(&b.arena, BYTES_MAX);
        clew_buffer_init(&b.request, BYTES_MAX);
        clew_buffer_init(&b.redacted, BYTES_MAX);
        clew_buffer_init(&b.encoded, BYTES_MAX);
        r = !b.encoder ? -1 : path ? run_file(&b, path) : run_small(&b);
        if (r == 0)
                print(&b, path ? path : "1,000 regular spans");
        else
                fprintf(stderr, "%s: failed (%d)\n", path ? path : "regular spans", r);
        clew_mask_work_deinit(&b.work);
        clew_buffer_deinit(&b.request);
        clew_buffer_deinit(&b.redacted);
        clew_buffer_deinit(&b.encoded);
        clew_arena_deinit(&b.arena);
        clew_fragment_encoder_free(b.encoder);
        return r;
}

int main(int argc, char **argv)
{
        struct clew_rules rules;
        struct clew_error err = {0};
        int failed;

        if (argc < 2 || clew_rules_load(&rules, argv[1], &err) < 0) {
                fprintf(stderr, "bench-redact RULES [FILE...]: %s\n", err.message);
                return 2;
        }
        failed = argc == 2 && measure(&rules, NULL) != 0;
        for (int i = 2; i < argc; i++)
                failed |= measure(&rules, argv[i]) != 0;
        clew_rules_deinit(&rules);
        return failed;
}
