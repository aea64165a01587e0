/*
 * Group commit against a real store: requests that wait together go into one transaction, an
 * acknowledgement means readable, one that cannot be stored fails alone, and ending loses nothing.
 */
#include "collector/commit/pipeline.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/otlp/walk.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#define REQUESTS 8u
/* Those of the fixture, and what fills a group. */
#define MANY (CLEW_PIPELINE_GROUP_REQUESTS_MAX + 1u)
#define NOT_DONE 1 /* no result of the store is positive */
#define WAIT_STEPS_MAX 2000
#define WAIT_STEP_US 5000

struct request {
        struct clew_submission submission;
        _Atomic int result;
};

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_pipeline *pipeline;
        struct clew_counters counters;
        struct request requests[REQUESTS];
        _Atomic size_t expected;
};

static size_t n_expected(void *context)
{
        struct fixture *f = context;

        return f->expected;
}

static void note_result(struct clew_submission *s, int result)
{
        struct request *q = (struct request *)(void *)s;

        q->result = result;
}

/* One span of trace @n as one fragment. */
static void make_submission(struct request *q, uint32_t n)
{
        const struct test_span span = {.trace_id = test_trace_id(n),
                                       .span_id = test_span_id(n),
                                       .name = "step",
                                       .start_ns = 1000,
                                       .end_ns = 2000};
        struct clew_fragment_encoder *encoder = clew_fragment_encoder_new();
        struct clew_submission *s = &q->submission;
        struct clew_otlp_batch batch;
        struct clew_error err = {0};
        CLEW_BUFFER otlp = {0};
        CLEW_ARENA arena = {0};

        clew_buffer_init(&otlp, 65536);
        clew_arena_init(&arena, (size_t)1 << 20);
        test_put_traces(&otlp, "service", &span, 1);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&otlp), CLEW_OTLP_TRACES, &arena, &batch, &err),
                0);
        clew_buffer_init(&s->bytes, 65536);
        s->fragments = clew_calloc(1, sizeof(*s->fragments));
        assert_non_null(s->fragments);
        assert_non_null(encoder);
        assert_int_equal(clew_fragment_encode(encoder, &batch, &batch.traces[0], 1, &s->bytes), 0);
        s->fragments[0].trace_id = batch.traces[0].id;
        s->fragments[0].bytes = clew_buffer_slice(&s->bytes);
        s->n_fragments = 1;
        s->done = note_result;
        q->result = NOT_DONE;
        clew_fragment_encoder_free(encoder);
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));
        struct clew_store_options store = {.mode = CLEW_STORE_COLLECT};
        struct clew_pipeline_options pipeline = {
                .gather_ns = 10 * CLEW_NS_PER_S, .n_expected = n_expected, .context = f};
        struct clew_error err = {0};

        assert_non_null(f);
        test_dir_make(&f->dir);
        if (clew_store_open(f->dir.path, &store, &f->store, &err) < 0)
                fail_msg("open: %s", err.message);
        pipeline.store = f->store;
        pipeline.counters = &f->counters;
        assert_int_equal(clew_pipeline_new(&pipeline, &f->pipeline), 0);
        for (uint32_t i = 0; i < REQUESTS; i++)
                make_submission(&f->requests[i], i + 1);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_pipeline_free(f->pipeline);
        clew_store_close(f->store);
        for (size_t i = 0; i < REQUESTS; i++)
                clew_submission_deinit(&f->requests[i].submission);
        test_dir_remove(&f->dir);
        clew_free(f);
        return 0;
}

static void wait_done(const struct request *q)
{
        for (int i = 0; i < WAIT_STEPS_MAX && q->result == NOT_DONE; i++)
                usleep(WAIT_STEP_US);
        assert_int_not_equal(q->result, NOT_DONE);
}

static bool is_readable(struct fixture *f, uint32_t n)
{
        struct clew_trace_id id = test_trace_id(n);
        struct clew_trace_data data;
        struct clew_error err = {0};
        struct clew_view *view;
        int r;

        assert_int_equal(clew_view_open(f->store, &view, &err), 0);
        r = clew_view_load(view, &id, &data, &err);
        clew_view_close(view);
        assert_true(r == 0 || r == -ENOENT);
        return r == 0;
}

static void test_waiting_requests_share_a_commit(void **state)
{
        struct fixture *f = *state;

        f->expected = REQUESTS; /* the writer waits for all of them */
        for (size_t i = 0; i < REQUESTS; i++)
                clew_pipeline_push(f->pipeline, &f->requests[i].submission);
        for (uint32_t i = 0; i < REQUESTS; i++) {
                wait_done(&f->requests[i]);
                assert_int_equal(f->requests[i].result, 0);
                assert_true(is_readable(f, i + 1));
        }
        assert_int_equal(clew_counter_read(&f->counters, CLEW_COUNT_COMMITS), 1);
}

/* Nobody else on the way: the commit does not wait, although gathering may take 10 s. */
static void test_lone_request_does_not_wait(void **state)
{
        struct fixture *f = *state;

        f->expected = 1;
        for (uint32_t i = 0; i < 3; i++) {
                clew_pipeline_push(f->pipeline, &f->requests[i].submission);
                wait_done(&f->requests[i]);
                assert_true(is_readable(f, i + 1));
        }
        assert_int_equal(clew_counter_read(&f->counters, CLEW_COUNT_COMMITS), 3);
}

static void test_ending_commits_what_is_queued(void **state)
{
        struct fixture *f = *state;

        f->expected = 2 * REQUESTS; /* more than will come */
        for (size_t i = 0; i < REQUESTS; i++)
                clew_pipeline_push(f->pipeline, &f->requests[i].submission);
        clew_pipeline_free(f->pipeline);
        f->pipeline = NULL;
        for (uint32_t i = 0; i < REQUESTS; i++) {
                assert_int_equal(f->requests[i].result, 0);
                assert_true(is_readable(f, i + 1));
        }
}

struct keeping {
        _Atomic unsigned n; /* groups */
        _Atomic size_t fragments;
};

static int count_kept(void *context, const struct clew_fragment *fragments, size_t n,
                      struct clew_error *err)
{
        struct keeping *k = context;

        (void)fragments;
        (void)err;
        k->fragments += n;
        k->n++;
        return 0;
}

static void pass(void *argument)
{
        (void)argument;
}

/* Each group that is kept costs money: the next begins so much later, or when it is full, or when
 * the pipeline ends. Jobs do not wait for it. */
static void test_groups_that_are_kept_lie_apart(void **state)
{
        struct fixture *f = *state;
        struct keeping k = {0};
        struct request *many = clew_calloc(MANY, sizeof(*many));
        struct clew_pipeline_options options = {.store = f->store,
                                                .counters = &f->counters,
                                                .keep = count_kept,
                                                .keep_context = &k,
                                                .keep_every_ns = 3600 * CLEW_NS_PER_S};
        struct clew_pipeline *p;

        assert_non_null(many);
        for (uint32_t i = 0; i < MANY; i++)
                make_submission(&many[i], 100 + i);
        assert_int_equal(clew_pipeline_new(&options, &p), 0);
        /* The first goes at once. */
        clew_pipeline_push(p, &many[0].submission);
        wait_done(&many[0]);
        for (uint32_t i = 1; i + 1 < MANY; i++) {
                clew_pipeline_push(p, &many[i].submission);
                /* What the writer has taken it has done when a job comes back. */
                clew_pipeline_run(p, pass, NULL);
                assert_int_equal(many[i].result, NOT_DONE);
        }
        assert_int_equal(k.n, 1);
        clew_pipeline_push(p, &many[MANY - 1].submission);
        for (uint32_t i = 1; i < MANY; i++) {
                wait_done(&many[i]);
                assert_int_equal(many[i].result, 0);
        }
        assert_int_equal(k.n, 2);
        for (uint32_t i = 0; i < 3; i++)
                clew_pipeline_push(p, &f->requests[i].submission);
        clew_pipeline_run(p, pass, NULL);
        assert_int_equal(k.n, 2);
        clew_pipeline_free(p);
        assert_int_equal(k.n, 3);
        assert_int_equal(k.fragments, MANY + 3);
        for (uint32_t i = 0; i < 3; i++)
                assert_int_equal(f->requests[i].result, 0);
        for (uint32_t i = 0; i < MANY; i++)
                clew_submission_deinit(&many[i].submission);
        clew_free(many);
}

/* What fails as a group is tried one by one. The first allocation is the group's list. */
static void test_failed_group_is_tried_one_by_one(void **state)
{
        struct fixture *f = *state;

        f->expected = REQUESTS;
        for (size_t i = 0; i + 1 < REQUESTS; i++)
                clew_pipeline_push(f->pipeline, &f->requests[i].submission);
        clew_mem_fail_at(1, 0);
        clew_pipeline_push(f->pipeline, &f->requests[REQUESTS - 1].submission);
        for (uint32_t i = 0; i < REQUESTS; i++)
                wait_done(&f->requests[i]);
        clew_mem_fail_at(0, 0);
        for (uint32_t i = 0; i < REQUESTS; i++) {
                assert_int_equal(f->requests[i].result, 0);
                assert_true(is_readable(f, i + 1));
        }
        assert_int_equal(clew_counter_read(&f->counters, CLEW_COUNT_COMMITS), REQUESTS);
}

static void test_bad_fragment_fails_alone(void **state)
{
        struct fixture *f = *state;

        f->expected = REQUESTS;
        f->requests[3].submission.fragments[0].bytes = CLEW_SLICE_LITERAL("not a fragment");
        for (size_t i = 0; i < REQUESTS; i++)
                clew_pipeline_push(f->pipeline, &f->requests[i].submission);
        for (uint32_t i = 0; i < REQUESTS; i++) {
                wait_done(&f->requests[i]);
                assert_int_equal(f->requests[i].result, i == 3 ? -EINVAL : 0);
                assert_int_equal(is_readable(f, i + 1), i != 3);
        }
}

/* Giving back mapped pages under the feet of a reader changes nothing that it sees. */
struct note {
        pthread_t thread;
        unsigned n;
};

static void note_thread(void *argument)
{
        struct note *note = argument;

        note->thread = pthread_self();
        note->n++;
}

/* A job is done before it returns, and no request is forgotten over it. */
static void test_jobs_run_on_the_writer(void **state)
{
        struct fixture *f = *state;
        struct note note = {.n = 0};

        f->expected = 1;
        for (uint32_t i = 0; i < REQUESTS; i++) {
                clew_pipeline_push(f->pipeline, &f->requests[i].submission);
                clew_pipeline_run(f->pipeline, note_thread, &note);
                assert_int_equal(note.n, i + 1);
                assert_false(pthread_equal(note.thread, pthread_self()));
        }
        for (uint32_t i = 0; i < REQUESTS; i++) {
                wait_done(&f->requests[i]);
                assert_int_equal(f->requests[i].result, 0);
        }
        clew_pipeline_run(f->pipeline, note_thread, &note); /* and without any request */
        assert_int_equal(note.n, REQUESTS + 1);
}

static void test_released_pages_come_back(void **state)
{
        struct fixture *f = *state;
        struct clew_error err = {0};
        struct clew_trace_id id = test_trace_id(1);
        struct clew_trace_data data;
        struct clew_view *view;

        f->expected = 1;
        clew_pipeline_push(f->pipeline, &f->requests[0].submission);
        wait_done(&f->requests[0]);
        assert_int_equal(clew_view_open(f->store, &view, &err), 0);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(clew_store_release_pages(f->store, &err), 0);
                assert_int_equal(clew_view_load(view, &id, &data, &err), 0);
                assert_true(data.traces.len > 0);
        }
        clew_view_close(view);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_waiting_requests_share_a_commit, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_lone_request_does_not_wait, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_ending_commits_what_is_queued, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_failed_group_is_tried_one_by_one, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_groups_that_are_kept_lie_apart, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_bad_fragment_fails_alone, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_jobs_run_on_the_writer, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_released_pages_come_back, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
