/*
 * See hot-summaries-int.h.
 *
 * Nothing here trusts the file: whoever can write beside the store, or a power cut, may have put
 * anything into it. Lengths and places are bounded before they are used, and reads that come short
 * are misses. It is read by pread() and not mapped, so that a file that is cut short ends nobody.
 */
#include "storage/hot/hot-summaries-int.h"

#include "proto/base/cursor.h"
#include "proto/base/file-lock.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/base/directory-int.h"
#include "storage/base/own-file-int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x73746f6877656c63u /* "clewhots" */
#define VERSION 1u
#define HEADER_BYTES 24u
#define SLOTS_AT 4096u
#define SLOT_BYTES 16u
#define BUCKET_BYTES (CLEW_HOT_BUCKET * SLOT_BYTES)
#define LOG_AT (SLOTS_AT + (uint64_t)CLEW_HOT_SLOTS_MAX * SLOT_BYTES)
#define ENTRY_HEADER_BYTES 88u
#define ENTRY_BYTES_MAX (ENTRY_HEADER_BYTES + CLEW_HOT_SUMMARY_BYTES_MAX)
/* Buckets that are read one by one: then all slots at once cost less. */
#define SINGLE_MAX 48u
/* Entries that wait for being written. */
#define PENDING_BYTES_MAX ((size_t)64 << 20)
#define WIPE_BYTES ((size_t)64 << 10)

struct slot {
        uint64_t hash; /* of the id */
        uint32_t len;  /* of the entry; 0 = free */
        uint32_t at;   /* in the log */
};

struct clew_hot_mark clew_hot_mark_of(const struct clew_hot_list *list,
                                      const struct clew_hot_trace *t,
                                      const struct clew_place *place)
{
        return (struct clew_hot_mark){
                .id = t->id,
                .last_sequence =
                        t->last_link == CLEW_HOT_NONE ? 0 : list->links[t->last_link].sequence,
                .last_arrival_ns = t->last_arrival_ns,
                .raw_bytes = t->raw_bytes,
                .segment = place->segment,
                .index = place->segment ? place->index : 0,
                .n_spans = t->n_spans,
                .n_logs = t->n_logs,
                .n_fragments = t->n_fragments,
        };
}

static uint64_t hash_of(const struct clew_trace_id *id)
{
        return clew_hash(clew_slice_make(id->bytes, sizeof(id->bytes)));
}

/* Where the bucket of @hash begins among @n_slots. */
static size_t bucket_at(uint64_t hash, uint32_t n_slots)
{
        return (size_t)(hash % (n_slots / CLEW_HOT_BUCKET)) * BUCKET_BYTES;
}

static struct slot read_slot(const uint8_t *at)
{
        struct clew_cursor c = clew_cursor_make(clew_slice_make(at, SLOT_BYTES));

        struct slot s;

        s.hash = clew_cursor_le64(&c);
        s.len = clew_cursor_le32(&c);
        s.at = clew_cursor_le32(&c);
        return s;
}

static void put_le(uint8_t *at, uint64_t v, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                at[i] = (uint8_t)(v >> 8 * i);
}

static void put_slot(uint8_t *at, const struct slot *s)
{
        put_le(at, s->hash, 8);
        put_le(at + 8, s->len, 4);
        put_le(at + 12, s->at, 4);
}

static bool read_all(int fd, uint8_t *room, size_t n, uint64_t at)
{
        while (n > 0) {
                ssize_t got = pread(fd, room, n, (off_t)at);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return false;
                room += got;
                n -= (size_t)got;
                at += (uint64_t)got;
        }
        return true;
}

static int write_all(int fd, const uint8_t *from, size_t n, uint64_t at)
{
        while (n > 0) {
                ssize_t put = pwrite(fd, from, n, (off_t)at);

                if (put < 0 && errno == EINTR)
                        continue;
                if (put <= 0)
                        return put < 0 ? -errno : -EIO;
                from += put;
                n -= (size_t)put;
                at += (uint64_t)put;
        }
        return 0;
}

static bool is_number_of_slots(uint32_t n)
{
        return n >= CLEW_HOT_SLOTS_MIN && n <= CLEW_HOT_SLOTS_MAX && (n & (n - 1)) == 0;
}

/* Whether it is a file of this version, how many slots it has, and where the next entry goes. */
static bool read_header(int fd, uint32_t *ret_slots, uint64_t *ret_next)
{
        uint8_t room[HEADER_BYTES];
        struct clew_cursor c = clew_cursor_make(clew_slice_make(room, sizeof(room)));

        if (!read_all(fd, room, sizeof(room), 0) || clew_cursor_le64(&c) != MAGIC ||
            clew_cursor_le32(&c) != VERSION)
                return false;
        *ret_slots = clew_cursor_le32(&c);
        *ret_next = clew_cursor_le64(&c);
        return is_number_of_slots(*ret_slots) && *ret_next <= CLEW_HOT_LOG_BYTES_MAX;
}

/* ---- entries --------------------------------------------------------------------------------- */

static void put_mark(struct clew_buffer *b, const struct clew_hot_mark *m)
{
        clew_buffer_append(b, m->id.bytes, sizeof(m->id.bytes));
        clew_buffer_append_le64(b, m->last_sequence);
        clew_buffer_append_le64(b, m->last_arrival_ns);
        clew_buffer_append_le64(b, m->raw_bytes);
        clew_buffer_append_le64(b, m->segment);
        clew_buffer_append_le32(b, m->index);
        clew_buffer_append_le32(b, m->n_spans);
        clew_buffer_append_le32(b, m->n_logs);
        clew_buffer_append_le32(b, m->n_fragments);
}

static bool is_of(struct clew_cursor *c, const struct clew_hot_mark *m)
{
        struct clew_slice id = clew_cursor_bytes(c, sizeof(m->id.bytes));

        return id.len == sizeof(m->id.bytes) && memcmp(id.data, m->id.bytes, id.len) == 0 &&
               clew_cursor_le64(c) == m->last_sequence &&
               clew_cursor_le64(c) == m->last_arrival_ns && clew_cursor_le64(c) == m->raw_bytes &&
               clew_cursor_le64(c) == m->segment && clew_cursor_le32(c) == m->index &&
               clew_cursor_le32(c) == m->n_spans && clew_cursor_le32(c) == m->n_logs &&
               clew_cursor_le32(c) == m->n_fragments;
}

/* An entry that is whole and of that. */
static bool read_entry(struct clew_slice entry, const struct clew_hot_mark *mark, uint64_t epoch,
                       struct clew_slice *ret, uint32_t *ret_version)
{
        struct clew_cursor c = clew_cursor_make(entry);
        uint64_t check = clew_cursor_le64(&c);

        if (clew_cursor_le64(&c) != epoch || !is_of(&c, mark))
                return false;
        *ret_version = clew_cursor_le32(&c);
        *ret = clew_cursor_bytes(&c, clew_cursor_le32(&c));
        return !c.failed && clew_cursor_left(&c) == 0 &&
               check == clew_hash(clew_slice_from(entry, sizeof(check)));
}

/* ---- reading --------------------------------------------------------------------------------- */

static void open_for_reading(struct clew_hot_summaries *s, const char *dir)
{
        struct clew_error ignored = {0};
        int dir_fd;

        if (clew_own_directory_open(dir, &dir_fd, &ignored) < 0)
                return;
        s->is_open = clew_own_file_open(dir, dir_fd, CLEW_HOT_SUMMARIES_FILE, O_RDONLY, &s->fd,
                                        &ignored) == 0;
        close(dir_fd);
}

void clew_hot_summaries_begin(struct clew_hot_summaries *s, const char *dir, uint64_t epoch)
{
        clew_hot_summaries_forget(s);
        if (!s->is_open)
                open_for_reading(s, dir);
        if (s->entry.max_bytes == 0)
                clew_buffer_init(&s->entry, ENTRY_BYTES_MAX);
        s->epoch = epoch;
        s->is_asked = s->is_open && read_header(s->fd, &s->n_slots, &s->next);
}

void clew_hot_summaries_forget(struct clew_hot_summaries *s)
{
        clew_free(s->slots);
        s->slots = NULL;
        s->n_asked = 0;
        s->is_asked = false;
}

void clew_hot_summaries_end(struct clew_hot_summaries *s)
{
        clew_hot_summaries_forget(s);
        clew_buffer_deinit(&s->entry);
        if (s->is_open)
                close(s->fd);
        *s = (struct clew_hot_summaries){0};
}

/* The bucket at @at, in @room or among all. NULL: it cannot be read. */
static const uint8_t *read_bucket(struct clew_hot_summaries *s, size_t at,
                                  uint8_t room[BUCKET_BYTES])
{
        size_t bytes = (size_t)s->n_slots * SLOT_BYTES;

        if (!s->slots && s->n_asked++ >= SINGLE_MAX) {
                s->slots = clew_calloc(1, bytes);
                if (s->slots && !read_all(s->fd, s->slots, bytes, SLOTS_AT)) {
                        clew_hot_summaries_forget(s);
                        return NULL;
                }
        }
        if (s->slots)
                return s->slots + at;
        return read_all(s->fd, room, BUCKET_BYTES, SLOTS_AT + at) ? room : NULL;
}

bool clew_hot_summaries_get(struct clew_hot_summaries *s, const struct clew_hot_mark *mark,
                            struct clew_slice *ret, uint32_t *ret_version)
{
        uint64_t hash = hash_of(&mark->id);
        uint8_t room[BUCKET_BYTES];
        const uint8_t *bucket =
                s->is_asked ? read_bucket(s, bucket_at(hash, s->n_slots), room) : NULL;

        for (uint32_t i = 0; bucket && i < CLEW_HOT_BUCKET; i++) {
                struct slot slot = read_slot(bucket + (size_t)i * SLOT_BYTES);
                uint8_t *entry;

                if (slot.hash != hash || slot.len < ENTRY_HEADER_BYTES ||
                    slot.len > ENTRY_BYTES_MAX || slot.at > CLEW_HOT_LOG_BYTES_MAX)
                        continue;
                clew_buffer_clear(&s->entry);
                entry = clew_buffer_reserve(&s->entry, slot.len);
                if (!entry || !read_all(s->fd, entry, slot.len, LOG_AT + slot.at))
                        continue;
                clew_buffer_commit(&s->entry, slot.len);
                s->at = slot.at;
                if (read_entry(clew_buffer_slice(&s->entry), mark, s->epoch, ret, ret_version))
                        return true;
        }
        return false;
}

/* Room for four times what lives. */
static uint64_t limit_for(uint32_t n_live, uint64_t mean_bytes)
{
        uint64_t bytes = mean_bytes * 4 * n_live;

        if (bytes < CLEW_HOT_LOG_BYTES_MIN)
                return CLEW_HOT_LOG_BYTES_MIN;
        return bytes < CLEW_HOT_LOG_BYTES_MAX ? bytes : CLEW_HOT_LOG_BYTES_MAX;
}

/* All that lives has its place in half of the log: so what is old can be written again before it is
 * written over, and that comes to an end. */
static bool holds_all(uint32_t n_live, uint64_t mean_bytes)
{
        return n_live <= CLEW_HOT_SLOTS_MAX / 2 &&
               mean_bytes * n_live < limit_for(n_live, mean_bytes) / 2;
}

/* Half of the log is written before it is asked again, at the most. */
bool clew_hot_summaries_is_old(const struct clew_hot_summaries *s, uint32_t n_live,
                               uint64_t mean_bytes)
{
        uint64_t limit = limit_for(n_live, mean_bytes);
        uint64_t next = s->next < limit ? s->next : 0;

        return (s->at >= next ? s->at - next : s->at + limit - next) < limit / 2;
}

/* ---- writing --------------------------------------------------------------------------------- */

void clew_hot_summary_log_add(struct clew_hot_summary_log *l, const struct clew_hot_mark *mark,
                              uint64_t epoch, uint32_t version, struct clew_slice summary)
{
        struct clew_buffer *b = &l->entries;
        size_t from = b->len;
        uint64_t check;

        if (b->max_bytes == 0) {
                clew_buffer_init(b, PENDING_BYTES_MAX);
                clew_buffer_init(&l->marks, PENDING_BYTES_MAX);
        }
        if (summary.len > CLEW_HOT_SUMMARY_BYTES_MAX)
                return;
        clew_buffer_append_le64(b, 0);
        clew_buffer_append_le64(b, epoch);
        put_mark(b, mark);
        clew_buffer_append_le32(b, version);
        clew_buffer_append_le32(b, (uint32_t)summary.len);
        clew_buffer_append_slice(b, summary);
        clew_buffer_append(&l->marks, mark, sizeof(*mark));
        if (clew_buffer_error(b) < 0 || clew_buffer_error(&l->marks) < 0)
                return;
        check = clew_hash(clew_slice_from(clew_slice_make(b->data + from, b->len - from), 8));
        put_le(b->data + from, check, sizeof(check));
        l->n++;
}

void clew_hot_summary_log_deinit(struct clew_hot_summary_log *l)
{
        clew_buffer_deinit(&l->entries);
        clew_buffer_deinit(&l->marks);
        *l = (struct clew_hot_summary_log){0};
}

struct writing {
        int fd;
        uint32_t n_slots;
        uint64_t next;  /* in the log */
        uint64_t limit; /* of the log */
};

/* How long ago the entry of a slot was written, in bytes of the log. */
static uint64_t behind(const struct writing *w, const struct slot *slot)
{
        return slot->at < w->next ? w->next - slot->at
                                  : w->next + CLEW_HOT_LOG_BYTES_MAX - slot->at;
}

/* The place in a bucket for the entry of @hash: its own, a free one, or that of the oldest. */
static uint32_t choose_slot(const struct writing *w, const uint8_t *bucket, uint64_t hash)
{
        uint64_t best = 0;
        uint32_t chosen = 0;

        for (uint32_t i = 0; i < CLEW_HOT_BUCKET; i++) {
                struct slot slot = read_slot(bucket + (size_t)i * SLOT_BYTES);
                uint64_t age = slot.len == 0 ? UINT64_MAX - 1 : behind(w, &slot);

                if (slot.len > 0 && slot.hash == hash)
                        age = UINT64_MAX;
                if (age > best) {
                        best = age;
                        chosen = i;
                }
        }
        return chosen;
}

static int write_slot(const struct writing *w, const struct clew_hot_mark *mark, uint32_t len)
{
        struct slot slot = {hash_of(&mark->id), len, (uint32_t)w->next};
        uint64_t at = SLOTS_AT + bucket_at(slot.hash, w->n_slots);
        uint8_t bucket[BUCKET_BYTES];
        uint8_t room[SLOT_BYTES];

        if (!read_all(w->fd, bucket, sizeof(bucket), at))
                return -EIO;
        put_slot(room, &slot);
        at += (uint64_t)choose_slot(w, bucket, slot.hash) * SLOT_BYTES;
        return write_all(w->fd, room, sizeof(room), at);
}

static int write_header(const struct writing *w)
{
        uint8_t room[HEADER_BYTES];

        put_le(room, MAGIC, 8);
        put_le(room + 8, VERSION, 4);
        put_le(room + 12, w->n_slots, 4);
        put_le(room + 16, w->next, 8);
        return write_all(w->fd, room, sizeof(room), 0);
}

/* Puts the slots that there are into a table of @n_slots. */
static int grow(struct writing *w, uint32_t n_slots)
{
        size_t before_bytes = (size_t)w->n_slots * SLOT_BYTES;
        CLEW_FREE uint8_t *before = clew_calloc(1, before_bytes);
        CLEW_FREE uint8_t *after = clew_calloc(n_slots, SLOT_BYTES);
        int r;

        if (!before || !after)
                return -ENOMEM;
        if (!read_all(w->fd, before, before_bytes, SLOTS_AT))
                return -EIO;
        for (size_t at = 0; at < before_bytes; at += SLOT_BYTES) {
                struct slot slot = read_slot(before + at);
                uint8_t *bucket = after + bucket_at(slot.hash, n_slots);

                if (slot.len > 0)
                        put_slot(bucket + (size_t)choose_slot(w, bucket, slot.hash) * SLOT_BYTES,
                                 &slot);
        }
        r = write_all(w->fd, after, (size_t)n_slots * SLOT_BYTES, SLOTS_AT);
        w->n_slots = n_slots;
        return r == 0 ? write_header(w) : r;
}

static bool has_slots(int fd)
{
        struct stat st;

        return fstat(fd, &st) == 0 && (uint64_t)st.st_size >= LOG_AT;
}

/* A file of no version, or of another, or that was cut off, is begun anew: its slots are of
 * nothing. */
static int begin_file(struct writing *w, uint32_t n_live)
{
        uint32_t n_slots = CLEW_HOT_SLOTS_MIN;

        while (n_slots < CLEW_HOT_SLOTS_MAX && n_slots / 2 < n_live)
                n_slots *= 2;
        if (has_slots(w->fd) && read_header(w->fd, &w->n_slots, &w->next))
                return w->n_slots < n_slots ? grow(w, n_slots) : 0;
        w->next = 0;
        w->n_slots = n_slots;
        return ftruncate(w->fd, 0) < 0 || ftruncate(w->fd, (off_t)LOG_AT) < 0 ? -errno : 0;
}

/* The log begins anew; what lies behind its new end goes back to the file system. */
static int wrap(struct writing *w)
{
        struct stat st;

        w->next = 0;
        if (fstat(w->fd, &st) < 0)
                return -errno;
        if ((uint64_t)st.st_size > LOG_AT + w->limit &&
            ftruncate(w->fd, (off_t)(LOG_AT + w->limit)) < 0)
                return -errno;
        return 0;
}

static int write_entries(struct writing *w, struct clew_hot_summary_log *l)
{
        const struct clew_hot_mark *marks = (const void *)l->marks.data;
        size_t at = 0;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < l->n; i++) {
                struct clew_cursor c = clew_cursor_make(
                        clew_slice_make(l->entries.data + at + ENTRY_HEADER_BYTES - 4, 4));
                uint32_t len = ENTRY_HEADER_BYTES + clew_cursor_le32(&c);

                if (w->next + len > w->limit) {
                        l->has_turned = true;
                        r = wrap(w);
                }
                if (r == 0)
                        r = write_all(w->fd, l->entries.data + at, len, LOG_AT + w->next);
                if (r == 0)
                        r = write_slot(w, &marks[i], len);
                l->has_turned |= w->next / (w->limit / 4) != (w->next + len) / (w->limit / 4);
                w->next += len;
                at += len;
        }
        return r == 0 ? write_header(w) : r;
}

static int open_file(const char *dir, int flags, int *ret_fd, struct clew_error *err)
{
        int dir_fd;
        int r = clew_own_directory_open(dir, &dir_fd, err);

        if (r < 0)
                return r;
        r = clew_own_file_open(dir, dir_fd, CLEW_HOT_SUMMARIES_FILE, flags, ret_fd, err);
        close(dir_fd);
        return r;
}

int clew_hot_summary_log_write(struct clew_hot_summary_log *l, const char *dir, uint32_t n_live,
                               uint64_t mean_bytes, bool (*holds)(void *context), void *context,
                               struct clew_error *err)
{
        struct writing w = {0};
        int r = 0;

        l->has_turned = false;
        if (l->n > 0)
                r = open_file(dir, O_RDWR | O_CREAT, &w.fd, err);
        if (r == 0 && l->n > 0) {
                w.limit = limit_for(n_live, mean_bytes);
                r = clew_file_lock(w.fd, LOCK_EX, 0);
                if (r == 0 && holds(context)) {
                        r = begin_file(&w, n_live);
                        if (r == 0)
                                r = write_entries(&w, l);
                        l->has_turned &= holds_all(n_live, mean_bytes);
                }
                close(w.fd); /* and its lock */
                if (r < 0 && r != -ETIMEDOUT)
                        clew_error_set(err, r, 0, "store %s: %s: %s", dir, CLEW_HOT_SUMMARIES_FILE,
                                       strerror(-r));
        }
        clew_buffer_clear(&l->entries);
        clew_buffer_clear(&l->marks);
        l->n = 0;
        return r == -ETIMEDOUT ? 0 : r;
}

/* ---- checking -------------------------------------------------------------------------------- */

/* An entry that has been written over in part no longer begins as its slot says: writing goes
 * forward. */
static bool is_damaged(int fd, const struct slot *slot, struct clew_buffer *room)
{
        struct clew_slice entry;
        struct clew_cursor c;
        uint8_t *at;

        if (slot->len < ENTRY_HEADER_BYTES || slot->len > ENTRY_BYTES_MAX ||
            slot->at > CLEW_HOT_LOG_BYTES_MAX)
                return true;
        clew_buffer_clear(room);
        at = clew_buffer_reserve(room, slot->len);
        if (!at || !read_all(fd, at, slot->len, LOG_AT + slot->at))
                return false; /* the log was cut behind its end */
        entry = clew_slice_make(at, slot->len);
        c = clew_cursor_make(clew_slice_from(entry, ENTRY_HEADER_BYTES - 4));
        if (ENTRY_HEADER_BYTES + (uint64_t)clew_cursor_le32(&c) != slot->len ||
            clew_hash(clew_slice_make(at + 16, CLEW_TRACE_ID_BYTES)) != slot->hash)
                return false;
        c = clew_cursor_make(entry);
        return clew_cursor_le64(&c) != clew_hash(clew_slice_from(entry, 8));
}

static int check_entries(int fd, uint32_t n_slots, struct clew_error *err)
{
        size_t bytes = (size_t)n_slots * SLOT_BYTES;
        CLEW_FREE uint8_t *slots = clew_calloc(1, bytes);
        CLEW_BUFFER room = {0};
        uint32_t n = 0;

        clew_buffer_init(&room, ENTRY_BYTES_MAX);
        if (!slots)
                return clew_error_set(err, -ENOMEM, 0, "no memory for %u slots", n_slots);
        if (!read_all(fd, slots, bytes, SLOTS_AT))
                return 0; /* cut off: it is begun anew */
        for (size_t at = 0; at < bytes; at += SLOT_BYTES) {
                struct slot slot = read_slot(slots + at);

                n += slot.len > 0 && is_damaged(fd, &slot, &room);
        }
        if (n == 0)
                return 0;
        return clew_error_set(
                err, -EBADMSG, 0,
                CLEW_HOT_SUMMARIES_FILE
                " is damaged in %u place%s: what stood there is derived when asked for, and "
                "written again",
                n, n == 1 ? "" : "s");
}

/* Wiped, or begun on a disk that was full. */
static bool is_blank(int fd)
{
        static const uint8_t zeros[HEADER_BYTES];
        uint8_t room[HEADER_BYTES];
        struct stat st;

        return fstat(fd, &st) == 0 && (st.st_size == 0 || (read_all(fd, room, sizeof(room), 0) &&
                                                           memcmp(room, zeros, sizeof(room)) == 0));
}

int clew_hot_summaries_check(const char *dir, bool whole, struct clew_error *err)
{
        uint32_t n_slots;
        uint64_t next;
        int fd;
        int r = open_file(dir, O_RDONLY, &fd, err);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (!is_blank(fd)) {
                if (!read_header(fd, &n_slots, &next))
                        r = clew_error_set(err, -EINVAL, 0,
                                           CLEW_HOT_SUMMARIES_FILE
                                           " is not a file of summaries of this version, or its "
                                           "beginning is damaged: it is not used; a collector "
                                           "begins it anew");
                else if (whole && clew_file_lock(fd, LOCK_SH, 0) == 0) /* nobody is writing */
                        r = check_entries(fd, n_slots, err);
        }
        close(fd);
        return r;
}

/* ---- wiping ---------------------------------------------------------------------------------- */

/* Zeros over each stretch that is no hole. */
static int clear(int fd, uint64_t bytes)
{
        static const uint8_t zeros[WIPE_BYTES];
        off_t at = 0;
        int r = 0;

        while (r == 0 && at < (off_t)bytes) {
                off_t from = lseek(fd, at, SEEK_DATA);
                off_t to;

                if (from < 0 && errno == ENXIO)
                        break; /* none behind it */
                if (from < 0)
                        from = at; /* a file system that knows no holes */
                to = lseek(fd, from, SEEK_HOLE);
                if (to < 0)
                        to = (off_t)bytes;
                for (at = from; r == 0 && at < to;) {
                        size_t n = (size_t)(to - at) < sizeof(zeros) ? (size_t)(to - at)
                                                                     : sizeof(zeros);

                        r = write_all(fd, zeros, n, (uint64_t)at);
                        at += (off_t)n;
                }
        }
        if (r == 0 && fdatasync(fd) < 0)
                r = -errno;
        return r;
}

int clew_hot_summaries_wipe(const char *dir, struct clew_error *err)
{
        struct stat st;
        int fd;
        int r = open_file(dir, O_RDWR, &fd, err);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = clew_file_lock(fd, LOCK_EX, CLEW_FILE_LOCK_NS);
        if (r == 0 && fstat(fd, &st) < 0)
                r = -errno;
        if (r == 0)
                r = clear(fd, (uint64_t)st.st_size);
        if (r == 0 && ftruncate(fd, 0) < 0)
                r = -errno;
        close(fd);
        return r < 0 ? clew_error_set(err, r, 0, "store %s: wiping %s: %s", dir,
                                      CLEW_HOT_SUMMARIES_FILE, strerror(-r))
                     : 0;
}
