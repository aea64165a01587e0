/*
 * Two writers and a reader of both, in one process: whatever came to whom, was sealed again,
 * deleted or compacted away, the reader has of each trace every span that is in the bucket, once,
 * and keeps nothing of what is not. Whole programs are tests/integration/test-objects-writers.
 */
#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/otlp/walk.h"
#include "query/model/summary.h"
#include "storage/erase.h"
#include "storage/follow.h"
#include "storage/source/store-int.h"
#include "storage/tier/tier-int.h"
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
#include <stdio.h>
#include <string.h>

#define TRACES 8u
#define SPANS 24u /* of a trace; a bit each */
#define STEPS 220u
#define ARRIVAL_NS (1700000000ull * CLEW_NS_PER_S)

struct writer {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_tier *tier;
        uint32_t here[TRACES];     /* spans that it has */
        uint32_t uploaded[TRACES]; /* that the bucket has of it */
        bool is_deleted[TRACES];   /* and takes no more of it in */
        bool is_said[TRACES];      /* that it is, in the bucket */
        size_t n_carried;          /* traces that others have deleted, as it was told */
        bool refuses;              /* it cannot note them */
};

struct fixture {
        struct test_dir bucket_dir;
        struct test_dir reader_dir;
        char url[600];
        struct writer writers[2];
        struct clew_store *reader;
        struct clew_tier *follow;
        struct test_random random;
};

static void require(int r, const struct clew_error *err)
{
        if (r < 0)
                fail_msg("%s (%d)", err->message, r);
}

static int on_carried(void *context, const char *writer, const struct clew_trace_id *ids, size_t n,
                      struct clew_error *err)
{
        struct writer *w = context;

        assert_string_equal(writer, "a");
        assert_non_null(ids);
        if (w->refuses)
                return clew_error_set(err, -ENOSPC, 0, "no room for the audit log");
        w->n_carried += n;
        return 0;
}

static void open_reader(struct fixture *f)
{
        const struct clew_follow_options o = {.url = f->url, .deriver = clew_model_deriver()};
        struct clew_error err = {0};
        bool anew = true;

        require(clew_follow_open(f->reader_dir.path, &o, &f->reader, &f->follow, &anew, &err),
                &err);
        assert_false(anew);
}

static void close_reader(struct fixture *f)
{
        clew_tier_free(f->follow);
        clew_store_close(f->reader);
}

static int set_up(void **state)
{
        static const char *const names[] = {"a", "b"};
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT,
                                             .deriver = clew_model_deriver()};
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->bucket_dir);
        test_dir_make(&f->reader_dir);
        snprintf(f->url, sizeof(f->url), "dir://%s/b", f->bucket_dir.path);
        f->random = test_random_seeded("second");
        for (unsigned i = 0; i < 2; i++) {
                struct writer *w = &f->writers[i];
                const struct clew_tier_options tier = {
                        .url = f->url, .writer = names[i], .carried = on_carried, .context = w};
                struct clew_tier_stats stats;
                struct clew_error err = {0};

                test_dir_make(&w->dir);
                require(clew_store_open(w->dir.path, &o, &w->store, &err), &err);
                require(clew_tier_attach(w->store, &tier, &w->tier, &stats, &err), &err);
        }
        open_reader(f);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        close_reader(f);
        for (unsigned i = 0; i < 2; i++) {
                clew_tier_free(f->writers[i].tier);
                clew_store_close(f->writers[i].store);
                test_dir_remove(&f->writers[i].dir);
        }
        test_dir_remove(&f->bucket_dir);
        test_dir_remove(&f->reader_dir);
        clew_free(f);
        return 0;
}

/* ---- what is done to writers ----------------------------------------------------------------- */

static struct clew_trace_id id_of(uint32_t trace)
{
        struct clew_trace_id id = {{0xab, 0x32}};

        id.bytes[15] = (uint8_t)(trace + 1);
        return id;
}

static void send(struct writer *w, uint32_t trace, uint32_t n)
{
        const struct test_span span = {.trace_id = id_of(trace),
                                       .span_id = {{1, (uint8_t)trace, (uint8_t)n}},
                                       .name = "step",
                                       .start_ns = ARRIVAL_NS + n * 100,
                                       .end_ns = ARRIVAL_NS + n * 100 + 5};

        assert_int_equal(test_store_append(w->store, "a", &span, ARRIVAL_NS + n), 0);
        if (!w->is_deleted[trace])
                w->here[trace] |= 1u << n;
}

static void seal_and_upload(struct writer *w)
{
        const struct clew_seal_options o = {.max_traces = 0};
        struct clew_seal_stats sealed;
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        require(clew_store_seal(w->store, &o, &sealed, &err), &err);
        w->tier->beside.not_before_ns = 0; /* nobody waits two seconds */
        do
                require(clew_tier_sync(w->tier, NULL, NULL, &stats, &err), &err);
        while (stats.more);
        for (uint32_t t = 0; t < TRACES; t++) {
                w->uploaded[t] = w->here[t];
                w->is_said[t] = w->is_deleted[t];
        }
}

/* Retention: nothing of it is remembered. */
static void drop_trace(struct writer *w, uint32_t trace)
{
        const struct clew_rewrite_options o = {0};
        const struct clew_trace_id id = id_of(trace);
        const struct clew_retain what = {.drop = &id, .n_drop = 1};
        struct clew_rewrite_stats stats;
        struct clew_error err = {0};

        require(clew_store_retain(w->store, &what, &o, &stats, &err), &err);
        assert_int_equal(stats.traces, 1);
        w->here[trace] = 0;
}

static void delete_trace(struct writer *w, uint32_t trace)
{
        const struct clew_rewrite_options o = {0};
        const struct clew_trace_id id = id_of(trace);
        struct clew_rewrite_stats stats;
        struct clew_error err = {0};

        require(clew_store_delete(w->store, &id, 1, &o, &stats, &err), &err);
        w->here[trace] = 0;
        w->is_deleted[trace] = true;
}

/* ---- what the reader has --------------------------------------------------------------------- */

static uint64_t hot_fragments(struct clew_store *store)
{
        struct clew_store_figures figures;
        struct clew_error err = {0};

        require(clew_store_figures(store, &figures, &err), &err);
        return figures.hot_fragments;
}

static void check_trace(struct clew_view *view, uint32_t trace, uint32_t spans, const char *when)
{
        const struct clew_trace_id id = id_of(trace);
        struct clew_trace_data data = {0};
        struct clew_otlp_batch batch = {0};
        struct clew_error err = {0};
        CLEW_ARENA arena = {.max_bytes = (size_t)4 << 20};
        uint64_t first = (uint64_t)__builtin_ctz(spans | 1u << 31);
        int r = clew_view_load(view, &id, &data, &err);

        if (spans == 0) {
                if (r != -ENOENT)
                        fail_msg("%s: trace %u is there: %d %s", when, trace, r, err.message);
                return;
        }
        require(r, &err);
        require(clew_otlp_walk(data.traces, CLEW_OTLP_TRACES, &arena, &batch, &err), &err);
        if (batch.n_items != (size_t)__builtin_popcount(spans) || batch.n_traces != 1 ||
            batch.traces[0].min_start_ns != ARRIVAL_NS + first * 100)
                fail_msg("%s: trace %u has %zu spans, and not %d", when, trace, batch.n_items,
                         __builtin_popcount(spans));
}

static void follow(struct fixture *f, const char *when)
{
        struct clew_view *view = NULL;
        struct clew_tier_stats stats;
        struct clew_error err = {0};
        int r = clew_follow_step(f->follow, &stats, &err);
        bool both = false;

        if (r != -ENXIO)
                require(r, &err);
        require(clew_view_open(f->reader, &view, &err), &err);
        for (uint32_t t = 0; t < TRACES; t++) {
                /* What one has deleted is shown of neither. */
                bool gone = f->writers[0].is_said[t] || f->writers[1].is_said[t];
                const uint32_t a = gone ? 0 : f->writers[0].uploaded[t];
                const uint32_t b = gone ? 0 : f->writers[1].uploaded[t];

                check_trace(view, t, a | b, when);
                both = both || (a && b);
        }
        clew_view_close(view);
        /* Fragments are of traces that are with both, and of nothing else. */
        if ((hot_fragments(f->reader) > 0) != both)
                fail_msg("%s: %u fragments", when, (unsigned)hot_fragments(f->reader));
}

static void a_reader_has_each_span_of_two_writers_once(void **state)
{
        struct fixture *f = *state;

        for (unsigned i = 0; i < STEPS; i++) {
                uint32_t what = (uint32_t)test_random_below(&f->random, 24);
                uint32_t t = (uint32_t)test_random_below(&f->random, TRACES);
                uint32_t n = (uint32_t)test_random_below(&f->random, SPANS);
                struct writer *w = &f->writers[test_random_below(&f->random, 2)];
                char when[64];

                snprintf(when, sizeof(when), "step %u (%u)", i, what);
                if (what < 10) {
                        send(w, t, n);
                } else if (what < 12) { /* the same to both */
                        send(&f->writers[0], t, n);
                        send(&f->writers[1], t, n);
                } else if (what < 16) {
                        seal_and_upload(w);
                } else if (what < 17 && i > STEPS / 2) {
                        delete_trace(w, t);
                        seal_and_upload(w);
                } else if (what < 18) { /* killed, or ended: what it has is compared once more */
                        close_reader(f);
                        open_reader(f);
                        follow(f, when);
                } else {
                        follow(f, when);
                }
        }
        seal_and_upload(&f->writers[0]);
        seal_and_upload(&f->writers[1]);
        follow(f, "end");
}

static void a_part_goes_with_its_writer_and_the_other_stays(void **state)
{
        struct fixture *f = *state;

        for (uint32_t n = 0; n < 6; n++) {
                send(&f->writers[0], 1, n);
                send(&f->writers[1], 1, n + 4);
        }
        seal_and_upload(&f->writers[0]);
        follow(f, "one");
        seal_and_upload(&f->writers[1]);
        follow(f, "both");
        drop_trace(&f->writers[0], 1); /* the first part, which has the place */
        seal_and_upload(&f->writers[0]);
        {
                struct clew_view *view = NULL;
                struct clew_tier_stats stats;
                struct clew_error err = {0};

                require(clew_follow_step(f->follow, &stats, &err), &err);
                require(clew_view_open(f->reader, &view, &err), &err);
                check_trace(view, 1, f->writers[1].uploaded[1], "the other's");
                clew_view_close(view);
        }
        delete_trace(&f->writers[1], 1);
        seal_and_upload(&f->writers[1]);
        follow(f, "none");
        assert_int_equal(hot_fragments(f->reader), 0);
}

/* What a command sees that reads the bucket through the mirror in @dir. */
static void check_mirror(struct fixture *f, const char *dir, const char *when)
{
        const struct clew_tier_options o = {.url = f->url};
        const struct clew_store_options reading = {.mode = CLEW_STORE_READ,
                                                   .deriver = clew_model_deriver()};
        struct clew_store *store = NULL;
        struct clew_tier *tier = NULL;
        struct clew_view *view = NULL;
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        assert_int_equal(clew_tier_mirror(dir, clew_model_deriver(), &o, &stats, &err), 0);
        require(clew_store_open(dir, &reading, &store, &err), &err);
        require(clew_tier_read_back(store, &tier, &err), &err);
        require(clew_view_open(store, &view, &err), &err);
        for (uint32_t t = 0; t < TRACES; t++)
                check_trace(view, t, f->writers[0].uploaded[t] | f->writers[1].uploaded[t], when);
        clew_view_close(view);
        clew_tier_free(tier);
        clew_store_close(store);
}

static void a_mirror_goes_on_when_it_has_parts_of_two(void **state)
{
        struct fixture *f = *state;
        struct test_dir dir;
        char path[600];

        test_dir_make(&dir);
        snprintf(path, sizeof(path), "%s/mirror", dir.path);
        for (uint32_t n = 0; n < 3; n++) {
                for (uint32_t t = 0; t < 3; t++) {
                        send(&f->writers[0], t, 2 * n);
                        send(&f->writers[1], t, 2 * n + 1);
                }
                seal_and_upload(&f->writers[0]);
                seal_and_upload(&f->writers[1]);
                check_mirror(f, path, n == 0 ? "first" : "again");
        }
        test_dir_remove(&dir);
}

static void what_one_deletes_is_shown_of_neither(void **state)
{
        struct fixture *f = *state;

        for (uint32_t t = 0; t < 3; t++) {
                send(&f->writers[0], t, 0);
                send(&f->writers[1], t, 1);
        }
        seal_and_upload(&f->writers[0]);
        seal_and_upload(&f->writers[1]);
        follow(f, "both");
        delete_trace(&f->writers[0], 0);
        delete_trace(&f->writers[1], 1);
        seal_and_upload(&f->writers[0]);
        follow(f, "the first has said so");
        seal_and_upload(&f->writers[1]);
        follow(f, "the second too");
        close_reader(f);
        open_reader(f);
        follow(f, "after a start");
        /* What comes of it at the other, which has not carried it out, is not shown either. */
        send(&f->writers[1], 0, 5);
        send(&f->writers[1], 2, 5);
        seal_and_upload(&f->writers[1]);
        follow(f, "more");
}

static int hold(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        return clew_shelf_hold(shelf, context, err);
}

static void check_carried(struct writer *w, uint64_t deleted, bool is_there, int is_held)
{
        const struct clew_trace_id first = id_of(0);
        const struct clew_trace_id second = id_of(1);
        struct clew_erasure_status status;
        struct clew_trace_data data = {0};
        struct clew_view *view = NULL;
        struct clew_error err = {0};

        require(clew_view_open(w->store, &view, &err), &err);
        require(clew_view_erasure(view, &status, &err), &err);
        assert_int_equal(status.deleted, deleted);
        assert_int_equal(clew_view_load(view, &first, &data, &err), is_there ? 0 : -ENOENT);
        assert_int_equal(clew_view_is_held(view, &second, &err), is_held);
        clew_view_close(view);
}

static void another_writer_carries_a_deletion_out(void **state)
{
        struct fixture *f = *state;
        struct writer *a = &f->writers[0];
        struct writer *b = &f->writers[1];
        const struct clew_rewrite_options o = {0};
        const struct clew_tier_options again = {
                .url = f->url, .writer = "b", .carried = on_carried, .context = b};
        struct clew_trace_id held = id_of(1);
        struct clew_rewrite_stats done;
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        for (uint32_t t = 0; t < 2; t++) {
                send(a, t, 0);
                send(b, t, 1);
        }
        require(clew_store_shelve(a->store, hold, &held, &err), &err);
        delete_trace(a, 0);
        seal_and_upload(a);
        /* What cannot be noted is not done. */
        b->refuses = true;
        seal_and_upload(b);
        check_carried(b, 0, true, 0);
        b->refuses = false;
        /* Each start looks at once. */
        clew_tier_free(b->tier);
        require(clew_tier_attach(b->store, &again, &b->tier, &stats, &err), &err);
        require(clew_tier_sync(b->tier, NULL, NULL, &stats, &err), &err);
        assert_int_equal(b->n_carried, 1);
        assert_true(atomic_load(&b->store->is_shared)); /* so it is remembered for long */
        check_carried(b, 1, true, 1);
        require(clew_store_resume_erasure(b->store, &o, &done, &err), &err);
        assert_int_equal(done.traces, 1);
        check_carried(b, 1, false, 1);
        /* The same is read again, and nothing is told or done twice. */
        clew_tier_free(b->tier);
        require(clew_tier_attach(b->store, &again, &b->tier, &stats, &err), &err);
        require(clew_tier_sync(b->tier, NULL, NULL, &stats, &err), &err);
        assert_int_equal(b->n_carried, 1);
        check_carried(b, 1, false, 1);
}

static void mirror(struct fixture *f, const char *dir)
{
        const struct clew_tier_options o = {.url = f->url};
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        assert_int_equal(clew_tier_mirror(dir, clew_model_deriver(), &o, &stats, &err), 0);
}

/* Its bytes are in the bucket, which is not asked here. */
static void check_has(const char *dir, uint32_t trace)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_READ,
                                             .deriver = clew_model_deriver()};
        const struct clew_trace_id id = id_of(trace);
        struct clew_trace_data data = {0};
        struct clew_store *store = NULL;
        struct clew_view *view = NULL;
        struct clew_error err = {0};

        require(clew_store_open(dir, &o, &store, &err), &err);
        require(clew_view_open(store, &view, &err), &err);
        assert_int_not_equal(clew_view_load(view, &id, &data, &err), -ENOENT);
        clew_view_close(view);
        clew_store_close(store);
}

/* Also when it keeps parts of runs that came to both. */
static void a_mirror_of_two_goes_on(void **state)
{
        struct fixture *f = *state;
        struct test_dir d;
        char dir[400];

        test_dir_make(&d);
        snprintf(dir, sizeof(dir), "%s/m", d.path);
        send(&f->writers[0], 1, 2);
        send(&f->writers[1], 1, 4);
        seal_and_upload(&f->writers[0]);
        seal_and_upload(&f->writers[1]);
        mirror(f, dir);
        check_has(dir, 1);
        send(&f->writers[0], 2, 3);
        seal_and_upload(&f->writers[0]);
        mirror(f, dir);
        check_has(dir, 1);
        check_has(dir, 2);
        test_dir_remove(&d);
}

/* Notes of @trace at the reader, one after the other. */
static void check_notes(struct fixture *f, uint32_t trace, const char *expected)
{
        const struct clew_trace_id id = id_of(trace);
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        char found[200] = "";
        struct clew_slice note;
        int r = 0;

        require(clew_view_open(f->reader, &view, &err), &err);
        for (uint32_t i = 0; (r = clew_view_note(view, &id, i, &note, &err)) == 0; i++)
                snprintf(found + strlen(found), sizeof(found) - strlen(found), "%.*s ",
                         (int)note.len, (const char *)note.data);
        assert_int_equal(r, -ENOENT);
        clew_view_close(view);
        assert_string_equal(found, expected);
}

static void add_note(struct writer *w, uint32_t trace, const char *text)
{
        const struct clew_trace_id id = id_of(trace);
        struct clew_error err = {0};

        require(clew_store_add_note(w->store, &id, clew_slice_of_cstr(text), &err), &err);
}

/* Their numbers are the same at both. */
static void notes_of_all_writers_are_seen(void **state)
{
        struct fixture *f = *state;
        struct writer *a = &f->writers[0];
        struct writer *b = &f->writers[1];
        bool in_order = clew_tier_numbers_of(CLEW_SLICE_LITERAL("a")) <
                        clew_tier_numbers_of(CLEW_SLICE_LITERAL("b"));

        send(a, 1, 2);
        send(b, 1, 4);
        send(b, 2, 4);
        add_note(a, 1, "a0");
        add_note(a, 1, "a1");
        add_note(b, 1, "b0");
        add_note(b, 2, "b2");
        seal_and_upload(a);
        seal_and_upload(b);
        follow(f, "notes");
        check_notes(f, 2, "b2 ");
        check_notes(f, 1, in_order ? "a0 a1 b0 " : "b0 a0 a1 ");
        /* One more comes, and a reader that begins again has all of them, once. */
        add_note(b, 2, "b3");
        seal_and_upload(b);
        follow(f, "one more note");
        check_notes(f, 2, "b2 b3 ");
        close_reader(f);
        open_reader(f);
        follow(f, "again");
        check_notes(f, 2, "b2 b3 ");
        /* They go with their trace. */
        delete_trace(b, 2);
        seal_and_upload(b);
        b->uploaded[2] = 0;
        b->is_said[2] = true;
        follow(f, "deleted");
        check_notes(f, 2, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_reader_has_each_span_of_two_writers_once, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_part_goes_with_its_writer_and_the_other_stays,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_mirror_goes_on_when_it_has_parts_of_two, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(what_one_deletes_is_shown_of_neither, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(another_writer_carries_a_deletion_out, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_mirror_of_two_goes_on, set_up, tear_down),
                cmocka_unit_test_setup_teardown(notes_of_all_writers_are_seen, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
