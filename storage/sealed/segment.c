#include "storage/sealed/segment-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>

#define SEGMENT_MAGIC "CLEWSEG1"
#define SEGMENT_MAGIC_BYTES 8u
#define SEGMENT_VERSION 1u
#define CHECK_BYTES 4u
#define SUMMARIES_LEVEL 12
/* Plain summaries of one segment as a reader accepts them. */
#define SUMMARIES_MAX ((size_t)64 << 20)
#define ROW_BYTES_MIN (3u + CHECK_BYTES)

int clew_segment_writer_init(struct clew_segment_writer *w)
{
        memset(w, 0, sizeof(*w));
        clew_buffer_init(&w->rows, CLEW_PACK_MESSAGE_MAX);
        clew_buffer_init(&w->message, CLEW_PACK_MESSAGE_MAX);
        w->packer = clew_packer_new();
        return w->packer ? 0 : -ENOMEM;
}

void clew_segment_writer_deinit(struct clew_segment_writer *w)
{
        clew_packer_free(w->packer);
        clew_buffer_deinit(&w->rows);
        clew_buffer_deinit(&w->message);
        w->packer = NULL;
}

void clew_segment_writer_reset(struct clew_segment_writer *w)
{
        clew_packer_reset(w->packer);
        clew_buffer_clear(&w->rows);
        w->n_traces = 0;
}

static void message_check(const struct clew_trace_id *id, struct clew_slice message,
                          uint8_t ret[CHECK_BYTES])
{
        uint64_t sum = clew_checksum(clew_slice_make(id->bytes, sizeof(id->bytes)), message);

        memcpy(ret, &sum, CHECK_BYTES);
}

int clew_segment_writer_add(struct clew_segment_writer *w, const struct clew_trace_id *id,
                            struct clew_slice traces, struct clew_slice logs, uint64_t n_spans,
                            uint64_t n_logs)
{
        struct clew_slice message = traces;
        uint8_t check[CHECK_BYTES];
        int r;

        if (w->n_traces >= CLEW_SEGMENT_TRACES_MAX)
                return -EMSGSIZE;
        if (logs.len) {
                clew_buffer_clear(&w->message);
                clew_buffer_append_slice(&w->message, traces);
                clew_buffer_append_slice(&w->message, logs);
                r = clew_buffer_error(&w->message);
                if (r < 0)
                        return r;
                message = clew_buffer_slice(&w->message);
        }
        r = clew_packer_add(w->packer, message);
        if (r < 0)
                return r;
        message_check(id, message, check);
        clew_buffer_append_varint(&w->rows, traces.len);
        clew_buffer_append_varint(&w->rows, n_spans);
        clew_buffer_append_varint(&w->rows, n_logs);
        clew_buffer_append(&w->rows, check, sizeof(check));
        w->n_traces++;
        return clew_buffer_error(&w->rows);
}

int clew_segment_writer_finish(struct clew_segment_writer *w, struct clew_buffer *out)
{
        clew_buffer_append(out, SEGMENT_MAGIC, SEGMENT_MAGIC_BYTES);
        clew_buffer_append_varint(out, SEGMENT_VERSION);
        clew_buffer_append_varint(out, w->n_traces);
        clew_buffer_append_slice(out, clew_buffer_slice(&w->rows));
        return clew_packer_finish(w->packer, CLEW_PACK_SMALL, out);
}

int clew_segment_reader_init(struct clew_segment_reader *r)
{
        memset(r, 0, sizeof(*r));
        r->unpacker = clew_unpacker_new();
        return r->unpacker ? 0 : -ENOMEM;
}

void clew_segment_reader_deinit(struct clew_segment_reader *r)
{
        clew_unpacker_free(r->unpacker);
        clew_free(r->rows);
        memset(r, 0, sizeof(*r));
}

static int read_rows(struct clew_segment_reader *r, struct clew_cursor *c, uint64_t n)
{
        if (c->failed || n > CLEW_SEGMENT_TRACES_MAX || n > clew_cursor_left(c) / ROW_BYTES_MIN)
                return -EBADMSG;
        if (n > r->rows_capacity) {
                void *more = clew_realloc_array(r->rows, n, sizeof(*r->rows));

                if (!more)
                        return -ENOMEM;
                r->rows = more;
                r->rows_capacity = n;
        }
        for (size_t i = 0; i < n; i++) {
                struct clew_slice check;

                r->rows[i].traces_len = clew_cursor_varint(c);
                r->rows[i].n_spans = clew_cursor_varint(c);
                r->rows[i].n_logs = clew_cursor_varint(c);
                check = clew_cursor_bytes(c, CHECK_BYTES);
                if (c->failed)
                        return -EBADMSG;
                memcpy(r->rows[i].check, check.data, CHECK_BYTES);
        }
        return 0;
}

static int read_head(struct clew_segment_reader *r, struct clew_cursor *c, uint64_t *ret_n)
{
        struct clew_slice magic = clew_cursor_bytes(c, SEGMENT_MAGIC_BYTES);
        uint64_t version = clew_cursor_varint(c);

        *ret_n = clew_cursor_varint(c);
        r->n_traces = 0;
        if (c->failed || version != SEGMENT_VERSION ||
            memcmp(magic.data, SEGMENT_MAGIC, SEGMENT_MAGIC_BYTES) != 0)
                return -EBADMSG;
        return read_rows(r, c, *ret_n);
}

int clew_segment_reader_open_rows(struct clew_segment_reader *r, struct clew_slice object)
{
        struct clew_cursor c = clew_cursor_make(object);
        uint64_t n;
        int e = read_head(r, &c, &n);

        r->n_traces = e < 0 ? 0 : (uint32_t)n;
        return e;
}

int clew_segment_reader_open(struct clew_segment_reader *r, struct clew_slice object)
{
        struct clew_cursor c = clew_cursor_make(object);
        uint64_t n;
        int e = read_head(r, &c, &n);

        if (e < 0)
                return e;
        e = clew_unpacker_open(r->unpacker, clew_slice_make(c.at, clew_cursor_left(&c)));
        if (e < 0)
                return e;
        if (clew_unpacker_messages(r->unpacker) != n)
                return -EBADMSG;
        r->n_traces = (uint32_t)n;
        return 0;
}

int clew_segment_reader_read(struct clew_segment_reader *r, uint32_t index,
                             const struct clew_trace_id *id, struct clew_buffer *out,
                             struct clew_segment_row *ret_row)
{
        size_t before = out->len;
        uint8_t check[CHECK_BYTES];
        struct clew_slice message;
        int e;

        if (index >= r->n_traces)
                return -ENOENT;
        e = clew_unpacker_read(r->unpacker, index, out);
        if (e < 0)
                return e;
        message = clew_slice_from(clew_buffer_slice(out), before);
        if (r->rows[index].traces_len > message.len)
                return -EBADMSG;
        if (id) {
                message_check(id, message, check);
                if (memcmp(check, r->rows[index].check, CHECK_BYTES) != 0)
                        return -EBADMSG;
        }
        *ret_row = r->rows[index];
        return 0;
}

struct clew_slice clew_segment_all_live(uint64_t n, uint8_t room[CLEW_SEGMENT_LIVE_MAX])
{
        size_t len = clew_segment_live_bytes(n);

        memset(room, 0xff, len);
        if (n % 8)
                room[len - 1] = (uint8_t)((1u << n % 8) - 1);
        return clew_slice_make(room, len);
}

bool clew_segment_is_live(struct clew_slice live, uint64_t n_traces, uint32_t index)
{
        if (index >= n_traces)
                return false;
        return live.len == 0 || (index / 8 < live.len && (live.data[index / 8] >> index % 8 & 1));
}

void clew_segment_live_keep(struct clew_segment_live *live, uint64_t segment,
                            const struct clew_segment_entry *e)
{
        live->segment = segment;
        live->n_traces = e->n_traces;
        live->len = e->live.len;
        if (live->len)
                memcpy(live->bits, e->live.data, live->len);
}

/* False when a bit behind the last trace is set. */
static bool count_live(struct clew_segment_entry *e)
{
        e->n_live = 0;
        for (size_t i = 0; i < e->live.len; i++)
                e->n_live += (unsigned)__builtin_popcount(e->live.data[i]);
        return e->n_traces % 8 == 0 || e->live.len == 0 ||
               e->live.data[e->live.len - 1] >> e->n_traces % 8 == 0;
}

bool clew_segment_entry_release(struct clew_segment_entry *e, uint32_t index,
                                uint8_t room[CLEW_SEGMENT_LIVE_MAX])
{
        if (e->n_live == 0 || !clew_segment_is_live(e->live, e->n_traces, index))
                return false;
        e->n_live--;
        if (e->live.len == 0 && e->n_live + 1 < e->n_traces)
                return true; /* who moved before is not known */
        if (e->live.len == 0)
                e->live = clew_segment_all_live(e->n_traces, room);
        else
                memcpy(room, e->live.data, e->live.len);
        room[index / 8] &= (uint8_t) ~(1u << index % 8);
        e->live.data = room;
        return true;
}

/* 0, traces, their bits; or, in formats 1 and 2: traces, live traces. */
bool clew_segment_entry_decode(struct clew_slice value, struct clew_segment_entry *ret)
{
        struct clew_cursor c = clew_cursor_make(value);
        struct clew_segment_entry e = {.n_traces = clew_cursor_varint(&c)};
        bool has_bits = e.n_traces == 0;

        if (has_bits)
                e.n_traces = clew_cursor_varint(&c);
        if (c.failed || e.n_traces > CLEW_SEGMENT_TRACES_MAX)
                return false;
        if (has_bits)
                e.live = clew_cursor_bytes(&c, clew_segment_live_bytes(e.n_traces));
        else
                e.n_live = clew_cursor_varint(&c);
        if (has_bits && (c.failed || !count_live(&e)))
                return false;
        e.raw_bytes = clew_cursor_varint(&c);
        e.stored_bytes = clew_cursor_varint(&c);
        e.summary_version = clew_cursor_varint(&c);
        e.service = clew_cursor_bytes(&c, clew_cursor_varint(&c));
        e.summaries = clew_slice_make(c.at, clew_cursor_left(&c));
        if (c.failed)
                return false;
        *ret = e;
        return true;
}

void clew_segment_entry_encode(const struct clew_segment_entry *e, struct clew_buffer *out)
{
        if (e->live.len)
                clew_buffer_append_varint(out, 0);
        clew_buffer_append_varint(out, e->n_traces);
        if (e->live.len)
                clew_buffer_append_slice(out, e->live);
        else
                clew_buffer_append_varint(out, e->n_live);
        clew_buffer_append_varint(out, e->raw_bytes);
        clew_buffer_append_varint(out, e->stored_bytes);
        clew_buffer_append_varint(out, e->summary_version);
        clew_buffer_append_varint(out, e->service.len);
        clew_buffer_append_slice(out, e->service);
        clew_buffer_append_slice(out, e->summaries);
}

int clew_summaries_compress(struct clew_slice plain, struct clew_buffer *out)
{
        size_t bound = ZSTD_compressBound(plain.len);
        uint8_t *room = clew_buffer_reserve(out, bound);
        size_t n;

        if (!room)
                return clew_buffer_error(out);
        n = ZSTD_compress(room, bound, plain.data, plain.len, SUMMARIES_LEVEL);
        if (ZSTD_isError(n))
                return -ENOMEM;
        clew_buffer_commit(out, n);
        return 0;
}

int clew_summaries_decompress(struct clew_slice frame, struct clew_buffer *out)
{
        return clew_summaries_decompress_with(NULL, frame, out);
}

int clew_summaries_decompress_with(struct ZSTD_DCtx_s *zstd, struct clew_slice frame,
                                   struct clew_buffer *out)
{
        unsigned long long len = ZSTD_getFrameContentSize(frame.data, frame.len);
        uint8_t *room;
        size_t n;

        if (len > SUMMARIES_MAX) /* also the two error values */
                return -EBADMSG;
        room = clew_buffer_reserve(out, (size_t)len + 1);
        if (!room)
                return clew_buffer_error(out);
        n = zstd ? ZSTD_decompressDCtx(zstd, room, (size_t)len, frame.data, frame.len)
                 : ZSTD_decompress(room, (size_t)len, frame.data, frame.len);
        if (n != len)
                return -EBADMSG;
        clew_buffer_commit(out, n);
        return 0;
}

bool clew_summaries_at(struct clew_slice plain, uint32_t index, struct clew_slice *ret)
{
        struct clew_cursor c = clew_cursor_make(plain);
        struct clew_slice s = CLEW_SLICE_NULL;

        for (uint32_t i = 0; i <= index && !c.failed; i++)
                s = clew_cursor_bytes(&c, clew_cursor_varint(&c));
        if (c.failed)
                return false;
        *ret = s;
        return true;
}
