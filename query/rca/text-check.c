/*
 * Verdicts of test runners and builds in the text that they print. The wordings are those of the
 * programs (pytest, unittest, Go, Cargo, Maven, Jest, CTest ...), which agents of all frameworks
 * run.
 */
#include "query/rca/text-int.h"

#define TAIL_MAX 1600u /* summaries stand last; what follows them is short */
#define LINE_MAX 240u  /* of one line, from its start */

/* A whole number stands before offset @at ("12 failed"); false when none does or it is zero. */
static bool counts_before(struct clew_slice t, size_t at)
{
        bool positive = false;
        size_t i = at;

        while (i > 0 && t.data[i - 1] == ' ')
                i--;
        if (i == at || i == 0 || !is_digit(t.data[i - 1]))
                return false;
        for (; i > 0 && is_digit(t.data[i - 1]); i--)
                positive |= t.data[i - 1] != '0';
        return positive;
}

/* A number other than zero stands behind @word and its punctuation ("failures=2", "Failures: 1").
 */
static bool counts_after(struct clew_slice t, const char *word)
{
        ptrdiff_t at = clew_text_find(t, word);
        size_t i;

        if (at < 0)
                return false;
        i = (size_t)at + strlen(word);
        while (i < t.len && (t.data[i] == ' ' || t.data[i] == '=' || t.data[i] == ':'))
                i++;
        return i < t.len && t.data[i] >= '1' && t.data[i] <= '9';
}

static bool counted(struct clew_slice line, const char *word)
{
        ptrdiff_t at = clew_text_find(line, word);

        return at >= 0 && counts_before(line, (size_t)at);
}

static bool begins(struct clew_slice line, const char *word)
{
        return clew_text_begins(line, word);
}

/* A summary counts tests, tells the time that they took, or is framed; "3 failed" alone may be
 * payments. */
static bool is_summary(struct clew_slice line)
{
        static const char *const marks[] = {
                "passed", "skipped", "tests", "===", "failures", " in 0.", "s)", "s ==="};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(marks); i++) {
                if (clew_text_find(line, marks[i]) >= 0)
                        return true;
        }
        return false;
}

static bool counts_failures(struct clew_slice line)
{
        return counted(line, "failed") || counted(line, "failing") ||
               counts_after(line, "failures") ||
               (clew_text_find(line, "failures") >= 0 && counts_after(line, "errors"));
}

/* Every wording of check_of_line() has one of these words: most lines, and most results, need no
 * closer look. */
enum verdict_word { WORD_FAIL, WORD_PASS, WORD_OK, WORD_ERROR, WORD_SUCCESS, VERDICT_WORDS };
static const char *const verdict_words[VERDICT_WORDS] = {"fail", "pass", "ok", "error", "success"};

/* The summary of one program's run in one line. @has: the words in it, a bit each. */
static enum clew_check check_of_line(struct clew_slice line, unsigned has)
{
        static const char *const failing[] = {
                "build failure", "build failed",     "test result: failed", "tests failed",
                "--- fail",      "failed (failures", "failed (errors"};
        static const char *const passing[] = {"test result: ok", "build success", "tests passed",
                                              "--- pass"};

        const bool fail = has >> WORD_FAIL & 1;
        const bool pass = has >> WORD_PASS & 1;

        if (begins(line, "ok (") || begins(line, "ok  \t")) /* "OK (expected failures=2)" */
                return CLEW_CHECK_PASSED;
        if (((fail && counts_failures(line)) ||
             ((has >> WORD_ERROR & 1) && counted(line, "error"))) &&
            is_summary(line))
                return CLEW_CHECK_FAILED;
        for (size_t i = 0; fail && i < CLEW_ARRAY_LEN(failing); i++) {
                ptrdiff_t at = clew_text_find(line, failing[i]);

                /* "100% tests passed, 0 tests failed out of 3" */
                if (at >= 0 && !(at > 1 && line.data[at - 2] == '0'))
                        return CLEW_CHECK_FAILED;
        }
        if (begins(line, "fail\t") || begins(line, "fail:"))
                return CLEW_CHECK_FAILED;
        if (pass && (counted(line, "passed") || counted(line, "passing")) && is_summary(line))
                return CLEW_CHECK_PASSED;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(passing); i++) {
                if (clew_text_find(line, passing[i]) >= 0)
                        return CLEW_CHECK_PASSED;
        }
        return CLEW_CHECK_NONE;
}

/* Where each of the words stands next; behind the end where it does no more. */
struct next_words {
        struct clew_slice text;
        size_t at[VERDICT_WORDS];
};

static void find_next(struct next_words *n, size_t word, size_t from)
{
        ptrdiff_t at = clew_text_find(clew_slice_from(n->text, from), verdict_words[word]);

        n->at[word] = at < 0 ? SIZE_MAX : from + (size_t)at;
}

/* The words that begin in the line from @from to @to, a bit each; lines are asked for in their
 * order. */
static unsigned words_in(struct next_words *n, size_t from, size_t to)
{
        unsigned ret = 0;

        for (size_t w = 0; w < VERDICT_WORDS; w++) {
                if (n->at[w] < from)
                        find_next(n, w, from);
                ret |= (unsigned)(n->at[w] < to) << w;
        }
        return ret;
}

/* The "OK" of Python's unittest, alone in its line, behind "Ran 33 tests in 0.119s". */
static bool is_bare_ok(struct clew_slice line, struct clew_slice text, size_t at)
{
        line = clew_text_trim(line);
        return line.len == 2 && line.data[0] == 'O' && line.data[1] == 'K' &&
               clew_text_find(head(text, at), "ran ") >= 0 &&
               clew_text_find(head(text, at), " test") >= 0;
}

/* The last line of @result that is a verdict. Line breaks may be escaped (a result inside JSON). */
static enum clew_check last_verdict(struct clew_slice result, struct clew_slice *ret_line)
{
        struct clew_slice t = tail(clew_text_trim(result), TAIL_MAX);
        struct next_words next = {.text = t};
        enum clew_check verdict = CLEW_CHECK_NONE;
        size_t i = 0;

        for (size_t w = 0; w < VERDICT_WORDS; w++)
                find_next(&next, w, 0);
        if (!words_in(&next, 0, t.len))
                return verdict;
        while (i < t.len) {
                size_t from = i;
                struct clew_slice line;
                enum clew_check c;
                unsigned has;

                while (i < t.len && t.data[i] != '\n' &&
                       !(t.data[i] == '\\' && i + 1 < t.len && lower(t.data[i + 1]) == 'n'))
                        i++;
                line = clew_slice_make(t.data + from, i - from);
                if (line.len > LINE_MAX)
                        line.len = LINE_MAX;
                has = words_in(&next, from, i);
                c = has ? check_of_line(line, has) : CLEW_CHECK_NONE;
                if (c == CLEW_CHECK_NONE && (has >> WORD_OK & 1) && is_bare_ok(line, t, from))
                        c = CLEW_CHECK_PASSED;
                if (c != CLEW_CHECK_NONE) {
                        verdict = c;
                        *ret_line = line;
                }
                i += i < t.len && t.data[i] == '\\' ? 2 : 1;
        }
        return verdict;
}

enum clew_check clew_text_check(struct clew_slice result)
{
        struct clew_slice line;

        return last_verdict(result, &line);
}

struct clew_slice clew_text_check_line(struct clew_slice result)
{
        struct clew_slice line = CLEW_SLICE_NULL;

        (void)last_verdict(result, &line);
        return clew_text_trim(line);
}

static const char *const successes[] = {"tests pass",        "test passes",    "tests are passing",
                                        "all pass",          "tests now pass", "passes now",
                                        "all green",         "tests succeed",  "everything works",
                                        "works as expected", "suite passes",   "suite is green",
                                        "tests are green",   "they pass"};

bool clew_text_claims_success(struct clew_slice text)
{
        return HAS_ANY(head(text, TAIL_MAX), successes);
}

bool clew_text_may_claim_success(struct clew_slice text)
{
        /* One of these is in each of them. */
        static const char *const marks[] = {"pass", "green", "works", "succeed"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(marks); i++) {
                if (clew_text_find(text, marks[i]) >= 0)
                        return HAS_ANY(text, successes);
        }
        return false;
}
