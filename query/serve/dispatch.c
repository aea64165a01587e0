/*
 * Finding the route, running it within its bounds, and what all answers have in common.
 */
#include "query/serve/serve.h"

#include "proto/base/account.h"
#include "proto/base/hash.h"
#include "query/serve/call-int.h"
#include "query/ui/assets.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BASE "/api/v1"
#define SEGMENTS_MAX 8u
/* Parameters and what lists keep of their items. */
#define CALL_ARENA_MAX ((size_t)64 << 20)
/* Texts of one step or call. */
#define SCRATCH_MAX ((size_t)128 << 20)
#define BRIEF_BYTES_MAX ((size_t)1 << 20)
/* What people said of a trace, or a dataset's list of items. */
#define CLEW_SAID_MAX ((size_t)128 << 20)
#define RETRY_AFTER_S 1u
#define CROWDED_S 5u
#define LIMITED_S 60u

void clew_serve_answer_init(struct clew_serve_answer *answer)
{
        *answer = (struct clew_serve_answer){.status = 200};
        clew_buffer_init(&answer->body, CLEW_SERVE_BODY_MAX);
}

void clew_serve_answer_deinit(struct clew_serve_answer *answer)
{
        clew_buffer_deinit(&answer->body);
}

/* ---- the route ------------------------------------------------------------------------------ */

static struct clew_slice next_segment(struct clew_slice *path)
{
        const uint8_t *end;
        struct clew_slice segment;

        *path = clew_slice_from(*path, 1); /* the slash */
        end = path->len > 0 ? memchr(path->data, '/', path->len) : NULL;
        segment = clew_slice_make(path->data, end ? (size_t)(end - path->data) : path->len);
        *path = clew_slice_from(*path, segment.len);
        return segment;
}

/* Compares segment by segment; what stands for {x} goes to @values. */
static bool matches(const char *pattern, struct clew_slice path, struct clew_slice *values)
{
        struct clew_slice wanted = clew_slice_of_cstr(pattern);
        size_t n = 0;

        while (wanted.len > 0 && path.len > 0) {
                struct clew_slice want = next_segment(&wanted);
                struct clew_slice have = next_segment(&path);

                if (want.len > 0 && want.data[0] == '{') {
                        if (have.len == 0)
                                return false;
                        values[n++] = have;
                } else if (!clew_slice_eq(want, have)) {
                        return false;
                }
        }
        return wanted.len == 0 && path.len == 0;
}

static bool takes(const struct clew_route *route, const struct clew_call *call)
{
        const char *method = call->answer->is_head ? "GET" : route->method;

        return strcmp(route->method, method) == 0 &&
               (call->answer->is_head || clew_slice_eq_cstr(call->request->method, method));
}

/* A path that is there, but not with that method. */
static int refuse_method(struct clew_call *call, const struct clew_route *route)
{
        bool reads = false;
        bool writes = false;

        for (const struct clew_route *r = clew_routes; r->path; r++) {
                if (strcmp(r->path, route->path) != 0)
                        continue;
                reads |= strcmp(r->method, "GET") == 0;
                writes |= strcmp(r->method, "POST") == 0;
        }
        call->answer->allow = reads && writes ? "GET, HEAD, POST" : reads ? "GET, HEAD" : "POST";
        (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_METHOD, "this path takes %s",
                                call->answer->allow);
        return 1;
}

static int find_route(struct clew_call *call, struct clew_slice path)
{
        struct clew_slice values[CLEW_PATH_VALUES_MAX] = {CLEW_SLICE_NULL};
        const struct clew_route *route = clew_routes;
        const struct clew_route *other = NULL;

        for (; route->path; route++) {
                if (!matches(route->path, path, values))
                        continue;
                if (takes(route, call))
                        break;
                other = other ? other : route;
        }
        if (!route->path && other)
                return refuse_method(call, other);
        if (!route->path) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_ROUTE,
                                        "nothing is served at this path; " BASE
                                        "/openapi.json lists what is");
                return 1;
        }
        call->route = route;
        for (size_t i = 0; i < CLEW_PATH_VALUES_MAX && values[i].len > 0; i++) {
                call->path_values[i] = clew_percent_decode(values[i], false, &call->arena);
                if (call->path_values[i])
                        continue;
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_REQUEST,
                                        "the path is not percent-encoded text");
                return 1;
        }
        return 0;
}

/* ---- running it ----------------------------------------------------------------------------- */

/* Whether something failed because this question may not have more memory. */
static bool is_over_memory(void)
{
        const struct clew_mem_account *account = clew_mem_account_current();

        return account && account->over;
}

static void refuse_errno(struct clew_call *call, int error)
{
        const char *message = call->err.message[0] ? call->err.message : strerror(-error);
        bool over = is_over_memory();
        enum clew_problem problem = CLEW_PROBLEM_FAILED;

        if (error == -ENOENT)
                problem = CLEW_PROBLEM_UNKNOWN_ID;
        else if (over || error == -ENOMEM || error == -EMSGSIZE || error == -E2BIG)
                problem = CLEW_PROBLEM_TOO_LARGE;
        else if (error == -EBADMSG)
                problem = CLEW_PROBLEM_DAMAGED;
        if (over) {
                clew_error_set(
                        &call->err, error, 0,
                        "the question needs more than %zu MiB of memory; ask for a part of "
                        "it (limit, max-text, a narrower selection), or use the command line",
                        clew_mem_account_current()->pool->large_bytes >> 20);
                message = call->err.message;
        } else if (problem == CLEW_PROBLEM_TOO_LARGE && !call->err.message[0]) {
                message = "the answer, or what it is made of, is over its limit; ask for a part of "
                          "it (limit, max-text), or use the command line";
        }
        (void)!clew_call_refuse(call, problem, "%s", message);
}

static void run(struct clew_call *call)
{
        int r = clew_call_view(call);

        clew_arena_init(&call->trace, CLEW_SERVE_MEMORY_MAX);
        clew_arena_init(&call->said, CLEW_SAID_MAX);
        clew_arena_init(&call->scratch, SCRATCH_MAX);
        clew_buffer_init(&call->brief, BRIEF_BYTES_MAX);
        if (r == 0)
                r = call->route->run(call);
        if (r == 0 && call->answer->status < 300)
                r = clew_buffer_error(&call->answer->body);
        if (r == 0 && call->answer->status < 300 && !call->route->is_list && is_over_memory())
                r = -ENOMEM; /* something may be missing; a list says so itself */
        if (r < 0)
                refuse_errno(call, r);
        clew_filter_deinit(&call->filter);
        clew_view_close(call->view);
        clew_arena_deinit(&call->trace);
        clew_arena_deinit(&call->said);
        clew_arena_deinit(&call->scratch);
        clew_buffer_deinit(&call->brief);
}

/* ---- what answers have in common ------------------------------------------------------------ */

static bool holds(struct clew_slice text, const char *word)
{
        size_t n = strlen(word);

        return text.len >= n && memmem(text.data, text.len, word, n) != NULL;
}

/* The tag is made of the bytes: the same answer has the same, whatever made it. */
static void tag(const struct clew_serve_request *request, struct clew_serve_answer *answer)
{
        if (answer->status != 200 || answer->goes_on)
                return;
        if (!answer->etag[0])
                snprintf(answer->etag, sizeof(answer->etag), "\"%016" PRIx64 "\"",
                         clew_hash(clew_buffer_slice(&answer->body)));
        if (!holds(request->if_none_match, answer->etag) &&
            !clew_slice_eq_cstr(request->if_none_match, "*"))
                return;
        answer->status = 304;
        answer->content_type = NULL;
        answer->page = CLEW_SLICE_NULL;
        answer->is_gzip = false;
        clew_buffer_clear(&answer->body);
}

bool clew_serve_reads_pages(struct clew_slice accept)
{
        return holds(accept, "text/html");
}

/* Pages are kept as gzip, which browsers all take. */
static int serve_page(struct clew_call *call, struct clew_slice path)
{
        struct clew_ui_asset asset;
        struct clew_serve_answer *a = call->answer;

        if (!clew_ui_asset_find(path, &asset)) {
                if (!clew_serve_reads_pages(call->request->accept) ||
                    !clew_ui_asset_find(CLEW_SLICE_LITERAL("/"), &asset))
                        return clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_ROUTE,
                                                "nothing is served at this path");
                a->status = 404; /* the page says it */
        }
        a->content_type = asset.media_type;
        a->policy = CLEW_UI_POLICY;
        a->is_gzip = holds(call->request->accept_encoding, "gzip");
        if (a->is_gzip)
                a->page = asset.gzip;
        else if (clew_ui_asset_inflate(&asset, &a->body) < 0)
                return clew_call_refuse(call, CLEW_PROBLEM_BUSY, "there is no memory for it");
        snprintf(a->etag, sizeof(a->etag), "%s", asset.etag);
        return 0;
}

static bool is_read(const struct clew_serve_request *request, struct clew_serve_answer *answer)
{
        answer->is_head = clew_slice_eq_cstr(request->method, "HEAD");
        return answer->is_head || clew_slice_eq_cstr(request->method, "GET");
}

static bool is_json(struct clew_slice type)
{
        static const char json[] = "application/json";
        size_t n = sizeof(json) - 1;

        return type.len >= n && strncasecmp((const char *)type.data, json, n) == 0 &&
               (type.len == n || type.data[n] == ';' || type.data[n] == ' ');
}

/* What the route asks of who asks. A page of another site cannot send this type of body without
 * asking before (Fetch Standard, 3.3.5), and is told no; one that a cookie signs in must show that
 * it has read an answer of ours. */
int clew_call_check_access(struct clew_call *call)
{
        const struct clew_route *route = call->route;
        const struct clew_identity *who = &call->request->identity;

        if ((who->scopes & route->scope) == 0) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_MISSING_SCOPE,
                                        "this needs a key with the scope \"%s\", which this one "
                                        "has not",
                                        clew_access_word(route->scope));
                return 1;
        }
        if (route->body == CLEW_BODY_NONE)
                return 0;
        if (!is_json(call->request->content_type)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_MEDIA_TYPE,
                                        "a write is JSON: say Content-Type: application/json");
                return 1;
        }
        if (who->token.len > 0 && !clew_slice_eq(who->token, call->request->token)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_WRONG_TOKEN,
                                        "a write from a page carries the token of " BASE
                                        "/me as the header X-Clew-Token");
                return 1;
        }
        return 0;
}

static void dispatch(struct clew_call *call)
{
        struct clew_slice target = call->request->target;
        const uint8_t *question = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
        size_t n = question ? (size_t)(question - target.data) : target.len;
        struct clew_slice path = clew_slice_make(target.data, n);
        struct clew_slice query = question ? clew_slice_from(target, n + 1) : CLEW_SLICE_NULL;

        if (target.len > CLEW_SERVE_TARGET_MAX || n == 0 || path.data[0] != '/') {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_REQUEST,
                                        "a path begins with \"/\" and is, with its parameters, at "
                                        "most %u bytes long",
                                        CLEW_SERVE_TARGET_MAX);
                return;
        }
        if (!is_read(call->request, call->answer) &&
            !clew_slice_starts_with(path, CLEW_SLICE_LITERAL(BASE "/"))) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_METHOD,
                                        "this path is only read: GET or HEAD");
                call->answer->allow = "GET, HEAD";
                return;
        }
        if (!clew_slice_starts_with(path, CLEW_SLICE_LITERAL(BASE "/"))) {
                (void)!serve_page(call, path);
                return;
        }
        if (find_route(call, clew_slice_from(path, sizeof(BASE) - 1)) == 0 &&
            clew_call_check_access(call) == 0 && clew_inputs_read(call, query) == 0 &&
            (call->route->body != CLEW_BODY_MEMBERS || clew_inputs_read_body(call) == 0))
                run(call);
}

void clew_serve(const struct clew_service *service, const struct clew_serve_request *request,
                struct clew_serve_answer *ret)
{
        struct clew_call call = {.service = service, .request = request, .answer = ret};

        clew_arena_init(&call.arena, CALL_ARENA_MAX);
        dispatch(&call);
        tag(request, ret);
        clew_arena_deinit(&call.arena);
}

void clew_serve_busy(struct clew_serve_answer *ret)
{
        struct clew_json_writer w = clew_problem_begin(
                ret, CLEW_PROBLEM_BUSY, "too many questions are waiting; ask again in a second");

        clew_problem_end(ret, &w);
        ret->retry_after_s = RETRY_AFTER_S;
}

void clew_serve_crowded(struct clew_serve_answer *ret)
{
        struct clew_json_writer w = clew_problem_begin(
                ret, CLEW_PROBLEM_BUSY,
                "this question needs much memory, and others that do are before it; ask again in "
                "some seconds, or for less");

        clew_problem_end(ret, &w);
        ret->retry_after_s = CROWDED_S;
}

void clew_serve_too_large(struct clew_serve_answer *ret)
{
        struct clew_json_writer w;
        struct clew_error detail;

        clew_error_set(&detail, 0, 0,
                       "a write is at most %zu MiB; divide it, or use the command line",
                       CLEW_SERVE_UPLOAD_MAX >> 20);
        w = clew_problem_begin(ret, CLEW_PROBLEM_TOO_LARGE, detail.message);
        clew_problem_end(ret, &w);
}

/* ---- who may ask ---------------------------------------------------------------------------- */

/* "localhost", "127.0.0.1", "[::1]", with any port. */
static bool is_local_host(struct clew_slice host)
{
        static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                size_t n = strlen(names[i]);

                if (host.len >= n && strncasecmp((const char *)host.data, names[i], n) == 0 &&
                    (host.len == n || host.data[n] == ':'))
                        return true;
        }
        return false;
}

static bool is_local_origin(struct clew_slice origin)
{
        static const char *const schemes[] = {"http://", "https://"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(schemes); i++) {
                struct clew_slice scheme = clew_slice_of_cstr(schemes[i]);

                if (clew_slice_starts_with(origin, scheme))
                        return is_local_host(clew_slice_from(origin, scheme.len));
        }
        return false;
}

bool clew_serve_is_local(struct clew_slice host, struct clew_slice origin,
                         struct clew_slice fetch_site, struct clew_serve_answer *ret)
{
        struct clew_json_writer w;

        if (is_local_host(host) && (!origin.data || is_local_origin(origin)) &&
            !clew_slice_eq_cstr(fetch_site, "cross-site"))
                return true;
        w = clew_problem_begin(ret, CLEW_PROBLEM_FOREIGN_ORIGIN,
                               "this address answers this machine only: the Host must be "
                               "localhost, 127.0.0.1 or [::1], and a page that asks must come from "
                               "there too");
        clew_problem_end(ret, &w);
        return false;
}

void clew_serve_refuse_access(unsigned status, const char *detail, struct clew_serve_answer *ret)
{
        enum clew_problem problem = status == 401   ? CLEW_PROBLEM_NO_KEY
                                    : status == 429 ? CLEW_PROBLEM_LIMITED
                                                    : CLEW_PROBLEM_MISSING_SCOPE;
        struct clew_json_writer w = clew_problem_begin(ret, problem, detail);

        clew_problem_end(ret, &w);
        if (problem == CLEW_PROBLEM_LIMITED)
                ret->retry_after_s = LIMITED_S;
}

bool clew_serve_is_same_origin(struct clew_slice host, struct clew_slice origin,
                               struct clew_slice fetch_site, struct clew_serve_answer *ret)
{
        static const char *const schemes[] = {"http://", "https://"};
        bool same = !origin.data;
        struct clew_json_writer w;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(schemes) && !same; i++) {
                struct clew_slice scheme = clew_slice_of_cstr(schemes[i]);

                same = host.len > 0 && clew_slice_starts_with(origin, scheme) &&
                       clew_slice_eq(clew_slice_from(origin, scheme.len), host);
        }
        if (same && !clew_slice_eq_cstr(fetch_site, "cross-site") &&
            !clew_slice_eq_cstr(fetch_site, "same-site"))
                return true;
        w = clew_problem_begin(ret, CLEW_PROBLEM_FOREIGN_ORIGIN,
                               "a page that asks must come from this address: its Origin is "
                               "another than the Host");
        clew_problem_end(ret, &w);
        return false;
}
