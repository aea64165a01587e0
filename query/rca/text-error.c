/*
 * Which texts are errors, of which class, and which results hold nothing: word lists over a bounded
 * head and tail.
 */
#include "query/rca/text-int.h"

#define TRACE_MAX 4096u      /* bytes at the end in which a stack trace that ends a text begins */
#define TRACE_LINES_MAX 120u /* its frames, and the message below */
#define MESSAGE_LINES_MAX 12u
#define ERROR_LINES_MAX 40u /* at the end of an output, in which it says what went wrong */
#define FRAME_MAX 200u      /* of a result that says how a program ended and nothing more */
#define SAID_MAX 400u       /* of the first line of what somebody says */
#define TITLE_MAX 160u      /* of a page, with its address before or behind it */

/* First match wins, so narrower wordings stand above wider ones. */
static const struct {
        const char *needle;
        enum clew_trouble class;
} class_words[] = {
        {"content_filter", CLEW_TROUBLE_FILTER},
        {"content filter", CLEW_TROUBLE_FILTER},
        {"content management policy", CLEW_TROUBLE_FILTER},
        {"content policy", CLEW_TROUBLE_FILTER},
        {"content_policy", CLEW_TROUBLE_FILTER},
        {"policyviolation", CLEW_TROUBLE_FILTER},
        {"policy violation", CLEW_TROUBLE_FILTER},
        {"response was filtered", CLEW_TROUBLE_FILTER},
        {"prompt was filtered", CLEW_TROUBLE_FILTER},
        {"blocked by safety", CLEW_TROUBLE_FILTER},
        {"safety system", CLEW_TROUBLE_FILTER},
        {"safety settings", CLEW_TROUBLE_FILTER},
        {"moderation", CLEW_TROUBLE_FILTER},
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
        {"too many connections", CLEW_TROUBLE_RATE},
        {"too many concurrent", CLEW_TROUBLE_RATE},
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
        {"code parsing", CLEW_TROUBLE_PARSE},
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
                bool starts;
                bool ends;

                if (t.data[i] != '4' && t.data[i] != '5')
                        continue;
                starts = i == 0 || !(is_digit(t.data[i - 1]) || t.data[i - 1] == '.' ||
                                     t.data[i - 1] == '-' || is_alpha(t.data[i - 1]));
                ends = i + 3 == t.len || !(is_digit(t.data[i + 3]) || t.data[i + 3] == '.' ||
                                           t.data[i + 3] == '-' || is_alpha(t.data[i + 3]));

                if (!starts || !ends)
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
        struct lowered l;

        make_lowered(h, &l);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(class_words); i++) {
                enum clew_trouble c = class_words[i].class;

                if ((c == CLEW_TROUBLE_ARGUMENTS || c == CLEW_TROUBLE_NO_TOOL) && !about_call)
                        continue;
                if (has_word(&l, class_words[i].needle))
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
        return clew_text_begins(tail(h, 5), "error") ||
               (i >= 9 && clew_text_begins(tail(h, 9), "exception"));
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

/* A program's way to say so, in front of what it printed. */
static bool says_it_failed(struct clew_slice t)
{
        return nonzero_after(t, "returncode") ||
               (clew_text_find(t, "exit") >= 0 &&
                (nonzero_after(t, "exit code") || nonzero_after(t, "exit_code") ||
                 nonzero_after(t, "exit status")));
}

int clew_text_exit_status(struct clew_slice text)
{
        static const char *const names[] = {"returncode", "exit code",   "exit_code",
                                            "exitcode",   "exit status", "exited with"};
        struct clew_slice h = head(text, LOWER_MAX);

        for (size_t n = 0; n < CLEW_ARRAY_LEN(names); n++) {
                ptrdiff_t at = clew_text_find(h, names[n]);
                size_t i = at < 0 ? h.len : (size_t)at + strlen(names[n]);
                size_t end = i + 8 < h.len ? i + 8 : h.len;
                int status = 0;

                while (i < end && !is_digit(h.data[i]))
                        i++;
                if (i >= end)
                        continue;
                for (size_t k = 0; k < 4 && i < h.len && is_digit(h.data[i]); k++, i++)
                        status = status * 10 + (h.data[i] - '0');
                return status;
        }
        return -1;
}

bool clew_text_prints_nothing(struct clew_slice result)
{
        static const char *const frame[] = {
                "exit",    "code",     "status",  "exited", "with",  "returncode",
                "return",  "exitcode", "command", "failed", "error", "stdout",
                "stderr",  "output",   "no",      "empty",  "none",  "null",
                "process", "a",        "non",     "zero",   "the",   "finished",
                "false",   "true",     "success", "ok",     "result"};
        struct clew_slice t = clew_text_trim(result);
        size_t i = 0;

        if (t.len > FRAME_MAX)
                return false;
        while (i < t.len) {
                size_t from = i;
                bool known = false;

                while (i < t.len && (is_alpha(t.data[i]) || is_digit(t.data[i])))
                        i++;
                if (i == from) {
                        i++;
                        continue;
                }
                for (size_t n = 0; n < CLEW_ARRAY_LEN(frame) && !known; n++)
                        known = strlen(frame[n]) == i - from &&
                                clew_text_begins(clew_slice_make(t.data + from, i - from),
                                                 frame[n]);
                if (!known && !(i - from == 1 && t.data[from] == '1'))
                        return false;
        }
        return true;
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
        return !clew_text_begins(head(t, 4), "null") && !clew_text_begins(head(t, 5), "false") &&
               !clew_text_begins(head(t, 4), "none") && t.data[0] != '0';
}

/* Whether one of a few words stands in the first LOWER_MAX bytes, in any case of letters. */
static bool has_one(struct clew_slice text, const char *const *words, size_t n)
{
        struct clew_slice h = head(text, LOWER_MAX);
        bool found = false;

        for (size_t i = 0; i < n && !found; i++)
                found = clew_text_find(h, words[i]) >= 0;
        return found;
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
        /* One of these is in each of them: most results need no closer look. */
        static const char *const marks[] = {"error",  "exception", "success",
                                            "\"ok\"", "failed",    "reject"};

        if (h.len == 0 || h.data[0] != '{' || !has_one(h, marks, CLEW_ARRAY_LEN(marks)))
                return false;
        return HAS_ANY(h, says) || json_member_set(h, "\"error\"") ||
               json_member_set(h, "\"errors\"") || json_member_set(h, "'error'") ||
               json_member_set(h, "\"exception\"");
}

/* "<returncode>1</returncode><output></output>": status 1 and not a word is how grep, diff and test
 * say "no". */
static bool is_mere_no(struct clew_slice t)
{
        bool in_tag = false;
        bool one = false;

        if (t.len == 0 || t.len > 120 || t.data[0] != '<')
                return false;
        for (size_t i = 0; i < t.len; i++) {
                uint8_t c = t.data[i];

                if (c == '<' || c == '>') {
                        in_tag = c == '<';
                        continue;
                }
                if (in_tag || is_space(c))
                        continue;
                if (c != '1' || one)
                        return false;
                one = true;
        }
        return one;
}

/* The line that ends at @to (without its break), and where it begins. */
static struct clew_slice line_to(struct clew_slice t, size_t to)
{
        size_t from = to;

        while (from > 0 && t.data[from - 1] != '\n')
                from--;
        return clew_slice_make(t.data + from, to - from);
}

/* A frame of a stack trace: "  File "x", line 3", "    at f (x.js:3)", or what such a line quotes.
 */
static bool is_frame(struct clew_slice line)
{
        return line.len == 0 || line.data[0] == ' ' || line.data[0] == '\t';
}

/* A stack trace that nothing follows: what was printed before it is not the outcome. */
static bool ends_in_trace(struct clew_slice text)
{
        struct clew_slice t = tail(text, TRACE_MAX);
        size_t to = t.len;
        uint32_t frames = 0;
        bool named = false;

        /* Most results end otherwise: neither in a frame, nor below the head of a trace. */
        if (t.len < 20 || (!clew_text_begins(clew_text_trim(line_to(t, t.len)), "at ") &&
                           !clew_find(t, "Traceback (", 11)))
                return false;
        /* The message may go on for some lines under the name of the exception. */
        for (uint32_t n = 0; n < TRACE_LINES_MAX && to > 0; n++) {
                struct clew_slice line = line_to(t, to);

                if (clew_text_find(line, "traceback (most recent call last)") >= 0)
                        return named;
                if (is_frame(line))
                        frames += clew_text_find(line, "  at ") >= 0 ||
                                  clew_text_begins(line, "\tat ");
                else if (begins_with_exception(line))
                        named = true;
                else if (named && frames == 0 && n >= MESSAGE_LINES_MAX)
                        return false;
                if (named && frames >= 2 && !is_frame(line))
                        return true; /* the exception stands above its frames */
                to -= line.len;
                to -= to > 0;
        }
        return false;
}

/* A page that came in place of the one that was asked for: it wants proof of a human, or says in
 * its title that there is nothing for this reader. */
static bool is_blocked_page(struct clew_slice text)
{
        static const char *const titles[] = {
                "just a moment",  "access denied",  "attention required", "page not found",
                "404 not found",  "403 forbidden",  "robot check",        "site can't be reached",
                "security check", "are you a robot"};
        static const char *const wants[] = {"verify you are human",
                                            "verify that you are human",
                                            "verify you are a human",
                                            "confirm you are human",
                                            "you are not a robot",
                                            "you're not a robot",
                                            "are you a robot",
                                            "unusual traffic from",
                                            "complete the captcha",
                                            "solve the captcha",
                                            "checking your browser",
                                            "human verification",
                                            "javascript and cookies to continue",
                                            "security check to access"};

        /* One of these is in each of them, and seldom in any other text. */
        static const char *const marks[] = {"human", "robot",     "traffic from", "captcha",
                                            "brows", "cript and", "check to"};

        struct lowered l;
        bool marked = false;

        make_lowered(text, &l);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(marks); i++)
                marked |= has_word(&l, marks[i]);
        for (size_t i = 0; marked && i < CLEW_ARRAY_LEN(wants); i++) {
                if (has_word(&l, wants[i]))
                        return true;
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(titles); i++) {
                ptrdiff_t at = word_at(&l, titles[i]);

                if (at >= 0 && (size_t)at + strlen(titles[i]) <= TITLE_MAX)
                        return true;
        }
        return false;
}

/* "503 Service Unavailable", "HTTP 404": a number alone, or of things, is a value. */
static bool has_reason(struct clew_slice h)
{
        static const char *const reasons[] = {
                "http",    "error",   "found",    "forbidden", "unauthor", "bad ",     "request",
                "timeout", "gateway", "conflict", "gone",      "unproc",   "internal", "service",
                "server",  "method",  "denied",   "client",    "payment",  "not ",     "unavail"};

        return HAS_ANY(head(h, 80), reasons);
}

/* @t without escape sequences of a terminal around it. */
static struct clew_slice without_colours(struct clew_slice t)
{
        while (t.len > 2 && t.data[0] == 0x1b && t.data[1] == '[') {
                size_t n = 2;

                while (n < t.len && !is_alpha(t.data[n]))
                        n++;
                t = clew_text_trim(clew_slice_from(t, n + (n < t.len)));
        }
        while (t.len > 2 && t.data[t.len - 1] == 'm') {
                size_t n = t.len - 1;

                while (n > 0 && (is_digit(t.data[n - 1]) || t.data[n - 1] == ';'))
                        n--;
                if (n < 2 || t.data[n - 1] != '[' || t.data[n - 2] != 0x1b)
                        break;
                t = clew_text_trim(head(t, n - 2));
        }
        return t;
}

/* What wraps an output: tags and numbers in them, fences, brackets. It says nothing. */
static bool is_wrapper(struct clew_slice line)
{
        bool in_tag = false;
        bool any = false;

        if (clew_text_begins(line, "```"))
                return true;
        for (size_t i = 0; i < line.len; i++) {
                uint8_t c = line.data[i];

                any |= c == '<';
                in_tag = (in_tag || c == '<') && c != '>';
                if (!in_tag && (is_alpha(c) || c >= 0x80 || (is_digit(c) && !any)))
                        return false;
        }
        return !in_tag;
}

struct clew_slice clew_text_error_line(struct clew_slice text)
{
        static const char *const words[] = {"error",     "failed", "no such", "cannot", "not found",
                                            "not exist", "denied", "refused", "fatal",  "invalid"};
        struct clew_slice t = clew_text_trim(text);
        struct clew_slice last = CLEW_SLICE_NULL;
        size_t to = t.len;

        for (uint32_t n = 0; n < ERROR_LINES_MAX && to > 0; n++) {
                struct clew_slice line = line_to(t, to);
                struct clew_slice said = without_colours(clew_text_trim(line));

                if (begins_with_exception(said) || HAS_ANY(said, words))
                        return said;
                if (!last.len && !is_wrapper(said))
                        last = said;
                to -= line.len;
                to -= to > 0;
        }
        return last.len ? last : t;
}

/* "Error handling: ...", "error rate 0.2": what errors are spoken of, not one that came. */
static bool is_about_errors(struct clew_slice h)
{
        static const char *const topics[] = {"handling", "handler", "rate",     "budget",    "bars",
                                             "messages", "margin",  "analysis", "correction"};

        if (!clew_text_begins(h, "error "))
                return false;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(topics); i++) {
                if (clew_text_begins(clew_slice_from(h, strlen("error ")), topics[i]))
                        return true;
        }
        return false;
}

bool clew_text_is_said(struct clew_slice text)
{
        static const char *const words[] = {" should ", " we ",   " let us ",  " let's ",
                                            "we can ",  " i'd ",  " i would ", " my ",
                                            " would ",  "please "};
        struct clew_slice t = clew_text_trim(text);
        size_t n = 0;

        while (n < t.len && n < SAID_MAX && t.data[n] != '\n')
                n++;
        t.len = n;
        return !begins_with_exception(t) && HAS_ANY(t, words);
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
                /* what programs in other languages begin with */
                "fehler",
                "erreur",
                "errore",
                "erro:",
                "\xe9\x94\x99\xe8\xaf\xaf",
                "\xe9\x8c\xaf\xe8\xaa\xa4",
                "\xe3\x82\xa8\xe3\x83\xa9\xe3\x83\xbc",
                "\xec\x98\xa4\xeb\xa5\x98",
                "\xd0\xbe\xd1\x88\xd0\xb8\xd0\xb1\xd0\xba\xd0\xb0",
                "\xd0\x9e\xd1\x88\xd0\xb8\xd0\xb1\xd0\xba\xd0\xb0",
        };
        static const char *const lost[] = {"page not found", "404 not found"};
        struct clew_slice t = clew_text_trim(result);
        struct clew_slice h = head(t, CLEW_TEXT_HEAD_MAX);
        unsigned status;

        if (h.len == 0 || is_mere_no(t))
                return CLEW_TROUBLE_NONE;
        if (is_about_errors(h))
                return CLEW_TROUBLE_NONE;
        status = http_status(head(h, 40));
        if (status != 0 && has_reason(h) &&
            (h.data[0] == '4' || h.data[0] == '5' || clew_text_begins(head(h, 4), "http")))
                return clew_text_trouble(h);
        if (json_says_error(h) || begins_with_exception(h))
                return clew_text_trouble(h);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(openers); i++) {
                if (lower(h.data[0]) != (uint8_t)openers[i][0] || !clew_text_begins(h, openers[i]))
                        continue;
                if (strcmp(openers[i], "tool '") == 0 &&
                    clew_text_find(head(h, 120), "not exist") < 0 &&
                    clew_text_find(head(h, 120), "not found") < 0)
                        continue;
                return clew_text_trouble(t);
        }
        if (says_it_failed(head(h, 60)))
                return clew_text_trouble(t) == CLEW_TROUBLE_NONE ? CLEW_TROUBLE_OTHER
                                                                 : clew_text_trouble(t);
        if (clew_text_find(h, "traceback (most recent call last)") >= 0)
                return clew_text_trouble(tail(t, CLEW_TEXT_TAIL_MAX));
        if (ends_in_trace(t))
                return clew_text_trouble(tail(t, CLEW_TEXT_TAIL_MAX));
        if (!is_blocked_page(t))
                return CLEW_TROUBLE_NONE;
        return HAS_ANY(head(t, TITLE_MAX), lost) ? CLEW_TROUBLE_NOT_FOUND : CLEW_TROUBLE_BLOCKED;
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
                [CLEW_TROUBLE_FILTER] = "content filter",
                [CLEW_TROUBLE_BLOCKED] = "blocked page",
                [CLEW_TROUBLE_TIMEOUT] = "time-out",
                [CLEW_TROUBLE_RATE] = "rate limit",
                [CLEW_TROUBLE_AUTH] = "not authorised",
                [CLEW_TROUBLE_SERVER] = "server error",
                [CLEW_TROUBLE_NETWORK] = "network error",
                [CLEW_TROUBLE_MEMORY] = "out of memory",
        };

        return names[c];
}

/* The name of a member that only says what to try, beside a list of nothing. Alone it is what the
 * tool has to say. */
static bool is_advice(struct clew_slice key)
{
        static const char *const words[] = {"suggestion", "hint", "message",
                                            "note",       "tip",  "advice"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_slice_eq_cstr(key, words[i]))
                        return true;
        }
        return false;
}

bool clew_text_is_empty_result(struct clew_slice result)
{
        static const char *const phrases[] = {
                "no results",
                "no result",
                "no matches",
                "no match",
                "nothing found",
                "not found",
                "no data",
                "no records",
                "0 results",
                "no documents",
                "none found",
                "keine treffer",
                "nichts gefunden",
                "keine ergebnisse",
                "aucun r\xc3\xa9sultat",
                "sin resultados",
                "nessun risultato",
                "\xe6\xb2\xa1\xe6\x9c\x89\xe6\x89\xbe\xe5\x88\xb0",
                "\xe6\x97\xa0\xe7\xbb\x93\xe6\x9e\x9c",
                "\xe6\x9c\xaa\xe6\x89\xbe\xe5\x88\xb0",
        };
        struct clew_slice t = clew_text_trim(result);
        struct clew_slice last = CLEW_SLICE_NULL; /* the key before a value */
        struct clew_slice key;
        bool only_marks = true;
        bool only_advice = false;
        bool advised = false;

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
                                key = clew_slice_make(t.data + i + 1, k - i - 1);
                                i = k;
                                while (k + 1 < t.len && is_space(t.data[k + 1]))
                                        k++;
                                only_marks = k + 1 < t.len && t.data[k + 1] == ':';
                                if (only_marks) {
                                        only_advice = is_advice(key) && (only_advice || !last.len);
                                        last = key;
                                } else {
                                        only_marks = is_advice(last);
                                        advised |= key.len > 0;
                                }
                        } else if (is_alpha(t.data[i])) {
                                only_marks =
                                        clew_text_begins(head(clew_slice_from(t, i), 4), "null");
                                i += 3;
                        } else if (is_digit(t.data[i])) {
                                only_marks = t.data[i] == '0';
                        }
                }
                return only_marks && (!only_advice || !advised || HAS_ANY(t, phrases));
        }
        return t.len <= 80 && HAS_ANY(t, phrases);
}
