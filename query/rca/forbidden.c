/*
 * An action that the instructions forbid in so many words: "never restart anything on prod-db", and
 * a call that restarts something on prod-db-2.
 *
 * A prohibition is a sentence of a system prompt without any condition: behind "never" or "do not"
 * stand one to four verbs, then the things. An action breaks it when its name or its arguments hold
 * one of the verbs (or what commands call it) and one of the things, and that thing is no word that
 * most actions of the run hold anyway.
 */
#include "query/rca/rules.h"
#include "query/rca/sentences-int.h"

#define PROMPTS_MAX 8u
#define PROMPT_MAX 16384u /* bytes of one that are read */
#define RULES_MAX 24u     /* prohibitions of a run */
#define SENTENCE_MAX 240u
#define WORDS_MAX 14u
#define WORD_MAX 24u
#define ACTION_MAX 1500u /* bytes of an action that are searched */
#define THING_MIN 4u

struct word {
        char text[WORD_MAX];
        bool verb;
};

struct prohibition {
        struct word words[WORDS_MAX];
        uint32_t n;
        struct clew_slice sentence;
};

static bool is_inside(uint8_t c)
{
        return is_alpha(c) || is_digit(c) || c == '-' || c == '_';
}

static bool is_filler(const char *word)
{
        static const char *const fillers[] = {
                "anything", "something", "that",  "this", "with",  "from",       "them",
                "they",     "other",     "under", "your", "their", "user",       "into",
                "which",    "more",      "than",  "what", "used",  "these",      "those",
                "have",     "been",      "were",  "will", "group", "information"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(fillers); i++) {
                if (strcmp(word, fillers[i]) == 0)
                        return true;
        }
        return false;
}

/* The words of a prohibition behind its marker. */
static void take_words(struct clew_slice t, struct prohibition *ret)
{
        bool verbs = true; /* until a word that is not joined to the last one by "or" or a comma */
        size_t i = 0;

        ret->n = 0;
        while (i < t.len && ret->n < WORDS_MAX) {
                struct word *w = &ret->words[ret->n];
                size_t n = 0;
                size_t from = i;
                bool joined;

                while (i < t.len && !is_inside(t.data[i]))
                        i++;
                joined = i > from && memchr(t.data + from, ',', i - from) != NULL;
                while (i < t.len && is_inside(t.data[i])) {
                        if (n + 1 < WORD_MAX)
                                w->text[n++] = (char)lower(t.data[i]);
                        i++;
                }
                w->text[n] = 0;
                if (strcmp(w->text, "or") == 0) {
                        verbs = verbs && ret->n < 4;
                        continue;
                }
                if (ret->n > 0 && verbs) {
                        struct clew_slice gap = clew_slice_make(t.data + from, i - from - n);

                        /* "restart or stop": the word before the gap was "or" */
                        joined |= from >= 3 && t.data[from - 1] == 'r' && t.data[from - 2] == 'o' &&
                                  !is_alpha(t.data[from - 3]) && gap.len > 0;
                        verbs = joined;
                }
                w->verb = verbs;
                if (w->verb ? n >= 3 : n >= THING_MIN && !is_filler(w->text))
                        ret->n++;
        }
}

/* Each marker of read_sentence() has one of these words. */
static bool may_forbid(struct clew_slice t)
{
        return clew_text_find(t, "never ") >= 0 || clew_text_find(t, "not ") >= 0 ||
               clew_text_find(t, "don't ") >= 0;
}

static bool read_sentence(struct clew_slice s, struct prohibition *ret)
{
        static const char *const markers[] = {"never ",    "do not ",  "don't ",
                                              "must not ", "may not ", "are not allowed to "};
        static const char *const conditions[] = {
                " unless", " without", " before", " until", " if ",     " when ",   " except",
                " only",   " after",   " while",  " not ",  " as long", " instead", " more than",
                " first",  " that ",   " which ", " who",   " where "};
        struct lowered l;

        if (!may_forbid(s))
                return false;
        make_lowered(s, &l);
        for (size_t m = 0; m < CLEW_ARRAY_LEN(markers); m++) {
                size_t n = strlen(markers[m]);
                const uint8_t *at = n < 3 || has_run(&l, markers[m])
                                            ? memmem(l.text, l.len, markers[m], n)
                                            : NULL;
                struct clew_slice rest;

                if (!at)
                        continue;
                rest = clew_slice_from(s, (size_t)(at - l.text) + n);
                if (HAS_ANY(rest, conditions))
                        return false;
                take_words(rest, ret);
                ret->sentence = s;
                return ret->n >= 2;
        }
        return false;
}

static uint32_t read_prompts(const struct clew_rca_view *v, struct prohibition *all)
{
        uint32_t n = 0;

        for (uint32_t u = 0, prompts = 0; u < v->n_units && prompts < PROMPTS_MAX; u++) {
                struct clew_slice t = head(v->units[u].text, PROMPT_MAX);
                size_t from = 0;

                if (v->units[u].origin != CLEW_RCA_SYSTEM)
                        continue;
                prompts++;
                if (!may_forbid(t))
                        continue;
                for (size_t i = 0; i <= t.len && n < RULES_MAX; i++) {
                        bool ends;

                        while (t.len - i > 8 && !may_end_sentence(t.data + i))
                                i += 8;
                        ends = i == t.len || t.data[i] == '\n' || t.data[i] == ';' ||
                               (t.data[i] == '.' && (i + 1 == t.len || is_space(t.data[i + 1])));

                        if (!ends)
                                continue;
                        if (i - from <= SENTENCE_MAX &&
                            read_sentence(clew_slice_make(t.data + from, i - from), &all[n]))
                                n++;
                        from = i + 1;
                }
        }
        return n;
}

/* ---- what an action holds ------------------------------------------------------------------- */

static bool holds(const struct lowered *l, const char *word, size_t n)
{
        size_t at = 0;

        if (n >= 3 && !has_run(l, word))
                return false;
        while (at + n <= l->len) {
                const uint8_t *hit = memmem(l->text + at, l->len - at, word, n);

                if (!hit)
                        return false;
                if (hit == l->text || !is_alpha(hit[-1]))
                        return true;
                at = (size_t)(hit - l->text) + 1;
        }
        return false;
}

/* What commands call it. */
static bool holds_verb(const struct lowered *l, const char *verb)
{
        static const struct {
                const char *verb;
                const char *called[4];
        } commands[] = {
                {"delete", {"rm ", "remove", "unlink", "drop "}},
                {"remove", {"rm ", "delete", "unlink", "drop "}},
                {"change", {"sed -i", "update", "modify", "edit"}},
                {"modify", {"sed -i", "update", "change", "edit"}},
                {"edit", {"sed -i", "update", "modify", "change"}},
                {"restart", {"reboot", "restart", "restart", "restart"}},
                {"install", {"pip install", "npm install", "apt install", "apt-get install"}},
                {"push", {"git push", "push", "push", "push"}}};
        size_t n = strlen(verb);

        if (holds(l, verb, n > 4 && verb[n - 1] == 'e' ? n - 1 : n))
                return true;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(commands); i++) {
                for (size_t k = 0; k < 4 && strcmp(verb, commands[i].verb) == 0; k++) {
                        if (holds(l, commands[i].called[k], strlen(commands[i].called[k])))
                                return true;
                }
        }
        return false;
}

static bool holds_thing(const struct lowered *l, const char *thing)
{
        size_t n = strlen(thing);

        return holds(l, thing, n > 4 && thing[n - 1] == 's' ? n - 1 : n);
}

static void lower_action(const struct clew_rca_step *s, struct lowered *ret)
{
        uint8_t text[ACTION_MAX + 128];
        struct clew_slice name = head(s->name, 100);
        struct clew_slice args = head(s->args, ACTION_MAX);

        if (name.len)
                memcpy(text, name.data, name.len);
        text[name.len] = ' ';
        if (args.len)
                memcpy(text + name.len + 1, args.data, args.len);
        make_lowered(clew_slice_make(text, name.len + 1 + args.len), ret);
}

/* Most actions hold the word: it tells nothing of one. */
static bool is_everywhere(const struct clew_rca_view *v, const char *thing)
{
        struct lowered l;
        uint32_t n = 0;
        uint32_t with = 0;

        for (uint32_t i = 0; i < v->n_steps && n < 40; i++) {
                if (v->steps[i].kind != CLEW_RCA_TOOL)
                        continue;
                lower_action(&v->steps[i], &l);
                n++;
                with += holds_thing(&l, thing);
        }
        return with > 2 && with * 3 > n;
}

static bool breaks(const struct clew_rca_view *v, const struct prohibition *p,
                   const struct lowered *action, const char **ret_verb, const char **ret_thing)
{
        *ret_verb = *ret_thing = NULL;
        for (uint32_t k = 0; k < p->n; k++) {
                const struct word *w = &p->words[k];

                if (w->verb && !*ret_verb && holds_verb(action, w->text))
                        *ret_verb = w->text;
                if (!w->verb && !*ret_thing && holds_thing(action, w->text) &&
                    !is_everywhere(v, w->text))
                        *ret_thing = w->text;
        }
        return *ret_verb && *ret_thing;
}

void clew_rule_forbidden(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct prohibition *all = clew_arena_alloc(v->arena, RULES_MAX * sizeof(*all));
        uint32_t n = all ? read_prompts(v, all) : 0;

        for (uint32_t i = 0; n && i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct lowered action;

                if (s->kind != CLEW_RCA_TOOL || s->caller == CLEW_RCA_NONE ||
                    s->deed == CLEW_DEED_READS)
                        continue;
                lower_action(s, &action);
                for (uint32_t k = 0; k < n; k++) {
                        const char *verb;
                        const char *thing;
                        struct clew_finding *f;

                        if (!breaks(v, &all[k], &action, &verb, &thing))
                                continue;
                        f = clew_finding_add(ret, CLEW_RULE_FORBIDDEN, s->caller, 1.0);
                        clew_finding_effect(f, i);
                        clew_finding_evidence(f, i, s->args);
                        clew_finding_evidence(f, s->caller, all[k].sentence);
                        clew_finding_say(ret, f,
                                         "Step %u called %.*s with \"%s\"; the instructions say: "
                                         "%.*s.",
                                         v->steps[s->caller].number, CLEW_SHOWN(s->name, 60), thing,
                                         CLEW_SHOWN(clew_text_trim(all[k].sentence), 160));
                        return;
                }
        }
}
