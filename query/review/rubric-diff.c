/*
 * Two versions of a criterion, line by line: the longest common subsequence; a criterion is short.
 */
#include "query/review/rubric.h"

#include <errno.h>
#include <string.h>

/* Lines of a criterion that are compared, each with each. */
#define LINES_MAX 2000u

static bool is_blank(struct clew_slice line)
{
        for (size_t i = 0; i < line.len; i++) {
                if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
                        return false;
        }
        return true;
}

static uint32_t cut(struct clew_slice text, struct clew_slice *lines)
{
        uint32_t n = 0;

        while (text.len > 0 && n < LINES_MAX) {
                const uint8_t *end = memchr(text.data, '\n', text.len);
                size_t len = end ? (size_t)(end - text.data) : text.len;
                struct clew_slice line = clew_slice_make(text.data, len);

                text = clew_slice_from(text, end ? len + 1 : len);
                if (line.len > 0 && line.data[line.len - 1] == '\r')
                        line.len--;
                if (!is_blank(line))
                        lines[n++] = line;
        }
        return n;
}

/* t[p][q]: lines that a[p..] and b[q..] have in common. */
static void fill(uint16_t *t, const struct clew_slice *a, uint32_t n, const struct clew_slice *b,
                 uint32_t m)
{
        for (uint32_t p = n; p-- > 0;) {
                for (uint32_t q = m; q-- > 0;) {
                        uint16_t *at = &t[p * (m + 1) + q];

                        if (clew_slice_eq(a[p], b[q]))
                                *at = (uint16_t)(t[(p + 1) * (m + 1) + q + 1] + 1);
                        else
                                *at = at[1] > t[(p + 1) * (m + 1) + q] ? at[1]
                                                                       : t[(p + 1) * (m + 1) + q];
                }
        }
}

int clew_rubric_diff(struct clew_slice x, struct clew_slice y, struct clew_arena *arena,
                     void (*fn)(void *context, char mark, struct clew_slice line), void *context)
{
        struct clew_slice *a = clew_arena_calloc(arena, LINES_MAX, sizeof(*a));
        struct clew_slice *b = clew_arena_calloc(arena, LINES_MAX, sizeof(*b));
        uint32_t n = a ? cut(x, a) : 0;
        uint32_t m = b ? cut(y, b) : 0;
        uint16_t *t = clew_arena_calloc(arena, (size_t)(n + 1) * (m + 1), sizeof(*t));
        uint32_t i = 0;
        uint32_t j = 0;

        if (!a || !b || !t)
                return -ENOMEM;
        fill(t, a, n, b, m);
        while (i < n || j < m) {
                if (i < n && j < m && clew_slice_eq(a[i], b[j])) {
                        fn(context, ' ', a[i++]);
                        j++;
                } else if (j == m ||
                           (i < n && t[(i + 1) * (m + 1) + j] >= t[i * (m + 1) + j + 1])) {
                        fn(context, '-', a[i++]);
                } else {
                        fn(context, '+', b[j++]);
                }
        }
        return 0;
}
