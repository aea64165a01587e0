/*
 * Word lists and scanners over plain text. Linear, no allocation; every function looks at a bounded
 * head or tail where the whole text is not needed.
 */
#include "query/rca/text.h"

#include "proto/base/compiler.h"
#include "proto/base/hash.h"

#include <ctype.h>
#include <stdlib.h>

static uint8_t lower(uint8_t c)
{
        return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

static bool is_alpha(uint8_t c)
{
        c = lower(c);
        return (c >= 'a' && c <= 'z') || c >= 0x80;
}

static bool is_space(uint8_t c)
{
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

struct clew_slice clew_text_trim(struct clew_slice t)
{
        while (t.len && is_space(t.data[0]))
                t = clew_slice_from(t, 1);
        while (t.len && is_space(t.data[t.len - 1]))
                t.len--;
        return t;
}

static struct clew_slice head(struct clew_slice t, size_t n)
{
        if (t.len > n)
                t.len = n;
        return t;
}

static struct clew_slice tail(struct clew_slice t, size_t n)
{
        return t.len > n ? clew_slice_from(t, t.len - n) : t;
}

/* Room for every head and tail that word lists are looked up in. */
#define LOWER_MAX 2048u

/* A lower-case copy of at most LOWER_MAX bytes: one pass, then memmem for each word of a list. */
static struct clew_slice lowered(struct clew_slice t, uint8_t buffer[LOWER_MAX])
{
        size_t n = t.len < LOWER_MAX ? t.len : LOWER_MAX;

        for (size_t i = 0; i < n; i++)
                buffer[i] = lower(t.data[i]);
        return clew_slice_make(buffer, n);
}

static bool has_word(struct clew_slice lowered_text, const char *needle)
{
        return memmem(lowered_text.data ? (const void *)lowered_text.data : "", lowered_text.len,
                      needle, strlen(needle)) != NULL;
}

ptrdiff_t clew_text_find(struct clew_slice t, const char *needle)
{
        size_t n = strlen(needle);
        uint8_t first = (uint8_t)needle[0];

        if (n == 0 || t.len < n)
                return -1;
        for (size_t i = 0; i + n <= t.len; i++) {
                size_t k = 1;

                if (lower(t.data[i]) != first)
                        continue;
                while (k < n && lower(t.data[i + k]) == (uint8_t)needle[k])
                        k++;
                if (k == n)
                        return (ptrdiff_t)i;
        }
        return -1;
}

static bool has_any(struct clew_slice t, const char *const *list, size_t n)
{
        uint8_t buffer[LOWER_MAX];
        struct clew_slice l = lowered(t, buffer);

        for (size_t i = 0; i < n; i++) {
                if (has_word(l, list[i]))
                        return true;
        }
        return false;
}

#define HAS_ANY(text, list) has_any(text, list, CLEW_ARRAY_LEN(list))

/* ---- errors --------------------------------------------------------------------------------- */

/* First match wins, so narrower wordings stand above wider ones. */
static const struct {
        const char *needle;
        enum clew_trouble class;
} class_words[] = {
        {"context length", CLEW_TROUBLE_CONTEXT},
        {"context window", CLEW_TROUBLE_CONTEXT},
        {"context_length", CLEW_TROUBLE_CONTEXT},
        {"maximum context", CLEW_TROUBLE_CONTEXT},
        {"prompt is too long", CLEW_TROUBLE_CONTEXT},
        {"too many tokens", CLEW_TROUBLE_CONTEXT},
        {"max steps", CLEW_TROUBLE_BUDGET},
        {"max_steps", CLEW_TROUBLE_BUDGET},
        {"maximum number of steps", CLEW_TROUBLE_BUDGET},
        {"maximum number of iterations", CLEW_TROUBLE_BUDGET},
        {"max iterations", CLEW_TROUBLE_BUDGET},
        {"max_turns", CLEW_TROUBLE_BUDGET},
        {"max turns", CLEW_TROUBLE_BUDGET},
        {"step limit", CLEW_TROUBLE_BUDGET},
        {"iteration limit", CLEW_TROUBLE_BUDGET},
        {"recursion limit", CLEW_TROUBLE_BUDGET},
        {"wall clock", CLEW_TROUBLE_BUDGET},
        {"budget exceeded", CLEW_TROUBLE_BUDGET},
        {"rate limit", CLEW_TROUBLE_RATE},
        {"ratelimit", CLEW_TROUBLE_RATE},
        {"rate_limit", CLEW_TROUBLE_RATE},
        {"too many requests", CLEW_TROUBLE_RATE},
        {"quota", CLEW_TROUBLE_RATE},
        {"overloaded", CLEW_TROUBLE_SERVER},
        {"timed out", CLEW_TROUBLE_TIMEOUT},
        {"timeout", CLEW_TROUBLE_TIMEOUT},
        {"time-out", CLEW_TROUBLE_TIMEOUT},
        {"deadline exceeded", CLEW_TROUBLE_TIMEOUT},
        {"unauthorized", CLEW_TROUBLE_AUTH},
        {"unauthenticated", CLEW_TROUBLE_AUTH},
        {"forbidden", CLEW_TROUBLE_AUTH},
        {"permission denied", CLEW_TROUBLE_AUTH},
        {"access denied", CLEW_TROUBLE_AUTH},
        {"invalid api key", CLEW_TROUBLE_AUTH},
        {"token expired", CLEW_TROUBLE_AUTH},
        {"authentication", CLEW_TROUBLE_AUTH},
        {"service unavailable", CLEW_TROUBLE_SERVER},
        {"bad gateway", CLEW_TROUBLE_SERVER},
        {"internal server", CLEW_TROUBLE_SERVER},
        {"gateway", CLEW_TROUBLE_SERVER},
        {"connection reset", CLEW_TROUBLE_NETWORK},
        {"connection refused", CLEW_TROUBLE_NETWORK},
        {"connection error", CLEW_TROUBLE_NETWORK},
        {"connectionerror", CLEW_TROUBLE_NETWORK},
        {"network is unreachable", CLEW_TROUBLE_NETWORK},
        {"name resolution", CLEW_TROUBLE_NETWORK},
        {"out of memory", CLEW_TROUBLE_MEMORY},
        {"memoryerror", CLEW_TROUBLE_MEMORY},
        {"unknown tool", CLEW_TROUBLE_NO_TOOL},
        {"no tool named", CLEW_TROUBLE_NO_TOOL},
        {"no such tool", CLEW_TROUBLE_NO_TOOL},
        {"tool not found", CLEW_TROUBLE_NO_TOOL},
        {"unknown function", CLEW_TROUBLE_NO_TOOL},
        {"-32601", CLEW_TROUBLE_NO_TOOL},
        {"missing required", CLEW_TROUBLE_ARGUMENTS},
        {"missing 1 required", CLEW_TROUBLE_ARGUMENTS},
        {"required positional", CLEW_TROUBLE_ARGUMENTS},
        {"field required", CLEW_TROUBLE_ARGUMENTS},
        {"unexpected keyword", CLEW_TROUBLE_ARGUMENTS},
        {"invalid argument", CLEW_TROUBLE_ARGUMENTS},
        {"invalid parameter", CLEW_TROUBLE_ARGUMENTS},
        {"invalid params", CLEW_TROUBLE_ARGUMENTS},
        {"validationerror", CLEW_TROUBLE_ARGUMENTS},
        {"validation error", CLEW_TROUBLE_ARGUMENTS},
        {"not valid json", CLEW_TROUBLE_ARGUMENTS},
        {"jsondecodeerror", CLEW_TROUBLE_ARGUMENTS},
        {"wrong type", CLEW_TROUBLE_ARGUMENTS},
        {"invalid type", CLEW_TROUBLE_ARGUMENTS},
        {"typeerror", CLEW_TROUBLE_ARGUMENTS},
        {"could not parse", CLEW_TROUBLE_PARSE},
        {"parsing error", CLEW_TROUBLE_PARSE},
        {"failed to parse", CLEW_TROUBLE_PARSE},
        {"parse error", CLEW_TROUBLE_PARSE},
        {"syntaxerror", CLEW_TROUBLE_PARSE},
        {"not found", CLEW_TROUBLE_NOT_FOUND},
        {"not_found", CLEW_TROUBLE_NOT_FOUND},
        {"does not exist", CLEW_TROUBLE_NOT_FOUND},
        {"no such", CLEW_TROUBLE_NOT_FOUND},
        {"keyerror", CLEW_TROUBLE_NOT_FOUND},
        {"unknown identifier", CLEW_TROUBLE_NOT_FOUND},
};

static enum clew_trouble class_of_status(unsigned status)
{
        switch (status) {
        case 401:
        case 403:
        case 407:
                return CLEW_TROUBLE_AUTH;
        case 404:
        case 410:
                return CLEW_TROUBLE_NOT_FOUND;
        case 408:
        case 504:
                return CLEW_TROUBLE_TIMEOUT;
        case 400:
        case 422:
                return CLEW_TROUBLE_ARGUMENTS;
        case 413:
                return CLEW_TROUBLE_CONTEXT;
        case 429:
                return CLEW_TROUBLE_RATE;
        default:
                break;
        }
        return status >= 500 && status < 600 ? CLEW_TROUBLE_SERVER : CLEW_TROUBLE_OTHER;
}

/* An HTTP status of the error range that stands alone ("HTTP 503", "503 Service", "status": 500).
 * 0 when there is none. */
static unsigned http_status(struct clew_slice t)
{
        for (size_t i = 0; i + 3 <= t.len; i++) {
                bool starts = i == 0 || !(is_digit(t.data[i - 1]) || t.data[i - 1] == '.' ||
                                          t.data[i - 1] == '-' || is_alpha(t.data[i - 1]));
                bool ends = i + 3 == t.len || !(is_digit(t.data[i + 3]) || t.data[i + 3] == '.' ||
                                                t.data[i + 3] == '-' || is_alpha(t.data[i + 3]));

                if ((t.data[i] != '4' && t.data[i] != '5') || !starts || !ends)
                        continue;
                if (is_digit(t.data[i + 1]) && is_digit(t.data[i + 2]) && t.data[i + 1] <= '3') {
                        unsigned s = 100u * (unsigned)(t.data[i] - '0') +
                                     10u * (unsigned)(t.data[i + 1] - '0') +
                                     (unsigned)(t.data[i + 2] - '0');
                        if (i == 0 || clew_text_find(head(t, i), "http") >= 0 ||
                            clew_text_find(head(t, i), "status") >= 0 ||
                            clew_text_find(head(t, i), "code") >= 0 ||
                            clew_text_find(head(t, i), "error") >= 0)
                                return s;
                }
        }
        return 0;
}

/* A complaint about the call itself stands at the beginning; further in, or in a stack trace, the
 * same words are about a program that the call ran. */
static bool may_be_about_the_call(struct clew_slice h)
{
        return clew_text_find(h, "traceback") < 0 && clew_text_find(h, "returncode") < 0 &&
               clew_text_find(h, "\n  at ") < 0;
}

static enum clew_trouble class_by_words(struct clew_slice h, bool about_call)
{
        uint8_t buffer[LOWER_MAX];
        struct clew_slice l = lowered(h, buffer);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(class_words); i++) {
                enum clew_trouble c = class_words[i].class;

                if ((c == CLEW_TROUBLE_ARGUMENTS || c == CLEW_TROUBLE_NO_TOOL) && !about_call)
                        continue;
                if (has_word(l, class_words[i].needle))
                        return c;
        }
        return CLEW_TROUBLE_NONE;
}

enum clew_trouble clew_text_trouble(struct clew_slice text)
{
        struct clew_slice h = head(clew_text_trim(text), CLEW_TEXT_HEAD_MAX);
        struct clew_slice t = tail(clew_text_trim(text), CLEW_TEXT_TAIL_MAX);
        unsigned status = http_status(head(h, 120));
        enum clew_trouble c = class_by_words(h, may_be_about_the_call(h));

        if (c == CLEW_TROUBLE_NONE && status != 0)
                c = class_of_status(status);
        if (c == CLEW_TROUBLE_NONE)
                c = class_by_words(t, false);
        return c == CLEW_TROUBLE_NONE ? CLEW_TROUBLE_OTHER : c;
}

/* "ValueError: x", "java.io.IOException: x": a name that ends in Error or Exception, then a colon
 * or the end, within the first words. */
static bool begins_with_exception(struct clew_slice t)
{
        struct clew_slice h = head(t, 80);
        size_t i = 0;

        while (i < h.len &&
               (is_alpha(h.data[i]) || is_digit(h.data[i]) || h.data[i] == '.' || h.data[i] == '_'))
                i++;
        if (i < 5 || (i < h.len && h.data[i] != ':' && h.data[i] != '(' && h.data[i] != '\n'))
                return false;
        h.len = i;
        return clew_text_find(tail(h, 5), "error") == 0 ||
               (i >= 9 && clew_text_find(tail(h, 9), "exception") == 0);
}

/* A non-zero number shortly behind @name. */
static bool nonzero_after(struct clew_slice t, const char *name)
{
        ptrdiff_t at = clew_text_find(t, name);
        size_t i;

        if (at < 0)
                return false;
        i = (size_t)at + strlen(name);
        for (size_t k = 0; k < 4 && i < t.len && !is_digit(t.data[i]) && t.data[i] != '-'; k++)
                i++;
        if (i < t.len && t.data[i] == '-')
                i++;
        return i < t.len && t.data[i] >= '1' && t.data[i] <= '9';
}

/* A JSON member @name whose value is something (not null, false, "", 0, [] or {}). */
static bool json_member_set(struct clew_slice t, const char *quoted_name)
{
        ptrdiff_t at = clew_text_find(t, quoted_name);
        size_t i;

        if (at < 0)
                return false;
        i = (size_t)at + strlen(quoted_name);
        while (i < t.len && (is_space(t.data[i]) || t.data[i] == ':'))
                i++;
        if (i >= t.len)
                return false;
        t = clew_slice_from(t, i);
        if (t.data[0] == '"' || t.data[0] == '\'')
                return t.len > 1 && t.data[1] != t.data[0];
        if (t.data[0] == '[' || t.data[0] == '{')
                return t.len > 1 && t.data[1] != ']' && t.data[1] != '}';
        return clew_text_find(head(t, 4), "null") != 0 &&
               clew_text_find(head(t, 5), "false") != 0 &&
               clew_text_find(head(t, 4), "none") != 0 && t.data[0] != '0';
}

static bool json_says_error(struct clew_slice h)
{
        static const char *const says[] = {
                "\"success\": false",   "\"success\":false",    "\"ok\": false",
                "\"ok\":false",         "\"iserror\": true",    "\"iserror\":true",
                "\"is_error\": true",   "\"is_error\":true",    "\"status\": \"error",
                "\"status\":\"error",   "\"status\": \"failed", "\"status\":\"failed",
                "\"status\": \"reject", "\"status\":\"reject",  "'success': false",
                "'status': 'error",
        };

        if (h.len == 0 || h.data[0] != '{')
                return false;
        return HAS_ANY(h, says) || json_member_set(h, "\"error\"") ||
               json_member_set(h, "\"errors\"") || json_member_set(h, "'error'") ||
               json_member_set(h, "\"exception\"");
}

enum clew_trouble clew_text_result_error(struct clew_slice result)
{
        static const char *const openers[] = {
                "error",
                "an error",
                "exception",
                "traceback",
                "fatal",
                "failed",
                "operation failed",
                "request failed",
                "request timed",
                "permission denied",
                "access denied",
                "invalid ",
                "could not parse",
                "cannot ",
                "could not ",
                "unable to",
                "unknown tool",
                "no tool named",
                "context deadline",
                "deadline exceeded",
                "<error",
                "[error",
                "tool '",
        };
        struct clew_slice t = clew_text_trim(result);
        struct clew_slice h = head(t, CLEW_TEXT_HEAD_MAX);
        unsigned status;

        if (h.len == 0)
                return CLEW_TROUBLE_NONE;
        status = http_status(head(h, 40));
        if (status != 0 &&
            (h.data[0] == '4' || h.data[0] == '5' || clew_text_find(head(h, 4), "http") == 0))
                return clew_text_trouble(h);
        if (json_says_error(h) || begins_with_exception(h))
                return clew_text_trouble(h);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(openers); i++) {
                if (clew_text_find(head(h, strlen(openers[i])), openers[i]) != 0)
                        continue;
                if (strcmp(openers[i], "tool '") == 0 &&
                    clew_text_find(head(h, 120), "not exist") < 0 &&
                    clew_text_find(head(h, 120), "not found") < 0)
                        continue;
                return clew_text_trouble(t);
        }
        if (nonzero_after(head(h, 60), "returncode") || nonzero_after(head(h, 60), "exit code") ||
            nonzero_after(head(h, 60), "exit_code") || nonzero_after(head(h, 60), "exit status"))
                return clew_text_trouble(t) == CLEW_TROUBLE_NONE ? CLEW_TROUBLE_OTHER
                                                                 : clew_text_trouble(t);
        if (clew_text_find(h, "traceback (most recent call last)") >= 0)
                return clew_text_trouble(tail(t, CLEW_TEXT_TAIL_MAX));
        return CLEW_TROUBLE_NONE;
}

const char *clew_trouble_name(enum clew_trouble c)
{
        static const char *const names[] = {
                [CLEW_TROUBLE_NONE] = "no error",
                [CLEW_TROUBLE_OTHER] = "error",
                [CLEW_TROUBLE_NOT_FOUND] = "not found",
                [CLEW_TROUBLE_ARGUMENTS] = "bad arguments",
                [CLEW_TROUBLE_NO_TOOL] = "unknown tool",
                [CLEW_TROUBLE_PARSE] = "unreadable output",
                [CLEW_TROUBLE_CONTEXT] = "context too long",
                [CLEW_TROUBLE_BUDGET] = "budget exhausted",
                [CLEW_TROUBLE_TIMEOUT] = "time-out",
                [CLEW_TROUBLE_RATE] = "rate limit",
                [CLEW_TROUBLE_AUTH] = "not authorised",
                [CLEW_TROUBLE_SERVER] = "server error",
                [CLEW_TROUBLE_NETWORK] = "network error",
                [CLEW_TROUBLE_MEMORY] = "out of memory",
        };

        return names[c];
}

bool clew_text_is_empty_result(struct clew_slice result)
{
        static const char *const phrases[] = {
                "no results",    "no result",    "no matches", "no match",
                "nothing found", "not found",    "no data",    "no records",
                "0 results",     "no documents", "none found",
        };
        struct clew_slice t = clew_text_trim(result);
        bool only_marks = true;

        if (t.len == 0 || clew_slice_eq_cstr(t, "null") || clew_slice_eq_cstr(t, "None") ||
            clew_slice_eq_cstr(t, "\"\""))
                return true;
        if (t.len > 200)
                return false;
        if (t.data[0] == '[' || t.data[0] == '{') {
                /* Keys may stand there; a value of any kind may not. */
                for (size_t i = 0; i < t.len && only_marks; i++) {
                        if (t.data[i] == '"') {
                                size_t k = i + 1;
                                while (k < t.len && t.data[k] != '"')
                                        k++;
                                i = k;
                                while (k + 1 < t.len && is_space(t.data[k + 1]))
                                        k++;
                                only_marks = k + 1 < t.len && t.data[k + 1] == ':';
                        } else if (is_alpha(t.data[i])) {
                                only_marks =
                                        clew_text_find(head(clew_slice_from(t, i), 4), "null") == 0;
                                i += 3;
                        } else if (is_digit(t.data[i])) {
                                only_marks = t.data[i] == '0';
                        }
                }
                return only_marks;
        }
        return t.len <= 80 && HAS_ANY(t, phrases);
}

/* ---- what an answer says -------------------------------------------------------------------- */

bool clew_text_admits_trouble(struct clew_slice text)
{
        static const char *const words[] = {
                "sorry",       "unable",       "unfortunately",    "could not",    "couldn't",
                "cannot",      "can't",        "can\xe2\x80\x99t", "failed",       "error",
                "problem",     "issue",        "not work",         "not found",    "try again",
                "wasn't able", "was not able", "not available",    "not possible", "not exist",
                "retry",       "instead",      "incorrect",        "invalid",      "mistake",
                "fix",         "no longer",    "doesn't",          "does not",     "didn't",
        };

        return HAS_ANY(head(text, 2000), words);
}

bool clew_text_refuses(struct clew_slice text)
{
        static const char *const words[] = {
                "i can't",       "i can\xe2\x80\x99t", "i cannot",         "i'm unable",
                "i am unable",   "i must decline",     "i won't be able",  "i'm not able",
                "i am not able", "unable to assist",   "can't assist",     "cannot assist",
                "we cannot",     "we can't",           "not able to help", "have to stop",
                "i will not",    "could not finish",   "couldn't finish",
        };

        return HAS_ANY(head(text, 1200), words);
}

bool clew_text_denies_result(struct clew_slice text)
{
        static const char *const words[] = {
                "nothing on file",     "no matching",       "did not return", "didn't return",
                "no information",      "could not find",    "couldn't find",  "could not be found",
                "no results",          "nothing useful",    "no relevant",    "unable to find",
                "was not there",       "nothing was found", "no records",     "unable to answer",
                "unable to determine", "not find any",      "no data",
        };

        return HAS_ANY(head(text, 1200), words);
}

bool clew_text_promises(struct clew_slice text)
{
        static const char *const words[] = {
                "let me ",       "i will ",          "i'll ",   "i\xe2\x80\x99ll ", "i'm going to",
                "i am going to", "one moment",       "next i ", "now i ",           "please wait",
                "i need to ",    "give me a moment", "hold on",
        };

        static const char *const farewells[] = {"feel free", "welcome", "anything else", "glad",
                                                "have a "};

        return (HAS_ANY(tail(text, 400), words) || HAS_ANY(head(text, 400), words)) &&
               !HAS_ANY(text.len < 600 ? text : head(text, 600), farewells);
}

bool clew_text_asks(struct clew_slice text)
{
        struct clew_slice t = tail(clew_text_trim(text), 240);

        return memchr(t.data ? (const void *)t.data : "", '?', t.len) != NULL ||
               clew_text_find(t, "please confirm") >= 0 ||
               clew_text_find(t, "please provide") >= 0 || clew_text_find(t, "let me know") >= 0;
}

bool clew_text_is_unclosed(struct clew_slice text)
{
        struct clew_slice t = clew_text_trim(text);
        size_t fences = 0;
        long depth = 0;
        bool in_string = false;

        for (size_t i = 0; i + 3 <= t.len; i++) {
                if (memcmp(t.data + i, "```", 3) == 0) {
                        fences++;
                        i += 2;
                }
        }
        if (fences % 2 == 1)
                return true;
        if (t.len == 0 || (t.data[0] != '{' && !(t.data[0] == '[' && t.len > 1 &&
                                                 (t.data[1] == '{' || t.data[1] == '"'))))
                return false;
        for (size_t i = 0; i < t.len; i++) {
                uint8_t c = t.data[i];

                if (in_string) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                in_string = false;
                } else if (c == '"') {
                        in_string = true;
                } else if (c == '{' || c == '[') {
                        depth++;
                } else if (c == '}' || c == ']') {
                        depth--;
                }
        }
        return in_string || depth > 0;
}

/* ---- value tokens --------------------------------------------------------------------------- */

static bool is_token_char(uint8_t c)
{
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '.' || c == ',' || c == ':' || c == '-' || c == '#' || c == '@';
}

/* A token longer than this is a blob (base64, a path), which nobody copies by hand. */
#define TOKEN_MAX 48u

static void normalise(struct clew_slice t, struct clew_token *ret)
{
        uint8_t norm[TOKEN_MAX];
        uint8_t shape[TOKEN_MAX];
        size_t n = 0;
        size_t dots = 0;
        bool number = true;
        double value = 0;
        double scale = 0;

        ret->digits = 0;
        for (size_t i = 0; i < t.len; i++) {
                uint8_t c = lower(t.data[i]);

                if (c == ',' && i > 0 && is_digit(t.data[i - 1]) && i + 1 < t.len &&
                    is_digit(t.data[i + 1]))
                        continue;
                if (is_digit(c)) {
                        ret->digits++;
                        if (scale > 0) {
                                value += (c - '0') * scale;
                                scale /= 10;
                        } else {
                                value = value * 10 + (c - '0');
                        }
                } else if (c == '.') {
                        dots++;
                        scale = 0.1;
                } else {
                        number = false;
                }
                norm[n] = c;
                shape[n++] = is_digit(c) ? '0' : c;
        }
        ret->is_number = number && dots <= 1;
        ret->number = value;
        if (ret->is_number && dots == 1) { /* 12.50 and 12.5 are one value */
                while (n > 1 && norm[n - 1] == '0')
                        n--;
                if (norm[n - 1] == '.')
                        n--;
        }
        ret->hash = clew_hash(clew_slice_make(norm, n));
        ret->shape = clew_hash(clew_slice_make(shape, n));
}

static bool at_line_start(struct clew_slice t, size_t i)
{
        while (i > 0 && (t.data[i - 1] == ' ' || t.data[i - 1] == '*' || t.data[i - 1] == '\t'))
                i--;
        return i == 0 || t.data[i - 1] == '\n';
}

bool clew_token_next(struct clew_token_iter *it, struct clew_token *ret)
{
        struct clew_slice t = it->text;

        while (it->at < t.len) {
                size_t from = it->at;
                size_t to;
                bool digit = false;
                size_t end;

                while (from < t.len && !is_token_char(t.data[from]))
                        from++;
                to = from;
                while (to < t.len && is_token_char(t.data[to])) {
                        digit |= is_digit(t.data[to]);
                        to++;
                }
                it->at = to;
                if (!digit)
                        continue;
                end = to;
                while (from < end && !is_digit(t.data[from]) && !is_alpha(t.data[from]))
                        from++;
                while (end > from && !is_digit(t.data[end - 1]) && !is_alpha(t.data[end - 1]))
                        end--;
                if (end - from > TOKEN_MAX || end == from)
                        continue;
                ret->text = clew_slice_make(t.data + from, end - from);
                ret->offset = (uint32_t)from;
                normalise(ret->text, ret);
                ret->is_list_mark = ret->digits <= 2 && ret->is_number && end < t.len &&
                                    (t.data[end] == '.' || t.data[end] == ')') &&
                                    at_line_start(t, from);
                return true;
        }
        return false;
}

static bool is_separator(uint8_t c)
{
        return c == '-' || c == ':' || c == '_' || c == '@' || c == '#';
}

bool clew_token_part(const struct clew_token *t, size_t *at, struct clew_token *ret)
{
        bool compound = false;

        for (size_t i = 0; i < t->text.len; i++)
                compound |= is_separator(t->text.data[i]);
        while (compound && *at < t->text.len) {
                size_t from = *at;
                bool digit = false;

                while (*at < t->text.len && !is_separator(t->text.data[*at]))
                        digit |= is_digit(t->text.data[(*at)++]);
                ret->text = clew_slice_make(t->text.data + from, *at - from);
                *at += 1;
                if (!digit)
                        continue;
                ret->offset = t->offset + (uint32_t)from;
                ret->is_list_mark = false;
                normalise(ret->text, ret);
                return true;
        }
        return false;
}

bool clew_text_in_code(struct clew_slice text, size_t at)
{
        bool in = false;

        for (size_t i = 0; i + 3 <= text.len && i < at; i++) {
                if (memcmp(text.data + i, "```", 3) == 0) {
                        in = !in;
                        i += 2;
                }
        }
        return in;
}

/* ---- sets of words -------------------------------------------------------------------------- */

static int cmp_u64(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a;
        uint64_t y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

void clew_words_of(struct clew_slice text, uint64_t room[CLEW_WORDS_MAX], struct clew_words *ret)
{
        uint32_t n = 0;
        uint32_t m = 0;
        size_t i = 0;

        ret->total = 0;
        ret->values = 0;
        while (i < text.len) {
                uint64_t h = 1469598103934665603u;
                bool digit = false;
                size_t from;

                while (i < text.len && !is_alpha(text.data[i]) && !is_digit(text.data[i]))
                        i++;
                from = i;
                while (i < text.len && (is_alpha(text.data[i]) || is_digit(text.data[i]))) {
                        digit |= is_digit(text.data[i]);
                        h = (h ^ lower(text.data[i++])) * 1099511628211u;
                }
                if (i == from)
                        break;
                ret->total++;
                ret->values += digit ? h : 0;
                if (n < CLEW_WORDS_MAX)
                        room[n++] = h;
                else
                        break; /* the head of a text is enough to recognise it */
        }
        qsort(room, n, sizeof(room[0]), cmp_u64);
        for (uint32_t k = 0; k < n; k++) {
                if (m == 0 || room[m - 1] != room[k])
                        room[m++] = room[k];
        }
        ret->hash = room;
        ret->n = m;
}

double clew_words_jaccard(const struct clew_words *a, const struct clew_words *b)
{
        uint32_t i = 0;
        uint32_t k = 0;
        uint32_t both = 0;

        if (a->n == 0 || b->n == 0)
                return 0;
        while (i < a->n && k < b->n) {
                if (a->hash[i] == b->hash[k]) {
                        both++;
                        i++;
                        k++;
                } else if (a->hash[i] < b->hash[k]) {
                        i++;
                } else {
                        k++;
                }
        }
        return (double)both / (double)(a->n + b->n - both);
}

uint64_t clew_text_error_shape(struct clew_slice text)
{
        uint8_t kept[CLEW_TEXT_TAIL_MAX];
        struct clew_slice t = tail(clew_text_trim(text), 4 * CLEW_TEXT_TAIL_MAX);
        size_t n = 0;
        uint8_t quote = 0;

        for (size_t i = 0; i < t.len && n < sizeof(kept); i++) {
                uint8_t c = lower(t.data[i]);

                if (quote) {
                        if (c == quote || c == '\n')
                                quote = 0;
                        continue;
                }
                if (c == '"' || c == '`' || (c == '\'' && (i == 0 || !is_alpha(t.data[i - 1])))) {
                        quote = c;
                        continue;
                }
                if (is_digit(c) || (is_space(c) && n && kept[n - 1] == ' '))
                        continue;
                kept[n++] = is_space(c) ? ' ' : c;
        }
        return clew_hash(clew_slice_make(kept, n));
}
