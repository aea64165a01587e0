/*
 * Actions of a run in one list, and the words of its users (acts-int.h).
 */
#include "query/rca/acts-int.h"

#include "query/rca/text-int.h"

#define WORD_MAX 64u
#define TEXT_MAX 4000u /* bytes of a text in which an action line is looked for */

ptrdiff_t clew_acts_find(struct clew_slice text, struct clew_slice word, size_t from)
{
        uint8_t small[WORD_MAX];
        const uint8_t *at;

        if (word.len == 0 || word.len > WORD_MAX || from > text.len)
                return -1;
        for (size_t i = 0; i < word.len; i++)
                small[i] = lower(word.data[i]);
        while (from < text.len &&
               (at = clew_find(clew_slice_from(text, from), small, word.len)) != NULL) {
                size_t begin = (size_t)(at - text.data);
                size_t end = begin + word.len;

                if ((begin == 0 || !(is_alpha(at[-1]) || is_digit(at[-1]))) &&
                    (end == text.len || !(is_alpha(text.data[end]) || is_digit(text.data[end]))))
                        return (ptrdiff_t)begin;
                from = begin + 1;
        }
        return -1;
}

ptrdiff_t clew_acts_heard_at(const struct clew_acts *a, struct clew_slice word, size_t from)
{
        uint8_t run[3] = {0};

        if (word.len > WORD_MAX || !a->heard_runs)
                return -1;
        for (size_t i = 0; i < word.len; i++) {
                run[0] = run[1];
                run[1] = run[2];
                run[2] = lower(word.data[i]);
                if (i >= 2 && !is_noted(a->heard_runs, run))
                        return -1;
        }
        return clew_acts_find(a->heard_lower, word, from);
}

static void hear(const struct clew_rca_view *v, struct clew_acts *ret)
{
        uint8_t *text = clew_arena_alloc(v->arena, CLEW_ACTS_HEARD_MAX);
        uint8_t *small = clew_arena_alloc(v->arena, CLEW_ACTS_HEARD_MAX + 1);
        uint8_t *runs = clew_arena_calloc(v->arena, 1, RUN_PLACES);
        size_t n = 0;
        bool written = false;

        if (!text || !small || !runs)
                return;
        for (uint32_t u = 0; u < v->n_units; u++) {
                struct clew_slice t = v->units[u].text;

                written |= v->units[u].origin == CLEW_RCA_WRITTEN ||
                           v->units[u].origin == CLEW_RCA_ARGS;
                if (v->units[u].origin != CLEW_RCA_USER)
                        continue;
                if (t.len + 1 > CLEW_ACTS_HEARD_MAX - n)
                        return;
                if (t.len)
                        memcpy(text + n, t.data, t.len);
                n += t.len;
                text[n++] = '\n';
                if (!written)
                        ret->asked = n;
        }
        for (size_t i = 0; i < n; i++)
                small[i] = lower(text[i]);
        small[n] = 0;
        ret->heard = clew_slice_make(text, n);
        ret->heard_lower = clew_slice_make(small, n);
        note_runs(small, n, runs);
        ret->heard_runs = runs;
}

/* "Action: search[red lamps]" and, behind it, "Action Input: ..." to the end of their lines. */
static struct clew_slice action_line(struct clew_slice text)
{
        struct clew_slice t = head(text, TEXT_MAX);
        size_t from = 0;

        while (from < t.len) {
                struct clew_slice line = clew_slice_from(t, from);
                const uint8_t *end = memchr(line.data, '\n', line.len);
                size_t n = end ? (size_t)(end - line.data) : line.len;

                if (n > 8 && clew_text_begins(head(line, 7), "action:")) {
                        struct clew_slice next = clew_slice_from(line, end ? n + 1 : n);

                        if (clew_text_begins(head(next, 13), "action input:")) {
                                end = memchr(next.data, '\n', next.len);
                                n += 1 + (end ? (size_t)(end - next.data) : next.len);
                        }
                        return clew_text_trim(clew_slice_make(line.data + 7, n - 7));
                }
                from += n + 1;
        }
        return CLEW_SLICE_NULL;
}

static void add(struct clew_acts *a, struct clew_act act)
{
        if (a->n < CLEW_ACTS_MAX)
                a->items[a->n++] = act;
}

static void add_of_call(const struct clew_rca_view *v, uint32_t i, struct clew_acts *ret)
{
        const struct clew_rca_step *s = &v->steps[i];
        struct clew_slice line;

        for (uint32_t k = 0; k < s->n_calls; k++) {
                const struct clew_rca_call *c = &v->calls[s->first_call + k];

                if (c->tool_step == CLEW_RCA_NONE)
                        add(ret, (struct clew_act){i, i, c->name, c->args, false});
        }
        line = s->n_calls ? CLEW_SLICE_NULL : action_line(s->text);
        if (line.len)
                add(ret, (struct clew_act){i, i, CLEW_SLICE_LITERAL("an action"), line, true});
}

bool clew_acts_of(const struct clew_rca_view *v, struct clew_acts *ret)
{
        *ret = (struct clew_acts){.n = 0};
        ret->items = clew_arena_alloc(v->arena, CLEW_ACTS_MAX * sizeof(*ret->items));
        if (!ret->items)
                return false;
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_LLM)
                        add_of_call(v, i, ret);
                else if (s->kind == CLEW_RCA_TOOL && s->caller != CLEW_RCA_NONE && s->args.len)
                        add(ret,
                            (struct clew_act){s->caller, i, s->name, s->args,
                                              s->args.data[0] != '{' && s->args.data[0] != '['});
        }
        hear(v, ret);
        return ret->heard.data != NULL || !clew_arena_failed(v->arena);
}
