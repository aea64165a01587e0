/*
 * Which tokens are no values: words with a digit in them, decades, ranges, names of versions, and
 * what a text repeats of a machine's output (hunk headers of a patch, warnings with file and line,
 * frames of a stack trace).
 */
#include "query/rca/text-int.h"

#define MARKS_MAX 4u    /* bytes between a number and the word that it belongs to */
#define WORD_LENGTH 16u /* of that word */
#define SENTENCE_MAX 160u
#define LISTS_DEEP 32u
#define LINE_HEAD_MAX 200u /* bytes in which a line says that a machine wrote it */

/* 1990s, 80s. */
static bool is_decade(struct clew_slice t)
{
        if (t.len != 3 && t.len != 5)
                return false;
        for (size_t i = 0; i + 1 < t.len; i++) {
                if (!is_digit(t.data[i]))
                        return false;
        }
        return lower(t.data[t.len - 1]) == 's' && t.data[t.len - 2] == '0';
}

/* 950-960, 10,000-20,000, 1939:1945: two numbers and one mark between them. */
static bool is_range(struct clew_slice t)
{
        size_t marks = 0;

        for (size_t i = 0; i < t.len; i++) {
                uint8_t c = t.data[i];

                marks += c == '-' || c == ':';
                if (!is_digit(c) && c != '-' && c != ':' && c != ',' && c != '.')
                        return false;
        }
        return marks == 1;
}

/* sha256, utf-8, base64, x86, python3.11: letters first, then few digits. */
static bool is_name(struct clew_slice t)
{
        size_t letters = 0;
        size_t digits = 0;
        bool small = false;

        while (letters < t.len && is_alpha(t.data[letters]))
                small |= t.data[letters++] >= 'a';
        if (!small)
                return false; /* INV-88 is an id */
        for (size_t i = letters; i < t.len; i++) {
                uint8_t c = t.data[i];

                if (!is_digit(c) && c != '.' && c != '-' && c != '_')
                        return false;
                digits += is_digit(c);
        }
        return letters >= 2 &&
               (digits <= 2 || (letters >= 3 && digits <= 3 && t.len <= 9 &&
                                is_alpha(t.data[letters - 1]) && is_digit(t.data[letters])));
}

/* model-2024-08-06, release-20240806: a word and a date. */
static bool is_dated_name(struct clew_slice t)
{
        size_t letters = 0;
        size_t run = 0;

        for (size_t i = 0; i < t.len; i++) {
                run = is_digit(t.data[i]) ? run + 1 : 0;
                letters += is_alpha(t.data[i]);
                if (run >= 4 && t.data[i + 1 - run] == '2' && t.data[i + 2 - run] == '0' &&
                    letters >= 3 && t.len - (i + 1 - run) >= 8)
                        return true;
        }
        return false;
}

bool clew_token_is_word(const struct clew_token *t)
{
        return is_decade(t->text) || is_range(t->text) || is_name(t->text) ||
               is_dated_name(t->text);
}

/* The word before @at, or behind it, without the marks between: at most MARKS_MAX bytes of them. */
static struct clew_slice word_before(struct clew_slice text, size_t at)
{
        size_t to = at;
        size_t from;

        while (to > 0 && at - to < MARKS_MAX && !is_alpha(text.data[to - 1]) &&
               !is_digit(text.data[to - 1]))
                to--;
        from = to;
        while (from > 0 && to - from < WORD_LENGTH && is_alpha(text.data[from - 1]))
                from--;
        return clew_slice_make(text.data + from, to - from);
}

static struct clew_slice word_behind(struct clew_slice text, size_t at)
{
        size_t from = at;
        size_t to;

        while (from < text.len && from - at < MARKS_MAX && !is_alpha(text.data[from]) &&
               !is_digit(text.data[from]) && text.data[from] != '\n')
                from++;
        to = from;
        while (to < text.len && to - from < WORD_LENGTH && is_alpha(text.data[to]))
                to++;
        return clew_slice_make(text.data + from, to - from);
}

static bool is_any_word(struct clew_slice word, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (word.len == strlen(list[i]) && clew_text_begins(word, list[i]))
                        return true;
        }
        return false;
}

/* "May 14", "14. Mai": a day, which others write in figures alone. */
static bool is_month(struct clew_slice word)
{
        static const char *const months[] = {
                "january", "february", "march",       "april",     "may",       "june",
                "july",    "august",   "september",   "october",   "november",  "december",
                "jan",     "feb",      "mar",         "apr",       "jun",       "jul",
                "aug",     "sep",      "sept",        "oct",       "nov",       "dec",
                "januar",  "februar",  "m\xc3\xa4rz", "mai",       "juni",      "juli",
                "oktober", "dezember", "okt",         "dez",       "janvier",   "mars",
                "avril",   "juin",     "juillet",     "septembre", "octobre",   "novembre",
                "enero",   "febrero",  "marzo",       "abril",     "mayo",      "junio",
                "julio",   "agosto",   "septiembre",  "octubre",   "noviembre", "diciembre"};

        return is_any_word(word, months, CLEW_ARRAY_LEN(months));
}

/* Characters behind a number that make it a day or an hour, where texts have no blanks. */
static bool is_date_character(struct clew_slice t)
{
        static const char *const marks[] = {"\xe5\xb9\xb4", "\xe6\x9c\x88", "\xe6\x97\xa5",
                                            "\xe6\x97\xb6", "\xe6\x99\x82", "\xe5\x88\x86",
                                            "\xe7\x82\xb9", "\xe5\x8f\xb7", "\xe8\x99\x9f",
                                            "\xec\x9b\x94", "\xec\x9d\xbc", "\xeb\x85\x84"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(marks); i++) {
                if (t.len >= 3 && memcmp(t.data, marks[i], 3) == 0)
                        return true;
        }
        return false;
}

/* 0000000, 12345: what stands for a value. */
static bool is_placeholder(struct clew_slice t)
{
        uint32_t n = 0;
        bool same = true;
        bool rising = true;
        uint8_t before = 0;

        for (size_t i = 0; i < t.len; i++) {
                uint8_t c = t.data[i];

                if (!is_digit(c))
                        continue;
                same &= n == 0 || c == before;
                rising &= n == 0 || c == before + 1 || (before == '9' && c == '0');
                before = c;
                n++;
        }
        return n >= 4 && (same || rising);
}

/* "5 to 7 business days", "24-48 hours": how long things take, as everybody says. */
static bool is_in_span_of_time(struct clew_slice text, const struct clew_token *t)
{
        static const char *const units[] = {"day",
                                            "days",
                                            "business",
                                            "working",
                                            "hour",
                                            "hours",
                                            "minutes",
                                            "weeks",
                                            "months",
                                            "tage",
                                            "werktage",
                                            "stunden",
                                            "d\xc3\xad"
                                            "as",
                                            "jours",
                                            "giorni"};
        static const char *const joints[] = {" to ", "-", "\xe2\x80\x93", " or ", " bis ", " a "};
        size_t end = (size_t)t->offset + t->text.len;
        size_t to = end;
        bool range = false;

        if (t->digits > 2)
                return false;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(joints); i++) {
                size_t n = strlen(joints[i]);
                size_t k = end + n;

                if (k < text.len && is_digit(text.data[k]) &&
                    clew_text_begins(clew_slice_from(text, end), joints[i])) {
                        while (k < text.len && is_digit(text.data[k]))
                                k++;
                        to = k;
                        range = true;
                }
                if (t->offset > n && is_digit(text.data[t->offset - n - 1]) &&
                    clew_text_begins(clew_slice_from(text, t->offset - n), joints[i]))
                        range = true;
        }
        return range && is_any_word(word_behind(text, to), units, CLEW_ARRAY_LEN(units));
}

bool clew_text_is_no_fact(struct clew_slice text, const struct clew_token *t)
{
        static const char *const places[] = {"line",    "lines", "page",   "pages",   "section",
                                             "chapter", "step",  "option", "version", "python",
                                             "figure",  "zeile", "seite",  "line_no", "lineno",
                                             "rfc",     "pep",   "iso",    "din",     "ieee"};
        static const char *const cues[] = {"e.g.",
                                           "for example",
                                           "for instance",
                                           "such as",
                                           "something like",
                                           "let's say",
                                           "assum",
                                           "suppose",
                                           "placeholder",
                                           "zum beispiel",
                                           "z. b.",
                                           "z.b.",
                                           "par exemple",
                                           "por ejemplo",
                                           "\xe4\xbe\x8b\xe5\xa6\x82",
                                           "\xe6\xaf\x94\xe5\xa6\x82",
                                           "formatted like",
                                           "in the format",
                                           "looks like \""};
        size_t end = (size_t)t->offset + t->text.len;
        struct clew_slice before;
        size_t from = t->offset;

        if (end > text.len)
                return false; /* a token of another text */
        before = word_before(text, t->offset);
        while (from > 0 && t->offset - from < SENTENCE_MAX &&
               !memchr("\n!?", text.data[from - 1], 3))
                from--;
        return is_placeholder(t->text) || is_in_span_of_time(text, t) ||
               is_any_word(before, places, CLEW_ARRAY_LEN(places)) ||
               (t->digits <= 4 && (is_month(before) || is_month(word_behind(text, end)))) ||
               is_date_character(clew_slice_from(text, end)) ||
               (from == t->offset && t->digits <= 4 && memchr(t->text.data, '.', t->text.len)) ||
               HAS_ANY(clew_slice_make(text.data + from, end - from), cues);
}

bool clew_text_counts_itself(struct clew_slice text, double n)
{
        struct {
                uint32_t items;
                bool list;
        } stack[LISTS_DEEP];
        uint32_t depth = 0;
        bool quoted = false;

        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];

                if (c == '"' && (i == 0 || text.data[i - 1] != '\\'))
                        quoted = !quoted;
                if (quoted)
                        continue;
                if (c == '[' || c == '{') {
                        if (depth == LISTS_DEEP)
                                return false;
                        stack[depth].items = 1;
                        stack[depth++].list = c == '[';
                } else if ((c == ']' || c == '}') && depth > 0) {
                        depth--;
                        if (stack[depth].list && stack[depth].items == n)
                                return true;
                } else if (c == ',' && depth > 0) {
                        stack[depth - 1].items++;
                }
        }
        return false;
}

bool clew_text_is_patch(struct clew_slice text)
{
        return clew_text_find(text, "diff --git ") >= 0 ||
               (clew_text_find(text, "@@ -") >= 0 && clew_text_find(text, "+++ ") >= 0);
}

bool clew_text_hands_in(struct clew_slice text)
{
        return clew_text_is_patch(text) || clew_text_find(text, "final answer:") >= 0;
}

/* "/usr/lib/x.py:184: UserWarning", "File \"x.py\", line 3", "main.c:12:7: error". */
static bool names_a_line(struct clew_slice line)
{
        bool dot = false;

        if (clew_text_find(line, "file \"") >= 0 && clew_text_find(line, ", line ") >= 0)
                return true;
        for (size_t i = 0; i + 1 < line.len && !is_space(line.data[i]); i++) {
                dot |= line.data[i] == '.' && i > 0;
                if (dot && line.data[i] == ':' && is_digit(line.data[i + 1]))
                        return true;
        }
        return false;
}

bool clew_text_by_machine(struct clew_slice text, size_t at)
{
        size_t from = at;
        size_t to = at;
        struct clew_slice line;

        while (from > 0 && text.data[from - 1] != '\n' && at - from < LOWER_MAX)
                from--;
        while (to < text.len && text.data[to] != '\n' && to - from < LINE_HEAD_MAX)
                to++;
        line = clew_text_trim(clew_slice_make(text.data + from, to - from));
        return clew_text_begins(head(line, 3), "@@ ") ||
               clew_text_begins(head(line, 6), "index ") || names_a_line(line);
}
