/*
 * Accounts: what one piece of work may take, who has the place for large work, and in which order.
 */
#include "proto/base/account.h"

#include "proto/base/arena.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SMALL ((size_t)1 << 20)
#define LARGE ((size_t)8 << 20)

static struct clew_mem_pool pool;

static int set_up(void **state)
{
        (void)state;
        clew_mem_pool_init(&pool, SMALL, LARGE, 60 * CLEW_NS_PER_S);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        clew_mem_pool_deinit(&pool);
        return 0;
}

static void test_who_has_no_account_is_not_counted(void **state)
{
        void *p = clew_malloc(2 * LARGE);

        (void)state;
        assert_non_null(p);
        assert_null(clew_mem_account_current());
        clew_free(p);
}

static void test_a_question_has_so_much_and_no_more(void **state)
{
        struct clew_mem_account a;
        void *half;
        void *rest;

        (void)state;
        clew_mem_account_open(&a, &pool, CLEW_MEM_QUESTION, false);
        half = clew_malloc(LARGE / 2);
        assert_non_null(half);
        assert_true(pool.taken);
        assert_null(clew_malloc(LARGE));
        assert_true(a.over);
        assert_false(a.busy);
        clew_free(half);
        assert_true(pool.taken); /* it keeps the place to its end */
        rest = clew_calloc(LARGE / 2, 1);
        assert_non_null(rest);
        assert_null(clew_realloc_array(rest, LARGE + 1, 1));
        rest = clew_realloc_array(rest, LARGE / 4, 3);
        assert_non_null(rest);
        assert_true(a.peak_bytes >= LARGE / 4 * 3 && a.peak_bytes <= LARGE);
        clew_free(rest);
        assert_true(a.used_bytes < SMALL);
        clew_mem_account_close(&a);
        assert_false(pool.taken);
}

static void test_arenas_end_where_the_account_does(void **state)
{
        struct clew_mem_account a;
        CLEW_ARENA arena = {0};

        (void)state;
        clew_mem_account_open(&a, &pool, CLEW_MEM_QUESTION, false);
        clew_arena_init(&arena, 1u << 30);
        while (clew_arena_alloc(&arena, 4096))
                ;
        assert_true(a.over);
        assert_false(arena.over_limit);
        assert_in_range(a.peak_bytes, LARGE - 2 * SMALL, LARGE);
        clew_arena_deinit(&arena);
        assert_int_equal(a.used_bytes, 0);
        clew_mem_account_close(&a);
}

static void test_the_second_large_question_is_begun_again(void **state)
{
        struct clew_mem_ticket first = {0};
        struct clew_mem_account a;
        void *p;

        (void)state;
        clew_mem_ticket_queue(&pool, &first);
        clew_mem_account_open(&a, &pool, CLEW_MEM_QUESTION, false);
        p = clew_malloc(SMALL / 2);
        assert_non_null(p);
        assert_null(clew_malloc(SMALL)); /* somebody is before it */
        assert_true(a.busy);
        assert_null(clew_malloc(SMALL));
        assert_false(clew_mem_account_hurry()); /* what has failed is not written */
        clew_free(p);
        clew_mem_account_close(&a);

        assert_true(clew_mem_ticket_claim(&pool, &first));
        assert_false(clew_mem_ticket_claim(&pool, &first));
        clew_mem_account_open(&a, &pool, CLEW_MEM_QUESTION, true);
        p = clew_malloc(2 * SMALL);
        assert_non_null(p);
        clew_free(p);
        clew_mem_account_close(&a);
        assert_false(pool.taken);
        assert_int_equal(pool.n_busy, 1);
        assert_int_equal(pool.n_large, 1);
}

static void test_turns_come_in_the_order_of_asking(void **state)
{
        struct clew_mem_ticket tickets[3] = {{0}};

        (void)state;
        for (size_t i = 0; i < 3; i++)
                clew_mem_ticket_queue(&pool, &tickets[i]);
        assert_false(clew_mem_ticket_claim(&pool, &tickets[1]));
        clew_mem_ticket_return(&pool, &tickets[0]); /* waits no longer */
        assert_false(clew_mem_ticket_claim(&pool, &tickets[0]));
        assert_false(clew_mem_ticket_claim(&pool, &tickets[2]));
        assert_true(clew_mem_ticket_claim(&pool, &tickets[1]));
        assert_false(clew_mem_ticket_claim(&pool, &tickets[2])); /* it is taken */
        clew_mem_ticket_return(&pool, &tickets[2]);
        clew_mem_ticket_return(&pool, &tickets[2]);
        assert_null(pool.first);
}

static void test_who_holds_what_others_wait_for_goes_on(void **state)
{
        struct clew_mem_account a;
        void *p;

        (void)state;
        pool.taken = true;
        clew_mem_account_open(&a, &pool, CLEW_MEM_QUESTION, false);
        assert_true(clew_mem_account_hurry());
        p = clew_malloc(2 * SMALL);
        assert_non_null(p);
        assert_null(clew_malloc(LARGE));
        assert_true(a.over && !a.busy);
        clew_free(p);
        clew_mem_account_close(&a);
        assert_true(pool.taken); /* it was another one's */
        pool.taken = false;
}

static atomic_int has_it;

static void *seal(void *unused)
{
        struct clew_mem_account a;
        void *p;

        clew_mem_account_open(&a, &pool, CLEW_MEM_BACKGROUND, false);
        p = clew_malloc(2 * LARGE); /* no limit of its own */
        atomic_store(&has_it, p ? 1 : -1);
        while (atomic_load(&has_it) == 1)
                ;
        clew_free(p); /* little is left: the place goes to the next one */
        atomic_store(&has_it, 3);
        while (atomic_load(&has_it) == 3)
                ;
        clew_mem_account_close(&a);
        return unused;
}

static void test_the_background_waits_and_gives_the_place_back(void **state)
{
        struct clew_mem_ticket ticket = {0};
        pthread_t thread;

        (void)state;
        atomic_store(&has_it, 0);
        clew_mem_ticket_queue(&pool, &ticket);
        assert_true(clew_mem_ticket_claim(&pool, &ticket));
        assert_int_equal(pthread_create(&thread, NULL, seal, NULL), 0);
        for (bool waits = false; !waits;) {
                pthread_mutex_lock(&pool.lock);
                waits = pool.first != NULL;
                pthread_mutex_unlock(&pool.lock);
        }
        assert_int_equal(atomic_load(&has_it), 0);
        pthread_mutex_lock(&pool.lock);
        pool.taken = false; /* as an account that is closed does */
        pthread_cond_broadcast(&pool.changed);
        pthread_mutex_unlock(&pool.lock);
        while (atomic_load(&has_it) == 0)
                ;
        assert_int_equal(atomic_load(&has_it), 1);
        clew_mem_ticket_queue(&pool, &ticket);
        assert_false(clew_mem_ticket_claim(&pool, &ticket));
        atomic_store(&has_it, 2);
        while (atomic_load(&has_it) == 2)
                ;
        assert_true(clew_mem_ticket_claim(&pool, &ticket));
        atomic_store(&has_it, 4);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(pool.taken); /* still the ticket's */
        pool.taken = false;
}

static void test_when_all_ends_nobody_waits(void **state)
{
        pthread_t thread;

        (void)state;
        atomic_store(&has_it, 0);
        pool.taken = true;
        assert_int_equal(pthread_create(&thread, NULL, seal, NULL), 0);
        clew_mem_pool_end(&pool);
        while (atomic_load(&has_it) == 0)
                ;
        assert_int_equal(atomic_load(&has_it), 1);
        atomic_store(&has_it, 2);
        while (atomic_load(&has_it) == 2)
                ;
        atomic_store(&has_it, 4);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_null(pool.first);
        assert_true(pool.taken);
        pool.taken = false;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_who_has_no_account_is_not_counted, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_a_question_has_so_much_and_no_more, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_arenas_end_where_the_account_does, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_the_second_large_question_is_begun_again,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_turns_come_in_the_order_of_asking, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_who_holds_what_others_wait_for_goes_on, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_the_background_waits_and_gives_the_place_back,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_when_all_ends_nobody_waits, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
