#include "query/rca/spectrum.h"

#include <math.h>

/* Steps looked at: a longer run is compared by its first ones. */
#define STEPS_MAX 4096u

static uint32_t runs_with(const struct clew_reference *runs, uint32_t n, uint64_t key)
{
        uint32_t with = 0;

        for (uint32_t i = 0; i < n; i++)
                with += clew_reference_took(&runs[i], key);
        return with;
}

static bool is_repeated(const struct clew_rca_view *v, const struct clew_spectrum *s, uint64_t key)
{
        for (uint32_t i = 0; i < s->n; i++) {
                if (v->steps[s->rows[i].step].key == key)
                        return true;
        }
        return false;
}

/* Keeps the best rows; of equals the earlier one. */
static void keep(struct clew_spectrum *s, const struct clew_spectrum_row *row)
{
        uint32_t at = s->n;

        while (at > 0 && s->rows[at - 1].score < row->score)
                at--;
        if (at == CLEW_SPECTRUM_ROWS_MAX)
                return;
        if (s->n < CLEW_SPECTRUM_ROWS_MAX)
                s->n++;
        for (uint32_t i = s->n - 1; i > at; i--)
                s->rows[i] = s->rows[i - 1];
        s->rows[at] = *row;
}

void clew_spectrum_of(const struct clew_rca_view *v, const struct clew_reference *passed,
                      uint32_t n_passed, const struct clew_reference *failed, uint32_t n_failed,
                      struct clew_spectrum *ret)
{
        struct clew_spectrum s = {.n_failed = n_failed + 1, .n_passed = n_passed};
        uint32_t steps = v->n_steps < STEPS_MAX ? v->n_steps : STEPS_MAX;

        for (uint32_t i = 0; n_failed > 0 && n_passed > 0 && i < steps; i++) {
                const struct clew_rca_step *step = &v->steps[i];
                struct clew_spectrum_row row = {.step = i};

                if (step->kind != CLEW_RCA_TOOL || step->is_virtual)
                        continue;
                row.failed_with = 1 + runs_with(failed, n_failed, step->key);
                if (row.failed_with < 2) /* this run alone */
                        continue;
                row.passed_with = runs_with(passed, n_passed, step->key);
                /* Shares, without division. */
                if ((uint64_t)row.failed_with * s.n_passed <=
                    (uint64_t)row.passed_with * s.n_failed)
                        continue;
                row.score = row.failed_with /
                            sqrt((double)s.n_failed * (row.failed_with + row.passed_with));
                if (!is_repeated(v, &s, step->key))
                        keep(&s, &row);
        }
        *ret = s;
}
