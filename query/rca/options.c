/*
 * A rule about choices: an action takes one of several things that stood side by side (the values
 * that its tool allows, or the same field of the records of one result), and the user had said
 * another one of them.
 */
#include "proto/base/json.h"
#include "query/rca/flat.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/text-int.h"

#define WORD_MIN 3u
#define WORD_MAX 40u
#define BEFORE_MAX 12u /* bytes before a word that may turn it */
#define PICKS_MAX 96u  /* values of actions that are looked at in one run */
#define RESULTS_MAX 4u /* that are looked through for one value, newest first */
#define SHARED_MAX 64u /* lines that are looked at for one word */
#define RESULT_MAX 32768u
#define CHOICE_MAX 64u
#define SCHEMA_MAX 65536u
#define LINE_MAX_BYTES 600u
#define PROGRAM_MAX 2000u /* bytes of a command or a program whose words are looked at */
#define ASKED_MAX 256u    /* words of programs whose answer is kept, by their hash */

struct answer {
        struct clew_slice word;
        bool said;
};

struct options {
        const struct clew_rca_view *v;
        const struct clew_acts *acts;
        struct clew_findings *ret;
        uint32_t picks;
        struct answer *answers; /* ASKED_MAX, once a program was met: they say the same again */
};

/* "gift_card" as people say it; false for what is no word. */
static bool spoken(struct clew_slice value, uint8_t room[WORD_MAX], struct clew_slice *ret)
{
        uint32_t letters = 0;

        if (value.len < WORD_MIN || value.len > WORD_MAX)
                return false;
        for (size_t i = 0; i < value.len; i++) {
                uint8_t c = value.data[i];

                if (c == '\\' || c == '\n' || is_digit(c))
                        return false;
                letters += is_alpha(c);
                room[i] = c == '_' ? ' ' : c;
        }
        *ret = clew_slice_make(room, value.len);
        return letters >= WORD_MIN;
}

/* A user said the word, and it is no verb and no denial: not "I would like to express my thanks",
 * "not express". */
static bool is_wanted(const struct clew_acts *acts, struct clew_slice word)
{
        static const char *const others[] = {"like to ", "want to ", "wish to ", "able to ",
                                             "not ",     "not by ",  "not in ",  "n't ",
                                             "without ", "except ",  "no "};
        ptrdiff_t at = clew_acts_heard_at(acts, word, 0);

        for (; at >= 0; at = clew_acts_heard_at(acts, word, (size_t)at + 1)) {
                struct clew_slice before = tail(head(acts->heard_lower, (size_t)at), BEFORE_MAX);
                bool other = false;

                for (size_t k = 0; k < CLEW_ARRAY_LEN(others); k++) {
                        size_t n = strlen(others[k]);

                        other |= before.len >= n && memcmp(tail(before, n).data, others[k], n) == 0;
                }
                if (!other)
                        return true;
        }
        return false;
}

static bool was_said(const struct options *o, struct clew_slice value)
{
        uint8_t room[WORD_MAX];
        struct clew_slice word;

        return spoken(value, room, &word) && is_wanted(o->acts, word);
}

/* The same for a word of a program. */
static bool word_was_said(struct options *o, struct clew_slice word)
{
        uint64_t hash = 0;
        size_t at;

        for (size_t i = 0; i < word.len; i++)
                hash = word_hash_add(hash, word.data[i]);
        at = word_hash_end(hash) % ASKED_MAX;
        if (!o->answers)
                o->answers = clew_arena_calloc(o->v->arena, ASKED_MAX, sizeof(*o->answers));
        if (!o->answers)
                return false;
        if (!clew_slice_eq(o->answers[at].word, word))
                o->answers[at] = (struct answer){word, was_said(o, word)};
        return o->answers[at].said;
}

/* Some action takes it. */
static bool taken(const struct options *o, struct clew_slice value)
{
        for (uint32_t i = 0; i < o->acts->n; i++) {
                struct clew_slice args = head(o->acts->items[i].args, CLEW_ACTS_ARGS_MAX);

                if (clew_find(args, value.data, value.len))
                        return true;
        }
        return false;
}

/* One word is a part of the other: "card" and "gift card" are no two things. */
static bool overlap(struct clew_slice a, struct clew_slice b)
{
        return a.len >= b.len ? clew_find(a, b.data, b.len) != NULL
                              : clew_find(b, a.data, a.len) != NULL;
}

static bool say(struct options *o, const struct clew_act *act, struct clew_slice took,
                struct clew_slice other, uint32_t source)
{
        const struct clew_rca_view *v = o->v;
        struct clew_finding *f = clew_finding_add(o->ret, CLEW_RULE_OPTION, act->who, 1.0);

        clew_finding_effect(f, act->step == act->who ? CLEW_RCA_NONE : act->step);
        clew_finding_evidence(f, act->step, act->args);
        if (source == CLEW_RCA_NONE) {
                clew_finding_say(o->ret, f,
                                 "Step %u called %.*s with \"%.*s\"; the tool offers \"%.*s\" too, "
                                 "as the user said.",
                                 v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                                 CLEW_SHOWN(took, WORD_MAX), CLEW_SHOWN(other, WORD_MAX));
                return true;
        }
        clew_finding_evidence(f, source, other);
        clew_finding_say(o->ret, f,
                         "Step %u called %.*s with \"%.*s\"; step %u shows \"%.*s\" beside it, as "
                         "the user said.",
                         v->steps[act->who].number, CLEW_SHOWN(act->name, 60),
                         CLEW_SHOWN(took, WORD_MAX), v->steps[source].number,
                         CLEW_SHOWN(other, WORD_MAX));
        return true;
}

/* ---- values that a tool allows --------------------------------------------------------------- */

static const struct clew_tool_definition *tool_of(const struct clew_rca_view *v,
                                                  const struct clew_act *act)
{
        uint32_t offer = v->steps[act->who].offer;

        for (uint32_t k = 0; offer != CLEW_RCA_NONE && k < v->offers[offer].n_tools; k++) {
                if (clew_slice_eq(v->offers[offer].tools[k].name, act->name))
                        return &v->offers[offer].tools[k];
        }
        return NULL;
}

/* The list of strings that holds @took, in a schema: its other members that a user said. Null when
 * there is none, or when a list without it could be meant. */
static struct clew_slice allowed_too(const struct options *o, struct clew_slice schema,
                                     struct clew_slice took)
{
        struct clew_json_reader r = clew_json_reader_make(schema, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_slice other = CLEW_SLICE_NULL;
        bool has = false;
        bool in_enum = false;

        for (;;) {
                enum clew_json_token token = clew_json_next(&r);

                if (token == CLEW_JSON_END)
                        return CLEW_SLICE_NULL;
                if (token == CLEW_JSON_KEY) {
                        in_enum = r.text.len == 4 && memcmp(r.text.data, "enum", 4) == 0;
                        has = false;
                        other = CLEW_SLICE_NULL;
                } else if (token == CLEW_JSON_STRING && in_enum) {
                        has |= clew_slice_eq(r.text, took);
                        if (!clew_slice_eq(r.text, took) && !overlap(r.text, took) &&
                            was_said(o, r.text))
                                other = r.text;
                } else if (token == CLEW_JSON_ARRAY_END && in_enum) {
                        if (has && other.len)
                                return other;
                        in_enum = false;
                }
        }
}

static bool in_schema(struct options *o, const struct clew_act *act, struct clew_slice took)
{
        const struct clew_tool_definition *tool = tool_of(o->v, act);
        struct clew_slice other;

        if (!tool || tool->schema.len > SCHEMA_MAX)
                return false;
        other = allowed_too(o, tool->schema, took);
        return other.len && !taken(o, other) && say(o, act, took, other, CLEW_RCA_NONE);
}

/* ---- fields of a result ---------------------------------------------------------------------- */

static uint64_t path_of(struct clew_slice result, struct clew_slice took)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, result);
        while (f.is_json && clew_flat_next(&f, &leaf)) {
                if (leaf.is_string && clew_slice_eq(leaf.value, took))
                        return clew_flat_path(&f);
        }
        return 0;
}

/* What stands in @result where @took does, and a user said. */
static struct clew_slice beside(const struct options *o, struct clew_slice result,
                                struct clew_slice took)
{
        uint64_t path = path_of(result, took);
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        uint32_t n = 0;

        clew_flat_init(&f, result);
        while (path && n < CHOICE_MAX && clew_flat_next(&f, &leaf)) {
                if (!leaf.is_string || clew_flat_path(&f) != path ||
                    clew_slice_eq(leaf.value, took))
                        continue;
                n++;
                if (!overlap(leaf.value, took) && was_said(o, leaf.value))
                        return leaf.value;
        }
        return CLEW_SLICE_NULL;
}

static bool in_results(struct options *o, const struct clew_act *act, struct clew_slice took)
{
        const struct clew_rca_view *v = o->v;
        uint32_t looked = 0;

        for (uint32_t k = act->step; k-- > 0 && looked < RESULTS_MAX;) {
                const struct clew_rca_step *s = &v->steps[k];
                struct clew_slice other;

                if (s->kind != CLEW_RCA_TOOL || s->result.len == 0 || s->result.len > RESULT_MAX ||
                    !clew_find(s->result, took.data, took.len))
                        continue;
                looked++;
                other = beside(o, s->result, took);
                if (other.len)
                        return !taken(o, other) && say(o, act, took, other, k);
        }
        return false;
}

/* ---- items of a line ------------------------------------------------------------------------- */

/* "paid" of " \"paid\"", "bread" of " a bread 1": what stands between two commas, without marks,
 * articles and its number. */
static struct clew_slice bare_item(struct clew_slice t)
{
        static const char *const articles[] = {"a ", "an ", "the ", "and ", "or ", "some "};
        bool again = true;

        while (t.len && !is_alpha(t.data[0]))
                t = clew_slice_from(t, 1);
        while (t.len && !is_alpha(t.data[t.len - 1]))
                t.len--;
        while (again) {
                again = false;
                for (size_t i = 0; i < CLEW_ARRAY_LEN(articles) && !again; i++) {
                        size_t n = strlen(articles[i]);

                        again = t.len > n &&
                                clew_text_begins(clew_slice_make(t.data, n), articles[i]);
                        if (again)
                                t = clew_slice_from(t, n);
                }
        }
        return t;
}

/* The next item of a line; false at its end. */
static bool next_item(struct clew_slice line, size_t *at, struct clew_slice *ret)
{
        size_t from = *at;

        if (from >= line.len)
                return false;
        while (*at < line.len && line.data[*at] != ',' && line.data[*at] != '|' &&
               line.data[*at] != ';' && line.data[*at] != '\t')
                (*at)++;
        *ret = bare_item(clew_slice_make(line.data + from, *at - from));
        (*at)++;
        return true;
}

static struct clew_slice line_around(struct clew_slice t, size_t at)
{
        size_t from = at;
        size_t to = at;

        while (from > 0 && t.data[from - 1] != '\n' && at - from < LINE_MAX_BYTES)
                from--;
        while (to < t.len && t.data[to] != '\n' && to - at < LINE_MAX_BYTES)
                to++;
        return clew_slice_make(t.data + from, to - from);
}

/* @took is an item of the line, and so is something that a user said and no action holds. */
static struct clew_slice item_beside(const struct options *o, struct clew_slice line,
                                     struct clew_slice took)
{
        struct clew_slice item;
        struct clew_slice other = CLEW_SLICE_NULL;
        bool has = false;
        size_t at = 0;

        if (clew_text_find(line, "import ") >= 0)
                return CLEW_SLICE_NULL;
        for (size_t i = 0; i < line.len; i++) {
                if (strchr("(){}=<>/", line.data[i]) && line.data[i])
                        return CLEW_SLICE_NULL; /* a line of a program */
        }
        while (next_item(line, &at, &item)) {
                has |= clew_slice_eq(item, took);
                if (!other.len && !clew_slice_eq(item, took) && !overlap(item, took) &&
                    was_said(o, item) && !taken(o, item))
                        other = item;
        }
        return has ? other : CLEW_SLICE_NULL;
}

/* @other is an item of a line without @took, too: what all records share tells none from another.
 */
static bool is_shared(const struct options *o, uint32_t before, struct clew_slice took,
                      struct clew_slice other)
{
        const struct clew_rca_view *v = o->v;
        uint32_t looked = 0;

        for (uint32_t k = before; k-- > 0 && looked < SHARED_MAX;) {
                struct clew_slice t = head(v->steps[k].result, RESULT_MAX);
                const uint8_t *hit = NULL;

                while (v->steps[k].kind == CLEW_RCA_TOOL && looked < SHARED_MAX &&
                       (hit = clew_find(t, other.data, other.len)) != NULL) {
                        struct clew_slice line = line_around(t, (size_t)(hit - t.data));
                        struct clew_slice item;
                        bool has = false;
                        size_t at = 0;

                        looked++;
                        while (next_item(line, &at, &item))
                                has |= clew_slice_eq(item, other);
                        if (has && !clew_find(line, took.data, took.len))
                                return true;
                        t = clew_slice_from(t, (size_t)(line.data + line.len - t.data));
                }
        }
        return false;
}

static bool in_lines(struct options *o, const struct clew_act *act, struct clew_slice took)
{
        const struct clew_rca_view *v = o->v;
        uint32_t looked = 0;

        for (uint32_t k = act->step; k-- > 0 && looked < RESULTS_MAX;) {
                struct clew_slice t = v->steps[k].result;
                const uint8_t *hit;
                struct clew_slice other;

                if (v->steps[k].kind != CLEW_RCA_TOOL || t.len == 0 || t.len > RESULT_MAX)
                        continue;
                hit = clew_find(t, took.data, took.len);
                if (!hit)
                        continue;
                looked++;
                other = item_beside(o, line_around(t, (size_t)(hit - t.data)), took);
                if (other.len)
                        return !is_shared(o, act->step, took, other) && say(o, act, took, other, k);
        }
        return false;
}

/* The words of a command or a program: "billed" of "df.billed.sum()". */
static bool look_at_words(struct options *o, const struct clew_act *act, struct clew_slice text)
{
        size_t at = 0;

        text = head(text, PROGRAM_MAX);
        while (at < text.len && o->picks < PICKS_MAX) {
                size_t from = at;
                struct clew_slice word;

                while (at < text.len && (is_alpha(text.data[at]) || text.data[at] == '_'))
                        at++;
                word = clew_slice_make(text.data + from, at - from);
                at += at == from;
                if (word.len < WORD_MIN + 1 || word.len > WORD_MAX || word_was_said(o, word))
                        continue;
                o->picks++;
                if (in_lines(o, act, word))
                        return true;
        }
        return false;
}

static bool look_at(struct options *o, const struct clew_act *act)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, head(act->args, CLEW_ACTS_ARGS_MAX));
        if (!f.is_json)
                return look_at_words(o, act, act->args);
        while (o->picks < PICKS_MAX && clew_flat_next(&f, &leaf)) {
                uint8_t room[WORD_MAX];
                struct clew_slice word;

                if (leaf.is_string && leaf.value.len > WORD_MAX &&
                    clew_rca_runs_programs(act->name) && look_at_words(o, act, leaf.value))
                        return true;
                if (!leaf.is_string || !spoken(leaf.value, room, &word) ||
                    clew_acts_said(o->acts, word))
                        continue;
                o->picks++;
                if (in_schema(o, act, leaf.value) || in_results(o, act, leaf.value))
                        return true;
        }
        return false;
}

void clew_rule_option(const struct clew_rca_view *v, const struct clew_acts *acts,
                      struct clew_findings *ret)
{
        struct options o = {v, acts, ret, 0, NULL};

        for (uint32_t i = 0; acts->heard.len && i < acts->n; i++) {
                if (look_at(&o, &acts->items[i]))
                        return;
        }
}
