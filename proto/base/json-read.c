/*
 * The pull reader. `expect` is the state between tokens; one bit a level tells arrays from objects.
 *
 * Speed comes from strings, which are nine tenths of trace data: they are scanned eight bytes at a
 * time for '"' and '\\' and decoded only on request. Hazard: the exact-zero-byte trick below marks
 * false positives only *above* the first real hit, so only its lowest mark may be used.
 */
#include "proto/base/json.h"

#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "proto/base/number.h"
#include "proto/base/utf8.h"

#include <errno.h>
#include <math.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum expect {
        EXPECT_VALUE,         /* top level, or an element after a comma */
        EXPECT_MEMBER_VALUE,  /* behind a key */
        EXPECT_FIRST_KEY,     /* or '}' */
        EXPECT_KEY,           /* after a comma */
        EXPECT_FIRST_ELEMENT, /* or ']' */
        EXPECT_SEPARATOR,     /* ',' or the end of the container */
        EXPECT_NOTHING,       /* the top value is complete */
        EXPECT_CLOSE,         /* something was wrong: close what is open */
};

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* Marks the high bit of each byte of @word that equals @byte; exact up to the first mark. */
static inline uint64_t mark(uint64_t word, uint8_t byte)
{
        uint64_t x = word ^ (ONES * byte);

        return (x - ONES) & ~x & HIGHS;
}

static inline uint64_t load_le(const uint8_t *p)
{
        uint64_t word;

        memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        return word;
}

static inline unsigned first_mark(uint64_t marks)
{
        return (unsigned)__builtin_ctzll(marks) >> 3;
}

void clew_json_skip_mark(struct clew_json_reader *r)
{
        static const uint8_t mark[] = {0xef, 0xbb, 0xbf};

        if (r->at == r->start && (size_t)(r->end - r->at) >= sizeof(mark) &&
            memcmp(r->at, mark, sizeof(mark)) == 0)
                r->at += sizeof(mark);
}

struct clew_json_reader clew_json_reader_make(struct clew_slice input, unsigned max_depth)
{
        static const uint8_t nothing[1];
        const uint8_t *p = input.data ? input.data : nothing;

        return (struct clew_json_reader){
                .start = p,
                .at = p,
                .end = p + input.len,
                .max_depth = max_depth < CLEW_JSON_DEPTH_MAX ? max_depth : CLEW_JSON_DEPTH_MAX,
                .error_reason = "",
        };
}

static void note_problem(struct clew_json_reader *r, enum clew_json_status status,
                         const uint8_t *where, const char *reason)
{
        if (r->status != CLEW_JSON_READING)
                return;
        r->status = status;
        r->error_offset = (size_t)(where - r->start);
        r->error_reason = reason;
}

static bool top_is_array(const struct clew_json_reader *r)
{
        unsigned level = r->depth - 1;

        return r->is_array[level / 64] >> (level % 64) & 1;
}

/* Closes the innermost container, or ends. */
static enum clew_json_token close_next(struct clew_json_reader *r)
{
        bool array;

        r->cut = true;
        r->text = CLEW_SLICE_NULL;
        r->escaped = false;
        r->offset = (size_t)(r->at - r->start);
        if (r->depth == 0)
                return CLEW_JSON_END;
        array = top_is_array(r);
        r->depth--;
        return array ? CLEW_JSON_ARRAY_END : CLEW_JSON_OBJECT_END;
}

/* Something is wrong at @where. A key that waits for its value gets a null. */
static enum clew_json_token fail(struct clew_json_reader *r, enum clew_json_status status,
                                 const uint8_t *where, const char *reason)
{
        bool owes_value = r->expect == EXPECT_MEMBER_VALUE;

        note_problem(r, status, where, reason);
        r->expect = EXPECT_CLOSE;
        if (!owes_value)
                return close_next(r);
        r->cut = true;
        r->text = CLEW_SLICE_NULL;
        r->offset = (size_t)(where - r->start);
        return CLEW_JSON_NULL;
}

static enum clew_json_token fail_at_end(struct clew_json_reader *r, const char *reason)
{
        r->at = r->end;
        return fail(r, CLEW_JSON_TRUNCATED, r->end, reason);
}

static void after_value(struct clew_json_reader *r)
{
        r->expect = r->depth ? EXPECT_SEPARATOR : EXPECT_NOTHING;
}

static enum clew_json_token open_container(struct clew_json_reader *r, bool array)
{
        unsigned level = r->depth;

        if (level >= r->max_depth)
                return fail(r, CLEW_JSON_TOO_DEEP, r->at, "nested too deeply");
        if (array)
                r->is_array[level / 64] |= UINT64_C(1) << (level % 64);
        else
                r->is_array[level / 64] &= ~(UINT64_C(1) << (level % 64));
        r->depth++;
        r->at++;
        r->expect = array ? EXPECT_FIRST_ELEMENT : EXPECT_FIRST_KEY;
        return array ? CLEW_JSON_ARRAY_BEGIN : CLEW_JSON_OBJECT_BEGIN;
}

static enum clew_json_token close_container(struct clew_json_reader *r)
{
        bool array = top_is_array(r);

        r->at++;
        r->depth--;
        after_value(r);
        return array ? CLEW_JSON_ARRAY_END : CLEW_JSON_OBJECT_END;
}

/* Bytes of an escape that begins at @p, 0 when the input ends inside it. */
static size_t escape_length(const uint8_t *p, const uint8_t *end)
{
        size_t n = end - p >= 2 && p[1] == 'u' ? 6 : 2;

        return (size_t)(end - p) < n ? 0 : n;
}

static bool is_high_surrogate_escape(const uint8_t *p)
{
        return p[0] == '\\' && p[1] == 'u' && (p[2] | 0x20) == 'd' &&
               (p[3] == '8' || p[3] == '9' || (p[3] | 0x20) == 'a' || (p[3] | 0x20) == 'b');
}

/* Takes off what a cut leaves of an escape, a surrogate pair or a UTF-8 sequence. */
static struct clew_slice trim_cut_text(const uint8_t *start, const uint8_t *end)
{
        const uint8_t *p = start;
        const uint8_t *last = NULL; /* the last escape */
        struct clew_slice text;

        while (p < end) {
                size_t n;

                p = memchr(p, '\\', (size_t)(end - p));
                if (!p)
                        break;
                n = escape_length(p, end);
                if (n == 0) {
                        end = p;
                        break;
                }
                last = p;
                p += n;
        }
        if (last && end - last == 6 && is_high_surrogate_escape(last))
                end = last;
        text = clew_slice_make(start, (size_t)(end - start));
        for (size_t back = 1; back < CLEW_UTF8_BYTES_MAX && back <= text.len; back++) {
                uint8_t c = text.data[text.len - back];

                if (c < 0x80)
                        break;
                if (c >= 0xc0) {
                        struct clew_slice tail = clew_slice_from(text, text.len - back);

                        text.len -= clew_utf8_valid(tail) ? 0 : back;
                        break;
                }
        }
        return text;
}

/* Strings longer than this are looked through for quotes alone, at the speed of memory. */
#define SHORT_STRING 48

/* The same as find_quote() for what is left of a long string, from @p on. A quote ends it unless an
 * odd number of backslashes stands before it; backslashes before different quotes are different
 * ones, so each byte is looked at twice at most. */
static const uint8_t *find_far_quote(const uint8_t *p, const uint8_t *end, bool *ret_escaped)
{
        const uint8_t *from = p;

        while (p < end && (p = memchr(p, '"', (size_t)(end - p)))) {
                const uint8_t *q = p;

                while (q > from && q[-1] == '\\')
                        q--;
                if (((p - q) & 1) == 0)
                        break;
                p++;
        }
        if (p == end)
                p = NULL;
        if (!*ret_escaped)
                *ret_escaped = memchr(from, '\\', (size_t)((p ? p : end) - from)) != NULL;
        return p;
}

#ifdef __SSE2__

/* Marks the bytes of 16 that are quotes or backslashes. */
static inline unsigned special_16(const uint8_t *p)
{
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);

        return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                                        _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
}

/* Moves *@at behind bytes that are neither, 16 at a time; true: it stands at one that is. */
static inline bool pass_plain(const uint8_t **at, const uint8_t *far)
{
        while (far - *at >= 16) {
                unsigned marks = special_16(*at);

                if (marks) {
                        *at += __builtin_ctz(marks);
                        return true;
                }
                *at += 16;
        }
        return false;
}

#else

static inline bool pass_plain(const uint8_t **at, const uint8_t *far)
{
        (void)at;
        (void)far;
        return false;
}

#endif

/* The closing quote at or after @p, or NULL when the input ends first. */
static const uint8_t *find_quote(const uint8_t *p, const uint8_t *end, bool *ret_escaped)
{
        const uint8_t *far = end - p > SHORT_STRING ? p + SHORT_STRING : end;
        bool found;

        *ret_escaped = false;
        while (p < end) {
                if (p >= far)
                        return find_far_quote(p, end, ret_escaped);
                found = pass_plain(&p, far);
                if (!found && p == far)
                        continue;
                if (!found && CLEW_LIKELY(end - p >= 8)) {
                        uint64_t word = load_le(p);
                        uint64_t marks = mark(word, '"') | mark(word, '\\');

                        if (!marks) {
                                p += 8;
                                continue;
                        }
                        p += first_mark(marks);
                }
                if (*p == '"')
                        return p;
                if (*p == '\\') {
                        *ret_escaped = true;
                        if (end - p < 2)
                                return NULL;
                        p++;
                }
                p++;
        }
        return NULL;
}

/* Reads the string at r->at. False when it is not closed; r->text is then what there is. */
static bool read_string(struct clew_json_reader *r)
{
        const uint8_t *start = r->at + 1;
        const uint8_t *quote = find_quote(start, r->end, &r->escaped);

        if (!quote) {
                r->text = trim_cut_text(start, r->end);
                r->cut = true;
                r->at = r->end;
                return false;
        }
        r->text = clew_slice_make(start, (size_t)(quote - start));
        r->at = quote + 1;
        return true;
}

static void skip_space(struct clew_json_reader *r)
{
        while (r->at < r->end &&
               (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
                r->at++;
}

static enum clew_json_token read_key(struct clew_json_reader *r)
{
        if (*r->at != '"')
                return fail(r, CLEW_JSON_MALFORMED, r->at, "expected a key in double quotes");
        if (!read_string(r))
                return fail_at_end(r, "the text ends inside a key");
        skip_space(r);
        r->expect = EXPECT_MEMBER_VALUE;
        if (r->at == r->end)
                return CLEW_JSON_KEY; /* the next call finds the end and gives a null */
        if (*r->at != ':') {
                r->expect = EXPECT_KEY;
                return fail(r, CLEW_JSON_MALFORMED, r->at, "expected ':' after a key");
        }
        r->at++;
        return CLEW_JSON_KEY;
}

static enum clew_json_token read_literal(struct clew_json_reader *r, const char *word,
                                         enum clew_json_token token)
{
        size_t n = strlen(word);
        size_t left = (size_t)(r->end - r->at);

        if (memcmp(r->at, word, left < n ? left : n) != 0)
                return fail(r, CLEW_JSON_MALFORMED, r->at, "expected a value");
        if (left < n) {
                note_problem(r, CLEW_JSON_TRUNCATED, r->end, "the text ends inside a word");
                r->at = r->end;
                r->cut = true;
                r->expect = EXPECT_CLOSE;
                return CLEW_JSON_NULL;
        }
        if (token == CLEW_JSON_NUMBER)
                r->text = clew_slice_make(r->at, n);
        r->at += n;
        after_value(r);
        return token;
}

static bool is_number_byte(uint8_t c)
{
        return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
}

static enum clew_json_token read_number(struct clew_json_reader *r)
{
        const uint8_t *p = r->at;
        double v;

        if (*p == '-' && r->end - p >= 2 && p[1] == 'I')
                return read_literal(r, "-Infinity", CLEW_JSON_NUMBER);
        while (p < r->end && is_number_byte(*p))
                p++;
        r->text = clew_slice_make(r->at, (size_t)(p - r->at));
        if (p == r->end && r->depth > 0) {
                /* "12" at the end of the text may have been "123". */
                note_problem(r, CLEW_JSON_TRUNCATED, r->end, "the text ends inside a number");
                r->cut = true;
                r->text.len = clew_number_prefix(r->text); /* "1e", "-" */
                r->at = r->end;
                r->expect = EXPECT_CLOSE;
                return r->text.len ? CLEW_JSON_NUMBER : CLEW_JSON_NULL;
        }
        /* Plain digits need no second look. */
        for (const uint8_t *q = r->at; q < p; q++) {
                if (*q >= '0' && *q <= '9')
                        continue;
                if (!clew_parse_double(r->text, &v)) {
                        r->text = CLEW_SLICE_NULL;
                        return fail(r, CLEW_JSON_MALFORMED, r->at, "not a number");
                }
                break;
        }
        r->at = p;
        after_value(r);
        return CLEW_JSON_NUMBER;
}

static enum clew_json_token read_value(struct clew_json_reader *r)
{
        switch (*r->at) {
        case '{':
                return open_container(r, false);
        case '[':
                return open_container(r, true);
        case '"':
                if (!read_string(r)) {
                        note_problem(r, CLEW_JSON_TRUNCATED, r->end,
                                     "the text ends inside a string");
                        r->expect = EXPECT_CLOSE;
                } else {
                        after_value(r);
                }
                return CLEW_JSON_STRING;
        case 't':
                return read_literal(r, "true", CLEW_JSON_TRUE);
        case 'f':
                return read_literal(r, "false", CLEW_JSON_FALSE);
        case 'n':
                return read_literal(r, "null", CLEW_JSON_NULL);
        case 'N':
                return read_literal(r, "NaN", CLEW_JSON_NUMBER);
        case 'I':
                return read_literal(r, "Infinity", CLEW_JSON_NUMBER);
        default:
                if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))
                        return read_number(r);
                return fail(r, CLEW_JSON_MALFORMED, r->at, "expected a value");
        }
}

/* Behind a value inside a container: ',' leads on, the right bracket closes. */
static enum clew_json_token read_separator(struct clew_json_reader *r)
{
        bool array = top_is_array(r);

        if (*r->at == (array ? ']' : '}'))
                return close_container(r);
        if (*r->at != ',')
                return fail(r, CLEW_JSON_MALFORMED, r->at,
                            array ? "expected ',' or ']'" : "expected ',' or '}'");
        r->at++;
        skip_space(r);
        r->expect = array ? EXPECT_VALUE : EXPECT_KEY;
        if (r->at == r->end)
                return fail_at_end(r, "the text ends after a comma");
        r->offset = (size_t)(r->at - r->start);
        return array ? read_value(r) : read_key(r);
}

static enum clew_json_token read_token(struct clew_json_reader *r)
{
        if (r->expect == EXPECT_CLOSE)
                return close_next(r);
        skip_space(r);
        r->offset = (size_t)(r->at - r->start);
        r->escaped = false;
        r->cut = false;
        r->text = CLEW_SLICE_NULL;
        if (r->expect == EXPECT_NOTHING) {
                if (r->at < r->end)
                        note_problem(r, CLEW_JSON_MALFORMED, r->at, "text after the value");
                else if (r->status == CLEW_JSON_READING)
                        r->status = CLEW_JSON_COMPLETE;
                return CLEW_JSON_END;
        }
        if (r->at == r->end)
                return fail_at_end(r, r->depth ? "the text ends inside a value" : "no value");
        switch ((enum expect)r->expect) {
        case EXPECT_FIRST_KEY:
                return *r->at == '}' ? close_container(r) : read_key(r);
        case EXPECT_KEY:
                return read_key(r);
        case EXPECT_FIRST_ELEMENT:
                return *r->at == ']' ? close_container(r) : read_value(r);
        case EXPECT_SEPARATOR:
                return read_separator(r);
        case EXPECT_VALUE:
        case EXPECT_MEMBER_VALUE:
        case EXPECT_NOTHING:
        case EXPECT_CLOSE:
                break;
        }
        return read_value(r);
}

enum clew_json_token clew_json_next(struct clew_json_reader *r)
{
        r->token = read_token(r);
        return r->token;
}

bool clew_json_next_member(struct clew_json_reader *r)
{
        return clew_json_next(r) == CLEW_JSON_KEY;
}

bool clew_json_next_element(struct clew_json_reader *r)
{
        enum clew_json_token token = clew_json_next(r);

        return token != CLEW_JSON_ARRAY_END && token != CLEW_JSON_END;
}

void clew_json_skip(struct clew_json_reader *r)
{
        unsigned depth;

        if (r->token == CLEW_JSON_KEY)
                clew_json_next(r);
        if (r->token != CLEW_JSON_OBJECT_BEGIN && r->token != CLEW_JSON_ARRAY_BEGIN)
                return;
        depth = r->depth;
        while (r->depth >= depth && r->token != CLEW_JSON_END)
                clew_json_next(r);
}

struct clew_slice clew_json_take(struct clew_json_reader *r)
{
        size_t from;

        if (r->token == CLEW_JSON_KEY)
                clew_json_next(r);
        from = r->offset;
        clew_json_skip(r);
        return clew_slice_make(r->start + from, (size_t)(r->at - r->start) - from);
}

/* The code unit of the \uXXXX escape at @p, or -1 when there is none. */
static int32_t unicode_escape(const uint8_t *p, const uint8_t *end)
{
        unsigned v = 0;

        if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
                return -1;
        for (int i = 2; i < 6; i++) {
                int digit = clew_hex_digit(p[i]);

                if (digit < 0)
                        return -1;
                v = v << 4 | (unsigned)digit;
        }
        return (int32_t)v;
}

/* What the letter of a two-byte escape stands for; 0 = no such escape. */
static const uint8_t short_escapes[256] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* Decodes the escape at *at, which is not a short one, and moves behind it; returns the bytes
 * written (at most 4; an escape is never shorter than what it stands for). */
static size_t decode_long_escape(const uint8_t **at, const uint8_t *end, uint8_t *ret)
{
        const uint8_t *p = *at;
        int32_t unit = unicode_escape(p, end);
        int32_t low;
        uint32_t code_point;

        if (unit < 0) {
                *ret = '\\'; /* no escape that JSON knows: kept as written */
                *at = p + 1;
                return 1;
        }
        *at = p + 6;
        code_point = (uint32_t)unit;
        low = unit >= 0xd800 && unit <= 0xdbff ? unicode_escape(p + 6, end) : -1;
        if (low >= 0xdc00 && low <= 0xdfff) {
                code_point =
                        0x10000u + (((uint32_t)unit & 0x3ffu) << 10 | ((uint32_t)low & 0x3ffu));
                *at = p + 12;
        }
        return clew_utf8_encode(code_point, ret);
}

#ifdef __SSE2__

/* Copies up to the next backslash while 16 bytes are left; what is written never gets before what
 * is read. True: it did, so that fewer are left, or a backslash comes next. */
static inline bool copy_plain(const uint8_t **at, const uint8_t *end, uint8_t **out)
{
        const uint8_t *from = *at;

        while (end - *at >= 16) {
                __m128i v = _mm_loadu_si128((const __m128i *)(const void *)*at);
                unsigned marks =
                        (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
                unsigned n = marks ? (unsigned)__builtin_ctz(marks) : 16;

                _mm_storeu_si128((__m128i *)(void *)*out, v);
                *out += n;
                *at += n;
                if (marks)
                        break;
        }
        return *at > from;
}

#else

static inline bool copy_plain(const uint8_t **at, const uint8_t *end, uint8_t **out)
{
        (void)at;
        (void)end;
        (void)out;
        return false;
}

#endif

size_t clew_json_decode(struct clew_slice raw, uint8_t *ret)
{
        const uint8_t *p = raw.data;
        const uint8_t *end = p + raw.len;
        uint8_t *out = ret;

        while (p < end) {
                if (copy_plain(&p, end, &out))
                        continue;
                if (CLEW_LIKELY(end - p >= 8)) {
                        uint64_t marks = mark(load_le(p), '\\');
                        unsigned n = marks ? first_mark(marks) : 8;

                        memcpy(out, p, 8); /* the room behind raw.len takes the excess */
                        out += n;
                        p += n;
                        if (!marks)
                                continue;
                }
                if (*p != '\\') {
                        *out++ = *p++;
                } else if (end - p >= 2 && short_escapes[p[1]]) {
                        *out++ = short_escapes[p[1]];
                        p += 2;
                } else {
                        out += decode_long_escape(&p, end, out);
                }
        }
        return (size_t)(out - ret);
}

size_t clew_json_escape_len(struct clew_slice raw, size_t *ret_len)
{
        const uint8_t *p = raw.data;
        uint8_t decoded[CLEW_UTF8_BYTES_MAX];

        if (raw.len >= 2 && short_escapes[p[1]]) {
                *ret_len = 1;
                return 2;
        }
        *ret_len = decode_long_escape(&p, raw.data + raw.len, decoded);
        return (size_t)(p - raw.data);
}

bool clew_json_text_is(const struct clew_json_reader *r, const char *s)
{
        size_t n = strlen(s);
        uint8_t decoded[256 + 8];

        if (r->token != CLEW_JSON_KEY && r->token != CLEW_JSON_STRING)
                return false;
        if (!r->escaped)
                return r->text.len == n && memcmp(r->text.data, s, n) == 0;
        if (r->text.len < n || r->text.len > sizeof(decoded) - 8)
                return false; /* a name of 256 escaped bytes is none of ours */
        return clew_json_decode(r->text, decoded) == n && memcmp(decoded, s, n) == 0;
}

struct clew_slice clew_json_string(const struct clew_json_reader *r, struct clew_arena *arena)
{
        uint8_t *p;

        if (r->token != CLEW_JSON_KEY && r->token != CLEW_JSON_STRING)
                return CLEW_SLICE_NULL;
        if (!r->escaped)
                return r->text;
        p = clew_arena_alloc(arena, r->text.len + 8);
        if (!p)
                return CLEW_SLICE_NULL;
        return clew_slice_make(p, clew_json_decode(r->text, p));
}

void clew_json_append_string(const struct clew_json_reader *r, struct clew_buffer *out)
{
        uint8_t *p;

        if (r->token != CLEW_JSON_KEY && r->token != CLEW_JSON_STRING)
                return;
        if (!r->escaped) {
                clew_buffer_append_slice(out, r->text);
                return;
        }
        p = clew_buffer_reserve(out, r->text.len + 8);
        if (p)
                clew_buffer_commit(out, clew_json_decode(r->text, p));
}

bool clew_json_double(const struct clew_json_reader *r, double *ret)
{
        if (r->token != CLEW_JSON_NUMBER && (r->token != CLEW_JSON_STRING || r->escaped))
                return false;
        return clew_parse_double(r->text, ret);
}

bool clew_json_int64(const struct clew_json_reader *r, int64_t *ret)
{
        double v;

        if (r->token != CLEW_JSON_NUMBER && (r->token != CLEW_JSON_STRING || r->escaped))
                return false;
        if (clew_parse_int64(r->text, ret))
                return true;
        if (!clew_parse_double(r->text, &v) || !(v >= -0x1p63 && v < 0x1p63) || v != trunc(v))
                return false;
        *ret = (int64_t)v;
        return true;
}

bool clew_json_uint64(const struct clew_json_reader *r, uint64_t *ret)
{
        double v;

        if (r->token != CLEW_JSON_NUMBER && (r->token != CLEW_JSON_STRING || r->escaped))
                return false;
        if (clew_parse_uint64(r->text, ret))
                return true;
        if (!clew_parse_double(r->text, &v) || !(v >= 0 && v < 0x1p64) || v != trunc(v))
                return false;
        *ret = (uint64_t)v;
        return true;
}

int clew_json_reader_error(const struct clew_json_reader *r, struct clew_error *err)
{
        switch (r->status) {
        case CLEW_JSON_READING:
        case CLEW_JSON_COMPLETE:
                break;
        case CLEW_JSON_TOO_DEEP:
                return clew_error_set(err, -E2BIG, r->error_offset,
                                      "JSON nested deeper than %u levels at byte %zu", r->max_depth,
                                      r->error_offset);
        case CLEW_JSON_TRUNCATED:
                return clew_error_set(err, -EBADMSG, r->error_offset,
                                      "JSON cut short at byte %zu: %s", r->error_offset,
                                      r->error_reason);
        case CLEW_JSON_MALFORMED:
                return clew_error_set(err, -EBADMSG, r->error_offset,
                                      "malformed JSON at byte %zu: %s", r->error_offset,
                                      r->error_reason);
        }
        return 0;
}
