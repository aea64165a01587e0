#include "query/review/redact.h"

#include "proto/base/arena.h"
#include "proto/base/sha256.h"
#include "proto/base/utf8.h"
#include "query/review/record.h"

#include <errno.h>
#include <string.h>

#define ARENA_MAX ((size_t)1 << 20)
#define HEAD "[redacted:"
#define HEAD_BYTES (sizeof(HEAD) - 1)
/* Hex digits of the hash that say enough; shorter texts have what fits. */
#define ROOM_MIN (HEAD_BYTES + 1 + 4)

/* ---- what stands in its place ---------------------------------------------------------------- */

/* Letters and digits of a hash of key and text, as many as are needed; all of it when there is no
 * room for more. */
static void fill(struct clew_slice text, const uint8_t key[CLEW_REDACT_KEY_BYTES], uint8_t *to,
                 size_t n)
{
        static const char digits[] = "0123456789abcdef";
        uint8_t hash[CLEW_SHA256_BYTES];
        struct clew_sha256 h;
        size_t at = 0;

        clew_sha256_init(&h);
        clew_sha256_add(&h, clew_slice_make(key, CLEW_REDACT_KEY_BYTES));
        clew_sha256_add(&h, text);
        clew_sha256_end(&h, hash);
        clew_sha256_init(&h); /* and once more with the key: no length can be added behind */
        clew_sha256_add(&h, clew_slice_make(key, CLEW_REDACT_KEY_BYTES));
        clew_sha256_add(&h, clew_slice_make(hash, sizeof(hash)));
        clew_sha256_end(&h, hash);
        if (n >= ROOM_MIN) {
                memcpy(to, HEAD, HEAD_BYTES);
                at = HEAD_BYTES;
        }
        for (size_t i = 0; at < n; i++)
                to[at++] = (uint8_t)digits[i % 2 ? hash[i / 2 % sizeof(hash)] & 15
                                                 : hash[i / 2 % sizeof(hash)] >> 4];
        if (n >= ROOM_MIN)
                to[n - 1] = ']';
}

/* ---- forms ----------------------------------------------------------------------------------- */

/* Characters beyond ASCII: as they are, or as \uXXXX with small or with large digits. */
enum escaping { AS_THEY_ARE, SMALL_DIGITS, LARGE_DIGITS, ESCAPINGS };

static void put_unit(uint32_t unit, enum escaping how, struct clew_buffer *out)
{
        const char *digits = how == LARGE_DIGITS ? "0123456789ABCDEF" : "0123456789abcdef";

        clew_buffer_append_cstr(out, "\\u");
        for (unsigned shift = 16; shift > 0; shift -= 4)
                clew_buffer_append_byte(out, (uint8_t)digits[unit >> (shift - 4) & 15u]);
}

static int escape(struct clew_slice text, enum escaping how, struct clew_buffer *out)
{
        static const char from[] = "\b\f\n\r\t\"\\";
        static const char to[] = "bfnrt\"\\";

        while (text.len > 0) {
                uint32_t c = text.data[0];
                const char *at = c && c < 0x80 ? strchr(from, (int)c) : NULL;

                if (c >= 0x80 && how != AS_THEY_ARE) {
                        c = clew_utf8_next(&text, NULL);
                        if (c >= 0x10000) {
                                put_unit(0xd800 + ((c - 0x10000) >> 10), how, out);
                                c = 0xdc00 + ((c - 0x10000) & 0x3ff);
                        }
                        put_unit(c, how, out);
                        continue;
                }
                if (at) {
                        clew_buffer_append_byte(out, '\\');
                        clew_buffer_append_byte(out, (uint8_t)to[at - from]);
                } else if (c < 0x20) {
                        put_unit(c, how, out);
                } else {
                        clew_buffer_append_byte(out, (uint8_t)c);
                }
                text = clew_slice_from(text, 1);
        }
        return clew_buffer_error(out);
}

/* The digits that the bytes of @text decide alone when @before bytes stand before them. */
static int encode(struct clew_slice text, unsigned before, const char *alphabet,
                  struct clew_buffer *out)
{
        size_t bits = 8 * (before + text.len);

        for (size_t at = (8 * before + 5) / 6 * 6; at + 6 <= bits; at += 6) {
                unsigned v = 0;

                for (size_t bit = at; bit < at + 6; bit++) {
                        uint8_t c = text.data[bit / 8 - before];

                        v = v << 1 | (c >> (7 - bit % 8) & 1u);
                }
                clew_buffer_append_byte(out, (uint8_t)alphabet[v]);
        }
        return clew_buffer_error(out);
}

/* Adds a form unless it is there already. */
static int add(struct clew_redact *r, struct clew_slice from, struct clew_slice to)
{
        struct clew_redact_form *f = &r->forms[r->n];

        for (uint32_t i = 0; i < r->n; i++) {
                if (clew_slice_eq(r->forms[i].from, from))
                        return 0;
        }
        CLEW_ASSERT(r->n < CLEW_REDACT_FORMS_MAX && from.len == to.len);
        f->from = clew_arena_copy(&r->arena, from);
        f->to = clew_arena_copy(&r->arena, to);
        r->n += !clew_arena_failed(&r->arena);
        return clew_arena_failed(&r->arena) ? -ENOMEM : 0;
}

static int add_filled(struct clew_redact *r, struct clew_slice text, struct clew_slice form,
                      const uint8_t key[CLEW_REDACT_KEY_BYTES])
{
        CLEW_BUFFER to = {0};

        clew_buffer_init(&to, ARENA_MAX);
        if (!clew_buffer_reserve(&to, form.len))
                return -ENOMEM;
        fill(text, key, to.data, form.len);
        return add(r, form, clew_slice_make(to.data, form.len));
}

/* The text first: it says what is shown. */
static int add_escaped(struct clew_redact *r, struct clew_slice text,
                       const uint8_t key[CLEW_REDACT_KEY_BYTES])
{
        int e = add_filled(r, text, text, key);

        for (unsigned how = 0; e == 0 && how < ESCAPINGS; how++) {
                CLEW_BUFFER once = {0};
                CLEW_BUFFER twice = {0};

                clew_buffer_init(&once, ARENA_MAX);
                clew_buffer_init(&twice, ARENA_MAX);
                e = escape(text, (enum escaping)how, &once);
                if (e == 0)
                        e = escape(clew_buffer_slice(&once), (enum escaping)how, &twice);
                if (e == 0)
                        e = add_filled(r, text, clew_buffer_slice(&once), key);
                if (e == 0)
                        e = add_filled(r, text, clew_buffer_slice(&twice), key);
        }
        return e;
}

static int add_encoded(struct clew_redact *r, struct clew_slice text)
{
        static const char *const alphabets[] = {
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        };
        struct clew_slice to = clew_redact_shown(r);
        int e = 0;

        for (unsigned before = 0; e == 0 && before < 3; before++) {
                for (size_t i = 0; e == 0 && i < CLEW_ARRAY_LEN(alphabets); i++) {
                        CLEW_BUFFER from = {0};
                        CLEW_BUFFER into = {0};

                        clew_buffer_init(&from, ARENA_MAX);
                        clew_buffer_init(&into, ARENA_MAX);
                        e = encode(text, before, alphabets[i], &from);
                        if (e == 0)
                                e = encode(to, before, alphabets[i], &into);
                        if (e == 0)
                                e = add(r, clew_buffer_slice(&from), clew_buffer_slice(&into));
                }
        }
        return e;
}

int clew_redact_init(struct clew_redact *r, struct clew_slice text,
                     const uint8_t key[CLEW_REDACT_KEY_BYTES], struct clew_error *err)
{
        int e;

        *r = (struct clew_redact){.n = 0};
        if (text.len < CLEW_REDACT_BYTES_MIN || text.len > CLEW_REDACT_BYTES_MAX ||
            !clew_utf8_valid(text))
                return clew_error_set(
                        err, -EINVAL, 0,
                        "a text to be taken out has %u to %u bytes of UTF-8, not %zu: "
                        "a shorter one is in much that is not meant",
                        CLEW_REDACT_BYTES_MIN, CLEW_REDACT_BYTES_MAX, text.len);
        clew_arena_init(&r->arena, ARENA_MAX);
        e = add_escaped(r, text, key);
        if (e == 0)
                e = add_encoded(r, text);
        if (e < 0)
                clew_redact_deinit(r);
        return e < 0 ? clew_error_set(err, e, 0, "out of memory") : 0;
}

void clew_redact_deinit(struct clew_redact *r)
{
        clew_arena_deinit(&r->arena);
        r->n = 0;
}

struct clew_slice clew_redact_shown(const struct clew_redact *r)
{
        return r->forms[0].to;
}

/* ---- finding --------------------------------------------------------------------------------- */

static uint64_t count(void *context, struct clew_slice text)
{
        const struct clew_redact *r = context;
        uint64_t n = 0;

        for (uint32_t i = 0; i < r->n; i++) {
                struct clew_slice from = r->forms[i].from;
                const uint8_t *at = text.data;
                size_t left = text.len;
                const uint8_t *hit;

                while ((hit = memmem(at, left, from.data, from.len)) != NULL) {
                        n++;
                        left -= (size_t)(hit - at) + from.len;
                        at = hit + from.len;
                }
        }
        return n;
}

static uint64_t replace(void *context, uint8_t *text, size_t len)
{
        const struct clew_redact *r = context;
        uint64_t n = 0;

        for (uint32_t i = 0; i < r->n; i++) {
                const struct clew_redact_form *f = &r->forms[i];
                uint8_t *at = text;
                size_t left = len;
                uint8_t *hit;

                while ((hit = memmem(at, left, f->from.data, f->from.len)) != NULL) {
                        memcpy(hit, f->to.data, f->to.len);
                        n++;
                        left -= (size_t)(hit - at) + f->from.len;
                        at = hit + f->from.len;
                }
        }
        return n;
}

static void mark(void *context, struct clew_slice key, uint8_t *value, size_t n)
{
        (void)context;
        if (key.len > 0 && key.data[0] == CLEW_KIND_BLOB)
                clew_review_mark_changed(value, n);
}

struct clew_redaction clew_redact_store(struct clew_redact *r)
{
        return (struct clew_redaction){
                .count = count, .replace = replace, .mark = mark, .context = r};
}
