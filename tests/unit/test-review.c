/*
 * The review room without a terminal: statistics against figures worked out by hand, what counts of
 * annotations, items that read back, and records that are there but say nothing.
 */
#include "proto/base/mem.h"
#include "query/review/dataset.h"
#include "query/review/record.h"
#include "query/review/reviews.h"
#include "query/review/rubric.h"
#include "query/review/statistics.h"
#include "query/review/verify.h"
#include "storage/tier.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>

static void near(double a, double b)
{
        if (!(fabs(a - b) < 1e-9))
                fail_msg("%.12g is not %.12g", a, b);
}

static void test_statistics(void **state)
{
        const uint64_t table[] = {20, 5, 10, 15};
        const uint64_t agree[] = {5, 0, 0, 0};
        const double values[] = {1, 1, 1, 1};
        struct clew_interval in;
        double share;
        double *work = clew_calloc(CLEW_BOOTSTRAP_ROUNDS, sizeof(*work));

        (void)state;
        assert_non_null(work);
        near(clew_sign_test(7, 1), 18.0 / 256);
        near(clew_sign_test(1, 7), 18.0 / 256);
        near(clew_sign_test(0, 0), 1);
        near(clew_sign_test(3, 3), 1);
        near(clew_sign_test(0, 10), 2.0 / 1024);
        near(clew_pass_at(5, 2, 3), 0.9);
        near(clew_pass_at(5, 0, 1), 0);
        near(clew_pass_at(5, 5, 5), 1);
        near(clew_pass_all(5, 3, 2), 0.3);
        near(clew_pass_all(4, 1, 2), 0);
        assert_true(isnan(clew_pass_at(2, 1, 3)));
        near(clew_kappa(table, 2, &share, &in), 0.4);
        near(share, 0.7);
        /* As cohens_kappa() of statsmodels gives them for this table. */
        near(in.low, 0.151092290476661);
        near(in.high, 0.6489077095233389);
        assert_true(isnan(clew_kappa(agree, 2, &share, &in)));
        near(clew_bootstrap_mean(values, 4, 1, work, &in), 1);
        near(in.low, 1);
        near(in.high, 1);
        assert_true(isnan(clew_bootstrap_mean(values, 0, 1, work, &in)));
        clew_free(work);
}

static struct clew_store *open_store(const char *dir)
{
        struct clew_store_options o = {.mode = CLEW_STORE_WRITE};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        return store;
}

static struct clew_annotation labelled(const char *author, const char *label)
{
        struct clew_annotation a = {.author = clew_slice_of_cstr(author),
                                    .trace_id = {{1}},
                                    .has_labels = true,
                                    .n_labels = label ? 1 : 0};

        a.labels[0] = clew_slice_of_cstr(label);
        return a;
}

static void test_the_newest_counts(void **state)
{
        const struct clew_trace_id id = {{1}};
        struct clew_annotation all[] = {labelled("a", "x"), labelled("b", "y"), labelled("a", "z"),
                                        labelled("b", NULL)};
        struct clew_annotation undo = {
                .author = CLEW_SLICE_LITERAL("a"), .trace_id = id, .undo = 3};
        CLEW_ARENA arena = {0};
        CLEW_BUFFER differences = {0};
        struct clew_reviews r;
        struct clew_error err = {0};
        struct clew_store *store;
        struct clew_view *v = NULL;
        struct test_dir d;

        (void)state;
        clew_arena_init(&arena, 1u << 20);
        clew_buffer_init(&differences, 1u << 16);
        test_dir_make(&d);
        store = open_store(d.path);
        assert_int_equal(clew_reviews_add(store, all, 4, &err), 0);
        assert_int_equal(all[3].number, 4);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_reviews_of_trace(v, &id, &arena, &r, &err), 0);
        assert_int_equal(r.n_all, 4);
        assert_int_equal(r.n_now, 1);
        assert_true(clew_reviews_have_label(&r, CLEW_SLICE_LITERAL("z")));
        assert_int_equal(clew_reviews_differences(&r, &differences), 0);
        clew_view_close(v);
        assert_int_equal(clew_reviews_add(store, &undo, 1, &err), 0);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_reviews_of_trace(v, &id, &arena, &r, &err), 0);
        assert_true(clew_reviews_have_label(&r, CLEW_SLICE_LITERAL("x")));
        assert_false(clew_reviews_have_label(&r, CLEW_SLICE_LITERAL("z")));
        assert_int_equal(clew_view_is_held(v, &id, &err), 1);
        clew_view_close(v);
        clew_store_close(store);
        test_dir_remove(&d);
}

static void count(void *context, const char *object, const char *what)
{
        (void)object;
        (void)what;
        ++*(unsigned *)context;
}

/* An item whose body never came is whole to the store, and damage to us. */
static void test_a_missing_body_is_noticed(void **state)
{
        const struct clew_dataset made = {.name = CLEW_SLICE_LITERAL("d"),
                                          .author = CLEW_SLICE_LITERAL("a")};
        struct clew_item item = {.input_json = CLEW_SLICE_LITERAL("{\"q\":1}")};
        struct clew_dataset_news news;
        CLEW_ARENA arena = {0};
        struct clew_error err = {0};
        struct clew_store *store;
        struct clew_view *v = NULL;
        struct test_dir d;
        unsigned n = 0;

        (void)state;
        clew_arena_init(&arena, 1u << 20);
        test_dir_make(&d);
        store = open_store(d.path);
        assert_int_equal(clew_dataset_create(store, &made, &err), 0);
        assert_int_equal(clew_dataset_create(store, &made, &err), -EEXIST);
        assert_int_equal(clew_item_set_task(&item, &arena), 0);
        assert_int_equal(clew_dataset_prepare(&item, &arena, &news), 0);
        assert_int_equal(clew_dataset_add(store, made.name, &news, 1, made.author, 1, &err), 0);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_review_verify(v, count, &n), 1);
        assert_int_equal(n, 1);
        clew_view_close(v);
        assert_int_equal(clew_dataset_keep_bodies(store, &news, 1, &err), 0);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_review_verify(v, count, &n), 0);
        clew_view_close(v);
        clew_store_close(store);
        test_dir_remove(&d);
}

static void test_splits(void **state)
{
        struct clew_split s;
        struct clew_content_id task;
        unsigned n_test = 0;

        (void)state;
        assert_false(clew_split_parse(CLEW_SLICE_LITERAL("80/30"), &s));
        assert_false(clew_split_parse(CLEW_SLICE_LITERAL("100"), &s));
        assert_false(clew_split_parse(CLEW_SLICE_LITERAL("50/25/25/0"), &s));
        assert_true(clew_split_parse(CLEW_SLICE_LITERAL("80/20"), &s));
        for (unsigned i = 0; i < 1000; i++) {
                char text[16];
                const char *name;

                snprintf(text, sizeof(text), "%u", i);
                task = clew_content_id_of(clew_slice_of_cstr(text));
                name = clew_split_of(&s, &task);
                assert_ptr_equal(name, clew_split_of(&s, &task));
                n_test += strcmp(name, "test") == 0;
        }
        assert_in_range(n_test, 150, 250);
        s = (struct clew_split){0};
        assert_null(clew_split_of(&s, &task));
}

static int put_writer(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        const char *name = context;
        struct clew_review_key key = {.bytes = {CLEW_KIND_WRITER}, .len = 1};
        CLEW_BUFFER encoded = {0};

        clew_review_key_add(&key, clew_tier_numbers_of(clew_slice_of_cstr(name)));
        clew_buffer_init(&encoded, 256);
        assert_int_equal(clew_shelf_encode(clew_slice_of_cstr(name), &encoded), 0);
        return clew_shelf_add(shelf, clew_review_key_slice(&key), clew_buffer_slice(&encoded), err);
}

struct moving {
        uint64_t version;
        const char *writer; /* NULL = it goes */
};

/* A version of the own rubric becomes one as a reader has it of a writer. */
static int move_rubric(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        const struct moving *m = context;
        struct clew_content_id id = clew_content_id_of(clew_slice_of_cstr("tone"));
        struct clew_review_key own = clew_review_key_make(CLEW_KIND_RUBRIC, id.bytes);
        struct clew_review_key theirs = own;
        CLEW_BUFFER value = {0};
        CLEW_BUFFER encoded = {0};

        clew_review_key_add(&own, m->version);
        clew_buffer_init(&value, 65536);
        clew_buffer_init(&encoded, 65536);
        assert_int_equal(clew_shelf_get(shelf, clew_review_key_slice(&own), &value, err), 0);
        assert_int_equal(clew_shelf_encode(clew_buffer_slice(&value), &encoded), 0);
        assert_int_equal(clew_shelf_remove(shelf, clew_review_key_slice(&own), err), 0);
        if (!m->writer)
                return 0;
        clew_review_key_add(&theirs, clew_tier_numbers_of(clew_slice_of_cstr(m->writer)) | 1);
        return clew_shelf_add(shelf, clew_review_key_slice(&theirs), clew_buffer_slice(&encoded),
                              err);
}

static void check_rubric(struct clew_store *store, const char *name, int result, const char *text)
{
        struct clew_rubric found = {0};
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        CLEW_ARENA arena = {0};

        clew_arena_init(&arena, (size_t)1 << 20);
        assert_int_equal(clew_view_open(store, &view, &err), 0);
        assert_int_equal(clew_rubric_get(view, clew_slice_of_cstr(name), 0, &arena, &found, &err),
                         result);
        if (result == 0)
                assert_true(clew_slice_eq_cstr(found.text, text));
        if (result == -ESRCH)
                assert_string_equal(err.message, text);
        clew_view_close(view);
}

static void add_rubric(struct clew_store *store, const char *text)
{
        struct clew_rubric r = {.name = clew_slice_of_cstr("tone"),
                                .text = clew_slice_of_cstr(text),
                                .author = clew_slice_of_cstr("me")};
        struct clew_error err = {0};

        assert_int_equal(clew_rubric_add(store, &r, &err), 0);
}

/* Of several writers a name alone means that of the one without a name, or the only one. */
static void test_a_name_means_one_history(void **state)
{
        struct moving to_a = {1, "a"};
        struct moving to_b = {2, "b"};
        struct moving away = {3, NULL};
        struct test_dir d;
        struct clew_store *store;
        struct clew_error err = {0};
        char a[] = "a";
        char b[] = "b";

        (void)state;
        test_dir_make(&d);
        store = open_store(d.path);
        add_rubric(store, "of a");
        add_rubric(store, "of b");
        add_rubric(store, "of none");
        check_rubric(store, "@a:tone", -ENOENT, NULL);
        assert_int_equal(clew_store_shelve(store, put_writer, a, &err), 0);
        assert_int_equal(clew_store_shelve(store, put_writer, b, &err), 0);
        assert_int_equal(clew_store_shelve(store, move_rubric, &to_a, &err), 0);
        check_rubric(store, "tone", 0, "of none");
        check_rubric(store, "@a:tone", 0, "of a");
        check_rubric(store, "@b:tone", -ENOENT, NULL);
        check_rubric(store, "@c:tone", -ENOENT, NULL);
        assert_int_equal(clew_store_shelve(store, move_rubric, &to_b, &err), 0);
        assert_int_equal(clew_store_shelve(store, move_rubric, &away, &err), 0);
        check_rubric(store, "@a:tone", 0, "of a");
        check_rubric(store, "@b:tone", 0, "of b");
        check_rubric(store, "tone", -ESRCH,
                     clew_tier_numbers_of(clew_slice_of_cstr(a)) <
                                     clew_tier_numbers_of(clew_slice_of_cstr(b))
                             ? "2 writers have one of that name: @a:tone, @b:tone; say which"
                             : "2 writers have one of that name: @b:tone, @a:tone; say which");
        clew_store_close(store);
        test_dir_remove(&d);
}

static void check_name(const char *text, const char *writer, const char *name)
{
        struct clew_slice w;
        struct clew_slice n;
        bool is_one = clew_name_split(clew_slice_of_cstr(text), &w, &n);

        assert_int_equal(is_one, name != NULL);
        if (name) {
                assert_true(clew_slice_eq_cstr(w, writer));
                assert_true(clew_slice_eq_cstr(n, name));
        }
}

static void test_names_of_writers(void **state)
{
        struct clew_slice name;
        uint64_t version;

        (void)state;
        check_name("cases", "", "cases");
        check_name("a:cases", "", "a:cases");
        check_name("@a:cases", "a", "cases");
        check_name("@a:b:c", "a", "b:c");
        check_name("@a", NULL, NULL);
        check_name("@:cases", NULL, NULL);
        check_name("@a:", NULL, NULL);
        check_name("@a:b@2", NULL, NULL);
        check_name("", NULL, NULL);
        check_name("@", NULL, NULL);
        assert_true(clew_version_parse(clew_slice_of_cstr("@a:cases@7"), &name, &version));
        assert_true(clew_slice_eq_cstr(name, "@a:cases"));
        assert_int_equal(version, 7);
        assert_true(clew_version_parse(clew_slice_of_cstr("@a:cases"), &name, &version));
        assert_int_equal(version, 0);
        assert_false(clew_version_parse(clew_slice_of_cstr("@a:cases@x"), &name, &version));
        assert_false(clew_version_parse(clew_slice_of_cstr("@7"), &name, &version));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_statistics),
                cmocka_unit_test(test_the_newest_counts),
                cmocka_unit_test(test_a_missing_body_is_noticed),
                cmocka_unit_test(test_splits),
                cmocka_unit_test(test_a_name_means_one_history),
                cmocka_unit_test(test_names_of_writers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
