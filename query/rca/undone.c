/*
 * Rules about what was said to be done, or planned, and was not: "your stay is cancelled" without a
 * call of the tool that cancels, an answer after one of five planned steps.
 */
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define TOOLS_MAX 64u /* offered tools that are looked at */
#define VERB_MIN 3u
#define VERB_MAX 16u
#define FORMS_MAX 3u
#define SAID_MAX 2000u  /* bytes of an answer that are read */
#define BEFORE_MAX 26u  /* bytes before "cancelled" that make it a report */
#define POINTS_MIN 3u   /* numbered points that are a plan */
#define PLANNING_MAX 2u /* calls of an agent in which it may plan */

/* ---- said to be done ------------------------------------------------------------------------ */

struct forms {
        char text[FORMS_MAX][VERB_MAX + 8];
        size_t len[FORMS_MAX];
        uint32_t n;
};

static void add_form(struct forms *f, const char *stem, size_t n, const char *end)
{
        size_t m = strlen(end);

        if (f->n == FORMS_MAX || n + m >= sizeof(f->text[0]))
                return;
        memcpy(f->text[f->n], stem, n);
        memcpy(f->text[f->n] + n, end, m + 1);
        f->len[f->n++] = n + m;
}

/* What "send_email" does is said in one word, too. */
static void add_sending(struct forms *f, struct clew_slice tool)
{
        if (clew_text_find(tool, "mail") < 0)
                return;
        add_form(f, "e-mailed", 8, "");
        add_form(f, "emailed", 7, "");
}

/* The verb that a tool's name begins with, in the past: "cancel_order", "cancelOrder". */
static void past_of(struct clew_slice tool, struct forms *ret, struct clew_slice *ret_verb)
{
        static const struct {
                const char *verb;
                const char *past;
        } irregular[] = {{"send", "sent"},     {"make", "made"},  {"pay", "paid"},
                         {"write", "written"}, {"give", "given"}, {"buy", "bought"},
                         {"sell", "sold"},     {"take", "taken"}};
        char verb[VERB_MAX];
        size_t n = 0;

        ret->n = 0;
        while (n < tool.len && n < VERB_MAX - 1 && is_alpha(tool.data[n]) &&
               (n == 0 || tool.data[n] >= 'a')) {
                verb[n] = (char)(tool.data[n] | 0x20);
                n++;
        }
        verb[n] = 0;
        *ret_verb = clew_slice_make(tool.data, n);
        if (n < VERB_MIN || n == VERB_MAX - 1 || strcmp(verb, "set") == 0)
                return;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(irregular); i++) {
                if (strcmp(verb, irregular[i].verb) == 0) {
                        add_form(ret, irregular[i].past, strlen(irregular[i].past), "");
                        if (i == 0)
                                add_sending(ret, tool);
                        return;
                }
        }
        if (verb[n - 1] == 'e') {
                add_form(ret, verb, n, "d");
        } else if (verb[n - 1] == 'y' && !strchr("aeou", verb[n - 2])) {
                add_form(ret, verb, n - 1, "ied");
        } else {
                char twice[4] = {verb[n - 1], 'e', 'd', 0};

                add_form(ret, verb, n, "ed");
                add_form(ret, verb, n, twice);
        }
}

/* "I sent", "I also sent": the writer itself did it. */
static bool is_own_deed(struct clew_slice before)
{
        static const char *const ends[] = {"i ", "i also ", "i just ", "i've also ", "i already "};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                size_t n = strlen(ends[i]);

                if (before.len >= n && clew_text_begins(tail(before, n), ends[i]) &&
                    (before.len == n || is_space(before.data[before.len - n - 1])))
                        return true;
        }
        return false;
}

/* Words right before "cancelled" that report it, and none that makes it a wish, a rule or a past.
 */
static bool is_report(struct clew_slice before)
{
        static const char *const reports[] = {"has been",    "have been", " is ",
                                              " are ",       "i have ",   "i've ",
                                              "we've ",      "we have ",  "i\xe2\x80\x99ve ",
                                              "successfully"};
        static const char *const others[] = {
                "not ",  "n't ",    "never", "cannot", "once ", "if ",  "when ",  "until",
                "to be", "already", "would", "will ",  "can ",  "only", "unless", "had "};

        return (HAS_ANY(before, reports) || is_own_deed(before)) && !HAS_ANY(before, others);
}

/* "Ann says: your order has been cancelled": the report is somebody's. */
static bool is_told_of_other(struct clew_slice line)
{
        static const char *const says[] = {"says", "said", "wrote", "writes", "told", "reports"};

        return line.len && line.data[line.len - 1] == ':' && HAS_ANY(tail(line, BEFORE_MAX), says);
}

/* Where @text says in a sentence of its own that it was done; the sentence's part, or null. */
static struct clew_slice report_in(struct clew_slice text, const struct forms *forms)
{
        struct lowered l;

        make_lowered(text, &l);
        for (uint32_t k = 0; k < forms->n; k++) {
                size_t at = 0;

                while (at + forms->len[k] <= l.len) {
                        const char *hit =
                                memmem(l.text + at, l.len - at, forms->text[k], forms->len[k]);
                        size_t from;
                        size_t end;

                        if (!hit)
                                break;
                        from = (size_t)(hit - (const char *)l.text);
                        end = from + forms->len[k];
                        at = end;
                        if (from == 0 || is_alpha((uint8_t)l.text[from - 1]) ||
                            (end < l.len && is_alpha((uint8_t)l.text[end])))
                                continue;
                        while (at < l.len && !memchr(".!?\n", l.text[at], 4))
                                at++;
                        if (at < l.len && l.text[at] == '?')
                                continue;
                        at = end;
                        for (end = from; end > 0 && from - end < BEFORE_MAX &&
                                         !memchr(".!?\n:", l.text[end - 1], 5);)
                                end--;
                        if (is_report(clew_slice_make((const uint8_t *)l.text + end, from - end)) &&
                            !is_told_of_other(clew_slice_make((const uint8_t *)l.text, end)))
                                return clew_text_trim(clew_slice_make(text.data + end,
                                                                      from + forms->len[k] - end));
                }
        }
        return CLEW_SLICE_NULL;
}

/* A tool by whose name something reaches people ran: "sent" may be that. */
static bool reaches_people(const struct clew_rca_view *v, uint32_t i)
{
        static const char *const words[] = {"notif", "messag",  "mail",    "post",   "repl",
                                            "tell",  "contact", "forward", "submit", "publish"};

        for (uint32_t k = 0; k < i; k++) {
                const struct clew_rca_step *s = &v->steps[k];

                if (s->kind == CLEW_RCA_TOOL && s->deed != CLEW_DEED_READS &&
                    !clew_rca_has_error(s) && HAS_ANY(s->name, words))
                        return true;
        }
        return false;
}

/* The same verb was asked of some tool, or what a tool or a user said holds the word. */
static bool is_borne_out(const struct clew_rca_view *v, uint32_t i, struct clew_slice verb,
                         const struct forms *forms)
{
        char stem[VERB_MAX] = {0};

        memcpy(stem, verb.data, verb.len < VERB_MAX ? verb.len : VERB_MAX - 1);
        if (strcmp(stem, "send") == 0 && reaches_people(v, i))
                return true;
        for (uint32_t c = 0; c < v->n_calls; c++) {
                if (clew_text_find(v->calls[c].name, stem) >= 0)
                        return true;
        }
        for (uint32_t k = 0; k < i; k++) {
                if (v->steps[k].kind == CLEW_RCA_TOOL &&
                    clew_text_find(v->steps[k].name, stem) >= 0)
                        return true;
        }
        for (uint32_t u = 0; u < v->n_units; u++) {
                const struct clew_rca_unit *unit = &v->units[u];

                if (unit->origin != CLEW_RCA_RESULT && unit->origin != CLEW_RCA_USER)
                        continue;
                for (uint32_t k = 0; k < forms->n; k++) {
                        if (clew_text_find(unit->text, forms->text[k]) >= 0)
                                return true;
                }
        }
        return false;
}

static bool may_act(struct clew_slice tool)
{
        return clew_deed_of_name(tool) != CLEW_DEED_READS && !clew_rca_hands_over(tool) &&
               !clew_rca_proves_identity(tool) && !clew_rca_runs_programs(tool);
}

static bool judge_tool(const struct clew_rca_view *v, struct clew_slice tool,
                       struct clew_findings *ret)
{
        struct forms forms;
        struct clew_slice verb;

        past_of(tool, &forms, &verb);
        for (uint32_t i = 0; forms.n && i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;
                struct clew_slice said;

                if (s->kind != CLEW_RCA_LLM || s->n_calls > 0 || s->text.len == 0)
                        continue;
                said = report_in(head(s->text, SAID_MAX), &forms);
                if (!said.len)
                        continue;
                if (is_borne_out(v, i, verb, &forms))
                        return false;
                f = clew_finding_add(ret, CLEW_RULE_UNDONE, i, 1.0);
                clew_finding_evidence(f, i, said);
                clew_finding_say(ret, f,
                                 "Step %u says \"%.*s\"; %.*s was at hand, and nothing called it.",
                                 s->number, CLEW_SHOWN(said, 60), CLEW_SHOWN(tool, 60));
                return f != NULL;
        }
        return false;
}

void clew_rule_undone(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t n = 0;

        if (v->acts_in_text || v->shell.len)
                return;
        for (uint32_t o = 0; o < v->n_offers; o++) {
                for (uint32_t k = 0; k < v->offers[o].n_tools && n < TOOLS_MAX; k++, n++) {
                        if (may_act(v->offers[o].tools[k].name) &&
                            judge_tool(v, v->offers[o].tools[k].name, ret))
                                return;
                }
        }
}

/* ---- planned and not done ------------------------------------------------------------------- */

/* Lines that are numbered 1, 2, 3 ... from the first on. */
static uint32_t points_of(struct clew_slice text)
{
        uint32_t n = 0;
        size_t at = 0;

        while (at < text.len) {
                size_t i = at;
                uint32_t number = 0;

                while (i < text.len && (text.data[i] == ' ' || text.data[i] == '*'))
                        i++;
                while (i < text.len && is_digit(text.data[i]) && number < 100)
                        number = number * 10 + (uint32_t)(text.data[i++] - '0');
                if (i + 1 < text.len && (text.data[i] == '.' || text.data[i] == ')') &&
                    text.data[i + 1] == ' ' && number == n + 1)
                        n++;
                while (at < text.len && text.data[at] != '\n')
                        at++;
                at++;
        }
        return n;
}

/* Actions of the agent of step @plan behind it; @ret_last is its last model call. */
static uint32_t actions_behind(const struct clew_rca_view *v, uint32_t plan, uint32_t *ret_last)
{
        uint32_t n = 0;

        *ret_last = plan;
        for (uint32_t i = plan; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_LLM && s->agent == v->steps[plan].agent) {
                        *ret_last = i;
                        n += s->n_calls;
                } else if (s->kind == CLEW_RCA_TOOL && s->agent == v->steps[plan].agent &&
                           (s->caller == CLEW_RCA_NONE || v->steps[s->caller].n_calls == 0)) {
                        n++;
                } else if (s->kind == CLEW_RCA_LLM && i > plan) {
                        return UINT32_MAX; /* others act for it */
                }
        }
        return n;
}

void clew_rule_early_answer(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;
                uint32_t points;
                uint32_t done;
                uint32_t last;

                if (s->kind != CLEW_RCA_LLM || (s->prev_llm != CLEW_RCA_NONE &&
                                                v->steps[s->prev_llm].prev_llm != CLEW_RCA_NONE))
                        continue;
                points = points_of(head(s->text, SAID_MAX));
                if (points < POINTS_MIN)
                        continue;
                done = actions_behind(v, i, &last);
                if (last == i || done == 0 || done * 2 >= points || v->talk ||
                    v->steps[last].n_calls > 1)
                        continue; /* without any call it may be for others to act */
                f = clew_finding_add(ret, CLEW_RULE_EARLY_ANSWER, last, 1.0);
                clew_finding_evidence(f, i, s->text);
                clew_finding_evidence(f, last, v->steps[last].text);
                clew_finding_say(ret, f,
                                 "Step %u lists %u numbered points; its agent ends at step %u "
                                 "after %u %s.",
                                 s->number, points, v->steps[last].number, done,
                                 done == 1 ? "call" : "calls");
        }
}
