/*
 * See s3-exchange-int.h. Every request is signed over its body.
 */
#include "storage/bucket/s3-exchange-int.h"

#include "proto/base/clock.h"
#include "storage/bucket/s3-answer-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Room for an error beside the bytes that were asked for. */
#define ANSWER_SLACK ((size_t)64 << 10)
#define HEADERS_MAX 10u
#define HEADER_BYTES_MAX ((size_t)32 << 10)

void clew_s3_exchange_deinit(struct clew_s3_exchange *x)
{
        clew_buffer_deinit(&x->answer_body);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Headers as "name: value" lines, in one buffer; each ends with a NUL. */
static void add_header(struct clew_buffer *lines, size_t starts[HEADERS_MAX], size_t *n,
                       const char *name, const char *value)
{
        if (*n == HEADERS_MAX)
                return;
        starts[(*n)++] = lines->len;
        clew_buffer_append_cstr(lines, name);
        clew_buffer_append_cstr(lines, *value ? ": " : ":");
        clew_buffer_append_cstr(lines, value);
        clew_buffer_append_byte(lines, '\0');
}

static int send_lines(struct clew_s3_exchange *x, const struct clew_sigv4_request *signed_part,
                      struct clew_buffer *lines, const size_t starts[HEADERS_MAX], size_t n,
                      struct clew_error *err)
{
        struct clew_s3_bucket *s3 = x->s3;
        const char *headers[HEADERS_MAX];
        CLEW_BUFFER url = {0};
        struct clew_http_request q = {
                .method = x->method,
                .headers = headers,
                .n_headers = n,
                .body = x->body,
                .timeout_ns = clew_bucket_attempt_ns(&s3->base, x->bytes),
                .silence_ns = clew_bucket_silence_ns(&s3->base, x->body.len),
                .still_ns = clew_bucket_attempt_ns(&s3->base, 0),
                .ca_file = s3->place.ca[0] ? s3->place.ca : NULL,
                .stop = s3->base.stop,
                .hedge = x->may_hedge ? &s3->access->hedge : NULL,
        };

        clew_buffer_init(&url, HEADER_BYTES_MAX);
        clew_buffer_printf(&url, "%s://%s%s", s3->place.scheme, s3->place.host, signed_part->path);
        if (signed_part->n_query > 0) {
                clew_buffer_append_byte(&url, '?');
                clew_sigv4_query(signed_part, &url);
        }
        clew_buffer_append_byte(&url, '\0');
        if (clew_buffer_error(&url) < 0 || clew_buffer_error(lines) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        for (size_t i = 0; i < n; i++)
                headers[i] = (const char *)lines->data + starts[i];
        q.url = (const char *)url.data;
        return clew_http_send(s3->access->http, &q, &x->answer, err);
}

static int send_signed(struct clew_s3_exchange *x, const struct clew_s3_key *c,
                       struct clew_error *err)
{
        struct clew_s3_bucket *s3 = x->s3;
        char time[CLEW_SIGV4_TIME_BYTES];
        char payload[CLEW_SHA256_HEX];
        uint8_t digest[CLEW_SHA256_BYTES];
        struct clew_sigv4_pair headers[HEADERS_MAX];
        const struct clew_sigv4_key key = {c->id, c->secret, s3->place.region, "s3"};
        struct clew_sigv4_request r = {.method = x->method,
                                       .query = x->query,
                                       .n_query = x->n_query,
                                       .headers = headers,
                                       .payload = payload,
                                       .time = time};
        CLEW_BUFFER path = {0};
        CLEW_BUFFER lines = {0};
        CLEW_BUFFER authorization = {0};
        size_t starts[HEADERS_MAX];
        size_t n = 0;
        int result;

        clew_buffer_init(&path, HEADER_BYTES_MAX);
        clew_buffer_init(&lines, HEADER_BYTES_MAX);
        clew_buffer_init(&authorization, HEADER_BYTES_MAX);
        clew_s3_place_path(&s3->place, x->name, &path);
        clew_buffer_append_byte(&path, '\0');
        clew_sigv4_time(clew_clock_unix_ns(clew_clock_system()) / CLEW_NS_PER_S, time);
        clew_sha256_of(x->body, digest);
        clew_sigv4_hex(digest, payload);
        headers[r.n_headers++] = (struct clew_sigv4_pair){"host", s3->place.host};
        headers[r.n_headers++] = (struct clew_sigv4_pair){"x-amz-content-sha256", payload};
        headers[r.n_headers++] = (struct clew_sigv4_pair){"x-amz-date", time};
        if (c->token[0])
                headers[r.n_headers++] = (struct clew_sigv4_pair){"x-amz-security-token", c->token};
        if (x->condition)
                headers[r.n_headers++] = (struct clew_sigv4_pair){"if-none-match", x->condition};
        if (x->range[0])
                headers[r.n_headers++] = (struct clew_sigv4_pair){"range", x->range};
        if (clew_buffer_error(&path) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r.path = (const char *)path.data;
        if (!clew_sigv4_sign(&r, &key, &authorization))
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        clew_buffer_append_byte(&authorization, '\0');
        for (size_t i = 0; i < r.n_headers; i++)
                add_header(&lines, starts, &n, headers[i].name, headers[i].value);
        add_header(&lines, starts, &n, "authorization", (const char *)authorization.data);
        add_header(&lines, starts, &n, "expect", ""); /* no question before the body */
        result = send_lines(x, &r, &lines, starts, n, err);
        if (lines.data)
                explicit_bzero(lines.data, lines.len);
        return result;
}

int clew_s3_attempt(struct clew_s3_exchange *x, struct clew_error *err)
{
        struct clew_s3_key c;
        int r = clew_credentials_get(&x->s3->access->who, x->s3->access->http, &c, err);

        if (r < 0) {
                clew_error_prefix(err, "%s: ", x->s3->base.url);
                return r;
        }
        if (!x->answer.body) {
                clew_buffer_init(&x->answer_body, x->answer_max + ANSWER_SLACK);
                x->answer.body = &x->answer_body;
        }
        x->who = c.source;
        r = send_signed(x, &c, err);
        explicit_bzero(&c, sizeof(c));
        if (r < 0)
                clew_error_prefix(err, "%s: ", x->s3->base.url);
        if (r == -EACCES)
                (void)clew_error_set(err, r, 0,
                                     "%s: its certificate is not trusted; ca=FILE behind ? names "
                                     "an authority of your own",
                                     x->s3->base.url);
        return r;
}

/* ---- what an answer means -------------------------------------------------------------------- */

static bool is_one_of(const char *code, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (strcmp(code, list[i]) == 0)
                        return true;
        }
        return false;
}

/* Credentials that have ended may be renewed by who gave them. */
static bool is_stale_key(const struct clew_s3_error *e)
{
        static const char *const codes[] = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired",
                                            "InvalidAccessKeyId"};

        return is_one_of(e->code, codes, CLEW_ARRAY_LEN(codes));
}

static int refused(const struct clew_s3_exchange *x, const struct clew_s3_error *e,
                   struct clew_error *err)
{
        const struct clew_s3_bucket *s3 = x->s3;

        if (strcmp(e->code, "RequestTimeTooSkewed") == 0)
                return clew_error_set(err, -EACCES, 0,
                                      "%s: the clocks of this machine and of the store differ too "
                                      "much (there it is %s): set this one",
                                      s3->base.url,
                                      e->server_time[0] ? e->server_time : x->answer.date);
        if (strcmp(e->code, "QuotaExceeded") == 0)
                return clew_error_set(err, -ENOSPC, 0, "%s: the store is full (%s)", s3->base.url,
                                      e->code);
        return clew_error_set(err, -EACCES, 0,
                              "%s: the store refuses (%s): look at the key that is from %s, and at "
                              "its rights to read, write, list and delete in bucket %s",
                              s3->base.url, e->code[0] ? e->code : "403", x->who, s3->place.bucket);
}

int clew_s3_explain(struct clew_s3_exchange *x, struct clew_error *err)
{
        struct clew_s3_bucket *s3 = x->s3;
        unsigned status = x->answer.status;
        const char *region = x->answer.region;
        struct clew_s3_error e;

        clew_s3_error_read(clew_buffer_slice(&x->answer_body), &e);
        if (!*region)
                region = e.region;
        if (status == 501)
                return clew_error_set(err, -ENOTSUP, 0,
                                      "%s: this store does not know a request that is needed (%s)",
                                      s3->base.url, e.message);
        if (status == 507)
                return clew_error_set(err, -ENOSPC, 0, "%s: the store is full", s3->base.url);
        if (status >= 500 || status == 408 || status == 409 || status == 429 ||
            strcmp(e.code, "RequestTimeout") == 0)
                return clew_error_set(err, -EAGAIN, 0, "%s: the store answers %u %s", s3->base.url,
                                      status, e.code);
        if (*region && strcmp(region, s3->place.region) != 0 && (status < 400 || status < 404))
                return clew_error_set(err, -EINVAL, 0,
                                      "%s: bucket %s is in region %s: put region=%s behind ?",
                                      s3->base.url, s3->place.bucket, region, region);
        if (is_stale_key(&e))
                clew_credentials_doubt(&s3->access->who);
        if (status == 401 || status == 403)
                return refused(x, &e, err);
        if (status == 404 && strcmp(e.code, "NoSuchBucket") == 0)
                return clew_error_set(err, -ENXIO, 0,
                                      "%s: there is no bucket %s: make it there, or name another",
                                      s3->base.url, s3->place.bucket);
        if (status == 404)
                return -ENOENT;
        return clew_error_set(err, -EPROTO, 0, "%s: the store answers %u %s: %s", s3->base.url,
                              status, e.code, e.message);
}

bool clew_s3_may_pass(int r)
{
        return r == -EAGAIN || r == -EIO || r == -ETIMEDOUT || r == -EHOSTUNREACH;
}
