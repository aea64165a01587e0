/*
 * A rule about a message with several wishes, of which one was never taken up: "the reading is
 * 41441, bill me on the 11th, and send it to ...", where a call changed something with one value of
 * the message, and nothing that a model wrote or called has another one of it. A tool that may
 * change things was offered and never called.
 *
 * Blamed is who asked the user for a yes to a part of it, before the first change, and where nobody
 * did who told the user the end of it, behind the last change.
 */
#include "query/rca/request-rules-int.h"
#include "query/rca/text-int.h"

#define MESSAGE_MAX 1000u /* bytes; a longer one holds documents */
#define DIGITS_MIN 2u
#define SHOWN_MAX 40u
/* Bytes of a run that are searched for all values of its messages, and tools of offers that are
 * held against its actions; a run that takes more says nothing here. */
#define SEARCHED_MAX (8 * CLEW_RCA_SEARCHED_MAX)
#define COMPARED_MAX (1u << 22)

/* The changes of a run: what was called, and who called the first and the last. */
struct changes {
        uint32_t first; /* LLM step, or NONE */
        uint32_t last;
        uint32_t last_step; /* that shows it */
};

static bool changes(const struct clew_rca_view *v, const struct clew_act *a)
{
        if (v->steps[a->step].kind == CLEW_RCA_TOOL)
                return v->steps[a->step].deed == CLEW_DEED_CHANGES &&
                       !clew_rca_has_error(&v->steps[a->step]);
        return clew_deed_of_name(a->name) == CLEW_DEED_CHANGES;
}

static struct changes changes_of(const struct clew_rca_view *v, const struct clew_acts *acts)
{
        struct changes ret = {CLEW_RCA_NONE, CLEW_RCA_NONE, CLEW_RCA_NONE};

        for (uint32_t i = 0; i < acts->n; i++) {
                const struct clew_act *a = &acts->items[i];

                if (a->is_text || clew_rca_takes_notes(a->name) || clew_rca_hands_over(a->name) ||
                    !changes(v, a))
                        continue;
                if (ret.first == CLEW_RCA_NONE)
                        ret.first = a->who;
                ret.last = a->who;
                ret.last_step = a->step;
        }
        return ret;
}

/* A tool that may change things, offered and never called; null without one. */
static struct clew_slice never_called(const struct clew_rca_view *v, const struct clew_acts *acts)
{
        uint32_t left = COMPARED_MAX;

        for (uint32_t o = 0; o < v->n_offers; o++) {
                for (uint32_t t = 0; t < v->offers[o].n_tools; t++) {
                        struct clew_slice name = v->offers[o].tools[t].name;
                        uint32_t i = 0;

                        if (clew_deed_of_name(name) == CLEW_DEED_READS ||
                            clew_rca_takes_notes(name) || clew_rca_hands_over(name))
                                continue;
                        if (acts->n > left)
                                return CLEW_SLICE_NULL;
                        left -= acts->n;
                        while (i < acts->n && !clew_slice_eq(acts->items[i].name, name))
                                i++;
                        if (i == acts->n)
                                return name;
                }
        }
        return CLEW_SLICE_NULL;
}

/* A day, an hour or a year: each has many forms. */
static bool is_time(struct clew_slice message, const struct clew_token *t)
{
        size_t end = t->offset + t->text.len;

        if (t->is_number && t->number >= 1900 && t->number < 2100 && t->digits == 4)
                return true;
        if (end < message.len && is_alpha(message.data[end]))
                return true;
        /* "at 14", "from 9 to 14" */
        if (t->is_number && t->digits == 2 && t->number <= 31)
                return true;
        for (size_t i = 1; i + 1 < t->text.len; i++) {
                if (memchr("/:-", t->text.data[i], 3) && is_digit(t->text.data[i - 1]) &&
                    is_digit(t->text.data[i + 1]))
                        return true;
        }
        return false;
}

/* Takes @n bytes of what may be searched; false, and nothing is left, when that is less. */
static bool take(size_t *left, size_t n)
{
        bool enough = n <= *left;

        *left = enough ? *left - n : 0;
        return enough;
}

static bool is_changed_with(const struct clew_rca_view *v, const struct clew_acts *acts,
                            struct clew_slice value, size_t *left)
{
        for (uint32_t i = 0; i < acts->n; i++) {
                struct clew_slice args = head(acts->items[i].args, CLEW_ACTS_ARGS_MAX);

                if (!take(left, args.len))
                        return false;
                if (holds_whole(args, value) && changes(v, &acts->items[i]))
                        return true;
        }
        return false;
}

/* No model wrote it, and no call has it. */
static bool is_unmet(const struct clew_rca_view *v, struct clew_slice value, size_t *left)
{
        size_t of_value = CLEW_RCA_SEARCHED_MAX;

        for (uint32_t u = 0; u < v->n_units; u++) {
                struct clew_slice text = v->units[u].text;

                if (v->units[u].origin != CLEW_RCA_WRITTEN && v->units[u].origin != CLEW_RCA_ARGS)
                        continue;
                if (!take(&of_value, text.len) || !take(left, text.len) ||
                    clew_find(text, value.data, value.len))
                        return false;
        }
        return true;
}

/* The last step between the message and the first change that asked for a yes; NONE without one. */
static uint32_t proposal_of(const struct clew_rca_view *v, uint32_t from, uint32_t change)
{
        for (uint32_t i = change; i-- > from;) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_LLM && s->n_calls == 0 && clew_text_asks(s->text))
                        return i;
        }
        return CLEW_RCA_NONE;
}

/* The first text behind the last change; NONE without one. */
static uint32_t closing_of(const struct clew_rca_view *v, uint32_t change)
{
        for (uint32_t i = change + 1; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_LLM && s->n_calls == 0 && s->text.len)
                        return clew_rca_has_error(s) ? CLEW_RCA_NONE : i;
        }
        return CLEW_RCA_NONE;
}

static void blame(const struct clew_rca_view *v, const struct changes *c, uint32_t unit,
                  struct clew_slice unmet, struct clew_slice met, struct clew_slice tool,
                  struct clew_findings *ret)
{
        uint32_t from = v->units[unit].step;
        uint32_t who = from <= c->first ? proposal_of(v, from, c->first) : CLEW_RCA_NONE;
        bool proposed = who != CLEW_RCA_NONE;
        struct clew_finding *f;

        if (!proposed)
                who = closing_of(v, c->last_step);
        if (who == CLEW_RCA_NONE)
                return;
        f = clew_finding_add(ret, CLEW_RULE_UNMET_WISH, who, 1.0);
        clew_finding_evidence(f, who, v->steps[who].text);
        clew_finding_evidence(f, from, v->units[unit].text);
        clew_finding_say(ret, f,
                         "Step %u %s without \"%.*s\", which the user gave beside \"%.*s\": no "
                         "call and no text of a model has it, and %.*s was never called.",
                         v->steps[who].number,
                         proposed ? "asked for a yes" : "told the user the end of it",
                         CLEW_SHOWN(unmet, SHOWN_MAX), CLEW_SHOWN(met, SHOWN_MAX),
                         CLEW_SHOWN(tool, SHOWN_MAX));
}

/* A value of the message that a change has, and one that nothing has. */
static bool judge(const struct clew_rca_view *v, const struct clew_acts *acts, uint32_t unit,
                  size_t *left, struct clew_slice *ret_unmet, struct clew_slice *ret_met)
{
        struct clew_slice message = v->units[unit].text;
        struct clew_token_iter it = clew_tokens_of(message);
        struct clew_token t;

        *ret_unmet = *ret_met = CLEW_SLICE_NULL;
        while (*left > 0 && clew_token_next(&it, &t)) {
                if (t.digits < DIGITS_MIN || t.is_list_mark || is_time(message, &t))
                        continue;
                if (!ret_met->len && is_changed_with(v, acts, t.text, left))
                        *ret_met = t.text;
                else if (!ret_unmet->len && is_unmet(v, t.text, left))
                        *ret_unmet = t.text;
        }
        return *left > 0 && ret_unmet->len && ret_met->len;
}

void clew_rule_unmet_wish(const struct clew_rca_view *v, const struct clew_acts *acts,
                          struct clew_findings *ret)
{
        struct changes c = changes_of(v, acts);
        size_t left = SEARCHED_MAX;
        struct clew_slice tool;

        if (c.first == CLEW_RCA_NONE || !acts->heard.len)
                return;
        tool = never_called(v, acts);
        for (uint32_t u = 0; tool.len && left > 0 && u < v->n_units; u++) {
                struct clew_slice unmet;
                struct clew_slice met;

                if (v->units[u].origin != CLEW_RCA_USER || v->units[u].text.len > MESSAGE_MAX ||
                    !judge(v, acts, u, &left, &unmet, &met))
                        continue;
                blame(v, &c, u, unmet, met, tool, ret);
                return;
        }
}
