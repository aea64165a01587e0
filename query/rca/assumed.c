/*
 * A rule about data that a model makes up and says so: "let us assume the following readings",
 * "representative values", and figures that nothing had shown. What comes after speaks of them as
 * of real ones, so the step that brought them in is where to look.
 *
 * A request that asks for assumptions, examples or a simulation gets them rightly.
 */
#include "query/rca/rules.h"
#include "query/rca/sentences-int.h"

#define TEXT_MAX 8192u
#define SENTENCE_MAX 400u
#define VALUES_MIN 3u /* fewer are a guess in passing */
#define DIGITS_MIN 2u
#define SHOWN_MAX 24u

/* The sentence of prose that says that data are made up, or null. @bad: something failed or gave
 * nothing; without that, placeholders and samples belong to programs and tests. */
static struct clew_slice assuming(struct clew_slice text, bool bad)
{
        static const char *const words[] = {
                "let us assume", "let's assume",   "we assume",         "i assume",
                "i will assume", "i'll assume",    "assume the follow", "assuming the follow",
                "assumed",       "representative", "hypothetical",      "simulated",
                "simulate the",  "fictional",      "made-up",           "made up",
                "plausible",     "illustrative",   "from memory"};
        static const char *const data[] = {"value", "data",   "figure", "reading", "number",
                                           "table", "follow", "these:", "rates",   "prices"};
        static const char *const samples[] = {"sample data", "mock data",         "dummy data",
                                              "placeholder", "for demonstration", "synthetic data"};
        static const char *const denials[] = {" not ",  "n't ",       "without", "never",   "avoid",
                                              "rather", "instead of", "if ",     "no assum"};
        ptrdiff_t program = clew_text_program(text);
        struct sentences all = {head(program < 0 ? text : head(text, (size_t)program), TEXT_MAX),
                                0};
        struct clew_slice s;

        while (next_sentence(&all, SENTENCE_MAX, &s)) {
                if (((HAS_ANY(s, words) && HAS_ANY(s, data)) || (bad && HAS_ANY(s, samples))) &&
                    !HAS_ANY(s, denials))
                        return clew_text_trim(s);
        }
        return CLEW_SLICE_NULL;
}

/* Somebody asked for something of the kind. */
static bool is_wanted(const struct clew_rca_view *v)
{
        static const char *const words[] = {
                "assum",       "hypothe", "simulat", "imagine", "suppose",     "mock",      "dummy",
                "placeholder", "estimat", "fiction", "made up", "sample data", "illustrat",
        };

        return clew_rca_was_asked(v, words, CLEW_ARRAY_LEN(words));
}

/* The model call that wrote @x, a number worth naming; NONE for anything else. */
static uint32_t writer_of(const struct clew_rca_view *v, const struct clew_rca_novel *x)
{
        uint32_t step = v->units[x->unit].step;

        if (!x->token.is_number || x->token.digits < DIGITS_MIN || x->token.is_list_mark)
                return CLEW_RCA_NONE;
        return v->steps[step].kind == CLEW_RCA_TOOL && v->steps[step].caller != CLEW_RCA_NONE
                       ? v->steps[step].caller
                       : step;
}

/* Up to VALUES_MIN numbers that step @i wrote and nothing had shown; how many. */
static uint32_t unseen(const struct clew_rca_view *v, uint32_t i, size_t *searched,
                       const struct clew_token *ret[VALUES_MIN])
{
        uint32_t n = 0;

        for (uint32_t k = 0; k < v->n_novel && n < VALUES_MIN; k++) {
                const struct clew_rca_novel *x = &v->novel[k];

                if (writer_of(v, x) == i && !clew_rca_shown_before(v, &x->token, x->unit, searched))
                        ret[n++] = &x->token;
        }
        return n;
}

void clew_rule_assumed(const struct clew_rca_view *v, struct clew_findings *ret)
{
        size_t searched = 0;
        bool bad = false; /* something failed, or gave nothing */
        uint32_t *novel = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*novel));

        for (uint32_t k = 0; novel && k < v->n_novel; k++) {
                uint32_t who = writer_of(v, &v->novel[k]);

                novel[who < v->n_steps ? who : v->n_steps]++;
        }

        for (uint32_t i = 0; novel && i < v->n_steps && !clew_findings_full(ret, CLEW_RULE_ASSUMED);
             i++) {
                const struct clew_rca_step *s = &v->steps[i];
                const struct clew_token *values[VALUES_MIN];
                struct clew_slice said;
                struct clew_finding *f;

                bad |= s->kind == CLEW_RCA_TOOL &&
                       (clew_rca_has_error(s) || (s->has_result && s->empty));
                if (s->kind != CLEW_RCA_LLM || clew_rca_has_error(s) || !s->text.len ||
                    novel[i] < VALUES_MIN)
                        continue;
                said = assuming(s->text, bad);
                if (!said.len || unseen(v, i, &searched, values) < VALUES_MIN)
                        continue;
                if (is_wanted(v))
                        return;
                f = clew_finding_add(ret, CLEW_RULE_ASSUMED, i, bad ? 1.0 : 0.7);
                clew_finding_evidence(f, i, said);
                clew_finding_say(ret, f,
                                 "Step %u says \"%.*s\", and writes %.*s, %.*s and %.*s, which "
                                 "nothing had shown.",
                                 s->number, CLEW_SHOWN(said, 160),
                                 CLEW_SHOWN(values[0]->text, SHOWN_MAX),
                                 CLEW_SHOWN(values[1]->text, SHOWN_MAX),
                                 CLEW_SHOWN(values[2]->text, SHOWN_MAX));
                return;
        }
}
