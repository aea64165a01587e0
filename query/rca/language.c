/*
 * Languages by script and by stop words. A word that two of the languages share counts for both, so
 * only the others decide; the winner needs twice the hits of the next one.
 */
#include "query/rca/language.h"

#include "query/rca/text-int.h"

#define LOOKED_AT 512u
#define HITS_MIN 3u   /* stop words and letters of its own; fewer are a chance */
#define SHARE_MIN 6u  /* one stop word in as many words */
#define SCRIPT_MIN 6u /* letters of a script */

static const char *const names[CLEW_LANGUAGE_COUNT] = {
        [CLEW_LANGUAGE_UNKNOWN] = "unknown",
        [CLEW_LANGUAGE_ENGLISH] = "English",
        [CLEW_LANGUAGE_GERMAN] = "German",
        [CLEW_LANGUAGE_FRENCH] = "French",
        [CLEW_LANGUAGE_SPANISH] = "Spanish",
        [CLEW_LANGUAGE_ITALIAN] = "Italian",
        [CLEW_LANGUAGE_PORTUGUESE] = "Portuguese",
        [CLEW_LANGUAGE_DUTCH] = "Dutch",
        [CLEW_LANGUAGE_CYRILLIC] = "Cyrillic script",
        [CLEW_LANGUAGE_GREEK] = "Greek",
        [CLEW_LANGUAGE_ARABIC] = "Arabic script",
        [CLEW_LANGUAGE_HEBREW] = "Hebrew",
        [CLEW_LANGUAGE_INDIC] = "an Indic script",
        [CLEW_LANGUAGE_THAI] = "Thai",
        [CLEW_LANGUAGE_KOREAN] = "Korean",
        [CLEW_LANGUAGE_HAN] = "Chinese or Japanese",
};

enum {
        EN = 1 << CLEW_LANGUAGE_ENGLISH,
        DE = 1 << CLEW_LANGUAGE_GERMAN,
        FR = 1 << CLEW_LANGUAGE_FRENCH,
        ES = 1 << CLEW_LANGUAGE_SPANISH,
        IT = 1 << CLEW_LANGUAGE_ITALIAN,
        PT = 1 << CLEW_LANGUAGE_PORTUGUESE,
        NL = 1 << CLEW_LANGUAGE_DUTCH,
        BY_WORDS = EN | DE | FR | ES | IT | PT | NL,
};

/* In order of bytes; a word of several languages counts for each. */
static const struct {
        char word[8];
        unsigned of;
} stop_words[] = {
        {"aan", NL},
        {"al", ES},
        {"alla", IT},
        {"an", EN},
        {"and", EN},
        {"ao", PT},
        {"are", EN},
        {"as", PT},
        {"au", FR},
        {"auch", DE},
        {"auf", DE},
        {"aux", FR},
        {"avec", FR},
        {"be", EN},
        {"been", EN},
        {"bij", NL},
        {"bitte", DE},
        {"can", EN},
        {"ce", FR},
        {"cette", FR},
        {"che", IT},
        {"com", PT},
        {"come", IT},
        {"como", ES | PT},
        {"con", ES | IT},
        {"da", PT},
        {"dal", IT},
        {"dans", FR},
        {"das", DE},
        {"dat", NL},
        {"de", PT},
        {"del", ES | IT},
        {"della", IT},
        {"dem", DE},
        {"den", DE},
        {"der", DE},
        {"des", DE | FR},
        {"di", IT},
        {"die", DE},
        {"do", PT},
        {"du", FR},
        {"e", IT | PT},
        {"een", NL},
        {"ein", DE},
        {"eine", DE},
        {"einen", DE},
        {"el", ES},
        {"em", PT},
        {"en", ES | NL},
        {"es", DE | ES},
        {"est", FR},
        {"est\xc3\xa1", ES},
        {"et", FR},
        {"foi", PT},
        {"for", EN},
        {"from", EN},
        {"fue", ES},
        {"f\xc3\xbcr", DE},
        {"gli", IT},
        {"ha", ES | IT},
        {"haben", DE},
        {"has", EN},
        {"have", EN},
        {"het", NL},
        {"ich", DE},
        {"ihre", DE},
        {"ik", NL},
        {"il", FR | IT},
        {"im", DE},
        {"is", EN | NL},
        {"ist", DE},
        {"it", EN},
        {"je", FR | NL},
        {"kan", NL},
        {"kann", DE},
        {"la", FR | ES | IT},
        {"las", ES},
        {"le", FR | IT},
        {"les", FR},
        {"lo", ES | IT},
        {"los", ES},
        {"maar", NL},
        {"mais", PT},
        {"met", NL},
        {"mi", ES},
        {"mit", DE},
        {"na", PT},
        {"naar", NL},
        {"ne", FR},
        {"nel", IT},
        {"nicht", DE},
        {"niet", NL},
        {"no", ES | PT},
        {"non", IT},
        {"not", EN},
        {"nous", FR},
        {"n\xc3\xa3o", PT},
        {"o", PT},
        {"of", EN},
        {"on", EN},
        {"ook", NL},
        {"op", NL},
        {"or", EN},
        {"os", PT},
        {"par", FR},
        {"para", ES | PT},
        {"pas", FR},
        {"per", IT},
        {"pero", ES},
        {"pi\xc3\xb9", IT},
        {"please", EN},
        {"plus", FR},
        {"por", ES | PT},
        {"pour", FR},
        {"que", FR | ES | PT},
        {"questo", IT},
        {"qui", FR},
        {"se", ES},
        {"seu", PT},
        {"si", IT},
        {"sie", DE},
        {"sind", DE},
        {"sono", IT},
        {"sont", FR},
        {"su", ES},
        {"sua", PT},
        {"suo", IT},
        {"sur", FR},
        {"sus", ES},
        {"s\xc3\xa3o", PT},
        {"te", NL},
        {"that", EN},
        {"the", EN},
        {"this", EN},
        {"to", EN},
        {"u", NL},
        {"uma", PT},
        {"una", ES | IT},
        {"und", DE},
        {"une", FR},
        {"usted", ES},
        {"van", NL},
        {"voc\xc3\xaa", PT},
        {"von", DE},
        {"voor", NL},
        {"votre", FR},
        {"vous", FR},
        {"war", DE},
        {"was", EN},
        {"what", EN},
        {"which", EN},
        {"wie", DE},
        {"wij", NL},
        {"will", EN},
        {"wird", DE},
        {"with", EN},
        {"wordt", NL},
        {"would", EN},
        {"y", ES},
        {"you", EN},
        {"your", EN},
        {"zijn", NL},
        {"zu", DE},
};

const char *clew_language_name(enum clew_language language)
{
        return names[language];
}

/* By the first bytes of a UTF-8 letter; UNKNOWN for Latin and all else. */
static enum clew_language script_of(uint8_t a, uint8_t b)
{
        if (a >= 0xd0 && a <= 0xd3)
                return CLEW_LANGUAGE_CYRILLIC;
        if (a == 0xce || a == 0xcf)
                return CLEW_LANGUAGE_GREEK;
        if (a == 0xd7)
                return CLEW_LANGUAGE_HEBREW;
        if (a >= 0xd8 && a <= 0xdb)
                return CLEW_LANGUAGE_ARABIC;
        if (a == 0xe0)
                return b >= 0xb8 && b <= 0xb9   ? CLEW_LANGUAGE_THAI
                       : b >= 0xa4 && b <= 0xb7 ? CLEW_LANGUAGE_INDIC
                                                : CLEW_LANGUAGE_UNKNOWN;
        if (a >= 0xea && a <= 0xed && !(a == 0xed && b >= 0x9f))
                return CLEW_LANGUAGE_KOREAN;
        if (a == 0xe3 ? b >= 0x81 : a >= 0xe4 && a <= 0xe9)
                return CLEW_LANGUAGE_HAN;
        return CLEW_LANGUAGE_UNKNOWN;
}

/* Letters (C3 xx in UTF-8) that one of the languages has and its neighbours have not. */
static enum clew_language owner_of(uint8_t a, uint8_t b)
{
        if (a == 0xc3 && (b == 0xa4 || b == 0xb6 || b == 0xbc || b == 0x9f))
                return CLEW_LANGUAGE_GERMAN;
        if (a == 0xc3 && (b == 0xa3 || b == 0xb5))
                return CLEW_LANGUAGE_PORTUGUESE;
        if ((a == 0xc3 && b == 0xb1) || (a == 0xc2 && (b == 0xbf || b == 0xa1)))
                return CLEW_LANGUAGE_SPANISH;
        if ((a == 0xc3 && (b == 0xaa || b == 0xab)) || (a == 0xc5 && b == 0x93))
                return CLEW_LANGUAGE_FRENCH;
        if (a == 0xc3 && (b == 0xac || b == 0xb2))
                return CLEW_LANGUAGE_ITALIAN;
        return CLEW_LANGUAGE_UNKNOWN;
}

/* Eight bytes as one number that sorts as they do. */
static uint64_t as_number(const char bytes[8])
{
        uint64_t n = 0;

        for (int i = 0; i < 8; i++)
                n = n << 8 | (uint8_t)bytes[i];
        return n;
}

static void count_word(struct clew_slice word, uint32_t hits[CLEW_LANGUAGE_COUNT])
{
        uint64_t key = 0;
        size_t lo = 0;
        size_t hi = CLEW_ARRAY_LEN(stop_words);

        if (word.len == 0 || word.len >= sizeof(stop_words[0].word))
                return;
        for (size_t i = 0; i < 8; i++)
                key = key << 8 | (i < word.len ? lower(word.data[i]) : 0);
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                uint64_t at = as_number(stop_words[mid].word);

                if (at == key) {
                        for (int l = 1; l < CLEW_LANGUAGE_COUNT; l++)
                                hits[l] += stop_words[mid].of >> l & 1;
                        return;
                }
                if (at < key)
                        lo = mid + 1;
                else
                        hi = mid;
        }
}

/* Three words that hardly stand together in another language settle most texts at once. */
static bool is_plainly_english(struct clew_slice text)
{
        static const char *const words[] = {" the ", " you ", " is ", " and ", " your ", " this "};
        uint32_t n = 0;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words) && n < 3; i++)
                n += clew_find(text, words[i], strlen(words[i])) != NULL;
        return n >= 3;
}

/* The language with enough hits, also among @words words, and twice those of any other. Of a text
 * in a language every third word is a stop word; a few in paths, code and warnings are a chance. */
static enum clew_language winner(const uint32_t hits[CLEW_LANGUAGE_COUNT], uint32_t words)
{
        uint32_t best = 0;
        uint32_t next = 0;

        for (uint32_t l = 1; l < CLEW_LANGUAGE_COUNT; l++) {
                if (hits[l] > hits[best]) {
                        next = best;
                        best = l;
                } else if (best && (next == 0 || hits[l] > hits[next])) {
                        next = l;
                }
        }
        if (hits[best] < ((BY_WORDS >> best & 1) ? HITS_MIN : SCRIPT_MIN) ||
            ((BY_WORDS >> best & 1) && hits[best] * SHARE_MIN < words) ||
            (next && hits[best] < 2 * hits[next]))
                return CLEW_LANGUAGE_UNKNOWN;
        return (enum clew_language)best;
}

enum clew_language clew_language_of(struct clew_slice text)
{
        uint32_t hits[CLEW_LANGUAGE_COUNT] = {0};
        uint32_t words = 0;
        size_t i = 0;

        if (text.len > LOOKED_AT)
                text.len = LOOKED_AT;
        if (is_plainly_english(text))
                return CLEW_LANGUAGE_ENGLISH;
        while (i < text.len) {
                size_t from;

                while (i < text.len && !is_alpha(text.data[i]))
                        i++;
                from = i;
                while (i < text.len && is_alpha(text.data[i])) {
                        if (text.data[i] >= 0xc0 && i + 1 < text.len) {
                                enum clew_language s = script_of(text.data[i], text.data[i + 1]);

                                if (s == CLEW_LANGUAGE_UNKNOWN)
                                        s = owner_of(text.data[i], text.data[i + 1]);
                                hits[s] += s != CLEW_LANGUAGE_UNKNOWN;
                        }
                        i++;
                }
                count_word(clew_slice_make(text.data + from, i - from), hits);
                words += i > from;
        }
        return winner(hits, words);
}

bool clew_language_is_named(enum clew_language language, struct clew_slice text)
{
        static const char *const by_script[] = {"russian", "ukrainian", "bulgarian", "arabic",
                                                "persian", "hindi",     "chinese",   "japanese",
                                                "korean",  "thai",      "hebrew",    "greek"};
        char name[16];
        size_t i = 0;

        if (BY_WORDS >> language & 1) {
                for (; names[language][i]; i++)
                        name[i] = (char)lower((uint8_t)names[language][i]);
                name[i] = '\0';
                return clew_text_find(text, name) >= 0;
        }
        for (i = 0; i < CLEW_ARRAY_LEN(by_script); i++) {
                if (clew_text_find(text, by_script[i]) >= 0)
                        return true;
        }
        return false;
}
