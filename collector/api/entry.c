/*
 * Who asks: the door of the API. See request-int.h.
 *
 * Where no keys are needed only this machine is answered, by names of its own (a page of another
 * site may reach this port through a name that its owner points here). With keys, who shows one in
 * a header needs no such rule: a page of another site has none. What a browser sends by itself, a
 * cookie or the word of a proxy, counts for pages of this address alone, and for writes together
 * with a token that only such a page can read.
 */
#include "collector/api/request-int.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "query/ui/assets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define BASE "/api/v1/"
#define SIGN_IN BASE "sign-in"
#define SIGN_OUT BASE "sign-out"
#define LINK "/sign-in"
#define KEY_BYTES_MAX 256u

struct clew_slice clew_api_header(const struct clew_api_request *q, const char *name)
{
        const char *value = MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);

        return value ? clew_slice_of_cstr(value) : CLEW_SLICE_NULL;
}

static const struct sockaddr *peer_of(const struct clew_api_request *q)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

        return info ? info->client_addr : NULL;
}

struct clew_credentials clew_api_credentials(const struct clew_api_request *q,
                                             const struct clew_api_options *options)
{
        return (struct clew_credentials){
                .authorization = clew_api_header(q, MHD_HTTP_HEADER_AUTHORIZATION),
                .api_key = clew_api_header(q, "x-api-key"),
                .cookie = clew_api_header(q, MHD_HTTP_HEADER_COOKIE),
                .host = clew_api_header(q, MHD_HTTP_HEADER_HOST),
                .user = options->identity_header ? clew_api_header(q, options->identity_header)
                                                 : CLEW_SLICE_NULL,
                .peer = peer_of(q),
        };
}

static void note_from(struct clew_api_request *q)
{
        const struct sockaddr *peer = peer_of(q);

        if (peer && peer->sa_family == AF_INET)
                (void)inet_ntop(AF_INET,
                                &((const struct sockaddr_in *)(const void *)peer)->sin_addr,
                                q->from, sizeof(q->from));
        else if (peer && peer->sa_family == AF_INET6)
                (void)inet_ntop(AF_INET6,
                                &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr,
                                q->from, sizeof(q->from));
}

/* ---- who may -------------------------------------------------------------------------------- */

static bool is_api(const struct clew_api_request *q)
{
        return q->is_mcp || q->is_metrics ||
               clew_slice_starts_with(clew_buffer_slice(&q->target), CLEW_SLICE_LITERAL(BASE));
}

static bool is_same_origin(struct clew_api_request *q)
{
        return clew_serve_is_same_origin(clew_api_header(q, MHD_HTTP_HEADER_HOST),
                                         clew_api_header(q, MHD_HTTP_HEADER_ORIGIN),
                                         clew_api_header(q, "Sec-Fetch-Site"), &q->answer);
}

/* A key of a scraper opens the counters alone; who may read the runs may read those too. */
#define SCRAPERS (CLEW_SCOPE_METRICS | CLEW_SCOPE_READ | CLEW_SCOPE_ADMIN)

static void refuse(struct clew_api_request *q, enum clew_access_verdict v)
{
        char text[CLEW_ACCESS_TEXT_MAX];

        clew_access_explain(v, q->is_metrics ? CLEW_SCOPE_METRICS : CLEW_SCOPE_READ, text);
        clew_serve_refuse_access(v == CLEW_ACCESS_NO_SCOPE || v == CLEW_ACCESS_NO_PROJECT ? 403
                                 : v == CLEW_ACCESS_LIMITED                               ? 429
                                                                                          : 401,
                                 text, &q->answer);
}

bool clew_api_admits(struct clew_api_request *q, const struct clew_api_options *options)
{
        const struct clew_credentials c = clew_api_credentials(q, options);
        enum clew_access_verdict v;

        note_from(q);
        if (!clew_access_is_on(options->access) &&
            !clew_serve_is_local(c.host, clew_api_header(q, MHD_HTTP_HEADER_ORIGIN),
                                 clew_api_header(q, "Sec-Fetch-Site"), &q->answer))
                return false;
        if (q->is_sign_in || !is_api(q)) /* a key comes with it, or it is a page */
                return !q->is_write || is_same_origin(q);
        v = clew_access_check(options->access, &c,
                              q->is_metrics             ? SCRAPERS
                              : q->is_mcp || q->is_tail ? CLEW_SCOPE_READ
                                                        : CLEW_SCOPES_ALL,
                              &q->grant);
        if (v == CLEW_ACCESS_OK && !clew_projects_find(options->projects, q->grant.project))
                v = CLEW_ACCESS_NO_PROJECT;
        if (v != CLEW_ACCESS_OK) {
                refuse(q, v);
                return false;
        }
        return q->grant.name[0] == '\0' || is_same_origin(q);
}

unsigned clew_api_project(const struct clew_api_request *q, const struct clew_api_options *options)
{
        const struct clew_project *p = clew_projects_find(options->projects, q->grant.project);

        return p ? (unsigned)(p - options->projects->all) : 0;
}

/* ---- signing in and out --------------------------------------------------------------------- */

bool clew_api_is_sign_in(const char *method, const char *path)
{
        if (strcmp(method, "GET") == 0)
                return strcmp(path, LINK) == 0;
        return strcmp(method, "POST") == 0 &&
               (strcmp(path, SIGN_IN) == 0 || strcmp(path, SIGN_OUT) == 0);
}

static void set_cookie(struct clew_api_request *q, const struct clew_api_options *options,
                       const char *value, unsigned seconds)
{
        (void)snprintf(q->set_cookie, sizeof(q->set_cookie),
                       CLEW_ACCESS_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%u%s",
                       value, seconds, options->has_tls ? "; Secure" : "");
}

static void put_done(struct clew_api_request *q, const char *type)
{
        struct clew_json_writer w = clew_json_writer_make(&q->answer.body, 0);

        clew_buffer_clear(&q->answer.body);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, type);
        clew_json_write_key(&w, "author");
        clew_json_write_cstr(&w, q->grant.name);
        clew_json_write_object_end(&w);
        q->answer.status = 200;
        q->answer.content_type = "application/json";
}

/* {"key":"sk-clew-..."} */
static bool read_key(struct clew_slice body, char ret[KEY_BYTES_MAX])
{
        struct clew_json_reader r = clew_json_reader_make(body, CLEW_JSON_DEPTH_DEFAULT);
        bool found = false;

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                bool is_key = clew_slice_eq_cstr(r.text, "key");

                if (clew_json_next(&r) != CLEW_JSON_STRING || !is_key || r.escaped || r.cut ||
                    r.text.len >= KEY_BYTES_MAX)
                        return false;
                memcpy(ret, r.text.data, r.text.len);
                ret[r.text.len] = '\0';
                found = true;
        }
        return found;
}

static void answer_sign_in(struct clew_api_request *q, const struct clew_api_options *options,
                           struct clew_slice key, struct clew_slice code)
{
        const struct clew_credentials c = clew_api_credentials(q, options);
        char cookie[CLEW_SHA256_HEX];
        enum clew_access_verdict v =
                clew_access_sign_in(options->access, &c, key, code, &q->grant, cookie);

        if (v != CLEW_ACCESS_OK) {
                refuse(q, v);
                return;
        }
        set_cookie(q, options, cookie, CLEW_ACCESS_WEEK_S);
        put_done(q, "signed-in");
        if (code.len > 0) {
                q->answer.status = 303;
                q->location = "/";
        }
}

void clew_api_sign_in(struct clew_api_request *q, const struct clew_api_options *options)
{
        struct clew_slice target = clew_buffer_slice(&q->target);
        struct clew_slice code = CLEW_SLICE_NULL;
        char key[KEY_BYTES_MAX];

        if (!q->is_write) {
                static const char begin[] = LINK "?code=";

                if (clew_slice_starts_with(target, clew_slice_of_cstr(begin)))
                        code = clew_slice_from(target, sizeof(begin) - 1);
                answer_sign_in(q, options, CLEW_SLICE_NULL,
                               code.len > 0 ? code : CLEW_SLICE_LITERAL("-"));
        } else if (clew_slice_starts_with(target, CLEW_SLICE_LITERAL(SIGN_OUT))) {
                const struct clew_credentials c = clew_api_credentials(q, options);

                clew_access_sign_out(options->access, &c);
                set_cookie(q, options, "", 0);
                put_done(q, "signed-out");
        } else if (!clew_slice_starts_with(clew_api_header(q, MHD_HTTP_HEADER_CONTENT_TYPE),
                                           CLEW_SLICE_LITERAL("application/json")) ||
                   !read_key(clew_buffer_slice(&q->body), key)) {
                clew_serve_refuse_access(401,
                                         "to sign in, send {\"key\": \"sk-clew-...\"} as "
                                         "application/json",
                                         &q->answer);
        } else {
                answer_sign_in(q, options, clew_slice_of_cstr(key), CLEW_SLICE_NULL);
                explicit_bzero(key, sizeof(key));
        }
}

/* ---- what is noted -------------------------------------------------------------------------- */

/* What of traces and of what was made of them somebody reads. */
static bool is_reading(struct clew_slice target)
{
        static const char *const not_read[] = {"me", "status", "openapi.json", "live"};

        if (!clew_slice_starts_with(target, CLEW_SLICE_LITERAL(BASE)))
                return false;
        target = clew_slice_from(target, sizeof(BASE) - 1);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(not_read); i++) {
                if (clew_slice_starts_with(target, clew_slice_of_cstr(not_read[i])))
                        return false;
        }
        return true;
}

static bool is_noted(const struct clew_api_request *q, const struct clew_api_options *options)
{
        unsigned status = q->answer.status;

        if (!options->audit || (!is_api(q) && !q->is_sign_in))
                return false;
        if (q->is_write || q->is_sign_in || status == 401 || status == 403 || status == 429)
                return true;
        return options->audit_reads && is_reading(clew_buffer_slice(&q->target));
}

void clew_api_note(const struct clew_api_request *q, const struct clew_api_options *options)
{
        CLEW_BUFFER what = {0};
        struct clew_slice target = clew_buffer_slice(&q->target);
        struct clew_error err = {0};
        unsigned status = q->answer.status;
        bool refused = status == 401 || status == 403 || status == 429;
        const uint8_t *question;
        struct clew_audit_entry entry;

        if (!is_noted(q, options))
                return;
        question = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
        if (q->is_sign_in && question) /* never a code */
                target = clew_slice_make(target.data, (size_t)(question - target.data));
        clew_buffer_init(&what, 2 * CLEW_AUDIT_TEXT_MAX);
        clew_buffer_append_cstr(&what, q->method);
        clew_buffer_append_byte(&what, ' ');
        clew_buffer_append_slice(&what, target.len > CLEW_AUDIT_TEXT_MAX
                                                ? clew_slice_make(target.data, CLEW_AUDIT_TEXT_MAX)
                                                : target);
        if (q->word[0]) {
                clew_buffer_append_byte(&what, ' ');
                clew_buffer_append_cstr(&what, q->word);
        }
        entry = (struct clew_audit_entry){
                .time_ns = clew_clock_unix_ns(clew_clock_system()),
                .who = clew_slice_of_cstr(q->grant.name),
                .key = clew_slice_of_cstr(q->grant.key),
                .from = clew_slice_of_cstr(q->from),
                .what = clew_buffer_slice(&what),
                .status = status,
        };
        if (refused)
                clew_refusals_note(options->refusals, &entry);
        else if (clew_audit_add(options->audit, &entry, &err) < 0)
                clew_log(CLEW_LOG_ERROR, "audit.not_written", "reason=\"%s\"", err.message);
}
