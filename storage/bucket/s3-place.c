#include "storage/bucket/s3-place-int.h"

#include "proto/base/number.h"
#include "storage/bucket/sigv4-int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_NAME_MIN 3u
#define TIMEOUT_S_MAX 3600u
#define MIB ((size_t)1 << 20)
#define PART_MIB_MAX 256u

static int wrong(const char *url, const char *what, struct clew_error *err)
{
        return clew_error_set(err, -EINVAL, 0, "%s: %s", url, what);
}

/* Copies @n bytes of @from; false when they do not fit. */
static bool copy(char *to, size_t size, const char *from, size_t n)
{
        if (n >= size)
                return false;
        memcpy(to, from, n);
        to[n] = '\0';
        return true;
}

static bool is_text(const char *s, const char *allowed)
{
        return s[strspn(s, allowed)] == '\0';
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static int read_bucket(const char *url, const char *at, size_t n, struct clew_s3_place *p,
                       struct clew_error *err)
{
        if (n < BUCKET_NAME_MIN || !copy(p->bucket, sizeof(p->bucket), at, n) ||
            !is_text(p->bucket, LOWER UPPER DIGITS ".-_") || p->bucket[0] == '.')
                return wrong(url, "a bucket's name has 3 to 63 of a-z 0-9 . -", err);
        return 0;
}

/* Without empty parts and parts of dots alone, which URLs change. */
static int read_prefix(const char *url, const char *at, size_t n, struct clew_s3_place *p,
                       struct clew_error *err)
{
        size_t used = 0;

        while (n > 0) {
                size_t part = 0;

                while (part < n && at[part] != '/')
                        part++;
                if (part > 0 && at[0] == '.')
                        return wrong(url, "no part of a prefix begins with a dot", err);
                if (part > 0 && used + part + 1 < sizeof(p->prefix)) {
                        memcpy(p->prefix + used, at, part);
                        used += part;
                        p->prefix[used++] = '/';
                }
                at += part < n ? part + 1 : part;
                n -= part < n ? part + 1 : part;
        }
        p->prefix[used] = '\0';
        if (!is_text(p->prefix, LOWER UPPER DIGITS "._-/=~+@"))
                return wrong(url, "a prefix has letters, digits and . _ - = ~ + @ /", err);
        return 0;
}

struct parameters {
        char endpoint[300];
        char style[8];
        char timeout[8];
        char part[8];
};

static int read_parameter(const char *url, const char *at, size_t n, struct clew_s3_place *p,
                          struct parameters *q, struct clew_error *err)
{
        const struct {
                const char *name;
                char *to;
                size_t size;
        } known[] = {
                {"endpoint=", q->endpoint, sizeof(q->endpoint)},
                {"region=", p->region, sizeof(p->region)},
                {"style=", q->style, sizeof(q->style)},
                {"timeout=", q->timeout, sizeof(q->timeout)},
                {"part=", q->part, sizeof(q->part)},
                {"ca=", p->ca, sizeof(p->ca)},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(known); i++) {
                size_t name = strlen(known[i].name);

                if (n <= name || strncmp(at, known[i].name, name) != 0)
                        continue;
                return copy(known[i].to, known[i].size, at + name, n - name)
                               ? 0
                               : wrong(url, "a value behind ? is too long", err);
        }
        return wrong(url,
                     "behind ? stand endpoint=, region=, style=, timeout=, part= and ca=, with & "
                     "between them",
                     err);
}

static int read_parameters(const char *url, struct clew_s3_place *p, struct parameters *q,
                           struct clew_error *err)
{
        const char *at = strchr(url, '?');
        int r = 0;

        for (at = at ? at + 1 : ""; r == 0 && *at;) {
                size_t n = strcspn(at, "&");

                r = read_parameter(url, at, n, p, q, err);
                at += n + (at[n] == '&');
        }
        return r;
}

static const char *env(const char *name)
{
        const char *value = getenv(name);

        return value && *value ? value : NULL;
}

static void from_environment(struct clew_s3_place *p, struct parameters *q)
{
        const char *endpoint = env("AWS_ENDPOINT_URL_S3");
        const char *region = env("AWS_REGION");
        const char *ca = env("AWS_CA_BUNDLE");

        endpoint = endpoint ? endpoint : env("AWS_ENDPOINT_URL");
        region = region ? region : env("AWS_DEFAULT_REGION");
        if (!q->endpoint[0] && endpoint)
                snprintf(q->endpoint, sizeof(q->endpoint), "%s", endpoint);
        if (!p->region[0])
                snprintf(p->region, sizeof(p->region), "%s", region ? region : "us-east-1");
        if (!p->ca[0] && ca)
                snprintf(p->ca, sizeof(p->ca), "%s", ca);
}

static bool is_this_machine(const char *host)
{
        static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                size_t n = strlen(names[i]);

                if (strncmp(host, names[i], n) == 0 && (host[n] == '\0' || host[n] == ':'))
                        return true;
        }
        return false;
}

static int read_endpoint(const char *url, struct clew_s3_place *p, const struct parameters *q,
                         struct clew_error *err)
{
        char host[sizeof(p->host) - sizeof(p->bucket)];
        const char *at = strstr(q->endpoint, "://");
        bool aws = !q->endpoint[0];
        bool with_dot = strchr(p->bucket, '.') != NULL;
        size_t n;

        snprintf(p->scheme, sizeof(p->scheme), "https");
        if (aws) {
                snprintf(host, sizeof(host), "s3.%s.amazonaws.com", p->region);
        } else {
                if (!at ||
                    !copy(p->scheme, sizeof(p->scheme), q->endpoint, (size_t)(at - q->endpoint)))
                        return wrong(url, "an endpoint begins with https://", err);
                at += 3;
                n = strcspn(at, "/");
                if (at[n] && at[n + 1])
                        return wrong(url, "an endpoint is a host, without a path", err);
                if (n == 0 || !copy(host, sizeof(host), at, n) ||
                    !is_text(host, LOWER UPPER DIGITS ".-:[]"))
                        return wrong(url, "an endpoint is https://HOST or https://HOST:PORT", err);
        }
        if (strcmp(p->scheme, "http") == 0 && !is_this_machine(host))
                return wrong(url,
                             "traces and keys do not go over a network in the clear: the "
                             "endpoint is to be https://",
                             err);
        if (strcmp(p->scheme, "http") != 0 && strcmp(p->scheme, "https") != 0)
                return wrong(url, "an endpoint begins with https://", err);
        p->path_style = q->style[0] ? strcmp(q->style, "path") == 0 : !aws || with_dot;
        if (q->style[0] && !p->path_style && strcmp(q->style, "host") != 0)
                return wrong(url, "style is path or host", err);
        if (p->path_style)
                snprintf(p->host, sizeof(p->host), "%s", host);
        else
                snprintf(p->host, sizeof(p->host), "%s.%s", p->bucket, host);
        return 0;
}

int clew_s3_place_read(const char *url, struct clew_s3_place *ret, struct clew_error *err)
{
        struct parameters q = {0};
        const char *at = url + strlen("s3://");
        size_t n = strcspn(at, "?");
        const char *slash = memchr(at, '/', n);
        size_t bucket = slash ? (size_t)(slash - at) : n;
        uint64_t timeout = CLEW_BUCKET_TIMEOUT_S;
        uint64_t part = CLEW_BUCKET_PART_BYTES / MIB;
        int r;

        memset(ret, 0, sizeof(*ret));
        r = read_bucket(url, at, bucket, ret, err);
        if (r == 0)
                r = read_prefix(url, at + bucket, n - bucket, ret, err);
        if (r == 0)
                r = read_parameters(url, ret, &q, err);
        if (r < 0)
                return r;
        from_environment(ret, &q);
        if (q.timeout[0] && (!clew_parse_uint64(clew_slice_of_cstr(q.timeout), &timeout) ||
                             timeout < 1 || timeout > TIMEOUT_S_MAX))
                return wrong(url, "timeout is 1 to 3600 seconds", err);
        if (q.part[0] &&
            (!clew_parse_uint64(clew_slice_of_cstr(q.part), &part) || part > PART_MIB_MAX ||
             (part > 0 && part < CLEW_BUCKET_PART_LEAST_BYTES / MIB)))
                return wrong(url, "part is 5 to 256 MiB, or 0: nothing goes in parts", err);
        if (!is_text(ret->region, LOWER UPPER DIGITS "-_"))
                return wrong(url, "a region has letters, digits and -", err);
        ret->timeout_s = (unsigned)timeout;
        ret->part_bytes = (size_t)part * MIB;
        return read_endpoint(url, ret, &q, err);
}

void clew_s3_place_path(const struct clew_s3_place *p, const char *name, struct clew_buffer *out)
{
        clew_buffer_append_byte(out, '/');
        if (p->path_style) {
                clew_sigv4_encode(p->bucket, false, out);
                if (*name)
                        clew_buffer_append_byte(out, '/');
        }
        if (*name) {
                clew_sigv4_encode(p->prefix, true, out);
                clew_sigv4_encode(name, true, out);
        }
}
