/*
 * Writers of a prefix, for who looks after them: which there are, and what of one is in its journal
 * alone; and one that is gone for good.
 *
 * A writer that is gone left what it had not sealed in its journal, and the address at which
 * readers ask for it. To retire it is to be it once more, in an empty directory: that takes over,
 * so whoever still has its name is fenced, takes in what it acknowledged, carries out what was
 * deleted or redacted, seals and uploads it, and advertises nothing.
 */
#include "storage/tier/tier-gone-int.h"
#include "storage/tier/tier-node-int.h"
#include "storage/tier/tier-others-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "storage/erase.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FOLDER "writers"
/* Of syncs, until all is in the bucket: each uploads up to a bound of segments. */
#define SYNCS_MAX 100000u
#define GONE_TEXT "clew gone 1\n"

struct finding {
        uint32_t n_retired;
        char retired[CLEW_TIER_WRITERS_MAX + 1][CLEW_TIER_WRITER_BYTES];
        uint32_t n;
        char names[CLEW_TIER_WRITERS_MAX + 1][CLEW_TIER_WRITER_BYTES]; /* "" = the one without */
};

static int take_name(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        struct finding *f = context;

        (void)bytes;
        (void)err;
        if (clew_tier_is_writer_name(name) && f->n < CLEW_TIER_WRITERS_MAX)
                snprintf(f->names[f->n++], CLEW_TIER_WRITER_BYTES, "%s", name);
        if (f->n_retired < CLEW_ARRAY_LEN(f->retired) &&
            clew_order_gone_read(name, f->retired[f->n_retired]))
                f->n_retired++;
        return 0;
}

static int is_any(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        bool *ret = context;

        (void)name;
        (void)bytes;
        (void)err;
        *ret = true;
        return 1;
}

static int find_all(struct clew_object_bucket *b, struct finding *ret, struct clew_error *err)
{
        bool any = false;
        int r = clew_bucket_list(b, "cat", "", is_any, &any, err);

        if (any)
                ret->names[ret->n++][0] = '\0';
        return r < 0 ? r : clew_bucket_list(b, FOLDER, "", take_name, ret, err);
}

static int count_journal(struct clew_object_bucket *b, struct clew_tier_writer *ret,
                         struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        int r = clew_journal_list(b, &list, err);

        for (size_t at = 0; r == 0 && at < list.len; at += sizeof(struct clew_journal_object)) {
                struct clew_journal_object o;

                memcpy(&o, list.data + at, sizeof(o));
                if (o.bytes <= CLEW_JOURNAL_EMPTY_BYTES_MAX + 1) /* an end has one more */
                        continue;
                ret->journal_objects++;
                ret->journal_bytes += o.bytes;
        }
        return r;
}

static bool is_retired(const struct finding *f, const char *name)
{
        for (uint32_t i = 0; i < f->n_retired; i++) {
                if (strcmp(f->retired[i], name) == 0)
                        return true;
        }
        return false;
}

static int look_at(struct clew_object_bucket *prefix, const char *url, const char *name,
                   struct clew_tier_writer *ret, struct clew_error *err)
{
        struct clew_tier_catalog c = {0};
        struct clew_object_bucket *b = NULL;
        char own[CLEW_BUCKET_URL_MAX];
        int r = 0;

        *ret = (struct clew_tier_writer){.version = 0};
        snprintf(ret->name, sizeof(ret->name), "%s", name);
        if (name[0] && !clew_tier_writer_url(url, name, own, sizeof(own)))
                return clew_error_set(err, -EINVAL, 0, "%s: the address is too long", url);
        r = clew_bucket_open_beside(prefix, name[0] ? own : url, &b, err);
        if (r == 0)
                r = clew_tier_catalog_read(b, &c, err);
        if (r == -ENOENT || r == -ENXIO || r == -EBADMSG)
                r = 0; /* it has begun, and has nothing there yet; or it is made anew at its start
                        */
        ret->version = c.version;
        ret->written_ns = c.written_ns;
        ret->segments = c.n;
        if (r == 0)
                r = count_journal(b, ret, err);
        clew_tier_catalog_deinit(&c);
        clew_bucket_close(b);
        return r;
}

int clew_tier_look_at_writer(const char *url, const char *name, struct clew_tier_writer *ret,
                             struct clew_error *err)
{
        return look_at(NULL, url, name, ret, err);
}

int clew_tier_each_writer(const char *url, clew_tier_writer_fn fn, void *context,
                          struct clew_error *err)
{
        struct clew_object_bucket *b = NULL;
        struct finding *f = clew_calloc(1, sizeof(*f));
        int r = f ? clew_bucket_open(url, false, &b, err)
                  : clew_error_set(err, -ENOMEM, 0, "out of memory");

        if (r == 0)
                r = find_all(b, f, err);
        for (uint32_t i = 0; r == 0 && i < f->n; i++) {
                struct clew_tier_writer w;

                r = look_at(b, url, f->names[i], &w, err);
                w.is_retired = is_retired(f, w.name);
                if (r == 0)
                        r = fn(context, &w);
        }
        clew_bucket_close(b);
        clew_free(f);
        return r;
}

/* ---- one that is gone ------------------------------------------------------------------------ */

struct wanted {
        const char *name;
        bool is_there;
        struct clew_tier_writer found;
};

static int is_wanted(void *context, const struct clew_tier_writer *w)
{
        struct wanted *x = context;

        if (strcmp(w->name, x->name) == 0) {
                x->is_there = true;
                x->found = *w;
        }
        return 0;
}

static int sync_all(struct clew_tier *t, struct clew_tier_retired *ret, struct clew_error *err)
{
        struct clew_tier_stats stats = {.more = true};
        int r = 0;

        for (unsigned i = 0; r == 0 && stats.more; i++) {
                r = i == SYNCS_MAX
                            ? clew_error_set(err, -EBUSY, 0, "%s: does not come to an end", t->url)
                            : clew_tier_sync(t, NULL, NULL, &stats, err);
                ret->uploaded += stats.uploaded;
                ret->segments = stats.segments;
                ret->version = stats.version;
        }
        return r;
}

/* Whatever is hot is sealed, in a store that nobody else writes. */
static int seal_all(struct clew_store *store, struct clew_tier_retired *ret, struct clew_error *err)
{
        const struct clew_seal_options o = {.max_traces = 0};
        struct clew_store_figures figures = {0};
        uint64_t left = 0;
        int r = clew_store_figures(store, &figures, err);

        ret->fragments = figures.hot_fragments;
        for (left = figures.hot_fragments; r == 0 && left > 0;) {
                struct clew_seal_stats sealed;

                r = clew_store_seal(store, &o, &sealed, err);
                if (r == 0)
                        r = clew_store_figures(store, &figures, err);
                if (r == 0 && figures.hot_fragments >= left)
                        r = clew_error_set(err, -EIO, 0,
                                           "%llu fragments of its journal cannot be sealed",
                                           (unsigned long long)figures.hot_fragments);
                left = figures.hot_fragments;
        }
        return r;
}

/* What others have redacted, as far as the last sync has seen it. */
static int redact_all(struct clew_store *store, struct clew_tier *t,
                      const struct clew_tier_retiring *how, struct clew_tier_retired *ret,
                      struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        struct clew_order order;
        int r;

        clew_buffer_init(&bytes, CLEW_ORDER_OBJECT_MAX);
        while ((r = clew_order_next(t, &bytes, &order)) == 1) {
                struct clew_error why = {.code = 0};
                bool done = how->redact(store, &order, &why) == 0;

                if (!done)
                        clew_tier_tell(t, "a redaction of another writer", why.message);
                ret->redactions += done;
                r = clew_order_settle(t, order.id, done, err);
                if (r < 0)
                        break;
        }
        if (bytes.len > 0)
                explicit_bzero(bytes.data, bytes.len);
        return r;
}

/* What others have deleted. A sync looks at that too, but lets it be when the bucket does not
 * answer.
 */
static int carry_all(struct clew_tier *t, struct clew_error *err)
{
        struct clew_tier_others o;
        int r;

        clew_tier_others_init(&o, t);
        r = clew_tier_others_list(&o, t->name[0] ? t->prefix : t->url, 0, err);
        for (uint32_t i = 0; r == 0 && i < o.n; i++) {
                r = clew_tier_carry(t, o.names[i], err);
                if (r < 0 && !clew_tier_passes(r)) {
                        clew_tier_tell(t, o.names[i][0] ? o.names[i] : "the writer without a name",
                                       err->message);
                        r = 0;
                }
        }
        clew_tier_others_deinit(&o);
        return r;
}

/* What was deleted, by whomever, goes out of the store, and what was erased is wiped. */
static int erase_all(struct clew_store *store, struct clew_error *err)
{
        const struct clew_rewrite_options o = {0};
        struct clew_rewrite_stats stats;
        struct clew_erasure_status status = {.pending = 0};
        uint64_t before;
        int r = 0;

        do {
                before = status.pending;
                r = clew_store_resume_erasure(store, &o, &stats, err);
                if (r == 0)
                        r = clew_store_finish_erasure(store, &o, &status, err);
        } while (r == 0 && status.pending > 0 && (before == 0 || status.pending < before));
        if (r == 0 && status.pending > 0)
                r = clew_error_set(err, -EIO, 0, "%llu traces that were deleted do not go",
                                   (unsigned long long)status.pending);
        return r;
}

/* As the bucket says, to whoever looks. */
static int count_left(struct clew_tier *t, uint64_t *ret, struct clew_error *err)
{
        struct clew_tier_others o;
        int r;

        clew_tier_others_init(&o, t);
        r = clew_tier_others_list(&o, t->name[0] ? t->prefix : t->url, 0, err);
        for (size_t i = 0; i < clew_tier_others_n_seen(&o); i++) {
                const struct clew_order_seen *seen = (const void *)o.seen.data;

                *ret += !seen[i].name.is_mark && !clew_order_has_mark(&o, seen[i].name.id, t->name);
        }
        clew_tier_others_deinit(&o);
        return r;
}

static int go_once(struct clew_store *store, struct clew_tier *t,
                   const struct clew_tier_retiring *how, struct clew_tier_retired *ret,
                   struct clew_error *err)
{
        int r = seal_all(store, ret, err);

        if (r == 0)
                r = sync_all(t, ret, err);
        if (r == 0)
                r = carry_all(t, err);
        if (r == 0)
                r = redact_all(store, t, how, ret, err);
        if (r == 0)
                r = erase_all(store, err);
        if (r == 0)
                r = sync_all(t, ret, err);
        return r == 0 ? count_left(t, &ret->left, err) : r;
}

int clew_tier_note_retired(struct clew_tier *t, bool is, struct clew_error *err)
{
        struct clew_object_bucket *b = NULL;
        char name[CLEW_ORDER_NAME_MAX];
        int r = clew_bucket_open_beside(t->bucket, t->name[0] ? t->prefix : t->url, &b, err);

        clew_order_gone_name(t->name, name);
        if (r == 0 && !is)
                r = clew_bucket_delete(b, name, err);
        else if (r == 0)
                r = clew_bucket_create(b, name, CLEW_SLICE_LITERAL(GONE_TEXT), err);
        clew_bucket_close(b);
        return r == CLEW_BUCKET_UNSURE
                       ? clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer for sure", t->url)
               : r < 0 ? r
                       : 0;
}

/* Whether @x is there, and gone as far as can be seen. */
static int check(const struct clew_tier_options *options, const struct clew_tier_retiring *how,
                 struct wanted *x, struct clew_error *err)
{
        int r = clew_tier_each_writer(options->url, is_wanted, x, err);

        if (r == 0 && !x->is_there)
                return clew_error_set(err, -ENOENT, 0, "%s: there is no writer %s", options->url,
                                      x->name[0] ? x->name : "without a name");
        return r == 0 && !how->is_forced && !x->found.is_retired
                       ? clew_tier_check_gone(options->url, &x->found, err)
                       : r;
}

int clew_tier_retire(const char *dir, const struct clew_tier_retiring *retiring,
                     const struct clew_tier_options *options, struct clew_tier_retired *ret,
                     struct clew_error *err)
{
        const struct clew_store_options store_options = {.mode = CLEW_STORE_COLLECT,
                                                         .deriver = retiring->deriver};
        struct wanted x = {.name = options->writer ? options->writer : ""};
        struct clew_tier_options as = *options;
        struct clew_store *store = NULL;
        struct clew_tier *t = NULL;
        struct clew_tier_stats stats;
        int r = check(options, retiring, &x, err);

        *ret = (struct clew_tier_retired){.version = 0};
        as.retires = true;
        if (r == 0)
                r = clew_store_open(dir, &store_options, &store, err);
        if (r == 0)
                r = clew_tier_attach(store, &as, &t, &stats, err);
        if (r == 0)
                r = go_once(store, t, retiring, ret, err);
        if (r == 0)
                r = clew_tier_note_retired(t, true, err);
        clew_tier_free(t);
        clew_store_close(store);
        return r;
}
