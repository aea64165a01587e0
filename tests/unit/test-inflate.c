/* gzip under a limit: whatever the pieces, whatever the stream claims about itself. */
#include "collector/gate/inflate.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define PLAIN_LEN 300000u
#define ROOM_MAX ((size_t)64 << 20)
#define BUFFER_MAX (ROOM_MAX + 65536)

static void compress_to(struct clew_slice plain, struct clew_buffer *out)
{
        z_stream z = {.zalloc = NULL};
        uint8_t *at;
        size_t bound;

        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
        bound = deflateBound(&z, plain.len) + 64;
        at = clew_buffer_reserve(out, bound);
        assert_non_null(at);
        z.next_in = (z_const Bytef *)(uintptr_t)plain.data;
        z.avail_in = (uInt)plain.len;
        z.next_out = at;
        z.avail_out = (uInt)bound;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        clew_buffer_commit(out, bound - z.avail_out);
        deflateEnd(&z);
}

static struct clew_buffer plain;
static struct clew_buffer gz;

static int make_data(void **state)
{
        uint32_t x = 12345;

        (void)state;
        clew_buffer_init(&plain, BUFFER_MAX);
        clew_buffer_init(&gz, BUFFER_MAX);
        for (size_t i = 0; i < PLAIN_LEN; i++) {
                x = x * 1664525u + 1013904223u;
                clew_buffer_append_byte(&plain, (uint8_t)(x >> 28)); /* compresses about 2:1 */
        }
        compress_to(clew_buffer_slice(&plain), &gz);
        return 0;
}

static int drop_data(void **state)
{
        (void)state;
        clew_buffer_deinit(&plain);
        clew_buffer_deinit(&gz);
        return 0;
}

static int inflate_parts(const struct clew_slice *parts, size_t n, size_t max,
                         struct clew_buffer *out)
{
        struct clew_error err;

        clew_buffer_init(out, BUFFER_MAX);
        return clew_inflate_gzip(parts, n, max, out, &err);
}

static int inflate_one(struct clew_slice s, size_t max)
{
        struct clew_buffer out;
        int r = inflate_parts(&s, 1, max, &out);

        clew_buffer_deinit(&out);
        return r;
}

static void test_whole(void **state)
{
        struct clew_slice s = clew_buffer_slice(&gz);
        struct clew_buffer out;

        (void)state;
        assert_int_equal(inflate_parts(&s, 1, PLAIN_LEN, &out), 0);
        assert_true(clew_slice_eq(clew_buffer_slice(&out), clew_buffer_slice(&plain)));
        clew_buffer_deinit(&out);
}

static void test_every_cut_in_pieces(void **state)
{
        struct clew_slice s = clew_buffer_slice(&gz);

        (void)state;
        for (size_t cut = 0; cut <= s.len; cut += cut < 40 || cut + 40 > s.len ? 1 : 997) {
                struct clew_slice parts[3] = {clew_slice_make(s.data, cut), CLEW_SLICE_NULL,
                                              clew_slice_from(s, cut)};
                struct clew_buffer out;

                assert_int_equal(inflate_parts(parts, 3, ROOM_MAX, &out), 0);
                assert_true(clew_slice_eq(clew_buffer_slice(&out), clew_buffer_slice(&plain)));
                clew_buffer_deinit(&out);
        }
}

static void test_limit_is_exact(void **state)
{
        (void)state;
        assert_int_equal(inflate_one(clew_buffer_slice(&gz), PLAIN_LEN), 0);
        assert_int_equal(inflate_one(clew_buffer_slice(&gz), PLAIN_LEN - 1), -EMSGSIZE);
        assert_int_equal(inflate_one(clew_buffer_slice(&gz), 0), -EMSGSIZE);
}

static void test_truncated(void **state)
{
        struct clew_slice s = clew_buffer_slice(&gz);

        (void)state;
        for (size_t len = 0; len < s.len; len += len < 40 || len + 40 > s.len ? 1 : 997)
                assert_int_equal(inflate_one(clew_slice_make(s.data, len), ROOM_MAX), -EBADMSG);
}

static void test_trailing_garbage(void **state)
{
        struct clew_slice parts[2] = {clew_buffer_slice(&gz), CLEW_SLICE_LITERAL("x")};
        struct clew_buffer out;

        (void)state;
        assert_int_equal(inflate_parts(parts, 2, ROOM_MAX, &out), -EBADMSG);
        clew_buffer_deinit(&out);
        parts[1] = CLEW_SLICE_LITERAL("\x1f\x8b\x08rest"); /* begins like another member */
        assert_int_equal(inflate_parts(parts, 2, ROOM_MAX, &out), -EBADMSG);
        clew_buffer_deinit(&out);
}

static void test_two_members(void **state)
{
        struct clew_slice parts[2] = {clew_buffer_slice(&gz), clew_buffer_slice(&gz)};
        struct clew_buffer out;

        (void)state;
        assert_int_equal(inflate_parts(parts, 2, 2 * PLAIN_LEN, &out), 0);
        assert_int_equal(out.len, 2 * PLAIN_LEN);
        clew_buffer_deinit(&out);
        assert_int_equal(inflate_parts(parts, 2, 2 * PLAIN_LEN - 1, &out), -EMSGSIZE);
        clew_buffer_deinit(&out);
}

static void test_damage(void **state)
{
        CLEW_BUFFER copy = {0};

        (void)state;
        clew_buffer_init(&copy, BUFFER_MAX);
        clew_buffer_append_slice(&copy, clew_buffer_slice(&gz));
        copy.data[copy.len - 5] ^= 1; /* the checksum */
        assert_int_equal(inflate_one(clew_buffer_slice(&copy), ROOM_MAX), -EBADMSG);
        copy.data[copy.len - 5] ^= 1;
        copy.data[0] = 0;
        assert_int_equal(inflate_one(clew_buffer_slice(&copy), ROOM_MAX), -EBADMSG);
        assert_int_equal(inflate_one(CLEW_SLICE_LITERAL("not gzip, but long enough"), ROOM_MAX),
                         -EBADMSG);
}

/* 64 MiB of zeros in 64 KiB: stops at the limit, and holds no more memory than that. */
static void test_bomb(void **state)
{
        CLEW_BUFFER zeros = {0};
        CLEW_BUFFER bomb = {0};
        struct clew_buffer out;
        struct clew_slice s;
        size_t limit = (size_t)1 << 20;

        (void)state;
        clew_buffer_init(&zeros, BUFFER_MAX);
        clew_buffer_init(&bomb, BUFFER_MAX);
        assert_non_null(clew_buffer_reserve(&zeros, ROOM_MAX));
        memset(zeros.data, 0, ROOM_MAX);
        clew_buffer_commit(&zeros, ROOM_MAX);
        compress_to(clew_buffer_slice(&zeros), &bomb);
        s = clew_buffer_slice(&bomb);
        assert_true(s.len < 100000);
        assert_int_equal(inflate_parts(&s, 1, limit, &out), -EMSGSIZE);
        assert_true(out.capacity <= 4 * limit);
        clew_buffer_deinit(&out);
}

static void test_hint_is_bounded(void **state)
{
        struct clew_slice lie = CLEW_SLICE_LITERAL("\x1f\x8b\x08\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                                   "\xff\xff\xff\xff");
        struct clew_slice good = clew_buffer_slice(&gz);
        struct clew_slice pieces[2] = {clew_slice_make(good.data, good.len - 2),
                                       clew_slice_from(good, good.len - 2)};

        (void)state;
        assert_int_equal(clew_inflate_hint(&good, 1, ROOM_MAX), PLAIN_LEN);
        assert_int_equal(clew_inflate_hint(pieces, 2, ROOM_MAX), PLAIN_LEN);
        assert_int_equal(clew_inflate_hint(&good, 1, 1000), 1000);
        assert_true(clew_inflate_hint(&lie, 1, ROOM_MAX) <= 1032 * lie.len);
        assert_int_equal(clew_inflate_hint(NULL, 0, ROOM_MAX), 0);
}

static void test_short_of_memory(void **state)
{
        struct clew_slice s = clew_buffer_slice(&gz);
        int r = -1;
        uint64_t k;

        (void)state;
        for (k = 1; k < 100 && r != 0; k++) {
                struct clew_buffer out;

                clew_mem_fail_at(k, 1);
                r = inflate_parts(&s, 1, ROOM_MAX, &out);
                clew_mem_fail_at(0, 0);
                assert_true(r == 0 || r == -ENOMEM);
                clew_buffer_deinit(&out);
        }
        assert_int_equal(r, 0);
        assert_true(k > 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole),
                cmocka_unit_test(test_every_cut_in_pieces),
                cmocka_unit_test(test_limit_is_exact),
                cmocka_unit_test(test_truncated),
                cmocka_unit_test(test_trailing_garbage),
                cmocka_unit_test(test_two_members),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_bomb),
                cmocka_unit_test(test_hint_is_bounded),
                cmocka_unit_test(test_short_of_memory),
        };

        return cmocka_run_group_tests(tests, make_data, drop_data);
}
