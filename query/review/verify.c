/*
 * See verify.h.
 */
#include "query/review/verify.h"

#include "query/review/dataset.h"
#include "query/review/experiment.h"
#include "query/review/reviews.h"
#include "query/review/rubric.h"

#include <errno.h>
#include <string.h>

#define ARENA_MAX ((size_t)1 << 30)

static int each_annotation(const struct clew_annotation *a, void *context)
{
        (void)a;
        (void)context;
        return 0;
}

static int each_rubric(const struct clew_rubric *r, void *context)
{
        (void)r;
        (void)context;
        return 0;
}

static int each_experiment(const struct clew_experiment *e, void *context)
{
        (void)e;
        (void)context;
        return 0;
}

struct bodies {
        struct clew_view *view;
        struct clew_error *err;
};

static int check_body(struct bodies *b, const struct clew_content_id *id, struct clew_arena *arena)
{
        CLEW_BUFFER body = {0};
        struct clew_item item;
        int r;

        clew_buffer_init(&body, CLEW_ITEM_BYTES_MAX);
        clew_arena_reset(arena);
        r = clew_dataset_body_check(b->view, id, &body, b->err);
        if (r < 0)
                return r;
        if (clew_item_read(clew_buffer_slice(&body), arena, &item) < 0)
                return clew_error_set(b->err, -EBADMSG, 0,
                                      "the body of an item is not what its id says");
        return 0;
}

static int each_dataset(const struct clew_dataset *d, uint64_t n_items, void *context)
{
        CLEW_ARENA arena = {0};
        struct bodies *b = context;
        int r = 0;

        (void)n_items;
        clew_arena_init(&arena, ARENA_MAX);
        for (uint32_t i = 0; r == 0 && i < d->n; i++)
                r = check_body(b, &d->entries[i].id, &arena);
        return r;
}

int clew_review_verify(struct clew_view *view, clew_verify_report_fn report, void *context)
{
        struct clew_error err = {0};
        struct bodies b = {.view = view, .err = &err};
        int n = 0;

        if (clew_reviews_each(view, each_annotation, NULL, &err) < 0) {
                report(context, "annotations", err.message);
                n++;
        }
        if (clew_rubric_each(view, CLEW_SLICE_NULL, each_rubric, NULL, &err) < 0) {
                report(context, "rubrics", err.message);
                n++;
        }
        if (clew_dataset_each(view, each_dataset, &b, &err) < 0) {
                report(context, "datasets", err.message);
                n++;
        }
        if (clew_experiment_each(view, each_experiment, NULL, &err) < 0) {
                report(context, "experiments", err.message);
                n++;
        }
        return n;
}
