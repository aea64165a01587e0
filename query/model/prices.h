/*
 * Prices of models, from a file that the user gives: there are no built-in ones, they would be
 * wrong within months. One line a model: its name (or the beginning of names and a "*"), then
 * dollars per million tokens of input, output, cached input and input written to the cache.
 *
 * The list that is installed when a program starts gives a cost to each booked call that was sent
 * without one, in totals and summaries too; CLEW_STEP_PRICED says so.
 */
#ifndef CLEW_QUERY_MODEL_PRICES_H
#define CLEW_QUERY_MODEL_PRICES_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

/* A price file lists models; a megabyte holds ten thousand. */
#define CLEW_PRICE_FILE_BYTES_MAX ((size_t)1 << 20)

struct clew_prices;

/* Parses a price file. Everything lives in @arena. 0, -EBADMSG with the line in @err, -ENOMEM. */
CLEW_MUST_USE int clew_prices_parse(struct clew_slice text, struct clew_arena *arena,
                                    struct clew_prices **ret, struct clew_error *err);

/* What the tokens of @step cost by its model's price; false when the list (which may be NULL) has
 * none. */
CLEW_MUST_USE bool clew_price(const struct clew_prices *prices, const struct clew_step *step,
                              double *ret_usd);

/*
 * Installs the list for this process: at its start, and again when the file has changed (by one
 * thread at a time; a list that is wrong leaves the one before). The default is
 * $CLEW_PRICES ("none": no list), else clew/prices in $XDG_CONFIG_HOME or ~/.config, else
 * /etc/clew/prices; none of them being there is fine. 0 or a negative errno with a message.
 */
CLEW_MUST_USE int clew_prices_install(const char *path, struct clew_error *err);
CLEW_MUST_USE int clew_prices_install_default(struct clew_error *err);

/* NULL while none is installed. */
const struct clew_prices *clew_prices_installed(void);
/* Tells lists apart in the version of stored summaries: 1 to 65535, 0 without a list. */
uint32_t clew_prices_mark(void);

#endif
