#include "proto/base/find.h"

#include <string.h>

/* How often a byte stands in prose, programs and JSON, roughly: what is not named is the seldomest.
 */
static const uint8_t often[256] = {
        [' '] = 30,  ['e'] = 29, ['t'] = 28, ['a'] = 27, ['o'] = 26, ['i'] = 25, ['n'] = 24,
        ['s'] = 23,  ['r'] = 22, ['l'] = 21, ['d'] = 20, ['c'] = 19, ['h'] = 18, ['u'] = 17,
        ['m'] = 16,  ['p'] = 15, ['f'] = 14, ['"'] = 25, ['g'] = 12, ['.'] = 11, ['_'] = 11,
        ['\n'] = 11, ['y'] = 10, ['b'] = 9,  ['v'] = 8,  ['w'] = 8,  ['0'] = 8,  ['1'] = 8,
        ['-'] = 7,   [','] = 7,  [':'] = 7,  ['k'] = 6,  ['x'] = 5,  ['='] = 4,  ['('] = 4,
        [')'] = 4,   ['/'] = 4,  ['2'] = 4,  ['3'] = 3,  ['\''] = 3, ['j'] = 2,  ['q'] = 1,
        ['z'] = 1,
};

const uint8_t *clew_find(struct clew_slice in, const void *word, size_t n)
{
        const uint8_t *w = word;
        const uint8_t *p;
        const uint8_t *end;
        size_t seldom = 0;

        if (n == 0 || n > in.len)
                return n == 0 ? in.data : NULL;
        for (size_t i = 1; i < n; i++) {
                if (often[w[i]] < often[w[seldom]])
                        seldom = i;
        }
        p = in.data + seldom;
        end = in.data + in.len - n + seldom + 1; /* of the places where that byte may stand */
        while (p < end && (p = memchr(p, w[seldom], (size_t)(end - p)))) {
                if (memcmp(p - seldom, w, n) == 0)
                        return p - seldom;
                p++;
        }
        return NULL;
}
