/*
 * Regular expressions. First line: the pattern; the rest is the text. Whatever both are: the
 * pattern is compiled, or refused with a message and a place inside it; a match ends, and what is
 * found lies inside the text.
 */
#include "query/find/language/regex-int.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#define TEXT_MAX ((size_t)64 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
        struct clew_slice pattern = clew_slice_make(data, line ? (size_t)(line - data) : size);
        struct clew_slice text =
                line ? clew_slice_from(clew_slice_make(data, size), pattern.len + 1)
                     : CLEW_SLICE_NULL;
        struct clew_regex *x = NULL;
        char message[200] = "";
        size_t offset = 0;
        size_t from = 0;
        size_t to = 0;
        int r = clew_regex_new(pattern, &x, &offset, message, sizeof(message));

        if (r < 0) {
                CLEW_ASSERT(r == -ENOMEM || (message[0] && offset <= pattern.len));
                return 0;
        }
        if (text.len > TEXT_MAX)
                text.len = TEXT_MAX;
        r = clew_regex_match(x, text);
        CLEW_ASSERT(r == 0 || r == 1 || r == -E2BIG);
        if (clew_regex_find(x, text, &from, &to) == 1)
                CLEW_ASSERT(from <= to && to <= text.len);
        clew_regex_free(x);
        return 0;
}
