/*
 * Values looked for in what a run had seen (sources-int.h).
 */
#include "query/rca/sources-int.h"

#include "query/rca/text-int.h"

static bool is_wordy(uint8_t c)
{
        return is_alpha(c) || is_digit(c);
}

/* The byte before @at is part of the same word; in JSON's form the n of a line feed is none. */
static bool goes_on_before(struct clew_slice text, const uint8_t *at)
{
        return at > text.data && is_wordy(at[-1]) &&
               !(at - text.data > 1 && at[-2] == '\\' && (at[-1] == 'n' || at[-1] == 't'));
}

bool clew_sources_holds(struct clew_slice text, struct clew_slice word)
{
        const uint8_t *at;

        while (word.len && (at = clew_find(text, word.data, word.len)) != NULL) {
                size_t from = (size_t)(at - text.data);
                size_t to = from + word.len;

                if (!goes_on_before(text, at) && (to == text.len || !is_wordy(text.data[to])))
                        return true;
                text = clew_slice_from(text, from + 1);
        }
        return false;
}

static uint32_t look(struct clew_sources *s, struct clew_slice word, uint32_t from, uint32_t end,
                     bool unasked)
{
        const struct clew_rca_view *v = s->v;

        for (uint32_t u = from; u < end && u < v->n_units && !s->spent; u++) {
                const struct clew_rca_unit *unit = &v->units[u];

                if (unit->origin != CLEW_RCA_USER && unit->origin != CLEW_RCA_RESULT)
                        continue;
                s->searched += unit->text.len;
                s->spent = s->searched > CLEW_SOURCES_SEARCHED_MAX;
                if (!clew_sources_holds(unit->text, word))
                        continue;
                if (!unasked || unit->origin == CLEW_RCA_USER ||
                    !clew_sources_holds(v->steps[unit->step].args, word))
                        return u;
        }
        return CLEW_RCA_NONE;
}

uint32_t clew_sources_find(struct clew_sources *s, struct clew_slice word, uint32_t from,
                           uint32_t end)
{
        return look(s, word, from, end, false);
}

uint32_t clew_sources_find_unasked(struct clew_sources *s, struct clew_slice word, uint32_t from,
                                   uint32_t end)
{
        return look(s, word, from, end, true);
}

bool clew_sources_agreed(const struct clew_rca_view *v, struct clew_slice word, uint32_t end)
{
        bool told = false;

        for (uint32_t u = 0; u < end && u < v->n_units; u++) {
                const struct clew_rca_unit *unit = &v->units[u];

                if (unit->origin == CLEW_RCA_WRITTEN)
                        told |= clew_sources_holds(unit->text, word);
                if (unit->origin != CLEW_RCA_USER)
                        continue;
                if (told && clew_text_agrees(unit->text))
                        return true;
                told = false;
        }
        return false;
}
