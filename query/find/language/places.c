/*
 * Where the texts of a query stand in a trace.
 */
#include "query/find/language/run-int.h"

#include "query/find/language/regex-int.h"
#include "query/find/text.h"

struct finder {
        struct clew_query_run *run;
        const struct clew_regex *regex;
        uint32_t step;
        int (*fn)(void *context, const struct clew_trace *trace, uint32_t step,
                  const struct clew_query_place *place);
        void *context;
};

/* As it stands, or as it reads without its JSON escapes: the first layer that holds the match. */
static int look(void *context, struct clew_slice part, struct clew_slice text)
{
        const struct finder *f = context;
        struct clew_buffer layers[2] = {{0}, {0}};
        struct clew_query_place place = {.part = part, .text = text};
        int r = 0;

        for (unsigned i = 0; i < 2; i++)
                clew_buffer_init(&layers[i], text.len + 16);
        for (unsigned i = 0; i <= CLEW_TEXT_LAYERS_MAX; i++) {
                struct clew_buffer *next = &layers[i & 1];

                if (clew_regex_find(f->regex, place.text, &place.from, &place.to) == 1) {
                        r = f->fn(f->context, f->run->at.trace, f->step, &place);
                        break;
                }
                clew_buffer_clear(next);
                if (!clew_text_unescape(next, place.text) || clew_buffer_error(next) < 0)
                        break;
                place.text = clew_buffer_slice(next);
        }
        clew_buffer_deinit(&layers[0]);
        clew_buffer_deinit(&layers[1]);
        return r;
}

/* The operand that stands before the pattern at @code. */
static bool is_text(const struct clew_query *q, uint32_t code)
{
        const struct clew_code_op *field = code >= 2 ? &q->codes[code - 2] : NULL;

        return field && field->code == CLEW_CODE_FIELD && q->fields[field->arg].row &&
               clew_field_is_text(q->fields[field->arg].row);
}

void clew_query_places(struct clew_query_run *run,
                       int (*fn)(void *context, const struct clew_trace *trace, uint32_t step,
                                 const struct clew_query_place *place),
                       void *context)
{
        const struct clew_query *q = run->q;
        struct finder f = {.run = run, .fn = fn, .context = context};

        if (!run->at.trace)
                return;
        for (uint32_t i = 0; i < q->n_codes; i++) {
                const struct clew_code_op *op = &q->codes[i];

                if (op->code != CLEW_CODE_REGEX || op->op != CLEW_OP_MATCH || !is_text(q, i))
                        continue;
                f.regex = q->regexes[op->arg];
                for (f.step = 0; f.step < run->at.trace->n_steps; f.step++) {
                        if (clew_places_of_step(&run->at, f.step, look, &f) != 0)
                                return;
                }
        }
}
