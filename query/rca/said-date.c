/*
 * Dates in words (said-date-int.h). Months are told by how their names begin in the languages that
 * use Latin letters, and in Russian; days by the number beside them, whatever ending it has.
 */
#include "query/rca/said-date-int.h"

#include "query/rca/text-int.h"

#define PREFIXES_MAX 5u
#define DAY_DIGITS_MAX 2u
#define GAP_MAX 12u /* "th of ", ". ", " de ": between the day and its month */

static const char *const months[12][PREFIXES_MAX] = {
        {"jan", "ene", "gen", "j\xc3\xa4n", "\xd1\x8f\xd0\xbd\xd0\xb2"},
        {"feb", "fev", "f\xc3\xa9v", "\xd1\x84\xd0\xb5\xd0\xb2"},
        {"mar", "m\xc3\xa4r", "mrt", "maa", "\xd0\xbc\xd0\xb0\xd1\x80"},
        {"apr", "avr", "abr", "\xd0\xb0\xd0\xbf\xd1\x80"},
        {"may", "mai", "mei", "mag", "\xd0\xbc\xd0\xb0\xd1\x8f"},
        {"jun", "juin", "giu", "\xd0\xb8\xd1\x8e\xd0\xbd"},
        {"jul", "juil", "lug", "\xd0\xb8\xd1\x8e\xd0\xbb"},
        {"aug", "ao\xc3\xbb", "ago", "\xd0\xb0\xd0\xb2\xd0\xb3"},
        {"sep", "set", "\xd1\x81\xd0\xb5\xd0\xbd"},
        {"oct", "okt", "ott", "out", "\xd0\xbe\xd0\xba\xd1\x82"},
        {"nov", "\xd0\xbd\xd0\xbe\xd1\x8f"},
        {"dec", "dez",
         "d\xc3\xa9"
         "c",
         "dic", "\xd0\xb4\xd0\xb5\xd0\xba"},
};

static int two(const uint8_t *at)
{
        return is_digit(at[0]) && is_digit(at[1]) ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

bool clew_date_read(struct clew_slice t, struct clew_date *ret)
{
        if (t.len < 10 || t.data[4] != '-' || t.data[7] != '-' || two(t.data) < 0 ||
            two(t.data + 2) < 0 || (t.len > 10 && t.data[10] != 'T' && t.data[10] != ' '))
                return false;
        *ret = (struct clew_date){two(t.data) * 100 + two(t.data + 2), two(t.data + 5),
                                  two(t.data + 8)};
        return ret->year >= 1900 && ret->month >= 1 && ret->month <= 12 && ret->day >= 1 &&
               ret->day <= 31;
}

int64_t clew_date_days(const struct clew_date *date)
{
        int64_t y = date->year - (date->month <= 2);
        int64_t m = date->month + (date->month <= 2 ? 9 : -3);

        return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + date->day;
}

static bool begins_month(struct clew_slice t, int month)
{
        for (size_t k = 0; k < PREFIXES_MAX && months[month - 1][k]; k++) {
                const char *p = months[month - 1][k];
                size_t i = 0;

                while (p[i] && i < t.len && lower(t.data[i]) == (uint8_t)p[i])
                        i++;
                if (!p[i])
                        return true;
        }
        return false;
}

/* A word within the first bytes of @t names the month: "th of March", ". M\u00e4rz", " de marzo".
 */
static bool month_behind(struct clew_slice t, int month)
{
        for (size_t i = 0; i < t.len && i <= GAP_MAX; i++) {
                if (is_digit(t.data[i]) || t.data[i] == '\n')
                        return false;
                if ((i == 0 || !is_alpha(t.data[i - 1])) &&
                    begins_month(clew_slice_from(t, i), month))
                        return true;
        }
        return false;
}

/* The same of the last bytes: "March the ", "Mar. ". */
static bool month_before(struct clew_slice t, int month)
{
        size_t most = t.len < GAP_MAX + 4 ? t.len : GAP_MAX + 4;

        for (size_t n = 1; n <= most; n++) {
                size_t i = t.len - n;

                if (is_digit(t.data[i]) || t.data[i] == '\n')
                        return false;
                if (is_alpha(t.data[i]) && (i == 0 || !is_alpha(t.data[i - 1])) &&
                    begins_month(clew_slice_from(t, i), month))
                        return true;
        }
        return false;
}

/* 3月4日: @at is behind the day, @from before it. */
static bool is_said_in_han(struct clew_slice t, size_t from, size_t at, int month)
{
        size_t i = from;
        int told = 0;

        if (at + 3 > t.len || memcmp(t.data + at, "\xe6\x97\xa5", 3) != 0 || from < 4 ||
            memcmp(t.data + from - 3, "\xe6\x9c\x88", 3) != 0)
                return false;
        i = from - 3;
        while (i > 0 && from - 3 - i < DAY_DIGITS_MAX && is_digit(t.data[i - 1]))
                i--;
        for (; i < from - 3; i++)
                told = told * 10 + t.data[i] - '0';
        return told == month;
}

bool clew_date_is_said(struct clew_slice t, const struct clew_date *date)
{
        for (size_t i = 0; i < t.len;) {
                size_t from = i;
                int day = 0;

                while (i < t.len && is_digit(t.data[i]) && i - from <= DAY_DIGITS_MAX)
                        day = day * 10 + t.data[i++] - '0';
                if (i == from || (from > 0 && is_digit(t.data[from - 1]))) {
                        i += i == from;
                        continue;
                }
                if (i - from > DAY_DIGITS_MAX || day != date->day)
                        continue;
                if (month_behind(clew_slice_from(t, i), date->month) ||
                    month_before(head(t, from), date->month) ||
                    is_said_in_han(t, from, i, date->month))
                        return true;
        }
        return false;
}

bool clew_date_is_near(struct clew_slice t, const struct clew_date *date, int64_t days)
{
        int64_t own = clew_date_days(date);

        for (size_t i = 0; i + 10 <= t.len; i++) {
                struct clew_date d;
                int64_t far;

                if (!is_digit(t.data[i]) || t.data[i + 4] != '-' ||
                    !clew_date_read(clew_slice_make(t.data + i, 10), &d))
                        continue;
                far = clew_date_days(&d) - own;
                if (far != 0 && far < days && far > -days)
                        return true;
        }
        return false;
}
