/*
 * A rule about values that an action twists on the way from what was shown: day and month of a date
 * change places, an amount is ten, a hundred or a thousand times what a record about the same id
 * says, its currency is another one, a local time is sent as UTC.
 *
 * All of these are exact: the record or the user has the one form, nothing that the run had seen
 * has the other. Which record is meant is told by an id that the action names and the record holds.
 */
#include "query/rca/currencies-int.h"
#include "query/rca/flat.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/said-date-int.h"
#include "query/rca/sources-int.h"
#include "query/rca/text-int.h"

#include <math.h>
#include <stdio.h>

#define LEAVES_MAX 512u  /* of all actions that are looked at */
#define IDS_MAX 4u       /* of one action */
#define DOCUMENTS_MAX 4u /* about one id that are read */
#define DOCUMENT_MAX 8192u
#define ID_MIN 4u
#define ID_MAX 48u
#define SHOWN_MAX 48u
#define COUNTED_DAYS_MAX 14 /* "tomorrow", "in ten days" of a day that is told */
#define UNIT_MAX 12u        /* bytes of a word behind a number */
#define KEY_MAX 40u         /* bytes before a number that may name its unit */
#define HOURS_MAX 32u       /* times of day that users said */

struct hour {
        struct clew_slice text;
        int minutes;
};

struct twist {
        const struct clew_rca_view *v;
        const struct clew_acts *acts;
        struct clew_findings *ret;
        struct clew_sources seen;
        struct clew_slice ids[IDS_MAX]; /* of the action at hand */
        uint32_t n_ids;
        struct hour hours[HOURS_MAX];
        uint32_t n_hours;
        int offset; /* of local time to UTC in minutes, 0 = none or several were told */
        struct clew_slice zone;
        uint32_t leaves;
};

static struct clew_finding *add(struct twist *x, const struct clew_act *act, double strength)
{
        struct clew_finding *f = clew_finding_add(x->ret, CLEW_RULE_TWISTED, act->who, strength);

        clew_finding_effect(f, act->step == act->who ? CLEW_RCA_NONE : act->step);
        clew_finding_evidence(f, act->step, act->args);
        return f;
}

/* What is looked up under another date shows that something is wrong; what is booked is. */
static bool only_reads(const struct clew_rca_view *v, const struct clew_act *act)
{
        const struct clew_rca_step *s = &v->steps[act->step];

        return (s->kind == CLEW_RCA_TOOL ? s->deed : clew_deed_of_name(act->name)) ==
               CLEW_DEED_READS;
}

/* "step 5" or "the user", who showed unit @u. */
static struct clew_slice source_of(const struct twist *x, uint32_t u)
{
        const struct clew_rca_unit *unit = &x->v->units[u];

        return unit->origin == CLEW_RCA_USER
                       ? CLEW_SLICE_LITERAL("the user")
                       : clew_arena_printf(x->v->arena, "step %u", x->v->steps[unit->step].number);
}

/* ---- dates ----------------------------------------------------------------------------------- */

static int two(const uint8_t *at)
{
        return is_digit(at[0]) && is_digit(at[1]) ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

#define DATE_FORM_MAX 24u

/* The first unit that shows @d in one of the forms of @from to @to. */
static uint32_t find_date(struct twist *x, struct clew_date d, int from, int to, uint32_t end,
                          struct clew_slice *ret)
{
        static const char *const months[] = {"January",   "February", "March",    "April",
                                             "May",       "June",     "July",     "August",
                                             "September", "October",  "November", "December"};
        const char *month = months[d.month - 1];
        char form[DATE_FORM_MAX];

        for (int k = from; k <= to; k++) {
                uint32_t u;
                int n;

                if (k == 0)
                        n = snprintf(form, sizeof(form), "%04d-%02d-%02d", d.year, d.month, d.day);
                else if (k == 1)
                        n = snprintf(form, sizeof(form), "%02d.%02d.%04d", d.day, d.month, d.year);
                else if (k == 2)
                        n = snprintf(form, sizeof(form), "%02d/%02d/%04d", d.day, d.month, d.year);
                else if (k == 3)
                        n = snprintf(form, sizeof(form), "%d/%d/%04d", d.day, d.month, d.year);
                else if (k == 4)
                        n = snprintf(form, sizeof(form), "%d %s", d.day, month);
                else if (k == 5)
                        n = snprintf(form, sizeof(form), "%s %d", month, d.day);
                else if (k == 6)
                        n = snprintf(form, sizeof(form), "%d %.3s", d.day, month);
                else
                        n = snprintf(form, sizeof(form), "%.3s %d", month, d.day);
                u = clew_sources_find(&x->seen, clew_slice_make((const uint8_t *)form, (size_t)n),
                                      0, end);
                if (u != CLEW_RCA_NONE) {
                        *ret = clew_arena_printf(x->v->arena, "%s", form);
                        return u;
                }
        }
        return CLEW_RCA_NONE;
}

/* Somebody said the date in words, or speaks of a day that it may be counted from. */
static bool is_told_otherwise(const struct twist *x, const struct clew_date *d, uint32_t end)
{
        for (uint32_t u = 0; u < end && u < x->v->n_units; u++) {
                const struct clew_rca_unit *unit = &x->v->units[u];
                struct clew_slice t = head(unit->text, DOCUMENT_MAX);

                if (unit->origin == CLEW_RCA_WRITTEN || unit->origin == CLEW_RCA_ARGS)
                        continue;
                if (clew_date_is_said(t, d))
                        return true;
                if (unit->origin != CLEW_RCA_RESULT && clew_date_is_near(t, d, COUNTED_DAYS_MAX))
                        return true;
        }
        return false;
}

/* Whether dates with slashes begin with the day: 1, with the month: -1, or it is not told: 0. */
static int slash_order(const struct twist *x)
{
        int days = 0;
        int months = 0;

        for (uint32_t u = 0; u < x->v->n_units; u++) {
                const struct clew_rca_unit *unit = &x->v->units[u];
                struct clew_slice t = head(unit->text, DOCUMENT_MAX);
                const uint8_t *at;

                if (unit->origin == CLEW_RCA_WRITTEN || unit->origin == CLEW_RCA_ARGS)
                        continue;
                if (clew_text_find(t, "day first") >= 0 || clew_text_find(t, "dd/mm") >= 0)
                        days++;
                if (clew_text_find(t, "month first") >= 0 || clew_text_find(t, "mm/dd") >= 0)
                        months++;
                while ((at = clew_find(t, "/", 1)) != NULL) {
                        size_t i = (size_t)(at - t.data);

                        if (i >= 2 && i + 4 < t.len && at[3] == '/' && is_digit(at[4]) &&
                            two(at - 2) >= 0 && two(at + 1) >= 0) {
                                days += two(at - 2) > 12 && two(at - 2) <= 31;
                                months += two(at + 1) > 12 && two(at + 1) <= 31;
                        }
                        t = clew_slice_from(t, i + 1);
                }
        }
        return days && !months ? 1 : months && !days ? -1 : 0;
}

static bool day_and_month(struct twist *x, const struct clew_act *act,
                          const struct clew_flat_leaf *leaf, uint32_t end)
{
        struct clew_date d;
        struct clew_date other;
        struct clew_slice form = CLEW_SLICE_NULL;
        struct clew_finding *f;
        uint32_t u;
        int order = 1;

        if (!clew_date_read(leaf->value, &d) || d.day > 12 || d.day == d.month)
                return false;
        other = (struct clew_date){d.year, d.day, d.month};
        u = find_date(x, other, 0, 1, end, &form);
        if (u == CLEW_RCA_NONE) {
                u = find_date(x, other, 2, 3, end, &form);
                order = u == CLEW_RCA_NONE ? 0 : slash_order(x);
                if (u == CLEW_RCA_NONE || order < 0)
                        return false;
        }
        if (find_date(x, d, 0, 7, end, &(struct clew_slice){0}) != CLEW_RCA_NONE || x->seen.spent ||
            is_told_otherwise(x, &d, end))
                return false;
        f = add(x, act, (order > 0 ? 1.2 : 0.6) * (only_reads(x->v, act) ? 0.5 : 1));
        clew_finding_evidence(f, x->v->units[u].step, form);
        clew_finding_say(x->ret, f,
                         "Step %u called %.*s with %.*s %.*s; %.*s has %.*s, which day first is "
                         "%04d-%02d-%02d.",
                         x->v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                         CLEW_SHOWN(leaf->key, 40), CLEW_SHOWN(leaf->value, SHOWN_MAX),
                         CLEW_SHOWN(source_of(x, u), 24), CLEW_SHOWN(form, DATE_FORM_MAX),
                         other.year, other.month, other.day);
        return true;
}

/* ---- amounts --------------------------------------------------------------------------------- */

/* A number as people write it: 1,234.50 or 1.234,50; 1.234 may be two, then both are given. */
static uint32_t read_number(struct clew_slice t, double ret[2])
{
        uint32_t marks = 0;
        size_t last = 0;
        uint8_t kinds = 0;
        double whole = 0;
        double scale = 1;

        for (size_t i = 0; i < t.len; i++) {
                if (is_digit(t.data[i])) {
                        whole = whole * 10 + (t.data[i] - '0');
                        continue;
                }
                marks++;
                kinds |= t.data[i] == '.' ? 1 : 2;
                last = i;
        }
        ret[0] = whole;
        if (marks == 0 || (marks > 1 && kinds != 3))
                return 1;
        for (size_t i = last + 1; i < t.len; i++)
                scale *= 10;
        ret[kinds == 3 || scale != 1000 ? 0 : 1] = whole / scale;
        return kinds == 3 || scale != 1000 ? 1 : 2;
}

/* The next number of @t from @at on, with its readings; 0 at the end. */
static uint32_t next_number(struct clew_slice t, size_t *at, struct clew_slice *ret_text,
                            double ret[2])
{
        size_t i = *at;
        size_t from;

        while (i < t.len && !is_digit(t.data[i]))
                i++;
        from = i;
        while (i < t.len && i - from < 24 &&
               (is_digit(t.data[i]) || ((t.data[i] == '.' || t.data[i] == ',') && i + 1 < t.len &&
                                        is_digit(t.data[i + 1]))))
                i++;
        *at = i;
        *ret_text = clew_slice_make(t.data + from, i - from);
        return i > from ? read_number(*ret_text, ret) : 0;
}

static bool same(double a, double b)
{
        return fabs(a - b) <= 1e-9 * fabs(b);
}

/* 25 and 2500 are 2500 and 25 with the point moved; 1 and 100 may be anything. */
static bool is_moved(double a, double b)
{
        static const double by[] = {10, 100, 1000};
        bool moved = false;

        for (size_t i = 0; a > 0 && b > 0 && i < CLEW_ARRAY_LEN(by); i++)
                moved |= same(a * by[i], b) || same(b * by[i], a);
        return moved && !same(fmod(log10(a) + 20, 1), 0) &&
               fabs(log10(a) - round(log10(a))) >= 1e-9;
}

/* What the name of an argument says that it has a unit of its own. */
static bool has_own_unit(struct clew_slice key)
{
        static const char *const words[] = {
                "cent",  "minor",  "pence",  "penn", "percent", "rate",     "share",
                "milli", "_ms",    "byte",   "_kb",  "_mb",     "gram",     "_kg",
                "_id",   "count",  "limit",  "page", "size",    "year",     "zip",
                "code",  "phone",  "micro",  "_km",  "_cm",     "_mm",      "metre",
                "meter", "second", "minute", "hour", "_sec",    "thousand", "_pct"};

        return HAS_ANY(key, words);
}

/* Some observation has the number @n, whatever it is about. */
static bool is_shown(const struct twist *x, double n, uint32_t end)
{
        for (uint32_t i = 0; i <= x->v->seen_mask && x->v->seen; i++) {
                const struct clew_rca_seen *s = &x->v->seen[i];

                if (s->n_units && s->observed < end && same(s->number, n))
                        return true;
        }
        return false;
}

/* "2.5 kg", "12k", "1.2 million": the number has a unit that is no currency. */
static bool has_unit_behind(struct clew_slice t)
{
        static const char *const few[] = {"in",  "on", "of",  "to", "at", "for", "is",
                                          "and", "by", "per", "as", "or", "a",   "due"};
        static const char *const large[] = {"million", "thousand", "hundred", "billion",
                                            "cent",    "percent",  "tausend", "mil"};
        char word[UNIT_MAX + 1] = {0};
        size_t i = t.len > 0 && t.data[0] == ' ';
        size_t n = 0;

        if (i < t.len && t.data[i] == '%')
                return true;
        while (i + n < t.len && n < UNIT_MAX && is_alpha(t.data[i + n])) {
                word[n] = (char)lower(t.data[i + n]);
                n++;
        }
        for (size_t k = 0; k < CLEW_ARRAY_LEN(large); k++) {
                if (strncmp(word, large[k], strlen(large[k])) == 0)
                        return true;
        }
        for (size_t k = 0; k < CLEW_ARRAY_LEN(few); k++) {
                if (strcmp(word, few[k]) == 0)
                        return false;
        }
        return n > 0 && n <= 3 && (uint8_t)word[0] < 0x80 &&
               !(n == 3 && clew_currency_of(clew_slice_make(t.data + i, n)) >= 0);
}

/* The number at @at stands behind a name that gives it a unit, or before one. */
static bool has_other_unit(struct clew_slice t, struct clew_slice number)
{
        size_t at = (size_t)(number.data - t.data);
        struct clew_slice before = tail(head(t, at), KEY_MAX);
        size_t key = before.len;

        if (has_unit_behind(clew_slice_from(t, at + number.len)))
                return true;
        while (key > 0 && before.data[key - 1] != ',' && before.data[key - 1] != '{' &&
               before.data[key - 1] != '\n')
                key--;
        return has_own_unit(clew_slice_from(before, key));
}

/* No part of a name, a date or a time of day: HAT034, RE-2026-77, 05:34. */
static bool is_by_itself(struct clew_slice t, struct clew_slice number)
{
        size_t at = (size_t)(number.data - t.data);
        size_t end = at + number.len;
        bool zero = number.len > 1 && number.data[0] == '0' && number.data[1] != '.';
        uint8_t last = at > 0 ? t.data[at - 1] : ' ';
        uint8_t before = at > 1 ? t.data[at - 2] : ' ';
        bool joined = is_alpha(last) || last == '_' || (last == ':' && is_digit(before)) ||
                      (last == '-' && (is_digit(before) || is_alpha(before)));
        bool goes_on = end + 1 < t.len && (t.data[end] == '-' || t.data[end] == ':') &&
                       is_digit(t.data[end + 1]);

        return !zero && !joined && !goes_on;
}

/* Looks for @n in document @t: true when it is there; else @moved is a number that is @n with its
 * point moved, if there is one. */
static bool has_number(struct clew_slice t, double n, struct clew_slice *moved)
{
        struct clew_slice text;
        double readings[2];
        uint32_t got;
        size_t at = 0;

        while ((got = next_number(t, &at, &text, readings)) > 0) {
                for (uint32_t k = 0; k < got; k++) {
                        if (same(readings[k], n))
                                return true;
                        if (!moved->len && is_moved(readings[k], n) && is_by_itself(t, text) &&
                            !has_other_unit(t, text))
                                *moved = text;
                }
        }
        return false;
}

/* What the tool, the instructions or a user say of units of amounts; or the factor between the two
 * numbers stands in what a user or the instructions say, or in document @unit: ten pieces, 10 %. */
static bool is_explained(const struct twist *x, const struct clew_act *act, uint32_t unit,
                         double factor)
{
        static const char *const units[] = {"cents",   "minor unit", "smallest", "pence", "grams",
                                            "metres",  "meters",     "kilo",     "bytes", "seconds",
                                            "minutes", "percent",    "thousand"};
        uint32_t offer = x->v->steps[act->who].offer;

        for (uint32_t k = 0; offer != CLEW_RCA_NONE && k < x->v->offers[offer].n_tools; k++) {
                const struct clew_tool_definition *t = &x->v->offers[offer].tools[k];

                if (clew_slice_eq(t->name, act->name) &&
                    (HAS_ANY(t->description, units) || HAS_ANY(t->schema, units)))
                        return true;
        }
        for (uint32_t u = 0; u < x->v->n_units; u++) {
                enum clew_rca_origin origin = x->v->units[u].origin;
                struct clew_slice t = head(x->v->units[u].text, DOCUMENT_MAX);

                if (origin == CLEW_RCA_SYSTEM && HAS_ANY(t, units))
                        return true;
                if ((origin == CLEW_RCA_USER || origin == CLEW_RCA_SYSTEM || u == unit) &&
                    has_number(t, factor, &(struct clew_slice){0}))
                        return true;
        }
        return false;
}

/* 2550 for 25.50: the same in the smallest unit of a currency. */
static bool may_be_cents(struct clew_slice value, struct clew_slice moved, double factor)
{
        return factor > 99 && factor < 101 && !memchr(value.data, '.', value.len) &&
               moved.len > 3 && !is_digit(moved.data[moved.len - 3]);
}

/* "12k", "1.2 million", of a user. */
static bool is_said_in_thousands(const struct twist *x, double n)
{
        struct clew_slice t = x->acts->heard;
        struct clew_slice text;
        double readings[2];
        size_t at = 0;

        while (next_number(t, &at, &text, readings) > 0) {
                struct clew_slice behind = head(clew_slice_from(t, at), UNIT_MAX);
                size_t i = behind.len > 0 && behind.data[0] == ' ';

                if (i >= behind.len)
                        continue;
                if ((lower(behind.data[i]) == 'k' || clew_text_find(behind, "thousand") >= 0 ||
                     clew_text_find(behind, "tausend") >= 0 ||
                     clew_text_find(behind, "mil ") >= 0) &&
                    same(readings[0] * 1000, n))
                        return true;
                if (clew_text_find(behind, "millio") >= 0 && same(readings[0] * 1e6, n))
                        return true;
        }
        return false;
}

static double factor_of(struct clew_slice moved, double n)
{
        double readings[2];
        uint32_t got = read_number(moved, readings);

        for (uint32_t k = 0; k < got; k++) {
                if (is_moved(readings[k], n))
                        return round(readings[k] > n ? readings[k] / n : n / readings[k]);
        }
        return 0;
}

static bool amount_moved(struct twist *x, const struct clew_act *act,
                         const struct clew_flat_leaf *leaf, uint32_t end)
{
        struct clew_slice moved = CLEW_SLICE_NULL;
        struct clew_slice text;
        struct clew_slice about = CLEW_SLICE_NULL;
        struct clew_finding *f;
        uint32_t unit = CLEW_RCA_NONE;
        double n[2];
        size_t at = 0;

        if (x->n_ids == 0 || leaf->value.len < 2 || leaf->value.len > 16 ||
            !clew_text_has_digit(leaf->value) || next_number(leaf->value, &at, &text, n) != 1 ||
            text.len != leaf->value.len || has_own_unit(leaf->key))
                return false;
        for (uint32_t k = 0; k < x->n_ids; k++) {
                uint32_t u = 0;

                for (uint32_t d = 0; d < DOCUMENTS_MAX; d++, u++) {
                        bool any = moved.len > 0;

                        u = clew_sources_find(&x->seen, x->ids[k], u, end);
                        if (u == CLEW_RCA_NONE)
                                break;
                        if (x->v->units[u].text.len > DOCUMENT_MAX ||
                            has_number(x->v->units[u].text, n[0], &moved))
                                return false;
                        if (!any && moved.len) {
                                unit = u;
                                about = x->ids[k];
                        }
                }
        }
        if (!moved.len || is_shown(x, n[0], end) || x->seen.spent ||
            may_be_cents(leaf->value, moved, factor_of(moved, n[0])) ||
            is_said_in_thousands(x, n[0]) || is_explained(x, act, unit, factor_of(moved, n[0])))
                return false;
        f = add(x, act, 1.2);
        clew_finding_evidence(f, x->v->units[unit].step, moved);
        clew_finding_say(x->ret, f,
                         "Step %u called %.*s with %.*s %.*s; %.*s has %.*s where it speaks of "
                         "%.*s, and no such number.",
                         x->v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                         CLEW_SHOWN(leaf->key, 40), CLEW_SHOWN(leaf->value, SHOWN_MAX),
                         CLEW_SHOWN(source_of(x, unit), 24), CLEW_SHOWN(moved, SHOWN_MAX),
                         CLEW_SHOWN(about, ID_MAX));
        return true;
}

/* ---- currencies ------------------------------------------------------------------------------ */

/* A user speaks of it, or the instructions speak of it alone. */
static bool is_asked_for(const struct twist *x, int currency)
{
        for (uint32_t u = 0; u < x->v->n_units; u++) {
                const struct clew_rca_unit *unit = &x->v->units[u];
                struct clew_slice t = head(unit->text, DOCUMENT_MAX);

                if (unit->origin == CLEW_RCA_USER
                            ? clew_currency_may_be(t, currency)
                            : unit->origin == CLEW_RCA_SYSTEM && clew_currency_in(t) == currency)
                        return true;
        }
        return false;
}

static bool other_currency(struct twist *x, const struct clew_act *act,
                           const struct clew_flat_leaf *leaf, uint32_t end)
{
        int mine = x->n_ids ? clew_currency_of(leaf->value) : CLEW_CURRENCY_NONE;
        int found = CLEW_CURRENCY_NONE;
        uint32_t unit = CLEW_RCA_NONE;
        struct clew_slice about = CLEW_SLICE_NULL;
        struct clew_finding *f;

        for (uint32_t k = 0; mine >= 0 && k < x->n_ids; k++) {
                uint32_t u = 0;

                for (uint32_t d = 0; d < DOCUMENTS_MAX; d++, u++) {
                        int c;

                        u = clew_sources_find(&x->seen, x->ids[k], u, end);
                        if (u == CLEW_RCA_NONE)
                                break;
                        if (x->v->units[u].text.len > DOCUMENT_MAX)
                                return false;
                        c = clew_currency_in(x->v->units[u].text);
                        if (c == mine || c == CLEW_CURRENCY_SEVERAL ||
                            clew_currency_may_be(x->v->units[u].text, mine))
                                return false;
                        if (c >= 0 && found < 0) {
                                found = c;
                                unit = u;
                                about = x->ids[k];
                        }
                }
        }
        if (found < 0 || x->seen.spent || is_asked_for(x, mine))
                return false;
        f = add(x, act, 1.2);
        clew_finding_say(x->ret, f,
                         "Step %u called %.*s with %.*s %.*s; %.*s, which speaks of %.*s, knows "
                         "amounts in %s alone.",
                         x->v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                         CLEW_SHOWN(leaf->key, 40), CLEW_SHOWN(leaf->value, SHOWN_MAX),
                         CLEW_SHOWN(source_of(x, unit), 24), CLEW_SHOWN(about, ID_MAX),
                         clew_currency_code(found));
        return true;
}

/* ---- times of day ---------------------------------------------------------------------------- */

/* "UTC+02:00", "GMT-5": minutes; 0 when that is not what stands there. */
static int read_offset(struct clew_slice t)
{
        size_t i = 4;
        int hours = 0;
        int minutes = 0;
        size_t digits = 0;

        if (t.len < 5 || (t.data[3] != '+' && t.data[3] != '-'))
                return 0;
        for (; i < t.len && digits < 2 && is_digit(t.data[i]); i++, digits++)
                hours = hours * 10 + t.data[i] - '0';
        if (i + 2 < t.len && t.data[i] == ':' && two(t.data + i + 1) >= 0)
                minutes = two(t.data + i + 1);
        if (digits == 0 || hours > 14 || minutes > 59)
                return 0;
        return (t.data[3] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

/* The one distance to UTC that instructions and users speak of. */
static void read_zone(struct twist *x)
{
        static const char *const names[] = {"UTC", "GMT"};

        for (uint32_t u = 0; u < x->v->n_units; u++) {
                const struct clew_rca_unit *unit = &x->v->units[u];

                if (unit->origin != CLEW_RCA_USER && unit->origin != CLEW_RCA_SYSTEM)
                        continue;
                for (size_t k = 0; k < CLEW_ARRAY_LEN(names); k++) {
                        struct clew_slice t = head(unit->text, DOCUMENT_MAX);
                        const uint8_t *at;

                        while ((at = clew_find(t, names[k], 3)) != NULL) {
                                int offset;

                                t = clew_slice_from(t, (size_t)(at - t.data));
                                offset = read_offset(head(t, 9));
                                if (offset && x->offset && offset != x->offset) {
                                        x->offset = 0;
                                        return;
                                }
                                if (offset) {
                                        x->offset = offset;
                                        x->zone = head(t, 5);
                                        while (x->zone.len < t.len && x->zone.len < 9 &&
                                               (is_digit(t.data[x->zone.len]) ||
                                                (t.data[x->zone.len] == ':' &&
                                                 x->zone.len + 1 < t.len &&
                                                 is_digit(t.data[x->zone.len + 1]))))
                                                x->zone.len++;
                                }
                                t = clew_slice_from(t, 3);
                        }
                }
        }
}

/* "14:00 their time", "14:00 London time", "2:30 CET": of another place than the one whose distance
 * to UTC is told. */
static bool is_of_other_zone(struct clew_slice behind)
{
        struct clew_slice t = head(behind, 24);
        ptrdiff_t at = clew_text_find(t, " time");
        size_t i = t.len > 0 && t.data[0] == ' ';
        size_t n = 0;

        while (i + n < t.len && t.data[i + n] >= 'A' && t.data[i + n] <= 'Z')
                n++;
        if (n >= 2 && n <= 4 && t.data[i + n - 1] == 'T')
                return true;
        return at > 0 && clew_text_find(head(t, (size_t)at), "local") < 0 &&
               clew_text_find(head(t, (size_t)at), "our") < 0 &&
               clew_text_find(head(t, (size_t)at), "my") < 0;
}

/* "14:00", of what users said, where no "UTC" stands behind. */
static void read_hours(struct twist *x)
{
        struct clew_slice t = x->acts->heard;

        for (size_t i = 1; i + 2 < t.len && x->n_hours < HOURS_MAX; i++) {
                size_t from = i;
                int hour = 0;
                int minute;

                if (t.data[i] != ':' || !is_digit(t.data[i - 1]))
                        continue;
                while (from > 0 && i - from < 2 && is_digit(t.data[from - 1]))
                        from--;
                minute = two(t.data + i + 1);
                for (size_t k = from; k < i; k++)
                        hour = hour * 10 + t.data[k] - '0';
                if (hour > 23 || minute < 0 || minute > 59 ||
                    (from > 0 && (is_digit(t.data[from - 1]) || t.data[from - 1] == ':')) ||
                    clew_text_find(head(clew_slice_from(t, i + 3), 5), "utc") >= 0 ||
                    clew_text_find(head(clew_slice_from(t, i + 3), 5), "gmt") >= 0 ||
                    is_of_other_zone(clew_slice_from(t, i + 3)) ||
                    (i + 3 < t.len &&
                     (t.data[i + 3] == 'Z' || t.data[i + 3] == ':' || is_digit(t.data[i + 3]))))
                        continue;
                x->hours[x->n_hours++] = (struct hour){clew_slice_make(t.data + from, i + 3 - from),
                                                       hour * 60 + minute};
        }
}

static const struct hour *said_hour(const struct twist *x, int minutes)
{
        for (uint32_t i = 0; i < x->n_hours; i++) {
                if (x->hours[i].minutes == (minutes + 2880) % 1440)
                        return &x->hours[i];
        }
        return NULL;
}

static bool local_as_utc(struct twist *x, const struct clew_act *act,
                         const struct clew_flat_leaf *leaf)
{
        struct clew_slice t = leaf->value;
        const struct hour *said;
        struct clew_finding *f;
        struct clew_date d;
        int at;

        if (x->offset == 0 || t.len < 17 || !clew_date_read(t, &d) || t.data[10] != 'T' ||
            t.data[13] != ':' || two(t.data + 11) < 0 || two(t.data + 14) < 0 ||
            (t.data[t.len - 1] != 'Z' && !clew_slice_eq(tail(t, 6), CLEW_SLICE_LITERAL("+00:00"))))
                return false;
        at = two(t.data + 11) * 60 + two(t.data + 14);
        if (said_hour(x, at + x->offset))
                return false;
        said = said_hour(x, at);
        if (!said)
                said = said_hour(x, at - x->offset);
        if (!said)
                return false;
        f = add(x, act, 1.2);
        at = (said->minutes - x->offset + 2880) % 1440;
        clew_finding_evidence(f, act->who, x->zone);
        clew_finding_say(x->ret, f,
                         "Step %u called %.*s with %.*s %.*s; the user said %.*s, which at %.*s is "
                         "%02d:%02d UTC.",
                         x->v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                         CLEW_SHOWN(leaf->key, 40), CLEW_SHOWN(t, SHOWN_MAX),
                         CLEW_SHOWN(said->text, 8), CLEW_SHOWN(x->zone, 12), at / 60, at % 60);
        return true;
}

/* ---- all actions ----------------------------------------------------------------------------- */

/* A name of one thing: one token of it holds three digits or more, and it is no date. */
static bool is_id(struct clew_slice t)
{
        size_t digits = 0;
        size_t letters = 0;
        struct clew_date d;

        if (t.len < ID_MIN || t.len > ID_MAX || clew_date_read(t, &d))
                return false;
        for (size_t i = 0; i < t.len; i++) {
                if (is_space(t.data[i]) || t.data[i] == '\\')
                        return false;
                digits += is_digit(t.data[i]);
                letters += is_alpha(t.data[i]) || t.data[i] == '-' || t.data[i] == '#';
        }
        return digits >= 3 && letters >= 1;
}

static void read_ids(struct twist *x, struct clew_slice args)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        x->n_ids = 0;
        clew_flat_init(&f, args);
        while (x->n_ids < IDS_MAX && clew_flat_next(&f, &leaf)) {
                if (leaf.is_string && is_id(leaf.value))
                        x->ids[x->n_ids++] = leaf.value;
        }
}

static bool look_at(struct twist *x, const struct clew_act *act, struct clew_flat *f)
{
        uint32_t end = clew_sources_end(x->v, act->who);
        struct clew_flat_leaf leaf;

        read_ids(x, f->text);
        while (x->leaves < LEAVES_MAX && clew_flat_next(f, &leaf)) {
                x->leaves++;
                if (leaf.value.len < 2 || leaf.value.len > SHOWN_MAX)
                        continue;
                if (day_and_month(x, act, &leaf, end) || local_as_utc(x, act, &leaf) ||
                    other_currency(x, act, &leaf, end) || amount_moved(x, act, &leaf, end))
                        return true;
        }
        return false;
}

void clew_rule_twisted(const struct clew_rca_view *v, const struct clew_acts *acts,
                       struct clew_findings *ret)
{
        struct twist *x = clew_arena_calloc(v->arena, 1, sizeof(*x));

        if (!x || !acts->heard.len)
                return;
        x->v = v;
        x->acts = acts;
        x->ret = ret;
        x->seen.v = v;
        read_zone(x);
        if (x->offset)
                read_hours(x);
        for (uint32_t i = 0; i < acts->n && !clew_findings_full(ret, CLEW_RULE_TWISTED); i++) {
                const struct clew_act *act = &acts->items[i];
                struct clew_flat f;

                clew_flat_init(&f, head(act->args, CLEW_ACTS_ARGS_MAX));
                if (f.is_json && !x->seen.spent)
                        (void)look_at(x, act, &f);
        }
}
