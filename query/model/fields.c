#include "query/model/fields-int.h"

#include "proto/base/compiler.h"
#include "query/model/value-int.h"

#include <string.h>

/* Event name, slash, key. Longer ones are in no table. */
#define QUALIFIED_MAX 96u

void clew_fields_reset(struct clew_fields *f)
{
        f->kinds = UINT32_MAX;
        f->redacted = false;
        f->has_scores = false;
        f->n = 0;
        f->n_provenance = 0;
        memset(f->head, 0, sizeof(f->head));
}

static bool is_body(unsigned field)
{
        return field == CLEW_FIELD_INPUT || field == CLEW_FIELD_OUTPUT ||
               field == CLEW_FIELD_TOOL_ARGUMENTS || field == CLEW_FIELD_TOOL_RESULT ||
               field == CLEW_FIELD_SYSTEM || field == CLEW_FIELD_TOOL_DEFINITIONS;
}

/* Inserts by (rank, origin); an equal one is replaced. */
static void insert(struct clew_fields *f, const struct clew_rule_hit *row,
                   const struct clew_attribute *attribute, enum clew_origin origin)
{
        uint8_t *link = &f->head[row->field];
        struct clew_field_hit *hit;

        while (*link) {
                hit = &f->hits[*link - 1];
                if (hit->rank > row->rank || (hit->rank == row->rank && hit->origin > origin))
                        break;
                if (hit->rank == row->rank && hit->origin == (uint8_t)origin) {
                        hit->value = attribute->value;
                        hit->key = attribute->key;
                        return;
                }
                link = &hit->next;
        }
        if (f->n == CLEW_FIELD_HITS_MAX)
                return;
        hit = &f->hits[f->n++];
        *hit = (struct clew_field_hit){
                .rule = row->rule,
                .key = attribute->key,
                .value = attribute->value,
                .field = row->field,
                .rank = row->rank,
                .origin = (uint8_t)origin,
                .key_dialect = row->key_dialect,
                .next = *link,
        };
        *link = f->n;
}

/* annotations.<i>., evaluations.<i>., also after "trace." and "session.": score.c reads them. */
static bool is_score_key(struct clew_slice key)
{
        static const char word_a[] = "annotations.";
        static const char word_e[] = "evaluations.";
        const size_t n = sizeof(word_a) - 1;
        size_t from;

        if (key.len < 20)
                return false;
        switch (key.data[0]) {
        case 'a':
        case 'e':
                from = 0;
                break;
        case 't':
                from = 6;
                break;
        case 's':
                from = 8;
                break;
        default:
                return false;
        }
        return memcmp(key.data + from, word_a, n) == 0 || memcmp(key.data + from, word_e, n) == 0;
}

/* Most keys of most spans are in no table: their values are not even parsed. */
static void add(struct clew_fields *f, struct clew_slice name, struct clew_slice key,
                struct clew_slice value, enum clew_origin origin)
{
        struct clew_attribute attr = {.key = key};
        unsigned n;
        const struct clew_rule_hit *rows = clew_rules_find(name, &n);

        if (n == 0 && origin == CLEW_ORIGIN_SPAN && is_score_key(name))
                f->has_scores = true;
        if (n == 0 || !clew_value_parse(value, &attr.value) || attr.value.type == CLEW_VALUE_EMPTY)
                return;
        for (unsigned i = 0; i < n; i++)
                insert(f, &rows[i], &attr, origin);
}

void clew_fields_add(struct clew_fields *f, struct clew_message_iter it, enum clew_origin origin)
{
        struct clew_slice key;
        struct clew_slice value;

        while (clew_attribute_next_raw(&it, &key, &value))
                add(f, key, key, value, origin);
}

void clew_fields_add_event(struct clew_fields *f, struct clew_slice event,
                           struct clew_message_iter it, enum clew_origin origin)
{
        uint8_t name[QUALIFIED_MAX];
        struct clew_slice key;
        struct clew_slice value;

        if (event.len >= QUALIFIED_MAX || event.len == 0)
                return;
        memcpy(name, event.data, event.len);
        name[event.len] = '/';
        while (clew_attribute_next_raw(&it, &key, &value)) {
                size_t at = event.len + 1;

                if (key.len == 0 || key.len > QUALIFIED_MAX - at)
                        continue;
                memcpy(name + at, key.data, key.len);
                add(f, clew_slice_make(name, at + key.len), key, value, origin);
        }
}

const struct clew_field_hit *clew_fields_first(const struct clew_fields *f, enum clew_field field)
{
        return f->head[field] ? &f->hits[f->head[field] - 1] : NULL;
}

const struct clew_field_hit *clew_fields_next(const struct clew_fields *f,
                                              const struct clew_field_hit *hit)
{
        return hit->next ? &f->hits[hit->next - 1] : NULL;
}

void clew_fields_note(struct clew_fields *f, enum clew_field field, enum clew_origin origin,
                      enum clew_dialect dialect, struct clew_slice key)
{
        if (!f->keep_provenance)
                return;
        for (unsigned i = 0; i < f->n_provenance; i++) {
                if (f->provenance[i].field == field)
                        return;
        }
        if (f->n_provenance < CLEW_FIELD_COUNT)
                f->provenance[f->n_provenance++] =
                        (struct clew_provenance){field, origin, dialect, key};
}

static void note_hit(struct clew_fields *f, const struct clew_field_hit *hit)
{
        clew_fields_note(f, (enum clew_field)hit->field, (enum clew_origin)hit->origin,
                         (enum clew_dialect)hit->rule->dialect, hit->key);
}

/* Words that stand for "nothing here". */
static bool is_placeholder(struct clew_fields *f, const struct clew_field_hit *hit,
                           struct clew_slice text)
{
        static const char *const redactions[] = {"__REDACTED__", "<REDACTED>", "[REDACTED]"};
        static const char *const nothings[] = {
                "N/A", "<not serializable>", "<not specified>", "_OTHER", "null", "None"};

        if (text.len > 20)
                return false;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(redactions); i++) {
                if (clew_slice_eq_cstr(text, redactions[i])) {
                        f->redacted = true;
                        return true;
                }
        }
        if (hit->rule->flags & CLEW_RULE_NOT_BRACES && clew_slice_eq_cstr(text, "{}"))
                return true;
        if (is_body(hit->field))
                return false;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(nothings); i++) {
                if (clew_slice_eq_cstr(text, nothings[i]))
                        return true;
        }
        return hit->field == CLEW_FIELD_TOOL_CALL_ID && clew_slice_eq_cstr(text, "unknown");
}

static bool applies(const struct clew_fields *f, const struct clew_field_hit *hit)
{
        return hit->rule->kinds == 0 || (hit->rule->kinds & f->kinds) != 0;
}

static struct clew_slice decode_text(struct clew_fields *f, const struct clew_field_hit *hit)
{
        switch ((enum clew_encoding)hit->rule->encoding) {
        case CLEW_ENC_QUOTED:
                return clew_text_unquote(clew_value_text(&hit->value, f->arena), f->arena);
        case CLEW_ENC_MEMBER:
        case CLEW_ENC_MEMBER_NUMBER:
                return clew_value_member(&hit->value, hit->rule->member, f->arena);
        case CLEW_ENC_FIRST:
                return clew_value_first(&hit->value, f->arena);
        case CLEW_ENC_TEXT:
        case CLEW_ENC_NUMBER:
        case CLEW_ENC_FLAG:
        case CLEW_ENC_NOT:
        case CLEW_ENC_EQUALS:
        case CLEW_ENC_AT_LEAST:
        case CLEW_ENC_KIND:
        case CLEW_ENC_PREFIX:
                break;
        }
        return clew_value_text(&hit->value, f->arena);
}

bool clew_fields_text(struct clew_fields *f, enum clew_field field, struct clew_slice *ret)
{
        const struct clew_field_hit *empty = NULL;

        for (const struct clew_field_hit *hit = clew_fields_first(f, field); hit;
             hit = clew_fields_next(f, hit)) {
                struct clew_slice text;

                if (!applies(f, hit))
                        continue;
                text = decode_text(f, hit);
                if (text.len == 0) {
                        if (!empty && is_body(field) && hit->value.type == CLEW_VALUE_STRING &&
                            hit->rule->encoding != CLEW_ENC_MEMBER)
                                empty = hit;
                        continue;
                }
                if (is_placeholder(f, hit, text))
                        continue;
                note_hit(f, hit);
                *ret = text;
                return true;
        }
        if (!empty)
                return false;
        note_hit(f, empty);
        *ret = CLEW_SLICE_LITERAL("");
        return true;
}

bool clew_fields_number(struct clew_fields *f, enum clew_field field, double *ret,
                        const struct clew_rule **ret_rule)
{
        for (const struct clew_field_hit *hit = clew_fields_first(f, field); hit;
             hit = clew_fields_next(f, hit)) {
                bool found;

                if (!applies(f, hit))
                        continue;
                if (hit->rule->encoding == CLEW_ENC_MEMBER_NUMBER)
                        found = clew_text_number(
                                clew_value_member(&hit->value, hit->rule->member, f->arena), ret);
                else
                        found = clew_value_number(&hit->value, ret);
                if (!found)
                        continue;
                note_hit(f, hit);
                if (ret_rule)
                        *ret_rule = hit->rule;
                return true;
        }
        return false;
}

static bool is_set(struct clew_fields *f, const struct clew_field_hit *hit)
{
        double number;
        double bound;
        bool flag;

        switch ((enum clew_encoding)hit->rule->encoding) {
        case CLEW_ENC_FLAG:
                return clew_value_flag(&hit->value, &flag) && flag;
        case CLEW_ENC_NOT:
                return clew_value_flag(&hit->value, &flag) && !flag;
        case CLEW_ENC_EQUALS:
                return clew_slice_eq_cstr(clew_value_text(&hit->value, f->arena),
                                          hit->rule->member);
        case CLEW_ENC_AT_LEAST:
                return clew_value_number(&hit->value, &number) &&
                       clew_text_number(clew_slice_of_cstr(hit->rule->member), &bound) &&
                       number >= bound;
        case CLEW_ENC_TEXT:
        case CLEW_ENC_QUOTED:
        case CLEW_ENC_NUMBER:
        case CLEW_ENC_FIRST:
        case CLEW_ENC_MEMBER:
        case CLEW_ENC_MEMBER_NUMBER:
        case CLEW_ENC_KIND:
        case CLEW_ENC_PREFIX:
                break;
        }
        return false;
}

bool clew_fields_flag(struct clew_fields *f, enum clew_field field)
{
        for (const struct clew_field_hit *hit = clew_fields_first(f, field); hit;
             hit = clew_fields_next(f, hit)) {
                if (applies(f, hit) && is_set(f, hit)) {
                        note_hit(f, hit);
                        return true;
                }
        }
        return false;
}
