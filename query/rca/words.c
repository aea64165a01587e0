/*
 * Sets of words of texts (text.h), as their hashes in order. Linear, no allocation.
 */
#include "query/rca/words-int.h"

#define FEW_HASHES 24u /* are in order sooner without a table of places */

/* Hashes are spread evenly: put to places by their first byte they are nearly in order, and what is
 * left moves by a place or two. */
static void sort_nearly(uint64_t *a, uint32_t n)
{
        uint64_t from[CLEW_WORDS_MAX];
        uint16_t place[257] = {0};

        memcpy(from, a, n * sizeof(*a));
        for (uint32_t i = 0; i < n; i++)
                place[(from[i] >> 56) + 1]++;
        for (uint32_t i = 1; i < 257; i++)
                place[i] = (uint16_t)(place[i] + place[i - 1]);
        for (uint32_t i = 0; i < n; i++)
                a[place[from[i] >> 56]++] = from[i];
}

static void sort_hashes(uint64_t *a, uint32_t n)
{
        if (n > FEW_HASHES)
                sort_nearly(a, n);
        for (uint32_t i = 1; i < n; i++) {
                uint64_t x = a[i];
                uint32_t k = i;

                for (; k > 0 && a[k - 1] > x; k--)
                        a[k] = a[k - 1];
                a[k] = x;
        }
}

void clew_words_of(struct clew_slice text, uint64_t room[CLEW_WORDS_MAX], struct clew_words *ret)
{
        struct word_scan scan = word_scan_of(text);
        uint32_t n = 0;
        uint32_t m = 0;
        struct scanned_word word;

        ret->total = 0;
        ret->values = 0;
        while (scan_word(&scan, &word)) {
                uint64_t h = hash_of_word(text, &word);

                ret->total++;
                ret->values += word.digit ? h : 0;
                if (n == CLEW_WORDS_MAX)
                        break; /* the head of a text is enough to recognise it */
                room[n++] = h;
        }
        sort_hashes(room, n);
        for (uint32_t k = 0; k < n; k++) {
                if (m == 0 || room[m - 1] != room[k])
                        room[m++] = room[k];
        }
        ret->hash = room;
        ret->n = m;
}

double clew_words_jaccard(const struct clew_words *a, const struct clew_words *b)
{
        uint32_t i = 0;
        uint32_t k = 0;
        uint32_t both = 0;

        if (a->n == 0 || b->n == 0)
                return 0;
        while (i < a->n && k < b->n) {
                if (a->hash[i] == b->hash[k]) {
                        both++;
                        i++;
                        k++;
                } else if (a->hash[i] < b->hash[k]) {
                        i++;
                } else {
                        k++;
                }
        }
        return (double)both / (double)(a->n + b->n - both);
}
