/*
 * Erasing: what was deleted is nowhere, neither in answers nor in bytes of the file, in whatever
 * state it was; everything else is as before.
 */
#include "proto/base/mem.h"
#include "query/model/summary.h"
#include "query/review/redact.h"
#include "storage/erase.h"
#include "storage/source/store-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#define FILE_BYTES_MAX ((size_t)256 << 20)
#define FRAME_BYTES_MAX ((size_t)8 << 20)
#define TRACES 40u

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_clock clock;
        uint64_t now_ns;
        struct test_random random;
        unsigned n_dropped; /* told to the room above */
};

static uint64_t fixture_now(void *context)
{
        const struct fixture *f = context;

        return f->now_ns;
}

static void open_store(struct fixture *f)
{
        const struct clew_store_options o = {
                .mode = CLEW_STORE_COLLECT, .clock = &f->clock, .deriver = clew_model_deriver()};
        struct clew_error err = {0};

        if (clew_store_open(f->dir.path, &o, &f->store, &err) < 0)
                fail_msg("open: %s", err.message);
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->dir);
        f->random = test_random_seeded("erase");
        f->now_ns = 1700000000ull * CLEW_NS_PER_S;
        f->clock = (struct clew_clock){fixture_now, fixture_now, f};
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

/* ---- what is sent ---------------------------------------------------------------------------- */

/* A word of its own for each trace, and others that all have. */
static void word_of(uint32_t trace, char ret[32])
{
        snprintf(ret, 32, "zq%08xplanted%04x", trace * 2654435761u, trace);
}

static struct clew_slice text_of(uint32_t trace, uint32_t span, char text[600])
{
        char word[32];
        int n;

        word_of(trace, word);
        n = snprintf(text, 600, "the weather of %s in %u is fine and the customer %s says no %u",
                     word, span, word, span * 7919u);
        return clew_slice_make(text, (size_t)n);
}

static void send(struct fixture *f, uint32_t trace, uint32_t span)
{
        char text[600];
        struct test_span s = {.trace_id = test_trace_id(trace),
                              .span_id = test_span_id(span + 1),
                              .name = "call",
                              .key = "input.value",
                              .start_ns = f->now_ns,
                              .end_ns = f->now_ns + 5};

        s.value = text_of(trace, span, text);
        assert_int_equal(test_store_append(f->store, trace % 3 ? "svc" : "other", &s, f->now_ns),
                         0);
}

/* Both in one commit; what is of @old came a minute ago. */
static void send_two(struct fixture *f, uint32_t old, uint32_t young)
{
        struct clew_fragment_encoder *encoder = clew_fragment_encoder_new();
        struct clew_fragment fragments[2] = {{.trace_id = test_trace_id(old)},
                                             {.trace_id = test_trace_id(young)}};
        struct clew_error err = {0};
        struct clew_buffer bytes[2];

        for (unsigned i = 0; i < 2; i++) {
                uint32_t trace = i == 0 ? old : young;
                uint64_t at_ns = f->now_ns - (i == 0 ? 60 * CLEW_NS_PER_S : 0);
                char text[600];
                struct test_span s = {.trace_id = test_trace_id(trace),
                                      .span_id = test_span_id(1),
                                      .name = "call",
                                      .key = "input.value",
                                      .value = text_of(trace, 1, text),
                                      .start_ns = at_ns,
                                      .end_ns = at_ns + 5};
                struct clew_otlp_batch batch;
                CLEW_ARENA arena = {0};
                CLEW_BUFFER request = {0};

                clew_arena_init(&arena, (size_t)1 << 20);
                clew_buffer_init(&request, (size_t)1 << 20);
                clew_buffer_init(&bytes[i], (size_t)1 << 20);
                test_put_traces(&request, "svc", &s, 1);
                assert_int_equal(clew_otlp_walk(clew_buffer_slice(&request), CLEW_OTLP_TRACES,
                                                &arena, &batch, &err),
                                 0);
                assert_int_equal(
                        clew_fragment_encode(encoder, &batch, &batch.traces[0], at_ns, &bytes[i]),
                        0);
                fragments[i].bytes = clew_buffer_slice(&bytes[i]);
        }
        assert_int_equal(clew_store_append(f->store, fragments, 2, &err), 0);
        clew_buffer_deinit(&bytes[0]);
        clew_buffer_deinit(&bytes[1]);
        clew_fragment_encoder_free(encoder);
}

static void seal(struct fixture *f)
{
        const struct clew_seal_options o = {.idle_ns = 0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        if (clew_store_seal(f->store, &o, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
}

static void note(struct fixture *f, uint32_t trace)
{
        struct clew_trace_id id = test_trace_id(trace);
        struct clew_error err = {0};
        char word[32];

        word_of(trace, word);
        assert_int_equal(clew_store_add_note(f->store, &id, clew_slice_of_cstr(word), &err), 0);
}

/* ---- what is in the file --------------------------------------------------------------------- */

static unsigned count_in(const uint8_t *data, size_t n, const char *word)
{
        size_t len = strlen(word);
        unsigned found = 0;

        for (const uint8_t *at = data; (at = memmem(at, n - (size_t)(at - data), word, len)); at++)
                found++;
        return found;
}

/* As it stands, and in everything that begins like a frame, as far as that can be unpacked. */
static unsigned hits(const struct fixture *f, const char *word)
{
        static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
        uint8_t *data = clew_malloc(FILE_BYTES_MAX);
        uint8_t *plain = clew_malloc(FRAME_BYTES_MAX);
        ZSTD_DCtx *z = ZSTD_createDCtx();
        char path[4096];
        unsigned found;
        size_t n = 0;
        ssize_t got;
        int fd;

        snprintf(path, sizeof(path), "%s/data.mdb", f->dir.path);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0 && data && plain && z);
        while ((got = read(fd, data + n, FILE_BYTES_MAX - n)) > 0)
                n += (size_t)got;
        close(fd);
        found = count_in(data, n, word);
        for (const uint8_t *at = data;
             (at = memmem(at, n - (size_t)(at - data), magic, sizeof(magic))); at++) {
                ZSTD_inBuffer in = {at, n - (size_t)(at - data), 0};
                ZSTD_outBuffer out = {plain, FRAME_BYTES_MAX, 0};
                size_t left = 1;

                ZSTD_DCtx_reset(z, ZSTD_reset_session_only);
                while (left != 0 && !ZSTD_isError(left) && out.pos < out.size && in.pos < in.size)
                        left = ZSTD_decompressStream(z, &out, &in);
                found += count_in(plain, out.pos, word);
        }
        ZSTD_freeDCtx(z);
        clew_free(plain);
        clew_free(data);
        return found;
}

static unsigned hits_of(const struct fixture *f, uint32_t trace)
{
        char word[32];

        word_of(trace, word);
        return hits(f, word + 4); /* keys of an index leave out how the one before begins */
}

static struct clew_view *view_of(struct fixture *f)
{
        struct clew_view *v = NULL;
        struct clew_error err = {0};

        if (clew_view_open(f->store, &v, &err) < 0)
                fail_msg("view: %s", err.message);
        return v;
}

/* The whole trace, and its summary, as one number; 0 = it is not there. */
static uint64_t digest(struct fixture *f, uint32_t trace)
{
        struct clew_view *v = view_of(f);
        struct clew_trace_id id = test_trace_id(trace);
        struct clew_trace_data data;
        struct clew_list_entry e;
        struct clew_error err = {0};
        uint64_t sum = 0;
        int r = clew_view_load(v, &id, &data, &err);

        assert_true(r == 0 || r == -ENOENT);
        if (r == 0) {
                for (size_t i = 0; i < data.traces.len; i++)
                        sum = sum * 1099511628211ull + data.traces.data[i] + 1;
                assert_int_equal(clew_view_entry(v, &id, &e, &err), 0);
                for (size_t i = 0; !e.hot && i < e.summary.len; i++)
                        sum = sum * 1099511628211ull + e.summary.data[i] + 1;
        } else {
                assert_int_equal(clew_view_entry(v, &id, &e, &err), -ENOENT);
        }
        clew_view_close(v);
        return sum;
}

static void report(void *context, const char *object, const char *what)
{
        (void)context;
        print_message("%s: %s\n", object, what);
}

static void verify(struct fixture *f)
{
        struct clew_error err = {0};
        int n;

        clew_store_close(f->store);
        n = clew_store_verify(f->dir.path, report, NULL, &err);
        open_store(f);
        assert_int_equal(n, 0);
}

/* ---- erasing --------------------------------------------------------------------------------- */

static int on_dropped(void *context, struct clew_shelf *shelf, const struct clew_trace_id *id,
                      struct clew_error *err)
{
        struct fixture *f = context;

        (void)shelf;
        (void)id;
        (void)err;
        f->n_dropped++;
        return 0;
}

static struct clew_rewrite_stats delete_some(struct fixture *f, const uint32_t *traces, size_t n)
{
        const struct clew_rewrite_options o = {.dropped = on_dropped, .context = f};
        struct clew_rewrite_stats stats;
        struct clew_trace_id ids[TRACES];
        struct clew_error err = {0};

        for (size_t i = 0; i < n; i++)
                ids[i] = test_trace_id(traces[i]);
        if (clew_store_delete(f->store, ids, n, &o, &stats, &err) < 0)
                fail_msg("delete: %s", err.message);
        return stats;
}

static struct clew_erasure_status finish(struct fixture *f)
{
        const struct clew_rewrite_options o = {.context = f};
        struct clew_erasure_status status;
        struct clew_error err = {0};

        if (clew_store_finish_erasure(f->store, &o, &status, &err) < 0)
                fail_msg("finish: %s", err.message);
        return status;
}

/* Sealed, sealed again elsewhere, hot beside it, with a note. */
static void fill(struct fixture *f)
{
        for (uint32_t t = 1; t <= TRACES; t++) {
                for (uint32_t s = 0; s < 5; s++)
                        send(f, t, s);
        }
        seal(f);
        for (uint32_t t = 1; t <= TRACES; t += 4) {
                for (uint32_t s = 5; s < 20; s++)
                        send(f, t, s);
                note(f, t);
        }
        seal(f);
        for (uint32_t t = 1; t <= TRACES; t += 3) {
                for (uint32_t s = 20; s < 23; s++)
                        send(f, t, s);
        }
}

static void test_deleted_is_nowhere(void **state)
{
        struct fixture *f = *state;
        /* sealed twice and hot; sealed twice; sealed and hot; sealed once; hot only */
        const uint32_t gone[] = {13, 5, 4, 6, 41};
        uint64_t before[TRACES + 1];
        struct clew_rewrite_stats stats;

        fill(f);
        send(f, 41, 1);
        for (uint32_t t = 1; t <= TRACES; t++)
                before[t] = digest(f, t);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(gone); i++)
                assert_true(hits_of(f, gone[i]) > 0);
        stats = delete_some(f, gone, CLEW_ARRAY_LEN(gone));
        assert_int_equal(stats.traces, CLEW_ARRAY_LEN(gone));
        assert_true(f->n_dropped >= CLEW_ARRAY_LEN(gone));
        assert_true(finish(f).is_wiped);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(gone); i++) {
                assert_int_equal(hits_of(f, gone[i]), 0);
                assert_int_equal(digest(f, gone[i]), 0);
                before[gone[i] % (TRACES + 1)] = 0;
        }
        before[0] = 0;
        for (uint32_t t = 1; t <= TRACES; t++)
                assert_true(digest(f, t) == before[t]);
        assert_true(hits_of(f, 7) > 0);
        verify(f);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(gone); i++)
                assert_int_equal(hits_of(f, gone[i]), 0);
        assert_true(finish(f).is_wiped);
        assert_int_equal(finish(f).n_wiped, 0); /* nothing waits: nothing is looked at */
}

/* What still comes is acknowledged and not stored, for a time. */
static void test_late_spans(void **state)
{
        struct fixture *f = *state;
        const uint32_t gone[] = {2};

        send(f, 1, 0);
        send(f, 2, 0);
        delete_some(f, gone, 1);
        send(f, 2, 1);
        send(f, 1, 1);
        assert_int_equal(digest(f, 2), 0);
        assert_int_equal(hits_of(f, 3), 0);
        seal(f);
        send(f, 2, 2);
        assert_int_equal(digest(f, 2), 0);
        f->now_ns += CLEW_DELETED_FOR_NS - CLEW_NS_PER_S;
        finish(f);
        send(f, 2, 3);
        assert_int_equal(digest(f, 2), 0);
        f->now_ns += 3601 * CLEW_NS_PER_S;
        assert_int_equal(finish(f).deleted, 1);
        assert_int_equal(finish(f).deleted, 0);
        send(f, 2, 4);
        assert_true(digest(f, 2) != 0);
        verify(f);
}

/* Another writer of its bucket may have been away for long, and has to learn of it. */
static void test_a_shared_store_remembers_longer(void **state)
{
        struct fixture *f = *state;
        const uint32_t gone[] = {2};

        send(f, 2, 0);
        delete_some(f, gone, 1);
        atomic_store(&f->store->is_shared, true);
        f->now_ns += CLEW_DELETED_FOR_NS + CLEW_NS_PER_S;
        finish(f);
        assert_int_equal(finish(f).deleted, 1);
        f->now_ns += CLEW_DELETED_SHARED_FOR_NS - CLEW_DELETED_FOR_NS;
        finish(f);
        assert_int_equal(finish(f).deleted, 0);
}

/* A reader that holds an older snapshot keeps its pages, is named, and reads on. */
static void test_reader_is_waited_for(void **state)
{
        struct fixture *f = *state;
        const uint32_t gone[] = {3, 9};
        struct clew_erasure_status s;
        struct clew_trace_id id = test_trace_id(3);
        struct clew_trace_data data;
        struct clew_error err = {0};
        int to_child[2];
        int to_parent[2];
        char c;
        pid_t pid;

        fill(f);
        assert_int_equal(pipe(to_child), 0);
        assert_int_equal(pipe(to_parent), 0);
        pid = fork();
        if (pid == 0) { /* the store of the parent is not touched: one of its own is opened */
                const struct clew_store_options o = {.mode = CLEW_STORE_READ};
                struct clew_store *store = NULL;
                struct clew_view *v = NULL;
                int r = clew_store_open(f->dir.path, &o, &store, &err);

                close(to_child[1]); /* a parent that fails ends the child too */
                if (r == 0)
                        r = clew_view_open(store, &v, &err);
                if (write(to_parent[1], "x", 1) != 1 || read(to_child[0], &c, 1) != 1)
                        _exit(9);
                if (r == 0)
                        r = clew_view_load(v, &id, &data, &err);
                _exit(r == 0 && data.traces.len > 100 ? 0 : 1);
        }
        assert_int_equal(read(to_parent[0], &c, 1), 1);
        delete_some(f, gone, 2);
        s = finish(f);
        assert_false(s.is_wiped);
        assert_int_equal(s.held_by, pid);
        assert_int_equal(digest(f, 3), 0);
        assert_int_equal(write(to_child[1], "x", 1), 1);
        {
                int status = -1;

                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
        }
        clew_store_check_readers(f->store);
        assert_true(finish(f).is_wiped);
        assert_int_equal(hits_of(f, 3), 0);
        verify(f);
}

/* An older version of it lies in a segment that has nothing else to do with it. */
static void test_older_version(void **state)
{
        struct fixture *f = *state;
        const uint32_t gone[] = {5};
        uint64_t others;

        for (uint32_t t = 1; t <= 8; t++)
                send(f, t, 0);
        seal(f);
        for (uint32_t s = 1; s < 20; s++)
                send(f, 5, s);
        seal(f);
        others = digest(f, 4);
        assert_true(hits_of(f, 5) > 0);
        assert_int_equal(delete_some(f, gone, 1).segments, 2);
        assert_true(finish(f).is_wiped);
        assert_int_equal(hits_of(f, 5), 0);
        assert_true(digest(f, 4) == others);
        verify(f);
}

/* Its rows of a batch are gone, and the batch is there for another. */
static void test_shared_batch(void **state)
{
        struct fixture *f = *state;
        const struct clew_seal_options idle = {.idle_ns = 10 * CLEW_NS_PER_S};
        const uint32_t gone[] = {5};
        struct clew_seal_stats stats;
        struct clew_error err = {0};
        uint64_t others;

        send_two(f, 5, 7);
        assert_int_equal(clew_store_seal(f->store, &idle, &stats, &err), 0);
        assert_int_equal(stats.traces, 1);
        others = digest(f, 7);
        delete_some(f, gone, 1);
        assert_true(finish(f).is_wiped);
        assert_int_equal(hits_of(f, 5), 0);
        assert_true(hits_of(f, 7) > 0 && digest(f, 7) == others);
        verify(f);
}

/* A text goes from all states of a trace, and all else stays. */
static void test_redacted_is_nowhere(void **state)
{
        static const uint8_t key[CLEW_REDACT_KEY_BYTES] = {1, 2, 3};
        /* The last is hot when it is looked for, and sealed when it is to go. */
        static const uint32_t whose[] = {13, 5, 4, 6, 7};
        struct fixture *f = *state;
        const struct clew_rewrite_options o = {.context = f};
        uint64_t before[TRACES + 1];

        fill(f);
        for (uint32_t t = 1; t <= TRACES; t++)
                before[t] = digest(f, t);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(whose); i++) {
                struct clew_redaction_stats stats;
                struct clew_redaction what;
                struct clew_redact r;
                struct clew_error err = {0};
                char word[32];

                word_of(whose[i], word);
                assert_int_equal(clew_redact_init(&r, clew_slice_of_cstr(word), key, &err), 0);
                what = clew_redact_store(&r);
                assert_int_equal(clew_store_redact(f->store, &what, true, &o, &stats, &err), 0);
                assert_true(stats.places > 0 && hits_of(f, whose[i]) > 0);
                assert_true(digest(f, whose[i]) == before[whose[i]]);
                if (whose[i] == 7)
                        seal(f);
                for (uint32_t t = 1; t <= TRACES; t++) /* a summary comes with sealing */
                        before[t] = whose[i] == 7 ? digest(f, t) : before[t];
                assert_int_equal(clew_store_redact(f->store, &what, false, &o, &stats, &err), 0);
                assert_true(finish(f).is_wiped);
                assert_int_equal(hits_of(f, whose[i]), 0);
                assert_true(digest(f, whose[i]) != before[whose[i]] && digest(f, whose[i]) != 0);
                before[whose[i]] = digest(f, whose[i]);
                clew_redact_deinit(&r);
        }
        for (uint32_t t = 1; t <= TRACES; t++)
                assert_true(digest(f, t) == before[t]);
        verify(f);
}

/* Many rounds of everything at random, against what should be there. */
static void test_random(void **state)
{
        struct fixture *f = *state;
        uint32_t n_spans[TRACES + 1] = {0};
        bool deleted[TRACES + 1] = {false};

        for (unsigned round = 0; round < 120; round++) {
                uint32_t t = 1 + (uint32_t)test_random_below(&f->random, TRACES);

                switch (test_random_below(&f->random, 8)) {
                case 0:
                        seal(f);
                        break;
                case 1:
                        delete_some(f, &t, 1);
                        deleted[t] = true;
                        break;
                case 2:
                        if (round % 3 == 0)
                                assert_true(finish(f).is_wiped);
                        break;
                default:
                        for (unsigned i = 0; i < 4; i++)
                                send(f, t, n_spans[t]++);
                        break;
                }
        }
        assert_true(finish(f).is_wiped);
        for (uint32_t t = 1; t <= TRACES; t++) {
                assert_int_equal(digest(f, t) != 0, n_spans[t] > 0 && !deleted[t]);
                assert_true((hits_of(f, t) > 0) == (n_spans[t] > 0 && !deleted[t]));
        }
        verify(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_deleted_is_nowhere, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_late_spans, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_shared_store_remembers_longer, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_reader_is_waited_for, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_older_version, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_shared_batch, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_redacted_is_nowhere, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
