/*
 * Finders of mask.h for the rules of a user's own.
 *
 * A pattern is matched in windows, so that what one place can cost has a bound, and with a share of
 * the processor's time for the whole message, so that the message has one: texts that were not
 * looked at when it is spent are taken out as a whole. Nothing passes because it was expensive to
 * judge.
 */
#include "proto/base/clock.h"
#include "proto/mask/mask-int.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* A match begins in a window and ends in it or in the next. */
#define WINDOW CLEW_OWN_MATCH_MAX
/* Bytes before a window that a pattern can see: is there the end of a word. */
#define SEEN_BEFORE 16u
/* CPU time for all patterns over one message: so much, and so much for each byte. */
#define BUDGET_NS (50 * CLEW_NS_PER_MS)
#define BUDGET_NS_PER_BYTE 100u
/* Always looked at: what a place in it can cost is bounded by its length. */
#define SHORT_TEXT 64u

bool clew_mask_find_own_text(struct clew_mask_scan *s, struct clew_mask_hit *ret)
{
        uint32_t word;

        if (!clew_needles_find(s->own->needles, s->text, s->at, &ret->from, &word))
                return false;
        ret->form = &s->own->forms[word];
        ret->rule = CLEW_MASK_RULES + s->own->texts[ret->form->text].rule;
        ret->to = ret->from + ret->form->form.bytes.len;
        return true;
}

bool clew_mask_find_own_named(struct clew_mask_scan *s, uint8_t sign, struct clew_mask_hit *ret)
{
        size_t from = s->at;

        while (from < s->text.len) {
                const uint8_t *p = memchr(s->text.data + from, sign, s->text.len - from);
                size_t name;
                size_t at;
                size_t n;
                int rule;

                if (!p)
                        return false;
                at = (size_t)(p - s->text.data);
                from = at + 1;
                n = clew_mask_name_before(s->text, at, sign == '=', &name);
                rule = n ? clew_own_key_rule(s->own, clew_slice_make(s->text.data + name, n)) : -1;
                if (rule < 0 || !clew_mask_value_behind(s->text, at, ret) || ret->from < s->at ||
                    clew_mask_is_mark(
                            clew_slice_make(s->text.data + ret->from, ret->to - ret->from)))
                        continue;
                ret->rule = CLEW_MASK_RULES + (unsigned)rule;
                return true;
        }
        return false;
}

static uint64_t cpu_ns(void)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * CLEW_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* @n bytes more are about to be looked at. */
static bool is_spent(struct clew_mask_scan *s, size_t n)
{
        struct clew_mask_budget *b = s->budget;

        if (s->text.len <= SHORT_TEXT)
                return false;
        b->looked += n;
        if (!b->is_spent && b->looked >= b->next) {
                uint64_t now = cpu_ns();

                b->next = b->looked + WINDOW;
                if (b->began_ns == 0)
                        b->began_ns = now;
                b->is_spent = now - b->began_ns >
                              BUDGET_NS + BUDGET_NS_PER_BYTE * (b->bytes + s->text.len);
        }
        return b->is_spent;
}

/* All from @at on. */
static bool take_rest(const struct clew_mask_scan *s, size_t at, struct clew_mask_hit *ret)
{
        ret->from = at;
        ret->to = s->text.len;
        ret->is_unsure = true;
        return true;
}

bool clew_mask_find_own_pattern(struct clew_mask_scan *s, unsigned i, struct clew_mask_hit *ret)
{
        const struct clew_own_pattern *p = &s->own->patterns[i];
        size_t at = s->at;

        ret->rule = CLEW_MASK_RULES + p->rule;
        while (at < s->text.len) {
                size_t begin = at > SEEN_BEFORE ? at - SEEN_BEFORE : 0;
                size_t end = s->text.len - at > 2 * WINDOW ? at + 2 * WINDOW : s->text.len;
                const struct clew_pattern_place place = {
                        .text = clew_slice_make(s->text.data + begin, end - begin),
                        .from = at - begin,
                        .is_begin = begin == 0,
                        .is_end = end == s->text.len,
                };
                size_t from = 0;
                size_t to = 0;
                int r = is_spent(s, end - at)
                                ? -E2BIG
                                : clew_pattern_find(p->pattern, s->room, &place, &from, &to);

                if (r < 0)
                        return take_rest(s, at, ret);
                from += begin;
                to += begin;
                if (r == 1 && (from < at + WINDOW || place.is_end)) {
                        if (to > from) {
                                ret->from = from;
                                ret->to = to;
                                return true;
                        }
                        at = from + 1;
                } else if (place.is_end) {
                        return false;
                } else {
                        at += WINDOW;
                }
        }
        return false;
}
