/*
 * One direct test for each check that guards what is stored. Damage is made where LMDB would make
 * it: in a page of a write transaction that is then committed, or in the file. tests/mutants takes
 * each of these checks away and demands that a test here notices.
 */
#include "proto/base/cursor.h"
#include "proto/base/mem.h"
#include "storage/base/meta-pages-int.h"
#include "storage/base/place-int.h"
#include "storage/base/record-int.h"
#include "storage/hot/hot-int.h"
#include "storage/object/objects-int.h"
#include "storage/sealed/segment-int.h"
#include "storage/source/store-int.h"
#include "tests/lib/otlp-build.h"
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_error err;
        int runs; /* of the hook */
};

/* ---- what is synced ---------------------------------------------------------------------------
 */

static char watched[512]; /* the directory of a store that is being made */
static unsigned synced_with_sign;
static unsigned synced_without;
static unsigned synced_parent;

/* In the place of libc's: every sync of the store's directory is counted. */
int fsync(int fd)
{
        struct stat st;
        struct stat dir;
        char path[600];

        if (watched[0] && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
                if (stat(watched, &dir) == 0 && dir.st_ino == st.st_ino) {
                        snprintf(path, sizeof(path), "%s/creating", watched);
                        if (access(path, F_OK) == 0)
                                synced_with_sign++;
                        else
                                synced_without++;
                } else {
                        synced_parent++;
                }
        }
        return (int)syscall(SYS_fsync, fd);
}

/* ---- the fixture ------------------------------------------------------------------------------
 */

static void open_store(struct fixture *f)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};

        if (clew_store_open(f->dir.path, &o, &f->store, &f->err) < 0)
                fail_msg("open: %s", f->err.message);
}

static void append(struct fixture *f, uint32_t trace, uint32_t span)
{
        struct test_span s = {.trace_id = test_trace_id(trace),
                              .span_id = test_span_id(span),
                              .name = "needle in a page",
                              .start_ns = 1000 + trace,
                              .end_ns = 2000 + span};

        assert_int_equal(test_store_append(f->store, "a", &s, 1), 0);
}

static struct clew_seal_stats seal_with(struct fixture *f, const struct clew_seal_options *o)
{
        struct clew_seal_stats stats = {0};

        if (clew_store_seal(f->store, o, &stats, &f->err) < 0)
                fail_msg("seal: %s", f->err.message);
        return stats;
}

static void seal(struct fixture *f)
{
        (void)seal_with(f, &(struct clew_seal_options){0});
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->dir);
        open_store(f);
        append(f, 1, 1);
        append(f, 2, 1);
        seal(f);
        append(f, 3, 1);
        append(f, 4, 1);
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

static MDB_txn *begin(struct fixture *f)
{
        MDB_txn *txn = NULL;

        if (clew_txn_begin_write(f->store->env, &txn, &f->err) < 0)
                fail_msg("%s", f->err.message);
        return txn;
}

static void commit(struct fixture *f, MDB_txn *txn)
{
        if (clew_txn_commit(f->store->env, txn, &f->err) < 0)
                fail_msg("%s", f->err.message);
}

static struct clew_view *view(struct fixture *f)
{
        struct clew_view *v = NULL;

        if (clew_view_open(f->store, &v, &f->err) < 0)
                fail_msg("view: %s", f->err.message);
        return v;
}

static int walk(struct fixture *f)
{
        struct clew_view *v = view(f);
        struct clew_list_entry e;
        int r = clew_view_list(v, NULL, &f->err);

        while (r >= 0 && (r = clew_view_next(v, &e, &f->err)) == 1)
                ;
        clew_view_close(v);
        return r;
}

static int load(struct fixture *f, uint32_t trace)
{
        struct clew_trace_id id = test_trace_id(trace);
        struct clew_trace_data data;
        struct clew_view *v = view(f);
        int r = clew_view_load(v, &id, &data, &f->err);

        clew_view_close(v);
        return r;
}

static void assert_says(struct fixture *f, const char *part)
{
        if (!strstr(f->err.message, part))
                fail_msg("\"%s\" is not in: %s", part, f->err.message);
}

/* Puts record "k" of table note and hands its stored value, in a page that may be written to. */
static uint8_t *put_note(struct fixture *f, MDB_txn *txn, const char *key, const char *value)
{
        struct clew_slice k = clew_slice_of_cstr(key);
        struct clew_slice v = clew_slice_of_cstr(value);
        struct clew_slice stored;

        assert_int_equal(clew_table_put(f->store->env, txn, CLEW_TABLE_NOTE, k, &v, 1, &f->err), 0);
        assert_int_equal(clew_table_peek(f->store->env, txn, CLEW_TABLE_NOTE, k, &stored, &f->err),
                         0);
        return (uint8_t *)(uintptr_t)stored.data;
}

/* ---- records ----------------------------------------------------------------------------------
 */

static int get_note(struct fixture *f, const char *key)
{
        struct clew_slice value;
        MDB_txn *txn = NULL;
        int r;

        assert_int_equal(clew_txn_begin_read(f->store->env, &txn, &f->err), 0);
        r = clew_table_get(f->store->env, txn, CLEW_TABLE_NOTE, clew_slice_of_cstr(key), &value,
                           &f->err);
        clew_txn_end_read(f->store->env, txn);
        return r;
}

static int scan_notes(struct fixture *f, bool unchecked)
{
        CLEW_SCAN scan = {0};
        MDB_txn *txn = NULL;
        int r;

        assert_int_equal(clew_txn_begin_read(f->store->env, &txn, &f->err), 0);
        r = clew_scan_open(f->store->env, txn, CLEW_TABLE_NOTE, &scan, &f->err);
        scan.unchecked = unchecked;
        while (r >= 0 && (r = clew_scan_next(&scan, &f->err)) == 1)
                ;
        clew_scan_close(&scan);
        clew_txn_end_read(f->store->env, txn);
        return r;
}

static void test_record_checksum(void **state)
{
        struct fixture *f = *state;
        MDB_txn *txn = begin(f);

        put_note(f, txn, "a", "as written")[3] ^= 1;
        (void)put_note(f, txn, "b", "as written");
        commit(f, txn);
        assert_int_equal(get_note(f, "b"), 0);
        assert_int_equal(get_note(f, "a"), -EBADMSG);
        assert_says(f, "checksum");
        assert_int_equal(scan_notes(f, false), -EBADMSG);
        assert_says(f, "checksum");
        assert_int_equal(scan_notes(f, true), 0);
}

/* The checksum is of value and key: a value under another's key does not verify. */
static void test_record_under_another_key(void **state)
{
        struct fixture *f = *state;
        struct clew_slice kept;
        uint8_t value[3 + CLEW_TABLE_CHECK_BYTES];
        MDB_txn *txn = begin(f);

        memcpy(value, put_note(f, txn, "a", "one"), sizeof(value));
        memcpy(put_note(f, txn, "b", "two"), value, sizeof(value));
        commit(f, txn);
        assert_int_equal(get_note(f, "a"), 0);
        assert_int_equal(get_note(f, "b"), -EBADMSG);
        assert_false(clew_record_check(CLEW_SLICE_LITERAL("b"),
                                       clew_slice_make(value, sizeof(value)), &kept));
        assert_true(clew_record_check(CLEW_SLICE_LITERAL("a"),
                                      clew_slice_make(value, sizeof(value)), &kept));
        assert_false(clew_record_check(CLEW_SLICE_LITERAL("a"), clew_slice_make(value, 7), &kept));
}

/* A key that does not come after the one before: the tree leads elsewhere. */
static void test_key_order(void **state)
{
        struct fixture *f = *state;
        MDB_txn *txn = begin(f);

        (void)put_note(f, txn, "aa", "x");
        put_note(f, txn, "bb", "x")[-2] = 'a'; /* the key stands before its value */
        (void)put_note(f, txn, "cc", "x");
        commit(f, txn);
        assert_int_equal(scan_notes(f, true), 0);
        txn = begin(f);
        put_note(f, txn, "cc", "x")[-2] = '_';
        commit(f, txn);
        assert_int_equal(scan_notes(f, true), -EBADMSG);
        assert_says(f, "order");
}

/* Changes the number that each page begins with which holds @needle. How many. */
static unsigned misnumber(struct fixture *f, const char *needle)
{
        char path[512];
        uint8_t page[4096];
        unsigned n = 0;
        int fd;

        snprintf(path, sizeof(path), "%s/data.mdb", f->dir.path);
        fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        for (off_t at = 8192; pread(fd, page, sizeof(page), at) == sizeof(page);
             at += (off_t)sizeof(page)) {
                if (!memmem(page, sizeof(page), needle, strlen(needle)))
                        continue;
                page[0] ^= 1;
                assert_int_equal(pwrite(fd, page, 1, at), 1);
                n++;
        }
        close(fd);
        return n;
}

static void test_page_number(void **state)
{
        struct fixture *f = *state;
        MDB_txn *txn = begin(f);
        struct clew_slice value;

        (void)put_note(f, txn, "k", "the text of one note");
        commit(f, txn);
        assert_int_equal(get_note(f, "k"), 0);
        clew_store_close(f->store);
        f->store = NULL;
        assert_true(misnumber(f, "the text of one note") > 0);
        open_store(f);
        assert_int_equal(get_note(f, "k"), -EBADMSG);
        assert_says(f, "page of another place");
        assert_int_equal(scan_notes(f, true), -EBADMSG);
        assert_says(f, "page of another place");
        assert_int_equal(clew_txn_begin_read(f->store->env, &txn, &f->err), 0);
        assert_int_equal(clew_table_peek(f->store->env, txn, CLEW_TABLE_NOTE,
                                         CLEW_SLICE_LITERAL("k"), &value, &f->err),
                         -EBADMSG);
        clew_txn_end_read(f->store->env, txn);
}

/* ---- the state --------------------------------------------------------------------------------
 */

/* Writes the state of another transaction: the first number is its id. */
static void test_state_of_another_commit(void **state)
{
        struct fixture *f = *state;
        const struct clew_slice key = CLEW_SLICE_LITERAL("state");
        struct clew_env *env = f->store->env;
        struct clew_view *v = NULL;
        struct clew_slice old;
        struct clew_cursor c;
        struct clew_slice value;
        CLEW_BUFFER b = {0};
        MDB_txn *txn = begin(f);

        clew_buffer_init(&b, 4096);
        assert_int_equal(clew_table_get(env, txn, CLEW_TABLE_META, key, &old, &f->err), 0);
        c = clew_cursor_make(old);
        clew_buffer_append_varint(&b, clew_cursor_varint(&c) + 7);
        clew_buffer_append(&b, c.at, clew_cursor_left(&c));
        value = clew_buffer_slice(&b);
        assert_int_equal(clew_table_put(env, txn, CLEW_TABLE_META, key, &value, 1, &f->err), 0);
        commit(f, txn);
        assert_int_equal(clew_view_open(f->store, &v, &f->err), -EBADMSG);
        assert_says(f, "state of another commit");
}

static void change_state(struct fixture *f, void (*change)(struct clew_state *s))
{
        struct clew_state s;
        MDB_txn *txn = begin(f);

        assert_int_equal(clew_state_read(f->store->env, txn, &s, &f->err), 0);
        change(&s);
        assert_int_equal(clew_state_write(f->store->env, txn, &s, &f->err), 0);
        commit(f, txn);
}

static void one_trace_more(struct clew_state *s)
{
        s->sealed_traces++;
}

static void one_fragment_more(struct clew_state *s)
{
        s->hot_fragments++;
}

static void another_fragment(struct clew_state *s)
{
        s->hot_sum++;
}

static void another_place(struct clew_state *s)
{
        for (unsigned i = 0; i < CLEW_PLACE_BUCKETS; i++)
                s->places.of[i]++;
}

static void on_finding(void *context, const char *object, const char *what)
{
        (void)object;
        (void)what;
        ++*(int *)context;
}

/* What the verifier says, in a store that is closed meanwhile. */
static int findings(struct fixture *f)
{
        int n = 0;
        int r;

        clew_store_close(f->store);
        f->store = NULL;
        r = clew_store_verify(f->dir.path, on_finding, &n, &f->err);
        assert_int_equal(r, n);
        open_store(f);
        return n;
}

static void test_list_count(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(walk(f), 0);
        assert_int_equal(findings(f), 0);
        change_state(f, one_trace_more);
        assert_int_equal(walk(f), -EBADMSG);
        assert_says(f, "time order");
        assert_true(findings(f) > 0);
}

static void test_hot_count(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(load(f, 3), 0);
        change_state(f, one_fragment_more);
        assert_int_equal(walk(f), -EBADMSG);
        assert_says(f, "hot table");
        assert_int_equal(load(f, 3), -EBADMSG);
        assert_true(findings(f) > 0);
}

static void test_hot_sum(void **state)
{
        struct fixture *f = *state;

        change_state(f, another_fragment);
        assert_int_equal(walk(f), -EBADMSG);
        assert_says(f, "not the same ones");
        assert_true(findings(f) > 0);
}

/* "No such trace", and "nothing of it is sealed", are said only of an index that is whole. */
static void test_sum_of_places(void **state)
{
        struct fixture *f = *state;
        struct clew_trace_id id = test_trace_id(1);
        struct clew_trace_id found[4];
        struct clew_view *v;

        assert_int_equal(load(f, 77), -ENOENT);
        change_state(f, another_place);
        assert_int_equal(load(f, 77), -EBADMSG);
        assert_says(f, "trace index");
        assert_int_equal(load(f, 3), -EBADMSG);
        assert_int_equal(load(f, 1), 0); /* what is found is checked by itself */
        v = view(f);
        assert_int_equal(clew_view_find(v, &id, 6, found, 4, &f->err), -EBADMSG);
        clew_view_close(v);
        assert_true(findings(f) > 0);
}

/* Each part of a place changes its digest. */
static void test_digest_of_a_place(void **state)
{
        const struct clew_place places[] = {{1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {1, 1, 2}};
        struct clew_trace_id id = test_trace_id(1);

        (void)state;
        for (size_t i = 1; i < CLEW_ARRAY_LEN(places); i++) {
                struct clew_place_sums sums = {.by_bucket = true};

                clew_place_count_in(&sums, &id, &places[0]);
                clew_place_count_out(&sums, &id, &places[i]);
                assert_true(sums.of[id.bytes[0] / 2] != 0);
                clew_place_count_in(&sums, &id, &places[i]);
                clew_place_count_out(&sums, &id, &places[0]);
                assert_true(sums.of[id.bytes[0] / 2] == 0);
        }
}

/* ---- meta pages -------------------------------------------------------------------------------
 */

static void test_meta_pages_are_compared(void **state)
{
        struct fixture *f = *state;
        const struct clew_store_options o = {.mode = CLEW_STORE_READ};
        struct clew_store *store = NULL;
        struct clew_meta_look look;
        char path[512];
        uint64_t id = 0;
        int fd;

        clew_store_close(f->store);
        f->store = NULL;
        snprintf(path, sizeof(path), "%s/data.mdb", f->dir.path);
        fd = open(path, O_RDWR);
        clew_meta_look(fd, &look);
        assert_true(look.n_valid == 2 && look.first_valid && look.has_commit);
        assert_int_equal(pread(fd, &id, sizeof(id), 144), sizeof(id));
        id ^= 4;
        assert_int_equal(pwrite(fd, &id, sizeof(id), 144), sizeof(id));
        assert_int_equal(clew_store_open(f->dir.path, &o, &store, &f->err), -EBADMSG);
        assert_says(f, "do not follow each other");
        id ^= 4;
        assert_int_equal(pwrite(fd, &id, sizeof(id), 144), sizeof(id));
        close(fd);
        open_store(f);
}

/* ---- hot ----------------------------------------------------------------------------------------
 */

/* The stored value of the batch that holds trace @n, to be written to. */
static uint8_t *batch_of(struct fixture *f, MDB_txn *txn, uint64_t first, size_t *ret_len)
{
        struct clew_key key = clew_key_batch(first);
        struct clew_slice stored;
        struct clew_slice copy;
        CLEW_BUFFER b = {0};

        clew_buffer_init(&b, 1 << 20);
        assert_int_equal(clew_table_peek(f->store->env, txn, CLEW_TABLE_HOT, clew_key_slice(&key),
                                         &stored, &f->err),
                         0);
        clew_buffer_append(&b, stored.data, stored.len - CLEW_TABLE_CHECK_BYTES);
        copy = clew_buffer_slice(&b);
        assert_int_equal(clew_table_put(f->store->env, txn, CLEW_TABLE_HOT, clew_key_slice(&key),
                                        &copy, 1, &f->err),
                         0);
        assert_int_equal(clew_table_peek(f->store->env, txn, CLEW_TABLE_HOT, clew_key_slice(&key),
                                         &stored, &f->err),
                         0);
        *ret_len = stored.len - CLEW_TABLE_CHECK_BYTES;
        return (uint8_t *)(uintptr_t)stored.data;
}

static void test_pack_of_a_row(void **state)
{
        struct fixture *f = *state;
        MDB_txn *txn = begin(f);
        size_t len = 0;
        uint8_t *p = batch_of(f, txn, 3, &len);

        p[len - 1] ^= 0x40; /* the last byte of the last pack */
        commit(f, txn);
        assert_int_equal(load(f, 3), -EBADMSG);
        assert_says(f, "a pack");
        assert_int_equal(load(f, 4), 0);
        assert_true(findings(f) > 0);
}

static void test_directory_of_a_batch(void **state)
{
        struct fixture *f = *state;
        MDB_txn *txn = begin(f);
        size_t len = 0;

        batch_of(f, txn, 3, &len)[15] ^= 1; /* in the first trace id */
        commit(f, txn);
        assert_int_equal(load(f, 3), -EBADMSG);
        assert_says(f, "directory");
        assert_int_equal(walk(f), -EBADMSG);
}

/* Three fragments in one batch, one of them crossed off: the record that says so is changed. */
static void test_rows_that_are_gone(void **state)
{
        struct fixture *f = *state;
        struct clew_hot_crossing x = {.ref = {.sequence = 3, .first = 3}};
        struct clew_trace_id id = test_trace_id(3);
        struct clew_key key = clew_key_gone(3);
        struct clew_slice bits = CLEW_SLICE_LITERAL("\x01");
        struct clew_slice stored;
        struct clew_state s;
        MDB_txn *txn = begin(f);

        x.id = &id;
        assert_int_equal(clew_state_read(f->store->env, txn, &s, &f->err), 0);
        assert_int_equal(clew_hot_cross_off(f->store->env, txn, &x, 1, &s, &f->err), 0);
        /* It was the only row of its batch; a second time it is not there. */
        assert_int_equal(clew_hot_cross_off(f->store->env, txn, &x, 1, &s, &f->err), -EAGAIN);
        clew_txn_abort(f->store->env, txn);
        txn = begin(f);
        assert_int_equal(clew_table_put(f->store->env, txn, CLEW_TABLE_HOT, clew_key_slice(&key),
                                        &bits, 1, &f->err),
                         0);
        /* A row that is gone is not crossed off twice. */
        assert_int_equal(clew_hot_cross_off(f->store->env, txn, &x, 1, &s, &f->err), -EAGAIN);
        assert_int_equal(clew_table_peek(f->store->env, txn, CLEW_TABLE_HOT, clew_key_slice(&key),
                                         &stored, &f->err),
                         0);
        *(uint8_t *)(uintptr_t)stored.data ^=
                1; /* none is gone, says a record that does not verify */
        commit(f, txn);
        assert_int_equal(walk(f), -EBADMSG);
        assert_says(f, "checksum");
}

/* A fragment of another trace under the sequence that was read is not this one. */
static void test_crossing_off_another_trace(void **state)
{
        struct fixture *f = *state;
        struct clew_hot_crossing x = {.ref = {.sequence = 3, .first = 3}};
        struct clew_trace_id id = test_trace_id(9);
        struct clew_state s;
        MDB_txn *txn = begin(f);

        x.id = &id;
        assert_int_equal(clew_state_read(f->store->env, txn, &s, &f->err), 0);
        assert_int_equal(clew_hot_cross_off(f->store->env, txn, &x, 1, &s, &f->err), -EAGAIN);
        clew_txn_abort(f->store->env, txn);
}

/* ---- sealed -----------------------------------------------------------------------------------
 */

static void test_message_of_a_segment(void **state)
{
        struct clew_trace_id one = test_trace_id(1);
        struct clew_trace_id two = test_trace_id(2);
        struct clew_segment_writer w;
        struct clew_segment_reader r;
        struct clew_segment_row row;
        CLEW_BUFFER object = {0};
        CLEW_BUFFER out = {0};

        (void)state;
        clew_buffer_init(&object, 1 << 20);
        clew_buffer_init(&out, 1 << 20);
        assert_int_equal(clew_segment_writer_init(&w), 0);
        assert_int_equal(clew_segment_reader_init(&r), 0);
        clew_segment_writer_reset(&w);
        assert_int_equal(clew_segment_writer_add(&w, &one, CLEW_SLICE_LITERAL("first message"),
                                                 CLEW_SLICE_NULL, 1, 0),
                         0);
        assert_int_equal(clew_segment_writer_finish(&w, &object), 0);
        assert_int_equal(clew_segment_reader_open(&r, clew_buffer_slice(&object)), 0);
        assert_int_equal(clew_segment_reader_read(&r, 0, &one, &out, &row), 0);
        assert_int_equal(clew_segment_reader_read(&r, 0, &two, &out, &row), -EBADMSG);
        assert_int_equal(clew_segment_reader_read(&r, 1, &one, &out, &row), -ENOENT);
        r.rows[0].check[0] ^= 1;
        assert_int_equal(clew_segment_reader_read(&r, 0, &one, &out, &row), -EBADMSG);
        r.rows[0].check[0] ^= 1;
        r.rows[0].traces_len = 1000; /* more than there is */
        assert_int_equal(clew_segment_reader_read(&r, 0, NULL, &out, &row), -EBADMSG);
        object.data[0] ^= 1;
        assert_int_equal(clew_segment_reader_open(&r, clew_buffer_slice(&object)), -EBADMSG);
        object.data[0] ^= 1;
        object.data[8] ^= 2; /* the version */
        assert_int_equal(clew_segment_reader_open(&r, clew_buffer_slice(&object)), -EBADMSG);
        clew_segment_writer_deinit(&w);
        clew_segment_reader_deinit(&r);
}

static void test_chunks_of_an_object(void **state)
{
        enum { CHUNK = 1 << 20, BYTES = 3 * CHUNK / 2 };
        struct fixture *f = *state;
        CLEW_FREE uint8_t *bytes = clew_calloc(1, BYTES);
        struct clew_key second = clew_key_chunk(900, 1);
        struct clew_slice got;
        CLEW_BUFFER room = {0};
        MDB_txn *txn = begin(f);

        clew_buffer_init(&room, (size_t)4 << 20);
        bytes[BYTES - 1] = 7;
        assert_int_equal(
                clew_object_put(f->store->env, txn, 900, clew_slice_make(bytes, BYTES), &f->err),
                0);
        assert_int_equal(clew_object_get(f->store->env, txn, 900, &room, &got, &f->err), 0);
        assert_true(clew_slice_eq(got, clew_slice_make(bytes, BYTES)));
        assert_int_equal(clew_table_delete(f->store->env, txn, CLEW_TABLE_OBJECT,
                                           clew_key_slice(&second), &f->err),
                         0);
        assert_int_equal(clew_object_get(f->store->env, txn, 900, &room, &got, &f->err), -EBADMSG);
        got = CLEW_SLICE_LITERAL("short");
        assert_int_equal(clew_table_put(f->store->env, txn, CLEW_TABLE_OBJECT,
                                        clew_key_slice(&second), &got, 1, &f->err),
                         0);
        assert_int_equal(clew_object_get(f->store->env, txn, 900, &room, &got, &f->err), -EBADMSG);
        clew_txn_abort(f->store->env, txn);
}

/* A catalog entry whose bits go beyond its traces, and one that has lost a trace already. */
static void test_live_bits(void **state)
{
        uint8_t bits[CLEW_SEGMENT_LIVE_MAX];
        struct clew_segment_entry e = {.n_traces = 3, .n_live = 3};
        struct clew_segment_entry got;
        CLEW_BUFFER b = {0};

        (void)state;
        clew_buffer_init(&b, 4096);
        e.live = clew_segment_all_live(3, bits);
        clew_segment_entry_encode(&e, &b);
        assert_true(clew_segment_entry_decode(clew_buffer_slice(&b), &got));
        assert_int_equal(got.n_live, 3);
        assert_true(clew_segment_entry_release(&got, 1, bits));
        assert_false(clew_segment_is_live(got.live, 3, 1));
        assert_true(clew_segment_is_live(got.live, 3, 2));
        assert_false(clew_segment_is_live(got.live, 3, 3));
        assert_false(clew_segment_entry_release(&got, 1, bits));
        b.data[2] |= 8; /* 0, traces, bits */
        assert_false(clew_segment_entry_decode(clew_buffer_slice(&b), &got));
}

/* Somebody else moves a trace while it is being packed: nothing of this run is written. */
static void change_place(void *context, void (*fn)(void *argument), void *argument)
{
        struct fixture *f = context;
        struct clew_trace_id id = test_trace_id(1);
        struct clew_place place = {0};
        struct clew_state s;
        MDB_txn *txn;

        if (f->runs++ == 0) {
                txn = begin(f);
                assert_int_equal(clew_place_read(f->store->env, txn, &id, &place, &f->err), 0);
                assert_int_equal(clew_state_read(f->store->env, txn, &s, &f->err), 0);
                clew_place_count_out(&s.places, &id, &place);
                place.index ^= 1;
                clew_place_count_in(&s.places, &id, &place);
                assert_int_equal(clew_place_write(f->store->env, txn, &id, &place, &f->err), 0);
                assert_int_equal(clew_state_write(f->store->env, txn, &s, &f->err), 0);
                commit(f, txn);
        }
        fn(argument);
}

static void test_place_changed_while_sealing(void **state)
{
        struct fixture *f = *state;
        const struct clew_seal_options o = {.run = change_place, .context = f};
        struct clew_seal_stats stats;
        struct clew_state s;
        MDB_txn *txn;

        append(f, 1, 2);
        stats = seal_with(f, &o);
        assert_int_equal(stats.traces, 0);
        txn = begin(f);
        assert_int_equal(clew_state_read(f->store->env, txn, &s, &f->err), 0);
        clew_txn_abort(f->store->env, txn);
        assert_int_equal(s.segments, 1);
        assert_int_equal(s.hot_fragments, 3);
}

/* Another process has sealed the same fragments meanwhile. */
static void seal_elsewhere(void *context, void (*fn)(void *argument), void *argument)
{
        struct fixture *f = context;
        int status = 1;
        pid_t pid;

        if (f->runs++ == 0) {
                fflush(NULL);
                pid = fork();
                assert_true(pid >= 0);
                if (pid == 0) {
                        const struct clew_store_options o = {.mode = CLEW_STORE_WRITE};
                        const struct clew_seal_options all = {0};
                        struct clew_seal_stats stats = {0};
                        struct clew_store *store = NULL;
                        struct clew_error err = {0};
                        int r = clew_store_open(f->dir.path, &o, &store, &err);

                        if (r == 0)
                                r = clew_store_seal(store, &all, &stats, &err);
                        _exit(r < 0 || stats.traces != 2);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
        }
        fn(argument);
}

static void test_sealed_elsewhere_meanwhile(void **state)
{
        struct fixture *f = *state;
        const struct clew_seal_options o = {.run = seal_elsewhere, .context = f};

        assert_int_equal(seal_with(f, &o).traces, 0);
        assert_int_equal(load(f, 3), 0);
        assert_int_equal(load(f, 4), 0);
        assert_int_equal(findings(f), 0);
        append(f, 5, 1); /* and this one goes on sealing */
        assert_int_equal(seal_with(f, &(struct clew_seal_options){0}).traces, 1);
        assert_int_equal(findings(f), 0);
}

/* ---- creation ---------------------------------------------------------------------------------
 */

static void test_directory_is_synced(void **state)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_WRITE};
        struct test_dir top;
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        (void)state;
        test_dir_make(&top);
        snprintf(watched, sizeof(watched), "%s/store", top.path);
        synced_with_sign = synced_without = synced_parent = 0;
        assert_int_equal(clew_store_open(watched, &o, &store, &err), 0);
        clew_store_close(store);
        watched[0] = '\0';
        assert_true(synced_parent >= 1);    /* the name of the directory */
        assert_true(synced_with_sign >= 2); /* what was cleared away, and the data file's name */
        assert_true(synced_without >= 1);   /* that the sign is gone */
        test_dir_remove(&top);
}

/* A store whose record of the format is gone is damaged, not new: a fresh state would hide all. */
static void test_format_is_not_written_again(void **state)
{
        struct fixture *f = *state;
        static const enum clew_store_mode modes[] = {CLEW_STORE_READ, CLEW_STORE_WRITE,
                                                     CLEW_STORE_COLLECT};
        MDB_txn *txn = begin(f);

        assert_int_equal(clew_table_delete(f->store->env, txn, CLEW_TABLE_META,
                                           CLEW_SLICE_LITERAL("format"), &f->err),
                         0);
        commit(f, txn);
        clew_store_close(f->store);
        f->store = NULL;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(modes); i++) {
                const struct clew_store_options o = {.mode = modes[i]};
                struct clew_store *store = NULL;

                assert_int_equal(clew_store_open(f->dir.path, &o, &store, &f->err), -EBADMSG);
                assert_says(f, "format");
                assert_says(f, "clew doctor --repair");
        }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                T(test_record_checksum),
                T(test_record_under_another_key),
                T(test_key_order),
                T(test_page_number),
                T(test_state_of_another_commit),
                T(test_list_count),
                T(test_hot_count),
                T(test_hot_sum),
                T(test_sum_of_places),
                cmocka_unit_test(test_digest_of_a_place),
                T(test_meta_pages_are_compared),
                T(test_pack_of_a_row),
                T(test_directory_of_a_batch),
                T(test_rows_that_are_gone),
                T(test_crossing_off_another_trace),
                cmocka_unit_test(test_message_of_a_segment),
                T(test_chunks_of_an_object),
                cmocka_unit_test(test_live_bits),
                T(test_place_changed_while_sealing),
                T(test_sealed_elsewhere_meanwhile),
                cmocka_unit_test(test_directory_is_synced),
                T(test_format_is_not_written_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
