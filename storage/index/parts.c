/*
 * See parts-int.h.
 */
#include "storage/index/parts-int.h"

#include <stdlib.h>
#include <string.h>

/* A word from one of its signs on. */
struct place {
        uint64_t first; /* bytes from there, as a number: they decide most comparisons */
        uint32_t word;  /* where it begins among the words */
        uint8_t len;
        uint8_t at;
};

void clew_parts_init(struct clew_parts *p)
{
        *p = (struct clew_parts){0};
        clew_buffer_init(&p->words, CLEW_PARTS_BYTES_MAX);
        clew_buffer_init(&p->places, CLEW_PARTS_BYTES_MAX);
}

void clew_parts_deinit(struct clew_parts *p)
{
        clew_buffer_deinit(&p->words);
        clew_buffer_deinit(&p->places);
}

static uint64_t first_bytes(struct clew_slice s)
{
        uint64_t v = 0;

        for (size_t i = 0; i < 8; i++)
                v = v << 8 | (i < s.len ? s.data[i] : 0);
        return v;
}

static bool begins_sign(uint8_t byte)
{
        return (byte & 0xc0) != 0x80;
}

void clew_parts_add(struct clew_parts *p, struct clew_slice word)
{
        struct place place = {.word = (uint32_t)p->words.len, .len = (uint8_t)word.len};
        uint32_t sign = 0;
        size_t last = 0; /* where the last sign begins */

        if (word.len == 0 || word.len >= CLEW_INDEX_KEY_MAX || p->is_sorted)
                return;
        for (size_t i = 0; i < word.len; i++) {
                if (begins_sign(word.data[i]))
                        last = i;
        }
        p->n_words++;
        clew_buffer_append_slice(&p->words, word);
        for (size_t i = 0; i < word.len; i++) {
                if (!begins_sign(word.data[i]) && i > 0)
                        continue;
                if (sign++ % 2 != 0 || i == 0 || i == last)
                        continue;
                place.at = (uint8_t)i;
                place.first = first_bytes(clew_slice_from(word, i));
                clew_buffer_append(&p->places, &place, sizeof(place));
        }
}

static int by_end(const void *a, const void *b, void *context)
{
        const uint8_t *words = context;
        const struct place *x = a;
        const struct place *y = b;
        size_t x_len = (size_t)(x->len - x->at);
        size_t y_len = (size_t)(y->len - y->at);
        size_t least = x_len < y_len ? x_len : y_len;
        int r;

        if (x->first != y->first)
                return x->first < y->first ? -1 : 1;
        r = memcmp(words + x->word + x->at, words + y->word + y->at, least);
        if (r != 0 || x_len != y_len)
                return r != 0 ? r : x_len < y_len ? -1 : 1; /* the zero comes first */
        least = x->at < y->at ? x->at : y->at;
        r = memcmp(words + x->word, words + y->word, least);
        return r != 0 ? r : x->at - y->at;
}

size_t clew_parts_next(struct clew_parts *p, uint8_t *ret)
{
        const struct place *places = (const void *)p->places.data;
        size_t n = p->places.len / sizeof(*places);
        const struct place *place;
        const uint8_t *word;
        size_t tail;

        if (clew_buffer_error(&p->words) < 0 || clew_buffer_error(&p->places) < 0)
                return 0;
        if (!p->is_sorted && n > 1)
                qsort_r(p->places.data, n, sizeof(*places), by_end, p->words.data);
        p->is_sorted = true;
        if (p->next == n)
                return 0;
        place = &places[p->next++];
        word = p->words.data + place->word;
        tail = (size_t)(place->len - place->at);
        memcpy(ret, word + place->at, tail);
        ret[tail] = 0;
        memcpy(ret + tail + 1, word, place->at);
        return (size_t)place->len + 1;
}
