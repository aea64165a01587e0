/*
 * Languages by script and by stop words. A word that two of the languages share counts for both, so
 * only the others decide; the winner needs twice the hits of the next one.
 */
#include "query/rca/language.h"

#include "proto/base/compiler.h"
#include "query/rca/text.h"

#define LOOKED_AT 2048u
#define HITS_MIN 3u   /* stop words and letters of its own; fewer are a chance */
#define SCRIPT_MIN 6u /* letters of a script */
#define WORD_MAX 12u

static const struct {
        const char *name;  /* for people */
        const char *words; /* lower case, each between spaces */
} languages[CLEW_LANGUAGE_COUNT] = {
        [CLEW_LANGUAGE_UNKNOWN] = {"unknown", NULL},
        [CLEW_LANGUAGE_ENGLISH] = {"English", " the and you your is are of to for with that this "
                                              "was have has been will not can would please it "
                                              "from what which be or an on "},
        [CLEW_LANGUAGE_GERMAN] = {"German",
                                  " der die das und ist nicht ein eine einen sie ich mit "
                                  "auf f\xc3\xbcr von dem den des im zu wird sind war bitte "
                                  "haben auch es wie kann ihre "},
        [CLEW_LANGUAGE_FRENCH] = {"French",
                                  " le la les et est une des du que pour dans vous je pas "
                                  "sur avec votre nous au aux ce cette qui il sont ne par "
                                  "plus "},
        [CLEW_LANGUAGE_SPANISH] = {"Spanish",
                                   " el la los las y es una que para con por su del en no "
                                   "se lo al como pero usted mi est\xc3\xa1 ha sus fue "},
        [CLEW_LANGUAGE_ITALIAN] = {"Italian",
                                   " il lo la gli le e di che per con non una sono del "
                                   "della nel alla suo pi\xc3\xb9 ha come si dal questo "},
        [CLEW_LANGUAGE_PORTUGUESE] = {"Portuguese",
                                      " o os as e de que para com n\xc3\xa3o uma do da "
                                      "em no na por seu sua mais voc\xc3\xaa foi s\xc3"
                                      "\xa3o ao como "},
        [CLEW_LANGUAGE_DUTCH] = {"Dutch", " het een en van ik dat niet is op te zijn met voor je u "
                                          "aan wij ook maar naar wordt kan bij "},
        [CLEW_LANGUAGE_CYRILLIC] = {"Cyrillic script", NULL},
        [CLEW_LANGUAGE_GREEK] = {"Greek", NULL},
        [CLEW_LANGUAGE_ARABIC] = {"Arabic script", NULL},
        [CLEW_LANGUAGE_HEBREW] = {"Hebrew", NULL},
        [CLEW_LANGUAGE_INDIC] = {"an Indic script", NULL},
        [CLEW_LANGUAGE_THAI] = {"Thai", NULL},
        [CLEW_LANGUAGE_KOREAN] = {"Korean", NULL},
        [CLEW_LANGUAGE_HAN] = {"Chinese or Japanese", NULL},
};

const char *clew_language_name(enum clew_language language)
{
        return languages[language].name;
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

static uint8_t lower(uint8_t c)
{
        return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_letter(uint8_t c)
{
        c = lower(c);
        return (c >= 'a' && c <= 'z') || c >= 0x80;
}

static void count_word(struct clew_slice word, uint32_t hits[CLEW_LANGUAGE_COUNT])
{
        char spaced[WORD_MAX + 3];

        if (word.len == 0 || word.len > WORD_MAX)
                return;
        spaced[0] = ' ';
        for (size_t i = 0; i < word.len; i++)
                spaced[i + 1] = (char)lower(word.data[i]);
        spaced[word.len + 1] = ' ';
        spaced[word.len + 2] = '\0';
        for (int l = 0; l < CLEW_LANGUAGE_COUNT; l++)
                hits[l] += languages[l].words && strstr(languages[l].words, spaced);
}

enum clew_language clew_language_of(struct clew_slice text)
{
        uint32_t hits[CLEW_LANGUAGE_COUNT] = {0};
        uint32_t best = 0;
        uint32_t next = 0;
        size_t i = 0;

        if (text.len > LOOKED_AT)
                text.len = LOOKED_AT;
        while (i < text.len) {
                size_t from;

                while (i < text.len && !is_letter(text.data[i]))
                        i++;
                from = i;
                while (i < text.len && is_letter(text.data[i])) {
                        if (text.data[i] >= 0xc0 && i + 1 < text.len) {
                                enum clew_language s = script_of(text.data[i], text.data[i + 1]);

                                if (s == CLEW_LANGUAGE_UNKNOWN)
                                        s = owner_of(text.data[i], text.data[i + 1]);
                                hits[s] += s != CLEW_LANGUAGE_UNKNOWN;
                        }
                        i++;
                }
                count_word(clew_slice_make(text.data + from, i - from), hits);
        }
        for (uint32_t l = 1; l < CLEW_LANGUAGE_COUNT; l++) {
                if (hits[l] > hits[best]) {
                        next = best;
                        best = l;
                } else if (best && (next == 0 || hits[l] > hits[next])) {
                        next = l;
                }
        }
        if (hits[best] < (languages[best].words ? HITS_MIN : SCRIPT_MIN) ||
            (next && hits[best] < 2 * hits[next]))
                return CLEW_LANGUAGE_UNKNOWN;
        return (enum clew_language)best;
}

bool clew_language_is_named(enum clew_language language, struct clew_slice text)
{
        static const char *const by_script[] = {"russian", "ukrainian", "bulgarian", "arabic",
                                                "persian", "hindi",     "chinese",   "japanese",
                                                "korean",  "thai",      "hebrew",    "greek"};
        char name[16];
        size_t i = 0;

        if (languages[language].words) {
                for (; languages[language].name[i]; i++)
                        name[i] = (char)lower((uint8_t)languages[language].name[i]);
                name[i] = '\0';
                return clew_text_find(text, name) >= 0;
        }
        for (i = 0; i < CLEW_ARRAY_LEN(by_script); i++) {
                if (clew_text_find(text, by_script[i]) >= 0)
                        return true;
        }
        return false;
}
