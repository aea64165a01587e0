/*
 * The journal in a writer's life: taken over at a start, written before an answer, trimmed by what
 * was sealed and uploaded. Its bytes are in journal.c.
 */
#include "proto/base/clock.h"
#include "proto/base/number.h"
#include "storage/tier/tier-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FOLDER "journal"
#define FRAGMENTS_BYTES_MAX ((size_t)1 << 30)
/* So long a request waits for the bucket before its sender is told to come again. */
#define PATIENCE_NS (8 * CLEW_NS_PER_S)

static void name_of(uint64_t writer, uint64_t number, char ret[CLEW_TIER_NAME_MAX])
{
        snprintf(ret, CLEW_TIER_NAME_MAX, FOLDER "/%016llx-%016llx", (unsigned long long)writer,
                 (unsigned long long)number);
}

static bool read_name(const char *leaf, uint64_t *ret_writer, uint64_t *ret_number)
{
        return strlen(leaf) == 33 && leaf[16] == '-' && clew_parse_hex16(leaf, ret_writer) &&
               clew_parse_hex16(leaf + 17, ret_number);
}

static int no_memory(struct clew_error *err)
{
        return clew_error_set(err, -ENOMEM, 0, "out of memory for the journal");
}

static int unsure(const struct clew_object_bucket *b, struct clew_error *err)
{
        return clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer for sure", b->url);
}

static int take_name(void *context, const char *leaf, uint64_t bytes, struct clew_error *err)
{
        struct clew_buffer *objects = context;
        struct clew_journal_object o = {.bytes = bytes};

        if (!read_name(leaf, &o.writer, &o.number))
                return 0;
        clew_buffer_append(objects, &o, sizeof(o));
        return clew_buffer_error(objects) < 0 ? no_memory(err) : 0;
}

/* Makes the next number after @last, the newest of a writer: its end. */
static int end_one(struct clew_object_bucket *b, const struct clew_journal_object *last,
                   struct clew_slice end, struct clew_error *err)
{
        char name[CLEW_TIER_NAME_MAX];
        uint64_t number = last->number;
        int r = number > 0 && last->bytes == end.len ? 0 : CLEW_BUCKET_EXISTS;

        while (r == CLEW_BUCKET_EXISTS) { /* it was faster, or the list was not whole */
                name_of(last->writer, ++number, name);
                r = clew_bucket_create(b, name, end, err);
        }
        return r == CLEW_BUCKET_UNSURE ? unsure(b, err) : r;
}

int clew_journal_end_at(struct clew_object_bucket *b, uint64_t created_ns, uint64_t writer,
                        uint64_t number, struct clew_error *err)
{
        const struct clew_journal_object last = {.writer = writer, .number = number - 1};
        CLEW_BUFFER end = {0};
        int r = clew_journal_encode_end(created_ns, &end, err);

        return r < 0 ? r : end_one(b, &last, clew_buffer_slice(&end), err);
}

int clew_journal_list(struct clew_object_bucket *b, struct clew_buffer *ret, struct clew_error *err)
{
        clew_buffer_init(ret, CLEW_JOURNAL_OBJECTS_BYTES_MAX);
        return clew_bucket_list(b, FOLDER, "", take_name, ret, err);
}

int clew_journal_delete(struct clew_object_bucket *b, const struct clew_journal_object *o,
                        struct clew_error *err)
{
        char name[CLEW_TIER_NAME_MAX];

        name_of(o->writer, o->number, name);
        return clew_bucket_delete(b, name, err);
}

static int read_once(struct clew_tier *t, struct clew_object_bucket *b, const char *name,
                     struct clew_buffer *bytes, struct clew_buffer *fragments,
                     struct clew_error *err)
{
        int r;

        clew_buffer_init(bytes, CLEW_JOURNAL_OBJECT_BYTES_MAX + 1);
        clew_buffer_init(fragments, FRAGMENTS_BYTES_MAX);
        r = clew_bucket_get(b, name, 0, CLEW_JOURNAL_OBJECT_BYTES_MAX, bytes, NULL, err);
        return r < 0 ? r : clew_journal_decode(clew_buffer_slice(bytes), t->created_ns, fragments);
}

int clew_journal_read(struct clew_tier *t, struct clew_object_bucket *b,
                      const struct clew_journal_object *o, struct clew_buffer *bytes,
                      struct clew_buffer *ret, struct clew_error *err)
{
        char name[CLEW_TIER_NAME_MAX];
        int r;

        name_of(o->writer, o->number, name);
        r = read_once(t, b, name, bytes, ret, err);
        if (r == -EBADMSG) { /* on its way, perhaps */
                clew_buffer_deinit(bytes);
                clew_buffer_deinit(ret);
                r = read_once(t, b, name, bytes, ret, err);
        }
        if (r == -EPROTONOSUPPORT)
                return clew_error_set(err, r, 0,
                                      "%s: %s is of a later format: a newer clew reads it", b->url,
                                      name);
        if (r == -EBADMSG)
                clew_tier_tell_object(t, name,
                                      "is damaged: what it has was acknowledged, and is lost");
        return r;
}

/* Number 0 of this writer: then whoever takes over finds it. */
static int show(struct clew_tier *t, struct clew_object_bucket *b, uint64_t writer,
                struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        char name[CLEW_TIER_NAME_MAX];
        int r;

        clew_buffer_init(&bytes, 1024);
        clew_journal_encode(t->created_ns, NULL, 0, &bytes);
        if (clew_buffer_error(&bytes) < 0)
                return no_memory(err);
        name_of(writer, 0, name);
        r = clew_bucket_create(b, name, clew_buffer_slice(&bytes), err);
        return r == CLEW_BUCKET_UNSURE ? unsure(b, err) : r == CLEW_BUCKET_EXISTS ? -EEXIST : r;
}

int clew_journal_end_others(struct clew_tier *t, struct clew_object_bucket *b, uint64_t writer,
                            struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        CLEW_BUFFER end = {0};
        const struct clew_journal_object *all;
        size_t n;
        int r = clew_journal_encode_end(t->created_ns, &end, err);

        if (r == 0 && t->journal.is_on)
                r = show(t, b, writer, err);
        if (r == 0)
                r = clew_journal_list(b, &list, err);
        all = (const void *)list.data;
        n = list.len / sizeof(*all);
        for (size_t i = 0; r == 0 && i < n; i++) {
                if (all[i].writer == writer)
                        continue;
                t->journal.was_there = true;
                if (i + 1 == n || all[i + 1].writer != all[i].writer)
                        r = end_one(b, &all[i], clew_buffer_slice(&end), err);
        }
        return r;
}

/* 1 = its fragments are in the store; 0 = it has none; -EBADMSG. */
static int read_one(struct clew_tier *t, struct clew_object_bucket *b,
                    const struct clew_journal_object *o, struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        CLEW_BUFFER fragments = {0};
        size_t n;
        int r;

        if (o->bytes <= CLEW_JOURNAL_EMPTY_BYTES_MAX)
                return 0;
        r = clew_journal_read(t, b, o, &bytes, &fragments, err);
        if (r == -ENOENT)
                return 0; /* what it had was uploaded, by who was here before */
        if (r < 0)
                return r;
        n = fragments.len / sizeof(struct clew_fragment);
        if (n > 0)
                r = clew_store_append(t->store, (const void *)fragments.data, n, err);
        return r < 0 ? r : n > 0;
}

/* Up to which object of which writer all is in this store; all of the writers before that one is.
 */
struct here {
        uint64_t writer;
        uint64_t next;
};

static int read_here(struct clew_tier *t, struct here *ret, struct clew_error *err)
{
        int r = clew_tier_map_get_number(t->map, "journal writer", &ret->writer, err);

        if (r == 0)
                r = clew_tier_map_get_number(t->map, "journal next", &ret->next, err);
        if (r == -ENOENT)
                ret->writer = 0;
        return r == -ENOENT ? 0 : r;
}

static int write_here(struct clew_tier *t, uint64_t writer, uint64_t next, struct clew_error *err)
{
        int r = clew_tier_map_put_number(t->map, "journal next", next, err);

        return r < 0 ? r : clew_tier_map_put_number(t->map, "journal writer", writer, err);
}

int clew_journal_begin(struct clew_tier *t, struct clew_object_bucket *b, uint64_t writer,
                       bool is_own, struct clew_error *err)
{
        struct here here = {0};
        struct clew_journal *j = &t->journal;
        struct clew_buffer kept = {0};
        CLEW_BUFFER list = {0};
        uint64_t bytes = 0;
        uint64_t last = 0;
        int r = clew_journal_list(b, &list, err);

        if (r == 0 && is_own)
                r = read_here(t, &here, err);
        clew_buffer_init(&kept, CLEW_JOURNAL_OBJECTS_BYTES_MAX);
        for (size_t at = 0; r == 0 && at < list.len; at += sizeof(struct clew_journal_object)) {
                struct clew_journal_object o;

                memcpy(&o, list.data + at, sizeof(o));
                if (o.writer == writer || o.number == 0)
                        continue;
                r = here.writer && (o.writer != here.writer || o.number < here.next)
                            ? 1
                            : read_one(t, b, &o, err);
                if (r == 1 && o.bytes > CLEW_JOURNAL_EMPTY_BYTES_MAX) {
                        clew_buffer_append(&kept, &o, sizeof(o));
                        bytes += o.bytes;
                }
                r = r == 1 || r == -EBADMSG ? 0 : r;
        }
        if (r == 0 && clew_buffer_error(&kept) < 0)
                r = no_memory(err);
        if (r == 0)
                r = clew_tier_next_sequence(t, &last, err);
        for (size_t at = 0; r == 0 && at < kept.len; at += sizeof(struct clew_journal_object))
                ((struct clew_journal_object *)(void *)(kept.data + at))->last = last - 1;
        if (r == 0 && (j->is_on || j->was_there))
                r = write_here(t, writer, 1, err);
        if (r < 0) {
                clew_buffer_deinit(&kept);
                return r;
        }
        pthread_mutex_lock(&j->lock);
        clew_buffer_deinit(&j->objects);
        j->objects = kept;
        j->bytes = bytes;
        j->created_ns = t->created_ns;
        j->erased = t->catalog.erased;
        j->writer = writer;
        j->next = 1;
        pthread_mutex_unlock(&j->lock);
        return 0;
}

void clew_journal_rest(struct clew_tier *t)
{
        struct clew_error ignored;

        if ((t->journal.is_on ? t->journal.next > 0 : t->journal.next > 1) && t->map)
                (void)!write_here(t, t->journal.writer, t->journal.next, &ignored);
}

/* ---- acknowledging --------------------------------------------------------------------------- */

/* The object at hand, whose bytes are in j->at. With the lock. */
static int make(struct clew_journal *j, uint64_t last, struct clew_error *err)
{
        struct clew_journal_object o = {j->writer, j->next, j->at.len, last};
        char name[CLEW_TIER_NAME_MAX];
        int r;

        name_of(j->writer, j->next, name);
        clew_bucket_hurry(j->bucket, clew_clock_monotonic_ns(clew_clock_system()) + PATIENCE_NS);
        r = clew_bucket_create(j->bucket, name, clew_buffer_slice(&j->at), err);
        if (r == CLEW_BUCKET_EXISTS) {
                j->is_over = true;
                return clew_error_set(err, -ESTALE, 0,
                                      "%s: another clewd has taken it over: this one acknowledges "
                                      "nothing more",
                                      j->bucket->url);
        }
        if (r == CLEW_BUCKET_UNSURE)
                return unsure(j->bucket, err);
        if (r < 0)
                return r;
        clew_buffer_append(&j->objects, &o, sizeof(o));
        j->bytes += o.bytes;
        j->next++;
        clew_buffer_clear(&j->at);
        return clew_buffer_error(&j->objects) < 0 ? no_memory(err) : 0;
}

int clew_journal_finish(struct clew_journal *j, uint64_t last, struct clew_error *err)
{
        return j->at.len > 0 ? make(j, last, err) : 0;
}

int clew_journal_put(struct clew_journal *j, const struct clew_fragment *fragments, size_t n,
                     uint64_t last, struct clew_error *err)
{
        int r = clew_journal_finish(j, last, err);

        if (r < 0)
                return r;
        clew_journal_encode(j->created_ns, fragments, n, &j->at);
        if (clew_buffer_error(&j->at) < 0) {
                clew_buffer_deinit(&j->at);
                clew_buffer_init(&j->at, CLEW_JOURNAL_OBJECT_BYTES_MAX);
                return no_memory(err);
        }
        return make(j, last, err);
}

static int put(struct clew_tier *t, const struct clew_fragment *fragments, size_t n, uint64_t last,
               struct clew_error *err)
{
        struct clew_journal *j = &t->journal;

        if (j->is_over)
                return clew_error_set(err, -ESTALE, 0, "%s: another clewd has taken it over",
                                      t->url);
        if (j->next == 0)
                return clew_error_set(err, -EHOSTUNREACH, 0, "%s: was not reached since the start",
                                      t->url);
        if (j->bytes > CLEW_JOURNAL_BYTES_MAX)
                return clew_error_set(err, -EBUSY, 0,
                                      "%s: its journal has %llu MiB that are not sealed and "
                                      "uploaded yet",
                                      t->url, (unsigned long long)(j->bytes >> 20));
        return clew_journal_put(j, fragments, n, last, err);
}

int clew_tier_acknowledge(struct clew_tier *t, const struct clew_fragment *fragments, size_t n,
                          struct clew_error *err)
{
        struct clew_journal *j = &t->journal;
        uint64_t next = 0;
        int r = n == 0 ? 0 : clew_tier_next_sequence(t, &next, err);

        if (r < 0 || n == 0)
                return r;
        pthread_mutex_lock(&j->lock);
        r = put(t, fragments, n, next - 1, err);
        pthread_mutex_unlock(&j->lock);
        return r;
}

/* ---- what is covered ------------------------------------------------------------------------- */

/* It stays, so that who takes over sees how far this writer has come. */
static bool is_newest(const struct clew_journal *j, const struct clew_journal_object *o)
{
        return o->writer == j->writer && o->number + 1 == j->next;
}

/* When the newest is covered too, one without fragments comes after it, so that nothing that is
 * deleted or redacted stays. With the lock. */
static int follow_newest(struct clew_journal *j, uint64_t covered, struct clew_error *err)
{
        struct clew_journal_object o;

        if (!j->is_on || j->is_over || j->at.len > 0 || j->objects.len == 0)
                return 0;
        memcpy(&o, j->objects.data + j->objects.len - sizeof(o), sizeof(o));
        if (!is_newest(j, &o) || o.last >= covered || o.bytes <= CLEW_JOURNAL_EMPTY_BYTES_MAX)
                return 0;
        clew_journal_encode(j->created_ns, NULL, 0, &j->at);
        return clew_buffer_error(&j->at) < 0 ? no_memory(err) : make(j, covered - 1, err);
}

int clew_journal_trim(struct clew_tier *t, struct clew_object_bucket *b, uint64_t covered,
                      struct clew_error *err)
{
        struct clew_journal *j = &t->journal;
        CLEW_BUFFER goes = {0};
        size_t kept = 0;
        int r = 0;

        clew_buffer_init(&goes, CLEW_JOURNAL_OBJECTS_BYTES_MAX);
        pthread_mutex_lock(&j->lock);
        r = follow_newest(j, covered, err);
        for (size_t at = 0; at < j->objects.len; at += sizeof(struct clew_journal_object)) {
                struct clew_journal_object o;

                memcpy(&o, j->objects.data + at, sizeof(o));
                if (o.last < covered && !is_newest(j, &o)) {
                        clew_buffer_append(&goes, &o, sizeof(o));
                        j->bytes -= o.bytes;
                } else {
                        memmove(j->objects.data + kept, &o, sizeof(o));
                        kept += sizeof(o);
                }
        }
        j->objects.len = kept;
        pthread_mutex_unlock(&j->lock);
        /* What is not deleted is found again by the next start. */
        for (size_t at = 0; r == 0 && at < goes.len; at += sizeof(struct clew_journal_object)) {
                struct clew_journal_object o;

                memcpy(&o, goes.data + at, sizeof(o));
                r = clew_journal_delete(b, &o, err);
        }
        return r;
}
