/*
 * A date as people say it: a day beside the name of its month, in some languages. And dates that
 * another one may be counted from.
 */
#ifndef CLEW_QUERY_RCA_SAID_DATE_INT_H
#define CLEW_QUERY_RCA_SAID_DATE_INT_H

#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_date {
        int year;
        int month;
        int day;
};

/* What @text begins with, when that is 2026-03-04 and no word goes on behind it. */
bool clew_date_read(struct clew_slice text, struct clew_date *ret);
/* "4 March", "the 4th of March", "4. März", "3月4日" stands in @text. */
bool clew_date_is_said(struct clew_slice text, const struct clew_date *date);
/* A date of @text (2026-03-02) is less than @days from @date, and not the same. */
bool clew_date_is_near(struct clew_slice text, const struct clew_date *date, int64_t days);
/* Days of the civil date, counted from a fixed one. */
int64_t clew_date_days(const struct clew_date *date);

#endif
