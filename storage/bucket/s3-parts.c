/*
 * An object that is uploaded in parts.
 *
 * The store keeps parts until the upload is completed, which makes the object, or given up. Whether
 * a request was carried out that had no good answer is not known, so:
 *
 * - a part is sent again under its number, and takes the place of the one before;
 * - completing is asked for again; when an answer was lost before, the object is told as "exists",
 *   and the caller compares its bytes, whoever has made it;
 * - an upload whose completing was asked for and not answered is left alone: it may be carried out
 *   at this moment. The next start gives it up (clew_s3_forget_parts()).
 *
 * Stores do not agree on what a condition means here, and some let two complete one name
 * (storage/tier/README.md). So the name is looked for first, and the call is for names that nobody
 * else gives.
 */
#include "storage/bucket/s3-parts-int.h"

#include "storage/bucket/s3-answer-int.h"
#include "storage/bucket/s3-exchange-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a store takes at the most. */
#define PARTS_MAX 10000u
/* Of each: <Part>, its number and tag. */
#define PART_XML_MAX (CLEW_HTTP_HEADER_MAX + 80u)
#define ANSWER_MAX ((size_t)16 << 10)
/* 1,000 uploads in a page; so many pages at one start. */
#define LIST_BYTES_MAX ((size_t)4 << 20)
#define LISTS_MAX 8u

_Static_assert(CLEW_BUCKET_OBJECT_MAX / CLEW_BUCKET_PART_LEAST_BYTES <= PARTS_MAX,
               "the largest object has too many parts");

struct upload {
        struct clew_s3_bucket *s3;
        const char *name;
        struct clew_slice bytes;
        char id[CLEW_S3_UPLOAD_ID_MAX];
        struct clew_buffer parts; /* those that are there, in XML */
        bool is_lost;             /* an answer to completing it */
};

/* Asks until there is an answer that @take takes (0), or one that is final. */
static int ask(struct clew_s3_exchange *x,
               int (*take)(struct clew_s3_exchange *x, void *context, struct clew_error *err),
               void *context, struct clew_error *err)
{
        struct clew_bucket_patience p = clew_bucket_patience_begin(&x->s3->base);
        int r;

        do {
                r = clew_s3_attempt(x, err);
                if (r == 0)
                        r = x->answer.status / 100 == 2 ? take(x, context, err)
                                                        : clew_s3_explain(x, err);
        } while (clew_s3_may_pass(r) && clew_bucket_patience_wait(&p));
        return r;
}

static int not_whole(const struct clew_s3_exchange *x, struct clew_error *err)
{
        return clew_error_set(err, -EIO, 0, "%s: %s: the store's answer is not whole",
                              x->s3->base.url, x->name);
}

/* ---- the steps ------------------------------------------------------------------------------- */

static int take_id(struct clew_s3_exchange *x, void *context, struct clew_error *err)
{
        struct upload *u = context;

        return clew_s3_upload_id_read(clew_buffer_slice(&x->answer_body), u->id)
                       ? 0
                       : not_whole(x, err);
}

/* -ENOTSUP: the store does not know parts. */
static int begin(struct upload *u, struct clew_error *err)
{
        const struct clew_sigv4_pair query[] = {{"uploads", ""}};
        struct clew_s3_exchange x = {.s3 = u->s3,
                                     .method = "POST",
                                     .name = u->name,
                                     .query = query,
                                     .n_query = 1,
                                     .answer_max = ANSWER_MAX};
        int r = ask(&x, take_id, u, err);

        clew_s3_exchange_deinit(&x);
        /* If something else is wrong with it, the single PUT will be told, too. */
        return r == -EPROTO || r == -ENOENT ? -ENOTSUP : r;
}

static int take_tag(struct clew_s3_exchange *x, void *context, struct clew_error *err)
{
        (void)context;
        return clew_s3_tag_is_good(x->answer.tag) ? 0 : not_whole(x, err);
}

static int send_part(struct upload *u, unsigned number, struct clew_slice bytes,
                     struct clew_error *err)
{
        char text[16];
        const struct clew_sigv4_pair query[] = {{"partNumber", text}, {"uploadId", u->id}};
        struct clew_s3_exchange x = {.s3 = u->s3,
                                     .method = "PUT",
                                     .name = u->name,
                                     .query = query,
                                     .n_query = 2,
                                     .body = bytes,
                                     .bytes = bytes.len,
                                     .answer_max = ANSWER_MAX};
        int r;

        snprintf(text, sizeof(text), "%u", number);
        r = ask(&x, take_tag, NULL, err);
        if (r == 0)
                clew_buffer_printf(&u->parts,
                                   "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>",
                                   number, x.answer.tag);
        clew_s3_exchange_deinit(&x);
        return r;
}

static int send_parts(struct upload *u, struct clew_error *err)
{
        struct clew_slice left = u->bytes;
        int r = 0;

        clew_buffer_append_cstr(&u->parts, "<CompleteMultipartUpload>");
        for (unsigned number = 1; r == 0 && left.len > 0; number++) {
                size_t n = left.len < u->s3->base.part_bytes ? left.len : u->s3->base.part_bytes;

                r = send_part(u, number, clew_slice_make(left.data, n), err);
                left = clew_slice_from(left, n);
        }
        clew_buffer_append_cstr(&u->parts, "</CompleteMultipartUpload>");
        if (r == 0 && clew_buffer_error(&u->parts) < 0)
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        return r;
}

/* A 200 may carry an error: the store sends its head before it knows. */
static int answer_of_complete(struct clew_s3_exchange *x, struct clew_error *err)
{
        struct clew_s3_error e;

        if (x->answer.status == 412)
                return CLEW_BUCKET_EXISTS;
        if (x->answer.status / 100 != 2)
                return clew_s3_explain(x, err);
        if (clew_s3_is_completed(clew_buffer_slice(&x->answer_body)))
                return CLEW_BUCKET_MADE;
        clew_s3_error_read(clew_buffer_slice(&x->answer_body), &e);
        return clew_error_set(err, -EAGAIN, 0, "%s: %s: the store does not say that it is made %s",
                              x->s3->base.url, x->name, e.code);
}

static int ask_once(struct clew_s3_exchange *x, struct clew_error *err)
{
        int r = clew_s3_attempt(x, err);

        return r < 0 ? r : answer_of_complete(x, err);
}

/* Some stores know conditions of a PUT alone, and say so. */
static int ask_for_object(struct clew_s3_exchange *x, struct clew_error *err)
{
        int r = ask_once(x, err);

        if (r != -ENOTSUP || !x->condition)
                return r;
        x->condition = NULL;
        return ask_once(x, err);
}

/* MADE: it was, by the one request for it. EXISTS: by whom is not known. -ENOENT: the upload is
 * gone. */
static int complete(struct upload *u, struct clew_error *err)
{
        struct clew_bucket_patience p = clew_bucket_patience_begin(&u->s3->base);
        const struct clew_sigv4_pair query[] = {{"uploadId", u->id}};
        struct clew_s3_exchange x = {.s3 = u->s3,
                                     .method = "POST",
                                     .name = u->name,
                                     .query = query,
                                     .n_query = 1,
                                     .condition = "*",
                                     .body = clew_buffer_slice(&u->parts),
                                     .answer_max = ANSWER_MAX};
        int r;

        do {
                r = ask_for_object(&x, err);
                if (u->is_lost && (r == CLEW_BUCKET_MADE || r == -ENOENT))
                        r = CLEW_BUCKET_EXISTS;
                u->is_lost = u->is_lost || clew_s3_may_pass(r) || r == -ECANCELED || r == -ENOENT;
        } while (clew_s3_may_pass(r) && clew_bucket_patience_wait(&p));
        clew_s3_exchange_deinit(&x);
        return r;
}

/* One attempt: what is left of it goes at the next start. */
static void give_up(struct clew_s3_bucket *s3, const char *name, const char *id)
{
        struct clew_error ignored = {0};
        const struct clew_sigv4_pair query[] = {{"uploadId", id}};
        struct clew_s3_exchange x = {
                .s3 = s3, .method = "DELETE", .name = name, .query = query, .n_query = 1};

        (void)!clew_s3_attempt(&x, &ignored);
        clew_s3_exchange_deinit(&x);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Whether there is an object of that name: EXISTS, -ENOENT, or another error. */
static int look(struct upload *u, struct clew_error *err)
{
        CLEW_BUFFER first = {0};
        uint64_t size;
        int r;

        clew_buffer_init(&first, 16);
        r = u->s3->base.ops->get(&u->s3->base, u->name, 0, 1, &first, &size, err);
        return r == 0 ? CLEW_BUCKET_EXISTS : r;
}

/* As of one PUT: what may be otherwise the next time is not sure. */
static int as_of_put(int r)
{
        return r == -EAGAIN || r == -EBUSY || r == -EIO || r == -ETIMEDOUT || r == -ECANCELED ||
                               r == -EMSGSIZE || r == -ENOENT
                       ? CLEW_BUCKET_UNSURE
                       : r;
}

int clew_s3_put_parts(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                      struct clew_error *err)
{
        struct upload u = {.s3 = clew_s3_own(b), .name = name, .bytes = bytes};
        int r;

        if (atomic_load(&u.s3->access->lacks_parts))
                return -ENOTSUP;
        r = look(&u, err);
        if (r != -ENOENT)
                return as_of_put(r);
        r = begin(&u, err);
        if (r == 0) {
                clew_buffer_init(&u.parts, (bytes.len / b->part_bytes + 2) * PART_XML_MAX);
                r = send_parts(&u, err);
                if (r == 0)
                        r = complete(&u, err);
                if (r != CLEW_BUCKET_MADE && !u.is_lost)
                        give_up(u.s3, name, u.id);
                clew_buffer_deinit(&u.parts);
        }
        if (r == -ENOTSUP)
                atomic_store(&u.s3->access->lacks_parts, true);
        return as_of_put(r);
}

/* ---- what a killed one has left -------------------------------------------------------------- */

struct found {
        const char *folder;
        unsigned n; /* given up */
        bool more;
};

static int take_uploads(struct clew_s3_exchange *x, void *context, struct clew_error *err)
{
        struct found *f = context;
        struct clew_s3_uploads list;
        struct clew_s3_upload item;
        char before[CLEW_BUCKET_URL_MAX + CLEW_BUCKET_NAME_MAX + 2];
        size_t n =
                (size_t)snprintf(before, sizeof(before), "%s%s/", x->s3->place.prefix, f->folder);

        if (!clew_s3_uploads_open(clew_buffer_slice(&x->answer_body), &list))
                return not_whole(x, err);
        f->more = list.truncated;
        f->n = 0;
        while (clew_s3_uploads_next(&list, &item) == 1) {
                char key[sizeof(before)];

                if (!clew_s3_unescape(item.key, key, sizeof(key)) || strncmp(key, before, n) != 0 ||
                    !clew_bucket_name_is_good(key + n) || strchr(key + n, '/'))
                        continue; /* not ours */
                give_up(x->s3, key + strlen(x->s3->place.prefix), item.id);
                f->n++;
        }
        return 0;
}

void clew_s3_forget_parts(struct clew_object_bucket *b, const char *folder)
{
        struct clew_s3_bucket *s3 = clew_s3_own(b);
        char prefix[CLEW_BUCKET_URL_MAX + CLEW_BUCKET_NAME_MAX + 2];
        const struct clew_sigv4_pair query[] = {{"prefix", prefix}, {"uploads", ""}};
        struct clew_error ignored = {0};
        struct found f = {.folder = folder, .more = true, .n = 1};

        snprintf(prefix, sizeof(prefix), "%s%s/", s3->place.prefix, folder);
        for (unsigned i = 0; i < LISTS_MAX && f.more && f.n > 0; i++) {
                struct clew_s3_exchange x = {.s3 = s3,
                                             .method = "GET",
                                             .name = "",
                                             .query = query,
                                             .n_query = 2,
                                             .answer_max = LIST_BYTES_MAX};

                f.more = ask(&x, take_uploads, &f, &ignored) == 0 && f.more;
                clew_s3_exchange_deinit(&x);
        }
}
