/*
 * Orders of other writers: their bytes and names, and how a writer takes one, says that it has done
 * it when the bucket has nothing of it, and takes away what all have done. What is redacted, by
 * whole programs: tests/integration/test-objects-redacted.
 */
#include "proto/base/mem.h"
#include "query/model/summary.h"
#include "storage/erase.h"
#include "storage/source/store-int.h"
#include "storage/tier/frame-int.h"
#include "storage/tier/tier-others-int.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ID 1796023746235502705ull
#define SECRET "needle in words"

/* ---- bytes ----------------------------------------------------------------------------------- */

static void names_are_read_as_they_are_written(void **state)
{
        static const char *const bad[] = {"",
                                          "a",
                                          "redact.",
                                          "redact.1",
                                          "redact.0179602374623550270x",
                                          "redact.01796023746235502705.a",
                                          "redact.99999999999999999999",
                                          "done.01796023746235502705.",
                                          "done.01796023746235502705.A",
                                          "done.01796023746235502705.a.b",
                                          "done.01796023746235502705a"};
        const struct clew_order_name good[] = {
                {.id = ID},
                {.id = UINT64_MAX},
                {.id = ID, .is_mark = true},
                {.id = 0, .is_mark = true, .writer = "a-1"},
                {.id = ID, .is_mark = true, .writer = "abcdefghijklmnopqrstuvwxyz012345"}};
        struct clew_order_name n;

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++)
                assert_false(clew_order_name_read(bad[i], &n));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(good); i++) {
                char name[CLEW_ORDER_NAME_MAX];

                clew_order_name(&good[i], name);
                assert_true(clew_order_name_read(strchr(name, '/') + 1, &n));
                assert_int_equal(n.id, good[i].id);
                assert_int_equal(n.is_mark, good[i].is_mark);
                assert_string_equal(n.writer, good[i].writer);
        }
}

static void any_other_byte_is_no_order(void **state)
{
        struct clew_order order = {
                .id = ID, .kind = CLEW_ORDER_TEXT, .by = "a", .what = CLEW_SLICE_LITERAL(SECRET)};
        CLEW_BUFFER bytes = {.max_bytes = 1024};
        struct clew_order again;

        (void)state;
        assert_int_equal(clew_order_encode(&order, &bytes), 0);
        assert_true(clew_order_decode(clew_buffer_slice(&bytes), &again));
        assert_true(again.id == ID && again.kind == CLEW_ORDER_TEXT);
        assert_string_equal(again.by, "a");
        assert_true(clew_slice_eq(again.what, order.what));
        for (size_t i = 0; i < bytes.len; i++) {
                assert_false(clew_order_decode(clew_slice_make(bytes.data, i), &again));
                bytes.data[i] ^= 0x20;
                assert_false(clew_order_decode(clew_buffer_slice(&bytes), &again));
                bytes.data[i] ^= 0x20;
        }
        order.what.len = CLEW_ORDER_WHAT_MAX + 1;
        assert_int_equal(clew_order_encode(&order, &bytes), -EMSGSIZE);
}

/* With a right checksum. */
static void what_is_out_of_bounds_is_no_order(void **state)
{
        const struct clew_order bad[] = {
                {.id = ID, .kind = CLEW_ORDER_TEXT, .by = "a"}, /* nothing is to go */
                {.id = ID, .kind = (enum clew_order_kind)4, .what = CLEW_SLICE_LITERAL(SECRET)},
                {.id = ID, .kind = (enum clew_order_kind)0, .what = CLEW_SLICE_LITERAL(SECRET)},
                {.id = ID, .kind = CLEW_ORDER_TEXT, .by = "A", .what = CLEW_SLICE_LITERAL("x")}};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++) {
                CLEW_BUFFER bytes = {.max_bytes = 1024};
                struct clew_order again;

                assert_int_equal(clew_order_encode(&bad[i], &bytes), 0);
                assert_false(clew_order_decode(clew_buffer_slice(&bytes), &again));
        }
}

static const char too_long[CLEW_ORDER_WHAT_MAX + 1];

/* As clew_order_encode() does, of any length. */
static void encode_long(size_t len, struct clew_buffer *out)
{
        size_t from = clew_frame_begin(out, "CLEWORD1");

        clew_buffer_append_varint(out, 1);
        clew_buffer_append_varint(out, ID);
        clew_buffer_append_varint(out, CLEW_ORDER_RULES);
        clew_buffer_append_varint(out, 0);
        clew_buffer_append_varint(out, len);
        clew_buffer_append(out, too_long, len);
        clew_frame_end(out, from);
        assert_int_equal(clew_buffer_error(out), 0);
}

static void one_is_as_large_as_it_may_be(void **state)
{
        CLEW_BUFFER bytes = {.max_bytes = CLEW_ORDER_OBJECT_MAX};
        CLEW_BUFFER same = {.max_bytes = CLEW_ORDER_OBJECT_MAX};
        struct clew_order order;

        (void)state;
        encode_long(CLEW_ORDER_WHAT_MAX, &bytes);
        assert_true(clew_order_decode(clew_buffer_slice(&bytes), &order));
        assert_int_equal(order.what.len, CLEW_ORDER_WHAT_MAX);
        assert_int_equal(clew_order_encode(&order, &same), 0);
        assert_true(clew_slice_eq(clew_buffer_slice(&same), clew_buffer_slice(&bytes)));
        clew_buffer_clear(&bytes);
        clew_buffer_clear(&same);
        order.what = clew_slice_make(too_long, sizeof(too_long));
        assert_int_equal(clew_order_encode(&order, &same), -EMSGSIZE);
        encode_long(CLEW_ORDER_WHAT_MAX + 1, &bytes);
        assert_false(clew_order_decode(clew_buffer_slice(&bytes), &order));
}

/* ---- two writers ----------------------------------------------------------------------------- */

struct writer {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_tier *tier;
        unsigned n_told;
        char told[200]; /* the last */
};

struct fixture {
        struct test_dir bucket_dir;
        char url[600];
        struct writer writers[2];
};

static void require(int r, const struct clew_error *err)
{
        if (r < 0)
                fail_msg("%s (%d)", err->message, r);
}

static void tell(void *context, const char *object, const char *what)
{
        struct writer *w = context;

        assert_null(strstr(object, SECRET));
        assert_null(strstr(what, SECRET));
        w->n_told++;
        snprintf(w->told, sizeof(w->told), "%s", what);
}

static int set_up(void **state)
{
        static const char *const names[] = {"a", "b"};
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT,
                                             .deriver = clew_model_deriver()};
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->bucket_dir);
        snprintf(f->url, sizeof(f->url), "dir://%s/b", f->bucket_dir.path);
        for (unsigned i = 0; i < 2; i++) {
                struct writer *w = &f->writers[i];
                const struct clew_tier_options tier = {
                        .url = f->url, .writer = names[i], .finding = tell, .context = w};
                struct clew_tier_stats stats;
                struct clew_error err = {0};

                test_dir_make(&w->dir);
                require(clew_store_open(w->dir.path, &o, &w->store, &err), &err);
                require(clew_tier_attach(w->store, &tier, &w->tier, &stats, &err), &err);
        }
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        for (unsigned i = 0; i < 2; i++) {
                clew_tier_free(f->writers[i].tier);
                clew_store_close(f->writers[i].store);
                test_dir_remove(&f->writers[i].dir);
        }
        test_dir_remove(&f->bucket_dir);
        clew_free(f);
        return 0;
}

/* As its uploader does, some seconds later. */
static void sync_now(struct writer *w)
{
        struct clew_tier_stats stats;
        struct clew_error err = {0};

        w->tier->look_ns = 0;
        require(clew_tier_sync(w->tier, NULL, NULL, &stats, &err), &err);
}

/* Objects whose names begin with @prefix, of orders. */
static unsigned count(struct fixture *f, const char *prefix)
{
        char path[700];
        unsigned n = 0;
        const struct dirent *e;
        DIR *d;

        snprintf(path, sizeof(path), "%s/b/writers", f->bucket_dir.path);
        d = opendir(path);
        assert_non_null(d);
        while ((e = readdir(d)) != NULL)
                n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
        closedir(d);
        return n;
}

static void put_object(struct fixture *f, const struct clew_order_name *n, const char *text)
{
        char name[CLEW_ORDER_NAME_MAX];
        char path[800];
        int fd;

        clew_order_name(n, name);
        snprintf(path, sizeof(path), "%s/b/%s", f->bucket_dir.path, name);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
}

static uint64_t give_text(struct writer *w, const char *text, uint64_t instead_of)
{
        struct clew_error err = {0};
        struct clew_order_told told;

        require(clew_order_tell(w->tier, CLEW_ORDER_TEXT, clew_slice_of_cstr(text), &told, &err),
                &err);
        assert_int_equal(told.instead_of, instead_of);
        assert_string_equal(told.others, w->tier->name[0] == 'a' ? "b" : "a");
        assert_int_not_equal(told.id, 0);
        return told.id;
}

static uint64_t give(struct writer *w)
{
        return give_text(w, SECRET, 0);
}

/* Takes the order that waits. */
static void take(struct writer *w, uint64_t id)
{
        CLEW_BUFFER bytes = {.max_bytes = CLEW_ORDER_OBJECT_MAX};
        struct clew_order order;

        assert_int_equal(clew_order_next(w->tier, &bytes, &order), 1);
        assert_int_equal(order.id, id);
        assert_int_equal(order.kind, CLEW_ORDER_TEXT);
        assert_true(clew_slice_eq(order.what, CLEW_SLICE_LITERAL(SECRET)));
        assert_int_equal(clew_order_next(w->tier, &bytes, &order), 0);
}

static void is_idle(struct writer *w)
{
        CLEW_BUFFER bytes = {.max_bytes = CLEW_ORDER_OBJECT_MAX};
        struct clew_order order;

        assert_int_equal(clew_order_next(w->tier, &bytes, &order), 0);
}

/* What is erased in the store is not yet in the bucket. */
static void erase(struct writer *w)
{
        const struct clew_rewrite_options o = {0};
        const struct clew_trace_id id = {{1}};
        struct clew_rewrite_stats stats;
        struct clew_error err = {0};

        require(clew_store_delete(w->store, &id, 1, &o, &stats, &err), &err);
}

static void settle(struct writer *w, uint64_t id, bool done)
{
        struct clew_error err = {0};

        require(clew_order_settle(w->tier, id, done, &err), &err);
}

static bool is_there(struct writer *w, uint64_t id, struct clew_order_state *s)
{
        struct clew_error err = {0};
        bool there = false;

        require(clew_order_look(w->tier, id, s, &there, &err), &err);
        return there;
}

static void an_order_goes_when_all_have_done_it(void **state)
{
        struct fixture *f = *state;
        struct writer *a = &f->writers[0];
        struct writer *b = &f->writers[1];
        char noted[CLEW_ORDER_NOTED_BYTES];
        struct clew_order_state s;
        uint64_t id = give(a);

        assert_true(is_there(a, id, &s) && s.waits_here);
        assert_string_equal(s.waits, "b");
        sync_now(a);
        sync_now(b);
        assert_true(clew_order_noted(b->tier, noted, sizeof(noted)));
        assert_non_null(strstr(noted, "waits for this store, a"));
        assert_null(strstr(noted, SECRET));
        take(a, id);
        take(b, id);
        /* b has done it, and its bucket has it yet. */
        erase(b);
        settle(b, id, true);
        clew_tier_orders_mark(b->tier);
        assert_int_equal(count(f, "done."), 0);
        sync_now(b); /* the version that does without it, then the mark */
        assert_int_equal(count(f, "done."), 1);
        assert_true(is_there(a, id, &s) && s.waits_here);
        assert_string_equal(s.waits, "");
        assert_string_equal(s.done, "b");
        is_idle(b);
        settle(a, id, true);
        sync_now(a);
        sync_now(a);
        assert_int_equal(count(f, "redact.") + count(f, "done."), 0);
        assert_false(is_there(a, id, &s));
        sync_now(b);
        assert_int_equal(count(f, "redact.") + count(f, "done."), 0);
        assert_int_equal(a->tier->orders.n + b->tier->orders.n, 0);
        assert_false(clew_order_noted(b->tier, noted, sizeof(noted)));
}

/* The later covers what has come since, also to who had done the earlier, which waits no more. */
static void what_is_said_twice_waits_once(void **state)
{
        struct fixture *f = *state;
        struct writer *a = &f->writers[0];
        struct writer *b = &f->writers[1];
        struct clew_error err = {0};
        struct clew_order_told told;
        struct clew_order_state s;
        uint64_t first = give(a);
        uint64_t other = give_text(a, "needle in word", 0);
        uint64_t same;
        uint64_t again;

        sync_now(b);
        settle(b, first, true);
        sync_now(b);
        assert_true(is_there(a, first, &s));
        assert_string_equal(s.done, "b");
        require(clew_order_tell(b->tier, CLEW_ORDER_RULES, CLEW_SLICE_LITERAL(SECRET), &told, &err),
                &err);
        assert_int_equal(told.instead_of, 0);
        require(clew_order_take_back(a->tier, told.id, &err), &err);
        again = give_text(b, SECRET, first); /* by whomever */
        assert_int_equal(count(f, "redact."), 2);
        assert_int_equal(count(f, "done."), 0);
        assert_false(is_there(a, first, &s));
        assert_true(is_there(a, again, &s) && s.waits_here);
        assert_string_equal(s.waits, "b");
        assert_true(is_there(a, other, &s));
        require(clew_order_find(a->tier, CLEW_ORDER_TEXT, CLEW_SLICE_LITERAL(SECRET), &same, &err),
                &err);
        assert_int_equal(same, again);
        require(clew_order_find(a->tier, CLEW_ORDER_NAMES, CLEW_SLICE_LITERAL(SECRET), &same, &err),
                &err);
        assert_int_equal(same, 0);
        require(clew_order_take_back(a->tier, other, &err), &err);
        sync_now(b);
        take(b, again);
        settle(b, first, true); /* what was under way is of no order any more */
        assert_int_equal(b->tier->orders.n, 1);
        settle(b, again, true);
        sync_now(b);
        assert_true(is_there(a, again, &s));
        assert_string_equal(s.done, "b");
}

/* Whatever of it may be in the bucket yet. */
static void nothing_says_it_is_done_while_something_is_left(void **state)
{
        struct fixture *f = *state;
        struct writer *b = &f->writers[1];
        struct clew_tier *t = b->tier;
        bool *const left[] = {
                &t->is_unsure,          /* a version of which it is not known whether it is there */
                &t->leaves_all,         /* objects that had it */
                &t->sweeps_beside,      /* parts that had it */
                &t->beside.is_refused}; /* those that cannot be written without it */
        uint64_t id = give(&f->writers[0]);
        uint64_t erased;

        sync_now(b);
        take(b, id);
        erase(b);
        settle(b, id, true);
        erased = t->orders.all[0].erased;
        assert_true(erased > t->catalog.erased);
        t->catalog.erased = erased - 1; /* of an erasure before it */
        clew_tier_orders_mark(t);
        assert_int_equal(count(f, "done."), 0);
        t->catalog.erased = erased;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(left); i++) {
                *left[i] = true;
                clew_tier_orders_mark(t);
                assert_int_equal(count(f, "done."), 0);
                *left[i] = false;
        }
        clew_tier_orders_mark(t);
        assert_int_equal(count(f, "done."), 1);
}

static void what_else_lies_beside_orders_has_names(void **state)
{
        static const char *const bad[] = {"back.",
                                          "back.00000000000000000001",
                                          "back.00000000000000000001.1",
                                          "back.00000000000000000001.000000000000000000023",
                                          "gone",
                                          "gone.A",
                                          "gone.a.b",
                                          "done.a"};
        const struct clew_order_back back = {.id = 7, .at_ns = 9};
        struct clew_order_back again;
        char name[CLEW_ORDER_NAME_MAX];
        char writer[CLEW_TIER_WRITER_BYTES];

        (void)state;
        clew_order_back_name(&back, name);
        assert_true(clew_order_back_read(name + strlen("writers/"), &again));
        assert_true(again.id == 7 && again.at_ns == 9);
        clew_order_gone_name("a-1", name);
        assert_string_equal(name, "writers/gone.a-1");
        assert_true(clew_order_gone_read(name + strlen("writers/"), writer));
        assert_string_equal(writer, "a-1");
        assert_true(clew_order_gone_read("gone.", writer));
        assert_string_equal(writer, "");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++) {
                assert_false(clew_order_back_read(bad[i], &again));
                assert_false(clew_order_gone_read(bad[i], writer));
        }
}

static void one_that_failed_is_tried_later_and_a_lost_mark_is_made_again(void **state)
{
        struct fixture *f = *state;
        struct writer *b = &f->writers[1];
        struct clew_order_name mark = {.is_mark = true, .writer = "b"};
        char noted[CLEW_ORDER_NOTED_BYTES];
        char name[CLEW_ORDER_NAME_MAX];
        char path[800];

        mark.id = give(&f->writers[0]);
        sync_now(b);
        take(b, mark.id);
        settle(b, mark.id, false);
        sync_now(b);
        is_idle(b);
        assert_true(clew_order_noted(b->tier, noted, sizeof(noted)));
        assert_non_null(strstr(noted, "could not do it"));
        b->tier->orders.all[0].not_before_ns = 0;
        take(b, mark.id);
        settle(b, mark.id, true);
        sync_now(b);
        assert_int_equal(count(f, "done."), 1);
        clew_order_name(&mark, name);
        snprintf(path, sizeof(path), "%s/b/%s", f->bucket_dir.path, name);
        assert_int_equal(unlink(path), 0);
        sync_now(b);
        sync_now(b);
        is_idle(b);
        assert_int_equal(count(f, "done."), 1);
}

static void what_is_no_order_is_told_once_and_what_is_over_goes(void **state)
{
        struct fixture *f = *state;
        struct writer *b = &f->writers[1];
        const struct clew_order_name bad = {.id = clew_clock_unix_ns(clew_clock_system())};
        const struct clew_order_name over = {.id = bad.id - CLEW_ORDER_FOR_NS};
        const struct clew_order_name orphan = {.id = bad.id - 5, .is_mark = true, .writer = "a"};

        put_object(f, &bad, "CLEWORD1 " SECRET);
        put_object(f, &over, "CLEWORD1 " SECRET);
        put_object(f, &orphan, "x");
        sync_now(b);
        sync_now(b);
        is_idle(b);
        assert_int_equal(b->n_told, 1);
        assert_int_equal(count(f, "redact."), 1);
        assert_int_equal(count(f, "done."), 0);
        require(clew_order_take_back(b->tier, bad.id, &(struct clew_error){0}),
                &(struct clew_error){0});
        assert_int_equal(count(f, "redact."), 0);
        assert_int_equal(clew_order_take_back(b->tier, bad.id, &(struct clew_error){0}), -ENOENT);
}

/* It is not fetched. */
static void what_is_larger_than_an_order_is_told(void **state)
{
        struct fixture *f = *state;
        struct writer *b = &f->writers[1];
        struct clew_order_name n = {.id = clew_clock_unix_ns(clew_clock_system())};
        CLEW_BUFFER text = {.max_bytes = CLEW_ORDER_OBJECT_MAX + 2};

        while (text.len < CLEW_ORDER_OBJECT_MAX)
                clew_buffer_append_byte(&text, 'x');
        clew_buffer_append_byte(&text, 0);
        put_object(f, &n, (const char *)text.data);
        sync_now(b);
        assert_int_equal(b->n_told, 1);
        assert_non_null(strstr(b->told, "is damaged"));
        n.id++;
        text.data[text.len - 1] = 'x';
        clew_buffer_append_byte(&text, 0);
        put_object(f, &n, (const char *)text.data);
        sync_now(b);
        assert_int_equal(b->n_told, 2);
        assert_string_equal(b->told, "is larger than an order");
        is_idle(b);
}

static int count_one(void *context, const struct clew_order_state *order)
{
        unsigned *n = context;

        assert_true(order->is_known && order->bytes == strlen(SECRET));
        assert_string_equal(order->by, "a");
        ++*n;
        return 0;
}

static void no_more_wait_than_may(void **state)
{
        struct fixture *f = *state;
        struct writer *a = &f->writers[0];
        struct clew_order_name more = {.id = 0};
        struct clew_order_told told;
        struct clew_error err = {0};
        unsigned n = 0;

        for (unsigned i = 0; i < CLEW_ORDERS_MAX; i++) {
                char text[] = SECRET;

                text[0] = (char)('0' + i);
                more.id = give_text(a, text, 0);
        }
        assert_int_equal(count(f, "redact."), CLEW_ORDERS_MAX);
        assert_int_equal(
                clew_order_tell(a->tier, CLEW_ORDER_TEXT, CLEW_SLICE_LITERAL(SECRET), &told, &err),
                -E2BIG);
        assert_int_equal(told.id, 0);
        require(clew_order_tell(a->tier, CLEW_ORDER_TEXT, CLEW_SLICE_NULL, &told, &err), &err);
        assert_string_equal(told.others, "b");
        require(clew_order_each(a->tier, count_one, &n, &err), &err);
        assert_int_equal(n, CLEW_ORDERS_MAX);
        sync_now(a);
        assert_int_equal(a->tier->orders.n, CLEW_ORDERS_MAX);
        assert_int_equal(a->n_told, 0);
        more.id++; /* by somebody who did not ask */
        put_object(f, &more, "x");
        sync_now(a);
        sync_now(a);
        assert_int_equal(a->tier->orders.n, CLEW_ORDERS_MAX);
        assert_int_equal(a->n_told, 1);
        assert_int_equal(clew_order_each(a->tier, count_one, &n, &err), 0);
        assert_int_equal(n, 2 * CLEW_ORDERS_MAX);
}

/* Marks by somebody who may write there; those of writers that are there are looked at. */
static void no_more_marks_are_looked_at_than_there_can_be(void **state)
{
        const size_t most = CLEW_ORDERS_MAX * (CLEW_TIER_WRITERS_MAX + 1);
        struct fixture *f = *state;
        struct clew_tier_others o;
        struct clew_error err = {0};

        clew_tier_others_init(&o, f->writers[0].tier);
        for (size_t i = 0; i < most + 3; i++) {
                const struct clew_order_name n = {.id = i, .is_mark = true};

                put_object(f, &n, "x");
        }
        require(clew_tier_others_list(&o, f->writers[0].tier->prefix, 0, &err), &err);
        assert_int_equal(clew_tier_others_n_seen(&o), most);
        assert_int_equal(o.n_left, 3);
        clew_tier_others_deinit(&o);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_else_lies_beside_orders_has_names),
                cmocka_unit_test(names_are_read_as_they_are_written),
                cmocka_unit_test(any_other_byte_is_no_order),
                cmocka_unit_test(what_is_out_of_bounds_is_no_order),
                cmocka_unit_test(one_is_as_large_as_it_may_be),
                cmocka_unit_test_setup_teardown(an_order_goes_when_all_have_done_it, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(what_is_said_twice_waits_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(nothing_says_it_is_done_while_something_is_left,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        one_that_failed_is_tried_later_and_a_lost_mark_is_made_again, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(what_is_no_order_is_told_once_and_what_is_over_goes,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_larger_than_an_order_is_told, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(no_more_wait_than_may, set_up, tear_down),
                cmocka_unit_test_setup_teardown(no_more_marks_are_looked_at_than_there_can_be,
                                                set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
