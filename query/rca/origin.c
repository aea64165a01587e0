/*
 * One more place: who first wrote what the run's answer gives. The call that answers often only
 * repeats a figure or a name that came up long before; who looks for the mistake has to look there.
 *
 * What an answer gives are its values that nobody had asked with (figures, ids), or where it has
 * none its names. The model call by which half of them were written is told, and nothing when that
 * is the answer itself.
 */
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#define GIVEN_MAX 8u   /* values of one answer that are looked for */
#define DIGITS_MIN 3u  /* two stand anywhere */
#define NAME_MIN 4u    /* bytes of a name */
#define TAIL_MAX 400u  /* bytes of an answer that are read: reports end with what they found */
#define TEXT_MAX 4096u /* bytes of a text from either end that are searched */
#define OTHER_MAX 32u
#define SHOWN_MAX 40u

struct value {
        struct clew_slice text;
        char other[OTHER_MAX]; /* the other spelling: 97,781 for 97781, and back; may be "" */
};

struct given {
        struct value values[GIVEN_MAX];
        uint32_t n;
};

/* A user said it. */
static bool was_said(const struct clew_rca_view *v, struct clew_slice value)
{
        for (uint32_t u = 0; u < v->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_USER && holds_whole(v->units[u].text, value))
                        return true;
        }
        return false;
}

static void give(const struct clew_rca_view *v, struct value value, struct given *ret)
{
        for (uint32_t i = 0; i < ret->n; i++) {
                if (clew_slice_eq(ret->values[i].text, value.text))
                        return;
        }
        if (ret->n < GIVEN_MAX && !was_said(v, value.text))
                ret->values[ret->n++] = value;
}

/* What programs call yes, no and nothing: no name. */
static bool is_literal(struct clew_slice word)
{
        static const char *const words[] = {"True", "False", "None", "Null"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_slice_eq_cstr(word, words[i]))
                        return true;
        }
        return false;
}

static void give_names(const struct clew_rca_view *v, struct clew_slice t, struct given *ret)
{
        for (size_t i = 0; i < t.len;) {
                size_t from;

                for (; i < t.len && !clew_word_class[t.data[i]]; i++)
                        ;
                from = i;
                for (; i < t.len && clew_word_class[t.data[i]]; i++)
                        ;
                if (i - from >= NAME_MIN && t.data[from] >= 'A' && t.data[from] <= 'Z' &&
                    !is_literal(clew_slice_make(t.data + from, i - from)))
                        give(v, (struct value){.text = clew_slice_make(t.data + from, i - from)},
                             ret);
        }
}

/* Without the commas between thousands, or with them where it has none. */
static void spell(struct value *value)
{
        struct clew_slice t = value->text;
        size_t whole = 0; /* digits before a point */
        size_t n = 0;

        if (t.len * 2 > OTHER_MAX)
                return;
        while (whole < t.len && is_digit(t.data[whole]))
                whole++;
        if (whole < t.len && t.data[whole] == ',') {
                for (size_t i = 0; i < t.len; i++) {
                        if (t.data[i] != ',')
                                value->other[n++] = (char)t.data[i];
                }
        } else if (whole > 3) {
                for (size_t i = 0; i < t.len; i++) {
                        if (i > 0 && i < whole && (whole - i) % 3 == 0)
                                value->other[n++] = ',';
                        value->other[n++] = (char)t.data[i];
                }
        }
        value->other[n] = 0;
}

static void given_of(const struct clew_rca_view *v, struct clew_slice answer, struct given *ret)
{
        struct clew_slice t = tail(answer, TAIL_MAX);
        struct clew_token_iter it = clew_tokens_of(t);
        struct clew_token token;

        ret->n = 0;
        while (clew_token_next(&it, &token)) {
                struct value value = {.text = token.text};

                if (token.digits < DIGITS_MIN || token.is_list_mark)
                        continue;
                spell(&value);
                give(v, value, ret);
        }
        if (ret->n == 0)
                give_names(v, t, ret);
}

static bool text_holds(struct clew_slice text, const struct value *value)
{
        struct clew_slice end = text.len > TEXT_MAX ? tail(text, TEXT_MAX) : CLEW_SLICE_NULL;
        struct clew_slice other = clew_slice_make(value->other, strlen(value->other));

        text = head(text, TEXT_MAX);
        return holds_whole(text, value->text) || holds_whole(end, value->text) ||
               (other.len && (holds_whole(text, other) || holds_whole(end, other)));
}

/* In what step @i wrote, or in what it called for. */
static bool wrote(const struct clew_rca_view *v, uint32_t i, const struct value *value)
{
        const struct clew_rca_step *s = &v->steps[i];

        if (text_holds(s->text, value))
                return true;
        for (uint32_t k = 0; k < s->n_calls; k++) {
                if (text_holds(v->calls[s->first_call + k].args, value))
                        return true;
        }
        return false;
}

/* The model call before @who by which half of the values were written, and one that it wrote first;
 * NONE without one. */
static uint32_t half_written(const struct clew_rca_view *v, uint32_t who, const struct given *given,
                             struct clew_slice *ret)
{
        bool met[GIVEN_MAX] = {false};
        uint32_t n = 0;

        for (uint32_t i = 0; i < who; i++) {
                uint32_t before = n;

                if (v->steps[i].kind != CLEW_RCA_LLM)
                        continue;
                for (uint32_t k = 0; k < given->n; k++) {
                        if (met[k] || !wrote(v, i, &given->values[k]))
                                continue;
                        met[k] = true;
                        if (n++ == before)
                                *ret = given->values[k].text;
                }
                if (n > before && n * 2 >= given->n)
                        return i;
        }
        return CLEW_RCA_NONE;
}

/* A run that breaks off in an action gave no answer; one may be handed to a tool for it. */
static bool is_answer(const struct clew_rca_view *v, uint32_t who)
{
        const struct clew_rca_step *s = &v->steps[who];

        return s->n_calls == 0 ||
               clew_rca_gives_answer(v->calls[s->first_call + s->n_calls - 1].name);
}

void clew_rule_answer_origin(const struct clew_rca_view *v, uint32_t who, struct clew_slice answer,
                             struct clew_findings *ret)
{
        struct clew_slice value = CLEW_SLICE_NULL;
        struct given given;
        struct clew_finding *f;
        uint32_t origin;

        if (!is_answer(v, who))
                return;
        given_of(v, answer, &given);
        origin = given.n ? half_written(v, who, &given, &value) : CLEW_RCA_NONE;
        if (origin == CLEW_RCA_NONE)
                return;
        f = clew_finding_add(ret, CLEW_RULE_ANSWER_ORIGIN, origin, 1.0);
        clew_finding_effect(f, who);
        clew_finding_evidence(f, origin, v->steps[origin].text);
        clew_finding_say(ret, f,
                         "Step %u was the first model call to write \"%.*s\", which the answer "
                         "of step %u gives.",
                         v->steps[origin].number, CLEW_SHOWN(value, SHOWN_MAX),
                         v->steps[who].number);
}
