/*
 * The attributes that the selected traces carry, and the values of one.
 */
#include "query/serve/attrs.h"

#include "proto/base/hash.h"
#include "query/serve/call-int.h"
#include "query/serve/paging-int.h"
#include "query/serve/stats.h"

#include <errno.h>

#define LIMIT_DEFAULT 1000u

/* @item: that of the last one of the page; 0 = that was all. */
static int end_list(struct clew_call_list *list, const struct clew_select *s, uint64_t item)
{
        struct clew_error partial;
        char next[CLEW_PAGE_ITEM_TEXT];

        clew_page_print_item(item, next);
        return clew_call_list_end(list, item ? next : NULL, s->seen,
                                  clew_select_is_partial(s, &partial) ? partial.message : NULL);
}

static uint64_t key_at(const void *items, uint32_t i)
{
        const struct clew_attribute_key *key = ((const struct clew_attributes *)items)->all[i];

        return clew_page_item(&key->name, 1, clew_hash(clew_slice_of_cstr(key->scope)));
}

static int put_keys(struct clew_call *call, struct clew_select *s, struct clew_attributes *all)
{
        struct clew_call_list list;
        uint32_t i;
        int r = 0;

        if (clew_call_complaints(call, s) != 0 ||
            clew_page_begin(call, all, all->n, key_at, &i) != 0)
                return 0;
        if (clew_call_list_begin(call, "attributes", "attribute", clew_attribute_fields,
                                 LIMIT_DEFAULT, &list) == 0) {
                for (; r == 0 && i < all->n && !clew_call_list_is_full(&list); i++)
                        r = clew_record_put(&list.writer, all->all[i]);
                if (r == 0)
                        r = end_list(&list, s, i > 0 && i < all->n ? key_at(all, i - 1) : 0);
        }
        clew_call_list_deinit(&list);
        return r;
}

int clew_route_attrs(struct clew_call *call)
{
        struct clew_attributes all;
        struct clew_select s = {0};
        struct clew_selected t;
        int r;

        if (clew_call_filter(call, CLEW_SINCE_DEFAULT) != 0)
                return 0;
        call->filter.runs = false; /* helpers count, too */
        call->filter.plain = true;
        r = clew_attributes_init(&all);
        if (r == 0)
                r = clew_select_init(&s, call->view, &call->filter, call->service->clock, NULL,
                                     &call->err);
        while (r >= 0 && (r = clew_select_next(&s, &t, &call->err)) == 1) {
                struct clew_trace_data data;

                r = clew_select_open(&s, &t, &data, &call->err);
                if (r == 0)
                        r = clew_attributes_add(&all, data.traces);
                else if (r == -ENOENT) /* deleted meanwhile */
                        r = 0;
        }
        if (r == 0)
                r = clew_attributes_finish(&all);
        if (r == 0)
                r = put_keys(call, &s, &all);
        clew_select_deinit(&s);
        clew_attributes_deinit(&all);
        return r;
}

static uint64_t value_at(const void *items, uint32_t i)
{
        return clew_page_item(((const struct clew_groups *)items)->all[i]->keys, 1, 0);
}

static int put_values(struct clew_call *call, struct clew_select *s, const struct clew_stats *stats)
{
        const struct clew_groups *g = &stats->groups;
        struct clew_call_list list;
        uint32_t i;
        int r = 0;

        if (clew_call_complaints(call, s) != 0 || clew_page_begin(call, g, g->n, value_at, &i) != 0)
                return 0;
        if (clew_call_list_begin(call, "values", "value", clew_value_fields, LIMIT_DEFAULT,
                                 &list) == 0) {
                for (; r == 0 && i < g->n && !clew_call_list_is_full(&list); i++)
                        r = clew_record_put(&list.writer, &(struct clew_value_row){
                                                                  g->all[i]->keys[0], g->all[i]->n,
                                                                  g->all[i]->failed});
                if (r == 0)
                        r = end_list(&list, s, i > 0 && i < g->n ? value_at(g, i - 1) : 0);
        }
        clew_call_list_deinit(&list);
        return r;
}

static int gather_values(struct clew_call *call, struct clew_stats *stats)
{
        struct clew_select s = {0};
        int r = clew_stats_gather(stats, call->view, &call->filter, call->service->clock, &s,
                                  &call->err);

        if (r == 0)
                r = put_values(call, &s, stats);
        clew_select_deinit(&s);
        return r;
}

int clew_route_values(struct clew_call *call)
{
        CLEW_BUFFER field = {0};
        struct clew_stats stats;
        int r;

        if (!call->inputs.key || !call->inputs.key[0])
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "key is needed: the attribute whose values are meant");
        clew_buffer_init(&field, 2 * CLEW_SERVE_TARGET_MAX);
        r = clew_attribute_field(call->inputs.key, &field);
        if (r < 0 || clew_call_filter(call, CLEW_SINCE_DEFAULT) != 0)
                return r;
        r = clew_stats_init(&stats, (const char *)field.data, NULL, 0, &call->err, NULL);
        if (r == -EINVAL)
                r = clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER, "%s", call->err.message);
        else if (r == 0)
                r = gather_values(call, &stats);
        clew_stats_deinit(&stats);
        return r;
}
