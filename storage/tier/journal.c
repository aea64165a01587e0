#include "storage/tier/journal-int.h"

#include "storage/hot/fragment-int.h"
#include "storage/tier/frame-int.h"

#include <errno.h>

#define MAGIC "CLEWJNL1"
#define FORMAT 1u
/* Behind the number of fragments, which is 0: nothing comes after this object. */
#define END 1u

void clew_journal_encode(uint64_t created_ns, const struct clew_fragment *fragments, size_t n,
                         struct clew_buffer *out)
{
        size_t from = clew_frame_begin(out, MAGIC);

        clew_buffer_append_varint(out, FORMAT);
        clew_buffer_append_varint(out, created_ns);
        clew_buffer_append_varint(out, n);
        for (size_t i = 0; i < n; i++) {
                const struct clew_fragment *f = &fragments[i];

                clew_buffer_append(out, f->trace_id.bytes, sizeof(f->trace_id.bytes));
                clew_buffer_append_byte(out, f->has_run);
                if (f->has_run)
                        clew_buffer_append(out, f->run.bytes, sizeof(f->run.bytes));
                clew_buffer_append_varint(out, f->bytes.len);
                clew_buffer_append_slice(out, f->bytes);
        }
        clew_frame_end(out, from);
}

int clew_journal_encode_end(uint64_t created_ns, struct clew_buffer *out, struct clew_error *err)
{
        size_t from;

        clew_buffer_init(out, 1024);
        from = clew_frame_begin(out, MAGIC);
        clew_buffer_append_varint(out, FORMAT);
        clew_buffer_append_varint(out, created_ns);
        clew_buffer_append_varint(out, 0);
        clew_buffer_append_byte(out, END);
        clew_frame_end(out, from);
        return clew_buffer_error(out) < 0
                       ? clew_error_set(err, -ENOMEM, 0, "out of memory for the journal")
                       : 0;
}

static bool take_fragment(struct clew_cursor *c, struct clew_fragment *ret)
{
        struct clew_fragment_header header;
        struct clew_slice head;
        struct clew_slice pack;
        uint8_t has_run;

        *ret = (struct clew_fragment){0};
        if (!clew_cursor_trace_id(c, &ret->trace_id))
                return false;
        has_run = clew_cursor_byte(c);
        ret->has_run = has_run == 1;
        if (c->failed || has_run > 1 || (ret->has_run && !clew_cursor_trace_id(c, &ret->run)))
                return false;
        ret->bytes = clew_cursor_bytes(c, clew_cursor_varint(c));
        return !c->failed && clew_fragment_split(ret->bytes, &head, &pack) &&
               clew_fragment_parse_header(head, &header);
}

int clew_journal_decode(struct clew_slice bytes, uint64_t created_ns, struct clew_buffer *out)
{
        struct clew_cursor c;
        uint64_t format;
        uint64_t created;
        uint64_t n;

        if (!clew_frame_read(bytes, MAGIC, &c))
                return -EBADMSG;
        format = clew_cursor_varint(&c);
        if (!c.failed && format > FORMAT)
                return -EPROTONOSUPPORT;
        created = clew_cursor_varint(&c);
        n = clew_cursor_varint(&c);
        if (c.failed || format != FORMAT || created != created_ns)
                return -EBADMSG;
        for (uint64_t i = 0; i < n; i++) {
                struct clew_fragment f;

                if (!take_fragment(&c, &f))
                        return -EBADMSG;
                clew_buffer_append(out, &f, sizeof(f));
        }
        if (n == 0 && clew_cursor_left(&c) == 1 && clew_cursor_byte(&c) == END)
                return 0;
        return clew_cursor_left(&c) > 0 ? -EBADMSG : clew_buffer_error(out);
}

void clew_journal_init(struct clew_journal *j)
{
        pthread_mutex_init(&j->lock, NULL);
        clew_buffer_init(&j->at, CLEW_JOURNAL_OBJECT_BYTES_MAX);
        clew_buffer_init(&j->objects, CLEW_JOURNAL_OBJECTS_BYTES_MAX);
}

void clew_journal_deinit(struct clew_journal *j)
{
        clew_bucket_close(j->bucket);
        clew_buffer_deinit(&j->at);
        clew_buffer_deinit(&j->objects);
        pthread_mutex_destroy(&j->lock);
}

void clew_journal_stop(struct clew_journal *j)
{
        if (j->bucket)
                clew_bucket_stop(j->bucket);
}
