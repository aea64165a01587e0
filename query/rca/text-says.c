/*
 * What an answer says: trouble, refusals, promises, questions, an end in the middle.
 */
#include "query/rca/text-int.h"

#define PROMISE_WITHIN 400u /* bytes at both ends of a text that announce what comes next */
#define MENTION_WORDS 16u   /* words of an error that are looked for in an answer */
#define MARK_MAX 24u        /* bytes of a mark, without its brackets */
#define MARK_REACH 90u      /* bytes round a mark in which the request says what to do with it */
#define REQUEST_MAX 6000u   /* what to write at the end stands at the end */

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

/* The next sentence or line from @at on; false at the end. */
static bool next_sentence(struct clew_slice t, size_t *at, struct clew_slice *ret)
{
        size_t from = *at;
        size_t to;

        while (from < t.len && (is_space(t.data[from]) || memchr(".!?", t.data[from], 3)))
                from++;
        to = from;
        while (to < t.len && is_digit(t.data[to]))
                to++;
        /* The mark behind the number of a point ends no sentence. */
        to += to > from && to < t.len && t.data[to] == '.';
        while (to < t.len && t.data[to] != '\n' &&
               !(memchr(".!?", t.data[to], 3) && (to + 1 == t.len || is_space(t.data[to + 1]))))
                to++;
        *ret = to > from ? clew_slice_make(t.data + from, to - from) : CLEW_SLICE_NULL;
        *at = to;
        return to > from;
}

struct clew_slice clew_text_whole_words(struct clew_slice text, size_t max)
{
        size_t to = max;

        if (text.len <= max)
                return text;
        while (to > max / 2 && !is_space(text.data[to]))
                to--;
        if (!is_space(text.data[to])) { /* no words: at the start of a character */
                for (to = max; to > 0 && (text.data[to] & 0xc0) == 0x80;)
                        to--;
        }
        return clew_text_trim(head(text, to));
}

/* It is somebody else's words that are told: "The clerk said: "I cannot help"". */
static bool is_quotation(struct clew_slice s)
{
        static const char *const says[] = {"said",   "says",    "wrote",
                                           "writes", "replied", "answered"};
        const uint8_t *mark = memchr(s.data, '"', s.len);

        return mark && HAS_ANY(head(s, (size_t)(mark - s.data)), says);
}

/* What would be so under a condition, and what a search did not bring, refuses nothing. */
static bool is_no_refusal(struct clew_slice s)
{
        static const char *const conditions[] = {"if ",      "in case ", "unless ", "should ",
                                                 "until ",   "once ",    "when ",   "as long as ",
                                                 "without ", "before "};
        static const char *const inside[] = {" if ", " unless ", " until ", " without your "};
        static const char *const searches[] = {"t find",        "t see ",         "t locate",
                                               "not find",      "not see ",       "not locate",
                                               "nable to find", "nable to locate"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(conditions); i++) {
                if (clew_text_begins(s, conditions[i]))
                        return true;
        }
        return HAS_ANY(s, inside) || HAS_ANY(s, searches);
}

struct clew_slice clew_text_refusal(struct clew_slice text)
{
        static const char *const words[] = {
                "i can't",       "i can\xe2\x80\x99t", "i cannot",         "i'm unable",
                "i am unable",   "i must decline",     "i won't be able",  "i'm not able",
                "i am not able", "unable to assist",   "can't assist",     "cannot assist",
                "we cannot",     "we can't",           "not able to help", "have to stop",
                "i will not",    "could not finish",   "couldn't finish",
        };
        static const char *const praise[] = {" enough",  "agree more", "wait to",
                                             "help but", "stress ",    "emphasi"};
        struct clew_slice t = head(text, 1200);
        struct clew_slice s;
        size_t at = 0;

        if (!HAS_ANY(t, words))
                return CLEW_SLICE_NULL;
        while (next_sentence(t, &at, &s)) {
                if (HAS_ANY(s, words) && !HAS_ANY(s, praise) && !is_quotation(s) &&
                    !is_no_refusal(s))
                        return s;
        }
        return CLEW_SLICE_NULL;
}

bool clew_text_refuses(struct clew_slice text)
{
        return clew_text_refusal(text).len > 0;
}

bool clew_text_wants_human(struct clew_slice text)
{
        static const char *const who[] = {
                "human",    "real person", "supervisor", "manager",    "representative",
                "operator", "somebody",    "someone",    "live agent", "colleague",
                "mensch",   "mitarbeiter", "vorgesetzt", "persona",    "humano",
                "agente",   "conseiller",  "humain",     "operatore",  "medewerker"};
        static const char *const verbs[] = {
                "speak",   "talk",   "transfer", "connect", "escalat", "hand me",  "get me",
                "put me",  "want a", "need a",   "contact", "refer",   "sprechen", "reden",
                "verbind", "hablar", "pasar",    "parler",  "passer",  "parlare",  "spreken"};
        struct clew_slice t = head(text, LOWER_MAX);

        return HAS_ANY(t, who) && HAS_ANY(t, verbs);
}

static const char *const denials[] = {
        "nothing on file",     "no matching",       "did not return", "didn't return",
        "no information",      "could not find",    "couldn't find",  "could not be found",
        "no results",          "nothing useful",    "no relevant",    "unable to find",
        "was not there",       "nothing was found", "no records",     "unable to answer",
        "unable to determine", "not find any",      "no data",
};

bool clew_text_denies_result(struct clew_slice text)
{
        return HAS_ANY(head(text, 1200), denials);
}

/* Words of five letters or more, names and numbers of @t, of which so many stand in @in. False when
 * a name or a number does not: something else is spoken of. */
static bool count_words(struct clew_slice t, const struct lowered *in, uint32_t *ret_n,
                        uint32_t *ret_found)
{
        static const char *const idle[] = {"could",    "found",   "there",    "information",
                                           "about",    "please",  "would",    "result",
                                           "returned", "records", "matching", "relevant",
                                           "unable",   "which",   "based"};

        for (size_t i = 0; i < t.len && *ret_n < MENTION_WORDS;) {
                char word[24];
                bool told;
                size_t k = 0;

                while (i < t.len && !is_alpha(t.data[i]) && !is_digit(t.data[i]))
                        i++;
                told = i > 0 && i < t.len && t.data[i] >= 'A' && t.data[i] <= 'Z';
                for (; i < t.len && (is_alpha(t.data[i]) || is_digit(t.data[i])); i++) {
                        if (k + 1 < sizeof(word))
                                word[k++] = (char)lower(t.data[i]);
                        told |= is_digit(t.data[i]);
                }
                word[k] = 0;
                for (size_t w = 0; w < CLEW_ARRAY_LEN(idle); w++)
                        k = strcmp(word, idle[w]) == 0 ? 0 : k;
                if (k < 5 && !(told && k > 1))
                        continue;
                (*ret_n)++;
                if (has_word(in, word))
                        (*ret_found)++;
                else if (told)
                        return false;
        }
        return true;
}

/* Something failed: why nothing was found, whatever was read last. */
static bool tells_why(struct clew_slice text)
{
        static const char *const words[] = {"could not", "couldn't", "cannot",  "can't",
                                            "unable to", "failed",   "refused", "no access"};
        struct clew_slice s;
        size_t at = 0;

        while (next_sentence(text, &at, &s)) {
                if (!HAS_ANY(s, denials) && HAS_ANY(s, words))
                        return true;
        }
        return false;
}

bool clew_text_denies_what(struct clew_slice text, struct clew_slice result)
{
        static const char *const others[] = {"i found", "however", "i can see", "i see ",
                                             "i did find"};
        struct clew_slice t = head(text, 1200);
        struct clew_slice s;
        struct lowered l;
        size_t at = 0;
        uint32_t n = 0;
        uint32_t found = 0;

        if (HAS_ANY(t, others) || tells_why(t))
                return false; /* it tells what was found, or what failed, too */
        make_lowered(result, &l);
        while (next_sentence(t, &at, &s)) {
                if (!HAS_ANY(s, denials))
                        continue;
                return count_words(s, &l, &n, &found) && found * 2 >= n;
        }
        return false;
}

static const char *const announcements[] = {
        "let me ",    "i will ",       "i'll ",       "i\xe2\x80\x99ll ",
        "one moment", "i'm going to ", "please wait", "i am going to ",
        "now i ",     "next i ",       "hold on",     "give me a moment",
};

/* An action announced for now, in one sentence: not under a condition, not of a state, and no point
 * of a list. */
static bool announces(struct clew_slice s)
{
        static const char *const others[] = {
                " if ", "once ", " when ", "after ", "as soon as", "until", "let me know",
                "ll need", "will need", "will not", "won't", "ll be ", "will be ", "in mind",
                "remember", "will have", "ll have", "will keep", "ll keep", "ll stay", "will stay",
                "ll wait", "will wait", "would", "could", "happy to", "glad", "feel free",
                "welcome", "so that i can", "so i can", "before i", "let me help", "let me assist",
                "i can ", "thank you for", "let me clarify", "let me explain", "let me summar",
                "ll summar",
                /* what the text itself then is */
                "a survey", "a plan ", "an outline", "then i", "will then", "ll then",
                "look forward"};

        if (s.len && (is_digit(s.data[0]) || s.data[0] == '-' || s.data[0] == '*'))
                return false;
        return HAS_ANY(s, announcements) && !HAS_ANY(s, others) && !clew_text_begins(s, "if ") &&
               !clew_text_begins(s, "when ");
}

bool clew_text_promises(struct clew_slice text)
{
        static const char *const farewells[] = {"feel free", "welcome", "anything else",
                                                "glad",      "have a ", "thanks"};
        struct clew_slice parts[2] = {head(text, PROMISE_WITHIN), CLEW_SLICE_NULL};
        bool any[2];

        if (text.len > PROMISE_WITHIN)
                parts[1] = tail(clew_slice_from(text, PROMISE_WITHIN), PROMISE_WITHIN);
        for (size_t k = 0; k < 2; k++)
                any[k] = HAS_ANY(parts[k], announcements);
        if ((!any[0] && !any[1]) || HAS_ANY(head(text, 600), farewells) || clew_text_hands_in(text))
                return false;
        for (size_t k = 0; k < 2; k++) {
                struct clew_slice s;
                size_t at = 0;

                while (any[k] && next_sentence(parts[k], &at, &s)) {
                        if (announces(s))
                                return true;
                }
        }
        return false;
}

bool clew_text_asks(struct clew_slice text)
{
        struct clew_slice t = tail(clew_text_trim(text), 240);

        return memchr(t.data ? (const void *)t.data : "", '?', t.len) != NULL ||
               clew_text_find(t, "please confirm") >= 0 ||
               clew_text_find(t, "please provide") >= 0 || clew_text_find(t, "let me know") >= 0;
}

/* One sentence holds a word of five letters or more that @error has, too. */
static bool shares_word(struct clew_slice sentence, const struct lowered *error)
{
        for (size_t i = 0; i < sentence.len;) {
                char word[24];
                size_t k = 0;

                while (i < sentence.len && !is_alpha(sentence.data[i]))
                        i++;
                for (; i < sentence.len && is_alpha(sentence.data[i]); i++) {
                        if (k + 1 < sizeof(word))
                                word[k++] = (char)lower(sentence.data[i]);
                }
                k -= k > 5 && word[k - 1] == 's';
                word[k] = 0;
                if (k >= 5 && has_word(error, word))
                        return true;
        }
        return false;
}

bool clew_text_mentions(struct clew_slice text, struct clew_slice error)
{
        static const char *const negations[] = {
                "not ",      "n't",   "no ",     "n\xe2\x80\x99t", "insufficient", "exceed",
                "discrepan", "unava", "however", "alternative",    "already",      "only "};
        static const char *const stays[] = {"stays ", "remain", "still ", "as it is", "as it was"};
        struct clew_slice t = head(text, LOWER_MAX);
        struct clew_slice s;
        struct lowered l;
        size_t at = 0;

        make_lowered(head(clew_text_trim(error), CLEW_TEXT_HEAD_MAX), &l);
        while (next_sentence(t, &at, &s)) {
                if ((HAS_ANY(s, negations) || HAS_ANY(s, stays)) && shares_word(s, &l))
                        return true;
        }
        return false;
}

bool clew_text_plans(struct clew_slice text)
{
        struct clew_slice t = clew_text_trim(text);

        return t.len > 0 &&
               (t.data[0] == '{' || t.data[0] == '#' || clew_text_find(head(t, 200), "plan:") >= 0);
}

bool clew_text_is_unclosed(struct clew_slice text)
{
        struct clew_slice t = clew_text_trim(text);
        size_t fences = 0;
        long depth = 0;
        bool in_string = false;

        for (struct clew_slice rest = t; rest.len;) {
                const uint8_t *fence = clew_find(rest, "```", 3);

                if (!fence)
                        break;
                fences++;
                rest = clew_slice_from(rest, (size_t)(fence - rest.data) + 3);
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
                "yes",         "yeah",      "yep",        "sure",
                "ok",          "okay",      "confirm",    "proceed",
                "go ahead",    "do it",     "correct",    "that's right",
                "agree",       "agreed",    "perfect",    "fine",
                "let's",       "please do", "that works", "confirmed",
                "sounds good", "ja",        "oui",        "sim",
                "s\xc3\xad",   "si",        "absolutely", "looks good",
                "look good",   "of course", "definitely", "d'accord",
                "claro",       "vale",      "gerne",      "einverstanden",
                "passt",       "genau"};
        /* Words of languages that write without blanks. */
        static const char *const unbroken[] = {"\xe6\x98\xaf\xe7\x9a\x84",
                                               "\xe5\xa5\xbd\xe7\x9a\x84",
                                               "\xe7\xa1\xae\xe8\xae\xa4",
                                               "\xe7\xa2\xba\xe8\xaa\x8d",
                                               "\xe5\x8f\xaf\xe4\xbb\xa5",
                                               "\xe5\x90\x8c\xe6\x84\x8f",
                                               "\xe3\x81\xaf\xe3\x81\x84",
                                               "\xe3\x81\x8a\xe9\xa1\x98\xe3\x81\x84",
                                               "\xeb\x84\xa4",
                                               "\xd0\xb4\xd0\xb0"};
        struct lowered l;

        make_lowered(head(text, 600), &l);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (has_word(&l, words[i]) && has_whole(clew_slice_make(l.text, l.len), words[i]))
                        return true;
        }
        return HAS_ANY(head(text, 600), unbroken);
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
        if (n > 4 && clew_text_begins(tail(t, 2), "ed"))
                return !clew_text_begins(t, "need");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(irregular); i++) {
                if (n == strlen(irregular[i]) && clew_text_begins(t, irregular[i]))
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

                        if (clew_text_begins(head(clew_slice_from(t, i), n), who[w]) &&
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
        size_t end = t.len;

        for (const uint8_t *open; t.len > 0 && (open = memrchr(t.data, '<', end)) != NULL;) {
                size_t i = end = (size_t)(open - t.data);
                size_t n = mark_at(t, i);
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
