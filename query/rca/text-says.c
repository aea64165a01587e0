/*
 * What an answer says: trouble, refusals, promises, questions, an end in the middle.
 */
#include "query/rca/text-int.h"

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
