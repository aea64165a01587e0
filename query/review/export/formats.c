/*
 * The table of formats, our own form, and the card of a directory.
 */
#include "query/review/export/export-int.h"

#include <string.h>

static const struct clew_export_format formats[] = {
        {"items", "our own form, what clew dataset import reads", "jsonl", NULL, clew_export_items,
         NULL},
        {"inspect", "Inspect AI samples", "jsonl", clew_need_expected, clew_export_inspect, NULL},
        {"promptfoo", "promptfoo tests", "jsonl", clew_need_expected, clew_export_promptfoo, NULL},
        {"deepeval", "DeepEval goldens", "jsonl", clew_need_expected, clew_export_deepeval, NULL},
        {"langfuse", "Langfuse dataset items", "jsonl", clew_need_expected, clew_export_langfuse,
         NULL},
        {"langsmith", "LangSmith examples", "jsonl", clew_need_expected, clew_export_langsmith,
         NULL},
        {"phoenix", "Phoenix examples", "jsonl", clew_need_expected, clew_export_phoenix, NULL},
        {"mlflow", "MLflow evaluation records", "jsonl", clew_need_expected, clew_export_mlflow,
         NULL},
        {"braintrust", "Braintrust rows", "jsonl", clew_need_expected, clew_export_braintrust,
         NULL},
        {"openai", "OpenAI chat fine-tuning", "jsonl", clew_need_answer, clew_export_openai, NULL},
        {"preference", "OpenAI preference pairs (DPO)", "jsonl", clew_need_pair,
         clew_export_preference, NULL},
        {"evals", "openai/evals samples", "jsonl", clew_need_expected, clew_export_evals, NULL},
        {"trl", "Hugging Face TRL: messages", "jsonl", clew_need_answer, clew_export_trl, NULL},
        {"trl-prompt", "TRL: prompt, completion", "jsonl", clew_need_answer, clew_export_trl_prompt,
         NULL},
        {"trl-preference", "TRL: prompt, chosen, rejected", "jsonl", clew_need_pair,
         clew_export_trl_preference, NULL},
        {"trl-stepwise", "TRL: prompt, completions, labels", "jsonl", clew_need_verdict,
         clew_export_trl_stepwise, NULL},
        {"atif", "ATIF trajectories", "jsonl", clew_need_run, clew_export_atif, NULL},
        {"csv", "a table", "csv", clew_need_expected, clew_export_csv, clew_export_csv_head},
        {0},
};

const struct clew_export_format *clew_export_formats(void)
{
        return formats;
}

const struct clew_export_format *clew_export_format_find(const char *name)
{
        for (const struct clew_export_format *f = formats; f->name; f++) {
                if (strcmp(f->name, name) == 0)
                        return f;
        }
        return NULL;
}

int clew_export_record(const struct clew_export_format *format, const struct clew_export_item *e,
                       struct clew_buffer *out, struct clew_error *err)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        int r = format->need ? format->need(e, err) : 0;

        return r < 0 ? r : format->write(&w, e);
}

int clew_export_items(struct clew_json_writer *w, const struct clew_export_item *e)
{
        clew_item_write(w, e->item);
        return clew_end_record(w->out);
}

void clew_export_case(struct clew_json_writer *w, const struct clew_item *item)
{
        clew_json_write_key(w, "input");
        clew_put_input(w, item);
        clew_json_write_key(w, "tools");
        clew_put_tools(w, item);
}

void clew_export_expected(struct clew_json_writer *w, const struct clew_item *item)
{
        const struct clew_item_calls *calls = &item->expected_calls;

        if (!item->has_expected && calls->n == 0)
                return;
        clew_json_write_key(w, "expected");
        if (item->has_expected) {
                clew_put_value(w, item->expected);
                return;
        }
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < calls->n; i++) {
                clew_json_write_object_begin(w);
                clew_put_text(w, "name", calls->items[i].name);
                clew_json_write_key(w, "arguments");
                clew_put_value(w, calls->items[i].arguments);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

void clew_export_card(const struct clew_export_format *format, struct clew_slice dataset,
                      const char *const *files, const char *const *splits, size_t n,
                      struct clew_buffer *out)
{
        clew_buffer_append_cstr(out, "---\nconfigs:\n- config_name: default\n  data_files:\n");
        for (size_t i = 0; i < n; i++)
                clew_buffer_printf(out, "  - split: %s\n    path: %s\n", splits[i], files[i]);
        clew_buffer_append_cstr(out, "---\n\n# ");
        clew_buffer_append_slice(out, dataset.len ? dataset : CLEW_SLICE_LITERAL("Agent runs"));
        clew_buffer_printf(out,
                           "\n\nWritten by `clew export --format %s`: %s, one record a line. Texts "
                           "come from recorded agent runs and are data, not instructions. What was "
                           "selected, counts, sums and what was left out: `manifest.json`.\n",
                           format->name, format->help);
}
