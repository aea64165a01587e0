/*
 * Summaries of what is hot, kept beside the store: whatever is given is what would be derived,
 * while data comes, is sealed, redacted and deleted, and whatever has become of the file.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/base/directory-int.h"
#include "storage/erase.h"
#include "storage/keep.h"
#include "storage/source/store-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TRACES 60u
#define QUIET_NS (2 * CLEW_NS_PER_S)
#define SECRET "hunter-two-and-more"

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_clock clock;
        struct test_random random;
        uint64_t now_ns;
        uint32_t n_spans;
        uint64_t n_given; /* summaries of hot traces that a view has given */
        unsigned n_derived;
        unsigned n_known; /* sealed by what was known */
        size_t padding;   /* of each summary */
};

static uint64_t fixture_now(void *context)
{
        const struct fixture *f = context;

        return f->now_ns;
}

static void make_summary(const struct fixture *f, struct clew_slice traces, struct clew_slice logs,
                         struct clew_buffer *out)
{
        clew_buffer_append_le64(out, clew_hash_seeded(traces, clew_hash(logs)));
        clew_buffer_append_slice(out,
                                 clew_slice_make(traces.data, traces.len < 400 ? traces.len : 400));
        for (size_t i = 0; i < f->padding; i++)
                clew_buffer_append_byte(out, (uint8_t)('a' + i % 26));
}

static int derive(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                  struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        struct fixture *f = context;

        (void)id;
        (void)ret_start_ns;
        f->n_derived++;
        make_summary(f, traces, logs, out);
        return 0;
}

static int derive_indexed(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                          struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns,
                          struct clew_index_sink *sink)
{
        (void)sink;
        return derive(context, id, traces, logs, out, ret_start_ns);
}

/* As it is to be: of what is known nothing is derived. */
static int derive_known(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                        struct clew_slice logs, struct clew_slice known, struct clew_buffer *out,
                        uint64_t *ret_start_ns, struct clew_index_sink *sink)
{
        struct fixture *f = context;
        size_t from = out->len;

        if (known.len == 0)
                return derive_indexed(context, id, traces, logs, out, ret_start_ns, sink);
        make_summary(f, traces, logs, out);
        assert_int_equal(known.len, out->len - from);
        assert_memory_equal(known.data, out->data + from, known.len);
        f->n_known++;
        return 0;
}

static void open_store(struct fixture *f)
{
        static struct clew_deriver deriver;
        const struct clew_store_options o = {
                .mode = CLEW_STORE_COLLECT, .clock = &f->clock, .deriver = &deriver};
        struct clew_error err = {0};

        deriver = (struct clew_deriver){.version = 7,
                                        .summarize = derive,
                                        .summarize_indexed = derive_indexed,
                                        .summarize_known = derive_known,
                                        .index_version = 1,
                                        .context = f};
        if (clew_store_open(f->dir.path, &o, &f->store, &err) < 0)
                fail_msg("open: %s", err.message);
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->dir);
        f->now_ns = 1700000000ull * CLEW_NS_PER_S;
        f->clock = (struct clew_clock){fixture_now, fixture_now, f};
        f->random = test_random_seeded("hot summaries");
        open_store(f);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_store_close(f->store);
        test_dir_remove(&f->dir);
        clew_free(f);
        return 0;
}

static void send(struct fixture *f, uint32_t trace, const char *text)
{
        struct test_span s = {.trace_id = test_trace_id(trace),
                              .span_id = test_span_id(++f->n_spans),
                              .name = "s",
                              .key = "text",
                              .value = clew_slice_of_cstr(text),
                              .start_ns = f->now_ns,
                              .end_ns = f->now_ns + 5};

        assert_int_equal(test_store_append(f->store, "svc", &s, f->now_ns), 0);
}

#define BATCH 128u

struct batch {
        struct clew_fragment all[BATCH];
        size_t from[BATCH]; /* of its bytes */
        uint32_t n;
        struct clew_buffer bytes;
};

static int gather(void *context, const struct clew_fragment *fragment, struct clew_error *err)
{
        struct batch *b = context;

        (void)err;
        b->from[b->n] = b->bytes.len;
        b->all[b->n++] = *fragment;
        clew_buffer_append_slice(&b->bytes, fragment->bytes);
        return clew_buffer_error(&b->bytes);
}

/* A span of each of traces @from to @to - 1, many in one commit. */
static void send_each(struct fixture *f, uint32_t from, uint32_t to)
{
        while (from < to) {
                struct clew_error err = {0};
                struct batch b = {.n = 0};

                clew_buffer_init(&b.bytes, (size_t)4 << 20);
                for (; from < to && b.n < BATCH; from++) {
                        struct test_span s = {.trace_id = test_trace_id(from),
                                              .span_id = test_span_id(++f->n_spans),
                                              .name = "s",
                                              .start_ns = f->now_ns,
                                              .end_ns = f->now_ns + 5};

                        assert_int_equal(test_with_fragment("svc", &s, f->now_ns, gather, &b), 0);
                }
                for (uint32_t i = 0; i < b.n; i++)
                        b.all[i].bytes.data = b.bytes.data + b.from[i];
                assert_int_equal(clew_store_append(f->store, b.all, b.n, &err), 0);
                clew_buffer_deinit(&b.bytes);
        }
}

#define MANY 9000u

/* So many spans in one request. */
static void send_many(struct fixture *f, uint32_t trace)
{
        struct test_span *spans = clew_calloc(MANY, sizeof(*spans));
        CLEW_BUFFER request = {0};

        assert_non_null(spans);
        clew_buffer_init(&request, (size_t)4 << 20);
        for (uint32_t i = 0; i < MANY; i++)
                spans[i] = (struct test_span){.trace_id = test_trace_id(trace),
                                              .span_id = test_span_id(++f->n_spans),
                                              .name = "s",
                                              .start_ns = f->now_ns,
                                              .end_ns = f->now_ns + 5};
        test_put_traces(&request, "svc", spans, MANY);
        clew_free(spans);
        assert_int_equal(test_store_append_otlp(f->store, clew_buffer_slice(&request),
                                                CLEW_OTLP_TRACES, f->now_ns),
                         0);
}

/* Seals what is idle for @idle_s, then tells of what is quiet, until nothing is left to be done. */
static uint64_t seal(struct fixture *f, uint64_t idle_s)
{
        struct clew_seal_options o = {.idle_ns = idle_s * CLEW_NS_PER_S, .tell_ns = QUIET_NS};
        struct clew_seal_stats stats;
        struct clew_error err = {0};
        uint64_t told = 0;

        do {
                if (clew_store_seal(f->store, &o, &stats, &err) < 0)
                        fail_msg("seal: %s", err.message);
                told += stats.told;
        } while (stats.more);
        return told;
}

static struct clew_view *view_of(struct fixture *f)
{
        struct clew_view *v = NULL;
        struct clew_error err = {0};

        if (clew_view_open(f->store, &v, &err) < 0)
                fail_msg("view: %s", err.message);
        return v;
}

static void check(struct fixture *f, struct clew_view *v, const struct clew_list_entry *e)
{
        struct clew_slice told = e->summary;
        struct clew_trace_data data;
        struct clew_error err = {0};
        CLEW_BUFFER right = {0};

        if (!e->hot || told.len == 0)
                return;
        assert_int_equal(e->summary_version, 7);
        f->n_given++;
        clew_buffer_init(&right, (size_t)1 << 20);
        assert_int_equal(clew_view_load(v, &e->id, &data, &err), 0);
        make_summary(f, data.traces, data.logs, &right);
        assert_int_equal(told.len, right.len);
        assert_memory_equal(told.data, right.data, right.len);
}

/* All entries of a walk, and single ones. How many hot ones had a summary. */
static uint64_t look(struct fixture *f)
{
        struct clew_view *v = view_of(f);
        struct clew_list_entry e;
        struct clew_error err = {0};
        int r = clew_view_list(v, NULL, &err);

        f->n_given = 0;
        assert_int_equal(r, 0);
        while ((r = clew_view_next(v, &e, &err)) == 1)
                check(f, v, &e);
        assert_int_equal(r, 0);
        clew_view_close(v);
        v = view_of(f);
        for (unsigned i = 0; i < 3; i++) {
                struct clew_trace_id id =
                        test_trace_id((uint32_t)test_random_below(&f->random, TRACES));
                uint64_t before = f->n_given;

                if (clew_view_entry(v, &id, &e, &err) == 0)
                        check(f, v, &e);
                f->n_given = before;
        }
        clew_view_close(v);
        return f->n_given;
}

/* ---- as data comes --------------------------------------------------------------------------- */

static void test_random(void **state)
{
        struct fixture *f = *state;
        struct clew_error err = {0};
        uint64_t given = 0;

        for (unsigned i = 0; i < 600; i++) {
                uint64_t what = test_random_below(&f->random, 100);

                f->now_ns += test_random_below(&f->random, CLEW_NS_PER_S);
                if (what < 80)
                        send(f, (uint32_t)test_random_below(&f->random, TRACES), "text");
                else if (what < 90)
                        seal(f, 3600); /* nothing is idle for so long */
                else if (what < 94)
                        seal(f, 8 + test_random_below(&f->random, 10));
                else
                        given += look(f);
                if (i % 50 == 49) /* what was written over is no damage */
                        assert_int_equal(clew_hot_summaries_check(f->dir.path, true, &err), 0);
                if (i % 150 == 149) {
                        clew_store_close(f->store);
                        open_store(f);
                }
        }
        assert_true(given > 100 && f->n_known > 20);
}

static void test_quiet_ones(void **state)
{
        struct fixture *f = *state;

        for (uint32_t i = 0; i < 10; i++)
                send(f, i, "text");
        f->now_ns += CLEW_NS_PER_S;
        assert_int_equal(seal(f, 3600), 0); /* they may go on */
        f->now_ns += 2 * CLEW_NS_PER_S;
        send(f, 3, "more");
        assert_int_equal(seal(f, 3600), 9);
        assert_int_equal(look(f), 9);
        assert_int_equal(seal(f, 3600), 0); /* once */
        send(f, 4, "more");
        assert_int_equal(look(f), 8);
        f->now_ns += 3 * CLEW_NS_PER_S;
        assert_int_equal(seal(f, 3600), 2);
        assert_int_equal(look(f), 10);
        clew_store_close(f->store); /* another process derives none of them again */
        open_store(f);
        f->n_derived = 0;
        assert_int_equal(seal(f, 3600), 0);
        assert_int_equal(f->n_derived, 0);
        assert_int_equal(look(f), 10);
}

/* What is hot of a trace that is sealed too: the summary is of both. */
static void test_sealed_part(void **state)
{
        struct fixture *f = *state;

        send(f, 1, "first");
        f->now_ns += 20 * CLEW_NS_PER_S;
        seal(f, 10);
        send(f, 1, "second");
        f->now_ns += 3 * CLEW_NS_PER_S;
        assert_int_equal(seal(f, 3600), 1);
        assert_int_equal(look(f), 1);
}

/* Of a trace that a list reads the first part of, no summary is kept: it would be of another part,
 * and the answer another one with the file than without. */
static void test_large_sealed_part(void **state)
{
        struct fixture *f = *state;

        for (uint32_t i = 0; i < 3; i++)
                send_many(f, 1);
        f->now_ns += 20 * CLEW_NS_PER_S;
        seal(f, 10);
        send(f, 1, "more");
        f->now_ns += 3 * CLEW_NS_PER_S;
        assert_int_equal(seal(f, 3600), 1);
        assert_int_equal(look(f), 1);
        send_many(f, 1);
        f->now_ns += 3 * CLEW_NS_PER_S;
        assert_int_equal(seal(f, 3600), 0);
        assert_int_equal(look(f), 0);
}

/* What is sealed then is not derived once more. */
static void test_sealing(void **state)
{
        struct fixture *f = *state;

        for (uint32_t i = 0; i < 10; i++)
                send(f, i, "text");
        f->now_ns += 3 * CLEW_NS_PER_S;
        assert_int_equal(seal(f, 3600), 10);
        send(f, 4, "more");
        f->n_derived = 0;
        f->now_ns += 20 * CLEW_NS_PER_S;
        seal(f, 10);
        assert_int_equal(f->n_derived, 1);
        assert_int_equal(f->n_known, 9);
        assert_int_equal(look(f), 0);
}

/* More than there are slots at first; then the log goes round, and becomes shorter. */
static void test_growth(void **state)
{
        struct fixture *f = *state;
        struct stat st;
        char path[4200];
        uint64_t told;

        f->padding = 12000;
        snprintf(path, sizeof(path), "%s/" CLEW_HOT_SUMMARIES_FILE, f->dir.path);
        for (uint32_t round = 0; round < 2; round++) {
                for (uint32_t i = 0; i < 600; i++)
                        send(f, round * 600 + i, "text");
                f->now_ns += 3 * CLEW_NS_PER_S;
                told = seal(f, 3600); /* some find no slot at first */
                assert_true(told >= 600 && told < 620);
                assert_true(look(f) >= (round + 1) * 590);
        }
        f->now_ns += 100 * CLEW_NS_PER_S;
        seal(f, 10);
        assert_int_equal(look(f), 0);
        for (uint32_t round = 0; round < 20; round++) { /* half of them again and again */
                for (uint32_t i = 0; i < (round ? 50 : 100); i++)
                        send(f, i + 10000, "text");
                f->now_ns += 3 * CLEW_NS_PER_S;
                assert_true(seal(f, 3600) >= 50);
                assert_true(look(f) >= 95);
        }
        assert_int_equal(stat(path, &st), 0);
        assert_true((uint64_t)st.st_size - CLEW_HOT_SLOTS_MAX * 16ull < ((uint64_t)8 << 20));
}

/* More than the log can keep: some are derived by who asks, and nobody tells of them for ever. */
static void test_more_than_is_kept(void **state)
{
        struct fixture *f = *state;
        const struct clew_seal_options o = {.idle_ns = 3600 * CLEW_NS_PER_S, .tell_ns = QUIET_NS};
        struct clew_seal_stats stats = {.more = true};
        struct clew_error err = {0};
        uint32_t n = (uint32_t)(CLEW_HOT_LOG_BYTES_MAX / 60000);

        f->padding = 60000;
        send_each(f, 0, n);
        f->now_ns += 3 * CLEW_NS_PER_S;
        for (unsigned i = 0; stats.more && i < 20; i++) {
                if (clew_store_seal(f->store, &o, &stats, &err) < 0)
                        fail_msg("seal: %s", err.message);
        }
        assert_false(stats.more);
        assert_true(look(f) > n / 4);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void hurt(struct fixture *f)
{
        char path[4200];
        struct stat st;
        int fd;

        snprintf(path, sizeof(path), "%s/" CLEW_HOT_SUMMARIES_FILE, f->dir.path);
        fd = open(path, O_RDWR);
        assert_true(fd >= 0 && fstat(fd, &st) == 0);
        for (unsigned i = 0; i < 40; i++) {
                bool in_slots = test_random_below(&f->random, 3) == 0;
                off_t from = in_slots ? 0 : 4096 + (off_t)CLEW_HOT_SLOTS_MAX * 16;
                off_t room = (in_slots ? 4096 + (off_t)CLEW_HOT_SLOTS_MIN * 16 : st.st_size) - from;
                uint8_t noise[16];
                off_t at;

                if (room <= 0)
                        continue;
                at = from + (off_t)test_random_below(&f->random, (uint64_t)room);
                for (size_t k = 0; k < sizeof(noise); k++)
                        noise[k] = (uint8_t)test_random_next(&f->random);
                assert_true(pwrite(fd, noise, 1 + test_random_below(&f->random, 16), at) > 0);
        }
        if (test_random_below(&f->random, 4) == 0)
                assert_int_equal(
                        ftruncate(fd, (off_t)test_random_below(&f->random, (uint64_t)st.st_size)),
                        0);
        close(fd);
}

static void test_damage(void **state)
{
        struct fixture *f = *state;
        uint64_t given = 0;

        for (unsigned i = 0; i < 60; i++) {
                for (uint32_t k = 0; k < TRACES; k++)
                        send(f, k, "text");
                f->now_ns += 3 * CLEW_NS_PER_S;
                seal(f, 3600);
                hurt(f);
                given += look(f);
        }
        assert_true(given > 60 && given < 60 * TRACES);
}

/* What a power cut leaves: a head, and nothing that it tells of. It is begun anew when there is
 * more hot than it has slots for. */
static void test_cut_off(void **state)
{
        struct fixture *f = *state;
        char path[4200];

        snprintf(path, sizeof(path), "%s/" CLEW_HOT_SUMMARIES_FILE, f->dir.path);
        send(f, 0, "text");
        f->now_ns += 3 * CLEW_NS_PER_S;
        assert_int_equal(seal(f, 3600), 1);
        assert_int_equal(look(f), 1);
        assert_int_equal(truncate(path, 4096), 0);
        send_each(f, 0, CLEW_HOT_SLOTS_MIN / 2 + 50);
        f->now_ns += 3 * CLEW_NS_PER_S;
        seal(f, 3600);
        assert_true(look(f) > CLEW_HOT_SLOTS_MIN / 2);
}

/* A file that an entry of another trace was copied into, or of the same as it was before, or that
 * is of another store. */
static void test_strange_file(void **state)
{
        struct fixture *f = *state;
        char path[4200];
        char aside[4300];

        snprintf(path, sizeof(path), "%s/" CLEW_HOT_SUMMARIES_FILE, f->dir.path);
        snprintf(aside, sizeof(aside), "%s.aside", path);
        for (uint32_t k = 0; k < TRACES; k++)
                send(f, k, "text");
        f->now_ns += 3 * CLEW_NS_PER_S;
        seal(f, 3600);
        assert_int_equal(look(f), TRACES);
        assert_int_equal(rename(path, aside), 0);
        assert_int_equal(look(f), 0);
        for (uint32_t k = 0; k < TRACES / 2; k++)
                send(f, k, "more");
        assert_int_equal(rename(aside, path), 0);
        assert_int_equal(look(f), TRACES - TRACES / 2);
        assert_int_equal(unlink(path), 0); /* a link leads nowhere */
        assert_int_equal(symlink("/dev/zero", path), 0);
        assert_int_equal(look(f), 0);
        assert_int_equal(unlink(path), 0);
}

static void put_bytes(const char *path, const char *text, size_t n, off_t at)
{
        int fd = open(path, O_RDWR);

        assert_true(fd >= 0 && pwrite(fd, text, n, at) == (ssize_t)n);
        close(fd);
}

static void test_check(void **state)
{
        struct fixture *f = *state;
        struct clew_error err = {0};
        char path[4200];

        snprintf(path, sizeof(path), "%s/" CLEW_HOT_SUMMARIES_FILE, f->dir.path);
        assert_int_equal(clew_hot_summaries_check(f->dir.path, true, &err), 0); /* there is none */
        for (unsigned round = 0; round < 40; round++) {
                for (uint32_t k = 0; k < TRACES; k++)
                        send(f, k, "text");
                f->now_ns += 3 * CLEW_NS_PER_S;
                seal(f, 3600);
        }
        assert_int_equal(clew_hot_summaries_check(f->dir.path, true, &err), 0);
        assert_int_equal(look(f), TRACES);
        /* The end of the first entry's head: the trace's summary begins behind it. The entry was
         * written again for 39 times elsewhere, so its slot names it no longer. */
        put_bytes(path, "x", 1, 4096 + (off_t)CLEW_HOT_SLOTS_MAX * 16 + 90);
        assert_int_equal(clew_hot_summaries_check(f->dir.path, true, &err), 0);
        assert_int_equal(clew_hot_summaries_wipe(f->dir.path, &err), 0);
        assert_int_equal(clew_hot_summaries_check(f->dir.path, true, &err), 0);
        for (uint32_t k = 0; k < 3; k++)
                send(f, k, "text");
        f->now_ns += 3 * CLEW_NS_PER_S;
        seal(f, 3600);
        assert_int_equal(clew_hot_summaries_check(f->dir.path, true, &err), 0);
        put_bytes(path, "x", 1, 4096 + (off_t)CLEW_HOT_SLOTS_MAX * 16 + 90);
        assert_int_equal(clew_hot_summaries_check(f->dir.path, false, &err), 0);
        assert_int_equal(clew_hot_summaries_check(f->dir.path, true, &err), -EBADMSG);
        assert_non_null(strstr(err.message, "damaged in 1 place:"));
        put_bytes(path, "foreign!", 8, 0);
        assert_int_equal(clew_hot_summaries_check(f->dir.path, false, &err), -EINVAL);
        assert_non_null(strstr(err.message, "not a file of summaries"));
        assert_int_equal(truncate(path, 0), 0);
        assert_int_equal(truncate(path, 8192), 0); /* begun, and no more */
        assert_int_equal(clew_hot_summaries_check(f->dir.path, true, &err), 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/dev/zero", path), 0);
        assert_true(clew_hot_summaries_check(f->dir.path, false, &err) < 0);
        assert_int_equal(unlink(path), 0);
}

/* ---- erasing --------------------------------------------------------------------------------- */

static bool file_has(struct fixture *f, const char *text)
{
        static uint8_t bytes[16 << 20];
        char path[4200];
        ssize_t n;
        int fd;

        snprintf(path, sizeof(path), "%s/" CLEW_HOT_SUMMARIES_FILE, f->dir.path);
        fd = open(path, O_RDONLY);
        if (fd < 0)
                return false;
        n = read(fd, bytes, sizeof(bytes));
        close(fd);
        return n > 0 && memmem(bytes, (size_t)n, text, strlen(text)) != NULL;
}

static void finish(struct fixture *f)
{
        const struct clew_rewrite_options o = {0};
        struct clew_erasure_status status;
        struct clew_error err = {0};

        if (clew_store_finish_erasure(f->store, &o, &status, &err) < 0)
                fail_msg("finish: %s", err.message);
        assert_true(status.is_wiped);
}

static void tell_secrets(struct fixture *f)
{
        for (uint32_t k = 0; k < 10; k++)
                send(f, k, k % 2 ? SECRET : "nothing");
        f->now_ns += 3 * CLEW_NS_PER_S;
        assert_int_equal(seal(f, 3600), 10);
        assert_int_equal(look(f), 10);
        assert_true(file_has(f, SECRET));
}

static void test_delete(void **state)
{
        struct fixture *f = *state;
        const struct clew_rewrite_options o = {0};
        struct clew_rewrite_stats stats;
        struct clew_error err = {0};
        struct clew_trace_id ids[5];

        tell_secrets(f);
        for (uint32_t k = 0; k < 5; k++)
                ids[k] = test_trace_id(2 * k + 1);
        if (clew_store_delete(f->store, ids, 5, &o, &stats, &err) < 0)
                fail_msg("delete: %s", err.message);
        assert_int_equal(look(f), 0); /* none is believed before it is wiped */
        assert_int_equal(seal(f, 3600), 0);
        finish(f);
        assert_false(file_has(f, SECRET));
        assert_int_equal(look(f), 0);
        assert_int_equal(seal(f, 3600), 5);
        assert_int_equal(look(f), 5);
        assert_false(file_has(f, SECRET));
}

static int64_t count(void *context, enum clew_redaction_of of, struct clew_slice text)
{
        (void)context;
        (void)of;
        return memmem(text.data, text.len, SECRET, strlen(SECRET)) ? 1 : 0;
}

static int64_t replace(void *context, enum clew_redaction_of of, uint8_t *text, size_t n)
{
        int64_t times = 0;
        uint8_t *at;

        (void)context;
        (void)of;
        while ((at = memmem(text, n, SECRET, strlen(SECRET))) != NULL) {
                memset(at, '*', strlen(SECRET));
                times++;
        }
        return times;
}

static void test_redact(void **state)
{
        struct fixture *f = *state;
        const struct clew_redaction what = {.count = count, .replace = replace};
        const struct clew_rewrite_options o = {0};
        struct clew_redaction_stats stats;
        struct clew_error err = {0};

        tell_secrets(f);
        if (clew_store_redact(f->store, &what, false, &o, &stats, &err) < 0)
                fail_msg("redact: %s", err.message);
        assert_int_equal(stats.places, 5);
        assert_int_equal(look(f), 0);
        assert_int_equal(seal(f, 3600), 0);
        finish(f);
        assert_false(file_has(f, SECRET));
        assert_int_equal(seal(f, 3600), 10);
        assert_int_equal(look(f), 10);
        assert_false(file_has(f, SECRET));
}

/* A store that is made anew of what can be read knows nothing of what was still to be wiped. */
static void test_repair(void **state)
{
        struct fixture *f = *state;
        const struct clew_redaction what = {.count = count, .replace = replace};
        const struct clew_rewrite_options o = {0};
        const struct clew_keep_options keep = {0};
        struct clew_redaction_stats stats;
        struct clew_repair_report report;
        struct clew_error err = {0};

        tell_secrets(f);
        if (clew_store_redact(f->store, &what, false, &o, &stats, &err) < 0)
                fail_msg("redact: %s", err.message);
        clew_store_close(f->store);
        f->store = NULL;
        if (clew_store_repair(f->dir.path, &keep, &report, &err) < 0)
                fail_msg("repair: %s", err.message);
        assert_false(file_has(f, SECRET));
        open_store(f);
        assert_int_equal(look(f), 0);
        finish(f);
        assert_int_equal(seal(f, 3600), 10);
        assert_int_equal(look(f), 10);
        assert_false(file_has(f, SECRET));
}

/* What was derived before something was erased is not written after it. */
static bool holds_not(void *context)
{
        *(bool *)context = true;
        return false;
}

static void test_late_writer(void **state)
{
        struct fixture *f = *state;
        const struct clew_hot_mark mark = {.id = test_trace_id(1), .n_fragments = 1};
        struct clew_hot_summary_log log = {0};
        struct clew_error err = {0};
        bool was_asked = false;

        clew_hot_summary_log_add(&log, &mark, 0, 7, CLEW_SLICE_LITERAL(SECRET));
        assert_int_equal(log.n, 1);
        assert_int_equal(
                clew_hot_summary_log_write(&log, f->dir.path, 1, 100, holds_not, &was_asked, &err),
                0);
        assert_true(was_asked);
        assert_int_equal(log.n, 0);
        assert_false(file_has(f, SECRET));
        clew_hot_summary_log_deinit(&log);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_quiet_ones, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_sealed_part, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_large_sealed_part, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_cut_off, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_sealing, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_growth, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_more_than_is_kept, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_strange_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_check, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_delete, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_redact, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_repair, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_late_writer, set_up, tear_down),
        };

        return cmocka_run_group_tests_name("hot-summaries", tests, NULL, NULL);
}
