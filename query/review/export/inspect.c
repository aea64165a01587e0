/*
 * Inspect AI samples: input, target, id, metadata, files (the recorded tool results).
 */
#include "query/review/export/export-int.h"

#include <stdio.h>

int clew_export_inspect(struct clew_json_writer *w, const struct clew_export_item *e)
{
        CLEW_BUFFER target = {0};
        int r;

        clew_buffer_init(&target, CLEW_EXPORT_RECORD_MAX);
        r = clew_expected_text(e->item, &target);
        if (r < 0)
                return r;
        clew_json_write_object_begin(w);
        clew_put_id(w, "id", &e->id);
        clew_json_write_key(w, "input");
        clew_put_input_messages(w, e->item, CLEW_CHAT_INSPECT);
        clew_put_text(w, "target", clew_buffer_slice(&target));
        clew_json_write_key(w, "metadata");
        clew_put_metadata(w, e);
        if (e->item->calls.n) {
                clew_json_write_key(w, "files");
                clew_json_write_object_begin(w);
                for (uint32_t i = 0; i < e->item->calls.n; i++) {
                        char name[64];

                        if (!e->item->calls.items[i].has_result)
                                continue;
                        snprintf(name, sizeof(name), "fixtures/call-%04u.txt", i + 1);
                        clew_put_text(w, name, e->item->calls.items[i].result);
                }
                clew_json_write_object_end(w);
        }
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
