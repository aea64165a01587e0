/*
 * See call-int.h.
 */
#include "query/serve/call-int.h"

#include "proto/base/account.h"
#include "query/review/record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What ends a list must fit behind its last item. */
#define ENDING_BYTES_MAX 4096u
#define LIMIT_MAX 1000u

int clew_call_refuse(struct clew_call *call, enum clew_problem problem, const char *fmt, ...)
{
        char detail[2 * CLEW_ERROR_MESSAGE_MAX];
        struct clew_json_writer w;
        va_list args;

        va_start(args, fmt);
        vsnprintf(detail, sizeof(detail), fmt, args);
        va_end(args);
        w = clew_problem_begin(call->answer, problem, detail);
        clew_problem_end(call->answer, &w);
        return 0;
}

static void refuse_ambiguous(struct clew_call *call, const char *digits,
                             const struct clew_lookup_found *found)
{
        char detail[CLEW_ERROR_MESSAGE_MAX];
        struct clew_json_writer w;

        snprintf(detail, sizeof(detail),
                 "the id %s is ambiguous; the traces that begin so are in \"candidates\"", digits);
        w = clew_problem_begin(call->answer, CLEW_PROBLEM_AMBIGUOUS_ID, detail);
        clew_json_write_key(&w, "candidates");
        clew_json_write_array_begin(&w);
        for (int i = 0; i < found->n && i < CLEW_CANDIDATES_MAX; i++)
                clew_json_write_hex(
                        &w, clew_slice_make(found->ids[i].bytes, sizeof(found->ids[i].bytes)));
        clew_json_write_array_end(&w);
        clew_problem_end(call->answer, &w);
}

int clew_call_resolve(struct clew_call *call, const char *text, struct clew_trace_id *ret)
{
        struct clew_target target;
        struct clew_lookup_found found;
        char digits[CLEW_TRACE_ID_HEX];
        int r = clew_target_parse(text, &target, &call->err);

        if (r == 0 && (target.step > 0 || target.n_span_digits > 0))
                r = clew_error_set(&call->err, -EINVAL, 0,
                                   "the id of a trace alone; steps have paths of their own");
        if (r < 0) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_REQUEST, "%s", call->err.message);
                return 1;
        }
        r = clew_lookup_trace(call->view, &target, ret, &found, &call->err);
        if (r <= 0) /* CLEW_LOOKUP_FOUND, or the store's error */
                return r;
        clew_target_digits(&target, digits);
        if (r == CLEW_LOOKUP_AMBIGUOUS)
                refuse_ambiguous(call, digits, &found);
        else if (r == CLEW_LOOKUP_NONE)
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_ID,
                                        "no trace has the id %s (clew list shows the newest)",
                                        digits);
        else
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_ID, "%s", call->err.message);
        return 1;
}

int clew_call_open(struct clew_call *call, const char *text,
                   const struct clew_trace_options *options, bool scored, struct clew_opened *ret)
{
        int r = clew_call_resolve(call, text, &ret->id);

        ret->step = CLEW_STEP_NONE;
        ret->now_ns = clew_clock_unix_ns(call->service->clock);
        if (r == 0)
                r = clew_lookup_load(call->view, options, scored, &call->trace, ret, &call->err);
        if (r == -ENOMEM)
                clew_error_set(&call->err, r, 0,
                               "the trace needs more than %zu MiB of memory; the command line "
                               "reads it",
                               call->trace.max_bytes >> 20);
        return r;
}

/* A query that cannot be read: where, and what to write instead. */
static void write_place(struct clew_json_writer *w, const struct clew_filter_error *where)
{
        struct clew_slice text = clew_buffer_slice(&where->text);

        clew_json_write_key(w, "query");
        clew_json_write_string(w, text);
        clew_json_write_key(w, "column"); /* in characters, from 1 */
        clew_json_write_uint64(w, clew_query_column(text, where->query.offset));
        clew_json_write_key(w, "length");
        clew_json_write_uint64(w, where->query.len);
        clew_json_write_key(w, "suggestion");
        clew_json_write_cstr(w, where->query.hint[0] ? where->query.hint : NULL);
}

void clew_call_refuse_filter(struct clew_call *call, const struct clew_error *err,
                             const struct clew_filter_error *where)
{
        bool is_query = where->query.message[0] != '\0';
        struct clew_json_writer w =
                clew_problem_begin(call->answer, CLEW_PROBLEM_BAD_PARAMETER,
                                   is_query ? where->query.message : err->message);
        size_t named = strcspn(err->message, " :"); /* "--by: ...", "--since takes ..." */

        if (is_query) {
                clew_json_write_key(&w, "parameter");
                clew_json_write_cstr(&w, "query");
                write_place(&w, where);
        } else if (strncmp(err->message, "--", 2) == 0 && named > 2 && err->message[named]) {
                clew_json_write_key(&w, "parameter");
                clew_json_write_string(&w, clew_slice_make(err->message + 2, named - 2));
        }
        clew_problem_end(call->answer, &w);
}

int clew_call_filter(struct clew_call *call, const char *since_default)
{
        struct clew_filter *f = &call->filter;
        struct clew_filter_error where = {0};
        struct clew_error err = {0};
        int r;

        clew_buffer_init(&where.text, CLEW_SERVE_TARGET_MAX);
        r = clew_filter_read_all(&call->inputs.filter, since_default, call->service->clock, true, f,
                                 &err, &where);
        if (r < 0)
                clew_call_refuse_filter(call, &err, &where);
        clew_buffer_deinit(&where.text);
        if (r < 0)
                return 1;
        if (f->limit_ns == 0 || f->limit_ns > CLEW_SERVE_WALK_NS)
                f->limit_ns = CLEW_SERVE_WALK_NS;
        f->stop = call->service->stop;
        f->runs = !call->inputs.helpers; /* as list does */
        for (uint32_t i = 0; i < f->n_queries; i++) {
                if (!clew_query_is_metrics(f->queries[i]))
                        continue;
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "a query that ends in metrics gives series, not traces");
                return 1;
        }
        return 0;
}

static const char *how_it_ended(enum clew_select_end end)
{
        switch (end) {
        case CLEW_SELECT_OUT_OF_TIME:
                return "out of time";
        case CLEW_SELECT_OUT_OF_BYTES:
                return "out of bytes";
        case CLEW_SELECT_STOPPED:
                return "interrupted";
        case CLEW_SELECT_WHOLE:
                break;
        }
        return "whole";
}

bool clew_select_is_partial(const struct clew_select *s, struct clew_error *ret)
{
        if (s->end == CLEW_SELECT_WHOLE && s->damaged == 0)
                return false;
        if (s->end != CLEW_SELECT_WHOLE)
                clew_error_set(ret, 0, 0, "%s after %llu traces; older ones were not looked at",
                               how_it_ended(s->end), (unsigned long long)s->seen);
        else
                clew_error_set(ret, 0, 0,
                               "%llu trace%s could not be read; first: %s; clew doctor --verify "
                               "names all damage",
                               (unsigned long long)s->damaged, s->damaged == 1 ? "" : "s",
                               s->damage.message);
        return true;
}

/* Complaints that are told. */
#define COMPLAINTS_MAX 4u

int clew_call_complaints(struct clew_call *call, struct clew_select *s)
{
        struct clew_query_error err;
        struct clew_slice text;
        bool fatal;

        if (!s->filter || !s->done || s->filter->allow_unknown || s->selected > 0 ||
            s->end != CLEW_SELECT_WHOLE)
                return 0;
        for (uint32_t n = 0; n < COMPLAINTS_MAX && clew_select_complaint(s, n, &text, &err, &fatal);
             n++) {
                struct clew_filter_error where = {.query = err};
                struct clew_error plain = {0};

                if (!fatal)
                        continue;
                clew_buffer_init(&where.text, CLEW_SERVE_TARGET_MAX);
                clew_buffer_append_slice(&where.text, text);
                clew_call_refuse_filter(call, &plain, &where);
                clew_buffer_deinit(&where.text);
                return 1;
        }
        return 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

int clew_call_view(struct clew_call *call)
{
        int r = 0;

        if (call->view)
                return 0;
        r = clew_view_open(call->service->store, &call->view, &call->err);
        if (r == 0)
                clew_view_limit_loads(call->view, CLEW_SERVE_TRACE_MAX);
        return r;
}

int clew_call_writer(struct clew_call *call, struct clew_store **ret)
{
        if (call->service->read_only) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_READ_ONLY,
                                        "this store is only read here (--read-only)");
                return 1;
        }
        if (!clew_mem_account_hurry()) {
                clew_serve_crowded(call->answer);
                return 1;
        }
        clew_view_close(call->view);
        call->view = NULL;
        *ret = call->service->store;
        return 0;
}

int clew_call_author(struct clew_call *call, struct clew_slice given, struct clew_slice *ret)
{
        const struct clew_identity *who = &call->request->identity;
        struct clew_slice own =
                who->name.len > 0 ? who->name : clew_slice_of_cstr(call->service->author);

        if (given.len == 0 || clew_slice_eq(given, own)) {
                *ret = own;
        } else if (who->name.len == 0 || (who->scopes & CLEW_SCOPE_ADMIN) != 0) {
                *ret = given;
        } else {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_MISSING_SCOPE,
                                        "this key speaks for its own name alone; words in the name "
                                        "of others need the scope \"admin\"");
                return 1;
        }
        if (clew_name_is_good(*ret))
                return 0;
        (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                "who are you? an author is a name of at most %u bytes without "
                                "blanks, '@', ',' and '='",
                                CLEW_NAME_BYTES_MAX);
        return 1;
}

/* ---- one record ----------------------------------------------------------------------------- */

void clew_call_record_writer(struct clew_call *call, struct clew_record_writer *w, const char *type,
                             const struct clew_record_field *fields)
{
        call->answer->status = 200;
        call->answer->content_type = "application/json";
        clew_record_writer_init(w, CLEW_RECORD_JSON, type, fields,
                                clew_sink_to_buffer(&call->answer->body));
}

/* ---- lists ---------------------------------------------------------------------------------- */

static int put_item(void *context, struct clew_slice record)
{
        struct clew_call_list *list = context;
        struct clew_buffer *body = &list->call->answer->body;

        if (record.len + ENDING_BYTES_MAX > CLEW_SERVE_BODY_MAX - body->len)
                return -EMSGSIZE;
        if (!list->lines) {
                if (list->n > 0)
                        clew_buffer_append_byte(body, ',');
                record.len--; /* without the line's end */
        }
        clew_buffer_append_slice(body, record);
        list->n++;
        return clew_buffer_error(body);
}

static bool wants_lines(const struct clew_call *call)
{
        static const char name[] = "application/x-ndjson";
        struct clew_slice accept = call->request->accept;

        if (call->inputs.format)
                return strcmp(call->inputs.format, "ndjson") == 0;
        return accept.len > 0 && memmem(accept.data, accept.len, name, sizeof(name) - 1);
}

static void begin_object(struct clew_json_writer *w, const char *type)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "v");
        clew_json_write_uint64(w, 1);
        clew_json_write_key(w, "type");
        clew_json_write_cstr(w, type);
}

int clew_call_list_begin(struct clew_call *call, const char *type, const char *item,
                         const struct clew_record_field *fields, uint64_t limit,
                         struct clew_call_list *ret)
{
        const char *format = call->inputs.format;
        uint64_t given = call->inputs.limit;

        *ret = (struct clew_call_list){.call = call, .limit = limit};
        clew_record_writer_init(&ret->writer, CLEW_RECORD_JSON, item, fields,
                                (struct clew_sink){put_item, ret});
        if (format && strcmp(format, "json") != 0 && strcmp(format, "ndjson") != 0) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "format takes json or ndjson");
                return 1;
        }
        if (given != UINT64_MAX && (given == 0 || given > LIMIT_MAX)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER, "limit takes 1 to %u",
                                        LIMIT_MAX);
                return 1;
        }
        if (call->inputs.fields && fields &&
            clew_record_choose(&ret->writer, call->inputs.fields) < 0) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "fields names a field that is not there; "
                                        "/api/v1/openapi.json lists them");
                return 1;
        }
        if (given != UINT64_MAX)
                ret->limit = given;
        ret->lines = wants_lines(call);
        call->answer->status = 200;
        call->answer->content_type = ret->lines ? "application/x-ndjson" : "application/json";
        if (!ret->lines)
                clew_buffer_printf(&call->answer->body, "{\"v\":1,\"type\":\"%s\",\"items\":[",
                                   type);
        return 0;
}

bool clew_call_list_is_full(const struct clew_call_list *list)
{
        return list->n >= list->limit;
}

struct clew_call_mark clew_call_list_mark(const struct clew_call_list *list)
{
        return (struct clew_call_mark){.n = list->n, .body = list->call->answer->body.len};
}

void clew_call_list_reset(struct clew_call_list *list, const struct clew_call_mark *mark)
{
        list->call->answer->body.len = mark->body;
        list->n = mark->n;
}

static void write_or_null(struct clew_json_writer *w, const char *key, const char *text)
{
        clew_json_write_key(w, key);
        clew_json_write_cstr(w, text); /* NULL writes null */
}

/* @partial, and what the store lacks beside it; NULL: neither. */
static const char *with_gap(const struct clew_service *service, const char *partial, char *room,
                            size_t size)
{
        char gap[CLEW_SERVE_GAP_BYTES];

        if (!service->gap ||
            !service->gap(service->gap_context, service->project, gap, sizeof(gap)))
                return partial;
        snprintf(room, size, "%s%s%s", partial ? partial : "", partial ? "; " : "", gap);
        return room;
}

int clew_call_list_end(struct clew_call_list *list, const char *next, uint64_t seen,
                       const char *partial)
{
        char room[CLEW_SERVE_GAP_BYTES + CLEW_ERROR_MESSAGE_MAX];
        struct clew_buffer *body = &list->call->answer->body;
        struct clew_json_writer w = clew_json_writer_make(body, 0);

        if (list->lines) {
                begin_object(&w, "end");
        } else {
                /* Goes on in the object that begin has opened, behind its array. */
                clew_buffer_append_cstr(body, "]");
                w.depth = 1;
                w.need_comma = true;
        }
        write_or_null(&w, "next", next);
        clew_json_write_key(&w, "seen");
        clew_json_write_uint64(&w, seen);
        write_or_null(&w, "partial", with_gap(list->call->service, partial, room, sizeof(room)));
        if (list->write_more)
                list->write_more(&w, list->more_context);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(body, '\n');
        return clew_buffer_error(body);
}

void clew_call_list_deinit(struct clew_call_list *list)
{
        clew_record_writer_deinit(&list->writer);
}
