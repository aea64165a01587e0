/*
 * See compare.h.
 */
#include "query/serve/compare.h"
#include "query/find/run.h"

#include "proto/base/utf8.h"
#include "query/answer/values.h"

#include <errno.h>
#include <string.h>

/* Of one text in the record; the spans have the rest. */
#define JSON_TEXT_MAX ((size_t)64 << 10)
#define PARTS 6u

const struct clew_compare_part clew_compare_parts[PARTS + 1] = {
        {"input", CLEW_DIFF_INPUT},   {"output", CLEW_DIFF_OUTPUT},
        {"calls", CLEW_DIFF_CALLS},   {"arguments", CLEW_DIFF_ARGUMENTS},
        {"result", CLEW_DIFF_RESULT}, {"error", CLEW_DIFF_ERROR},
};

static const char *const kind_words[] = {"llm", "tool", "agent", "step"};

bool clew_compare_only(struct clew_compare *c, const char *word)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(kind_words); i++) {
                if (strcmp(word, kind_words[i]) == 0)
                        c->only_kind = kind_words[i];
        }
        for (size_t i = 0; i < PARTS; i++) {
                if (strcmp(word, clew_compare_parts[i].word) == 0)
                        c->only_part = clew_compare_parts[i].bit;
        }
        return c->only_kind || c->only_part;
}

bool clew_compare_wants_part(const struct clew_compare *c, unsigned part)
{
        return !c->only_part || c->only_part == part;
}

const char *clew_compare_kind(const struct clew_rca_step *s)
{
        return kind_words[s->kind];
}

/* ---- loading -------------------------------------------------------------------------------- */

int clew_compare_load(struct clew_compare_side *s, struct clew_view *view,
                      const struct clew_trace_id *id, size_t bytes, struct clew_error *err)
{
        struct clew_trace_options options = CLEW_TRACE_FULL;
        struct clew_run_data run;
        CLEW_ARENA first = {0};
        int r;

        clew_arena_init(&first, bytes);
        clew_arena_init(&s->arena, bytes);
        clew_buffer_init(&s->traces, bytes);
        clew_buffer_init(&s->logs, bytes);
        r = clew_run_load(view, id, &first, &run, err);
        if (r < 0)
                return r;
        options.joined = run.joined;
        clew_buffer_append_slice(&s->traces, run.data.traces);
        clew_buffer_append_slice(&s->logs, run.data.logs);
        r = clew_buffer_error(&s->traces) ? clew_buffer_error(&s->traces)
                                          : clew_buffer_error(&s->logs);
        if (r == 0)
                r = clew_trace_build(clew_buffer_slice(&s->traces), clew_buffer_slice(&s->logs),
                                     &options, &s->arena, &s->trace);
        if (r == 0 && run.joined)
                s->trace->id = run.head;
        return r < 0 ? r : clew_rca_view_build(s->trace, &s->arena, &s->view);
}

static void side_deinit(struct clew_compare_side *s)
{
        clew_arena_deinit(&s->arena);
        clew_buffer_deinit(&s->traces);
        clew_buffer_deinit(&s->logs);
}

void clew_compare_deinit(struct clew_compare *c)
{
        side_deinit(&c->a);
        side_deinit(&c->b);
}

int clew_compare_run(struct clew_compare *c)
{
        int r = clew_diff_runs(&c->a.view, &c->b.view, c->strict, &c->a.arena, &c->diff);

        return r < 0 ? r
                     : clew_settings_compare(c->a.trace, c->b.trace, &c->a.arena, &c->settings,
                                             &c->n_settings);
}

/* ---- what differs --------------------------------------------------------------------------- */

struct clew_slice clew_compare_text(struct clew_compare_side *side, const struct clew_rca_step *s,
                                    unsigned part, uint32_t nth)
{
        struct clew_slice words[] = {CLEW_SLICE_NULL, CLEW_SLICE_LITERAL(" "), CLEW_SLICE_NULL};

        switch (part) {
        case CLEW_DIFF_INPUT:
                return clew_diff_input(&side->view, s, nth);
        case CLEW_DIFF_CALLS:
                if (nth >= s->n_calls)
                        return CLEW_SLICE_NULL;
                words[0] = side->view.calls[s->first_call + nth].name;
                words[2] = side->view.calls[s->first_call + nth].args;
                return clew_arena_concat(&side->arena, words, CLEW_ARRAY_LEN(words));
        case CLEW_DIFF_OUTPUT:
                return nth ? CLEW_SLICE_NULL : s->text;
        case CLEW_DIFF_ARGUMENTS:
                return nth ? CLEW_SLICE_NULL : s->args;
        case CLEW_DIFF_RESULT:
                return nth ? CLEW_SLICE_NULL : s->result;
        case CLEW_DIFF_ERROR:
                /* A result that says so is shown as the result. */
                return nth || clew_slice_eq(s->error_text, s->result) ? CLEW_SLICE_NULL
                                                                      : s->error_text;
        default:
                return CLEW_SLICE_NULL;
        }
}

bool clew_compare_wants(const struct clew_compare *c, const struct clew_diff_row *row)
{
        const struct clew_rca_step *s =
                row->a != CLEW_ALIGN_NONE ? &c->a.view.steps[row->a] : &c->b.view.steps[row->b];

        return (!c->only_kind || strcmp(c->only_kind, clew_compare_kind(s)) == 0) &&
               (!c->only_part || (row->parts & c->only_part) != 0);
}

/* ---- the record ----------------------------------------------------------------------------- */

static void write_step(struct clew_json_writer *w, const char *key,
                       const struct clew_compare_side *s, uint32_t step)
{
        clew_json_write_key(w, key);
        if (step == CLEW_ALIGN_NONE) {
                clew_json_write_null(w);
                return;
        }
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "step");
        clew_json_write_uint64(w, s->view.steps[step].number);
        clew_json_write_key(w, "span_id");
        clew_write_span_id(w, &s->view.steps[step].span_id);
        clew_json_write_object_end(w);
}

static void write_text_of(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        clew_json_write_key(w, key);
        clew_write_text(w, clew_utf8_cut(text, JSON_TEXT_MAX));
}

/* The texts of a changed pair: [{"part":..,"a":..,"b":..}]. */
static void write_texts(struct clew_compare *c, struct clew_json_writer *w,
                        const struct clew_diff_row *row)
{
        clew_json_write_key(w, "texts");
        clew_json_write_array_begin(w);
        for (size_t i = 0; i < PARTS; i++) {
                for (uint32_t nth = 0;
                     row->parts & clew_compare_parts[i].bit && nth < CLEW_COMPARE_TEXTS_MAX;
                     nth++) {
                        struct clew_slice a = clew_compare_text(&c->a, &c->a.view.steps[row->a],
                                                                clew_compare_parts[i].bit, nth);
                        struct clew_slice b = clew_compare_text(&c->b, &c->b.view.steps[row->b],
                                                                clew_compare_parts[i].bit, nth);

                        if (!a.len && !b.len)
                                break;
                        if (!clew_compare_wants_part(c, clew_compare_parts[i].bit) ||
                            clew_diff_hash(a, c->strict) == clew_diff_hash(b, c->strict))
                                continue;
                        clew_json_write_object_begin(w);
                        clew_json_write_key(w, "part");
                        clew_json_write_cstr(w, clew_compare_parts[i].word);
                        write_text_of(w, "a", a);
                        write_text_of(w, "b", b);
                        clew_json_write_object_end(w);
                }
        }
        clew_json_write_array_end(w);
}

static void write_settings(struct clew_compare *c, struct clew_json_writer *w)
{
        clew_json_write_key(w, "settings");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < c->n_settings; i++) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "group");
                clew_json_write_cstr(w, c->settings[i].group);
                write_text_of(w, "name", c->settings[i].name);
                write_text_of(w, "a", c->settings[i].a);
                write_text_of(w, "b", c->settings[i].b);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

void clew_compare_write(struct clew_compare *c, bool rows, bool texts, struct clew_json_writer *w)
{
        static const char *const signs[] = {"equal", "changed", "only_a", "only_b"};

        clew_json_write_key(w, "a");
        clew_write_trace_id(w, &c->a.trace->id);
        clew_json_write_key(w, "b");
        clew_write_trace_id(w, &c->b.trace->id);
        for (unsigned i = 0; i < 4; i++) {
                clew_json_write_key(w, signs[i]);
                clew_json_write_uint64(w, c->diff.count[i]);
        }
        write_settings(c, w);
        clew_json_write_key(w, "gave_up");
        clew_json_write_bool(w, c->diff.gave_up);
        clew_json_write_key(w, "rows");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < c->diff.n && rows; i++) {
                const struct clew_diff_row *row = &c->diff.rows[i];

                if (!clew_compare_wants(c, row))
                        continue;
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "sign");
                clew_json_write_cstr(w, signs[row->sign]);
                write_step(w, "a", &c->a, row->a);
                write_step(w, "b", &c->b, row->b);
                clew_json_write_key(w, "parts");
                clew_json_write_array_begin(w);
                for (unsigned k = 0; k < PARTS; k++) {
                        if (row->parts & clew_compare_parts[k].bit)
                                clew_json_write_cstr(w, clew_compare_parts[k].word);
                }
                clew_json_write_array_end(w);
                if (texts && row->sign == CLEW_DIFF_CHANGED)
                        write_texts(c, w, row);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}
