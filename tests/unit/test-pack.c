/*
 * Packs: what goes in comes out, whatever it is; damaged packs are refused or give the right bytes.
 */
#include "proto/base/mem.h"
#include "storage/pack/pack-int.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <malloc.h>

#define BYTES_MAX ((size_t)64 << 20)

struct fixture {
        struct clew_packer *packer;
        struct clew_unpacker *unpacker;
        struct clew_buffer pack;
        struct clew_buffer out;
};

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));

        f->packer = clew_packer_new();
        f->unpacker = clew_unpacker_new();
        clew_buffer_init(&f->pack, BYTES_MAX);
        clew_buffer_init(&f->out, BYTES_MAX);
        *state = f;
        return f->packer && f->unpacker ? 0 : -1;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_packer_free(f->packer);
        clew_unpacker_free(f->unpacker);
        clew_buffer_deinit(&f->pack);
        clew_buffer_deinit(&f->out);
        clew_free(f);
        return 0;
}

static void pack(struct fixture *f, const struct clew_slice *messages, size_t n,
                 enum clew_pack_effort effort)
{
        clew_packer_reset(f->packer);
        clew_buffer_clear(&f->pack);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(clew_packer_add(f->packer, messages[i]), (int)i);
        assert_int_equal(clew_packer_finish(f->packer, effort, &f->pack), 0);
}

static void check_all(struct fixture *f, const struct clew_slice *messages, size_t n)
{
        assert_int_equal(clew_unpacker_open(f->unpacker, clew_buffer_slice(&f->pack)), 0);
        assert_int_equal(clew_unpacker_messages(f->unpacker), n);
        for (size_t k = 0; k < n; k++) {
                size_t i = n - 1 - k; /* any order */

                clew_buffer_clear(&f->out);
                assert_int_equal(clew_unpacker_read(f->unpacker, i, &f->out), 0);
                assert_true(clew_slice_eq(clew_buffer_slice(&f->out), messages[i]));
        }
        assert_int_equal(clew_unpacker_read(f->unpacker, n, &f->out), -EINVAL);
}

/* Some of them, in an order that begins anywhere: what is unpacked is the beginning at first. */
static void check_some(struct fixture *f, const struct clew_slice *messages, size_t n,
                       struct test_random *r)
{
        assert_int_equal(clew_unpacker_open(f->unpacker, clew_buffer_slice(&f->pack)), 0);
        for (uint64_t k = 1 + test_random_below(r, 4); k > 0; k--) {
                size_t i = (size_t)test_random_below(r, n);

                clew_buffer_clear(&f->out);
                assert_int_equal(clew_unpacker_read(f->unpacker, i, &f->out), 0);
                assert_true(clew_slice_eq(clew_buffer_slice(&f->out), messages[i]));
        }
}

static void test_empty(void **state)
{
        struct fixture *f = *state;
        struct clew_slice nothing = CLEW_SLICE_NULL;

        pack(f, NULL, 0, CLEW_PACK_FAST);
        check_all(f, NULL, 0);
        pack(f, &nothing, 1, CLEW_PACK_FAST);
        check_all(f, &nothing, 1);
}

static void test_repeats_cost_little(void **state)
{
        struct fixture *f = *state;
        struct test_random r = {7};
        uint8_t *text = clew_malloc(1 << 20);
        struct clew_slice m = clew_slice_make(text, 1 << 20);

        for (size_t i = 0; i < 4096; i++)
                text[i] = (uint8_t)test_random_next(&r);
        for (size_t i = 4096; i < m.len; i++)
                text[i] = text[i - 4096];
        pack(f, &m, 1, CLEW_PACK_SMALL);
        assert_in_range(f->pack.len, 4096, 4096 + 512);
        check_all(f, &m, 1);
        clew_free(text);
}

/* Text that repeats itself in pieces of random length, like histories that are sent again. */
static size_t make_message(struct test_random *r, uint8_t *to, size_t max)
{
        size_t len = test_random_below(r, max);
        size_t at = 0;

        while (at < len) {
                size_t n = 1 + test_random_below(r, test_random_below(r, 4) ? 400 : 20000);

                if (n > len - at)
                        n = len - at;
                if (at > 0 && test_random_below(r, 3)) {
                        size_t from = test_random_below(r, at);

                        for (size_t i = 0; i < n; i++)
                                to[at + i] = to[from + i];
                } else {
                        for (size_t i = 0; i < n; i++)
                                to[at + i] = (uint8_t)("abcdefgh"[test_random_below(r, 8)]);
                }
                at += n;
        }
        return len;
}

static void test_random_round_trips(void **state)
{
        enum { ROUNDS = 150, MESSAGES = 6, MESSAGE_MAX = 200000 };
        struct fixture *f = *state;
        struct test_random r = test_random_seeded("packs");
        uint8_t *text = clew_malloc((size_t)MESSAGES * MESSAGE_MAX);

        for (int round = 0; round < ROUNDS; round++) {
                struct clew_slice m[MESSAGES];
                size_t n = 1 + test_random_below(&r, MESSAGES);

                for (size_t i = 0; i < n; i++) {
                        uint8_t *to = text + i * MESSAGE_MAX;

                        m[i] = clew_slice_make(to, make_message(&r, to, MESSAGE_MAX));
                }
                pack(f, m, n, round % 2 ? CLEW_PACK_FAST : CLEW_PACK_SMALL);
                check_all(f, m, n);
                check_some(f, m, n, &r);
        }
        clew_free(text);
}

/* A residue that is long enough to be unpacked by its beginning, whole and damaged. */
static void test_beginnings(void **state)
{
        enum { ROUNDS = 12, SOME = 20, DAMAGED = 60, MESSAGES = 40, MESSAGE_MAX = 60000 };
        struct fixture *f = *state;
        struct test_random r = test_random_seeded("beginnings of packs");
        uint8_t *text = clew_malloc((size_t)MESSAGES * MESSAGE_MAX);

        for (int round = 0; round < ROUNDS; round++) {
                struct clew_slice m[MESSAGES];

                for (size_t i = 0; i < MESSAGES; i++) {
                        uint8_t *to = text + i * MESSAGE_MAX;

                        m[i] = clew_slice_make(to, make_message(&r, to, MESSAGE_MAX));
                }
                pack(f, m, MESSAGES, round % 2 ? CLEW_PACK_FAST : CLEW_PACK_SMALL);
                assert_int_equal(clew_unpacker_open(f->unpacker, clew_buffer_slice(&f->pack)), 0);
                assert_true(clew_unpacker_residue_bytes(f->unpacker) > (256u << 10));
                for (int k = 0; k < SOME; k++)
                        check_some(f, m, MESSAGES, &r);
                for (int k = 0; k < DAMAGED; k++) {
                        uint8_t *at = &f->pack.data[test_random_below(&r, f->pack.len)];
                        uint8_t bit = (uint8_t)(1u << test_random_below(&r, 8));

                        *at ^= bit;
                        clew_buffer_clear(&f->out);
                        if (clew_unpacker_open(f->unpacker, clew_buffer_slice(&f->pack)) == 0)
                                (void)!clew_unpacker_read(f->unpacker,
                                                          test_random_below(&r, MESSAGES), &f->out);
                        *at ^= bit;
                }
        }
        clew_free(text);
}

/* Of these bytes every position is a sample; what is remembered of them must not be a multiple. */
static void test_samples_are_bounded(void **state)
{
        struct fixture *f = *state;
        size_t n = (size_t)8 << 20;
        uint8_t *text = clew_malloc(n);
        size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        struct clew_slice message = clew_slice_make(text, n);

        assert_non_null(text);
        for (unsigned byte = 0; byte < 256; byte++) {
                size_t after;

                memset(text, (int)byte, n);
                clew_packer_reset(f->packer);
                assert_int_equal(clew_packer_add(f->packer, message), 0);
                after = mallinfo2().uordblks + mallinfo2().hblkhd;
                assert_true(after < before + 6 * n);
        }
        memset(text, 'f', n);
        pack(f, &message, 1, CLEW_PACK_FAST);
        check_all(f, &message, 1);
        clew_free(text);
}

/* A pack made by hand: one literal, then a copy of 96 bytes from @distance back. */
static int read_copy(uint8_t distance, struct clew_buffer *out)
{
        const uint8_t pack[] = {0xC1, 1,
                                97,   1,
                                2,    1,
                                1,         /* one message of 97 bytes and its shares */
                                2,    'a', /* residue */
                                4,    1,
                                0,       /* literals: one, then none */
                                2,    0, /* lengths: the least */
                                2,    (uint8_t)(2 * distance)};
        struct clew_unpacker *u = clew_unpacker_new();
        int r;

        assert_non_null(u);
        r = clew_unpacker_open(u, clew_slice_make(pack, sizeof(pack)));
        if (r == 0)
                r = clew_unpacker_read(u, 0, out);
        clew_unpacker_free(u);
        return r;
}

static void test_copies_stay_inside_the_message(void **state)
{
        CLEW_BUFFER out = {0};

        (void)state;
        clew_buffer_init(&out, 4096);
        clew_buffer_append(&out, "what stood there before", 23);
        assert_int_equal(read_copy(5, &out), -EBADMSG);
        assert_int_equal(read_copy(2, &out), -EBADMSG);
        assert_int_equal(read_copy(0, &out), -EBADMSG);
        assert_int_equal(out.len, 23);
        assert_int_equal(read_copy(1, &out), 0);
        assert_int_equal(out.len, 23 + 97);
        assert_int_equal(out.data[119], 'a');
}

static void test_damage_never_overruns(void **state)
{
        enum { ROUNDS = 4000, MESSAGE_MAX = 30000 };
        struct fixture *f = *state;
        struct test_random r = test_random_seeded("damaged packs");
        uint8_t *text = clew_malloc(MESSAGE_MAX);
        struct clew_slice m = {text, make_message(&r, text, MESSAGE_MAX)};

        for (int round = 0; round < ROUNDS; round++) {
                pack(f, &m, 1, CLEW_PACK_FAST);
                for (uint64_t k = 1 + test_random_below(&r, 3); k > 0; k--)
                        f->pack.data[test_random_below(&r, f->pack.len)] ^=
                                (uint8_t)(1u << test_random_below(&r, 8));
                if (test_random_below(&r, 4) == 0)
                        f->pack.len = test_random_below(&r, f->pack.len);
                clew_buffer_clear(&f->out);
                if (clew_unpacker_open(f->unpacker, clew_buffer_slice(&f->pack)) == 0)
                        (void)!clew_unpacker_read(f->unpacker, 0, &f->out);
        }
        clew_free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_repeats_cost_little, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_random_round_trips, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_beginnings, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_samples_are_bounded, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_copies_stay_inside_the_message, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_damage_never_overruns, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
