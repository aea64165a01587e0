/*
 * Rules about what instructions ask for in so many words: a confirmation before something is
 * changed, proof of identity before anything is looked up, a language.
 *
 * They read English instructions and answers and stay silent otherwise. What an instruction means
 * is beyond them; they only see that a thing was asked for and did not happen.
 */
#include "query/rca/language.h"
#include "query/rca/rules.h"
#include "query/rca/sentences-int.h"
#include "query/rca/text-int.h"

#define PROMPTS_MAX 8u   /* system prompts that are read; agents with more vary a few words */
#define ANSWERS_MAX 400u /* answers whose language is looked at */

static bool system_says(const struct clew_rca_view *v, const char *word)
{
        for (uint32_t u = 0, n = 0; u < v->n_units && n < PROMPTS_MAX; u++) {
                if (v->units[u].origin != CLEW_RCA_SYSTEM)
                        continue;
                n++;
                if (clew_text_find(v->units[u].text, word) >= 0)
                        return true;
        }
        return false;
}

/* ---- a change without a yes ----------------------------------------------------------------- */

/* One sentence asks for the yes of somebody: not to tell him ("Confirm each item."), nor for what a
 * tool confirms. */
static bool is_of_a_yes(struct clew_slice s)
{
        static const char *const who[] = {"user",    "customer",  "client",  "caller",  "guest",
                                          "member",  "passenger", "patient", "yes",     "explicit",
                                          "consent", "obtain",    "ask ",    "request", "before",
                                          "until",   "unless",    "without", "wait",    "them"};
        static const char *const others[] = {
                "tool has confirm",   "tool confirm",       "tools confirm",
                "system has confirm", "confirmed by",       "confirmation number",
                "confirmation code",  "confirmation email", "confirmation e-mail"};

        return clew_text_find(s, "confirm") >= 0 && HAS_ANY(s, who) && !HAS_ANY(s, others);
}

static bool system_asks_for_a_yes(const struct clew_rca_view *v)
{
        for (uint32_t u = 0, n = 0; u < v->n_units && n < PROMPTS_MAX; u++) {
                struct sentences all = {v->units[u].text, 0};
                struct clew_slice s;

                if (v->units[u].origin != CLEW_RCA_SYSTEM)
                        continue;
                n++;
                if (clew_text_find(v->units[u].text, "confirm") < 0)
                        continue;
                while (next_sentence(&all, LOWER_MAX, &s)) {
                        if (is_of_a_yes(s))
                                return true;
                }
        }
        return false;
}

/* Somebody speaks with the agent: what it heard changes. */
static bool is_dialogue(const struct clew_rca_view *v, uint32_t llm)
{
        struct clew_slice heard = v->steps[llm].heard;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_LLM && s->agent == v->steps[llm].agent && s->heard.len &&
                    !clew_slice_eq(s->heard, heard))
                        return true;
        }
        return false;
}

/* "Please refund it to my card", where the agent had asked: that is the yes. */
static bool is_told_to(const struct clew_rca_view *v, uint32_t llm)
{
        uint32_t before = v->steps[llm].prev_llm;

        return clew_text_find(head(clew_text_trim(v->steps[llm].heard), 7), "please ") == 0 &&
               before != CLEW_RCA_NONE && v->steps[before].n_calls == 0 &&
               clew_text_asks(v->steps[before].text);
}

void clew_rule_unconfirmed(const struct clew_rca_view *v, struct clew_findings *ret)
{
        if (!system_asks_for_a_yes(v))
                return;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice heard;
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_TOOL || s->caller == CLEW_RCA_NONE ||
                    s->deed != CLEW_DEED_CHANGES || clew_rca_hands_over(s->name) ||
                    clew_rca_proves_identity(s->name) || clew_rca_takes_notes(s->name))
                        continue;
                heard = v->steps[s->caller].heard;
                if (heard.len == 0 || clew_text_agrees(heard) || is_told_to(v, s->caller) ||
                    !is_dialogue(v, s->caller))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_UNCONFIRMED, s->caller, 1.0);
                clew_finding_effect(f, i);
                clew_finding_evidence(f, s->caller, heard);
                clew_finding_evidence(f, i, s->args);
                clew_finding_say(ret, f,
                                 "Step %u called %.*s without a yes; the instructions ask for one.",
                                 v->steps[s->caller].number, CLEW_SHOWN(s->name, 60));
                return;
        }
}

/* ---- a look-up before the proof of identity ------------------------------------------------- */

static bool offers_proof(const struct clew_rca_view *v)
{
        if (system_says(v, "verify_") || system_says(v, "authenticate_"))
                return true; /* a tool by name */
        for (uint32_t o = 0; o < v->n_offers; o++) {
                for (uint32_t k = 0; k < v->offers[o].n_tools; k++) {
                        if (clew_rca_proves_identity(v->offers[o].tools[k].name))
                                return true;
                }
        }
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_TOOL && clew_rca_proves_identity(v->steps[i].name))
                        return true;
        }
        return false;
}

void clew_rule_unauthenticated(const struct clew_rca_view *v, struct clew_findings *ret)
{
        if ((!system_says(v, "authenticat") && !system_says(v, "verify the") &&
             !system_says(v, "verify their") && !system_says(v, "identify the")) ||
            !offers_proof(v) || system_says(v, "is authenticated") ||
            system_says(v, "already authenticated") || system_says(v, "is logged in") ||
            system_says(v, "is signed in") || system_says(v, "has been verified"))
                return;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_TOOL || s->caller == CLEW_RCA_NONE)
                        continue;
                if (clew_rca_proves_identity(s->name) || clew_rca_hands_over(s->name) ||
                    clew_text_begins(s->name, "think") || clew_text_begins(s->name, "calc"))
                        return;
                f = clew_finding_add(ret, CLEW_RULE_UNAUTHENTICATED, s->caller, 1.0);
                clew_finding_effect(f, i);
                clew_finding_evidence(f, i, s->args);
                clew_finding_say(ret, f,
                                 "Step %u called %.*s before anybody was authenticated, which the "
                                 "instructions ask for.",
                                 v->steps[s->caller].number, CLEW_SHOWN(s->name, 60));
                return;
        }
}

/* ---- another language ----------------------------------------------------------------------- */

/* Instructions or users speak of @language, or of translating. */
static bool is_spoken_of(const struct clew_rca_view *v, enum clew_language language)
{
        for (uint32_t u = 0; u < v->n_units; u++) {
                const struct clew_rca_unit *unit = &v->units[u];

                if ((unit->origin == CLEW_RCA_SYSTEM || unit->origin == CLEW_RCA_USER) &&
                    (clew_text_find(unit->text, "translat") >= 0 ||
                     clew_language_is_named(language, unit->text)))
                        return true;
        }
        return false;
}

/* The language in which the user speaks: that of the latest message long enough to tell. */
static enum clew_language language_heard(const struct clew_rca_view *v, uint32_t i,
                                         struct clew_slice *ret_heard)
{
        for (uint32_t back = 0; i != CLEW_RCA_NONE && back < 12; back++) {
                enum clew_language l = clew_language_of(v->steps[i].heard);

                *ret_heard = v->steps[i].heard;
                if (l != CLEW_LANGUAGE_UNKNOWN)
                        return l;
                i = v->steps[i].prev_llm;
        }
        return CLEW_LANGUAGE_UNKNOWN;
}

/* The agent answered in @language elsewhere: it speaks it, and meant to. */
static bool speaks(const struct clew_rca_view *v, uint32_t agent, enum clew_language language)
{
        for (uint32_t i = 0, n = 0; i < v->n_steps && n < ANSWERS_MAX; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_LLM || s->agent != agent || s->n_calls > 0)
                        continue;
                n++;
                if (clew_language_of(s->text) == language)
                        return true;
        }
        return false;
}

/* Two model calls that asked for nothing: one is in no other language than the rest. */
static bool has_answers(const struct clew_rca_view *v)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps && n < 2; i++)
                n += v->steps[i].kind == CLEW_RCA_LLM && v->steps[i].n_calls == 0;
        return n >= 2;
}

void clew_rule_language(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t n = 0;

        if (!has_answers(v))
                return;
        for (uint32_t i = 0; i < v->n_steps && n < ANSWERS_MAX; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                enum clew_language asked;
                enum clew_language answered;
                struct clew_slice heard;
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_LLM || s->n_calls > 0 || s->heard.len == 0 ||
                    clew_rca_acted(v, i))
                        continue;
                n++;
                answered = clew_language_of(s->text);
                if (answered == CLEW_LANGUAGE_UNKNOWN)
                        continue;
                asked = language_heard(v, i, &heard);
                if (asked == CLEW_LANGUAGE_UNKNOWN || asked == answered)
                        continue;
                if (is_spoken_of(v, answered) || !speaks(v, s->agent, asked))
                        return; /* several languages are the task, or one is enough for it */
                f = clew_finding_add(ret, CLEW_RULE_LANGUAGE, i, 1.0);
                clew_finding_evidence(f, i, heard);
                clew_finding_evidence(f, i, s->text);
                clew_finding_say(ret, f, "Step %u answers in %s; it was asked in %s.", s->number,
                                 clew_language_name(answered), clew_language_name(asked));
                return;
        }
}
