/*
 * See message-record-int.h.
 */
#include "query/answer/message-record-int.h"

#include "query/answer/values.h"

static void put_part(struct clew_json_writer *w, const struct clew_part *p)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "type");
        clew_json_write_cstr(w, clew_part_type_name(p->type));
        clew_write_member(w, "text", p->text);
        clew_write_member(w, "name", p->name);
        clew_write_member(w, "id", p->id);
        clew_write_member(w, "media_type", p->media_type);
        clew_write_member(w, "uri", p->uri);
        if (p->media_bytes > 0) {
                clew_json_write_key(w, "media_bytes");
                clew_json_write_uint64(w, p->media_bytes);
        }
        if (p->media_hash != 0) {
                clew_json_write_key(w, "media_hash");
                clew_json_write_uint64_string(w, p->media_hash);
        }
        if (p->is_error) {
                clew_json_write_key(w, "is_error");
                clew_json_write_bool(w, true);
        }
        clew_json_write_object_end(w);
}

void clew_write_message(struct clew_json_writer *w, const struct clew_message *m)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "role");
        clew_json_write_cstr(w, clew_role_name(m->role));
        clew_write_member(w, "name", m->name);
        clew_write_member(w, "finish_reason", m->finish_reason);
        clew_json_write_key(w, "parts");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < m->n_parts; i++)
                put_part(w, &m->parts[i]);
        clew_json_write_array_end(w);
        clew_json_write_object_end(w);
}
