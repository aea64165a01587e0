#include "storage/keep/manifest-int.h"

#include "proto/base/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_BYTES_MAX ((size_t)1 << 30)
#define END_VERSION 1u

static const uint8_t tags[CLEW_TABLES] = {
        [CLEW_TABLE_META] = CLEW_STREAM_META,
        [CLEW_TABLE_HOT] = CLEW_STREAM_HOT,
        [CLEW_TABLE_OBJECT] = 0,
        [CLEW_TABLE_TRACE] = CLEW_STREAM_TRACE,
        [CLEW_TABLE_TIME] = CLEW_STREAM_TIME,
        [CLEW_TABLE_SEGMENT] = CLEW_STREAM_SEGMENT,
        [CLEW_TABLE_NOTE] = CLEW_STREAM_NOTE,
        [CLEW_TABLE_SHELF] = CLEW_STREAM_SHELF,
        [CLEW_TABLE_INDEX] = CLEW_STREAM_INDEX,
};

uint8_t clew_stream_tag(enum clew_table table)
{
        return tags[table];
}

int clew_stream_table(uint8_t tag)
{
        for (int t = 0; t < CLEW_TABLES; t++) {
                if (tags[t] && tags[t] == tag)
                        return t;
        }
        return -1;
}

/* ---- lists ----------------------------------------------------------------------------------- */

void clew_kept_list_init(struct clew_kept_list *l)
{
        clew_buffer_init(&l->all, LIST_BYTES_MAX);
}

void clew_kept_list_deinit(struct clew_kept_list *l)
{
        clew_buffer_deinit(&l->all);
}

int clew_kept_list_add(struct clew_kept_list *l, const struct clew_kept *k)
{
        clew_buffer_append(&l->all, k, sizeof(*k));
        return clew_buffer_error(&l->all);
}

static int compare(const void *a, const void *b)
{
        const struct clew_kept *x = a;
        const struct clew_kept *y = b;

        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        return x->number < y->number ? -1 : x->number > y->number;
}

void clew_kept_list_sort(struct clew_kept_list *l)
{
        if (l->all.len > 0)
                qsort(l->all.data, clew_kept_list_n(l), sizeof(struct clew_kept), compare);
}

const struct clew_kept *clew_kept_list_find(const struct clew_kept_list *l,
                                            enum clew_kept_kind kind, uint64_t number)
{
        struct clew_kept wanted = {.kind = kind, .number = number};

        return l->all.len == 0 ? NULL
                               : bsearch(&wanted, l->all.data, clew_kept_list_n(l),
                                         sizeof(struct clew_kept), compare);
}

/* ---- the end --------------------------------------------------------------------------------- */

void clew_backup_end_put(struct clew_stream_writer *w, const struct clew_backup_end *end)
{
        const uint64_t numbers[] = {END_VERSION,  end->taken_ns, end->created_ns, end->txn_id,
                                    end->records, end->objects,  end->files,      end->damaged};
        CLEW_BUFFER value = {0};

        clew_buffer_init(&value, 128);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++)
                clew_buffer_append_varint(&value, numbers[i]);
        if (clew_buffer_error(&value) < 0)
                w->error = w->error ? w->error : -ENOMEM;
        clew_stream_put(w, CLEW_STREAM_END, CLEW_SLICE_NULL, clew_buffer_slice(&value));
}

bool clew_backup_end_decode(const struct clew_stream_record *record, struct clew_backup_end *ret)
{
        struct clew_cursor c = clew_cursor_make(record->value);
        struct clew_backup_end end;

        if (clew_cursor_varint(&c) != END_VERSION)
                return false;
        end.taken_ns = clew_cursor_varint(&c);
        end.created_ns = clew_cursor_varint(&c);
        end.txn_id = clew_cursor_varint(&c);
        end.records = clew_cursor_varint(&c);
        end.objects = clew_cursor_varint(&c);
        end.files = clew_cursor_varint(&c);
        end.damaged = clew_cursor_varint(&c);
        if (c.failed)
                return false;
        *ret = end;
        return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
        clew_manifest_fn fn;
        void *context;
        struct clew_kept_list *list;
        struct clew_backup_end end;
        uint64_t records;
        uint64_t objects;
        bool ended;
};

static int take(struct reading *g, const struct clew_stream_record *record, struct clew_error *err)
{
        struct clew_kept k;
        struct clew_slice value;

        if (record->tag == CLEW_STREAM_END) {
                g->ended = clew_backup_end_decode(record, &g->end);
                return g->ended ? 0 : -EBADMSG;
        }
        if (record->tag == CLEW_STREAM_OBJECT) {
                g->objects++;
                if (!clew_kept_decode(record, &k))
                        return -EBADMSG;
                return g->list ? clew_kept_list_add(g->list, &k) : 0;
        }
        g->records += record->tag != CLEW_STREAM_FILE;
        /* A batch of hot fragments has checks of its own; a damaged one is kept for what is good in
         * it. */
        if (record->tag != CLEW_STREAM_FILE && record->tag != CLEW_STREAM_HOT &&
            !clew_record_check(record->key, record->value, &value))
                return -EBADMSG;
        return g->fn ? g->fn(g->context, record, err) : 0;
}

static int read_stream(struct reading *g, int fd, uint64_t *ret_bytes, struct clew_error *err)
{
        struct clew_stream_reader reader;
        struct clew_stream_record record;
        int r = clew_stream_open(&reader, fd);

        while (r == 0 && (r = clew_stream_next(&reader, &record)) == 1)
                r = take(g, &record, err);
        if (r == 0 && (!g->ended || g->end.records != g->records || g->end.objects != g->objects))
                r = -EBADMSG;
        if (ret_bytes)
                *ret_bytes = reader.bytes;
        clew_stream_reader_deinit(&reader);
        return r;
}

int clew_manifest_read(const struct clew_backup_dir *d, const char *name, clew_manifest_fn fn,
                       void *context, struct clew_kept_list *list, struct clew_backup_end *ret,
                       uint64_t *ret_bytes, struct clew_error *err)
{
        struct reading g = {.fn = fn, .context = context, .list = list};
        struct clew_error own = {0};
        int fd;
        int r = clew_backup_file_open(d, d->fd, name, O_RDONLY, &fd, err);

        if (r < 0)
                return r;
        r = read_stream(&g, fd, ret_bytes, &own);
        close(fd);
        if (r < 0 && own.message[0]) {
                if (err)
                        *err = own;
                return r;
        }
        if (r == -EBADMSG)
                return clew_error_set(err, r, 0,
                                      "backup %s: its file %s is damaged or cut short; run clew "
                                      "backup again, or use another backup",
                                      d->path, name);
        if (r < 0)
                return clew_backup_fail(d, name, r, err);
        if (list)
                clew_kept_list_sort(list);
        *ret = g.end;
        return 0;
}
