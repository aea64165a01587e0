/*
 * Records that are found by a name, when a redaction has changed it: all of that name move,
 * changed, to the key of the new one; nothing moves where the name is the same, or the new one is
 * taken.
 */
#include "query/review/rename-int.h"

#include "proto/base/mem.h"
#include "query/review/record.h"
#include "storage/store.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECRET "hunter2"
#define STAND_IN "#######"
#define OLD "of-" SECRET
#define NEW "of-" STAND_IN

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        void (*act)(struct fixture *f, struct clew_shelf *shelf);
        struct clew_error err;
        int fails; /* what changing a record gives; 0 = it is changed */
};

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));
        const struct clew_store_options o = {.mode = CLEW_STORE_WRITE};

        test_dir_make(&f->dir);
        assert_int_equal(clew_store_open(f->dir.path, &o, &f->store, &f->err), 0);
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

static int on_shelf(struct clew_shelf *shelf, void *context, struct clew_error *err)
{
        struct fixture *f = context;

        (void)err;
        f->act(f, shelf);
        return 0;
}

/* In one transaction, as a redaction does it. */
static void in_transaction(struct fixture *f,
                           void (*act)(struct fixture *f, struct clew_shelf *shelf))
{
        f->act = act;
        assert_int_equal(clew_store_shelve(f->store, on_shelf, f, &f->err), 0);
}

static struct clew_review_key key_of(char kind, const char *name, uint64_t number)
{
        struct clew_content_id id = clew_content_id_of(clew_slice_of_cstr(name));
        struct clew_review_key key = clew_review_key_make(kind, id.bytes);

        clew_review_key_add(&key, number);
        return key;
}

static struct clew_buffer record_of(char kind, const char *name, const char *note)
{
        struct clew_buffer b = {0};
        char body[200];

        snprintf(body, sizeof(body), "{\"note\":\"%s\",\"%s\":\"%s\"}", note,
                 kind == CLEW_KIND_SESSION ? "session" : "name", name);
        clew_buffer_init(&b, 4096);
        assert_int_equal(clew_review_seal(kind, clew_slice_of_cstr(body), &b), 0);
        return b;
}

static void add(struct clew_shelf *shelf, char kind, const char *name, uint64_t number)
{
        struct clew_review_key key = key_of(kind, name, number);
        struct clew_buffer b = record_of(kind, name, "so says " SECRET);
        struct clew_error err = {0};

        assert_int_equal(
                clew_shelf_add(shelf, clew_review_key_slice(&key), clew_buffer_slice(&b), &err), 0);
        clew_buffer_deinit(&b);
}

/* The value under the key; empty when there is none. */
static struct clew_buffer value_at(struct clew_shelf *shelf, const struct clew_review_key *key)
{
        struct clew_buffer value = {0};
        struct clew_error err = {0};
        int r;

        clew_buffer_init(&value, 65536);
        r = clew_shelf_get(shelf, clew_review_key_slice(key), &value, &err);
        assert_true(r == 0 || r == -ENOENT);
        return value;
}

static bool is_at(struct clew_shelf *shelf, char kind, const char *name, uint64_t number)
{
        struct clew_review_key key = key_of(kind, name, number);
        struct clew_buffer value = value_at(shelf, &key);
        bool is = value.len > 0;

        clew_buffer_deinit(&value);
        return is;
}

static int64_t change(void *context, uint8_t *value, size_t n)
{
        const struct fixture *f = context;
        int64_t found = 0;

        for (size_t i = 0; i + strlen(SECRET) <= n; i++) {
                if (memcmp(value + i, SECRET, strlen(SECRET)) != 0)
                        continue;
                memcpy(value + i, STAND_IN, strlen(STAND_IN));
                found++;
        }
        return f->fails < 0 ? f->fails : found;
}

/* As the redaction comes to record @number of that name: what it was, and what is to become of it.
 */
static int rename_key(struct fixture *f, struct clew_shelf *shelf,
                      const struct clew_review_key *key)
{
        const struct clew_rename how = {.change = change, .context = f};
        struct clew_buffer before = value_at(shelf, key);
        struct clew_buffer after = value_at(shelf, key);
        int fails = f->fails;
        int r;

        assert_true(before.len > 0);
        f->fails = 0;
        (void)change(f, after.data, after.len);
        f->fails = fails;
        r = clew_review_rename(shelf, clew_review_key_slice(key), clew_buffer_slice(&before),
                               clew_buffer_slice(&after), &how, &f->err);
        clew_buffer_deinit(&before);
        clew_buffer_deinit(&after);
        return r;
}

static int rename_at(struct fixture *f, struct clew_shelf *shelf, char kind, const char *name,
                     uint64_t number)
{
        struct clew_review_key key = key_of(kind, name, number);

        return rename_key(f, shelf, &key);
}

static void check_moved(struct clew_shelf *shelf, char kind, uint64_t number)
{
        struct clew_review_key key = key_of(kind, NEW, number);
        struct clew_buffer value = value_at(shelf, &key);
        struct clew_slice body;

        assert_false(is_at(shelf, kind, OLD, number));
        assert_true(clew_review_unseal(clew_buffer_slice(&value), kind, &body));
        assert_null(memmem(body.data, body.len, SECRET, strlen(SECRET)));
        assert_non_null(
                memmem(body.data, body.len, "so says " STAND_IN, strlen("so says " STAND_IN)));
        assert_non_null(memmem(body.data, body.len, "\"" NEW "\"", strlen("\"" NEW "\"")));
        clew_buffer_deinit(&value);
}

static void move_each_kind(struct fixture *f, struct clew_shelf *shelf)
{
        static const char kinds[] = {CLEW_KIND_RUBRIC, CLEW_KIND_DATASET, CLEW_KIND_EXPERIMENT,
                                     CLEW_KIND_SESSION};

        for (size_t k = 0; k < sizeof(kinds); k++) {
                for (uint64_t n = 1; n <= 3; n++)
                        add(shelf, kinds[k], OLD, n);
                add(shelf, kinds[k], "of-others", 1);
                /* The redaction comes to one of them; the others move with it. */
                assert_int_equal(rename_at(f, shelf, kinds[k], OLD, 2), 1);
                for (uint64_t n = 1; n <= 3; n++)
                        check_moved(shelf, kinds[k], n);
                assert_true(is_at(shelf, kinds[k], "of-others", 1));
        }
}

static void test_all_of_a_name_move(void **state)
{
        in_transaction(*state, move_each_kind);
}

/* What was said of a session is found by its number too: that says where it is now. */
static void move_session(struct fixture *f, struct clew_shelf *shelf)
{
        struct clew_review_key number = clew_review_key_number(7);
        struct clew_review_key old = key_of(CLEW_KIND_SESSION, OLD, 7);
        struct clew_review_key new = key_of(CLEW_KIND_SESSION, NEW, 7);
        struct clew_buffer encoded = {0};
        struct clew_buffer found;

        clew_buffer_init(&encoded, 4096);
        assert_int_equal(clew_shelf_encode(clew_review_key_slice(&old), &encoded), 0);
        assert_int_equal(clew_shelf_add(shelf, clew_review_key_slice(&number),
                                        clew_buffer_slice(&encoded), &f->err),
                         0);
        clew_buffer_deinit(&encoded);
        add(shelf, CLEW_KIND_SESSION, OLD, 7);
        assert_int_equal(rename_at(f, shelf, CLEW_KIND_SESSION, OLD, 7), 1);
        found = value_at(shelf, &number);
        assert_true(clew_slice_eq(clew_buffer_slice(&found), clew_review_key_slice(&new)));
        clew_buffer_deinit(&found);
        /* A dataset has no such number, and gets none. */
        number = clew_review_key_number(8);
        add(shelf, CLEW_KIND_DATASET, OLD, 8);
        assert_int_equal(rename_at(f, shelf, CLEW_KIND_DATASET, OLD, 8), 1);
        found = value_at(shelf, &number);
        assert_int_equal(found.len, 0);
        clew_buffer_deinit(&found);
}

static void test_a_number_leads_to_the_new_key(void **state)
{
        in_transaction(*state, move_session);
}

static void move_nothing(struct fixture *f, struct clew_shelf *shelf)
{
        struct clew_review_key wrong = key_of(CLEW_KIND_DATASET, "of-others", 1);
        struct clew_buffer record = record_of(CLEW_KIND_DATASET, OLD, "fine");

        /* A record that stands under the key of another name. */
        assert_int_equal(clew_shelf_add(shelf, clew_review_key_slice(&wrong),
                                        clew_buffer_slice(&record), &f->err),
                         0);
        clew_buffer_deinit(&record);
        assert_int_equal(rename_key(f, shelf, &wrong), 0);
        assert_true(is_at(shelf, CLEW_KIND_DATASET, "of-others", 1));
        /* The new name is taken: both stay, each under its key. */
        add(shelf, CLEW_KIND_DATASET, OLD, 1);
        add(shelf, CLEW_KIND_DATASET, NEW, 9);
        assert_int_equal(rename_at(f, shelf, CLEW_KIND_DATASET, OLD, 1), 0);
        assert_true(is_at(shelf, CLEW_KIND_DATASET, OLD, 1));
        assert_true(is_at(shelf, CLEW_KIND_DATASET, NEW, 9));
        assert_false(is_at(shelf, CLEW_KIND_DATASET, NEW, 1));
        /* Something else of it has changed. */
        add(shelf, CLEW_KIND_RUBRIC, "tone", 1);
        assert_int_equal(rename_at(f, shelf, CLEW_KIND_RUBRIC, "tone", 1), 0);
        assert_true(is_at(shelf, CLEW_KIND_RUBRIC, "tone", 1));
        /* A kind whose keys are made of no name. */
        add(shelf, CLEW_KIND_ANNOTATION, OLD, 1);
        assert_int_equal(rename_at(f, shelf, CLEW_KIND_ANNOTATION, OLD, 1), 0);
        assert_true(is_at(shelf, CLEW_KIND_ANNOTATION, OLD, 1));
}

static void test_what_stays(void **state)
{
        in_transaction(*state, move_nothing);
}

static void fail_to_move(struct fixture *f, struct clew_shelf *shelf)
{
        add(shelf, CLEW_KIND_EXPERIMENT, OLD, 1);
        f->fails = -ENOMEM;
        assert_int_equal(rename_at(f, shelf, CLEW_KIND_EXPERIMENT, OLD, 1), -ENOMEM);
        assert_non_null(strstr(f->err.message, "cannot be changed"));
        assert_true(is_at(shelf, CLEW_KIND_EXPERIMENT, OLD, 1));
}

static void test_an_error_is_passed_up(void **state)
{
        in_transaction(*state, fail_to_move);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_all_of_a_name_move, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_number_leads_to_the_new_key, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_what_stays, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_an_error_is_passed_up, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
