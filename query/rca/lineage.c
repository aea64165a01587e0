/*
 * Lineage of a value. One search over the units; nothing is indexed, because one value of one trace
 * is asked for at a time.
 */
#include "query/rca/lineage.h"

#include "query/rca/text-int.h"

#define ID_REACH 48u       /* bytes round a value that may belong to its id */
#define SLIP_DIGITS_MIN 4u /* shorter numbers are like others by nature */
#define CHANCE_MAX 0.1     /* like values expected by chance, beyond which one proves nothing */

const char *clew_lineage_origin_name(enum clew_rca_origin origin)
{
        static const char *const names[] = {"system prompt", "user", "written", "argument",
                                            "result"};

        return names[origin];
}

static bool is_word(uint8_t c)
{
        return is_digit(c) || is_alpha(c);
}

/* "11" is not in "5118": where the value ends in a letter or digit the text must not go on so. */
static bool stands_alone(struct clew_slice text, size_t at, size_t len)
{
        bool before = at > 0 && is_word(text.data[at - 1]) && is_word(text.data[at]);
        bool behind = at + len < text.len && is_word(text.data[at + len]) &&
                      is_word(text.data[at + len - 1]);

        return !before && !behind;
}

/* Offset of @needle in @text whatever its case, or -1. */
static ptrdiff_t find(struct clew_slice text, struct clew_slice needle)
{
        if (needle.len == 0 || needle.len > text.len)
                return -1;
        for (size_t i = 0; i + needle.len <= text.len; i++) {
                size_t k = 0;

                while (k < needle.len && lower(text.data[i + k]) == lower(needle.data[k]))
                        k++;
                if (k == needle.len && stands_alone(text, i, k))
                        return (ptrdiff_t)i;
        }
        return -1;
}

static struct clew_slice around(struct clew_slice text, size_t at, size_t len)
{
        size_t side = (CLEW_LINEAGE_EXCERPT_MAX -
                       (len < CLEW_LINEAGE_EXCERPT_MAX ? len : CLEW_LINEAGE_EXCERPT_MAX)) /
                      2;
        size_t from = at > side ? at - side : 0;
        size_t to = at + len + side < text.len ? at + len + side : text.len;

        while (from > 0 && (text.data[from] & 0xc0) == 0x80)
                from--;
        while (to < text.len && (text.data[to] & 0xc0) == 0x80)
                to++;
        return clew_slice_make(text.data + from, to - from);
}

/* The value searched for, and what is found. */
struct search {
        struct clew_slice value;
        struct clew_token want;
        bool has_token;
        uint32_t slip_max; /* characters that a slip may differ in; 0 = chance would explain it */
        struct clew_token source; /* the whole id that holds the value where it was first shown */
        bool has_source;
        struct clew_lineage *found;
};

static void add(struct clew_lineage *l, const struct clew_rca_unit *u, struct clew_slice value,
                size_t at, bool changed)
{
        if (l->n == CLEW_LINEAGE_MAX) {
                l->more = true;
                return;
        }
        l->hops[l->n++] = (struct clew_hop){.step = u->step,
                                            .origin = u->origin,
                                            .value = value,
                                            .excerpt = around(u->text, at, value.len),
                                            .changed = changed};
        if (!changed && u->origin != CLEW_RCA_WRITTEN && u->origin != CLEW_RCA_ARGS)
                l->observed = true;
}

/* A token of @u of the same shape as @want with one or two other characters. */
static bool find_slip(const struct clew_rca_unit *u, const struct clew_token *want, uint32_t max,
                      struct clew_token *ret)
{
        struct clew_token_iter it = clew_tokens_of(u->text);

        while (clew_token_next(&it, ret)) {
                size_t off = 0;

                if (ret->shape != want->shape || ret->hash == want->hash ||
                    ret->text.len != want->text.len)
                        continue;
                for (size_t i = 0; i < ret->text.len; i++)
                        off += ret->text.data[i] != want->text.data[i];
                if (off >= 1 && off <= max)
                        return true;
        }
        return false;
}

/* The id that the value at @at is part of, or is. */
static bool id_at(struct clew_slice text, size_t at, size_t len, struct clew_token *ret)
{
        size_t from = at > ID_REACH ? at - ID_REACH : 0;
        size_t to = text.len - at - len < ID_REACH ? text.len : at + len + ID_REACH;
        struct clew_token_iter it = clew_tokens_of(clew_slice_make(text.data + from, to - from));

        while (clew_token_next(&it, ret)) {
                const uint8_t *begin = ret->text.data;

                if (begin <= text.data + at && text.data + at < begin + ret->text.len)
                        return true;
        }
        return false;
}

/* A model wrote the value without the rest of the id that it was shown as: 4471 for C-4471. */
static bool lost_a_part(struct search *s, const struct clew_rca_unit *u, size_t at)
{
        struct clew_token id;

        if (!s->has_token || !id_at(u->text, at, s->value.len, &id))
                return false;
        if (u->origin == CLEW_RCA_WRITTEN || u->origin == CLEW_RCA_ARGS)
                return s->has_source && id.hash == s->want.hash && s->source.hash != id.hash;
        if (!s->has_source) {
                s->source = id;
                s->has_source = true;
        }
        return false;
}

static void look_at(struct search *s, const struct clew_rca_unit *u)
{
        ptrdiff_t at = find(u->text, s->value);
        struct clew_token slip;

        if (at >= 0)
                add(s->found, u, clew_slice_make(u->text.data + at, s->value.len), (size_t)at,
                    lost_a_part(s, u, (size_t)at));
        else if (s->slip_max > 0 && s->found->n > 0 && find_slip(u, &s->want, s->slip_max, &slip))
                add(s->found, u, slip.text, slip.offset, true);
}

/* How many characters another value of the shape may differ in before chance explains it: among
 * many short numbers some lie close together by nature. */
static uint32_t slip_max(const struct clew_rca_view *v, const struct clew_token *want)
{
        double ways = 9.0 * want->digits;
        double space = 1;
        uint32_t n = 0;

        if (want->digits < SLIP_DIGITS_MIN || !v->seen)
                return 0;
        for (uint32_t i = 0; i <= v->seen_mask; i++)
                n += v->seen[i].n_units > 0 && v->seen[i].shape == want->shape;
        for (uint32_t i = 0; i < want->digits; i++)
                space *= 10;
        if (n * ways > CHANCE_MAX * space)
                return 0;
        return want->digits >= 6 && n * ways * ways / 2 <= CHANCE_MAX * space ? 2 : 1;
}

/* True when the step has a hop for that very text. */
static bool is_found(const struct clew_lineage *l, uint32_t from, const struct clew_rca_unit *u)
{
        for (uint32_t i = from; i < l->n; i++) {
                if (l->hops[i].step == u->step && l->hops[i].origin == u->origin &&
                    l->hops[i].excerpt.len <= u->text.len &&
                    memmem(u->text.data, u->text.len, l->hops[i].excerpt.data,
                           l->hops[i].excerpt.len))
                        return true;
        }
        return false;
}

/* Calls and results whose text was there before have no unit, but the value went that way. */
static void look_at_step(struct search *s, const struct clew_rca_view *v, uint32_t i, uint32_t from)
{
        const struct clew_rca_step *step = &v->steps[i];
        struct clew_rca_unit u = {.step = i, .origin = CLEW_RCA_ARGS};

        for (uint32_t k = 0; step->kind == CLEW_RCA_LLM && k < step->n_calls; k++) {
                const struct clew_rca_call *c = &v->calls[step->first_call + k];
                uint32_t tool = c->tool_step;
                uint32_t n = s->found->n;

                u.text = c->args;
                if (!is_found(s->found, from, &u))
                        look_at(s, &u);
                if (s->found->n > n && tool != CLEW_RCA_NONE &&
                    v->trace->steps[v->steps[tool].span].kind == CLEW_KIND_HANDOFF)
                        s->found->hops[n].hands_off = true;
        }
        if (step->kind != CLEW_RCA_TOOL || step->is_virtual)
                return;
        if (step->caller == CLEW_RCA_NONE || v->steps[step->caller].n_calls == 0) {
                u.text = step->args;
                if (!is_found(s->found, from, &u))
                        look_at(s, &u);
        }
        u.origin = CLEW_RCA_RESULT;
        u.text = step->result;
        if (!is_found(s->found, from, &u))
                look_at(s, &u);
}

void clew_lineage_of(const struct clew_rca_view *v, struct clew_slice value,
                     struct clew_lineage *ret)
{
        struct clew_token_iter it = clew_tokens_of(value);
        struct search s = {.value = value, .found = ret};
        uint32_t u = 0;

        s.has_token = clew_token_next(&it, &s.want);
        s.slip_max = s.has_token ? slip_max(v, &s.want) : 0;
        memset(ret, 0, sizeof(*ret));
        for (uint32_t i = 0; i < v->n_steps && !ret->more; i++) {
                uint32_t from = ret->n;

                for (; u < v->n_units && v->units[u].step <= i; u++)
                        look_at(&s, &v->units[u]);
                look_at_step(&s, v, i, from);
        }
}
