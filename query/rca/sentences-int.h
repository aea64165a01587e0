/*
 * The sentences of instructions and requests, one by one.
 */
#ifndef CLEW_QUERY_RCA_SENTENCES_INT_H
#define CLEW_QUERY_RCA_SENTENCES_INT_H

#include "query/rca/text-int.h"

struct sentences {
        struct clew_slice text;
        size_t at;
};

/* Behind blanks and the mark of an entry of a list. */
static inline size_t sentence_start(struct clew_slice text, size_t from, size_t end)
{
        while (from < end && is_space(text.data[from]))
                from++;
        if (from + 1 < end && (text.data[from] == '-' || text.data[from] == '*') &&
            text.data[from + 1] == ' ')
                from += 2;
        return from;
}

/* Whether one of eight bytes may end a sentence. */
static inline bool may_end_sentence(const uint8_t *p)
{
        static const uint8_t ends[256] = {
                ['\n'] = 1, [';'] = 1, ['.'] = 1, ['!'] = 1, ['?'] = 1,
        };

        return (ends[p[0]] | ends[p[1]] | ends[p[2]] | ends[p[3]] | ends[p[4]] | ends[p[5]] |
                ends[p[6]] | ends[p[7]]) != 0;
}

/* The next one of at most @max bytes, without its mark: it ends at a line feed, a semicolon, or a
 * mark with a blank behind. False at the end. */
static inline bool next_sentence(struct sentences *s, size_t max, struct clew_slice *ret)
{
        while (s->at < s->text.len) {
                size_t from = s->at;
                size_t i = from;

                for (; i < s->text.len; i++) {
                        uint8_t c;

                        while (s->text.len - i > 8 && !may_end_sentence(s->text.data + i))
                                i += 8;
                        c = s->text.data[i];

                        if (c == '\n' || c == ';' ||
                            ((c == '.' || c == '!' || c == '?') &&
                             (i + 1 == s->text.len || is_space(s->text.data[i + 1]))))
                                break;
                }
                s->at = i + 1;
                from = sentence_start(s->text, from, i);
                if (i > from && i - from <= max) {
                        *ret = clew_slice_make(s->text.data + from, i - from);
                        return true;
                }
        }
        return false;
}

#endif
