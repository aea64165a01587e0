/*
 * Texts that end a talk and say nothing else.
 */
#include "query/rca/sentences-int.h"
#include "query/rca/text-int.h"

#define FAREWELL_MAX 400u

/* Nothing is in it but politeness. A number, or something done, is more than that. */
static bool is_polite(struct clew_slice sentence)
{
        static const char *const words[] = {
                "welcome",      "good day",      "have a great", "have a nice",   "have a wond",
                "safe travels", "goodbye",       "take care",    "my pleasure",   "happy to help",
                "glad to help", "need anything", "comes up",     "feel free to ", "glad i could"};

        return HAS_ANY(sentence, words) && !clew_text_has_digit(sentence);
}

static bool is_all_polite(struct clew_slice text)
{
        struct sentences all = {text, 0};
        struct clew_slice s;
        bool any = false;

        while (next_sentence(&all, FAREWELL_MAX, &s)) {
                if (clew_text_trim(s).len && !is_polite(s))
                        return false;
                any |= clew_text_trim(s).len > 0;
        }
        return any;
}

bool clew_text_is_farewell(struct clew_slice text)
{
        static const char *const words[] = {
                "welcome",      "have a great", "have a good", "have a nice", "have a wond",
                "safe travels", "goodbye",      "take care",   "enjoy your",  "happy to help"};

        return text.len < FAREWELL_MAX && (HAS_ANY(text, words) || is_all_polite(text)) &&
               !(text.len && memchr(text.data, '?', text.len));
}
