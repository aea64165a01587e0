/*
 * Value tokens of a view: where each value was first written, first and last observed.
 */
#include "query/rca/view-int.h"

#include "proto/base/hash.h"
#include "query/rca/text-int.h"

#define ENDING_WITHIN 24u /* bytes before digits that call them the last ones of a number */

const struct clew_rca_seen *clew_rca_seen_find(const struct clew_rca_view *v, uint64_t hash)
{
        uint32_t i = (uint32_t)(hash ^ (hash >> 32)) & v->seen_mask;

        if (!v->seen)
                return NULL;
        while (v->seen[i].n_units) {
                if (v->seen[i].hash == hash)
                        return &v->seen[i];
                i = (i + 1) & v->seen_mask;
        }
        return NULL;
}

static bool seen_grow(struct clew_rca_builder *b)
{
        struct clew_rca_view *v = b->v;
        uint32_t n = v->seen_mask ? (v->seen_mask + 1) * 2 : CLEW_RCA_SEEN_FIRST;
        struct clew_rca_seen *old = v->seen;
        uint32_t old_n = v->seen_mask ? v->seen_mask + 1 : 0;

        v->seen = clew_arena_calloc(b->arena, n, sizeof(*v->seen));
        if (!v->seen) {
                b->failed = true;
                return false;
        }
        v->seen_mask = n - 1;
        for (uint32_t i = 0; i < old_n; i++) {
                uint32_t k;

                if (!old[i].n_units)
                        continue;
                k = (uint32_t)(old[i].hash ^ (old[i].hash >> 32)) & v->seen_mask;
                while (v->seen[k].n_units)
                        k = (k + 1) & v->seen_mask;
                v->seen[k] = old[i];
        }
        return true;
}

/* A compound of values that were all seen ("2026-11" after "2026-11-20") is nothing new. */
static bool parts_seen(const struct clew_rca_view *v, const struct clew_token *t)
{
        struct clew_token part;
        size_t at = 0;
        uint32_t n = 0;

        while (clew_token_part(t, &at, &part)) {
                n++;
                if (!clew_rca_seen_find(v, part.hash))
                        return false;
        }
        return n > 0;
}

/* @whole: the compound that @t is a part of, or null. */
static void note_token(struct clew_rca_builder *b, const struct clew_token *t, uint32_t unit,
                       struct clew_slice whole, uint32_t *novel_cap)
{
        struct clew_rca_view *v = b->v;
        bool written =
                v->units[unit].origin == CLEW_RCA_WRITTEN || v->units[unit].origin == CLEW_RCA_ARGS;
        struct clew_rca_seen *s;
        uint32_t i;

        if (!v->seen_mask || v->n_seen * 2 > v->seen_mask) {
                if (v->n_seen >= CLEW_RCA_TOKENS_MAX) {
                        v->partial = true;
                        return;
                }
                if (!seen_grow(b))
                        return;
        }
        i = (uint32_t)(t->hash ^ (t->hash >> 32)) & v->seen_mask;
        while (v->seen[i].n_units && v->seen[i].hash != t->hash)
                i = (i + 1) & v->seen_mask;
        s = &v->seen[i];
        if (!s->n_units) {
                *s = (struct clew_rca_seen){.text = t->text,
                                            .hash = t->hash,
                                            .shape = t->shape,
                                            .number = t->is_number ? t->number : 0,
                                            .first = unit,
                                            .observed = CLEW_RCA_NONE,
                                            .last = CLEW_RCA_NONE};
                v->n_seen++;
                if (written && !parts_seen(v, t) && v->n_novel < CLEW_RCA_NOVEL_MAX) {
                        v->novel = clew_rca_grow(b, v->novel, v->n_novel, novel_cap,
                                                 sizeof(*v->novel));
                        if (v->novel)
                                v->novel[v->n_novel++] = (struct clew_rca_novel){*t, unit};
                }
        }
        if (!written) {
                if (s->observed == CLEW_RCA_NONE) {
                        s->observed = unit;
                        s->whole = whole;
                } else if (!whole.len) {
                        s->whole = CLEW_SLICE_NULL;
                }
                s->last = unit;
        }
        s->n_units++;
}

static void note_tokens(struct clew_rca_builder *b, uint32_t unit, uint32_t *novel_cap)
{
        struct clew_slice text = b->v->units[unit].text;
        struct clew_slice parts[2] = {text, CLEW_SLICE_NULL};
        bool observed = b->v->units[unit].origin != CLEW_RCA_WRITTEN &&
                        b->v->units[unit].origin != CLEW_RCA_ARGS;

        if (b->text_bytes > CLEW_RCA_TEXT_MAX) {
                b->v->partial = true;
                return;
        }
        if (text.len > CLEW_RCA_UNIT_MAX) {
                parts[0].len = CLEW_RCA_UNIT_MAX / 2;
                parts[1] = clew_slice_from(text, text.len - CLEW_RCA_UNIT_MAX / 2);
                b->v->partial = true;
        }
        for (int i = 0; i < 2; i++) {
                struct clew_token_iter it = clew_tokens_of(parts[i]);
                struct clew_token t;

                b->text_bytes += parts[i].len;
                while (!b->failed && clew_token_next(&it, &t)) {
                        struct clew_token part;
                        size_t at = 0;

                        note_token(b, &t, unit, CLEW_SLICE_NULL, novel_cap);
                        while (observed && clew_token_part(&t, &at, &part))
                                note_token(b, &part, unit, t.text, novel_cap);
                }
        }
}

/* @value stands in @text with no digit beside it; @lowered is the same value for one with letters,
 * whose case does not matter, else empty. */
static bool holds_value(struct clew_slice text, struct clew_slice value, const char *lowered)
{
        struct clew_slice t = text;

        while (t.len >= value.len && value.len > 0) {
                const uint8_t *at;
                ptrdiff_t found;
                size_t i;

                if (lowered[0]) {
                        found = clew_text_find(t, lowered);
                        at = found < 0 ? NULL : t.data + found;
                } else {
                        at = memmem(t.data, t.len, value.data, value.len);
                }
                if (!at)
                        return false;
                i = (size_t)(at - text.data);
                if ((i == 0 || !is_digit(text.data[i - 1])) &&
                    (i + value.len == text.len || !is_digit(text.data[i + value.len])))
                        return true;
                t = clew_slice_from(text, i + 1);
        }
        return false;
}

/* The value in lower case when it has letters, else "". */
static void lower_value(struct clew_slice value, char ret[64])
{
        bool letters = false;
        size_t n = value.len < 63 ? value.len : 63;

        for (size_t i = 0; i < n; i++) {
                ret[i] = (char)lower(value.data[i]);
                letters |= is_alpha(value.data[i]);
        }
        ret[letters && n == value.len ? n : 0] = '\0';
}

/* The digits of a number with separators, and the other way round; empty for anything else. */
static struct clew_slice other_spelling(const struct clew_token *t, uint8_t room[64])
{
        size_t n = 0;
        size_t whole = 0;
        bool commas = memchr(t->text.data, ',', t->text.len) != NULL;

        if (!t->is_number || t->text.len > 24)
                return CLEW_SLICE_NULL;
        while (whole < t->text.len && t->text.data[whole] != '.')
                whole++;
        if (!commas && whole < 4)
                return CLEW_SLICE_NULL;
        for (size_t i = 0; i < t->text.len; i++) {
                if (!commas && i > 0 && i < whole && (whole - i) % 3 == 0)
                        room[n++] = ',';
                if (t->text.data[i] != ',')
                        room[n++] = t->text.data[i];
        }
        return clew_slice_make(room, n);
}

/* What agents were told stands on their own spans in some dialects, and on no call. */
static bool told_agents(const struct clew_rca_view *v, struct clew_slice value, const char *lowered,
                        size_t *searched)
{
        for (uint32_t i = 0; i < v->trace->n_steps; i++) {
                const struct clew_step *s = &v->trace->steps[i];
                struct clew_message_iter it;
                struct clew_slice key;
                struct clew_slice raw;

                if (s->kind != CLEW_KIND_AGENT && s->kind != CLEW_KIND_CHAIN)
                        continue;
                it = clew_span_attributes(&s->span);
                while (clew_attribute_next_raw(&it, &key, &raw)) {
                        if (clew_text_find(key, "system") < 0 &&
                            clew_text_find(key, "instruction") < 0)
                                continue;
                        *searched += raw.len;
                        if (*searched > CLEW_RCA_SEARCHED_MAX || holds_value(raw, value, lowered))
                                return true;
                }
        }
        return false;
}

/* "the card ending in 1784": the text says that its digits are the last ones of something. */
static bool is_said_to_end(struct clew_slice text, const struct clew_token *t)
{
        static const char *const cues[] = {"ending", "ends ", "last ", "endet", "**", "xxx"};
        size_t from = t->offset < ENDING_WITHIN ? 0 : t->offset - ENDING_WITHIN;

        if (t->text.len < 3 || t->text.len != t->digits || t->offset > text.len ||
            text.len - t->offset < t->text.len ||
            memcmp(t->text.data, text.data + t->offset, t->text.len) != 0) /* of another text */
                return false;
        return HAS_ANY(clew_slice_make(text.data + from, t->offset - from), cues);
}

/* A longer number, or id, of @text ends in @digits. */
static bool holds_ending(struct clew_slice text, struct clew_slice digits)
{
        struct clew_slice t = text;
        const uint8_t *at;

        while (t.len >= digits.len && (at = memmem(t.data, t.len, digits.data, digits.len))) {
                size_t end = (size_t)(at - text.data) + digits.len;

                if (end == text.len || !is_digit(text.data[end]))
                        return true;
                t = clew_slice_from(text, end - digits.len + 1);
        }
        return false;
}

bool clew_rca_shown_before(const struct clew_rca_view *v, const struct clew_token *t, uint32_t unit,
                           size_t *searched)
{
        bool ending = (unit < v->n_units && is_said_to_end(v->units[unit].text, t)) ||
                      is_said_to_end(v->output, t);
        uint8_t room[64];
        struct clew_slice other = other_spelling(t, room);
        char low[64];

        lower_value(t->text, low);
        if (holds_value(v->input, t->text, low) || told_agents(v, t->text, low, searched) ||
            (other.len && told_agents(v, other, "", searched)))
                return true;
        for (uint32_t u = 0; u < unit && u < v->n_units; u++) {
                const struct clew_rca_unit *seen = &v->units[u];

                if (seen->origin == CLEW_RCA_WRITTEN || seen->origin == CLEW_RCA_ARGS)
                        continue;
                *searched += seen->text.len;
                if (*searched > CLEW_RCA_SEARCHED_MAX || holds_value(seen->text, t->text, low) ||
                    (other.len && holds_value(seen->text, other, "")) ||
                    (ending && holds_ending(seen->text, t->text)))
                        return true;
        }
        return false;
}

void clew_rca_see_values(struct clew_rca_builder *b)
{
        uint32_t novel_cap = 0;

        for (uint32_t u = 0; u < b->v->n_units && !b->failed; u++)
                note_tokens(b, u, &novel_cap);
}
