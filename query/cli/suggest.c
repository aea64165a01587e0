/*
 * See suggest.h.
 */
#include "query/cli/suggest.h"

#include "query/answer/nearest.h"
#include "query/answer/safe.h"
#include "query/find/select.h"
#include "query/rca/rules.h"

#include <string.h>

/* Names of one flag that are compared; who gives more has not mistyped one. */
#define NAMES_MAX 8u

struct asked {
        const char *flag;
        const struct clew_flag_values *values;
        struct clew_nearest near[NAMES_MAX];
        char best[NAMES_MAX][CLEW_NEAREST_BYTES_MAX + 1]; /* the summary dies at the next step */
        bool known[NAMES_MAX];
        size_t n;
};

static void begin(struct asked *a, const char *flag, const struct clew_flag_values *values)
{
        *a = (struct asked){.flag = flag, .values = values};
        a->n = values->n < NAMES_MAX ? values->n : NAMES_MAX;
        for (size_t i = 0; i < a->n; i++)
                a->near[i] = clew_nearest_begin(clew_slice_of_cstr(values->values[i]));
}

static void offer(struct asked *a, struct clew_slice name)
{
        for (size_t i = 0; i < a->n; i++) {
                struct clew_nearest *near = &a->near[i];

                if (clew_slice_eq(near->asked, name))
                        a->known[i] = true;
                clew_nearest_offer(near, name);
                if (near->best.data == name.data && name.len > 0) {
                        memcpy(a->best[i], name.data, name.len);
                        a->best[i][name.len] = '\0';
                        near->best = clew_slice_make((const uint8_t *)a->best[i], name.len);
                }
        }
}

static void tell(struct clew_cli *cli, const struct asked *a)
{
        for (size_t i = 0; i < a->n; i++) {
                char asked[CLEW_NEAREST_BYTES_MAX * 4];
                char best[CLEW_NEAREST_BYTES_MAX * 4];

                /* A prefix is meant as one, and what is there is no mistake. */
                if (a->known[i] || !clew_nearest_found(&a->near[i]) ||
                    a->near[i].asked.data[a->near[i].asked.len - 1] == '*')
                        continue;
                clew_cli_note(cli, "no %s is named \"%s\"; did you mean \"%s\"?", a->flag,
                              clew_safe_cstr(a->near[i].asked, asked, sizeof(asked)),
                              clew_safe_cstr(a->near[i].best, best, sizeof(best)));
        }
}

static void offer_all(struct asked *agents, struct asked *tools, struct asked *models,
                      struct asked *services, const struct clew_summary *s)
{
        for (uint32_t i = 0; i < s->n_agents; i++)
                offer(agents, s->agents[i].name);
        for (uint32_t i = 0; i < s->n_tools; i++)
                offer(tools, s->tools[i].name);
        for (uint32_t i = 0; i < s->n_models; i++)
                offer(models, s->models[i].name);
        offer(services, s->service);
}

void clew_suggest_names(struct clew_cli *cli, struct clew_view *view,
                        const struct clew_filter_flags *flags)
{
        static const struct clew_filter everything = {0};
        struct asked asked[5];
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        int r;

        begin(&asked[0], "agent", &flags->agents);
        begin(&asked[1], "tool", &flags->tools);
        begin(&asked[2], "model", &flags->models);
        begin(&asked[3], "service", &flags->services);
        begin(&asked[4], "rule", &flags->causes);
        for (unsigned i = 0; i < CLEW_RULE_COUNT; i++) {
                const struct clew_rule_info *info = clew_rule_info((enum clew_rule)i);

                if (info && info->name)
                        offer(&asked[4], clew_slice_of_cstr(info->name));
        }
        if (asked[0].n + asked[1].n + asked[2].n + asked[3].n > 0) {
                r = clew_select_init(&s, view, &everything, cli->clock, NULL, &err);
                for (unsigned i = 0; r >= 0 && i < CLEW_SUGGEST_TRACES_MAX; i++) {
                        r = clew_select_next(&s, &t, &err);
                        if (r != 1)
                                break;
                        offer_all(&asked[0], &asked[1], &asked[2], &asked[3], &t.summary);
                }
                clew_select_deinit(&s);
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(asked); i++)
                tell(cli, &asked[i]);
}
