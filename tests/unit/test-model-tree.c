/*
 * The tree under parent ids of every kind: in order, missing, circular, random, deep, wide. The
 * three properties that trace.h promises are checked on each.
 */
#include "proto/base/buffer.h"
#include "query/model/summary.h"
#include "query/model/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#define BYTES_MAX ((size_t)256 << 20)
#define ARENA_MAX ((size_t)1 << 30)
#define NO_PARENT 0u

struct builder {
        struct clew_buffer spans; /* ScopeSpans body */
        struct clew_buffer one;
};

static void put_bytes(struct clew_buffer *b, uint32_t field, const void *data, size_t n)
{
        clew_buffer_append_varint(b, (uint64_t)field << 3 | 2);
        clew_buffer_append_varint(b, n);
        clew_buffer_append(b, data, n);
}

static void put_fixed64(struct clew_buffer *b, uint32_t field, uint64_t v)
{
        clew_buffer_append_varint(b, (uint64_t)field << 3 | 1);
        clew_buffer_append_le64(b, v);
}

static void make_id(uint32_t id, uint8_t ret[8])
{
        memset(ret, 0, 8);
        ret[0] = 0x11;
        memcpy(ret + 4, &id, sizeof(id));
}

static void add_span(struct builder *b, uint32_t id, uint32_t parent, uint64_t start_ns,
                     uint64_t end_ns)
{
        static const uint8_t trace_id[16] = {7};
        uint8_t bytes[8];

        clew_buffer_clear(&b->one);
        put_bytes(&b->one, 1, trace_id, sizeof(trace_id));
        make_id(id, bytes);
        put_bytes(&b->one, 2, bytes, sizeof(bytes));
        if (parent != NO_PARENT) {
                make_id(parent, bytes);
                put_bytes(&b->one, 4, bytes, sizeof(bytes));
        }
        put_bytes(&b->one, 5, "span", 4);
        put_fixed64(&b->one, 7, start_ns);
        if (end_ns)
                put_fixed64(&b->one, 8, end_ns);
        put_bytes(&b->spans, 2, b->one.data, b->one.len);
}

static void builder_init(struct builder *b)
{
        clew_buffer_init(&b->spans, BYTES_MAX);
        clew_buffer_init(&b->one, 4096);
}

static void builder_deinit(struct builder *b)
{
        clew_buffer_deinit(&b->spans);
        clew_buffer_deinit(&b->one);
}

/* Wraps the spans and builds; the bytes live in @bytes. */
static struct clew_trace *build(struct builder *b, struct clew_buffer *bytes,
                                struct clew_arena *arena)
{
        CLEW_BUFFER resource = {.max_bytes = BYTES_MAX};
        struct clew_trace *trace = NULL;

        put_bytes(&resource, 2, b->spans.data, b->spans.len);
        clew_buffer_clear(bytes);
        put_bytes(bytes, 1, resource.data, resource.len);
        assert_int_equal(clew_buffer_error(bytes), 0);
        assert_int_equal(
                clew_trace_build(clew_buffer_slice(bytes), CLEW_SLICE_NULL, NULL, arena, &trace),
                0);
        return trace;
}

static void check_properties(const struct clew_trace *t)
{
        uint32_t roots = 0;

        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];
                uint32_t children = 0;

                assert_true(s->parent == CLEW_STEP_NONE || s->parent < i);
                assert_true(s->n_descendants < t->n_steps - i);
                assert_int_equal(clew_trace_find(t, &s->span.span_id), i);
                roots += s->parent == CLEW_STEP_NONE;
                for (uint32_t c = s->first_child; c != CLEW_STEP_NONE;
                     c = t->steps[c].next_sibling) {
                        assert_int_equal(t->steps[c].parent, i);
                        assert_int_equal(t->steps[c].depth, s->depth + 1);
                        assert_true(c > i && c <= i + s->n_descendants);
                        children++;
                }
                assert_int_equal(children, s->n_children);
                assert_true(s->name.len > 0);
        }
        assert_int_equal(roots, t->n_roots);
}

struct scene {
        struct builder b;
        struct clew_buffer bytes;
        struct clew_arena arena;
};

static void scene_init(struct scene *s)
{
        builder_init(&s->b);
        clew_buffer_init(&s->bytes, BYTES_MAX);
        clew_arena_init(&s->arena, ARENA_MAX);
}

static void scene_deinit(struct scene *s)
{
        builder_deinit(&s->b);
        clew_buffer_deinit(&s->bytes);
        clew_arena_deinit(&s->arena);
}

static uint32_t id_at(const struct clew_trace *t, uint32_t step)
{
        uint32_t id;

        memcpy(&id, t->steps[step].span.span_id.bytes + 4, sizeof(id));
        return id;
}

static void test_order_is_by_start_then_arrival(void **state)
{
        struct clew_trace *t;
        struct scene s;

        (void)state;
        scene_init(&s);
        add_span(&s.b, 4, 1, 30, 40);
        add_span(&s.b, 3, 1, 20, 30);
        add_span(&s.b, 5, 1, 20, 30);
        add_span(&s.b, 6, 3, 21, 22);
        add_span(&s.b, 1, NO_PARENT, 10, 50);
        t = build(&s.b, &s.bytes, &s.arena);
        check_properties(t);
        assert_int_equal(t->n_steps, 5);
        assert_int_equal(id_at(t, 0), 1);
        assert_int_equal(id_at(t, 1), 3);
        assert_int_equal(id_at(t, 2), 6);
        assert_int_equal(id_at(t, 3), 5);
        assert_int_equal(id_at(t, 4), 4);
        scene_deinit(&s);
}

static void test_what_starts_together_is_ordered_by_its_end(void **state)
{
        struct clew_trace *t;
        struct scene s;

        (void)state;
        scene_init(&s);
        add_span(&s.b, 1, NO_PARENT, 10, 90);
        add_span(&s.b, 2, 1, 20, 0); /* never ended */
        add_span(&s.b, 3, 1, 20, 50);
        add_span(&s.b, 4, 1, 20, 20);
        t = build(&s.b, &s.bytes, &s.arena);
        check_properties(t);
        assert_int_equal(id_at(t, 1), 4);
        assert_int_equal(id_at(t, 2), 3);
        assert_int_equal(id_at(t, 3), 2);
        scene_deinit(&s);
}

static void test_missing_parents_become_standins(void **state)
{
        struct clew_trace *t;
        struct scene s;

        (void)state;
        scene_init(&s);
        add_span(&s.b, 2, 100, 10, 20);
        add_span(&s.b, 3, 100, 12, 20);
        add_span(&s.b, 4, 101, 5, 20);
        t = build(&s.b, &s.bytes, &s.arena);
        check_properties(t);
        assert_int_equal(t->n_spans, 3);
        assert_int_equal(t->n_steps, 5);
        assert_int_equal(t->n_roots, 2);
        assert_int_equal(id_at(t, 0), 101);
        assert_true(clew_step_is(&t->steps[0], CLEW_STEP_STANDIN));
        assert_true(clew_step_is(&t->steps[1], CLEW_STEP_ORPHAN));
        assert_int_equal(id_at(t, 2), 100);
        assert_int_equal(t->steps[2].n_children, 2);
        assert_int_equal(t->outcome, CLEW_OUTCOME_OPEN);
        scene_deinit(&s);
}

static void test_cycles_are_cut_at_the_earliest(void **state)
{
        struct clew_trace *t;
        struct scene s;

        (void)state;
        scene_init(&s);
        add_span(&s.b, 1, 1, 1, 2);
        add_span(&s.b, 10, 12, 30, 40);
        add_span(&s.b, 11, 10, 20, 40);
        add_span(&s.b, 12, 11, 25, 40);
        add_span(&s.b, 13, 12, 26, 40);
        t = build(&s.b, &s.bytes, &s.arena);
        check_properties(t);
        assert_int_equal(t->n_roots, 2);
        assert_int_equal(id_at(t, 0), 1);
        assert_true(clew_step_is(&t->steps[0], CLEW_STEP_CUT_CYCLE));
        assert_int_equal(id_at(t, 1), 11);
        assert_true(clew_step_is(&t->steps[1], CLEW_STEP_CUT_CYCLE));
        assert_int_equal(t->steps[1].n_descendants, 3);
        scene_deinit(&s);
}

static void test_copies_count_once(void **state)
{
        struct clew_trace *t;
        struct scene s;

        (void)state;
        scene_init(&s);
        add_span(&s.b, 1, NO_PARENT, 10, 0);
        add_span(&s.b, 2, 1, 11, 12);
        add_span(&s.b, 1, NO_PARENT, 10, 50);
        add_span(&s.b, 1, NO_PARENT, 10, 40);
        t = build(&s.b, &s.bytes, &s.arena);
        check_properties(t);
        assert_int_equal(t->n_spans, 2);
        assert_int_equal(t->steps[0].end_ns, 50);
        assert_int_equal(t->outcome, CLEW_OUTCOME_OK);
        scene_deinit(&s);
}

static void test_deep_and_wide(void **state)
{
        const uint32_t n = 25000;
        const uint32_t depth = 130;
        struct clew_trace *t;
        struct scene s;

        (void)state;
        scene_init(&s);
        for (uint32_t i = n; i >= 1; i--)
                add_span(&s.b, i, i <= depth ? i - 1 : 1 + i % depth, i * 10, i * 10 + 5);
        t = build(&s.b, &s.bytes, &s.arena);
        check_properties(t);
        assert_int_equal(t->n_steps, n);
        assert_int_equal(t->n_roots, 1);
        assert_int_equal(t->max_depth, depth);
        scene_deinit(&s);
}

static void test_one_chain_of_all(void **state)
{
        const uint32_t n = 50000;
        struct clew_trace *t;
        struct scene s;

        (void)state;
        scene_init(&s);
        for (uint32_t i = 1; i <= n; i++)
                add_span(&s.b, i, i - 1, 1000, 2000);
        t = build(&s.b, &s.bytes, &s.arena);
        assert_int_equal(t->max_depth, n - 1);
        assert_int_equal(t->steps[0].n_descendants, n - 1);
        scene_deinit(&s);
}

static void test_thousands_of_roots(void **state)
{
        struct clew_trace *t;
        struct scene s;

        (void)state;
        scene_init(&s);
        for (uint32_t i = 1; i <= 5000; i++)
                add_span(&s.b, i, NO_PARENT, 5000 - i, 9000);
        for (uint32_t i = 1; i <= 5000; i++)
                add_span(&s.b, 10000 + i, 20000 + i, i, 9000);
        t = build(&s.b, &s.bytes, &s.arena);
        check_properties(t);
        assert_int_equal(t->n_roots, 10000);
        assert_int_equal(t->n_steps, 15000);
        scene_deinit(&s);
}

static uint64_t next_random(uint64_t *seed)
{
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        return *seed;
}

/* Whatever the ids say: cycles of all lengths, missing parents, copies. */
static void test_random_parents(void **state)
{
        uint64_t seed = 0x243f6a8885a308d3ull;

        (void)state;
        print_message("seed %llx\n", (unsigned long long)seed);
        for (int round = 0; round < 300; round++) {
                uint32_t n = 1 + (uint32_t)(next_random(&seed) % 60);
                struct clew_trace *t;
                struct scene s;

                scene_init(&s);
                for (uint32_t i = 0; i < n; i++)
                        add_span(&s.b, 1 + (uint32_t)(next_random(&seed) % 50),
                                 (uint32_t)(next_random(&seed) % 60), next_random(&seed) % 20,
                                 next_random(&seed) % 30);
                t = build(&s.b, &s.bytes, &s.arena);
                check_properties(t);
                scene_deinit(&s);
        }
}

static void test_nothing_is_no_trace(void **state)
{
        struct clew_trace *t;
        CLEW_ARENA arena = {0};

        (void)state;
        clew_arena_init(&arena, ARENA_MAX);
        assert_int_equal(clew_trace_build(CLEW_SLICE_NULL, CLEW_SLICE_NULL, NULL, &arena, &t),
                         -ENOENT);
}

static void test_small_arena_is_reported(void **state)
{
        struct scene s;

        (void)state;
        scene_init(&s);
        for (uint32_t i = 1; i <= 100; i++)
                add_span(&s.b, i, i - 1, i, 200);
        (void)build(&s.b, &s.bytes, &s.arena);
        for (size_t max = 1024; max < ((size_t)4 << 20); max *= 2) {
                struct clew_trace *t = NULL;
                CLEW_ARENA small = {0};
                int r;

                clew_arena_init(&small, max);
                r = clew_trace_build(clew_buffer_slice(&s.bytes), CLEW_SLICE_NULL, NULL, &small,
                                     &t);
                assert_true(r == -ENOMEM || (r == 0 && t->n_steps == 100));
        }
        scene_deinit(&s);
}

static void test_summary_survives_damage(void **state)
{
        CLEW_BUFFER record = {.max_bytes = 4096};
        struct clew_summary s;
        struct scene scene;
        uint64_t start;
        CLEW_ARENA arena = {0};

        (void)state;
        scene_init(&scene);
        add_span(&scene.b, 1, NO_PARENT, 10, 50);
        (void)build(&scene.b, &scene.bytes, &scene.arena);
        assert_int_equal(clew_model_deriver()->summarize(NULL, NULL,
                                                         clew_buffer_slice(&scene.bytes),
                                                         CLEW_SLICE_NULL, &record, &start),
                         0);
        assert_int_equal(start, 10);
        clew_arena_init(&arena, ARENA_MAX);
        for (size_t i = 0; i < record.len; i++) {
                struct clew_slice cut = clew_slice_make(record.data, i);
                int r = clew_summary_decode(cut, &arena, &s);

                assert_true(r == 0 || r == -EBADMSG);
        }
        for (size_t i = 0; i < record.len * 8; i++) {
                record.data[i / 8] ^= (uint8_t)(1u << i % 8);
                (void)!clew_summary_decode(clew_buffer_slice(&record), &arena, &s);
                record.data[i / 8] ^= (uint8_t)(1u << i % 8);
        }
        /* A newer writer's field is skipped. */
        clew_buffer_append_varint(&record, 500u << 1 | 1);
        clew_buffer_append_varint(&record, 3);
        clew_buffer_append(&record, "new", 3);
        assert_int_equal(clew_summary_decode(clew_buffer_slice(&record), &arena, &s), 0);
        assert_int_equal(s.duration_ns, 40);
        record.data[0] = 9;
        assert_int_equal(clew_summary_decode(clew_buffer_slice(&record), &arena, &s),
                         -EPROTONOSUPPORT);
        scene_deinit(&scene);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order_is_by_start_then_arrival),
                cmocka_unit_test(test_what_starts_together_is_ordered_by_its_end),
                cmocka_unit_test(test_missing_parents_become_standins),
                cmocka_unit_test(test_cycles_are_cut_at_the_earliest),
                cmocka_unit_test(test_copies_count_once),
                cmocka_unit_test(test_deep_and_wide),
                cmocka_unit_test(test_one_chain_of_all),
                cmocka_unit_test(test_thousands_of_roots),
                cmocka_unit_test(test_random_parents),
                cmocka_unit_test(test_nothing_is_no_trace),
                cmocka_unit_test(test_small_arena_is_reported),
                cmocka_unit_test(test_summary_survives_damage),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
