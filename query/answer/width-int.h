/*
 * Columns of one code point on a terminal.
 */
#ifndef CLEW_QUERY_ANSWER_WIDTH_H
#define CLEW_QUERY_ANSWER_WIDTH_H

#include <stdint.h>

/* 0, 1 or 2. @c is a printable code point; controls are the business of safe.h. */
unsigned clew_width_of(uint32_t c);

#endif
