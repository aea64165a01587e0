/*
 * Rules about the answer of a run: submitted without the look-ups that were at hand, or of another
 * type than the question asks for.
 */
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define LAST_TEXTS 4u /* of a run, of which one may be its answer */
#define QUESTION_MAX 4000u
#define ANSWER_MAX 400u
#define NAME_MIN 4u
#define BROUGHT_MIN 40u /* bytes of a result behind those of its call: more than a receipt */
#define NAME_MAX 64u
#define LOOKED_AT_MAX ((size_t)256 << 10) /* of one prompt, for the tools that it describes */

/* ---- no look-up ----------------------------------------------------------------------------- */

static bool is_name_char(uint8_t c)
{
        return is_alpha(c) || is_digit(c) || c == '_';
}

/* Calculators, notepads. */
static bool is_inward(struct clew_slice name)
{
        static const char *const inward[] = {"think", "calc", "count", "show"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(inward); i++) {
                if (clew_text_begins(name, inward[i]))
                        return true;
        }
        return false;
}

/* A tool that brings something in: it reads. */
static bool looks_up(struct clew_slice name)
{
        if (is_inward(name))
                return false;
        return clew_deed_of_name(name) == CLEW_DEED_READS || clew_text_find(name, "search") >= 0 ||
               clew_text_find(name, "browse") >= 0 || clew_text_find(name, "lookup") >= 0;
}

/* The name in "def web_search(" or "- web_search(" or "web_search: ..." at the start of a line. */
static bool next_described(struct clew_slice t, size_t *at, struct clew_slice *ret)
{
        while (*at < t.len) {
                size_t i = *at;
                size_t from;

                while (*at < t.len && t.data[*at] != '\n')
                        (*at)++;
                *at += *at < t.len;
                while (i < t.len && (t.data[i] == ' ' || t.data[i] == '-' || t.data[i] == '*' ||
                                     t.data[i] == '`'))
                        i++;
                if (i + 4 < t.len && clew_text_begins(clew_slice_make(t.data + i, 4), "def "))
                        i += 4;
                from = i;
                while (i < t.len && is_name_char(t.data[i]))
                        i++;
                if (i - from < NAME_MIN || i - from > NAME_MAX || i == t.len ||
                    (t.data[i] != '(' && t.data[i] != ':'))
                        continue;
                *ret = clew_slice_make(t.data + from, i - from);
                if (memchr(ret->data, '_', ret->len))
                        return true;
        }
        return false;
}

static struct clew_slice offered_look_up(const struct clew_rca_view *v)
{
        for (uint32_t o = 0; o < v->n_offers; o++) {
                for (uint32_t k = 0; k < v->offers[o].n_tools; k++) {
                        if (looks_up(v->offers[o].tools[k].name))
                                return v->offers[o].tools[k].name;
                }
        }
        for (uint32_t u = 0; u < v->n_units; u++) {
                struct clew_slice name;
                size_t at = 0;

                if (v->units[u].origin != CLEW_RCA_SYSTEM || v->units[u].text.len > LOOKED_AT_MAX)
                        continue;
                while (next_described(v->units[u].text, &at, &name)) {
                        if (looks_up(name))
                                return name;
                }
        }
        return CLEW_SLICE_NULL;
}

/* What is done to a page shows the next one. */
static bool acts_on_page(struct clew_slice name)
{
        static const char *const words[] = {"click", "press",  "type", "goto",
                                            "navig", "scroll", "open"};

        return HAS_ANY(name, words);
}

/* A tool call that brought something in, whatever it is called: more than it was given (the state
 * of what was changed), or a page, however short. */
static bool brought_in(const struct clew_rca_step *s)
{
        return !is_inward(s->name) && !clew_rca_takes_notes(s->name) && !clew_rca_has_error(s) &&
               (s->result.len > s->args.len + BROUGHT_MIN ||
                (s->result.len > 0 && acts_on_page(s->name)));
}

/* Something was looked up: a tool that is not the answer's own ran, an agent was asked, or a
 * program calls something that looks up. Who only handed over had nothing to look up. */
static bool looked(const struct clew_rca_view *v)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_TOOL &&
                    (looks_up(s->name) || brought_in(s) || clew_rca_hands_over(s->name) ||
                     (s->deed == CLEW_DEED_READS && !is_inward(s->name))))
                        return true;
                if (s->kind == CLEW_RCA_TOOL && s->is_virtual && v->acts_in_text)
                        return true;
        }
        for (uint32_t u = 0; u < v->n_units; u++) {
                struct clew_slice t = v->units[u].text;

                if (v->units[u].origin != CLEW_RCA_WRITTEN && v->units[u].origin != CLEW_RCA_ARGS)
                        continue;
                for (size_t i = 1; i < t.len; i++) {
                        size_t from = i;

                        if (t.data[i] != '(' || !is_name_char(t.data[i - 1]))
                                continue;
                        while (from > 0 && is_name_char(t.data[from - 1]))
                                from--;
                        if (i - from >= NAME_MIN &&
                            looks_up(clew_slice_make(t.data + from, i - from)))
                                return true;
                }
        }
        return false;
}

/* The plan of a run speaks of looking something up. */
static bool planned(const struct clew_rca_view *v, uint32_t answer, struct clew_slice tool)
{
        static const char *const words[] = {"search",  "look up", "find ", "retrieve",
                                            "consult", "check ",  "browse"};

        for (uint32_t i = 0; i < v->n_steps && i < answer; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_LLM && s->text.len &&
                    (memmem(s->text.data, s->text.len, tool.data, tool.len) ||
                     HAS_ANY(head(s->text, LOWER_MAX), words)))
                        return true;
        }
        return false;
}

void clew_rule_unlooked(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct clew_slice tool;
        struct clew_finding *f;
        uint32_t who;

        if (v->last_llm == CLEW_RCA_NONE || v->partial || v->talk)
                return;
        tool = offered_look_up(v);
        who = clew_rca_answer_call(v);
        if (!tool.len || who == CLEW_RCA_NONE || v->steps[who].failed || looked(v))
                return;
        f = clew_finding_add(ret, CLEW_RULE_UNLOOKED, who, planned(v, who, tool) ? 1.2 : 0.8);
        clew_finding_evidence(f, who, v->steps[who].text);
        clew_finding_say(
                ret, f,
                "Step %u answers although nothing was looked up in the run; %.*s was at hand.",
                v->steps[who].number, CLEW_SHOWN(tool, NAME_MAX));
}

/* ---- an answer of another type -------------------------------------------------------------- */

static bool has_any_digit(struct clew_slice t)
{
        for (size_t i = 0; i < t.len; i++) {
                if (is_digit(t.data[i]))
                        return true;
        }
        return false;
}

/* The last words of a run are often not its answer ("TERMINATE", "Request satisfied."): one of the
 * calls before them gave a number to read. */
static bool gave_number(const struct clew_rca_view *v)
{
        uint32_t n = 0;

        for (uint32_t i = v->n_steps; i-- > 0 && n < LAST_TEXTS;) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_LLM || s->n_calls > 0 || !s->text.len)
                        continue;
                n++;
                if (!clew_text_asks(s->text) && clew_text_program(s->text) < 0 &&
                    has_any_digit(s->text))
                        return true;
        }
        return false;
}

void clew_rule_wrong_type(const struct clew_rca_view *v, struct clew_findings *ret)
{
        static const char *const asks[] = {"how many ",  "how much ",          "what year",
                                           "which year", "in what percentage", "what percentage",
                                           "how old "};
        static const char *const numbers[] = {
                "zero",    "one",   "two",    "three",  "four",   "five",   "six",
                "seven",   "eight", "nine",   "ten",    "eleven", "twelve", "dozen",
                "hundred", "teen",  "twenty", "thirty", "forty",  "fifty",  "none",
                "no ",     "half",  "all ",   "every",  "both"};
        /* It asks for other things, too. */
        static const char *const others[] = {"who ",    "whose ",   "where ",
                                             "name of", "names of", "which of",
                                             "explain", "describe", "why "};
        struct clew_slice question = clew_text_trim(v->input);
        struct clew_slice answer = clew_text_trim(v->output);
        struct clew_finding *f;
        uint32_t who;

        if (v->last_llm == CLEW_RCA_NONE || v->talk || answer.len == 0 || answer.len > ANSWER_MAX ||
            question.len == 0 || question.len > QUESTION_MAX ||
            !HAS_ANY(head(question, LOWER_MAX), asks) || has_any_digit(answer) ||
            HAS_ANY(answer, numbers) || HAS_ANY(head(question, LOWER_MAX), others) ||
            gave_number(v))
                return;
        who = clew_rca_answer_call(v);
        if (who == CLEW_RCA_NONE || v->root_failed || clew_rca_has_error(&v->steps[who]) ||
            clew_rca_has_error(&v->steps[v->last_llm]))
                return; /* it broke off before its answer */
        f = clew_finding_add(ret, CLEW_RULE_WRONG_TYPE, who, 1.0);
        clew_finding_evidence(f, who, answer);
        clew_finding_say(ret, f, "The request asks for a number; the answer of step %u holds none.",
                         v->steps[who].number);
}
