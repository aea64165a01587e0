/*
 * See nearest.h.
 */
#include "query/answer/nearest.h"

#include <string.h>

/* More than two edits is another word. */
#define EDITS_MAX 2u
/* A word that holds what was asked for is farther than any edit. */
#define INSIDE (EDITS_MAX + 1u)
/* Fewer letters are inside of too many words. */
#define INSIDE_BYTES_MIN 3u

static uint8_t lower(uint8_t c)
{
        return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Insert, delete, replace, change two neighbours; case does not matter. */
static size_t distance(struct clew_slice a, struct clew_slice b)
{
        size_t rows[3][CLEW_NEAREST_BYTES_MAX + 1];

        for (size_t j = 0; j <= b.len; j++)
                rows[0][j] = j;
        for (size_t i = 1; i <= a.len; i++) {
                size_t *row = rows[i % 3];
                const size_t *before = rows[(i - 1) % 3];
                const size_t *two_before = rows[(i + 1) % 3];

                row[0] = i;
                for (size_t j = 1; j <= b.len; j++) {
                        bool same = lower(a.data[i - 1]) == lower(b.data[j - 1]);
                        size_t best = before[j - 1] + !same;

                        best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
                        best = before[j] + 1 < best ? before[j] + 1 : best;
                        if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                            a.data[i - 2] == b.data[j - 1] && two_before[j - 2] + 1 < best)
                                best = two_before[j - 2] + 1;
                        row[j] = best;
                }
        }
        return rows[a.len % 3][b.len];
}

struct clew_nearest clew_nearest_begin(struct clew_slice asked)
{
        return (struct clew_nearest){.asked = asked, .distance = INSIDE + 1};
}

void clew_nearest_offer(struct clew_nearest *n, struct clew_slice word)
{
        size_t d;

        if (word.len == 0 || word.len > CLEW_NEAREST_BYTES_MAX || n->asked.len == 0 ||
            n->asked.len > CLEW_NEAREST_BYTES_MAX)
                return;
        d = distance(n->asked, word);
        /* Of a word of two letters nothing is left after two edits. */
        if (d > EDITS_MAX || d >= word.len || d >= n->asked.len)
                d = n->asked.len >= INSIDE_BYTES_MIN &&
                                    memmem(word.data, word.len, n->asked.data, n->asked.len)
                            ? INSIDE
                            : INSIDE + 1;
        /* The beginning of a word is that word, not one of as many letters. */
        if (d > 1 && n->asked.len >= INSIDE_BYTES_MIN && clew_slice_starts_with(word, n->asked))
                d = 1;
        if (d < n->distance) {
                n->distance = d;
                n->best = word;
        }
}
