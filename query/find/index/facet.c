/*
 * See facet-int.h.
 */
#include "query/find/index/facet-int.h"

#include "proto/base/hash.h"
#include "query/find/counted.h"

#include <math.h>
#include <string.h>

bool clew_facet_begin(struct clew_index_facet *f, enum clew_facet_place place,
                      struct clew_slice name)
{
        if (name.len == 0 || name.len > CLEW_FACET_NAME_MAX || memchr(name.data, 0, name.len))
                return false;
        f->bytes[0] = (uint8_t)place;
        memcpy(f->bytes + 1, name.data, name.len);
        f->bytes[1 + name.len] = 0;
        f->len = f->name_len = name.len + 2;
        return true;
}

void clew_facet_tag(struct clew_index_facet *f, char tag)
{
        f->bytes[f->name_len] = (uint8_t)tag;
        f->len = f->name_len + 1;
}

static bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* A stretch of eight letters and digits or more with three digits among them: nobody's name. Eight
 * digits alone are a date. */
static bool looks_like_id(struct clew_slice text)
{
        size_t run = 0;
        size_t digits = 0;

        for (size_t i = 0; i <= text.len; i++) {
                uint8_t c = i < text.len ? text.data[i] : 0;

                if (is_digit(c) || is_letter(c)) {
                        run++;
                        digits += is_digit(c);
                        continue;
                }
                if (run >= 8 && digits >= 3 && !(run == 8 && digits == 8))
                        return true;
                run = digits = 0;
        }
        return false;
}

void clew_facet_text(struct clew_index_facet *f, struct clew_slice text, bool *ret_exact)
{
        bool exact = text.len <= CLEW_FACET_TEXT_MAX && !looks_like_id(text);
        uint64_t hash;

        if (exact) {
                clew_facet_tag(f, 't');
                if (text.len > 0)
                        memcpy(f->bytes + f->len, text.data, text.len);
                f->len += text.len;
        } else {
                clew_facet_tag(f, 'h');
                if (f->bytes[0] == CLEW_FACET_DERIVED) {
                        hash = clew_hash(text);
                        memcpy(f->bytes + f->len, &hash, 4);
                        f->len += 4;
                }
        }
        *ret_exact = exact;
}

bool clew_facet_counts(struct clew_slice name)
{
        const uint8_t *end = name.data + name.len;
        const uint8_t *at = name.len > 0 ? memchr(name.data, '.', name.len) : NULL;

        while (at) { /* is there a number between this dot and the next? */
                const uint8_t *digit = ++at;

                while (digit < end && is_digit(*digit))
                        digit++;
                if (digit > at && (digit == end || *digit == '.'))
                        return true;
                at = digit < end ? memchr(digit, '.', (size_t)(end - digit)) : NULL;
        }
        return false;
}

uint16_t clew_facet_code(double v)
{
        if (isnan(v))
                return CLEW_FACET_CODE_NAN;
        return (uint16_t)(clew_sample_bits(v + 0.0) >> 48); /* -0 is 0 */
}

void clew_facet_code_put(struct clew_index_facet *f, char tag, uint16_t code)
{
        clew_facet_tag(f, tag);
        f->bytes[f->len++] = (uint8_t)(code >> 8);
        f->bytes[f->len++] = (uint8_t)code;
}

bool clew_facet_value(struct clew_index_facet *f, const struct clew_operand *v, bool *ret_exact)
{
        *ret_exact = true;
        switch (v->type) {
        case CLEW_TYPE_TEXT:
                clew_facet_text(f, v->text, ret_exact);
                return true;
        case CLEW_TYPE_BOOL:
                clew_facet_tag(f, 'b');
                f->bytes[f->len++] = v->boolean;
                return true;
        case CLEW_TYPE_FLOAT:
                *ret_exact = false;
                clew_facet_code_put(f, 'F', clew_facet_code(v->number));
                return true;
        case CLEW_TYPE_INT:
        case CLEW_TYPE_DURATION:
        case CLEW_TYPE_STATUS:
        case CLEW_TYPE_SPAN_KIND:
                if (v->integer >= -CLEW_FACET_INT_MAX && v->integer <= CLEW_FACET_INT_MAX) {
                        clew_facet_code_put(f, 'i', (uint16_t)(v->integer + CLEW_FACET_INT_MAX));
                } else {
                        *ret_exact = false;
                        clew_facet_code_put(f, 'I', clew_facet_code((double)v->integer));
                }
                return true;
        case CLEW_TYPE_NIL:
        case CLEW_TYPE_OTHER:
        case CLEW_TYPE_ANY:
        case CLEW_TYPE_COUNT:
                break;
        }
        return false;
}

/* ---- tables ---------------------------------------------------------------------------------- */

const struct clew_facet_field clew_facet_fields[] = {
        {"name", false},
        {"status", false},
        {"kind", false},
        {"event:name", false},
        {"instrumentation:name", false},
        {"instrumentation:version", false},
        {"trace:rootName", false},
        {"trace:rootService", true},
        {"span.clew.outcome", true},
        {"span.clew.name", true},
        {"span.clew.user", true},
        {"span.clew.error.first", true},
        {"span.clew.cause.rule", true},
        {"span.clew.signature", true},
        {"span.clew.session", false},
        {"span.clew.kind", false},
        {"span.clew.step.name", false},
        {"span.clew.tool", false},
        {"span.clew.model", false},
        {"span.clew.agent", false},
        {"span.clew.error", false},
        {"span.clew.error.type", false},
        {"span.clew.provider", false},
        {"span.clew.finish_reason", false},
        {"span.clew.dialect", false},
};
const size_t clew_n_facet_fields = CLEW_ARRAY_LEN(clew_facet_fields);

bool clew_facet_has_field(const struct clew_field_row *row)
{
        for (size_t i = 0; i < clew_n_facet_fields; i++) {
                if (strcmp(clew_facet_fields[i].name, row->name) == 0)
                        return true;
        }
        return false;
}

const struct clew_facet_number clew_facet_numbers[CLEW_FACET_NUMBERS] = {
        {"duration", "d"},
        {"span.clew.tokens", "t"},
        {"span.clew.cost", "$"},
};

const char *clew_facet_number_of(const struct clew_field_row *row)
{
        for (size_t i = 0; i < CLEW_FACET_NUMBERS; i++) {
                if (strcmp(clew_facet_numbers[i].field, row->name) == 0)
                        return clew_facet_numbers[i].name;
        }
        return NULL;
}

bool clew_facet_is_score(const struct clew_field_row *row)
{
        return strcmp(row->name, CLEW_FACET_SCORE) == 0;
}

bool clew_column_of(const struct clew_field_row *row, unsigned *ret)
{
        static const struct {
                const char *name;
                enum clew_column column;
        } columns[] = {
                {"trace:duration", CLEW_COLUMN_DURATION},
                {"span.clew.run.tokens", CLEW_COLUMN_TOKENS_TOTAL},
                {"span.clew.run.steps", CLEW_COLUMN_STEPS},
                {"span.clew.run.spans", CLEW_COLUMN_SPANS},
                {"span.clew.run.errors", CLEW_COLUMN_ERRORS},
                {"span.clew.run.llm_calls", CLEW_COLUMN_LLM},
                {"span.clew.run.tool_calls", CLEW_COLUMN_TOOL},
                {"span.clew.loops", CLEW_COLUMN_LOOPS},
                {"span.clew.loop", CLEW_COLUMN_LOOP_ROUNDS},
                {"span.clew.stalls", CLEW_COLUMN_STALLS},
                {"span.clew.stall", CLEW_COLUMN_STALL_CALLS},
                {"span.clew.retries", CLEW_COLUMN_RETRIES},
                {"span.clew.waste.steps", CLEW_COLUMN_WASTE_STEPS},
                {"span.clew.waste.tokens", CLEW_COLUMN_WASTE_TOKENS},
                {"span.clew.waste.time", CLEW_COLUMN_WASTE_NS},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(columns); i++) {
                if (strcmp(columns[i].name, row->name) == 0) {
                        *ret = columns[i].column;
                        return true;
                }
        }
        return false;
}
