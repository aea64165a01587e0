/*
 * Lists with much that is hot: the order is that of the starts as single traces tell them, from
 * wherever the walk begins, also of traces that are sealed too and began earlier than what is hot
 * of them; and a walk over indexes counts each trace once. Short ids name one
 * trace among all.
 */
#include "storage/hot/hot-int.h"
#include "storage/source/store-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/temp-dir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
        SEALED = 700, /* traces 0 .. 699 */
        LATE = 200,   /* of them have something hot too */
        HOT = 6000,   /* more than are put in order at once */
        TRACES = SEALED + HOT,
        STARTS = 3000, /* several traces begin at once */
        BASE = 1000000,
};

static int derive(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                  struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns,
                  struct clew_index_sink *sink)
{
        (void)context;
        (void)traces;
        (void)logs;
        (void)ret_start_ns;
        clew_buffer_append_byte(out, 1);
        if (sink)
                clew_index_add(sink, CLEW_INDEX_FACET,
                               id->bytes[15] % 3 == 0 ? CLEW_SLICE_LITERAL("third")
                                                      : CLEW_SLICE_LITERAL("other"));
        return 0;
}

static int derive_plain(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                        struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        return derive(context, id, traces, logs, out, ret_start_ns, NULL);
}

static const struct clew_deriver deriver = {
        .version = 1, .summarize = derive_plain, .summarize_indexed = derive, .index_version = 1};

static struct clew_store *open_store(const char *dir)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT, .deriver = &deriver};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        return store;
}

/* Ids all over the trace index. */
static struct clew_trace_id id_of(uint32_t trace)
{
        struct clew_trace_id id = test_trace_id(trace);
        struct test_random mixed = {trace};
        uint64_t spread = test_random_next(&mixed);

        memcpy(id.bytes, &spread, sizeof(spread));
        return id;
}

/* One span of each trace from @from up to @to, each @step-th, in one transaction. */
static void append(struct clew_store *store, struct test_random *random, uint32_t from, uint32_t to,
                   uint32_t step, uint32_t span)
{
        struct clew_fragment_encoder *encoder = clew_fragment_encoder_new();
        struct clew_fragment *fragments = calloc(TRACES, sizeof(*fragments));
        struct clew_otlp_batch batch;
        struct clew_error err = {0};
        CLEW_ARENA arena = {0};
        CLEW_BUFFER request = {0};
        CLEW_BUFFER bytes = {0};
        size_t n = 0;

        assert_non_null(encoder);
        assert_non_null(fragments);
        clew_arena_init(&arena, (size_t)64 << 20);
        clew_buffer_init(&bytes, (size_t)64 << 20);
        clew_buffer_init(&request, (size_t)64 << 20);
        assert_non_null(clew_buffer_reserve(&bytes, (size_t)32 << 20));
        for (uint32_t i = from; i < to; i += step) {
                uint64_t start = BASE + test_random_below(random, STARTS);
                struct test_span s = {.trace_id = id_of(i),
                                      .span_id = test_span_id(i * 8 + span),
                                      .name = "s",
                                      .start_ns = start,
                                      .end_ns = start + 10};

                test_put_traces(&request, "service", &s, 1);
        }
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&request), CLEW_OTLP_TRACES, &arena, &batch, &err),
                0);
        for (uint32_t i = 0; i < batch.n_traces; i++) {
                size_t at = bytes.len;

                assert_int_equal(clew_fragment_encode(encoder, &batch, &batch.traces[i], 5, &bytes),
                                 0);
                fragments[n++] = (struct clew_fragment){
                        .trace_id = batch.traces[i].id,
                        .bytes = clew_slice_make(bytes.data + at, bytes.len - at)};
        }
        if (clew_store_append(store, fragments, n, &err) < 0)
                fail_msg("append: %s", err.message);
        free(fragments);
        clew_fragment_encoder_free(encoder);
}

static void seal(struct clew_store *store)
{
        struct clew_seal_options o = {0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        do {
                if (clew_store_seal(store, &o, &stats, &err) < 0)
                        fail_msg("seal: %s", err.message);
        } while (stats.more);
}

static void build(struct clew_store *store, struct test_random *random)
{
        append(store, random, 0, SEALED, 1, 1);
        seal(store);
        append(store, random, 0, LATE, 1, 2);
        append(store, random, SEALED, TRACES, 1, 3);
        append(store, random, SEALED, TRACES, 7, 4); /* in two pieces */
        append(store, random, 0, LATE, 5, 5);
}

/* ---- what is right --------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
        const struct clew_list_entry *x = a;
        const struct clew_list_entry *y = b;

        if (x->start_ns != y->start_ns)
                return x->start_ns > y->start_ns ? -1 : 1;
        return memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));
}

static struct clew_list_entry *expected(struct clew_store *store)
{
        struct clew_list_entry *all = calloc(TRACES, sizeof(*all));
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        struct clew_hot_list *hot;

        assert_non_null(all);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_view_hot(v, NULL, &hot, &err), 0);
        assert_int_equal(hot->n, HOT + LATE);
        for (uint32_t i = 0; i < TRACES; i++) {
                struct clew_trace_id id = id_of(i);
                struct clew_place place;
                const struct clew_hot_trace *t = clew_hot_find(hot, &id);
                int r = clew_place_read(store->env, v->txn, &id, &place, &err);

                all[i] = (struct clew_list_entry){.id = id, .hot = t != NULL};
                assert_int_equal(r, i < SEALED ? 0 : -ENOENT);
                assert_true(t != NULL || r == 0);
                all[i].start_ns = t ? t->min_start_ns : place.start_ns;
                if (r == 0 && place.start_ns < all[i].start_ns)
                        all[i].start_ns = place.start_ns;
        }
        clew_view_close(v);
        qsort(all, TRACES, sizeof(*all), by_place);
        return all;
}

/* ---- walks ----------------------------------------------------------------------------------- */

static const char *wanted; /* a key, "" = none is chosen */

static int choose(void *context, struct clew_index_run *run, struct clew_index_set *ret,
                  struct clew_index_set *sure, struct clew_error *err)
{
        int r = clew_index_find(run, CLEW_INDEX_FACET, clew_slice_of_cstr(wanted), ret, err);

        (void)context;
        (void)sure;
        return r < 0 ? r : 0;
}

static bool is_chosen(const struct clew_list_entry *e)
{
        return e->hot ||
               (wanted[0] && (e->id.bytes[15] % 3 == 0) == (strcmp(wanted, "third") == 0));
}

/* Walks behind @all[at - 1]: everything, or by an index up to @since_ns. */
static void walk(struct clew_view *v, const struct clew_list_entry *all, uint32_t at, bool by_index,
                 uint64_t since_ns)
{
        const struct clew_index_chooser chooser = {
                .version = 1, .choose = choose, .since_ns = since_ns};
        const struct clew_list_entry *after = at > 0 ? &all[at - 1] : NULL;
        struct clew_list_entry e;
        struct clew_error err = {0};
        uint64_t given = 0;
        uint64_t total = 0;
        int r = by_index ? clew_view_list_chosen(v, after, &chooser, &err)
                         : clew_view_list(v, after, &err);

        assert_int_equal(r, 0);
        for (; at < TRACES && all[at].start_ns >= since_ns; at++) {
                total++;
                if (by_index && !is_chosen(&all[at]))
                        continue;
                given++;
                r = clew_view_next(v, &e, &err);
                if (r != 1)
                        fail_msg("walk: %d %s", r, err.message);
                assert_memory_equal(e.id.bytes, all[at].id.bytes, sizeof(e.id.bytes));
                assert_true(e.start_ns == all[at].start_ns);
                assert_int_equal(e.hot, all[at].hot);
        }
        r = clew_view_next(v, &e, &err);
        assert_true(r == 0 || (r == 1 && e.start_ns < since_ns));
        if (!by_index)
                return;
        assert_true(clew_view_index_use(v)->used);
        assert_int_equal(clew_view_settle_index_use(v, &err), 0);
        assert_int_equal(clew_view_settle_index_use(v, &err), 0); /* once */
        if (r == 0)
                assert_int_equal(clew_view_index_use(v)->left_out, total - given);
}

static void test_order(void **state)
{
        struct test_random random = test_random_seeded("order of what is hot");
        struct test_dir dir;
        struct clew_store *store;
        struct clew_list_entry *all;

        (void)state;
        test_dir_make(&dir);
        store = open_store(dir.path);
        build(store, &random);
        all = expected(store);
        for (unsigned i = 0; i < 40; i++) {
                static const char *const keys[] = {"", "third", "other"};
                uint32_t at = i < 4 ? 0 : (uint32_t)test_random_below(&random, TRACES);
                uint64_t since = i % 3 ? BASE + test_random_below(&random, STARTS) : 0;
                struct clew_view *v = NULL;
                struct clew_error err = {0};

                wanted = keys[i % 3];
                assert_int_equal(clew_view_open(store, &v, &err), 0);
                walk(v, all, at, i % 2 == 1, i % 2 == 1 ? since : 0);
                walk(v, all, at / 2, i % 4 < 2, 0); /* once more in the same view */
                clew_view_close(v);
        }
        free(all);
        clew_store_close(store);
        test_dir_remove(&dir);
}

/* ---- short ids ------------------------------------------------------------------------------- */

static unsigned digit(const struct clew_trace_id *id, unsigned i)
{
        return i % 2 ? id->bytes[i / 2] & 15u : id->bytes[i / 2] >> 4;
}

/* What names @id alone among @all, with @min digits at least. */
static unsigned shortest(const struct clew_list_entry *all, const struct clew_trace_id *id,
                         unsigned min)
{
        for (uint32_t i = 0; i < TRACES; i++) {
                unsigned same = 0;

                if (clew_trace_id_eq(&all[i].id, id))
                        continue;
                while (digit(&all[i].id, same) == digit(id, same))
                        same++;
                min = same + 1 > min ? same + 1 : min;
        }
        return min;
}

static void test_short_ids(void **state)
{
        struct test_random random = test_random_seeded("short ids");
        struct clew_list_entry *all;
        struct clew_trace_id ids[50];
        unsigned digits[50];
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        struct clew_store *store;
        struct test_dir dir;

        (void)state;
        test_dir_make(&dir);
        store = open_store(dir.path);
        build(store, &random);
        all = expected(store);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        for (unsigned min = 1; min <= 8; min++) {
                uint32_t n = min % 3 == 0 ? 1 : 50;
                uint64_t first = test_random_below(&random, TRACES);

                for (uint32_t i = 0; i < n; i++)
                        /* Some of them three times and more. */
                        ids[i] = all[(first + (min % 2 ? i : i / 4) * 131) % TRACES].id;
                assert_int_equal(clew_view_shortest(v, ids, n, min, digits, &err), 0);
                for (uint32_t i = 0; i < n; i++)
                        assert_int_equal(digits[i], shortest(all, &ids[i], min));
        }
        clew_view_close(v);
        free(all);
        clew_store_close(store);
        test_dir_remove(&dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_order),
                                           cmocka_unit_test(test_short_ids)};

        return cmocka_run_group_tests_name("hot-order", tests, NULL, NULL);
}
