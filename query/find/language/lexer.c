/*
 * From text to tokens. A name runs until a sign that cannot stand in one, as in TraceQL: `.a-b` is
 * one name, `.a - b` is a difference.
 */
#include "query/find/language/token-int.h"

#include "proto/base/ids.h"
#include "proto/base/number.h"
#include "proto/base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One string, decoded. */
#define STRING_BYTES_MAX ((size_t)32 << 10)
/* Bytes of the text that a message repeats. */
#define SHOWN_MAX 40

static const struct sign {
        const char *text;
        enum clew_op op;
} signs[] = {
        /* The longer ones first. */
        {"!>>", CLEW_OP_NOT_DESCENDANT},
        {"!<<", CLEW_OP_NOT_ANCESTOR},
        {"&>>", CLEW_OP_AND_DESCENDANT},
        {"&<<", CLEW_OP_AND_ANCESTOR},
        {"&&", CLEW_OP_AND},
        {"||", CLEW_OP_OR},
        {"!=", CLEW_OP_NE},
        {"=~", CLEW_OP_MATCH},
        {"!~", CLEW_OP_NOT_MATCH},
        {"<=", CLEW_OP_LE},
        {">=", CLEW_OP_GE},
        {">>", CLEW_OP_DESCENDANT},
        {"<<", CLEW_OP_ANCESTOR},
        {"!>", CLEW_OP_NOT_CHILD},
        {"!<", CLEW_OP_NOT_PARENT},
        {"&>", CLEW_OP_AND_CHILD},
        {"&<", CLEW_OP_AND_PARENT},
        {"&~", CLEW_OP_AND_SIBLING},
        {"~", CLEW_OP_SIBLING},
        {"=", CLEW_OP_EQ},
        {"<", CLEW_OP_LT},
        {">", CLEW_OP_GT},
        {"!", CLEW_OP_NOT},
        {"+", CLEW_OP_ADD},
        {"-", CLEW_OP_SUB},
        {"*", CLEW_OP_MUL},
        {"/", CLEW_OP_DIV},
        {"%", CLEW_OP_MOD},
        {"^", CLEW_OP_POW},
};

const char *clew_op_text(enum clew_op op)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(signs); i++) {
                if (signs[i].op == op)
                        return signs[i].text;
        }
        return op == CLEW_OP_NEG ? "-" : "?";
}

int clew_query_fail(struct clew_query_error *err, size_t offset, size_t len, const char *fmt, ...)
{
        va_list args;

        err->offset = offset;
        err->len = len > 0 ? len : 1;
        err->hint[0] = '\0';
        va_start(args, fmt);
        (void)vsnprintf(err->message, sizeof(err->message), fmt, args);
        va_end(args);
        return -EINVAL;
}

void clew_query_hint(struct clew_query_error *err, const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        (void)vsnprintf(err->hint, sizeof(err->hint), fmt, args);
        va_end(args);
}

size_t clew_query_column(struct clew_slice text, size_t offset)
{
        struct clew_slice left = clew_slice_make(text.data, offset < text.len ? offset : text.len);
        size_t column = 1;

        while (left.len > 0) {
                (void)clew_utf8_next(&left, NULL);
                column++;
        }
        return column;
}

struct clew_lexer clew_lexer_make(struct clew_slice text, struct clew_arena *arena,
                                  struct clew_query_error *err)
{
        return (struct clew_lexer){.text = text, .arena = arena, .err = err};
}

static int peek(const struct clew_lexer *l, size_t ahead)
{
        return l->at + ahead < l->text.len ? l->text.data[l->at + ahead] : -1;
}

static bool is_space(int c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_digit(int c)
{
        return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* May stand in the name of an attribute. */
static bool is_name(int c)
{
        return c > ' ' && c != 0x7f && !strchr("{}()=~!<>&|^,\"`", c);
}

/* White space and comments. */
static void skip(struct clew_lexer *l)
{
        for (;;) {
                if (is_space(peek(l, 0))) {
                        l->at++;
                } else if (peek(l, 0) == '/' && peek(l, 1) == '/') {
                        while (peek(l, 0) >= 0 && peek(l, 0) != '\n')
                                l->at++;
                } else {
                        return;
                }
        }
}

/* ---- strings ----------------------------------------------------------------------------------
 */

/* \xHH, \uHHHH, \UHHHHHHHH behind the letter; -1 = not that. */
static long hex_escape(struct clew_lexer *l, unsigned digits)
{
        long value = 0;

        for (unsigned i = 0; i < digits; i++) {
                int digit = clew_hex_digit(peek(l, i));

                if (digit < 0)
                        return -1;
                value = value << 4 | digit;
        }
        l->at += digits;
        return value;
}

static int decode_escape(struct clew_lexer *l, uint8_t *out, size_t *n)
{
        static const char letters[] = "abfnrtv\\\"'/";
        static const char values[] = "\a\b\f\n\r\t\v\\\"'/";
        size_t start = l->at - 1;
        int c = peek(l, 0);
        const char *plain = c > 0 ? strchr(letters, c) : NULL;
        long code;

        l->at++;
        if (plain) {
                out[(*n)++] = (uint8_t)values[plain - letters];
                return 0;
        }
        code = c == 'x' ? hex_escape(l, 2) : c == 'u' ? hex_escape(l, 4) : -1;
        if (c == 'U')
                code = hex_escape(l, 8);
        if (code < 0 || code > 0x10ffff) {
                clew_query_fail(l->err, start, 2, "an escape that strings do not know");
                clew_query_hint(l->err, "write \\\\ for a backslash, or the string in `backticks`");
                return -EINVAL;
        }
        if (c == 'x')
                out[(*n)++] = (uint8_t)code;
        else
                *n += clew_utf8_encode((uint32_t)code, out + *n);
        return 0;
}

/* At most so many bytes stand between the quotes. */
static size_t string_bytes(const struct clew_lexer *l, int quote)
{
        size_t n = 1;

        while (peek(l, n) >= 0 && peek(l, n) != quote && n < STRING_BYTES_MAX)
                n += quote == '"' && peek(l, n) == '\\' ? 2 : 1;
        return n;
}

static int read_string(struct clew_lexer *l, struct clew_slice *ret)
{
        size_t start = l->at;
        int quote = peek(l, 0);
        /* An escape is never shorter than what it stands for. */
        uint8_t *out = clew_arena_alloc(l->arena, string_bytes(l, quote) + 8);
        size_t n = 0;

        if (!out)
                return -ENOMEM;
        l->at++;
        while (peek(l, 0) != quote) {
                int r = 0;

                if (peek(l, 0) < 0)
                        return clew_query_fail(l->err, start, 1, "a string that does not end");
                if (n >= STRING_BYTES_MAX)
                        return clew_query_fail(l->err, start, 1, "a string of more than %zu bytes",
                                               STRING_BYTES_MAX);
                if (quote == '"' && peek(l, 0) == '\\') {
                        l->at++;
                        r = decode_escape(l, out, &n);
                } else {
                        out[n++] = l->text.data[l->at++];
                }
                if (r < 0)
                        return r;
        }
        l->at++;
        *ret = clew_slice_make(out, n);
        return 0;
}

/* ---- numbers ----------------------------------------------------------------------------------
 */

static const struct unit {
        const char *name;
        double ns;
} units[] = {
        {"ns", 1},  {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"\xce\xbcs", 1e3}, {"ms", 1e6},
        {"s", 1e9}, {"m", 60e9}, {"h", 3600e9},      {"d", 86400e9},     {"w", 7 * 86400e9},
};

static const struct unit *unit_at(const struct clew_lexer *l)
{
        struct clew_slice rest = clew_slice_from(l->text, l->at);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(units); i++) {
                if (clew_slice_starts_with(rest, clew_slice_of_cstr(units[i].name)))
                        return &units[i];
        }
        return NULL;
}

/* Digits with an optional fraction and exponent. */
static struct clew_slice digits_of(struct clew_lexer *l, bool *ret_float)
{
        size_t start = l->at;

        while (is_digit(peek(l, 0)))
                l->at++;
        if (peek(l, 0) == '.' && is_digit(peek(l, 1))) {
                *ret_float = true;
                l->at++;
                while (is_digit(peek(l, 0)))
                        l->at++;
        }
        if ((peek(l, 0) == 'e' || peek(l, 0) == 'E') &&
            (is_digit(peek(l, 1)) ||
             ((peek(l, 1) == '-' || peek(l, 1) == '+') && is_digit(peek(l, 2))))) {
                *ret_float = true;
                l->at += 2;
                while (is_digit(peek(l, 0)))
                        l->at++;
        }
        return clew_slice_make(l->text.data + start, l->at - start);
}

static int read_number(struct clew_lexer *l, struct clew_query_token *t)
{
        size_t start = l->at;
        bool is_float = false;
        double total = 0;
        struct clew_slice digits = digits_of(l, &is_float);
        const struct unit *unit = unit_at(l);

        if (!unit) {
                uint64_t integer = 0;

                if (is_letter(peek(l, 0)))
                        return clew_query_fail(l->err, start, l->at - start + 1,
                                               "a number with an unknown unit (ns, us, ms, s, m, "
                                               "h, d, w)");
                t->type = is_float ? CLEW_TOKEN_FLOAT : CLEW_TOKEN_INT;
                if (is_float ? !clew_parse_double(digits, &t->number)
                             : !clew_parse_uint64(digits, &integer) ||
                                       integer > (uint64_t)INT64_MAX + 1)
                        return clew_query_fail(l->err, start, digits.len, "a number out of range");
                t->integer = (int64_t)integer; /* 2^63 becomes INT64_MIN: see its declaration */
                return 0;
        }
        t->type = CLEW_TOKEN_DURATION;
        while (unit) {
                double v = 0;

                if (!clew_parse_double(digits, &v))
                        break;
                total += v * unit->ns;
                l->at += strlen(unit->name);
                if (!is_digit(peek(l, 0)))
                        break;
                digits = digits_of(l, &is_float);
                unit = unit_at(l);
        }
        if (!unit || is_letter(peek(l, 0)) || !(total < 9.2e18))
                return clew_query_fail(l->err, start, l->at - start,
                                       "a length of time that cannot be read (90s, 1h30m, 250ms)");
        t->integer = (int64_t)total;
        return 0;
}

/* ---- names ------------------------------------------------------------------------------------
 */

/* Behind the dot of `span.`: bare and quoted parts, joined. */
static int read_name(struct clew_lexer *l, struct clew_query_token *t)
{
        size_t start = l->at;
        CLEW_BUFFER name = {0};
        int r = 0;

        clew_buffer_init(&name, STRING_BYTES_MAX);
        while (r == 0 && (is_name(peek(l, 0)) || peek(l, 0) == '"')) {
                struct clew_slice part = clew_slice_make(l->text.data + l->at, 1);

                if (peek(l, 0) == '"')
                        r = read_string(l, &part);
                else
                        l->at++;
                if (r == 0)
                        clew_buffer_append_slice(&name, part);
        }
        if (r == 0)
                r = clew_buffer_error(&name);
        if (r < 0)
                return r == -EMSGSIZE ? clew_query_fail(l->err, start, 1, "a name that is too long")
                                      : r;
        if (name.len == 0)
                return clew_query_fail(l->err, t->offset, start - t->offset,
                                       "an attribute without a name behind the dot");
        t->type = CLEW_TOKEN_FIELD;
        t->text = clew_arena_copy(l->arena, clew_buffer_slice(&name));
        return t->text.data ? 0 : -ENOMEM;
}

static const struct scope_word {
        const char *text;
        enum clew_scope scope;
} scope_words[] = {
        {"span.", CLEW_SCOPE_SPAN},
        {"resource.", CLEW_SCOPE_RESOURCE},
        {"event.", CLEW_SCOPE_EVENT},
        {"link.", CLEW_SCOPE_LINK},
        {"instrumentation.", CLEW_SCOPE_INSTRUMENTATION},
};

static bool take(struct clew_lexer *l, const char *word)
{
        if (!clew_slice_starts_with(clew_slice_from(l->text, l->at), clew_slice_of_cstr(word)))
                return false;
        l->at += strlen(word);
        return true;
}

/* False when no attribute begins here. */
static bool take_scope(struct clew_lexer *l, struct clew_query_token *t)
{
        t->of_parent = take(l, "parent.");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(scope_words); i++) {
                if (take(l, scope_words[i].text)) {
                        t->scope = scope_words[i].scope;
                        return true;
                }
        }
        if (t->of_parent || (peek(l, 0) == '.' && !is_digit(peek(l, 1)) && take(l, "."))) {
                t->scope = CLEW_SCOPE_ANY;
                return true;
        }
        return false;
}

static void read_word(struct clew_lexer *l, struct clew_query_token *t)
{
        while (is_letter(peek(l, 0)) || is_digit(peek(l, 0)) ||
               (peek(l, 0) == ':' && is_letter(peek(l, 1))))
                l->at++;
        t->type = CLEW_TOKEN_WORD;
        t->text = clew_slice_make(l->text.data + t->offset, l->at - t->offset);
}

static int read_sign(struct clew_lexer *l, struct clew_query_token *t)
{
        static const struct {
                char c;
                enum clew_token_type type;
        } single[] = {
                {'{', CLEW_TOKEN_OPEN_BRACE}, {'}', CLEW_TOKEN_CLOSE_BRACE}, {'(', CLEW_TOKEN_OPEN},
                {')', CLEW_TOKEN_CLOSE},      {',', CLEW_TOKEN_COMMA},
        };
        int c = peek(l, 0);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(single); i++) {
                if (c == single[i].c) {
                        t->type = single[i].type;
                        l->at++;
                        return 0;
                }
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(signs); i++) {
                if (take(l, signs[i].text)) {
                        t->type = CLEW_TOKEN_OPERATOR;
                        t->op = signs[i].op;
                        return 0;
                }
        }
        if (c == '|') {
                t->type = CLEW_TOKEN_PIPE;
                l->at++;
                return 0;
        }
        if (c == '[' || c == ']')
                return clew_query_fail(l->err, l->at, 1,
                                       "not supported: [ ], lists of values and ranges of time");
        if (c == '$')
                return clew_query_fail(l->err, l->at, 1, "not supported: variables");
        clew_query_fail(l->err, l->at, 1, "a sign that the language does not know");
        if (c == '\'')
                clew_query_hint(l->err, "strings stand in \"double quotes\"");
        return -EINVAL;
}

int clew_lexer_next(struct clew_lexer *l, struct clew_query_token *ret)
{
        struct clew_query_token t = {0};
        size_t before = l->at;
        int c;
        int r = 0;

        skip(l);
        t.offset = l->at;
        t.has_space = l->at > before;
        c = peek(l, 0);
        if (c < 0)
                t.type = CLEW_TOKEN_END;
        else if (take_scope(l, &t))
                r = read_name(l, &t);
        else if (c == '"' || c == '`')
                r = read_string(l, &t.text);
        else if (is_digit(c) || (c == '.' && is_digit(peek(l, 1))))
                r = read_number(l, &t);
        else if (is_letter(c))
                read_word(l, &t);
        else
                r = read_sign(l, &t);
        if (r < 0)
                return r;
        if (c == '"' || c == '`')
                t.type = CLEW_TOKEN_STRING;
        t.len = l->at - t.offset;
        *ret = t;
        return 0;
}
