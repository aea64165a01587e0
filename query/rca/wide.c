/*
 * A rule about actions that take in more than was asked for: one more thing of a list than the user
 * named, or everything, where nobody spoke of everything.
 */
#include "query/rca/flat.h"
#include "query/rca/rules.h"
#include "query/rca/sources-int.h"
#include "query/rca/text-int.h"

#define DIGITS_MIN 4u
#define NAMES_MAX 64u    /* values of one action */
#define ARGS_MAX 16384u  /* of an action that is read */
#define HEARD_MAX 16384u /* bytes of a text that may speak of everything */
#define SHOWN_MAX 48u
#define OWN_MIN 3u /* bytes of a name that is looked for elsewhere */

/* A text of any length. */
static bool says_any(struct clew_slice t, const char *const *words, size_t n)
{
        if (t.len <= LOWER_MAX)
                return has_any(t, words, n);
        for (size_t i = 0; i < n; i++) {
                if (clew_text_find(t, words[i]) >= 0)
                        return true;
        }
        return false;
}

/* One of a few words that mean everything, as a word of its own ("all", not "call"). */
static bool says_all(struct clew_slice t)
{
        static const char *const words[] = {"all", "each", "any"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                size_t n = strlen(words[i]);
                size_t from = 0;
                ptrdiff_t at;

                while ((at = clew_text_find(clew_slice_from(t, from), words[i])) >= 0) {
                        from += (size_t)at;
                        if ((from == 0 || !is_alpha(t.data[from - 1])) &&
                            (from + n == t.len || !is_alpha(t.data[from + n])))
                                return true;
                        from += n;
                }
        }
        return false;
}

/* Somebody who may ask for it speaks of everything, or what he said was not recorded. */
static bool may_speak_of_all(const struct clew_rca_view *v)
{
        static const char *const words[] = {
                "every",
                "both",
                "whole",
                "entire",
                "drop ",
                "trunc",
                "wipe",
                "clean",
                " rest ",
                "other ",
                "reset",
                "empty",
                "recursiv",
                "*",
                "another",
                " purge",
                /* German, Spanish, French, Italian; Chinese, Japanese */
                " alle",
                "mtliche",
                " ganze",
                " todo",
                " toda",
                " tous ",
                " toute",
                " tutt",
                "\xe6\x89\x80\xe6\x9c\x89",
                "\xe5\x85\xa8\xe9\x83\xa8",
                "\xe3\x81\x99\xe3\x81\xb9\xe3\x81\xa6",
        };

        bool heard = false;

        for (uint32_t u = 0; u < v->n_units; u++) {
                struct clew_slice t = v->units[u].text;

                if (v->units[u].origin != CLEW_RCA_USER)
                        continue;
                heard = true;
                if (t.len > HEARD_MAX)
                        return true;
                if (says_any(t, words, CLEW_ARRAY_LEN(words)) || says_all(t))
                        return true;
        }
        return !heard;
}

static struct clew_slice first_word(struct clew_slice t)
{
        size_t n = 0;

        while (n < t.len && !is_space(t.data[n]) && !memchr(";&|\\\"'`", t.data[n], 8))
                n++;
        return head(t, n);
}

/* The one command that @all begins: up to what joins it with the next one. */
static struct clew_slice one_command(struct clew_slice all)
{
        size_t n = 0;

        while (n < all.len && !memchr(";&|\\\"`\n", all.data[n], 7))
                n++;
        return clew_text_trim(head(all, n));
}

/* A user or the instructions give it word for word: then it was asked for. */
static bool is_prescribed(const struct clew_rca_view *v, struct clew_slice command)
{
        for (uint32_t u = 0; u < v->n_units && memchr(command.data, ' ', command.len); u++) {
                if ((v->units[u].origin == CLEW_RCA_USER ||
                     v->units[u].origin == CLEW_RCA_SYSTEM) &&
                    clew_sources_holds(v->units[u].text, command))
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

/* Everything, in the words of shells, of SQL and of arguments: the part that says so, or null, and
 * in @ret_of the table or place that loses all of it, where one is named. */
static struct clew_slice everything_in(struct clew_slice leaf, struct clew_slice *ret_of)
{
        static const struct {
                const char *words;
                bool names; /* what it is done to stands behind the words */
        } all[] = {
                {"rm -rf ", true},
                {"rm -r ", true},
                {"rm -fr ", true},
                {"git add -a", false},
                {"git reset --hard", false},
                {"git checkout -- .", false},
                {"git clean -f", false},
                {"truncate table ", true},
                {"drop table if exists ", true},
                {"drop table ", true},
                {"drop database ", true},
                {"delete from ", true},
        };
        /* One of these is in each of them. */
        static const char *const marks[] = {"rm -", "git ", "table ", "database ", "delete "};
        struct clew_slice t = clew_text_trim(leaf);

        *ret_of = CLEW_SLICE_NULL;
        if ((t.len == 1 && t.data[0] == '*') || (t.len == 3 && clew_text_begins(t, "all")))
                return t;
        if (!says_any(t, marks, CLEW_ARRAY_LEN(marks)))
                return CLEW_SLICE_NULL;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(all); i++) {
                ptrdiff_t at = clew_text_find(t, all[i].words);
                struct clew_slice from;

                if (at < 0)
                        continue;
                from = clew_slice_from(t, (size_t)at);
                if (strcmp(all[i].words, "delete from ") == 0 && clew_text_find(from, "where") >= 0)
                        continue;
                if (all[i].names)
                        *ret_of = first_word(clew_slice_from(from, strlen(all[i].words)));
                return head(from, SHOWN_MAX);
        }
        return CLEW_SLICE_NULL;
}

/* The run's own: what it made itself before, or looked at by name because a user or the
 * instructions spoke of it. */
static bool is_own(const struct clew_rca_view *v, uint32_t i, struct clew_slice what)
{
        /* "/tmp/work/" is named as "work", too. */
        while (what.len && (what.data[what.len - 1] == '/' || what.data[what.len - 1] == '*'))
                what.len--;
        for (size_t k = what.len; k-- > 0;) {
                if (what.data[k] == '/') {
                        what = clew_slice_from(what, k + 1);
                        break;
                }
        }
        if (what.len < OWN_MIN)
                return false;
        for (uint32_t u = 0; u < v->n_units; u++) {
                if ((v->units[u].origin == CLEW_RCA_USER ||
                     v->units[u].origin == CLEW_RCA_SYSTEM) &&
                    memmem(v->units[u].text.data, v->units[u].text.len, what.data, what.len))
                        return true;
        }
        for (uint32_t k = 0; k < i; k++) {
                const struct clew_rca_step *s = &v->steps[k];
                struct clew_slice parts[2] = {s->args, s->result};

                if (s->kind != CLEW_RCA_TOOL || s->deed == CLEW_DEED_READS || clew_rca_has_error(s))
                        continue;
                for (size_t p = 0; p < 2; p++) {
                        if (parts[p].len &&
                            memmem(parts[p].data, parts[p].len, what.data, what.len))
                                return true;
                }
        }
        return false;
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
                ret[n++] = (struct name){t, clew_flat_path(&f), user_says(v, t.text)};
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

static bool any_said(const struct name *names, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                if (names[i].said)
                        return true;
        }
        return false;
}

static bool may_change(const struct clew_rca_step *s)
{
        return s->kind == CLEW_RCA_TOOL && s->caller != CLEW_RCA_NONE && s->args.len > 0 &&
               s->args.len <= ARGS_MAX && s->deed != CLEW_DEED_READS &&
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
        if (clew_deed_hands_in(s->args))
                return;
        clew_flat_init(&f, s->args);
        while (clew_flat_next(&f, &leaf)) {
                struct clew_slice of;
                struct clew_slice all = everything_in(leaf.value, &of);

                if (!all.len || (of.len && is_own(v, i, of)) || is_prescribed(v, one_command(all)))
                        continue;
                /* All of what the user named, and of nothing else. */
                if (!of.len && any_said(names, n) && !clew_rca_runs_programs(s->name))
                        continue;
                if (of.len)
                        clew_finding_say(ret, add(v, ret, i),
                                         "Step %u called %.*s for all of %.*s (%.*s); no user "
                                         "named it or spoke of all.",
                                         v->steps[s->caller].number, CLEW_SHOWN(s->name, 60),
                                         CLEW_SHOWN(of, SHOWN_MAX), CLEW_SHOWN(all, SHOWN_MAX));
                else
                        clew_finding_say(ret, add(v, ret, i),
                                         "Step %u called %.*s for everything (%.*s); no user spoke "
                                         "of all.",
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
                if (!asked && may_speak_of_all(v))
                        return;
                asked = true;
                look_at(v, ret, i);
        }
}
