/*
 * See lexicon.h. A word is made once, from the syllables of its script; a text only looks words up.
 */
#include "tools/loadgen/lexicon.h"

#include "proto/base/mem.h"
#include "proto/base/utf8.h"

#include <string.h>

#define VOCABULARY 20000u
#define WORD_BYTES_MAX 40u
#define RANK_STEPS 65536u
/* e to this is VOCABULARY. */
#define RANK_LOG 9.903487552536127

struct word {
        uint8_t bytes[WORD_BYTES_MAX];
        uint8_t len;
};

struct clew_lexicon {
        struct word words[CLEW_LEXICON_LANGUAGES][VOCABULARY];
        uint16_t ranks[RANK_STEPS + 1];
};

uint64_t clew_dice_next(struct clew_dice *dice)
{
        uint64_t z = dice->state += 0x9e3779b97f4a7c15ull;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ z >> 27) * 0x94d049bb133111ebull;
        return z ^ z >> 31;
}

uint32_t clew_dice_below(struct clew_dice *dice, uint32_t n)
{
        return (uint32_t)((clew_dice_next(dice) >> 32) * n >> 32);
}

/* ---- making words ---------------------------------------------------------------------------
 */

/* Letters of a script that stand together: syllables are one of each, or one code point. */
struct script {
        const char *const *first; /* NULL: code points */
        const char *const *second;
        const char *const *third;
        uint32_t n_first, n_second, n_third;
        uint32_t from, to;
        const char *space;
        const char *comma;
        const char *stop;
};

static const char *const latin_first[] = {"b",  "br", "c", "ch", "d", "dr", "f",  "g",  "gr",
                                          "h",  "j",  "k", "l",  "m", "n",  "p",  "pl", "pr",
                                          "qu", "r",  "s", "sh", "t", "tr", "th", "v",  "w"};
static const char *const english_second[] = {"a", "e", "i", "o", "u", "ea", "ou", "ai", "y"};
static const char *const english_third[] = {"",  "",  "",   "n",  "r",  "s",  "t",
                                            "l", "d", "ng", "st", "nd", "ck", "m"};
static const char *const german_second[] = {"a", "e", "i", "o", "u", "ä", "ö", "ü", "ei", "au"};
static const char *const german_third[] = {"",   "n",   "r", "s",  "t",  "l",
                                           "ch", "sch", "ß", "nd", "ng", "rt"};
static const char *const spanish_second[] = {"a", "e", "i", "o", "u", "á", "é", "ó", "ie", "ue"};
static const char *const spanish_third[] = {"", "", "", "n", "s", "r", "l", "ñ"};
static const char *const russian_first[] = {"б", "в", "г", "д", "ж", "з",  "к",  "л", "м",
                                            "н", "п", "р", "с", "т", "пр", "ст", "х", "ш"};
static const char *const russian_second[] = {"а", "е", "и", "о", "у", "ы", "я", "ю"};
static const char *const russian_third[] = {"", "", "й", "н", "т", "сть", "л", "м", "в"};
static const char *const thai_first[] = {"ก", "ข", "ค", "ง", "จ", "ช", "ด", "ต", "ท", "น", "บ",
                                         "ป", "พ", "ม", "ย", "ร", "ล", "ว", "ส", "ห", "อ"};
static const char *const thai_second[] = {"า", "ิ", "ี", "ุ", "ู", "ะ", "่า", "้า", "ำ"};
static const char *const thai_third[] = {"", "", "น", "ง", "ม", "ก", "ด"};

#define SYLLABLES(f, s, t)                                                                         \
        .first = f, .n_first = CLEW_ARRAY_LEN(f), .second = s, .n_second = CLEW_ARRAY_LEN(s),      \
        .third = t, .n_third = CLEW_ARRAY_LEN(t)

static const struct script scripts[CLEW_LEXICON_LANGUAGES] = {
        [CLEW_LEXICON_ENGLISH] = {SYLLABLES(latin_first, english_second, english_third),
                                  .space = " ", .comma = ", ", .stop = ". "},
        [CLEW_LEXICON_GERMAN] = {SYLLABLES(latin_first, german_second, german_third), .space = " ",
                                 .comma = ", ", .stop = ". "},
        [CLEW_LEXICON_SPANISH] = {SYLLABLES(latin_first, spanish_second, spanish_third),
                                  .space = " ", .comma = ", ", .stop = ". "},
        [CLEW_LEXICON_RUSSIAN] = {SYLLABLES(russian_first, russian_second, russian_third),
                                  .space = " ", .comma = ", ", .stop = ". "},
        [CLEW_LEXICON_KOREAN] =
                {.from = 0xac00, .to = 0xb400, .space = " ", .comma = ", ", .stop = ". "},
        [CLEW_LEXICON_ARABIC] =
                {.from = 0x0628, .to = 0x063b, .space = " ", .comma = "، ", .stop = ". "},
        [CLEW_LEXICON_CHINESE] =
                {.from = 0x4e00, .to = 0x5a00, .space = "", .comma = "，", .stop = "。"},
        [CLEW_LEXICON_JAPANESE] =
                {.from = 0x3042, .to = 0x3094, .space = "", .comma = "、", .stop = "。"},
        [CLEW_LEXICON_THAI] = {SYLLABLES(thai_first, thai_second, thai_third), .space = "",
                               .comma = " ", .stop = " "},
};

static void add(struct word *w, const char *s)
{
        size_t len = strlen(s);

        if (len + w->len > WORD_BYTES_MAX)
                return;
        memcpy(w->bytes + w->len, s, len);
        w->len = (uint8_t)(w->len + len);
}

static void add_code_point(struct word *w, uint32_t c)
{
        char text[CLEW_UTF8_BYTES_MAX + 1] = {0};

        (void)clew_utf8_encode(c, (uint8_t *)text);
        add(w, text);
}

static void make_word(const struct script *s, struct clew_dice *dice, uint32_t rank, struct word *w)
{
        unsigned longest = rank < 50 ? 1 : rank < 1000 ? 2 : 3;
        unsigned n = 1 + clew_dice_below(dice, longest);

        w->len = 0;
        if (!s->first)
                n += s->space[0] ? 1 : 0;
        for (unsigned i = 0; i < n; i++) {
                if (s->first) {
                        add(w, s->first[clew_dice_below(dice, s->n_first)]);
                        add(w, s->second[clew_dice_below(dice, s->n_second)]);
                        add(w, s->third[clew_dice_below(dice, s->n_third)]);
                } else {
                        add_code_point(w, s->from + clew_dice_below(dice, s->to - s->from));
                }
        }
}

struct clew_lexicon *clew_lexicon_new(uint64_t seed)
{
        struct clew_lexicon *words = clew_calloc(1, sizeof(*words));
        struct clew_dice dice = {seed};
        double rank = 1;

        if (!words)
                return NULL;
        for (unsigned l = 0; l < CLEW_LEXICON_LANGUAGES; l++) {
                for (uint32_t i = 0; i < VOCABULARY; i++)
                        make_word(&scripts[l], &dice, i, &words->words[l][i]);
        }
        for (uint32_t i = 0; i <= RANK_STEPS; i++) {
                words->ranks[i] = (uint16_t)(rank < VOCABULARY ? rank - 1 : VOCABULARY - 1);
                rank *= 1 + RANK_LOG / RANK_STEPS;
        }
        return words;
}

void clew_lexicon_free(struct clew_lexicon *words)
{
        clew_free(words);
}

uint32_t clew_lexicon_rank(const struct clew_lexicon *words, struct clew_dice *dice, uint32_t n)
{
        for (;;) {
                uint32_t step = clew_dice_below(dice, RANK_STEPS);
                uint32_t low = words->ranks[step];
                uint32_t rank = low + clew_dice_below(dice, words->ranks[step + 1] - low + 1);

                if (rank < n)
                        return rank;
        }
}

/* ---- sentences ------------------------------------------------------------------------------
 */

void clew_lexicon_put(const struct clew_lexicon *words, enum clew_lexicon_language language,
                      struct clew_dice *dice, unsigned n, struct clew_buffer *out)
{
        const struct script *s = &scripts[language];
        bool first = true;

        for (unsigned i = 0; i < n; i++) {
                struct word w = words->words[language][clew_lexicon_rank(words, dice, VOCABULARY)];
                uint32_t chance = clew_dice_below(dice, 16);

                if (first && w.bytes[0] >= 'a' && w.bytes[0] <= 'z')
                        w.bytes[0] = (uint8_t)(w.bytes[0] - 32);
                clew_buffer_append(out, w.bytes, w.len);
                first = chance == 1;
                if (i + 1 < n)
                        clew_buffer_append_cstr(out, chance == 0   ? s->comma
                                                     : chance == 1 ? s->stop
                                                                   : s->space);
        }
}
