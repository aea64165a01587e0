#include "proto/mask/forms.h"

#include "proto/base/buffer.h"
#include "proto/base/utf8.h"

#include <errno.h>
#include <string.h>

/* A byte becomes six at most, once; at depth three, each of its backslashes eight. */
#define FORM_BYTES_MAX ((size_t)1 << 20)
#define DEPTHS 3u

static int add(struct clew_forms *f, struct clew_arena *arena, struct clew_slice bytes,
               enum clew_form_kind kind)
{
        for (uint32_t i = 0; i < f->n; i++) {
                if (clew_slice_eq(f->all[i].bytes, bytes))
                        return 0;
        }
        CLEW_ASSERT(f->n < CLEW_FORMS_MAX);
        f->all[f->n++] = (struct clew_form){.bytes = clew_arena_copy(arena, bytes), .kind = kind};
        return clew_arena_failed(arena) ? -ENOMEM : 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* How writers of JSON escape what need not be. */
static const struct way {
        bool units;      /* beyond ASCII as \uXXXX ... */
        bool large;      /* ... with large digits */
        const char *too; /* these as well: as \uXXXX, "/" by a backslash */
} ways[] = {
        {false, false, ""}, {true, false, ""},     {true, true, ""},
        {true, false, "/"}, {false, false, "<>&"},
};

static void put_unit(uint32_t unit, bool large, struct clew_buffer *out)
{
        const char *digits = large ? "0123456789ABCDEF" : "0123456789abcdef";

        clew_buffer_append_cstr(out, "\\u");
        for (unsigned shift = 16; shift > 0; shift -= 4)
                clew_buffer_append_byte(out, (uint8_t)digits[unit >> (shift - 4) & 15u]);
}

static void put_ascii(uint8_t c, const struct way *how, struct clew_buffer *out)
{
        static const char from[] = "\b\f\n\r\t\"\\";
        static const char to[] = "bfnrt\"\\";
        const char *at = c ? strchr(from, c) : NULL;

        if (at) {
                clew_buffer_append_byte(out, '\\');
                clew_buffer_append_byte(out, (uint8_t)to[at - from]);
        } else if (c == '/' && how->too[0] == '/') {
                clew_buffer_append_cstr(out, "\\/");
        } else if (c < 0x20 || strchr(how->too, c)) {
                put_unit(c, how->large, out);
        } else {
                clew_buffer_append_byte(out, c);
        }
}

static void escape(struct clew_slice text, const struct way *how, struct clew_buffer *out)
{
        while (text.len > 0) {
                uint32_t c = text.data[0];

                if (c < 0x80 || !how->units) {
                        if (c < 0x80)
                                put_ascii((uint8_t)c, how, out);
                        else
                                clew_buffer_append_byte(out, (uint8_t)c);
                        text = clew_slice_from(text, 1);
                        continue;
                }
                c = clew_utf8_next(&text, NULL);
                if (c >= 0x10000) {
                        put_unit(0xd800 + ((c - 0x10000) >> 10), how->large, out);
                        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
                }
                put_unit(c, how->large, out);
        }
}

static int add_escaped(struct clew_forms *f, struct clew_arena *arena, struct clew_slice text)
{
        int r = 0;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(ways) && r == 0; i++) {
                struct clew_buffer rooms[2] = {{0}};
                struct clew_slice level = text;

                for (unsigned depth = 0; depth < DEPTHS && r == 0; depth++) {
                        struct clew_buffer *out = &rooms[depth % 2];

                        clew_buffer_deinit(out);
                        clew_buffer_init(out, FORM_BYTES_MAX);
                        escape(level, &ways[i], out);
                        level = clew_buffer_slice(out);
                        r = clew_buffer_error(out);
                        if (r == 0)
                                r = add(f, arena, level, CLEW_FORM_TEXT);
                }
                clew_buffer_deinit(&rooms[0]);
                clew_buffer_deinit(&rooms[1]);
        }
        return r;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static int add_percent(struct clew_forms *f, struct clew_arena *arena, struct clew_slice text)
{
        /* What stays as it is beside letters, digits and "-_.~": nothing (RFC 3986), what
         * JavaScript leaves, what Python leaves; and forms, whose blank is a plus. */
        static const char *const kept[] = {"", "!*'()", "/", ""};
        int r = 0;

        for (unsigned i = 0; i < 2 * CLEW_ARRAY_LEN(kept) && r == 0; i++) {
                const char *digits = i % 2 ? "0123456789abcdef" : "0123456789ABCDEF";
                bool is_form = i / 2 == CLEW_ARRAY_LEN(kept) - 1;
                CLEW_BUFFER out = {0};

                clew_buffer_init(&out, FORM_BYTES_MAX);
                for (size_t k = 0; k < text.len; k++) {
                        uint8_t c = text.data[k];
                        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                     (c >= 'A' && c <= 'Z');

                        if (plain || (c && (strchr("-_.~", c) || strchr(kept[i / 2], c)))) {
                                clew_buffer_append_byte(&out, c);
                        } else if (is_form && c == ' ') {
                                clew_buffer_append_byte(&out, '+');
                        } else {
                                clew_buffer_append_byte(&out, '%');
                                clew_buffer_append_byte(&out, (uint8_t)digits[c >> 4]);
                                clew_buffer_append_byte(&out, (uint8_t)digits[c & 15]);
                        }
                }
                r = clew_buffer_error(&out);
                if (r == 0)
                        r = add(f, arena, clew_buffer_slice(&out), CLEW_FORM_TEXT);
        }
        return r;
}

/* ---- digits ---------------------------------------------------------------------------------- */

static int add_hex(struct clew_forms *f, struct clew_arena *arena, struct clew_slice text)
{
        int r = 0;

        for (unsigned large = 0; large < 2 && r == 0; large++) {
                const char *digits = large ? "0123456789ABCDEF" : "0123456789abcdef";
                uint8_t *to = clew_arena_alloc(arena, 2 * text.len);

                for (size_t i = 0; to && i < text.len; i++) {
                        to[2 * i] = (uint8_t)digits[text.data[i] >> 4];
                        to[2 * i + 1] = (uint8_t)digits[text.data[i] & 15];
                }
                r = to ? add(f, arena, clew_slice_make(to, 2 * text.len), CLEW_FORM_HEX) : -ENOMEM;
        }
        return r;
}

int clew_forms_base64(struct clew_slice text, unsigned before, bool is_url,
                      struct clew_arena *arena, struct clew_slice *ret)
{
        static const char *const alphabets[] = {
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        };
        size_t bits = 8 * (before + text.len);
        size_t first = (8 * before + 5) / 6 * 6;
        uint8_t *to = clew_arena_alloc(arena, bits / 6);
        size_t n = 0;

        if (!to)
                return -ENOMEM;
        for (size_t at = first; at + 6 <= bits; at += 6) {
                unsigned v = 0;

                for (size_t bit = at; bit < at + 6; bit++)
                        v = v << 1 | (text.data[bit / 8 - before] >> (7 - bit % 8) & 1u);
                to[n++] = (uint8_t)alphabets[is_url][v];
        }
        *ret = clew_slice_make(to, n);
        return 0;
}

static int add_base64(struct clew_forms *f, struct clew_arena *arena, struct clew_slice text)
{
        int r = 0;

        for (unsigned i = 0; i < 6 && r == 0; i++) {
                struct clew_slice bytes;
                uint32_t n = f->n;

                r = clew_forms_base64(text, i / 2, i % 2, arena, &bytes);
                if (r == 0)
                        r = add(f, arena, bytes, CLEW_FORM_BASE64);
                if (r == 0 && f->n > n) {
                        f->all[n].before = (uint8_t)(i / 2);
                        f->all[n].is_url = i % 2;
                }
        }
        return r;
}

int clew_forms_make(struct clew_slice text, struct clew_arena *arena, struct clew_forms *ret)
{
        int r;

        ret->n = 0;
        r = add(ret, arena, text, CLEW_FORM_TEXT);
        if (r == 0)
                r = add_escaped(ret, arena, text);
        if (r == 0)
                r = add_percent(ret, arena, text);
        if (r == 0)
                r = add_hex(ret, arena, text);
        return r == 0 ? add_base64(ret, arena, text) : r;
}
