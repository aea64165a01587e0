/*
 * Union. All fields of all copies are listed, sorted by what they are (number, and for an attribute
 * its key, for an event or a link its bytes), and of each the best copy that has it is found. What
 * is of another copy than the first, and of the best that has it, is written: the worst copy in
 * front, so that what was told first is read first.
 */
#include "proto/otlp/union.h"

#include "proto/base/hash.h"
#include "proto/base/sort.h"
#include "proto/otlp/span.h"
#include "proto/otlp/wire.h"

#include <errno.h>
#include <string.h>

struct piece {
        struct clew_slice field; /* with its tag */
        struct clew_slice is;    /* what makes it the same as another: key, bytes, or nothing */
        uint32_t number;
        uint32_t copy;
        bool told; /* by this copy, and by no better one */
};

struct work {
        struct piece *pieces;
        struct clew_sort_entry *entries; /* twice as many, the second half to sort with */
        uint32_t max;
};

#define PIECES_MIN 256u

enum {
        SPAN_TRACE_STATE = 3,
        SPAN_PARENT = 4,
        SPAN_NAME = 5,
        SPAN_KIND = 6,
        SPAN_START = 7,
        SPAN_ATTRIBUTES = 9,
        SPAN_EVENTS = 11,
        SPAN_LINKS = 13,
        SPAN_FLAGS = 16,
};

/* False: such a field is of no interest. */
static bool identify(const struct clew_field *f, bool whole, struct clew_slice *ret)
{
        struct clew_slice value;

        *ret = CLEW_SLICE_NULL;
        switch (f->number) {
        case SPAN_ATTRIBUTES:
                return clew_attribute_split(f->bytes, ret, &value);
        case SPAN_EVENTS:
        case SPAN_LINKS:
                *ret = f->bytes;
                return true;
        case SPAN_TRACE_STATE:
        case SPAN_PARENT:
        case SPAN_NAME:
        case SPAN_KIND:
        case SPAN_START:
        case SPAN_FLAGS:
                return whole;
        default:
                return false;
        }
}

static uint32_t count_fields(const struct clew_slice *copies, uint32_t n)
{
        uint32_t fields = 0;

        for (uint32_t i = 0; i < n; i++) {
                struct clew_cursor c = clew_cursor_make(copies[i]);
                struct clew_field f;

                while (fields < CLEW_SPAN_UNION_PIECES_MAX && clew_field_next(&c, &f))
                        fields++;
        }
        return fields;
}

/* Room for @n pieces: doubled when there is too little, since an arena gives nothing back. */
static bool make_room(struct clew_span_union *u, uint32_t n, struct work *ret)
{
        uint32_t max = u->max_pieces ? u->max_pieces : PIECES_MIN;
        size_t one = sizeof(struct piece) + 2 * sizeof(struct clew_sort_entry);

        while (max < n)
                max *= 2;
        if (max != u->max_pieces) {
                u->pieces = clew_arena_alloc(u->arena, max * one);
                u->max_pieces = u->pieces ? max : 0;
        }
        ret->pieces = u->pieces;
        ret->entries = (void *)(ret->pieces + max);
        ret->max = max;
        return u->pieces != NULL;
}

static uint32_t list_pieces(struct work *w, uint32_t n, struct clew_slice raw, uint32_t copy,
                            bool whole)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_field f;
        struct clew_slice is;

        while (n < w->max && clew_field_next(&c, &f)) {
                if (!identify(&f, whole, &is))
                        continue;
                w->pieces[n] =
                        (struct piece){.field = clew_slice_make(f.start, (size_t)(c.at - f.start)),
                                       .is = is,
                                       .number = f.number,
                                       .copy = copy};
                w->entries[n] = (struct clew_sort_entry){.key = clew_hash_seeded(is, f.number),
                                                         .item = &w->pieces[n]};
                n++;
        }
        return n;
}

static int order_of_pieces(const void *a, const void *b)
{
        const struct piece *x = a;
        const struct piece *y = b;

        if (x->number != y->number)
                return x->number < y->number ? -1 : 1;
        return clew_slice_cmp(x->is, y->is);
}

/* Marks what the first copy lacks. Returns its bytes. */
static size_t find_told(struct work *w, uint32_t n)
{
        const struct piece *best = NULL;
        size_t bytes = 0;

        clew_sort(w->entries, w->entries + n, n, order_of_pieces);
        for (uint32_t i = 0; i < n; i++) {
                const struct piece *sorted = w->entries[i].item;
                struct piece *piece = &w->pieces[sorted - w->pieces];

                if (!best || order_of_pieces(best, piece) != 0)
                        best = piece; /* listed best copy first, and the sort is stable */
                piece->told = piece->copy != 0 && piece->copy == best->copy;
                bytes += piece->told ? piece->field.len : 0;
        }
        return bytes;
}

static void write_told(const struct work *w, uint32_t n, uint8_t *to)
{
        uint32_t end = n;

        while (end > 0) {
                uint32_t from = end;

                while (from > 0 && w->pieces[from - 1].copy == w->pieces[end - 1].copy)
                        from--;
                for (uint32_t i = from; i < end; i++) {
                        if (!w->pieces[i].told)
                                continue;
                        memcpy(to, w->pieces[i].field.data, w->pieces[i].field.len);
                        to += w->pieces[i].field.len;
                }
                end = from;
        }
}

int clew_span_union(struct clew_span_union *u, const struct clew_slice *copies, uint32_t n,
                    bool whole, struct clew_slice *ret_more)
{
        struct work w;
        uint32_t pieces = 0;
        uint8_t *to;
        size_t bytes;

        *ret_more = CLEW_SLICE_NULL;
        if (!make_room(u, count_fields(copies, n), &w))
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                pieces = list_pieces(&w, pieces, copies[i], i, whole);
        bytes = find_told(&w, pieces);
        if (bytes == 0)
                return 0;
        to = clew_arena_alloc(u->arena, bytes);
        if (!to)
                return -ENOMEM;
        write_told(&w, pieces, to);
        *ret_more = clew_slice_make(to, bytes);
        return 0;
}
