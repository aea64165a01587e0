/*
 * A rule about results that say that they are not all: "page 1 of 9", "showing 10 of 88",
 * "has_more": true, lines left out. Where no later call asked the same tool, or one that turns
 * pages, the step that read it went on with a part.
 */
#include "query/rca/request-rules-int.h"
#include "query/rca/text-int.h"

#define RESULT_MAX 16384u /* of which head and tail are read */
#define END_MAX 1000u
#define SHOWN_MAX 60u

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

static bool turns_pages(struct clew_slice name)
{
        static const char *const words[] = {"page", "scroll", "next", "more", "down"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_text_find(name, words[i]) >= 0)
                        return true;
        }
        return false;
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

void clew_rule_cut_result(const struct clew_rca_view *v, const struct clew_acts *acts,
                          struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice mark;
                struct clew_finding *f;

                if (s->kind != CLEW_RCA_TOOL || s->result.len == 0 ||
                    s->next_llm == CLEW_RCA_NONE || clew_rca_has_error(s))
                        continue;
                mark = not_all(s->result);
                if (!mark.len || went_on(v, acts, i) || is_as_many_as_wanted(acts, s->args))
                        continue;
                f = clew_finding_add(ret, CLEW_RULE_CUT_RESULT, s->next_llm, 1.0);
                clew_finding_effect(f, i);
                clew_finding_evidence(f, i, mark);
                clew_finding_say(ret, f,
                                 "Step %u went on with a part: the result of step %u (%.*s) says "
                                 "\"%.*s\", and it was not called again.",
                                 v->steps[s->next_llm].number, s->number, CLEW_SHOWN(s->name, 60),
                                 CLEW_SHOWN(mark, SHOWN_MAX));
                return;
        }
}
