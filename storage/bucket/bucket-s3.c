/*
 * A bucket in an S3-compatible store.
 *
 * Every request is signed over its body. A create carries If-None-Match: *; what its answer means
 * is the table in answer_of_put(): everything that may have been carried out is "unsure". Reads are
 * repeated while their time lasts, and an answer is taken only when its length and its range are
 * those that were asked for.
 */
#include "storage/bucket/bucket-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "storage/bucket/credentials-int.h"
#include "storage/bucket/s3-answer-int.h"
#include "storage/bucket/s3-place-int.h"
#include "storage/bucket/sigv4-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Room for an error beside the bytes that were asked for, and for a list of 1,000 names. */
#define ANSWER_SLACK ((size_t)64 << 10)
#define LIST_BYTES_MAX ((size_t)4 << 20)
#define HEADERS_MAX 10u
#define HEADER_BYTES_MAX ((size_t)32 << 10)

/* What buckets have together that were opened beside each other. */
struct s3_access {
        atomic_uint users;
        struct clew_http *http;
        struct clew_credential_source who;
        struct clew_hedge hedge;
};

struct s3_bucket {
        struct clew_object_bucket base;
        struct clew_s3_place place;
        struct s3_access *access; /* counted */
};

/* One request and what came of it. */
struct exchange {
        struct s3_bucket *s3;
        const char *method;
        const char *name; /* "" = the bucket itself */
        const struct clew_sigv4_pair *query;
        size_t n_query;
        const char *condition; /* If-None-Match; NULL = none */
        char range[64];        /* "" = none */
        struct clew_slice body;
        size_t answer_max;
        bool may_hedge;  /* a read, that may be asked again while it is silent */
        uint64_t bytes;  /* that go over the line, for its time */
        const char *who; /* where the key is from */
        struct clew_buffer answer_body;
        struct clew_http_answer answer;
};

static struct s3_bucket *own(struct clew_object_bucket *b)
{
        return (struct s3_bucket *)(void *)b;
}

static void exchange_deinit(struct exchange *x)
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

static int send_lines(struct exchange *x, const struct clew_sigv4_request *signed_part,
                      struct clew_buffer *lines, const size_t starts[HEADERS_MAX], size_t n,
                      struct clew_error *err)
{
        struct s3_bucket *s3 = x->s3;
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

static int send_signed(struct exchange *x, const struct clew_s3_key *c, struct clew_error *err)
{
        struct s3_bucket *s3 = x->s3;
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

/* One attempt. 0 = there is an answer; else as clew_http_send(). */
static int attempt(struct exchange *x, struct clew_error *err)
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

static int refused(const struct exchange *x, const struct clew_s3_error *e, struct clew_error *err)
{
        const struct s3_bucket *s3 = x->s3;

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

/* An answer that is none of the good ones. -EAGAIN: it may be another one later. */
static int explain(struct exchange *x, struct clew_error *err)
{
        struct s3_bucket *s3 = x->s3;
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

/* What may be tried again: the line, the store's bad moments. */
static bool may_pass(int r)
{
        return r == -EAGAIN || r == -EIO || r == -ETIMEDOUT || r == -EHOSTUNREACH;
}

/* ---- creating -------------------------------------------------------------------------------- */

static int answer_of_put(struct exchange *x, struct clew_error *err)
{
        int r;

        switch (x->answer.status) {
        case 200:
        case 201:
        case 204:
                return CLEW_BUCKET_MADE;
        case 412:
                return CLEW_BUCKET_EXISTS;
        default:
                r = explain(x, err);
                if (r == -EAGAIN)
                        return CLEW_BUCKET_UNSURE;
                return r == -ENOENT ? clew_error_set(err, -ENXIO, 0,
                                                     "%s: the store answers 404 to a new object",
                                                     x->s3->base.url)
                                    : r;
        }
}

static int s3_put(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                  struct clew_error *err)
{
        struct exchange x = {.s3 = own(b),
                             .method = "PUT",
                             .name = name,
                             .condition = "*",
                             .body = bytes,
                             .bytes = bytes.len};
        int r = attempt(&x, err);

        if (r == 0)
                r = answer_of_put(&x, err);
        else if (r == -EIO || r == -ETIMEDOUT || r == -ECANCELED || r == -EMSGSIZE)
                r = CLEW_BUCKET_UNSURE;
        exchange_deinit(&x);
        return r;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* "bytes 0-99/1234", or an asterisk for the range: nothing is there. False when it is neither. */
static bool read_range(const char *text, uint64_t *ret_from, uint64_t *ret_to, uint64_t *ret_size)
{
        const char *dash = strchr(text, '-');
        const char *slash = strchr(text, '/');

        if (strncmp(text, "bytes ", 6) != 0 || !slash ||
            !clew_parse_uint64(clew_slice_of_cstr(slash + 1), ret_size))
                return false;
        text += 6;
        *ret_from = *ret_to = 0;
        if (!dash || dash > slash)
                return text[0] == '*';
        return clew_parse_uint64(clew_slice_make(text, (size_t)(dash - text)), ret_from) &&
               clew_parse_uint64(clew_slice_make(dash + 1, (size_t)(slash - dash - 1)), ret_to);
}

/* Takes a good answer to @out; -EIO when it is not what was asked for. */
static int take_range(struct exchange *x, uint64_t from, size_t n, struct clew_buffer *out,
                      uint64_t *ret_size, struct clew_error *err)
{
        struct clew_slice got = clew_buffer_slice(&x->answer_body);
        uint64_t first = 0;
        uint64_t last = 0;
        uint64_t size = got.len;
        uint64_t want;

        if (x->answer.status == 416) {
                if (!read_range(x->answer.range, &first, &last, &size))
                        size = from; /* it says only that there is nothing */
                *ret_size = size;
                return 0;
        }
        if (x->answer.status == 206 && !read_range(x->answer.range, &first, &last, &size))
                size = 0;
        want = size > from ? size - from : 0;
        want = want < n ? want : n;
        if (first != from || got.len != want ||
            (x->answer.status == 206 && last + 1 - first != want))
                return clew_error_set(err, -EIO, 0,
                                      "%s: %s: the store gave %zu bytes of %llu that it should "
                                      "have",
                                      x->s3->base.url, x->name, got.len, (unsigned long long)want);
        clew_buffer_append_slice(out, got);
        *ret_size = size;
        return clew_buffer_error(out) < 0 ? clew_error_set(err, -ENOMEM, 0, "out of memory") : 0;
}

static int s3_get(struct clew_object_bucket *b, const char *name, uint64_t from, size_t n,
                  struct clew_buffer *out, uint64_t *ret_size, struct clew_error *err)
{
        struct clew_bucket_patience p = clew_bucket_patience_begin(b);
        struct exchange x = {.s3 = own(b),
                             .method = "GET",
                             .name = name,
                             .answer_max = n,
                             .may_hedge = true,
                             .bytes = n};
        int r;

        snprintf(x.range, sizeof(x.range), "bytes=%llu-%llu", (unsigned long long)from,
                 (unsigned long long)(from + n - 1));
        do {
                r = attempt(&x, err);
                if (r < 0)
                        continue;
                if (x.answer.status == 200 || x.answer.status == 206 || x.answer.status == 416)
                        r = take_range(&x, from, n, out, ret_size, err);
                else
                        r = explain(&x, err);
        } while (may_pass(r) && clew_bucket_patience_wait(&p));
        exchange_deinit(&x);
        return r == -EAGAIN ? -EBUSY : r;
}

/* ---- listing --------------------------------------------------------------------------------- */

struct page {
        char last[CLEW_BUCKET_NAME_MAX + 1]; /* behind it the next page begins */
        bool more;
};

static int take_page(struct exchange *x, const char *folder, struct page *page,
                     clew_bucket_list_fn fn, void *context, struct clew_error *err)
{
        struct clew_s3_list list;
        struct clew_s3_item item;
        char before[CLEW_BUCKET_URL_MAX + CLEW_BUCKET_NAME_MAX + 2];
        size_t n = (size_t)snprintf(before, sizeof(before), "%s%s/", x->s3->place.prefix, folder);
        int r;

        if (!clew_s3_list_open(clew_buffer_slice(&x->answer_body), &list))
                return clew_error_set(err, -EIO, 0, "%s: the store's list is not whole",
                                      x->s3->base.url);
        page->more = list.truncated;
        while ((r = clew_s3_list_next(&list, &item)) == 1) {
                char key[CLEW_BUCKET_URL_MAX + CLEW_BUCKET_NAME_MAX + 2];
                const char *name = key + n;

                if (!clew_s3_unescape(item.key, key, sizeof(key)) || strncmp(key, before, n) != 0 ||
                    !clew_bucket_name_is_good(name) || strchr(name, '/'))
                        continue; /* not ours */
                if (strcmp(name, page->last) <= 0)
                        continue;
                snprintf(page->last, sizeof(page->last), "%s", name);
                r = fn(context, name, item.bytes, err);
                if (r != 0)
                        return r;
        }
        return r < 0 ? clew_error_set(err, -EIO, 0, "%s: the store's list is not whole",
                                      x->s3->base.url)
                     : 0;
}

static int list_page(struct clew_object_bucket *b, const char *folder, struct page *page,
                     clew_bucket_list_fn fn, void *context, struct clew_error *err)
{
        struct clew_bucket_patience p = clew_bucket_patience_begin(b);
        const char *root = own(b)->place.prefix;
        char prefix[CLEW_BUCKET_URL_MAX + CLEW_BUCKET_NAME_MAX + 2];
        char after[sizeof(prefix) + CLEW_BUCKET_NAME_MAX + 2];
        struct clew_sigv4_pair query[] = {
                {"list-type", "2"}, {"prefix", prefix}, {"start-after", after}};
        struct exchange x = {.s3 = own(b),
                             .method = "GET",
                             .name = "",
                             .query = query,
                             .n_query = page->last[0] ? 3 : 2,
                             .answer_max = LIST_BYTES_MAX};
        char begun[sizeof(page->last)];
        int r;

        snprintf(prefix, sizeof(prefix), "%s%s/", root, folder);
        snprintf(after, sizeof(after), "%s%s", prefix, page->last);
        snprintf(begun, sizeof(begun), "%s", page->last);
        do {
                r = attempt(&x, err);
                if (r == 0 && x.answer.status != 200)
                        r = explain(&x, err);
                if (r == -ENOENT)
                        r = clew_error_set(err, -ENXIO, 0, "%s: there is no such bucket", b->url);
        } while (may_pass(r) && clew_bucket_patience_wait(&p));
        if (r == 0)
                r = take_page(&x, folder, page, fn, context, err);
        exchange_deinit(&x);
        /* More is said to come, and nothing came. */
        if (r == 0 && page->more && strcmp(begun, page->last) == 0)
                r = clew_error_set(err, -EIO, 0, "%s: the store's list does not end", b->url);
        return r == -EAGAIN ? -EBUSY : r;
}

static int s3_list(struct clew_object_bucket *b, const char *folder, const char *after,
                   clew_bucket_list_fn fn, void *context, struct clew_error *err)
{
        struct page page = {.more = true};
        int r = 0;

        snprintf(page.last, sizeof(page.last), "%s", after);
        while (r == 0 && page.more)
                r = list_page(b, folder, &page, fn, context, err);
        return r;
}

/* ---- deleting, opening ----------------------------------------------------------------------- */

static int s3_remove(struct clew_object_bucket *b, const char *name, struct clew_error *err)
{
        struct clew_bucket_patience p = clew_bucket_patience_begin(b);
        struct exchange x = {.s3 = own(b), .method = "DELETE", .name = name};
        int r;

        do {
                r = attempt(&x, err);
                if (r == 0 && x.answer.status != 200 && x.answer.status != 202 &&
                    x.answer.status != 204)
                        r = explain(&x, err);
        } while (may_pass(r) && clew_bucket_patience_wait(&p));
        exchange_deinit(&x);
        if (r == -ENOENT)
                return 0;
        return r == -EAGAIN ? -EBUSY : r;
}

static int access_new(struct s3_access **ret, struct clew_error *err)
{
        struct s3_access *a = clew_calloc(1, sizeof(*a));
        int r;

        if (!a)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = clew_http_new(&a->http, err);
        if (r < 0) {
                clew_free(a);
                return r;
        }
        atomic_init(&a->users, 1);
        clew_credential_source_init(&a->who);
        clew_hedge_init(&a->hedge);
        *ret = a;
        return 0;
}

static void access_unref(struct s3_access *a)
{
        if (!a || atomic_fetch_sub(&a->users, 1) > 1)
                return;
        clew_http_free(a->http);
        clew_credential_source_deinit(&a->who);
        clew_hedge_deinit(&a->hedge);
        clew_free(a);
}

static void s3_close(struct clew_object_bucket *b)
{
        struct s3_bucket *s3 = own(b);

        access_unref(s3->access);
        clew_free(s3);
}

static void s3_figures(struct clew_object_bucket *b, struct clew_hedge_figures *ret)
{
        clew_hedge_read(&own(b)->access->hedge, ret);
}

static const struct clew_bucket_ops s3_ops = {
        .put = s3_put,
        .get = s3_get,
        .list = s3_list,
        .remove = s3_remove,
        .close = s3_close,
        .figures = s3_figures,
};

static bool is_same_server(const struct clew_s3_place *a, const struct clew_s3_place *b)
{
        return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 &&
               strcmp(a->ca, b->ca) == 0;
}

int clew_bucket_s3_open(struct clew_object_bucket *beside, const char *url,
                        struct clew_object_bucket **ret, struct clew_error *err)
{
        struct s3_bucket *s3 = clew_calloc(1, sizeof(*s3));
        int r;

        if (!s3)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        s3->base.ops = &s3_ops;
        snprintf(s3->base.url, sizeof(s3->base.url), "%.*s", (int)strcspn(url, "?"), url);
        r = clew_s3_place_read(url, &s3->place, err);
        if (r == 0 && beside && beside->ops == &s3_ops &&
            is_same_server(&own(beside)->place, &s3->place)) {
                s3->access = own(beside)->access;
                atomic_fetch_add(&s3->access->users, 1);
        } else if (r == 0) {
                r = access_new(&s3->access, err);
        }
        if (r < 0) {
                s3_close(&s3->base);
                return r;
        }
        s3->base.attempt_ns = s3->place.timeout_s * CLEW_NS_PER_S;
        *ret = &s3->base;
        return 0;
}
