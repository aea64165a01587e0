/*
 * The journal of a writer: what was acknowledged is in it until it is sealed and uploaded, whoever
 * takes over has it, who was taken over acknowledges nothing, what was deleted is not in it for
 * long, and a reader has what it has. Whole programs are
 * tests/integration/test-objects-acknowledged.
 */
#include "proto/base/mem.h"
#include "query/find/index/index.h"
#include "query/model/summary.h"
#include "storage/erase.h"
#include "storage/tier/journal-take-int.h"
#include "storage/tier/tier-int.h"
#include "tests/lib/otlp-build.h"
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

#define ARRIVAL_NS (1700000000ull * CLEW_NS_PER_S)

struct node {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_tier *tier;
};

struct fixture {
        struct test_dir bucket_dir;
        char url[600];
        struct node node;
        struct node other; /* of the same name, on another machine */
        struct clew_object_bucket *bucket;
        struct clew_buffer told;
        uint64_t n_spans;
};

static void require(int r, const struct clew_error *err)
{
        if (r < 0)
                fail_msg("%s (%d)", err->message, r);
}

static void tell(void *context, const char *object, const char *what)
{
        struct clew_buffer *told = context;

        clew_buffer_append(told, object, strlen(object));
        clew_buffer_append(told, ": ", 2);
        clew_buffer_append(told, what, strlen(what));
}

static void open_node(struct fixture *f, struct node *n)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT,
                                             .deriver = clew_model_deriver()};
        const struct clew_tier_options tier = {.url = f->url,
                                               .writer = "w",
                                               .acknowledges = true,
                                               .finding = tell,
                                               .context = &f->told};
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        require(clew_store_open(n->dir.path, &o, &n->store, &err), &err);
        require(clew_tier_attach(n->store, &tier, &n->tier, &stats, &err), &err);
}

static void close_node(struct node *n)
{
        clew_tier_free(n->tier);
        clew_store_close(n->store);
        n->tier = NULL;
        n->store = NULL;
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));
        struct clew_error err = {0};

        test_dir_make(&f->node.dir);
        test_dir_make(&f->other.dir);
        test_dir_make(&f->bucket_dir);
        clew_buffer_init(&f->told, 65536);
        snprintf(f->url, sizeof(f->url), "dir://%s/b", f->bucket_dir.path);
        open_node(f, &f->node);
        require(clew_bucket_open(f->node.tier->url, false, &f->bucket, &err), &err);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        close_node(&f->node);
        close_node(&f->other);
        clew_bucket_close(f->bucket);
        clew_buffer_deinit(&f->told);
        test_dir_remove(&f->node.dir);
        test_dir_remove(&f->other.dir);
        test_dir_remove(&f->bucket_dir);
        clew_free(f);
        return 0;
}

static struct clew_trace_id id_of(uint64_t trace)
{
        struct clew_trace_id id = {{0xab, 0x31}};

        id.bytes[15] = (uint8_t)(trace + 1);
        return id;
}

static int take_in(void *context, const struct clew_fragment *f, struct clew_error *err)
{
        const struct node *n = context;
        int r = clew_store_append(n->store, f, 1, err);

        return r < 0 ? r : clew_tier_acknowledge(n->tier, f, 1, err);
}

/* One span of @trace; as the collector does it. */
static int send(struct fixture *f, struct node *n, uint64_t trace)
{
        uint64_t i = ++f->n_spans;
        const struct test_span span = {.trace_id = id_of(trace),
                                       .span_id = {{1, (uint8_t)(i >> 8), (uint8_t)i}},
                                       .name = "step",
                                       .start_ns = ARRIVAL_NS + i,
                                       .end_ns = ARRIVAL_NS + i + 5};

        return test_with_fragment("a", &span, ARRIVAL_NS + i, take_in, n);
}

static void seal_and_sync(struct node *n, bool seals)
{
        const struct clew_seal_options o = {.max_traces = 0};
        struct clew_seal_stats sealed;
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        if (seals)
                require(clew_store_seal(n->store, &o, &sealed, &err), &err);
        do
                require(clew_tier_sync(n->tier, NULL, NULL, &stats, &err), &err);
        while (stats.more);
}

static uint64_t hot_fragments(struct clew_store *store)
{
        struct clew_store_figures figures;
        struct clew_error err = {0};

        require(clew_store_figures(store, &figures, &err), &err);
        return figures.hot_fragments;
}

/* Fragments in all journals, and how many of them are of @trace. */
static size_t in_journals(struct fixture *f, uint64_t trace, size_t *ret_of_trace)
{
        CLEW_BUFFER list = {0};
        struct clew_error err = {0};
        struct clew_trace_id id = id_of(trace);
        size_t n = 0;

        *ret_of_trace = 0;
        require(clew_journal_list(f->bucket, &list, &err), &err);
        for (size_t at = 0; at < list.len; at += sizeof(struct clew_journal_object)) {
                struct clew_journal_object o;
                CLEW_BUFFER bytes = {0};
                CLEW_BUFFER fragments = {0};
                const struct clew_fragment *x;

                memcpy(&o, list.data + at, sizeof(o));
                require(clew_journal_read(f->node.tier, f->bucket, &o, &bytes, &fragments, &err),
                        &err);
                x = (const void *)fragments.data;
                for (size_t i = 0; i < fragments.len / sizeof(*x); i++, n++)
                        *ret_of_trace += clew_trace_id_eq(&x[i].trace_id, &id);
        }
        return n;
}

static void what_was_acknowledged_is_there_until_it_is_sealed_and_uploaded(void **state)
{
        struct fixture *f = *state;
        size_t of = 0;

        for (uint64_t i = 0; i < 10; i++)
                assert_int_equal(send(f, &f->node, i % 3), 0);
        assert_int_equal(in_journals(f, 0, &of), 10);
        assert_int_equal(of, 4);
        seal_and_sync(&f->node, false);
        assert_int_equal(in_journals(f, 0, &of), 10);
        seal_and_sync(&f->node, true);
        assert_int_equal(in_journals(f, 0, &of), 0);
        assert_int_equal(send(f, &f->node, 1), 0);
        assert_int_equal(in_journals(f, 1, &of), 1);
}

static void another_machine_has_it_and_the_first_acknowledges_nothing_more(void **state)
{
        struct fixture *f = *state;

        for (uint64_t i = 0; i < 10; i++)
                assert_int_equal(send(f, &f->node, i), 0);
        open_node(f, &f->other);
        assert_int_equal(hot_fragments(f->other.store), 10);
        assert_int_equal(send(f, &f->node, 3), -ESTALE);
        assert_int_equal(send(f, &f->node, 3), -ESTALE);
        assert_int_equal(send(f, &f->other, 3), 0);
        /* Its own start does not take in twice what it has. */
        close_node(&f->other);
        open_node(f, &f->other);
        assert_int_equal(hot_fragments(f->other.store), 11);
}

static void delete_trace(struct node *n, uint64_t trace)
{
        const struct clew_rewrite_options o = {0};
        struct clew_trace_id id = id_of(trace);
        struct clew_rewrite_stats stats;
        struct clew_error err = {0};

        require(clew_store_delete(n->store, &id, 1, &o, &stats, &err), &err);
}

static void what_was_deleted_leaves_the_journal_and_the_rest_stays(void **state)
{
        struct fixture *f = *state;
        size_t of = 0;

        for (uint64_t i = 0; i < 12; i++)
                assert_int_equal(send(f, &f->node, i % 4), 0);
        delete_trace(&f->node, 2);
        seal_and_sync(&f->node, false);
        assert_int_equal(in_journals(f, 2, &of), 9);
        assert_int_equal(of, 0);
        assert_int_equal(send(f, &f->node, 1), 0);
        open_node(f, &f->other);
        assert_int_equal(hot_fragments(f->other.store), 10);
        assert_int_equal(send(f, &f->node, 1), -ESTALE);
        /* It is the other's now, with what came from the one before. */
        delete_trace(&f->other, 1);
        seal_and_sync(&f->other, false);
        assert_int_equal(in_journals(f, 1, &of), 6);
        assert_int_equal(of, 0);
        /* When all is gone, nothing is left but whose turn it is. */
        delete_trace(&f->other, 0);
        delete_trace(&f->other, 3);
        seal_and_sync(&f->other, false);
        assert_int_equal(in_journals(f, 1, &of), 0);
        assert_int_equal(send(f, &f->other, 7), 0);
}

/* Flips a bit of the first object that has fragments. */
static void damage_one(struct fixture *f, char name[static 128])
{
        CLEW_BUFFER list = {0};
        struct clew_error err = {0};
        struct clew_journal_object o = {0};
        char path[1024];
        FILE *file;
        int c;

        require(clew_journal_list(f->bucket, &list, &err), &err);
        for (size_t at = 0; at < list.len && o.bytes <= CLEW_JOURNAL_EMPTY_BYTES_MAX;
             at += sizeof(o))
                memcpy(&o, list.data + at, sizeof(o));
        snprintf(name, 128, "journal/%016llx-%016llx", (unsigned long long)o.writer,
                 (unsigned long long)o.number);
        snprintf(path, sizeof(path), "%s/b/writer.w/%s", f->bucket_dir.path, name);
        file = fopen(path, "r+b");
        assert_non_null(file);
        assert_int_equal(fseek(file, 40, SEEK_SET), 0);
        c = fgetc(file);
        assert_int_equal(fseek(file, 40, SEEK_SET), 0);
        assert_int_not_equal(fputc(c ^ 1, file), EOF);
        assert_int_equal(fclose(file), 0);
}

static void a_damaged_object_is_named_and_the_others_are_taken_in(void **state)
{
        struct fixture *f = *state;
        char name[128];
        char full[160];

        for (uint64_t i = 0; i < 5; i++)
                assert_int_equal(send(f, &f->node, i), 0);
        damage_one(f, name);
        open_node(f, &f->other);
        assert_int_equal(hot_fragments(f->other.store), 4);
        clew_buffer_append_byte(&f->told, 0);
        snprintf(full, sizeof(full), "writer.w/%s: is damaged", name);
        assert_non_null(strstr((const char *)f->told.data, full));
}

/* A store of its own that takes in journals. */
struct taker {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_tier *tier;
        struct clew_journals *journals;
        bool erased;
};

static void open_taker(struct taker *k, struct fixture *f)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT,
                                             .deriver = clew_model_deriver()};
        struct clew_error err = {0};

        test_dir_make(&k->dir);
        require(clew_store_open(k->dir.path, &o, &k->store, &err), &err);
        k->tier = clew_tier_new(k->store, NULL);
        k->journals = clew_journals_new();
        assert_non_null(k->tier);
        assert_non_null(k->journals);
        k->tier->created_ns = f->node.tier->created_ns;
}

static void close_taker(struct taker *k)
{
        clew_journals_free(k->journals);
        clew_tier_free(k->tier);
        clew_store_close(k->store);
        test_dir_remove(&k->dir);
}

/* A step, with the catalog as it is in the bucket by then. */
static void step(struct taker *k, struct fixture *f, bool is_asked)
{
        struct clew_error err = {0};
        struct clew_nodes_of of = {.tier = k->tier, .bucket = f->bucket};

        require(clew_tier_catalog_read(f->bucket, &k->tier->catalog, &err), &err);
        of.version = k->tier->catalog.version;
        require(clew_journals_step(k->journals, k->tier, &of, is_asked, true, &k->erased, &err),
                &err);
}

static void a_reader_has_it_until_the_catalog_has(void **state)
{
        struct fixture *f = *state;
        struct taker k = {0};

        open_taker(&k, f);
        for (uint64_t i = 0; i < 10; i++)
                assert_int_equal(send(f, &f->node, i), 0);
        step(&k, f, false);
        assert_int_equal(hot_fragments(k.store), 10);
        assert_true(clew_journals_cover(k.journals, k.tier));
        assert_int_equal(send(f, &f->node, 3), 0);
        step(&k, f, false);
        step(&k, f, false);
        assert_int_equal(hot_fragments(k.store), 11);
        seal_and_sync(&f->node, true);
        step(&k, f, false); /* what was read before may be older than what is gone */
        assert_int_equal(hot_fragments(k.store), 11);
        assert_false(k.erased);
        step(&k, f, false);
        assert_int_equal(hot_fragments(k.store), 0);
        /* Its tail is known: that has it. */
        assert_int_equal(send(f, &f->node, 3), 0);
        step(&k, f, false);
        assert_int_equal(hot_fragments(k.store), 1);
        step(&k, f, true);
        assert_int_equal(hot_fragments(k.store), 0);
        assert_false(clew_journals_cover(k.journals, k.tier));
        step(&k, f, false);
        assert_int_equal(hot_fragments(k.store), 1);
        /* Something of it was deleted: it goes here too, and is to be wiped. */
        k.erased = false;
        delete_trace(&f->node, 3);
        seal_and_sync(&f->node, false);
        step(&k, f, false);
        step(&k, f, false);
        assert_int_equal(hot_fragments(k.store), 0);
        assert_true(k.erased);
        close_taker(&k);
}

/* The same store, which acknowledges nothing from here on. */
static void go_on_without(struct fixture *f)
{
        const struct clew_tier_options o = {.url = f->url, .writer = "w"};
        const struct clew_store_options s = {.mode = CLEW_STORE_COLLECT,
                                             .deriver = clew_model_deriver()};
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        close_node(&f->node);
        require(clew_store_open(f->node.dir.path, &s, &f->node.store, &err), &err);
        require(clew_tier_attach(f->node.store, &o, &f->node.tier, &stats, &err), &err);
}

static void a_reader_of_a_writer_without_a_journal_is_not_covered(void **state)
{
        struct fixture *f = *state;
        struct taker k = {0};

        open_taker(&k, f);
        assert_int_equal(send(f, &f->node, 3), 0);
        /* It goes on without: what was acknowledged before is there, and whatever comes is not. */
        go_on_without(f);
        step(&k, f, false);
        assert_int_equal(hot_fragments(k.store), 1);
        assert_false(clew_journals_cover(k.journals, k.tier));
        close_taker(&k);
}

static size_t n_objects(struct fixture *f)
{
        CLEW_BUFFER list = {0};
        struct clew_error err = {0};

        require(clew_journal_list(f->bucket, &list, &err), &err);
        return list.len / sizeof(struct clew_journal_object);
}

static void what_was_deleted_leaves_a_journal_that_was_found(void **state)
{
        struct fixture *f = *state;
        struct taker k = {0};
        size_t of = 0;
        size_t n;

        for (uint64_t i = 0; i < 12; i++)
                assert_int_equal(send(f, &f->node, i % 4), 0);
        go_on_without(f);
        delete_trace(&f->node, 2);
        seal_and_sync(&f->node, false);
        assert_int_equal(in_journals(f, 2, &of), 9);
        assert_int_equal(of, 0);
        /* Nobody takes it for a journal that goes on. */
        open_taker(&k, f);
        step(&k, f, false);
        assert_int_equal(hot_fragments(k.store), 9);
        assert_false(clew_journals_cover(k.journals, k.tier));
        close_taker(&k);
        /* It goes on, deletes once more, and another machine has the rest. */
        go_on_without(f);
        delete_trace(&f->node, 1);
        seal_and_sync(&f->node, false);
        assert_int_equal(in_journals(f, 1, &of), 6);
        assert_int_equal(of, 0);
        open_node(f, &f->other);
        assert_int_equal(hot_fragments(f->other.store), 6);
        close_node(&f->other);
        /* When all is sealed there is nothing to be written. */
        close_node(&f->node);
        open_node(f, &f->node);
        go_on_without(f);
        seal_and_sync(&f->node, true);
        assert_int_equal(in_journals(f, 1, &of), 0);
        n = n_objects(f);
        delete_trace(&f->node, 0);
        seal_and_sync(&f->node, false);
        assert_int_equal(n_objects(f), n);
}

/* Who was taken over, and does not know yet, takes nothing from its successor. */
static void a_sleeper_deletes_no_journal_that_another_takes_in(void **state)
{
        struct fixture *f = *state;
        struct clew_tier_stats stats;
        struct clew_error err = {0};
        size_t of = 0;

        for (uint64_t i = 0; i < 12; i++)
                assert_int_equal(send(f, &f->node, i % 4), 0);
        go_on_without(f);
        open_node(f, &f->other);
        delete_trace(&f->node, 2);
        assert_true(clew_tier_sync(f->node.tier, NULL, NULL, &stats, &err) < 0);
        assert_int_equal(clew_tier_sync(f->node.tier, NULL, NULL, &stats, &err), -ESTALE);
        assert_true(in_journals(f, 2, &of) >= 12);
        assert_int_equal(of, 3);
        close_node(&f->other);
        test_dir_remove(&f->other.dir);
        test_dir_make(&f->other.dir);
        open_node(f, &f->other); /* on an empty disk */
        assert_true(hot_fragments(f->other.store) >= 12);
}

static int fresh(struct fixture *f, uint64_t segment)
{
        CLEW_BUFFER out = {.max_bytes = 65536};
        int r = clew_tier_fresh_get(f->node.tier, segment, &out);

        assert_true(r == 0 ? out.len > 0 : r == -ENOENT);
        return r;
}

static void an_index_is_kept_until_it_is_uploaded_or_something_goes(void **state)
{
        struct fixture *f = *state;
        const struct clew_seal_options o = {.max_traces = 0};
        struct clew_seal_stats sealed;
        struct clew_error err = {0};

        assert_int_equal(send(f, &f->node, 1), 0);
        require(clew_store_seal(f->node.store, &o, &sealed, &err), &err);
        assert_int_equal(fresh(f, 1), 0);
        assert_int_equal(fresh(f, 2), -ENOENT);
        seal_and_sync(&f->node, false);
        assert_int_equal(fresh(f, 1), -ENOENT);
        assert_int_equal(send(f, &f->node, 2), 0);
        require(clew_store_seal(f->node.store, &o, &sealed, &err), &err);
        assert_int_equal(fresh(f, 2), 0);
        clew_tier_fresh_forget(f->node.tier, 1, f->node.tier->fresh_erased);
        assert_int_equal(fresh(f, 2), 0);
        clew_tier_fresh_forget(f->node.tier, 0, f->node.tier->fresh_erased + 1);
        assert_int_equal(fresh(f, 2), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        what_was_acknowledged_is_there_until_it_is_sealed_and_uploaded, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(
                        another_machine_has_it_and_the_first_acknowledges_nothing_more, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(
                        what_was_deleted_leaves_the_journal_and_the_rest_stays, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_damaged_object_is_named_and_the_others_are_taken_in, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        an_index_is_kept_until_it_is_uploaded_or_something_goes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_reader_has_it_until_the_catalog_has, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(
                        a_reader_of_a_writer_without_a_journal_is_not_covered, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_was_deleted_leaves_a_journal_that_was_found,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_sleeper_deletes_no_journal_that_another_takes_in,
                                                set_up, tear_down),
        };

        clew_index_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
