/*
 * Points in time and spans of time, as people write and read them.
 */
#ifndef CLEW_QUERY_ANSWER_WHEN_H
#define CLEW_QUERY_ANSWER_WHEN_H

#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for every text that the printers below make, with the final NUL. */
#define CLEW_WHEN_TEXT 40

/*
 * Reads a point in time: an age before @now_ns (`45s`, `90m`, `24h`, `7d`, `2w`), `now`, a date
 * (`2026-11-20`), a date and a time of day (`2026-11-20 14:00`, also with seconds, fraction, `T`,
 * and a zone `Z` or `+02:00`), `today`, `yesterday`, either with a time of day, or unix
 * time in seconds (10 digits) or nanoseconds (19 digits). Without a zone it is local time (TZ), or
 * UTC when @utc. False when it is none of these.
 */
CLEW_MUST_USE bool clew_when_parse(const char *text, uint64_t now_ns, bool utc, uint64_t *ret_ns);

/* Reads a length of time: `500ms`, `5s`, `1.5s`, `2m`, `1h`, `7d`, `2w`. */
CLEW_MUST_USE bool clew_when_parse_length(const char *text, uint64_t *ret_ns);

/* RFC 3339 in UTC with nanoseconds, without trailing zeros: for machines. */
void clew_when_rfc3339(uint64_t unix_ns, char ret[CLEW_WHEN_TEXT]);
/* As short as @now_ns allows: `17:21:04` today, `Nov 22 17:39` this year, else
 * `2025-09-04 17:33`. */
void clew_when_short(uint64_t unix_ns, uint64_t now_ns, bool utc, char ret[CLEW_WHEN_TEXT]);
/* `2026-11-23 17:21:04.118 +0100`. */
void clew_when_full(uint64_t unix_ns, bool utc, char ret[CLEW_WHEN_TEXT]);
/* `350ms`, `48.2s`, `2m10s`, `3h05m`, `2d04h`. */
void clew_when_length(uint64_t ns, char ret[CLEW_WHEN_TEXT]);
/* `12ms`, `48.2s`, `2m10s`: five columns. */
void clew_when_column(uint64_t ns, char ret[CLEW_WHEN_TEXT]);
/* `0.0s`, `48.2s`, `2m10s`: an offset, in one unit. */
void clew_when_offset(uint64_t ns, char ret[CLEW_WHEN_TEXT]);

/* `937`, `61.2k`, `1.31M`, `2.4G`: counts of tokens, and with @suffix such as "B" also bytes. */
void clew_count_short(uint64_t n, const char *suffix, char ret[CLEW_WHEN_TEXT]);
/* The same in at most five columns: `937`, `1.5k`, `61.2k`, `402k`. */
void clew_count_column(uint64_t n, char ret[CLEW_WHEN_TEXT]);
/* The "s" of a word behind a number. */
static inline const char *clew_plural(uint64_t n)
{
        return n == 1 ? "" : "s";
}
/* `$0.214`, `$1.31`, `$214.05`. */
void clew_cost_short(double usd, char ret[CLEW_WHEN_TEXT]);

#endif
