#include "collector/front/http-head-int.h"

#include "collector/front/guard-limits-int.h"

#include <string.h>
#include <strings.h>

#define CHUNK_DIGITS_MAX 8u   /* 4 GiB; bodies end at max-request-bytes */
#define LENGTH_DIGITS_MAX 18u /* below 2^63 whatever they are */
#define METHOD_BYTES_MAX 16u

/* Token characters of RFC 9110, section 5.6.2. */
static bool is_token_char(uint8_t ch)
{
        if ((ch >= '0' && ch <= '9') || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z'))
                return true;
        return ch != 0 && strchr("!#$%&'*+-.^_`|~", ch) != NULL;
}

static bool is_token(struct clew_slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                if (!is_token_char(s.data[i]))
                        return false;
        }
        return s.len > 0;
}

static struct clew_slice first(struct clew_slice s, size_t n)
{
        return clew_slice_make(s.data, n);
}

static bool equals(struct clew_slice s, const char *word)
{
        return s.len == strlen(word) && strncasecmp((const char *)s.data, word, s.len) == 0;
}

/* Blanks around a value (RFC 9110, section 5.5). */
static struct clew_slice trim(struct clew_slice s)
{
        while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
                s = clew_slice_make(s.data + 1, s.len - 1);
        while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
                s.len--;
        return s;
}

/* The line up to CRLF, taken off @rest. A CR or LF of its own inside a line is for the caller to
 * find: it is a control character like others. */
static struct clew_slice take_line(struct clew_slice *rest)
{
        const uint8_t *at = memmem(rest->data, rest->len, "\r\n", 2);
        size_t n = at ? (size_t)(at - rest->data) : rest->len;
        struct clew_slice line = first(*rest, n);

        *rest = clew_slice_from(*rest, n + 2);
        return line;
}

static bool has_control(struct clew_slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                if ((s.data[i] < 0x20 && s.data[i] != '\t') || s.data[i] == 0x7f)
                        return true;
        }
        return false;
}

/* method SP request-target SP HTTP-version (section 3). */
static const char *check_request_line(struct clew_slice line, bool *ret_is_1_1)
{
        const uint8_t *space = line.len ? memchr(line.data, ' ', line.len) : NULL;
        struct clew_slice target;
        struct clew_slice version;

        if (!space || !is_token(first(line, (size_t)(space - line.data))))
                return "the request line is damaged";
        target = clew_slice_from(line, (size_t)(space - line.data) + 1);
        space = target.len ? memchr(target.data, ' ', target.len) : NULL;
        if (!space || space == target.data)
                return "the request line is damaged";
        version = clew_slice_from(target, (size_t)(space - target.data) + 1);
        target = first(target, (size_t)(space - target.data));
        if (has_control(target) || memchr(target.data, '\t', target.len))
                return "the request target holds control characters";
        *ret_is_1_1 = clew_slice_eq_cstr(version, "HTTP/1.1");
        if (!*ret_is_1_1 && !clew_slice_eq_cstr(version, "HTTP/1.0"))
                return "only HTTP/1.1 and HTTP/1.0 are spoken here";
        return NULL;
}

static bool read_length(struct clew_slice s, uint64_t *ret)
{
        uint64_t n = 0;

        if (s.len == 0 || s.len > LENGTH_DIGITS_MAX)
                return false;
        for (size_t i = 0; i < s.len; i++) {
                if (s.data[i] < '0' || s.data[i] > '9')
                        return false;
                n = n * 10 + (uint64_t)(s.data[i] - '0');
        }
        *ret = n;
        return true;
}

bool clew_http_field_is_sound(struct clew_slice line)
{
        const uint8_t *colon = line.len ? memchr(line.data, ':', line.len) : NULL;

        return colon && is_token(first(line, (size_t)(colon - line.data))) && !has_control(line);
}

struct counts {
        unsigned n_fields;
        unsigned n_host;
        unsigned n_length;
        unsigned n_encoding;
        unsigned n_once[3]; /* of the headers that decide how a request is read */
};

/* One field; what decides about framing may stand once, and in one form. */
static const char *check_field(struct clew_slice line, struct counts *n,
                               struct clew_http_framing *f)
{
        static const char *const once[] = {"content-type", "content-encoding", "origin"};
        struct clew_slice name;
        struct clew_slice value;

        _Static_assert(CLEW_ARRAY_LEN(once) == CLEW_ARRAY_LEN(n->n_once), "a count for each");
        if (line.data[0] == ' ' || line.data[0] == '\t')
                return "a header is folded over several lines";
        if (!clew_http_field_is_sound(line))
                return "a header is damaged: its name must be a token, followed by a colon at "
                       "once, and its value must not hold control characters";
        if (++n->n_fields > CLEW_H1_FIELDS_MAX)
                return "there are too many headers";
        name = first(line, (size_t)((const uint8_t *)memchr(line.data, ':', line.len) - line.data));
        value = trim(clew_slice_from(line, name.len + 1));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(once); i++) {
                if (equals(name, once[i]) && ++n->n_once[i] > 1)
                        return "Content-Type, Content-Encoding and Origin may stand once";
        }
        if (equals(name, "host"))
                n->n_host++;
        if (equals(name, "content-type"))
                f->is_json = value.len >= 16 && equals(first(value, 16), "application/json");
        if (equals(name, "content-length")) {
                if (++n->n_length > 1)
                        return "there are two Content-Length headers";
                if (!read_length(value, &f->length))
                        return "Content-Length is not a number";
        }
        if (equals(name, "transfer-encoding")) {
                if (++n->n_encoding > 1 || !equals(value, "chunked"))
                        return "Transfer-Encoding must be \"chunked\", once";
                f->is_chunked = true;
        }
        return NULL;
}

const char *clew_http_head_check(struct clew_slice head, struct clew_http_framing *ret)
{
        struct clew_slice rest = head;
        struct counts n = {.n_fields = 0};
        bool is_1_1;
        const char *wrong;

        *ret = (struct clew_http_framing){.length = 0};
        wrong = check_request_line(take_line(&rest), &is_1_1);
        while (!wrong) {
                struct clew_slice line = take_line(&rest);

                if (line.len == 0)
                        break;
                wrong = check_field(line, &n, ret);
        }
        if (wrong)
                return wrong;
        if (n.n_length && n.n_encoding)
                return "Content-Length and Transfer-Encoding contradict each other";
        if (ret->is_chunked && !is_1_1)
                return "HTTP/1.0 knows no Transfer-Encoding";
        if (n.n_host > 1 || (is_1_1 && n.n_host == 0))
                return "a request has exactly one Host header";
        return NULL;
}

bool clew_http_head_is_hopeless(struct clew_slice part)
{
        const uint8_t *lf = part.len ? memchr(part.data, '\n', part.len) : NULL;
        const uint8_t *space = part.len ? memchr(part.data, ' ', part.len) : NULL;
        size_t method = space ? (size_t)(space - part.data) : part.len;

        if (lf && (lf == part.data || lf[-1] != '\r'))
                return true;
        return method > METHOD_BYTES_MAX || (method > 0 && !is_token(first(part, method)));
}

bool clew_http_chunk_size(struct clew_slice line, uint64_t *ret)
{
        uint64_t n = 0;
        size_t at = 0;

        for (; at < line.len; at++) {
                uint8_t ch = line.data[at];
                uint8_t low = ch | 0x20;

                if (ch >= '0' && ch <= '9')
                        n = n << 4 | (uint64_t)(ch - '0');
                else if (low >= 'a' && low <= 'f')
                        n = n << 4 | (uint64_t)(low - 'a' + 10);
                else
                        break;
        }
        if (at == 0 || at > CHUNK_DIGITS_MAX)
                return false;
        if (at < line.len && (line.data[at] != ';' || has_control(clew_slice_from(line, at))))
                return false;
        *ret = n;
        return true;
}
