/*
 * What plain text says, as far as counting and word lists can tell: error-like or not, which class
 * of error, promises, refusals, value tokens (numbers, ids, dates), sets of words.
 *
 * Every list here is ordinary English or a public protocol's wording (HTTP, JSON-RPC, exception
 * names); none is taken from one agent framework. Text in another language simply matches nothing,
 * and the rules that depend on these functions then stay silent.
 */
#ifndef CLEW_QUERY_RCA_TEXT_H
#define CLEW_QUERY_RCA_TEXT_H

#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Looked at from the start of a text (and from its end, for exceptions printed last). An error
 * that is only mentioned in the middle of a long result is usually content, not the outcome. */
#define CLEW_TEXT_HEAD_MAX 400u
#define CLEW_TEXT_TAIL_MAX 300u

enum clew_trouble {
        CLEW_TROUBLE_NONE,
        CLEW_TROUBLE_OTHER,     /* an error of the called thing itself, no narrower class */
        CLEW_TROUBLE_NOT_FOUND, /* what was asked for does not exist */
        CLEW_TROUBLE_ARGUMENTS, /* the call was malformed: missing, unknown, mistyped, not JSON */
        CLEW_TROUBLE_NO_TOOL,   /* the called name does not exist */
        CLEW_TROUBLE_PARSE,     /* the model's output could not be read by its caller */
        CLEW_TROUBLE_CONTEXT,   /* request too long for the model */
        CLEW_TROUBLE_BUDGET,    /* step, turn, recursion or wall clock limit of the run */
        CLEW_TROUBLE_FILTER,    /* refused for its content: a filter, a policy */
        CLEW_TROUBLE_BLOCKED, /* a page that wants a human, or denies access, under a fine status */
        /* From here on: infrastructure. */
        CLEW_TROUBLE_TIMEOUT,
        CLEW_TROUBLE_RATE,
        CLEW_TROUBLE_AUTH,
        CLEW_TROUBLE_SERVER,
        CLEW_TROUBLE_NETWORK,
        CLEW_TROUBLE_MEMORY,
};

static inline bool clew_trouble_is_infrastructure(enum clew_trouble c)
{
        return c >= CLEW_TROUBLE_TIMEOUT;
}

/* A word for people: "time-out", "rate limit", ... */
const char *clew_trouble_name(enum clew_trouble c);

/* The class of a text already known to be an error (a status message, an exception). Never NONE. */
enum clew_trouble clew_text_trouble(struct clew_slice text);
/* NONE unless the result of a tool reads as an error: an exception or error word at its beginning,
 * an error member in a JSON object, an HTTP status, a non-zero exit code. */
enum clew_trouble clew_text_result_error(struct clew_slice result);
/* Begins as people speak to each other ("Invalid input should print a message"); no program's. */
bool clew_text_is_said(struct clew_slice text);
/* The exit status that a text names ("exit code 1", "<returncode>2"); -1 when it names none. */
int clew_text_exit_status(struct clew_slice text);
/* True when a result is blank, or tells an exit status and nothing that was printed. */
bool clew_text_prints_nothing(struct clew_slice result);
/* True for a result that holds nothing: blank, null, [], {}, an object of empty lists, "no results
 * found" and its like. */
bool clew_text_is_empty_result(struct clew_slice result);

/* What a result says of a check: the summary line of a test runner or a build near its end
 * ("2 failed, 40 passed", "failures=1", "BUILD FAILURE", "--- FAIL"). */
enum clew_check { CLEW_CHECK_NONE, CLEW_CHECK_PASSED, CLEW_CHECK_FAILED };
enum clew_check clew_text_check(struct clew_slice result);
/* The line that says so, or null. */
struct clew_slice clew_text_check_line(struct clew_slice result);

/* Says that something went wrong or could not be done. */
bool clew_text_admits_trouble(struct clew_slice text);
/* Says that a check or the whole task went well ("tests pass", "all green"). */
bool clew_text_claims_success(struct clew_slice text);
/* Some sentence among the first 2 kB of it may. */
bool clew_text_may_claim_success(struct clew_slice text);
/* Asks to be handed over: "let me speak to a human", "quiero hablar con una persona". */
bool clew_text_wants_human(struct clew_slice text);
/* Declines, or gives up on, what was asked ("I can't", "I am unable to"). */
bool clew_text_refuses(struct clew_slice text);
/* Says that nothing was found or is available. */
bool clew_text_denies_result(struct clew_slice text);
/* Tells of the use of something named at @at: "used", "called", "checked with" within @reach bytes
 * before it. */
bool clew_text_tells_use(struct clew_slice text, size_t at, size_t reach);
/* The mark in angle brackets that a request wants written at the end ("write the '<end_plan>' tag
 * and stop"); null when it asks for none. */
struct clew_slice clew_text_wanted_mark(struct clew_slice request);
/* Announces an action of the writer itself ("let me check", "I will call"). */
bool clew_text_promises(struct clew_slice text);
/* @text, or the whole words of it that fit into @max bytes: for quotations. */
struct clew_slice clew_text_whole_words(struct clew_slice text, size_t max);
/* The sentence in which @text says that it cannot or will not; null without one. What would be so
 * under a condition is none, nor is what a search did not bring. */
struct clew_slice clew_text_refusal(struct clew_slice text);
/* True when @text speaks of what @error says: some of its words, and a negation. */
bool clew_text_mentions(struct clew_slice text, struct clew_slice error);
/* What the sentence of @text that denies speaks of stands in @result: half of its longer words, or
 * it names nothing. */
bool clew_text_denies_what(struct clew_slice text, struct clew_slice result);
/* True for politeness at the end of a talk and nothing else: "You are welcome, have a nice day." */
bool clew_text_is_farewell(struct clew_slice text);
/* True for a plan, or notes in JSON: what an agent writes for itself, not an answer. */
bool clew_text_plans(struct clew_slice text);
/* Of a program's output the line that says what went wrong: the last one that names an exception or
 * an error, else the last one that is no tag, fence or bracket around it. Without colours. */
struct clew_slice clew_text_error_line(struct clew_slice text);
/* Says yes, in whatever words. */
bool clew_text_agrees(struct clew_slice text);
/* Asks the reader something (a question mark near the end). */
bool clew_text_asks(struct clew_slice text);
/* Stops in the middle: an open code fence, or a JSON value that is not closed. */
bool clew_text_is_unclosed(struct clew_slice text);

/* Case-insensitive search (ASCII). @needle is in lower case. Returns the offset or -1. */
ptrdiff_t clew_text_find_bytes(struct clew_slice text, const char *needle, size_t n);
static inline ptrdiff_t clew_text_find(struct clew_slice text, const char *needle)
{
        return clew_text_find_bytes(text, needle, strlen(needle));
}
bool clew_text_begins_so(struct clew_slice text, const char *needle);
/* Whether it stands there at 0. Most texts differ in their first character. */
static inline bool clew_text_begins(struct clew_slice text, const char *needle)
{
        uint8_t c = text.len ? text.data[0] : 0;

        c = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
        return text.len && c == (uint8_t)needle[0] && clew_text_begins_so(text, needle);
}
bool clew_text_has_digit(struct clew_slice text);
struct clew_slice clew_text_trim(struct clew_slice text);

/* ---- value tokens --------------------------------------------------------------------------- */

/* A run of id-like characters with at least one digit: 4471, C-4471, $12.50, 2026-11-20. */
struct clew_token {
        struct clew_slice text; /* trimmed of punctuation and currency; points into the input */
        uint64_t hash;          /* of the normal form: lower case, no thousands separators */
        uint64_t shape;         /* hash with every digit replaced: same shape, other digits */
        double number;          /* value when is_number */
        uint32_t offset;        /* of text in the input */
        uint16_t digits;
        bool is_number;
        bool is_list_mark; /* "3." or "3)" at the start of a line */
};

struct clew_token_iter {
        struct clew_slice text;
        size_t at;
};

static inline struct clew_token_iter clew_tokens_of(struct clew_slice text)
{
        return (struct clew_token_iter){text, 0};
}
bool clew_token_next(struct clew_token_iter *it, struct clew_token *ret);
/* The parts of a compound token (2026-11-20, 31-inch, a:7) that hold digits, in order; false at the
 * end, and at once when it has only one part. */
bool clew_token_part(const struct clew_token *t, size_t *at, struct clew_token *ret);
/* True for what holds digits and is no value: sha256, python3.11, the 1990s, 10-12,
 * model-2024-08-06. */
bool clew_token_is_word(const struct clew_token *t);
/* True when token @t of @text tells no fact: a line or a section, a day in words, an example. */
bool clew_text_is_no_fact(struct clew_slice text, const struct clew_token *t);
/* True when @text holds a list of @n members, in JSON's form. */
bool clew_text_counts_itself(struct clew_slice text, double n);
/* True for a patch: its numbers are places in files. */
bool clew_text_is_patch(struct clew_slice text);
/* It holds what the run was for: a patch, or an answer that calls itself final. */
bool clew_text_hands_in(struct clew_slice text);
/* True when offset @at stands in a line that a machine wrote: a hunk header, a warning or a frame
 * with file and line. */
bool clew_text_by_machine(struct clew_slice text, size_t at);
/* Offset of the first program in a text: a code fence, or a <code> tag; -1 without one. */
ptrdiff_t clew_text_program(struct clew_slice text);
/* True when offset @at of @text lies between code fences. */
bool clew_text_in_code(struct clew_slice text, size_t at);

/* ---- sets of words -------------------------------------------------------------------------- */

#define CLEW_WORDS_MAX 256u /* distinct words kept of one text; enough to tell texts apart */

struct clew_words {
        uint32_t n;
        uint32_t total;       /* words seen, also repeated ones */
        uint64_t values;      /* sum over the words that hold a digit: equal for equal values */
        const uint64_t *hash; /* ascending */
};

/* @room holds the hashes, and must live as long as @ret. */
void clew_words_of(struct clew_slice text, uint64_t room[CLEW_WORDS_MAX], struct clew_words *ret);
/* Shared words over all words of both, 0 to 1. */
double clew_words_jaccard(const struct clew_words *a, const struct clew_words *b);

/* Hash of an error text without what differs from one occurrence to the next: digits, quoted
 * strings, hex ids. */
uint64_t clew_text_error_shape(struct clew_slice text);

#endif
