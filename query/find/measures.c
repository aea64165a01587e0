/*
 * See measures-int.h.
 */
#include "query/find/measures-int.h"

#include "proto/base/clock.h"
#include "proto/base/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct clew_measure *find(struct clew_measures *m, struct clew_slice name,
                                 enum clew_measure_unit unit)
{
        struct clew_measure *x;

        for (uint32_t i = 0; i < m->n; i++) {
                if (clew_slice_eq(m->all[i].name, name))
                        return &m->all[i];
        }
        if (m->n == CLEW_MEASURES_MAX)
                return NULL;
        x = &m->all[m->n++];
        *x = (struct clew_measure){.name = clew_arena_copy(m->arena, name), .unit = unit};
        return x;
}

static bool grow(struct clew_measures *m, struct clew_measure *x)
{
        uint32_t room = x->room ? 2 * x->room : 64;
        struct clew_measure_value *more = clew_arena_calloc(m->arena, room, sizeof(*more));

        if (!more)
                return false;
        if (x->n > 0)
                memcpy(more, x->values, x->n * sizeof(*more));
        x->values = more;
        x->room = room;
        return true;
}

void clew_measures_note(struct clew_measures *m, struct clew_slice name,
                        enum clew_measure_unit unit, double value, uint64_t run, unsigned side)
{
        struct clew_measure *x = isfinite(value) ? find(m, name, unit) : NULL;

        if (!x)
                return;
        if (x->n > 0 && x->values[x->n - 1].run == run) {
                x->values[x->n - 1].value = fmax(x->values[x->n - 1].value, value);
                return;
        }
        if (x->n == x->room && !grow(m, x))
                return;
        x->values[x->n++] = (struct clew_measure_value){value, run, side};
}

uint64_t clew_measures_run_hash(uint64_t run)
{
        return clew_hash(clew_slice_make(&run, sizeof(run)));
}

static int by_value(const void *a, const void *b)
{
        double x = ((const struct clew_measure_value *)a)->value;
        double y = ((const struct clew_measure_value *)b)->value;

        return x < y ? -1 : x > y;
}

/* Values from which on a run has the feature, rising; never the least, which all have. */
static uint32_t choose_cuts(const struct clew_measure *x, double ret[CLEW_MEASURE_CUTS_MAX])
{
        static const double shares[CLEW_MEASURE_CUTS_MAX] = {0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95};
        uint32_t distinct = 0;
        uint32_t n = 0;

        for (uint32_t i = 1; i < x->n && distinct <= CLEW_MEASURE_CUTS_MAX; i++)
                distinct += x->values[i].value > x->values[i - 1].value;
        for (uint32_t i = 1; i < x->n && distinct <= CLEW_MEASURE_CUTS_MAX; i++) {
                if (x->values[i].value > x->values[i - 1].value)
                        ret[n++] = x->values[i].value;
        }
        for (uint32_t k = 0; distinct > CLEW_MEASURE_CUTS_MAX && k < CLEW_MEASURE_CUTS_MAX; k++) {
                double v = x->values[(uint32_t)(shares[k] * (double)x->n)].value;

                if (v > x->values[0].value && (n == 0 || v > ret[n - 1]))
                        ret[n++] = v;
        }
        return n;
}

static struct clew_slice text_of(struct clew_measures *m, const struct clew_measure *x, double cut)
{
        char text[64];
        int n = x->unit == CLEW_MEASURE_TIME
                        ? snprintf(text, sizeof(text), "%.3gs or more", cut / CLEW_NS_PER_S)
                        : snprintf(text, sizeof(text), "%.6g or more", cut);

        return clew_arena_copy(m->arena, clew_slice_make(text, n > 0 ? (size_t)n : 0));
}

uint32_t clew_measures_cut(struct clew_measures *m, uint32_t i, struct clew_measure_cut *ret)
{
        struct clew_measure *x = &m->all[i];
        double cuts[CLEW_MEASURE_CUTS_MAX];
        uint32_t n;

        if (x->n < 2)
                return 0;
        qsort(x->values, x->n, sizeof(*x->values), by_value);
        n = choose_cuts(x, cuts);
        for (uint32_t k = 0; k < n; k++) {
                ret[k] =
                        (struct clew_measure_cut){.name = x->name, .value = text_of(m, x, cuts[k])};
                for (uint32_t v = x->n; v > 0 && x->values[v - 1].value >= cuts[k]; v--) {
                        ret[k].n[x->values[v - 1].side]++;
                        ret[k].runs += clew_measures_run_hash(x->values[v - 1].run);
                }
        }
        return n;
}
