/*
 * Rules about checks that were not made: a tool that the instructions want called before another
 * one, and "all tests pass" where no test ran since the last change.
 */
#include "query/rca/deeds.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/sentences-int.h"

#define PROMPT_MAX 32768u
#define SENTENCE_MAX 320u
#define ORDERS_MAX 8u /* sentences that ask for one thing before another */
#define VERB_MIN 4u
#define VERB_MAX 24u
#define ENDING_MAX 5u /* letters behind the dot of a file's name */
#define SAID_MAX 400u

/* ---- one tool before another -------------------------------------------------------------------
 */

struct before {
        struct clew_slice sentence;
        struct clew_slice check; /* the name of the tool that comes first */
        char verb[VERB_MAX];     /* what it comes before */
};

/* "before you book": the first word behind it that may be a verb. */
static bool read_verb(struct clew_slice t, char ret[VERB_MAX])
{
        static const char *const fillers[] = {"you",    "the",  "your",     "any",
                                              "making", "they", "anything", "every",
                                              "doing",  "this", "calling"};

        for (size_t i = 0; i < t.len;) {
                size_t n = 0;
                bool filler = false;

                while (i < t.len && is_alpha(t.data[i]) && n + 1 < VERB_MAX)
                        ret[n++] = (char)lower(t.data[i++]);
                ret[n] = 0;
                if (n == 0) {
                        i++;
                        continue;
                }
                for (size_t k = 0; k < CLEW_ARRAY_LEN(fillers); k++)
                        filler |= strcmp(ret, fillers[k]) == 0;
                if (!filler && n >= 3)
                        return n >= VERB_MIN;
        }
        return false;
}

/* It forbids nothing and asks for nothing: "you need not", or only in some case. */
static bool is_conditional(struct clew_slice s)
{
        static const char *const words[] = {"if ",     "unless", "when ",      "not ",  "n't ",
                                            "never",   "except", "optional",   "may ",  "could ",
                                            "in case", "only ",  "first-time", " new ", "no need"};

        return HAS_ANY(s, words);
}

/* A user speaks of the check as of one that is made. */
static bool is_told_by_user(const struct clew_rca_view *v, struct clew_slice check)
{
        static const char *const made[] = {"already", "i called", "i checked",
                                           "i have",  "i've ",    "i ran"};

        for (uint32_t u = 0; u < v->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_USER &&
                    clew_rca_names_tool(head(v->units[u].text, LOWER_MAX), check) &&
                    HAS_ANY(v->units[u].text, made))
                        return true;
        }
        return false;
}

static uint32_t read_orders(const struct clew_rca_view *v, struct before ret[ORDERS_MAX])
{
        const struct clew_rca_offer *o = v->n_offers ? &v->offers[0] : NULL;
        uint32_t n = 0;

        for (uint32_t u = 0; o && u < v->n_units; u++) {
                struct sentences all = {head(v->units[u].text, PROMPT_MAX), 0};
                struct clew_slice s;

                if (v->units[u].origin != CLEW_RCA_SYSTEM ||
                    clew_text_find(all.text, " before ") < 0)
                        continue;
                while (n < ORDERS_MAX && next_sentence(&all, SENTENCE_MAX, &s)) {
                        ptrdiff_t at = clew_text_find(s, " before ");

                        ret[n].sentence = clew_text_trim(s);
                        if (at < 0 || is_conditional(s) ||
                            !read_verb(clew_slice_from(s, (size_t)at + 8), ret[n].verb))
                                continue;
                        for (uint32_t k = 0; k < o->n_tools; k++) {
                                ret[n].check = o->tools[k].name;
                                if (clew_rca_names_tool(head(s, (size_t)at), ret[n].check) &&
                                    !is_told_by_user(v, ret[n].check)) {
                                        n++;
                                        break;
                                }
                        }
                }
        }
        return n;
}

/* The tool does what the verb says, by its name or its description. */
static bool does(const struct clew_rca_view *v, struct clew_slice name, const char *verb)
{
        if (clew_text_find(name, verb) >= 0)
                return true;
        for (uint32_t k = 0; v->n_offers && k < v->offers[0].n_tools; k++) {
                const struct clew_tool_definition *t = &v->offers[0].tools[k];

                if (clew_slice_eq(t->name, name))
                        return clew_text_find(t->description, verb) >= 0;
        }
        return false;
}

static bool only_reads(const struct clew_rca_view *v, const struct clew_act *act)
{
        const struct clew_rca_step *s = &v->steps[act->step];

        return (s->kind == CLEW_RCA_TOOL ? s->deed : clew_deed_of_name(act->name)) ==
               CLEW_DEED_READS;
}

static void one_before_another(const struct clew_rca_view *v, const struct clew_acts *a,
                               const struct before *b, struct clew_findings *ret)
{
        uint32_t since = CLEW_RCA_NONE; /* the last action that the check comes before */
        uint32_t lacking = CLEW_RCA_NONE;
        uint32_t lack = 0;
        bool checked = false;
        bool ever = false;
        struct clew_finding *f;

        for (uint32_t i = 0; i < a->n; i++) {
                const struct clew_act *act = &a->items[i];

                if (clew_slice_eq(act->name, b->check)) {
                        checked = ever = true;
                } else if (!only_reads(v, act) && does(v, act->name, b->verb)) {
                        if (!checked) {
                                lacking = lacking == CLEW_RCA_NONE ? i : lacking;
                                lack++;
                        }
                        since = i;
                        checked = false;
                }
        }
        /* One look may be for several of them, unless all others had one of their own. */
        if (lacking == CLEW_RCA_NONE || since == CLEW_RCA_NONE || (ever && lack > 1))
                return;
        f = clew_finding_add(ret, CLEW_RULE_SKIPPED_CHECK, a->items[lacking].who, 1.0);
        clew_finding_evidence(f, a->items[lacking].step, a->items[lacking].args);
        clew_finding_evidence(f, a->items[lacking].who, b->sentence);
        clew_finding_say(ret, f,
                         "Step %u called %.*s with no call of %.*s before it%s; an instruction "
                         "says: %.*s.",
                         v->steps[a->items[lacking].who].number,
                         CLEW_SHOWN(a->items[lacking].name, 60), CLEW_SHOWN(b->check, 60),
                         ever ? ", as all others had" : "", CLEW_SHOWN(b->sentence, 160));
}

/* ---- tests that did not run --------------------------------------------------------------------
 */

/* The sentence that says that tests pass, or null. */
static struct clew_slice success_of(struct clew_slice text)
{
        static const char *const not_yet[] = {
                "if ",      "once ",   "should",  "will ",  "would",   "until",  "make sure",
                "must",     "whether", "so that", "to see", "verify",  "before", "earlier",
                "previous", "prior",   "cannot",  "can't",  "not run", "n't run"};
        struct sentences all = {head(text, LOWER_MAX), 0};
        struct clew_slice s;

        while (next_sentence(&all, SAID_MAX, &s)) {
                if ((clew_text_find(s, "test") >= 0 || clew_text_find(s, "suite") >= 0) &&
                    clew_text_claims_success(s) && !HAS_ANY(s, not_yet))
                        return clew_text_trim(s);
        }
        return CLEW_SLICE_NULL;
}

/* What stands before the first program. */
static struct clew_slice prose_of(struct clew_slice text)
{
        ptrdiff_t at = clew_text_program(text);

        return at < 0 ? text : head(text, (size_t)at);
}

/* What it printed is the result of a test, or may be: of a program whose name says nothing. */
static bool may_be_test(const struct clew_rca_step *s)
{
        static const char *const runners[] = {"check", "tox",  "nox",   "spec",   "verify", "make",
                                              "npm",   "yarn", "cargo", "gradle", "mvn",    "./"};

        return !s->has_result || clew_text_find(head(s->args, LOWER_MAX), "test") >= 0 ||
               (s->deed == CLEW_DEED_UNKNOWN && HAS_ANY(s->args, runners)) ||
               clew_text_check(s->result) != CLEW_CHECK_NONE ||
               clew_text_find(s->result, "pass") >= 0 ||
               clew_text_find(head(s->result, LOWER_MAX), "success") >= 0;
}

/* All files that a command names are texts: release notes, a manual. */
static bool is_about_prose(struct clew_slice args)
{
        static const char *const prose[] = {"md", "rst", "txt", "adoc"};
        bool any = false;

        for (size_t at = 0; at < args.len; at++) {
                size_t from = at + 1;
                size_t to = from;
                bool known = false;

                if (args.data[at] != '.' || at == 0 ||
                    (!is_alpha(args.data[at - 1]) && !is_digit(args.data[at - 1])))
                        continue;
                while (to < args.len && is_alpha(args.data[to]))
                        to++;
                if (to == from || to - from > ENDING_MAX ||
                    (to < args.len && (args.data[to] == '_' || is_digit(args.data[to]))))
                        continue;
                for (size_t i = 0; i < CLEW_ARRAY_LEN(prose) && !known; i++)
                        known = clew_slice_eq_cstr(clew_slice_make(args.data + from, to - from),
                                                   prose[i]);
                if (!known)
                        return false;
                any = true;
        }
        return any;
}

/* What step @s changed may be what tests are of. */
static bool changes_what_is_tested(const struct clew_rca_step *s)
{
        return s->deed == CLEW_DEED_CHANGES && !clew_deed_only_sets_up(s->args) &&
               !clew_deed_only_removes(s->args) && !is_about_prose(s->args);
}

/* A user spoke to LLM step @s of what was run. */
static bool hears_of_tests(const struct clew_rca_view *v, const struct clew_rca_step *s)
{
        static const char *const words[] = {" test", " ran ", " run ", "green", "pass", "works"};

        for (uint32_t u = s->first_unit; u < s->first_unit + s->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_USER && HAS_ANY(v->units[u].text, words))
                        return true;
        }
        return false;
}

/* A call that LLM step @s makes beside its words shows the result of a test, or may. */
static bool tests_itself(const struct clew_rca_view *v, const struct clew_rca_step *s)
{
        for (uint32_t k = 0; k < s->n_calls; k++) {
                const struct clew_rca_call *c = &v->calls[s->first_call + k];

                if (c->tool_step == CLEW_RCA_NONE
                            ? clew_text_find(head(c->args, LOWER_MAX), "test") >= 0
                            : may_be_test(&v->steps[c->tool_step]))
                        return true;
        }
        return false;
}

/* Some model call may say that tests pass: what ran is looked at only then. */
static bool any_success(const struct clew_rca_view *v)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM &&
                    clew_text_may_claim_success(head(v->steps[i].text, LOWER_MAX)))
                        return true;
        }
        return false;
}

/* The first thing said of tests, after a change that no check followed. */
static void tests_unrun(const struct clew_rca_view *v, struct clew_findings *ret)
{
        uint32_t changed = CLEW_RCA_NONE;

        if (!any_success(v))
                return;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice said;
                struct clew_finding *f;

                if (s->kind == CLEW_RCA_TOOL) {
                        bool changes = changes_what_is_tested(s);

                        if ((changes || changed != CLEW_RCA_NONE) && may_be_test(s))
                                changed = CLEW_RCA_NONE;
                        else if (changes)
                                changed = i;
                        continue;
                }
                if (s->kind == CLEW_RCA_LLM && hears_of_tests(v, s))
                        changed = CLEW_RCA_NONE;
                if (s->kind != CLEW_RCA_LLM || changed == CLEW_RCA_NONE || tests_itself(v, s))
                        continue;
                said = success_of(prose_of(s->text));
                if (!said.len)
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_UNTESTED, i, 1.0);
                clew_finding_evidence(f, i, said);
                clew_finding_evidence(f, changed, v->steps[changed].args);
                clew_finding_say(ret, f,
                                 "Step %u says \"%.*s\"; after the change of step %u nothing shows "
                                 "the result of a test.",
                                 s->number, CLEW_SHOWN(said, 120), v->steps[changed].number);
                return;
        }
}

void clew_rule_checks(const struct clew_rca_view *v, const struct clew_acts *acts,
                      struct clew_findings *ret)
{
        struct before *orders = clew_arena_alloc(v->arena, ORDERS_MAX * sizeof(*orders));
        uint32_t n = orders ? read_orders(v, orders) : 0;

        for (uint32_t k = 0; k < n; k++)
                one_before_another(v, acts, &orders[k], ret);
        tests_unrun(v, ret);
}
