/*
 * Exports, a page at a time: records of another tool one after the other, as `clew export` writes
 * them, and where the rest begins as a header, since a record of another tool has no place for it.
 * Near-duplicates are not looked for: that needs the whole set at once.
 */
#include "proto/base/number.h"
#include "proto/otlp/json.h"
#include "query/answer/trace-record.h"
#include "query/find/run.h"
#include "query/review/export/export.h"
#include "query/review/item-mask.h"
#include "query/review/reviews.h"
#include "query/serve/dataset-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 100u
#define LIMIT_MAX 1000u
/* Of a stream: what is made ahead of its reader. */
#define PIECE_BYTES ((size_t)4 << 20)

int clew_call_item_form(struct clew_call *call, struct clew_compile_options *ret)
{
        const char *as = call->inputs.as;
        const char *step = call->inputs.step;

        *ret = (struct clew_compile_options){.form = step ? CLEW_ITEM_STEP : CLEW_ITEM_RUN};
        if (as && !clew_item_form_parse(clew_slice_of_cstr(as), &ret->form)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "as takes run, turn or step");
                return 1;
        }
        if (step && strcmp(step, "cause") != 0 &&
            (!clew_parse_uint64(clew_slice_of_cstr(step), &ret->step) || ret->step == 0)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "step takes the number of a step, or cause");
                return 1;
        }
        return 0;
}

int clew_call_compile(struct clew_call *call, const struct clew_trace_id *id,
                      const struct clew_compile_options *options, struct clew_item *ret)
{
        struct clew_run_data data;
        struct clew_reviews reviews;
        struct clew_trace *trace;
        int r;

        clew_arena_reset(&call->trace);
        r = clew_run_build(call->view, id, NULL, &call->trace, &data, &trace, &call->err);
        if (r == 0)
                r = clew_reviews_of_trace(call->view, id, &call->trace, &reviews, &call->err);
        if (r == 0)
                r = clew_item_compile(trace, &reviews, options, &call->trace, ret, &call->err);
        if (r == -ENOMEM && !call->err.message[0])
                clew_error_set(&call->err, r, 0, "the trace needs more than %zu MiB of memory",
                               call->trace.max_bytes >> 20);
        return r;
}

struct exporting {
        struct clew_call *call;
        const struct clew_export_format *format; /* NULL: OTLP */
        struct clew_compile_options options;
        struct clew_dataset dataset;
        struct clew_mask mask;
        struct clew_buffer record;
        uint64_t limit;
        uint64_t n;
};

/* ---- one record ----------------------------------------------------------------------------- */

static void leave_out(struct exporting *x)
{
        x->call->answer->n_left_out++;
        x->call->err = (struct clew_error){0};
}

/* 0, -EMSGSIZE when the page is full, or another negative errno. */
static int put_record(struct exporting *x)
{
        struct clew_buffer *body = &x->call->answer->body;

        if (x->record.len > CLEW_SERVE_BODY_MAX - body->len ||
            (x->call->inputs.whole && x->n > 0 && body->len + x->record.len > PIECE_BYTES))
                return -EMSGSIZE;
        clew_buffer_append_slice(body, clew_buffer_slice(&x->record));
        x->n++;
        return clew_buffer_error(body);
}

/* @item lives in @arena, which is that of this item alone. */
static int put_item(struct exporting *x, struct clew_item *item, const struct clew_content_id *id,
                    bool from_dataset, struct clew_arena *arena)
{
        const struct clew_export_item e = {
                .item = item,
                .id = *id,
                .split = clew_split_of(&x->dataset.split, &item->task),
                .dataset = from_dataset ? x->dataset.name : CLEW_SLICE_NULL,
                .allow_missing = x->call->inputs.allow_missing,
        };
        int r;

        clew_buffer_clear(&x->record);
        r = clew_item_mask(item, &x->mask, arena);
        if (r == 0)
                r = clew_export_record(x->format, &e, &x->record, &x->call->err);
        if (r == -ENODATA || r == -EMSGSIZE) {
                leave_out(x);
                return 0;
        }
        return r < 0 ? r : put_record(x);
}

/* By way of the canonical form, as the command line has it. */
static int put_trace(struct exporting *x, const struct clew_trace_id *id)
{
        struct clew_call *call = x->call;
        struct clew_dataset_news news;
        struct clew_item item;
        int r = clew_call_compile(call, id, &x->options, &item);

        clew_arena_reset(&call->scratch);
        if (r == 0)
                r = clew_dataset_prepare(&item, &call->scratch, &news);
        if (r == 0)
                r = clew_item_read(news.body, &call->scratch, &item);
        if (r == 0)
                return put_item(x, &item, &news.entry.id, false, &call->scratch);
        leave_out(x);
        return 0;
}

static int put_otlp(struct exporting *x, const struct clew_trace_id *id)
{
        struct clew_trace_data data;
        int r = clew_view_load(x->call->view, id, &data, &x->call->err);

        clew_buffer_clear(&x->record);
        if (r == 0 && data.traces.len > 0)
                r = clew_otlp_to_json(data.traces, CLEW_OTLP_TRACES, &x->record);
        if (r == 0 && data.traces.len > 0)
                clew_buffer_append_byte(&x->record, '\n');
        if (r == 0 && data.logs.len > 0)
                r = clew_otlp_to_json(data.logs, CLEW_OTLP_LOGS, &x->record);
        if (r == 0 && data.logs.len > 0)
                clew_buffer_append_byte(&x->record, '\n');
        if (r == 0)
                r = clew_buffer_error(&x->record);
        if (r == 0)
                return put_record(x);
        leave_out(x);
        return 0;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* Why the answer ends before its end: its limit, its size, or @s (may be NULL) was cut. */
static void tell_cut(struct exporting *x, const struct clew_select *s, bool is_full)
{
        char *to = x->call->answer->partial;
        size_t n = sizeof(x->call->answer->partial);
        struct clew_error partial;

        if (s && s->end != CLEW_SELECT_WHOLE && clew_select_is_partial(s, &partial))
                (void)snprintf(to, n, "%.159s", partial.message);
        else if (is_full)
                (void)snprintf(to, n, "an answer has at most %zu MiB; the rest is behind after",
                               CLEW_SERVE_BODY_MAX >> 20);
        else
                (void)snprintf(to, n, "limit is %llu; the rest is behind after",
                               (unsigned long long)x->limit);
}

static int export_selected(struct exporting *x, const struct clew_selected *after)
{
        struct clew_call *call = x->call;
        struct clew_selected last = {0};
        struct clew_select s = {0};
        struct clew_selected t;
        bool is_full;
        int r = clew_select_init(&s, call->view, &call->filter, call->service->clock, after,
                                 &call->err);

        while (r >= 0 && (r = clew_select_next(&s, &t, &call->err)) == 1) {
                struct clew_selected at = {.id = t.id, .start_ns = t.start_ns};

                if (x->n == x->limit)
                        break;
                r = x->format ? put_trace(x, &at.id) : put_otlp(x, &at.id);
                if (r < 0)
                        break;
                last = at;
        }
        is_full = r == -EMSGSIZE && x->n > 0;
        if (is_full)
                r = 1;
        if (r >= 0 && clew_call_complaints(call, &s) == 0 &&
            (r == 1 || s.end != CLEW_SELECT_WHOLE)) {
                tell_cut(x, &s, is_full);
                if (last.start_ns > 0)
                        clew_cursor_print(&last, call->answer->next);
        }
        clew_select_deinit(&s);
        return r < 0 ? r : 0;
}

static int export_dataset(struct exporting *x)
{
        struct clew_call *call = x->call;
        const struct clew_dataset *d = &x->dataset;
        uint32_t at = 0;
        bool is_full;
        int r = 0;

        if (call->inputs.after) {
                at = clew_dataset_find(d, clew_slice_of_cstr(call->inputs.after));
                if (at >= UINT32_MAX - 1)
                        return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                                "after takes what X-Clew-Next has given");
                at++;
        }
        for (; at < d->n && x->n < x->limit; at++) {
                struct clew_item item;

                clew_arena_reset(&call->trace);
                r = clew_call_read_item(call, &d->entries[at].id, &call->trace, &item);
                if (r == 0)
                        r = put_item(x, &item, &d->entries[at].id, true, &call->trace);
                if (r < 0)
                        break;
        }
        is_full = r == -EMSGSIZE && x->n > 0;
        if (is_full)
                r = 0;
        if (r == 0 && at < d->n && at > 0) {
                tell_cut(x, NULL, is_full);
                clew_content_id_to_hex(&d->entries[at - 1].id, call->answer->next);
        }
        return r;
}

/* 0, a negative errno, or 1 when it was refused. */
static int prepare(struct exporting *x, struct clew_selected *ret_after)
{
        struct clew_call *call = x->call;
        const struct clew_inputs *in = &call->inputs;
        const char *format = in->format ? in->format : "otlp";
        bool is_otlp = strcmp(format, "otlp") == 0;

        x->limit = in->limit == UINT64_MAX ? LIMIT_DEFAULT : in->limit;
        x->format = is_otlp ? NULL : clew_export_format_find(format);
        if (!is_otlp && !x->format) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "format takes otlp, or one that clew export --format help "
                                        "names");
                return 1;
        }
        if (x->limit == 0 || x->limit > LIMIT_MAX) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER, "limit takes 1 to %u",
                                        LIMIT_MAX);
                return 1;
        }
        if (in->redact &&
            (is_otlp || !clew_mask_rules_parse(clew_slice_of_cstr(in->redact), &x->mask.rules))) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "redact takes all, none, or some of private-key, api-key, "
                                        "token, secret, email, card, iban, phone; not with otlp");
                return 1;
        }
        if (is_otlp && in->dataset) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "a dataset has items, not traces: take another format");
                return 1;
        }
        if (clew_call_item_form(call, &x->options) != 0)
                return 1;
        if (in->dataset)
                return clew_call_dataset(call, in->dataset, &call->said, &x->dataset);
        if (in->after && !clew_cursor_parse(in->after, ret_after)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "after takes what X-Clew-Next has given");
                return 1;
        }
        return clew_call_filter(call, CLEW_SINCE_DEFAULT);
}

int clew_route_export(struct clew_call *call)
{
        struct exporting x = {.call = call};
        struct clew_selected after;
        int r;

        clew_mask_init(&x.mask);
        r = prepare(&x, &after);

        if (r != 0)
                return r > 0 ? 0 : r;
        call->answer->status = 200;
        call->answer->content_type = x.format && strcmp(x.format->ending, "csv") == 0
                                             ? "text/csv; charset=utf-8"
                                             : "application/x-ndjson";
        clew_buffer_init(&x.record, CLEW_SERVE_BODY_MAX);
        if (x.format && x.format->head && !call->inputs.after)
                x.format->head(&call->answer->body);
        r = call->inputs.dataset ? export_dataset(&x)
                                 : export_selected(&x, call->inputs.after ? &after : NULL);
        clew_buffer_deinit(&x.record);
        call->answer->goes_on = r == 0 && call->inputs.whole && call->answer->next[0] != '\0';
        return r;
}
