/*
 * See one-run-service.h.
 */
#include "tests/lib/one-run-service.h"

#include "query/model/summary.h"
#include "query/review/dataset.h"
#include "query/review/rubric.h"
#include "storage/store.h"
#include "tests/lib/store-append.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct clew_service service;
static char dir[] = "/tmp/clew-one-run-XXXXXX";

static void remove_store(void)
{
        static const char *const names[] = {"data.mdb", "lock.mdb", "collector.lock"};
        char path[128];

        clew_store_close(service.store);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
                (void)!unlink(path);
        }
        (void)!rmdir(dir);
}

/* A criterion and a dataset, for the routes that name one. */
static void review(void)
{
        struct clew_slice name = CLEW_SLICE_LITERAL("cases");
        struct clew_slice author = CLEW_SLICE_LITERAL("fuzz");
        struct clew_rubric rubric = {.name = name,
                                     .text = CLEW_SLICE_LITERAL("be true"),
                                     .author = author,
                                     .time_ns = 1};
        struct clew_dataset dataset = {.name = name, .author = author, .time_ns = 1};
        struct clew_error err;

        CLEW_ASSERT(clew_rubric_add(service.store, &rubric, &err) == 0);
        CLEW_ASSERT(clew_dataset_create(service.store, &dataset, &err) == 0);
}

static void make(void)
{
        static const char *const names[] = {"invoke_agent triage", "chat model-a", "search"};
        struct clew_store_options options = {.mode = CLEW_STORE_WRITE,
                                             .deriver = clew_model_deriver_plain()};
        struct clew_error err;

        CLEW_ASSERT(mkdtemp(dir) != NULL);
        CLEW_ASSERT(clew_store_open(dir, &options, &service.store, &err) == 0);
        for (unsigned i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                struct test_span span = {
                        .trace_id = {{0x7f, 0x3a, 0x91, 0xc2}},
                        .span_id = {{0, 0, 0, 0, 0, 0, 0, (uint8_t)(i + 1)}},
                        .name = names[i],
                        .start_ns = UINT64_C(1757000000000000000) + i,
                        .end_ns = UINT64_C(1757000001000000000) + i,
                };

                if (i > 0)
                        span.parent_id = (struct clew_span_id){{0, 0, 0, 0, 0, 0, 0, 1}};
                CLEW_ASSERT(test_store_append(service.store, "fuzz", &span, span.end_ns) == 0);
        }
        review();
        service.clock = clew_clock_system();
        service.author = "fuzz";
        service.read_only = true; /* everything of a write but the write itself */
        atexit(remove_store);
}

const struct clew_service *test_service(void)
{
        if (!service.store)
                make();
        return &service;
}
