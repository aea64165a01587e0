/*
 * A judge inside of an experiment (--check judge:COMMAND): what it is asked about one answer, and
 * what its own answer says. It is the program that `clew judge` takes: one JSON line in, one object
 * with "value", "label" and "explanation" out.
 */
#include "query/cli/experiment-int.h"

#include "query/cli/open.h"
#include "query/review/export/export.h"
#include "query/review/rubric.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

/* As in clew judge --check: a value without a label passes from here on. */
#define PASSES_FROM 0.5

int clew_experiment_rubric(struct clew_experiment_command *c, struct clew_slice *ret)
{
        struct clew_rubric rubric;
        struct clew_error err = {0};
        struct clew_slice name;
        struct clew_view *view;
        uint64_t version;
        int r;

        *ret = CLEW_SLICE_NULL;
        if (!c->rubric)
                return 0;
        if (!clew_version_parse(clew_slice_of_cstr(c->rubric), &name, &version)) {
                clew_cli_error(c->cli,
                               "--rubric takes NAME or NAME@V; clew rubric list names them");
                return CLEW_EXIT_USAGE;
        }
        r = clew_cli_view(c->cli, &view);
        if (r != 0)
                return r;
        r = clew_rubric_get(view, name, version, &c->arena, &rubric, &err);
        if (r == -ENOENT) {
                clew_cli_error(c->cli,
                               "there is no such rubric, or version of it; clew rubric list "
                               "names them");
                return CLEW_EXIT_USAGE;
        }
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        *ret = clew_arena_copy(&c->arena, rubric.text);
        return 0;
}

void clew_experiment_ask_judge(const struct clew_item *item, const struct clew_content_id *id,
                               const struct clew_experiment_answer *answer,
                               struct clew_slice rubric, struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        char hex[CLEW_CONTENT_ID_HEX];

        clew_content_id_to_hex(id, hex);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "answer");
        if (rubric.len) {
                clew_json_write_key(&w, "rubric");
                clew_json_write_string(&w, rubric);
        }
        clew_json_write_key(&w, "item");
        clew_json_write_cstr(&w, hex);
        clew_json_write_key(&w, "question");
        clew_json_write_string(&w, clew_item_question(item));
        clew_export_case(&w, item);
        clew_export_expected(&w, item);
        clew_json_write_key(&w, "output");
        clew_json_write_string(&w, answer->output);
        clew_json_write_key(&w, "calls");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < answer->calls.n; i++) {
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "name");
                clew_json_write_string(&w, answer->calls.items[i].name);
                clew_json_write_key(&w, "arguments");
                clew_json_write_string(&w, answer->calls.items[i].arguments);
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        clew_json_write_object_end(&w);
        clew_buffer_append_byte(out, '\n');
}

static void take_text(struct clew_json_reader *r, struct clew_arena *arena, struct clew_slice *ret)
{
        if (clew_json_next(r) == CLEW_JSON_STRING)
                *ret = clew_json_string(r, arena);
        else
                clew_json_skip(r);
}

static void take_number(struct clew_json_reader *r, double *ret)
{
        double v;

        if (clew_json_next(r) == CLEW_JSON_NUMBER && clew_json_double(r, &v) && isfinite(v))
                *ret = v;
        else
                clew_json_skip(r);
}

static bool says(struct clew_slice label, const char *word)
{
        return label.len == strlen(word) &&
               strncasecmp((const char *)label.data, word, label.len) == 0;
}

bool clew_experiment_verdict(struct clew_slice printed, struct clew_arena *arena,
                             struct clew_experiment_verdict *ret)
{
        struct clew_json_reader r = clew_json_reader_make(printed, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_slice label = CLEW_SLICE_NULL;

        *ret = (struct clew_experiment_verdict){.value = NAN};
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, "value"))
                        take_number(&r, &ret->value);
                else if (clew_json_text_is(&r, "label"))
                        take_text(&r, arena, &label);
                else if (clew_json_text_is(&r, "explanation"))
                        take_text(&r, arena, &ret->explanation);
                else
                        clew_json_skip(&r);
        }
        if (clew_json_next(&r) != CLEW_JSON_END || r.status != CLEW_JSON_COMPLETE ||
            (label.len == 0 && !isfinite(ret->value)))
                return false;
        if (ret->explanation.len == 0)
                ret->explanation = label.len ? label : CLEW_SLICE_LITERAL("its value is below 0.5");
        if (says(label, "pass") || says(label, "fail"))
                ret->passed = says(label, "pass");
        else
                ret->passed = ret->value >= PASSES_FROM; /* false without one */
        if (!isfinite(ret->value))
                ret->value = ret->passed;
        return true;
}
