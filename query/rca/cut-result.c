/*
 * A rule about results that say that they are not all: "page 1 of 9", "showing 10 of 88",
 * "has_more": true, lines left out, "the viewport shows 18% of the page". Where no later call asked
 * the same tool, or one that turns pages, the step that read it went on with a part.
 *
 * Most parts are all that somebody wanted: the first lines of a file, the one link on a page of
 * hits. It is told only where the request asks for what no part can tell: the best of all, how
 * many, each of them. Of a page in a browser there is always a part in view; there the step that
 * went on has to take up several names of it, or end the run, before anybody turned the page.
 */
#include "query/rca/request-rules-int.h"
#include "query/rca/text-int.h"

#define RESULT_MAX 16384u /* of which head and tail are read */
#define END_MAX 1000u
#define SHOWN_MAX 60u
#define WANTED_MAX 24u
#define REQUEST_MAX 6000u /* bytes of a request; a longer one holds documents */
#define LISTED_MIN 3u     /* entries of a page that were taken up in one text */
#define ENTRY_MIN 6u      /* bytes of one */
#define ENTRY_MAX 60u
#define TEXT_MAX 4096u  /* bytes of a text that are read */
#define PAGE_MAX 65536u /* bytes of a page in which they are looked up */
#define WHOLE 90u       /* per cent of a page that are as good as all of it */

/* A number at @at; its end, or @at. */
static size_t number_at(struct clew_slice t, size_t at, uint64_t *ret)
{
        *ret = 0;
        while (at < t.len && (is_digit(t.data[at]) || t.data[at] == ',') && *ret < 100000000) {
                if (is_digit(t.data[at]))
                        *ret = *ret * 10 + (uint64_t)(t.data[at] - '0');
                at++;
        }
        return at;
}

/* "page 1 of 9", "showing 1-10 of 88", "showing 10 of 88 results": the words, or null. */
static struct clew_slice counted(struct clew_slice t, const struct lowered *l)
{
        static const char *const words[] = {"page ",  "showing ", "results ", "displaying ",
                                            "first ", "entries ", "lines ",   "rows "};

        for (size_t w = 0; w < CLEW_ARRAY_LEN(words); w++) {
                ptrdiff_t at = word_at(l, words[w]);
                size_t from;
                uint64_t a;
                uint64_t b;

                if (at < 0)
                        continue;
                from = (size_t)at + strlen(words[w]);
                if (from + 6 < t.len &&
                    clew_text_begins(clew_slice_make(t.data + from, 6), "first "))
                        from += 6;
                for (int n = 0; n < 2; n++) {
                        size_t end = number_at(t, from, &a);

                        if (end == from)
                                break;
                        if (end + 4 < t.len && memcmp(t.data + end, " of ", 4) == 0) {
                                size_t last = number_at(t, end + 4, &b);

                                if (last > end + 4 && a > 0 && a < b)
                                        return clew_slice_make(t.data + at, last - (size_t)at);
                                break;
                        }
                        from = end < t.len && t.data[end] == '-' ? end + 1 : t.len;
                }
        }
        return CLEW_SLICE_NULL;
}

static struct clew_slice marked(struct clew_slice t, const struct lowered *l)
{
        static const char *const marks[] = {"\"has_more\": true",
                                            "\"has_more\":true",
                                            "\"hasmore\": true",
                                            "\"hasmore\":true",
                                            "\"truncated\": true",
                                            "\"truncated\":true",
                                            "[truncated",
                                            "(truncated",
                                            "output truncated",
                                            "lines omitted",
                                            "more results available",
                                            "characters omitted",
                                            "output was cut",
                                            "more lines)"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(marks); i++) {
                ptrdiff_t at = word_at(l, marks[i]);

                if (at >= 0)
                        return clew_slice_make(t.data + at, strlen(marks[i]));
        }
        return CLEW_SLICE_NULL;
}

static struct clew_slice not_all(struct clew_slice result)
{
        struct clew_slice parts[2] = {head(result, END_MAX), tail(result, END_MAX)};

        for (int i = 0; i < (result.len > END_MAX ? 2 : 1); i++) {
                struct lowered l;
                struct clew_slice ret;

                make_lowered(parts[i], &l); /* whole: END_MAX is less than it takes */
                ret = counted(parts[i], &l);
                if (!ret.len)
                        ret = marked(parts[i], &l);
                if (ret.len)
                        return ret;
        }
        return CLEW_SLICE_NULL;
}

/* "The viewport shows 18% of the webpage": the words, or null; at its bottom nothing is left. */
static struct clew_slice in_view(struct clew_slice result)
{
        struct clew_slice t = head(result, END_MAX);
        ptrdiff_t at = clew_text_find(t, "viewport shows ");
        uint64_t share;
        size_t end;

        if (at < 0 && clew_text_find(t, "viewport") >= 0) {
                struct lowered l;

                make_lowered(t, &l);
                return counted(t, &l);
        }
        if (at < 0 || clew_text_find(t, "at the bottom of") >= 0)
                return CLEW_SLICE_NULL;
        end = number_at(t, (size_t)at + 15, &share);
        if (end == (size_t)at + 15 || end == t.len || t.data[end] != '%' || share >= WHOLE)
                return CLEW_SLICE_NULL;
        return clew_slice_make(t.data + at, end + 1 - (size_t)at);
}

static bool turns_pages(struct clew_slice name)
{
        static const char *const words[] = {"page", "scroll", "next", "more", "down"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_text_find(name, words[i]) >= 0)
                        return true;
        }
        return false;
}

/* It looks at more of the page that is open, and opens no other. */
static bool reads_on(struct clew_slice name)
{
        static const char *const opens[] = {"visit", "open", "goto", "go_to", "navigate", "back"};
        static const char *const looks[] = {"find", "answer", "summar", "question"};

        return !HAS_ANY(name, opens) && (turns_pages(name) || HAS_ANY(name, looks));
}

static bool went_on(const struct clew_rca_view *v, const struct clew_acts *acts, uint32_t i)
{
        for (uint32_t k = 0; k < acts->n; k++) {
                const struct clew_act *a = &acts->items[k];

                if (a->step > i && (a->is_text || clew_slice_eq(a->name, v->steps[i].name) ||
                                    turns_pages(a->name) || clew_rca_runs_programs(a->name)))
                        return true;
        }
        return false;
}

/* As many were asked for as the user wanted: a number of the call that a user said. */
static bool is_as_many_as_wanted(const struct clew_acts *acts, struct clew_slice args)
{
        struct clew_token_iter it = clew_tokens_of(head(args, CLEW_ACTS_ARGS_MAX));
        struct clew_token t;

        while (clew_token_next(&it, &t)) {
                if (t.is_number && t.number >= 1 && clew_acts_said(acts, t.text))
                        return true;
        }
        return false;
}

/* "which gyms": the words, or null. */
static struct clew_slice which_of_many(const struct clew_acts *acts)
{
        struct clew_slice t = head(acts->heard, acts->asked);
        ptrdiff_t at = clew_acts_heard_at(acts, CLEW_SLICE_LITERAL("which"), 0);
        size_t end = (size_t)at + 6;

        if (at < 0 || end > t.len)
                return CLEW_SLICE_NULL;
        while (end < t.len && is_alpha(t.data[end]))
                end++;
        return end - (size_t)at > 9 && t.data[end - 1] == 's' && t.data[end - 2] != 's'
                       ? clew_slice_make(t.data + at, end - (size_t)at)
                       : CLEW_SLICE_NULL;
}

/* What a part cannot tell, and the request asks for; null when it asks for nothing of the kind. */
static struct clew_slice wants_all(const struct clew_acts *acts)
{
        static const char *const words[] = {
                "how many", "number of", "highest",  "lowest",  "closest", "nearest",
                "oldest",   "newest",    "latest",   "largest", "biggest", "smallest",
                "longest",  "shortest",  "cheapest", "most",    "least",   "best",
                "worst",    "earliest",  "furthest", "fewest",  "all",     "every",
                "each",     "total",     "list",     "count",   "top",     "sum"};

        if (acts->asked >= REQUEST_MAX)
                return CLEW_SLICE_NULL;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                struct clew_slice word = clew_slice_make(words[i], strlen(words[i]));
                ptrdiff_t at = clew_acts_heard_at(acts, word, 0);

                /* "at least three" is a limit. */
                if (at >= 0 && (size_t)at + word.len <= acts->asked &&
                    (at < 3 || memcmp(acts->heard_lower.data + at - 3, "at ", 3) != 0))
                        return clew_slice_make(acts->heard.data + at, word.len);
        }
        return which_of_many(acts);
}

/* The end of an entry at @from: a line's, also one that JSON tells, or a comma's; and where the
 * next one begins. */
static size_t entry_end(struct clew_slice t, size_t from, size_t *next)
{
        static const char *const ends[] = {"\\n", "\n", "', '", "\", \"", ", and ", " and ", ", "};
        size_t best = t.len;

        *next = t.len;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                size_t n = strlen(ends[i]);
                const uint8_t *at =
                        clew_find(head(clew_slice_from(t, from), best - from + n), ends[i], n);

                if (at && (size_t)(at - t.data) < best) {
                        best = (size_t)(at - t.data);
                        *next = best + n;
                }
        }
        return best;
}

/* Without its number, mark of a list, quotes and the words that lead to the first one. */
static struct clew_slice bare(struct clew_slice entry)
{
        size_t i = 0;

        for (size_t k = 0; k + 1 < entry.len; k++) {
                if (entry.data[k] == ':' ||
                    (entry.data[k] == '\'' && k > 0 && entry.data[k - 1] == ' '))
                        i = k + 1;
        }
        while (i < entry.len && (is_space(entry.data[i]) || is_digit(entry.data[i]) ||
                                 memchr(".)*-'\"[", entry.data[i], 7)))
                i++;
        while (entry.len > i && memchr("'\".,?)]", entry.data[entry.len - 1], 7))
                entry.len--;
        return clew_slice_make(entry.data + i, entry.len - i);
}

/* How many entries of a list in @text the page shows word for word, and the request does not. */
static uint32_t listed_in(const struct clew_acts *acts, struct clew_slice text,
                          struct clew_slice page)
{
        uint32_t n = 0;

        text = head(text, TEXT_MAX);
        for (size_t at = 0, next = 0; at < text.len; at = next) {
                struct clew_slice e =
                        clew_slice_make(text.data + at, entry_end(text, at, &next) - at);

                e = bare(e);
                if (e.len < ENTRY_MIN || e.len > ENTRY_MAX || e.data[0] < 'A' || e.data[0] > 'Z' ||
                    clew_find(head(acts->heard, acts->asked), e.data, e.len) ||
                    !clew_find(page, e.data, e.len))
                        continue;
                /* Two titles in quotes are a list; two words between commas may be an address. */
                n += e.data > text.data && (e.data[-1] == '\'' || e.data[-1] == '"') ? 2 : 1;
        }
        return n;
}

/* The same of what step @i wrote and of what it called for. */
static uint32_t listed_by(const struct clew_rca_view *v, const struct clew_acts *acts, uint32_t i,
                          struct clew_slice page)
{
        const struct clew_rca_step *s = &v->steps[i];
        uint32_t n = listed_in(acts, s->text, page);

        for (uint32_t k = 0; k < s->n_calls && n < LISTED_MIN; k++)
                n = listed_in(acts, v->calls[s->first_call + k].args, page);
        return n;
}

/* It gives a number that neither the page nor the request shows: a count of what was in view. */
static bool gives_count(const struct clew_acts *acts, struct clew_slice text,
                        struct clew_slice page)
{
        struct clew_token_iter it = clew_tokens_of(head(text, TEXT_MAX));
        struct clew_token t;

        while (clew_token_next(&it, &t)) {
                if (t.is_number && t.number >= 2 && !clew_acts_said(acts, t.text) &&
                    clew_acts_find(page, t.text, 0) < 0)
                        return true;
        }
        return false;
}

static bool asks_for_number(struct clew_slice wanted)
{
        return (wanted.len == 8 && clew_text_begins(wanted, "how many")) ||
               clew_slice_eq_cstr(wanted, "number of") || clew_slice_eq_cstr(wanted, "count");
}

static const struct clew_act *next_act(const struct clew_acts *acts, uint32_t i)
{
        for (uint32_t k = 0; k < acts->n; k++) {
                if (acts->items[k].step > i)
                        return &acts->items[k];
        }
        return NULL;
}

/* Who went on behind the page of step @i: of several calls before the next action the last one,
 * which gave the order for it or the answer; else who took that action. */
static uint32_t reader_of(const struct clew_rca_view *v, uint32_t i, const struct clew_act *next)
{
        uint32_t end = next ? next->who : v->n_steps;

        for (uint32_t k = end; k-- > i + 1;) {
                if (v->steps[k].kind == CLEW_RCA_LLM && v->steps[k].text.len)
                        return k;
        }
        return next && next->who > i ? next->who : CLEW_RCA_NONE;
}

/* A page of which a part was in view: the next action does not read on, and who ordered that took
 * several names from the part, or the run ended. */
static bool judge_view(const struct clew_rca_view *v, const struct clew_acts *acts, uint32_t i,
                       struct clew_slice mark, struct clew_slice wanted, struct clew_findings *ret)
{
        const struct clew_act *next = next_act(acts, i);
        uint32_t who = next && reads_on(next->name) ? CLEW_RCA_NONE : reader_of(v, i, next);
        struct clew_slice page = head(v->steps[i].result, PAGE_MAX);
        struct clew_finding *f;

        if (who == CLEW_RCA_NONE || clew_rca_has_error(&v->steps[who]))
                return false;
        if (listed_by(v, acts, who, page) < LISTED_MIN &&
            (!asks_for_number(wanted) || clew_text_find(v->steps[who].text, "counting") < 0 ||
             !gives_count(acts, v->steps[who].text, page)))
                return false;
        f = clew_finding_add(ret, CLEW_RULE_CUT_RESULT, who, 1.0);
        clew_finding_effect(f, i);
        clew_finding_evidence(f, who, v->steps[who].text);
        clew_finding_evidence(f, i, mark);
        clew_finding_say(ret, f,
                         "Step %u went on with a part: step %u (%.*s) says \"%.*s\", and the next "
                         "action does not read on; the request asks for \"%.*s\".",
                         v->steps[who].number, v->steps[i].number, CLEW_SHOWN(v->steps[i].name, 60),
                         CLEW_SHOWN(mark, SHOWN_MAX), CLEW_SHOWN(wanted, WANTED_MAX));
        return f != NULL;
}

void clew_rule_cut_result(const struct clew_rca_view *v, const struct clew_acts *acts,
                          struct clew_findings *ret)
{
        struct clew_slice wanted = wants_all(acts);

        for (uint32_t i = 0; wanted.len && i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice mark;
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_TOOL || s->result.len == 0 ||
                    s->next_llm == CLEW_RCA_NONE || clew_rca_has_error(s))
                        continue;
                mark = in_view(s->result);
                if (mark.len && judge_view(v, acts, i, mark, wanted, ret))
                        return;
                if (mark.len)
                        continue;
                mark = not_all(s->result);
                if (!mark.len || went_on(v, acts, i) || is_as_many_as_wanted(acts, s->args))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_CUT_RESULT, s->next_llm, 1.0);
                clew_finding_effect(f, i);
                clew_finding_evidence(f, i, mark);
                clew_finding_say(
                        ret, f,
                        "Step %u went on with a part: the result of step %u (%.*s) says "
                        "\"%.*s\", and it was not called again; the request asks for \"%.*s\".",
                        v->steps[s->next_llm].number, s->number, CLEW_SHOWN(s->name, 60),
                        CLEW_SHOWN(mark, SHOWN_MAX), CLEW_SHOWN(wanted, WANTED_MAX));
                return;
        }
}
