/*
 * A rule about units: a text says "431 kilometres", and all that showed the number says miles.
 */
#include "query/rca/request-rules-int.h"
#include "query/rca/sources-int.h"
#include "query/rca/text-int.h"

#define TEXT_MAX 8192u
#define DIGITS_MIN 2u
#define UNIT_BYTES 12u

struct unit {
        const char *word; /* the beginning of its names, or all of a short one */
        const char *kind; /* what it measures */
        const char *name; /* equal for spellings of one unit */
};

static const struct unit units[] = {
        {"mile", "length", "miles"},
        {"kilomet", "length", "kilometres"},
        {"km", "length", "kilometres"},
        {"metre", "length", "metres"},
        {"meter", "length", "metres"},
        {"feet", "length", "feet"},
        {"foot", "length", "feet"},
        {"ft", "length", "feet"},
        {"yard", "length", "yards"},
        {"inch", "length", "inches"},
        {"kilogram", "weight", "kilograms"},
        {"kg", "weight", "kilograms"},
        {"pound", "weight", "pounds"},
        {"lb", "weight", "pounds"},
        {"ounce", "weight", "ounces"},
        {"gram", "weight", "grams"},
        {"litre", "volume", "litres"},
        {"liter", "volume", "litres"},
        {"gallon", "volume", "gallons"},
        {"celsius", "heat", "degrees Celsius"},
        {"fahrenheit", "heat", "degrees Fahrenheit"},
        {"minute", "time", "minutes"},
        {"hour", "time", "hours"},
        {"hectare", "area", "hectares"},
        {"acre", "area", "acres"},
};

/* The unit behind a number that ends at @to; NULL without one. */
static const struct unit *unit_at(struct clew_slice t, size_t to)
{
        struct clew_slice behind = head(clew_slice_from(t, to), UNIT_BYTES);

        if (behind.len && (behind.data[0] == ' ' || behind.data[0] == '-'))
                behind = clew_slice_from(behind, 1);
        for (size_t k = 0; k < CLEW_ARRAY_LEN(units); k++) {
                size_t n = strlen(units[k].word);

                if (clew_text_begins(behind, units[k].word) &&
                    (n > 2 || behind.len == n || !is_alpha(behind.data[n])))
                        return &units[k];
        }
        return NULL;
}

static bool is_same(const struct unit *a, const struct unit *b)
{
        return strcmp(a->name, b->name) == 0;
}

/* The observation before unit @end that shows the number with another unit of the kind; NONE when
 * one shows it with none, with this, or not at all. */
static uint32_t only_other(const struct clew_rca_view *v, struct clew_slice number,
                           const struct unit *unit, uint32_t end, size_t *searched,
                           const struct unit **ret)
{
        uint32_t found = CLEW_RCA_NONE;

        for (uint32_t u = 0; u < end && u < v->n_units; u++) {
                struct clew_slice t = v->units[u].text;

                if (v->units[u].origin == CLEW_RCA_WRITTEN || v->units[u].origin == CLEW_RCA_ARGS)
                        continue;
                *searched += t.len;
                if (*searched > CLEW_RCA_SEARCHED_MAX)
                        return CLEW_RCA_NONE;
                for (ptrdiff_t at = clew_acts_find(t, number, 0); at >= 0;
                     at = clew_acts_find(t, number, (size_t)at + 1)) {
                        const struct unit *here = unit_at(t, (size_t)at + number.len);

                        if (!here || strcmp(here->kind, unit->kind) != 0 || is_same(here, unit))
                                return CLEW_RCA_NONE;
                        found = u;
                        *ret = here;
                }
        }
        return found;
}

void clew_rule_unit(const struct clew_rca_view *v, struct clew_findings *ret)
{
        size_t searched = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice text = head(s->text, TEXT_MAX);
                struct clew_token_iter it = clew_tokens_of(text);
                struct clew_token t;

                if (s->kind != CLEW_RCA_LLM || clew_rca_has_error(s))
                        continue;
                while (clew_token_next(&it, &t)) {
                        const struct unit *unit;
                        const struct unit *other = NULL;
                        struct clew_finding *f;
                        uint32_t u;

                        if (!t.is_number || t.digits < DIGITS_MIN)
                                continue;
                        unit = unit_at(text, t.offset + t.text.len);
                        if (!unit)
                                continue;
                        u = only_other(v, t.text, unit, clew_sources_end(v, i), &searched, &other);
                        if (u == CLEW_RCA_NONE)
                                continue;
                        f = clew_finding_add(ret, CLEW_RULE_UNIT, i, 1.0);
                        clew_finding_effect(f, v->units[u].step == i ? CLEW_RCA_NONE
                                                                     : v->units[u].step);
                        clew_finding_evidence(f, i, clew_slice_from(text, t.offset));
                        clew_finding_say(ret, f,
                                         "Step %u speaks of %.*s %s; step %u shows %.*s %s, and "
                                         "nothing shows it otherwise.",
                                         s->number, CLEW_SHOWN(t.text, 24), unit->name,
                                         v->steps[v->units[u].step].number, CLEW_SHOWN(t.text, 24),
                                         other->name);
                        return;
                }
        }
}
