/*
 * The reading half of packs (storage/pack-int.h). Input may be damaged or hostile: every length is
 * compared with what remains before it is used, and output never exceeds what the directory says.
 */
#include "storage/pack/pack-int.h"

#include "proto/base/cursor.h"
#include "proto/base/mem.h"
#include "storage/pack/pack-format-int.h"

#include <errno.h>
#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_d_stableOutBuffer; without it the whole is unpacked   \
                                  */
#include <zstd.h>

/* No zstd frame expands further (measured: 32,700 on zeros), so a small damaged frame cannot ask
 * for much memory. */
#define ZSTD_RATIO_MAX 65536u
/* A shorter residue is unpacked whole; a longer one by pieces of its packed bytes. */
#define BEGINNING_FROM ((uint64_t)256 << 10)
#define PIECE_BYTES ((size_t)32 << 10)

struct message {
        uint64_t raw;
        uint64_t residue;
        uint64_t columns[PACK_COLUMNS];
        uint64_t residue_at; /* where its residue and columns begin */
        uint64_t columns_at[PACK_COLUMNS];
};

struct frame {
        struct clew_slice bytes;
        enum pack_frame_kind kind;
        struct clew_buffer plain; /* unpacked bytes, when kind is zstd */
        bool ready;
        bool begun; /* its beginning was unpacked: `have` bytes */
        size_t have;
};

struct clew_unpacker {
        ZSTD_DCtx *zstd;
        struct message *messages;
        size_t n_messages;
        size_t capacity;
        struct frame residue;
        struct frame columns[PACK_COLUMNS];
        uint64_t residue_total;
        uint64_t columns_total[PACK_COLUMNS];
};

struct clew_unpacker *clew_unpacker_new(void)
{
        struct clew_unpacker *u = clew_calloc(1, sizeof(*u));

        if (!u)
                return NULL;
        u->zstd = ZSTD_createDCtx();
        if (!u->zstd) {
                clew_free(u);
                return NULL;
        }
        clew_buffer_init(&u->residue.plain, CLEW_PACK_RESIDUE_MAX);
        for (size_t i = 0; i < PACK_COLUMNS; i++)
                clew_buffer_init(&u->columns[i].plain, CLEW_PACK_RESIDUE_MAX);
        return u;
}

void clew_unpacker_free(struct clew_unpacker *u)
{
        if (!u)
                return;
        ZSTD_freeDCtx(u->zstd);
        clew_free(u->messages);
        clew_buffer_deinit(&u->residue.plain);
        for (size_t i = 0; i < PACK_COLUMNS; i++)
                clew_buffer_deinit(&u->columns[i].plain);
        clew_free(u);
}

/* Unpacked bytes that are kept for the next message. */
#define PLAIN_KEPT_MAX ((size_t)16 << 20)

static void drop_large(struct frame *f)
{
        if (f->plain.capacity <= PLAIN_KEPT_MAX)
                return;
        clew_buffer_deinit(&f->plain);
        f->ready = f->begun = false;
        f->have = 0;
}

void clew_unpacker_drop_large(struct clew_unpacker *u)
{
        drop_large(&u->residue);
        for (size_t i = 0; i < PACK_COLUMNS; i++)
                drop_large(&u->columns[i]);
}

static int reserve_messages(struct clew_unpacker *u, size_t n)
{
        struct message *more;

        if (n <= u->capacity)
                return 0;
        more = clew_realloc_array(u->messages, n, sizeof(*more));
        if (!more)
                return -ENOMEM;
        u->messages = more;
        u->capacity = n;
        return 0;
}

static bool add_total(uint64_t *total, uint64_t n)
{
        if (n > CLEW_PACK_RESIDUE_MAX - *total)
                return false;
        *total += n;
        return true;
}

static bool read_row(struct clew_unpacker *u, struct clew_cursor *c, struct message *m)
{
        m->raw = clew_cursor_varint(c);
        m->residue = clew_cursor_varint(c);
        m->residue_at = u->residue_total;
        if (m->raw > CLEW_PACK_MESSAGE_MAX || m->residue > m->raw ||
            !add_total(&u->residue_total, m->residue))
                return false;
        for (size_t i = 0; i < PACK_COLUMNS; i++) {
                m->columns[i] = clew_cursor_varint(c);
                m->columns_at[i] = u->columns_total[i];
                if (!add_total(&u->columns_total[i], m->columns[i]))
                        return false;
        }
        return !c->failed;
}

static bool read_frame(struct clew_cursor *c, uint64_t expect, struct frame *f)
{
        uint64_t head = clew_cursor_varint(c);

        f->kind = (head & 1) ? PACK_FRAME_ZSTD : PACK_FRAME_STORED;
        f->bytes = clew_cursor_bytes(c, head >> 1);
        f->ready = f->begun = false;
        f->have = 0;
        clew_buffer_clear(&f->plain);
        if (c->failed)
                return false;
        if (f->kind == PACK_FRAME_STORED)
                return f->bytes.len == expect;
        return expect / ZSTD_RATIO_MAX <= f->bytes.len &&
               ZSTD_getFrameContentSize(f->bytes.data, f->bytes.len) == expect;
}

int clew_unpacker_open(struct clew_unpacker *u, struct clew_slice pack)
{
        struct clew_cursor c = clew_cursor_make(pack);
        uint64_t n;
        int r;

        u->n_messages = 0;
        u->residue_total = 0;
        memset(u->columns_total, 0, sizeof(u->columns_total));
        if (clew_cursor_byte(&c) != PACK_MAGIC)
                return -EBADMSG;
        n = clew_cursor_varint(&c);
        /* A row has at least five bytes, which bounds the table by the input. */
        if (c.failed || n > CLEW_PACK_MESSAGES_MAX || n > clew_cursor_left(&c) / 5)
                return -EBADMSG;
        r = reserve_messages(u, (size_t)n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                if (!read_row(u, &c, &u->messages[i]))
                        return -EBADMSG;
        }
        if (!read_frame(&c, u->residue_total, &u->residue))
                return -EBADMSG;
        for (size_t i = 0; i < PACK_COLUMNS; i++) {
                if (!read_frame(&c, u->columns_total[i], &u->columns[i]))
                        return -EBADMSG;
        }
        if (clew_cursor_left(&c) != 0)
                return -EBADMSG;
        u->n_messages = (size_t)n;
        return 0;
}

size_t clew_unpacker_messages(const struct clew_unpacker *u)
{
        return u->n_messages;
}

uint64_t clew_unpacker_residue_bytes(const struct clew_unpacker *u)
{
        return u->residue_total;
}

/* All plain bytes of @f; unpacked once and kept until the next open. */
static int unpack_frame(struct clew_unpacker *u, struct frame *f, uint64_t total,
                        struct clew_slice *ret)
{
        uint8_t *room;
        size_t n;

        if (f->kind == PACK_FRAME_STORED) {
                *ret = f->bytes;
                return 0;
        }
        if (!f->ready) {
                room = clew_buffer_reserve(&f->plain, (size_t)total + 1);
                if (!room)
                        return f->plain.error;
                n = ZSTD_decompressDCtx(u->zstd, room, (size_t)total, f->bytes.data, f->bytes.len);
                if (n != total)
                        return -EBADMSG;
                f->ready = true;
        }
        *ret = clew_slice_make(f->plain.data, (size_t)total);
        return 0;
}

/*
 * Unpacks until @need bytes are there, a piece of the input after the other, straight into @room,
 * which holds the whole: *ret are there then. -EBADMSG: it takes the whole at once.
 */
static int unpack_beginning(struct clew_unpacker *u, struct frame *f, uint8_t *room, size_t need,
                            size_t *ret)
{
        ZSTD_inBuffer in = {f->bytes.data, 0, 0};
        ZSTD_outBuffer out = {room, (size_t)u->residue_total, 0};
        size_t r = ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_stableOutBuffer, 1);

        while (!ZSTD_isError(r) && out.pos < need && in.size < f->bytes.len) {
                in.size +=
                        f->bytes.len - in.size < PIECE_BYTES ? f->bytes.len - in.size : PIECE_BYTES;
                r = ZSTD_decompressStream(u->zstd, &out, &in);
        }
        (void)ZSTD_DCtx_reset(u->zstd, ZSTD_reset_session_and_parameters);
        *ret = out.pos;
        return !ZSTD_isError(r) && out.pos >= need ? 0 : -EBADMSG;
}

/*
 * The bytes of the residue up to @end. Who opens one trace of a pack needs the half of them, on
 * average; who goes on to the next one gets the whole at once.
 */
static int unpack_residue(struct clew_unpacker *u, uint64_t end, struct clew_slice *ret)
{
        struct frame *f = &u->residue;
        bool whole = f->kind == PACK_FRAME_STORED || f->ready || f->begun ||
                     u->residue_total < BEGINNING_FROM || end > u->residue_total / 4 * 3;
        uint8_t *room;

        if (f->begun && !f->ready && end <= f->have) {
                *ret = clew_slice_make(f->plain.data, f->have);
                return 0;
        }
        if (whole)
                return unpack_frame(u, f, u->residue_total, ret);
        room = clew_buffer_reserve(&f->plain, (size_t)u->residue_total + 1);
        if (!room)
                return f->plain.error;
        f->begun = true;
        if (unpack_beginning(u, f, room, (size_t)end, &f->have) < 0) {
                f->have = 0;
                return unpack_frame(u, f, u->residue_total, ret);
        }
        *ret = clew_slice_make(f->plain.data, f->have);
        return 0;
}

/* Copies @len bytes from @distance back; ranges may overlap, which repeats the pattern. */
static void copy_back(uint8_t *to, size_t distance, size_t len)
{
        while (len > distance) {
                memcpy(to, to - distance, distance);
                to += distance;
                len -= distance;
                distance *= 2;
        }
        memcpy(to, to - distance, len);
}

static int replay(const struct message *m, struct clew_slice residue,
                  struct clew_cursor columns[PACK_COLUMNS], uint8_t *room)
{
        struct clew_cursor literals = clew_cursor_make(residue);
        size_t at = 0;
        uint64_t distance = 0;

        for (;;) {
                uint64_t n = clew_cursor_varint(&columns[PACK_COLUMN_LITERALS]);
                struct clew_slice run = clew_cursor_bytes(&literals, n);
                uint64_t len;
                uint64_t step;

                if (columns[PACK_COLUMN_LITERALS].failed || literals.failed ||
                    run.len > m->raw - at)
                        return -EBADMSG;
                if (run.len)
                        memcpy(room + at, run.data, run.len);
                at += run.len;
                if (clew_cursor_left(&columns[PACK_COLUMN_LITERALS]) == 0)
                        break;
                len = clew_cursor_varint(&columns[PACK_COLUMN_LENGTHS]);
                step = clew_cursor_varint(&columns[PACK_COLUMN_DISTANCES]);
                distance += (step >> 1) ^ (0 - (step & 1));
                if (columns[PACK_COLUMN_LENGTHS].failed || columns[PACK_COLUMN_DISTANCES].failed ||
                    distance == 0 || distance > at || m->raw - at < PACK_COPY_MIN ||
                    len > m->raw - at - PACK_COPY_MIN)
                        return -EBADMSG;
                len += PACK_COPY_MIN;
                copy_back(room + at, (size_t)distance, (size_t)len);
                at += (size_t)len;
        }
        return at == m->raw && clew_cursor_left(&literals) == 0 ? 0 : -EBADMSG;
}

int clew_unpacker_read(struct clew_unpacker *u, size_t index, struct clew_buffer *out)
{
        struct clew_cursor columns[PACK_COLUMNS];
        const struct message *m;
        struct clew_slice plain = CLEW_SLICE_NULL;
        uint8_t *room;
        int r;

        if (index >= u->n_messages)
                return -EINVAL;
        m = &u->messages[index];
        for (size_t i = 0; i < PACK_COLUMNS; i++) {
                r = unpack_frame(u, &u->columns[i], u->columns_total[i], &plain);
                if (r < 0)
                        return r;
                columns[i] = clew_cursor_make(
                        clew_slice_make(plain.data + m->columns_at[i], m->columns[i]));
        }
        r = unpack_residue(u, m->residue_at + m->residue, &plain);
        if (r < 0)
                return r;
        room = clew_buffer_reserve(out, (size_t)m->raw + 1);
        if (!room)
                return clew_buffer_error(out);
        r = replay(m, clew_slice_make(plain.data + m->residue_at, m->residue), columns, room);
        if (r == 0)
                clew_buffer_commit(out, (size_t)m->raw);
        return r;
}
