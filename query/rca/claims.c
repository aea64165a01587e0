/*
 * Rules about what a text claims and the run does not bear out: a tool that was never called, a
 * file that nothing had shown, a mark at the end that the request asked for.
 */
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define CUE_REACH 90u /* bytes between "used" and the name of a tool */
#define NAME_MIN 6u
#define NAME_MAX 64u
#define TOLD_MAX 24u      /* names in one text; one with more is a program */
#define PROMPTS_MAX 8u    /* system prompts that are searched for a tool's name */
#define TAKES_WITHIN 600u /* bytes behind a tool's name in which a prompt tells what it takes */
#define PATH_MIN 5u
#define ENDING_MAX 5u /* letters behind the dot of a file's name */

static bool is_name_char(uint8_t c)
{
        return is_alpha(c) || is_digit(c) || c == '_';
}

/* The next word with an underscore inside, as tools are named and prose is not; from @at on, which
 * moves behind it. */
static struct clew_slice next_identifier(struct clew_slice text, size_t *at)
{
        const uint8_t *bar;

        while (*at < text.len && (bar = memchr(text.data + *at, '_', text.len - *at))) {
                size_t from = (size_t)(bar - text.data);
                size_t to = from;

                while (from > *at && is_name_char(text.data[from - 1]))
                        from--;
                while (to < text.len && is_name_char(text.data[to]))
                        to++;
                *at = to;
                if (to - from >= NAME_MIN && to - from <= NAME_MAX &&
                    memchr(text.data + from + 1, '_', to - from - 2))
                        return clew_slice_make(text.data + from, to - from);
        }
        return CLEW_SLICE_NULL;
}

/* ---- a tool that was never called ----------------------------------------------------------- */

/* What stands before @at in its sentence. */
static struct clew_slice sentence_before(struct clew_slice text, size_t at)
{
        size_t from = at;

        while (from > 0 && at - from < CUE_REACH && text.data[from - 1] != '\n' &&
               text.data[from - 1] != '.')
                from--;
        return clew_slice_make(text.data + from, at - from);
}

/* A system prompt describes a tool by its signature, "name(...)", or as "name: ..." with what it
 * takes; a name alone may be a colleague's. */
static bool is_described(struct clew_slice prompt, struct clew_slice name)
{
        static const char *const takes[] = {"input", "argument", "param", "return", "takes"};
        static const char *const calls[] = {"tool", "function", "call ", "command", "api "};
        struct clew_slice t = prompt;

        while (t.len > name.len) {
                const uint8_t *at = memmem(t.data, t.len, name.data, name.len);
                struct clew_slice rest;

                if (!at)
                        return false;
                rest = clew_slice_from(prompt, (size_t)(at - prompt.data) + name.len);
                if (rest.len && rest.data[0] == '(')
                        return true;
                while (rest.len &&
                       (rest.data[0] == '`' || rest.data[0] == '*' || rest.data[0] == '"'))
                        rest = clew_slice_from(rest, 1);
                if (rest.len && rest.data[0] == ':' && HAS_ANY(head(rest, TAKES_WITHIN), takes))
                        return true;
                if (HAS_ANY(sentence_before(prompt, (size_t)(at - prompt.data)), calls))
                        return true;
                t = clew_slice_from(prompt, (size_t)(at - prompt.data) + 1);
        }
        return false;
}

static bool is_known_tool(const struct clew_rca_view *v, uint32_t llm, struct clew_slice name)
{
        const struct clew_rca_step *s = &v->steps[llm];
        uint32_t prompts = 0;

        for (uint32_t k = 0; s->offer != CLEW_RCA_NONE && k < v->offers[s->offer].n_tools; k++) {
                if (clew_slice_eq(v->offers[s->offer].tools[k].name, name))
                        return true;
        }
        for (uint32_t u = 0; u < v->n_units && prompts < PROMPTS_MAX; u++) {
                if (v->units[u].origin != CLEW_RCA_SYSTEM)
                        continue;
                prompts++;
                if (is_described(v->units[u].text, name))
                        return true;
        }
        return false;
}

/* The letters and digits of @name at @at of @text, whatever case and marks they have there:
 * checkStock for check_stock; the offset behind them, or 0. */
static size_t spelled_at(struct clew_slice text, size_t at, struct clew_slice name)
{
        size_t k = 0;

        while (k < name.len) {
                if (name.data[k] == '_' || name.data[k] == '-') {
                        k++;
                } else if (at < text.len && (text.data[at] == '_' || text.data[at] == '-')) {
                        at++;
                } else if (at < text.len && lower(text.data[at]) == lower(name.data[k])) {
                        at++;
                        k++;
                } else {
                        return 0;
                }
        }
        return at;
}

/* A program, or the arguments of a call, have the name as a word of its own. */
static bool is_word_of(struct clew_slice text, struct clew_slice name)
{
        for (size_t i = 0; i + 3 < text.len; i++) {
                size_t end;

                if (lower(text.data[i]) != lower(name.data[0]) ||
                    (i > 0 && (is_alpha(text.data[i - 1]) || is_digit(text.data[i - 1]))))
                        continue;
                end = spelled_at(text, i, name);
                if (end > 0 &&
                    (end == text.len || !(is_alpha(text.data[end]) || is_digit(text.data[end]))))
                        return true;
        }
        return false;
}

/* The place stands inside quotation marks: somebody else's words. */
static bool is_quoted(struct clew_slice text, size_t at)
{
        const uint8_t *line = memrchr(text.data, '\n', at);
        size_t from = line ? (size_t)(line - text.data) + 1 : 0;
        size_t marks = 0;
        bool open = false;

        /* No byte of either kind of mark, as in most lines. */
        if (!memchr(text.data + from, '"', at - from) && !memchr(text.data + from, 0xe2, at - from))
                return false;
        for (size_t i = at; i-- > 0 && text.data[i] != '\n';) {
                marks += text.data[i] == '"';
                if (!open && i + 3 <= at && memcmp(text.data + i, "\xe2\x80\x9d", 3) == 0)
                        break;
                open |= i + 3 <= at && memcmp(text.data + i, "\xe2\x80\x9c", 3) == 0;
        }
        return marks % 2 || open;
}

/* A text that a model wrote calls it: "name(" or "name (". */
static bool is_called_in(struct clew_slice text, struct clew_slice name)
{
        struct clew_slice t = text;

        while (t.len > name.len) {
                const uint8_t *at = memmem(t.data, t.len, name.data, name.len);
                size_t i;

                if (!at)
                        return false;
                i = (size_t)(at - text.data) + name.len;
                while (i < text.len && text.data[i] == ' ')
                        i++;
                if (i < text.len && text.data[i] == '(')
                        return true;
                t = clew_slice_from(text, (size_t)(at - text.data) + 1);
        }
        return false;
}

/* @a is the name @b, in whatever spelling, or ends in it behind a prefix: mcp__shop__check_stock.
 */
static bool is_same_name(struct clew_slice a, struct clew_slice b)
{
        for (size_t i = 0; i < a.len; i++) {
                if ((i == 0 || !(is_alpha(a.data[i - 1]) || is_digit(a.data[i - 1]))) &&
                    spelled_at(a, i, b) == a.len)
                        return true;
        }
        return false;
}

/* Something of that name ran anywhere in the run: a tool, an agent, a span of another kind, or a
 * program that calls it. Also when too much would have to be searched to know. */
static bool was_called(const struct clew_rca_view *v, struct clew_slice name, size_t *searched)
{
        for (uint32_t i = 0; i < v->trace->n_steps; i++) {
                const struct clew_step *s = &v->trace->steps[i];

                if (is_same_name(s->name, name) || is_same_name(s->tool_name, name) ||
                    is_same_name(s->agent_name, name))
                        return true;
        }
        for (uint32_t c = 0; c < v->n_calls; c++) {
                if (is_same_name(v->calls[c].name, name))
                        return true;
        }
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (is_same_name(v->steps[i].name, name))
                        return true;
        }
        for (uint32_t u = 0; u < v->n_units; u++) {
                const struct clew_rca_unit *unit = &v->units[u];

                if (unit->origin == CLEW_RCA_SYSTEM)
                        continue;
                *searched += unit->text.len;
                if (*searched > CLEW_RCA_SEARCHED_MAX || is_called_in(unit->text, name) ||
                    (unit->origin == CLEW_RCA_ARGS && is_word_of(unit->text, name)))
                        return true;
        }
        return v->partial;
}

void clew_rule_claimed_tool(const struct clew_rca_view *v, struct clew_findings *ret)
{
        size_t searched = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice name;
                uint32_t told = 0;
                size_t at = 0;

                if (s->kind != CLEW_RCA_LLM || s->text.len == 0 || s->text.len > CLEW_RCA_UNIT_MAX)
                        continue;
                while ((name = next_identifier(s->text, &at)).len > 0) {
                        struct clew_finding *f;

                        /* The language of a program, not the tool of that name. */
                        if (name.data >= s->text.data + 3 && memcmp(name.data - 3, "```", 3) == 0)
                                continue;
                        if (told++ >= TOLD_MAX ||
                            is_quoted(s->text, (size_t)(name.data - s->text.data)) ||
                            !clew_text_tells_use(s->text, (size_t)(name.data - s->text.data),
                                                 CUE_REACH) ||
                            !is_known_tool(v, i, name) || was_called(v, name, &searched))
                                continue;
                        f = clew_finding_add(ret, CLEW_RULE_CLAIMED_TOOL, i, 1.0);
                        clew_finding_evidence(
                                f, i, clew_slice_from(s->text, (size_t)(name.data - s->text.data)));
                        clew_finding_say(ret, f,
                                         "Step %u says that it used %.*s; nothing called it.",
                                         s->number, CLEW_SHOWN(name, NAME_MAX));
                        break;
                }
        }
}

/* ---- a file that nothing had shown ---------------------------------------------------------- */

static bool holds(struct clew_slice text, struct clew_slice part)
{
        return text.len >= part.len && part.len > 0 &&
               memmem(text.data, text.len, part.data, part.len) != NULL;
}

/* data.csv, index.html; not df.groupby, pd.read_csv. */
static bool has_ending(struct clew_slice name)
{
        size_t n = 0;

        while (n < name.len && name.data[name.len - 1 - n] != '.') {
                if (!is_alpha(name.data[name.len - 1 - n]) &&
                    !is_digit(name.data[name.len - 1 - n]))
                        return false;
                n++;
        }
        return n > 0 && n <= ENDING_MAX && n + 1 < name.len;
}

/* The last part of the longest path or file name in an error text that the call named too. */
static struct clew_slice missing_name(const struct clew_rca_step *tool, struct clew_slice said)
{
        struct clew_slice text = tool->error_text;
        struct clew_slice best = CLEW_SLICE_NULL;
        size_t i = 0;

        if (text.len > 600)
                text.len = 600;
        while (i < text.len) {
                struct clew_slice base;
                size_t from;
                bool dot = false;

                while (i < text.len && !is_name_char(text.data[i]) && text.data[i] != '/')
                        i++;
                from = i;
                for (; i < text.len && (is_name_char(text.data[i]) || text.data[i] == '/' ||
                                        text.data[i] == '.' || text.data[i] == '-');
                     i++)
                        from = text.data[i] == '/' ? i + 1 : from;
                base = clew_slice_make(text.data + from, i - from);
                while (base.len && base.data[base.len - 1] == '.')
                        base.len--;
                dot = has_ending(base) && (i == text.len || text.data[i] != '(');
                if (base.len < PATH_MIN || base.len <= best.len || !dot)
                        continue;
                if (holds(tool->args, base) || holds(said, base))
                        best = base;
        }
        return best;
}

/* True when something other than a model showed @name before step @i; also when too much would have
 * to be searched to know. */
static bool was_shown(const struct clew_rca_view *v, uint32_t i, struct clew_slice name,
                      size_t *searched)
{
        for (uint32_t u = 0; u < v->n_units && v->units[u].step < i; u++) {
                const struct clew_rca_unit *unit = &v->units[u];

                if (unit->origin == CLEW_RCA_WRITTEN || unit->origin == CLEW_RCA_ARGS)
                        continue;
                *searched += unit->text.len;
                if (*searched > CLEW_RCA_SEARCHED_MAX || holds(unit->text, name))
                        return true;
        }
        return false;
}

/* The run itself had named the file in a call: it made it, meant to, or took it away again. */
static bool was_made(const struct clew_rca_view *v, uint32_t who, struct clew_slice name)
{
        for (uint32_t i = 0; i < who; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_TOOL
                            ? holds(s->args, name)
                            : s->kind == CLEW_RCA_LLM && clew_text_program(s->text) >= 0 &&
                                      holds(s->text, name))
                        return true;
        }
        return false;
}

void clew_rule_invented_name(const struct clew_rca_view *v, struct clew_findings *ret)
{
        size_t searched = 0;

        for (uint32_t i = 0; i < v->n_steps && searched <= CLEW_RCA_SEARCHED_MAX; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                uint32_t who = clew_rca_blame(v, i);
                struct clew_slice name;
                struct clew_finding *f;

                if (s->kind == CLEW_RCA_LLM || !clew_rca_has_error(s) || s->failed_below ||
                    s->trouble != CLEW_TROUBLE_NOT_FOUND || who == CLEW_RCA_NONE)
                        continue;
                name = missing_name(s, v->steps[who].text);
                if (!name.len || clew_deed_only_removes(s->args) || was_made(v, who, name) ||
                    was_shown(v, i, name, &searched))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_INVENTED_NAME, who, 1.0);
                clew_finding_effect(f, i);
                clew_finding_evidence(f, who, v->steps[who].text);
                clew_finding_evidence(f, i, s->error_text);
                clew_finding_say(
                        ret, f,
                        "Step %u asked for %.*s, which does not exist and nothing had shown.",
                        v->steps[who].number, CLEW_SHOWN(name, NAME_MAX));
        }
}

/* ---- a mark that was asked for -------------------------------------------------------------- */

void clew_rule_missing_mark(const struct clew_rca_view *v, struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_LLM || s->mark.len == 0 || s->text.len == 0 ||
                    clew_rca_acted(v, i) || s->failed || holds(s->text, s->mark))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_MISSING_MARK, i, 1.0);
                clew_finding_evidence(f, i, s->mark);
                clew_finding_say(ret, f,
                                 "Step %u was asked to end with %.*s, and did not write it.",
                                 s->number, CLEW_SHOWN(s->mark, NAME_MAX));
        }
}
