/*
 * A bucket in an S3-compatible store.
 *
 * A create carries If-None-Match: *; what its answer means is the table in answer_of_put():
 * everything that may have been carried out is "unsure". Reads are repeated while their time lasts,
 * and an answer is taken only when its length and its range are those that were asked for.
 */
#include "storage/bucket/bucket-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "storage/bucket/s3-answer-int.h"
#include "storage/bucket/s3-exchange-int.h"
#include "storage/bucket/s3-parts-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Room for a list of 1,000 names. */
#define LIST_BYTES_MAX ((size_t)4 << 20)

/* ---- creating -------------------------------------------------------------------------------- */

static int answer_of_put(struct clew_s3_exchange *x, struct clew_error *err)
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
                r = clew_s3_explain(x, err);
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
        struct clew_s3_exchange x = {.s3 = clew_s3_own(b),
                                     .method = "PUT",
                                     .name = name,
                                     .condition = "*",
                                     .body = bytes,
                                     .bytes = bytes.len};
        int r = clew_s3_attempt(&x, err);

        if (r == 0)
                r = answer_of_put(&x, err);
        else if (r == -EIO || r == -ETIMEDOUT || r == -ECANCELED || r == -EMSGSIZE)
                r = CLEW_BUCKET_UNSURE;
        clew_s3_exchange_deinit(&x);
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
static int take_range(struct clew_s3_exchange *x, uint64_t from, size_t n, struct clew_buffer *out,
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
        struct clew_s3_exchange x = {.s3 = clew_s3_own(b),
                                     .method = "GET",
                                     .name = name,
                                     .answer_max = n,
                                     .may_hedge = true,
                                     .bytes = n};
        int r;

        snprintf(x.range, sizeof(x.range), "bytes=%llu-%llu", (unsigned long long)from,
                 (unsigned long long)(from + n - 1));
        do {
                r = clew_s3_attempt(&x, err);
                if (r < 0)
                        continue;
                if (x.answer.status == 200 || x.answer.status == 206 || x.answer.status == 416)
                        r = take_range(&x, from, n, out, ret_size, err);
                else
                        r = clew_s3_explain(&x, err);
        } while (clew_s3_may_pass(r) && clew_bucket_patience_wait(&p));
        clew_s3_exchange_deinit(&x);
        return r == -EAGAIN ? -EBUSY : r;
}

/* ---- listing --------------------------------------------------------------------------------- */

struct page {
        char last[CLEW_BUCKET_NAME_MAX + 1]; /* behind it the next page begins */
        bool more;
};

static int take_page(struct clew_s3_exchange *x, const char *folder, struct page *page,
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
        const char *root = clew_s3_own(b)->place.prefix;
        char prefix[CLEW_BUCKET_URL_MAX + CLEW_BUCKET_NAME_MAX + 2];
        char after[sizeof(prefix) + CLEW_BUCKET_NAME_MAX + 2];
        struct clew_sigv4_pair query[] = {
                {"list-type", "2"}, {"prefix", prefix}, {"start-after", after}};
        struct clew_s3_exchange x = {.s3 = clew_s3_own(b),
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
                r = clew_s3_attempt(&x, err);
                if (r == 0 && x.answer.status != 200)
                        r = clew_s3_explain(&x, err);
                if (r == -ENOENT)
                        r = clew_error_set(err, -ENXIO, 0, "%s: there is no such bucket", b->url);
        } while (clew_s3_may_pass(r) && clew_bucket_patience_wait(&p));
        if (r == 0)
                r = take_page(&x, folder, page, fn, context, err);
        clew_s3_exchange_deinit(&x);
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
        struct clew_s3_exchange x = {.s3 = clew_s3_own(b), .method = "DELETE", .name = name};
        int r;

        do {
                r = clew_s3_attempt(&x, err);
                if (r == 0 && x.answer.status != 200 && x.answer.status != 202 &&
                    x.answer.status != 204)
                        r = clew_s3_explain(&x, err);
        } while (clew_s3_may_pass(r) && clew_bucket_patience_wait(&p));
        clew_s3_exchange_deinit(&x);
        if (r == -ENOENT)
                return 0;
        return r == -EAGAIN ? -EBUSY : r;
}

static int access_new(struct clew_s3_access **ret, struct clew_error *err)
{
        struct clew_s3_access *a = clew_calloc(1, sizeof(*a));
        int r;

        if (!a)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = clew_http_new(&a->http, err);
        if (r < 0) {
                clew_free(a);
                return r;
        }
        atomic_init(&a->users, 1);
        atomic_init(&a->lacks_parts, false);
        clew_credential_source_init(&a->who);
        clew_hedge_init(&a->hedge);
        *ret = a;
        return 0;
}

static void access_unref(struct clew_s3_access *a)
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
        struct clew_s3_bucket *s3 = clew_s3_own(b);

        access_unref(s3->access);
        clew_free(s3);
}

static void s3_figures(struct clew_object_bucket *b, struct clew_hedge_figures *ret)
{
        clew_hedge_read(&clew_s3_own(b)->access->hedge, ret);
}

static const struct clew_bucket_ops s3_ops = {
        .put = s3_put,
        .put_parts = clew_s3_put_parts,
        .forget_parts = clew_s3_forget_parts,
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
        struct clew_s3_bucket *s3 = clew_calloc(1, sizeof(*s3));
        int r;

        if (!s3)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        s3->base.ops = &s3_ops;
        snprintf(s3->base.url, sizeof(s3->base.url), "%.*s", (int)strcspn(url, "?"), url);
        r = clew_s3_place_read(url, &s3->place, err);
        if (r == 0 && beside && beside->ops == &s3_ops &&
            is_same_server(&clew_s3_own(beside)->place, &s3->place)) {
                s3->access = clew_s3_own(beside)->access;
                atomic_fetch_add(&s3->access->users, 1);
        } else if (r == 0) {
                r = access_new(&s3->access, err);
        }
        if (r < 0) {
                s3_close(&s3->base);
                return r;
        }
        s3->base.attempt_ns = s3->place.timeout_s * CLEW_NS_PER_S;
        s3->base.part_bytes = s3->place.part_bytes;
        *ret = &s3->base;
        return 0;
}
