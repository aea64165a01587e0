/*
 * The statistics of clew, a question a line, so that another program can be compared with them
 * (tests/clients/statistics).
 *
 *     wilson K N | fisher A NA B NB | sign A B | student DF | kappa K CELL... | passat N C K |
 * passall N C K
 */
#include "query/find/statistics.h"
#include "query/review/statistics.h"

#include <stdio.h>
#include <string.h>

#define NUMBERS_MAX 300u

static size_t numbers(FILE *in, double *ret)
{
        char line[16384];
        char *at = line;
        size_t n = 0;
        int used;

        if (!fgets(line, sizeof(line), in))
                return 0;
        while (n < NUMBERS_MAX && sscanf(at, "%lf%n", &ret[n], &used) == 1) {
                at += used;
                n++;
        }
        return n;
}

static void answer(const char *word, const double *v)
{
        struct clew_interval i = {0};
        uint64_t u[NUMBERS_MAX];
        double share = 0;

        for (size_t k = 0; k < NUMBERS_MAX; k++)
                u[k] = (uint64_t)v[k];
        if (strcmp(word, "wilson") == 0) {
                clew_wilson(u[0], u[1], &i.low, &i.high);
                printf("%.17g %.17g\n", i.low, i.high);
        } else if (strcmp(word, "fisher") == 0) {
                printf("%.17g\n", clew_difference_p(u[0], u[1], u[2], u[3]));
        } else if (strcmp(word, "sign") == 0) {
                printf("%.17g\n", clew_sign_test(u[0], u[1]));
        } else if (strcmp(word, "student") == 0) {
                printf("%.17g\n", clew_student_975(v[0]));
        } else if (strcmp(word, "kappa") == 0) {
                double kappa = clew_kappa(u + 1, (size_t)u[0], &share, &i);

                printf("%.17g %.17g %.17g %.17g\n", kappa, share, i.low, i.high);
        } else if (strcmp(word, "passat") == 0) {
                printf("%.17g\n", clew_pass_at(u[0], u[1], u[2]));
        } else if (strcmp(word, "passall") == 0) {
                printf("%.17g\n", clew_pass_all(u[0], u[1], u[2]));
        } else {
                printf("?\n");
        }
}

int main(void)
{
        char word[32];
        double v[NUMBERS_MAX] = {0};

        while (scanf("%31s", word) == 1) {
                memset(v, 0, sizeof(v));
                (void)numbers(stdin, v);
                answer(word, v);
        }
        return 0;
}
