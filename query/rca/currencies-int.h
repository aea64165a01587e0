/*
 * Currencies: their codes, signs, and what people call them.
 */
#ifndef CLEW_QUERY_RCA_CURRENCIES_INT_H
#define CLEW_QUERY_RCA_CURRENCIES_INT_H

#include "proto/base/slice.h"

#include <stdbool.h>

#define CLEW_CURRENCY_NONE (-1)    /* no amount, no code, no sign */
#define CLEW_CURRENCY_SEVERAL (-2) /* more than one, or one that cannot be told */

/* The currency whose code @text is ("EUR"), or CLEW_CURRENCY_NONE. */
int clew_currency_of(struct clew_slice text);
/* The one currency that @text speaks of by code or sign. */
int clew_currency_in(struct clew_slice text);
/* @text may speak of the currency: its code, a sign that it shares with others, or its name. */
bool clew_currency_may_be(struct clew_slice text, int currency);
const char *clew_currency_code(int currency);

#endif
