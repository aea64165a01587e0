/*
 * CSV (RFC 4180): one row an item, for spreadsheets.
 */
#include "query/review/export/export-int.h"

#include <inttypes.h>
#include <string.h>

static const char *const columns[] = {"id",           "task",     "split",    "form",    "name",
                                      "input",        "expected", "output",   "outcome", "cause",
                                      "failing_step", "labels",   "trace_id", "span_id"};

void clew_export_csv_head(struct clew_buffer *out)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(columns); i++) {
                clew_buffer_append_cstr(out, i ? "," : "");
                clew_buffer_append_cstr(out, columns[i]);
        }
        clew_buffer_append_cstr(out, "\r\n");
}

/* A cell that begins like a formula is quoted with an apostrophe: spreadsheets would run it. */
static void put_cell(struct clew_buffer *out, struct clew_slice text, bool last)
{
        clew_buffer_append_byte(out, '"');
        if (text.len && memchr("=+-@\t\r", text.data[0], 6))
                clew_buffer_append_byte(out, '\'');
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] == '"')
                        clew_buffer_append_byte(out, '"');
                clew_buffer_append_byte(out, text.data[i]);
        }
        clew_buffer_append_cstr(out, last ? "\"\r\n" : "\",");
}

static void put_hex(struct clew_buffer *out, const uint8_t *id, size_t n, bool last)
{
        char hex[CLEW_CONTENT_ID_HEX];
        bool zero = true;

        for (size_t i = 0; i < n; i++)
                zero = zero && id[i] == 0;
        clew_hex_encode(clew_slice_make(id, n), hex);
        put_cell(out, zero ? CLEW_SLICE_NULL : clew_slice_of_cstr(hex), last);
}

int clew_export_csv(struct clew_json_writer *w, const struct clew_export_item *e)
{
        const struct clew_item *item = e->item;
        CLEW_BUFFER text = {0};
        int r;

        clew_buffer_init(&text, CLEW_EXPORT_RECORD_MAX);
        r = clew_expected_text(item, &text);
        if (r < 0)
                return r;
        put_hex(w->out, e->id.bytes, sizeof(e->id.bytes), false);
        put_hex(w->out, item->task.bytes, sizeof(item->task.bytes), false);
        put_cell(w->out, clew_slice_of_cstr(e->split), false);
        put_cell(w->out, clew_slice_of_cstr(clew_item_form_name(item->form)), false);
        put_cell(w->out, item->name, false);
        put_cell(w->out, clew_item_question(item), false);
        put_cell(w->out, clew_buffer_slice(&text), false);
        put_cell(w->out, item->output, false);
        put_cell(w->out, item->outcome, false);
        put_cell(w->out, item->cause_rule, false);
        clew_buffer_clear(&text);
        if (item->failing_step)
                clew_buffer_printf(&text, "%" PRIu64, item->failing_step);
        put_cell(w->out, clew_buffer_slice(&text), false);
        clew_buffer_clear(&text);
        for (uint32_t i = 0; i < item->n_labels; i++) {
                clew_buffer_append_cstr(&text, i ? " " : "");
                clew_buffer_append_slice(&text, item->labels[i]);
        }
        put_cell(w->out, clew_buffer_slice(&text), false);
        put_hex(w->out, item->trace_id.bytes, sizeof(item->trace_id.bytes), false);
        put_hex(w->out, item->span_id.bytes, sizeof(item->span_id.bytes), true);
        if (clew_buffer_error(&text) < 0)
                return clew_buffer_error(&text);
        return clew_buffer_error(w->out);
}
