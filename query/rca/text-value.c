/*
 * Which tokens are no values: words with a digit in them, decades, ranges, names of versions, and
 * what a text repeats of a machine's output (hunk headers of a patch, warnings with file and line,
 * frames of a stack trace).
 */
#include "query/rca/text-int.h"

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

bool clew_text_is_patch(struct clew_slice text)
{
        return clew_text_find(text, "diff --git ") >= 0 ||
               (clew_text_find(text, "@@ -") >= 0 && clew_text_find(text, "+++ ") >= 0);
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
        return clew_text_find(head(line, 3), "@@ ") == 0 ||
               clew_text_find(head(line, 6), "index ") == 0 || names_a_line(line);
}
