/*
 * Stores of older formats, kept in tests/fixtures/stores as the Clew of then wrote them: they are
 * read as they are, and a writer takes them over without losing anything.
 *
 * Each holds traces 1 (three spans, one of them hot beside two sealed ones) and 2 (sealed), 3 (two
 * fragments) and 4 hot, and a log record without a trace. In format-2 trace 1 has moved out of the
 * segment in which trace 2 stays. format-3 and format-4 are the same and have two notes on trace 2;
 * format-4 has an index of each segment; format-5 is that one as the Clew of then took it over.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"
#include "storage/base/env-int.h"
#include "storage/store.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <zstd.h>

#define FILE_MAX ((size_t)1 << 20)
#define FORMAT_NOW 6

static const unsigned spans_of[] = {0, 3, 1, 2, 1};

static void unpack(const char *name, const char *dir)
{
        static uint8_t packed[FILE_MAX];
        static uint8_t plain[FILE_MAX];
        const char *root = getenv("CLEW_SOURCE_ROOT");
        char path[1024];
        FILE *f;
        size_t n;

        snprintf(path, sizeof(path), "%s/tests/fixtures/stores/%s", root ? root : ".", name);
        f = fopen(path, "rb");
        assert_non_null(f);
        n = fread(packed, 1, sizeof(packed), f);
        fclose(f);
        n = ZSTD_decompress(plain, sizeof(plain), packed, n);
        assert_false(ZSTD_isError(n));
        snprintf(path, sizeof(path), "%s/data.mdb", dir);
        f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(plain, 1, n, f), n);
        fclose(f);
        assert_int_equal(chmod(path, 0600), 0);
}

static struct clew_store *open_store(const char *dir, enum clew_store_mode mode)
{
        struct clew_store_options o = {.mode = mode};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        return store;
}

static unsigned count_spans(struct clew_slice traces)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_slice raw;
        unsigned n = 0;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

/* All is there, @more spans in trace 3 on top. */
static void check(struct clew_store *store, uint32_t format, uint64_t hot_fragments, unsigned more)
{
        struct clew_trace_id nobody = {{0}};
        struct clew_trace_data data = {0};
        struct clew_store_stats stats;
        struct clew_list_entry e;
        struct clew_error err = {0};
        struct clew_view *v = NULL;
        unsigned n = 0;

        assert_int_equal(clew_view_open(store, &v, &err), 0);
        for (uint32_t t = 1; t <= 4; t++) {
                struct clew_trace_id id = test_trace_id(t);
                struct clew_trace_id found;

                if (clew_view_load(v, &id, &data, &err) < 0)
                        fail_msg("load %u: %s", t, err.message);
                assert_int_equal(count_spans(data.traces), spans_of[t] + (t == 3 ? more : 0));
                assert_int_equal(clew_view_find(v, &id, 32, &found, 1, &err), 1);
                assert_int_equal(clew_view_entry(v, &id, &e, &err), 0);
                assert_true(e.start_ns == 1000000u * (t + 1));
        }
        assert_int_equal(clew_view_load(v, &nobody, &data, &err), 0);
        assert_true(data.logs.len > 0);
        assert_int_equal(clew_view_list(v, NULL, &err), 0);
        while (clew_view_next(v, &e, &err) == 1)
                n++;
        assert_int_equal(n, 4);
        assert_int_equal(clew_view_stats(v, &stats, &err), 0);
        assert_int_equal(stats.format_version, format);
        assert_int_equal(stats.spans, 7 + more);
        assert_int_equal(stats.hot_fragments, hot_fragments);
        clew_view_close(v);
}

static void on_finding(void *context, const char *object, const char *what)
{
        (void)context;
        printf("# finding: %s: %s\n", object, what);
}

static void verify(const char *dir)
{
        struct clew_error err = {0};

        assert_int_equal(clew_store_verify(dir, on_finding, NULL, &err), 0);
}

/* One more span of trace 3. */
static void append(struct clew_store *store, uint32_t number)
{
        struct test_span span = {.trace_id = test_trace_id(3),
                                 .span_id = test_span_id(number),
                                 .name = "new",
                                 .start_ns = 4000000 + number,
                                 .end_ns = 4000100};

        assert_int_equal(test_store_append(store, "b", &span, 5), 0);
}

static void seal_all(struct clew_store *store)
{
        struct clew_seal_options o = {0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        if (clew_store_seal(store, &o, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
        assert_int_equal(stats.damaged, 0);
}

static void take_over(uint32_t format, const char *name)
{
        struct clew_store *store;
        struct test_dir dir;

        test_dir_make(&dir);
        unpack(name, dir.path);
        verify(dir.path);
        store = open_store(dir.path, CLEW_STORE_READ);
        check(store, format, 5, 0);
        clew_store_close(store);
        /* A writer makes it the present format; the fragments stay where they are until they are
         * sealed. */
        store = open_store(dir.path, CLEW_STORE_COLLECT);
        check(store, FORMAT_NOW, 5, 0);
        append(store, 100);
        append(store, 101);
        check(store, FORMAT_NOW, 7, 2);
        clew_store_close(store);
        verify(dir.path);
        store = open_store(dir.path, CLEW_STORE_COLLECT);
        check(store, FORMAT_NOW, 7, 2);
        seal_all(store);
        check(store, FORMAT_NOW, 0, 2);
        append(store, 102);
        clew_store_close(store);
        verify(dir.path);
        store = open_store(dir.path, CLEW_STORE_READ);
        check(store, FORMAT_NOW, 1, 3);
        clew_store_close(store);
        test_dir_remove(&dir);
}

static void test_format_1(void **state)
{
        (void)state;
        take_over(1, "format-1.mdb.zst");
}

/* The notes of a store from format 3 on; they are counted from format 5 on. */
static void check_notes(const char *dir)
{
        struct clew_trace_id id = test_trace_id(2);
        struct clew_store *store = open_store(dir, CLEW_STORE_COLLECT);
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        struct clew_slice note;

        assert_int_equal(clew_store_add_note(store, &id, CLEW_SLICE_LITERAL("third"), &err), 0);
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_view_note(v, &id, 0, &note, &err), 0);
        assert_true(clew_slice_eq_cstr(note, "first"));
        assert_int_equal(clew_view_note(v, &id, 1, &note, &err), 0);
        assert_int_equal(clew_view_note(v, &id, 2, &note, &err), 0);
        assert_true(clew_slice_eq_cstr(note, "third"));
        assert_int_equal(clew_view_note(v, &id, 3, &note, &err), -ENOENT);
        clew_view_close(v);
        clew_store_close(store);
        verify(dir);
}

static void take_over_with_notes(uint32_t format, const char *name)
{
        struct test_dir dir;

        take_over(format, name);
        test_dir_make(&dir);
        unpack(name, dir.path);
        check_notes(dir.path);
        test_dir_remove(&dir);
}

static void test_format_3(void **state)
{
        (void)state;
        take_over_with_notes(3, "format-3.mdb.zst");
}

static void test_format_4(void **state)
{
        (void)state;
        take_over_with_notes(4, "format-4.mdb.zst");
}

static void test_format_5(void **state)
{
        (void)state;
        take_over_with_notes(5, "format-5.mdb.zst");
}

/* Writes the record of the format as a later Clew would. */
static void raise_format(const char *dir, uint64_t version)
{
        struct clew_store_options o = {.mode = CLEW_STORE_WRITE};
        struct clew_env *env = NULL;
        struct clew_error err = {0};
        MDB_txn *txn = NULL;
        CLEW_BUFFER b = {0};
        struct clew_slice value;

        clew_buffer_init(&b, 100);
        clew_buffer_append(&b, "clew store", sizeof("clew store"));
        clew_buffer_append_varint(&b, version);
        clew_buffer_append_varint(&b, 4096);
        clew_buffer_append_varint(&b, 1);
        value = clew_buffer_slice(&b);
        assert_int_equal(clew_env_open(dir, &o, &env, &err), 0);
        assert_int_equal(clew_txn_begin_write(env, &txn, &err), 0);
        assert_int_equal(clew_table_put(env, txn, CLEW_TABLE_META, CLEW_SLICE_LITERAL("format"),
                                        &value, 1, &err),
                         0);
        assert_int_equal(clew_txn_commit(env, txn, &err), 0);
        clew_env_close(env);
}

static uint64_t digest_of(const char *dir)
{
        static uint8_t bytes[FILE_MAX];
        char path[1024];
        size_t n;
        FILE *f;

        snprintf(path, sizeof(path), "%s/data.mdb", dir);
        f = fopen(path, "rb");
        assert_non_null(f);
        n = fread(bytes, 1, sizeof(bytes), f);
        fclose(f);
        return clew_hash(clew_slice_make(bytes, n));
}

/* A store of a later format is refused with a clear word, and not touched. */
static void test_later_format(void **state)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};
        enum clew_store_mode modes[] = {CLEW_STORE_READ, CLEW_STORE_WRITE, CLEW_STORE_COLLECT};
        struct clew_store *store;
        struct test_dir dir;

        (void)state;
        test_dir_make(&dir);
        unpack("format-2.mdb.zst", dir.path);
        raise_format(dir.path, FORMAT_NOW + 1);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(modes); i++) {
                struct clew_error err = {0};
                uint64_t before = digest_of(dir.path);

                o.mode = modes[i];
                store = NULL;
                assert_int_equal(clew_store_open(dir.path, &o, &store, &err), -EPROTONOSUPPORT);
                assert_non_null(strstr(err.message, "format version 7"));
                assert_non_null(strstr(err.message, "use the Clew that wrote it"));
                assert_true(digest_of(dir.path) == before);
        }
        test_dir_remove(&dir);
}

static void test_format_2(void **state)
{
        (void)state;
        take_over(2, "format-2.mdb.zst");
}

/* Taking over is one transaction: when it fails, the store is what it was. */
static void test_taking_over_fails(void **state)
{
        enum { TRIES_MAX = 200 };
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};
        bool failed = true;
        unsigned n = 0;

        (void)state;
        for (uint64_t k = 1; failed; k++) {
                struct clew_store *store = NULL;
                struct clew_error err = {0};
                struct test_dir dir;

                assert_true(k < TRIES_MAX);
                test_dir_make(&dir);
                unpack("format-1.mdb.zst", dir.path);
                clew_mem_fail_at(k, 1);
                failed = clew_store_open(dir.path, &o, &store, &err) < 0;
                clew_mem_fail_at(0, 0);
                clew_store_close(store);
                verify(dir.path);
                store = open_store(dir.path, CLEW_STORE_READ);
                check(store, failed ? 1 : FORMAT_NOW, 5, 0);
                clew_store_close(store);
                test_dir_remove(&dir);
                n += failed;
        }
        assert_true(n > 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_format_1),          cmocka_unit_test(test_format_2),
                cmocka_unit_test(test_format_3),          cmocka_unit_test(test_format_4),
                cmocka_unit_test(test_format_5),          cmocka_unit_test(test_later_format),
                cmocka_unit_test(test_taking_over_fails),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
