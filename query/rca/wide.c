/*
 * A rule about actions that take in more than was asked for: one more thing of a list than the user
 * named, or everything, where nobody spoke of everything.
 */
#include "query/rca/flat.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define DIGITS_MIN 4u
#define NAMES_MAX 64u    /* values of one action */
#define ARGS_MAX 16384u  /* of an action that is read */
#define HEARD_MAX 16384u /* bytes of a text that may speak of everything */
#define SHOWN_MAX 48u

/* Somebody who may ask for it speaks of everything. */
static bool speaks_of_all(const struct clew_rca_view *v)
{
        static const char *const words[] = {
                " all ", "every", "both",     " each ", " any ",      "whole",  "entire",
                "drop ", "trunc", "wipe",     "clean",  "everything", " rest ", "other ",
                "reset", "empty", "recursiv", "*",      "another",    " purge", "all of",
        };

        for (uint32_t u = 0; u < v->n_units; u++) {
                struct clew_slice t = v->units[u].text;

                if (v->units[u].origin != CLEW_RCA_USER)
                        continue;
                if (t.len > HEARD_MAX)
                        return true;
                for (size_t w = 0; w < CLEW_ARRAY_LEN(words); w++) {
                        if (clew_text_find(t, words[w]) >= 0)
                                return true;
                }
                if (t.len >= 4 && clew_text_find(head(t, 4), "all ") == 0)
                        return true;
        }
        return false;
}

static bool user_says(const struct clew_rca_view *v, struct clew_slice what)
{
        for (uint32_t u = 0; u < v->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_USER &&
                    memmem(v->units[u].text.data, v->units[u].text.len, what.data, what.len))
                        return true;
        }
        return false;
}

/* Everything, in the words of shells, of SQL and of arguments; the part that says so, or null. */
static struct clew_slice everything_in(struct clew_slice leaf)
{
        static const char *const shells[] = {"rm -rf ",          "rm -r ",
                                             "rm -fr ",          "git add -a",
                                             "git reset --hard", "git checkout -- .",
                                             "git clean -f",     "truncate table",
                                             "drop table",       "drop database"};
        struct clew_slice t = clew_text_trim(leaf);
        ptrdiff_t at;

        if ((t.len == 1 && t.data[0] == '*') || (t.len == 3 && clew_text_find(t, "all") == 0))
                return t;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(shells); i++) {
                at = clew_text_find(t, shells[i]);
                if (at >= 0)
                        return head(clew_slice_from(t, (size_t)at), SHOWN_MAX);
        }
        at = clew_text_find(t, "delete from ");
        if (at >= 0 && clew_text_find(clew_slice_from(t, (size_t)at), "where") < 0)
                return head(clew_slice_from(t, (size_t)at), SHOWN_MAX);
        return CLEW_SLICE_NULL;
}

struct name {
        struct clew_token token;
        uint64_t path;
        bool said;
};

/* The ids that an action names, by where in its arguments they stand. */
static uint32_t names_of(const struct clew_rca_view *v, const struct clew_rca_step *s,
                         struct name *ret)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        uint32_t n = 0;

        clew_flat_init(&f, s->args);
        while (n < NAMES_MAX && clew_flat_next(&f, &leaf)) {
                struct clew_token_iter it = clew_tokens_of(leaf.value);
                struct clew_token t;

                if (!clew_token_next(&it, &t) || t.digits < DIGITS_MIN ||
                    t.text.len + 2 < clew_text_trim(leaf.value).len)
                        continue;
                ret[n++] = (struct name){t, leaf.path, user_says(v, t.text)};
        }
        return n;
}

/* A name that nobody said, beside one of its kind that the user did say: its index, or @n. */
static uint32_t one_more(const struct name *names, uint32_t n, uint32_t *ret_said)
{
        for (uint32_t i = 0; i < n; i++) {
                for (uint32_t k = 0; k < n && !names[i].said; k++) {
                        if (names[k].said && names[k].path == names[i].path &&
                            names[k].token.shape == names[i].token.shape) {
                                *ret_said = k;
                                return i;
                        }
                }
        }
        return n;
}

static bool may_change(const struct clew_rca_step *s)
{
        return s->kind == CLEW_RCA_TOOL && s->caller != CLEW_RCA_NONE && s->args.len > 0 &&
               s->args.len <= ARGS_MAX && !clew_rca_only_reads(s->name) &&
               !clew_rca_hands_over(s->name) && !clew_rca_proves_identity(s->name);
}

static struct clew_finding *add(const struct clew_rca_view *v, struct clew_findings *ret,
                                uint32_t i)
{
        struct clew_finding *x = clew_finding_add(ret, CLEW_RULE_WIDE, v->steps[i].caller, 1.0);

        clew_finding_effect(x, i);
        clew_finding_evidence(x, i, v->steps[i].args);
        return x;
}

static void look_at(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t i)
{
        const struct clew_rca_step *s = &v->steps[i];
        struct name names[NAMES_MAX];
        uint32_t n = names_of(v, s, names);
        uint32_t said = 0;
        uint32_t more = one_more(names, n, &said);
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        if (more < n) {
                clew_finding_say(ret, add(v, ret, i),
                                 "Step %u called %.*s for %.*s, which no user named, beside %.*s.",
                                 v->steps[s->caller].number, CLEW_SHOWN(s->name, 60),
                                 CLEW_SHOWN(names[more].token.text, SHOWN_MAX),
                                 CLEW_SHOWN(names[said].token.text, SHOWN_MAX));
                return;
        }
        clew_flat_init(&f, s->args);
        while (clew_flat_next(&f, &leaf)) {
                struct clew_slice all = everything_in(leaf.value);

                if (!all.len)
                        continue;
                clew_finding_say(ret, add(v, ret, i),
                                 "Step %u called %.*s for everything (%.*s); no user spoke of all.",
                                 v->steps[s->caller].number, CLEW_SHOWN(s->name, 60),
                                 CLEW_SHOWN(all, SHOWN_MAX));
                return;
        }
}

void clew_rule_wide(const struct clew_rca_view *v, struct clew_findings *ret)
{
        bool asked = false;

        for (uint32_t i = 0; i < v->n_steps && !clew_findings_full(ret, CLEW_RULE_WIDE); i++) {
                if (!may_change(&v->steps[i]))
                        continue;
                if (!asked && speaks_of_all(v))
                        return;
                asked = true;
                look_at(v, ret, i);
        }
}
