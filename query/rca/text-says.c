/*
 * What an answer says: trouble, refusals, promises, questions, an end in the middle.
 */
#include "query/rca/text-int.h"

#define MARK_MAX 24u      /* bytes of a mark, without its brackets */
#define MARK_REACH 90u    /* bytes round a mark in which the request says what to do with it */
#define REQUEST_MAX 6000u /* what to write at the end stands at the end */

bool clew_text_admits_trouble(struct clew_slice text)
{
        static const char *const words[] = {
                "sorry",       "unable",       "unfortunately",    "could not",    "couldn't",
                "cannot",      "can't",        "can\xe2\x80\x99t", "failed",       "error",
                "problem",     "issue",        "not work",         "not found",    "try again",
                "wasn't able", "was not able", "not available",    "not possible", "not exist",
                "retry",       "instead",      "incorrect",        "invalid",      "mistake",
                "fix",         "no longer",    "doesn't",          "does not",     "didn't",
                "did not",     "timed out",    "no response",      "no answer",
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

/* @word with no letter on either side. */
static bool has_whole(struct clew_slice lowered_text, const char *word)
{
        size_t n = strlen(word);
        struct clew_slice t = lowered_text;

        for (;;) {
                const uint8_t *at = t.len ? memmem(t.data, t.len, word, n) : NULL;
                bool starts;
                bool ends;

                if (!at)
                        return false;
                starts = at == lowered_text.data || !is_alpha(at[-1]);
                ends = at + n == lowered_text.data + lowered_text.len || !is_alpha(at[n]);
                if (starts && ends)
                        return true;
                t = clew_slice_from(t, (size_t)(at - t.data) + 1);
        }
}

bool clew_text_agrees(struct clew_slice text)
{
        static const char *const words[] = {
                "yes",        "yeah",      "yep",         "sure",  "ok",      "okay",
                "confirm",    "proceed",   "go ahead",    "do it", "correct", "that's right",
                "agree",      "agreed",    "perfect",     "fine",  "let's",   "please do",
                "that works", "confirmed", "sounds good", "ja",    "oui",     "sim",
                "s\xc3\xad",  "si"};
        struct lowered l;

        make_lowered(head(text, 600), &l);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (has_word(&l, words[i]) && has_whole(clew_slice_make(l.text, l.len), words[i]))
                        return true;
        }
        return false;
}

/* A verb in the past tense that begins @t: most of them end so, and those that tools are used with.
 */
static bool begins_in_past(struct clew_slice t)
{
        static const char *const irregular[] = {"ran", "found", "read", "saw",
                                                "got", "took",  "made"};
        size_t n = 0;

        while (n < t.len && is_alpha(t.data[n]))
                n++;
        t.len = n;
        if (n > 4 && clew_text_find(tail(t, 2), "ed") == 0)
                return clew_text_find(t, "need") != 0;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(irregular); i++) {
                if (n == strlen(irregular[i]) && clew_text_find(t, irregular[i]) == 0)
                        return true;
        }
        return false;
}

/* "I checked", "we have verified", "it was looked up": a verb in the past with who did it, or what
 * it was done to. A participle alone may stand in a plan ("give the verified value"). */
static bool tells_past(struct clew_slice t)
{
        static const char *const who[] = {"i ",    "we ",       "i have ",          "we have ",
                                          "i've ", "we've ",    "i\xe2\x80\x99ve ", "was ",
                                          "were ", "has been ", "have been ",       "been "};

        for (size_t i = 0; i < t.len; i++) {
                if (i > 0 && is_alpha(t.data[i - 1]))
                        continue;
                for (size_t w = 0; w < CLEW_ARRAY_LEN(who); w++) {
                        size_t n = strlen(who[w]);

                        if (clew_text_find(head(clew_slice_from(t, i), n), who[w]) == 0 &&
                            begins_in_past(clew_slice_from(t, i + n)))
                                return true;
                }
        }
        return false;
}

bool clew_text_tells_use(struct clew_slice text, size_t at, size_t reach)
{
        static const char *const cues[] = {"with ", "using ", "via ",       "used ",    "called ",
                                           "ran ",  "by ",    "consulted ", "queried ", "from "};
        static const char *const plans[] = {
                "will",  "should", "need",   "plan", "next", "let me", "going", "can ",  "could ",
                "would", "must",   "to use", "not ", "n't ", "if ",    "once ", "when ", "after "};
        size_t from = at > reach ? at - reach : 0;
        struct clew_slice before = clew_slice_make(text.data + from, at - from);

        /* Of the same sentence. */
        for (size_t i = before.len; i-- > 0;) {
                if (before.data[i] == '\n' ||
                    (before.data[i] == '.' && i + 1 < before.len && is_space(before.data[i + 1]))) {
                        before = clew_slice_from(before, i + 1);
                        break;
                }
        }
        return HAS_ANY(before, cues) && !HAS_ANY(before, plans) && tells_past(before);
}

/* A word in angle brackets, from @at on; its length, or 0. */
static size_t mark_at(struct clew_slice t, size_t at)
{
        size_t i = at + 1;

        while (i < t.len && i - at <= MARK_MAX &&
               (is_alpha(t.data[i]) || t.data[i] == '_' || t.data[i] == '-'))
                i++;
        return i < t.len && t.data[i] == '>' && i - at > 3 ? i + 1 - at : 0;
}

/* The last line of @before; a line break inside the quotes of the mark itself ends none. */
static struct clew_slice line_before(struct clew_slice before)
{
        size_t k = before.len;

        if (k > 1 && before.data[k - 1] == '\n' && memchr("'\"`", before.data[k - 2], 3))
                k--;
        while (k > 0 && before.data[k - 1] != '\n')
                k--;
        return clew_slice_from(before, k);
}

struct clew_slice clew_text_wanted_mark(struct clew_slice request)
{
        static const char *const wants[] = {"write",  "end with", "ends with", "end your",
                                            "finish", "output",   "close",     "add ",
                                            "put ",   "append"};
        static const char *const ends[] = {"stop",   "end",   "final", "last",
                                           "finish", "after", "close"};
        struct clew_slice t = tail(request, REQUEST_MAX);

        for (size_t i = t.len; i-- > 0;) {
                size_t n = t.data[i] == '<' ? mark_at(t, i) : 0;
                size_t from = i > MARK_REACH ? i - MARK_REACH : 0;
                struct clew_slice mark = clew_slice_make(t.data + i, n);
                struct clew_slice before = clew_slice_make(t.data + from, i - from);
                struct clew_slice round = clew_slice_make(t.data + from, i + n - from);
                char closing[MARK_MAX + 8];

                if (n == 0)
                        continue;
                before = line_before(before);
                round.len = t.len - from < round.len + MARK_REACH ? t.len - from
                                                                  : round.len + MARK_REACH;
                closing[0] = '<';
                closing[1] = '/';
                memcpy(closing + 2, mark.data + 1, n - 1);
                if (HAS_ANY(before, wants) && HAS_ANY(round, ends) &&
                    !memmem(request.data, request.len, closing, n + 1))
                        return mark;
        }
        return CLEW_SLICE_NULL;
}
