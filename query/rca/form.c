/*
 * A rule about the form of an answer that the request, or the instructions, fix in numbers or as
 * JSON: "in three sentences", "at most 20 words", "only the number", "as JSON".
 */
#include "proto/base/json.h"
#include "query/rca/request-rules-int.h"
#include "query/rca/text-int.h"

#define ASKED_MAX 16384u
#define ANSWER_MAX 4000u
#define LABEL_MAX 24u  /* bytes of "Final answer:" and its like */
#define NUMBER_MAX 24u /* bytes of an answer that is a bare number */

static const struct {
        const char *word;
        uint32_t number;
} numerals[] = {{"one", 1}, {"two", 2},   {"three", 3}, {"four", 4}, {"five", 5},
                {"six", 6}, {"seven", 7}, {"eight", 8}, {"ten", 10}};

/* The number right before offset @at: "three sentences", "20 words"; 0 when there is none. */
static uint32_t number_before(struct clew_slice t, size_t at, size_t *ret_from)
{
        size_t end = at;
        size_t from;
        uint32_t n = 0;

        if (end < 2 || (t.data[end - 1] != ' ' && t.data[end - 1] != '-'))
                return 0;
        from = --end;
        while (from > 0 && (is_alpha(t.data[from - 1]) || is_digit(t.data[from - 1])))
                from--;
        *ret_from = from;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(numerals); i++) {
                if (end - from == strlen(numerals[i].word) &&
                    clew_text_find(clew_slice_make(t.data + from, end - from), numerals[i].word) ==
                            0)
                        return numerals[i].number;
        }
        for (size_t i = from; i < end; i++) {
                if (!is_digit(t.data[i]) || n > 1000)
                        return 0;
                n = n * 10 + (uint32_t)(t.data[i] - '0');
        }
        return n;
}

/* "at most three sentences": how many may be written; 0 when nothing says so. */
static uint32_t most_of(struct clew_slice t, const char *unit)
{
        static const char *const before[] = {"at most ", "no more than ", "maximum of ",
                                             "max ",     "up to ",        "not more than ",
                                             "within ",  "max. ",         "maximum "};
        ptrdiff_t at = clew_text_find(t, unit);
        size_t from = 0;
        uint32_t n;

        if (at <= 0)
                return 0;
        n = number_before(t, (size_t)at, &from);
        for (size_t i = 0; n && i < CLEW_ARRAY_LEN(before); i++) {
                size_t len = strlen(before[i]);

                if (from >= len &&
                    clew_text_begins(clew_slice_make(t.data + from - len, len), before[i]))
                        return n;
        }
        return 0;
}

static uint32_t sentences_of(struct clew_slice t)
{
        uint32_t n = 0;

        for (size_t i = 0; i + 1 < t.len; i++) {
                if ((t.data[i] == '.' || t.data[i] == '!' || t.data[i] == '?') &&
                    is_space(t.data[i + 1]) && i > 1 && is_alpha(t.data[i - 1]) &&
                    is_alpha(t.data[i - 2]))
                        n++;
        }
        return n + (t.len > 0);
}

static uint32_t words_of(struct clew_slice t)
{
        uint32_t n = 0;
        bool in = false;

        for (size_t i = 0; i < t.len; i++) {
                bool space = is_space(t.data[i]);

                n += !space && !in;
                in = !space;
        }
        return n;
}

static bool is_number(struct clew_slice t)
{
        bool digit = false;

        for (size_t i = 0; i < t.len; i++) {
                digit |= is_digit(t.data[i]);
                if (is_alpha(t.data[i]) && t.data[i] < 0x80 && t.len > NUMBER_MAX)
                        return false;
        }
        return digit && words_of(t) <= 2;
}

static bool wants_bare_number(struct clew_slice t)
{
        static const char *const words[] = {
                "only the number",  "just the number",        "only a number",   "just a number",
                "bare number",      "nothing but the number", "a single number", "the number only",
                "the number alone", "number and nothing else"};

        static const char *const more[] = {"number and the", "number and its", "number and a "};
        uint32_t questions = 0;

        if (clew_text_find(t, "number") < 0)
                return false; /* it is in each of them */
        for (size_t i = 0; i < t.len; i++)
                questions += t.data[i] == '?';
        if (questions > 1 || HAS_ANY(tail(t, LOWER_MAX), more) || HAS_ANY(head(t, LOWER_MAX), more))
                return false;
        return HAS_ANY(tail(t, LOWER_MAX), words) || HAS_ANY(head(t, LOWER_MAX), words);
}

static void say(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t who,
                const char *what, uint32_t has, uint32_t may)
{
        struct clew_finding *f = clew_finding_add(ret, CLEW_RULE_FORM, who, 1.0);

        clew_finding_evidence(f, who, v->steps[who].text);
        if (may)
                clew_finding_say(ret, f, "Step %u answers in %u %s; at most %u were asked for.",
                                 v->steps[who].number, has, what, may);
        else
                clew_finding_say(ret, f, "Step %u answers in %u words; %s was asked for.",
                                 v->steps[who].number, has, what);
}

/* @t without a label before it ("Final answer: ") and the word that ends a talk behind it. */
static struct clew_slice bare(struct clew_slice t)
{
        static const char *const ends[] = {"terminate", "<end>", "[end]", "<done>", "[done]"};
        static const char *const labels[] = {"final",  "answer",   "final answer", "the answer",
                                             "result", "response", "output"};
        const uint8_t *colon =
                t.len ? memchr(t.data, ':', t.len < LABEL_MAX ? t.len : LABEL_MAX) : NULL;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                size_t len = strlen(ends[i]);

                if (t.len > len && clew_text_begins(tail(t, len), ends[i]))
                        t = clew_text_trim(head(t, t.len - len));
        }
        for (size_t i = 0; colon && i < CLEW_ARRAY_LEN(labels); i++) {
                size_t len = (size_t)(colon - t.data);

                if (len == strlen(labels[i]) && clew_text_begins(t, labels[i]))
                        return clew_text_trim(clew_slice_from(t, len + 1));
        }
        return t;
}

void clew_rule_form(const struct clew_rca_view *v, const struct clew_acts *acts,
                    struct clew_findings *ret)
{
        struct clew_slice asked = head(acts->heard, acts->asked);
        struct clew_slice answer = clew_text_trim(v->output);
        uint32_t may;
        uint32_t who;

        if (v->last_llm == CLEW_RCA_NONE || v->talk || asked.len > ASKED_MAX)
                return;
        who = clew_rca_answer_call(v);
        /* What stands on the run may be the answer in an envelope. */
        if (!answer.len || (v->steps[who].n_calls == 0 && v->steps[who].text.len))
                answer = clew_text_trim(v->steps[who].text);
        answer = bare(answer);
        if (!answer.len || answer.len > ANSWER_MAX || clew_text_program(answer) >= 0)
                return;
        may = most_of(asked, "sentences");
        if (may && sentences_of(answer) > may) {
                say(v, ret, who, "sentences", sentences_of(answer), may);
                return;
        }
        may = most_of(asked, "words");
        if (may && words_of(answer) > may + may / 10) {
                say(v, ret, who, "words", words_of(answer), may);
                return;
        }
        if (wants_bare_number(asked) && !is_number(answer))
                say(v, ret, who, "a bare number", words_of(answer), 0);
}
