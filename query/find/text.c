/*
 * See text.h.
 */
#include "query/find/text.h"

#include "proto/base/mem.h"
#include "proto/base/utf8.h"

#include <locale.h>
#include <pthread.h>
#include <string.h>
#include <wctype.h>

/* Bytes that are decoded at a time. */
#define WINDOW_BYTES ((size_t)1 << 20)
/* Bytes that one byte of text takes at most when escaped CLEW_TEXT_LAYERS_MAX times: a quote
 * doubles with each layer. */
#define ESCAPED_BYTES_MAX 16u

/* ---- escapes ----------------------------------------------------------------------------------
 */

static bool hex4(struct clew_slice s, size_t at, uint32_t *ret)
{
        uint32_t v = 0;

        if (s.len < 4 || at > s.len - 4)
                return false;
        for (size_t i = at; i < at + 4; i++) {
                uint8_t c = s.data[i];
                uint32_t digit;

                if (c >= '0' && c <= '9')
                        digit = (uint32_t)(c - '0');
                else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
                        digit = (uint32_t)((c | 0x20) - 'a') + 10;
                else
                        return false;
                v = v << 4 | digit;
        }
        *ret = v;
        return true;
}

/* Behind "\u" at @at: appends the character and returns the bytes taken, 0 when there is none. */
static size_t unescape_unicode(struct clew_buffer *out, struct clew_slice s, size_t at)
{
        uint8_t utf8[CLEW_UTF8_BYTES_MAX];
        uint32_t high;
        uint32_t low;
        size_t taken = 4;

        if (!hex4(s, at, &high))
                return 0;
        if (high >= 0xd800 && high < 0xdc00 && at + 6 <= s.len && s.data[at + 4] == '\\' &&
            s.data[at + 5] == 'u' && hex4(s, at + 6, &low) && low >= 0xdc00 && low < 0xe000) {
                high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                taken = 10;
        }
        clew_buffer_append(out, utf8, clew_utf8_encode(high, utf8));
        return taken;
}

/* What the letter behind a backslash means; 0 = nothing, the backslash stays. */
static uint8_t unescape_letter(uint8_t letter)
{
        switch (letter) {
        case '"':
        case '\\':
        case '/':
                return letter;
        case 'n':
                return '\n';
        case 't':
                return '\t';
        case 'r':
                return '\r';
        case 'b':
                return '\b';
        case 'f':
                return '\f';
        default:
                return 0;
        }
}

bool clew_text_unescape(struct clew_buffer *out, struct clew_slice bytes)
{
        bool any = false;
        size_t at = 0;

        while (at < bytes.len) {
                const uint8_t *slash = memchr(bytes.data + at, '\\', bytes.len - at);
                size_t end = slash ? (size_t)(slash - bytes.data) : bytes.len;
                size_t taken = 0;

                clew_buffer_append(out, bytes.data + at, end - at);
                at = end;
                if (at + 1 >= bytes.len) {
                        clew_buffer_append(out, bytes.data + at, bytes.len - at);
                        break;
                }
                if (bytes.data[at + 1] == 'u') {
                        taken = unescape_unicode(out, bytes, at + 2);
                } else {
                        uint8_t meant = unescape_letter(bytes.data[at + 1]);

                        if (meant)
                                clew_buffer_append_byte(out, meant);
                        any = any || meant;
                        at += meant ? 2 : 0;
                        if (meant)
                                continue;
                }
                any = any || taken > 0;
                if (taken == 0)
                        clew_buffer_append_byte(out, '\\');
                at += taken > 0 ? taken + 2 : 1;
        }
        return any;
}

/* ---- case -------------------------------------------------------------------------------------
 */

static locale_t folding; /* set once; lives as long as the program */
static pthread_once_t folding_once = PTHREAD_ONCE_INIT;

static void open_folding(void)
{
        folding = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* Scripts without upper and lower case, of which whole texts are: Hebrew to Myanmar; Chinese,
 * Japanese and Yi; Korean. */
static bool has_no_case(uint32_t c)
{
        return (c >= 0x590 && c < 0x10a0) || (c >= 0x2e80 && c < 0xa4d0) ||
               (c >= 0xac00 && c < 0xd7a4);
}

static uint32_t fold_one(uint32_t c)
{
        if (c < 0x80)
                return c >= 'A' && c <= 'Z' ? c + 32 : c;
        if (c == 0x3c2) /* final sigma */
                return 0x3c3;
        if (c == 0x17f) /* long s */
                return 's';
        return folding ? (uint32_t)towlower_l((wint_t)c, folding) : c;
}

uint32_t clew_text_fold_sign(uint32_t c)
{
        (void)pthread_once(&folding_once, open_folding);
        return fold_one(c);
}

/* Bytes of ASCII that @bytes begin with. */
static size_t ascii_run(struct clew_slice bytes)
{
        size_t n = 0;

        while (bytes.len - n >= sizeof(uint64_t)) {
                uint64_t eight;

                memcpy(&eight, bytes.data + n, sizeof(eight));
                if ((eight & UINT64_C(0x8080808080808080)) != 0)
                        break;
                n += sizeof(eight);
        }
        while (n < bytes.len && bytes.data[n] < 0x80)
                n++;
        return n;
}

/* Most texts are of such runs, or have long ones. */
static void fold_ascii(struct clew_buffer *out, const uint8_t *from, size_t n)
{
        uint8_t *to = clew_buffer_reserve(out, n);

        for (size_t i = 0; to && i < n; i++) {
                uint8_t c = from[i];

                to[i] = (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
        }
        if (to)
                clew_buffer_commit(out, n);
}

void clew_text_fold(struct clew_buffer *out, struct clew_slice bytes)
{
        (void)pthread_once(&folding_once, open_folding);
        while (bytes.len > 0) {
                size_t n = ascii_run(bytes);
                uint8_t utf8[CLEW_UTF8_BYTES_MAX];
                struct clew_slice before;
                uint32_t c;
                bool valid;

                if (n > 0) {
                        fold_ascii(out, bytes.data, n);
                        bytes = clew_slice_from(bytes, n);
                        continue;
                }
                before = bytes;
                c = clew_utf8_next(&bytes, &valid);
                if (valid && !has_no_case(c))
                        clew_buffer_append(out, utf8, clew_utf8_encode(fold_one(c), utf8));
                else
                        clew_buffer_append(out, before.data, before.len - bytes.len);
        }
}

/* ---- search -----------------------------------------------------------------------------------
 */

static bool holds(struct clew_slice bytes, struct clew_slice text)
{
        return bytes.len >= text.len && memmem(bytes.data, bytes.len, text.data, text.len) != NULL;
}

/* Letters, digits and spaces of ASCII are written as they are by every encoder of JSON, so that
 * what is not in the bytes is not in what they say either. */
static bool is_never_escaped(struct clew_slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];

                if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                      c == ' '))
                        return false;
        }
        return true;
}

struct layers {
        struct clew_buffer one;
        struct clew_buffer other;
        struct clew_buffer folded;
};

static bool holds_folded(struct layers *l, struct clew_slice bytes, struct clew_slice text)
{
        clew_buffer_clear(&l->folded);
        clew_text_fold(&l->folded, bytes);
        return holds(clew_buffer_slice(&l->folded), text);
}

static bool window_holds(struct layers *l, struct clew_slice window, struct clew_slice text,
                         bool ignore_case)
{
        struct clew_buffer *into = &l->one;

        if (ignore_case && holds_folded(l, window, text))
                return true;
        for (unsigned i = 0; i < CLEW_TEXT_LAYERS_MAX; i++) {
                clew_buffer_clear(into);
                if (!clew_text_unescape(into, window))
                        return false;
                window = clew_buffer_slice(into);
                if (ignore_case ? holds_folded(l, window, text) : holds(window, text))
                        return true;
                into = into == &l->one ? &l->other : &l->one;
        }
        return false;
}

bool clew_text_holds(struct clew_slice bytes, struct clew_slice text, bool ignore_case)
{
        size_t overlap = text.len * ESCAPED_BYTES_MAX + 64;
        size_t size = 2 * overlap > WINDOW_BYTES ? 2 * overlap : WINDOW_BYTES;
        struct layers l = {0};
        CLEW_BUFFER folded = {0};
        bool found = false;

        if (text.len == 0 || text.len > CLEW_TEXT_NEEDLE_BYTES_MAX)
                return false;
        if (!ignore_case) {
                if (holds(bytes, text))
                        return true;
                if (is_never_escaped(text) || bytes.len == 0 ||
                    !memchr(bytes.data, '\\', bytes.len))
                        return false;
        }
        clew_buffer_init(&folded, 2 * text.len + 16);
        if (ignore_case) {
                clew_text_fold(&folded, text);
                text = clew_buffer_slice(&folded);
        }
        clew_buffer_init(&l.one, size + 16);
        clew_buffer_init(&l.other, size + 16);
        /* Simple folding changes the length of few characters, by one byte in two at most. */
        clew_buffer_init(&l.folded, 2 * size + 16);
        for (size_t at = 0; !found && at < bytes.len; at += size - overlap) {
                size_t n = bytes.len - at < size ? bytes.len - at : size;

                found = window_holds(&l, clew_slice_make(bytes.data + at, n), text, ignore_case);
                if (at + n == bytes.len)
                        break;
        }
        clew_buffer_deinit(&l.one);
        clew_buffer_deinit(&l.other);
        clew_buffer_deinit(&l.folded);
        return found;
}
