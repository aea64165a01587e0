/*
 * A journal written anew: what is hot in the store, and nothing else.
 *
 * After a deletion or redaction the objects of a journal have what is to be nowhere, and a trace
 * that is not sealed for long keeps all objects behind its first. New objects are made of the hot
 * table as it is now; then all before them go. Whoever dies in between leaves both, which are
 * merged as what was sent twice, and the next sync begins again.
 *
 * Who acknowledges nothing does the same to the journal that it found. It has shown no number 0, so
 * a successor that has listed the journals before does not know of its objects, and is about to
 * read the old ones: those go only when a version that was made after the new ones says that there
 * is no successor. And its journal has an end at once: nothing that comes is in it.
 */
#include "proto/base/clock.h"
#include "storage/tier/tier-int.h"

#include <errno.h>
#include <string.h>

/* Of one object, which is made in memory. */
#define TOGETHER_BYTES ((size_t)32 << 20)
#define BYTES_MAX ((size_t)1 << 30)
/* A journal that is larger, and has grown so many times since it was written anew. */
#define LARGE_BYTES ((uint64_t)256 << 20)
#define GROWN 4u

struct renewal {
        struct clew_tier *tier;
        uint64_t upto; /* objects of this writer before that go, as all of others */
        uint64_t end;  /* what has this sequence or a later one is in later objects */
        uint64_t from; /* what is gathered next, and the batch that it may be in */
        uint64_t batch;
        struct clew_buffer bytes;
        struct clew_buffer fragments; /* struct clew_fragment; their bytes are in @bytes */
        bool has_put;
        int result;
        struct clew_error *err;
};

bool clew_journal_is_stale(struct clew_tier *t, uint64_t erased)
{
        struct clew_journal *j = &t->journal;
        bool is;

        pthread_mutex_lock(&j->lock);
        is = !j->is_over && j->next > 0 &&
             ((erased > j->erased && j->bytes > CLEW_JOURNAL_EMPTY_BYTES_MAX) ||
              (j->is_on && j->bytes >= LARGE_BYTES && j->bytes / GROWN >= j->renewed_bytes));
        if (!is && erased > j->erased)
                j->erased = erased;
        pthread_mutex_unlock(&j->lock);
        return is;
}

/* Run where nothing is appended meanwhile: all that is in the store has its object. */
static void mark(void *argument)
{
        struct renewal *x = argument;
        struct clew_journal *j = &x->tier->journal;

        x->result = clew_tier_next_sequence(x->tier, &x->end, x->err);
        pthread_mutex_lock(&j->lock);
        if (x->result == 0)
                x->result = clew_journal_finish(j, x->end - 1, x->err);
        x->upto = j->next;
        pthread_mutex_unlock(&j->lock);
}

static void take(struct renewal *x, const struct clew_hot_walk *w, const struct clew_hot_found *f)
{
        const struct clew_hot_row *row = &w->batch.rows[w->row - 1];
        const struct clew_fragment fragment = {
                .trace_id = f->id, .bytes = clew_slice_make(NULL, clew_hot_row_bytes(row))};

        clew_buffer_append_slice(&x->bytes, row->header);
        clew_buffer_append_slice(&x->bytes, row->pack);
        clew_buffer_append(&x->fragments, &fragment, sizeof(fragment));
        x->from = f->ref.sequence + 1;
        x->batch = f->ref.first;
}

/* 1 = there may be more, 0 = that was all. */
static int gather(struct renewal *x, struct clew_error *err)
{
        struct clew_hot_walk w = {0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(x->tier->store->env, &txn, err);

        clew_buffer_clear(&x->bytes);
        clew_buffer_clear(&x->fragments);
        if (r < 0)
                return r;
        r = clew_hot_walk_open(&w, x->tier->store->env, txn, NULL, err);
        if (r == 0 && x->batch > 0)
                r = clew_hot_walk_seek(&w, x->batch, err);
        while (r >= 0 && x->bytes.len < TOGETHER_BYTES) {
                struct clew_hot_found f;

                r = clew_hot_walk_next(&w, &f, err);
                if (r == 1 && f.ref.sequence >= x->end)
                        r = 0;
                if (r != 1)
                        break;
                if (f.ref.first == 0 || f.ref.sequence < x->from)
                        continue;
                if (!clew_hot_row_check(&w.batch.rows[w.row - 1], &f.id, f.ref.sequence))
                        r = clew_error_set(err, -EBADMSG, 0, "hot fragment %llu is damaged",
                                           (unsigned long long)f.ref.sequence);
                else
                        take(x, &w, &f);
        }
        clew_hot_walk_close(&w);
        clew_txn_end_read(x->tier->store->env, txn);
        if (r >= 0 && (clew_buffer_error(&x->bytes) < 0 || clew_buffer_error(&x->fragments) < 0))
                r = clew_error_set(err, -ENOMEM, 0, "out of memory for the journal");
        return r;
}

static int put(struct renewal *x, struct clew_error *err)
{
        struct clew_journal *j = &x->tier->journal;
        struct clew_fragment *f = (void *)x->fragments.data;
        size_t n = x->fragments.len / sizeof(*f);
        const uint8_t *at = x->bytes.data;
        int r;

        if (n == 0 && !j->is_on)
                return 0;
        for (size_t i = 0; i < n; i++) {
                f[i].bytes.data = at;
                at += f[i].bytes.len;
        }
        pthread_mutex_lock(&j->lock);
        r = j->is_over ? clew_error_set(err, -ESTALE, 0, "%s: another clewd has taken it over",
                                        x->tier->url)
                       : clew_journal_put(j, f, n, x->end - 1, err);
        pthread_mutex_unlock(&j->lock);
        x->has_put = x->has_put || r == 0;
        return r;
}

/* Of who acknowledges nothing. Nobody has taken over, and whoever does sees the new objects. */
static int settle_silent(struct renewal *x, struct clew_object_bucket *b, struct clew_error *err)
{
        struct clew_tier *t = x->tier;
        struct clew_journal *j = &t->journal;
        int r = 0;

        pthread_mutex_lock(&j->lock);
        if (x->has_put) {
                r = clew_journal_end_at(b, t->created_ns, j->writer, j->next, err);
                j->next += r == 0;
        }
        pthread_mutex_unlock(&j->lock);
        if (r < 0)
                return r;
        t->catalog.writer = t->writer;
        t->catalog.created_ns = t->created_ns;
        t->catalog.written_ns = clew_clock_unix_ns(t->store->clock);
        t->is_unsure = true;
        r = clew_tier_catalog_commit(b, &t->catalog, NULL, 0, err);
        t->is_unsure = r != 0;
        return r;
}

static bool goes(const struct renewal *x, const struct clew_journal_object *o)
{
        return o->writer != x->tier->journal.writer || o->number < x->upto;
}

/* What is deleted is not counted any more; the rest is tried again with the next renewal. */
static int delete_old(struct renewal *x, struct clew_object_bucket *b, struct clew_error *err)
{
        struct clew_journal *j = &x->tier->journal;
        CLEW_BUFFER old = {0};
        size_t kept = 0;
        int r = 0;

        clew_buffer_init(&old, CLEW_JOURNAL_OBJECTS_BYTES_MAX);
        pthread_mutex_lock(&j->lock);
        clew_buffer_append_slice(&old, clew_buffer_slice(&j->objects));
        pthread_mutex_unlock(&j->lock);
        if (clew_buffer_error(&old) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory for the journal");
        for (size_t at = 0; r == 0 && at < old.len; at += sizeof(struct clew_journal_object)) {
                struct clew_journal_object o;

                memcpy(&o, old.data + at, sizeof(o));
                if (goes(x, &o))
                        r = clew_journal_delete(b, &o, err);
        }
        if (r < 0)
                return r;
        pthread_mutex_lock(&j->lock);
        for (size_t at = 0; at < j->objects.len; at += sizeof(struct clew_journal_object)) {
                struct clew_journal_object o;

                memcpy(&o, j->objects.data + at, sizeof(o));
                if (goes(x, &o)) {
                        j->bytes -= o.bytes;
                        continue;
                }
                memmove(j->objects.data + kept, &o, sizeof(o));
                kept += sizeof(o);
        }
        j->objects.len = kept;
        j->renewed_bytes = j->bytes;
        pthread_mutex_unlock(&j->lock);
        return 0;
}

/* Who acknowledges nothing has opened none. */
static int open_bucket(struct clew_tier *t, struct clew_error *err)
{
        struct clew_journal *j = &t->journal;
        int r = 0;

        pthread_mutex_lock(&j->lock);
        if (!j->bucket)
                r = clew_bucket_open(t->url, false, &j->bucket, err);
        pthread_mutex_unlock(&j->lock);
        return r;
}

int clew_journal_renew(struct clew_tier *t, struct clew_object_bucket *b, uint64_t erased,
                       void (*run)(void *context, void (*fn)(void *argument), void *argument),
                       void *run_context, struct clew_error *err)
{
        struct renewal x = {.tier = t, .err = err};
        int r;

        clew_buffer_init(&x.bytes, BYTES_MAX);
        clew_buffer_init(&x.fragments, BYTES_MAX);
        r = open_bucket(t, err);
        if (r < 0)
                return r;
        if (run)
                run(run_context, mark, &x);
        else
                mark(&x);
        r = x.result < 0 ? x.result : 1;
        while (r == 1) {
                r = gather(&x, err);
                if (r >= 0) {
                        int q = put(&x, err); /* also without any: its number is the newest */

                        r = q < 0 ? q : r;
                }
        }
        if (r == 0 && !t->journal.is_on)
                r = settle_silent(&x, b, err);
        if (r == 0)
                r = delete_old(&x, b, err);
        if (r == 0) {
                pthread_mutex_lock(&t->journal.lock);
                t->journal.erased = erased;
                pthread_mutex_unlock(&t->journal.lock);
        }
        clew_buffer_deinit(&x.bytes);
        clew_buffer_deinit(&x.fragments);
        return r;
}
