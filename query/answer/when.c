/*
 * See when.h. Dates go through mktime() and timegm(), so that the zone rules are the system's.
 */
#include "query/answer/when.h"

#include "proto/base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* 2262-04-11: where signed nanoseconds end, and far beyond any trace. */
#define SECONDS_MAX 9223372035u

struct scan {
        const char *at;
};

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* Exactly @n digits. */
static bool scan_digits(struct scan *s, unsigned n, int *ret)
{
        int v = 0;

        for (unsigned i = 0; i < n; i++) {
                if (!is_digit(s->at[i]))
                        return false;
                v = v * 10 + (s->at[i] - '0');
        }
        s->at += n;
        *ret = v;
        return true;
}

static bool scan_char(struct scan *s, char c)
{
        if (*s->at != c)
                return false;
        s->at++;
        return true;
}

static bool scan_word(struct scan *s, const char *word)
{
        size_t n = strlen(word);

        if (strncmp(s->at, word, n) != 0)
                return false;
        s->at += n;
        return true;
}

/* Digits after a point, as nanoseconds; digits beyond the ninth are dropped. */
static uint64_t scan_fraction(struct scan *s)
{
        uint64_t ns = 0;
        uint64_t unit = CLEW_NS_PER_S / 10;

        for (; is_digit(*s->at); s->at++, unit /= 10)
                ns += (uint64_t)(*s->at - '0') * unit;
        return ns;
}

static const struct {
        const char *suffix;
        uint64_t ns;
} units[] = {
        {"ms", CLEW_NS_PER_MS},           {"s", CLEW_NS_PER_S},        {"m", 60 * CLEW_NS_PER_S},
        {"min", 60 * CLEW_NS_PER_S},      {"h", 3600 * CLEW_NS_PER_S}, {"d", 86400 * CLEW_NS_PER_S},
        {"w", 7 * 86400 * CLEW_NS_PER_S},
};

/* One number with its unit. False when there is none; *ret_unit is the unit's place in the table.
 */
static bool scan_part(struct scan *s, uint64_t *ret_ns, size_t *ret_unit, bool *ret_fraction)
{
        uint64_t whole = 0;
        uint64_t fraction = 0; /* billionths of the unit */
        size_t letters = 0;

        if (!is_digit(*s->at))
                return false;
        for (; is_digit(*s->at); s->at++) {
                whole = whole * 10 + (uint64_t)(*s->at - '0');
                if (whole > SECONDS_MAX)
                        return false;
        }
        if (scan_char(s, '.')) {
                if (!is_digit(*s->at))
                        return false;
                fraction = scan_fraction(s);
                *ret_fraction = true;
        }
        while (s->at[letters] >= 'a' && s->at[letters] <= 'z')
                letters++;
        for (size_t i = 0; letters > 0 && i < CLEW_ARRAY_LEN(units); i++) {
                if (strlen(units[i].suffix) != letters ||
                    memcmp(s->at, units[i].suffix, letters) != 0)
                        continue;
                if (whole > SECONDS_MAX * CLEW_NS_PER_S / units[i].ns)
                        return false;
                s->at += letters;
                *ret_unit = i;
                *ret_ns = whole * units[i].ns +
                          (uint64_t)((double)fraction / 1e9 * (double)units[i].ns);
                return true;
        }
        return false;
}

bool clew_when_parse_length(const char *text, uint64_t *ret_ns)
{
        struct scan s = {text};
        uint64_t sum = 0;
        uint64_t smallest = UINT64_MAX; /* unit so far: 1h30m, never 30m1h or 1h1h */

        do {
                uint64_t part;
                size_t unit;
                bool fraction = false;

                if (!scan_part(&s, &part, &unit, &fraction) || units[unit].ns >= smallest ||
                    (fraction && *s.at != '\0') || part > SECONDS_MAX * CLEW_NS_PER_S - sum)
                        return false;
                smallest = units[unit].ns;
                sum += part;
        } while (*s.at != '\0');
        *ret_ns = sum;
        return true;
}

/* HH:MM[:SS[.fraction]] */
static bool scan_clock(struct scan *s, struct tm *tm, uint64_t *ret_ns)
{
        if (!scan_digits(s, 2, &tm->tm_hour) || !scan_char(s, ':') ||
            !scan_digits(s, 2, &tm->tm_min) || tm->tm_hour > 23 || tm->tm_min > 59)
                return false;
        if (!scan_char(s, ':'))
                return true;
        if (!scan_digits(s, 2, &tm->tm_sec) || tm->tm_sec > 60)
                return false;
        if (scan_char(s, '.') || scan_char(s, ',')) {
                if (!is_digit(*s->at))
                        return false;
                *ret_ns = scan_fraction(s);
        }
        return true;
}

/* Z or +02:00. @ret_set is left alone when there is none. */
static bool scan_zone(struct scan *s, bool *ret_set, int *ret_offset_s)
{
        int hours = 0;
        int minutes = 0;
        int sign = *s->at == '-' ? -1 : 1;

        if (*s->at == '\0')
                return true;
        *ret_set = true;
        if (scan_char(s, 'Z') || scan_char(s, 'z'))
                return true;
        if (!scan_char(s, '+') && !scan_char(s, '-'))
                return false;
        if (!scan_digits(s, 2, &hours))
                return false;
        scan_char(s, ':');
        if (!scan_digits(s, 2, &minutes) || hours > 14 || minutes > 59)
                return false;
        *ret_offset_s = sign * (hours * 3600 + minutes * 60);
        return true;
}

static bool scan_date(struct scan *s, struct tm *tm)
{
        if (!scan_digits(s, 4, &tm->tm_year) || !scan_char(s, '-') ||
            !scan_digits(s, 2, &tm->tm_mon) || !scan_char(s, '-') ||
            !scan_digits(s, 2, &tm->tm_mday))
                return false;
        if (tm->tm_year < 1970 || tm->tm_mon < 1 || tm->tm_mon > 12 || tm->tm_mday < 1 ||
            tm->tm_mday > 31)
                return false;
        tm->tm_year -= 1900;
        tm->tm_mon -= 1;
        return true;
}

static void break_down(uint64_t unix_ns, bool utc, struct tm *ret)
{
        time_t t = (time_t)(unix_ns / CLEW_NS_PER_S);

        if (!(utc ? gmtime_r(&t, ret) : localtime_r(&t, ret)))
                *ret = (struct tm){.tm_mday = 1, .tm_year = 70};
}

static bool parse_unix(const char *text, uint64_t *ret_ns)
{
        uint64_t v = 0;
        size_t n = 0;

        for (; is_digit(text[n]) && n < 20; n++)
                v = v * 10 + (uint64_t)(text[n] - '0');
        if (text[n] != '\0' || (n != 10 && n != 19))
                return false;
        *ret_ns = n == 10 ? v * CLEW_NS_PER_S : v;
        return true;
}

bool clew_when_parse(const char *text, uint64_t now_ns, bool utc, uint64_t *ret_ns)
{
        struct scan s = {text};
        struct tm tm = {.tm_isdst = -1};
        uint64_t fraction = 0;
        bool has_zone = false;
        int offset_s = 0;
        time_t t;

        if (strcmp(text, "now") == 0) {
                *ret_ns = now_ns;
                return true;
        }
        if (clew_when_parse_length(text, ret_ns)) {
                *ret_ns = *ret_ns < now_ns ? now_ns - *ret_ns : 0;
                return true;
        }
        if (parse_unix(text, ret_ns))
                return true;
        if (scan_word(&s, "today") || scan_word(&s, "yesterday")) {
                struct tm today;

                break_down(now_ns, utc, &today);
                tm.tm_year = today.tm_year;
                tm.tm_mon = today.tm_mon;
                tm.tm_mday = today.tm_mday - (text[0] == 'y');
        } else if (!scan_date(&s, &tm)) {
                return false;
        }
        if (*s.at != '\0' &&
            ((!scan_char(&s, ' ') && !scan_char(&s, 'T')) || !scan_clock(&s, &tm, &fraction) ||
             !scan_zone(&s, &has_zone, &offset_s)))
                return false;
        if (*s.at != '\0')
                return false;
        t = has_zone || utc ? timegm(&tm) : mktime(&tm);
        t -= offset_s;
        if (t < 0 || t > (time_t)SECONDS_MAX)
                return false;
        *ret_ns = (uint64_t)t * CLEW_NS_PER_S + fraction;
        return true;
}

/* ---- printing ------------------------------------------------------------------------------- */

void clew_when_rfc3339(uint64_t unix_ns, char ret[CLEW_WHEN_TEXT])
{
        struct tm tm;
        unsigned fraction = (unsigned)(unix_ns % CLEW_NS_PER_S);
        size_t n;

        break_down(unix_ns, true, &tm);
        n = strftime(ret, CLEW_WHEN_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
        if (fraction > 0) {
                n += (size_t)snprintf(ret + n, CLEW_WHEN_TEXT - n, ".%09u", fraction);
                while (ret[n - 1] == '0')
                        n--;
        }
        ret[n] = 'Z';
        ret[n + 1] = '\0';
}

void clew_when_short(uint64_t unix_ns, uint64_t now_ns, bool utc, char ret[CLEW_WHEN_TEXT])
{
        struct tm tm;
        struct tm now;
        size_t n;

        break_down(unix_ns, utc, &tm);
        break_down(now_ns, utc, &now);
        if (tm.tm_year != now.tm_year)
                n = strftime(ret, CLEW_WHEN_TEXT, "%Y-%m-%d %H:%M", &tm);
        else if (tm.tm_yday != now.tm_yday)
                n = strftime(ret, CLEW_WHEN_TEXT, "%b %d %H:%M", &tm);
        else
                n = strftime(ret, CLEW_WHEN_TEXT, "%H:%M:%S", &tm);
        ret[n] = '\0';
}

void clew_when_full(uint64_t unix_ns, bool utc, char ret[CLEW_WHEN_TEXT])
{
        struct tm tm;
        size_t n;

        break_down(unix_ns, utc, &tm);
        n = strftime(ret, CLEW_WHEN_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
        n += (size_t)snprintf(ret + n, CLEW_WHEN_TEXT - n, ".%03u",
                              (unsigned)(unix_ns % CLEW_NS_PER_S / CLEW_NS_PER_MS));
        ret[n + strftime(ret + n, CLEW_WHEN_TEXT - n, utc ? " UTC" : " %z", &tm)] = '\0';
}

static void print_long(uint64_t ns, char *ret)
{
        unsigned long long s = (ns + CLEW_NS_PER_S / 2) / CLEW_NS_PER_S;

        if (s < 3600)
                snprintf(ret, CLEW_WHEN_TEXT, "%llum%02llus", s / 60, s % 60);
        else if (s < 86400)
                snprintf(ret, CLEW_WHEN_TEXT, "%lluh%02llum", s / 3600, s / 60 % 60);
        else
                snprintf(ret, CLEW_WHEN_TEXT, "%llud%02lluh", s / 86400, s / 3600 % 24);
}

void clew_when_length(uint64_t ns, char ret[CLEW_WHEN_TEXT])
{
        if (ns < CLEW_NS_PER_MS)
                snprintf(ret, CLEW_WHEN_TEXT, ns == 0 ? "0ms" : "%.1fms", (double)ns / 1e6);
        else if (ns < CLEW_NS_PER_S - CLEW_NS_PER_MS / 2)
                snprintf(ret, CLEW_WHEN_TEXT, "%.0fms", (double)ns / 1e6);
        else
                clew_when_offset(ns, ret);
}

void clew_when_offset(uint64_t ns, char ret[CLEW_WHEN_TEXT])
{
        if (ns < 60 * CLEW_NS_PER_S - CLEW_NS_PER_S / 20)
                snprintf(ret, CLEW_WHEN_TEXT, "%.1fs", (double)ns / 1e9);
        else
                print_long(ns, ret);
}

void clew_when_column(uint64_t ns, char ret[CLEW_WHEN_TEXT])
{
        if (ns < 100 * CLEW_NS_PER_MS - CLEW_NS_PER_MS / 2)
                clew_when_length(ns, ret);
        else
                clew_when_offset(ns, ret);
}

/* Scaled to a unit; @digits significant ones, at least what stands before the point. */
static void print_count(uint64_t n, int digits, const char *suffix, char *ret)
{
        static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
        double v = (double)n;
        unsigned i = 0;
        int decimals;

        while (v >= 999.5 && i + 1 < CLEW_ARRAY_LEN(prefixes)) {
                v /= 1000;
                i++;
        }
        decimals = i == 0 || v >= 99.95 ? 0 : v >= 9.995 ? 1 : digits - 1;
        snprintf(ret, CLEW_WHEN_TEXT, "%.*f%s%s", decimals, v, prefixes[i], suffix);
}

void clew_count_short(uint64_t n, const char *suffix, char ret[CLEW_WHEN_TEXT])
{
        print_count(n, 3, suffix, ret);
}

void clew_count_column(uint64_t n, char ret[CLEW_WHEN_TEXT])
{
        print_count(n, 2, "", ret);
}

void clew_cost_short(double usd, char ret[CLEW_WHEN_TEXT])
{
        if (!isfinite(usd))
                snprintf(ret, CLEW_WHEN_TEXT, "?");
        else if (usd > 0 && usd < 0.000001)
                snprintf(ret, CLEW_WHEN_TEXT, "<$0.000001");
        else if (usd > 0 && usd < 0.00995) /* two digits of small change */
                snprintf(ret, CLEW_WHEN_TEXT, "$%.*f",
                         usd < 0.0000995  ? 6
                         : usd < 0.000995 ? 5
                                          : 4,
                         usd);
        else
                snprintf(ret, CLEW_WHEN_TEXT, "$%.*f", usd < 0.9995 ? 3 : 2, usd);
}
