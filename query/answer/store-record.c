/*
 * See store-record.h.
 */
#include "query/answer/store-record.h"

static void put(struct clew_json_writer *w, const char *name, uint64_t value)
{
        clew_json_write_key(w, name);
        clew_json_write_uint64(w, value);
}

void clew_store_record_write(const struct clew_store_figures *f, struct clew_json_writer *w)
{
        put(w, "sealed_traces", f->sealed_traces);
        put(w, "hot_fragments", f->hot_fragments);
        put(w, "hot_bytes", f->hot_bytes);
        put(w, "segments", f->segments);
        put(w, "segment_bytes", f->segment_bytes);
        put(w, "used_bytes", f->used_bytes);
        put(w, "free_bytes", f->free_bytes);
        put(w, "file_bytes", f->file_bytes);
        put(w, "disk_free_bytes", f->disk_free_bytes);
}

void clew_readers_record_write(const struct clew_store_figures *f, struct clew_json_writer *w)
{
        clew_json_write_object_begin(w);
        put(w, "held", f->readers);
        put(w, "oldest_process", f->oldest_reader > 0 ? (uint64_t)f->oldest_reader : 0);
        put(w, "oldest_commits", f->oldest_reader_commits);
        clew_json_write_object_end(w);
}
