/*
 * Pieces that traces say alike: a run made with what an earlier trace was given is byte for byte
 * the run in which each trace was given everything. Also when the table of pieces is full and
 * forgotten, and when something of a piece was missing. And a sink that goes on with the next
 * segment makes of it what a new one makes, whether the one before was built or dropped in its
 * middle. So does one that has several segments, of which some are left out.
 */
#include "storage/index/passage-int.h"
#include "storage/index/sink-int.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PIECES 200u
#define KEYS_MAX 12u
#define TRACES 60u
#define WORDS 400u
#define SEGMENTS 300u

struct piece {
        uint32_t n;
        uint32_t words[KEYS_MAX];
};

/* One word in nine is longer than what a sink keeps beside its lookups. */
static void give_word(struct clew_index_sink *sink, uint32_t word)
{
        char key[80];
        int n = word % 9 == 0 ? snprintf(key, sizeof(key), "%060u", word)
                              : snprintf(key, sizeof(key), "w%u", word);

        clew_index_add(sink, word % 5 ? CLEW_INDEX_WORD : CLEW_INDEX_GRAM,
                       clew_slice_make(key, (size_t)n));
}

static void give_piece(struct clew_index_sink *sink, const struct piece *p, uint32_t from)
{
        for (uint32_t i = from; i < p->n; i++)
                give_word(sink, p->words[i]);
}

static int keep(void *context, uint32_t block, struct clew_slice bytes, struct clew_error *err)
{
        (void)block;
        (void)err;
        clew_buffer_append_slice(context, bytes);
        return clew_buffer_error(context);
}

/* How many segments it has. */
static uint32_t build_of(struct clew_index_sink *sink, struct clew_buffer *ret,
                         struct clew_run_segment *ret_segments)
{
        struct clew_run_writer writer;
        struct clew_run_head head;

        clew_buffer_init(ret, 64u << 20);
        clew_run_writer_init(&writer, keep, ret);
        assert_int_equal(clew_index_sink_build(sink, &writer, &head, ret_segments), 0);
        assert_int_equal(head.n_traces, head.n_places);
        clew_run_writer_deinit(&writer);
        return head.n_segments;
}

static void build(struct clew_index_sink *sink, struct clew_buffer *ret)
{
        struct clew_run_segment segment;

        assert_int_equal(build_of(sink, ret, &segment), 1);
}

struct pair {
        struct clew_index_sink *told; /* by pieces */
        struct clew_index_sink *all;
};

static struct pair pair_new(void)
{
        struct pair p = {clew_index_sink_new(), clew_index_sink_new()};

        assert_non_null(p.told);
        assert_non_null(p.all);
        return p;
}

static void begin(const struct pair *p, uint32_t trace)
{
        struct clew_trace_id id = {{(uint8_t)trace, 1}};

        clew_index_sink_begin(p->told, &id);
        clew_index_sink_begin(p->all, &id);
        clew_index_sink_start(p->told, 1000 + trace * 7 % 50);
        clew_index_sink_start(p->all, 1000 + trace * 7 % 50);
}

static void end(struct pair *p)
{
        CLEW_BUFFER told = {0};
        CLEW_BUFFER all = {0};

        build(p->told, &told);
        build(p->all, &all);
        assert_true(clew_slice_eq(clew_buffer_slice(&told), clew_buffer_slice(&all)));
        clew_index_sink_free(p->told);
        clew_index_sink_free(p->all);
}

static void say(const struct pair *p, uint32_t number, const struct piece *piece, bool whole)
{
        if (clew_index_again(p->told, clew_slice_make(&number, sizeof(number)), 1) < 0) {
                give_piece(p->told, piece, whole ? 0 : 1);
                clew_index_again_end(p->told, whole);
        } else {
                assert_true(whole);
        }
        give_piece(p->all, piece, whole ? 0 : 1);
}

static void make_pieces(struct test_random *random, struct piece *pieces)
{
        for (uint32_t i = 0; i < PIECES; i++) {
                pieces[i].n = (uint32_t)test_random_below(random, KEYS_MAX);
                for (uint32_t k = 0; k < pieces[i].n; k++)
                        pieces[i].words[k] = (uint32_t)test_random_below(random, WORDS);
        }
}

/* What a trace says: some pieces, and words of its own between them. */
static void say_some(const struct pair *p, struct test_random *random, const struct piece *pieces)
{
        for (uint32_t i = (uint32_t)test_random_below(random, 90); i > 0; i--) {
                uint32_t number = (uint32_t)test_random_below(random, PIECES);
                uint32_t word = (uint32_t)test_random_below(random, WORDS);

                say(p, number, &pieces[number], number % 10 != 0);
                if (number % 3 == 0) {
                        give_word(p->told, word);
                        give_word(p->all, word);
                }
        }
}

static void test_random(void **state)
{
        static struct piece pieces[PIECES];
        struct test_random random = test_random_seeded("passages");
        struct pair p = pair_new();

        (void)state;
        make_pieces(&random, pieces);
        for (uint32_t t = 0; t < TRACES; t++) {
                begin(&p, t);
                say_some(&p, &random, pieces);
        }
        end(&p);
}

/* How a segment ends. */
enum { BUILT, DROPPED, DROPPED_IN_A_PIECE, FAILED, HOWS };

static void test_segments(void **state)
{
        static struct piece pieces[PIECES];
        struct test_random random = test_random_seeded("segments");
        struct pair p = {.told = clew_index_sink_new()};

        (void)state;
        assert_non_null(p.told);
        make_pieces(&random, pieces);
        for (uint32_t segment = 0; segment < SEGMENTS; segment++) {
                uint64_t how = test_random_below(&random, 2 * HOWS); /* most are built */
                CLEW_BUFFER told = {0};
                CLEW_BUFFER all = {0};

                p.all = clew_index_sink_new();
                assert_non_null(p.all);
                clew_index_sink_reset(p.told);
                for (uint64_t t = 1 + test_random_below(&random, 9); t > 0; t--) {
                        begin(&p, (uint32_t)t);
                        say_some(&p, &random, pieces);
                }
                if (how == DROPPED_IN_A_PIECE &&
                    clew_index_again(p.told, CLEW_SLICE_LITERAL("cut"), segment) < 0)
                        give_piece(p.told, &pieces[0], 0);
                if (how == FAILED)
                        clew_index_sink_fail(p.told);
                if (how < DROPPED || how > FAILED) {
                        build(p.told, &told);
                        build(p.all, &all);
                        assert_true(
                                clew_slice_eq(clew_buffer_slice(&told), clew_buffer_slice(&all)));
                }
                clew_index_sink_free(p.all);
        }
        clew_index_sink_free(p.told);
}

/* Some segments in one sink: without those that are left out, wherever their last trace ended, its
 * run is that of a sink which got the others alone. */
static void test_together(void **state)
{
        static struct piece pieces[PIECES];
        struct test_random random = test_random_seeded("segments together");
        struct clew_run_segment want[CLEW_SINK_SEGMENTS_MAX];
        struct clew_run_segment got[CLEW_SINK_SEGMENTS_MAX];
        struct pair p = {.told = clew_index_sink_new()};

        (void)state;
        assert_non_null(p.told);
        make_pieces(&random, pieces);
        for (uint32_t run = 0; run < SEGMENTS / 10; run++) {
                uint32_t n = 0;
                uint32_t places = 0;
                CLEW_BUFFER told = {0};
                CLEW_BUFFER all = {0};

                p.all = clew_index_sink_new();
                assert_non_null(p.all);
                clew_index_sink_reset(p.told);
                for (uint32_t segment = 0; segment < CLEW_SINK_SEGMENTS_MAX; segment++) {
                        uint64_t how = segment == 0 ? BUILT : test_random_below(&random, 2 * HOWS);
                        bool is_out = how >= DROPPED && how <= FAILED;
                        struct pair both = {p.told, is_out ? clew_index_sink_new() : p.all};
                        uint32_t traces = 1 + (uint32_t)test_random_below(&random, 9);

                        if (segment > 0)
                                clew_index_sink_next(p.told);
                        for (uint32_t t = 0; t < traces; t++) {
                                begin(&both, segment * 10 + t);
                                say_some(&both, &random, pieces);
                        }
                        if (how == DROPPED_IN_A_PIECE &&
                            clew_index_again(p.told, CLEW_SLICE_LITERAL("cut"), segment) < 0)
                                give_piece(p.told, &pieces[0], 0);
                        clew_index_sink_number(p.told, 100 + segment);
                        if (is_out) {
                                clew_index_sink_fail(p.told);
                                clew_index_sink_free(both.all);
                                continue;
                        }
                        want[n++] = (struct clew_run_segment){100 + segment, places, traces};
                        places += traces;
                }
                assert_true(clew_index_sink_is_full(p.told));
                assert_int_equal(build_of(p.told, &told, got), n);
                assert_memory_equal(got, want, n * sizeof(*want));
                assert_int_equal(build_of(p.all, &all, got), 1);
                assert_true(clew_slice_eq(clew_buffer_slice(&told), clew_buffer_slice(&all)));
                clew_index_sink_free(p.all);
        }
        clew_index_sink_free(p.told);
}

/* More pieces than are remembered, each of them said by two traces. */
static void test_full(void **state)
{
        const uint32_t n = CLEW_PASSAGES_MAX + CLEW_PASSAGES_MAX / 4;
        struct pair p = pair_new();

        (void)state;
        for (uint32_t t = 0; t < 2; t++) {
                begin(&p, t);
                for (uint32_t i = 0; i < n; i++) {
                        const struct piece piece = {2, {i % 977, i % 1009}};

                        say(&p, i, &piece, true);
                }
        }
        end(&p);
}

/* One piece of more keys than there is room for is given anew each time. */
static void test_large(void **state)
{
        const uint32_t n = CLEW_PASSAGE_NUMBERS_MAX + 1;
        const struct piece small = {2, {1, 2}};
        struct pair p = pair_new();

        (void)state;
        for (uint32_t t = 0; t < 3; t++) {
                begin(&p, t);
                say(&p, 1, &small, true);
                assert_int_equal(clew_index_again(p.told, CLEW_SLICE_LITERAL("large"), 1), -1);
                for (uint32_t i = 0; i < n; i++)
                        give_word(p.told, i % WORDS);
                clew_index_again_end(p.told, true);
                for (uint32_t i = 0; i < WORDS; i++)
                        give_word(p.all, i);
                say(&p, 1, &small, true);
        }
        end(&p);
}

static void test_counts(void **state)
{
        const struct piece piece = {3, {1, 2, 3}};
        struct pair p = pair_new();
        struct clew_slice name = CLEW_SLICE_LITERAL("name");

        (void)state;
        begin(&p, 0);
        assert_int_equal(clew_index_again(p.told, name, 1), -1);
        give_piece(p.told, &piece, 0);
        clew_index_again_end(p.told, true);
        assert_int_equal(clew_index_again(p.told, name, 1), 0);
        assert_int_equal(clew_index_again(p.told, name, 2), -1); /* it means something else there */
        clew_index_again_end(p.told, true);
        give_piece(p.all, &piece, 0);
        begin(&p, 1);
        assert_int_equal(clew_index_again(p.told, name, 1), 3);
        assert_int_equal(clew_index_again(p.told, name, 1), 0);
        give_piece(p.all, &piece, 0);
        end(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_random),   cmocka_unit_test(test_segments),
                cmocka_unit_test(test_together), cmocka_unit_test(test_full),
                cmocka_unit_test(test_large),    cmocka_unit_test(test_counts),
        };

        return cmocka_run_group_tests_name("passages", tests, NULL, NULL);
}
