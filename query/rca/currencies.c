/*
 * Currencies (currencies-int.h). A sign that several share ("$", "kr") tells nothing between them;
 * one that the table does not know, or a dollar with a letter before it ("CA$"), makes a text one
 * that cannot be told.
 */
#include "query/rca/currencies-int.h"

#include "query/rca/sources-int.h"
#include "query/rca/text-int.h"

#define DOLLAR "$"
#define YEN "\xc2\xa5"
#define WIDE_YEN "\xef\xbf\xa5"
#define EURO "\xe2\x82\xac"

static const struct {
        const char *code;
        const char *sign; /* alone or shared */
        bool speaks;      /* its sign is this currency's where nothing else is told */
        const char *name; /* in lower case, as it begins */
} currencies[] = {
        {"EUR", EURO, true, "euro"},         {"USD", DOLLAR, true, "dollar"},
        {"GBP", "\xc2\xa3", true, "pound"},  {"CHF", "Fr.", false, "franc"},
        {"JPY", YEN, false, "yen"},          {"SEK", "kr", false, "kron"},
        {"NOK", "kr", false, "kron"},        {"DKK", "kr", false, "kron"},
        {"PLN", "z\xc5\x82", false, "zlot"}, {"CZK", "K\xc4\x8d", false, "koruna"},
        {"CAD", DOLLAR, false, "dollar"},    {"AUD", DOLLAR, false, "dollar"},
        {"CNY", YEN, false, "yuan"},         {"INR", "Rs", false, "rupee"},
        {"BRL", "R$", false, "reais"},       {"HUF", "Ft", false, "forint"},
        {"RON", "lei", false, "leu"},        {"TRY", "TL", false, "lira"},
        {"ZAR", "R ", false, "rand"},        {"SGD", DOLLAR, false, "dollar"},
        {"HKD", DOLLAR, false, "dollar"},    {"MXN", DOLLAR, false, "peso"},
        {"NZD", DOLLAR, false, "dollar"},    {"KRW", "\xe2\x82\xa9", false, " won"},
};

const char *clew_currency_code(int currency)
{
        return currencies[currency].code;
}

int clew_currency_of(struct clew_slice t)
{
        for (size_t i = 0; t.len == 3 && i < CLEW_ARRAY_LEN(currencies); i++) {
                if (memcmp(t.data, currencies[i].code, 3) == 0)
                        return (int)i;
        }
        return CLEW_CURRENCY_NONE;
}

static bool has(struct clew_slice t, const char *what)
{
        return clew_find(t, what, strlen(what)) != NULL;
}

/* "CA$ 12", a sign of the block of currencies that is no euro, a yen or a yuan. */
static bool has_untold_sign(struct clew_slice t)
{
        struct clew_slice rest = t;
        const uint8_t *at;

        if (has(t, YEN) || has(t, WIDE_YEN))
                return true;
        while ((at = clew_find(rest, DOLLAR, 1)) != NULL) {
                size_t i = (size_t)(at - t.data);

                if (i > 0 && is_alpha(t.data[i - 1]) && !(i > 1 && memcmp(at - 2, "US", 2) == 0))
                        return true;
                rest = clew_slice_from(t, i + 1);
        }
        rest = t;
        while ((at = clew_find(rest, "\xe2\x82", 2)) != NULL) {
                size_t i = (size_t)(at - t.data);

                if (i + 2 < t.len && at[2] >= 0xa0 && at[2] != 0xac)
                        return true;
                rest = clew_slice_from(t, i + 2);
        }
        return false;
}

int clew_currency_in(struct clew_slice t)
{
        int ret = CLEW_CURRENCY_NONE;

        if (has_untold_sign(t))
                return CLEW_CURRENCY_SEVERAL;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(currencies); i++) {
                const char *sign = currencies[i].speaks ? currencies[i].sign : NULL;

                if (!clew_sources_holds(t,
                                        clew_slice_make((const uint8_t *)currencies[i].code, 3)) &&
                    !(sign && has(t, sign)))
                        continue;
                if (ret >= 0)
                        return CLEW_CURRENCY_SEVERAL;
                ret = (int)i;
        }
        return ret;
}

bool clew_currency_may_be(struct clew_slice t, int currency)
{
        return clew_sources_holds(t,
                                  clew_slice_make((const uint8_t *)currencies[currency].code, 3)) ||
               has(t, currencies[currency].sign) ||
               clew_text_find(t, currencies[currency].name) >= 0;
}
