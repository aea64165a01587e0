/*
 * Sealed data in a bucket: the bytes of objects and of catalog versions, and what a node keeps
 * beside its store. Whole programs are tests/integration/test-objects.
 */
#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "storage/tier/mirror-lock-int.h"
#include "storage/tier/tier-catalog-int.h"
#include "storage/tier/tier-map-int.h"
#include "storage/tier/tier-object-int.h"
#include "storage/tier/tier-part-int.h"
#include "storage/tier/tier-uses-int.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct clew_tier_row the_row = {
        .id = {{1, 2, 3}}, .start_ns = 9, .n_spans = 300, .n_logs = 1, .raw_bytes = 70000};

static void add(struct clew_tier_making *m, uint64_t segment, const char *bytes)
{
        struct clew_slice sections[CLEW_TIER_SECTIONS] = {
                [CLEW_TIER_SEGMENT] = clew_slice_of_cstr(bytes),
                [CLEW_TIER_ENTRY] = CLEW_SLICE_LITERAL("entry"),
        };
        const size_t ends[] = {3, 3, 8};
        CLEW_BUFFER rows = {.max_bytes = 4096};
        CLEW_BUFFER index = {.max_bytes = 4096};

        clew_tier_row_put(&rows, &the_row);
        clew_tier_index_put(&index, CLEW_SLICE_LITERAL("head"), CLEW_SLICE_LITERAL("abcdefgh"),
                            ends, 3);
        sections[CLEW_TIER_ROWS] = clew_buffer_slice(&rows);
        sections[CLEW_TIER_INDEX] = clew_buffer_slice(&index);
        clew_tier_making_add(m, 77, segment, sections);
}

static const char *const contents[] = {"the bytes of a segment", "", "others"};

/* Segments 5, 6, 7. */
static void build(struct clew_tier_making *m)
{
        clew_tier_making_init(m);
        for (unsigned i = 0; i < 3; i++)
                add(m, 5 + i, contents[i]);
        assert_int_equal(clew_tier_making_end(m), 0);
}

/* 0 = all of segment @i verifies, found by the object's own directory. */
static int read_one(struct clew_slice bytes, uint32_t i, struct clew_tier_footer *f)
{
        struct clew_slice part;
        uint32_t n = 0;
        struct clew_tier_member m;
        int r = clew_tier_directory_tail(bytes, bytes.len, &n);

        if (r == 0)
                r = n == 3 ? clew_tier_directory_check(bytes, n) : -EBADMSG;
        if (r < 0)
                return r;
        m = clew_tier_directory_member(bytes, n, i);
        if (m.end > bytes.len)
                return -EBADMSG;
        r = clew_tier_footer_read(clew_slice_make(bytes.data, (size_t)m.end), m.end, f);
        for (unsigned s = 0; r == 0 && s < CLEW_TIER_SECTIONS; s++)
                r = clew_tier_section_of(f, s, bytes, 0, &part);
        return r == 0 && f->segment != m.segment ? -EBADMSG : r;
}

static int read_all(struct clew_slice bytes)
{
        struct clew_tier_footer f;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < 3; i++)
                r = read_one(bytes, i, &f);
        return r;
}

static void check_meta(struct clew_slice part, const struct clew_tier_place *p)
{
        struct clew_tier_footer f;
        struct clew_tier_index index;
        struct clew_slice section;
        struct clew_cursor c;
        struct clew_tier_row row;

        assert_int_equal(clew_tier_footer_read(part, p->end, &f), 0);
        assert_int_equal(clew_tier_section_of(&f, CLEW_TIER_INDEX, part, p->meta, &section), 0);
        assert_true(clew_tier_index_read(section, &index));
        assert_int_equal(index.n_blocks, 3);
        section = clew_cursor_bytes(&index.blocks, clew_cursor_varint(&index.blocks));
        assert_true(clew_slice_eq_cstr(section, "abc"));
        assert_int_equal(clew_tier_section_of(&f, CLEW_TIER_ROWS, part, p->meta, &section), 0);
        c = clew_cursor_make(section);
        row = clew_tier_row_take(&c);
        assert_false(c.failed);
        assert_int_equal(clew_cursor_left(&c), 0);
        assert_int_equal(row.n_spans, 300);
        assert_int_equal(row.raw_bytes, 70000);
}

static void an_object_tells_all_about_each_of_its_segments(void **state)
{
        struct clew_tier_making m;
        struct clew_slice object;
        uint64_t behind = 0;

        (void)state;
        build(&m);
        object = clew_buffer_slice(&m.bytes);
        assert_int_equal(read_all(object), 0);
        for (uint32_t i = 0; i < 3; i++) {
                struct clew_tier_place p;
                struct clew_tier_place same = {.first = 5, .digest = 1234, .whole = object.len};
                struct clew_tier_footer f = clew_tier_making_footer(&m, i, 1234, &p);

                assert_int_equal(f.segment, 5 + i);
                assert_int_equal(f.created_ns, 77);
                assert_true(clew_tier_place_is_good(&p));
                assert_int_equal(read_one(object, i, &f), 0);
                clew_tier_footer_place(&f, &same);
                assert_true(clew_tier_place_eq(&p, &same));
                assert_true(clew_slice_eq_cstr(clew_slice_make(object.data + p.at, (size_t)p.len),
                                               contents[i]));
                /* What it is found by is one range, with that of all others behind each other. */
                check_meta(clew_slice_make(object.data + p.meta, (size_t)(p.end - p.meta)), &p);
                assert_true(i == 0 || p.meta == behind);
                behind = p.end;
        }
        assert_int_equal(behind + clew_tier_directory_bytes(3), object.len);
        clew_tier_making_deinit(&m);
}

/* As objects were before there were several segments in one. */
static void a_segment_alone_is_read(void **state)
{
        struct clew_tier_making m;
        struct clew_tier_footer f;
        struct clew_tier_place p = {.first = 5};
        struct clew_slice object;
        CLEW_BUFFER footer = {.max_bytes = 4096};
        size_t begin;
        uint32_t n;

        (void)state;
        clew_tier_making_init(&m);
        add(&m, 5, contents[0]);
        assert_int_equal(clew_tier_making_end(&m), 0);
        object = clew_slice_make(m.bytes.data, m.bytes.len - (size_t)clew_tier_directory_bytes(1));
        begin = object.len - CLEW_TIER_FOOTER_BYTES;
        clew_buffer_append(&footer, object.data + begin, CLEW_TIER_FOOTER_BYTES - 20);
        clew_buffer_append_le32(&footer, CLEW_TIER_OBJECT_ALONE);
        clew_buffer_append_le64(&footer, clew_hash(clew_buffer_slice(&footer)));
        memcpy(m.bytes.data + begin, footer.data, footer.len);
        assert_int_equal(clew_tier_directory_tail(object, object.len, &n), -ENOENT);
        assert_int_equal(clew_tier_footer_read(object, object.len, &f), 0);
        clew_tier_footer_place(&f, &p);
        p.whole = object.len;
        assert_true(clew_tier_place_is_good(&p));
        assert_int_equal(p.at, CLEW_TIER_SEGMENT_AT);
        assert_int_equal(p.end, object.len);
        check_meta(clew_slice_from(object, (size_t)p.meta), &p);
        clew_tier_making_deinit(&m);
}

static void a_changed_byte_is_noticed(void **state)
{
        struct clew_tier_making m;
        struct clew_tier_footer f;
        struct clew_slice object;

        (void)state;
        build(&m);
        object = clew_buffer_slice(&m.bytes);
        for (size_t i = 8; i < object.len; i++) { /* the first eight name the kind for people */
                m.bytes.data[i] ^= 0x10;
                assert_true(read_all(object) < 0);
                m.bytes.data[i] ^= 0x10;
        }
        for (size_t n = 0; n < object.len; n++)
                assert_true(read_one(clew_slice_make(object.data, n), 2, &f) < 0);
        clew_tier_making_deinit(&m);
}

/* What a change of the catalog leaves of an object. */
static void an_object_is_used_while_a_segment_of_it_is(void **state)
{
        struct clew_tier_catalog c = {0};
        struct clew_tier_uses u;
        struct clew_tier_making m;
        struct clew_tier_place p[3];

        (void)state;
        build(&m);
        for (uint32_t i = 0; i < 3; i++) {
                uint8_t live[1] = {1};
                struct clew_tier_item item = {
                        .segment = 5 + i, .n_traces = 1, .live_len = 1, .live = live};

                (void)clew_tier_making_footer(&m, i, 99, &item.place);
                p[i] = item.place;
                assert_int_equal(clew_tier_catalog_set(&c, &item), 0);
        }
        for (uint64_t segment = 5; segment < 8; segment++) {
                const struct clew_tier_item gone = {.segment = segment};

                assert_int_equal(clew_tier_uses_count(&c, &u), 0);
                assert_int_equal(u.n, 1);
                assert_int_equal(clew_tier_uses_find(&u, &p[0])->n, 8 - segment);
                clew_tier_uses_deinit(&u);
                assert_int_equal(clew_tier_catalog_set(&c, &gone), 0);
        }
        assert_int_equal(clew_tier_uses_count(&c, &u), 0);
        assert_null(clew_tier_uses_find(&u, &p[0]));
        clew_tier_uses_deinit(&u);
        clew_tier_catalog_deinit(&c);
        clew_tier_making_deinit(&m);
}

static void put(struct clew_tier_catalog *c, uint64_t segment, uint64_t size, uint8_t bits)
{
        uint8_t live[1] = {bits};
        const struct clew_tier_item item = {.segment = segment,
                                            .place = {.first = segment,
                                                      .digest = segment * 3,
                                                      .whole = size,
                                                      .at = 8,
                                                      .len = 20,
                                                      .meta = size / 2,
                                                      .end = size},
                                            .n_traces = 5,
                                            .live_len = 1,
                                            .live = live};

        assert_int_equal(clew_tier_catalog_set(c, &item), 0);
}

static void versions_of_a_catalog_build_on_each_other(void **state)
{
        struct test_dir d;
        struct clew_object_bucket *b = NULL;
        struct clew_error err = {0};
        struct clew_tier_catalog writer = {.created_ns = 1, .writer = 2};
        struct clew_tier_catalog blank = {.created_ns = 1, .writer = 2};
        struct clew_tier_catalog reader = {0};
        char url[600];

        (void)state;
        test_dir_make(&d);
        snprintf(url, sizeof(url), "dir://%s/b", d.path);
        assert_int_equal(clew_bucket_open(url, true, &b, &err), 0);
        assert_int_equal(clew_tier_catalog_read(b, &reader, &err), 0);
        assert_int_equal(reader.version, 0);
        for (uint64_t i = 1; i <= 200; i++) {
                uint8_t live[1] = {0x1f};
                struct clew_tier_item items[2] = {{.segment = i,
                                                   .place = {.first = i,
                                                             .digest = i,
                                                             .whole = 300,
                                                             .at = 8,
                                                             .len = 20,
                                                             .meta = 50,
                                                             .end = 300},
                                                   .n_traces = 5,
                                                   .live_len = 1,
                                                   .live = live},
                                                  {.segment = i - 1}}; /* is gone, each second */

                writer.next_segment = i + 1;
                assert_int_equal(clew_tier_catalog_commit(b, &writer, items, 1 + i % 2, &err), 0);
                if (i == 3 || i == 100) /* the second time its version was deleted long ago */
                        assert_int_equal(clew_tier_catalog_read(b, &reader, &err), 0);
        }
        assert_int_equal(clew_tier_catalog_read(b, &reader, &err), 0);
        assert_int_equal(reader.version, 200);
        assert_int_equal(reader.n, writer.n);
        assert_int_equal(reader.n, 101); /* each second of those before, and the last */
        assert_int_equal(reader.next_segment, 201);
        assert_int_equal(clew_tier_catalog_is_last(b, 200, &err), 1);
        assert_int_equal(clew_tier_catalog_is_last(b, 199, &err), 0);
        assert_int_equal(clew_tier_catalog_is_last(b, 1, &err), 0); /* deleted */
        clew_tier_catalog_deinit(&reader);
        assert_int_equal(clew_tier_catalog_read(b, &reader, &err), 0);
        assert_int_equal(reader.n, 101);
        /* Who has read nothing cannot begin anew, though number 1 is free again. */
        assert_int_equal(clew_tier_catalog_commit(b, &blank, NULL, 0, &err), -EEXIST);
        clew_tier_catalog_deinit(&blank);
        /* A second writer that knows the same is told that the number is taken. */
        reader.writer = 3;
        put(&writer, 900, 400, 1);
        assert_int_equal(clew_tier_catalog_commit(b, &writer, NULL, 0, &err), 0);
        assert_int_equal(clew_tier_catalog_commit(b, &reader, NULL, 0, &err), -EEXIST);
        assert_int_equal(reader.version, 0);
        /* The only one behind a version that was deleted. */
        assert_int_equal(clew_bucket_delete(b, "cat/00000000000000000200", &err), 0);
        assert_int_equal(clew_tier_catalog_is_last(b, 200, &err), 0);
        assert_int_equal(clew_tier_catalog_is_last(b, 201, &err), 1);
        assert_int_equal(clew_tier_catalog_is_last(b, 202, &err), 0);
        clew_tier_catalog_deinit(&writer);
        clew_tier_catalog_deinit(&reader);
        clew_bucket_close(b);
        test_dir_remove(&d);
}

static void a_sleeper_cannot_make_a_number_that_was_deleted(void **state)
{
        struct test_dir d;
        struct clew_object_bucket *b = NULL;
        struct clew_error err = {0};
        struct clew_tier_catalog writer = {.created_ns = 1, .writer = 2};
        struct clew_tier_catalog sleeper = {0};
        char url[600];

        (void)state;
        test_dir_make(&d);
        snprintf(url, sizeof(url), "dir://%s/b", d.path);
        assert_int_equal(clew_bucket_open(url, true, &b, &err), 0);
        assert_int_equal(clew_tier_catalog_commit(b, &writer, NULL, 0, &err), 0);
        assert_int_equal(clew_tier_catalog_read(b, &sleeper, &err), 0);
        sleeper.writer = 3;
        for (unsigned i = 0; i < 300; i++)
                assert_int_equal(clew_tier_catalog_commit(b, &writer, NULL, 0, &err), 0);
        assert_int_equal(clew_tier_catalog_commit(b, &sleeper, NULL, 0, &err), -EEXIST);
        clew_tier_catalog_deinit(&writer);
        clew_tier_catalog_deinit(&sleeper);
        clew_bucket_close(b);
        test_dir_remove(&d);
}

static void a_changed_version_is_noticed(void **state)
{
        struct clew_tier_catalog c = {.version = 1, .full = 1, .created_ns = 9, .next_segment = 4};
        struct clew_tier_catalog got = {0};
        CLEW_BUFFER bytes = {.max_bytes = 1 << 20};

        (void)state;
        put(&c, 1, 400, 0x1f);
        put(&c, 3, 900, 0x03);
        c.erased = 7;
        c.beside = (struct clew_tier_beside){.is_known = true,
                                             .records = 3,
                                             .sum = UINT64_MAX,
                                             .last = 5,
                                             .notes = 1,
                                             .note_sum = 9,
                                             .n_parts = 2,
                                             .parts = {{1, 300}, {2, 40}}};
        clew_tier_catalog_encode(&c, c.items, c.n, &bytes);
        assert_int_equal(clew_tier_catalog_apply(&got, 1, clew_buffer_slice(&bytes)), 0);
        assert_int_equal(got.n, 2);
        assert_int_equal(got.items[1].live[0], 0x03);
        assert_true(clew_tier_place_eq(&got.items[1].place, &c.items[1].place));
        assert_int_equal(got.erased, 7);
        assert_memory_equal(&got.beside, &c.beside, sizeof(c.beside));
        assert_int_equal(clew_tier_catalog_apply(&got, 2, clew_buffer_slice(&bytes)), -EBADMSG);
        for (size_t i = 0; i < bytes.len; i++) {
                bytes.data[i] ^= 4;
                assert_true(clew_tier_catalog_apply(&got, 1, clew_buffer_slice(&bytes)) < 0);
                bytes.data[i] ^= 4;
        }
        clew_tier_catalog_deinit(&c);
        clew_tier_catalog_deinit(&got);
}

/* In the second each segment was an object of its own. */
static void a_version_of_the_second_format_is_read(void **state)
{
        static const uint8_t head[] = {'C', 'L', 'E', 'W', 'C', 'A', 'T', '1', 2, 4, 4, 9, 2,    0,
                                       0,   0,   0,   0,   0,   0,   8,   6,   0, 0, 1, 5, 0xac, 2};
        struct clew_tier_catalog got = {0};
        CLEW_BUFFER bytes = {.max_bytes = 4096};

        (void)state;
        clew_buffer_append(&bytes, head, sizeof(head)); /* segment 5, of 300 bytes */
        clew_buffer_append_le64(&bytes, 77);
        clew_buffer_append_varint(&bytes, 100);
        clew_buffer_append_varint(&bytes, 3);
        clew_buffer_append_varint(&bytes, 0);
        clew_buffer_append_le64(&bytes, clew_hash(clew_buffer_slice(&bytes)));
        assert_int_equal(clew_tier_catalog_apply(&got, 4, clew_buffer_slice(&bytes)), 0);
        assert_int_equal(got.n, 1);
        assert_true(clew_tier_place_eq(&got.items[0].place, &(struct clew_tier_place){.first = 5,
                                                                                      .digest = 77,
                                                                                      .whole = 300,
                                                                                      .at = 8,
                                                                                      .len = 92,
                                                                                      .meta = 100,
                                                                                      .end = 300}));
        assert_int_equal(got.items[0].n_traces, 3);
        clew_tier_catalog_deinit(&got);
}

/* Without what came to be with the second: nobody has said what is beside the traces. */
static void a_version_of_the_first_format_is_read(void **state)
{
        static const uint8_t body[] = {'C', 'L', 'E', 'W', 'C', 'A', 'T', '1', 1, 4, 4, 9, 2,
                                       0,   0,   0,   0,   0,   0,   0,   8,   6, 1, 5, 0};
        struct clew_tier_catalog got = {0};
        CLEW_BUFFER bytes = {.max_bytes = 4096};

        (void)state;
        clew_buffer_append(&bytes, body, sizeof(body));
        clew_buffer_append_le64(&bytes, clew_hash(clew_slice_make(body, sizeof(body))));
        assert_int_equal(clew_tier_catalog_apply(&got, 4, clew_buffer_slice(&bytes)), 0);
        assert_int_equal(got.next_segment, 6);
        assert_false(got.beside.is_known);
        clew_tier_catalog_deinit(&got);
        bytes.data[8] = 4; /* a later one */
        bytes.len -= 8;
        clew_buffer_append_le64(&bytes, clew_hash(clew_buffer_slice(&bytes)));
        assert_int_equal(clew_tier_catalog_apply(&got, 4, clew_buffer_slice(&bytes)),
                         -EPROTONOSUPPORT);
        clew_tier_catalog_deinit(&got);
}

static void a_part_tells_what_it_leads_to(void **state)
{
        const struct clew_tier_part_head head = {
                .created_ns = 5,
                .writer = 6,
                .generation = 7,
                .index = 1,
                .completes = true,
                .after = {.is_known = true, .records = 2, .sum = 3, .last = 4, .notes = 1}};
        const struct clew_tier_record note = {CLEW_TIER_PART_NOTE, CLEW_SLICE_LITERAL("key"),
                                              CLEW_SLICE_LITERAL("value")};
        struct clew_tier_part_head got;
        struct clew_tier_record record;
        struct clew_slice records;
        struct clew_cursor c;
        CLEW_BUFFER body = {.max_bytes = 4096};
        CLEW_BUFFER bytes = {.max_bytes = 4096};

        (void)state;
        clew_tier_record_put(&body, &note);
        clew_tier_part_put(&bytes, &head, clew_buffer_slice(&body));
        assert_int_equal(clew_tier_part_read(clew_buffer_slice(&bytes), &got, &records), 0);
        assert_memory_equal(&got, &head, sizeof(got));
        c = clew_cursor_make(records);
        assert_true(clew_tier_record_take(&c, &record));
        assert_int_equal(record.tag, CLEW_TIER_PART_NOTE);
        assert_true(clew_slice_eq_cstr(record.key, "key"));
        assert_true(clew_slice_eq_cstr(record.value, "value"));
        assert_false(clew_tier_record_take(&c, &record));
        assert_false(c.failed);
        for (size_t i = 0; i < bytes.len; i++) {
                bytes.data[i] ^= 1;
                assert_true(clew_tier_part_read(clew_buffer_slice(&bytes), &got, &records) < 0);
                bytes.data[i] ^= 1;
        }
        for (size_t n = 0; n < bytes.len; n++)
                assert_true(clew_tier_part_read(clew_slice_make(bytes.data, n), &got, &records) <
                            0);
}

#define CACHE_BYTES ((uint64_t)4 << 20)

/* Where there are no addresses for the whole map, it is a smaller one. */
static void a_map_takes_the_addresses_that_there_are(void **state)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        (void)state; /* they take more addresses than any limit leaves */
#else
        struct test_dir d;
        struct clew_tier_map *m = NULL;
        struct clew_error err = {0};
        struct rlimit before, now;

        (void)state;
        test_dir_make(&d);
        assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
        now = before;
        now.rlim_cur = (rlim_t)32 << 30;
        assert_int_equal(setrlimit(RLIMIT_AS, &now), 0);
        assert_int_equal(clew_tier_map_open(d.path, CACHE_BYTES, true, &m, &err), 0);
        clew_tier_map_close(m);
        assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
        test_dir_remove(&d);
#endif
}

static void what_is_kept_stays_within_its_limit(void **state)
{
        static uint8_t bytes[3 << 19];
        struct test_dir d;
        struct clew_tier_map *m = NULL;
        struct clew_error err = {0};
        CLEW_BUFFER got = {.max_bytes = 16 << 20};
        char text[32];
        uint64_t number = 0;

        (void)state;
        test_dir_make(&d);
        assert_int_equal(clew_tier_map_open(d.path, CACHE_BYTES, false, &m, &err), -ENOENT);
        assert_int_equal(clew_tier_map_open(d.path, CACHE_BYTES, true, &m, &err), 0);
        for (uint64_t i = 1; i <= 20; i++) {
                memset(bytes, (int)i, sizeof(bytes));
                assert_int_equal(
                        clew_tier_map_cache(m, i, clew_slice_make(bytes, sizeof(bytes)), &err), 0);
                assert_true(clew_tier_map_cached_bytes(m) <= CACHE_BYTES);
                clew_buffer_clear(&got);
                assert_int_equal(clew_tier_map_cached(m, i, &got, &err), 0);
                assert_int_equal(got.len, sizeof(bytes));
                assert_int_equal(got.data[sizeof(bytes) - 1], i);
        }
        assert_int_equal(clew_tier_map_cached(m, 1, &got, &err), -ENOENT);
        assert_int_equal(clew_tier_map_cached(m, 19, &got, &err), 0);
        /* One that is more than half of it is not kept. */
        assert_int_equal(clew_tier_map_cache(m, 50, clew_slice_make(bytes, sizeof(bytes)), &err),
                         0);
        assert_int_equal(clew_tier_map_forget(m, 50, &err), 0);
        assert_int_equal(clew_tier_map_cached(m, 50, &got, &err), -ENOENT);
        assert_int_equal(clew_tier_map_put_text(m, "url", "s3://x", &err), 0);
        assert_int_equal(clew_tier_map_get_text(m, "url", text, sizeof(text), &err), 0);
        assert_string_equal(text, "s3://x");
        assert_int_equal(clew_tier_map_get_number(m, "version", &number, &err), -ENOENT);
        assert_int_equal(clew_tier_map_put_number(m, "version", UINT64_MAX - 1, &err), 0);
        assert_int_equal(clew_tier_map_get_number(m, "version", &number, &err), 0);
        assert_true(number == UINT64_MAX - 1);
        clew_tier_map_close(m);
        test_dir_remove(&d);
}

static void touch(const char *path)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

        assert_true(fd >= 0 && write(fd, "x", 1) == 1);
        close(fd);
}

static void who_holds_a_mirror_is_named(void **state)
{
        struct test_dir d;
        char mirror[400];
        char lock[420];
        char pid[40];
        struct clew_error err = {0};
        int fd = -1;
        int holder;

        (void)state;
        test_dir_make(&d);
        snprintf(mirror, sizeof(mirror), "%s/m", d.path);
        snprintf(lock, sizeof(lock), "%s.lock", mirror);
        snprintf(pid, sizeof(pid), "process %ld ", (long)getpid());
        assert_int_equal(clew_mirror_lock(mirror, CLEW_NS_PER_S, &holder, &err), 0);
        assert_int_equal(clew_mirror_lock(mirror, 50 * CLEW_NS_PER_MS, &fd, &err), -EBUSY);
        assert_non_null(strstr(err.message, pid));
        assert_non_null(strstr(err.message, mirror));
        /* One that has written nothing there. */
        assert_int_equal(ftruncate(holder, 0), 0);
        assert_int_equal(clew_mirror_lock(mirror, 50 * CLEW_NS_PER_MS, &fd, &err), -EBUSY);
        assert_non_null(strstr(err.message, "another process"));
        close(holder);
        assert_int_equal(clew_mirror_lock(mirror, CLEW_NS_PER_S, &fd, &err), 0);
        close(fd);
        test_dir_remove(&d);
}

struct holder {
        const char *data;
        int fd;
};

/* Writes to the store for five times the patience, then gives the lock back. */
static void *get_on(void *context)
{
        struct holder *h = context;

        for (unsigned i = 0; i < 50; i++) {
                touch(h->data);
                usleep(100000);
        }
        close(h->fd);
        return NULL;
}

static void who_gets_on_is_waited_for(void **state)
{
        struct test_dir d;
        char mirror[400];
        char data[420];
        struct clew_error err = {0};
        struct holder h = {.data = data};
        pthread_t thread;
        int fd = -1;

        (void)state;
        test_dir_make(&d);
        snprintf(mirror, sizeof(mirror), "%s/m", d.path);
        snprintf(data, sizeof(data), "%s/data.mdb", mirror);
        assert_int_equal(clew_mirror_lock(mirror, CLEW_NS_PER_S, &h.fd, &err), 0);
        assert_int_equal(pthread_create(&thread, NULL, get_on, &h), 0);
        assert_int_equal(clew_mirror_lock(mirror, CLEW_NS_PER_S, &fd, &err), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        close(fd);
        test_dir_remove(&d);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_object_tells_all_about_each_of_its_segments),
                cmocka_unit_test(a_segment_alone_is_read),
                cmocka_unit_test(an_object_is_used_while_a_segment_of_it_is),
                cmocka_unit_test(a_changed_byte_is_noticed),
                cmocka_unit_test(versions_of_a_catalog_build_on_each_other),
                cmocka_unit_test(a_sleeper_cannot_make_a_number_that_was_deleted),
                cmocka_unit_test(a_changed_version_is_noticed),
                cmocka_unit_test(a_version_of_the_first_format_is_read),
                cmocka_unit_test(a_version_of_the_second_format_is_read),
                cmocka_unit_test(a_part_tells_what_it_leads_to),
                cmocka_unit_test(a_map_takes_the_addresses_that_there_are),
                cmocka_unit_test(what_is_kept_stays_within_its_limit),
                cmocka_unit_test(who_holds_a_mirror_is_named),
                cmocka_unit_test(who_gets_on_is_waited_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
