/*
 * A rule about work that is thrown away: a command puts the files of a repository back to what was
 * committed, after an edit that nothing committed, and no edit follows.
 */
#include "query/rca/flat.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/text-int.h"

#define COMMAND_MAX 600u /* a longer one is a program */

/* The words of the command that puts all files back, or null. */
static struct clew_slice throws_away(struct clew_slice command)
{
        static const char *const words[] = {
                "git checkout -- .", "git checkout .",  "git restore .",  "git reset --hard",
                "git stash",         "hg revert --all", "svn revert -r ."};
        static const char *const none[] = {"stash pop",  "stash apply", "stash list",
                                           "stash show", "stash drop",  "stash clear",
                                           "git commit", "stash branch"};
        struct clew_slice t = head(command, COMMAND_MAX);

        if (command.len > COMMAND_MAX || HAS_ANY(t, none))
                return CLEW_SLICE_NULL;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                ptrdiff_t at = clew_text_find(t, words[i]);

                if (at >= 0)
                        return clew_slice_make(t.data + at, strlen(words[i]));
        }
        return CLEW_SLICE_NULL;
}

static bool has(const struct clew_act *act, const char *word)
{
        return clew_text_find(head(act->args, CLEW_ACTS_ARGS_MAX), word) >= 0;
}

/* An edit, or something that may be one. */
static bool may_edit(const struct clew_rca_view *v, const struct clew_act *act)
{
        const struct clew_rca_step *s = &v->steps[act->step];
        enum clew_deed deed = s->kind == CLEW_RCA_TOOL ? s->deed : clew_deed_of_name(act->name);

        return deed != CLEW_DEED_READS || has(act, "stash pop") || has(act, "stash apply");
}

/* A change of a file that is not one of the version control itself, and went well. */
static bool edits(const struct clew_rca_view *v, const struct clew_act *act)
{
        const struct clew_rca_step *s = &v->steps[act->step];

        return s->kind == CLEW_RCA_TOOL && s->deed == CLEW_DEED_CHANGES && !clew_rca_has_error(s) &&
               !has(act, "git ") && !has(act, "rm ") && !has(act, "mkdir ") && !has(act, "install");
}

/* The name of the file that a command writes anew ("cat > NAME", "tee NAME"), or null. */
static struct clew_slice written_anew(struct clew_slice command)
{
        static const char *const begins[] = {"cat > ", "cat >", "touch ", "tee "};
        struct clew_slice t = clew_text_trim(command);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(begins); i++) {
                struct clew_slice name;
                size_t n = 0;

                if (!clew_text_begins(t, begins[i]) || clew_text_begins(t, "cat >>"))
                        continue;
                name = clew_text_trim(clew_slice_from(t, strlen(begins[i])));
                while (n < name.len && !is_space(name.data[n]) && name.data[n] != '\\')
                        n++;
                return head(name, n);
        }
        return CLEW_SLICE_NULL;
}

/* Action @i makes a file that nothing had named before: what is put back leaves it alone. */
static bool makes_file(const struct clew_acts *acts, uint32_t i, struct clew_slice command)
{
        struct clew_slice name = written_anew(command);

        if (!name.len || clew_find(acts->heard, name.data, name.len))
                return false;
        for (uint32_t k = 0; k < i; k++) {
                if (clew_find(acts->items[k].args, name.data, name.len))
                        return false;
        }
        return true;
}

void clew_rule_discarded(const struct clew_rca_view *v, const struct clew_acts *acts,
                         struct clew_findings *ret)
{
        uint32_t edit = CLEW_RCA_NONE; /* the last one that nothing committed */
        uint32_t lost = CLEW_RCA_NONE;
        uint32_t before = CLEW_RCA_NONE;
        struct clew_slice words = CLEW_SLICE_NULL;
        struct clew_finding *f;

        for (uint32_t i = 0; i < acts->n; i++) {
                const struct clew_act *act = &acts->items[i];
                struct clew_flat flat;
                struct clew_flat_leaf leaf = {.value = act->args};
                struct clew_slice put_back;

                clew_flat_init(&flat, head(act->args, CLEW_ACTS_ARGS_MAX));
                if (flat.is_json && !clew_flat_next(&flat, &leaf))
                        continue;
                put_back = clew_rca_runs_programs(act->name) || act->is_text ||
                                           clew_slice_eq(act->name, v->shell)
                                   ? throws_away(leaf.value)
                                   : CLEW_SLICE_NULL;
                if (put_back.len && !clew_rca_has_error(&v->steps[act->step])) {
                        if (edit != CLEW_RCA_NONE) {
                                lost = i;
                                before = edit;
                                words = put_back;
                        }
                        edit = CLEW_RCA_NONE;
                } else if (has(act, "git commit") || has(act, "git format-patch")) {
                        edit = CLEW_RCA_NONE;
                } else if (edits(v, act)) {
                        edit = makes_file(acts, i, leaf.value) ? edit : i;
                        lost = CLEW_RCA_NONE;
                } else if (lost != CLEW_RCA_NONE && may_edit(v, act) && !has(act, "echo ")) {
                        lost = CLEW_RCA_NONE;
                }
        }
        if (lost == CLEW_RCA_NONE)
                return;
        f = clew_finding_add(ret, CLEW_RULE_DISCARDED, acts->items[lost].who, 1.0);
        clew_finding_effect(f, acts->items[lost].step == acts->items[lost].who
                                       ? CLEW_RCA_NONE
                                       : acts->items[lost].step);
        clew_finding_evidence(f, acts->items[lost].step, acts->items[lost].args);
        clew_finding_evidence(f, acts->items[before].step, acts->items[before].args);
        clew_finding_say(ret, f,
                         "Step %u ran %.*s after the change of step %u, which nothing had "
                         "committed; no later call changed a file.",
                         v->steps[acts->items[lost].who].number, CLEW_SHOWN(words, 40),
                         v->steps[acts->items[before].who].number);
}
