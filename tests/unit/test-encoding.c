/* Encodings under a limit: what was packed comes out, in whatever pieces; never more than the
 * limit; what is damaged or cut short is refused. */
#include "collector/gate/encoding.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define MAX_BYTES ((size_t)1 << 20)
#define SLACK_BYTES ((size_t)1 << 20)

static uint8_t plain[200000];
static uint8_t packed[400000];
static size_t n_packed;

static int set_up(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(plain); i++)
                plain[i] = (uint8_t)(i % 251 ^ i / 1000);
        return 0;
}

static int undo(enum clew_encoding encoding, struct clew_slice in, size_t cut, size_t max,
                struct clew_buffer *out)
{
        const struct clew_slice parts[2] = {clew_slice_make(in.data, cut),
                                            clew_slice_from(in, cut)};
        struct clew_error err = {.code = 0};

        clew_buffer_init(out, max + SLACK_BYTES);
        assert_true(clew_encoding_hint(encoding, parts, 2, max) <= max);
        return clew_encoding_undo(encoding, parts, 2, max, out, &err);
}

static void expect_plain(enum clew_encoding encoding, size_t n_plain)
{
        struct clew_slice in = clew_slice_make(packed, n_packed);

        for (size_t k = 0; k <= 4; k++) {
                struct clew_buffer out;

                assert_int_equal(undo(encoding, in, n_packed * k / 4, MAX_BYTES, &out), 0);
                assert_int_equal(out.len, n_plain);
                assert_memory_equal(out.data, plain, n_plain);
                clew_buffer_deinit(&out);
                assert_int_equal(undo(encoding, in, n_packed * k / 4, n_plain, &out), 0);
                clew_buffer_deinit(&out);
                assert_int_equal(undo(encoding, in, n_packed * k / 4, n_plain - 1, &out),
                                 -EMSGSIZE);
                clew_buffer_deinit(&out);
        }
        for (size_t n = 0; n < n_packed; n += n_packed / 50 + 1) {
                struct clew_buffer out;
                int r = undo(encoding, clew_slice_make(packed, n), n / 2, MAX_BYTES, &out);

                assert_int_equal(r, -EBADMSG);
                clew_buffer_deinit(&out);
        }
}

static void test_zstd(void **state)
{
        struct clew_buffer out;

        (void)state;
        n_packed = ZSTD_compress(packed, sizeof(packed), plain, sizeof(plain), 3);
        assert_false(ZSTD_isError(n_packed));
        assert_int_equal(clew_encoding_sniff(clew_slice_make(packed, n_packed)),
                         CLEW_ENCODING_ZSTD);
        expect_plain(CLEW_ENCODING_ZSTD, sizeof(plain));
        /* Frames in a row are one message, bytes after them are none. */
        n_packed = ZSTD_compress(packed, sizeof(packed), plain, 1000, 3);
        n_packed +=
                ZSTD_compress(packed + n_packed, sizeof(packed) - n_packed, plain + 1000, 500, 3);
        assert_int_equal(
                undo(CLEW_ENCODING_ZSTD, clew_slice_make(packed, n_packed), 7, MAX_BYTES, &out), 0);
        assert_int_equal(out.len, 1500);
        assert_memory_equal(out.data, plain, 1500);
        clew_buffer_deinit(&out);
        packed[n_packed] = 'x';
        assert_int_equal(
                undo(CLEW_ENCODING_ZSTD, clew_slice_make(packed, n_packed + 1), 7, MAX_BYTES, &out),
                -EBADMSG);
        clew_buffer_deinit(&out);
}

/* 64 MiB of zeros take two kilobytes: no more comes out than is allowed, nor is it reserved. */
static void test_zstd_bomb(void **state)
{
        static uint8_t zeros[1 << 20];
        ZSTD_CCtx *z = ZSTD_createCCtx();
        ZSTD_outBuffer to = {.dst = packed, .size = sizeof(packed)};
        struct clew_buffer out;

        (void)state;
        assert_non_null(z);
        for (unsigned i = 0; i < 64; i++) {
                ZSTD_inBuffer in = {.src = zeros, .size = sizeof(zeros)};
                ZSTD_EndDirective how = i == 63 ? ZSTD_e_end : ZSTD_e_continue;

                while (ZSTD_compressStream2(z, &to, &in, how) != 0 && (in.pos < in.size || i == 63))
                        continue;
        }
        ZSTD_freeCCtx(z);
        assert_int_equal(
                undo(CLEW_ENCODING_ZSTD, clew_slice_make(packed, to.pos), 5, MAX_BYTES, &out),
                -EMSGSIZE);
        assert_true(out.capacity <= MAX_BYTES + SLACK_BYTES);
        clew_buffer_deinit(&out);
        /* A frame that wants a window of a gigabyte: magic, no content size, window descriptor. */
        assert_int_equal(undo(CLEW_ENCODING_ZSTD,
                              CLEW_SLICE_LITERAL("\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00"), 3,
                              MAX_BYTES, &out),
                         -EBADMSG);
        clew_buffer_deinit(&out);
}

static void test_deflate(void **state)
{
        uLongf n = sizeof(packed);

        (void)state;
        assert_int_equal(compress(packed, &n, plain, sizeof(plain)), Z_OK);
        n_packed = n;
        expect_plain(CLEW_ENCODING_DEFLATE, sizeof(plain));
}

static void put_literal(size_t from, size_t n)
{
        if (n <= 60) {
                packed[n_packed++] = (uint8_t)((n - 1) << 2);
        } else {
                packed[n_packed++] = 61 << 2;
                packed[n_packed++] = (uint8_t)(n - 1);
                packed[n_packed++] = (uint8_t)((n - 1) >> 8);
        }
        memcpy(packed + n_packed, plain + from, n);
        n_packed += n;
}

static void test_snappy_block(void **state)
{
        static const struct {
                const char *bytes;
                size_t n;
                const char *gives; /* NULL: damaged */
        } cases[] = {
                {"\x00", 1, ""},
                {"\x01\x00"
                 "a",
                 3, "a"},
                {"\x08\x00"
                 "a\x0d\x01",
                 5, "aaaaaaaa"}, /* a copy of seven, one back */
                {"\x06\x08"
                 "abc\x0a\x03\x00",
                 8, "abcabc"}, /* two bytes of offset */
                {"\x06\x08"
                 "abc\x0b\x03\x00\x00\x00",
                 10, "abcabc"}, /* four */
                {"\x08\x00"
                 "a\x0d\x02",
                 5, NULL}, /* reaches back before the beginning */
                {"\x08\x00"
                 "a\x0d\x00",
                 5, NULL}, /* reaches nowhere */
                {"\x07\x00"
                 "a\x0d\x01",
                 5, NULL}, /* more than it said */
                {"\x09\x00"
                 "a\x0d\x01",
                 5, NULL}, /* less */
                {"\xff\xff\xff\xff\x0f\x00"
                 "a",
                 7, NULL}, /* a size that it cannot have */
                {"\x05\x10"
                 "ab",
                 4, NULL}, /* a literal that is cut off */
                {"", 0, NULL},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct clew_buffer out;
                int r = undo(CLEW_ENCODING_SNAPPY, clew_slice_make(cases[i].bytes, cases[i].n),
                             cases[i].n / 2, MAX_BYTES, &out);

                assert_int_equal(r, cases[i].gives ? 0 : -EBADMSG);
                if (cases[i].gives)
                        assert_true(clew_slice_eq_cstr(clew_buffer_slice(&out), cases[i].gives));
                clew_buffer_deinit(&out);
        }
        n_packed = 0;
        packed[n_packed++] = 0x88; /* 5,000 */
        packed[n_packed++] = 0x27;
        put_literal(0, 60);
        put_literal(60, 4940);
        expect_plain(CLEW_ENCODING_SNAPPY, 5000);
}

static void test_snappy_frames(void **state)
{
        /* The stream's name, a chunk to skip, "a" plain. The checksum of "a" by RFC 3720, B.4, is
         * c1d04330; masked: rotated by 15, plus a282ead8. */
        uint32_t crc = (0xc1d04330u >> 15 | 0xc1d04330u << 17) + 0xa282ead8u;
        uint8_t stream[] = "\xff\x06\x00\x00sNaPpY\xfe\x02\x00\x00xx\x01\x05\x00\x00....a";
        size_t n = sizeof(stream) - 1;
        struct clew_buffer out;

        (void)state;
        for (unsigned i = 0; i < 4; i++)
                stream[n - 5 + i] = (uint8_t)(crc >> 8 * i);
        assert_int_equal(clew_encoding_sniff(clew_slice_make(stream, n)), CLEW_ENCODING_SNAPPY);
        assert_int_equal(undo(CLEW_ENCODING_SNAPPY, clew_slice_make(stream, n), 5, 10, &out), 0);
        assert_true(clew_slice_eq_cstr(clew_buffer_slice(&out), "a"));
        clew_buffer_deinit(&out);
        assert_int_equal(undo(CLEW_ENCODING_SNAPPY, clew_slice_make(stream, n), 5, 0, &out),
                         -EMSGSIZE);
        clew_buffer_deinit(&out);
        stream[n - 1] = 'b';
        assert_int_equal(undo(CLEW_ENCODING_SNAPPY, clew_slice_make(stream, n), 5, 10, &out),
                         -EBADMSG);
        clew_buffer_deinit(&out);
        stream[10] = 0x02; /* a chunk that must not be skipped */
        assert_int_equal(undo(CLEW_ENCODING_SNAPPY, clew_slice_make(stream, n), 5, 10, &out),
                         -EBADMSG);
        clew_buffer_deinit(&out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_zstd),          cmocka_unit_test(test_zstd_bomb),
                cmocka_unit_test(test_deflate),       cmocka_unit_test(test_snappy_block),
                cmocka_unit_test(test_snappy_frames),
        };

        return cmocka_run_group_tests(tests, set_up, NULL);
}
